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

subtest 'an order as it is placed' => sub {
    my $voucher = make_coupon(percent_bp => 2000);
    my $order   = order_goods($buyer, lines => [ [ $phone, 2 ] ], voucher => $voucher->{code}, shipping => \%shipping,
        shipping_address => \%address, notes => 'Please call before delivery');
    my $reply = shop(GET => $order, $buyer);
    is($reply->code, 200, 'is shown');
    my $data = $reply->{json}{data};
    is_deeply([ sort keys %{ $reply->{json} } ], ['data'], 'as data');
    my ($line) = grep { $_->{kind} eq 'product' } @{ $order->{lines} };
    like($data->{createdAt}, $time, 'with the time');
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
    }, 'to the last member');
    like($reply->{json}{data}{items}[0]{$_}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, "$_ is a UUID") for qw(id productId);
    like($reply->content, qr/"total":21135000[,}]/, 'and amounts are integers');
};

sub public_id
{
    my ($user) = @_;
    return (rows('SELECT public_id FROM orders.users WHERE tenant_id = 1 AND id = ?', $user->{id}))[0]{public_id};
}

subtest 'an order with nothing but goods' => sub {
    my $plain = make_goods(images => {});
    my $reply = shop(GET => order_goods($buyer, lines => [ [$plain] ]), $buyer);
    my $data  = $reply->{json}{data};
    is_deeply([ @$data{qw(shippingAddress voucher notes)} ], [ undef, undef, undef ], 'has no address, voucher, notes');
    is($data->{shipping}, undef, 'no shipping while nothing is known of it');
    my $strange = shop(GET => order_goods($buyer, lines => [ [$plain] ], shipping => { price => 100 }, shipping_address => { house => '3' }), $buyer);
    is_deeply([ of($strange, qw(shipping shippingAddress)) ], [ undef, undef ], 'nor where what is known has no member here');
    my $planned = shop(GET => order_goods($buyer, lines => [ [$plain] ], shipping => { courier => 'JNE' }), $buyer);
    is_deeply(of($planned, 'shipping'), { courier => 'JNE', map { $_ => undef } qw(service trackingNumber estimatedDelivery shippedAt) }, 'an object once one member is known');
    is($data->{items}[0]{imageUrl}, undef, 'no picture');
    is_deeply($data->{pricing}, { subtotal => 1000, discount => 0, tax => 0, shipping => 0, total => 1000 }, 'no tax');
};

subtest 'as it goes on its way' => sub {
    my $order = order_goods($buyer, lines => [ [ $phone, 1 ] ], shipping => \%shipping);
    my $paid  = operator_does($order, 'pay');
    my $reply = shop(GET => $order, $buyer);
    is_deeply([ of($reply, qw(status statusLabel)) ], [ 'paid', 'Dibayar' ], 'paid');
    is_deeply([ @{ $reply->{json}{data}{payment} }{qw(status paidAt)} ], [ 'paid', $paid->{updated_at} ], 'at that time');
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
    is(words($last), 'pending_payment paid processing shipped delivered', 'the history has each word once');
    my @times = map { $_->{timestamp} } @{ $last->{json}{data}{statusHistory} };
    is(scalar grep({ $_ !~ $time } @times), 0, 'with times');
    is_deeply(\@times, [ sort @times ], 'in their order');
    is($times[1], $paid->{updated_at}, 'the payment at its time');
    my $shipping = $last->{json}{data}{shipping};
    is_deeply([ @$shipping{qw(courier service trackingNumber estimatedDelivery)} ], [ 'JNE', 'REG', 'JP1234567890', '2-3 hari' ], 'what was agreed and what came true');
    is($shipping->{shippedAt}, $times[3], 'it left when it was shipped');
};

subtest 'cash on delivery' => sub {
    my $order = order_goods($buyer, payment_method => 'cod');
    is_deeply([ @{ (of(shop(GET => $order, $buyer), 'payment'))[0] }{qw(method methodLabel status)} ], [ 'cod', 'Bayar di Tempat', 'pending' ], 'is not paid');
    work($order, 'confirm');
    my $reply = shop(GET => $order, $buyer);
    is_deeply([ of($reply, 'status') ], ['processing'], 'and is worked on all the same');
    is(words($reply), 'pending_payment processing', 'its history has no payment');
};

subtest 'a balance' => sub {
    my $reply = shop(GET => order_goods($buyer, payment_method => 'balance'), $buyer);
    is(words($reply), 'paid', 'an order that is paid as it is placed was never seen unpaid');
    is_deeply([ @{ (of($reply, 'payment'))[0] }{qw(method methodLabel status)} ], [ 'balance', 'Saldo', 'paid' ], 'its payment');
    is((of($reply, 'payment'))[0]{paidAt}, (of($reply, 'createdAt'))[0], 'at once');
};

