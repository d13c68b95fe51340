#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Background jobs: run by one process at a time, without delay, and without blocking a stop.
use strict;
use warnings;
use ModOrders::Goods;
use ModOrders::Httpd;
use ModOrders::Test;
use Time::HiRes qw(sleep time);

my $buyer = make_user(balance => 100_00);
my $plan  = make_plan(price => 700);
my @as    = (token => $buyer->{token}, unchecked => 1);
my @staff = (token => operator()->{token}, unchecked => 1);
my $list  = '/api/v1/user/orders';

make_channel('simulator');

# Places an order with the channel. Its provider may be down.
sub by_channel
{
    my ($httpd) = @_;
    my $reply = api(POST => $httpd ? $httpd->url($list) : $list, @as,
        json => { plan_id => $plan->{id}, payment_method => 'external', payment_channel => 'simulator' });
    is($reply->code, 200, 'an order with a payment channel') or diag($reply->as_string);
    return $reply->{json}{order}{id};
}

sub payment_of { return (rows('SELECT * FROM orders.payment WHERE tenant_id = 1 AND order_id = ?', $_[0]))[0] }

# --- expiry, on the shared server with OrdersWorkerInterval 1 -------------------------------------------------------

subtest 'unpaid orders expire' => sub {
    my $id = by_channel();
    my $kept = by_channel();
    let_expire($id, q(now() - interval '1 s'));
    ok(wait_for(sub { order_row($id)->{state} eq 'expired' }, 5), 'within OrdersWorkerInterval');
    is(order_row($kept)->{state}, 'open', 'other orders stay open');
    is((rows(q(SELECT actor FROM orders_v1.order_history WHERE tenant_id = 1 AND order_id = ? AND to_state = 'expired'), $id))[0]{actor}, 'system',
        'the actor is the system') or diag(explain(rows('SELECT * FROM orders_v1.order_history WHERE tenant_id = 1 AND order_id = ?', $id)));
};

# --- bills, on the shared server ------------------------------------------------------------------------------------

subtest 'a bill is issued within a second, without a request' => sub {
    my $order = order_goods($buyer, payment_method => 'balance', lines => [ [ make_goods(prices => { USD => 1_00 }) ] ]);
    is_deeply([ @$order{qw(payment_state bill_no)} ], [ 'paid', undef ], 'an order that is paid when it is placed has no bill yet');
    my $paid = time;
    ok(wait_for(sub { order_row($order->{id})->{bill_no} }, 5), 'the bill is issued');
    cmp_ok(time - $paid, '<', 1.5, 'within a second');    # half a second more for a busy machine
};

# --- payments, with a provider that is down -------------------------------------------------------------------------

subtest 'a provider that was down' => sub {
    my $id = by_channel();
    is(payment_of($id)->{status}, 'created', 'the payment has no intent yet');
    my $provider = start_simulator();
    make_due(intent => $id);
    ok(wait_for(sub { payment_of($id)->{intent_id} }, 6), 'the worker creates the intent') or diag(explain(payment_of($id)));
    is(scalar(grep { $_->{payment_key} eq payment_of($id)->{provider_key} } @{ $provider->state->{intents} }), 1, 'exactly one intent is created');

    $provider->approve(payment_of($id)->{intent_id});
    ok(wait_for(sub { order_row($id)->{payment_state} eq 'paid' }, 8), 'the event of the payment settles the order') or diag(explain(order_row($id)));
    my $refund = api(POST => "/api/v1/admin/orders/$id/refund", @staff, json => { reason => 'back' });
    like($refund->code, qr/^20[01]$/, 'the refund is accepted') or diag($refund->as_string);
    ok(wait_for(sub { order_row($id)->{payment_state} eq 'refunded' }, 8), 'the worker sends the refund, and it settles') or diag(explain(order_row($id)));
};

# --- private servers ------------------------------------------------------------------------------------------------

my $port    = Apache::Test::vars('simulator_port');
my $secret  = Apache::Test::vars('channel_secret_file');
my $channel = "OrdersPaymentChannel simulator provider=http url=http://127.0.0.1:$port secret-file=$secret timeout=20";

