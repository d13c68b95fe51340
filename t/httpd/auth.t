#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Authentication and authorization: every kind of credential at every kind of Location.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Test;

my $buyer = make_user(balance => 100);
my $staff = make_user(scopes => ['operator']);

# --- tokens, with and without AuthType ------------------------------------------------------------------------------

for my $path ('/api/v1/user/orders', '/sections/user', '/sections/nocache') {
    is(api(GET => $path, token => $buyer->{token}, unchecked => 1)->code, 200, "$path: token of a buyer");
    my $none = api(GET => $path, unchecked => 1);
    refused($none, 401, 'unauthenticated');
    like($none->header('WWW-Authenticate'), qr/^Bearer realm="orders"/, "$path: challenge");
    refused(api(GET => $path, token => $_, unchecked => 1), 401, 'unauthenticated')
        for 'ord_1_' . 'x' x 43, 'x', 'x' x 600, '';
    refused(api(GET => $path, headers => { Authorization => $_ }, unchecked => 1), 401, 'unauthenticated')
        for "Basic $buyer->{token}", $buyer->{token}, 'Bearer', "Bearer $buyer->{token} $buyer->{token}", "Bearer\t$buyer->{token}";
    is(api(GET => $path, headers => { Authorization => "bEARER  $buyer->{token} " }, unchecked => 1)->code, 200, "$path: case and spaces of Bearer");
    refused(api(GET => $path, token => $staff->{token}, unchecked => 1), 403, 'forbidden');
    is(api(POST => $path, json => {}, unchecked => 1)->code, 401, "$path: refused before the body is validated");
    refused(api(GET => $path, token => make_token($buyer, scopes => []), unchecked => 1), 403, 'forbidden');
}

subtest 'expiry' => sub {
    my $token = make_token($buyer, expires_in => 2);
    is(api(GET => '/sections/user', token => $token, unchecked => 1)->code, 200, 'valid before the expiry');
    ok(wait_for(sub { api(GET => '/sections/user', token => $token, unchecked => 1)->code == 401 }, 5),
        'refused after the expiry, although it is cached for 10 s');
    db()->do('UPDATE orders.token SET expires_at = now() - interval \'1 s\' WHERE hash = sha256(?::bytea)', undef, my $late = make_token($buyer, expires_in => 60));
    refused(api(GET => '/sections/user', token => $late, unchecked => 1), 401, 'unauthenticated');
};

subtest 'another tenant' => sub {
    db()->do(q(INSERT INTO orders.tenant (id, name, currency) VALUES (2, 'two', 'EUR') ON CONFLICT DO NOTHING));
    my ($other) = unique('other');
    db()->do(q(INSERT INTO orders.users (tenant_id, external_ref, login, name) VALUES (2, ?, ?, 'Other')), undef, $other, $other);
    my $token = unique('ord_2_token');
    db()->do(q(INSERT INTO orders.token (tenant_id, user_id, hash, scopes)
        SELECT 2, id, sha256(?::text::bytea), '{buyer}' FROM orders.users WHERE tenant_id = 2 AND external_ref = ?), undef, $token, $other);
    for my $round ('looked up', 'cached') {
        is(api(GET => '/sections/tenant2', token => $token, unchecked => 1)->code, 200, "$round: valid for its tenant");
        refused(api(GET => '/sections/user', token => $token, unchecked => 1), 401, 'unauthenticated');
        is(api(GET => '/sections/user', token => $buyer->{token}, unchecked => 1)->code, 200, "$round: a token of tenant 1 is valid for tenant 1");
        refused(api(GET => '/sections/tenant2', token => $buyer->{token}, unchecked => 1), 401, 'unauthenticated');
    }
};

