#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Virtual hosts: which of them share database connections, who else may use these, and that nothing known of one
# database is believed of another.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Test;
use Time::HiRes qw(sleep);

my $list = '/api/v1/user/orders';

# A second order book, with nothing of the first in it.
my $other = unique('orders');
$other =~ tr/-/_/;
db()->do(qq(CREATE DATABASE "$other"));
system("cd $ModOrders::Test::top/sql && sqitch deploy db:pg:$other >/dev/null 2>&1") == 0 or die 'the schema cannot be deployed';
my ($owner) = $$;
END { if ($owner && $$ == $owner) { local ($?, $@); db()->do(qq(DROP DATABASE IF EXISTS "$other" WITH (FORCE))) } }
my $other_dsn = $ENV{ORDERS_DSN} =~ s/dbname=\S+/dbname=$other/r;

my $dbd = sub { my ($dsn) = @_; return ModOrders::Httpd->dbd =~ s/\Q$ENV{ORDERS_DSN}\E/$dsn/r };

# A server with a virtual host on a second port, which holds $host.
sub two
{
    my ($host, %with) = @_;
    my $port = ModOrders::Httpd::free_port();
    $host =~ s/PORT/$port/g;
    my $server = delete $with{server} // "OrdersSecretFile secret\nOrdersWorker Off";
    return ModOrders::Httpd->new(
        server => "$server\nListen 127.0.0.1:$port\n<VirtualHost 127.0.0.1:$port>\nServerName other\n$host\n</VirtualHost>", second => $port, %with);
}

sub second { my ($httpd, $path) = @_; return "http://127.0.0.1:$httpd->{second}$path" }

my $buyer = make_user(balance => 100);
my @as    = (token => $buyer->{token}, unchecked => 1);

subtest 'a virtual host with nothing but a database of its own' => sub {
    my $httpd = two($dbd->($other_dsn))->start;
    is(api(GET => $httpd->url($list), @as)->code, 200, 'leaves the main server its own') for 1 .. 2;
    refused(api(GET => second($httpd, $list), token => make_user()->{token}, unchecked => 1), 401, 'unauthenticated');
};

subtest 'what one database knows' => sub {
    my $httpd = two($dbd->($other_dsn) . 'OrdersSecretFile secret')->start;
    is(api(GET => $httpd->url($list), @as)->code, 200, 'is known');
    refused(api(GET => second($httpd, $list), @as), 401, 'unauthenticated');
    my $later = make_user();
    refused(api(GET => second($httpd, $list), token => $later->{token}, unchecked => 1), 401, 'unauthenticated');
    is(api(GET => $httpd->url($list), token => $later->{token}, unchecked => 1)->code, 200, 'and what another refuses is not refused');
    my $revoked = api(DELETE => $httpd->url('/api/v1/admin/tokens/' . token_id($buyer)), token => operator()->{token}, unchecked => 1);
    is($revoked->code, 200, 'a revocation') or diag($revoked->as_string);
    refused(api(GET => $httpd->url($list), @as), 401, 'unauthenticated');
};

sub token_id { return (rows('SELECT id FROM orders.token WHERE user_id = ? ORDER BY id DESC LIMIT 1', $_[0]{id}))[0]{id} }

# --- who else may use the connections -------------------------------------------------------------------------------

my $modules = Apache::Test::vars('modules');
my $load = 'LoadModule authn_dbd_module ' . "$modules/mod_authn_dbd.so";
my $asks = <<'END';
AuthType Basic
AuthName shop
AuthBasicProvider dbd
AuthDBDUserPWQuery "SELECT password FROM login WHERE name = %s"
Require valid-user
END
my $api   = "<Location $list>\nOrdersAPI user\n</Location>";
my $taken = qr/uses the same connections of mod_dbd as OrdersAPI user.*virtual host with its own DBD settings/;

sub refuses
{
    my ($name, $httpd) = @_;
    my ($fine, $said) = $httpd->check;
    ok(!$fine, "$name: is refused");
    return like($said, $taken, "$name: and says why");
}

subtest 'another module that takes connections of mod_dbd' => sub {
    refuses('for the API itself', ModOrders::Httpd->new(global => $load, locations => "<Location $list>\nOrdersAPI user\nOrdersIdentity remote-user\n$asks</Location>"));
    refuses('for another path', ModOrders::Httpd->new(global => $load, locations => "$api\n<Location /shop>\n$asks</Location>"));
    refuses('for sessions', ModOrders::Httpd->new(global => "LoadModule session_module $modules/mod_session.so\nLoadModule session_dbd_module $modules/mod_session_dbd.so",
        locations => $api, server => "OrdersSecretFile secret\nSessionDBDCookieName session path=/"));
    refuses('in a virtual host with the same settings', two("<Location /shop>\n$asks</Location>", global => $load, locations => $api));
    refuses('in one with settings of its own that are the same', two($dbd->($ENV{ORDERS_DSN}) . "<Location /shop>\n$asks</Location>", global => $load, locations => $api));
    refuses('for the whole site', two($dbd->($other_dsn) . "OrdersSecretFile secret\n$api", global => $load, locations => "<Location />\n$asks</Location>"));
    my ($fine, $said) = two($dbd->($other_dsn) . "OrdersSecretFile secret\n$api", global => $load, locations => "<Location /shop>\n$asks</Location>")->check;
    ok($fine, 'connections of its own make it possible') or diag($said);
};

