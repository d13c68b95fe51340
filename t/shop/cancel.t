# SPDX-License-Identifier: Apache-2.0
# POST /api/v1/orders/:id/cancel
use strict;
use warnings;
use utf8;
use ModOrders::Shop;
use ModOrders::Test;

my $buyer = make_user(balance => 1_000_000, currency => 'IDR');

sub cancel
{
    my ($order, %with) = @_;
    return shop(POST => $order, $buyer, of => 'cancel', %with);
}

sub state_of
{
    my ($order) = @_;
    return join ' ', @{ order_row($order->{id}) }{qw(state payment_state fulfilment_state)};
}

subtest 'an unpaid order' => sub {
    my $order = order_goods($buyer);
    my $reply = cancel($order);
    is($reply->code, 200, 'the order is cancelled');
    is_deeply($reply->{json}, { data => { orderId => $order->{public_id}, status => 'cancelled', message => 'Order cancelled successfully' } }, 'the body has order and status');
    is(state_of($order), 'cancelled closed pending', 'the order is cancelled in the database');
    my $shown = shop(GET => $order, $buyer);
    is_deeply([ of($shown, qw(status statusLabel)) ], [ 'cancelled', 'Dibatalkan' ], 'the detail shows the status');
    is((of($shown, 'payment'))[0]{status}, 'failed', 'the payment is shown as failed');
    is(words($shown), 'pending_payment cancelled', 'the history has both statuses');
    my $again = cancel($order);
    is_deeply([ $again->code, $again->{json} ], [ 200, $reply->{json} ], 'cancelling again returns the same response');
    is(order_row($order->{id})->{version}, 2, 'cancelling again changes nothing');
};

subtest 'a paid order' => sub {
    my $order = order_goods($buyer, payment_method => 'balance');
    my $balance = sub { (rows('SELECT balance FROM orders.account WHERE tenant_id = 1 AND user_id = ?', $buyer->{id}))[0]{balance} };
    my $before = $balance->();
    is(cancel($order)->code, 200, 'the order is cancelled');
    is(state_of($order), 'cancelled refunded pending', 'the order is refunded');
    is($balance->(), $before + 1000, 'the balance is credited');
    my $shown = shop(GET => $order, $buyer);
    is((of($shown, 'payment'))[0]{status}, 'refunded', 'the payment is shown as refunded');
    is(words($shown), 'paid cancelled', 'the history has both statuses');
    my $transfer = order_goods($buyer);
    operator_does($transfer, 'pay');
    is(cancel($transfer)->code, 200, 'an order paid by bank transfer is cancelled');
    is(state_of($transfer), 'cancelled refund_pending pending', 'the refund of the transfer is pending');
    is((of(shop(GET => $transfer, $buyer), 'payment'))[0]{status}, 'paid', 'until the refund is done, the payment is shown as paid');
};

subtest 'an order in fulfilment' => sub {
    my $order = order_goods($buyer, payment_method => 'balance');
    for my $step ([ confirm => 'confirmed' ], [ pack => 'packed' ], [ ship => 'shipped' ], [ deliver => 'delivered' ]) {
        work($order, $step->[0]);
        says(cancel($order), 409, 'INVALID_STATE', 'order_not_cancellable');
        is(order_row($order->{id})->{fulfilment_state}, $step->[1], "the state stays $step->[1]");
    }
};

subtest 'an order past its expiry' => sub {
    my $expired = order_goods($buyer, payment_method => 'cod');
    api(POST => "/api/v1/admin/orders/$expired->{id}/cancel", token => operator->{token}, json => {});
    is(cancel($expired)->code, 200, 'cancelling an expired order succeeds');
};

sub reserved
{
    my ($order) = @_;
    my ($row) = rows(q(SELECT sum(s.reserved) AS pieces FROM orders.stock s
        JOIN orders.order_line l ON l.tenant_id = s.tenant_id AND l.item_id = s.variant_id
        WHERE l.tenant_id = 1 AND l.order_id = ?), $order->{id});
    return $row->{pieces};
}

subtest 'an order that was refunded in full' => sub {
    my $coupon = make_coupon(max_uses => 1);
    my $order  = order_goods($buyer, lines => [ [ make_goods(stock => 10), 4 ] ], voucher => $coupon->{code});
    operator_does($order, 'pay');
    is(reserved($order), 4, 'a paid order reserves its items');
    operator_does($order, 'refund');
    is(state_of($order), 'cancelled refunded pending', 'a full refund cancels the order');
    is(reserved($order), 0, 'the items of the order are released');
    is(order_goods($buyer, voucher => $coupon->{code})->{total}, 900, 'the voucher of the order is released');
    my $shown = shop(GET => $order, $buyer);
    is_deeply([ of($shown, 'status'), (of($shown, 'payment'))[0]{status} ], [ 'cancelled', 'refunded' ], 'the order is shown as cancelled and refunded');
    is(words($shown), 'pending_payment paid cancelled', 'the history has all statuses');
    is(cancel($order)->code, 200, 'cancelling it succeeds');
};

subtest 'released stock and vouchers' => sub {
    my $coupon = make_coupon(max_uses => 1);
    my $last   = make_goods(stock => 1);
    my $order  = order_goods($buyer, lines => [ [$last] ], voucher => $coupon->{code});
    cancel($order);
    my $next = order_goods($buyer, lines => [ [$last] ], voucher => $coupon->{code});
    is($next->{total}, 900, 'the voucher and the item can be used again');
};

