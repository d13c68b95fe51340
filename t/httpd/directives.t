#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Effect and inheritance of each directive. See also bodies.t (OrdersMaxBody, OrdersBodyTimeout), auth.t, sessions.t and worker.t.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::MailServer;
use ModOrders::Test;
use POSIX ();
use Time::HiRes qw(sleep time);

my $buyer = make_user(balance => 100_00);
my $plan  = make_plan(price => 0);
my @as    = (token => $buyer->{token}, unchecked => 1);
place($buyer, $plan) for 1 .. 5;

# --- OrdersPageSize -------------------------------------------------------------------------------------------------

sub page_of
{
    my ($path) = @_;
    my $reply = api(GET => $path, @as);
    return join ' ', scalar @{ $reply->{json}{orders} || [] }, $reply->{json}{pagination}{per_page} // '-';
}
is(page_of('/sections/user'),                         '5 20', 'without OrdersPageSize: default of the API');
is(page_of('/sections/pages'),                        '2 2',  'a configured default');
is(page_of('/sections/pages?per_page=50'),            '3 3',  'a configured maximum');
is(page_of('/sections/pages/inner?per_page=50'),      '3 3',  'a nested section inherits default and maximum');
is(page_of('/sections/pages/own'),                    '1 1',  'a nested section overrides the default');
is(page_of('/sections/pages/own?per_page=50'),        '5 50', 'a nested section with a default only has the maximum of the API');

# --- OrdersMaxQuantity ----------------------------------------------------------------------------------------------

sub buy
{
    my ($path, %fields) = @_;
    return api(POST => $path, @as, json => { plan_id => $plan->{id}, %fields });
}
is(buy('/sections/user', quantity => 10)->code, 200, 'OrdersMaxQuantity: default 10');
refused(buy('/sections/user', quantity => 11), 422, 'invalid_fields', 'quantity');
is(buy('/sections/pages/inner', quantity => 2)->code, 200, 'OrdersMaxQuantity: inherited value');
refused(buy('/sections/pages/inner', quantity => 3), 422, 'invalid_fields', 'quantity');

# --- OrdersReturnURL ------------------------------------------------------------------------------------------------

make_channel('simulator');
my $paid = make_plan(price => 500);
sub return_to
{
    my ($path, $url) = @_;
    my $reply = api(POST => $path, @as, json => { plan_id => $paid->{id}, payment_method => 'external',
        payment_channel => 'simulator', payment_return_url => $url });
    my ($error) = grep { $_->{field} eq 'payment_return_url' } @{ $reply->{json}{errors} || [] };
    return $error ? $error->{code} : $reply->{json}{code} // 'accepted';
}
is(return_to('/sections/returns',       'https://one.example/done'),  'accepted', 'OrdersReturnURL: the first prefix is allowed');
is(return_to('/sections/returns',       'https://two.example/back/1'), 'accepted', 'OrdersReturnURL: the second prefix is allowed');
is(return_to('/sections/returns',       'https://two.example/other'), 'return_url_not_allowed', 'OrdersReturnURL: another path is refused');
is(return_to('/sections/returns/inner', 'https://one.example/done'),  'accepted', 'a nested section inherits the prefixes');
is(return_to('/sections/returns/own',   'https://three.example/'),    'accepted', 'a nested section overrides the prefixes');
is(return_to('/sections/returns/own',   'https://one.example/done'),  'return_url_not_allowed', 'a nested section with prefixes does not inherit any');
is(return_to('/sections/user',          'https://one.example/done'),  'return_url_not_allowed', 'without OrdersReturnURL every URL is refused');

# --- OrdersPaymentExpiry, OrdersRefundWindow, OrdersReturnWindow, OrdersStatementTimeout ----------------------------

sub expiry_of
{
    my ($path) = @_;
    my $reply = api(POST => $path, @as, json => { plan_id => $paid->{id}, payment_method => 'external', payment_channel => 'simulator' });
    my ($row) = rows('SELECT extract(epoch FROM expires_at - created_at)::integer AS s FROM orders.orders WHERE tenant_id = 1 AND id = ?',
        $reply->{json}{order}{id});
    return $row->{s};
}
is(expiry_of('/sections/user'),   900, 'OrdersPaymentExpiry: default 900');
is(expiry_of('/sections/expiry'), 60,  'OrdersPaymentExpiry: configured value');