subtest 'servers with equal DBD settings share one limiter' => sub {
    my $httpd = two($dbd->($ENV{ORDERS_DSN}) . "OrdersSessions 2", locations => $api);
    my ($fine, $said) = $httpd->check;
    ok($fine, 'the same settings twice are one pool') or diag($said);
    like($said, qr/shares its database connections.*OrdersSessions 4, OrdersSessionsPerUser 2, OrdersQueueTimeout 2000 and OrdersPreparedStatements O(?:n|ff)/, 'and one limiter, with a warning');
    ($fine, $said) = two($dbd->($other_dsn) . "OrdersSessions 2", locations => $api)->check;
    unlike($said, qr/shares its database connections/, 'another database has another');
};

# --- payment channels -----------------------------------------------------------------------------------------------

my $port    = Apache::Test::vars('simulator_port');
my $secret  = Apache::Test::vars('channel_secret_file');
my $channel = sub { my ($name, $more) = @_; return "OrdersPaymentChannel $name provider=http url=http://127.0.0.1:$port secret-file=$secret " . ($more // '') };

subtest 'channels of one name that differ' => sub {
    my $server = "OrdersSecretFile secret\n" . $channel->('card');
    my ($fine, $said) = two($channel->('card', 'timeout=3'), server => $server)->check;
    ok(!$fine, 'are refused');
    like($said, qr/OrdersPaymentChannel card has different options on another server with the same database/, 'with the reason');
    ok(!(two($channel->('card', 'calls=5'), server => $server)->check)[0], "also where they differ in calls=");
    ($fine, $said) = two($channel->('card', 'calls=4'), server => $server)->check;
    ok($fine, 'unless they do not differ') or diag($said);
    ($fine, $said) = two($dbd->($other_dsn) . "OrdersSecretFile secret\n" . $channel->('card', 'timeout=3'), server => $server)->check;
    ok($fine, 'or belong to another database') or diag($said);
};

subtest 'the worker knows the channels of all servers' => sub {
    my $name = unique('card') =~ tr/-/_/r;
    make_channel($name);
    my $host  = $channel->($name) . "\nOrdersPublicURL http://127.0.0.1:PORT\n<Location /staff>\nOrdersAPI operator\n</Location>";
    my $httpd = two($host, server => "OrdersSecretFile secret\nOrdersWorkerInterval 1", locations => $api)->start;
    my $reply = api(POST => second($httpd, $list), token => make_user()->{token}, unchecked => 1,
        json => { plan_id => make_plan()->{id}, payment_method => 'external', payment_channel => $name });
    is($reply->code, 200, 'an order by a channel of the virtual host') or diag($reply->as_string);
    my $id = $reply->{json}{order}{id};
    my $payment = sub { return (rows('SELECT * FROM orders.payment WHERE tenant_id = 1 AND order_id = ?', $id))[0] };
    ok(!$payment->()->{intent_id}, 'whose provider is not there') or return;
    my $provider = start_simulator();
    # the shared server's worker, which does not know the channel, claims the payment too: so it is due again at once, all the time
    my $until = time + 20;
    make_due(intent => $id), select(undef, undef, undef, 0.01) until $payment->()->{intent_id} || time > $until;
    ok($payment->()->{intent_id}, 'is tried again') or diag(explain($payment->()), $httpd->log);
    $provider->approve($payment->()->{intent_id});
    ok(wait_for(sub { order_row($id)->{payment_state} eq 'paid' }, 8), 'and its event comes to the host that takes them') or diag(explain($provider->state->{deliveries}));
};

# --- paths that others have rewritten -------------------------------------------------------------------------------

subtest 'rewritten paths, and a file system for each host' => sub {
    my $httpd = two("VirtualDocumentRoot /nowhere/%0", global => join("\n", map { "LoadModule ${_}_module $modules/mod_$_.so" } 'rewrite', 'vhost_alias'),
        locations => "<Directory />\nRequire all denied\n</Directory>\nRewriteEngine On\nRewriteRule ^/shop/(.*)\$ /api/v1/user/orders/\$1 [PT]\nRewriteRule ^/top\$ $list [PT]\n$api");
    $httpd->start;
    my $who = make_user;
    my $id  = place($who, make_plan(price => 0))->{order}{id};
    my @who = (token => $who->{token}, unchecked => 1);
    is(api(GET => $httpd->url("/shop/$id"), @who)->{json}{order}{id}, $id, 'RewriteRule … [PT] to an order');
    is(api(GET => $httpd->url('/top'), @who)->code, 200, 'and to the list');
    is(api(GET => second($httpd, "$list/$id"), @who)->{json}{order}{id}, $id, 'VirtualDocumentRoot');
    isnt(api(GET => second($httpd, '/elsewhere'), @who)->code, 200, 'but nothing else');
};

done;
