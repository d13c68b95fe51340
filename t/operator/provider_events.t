# SPDX-License-Identifier: Apache-2.0
# GET /api/v1/admin/provider-events, and the routes by which an operator settles refused and waiting events.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use MIME::Base64 qw(encode_base64);
use ModOrders::Httpd;
use ModOrders::Test;

my $provider = start_simulator();
my $plan     = make_plan(price => 10_00);
my $buyer    = make_user();
my $admin    = '/api/v1/admin';

open my $in, '<', Apache::Test::vars('channel_secret_file') or die "the channel's secret: $!";
my ($secret) = map { s/\s+$//r } <$in>;

sub send_event
{
    my ($event, $id, $url) = @_;
    my $time = time;
    my $body = ref $event ? JSON::PP->new->canonical->utf8->encode($event) : $event;
    my $mac  = encode_base64(hmac_sha256("$id.$time.$body", $secret), '');
    my $reply = api(POST => $url // "$admin/payments/simulator/events", body => $body, unchecked => 1,
        headers => { 'webhook-id' => $id, 'webhook-timestamp' => $time, 'webhook-signature' => "v1,$mac" });
    return $reply->{json}{result} // $reply->code;
}

sub order
{
    return api(POST => '/api/v1/user/orders', token => $buyer->{token},
        json => { plan_id => $plan->{id}, payment_method => 'external', payment_channel => 'simulator' })->{json}{order};
}

sub event
{
    my ($order, $type, %more) = @_;
    return { type => $type, payment_key => key_of($order->{payments}[0]{id}), transaction_id => unique('tx'), amount => 10_00, currency => 'USD', %more };
}

# The verdict of a new event, and its id in the API.
sub told
{
    my ($order, $type, %more) = @_;
    my $id     = unique('evt');
    my $result = send_event(event($order, $type, %more), $id);
    my ($row)  = rows(q(SELECT id FROM orders.provider_event WHERE tenant_id = 1 AND channel = 'simulator' AND event_id = ?), $id);
    return ($result, $row->{id}, $id);
}

sub get { my ($path, %with) = @_; return api(GET => "$admin/provider-events$path", token => operator->{token}, %with) }
sub post { my ($path, $json, %with) = @_; return api(POST => "$admin/provider-events/$path", token => operator->{token}, json => $json, %with) }
sub ids { my ($query) = @_; return join ' ', map { $_->{id} } @{ get("?$query")->{json}{provider_events} } }

sub state_of { my $row = order_row($_[0]{id}); return "$row->{state} $row->{payment_state}" }

subtest 'a list of events' => sub {
    my $order = order();
    my ($refused, $wrong) = told($order, 'paid', amount => 10_01);
    my ($done, $paid, $id) = told($order, 'paid');
    is("$refused $done", 'refused done', 'two events');
    is(ids("order=$order->{id}"), "$paid $wrong", 'events of an order, newest first');
    is(ids("order=$order->{order_number}"), "$paid $wrong", 'events of an order by its number') if $order->{order_number};
    is(ids("order=$order->{id}&verdict=refused"), $wrong, 'events of an order by verdict');
    is(ids("order=$order->{id}&verdict=waiting"), '', 'no event of the order waits');
    is(ids("order=$order->{id}&resolved=false"), $wrong, 'events of an order that are not resolved');
    is(ids("order=$order->{id}&resolved=true"), '', 'no event of the order is resolved');
    is(ids("order=$order->{id}&channel=simulator"), "$paid $wrong", 'events of an order by channel');
    is(ids("order=$order->{id}&channel=other"), '', 'no event of another channel');
    is(ids('order=999999999'), '', 'no event of an unknown order');
    like(ids('resolved=false'), qr/^(?:\d+ )*\Q$wrong\E\b/, 'unresolved events of all orders');
    my $page = get("?order=$order->{id}&limit=1")->{json};
    is($page->{provider_events}[0]{id}, $paid, 'the first page has the newest event');
    is(get("?order=$order->{id}&limit=1&cursor=$page->{next_cursor}")->{json}{provider_events}[0]{id}, $wrong, 'the second page has the next event');
    refused(get('?verdict=lost', unchecked => 1), 422, 'invalid_fields');
    refused(get('?resolved=maybe', unchecked => 1), 422, 'invalid_fields');
    refused(get('?state=x', unchecked => 1), 422, 'invalid_fields');
    my $shown = get("/$paid")->{json}{provider_event};
    is_deeply([ @$shown{qw(id channel event_id type verdict refusal amount currency resolved_at)} ], [ $paid, 'simulator', $id, 'paid', 'done', undef, 10_00, 'USD', undef ],
        'an event has its members');
    is($shown->{order}{id}, $order->{id}, 'an event has its order');
    $shown = get("/$wrong")->{json}{provider_event};
    is_deeply([ @$shown{qw(verdict refusal detail)} ], [ 'refused', 'amount_mismatch', 'The amount differs from that of the payment.' ], 'a refused event has the reason');
    refused(get("/$_"), 404, 'not_found') for 999_999_999, 'x';
};

subtest 'resolving' => sub {
    my $order = order();
    my ($refused, $wrong) = told($order, 'paid', amount => 10_01);
    my $key   = unique('key');
    my $reply = post("$wrong/resolve", { comment => 'Refunded at the provider.' }, headers => { 'Idempotency-Key' => $key });
    is($reply->code, 200, 'a refused event is resolved') or diag($reply->as_string);
    my $event = $reply->{json}{provider_event};
    is($event->{resolution}, 'Refunded at the provider.', 'a resolved event has the comment');
    is($event->{resolved_by}, operator->{id}, 'a resolved event has the operator');
    ok($event->{resolved_at}, 'a resolved event has the time');
    is(post("$wrong/resolve", { comment => 'Refunded at the provider.' }, headers => { 'Idempotency-Key' => $key })->content, $reply->content, 'a repeat gets the same response');
    refused(post("$wrong/resolve", { comment => 'Again.' }), 409, 'provider_event_settled');
    refused(post("$wrong/retry", {}), 409, 'provider_event_settled');
    is(ids("order=$order->{id}&resolved=true"), $wrong, 'a resolved event is listed as resolved');
    is(ids("order=$order->{id}&resolved=false"), '', 'a resolved event is not listed as unresolved');
    is(scalar rows('SELECT * FROM orders.unresolved_provider_events WHERE tenant_id = 1 AND order_id = ?', $order->{id}), 0, 'a resolved event is not in the view');
    my ($done, $paid) = told($order, 'paid');
    refused(post("$paid/resolve", { comment => 'No.' }), 409, 'provider_event_settled');
    refused(post("$wrong/resolve", {}), 422, 'invalid_fields');
    refused(post('999999999/resolve', { comment => 'No.' }), 404, 'not_found');
    refused(post('x/retry', {}), 404, 'not_found');
    $order = order();
    my ($waiting, $early, $id) = told($order, 'refunded', amount => 1_00);
    is($waiting, 'waiting', 'a refund before its capture waits');
    is(post("$early/resolve", { comment => 'Handled at the provider.' })->{json}{provider_event}{refusal}, 'resolved', 'a waiting event is resolved');
    is((told($order, 'paid'))[0], 'done', 'the capture is applied');
    is(state_of($order), 'completed paid', 'the resolved refund is not applied with the capture');
    is(send_event(event($order, 'refunded', amount => 1_00), $id), 'refused', 'a repeat of the resolved event is refused');
};

subtest 'applying again' => sub {
    my $order = order();
    my $other = order();
    my ($done, $paid, $id) = told($other, 'paid');
    my $tx = get("/$paid")->{json}{provider_event}{transaction_id};
    my ($refused, $taken) = told($order, 'paid', transaction_id => $tx);
    is($refused, 'refused', 'an event with a transaction of another order is refused');
    my $reply = post("$taken/retry", {});
    is($reply->code, 200, 'a refused event is retried') or diag($reply->as_string);
    is("$reply->{json}{result} $reply->{json}{provider_event}{refusal}", 'refused transaction_id_taken', 'a retried event is refused again');
    db()->do('UPDATE orders.provider_event SET transaction_id = ? WHERE tenant_id = 1 AND id = ?', undef, unique('tx'), $taken);
    my $key = unique('key');
    $reply = post("$taken/retry", {}, headers => { 'Idempotency-Key' => $key });
    is("$reply->{json}{result} $reply->{json}{provider_event}{verdict}", 'done done', 'a retried event is applied after a correction');
    is(state_of($order), 'completed paid', 'a retried event pays its order');
    is(post("$taken/retry", {}, headers => { 'Idempotency-Key' => $key })->content, $reply->content, 'a repeat gets the same response');
    refused(post("$taken/retry", {}), 409, 'provider_event_settled');
    is(send_event('{' . unique('x'), unique('evt')), 'refused', 'an unreadable event is refused');
    my ($unreadable) = rows(q(SELECT id FROM orders.provider_event WHERE tenant_id = 1 AND type = 'unreadable' ORDER BY id DESC LIMIT 1));
    refused(post("$unreadable->{id}/retry", {}), 409, 'provider_event_settled');
    is(post("$unreadable->{id}/resolve", { comment => 'A test.' })->code, 200, 'an unreadable event is resolved');
};

subtest 'only for operators' => sub {
    my ($wrong) = (told(order(), 'paid', amount => 1))[1];
    refused(api(GET => "$admin/provider-events", token => $buyer->{token}), 403, 'forbidden');
    refused(api(GET => "$admin/provider-events/$wrong"), 401, 'unauthenticated');
    refused(api(POST => "$admin/provider-events/$wrong/resolve", token => $buyer->{token}, json => { comment => 'x' }), 403, 'forbidden');
    refused(api(POST => "$admin/provider-events/$wrong/retry", token => $buyer->{token}, json => {}), 403, 'forbidden');
};

# A Location for providers, and an operator API that is closed to their network.
subtest 'the address of providers' => sub {
    my $path = '/api/v1/provider-events/simulator';
    is(send_event(event(order(), 'paid'), unique('evt'), $path), 'done', 'the address receives events');
    refused(api(POST => $path, json => event(order(), 'paid'), unchecked => 1), 401, 'invalid_signature');
    refused(api(POST => '/api/v1/provider-events/nowhere', json => {}, unchecked => 1), 404, 'not_found');
    refused(api(GET => $path, unchecked => 1), 405, 'method_not_allowed');
    refused(api(GET => '/api/v1/provider-events', unchecked => 1, token => operator->{token}), 404, 'not_found');
    my ($port, $file) = map { Apache::Test::vars($_) } qw(simulator_port channel_secret_file);
    my $httpd = ModOrders::Httpd->new(server => <<"END", locations => <<'END2');
OrdersSecretFile secret
OrdersWorker Off
OrdersPaymentChannel simulator provider=http url=http://127.0.0.1:$port secret-file=$file
END
<Location /api/v1/admin>
    OrdersAPI operator
    AuthType  Orders
    <RequireAll>
        Require orders-scope operator
        Require ip 192.0.2.1
    </RequireAll>
</Location>
<Location /events>
    OrdersAPI provider-events
    Require all granted
</Location>
<Location /bare>
    OrdersAPI provider-events
</Location>
END2
    $httpd->start;
    is(send_event(event(order(), 'paid'), unique('evt'), $httpd->url("$admin/payments/simulator/events")), 403, 'the closed operator API refuses events');
    is(api(GET => $httpd->url("$admin/provider-events"), token => operator->{token}, unchecked => 1)->code, 403, 'the closed operator API refuses other requests');
    is(send_event(event(order(), 'paid'), unique('evt'), $httpd->url('/events/simulator')), 'done', 'the Location for providers accepts events');
    is(send_event(event(order(), 'paid'), unique('evt'), $httpd->url('/bare/simulator')), 'done', 'a Location without Require accepts events');
};

invariants_hold();
done;
