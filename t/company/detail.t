# SPDX-License-Identifier: Apache-2.0
# user/company/order/detail: an order of the company.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Test;

my $shop   = make_company;
my $seller = make_company_member($shop, given_name => 'QQ', family_name => 'Wang');
my $maker  = make_company(name => unique('Maker'));

my @ADDRESS = qw(title given_name family_name phone email street city state code country);
my $NO_ADDRESS = { map { $_ => undef } @ADDRESS };

sub detail
{
    my ($who, $number, %more) = @_;
    return company('detail', $who, order_number => $number, %more);
}

subtest 'an open order, field by field' => sub {
    my $two = make_product($maker, prices => { JPY => 100 }, options => [ { id => 1, name => 'mutiply k1' }, { id => 2, name => 'mutiply k2' } ]);
    my $one = make_product($shop, prices => { JPY => 24414 });
    my $number = sell($seller, products => [ [ $two, discount => 85 ], $one ]);
    my $reply  = detail($seller, $number);
    is($reply->code, 200, 'the order is returned');
    is($reply->header('Content-Type'), 'application/json', 'the body is JSON');
    my $order = $reply->{json};
    is(member_names($order), join(' ', sort qw(number currency total order_status payment_status payment_method transaction_id create_at refund_at
        retailer agent products histories shipping_address billing_address invoices)), 'the order has exactly the fields of the API');
    is_deeply([ @$order{qw(number currency total order_status payment_status payment_method transaction_id refund_at)} ],
        [ $number, 'JPY', 24429, 'Open', 'Open', 'cash', undef, undef ], 'the order: null where there is nothing');
    like($reply->content, qr/"create_at":\d{10},"refund_at":null,/, 'times are in seconds');
    is_deeply($order->{retailer}, { id => $shop->{id}, name => $shop->{name} }, 'the retailer');
    is_deeply($order->{agent}, { id => $seller->{id}, given_name => 'QQ', family_name => 'Wang', email => $seller->{email} }, 'the agent');
    my ($variant) = rows('SELECT id FROM orders.variant WHERE tenant_id = 1 AND number = ?', $one->{number});
    is_deeply($order->{products}, [
        {
            number => $two->{number}, company => { id => $maker->{id}, name => $maker->{name} },
            item => { id => $two->{id}, number => $two->{item_number}, name => $two->{name} },
            variants => [ { id => 1, name => 'mutiply k1' }, { id => 2, name => 'mutiply k2' } ],
            price => 100, discount_price => 85, product_status => 'initial',
        },
        {
            number => $one->{number}, company => { id => $shop->{id}, name => $shop->{name} },
            item => { id => $one->{id}, number => $one->{item_number}, name => $one->{name} },
            variants => [ { id => $variant->{id}, name => $one->{variant} } ],
            price => 24414, discount_price => 0, product_status => 'initial',
        },
    ], 'the products: options, or else the variant itself');
    like($reply->content, qr/"price":100,"discount_price":85,/, 'yen have no decimals');
    is_deeply([ map { { %$_, create_at => 0 } } @{ $order->{histories} } ], [ {
        order_status => 'Open', payment_status => 'Open', comment => '', create_at => 0,
        user => { id => $seller->{id}, given_name => 'QQ', family_name => 'Wang' },
    } ], 'the order has one history entry');
    cmp_ok(abs($order->{histories}[0]{create_at} - $order->{create_at}), '<=', 1, 'the history has the time of the order');
    is_deeply($order->{$_}, $NO_ADDRESS, "$_: all null") for qw(shipping_address billing_address);
    is_deeply($order->{invoices}, [], 'no invoices');
};

subtest 'Swiss francs' => sub {
    my $dear  = make_product($shop, prices => { CHF => 1358_85 });
    my $small = make_product($shop, prices => { CHF => 5 });
    my $reply = detail($seller, sell($seller, currency => 'CHF', products => [ [ $dear, discount => 289_38 ], [ $small, quantity => 2 ] ]));
    like($reply->content, qr/"total":1069\.57,/, 'the total is exact');
    like($reply->content, qr/"price":1358\.85,"discount_price":289\.38,/, 'the prices are exact');
    like($reply->content, qr/"price":0\.1,"discount_price":0,/, 'a line of two items is one product');
    my $huge = make_product($shop, prices => { CHF => 999_999_999_999_999 });
    like(detail($seller, sell($seller, currency => 'CHF', products => [$huge]))->content, qr/"total":9999999999999\.99,/, 'amounts are exact to the centime');
};

