# SPDX-License-Identifier: Apache-2.0
# GET /api/v1/user/orders/:id
use strict;
use warnings;
use ModOrders::Test;

my $path  = '/api/v1/user/orders';
my $buyer = make_user(balance => 100_00);
my $plan  = make_plan(price => 10_00);
my $placed = place($buyer, $plan);
my $id     = $placed->{order}{id};

sub detail
{
    my ($order, %with) = @_;
    return api(GET => "$path/$order", token => $buyer->{token}, %with);
}

subtest 'the order as it was placed' => sub {
    my $reply = detail($id);
    is($reply->code, 200, 'the order is found');
    is_deeply($reply->{json}, $placed, 'the body equals that of placing');
    like($reply->header('Cache-Control'), qr/private.*no-store/, 'the response is not stored by shared caches');
    is($reply->header('X-Content-Type-Options'), 'nosniff', 'X-Content-Type-Options is nosniff');
    ok($reply->header('X-Request-Id'), 'the response has a request id');
    is(api(GET => "$path/$id/", token => $buyer->{token}, unchecked => 1)->code, 200, 'a trailing slash is accepted');
};

subtest 'entity tags' => sub {
    my $tag = detail($id)->header('ETag');
    like($tag, qr/^"[^"]+"$/, 'the entity tag is strong');
    is(detail($id, headers => { 'If-None-Match' => $tag })->code, 304, 'If-None-Match with the tag: 304');
    is(detail($id, headers => { 'If-None-Match' => "W/$tag, \"x\"" })->code, 304, 'a weak tag in a list: 304');
    is(detail($id, headers => { 'If-None-Match' => '"x"' })->code, 200, 'another tag: 200');
    top_up($buyer, 1);
    isnt(detail($id)->header('ETag'), $tag, 'a changed balance changes the tag');
    is(detail($id, headers => { 'If-None-Match' => $tag })->code, 200, 'the former tag: 200');
    my $reply = detail($id);
    is($reply->{json}{balance}{balance_cents}, 90_01, 'the body has the new balance');
    my $before = $reply->header('ETag');
    api(POST => "/api/v1/admin/orders/$id/refund", token => operator->{token}, json => { amount => 1_00, reason => 'sorry' });
    my $after = detail($id);
    isnt($after->header('ETag'), $before, 'a new version changes the tag');
    my $order = $after->{json}{order};
    is_deeply([ @$order{qw(status payment_status refunded_cents)} ], [ 'partially_refunded', 'succeeded', 1_00 ], 'the order is partially refunded');
    ok($order->{refunded_at}, 'the order has the time of the refund');
    is(join(' ', sort keys %{ $order->{refunds}[0] }), join(' ', sort qw(id order_id amount_cents reason reference metadata
        created_at)), 'the refund has its fields');
    is_deeply([ @{ $order->{refunds}[0] }{qw(order_id amount_cents reason)} ], [ $id, 1_00, 'sorry' ], 'the order has the refund');
    is_deeply([ @{ $after->{json}{transaction} }{qw(amount_cents balance_after_cents)} ], [ 1_00, 91_01 ],
        "the order's latest posting is the refund");
};

subtest 'unknown orders and orders of other users' => sub {
    my $other   = place(make_user(balance => 100_00), $plan)->{order}{id};
    my $missing = detail(9_000_000_000);
    my $foreign = detail($other);
    refused($_, 404, 'not_found') for $missing, $foreign;
    delete $_->{json}{request_id} for $missing, $foreign;
    is_deeply($foreign->{json}, $missing->{json}, "the order of another user looks like an unknown order");
    is_deeply([ sort $foreign->headers->header_field_names ], [ sort $missing->headers->header_field_names ], 'the headers are the same too');
    refused(api(GET => "$path/$_", token => $buyer->{token}, unchecked => 1), 404, 'not_found')
        for 'x', '0', '-1', '1.0', '99999999999999999999', "$id%20", "0x1", $placed->{order}{number}, "$id/nothing", '%00', '..%2f1';
};

refused(api(DELETE => "$path/$id", token => $buyer->{token}, unchecked => 1), 405, 'method_not_allowed');
is(length detail($id, headers => {})->content, detail($id)->header('Content-Length'), 'HEAD has the Content-Length of GET');
is(api(HEAD => "$path/$id", token => $buyer->{token})->header('ETag'), detail($id)->header('ETag'), 'HEAD has the tag of GET');

done;
