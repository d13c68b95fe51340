#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Events of PayPal while PayPal does not respond, and while httpd is killed. Each event is sent once. An event that got 200 has its
# effect in the end. So has an event that was stored before its request was killed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Checker;
use Faults::Client qw(create);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use ModOrders::PayPal;
use ModOrders::Process qw(children_of ended wait_or_die);
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

my $stand    = Faults::Stand->new->start_postgres;
my $postgres = $stand->postgres;
my $port     = $stand->{port} + 2;
my $secret   = $stand->secret_file('paypal.secret');
my $path     = '/api/v1/admin/payments/paypal/events';
my $paypal   = ModOrders::PayPal->start(port => $port, secret_file => $secret, log => "$stand->{dir}/paypal.log");
$postgres->db->do(q(INSERT INTO orders.payment_channel (tenant_id, external_ref, name, provider, enabled) VALUES (1, 'paypal', 'PayPal', 'paypal', true)));
my $channel = "OrdersPaymentChannel paypal provider=paypal url=http://127.0.0.1:$port client-id=$ModOrders::PayPal::CLIENT_ID \\\n"
    . "    secret-file=$secret webhook-id=$ModOrders::PayPal::WEBHOOK_ID ca-file=@{[$paypal->ca_file]} timeout=2";
$stand->start_httpd(channels => $channel);
my $log     = Faults::Client->new;
my $checker = Faults::Checker->start($postgres);
my $buyer   = 0;

