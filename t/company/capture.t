# SPDX-License-Identifier: Apache-2.0
# A capture at PayPal is interrupted at different points. The worker determines the outcome, and the buyer pays once. Until then,
# the order cannot be paid or cancelled otherwise.
use strict;
use warnings;
use ModOrders::PayLinkShop;
use ModOrders::Test;
use URI;

my $shop = ModOrders::PayLinkShop->start(timeout => 20, name => 'Shop', prices => { EUR => 12_345 });
my ($httpd, $paypal, $mail) = @$shop{qw(httpd paypal mail)};

sub desk { return $shop->desk(@_) }

# An order that the buyer has approved at PayPal without returning; its number and pay link.
sub approved
{
    my $order = $shop->order;
    my ($link) = $shop->link_of($order);
    $paypal->browse(ask(POST => "$link/pay")->header('Location'), 'approve');
    return ($order, $link);
}

sub row_of     { return (rows('SELECT * FROM orders.orders WHERE tenant_id = 1 AND number = ?', $_[0]))[0] }
sub payment_of { return (rows('SELECT * FROM orders.payment WHERE tenant_id = 1 AND order_id = ? ORDER BY id DESC LIMIT 1', row_of($_[0])->{id}))[0] }
sub state      { my $row = row_of($_[0]); return "$row->{state} $row->{payment_state}" }
sub captures   { return @{ $paypal->order_of_payment(payment_of($_[0])->{provider_key})->{purchase_units}[0]{payments}{captures} || [] } }

# The idempotency keys of the capture requests for the payment of this order.
sub keys_of
{
    my ($order) = @_;
    my $key = payment_of($order)->{provider_key};
    return map { $_->{key} } grep { $_->{kind} eq 'capture' && $_->{key} =~ /\Q$key\E\z/ } @{ $paypal->state->{asked} };
}

# Makes the poll of the worker due.
sub hurry { make_due(capture => row_of($_[0])->{id}); return 1 }

# The buyer returns, and all children of httpd are killed after PayPal has received the capture request.
sub comes_back_and_crashes
{
    my ($order, $link) = @_;
    my $child = fork // die "fork: $!";
    if (!$child) {
        eval { ask(GET => "$link/return") };
        require POSIX;
        POSIX::_exit(0);
    }
    ok(wait_for(sub { $paypal->state->{waiting} }, 10), 'PayPal receives the capture request');
    my $written = payment_of($order);
    my $pid = $httpd->pid;
    open my $children, '<', "/proc/$pid/task/$pid/children" or die "children of $pid: $!";
    kill KILL => split ' ', scalar <$children>;
    waitpid $child, 0;
    ok($written->{capture_asked_at} && due_row(capture => row_of($order)->{id}), 'the capture request was recorded before');
    ok(wait_for(sub { ask(GET => "$link/result")->code == 200 }, 20), 'httpd has new children');
    return;
}

for my $case ([ stuck => 'before PayPal captures' ], [ slow => 'after PayPal has captured' ]) {
    my ($trouble, $when) = @$case;
    subtest "httpd is killed $when" => sub {
        $paypal->set(webhooks => 0);
        my ($order, $link) = approved();
        $paypal->set(webhooks => 0, trouble => $trouble, on => 'capture', delay => 15);
        comes_back_and_crashes($order, $link);
        $paypal->set(webhooks => 0);
        is(state($order), 'open unpaid', 'the order is still unpaid');
        is(desk('cancel', order_number => $order)->{json}{error_name}, 'confirming', 'the order cannot be cancelled');
        is(desk('payment', order_number => $order, transaction_id => unique('tx'))->{json}{error_name}, 'confirming', 'the order cannot be paid by card');
        like(ask(GET => "$link/pay")->decoded_content, qr/being confirmed/, 'the page shows that the payment is being confirmed');
        is(URI->new_abs(ask(POST => "$link/pay")->header('Location'), "$link/pay"), "$link/pay", 'the page does not start a second payment');
        hurry($order);
        ok(wait_for(sub { state($order) eq 'completed paid' }, 10), 'the worker completes the order') or diag(state($order), $httpd->log);
        is(scalar captures($order), 1, 'PayPal has one capture');
        my %keys = map { $_ => 1 } keys_of($order);
        is(scalar keys %keys, 1, 'all capture requests had the same key') or diag(explain(\%keys));
        is(payment_of($order)->{capture_asked_at}, undef, 'the outcome is known');
        done;
    };
}

