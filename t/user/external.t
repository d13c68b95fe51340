# SPDX-License-Identifier: Apache-2.0
# Orders paid through a provider: the intent, the response to the buyer, and failures.
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

# The log line about a failed call: number and code of the error, the request, the channel, the payment, and the cause.
# The first line is a warning; repetitions within 10 s are at level debug.
sub tells
{
    my ($mark, $reply, $what, $cause) = @_;
    my $id      = quotemeta $reply->header('X-Request-Id');
    my $payment = $reply->{json}{order}{payments}[-1]{id};
    like(join('', log_since($mark)), qr/\[orders:(?:warn|debug)\] .*$what $id - user\.create: channel simulator, payment $payment: $cause/, 'the log has the error');
}

subtest 'an order to be paid at the provider' => sub {
    $provider->mode('manual');
    my $reply = create(payment_return_url => 'https://shop.example/thanks');
    is($reply->code, 200, 'the order is placed');
    my $order   = $reply->{json}{order};
    my $payment = $order->{payments}[0];
    is_deeply([ @$order{qw(status payment_status payment_method paid_at payment_failure_code)} ],
        [ 'pending_payment', 'pending', 'external', undef, undef ], 'the order awaits its payment');
    ok($order->{payment_intent_id}, 'the order has the intent');
    is($payment->{intent_id}, $order->{payment_intent_id}, 'the payment has the intent');
    like($payment->{metadata}{pay_url}, qr{^http://127\.0\.0\.1}, 'the payment has the URL of the payment page');
    is_deeply([ @$payment{qw(method amount_cents currency failure_code)} ], [ 'external', 19_90, 'USD', undef ], 'the payment has the amount');
    is($reply->{json}{transaction}, undef, 'the response has no balance transaction');
    my $intent = $provider->intent_of(key_of($payment->{id}));
    is_deeply([ @$intent{qw(amount currency order_number return_url)} ],
        [ 19_90, 'USD', $order->{number}, 'https://shop.example/thanks' ], 'the provider has the amount and the order number');

    $provider->approve($order->{payment_intent_id});
    my $paid = becomes($order->{id}, 'paid', 'the order is paid after the event of the provider');
    is($paid->{payment_status}, 'succeeded', 'the payment succeeded');
    ok($paid->{$_}, "the order has $_") for qw(paid_at payment_reference);
    is($paid->{payments}[0]{status}, 'succeeded', 'the payment in the list succeeded');
    my $entry = (rows(q(SELECT status FROM orders.payment WHERE tenant_id = 1 AND id = ?), $payment->{id}))[0];
    is($entry->{status}, 'paid', 'the order is paid in the database');
};

subtest 'a repeated event' => sub {
    $provider->mode('manual', repeat => 5);
    my $order = create()->{json}{order};
    $provider->approve($order->{payment_intent_id});
    becomes($order->{id}, 'paid');
    $provider->resend(intent_id => $order->{payment_intent_id}, times => 25);
    ok($provider->settled, 'all events are accepted');
    is($provider->intent_of(key_of($order->{payments}[0]{id}))->{captures}, 1, 'the provider captured once');
    my @steps = rows(q(SELECT step FROM orders_v1.order_history WHERE tenant_id = 1 AND order_id = ? AND to_state = 'paid'), $order->{id});
    is(scalar @steps, 1, 'the history has one step');
};

subtest 'a payment that fails' => sub {
    $provider->mode('manual');
    my $order = create()->{json}{order};
    $provider->fail($order->{payment_intent_id});
    my $failed = becomes($order->{id}, 'payment_failed');
    is($failed->{payment_status}, 'failed', 'the payment failed');
    ok($failed->{payment_failure_code}, 'the order has the failure code');
    is(api(GET => "$path?status=payment_failed", token => $buyer->{token})->{json}{orders}[0]{id}, $order->{id}, 'the list has the order as payment_failed');
};

subtest 'a provider that refuses' => sub {
    $provider->mode('decline', times => 1);
    my $mark = log_mark;
    my $reply = create();
    is($reply->code, 200, 'the order is placed');
    my $order = $reply->{json}{order};
    is_deeply([ @$order{qw(status payment_status payment_failure_code payment_intent_id)} ],
        [ 'payment_failed', 'failed', 'card_declined', undef ], 'the payment and the order failed');
    ok($order->{payment_failure_message}, 'the order has the message of the provider');
    tells($mark, $reply, qr/ORD0022 provider_refused/, qr/the provider replied 402: card_declined$/m);
};

for my $trouble ([ '500' ], ['lose_reply'], [ 'slow', delay => 3 ], ['garbage']) {
    my ($mode, @options) = @$trouble;
    subtest "a provider in trouble: $mode" => sub {
        $provider->mode($mode, @options);
        my $mark  = log_mark;
        my $reply = create();
        is($reply->code, 200, 'the order is placed');
        my $order = $reply->{json}{order};
        is_deeply([ @$order{qw(status payment_status payment_intent_id)} ], [ 'pending_payment', 'pending', undef ], 'the order awaits its payment');
        is($order->{payment_failure_code}, 'provider_unreachable', 'the payment has the failure code');
        tells($mark, $reply, qr/ORD0021 provider_unreachable/, qr/\w/);
        $provider->mode('manual');
        my $later = wait_for(sub {
            make_due(intent => $order->{id}) if $mode ne '500'; # one of them waits for the retry interval
            my $now = order($order->{id});
            return $now->{payment_intent_id} && $now;
        }, 20);
        ok($later, 'the worker creates the intent later') or return;
        is($later->{payment_failure_code}, undef, 'the failure code is removed');
        my $key = key_of($order->{payments}[0]{id});
        my $intents = grep { $_->{payment_key} eq $key } @{ $provider->state->{intents} };
        is($intents, 1, 'the provider has one intent');
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
    is($free->{status}, 'paid', 'a free order is paid immediately');
    is(create(plan_id => make_plan(price => 0)->{id}, payment_channel => undef)->{json}{order}{status}, 'paid', 'a free order needs no channel');
    is(scalar @{ $provider->state->{intents} }, $count, 'the provider is not called');
};

subtest 'idempotency keys' => sub {
    my $key   = unique('key');
    my $first = create(key => $key);
    ok($first->{json}{order}{payment_intent_id}, 'the first response has the intent');
    my $second = create(key => $key);
    is($second->header('Idempotency-Replayed'), 'true', 'the second response is a replay');
    is($second->content, $first->content, 'both bodies are identical');
};

subtest 'a request interrupted before the reply of the provider' => sub {
    my $key   = unique('key');
    my $first = create(key => $key)->{json}{order};
    # As if the process had ended between placing the order and recording the intent.
    db()->do('UPDATE orders.idempotency SET completed_at = NULL, answer = NULL WHERE tenant_id = 1 AND actor_id = ? AND key = ?',
        undef, $buyer->{id}, $key);
    db()->do(q(WITH p AS (UPDATE orders.payment SET intent_id = NULL, pay_url = NULL, status = 'created'
                          WHERE tenant_id = 1 AND order_id = ? RETURNING id, channel)
        INSERT INTO orders.due (tenant_id, kind, id, channel, due_at) SELECT 1, 'intent', id, channel, now() + interval '1 hour' FROM p),
        undef, $first->{id});
    my $soon = create(key => $key);
    refused($soon, 409, 'idempotency_in_flight');
    ok($soon->header('Retry-After'), 'the refusal has Retry-After');
    db()->do(q(UPDATE orders.idempotency SET started_at = now() - interval '1 minute' WHERE tenant_id = 1 AND actor_id = ? AND key = ?),
        undef, $buyer->{id}, $key);
    my $resumed = create(key => $key);
    is($resumed->code, 200, 'a later request resumes');
    is($resumed->{json}{order}{id}, $first->{id}, 'the resumed request returns the same order');
    is($resumed->{json}{order}{payment_intent_id}, $first->{payment_intent_id}, 'the resumed request returns the same intent');
    is(create(key => $key)->content, $resumed->content, 'further requests are replays');

    db()->do(q(UPDATE orders.idempotency SET completed_at = NULL, answer = NULL, started_at = now() - interval '1 minute'
        WHERE tenant_id = 1 AND actor_id = ? AND key = ?), undef, $buyer->{id}, $key);
    is(create(key => $key)->{json}{order}{id}, $first->{id}, 'the worker may complete the payment first');
    is(create(key => $key)->header('Idempotency-Replayed'), 'true', 'the next request is a replay');
};

subtest 'the request id and the trace' => sub {
    my $trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    my $order = sub {
        return api(POST => $path, token => $buyer->{token}, json => { plan_id => $plan->{id}, @external },
            headers => { 'X-Request-Id' => 'mine.7', traceparent => $_[0] });
    };
    is($order->($trace)->code, 200, 'an order with a trace');
    is_deeply($provider->state->{caller}, { 'x-request-id' => 'mine.7', traceparent => $trace }, 'the provider gets the request id and the trace');
    is($order->("$trace-x")->code, 200, 'an order with a malformed trace');
    is_deeply($provider->state->{caller}, { 'x-request-id' => 'mine.7', traceparent => undef }, 'the provider gets only the request id');
};

subtest 'cancelling' => sub {
    my $order = create()->{json}{order};
    my $reply = api(POST => "$path/$order->{id}/cancel", token => $buyer->{token});
    is($reply->{json}{order}{status}, 'cancelled', 'an unpaid order can be cancelled');
    $provider->approve($order->{payment_intent_id});
    ok($provider->settled, 'a late payment is accepted');
    my $returned = wait_for(sub { my $now = order($order->{id}); @{ $now->{refunds} } && $now->{refunded_cents} && $now }, 20);
    ok($returned, 'the late payment is refunded');
    is($returned->{status}, 'refunded', 'the order shows the refund') if $returned;
    is(order_row($order->{id})->{state}, 'cancelled', 'the order stays cancelled');
};

subtest 'an expired order' => sub {
    my $order = create()->{json}{order};
    let_expire($order->{id}, q(now() - interval '1 second'));
    my $expired = becomes($order->{id}, 'cancelled', 'the order is shown as cancelled');
    is($expired->{payment_status}, 'pending', 'the payment of the order is shown as pending');
    is(order_row($order->{id})->{state}, 'expired', 'the order is expired in the database');
};

invariants_hold();
done;
