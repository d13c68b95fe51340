#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# SIGKILL of httpd's child processes and of database backends, and immediate restarts of PostgreSQL, under load. Every
# acknowledged order exists exactly once and is complete, and service recovers within 5 s without a restart of httpd.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Checker;
use Faults::Client qw(create detail);
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Faults::Steady;
use ModOrders::Process qw(ended wait_or_die);
use Test::More;

my $stand = Faults::Stand->new->start_postgres;
$stand->start_httpd(processes => 2, threads => 32, channels => $stand->start_channel);
$stand->{simulator}->mode('approve');
my $postgres = $stand->postgres;
my $log = Faults::Client->new;
my $checker = Faults::Checker->start($postgres);
my ($parent, @blows) = ($stand->{httpd});

my %blow = (
    'a child of httpd is killed' => sub { my @pids = $stand->httpd_children; kill KILL => $pids[rand @pids] },
    'both children of httpd are killed' => sub { kill KILL => $stand->httpd_children },
    'a backend is killed' => sub { my @pids = $postgres->backends; kill KILL => $pids[rand @pids] if @pids },
    'a backend is ended' => sub { $postgres->rows('SELECT pg_terminate_backend(?)', $_) for ($postgres->backends)[0] },
    'all backends are ended' => sub { $postgres->rows(q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'orders_api')) },
    'PostgreSQL is restarted' => sub { push @{$stand->{commands}}, $postgres->restart_immediate },
);
my @order = ('a child of httpd is killed', 'a backend is killed', 'PostgreSQL is restarted', 'both children of httpd are killed',
    'all backends are ended', 'PostgreSQL is restarted');
@order = (@order, 'a backend is ended', sort keys %blow) x 5 if Faults::Stand::long();

# Mostly paid from the balance; some manually, and some through the provider, which approves immediately and sends an event.
my %known;
sub make {
    my ($n) = @_;
    return detail($n + 1, $known{$n}) if $known{$n} && rand() < 0.25;
    return create($n + 1, (qw(hundred odd ten))[rand 3], rand() < 0.15 ? (payment_method => 'external', payment_channel => 'simulator')
        : (payment_method => rand() < 0.7 ? 'balance' : 'manual'));
}

# A request interrupted during the call to the provider holds its key for 30 s, and its payment is due again after 30 s. Changes
# these times in the database, so that the test does not wait.
sub time_passes {
    my $db = $postgres->db;
    $db->do(q(UPDATE orders.idempotency SET started_at = started_at - interval '31 s' WHERE completed_at IS NULL AND started_at > now() - interval '31 s'));
    $db->do(q(UPDATE orders.due d SET due_at = now()
              FROM (SELECT kind, id FROM orders.due WHERE kind = 'intent' AND due_at > now() FOR UPDATE SKIP LOCKED) w WHERE (d.kind, d.id) = (w.kind, w.id)));
}

my $gap = 6.2;
my $load = Faults::Steady->new(
    port => $stand->{port}, log => $log, clients => 16, pause => 0.01, seconds => 1, make => \&make, known => \%known,
    script => [(map { my $n = $_; [1.5 + $gap * $n, sub { push @blows, [$_[0], $order[$n]]; $blow{$order[$n]}->() }] } 0 .. $#order),
        map { [1.5 + $gap * @order + $_ / 2, \&time_passes] } 0 .. 1],
);
my $run = $load->run;
note($run->summary);

for my $n (0 .. $#blows) {
    my ($at, $what) = @{$blows[$n]};
    my $end = $n < $#blows ? $blows[$n + 1][0] : $run->{seconds};
    my @all = $load->failures($at, $end);
    note(sprintf '%.1f s: %s: %d failures, the last after %.2f s', $at, $what, scalar @all, $load->recovered_after($at, $end));
    none_of("$what: error-free again within 5 s", $load->failures($at + 5, $end));
    cmp_ok($load->successes($at + 5, $end), '>', 10, 'orders are placed again within 5 s');
}
is($stand->{httpd}, $parent, 'the parent process of httpd is unchanged');
ok(!ended($parent), 'the parent process of httpd runs');
my $unsettled = q(SELECT count(*) FROM orders.payment WHERE method = 'external' AND status <> 'paid');
ok(eval { wait_or_die('the payments', 10, sub { time_passes(); !$postgres->value($unsettled) }) }, 'all payments through the provider are settled')
  or diag(explain($postgres->rows('SELECT status, count(*) FROM orders.payment GROUP BY 1')));
my @intents = @{$stand->{simulator}->state->{intents}};
my %asked;
$asked{$_->{payment_key}}++ for @intents;
cmp_ok(scalar(@intents), '>', 50, scalar(@intents) . ' intents');
none_of('each payment has one intent at the provider', grep { $asked{$_} > 1 } sort keys %asked);
is($postgres->value(q(SELECT sum(amount) FROM orders.payment WHERE method = 'external' AND status = 'paid')),
    eval { my $sum = 0; $sum += $_->{captured} for @intents; $sum }, 'the provider has captured the amounts of the payments');
my $unpaid = $postgres->value(q(SELECT max(id) FROM orders.orders WHERE state = 'open' AND payment_state = 'unpaid' AND payment_method = 'manual'));
$postgres->db->do(q(WITH o AS (UPDATE orders.orders SET expires_at = now() - interval '1 s' WHERE id = ? RETURNING id)
    INSERT INTO orders.due (tenant_id, kind, id, due_at) SELECT 1, 'expiry', id, now() FROM o), undef, $unpaid);
ok(eval { wait_or_die('the worker', Faults::Stand::long() ? 120 : 15, sub { $postgres->value('SELECT state FROM orders.orders WHERE id = ?', $unpaid) eq 'expired' }) },
    'the worker still expires orders') or diag($postgres->value('SELECT state FROM orders.orders WHERE id = ?', $unpaid));
none_of('no request was left without a response', map { sprintf '%.1f s: %s', $_->{at}, $_->{op} } grep { $_->{hung} } @{$load->{diary}});
none_of('a repeated request gets the first response', $load->inconstant);
closing(stand => $stand, log => $log, checker => $checker);
done_testing();
