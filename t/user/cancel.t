# SPDX-License-Identifier: Apache-2.0
# POST /api/v1/user/orders/:id/cancel
use strict;
use warnings;
use utf8;
use ModOrders::Test;

my $path  = '/api/v1/user/orders';
my $buyer = make_user(balance => 1000_00);
my $plan  = make_plan(price => 10_00);
my $free  = make_plan(price => 0);

sub cancel
{
    my ($id, @with) = @_;
    return api(POST => "$path/$id/cancel", token => $buyer->{token}, @with);
}

sub unpaid
{
    return place($buyer, $plan, payment_method => 'manual', @_)->{order};
}

subtest 'an unpaid order' => sub {
    my $order = unpaid();
    my $reply = cancel($order->{id}, json => { reason => 'Zu spät — 遅い' });
    is($reply->code, 200, 'the request succeeds');
    my $cancelled = $reply->{json}{order};
    is_deeply([ @$cancelled{qw(status payment_status paid_at)} ], [ 'cancelled', 'pending', undef ], 'the order is cancelled and its payment closed');
    ok($cancelled->{cancelled_at}, 'the order has the time of cancellation');
    is_deeply($cancelled->{metadata}, { cancel_reason => 'Zu spät — 遅い' }, 'the metadata have the reason');
    is($cancelled->{payments}[0]{status}, 'failed', 'the payment is failed');
    is(join(' ', sort keys %{ $reply->{json} }), 'balance order transaction', 'the body has the parts of an order');
    my ($step) = grep { $_->{to_state} eq 'cancelled' }
        rows('SELECT * FROM orders_v1.order_history WHERE tenant_id = 1 AND order_id = ? ORDER BY step', $order->{id});
    is_deeply([ @$step{qw(actor actor_id comment)} ], [ 'buyer', $buyer->{id}, 'Zu spät — 遅い' ], 'the history has actor and reason');

    my $again = cancel($order->{id}, json => { reason => 'again' });
    is($again->code, 200, 'cancelling again succeeds');
    is_deeply($again->{json}, $reply->{json}, 'cancelling again changes nothing');
    is($again->header('ETag'), $reply->header('ETag'), 'cancelling again keeps the tag');
};

subtest 'the body of the request' => sub {
    is(cancel(unpaid()->{id})->code, 200, 'a request without a body is accepted');
    is(cancel(unpaid()->{id}, json => {})->code, 200, 'an empty object');
    is(cancel(unpaid()->{id}, json => { reason => undef })->code, 200, 'a reason that is null');
    is(cancel(unpaid()->{id}, form => [ reason => 'form' ])->code, 200, 'a form');
    is(cancel(unpaid()->{id}, json => { reason => 'ä' x 255 })->code, 200, 'a reason of 255 characters');
    my $order = unpaid();
    refused(cancel($order->{id}, json => { reason => 'ä' x 256 }), 422, 'invalid_fields', 'reason');
    refused(cancel($order->{id}, json => { reason => $_ }), 422, 'invalid_fields', 'reason') for "a\x{1}b", "a\nb", 5, [], {};
    refused(cancel($order->{id}, body => '{'), 400, 'malformed_json');
    is(order_row($order->{id})->{state}, 'open', 'a refused request changes nothing');
};

subtest 'an order with a failed payment' => sub {
    my $provider = start_simulator();
    $provider->mode('manual');
    my $coupon   = make_coupon(max_uses_per_user => 1);
    my $order    = place($buyer, $plan, payment_method => 'external', payment_channel => 'simulator', coupon_code => $coupon->{code})->{order};
    my $status   = sub { api(GET => "$path/$_[0]{id}", token => $buyer->{token})->{json}{order}{status} };
    $provider->fail($order->{payment_intent_id});
    ok(wait_for(sub { $status->($order) eq 'payment_failed' }, 10), 'the order is payment_failed');
    is(cancel($order->{id})->{json}{order}{status}, 'cancelled', 'the order can be cancelled');
    is(unpaid(coupon_code => $coupon->{code})->{total_cents}, 9_00, 'the coupon is released');
    $provider->mode('decline', times => 1);
    my $refused = place($buyer, $plan, payment_method => 'external', payment_channel => 'simulator')->{order};
    is($refused->{status}, 'payment_failed', 'a final refusal by the provider sets payment_failed');
    is(cancel($refused->{id})->{json}{order}{status}, 'cancelled', 'an order with a failed payment can be cancelled');
};

subtest 'a paid order' => sub {
    my $order = place($buyer, $plan)->{order};
    refused(cancel($order->{id}), 409, 'order_not_cancellable');
    is(api(GET => "$path/$order->{id}", token => $buyer->{token})->{json}{order}{status}, 'paid', 'a paid order stays paid');
    my $nothing = place($buyer, $free)->{order};
    is(cancel($nothing->{id})->{json}{order}{status}, 'cancelled', 'a free order can be cancelled');
};

subtest 'a refunded order cannot be cancelled' => sub {
    my $order = place($buyer, $plan)->{order};
    api(POST => "/api/v1/admin/orders/$order->{id}/refund", token => operator->{token}, json => {});
    refused(cancel($order->{id}), 409, 'order_not_cancellable');
};

subtest 'release of coupons' => sub {
    my $coupon = make_coupon(max_uses => 1);
    my $order  = unpaid(coupon_code => $coupon->{code});
    refused(api(POST => $path, token => $buyer->{token}, json => { plan_id => $plan->{id}, coupon_code => $coupon->{code} }),
        422, 'coupon_used_up', 'coupon_code');
    cancel($order->{id});
    is(unpaid(coupon_code => $coupon->{code})->{total_cents}, 9_00, 'the coupon of a cancelled order can be used again');
};

subtest 'If-Match' => sub {
    my $order = unpaid();
    my $tag   = api(GET => "$path/$order->{id}", token => $buyer->{token})->header('ETag');
    refused(cancel($order->{id}, headers => { 'If-Match' => $_ }), 412, 'version_mismatch') for '"99"', '"x"', "W/$tag", '""';
    is(order_row($order->{id})->{state}, 'open', 'a failed condition changes nothing');
    is(cancel($order->{id}, headers => { 'If-Match' => $tag })->code, 200, 'the current tag is accepted');
    refused(cancel($order->{id}, headers => { 'If-Match' => $tag }), 412, 'version_mismatch');
    is(cancel($order->{id}, headers => { 'If-Match' => '*' })->code, 200, 'If-Match: * is accepted');
};

subtest 'unknown orders and orders of other users' => sub {
    my $other = place(make_user(), $plan, payment_method => 'manual')->{order};
    refused(cancel($other->{id}), 404, 'not_found');
    is(order_row($other->{id})->{state}, 'open', "the order of another user is unchanged");
    refused(cancel(9_000_000_000), 404, 'not_found');
    refused(api(POST => "$path/$_/cancel", token => $buyer->{token}, unchecked => 1), 404, 'not_found') for 'x', '0', '99999999999999999999';
};

subtest 'GET and HEAD do not cancel' => sub {
    my $order = unpaid();
    refused(api(GET => "$path/$order->{id}/cancel", token => $buyer->{token}, unchecked => 1), 405, 'method_not_allowed');
    is(api(HEAD => "$path/$order->{id}/cancel", token => $buyer->{token}, unchecked => 1)->code, 405, 'HEAD gets 405');
    is(order_row($order->{id})->{state}, 'open', 'the order is unchanged');
};

invariants_hold();
done;
