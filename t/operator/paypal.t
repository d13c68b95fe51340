# SPDX-License-Identifier: Apache-2.0
# A channel with provider=paypal, from the order to its refund, with the PayPal simulator (t/lib/paypal).
use strict;
use warnings;
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

sub payment_of { return (rows('SELECT * FROM orders.payment WHERE tenant_id = 1 AND order_id = ?', $_[0]{id}))[0] }

subtest 'an order is approved, captured and refunded' => sub {
    my $order = order();
    my $theirs = $paypal->order(payment_of($order)->{intent_id});
    is($theirs->{purchase_units}[0]{amount}{value}, '19.90', 'PayPal receives the amount');
    my ($page) = map { $_->{href} } grep { $_->{rel} eq 'payer-action' } @{ $theirs->{links} };
    is(payment_of($order)->{pay_url}, $page, 'and the buyer PayPal\'s page');
    like($paypal->browse($page, 'approve'), qr{^https://shop.example/thanks\?token=\w+&PayerID=\w+$}, 'PayPal redirects to the return URL');
    ok(wait_for(sub { state_of($order) eq 'completed paid' }), 'the webhook causes the capture') or diag(state_of($order), $httpd->log);
    ok($paypal->settled, 'every webhook is accepted') or diag(explain($paypal->state->{deliveries}), $httpd->log);
    is(state_of($order), 'completed paid', 'the order stays paid');
    my $reply = api(POST => $httpd->url("/api/v1/admin/orders/$order->{id}/refund"), token => operator()->{token}, unchecked => 1, json => { reason => 'back' });
    like($reply->code, qr/^20[01]$/, 'a refund is accepted') or diag($reply->as_string);
    # The worker of the shared server does not have the channel, but also claims the refund. Therefore it is made due repeatedly.
    my $until = time + 20;
    make_due(refund => $order->{id}), select(undef, undef, undef, 0.01) until state_of($order) =~ / refunded$/ || time > $until;
    like(state_of($order), qr/ refunded$/, 'the refund is done') or diag(state_of($order), $httpd->log);
    is($paypal->order($theirs->{id})->{purchase_units}[0]{payments}{captures}[0]{status}, 'REFUNDED', 'at PayPal\'s');
    ok($paypal->settled, 'its webhook is accepted');
    $paypal->resend(reverse => 1, times => 3);
    ok($paypal->settled, 'repeated webhooks in reverse order are accepted');
    like(state_of($order), qr/ refunded$/, 'the order is unchanged');
};

subtest 'a capture whose reply is lost' => sub {
    my $order = order();
    $paypal->set(trouble => 'lose_reply', on => 'capture', times => 1, hold => 1);
    my $intent = payment_of($order)->{intent_id};
    $paypal->approve($intent);
    $paypal->release(times => 2);
    ok(wait_for(sub { state_of($order) eq 'completed paid' }), 'the next webhook completes the order') or diag(state_of($order), $httpd->log);
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

subtest 'webhooks for other recipients' => sub {
    my $events = $httpd->url('/api/v1/admin/payments/paypal/events');
    my $send = sub {
        my ($body, %how) = @_;
        return api(POST => $events, unchecked => 1, body => $body, headers => $paypal->sign($body, %how));
    };
    my $body = '{"id":"WH-1","event_type":"CUSTOMER.DISPUTE.CREATED","resource":{}}';
    my $reply = $send->($body);
    is($reply->code, 200, 'the webhook is acknowledged');
    is_deeply($reply->{json}, { result => 'unchanged' }, 'it changes nothing');
    my $order = order();
    my $foreign = sprintf '{"id":"WH-2","event_type":"CHECKOUT.ORDER.APPROVED","resource":{"id":"%s","purchase_units":[{"custom_id":"2-%s"}]}}',
        payment_of($order)->{intent_id}, payment_of($order)->{provider_key};
    is_deeply($send->($foreign)->{json}, { result => 'unchanged' }, 'a webhook of another tenant changes nothing');
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
    is($reply->code, 503, 'a capture that PayPal does not know') or diag($reply->as_string);
    ok($reply->header('Retry-After'), 'the response has Retry-After');
    my $capture = payment_of($paid)->{transaction_id};
    $reply = $send->('PAYMENT.CAPTURE.COMPLETED', join ',', qq("id":"$capture","status":"COMPLETED"), $mark->($unpaid), $money->('19.90'), $of->($unpaid));
    is($reply->code, 200, 'the capture of another payment is acknowledged');
    is(state_of($unpaid), 'open unpaid', 'it does not pay the order') or diag(explain(payment_of($unpaid)));
    is($send->('CHECKOUT.ORDER.APPROVED', '"id":"' . payment_of($unpaid)->{intent_id} . '","purchase_units":[{' . $mark->($unpaid) . '}]')->code, 200,
        'an approval that has not been given');
    is(scalar @{ $paypal->order(payment_of($unpaid)->{intent_id})->{purchase_units}[0]{payments}{captures} || [] }, 0, 'no capture is made');
    is(state_of($unpaid), 'open unpaid', 'the order is unpaid') or diag(explain(payment_of($unpaid)));

    my $link = qq("links":[{"rel":"up","href":"https://api.paypal.com/v2/payments/captures/$capture"}]);
    is($send->('PAYMENT.CAPTURE.REFUNDED', join ',', '"id":"FORGED2","status":"COMPLETED"', $mark->($paid), $money->('19.90'), $link)->code, 503, 'a forged refund');
    is($send->('PAYMENT.CAPTURE.REVERSED', join ',', '"id":"FORGED3"', $money->('19.90'), $link)->code, 503, 'a forged reversal without a reference');
    $send->('PAYMENT.CAPTURE.REFUNDED', join ',', qq("id":"$capture"), $mark->($paid), $money->('19.90'), $link);
    $send->('PAYMENT.CAPTURE.DENIED', join ',', qq("id":"$capture","status":"DECLINED"), $mark->($paid), $of->($paid));
    is(state_of($paid), 'completed paid', 'the order stays paid');
    is(payment_of($paid)->{refunded} + payment_of($paid)->{refunding}, 0, 'no refund is recorded');
    is($known->() - $before, 0, 'no unverified event is stored');

    $paypal->set(hold => 1);
    $paypal->refund($capture, { currency_code => 'EUR', value => '5.00' });
    my ($true) = grep { $_->{type} eq 'PAYMENT.CAPTURE.REFUNDED' && $_->{order_id} eq payment_of($paid)->{intent_id} } @{ $paypal->state->{deliveries} };
    my $refund = $paypal->order(payment_of($paid)->{intent_id})->{purchase_units}[0]{payments}{refunds}[0]{id};
    $send->('PAYMENT.CAPTURE.COMPLETED', join(',', qq("id":"$capture"), $mark->($paid), $money->('19.90')), $true->{id});
    $send->('PAYMENT.CAPTURE.REFUNDED', join(',', '"id":"FORGED4"', $mark->($paid), $money->('19.90'), $link), $true->{id});
    is(payment_of($paid)->{refunded}, 0, 'a forged event with a known id changes nothing');
    $paypal->release;
    ok($paypal->settled && wait_for(sub { state_of($paid) eq 'completed partially_refunded' }), 'the genuine event is applied') or diag(state_of($paid), $httpd->log);
    is(payment_of($paid)->{refunded}, 5_00, 'it has its amount');
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
    refused($reply, 503, 'provider_unreachable');
    cmp_ok(time - $begun, '<=', 8, 'the event is refused within the timeout of the channel');
    is(state_of($order), 'completed paid', 'the order is unchanged');
    $paypal->release;
    ok($paypal->settled && wait_for(sub { state_of($order) eq 'completed partially_refunded' }), 'the repeated event is applied') or diag(state_of($order), $httpd->log);
    $paypal->set;
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
