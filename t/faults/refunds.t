#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# An order of 100, and 100 clients that each refund 30.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Checker;
use Faults::Client qw(create outcomes pay refund);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Test::More;

my $stand = Faults::Stand->new->start_postgres->start_httpd;
my $log = Faults::Client->new;
my $checker = Faults::Checker->start($stand->postgres);
my $rounds = Faults::Stand::long() ? 50 : 6;

my $refused = qr/^(409 (order_not_refundable|refund_in_progress)|422 refund_exceeds_captured)$/;

for my $round (1 .. $rounds) {
    my $buyer = $round % 200 + 1;
    my $order = $log->send_one($stand->{port}, create($buyer, 'hundred', payment_method => $round % 2 ? 'balance' : 'manual'));
    $log->send_one($stand->{port}, pay($order->{order})) if $round % 2 == 0;
    my $words = outcomes($log->send_at_once($stand->{port}, map { refund($order->{order}, 30) } 1 .. 100));
    is($words->{'200 '} // $words->{'201 '}, 3, 'exactly 3 of 100 refunds succeed') or diag(explain($words));
    none_of('the other refunds are refused with a reason', grep { !/^20[01] / && !/$refused/ } keys %$words);
    is($stand->postgres->value('SELECT refunded FROM orders.orders WHERE id = ?', $order->{order}), 90, '90 are refunded');
    my @rest = $log->send_at_once($stand->{port}, map { refund($order->{order}) } 1 .. 10);
    none_of('the remaining amount can be refunded', grep { !/^20[01] / && !/$refused/ } keys %{outcomes(@rest)});
    is($stand->postgres->value(q(SELECT string_agg(amount::text, ' ' ORDER BY id) FROM orders.refund WHERE order_id = ?), $order->{order}),
        '30 30 30 10', 'each amount is refunded once');
}

subtest '100 clients, one key' => sub {
    my $order = $log->send_one($stand->{port}, create(250, 'hundred'));
    my $request = refund($order->{order}, 10);
    my %count;
    my @todo = map { {%$request} } 1 .. 100;
    Faults::Load->new(
        port => $stand->{port}, clients => 100, timeout => 20,
        next => sub { my $r = $todo[$_[0]]; $todo[$_[0]] = undef; $r },
        done => sub { $count{bodies}{$_[1]{body}}++ if $log->note(@_)->{class} eq 'ok'; $count{$_[1]{status}}++ },
    )->run;
    is(scalar(keys %{$count{bodies}}), 1, 'all clients get the same response') or diag(explain({%count, bodies => undef}));
    is($stand->postgres->value('SELECT refunded FROM orders.orders WHERE id = ?', $order->{order}), 10, '10 are refunded');
};

closing(stand => $stand, log => $log, checker => $checker);
done_testing();
