#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Reconciliations with PayPal while its transaction search hangs or fails, and while httpd is killed: no payment is delayed, and no page is lost.
# Then the database is restored to an earlier time, while PayPal keeps its state. After the steps of docs/operations.md, the sums of both are equal.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Client qw(create);
use Faults::Data;
use Faults::Load;
use Faults::Postgres;
use Faults::Scenario qw(closing);
use Faults::Stand;
use Faults::Text qw(from_json);
use ModOrders::PayPal;
use ModOrders::Process qw(children_of ended run_quiet wait_or_die);
use Test::More;
use Time::HiRes qw(time);

# PayPal lists only transactions that are older than three hours. The scenario dates those of both sides back by five hours.
my $AGE = 5 * 3600;

my $stand  = Faults::Stand->new->start_postgres;
my $port   = $stand->{port} + 2;
my $secret = $stand->secret_file('paypal.secret');
my $paypal = ModOrders::PayPal->start(port => $port, secret_file => $secret, log => "$stand->{dir}/paypal.log",
    notify_url => "http://127.0.0.1:$stand->{port}/api/v1/admin/payments/paypal/events");
my $channel = "OrdersPaymentChannel paypal provider=paypal url=http://127.0.0.1:$port client-id=$ModOrders::PayPal::CLIENT_ID \\\n"
    . "    secret-file=$secret webhook-id=$ModOrders::PayPal::WEBHOOK_ID ca-file=@{[$paypal->ca_file]} timeout=20";

sub value { return $stand->postgres->value(@_) }
sub start { return $stand->start_httpd(channels => $channel) }
sub switch { my (%to) = @_; return $paypal->set(age => $AGE, %to) }

%Faults::Data::plan = (%Faults::Data::plan, euro => [ 77, 1999 ], yen => [ 78, 700 ]);
$stand->postgres->db->do(q(INSERT INTO orders.payment_channel (tenant_id, external_ref, name, provider) VALUES (1, 'paypal', 'PayPal', 'paypal')));
$stand->postgres->db->do(q(INSERT INTO orders.plan (tenant_id, id, external_ref, slug, name, price, currency, duration_unit, duration_value)
    VALUES (1, 77, 'euro', 'euro', 'Euro', 1999, 'EUR', 'month', 1), (1, 78, 'yen', 'yen', 'Yen', 700, 'JPY', 'month', 1)));
switch();
start();

# --- requests ------------------------------------------------------------------------------------------------------

sub ask {
    my ($method, $path, $body) = @_;
    my $reply = Faults::Load->one_by_one($stand->{port}, {method => $method, path => "/api/v1/admin$path", token => Faults::Data::secret('operator'),
        defined $body ? (body => $body) : ()});
    return {%$reply, json => from_json($reply->{body})};
}

my $buyer = 0;
sub placed {
    my ($plan) = @_;
    my $reply = Faults::Load->one_by_one($stand->{port}, create(++$buyer, $plan, payment_method => 'external', payment_channel => 'paypal'));
    my $json  = from_json($reply->{body});
    return ($json->{order} || $json)->{id} // die "no order: $reply->{status} $reply->{body}\n";
}

sub payment_of { my ($order) = @_; return ($stand->postgres->rows('SELECT * FROM orders.payment WHERE tenant_id = 1 AND order_id = ?', $order))[0] }
sub sums_of { my ($order) = @_; return join ' ', $stand->postgres->db->selectrow_array('SELECT captured, refunded FROM orders.orders WHERE tenant_id = 1 AND id = ?', undef, $order) }

sub pay {
    my ($order) = @_;
    $paypal->approve(payment_of($order)->{intent_id});
    wait_or_die("the payment of order $order", 20, sub { payment_of($order)->{transaction_id} && sums_of($order) !~ /^0 / });
    return $order;
}

sub refund {
    my ($order, $amount) = @_;
    my $before = (split / /, sums_of($order))[1];
    my $reply  = ask(POST => "/orders/$order/refund", {reason => 'back', amount => $amount});
    die "no refund: $reply->{status} $reply->{body}\n" if $reply->{status} !~ /^20[01]$/;
    wait_or_die("the refund of order $order", 20, sub { (split / /, sums_of($order))[1] == $before + $amount });
    return $order;
}

# --- reconciliations -----------------------------------------------------------------------------------------------

