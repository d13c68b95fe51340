#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# The delay of each job of the worker while the server of another job does not respond, or a table of another job is locked: at most two
# seconds more than undisturbed. A graceful stop during this time takes at most five seconds. A slow provider gets requests for several
# payments at a time.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Client;
use Faults::Scenario qw(closing);
use Faults::Stand;
use IO::Select;
use IO::Socket::INET;
use ModOrders::Files qw(slurp);
use ModOrders::MailServer;
use ModOrders::Metrics;
use ModOrders::Process qw(ended wait_or_die);
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => 'exim4 is not installed' unless ModOrders::MailServer->available;

my $stand = Faults::Stand->new->start_postgres;
my $channel = $stand->start_channel;
my $provider = $stand->{simulator};
my $mail = ModOrders::MailServer->start;
my $postgres = $stand->postgres;
my $log = Faults::Client->new;

# The kernel accepts connections, but no response is sent.
sub hang { return IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 256) || die "no port: $!\n" }
my ($gone, $mute) = map { hang() } 1 .. 2;
my $hung = $channel =~ s/simulator (.*):\d+ /'gone ' . $1 . ':' . $gone->sockport . ' '/er =~ s/timeout=\d+/timeout=20/r;
my $paypal = $channel =~ s/simulator provider=http (.*) timeout=\d+/removed provider=paypal $1 client-id=a webhook-id=b/r;
sub hangs { my ($listener) = @_; wait_or_die('a call', 15, sub { IO::Select->new($listener)->can_read(0) }) }

my $exports = $stand->export_directory;

sub start {
    my ($mails) = @_;
    $stand->start_httpd(channels => "$channel\n$hung\n$paypal",
        extra => "OrdersMail $mails from=shop\@example.test starttls=off timeout=20\nOrdersRetention mails=2 provider-events=2 tokens=2 carts=2 webhooks=2\nOrdersExportDirectory $exports\n"
          . "<Location /api/v1/company>\nOrdersAPI company\n</Location>");
}

$postgres->db->do(q(SELECT orders_v1.catalogue_upsert(1, 'operator', 'system', NULL, 'faults', NULL, NULL, 'payment-channels', 'removed',
    '{"provider": "paypal", "name": "Removed"}'::jsonb)));

# Seconds until a graceful stop has ended. httpd checks its child processes once a second.
sub stop {
    my ($what) = @_;
    my $pid = delete $stand->{httpd};
    my $from = time;
    kill WINCH => $pid;
    eval { wait_or_die('the stop', 30, sub { ended($pid) }) };
    cmp_ok(time - $from, '<=', 5.5, sprintf 'a graceful stop, %s: %.1f s', $what, time - $from);
}

sub value { return $postgres->value(@_) }

my $key = 0;
sub unique { return 'delay-' . ++$key }

sub export_row {
    my ($state) = @_;
    return value(q(INSERT INTO orders.export (tenant_id, kind, format, state, sha256, snapshot_at, finished_at, expires_at)
        VALUES (1, 'lines', 'csv', ?, 'x', now(), now(), now()) RETURNING id), $state);
}

sub placed {
    my ($channel) = @_;
    my ($order) = $postgres->db->selectrow_array(q(SELECT ("order").id FROM orders_v1.place_plan(1, 'user', 'buyer', ?, 'faults', NULL, NULL,
        ?, 2, NULL, 1, 'external', ?, NULL, NULL, NULL)), undef, 99, 99, $channel);
    $log->expect($order);
    return $order;
}