subtest 'tenant prefix of tokens' => sub {
    for my $token (map { unique($_) } qw(ord_2_a ord_01_a ord_0_a ord_-1_a ord_+1_a ord_1.0_a ord_4294967297_a ord__a ord_1 ORD_1_a ord_a bench)) {
        db()->do(q(INSERT INTO orders.token (tenant_id, user_id, hash, scopes) VALUES (1, ?, sha256(?::text::bytea), '{buyer}')), undef, $buyer->{id}, $token);
        my $reply = api(GET => '/sections/user', token => $token, unchecked => 1);
        refused($reply, 401, 'unauthenticated');
        is($reply->header('WWW-Authenticate'), api(GET => '/sections/user', token => 'ord_1_' . 'x' x 43, unchecked => 1)->header('WWW-Authenticate'), "$token: same challenge as for an unknown token");
    }
    my $token = unique('ord_1_a');
    db()->do(q(INSERT INTO orders.token (tenant_id, user_id, hash, scopes) VALUES (1, ?, sha256(?::text::bytea), '{buyer}')), undef, $buyer->{id}, $token);
    is(api(GET => '/sections/user', token => $token, unchecked => 1)->code, 200, 'ord_1_: accepted');
};

# --- the cache ------------------------------------------------------------------------------------------------------

subtest 'revocation is immediate' => sub {
    my $token = make_token($buyer);
    my ($row) = rows(q(SELECT id FROM orders.token WHERE hash = sha256(?::text::bytea)), $token);
    is(api(GET => '/sections/user', token => $token, unchecked => 1)->code, 200, 'valid and cached') for 1 .. 2;
    my $revoked = api(DELETE => "/api/v1/admin/tokens/$row->{id}", token => operator()->{token}, unchecked => 1);
    like($revoked->code, qr/^20[04]$/, 'the token is revoked') or diag($revoked->as_string);
    refused(api(GET => '/sections/user', token => $token, unchecked => 1), 401, 'unauthenticated');
};

subtest 'a token is revoked during its lookup' => sub {
    my $token = make_token($buyer);
    my ($row) = rows(q(SELECT id FROM orders.token WHERE hash = sha256(?::text::bytea)), $token);
    api(GET => '/api/v1/admin/orders', token => operator()->{token}, unchecked => 1);
    db()->do($_) for 'ALTER FUNCTION orders_v1.token_identity(integer, bytea) RENAME TO token_identity_at_once', q(
        CREATE FUNCTION orders_v1.token_identity(p_tenant integer, p_hash bytea) RETURNS SETOF orders_v1.identity LANGUAGE plpgsql SECURITY DEFINER AS $$
        DECLARE rows orders_v1.identity[] := ARRAY(SELECT a FROM orders_v1.token_identity_at_once(p_tenant, p_hash) a);
        BEGIN PERFORM pg_sleep(1.5); RETURN QUERY SELECT * FROM unnest(rows); END $$);
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        api(GET => '/sections/user', token => $token, unchecked => 1);
        require POSIX;
        POSIX::_exit(0);
    }
    my $asked = wait_for(sub { scalar rows(q(SELECT 1 FROM pg_stat_activity WHERE usename = 'orders_api' AND wait_event = 'PgSleep')) }, 5);
    my $revoked = api(DELETE => "/api/v1/admin/tokens/$row->{id}", token => operator()->{token}, unchecked => 1);
    waitpid $pid, 0;
    db()->do($_) for 'DROP FUNCTION orders_v1.token_identity(integer, bytea)', 'ALTER FUNCTION orders_v1.token_identity_at_once(integer, bytea) RENAME TO token_identity';
    ok($asked, 'the lookup started before the revocation');
    like($revoked->code, qr/^20[04]$/, 'the token is revoked') or diag($revoked->as_string);
    refused(api(GET => '/sections/user', token => $token, unchecked => 1), 401, 'unauthenticated');
};

subtest 'a token is revoked by another server' => sub {
    my $token = make_token($buyer);
    is(api(GET => $_, token => $token, unchecked => 1)->code, 200, "$_: valid") for '/sections/user', '/sections/nocache';
    db()->do(q(UPDATE orders.token SET revoked_at = now() WHERE hash = sha256(?::text::bytea)), undef, $token);
    is(api(GET => '/sections/nocache', token => $token, unchecked => 1)->code, 401, 'OrdersTokenCache 0: refused at once');
    is(api(GET => '/sections/user',    token => $token, unchecked => 1)->code, 200, 'accepted until the cache entry expires');
};

