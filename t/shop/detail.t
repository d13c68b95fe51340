# SPDX-License-Identifier: Apache-2.0
# GET /api/v1/orders/:id: every member, for orders of every kind.
use strict;
use warnings;
use utf8;
use ModOrders::Shop;
use ModOrders::Test;

my $time  = qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
my $buyer = make_user(name => 'John Doe', balance => 100_000_000, currency => 'IDR');
my $class = make_tax(1000);
my $phone = make_goods(
    name => 'Samsung Galaxy S24', slug => unique('samsung-galaxy-s24'), variant => '8GB/128GB - Black', tax_class => $class,
    prices => { IDR => 12_000_000 });
my %address = (
    receiverName => 'John Doe', phone => '+6281234567890', addressLine1 => 'Jl. Sudirman No. 123', addressLine2 => 'Apt 45B',
    city => 'Jakarta Selatan', province => 'DKI Jakarta', postalCode => '12190', country => 'Indonesia',
);
my %shipping = (courier => 'JNE', service => 'REG', price => 15_000, estimated_delivery => '2-3 hari');

subtest 'a new order' => sub {
    my $voucher = make_coupon(percent_bp => 2000);
    my $order   = order_goods($buyer, lines => [ [ $phone, 2 ] ], voucher => $voucher->{code}, shipping => \%shipping,
        shipping_address => \%address, notes => 'Please call before delivery');
    my $reply = shop(GET => $order, $buyer);
    is($reply->code, 200, 'the order is returned');
    my $data = $reply->{json}{data};
    is_deeply([ sort keys %{ $reply->{json} } ], ['data'], 'the body has the member data');
    my ($line) = grep { $_->{kind} eq 'product' } @{ $order->{lines} };
    like($data->{createdAt}, $time, 'the order has its time');
    is_deeply($data, {
        id => $order->{public_id}, orderNumber => $order->{number}, status => 'pending_payment', statusLabel => 'Menunggu Pembayaran',
        user  => { id => public_id($buyer), name => 'John Doe', email => $buyer->{email} },
        items => [ {
            id => $reply->{json}{data}{items}[0]{id}, productId => $reply->{json}{data}{items}[0]{productId}, productTitle => 'Samsung Galaxy S24', productSlug => $phone->{slug},
            variantName => '8GB/128GB - Black', qty => 2, unitPrice => 12_000_000, subtotal => 24_000_000, imageUrl => $phone->{image},
        } ],
        shippingAddress => \%address,
        pricing  => { subtotal => 24_000_000, discount => 4_800_000, tax => 1_920_000, shipping => 15_000, total => 21_135_000 },
        voucher  => { code => $voucher->{code}, discount => 4_800_000 },
        shipping => { courier => 'JNE', service => 'REG', trackingNumber => undef, estimatedDelivery => '2-3 hari', shippedAt => undef },
        payment  => {
            method => 'bank_transfer', methodLabel => 'Transfer Bank', status => 'pending', paidAt => undef, paymentUrl => undef,
            expiryAt => undef,
        },
        notes => 'Please call before delivery', currency => 'IDR', createdAt => $order->{created_at}, updatedAt => $order->{updated_at},
        statusHistory => [ { status => 'pending_payment', timestamp => $order->{created_at} } ],
    }, 'the order has every member and no other');
    like($reply->{json}{data}{items}[0]{$_}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, "$_ is a UUID") for qw(id productId);
    like($reply->content, qr/"total":21135000[,}]/, 'amounts are integers');
};

sub public_id
{
    my ($user) = @_;
    return (rows('SELECT public_id FROM orders.users WHERE tenant_id = 1 AND id = ?', $user->{id}))[0]{public_id};
}

subtest 'an order with only required data' => sub {
    my $plain = make_goods(images => {});
    my $reply = shop(GET => order_goods($buyer, lines => [ [$plain] ]), $buyer);
    my $data  = $reply->{json}{data};
    is_deeply([ @$data{qw(shippingAddress voucher notes)} ], [ undef, undef, undef ], 'address, voucher and notes are null');
    is($data->{shipping}, undef, 'shipping is null without shipping data');
    my $strange = shop(GET => order_goods($buyer, lines => [ [$plain] ], shipping => { price => 100 }, shipping_address => { house => '3' }), $buyer);
    is_deeply([ of($strange, qw(shipping shippingAddress)) ], [ undef, undef ], 'shipping is null when no known member has a value');
    my $planned = shop(GET => order_goods($buyer, lines => [ [$plain] ], shipping => { courier => 'JNE' }), $buyer);
    is_deeply(of($planned, 'shipping'), { courier => 'JNE', map { $_ => undef } qw(service trackingNumber estimatedDelivery shippedAt) }, 'shipping is an object when a member has a value');
    is($data->{items}[0]{imageUrl}, undef, 'imageUrl is null');
    is_deeply($data->{pricing}, { subtotal => 1000, discount => 0, tax => 0, shipping => 0, total => 1000 }, 'the tax is 0');
};

