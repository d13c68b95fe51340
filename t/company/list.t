# SPDX-License-Identifier: Apache-2.0
# user/company/order/list: the orders of the caller's current company.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Test;

my $shop   = make_company;
my $seller = make_company_member($shop, given_name => 'QQ', family_name => 'Wang');
my $path   = company_path('list');

sub numbers
{
    my ($who, %fields) = @_;
    return [ map { $_->{number} } @{ company('list', $who, %fields)->{json}{orders} || [] } ];
}

subtest 'an empty list' => sub {
    my $reply = company('list', $seller);
    is($reply->code, 200, 'the list is returned');
    is($reply->content, '{"orders":[]}', 'the list is empty');
};

my @sold;

subtest 'orders in yen and francs, field by field' => sub {
    my $yen    = make_product($shop, prices => { JPY => 24303 });
    my $francs = make_product($shop, prices => { CHF => 300_04 });
    my $open   = sell($seller, currency => 'CHF', products => [ [ $francs, discount => 16_00 ] ]);
    my $paid   = paid_sale($seller, type => 'credit_card', products => [ [ $yen, discount => 15 ] ]);
    my $gone   = sell($seller);
    company('cancel', $seller, order_number => $gone);
    @sold = ($gone, $paid->{number}, $open);
    my $reply = company('list', $seller);
    is($reply->code, 200, 'the list is returned');
    is($reply->header('Content-Type'), 'application/json', 'the body is JSON');
    like($reply->header('Cache-Control'), qr/private, no-store/, 'the response is not stored by caches');
    my @orders = @{ $reply->{json}{orders} };
    is(member_names($reply->{json}), 'orders', 'the body has no other member');
    is_deeply([ map { $_->{number} } @orders ], \@sold, 'the newest order is first');
    is(member_names($_), join(' ', sort qw(number currency total order_status payment_status payment_method transaction_id
        create_at refund_at retailer agent)), "$_->{number} has every field and no other") for @orders;
    is_deeply([ @{ $orders[2] }{qw(currency order_status payment_status payment_method transaction_id refund_at)} ],
        [ 'CHF', 'Open', 'Open', 'cash', '', undef ], 'the open one');
    is_deeply([ @{ $orders[1] }{qw(currency order_status payment_status payment_method transaction_id refund_at)} ],
        [ 'JPY', 'Paid', 'Paid', 'credit_card', $paid->{transaction}, undef ], 'the paid one');
    is_deeply([ @{ $orders[0] }{qw(order_status payment_status transaction_id)} ], [ 'Cancelled', 'Closed', '' ], 'the cancelled order');
    like($reply->content, qr/"total":24288,/, 'yen have no decimals');
    like($reply->content, qr/"total":284\.04,/, 'francs have two exact decimals');
    for my $order (@orders) {
        is_deeply($order->{retailer}, { id => $shop->{id}, name => $shop->{name} }, "$order->{number}: the company");
        is_deeply($order->{agent}, { id => $seller->{id}, given_name => 'QQ', family_name => 'Wang', email => $seller->{email} },
            'the salesperson');
        like($order->{number}, qr/^\Q$shop->{prefix}\E\d{12}OD$/, 'the number has prefix, date and at least six digits');
        cmp_ok(abs($order->{create_at} - time), '<', 30, 'the time is in seconds since 1970');
    }
    like($reply->content, qr/"create_at":\d{10},/, 'the time is a number');
};

subtest 'the time of a refund' => sub {
    my $sale = paid_sale($seller);
    company('refund', $seller, order_number => $sale->{number});
    unshift @sold, $sale->{number};
    my $order = company('list', $seller)->{json}{orders}[0];
    is_deeply([ @$order{qw(order_status payment_status transaction_id)} ], [ 'Refunded', 'Refunded', $sale->{transaction} ], 'a refunded sale is shown as refunded');
    cmp_ok(abs($order->{refund_at} - time), '<', 30, 'the order has the time of its refund');
};

subtest 'an expired order' => sub {
    my $number = late(sell($seller, type => 'cash_consumer_app'));
    unshift @sold, $number;
    named(company('payment', $seller, order_number => $number, transaction_id => unique('tx')), 'closed');
    ok(wait_for(sub { order_of($number)->{state} eq 'expired' }), 'the order is expired');
    is_deeply([ @{ company('list', $seller)->{json}{orders}[0] }{qw(order_status payment_status)} ], [ 'Error', 'Closed' ], 'the expired order is in error');
};

