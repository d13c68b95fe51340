# SPDX-License-Identifier: Apache-2.0
# order-cancel/:id by GET and POST: cash on delivery, before the order is packed.
use strict;
use warnings;
use ModOrders::Customer;
use ModOrders::Goods;
use ModOrders::Test;

my $buyer = make_user();
my $only  = 'Only an order with cash on delivery can be cancelled, and only before it is packed.';

sub cancel
{
    my ($method, $order, %with) = @_;
    return customer($method => 'order-cancel', $order, delete $with{who} // $buyer, %with);
}

sub state_of { return join ' ', @{ order_row($_[0]{id}) }{qw(state payment_state fulfilment_state)} }

sub done_well
{
    my ($reply, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($reply->content, '{"success":true,"message":"Order has been cancelled","status":200,"data":[]}', $name);
}

for my $method (qw(GET POST)) {
    subtest $method => sub {
        my $goods = make_goods(stock => 5);
        my $order = customer_order($buyer, lines => [ [ $goods, 2 ] ]);
        my $reply = cancel($method, $order);
        is($reply->code, 200);
        done_well($reply, 'the order is cancelled');
        is($reply->header('Cache-Control'), 'private, no-store', 'the response is not stored by caches');
        is(state_of($order), 'cancelled closed pending', 'the order and its payment are closed');
        my ($stock) = rows(q(SELECT sum(s.reserved) AS reserved FROM orders.stock s JOIN orders.variant v ON v.tenant_id = s.tenant_id AND v.id = s.variant_id
                             WHERE s.tenant_id = 1 AND v.product_id = ?), $goods->{id});
        is($stock->{reserved}, 0, 'the items are released');
        my $version = order_row($order->{id})->{version};
        done_well(cancel($method, $order), 'cancelling again succeeds');
        is(order_row($order->{id})->{version}, $version, 'cancelling again changes nothing');
        my $confirmed = customer_order($buyer);
        work($confirmed, 'confirm');
        done_well(cancel($method, $confirmed), 'a confirmed order is cancelled');
    };
}

subtest 'a packed or delivered order' => sub {
    my $order = customer_order($buyer);
    for my $step (qw(pack ship deliver)) {
        work($order, $step);
        says(cancel(GET => $order), 409, 'The order has been packed and can no longer be cancelled.');
    }
    is(state_of($order), 'completed paid delivered', 'the order is unchanged');
};

subtest 'other payment methods' => sub {
    my $transfer = customer_order($buyer, payment_method => 'bank_transfer');
    says(cancel($_ => $transfer), 409, $only) for qw(GET POST);
    work($transfer, 'pay');
    says(cancel(GET => $transfer), 409, $only);
    my $rich = make_user(balance => 100_00);
    my $paid = customer_order($rich, payment_method => 'balance');
    operator_does($paid, refund => (amount => 1));
    says(cancel(GET => $paid, who => $rich), 409, 'The order has been refunded and can no longer be cancelled.');
    operator_does($paid, 'refund');
    is(state_of($paid), 'cancelled refunded pending', 'a full refund cancels the order');
    done_well(cancel(GET => $paid, who => $rich), 'cancelling it finds nothing left to do');
    says(cancel(GET => place($rich, make_plan(price => 20_00))->{order}, who => $rich), 409, $only);
};

subtest 'the rules of the API that the order was placed through' => sub {
    my $order = customer_order($buyer, dialect => 'shop');
    work($order, 'confirm');
    says(cancel(GET => $order), 409, $only);
    done_well(cancel(GET => customer_order($buyer, dialect => 'shop')), 'before the confirmation, both rules allow it');
};

subtest 'a prefetch request' => sub {
    my $order = customer_order($buyer);
    my $head  = cancel(HEAD => $order);
    is_deeply([ $head->code, $head->content ], [ 200, '' ], 'HEAD gets 200 and no body');
    is(cancel(HEAD => $order, who => make_user())->code, 404, 'HEAD of the order of another user gets 404');
    for my $header ([ 'Sec-Purpose' => 'prefetch' ], [ 'Sec-Purpose' => 'prefetch;prerender' ], [ Purpose => 'prefetch' ], [ 'X-Moz' => 'prefetch' ], [ 'X-Purpose' => 'preview' ], [ Purpose => 'Prefetch' ]) {
        says(cancel(GET => $order, headers => {@$header}), 409, 'Nothing was changed, because the request is a prefetch.');
    }
    is(state_of($order), 'open unpaid pending', 'the order is unchanged');
};

subtest 'reason, form and If-Match' => sub {
    my $order = customer_order($buyer);
    my $tag   = customer(GET => 'order-tracking', $order, $buyer)->header('ETag');
    work($order, 'confirm');
    says(cancel($_ => $order, headers => { 'If-Match' => $tag }), 412, 'The order has changed since it was read.') for qw(GET POST);
    $tag = customer(GET => 'order-tracking', $order, $buyer)->header('ETag');
    says(cancel(POST => $order, json => { reason => 'x' x 256 }), 422, 'reason: At most 255 characters.');
    says(cancel(POST => $order, body => '{'), 400, cancel(POST => $order, body => '{', unchecked => 1)->{json}{message});
    says(cancel(POST => $order, form => [ order_items_id => 1, order_items_id => 2 ]), 400, 'Field 2 has the name of an earlier one.');
    says(cancel(POST => $order, body => 'x', type => 'text/plain'), 415, "The body's content type is not supported.");
    done_well(cancel(POST => $order, form => [ reason => 'Ordered twice.' ], headers => { 'If-Match' => $tag }), 'a form with a reason and If-Match is accepted');
    my ($step) = rows(q(SELECT actor, api, comment FROM orders_v1.order_history WHERE tenant_id = 1 AND order_id = ? AND to_state = 'cancelled'), $order->{id});
    is_deeply($step, { actor => 'buyer', api => 'customer', comment => 'Ordered twice.' }, 'the history has the reason');
};

subtest 'idempotency keys' => sub {
    my $order = customer_order($buyer);
    my $key   = { 'Idempotency-Key' => unique('key') };
    my $one   = cancel(POST => $order, headers => $key);
    my $two   = cancel(POST => $order, headers => $key);
    done_well($one, 'a key');
    is($two->content, $one->content, 'the key returns the first response');
    is($two->header('Idempotency-Replayed'), 'true', 'the response is marked as replayed');
    says(cancel(POST => customer_order($buyer), headers => $key), 422, 'This key was used with another request.');
    says(cancel(POST => $order, headers => { 'Idempotency-Key' => 'x' x 256 }), 400, cancel(POST => $order, headers => { 'Idempotency-Key' => 'x' x 256 })->{json}{message});
};

subtest 'orders of other users' => sub {
    my $order = customer_order($buyer);
    for my $method (qw(GET POST)) {
        says(cancel($method => $order, who => make_user()), 404, 'Order not found.');
        says(cancel($method => $_), 404, 'Order not found.') for 'x', 999_999_999, '99999999999999999999';
    }
    is(state_of($order), 'open unpaid pending', 'the order is unchanged');
};

subtest 'cross-site requests' => sub {
    my $known = known_user();
    my $order = customer_order($known);
    my $here  = "/basic/customer/order-cancel/$order->{id}";
    my @basic = (basic => [ 'known', 'sesame' ]);
    for my $header ([ 'Sec-Fetch-Site' => 'cross-site' ], [ Origin => 'https://evil.example' ]) {
        says(ask(GET => $here, @basic, headers => {@$header}), 403, 'This request must not be sent by a page of another site.');
    }
    is(state_of($order), 'open unpaid pending', 'a cross-site request changes nothing');
    is(ask(GET => "/basic/customer/order-tracking/$order->{id}", @basic, headers => { 'Sec-Fetch-Site' => 'cross-site' })->code, 200, 'a cross-site read is allowed');
    is(ask(GET => $here, @basic, headers => { 'Sec-Fetch-Site' => 'same-origin' })->code, 200, 'a same-origin request is allowed');
    is(ask(GET => '/basic/customer/my-orders', @basic)->{json}{data}{pagination}{limit}, 2, 'OrdersPageSize applies to a user of Basic authentication');
};

invariants_hold();
done;
