#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# One buyer places 32 concurrent orders, which wait for one account row. Other requests still get database sessions,
# and their response times stay bounded.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Client qw(create list);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Test::More;
use Time::HiRes qw(time);

my $stand = Faults::Stand->new->start_postgres;
my $log = Faults::Client->new;
$stand->postgres->db;
$stand->start_httpd(threads => 128);

# Milliseconds. A difference below this is noise of a busy machine.
my $floor = 40;

sub median { my @sorted = sort { $a <=> $b } @_; return @sorted ? 1000 * $sorted[$#sorted / 2] : 0 }

# For $seconds, eight buyers place and read orders, and 32 clients send the requests of $hot->(). Returns the replies to both.
sub play {
    my ($seconds, $hot) = @_;
    my (@others, @hot, @pause);
    my $end = time + $seconds;
    Faults::Load->new(
        port => $stand->{port}, clients => $hot ? 40 : 8,
        next => sub {
            my ($n) = @_;
            return undef if time > $end;
            return {%{$hot->()}, hot => 1} if $n >= 8;
            return 0.03 if $pause[$n]++ % 2;
            return $pause[$n] % 4 == 1 ? create($n + 2, 'odd') : list($n + 2);
        },
        done => sub {
            my ($request, $reply) = @_;
            $log->note($request, $reply);
            push @{$request->{hot} ? \@hot : \@others}, $reply;
        },
    )->run;
    return (\@others, \@hot);
}

# The median without the 32 clients.
sub quiet {
    my ($others) = play(3);
    return median(map { $_->{seconds} } @$others);
}

# Compares with the larger of $before and a new measurement, because the load of the machine varies.
sub fair {
    my ($what, $before, $others) = @_;
    my $p50 = median(map { $_->{seconds} } @$others);
    my $after = quiet();
    $before = $after if $after > $before;
    note(sprintf '%s: p50 of others %.1f ms, undisturbed %.1f ms, %d requests', $what, $p50, $before, scalar @$others);
    none_of("$what: no other request is refused", map { "$_->{status} $_->{body}" } grep { $_->{status} >= 400 || !$_->{status} } @$others);
    cmp_ok($p50, '<=', 3 * ($before > $floor ? $before : $floor), "$what: p50 of others is at most 3 times the undisturbed one");
}

play(1);

subtest 'a buyer with 32 concurrent orders' => sub {
    my $before = quiet();
    my ($others, $hot) = play(6, sub { create(1, 'hundred') });
    fair('orders', $before, $others);
    cmp_ok(scalar(grep { $_->{status} == 200 } @$hot), '>', 50, 'orders of the buyer are accepted too');
};

# Another transaction locks the account row: the 32 requests hold sessions for as long as possible.
subtest 'a buyer whose account is locked' => sub {
    my $before = quiet();
    my $blocker = $stand->postgres->connect;
    $blocker->begin_work;
    $blocker->do('SELECT 1 FROM orders.account WHERE user_id = 1 FOR UPDATE');
    my ($others, $hot) = play(5, sub { create(1, 'hundred') });
    $blocker->rollback;
    fair('a locked account', $before, $others);
    my @busy = grep { $_->{status} == 503 && $_->{body} =~ /"busy"/ } @$hot;
    cmp_ok(scalar @busy, '>', 0, "the buyer's orders beyond the limit are refused after OrdersQueueTimeout");
    none_of('each refused order has Retry-After and the problem document of the API', map { $_->{body} }
          grep { !$_->{headers}{'retry-after'} || $_->{headers}{'content-type'} !~ /problem\+json/ } @busy);
};

closing(stand => $stand, log => $log);
done_testing();
