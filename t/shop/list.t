# SPDX-License-Identifier: Apache-2.0
# GET /api/v1/orders: the orders of a buyer by page.
use strict;
use warnings;
use ModOrders::Shop;
use ModOrders::Test;

my $path  = '/api/v1/orders';
my $buyer = make_user(balance => 1_000_000, currency => 'IDR');
my @goods = map { make_goods(prices => { IDR => $_ }) } 1000, 2000;

sub list
{
    my ($query, $user, %with) = @_;
    return api(GET => $path . ($query ? "?$query" : ''), token => ($user // $buyer)->{token}, %with);
}

sub numbers
{
    my ($reply) = @_;
    return [ map { $_->{orderNumber} } @{ $reply->{json}{data} || [] } ];
}

sub pages
{
    my ($reply) = @_;
    return [ @{ $reply->{json}{pagination} }{qw(page perPage totalItems)} ];
}

my $none = list('', make_user());
is_deeply($none->{json}, { data => [], pagination => { page => 1, perPage => 20, totalItems => 0 } }, 'without orders the page is empty');
is($none->header('Content-Language'), undef, 'an empty page has no Content-Language');

subtest 'an entry' => sub {
    my $user  = make_user();
    my $order = order_goods($user, lines => [ [ $goods[0], 2 ], [ $goods[1], 3 ] ], shipping => { courier => 'JNE', price => 500 });
    my $reply = list('', $user);
    is_deeply($reply->{json}{data}, [ {
        id => $order->{public_id}, orderNumber => $order->{number}, status => 'pending_payment', statusLabel => 'Menunggu Pembayaran',
        total => 8500, currency => 'IDR', itemCount => 5, thumbnailUrl => $goods[0]{image}, paymentMethod => 'bank_transfer',
        createdAt => $order->{created_at}, updatedAt => $order->{updated_at},
    } ], 'the entry has every member and no other');
    my $paid = operator_does($order, 'pay');
    my ($entry) = @{ list('', $user)->{json}{data} };
    is_deeply([ @$entry{qw(status statusLabel updatedAt)} ], [ 'paid', 'Dibayar', $paid->{updated_at} ], 'the entry changes with the order');
    order_goods($user, lines => [ [ make_goods(images => {}) ] ]);
    is(list('', $user)->{json}{data}[0]{thumbnailUrl}, undef, 'thumbnailUrl may be null');
    my $channel = start_simulator();
    order_goods($user, payment_method => 'simulator');
    is(list('', $user)->{json}{data}[0]{paymentMethod}, 'simulator', 'the payment method is the name of the channel');
};

my @orders = map { order_goods($buyer, lines => [ [ $goods[ $_ % 2 ] ] ], payment_method => $_ % 5 ? 'bank_transfer' : 'balance') } 1 .. 25;
my @newest = map { $_->{number} } reverse @orders;

subtest 'pages' => sub {
    my $first = list('');
    is($first->code, 200, 'the first page');
    is_deeply(numbers($first), [ @newest[ 0 .. 19 ] ], 'a page has the 20 newest orders');
    is_deeply(pages($first), [ 1, 20, 25 ], 'the pagination of the first page');
    is_deeply([ sort keys %{ $first->{json} } ], [qw(data pagination)], 'the body has no other member');
    my $second = list('page=2&limit=20');
    is_deeply(numbers($second), [ @newest[ 20 .. 24 ] ], 'the second page has the rest');
    is_deeply(pages($second), [ 2, 20, 25 ], 'the pagination of the second page');
    is_deeply([ numbers(list('page=3')), pages(list('page=3')) ], [ [], [ 3, 20, 25 ] ], 'a page after the last is empty and has the count');
    is_deeply(numbers(list('page=3&limit=10')), [ @newest[ 20 .. 24 ] ], 'limit sets the page size');
    is_deeply(pages(list('limit=1000')), [ 1, 100, 25 ], 'a limit above 100 is reduced');
    is_deeply(pages(list('limit=99999999999999999999')), [ 1, 100, 25 ], 'a huge limit is reduced');
    is_deeply(numbers(list('limit=25')), \@newest, 'a page with exactly all orders');
    is(list('page=&limit=&nonsense=1')->code, 200, 'empty and unknown parameters are ignored');
};

subtest 'invalid pages' => sub {
    says(list($_), 422, 'VALIDATION_ERROR', (split /=/)[0])
        for 'page=0', 'page=-1', 'page=x', 'page=1.5', 'limit=0', 'limit=x', 'limit=-5', 'page=99999999999999999999', 'page=%C3%A9';
    says(list('page=x&limit=y'), 422, 'VALIDATION_ERROR', qw(page limit));
    my $reply = list('page=x');
    is_deeply($reply->{json}{error}, {
        code => 'VALIDATION_ERROR', message => 'Some fields are not valid.',
        details => [ { field => 'page', code => 'invalid_type', message => 'Must be an integer.' } ],
    }, 'the error names the field');
    says(list('page=1&page=2'), 400, 'BAD_REQUEST', 'malformed_request');
    says(list('page=%zz'), 400, 'BAD_REQUEST', 'malformed_request');
};

subtest 'languages' => sub {
    my $english = list('limit=10', $buyer, headers => { 'Accept-Language' => 'en-GB, de;q=0.5' });
    my %label = map { $_->{status} => $_->{statusLabel} } @{ $english->{json}{data} };
    is_deeply(\%label, { pending_payment => 'Awaiting payment', paid => 'Paid' }, 'labels are in the requested language');
    is($english->header('Content-Language'), 'en', 'Content-Language is the requested language');
    is($english->header('Vary'), 'Accept-Language', 'the response has Vary');
    is(list('')->header('Content-Language'), 'id', 'the default language is Indonesian');
};

subtest 'orders of other users' => sub {
    my $other = make_user();
    my $own   = order_goods($other);
    is_deeply(numbers(list('', $other)), [ $own->{number} ], "the list has the orders of the user");
    is(list('')->{json}{pagination}{totalItems}, 25, "the list has no orders of other users");
};

is(api(HEAD => $path, token => $buyer->{token})->code, 200, 'HEAD gets 200');
is(api(GET => "$path/?page=1", token => $buyer->{token})->code, 200, 'a trailing slash is accepted');
is(list('')->header('Cache-Control'), 'private, no-store', 'the response is not stored by caches');

invariants_hold();
subtest 'X-Total-Count' => sub {
    is(list('', make_user())->header('X-Total-Count'), 0, 'a buyer without orders');
    my $all = list('limit=1');
    is($all->header('X-Total-Count'), $all->{json}{pagination}{totalItems}, 'all pages are counted');
};

done;
