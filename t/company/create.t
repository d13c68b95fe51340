# SPDX-License-Identifier: Apache-2.0
# user/company/order/create: orders a cart once.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Httpd;
use ModOrders::Test;

my $shop   = make_company;
my $seller = make_company_member($shop);

sub create
{
    my ($who, $cart, $type, %more) = @_;
    return company('create', $who, cart_id => ref $cart ? $cart->{id} : $cart, type => $type, %more);
}

sub orders_of
{
    my ($cart) = @_;
    return (rows('SELECT count(*) AS n FROM orders.orders WHERE tenant_id = 1 AND cart_id = ?', $cart->{id}))[0]{n};
}

# Seconds until the order expires, or undef.
sub lifetime
{
    my ($number) = @_;
    return (rows('SELECT extract(epoch FROM expires_at - created_at)::integer AS s FROM orders.orders WHERE tenant_id = 1 AND number = ?',
        $number))[0]{s};
}

subtest 'cash and card' => sub {
    for my $type (qw(cash credit_card)) {
        my $cart  = make_cart($seller);
        my $reply = create($seller, $cart, $type);
        is($reply->code, 200, "$type: an order is placed");
        is($reply->header('Content-Type'), 'application/json', 'the body is JSON');
        is(member_names($reply->{json}), 'order_number payment_method qrcode', 'the body has every member and no other');
        like($reply->{json}{order_number}, qr/^\Q$shop->{prefix}\E\d{6}\d{6,}OD$/, 'the order number has the prefix');
        my ($today) = rows(q(SELECT to_char(now() AT TIME ZONE 'UTC', 'YYMMDD') AS d));
        like($reply->{json}{order_number}, qr/^[A-Z]+$today->{d}/, 'the order number has the date');
        is($reply->{json}{payment_method}, $type, 'the body has the payment method');
        ok(exists $reply->{json}{qrcode} && !defined $reply->{json}{qrcode}, 'qrcode is null');
        is(lifetime($reply->{json}{order_number}), undef, 'the order does not expire');
        is_deeply([ @{ order_of($reply->{json}{order_number}) }{qw(agent_id retailer_id buyer_id state payment_state)} ],
            [ $seller->{id}, $shop->{id}, undef, 'open', 'unpaid' ], 'the order has the salesperson and the company');
    }
};

subtest 'for a consumer' => sub {
    for my $type (qw(cash_consumer_app credit_card_consumer_app)) {
        my $made = create($seller, make_cart($seller), $type)->{json};
        is($made->{payment_method}, $type, $type);
        like($made->{qrcode}, qr{^[A-Za-z0-9+/]+=*$}, 'qrcode is base64');
        is_deeply([ qr_texts($made->{qrcode}) ], [ base_url() . "/order/$made->{order_number}/detail" ], "the code has the URL of the consumer's page");
        is(consumer($made->{order_number}, make_consumer)->code, 200, 'the consumer can open the order');
        is(lifetime($made->{order_number}), 900, 'the order expires after 15 minutes');
    }
};

subtest 'cart_id' => sub {
    for my $as (sub { $_[0]{id} }, sub { "$_[0]{id}" }, sub { $_[0]{code} }, sub { lc $_[0]{code} }) {
        my $cart = make_cart($seller);
        is(create($seller, $as->($cart), 'cash')->code, 200, 'the cart is accepted as ' . $as->($cart));
        is(orders_of($cart), 1, 'the cart is ordered');
    }
    my $form = ask(POST => company_path('create'), form => [ api_key => $seller->{token}, cart_id => make_cart($seller)->{code}, type => 'cash' ]);
    is($form->code, 200, 'a form is accepted');
    my $body = join "\r\n", map({ my ($name, $value) = @$_; ('--b', qq(Content-Disposition: form-data; name="$name"), '', $value) }
        [ api_key => $seller->{token} ], [ cart_id => make_cart($seller)->{code} ], [ type => 'credit_card_consumer_app' ]), '--b--', '';
    my $multipart = ask(POST => company_path('create'), body => $body, type => 'multipart/form-data; boundary=b');
    is($multipart->code, 200, 'a multipart form is accepted');
    is($multipart->{json}{payment_method}, 'credit_card_consumer_app', 'the order has the method of the form');
};

subtest 'amounts of the order' => sub {
    my $first  = make_product($shop, prices => { JPY => 1000, CHF => 12_50 });
    my $second = make_product($shop, prices => { JPY => 333, CHF => { price => 10_00, list_price => 20_00 } });
    my $number = sell($seller, currency => 'CHF', products => [ [ $first, quantity => 3, discount => 5 ], $second ]);
    is_deeply([ @{ order_of($number) }{qw(currency subtotal discount total)} ], [ 'CHF', 47_50, 5, 47_45 ], 'quantities and discounts');
    my $free = create($seller, make_cart($seller, products => [ [ $first, discount => 1000 ] ]), 'cash')->{json}{order_number};
    is_deeply([ @{ order_of($free) }{qw(total state payment_state)} ], [ 0, 'completed', 'paid' ], 'a total of 0: the order is paid');
};