sub put_due { my ($kind, $id, $channel) = @_; return value(q(INSERT INTO orders.due (tenant_id, kind, id, channel, due_at) VALUES (1, ?, ?, ?, now()) RETURNING id), $kind, $id, $channel // '') }

# Work that a claim finds obsolete and removes: the row of an order, payment or notice that does not exist.
my $nothing = 2_000_000_000;
sub obsolete {
    my ($kind, $channel) = @_;
    my $id = put_due($kind, $nothing++, $channel);
    return sub { !value('SELECT count(*) FROM orders.due WHERE tenant_id = 1 AND kind = ? AND id = ?', $kind, $id) };
}

sub gone_row { my ($table, $id) = @_; return sub { !value("SELECT count(*) FROM orders.$table WHERE tenant_id = 1 AND id = ?", $id) } }

sub mail_row {
    my ($age, $done) = @_;
    return value(q(INSERT INTO orders.mail (tenant_id, order_id, template, recipient, created_at, done_at)
        VALUES (1, ?, 'pay_link', 'buyer@example.test', now() - ?::interval, CASE WHEN ? THEN now() END) RETURNING id), placed('simulator'), $age, $done);
}

sub event {
    my ($verdict, $age, $reported) = @_;
    return value(q(INSERT INTO orders.provider_event (tenant_id, channel, event_id, type, intent_id, verdict, refusal, received_at, judged_at, reported_at)
        SELECT 1, 'simulator', ?, 'paid', 'no-such-intent', v, CASE v WHEN 'refused' THEN 'not_found' END, now() - ?::interval, CASE v WHEN 'waiting' THEN NULL ELSE now() END,
            CASE WHEN ? THEN now() END FROM (SELECT ?::text AS v) AS x RETURNING id), unique(), $age, $reported, $verdict);
}

# A webhook without a receiver, and deliveries to it.
my $endpoint;
sub endpoint {
    return $endpoint //= value(q(SELECT id FROM orders_v1.create_webhook(1, 'operator', 'operator', NULL, 'faults', NULL, NULL, 'http://127.0.0.1:9/', '{order.placed}', NULL, 'thin', true)));
}
sub fanned_out { return value('SELECT count(*) FROM orders.webhook_delivery WHERE endpoint_id = ? AND event_id IS NOT NULL', endpoint()) }
sub delivery {
    my ($age) = @_;
    return value(q(INSERT INTO orders.webhook_delivery (tenant_id, endpoint_id, event_epoch, event_xid, subject, subject_id, state, done_at, next_at, type, message_id)
        VALUES (1, ?, 0, '0', 'webhook_endpoint', ?, CASE WHEN ?::text IS NULL THEN 'pending' ELSE 'dead' END, now() - ?::interval, now(), 'webhook.test', ?) RETURNING id),
        endpoint(), endpoint(), $age, $age, unique());
}

# For each job: creates work for it, and returns a condition that holds when the job has done this work.
my %work = (
    expiry => sub {
        my $order = placed('simulator');
        value(q(WITH o AS (UPDATE orders.orders SET expires_at = now() - interval '1 s' WHERE id = ? RETURNING id)
            INSERT INTO orders.due (tenant_id, kind, id, due_at) SELECT 1, 'expiry', id, now() - interval '1 s' FROM o RETURNING id), $order);
        return sub { value('SELECT state FROM orders.orders WHERE id = ?', $order) eq 'expired' };
    },
    bills => sub { obsolete('bill') },
    event_reviews => sub { my $id = event('waiting', '2 days', 0); return sub { value('SELECT verdict FROM orders.provider_event WHERE id = ?', $id) eq 'refused' } },
    refused_events => sub { my $id = event('refused', '1 s', 0); return sub { value('SELECT reported_at IS NOT NULL FROM orders.provider_event WHERE id = ?', $id) } },
    stale_notices => sub {
        my $id = value(q(INSERT INTO orders.provider_notice (tenant_id, channel, body_hash, resource_kind, resource_id, pending_since)
            VALUES (1, 'simulator', sha256(?::text::bytea), 'order', 'x', now() - interval '4 days') RETURNING id), unique());
        return sub { value('SELECT verdict FROM orders.provider_notice WHERE id = ?', $id) eq 'rejected' };
    },
    purge_idempotency => sub {
        my $key = unique();
        value(q(INSERT INTO orders.idempotency (tenant_id, actor_id, route, key, fingerprint, created_at) VALUES (1, 0, 'faults', ?, '', now() - interval '2 days') RETURNING 1), $key);
        return sub { !value('SELECT count(*) FROM orders.idempotency WHERE tenant_id = 1 AND key = ?', $key) };
    },
    purge_mails => sub { gone_row(mail => mail_row('3 days', 1)) },
    purge_provider_events => sub { gone_row(provider_event => event('unchanged', '3 days', 0)) },
    purge_tokens => sub {
        gone_row(token => value(q(INSERT INTO orders.token (tenant_id, user_id, hash, scopes, expires_at)
            VALUES (1, 99, sha256(?::text::bytea), '{buyer}', now() - interval '3 days') RETURNING id), unique()));
    },
    purge_carts => sub {
        gone_row(cart => value(q(INSERT INTO orders.cart (tenant_id, code, user_id, company_id, currency, updated_at)
            VALUES (1, upper(?), 99, NULL, 'USD', now() - interval '3 days') RETURNING id), unique()));
    },
    purge_webhooks => sub { gone_row(webhook_delivery => delivery('3 days')) },
    webhook_events => sub { my $seen = fanned_out(); placed('simulator'); return sub { fanned_out() > $seen } },
    webhook_deliveries => sub {
        my $id = delivery(undef);
        value(q(INSERT INTO orders.due (tenant_id, kind, id, due_at) VALUES (1, 'webhook', ?, now())
            ON CONFLICT ON CONSTRAINT due_pkey DO UPDATE SET due_at = now(), attempts = 0 RETURNING id), endpoint());
        return sub { value('SELECT attempts FROM orders.webhook_delivery WHERE id = ?', $id) };
    },
    mails => sub { my $id = put_due(mail => mail_row('0', 0)); return sub { value('SELECT done_at IS NOT NULL FROM orders.mail WHERE id = ?', $id) } },
    intents => sub {
        my $order = placed('simulator');
        value(q(UPDATE orders.due d SET due_at = now() FROM orders.payment p WHERE p.order_id = ? AND d.tenant_id = 1 AND d.kind = 'intent' AND d.id = p.id RETURNING d.id), $order);
        return sub { value('SELECT intent_id IS NOT NULL FROM orders.payment WHERE order_id = ?', $order) };
    },
    captures => sub { obsolete('capture', 'simulator') },
    refunds => sub { obsolete('refund', 'simulator') },
    exports => sub {
        my $id = export_row('queued');
        put_due(export => $id);
        return sub { value('SELECT state FROM orders.export WHERE id = ?', $id) eq 'done' };
    },
    purge_exports => sub { my $id = export_row('done'); return sub { value('SELECT state FROM orders.export WHERE id = ?', $id) eq 'expired' } },
    metrics => sub {
        my $from = time;
        return sub {
            my $metrics = eval { ModOrders::Metrics->read("http://127.0.0.1:$stand->{port}/orders-metrics") };
            return $metrics && ($metrics->value('orders_snapshot_timestamp_seconds') // 0) > $from;
        };
    },
    comparisons => sub {
        my $id = value(q(INSERT INTO orders.reconciliation (tenant_id, channel, provider, source, stage, from_at, to_at)
            VALUES (1, 'simulator', 'http', 'csv', 'entries', now() - interval '2 days', now() - interval '1 day') RETURNING id));
        put_due(reconciliation => $id);
        return sub { value('SELECT state FROM orders.reconciliation WHERE id = ?', $id) eq 'done' };
    },
    notices => sub { obsolete('provider_notice', 'removed') },
    reconciliation_plans => sub {
        value(q(WITH d AS (DELETE FROM orders.due WHERE kind = 'reconciliation' AND channel = 'removed')
            UPDATE orders.reconciliation SET state = 'failed', error_code = 'ended', finished_at = now(), scheduled = false WHERE channel = 'removed' AND state = 'running' RETURNING id));
        return sub { value(q(SELECT count(*) FROM orders.reconciliation WHERE channel = 'removed' AND scheduled)) };
    },
    reconciliations => sub { obsolete('reconciliation', 'removed') },
);

my $table = slurp("$ModOrders::Stand::root/mod_orders/worker/job_table.c");
my @jobs = $table =~ /^\s*\.name = "(\w+)",$/mg;
is_deeply([ sort keys %work ], [ sort @jobs ], 'each job of the table is measured') or BAIL_OUT('a job without a measurement');

# Starts a server with due work for these jobs. Returns for each the seconds until its work is done.
sub measure {
    my ($mails, @measured) = @_;
    my %done = map { $_ => $work{$_}->() } @measured;
    my (%seconds, $from);
    start($mails);
    $from = time;
    while (%done && time - $from < 30) {
        for my $job (sort keys %done) {
            next if !$done{$job}->();
            $seconds{$job} = time - $from;
            delete $done{$job};
        }
        sleep 0.02;
    }
    $seconds{$_} = 30 for keys %done;
    return \%seconds;
}

my $undisturbed;
sub compare {
    my ($what, $seconds) = @_;
    for my $job (sort keys %$seconds) {
        my $more = $seconds->{$job} - $undisturbed->{$job};
        cmp_ok($more, '<=', 2, sprintf '%s: %s waits %.1f s more', $what, $job, $more < 0 ? 0 : $more);
    }
}

$undisturbed = measure($mail->plain_url, @jobs);
cmp_ok($undisturbed->{$_}, '<', 5, sprintf '%s: %.1f s', $_, $undisturbed->{$_}) for sort keys %$undisturbed;
stop('undisturbed');

# A provider hangs: more payments are due than concurrent runs are allowed.
placed('gone') for 1 .. 30;
value(q(WITH w AS (UPDATE orders.due SET due_at = now() WHERE channel = 'gone' AND kind = 'intent' RETURNING id) SELECT count(*) FROM w));
compare('a provider hangs', measure($mail->plain_url, @jobs));
hangs($gone);
stop('a provider hangs');
value(q(WITH w AS (UPDATE orders.due SET due_at = now() + interval '1 day' WHERE channel = 'gone' AND kind = 'intent' RETURNING id) SELECT count(*) FROM w));

# The mail server hangs: more mails are due than are sent at a time.
put_due(mail => mail_row('0', 0)) for 1 .. 10;
compare('the mail server hangs', measure('smtp://127.0.0.1:' . $mute->sockport, grep { $_ ne 'mails' } @jobs));
hangs($mute);
stop('the mail server hangs');

# A table is locked: each statement of two jobs waits for its lock_timeout.
my $locker = $postgres->connect;
$locker->begin_work;
$locker->do('LOCK TABLE orders.mail IN ACCESS EXCLUSIVE MODE');
# Not webhook_events: an event is not fanned out before all older transactions have ended.
compare('a table is locked', measure($mail->plain_url, grep { !/^(?:purge_)?mails$/ && !/^(?:expiry|metrics|webhook_events)$/ } @jobs));
stop('a table is locked');
$locker->rollback;
$locker->disconnect;
$postgres->db->do('UPDATE orders.mail SET dead = true WHERE done_at IS NULL AND NOT dead');
$postgres->db->do(q(DELETE FROM orders.due WHERE kind = 'mail'));

# A slow provider: 32 calls in sequence would take 48 seconds.
$provider->mode('slow', delay => 1.5, times => 1000);
my @slow = map { placed('simulator') } 1 .. 32;
value(q(WITH w AS (UPDATE orders.due SET due_at = now() WHERE channel = 'simulator' AND kind = 'intent' RETURNING id) SELECT count(*) FROM w));
start($mail->plain_url);
my $from = time;
my $left = sub { value(q(SELECT count(*) FROM orders.payment WHERE order_id = ANY(?) AND intent_id IS NULL), \@slow) };
eval { wait_or_die('the intents', 40, sub { !$left->() }) };
cmp_ok(time - $from, '<', 15, sprintf '32 payments of a provider that takes 1.5 s for each: %.1f s', time - $from);
$provider->mode('approve');

closing(stand => $stand, log => $log);
done_testing();
