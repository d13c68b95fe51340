# SPDX-License-Identifier: Apache-2.0
# user/company/order/cancel: cancels an unpaid order or an order in error.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Test;

my $shop   = make_company;
my $seller = make_company_member($shop);

sub cancel
{
    my ($who, $number, %more) = @_;
    return company('cancel', $who, order_number => $number, %more);
}

subtest 'an open order' => sub {
    for my $number ((map { sell($seller, type => $_) } qw(cash credit_card cash_consumer_app credit_card_consumer_app)), sell_link($seller),
        failed(sell_link($seller), '012', 'card expired')) {
        my $reply = cancel($seller, $number);
        is($reply->code, 200, 'the order is cancelled');
        is($reply->content, '', 'the body is empty');
        is(states_of($number), 'cancelled closed', 'the states are cancelled and closed');
    }
    my $bound = sell($seller, type => 'cash_consumer_app');
    bind_order(make_consumer, $bound);
    is(cancel($seller, $bound)->code, 200, 'a claimed order can be cancelled');
};

subtest 'an order in error' => sub {
    my $late = late(sell($seller, type => 'cash_consumer_app'));
    is(cancel($seller, $late)->code, 200, 'an expired order can be cancelled');
    is(states_of($late), 'cancelled closed', 'the expired order is cancelled');
    my $error = sell($seller);
    end_in_error(number => $error);
    is(cancel($seller, $error)->code, 200, 'an order in error can be cancelled');
    is(states_of($error), 'cancelled closed', 'the order in error is cancelled');
};

subtest 'encodings of the request' => sub {
    my $number = sell($seller);
    is(api(POST => company_path('cancel'), form => [ api_key => $seller->{token}, order_number => lc $number ])->code, 200, 'a form with a lower-case number');
    is(api(POST => company_path('cancel') . '/', json => { order_number => sell($seller) }, headers => { Authorization => $seller->{token} })->code, 200,
        'the key in Authorization is accepted');
};

subtest 'refused states' => sub {
    my $number = sell($seller);
    cancel($seller, $number);
    named(cancel($seller, $number), 'closed');
    my $paid = paid_sale($seller);
    named(cancel($seller, $paid->{number}), 'paid');
    is(states_of($paid->{number}), 'completed paid', 'a paid order stays paid');
    company('refund', $seller, order_number => $paid->{number});
    named(cancel($seller, $paid->{number}), 'refunded');
    my $confirming = confirming(sell_link($seller));
    named(cancel($seller, $confirming), 'confirming');
    is(states_of($confirming), 'open confirming', 'a confirming order stays confirming');
    named(cancel($seller, sell($seller, products => [ [ make_product($shop), discount => 100 ] ])), 'paid');
};

subtest 'order not exist' => sub {
    my $number  = sell($seller);
    my $foreign = make_company_member(make_company);
    my $missing = cancel($seller, 'AAAA160401000001OD');
    named($missing, 'order not exist');
    is($_->content, $missing->content, 'the response equals that for an unknown order')
        for cancel(make_company_member($shop, role => 'manager'), $number), cancel($foreign, $number), cancel($seller, sell($foreign)), cancel($seller, paid_sale($foreign)->{number}),
        cancel(make_company_member($shop, role => 'member'), $number), map { cancel($seller, $_) } 1, "O'D", '%', "\x{e4}";
    is(states_of($number), 'open unpaid', 'the order is unchanged');
};

subtest 'lack of parameters and authorization' => sub {
    my $number = sell($seller);
    named(company('cancel', $seller, %$_), 'lack of parameters')
        for {}, { order_number => '' }, { order_number => undef }, { order_number => [$number] }, { order_number => { a => $number } }, { order_number => 'x' x 256 },
        { order_number => JSON::PP::false }, { order_number => "$number\n" };
    named(cancel(undef, $number), 'lack of parameters');
    named(cancel({ token => 'nonsense' }, undef), 'lack of parameters');
    named(cancel($_, $number), 'does not signin') for { token => 'nonsense' }, make_consumer, operator;
    named(cancel(make_company_member($shop, chosen => 0), 'none'), 'not select company yet');
    my $closed = make_company;
    my $there  = make_company_member($closed);
    db()->do('UPDATE orders.company SET active = false WHERE tenant_id = 1 AND id = ?', undef, $closed->{id});
    named(cancel($there, 'none'), 'company not exist');
    named(cancel(make_company_member($shop, active => 0), 'none'), 'not company member');
    is(states_of($number), 'open unpaid', 'the order is unchanged');
};

invariants_hold();
done;
