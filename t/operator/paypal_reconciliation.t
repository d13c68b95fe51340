# SPDX-License-Identifier: Apache-2.0
# The worker reads the records of a simulated PayPal, and the differences to the order database are found and applied.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::PayPal;
use ModOrders::Test;

my $buyer   = make_user();
my $plan    = make_plan(price => 19_90, currency => 'EUR');
my $secret  = Apache::Test::vars('channel_secret_file');
my $channel = unique('paypal');
make_channel($channel, provider => 'paypal');

my $httpd  = ModOrders::Httpd->new(global => 'LogLevel orders:info');
my $paypal = ModOrders::PayPal->start(port => ModOrders::Httpd::free_port(), secret_file => $secret,
    notify_url => $httpd->url("/api/v1/admin/payments/$channel/events"));
$httpd->{server} = <<"END";
OrdersSecretFile secret
OrdersWorkerInterval 1
OrdersPaymentChannel $channel provider=paypal url=@{[ $paypal->url ]} client-id=$ModOrders::PayPal::CLIENT_ID \\
    secret-file=$secret webhook-id=$ModOrders::PayPal::WEBHOOK_ID ca-file=@{[ $paypal->ca_file ]} timeout=5
END
$httpd->write->start;

# PayPal lists only transactions that are older than three hours: the test dates the transactions of both sides back.
my $AGE = 5 * 3600;
sub switch { my (%to) = @_; return $paypal->set(age => $AGE, %to) }

sub order
{
    my $reply = api(POST => $httpd->url('/api/v1/user/orders'), token => $buyer->{token}, unchecked => 1,
        json => { plan_id => $plan->{id}, payment_method => 'external', payment_channel => $channel });
    is($reply->code, 200, 'an order by PayPal') or diag($reply->as_string);
    return $reply->{json}{order};
}

sub payment_of { return (rows('SELECT * FROM orders.payment WHERE tenant_id = 1 AND order_id = ?', $_[0]{id}))[0] }
sub capture_of { return $paypal->order(payment_of($_[0])->{intent_id})->{purchase_units}[0]{payments}{captures}[0]{id} }
sub state_of   { my $row = order_row($_[0]{id}); return "$row->{payment_state} $row->{captured} $row->{refunded}" }

sub paid
{
    my $order = order();
    $paypal->approve(payment_of($order)->{intent_id});
    ok(wait_for(sub { state_of($order) eq 'paid 1990 0' }), 'the order is paid') or diag(state_of($order), $httpd->log);
    return $order;
}

sub refunded
{
    my $order = paid();
    my $reply = api(POST => $httpd->url("/api/v1/admin/orders/$order->{id}/refund"), token => operator()->{token}, unchecked => 1, json => { amount => 990, reason => 'back' });
    like($reply->code, qr/^20[01]$/, 'a refund is accepted') or diag($reply->as_string);
    ok(wait_for(sub { state_of($order) =~ / 990$/ }, 20), 'the refund is recorded') or diag(state_of($order), $httpd->log);
    return $order;
}

