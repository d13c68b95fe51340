# SPDX-License-Identifier: Apache-2.0
#
# Load by wrk on a web server and by pgbench on PostgreSQL, with the CPU time of all processes involved.
package Bench::Load;

use strict;
use warnings;
use Exporter qw(import);
use POSIX ();
use Time::HiRes qw(time);

our @EXPORT_OK = qw(http_load database_load median tree_cpu tree_pids tree_rss);

my $ticks = POSIX::sysconf(&POSIX::_SC_CLK_TCK);

# pid => [parent, CPU seconds of the process and of its reaped children, resident pages]
sub processes {
    my %all;
    for my $file (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $file or next;
        my $line = <$in> // next;
        my ($pid, $rest) = $line =~ /^(\d+) \(.*\) (.*)$/s or next;
        my @field = split ' ', $rest;    # [0] is the state, the third field of proc(5)
        $all{$pid} = [$field[1], ($field[11] + $field[12] + $field[13] + $field[14]) / $ticks, $field[21]];
    }
    return \%all;
}

sub tree {
    my ($all, $root) = @_;
    my %children;
    push @{$children{$all->{$_}[0]}}, $_ for keys %$all;
    my @found = my @next = $root;
    while (defined(my $pid = shift @next)) {
        my @more = @{$children{$pid} // []};
        push @found, @more;
        push @next, @more;
    }
    return grep { $all->{$_} } @found;
}

# CPU seconds of a process and its descendants. The time of a process that has ended is counted by its parent.
sub tree_cpu {
    my ($root) = @_;
    return 0 if !$root;
    my $all = processes();
    my $sum = 0;
    $sum += $all->{$_}[1] for tree($all, $root);
    return $sum;
}

sub tree_pids {
    my ($root) = @_;
    return tree(processes(), $root);
}

# Resident KiB of $root and each of its descendants, largest first.
sub tree_rss {
    my ($root) = @_;
    my $all = processes();
    my $page = POSIX::sysconf(&POSIX::_SC_PAGESIZE) / 1024;
    return sort { $b <=> $a } map { $all->{$_}[2] * $page } tree($all, $root);
}

sub own_children_cpu { my @t = times; return $t[2] + $t[3] }

# Runs @command between two readings of the CPU times.
sub measured {
    my ($stand, $server, @command) = @_;
    my @before = (tree_cpu($server), tree_cpu($stand->{postmaster}), own_children_cpu());
    my $pid = open(my $pipe, '-|') // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec @command or die "$command[0]: $!\n";
    }
    my $output = join '', <$pipe>;
    close $pipe or die "$command[0] failed: $output\n";
    my $client = own_children_cpu() - $before[2];
    select undef, undef, undef, 0.3;    # a process that is ending might be counted neither by itself nor by its parent
    return ($output, tree_cpu($server) - $before[0], tree_cpu($stand->{postmaster}) - $before[1], $client);
}

# Sends random requests of the file of targets; see wrk.lua. Returns rate, p50 and p99 (ms), CPU µs per request, failures.
sub http_load {
    my ($stand, %o) = @_;
    local $ENV{BENCH_TARGETS} = $o{targets};
    local $ENV{BENCH_SEED} = ++$stand->{seed};
    my ($output, $web, $database, $client) = measured($stand, $o{server}, 'wrk', '-t1', "-c$o{clients}", "-d$o{seconds}s",
        '--timeout', '10s', '-s', "$ModOrders::Stand::root/t/bench/wrk.lua", $o{url});
    my %r = $output =~ /^BENCH (.*)$/m ? map { split /=/ } split ' ', $1 : die "wrk said:\n$output\n";
    my $n = $r{requests} || die "no request got a response\n";
    return {
        requests => $n, rate => $n / ($r{us} / 1e6), p50 => $r{p50} / 1000, p99 => $r{p99} / 1000,
        web => $web / $n * 1e6, database => $database / $n * 1e6, client => $client / $n * 1e6,
        failures => $r{failures}, bytes => $r{bytes} / $n,
    };
}

# Runs a pgbench script with prepared statements.
sub database_load {
    my ($stand, %o) = @_;
    my $prefix = "$stand->{dir}/pgbench_log";
    unlink glob "$prefix.*";
    my ($output, undef, $database, $client) = measured($stand, undef, "$stand->{pgbin}/pgbench", '-n', '-M', 'prepared',
        '-h', $stand->{sockets}, '-p', $stand->{pgport}, '-U', 'orders_api', '-c', $o{clients}, '-j', $o{clients} < 2 ? 1 : 2,
        '-T', $o{seconds}, '--random-seed', ++$stand->{seed}, @{$o{variables} // []}, '-l', "--log-prefix=$prefix", '-f', $o{script}, 'orders');
    my @latency;
    for my $file (glob "$prefix.*") {
        open my $in, '<', $file or die "$file: $!\n";
        while (my $line = <$in>) { push @latency, (split ' ', $line)[2] }
    }
    unlink glob "$prefix.*";
    @latency = sort { $a <=> $b } @latency;
    my $n = @latency or die "pgbench said:\n$output\n";
    my ($rate) = $output =~ /^tps = ([\d.]+)/m or die "pgbench said:\n$output\n";
    my ($failed) = $output =~ /^number of failed transactions: (\d+)/m;
    return {
        requests => $n, rate => $rate, p50 => $latency[$n * 0.5] / 1000, p99 => $latency[$n * 0.99] / 1000,
        web => 0, database => $database / $n * 1e6, client => $client / $n * 1e6, failures => $failed // 0, bytes => 0,
    };
}

sub median {
    my @sorted = sort { $a <=> $b } @_;
    return $sorted[$#sorted / 2] if @sorted % 2;
    return ($sorted[@sorted / 2 - 1] + $sorted[@sorted / 2]) / 2;
}

1;
