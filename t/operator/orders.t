# SPDX-License-Identifier: Apache-2.0
# The operator API's orders: search, read, pay, cancel, refund.
use strict;
use warnings;
use utf8;
use ModOrders::Test;

my $path  = '/api/v1/admin/orders';
my $buyer = make_user(balance => 1000_00, name => unique('Zoe'));
my $plan  = make_plan(price => 10_00);
my @token = (token => operator->{token});

sub get
{
    my ($rest) = @_;
    return api(GET => "$path$rest", @token);
}

sub post
{
    my ($id, $verb, @with) = @_;
    return api(POST => "$path/$id/$verb", @token, @with ? @with : (json => {}));
}

sub ids
{
    my ($reply) = @_;
    return [ map { $_->{id} } @{ $reply->{json}{orders} || [] } ];
}

sub unpaid
{
    return place($buyer, $plan, payment_method => 'manual', @_)->{order}{id};
}

subtest 'an order with all its members' => sub {
    my $coupon = make_coupon();
    my $placed = place($buyer, $plan, coupon_code => $coupon->{code})->{order};
    my $reply  = get("/$placed->{id}");
    is($reply->code, 200, 'the order is returned');
    like($reply->header('ETag'), qr/^"1/, 'the response has an entity tag');
    my $order = $reply->{json};
    is(member_names($order), join(' ', sort qw(id public_id number bill_no dialect version state payment_state fulfilment_state
        user retailer agent currency subtotal discount tax tax_inclusive shipping total refunded lines taxes addresses
        payments refunds shipments returns invoices history notes metadata created_at updated_at)), 'the order has all its members');
    is_deeply([ @$order{qw(id number dialect version state payment_state fulfilment_state bill_no retailer agent notes)} ],
        [ @$placed{qw(id number)}, 'user', 1, 'completed', 'paid', 'none', (undef) x 4 ], 'the order has its states');
    is_deeply([ @$order{qw(currency subtotal discount tax shipping total refunded)} ], [ 'USD', 10_00, 1_00, 0, 0, 9_00, 0 ],
        'the order has its amounts');
    is_deeply($order->{user}, { id => $buyer->{id}, ref => $buyer->{ref}, name => $buyer->{name}, email => $buyer->{email} },
        'the order has its buyer');
    like($order->{public_id}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'public_id is a UUID version 7');
    like($order->{$_}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, "$_ is ISO 8601") for qw(created_at updated_at);
    is_deeply([ map { [ @$_{qw(kind product plan title quantity unit_price subtotal)} ] } @{ $order->{lines} } ],
        [ [ 'plan', undef, $plan->{ref}, $plan->{name}, 1, 10_00, 10_00 ], [ 'discount', $coupon->{code}, undef, $coupon->{code}, 1, -1_00, -1_00 ] ],
        'the order has its lines');
    is(member_names($order->{lines}[0]), join(' ', sort qw(id kind product variant variant_name plan billing_option title quantity refunded_quantity cancelled_quantity unit_price list_price discount tax
        subtotal returnable image metadata)), 'a line has all its members');
    is_deeply($order->{addresses}, { billing => undef, shipping => undef }, 'both addresses are null');
    is_deeply([ @$order{qw(taxes refunds shipments returns invoices)} ], [ [], [], [], [], [] ], 'other arrays are empty');
    is_deeply([ map { [ @$_{qw(axis from to)} ] } @{ $order->{history} } ],
        [ [qw(order new open)], [qw(payment new unpaid)], [qw(fulfilment new none)], [qw(payment unpaid paid)], [qw(order open completed)] ],
        'the order has its history');
    is(member_names($order->{history}[0]), 'actor at axis comment from to version', 'a step of the history has all members');
    is_deeply($order->{history}[0]{actor}, { kind => 'buyer', id => $buyer->{id} }, 'a step has its actor');
    is(scalar @{ $order->{payments} }, 1, 'the order has one payment');
    is_deeply(get("/$order->{public_id}")->{json}, $order, 'the order is found by UUID');
    is_deeply(get("/$order->{number}")->{json}, $order, 'the order is found by number');
    refused(get("/$_"), 404, 'not_found') for 9_000_000_000, 'nothing', '00000000-0000-7000-8000-000000000000', '-1',
        '99999999999999999999';
};

subtest 'search' => sub {
    my $user = make_user(balance => 100_00);
    my @paid = map { place($user, $plan)->{order} } 1 .. 3;
    my @open = map { place($user, $plan, payment_method => 'manual')->{order} } 1 .. 2;
    my @all  = map { $_->{id} } reverse @paid, @open;
    my $of   = "?user=$user->{ref}";
    is_deeply(ids(get($of)), \@all, 'a search by user lists the newest first');
    is_deeply(ids(get("?user=$_")), [], "no user has the reference $_") for 'nobody', $user->{id};
    is_deeply(ids(get("$of&status=open")), [ @all[ 0, 1 ] ], 'a search by state finds its orders');
    is_deeply(ids(get("$of&payment=paid")), [ @all[ 2 .. 4 ] ], 'a search by payment state finds its orders');
    is_deeply(ids(get("$of&fulfilment=none&dialect=user")), \@all, 'a search by fulfilment state and dialect finds its orders');
    is_deeply(ids(get("$of&dialect=shop")), [], 'a search by another dialect finds no orders');
    is_deeply(ids(get('?number=' . lc $paid[0]{number})), [ $paid[0]{id} ], 'a search by number ignores the case');
    is_deeply(ids(get("$of&from=2020-01-01&to=2099-01-01T00:00:00Z")), \@all, 'a search by date finds its orders');
    is_deeply(ids(get("$of&to=2020-01-01")), [], 'before the first order: no orders');
    is_deeply(ids(get("?q=$user->{name}")), \@all, 'a search by free text finds the name of the buyer');
    is_deeply(ids(get("?q=$paid[1]{number}")), [ $paid[1]{id} ], 'a search by free text finds the number');
    is_deeply(ids(get("$of&q=%25%25")), [], 'wildcards in free text are not interpreted');
    is(member_names(get($of)->{json}{orders}[0]), member_names(get("/$all[0]")->{json}), 'an entry has all members');
    my @order = grep { $_->{id} == $paid[0]{id} } @{ get($of)->{json}{orders} };
    is_deeply($order[0], get("/$paid[0]{id}")->{json}, 'an entry equals the order');

    my $reply = get("$of&limit=2");
    my @seen  = @{ ids($reply) };
    while (my ($next) = ($reply->header('Link') // '') =~ /^<([^>]+)>; rel="next"$/) {
        ok($reply->{json}{next_cursor}, 'the body has the cursor');
        $reply = api(GET => "$path$next", @token);
        push @seen, @{ ids($reply) };
    }
    is_deeply(\@seen, \@all, 'the pages have all orders');
    is($reply->{json}{next_cursor}, undef, 'the last page has no cursor');
    refused(get("?$_=nonsense"), 422, 'invalid_fields', $_) for qw(status payment fulfilment dialect from to limit cursor);
    is(get('?limit=1000')->code, 200, 'a limit above the maximum is reduced');
};

subtest 'manual payments' => sub {
    my $id    = unpaid();
    my $reply = post($id, 'pay', json => { reference => 'till-1', method => 'cash' });
    is($reply->code, 200, 'the payment is recorded');
    my $order = $reply->{json};
    is_deeply([ @$order{qw(state payment_state version)} ], [ 'completed', 'paid', 2 ], 'the order is paid');
    my ($paid) = grep { $_->{status} eq 'paid' } @{ $order->{payments} };
    is_deeply([ @$paid{qw(method reference amount)} ], [ 'cash', 'till-1', 10_00 ], 'the payment has method, reference and amount');
    is_deeply($order->{history}[-1]{actor}, { kind => 'operator', id => operator->{id} }, 'the actor is the operator');
    is_deeply(post($id, 'pay', json => { reference => 'till-1', method => 'cash' })->{json}, $order, 'recording the payment again changes nothing');
    refused(post($id, 'pay', json => { reference => 'till-2' }), 409, 'order_not_payable');
    refused(post(place($buyer, $plan)->{order}{id}, 'pay', json => { reference => 'till-3' }), 409, 'order_not_payable');
    is(post(unpaid(), 'pay', body => '', type => '')->code, 200, 'a missing body is accepted');
    refused(post(unpaid(), 'pay', json => { reference => 'x' x 256 }), 422, 'invalid_fields', 'reference');
    refused(post(unpaid(), 'pay', json => { method => $_ }), 422, 'payment_method_unknown', 'method') for 'balance', 'Cash!';
    refused(post(9_000_000_000, 'pay'), 404, 'not_found');
    my $number = get('/' . unpaid())->{json}{number};
    is(post($number, 'pay')->{json}{payment_state}, 'paid', 'an order is paid by number');
};

subtest 'cancelling' => sub {
    my $reply = post(unpaid(), 'cancel', json => { reason => 'sold out' });
    is($reply->{json}{state}, 'cancelled', 'an unpaid order is cancelled');
    is($reply->{json}{history}[-1]{comment}, 'sold out', 'the history has the reason');
    my $again = post($reply->{json}{id}, 'cancel');
    is_deeply([ $again->code, $again->{json} ], [ 200, $reply->{json} ], 'cancelling again changes nothing');
    my $paid = place($buyer, $plan)->{order};
    refused(post($paid->{id}, 'cancel'), 409, 'order_not_cancellable');
    is(post(place($buyer, make_plan(price => 0))->{order}{id}, 'cancel')->{json}{state}, 'cancelled', 'a free order is cancelled');
    refused(post(unpaid(), 'cancel', json => { reason => 'x' x 256 }), 422, 'invalid_fields', 'reason');
    refused(post('nothing', 'cancel'), 404, 'not_found');
};

subtest 'refunds' => sub {
    my $order = place($buyer, $plan, quantity => 3)->{order};
    my $reply = post($order->{id}, 'refund', json => { amount => 5_00, reason => 'scratched' });
    is($reply->code, 201, 'an amount is refunded');
    is_deeply([ @{ $reply->{json}{refund} }{qw(amount currency reason status)} ], [ 5_00, 'USD', 'scratched', 'done' ], 'the response has the refund');
    is_deeply([ @{ $reply->{json}{order} }{qw(payment_state refunded)} ], [ 'partially_refunded', 5_00 ], 'the response has the order');
    is_deeply($reply->{json}{order}{refunds}[0], $reply->{json}{refund}, 'the order has the refund');
    refused(post($order->{id}, 'refund', json => { amount => 25_01 }), 422, 'refund_exceeds_captured');
    my $line = get("/$order->{id}")->{json}{lines}[0]{id};
    $reply = post($order->{id}, 'refund', json => { lines => [ { id => $line, quantity => 1 } ] });
    is($reply->{json}{refund}{amount}, 10_00, 'a line is refunded');
    $reply = post($order->{id}, 'refund');
    is($reply->{json}{refund}{amount}, 15_00, 'the rest is refunded');
    is($reply->{json}{order}{payment_state}, 'refunded', 'the order is fully refunded');
    refused(post($order->{id}, 'refund', json => { amount => 1 }), $_->[0], $_->[1]) for [ 422, 'refund_exceeds_captured' ];
    is((rows('SELECT balance FROM orders.account WHERE tenant_id = 1 AND user_id = ?', $buyer->{id}))[0]{balance} > 0, 1, 'the balance is credited');

    my $other = place($buyer, $plan)->{order};
    refused(post($other->{id}, 'refund', json => { amount => $_ }), 422, 'invalid_fields', 'amount') for 0, -1, '5', 1.5;
    refused(post($other->{id}, 'refund', json => { lines => [] }), 422, 'invalid_fields', 'lines');
    refused(post($other->{id}, 'refund', json => { lines => ['x'] }), 422, 'invalid_fields', 'lines[0]');
    refused(post($other->{id}, 'refund', json => { lines => [ { id => 1, quantity => 0 }, { quantity => 1 } ] }), 422, 'invalid_fields',
        'lines[0].quantity', 'lines[1].id');
    refused(post($other->{id}, 'refund', json => { amount => 1, lines => [ { id => 1, quantity => 1 } ] }), 422, 'invalid_fields', 'lines');
    refused(post($other->{id}, 'refund', json => { lines => [ { id => $line, quantity => 1 } ] }), 422, 'line_not_found');
    refused(post(unpaid(), 'refund'), 409, 'order_not_refundable');
    refused(post(9_000_000_000, 'refund'), 404, 'not_found');
    db()->do(q(UPDATE orders.orders SET paid_at = now() - interval '31 days' WHERE tenant_id = 1 AND id = ?), undef, $other->{id});
    refused(post($other->{id}, 'refund'), 409, 'refund_window_closed');
};

subtest 'entity tags and idempotency keys' => sub {
    my $id  = unpaid();
    my $tag = get("/$id")->header('ETag');
    is(api(GET => "$path/$id", @token, headers => { 'If-None-Match' => $tag })->code, 304, 'If-None-Match with the tag gets 304');
    my $moved = make_user();
    my $of    = place($moved, $plan, payment_method => 'manual')->{order}{id};
    for my $new ([ name => 'Another Name' ], [ email => 'another@example.test' ]) {
        my $old = get("/$of")->header('ETag');
        make_user(%$moved, @$new);
        my $seen = api(GET => "$path/$of", @token, headers => { 'If-None-Match' => $old });
        is($seen->code, 200, "a new $new->[0] of the buyer changes the tag");
        is($seen->{json}{user}{ $new->[0] }, $new->[1], 'the body has the new value');
    }
    refused(post($id, $_, json => {}, headers => { 'If-Match' => '"7"' }), 412, 'version_mismatch') for qw(pay cancel refund);
    my $key   = unique('key');
    my $first = post($id, 'pay', json => {}, headers => { 'Idempotency-Key' => $key, 'If-Match' => $tag });
    is($first->code, 200, 'If-Match with the current tag is accepted');
    my $second = post($id, 'pay', json => {}, headers => { 'Idempotency-Key' => $key, 'If-Match' => $tag });
    is($second->header('Idempotency-Replayed'), 'true', 'a repetition is a replay');
    is($second->content, $first->content, 'both bodies are identical');
    refused(post(unpaid(), 'pay', json => {}, headers => { 'Idempotency-Key' => $key }), 422, 'idempotency_key_reused');
    my $refund = post($id, 'refund', json => { amount => 1 }, headers => { 'Idempotency-Key' => $key });
    my $again  = post($id, 'refund', json => { amount => 1 }, headers => { 'Idempotency-Key' => $key });
    is($again->content, $refund->content, 'a refund is replayed');
    is($again->code, $refund->code, 'the replay has the same status');
    is(get("/$id")->{json}{refunded}, 1, 'the replay refunds nothing');
};

subtest 'taxes and variants' => sub {
    my $class = unique('class');
    for my $rate ([ 'CGST', 800 ], [ 'SGST', 900 ]) {
        my $reply = api(PUT => '/api/v1/admin/catalogue/tax-rates/' . unique('rate'), @token,
            json => { tax_class => $class, key => $rate->[0], rate_bp => $rate->[1] });
        is($reply->code, 201, "the rate $rate->[0] is created");
    }
    my $taxed  = make_plan(price => 100_00, tax_class => $class);
    my $option = make_billing_option($taxed, price => 200_00, name => 'Yearly');
    my $id     = place($buyer, $taxed, billing_option_id => $option->{id})->{order}{id};
    my $order  = get("/$id")->{json};
    is_deeply([ map { [ @$_{qw(key rate_bp)} ] } @{ $order->{taxes} } ], [ [ CGST => 800 ], [ SGST => 900 ] ], 'each tax has key and rate');
    my $sum = 0;
    $sum += $_->{amount} for @{ $order->{taxes} };
    ok($sum > 0 && $sum == $order->{tax}, 'the taxes add up');
    is($order->{lines}[0]{variant_name}, 'Yearly', 'the line has the name of its billing option');
};

invariants_hold();
done;
