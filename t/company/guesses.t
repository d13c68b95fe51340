# SPDX-License-Identifier: Apache-2.0
# Numbers of claimable orders cannot be guessed, and failed lookups are limited.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Httpd;
use ModOrders::Test;

my $shop   = make_company();
my $seller = make_company_member($shop);

sub consumer_order { return sell($seller, type => 'cash_consumer_app', @_) }

subtest 'numbers' => sub {
    my %seen;
    for (1 .. 30) {
        my ($random) = consumer_order() =~ /^\Q$shop->{prefix}\E\d{6}(\d{12})OD$/ or return fail('prefix, day, 12 digits, OD');
        $seen{substr $random, 0, 6}++;
        $seen{substr $random, 6}++;
    }
    cmp_ok(scalar keys %seen, '>=', 58, 'all halves of the random digits differ'); # two pairs of 60 alike: once in a million runs
    like(sell($seller), qr/^\Q$shop->{prefix}\E\d{6}\d{6,}OD$/, 'the number of an order that is not for a consumer has at least six digits');
};

my $httpd = ModOrders::Httpd->new(
    server    => "OrdersSecretFile secret\nOrdersPublicURL https://shop.example.test\nOrdersWorker Off\nOrdersTokenCache 300",
    locations => "<Location \"/\">\n    OrdersAPI company\n</Location>\n"
        . "<Location \"/free\">\n    OrdersAPI company\n    OrdersGuessLimit user=0 address=0\n</Location>\n"
        . "<Location \"/few\">\n    OrdersAPI company\n    OrdersGuessLimit user=2\n</Location>\n",
);
$httpd->start;

sub look
{
    my ($who, $number, $mount) = @_;
    return ask(GET => $httpd->url(($mount // '') . "/order/$number/detail"), headers => { Authorization => $who->{token} });
}

sub reached { return scalar grep { /trips=[1-9]/ && m{/order/} } $httpd->access_log }

sub guess { return $shop->{prefix} . '261130' . sprintf('%012d', rand 10**12) . 'OD' }

my $number = consumer_order();
my $other  = consumer_order();
my $rival  = make_consumer();
my $right  = make_consumer();
bind_order($right, $other);

subtest 'a thousand guesses of a user' => sub {
    is(look($rival, $number)->code, 200, 'a user with the number sees the order');
    my $before = reached();
    my %told;
    my $last;
    for my $try (1 .. 1000) {
        my $reply = $last = look($rival, guess());
        $told{ $reply->code . ' ' . $reply->content }++;
    }
    diag(join "\n", map { "$told{$_} x $_" } sort keys %told);
    my $few = $told{'403 {"error_name":"order_not_exist"}'};
    cmp_ok($few, '>=', 10, 'at least ten guesses are processed');
    cmp_ok($few, '<=', 20, 'at most twenty guesses are processed');
    is($told{'429 {"error_name":"too many requests"}'}, 1000 - $few, 'all other guesses get 429');
    like($last->header('Retry-After'), qr/^[1-7]$/, 'the response has Retry-After');
    sleep 1;
    cmp_ok(reached() - $before, '<=', $few + 1, 'refused guesses do not reach the database');
    is(look($rival, $number)->code, 429, 'an existing order gets 429 too');
    is(ask(POST => $httpd->url('/order/confirmpurchase'), json => { api_key => $rival->{token}, order_number => $number })->code, 429, 'a claim gets 429');
    is(ask(POST => $httpd->url('/order/edit'), json => { api_key => $rival->{token}, order_number => $number })->code, 429, 'an edit gets 429');
    is(order_of($number)->{buyer_id}, undef, 'the order is unclaimed');
    is(ask(POST => $httpd->url('/user/company/order/detail'), json => { api_key => $seller->{token}, order_number => $number })->code, 200, 'routes of salespersons are not limited');
    is(look($right, $number)->code, 200, 'another consumer at the same address is served');
};

subtest 'failures that count' => sub {
    my $who = make_consumer();
    is(look($who, $number)->code, 200, 'a success does not count') for 1 .. 15;
    is(look($who, $other)->code, 403, "the order of another consumer counts") for 1 .. 10;
    is(look($who, $number)->code, 429, 'failed lookups of the order of another consumer count');
    my $stranger = { token => 'ord_1_unknown' };
    is(look($stranger, guess())->code, 403, 'a caller without a credential') for 1 .. 12;
};

subtest 'OrdersGuessLimit' => sub {
    my $who = make_consumer();
    is(look($who, guess(), '/free')->code, 403, 'user=0: no limit') for 1 .. 15;
    my $next = make_consumer();
    is(look($next, guess(), '/few')->code, 403, 'user=2: two failures get 403') for 1 .. 2;
    is(look($next, guess(), '/few')->code, 429, 'user=2: the third gets 429');
};

subtest 'one address with several users' => sub {
    my @users = map { make_consumer() } 1 .. 10;
    my %told;
    for my $round (1 .. 9) {
        $told{ look($_, guess())->code }++ for @users;
    }
    cmp_ok($told{403}, '<=', 60, 'the limit of the address is shared');
    cmp_ok($told{429}, '>=', 30, 'all further lookups get 429');
};

done;
