#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# SIGKILL of child processes and of the parent of httpd, of backends and of the postmaster, at random instants while events are sent to webhooks. Two
# httpd servers with their workers share only the database. No event is lost: each endpoint gets each message at least once, with a valid signature and
# always the same body. (--long: 200 kills)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Client qw(create refund operator_cancel);
use Faults::Killer;
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Faults::Webhooks;
use File::Path qw(make_path);
use ModOrders::Files qw(slurp);
use ModOrders::Process qw(wait_for);
use ModOrders::StandardWebhooks;
use ModOrders::WebhookReceiver;
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => ModOrders::StandardWebhooks->missing if ModOrders::StandardWebhooks->missing;

my ($kills, $gap) = Faults::Stand::long() ? (200, 2) : (20, 1.1);

my $stand = Faults::Stand->new->start_postgres;
my $postgres = $stand->postgres;
my $second = bless {%$stand, port => $stand->{port} + 4, dir => "$stand->{dir}/second"}, ref $stand;
make_path($second->{dir});
my @stands = ($stand, $second);
$_->start_httpd(processes => 2, threads => 16, sessions => 8) for @stands;
END { local $?; $second->stop_httpd if $second && $$ == $second->{owner} }
my $receiver = ModOrders::WebhookReceiver->start(port => $stand->{port} + 5, log => "$stand->{dir}/receiver.log");
my $hooks = Faults::Webhooks->new(stand => $stand, receiver => $receiver);
my @endpoints = map { $hooks->create(@$_) } ['/ok/all', events => ['*']], ['/ok/thin', payload => 'thin'], ['/fails-1/x'], ['/ok/late'], ['/close/x'];
my $log = Faults::Client->new;

# --- load ------------------------------------------------------------------------------------------------------------

my $killer = Faults::Killer->new(stands => \@stands, postgres => $postgres, kills => $kills, gap => $gap);
my (@later, @placed, @pause, @rest, $over, $keys_at);

sub some_port { return $stands[rand @stands]{port} }

sub request {
    my ($n) = @_;
    my $what = rand;
    return create(1 + int rand 100, (qw(hundred ten odd))[rand 3], quantity => 1 + int rand 5) if !@placed || $what < 0.6;
    return $what < 0.8 ? refund($placed[rand @placed], 1) : operator_cancel($placed[rand @placed]);
}

