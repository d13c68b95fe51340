# SPDX-License-Identifier: Apache-2.0
# Idempotency-Key on the POST routes of the company API.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Test;

my $shop   = make_company;
my $seller = make_company_member($shop);

# Sends a request twice with one key; checks and returns the first response.
sub twice
{
    my ($route, $who, %fields) = @_;
    my $key    = unique('key');
    my $first  = company($route, $who, %fields, -headers => { 'Idempotency-Key' => $key });
    my $second = company($route, $who, %fields, -headers => { 'Idempotency-Key' => $key });
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($first->code, 200, "$route: the first request succeeds") or diag($first->as_string);
    is($first->header('Idempotency-Replayed'), undef, 'the first response is not a replay');
    is($second->code, 200, 'the repetition succeeds');
    is($second->header('Idempotency-Replayed'), 'true', 'the repetition is marked as replayed');
    is($second->content, $first->content, 'both bodies are identical');
    return ($first, $key);
}

subtest 'create' => sub {
    for my $type (qw(cash cash_consumer_app)) {
        my $cart = make_cart($seller);
        my ($first, $key) = twice('create', $seller, cart_id => $cart->{id}, type => $type);
        named(company('create', $seller, cart_id => $cart->{id}, type => $type), 'repeat', %{ $first->{json} });
        named(company('create', $seller, cart_id => $cart->{id}, type => $type, -headers => { 'Idempotency-Key' => unique('other') }), 'repeat', %{ $first->{json} });
        company('cancel', $seller, order_number => $first->{json}{order_number});
        is(company('create', $seller, cart_id => $cart->{id}, type => $type, -headers => { 'Idempotency-Key' => $key })->content, $first->content, 'a later change of the order does not change the response');
    }
    my $cart = make_cart($seller, products => []);
    my $key  = unique('key');
    named(company('create', $seller, cart_id => $cart->{id}, type => 'cash', -headers => { 'Idempotency-Key' => $key }), 'no products');
    is(company('create', $seller, cart_id => make_cart($seller)->{id}, type => 'cash', -headers => { 'Idempotency-Key' => $key })->code, 200, 'a refused request stores no key');
};

subtest 'payment' => sub {
    my $number = sell($seller);
    my ($first, $key) = twice('payment', $seller, order_number => $number, transaction_id => my $id = unique('tx'));
    named(company('payment', $seller, order_number => $number, transaction_id => $id), 'repeated');
    is((rows('SELECT count(*) AS n FROM orders.provider_transaction WHERE tenant_id = 1 AND transaction_id = ?', $id))[0]{n}, 1, 'the payment is recorded once');
};

subtest 'cancel' => sub {
    my $number = sell($seller);
    twice('cancel', $seller, order_number => $number);
    named(company('cancel', $seller, order_number => $number), 'closed');
};

subtest 'refund' => sub {
    my $sale = paid_sale($seller);
    twice('refund', $seller, order_number => $sale->{number});
    named(company('refund', $seller, order_number => $sale->{number}), 'refunded');
    is(order_of($sale->{number})->{refunded}, 100, 'the order is refunded once');
};

subtest 'the consumer' => sub {
    my $consumer = make_consumer(given_name => 'CC');
    my $number   = sell($seller, type => 'cash_consumer_app');
    twice('confirm', $consumer, order_number => $number);
    twice('edit', $consumer, order_number => $number, billing_address => { given_name => 'A', family_name => 'B', title => 0 });
};

subtest 'a key in the body is an unknown field' => sub {
    my $number = sell($seller);
    my $key    = unique('key');
    local $ModOrders::Test::undescribed = 1;
    is(company('cancel', $seller, order_number => $number, idempotency_key => $key)->code, 200, 'the cancellation succeeds');
    named(company('cancel', $seller, order_number => $number, idempotency_key => $key), 'closed');
};

subtest 'another request and another caller' => sub {
    my ($one, $two) = map { sell($seller) } 1 .. 2;
    my $key = unique('key');
    company('cancel', $seller, order_number => $one, -headers => { 'Idempotency-Key' => $key });
    lacks(company('cancel', $seller, order_number => $two, -headers => { 'Idempotency-Key' => $key }), 422, 'idempotency_key_reused');
    is(order_of($two)->{state}, 'open', 'the other order is unchanged');
    my $colleague = make_company_member($shop);
    is(company('cancel', $colleague, order_number => sell($colleague), -headers => { 'Idempotency-Key' => $key })->code, 200, 'keys are each person\'s own');
    is(company('payment', $seller, order_number => $two, transaction_id => unique('tx'), -headers => { 'Idempotency-Key' => $key })->code, 200, 'and each route\'s');
    named(company('cancel', $colleague, order_number => $one, -headers => { 'Idempotency-Key' => unique('key') }), 'order not exist');
};

subtest 'invalid keys' => sub {
    my $number = sell($seller);
    lacks(company('cancel', $seller, order_number => $number, -headers => { 'Idempotency-Key' => $_ }), 400, 'invalid_idempotency_key') for 'x' x 256, 'a b';
    is(order_of($number)->{state}, 'open', 'the order is unchanged');
};

subtest 'a key in use' => sub {
    my $number = sell($seller);
    my $key    = unique('key');
    db()->begin_work;
    db()->do(q(INSERT INTO orders.idempotency (tenant_id, actor_id, route, key, fingerprint, started_at) VALUES (1, ?, 'company.cancel', ?, '\x00', now())), undef, $seller->{id}, $key);
    my $reply = company('cancel', $seller, order_number => $number, -headers => { 'Idempotency-Key' => $key });
    db()->rollback;
    lacks($reply, 409, 'idempotency_in_flight');
    ok($reply->header('Retry-After'), 'the response has Retry-After');
    is(company('cancel', $seller, order_number => $number, -headers => { 'Idempotency-Key' => $key })->code, 200, 'a later request succeeds');
};

invariants_hold();
done;
