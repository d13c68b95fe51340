#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# The schema version is read once, logged, and compared with the range that the module supports. Outside of the range, neither requests nor
# the worker send statements, and an upgrade of the schema takes effect without a restart.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Test;
use Time::HiRes qw(sleep time);

my $buyer = make_user(balance => 100_00);
my $plan  = make_plan(price => 700);
my @as    = (token => $buyer->{token}, unchecked => 1);
my $list  = '/api/v1/user/orders';
my $word  = 'schema_version_unsupported';
my ($original) = rows('SELECT number FROM orders.schema_version');

sub set_version
{
    my ($number) = @_;
    db()->do('UPDATE orders.schema_version SET number = ?', undef, $number);
}

sub restore { set_version($original->{number}) }

END { restore() if $original }

# Starts a server that has not served a request yet. Without settings, the worker is off.
sub server
{
    my ($settings) = @_;
    return ModOrders::Httpd->new(server => join "\n", 'OrdersSecretFile secret', $settings // 'OrdersWorker Off')->start;
}

sub read_orders { my ($httpd) = @_; return api(GET => $httpd->url($list), @as) }

sub place_order
{
    my ($httpd) = @_;
    return api(POST => $httpd->url($list), @as, json => { plan_id => $plan->{id} }, headers => { 'Idempotency-Key' => unique('key') });
}

sub lines { my ($httpd, $pattern) = @_; return grep { /$pattern/ } split /\n/, $httpd->log }

# Tests that the response is 503 schema_version_unsupported.
sub unfit
{
    my ($reply, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($reply->code, 503, $name);
    is($reply->{json}{code}, $word, 'the code is that of an unsupported schema version');
    like($reply->header('Retry-After') // '', qr/^\d+$/, 'the response has Retry-After') or diag($reply->as_string);
}

# Tests that requests succeed again without a restart after the version is restored.
sub recovers
{
    my ($httpd) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    restore();
    my $from = time;
    ok(wait_for(sub { read_orders($httpd)->code == 200 }, 4), 'requests are served again without a restart');
    cmp_ok(time - $from, '<', 2.5, 'within about a second');
}

subtest 'a version within the range' => sub {
    my $httpd = server();
    is(scalar(lines($httpd, 'schema:')), 0, 'a child process starts without the database');
    is(read_orders($httpd)->code, 200, 'a request') for 1 .. 5;
    my @told = lines($httpd, 'schema: the database has version');
    is(scalar @told, 1, 'one line in the log') or diag($httpd->log);
    like($told[0], qr/orders:notice.*version $original->{number} of the schema; mod_orders \S+ accepts versions \d+ to \d+/,
        'the line has the version and the supported range');
    is($httpd->last_access->{trips}, 1, 'no further statement in later requests');
};

my ($oldest, $newest) = do {
    my ($fine, $said) = ModOrders::Httpd->new->command('-t -D DUMP_ORDERS');
    $said =~ /schema versions (\d+) to (\d+)/;
};
ok($oldest <= $original->{number} && $original->{number} <= $newest, 'httpd -t -D DUMP_ORDERS prints the range');

for my $edge ($oldest, $newest) {
    set_version($edge);
    is(read_orders(server())->code, 200, "version $edge is accepted");
}

for my $case ([ $oldest - 1, 'schema' ], [ $newest + 1, 'module' ]) {
    my ($number, $remedy) = @$case;
    subtest "version $number" => sub {
        set_version($number);
        my $httpd = server();
        my $orders = (rows('SELECT count(*) AS n FROM orders.orders'))[0]{n};
        unfit(read_orders($httpd), 'a read is refused');
        unfit(place_order($httpd), 'a write is refused') for 1 .. 3;
        unfit(api(GET => $httpd->url('/api/v1/admin/orders'), token => operator()->{token}, unchecked => 1), 'a request to the operator API is refused');
        is((rows('SELECT count(*) AS n FROM orders.orders'))[0]{n}, $orders, 'no order was placed');
        my @told = lines($httpd, 'schema: ');
        is(scalar @told, 1, 'one line in the log') or diag($httpd->log);
        like($told[0], qr/orders:error.*ORD0041 $word - - schema: the database has version $number of the schema; .*until the $remedy is upgraded/,
            'the line says what to upgrade');
        is($httpd->last_access->{error}, 'ORD0041', 'the error number in the access log');
        recovers($httpd);
        is(place_order($httpd)->code, 200, 'a write succeeds');
        is(scalar(lines($httpd, 'notice.*schema: the database has version')), 1, 'the log has the new version');
    };
}

subtest 'the version is read at most once a second' => sub {
    set_version($newest + 1);
    my $httpd = server();
    my ($from, $count) = (time, 0);
    while (time < $from + 3) { read_orders($httpd); $count++ }
    ok(wait_for(sub { $httpd->access_log == $count }, 3), "$count requests");
    my $asked = grep { / trips=[1-9]/ } $httpd->access_log;
    cmp_ok($asked, '>=', 2, 'some of them query the database');
    cmp_ok($asked, '<=', 4, 'the version is read at most once per second');
    recovers($httpd);
};

# Schemas without a version.
for my $case (
    [ 'no row',              'DELETE FROM orders.schema_version', 'INSERT INTO orders.schema_version (number, release) VALUES (0, \'none\')' ],
    [ 'no table',            'ALTER TABLE orders.schema_version RENAME TO version_away', 'ALTER TABLE orders.version_away RENAME TO schema_version' ],
    [ 'no function',         'ALTER FUNCTION orders_v1.schema_version() RENAME TO version_away', 'ALTER FUNCTION orders_v1.version_away() RENAME TO schema_version' ],
    [ 'no privilege',        'REVOKE EXECUTE ON FUNCTION orders_v1.schema_version() FROM orders_api', 'GRANT EXECUTE ON FUNCTION orders_v1.schema_version() TO orders_api' ],
) {
    my ($name, $break, $mend) = @$case;
    subtest $name => sub {
        db()->do($break);
        my $httpd = server();
        my $reply = eval { read_orders($httpd) };
        db()->do($mend);
        unfit($reply, 'a request is refused');
        is(scalar(lines($httpd, 'orders:error.*schema: the database has no version of the schema')), 1, 'one line in the log') or diag($httpd->log);
        recovers($httpd);
    };
}

subtest 'the worker' => sub {
    set_version($newest + 1);
    my $httpd = server('OrdersWorkerInterval 1');
    ok(wait_for(sub { lines($httpd, "ORD0041 $word - - worker") }, 5), 'the worker does not run') or diag($httpd->log);
    is(scalar(lines($httpd, 'schema: ')), 1, 'one line about the schema, without a request');
    sleep 2.2;
    is(scalar(lines($httpd, "orders:error.*ORD0041 $word - - worker")), 1, 'one line of the worker for all of its runs') or diag($httpd->log);
    restore();
    ok(wait_for(sub { lines($httpd, 'notice.*schema: the database has version') }, 5), 'the worker starts without a restart');
};

subtest 'the schema is replaced while the server runs' => sub {
    my $httpd = server();
    is(read_orders($httpd)->code, 200, 'a request');
    db()->begin_work;
    db()->do('ALTER SCHEMA orders_v1 RENAME TO orders_v1_away');
    set_version($newest + 1);
    db()->commit;
    is(read_orders($httpd)->{json}{code}, 'schema_mismatch', 'the first statement fails, because a function is missing');
    unfit(read_orders($httpd), 'the next statement is not sent');
    db()->do('ALTER SCHEMA orders_v1_away RENAME TO orders_v1');
    recovers($httpd);
};

# pgbouncer hides server connections from the module.
subtest 'the version is read on a new connection' => sub {
    plan skip_all => 'through pgbouncer' if $ENV{ORDERS_PG_BOUNCER};
    my $httpd = server();
    is(read_orders($httpd)->code, 200, 'a request');
    set_version($newest + 1);
    is(read_orders($httpd)->code, 200, 'the version is not read again on an open connection');
    db()->do(q(SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE usename = 'orders_api'));
    unfit(read_orders($httpd), 'the version is read on a new connection');
    recovers($httpd);
};

done;
