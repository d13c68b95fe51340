#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# A Prometheus of Debian with the shipped alert rules watches a server while its provider hangs, its mail server does not run, a job cannot do
# its work, an event of the provider is refused, and a webhook endpoint fails; then while PostgreSQL is stopped. Each fault raises the alert that
# docs/monitoring.md describes, no other alert fires, and each alert ends after the fault. The rules are the shipped ones, except that `for` and
# the ranges of rates are seconds. The ages in the conditions are unchanged: the scenario dates work and failures back.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Digest::SHA qw(hmac_sha256);
use Faults::Client qw(create operator_request);
use Faults::Load;
use Faults::Scenario qw(closing);
use Faults::Stand;
use Faults::Text qw(from_json to_json);
use File::Path qw(remove_tree);
use HTTP::Tiny;
use ModOrders::Files qw(slurp write_file);
use ModOrders::MailServer;
use ModOrders::Metrics;
use ModOrders::Process qw(free_port listens spawn stop_process wait_for);
use ModOrders::Random qw(unique);
use ModOrders::WebhookReceiver;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep time);

my ($prometheus) = grep { -x } map { "$_/prometheus" } split /:/, $ENV{PATH};
plan skip_all => 'prometheus is not installed' if !$prometheus;
plan skip_all => 'exim4 is not installed' unless ModOrders::MailServer->available;

my $stand    = Faults::Stand->new->start_postgres;
my $channel  = $stand->start_channel;
my $provider = $stand->{simulator};
my $mails    = ModOrders::MailServer->start;
my $receiver = ModOrders::WebhookReceiver->start(port => $stand->{port} + 3, log => "$stand->{dir}/receiver.log");
my $log      = Faults::Client->new;
my $http     = HTTP::Tiny->new(timeout => 10);

sub value { return $stand->postgres->value(@_) }

# --- httpd --------------------------------------------------------------------------------------------------------------

# The mail server and the channel `half` are in a file of their own, which changes.
my $changing = "$stand->{dir}/changing.conf";
sub configure { my ($mail_server, @more) = @_; return write_file($changing, join("\n", "OrdersMail $mail_server from=shop\@example.test starttls=off timeout=2", @more, ''), 0644) }
configure('smtp://127.0.0.1:' . free_port());
$stand->start_httpd(channels => $channel, extra => "Include $changing\n<Location /api/v1/company>\nOrdersAPI company\n</Location>");

