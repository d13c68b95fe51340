#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# 64 clients who read the largest bills there are, over and over, while buyers read their orders. Bills may be refused
# (503 with Retry-After); buyers are served as before, memory stays bounded, and nothing is rendered for a client that left.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Faults::Bills qw(make_bills);
use Faults::Client qw(create detail);
use Faults::Data qw(secret);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Faults::Text qw(from_json);
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

my $BILLS = 12;
my $stand = Faults::Stand->new->start_postgres;
my $port  = $stand->{port};
$stand->start_httpd(threads => 128);

sub ask
{
    my (%request) = @_;
    return Faults::Load->one_by_one($port, { token => secret('operator'), %request });
}

sub httpd_numbers
{
    my ($field) = @_;
    my $sum = 0;
    for my $pid ($stand->httpd_children) {
        open my $in, '<', "/proc/$pid/status" or next;
        while (<$in>) { $sum += $1 if /^\Q$field\E:\s+(\d+)/ }
    }
    return $sum;
}

my @bills = make_bills($port, $BILLS);
my @orders = map { from_json(ask(%{ create($_, 'hundred') })->{body})->{order}{id} } 101 .. 104;

# Four buyers who read one order after another.
sub buyers
{
    my ($seconds) = @_;
    my $until = time + $seconds;
    my $load = Faults::Load->new(
        port => $port, clients => 4,
        next => sub { time < $until ? detail(101 + $_[0], $orders[ $_[0] ]) : undef },
    )->run;
    note('buyers: ' . $load->summary);
    return $load;
}

# The readers of bills are a process of their own. It tells how often they got which status, and how many 503 had no Retry-After.
sub start_readers
{
    my ($seconds) = @_;
    my $pid = open(my $tells, '-|') // die "fork: $!\n";
    return ($pid, $tells) if $pid;
    my ($until, %count, @wake) = (time + $seconds);
    Faults::Load->new(
        port => $port, clients => 64, keepalive => 0, timeout => 30,
        next => sub {
            my ($client) = @_;
            return if time > $until;
            my $wait = delete $wake[$client];
            return $wait || { path => $bills[ rand @bills ] };
        },
        done => sub {
            my ($request, $reply, $client) = @_;
            my $polite = $reply->{headers}{'retry-after'} ? '' : ' without Retry-After';
            $count{ $reply->{status} == 503 ? "503$polite" : $reply->{status} }++;
            $wake[$client] = $reply->{headers}{'retry-after'} // 1;
        },
    )->run;
    print "$_=$count{$_}\n" for sort keys %count;
    close STDOUT;
    require POSIX;
    POSIX::_exit(0);
}

# Whether a bill is kept: a HEAD renders nothing, so that it knows the length of such a bill alone.
sub is_kept
{
    my ($bill) = @_;
    my $head = ask(method => 'HEAD', path => $bill);
    is($head->{status}, 200, 'HEAD is answered');
    return defined $head->{headers}{'content-length'};
}

# Asks for a bill on a connection of its own and leaves at once.
sub leave
{
    my ($bill) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) // die "connect: $!\n";
    print $socket "GET $bill HTTP/1.1\r\nHost: 127.0.0.1:$port\r\n\r\n";
    close $socket;
}

my $before = buyers(4);
my $rss    = httpd_numbers('VmRSS');

subtest 'clients who left' => sub {
    my @left = @bills[ 0 .. 3 ];
    ok(!is_kept($left[0]), 'a HEAD renders nothing');
    leave($_) for @left;
    my $reply = ask(path => $bills[4]);
    is($reply->{status}, 200, 'who stays is served');
    ok(is_kept($bills[4]), 'and the bill is kept');
    sleep 1;
    none_of('nothing was rendered to its end for clients who left', grep { is_kept($_) } @left);
};

subtest '64 readers of the largest bills' => sub {
    my ($pid, $tells) = start_readers(8);
    sleep 0.3;
    my $beside = buyers(6);
    my %count  = map { /^(.*)=(\d+)$/ ? ($1 => $2) : () } <$tells>;
    close $tells;
    note(explain(\%count));
    my ($calm, $busy) = map { $_->percentile(0.99) } $before, $beside;
    cmp_ok($busy, '<=', 5 * ($calm > 20 ? $calm : 20), sprintf 'a buyer waits no longer than 5 times as long: p99 %.1f and %.1f ms', $calm, $busy);
    is_deeply([ sort keys %{ $beside->{statuses} } ], [200], 'every buyer is served');
    is_deeply([ grep { !/^(200|503)$/ } sort keys %count ], [], 'a bill is served, or refused with Retry-After');
    cmp_ok($count{200} // 0, '>=', 64, 'bills are served');
    my $peak = httpd_numbers('VmHWM') / 1024;
    cmp_ok($peak, '<=', 300, sprintf 'resident memory: %.0f MB before, %.0f MB at most', $rss / 1024, $peak);
};

closing(stand => $stand);
done_testing();
