# SPDX-License-Identifier: Apache-2.0
# user/company/order/list: all orders of the company that is current for whoever asks.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Test;

my $shop   = make_company;
my $seller = make_member($shop, given_name => 'QQ', family_name => 'Wang');
my $path   = company_path('list');

sub numbers
{
    my ($who, %fields) = @_;
    return [ map { $_->{number} } @{ company('list', $who, %fields)->{json}{orders} || [] } ];
}

subtest 'an empty list' => sub {
    my $reply = company('list', $seller);
    is($reply->code, 200, 'is a list');
    is($reply->content, '{"orders":[]}', 'of nothing');
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
    is($reply->code, 200, 'the list');
    is($reply->header('Content-Type'), 'application/json', 'as JSON');
    like($reply->header('Cache-Control'), qr/private, no-store/, 'that nobody keeps');
    my @orders = @{ $reply->{json}{orders} };
    is(members($reply->{json}), 'orders', 'and nothing beside it');
    is_deeply([ map { $_->{number} } @orders ], \@sold, 'newest first');
    is(members($_), join(' ', sort qw(number currency total order_status payment_status payment_method transaction_id
        create_at refund_at retailer agent)), "$_->{number} has every field and no other") for @orders;
    is_deeply([ @{ $orders[2] }{qw(currency order_status payment_status payment_method transaction_id refund_at)} ],
        [ 'CHF', 'Open', 'Open', 'cash', '', undef ], 'the open one');
    is_deeply([ @{ $orders[1] }{qw(currency order_status payment_status payment_method transaction_id refund_at)} ],
        [ 'JPY', 'Paid', 'Paid', 'credit_card', $paid->{transaction}, undef ], 'the paid one');
    is_deeply([ @{ $orders[0] }{qw(order_status payment_status transaction_id)} ], [ 'Cancelled', 'Closed', '' ], 'the cancelled one');
    like($reply->content, qr/"total":24288,/, 'yen are whole');
    like($reply->content, qr/"total":284\.04,/, 'francs have two decimals, exactly');
    for my $order (@orders) {
        is_deeply($order->{retailer}, { id => $shop->{id}, name => $shop->{name} }, "$order->{number}: the company");
        is_deeply($order->{agent}, { id => $seller->{id}, given_name => 'QQ', family_name => 'Wang', email => $seller->{email} },
            'the salesperson');
        like($order->{number}, qr/^\Q$shop->{prefix}\E\d{12}OD$/, 'a number of prefix, date and six digits or more');
        cmp_ok(abs($order->{create_at} - time), '<', 30, 'seconds since 1970');
    }
    like($reply->content, qr/"create_at":\d{10},/, 'as a number');
};

subtest 'a refund has its time' => sub {
    my $sale = paid_sale($seller);
    company('refund', $seller, order_number => $sale->{number});
    unshift @sold, $sale->{number};
    my $order = company('list', $seller)->{json}{orders}[0];
    is_deeply([ @$order{qw(order_status payment_status transaction_id)} ], [ 'Refunded', 'Refunded', $sale->{transaction} ], 'refunded');
    cmp_ok(abs($order->{refund_at} - time), '<', 30, 'when');
};

subtest 'an order whose time is over' => sub {
    my $number = late(sell($seller, type => 'cash_consumer_app'));
    unshift @sold, $number;
    named(company('payment', $seller, order_number => $number, transaction_id => unique('tx')), 'closed');
    ok(wait_for(sub { order_of($number)->{state} eq 'expired' }), 'is closed by the worker or whoever comes first');
    is_deeply([ @{ company('list', $seller)->{json}{orders}[0] }{qw(order_status payment_status)} ], [ 'Error', 'Closed' ], 'and in error');
};