sub metric { my ($name, %labels) = @_; return ModOrders::Metrics->read("http://127.0.0.1:$stand->{port}/orders-metrics")->value($name, %labels) // 0 }

# A request of an operator: GET without a body. Returns its JSON.
sub operate {
    my ($path, $body) = @_;
    my $reply = Faults::Load->one_by_one($stand->{port}, operator_request('alerts', $path, $body, $body ? () : (method => 'GET')));
    die "$path: $reply->{status} $reply->{body}\n" if $reply->{status} !~ /^2/;
    return from_json($reply->{body});
}

# --- Prometheus ---------------------------------------------------------------------------------------------------------

my $shipped = slurp("$ModOrders::Stand::root/conf/prometheus/orders.rules.yml");
my $rules   = write_file("$stand->{dir}/rules.yml", $shipped =~ s/^( +for: )\w+$/${1}2s/gmr =~ s/\[\d+[mh]\]/[15s]/gr, 0644);
my $port    = free_port();
my $conf    = write_file("$stand->{dir}/prometheus.yml", <<"END", 0644);
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ['$rules']
scrape_configs:
  - job_name: mod_orders
    metrics_path: /orders-metrics
    static_configs: [{targets: ['127.0.0.1:$stand->{port}']}]
END
remove_tree("$stand->{dir}/prometheus");    # left by an earlier run of Prometheus
my $pid = spawn("$stand->{dir}/prometheus.log", $prometheus, "--config.file=$conf", "--storage.tsdb.path=$stand->{dir}/prometheus",
    "--web.listen-address=127.0.0.1:$port");
END { local $?; stop_process($pid, 'TERM') if $pid }
wait_for(sub { listens($port) }, 20) or BAIL_OUT('prometheus does not listen');

# The alerts that fire, as names with the labels that identify their subject. Few requests are sent, so the checkouts that wait for the provider
# may raise OrdersSlow.
sub firing {
    my $reply = $http->get("http://127.0.0.1:$port/api/v1/alerts");
    return "status $reply->{status}" if !$reply->{success};
    return join ', ', sort map { my $of = $_->{labels}; join ' ', $of->{alertname}, grep { defined } @$of{qw(name channel endpoint)} }
        grep { $_->{state} eq 'firing' && $_->{labels}{alertname} ne 'OrdersSlow' } @{ from_json($reply->{content})->{data}{alerts} };
}

# Waits until exactly these alerts fire. Meanwhile, calls a function about once a second.
sub fires {
    my ($what, $seconds, $meanwhile, @expected) = @_;
    my ($expected, $from, $next) = (join(', ', sort @expected), time, 0);
    my $done = wait_for(sub {
        if (time > $next) { $meanwhile->(); $next = time + 1 }
        return firing() eq $expected;
    }, $seconds);
    return is(firing(), $expected, sprintf '%s (%.0f s)', $what, time - $from);
}

ok(wait_for(sub { metric('orders_snapshot_timestamp_seconds') }, 25), 'values of the database');
sub scraped { my $reply = $http->get("http://127.0.0.1:$port/api/v1/query?query=orders_snapshot_timestamp_seconds"); return $reply->{success} && $reply->{content} =~ /"metric"/ }
ok(wait_for(\&scraped, 10), 'Prometheus has them');
sleep 4;    # longer than the `for` of the rules
is(firing(), '', 'no alert without a fault');

# --- the faults ---------------------------------------------------------------------------------------------------------

my $buyer = 0;
sub buy { return $log->send_one($stand->{port}, create(++$buyer, 'ten', payment_method => 'external', payment_channel => 'simulator')) }
sub placed {
    my ($name) = @_;
    my $order = value(q(SELECT ("order").id FROM orders_v1.place_plan(1, 'user', 'buyer', 99, 'faults', NULL, NULL, 99, 2, NULL, 1, 'external', ?, NULL, NULL, NULL)), $name);
    $log->expect($order);
    return $order;
}
# Makes postponed work of these jobs due now, as if it were the first attempt, because work is given up after some attempts. For a webhook,
# `attempts` is not 0 while a worker owns it.
sub hurry {
    my (@kinds) = @_;
    return value(q(UPDATE orders.due SET due_at = now(), attempts = 0 WHERE kind = ANY (?) AND due_at > now() AND (kind <> 'webhook' OR attempts = 0) RETURNING id), \@kinds);
}

# A job that cannot do its work: no server has the channel.
my $stuck = placed('half');
value(q(UPDATE orders.due d SET due_at = now() - interval '11 minutes' FROM orders.payment p WHERE p.order_id = ? AND d.kind = 'intent' AND d.id = p.id RETURNING d.id), $stuck);

# An event of the provider with another amount than that of the order.
sub send_event {
    my ($payment) = @_;
    my ($id, $time) = (unique('event'), int time);
    my $body   = to_json({ type => 'paid', payment_key => $payment->{provider_key}, intent_id => $payment->{intent_id}, transaction_id => unique('tx'), amount => 1001, currency => 'USD' });
    my $secret = slurp($stand->secret_file('channel.secret')) =~ s/\s+\z//r;
    my $reply  = $http->post("http://127.0.0.1:$stand->{port}/api/v1/admin/payments/simulator/events", { content => $body, headers => {
        'Content-Type' => 'application/json', 'webhook-id' => $id, 'webhook-timestamp' => $time,
        'webhook-signature' => 'v1,' . encode_base64(hmac_sha256("$id.$time.$body", $secret), '') } });
    return from_json($reply->{content})->{result};
}
my $order = buy()->{order};
is(send_event(($stand->postgres->rows('SELECT * FROM orders.payment WHERE order_id = ?', $order))[0]), 'refused', 'an event is refused');

# An endpoint that fails: one delivery is given up, another one is pending, and the failures began an hour ago.
my $webhook = operate('/webhooks', { url => $receiver->url('/500/shop'), events => ['return.rejected'] })->{id};
my ($dead, $pending) = map { operate("/webhooks/$webhook/test", {})->{id} } 1 .. 2;
my %failing;
sub worsen {
    return if $failing{since} && $failing{dead};
    $failing{since} ||= value(q(UPDATE orders.webhook_endpoint SET failing_since = now() - interval '61 minutes' WHERE public_id = ? AND failing_since IS NOT NULL RETURNING id), $webhook);
    value(q(UPDATE orders.webhook_delivery SET attempts = 9, next_at = now() WHERE id = ? AND state = 'pending' AND attempts > 0 RETURNING id), $dead);
    hurry('webhook');
    $failing{dead} = value(q(SELECT true FROM orders.webhook_delivery WHERE id = ? AND state = 'dead'), $dead);
}

# No mail server.
value(q(WITH m AS (INSERT INTO orders.mail (tenant_id, order_id, template, recipient) VALUES (1, ?, 'pay_link', 'buyer@example.test') RETURNING id)
    INSERT INTO orders.due (tenant_id, kind, id, channel, due_at) SELECT 1, 'mail', m.id, '', now() FROM m RETURNING id), $order);

# A provider that accepts connections and does not respond.
kill STOP => $provider->{pid};
buy();

fires('the alerts of all faults', 45, sub { worsen(); hurry(qw(intent mail)) },
    'OrdersProviderFails simulator', 'OrdersMailServerDown', 'OrdersJobDelayed intents half', 'OrdersProviderEventsRefused simulator',
    "OrdersWebhookFails $webhook", "OrdersWebhookDead $webhook");
is(metric('orders_webhook_attempts_total', outcome => 'dead'), 1, 'a dead delivery is counted');
cmp_ok(metric('orders_webhook_attempts_total', outcome => 'failed'), '>=', 2, 'failed attempts are counted');
is(metric('orders_webhook_attempts_total', outcome => 'delivered'), 0, 'no delivery is counted');
cmp_ok(metric('orders_job_items_total', name => 'webhook_deliveries'), '>=', 3, 'attempts are items of the job');

# --- the ends of the faults ---------------------------------------------------------------------------------------------

kill CONT => $provider->{pid};
configure($mails->plain_url, $channel =~ s/simulator /half /r);
$stand->graceful;
my ($event) = @{ operate('/provider-events?resolved=false')->{provider_events} };
operate("/provider-events/$event->{id}/resolve", { comment => 'compared with the provider' });
$receiver->set('/500/shop' => 'ok');
operate("/webhooks/$webhook/deliveries/$dead/retry", {});
value('UPDATE orders.webhook_delivery SET next_at = now() WHERE id = ? RETURNING id', $pending);
my $from = time;
fires('each alert ends', 60, sub { buy() if $buyer < 6; hurry(qw(intent mail webhook)) });
is(value('SELECT count(*) FROM orders.payment WHERE order_id = ? AND intent_id IS NOT NULL', $stuck), 1, 'the stuck job has done its work');
is(metric('orders_mails_total', outcome => 'sent'), 1, 'the mail is sent');
is(metric('orders_webhook_attempts_total', outcome => 'delivered'), 2, 'both webhooks are delivered');
is(metric('orders_webhook_attempt_duration_seconds_count'), metric('orders_job_items_total', name => 'webhook_deliveries'), 'durations of all attempts');
my %job = (name => 'webhook_deliveries');
ok(wait_for(sub { metric('orders_job_last_success_timestamp_seconds', %job) > $from }, 10), 'the job of webhooks had a run without a failure');

# --- an outage ----------------------------------------------------------------------------------------------------------

my $failures = metric('orders_job_failures_total', %job);
$stand->postgres->stop('immediate');
fires('the alert of an outage', 20, sub {}, 'OrdersDatabaseDown');
ok(wait_for(sub { metric('orders_job_failures_total', %job) > $failures }, 10), 'the job of webhooks counts its failures');
cmp_ok(metric('orders_job_last_success_timestamp_seconds', %job), '<', metric('orders_job_last_run_timestamp_seconds', %job), 'its last run was no success');
$stand->postgres->start;
fires('it ends', 20, sub {});

closing(stand => $stand, log => $log);
done_testing();