# Repeats a request with the same key until its outcome is known.
sub done {
    my ($request, $reply, $client) = @_;
    my $entry = $log->note($request, $reply);
    push @placed, $entry->{order} if $entry->{op} eq 'create' && $entry->{class} eq 'ok';
    $pause[$client] = time + 0.5 if $entry->{status} == 503;
    return if $entry->{class} ne 'unknown' || ($request->{attempt} // 1) >= 100;
    push @later, {%$request, attempt => ($request->{attempt} // 1) + 1, at => time + ($entry->{code} eq 'idempotency_in_flight' ? 1 : 0.5)};
}

sub next_request {
    my ($n) = @_;
    my $now = time;
    return $pause[$n] - $now if ($pause[$n] // 0) > $now;
    my ($index) = grep { $later[$_]{at} <= $now } 0 .. $#later;
    my $request = defined $index ? splice @later, $index, 1 : undef;
    if (!$request) {
        return @later ? 0.1 : undef if $over;
        if ($rest[$n]++ % 2) { return 0.02 + rand 0.1 }
        $request = request();
    }
    return {%$request, port => some_port()};
}

# The key of a request that a kill has cut off is free after half a minute. The short form does not wait so long.
sub free_keys {
    eval { $postgres->connect->do(q(UPDATE orders.idempotency SET started_at = started_at - interval '31 s'
        WHERE completed_at IS NULL AND started_at BETWEEN now() - interval '31 s' AND now() - interval '5 s')) };
}

sub tick {
    my $now = time;
    $killer->tick;
    $over ||= $killer->over && $now > $killer->{next_at} + 1;
    if ($over && $now > ($keys_at // 0)) { free_keys(); $keys_at = $now + 1 }
}

my $load = Faults::Load->new(port => $stand->{port}, clients => 8, limit => 900, tick => \&tick, next => \&next_request, done => \&done)->run;
note($load->summary);

# --- the rest is sent ------------------------------------------------------------------------------------------------

ok($killer->settle(30), 'all servers run again');
$receiver->set('/close/x' => 'ok', '/fails-1/x' => 'ok');    # otherwise each message waits for the pauses of a failing endpoint
my $quiet_from = time;

# A lease of a killed worker ends after a while, and failed messages are sent again later: here at once. A lease that has not changed for some
# seconds has no holder.
my %lease;
sub end_leases {
    for my $row ($postgres->rows(q(SELECT id, attempts, due_at FROM orders.due WHERE kind = 'webhook' AND attempts <> 0))) {
        my $text = "$row->{attempts} $row->{due_at}";
        $lease{$row->{id}} = [$text, time] if !$lease{$row->{id}} || $lease{$row->{id}}[0] ne $text;
        next if time - $lease{$row->{id}}[1] < 5;
        $postgres->db->do(q(UPDATE orders.due SET due_at = now() WHERE kind = 'webhook' AND id = ? AND due_at = ?), undef, @$row{qw(id due_at)});
    }
}
my $left = q(SELECT count(*) FROM orders.webhook_delivery WHERE state = 'pending');
my $ends = wait_for(sub { end_leases(); $hooks->retry_now(@endpoints); sleep 0.3; !$postgres->value($left) && !grep { $hooks->missing($_) } @endpoints }, 60);
ok($ends, 'each endpoint gets each message') or diag(map { "$_->{path}: " . join(' ', ($hooks->missing($_))[0 .. 9]) . "\n" } grep { $hooks->missing($_) } @endpoints);
note(sprintf 'the last message after %.1f s', time - $quiet_from);

# --- comparison ------------------------------------------------------------------------------------------------------

my $duplicates = 0;
for my $endpoint (@endpoints) {
    my @accepted = $hooks->accepted($endpoint);
    my (%bodies, %times);
    $bodies{$_->{headers}{'webhook-id'}}{$_->{body}} = 1 for $receiver->entries($endpoint->{path});
    $times{$_->{headers}{'webhook-id'}}++ for @accepted;
    my %expected = $hooks->expected($endpoint);
    cmp_ok(scalar keys %expected, '>', 20 * 5, "$endpoint->{path}: there are many messages");
    none_of("$endpoint->{path}: a message has the same body in each attempt", grep { keys %{$bodies{$_}} > 1 } sort keys %bodies);
    none_of("$endpoint->{path}: no message is of another event", grep { !$expected{$_} && !/-webhook_endpoint\./ } sort keys %times);
    none_of("$endpoint->{path}: each signature is valid", $hooks->invalid($endpoint->{secret}, $receiver->entries($endpoint->{path})));
    $duplicates += $times{$_} - 1 for keys %times;
    is($postgres->value(q(SELECT count(*) FROM orders.webhook_delivery WHERE endpoint_id = ? AND state <> 'delivered'), $endpoint->{row}), 0,
        "$endpoint->{path}: each delivery is recorded as delivered");
}
cmp_ok($duplicates, '<=', 8 * @endpoints * $killer->total, "$duplicates messages were accepted again");
is($postgres->value('SELECT count(*) FROM orders.webhook_body'), 0, 'no body is left');
is($postgres->value(q(SELECT count(*) FROM orders.due WHERE kind = 'webhook')), 0, 'the queue is empty');

# Expected: busy, database_unavailable, outcome_unknown, serialization_failed, statement_timeout, and failing endpoints.
my $unexpected = qr/:(?:emerg|alert)\]/;
none_of('PostgreSQL has logged no crash of its own', grep { /PANIC|TRAP:|terminated by signal (?!9)|invalid page|could not read/ } split /^/, slurp("$postgres->{data}/server.log"));
none_of('the second httpd logged no crash and no unexpected line', $second->httpd_alarms($unexpected));
note('kills: ' . $killer->total . ' (' . $killer->summary . ')');
is($killer->total, $kills, "$kills kills");
closing(stand => $stand, log => $log, alarms => $unexpected);
done_testing();