my $bought = place($buyer, make_plan(price => 100))->{order}{id};
my @staff  = (token => operator()->{token}, unchecked => 1);
refused(api(POST => "/sections/window/orders/$bought/refund", @staff, json => { reason => 'late' }), 409, 'refund_window_closed');
is(api(POST => "/api/v1/admin/orders/$bought/refund", @staff, json => { reason => 'early' })->code, 201, 'OrdersRefundWindow: default 30');

upsert('products', my $lamp = unique('lamp'), name => 'Lamp', returnable => JSON::PP::true(), variants => [ { ref => 'x', prices => { USD => 100 } } ]);
for my $case ([ '/sections/window', 2, 'return_window_closed' ], [ '/sections/window/inner', 2, 'return_window_closed' ], [ '/sections/window', 0.5, undef ], [ '/api/v1/admin', 29, undef ], [ '/api/v1/admin', 31, 'return_window_closed' ]) {
    my ($path, $days, $says) = @$case;
    my $order = api(POST => '/api/v1/admin/orders', @staff, json => { dialect => 'shop', user => $buyer->{ref}, currency => 'USD', payment_method => 'cod', lines => [ { product => $lamp } ] })->{json};
    ModOrders::Test::call_as_operator('advance', $order->{id}, 'packed', (undef) x 4);
    ModOrders::Test::call_as_operator('ship', $order->{id}, '{}', undef);
    ModOrders::Test::call_as_operator('advance', $order->{id}, 'delivered', (undef) x 4);
    db()->do(q(UPDATE orders.shipment SET delivered_at = now() - ? * interval '24 hours' WHERE tenant_id = 1 AND order_id = ?), undef, $days, $order->{id});
    my $reply = api(POST => "$path/orders/$order->{id}/returns", @staff, json => { lines => [ { id => $order->{lines}[0]{id} } ], reason => 'late' });
    is($reply->{json}{code}, $says, "OrdersReturnWindow: $path $days days after delivery") or diag($reply->as_string);
}

subtest 'OrdersStatementTimeout' => sub {
    my $blocker = db()->clone;
    $blocker->begin_work;
    $blocker->do('LOCK TABLE orders.orders IN ACCESS EXCLUSIVE MODE');
    my $from  = time;
    my $reply = api(GET => '/sections/slow', @as);
    my $took  = time - $from;
    $blocker->rollback;
    is($reply->code, 503, 'a blocked statement gets 503') or diag($reply->as_string);
    cmp_ok($took, '>', 0.9, 'the statement is not cancelled before the timeout');
    cmp_ok($took, '<', 2.5, 'within the time limit');
    is(api(GET => '/sections/slow', @as)->code, 200, 'the next request succeeds');
};

# Sends a request whose statement waits for a lock, and returns its text in pg_stat_activity.
sub delayed
{
    my ($path, $id, $seconds, @token) = @_;
    my $blocker = db()->clone;
    $blocker->begin_work;
    $blocker->do('LOCK TABLE orders.orders, orders.token IN ACCESS EXCLUSIVE MODE');
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        my $reply = api(GET => $path, unchecked => 1, @token, headers => { 'X-Request-Id' => $id });
        POSIX::_exit($reply->code == 200 ? 0 : 1);
    }
    sleep $seconds;
    my @waiting = rows(q(SELECT query FROM pg_stat_activity WHERE usename = 'orders_api' AND wait_event_type = 'Lock'));
    $blocker->rollback;
    waitpid $pid, 0;
    is($?, 0, "$path: a statement that waits for $seconds s");
    return join "\n", map { $_->{query} } @waiting; # those of the worker too
}

subtest 'OrdersSlowStatement' => sub {
    my $mark = log_mark();
    my $one = place($buyer, $plan)->{order}{id};
    delayed("/sections/slow/$one", 'slow.1', 0.4, @as);
    ok(wait_for_log($mark, qr/\[orders:warn\] .*slow_statement slow\.1 - user\.detail: \w+ took \d{3} ms, server process \d+$/), 'the statement is logged');
    $mark = log_mark();
    delayed('/sections/user', 'slow.2', 0.4, @as);
    delayed('/sections/quick', 'slow.3', 1.2, @as);
    is(scalar(grep { /slow_statement slow\.[23]/ } log_since($mark)), 0, 'no line below the default limit, and with off');
};

