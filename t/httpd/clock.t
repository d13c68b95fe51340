# SPDX-License-Identifier: Apache-2.0
#
# Timeouts and delays use the monotonic clock: setting the wall clock neither prolongs an outage nor ends a request early. libfaketime
# changes the wall clock of httpd only, while httpd runs.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Test;
use Time::HiRes qw(sleep time);

plan(skip_all => 'libfaketime and AddressSanitizer cannot be loaded together') if $ENV{ORDERS_SANITIZE};
my ($library) = glob '/usr/lib/*/faketime/libfaketimeMT.so.1';
BAIL_OUT('libfaketime is not installed') unless $library;

my $user  = make_user(balance => 100);

# Without pgbouncer, which delays connections after a failed login.
my $httpd = ModOrders::Httpd->new(dbd => <<"END");
DBDriver pgsql
DBDParams "host=$ENV{PGHOST} port=$ENV{PGPORT} dbname=$ENV{PGDATABASE} user=orders_api password=$ENV{ORDERS_API_PASSWORD} connect_timeout=2 tcp_user_timeout=3000"
DBDMin 1
DBDKeep 4
DBDMax 4
END
my $clock = $httpd->file('clock', 0644, "+0\n");
{
    local @ENV{qw(LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC)} = ($library, $clock, 1, 1);
    $httpd->start;
}

sub step { my ($offset) = @_; $httpd->file('clock', 0644, "$offset\n"); return }
sub list { return api(GET => $httpd->url('/api/v1/user/orders'), token => $user->{token}, unchecked => 1) }

sub date_of
{
    my ($reply) = @_;
    return $reply->date - time;
}

sub end_sessions { db()->do(q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'orders_api')); return }

is(list()->code, 200, 'served at first');
for my $offset ('-600', '+3600', '-3600', '+40d') {
    subtest "the clock is set to $offset during an outage" => sub {
        step('+0');
        ok(wait_for(sub { list()->code == 200 }, 10), 'served before');
        db()->do('ALTER ROLE orders_api NOLOGIN');
        end_sessions();
        my $reply = list();
        db()->do('ALTER ROLE orders_api LOGIN') if $reply->code != 503;
        is($reply->code, 503, 'refused during the outage');
        step($offset);
        db()->do('ALTER ROLE orders_api LOGIN');
        my $from = time;
        ok(wait_for(sub { list()->code == 200 }, 10), 'served again');
        cmp_ok(time - $from, '<', 5, 'within 5 s of the end of the outage');
        cmp_ok(abs(date_of(list())), '>', 500, 'while the clock of httpd differs');
    };
}

subtest 'the clock is set while a request waits for its session' => sub {
    step('+0');
    my $busy = ModOrders::Test::connect_as($ENV{PGUSER});
    ok(wait_for(sub { list()->code == 200 }, 10), 'served before');
    $busy->do('BEGIN');
    $busy->do('LOCK TABLE orders.orders IN ACCESS EXCLUSIVE MODE');
    my @children = map { my $n = $_; my $pid = fork // die "fork: $!"; if (!$pid) { db()->{AutoInactiveDestroy} = 1; $busy->{AutoInactiveDestroy} = 1; list(); require POSIX; POSIX::_exit(0) } $pid } 1 .. 8;
    sleep 0.5;
    step('-600');
    my $from = time;
    waitpid $_, 0 for @children;
    cmp_ok(time - $from, '<', 12, 'each request gets its response within its time limit');
    $busy->rollback if !$busy->{AutoCommit};
    $busy->do('ROLLBACK');
};

step('+0');
undef $httpd;
done;
