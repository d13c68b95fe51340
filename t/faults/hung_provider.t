#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# A payment provider accepts connections and never responds, and there are more checkouts than httpd has threads. Other requests
# are not delayed, each checkout gets a response in time, and each order gets its intent once the provider responds again.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Checker;
use Faults::Client qw(create detail);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use IO::Socket::INET;
use ModOrders::Process qw(wait_or_die);
use Test::More;
use Time::HiRes qw(time);

my ($checkouts, $readers, $timeout, $pause) = (70, 4, 8, 0.02);
my $stand = Faults::Stand->new->start_postgres;
my $port = $stand->{port} + 2;
sub hang { return IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 256, ReuseAddr => 1) || die "port $port: $!\n" }
my $secret = $stand->secret_file('channel.secret');
$stand->start_httpd(threads => 64, channels => "OrdersPaymentChannel simulator provider=http url=http://127.0.0.1:$port secret-file=$secret timeout=$timeout");
my $postgres = $stand->postgres;
my $log = Faults::Client->new;
my $checker = Faults::Checker->start($postgres);
my $hung = hang(); # after the fork of the checker, which must not inherit the socket

# Each reader places one order from the balance and reads it repeatedly.
my %order_of;
for my $n (1 .. $readers) {
    my $request = create($n, 'ten');
    $order_of{$n} = $log->note($request, scalar Faults::Load->one_by_one($stand->{port}, $request))->{order};
}

# Readers read until `over` returns true; the requests of the list are sent at intervals of `every` seconds. Returns the replies to both.
sub read_beside {
    my ($over, $every, @todo) = @_;
    my (@reads, @others, %rest);
    my $begun = time;
    my $sent = 0;
    my $clients = @todo;
    Faults::Load->new(
        port => $stand->{port}, clients => $clients + $readers, timeout => 40,
        next => sub {
            my ($n) = @_;
            if ($n < $clients) {
                return undef if !$todo[$n];
                my $wait = $begun + $every * $n - time;
                return $wait if $wait > 0;
                return delete $todo[$n];
            }
            return undef if $over->(time - $begun, scalar @others);
            return $pause if $rest{$n}++ % 2 == 0;
            return detail($n - $clients + 1, $order_of{$n - $clients + 1});
        },
        done => sub {
            my ($request, $reply) = @_;
            push @{$request->{op} eq 'detail' ? \@reads : \@others}, $reply;
            $log->note($request, $reply);
        },
    )->run;
    return (\@reads, \@others);
}

# Counts also the requests that a waiting reader could not send (coordinated omission).
sub p99 {
    my ($replies) = @_;
    my @sorted = sort { $a <=> $b } map { my $s = $_->{seconds}; map { $s - $_ * $pause } 0 .. int($s / $pause) } @$replies;
    return $sorted[$#sorted * 0.99];
}

my ($undisturbed) = read_beside(sub { $_[0] > 4 }, 0);
my ($reads, $told) = read_beside(
    sub { my ($seconds, $answered) = @_; return $seconds > 4 && $answered == $checkouts },
    0.05, map { create(10 + $_, 'ten', payment_method => 'external', payment_channel => 'simulator') } 1 .. $checkouts);

my $bound = 5 * p99($undisturbed);
$bound = 0.25 if $bound < 0.25;
cmp_ok(p99($reads), '<=', $bound, sprintf 'p99 of the readers: %.0f ms, undisturbed %.0f ms', 1000 * p99($reads), 1000 * p99($undisturbed));
none_of('others meet no failure', map { $_->{error} // "$_->{status} $_->{body}" } grep { !$_->{status} || $_->{status} >= 500 } @$reads);
is(scalar(grep { $_->{status} == 200 } @$told), $checkouts, 'each checkout returns its order');
my ($longest) = sort { $b <=> $a } map { $_->{seconds} } @$told;
cmp_ok($longest, '<', $timeout + 3, sprintf 'each checkout gets its response in time (the last after %.1f s)', $longest);
cmp_ok(scalar(grep { $_->{seconds} < 3 } @$told), '>=', $checkouts - 16, 'few checkouts wait for the provider');
my $waiting = q(SELECT count(*) FROM orders.payment WHERE channel = 'simulator' AND status = 'created' AND intent_id IS NULL);
is($postgres->value($waiting), $checkouts, 'all orders await their intent');

open my $in, '<', "$stand->{dir}/httpd/error.log" or die $!;
my @lines = grep { /provider_unreachable/ } <$in>;
cmp_ok(scalar @lines, '<', 30, 'the log has calls and state changes of the channel, not orders: ' . @lines . ' lines') or diag(@lines);
ok(scalar(grep { /channel simulator/ && /calls/ } @lines), 'the log reports calls that were not made') or diag(@lines);

close $hung;
$stand->start_channel;
ok(eval { wait_or_die('the intents', 40, sub { !$postgres->value($waiting) }) }, 'once the provider responds, every order gets its intent')
  or diag($postgres->value($waiting) . ' orders have none');
is(scalar @{$stand->{simulator}->state->{intents}}, $checkouts, 'each order has one intent');

closing(stand => $stand, log => $log, checker => $checker);
done_testing();
