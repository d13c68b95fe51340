#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Database sessions: faults of mod_dbd, apr_dbd and PostgreSQL are either hidden from clients or reported in time. Each fault was seen with
# mod_dbd alone. Uses a private PostgreSQL, which is restarted and whose connections are used up.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Time::HiRes qw(sleep time);

my ($top, $cluster);

BEGIN {
    $top     = dirname(dirname(dirname(abs_path(__FILE__))));
    $cluster = "/var/tmp/mod_orders-sessions-$$";
    local $ENV{ORDERS_PG_PORT};
    delete @ENV{qw(ORDERS_PG_PORT ORDERS_PG_BOUNCER)};
    my $said = `$top/t/pg start $cluster`;
    die "t/pg start $cluster failed\n" if $?;
    $ENV{$1} = $2 while $said =~ /\b(PG\w+|ORDERS_DSN|ORDERS_API_PASSWORD)='([^']*)'/g;
}

use ModOrders::Httpd;
use ModOrders::Raw;
use ModOrders::Test;
use POSIX ();

my $owner = $$;
END { if ($$ == $owner) { local $?; system "$top/t/pg", 'remove', $cluster } }

sub pg_ctl
{
    my (@words) = @_;
    my @as = $> ? () : qw(runuser -u postgres --);
    my ($bin) = (sort glob '/usr/lib/postgresql/*/bin')[-1];
    my @command = (@as, "$bin/pg_ctl", '-D', "$cluster/data", '-w', '-l', "$cluster/data/server.log", '-o', "-p $ENV{PGPORT}", @words);
    open my $keep, '>&', \*STDOUT;
    open STDOUT, '>', '/dev/null';
    my $failed = system(@command);
    open STDOUT, '>&', $keep;
    return !$failed;
}

# A new database session of the test, because existing ones do not survive a restart.
sub fresh { return ModOrders::Test::connect_as($ENV{PGUSER}) }

my $buyer = make_user(balance => 1000_00);
my $plan  = make_plan(price => 100);
my @as    = (token => $buyer->{token}, unchecked => 1);
my $list  = '/api/v1/user/orders';
my $order = api_order();

sub api_order
{
    my ($row) = rows(q(SELECT (w."order").id FROM orders_v1.place_plan(1, 'user', 'buyer', ?, 'user.create', NULL, NULL, ?, ?, NULL, 1, 'balance', NULL, NULL, NULL, NULL) AS w),
        $buyer->{id}, $buyer->{id}, $plan->{id});
    return $row->{id};
}

# Sends $each requests from each of $clients processes. Returns [status, seconds, Retry-After] of all of them, in any order.
sub parallel
{
    my ($clients, $each, $code) = @_;
    pipe my $in, my $out or die "pipe: $!";
    my @pids;
    for my $client (1 .. $clients) {
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            $owner = 0;
            for my $n (1 .. $each) {
                my $from  = time;
                my $reply = $code->($client, $n);
                syswrite $out, sprintf "%d %.3f %s\n", $reply->code, time - $from, $reply->header('Retry-After') // '-';
            }
            POSIX::_exit(0);
        }
        push @pids, $pid;
    }
    close $out;
    my @answers = map { [split] } <$in>;
    waitpid $_, 0 for @pids;
    return @answers;
}

sub statuses
{
    my %count;
    $count{ $_->[0] }++ for @_;
    return join ' ', map { "$_×$count{$_}" } sort keys %count;
}

# Locks the table of orders, so that reads and writes wait.
sub block
{
    my $blocker = fresh();
    $blocker->begin_work;
    $blocker->do('LOCK TABLE orders.orders IN ACCESS EXCLUSIVE MODE');
    return $blocker;
}

sub waiting { return fresh()->selectcol_arrayref(q(SELECT pid FROM pg_stat_activity WHERE usename = 'orders_api' AND wait_event_type = 'Lock')) }

