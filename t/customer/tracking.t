# SPDX-License-Identifier: Apache-2.0
# GET order-tracking/:id: the progress of an order.
use strict;
use warnings;
use ModOrders::Customer;
use ModOrders::Goods;
use ModOrders::Test;

my $buyer = make_user();

# The current date as 21-11-2026.
sub today { return join '-', (split /[-T]/, $_[0])[ 2, 1, 0 ] }

subtest 'progress of an order' => sub {
    my $order = customer_order($buyer, shipping => { courier => 'planned', expected_at => '2030-08-02T23:59:59Z' });
    my $day   = today($order->{created_at});
    my %is    = (
        id => $order->{id}, order_code => $order->{number}, bill_no => undef, order_placed_date => $day, order_placed_status => 'pending',
        payment_status => 'unpaid', payment_type => 'cod', order_packed_date => undef, order_packed_status => undef, order_shipped_date => undef,
        order_shipped_status => undef, courier_name => 'planned', courier_tracking_no => undef, courier_tracking_url => undef,
        delivery_date => '2030-08-02T23:59:59.000000Z', delivery_day => 'Friday', delivery_delay_status => 'On Time',
    );
    is_deeply(tracked($order, $buyer), \%is, 'a new order has the expected tracking data');
    work($order, 'confirm');
    $is{bill_no} = tracked($order, $buyer)->{bill_no};
    like($is{bill_no}, qr/^[A-Z0-9]+-\d{4}-\d\d-\d{4,}$/, 'the bill has a number');
    is_deeply(tracked($order, $buyer), \%is, 'a confirmed order has a bill number');
    work($order, 'pack');
    @is{qw(order_packed_date order_packed_status)} = ($day, 'packed');
    is_deeply(tracked($order, $buyer), \%is, 'a packed order has the packing date');
    work($order, ship => (courier => 'express', tracking_number => '6541661', tracking_url => 'https://www.track.com'));
    @is{qw(order_shipped_date order_shipped_status courier_name courier_tracking_no courier_tracking_url)} =
        ($day, 'shipped', 'express', '6541661', 'https://www.track.com');
    is_deeply(tracked($order, $buyer), \%is, 'a shipped order has its courier and tracking number');
    work($order, 'deliver');
    my $now = tracked($order, $buyer);
    like($now->{delivery_date}, qr/^20\d\d-.*\.\d{6}Z$/, 'the delivery date is the time of delivery');
    is($now->{payment_status}, 'paid', 'a delivered order is paid');
    @is{qw(payment_status delivery_date delivery_day)} = @$now{qw(payment_status delivery_date delivery_day)};
    is_deeply($now, \%is, 'a delivered order has the delivery date');
};

subtest 'the dates of the steps' => sub {
    my $order = customer_order($buyer);
    work($order, $_) for qw(pack ship);
    my @true = rows(q(SELECT version, created_at FROM orders.event WHERE tenant_id = 1 AND subject = 'order' AND subject_id = ?), $order->{id});
    my $happened = sub { db()->do(q(UPDATE orders.event SET created_at = ? WHERE tenant_id = 1 AND subject = 'order' AND subject_id = ? AND ? = ANY (types)), undef, $_[1], $order->{id}, $_[0]) };
    $happened->('order.packed', '2023-08-07T23:59:59.9Z');
    $happened->('order.shipped', '2023-08-08T00:00:00Z');
    is_deeply([ @{ tracked($order, $buyer) }{qw(order_packed_date order_shipped_date)} ], [ '07-08-2023', '08-08-2023' ], 'the dates are in UTC');
    $happened->('order.placed', '2023-08-07T11:59:59Z');
    db()->do(q(UPDATE orders.shipment SET expected_at = '2023-08-11T12:00:00Z' WHERE tenant_id = 1 AND order_id = ?), undef, $order->{id});
    db()->do(q(UPDATE orders.tenant SET time_zone = 'Pacific/Auckland' WHERE id = 1));
    my $there = tracked($order, $buyer);
    db()->do(q(UPDATE orders.tenant SET time_zone = 'UTC' WHERE id = 1));
    db()->do(q(UPDATE orders.event SET created_at = ? WHERE tenant_id = 1 AND subject = 'order' AND subject_id = ? AND version = ?), undef,
        $_->{created_at}, $order->{id}, $_->{version}) for @true;
    is_deeply([ @$there{qw(order_placed_date order_packed_date order_shipped_date delivery_date delivery_day)} ],
        [ '07-08-2023', '08-08-2023', '08-08-2023', '2023-08-11T12:00:00.000000Z', 'Saturday' ], 'or in the tenant\'s time zone');
};

