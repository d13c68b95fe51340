# SPDX-License-Identifier: Apache-2.0
# user/company/order/refund/query: checks whether a refund is possible, without changing anything.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Httpd;
use ModOrders::Test;

my $shop   = make_company;
my $seller = make_company_member($shop);

sub query
{
    my ($who, $number, %more) = @_;
    return company('refund_query', $who, order_number => $number, %more);
}

subtest 'an order that can be refunded' => sub {
    for my $type (qw(cash credit_card cash_consumer_app credit_card_consumer_app)) {
        my $number = paid_sale($seller, type => $type)->{number};
        my $before = order_of($number);
        my $reply  = query($seller, $number);
        is($reply->code, 200, "$type: a refund is possible");
        is($reply->content, '{}', 'the body is an empty object');
        is_deeply(order_of($number), $before, 'the order is unchanged');
    }
    my $number = paid_sale($seller)->{number};
    is(query(make_company_member($shop, role => $_), $number)->code, 200, "a $_ of the company") for qw(salesperson manager);
    is(api(POST => company_path('refund_query') . '/', form => [ api_key => $seller->{token}, order_number => lc $number ])->content, '{}', 'a form');
};

subtest 'refused states' => sub {
    named(query($seller, sell($seller)), 'open');
    named(query($seller, failed(sell_link($seller), '012', 'card expired')), 'open');
    named(query($seller, confirming(sell_link($seller))), 'confirming');
    my $closed = sell($seller);
    company('cancel', $seller, order_number => $closed);
    named(query($seller, $closed), 'closed');
    my $late = late(sell($seller, type => 'cash_consumer_app'));
    named(query($seller, $late), 'closed');
    my $sale = paid_sale($seller);
    company('refund', $seller, order_number => $sale->{number});
    named(query($seller, $sale->{number}), 'refunded');
    named(query($seller, age_payment($sale->{number}, 90)), 'refunded');
    named(query($seller, sell($seller, products => [ [ make_product($shop), discount => 100 ] ])), 'closed');
};

subtest 'refund expired' => sub {
    named(query($seller, age_payment(paid_sale($seller)->{number}, 30, 60)), 'refund expired');
    is(query($seller, age_payment(paid_sale($seller)->{number}, 30, -60))->code, 200, 'a minute before the end of the window');
    my $number = sell($seller);
    db()->do(q(UPDATE orders.orders SET created_at = created_at - interval '90 days' WHERE tenant_id = 1 AND number = ?), undef, $number);
    company('payment', $seller, order_number => $number, transaction_id => unique('tx'));
    is(query($seller, $number)->code, 200, 'the window starts at the payment');
    my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersPublicURL https://shop.example\nOrdersWorker Off", locations => "<Location />\nOrdersAPI company\nOrdersRefundWindow 100\n</Location>")->start;
    my $old = age_payment(paid_sale($seller)->{number}, 99);
    named(query($seller, $old), 'refund expired');
    is(ask(POST => $httpd->url(company_path('refund_query')), json => { api_key => $seller->{token}, order_number => $old })->code, 200, 'OrdersRefundWindow sets the window');
};

subtest 'order not exist' => sub {
    my $number  = paid_sale($seller)->{number};
    my $foreign = make_company_member(make_company);
    my $missing = query($seller, 'AAAA160401000001OD');
    named($missing, 'order not exist');
    is($_->content, $missing->content, 'the response equals that for an unknown order')
        for query($foreign, $number), query(make_company_member($shop, role => 'member'), $number), map { query($seller, $_) } 1, "O'D", '%', "\x{e4}", paid_sale($foreign)->{number};
};

subtest 'lack of parameters and authorization' => sub {
    my $number = paid_sale($seller)->{number};
    named(company('refund_query', $seller, %$_), 'lack of parameters') for {}, map { { order_number => $_ } } '', undef, [], {}, 'x' x 256, JSON::PP::true;
    named(query(undef, $number), 'lack of parameters');
    named(query({ token => 'nonsense' }, undef), 'lack of parameters');
    named(query($_, $number), 'does not signin') for { token => 'nonsense' }, make_consumer, operator;
    named(query(make_company_member($shop, chosen => 0), 'none'), 'not select company yet');
    my $closed = make_company;
    my $there  = make_company_member($closed);
    db()->do('UPDATE orders.company SET active = false WHERE tenant_id = 1 AND id = ?', undef, $closed->{id});
    named(query($there, 'none'), 'company not exist');
    named(query(make_company_member($shop, active => 0), 'none'), 'not company member');
};

invariants_hold();
done;
