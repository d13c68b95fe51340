# SPDX-License-Identifier: Apache-2.0
# user/company/order/payment: records that the salesperson received the payment.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Test;

my $shop   = make_company;
my $seller = make_company_member($shop);

sub pay
{
    my ($who, $number, $transaction, %more) = @_;
    return company('payment', $who, order_number => $number, transaction_id => $transaction, %more);
}

subtest 'an open order' => sub {
    for my $type (qw(cash credit_card cash_consumer_app credit_card_consumer_app)) {
        my $number = sell($seller, type => $type);
        my $id     = unique('UXI2KS784JOC9A0');
        my $reply  = pay($seller, $number, $id);
        is($reply->code, 200, "$type: the request succeeds");
        is($reply->content, '', 'the body is empty');
        is($reply->header('Content-Length'), 0, 'Content-Length is 0');
        is(states_of($number), 'completed paid', 'the order is completed');
        my $order = company('detail', $seller, order_number => $number)->{json};
        is_deeply([ @$order{qw(order_status payment_status payment_method transaction_id)} ], [ 'Paid', 'Paid', $type, $id ], 'the detail has status and transaction');
    }
};

subtest 'an order with a pay link' => sub {
    my $number = sell_link($seller);
    is(pay($seller, $number, unique('tx'))->code, 200, 'an order with a pay link can be paid by card');
    is(order_of($number)->{payment_method}, 'credit_card', 'the payment method becomes credit_card');
    $number = failed(sell_link($seller), '012', 'card expired');
    is(pay($seller, $number, unique('tx'))->code, 200, 'an order with a declined payment can be paid by card');
    is(states_of($number), 'completed paid', 'the order is completed');
};

subtest 'encodings of the request' => sub {
    my $number = sell($seller);
    is(pay($seller, lc $number, 12345678 + $$)->code, 200, 'a lower-case number and a numeric transaction id');
    $number = sell($seller);
    my $form = api(POST => company_path('payment') . '/', form => [ api_key => $seller->{token}, order_number => $number, transaction_id => unique('tx') ]);
    is($form->code, 200, 'a form and a trailing slash');
    is(states_of($number), 'completed paid', 'the order is completed');
};

subtest 'a used transaction id' => sub {
    my $first = paid_sale($seller);
    my $other = sell($seller);
    named(pay($seller, $other, $first->{transaction}), 'repeated');
    is(states_of($other), 'open unpaid', 'the other order stays open');
    named(pay($seller, $first->{number}, $first->{transaction}), 'repeated');
    my $there = make_company_member(make_company);
    named(pay($there, sell($there), $first->{transaction}), 'repeated');
    is(pay($seller, $other, unique('tx'))->code, 200, 'an unused transaction id is accepted');
};

subtest 'refused states' => sub {
    my $paid = paid_sale($seller);
    named(pay($seller, $paid->{number}, unique('tx')), 'paid');
    company('refund', $seller, order_number => $paid->{number});
    named(pay($seller, $paid->{number}, unique('tx')), 'refunded');
    my $closed = sell($seller);
    company('cancel', $seller, order_number => $closed);
    named(pay($seller, $closed, unique('tx')), 'closed');
    my $late = late(sell($seller, type => 'cash_consumer_app'));
    named(pay($seller, $late, unique('tx')), 'closed');
    my $confirming = confirming(sell_link($seller));
    named(pay($seller, $confirming, unique('tx')), 'confirming');
    is(states_of($confirming), 'open confirming', 'the order stays confirming');
    my $free = sell($seller, products => [ [ make_product($shop), discount => 100 ] ]);
    named(pay($seller, $free, unique('tx')), 'paid');
    my $error = sell($seller);
    end_in_error(number => $error);
    named(pay($seller, $error, unique('tx')), 'closed');
};

subtest 'order not exist' => sub {
    my $colleague = make_company_member($shop, role => 'manager');
    my $number    = sell($seller);
    my $missing   = pay($seller, 'AAAA160401000001OD', unique('tx'));
    named($missing, 'order not exist');
    my $foreign = make_company_member(make_company);
    for my $reply (pay($colleague, $number, unique('tx')), pay($foreign, $number, unique('tx')), pay($seller, sell($foreign), unique('tx')),
        pay(make_company_member($shop, role => 'member'), $number, unique('tx')), map { pay($seller, $_, unique('tx')) } 1, "O'D", '%', "\x{e4}") {
        named($reply, 'order not exist');
        is($reply->content, $missing->content, 'the response equals that for an unknown order');
    }
    my $shop2 = make_company;
    db()->do('UPDATE orders.users SET current_company_id = ? WHERE tenant_id = 1 AND id = ?', undef, $shop2->{id}, $seller->{id});
    named(pay($seller, $number, unique('tx')), 'not company member');
    db()->do(q(INSERT INTO orders.membership (tenant_id, external_ref, company_id, user_id, role) VALUES (1, ?, ?, ?, 'salesperson')),
        undef, unique('membership'), $shop2->{id}, $seller->{id});
    named(pay($seller, $number, unique('tx')), 'order not exist');
    db()->do('UPDATE orders.users SET current_company_id = ? WHERE tenant_id = 1 AND id = ?', undef, $shop->{id}, $seller->{id});
    my $paid = paid_sale($foreign);
    named(pay($seller, $paid->{number}, $paid->{transaction}), 'order not exist');
    is(states_of($number), 'open unpaid', 'the order is unchanged');
    is(pay($seller, $number, unique('tx'))->code, 200, 'after returning to the company, the agent can record the payment');
};

subtest 'lack of parameters and authorization' => sub {
    my $number = sell($seller);
    named(company('payment', $seller, %$_), 'lack of parameters')
        for {}, { order_number => $number }, { transaction_id => 'x' }, { order_number => '', transaction_id => 'x' }, { order_number => $number, transaction_id => '' },
        { order_number => [$number], transaction_id => 'x' }, { order_number => $number, transaction_id => {} }, { order_number => $number, transaction_id => undef },
        { order_number => $number, transaction_id => 'x' x 256 }, { order_number => $number, transaction_id => "a\tb" }, { order_number => $number, transaction_id => 1.5 };
    named(pay(undef, $number, 'x'), 'lack of parameters');
    named(pay({ token => 'nonsense' }, undef, 'x'), 'lack of parameters');
    named(pay($_, $number, unique('tx')), 'does not signin') for { token => 'nonsense' }, make_consumer, operator;
    named(pay(make_company_member($shop, chosen => 0), 'none', 'x'), 'not select company yet');
    my $closed = make_company;
    my $there  = make_company_member($closed);
    db()->do('UPDATE orders.company SET active = false WHERE tenant_id = 1 AND id = ?', undef, $closed->{id});
    named(pay($there, 'none', 'x'), 'company not exist');
    named(pay(make_company_member($shop, active => 0), 'none', 'x'), 'not company member');
    is(states_of($number), 'open unpaid', 'the order is unchanged');
    is(pay($seller, $number, unique('x' x 200))->code, 200, 'a long transaction id is accepted');
};

invariants_hold();
done;
