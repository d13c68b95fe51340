# SPDX-License-Identifier: Apache-2.0
# Orders of goods in the operator API: placing by document, fulfilment and delivery.
use strict;
use warnings;
use utf8;
use JSON::PP ();
use ModOrders::Company qw(make_company make_company_member);
use ModOrders::Goods;
use ModOrders::Test;

my $path  = '/api/v1/admin/orders';
my $buyer = make_user(balance => 1000_00);
my @token = (token => operator->{token});
my $lamp  = make_goods(prices => { USD => 20_00 });

sub put
{
    my (%with) = @_;
    return api(POST => $path, @token, json => {
        dialect => 'shop', user => $buyer->{ref}, currency => 'USD', payment_method => 'cod', lines => [ { product => $lamp->{ref} } ], %with });
}

sub does
{
    my ($order, $verb, @with) = @_;
    return api(POST => "$path/$order->{id}/$verb", @token, @with ? @with : (json => {}));
}

subtest 'placing' => sub {
    my $coupon = make_coupon(percent_bp => 2000);
    my $goods  = make_goods(prices => { IDR => 12_000_000 }, tax_class => make_tax(1000), variant => '8GB/128GB - Black');
    my $reply  = put(
        currency => 'IDR', tax_inclusive => JSON::PP::false, lines => [ { product => $goods->{ref}, variant => 'one', quantity => 2 } ],
        payment_method => 'bank_transfer', voucher => $coupon->{code}, notes => "Please call\nbefore delivery", metadata => { from => 'app' },
        shipping => { courier => 'JNE', service => 'REG', price => 15_000, estimated_delivery => '2-3 hari', expected_at => '2100-12-24T00:00:00Z' },
        shipping_address => { receiverName => 'John Doe', city => 'Jakarta Selatan' }, billing_address => { street => 'Jl. Sudirman' },
    );
    is($reply->code, 201, 'the response is 201');
    my $order = $reply->{json};
    is_deeply([ @$order{qw(dialect state payment_state fulfilment_state currency subtotal discount tax shipping total bill_no)} ],
        [ qw(shop open unpaid pending IDR), 24_000_000, 4_800_000, 1_920_000, 15_000, 21_135_000, undef ], 'the amounts add up');
    is_deeply([ map { "$_->{kind} $_->{quantity} $_->{subtotal} $_->{discount} $_->{tax}" } @{ $order->{lines} } ],
        [ 'product 2 24000000 4800000 1920000', 'shipping 1 15000 0 0', 'discount 1 -4800000 0 0' ], 'line by line');
    is_deeply($order->{addresses}, { billing => { street => 'Jl. Sudirman' }, shipping => { receiverName => 'John Doe', city => 'Jakarta Selatan' } }, 'the order has its addresses');
    is_deeply([ $order->{notes}, $order->{metadata}{from} ], [ "Please call\nbefore delivery", 'app' ], 'the order has notes and metadata');
    my ($shipment) = @{ $order->{shipments} };
    is_deeply([ @$shipment{qw(status courier service estimated_delivery expected_at late shipped_at tracking)} ],
        [ 'planned', 'JNE', 'REG', '2-3 hari', '2100-12-24T00:00:00Z', JSON::PP::false, undef, [] ], 'the shipment is planned');
    is_deeply(api(GET => "$path/$order->{id}", @token)->{json}, $order, 'the body equals that of reading');
};

subtest 'a bill number that the worker assigns' => sub {
    my $reply = put(payment_method => 'balance');
    my ($order, $tag) = ($reply->{json}, $reply->header('ETag'));
    is_deeply([ @$order{qw(payment_state bill_no version)} ], [ 'paid', undef, 1 ], 'the response of placing has no bill number');
    my $later;
    ok(wait_for(sub { ($later = api(GET => "$path/$order->{id}", @token))->{json}{bill_no} }, 5), 'a later response has it');
    is_deeply({ %{ $later->{json} }, bill_no => undef }, $order, 'the order is otherwise unchanged, including its version');
    isnt($later->header('ETag'), $tag, 'the entity tag has changed');
    is(api(GET => "$path/$order->{id}", @token, headers => { 'If-None-Match' => $tag })->code, 200, 'the former tag: 200');
    is(does($order, 'confirm', json => {}, headers => { 'If-Match' => $tag })->code, 200, 'If-Match accepts the former tag, because the version is unchanged');
};

subtest 'orders of every API' => sub {
    for my $dialect (qw(user shop customer commerce)) {
        is(put(dialect => $dialect)->{json}{dialect}, $dialect, "an order of the $dialect API");
    }
    my $plan = make_plan(price => 10_00);
    is(put(dialect => 'user', lines => [ { plan => $plan->{ref}, quantity => 2 } ])->{json}{total}, 20_00, 'an order of a plan');
    is(put(payment_method => 'balance')->{json}{payment_state}, 'paid', 'an order paid from the balance');
};

