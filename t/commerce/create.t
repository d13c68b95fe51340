# SPDX-License-Identifier: Apache-2.0
# create-order of the commerce API: placed orders and all refusals.
use strict;
use warnings;
use ModOrders::Commerce;
use ModOrders::Goods ();
use ModOrders::Test;

my $buyer = make_user();
my $lamp  = make_item(price => 19_99, list_price => 22_50);
my $pen   = make_item(price => 1_50);

sub order { my ($body, %with) = @_; return commerce(POST => 'create-order', $buyer, json => $body, %with) }

# --- placed orders --------------------------------------------------------------------------------------------------

subtest 'an order' => sub {
    my $reply = order(order_body($buyer, [ $lamp, 2 ], [$pen]));
    is($reply->code, 200, 'the order is placed') or diag($reply->as_string);
    my $data = data_of($reply);
    is_deeply($reply->{json}, { status_code => 200, errors => {}, data => {
        order_id => $data->{order_id}, order_number => $data->{order_number}, order_total => 41.48, currency_code => 'USD', status => 'pending' } }, 'the body has the form of the API');
    like($reply->content, qr/"order_id":\d+,"order_number":"\d{12,}","order_total":41\.48,/, 'numbers are numbers, and the order number is a string of digits');
    my $row = order_row($data->{order_id});
    is_deeply([ @$row{qw(api number buyer_id payment_method payment_state fulfilment_state total)} ],
        [ 'commerce', $data->{order_number}, $buyer->{id}, 'manual', 'unpaid', 'pending', 41_48 ], 'the order is in the database');
    my @lines = rows('SELECT item_id, quantity, unit_price, list_price, discount FROM orders.order_line WHERE tenant_id = 1 AND order_id = ? ORDER BY id', $data->{order_id});
    is_deeply(\@lines, [ { item_id => $lamp->{variant_id}, quantity => 2, unit_price => 22_50, list_price => 22_50, discount => 5_02 },
        { item_id => $pen->{variant_id}, quantity => 1, unit_price => 1_50, list_price => 1_50, discount => 0 } ], 'the order has its lines');
    my @addresses = rows('SELECT kind, document ->> \'city\' AS city FROM orders.order_address WHERE tenant_id = 1 AND order_id = ? ORDER BY 1', $data->{order_id});
    is_deeply(\@addresses, [ map { { kind => $_, city => 'Springfield' } } qw(billing shipping) ], 'the order has its address');
    done;
};

subtest 'a trailing slash' => sub {
    is(commerce(POST => 'create-order/', $buyer, json => order_body($buyer, [$pen]))->code, 200, 'a trailing slash is accepted');
    done;
};

subtest 'numbers and strings' => sub {
    my $number = sprintf "%d%04d", $$ + 1_000_000, rand 10_000;
    my $user   = make_user(ref => "$number", login => "u$number");
    my $body   = order_body($user, [ $lamp, 2 ]);
    my $text   = { %$body, total_amount => '39.98', products => [ { map { $_ => "$body->{products}[0]{$_}" } keys %{ $body->{products}[0] } } ], uid => "$number" };
    is(commerce(POST => 'create-order', $user, json => $text)->code, 200, 'numbers as strings');
    is(commerce(POST => 'create-order', $user, json => { %$text, uid => 0 + $number })->code, 200, 'the uid as a number');
    is(commerce(POST => 'create-order', $user, body => JSON::PP->new->canonical->encode($body) =~ s/"total_amount":39\.98/"total_amount":39.9800/gr)->code, 200, 'decimals that are 0');
    my $loose = { %$body, address => address(address_phone_number => 15550100, address_postal_code => 90210, address_name_line => 12) };
    is(commerce(POST => 'create-order', $user, json => $loose)->code, 200, 'numbers in an address');
    is(commerce(POST => 'create-order', $user, json => order_body($user, [ $pen, 1, discount => undef ]))->code, 200, 'a discount of null');
    my $without = order_body($user, [ $pen, 1 ]);
    delete $without->{products}[0]{discount};
    is(commerce(POST => 'create-order', $user, json => $without)->code, 200, 'a line without a discount');
    is(order_count($user), 6, 'each request placed an order');
    done;
};

# --- error messages -------------------------------------------------------------------------------------------------

my %words = (
    products      => 'This field is required. Must have one product.',
    quantity      => 'Invalid quantity. Quantity must be greater than 1.',
    uid           => 'Invalid user id',
    total_amount  => 'Invalid order total_amount. Order total_amount must be the sum of line item total_amount.',
    map { $_ => "Invalid $_" } keys %{ address() },
);
my $none = 9_000_000_000_000;

