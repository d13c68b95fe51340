# SPDX-License-Identifier: Apache-2.0
# user/company/order/refund: refunds an order in full.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Httpd;
use ModOrders::Test;

my $shop   = make_company;
my $seller = make_company_member($shop);

sub refund
{
    my ($who, $number, $transaction, %more) = @_;
    return company('refund', $who, order_number => $number, (defined $transaction ? (transaction_id => $transaction) : ()), %more);
}

sub state_of
{
    my ($number) = @_;
    return join ' ', @{ order_of($number) }{qw(state payment_state refunded)};
}

# Reports a refund of 100 yen through the terminal feed; returns its id.
sub told
{
    my ($number, %other) = @_;
    my %transaction = (transaction_id => unique('refund'), kind => 'refund', amount => 100, currency => 'JPY', order_number => $number, %other);
    my $reply = report_terminal_transaction(%transaction);
    $reply->code == 201 or die $reply->as_string;
    return $transaction{transaction_id};
}

subtest 'orders paid in cash' => sub {
    for my $type (qw(cash cash_consumer_app)) {
        my $sale  = paid_sale($seller, type => $type);
        my $reply = refund($seller, $sale->{number});
        is($reply->code, 200, "$type: the refund needs no transaction id");
        is($reply->content, '', 'the body is empty');
        is(state_of($sale->{number}), 'completed refunded 100', 'the order is refunded in full');
        my $order = company('detail', $seller, order_number => $sale->{number})->{json};
        is_deeply([ @$order{qw(order_status payment_status transaction_id)} ], [ 'Refunded', 'Refunded', $sale->{transaction} ], 'the detail has status and transaction');
        cmp_ok(abs($order->{refund_at} - time), '<', 30, 'the order has the time of its refund');
    }
    is(refund($seller, paid_sale($seller)->{number}, $_)->code, 200, 'an empty transaction id counts as absent') for '', unique('free-id');
    is(company('refund', $seller, order_number => paid_sale($seller)->{number}, transaction_id => undef)->code, 200, 'a transaction id that is null counts as absent');
};

subtest 'orders paid by card' => sub {
    for my $type (qw(credit_card credit_card_consumer_app)) {
        my $sale  = paid_sale($seller, type => $type);
        my $id    = told($sale->{number});
        my $reply = refund($seller, $sale->{number}, $id);
        is($reply->code, 200, "$type: the refund of the terminal is accepted");
        is($reply->content, '', 'the body is empty');
        is(state_of($sale->{number}), 'completed refunded 100', 'the order is refunded in full');
        my ($row) = rows('SELECT r.reference FROM orders.refund r WHERE r.tenant_id = 1 AND r.order_id = ?', order_of($sale->{number})->{id});
        is($row->{reference}, $id, 'the refund has the transaction id');
    }
};

subtest "invalid transactions of a card refund" => sub {
    my $sale = paid_sale($seller, type => 'credit_card');
    my $n    = $sale->{number};
    named(refund($seller, $n, $_), 'lack of parameters') for undef, '', 'x' x 256;
    named(refund($seller, $n, unique('unheard')), 'transaction not found');
    named(refund($seller, $n, told($n, kind => 'charge')), 'transaction not found');
    named(refund($seller, $n, told($n, amount => 99)), 'invalid transaction id');
    named(refund($seller, $n, told($n, amount => 101)), 'invalid transaction id');
    named(refund($seller, $n, told($n, currency => 'CHF')), 'invalid transaction id');
    named(refund($seller, $n, told(paid_sale($seller)->{number})), 'invalid transaction id');
    named(refund($seller, $n, told(undef)), 'invalid transaction id');
    named(refund($seller, $n, $sale->{transaction}), 'repeated');
    my $other = paid_sale($seller, type => 'credit_card');
    my $used  = told($other->{number});
    is(refund($seller, $other->{number}, $used)->code, 200, 'another order is refunded');
    named(refund($seller, $n, $used), 'repeated');
    is(state_of($n), 'completed paid 0', 'the order is unchanged');
    is(refund($seller, $n, told(lc $n))->code, 200, 'a lower-case order number at the terminal matches');
};

subtest 'a used transaction id of a cash refund' => sub {
    my $sale = paid_sale($seller);
    my $id   = unique('tx');
    is(refund($seller, $sale->{number}, $id)->code, 200, 'an unused transaction id is accepted');
    named(refund($seller, paid_sale($seller)->{number}, $id), 'repeated');
    my $number = sell($seller);
    named(company('payment', $seller, order_number => $number, transaction_id => $id), 'repeated');
};

