# SPDX-License-Identifier: Apache-2.0
# POST /api/v1/user/orders: orders of a plan, their responses and refusals.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Test;

my $path  = '/api/v1/user/orders';
my $buyer = make_user(balance => 10_000_00);
my $plan  = make_plan(price => 12_50, features => [ 'one', { two => 2 } ]);

sub create
{
    my ($user, @with) = @_;
    return api(POST => $path, token => $user->{token}, @with);
}

subtest 'an order paid from the balance' => sub {
    my $before = time;
    my $reply  = create($buyer, json => { plan_id => $plan->{id}, quantity => 2 });
    is($reply->code, 200, 'the request succeeds');
    is($reply->header('Content-Type'), 'application/json', 'the body is JSON');
    like($reply->header('ETag'), qr/^"1/, 'the response has an entity tag');
    like($reply->header('Cache-Control'), qr/no-store/, 'the response is not stored by caches');
    my ($order, $balance, $transaction) = @{ $reply->{json} }{qw(order balance transaction)};
    is(member_names($reply->{json}), 'balance order transaction', 'the body has its three parts');
    is(member_names($order), join(' ', sort qw(id number user_id status payment_status payment_intent_id payment_reference
        payment_failure_code payment_failure_message total_cents currency payment_method plan_id plan_snapshot
        metadata paid_at cancelled_at refunded_cents refunded_at created_at updated_at items refunds payments)),
        'the order has every field and no other');
    like($order->{number}, qr/^ORD-\d{8}-0*$order->{id}$/, 'the number has the date and the id');
    is($order->{user_id}, $buyer->{id}, 'the order has the buyer');
    is_deeply([ @$order{qw(status payment_status payment_method total_cents currency refunded_cents)} ],
        [ 'paid', 'succeeded', 'balance', 25_00, 'USD', 0 ], 'the state and the total');
    is_deeply([ @$order{qw(payment_intent_id payment_reference payment_failure_code payment_failure_message
        cancelled_at refunded_at)} ], [ (undef) x 6 ], 'null where there is nothing');
    cmp_ok(abs($order->{$_} - $before), '<=', 5, "$_ is in Unix seconds") for qw(created_at updated_at paid_at);
    is($order->{plan_id}, $plan->{id}, 'the order has the plan');
    is_deeply($order->{metadata}, {}, 'the metadata are empty');
    is_deeply($order->{refunds},  [], 'no refunds');

    my $snapshot = $order->{plan_snapshot};
    is(member_names($snapshot), join(' ', sort qw(id name slug description price_cents currency duration_unit
        duration_value features)), 'the snapshot has its fields');
    is_deeply([ @$snapshot{qw(id name price_cents currency duration_unit duration_value features)} ],
        [ $plan->{id}, $plan->{name}, 12_50, 'USD', 'month', 1, [ 'one', { two => 2 } ] ], 'the snapshot has the plan');

    is(scalar @{ $order->{items} }, 1, 'the order has one item');
    my $item = $order->{items}[0];
    is(member_names($item), join(' ', sort qw(id order_id item_type item_id name quantity unit_price_cents currency
        subtotal_cents metadata created_at)), 'the item has its fields');
    is_deeply([ @$item{qw(order_id item_type item_id name quantity unit_price_cents currency subtotal_cents)} ],
        [ $order->{id}, 'plan', $plan->{id}, $plan->{name}, 2, 12_50, 'USD', 25_00 ], 'the item has the plan and its amounts');

    is(scalar @{ $order->{payments} }, 1, 'the order has one payment');
    my $payment = $order->{payments}[0];
    is(member_names($payment), join(' ', sort qw(id order_id provider method intent_id reference status amount_cents currency
        failure_code failure_message metadata created_at updated_at)), 'the payment has its fields');
    is_deeply([ @$payment{qw(order_id method status amount_cents currency)} ],
        [ $order->{id}, 'balance', 'succeeded', 25_00, 'USD' ], 'the payment has the method and the amount');

    is_deeply([ @$balance{qw(user_id balance_cents currency)} ], [ $buyer->{id}, 10_000_00 - 25_00, 'USD' ], 'the body has the balance');
    is(member_names($balance), 'balance_cents currency updated_at user_id', 'the balance has its members');
    is(member_names($transaction), join(' ', sort qw(id entry_type amount_cents currency balance_after_cents reference
        description metadata created_at)), 'the transaction has its fields');
    is_deeply([ @$transaction{qw(amount_cents currency balance_after_cents reference)} ],
        [ -25_00, 'USD', 10_000_00 - 25_00, "order:$order->{number}" ], 'the transaction has a negative amount and refers to the order');
};

subtest 'defaults' => sub {
    my $order = place($buyer, $plan)->{order};
    is($order->{items}[0]{quantity}, 1, 'the default quantity is 1');
    is($order->{payment_method}, 'balance', 'the default payment method is balance');
    $order = place($buyer, $plan, quantity => undef, payment_method => '', coupon_code => '', payment_channel => undef,
        billing_option_id => undef, payment_return_url => '')->{order};
    is($order->{items}[0]{quantity}, 1, 'null and empty fields count as absent');
    local $ModOrders::Test::undescribed = 1;
    is(create($buyer, json => { plan_id => $plan->{id}, price => 1, user_id => 1, status => 'paid', nonsense => {} })
        ->{json}{order}{total_cents}, 12_50, 'unknown fields are ignored, prices among them');
    is(api(POST => "$path/", token => $buyer->{token}, json => { plan_id => $plan->{id} }, unchecked => 1)->code, 200,
        'a trailing slash does not matter');
};

subtest 'quantity' => sub {
    is(place($buyer, $plan, quantity => $_)->{order}{total_cents}, 12_50 * $_, "$_ is fine") for 1, 10;
    refused(create($buyer, json => { plan_id => $plan->{id}, quantity => $_ }), 422, 'invalid_fields', 'quantity')
        for 0, 11, -1, 1000000, '3', 1.5, [], {};
    my $small = make_plan(max_quantity => 2);
    refused(create($buyer, json => { plan_id => $small->{id}, quantity => 3 }), 422, 'quantity_out_of_range', 'quantity');
};

subtest 'the plan' => sub {
    refused(create($buyer, json => {}), 422, 'invalid_fields', 'plan_id');
    refused(create($buyer, json => { plan_id => $_ }), 422, 'invalid_fields', 'plan_id') for "$plan->{id}", -1, 1.5, [], '';
    refused(create($buyer, json => { plan_id => 9_000_000_000 }), 422, 'plan_not_found', 'plan_id');
    refused(create($buyer, json => { plan_id => make_plan(status => $_)->{id} }), 422, 'plan_not_on_sale', 'plan_id')
        for qw(hidden retired);
};

subtest 'billing options' => sub {
    my $option = make_billing_option($plan, price => 99_00);
    my $order  = place($buyer, $plan, billing_option_id => $option->{id})->{order};
    is($order->{total_cents}, 99_00, 'a billing option has its own price');
    is_deeply([ @{ $order->{plan_snapshot} }{qw(billing_option_id billing_option_name)} ],
        [ $option->{id}, $option->{name} ], 'the snapshot has the billing option');
    my $other = make_billing_option(make_plan());
    refused(create($buyer, json => { plan_id => $plan->{id}, billing_option_id => $_ }), 422, 'billing_option_not_found',
        'billing_option_id') for $other->{id}, 9_000_000_000;
    my $closed = make_billing_option($plan, active => JSON::PP::false);
    refused(create($buyer, json => { plan_id => $plan->{id}, billing_option_id => $closed->{id} }), 422,
        'billing_option_not_found', 'billing_option_id');
    local $ModOrders::Test::undescribed = 1;
    is(place($buyer, $plan, billing_option_id => 0)->{order}{total_cents}, 12_50, 'a billing option of 0 means none');
};

subtest 'an insufficient balance' => sub {
    my $poor = make_user(balance => 12_49);
    refused(create($poor, json => { plan_id => $plan->{id} }), 402, 'insufficient_balance');
    is(order_count($poor), 0, 'no order is placed');
    my $none = make_user();
    refused(create($none, json => { plan_id => $plan->{id} }), 402, 'insufficient_balance');
    top_up($poor, 1);
    is(place($poor, $plan)->{balance}{balance_cents}, 0, 'a balance that equals the price is sufficient');
    my $euros = make_plan(currency => 'EUR', price => 1);
    refused(create($buyer, json => { plan_id => $euros->{id} }), 402, 'insufficient_balance');
};

subtest 'payment methods' => sub {
    for my $method (qw(manual offline)) {
        my $answer = place($buyer, $plan, payment_method => $method);
        is_deeply([ @{ $answer->{order} }{qw(status payment_status payment_method paid_at)} ],
            [ 'pending_payment', 'pending', 'manual', undef ], "$method awaits settlement by an operator");
        is($answer->{transaction}, undef, 'a manual order has no transaction');
        is($answer->{order}{payments}[0]{method}, 'manual', 'the payment of a manual order has the method');
    }
    refused(create($buyer, json => { plan_id => $plan->{id}, payment_method => $_ }), 422, 'invalid_fields', 'payment_method')
        for 'cash', 'BALANCE', 5;
    refused(create($buyer, json => { plan_id => $plan->{id}, payment_method => 'external' }), 422,
        'payment_channel_required', 'payment_channel');
    refused(create($buyer, json => { plan_id => $plan->{id}, payment_method => 'external', payment_channel => 'nowhere' }),
        422, 'invalid_fields', 'payment_channel');
};

subtest 'a free order' => sub {
    my $poor = make_user();
    my $free = make_plan(price => 0);
    for my $method (qw(balance manual)) {
        my $answer = place($poor, $free, payment_method => $method);
        is_deeply([ @{ $answer->{order} }{qw(status payment_status total_cents)} ], [ 'paid', 'succeeded', 0 ],
            "is paid at once by $method");
        ok($answer->{order}{paid_at}, 'a free order has the time of payment');
        is_deeply([ $answer->{transaction}, $answer->{order}{payments} ], [ undef, [] ], 'a free order has neither transaction nor payment');
        is_deeply([ @{ $answer->{balance} }{qw(user_id balance_cents currency)} ], [ $poor->{id}, 0, 'USD' ], 'a missing account is a balance of 0');
    }
};

subtest 'a coupon code with other case and spaces' => sub {
    my $plan   = make_plan(price => 10_00);
    my $coupon = make_coupon(code => uc(unique('sale')) . "\x{c9}");
    my $small  = lc $coupon->{code};
    for my $typed ("$small ", "\x{a0}$small", "\x{200b}$coupon->{code}", $small =~ s/\x{e9}/e\x{301}/r) {
        my $order = place($buyer, $plan, coupon_code => $typed)->{order};
        is($order->{metadata}{coupon_code}, $coupon->{code}, 'the metadata have the code of the coupon');
    }
    my $twin = api(PUT => '/api/v1/admin/catalogue/coupons/' . unique('twin'), token => operator->{token}, json => { code => " $small", percent_bp => 100 });
    refused($twin, 422, 'invalid_field', 'code');
};

subtest 'round trips' => sub {
    my $httpd = ModOrders::Httpd->new(server => "OrdersWorker Off\nOrdersSessions 1", locations => "<Location /u>\nOrdersAPI user\n</Location>")->start;
    my $trips = sub {
        my ($coupon) = @_;
        my $reply = ask(POST => $httpd->url('/u'), token => $buyer->{token}, json => { plan_id => $plan->{id}, coupon_code => $coupon->{code} });
        is($reply->code, 200, 'an order with a coupon is placed') or diag($reply->as_string);
        return $httpd->last_access('/u', $reply->header('X-Request-Id'))->{trips};
    };
    my ($limited, $unlimited) = (make_coupon(max_uses => 9), make_coupon());
    $trips->($_) for $limited, $unlimited; # prepares the statements
    is($trips->($unlimited), 1, 'one round trip with an unlimited coupon');
    is($trips->($limited), 2, 'two round trips with a limited coupon: its lock is released before the order is durable');
    $httpd->stop;
    done;
};

subtest 'coupons' => sub {
    my $coupon = make_coupon(percent_bp => 1000);
    my $order  = place($buyer, $plan, quantity => 2, coupon_code => $coupon->{code})->{order};
    is($order->{total_cents}, 22_50, 'a discount of ten per cent');
    is_deeply($order->{metadata}, { coupon_code => $coupon->{code}, coupon_id => $coupon->{id}, discount_cents => 2_50 },
        'the coupon is in the metadata');
    my ($discount) = grep { $_->{item_type} eq 'discount' } @{ $order->{items} };
    is_deeply([ @$discount{qw(item_id subtotal_cents quantity)} ], [ $coupon->{id}, -2_50, 1 ], 'the discount is an item');
    my $sum = 0;
    $sum += $_->{subtotal_cents} for @{ $order->{items} };
    is($sum, $order->{total_cents}, 'the items add up to the total');

    my $all = make_coupon(percent_bp => 10000);
    is(place(make_user(), $plan, coupon_code => $all->{code})->{order}{status}, 'paid', 'a discount of 100 %: the order is paid');
    my $amount = make_coupon(amount => 5_00);
    is(place($buyer, $plan, coupon_code => $amount->{code})->{order}{total_cents}, 7_50, 'a discount of an amount');

    my %refusal = (
        coupon_not_yet_valid     => make_coupon(starts_at => '2099-01-01T00:00:00Z'),
        coupon_expired           => make_coupon(ends_at => '2020-01-01T00:00:00Z'),
        coupon_used_up           => make_coupon(max_uses => 0),
        coupon_below_minimum     => make_coupon(minimum => 12_51, currency => 'USD'),
        coupon_currency_mismatch => make_coupon(amount => 100, currency => 'EUR'),
        coupon_unknown           => { code => 'NO-SUCH-COUPON' },
    );
    for my $code (sort keys %refusal) {
        refused(create($buyer, json => { plan_id => $plan->{id}, coupon_code => $refusal{$code}{code} }), 422, $code,
            'coupon_code');
    }
    my $once = make_coupon(max_uses_per_user => 1);
    place($buyer, $plan, coupon_code => $once->{code});
    refused(create($buyer, json => { plan_id => $plan->{id}, coupon_code => $once->{code} }), 422, 'coupon_used_by_user',
        'coupon_code');
    is(place(make_user(balance => 100_00), $plan, coupon_code => $once->{code})->{order}{total_cents}, 11_25,
        'another user may use it');
    refused(create($buyer, json => { plan_id => $plan->{id}, coupon_code => 'x' x 65 }), 422, 'invalid_fields', 'coupon_code');
};

subtest 'the return URL' => sub {
    is(place($buyer, $plan, payment_return_url => 'https://shop.example/paid?x=1')->{order}{status}, 'paid', 'an allowed URL');
    refused(create($buyer, json => { plan_id => $plan->{id}, payment_return_url => $_ }), 422, 'invalid_fields',
        'payment_return_url')
        for 'http://shop.example/', 'https://shop.example.evil.test/', 'https://shop.example@evil.test/', 'https://evil.test/',
        'javascript:alert(1)', 'https://shop.example/a/../../b', 'https://shop.example/%2e%2e/b', 'https://shop.example/\\b', 7;
};

subtest 'several invalid fields' => sub {
    my $reply = create($buyer, json => { quantity => 0, payment_method => 'x', payment_return_url => 'x' });
    refused($reply, 422, 'invalid_fields', qw(plan_id quantity payment_method payment_return_url));
    is($reply->header('Content-Type'), 'application/problem+json', 'the body is application/problem+json');
    is_deeply([ map { $_->{code} } sort { $a->{field} cmp $b->{field} } @{ $reply->{json}{errors} } ],
        [qw(payment_method_unknown return_url_not_allowed required_field quantity_out_of_range)], 'each field has its code');
};

subtest 'forms' => sub {
    my $reply = create($buyer, form => [ plan_id => $plan->{id}, quantity => 3, payment_method => 'offline' ]);
    is($reply->code, 200, 'a form is accepted');
    is($reply->{json}{order}{total_cents}, 37_50, 'numbers in a form are decimal digits');
    my $body = join "\r\n", '--b', 'Content-Disposition: form-data; name="plan_id"', '', $plan->{id}, '--b--', '';
    is(create($buyer, body => $body, type => 'multipart/form-data; boundary=b')->code, 200, 'a multipart form is accepted');
    refused(create($buyer, form => [ plan_id => 'x' ]), 422, 'invalid_fields', 'plan_id');
    refused(create($buyer, body => 'plan_id=1&plan_id=2', type => 'application/x-www-form-urlencoded'), 400, 'malformed_form');
};

subtest 'bodies that cannot be parsed' => sub {
    refused(create($buyer, body => $_), 400, 'malformed_json')
        for '', '{', '[]', '"x"', '{"plan_id":1,"plan_id":1}', "{\"coupon_code\":\"\\u0000\"}", "{\"a\":\"\xff\"}",
        '{"a":"\\ud800"}', '{"plan_id":1e400}', '{"plan_id":' . '9' x 4000 . '}', '[' x 1000, '{"plan_id":1} x';
    refused(create($buyer, body => '{}', type => 'text/plain'), 415, 'unsupported_media_type');
    refused(create($buyer, body => '{"a":"' . 'x' x 70000 . '"}'), 413, 'body_too_large');
    refused(create($buyer, json => { plan_id => $plan->{id}, coupon_code => "a\nb" }), 422, 'invalid_fields', 'coupon_code');
};

subtest 'other methods' => sub {
    my $reply = api(PUT => $path, token => $buyer->{token}, json => {}, unchecked => 1);
    refused($reply, 405, 'method_not_allowed');
    like($reply->header('Allow'), qr/GET.*POST/, 'Allow has the methods of the route');
};

done;