sub one { my ($request) = @_; return $log->note($request, scalar Faults::Load->one_by_one($stand->{port}, $request)) }
sub payment_of { my ($order) = @_; return ($postgres->rows('SELECT * FROM orders.payment WHERE order_id = ?', $order))[0] }
sub state_of { my ($order) = @_; return $postgres->value('SELECT payment_state FROM orders.orders WHERE id = ?', $order) }
sub notice_of { my ($resource) = @_; return ($postgres->rows('SELECT * FROM orders.provider_notice WHERE resource_id = ? ORDER BY id DESC LIMIT 1', $resource))[0] // {} }
# Makes the next attempts due at once, because the worker waits ten seconds and more between its attempts.
sub hurry { return $postgres->value(q(UPDATE orders.due SET due_at = now() WHERE kind IN ('provider_notice', 'capture') RETURNING id)) }

# A paid order of a new buyer with a partial refund at PayPal, whose event was not sent. Returns the ids of the order and the refund.
sub refunded_order {
    my $entry = one(create(++$buyer, 'ten', payment_method => 'external', payment_channel => 'paypal'));
    is($entry->{status}, 200, 'an order') or diag(explain($entry));
    my $order = $entry->{order};
    $paypal->approve(payment_of($order)->{intent_id});
    webhook('CHECKOUT.ORDER.APPROVED', $order);
    wait_or_die('the capture', 10, sub { state_of($order) eq 'paid' });
    $paypal->refund(payment_of($order)->{transaction_id}, { currency_code => 'USD', value => '3.00' });
    my $refund = $paypal->order(payment_of($order)->{intent_id})->{purchase_units}[0]{payments}{refunds}[0]{id};
    return ($order, $refund);
}

sub request_of {
    my ($type, $order) = @_;
    my ($event) = grep { $_->{type} eq $type && $_->{order_id} eq payment_of($order)->{intent_id} } @{ $paypal->state->{deliveries} };
    my $headers = $paypal->sign($event->{body});
    return { op => 'webhook', method => 'POST', path => $path, body => $event->{body}, headers => { %$headers, 'content-type' => 'application/json' } };
}
sub webhook { my ($type, $order) = @_; return scalar Faults::Load->one_by_one($stand->{port}, request_of($type, $order)) }

# Tests the final state of an order.
sub settles {
    my ($order, $refund, $what) = @_;
    ok(eval { wait_or_die('the refund', 15, sub { hurry(); state_of($order) eq 'partially_refunded' }) }, "$what: the refund is recorded")
      or diag(state_of($order), explain(notice_of($refund)));
    ok(eval { wait_or_die('the notice', 15, sub { notice_of($refund)->{verdict} eq 'verified' }) }, "$what: the event is verified");
    is($postgres->value('SELECT refunded FROM orders.orders WHERE id = ?', $order), 300, "$what: the refund is recorded once");
}

subtest 'PayPal does not respond' => sub {
    my @orders = map { [ refunded_order() ] } 1 .. 4;
    $paypal->set(trouble => 'stuck', on => 'get', delay => 30);
    for my $pair (@orders) {
        my $from = time;
        my $reply = webhook('PAYMENT.CAPTURE.REFUNDED', $pair->[0]);
        is($reply->{status}, 200, 'the event is acknowledged') or diag(explain($reply));
        like($reply->{body}, qr/"pending"/, 'the response is pending');
        cmp_ok(time - $from, '<', 5, 'the response comes within the timeout of the channel');
        is(state_of($pair->[0]), 'paid', 'the event has no effect yet');
    }
    $paypal->set;
    settles(@$_, "order $_->[0]") for @orders;
};

subtest 'PayPal fails' => sub {
    my ($order, $refund) = refunded_order();
    my $request = request_of('PAYMENT.CAPTURE.REFUNDED', $order);
    my $reply;
    $paypal->set(trouble => '500', on => 'any');
    $reply = Faults::Load->one_by_one($stand->{port}, $request) for 1 .. 3;
    like($reply->{body}, qr/"pending"/, 'an event is stored');
    is($postgres->value('SELECT count(*) FROM orders.provider_notice WHERE resource_id = ?', $refund), 1, 'three deliveries of a body are stored once');
    $paypal->set;
    settles($order, $refund, 'PayPal works again');
};

# Kills httpd as a whole, and starts it again.
sub kill_httpd {
    my $pid = delete $stand->{httpd};
    my @children = children_of($pid);
    kill KILL => $pid, @children;
    wait_or_die('the end of httpd', 10, sub { ended($pid) && !grep { kill 0 => $_ } @children });
    $stand->start_httpd(channels => $channel);
}

subtest 'httpd is killed after the response' => sub {
    my ($order, $refund) = refunded_order();
    $paypal->set(trouble => '500', on => 'get', times => 1);
    like(webhook('PAYMENT.CAPTURE.REFUNDED', $order)->{body}, qr/"pending"/, 'an event is acknowledged');
    kill_httpd();
    $paypal->set;
    settles($order, $refund, 'after the restart');
};

subtest 'httpd is killed while it verifies' => sub {
    my ($order, $refund) = refunded_order();
    $paypal->set(trouble => 'stuck', on => 'get', delay => 30);
    my $request = request_of('PAYMENT.CAPTURE.REFUNDED', $order);
    my $sender = fork // die "fork: $!\n";
    if (!$sender) { Faults::Load->one_by_one($stand->{port}, $request); POSIX::_exit(0) }
    wait_or_die('the notice', 10, sub { notice_of($refund)->{verdict} });
    kill_httpd();
    kill KILL => $sender;
    waitpid $sender, 0;
    $paypal->set;
    settles($order, $refund, 'after the restart');
};

subtest 'httpd is killed while it captures' => sub {
    my $order = one(create(++$buyer, 'ten', payment_method => 'external', payment_channel => 'paypal'))->{order};
    my $intent = payment_of($order)->{intent_id};
    $paypal->approve($intent);
    $paypal->set(trouble => 'stuck', on => 'get', delay => 30);
    my $request = request_of('CHECKOUT.ORDER.APPROVED', $order);
    my $sender = fork // die "fork: $!\n";
    if (!$sender) { Faults::Load->one_by_one($stand->{port}, $request); POSIX::_exit(0) }
    wait_or_die('the notice', 10, sub { notice_of($intent)->{verdict} });
    kill_httpd();
    kill KILL => $sender;
    waitpid $sender, 0;
    $paypal->set;
    ok(eval { wait_or_die('the capture', 20, sub { hurry(); state_of($order) eq 'paid' }) }, 'an approval is captured after the restart') or diag(state_of($order));
    is(scalar @{ $paypal->order($intent)->{purchase_units}[0]{payments}{captures} }, 1, 'the capture is requested once');
    ok(eval { wait_or_die('the notice', 20, sub { hurry(); notice_of($intent)->{verdict} eq 'verified' }) }, 'the notice is verified');
};

is($postgres->value(q(SELECT count(*) FROM orders.provider_notice WHERE verdict <> 'verified')), 0, 'no event is left');
closing(stand => $stand, log => $log, checker => $checker);
done_testing();
