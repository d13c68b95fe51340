# SPDX-License-Identifier: Apache-2.0
# A channel with provider=paypal, from the order to its refund, with the PayPal simulator (t/lib/paypal).
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use ModOrders::Httpd;
use ModOrders::PayPal;
use ModOrders::PayPal::Forger qw(forge);
use ModOrders::Test;

my $buyer  = make_user();
my $plan   = make_plan(price => 19_90, currency => 'EUR');
my $secret = Apache::Test::vars('channel_secret_file');
my $port   = ModOrders::Process::free_port();
make_channel('paypal', provider => 'paypal');

my $httpd = ModOrders::Httpd->new(global => 'LogLevel orders:info');
my $paypal = ModOrders::PayPal->start(
    port => $port, secret_file => $secret, notify_url => $httpd->url('/api/v1/admin/payments/paypal/events'));
$httpd->{server} = <<"END";
OrdersSecretFile secret
OrdersWorkerInterval 1
OrdersReturnURL https://shop.example/
OrdersPaymentChannel paypal provider=paypal url=http://127.0.0.1:$port client-id=$ModOrders::PayPal::CLIENT_ID \\
    secret-file=$secret webhook-id=$ModOrders::PayPal::WEBHOOK_ID ca-file=@{[$paypal->ca_file]} timeout=5
END
$httpd->write->start;

sub order
{
    my (%with) = @_;
    my $reply = api(POST => $httpd->url('/api/v1/user/orders'), token => $buyer->{token}, unchecked => 1, json => {
        plan_id => ($with{plan} || $plan)->{id}, payment_method => 'external', payment_channel => 'paypal',
        payment_return_url => 'https://shop.example/thanks' });
    is($reply->code, 200, 'an order through PayPal is placed') or diag($reply->as_string);
    return $reply->{json}{order};
}

sub state_of
{
    my ($order) = @_;
    my $row = order_row($order->{id});
    return "$row->{state} $row->{payment_state}";
}

my $send_event = sub {
    my ($body) = @_;
    return api(POST => $httpd->url('/api/v1/admin/payments/paypal/events'), unchecked => 1, body => $body, headers => $paypal->sign($body));
};

# The stored delivery about a resource of PayPal's; hurry makes it due.
sub notice_of { return (rows('SELECT * FROM orders.provider_notice WHERE tenant_id = 1 AND resource_id = ? ORDER BY id DESC LIMIT 1', $_[0]))[0] || {} }
sub hurry { return db()->do(q(UPDATE orders.due SET due_at = now() WHERE tenant_id = 1 AND kind = 'provider_notice' AND id = ?), undef, notice_of($_[0])->{id}) }

sub payment_of { return (rows('SELECT * FROM orders.payment WHERE tenant_id = 1 AND order_id = ?', $_[0]{id}))[0] }

