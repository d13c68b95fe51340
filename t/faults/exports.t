#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Exports while child processes of httpd, backends and the postmaster are killed, the disk is full, the directory is gone, exports are deleted, and
# orders are placed. Each export ends with one complete file of one snapshot, and nothing is left over. Long form: 1,000,000 orders with
# the memory of httpd and PostgreSQL (EXPORT_ORDERS: another number).
use strict;
use warnings;
use Digest::SHA;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Client qw(create);
use Faults::Data qw(secret);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use IO::Socket::INET;
use JSON::PP ();
use ModOrders::Files qw(slurp write_file);
use ModOrders::Process qw(ended run_quiet wait_for wait_or_die);
use Socket qw(SO_RCVBUF);
use Test::More;
use Time::HiRes qw(sleep time);

my $long   = Faults::Stand::long();
my $orders = $ENV{EXPORT_ORDERS} // ($long ? 1_000_000 : 3000);
my $stand  = Faults::Stand->new->start_postgres;
my $postgres = $stand->postgres;
my $directory = $stand->export_directory;
my $json = JSON::PP->new->utf8;
my $unknown = '00000000-0000-4000-8000-000000000000';

run_quiet($stand->{log}, "$postgres->{bin}/psql", '-Xq', '-h', $postgres->{sockets}, '-p', $stand->{pgport}, '-U', 'postgres', '-d', 'orders',
    '-v', "orders=$orders", '-v', 'users=1000', '-f', "$ModOrders::Stand::root/t/bench/data.sql");

