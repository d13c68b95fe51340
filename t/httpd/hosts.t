#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Virtual hosts: sharing of database connections, other modules that use these connections, and separation of data of different databases.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Test;
use Time::HiRes qw(sleep);

my $list = '/api/v1/user/orders';

# A second database with an empty schema.
my $other = unique('orders');
$other =~ tr/-/_/;
db()->do(qq(CREATE DATABASE "$other"));
system("cd $ModOrders::Test::top/sql && sqitch deploy db:pg:$other >/dev/null 2>&1") == 0 or die 'the schema cannot be deployed';
my ($owner) = $$;
END { if ($owner && $$ == $owner) { local ($?, $@); db()->do(qq(DROP DATABASE IF EXISTS "$other" WITH (FORCE))) } }
my $other_dsn = $ENV{ORDERS_DSN} =~ s/dbname=\S+/dbname=$other/r;

my $dbd = sub { my ($dsn) = @_; return ModOrders::Httpd->dbd =~ s/\Q$ENV{ORDERS_DSN}\E/$dsn/r };

# A server with a virtual host on a second port. $host is the configuration of the virtual host.
sub two
{
    my ($host, %with) = @_;
    my $port = ModOrders::Process::free_port();
    $host =~ s/PORT/$port/g;
    my $server = delete $with{server} // "OrdersSecretFile secret\nOrdersWorker Off";
    return ModOrders::Httpd->new(
        server => "$server\nListen 127.0.0.1:$port\n<VirtualHost 127.0.0.1:$port>\nServerName other\n$host\n</VirtualHost>", second => $port, %with);
}

sub second { my ($httpd, $path) = @_; return "http://127.0.0.1:$httpd->{second}$path" }

my $buyer = make_user(balance => 100);
my @as    = (token => $buyer->{token}, unchecked => 1);

subtest 'a virtual host that sets only another database' => sub {
    my $httpd = two($dbd->($other_dsn))->start;
    is(api(GET => $httpd->url($list), @as)->code, 200, 'the main server uses its own database') for 1 .. 2;
    refused(api(GET => second($httpd, $list), token => make_user()->{token}, unchecked => 1), 401, 'unauthenticated');
};

subtest 'tokens of different databases' => sub {
    my $httpd = two($dbd->($other_dsn) . 'OrdersSecretFile secret')->start;
    is(api(GET => $httpd->url($list), @as)->code, 200, 'the token is valid in its database');
    refused(api(GET => second($httpd, $list), @as), 401, 'unauthenticated');
    my $later = make_user();
    refused(api(GET => second($httpd, $list), token => $later->{token}, unchecked => 1), 401, 'unauthenticated');
    is(api(GET => $httpd->url($list), token => $later->{token}, unchecked => 1)->code, 200, 'a refusal in another database does not affect it');
    my $revoked = api(DELETE => $httpd->url('/api/v1/admin/tokens/' . token_id($buyer)), token => operator()->{token}, unchecked => 1);
    is($revoked->code, 200, 'the revocation succeeds') or diag($revoked->as_string);
    refused(api(GET => $httpd->url($list), @as), 401, 'unauthenticated');
};

sub token_id { return (rows('SELECT id FROM orders.token WHERE user_id = ? ORDER BY id DESC LIMIT 1', $_[0]{id}))[0]{id} }

# --- other users of mod_dbd -----------------------------------------------------------------------------------------

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
    ok(!$fine, "$name: rejected");
    return like($said, $taken, "$name: message");
}

subtest 'other modules that use the connections of mod_dbd' => sub {
    refuses('in the Location of the API', ModOrders::Httpd->new(global => $load, locations => "<Location $list>\nOrdersAPI user\nOrdersIdentity remote-user\n$asks</Location>"));
    refuses('in another Location', ModOrders::Httpd->new(global => $load, locations => "$api\n<Location /shop>\n$asks</Location>"));
    refuses('mod_session_dbd', ModOrders::Httpd->new(global => "LoadModule session_module $modules/mod_session.so\nLoadModule session_dbd_module $modules/mod_session_dbd.so",
        locations => $api, server => "OrdersSecretFile secret\nSessionDBDCookieName session path=/"));
    refuses('in a virtual host with the same settings', two("<Location /shop>\n$asks</Location>", global => $load, locations => $api));
    refuses('in a virtual host with its own, equal settings', two($dbd->($ENV{ORDERS_DSN}) . "<Location /shop>\n$asks</Location>", global => $load, locations => $api));
    refuses('for all paths', two($dbd->($other_dsn) . "OrdersSecretFile secret\n$api", global => $load, locations => "<Location />\n$asks</Location>"));
    my ($fine, $said) = two($dbd->($other_dsn) . "OrdersSecretFile secret\n$api", global => $load, locations => "<Location /shop>\n$asks</Location>")->check;
    ok($fine, 'accepted with another database') or diag($said);
};

