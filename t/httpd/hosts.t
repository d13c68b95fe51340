#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Virtual hosts: which of them share database connections, who else may use these, and that nothing known of one
# database is believed of another.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Test;

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

subtest 'one gate for one pool' => sub {
    my $httpd = two($dbd->($ENV{ORDERS_DSN}) . "OrdersSessions 2", locations => $api);
    my ($fine, $said) = $httpd->check;
    ok($fine, 'the same settings twice are one pool') or diag($said);
    like($said, qr/shares its database connections.*OrdersSessions 4, OrdersQueueTimeout 2000 and OrdersPreparedStatements On/, 'and one gate, which is pointed out');
    ($fine, $said) = two($dbd->($other_dsn) . "OrdersSessions 2", locations => $api)->check;
    unlike($said, qr/shares its database connections/, 'another database has another');
};

done;