subtest 'an order is approved, captured and refunded' => sub {
    my $order = order();
    my $theirs = $paypal->order(payment_of($order)->{intent_id});
    is($theirs->{purchase_units}[0]{amount}{value}, '19.90', 'PayPal receives the amount');
    my ($page) = map { $_->{href} } grep { $_->{rel} eq 'payer-action' } @{ $theirs->{links} };
    is(payment_of($order)->{pay_url}, $page, 'and the buyer PayPal\'s page');
    like($paypal->browse($page, 'approve'), qr{^https://shop.example/thanks\?token=\w+&PayerID=\w+$}, 'PayPal redirects to the return URL');
    ok(wait_for(sub { state_of($order) eq 'completed paid' }), 'the event causes the capture') or diag(state_of($order), $httpd->log);
    ok($paypal->settled, 'every event is accepted') or diag(explain($paypal->state->{deliveries}), $httpd->log);
    is(state_of($order), 'completed paid', 'the order stays paid');
    my $reply = api(POST => $httpd->url("/api/v1/admin/orders/$order->{id}/refund"), token => operator()->{token}, unchecked => 1, json => { reason => 'back' });
    like($reply->code, qr/^20[01]$/, 'a refund is accepted') or diag($reply->as_string);
    # The worker of the shared server does not have the channel, but also claims the refund. Therefore it is made due repeatedly.
    my $until = time + 20;
    make_due(refund => $order->{id}), select(undef, undef, undef, 0.01) until state_of($order) =~ / refunded$/ || time > $until;
    like(state_of($order), qr/ refunded$/, 'the refund is done') or diag(state_of($order), $httpd->log);
    is($paypal->order($theirs->{id})->{purchase_units}[0]{payments}{captures}[0]{status}, 'REFUNDED', 'at PayPal\'s');
    ok($paypal->settled, 'the event of the refund is accepted');
    $paypal->resend(reverse => 1, times => 3);
    ok($paypal->settled, 'repeated events in reverse order are accepted');
    like(state_of($order), qr/ refunded$/, 'the order is unchanged');
};

subtest 'a capture whose reply is lost' => sub {
    my $order = order();
    $paypal->set(trouble => 'lose_reply', on => 'capture', times => 1, hold => 1);
    my $intent = payment_of($order)->{intent_id};
    $paypal->approve($intent);
    $paypal->release(times => 2);
    ok(wait_for(sub { state_of($order) eq 'completed paid' }), 'the next event completes the order') or diag(state_of($order), $httpd->log);
    is(scalar @{ $paypal->order($intent)->{purchase_units}[0]{payments}{captures} }, 1, 'PayPal has one capture');
    $paypal->set;
};

subtest 'a declined card' => sub {
    my $order = order();
    $paypal->set(decline => 1);
    $paypal->approve(payment_of($order)->{intent_id});
    ok(wait_for(sub { payment_of($order)->{status} eq 'failed' }), 'the payment fails') or diag($httpd->log);
    is(payment_of($order)->{failure_code}, 'INSTRUMENT_DECLINED', 'the payment has the failure code of PayPal');
    $paypal->set;
};

subtest 'a capture that PayPal reviews' => sub {
    my $order = order();
    $paypal->set(capture => 'PENDING');
    my $intent = payment_of($order)->{intent_id};
    $paypal->approve($intent);
    ok(wait_for(sub { payment_of($order)->{status} eq 'confirming' }), 'the payment is confirming') or diag($httpd->log);
    refused(api(POST => $httpd->url("/api/v1/user/orders/$order->{id}/cancel"), token => $buyer->{token}, unchecked => 1, json => {}), 409, 'order_not_cancellable');
    $paypal->complete($paypal->order($intent)->{purchase_units}[0]{payments}{captures}[0]{id});
    ok(wait_for(sub { state_of($order) eq 'completed paid' }), 'the order is paid later') or diag(state_of($order), $httpd->log);
    $paypal->set;
};

subtest 'events for other recipients' => sub {
    my $events = $httpd->url('/api/v1/admin/payments/paypal/events');
    my $send = sub {
        my ($body, %how) = @_;
        return api(POST => $events, unchecked => 1, body => $body, headers => $paypal->sign($body, %how));
    };
    my $body = '{"id":"WH-1","event_type":"CUSTOMER.DISPUTE.CREATED","resource":{}}';
    my $reply = $send->($body);
    is($reply->code, 200, 'the event is acknowledged');
    is_deeply($reply->{json}, { result => 'unchanged' }, 'the event changes nothing');
    my $order = order();
    my $foreign = sprintf '{"id":"WH-2","event_type":"CHECKOUT.ORDER.APPROVED","resource":{"id":"%s","purchase_units":[{"custom_id":"2-%s"}]}}',
        payment_of($order)->{intent_id}, payment_of($order)->{provider_key};
    is_deeply($send->($foreign)->{json}, { result => 'unchanged' }, 'an event of another tenant changes nothing');
    refused($send->($body, certificate => 'other'), 401, 'invalid_signature');
    refused($send->($body, webhook_id => 'OTHER'), 401, 'invalid_signature');
    refused(api(POST => $events, unchecked => 1, body => $body), 401, 'invalid_signature');
};

# The headers of a genuine delivery with other bodies.
subtest 'a forged body with the headers of a delivery' => sub {
    my $events = $httpd->url('/api/v1/admin/payments/paypal/events');
    my $paid = order();
    $paypal->approve(payment_of($paid)->{intent_id});
    ok(wait_for(sub { state_of($paid) eq 'completed paid' }) && $paypal->settled, 'an order is paid') or diag(state_of($paid), $httpd->log);
    my ($delivery) = grep { $_->{type} eq 'PAYMENT.CAPTURE.COMPLETED' && $_->{order_id} eq payment_of($paid)->{intent_id} } @{ $paypal->state->{deliveries} };
    my $headers = $paypal->sign($delivery->{body});
    my $send = sub {
        my ($type, $resource, $id) = @_;
        my $body = forge(sprintf('{"id":"%s","event_type":"%s","resource":{%s}}', $id || unique('WH'), $type, $resource), $delivery->{body});
        return api(POST => $events, unchecked => 1, body => $body, headers => $headers);
    };
    my $known = sub { (rows('SELECT count(*) AS n FROM orders.provider_event WHERE tenant_id = 1'))[0]{n} };
    my $mark = sub { '"custom_id":"1-' . payment_of($_[0])->{provider_key} . '"' };
    my $of = sub { sprintf '"supplementary_data":{"related_ids":{"order_id":"%s"}}', payment_of($_[0])->{intent_id} };
    my $money = sub { sprintf '"amount":{"currency_code":"EUR","value":"%s"}', $_[0] };
    my $before = $known->();

    my $unpaid = order();
    my $reply = $send->('PAYMENT.CAPTURE.COMPLETED', join ',', '"id":"FORGED1","status":"COMPLETED"', $mark->($unpaid), $money->('19.90'), $of->($unpaid));
    isnt($reply->code, 401, 'the signature is accepted');
    is_deeply($reply->{json}, { result => 'pending' }, 'a notice about a capture that PayPal does not know is pending') or diag($reply->as_string);
    my $capture = payment_of($paid)->{transaction_id};
    $reply = $send->('PAYMENT.CAPTURE.COMPLETED', join ',', qq("id":"$capture","status":"COMPLETED"), $mark->($unpaid), $money->('19.90'), $of->($unpaid));
    is($reply->code, 200, 'the capture of another payment is acknowledged');
    is(state_of($unpaid), 'open unpaid', 'the capture of another payment does not pay the order') or diag(explain(payment_of($unpaid)));
    is($send->('CHECKOUT.ORDER.APPROVED', '"id":"' . payment_of($unpaid)->{intent_id} . '","purchase_units":[{' . $mark->($unpaid) . '}]')->code, 200,
        'an approval that has not been given');
    is(scalar @{ $paypal->order(payment_of($unpaid)->{intent_id})->{purchase_units}[0]{payments}{captures} || [] }, 0, 'no capture is made');
    is(state_of($unpaid), 'open unpaid', 'the order is unpaid') or diag(explain(payment_of($unpaid)));

    my $link = qq("links":[{"rel":"up","href":"https://api.paypal.com/v2/payments/captures/$capture"}]);
    is($send->('PAYMENT.CAPTURE.REFUNDED', join ',', '"id":"FORGED2","status":"COMPLETED"', $mark->($paid), $money->('19.90'), $link)->{json}{result}, 'pending', 'a forged refund');
    is($send->('PAYMENT.CAPTURE.REVERSED', join ',', '"id":"FORGED3"', $money->('19.90'), $link)->{json}{result}, 'pending', 'a forged reversal without a reference');
    $send->('PAYMENT.CAPTURE.REFUNDED', join ',', qq("id":"$capture"), $mark->($paid), $money->('19.90'), $link);
    $send->('PAYMENT.CAPTURE.DENIED', join ',', qq("id":"$capture","status":"DECLINED"), $mark->($paid), $of->($paid));
    is(state_of($paid), 'completed paid', 'the order stays paid');
    is(payment_of($paid)->{refunded} + payment_of($paid)->{refunding}, 0, 'no refund is recorded');
    is($known->() - $before, 0, 'no unverified event is stored');
    is(join(' ', map { notice_of($_)->{verdict} } qw(FORGED1 FORGED2 FORGED3)), 'pending pending pending', 'the notices are stored');
    hurry('FORGED1');
    ok(wait_for(sub { notice_of('FORGED1')->{attempts} > 1 }), 'the worker tries again') or diag(explain(notice_of('FORGED1')), $httpd->log);
    is(state_of($unpaid), 'open unpaid', 'the order is unchanged');
    my $logged = log_mark(); # the worker of the shared server may log it too
    db()->do(q(UPDATE orders.provider_notice SET attempts = 6, pending_since = now() - interval '25 hours' WHERE tenant_id = 1 AND resource_id = 'FORGED1'));
    ok(wait_for(sub { notice_of('FORGED1')->{verdict} eq 'rejected' }), 'after a day it is refused');
    ok(wait_for(sub { grep { /\[orders:error\].* ORD0039 .* transaction FORGED1,.*: provider_unreachable/ } split(/\n/, $httpd->log), log_since($logged) }), 'the refusal is logged');
    is((rows(q(SELECT count(*) AS n FROM orders.unresolved_provider_events WHERE tenant_id = 1 AND transaction_id = 'FORGED1')))[0]{n}, 1, 'the refusal is listed');

    $paypal->set(hold => 1);
    $paypal->refund($capture, { currency_code => 'EUR', value => '5.00' });
    my ($true) = grep { $_->{type} eq 'PAYMENT.CAPTURE.REFUNDED' && $_->{order_id} eq payment_of($paid)->{intent_id} } @{ $paypal->state->{deliveries} };
    my $refund = $paypal->order(payment_of($paid)->{intent_id})->{purchase_units}[0]{payments}{refunds}[0]{id};
    $send->('PAYMENT.CAPTURE.COMPLETED', join(',', qq("id":"$capture"), $mark->($paid), $money->('19.90')), $true->{id});
    $send->('PAYMENT.CAPTURE.REFUNDED', join(',', '"id":"FORGED4"', $mark->($paid), $money->('19.90'), $link), $true->{id});
    is(payment_of($paid)->{refunded}, 0, 'a forged event with a known id changes nothing');
    $paypal->release;
    ok($paypal->settled && wait_for(sub { state_of($paid) eq 'completed partially_refunded' }), 'the genuine event is applied') or diag(state_of($paid), $httpd->log);
    is(payment_of($paid)->{refunded}, 5_00, 'the amount of the genuine event is refunded');
    $reply = $send->('PAYMENT.CAPTURE.REFUNDED', join ',', qq("id":"$refund"), $mark->($paid), $money->('14.90'), $link);
    is_deeply($reply->{json}, { result => 'unchanged' }, 'a forged repetition changes nothing');
    $paypal->set;
};

subtest 'an event while PayPal does not respond' => sub {
    my $order = order();
    $paypal->approve(payment_of($order)->{intent_id});
    ok(wait_for(sub { state_of($order) eq 'completed paid' }) && $paypal->settled, 'an order is paid') or diag(state_of($order), $httpd->log);
    $paypal->set(hold => 1);
    $paypal->refund(payment_of($order)->{transaction_id}, { currency_code => 'EUR', value => '5.00' });
    $paypal->set(trouble => 'stuck', on => 'get', delay => 30, times => 1);
    my ($true) = grep { $_->{type} eq 'PAYMENT.CAPTURE.REFUNDED' && $_->{order_id} eq payment_of($order)->{intent_id} } @{ $paypal->state->{deliveries} };
    my $begun = time;
    my $reply = api(POST => $httpd->url('/api/v1/admin/payments/paypal/events'), unchecked => 1, body => $true->{body}, headers => $paypal->sign($true->{body}));
    is($reply->code, 200, 'the event is acknowledged') or diag($reply->as_string);
    is_deeply($reply->{json}, { result => 'pending' }, 'the notice of the event is pending');
    cmp_ok(time - $begun, '<=', 8, 'the event is acknowledged within the timeout of the channel');
    is(state_of($order), 'completed paid', 'the order is unchanged');
    my $refund = $paypal->order(payment_of($order)->{intent_id})->{purchase_units}[0]{payments}{refunds}[0]{id};
    hurry($refund);
    ok(wait_for(sub { state_of($order) eq 'completed partially_refunded' }), 'the worker verifies the notice without another delivery')
        or diag(state_of($order), explain(notice_of($refund)), $httpd->log);
    ok(wait_for(sub { notice_of($refund)->{verdict} eq 'verified' }), 'the notice is verified');
    $paypal->release;
    ok($paypal->settled, 'PayPal repeats the event');
    is((rows('SELECT count(*) AS n FROM orders.provider_notice WHERE tenant_id = 1 AND resource_id = ?', $refund))[0]{n}, 1, 'the same body is stored once');
    is(payment_of($order)->{refunded}, 5_00, 'the event is applied once');
    $paypal->set;
};

subtest 'an approval while PayPal fails' => sub {
    my $order = order();
    my $intent = payment_of($order)->{intent_id};
    $paypal->set(hold => 1);
    $paypal->approve($intent);
    my ($true) = grep { $_->{type} eq 'CHECKOUT.ORDER.APPROVED' && $_->{order_id} eq $intent } @{ $paypal->state->{deliveries} };
    $paypal->set(trouble => '500', on => 'get', times => 1, hold => 1);
    is($send_event->($true->{body})->{json}{result}, 'pending', 'the event is stored');
    db()->do(q(UPDATE orders.due SET due_at = now() WHERE tenant_id = 1 AND kind IN ('provider_notice', 'capture')));
    ok(wait_for(sub { state_of($order) eq 'completed paid' }), 'the worker captures the payment') or diag(state_of($order), explain(notice_of($intent)), $httpd->log);
    $paypal->set;
};

subtest 'a refund that fails at PayPal' => sub {
    my $order = order();
    $paypal->approve(payment_of($order)->{intent_id});
    ok(wait_for(sub { state_of($order) eq 'completed paid' }) && $paypal->settled, 'an order is paid') or diag(state_of($order), $httpd->log);
    $paypal->set(refund => 'PENDING');
    my $reply = api(POST => $httpd->url("/api/v1/admin/orders/$order->{id}/refund"), token => operator()->{token}, unchecked => 1, json => { reason => 'back' });
    like($reply->code, qr/^20[01]$/, 'the refund is requested') or diag($reply->as_string);
    my $refunds = sub { $paypal->order(payment_of($order)->{intent_id})->{purchase_units}[0]{payments}{refunds} || [] };
    my $until = time + 20;
    make_due(refund => $order->{id}), select(undef, undef, undef, 0.01) until @{ $refunds->() } || time > $until;
    my $id = $refunds->()->[0]{id};
    my $link = '"links":[{"rel":"up","href":"https://api.paypal.com/v2/payments/captures/' . payment_of($order)->{transaction_id} . '"}]';
    my $body = sprintf '{"id":"%s","event_type":"PAYMENT.CAPTURE.REFUNDED","resource":{"id":"%s",%s}}', unique('WH'), $id, $link;
    is($send_event->($body)->{json}{result}, 'pending', 'the event of a pending refund is pending');
    is(state_of($order), 'completed refund_pending', 'the order waits for the refund');
    $paypal->fail(payment_of($order)->{transaction_id});
    hurry($id);
    ok(wait_for(sub { state_of($order) eq 'completed paid' }), 'the order is paid again after the failure') or diag(state_of($order), explain(notice_of($id)), $httpd->log);
    is((rows(q(SELECT status FROM orders.refund WHERE tenant_id = 1 AND order_id = ?), $order->{id}))[0]{status}, 'failed', 'the refund has failed');
    $paypal->set;
};

subtest 'an undecided refund while no more notices can be stored' => sub {
    my $order = order();
    $paypal->approve(payment_of($order)->{intent_id});
    ok(wait_for(sub { state_of($order) eq 'completed paid' }) && $paypal->settled, 'an order is paid') or diag(state_of($order), $httpd->log);
    my $capture = payment_of($order)->{transaction_id};
    $paypal->set(refund => 'PENDING', hold => 1);
    $paypal->refund($capture, { currency_code => 'EUR', value => '5.00' });
    my $id = $paypal->order(payment_of($order)->{intent_id})->{purchase_units}[0]{payments}{refunds}[0]{id};
    my $link = '"links":[{"rel":"up","href":"https://api.paypal.com/v2/payments/captures/' . $capture . '"}]';
    my $body = sprintf '{"id":"%s","event_type":"PAYMENT.CAPTURE.REFUNDED","resource":{"id":"%s",%s}}', unique('WH'), $id, $link;
    db()->do(q(INSERT INTO orders.provider_notice (tenant_id, channel, body_hash, raw_type, verdict, event_id, judged_at)
        SELECT 1, 'paypal', sha256(n::text::bytea), 'full', 'rejected', 'full', now() FROM generate_series(1, 10000) AS n));
    my $reply = $send_event->($body);
    db()->do(q(DELETE FROM orders.provider_notice WHERE raw_type = 'full'));
    is($reply->code, 503, 'an event is not acknowledged') or diag($reply->as_string);
    is(notice_of($id)->{id}, undef, 'the event is not stored');
    is($send_event->($body)->{json}{result}, 'pending', 'a repeat is stored');
    $paypal->set;
};

subtest 'a chargeback' => sub {
    my $order = order();
    $paypal->approve(payment_of($order)->{intent_id});
    ok(wait_for(sub { state_of($order) eq 'completed paid' }) && $paypal->settled, 'an order is paid') or diag(state_of($order), $httpd->log);
    $paypal->reverse(payment_of($order)->{transaction_id}, { currency_code => 'EUR', value => '19.90' });
    ok(wait_for(sub { state_of($order) =~ / refunded$/ }), 'a chargeback is recorded as a refund') or diag(state_of($order), $httpd->log);
    is((rows(q(SELECT raw_type FROM orders.provider_event WHERE tenant_id = 1 AND payment_id = ? AND type = 'refunded'), payment_of($order)->{id}))[0]{raw_type},
        'PAYMENT.CAPTURE.REVERSED', 'the event has the type of a chargeback');
    ok($paypal->settled, 'the event of the chargeback is acknowledged');
    my $dispute = sprintf '{"id":"%s","event_type":"CUSTOMER.DISPUTE.CREATED","resource":{"dispute_id":"PP-1","disputed_transactions":[{"seller_transaction_id":"%s"}]}}',
        unique('WH'), payment_of($order)->{transaction_id};
    is_deeply($send_event->($dispute)->{json}, { result => 'refused', code => 'invalid_field' }, 'the event of a dispute is refused');
    my ($shown) = rows(q(SELECT * FROM orders.unresolved_provider_events WHERE tenant_id = 1 AND raw_type = 'CUSTOMER.DISPUTE.CREATED' AND order_id = ?), $order->{id});
    is($shown->{type}, 'unverified', 'the dispute is shown with its order');
};

subtest 'signed bodies that cannot be read' => sub {
    for my $body ('{"id":"' . unique('WH'), '["' . unique('WH') . '"]', '{"id":"' . unique('WH') . '","event_type":"PAYMENT.CAPTURE.REFUNDED","resource":{"id":"../x","custom_id":"1-00000000-0000-4000-8000-000000000000"}}') {
        my $reply = $send_event->($body);
        is($reply->code, 200, 'the body is acknowledged') or diag($reply->as_string);
        is($reply->{json}{result}, 'refused', 'the body is refused');
        my ($kept) = rows(q(SELECT * FROM orders.provider_event WHERE tenant_id = 1 AND event_id = ?), 'notice:' . sha256_hex($body));
        is($kept->{refusal}, $reply->{json}{code}, 'the body is stored');
        is_deeply($send_event->($body)->{json}, $reply->{json}, 'a repeat gets the same response');
    }
};

subtest 'a currency that PayPal does not accept' => sub {
    my $order = order(plan => make_plan(price => 1999, currency => 'TND'));
    is(payment_of($order)->{status}, 'failed', 'the payment fails immediately');
    is(payment_of($order)->{failure_code}, 'currency_not_supported', 'the payment has the failure code');
};

my $log = $httpd->log;
open my $in, '<', $secret or die "$secret: $!";
my ($word) = map { s/\s+$//r } <$in>;
unlike($log, qr/\Q$word\E|A21AA|buyer\@example/, 'the log has no secret');
unlike($log, qr/exit signal/, 'no child of httpd crashes');
$httpd->stop;
invariants_hold();
done;
