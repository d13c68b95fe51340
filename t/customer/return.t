# SPDX-License-Identifier: Apache-2.0
# POST order/return: requests the return of delivered products.
use strict;
use warnings;
use ModOrders::Customer;
use ModOrders::Goods;
use ModOrders::Test;

my $buyer = make_user();
my $two   = sub { (lines => [ [ make_goods(), 2 ], [ make_goods() ] ], @_) };

sub request_return
{
    my ($order, $lines, %with) = @_;
    return customer(POST => 'order/return', undef, delete $with{who} // $buyer,
        json => { order_id => $order->{id}, order_items_id => $lines, return_reason => 'Damaged items' }, %with);
}

sub lines_of { return map { $_->{id} } grep { $_->{kind} eq 'product' } @{ $_[0]{lines} } }

# The returns of an order: "requested 2:101 1:102"
sub returns_of
{
    my ($order) = @_;
    return join ', ', map { "$_->{state} $_->{pieces}" } rows(
        q(SELECT r.state, string_agg(l.quantity || ':' || l.line_id, ' ' ORDER BY l.line_id) AS pieces
          FROM orders.order_return r JOIN orders.return_line l ON l.tenant_id = r.tenant_id AND l.return_id = r.id
          WHERE r.tenant_id = 1 AND r.order_id = ? GROUP BY r.id, r.state ORDER BY r.id), $order->{id});
}

