# SPDX-License-Identifier: Apache-2.0
# GET my-orders: the orders of a user by page.
use strict;
use warnings;
use ModOrders::Customer;
use ModOrders::Goods;
use ModOrders::Test;

my $buyer = make_user();

sub list
{
    my ($who, $query, %with) = @_;
    return customer(GET => 'my-orders', undef, $who, query => $query, %with);
}

# The entry of an order in the list.
sub entry
{
    my ($order, $who) = @_;
    return (grep { $_->{id} == $order->{id} } @{ list($who // $buyer)->{json}{data}{orders} })[0];
}

subtest 'a user without orders' => sub {
    my $reply = list($buyer);
    is($reply->code, 200);
    is($reply->content, '{"success":true,"data":{"orders":[],"pagination":{"total":0,"count":0,"limit":15,"current_page":1,"total_pages":1}},"message":"Success","status_code":200}',
        'is an empty page');
    is($reply->header('Cache-Control'), 'private, no-store', 'the response is not stored by caches');
};

subtest 'every member' => sub {
    my $order = customer_order($buyer, lines => [ [ make_goods(prices => { USD => 40_00 }), 2 ], [ make_goods(prices => { USD => 9_80 }) ] ]);
    my $entry = entry($order);
    my $day   = $order->{created_at} =~ s/\D//gr;
    like($entry->{order_code}, qr/^\d{8}-\d{8}C$/, 'the code has the date, digits and C for cash on delivery');
    is(substr($entry->{order_code}, 0, 8), substr($day, 0, 8), 'the date is that of the order');
    like($entry->{order_date}, qr/^\Q@{[ substr $order->{created_at}, 0, 19 ]}\E\.\d{6}Z$/, 'the time has microseconds');
    delete @$entry{qw(order_date)};
    is_deeply($entry, {
        id => $order->{id}, order_code => $order->{number}, bill_no => undef, number_of_products => 2, total_amount => 89.8, order_status => 'pending',
        payment_status => 'unpaid', payment_type => 'cod', delivery_date => undef, delivery_day => undef, delivery_delay_status => 'On-Time',
    }, 'a new order has these members');
    like(list($buyer)->content, qr/"total_amount":89\.8,/, 'amounts are numbers without trailing zeros');
    my @members = list($buyer)->content =~ /\{"id":.*?\}/ ? $& =~ /"(\w+)":/g : ();
    is("@members", 'id order_code bill_no number_of_products total_amount order_date order_status payment_status payment_type delivery_date delivery_day delivery_delay_status',
        'the members are in the sequence of the specification');
};

subtest 'delivery' => sub {
    my $order = customer_order($buyer, shipping => { courier => 'express', expected_at => '2030-08-02T09:00:00Z' });
    my $shown = sub { join ' ', map { $_ // '-' } @{ entry($order) }{qw(order_status payment_status delivery_date delivery_day delivery_delay_status)} };
    my $soon  = '2030-08-02T09:00:00.000000Z Friday';
    is($shown->(), "pending unpaid $soon On-Time", 'the entry has the expected delivery');
    work($order, 'confirm');
    is($shown->(), "confirmed unpaid $soon On-Time", 'a confirmed order is shown as confirmed');
    like(entry($order)->{bill_no}, qr/^[A-Z0-9]+-\d{4}-\d\d-\d{4,}$/, 'the entry has a bill number');
    work($order, 'pack');
    is($shown->(), "packed unpaid $soon On-Time", 'a packed order is shown as packed');
    work($order, ship => (courier => 'express'));
    is($shown->(), "shipped unpaid $soon On-Time", 'a shipped order is shown as shipped');
    work($order, tracking => (status => 'on_delivery'));
    is($shown->(), "shipped unpaid $soon On-Time", 'out for delivery is shown as shipped');
    work($order, 'deliver');
    like($shown->(), qr/^delivered paid 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \w+day On-Time$/, 'delivery pays a cash-on-delivery order');
    unlike($shown->(), qr/2030/, 'the entry has the time of delivery');
};

subtest 'a late delivery' => sub {
    my $order = customer_order($buyer, shipping => { expected_at => '2023-08-05T12:09:03Z' });
    is_deeply([ @{ entry($order) }{qw(delivery_date delivery_day delivery_delay_status)} ], [ '2023-08-05T12:09:03.000000Z', 'Saturday', 'Delayed' ], 'the entry shows the delay');
};

subtest 'payment types' => sub {
    my $simulator = start_simulator();
    my $online    = customer_order($buyer, payment_method => 'external', payment_channel => 'simulator');
    is(entry($online)->{payment_type}, 'simulator', 'an external payment has the name of its channel');
    like($online->{number}, qr/O$/, 'the number of an external order ends with O');
    my $transfer = customer_order($buyer, payment_method => 'bank_transfer');
    is(entry($transfer)->{payment_type}, 'online', 'a bank transfer is shown as online');
    work($transfer, 'pay');
    is(entry($transfer)->{payment_status}, 'paid', 'a paid order is shown as paid');
    like(entry($transfer)->{bill_no}, qr/./, 'a paid order is billed');
    operator_does($transfer, refund => (amount => 100));
    is(entry($transfer)->{payment_status}, 'paid', 'a partially refunded order is shown as paid');
    my $rich = make_user(balance => 100_00);
    my $paid = customer_order($rich, payment_method => 'balance');
    operator_does($paid, 'refund');
    is_deeply([ @{ entry($paid, $rich) }{qw(order_status payment_status)} ], [qw(cancelled refunded)], 'a fully refunded order is shown as cancelled');
};

subtest 'closed orders' => sub {
    my $order = customer_order($buyer);
    work($order, 'cancel');
    is_deeply([ @{ entry($order) }{qw(order_status payment_status)} ], [qw(cancelled unpaid)], 'a cancelled order is shown as cancelled and unpaid');
    my $late = customer_order($buyer, payment_method => 'bank_transfer');
    end_in_error(id => $late->{id});
    is(entry($late)->{order_status}, 'cancelled', 'an order in error is shown as cancelled');
};

subtest 'orders of the other APIs' => sub {
    my $rich = make_user(balance => 100_00);
    my $plan = place($rich, make_plan(price => 20_00))->{order};
    is_deeply([ @{ entry({ id => $plan->{id} }, $rich) }{qw(order_status payment_status payment_type number_of_products total_amount delivery_delay_status)} ],
        [ 'pending', 'paid', 'online', 1, 20, undef ], 'a plan');
    my $shop = order_goods($rich, lines => [ [ make_goods(prices => { USD => 10_00 }, tax_class => make_tax(1000)) ] ]);
    is(entry($shop, $rich)->{total_amount}, 11, 'goods whose prices exclude tax');
};

subtest 'pages' => sub {
    my $many = make_user();
    my @ids  = map { customer_order($many)->{id} } 1 .. 17;
    my $page = list($many)->{json}{data};
    is_deeply([ map { $_->{id} } @{ $page->{orders} } ], [ reverse @ids[ 2 .. 16 ] ], 'the first page has the 15 newest orders');
    is(list($many)->header('X-Total-Count'), 17, 'the header has the total');
    is_deeply($page->{pagination}, { total => 17, count => 15, limit => 15, current_page => 1, total_pages => 2 }, 'the pagination of the first page');
    $page = list($many, 'page=2')->{json}{data};
    is_deeply([ map { $_->{id} } @{ $page->{orders} } ], [ reverse @ids[ 0, 1 ] ], 'the second page has the rest');
    is_deeply($page->{pagination}, { total => 17, count => 2, limit => 15, current_page => 2, total_pages => 2 }, 'the pagination of the second page');
    $page = list($many, 'page=9')->{json}{data};
    is_deeply($page, { orders => [], pagination => { total => 17, count => 0, limit => 15, current_page => 9, total_pages => 2 } }, 'a page after the last is empty');
    is(list($many, 'page=')->{json}{data}{pagination}{current_page}, 1, 'an empty page number means the first page');
    local $ModOrders::Test::undescribed = 1;
    is(list($many, 'limit=3&per_page=3')->{json}{data}{pagination}{limit}, 15, 'the client cannot set the page size');
    says(list($many, 'page=x'), 422, 'page: Must be an integer.');
    says(list($many, 'page=0'), 422, 'page: The number is out of range.');
    says(list($many, 'page=1&page=2'), 400, 'Query parameter 2 has the name of an earlier one.');
};

subtest 'HEAD' => sub {
    my $reply = customer(HEAD => 'my-orders', undef, $buyer);
    is($reply->code, 200, 'HEAD gets 200');
    is($reply->content, '', 'the body is empty');
    is($reply->header('Content-Length'), length list($buyer)->content, 'Content-Length is that of GET');
};

invariants_hold();
done;
