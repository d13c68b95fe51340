#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Deliveries to webhooks while 64 receivers hang, PostgreSQL is stopped, a worker sleeps past its lease, or a worker is killed. No message is lost, a
# worker that has lost an endpoint sends nothing more, and changes of an endpoint take effect within two seconds.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Digest::SHA qw(hmac_sha256);
use Faults::Client qw(create operator_cancel);
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use File::Path qw(make_path);
use MIME::Base64 qw(encode_base64);
use ModOrders::Files qw(slurp);
use ModOrders::Process qw(wait_for wait_or_die);
use ModOrders::WebhookReceiver;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

my $limit = 2.5;    # seconds: two until a change takes effect, and the time of a transfer

my $stand = Faults::Stand->new->start_postgres;
my $postgres = $stand->postgres;
my $second = bless {%$stand, port => $stand->{port} + 4, dir => "$stand->{dir}/second"}, ref $stand;
make_path($second->{dir});
END { local $?; $second->stop_httpd if $second && $$ == $second->{owner} }
my $receiver = ModOrders::WebhookReceiver->start(port => $stand->{port} + 5, log => "$stand->{dir}/receiver.log");
my $log = Faults::Client->new;
my %settings = (sessions => 8, channels => $stand->start_channel);
$stand->start_httpd(%settings);

# --- endpoints and messages ------------------------------------------------------------------------------------------

sub value { return $postgres->value(@_) }
sub execute { my ($sql, @bind) = @_; return $postgres->db->do($sql, undef, @bind) }