# pg_stat_activity has the first 1024 bytes of a statement. The lookup of a token is shorter.
subtest 'the request id in statements' => sub {
    my $look_up = sub {
        my ($setting) = @_;
        my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorker Off\nOrdersPreparedStatements $setting")->start;
        return delayed($httpd->url('/api/v1/user/orders'), 'look.1', 0.4, token => make_user()->{token});
    };
    like($look_up->('Off'), qr{token_identity.*\S; /\*request_id='look\.1',route='user\.list'\*/$}m, 'a statement that is not prepared has a comment');
    return if $ENV{ORDERS_PG_BOUNCER};
    my $prepared = $look_up->('On');
    like($prepared, qr/token_identity/, 'a prepared statement waits');
    unlike($prepared, qr{/\*}, 'and has no comment');
};

# --- the main server, virtual hosts and Locations -------------------------------------------------------------------

subtest 'inheritance by virtual hosts' => sub {
    my $httpd = ModOrders::Httpd->new(server => <<'END', locations => <<'END2');
OrdersSecretFile secret
OrdersMaxQuantity 5
OrdersPageSize 4 4
OrdersReturnURL https://main.example/
END
<Location /a>
    OrdersAPI user
</Location>
<Location /b>
    OrdersAPI user
    OrdersMaxQuantity 2
</Location>
<VirtualHost *:*>
    ServerName first.example
</VirtualHost>
<VirtualHost *:*>
    ServerName second.example
    OrdersMaxQuantity 3
    OrdersTenant 1
    OrdersReturnURL https://second.example/
    <Location /c>
        OrdersAPI user
    </Location>
</VirtualHost>
END2
    $httpd->start;
    my $at = sub {
        my ($host, $path, $quantity) = @_;
        return api(POST => $httpd->url($path), @as, headers => { Host => $host }, json => { plan_id => $plan->{id}, quantity => $quantity })->code;
    };
    is($at->(@$_[0 .. 2]), $_->[3], "$_->[0]$_->[1], quantity $_->[2]: $_->[3]") for
        ['first.example',  '/a', 5, 200], ['first.example',  '/a', 6, 422], ['first.example',  '/b', 2, 200], ['first.example',  '/b', 3, 422],
        ['second.example', '/a', 3, 200], ['second.example', '/a', 4, 422], ['second.example', '/b', 2, 200], ['second.example', '/b', 3, 422],
        ['second.example', '/c', 3, 200], ['second.example', '/c', 4, 422], ['first.example', '/c', 1, 404];
    is(scalar @{ api(GET => $httpd->url('/c'), @as, headers => { Host => 'second.example' })->{json}{orders} }, 4, 'the virtual host inherits OrdersPageSize');
};

# --- server directives ----------------------------------------------------------------------------------------------

subtest 'OrdersPreparedStatements' => sub {
    for my $case (($ENV{ORDERS_PG_BOUNCER} ? () : ['On', 5]), ['Off', 3]) {
        my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorker Off\nOrdersSessions 1\nOrdersTokenCache 300\nOrdersPreparedStatements $case->[0]");
        $httpd->start;
        api(GET => $httpd->url('/api/v1/user/orders/1'), @as);
        my @trips = map { api(GET => $httpd->url("/api/v1/user/orders/$_"), @as); $httpd->last_access("/api/v1/user/orders/$_")->{trips} } 2 .. 3;
        is("@trips", '1 1', "$case->[0]: one round trip per request");
        my ($first) = map { /trips=(\d+)/ } grep { m{/orders/1 } } $httpd->access_log;
        is($first, $case->[1], "$case->[0]: the first request checks the schema version, and prepares statements if On");
    }
};

