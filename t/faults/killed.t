#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# SIGKILL of httpd's children and of database backends, and immediate restarts of PostgreSQL, under load: every purchase
# that was confirmed is there, none is there twice or in half, and 5 s later all is well again without touching httpd.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Faults::Checker;
use Faults::Client;
use Faults::Process qw(ended);
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Faults::Steady;
use Test::More;

my $stand = Faults::Stand->new->start_postgres->start_httpd(processes => 2, threads => 32);
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

my $gap = 6.2;
my $load = Faults::Steady->new(
    port => $stand->{port}, log => $log, clients => 24, pause => 0.005, seconds => $gap,
    script => [map { my $n = $_; [1.5 + $gap * $n, sub { push @blows, [$_[0], $order[$n]]; $blow{$order[$n]}->() }] } 0 .. $#order],
);
my $run = $load->run;
note($run->summary);

for my $n (0 .. $#blows) {
    my ($at, $what) = @{$blows[$n]};
    my $end = $n < $#blows ? $blows[$n + 1][0] : $run->{seconds};
    my @all = $load->failures($at, $end);
    note(sprintf '%.1f s: %s: %d failures, the last after %.2f s', $at, $what, scalar @all, $load->recovered_after($at, $end));
    none_of("$what: error-free again within 5 s", $load->failures($at + 5, $end));
    cmp_ok($load->successes($at + 5, $end), '>', 10, 'and it sells');
}
is($stand->{httpd}, $parent, 'httpd is the one that was started');
ok(!ended($parent), 'and runs');
none_of('nobody was left hanging', map { sprintf '%.1f s: %s', $_->{at}, $_->{op} } grep { $_->{hung} } @{$load->{diary}});
none_of('a repeat is answered like the first time', $load->inconstant);
closing(stand => $stand, log => $log, checker => $checker);
done_testing();