sub done_well
{
    my ($reply, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($reply->content, '{"success":true,"message":"Order return initiated successfully","status_code":200,"data":[]}', $name);
}

subtest 'the sample of the specification' => sub {
    my $order = delivered_order($buyer, $two->());
    my ($a, $b) = lines_of($order);
    my $reply = request_return($order, [ $a, $b ]);
    is($reply->code, 200);
    done_well($reply, 'the return is requested');
    is(returns_of($order), "requested 2:$a 1:$b", 'the return has all items of the lines');
    my ($row) = rows('SELECT reason FROM orders.order_return WHERE tenant_id = 1 AND order_id = ?', $order->{id});
    is($row->{reason}, 'Damaged items', 'the return has the reason');
    done_well(request_return($order, [ $b, $a ]), 'a repeated request succeeds');
    is(returns_of($order), "requested 2:$a 1:$b", 'the same request again changes nothing');
};

subtest 'one line per request' => sub {
    my $order = delivered_order($buyer, $two->(payment_method => 'cod'));
    my ($a, $b) = lines_of($order);
    done_well(request_return($order, [$a]), 'the first line is returned');
    done_well(request_return($order, [$b]), 'the second line is returned');
    is(returns_of($order), "requested 2:$a, requested 1:$b", 'each request is a return');
    says(request_return($order, [ $a, $b ]), 409, "No items of these lines are left to return: $a, $b.");
    done_well(request_return($order, [ $a, $a ]), 'a repeated line is counted once');
    is(returns_of($order), "requested 2:$a, requested 1:$b", 'no return is added');
};

subtest 'online orders' => sub {
    my $rich  = make_user(balance => 100_00);
    my $order = delivered_order($rich, payment_method => 'balance');
    done_well(request_return($order, [ lines_of($order) ], who => $rich), 'an order paid from the balance is returned');
};

subtest 'forms' => sub {
    my $order = delivered_order($buyer, $two->());
    my ($a, $b) = lines_of($order);
    my $send = sub {
        my (@items) = @_;
        return customer(POST => 'order/return', undef, $buyer, form => [ order_id => $order->{id}, @items, return_reason => 'Too small' ]);
    };
    done_well($send->(order_items_id => $a), 'a form with one line is accepted');
    done_well($send->('order_items_id[]' => $b), 'a name with brackets is accepted');
    is(returns_of($order), "requested 2:$a, requested 1:$b", 'each form requests a return');
    my $other = delivered_order($buyer, $two->());
    ($order, $a, $b) = ($other, lines_of($other));
    done_well($send->(order_items_id => $a, order_items_id => $b), 'a repeated name is accepted');
    is(returns_of($order), "requested 2:$a 1:$b", 'repeated fields are one return');
    done_well($send->('order_items_id[]' => $a, 'order_items_id[]' => $b), 'a repeated name with brackets is accepted');
    local $ModOrders::Test::undescribed = 1;
    done_well($send->('order_items_id[0]' => $a, 'order_items_id[1]' => $b), 'a name with indexes is accepted');
    is(returns_of($order), "requested 2:$a 1:$b", 'the forms have the same effect');
    says($send->(order_items_id => $a, order_id => 1), 400, 'Field 3 has the name of an earlier one.');
    says($send->(order_items_id => 'x'), 422, 'order_items_id: Must be an array of ids.');
    my $bound = join '', map { qq(--b\r\nContent-Disposition: form-data; name="$_->[0]"\r\n\r\n$_->[1]\r\n) }
        [ order_id => $order->{id} ], [ 'order_items_id[]' => $a ], [ 'order_items_id[]' => $b ], [ return_reason => 'Too small' ];
    done_well(customer(POST => 'order/return', undef, $buyer, body => "$bound--b--\r\n", type => 'multipart/form-data; boundary=b'), 'a multipart form is accepted');
};

subtest 'orders that cannot be returned' => sub {
    my $order = customer_order($buyer);
    my @lines = lines_of($order);
    for my $step (qw(confirm pack ship)) {
        says(request_return($order, \@lines), 409, 'Only delivered goods can be returned.');
        work($order, $step);
    }
    work($order, 'deliver');
    db()->do(q(UPDATE orders.shipment SET delivered_at = now() - interval '31 days', shipped_at = now() - interval '32 days' WHERE tenant_id = 1 AND order_id = ?), undef, $order->{id});
    says(request_return($order, \@lines), 409, 'The return period has ended.');
    my $cancelled = customer_order($buyer);
    work($cancelled, 'cancel');
    says(request_return($cancelled, [ lines_of($cancelled) ]), 409, 'Only delivered goods can be returned.');
};

subtest 'lines' => sub {
    my $order = delivered_order($buyer, lines => [ [ make_goods() ], [ make_goods(returnable => JSON::PP::false()) ], [ make_goods(returnable => JSON::PP::false()) ] ],
        shipping => { price => 5_00 });
    my ($fine, $never, $neither) = lines_of($order);
    my ($shipping) = map { $_->{id} } grep { $_->{kind} eq 'shipping' } @{ $order->{lines} };
    says(request_return($order, [ $fine, $never, $neither ]), 422, "These lines cannot be returned: $never, $neither.");
    says(request_return($order, [$shipping]), 422, "These lines cannot be returned: $shipping.");
    says(request_return($order, [ $fine, 999_999_999 ]), 422, 'The order has no such lines: 999999999.');
    my ($other) = lines_of(delivered_order($buyer));
    says(request_return($order, [$other]), 422, "The order has no such lines: $other.");
    is(returns_of($order), '', 'a refused request returns no line');
};

subtest 'fields' => sub {
    my $order = delivered_order($buyer);
    my ($line) = lines_of($order);
    my %right = (order_id => $order->{id}, order_items_id => [$line], return_reason => 'x');
    my $with  = sub { customer(POST => 'order/return', undef, $buyer, json => { %right, @_ }) };
    says(customer(POST => 'order/return', undef, $buyer, json => {}), 422,
        'order_id: The field is required. order_items_id: The field is required. return_reason: The field is required.');
    says($with->(order_id => '57'), 422, 'order_id: Must be an integer.');
    says($with->(order_id => -1), 422, 'order_id: The number is out of range.');
    says($with->(order_items_id => $line), 422, 'order_items_id: Must be an array.');
    says($with->(order_items_id => []), 422, 'order_items_id: Must have from 1 to 500 entries.');
    says($with->(order_items_id => [ 1 .. 501 ]), 422, 'order_items_id: Must have from 1 to 500 entries.');
    says($with->(order_items_id => ["$line"]), 422, 'order_items_id: Must be an array of ids.');
    says($with->(return_reason => 7), 422, 'return_reason: Must be a string.');
    says($with->(return_reason => 'x' x 1001), 422, 'return_reason: At most 1000 characters.');
    says($with->(return_reason => "a\x07"), 422, 'return_reason: Must not contain control characters.');
    says(customer(POST => 'order/return', undef, $buyer), 400, customer(POST => 'order/return', undef, $buyer)->{json}{message});
    says(customer(POST => 'order/return', undef, $buyer, body => 'x', type => 'text/plain'), 415, "The body's content type is not supported.");
    is(returns_of($order), '', 'no return was requested');
    done_well($with->(return_reason => "Two\nlines", nonsense => 1), 'unknown fields are ignored');
};

subtest 'idempotency keys' => sub {
    my $order = delivered_order($buyer);
    my $key   = { 'Idempotency-Key' => unique('key') };
    my @both  = map { request_return($order, [ lines_of($order) ], headers => $key) } 1, 2;
    is($both[1]->content, $both[0]->content, 'the key returns the first response');
    is($both[1]->header('Idempotency-Replayed'), 'true', 'the response is marked as replayed');
    says(request_return($order, [1], headers => $key), 422, 'This key was used with another request.');
};

subtest 'OrdersReturnWindow' => sub {
    my $known = known_user();
    my $order = delivered_order($known);
    db()->do(q(UPDATE orders.shipment SET delivered_at = now() - interval '31 days', shipped_at = now() - interval '32 days' WHERE tenant_id = 1 AND order_id = ?), undef, $order->{id});
    my $reply = ask(POST => '/basic/customer/order/return', basic => [ 'known', 'sesame' ],
        json => { order_id => $order->{id}, order_items_id => [ lines_of($order) ], return_reason => 'x' });
    done_well($reply, 'the Location overrides the window') or diag($reply->as_string);
};

subtest 'orders of other users' => sub {
    my $order = delivered_order($buyer);
    says(request_return($order, [ lines_of($order) ], who => make_user()), 404, 'Order not found.');
    says(request_return({ id => $_ }, [1]), 404, 'Order not found.') for 0, 999_999_999;
    is(returns_of($order), '', 'no return was requested');
};

invariants_hold();
done;