subtest 'access to orders' => sub {
    is_deeply(numbers(make_company_member($shop, role => $_)), \@sold, "a $_ sees all orders of the company") for qw(member salesperson manager);
    my $other = make_company;
    my $there = make_company_member($other);
    my $sale  = sell($there);
    is_deeply(numbers($there), [$sale], "another company has other orders");
    db()->do(q(INSERT INTO orders.membership (tenant_id, external_ref, company_id, user_id, role) VALUES (1, ?, ?, ?, 'member')),
        undef, unique('membership'), $other->{id}, $seller->{id});
    is_deeply(numbers($seller), \@sold, 'a member of two companies');
    db()->do('UPDATE orders.users SET current_company_id = ? WHERE tenant_id = 1 AND id = ?', undef, $other->{id}, $seller->{id});
    is_deeply(numbers($seller), [$sale], 'the list has the orders of the current company');
    db()->do('UPDATE orders.users SET current_company_id = ? WHERE tenant_id = 1 AND id = ?', undef, $shop->{id}, $seller->{id});
};

subtest 'page and limit' => sub {
    is_deeply(numbers($seller, limit => 2), [ @sold[ 0, 1 ] ], 'the first two orders');
    is_deeply(numbers($seller, limit => 2, page => 2), [ @sold[ 2, 3 ] ], 'the next two orders');
    is_deeply(numbers($seller, limit => '2', page => '3'), [ @sold[ 4 .. $#sold ] ], 'numbers as strings');
    is_deeply(numbers($seller, page => 2), [], 'a page after the last is empty');
    local $ModOrders::Test::undescribed = 1;
    is_deeply(numbers($seller, limit => $_, page => $_), \@sold, 'an invalid page or limit is treated as absent')
        for 0, -1, 'x', [], {}, undef, 1.5, '9' x 30, JSON::PP::true;
    is_deeply(numbers($seller, limit => 501), \@sold, 'a limit above the maximum is reduced');
    is_deeply(numbers($seller, page => 1_000_000), [], 'the maximum page');
};

subtest 'at most 500 orders' => sub {
    my $busy = make_company_member(make_company);
    db()->do(q(
        INSERT INTO orders.orders (tenant_id, number, api, state, payment_state, fulfilment_state, retailer_id, agent_id,
                                   payment_method, currency, exponent, tax_inclusive, subtotal, discount, tax, shipping, total)
        SELECT 1, ? || '990101' || lpad(n::text, 6, '0') || 'OD', 'company', 'open', 'unpaid', 'none', ?, ?, 'cash', 'JPY', 0, true,
               1, 0, 0, 0, 1
        FROM generate_series(1, 503) AS n), undef, $busy->{company}{prefix}, $busy->{company}{id}, $busy->{id});
    my $all = numbers($busy);
    is(scalar @$all, 500, '500 of 503 orders are returned');
    like($all->[0],   qr/000503OD$/, 'the newest order is first');
    like($all->[499], qr/000004OD$/, 'the page ends with the 500th order');
    is(scalar @{ numbers($busy, page => 2) }, 3, 'the next page has the rest');
    db()->do('DELETE FROM orders.orders WHERE tenant_id = 1 AND retailer_id = ?', undef, $busy->{company}{id});
};

subtest 'refusals, in the order in which they are checked' => sub {
    named(company('list', undef), 'lack of parameters');
    named(company('list', { token => $_ }), 'lack of parameters') for '', undef, 7, [], {};
    named(company('list', { token => $_ }), 'does not signin') for 'nonsense', 'ord_1_' . 'x' x 43, 'x' x 5000;
    named(company('list', make_consumer), 'does not signin');
    named(company('list', operator), 'does not signin');
    my $lost = make_company_member($shop, chosen => 0, role => 'none');
    named(company('list', $lost), 'not select company yet');
    my $closed = make_company;
    my $there  = make_company_member($closed, role => 'none');
    db()->do('UPDATE orders.company SET active = false WHERE tenant_id = 1 AND id = ?', undef, $closed->{id});
    named(company('list', $there), 'company not exist');
    named(company('list', make_company_member($shop, role => 'none')), 'not company member');
    named(company('list', make_company_member($shop, active => 0)), 'not company member');
};

invariants_hold();
done;