subtest 'an operator cancels while the outcome is unknown' => sub {
    $paypal->set(webhooks => 0);
    my ($order, $link) = approved();
    $paypal->set(webhooks => 0, trouble => 'lose_reply', on => 'capture', times => 1);
    is(ask(GET => "$link/return")->code, 200, 'the reply is lost');
    is(state($order), 'open confirming', 'the order is confirming');
    is(desk('cancel', order_number => $order)->{json}{error_name}, 'confirming', 'a salesperson cannot cancel it');
    is(ask(POST => $httpd->url('/admin/orders/' . row_of($order)->{id} . '/pay'), token => operator()->{token}, json => {})->{json}{code},
        'order_not_payable', 'the payment cannot be settled manually');
    is(ask(POST => $httpd->url('/admin/orders/' . row_of($order)->{id} . '/cancel'), token => operator()->{token}, json => {})->code, 200, 'an operator can cancel it');
    is(state($order), 'cancelled closed', 'the order is cancelled');
    hurry($order);
    ok(wait_for(sub { hurry($order); row_of($order)->{payment_state} =~ /^refund/ }, 10), 'the worker finds the payment') or diag(state($order), $httpd->log);
    make_due(refund => row_of($order)->{id});
    ok(wait_for(sub { state($order) eq 'cancelled refunded' }, 10), 'the payment is refunded') or diag(state($order), $httpd->log);
    is((captures($order))[0]{status}, 'REFUNDED', 'PayPal has refunded the capture');
    $paypal->set;
    done;
};

subtest 'a cancelled order is not captured' => sub {
    $paypal->set(webhooks => 0);
    my ($order, $link) = approved();
    $paypal->set(webhooks => 0, trouble => '500', on => 'capture', times => 1);
    ask(GET => "$link/return");
    is(ask(POST => $httpd->url('/admin/orders/' . row_of($order)->{id} . '/cancel'), token => operator()->{token}, json => {})->code, 200, 'the operator cancels the order');
    hurry($order);
    sleep 2;
    isnt(payment_of($order)->{capture_asked_at}, undef, 'the outcome is still unknown');
    db()->do(q(UPDATE orders.payment SET capture_asked_at = now() - interval '6 minutes' WHERE tenant_id = 1 AND id = ?), undef, payment_of($order)->{id});
    hurry($order);
    ok(wait_for(sub { !payment_of($order)->{capture_asked_at} }, 10), 'later the outcome is known') or diag($httpd->log);
    is(scalar captures($order), 0, 'PayPal has no capture');
    is(state($order), 'cancelled closed', 'the order stays cancelled');
    $paypal->set;
    done;
};

subtest 'a capture of another amount' => sub {
    $paypal->set(webhooks => 0);
    my ($order, $link) = approved();
    my $payment = payment_of($order);
    my $amount  = sub { db()->do('UPDATE orders.payment SET amount = ? WHERE tenant_id = 1 AND id = ?', undef, $_[0], $payment->{id}) };
    $amount->($payment->{amount} - 1);
    ask(GET => "$link/return");
    my $id = (captures($order))[0]{id};
    like($httpd->log, qr/ORD0039 provider_event_refused \S+ - company\.\S+: channel paypal, event capture:$id:paid \(paid\), payment $payment->{id}, .*: amount_mismatch/,
        'is logged with the id and the type of the stored event');
    my ($stored) = rows('SELECT event_id, type, refusal FROM orders.provider_event WHERE tenant_id = 1 AND payment_id = ?', $payment->{id});
    is_deeply($stored, { event_id => "capture:$id:paid", type => 'paid', refusal => 'amount_mismatch' }, 'the event is stored as refused');
    $amount->($payment->{amount});
    $paypal->set;
    done;
};

$httpd->stop;
invariants_hold();
done;