subtest 'a voucher counts its uses by user' => sub {
    my $company = make_company();
    my $agent   = make_company_member($company);
    my %sale    = (dialect => 'company', company => $company->{ref}, agent => $agent->{ref}, payment_method => 'cash',
        lines => [ { product => $lamp->{ref} } ]);
    my $voucher = make_coupon()->{code};
    refused(api(POST => $path, @token, json => { %sale, voucher => $voucher }), 422, 'required_field', 'user');
    is(api(POST => $path, @token, json => { %sale, voucher => $voucher, user => $buyer->{ref} })->code, 201, 'a voucher with a user is accepted');
    is(api(POST => $path, @token, json => { %sale })->code, 201, 'a sale without a user and a voucher is accepted');
};

subtest 'a payment provider' => sub {
    my $simulator = start_simulator();
    my $order     = put(payment_method => 'external', payment_channel => 'simulator')->{json};
    my ($payment) = @{ $order->{payments} };
    is($payment->{status}, 'pending', 'the intent is created immediately');
    ok($payment->{intent_id}, 'the payment has the intent');
    my @key = (headers => { 'Idempotency-Key' => unique('key') });
    my %of  = (dialect => 'shop', user => $buyer->{ref}, currency => 'USD', payment_channel => 'simulator', lines => [ { product => $lamp->{ref} } ]);
    my $one = api(POST => $path, @token, @key, json => \%of);
    my $two = api(POST => $path, @token, @key, json => \%of);
    is($two->content, $one->content, 'a repeated key returns the first response');
    is($two->header('Idempotency-Replayed'), 'true', 'the response is marked as replayed');
    refused(put(payment_method => 'external', payment_channel => 'nowhere'), 422, 'payment_channel_unknown', 'payment_channel');
    make_channel('unconfigured');
    refused(put(payment_channel => 'unconfigured'), 422, 'payment_channel_unknown', 'payment_channel');
    refused(put(payment_method => 'unconfigured'), 422, 'payment_method_unknown', 'payment_method');
    refused(put(payment_method => 'external', payment_channel => 'simulator', payment_return_url => 'https://elsewhere.example/'), 422, 'invalid_fields', 'payment_return_url');
};

subtest 'repeated catalogue documents' => sub {
    my $vase  = make_goods(stock => 10);
    my $stays = sub {
        my ($stock) = @_;
        my %document = map { $_ => $vase->{$_} } qw(name slug returnable images);
        my $reply = api(PUT => "/api/v1/admin/catalogue/products/$vase->{ref}", @token, json => { %document, variants => [ { %{ $vase->{variants}[0] }, stock => $stock } ] });
        my ($row) = rows(q(SELECT s.on_hand FROM orders.stock s JOIN orders.variant v ON v.tenant_id = s.tenant_id AND v.id = s.variant_id
            WHERE v.tenant_id = 1 AND v.product_id = ?), $vase->{id});
        return "$reply->{json}{result} $row->{on_hand}";
    };
    my $order = put(lines => [ { product => $vase->{ref}, quantity => 4 } ])->{json};
    does($order, $_) for qw(pack ship);
    is($stays->(10), 'unchanged 6', 'the same quantity keeps shipped items deducted');
    is(put(lines => [ { product => $vase->{ref}, quantity => 7 } ])->code, 409, 'more than the available items are refused');
    is($stays->(9), 'updated 9', 'another quantity is a new count');
    is($stays->(9), 'unchanged 9', 'a repeated document changes nothing');
};

subtest 'refusals' => sub {
    refused(put(lines => [ { product => 'nowhere' } ]), 422, 'product_not_found', 'lines[0].product');
    refused(put(voucher => 'NOWHERE'), 422, 'coupon_unknown', 'voucher');
    refused(put(user => $_), 422, 'user_not_found', 'user') for 'nobody', "$buyer->{id}";
    refused(put(dialect => undef), 422, 'required_field', 'dialect');
    refused(put(payment_method => 'shells'), 422, 'payment_method_unknown', 'payment_method');
    refused(put(cart => 'C99999999', lines => undef), 404, 'cart_not_found');
    refused(api(POST => $path, @token, form => [ dialect => 'shop' ]), 415, 'unsupported_media_type');
    refused(api(POST => $path, @token, body => '[]'), 400, 'malformed_json');
    refused(api(POST => $path, token => $buyer->{token}, json => {}), 403, 'forbidden');
    my $few = make_goods(stock => 2);
    my $reply = put(lines => [ { product => $few->{ref}, quantity => 3 } ]);
    refused($reply, 409, 'insufficient_stock');
    is($reply->{json}{available}, 2, 'the refusal has the available quantity');
};