subtest 'authorization' => sub {
    is(refund(make_company_member($shop, role => $_), paid_sale($seller)->{number})->code, 200, "another $_ of the company") for qw(salesperson manager);
    my $sale = paid_sale($seller);
    named(refund(make_company_member($shop, role => 'member'), $sale->{number}), 'order not exist');
    my $foreign = make_company_member(make_company);
    named(refund($foreign, $sale->{number}), 'not reatiler order');
    named(refund($seller, paid_sale($foreign)->{number}), 'not reatiler order');
    named(refund($seller, sell($foreign)), 'not reatiler order');
    my $plain = place(make_user(balance => 10_00), make_plan(price => 10_00))->{order}{number};
    named(refund($seller, $plain), 'not reatiler order');
    named(refund($seller, $_), 'order not exist') for 'AAAA160401000001OD', 1, "O'D", '%', "\x{e4}";
    is(state_of($sale->{number}), 'completed paid 0', 'the order is unchanged');
    named(refund($_, $sale->{number}), 'does not signin') for { token => 'nonsense' }, make_consumer, operator;
    named(refund(make_company_member($shop, chosen => 0), 'none'), 'not select company yet');
    my $closed = make_company;
    my $there  = make_company_member($closed);
    db()->do('UPDATE orders.company SET active = false WHERE tenant_id = 1 AND id = ?', undef, $closed->{id});
    named(refund($there, 'none'), 'company not exist');
    named(refund(make_company_member($shop, active => 0), 'none'), 'not company member');
    named(company('refund', $seller, %$_), 'lack of parameters')
        for {}, { order_number => '' }, { order_number => [] }, { order_number => undef }, { order_number => 'x' x 256 }, { transaction_id => 'x' };
    named(refund(undef, $sale->{number}), 'lack of parameters');
    named(refund({ token => 'nonsense' }, undef), 'lack of parameters');
};

subtest 'refused states' => sub {
    named(refund($seller, sell($seller)), 'open');
    named(refund($seller, failed(sell_link($seller), '012', 'card expired')), 'open');
    named(refund($seller, confirming(sell_link($seller))), 'confirming');
    my $closed = sell($seller);
    company('cancel', $seller, order_number => $closed);
    named(refund($seller, $closed), 'closed');
    named(refund($seller, late(sell($seller, type => 'cash_consumer_app'))), 'closed');
    my $sale = paid_sale($seller);
    refund($seller, $sale->{number});
    named(refund($seller, $sale->{number}), 'refunded');
    named(refund($seller, $sale->{number}, unique('tx')), 'refunded');
    is(state_of($sale->{number}), 'completed refunded 100', 'the order is refunded once');
    named(refund($seller, sell($seller, products => [ [ make_product($shop), discount => 100 ] ])), 'closed');
};

subtest 'the refund window of thirty days' => sub {
    my $sale = paid_sale($seller);
    age_payment($sale->{number}, 30, 60);
    named(refund($seller, $sale->{number}), 'refund expired');
    my $card = paid_sale($seller, type => 'credit_card');
    age_payment($card->{number}, 31);
    named(refund($seller, $card->{number}, unique('unheard')), 'refund expired');
    is(refund($seller, age_payment(paid_sale($seller)->{number}, 30, -60))->code, 200, 'a minute before the end of the window');
    my $old = paid_sale($seller);
    refund($seller, $old->{number});
    age_payment($old->{number}, 90);
    named(refund($seller, $old->{number}), 'refunded');
};

subtest 'a partially refunded order' => sub {
    my $sale = paid_sale($seller);
    my $id   = order_of($sale->{number})->{id};
    is(ask(POST => "/api/v1/admin/orders/$id/refund", token => operator->{token}, json => { amount => 30 })->code, 201, 'the operator refunds a part');
    is(refund($seller, $sale->{number})->code, 200, 'the rest is refunded');
    is(state_of($sale->{number}), 'completed refunded 100', 'the order is refunded in full');
    my $card = paid_sale($seller, type => 'credit_card');
    $id = order_of($card->{number})->{id};
    ask(POST => "/api/v1/admin/orders/$id/refund", token => operator->{token}, json => { amount => 30 });
    named(refund($seller, $card->{number}, told($card->{number})), 'invalid transaction id');
    is(refund($seller, $card->{number}, told($card->{number}, amount => 70))->code, 200, "the refund of the terminal must equal the rest");
};

subtest 'OrdersTerminalFeed, OrdersRefundWindow' => sub {
    my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersPublicURL https://shop.example\nOrdersWorker Off\nOrdersTerminalFeed Off", locations =>
        "<Location /off>\nOrdersAPI company\n</Location>\n<Location /on>\nOrdersAPI company\nOrdersTerminalFeed On\nOrdersRefundWindow 0\n</Location>\n<Location /short>\nOrdersAPI company\nOrdersTerminalFeed On\n</Location>")->start;
    my $at = sub {
        my ($mount, $number, $transaction) = @_;
        return ask(POST => $httpd->url($mount . company_path('refund')), json => { api_key => $seller->{token}, order_number => $number, transaction_id => $transaction });
    };
    my $sale = paid_sale($seller, type => 'credit_card');
    named($at->('/on',    $sale->{number}, 'x'), 'refund expired');
    named($at->('/short', $sale->{number}, unique('unheard')), 'transaction not found');
    named($at->('/off',   $sale->{number}, ''), 'lack of parameters');
    named($at->('/off',   $sale->{number}, $sale->{transaction}), 'repeated');
    is($at->('/off', $sale->{number}, unique('unheard'))->code, 200, 'Off: any unused id is accepted');
};

subtest 'encodings of the request' => sub {
    is(api(POST => company_path('refund') . '/', form => [ api_key => $seller->{token}, order_number => lc paid_sale($seller)->{number} ])->code, 200, 'a form');
};

invariants_hold();
done;