subtest 'a late delivery' => sub {
    my $order = customer_order($buyer, shipping => { expected_at => '2023-08-05T12:09:03Z' });
    is(tracked($order, $buyer)->{delivery_delay_status}, 'Delayed', 'late before delivery');
    work($order, $_) for qw(pack ship deliver);
    is(tracked($order, $buyer)->{delivery_delay_status}, 'Delayed', 'late after delivery');
};

subtest 'body and entity tag' => sub {
    my $order = customer_order($buyer);
    my $reply = customer(GET => 'order-tracking', $order, $buyer);
    is_deeply([ sort keys %{ $reply->{json} } ], [qw(data message status_code success)], 'the body has the envelope');
    is_deeply([ @{ $reply->{json} }{qw(message status_code)} ], [ 'Success', 200 ], 'the envelope reports success');
    my @members = $reply->content =~ /"order":\[(\{.*\})\]/ ? $1 =~ /"(\w+)":/g : ();
    is("@members", 'id order_code bill_no order_placed_date order_placed_status payment_status payment_type order_packed_date order_packed_status'
            . ' order_shipped_date order_shipped_status courier_name courier_tracking_no courier_tracking_url delivery_date delivery_day delivery_delay_status',
        'the members are in the sequence of the specification');
    my $tag = $reply->header('ETag');
    is(customer(GET => 'order-tracking', $order, $buyer, headers => { 'If-None-Match' => $tag })->code, 304, 'If-None-Match with the tag: 304');
    work($order, 'confirm');
    $reply = customer(GET => 'order-tracking', $order, $buyer, headers => { 'If-None-Match' => $tag });
    is($reply->code, 200, 'a step of the order changes the tag');
    db()->do(q(UPDATE orders.shipment SET expected_at = '2023-08-05T12:09:03Z' WHERE tenant_id = 1 AND order_id = ?), undef, $order->{id});
    is(customer(GET => 'order-tracking', $order, $buyer, headers => { 'If-None-Match' => $reply->header('ETag') })->code, 200, 'the tag changes when the delivery becomes late');
    is(api(GET => customer_path('order-tracking', $order) . '/', token => $buyer->{token})->code, 200, 'a trailing slash is accepted');
    my $head = customer(HEAD => 'order-tracking', $order, $buyer);
    is_deeply([ $head->code, $head->content ], [ 200, '' ], 'HEAD gets 200 and no body');
};

subtest 'orders without delivery' => sub {
    my $rich = make_user(balance => 100_00);
    my $plan = place($rich, make_plan(price => 20_00))->{order};
    my $now  = tracked($plan, $rich);
    is_deeply([ @$now{qw(order_packed_date order_shipped_status courier_name delivery_date delivery_day delivery_delay_status)} ], [ (undef) x 6 ], 'the members of the delivery are null');
};

subtest 'orders of other users' => sub {
    my $order = customer_order($buyer);
    my $other = customer(GET => 'order-tracking', $order, make_user());
    says($other, 404, 'Order not found.');
    my $none = customer(GET => 'order-tracking', 999_999_999, $buyer);
    is($other->content, $none->content, 'the response equals that for an unknown order');
    says(customer(GET => 'order-tracking', $_, $buyer), 404, 'Order not found.') for 'x', 0, -1, '99999999999999999999', '1.5';
};

invariants_hold();
done;