subtest 'a failed delivery' => sub {
    my $order = put()->{json};
    does($order, $_) for qw(pack ship);
    my $closed = does($order, 'cancel', json => { reason => 'nobody at home' })->{json};
    is_deeply([ @$closed{qw(state payment_state fulfilment_state)} ], [ qw(cancelled closed shipped) ], 'an operator cancels an undelivered cash-on-delivery order');
    my $paid = put(payment_method => 'bank_transfer')->{json};
    does($paid, $_) for qw(pay pack ship);
    refused(does($paid, 'cancel'), 409, 'order_not_cancellable');
};

subtest 'fulfilment until delivery' => sub {
    my $order = put()->{json};
    my $now   = does($order, 'confirm', json => { comment => 'fine', expected_at => '2026-01-01T00:00:00Z' })->{json};
    is_deeply([ @$now{qw(fulfilment_state version)} ], [ 'confirmed', 2 ], 'the order is confirmed');
    like($now->{bill_no}, qr/^BILL-\d{4}-\d\d-\d{4,}$/, 'the confirmed order has a bill');
    is($now->{shipments}[0]{late}, JSON::PP::true, 'the shipment is late');
    is(does($order, 'confirm')->{json}{version}, 2, 'a repeated step changes nothing');
    is(does($order, 'pack')->{json}{fulfilment_state}, 'packed', 'the order is packed');
    refused(does($order, 'deliver'), 409, 'order_not_advanceable');
    my $sent = does($order, 'ship', json => { courier => 'JNE', service => 'REG', tracking_number => 'JP1', tracking_url => 'https://track.example/JP1' })->{json};
    is_deeply([ $sent->{fulfilment_state}, @{ $sent->{shipments}[0] }{qw(status courier service tracking_number tracking_url)} ],
        [ 'shipped', 'picked_up', 'JNE', 'REG', 'JP1', 'https://track.example/JP1' ], 'sent');
    does($order, 'tracking', json => { status => 'in_transit', location => 'Hub', description => 'Sorted', at => '2026-11-22T16:30:00+07:00' });
    my $told = does($order, 'tracking', json => { status => 'on_delivery', at => '2026-11-23T08:00:00Z' })->{json}{shipments}[0]{tracking};
    like(delete $_->{id}, qr/^\d+$/, 'an event has an id') for @$told;
    is_deeply($told, [ { status => 'in_transit', location => 'Hub', description => 'Sorted', at => '2026-11-22T09:30:00Z' },
          { status => 'on_delivery', location => undef, description => undef, at => '2026-11-23T08:00:00Z' } ], 'followed');
    my $there = does($order, 'deliver', json => { comment => 'signed' })->{json};
    is_deeply([ @$there{qw(state payment_state fulfilment_state)} ], [qw(completed paid delivered)], 'delivery pays and completes the order');
    is_deeply([ map { $_->{to} } grep { $_->{version} == $there->{version} } @{ $there->{history} } ], [qw(delivered paid completed)], 'all steps share a version');
    is($there->{history}[-1]{version}, $there->{version}, 'the version is the current one');
};

subtest 'refunded items' => sub {
    my $goods = make_goods(prices => { USD => 20_00 }, stock => 10);
    my $order = put(payment_method => 'bank_transfer', lines => [ { product => $goods->{ref}, quantity => 4 } ])->{json};
    my $line  = $order->{lines}[0]{id};
    my $stock = sub {
        my ($row) = rows(q(SELECT s.on_hand, s.reserved FROM orders.stock s
            JOIN orders.order_line l ON l.tenant_id = s.tenant_id AND l.item_id = s.variant_id
            WHERE l.tenant_id = 1 AND l.id = ?), $line);
        return "$row->{on_hand} $row->{reserved}";
    };
    my $refund = sub { does($order, 'refund', json => { lines => [ { id => $line, quantity => $_[0] } ] }) };
    does($order, 'pay');
    my $shown = $refund->(2)->{json}{order};
    is_deeply([ @{ $shown->{lines}[0] }{qw(quantity refunded_quantity cancelled_quantity)} ], [ 4, 2, 2 ], 'refunded items are not shipped');
    is($stock->(), '10 2', 'refunded items are released');
    is(does($order, $_)->code, 200, $_) for qw(pack ship);
    is($stock->(), '8 0', 'the other items are shipped');
    $shown = $refund->(1)->{json}{order};
    is_deeply([ @{ $shown->{lines}[0] }{qw(quantity refunded_quantity cancelled_quantity)} ], [ 4, 3, 2 ], 'an item refunded after shipping stays shipped');
    is($stock->(), '8 0', 'an item refunded after shipping is not restocked');
    does($order, 'deliver');
    refused(does($order, 'returns', json => { lines => [ { id => $line, quantity => 2 } ], reason => 'Damaged.' }), 422, 'quantity_out_of_range');
    my $empty = put(payment_method => 'bank_transfer', lines => [ { product => $goods->{ref}, quantity => 4 } ], shipping => { courier => 'JNE', price => 5_00 })->{json};
    does($empty, 'pay');
    is(does($empty, 'refund', json => { lines => [ { id => $empty->{lines}[0]{id}, quantity => 4 } ] })->{json}{order}{state}, 'open', 'all goods are refunded without the shipping fee');
    refused(does($empty, 'pack'), 409, 'order_not_advanceable');
    is(does($empty, 'cancel')->{json}{state}, 'cancelled', 'an order without goods is cancelled');
    is($stock->(), '8 0', 'a cancelled order holds no stock');
};

