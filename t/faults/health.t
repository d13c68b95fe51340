#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# orders-health while the database is stopped, suspended, full, or busy with the statements of buyers, and behind an address that never
# responds. Each response comes within about a second. /ready fails only while the database cannot be used.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Client qw(detail);
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Faults::Steady;
use HTTP::Tiny;
use IO::Socket::INET;
use ModOrders::Process qw(wait_for);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

my $stand = Faults::Stand->new->start_postgres(max_connections => 20, superuser_reserved_connections => 3);
my $postgres = $stand->postgres;
my $log = Faults::Client->new;
$postgres->db;
my $most = 1.6;    # one second, and the delay of a busy machine

# Starts httpd without a worker, whose statements would count as replies.
sub start { return $stand->start_httpd(sessions => 2, worker => 'Off', @_) }

my ($slowest, $count) = (0, 0);

sub probe {
    my ($path) = @_;
    my $from = time;
    my $status = HTTP::Tiny->new(timeout => 20)->get("http://127.0.0.1:$stand->{port}/health/$path")->{status};
    my $took = time - $from;
    $slowest = $took if $took > $slowest;
    $count++;
    return $status;
}

sub becomes {
    my ($status, $limit, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok(wait_for(sub { probe('ready') == $status }, $limit), $name);
}

# All statuses of /ready within some seconds.
sub during {
    my ($seconds) = @_;
    my ($until, %seen) = time + $seconds;
    while (time < $until) { $seen{ probe('ready') }++; sleep 0.05 }
    return join ' ', sort keys %seen;
}

sub timely {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    cmp_ok($slowest, '<', $most, sprintf '%s: the slowest of %d responses took %.2f s', $name, $count, $slowest);
    ($slowest, $count) = (0, 0);
    return;
}

subtest 'a database that is stopped and started' => sub {
    start();
    is(probe('ready'), 200, 'ready before the first request');
    is(during(2.5), 200, 'ready without requests');
    delete $postgres->{db};
    $postgres->stop('immediate');
    sleep 1.1;
    is(during(2), 503, 'not ready while it is stopped');
    is(probe('live'), 200, 'live');
    $postgres->start;
    becomes(200, 3, 'ready after it was started');
    is(during(2.5), 200, 'ready from then on');
    timely('stopped');
};

subtest 'a database that is suspended' => sub {
    $postgres->freeze;
    sleep 1.1;
    is(during(4), 503, 'not ready while it is suspended');
    my @started = map {
        my $pid = fork // die "fork: $!\n";
        if (!$pid) { my $from = time; probe('ready'); POSIX::_exit(time - $from < $most ? 0 : 1) }
        $pid;
    } 1 .. 20;
    my $late = grep { waitpid $_, 0; $? } @started;
    is($late, 0, '20 simultaneous requests wait no longer than one');
    is(probe('live'), 200, 'live');
    $postgres->thaw;
    becomes(200, 5, 'ready once it responds');
    timely('suspended');
};

subtest 'one backend is suspended' => sub {
    my ($own) = $postgres->db->selectrow_array(q(SELECT pid FROM pg_stat_activity WHERE application_name = 'mod_orders health'));
    ok($own, 'the check has a connection of its own');
    kill STOP => $own;
    sleep 1.1;
    is(probe('ready'), 503, 'not ready while the check gets no reply');
    becomes(200, 3, 'ready by a new connection');
    kill CONT => $own;
    timely('one backend');
};

subtest 'buyers occupy all sessions' => sub {
    is(during(0.2), 200, 'ready');
    my $blocker = $postgres->connect;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        my $statuses = during(7);
        print "# statuses: $statuses\n" if $statuses ne '200';
        POSIX::_exit($statuses eq '200' && $slowest < $most ? 0 : 1);
    }
    my $load = Faults::Steady->new(port => $stand->{port}, log => $log, clients => 32, pause => 0.05, seconds => 3,
        script => [
            [0.5, sub { $blocker->begin_work; $blocker->do('LOCK TABLE orders.account IN EXCLUSIVE MODE') }],
            [5, sub { $blocker->rollback }],
        ]);
    note($load->run->summary);
    cmp_ok(scalar(grep { $_->{code} eq 'busy' } @{ $load->{diary} }), '>', 0, 'requests are refused because all sessions are in use');
    waitpid $pid, 0;
    is($?, 0, 'the server stays ready while buyers occupy all sessions, within a second');
};

subtest 'a database without free connections' => sub {
    my @taken;
    eval { push @taken, $postgres->connect(user => 'orders_api') while @taken < 40 };
    eval { push @taken, $postgres->connect while @taken < 40 } if !@taken;
    my ($own) = $postgres->db->selectrow_array(q(SELECT pid FROM pg_stat_activity WHERE application_name = 'mod_orders health'));
    $postgres->db->do('SELECT pg_terminate_backend(?, 2000)', undef, $own) if $own;
    push @taken, eval { $postgres->connect } // () for 1 .. 3;
    sleep 1.1;
    is(during(2.5), 200, 'ready while requests have connections');
    is($postgres->value(q(SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mod_orders health')), 0, 'the check has no connection');
    $_->disconnect for @taken;
    timely('full');
};

subtest 'jobs that fail' => sub {
    $stand->stop_httpd;
    start(worker => 'On', interval => 1);
    my $warnings = sub { HTTP::Tiny->new->get("http://127.0.0.1:$stand->{port}/health/ready")->{content} =~ /"warnings":\[(.*)\]/ ? $1 : 'no list' };
    sleep 2;
    is($warnings->(), '', 'no warning while they succeed');
    my $as_owner = sub { $postgres->db->do("$_[0] EXECUTE ON ALL FUNCTIONS IN SCHEMA orders_v1 $_[1] orders_api") };
    my @granted = $postgres->rows(q(SELECT oid::regprocedure AS name FROM pg_proc WHERE pronamespace = 'orders_v1'::regnamespace AND prokind = 'f' AND has_function_privilege('orders_api', oid, 'EXECUTE')));
    $as_owner->('REVOKE', 'FROM');
    $postgres->db->do('GRANT EXECUTE ON FUNCTION orders_v1.schema_version() TO orders_api');
    sleep 10;
    is($warnings->(), '', 'no warning after 10 seconds');
    ok(wait_for(sub { $warnings->() eq '"worker_late"' }, 15), 'a warning after 15 seconds');
    is(probe('ready'), 200, 'ready all the same');
    $postgres->db->do("GRANT EXECUTE ON FUNCTION $_->{name} TO orders_api") for @granted;
    ok(wait_for(sub { $warnings->() eq '' }, 10), 'no warning once they succeed again');
    timely('jobs');
};

subtest 'a database at an address that never responds' => sub {
    $stand->stop_httpd;
    my $hole = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64) || die "no port: $!\n";
    start(dsn => $postgres->dsn =~ s/port=\d+/'port=' . $hole->sockport/er);
    is(during(4), 503, 'not ready with a database that never responds');
    is(probe('live'), 200, 'live');
    timely('no response');
    my $from = time;
    $stand->stop_httpd;
    cmp_ok(time - $from, '<', 8, 'httpd stops');
};

closing(stand => $stand, log => $log);
done_testing();