subtest 'one invalid field' => sub {
    my $count = order_count($buyer);
    my $line  = sub { my (%with) = @_; return order_body($buyer, [ $pen, 1, %with ]) };
    my $sum   = sub { my ($amount) = @_; return { %{ order_body($buyer, [$pen]) }, total_amount => $amount } };
    my $place = sub { my (%with) = @_; return { %{ order_body($buyer, [$pen]) }, address => address(%with) } };
    for my $case (
        [ 'no products',              { %{ order_body($buyer, [$pen]) }, products => [] },    products => $words{products}, total_amount => $words{total_amount} ],
        [ 'products that are no list', { %{ order_body($buyer, [$pen]) }, products => 'pen' }, products => $words{products}, total_amount => $words{total_amount} ],
        [ 'an unknown product',       $line->(product_id => $none), product_id => "Invalid product_id $none" ],
        [ 'a product id that is a word', $line->(product_id => 'pen'), product_id => 'Invalid product_id pen' ],
        [ 'no product id',            $line->(product_id => undef), product_id => 'Invalid product_id' ],
        [ 'an object as product id',  $line->(product_id => { id => 1 }), product_id => 'Invalid product_id' ],
        (map { [ 'a quantity of ' . ($_ // 'nothing'), $line->(quantity => $_), quantity => $words{quantity} ] } 0, -1, 1.5, 'two', '', undef, [1], 1_000_001),
        (map { [ 'a price of ' . ($_ // 'nothing'), $line->(unit_price => $_), unit_price => 'Invalid unit_price. It is 1.50.' ] } 1, 1.501, -1.5, 'x', undef, []),
        (map { [ "a discount of $_", $line->(discount => $_), discount => 'Invalid discount. It is 0.00.' ] } 0.01, -1, 'x', []),
        [ 'another total of the line', order_body($buyer, [ $pen, 1, total_amount => 1 ], { total_amount => 1 }), total_amount => 'Invalid line item total_amount. It is 1.50.' ],
        (map { [ 'a total of ' . ($_ // 'nothing'), $sum->($_), total_amount => $words{total_amount} ] } 1.49, 0, -1.5, 'x', undef, {}),
        (map { [ 'unknown user: ' . ($_ // 'none'), { %{ order_body($buyer, [$pen]) }, uid => $_ }, uid => $words{uid} ] } 'nobody', '', undef, [], $none),
        [ 'another user', { %{ order_body($buyer, [$pen]) }, uid => make_user()->{ref} }, uid => $words{uid} ],
        (map { my $field = $_; map { [ "$field: " . ($_ // 'none'), $place->($field => $_), $field => $words{$field} ] } '', undef, ' ', "a\tb", [] } grep { !/postal_code|_code/ } sort keys %{ address() }),
        [ 'a malformed mail address', $place->(address_mail_id => 'ann'), address_mail_id => $words{address_mail_id} ],
        [ 'a name that is too long', $place->(address_first_name => 'x' x 201), address_first_name => $words{address_first_name} ],
        (map { [ "the state $_", $place->(address_state_code => $_), address_state_code => $words{address_state_code} ] } 'ZZ', 'California'),
        (map { [ "the postcode $_", $place->(address_postal_code => $_), address_postal_code => $words{address_postal_code} ] } '1234', 'ABCDE'),
        )
    {
        my ($name, $body, %errors) = @$case;
        subtest $name => sub { says(order($body), 400, %errors); done };
    }
    my $nowhere = order($place->(address_country_code => 'XX'));
    is($nowhere->code, 400, 'an unknown country is refused');
    is_deeply($nowhere->{json}{errors}{address_country_code}, ['Invalid address_country_code'], 'the message names the country code');
    is(order_count($buyer), $count, 'no order is placed');
    done;
};

subtest 'all fields invalid' => sub {
    my $reply = order({});
    is($reply->code, 400, 'an empty object is refused');
    is_deeply([ sort keys %{ $reply->{json}{errors} } ], [ sort qw(products total_amount uid), keys %{ address() } ], 'every field has a message');
    is_deeply(commerce(POST => 'create-order', $buyer)->{json}, $reply->{json}, 'a missing body has the same messages');
    my $body = order_body($buyer, [ $lamp, 0, total_amount => 1 ], [ $pen, 1, product_id => $none ], [ $pen, 2, unit_price => 7, discount => 1 ], [ $pen, 1, product_id => 'x' ],
        { uid => 'nobody', total_amount => 'x', address => address(address_first_name => '', address_state_code => 'ZZ') });
    says(order($body), 400,
        quantity     => $words{quantity},
        product_id   => [ "Invalid product_id $none", 'Invalid product_id x' ],
        unit_price   => 'Invalid unit_price. It is 1.50.',
        discount     => 'Invalid discount. It is 0.00.',
        total_amount => $words{total_amount},
        uid          => $words{uid},
        address_first_name => $words{address_first_name},
        address_state_code => $words{address_state_code},
    );
    done;
};

subtest 'products that are not objects' => sub {
    my $body = { %{ order_body($buyer, [$pen]) }, products => [ 1, 'x', undef, [], {} ] };
    is_deeply(order($body)->{json}{errors}, { product_id => [ ('Invalid product_id') x 5 ], quantity => [ ($words{quantity}) x 5 ], total_amount => [ $words{total_amount} ] }, 'each product has a message');
    my $many = order({ %{ order_body($buyer, [$pen]) }, products => [ map { { product_id => 1 } } 1 .. 501 ] });
    is($many->code, 400, '501 products are refused');
    is_deeply($many->{json}{errors}, { products => ['Too many products.'] }, 'the message names the limit');
    done;
};

subtest 'products that are not sold' => sub {
    my $off = make_item(active => JSON::PP::false);
    my $yen = make_item();
    db()->do(q(UPDATE orders.variant_price SET currency = 'JPY' WHERE tenant_id = 1 AND variant_id = ?), undef, $yen->{variant_id});
    says(order(order_body($buyer, [$_])), 400, product_id => "Invalid product_id $_->{variant_id}") for $off, $yen;
    done;
};

subtest 'stock' => sub {
    my $rare = make_item(stock => 2);
    is(order(order_body($buyer, [ $rare, 1 ]))->code, 200, 'an available item is ordered');
    my $count = order_count($buyer);
    says(order(order_body($buyer, [ $rare, 2 ])), 400, quantity => 'There is not enough stock.');
    is(order_count($buyer), $count, 'no order is placed');
    done;
};

# --- the user of an order -------------------------------------------------------------------------------------------

subtest 'an application with the scope act-as-user' => sub {
    my $member = make_user();
    my $gone   = make_user();
    my $body   = order_body($member, [$pen]);
    db()->do('UPDATE orders.users SET active = false WHERE tenant_id = 1 AND id = ?', undef, $gone->{id});
    my $placed = commerce(POST => 'create-order', undef, json => $body);
    is($placed->code, 200, 'the application alone orders for a user') or diag($placed->as_string);
    is(order_row(data_of($placed)->{order_id})->{buyer_id}, $member->{id}, 'the order belongs to the user');
    my $other = commerce(POST => 'create-order', $buyer, key => actor(), json => $body);
    is(order_row(data_of($other)->{order_id})->{buyer_id}, $member->{id}, "the order belongs to the uid, not to the token's user");
    is(commerce(POST => 'create-order', $buyer, key => actor(), json => order_body($buyer, [$pen]))->code, 200, "the uid may be that of the token's user");
    says(commerce(POST => 'create-order', undef, json => { %$body, uid => $_ }), 400, uid => 'Invalid user id') for 'nobody', '', undef, $gone->{ref};
    done;
};

# --- packages -------------------------------------------------------------------------------------------------------

my $silver = make_package(price => 25_00, list_price => 30_00, rank => 2);

subtest 'a package' => sub {
    my $member = make_user(balance => 100_00);
    my $first  = commerce(POST => 'create-order', $member, json => order_body($member, [$silver]));
    is($first->code, 200, 'a package is ordered') or diag($first->as_string);
    is(order_row(data_of($first)->{order_id})->{fulfilment_state}, 'none', 'an order of a package has no delivery');
    my $again = sub { return commerce(POST => 'create-order', $member, json => order_body($member, [$silver])) };
    says($again->(), 400, uid => 'Payment for previous purchase is not completed yet. Please wait until the payment complete or cancel that payment.');
    is(commerce(POST => 'create-order', $member, json => order_body($member, [$pen]))->code, 200, 'an unpaid package does not block goods');
    ModOrders::Goods::operator_does({ id => data_of($first)->{order_id} }, 'pay');
    says($again->(), 400, product_id => 'You already have an active package.');
    done;
};

subtest 'a package must be the only product, with quantity 1' => sub {
    my $alone = 'A package must be ordered alone, and once.';
    says(order(order_body($buyer, [$silver], [$pen])), 400, products => $alone);
    says(order(order_body($buyer, [$silver], [$silver])), 400, products => $alone);
    says(order(order_body($buyer, [ $silver, 2 ])), 400, quantity => $words{quantity});
    done;
};

# --- payment --------------------------------------------------------------------------------------------------------

subtest 'payment from the balance' => sub {
    my $rich = make_user(balance => 3_00);
    my $body = { %{ order_body($rich, [$pen]) }, payment_method => 'balance' };
    my $paid = commerce(POST => 'create-order', $rich, json => $body);
    is(data_of($paid)->{status}, 'processing', 'the order is paid immediately') or diag($paid->as_string);
    is(commerce(POST => 'create-order', $rich, json => $body)->code, 200, 'a second order is paid from the balance');
    says(commerce(POST => 'create-order', $rich, json => $body), 400, detail => 'The balance does not cover the amount.');
    is(order_count($rich), 2, 'a refused order is not placed');
    done;
};

subtest 'payment through a channel' => sub {
    my $simulator = start_simulator();
    my $body  = { %{ order_body($buyer, [$pen]) }, payment_method => 'external', payment_channel => 'simulator', payment_return_url => 'https://shop.example/thanks' };
    my $reply = order($body);
    is($reply->code, 200, 'the order is placed') or diag($reply->as_string);
    my $data = data_of($reply);
    like($data->{payment_url}, qr{^https?://}, 'the response has the payment URL');
    my $entry = sub { (grep { $_->{id} == $data->{order_id} } @{ data_of(commerce(GET => 'all-orders', $buyer))->{orders} })[0]{data} };
    is_deeply($entry->(), { payment_url => $data->{payment_url} }, 'the list has the payment URL');
    db()->do(q(UPDATE orders.orders SET metadata = '{"a": 1}' WHERE tenant_id = 1 AND id = ?), undef, $data->{order_id});
    is_deeply($entry->(), { a => 1, payment_url => $data->{payment_url} }, 'the metadata of the order are kept');
    db()->do(q(UPDATE orders.orders SET metadata = '{"big": 12345678901234567890123, "real": 1.10}' WHERE tenant_id = 1 AND id = ?), undef, $data->{order_id});
    like(commerce(GET => 'all-orders', $buyer)->content, qr/"data":\{"big": 12345678901234567890123, "real": 1\.10, "payment_url": "http/, 'large numbers in the metadata are exact');
    let_expire($data->{order_id}, q(now() - interval '1 second'));
    unlike(commerce(GET => 'all-orders', $buyer)->content, qr/payment_url/, 'an expired order has no payment URL');
    let_expire($data->{order_id}, q(now() + interval '15 minutes'));
    is($data->{status}, 'pending', 'the order is pending');
    my ($payment) = rows('SELECT * FROM orders.payment WHERE tenant_id = 1 AND order_id = ?', $data->{order_id});
    is_deeply([ @$payment{qw(channel return_url pay_url)} ], [ 'simulator', 'https://shop.example/thanks', $data->{payment_url} ], 'the payment has channel and return URL');
    ok(order_row($data->{order_id})->{expires_at}, 'the order has an expiry');
    done;
};

subtest 'unknown payment methods and channels' => sub {
    my $count = order_count($buyer);
    my $with  = sub { return order({ %{ order_body($buyer, [$pen]) }, @_ }) };
    says($with->(payment_method => $_), 400, payment_method => 'Must be one of: manual, balance, external.') for 'cod', 'card';
    says($with->(payment_method => 7), 400, payment_method => 'Must be a string.');
    says($with->(payment_method => 'external'), 400, payment_channel => 'An external payment needs a channel.');
    says($with->(payment_method => $_, payment_channel => 'simulator'), 400, payment_channel => 'Only an external payment has a channel.') for 'balance', 'manual';
    says($with->(payment_method => 'external', payment_channel => 'none'), 400, payment_channel => 'There is no such payment channel.');
    says($with->(payment_method => 'external', payment_channel => 'simulator', payment_return_url => $_), 400, payment_return_url => 'The return URL is not on the allow-list.')
        for 'https://shop.example.net/', 'http://shop.example/', 'https://shop.example/../x';
    says($with->(payment_channel => [], payment_return_url => 7), 400, map { $_ => 'Must be a string.' } qw(payment_channel payment_return_url));
    is(order_count($buyer), $count, 'no order is placed');
    done;
};

invariants_hold();
done;
