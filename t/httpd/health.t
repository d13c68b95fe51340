#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# SetHandler orders-health: responses, methods, and the version of the schema. t/faults/health.t has the failures of the database.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Process qw(free_port);
use ModOrders::Test;
use Time::HiRes qw(sleep);

my ($original) = rows('SELECT number FROM orders.schema_version');
sub set_version { my ($number) = @_; db()->do('UPDATE orders.schema_version SET number = ?', undef, $number) }
END { set_version($original->{number}) if $original }

my $section = "<Location /health>\nSetHandler orders-health\n</Location>\n";

sub server
{
    my ($locations, %with) = @_;
    return ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorker Off\n", locations => $locations, %with)->start;
}

my $httpd = server(ModOrders::Httpd->locations . $section);
sub health { my ($path, $method) = @_; return ask($method // 'GET', $httpd->url("/health/$path")) }

subtest 'responses' => sub {
    my $live = health('live');
    is($live->code, 200, '/live');
    is_deeply($live->{json}, { status => 'live' }, '/live: body');
    my $ready = health('ready');
    is($ready->code, 200, '/ready');
    is_deeply($ready->{json}, { status => 'ready', database => 'responds', schema => 'supported', schema_version => $original->{number}, warnings => [] }, '/ready: body');
    for my $reply ($live, $ready) {
        is($reply->header('Cache-Control'), 'no-store', 'Cache-Control');
        is($reply->header('Content-Type'), 'application/json', 'Content-Type');
    }
    my $head = health('ready', 'HEAD');
    is_deeply([ $head->code, $head->content, $head->header('Content-Length') ], [ 200, '', length $ready->content ], 'HEAD');
    for my $method (qw(POST PUT DELETE)) {
        is(health('live', $method)->code, 405, "$method: 405");
    }
    like(health('ready', 'POST')->header('Allow'), qr/GET/, 'Allow');
    is(health($_)->code, 404, "/health/$_: 404") for '', 'other', 'liver';
};

subtest 'the version of the schema' => sub {
    my ($oldest, $newest) = (ModOrders::Httpd->new->command('-t -D DUMP_ORDERS'))[1] =~ /schema versions (\d+) to (\d+)/;
    for my $number ($oldest - 1, $newest + 1) {
        set_version($number);
        ok(wait_for(sub { health('ready')->code == 503 }, 3), "version $number: 503");
        is_deeply(health('ready')->{json}, { status => 'unavailable', database => 'responds', schema => 'unsupported', schema_version => $number, warnings => [] }, 'the body');
        is(health('live')->code, 200, '/live: 200');
        set_version($original->{number});
        ok(wait_for(sub { health('ready')->code == 200 }, 3), 'ready with the original version');
    }
    db()->do('ALTER FUNCTION orders_v1.schema_version() RENAME TO version_away');
    ok(wait_for(sub { health('ready')->code == 503 }, 3), 'no version: 503');
    is(health('ready')->{json}{schema_version}, 0, 'version 0');
    db()->do('ALTER FUNCTION orders_v1.version_away() RENAME TO schema_version');
    ok(wait_for(sub { health('ready')->code == 200 }, 3), 'ready again');
};

# A version that is changed while requests use open connections is read by the next request after the check.
subtest 'a check makes requests read the version again' => sub {
    my @as = (token => make_user()->{token}, unchecked => 1);
    is(api(GET => $httpd->url('/api/v1/user/orders'), @as)->code, 200, 'a request');
    set_version(1);
    sleep 1.1;
    is(health('ready')->code, 503, 'the check finds the version');
    is(api(GET => $httpd->url('/api/v1/user/orders'), @as)->{json}{code}, 'schema_version_unsupported', 'the next request is refused');
    set_version($original->{number});
    ok(wait_for(sub { health('ready')->code == 200 }, 3), 'ready again');
};

subtest 'a server without an API checks the databases of all servers' => sub {
    my $port = free_port();
    my $other = server('', global => "Listen 127.0.0.1:$port",
        server => "OrdersSecretFile secret\nOrdersWorker Off\n",
        locations => "$section<VirtualHost *:$port>\n" . ModOrders::Httpd->locations . "</VirtualHost>\n");
    is(ask(GET => $other->url('/health/ready'))->code, 200, 'ready');
    set_version(1);
    ok(wait_for(sub { ask(GET => $other->url('/health/ready'))->code == 503 }, 3), 'not ready');
    set_version($original->{number});
};

subtest 'without an API' => sub {
    my $none = server($section, dbd => '', server => '');
    is(ask(GET => $none->url('/health/live'))->code, 200, '/live');
    my $ready = ask(GET => $none->url('/health/ready'));
    is_deeply([ $ready->code, $ready->{json}{database} ], [ 503, 'unreachable' ], '/ready');
};

subtest 'below the Location of an API' => sub {
    my $inner = server("<Location />\nOrdersAPI company\n</Location>\n$section", server => "OrdersSecretFile secret\nOrdersWorker Off\nOrdersPublicURL https://shop.example\nOrdersMail smtp://127.0.0.1:9 from=shop\@shop.example starttls=off\n");
    is(ask(GET => $inner->url('/health/ready'))->code, 200, '/ready');
};

done;