subtest 'OrdersPublicURL, OrdersPaymentChannel' => sub {
    my $provider = start_simulator();
    my $port     = Apache::Test::vars('simulator_port');
    my $secret   = Apache::Test::vars('channel_secret_file');
    my $httpd    = ModOrders::Httpd->new(server => <<"END", locations => ModOrders::Httpd::locations() . <<'END2');
OrdersSecretFile secret
OrdersWorker Off
OrdersPublicURL https://shop.example/
OrdersPaymentChannel simulator provider=http url=http://127.0.0.1:$port secret-file=$secret
END
<VirtualHost *:*>
    ServerName first.example
</VirtualHost>
<VirtualHost *:*>
    ServerName second.example
    OrdersPublicURL https://second.example
</VirtualHost>
<VirtualHost *:*>
    ServerName third.example
    OrdersPublicURL https://third.example
    <Location /events>
        OrdersAPI provider-events
    </Location>
</VirtualHost>
END2
    $httpd->start;
    for my $case (['first.example', 'https://shop.example/api/v1/admin/payments/simulator/events'],
        ['second.example', 'https://second.example/api/v1/admin/payments/simulator/events'],
        ['third.example', 'https://third.example/events/simulator']) {
        my $reply = api(POST => $httpd->url('/api/v1/user/orders'), @as, headers => { Host => $case->[0] },
            json => { plan_id => $paid->{id}, payment_method => 'external', payment_channel => 'simulator' });
        is($reply->code, 200, "$case->[0]: the channel exists") or diag($reply->as_string);
        my $intent = $provider->intent_of(key_of($reply->{json}{order}{payments}[0]{id}));
        $provider->approve($intent->{intent_id});
        my ($event) = grep { ($_->{intent_id} // '') eq $intent->{intent_id} || ($_->{url} // '') eq $case->[1] } @{ $provider->state->{deliveries} };
        is($event->{url}, $case->[1], 'the event is sent to the URL of the host');
    }
};

subtest 'OrdersSecretFile' => sub {
    my @issue = (token => operator()->{token}, unchecked => 1, headers => { 'Idempotency-Key' => unique('key') },
        json => { user => $buyer->{ref}, scopes => ['buyer'] });
    my @secrets = map {
        my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile mine\nOrdersWorker Off");
        $httpd->file('mine', 0600, join "\n", map { $_ x 40 } split //);
        $httpd->start;
        my $reply = api(POST => $httpd->url('/api/v1/admin/tokens'), @issue);
        is($reply->code, { b => 409, cb => 409 }->{$_} // 201, "the file has the secrets $_");
        $reply->{json}{token} // $reply->{json}{secret};
    } 'a', 'a', 'b', 'ba', 'cb';
    ok($secrets[0], 'a token is issued');
    is($secrets[1], $secrets[0], 'a replay with the same secret derives the same token');
    is($secrets[2], undef, 'a replay with another secret returns no token');
    is($secrets[3], $secrets[0], 'a replay after the secret became the former one derives the same token');
    is($secrets[4], undef, 'a replay after two replacements is refused');
};

subtest 'OrdersTokenCacheProvider, OrdersTokenCache' => sub {
    for my $case (["OrdersTokenCacheProvider shmcb:cache(64000)", 0], ['OrdersTokenCache 0', 1], ['OrdersTokenCache 300', 0]) {
        my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorker Off\nOrdersPreparedStatements Off\n$case->[0]");
        $httpd->start;
        my @trips = map { api(GET => $httpd->url("/api/v1/user/orders/$_"), @as); $httpd->last_access("/api/v1/user/orders/$_")->{trips} } 1 .. 3;
        is("@trips", $case->[1] ? '3 2 2' : '3 1 1', "$case->[0]: the identity is looked up " . ($case->[1] ? 'by each request' : 'once') . ', the schema version once');
    }
};

subtest 'OrdersMail' => sub {
    plan(skip_all => 'exim4 is not installed') unless ModOrders::MailServer->available;
    my $mails = ModOrders::MailServer->start;
    my $httpd = ModOrders::Httpd->new(server => 'OrdersSecretFile secret', locations => ModOrders::Httpd::locations() . <<'END');
<VirtualHost *:*>
    ServerName second.example
    OrdersMail smtp://127.0.0.1:9 from=second@example.com starttls=off
</VirtualHost>
END
    $httpd->{server} .= "\n" . $mails->directive;
    $httpd->write->start;
    is(api(GET => $httpd->url('/api/v1/user/orders'), @as, headers => { Host => $_ })->code, 200, "$_: served") for 'first.example', 'second.example';
    is(scalar $mails->messages(0), 0, 'no mail is sent');
};

done;