subtest 'OrdersIdempotencyLifetime' => sub {
    my $keyed = sub {
        my ($key) = @_;
        api(POST => $list, @as, json => { plan_id => make_plan(price => 0)->{id} }, headers => { 'Idempotency-Key' => $key });
        return $key;
    };
    my ($old, $young) = map { $keyed->(unique('key')) } 1 .. 2;
    db()->do(q(UPDATE orders.idempotency SET created_at = now() - interval '61 s', started_at = now() - interval '61 s', completed_at = now() - interval '61 s' WHERE tenant_id = 1 AND key = ?), undef, $old);
    ok(scalar rows('SELECT 1 FROM orders.idempotency WHERE key = ?', $old), 'the default lifetime is longer');
    # As many records as a busy server writes in a minute: more than one call deletes.
    db()->do(q(INSERT INTO orders.idempotency (tenant_id, actor_id, route, key, fingerprint, answer, created_at, started_at, completed_at)
        SELECT 1, 0, 'busy', $1 || n, '', '[]', now() - interval '61 s', now() - interval '61 s', now() - interval '61 s'
        FROM generate_series(1, 25000) AS n), undef, $old);
    my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorkerInterval 1\nOrdersIdempotencyLifetime 60")->start;
    ok(wait_for(sub { !scalar rows('SELECT 1 FROM orders.idempotency WHERE key = ?', $old) }, 5), 'an older record is deleted');
    ok(wait_for(sub { !scalar rows(q(SELECT 1 FROM orders.idempotency WHERE tenant_id = 1 AND route = 'busy' LIMIT 1)) }, 5), '25,000 records are deleted');
    ok(scalar rows('SELECT 1 FROM orders.idempotency WHERE key = ?', $young), 'a newer record is kept');
};

subtest 'OrdersRetention' => sub {
    my $order = by_channel();
    my ($user) = map { $_->{buyer_id} } order_row($order);
    my $mail = sub { return (rows(q(INSERT INTO orders.mail (tenant_id, order_id, template, recipient, created_at, done_at)
        VALUES (1, ?, 'pay_link', 'old@example.com', now() - make_interval(days => ?), now()) RETURNING id), $order, $_[0]))[0]{id} };
    my ($old, $young) = ($mail->(3), $mail->(1));
    my $token = (rows(q(INSERT INTO orders.token (tenant_id, user_id, hash, scopes, expires_at)
        VALUES (1, ?, sha256(?::text::bytea), '{buyer}', now() - interval '3 days') RETURNING id), $user, unique('token')))[0]{id};
    my $cart = (rows(q(INSERT INTO orders.cart (tenant_id, code, user_id, company_id, currency, updated_at)
        VALUES (1, ?, ?, 0, 'USD', now() - interval '100 days') RETURNING id), uc unique('C'), $user))[0]{id};
    my $event = sub { return (rows(q(INSERT INTO orders.provider_event (tenant_id, channel, event_id, type, verdict, received_at, judged_at)
        VALUES (1, 'old', ?, 'ignored', 'unchanged', now() - interval '3 days', now()) RETURNING id), unique('event')))[0]{id} };
    my $kept = $event->();
    my $has = sub { my ($table, $id) = @_; return scalar rows("SELECT 1 FROM orders.$table WHERE tenant_id = 1 AND id = ?", $id) };
    my $hook = sub { return (rows(q(SELECT id, (endpoint).public_id FROM orders_v1.create_webhook(1, 'operator', 'operator', NULL, 'webhooks', NULL, NULL,
        'https://hooks.example/', '{return.rejected}', NULL, NULL, false))))[0] };
    my ($live, $deleted) = ($hook->(), $hook->());
    my ($delivery, $gone) = map { (rows(q(INSERT INTO orders.webhook_delivery (tenant_id, endpoint_id, message_id, type, event_epoch, event_xid, subject, subject_id, next_at, state, done_at)
        VALUES (1, $1, 'test-' || $1, 'webhook.test', 0, '0', 'webhook_endpoint', $1, now(), 'delivered', now() - interval '29 days') RETURNING id), $_->{id}))[0]{id} } $live, $deleted;
    my $delete = sub { db()->do(q(SELECT orders_v1.delete_webhook(1, 'operator', 'operator', NULL, 'webhooks', NULL, NULL, ?::uuid, NULL)), undef, $_[0]{public_id}) };
    $delete->($deleted);
    my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersRetention mails=2 tokens=2 carts=99 provider-events=0 webhooks=0")->start;
    ok(wait_for(sub { !$has->(mail => $old) && !$has->(token => $token) && !$has->(cart => $cart) }, 8), 'old records are deleted');
    ok($has->(mail => $young), 'a younger mail is kept');
    ok($has->(provider_event => $kept), '0 keeps all records of a kind');
    ok(wait_for(sub { !$has->(webhook_delivery => $gone) }, 8), 'the messages to a deleted webhook are deleted');
    ok($has->(webhook_delivery => $delivery), 'the messages to other webhooks are kept');
    $delete->($live);
    undef $httpd;
    $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersRetention provider-events=2")->start;
    ok(wait_for(sub { !$has->(provider_event => $kept) }, 8), 'events of providers are deleted');
};