subtest 'current prices' => sub {
    my $product = make_product($shop, prices => { JPY => 1000 });
    my $cart    = make_cart($seller, products => [ [ $product, discount => 400, quantity => 1 ] ]);
    change_product($product, prices => { JPY => 2000 });
    my $number = create($seller, $cart, 'cash')->{json}{order_number};
    is_deeply([ @{ order_of($number) }{qw(subtotal discount total)} ], [ 2000, 400, 1600 ], 'the order has the current prices');
    $cart = make_cart($seller, products => [ [ $product, discount => 1500 ], make_product($shop, prices => { JPY => 7 }) ]);
    change_product($product, prices => { JPY => 1000 });
    $number = create($seller, $cart, 'cash')->{json}{order_number};
    is_deeply([ @{ order_of($number) }{qw(subtotal discount total)} ], [ 1007, 1000, 7 ], 'a discount is limited to the price');
    change_product($product, prices => { JPY => 5 });
    is(order_of($number)->{total}, 7, 'later changes do not affect the order');
};

subtest 'repeated requests' => sub {
    for my $type (qw(cash credit_card cash_consumer_app credit_card_consumer_app)) {
        my $cart  = make_cart($seller);
        my $first = create($seller, $cart, $type)->{json};
        named(create($seller, $cart, $_), 'repeat', %$first) for $type, 'cash';
        named(create($seller, $cart->{code}, $type), 'repeat', %$first);
        is(orders_of($cart), 1, "$type: the cart has one order");
    }
    my $cart  = make_cart($seller);
    my $first = create($seller, $cart, 'cash')->{json};
    company('cancel', $seller, order_number => $first->{order_number});
    named(create($seller, $cart, 'cash'), 'repeat', %$first);
    is(order_of($first->{order_number})->{state}, 'cancelled', 'a cancelled order is returned too');
    my $product = make_product($shop);
    $cart  = make_cart($seller, products => [$product]);
    $first = create($seller, $cart, 'cash')->{json};
    change_product($product, active => 0);
    named(create($seller, $cart, 'cash'), 'repeat', %$first);
};

subtest 'lack of parameters' => sub {
    my $cart = make_cart($seller);
    named(company('create', $seller, %$_), 'lack of parameters')
        for {}, { cart_id => $cart->{id} }, { type => 'cash' }, { cart_id => '', type => 'cash' }, { cart_id => undef, type => 'cash' },
        { cart_id => $cart->{id}, type => '' }, { cart_id => [ $cart->{id} ], type => 'cash' }, { cart_id => { id => 1 }, type => 'cash' },
        { cart_id => JSON::PP::true, type => 'cash' }, { cart_id => 1.5, type => 'cash' }, { cart_id => 'x' x 256, type => 'cash' },
        { cart_id => "C\n1", type => 'cash' }, { cart_id => $cart->{id}, type => [] }, { cart_id => $cart->{id}, type => 1 };
    named(create($seller, $cart, $_), 'lack of parameters')
        for 'Cash', 'paypal', 'balance', 'manual', 'external', 'consumer_app', 'cash ', 'x' x 300;
    named(create(undef, $cart, 'cash'), 'lack of parameters');
    named(create({ token => 'nonsense' }, $cart, 'gold'), 'lack of parameters');
    is(orders_of($cart), 0, 'no order is placed');
};

subtest 'authorization' => sub {
    my $cart = make_cart($seller);
    named(create($_, $cart, 'cash'), 'does not signin') for { token => 'nonsense' }, make_consumer, operator;
    named(create(make_company_member($shop, chosen => 0), 999_999_999, 'cash'), 'not select company yet');
    my $closed = make_company;
    my $there  = make_company_member($closed);
    db()->do('UPDATE orders.company SET active = false WHERE tenant_id = 1 AND id = ?', undef, $closed->{id});
    named(create($there, 999_999_999, 'cash'), 'company not exist');
    named(create(make_company_member($shop, role => 'none'), 999_999_999, 'cash'), 'not company member');
    named(create(make_company_member($shop, active => 0),    999_999_999, 'cash'), 'not company member');
    named(create(make_company_member($shop, role => 'member'), 999_999_999, 'cash'), 'not company member');
    my $manager = make_company_member($shop, role => 'manager');
    is(create($manager, make_cart($manager), 'cash')->code, 200, 'a manager can order');
    is(orders_of($cart), 0, 'no order is placed');
};