subtest 'whose list' => sub {
    is_deeply(numbers(make_member($shop, role => $_)), \@sold, "a $_ sees all of the company's") for qw(member salesperson manager);
    my $other = make_company;
    my $there = make_member($other);
    my $sale  = sell($there);
    is_deeply(numbers($there), [$sale], "another company's are others");
    db()->do(q(INSERT INTO orders.membership (tenant_id, external_ref, company_id, user_id, role) VALUES (1, ?, ?, ?, 'member')),
        undef, unique('membership'), $other->{id}, $seller->{id});
    is_deeply(numbers($seller), \@sold, 'a member of two');
    db()->do('UPDATE orders.users SET current_company_id = ? WHERE tenant_id = 1 AND id = ?', undef, $other->{id}, $seller->{id});
    is_deeply(numbers($seller), [$sale], 'sees those of the current one');
    db()->do('UPDATE orders.users SET current_company_id = ? WHERE tenant_id = 1 AND id = ?', undef, $shop->{id}, $seller->{id});
};

subtest 'page and limit' => sub {
    is_deeply(numbers($seller, limit => 2), [ @sold[ 0, 1 ] ], 'the first two');
    is_deeply(numbers($seller, limit => 2, page => 2), [ @sold[ 2, 3 ] ], 'the next two');
    is_deeply(numbers($seller, limit => '2', page => '3'), [ @sold[ 4 .. $#sold ] ], 'digits in a string');
    is_deeply(numbers($seller, page => 2), [], 'beyond the end');
    local $ModOrders::Test::undescribed = 1;
    is_deeply(numbers($seller, limit => $_, page => $_), \@sold, 'nonsense counts as not there')
        for 0, -1, 'x', [], {}, undef, 1.5, '9' x 30, JSON::PP::true;
    is_deeply(numbers($seller, limit => 501), \@sold, 'nor does a limit above the most');
    is_deeply(numbers($seller, page => 1_000_000), [], 'the last page there could be');
};

subtest 'no more than 500' => sub {
    my $busy = make_member(make_company);
    db()->do(q(
        INSERT INTO orders.orders (tenant_id, number, api, state, payment_state, fulfilment_state, retailer_id, agent_id,
                                   payment_method, currency, exponent, tax_inclusive, subtotal, discount, tax, shipping, total)
        SELECT 1, ? || '990101' || lpad(n::text, 6, '0') || 'OD', 'company', 'open', 'unpaid', 'none', ?, ?, 'cash', 'JPY', 0, true,
               1, 0, 0, 0, 1
        FROM generate_series(1, 503) AS n), undef, $busy->{company}{prefix}, $busy->{company}{id}, $busy->{id});
    my $all = numbers($busy);
    is(scalar @$all, 500, '500 of 503');
    like($all->[0],   qr/000503OD$/, 'from the newest');
    like($all->[499], qr/000004OD$/, 'on');
    is(scalar @{ numbers($busy, page => 2) }, 3, 'the others are on the next page');
    db()->do('DELETE FROM orders.orders WHERE tenant_id = 1 AND retailer_id = ?', undef, $busy->{company}{id});
};

subtest 'refusals, in their order' => sub {
    named(company('list', undef), 'lack of parameters');
    named(company('list', { token => $_ }), 'lack of parameters') for '', undef, 7, [], {};
    named(company('list', { token => $_ }), 'does not signin') for 'nonsense', 'ord_1_' . 'x' x 43, 'x' x 5000;
    named(company('list', make_consumer), 'does not signin');
    named(company('list', operator), 'does not signin');
    my $lost = make_member($shop, chosen => 0, role => 'none');
    named(company('list', $lost), 'not select company yet');
    my $closed = make_company;
    my $there  = make_member($closed, role => 'none');
    db()->do('UPDATE orders.company SET active = false WHERE tenant_id = 1 AND id = ?', undef, $closed->{id});
    named(company('list', $there), 'company not exist');
    named(company('list', make_member($shop, role => 'none')), 'not company member');
    named(company('list', make_member($shop, active => 0)), 'not company member');
};

invariants_hold();
done;
