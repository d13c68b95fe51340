# SPDX-License-Identifier: Apache-2.0
# Returns in the operator API: request, approve, reject, receive, refund, list; and manual refunds.
use strict;
use warnings;
use ModOrders::Test;

my $admin = '/api/v1/admin';
my $buyer = make_user(balance => 10_000_00);
my @token = (token => operator->{token});
my %product = map { $_->[0] => unique($_->[0]) } [lamp => 1], [cake => 0];
upsert('products', $product{$_}, name => ucfirst, returnable => $_ eq 'lamp' ? JSON::PP::true() : JSON::PP::false(),
    variants => [ { ref => 'x', prices => { USD => 10_00 } } ]) for keys %product;

sub get { return api(GET => "$admin$_[0]", @token) }

sub post
{
    my ($path, $document, %headers) = @_;
    return api(POST => "$admin$path", @token, json => $document // {}, headers => \%headers);
}

# Places an order of lamps and a cake.
sub sold
{
    my ($lamps, %more) = @_;
    my $reply = post('/orders', { dialect => 'customer', user => $buyer->{ref}, currency => 'USD', payment_method => 'balance',
        lines => [ { product => $product{lamp}, quantity => $lamps }, { product => $product{cake} } ], %more });
    $reply->code == 201 or diag($reply->as_string);
    return $reply->{json};
}

# Delivers an order, the given number of days ago; the cash on delivery was not collected.
sub delivered
{
    my ($order, $days) = @_;
    ModOrders::Test::call_as_operator('advance', $order->{id}, 'packed', (undef) x 4);
    ModOrders::Test::call_as_operator('ship', $order->{id}, '{}', undef);
    ModOrders::Test::call_as_operator('advance', $order->{id}, 'delivered', undef, 'false', undef, undef);
    db()->do(q(UPDATE orders.shipment SET delivered_at = now() - ? * interval '24 hours' WHERE tenant_id = 1 AND order_id = ?), undef, $days // 0, $order->{id});
    return get("/orders/$order->{id}")->{json};
}

# The lines of a request: the first line of the order, or the given lines.
sub of
{
    my ($order, $quantity) = @_;
    return [ { id => $order->{lines}[0]{id}, (defined $quantity ? (quantity => $quantity) : ()) } ];
}

sub requested
{
    my ($order, $lines) = @_;
    return post("/orders/$order->{id}/returns", { lines => $lines, reason => 'Damaged.' });
}

subtest 'a complete return' => sub {
    my $order = delivered(sold(3));
    my $reply = requested($order, of($order, 2));
    is($reply->code, 201, 'a return is requested');
    my $return = $reply->{json}{return};
    is(member_names($return), 'amount created_at currency id lines reason refund_id state updated_at', 'the return has all members');
    is_deeply([ @$return{qw(state reason lines refund_id amount currency)} ], [ 'requested', 'Damaged.', of($order, 2), undef, undef, 'USD' ], 'the members have the requested values');
    is_deeply($reply->{json}{order}{returns}, [$return], 'the order has the return');
    is_deeply($reply->{json}{order}, get("/orders/$order->{id}")->{json}, 'the order equals that of reading');
    is($reply->{json}{order}{version}, $order->{version} + 1, 'the version is incremented');
    my $step = $reply->{json}{order}{history}[-1];
    is_deeply([ @$step{qw(axis from to comment actor)} ], [ 'return', 'new', 'requested', 'Damaged.', { kind => 'operator', id => operator->{id} } ], 'the history has the step');
    my $again = requested($order, of($order, 2));
    is_deeply([ $again->code, $again->{json} ], [ 200, $reply->{json} ], 'the same request again changes nothing');
    refused(post("/returns/$return->{id}/receive"), 409, 'return_not_resolvable');
    is(post("/returns/$return->{id}/receive")->{json}{state}, 'requested', 'the refusal has the state');

    $reply = post("/returns/$return->{id}/approve", { comment => 'Send it.' });
    is_deeply([ $reply->code, $reply->{json}{return}{state}, $reply->{json}{order}{history}[-1]{comment} ], [ 200, 'approved', 'Send it.' ], 'the return is approved');
    is_deeply(post("/returns/$return->{id}/approve", { comment => 'Again.' })->{json}, $reply->{json}, 'a repeated step changes nothing');
    $reply = api(POST => "$admin/returns/$return->{id}/receive", @token, body => '', type => '');
    is_deeply([ $reply->code, $reply->{json}{return}{state} ], [ 200, 'received' ], 'the return is received without a body');
    $reply = post("/returns/$return->{id}/refund");
    is_deeply([ $reply->code, @{ $reply->{json}{return} }{qw(state amount)} ], [ 200, 'refunded', 20_00 ], 'the return is refunded');
    my $refund = $reply->{json}{order}{refunds}[-1];
    is_deeply([ @$refund{qw(id amount status reason)} ], [ $reply->{json}{return}{refund_id}, 20_00, 'done', 'Damaged.' ], 'the refund belongs to the order');
    is($reply->{json}{order}{payment_state}, 'partially_refunded', 'the order is partially refunded');
    is_deeply(post("/returns/$return->{id}/refund")->{json}, $reply->{json}, 'a repeated step changes nothing');
    refused(post("/returns/$return->{id}/reject"), 409, 'return_not_resolvable');
    is((rows('SELECT returned_quantity, refunded_quantity FROM orders.order_line WHERE tenant_id = 1 AND id = ?', $order->{lines}[0]{id}))[0]{refunded_quantity}, 2, 'the line counts the items');
};

subtest 'a rejected return, and a return of all remaining items' => sub {
    my $order  = delivered(sold(2));
    my $return = requested($order, of($order))->{json}{return};
    is_deeply($return->{lines}, of($order, 2), 'without a quantity, all remaining items are returned');
    my $reply = post("/returns/$return->{id}/reject", { comment => 'Too used.' });
    is($reply->{json}{return}{state}, 'rejected', 'the return is rejected');
    refused(post("/returns/$return->{id}/approve"), 409, 'return_not_resolvable');
    is(requested($order, of($order))->code, 201, 'the items can be requested again');
    my $only = delivered(post('/orders', { dialect => 'shop', user => $buyer->{ref}, currency => 'USD', payment_method => 'balance', lines => [ { product => $product{lamp} } ] })->{json});
    my $id = requested($only, of($only))->{json}{return}{id};
    post("/returns/$id/approve");
    is(post("/returns/$id/receive")->{json}{order}{fulfilment_state}, 'returned', 'the order is returned when all items are received');
    is(post("/returns/$id/refund")->{json}{order}{payment_state}, 'refunded', 'the order is refunded');
};

subtest 'refusals' => sub {
    my $order = delivered(sold(2));
    my ($lamp, $cake) = map { $_->{id} } @{ $order->{lines} };
    my $path = "/orders/$order->{id}/returns";
    refused(post($path, {}), 422, 'invalid_fields', 'lines', 'reason');
    refused(post($path, { lines => $_->[0], reason => 'x' }), 422, 'invalid_fields', @{ $_->[1] })
        for [ [], ['lines'] ], [ ['x'], ['lines[0]'] ], [ [ {} ], ['lines[0].id'] ], [ [ { id => $lamp, quantity => 0 } ], ['lines[0].quantity'] ], [ 7, ['lines'] ];
    refused(post($path, { lines => of($order), reason => $_ }), 422, 'invalid_fields', 'reason') for '', 'x' x 1001, 7;
    refused(post($path, { lines => of($order), reason => ' ' }), 422, 'required_field', 'reason');
    refused(post($path, { lines => [ { id => $lamp }, { id => $lamp } ], reason => 'x' }), 422, 'invalid_field', 'lines');
    my $unknown = post($path, { lines => [ { id => $lamp }, { id => 999_999_998 }, { id => 999_999_999 } ], reason => 'x' });
    refused($unknown, 422, 'line_not_found', 'lines');
    is_deeply($unknown->{json}{lines}, [ 999_999_998, 999_999_999 ], 'the refusal names all unknown lines');
    my $never = post($path, { lines => [ { id => $lamp }, { id => $cake } ], reason => 'x' });
    refused($never, 422, 'line_not_returnable', 'lines');
    is_deeply($never->{json}{lines}, [$cake], 'the refusal names the line that is not returnable');
    my $many = requested($order, of($order, 3));
    refused($many, 422, 'quantity_out_of_range', 'lines');
    is_deeply([ @{ $many->{json} }{qw(id maximum)} ], [ $lamp, 2 ], 'the refusal has line and maximum');
    requested($order, of($order, 2));
    my $none = requested($order, of($order, 1));
    refused($none, 409, 'line_already_returned');
    is_deeply($none->{json}{lines}, [$lamp], 'the refusal names the line without remaining items');
    my $early = requested(sold(1), [ { id => 1 } ]);
    refused($early, 409, 'order_not_returnable');
    is($early->{json}{fulfilment_state}, 'pending', 'the refusal has the state');
    my $late = delivered(sold(1), 31);
    refused(requested($late, of($late)), 409, 'return_window_closed');
    refused(post('/orders/9000000000/returns', { lines => [ { id => 1 } ], reason => 'x' }), 404, 'not_found');
    refused(post("/returns/$_/approve"), 404, 'return_not_found') for 9_000_000_000, 'x', 0;
    refused(post("/returns/1/approve", { comment => 'x' x 256 }), 422, 'invalid_fields', 'comment');
    refused(api(POST => "$admin$path", token => $buyer->{token}, json => {}), 403, 'forbidden');
    my $unpaid = delivered(sold(1, payment_method => 'cod'));
    my $id     = requested($unpaid, of($unpaid))->{json}{return}{id};
    post("/returns/$id/$_") for qw(approve receive);
    refused(post("/returns/$id/refund"), 409, 'order_not_refundable');
};

subtest 'entity tags and idempotency keys' => sub {
    my $order  = delivered(sold(2));
    my $tag    = get("/orders/$order->{id}")->header('ETag');
    my %body   = (lines => of($order, 1), reason => 'x');
    my %header = ('Idempotency-Key' => unique('key'), 'If-Match' => $tag);
    refused(post("/orders/$order->{id}/returns", \%body, 'If-Match' => '"999"'), 412, 'version_mismatch');
    my $first = post("/orders/$order->{number}/returns", \%body, %header);
    is($first->code, 201, 'If-Match with the current tag, and the order by its number');
    my $second = post("/orders/$order->{number}/returns", \%body, %header);
    is_deeply([ $second->code, $second->header('Idempotency-Replayed'), $second->content ], [ 201, 'true', $first->content ], 'a repetition is replayed');
    refused(post("/orders/$order->{number}/returns", { %body, reason => 'y' }, %header), 422, 'idempotency_key_reused');
    my $id = $first->{json}{return}{id};
    refused(post("/returns/$id/approve", {}, 'If-Match' => $tag), 412, 'version_mismatch');
    my %key = ('Idempotency-Key' => unique('key'));
    my $approved = post("/returns/$id/approve", {}, %key);
    post("/returns/$id/receive");
    is(post("/returns/$id/approve", {}, %key)->content, $approved->content, 'each step is replayed');
};

subtest 'the list' => sub {
    my @ids;
    for my $order (map { delivered(sold(2)) } 1 .. 2) {
        unshift @ids, requested($order, of($order, 1))->{json}{return}{id};
        post("/returns/$ids[0]/reject");
    }
    my $reply = get('/returns?state=rejected&limit=1');
    is($reply->code, 200, 'returns in a state');
    my ($listed) = @{ $reply->{json}{returns} };
    is_deeply([ $listed->{id}, member_names($listed->{order}) ], [ $ids[0], 'id number' ], 'the newest is first, with its order');
    is_deeply({ map { $_ => $listed->{$_} } grep { $_ ne 'order' } keys %$listed }, get("/orders/$listed->{order}{id}")->{json}{returns}[0], 'the entry equals that of the order');
    ok($reply->{json}{next_cursor}, 'the page has a cursor');
    my ($next) = ($reply->header('Link') // '') =~ /^<([^>]+)>; rel="next"$/;
    is(api(GET => "$admin/returns$next", @token)->{json}{returns}[0]{id}, $ids[1], 'the next page');
    my $all = get('/returns?limit=500')->{json};
    is(scalar(grep { $_->{id} == $ids[0] || $_->{id} == $ids[1] } @{ $all->{returns} }), 2, 'returns in any state');
    is($all->{next_cursor}, undef, 'the last page has no cursor');
    refused(get("/returns?$_"), 422, 'invalid_fields', (split /=/)[0]) for 'state=lost', 'limit=0', 'cursor=x';
    refused(api(GET => "$admin/returns", token => $buyer->{token}), 403, 'forbidden');
};

subtest 'manual refunds' => sub {
    my $order = sold(1, payment_method => 'bank_transfer');
    post("/orders/$order->{id}/pay", { reference => unique('statement') });
    delivered($order = get("/orders/$order->{id}")->{json});
    my $id = requested($order, of($order))->{json}{return}{id};
    post("/returns/$id/$_") for qw(approve receive);
    # A refund by a seller is left to the operator.
    my $pending = sub {
        db()->do(q(SELECT FROM orders_v1.resolve_return(1, 'operator', 'seller', NULL, 'test', NULL, NULL, ?, 'refund', NULL, NULL)), undef, $id);
        return get("/orders/$order->{id}")->{json}{refunds}[-1];
    };
    my $refund = $pending->();
    is($refund->{status}, 'pending', 'the refund is pending');
    refused(post("/refunds/$refund->{id}/settle", $_->[0]), 422, 'invalid_fields', $_->[1])
        for [ { failed => 'yes' }, 'failed' ], [ { code => 'iban' }, 'code' ], [ { message => 'No.' }, 'message' ], [ { reference => 'x' x 256 }, 'reference' ];
    my $reply = post("/refunds/$refund->{id}/settle", { failed => JSON::PP::true(), code => 'iban', message => 'No such account.' });
    is_deeply([ $reply->code, @{ $reply->{json}{refund} }{qw(id status failure_code)} ], [ 200, $refund->{id}, 'failed', 'iban' ], 'the refund has failed');
    is_deeply([ @{ $reply->{json}{order}{returns}[0] }{qw(state refund_id)} ], [ 'received', undef ], 'the return is received again');
    is($reply->{json}{order}{payment_state}, 'paid', 'the order is paid again');
    is(post("/refunds/$refund->{id}/settle", { reference => 'x' })->{json}{refund}{status}, 'failed', 'a failed refund cannot be completed');
    $refund = $pending->();
    my %key = ('Idempotency-Key' => unique('key'));
    $reply = post("/refunds/$refund->{id}/settle", { reference => 'Statement 14' }, %key);
    is_deeply([ $reply->code, @{ $reply->{json}{refund} }{qw(status reference)} ], [ 200, 'done', 'Statement 14' ], 'the refund is done');
    is($reply->{json}{order}{returns}[0]{state}, 'refunded', 'the return is refunded');
    is(post("/refunds/$refund->{id}/settle", { reference => 'Statement 14' }, %key)->content, $reply->content, 'a repetition is replayed');
    my $other = delivered(sold(1));
    my $made  = post("/orders/$other->{id}/refund", { amount => 1 })->{json}{refund};
    refused(post("/refunds/$made->{id}/settle"), 409, 'refund_not_by_hand');
    refused(post("/refunds/$_/settle"), 404, 'refund_not_found') for 9_000_000_000, 'x';
};

invariants_hold();
done;