subtest 'fulfilment' => sub {
    my $order = order_goods($buyer, lines => [ [ $phone, 1 ] ], shipping => \%shipping);
    my $paid  = operator_does($order, 'pay');
    my $reply = shop(GET => $order, $buyer);
    is_deeply([ of($reply, qw(status statusLabel)) ], [ 'paid', 'Dibayar' ], 'a paid order is shown as paid');
    is_deeply([ @{ $reply->{json}{data}{payment} }{qw(status paidAt)} ], [ 'paid', $paid->{updated_at} ], 'the payment has status and time');
    my @stages = (
        [ confirm => {}, 'processing', 'Diproses' ],
        [ pack => {}, 'processing', 'Diproses' ],
        [ ship => { tracking_number => 'JP1234567890' }, 'shipped', 'Sedang Dikirim' ],
        [ tracking => { status => 'on_delivery', location => 'Jakarta Selatan' }, 'shipped', 'Sedang Dikirim' ],
        [ deliver => {}, 'delivered', 'Selesai' ],
    );
    for my $stage (@stages) {
        my ($step, $with, @words) = @$stage;
        work($order, $step, %$with);
        is_deeply([ of(shop(GET => $order, $buyer), qw(status statusLabel)) ], \@words, "$step: $words[0]");
    }
    my $last = shop(GET => $order, $buyer);
    is(words($last), 'pending_payment paid processing shipped delivered', 'the history has each status once');
    my @times = map { $_->{timestamp} } @{ $last->{json}{data}{statusHistory} };
    is(scalar grep({ $_ !~ $time } @times), 0, 'each status has a time');
    is_deeply(\@times, [ sort @times ], 'the times are in order');
    is($times[1], $paid->{updated_at}, 'the payment has its time');
    my $shipping = $last->{json}{data}{shipping};
    is_deeply([ @$shipping{qw(courier service trackingNumber estimatedDelivery)} ], [ 'JNE', 'REG', 'JP1234567890', '2-3 hari' ], 'shipping has the planned and the actual values');
    is($shipping->{shippedAt}, $times[3], 'shippedAt is the time of shipping');
};

subtest 'cash on delivery' => sub {
    my $order = order_goods($buyer, payment_method => 'cod');
    is_deeply([ @{ (of(shop(GET => $order, $buyer), 'payment'))[0] }{qw(method methodLabel status)} ], [ 'cod', 'Bayar di Tempat', 'pending' ], 'the payment is unpaid');
    work($order, 'confirm');
    my $reply = shop(GET => $order, $buyer);
    is_deeply([ of($reply, 'status') ], ['processing'], 'the order is in processing');
    is(words($reply), 'pending_payment processing', 'the history has no payment');
};

subtest 'payment from a balance' => sub {
    my $reply = shop(GET => order_goods($buyer, payment_method => 'balance'), $buyer);
    is(words($reply), 'paid', 'the history of an order paid when placed has no unpaid status');
    is_deeply([ @{ (of($reply, 'payment'))[0] }{qw(method methodLabel status)} ], [ 'balance', 'Saldo', 'paid' ], 'the payment has the method');
    is((of($reply, 'payment'))[0]{paidAt}, (of($reply, 'createdAt'))[0], 'the payment has the time of the order');
};

subtest 'a free order' => sub {
    my $gift  = make_goods(prices => { IDR => 0 });
    my $reply = shop(GET => order_goods($buyer, lines => [ [$gift] ]), $buyer);
    is_deeply([ of($reply, 'status') ], ['paid'], 'the order is paid');
    my ($payment) = of($reply, 'payment');
    is_deeply([ @$payment{qw(status paymentUrl expiryAt)} ], [ 'paid', undef, undef ], 'the payment has neither URL nor expiry');
    is($payment->{paidAt}, (of($reply, 'createdAt'))[0], 'the payment has the time of the order');
};

subtest 'refunds' => sub {
    my @orders = map { order_goods($buyer, payment_method => 'balance') } 1 .. 2;
    my @operator = (token => operator->{token});
    api(POST => "/api/v1/admin/orders/$orders[0]{id}/refund", @operator, json => { amount => 1 });
    api(POST => "/api/v1/admin/orders/$orders[1]{id}/refund", @operator, json => {});
    my @replies = map { shop(GET => $_, $buyer) } @orders;
    is_deeply([ map { (of($_, 'payment'))[0]{status} } @replies ], [ 'paid', 'refunded' ], 'only a full refund changes the payment status');
    is_deeply([ map { of($_, 'status') } @replies ], [ 'paid', 'cancelled' ], 'only a full refund cancels the order');
    is_deeply([ map { words($_) } @replies ], [ 'paid', 'paid cancelled' ], 'the history has the statuses');
};