sub ago { my ($seconds) = @_; return value(q(SELECT to_char(now() AT TIME ZONE 'UTC' - make_interval(secs => ?), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')), $seconds) }

sub started {
    wait_or_die('the end of another reconciliation', 30, sub { !value(q(SELECT count(*) FROM orders.reconciliation WHERE state = 'running')) });
    $stand->postgres->db->do(q(UPDATE orders.provider_transaction SET created_at = created_at - make_interval(secs => ?) WHERE created_at > now() - interval '1 hour'), undef, $AGE);
    my $reply = ask(POST => '/reconciliations', {channel => 'paypal', from => ago(86_400), to => ago(0)});
    die "no reconciliation: $reply->{status} $reply->{body}\n" if $reply->{status} != 201;
    return $reply->{json}{id};
}

sub ended_reconciliation {
    my ($id) = @_;
    my $now;
    wait_or_die("the end of reconciliation $id", 30, sub { $now = ask(GET => "/reconciliations/$id")->{json}; $now->{state} ne 'running' });
    return $now;
}

sub reconciled { return ended_reconciliation(started()) }

sub counts { my ($r) = @_; return join ' ', map { "$_ $r->{$_}" } qw(state matched different missing_there) }
sub differences { return @{ ask(GET => '/reconciliation-differences?channel=paypal&state=open&limit=200')->{json}{differences} } }
sub hurry { return value(q(UPDATE orders.due SET due_at = now() WHERE kind = 'reconciliation' RETURNING id)) }

# Captures less refunds by currency, here and at PayPal.
sub ours {
    my %sums = map { $_->{currency} => $_->{net} } $stand->postgres->rows(q(SELECT p.currency, sum(p.captured - p.refunded)::bigint AS net
        FROM (SELECT o.currency, o.captured, o.refunded FROM orders.orders o JOIN orders.payment p ON p.tenant_id = o.tenant_id AND p.order_id = o.id
              WHERE o.tenant_id = 1 AND p.channel = 'paypal') p GROUP BY 1));
    return \%sums;
}

sub theirs {
    my $sums = $paypal->sums;
    return { map { $_ => ($sums->{$_}{capture} - $sums->{$_}{refund}) / ($_ eq 'JPY' ? 100 : 1) } keys %$sums };
}

# --- scenarios -----------------------------------------------------------------------------------------------------

refund(pay(placed('ten')), 400);
pay(placed('euro'));
is(counts(reconciled()), 'state done matched 3 different 0 missing_there 0', 'both sides are equal');

subtest 'the transaction search does not respond' => sub {
    my $id = do { switch(trouble => 'stuck', on => 'search', delay => 60); started() };
    wait_or_die('a search', 15, sub { $paypal->state->{waiting} });
    my $from = time;
    pay(placed('ten'));
    cmp_ok(time - $from, '<', 5, 'a payment is captured during the search');
    my $pid = delete $stand->{httpd};
    $from = time;
    kill WINCH => $pid;
    wait_or_die('the stop', 30, sub { ended($pid) });
    cmp_ok(time - $from, '<=', 5.5, sprintf 'a graceful stop takes %.1f s', time - $from);
    is(value('SELECT attempts FROM orders.due WHERE kind = \'reconciliation\' AND id = ?', $id), 0, 'a stop does not count as a failed attempt');
    switch();
    start();
    hurry();
    is(counts(ended_reconciliation($id)), 'state done matched 4 different 0 missing_there 0', 'the page is read after the restart');
};

subtest 'the transaction search fails' => sub {
    switch(trouble => '500', on => 'search', times => 1);
    my $id = started();
    my $due = sub { ($stand->postgres->rows('SELECT attempts, due_at > now() + interval \'20 seconds\' AS later FROM orders.due WHERE kind = \'reconciliation\' AND id = ?', $id))[0] };
    ok(eval { wait_or_die('the failure', 15, sub { my $row = $due->(); $row && $row->{attempts} == 1 && $row->{later} }) }, 'a failure is counted and postponed');
    my $failed = ask(GET => "/reconciliations/$id")->{json};
    is("$failed->{state} $failed->{error}{code}", 'running provider_unreachable', 'the reconciliation has the cause of the failure');
    pay(placed('ten'));
    hurry();
    is(ended_reconciliation($id)->{state}, 'done', 'the next attempt succeeds');
};

subtest 'httpd is killed between two pages' => sub {
    my $searches = sub { $paypal->state->{counts}{searches} };
    switch(page_size => 1, trouble => 'slow', on => 'search', delay => 1);
    my ($before, $id) = ($searches->(), started());
    my $pages = sub { value('SELECT pages FROM orders.reconciliation WHERE id = ?', $id) };
    wait_or_die('the second page', 15, sub { $pages->() == 1 && $searches->() == $before + 2 });
    my $pid = delete $stand->{httpd};
    my @children = children_of($pid);
    kill KILL => $pid, @children;
    wait_or_die('the end of httpd', 10, sub { ended($pid) && !grep { kill 0 => $_ } @children });
    is($pages->(), 1, 'one page is recorded');
    switch(page_size => 1);
    start();
    hurry();
    my $done = ended_reconciliation($id);
    is(counts($done), 'state done matched 5 different 0 missing_there 0', 'the other pages are read after the restart');
    is($searches->() - $before, $pages->() + 1, 'only the interrupted page is read twice');
};

subtest 'a restore to an earlier time' => sub {
    switch();
    my $primary = $stand->postgres;
    my ($lost_capture, $yen) = (placed('ten'), placed('yen'));
    my $lost_refund = pay(placed('euro'));
    my $second_refund = refund(pay(placed('ten')), 100);
    my $sent_again = pay(placed('euro'));
    switch(trouble => '500', on => 'refund');
    like(ask(POST => "/orders/$sent_again/refund", {reason => 'back', amount => 500})->{status}, qr/^20[01]$/, 'a refund that fails at PayPal');
    $paypal->settled;

    $stand->stop_httpd;
    delete $primary->{db};
    $primary->stop('fast');
    my $copy = Faults::Postgres->new(dir => $stand->{dir}, name => 'backup', port => $primary->{port})->copy_from($primary->{data});
    $primary->start;
    start();

    # changes that the restore loses
    switch();
    value(q(UPDATE orders.due SET due_at = now() WHERE kind = 'refund' RETURNING id));
    wait_or_die('the refund', 20, sub { sums_of($sent_again) eq '1999 500' });
    pay($_) for $lost_capture, $yen;
    refund($lost_capture, 250);
    refund($lost_refund, 999);
    refund($second_refund, 200);
    my $lost_order = pay(placed('ten'));
    my $lost_payment = payment_of($lost_order);
    $paypal->settled;
    my $net = theirs();
    is_deeply(ours(), $net, 'before the restore, the sums are those of PayPal');

    $stand->stop_httpd;
    delete $primary->{db};
    $primary->stop('fast');
    $primary->copy_from($copy->{data})->configure->start;
    $primary->db->do('SELECT orders_v1.skip_ids()');
    $stand->start_httpd(channels => $channel);
    isnt(ours()->{USD}, $net->{USD}, 'after the restore, the sums differ');

    my $first = reconciled();
    is($first->{state}, 'done', 'a reconciliation ends') or diag(explain($first));
    my %found;
    $found{"$_->{kind} $_->{there}{kind} " . ($_->{applicable} ? 'applicable' : '-')}++ for differences();
    is($found{'missing_here capture applicable'}, 2, 'the captures of known orders are found') or diag(explain(\%found));
    is($found{'missing_here capture -'}, 1, 'the capture of a lost order is found');
    cmp_ok($found{'missing_here refund applicable'} // 0, '>=', 2, 'the refunds of captures in the backup are found');
    for my $kind (qw(capture refund)) {
        for my $difference (grep { $_->{there}{kind} eq $kind } differences()) {
            next if !$difference->{applicable};
            my $reply = ask(POST => "/reconciliation-differences/$difference->{id}/apply", {});
            is($reply->{status}, 200, "a $kind is applied") or diag($reply->{body});
        }
    }
    is(sums_of($lost_capture), '1000 250', 'a capture and its refund');
    is(sums_of($yen), '700 0', 'an amount without decimals');
    is(sums_of($lost_refund), '1999 999', 'a refund');
    is(sums_of($second_refund), '1000 300', 'a second refund');
    wait_or_die('the refund', 20, sub { value(q(UPDATE orders.due SET due_at = now() WHERE kind = 'refund' RETURNING id)); sums_of($sent_again) eq '1999 500' });
    is(sums_of($sent_again), '1999 500', 'a refund that the worker sends again');

    switch(webhooks => 0);
    $paypal->refund($lost_payment->{transaction_id}, {currency_code => 'USD', value => '10.00'});
    my $again = reconciled();
    my @left = differences();
    is(join(' ', sort map { "$_->{kind} $_->{there}{kind} $_->{transaction_id}" } @left) =~ s/[A-Z0-9]{17}/./gr, 'missing_here capture . missing_here refund .',
        'the money of a lost order is refunded at PayPal') or diag(explain(\@left));
    is(ask(POST => "/reconciliation-differences/$_->{id}/resolve", {comment => 'The order was lost; refunded at PayPal.'})->{status}, 200, 'the difference of a lost order is resolved') for @left;

    my $last = reconciled();
    is($last->{missing_there}, 0, 'nothing is missing at PayPal');
    is_deeply([ differences() ], [], 'no difference is open');
    is_deeply(ours(), theirs(), 'the sums are those of PayPal');
    is_deeply([ $paypal->doubled ], [], 'no request has had two effects');
    ok(scalar(grep { /^refund / } $paypal->repeated), 'one refund was sent twice with one key');
};

closing(stand => $stand);
done_testing();