sub server
{
    my (%with) = @_;
    # all requests of these tests are of one buyer
    my $settings = join "\n", 'OrdersSecretFile secret', 'OrdersWorker Off', 'OrdersSessionsPerUser 1000', @{ $with{settings} || [] };
    my $max = $with{max} // 4;
    my $dbd = ModOrders::Httpd->dbd;
    $dbd =~ s/^DBDKeep \d+\nDBDMax \d+/DBDKeep $max\nDBDMax $max\n@{[ $with{dbd} || '' ]}/m;
    return ModOrders::Httpd->new(server => $settings, dbd => $dbd, load => $with{load})->start;
}

# --- faults of mod_dbd and apr_dbd ----------------------------------------------------------------------------------

subtest 'mod_orders is loaded before mod_dbd' => sub {
    my $httpd = server(load => ['orders', 'dbd']);
    is(api(GET => $httpd->url($list), @as)->code, 200, 'a request succeeds');
};

subtest 'an empty result is returned without delay' => sub {
    my $httpd  = server();
    my $nobody = make_user;
    api(GET => $httpd->url($list), token => $nobody->{token}, unchecked => 1) for 1 .. 3;
    is(scalar @{ api(GET => $httpd->url($list), token => $nobody->{token}, unchecked => 1)->{json}{orders} }, 0, 'a user without orders gets an empty list');
    cmp_ok($httpd->last_access($list)->{db_us}, '<', 90_000, 'the database takes less than 90 ms');
};

subtest 'a new connection has an open transaction' => sub {
    my $httpd = server(dbd => 'DBDInitSQL "BEGIN"', settings => ['OrdersSessions 2']);
    is(api(GET => $httpd->url($list), @as)->code, 200, "request $_") for 1 .. 4;
    my ($open) = fresh()->selectrow_array(q(SELECT count(*) FROM pg_stat_activity WHERE usename = 'orders_api' AND state LIKE 'idle in transaction%' AND xact_start < now() - interval '2 s'));
    my $reply = api(POST => $httpd->url($list), @as, json => { plan_id => $plan->{id} });
    is($reply->code, 200, 'a write') or diag($reply->as_string);
    ok(scalar fresh()->selectrow_array('SELECT count(*) FROM orders.orders WHERE tenant_id = 1 AND id = ?', undef, $reply->{json}{order}{id}), 'the write is committed');
};

subtest 'slow readers do not occupy sessions' => sub {
    my $httpd = server(max => 1, settings => ['OrdersSessions 1']);
    my $fat   = make_user;
    fresh()->do(q(UPDATE orders.orders SET buyer_id = ?, metadata = jsonb_build_object('x', repeat('fat ', 2000000)) WHERE tenant_id = 1 AND id = ?), undef, $fat->{id}, api_order());
    my @slow = map {
        my $socket = raw_open($httpd->{port});
        setsockopt $socket, Socket::SOL_SOCKET(), Socket::SO_RCVBUF(), 4096;
        print $socket "GET $list HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $fat->{token}\r\n\r\n";
        sysread $socket, my $some, 1000;
        like($some, qr{^HTTP/1.1 200}, 'a client reads the beginning of 8 MB and waits');
        $socket;
    } 1 .. 3;
    my @answers = parallel(4, 3, sub { api(GET => $httpd->url("$list/$order"), @as) });
    is(statuses(@answers), '200×12', 'other requests use the only session');
};

# --- connections that break -----------------------------------------------------------------------------------------

subtest 'every connection is closed by the server' => sub {
    my $httpd = server();
    parallel(4, 3, sub { api(GET => $httpd->url("$list/$order"), @as) });
    fresh()->do(q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'orders_api'));
    is(statuses(parallel(4, 5, sub { api(GET => $httpd->url("$list/$order"), @as) })), '200×20', 'reads succeed');
    fresh()->do(q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'orders_api'));
    is(statuses(parallel(4, 2, sub { api(POST => $httpd->url($list), @as, json => { plan_id => $plan->{id} }) })), '200×8', 'writes succeed: they had not been sent');
};