subtest 'the body of the request' => sub {
    is(cancel(order_goods($buyer))->code, 200, 'a request without a body is accepted');
    is(cancel(order_goods($buyer), json => {})->code, 200, 'an empty object');
    is(cancel(order_goods($buyer), form => [ reason => 'form' ])->code, 200, 'a form');
    my $order = order_goods($buyer);
    is(cancel($order, json => { reason => 'Zu spät — 遅い' })->code, 200, 'a reason');
    my ($step) = rows(q(SELECT * FROM orders_v1.order_history WHERE tenant_id = 1 AND order_id = ? AND to_state = 'cancelled'), $order->{id});
    is_deeply([ @$step{qw(actor actor_id api comment)} ], [ 'buyer', $buyer->{id}, 'shop', 'Zu spät — 遅い' ], 'the history has actor and reason');
    my $kept = order_goods($buyer);
    says(cancel($kept, json => { reason => $_ }), 422, 'VALIDATION_ERROR', 'reason') for 'x' x 256, "a\x{1}b", 5, [], {};
    says(cancel($kept, body => $_), 400, 'BAD_REQUEST', 'malformed_json') for '{', '[]', '{"reason":"a","reason":"b"}';
    says(cancel($kept, body => 'a=%zz', type => 'application/x-www-form-urlencoded'), 400, 'BAD_REQUEST', 'malformed_form');
    says(cancel($kept, body => 'x', type => 'text/plain'), 415, 'BAD_REQUEST', 'unsupported_media_type');
    says(cancel($kept, body => 'x' x 70_000), 413, 'BAD_REQUEST', 'body_too_large');
    is(order_row($kept->{id})->{state}, 'open', 'a refused request changes nothing');
};

subtest 'Idempotency-Key' => sub {
    my $order = order_goods($buyer);
    my $key   = unique('key');
    my $first = cancel($order, json => {}, headers => { 'Idempotency-Key' => $key });
    my $again = cancel($order, json => {}, headers => { 'Idempotency-Key' => $key });
    is($first->header('Idempotency-Replayed'), undef, 'the first response is not a replay');
    is($again->header('Idempotency-Replayed'), 'true', 'a repetition is marked as replayed');
    is($again->content, $first->content, 'both bodies are identical');
    says(cancel($order, json => { reason => 'x' }, headers => { 'Idempotency-Key' => $key }), 422, 'VALIDATION_ERROR', 'idempotency_key_reused');
    says(cancel(order_goods($buyer), json => {}, headers => { 'Idempotency-Key' => $key }), 422, 'VALIDATION_ERROR', 'idempotency_key_reused');
    says(cancel($order, headers => { 'Idempotency-Key' => 'x' x 300 }), 400, 'BAD_REQUEST', 'invalid_idempotency_key');
};

subtest 'If-Match' => sub {
    my $order = order_goods($buyer);
    my $tag   = shop(GET => $order, $buyer)->header('ETag');
    says(cancel($order, headers => { 'If-Match' => $_ }), 412, 'INVALID_STATE', 'version_mismatch') for '"99"', '"x"', "W/$tag", '""';
    is(order_row($order->{id})->{state}, 'open', 'a failed condition changes nothing');
    is(cancel($order, headers => { 'If-Match' => $tag })->code, 200, 'the current tag is accepted');
    says(cancel($order, headers => { 'If-Match' => $tag }), 412, 'INVALID_STATE', 'version_mismatch');
    is(cancel($order, headers => { 'If-Match' => '*' })->code, 200, 'If-Match: * is accepted');
};

subtest 'unknown orders and orders of other users' => sub {
    my $other = order_goods(make_user());
    says(cancel($other), 404, 'NOT_FOUND', 'not_found');
    is(order_row($other->{id})->{state}, 'open', "the order of another user is unchanged");
    is(cancel($other)->content, cancel('01234567-89ab-cdef-0123-456789abcdef')->content, 'the response equals that for an unknown order');
    my $own = order_goods($buyer);
    says(cancel($_), 404, 'NOT_FOUND', 'not_found') for $own->{id}, $own->{number}, 'x', '0', 'g1234567-89ab-cdef-0123-456789abcdef';
    is(order_row($own->{id})->{state}, 'open', 'numeric ids and order numbers are not accepted');
};

subtest 'orders of other APIs' => sub {
    my $plan  = make_plan(price => 500, currency => 'IDR');
    my ($unpaid, $paid) = map { place($buyer, $plan, payment_method => $_)->{order} } qw(manual balance);
    $_->{public_id} = order_row($_->{id})->{public_id} for $unpaid, $paid;
    is(cancel($unpaid)->code, 200, 'an unpaid order of another API can be cancelled');
    says(cancel($paid), 409, 'INVALID_STATE', 'order_not_cancellable');
    my $online = order_goods($buyer, dialect => 'customer');
    says(cancel($online), 409, 'INVALID_STATE', 'order_not_cancellable');
};

subtest 'GET and HEAD do not cancel' => sub {
    my $order = order_goods($buyer);
    my $reply = shop(GET => $order, $buyer, of => 'cancel');
    says($reply, 405, 'BAD_REQUEST', 'method_not_allowed');
    is($reply->header('Allow'), 'POST, OPTIONS', 'Allow has POST');
    is(shop(HEAD => $order, $buyer, of => 'cancel')->code, 405, 'HEAD gets 405');
    is(order_row($order->{id})->{state}, 'open', 'the order is unchanged');
};

invariants_hold();
done;
