#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# 32 clients place, pay, refund, cancel and read orders at random while the invariants are checked.
# Short form: 25 s or 10,000 requests. Long form: 60,000.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Checker;
use Faults::Client qw(cancel create detail list operator_cancel pay refund deposit);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Faults::Text qw(from_json);
use Test::More;
use Time::HiRes qw(time);

my $stand = Faults::Stand->new->start_postgres->start_httpd;
my $log = Faults::Client->new;
my $checker = Faults::Checker->start($stand->postgres);
my ($most, $seconds) = Faults::Stand::long() ? (60_000, 1800) : (10_000, 25);
my ($sent, $until, @orders, @wrong) = (0, time + $seconds);

my @buys = (['hundred'], ['ten'], ['odd'], ['free'], ['dear'], ['hundred', payment_method => 'manual'], ['odd', payment_method => 'manual'],
    ['odd', coupon_code => 'MANY'], ['ten', coupon_code => 'MANY', quantity => 3], ['hundred', quantity => 10], ['ten', quantity => 11],
    ['odd', payment_method => 'manual', coupon_code => 'MANY'], ['ten', plan_id => 999], ['odd', coupon_code => 'NONE']);

sub buy { my ($plan, @more) = @{$buys[rand @buys]}; return create(1 + int rand 40, $plan, @more) }

# Prefers recent orders, so that several clients use the same order.
sub some { return $orders[rand() < 0.7 && @orders > 30 ? @orders - 1 - int rand 30 : rand @orders] }

my %choice = (
    cancel => sub { my $o = some(); cancel($o->{buyer}, $o->{order}) },
    operator_cancel => sub { operator_cancel(some()->{order}) },
    foreign_cancel => sub { my $o = some(); cancel($o->{buyer} % 40 + 1, $o->{order}) },
    refund => sub { my $o = some(); refund($o->{order}, rand() < 0.3 ? undef : 1 + int rand($o->{total} || 1)) },
    pay => sub { pay(some()->{order}) },
    detail => sub { my $o = some(); detail($o->{buyer}, $o->{order}) },
    list => sub { list(1 + int rand 40, (qw(status=paid per_page=50 sort=total direction=asc))[rand 4]) },
    top_up => sub { deposit(1 + int rand 40, 1000) },
);
my @mix = (('refund') x 5, ('cancel') x 3, 'operator_cancel', 'foreign_cancel', ('pay') x 3, ('detail') x 2, 'list', 'top_up');

sub next_request {
    return undef if $sent >= $most || time > $until;
    $sent++;
    return buy() if @orders < 10 || rand() < 0.45;
    return $choice{$mix[rand @mix]}->();
}

sub took {
    my ($request, $reply) = @_;
    my $entry = $log->note($request, $reply);
    push @orders, $entry if $entry->{op} eq 'create' && $entry->{class} eq 'ok';
    push @wrong, "$request->{op}: $reply->{status} " . ($reply->{error} // $entry->{code}) if $entry->{class} eq 'unknown' || $reply->{status} == 503;
    look($request, $reply->{body}) if $reply->{status} == 200 && $request->{op} =~ /^(detail|list)$/;
}

# Each response must be consistent in itself: it comes from one snapshot.
sub look {
    my ($request, $body) = @_;
    my $json = from_json($body);
    for my $o ($json->{orders} ? @{$json->{orders}} : $json->{order}) {
        my ($sum, $refunds) = (0, 0);
        $sum += $_->{subtotal_cents} for @{$o->{items}};
        $refunds += $_->{amount_cents} for @{$o->{refunds}};
        push @wrong, "order $o->{id}: items $sum, total $o->{total_cents}" if $sum != $o->{total_cents};
        push @wrong, "order $o->{id}: refunds $refunds, refunded $o->{refunded_cents}" if $refunds != $o->{refunded_cents};
        push @wrong, "order $o->{id}: $o->{status}, refunded $o->{refunded_cents} of $o->{total_cents}"
          if $o->{status} eq 'refunded' && $o->{refunded_cents} != $o->{total_cents} || $o->{status} eq 'paid' && $o->{refunded_cents};
    }
}

my $load = Faults::Load->new(port => $stand->{port}, clients => 32, limit => 2000, next => \&next_request, done => \&took)->run;
note($load->summary);
cmp_ok($load->{requests}, '>=', Faults::Stand::long() ? 50_000 : 500, "$load->{requests} requests");
none_of('every response is consistent, and no request fails', @wrong);
for my $op (qw(create cancel refund pay)) {
    cmp_ok($log->{count}{$op}{ok} // 0, '>', 0, "some $op requests succeed");
    cmp_ok($log->{count}{$op}{refused} // 0, '>', 0, "some $op requests are refused");
}
closing(stand => $stand, log => $log, checker => $checker);
done_testing();