subtest 'returns' => sub {
    my $order = order_goods($buyer, payment_method => 'balance');
    work($order, 'deliver');
    my $before   = shop(GET => $order, $buyer);
    my @operator = (token => operator->{token});
    api(POST => "/api/v1/admin/orders/$order->{id}/returns", @operator, json => { lines => [ { id => $order->{lines}[0]{id} } ], reason => 'Too big' });
    my $id       = (rows('SELECT id FROM orders.order_return WHERE tenant_id = 1 AND order_id = ?', $order->{id}))[0]{id};
    api(POST => "/api/v1/admin/returns/$id/$_", @operator, json => {}) for qw(approve receive refund);
    is(join(' ', @{ order_row($order->{id}) }{qw(payment_state fulfilment_state)}), 'refunded returned', 'the returned goods are refunded');
    my $reply = shop(GET => $order, $buyer);
    is_deeply([ of($reply, 'status'), (of($reply, 'payment'))[0]{status} ], [ 'delivered', 'refunded' ], 'the status stays delivered');
    is_deeply([ of($reply, 'statusHistory') ], [ of($before, 'statusHistory') ], 'the history is unchanged');
};

subtest 'a payment channel' => sub {
    my $provider = start_simulator();
    $provider->mode('manual');
    my $order = order_goods($buyer, payment_method => 'external', payment_channel => 'simulator');
    my ($payment) = of(shop(GET => $order, $buyer), 'payment');
    is_deeply([ @$payment{qw(method methodLabel status)} ], [ 'simulator', 'simulator', 'pending' ], 'the payment method has the name of the channel');
    like($payment->{paymentUrl}, qr{^http://127\.0\.0\.1}, 'the payment has the URL');
    like($payment->{expiryAt}, $time, 'the payment has the expiry');
    my $label = make_label('payment_method', 'simulator', 'id', 'Simulator Pembayaran');
    is((of(shop(GET => $order, $buyer), 'payment'))[0]{methodLabel}, 'Simulator Pembayaran', 'the label of the tenant is used');
    db()->do(q(UPDATE orders.orders SET expires_at = now() - interval '1 second' WHERE tenant_id = 1 AND number = ?), undef, $order->{number});
    is((of(shop(GET => $order, $buyer), 'payment'))[0]{paymentUrl}, undef, 'an expired order has no payment URL');
    $provider->mode('decline');
    my $declined = order_goods($buyer, payment_method => 'simulator');
    my $reply = wait_for(sub { my $r = shop(GET => $declined, $buyer); (of($r, 'payment'))[0]{status} eq 'failed' && $r });
    ok($reply, 'a payment fails') or return;
    is((of($reply, 'payment'))[0]{method}, 'simulator', 'the method is still the channel');
    remove_labels($label);
};

subtest 'prices that include tax' => sub {
    my $other = make_goods(tax_class => $class, prices => { IDR => 999 });
    my $half  = make_coupon(percent_bp => 3333);
    for my $with ([], [ voucher => $half->{code} ]) {
        my $order = order_goods($buyer, lines => [ [ $phone, 3 ], [ $other, 7 ] ], tax_inclusive => JSON::PP::true,
            shipping => { %shipping, price => 14_999, tax_class => $class }, @$with);
        my ($items, $pricing) = of(shop(GET => $order, $buyer), qw(items pricing));
        my %line = map { $_->{title} => $_ } @{ $order->{lines} };
        is($pricing->{total}, $order->{total}, 'the total is the total of the order');
        is($pricing->{subtotal} - $pricing->{discount} + $pricing->{tax} + $pricing->{shipping}, $pricing->{total}, 'the amounts add up');
        is($pricing->{subtotal}, $items->[0]{subtotal} + $items->[1]{subtotal}, 'the subtotal is the sum of the items');
        is($pricing->{tax}, $order->{tax}, 'the tax is that of the order');
        cmp_ok($pricing->{tax}, '>', 0, 'the tax is positive');
        cmp_ok($pricing->{shipping}, '<', 14_999, 'shipping excludes tax');
        for my $item (@$items) {
            is($item->{subtotal}, $line{ $item->{productTitle} }{subtotal} - $line{ $item->{productTitle} }{tax}, 'the subtotal of an item excludes tax');
            is($item->{unitPrice}, int($item->{subtotal} / $item->{qty}), 'the unit price is the share of an item, rounded down');
        }
    }
};

subtest 'addresses of other APIs' => sub {
    my $order = order_goods($buyer, shipping_address => {
        given_name => 'Siti', family_name => 'Nurhaliza', phone => 6281, street => 'Jl. Thamrin 1', city => 'Jakarta', state => 'DKI', code => 10_350, country => undef });
    is_deeply((of(shop(GET => $order, $buyer), 'shippingAddress'))[0], {
        receiverName => 'Siti Nurhaliza', phone => '6281', addressLine1 => 'Jl. Thamrin 1', addressLine2 => undef, city => 'Jakarta',
        province => 'DKI', postalCode => '10350', country => undef,
    }, 'members of an address of another API are shown under the names of this API');
    my $named = order_goods($buyer, shipping_address => { name => 'Siti', postal_code => '10350' });
    is_deeply([ @{ (of(shop(GET => $named, $buyer), 'shippingAddress'))[0] }{qw(receiverName postalCode city)} ], [ 'Siti', '10350', undef ], 'the members of every API are recognised');
    my $billed = order_goods($buyer, billing_address => \%address);
    is((of(shop(GET => $billed, $buyer), 'shippingAddress'))[0], undef, 'a billing address is not shown');
};

subtest 'an order of another API' => sub {
    my $plan  = make_plan(price => 500, currency => 'IDR', name => 'Pro');
    my $order = place($buyer, $plan, quantity => 2)->{order};
    my ($row) = rows('SELECT public_id FROM orders.orders WHERE tenant_id = 1 AND id = ?', $order->{id});
    my $data  = shop(GET => $row, $buyer)->{json}{data};
    is_deeply([ @$data{qw(orderNumber status)} ], [ $order->{number}, 'paid' ], 'the order is returned');
    is_deeply([ @{ $data->{items}[0] }{qw(productTitle qty unitPrice subtotal variantName)} ], [ 'Pro', 2, 500, 1000, undef ], 'the item has its values');
    is($data->{pricing}{total}, 1000, 'the order has its total');
    my $customer = order_goods($buyer, dialect => 'customer', payment_method => 'cod');
    is((of(shop(GET => $customer, $buyer), 'orderNumber'))[0], $customer->{number}, 'the number keeps its format');
};

subtest 'ETag' => sub {
    my $order = order_goods($buyer);
    my $reply = shop(GET => $order, $buyer);
    my $tag   = $reply->header('ETag');
    like($tag, qr/^"1-[0-9a-f]{12}\.[\w-]+"$/, 'the tag is strong');
    my $same = shop(GET => $order, $buyer, headers => { 'If-None-Match' => $tag });
    is_deeply([ $same->code, $same->content, $same->header('ETag') ], [ 304, '', $tag ], 'If-None-Match with the tag: 304');
    is($same->header('Vary'), 'Accept-Language', 'a 304 has Vary');
    is(shop(GET => $order, $buyer, headers => { 'If-None-Match' => $tag }, language => 'en')->code, 200, 'the tag depends on the language');
    my $head = shop(HEAD => $order, $buyer);
    is_deeply([ $head->code, $head->content, map { $head->header($_) } 'ETag', 'Content-Length' ], [ 200, '', $tag, length $reply->content ], 'HEAD has the tag');
    upsert('users', $buyer->{ref}, name => 'John Doe jr.', login => $buyer->{login}, email => $buyer->{email});
    is(shop(GET => $order, $buyer, headers => { 'If-None-Match' => $tag })->code, 200, 'a label of the tenant changes the tag');
    my $named = shop(GET => $order, $buyer)->header('ETag');
    operator_does($order, 'pay');
    isnt(shop(GET => $order, $buyer)->header('ETag'), $named, 'a step of the order changes the tag');
};

subtest 'unknown orders and orders of other users' => sub {
    my $order = order_goods(make_user());
    says(shop(GET => $order, $buyer), 404, 'NOT_FOUND', 'not_found');
    is(shop(GET => $order, $buyer)->content, shop(GET => '01234567-89ab-cdef-0123-456789abcdef', $buyer)->content, "the order of another user looks like an unknown order");
    says(shop(GET => $_, $buyer), 404, 'NOT_FOUND', 'not_found')
        for $order->{id}, $order->{number}, 'x', '0', "$order->{public_id}0", "%7B$order->{public_id}%7D", $order->{public_id} =~ tr/-//dr, 'g1234567-89ab-cdef-0123-456789abcdef';
    my $own = order_goods($buyer);
    is(shop(GET => uc $own->{public_id}, $buyer)->code, 200, 'a UUID in upper case is accepted');
    is(api(GET => shop_path($own) . '/', token => $buyer->{token})->code, 200, 'a trailing slash is accepted');
};

invariants_hold();
done;