subtest 'cart not exist' => sub {
    named(create($seller, $_, 'cash'), 'cart not exist') for 999_999_999, '999999999999999999', '9' x 30, 0, -1, 'C99999999', 'nothing', "C'1", '%', "\x{e4}";
    my $hers = make_cart(make_company_member($shop));
    named(create($seller, $hers, 'cash'), 'cart not exist');
    my $elsewhere = make_cart(make_company_member(make_company));
    named(create($seller, $elsewhere, 'cash'), 'cart not exist');
    is(orders_of($_), 0, "the cart of another salesperson is unchanged") for $hers, $elsewhere;
    my $stranger = make_company_member(make_company);
    my $ordered  = make_cart($stranger);
    create($stranger, $ordered, 'cash');
    named(create($seller, $ordered, 'cash'), 'cart not exist');
};

subtest 'no products' => sub {
    my $cart = make_cart($seller, products => []);
    named(create($seller, $_, 'cash'), 'no products') for $cart, $cart->{code};
    is(orders_of($cart), 0, 'no order is placed');
    named(create($seller, $cart, 'barter'), 'lack of parameters');
};

subtest 'product invalid' => sub {
    my ($fine, $unpriced, $gone, $other) = map { make_product($shop, prices => { JPY => 100, CHF => 100 }) } 1 .. 4;
    my $cart = make_cart($seller, products => [ $fine, $unpriced, $gone, $other ]);
    change_product($unpriced, prices => { CHF => 100 });
    named(create($seller, $cart, 'cash'), 'product invalid', products => [ $unpriced->{number} ]);
    change_product($gone, active => 0);
    db()->do('UPDATE orders.variant SET active = false WHERE tenant_id = 1 AND number = ?', undef, $other->{number});
    named(create($seller, $cart, 'cash'), 'product invalid', products => [ map { $_->{number} } $unpriced, $gone, $other ]);
    is(orders_of($cart), 0, 'no order is placed');
    is((rows('SELECT state FROM orders.cart WHERE tenant_id = 1 AND id = ?', $cart->{id}))[0]{state}, 'open', 'the cart is still open');
    change_product($_, prices => { JPY => 100 }, active => 1) for $unpriced, $gone, $other;
    is(create($seller, $cart, 'cash')->code, 200, 'the cart can be ordered once all products are sold');
};

subtest 'amounts out of range' => sub {
    my $dear = make_product($shop, prices => { JPY => 1_000_000_000_000_000 });
    my $cart = make_cart($seller, products => [ [ $dear, quantity => 1_000_000 ] ]);
    my $reply = create($seller, $cart, 'cash');
    named($reply, 'lack of parameters') or diag('the table of the API has no better message');
    is(orders_of($cart), 0, 'no order is placed');
};

subtest 'round trips' => sub {
    my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorker Off\nOrdersSessions 1\nOrdersPublicURL https://shop.example", locations => "<Location /desk>\nOrdersAPI company\n</Location>")->start;
    my ($counted, $other) = (make_product($shop, stock => 9), make_product($shop));
    my $trips = sub {
        my $cart  = make_cart($seller, products => [@_]);
        my $reply = ask(POST => $httpd->url('/desk' . company_path('create')), json => { api_key => $seller->{token}, cart_id => $cart->{id}, type => 'cash' });
        is($reply->code, 200, 'an order is placed') or diag($reply->as_string);
        return $httpd->last_access('/desk' . company_path('create'), $reply->header('X-Request-Id'))->{trips};
    };
    $trips->($_) for $counted, $other; # prepares the statements
    is($trips->($other), 1, 'one round trip without counted stock');
    is($trips->($counted), 2, 'two round trips with counted stock: the lock of the stock is released before the order is durable');
    $httpd->stop;
};

subtest 'OrdersConsumerExpiry' => sub {
    my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorker Off\nOrdersPublicURL https://shop.example\nOrdersConsumerExpiry 60",
        locations => "<Location /short>\nOrdersAPI company\n</Location>\n<Location /never>\nOrdersAPI company\nOrdersConsumerExpiry 0\n</Location>")->start;
    my $at = sub {
        my ($mount, $type) = @_;
        my $reply = ask(POST => $httpd->url($mount . company_path('create')), json => { api_key => $seller->{token}, cart_id => make_cart($seller)->{id}, type => $type });
        is($reply->code, 200, "$mount: $type") or diag($reply->as_string);
        return $reply->{json};
    };
    my $short = $at->('/short', 'cash_consumer_app');
    is(lifetime($short->{order_number}), 60, 'the expiry is that of the Location');
    is_deeply([ qr_texts($short->{qrcode}) ], ["https://shop.example/short/order/$short->{order_number}/detail"], 'the code has OrdersPublicURL and the mount');
    is(lifetime($at->('/never', 'credit_card_consumer_app')->{order_number}), undef, '0: the order does not expire');
    is(lifetime($at->('/short', 'cash')->{order_number}), undef, 'the expiry applies only to orders for consumers');
};

invariants_hold();
done;
