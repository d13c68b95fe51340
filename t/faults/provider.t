#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# A payment provider loses replies, fails, is slow, and repeats events. Every intent is captured once, and its order
# is paid.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Checker;
use Faults::Client qw(create detail list operator_cancel refund);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use ModOrders::Process qw(wait_or_die);
use Test::More;
use Time::HiRes qw(sleep time);

my $stand = Faults::Stand->new->start_postgres;
my $channel = $stand->start_channel;
my $provider = $stand->{simulator};
(my $nobody = $channel) =~ s/simulator (.*):\d+ /gone $1:1 /;
$stand->start_httpd(channels => "$channel\n$nobody");
my $postgres = $stand->postgres;
my $log = Faults::Client->new;
my $checker = Faults::Checker->start($postgres);
my $buyer = 0;

# Makes pending work due now; otherwise the worker would take over only after 30 seconds.
sub hurry { my ($kind) = @_; $postgres->value(q(UPDATE orders.due SET due_at = now() WHERE kind = ? AND due_at > now() RETURNING id), $kind // 'intent') }

sub buy { return create(++$buyer, 'ten', payment_method => 'external', payment_channel => 'simulator') }

sub payment_of { my ($order) = @_; return ($postgres->rows('SELECT * FROM orders.payment WHERE order_id = ?', $order))[0] }

sub intent_of { my ($order) = @_; return $provider->intent_of(payment_of($order)->{provider_key}) }

sub state_of { my ($order) = @_; return $postgres->value('SELECT payment_state FROM orders.orders WHERE id = ?', $order) }

# Checks that an order is paid once and in full.
sub settles {
    my ($order, $what, $seconds) = @_;
    my $paid = eval { wait_or_die('the payment', $seconds // 10, sub { hurry(); state_of($order) eq 'paid' }) };
    ok($paid, "$what: the order is paid") or diag(explain(payment_of($order)));
    is(intent_of($order)->{captures}, 1, "$what: one capture");
    is($postgres->value('SELECT captured FROM orders.orders WHERE id = ?', $order), 1000, "$what: the full amount is captured");
}

subtest 'the provider creates the intent, but its reply is lost' => sub {
    $provider->mode('lose_reply', times => 1, then => 'approve');
    my $entry = $log->send_one($stand->{port}, buy());
    is($entry->{status}, 200, 'the order is placed');
    settles($entry->{order}, 'lost reply');
    is(scalar(grep { $_->{payment_key} eq payment_of($entry->{order})->{provider_key} } @{$provider->state->{intents}}), 1, 'the provider has one intent');
};

subtest 'the provider fails' => sub {
    $provider->mode('500', times => 2);
    my $entry = $log->send_one($stand->{port}, buy());
    is($entry->{status}, 200, 'the order is placed');
    is($entry->{state}, 'pending_payment', 'the order is unpaid');
    wait_or_die('another attempt', 15, sub { hurry(); payment_of($entry->{order})->{intent_id} });
    $provider->approve(intent_of($entry->{order})->{intent_id});
    settles($entry->{order}, '500');
};

subtest 'the provider is slow' => sub {
    $provider->mode('slow', times => 4, delay => 4, then => 'approve');
    my @orders = map { buy() } 1 .. 4;
    my @todo = @orders;
    my (@told, @reads);
    my $load = Faults::Load->new(
        port => $stand->{port}, clients => 8,
        next => sub { my ($n) = @_; return shift @todo if $n < 4 && @todo; return undef if $n < 4 || @reads > 200; return list(100 + $n) },
        done => sub { my ($request, $reply) = @_; push @{$request->{op} eq 'list' ? \@reads : \@told}, $reply; $log->note($request, $reply) },
    )->run;
    my ($slowest) = sort { $b <=> $a } map { $_->{seconds} } @reads;
    cmp_ok($slowest, '<', 1.7, sprintf 'other requests are not delayed (slowest %.2f s)', $slowest);
    my ($longest) = sort { $b <=> $a } map { $_->{seconds} } @told;
    cmp_ok($longest, '<', 3.8, sprintf 'buyers wait at most for the timeout of the channel (%.1f s)', $longest);
    settles($_->{order}, 'slow', 15) for grep { $_->{op} eq 'create' && $_->{status} == 200 && $_->{buyer} > $buyer - 4 } @{$log->{entries}};
};

subtest 'the same request while its intent is created' => sub {
    $provider->mode('slow', times => 1, delay => 1);
    my $request = buy();
    my (%bodies, %count, @again);
    Faults::Load->new(
        port => $stand->{port}, clients => 24, timeout => 20,
        next => sub {
            my ($n) = @_;
            my $r = exists $again[$n] ? $again[$n] : {%$request, rested => 1};
            return 0.05 if $r && !$r->{rested}++;
            $again[$n] = undef;
            return $r;
        },
        done => sub {
            my ($r, $reply, $n) = @_;
            $log->note($r, $reply);
            $count{$reply->{status}}++;
            if ($reply->{status} == 200) { $bodies{$reply->{body}}++; return }
            $again[$n] = {%$r, rested => 0} if $reply->{status} == 409 && $count{409} < 2000;
        },
    )->run;
    note(join ', ', map { "$_ x $count{$_}" } sort keys %count);
    is(scalar(keys %bodies), 1, 'all final responses are the same');
    is($postgres->value('SELECT count(*) FROM orders.orders WHERE buyer_id = ?', $buyer), 1, 'one order is placed');
    is($count{200}, 24, 'each client gets 200');
};

subtest 'events repeated 25 times and in reverse order' => sub {
    $provider->mode('manual', hold => 1);
    my @entries = map { $log->send_one($stand->{port}, buy()) } 1 .. 8;
    for my $entry (@entries) {
        my $intent = intent_of($entry->{order})->{intent_id};
        $provider->confirm($intent);
        $provider->fail($intent) if $entry->{buyer} % 2;
        $provider->approve($intent);
        $provider->refund($intent, 300) if $entry->{buyer} % 4 == 0;
    }
    $provider->release(reverse => 1, times => 25);
    ok($provider->settled(20), 'all events are accepted');
    my @refunded = grep { $_->{buyer} % 4 == 0 } @entries;
    @entries = grep { $_->{buyer} % 4 } @entries;
    settles($_->{order}, "order $_->{order}", 1) for @entries;
    for my $order (map { $_->{order} } @refunded) {
        is(state_of($order), 'partially_refunded', "order $order: a refund event before the capture is applied after it");
        is(join(' ', map { $postgres->value("SELECT $_ FROM orders.orders WHERE id = ?", $order) } qw(captured refunded)), '1000 300', 'the refund is applied once');
    }
    $provider->resend(times => 5);
    ok($provider->settled(20), 'all repeated events are accepted');
    is(state_of($_->{order}), 'paid', 'repeated events change nothing') for @entries;
    is(state_of($_->{order}), 'partially_refunded', 'repeated refund events change nothing') for @refunded;
    my $refused = grep { my $d = $_; grep { $_ >= 500 || $_ == 0 } @{$d->{statuses}} } @{$provider->state->{deliveries}};
    is($refused, 0, 'no event gets a server error');
};

subtest 'a late payment' => sub {
    $provider->mode('manual');
    my $entry = $log->send_one($stand->{port}, buy());
    my $intent = intent_of($entry->{order})->{intent_id};
    $log->send_one($stand->{port}, operator_cancel($entry->{order}));
    $provider->approve($intent);
    my $back = eval { wait_or_die('the refund', 15, sub { $provider->intent_of(payment_of($entry->{order})->{provider_key})->{refunded} == 1000 }) };
    ok($back, 'a late payment is refunded') or diag(explain(payment_of($entry->{order})), state_of($entry->{order}));
    ok(eval { wait_or_die('the state', 5, sub { state_of($entry->{order}) eq 'refunded' }) }, 'the order becomes refunded') or diag(state_of($entry->{order}));
};

subtest 'a refund whose reply is lost' => sub {
    $provider->mode('approve');
    my $entry = $log->send_one($stand->{port}, buy());
    settles($entry->{order}, 'bought');
    $provider->mode('lose_reply', times => 1);
    my $refund = $log->send_one($stand->{port}, refund($entry->{order}, 400));
    is($refund->{class}, 'ok', 'the refund is accepted');
    my $done = eval {
        wait_or_die('the refund', 20, sub {
            hurry('refund');
            state_of($entry->{order}) eq 'partially_refunded';
        });
    };
    ok($done, 'the refund is settled') or diag(state_of($entry->{order}));
    is(intent_of($entry->{order})->{refunded}, 400, 'the provider refunds it once');
};

# Orders paid through a channel whose provider is unreachable, and through a channel that is no longer configured.
subtest 'refunds at an unreachable provider' => sub {
    my $db = $postgres->db;
    my @stuck;
    for my $channel (qw(removed gone removed gone)) {
        my ($order) = $db->selectrow_array(q(SELECT ("order").id FROM orders_v1.place_plan(1, 'user', 'buyer', ?, 'faults', NULL, NULL,
            ?, 2, NULL, 1, 'external', ?, NULL, NULL, NULL)), undef, 99, 99, $channel);
        my ($payment, $key) = @{payment_of($order)}{qw(id provider_key)};
        $db->selectall_arrayref(q(SELECT FROM orders_v1.apply_provider_event(1, ?, ?, 'paid', ?, ?, ?, 1000, 'USD', NULL, NULL)), undef,
            $channel, "evt-$payment", $key, "in-$payment", "tx-$payment");
        $db->selectall_arrayref(q(SELECT FROM orders_v1.refund(1, 'operator', 'operator', 900, 'faults', NULL, NULL, ?, NULL, NULL, 'gone', 30, NULL)),
            undef, $order);
        push @stuck, $order;
    }
    $provider->mode('approve');
    my $entry = $log->send_one($stand->{port}, buy());
    settles($entry->{order}, 'bought');
    $log->send_one($stand->{port}, refund($entry->{order}, 400));
    ok(eval { wait_or_die('the refund', 15, sub { state_of($entry->{order}) eq 'partially_refunded' }) }, 'stuck refunds do not delay refunds of other channels')
      or diag(state_of($entry->{order}));
    is(state_of($_), 'refund_pending', 'the stuck refunds stay pending') for @stuck;
    $log->expect(@stuck);
};

is($provider->state->{counts}{bad_signatures}, 0, 'the provider accepted every signature');
none_of('no payment was captured twice', map { $_->{intent_id} } grep { $_->{captures} > 1 } @{$provider->state->{intents}});
closing(stand => $stand, log => $log, checker => $checker);
done_testing();