subtest 'servers with equal DBD settings share one limiter' => sub {
    my $httpd = two($dbd->($ENV{ORDERS_DSN}) . "OrdersSessions 2", locations => $api);
    my ($fine, $said) = $httpd->check;
    ok($fine, 'servers with equal settings are accepted') or diag($said);
    like($said, qr/shares its database connections.*OrdersSessions 4, OrdersSessionsPerUser 2, OrdersQueueTimeout 2000 and OrdersPreparedStatements O(?:n|ff)/, 'warning: they share one limiter');
    ($fine, $said) = two($dbd->($other_dsn) . "OrdersSessions 2", locations => $api)->check;
    unlike($said, qr/shares its database connections/, 'no warning with another database');
};

# --- payment channels -----------------------------------------------------------------------------------------------

my $port    = Apache::Test::vars('simulator_port');
my $secret  = Apache::Test::vars('channel_secret_file');
my $channel = sub { my ($name, $more) = @_; return "OrdersPaymentChannel $name provider=http url=http://127.0.0.1:$port secret-file=$secret " . ($more // '') };

subtest 'different channels with the same name' => sub {
    my $server = "OrdersSecretFile secret\n" . $channel->('card');
    my ($fine, $said) = two($channel->('card', 'timeout=3'), server => $server)->check;
    ok(!$fine, 'different options of a channel are rejected');
    like($said, qr/OrdersPaymentChannel card has different options on another server with the same database/, 'the message names the channel');
    ok(!(two($channel->('card', 'calls=5'), server => $server)->check)[0], 'rejected if only calls= differs');
    ($fine, $said) = two($channel->('card', 'calls=4'), server => $server)->check;
    ok($fine, 'accepted if they are equal') or diag($said);
    ($fine, $said) = two($dbd->($other_dsn) . "OrdersSecretFile secret\n" . $channel->('card', 'timeout=3'), server => $server)->check;
    ok($fine, 'accepted with another database') or diag($said);
};

subtest 'the worker uses the channels of all servers' => sub {
    my $name = unique('card') =~ tr/-/_/r;
    make_channel($name);
    my $host  = $channel->($name) . "\nOrdersPublicURL http://127.0.0.1:PORT\n<Location /staff>\nOrdersAPI operator\n</Location>";
    my $httpd = two($host, server => "OrdersSecretFile secret\nOrdersWorkerInterval 1", locations => $api)->start;
    my $reply = api(POST => second($httpd, $list), token => make_user()->{token}, unchecked => 1,
        json => { plan_id => make_plan()->{id}, payment_method => 'external', payment_channel => $name });
    is($reply->code, 200, 'an order with a channel of the virtual host') or diag($reply->as_string);
    my $id = $reply->{json}{order}{id};
    my $payment = sub { return (rows('SELECT * FROM orders.payment WHERE tenant_id = 1 AND order_id = ?', $id))[0] };
    ok(!$payment->()->{intent_id}, 'the payment has no intent while its provider is down') or return;
    my $provider = start_simulator();
    # The worker of the shared server, which does not have the channel, also claims the payment. Therefore make it due repeatedly.
    my $until = time + 20;
    make_due(intent => $id), select(undef, undef, undef, 0.01) until $payment->()->{intent_id} || time > $until;
    ok($payment->()->{intent_id}, 'the worker retries the payment') or diag(explain($payment->()), $httpd->log);
    $provider->approve($payment->()->{intent_id});
    ok(wait_for(sub { order_row($id)->{payment_state} eq 'paid' }, 8), 'the event is sent to the virtual host with the operator API') or diag(explain($provider->state->{deliveries}));
};

# --- rewritten paths -----------------------------------------------------------------------------------------------

subtest 'mod_rewrite and VirtualDocumentRoot' => sub {
    my $httpd = two("VirtualDocumentRoot /nowhere/%0", global => join("\n", map { "LoadModule ${_}_module $modules/mod_$_.so" } 'rewrite', 'vhost_alias'),
        locations => "<Directory />\nRequire all denied\n</Directory>\nRewriteEngine On\nRewriteRule ^/shop/(.*)\$ /api/v1/user/orders/\$1 [PT]\nRewriteRule ^/top\$ $list [PT]\n$api");
    $httpd->start;
    my $who = make_user;
    my $id  = place($who, make_plan(price => 0))->{order}{id};
    my @who = (token => $who->{token}, unchecked => 1);
    is(api(GET => $httpd->url("/shop/$id"), @who)->{json}{order}{id}, $id, 'RewriteRule [PT] to an order');
    is(api(GET => $httpd->url('/top'), @who)->code, 200, 'RewriteRule [PT] to the list');
    is(api(GET => second($httpd, "$list/$id"), @who)->{json}{order}{id}, $id, 'VirtualDocumentRoot: an order is served');
    isnt(api(GET => second($httpd, '/elsewhere'), @who)->code, 200, 'VirtualDocumentRoot: other paths are not served');
};

done;
