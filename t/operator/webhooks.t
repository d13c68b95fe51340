# SPDX-License-Identifier: Apache-2.0
# The operator API's webhooks: endpoints with a secret, and the deliveries of events to them. t/httpd/conditions.t tests If-Match.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use MIME::Base64 qw(encode_base64);
use ModOrders::Files qw(slurp);
use ModOrders::Httpd;
use ModOrders::Process qw(wait_for);
use ModOrders::Test;

my $admin   = '/api/v1/admin';
my @token   = (token => operator->{token});
my $unknown = '019ac000-0000-7000-8000-000000000000';
my $url     = 'http://127.0.0.1:9/hook'; # no server listens
my @members = qw(created_at dead description disabled_reason events failing_since former_secret_until id last_failure_at last_success_at payload
    pending state updated_at url version);

sub get  { my ($path) = @_; return api(GET => "$admin$path", @token) }
sub send_to { my ($method, $path, $document, %headers) = @_; return api($method => "$admin$path", @token, ($document ? (json => $document) : ()), headers => \%headers) }
sub post { my ($path, $document, %headers) = @_; return send_to(POST => $path, $document // {}, %headers) }
sub patch { my ($path, $document, %headers) = @_; return send_to(PATCH => $path, $document, %headers) }
# The worker of the server sends nothing: its row in the queue belongs to another worker.
sub make
{
    my (%with) = @_;
    my $reply = post('/webhooks', { url => $url, events => ['return.rejected'], %with });
    db()->do(q(INSERT INTO orders.due (tenant_id, kind, id, due_at, attempts)
        SELECT 1, 'webhook', e.id, now() + interval '1 hour', 1 FROM orders.webhook_endpoint e WHERE e.public_id = ? AND e.state = 'enabled'
        ON CONFLICT ON CONSTRAINT due_pkey DO UPDATE SET due_at = excluded.due_at, attempts = 1), undef, $reply->{json}{id}) if $reply->code == 201;
    return $reply;
}
sub remove { my ($webhook) = @_; return send_to(DELETE => "/webhooks/$webhook->{id}") }
sub remove_all { remove($_) for @{ get('/webhooks?limit=500')->{json}{webhooks} }; return }

# The secret as docs/architecture.md defines it, of the salt in the database.
sub secret_of
{
    my ($webhook, $salt) = @_;
    my ($row) = rows(q(SELECT encode(uuid_send(public_id), 'hex') AS id, encode(uuid_send(salt), 'hex') AS salt FROM orders.webhook_endpoint WHERE public_id = ?), $webhook->{id});
    my $key = slurp(Apache::Test::vars('secret_file')) =~ s/\r?\n\z//r;
    return 'whsec_' . encode_base64(hmac_sha256("webhook\0" . pack('H*', $row->{id}) . "\0" . pack('H*', $salt // $row->{salt}), $key), '');
}

sub order { return place(make_user(), make_plan(price => 10_00), payment_method => 'manual')->{order} }

# Waits until no older transaction withholds an event.
sub until_visible
{
    return wait_for(sub { return (rows('SELECT orders_v1.event_horizon() > max(xid) AS ok FROM orders.event WHERE tenant_id = 1'))[0]{ok} }, 20);
}

# Creates the deliveries of all committed events, as the worker does, which may run at the same time.
sub fan_out
{
    until_visible();
    return wait_for(sub {
        db()->do('SELECT orders_v1.fan_out_events(1, 1000)');
        return !(rows('SELECT count(*) AS n FROM orders_v1.tenants_with_events() AS x (tenant) WHERE x.tenant = 1'))[0]{n};
    }, 20);
}

remove_all();

subtest 'create' => sub {
    my $reply = make(events => [ 'order.*', 'return.requested', 'order.paid' ], description => "L\x{e4}den", payload => 'thin');
    is($reply->code, 201, 'a webhook is created') or diag($reply->as_string);
    my $made = $reply->{json};
    is(join(' ', sort keys %$made), join(' ', sort @members, 'secret'), 'the response has all members');
    is_deeply([ @$made{qw(url events description payload state disabled_reason version)} ],
        [ $url, [ 'order.*', 'return.requested', 'order.paid' ], "L\x{e4}den", 'thin', 'enabled', undef, 1 ], 'the response has the fields of the request');
    is_deeply([ @$made{qw(pending dead failing_since last_success_at last_failure_at former_secret_until)} ], [ 0, 0, (undef) x 4 ], 'nothing was sent');
    is($made->{secret}, secret_of($made), 'the secret is derived from the secret of the server, the id and the salt');
    unlike((rows('SELECT to_jsonb(e)::text AS row FROM orders.webhook_endpoint e WHERE public_id = ?', $made->{id}))[0]{row}, qr/\Q$made->{secret}\E/, 'the secret is not stored');
    my $read = get("/webhooks/$made->{id}");
    is_deeply($read->{json}, { %$made{@members} }, 'a read has no secret');
    is($read->header('ETag'), $reply->header('ETag'), 'the responses to the creation and to a read have the same entity tag');
    is_deeply((grep { $_->{id} eq $made->{id} } @{ get('/webhooks')->{json}{webhooks} })[0], $read->{json}, 'the list has the webhook without the secret');

    my $plain = make()->{json};
    is_deeply([ @$plain{qw(description payload state)} ], [ undef, 'full', 'enabled' ], 'absent fields have their defaults');
    isnt($plain->{secret}, $made->{secret}, 'each webhook has its own secret');
    my $off = make(enabled => JSON::PP::false)->{json};
    is_deeply([ @$off{qw(state disabled_reason)} ], [ 'disabled', 'operator' ], 'a webhook can be created disabled');
    my %again = (%$made, url => "$url?token=1");
    is(api(POST => "$admin/webhooks", @token, json => \%again, unchecked => 1)->code, 201, 'members that only responses have are ignored');
    remove_all();
};

subtest 'idempotency' => sub {
    my @key   = ('Idempotency-Key' => unique('key'));
    my $body  = { url => $url, events => ['order.*'] };
    my $first = post('/webhooks', $body, @key);
    my $again = post('/webhooks', $body, @key);
    is_deeply([ $again->code, $again->content, $again->header('Idempotency-Replayed') ], [ 201, $first->content, 'true' ], 'a replay of a creation shows the same secret');
    refused(post('/webhooks', { %$body, payload => 'thin' }, @key), 422, 'idempotency_key_reused');
    is(scalar @{ get('/webhooks')->{json}{webhooks} }, 1, 'one webhook was created');
    my $id = $first->{json}{id};
    for my $verb (qw(rotate test)) {
        @key   = ('Idempotency-Key' => unique('key'));
        $first = post("/webhooks/$id/$verb", {}, @key);
        $again = post("/webhooks/$id/$verb", {}, @key);
        is_deeply([ $again->code, $again->content, $again->header('Idempotency-Replayed') ], [ $first->code, $first->content, 'true' ], "a replay of /$verb returns the first response");
    }
    my ($n) = rows(q(SELECT count(*) AS n FROM orders.webhook_delivery d JOIN orders.webhook_endpoint e ON (e.tenant_id, e.id) = (d.tenant_id, d.endpoint_id) WHERE e.public_id = ?), $id);
    is($n->{n}, 1, 'one test message is queued');
    @key   = ('Idempotency-Key' => unique('key'));
    $first = patch("/webhooks/$id", { payload => 'thin' }, @key);
    $again = patch("/webhooks/$id", { payload => 'thin' }, @key);
    is($again->content, $first->content, 'a replay of a change returns the first response');
    @key   = ('Idempotency-Key' => unique('key'));
    $first = send_to(DELETE => "/webhooks/$id", undef, @key);
    $again = send_to(DELETE => "/webhooks/$id", undef, @key);
    is_deeply([ $again->code, $again->content ], [ 200, $first->content ], 'a replay of a deletion returns the first response');
};

subtest 'wrong fields' => sub {
    refused(post('/webhooks', {}), 422, 'invalid_fields', qw(url events));
    refused(make(url => $_), 422, 'invalid_fields', 'url') for 'x', '/hook', 'ftp://hooks.example/', 'https:/hooks.example', 'https://', 'http://hooks.example/',
        'https://user@hooks.example/', 'https://user:password@hooks.example/', 'https://hooks.example/#part', "https://hooks.example/\n", 'https://hooks.example/' . 'x' x 2000, 7;
    for my $private ('10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '[fd00::1]', '[fe80::1]', '[::ffff:10.1.2.3]', '[64:ff9b::a01:203]', '167838211', '0x0a010203', '012.1.2.3') {
        my $reply = make(url => "https://$private/");
        refused($reply, 422, 'invalid_fields', 'url');
        like($reply->{json}{errors}[0]{message}, qr/not public/, "$private: the address is named as the reason");
    }
    is(make(url => $_)->code, 201, "$_ is accepted") for 'https://hooks.example/?token=a%20b&x=1', 'https://93.184.215.14:8443/', 'https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/',
        'http://localhost:8480/', 'http://[::1]/', 'https://127.0.0.1/';
    refused(make(events => $_), 422, 'invalid_fields', 'events') for [], 'order.paid', [ ('order.paid') x 51 ];
    refused(make(events => [ 'order.paid', $_ ]), 422, 'invalid_fields', 'events[1]') for '', 'order.', '.paid', 'order..paid', 'order.*.x', '**', 'order*', 'Order.paid', 'order paid', 'x' x 101, 1;
    refused(make(events => [ 'order.paid', $_ ]), 422, 'invalid_field', 'events') for 'order.payed', 'orders.*', 'webhook.test';
    refused(make(description => $_), 422, 'invalid_fields', 'description') for 'x' x 501, "a\nb", 7;
    refused(make(payload => $_), 422, 'invalid_fields', 'payload') for 'fat', 1;
    refused(make(enabled => $_), 422, 'invalid_fields', 'enabled') for 'x', 7;
    refused(make(skip_missed => JSON::PP::true), 422, 'invalid_fields', 'skip_missed');
    refused(api(POST => "$admin/webhooks", @token, type => 'application/x-www-form-urlencoded', body => 'url=x'), 415, 'unsupported_media_type');
    refused(api(POST => "$admin/webhooks", @token, type => 'application/json', body => '{'), 400, 'malformed_json');
    remove_all();
};

subtest 'change' => sub {
    my $made = make(description => 'x')->{json};
    my $path = "/webhooks/$made->{id}";
    my $version = 1;
    for my $change ([ url => "$url?a=1" ], [ events => [ 'return.*', 'order.paid' ] ], [ description => 'Lager' ], [ payload => 'thin' ]) {
        my ($name, $value) = @$change;
        my $reply = patch($path, { $name => $value });
        is($reply->code, 200, "$name is changed") or diag($reply->as_string);
        my %expected = (%$made{@members}, $name => $value, version => ++$version, updated_at => $reply->{json}{updated_at});
        is_deeply($reply->{json}, \%expected, "only $name is changed");
        is_deeply(get($path)->{json}, $reply->{json}, 'the change is stored');
        %$made = (%$made, %{ $reply->{json} });
    }
    is(patch($path, { description => '' })->{json}{description}, undef, 'an empty description deletes it');
    my $off = patch($path, { enabled => JSON::PP::false })->{json};
    is_deeply([ @$off{qw(state disabled_reason)} ], [ 'disabled', 'operator' ], 'a webhook is disabled');
    refused(post("$path/test"), 409, 'webhook_disabled');
    refused(post("$path/replay", { after => '0.0.0' }), 409, 'webhook_disabled');
    my $on = patch($path, { enabled => JSON::PP::true })->{json};
    is_deeply([ @$on{qw(state disabled_reason)} ], [ 'enabled', undef ], 'a webhook is enabled');
    is_deeply([ map { $_->{types} } rows(q(SELECT array_to_string(v.types, ' ') AS types FROM orders.event v JOIN orders.webhook_endpoint e ON e.tenant_id = v.tenant_id AND e.id = v.subject_id
        WHERE v.subject = 'webhook_endpoint' AND e.public_id = ? ORDER BY v.version), $made->{id}) ],
        [ 'webhook_endpoint.created', ('webhook_endpoint.updated') x 5, 'webhook_endpoint.disabled', 'webhook_endpoint.enabled' ], 'each change is an event');
    refused(patch($path, $_->[0]), 422, 'invalid_fields', $_->[1]) for [ { url => 'x' }, 'url' ], [ { url => 'https://10.0.0.1/' }, 'url' ], [ { events => [] }, 'events' ],
        [ { events => ['x x'] }, 'events[0]' ], [ { payload => 'x' }, 'payload' ], [ { description => 'x' x 501 }, 'description' ], [ { enabled => 'x' }, 'enabled' ],
        [ { skip_missed => 'x' }, 'skip_missed' ], [ { patterns => ['*'] }, 'patterns' ];
    is(get($path)->{json}{version}, $on->{version}, 'a refused change changes nothing');
    remove($made);
};

subtest 'missed events' => sub {
    my ($kept, $skipped) = map { make(events => ['order.placed'])->{json} } 1, 2;
    patch("/webhooks/$_->{id}", { enabled => JSON::PP::false }) for $kept, $skipped;
    my $order = order();
    fan_out();
    is(get("/webhooks/$_->{id}")->{json}{pending}, 0, 'a disabled webhook gets no deliveries') for $kept, $skipped;
    patch("/webhooks/$kept->{id}",    { enabled => JSON::PP::true });
    patch("/webhooks/$skipped->{id}", { enabled => JSON::PP::true, skip_missed => JSON::PP::true });
    fan_out();
    my $of = sub { return scalar @{ get("/webhooks/$_[0]{id}/deliveries?order=$order->{id}")->{json}{deliveries} } };
    is($of->($kept),    1, 'an enabled webhook gets the missed events');
    is($of->($skipped), 0, 'a webhook enabled with skip_missed does not get the missed events');
    my $pending = get("/webhooks/$kept->{id}")->{json};
    my $reply   = patch("/webhooks/$kept->{id}", { skip_missed => JSON::PP::true });
    is($reply->{json}{$_}, $pending->{$_}, "skip_missed without enabled does not change $_") for qw(pending version);
    is($of->($kept), 1, 'skip_missed without enabled keeps the pending messages');
    remove_all();
};

subtest 'rotate' => sub {
    my $made = make()->{json};
    my $reply = post("/webhooks/$made->{id}/rotate");
    is($reply->code, 200, 'the secret is replaced') or diag($reply->as_string);
    my $rotated = $reply->{json};
    isnt($rotated->{secret}, $made->{secret}, 'the new secret differs from the former secret');
    is($rotated->{secret}, secret_of($made), 'the new secret is derived from the new salt');
    is($rotated->{version}, 2, 'the version is higher');
    my ($row) = rows(q(SELECT encode(uuid_send(former_salt), 'hex') AS former, extract(epoch FROM former_until - now())::integer AS seconds FROM orders.webhook_endpoint WHERE public_id = ?), $made->{id});
    is($made->{secret}, secret_of($made, $row->{former}), 'the salt of the former secret is kept');
    cmp_ok(abs($row->{seconds} - 86_400), '<', 60, 'the former secret is valid for 24 hours');
    ok(defined $rotated->{former_secret_until}, 'the response has the end of the former secret');
    ok(!exists get("/webhooks/$made->{id}")->{json}{secret}, 'a read has no secret');
    post("/webhooks/$made->{id}/rotate");
    ($row) = rows(q(SELECT encode(uuid_send(former_salt), 'hex') AS former FROM orders.webhook_endpoint WHERE public_id = ?), $made->{id});
    is($rotated->{secret}, secret_of($made, $row->{former}), 'a second rotation keeps the second secret as the former secret');
    db()->do(q(UPDATE orders.webhook_endpoint SET former_until = now() - interval '1 s' WHERE public_id = ?), undef, $made->{id});
    is(get("/webhooks/$made->{id}")->{json}{former_secret_until}, undef, 'after 24 hours the former secret is no longer shown as valid');
    remove($made);
};

subtest 'delete' => sub {
    my $made  = make()->{json};
    my $reply = remove($made);
    is($reply->code, 200, 'a webhook is deleted') or diag($reply->as_string);
    is_deeply([ @{ $reply->{json} }{qw(id state version)} ], [ $made->{id}, 'deleted', 2 ], 'the response has its last state');
    ok(!grep({ $_->{id} eq $made->{id} } @{ get('/webhooks')->{json}{webhooks} }), 'a deleted webhook is not listed');
    refused(get("/webhooks/$made->{id}"), 404, 'not_found');
    refused(remove($made), 404, 'not_found');
};

subtest 'at most 20' => sub {
    is(make()->code, 201, "webhook $_") for 1 .. 20;
    refused(make(), 409, 'too_many_webhooks');
    my $page = get('/webhooks?limit=15');
    is(scalar @{ $page->{json}{webhooks} }, 15, 'the first page has 15 webhooks');
    like($page->header('Link'), qr/rel="next"/, 'the first page has a link to the next');
    my $next = get("/webhooks?limit=15&cursor=$page->{json}{next_cursor}");
    is(scalar @{ $next->{json}{webhooks} }, 5, 'the last page has the other webhooks');
    is_deeply([ $next->{json}{next_cursor}, scalar $next->header('Link') ], [ undef, undef ], 'the last page has no link');
    my %ids = map { $_->{id} => 1 } map { @{ $_->{json}{webhooks} } } $page, $next;
    is(scalar keys %ids, 20, 'each webhook is listed once');
    refused(get("/webhooks?$_->[0]"), 422, 'invalid_fields', $_->[1]) for [ 'limit=x', 'limit' ], [ 'cursor=x', 'cursor' ], [ 'state=enabled', 'state' ];
    remove_all();
    is(make()->code, 201, 'a webhook can be created after a deletion');
    remove_all();
};

subtest 'test message' => sub {
    my $made  = make(events => ['return.*'])->{json};
    my $reply = post("/webhooks/$made->{id}/test");
    is($reply->code, 201, 'a test message is queued') or diag($reply->as_string);
    my $queued = $reply->{json};
    is_deeply([ @$queued{qw(type event order state attempts last_at last_status last_error last_ms done_at)} ], [ 'webhook.test', undef, undef, 'pending', 0, (undef) x 5 ], 'a test message has no event');
    like($queued->{message_id}, qr/^test-[0-9a-f-]{36}$/, 'a test message has an id');
    is(get("/webhooks/$made->{id}/deliveries/$queued->{id}")->{json}{message_id}, $queued->{message_id}, 'the delivery of a test message can be read');
    cmp_ok(get("/webhooks/$made->{id}")->{json}{pending}, '<=', 1, 'the pending test message is counted');
    remove($made);
};

subtest 'deliveries' => sub {
    my ($made, $other) = map { make(events => [ 'order.placed', 'order.paid' ])->{json} } 1, 2;
    my @orders = map { order() } 1, 2;
    api(POST => "$admin/orders/$_->{id}/pay", @token, json => {}) for @orders;
    post("/webhooks/$made->{id}/test");
    fan_out();
    my $path = "/webhooks/$made->{id}/deliveries";
    my $list = sub { return @{ get($path . ($_[0] ? "?$_[0]" : ''))->{json}{deliveries} } };
    my @all  = $list->();
    is(scalar @all, 5, 'the list has two events of each order and the test message');
    is_deeply([ map { $_->{id} } @all ], [ sort { $b <=> $a } map { $_->{id} } @all ], 'the newest delivery comes first');
    my @of = $list->("order=$orders[0]{number}");
    is_deeply([ sort map { $_->{type} } @of ], [qw(order.paid order.placed)], 'deliveries are filtered by the number of an order');
    is_deeply([ map { $_->{id} } $list->("order=$orders[0]{$_}") ], [ map { $_->{id} } @of ], "deliveries are filtered by the $_ of an order") for 'id';
    my ($paid) = grep { $_->{type} eq 'order.paid' } @of;
    is_deeply($paid->{order}, { id => $orders[0]{id}, number => $orders[0]{number} // order_row($orders[0]{id})->{number} }, 'a delivery names its order');
    my ($event) = rows(q(SELECT epoch, id, version FROM orders.event WHERE tenant_id = 1 AND subject = 'order' AND subject_id = ? AND 'order.paid' = ANY (types)), $orders[0]{id});
    is_deeply($paid->{event}, { id => $event->{id}, version => $event->{version} }, 'a delivery names its event');
    is($paid->{message_id}, "$event->{epoch}-$event->{id}-order.paid", 'a delivery has the id of its message');
    is_deeply([ map { $_->{type} } $list->('type=webhook.test') ], ['webhook.test'], 'deliveries are filtered by type');
    is(scalar $list->('state=delivered'), 0, 'deliveries are filtered by state');
    is(scalar $list->('order=nobody'), 0, 'an unknown order has no deliveries');
    my ($first, $link) = (get("$path?limit=3")->{json}, get("$path?limit=3")->header('Link'));
    like($link, qr/cursor=\Q$first->{next_cursor}\E/, 'a page has a link to the next');
    is_deeply([ map { $_->{id} } @{ $first->{deliveries} }, $list->("limit=3&cursor=$first->{next_cursor}") ], [ map { $_->{id} } @all ], 'two pages have every delivery');
    refused(get("$path?$_->[0]"), 422, 'invalid_fields', $_->[1]) for [ 'state=lost', 'state' ], [ 'type=', 'type' ], [ 'order=', 'order' ], [ 'limit=0', 'limit' ], [ 'x=1', 'x' ],
        [ 'type=' . 'x' x 101, 'type' ];
    my $cursor = get('/webhooks?limit=1')->{json}{next_cursor};
    refused(get("$path?cursor=$cursor"), 422, 'invalid_fields', 'cursor');

    is_deeply(get("$path/$paid->{id}")->{json}{message_id}, $paid->{message_id}, 'a delivery is read');
    refused(get("$path/$_"), 404, 'not_found') for 999_999_999, 0, 'x', '9223372036854775808';
    refused(get("/webhooks/$other->{id}/deliveries/$paid->{id}"), 404, 'not_found');

    db()->do(q(UPDATE orders.webhook_delivery SET state = 'dead', attempts = 10, last_at = now(), last_status = 500, last_ms = 84, done_at = now() WHERE id = ?), undef, $paid->{id});
    is_deeply([ map { [ @$_{qw(id attempts last_status last_ms next_at)} ] } $list->('state=dead') ], [ [ $paid->{id}, 10, 500, 84, undef ] ], 'a dead delivery has the result of its last attempt');
    is(get("/webhooks/$made->{id}")->{json}{dead}, 1, 'the dead delivery is counted');
    my $retried = post("$path/$paid->{id}/retry");
    is($retried->code, 200, 'a dead delivery is queued again') or diag($retried->as_string);
    is_deeply([ @{ $retried->{json} }{qw(id message_id state attempts done_at)} ], [ $paid->{id}, $paid->{message_id}, 'pending', 0, undef ], 'a retried delivery has the same message id');
    refused(post("/webhooks/$other->{id}/deliveries/$paid->{id}/retry"), 404, 'not_found');
    refused(post("$path/$_/retry"), 404, 'not_found') for 999_999_999, 'x';
    refused(post("$path/$paid->{id}/retry", { x => 1 }), 422, 'invalid_fields', 'x');
    remove_all();
};

subtest 'replay' => sub {
    my $order = order();
    my ($start) = rows(q(SELECT epoch || '.' || xid || '.' || id AS cursor, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at
        FROM orders.event WHERE tenant_id = 1 AND subject = 'order' AND subject_id = ? ORDER BY version LIMIT 1), $order->{id});
    my @later = map { order() } 1 .. 3;
    until_visible();
    my $made  = make(events => ['order.placed'])->{json};
    my $path  = "/webhooks/$made->{id}/replay";
    my $of    = sub { return map { $_->{order}{id} } @{ get("/webhooks/$made->{id}/deliveries?limit=500")->{json}{deliveries} } };
    my $reply = post($path, { from => $start->{at} });
    is($reply->code, 200, 'events are queued') or diag($reply->as_string);
    is_deeply([ sort keys %{ $reply->{json} } ], [qw(next queued)], 'the response has two members');
    my $all = sub { # repeats the call until the range is complete
        my (%range) = @_;
        my ($queued, $calls) = (0, 0);
        while (++$calls < 500) {
            my $step = post($path, \%range)->{json};
            $queued += $step->{queued};
            defined($range{after} = $step->{next}) or return wantarray ? ($queued, $calls) : $queued;
        }
        return 'endless';
    };
    is($reply->{json}{queued} + (defined $reply->{json}{next} ? $all->(from => $start->{at}, after => $reply->{json}{next}) : 0), 4, 'the events of the four orders are queued');
    is_deeply([ sort { $a <=> $b } $of->() ], [ sort { $a <=> $b } map { $_->{id} } $order, @later ], 'each order has one delivery');
    my $finish = sub { db()->do(q(UPDATE orders.webhook_delivery d SET state = 'delivered', attempts = 1, done_at = now() FROM orders.webhook_endpoint e
        WHERE e.tenant_id = d.tenant_id AND e.id = d.endpoint_id AND e.public_id = ?), undef, $made->{id}) };
    is($all->(after => $start->{cursor}), 0, 'a pending message is not queued twice');
    $finish->();
    is($all->(after => $start->{cursor}), 3, 'events after a cursor are queued again');
    is(scalar(() = $of->()), 4, 'a replay reuses the deliveries');
    $finish->();
    is($all->(from => $start->{at}, types => ['return.*']), 0, 'only events of the given types are queued');
    is($all->(from => $start->{at}, to => $start->{at}), 0, 'only events before the end of the period are queued');
    is($all->(after => '0.0.0', until => $start->{cursor}, from => $start->{at}), 1, 'events up to and including a cursor are queued');
    $finish->();
    my ($queued, $calls) = $all->(after => $start->{cursor}, limit => 2);
    is($queued, 3, 'several calls queue a range');
    cmp_ok($calls, '>', 1, 'each call continues at next of the previous call');
    $finish->();
    my @key   = ('Idempotency-Key' => unique('key'));
    my $first = post($path, { after => $start->{cursor} }, @key);
    my $again = post($path, { after => $start->{cursor} }, @key);
    is_deeply([ $again->content, $again->header('Idempotency-Replayed') ], [ $first->content, 'true' ], 'a repeated request returns the first response');
    refused(post($path, $_->[0]), 422, 'invalid_fields', $_->[1]) for [ {}, 'from' ], [ { to => $start->{at} }, 'from' ], [ { from => 'x' }, 'from' ], [ { from => '2026-11-20' }, 'from' ],
        [ { from => $start->{at}, to => 'x' }, 'to' ], [ { after => 'x' }, 'after' ], [ { after => '1.2' }, 'after' ], [ { after => '0.0.0', until => '01.2.3' }, 'until' ],
        [ { after => '0.0.0', limit => 0 }, 'limit' ], [ { after => '0.0.0', limit => 10_001 }, 'limit' ], [ { after => '0.0.0', types => [] }, 'types' ], [ { after => '0.0.0', types => ['a b'] }, 'types[0]' ],
        [ { after => '0.0.0', x => 1 }, 'x' ];
    remove_all();
};

subtest 'unknown webhooks and other tenants' => sub {
    my $made  = make()->{json};
    my $queued = post("/webhooks/$made->{id}/test")->{json};
    my @routes = (
        [ GET => '' ], [ PATCH => '', { payload => 'thin' } ], [ DELETE => '' ], [ POST => '/rotate', {} ], [ POST => '/test', {} ], [ POST => '/replay', { after => '0.0.0' } ],
        [ GET => '/deliveries' ], [ GET => "/deliveries/$queued->{id}" ], [ POST => "/deliveries/$queued->{id}/retry", {} ],
    );
    for my $route (@routes) {
        my ($method, $rest, $body) = @$route;
        refused(send_to($method, "/webhooks/$_$rest", $body), 404, 'not_found') for $unknown, 'x', '57';
    }
    db()->do(q(INSERT INTO orders.tenant (id, name, currency) VALUES (2, 'two', 'USD') ON CONFLICT DO NOTHING));
    my $second = unique('ord_2_token');
    my $ref    = unique('two');
    db()->do(q(INSERT INTO orders.users (tenant_id, external_ref, login, name) VALUES (2, ?, ?, 'Two')), undef, $ref, $ref);
    db()->do(q(INSERT INTO orders.token (tenant_id, user_id, hash, scopes) SELECT 2, id, sha256(?::text::bytea), '{operator}' FROM orders.users WHERE tenant_id = 2 AND external_ref = ?), undef, $second, $ref);
    my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorker Off\n",
        locations => "<Location /two$admin>\nOrdersAPI operator\nOrdersTenant 2\nAuthType Orders\nRequire valid-user\n</Location>\n")->start;
    my $ask = sub { my ($method, $path, $body) = @_; return ask($method => $httpd->url("/two$admin$path"), token => $second, ($body ? (json => $body) : ())) };
    for my $route (@routes) {
        my ($method, $rest, $body) = @$route;
        refused($ask->($method, "/webhooks/$made->{id}$rest", $body), 404, 'not_found');
    }
    is($ask->(GET => '/webhooks')->{json}{next_cursor}, undef, 'the list of another tenant has one page');
    ok(!grep({ $_->{id} eq $made->{id} } @{ $ask->(GET => '/webhooks')->{json}{webhooks} }), 'another tenant does not see the webhook');
    is(get("/webhooks/$made->{id}")->{json}{version}, 1, 'nothing was changed');
    refused(api(GET => "$admin/webhooks", token => make_user()->{token}), 403, 'forbidden');
    refused(api(GET => "$admin/webhooks"), 401, 'unauthenticated');
    remove_all();
};

invariants_hold();
done;
