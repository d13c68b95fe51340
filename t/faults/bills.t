#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# 64 clients read the largest bills repeatedly while buyers read their orders. Bills may be refused
# (503 with Retry-After). Response times of buyers and memory stay bounded, and nothing is rendered for a disconnected client.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
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

# Four buyers read one order after another.
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

# The readers of bills run in a separate process. It prints the number of replies by status; 503 without Retry-After is counted apart.
sub start_readers
{
    my ($seconds) = @_;
    my $pid = open(my $results, '-|') // die "fork: $!\n";
    return ($pid, $results) if $pid;
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
            my $note = $reply->{headers}{'retry-after'} ? '' : ' without Retry-After';
            $count{ $reply->{status} == 503 ? "503$note" : $reply->{status} }++;
            $wake[$client] = $reply->{headers}{'retry-after'} // 1;
        },
    )->run;
    print "$_=$count{$_}\n" for sort keys %count;
    close STDOUT;
    require POSIX;
    POSIX::_exit(0);
}

# Whether a bill is cached: HEAD renders nothing, so it returns Content-Length only for a cached bill.
sub is_cached
{
    my ($bill) = @_;
    my $head = ask(method => 'HEAD', path => $bill);
    is($head->{status}, 200, 'HEAD gets 200');
    return defined $head->{headers}{'content-length'};
}

# Requests a bill on a new connection and closes the connection immediately.
sub request_and_disconnect
{
    my ($bill) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) // die "connect: $!\n";
    print $socket "GET $bill HTTP/1.1\r\nHost: 127.0.0.1:$port\r\n\r\n";
    close $socket;
}

my $before = buyers(4);
my $rss    = httpd_numbers('VmRSS');

subtest 'disconnected clients' => sub {
    my @left = @bills[ 0 .. 3 ];
    ok(!is_cached($left[0]), 'HEAD renders nothing');
    request_and_disconnect($_) for @left;
    my $reply = ask(path => $bills[4]);
    is($reply->{status}, 200, 'a connected client is served');
    ok(is_cached($bills[4]), 'the bill of the connected client is cached');
    sleep 1;
    none_of('no bill is rendered for a disconnected client', grep { is_cached($_) } @left);
};

subtest '64 readers of the largest bills' => sub {
    my ($pid, $results) = start_readers(8);
    sleep 0.3;
    my $beside = buyers(6);
    my %count  = map { /^(.*)=(\d+)$/ ? ($1 => $2) : () } <$results>;
    close $results;
    note(explain(\%count));
    my ($calm, $busy) = map { $_->percentile(0.99) } $before, $beside;
    cmp_ok($busy, '<=', 5 * ($calm > 20 ? $calm : 20), sprintf 'the p99 of buyers is at most 5 times the undisturbed one: %.1f and %.1f ms', $calm, $busy);
    is_deeply([ sort keys %{ $beside->{statuses} } ], [200], 'every buyer is served');
    is_deeply([ grep { !/^(200|503)$/ } sort keys %count ], [], 'each bill is served, or refused with Retry-After');
    cmp_ok($count{200} // 0, '>=', 64, 'bills are served');
    my $peak = httpd_numbers('VmHWM') / 1024;
    cmp_ok($peak, '<=', 300, sprintf 'resident memory: %.0f MB before, %.0f MB at most', $rss / 1024, $peak);
};

closing(stand => $stand);
done_testing();
