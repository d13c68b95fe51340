# SPDX-License-Identifier: Apache-2.0
# Orders that are paid through a provider: the intent, what the buyer sees, what goes wrong.
use strict;
use warnings;
use ModOrders::Test;

my $path     = '/api/v1/user/orders';
my $provider = start_simulator();
my $plan     = make_plan(price => 19_90);
my $buyer    = make_user();
my @external = (payment_method => 'external', payment_channel => 'simulator');

sub create
{
    my (%fields) = @_;
    my $key = delete $fields{key};
    return api(POST => $path, token => $buyer->{token}, json => { plan_id => $plan->{id}, @external, %fields },
        headers => { $key ? ('Idempotency-Key' => $key) : () });
}

sub order
{
    my ($id) = @_;
    return api(GET => "$path/$id", token => $buyer->{token})->{json}{order};
}

# Waits until the order has this status.
sub becomes
{
    my ($id, $status, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $order = wait_for(sub { my $now = order($id); $now->{status} eq $status && $now }, 20);
    return ok($order, $name // "the order becomes $status") ? $order : (diag(explain(order($id))), {});
}

# The log's line about a provider: number and word, the request, the channel and the payment, and the cause.
# The first of a trouble is a warning, those that repeat it within 10 s are at debug.
sub tells
{
    my ($mark, $reply, $what, $cause) = @_;
    my $id      = quotemeta $reply->header('X-Request-Id');
    my $payment = $reply->{json}{order}{payments}[-1]{id};
    like(join('', log_since($mark)), qr/\[orders:(?:warn|debug)\] .*$what $id - user\.create: channel simulator, payment $payment: $cause/, 'the log too');
}

subtest 'an order to be paid at the provider' => sub {
    $provider->mode('manual');
    my $reply = create(payment_return_url => 'https://shop.example/thanks');
    is($reply->code, 200, 'is placed');
    my $order   = $reply->{json}{order};
    my $payment = $order->{payments}[0];
    is_deeply([ @$order{qw(status payment_status payment_method paid_at payment_failure_code)} ],
        [ 'pending_payment', 'pending', 'external', undef, undef ], 'and waits for its payment');
    ok($order->{payment_intent_id}, 'it has the intent');
    is($payment->{intent_id}, $order->{payment_intent_id}, 'as its payment says');
    like($payment->{metadata}{pay_url}, qr{^http://127\.0\.0\.1}, 'and the page to pay at');
    is_deeply([ @$payment{qw(method amount_cents currency failure_code)} ], [ 'external', 19_90, 'USD', undef ], 'with the amount');
    is($reply->{json}{transaction}, undef, 'no balance moves');
    my $intent = $provider->intent_of(key_of($payment->{id}));
    is_deeply([ @$intent{qw(amount currency order_number return_url)} ],
        [ 19_90, 'USD', $order->{number}, 'https://shop.example/thanks' ], 'the provider knows what to collect');

    $provider->approve($order->{payment_intent_id});
    my $paid = becomes($order->{id}, 'paid', 'the provider says that it was paid');
    is($paid->{payment_status}, 'succeeded', 'it succeeded');
    ok($paid->{$_}, "$_ is there") for qw(paid_at payment_reference);
    is($paid->{payments}[0]{status}, 'succeeded', 'the payment says so too');
    my $entry = (rows(q(SELECT status FROM orders.payment WHERE tenant_id = 1 AND id = ?), $payment->{id}))[0];
    is($entry->{status}, 'paid', 'and in the database');
};

subtest 'the same event any number of times' => sub {
    $provider->mode('manual', repeat => 5);
    my $order = create()->{json}{order};
    $provider->approve($order->{payment_intent_id});
    becomes($order->{id}, 'paid');
    $provider->resend(intent_id => $order->{payment_intent_id}, times => 25);
    ok($provider->settled, 'all are taken');
    is($provider->intent_of(key_of($order->{payments}[0]{id}))->{captures}, 1, 'one capture');
    my @steps = rows(q(SELECT step FROM orders_v1.order_history WHERE tenant_id = 1 AND order_id = ? AND to_state = 'paid'), $order->{id});
    is(scalar @steps, 1, 'one step in the history');
};

subtest 'a payment that fails' => sub {
    $provider->mode('manual');
    my $order = create()->{json}{order};
    $provider->fail($order->{payment_intent_id});
    my $failed = becomes($order->{id}, 'payment_failed');
    is($failed->{payment_status}, 'failed', 'the payment failed');
    ok($failed->{payment_failure_code}, 'and says why');
    is(api(GET => "$path?status=payment_failed", token => $buyer->{token})->{json}{orders}[0]{id}, $order->{id}, 'it is listed so');
};

subtest 'a provider that refuses' => sub {
    $provider->mode('decline', times => 1);
    my $mark = log_mark;
    my $reply = create();
    is($reply->code, 200, 'leaves an order');
    my $order = $reply->{json}{order};
    is_deeply([ @$order{qw(status payment_status payment_failure_code payment_intent_id)} ],
        [ 'payment_failed', 'failed', 'card_declined', undef ], 'that failed for good');
    ok($order->{payment_failure_message}, 'with what the provider said');
    tells($mark, $reply, qr/ORD0022 provider_refused/, qr/the provider answered 402: card_declined$/m);
};

for my $trouble ([ '500' ], ['lose_reply'], [ 'slow', delay => 3 ], ['garbage']) {
    my ($mode, @options) = @$trouble;
    subtest "a provider in trouble: $mode" => sub {
        $provider->mode($mode, @options);
        my $mark  = log_mark;
        my $reply = create();
        is($reply->code, 200, 'the order stands');
        my $order = $reply->{json}{order};
        is_deeply([ @$order{qw(status payment_status payment_intent_id)} ], [ 'pending_payment', 'pending', undef ], 'and waits');
        is($order->{payment_failure_code}, 'provider_unreachable', 'the payment says why');
        tells($mark, $reply, qr/ORD0021 provider_unreachable/, qr/\w/);
        $provider->mode('manual');
        my $later = wait_for(sub {
            make_due(intent => $order->{id}) if $mode ne '500'; # one of them waits for the retry interval
            my $now = order($order->{id});
            return $now->{payment_intent_id} && $now;
        }, 20);
        ok($later, 'the worker asks again') or return;
        is($later->{payment_failure_code}, undef, 'and all is well');
        my $key = key_of($order->{payments}[0]{id});
        my $intents = grep { $_->{payment_key} eq $key } @{ $provider->state->{intents} };
        is($intents, 1, 'with one intent at the provider');
        $provider->approve($later->{payment_intent_id});
        becomes($order->{id}, 'paid');
    };
}

subtest 'channels' => sub {
    $provider->mode('manual');
    refused(create(payment_channel => undef), 422, 'payment_channel_required', 'payment_channel');
    refused(create(payment_channel => 'nowhere'), 422, 'invalid_fields', 'payment_channel');
    make_channel('simulator', enabled => JSON::PP::false);
    refused(create(), 422, 'payment_channel_disabled', 'payment_channel');
    make_channel('simulator', enabled => JSON::PP::true);
    my $count = @{ $provider->state->{intents} };
    my $free  = create(plan_id => make_plan(price => 0)->{id})->{json}{order};
    is($free->{status}, 'paid', 'nothing to pay is paid at once');
    is(create(plan_id => make_plan(price => 0)->{id}, payment_channel => undef)->{json}{order}{status}, 'paid', 'and needs no channel');
    is(scalar @{ $provider->state->{intents} }, $count, 'without the provider');
};

subtest 'keys' => sub {
    my $key   = unique('key');
    my $first = create(key => $key);
    ok($first->{json}{order}{payment_intent_id}, 'the first has an intent');
    my $second = create(key => $key);
    is($second->header('Idempotency-Replayed'), 'true', 'the second is a replay');
    is($second->content, $first->content, 'byte for byte');
};

subtest 'a request that was cut off before the provider answered' => sub {
    my $key   = unique('key');
    my $first = create(key => $key)->{json}{order};
    # As if the process had died between placing and recording.
    db()->do('UPDATE orders.idempotency SET completed_at = NULL, answer = NULL WHERE tenant_id = 1 AND actor_id = ? AND key = ?',
        undef, $buyer->{id}, $key);
    db()->do(q(WITH p AS (UPDATE orders.payment SET intent_id = NULL, pay_url = NULL, status = 'created'
                          WHERE tenant_id = 1 AND order_id = ? RETURNING id, channel)
        INSERT INTO orders.due (tenant_id, kind, id, channel, due_at) SELECT 1, 'intent', id, channel, now() + interval '1 hour' FROM p),
        undef, $first->{id});
    my $soon = create(key => $key);
    refused($soon, 409, 'idempotency_in_flight');
    ok($soon->header('Retry-After'), 'with the time to wait');
    db()->do(q(UPDATE orders.idempotency SET started_at = now() - interval '1 minute' WHERE tenant_id = 1 AND actor_id = ? AND key = ?),
        undef, $buyer->{id}, $key);
    my $resumed = create(key => $key);
    is($resumed->code, 200, 'is resumed later');
    is($resumed->{json}{order}{id}, $first->{id}, 'with the same order');
    is($resumed->{json}{order}{payment_intent_id}, $first->{payment_intent_id}, 'and the same intent');
    is(create(key => $key)->content, $resumed->content, 'and replayed from then on');

    db()->do(q(UPDATE orders.idempotency SET completed_at = NULL, answer = NULL, started_at = now() - interval '1 minute'
        WHERE tenant_id = 1 AND actor_id = ? AND key = ?), undef, $buyer->{id}, $key);
    is(create(key => $key)->{json}{order}{id}, $first->{id}, 'when the worker was quicker, too');
    is(create(key => $key)->header('Idempotency-Replayed'), 'true', 'and the key is done');
};

subtest 'cancelling' => sub {
    my $order = create()->{json}{order};
    my $reply = api(POST => "$path/$order->{id}/cancel", token => $buyer->{token});
    is($reply->{json}{order}{status}, 'cancelled', 'is possible while nothing was paid');
    $provider->approve($order->{payment_intent_id});
    ok($provider->settled, 'money that comes nevertheless is taken note of');
    my $returned = wait_for(sub { my $now = order($order->{id}); @{ $now->{refunds} } && $now->{refunded_cents} && $now }, 20);
    ok($returned, 'and goes back');
    is($returned->{status}, 'refunded', 'which the order shows') if $returned;
    is(order_row($order->{id})->{state}, 'cancelled', 'it stays cancelled');
};

subtest 'an order whose time is over' => sub {
    my $order = create()->{json}{order};
    let_expire($order->{id}, q(now() - interval '1 second'));
    my $expired = becomes($order->{id}, 'cancelled', 'is shown as cancelled');
    is($expired->{payment_status}, 'pending', 'its payment as pending');
    is(order_row($order->{id})->{state}, 'expired', 'it is expired in the database');
};

invariants_hold();
done;