subtest 'corrections' => sub {
    my $order = put(shipping_address => { city => 'Bern' })->{json};
    my $moved = does($order, address => json => { shipping_address => { city => 'Basel' } });
    is_deeply([ $moved->code, $moved->{json}{addresses}{shipping}, $moved->{json}{history}[-1]{comment} ], [ 200, { city => 'Basel' }, 'shipping_address: city' ], 'a shipping address is corrected');
    does($order, pack => json => {});
    does($order, ship => json => { courier => 'JNE', tracking_number => 'JP1', tracking_url => 'https://track.example/JP1' });
    my $reply = does($order, ship => json => { tracking_number => 'JP2', comment => 'typo' });
    is($reply->code, 200, 'a wrong tracking number is corrected');
    is_deeply([ @{ $reply->{json}{shipments}[0] }{qw(courier tracking_number tracking_url)} ], [ 'JNE', 'JP2', undef ], 'the URL of the wrong number is removed');
    my $step = $reply->{json}{history}[-1];
    is_deeply([ @$step{qw(axis from to comment)} ], [ 'details', 'corrected', 'corrected',
        'typo. tracking_number: JP1 -> JP2, tracking_url: https://track.example/JP1 -> -' ], 'the history has the old and new values');
    is($step->{actor}{kind}, 'operator', 'the history has the operator');
    refused(does($order, address => json => { shipping_address => { city => 'Bern' } }), 409, 'order_not_advanceable');
    is(does($order, ship => json => { tracking_number => 'JP2' })->header('ETag'), $reply->header('ETag'), 'a repeated request changes nothing');
    my $event = does($order, tracking => json => { status => 'lost' })->{json}{shipments}[0]{tracking}[0]{id};
    is_deeply(does($order, tracking => json => { withdraws => $event })->{json}{shipments}[0]{tracking}, [], 'a wrong event is withdrawn');
    refused(does($order, tracking => json => { withdraws => $event + 1_000_000 }), 422, 'invalid_field', 'withdraws');
};

subtest 'bodies and entity tags' => sub {
    my $order = put()->{json};
    is(does($order, 'confirm', form => [ comment => 'a form' ])->code, 200, 'a form');
    is(does($order, 'pack', body => '')->code, 200, 'an empty body');
    refused(does($order, 'ship', form => [ courier => 'x' ]), 415, 'unsupported_media_type');
    refused(does($order, 'ship', json => { tracking_url => 'javascript:alert(1)' }), 422, 'invalid_field', 'tracking_url');
    refused(does($order, 'ship', json => {}, headers => { 'If-Match' => '"1-0000000000000000"' }), 412, 'version_mismatch');
    is(does($order, 'ship')->code, 200, 'shipping without values');
    refused(does($order, 'tracking'), 422, 'required_field', 'status');
    refused(does($order, 'tracking', json => { status => 'x', at => 'yesterday' }), 422, 'invalid_field', 'at');
    refused(does($order, 'deliver', json => { collected => 'perhaps' }), 422, 'invalid_fields', 'collected');
    refused(does({ id => 'nowhere' }, $_), 404, 'not_found') for qw(confirm pack ship deliver);
    my $unpaid = put(payment_method => 'bank_transfer')->{json};
    refused(does($unpaid, 'confirm'), 409, 'order_not_advanceable');
    my $key = unique('key');
    my @two = map { does($order, 'deliver', json => {}, headers => { 'Idempotency-Key' => $key }) } 1, 2;
    is($two[1]->content, $two[0]->content, 'a repeated key returns the first response');
};

invariants_hold();
done;