subtest 'nothing to pay' => sub {
    my $gift  = make_goods(prices => { IDR => 0 });
    my $reply = shop(GET => order_goods($buyer, lines => [ [$gift] ]), $buyer);
    is_deeply([ of($reply, 'status') ], ['paid'], 'is paid');
    my ($payment) = of($reply, 'payment');
    is_deeply([ @$payment{qw(status paymentUrl expiryAt)} ], [ 'paid', undef, undef ], 'without a payment');
    is($payment->{paidAt}, (of($reply, 'createdAt'))[0], 'when it was placed');
};

subtest 'money that goes back' => sub {
    my @orders = map { order_goods($buyer, payment_method => 'balance') } 1 .. 2;
    my @operator = (token => operator->{token});
    api(POST => "/api/v1/admin/orders/$orders[0]{id}/refund", @operator, json => { amount => 1 });
    api(POST => "/api/v1/admin/orders/$orders[1]{id}/refund", @operator, json => {});
    my @replies = map { shop(GET => $_, $buyer) } @orders;
    is_deeply([ map { (of($_, 'payment'))[0]{status} } @replies ], [ 'paid', 'refunded' ], 'changes the payment when all of it does');
    is_deeply([ map { of($_, 'status') } @replies ], [ 'paid', 'cancelled' ], 'and closes the order');
    is_deeply([ map { words($_) } @replies ], [ 'paid', 'paid cancelled' ], 'as the history says');
};

subtest 'goods that come back' => sub {
    my $order = order_goods($buyer, payment_method => 'balance');
    work($order, 'deliver');
    my $before   = shop(GET => $order, $buyer);
    my @operator = (token => operator->{token});
    api(POST => "/api/v1/admin/orders/$order->{id}/returns", @operator, json => { lines => [ { id => $order->{lines}[0]{id} } ], reason => 'Too big' });
    my $id       = (rows('SELECT id FROM orders.order_return WHERE tenant_id = 1 AND order_id = ?', $order->{id}))[0]{id};
    api(POST => "/api/v1/admin/returns/$id/$_", @operator, json => {}) for qw(approve receive refund);
    is(join(' ', @{ order_row($order->{id}) }{qw(payment_state fulfilment_state)}), 'refunded returned', 'and are refunded');
    my $reply = shop(GET => $order, $buyer);
    is_deeply([ of($reply, 'status'), (of($reply, 'payment'))[0]{status} ], [ 'delivered', 'refunded' ], 'were delivered all the same');
    is_deeply([ of($reply, 'statusHistory') ], [ of($before, 'statusHistory') ], 'the history stays');
};