# An endpoint: id, uuid, tenant, path at the receiver.
sub endpoint {
    my ($path, %with) = @_;
    my $tenant = $with{tenant} // 1;
    my ($id, $uuid) = $postgres->db->selectrow_array(q(SELECT c.id, (c.endpoint).public_id FROM orders_v1.create_webhook(?, 'operator', 'operator', NULL,
        'faults', NULL, NULL, ?, ?, NULL, 'thin', true) AS c), undef, $tenant, $receiver->url($path), $with{events} // ['order.placed']);
    return {id => $id, uuid => $uuid, tenant => $tenant, path => $path};
}

sub change {
    my ($endpoint, $changes) = @_;
    return value(q(SELECT outcome FROM orders_v1.change_webhook(?, 'operator', 'operator', NULL, 'faults', NULL, NULL, ?, NULL, ?)), @$endpoint{qw(tenant uuid)}, $changes);
}
sub disable { my ($endpoint) = @_; return change($endpoint, '{"enabled": false}') }

sub send_test {
    my ($endpoint, $count) = @_;
    for (1 .. $count // 1) {
        value(q(SELECT outcome FROM orders_v1.test_webhook(?, 'operator', 'operator', NULL, 'faults', NULL, NULL, ?)), @$endpoint{qw(tenant uuid)});
    }
}

my $buyer = 0;
sub place { my ($count) = @_; return map { $log->send_one($stand->{port}, create(1 + $buyer++ % 200, 'ten'))->{order} } 1 .. $count // 1 }

sub row { my ($endpoint) = @_; return ($postgres->rows('SELECT * FROM orders.webhook_endpoint WHERE tenant_id = ? AND id = ?', @$endpoint{qw(tenant id)}))[0] }
sub lease {
    my ($endpoint) = @_;
    return ($postgres->rows(q(SELECT due_at, attempts AS owner, extract(epoch FROM due_at - clock_timestamp()) AS seconds FROM orders.due
        WHERE tenant_id = ? AND kind = 'webhook' AND id = ?), @$endpoint{qw(tenant id)}))[0] // {owner => 0, seconds => 0, due_at => 'never'};
}
sub owned { my ($endpoint) = @_; return wait_or_die('an owner', 10, sub { my $lease = lease($endpoint); $lease->{owner} && $lease }) }
sub end_leases { return execute(q(UPDATE orders.due SET due_at = now() WHERE kind = 'webhook' AND attempts <> 0)) }
sub pending { my ($endpoint) = @_; return value(q(SELECT count(*) FROM orders.webhook_delivery WHERE tenant_id = ? AND endpoint_id = ? AND state = 'pending'), @$endpoint{qw(tenant id)}) }
sub deliveries { my ($endpoint) = @_; return $postgres->rows('SELECT * FROM orders.webhook_delivery WHERE tenant_id = ? AND endpoint_id = ? ORDER BY id', @$endpoint{qw(tenant id)}) }
sub entries { my ($endpoint) = @_; return $receiver->entries($endpoint->{path}) }
sub all_sent { my ($endpoint, $seconds) = @_; return wait_for(sub { sleep 0.1; !pending($endpoint) }, $seconds) }
sub fanned_out { my ($endpoint, $count) = @_; return wait_or_die('the fan-out', 5, sub { deliveries($endpoint) >= $count }) }

# The messages that the endpoint has got more than once, and those that it has not got.
sub arrivals { my ($endpoint) = @_; my %times; $times{$_->{headers}{'webhook-id'}}++ for entries($endpoint); return %times }
sub repeated { my ($endpoint) = @_; my %times = arrivals($endpoint); return grep { $times{$_} > 1 } sort keys %times }
sub missing { my ($endpoint) = @_; my %times = arrivals($endpoint); return grep { !$times{$_} } map { $_->{message_id} } deliveries($endpoint) }

# The processor time that a process has used, in seconds.
sub used { my ($pid) = @_; my @fields = split ' ', slurp("/proc/$pid/stat") =~ s/.*\) //sr; return ($fields[11] + $fields[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK()) }

sub log_lines { my ($pattern) = @_; return grep { /$pattern/ } split /^/, slurp("$stand->{dir}/httpd/error.log") }

# --- 64 hung receivers -----------------------------------------------------------------------------------------------

my @tenants = 2 .. 5;
execute(q(INSERT INTO orders.tenant (id, name, currency) VALUES (?, 'Tenant', 'USD')), $_) for @tenants;
my @hung = map { my $tenant = $_; map { endpoint("/hang/$tenant-$_", tenant => $tenant) } 1 .. 16 } @tenants;
my $healthy = endpoint('/ok/healthy');
send_test($_) for @hung;
my $hung_at = time;
ok(wait_for(sub { (grep { $_->{path} =~ m{^/hang/} } $receiver->entries) == 64 }, 10), '64 receivers hang at the same time');
for (1 .. 8) { place(); sleep 0.25 }
my $placed = value(q(SELECT count(*) FROM orders.event WHERE tenant_id = 1 AND 'order.placed' = ANY(types)));
ok(wait_for(sub { entries($healthy) == $placed }, 5), 'a receiver that works gets each message');
my %at = map { $_->{message_id} => $_->{at} } $postgres->rows(q(SELECT d.message_id, extract(epoch FROM e.created_at) AS at FROM orders.webhook_delivery d
    JOIN orders.event e ON e.tenant_id = d.tenant_id AND e.id = d.event_id WHERE d.endpoint_id = ?), $healthy->{id});
my ($longest) = sort { $b <=> $a } map { $_->{at} - $at{$_->{headers}{'webhook-id'}} } entries($healthy);
cmp_ok($longest, '<=', 2, sprintf '… within two seconds (the last after %.2f s)', $longest);

# --- changes ---------------------------------------------------------------------------------------------------------

# One message of each endpoint hangs, so that the worker keeps the endpoint during the changes and does not claim it again.
my ($moved, $rotated, $disabled, $toggled) = map { endpoint("/ok/$_") } qw(moved rotated disabled toggled);
my @changed = ($moved, $rotated, $disabled, $toggled);
sub all_got { my ($count, @endpoints) = @_; return wait_for(sub { !grep { entries($_) < $count } @endpoints }, 5) }
place();
ok(all_got(1, @changed), 'endpoints get a message');
my $owners = join ' ', map { lease($_)->{owner} } @changed;
$receiver->set(map { $_->{path} => 'hang' } @changed);
place();
ok(all_got(2, @changed), 'the next message hangs');
$receiver->set(map { $_->{path} => 'ok' } @changed);
my $from = time;
place();
ok(all_got(3, @changed), 'a message that hangs does not delay others');
cmp_ok(time - $from, '<=', $limit, sprintf '… (%.1f s)', time - $from);
my %owner = map { $_->{path} => owned($_)->{owner} } @changed;

my $changed_at = time;
change($moved, '{"url": "' . $receiver->url('/ok/new') . '"}');
value(q(SELECT outcome FROM orders_v1.rotate_webhook(1, 'operator', 'operator', NULL, 'faults', NULL, NULL, ?)), $rotated->{uuid});
disable($disabled);
disable($toggled);
change($toggled, '{"enabled": true}');
while (time - $changed_at < $limit + 2) { place(); sleep 0.3 }
is(lease($_)->{owner}, $owner{$_->{path}}, 'the worker owns the endpoint as before') for $moved, $rotated;

sub after { my ($path, $seconds) = @_; return grep { $_->{at} > $changed_at + $seconds } $receiver->entries($path) }
is(scalar after($moved->{path}, $limit), 0, 'after a change of the URL, no message is sent to the former one');
cmp_ok(scalar after('/ok/new', 0), '>', 3, '… but to the new one');

sub signature {
    my ($salt, $entry) = @_;
    my $secret = slurp("$stand->{dir}/secret") =~ s/\n.*//sr;
    my $key = hmac_sha256(join("\0", 'webhook', map { pack 'H*', tr/-//dr } $rotated->{uuid}, $salt), $secret);
    return 'v1,' . encode_base64(hmac_sha256(join('.', @{$entry->{headers}}{qw(webhook-id webhook-timestamp)}, $entry->{body}), $key), '');
}
my $row = row($rotated);
my @signed = after($rotated->{path}, $limit);
cmp_ok(scalar @signed, '>', 2, 'messages are sent after a rotation');
none_of('… with the signatures of the new and of the former secret',
    map { $_->{headers}{'webhook-id'} } grep { my $entry = $_; grep { index($entry->{headers}{'webhook-signature'}, signature($_, $entry)) < 0 } @$row{qw(salt former_salt)} } @signed);

is(scalar after($disabled->{path}, $limit), 0, 'a disabled endpoint gets no more messages');
my $missed = pending($disabled);
change($disabled, '{"enabled": true}');
# The attempts that hang were cancelled, or are sent again.
ok(wait_for(sub { !missing($disabled) && !missing($toggled) }, 10), 'an enabled endpoint gets what it has missed') or diag("$missed were pending");
cmp_ok(scalar repeated($_), '<=', 1, "$_->{path}: no message arrives twice, but the one that hung") for $disabled, $toggled;

# --- what has become of the hung receivers ---------------------------------------------------------------------------

disable($_) for @changed;
sleep 0.1 while time - $hung_at < 17;
my %result;
$result{join ' ', $_->{attempts}, $_->{last_error} // 'no error'}++ for map { deliveries($_) } @hung;
is(join(', ', map { "$result{$_} x $_" } sort keys %result), '64 x 1 timeout', 'each hung message ends with a timeout') or diag(explain(\%result));
is(scalar log_lines(qr/webhook \S+ of tenant [2-5], .*failing: timeout/), 64, 'each failing endpoint has one line in the log');
none_of('they have their next attempts later', grep { $_->{seconds} < 0 } map { lease($_) } @hung);
disable($_) for @hung;

# --- the order of messages -------------------------------------------------------------------------------------------

my $ordered = endpoint('/500/ordered', events => ['order.*']);
my $order = $log->send_one($stand->{port}, create(201, 'ten', payment_method => 'external', payment_channel => 'simulator'))->{order};
ok(wait_for(sub { grep { $_->{attempts} } deliveries($ordered) }, 5), 'the first message of an order fails');
$receiver->set($ordered->{path} => 'delay-1000');
$log->send_one($stand->{port}, operator_cancel($order));
ok(all_sent($ordered, 15), 'the order gets further events, and all messages are delivered') or diag(explain([deliveries($ordered)]));
my @sent = entries($ordered);
none_of('a message is sent after the response to the previous message of its order',
    map { "$sent[$_]{headers}{'webhook-id'} after $sent[$_ - 1]{headers}{'webhook-id'}" }
    grep { $sent[$_]{at} - $sent[$_ - 1]{at} < ($sent[$_ - 1]{mode} eq 'delay-1000' ? 1 : 0) } 1 .. $#sent);
my %version = map { $_->{message_id} => $_->{subject_version} } deliveries($ordered);
my @first = grep { !$version{"seen $_"}++ } map { $_->{headers}{'webhook-id'} } @sent;
none_of('first attempts are in the order of the events', map { $first[$_] } grep { $version{$first[$_]} < $version{$first[$_ - 1]} } 1 .. $#first);
disable($ordered);

# --- pauses ----------------------------------------------------------------------------------------------------------

my $busy = endpoint('/503-90/busy');
my $failing = endpoint('/500/failing');
my ($child) = $stand->httpd_children;
my ($cpu, $commits) = (used($child), value('SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()'));
$from = time;
place(20);
fanned_out($_, 20) for $busy, $failing;
sleep 6 - (time - $from);
my $length = time - $from;
cmp_ok(scalar entries($busy), '<=', 2, 'Retry-After pauses an endpoint');
my $lease = lease($busy);
ok($lease->{owner} == 0 && abs($lease->{seconds} - 86) < 5, sprintf '… until its time (%.0f s)', $lease->{seconds});
my $attempts = entries($failing);
cmp_ok($attempts, '>=', 5, 'an endpoint fails five times');
cmp_ok($attempts, '<=', 5 + $length / 2, "… and is then paused ($attempts attempts)");
my $share = (used($child) - $cpu) / $length;
cmp_ok($share, '<', 0.3, sprintf 'the pauses use no processor time (%.0f %%)', 100 * $share);
$receiver->set($busy->{path} => 'ok', $failing->{path} => 'ok');
send_test($busy);
ok(wait_for(sub { entries($busy) > 1 }, 3), 'a test message ends the pause');
disable($_) for $busy, $failing;

my $flaky = endpoint('/fails-1/flaky');
place(12);
fanned_out($flaky, 12);
$from = time;
ok(all_sent($flaky, 60), 'a receiver that refuses each first attempt gets each message');
note(sprintf '… after %.1f s', time - $from);
disable($flaky);

# --- an outage of the database ---------------------------------------------------------------------------------------

my @outage = map { endpoint("/delay-1500/outage-$_", events => ['webhook_endpoint.deleted']) } 1 .. 5;
send_test($_, 3) for @outage;
ok(all_got(1, @outage), 'messages are in flight');
$postgres->stop('fast');
($cpu, $from) = (used($child), time);
sleep 4;
$share = (used($child) - $cpu) / (time - $from);
cmp_ok($share, '<', 0.3, sprintf 'an outage of the database uses no processor time (%.0f %%)', 100 * $share);
cmp_ok(scalar log_lines(qr/database_unavailable.* webhooks/), '<=', 2, '… and few lines of the log');
$postgres->start;
ok(all_sent($_, 20), "$_->{path}: each message is delivered after an outage of the database") or diag(explain([deliveries($_)])) for @outage;
none_of('results that could not be recorded at first are not lost', map { repeated($_) } @outage);
is(join(' ', $stand->httpd_children), $child, 'httpd runs as before');

# --- a worker that sleeps past its lease -----------------------------------------------------------------------------

my $contended = endpoint('/delay-500/contended');
place(80);
fanned_out($contended, 80);
$lease = owned($contended);
wait_or_die('messages', 10, sub { entries($contended) >= 6 });
$second->start_httpd(%settings);
kill STOP => $child;
my $stopped_at = time;
my $got = wait_or_die('silence', 10, sub { my $count = entries($contended); sleep 0.5; $count == entries($contended) && $count });
cmp_ok($got, '<', 80, 'a worker sleeps while messages are left');
end_leases();
ok(wait_for(sub { entries($contended) > $got }, 5), 'when the lease has ended, another worker sends the next messages');
my $next = owned($contended);
isnt($next->{owner}, $lease->{owner}, '… as the owner');
sleep 0.1 while time - $stopped_at < 2.2;    # longer than the interval at which leases are renewed, as a sleep of a minute is
cmp_ok(pending($contended), '>', 0, '… and has more messages to send');
kill CONT => $child;
ok(all_sent($contended, 30), 'each message is delivered');
none_of('no message is lost', missing($contended));
my $repeated = repeated($contended);
cmp_ok($repeated, '<=', 16, "the former owner sends nothing more ($repeated messages were in flight, or their results not recorded, when it stopped)");
$second->stop_httpd;

# --- a worker that is killed -----------------------------------------------------------------------------------------

place(10);
fanned_out($contended, 90);
owned($contended);
wait_or_die('messages', 10, sub { entries($contended) > $got });
$got = entries($contended);
wait_or_die('messages', 10, sub { entries($contended) > $got });
kill KILL => $child;
$lease = lease($contended);
ok($lease->{owner} && $lease->{seconds} > 50 && $lease->{seconds} <= 60, sprintf 'the lease of a killed worker ends within a minute (%.1f s)', $lease->{seconds});
sleep 2;
is(lease($contended)->{due_at}, $lease->{due_at}, 'no worker takes the endpoint before');
end_leases();
$from = time;
ok(all_sent($contended, 20), 'when the lease has ended, each message is delivered');
cmp_ok(time - $from, '<=', 10, sprintf '… within %.1f s', time - $from);
none_of('no message is lost', missing($contended));

ok(wait_for(sub { !value(q(SELECT count(*) FROM orders.due WHERE kind = 'webhook')) }, 5), 'the queue is empty')
  or diag(explain([$postgres->rows(q(SELECT * FROM orders.due WHERE kind = 'webhook'))]));
closing(stand => $stand, log => $log);
done_testing();