sub value { return $postgres->value(@_) }
sub start { my (%o) = @_; $stand->start_httpd(extra => 'OrdersExportDirectory ' . ($o{directory} // $directory) . "\n" . ($o{more} // '')); return }

sub call {
    my ($method, $path, $document, $port) = @_;
    my ($reply) = Faults::Load->one_by_one($port // $stand->{port}, {op => 'export', method => $method, path => "/api/v1/admin/exports$path", token => secret('operator'),
        ($document ? (body => $json->encode($document), type => 'application/json') : ())});
    return $reply;
}
sub request { my (%fields) = @_; my $reply = call(POST => '', {kind => 'orders', format => 'ndjson', %fields}); return $json->decode($reply->{body})->{id} // die "$reply->{body}\n" }
sub row { my ($id) = @_; return ($postgres->rows('SELECT * FROM orders.export WHERE public_id = ?', $id))[0] }
sub state_of { my ($id) = @_; return row($id)->{state} }
sub hasten { my ($id) = @_; value(q(UPDATE orders.due SET due_at = now() WHERE kind = 'export' AND id = ? RETURNING id), row($id)->{id}); return }
sub running { my ($id) = @_; return wait_or_die('an export that runs', 60, sub { my $r = row($id); $r->{state} eq 'running' && $r->{rows} > 0 }) }
sub backends { return map { $_->{pid} } $postgres->rows(q(SELECT pid FROM pg_stat_activity WHERE application_name = 'mod_orders export')) }
sub files { my ($id) = @_; return map { s{.*/}{}r } glob "$directory/*" . ($id // '') . '*' }

# Each row takes a millisecond, so that an export can be interrupted.
sub slow_down {
    $postgres->db->do('ALTER FUNCTION orders_v1.portable_order(integer, bigint) RENAME TO fast_portable_order');
    $postgres->db->do(q(CREATE FUNCTION orders_v1.portable_order(p_tenant integer, p_order bigint) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER AS
        $$ BEGIN PERFORM pg_sleep(0.001); RETURN orders_v1.fast_portable_order(p_tenant, p_order); END $$));
    return;
}
sub speed_up {
    $postgres->db->do('DROP FUNCTION orders_v1.portable_order(integer, bigint)');
    $postgres->db->do('ALTER FUNCTION orders_v1.fast_portable_order(integer, bigint) RENAME TO portable_order');
    return;
}

# The export is done, and its file is what the record says. Returns the row.
sub completes {
    my ($id, $name, %o) = @_;
    my $seconds = $o{seconds} // 60;
    ok(wait_for(sub { state_of($id) =~ /^(?:done|failed)$/ }, $seconds), "$name: the export ends") or diag($json->encode(row($id)));
    my $row = row($id);
    is($row->{state}, 'done', "$name: it is done") or return $row;
    my $path = "$directory/1-$id-$row->{attempts}.$row->{format}";
    my $sha = Digest::SHA->new(256)->addfile($path)->hexdigest;
    is($sha, $row->{sha256}, "$name: the file has the right SHA-256");
    is(-s $path, $row->{bytes}, "$name: and the right size");
    my $lines = `wc -l < $path`;
    is($lines - ($row->{format} eq 'csv'), $row->{rows}, "$name: and the right number of rows");
    return $row;
}

# --- leftovers, which the purge finds within a minute ------------------------------------------------------------------

my %kept = ("1-$unknown-1.csv" => 1, 'notes.txt' => 1, "1-$unknown-x.csv" => 1);
my %gone = ("1-$unknown-2.csv" => 1, "1-$unknown-3.ndjson.part" => 1);
write_file("$directory/$_", 'x') for keys %kept, keys %gone;
utime time - 20 * 86400, time - 20 * 86400, map { "$directory/$_" } keys %gone, 'notes.txt', "1-$unknown-x.csv";

if ($long) {
    long_form();
    closing(stand => $stand);
    done_testing();
    exit;
}

start();
slow_down();

subtest 'a child process is killed' => sub {
    my $id = request();
    running($id);
    kill KILL => $stand->httpd_children;
    my $from = time;
    ok(wait_for(sub { row($id)->{attempts} == 2 }, 45), 'another process claims the export');
    note(sprintf 'after %.1f s', time - $from);
    is(completes($id, 'kill -9')->{rows}, $orders, 'all orders are in the file');
    $gone{$_}++ for grep { /\.part$/ } files($id);
    is(scalar(keys %gone), 3, 'a temporary file is left for the purge');
};

subtest 'a backend is killed' => sub {
    my $id = request();
    running($id);
    kill KILL => $_ for backends();    # the postmaster then restarts all backends
    ok(wait_for(sub { eval { state_of($id) eq 'queued' } }, 45), 'the export waits');
    like(row($id)->{error_code}, qr/^database_/, 'with an error');
    is_deeply([ files($id) ], [], 'without a file');
    hasten($id);
    is(completes($id, 'backend')->{rows}, $orders, 'all orders are in the file');
    is(row($id)->{error_code}, undef, 'the error is gone');
};

subtest 'a backend is terminated' => sub {
    my $id = request();
    running($id);
    value('SELECT pg_terminate_backend(?)', $_) for backends();
    ok(wait_for(sub { state_of($id) eq 'queued' }, 15), 'the export waits');
    my $wait = value(q(SELECT extract(epoch FROM due_at - now()) FROM orders.due WHERE kind = 'export' AND id = ?), row($id)->{id});
    ok($wait > 0 && $wait <= 10, sprintf 'for 10 seconds (%.1f left)', $wait);
    is(completes($id, 'terminated')->{failures}, 1, 'then it is repeated');
};

subtest 'the database server crashes' => sub {
    my $id = request();
    running($id);
    $postgres->restart_immediate;
    ok(wait_for(sub { eval { row($id)->{attempts} == 1 } }, 30), 'the database is back');
    ok(wait_for(sub { eval { hasten($id) if state_of($id) eq 'queued'; row($id)->{attempts} > 1 } }, 60), 'the export is claimed again');
    is(completes($id, 'crash')->{rows}, $orders, 'all orders are in the file');
};

subtest 'a graceful stop' => sub {
    my $id = request();
    running($id);
    my $pid = delete $stand->{httpd};
    my $from = time;
    kill WINCH => $pid;
    ok(wait_for(sub { !backends() }, 10), 'the statement ends');
    cmp_ok(time - $from, '<=', 3.5, sprintf 'soon (%.1f s)', time - $from);
    ok(wait_for(sub { ended($pid) }, 10), 'httpd ends');
    cmp_ok(time - $from, '<=', 3.5, sprintf 'soon (%.1f s; httpd looks once a second)', time - $from);
    is(state_of($id), 'queued', 'the export waits');
    is_deeply([ files($id) ], [], 'without a file');
    is(row($id)->{failures}, 0, 'and no failure is counted');
    start();
    is(completes($id, 'stop')->{attempts}, 2, 'the next process writes it');
};

subtest 'a graceful restart' => sub {
    my $id = request();
    running($id);
    $stand->graceful;
    is(completes($id, 'restart')->{rows}, $orders, 'the new process writes the file');
};

subtest 'orders are placed and changed meanwhile' => sub {
    my $last = value('SELECT max(id) FROM orders.orders');
    my $number = value('SELECT number FROM orders.orders WHERE id = ?', $last);
    my $count = value('SELECT count(*) FROM orders.orders');
    my $id = request();
    running($id);
    my @replies = Faults::Load->one_by_one($stand->{port}, map { create($_, 'ten') } 1 .. 20);
    is(scalar(grep { $_->{status} == 200 } @replies), 20, '20 orders are placed');
    value('UPDATE orders.orders SET number = ? WHERE id = ? RETURNING id', 'CHANGED-1', $last);
    is(state_of($id), 'running', 'while the export runs');
    my $row = completes($id, 'snapshot');
    is($row->{rows}, $count, 'the file has the orders of the snapshot');
    my ($text) = slurp("$directory/1-$id-1.ndjson") =~ /([^\n]*)\n\z/;
    is($json->decode($text)->{number}, $number, 'as they were');
    value('UPDATE orders.orders SET number = ? WHERE id = ? RETURNING id', $number, $last);
    speed_up();
    my $sums = value(q(SELECT sum(CASE WHEN p.credit_house = 'sales' THEN p.amount ELSE 0 END) FROM orders.posting p WHERE tenant_id = 1));
    my $ledger = completes(request(kind => 'ledger', format => 'ndjson'), 'ledger');
    my $sum = 0;
    for (split /\n/, slurp("$directory/1-$ledger->{public_id}-1.ndjson")) { my $p = $json->decode($_); $sum += $p->{amount} if ($p->{credit_account} // '') eq 'sales' }
    is($sum, $sums, 'the sums of the ledger agree');
    slow_down();
};

subtest 'an export is deleted while it runs' => sub {
    my $id = request();
    running($id);
    is(call(DELETE => "/$id")->{status}, 200, 'it is deleted');
    ok(wait_for(sub { !backends() && !files($id) }, 10), 'the statement ends, and the temporary file is deleted');
    is(call(GET => "/$id")->{status}, 404, 'it is not found any more');
};

speed_up();

subtest 'an export is deleted during a download' => sub {
    my $id = request(kind => 'lines', format => 'csv');
    my $row = completes($id, 'download');
    my $socket = IO::Socket::INET->new(Proto => 'tcp') or die "socket: $!\n";
    $socket->sockopt(SO_RCVBUF, 4096);
    connect $socket, Socket::pack_sockaddr_in($stand->{port}, Socket::inet_aton('127.0.0.1')) or die "connect: $!\n";
    print $socket "GET /api/v1/admin/exports/$id/file HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer " . secret('operator') . "\r\n\r\n";
    $socket->flush;
    my $got = '';
    sysread $socket, $got, 2048, length $got while $got !~ /\r\n\r\n/;
    is(call(DELETE => "/$id")->{status}, 200, 'it is deleted');
    is_deeply([ files($id) ], [], 'with its file');
    1 while sysread $socket, $got, 65536, length $got;
    my ($head, $body) = split /\r\n\r\n/, $got, 2;
    like($head, qr{^HTTP/1\.1 200 }, 'the download');
    is(Digest::SHA::sha256_hex($body), $row->{sha256}, 'is completed');
};

subtest 'the directory is gone' => sub {
    rename $directory, "$directory.away" or die "$directory: $!\n";
    my $id = request(kind => 'lines', format => 'csv');
    ok(wait_for(sub { (row($id)->{error_code} // '') eq 'directory_unusable' }, 15), 'the export has an error');
    is(state_of($id), 'queued', 'and waits');
    rename "$directory.away", $directory or die "$directory: $!\n";
    chmod 0500, $directory;
    my @owner = (stat $directory)[4, 5];
    chown 0, 0, $directory if $> == 0;
    hasten($id);
    ok(wait_for(sub { row($id)->{failures} == 2 }, 15), 'also in a directory that it cannot write to');
    chown @owner, $directory if $> == 0;
    chmod 0700, $directory;
    hasten($id);
    is(completes($id, 'directory')->{failures}, 2, 'then it is written');
};

subtest 'the disk is full' => sub {
    plan skip_all => 'needs root and mount' if $> || system "mount -t tmpfs -o size=64k,mode=0700,uid=www-data,gid=www-data tmpfs $directory 2>/dev/null";
    my $id = request(kind => 'lines', format => 'csv');
    ok(wait_for(sub { (row($id)->{error_code} // '') eq 'disk_full' }, 15), 'the export has an error');
    is_deeply([ files($id) ], [], 'without a file');
    is(state_of($id), 'queued', 'and waits');
    is($json->decode(call(GET => "/$id")->{body})->{error}{message}, 'The disk of the export directory is full.', 'an operator sees the reason');
    system "mount -o remount,size=64m $directory";
    hasten($id);
    completes($id, 'disk');
    system "umount $directory";
};

subtest 'two servers share the directory' => sub {
    my $other = bless {%$stand, port => $stand->{port} + 1, dir => "$stand->{dir}/second", owner => $$}, ref $stand;
    mkdir $other->{dir};
    chmod 0755, $other->{dir};
    $other->start_httpd(extra => "OrdersExportDirectory $directory");
    my @ids = map { request(kind => 'lines', format => 'csv') } 1 .. 4;
    completes($_, 'shared') for @ids;
    is_deeply([ map { row($_)->{attempts} } @ids ], [ (1) x 4 ], 'each export is written once');
    for my $port ($stand->{port}, $other->{port}) {
        my $reply = call(GET => "/$ids[0]/file", undef, $port);
        is(Digest::SHA::sha256_hex($reply->{body}), row($ids[0])->{sha256}, 'each server has the file');
    }
    call(DELETE => "/$ids[1]");
    is(call(GET => "/$ids[1]/file", undef, $other->{port})->{status}, 404, 'a file that was deleted at one server is not found at the other');
    $other->stop_httpd;
};

subtest 'the purge' => sub {
    my $id = request(kind => 'lines', format => 'csv');
    completes($id, 'expiry');
    value(q(UPDATE orders.export SET expires_at = now() WHERE public_id = ? RETURNING id), $id);
    $gone{$_}++ for files($id);
    ok(wait_for(sub { !grep { -e "$directory/$_" } keys %gone }, 75), 'expired, abandoned and old unknown files are deleted') or diag(join ' ', grep { -e "$directory/$_" } keys %gone);
    is(state_of($id), 'expired', 'the export has expired');
    none_of('recent and other files are kept', grep { !-e "$directory/$_" } keys %kept);
    my %known = map { $_ => 1 } keys %kept, map { "1-$_->{public_id}-$_->{attempts}.$_->{format}" } $postgres->rows(q(SELECT * FROM orders.export WHERE state = 'done'));
    none_of('no other file is left', grep { !$known{$_} } files());
};

closing(stand => $stand, alarms => qr/ORD0016/);
done_testing();

# --- the long form -----------------------------------------------------------------------------------------------------

sub kilobytes { my ($pid, $name) = @_; return eval { slurp("/proc/$pid/status") =~ /^$name:\s+(\d+) kB/m ? $1 : 0 } // 0 }

# Memory that the processes do not share with others, sampled while the export runs: the first second, and the peak afterwards.
sub measure {
    my ($id) = @_;
    my (%first, %peak);
    my $from = time;
    while (state_of($id) !~ /^(?:done|failed)$/) {
        my %now = (httpd => (sort { $b <=> $a } map { kilobytes($_, 'RssAnon') } $stand->httpd_children)[0],
            PostgreSQL => (sort { $b <=> $a } 0, map { kilobytes($_, 'RssAnon') } backends())[0]);
        for my $what (keys %now) {
            $first{$what} = $now{$what} if time - $from < 3 && $now{$what};
            $peak{$what} = $now{$what} if ($peak{$what} // 0) < $now{$what};
        }
        sleep 0.2;
    }
    return (\%first, \%peak, time - $from);
}

sub long_form {
    start();
    for my $case (['orders', 'ndjson'], ['orders', 'csv'], ['lines', 'csv'], ['ledger', 'csv']) {
        my $id = request(kind => $case->[0], format => $case->[1]);
        my ($first, $peak, $seconds) = measure($id);
        my $row = completes($id, "@$case", seconds => 3600);
        is($row->{rows}, $orders, "@$case: all orders") if $case->[0] eq 'orders';
        note(sprintf '%s, %s: %d rows, %.1f MB in %.0f s; httpd %d KiB at first, %d KiB at most; PostgreSQL %d KiB at first, %d KiB at most', @$case,
            $row->{rows}, $row->{bytes} / 1e6, $seconds, map { ($first->{$_} // 0, $peak->{$_} // 0) } qw(httpd PostgreSQL));
        cmp_ok($peak->{httpd}, '<', ($first->{httpd} // 0) + 4096, "@$case: the memory of httpd does not grow with the rows");
        cmp_ok($peak->{PostgreSQL}, '<', ($first->{PostgreSQL} || 65536) + 8192, "@$case: nor does that of PostgreSQL");
        call(DELETE => "/$id");
    }
    return;
}