my $operator = operator()->{token};
sub get  { return api(GET => $httpd->url("/api/v1/admin$_[0]"), token => $operator, unchecked => 1)->{json} }
sub post { my ($path, $document) = @_; return api(POST => $httpd->url("/api/v1/admin$path"), token => $operator, unchecked => 1, json => $document // {}) }

sub ago { my ($seconds) = @_; return (rows(q(SELECT to_char(now() AT TIME ZONE 'UTC' - make_interval(secs => ?), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at), $seconds))[0]{at} }

# A reconciliation of the last three days, when it has ended.
sub reconciled
{
    $paypal->settled;
    db()->do('UPDATE orders.provider_transaction t SET created_at = t.created_at - make_interval(secs => ?) FROM orders.payment p
              WHERE p.tenant_id = t.tenant_id AND p.id = t.payment_id AND p.channel = ? AND t.created_at > now() - interval \'1 hour\'', undef, $AGE, $channel);
    my $started = post('/reconciliations', { channel => $channel, from => ago(3 * 86_400), to => ago(0) });
    is($started->code, 201, 'a reconciliation starts') or diag($started->as_string);
    my $now;
    ok(wait_for(sub { $now = get("/reconciliations/$started->{json}{id}"); $now->{state} ne 'running' }, 20), 'the reconciliation ends') or diag($httpd->log);
    return $now;
}

sub counts { my ($r) = @_; return join ' ', map { "$_ $r->{$_}" } qw(state entries matched different missing_there ignored) }

sub differences { return @{ get("/reconciliation-differences?channel=$channel&state=open")->{differences} } }
sub open_kinds  { return join ', ', sort map { "$_->{kind} " . ($_->{there} || $_->{here})->{kind} } differences() }

subtest 'the daily reconciliation' => sub {
    my $daily;
    ok(wait_for(sub { ($daily) = @{ get("/reconciliations?channel=$channel")->{reconciliations} }; $daily && $daily->{state} eq 'done' }, 30), 'the worker starts the daily reconciliation')
        or diag($httpd->log);
    is(counts($daily), 'state done entries 0 matched 0 different 0 missing_there 0 ignored 0', 'the daily reconciliation is done');
    is((rows('SELECT orders_v1.plan_reconciliations(1, ?, \'paypal\') AS n', $channel))[0]{n}, 0, 'the daily reconciliation runs once a day');
};

subtest 'captures and refunds of both sides' => sub {
    refunded();
    paid();
    switch();
    is(counts(reconciled()), 'state done entries 3 matched 3 different 0 missing_there 0 ignored 0', 'both sides are equal') or diag(explain([ differences() ]));
    switch(page_size => 1);
    my $paged = reconciled();
    is(counts($paged), 'state done entries 3 matched 3 different 0 missing_there 0 ignored 0', 'both sides are equal with pages of one transaction');
    is((rows('SELECT pages FROM orders.reconciliation WHERE tenant_id = 1 AND id = ?', $paged->{id}))[0]{pages}, 3, 'three pages are read');
    switch(most => 0);
    my $split = reconciled();
    is($split->{state}, 'failed', 'a second with more transactions than PayPal lists ends the reconciliation') or diag(explain($split));
    is($split->{error}{code}, 'RESULTSET_TOO_LARGE', 'the error has the code of PayPal');
    switch(others => 1);
    is(counts(reconciled()), 'state done entries 7 matched 3 different 0 missing_there 0 ignored 4', 'other transactions of the account are ignored');
    is(open_kinds(), '', 'no difference is open');
};

subtest 'money that only PayPal knows' => sub {
    my ($lost, $paid) = (order(), paid());
    switch(webhooks => 0);
    my $intent = payment_of($lost)->{intent_id};
    $paypal->approve($intent);
    $paypal->capture($intent);
    $paypal->refund(capture_of($paid), { currency_code => 'EUR', value => '5.00' });
    my $found = reconciled();
    is($found->{different}, 2, 'two differences are found') or diag(explain($found));
    is(open_kinds(), 'missing_here capture, missing_here refund', 'a capture and a refund are missing here');
    is(state_of($lost), 'unpaid 0 0', 'the order is unchanged');
    for my $difference (differences()) {
        my $applied = post("/reconciliation-differences/$difference->{id}/apply");
        is($applied->code, 200, "a $difference->{there}{kind} is applied") or diag($applied->as_string);
    }
    is(state_of($lost), 'paid 1990 0', 'applying the capture pays its order');
    is(state_of($paid), 'partially_refunded 1990 500', 'applying the refund records it');
    my $after = reconciled();
    is("$after->{different} $after->{missing_there}", '0 0', 'no difference is open after the application');
    my ($ours) = map { { capture => $_->{captured}, refund => $_->{refunded} } } rows(q(SELECT sum(o.captured) AS captured, sum(o.refunded) AS refunded
        FROM orders.orders o JOIN orders.payment p ON p.tenant_id = o.tenant_id AND p.order_id = o.id WHERE p.tenant_id = 1 AND p.channel = ?), $channel);
    is_deeply($ours, $paypal->sums->{EUR}, 'the sums are those of PayPal');
};

subtest 'money that PayPal does not know' => sub {
    switch();
    my $order = paid();
    $paypal->hide(capture_of($order));
    is(reconciled()->{missing_there}, 1, 'one transaction is missing at PayPal');
    is(open_kinds(), 'missing_there capture', 'the capture is missing at PayPal');
    my ($difference) = differences();
    is($difference->{order}{id}, $order->{id}, 'the difference names the order');
};

subtest 'an app without the permission' => sub {
    switch(scope => 0);
    my $failed = reconciled();
    is($failed->{state}, 'failed', 'a missing permission ends the reconciliation');
    is($failed->{error}{code}, 'PERMISSION_DENIED', 'the error has the code PERMISSION_DENIED');
    like($failed->{error}{message}, qr/Enable "Transaction Search"/, 'the message names the permission to enable');
    like($httpd->log, qr/orders:error.*ORD0022 provider_refused - - worker: channel \Q$channel\E, reconciliation $failed->{id}: PayPal replied 403/, 'the failure is logged');
    switch();
    is(reconciled()->{state}, 'done', 'the next reconciliation succeeds with the permission');
};

subtest 'a page that the database refuses' => sub {
    db()->do(q(CREATE FUNCTION orders.refuse_page() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''refused by the test''; END'));
    db()->do('CREATE TRIGGER refuse_page BEFORE INSERT ON orders.reconciliation_entry FOR EACH STATEMENT EXECUTE FUNCTION orders.refuse_page()');
    my $id = post('/reconciliations', { channel => $channel, from => ago(3 * 86_400), to => ago(0) })->{json}{id};
    ok(wait_for(sub { get("/reconciliations/$id")->{error} }, 20), 'a page that cannot be stored is a failed attempt') or diag($httpd->log);
    is(get("/reconciliations/$id")->{state}, 'running', 'the reconciliation still runs');
    is((rows('SELECT attempts FROM orders.due WHERE tenant_id = 1 AND kind = \'reconciliation\' AND id = ?', $id))[0]{attempts}, 1, 'the attempt is counted');
    db()->do('DROP TRIGGER refuse_page ON orders.reconciliation_entry');
    db()->do('DROP FUNCTION orders.refuse_page()');
    db()->do('UPDATE orders.due SET due_at = now() WHERE tenant_id = 1 AND kind = \'reconciliation\' AND id = ?', undef, $id);
    ok(wait_for(sub { get("/reconciliations/$id")->{state} eq 'done' }, 20), 'the page is read again') or diag($httpd->log);
};

is_deeply([ $paypal->doubled ], [], 'no request had two effects');
invariants_hold();
done;
