# SPDX-License-Identifier: Apache-2.0
# GET /api/v1/user/orders: pages, filters, sorting, cursors.
use strict;
use warnings;
use ModOrders::Test;

my $path  = '/api/v1/user/orders';
my $buyer = make_user(balance => 10_000_00);
my @plans = map { make_plan(price => $_) } 30_00, 10_00, 20_00;

sub list
{
    my ($query, $user) = @_;
    return api(GET => $path . ($query ? "?$query" : ''), token => ($user // $buyer)->{token});
}

sub ids
{
    my ($reply) = @_;
    return [ map { $_->{id} } @{ $reply->{json}{orders} || [] } ];
}

is_deeply(list('', make_user())->{json},
    { orders => [], pagination => { page => 1, per_page => 20, total_count => 0, has_next => JSON::PP::false, has_prev => JSON::PP::false } },
    'a user without orders gets an empty page');

my @orders = map { place($buyer, $plans[ $_ % 3 ], payment_method => $_ < 6 ? 'balance' : 'manual')->{order} } 0 .. 24;
my @newest = map { $_->{id} } reverse @orders;

subtest 'pages' => sub {
    my $first = list('');
    is($first->code, 200, 'the first page');
    is_deeply(ids($first), [ @newest[ 0 .. 19 ] ], 'a page has the 20 newest orders');
    is_deeply($first->{json}{pagination},
        { page => 1, per_page => 20, total_count => 25, has_next => JSON::PP::true, has_prev => JSON::PP::false }, 'the pagination describes the first page');
    my $second = list('page=2');
    is_deeply(ids($second), [ @newest[ 20 .. 24 ] ], 'the second page has the rest');
    is_deeply($second->{json}{pagination},
        { page => 2, per_page => 20, total_count => 25, has_next => JSON::PP::false, has_prev => JSON::PP::true }, 'the pagination describes the second page');
    is_deeply(ids(list('page=3')), [], 'a page after the last is empty');
    is(list('page=3')->{json}{pagination}{total_count}, 25, 'a page after the last has the total count');
    is_deeply(ids(list('page=3&per_page=10')), [ @newest[ 20 .. 24 ] ], 'per_page sets the page size');
    is(list('per_page=1000')->{json}{pagination}{per_page}, 100, 'a size above 100 is limited to 100');
    is_deeply(ids(list('per_page=25')), \@newest, 'a page with exactly all orders');
    is(list('per_page=25')->{json}{pagination}{has_next}, JSON::PP::false, 'a page with exactly all orders has no next page');
    refused(list("$_"), 422, 'invalid_fields', (split /=/)[0])
        for 'page=0', 'page=-1', 'page=x', 'page=1.5', 'per_page=0', 'per_page=x', 'per_page=-5', 'page=99999999999999999999';
    is(list('page=&per_page=&status=&number=&sort=&direction=&nonsense=1')->code, 200, 'empty parameters are ignored');
};

subtest 'an entry of the list equals the order' => sub {
    my ($listed) = grep { $_->{id} == $orders[24]{id} } @{ list('')->{json}{orders} };
    is_deeply($listed, $orders[24], 'an unpaid order');
    my ($paid) = grep { $_->{id} == $orders[0]{id} } @{ list('page=2')->{json}{orders} };
    is_deeply($paid, $orders[0], 'a paid order');
};

subtest 'sorting' => sub {
    is_deeply(ids(list('direction=asc&per_page=25')), [ reverse @newest ], 'orders are sorted ascending');
    is_deeply(ids(list('sort=created&direction=desc&per_page=25')), \@newest, 'orders are sorted descending by creation');
    my @by_total = map { $_->{id} } sort { $b->{total_cents} <=> $a->{total_cents} || $b->{id} <=> $a->{id} } @orders;
    is_deeply(ids(list('sort=total&per_page=25')), \@by_total, 'orders are sorted by total, then by id');
    is_deeply(ids(list('sort=total&direction=asc&per_page=25')), [ reverse @by_total ], 'orders are sorted ascending by total');
    my $touched = $orders[20]{id};
    api(POST => "$path/$touched/cancel", token => $buyer->{token}, json => {});
    is(ids(list('sort=updated'))->[0], $touched, 'orders are sorted by the last change');
    is(ids(list('sort=updated&direction=asc&per_page=25'))->[24], $touched, 'orders are sorted ascending by the last change');
    refused(list('sort=id'), 422, 'invalid_fields', 'sort');
    refused(list('direction=down'), 422, 'invalid_fields', 'direction');
};

subtest 'filters' => sub {
    is_deeply([ list('status=paid')->{json}{pagination}{total_count}, scalar @{ ids(list('status=paid')) } ], [ 6, 6 ], 'the status paid lists the paid orders');
    is(list('status=pending_payment')->{json}{pagination}{total_count}, 18, 'the status pending_payment lists the unpaid orders');
    is_deeply(ids(list('status=cancelled')), [ $orders[20]{id} ], 'the status cancelled lists the cancelled orders');
    is(list("status=$_")->{json}{pagination}{total_count}, 0, $_) for qw(refunded partially_refunded payment_failed);
    is(list('payment_status=succeeded')->{json}{pagination}{total_count}, 6, 'payment_status succeeded');
    is(list('payment_status=pending')->{json}{pagination}{total_count}, 19, 'payment_status pending includes cancelled orders');
    is(list('payment_status=failed')->{json}{pagination}{total_count}, 0, 'payment_status failed');
    is(list('status=cancelled&payment_status=pending')->{json}{pagination}{total_count}, 1, 'both filters are applied');
    is(list('status=paid&payment_status=pending')->{json}{pagination}{total_count}, 0, 'filters that exclude each other: no orders');
    is(list('payment_method=balance')->{json}{pagination}{total_count}, 6, 'payment_method balance');
    is(list("payment_method=$_")->{json}{pagination}{total_count}, 19, "payment_method $_") for qw(manual offline);
    is(list('payment_method=external')->{json}{pagination}{total_count}, 0, 'payment_method external');
    is_deeply(ids(list('number=' . lc $orders[3]{number})), [ $orders[3]{id} ], 'an order is found by number, case-insensitive');
    is(list('number=ord-')->{json}{pagination}{total_count}, 25, 'orders are found by the beginning of the number');
    is_deeply(ids(list('number=' . substr $orders[3]{number}, -6)), [ $orders[3]{id} ], 'an order is found by the end of the number');
    is(list('number=' . substr $orders[3]{number}, 4, 8)->{json}{pagination}{total_count}, 25, 'orders are found by the middle of the number');
    is(list("number=$_")->{json}{pagination}{total_count}, 0, 'wildcards are not interpreted') for '%25', 'ORD_';
    is(list($_)->header('X-Total-Count'), 25, "X-Total-Count counts all pages of '$_'") for '', 'per_page=2', 'page=99';
    is(list('status=paid')->header('X-Total-Count'), list('status=paid')->{json}{pagination}{total_count}, 'X-Total-Count considers the filters');
    is(list('status=paid&per_page=4&page=2&sort=total')->{json}{pagination}{has_next}, JSON::PP::false, 'filters and pages combined');
    refused(list("$_=nonsense"), 422, 'invalid_fields', $_) for qw(status payment_status payment_method);
    refused(list('status=x&sort=y&page=z'), 422, 'invalid_fields', qw(status sort page));
    refused(list('status=paid&status=paid'), 400, 'malformed_request');
};

subtest 'statuses of refunded orders' => sub {
    my $user = make_user(balance => 100_00);
    my ($part, $whole) = map { place($user, $plans[0])->{order} } 1 .. 2;
    my @operator = (token => operator->{token});
    api(POST => "/api/v1/admin/orders/$part->{id}/refund", @operator, json => { amount => 1 });
    api(POST => "/api/v1/admin/orders/$whole->{id}/refund", @operator, json => {});
    is_deeply(ids(list('status=partially_refunded', $user)), [ $part->{id} ], 'the status partially_refunded lists the partially refunded orders');
    is_deeply(ids(list('status=refunded', $user)), [ $whole->{id} ], 'the status refunded lists the refunded orders');
    is(list('payment_status=succeeded', $user)->{json}{pagination}{total_count}, 2, 'the payment status stays succeeded');
    my ($order) = @{ list('status=refunded', $user)->{json}{orders} };
    is_deeply([ map { @$_{qw(order_id amount_cents)} } @{ $order->{refunds} } ], [ $whole->{id}, 30_00 ], 'the order has the refund');
};

subtest 'cursors' => sub {
    for my $query ('', 'sort=total', 'sort=total&direction=asc', 'sort=updated', 'direction=asc', 'status=pending_payment') {
        my $all   = ids(list("per_page=100&$query"));
        my $reply = list("per_page=7&$query");
        my @seen  = @{ ids($reply) };
        my $pages = 1;
        while (($reply->header('Link') // '') =~ /^<([^>]+)>; rel="next"$/ && $pages++ < 10) {
            $reply = api(GET => "/api/v1/user/orders$1", token => $buyer->{token});
            is($reply->{json}{pagination}{total_count}, scalar @$all, 'the total count is the same on each page');
            is($reply->{json}{pagination}{has_prev}, JSON::PP::true, 'has_prev is true');
            push @seen, @{ ids($reply) };
        }
        is_deeply(\@seen, $all, "the cursors return each order once: $query");
        is($reply->{json}{pagination}{has_next}, JSON::PP::false, 'the last page has no next page');
    }
    my ($next) = list('per_page=7')->header('Link') =~ /cursor=([^&>]+)/;
    my ($place) = ids(list("per_page=7&cursor=$next"));
    my $newer = place($buyer, $plans[1])->{order};
    is_deeply(ids(list("per_page=7&cursor=$next")), $place, 'new orders do not move a cursor');
    refused(list("cursor=$_"), 422, 'invalid_fields', 'cursor') for 'x', "${next}A", 'AAAA';
    refused(list("sort=total&cursor=$next"), 422, 'invalid_fields', 'cursor');
};

subtest 'orders of other users' => sub {
    my $other = make_user(balance => 100_00);
    my $own   = place($other, $plans[1])->{order};
    is_deeply(ids(list('', $other)), [ $own->{id} ], "the list has the orders of the user");
    ok(!grep({ $_ == $own->{id} } @{ ids(list('per_page=100')) }), "the list has no orders of other users");
};

is(api(HEAD => $path, token => $buyer->{token})->code, 200, 'HEAD succeeds');
is(api(GET => "$path/?page=1", token => $buyer->{token}, unchecked => 1)->code, 200, 'a trailing slash is accepted');

subtest 'an order settled by another method' => sub {
    my $other = make_user();
    my $order = place($other, $plans[0], payment_method => 'manual')->{order};
    my $paid  = api(POST => "/api/v1/admin/orders/$order->{id}/pay", token => operator->{token}, json => { method => 'transfer' });
    is($paid->{json}{payments}[-1]{method}, 'transfer', 'the database has the method of the settlement');
    my $list = list('payment_method=manual', $other);
    is_deeply(ids($list), [ $order->{id} ], 'the filter manual finds the order');
    is($list->{json}{orders}[0]{payment_method}, 'manual', 'the order has the method manual');
    is(list('payment_method=balance', $other)->{json}{pagination}{total_count}, 0, 'the filter balance does not find it');
};

done;
