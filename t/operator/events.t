# SPDX-License-Identifier: Apache-2.0
# POST /api/v1/admin/payments/:channel/events: what a provider may say, signed, and what it may not.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use MIME::Base64 qw(encode_base64);
use ModOrders::Test;

my $provider = start_simulator();
my $plan     = make_plan(price => 10_00);
my $buyer    = make_user();
my $path     = '/api/v1/admin/payments/simulator/events';

open my $in, '<', Apache::Test::vars('channel_secret_file') or die "the channel's secret: $!";
my ($secret) = map { s/\s+$//r } <$in>;

sub send_event
{
    my ($event, %with) = @_;
    my $id   = $with{id} // unique('evt');
    my $time = $with{time} // time;
    my $body = ref $event ? JSON::PP->new->canonical->encode($event) : $event;
    my $mac  = encode_base64(hmac_sha256("$id.$time.$body", $with{secret} // $secret), '');
    return api(POST => $with{path} // $path, body => $body, headers => {
        'webhook-id' => $id, 'webhook-timestamp' => $time, 'webhook-signature' => $with{signature} // "v1,$mac",
    });
}

sub order
{
    my $reply = api(POST => '/api/v1/user/orders', token => $buyer->{token},
        json => { plan_id => $plan->{id}, payment_method => 'external', payment_channel => 'simulator' });
    return $reply->{json}{order};
}

sub event
{
    my ($order, $type, %more) = @_;
    return {
        type => $type, intent_id => $order->{payment_intent_id}, payment_key => key_of($order->{payments}[0]{id}),
        transaction_id => unique('tx'), amount => 10_00, currency => 'USD', %more,
    };
}

sub state_of
{
    my ($order) = @_;
    my $row = order_row($order->{id});
    return "$row->{state} $row->{payment_state}";
}

subtest 'paid' => sub {
    my $order = order();
    my $id    = unique('evt');
    my $event = event($order, 'paid');
    my $reply = send_event($event, id => $id);
    is($reply->code, 200, 'is taken');
    is_deeply($reply->{json}, { result => 'done' }, 'and says so');
    is(state_of($order), 'completed paid', 'the order is paid');
    is_deeply(send_event($event, id => $id)->{json}, { result => 'unchanged' }, 'again, it changes nothing');
    is(send_event($event)->code, 200, 'nor under another id');
    is(scalar rows(q(SELECT step FROM orders.order_history WHERE tenant_id = 1 AND order_id = ? AND to_state = 'paid'), $order->{id}),
        1, 'it was paid once');
    is(send_event(event($order, 'failed', failure_code => 'late'))->code, 200, 'a failure that comes after it');
    is(state_of($order), 'completed paid', 'changes nothing');
};

subtest 'confirming, failed, and paid at last' => sub {
    my $order = order();
    send_event(event($order, 'confirming'));
    is(state_of($order), 'open confirming', 'confirming');
    send_event(event($order, 'failed', failure_code => 'no_funds', failure_message => 'No funds.'));
    is(state_of($order), 'open failed', 'failed');
    my $shown = api(GET => "/api/v1/user/orders/$order->{id}", token => $buyer->{token})->{json}{order};
    is_deeply([ @$shown{qw(status payment_failure_code payment_failure_message)} ], [ 'payment_failed', 'no_funds', 'No funds.' ],
        'as the buyer sees');
    send_event(event($order, 'paid'));
    is(state_of($order), 'completed paid', 'another try succeeded');
};

subtest 'an event that overtakes the reply' => sub {
    my $order = order();
    my $event = event($order, 'paid');
    delete $event->{intent_id};
    is(send_event($event)->code, 200, 'names the payment alone');
    is(state_of($order), 'completed paid', 'and finds it');
    $order = order();
    $event = event($order, 'paid');
    delete $event->{payment_key};
    send_event($event);
    is(state_of($order), 'completed paid', 'or names the intent alone');
};

subtest 'what does not fit' => sub {
    my $order = order();
    refused(send_event(event($order, 'paid', amount => 10_01)),   422, 'amount_mismatch');
    refused(send_event(event($order, 'paid', currency => 'EUR')), 422, 'currency_mismatch');
    refused(send_event(event($order, 'paid', payment_key => '00000000-0000-4000-8000-000000000000', intent_id => 'in_none')), 404, 'not_found');
    is(send_event($_)->code =~ /^4(?:00|22)$/, 1, 'is refused')
        for '', '{', '[]', '{}', event($order, 'nonsense'), event($order, 'paid', amount => 'x');
    is(state_of($order), 'open unpaid', 'without effect');
    my $taken = event($order, 'paid');
    send_event($taken);
    my $other = order();
    refused(send_event(event($other, 'paid', transaction_id => $taken->{transaction_id})), 409, 'transaction_id_taken');
};

subtest 'signatures' => sub {
    my $order = order();
    my $event = event($order, 'paid');
    refused(send_event($event, secret => 'x' x 64),          401, 'invalid_signature');
    refused(send_event($event, signature => ''),             401, 'invalid_signature');
    refused(send_event($event, signature => 'v1,AAAA'),      401, 'invalid_signature');
    refused(send_event($event, time => time - 3600),         401, 'invalid_signature');
    refused(send_event($event, time => time + 3600),         401, 'invalid_signature');
    refused(api(POST => $path, json => $event),              401, 'invalid_signature');
    refused(api(POST => $path, json => $event, token => operator->{token}), 401, 'invalid_signature');
    refused(send_event($event, path => '/api/v1/admin/payments/nowhere/events'), 404, 'not_found');
    is(state_of($order), 'open unpaid', 'without a good one nothing happens');
    refused(api(GET => $path, unchecked => 1), 405, 'method_not_allowed');
};

subtest 'refunds through the provider' => sub {
    $provider->mode('manual');
    my $order = order();
    $provider->approve($order->{payment_intent_id});
    ok(wait_for(sub { state_of($order) eq 'completed paid' }), 'an order paid at the provider');
    $provider->mode('pending', delay => 3); # the worker may ask at any time; the answer takes longer than what follows
    my $reply = api(POST => "/api/v1/admin/orders/$order->{id}/refund", token => operator->{token}, json => { amount => 4_00 });
    is($reply->code, 201, 'is refunded');
    is_deeply([ $reply->{json}{refund}{status}, $reply->{json}{order}{payment_state} ], [ 'pending', 'refund_pending' ], 'when the provider has done it');
    refused(api(POST => "/api/v1/admin/orders/$order->{id}/refund", token => operator->{token}, json => { amount => 1 }), 409, 'refund_in_progress');
    ok(wait_for(sub { state_of($order) eq 'completed partially_refunded' }, 20), 'which the worker sees to');
    is($provider->intent_of(key_of($order->{payments}[0]{id}))->{refunded} // 4_00, 4_00, 'the provider gave it back');
};

invariants_hold();
done;
