# SPDX-License-Identifier: Apache-2.0
# reorder/:id by GET and POST: adds the products of an order to the cart.
use strict;
use warnings;
use utf8;
use ModOrders::Customer;
use ModOrders::Goods;
use ModOrders::Test;

sub reorder
{
    my ($method, $order, $who, %with) = @_;
    return customer($method => 'reorder', $order, $who, %with);
}

# The content of the open cart: "2 of 7".
sub cart_of
{
    my ($who) = @_;
    return join ', ', map { "$_->{quantity} of $_->{product_id}" } rows(
        q(SELECT l.quantity, v.product_id FROM orders.cart k JOIN orders.cart_line l ON l.tenant_id = k.tenant_id AND l.cart_id = k.id
          JOIN orders.variant v ON v.tenant_id = l.tenant_id AND v.id = l.variant_id
          WHERE k.tenant_id = 1 AND k.user_id = ? AND k.state = 'open' ORDER BY l.id), $who->{id});
}

sub done_well
{
    my ($reply, $name, $more) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($reply->code, 200, "$name: 200");
    return is_deeply($reply->{json}, { success => JSON::PP::true(), message => 'Added to cart' . ($more // ''), status => 200, data => [] }, $name)
        || diag($reply->as_string);
}

# Removes the product from sale.
sub retire
{
    my ($goods) = @_;
    return upsert(products => $goods->{ref}, name => $goods->{name}, active => JSON::PP::false(), variants => $goods->{variants});
}

for my $method (qw(GET POST)) {
    subtest $method => sub {
        my $buyer = make_user();
        my ($a, $b) = (make_goods(), make_goods());
        my $order = customer_order($buyer, lines => [ [ $a, 2 ], [$b] ], shipping => { price => 5_00 });
        my $reply = reorder($method => $order, $buyer);
        done_well($reply, 'the products are added to the cart');
        is($reply->header('Cache-Control'), 'private, no-store', 'the response is not stored by caches');
        is(cart_of($buyer), "2 of $a->{id}, 1 of $b->{id}", 'the products are in the cart');
        done_well(reorder($method => $order, $buyer), 'the same order can be added again');
        is(cart_of($buyer), "2 of $a->{id}, 1 of $b->{id}", 'the same order again changes nothing');
        done_well(reorder($method => customer_order($buyer, lines => [ [ $a, 3 ] ]), $buyer), 'another order can be added');
        is(cart_of($buyer), "5 of $a->{id}, 1 of $b->{id}", 'the products of another order are added');
    };
}

subtest 'the order' => sub {
    my $buyer = make_user();
    my $order = customer_order($buyer);
    reorder(GET => $order, $buyer);
    is(order_row($order->{id})->{version}, 1, 'the version is unchanged');
    my $cancelled = customer_order($buyer);
    work($cancelled, 'cancel');
    done_well(reorder(GET => $cancelled, $buyer), 'a cancelled order can be reordered');
};

subtest 'products that are no longer sold' => sub {
    my $buyer = make_user();
    my ($a, $b, $c) = map { make_goods(name => $_) } 'Hat', 'جاكيت "x"', 'Scarf';
    my $order = customer_order($buyer, lines => [ [$a], [$b], [$c] ]);
    retire($_) for $b, $c;
    done_well(reorder(GET => $order, $buyer), 'the message names products that are no longer sold', '. No longer sold: جاكيت "x", Scarf.');
    is(cart_of($buyer), "1 of $a->{id}", 'products that are no longer sold are omitted');
    done_well(reorder(GET => $order, $buyer), 'the message names them again', '. No longer sold: جاكيت "x", Scarf.');
    my $other = customer_order($buyer, lines => [ [$a] ]);
    retire($a);
    says(reorder($_ => $other, $buyer), 409, 'No product of the order is sold any more: Hat.') for qw(GET POST);
};

subtest 'a prefetch request' => sub {
    my $buyer = make_user();
    my $order = customer_order($buyer);
    my $head  = reorder(HEAD => $order, $buyer);
    is_deeply([ $head->code, $head->content ], [ 200, '' ], 'HEAD gets 200 and no body');
    is(reorder(HEAD => $order, make_user())->code, 404, 'HEAD of the order of another user gets 404');
    says(reorder(GET => $order, $buyer, headers => { $_ => 'prefetch' }), 409, 'Nothing was changed, because the request is a prefetch.')
        for qw(Sec-Purpose Purpose X-Moz);
    is(reorder(POST => $order, $buyer, body => '{')->code, 400, 'an invalid body is refused');
    is(cart_of($buyer), '', 'the cart is empty');
};

subtest 'concurrent requests' => sub {
    my $buyer = make_user();
    my $goods = make_goods();
    my $order = customer_order($buyer, lines => [ [ $goods, 2 ] ]);
    my @children;
    for (1 .. 12) {
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            my $code = ask(GET => customer_path('reorder', $order), token => $buyer->{token})->code;
            require POSIX;
            POSIX::_exit($code == 200 ? 0 : 1);
        }
        push @children, $pid;
    }
    my $failed = grep { waitpid($_, 0); $? } @children;
    is($failed, 0, 'every request succeeds');
    is(cart_of($buyer), "2 of $goods->{id}", 'the products are added once');
};

subtest 'idempotency keys' => sub {
    my $buyer = make_user();
    my $order = customer_order($buyer);
    my $key   = { 'Idempotency-Key' => unique('key') };
    my @both  = map { reorder(POST => $order, $buyer, headers => $key) } 1, 2;
    is($both[1]->content, $both[0]->content, 'the key returns the first response');
    is($both[1]->header('Idempotency-Replayed'), 'true', 'the response is marked as replayed');
    says(reorder(POST => customer_order($buyer), $buyer, headers => $key), 422, 'This key was used with another request.');
};

subtest 'orders of other users' => sub {
    my $buyer = make_user();
    my $order = customer_order($buyer);
    my $other = make_user();
    for my $method (qw(GET POST)) {
        says(reorder($method => $order, $other), 404, 'Order not found.');
        says(reorder($method => $_, $buyer), 404, 'Order not found.') for 'x', 999_999_999;
    }
    is(cart_of($other), '', 'the cart is empty');
};

invariants_hold();
done;
