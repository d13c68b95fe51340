# SPDX-License-Identifier: Apache-2.0
# Idempotency-Key on the POST routes of the user API.
use strict;
use warnings;
use Digest::SHA qw(sha256);
use IO::Handle;
use ModOrders::Test;

my $path  = '/api/v1/user/orders';
my $plan  = make_plan(price => 10_00);
my $buyer = make_user(balance => 10_000_00);

sub create
{
    my ($user, $key, %fields) = @_;
    return api(POST => $path, token => $user->{token}, json => { plan_id => $plan->{id}, %fields },
        headers => { defined $key ? ('Idempotency-Key' => $key) : () });
}

subtest 'a repeated request' => sub {
    my $user   = make_user(balance => 100_00);
    my $key    = unique('key');
    my $first  = create($user, $key);
    my $second = create($user, $key);
    is($first->code, 200, 'the first request places an order');
    is($first->header('Idempotency-Replayed'), undef, 'the first response is not a replay');
    is($second->code, 200, 'the second request succeeds');
    is($second->header('Idempotency-Replayed'), 'true', 'the second response is marked as replayed');
    is($second->content, $first->content, 'both bodies are identical');
    is($second->header('ETag'), $first->header('ETag'), 'both entity tags are identical');
    is(order_count($user), 1, 'one order is placed');
    my $id = $first->{json}{order}{id};
    api(POST => "/api/v1/admin/orders/$id/refund", token => operator->{token}, json => {});
    is(create($user, $key)->content, $first->content, 'a later change of the order does not change the response');
    isnt(create($user, undef)->content, $first->content, 'a request without the key places another order');
};

subtest 'a key in the body' => sub {
    my $user  = make_user(balance => 100_00);
    my $key   = unique('key');
    my $first = create($user, undef, idempotency_key => $key);
    is(create($user, undef, idempotency_key => $key)->content, $first->content, 'a key in the body is accepted');
    my $both = unique('key');
    is(create($user, $both, idempotency_key => $both)->code, 200, 'the same key in header and body is accepted');
    refused(create($user, $both, idempotency_key => "$both-other"), 400, 'idempotency_key_mismatch');
    is(order_count($user), 2, 'a refused request places no order');
    my $form = api(POST => $path, token => $user->{token}, form => [ plan_id => $plan->{id}, idempotency_key => unique('key') ]);
    is($form->code, 200, 'a form with a key is accepted');
};

subtest 'another request with the same key' => sub {
    my $user = make_user(balance => 100_00);
    my $key  = unique('key');
    create($user, $key);
    my $reused = create($user, $key, quantity => 2);
    refused($reused, 422, 'idempotency_key_reused');
    is($reused->{json}{errors}, undef, 'with a header, no field is named');
    $reused = create($user, undef, quantity => 2, idempotency_key => $key);
    refused($reused, 422, 'idempotency_key_reused');
    is($reused->{json}{errors}[0]{field}, 'idempotency_key', "with a body, the field is named");
    is(order_count($user), 1, 'no further order is placed');
};

subtest 'scope of a key' => sub {
    my $key   = unique('key');
    my $first = create($buyer, $key, payment_method => 'manual');
    my $other = make_user(balance => 100_00);
    my $second = create($other, $key, payment_method => 'manual');
    is($second->header('Idempotency-Replayed'), undef, "keys are scoped per user");
    isnt($second->{json}{order}{id}, $first->{json}{order}{id}, 'each user gets an order');
    my $cancel = api(POST => "$path/$first->{json}{order}{id}/cancel", token => $buyer->{token}, json => {},
        headers => { 'Idempotency-Key' => $key });
    is($cancel->{json}{order}{status}, 'cancelled', 'keys are scoped per route');
    my $again = api(POST => "$path/$first->{json}{order}{id}/cancel", token => $buyer->{token}, json => {},
        headers => { 'Idempotency-Key' => $key });
    is($again->header('Idempotency-Replayed'), 'true', 'the response of the other route is replayed');
    is($again->content, $cancel->content, 'both bodies are identical');
    is(create($buyer, $key, payment_method => 'manual')->{json}{order}{status}, 'pending_payment', 'the first response is unchanged');
    my $next = create($buyer, undef, payment_method => 'manual')->{json}{order}{id};
    refused(api(POST => "$path/$next/cancel", token => $buyer->{token}, json => {}, headers => { 'Idempotency-Key' => $key }),
        422, 'idempotency_key_reused');
};

subtest 'a refused request stores no key' => sub {
    my $user = make_user();
    my $key  = unique('key');
    refused(create($user, $key), 402, 'insufficient_balance');
    refused(create($user, $key, quantity => 0), 422, 'invalid_fields');
    top_up($user, 10_00);
    is(create($user, $key)->code, 200, 'the same key succeeds later');
};

subtest 'invalid keys' => sub {
    refused(create($buyer, $_), 400, 'invalid_idempotency_key') for 'x' x 256, 'a b', "\x{e4}";
    refused(create($buyer, undef, idempotency_key => $_), 400, 'invalid_idempotency_key') for 'x' x 256, 'a b';
    is(create($buyer, 'x' x 200 . unique('key'))->code, 200, 'a long key is accepted');
};

subtest '24 concurrent requests' => sub {
    my $user    = make_user(balance => 1000_00);
    my @request = (POST => $path, token => $user->{token}, json => { plan_id => $plan->{id} }, headers => { 'Idempotency-Key' => unique('key') });
    my @answers = map { "$_->{code} $_->{content}" } ask_at_once((\@request) x 24);
    my %different = map { $_ => 1 } grep { /^200 / } @answers;
    is(scalar keys %different, 1, 'all successful responses are identical');
    is(scalar grep({ !/^200 / && !/^409 .*idempotency_in_flight/ } @answers), 0, 'every other response is idempotency_in_flight');
    is(order_count($user), 1, 'one order is placed');
};

subtest 'a key in use' => sub {
    my $user = make_user(balance => 100_00);
    my $key  = unique('key');
    db()->begin_work;
    db()->do(q(INSERT INTO orders.idempotency (tenant_id, actor_id, route, key, fingerprint, started_at)
               VALUES (1, ?, 'user.create', ?, '\x00', now())), undef, $user->{id}, $key);
    my $start = Time::HiRes::time();
    my $reply = create($user, $key);
    my $took  = Time::HiRes::time() - $start;
    db()->rollback;
    refused($reply, 409, 'idempotency_in_flight');
    ok($reply->header('Retry-After'), 'the refusal has Retry-After');
    cmp_ok($took, '<', 4, 'the refusal is sent within a limited time');
    is(order_count($user), 0, 'no order is placed');
    is(create($user, $key)->code, 200, 'a later request succeeds');
};

invariants_hold();
done;
