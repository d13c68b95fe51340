# SPDX-License-Identifier: Apache-2.0
# POST /api/v1/admin/payments/:channel/events: signed events of a provider, and refusals.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256 sha256_hex);
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
    my $body = ref $event ? JSON::PP->new->canonical->utf8->encode({ map { defined $event->{$_} ? ($_ => $event->{$_}) : () } keys %$event }) : $event;
    my $mac  = encode_base64(hmac_sha256("$id.$time.$body", $with{secret} // $secret), '');
    return api(POST => $with{path} // $path, body => $body, unchecked => $with{unchecked}, headers => {
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
    is($reply->code, 200, 'the event is acknowledged');
    is_deeply($reply->{json}, { result => 'done' }, 'the result is done');
    is(state_of($order), 'completed paid', 'the order is paid');
    is_deeply(send_event($event, id => $id)->{json}, { result => 'unchanged' }, 'a repetition changes nothing');
    is(send_event($event)->code, 200, 'an event with another id is acknowledged');
    is(scalar rows(q(SELECT step FROM orders_v1.order_history WHERE tenant_id = 1 AND order_id = ? AND to_state = 'paid'), $order->{id}),
        1, 'the order was paid once');
    is(send_event(event($order, 'failed', failure_code => 'late'))->code, 200, 'a later failure is acknowledged');
    is(state_of($order), 'completed paid', 'a later failure changes nothing');
};

subtest 'confirming, failed, then paid' => sub {
    my $order = order();
    send_event(event($order, 'confirming'));
    is(state_of($order), 'open confirming', 'a confirming event sets the payment to confirming');
    send_event(event($order, 'failed', failure_code => 'no_funds', failure_message => 'No funds.'));
    is(state_of($order), 'open failed', 'a failed event sets the payment to failed');
    my $shown = api(GET => "/api/v1/user/orders/$order->{id}", token => $buyer->{token})->{json}{order};
    is_deeply([ @$shown{qw(status payment_failure_code payment_failure_message)} ], [ 'payment_failed', 'no_funds', 'No funds.' ],
        'the buyer sees the failure');
    send_event(event($order, 'paid'));
    is(state_of($order), 'completed paid', 'a second attempt is paid');
};

subtest 'an event before the reply with the intent' => sub {
    my $order = order();
    my $event = event($order, 'paid');
    delete $event->{intent_id};
    is(send_event($event)->code, 200, 'an event with the payment key is acknowledged');
    is(state_of($order), 'completed paid', 'the order is paid');
    $order = order();
    $event = event($order, 'paid');
    delete $event->{payment_key};
    send_event($event);
    is(state_of($order), 'completed paid', 'an event with only the intent pays the order');
};

# The stored event with its verdict.
sub kept
{
    my ($id) = @_;
    my ($row) = rows(q(SELECT * FROM orders.provider_event WHERE tenant_id = 1 AND channel = 'simulator' AND event_id = ?), $id);
    return $row;
}

sub is_refused
{
    my ($event, $code, $name) = @_;
    my ($id, $mark) = (unique('evt'), log_mark());
    my $reply = send_event($event, id => $id);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($reply->code, 200, "$name: acknowledged") or diag($reply->as_string);
    is_deeply($reply->{json}, { result => 'refused', code => $code }, 'the body has the verdict');
    is_deeply([ @{ kept($id) }{qw(verdict refusal type transaction_id)} ], [ 'refused', $code, @$event{qw(type transaction_id)} ], 'the event is stored with its refusal');
    my @lines = grep { /\[orders:error\].* ORD0039 provider_event_refused \S+ - operator\.payments\.event: channel simulator, event \Q$id\E / } log_since($mark);
    is(scalar @lines, 1, 'the log has one line at level error');
    my $facts = sprintf '(%s), payment %s, intent %s, transaction %s, amount %s %s: %s', $event->{type}, kept($id)->{payment_id} // $event->{payment_key},
        map({ $event->{$_} // '-' } qw(intent_id transaction_id)), $event->{amount} // 0, $event->{currency} // '-', $code;
    like($lines[0], qr/\Q$facts\E/, 'the line has the facts of the event');
    $mark = log_mark();
    is_deeply(send_event($event, id => $id)->{json}, { result => 'refused', code => $code }, 'a repetition returns the same verdict');
    is(scalar(grep { /ORD0039/ } log_since($mark)), 0, 'a repetition is not logged again');
}

subtest 'refused events' => sub {
    my $order = order();
    is_refused(event($order, 'paid', amount => 10_01), 'amount_mismatch', 'another amount');
    is_refused(event($order, 'paid', amount => undef), 'amount_mismatch', 'no amount');
    is_refused(event($order, 'paid', currency => 'EUR'), 'currency_mismatch', 'another currency');
    is_refused(event($order, 'paid', currency => 'usd'), 'currency_mismatch', 'an unknown currency');
    is_refused(event($order, 'paid', transaction_id => undef), 'required_field', 'no transaction id');
    is_refused(event($order, 'paid', payment_key => '00000000-0000-4000-8000-000000000000', intent_id => 'in_none'), 'not_found', 'an unknown payment key');
    is_refused(event($order, 'nonsense'), 'invalid_field', 'an unknown type');
    is(state_of($order), 'open unpaid', 'the order is unchanged');
    my $taken = event($order, 'paid');
    send_event($taken);
    is_refused({ %$taken, transaction_id => unique('tx') }, 'payment_already_captured', 'a second capture');
    is_refused(event($order, 'refunded', amount => 10_01, capture_id => $taken->{transaction_id}), 'refund_exceeds_captured', 'a refund above the captured amount');
    my $other = order();
    is_refused(event($other, 'paid', transaction_id => $taken->{transaction_id}), 'transaction_id_taken', 'the transaction id of another order');
    my @open = rows(q(SELECT refusal FROM orders.unresolved_provider_events WHERE tenant_id = 1 AND order_id = ? ORDER BY id), $order->{id});
    is(join(' ', map { $_->{refusal} } @open), 'amount_mismatch amount_mismatch currency_mismatch currency_mismatch required_field '
        . 'invalid_field payment_already_captured refund_exceeds_captured', 'operators find the refused events in a view');
};

subtest 'refund events that contradict the records' => sub {
    my $order = order();
    my ($first, $second) = (event($order, 'paid'), event($order, 'paid'));
    send_event($first);
    is_refused($second, 'payment_already_captured', 'a second capture');
    is_refused(event($order, 'refunded', capture_id => $second->{transaction_id}), 'capture_mismatch', 'a refund of the second capture');
    is_refused(event($order, 'refunded'), 'capture_mismatch', 'a refund without a capture id');
    is(state_of($order), 'completed paid', 'the order is unchanged');
    my $refund = event($order, 'refunded', amount => 4_00, capture_id => $first->{transaction_id});
    is_deeply(send_event($refund)->{json}, { result => 'done' }, "a refund of the payment's capture is applied");
    is_refused({ %$refund, type => 'refund_failed' }, 'refund_already_settled', 'a failure of the completed refund');
    is(state_of($order), 'completed partially_refunded', 'the order is unchanged');
    my @seen = rows(q(SELECT refusal, capture_id FROM orders.unresolved_provider_events WHERE tenant_id = 1 AND order_id = ? ORDER BY id), $order->{id});
    is_deeply([ map { [ @$_{qw(refusal capture_id)} ] } @seen ], [ [ 'payment_already_captured', undef ], [ 'capture_mismatch', $second->{transaction_id} ],
        [ 'capture_mismatch', undef ], [ 'refund_already_settled', $first->{transaction_id} ] ], 'operators find all refused events');
};

subtest 'malformed events' => sub {
    my $order = order();
    my %bodies = (
        '{' . unique('x') => 'malformed_json', '["' . unique('x') . '"]' => 'malformed_json', '{"x":"' . unique('x') . '"}' => 'invalid_fields',
        JSON::PP->new->canonical->encode(event($order, 'paid', amount => 'x')) => 'invalid_fields',
        JSON::PP->new->canonical->encode(event($order, 'paid', intent_id => 'a/b')) => 'invalid_fields',
    );
    for my $body (sort keys %bodies) {
        my ($id, $mark, $kept) = (unique('evt'), log_mark(), 'body:' . sha256_hex($body));
        my $reply = send_event($body, id => $id, unchecked => 1);
        is($reply->code, 200, 'a malformed event is acknowledged') or diag($reply->as_string);
        is_deeply($reply->{json}, { result => 'refused', code => $bodies{$body} }, 'a malformed event is refused');
        is(join(' ', map { $_ // '-' } @{ kept($kept) }{qw(type verdict refusal)}), "unreadable refused $bodies{$body}", 'a malformed event is stored because it is signed');
        like(kept($kept)->{detail}, qr/^Event \Q$id\E: \S/, 'the detail has the id of the event and the reason');
        is(scalar(grep { /\[orders:error\].* ORD0039 .*channel simulator, event \Q$id\E / } log_since($mark)), 1, 'the log has one line at level error');
        $mark = log_mark();
        is_deeply(send_event($body, unchecked => 1)->{json}, { result => 'refused', code => $bodies{$body} }, 'a repeat gets the same response');
        is(scalar(grep { /ORD0039/ } log_since($mark)), 0, 'a repeat is not logged again');
    }
    is_deeply(send_event('', unchecked => 1)->{json}, { result => 'refused', code => 'malformed_json' }, 'an empty body is refused');
    my ($body, $id) = ('{"type":"paid","amount":"x"}', unique('evt'));
    send_event($body, id => $id, unchecked => 1);
    is_deeply(send_event(event($order, 'paid'), id => $id)->{json}, { result => 'done' }, 'a corrected event with the same id is applied');
    is(send_event('{' . unique('x'), id => "a\xe9b", unchecked => 1)->code, 200, 'an event with invalid characters in its id is acknowledged');
    refused(send_event('{', secret => 'x' x 64, unchecked => 1), 401, 'invalid_signature');
};

subtest 'a busy database' => sub {
    my $order = order();
    my $event = event($order, 'paid');
    my $id    = unique('evt');
    my $other = ModOrders::Test::connect_as($ENV{PGUSER});
    $other->begin_work;
    $other->do('SELECT FROM orders.orders WHERE tenant_id = 1 AND id = ? FOR UPDATE', undef, $order->{id});
    refused(send_event($event, id => $id), 503, 'busy');
    ok(!kept($id), 'the event is not stored');
    $other->rollback;
    is_deeply(send_event($event, id => $id)->{json}, { result => 'done' }, 'the event is applied when it is sent again');
};

subtest 'early events' => sub {
    my $order = order();
    my $early = event($order, 'refunded', amount => 4_00);
    is_deeply(send_event($early)->{json}, { result => 'waiting' }, 'a refund event before the capture waits');
    is(state_of($order), 'open unpaid', 'the order is unchanged');
    is_deeply(send_event(event($order, 'paid'))->{json}, { result => 'done' }, 'the capture is applied');
    is(state_of($order), 'completed partially_refunded', 'the waiting refund is applied with it');
    $order = order();
    send_event(event($order, 'refunded', amount => 10_00));
    is(api(POST => "/api/v1/admin/orders/$order->{id}/pay", token => operator->{token}, json => {})->code, 200, 'an operator records the payment');
    like(state_of($order), qr/ refunded$/, 'the waiting refund is applied with it');
    my $intent = unique('in');
    my $event  = { type => 'paid', intent_id => $intent, transaction_id => unique('tx'), amount => 10_00, currency => 'USD' };
    my $id     = unique('evt');
    is_deeply(send_event($event, id => $id)->{json}, { result => 'waiting' }, 'an event with an unknown intent waits');
    $order = order();
    db()->do('UPDATE orders.payment SET intent_id = ? WHERE tenant_id = 1 AND order_id = ?', undef, $intent, $order->{id});
    ok(wait_for(sub { state_of($order) eq 'completed paid' }, 20), 'the worker applies the event');
    is(kept($id)->{verdict}, 'done', 'the event has its verdict');
};

subtest 'confirming extends the expiry' => sub {
    my $order = order();
    let_expire($order->{id}, q(now() + interval '2 s'));
    send_event(event($order, 'confirming'));
    my ($row) = rows(q(SELECT expires_at > now() + interval '6 days' AS late FROM orders.orders WHERE tenant_id = 1 AND id = ?), $order->{id});
    ok($row->{late}, 'the expiry is extended by a week');
    sleep 3;
    send_event(event($order, 'paid'));
    is(state_of($order), 'completed paid', 'a late capture is applied');
};

subtest 'a payment settled by an operator without a reference' => sub {
    my $order = order();
    is(api(POST => "/api/v1/admin/orders/$order->{id}/pay", token => operator->{token}, json => {})->code, 200, 'the operator settles the payment');
    my $event = event($order, 'paid');
    is_deeply(send_event({ %$event, currency => 'EUR' })->{json}, { result => 'refused', code => 'currency_mismatch' }, 'another currency is refused');
    is_deeply(send_event($event)->{json}, { result => 'done' }, 'the capture is applied');
    my ($payment) = rows('SELECT * FROM orders.payment WHERE tenant_id = 1 AND order_id = ?', $order->{id});
    is($payment->{transaction_id}, $event->{transaction_id}, 'the transaction id is stored');
    is_deeply(send_event($event)->{json}, { result => 'unchanged' }, 'a repeated event changes nothing');
};

subtest 'free text' => sub {
    local $ModOrders::Test::undescribed = 1;
    my %shown = ("No\nfunds." => 'No funds.', "a\x{85}b\x{7f}\tc" => 'a b  c', "\x{e9}" x 600 => "\x{e9}" x 500);
    for my $text (sort keys %shown) {
        my $order = order();
        is_deeply(send_event(event($order, 'failed', failure_code => "no\r", failure_message => $text))->{json}, { result => 'done' }, 'control characters are accepted');
        my ($payment) = rows('SELECT failure_code, failure_message FROM orders.payment WHERE tenant_id = 1 AND order_id = ?', $order->{id});
        is_deeply($payment, { failure_code => 'no ', failure_message => $shown{$text} }, 'control characters are replaced');
    }
    my $order = order();
    my $body  = JSON::PP->new->canonical->encode(event($order, 'failed', failure_code => 'no', failure_message => 'MESSAGE'));
    $body =~ s/MESSAGE/\xff cut \\ud83d/;
    is_deeply(send_event($body, unchecked => 1)->{json}, { result => 'done' }, 'invalid UTF-8 is accepted');
    my ($payment) = rows('SELECT failure_message FROM orders.payment WHERE tenant_id = 1 AND order_id = ?', $order->{id});
    is($payment->{failure_message}, '  cut  ', 'invalid UTF-8 is replaced');
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
    is(state_of($order), 'open unpaid', 'without a valid signature the order is unchanged');
    refused(api(GET => $path, unchecked => 1), 405, 'method_not_allowed');
};

subtest 'refunds through the provider' => sub {
    $provider->mode('manual');
    my $order = order();
    $provider->approve($order->{payment_intent_id});
    ok(wait_for(sub { state_of($order) eq 'completed paid' }), 'an order is paid through the provider');
    $provider->mode('pending', delay => 3); # the worker may send the request at any time; the reply takes longer than the rest of the test
    my $reply = api(POST => "/api/v1/admin/orders/$order->{id}/refund", token => operator->{token}, json => { amount => 4_00 });
    is($reply->code, 201, 'a refund is accepted');
    is_deeply([ $reply->{json}{refund}{status}, $reply->{json}{order}{payment_state} ], [ 'pending', 'refund_pending' ], 'the refund is pending');
    refused(api(POST => "/api/v1/admin/orders/$order->{id}/refund", token => operator->{token}, json => { amount => 1 }), 409, 'refund_in_progress');
    ok(wait_for(sub { state_of($order) eq 'completed partially_refunded' }, 20), 'the worker sends the refund');
    is($provider->intent_of(key_of($order->{payments}[0]{id}))->{refunded} // 4_00, 4_00, 'the provider made the refund');
};

invariants_hold();
done;