subtest 'an unknown token is cached for a short time' => sub {
    my $secret = unique('ord_1_not-yet');
    refused(api(GET => '/sections/user', token => $secret, unchecked => 1), 401, 'unauthenticated');
    db()->do(q(INSERT INTO orders.token (tenant_id, user_id, hash, scopes) VALUES (1, ?, sha256(?::text::bytea), '{buyer}')), undef, $buyer->{id}, $secret);
    ok(wait_for(sub { api(GET => '/sections/user', token => $secret, unchecked => 1)->code == 200 }, 4), 'the token is accepted within 2 s');
};

subtest 'an inactive user' => sub {
    my $gone = make_user;
    db()->do('UPDATE orders.users SET active = false WHERE tenant_id = 1 AND id = ?', undef, $gone->{id});
    refused(api(GET => '/sections/user', token => $gone->{token}, unchecked => 1), 401, 'unauthenticated');
};

# --- Require --------------------------------------------------------------------------------------------------------

my $orders = '/sections/operator/orders';
is(api(GET => $orders, token => $staff->{token}, unchecked => 1)->code, 200, 'Require orders-scope operator');
refused(api(GET => $orders, token => $buyer->{token}, unchecked => 1), 403, 'forbidden');
my $challenge = api(GET => $orders, unchecked => 1);
refused($challenge, 401, 'unauthenticated');
is($challenge->header('WWW-Authenticate'), 'Bearer realm="a shop"', 'the realm is that of AuthName');
refused(api(GET => '/sections/forbidding', token => $buyer->{token}, unchecked => 1), 403, 'forbidden');
my $event = api(POST => '/sections/operator/payments/nobody/events', body => '{}', unchecked => 1);
isnt($event->{json}{code} // '', 'unauthenticated', 'a route without authentication needs no token') or diag($event->as_string);
refused(api(GET => '/sections/denied', token => $buyer->{token}, unchecked => 1), 403, 'forbidden');

# --- OrdersIdentity remote-user -------------------------------------------------------------------------------------

# t/conf/basic.passwd has two users; the database has one of them.
make_user(ref => 'known', login => 'known') unless rows(q(SELECT 1 FROM orders.users WHERE tenant_id = 1 AND login = 'known'));
my @known = (basic => ['known', 'sesame'], unchecked => 1);
is(api(GET => '/sections/basic', @known)->code, 200, 'a user with this login');
my $wrong = api(GET => '/sections/basic', basic => ['known', 'wrong'], unchecked => 1);
refused($wrong, 401, 'unauthenticated');
is($wrong->header('WWW-Authenticate'), 'Basic realm="sections"', 'the challenge of mod_auth_basic is kept');
refused(api(GET => '/sections/basic', token => $buyer->{token}, unchecked => 1), 401, 'unauthenticated');
for (1 .. 2) {
    my $unknown = api(GET => '/sections/basic', basic => ['unknown', 'sesame'], unchecked => 1);
    refused($unknown, 403, 'forbidden');
    is($unknown->header('WWW-Authenticate'), undef, 'no challenge: a token would not help');
}
refused(api(GET => '/sections/basic-scope', @known), 401, 'unauthenticated');
is(api(GET => '/sections/basic-operator/orders', @known)->code, 200, 'OrdersRemoteUserScopes operator');
refused(api(GET => '/api/v1/user/orders', @known), 401, 'unauthenticated');
is((rows(q(SELECT buyer_id FROM orders.orders WHERE tenant_id = 1 AND id = ?),
    api(POST => '/sections/basic', @known, json => { plan_id => make_plan(price => 0)->{id} })->{json}{order}{id}))[0]{buyer_id},
    (rows(q(SELECT id FROM orders.users WHERE tenant_id = 1 AND login = 'known')))[0]{id}, 'the order belongs to this user');

# --- cross-site requests --------------------------------------------------------------------------------------------

my $free = make_plan(price => 0)->{id};
my $post = sub {
    my ($path, @as) = @_;
    my %headers = @as;
    return api(POST => $path, @known, form => [plan_id => $free], headers => \%headers);
};
my $own = base_url();
for my $strange (
    ['Sec-Fetch-Site' => 'cross-site'], ['Sec-Fetch-Site' => 'same-site'], ['Sec-Fetch-Site' => 'cross-site', Origin => $own],
    [Origin => 'https://evil.example'], [Origin => 'null'], [Origin => $own =~ s/http/https/r], [Origin => "$own.evil.example"], [Origin => 'http://127.0.0.1'],
) {
    my $reply = $post->('/sections/basic', @$strange);
    refused($reply, 403, 'forbidden') or diag("@$strange");
    is(api(GET => '/sections/basic', @known, headers => {@$strange})->code, 200, "@$strange: GET is allowed");
}
refused($post->('/sections/basic-scope', 'Sec-Fetch-Site' => 'cross-site'), 403, 'forbidden');
for my $fine ([], ['Sec-Fetch-Site' => 'same-origin', Origin => $own], ['Sec-Fetch-Site' => 'none'], [Origin => $own], [Origin => $own, Host => $own =~ s{http://}{}r]) {
    is($post->('/sections/basic', @$fine)->code, 200, "same origin, or not a browser: @$fine");
}
is(api(POST => '/sections/user', token => $buyer->{token}, unchecked => 1, json => { plan_id => $free }, headers => { Origin => 'https://evil.example' })->code, 200,
    'a bearer token is accepted from any origin');

# --- private servers ------------------------------------------------------------------------------------------------

subtest 'OrdersPublicURL is an allowed origin' => sub {
    my $passwords = Apache::Test::vars('t_conf') . '/basic.passwd';
    my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorker Off\nOrdersPublicURL https://shop.example/there", locations => <<"END")->start;
<Location /basic>
OrdersAPI user
OrdersIdentity remote-user
AuthType Basic
AuthName shop
AuthBasicProvider file
AuthUserFile $passwords
Require valid-user
</Location>
END
    my $by = sub { return $post->($httpd->url('/basic'), Origin => $_[0])->code };
    is($by->($_), 200, $_) for 'https://shop.example', 'https://SHOP.example:443';
    is($by->($_), 403, $_) for 'http://shop.example', 'https://shop.example:8443', 'https://shop.example.evil.example';
};

subtest 'Require orders-scope without a database' => sub {
    my $passwords = Apache::Test::vars('t_conf') . '/basic.passwd';
    my $httpd = ModOrders::Httpd->new(dbd => "DBDriver pgsql\nDBDParams \"host=127.0.0.1 port=1 connect_timeout=1\"", server => "OrdersSecretFile secret\nOrdersWorker Off", locations => <<"END")->start;
<Location /basic>
OrdersAPI user
OrdersIdentity remote-user
AuthType Basic
AuthName shop
AuthBasicProvider file
AuthUserFile $passwords
Require orders-scope buyer
</Location>
END
    my $reply = api(GET => $httpd->url('/basic'), @known);
    refused($reply, 503, 'database_unavailable');
    ok($reply->header('Retry-After'), 'the refusal has Retry-After');
};

subtest 'mod_orders is loaded before all other modules' => sub {
    my $httpd = ModOrders::Httpd->new(locations => "<Location /api/v1/admin>\nOrdersAPI operator\nRequire ip 192.0.2.1\n</Location>");
    my $conf = $httpd->read_file('httpd.conf');
    $conf =~ s/^(LoadModule orders_module .*\n)//m or die;
    $httpd->file('httpd.conf', 0644, "$1$conf");
    $httpd->start;
    my $signed = api(POST => $httpd->url('/api/v1/admin/payments/nobody/events'), body => '{}', unchecked => 1);
    refused($signed, 403, 'forbidden');
};

done;