subtest 'a backend dies in the middle of a request' => sub {
    my $httpd = server();
    api(GET => $httpd->url("$list/$order"), @as);
    for my $case (['a read', 200, sub { api(GET => $httpd->url("$list/$order"), @as) }],
        ['a write with a key', 200, sub { api(POST => $httpd->url($list), @as, json => { plan_id => $plan->{id} }, headers => { 'Idempotency-Key' => 'dies-1' }) }],
        ['a write without a key', 503, sub { api(POST => $httpd->url($list), @as, json => { plan_id => $plan->{id} }) }]) {
        my ($name, $status, $request) = @$case;
        my $count   = fresh()->selectrow_array('SELECT count(*) FROM orders.orders');
        my $blocker = block();
        my $killer  = fork // die;
        if (!$killer) {
            $owner = 0;
            wait_for(sub { @{ waiting() } });
            fresh()->do('SELECT pg_terminate_backend(?)', undef, $_) for @{ waiting() };
            sleep 0.3;
            POSIX::_exit(0);
        }
        my $lifter = fork // die;
        if (!$lifter) { $owner = 0; $blocker->{InactiveDestroy} = 1; waitpid $killer, 0; sleep 1; POSIX::_exit(0) }
        my ($answer) = do {
            pipe my $in, my $out;
            my $pid = fork // die;
            if (!$pid) { $owner = 0; $blocker->{InactiveDestroy} = 1; my $r = $request->(); syswrite $out, $r->code . ' ' . ($r->{json}{code} // '-'); POSIX::_exit(0) }
            close $out;
            waitpid $killer, 0;
            $blocker->rollback;
            my $line = <$in>;
            waitpid $_, 0 for $pid, $lifter;
            $line;
        };
        like($answer, $status == 200 ? qr/^200 -/ : qr/^503 outcome_unknown/, "$name: $answer");
        my $after = fresh()->selectrow_array('SELECT count(*) FROM orders.orders');
        is($after - $count, $name =~ /with a key/ ? 1 : 0, "$name: the effect matches the response");
    }
};

subtest 'PostgreSQL is restarted' => sub {
    my $httpd = server();
    is(statuses(parallel(4, 3, sub { api(GET => $httpd->url("$list/$order"), @as) })), '200×12', 'statements are prepared before');
    ok(pg_ctl('restart', '-m', 'immediate'), 'PostgreSQL has restarted');
    is(statuses(parallel(4, 5, sub { api(GET => $httpd->url("$list/$order"), @as) })), '200×20', 'requests succeed on all connections');
    is(api(POST => $httpd->url($list), @as, json => { plan_id => $plan->{id} })->code, 200, 'a write succeeds');
};

subtest 'PostgreSQL is restarted under traffic' => sub {
    my $httpd = server();
    my $from  = time;
    my $restarter = fork // die;
    if (!$restarter) { $owner = 0; sleep 1; pg_ctl('restart', '-m', 'immediate'); POSIX::_exit(0) }
    my @answers = parallel(6, 60, sub { sleep 0.06; api(GET => $httpd->url("$list/$order"), @as) });
    waitpid $restarter, 0;
    my ($slowest) = sort { $b <=> $a } map { $_->[1] } @answers;
    like(statuses(@answers), qr/^200×\d+(?: 503×\d+)?$/, statuses(@answers));
    cmp_ok($slowest, '<', 4.5, 'no request hangs');
    is(scalar(grep { $_->[0] == 503 && $_->[2] eq '-' } @answers), 0, 'all refusals have Retry-After');
    is(statuses(parallel(6, 10, sub { api(GET => $httpd->url("$list/$order"), @as) })), '200×60', 'requests succeed again');
};

subtest 'PostgreSQL is down' => sub {
    my $httpd = server(settings => ['OrdersTokenCache 300']);
    api(GET => $httpd->url($list), @as);
    ok(pg_ctl('stop', '-m', 'fast'), 'PostgreSQL is stopped');
    my @answers = parallel(12, 3, sub { api(GET => $httpd->url($list), @as) });
    is(statuses(@answers), '503×36', 'all requests are refused');
    is(scalar(grep { $_->[2] eq '-' } @answers), 0, 'all refusals have Retry-After');
    cmp_ok((sort { $b <=> $a } map { $_->[1] } @answers)[0], '<', 2.2, 'requests are refused without delay');
    refused(api(GET => $httpd->url($list), @as), 503, 'database_unavailable');
    my $cold = server();
    refused(api(GET => $cold->url($list), @as), 503, 'database_unavailable');
    ok(pg_ctl('start'), 'PostgreSQL is started');
    sleep 0.3;
    is(api(GET => $_->url($list), @as)->code, 200, 'requests succeed again') for $httpd, $cold;
};

# --- too few connections --------------------------------------------------------------------------------------------

subtest 'all sessions are taken' => sub {
    for my $case ([2000, []], [300, ['OrdersQueueTimeout 300']]) {
        my ($patience, $settings) = @$case;
        my $httpd = server(max => 2, settings => ['OrdersSessions 2', @$settings]);
        parallel(2, 2, sub { api(GET => $httpd->url("$list/$order"), @as) });
        my $blocker = block();
        my $lifter = fork // die;
        if (!$lifter) { $owner = 0; $blocker->{InactiveDestroy} = 1; sleep 3.2; POSIX::_exit(0) }
        my $reader;
        pipe $reader, my $writer;
        my $pid = fork // die;
        if (!$pid) {
            $owner = 0;
            $blocker->{InactiveDestroy} = 1;
            close $reader;
            my @answers = parallel(8, 1, sub { api(GET => $httpd->url("$list/$order"), @as) });
            syswrite $writer, join('', map { "@$_\n" } @answers);
            POSIX::_exit(0);
        }
        close $writer;
        waitpid $lifter, 0;
        $blocker->rollback;
        my @answers = map { [split] } <$reader>;
        waitpid $pid, 0;
        is(statuses(@answers), '200×2 503×6', "OrdersQueueTimeout $patience: two requests have a session, six are refused");
        my @away = grep { $_->[0] == 503 } @answers;
        is(scalar(grep { $_->[2] ne '1' } @away), 0, 'the refusals have Retry-After');
        my @late = grep { abs($_->[1] * 1000 - $patience) > 400 } @away;
        is("@{[map { $_->[1] } @late]}", '', 'the refusals are sent at the timeout');
        is(api(GET => $httpd->url("$list/$order"), @as)->code, 200, 'requests succeed again');
    }
};

subtest 'max_connections are used up' => sub {
    my $httpd = server();
    api(GET => $httpd->url("$list/$order"), @as);
    my @taken;
    while (my $one = eval { ModOrders::Test::connect_as('orders_api') }) { push @taken, $one }
    cmp_ok(scalar @taken, '>', 10, scalar(@taken) . ' other sessions use all connections but one');
    is(statuses(parallel(8, 5, sub { api(GET => $httpd->url("$list/$order"), @as) })), '200×40', 'all requests use the only connection');
    my ($pid) = map { $_->[0] } @{ fresh()->selectall_arrayref(q(SELECT pid FROM pg_stat_activity WHERE usename = 'orders_api' AND pid <> ALL (?)), undef, [map { $_->{pg_pid} } @taken]) };
    fresh()->do('SELECT pg_terminate_backend(?)', undef, $pid);
    push @taken, eval { ModOrders::Test::connect_as('orders_api') } // ();
    my @answers = parallel(8, 1, sub { api(GET => $httpd->url("$list/$order"), @as) });
    is(statuses(@answers), '503×8', 'without a connection, all requests are refused');
    cmp_ok((sort { $b <=> $a } map { $_->[1] } @answers)[0], '<', 2.2, 'within 2 s');
    is(scalar(grep { $_->[2] eq '-' } @answers), 0, 'the refusals have Retry-After');
    $_->disconnect for @taken;
    @taken = ();
    ok(wait_for(sub { api(GET => $httpd->url("$list/$order"), @as)->code == 200 }, 3), 'requests succeed again');
    sleep 1.2;
    is(statuses(parallel(8, 5, sub { api(GET => $httpd->url("$list/$order"), @as) })), '200×40', 'all sessions are used again');
};

done;
