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
    is($reply->code, 200, 'is found');
    is_deeply($reply->{json}, $placed, 'and looks the same');
    like($reply->header('Cache-Control'), qr/private.*no-store/, 'for its reader alone');
    is($reply->header('X-Content-Type-Options'), 'nosniff', 'as it says');
    ok($reply->header('X-Request-Id'), 'with a request id');
    is(api(GET => "$path/$id/", token => $buyer->{token}, unchecked => 1)->code, 200, 'a trailing slash does not matter');
};

subtest 'entity tags' => sub {
    my $tag = detail($id)->header('ETag');
    like($tag, qr/^"[^"]+"$/, 'a strong tag');
    is(detail($id, headers => { 'If-None-Match' => $tag })->code, 304, 'the same order again: 304');
    is(detail($id, headers => { 'If-None-Match' => "W/$tag, \"x\"" })->code, 304, 'in a list, weakly');
    is(detail($id, headers => { 'If-None-Match' => '"x"' })->code, 200, 'another tag: 200');
    top_up($buyer, 1);
    isnt(detail($id)->header('ETag'), $tag, 'another balance, another tag');
    is(detail($id, headers => { 'If-None-Match' => $tag })->code, 200, 'so that the new one is shown');
    my $reply = detail($id);
    is($reply->{json}{balance}{balance_cents}, 90_01, 'with its balance');
    my $before = $reply->header('ETag');
    api(POST => "/api/v1/admin/orders/$id/refund", token => operator->{token}, json => { amount => 1_00, reason => 'sorry' });
    my $after = detail($id);
    isnt($after->header('ETag'), $before, 'another version, another tag');
    my $order = $after->{json}{order};
    is_deeply([ @$order{qw(status payment_status refunded_cents)} ], [ 'partially_refunded', 'succeeded', 1_00 ], 'refunded in part');
    ok($order->{refunded_at}, 'with the time');
    is(join(' ', sort keys %{ $order->{refunds}[0] }), join(' ', sort qw(id order_id amount_cents reason reference metadata
        created_at)), 'the refund has its fields');
    is_deeply([ @{ $order->{refunds}[0] }{qw(order_id amount_cents reason)} ], [ $id, 1_00, 'sorry' ], 'and what was given back');
    is_deeply([ @{ $after->{json}{transaction} }{qw(amount_cents balance_after_cents)} ], [ 1_00, 91_01 ],
        "the order's latest posting is the refund");
};

subtest 'orders that are not there' => sub {
    my $other   = place(make_user(balance => 100_00), $plan)->{order}{id};
    my $missing = detail(9_000_000_000);
    my $foreign = detail($other);
    refused($_, 404, 'not_found') for $missing, $foreign;
    delete $_->{json}{request_id} for $missing, $foreign;
    is_deeply($foreign->{json}, $missing->{json}, "another's and none at all look the same");
    is_deeply([ sort $foreign->headers->header_field_names ], [ sort $missing->headers->header_field_names ], 'to the headers');
    refused(api(GET => "$path/$_", token => $buyer->{token}, unchecked => 1), 404, 'not_found')
        for 'x', '0', '-1', '1.0', '99999999999999999999', "$id%20", "0x1", $placed->{order}{number}, "$id/nothing", '%00', '..%2f1';
};

refused(api(DELETE => "$path/$id", token => $buyer->{token}, unchecked => 1), 405, 'method_not_allowed');
is(length detail($id, headers => {})->content, detail($id)->header('Content-Length'), 'the length is right');
is(api(HEAD => "$path/$id", token => $buyer->{token})->header('ETag'), detail($id)->header('ETag'), 'HEAD has the same tag');

done;