subtest 'histories' => sub {
    my $sale = paid_sale($seller);
    my $boss = make_company_member($shop, role => 'manager', given_name => 'B', family_name => 'Boss');
    company('refund', $boss, order_number => $sale->{number});
    my $order = detail($seller, $sale->{number})->{json};
    is_deeply([ map { [ @$_{qw(order_status payment_status comment)}, $_->{user}{family_name} ] } @{ $order->{histories} } ],
        [ [ 'Open', 'Open', '', 'Wang' ], [ 'Paid', 'Paid', '', 'Wang' ], [ 'Refunded', 'Refunded', '', 'Boss' ] ], 'history has one entry for each operation');
    is($order->{transaction_id}, $sale->{transaction}, 'the order has the transaction that paid it');
    my $late = late(sell($seller, type => 'cash_consumer_app'));
    company('payment', $seller, order_number => $late, transaction_id => unique('tx'));
    wait_for(sub { order_of($late)->{state} eq 'expired' });
    $order = detail($seller, $late)->{json};
    is_deeply([ map { [ @$_{qw(order_status payment_status comment)} ] } @{ $order->{histories} } ], [ [ 'Open', 'Open', '' ], [ 'Error', 'Closed', 'not paid in time' ] ], 'the history of an expired order');
    ok(exists $order->{histories}[1]{user} && !defined $order->{histories}[1]{user}, 'a step of the system has the user null');
    my $nameless = make_company_member($shop, given_name => undef, family_name => undef, email => undef);
    $order = detail($seller, sell($nameless))->{json};
    is_deeply($order->{agent}, { id => $nameless->{id}, given_name => $nameless->{name}, family_name => undef, email => undef }, 'an agent without given and family name');
};

subtest 'addresses' => sub {
    my $number   = sell($seller, type => 'cash_consumer_app');
    my $consumer = make_consumer;
    bind_order($consumer, $number);
    my $billing = { given_name => "Z\x{eb}", family_name => "\x{9648}", title => 1, phone => '0912345678', email => 'a@gmail.com', street => 'ABC st.', street2 => '2nd floor', city => 'Taichung',
        state => 'Taiwan', code => '30123', country => 'R.O.C.' };
    is(company('edit', $consumer, order_number => $number, billing_address => $billing)->code, 200, 'the consumer sets the billing address');
    my $order = detail($seller, $number)->{json};
    is_deeply($order->{billing_address}, { map { $_ => $billing->{$_} } @ADDRESS }, 'the billing address has its members');
    is_deeply($order->{shipping_address}, $NO_ADDRESS, 'the shipping address is empty');
    company('edit', $consumer, order_number => $number, billing_address => { given_name => 'A', family_name => 'B', title => '0' });
    is_deeply(detail($seller, $number)->{json}{billing_address}, { %$NO_ADDRESS, given_name => 'A', family_name => 'B', title => 0 }, 'a new address replaces the whole address');
};

subtest 'invoices' => sub {
    my $sale    = paid_sale($seller);
    my $invoice = invoice_of($sale->{number});
    like($invoice, qr/^\Q$shop->{prefix}\E\d{12}IN$/, 'the invoice number has prefix, date and six digits');
    my $order = detail($seller, $sale->{number})->{json};
    cmp_ok(abs($order->{invoices}[0]{create_at} - time), '<', 30, 'the invoice has the time of its creation');
    is_deeply([ map { { %$_, create_at => 0 } } @{ $order->{invoices} } ], [ {
        number => $invoice, brand => { id => $shop->{id}, name => $shop->{name} }, create_at => 0, comment => $sale->{number},
        download => base_url() . "/order/$sale->{number}/invoice/$invoice/download",
    } ], 'the invoice has its fields');
    is(api(GET => $order->{invoices}[0]{download}, headers => { Authorization => $seller->{token} })->header('Content-Type'), 'application/pdf', 'the invoice can be downloaded');
};

subtest 'authorization' => sub {
    my $number = sell($seller);
    is(detail(make_company_member($shop, role => $_), lc $number)->{json}{number}, $number, "another $_ of the company") for qw(salesperson manager);
    my $foreign = make_company_member(make_company);
    my $missing = detail($seller, 'AAAA160401000001OD');
    named($missing, 'order not exist');
    is($_->content, $missing->content, 'the response equals that for an unknown order') for detail($foreign, $number), map { detail($seller, $_) } sell($foreign), 1, "O'D", '%', "\x{e4}",
        place(make_user(balance => 10_00), make_plan(price => 10_00))->{order}{number};
    my $member = make_company_member($shop, role => 'member');
    named(detail($member, $_), 'no permission') for $number, 'none';
    named(detail($_, $number), 'does not signin') for { token => 'nonsense' }, make_consumer, operator;
    named(detail(make_company_member($shop, chosen => 0), 'none'), 'not select company yet');
    my $closed = make_company;
    my $there  = make_company_member($closed, role => 'member');
    db()->do('UPDATE orders.company SET active = false WHERE tenant_id = 1 AND id = ?', undef, $closed->{id});
    named(detail($there, 'none'), 'company not exist');
    named(detail(make_company_member($shop, active => 0), 'none'), 'not company member');
    named(company('detail', $seller, %$_), 'lack of parameters') for {}, map { { order_number => $_ } } '', undef, [], {}, 'x' x 256, JSON::PP::true, "a\nb";
    named(detail(undef, $number), 'lack of parameters');
    named(detail({ token => 'nonsense' }, undef), 'lack of parameters');
    is(api(POST => company_path('detail') . '/', form => [ api_key => $seller->{token}, order_number => $number ])->{json}{number}, $number, 'a form');
};

invariants_hold();
done;