subtest 'OrdersWorker Off' => sub {
    # The worker of the shared server does the jobs.
    my $off = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorker Off")->start;
    my $id = by_channel();
    let_expire($id, q(now() - interval '1 s'));
    ok(wait_for(sub { order_row($id)->{state} eq 'expired' }, 5), 'another server expires the order');
    sleep 2; # longer than OrdersWorkerInterval
    unlike($off->log, qr/worker(?!: off)/, 'a server with OrdersWorker Off runs no worker');
};

subtest 'a hanging provider does not delay a stop' => sub {
    require ModOrders::Simulator;
    my $own      = ModOrders::Process::free_port(); # the shared server must not reach this simulator
    my $provider = ModOrders::Simulator->start(port => $own, secret_file => $secret);
    my $id       = by_channel();
    $provider->mode('slow', delay => 60, times => 100);
    for my $signal ('TERM', 'WINCH') {
        my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorkerInterval 1\n" . $channel =~ s/:$port/:$own/r)->start;
        my $asked = $provider->state->{counts}{requests};
        my $hangs = sub {
            return 1 if $provider->state->{counts}{requests} > $asked;
            make_due(intent => $id);
            return 0;
        };
        ok(wait_for($hangs, 10), "$signal: a call hangs");
        # httpd checks its child processes once a second, so a stop takes up to 3 s. The call would take 20 s.
        cmp_ok($httpd->stop($signal), '<', 6, "$signal: the stop does not wait for the call");
        like($httpd->log, qr/provider_unreachable .*the call was cancelled/, "$signal: the call was cancelled");
    }
};

subtest 'the worker waits for a session for a shorter time than requests' => sub {
    my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorkerInterval 1\nOrdersSessions 1\nOrdersQueueTimeout 30000")->start;
    my $blocker = ModOrders::Test::connect_as($ENV{PGUSER});
    $blocker->begin_work;
    $blocker->do('LOCK TABLE orders.orders IN ACCESS EXCLUSIVE MODE');
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        api(GET => $httpd->url($list), @as) for 1 .. 3;
        require POSIX;
        POSIX::_exit(0);
    }
    ok(wait_for(sub { $httpd->log =~ /worker: no database session became free in time/ }, 8), 'the run is skipped') or diag($httpd->log);
    $blocker->rollback;
    waitpid $pid, 0;
};

subtest 'a graceful restart' => sub {
    my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorkerInterval 1")->start;
    my @codes;
    for my $round (1 .. 5) {
        kill 'USR1', $httpd->pid;
        for (1 .. 10) { push @codes, api(GET => $httpd->url($list), @as, headers => { Connection => 'close' })->code; sleep 0.05 }
    }
    is(scalar(grep { $_ != 200 } @codes), 0, 'no request is refused during five restarts');
    unlike($httpd->log, qr/\[orders:(?:error|crit)\]|exit signal/, 'no errors in the log') or diag($httpd->log);
};

done;
