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
    is($reply->code, 200, 'has one');
    is_deeply($reply->{json}, { order_id => $order->{id}, map { $_ => $order->{$_} } @shown }, 'with every field and no other');
    like($reply->header('ETag'), qr/^"/, 'and a tag');
    is(status($order->{id}, headers => { 'If-None-Match' => $reply->header('ETag') })->code, 304, 'that is honoured');
    is(api(GET => "$path/$order->{id}/payment-status/", token => $buyer->{token}, unchecked => 1)->code, 200,
        'a trailing slash does not matter');
};

subtest 'it follows the payment' => sub {
    my $order = place($buyer, $plan, payment_method => 'offline')->{order};
    my $tag   = status($order->{id})->header('ETag');
    is_deeply([ @{ status($order->{id})->{json} }{qw(status payment_status payment_method)} ],
        [ 'pending_payment', 'pending', 'manual' ], 'before');
    api(POST => "/api/v1/admin/orders/$order->{id}/pay", token => operator->{token}, json => { reference => 'receipt-7' });
    my $after = status($order->{id});
    is_deeply([ @{ $after->{json} }{qw(status payment_status payment_reference)} ], [ 'paid', 'succeeded', 'receipt-7' ], 'after');
    ok($after->{json}{paid_at}, 'with the time');
    isnt($after->header('ETag'), $tag, 'and another tag');
};

subtest 'cancelled and refunded' => sub {
    my $order = place($buyer, $plan, payment_method => 'manual')->{order};
    api(POST => "$path/$order->{id}/cancel", token => $buyer->{token});
    is_deeply([ @{ status($order->{id})->{json} }{qw(status payment_status)} ], [ 'cancelled', 'pending' ], 'cancelled');
    $order = place($buyer, $plan)->{order};
    api(POST => "/api/v1/admin/orders/$order->{id}/refund", token => operator->{token}, json => {});
    is_deeply([ @{ status($order->{id})->{json} }{qw(status payment_status refunded_cents)} ],
        [ 'refunded', 'succeeded', 10_00 ], 'refunded');
};

subtest 'orders that are not there' => sub {
    refused(status(place(make_user(balance => 100_00), $plan)->{order}{id}), 404, 'not_found');
    refused(status(9_000_000_000), 404, 'not_found');
    refused(api(GET => "$path/$_/payment-status", token => $buyer->{token}, unchecked => 1), 404, 'not_found') for 'x', '0';
};

done;