subtest 'a payment channel' => sub {
    my $provider = start_simulator();
    $provider->mode('manual');
    my $order = order_goods($buyer, payment_method => 'external', payment_channel => 'simulator');
    my ($payment) = of(shop(GET => $order, $buyer), 'payment');
    is_deeply([ @$payment{qw(method methodLabel status)} ], [ 'simulator', 'simulator', 'pending' ], 'is what the payment is called');
    like($payment->{paymentUrl}, qr{^http://127\.0\.0\.1}, 'with the page to pay at');
    like($payment->{expiryAt}, $time, 'and how long that goes');
    my $label = make_label('payment_method', 'simulator', 'id', 'Simulator Pembayaran');
    is((of(shop(GET => $order, $buyer), 'payment'))[0]{methodLabel}, 'Simulator Pembayaran', 'by its own label, where the tenant has one');
    db()->do(q(UPDATE orders.orders SET expires_at = now() - interval '1 second' WHERE tenant_id = 1 AND number = ?), undef, $order->{number});
    is((of(shop(GET => $order, $buyer), 'payment'))[0]{paymentUrl}, undef, 'the page is gone when the order can no longer be paid');
    $provider->mode('decline');
    my $declined = order_goods($buyer, payment_method => 'simulator');
    my $reply = wait_for(sub { my $r = shop(GET => $declined, $buyer); (of($r, 'payment'))[0]{status} eq 'failed' && $r });
    ok($reply, 'a payment may fail') or return;
    is((of($reply, 'payment'))[0]{method}, 'simulator', 'of the same channel');
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
        is($pricing->{total}, $order->{total}, 'the total is what is paid');
        is($pricing->{subtotal} - $pricing->{discount} + $pricing->{tax} + $pricing->{shipping}, $pricing->{total}, 'the sum holds');
        is($pricing->{subtotal}, $items->[0]{subtotal} + $items->[1]{subtotal}, 'the subtotal is that of the items');
        is($pricing->{tax}, $order->{tax}, 'the tax is what is in them');
        cmp_ok($pricing->{tax}, '>', 0, 'some');
        cmp_ok($pricing->{shipping}, '<', 14_999, 'shipping is net too');
        for my $item (@$items) {
            is($item->{subtotal}, $line{ $item->{productTitle} }{subtotal} - $line{ $item->{productTitle} }{tax}, 'a subtotal is without its tax');
            is($item->{unitPrice}, int($item->{subtotal} / $item->{qty}), 'a piece is its share, rounded down');
        }
    }
};

subtest 'addresses in the words of another API' => sub {
    my $order = order_goods($buyer, shipping_address => {
        given_name => 'Siti', family_name => 'Nurhaliza', phone => 6281, street => 'Jl. Thamrin 1', city => 'Jakarta', state => 'DKI', code => 10_350, country => undef });
    is_deeply((of(shop(GET => $order, $buyer), 'shippingAddress'))[0], {
        receiverName => 'Siti Nurhaliza', phone => '6281', addressLine1 => 'Jl. Thamrin 1', addressLine2 => undef, city => 'Jakarta',
        province => 'DKI', postalCode => '10350', country => undef,
    }, 'have what means the same');
    my $named = order_goods($buyer, shipping_address => { name => 'Siti', postal_code => '10350' });
    is_deeply([ @{ (of(shop(GET => $named, $buyer), 'shippingAddress'))[0] }{qw(receiverName postalCode city)} ], [ 'Siti', '10350', undef ], 'in any of them');
    my $billed = order_goods($buyer, billing_address => \%address);
    is((of(shop(GET => $billed, $buyer), 'shippingAddress'))[0], undef, 'a billing address is none');
};

subtest 'an order of another API' => sub {
    my $plan  = make_plan(price => 500, currency => 'IDR', name => 'Pro');
    my $order = place($buyer, $plan, quantity => 2)->{order};
    my ($row) = rows('SELECT public_id FROM orders.orders WHERE tenant_id = 1 AND id = ?', $order->{id});
    my $data  = shop(GET => $row, $buyer)->{json}{data};
    is_deeply([ @$data{qw(orderNumber status)} ], [ $order->{number}, 'paid' ], 'is shown just as well');
    is_deeply([ @{ $data->{items}[0] }{qw(productTitle qty unitPrice subtotal variantName)} ], [ 'Pro', 2, 500, 1000, undef ], 'with what it is of');
    is($data->{pricing}{total}, 1000, 'and its price');
    my $customer = order_goods($buyer, dialect => 'customer', payment_method => 'cod');
    is((of(shop(GET => $customer, $buyer), 'orderNumber'))[0], $customer->{number}, 'whatever its number looks like');
};

subtest 'ETag' => sub {
    my $order = order_goods($buyer);
    my $reply = shop(GET => $order, $buyer);
    my $tag   = $reply->header('ETag');
    like($tag, qr/^"1-[0-9a-f]{12}\.[\w-]+"$/, 'is strong');
    my $same = shop(GET => $order, $buyer, headers => { 'If-None-Match' => $tag });
    is_deeply([ $same->code, $same->content, $same->header('ETag') ], [ 304, '', $tag ], 'saves the body');
    is($same->header('Vary'), 'Accept-Language', '304 says that it depends on the language');
    is(shop(GET => $order, $buyer, headers => { 'If-None-Match' => $tag }, language => 'en')->code, 200, 'in another language it is another answer');
    my $head = shop(HEAD => $order, $buyer);
    is_deeply([ $head->code, $head->content, map { $head->header($_) } 'ETag', 'Content-Length' ], [ 200, '', $tag, length $reply->content ], 'HEAD has it too');
    upsert('users', $buyer->{ref}, name => 'John Doe jr.', login => $buyer->{login}, email => $buyer->{email});
    is(shop(GET => $order, $buyer, headers => { 'If-None-Match' => $tag })->code, 200, 'it changes with the name');
    my $named = shop(GET => $order, $buyer)->header('ETag');
    operator_does($order, 'pay');
    isnt(shop(GET => $order, $buyer)->header('ETag'), $named, 'and with the order');
};

subtest 'orders that are not there' => sub {
    my $order = order_goods(make_user());
    says(shop(GET => $order, $buyer), 404, 'NOT_FOUND', 'not_found');
    is(shop(GET => $order, $buyer)->content, shop(GET => '01234567-89ab-cdef-0123-456789abcdef', $buyer)->content, "another's is none, to the byte");
    says(shop(GET => $_, $buyer), 404, 'NOT_FOUND', 'not_found')
        for $order->{id}, $order->{number}, 'x', '0', "$order->{public_id}0", "%7B$order->{public_id}%7D", $order->{public_id} =~ tr/-//dr, 'g1234567-89ab-cdef-0123-456789abcdef';
    my $own = order_goods($buyer);
    is(shop(GET => uc $own->{public_id}, $buyer)->code, 200, 'a UUID in capitals is the same');
    is(api(GET => shop_path($own) . '/', token => $buyer->{token})->code, 200, 'a trailing slash does not matter');
};

invariants_hold();
done;
