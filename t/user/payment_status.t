# SPDX-License-Identifier: Apache-2.0
# GET /api/v1/user/orders/:id/payment-status
use strict;
use warnings;
use ModOrders::Test;

my $path  = '/api/v1/user/orders';
my $buyer = make_user(balance => 100_00);
my $plan  = make_plan(price => 10_00);

sub status
{
    my ($id, @with) = @_;
    return api(GET => "$path/$id/payment-status", token => $buyer->{token}, @with);
}

my @shown = qw(status payment_status payment_method payment_intent_id payment_reference payment_failure_code
    payment_failure_message paid_at cancelled_at refunded_cents refunded_at updated_at);

subtest 'a paid order' => sub {
    my $order = place($buyer, $plan)->{order};
    my $reply = status($order->{id});
    is($reply->code, 200, 'the status is returned');
    is_deeply($reply->{json}, { order_id => $order->{id}, map { $_ => $order->{$_} } @shown }, 'the body has every member and no other');
    like($reply->header('ETag'), qr/^"/, 'the response has an entity tag');
    is(status($order->{id}, headers => { 'If-None-Match' => $reply->header('ETag') })->code, 304, 'If-None-Match with the tag: 304');
    is(api(GET => "$path/$order->{id}/payment-status/", token => $buyer->{token}, unchecked => 1)->code, 200,
        'a trailing slash does not matter');
};

subtest 'a payment changes the status' => sub {
    my $order = place($buyer, $plan, payment_method => 'offline')->{order};
    my $tag   = status($order->{id})->header('ETag');
    is_deeply([ @{ status($order->{id})->{json} }{qw(status payment_status payment_method)} ],
        [ 'pending_payment', 'pending', 'manual' ], 'a new order is pending');
    api(POST => "/api/v1/admin/orders/$order->{id}/pay", token => operator->{token}, json => { reference => 'receipt-7' });
    my $after = status($order->{id});
    is_deeply([ @{ $after->{json} }{qw(status payment_status payment_reference)} ], [ 'paid', 'succeeded', 'receipt-7' ], 'a paid order is succeeded');
    ok($after->{json}{paid_at}, 'the status has the time of payment');
    isnt($after->header('ETag'), $tag, 'the tag has changed');
};

subtest 'cancelled and refunded orders' => sub {
    my $order = place($buyer, $plan, payment_method => 'manual')->{order};
    api(POST => "$path/$order->{id}/cancel", token => $buyer->{token});
    is_deeply([ @{ status($order->{id})->{json} }{qw(status payment_status)} ], [ 'cancelled', 'pending' ], 'a cancelled order is pending');
    $order = place($buyer, $plan)->{order};
    api(POST => "/api/v1/admin/orders/$order->{id}/refund", token => operator->{token}, json => {});
    is_deeply([ @{ status($order->{id})->{json} }{qw(status payment_status refunded_cents)} ],
        [ 'refunded', 'succeeded', 10_00 ], 'refunded');
};

subtest 'unknown orders and orders of other users' => sub {
    refused(status(place(make_user(balance => 100_00), $plan)->{order}{id}), 404, 'not_found');
    refused(status(9_000_000_000), 404, 'not_found');
    refused(api(GET => "$path/$_/payment-status", token => $buyer->{token}, unchecked => 1), 404, 'not_found') for 'x', '0';
};

done;
