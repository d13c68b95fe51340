# SPDX-License-Identifier: Apache-2.0
#
# The metrics of the worker, and the values of the database that it publishes. For each metric, the test does something that
# changes its value, and checks the change. t/httpd/metrics.t tests the metrics of requests.
use strict;
use warnings;
use IO::Socket::INET;
use ModOrders::Httpd;
use ModOrders::MailServer;
use ModOrders::Metrics;
use ModOrders::Test;
use Time::HiRes qw(time);

my $list  = '/api/v1/user/orders';
my $user  = make_user(balance => 100);
my $plan  = make_plan(price => 700);
my $port   = Apache::Test::vars('simulator_port');
my $secret = Apache::Test::vars('channel_secret_file');
my $mails = ModOrders::MailServer->start;
make_channel($_) for qw(watched unwatched);

sub start_httpd
{
    my (%with) = @_;
    return ModOrders::Httpd->new(
        server => <<"END",
OrdersSecretFile secret
OrdersWorkerInterval 1
OrdersPublicURL http://127.0.0.1
OrdersPaymentChannel watched provider=http url=http://127.0.0.1:$port secret-file=$secret timeout=1
OrdersRetention mails=2 provider-events=0 tokens=3 carts=4
@{[ $with{server} // '' ]}
END
        locations => ModOrders::Httpd->locations . <<'END',
<Location /api/v1/company>
    OrdersAPI company
</Location>
<Location /orders-metrics>
    SetHandler orders-metrics
    Require    local
</Location>
END
    )->start;
}

sub metrics_of { my ($httpd) = @_; return ModOrders::Metrics->read($httpd->url('/orders-metrics')) }

# The metrics after a snapshot of the database that was taken after $since.
sub snapshot_of
{
    my ($httpd, $since) = @_;
    return wait_for(sub { my $now = metrics_of($httpd); ($now->value('orders_snapshot_timestamp_seconds') // 0) > $since ? $now : undef }, 25) || die 'no snapshot';
}

sub value { my ($sql, @with) = @_; return db()->selectrow_array($sql, undef, @with) }
sub put_due { my ($kind, $id, $channel, $age) = @_; return value(q(INSERT INTO orders.due (tenant_id, kind, id, channel, due_at) VALUES (1, ?, ?, ?, now() - ?::interval) RETURNING id), $kind, $id, $channel, $age) }

sub place_at
{
    my ($httpd) = @_;
    my $reply = api(POST => $httpd->url($list), token => $user->{token}, unchecked => 1,
        json => { plan_id => $plan->{id}, payment_method => 'external', payment_channel => 'watched' });
    is($reply->code, 200, 'an order with a payment channel') or diag($reply->as_string);
    return $reply->{json}{order}{id};
}

sub mail_for
{
    my ($order) = @_;
    my $mail = value(q(INSERT INTO orders.mail (tenant_id, order_id, template, recipient) VALUES (1, ?, 'pay_link', 'buyer@example.test') RETURNING id), $order);
    put_due('mail', $mail, '', '0 s');
    return $mail;
}

# Work that no job of this server does, events that nobody has resolved, open differences, and a running transaction.
my $before = time;
my $id     = 2_000_000_000;
put_due('capture', $id++, 'unwatched', '100 s') for 1 .. 3;
put_due('provider_notice', $id++, 'gone', '10 s');
value(q(INSERT INTO orders.provider_event (tenant_id, channel, event_id, type, intent_id, verdict, refusal, received_at, judged_at, reported_at)
    VALUES (1, 'unwatched', ?, 'paid', 'no-such-intent', 'refused', 'not_found', now() - interval '1 hour', now(), now()) RETURNING id), unique('event'));
my $reconciliation = value(q(INSERT INTO orders.reconciliation (tenant_id, channel, provider, source, stage, from_at, to_at)
    VALUES (1, 'unwatched', 'http', 'csv', 'entries', now() - interval '2 days', now() - interval '1 day') RETURNING id));
value(q(INSERT INTO orders.reconciliation_difference (tenant_id, channel, provider, reconciliation_id, transaction_id, kind, there_kind, there_amount, there_currency, occurred_at)
    VALUES (1, 'unwatched', 'http', ?, ?, 'missing_here', 'capture', 700, 'USD', now()) RETURNING id), $reconciliation, unique('tx'));
value(q(INSERT INTO orders.idempotency (tenant_id, actor_id, route, key, fingerprint, created_at) VALUES (1, 0, 'metrics', ?, '', now() - interval '1 hour') RETURNING 1), unique('key'));
my ($hook, $endpoint) = db()->selectrow_array(q(SELECT (w.endpoint).id, (w.endpoint).public_id
    FROM orders_v1.create_webhook(1, 'operator', 'operator', 0, 'test', NULL, NULL, 'https://hook.example/', '{return.rejected}', NULL, 'full', true) AS w));
value(q(INSERT INTO orders.webhook_delivery (tenant_id, endpoint_id, event_epoch, event_xid, event_id, subject_id, subject_version, attempts, next_at, created_at, done_at,
        state, subject, type, message_id)
    SELECT 1, ?, 1, '1'::xid8, n, 1, 1, 1, now() + interval '1 day', now() - interval '200 s', CASE WHEN n = 3 THEN now() END, CASE WHEN n = 3 THEN 'dead' ELSE 'pending' END,
        'order', 'order.paid', 'metrics' || n FROM generate_series(1, 3) AS n RETURNING id), $hook);
db()->do(q(UPDATE orders.webhook_endpoint SET failing_since = now() - interval '300 s' WHERE tenant_id = 1 AND id = ?), undef, $hook);
my $holder = ModOrders::Test::connect_as($ENV{PGUSER});
$holder->do('BEGIN');
$holder->do('SELECT pg_current_xact_id()');
db()->do('SELECT pg_current_xact_id()');    # a later transaction ends

my $httpd = start_httpd();

subtest 'values of the database' => sub {
    my $now = snapshot_of($httpd, $before);
    is($now->value('orders_job_backlog', name => 'captures', channel => 'unwatched'), 3, 'the backlog of a job and channel');
    my $lag = $now->value('orders_job_lag_seconds', name => 'captures', channel => 'unwatched');
    cmp_ok($lag, '>=', 100, "its lag: $lag s") and cmp_ok($lag, '<', 160, 'in seconds');
    is($now->value('orders_job_backlog', name => 'notices', channel => 'gone'), 1, 'the job of another kind');
    is($now->value('orders_job_backlog', name => 'captures', channel => 'watched'), 0, 'a job without work has zero');
    is($now->value('orders_job_backlog', name => 'bills'), 0, 'a job without channels too');
    is($now->value('orders_provider_events_unresolved', channel => 'unwatched', verdict => 'refused'), 1, 'unresolved events');
    cmp_ok($now->value('orders_provider_event_age_seconds', channel => 'unwatched', verdict => 'refused'), '>=', 3600, 'the age of the oldest');
    is($now->value('orders_reconciliation_differences_open', channel => 'unwatched'), 1, 'open differences');
    is($now->value('orders_retention_limit_seconds', records => 'mails'), 2 * 86400, 'OrdersRetention of mails');
    is($now->value('orders_retention_limit_seconds', records => 'carts'), 4 * 86400, 'of carts');
    is($now->value('orders_retention_limit_seconds', records => 'provider_events'), undef, 'none for events, which are kept for ever');
    is($now->value('orders_retention_limit_seconds', records => 'idempotency'), 86400, 'OrdersIdempotencyLifetime');
    cmp_ok($now->value('orders_retention_oldest_seconds', records => 'idempotency') // 0, '>=', 3600, 'the oldest idempotency record');
    cmp_ok($now->value('orders_webhook_endpoints', state => 'enabled'), '>=', 1, 'webhook endpoints');
    is($now->value('orders_webhook_deliveries', endpoint => $endpoint, state => 'pending'), 2, 'pending deliveries of an endpoint');
    is($now->value('orders_webhook_deliveries', endpoint => $endpoint, state => 'dead'), 1, 'dead ones');
    cmp_ok($now->value('orders_webhook_delivery_age_seconds', endpoint => $endpoint), '>=', 200, 'the age of the oldest pending one');
    cmp_ok($now->value('orders_webhook_failing_seconds', endpoint => $endpoint), '>=', 300, 'how long the endpoint has failed');
    is($now->value('orders_build_info'), 1, 'the build');
    cmp_ok($now->value('orders_schema_version'), '>', 100, 'the version of the schema');
};

# The jobs of the channel `watched`, which the shared server does not have.
subtest 'runs of jobs' => sub {
    my %labels = (name => 'intents', channel => 'watched');
    my $first  = metrics_of($httpd);
    ok(wait_for(sub { metrics_of($httpd)->since($first, 'orders_job_runs_total', %labels) >= 2 }, 10), 'runs are counted');
    my $order = place_at($httpd);    # without an intent: the provider is down
    $first = metrics_of($httpd);
    my $from = time;
    make_due(intent => $order);
    ok(wait_for(sub { metrics_of($httpd)->since($first, 'orders_job_items_total', %labels) == 1 }, 10), 'an item is counted');
    my $now = metrics_of($httpd);
    cmp_ok($now->since($first, 'orders_provider_calls_total', channel => 'watched', outcome => 'failed'), '>=', 1, 'its call of the provider has failed');
    cmp_ok(abs(time - $now->value('orders_job_last_run_timestamp_seconds', %labels)), '<', 5, 'the last run');
    ok(wait_for(sub { metrics_of($httpd)->value('orders_job_last_success_timestamp_seconds', %labels) > $from }, 10), 'the last success');
    is(metrics_of($httpd)->value('orders_job_runs_total', name => 'intents', channel => 'unwatched'), undef, 'nothing of a channel that this server does not have');
};

subtest 'items that fail' => sub {
    my %labels = (name => 'refused_events');
    my $lock   = ModOrders::Test::connect_as($ENV{PGUSER});
    $lock->do('BEGIN');
    $lock->do('LOCK TABLE orders.provider_event IN ACCESS EXCLUSIVE MODE');
    my $first = metrics_of($httpd);
    ok(wait_for(sub { metrics_of($httpd)->since($first, 'orders_job_failures_total', %labels) >= 1 }, 15), 'failures are counted');
    my $now = metrics_of($httpd);
    $lock->do('ROLLBACK');
    cmp_ok($now->value('orders_job_last_success_timestamp_seconds', %labels), '<', $now->value('orders_job_last_run_timestamp_seconds', %labels), 'the run was no success');
};

subtest 'a run that does not reach the database' => sub {
    my %labels = (name => 'expiry');
    my $lock   = ModOrders::Test::connect_as($ENV{PGUSER});
    $lock->do('BEGIN');
    $lock->do('LOCK TABLE orders.due IN ACCESS EXCLUSIVE MODE');
    my $from = metrics_of($httpd);
    ok(wait_for(sub { metrics_of($httpd)->since($from, 'orders_job_last_run_timestamp_seconds', %labels) > 2 }, 15), 'the last run');
    my $now = metrics_of($httpd);
    $lock->do('ROLLBACK');
    cmp_ok($now->value('orders_job_last_success_timestamp_seconds', %labels), '<', $now->value('orders_job_last_run_timestamp_seconds', %labels), 'is later than the last success');
};

subtest 'a snapshot replaces the last one' => sub {
    db()->do(q(DELETE FROM orders.due WHERE id >= 2000000000 AND channel IN ('unwatched', 'gone')));
    db()->do(q(UPDATE orders.provider_event SET resolved_at = now(), resolved_by = 1 WHERE tenant_id = 1 AND channel = 'unwatched'));
    db()->do('DELETE FROM orders.reconciliation_difference WHERE tenant_id = 1 AND reconciliation_id = ?', undef, $reconciliation);
    db()->do('DELETE FROM orders.webhook_delivery WHERE tenant_id = 1 AND endpoint_id = ?', undef, $hook);
    db()->do(q(UPDATE orders.webhook_endpoint SET failing_since = NULL WHERE tenant_id = 1 AND id = ?), undef, $hook);
    db()->do('DELETE FROM orders.reconciliation WHERE tenant_id = 1 AND id = ?', undef, $reconciliation);
    my $now = snapshot_of($httpd, time);
    is($now->value('orders_job_backlog', name => 'captures', channel => 'unwatched'), undef, 'work of another channel has no value any more');
    is($now->value($_, channel => 'unwatched'), undef, "nor has $_") for qw(orders_provider_events_unresolved orders_reconciliation_differences_open);
    is($now->value('orders_webhook_deliveries', endpoint => $endpoint), 0, 'an endpoint without deliveries has zeros');
    is($now->value('orders_webhook_failing_seconds', endpoint => $endpoint), undef, 'an endpoint that does not fail has no value');
    my $age = $now->value('orders_event_horizon_age_seconds');
    cmp_ok($age, '>', 8, "a transaction has been running: $age s");
    $holder->do('ROLLBACK');
};

subtest 'mails' => sub {
    plan(skip_all => 'exim4 is not installed') unless ModOrders::MailServer->available;
    my $nobody = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1);
    my $dead   = 'smtp://127.0.0.1:' . $nobody->sockport;
    close $nobody;
    undef $httpd;
    for ([ 'sent', $mails->plain_url ], [ 'failed', $dead ]) {
        my ($outcome, $server) = @$_;
        my $own = start_httpd(server => "OrdersMail $server from=shop\@example.test starttls=off timeout=2");
        is(metrics_of($own)->value('orders_mails_total', outcome => $outcome), 0, "no mail was $outcome");
        mail_for(place_at($own));
        ok(wait_for(sub { metrics_of($own)->value('orders_mails_total', outcome => $outcome) }, 10), "a mail was $outcome") or diag($own->log);
        cmp_ok(metrics_of($own)->value('orders_mail_duration_seconds_count'), '>', 0, 'its duration');
    }
};

db()->do(q(UPDATE orders.mail SET dead = true WHERE tenant_id = 1 AND done_at IS NULL AND NOT dead));
db()->do(q(DELETE FROM orders.due WHERE tenant_id = 1 AND kind = 'mail'));
done;
