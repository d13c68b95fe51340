#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# docs/examples/mirror-orders copies orders into another database, while 24 clients place and change orders and SIGKILL hits the script, backends and
# child processes of httpd. At the end, the mirror equals the orders. Long form: 120 s of load.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Client qw(cancel create operator_cancel pay refund);
use Faults::Data qw(secret);
use Faults::Load;
use Faults::Scenario qw(none_of);
use Faults::Stand;
use Faults::Text qw(from_json);
use JSON::PP ();
use ModOrders::Process qw(ended spawn stop_process wait_or_die);
use Test::More;
use Time::HiRes qw(time);

my $python = '/usr/bin/python3';    # that of the package python3-psycopg2
plan skip_all => 'no python3-psycopg2' if system "$python -c 'import psycopg2' 2>/dev/null";

my $stand = Faults::Stand->new->start_postgres->start_httpd(processes => 2, threads => 32);
my $postgres = $stand->postgres;
my $log = Faults::Client->new;
my $json = JSON::PP->new->utf8->canonical;
my $seconds = Faults::Stand::long() ? 120 : 15;

# --- two mirrors of one database, so that they also compete ----------------------------------------------------------

$postgres->db->do('CREATE DATABASE mirror');
my $dsn = "host=$postgres->{sockets} port=$postgres->{port} dbname=mirror user=postgres";
local @ENV{qw(ORDERS_BASE_URL OPERATOR_TOKEN MIRROR_DSN MIRROR_PAUSE)} = ("http://127.0.0.1:$stand->{port}", secret('operator'), $dsn, '0.1');
my $script = "$FindBin::Bin/../../docs/examples/mirror-orders/mirror_orders.py";
my @mirrors = (undef, undef);    # process ids
my %killed;
sub start_mirrors { $_ = $_ && !ended($_) ? $_ : spawn("$stand->{dir}/mirror.log", $python, $script) for @mirrors; return }
END { local $?; stop_process($_, 'KILL') for grep { defined } @mirrors }

# Writing the orders of a page takes 50 ms, so that some kills hit between the two statements of a page.
start_mirrors();
my $mirror = $postgres->connect(database => 'mirror');
wait_or_die('the tables of the mirror', 20, sub { $mirror->selectrow_array(q(SELECT to_regclass('mirror_order'))) });
$mirror->do(q(CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.05); RETURN NULL; END'));
$mirror->do('CREATE TRIGGER wait BEFORE INSERT ON mirror_order EXECUTE FUNCTION wait()');
$mirror->disconnect;

# --- load and kills ----------------------------------------------------------------------------------------------------

my (@orders, %count);
my $until = time + $seconds;
my $next_kill = time + 1;

sub some { return $orders[rand() < 0.7 && @orders > 30 ? @orders - 1 - int rand 30 : rand @orders] }
sub change {
    my $o = some();
    my $n = rand;
    return $n < 0.5 ? refund($o->{order}, 1 + int rand 20) : $n < 0.7 ? pay($o->{order}) : $n < 0.9 ? cancel($o->{buyer}, $o->{order}) : operator_cancel($o->{order});
}

sub hit {
    $next_kill = time + 0.1 + rand 0.5;
    my $n = rand;
    if ($n < 0.5) {
        my $pid = $mirrors[rand @mirrors];
        $killed{script}++ if !ended($pid) && kill KILL => $pid;
    } elsif ($n < 0.8) {
        my @pids = $stand->httpd_children;
        $killed{'child of httpd'}++ if @pids && kill KILL => $pids[rand @pids];
    } else {
        $postgres->rows('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = ? ORDER BY random() LIMIT 2', 'client backend');
        $killed{backend}++;
    }
}

my $load = Faults::Load->new(
    port => $stand->{port}, clients => 24, limit => 600,
    next => sub {
        start_mirrors();
        hit() if time > $next_kill;
        return undef if time > $until;
        return @orders < 20 || rand() < 0.4 ? create(1 + int rand 100, (qw(hundred odd ten))[rand 3], payment_method => rand() < 0.5 ? 'balance' : 'manual') : change();
    },
    done => sub {
        my ($request, $reply) = @_;
        my $entry = $log->note($request, $reply);
        $count{$entry->{class}}++;
        push @orders, $entry if $entry->{op} eq 'create' && $entry->{class} eq 'ok';
    })->run;
note($load->summary . '; kills: ' . join ', ', map { "$killed{$_} x $_" } sort keys %killed);
cmp_ok($killed{$_} // 0, '>', 0, "SIGKILL or an end has hit: $_") for 'script', 'child of httpd', 'backend';
cmp_ok($count{ok} // 0, '>', 200, 'orders were placed and changed');

# --- the mirror equals the orders -----------------------------------------------------------------------------------

start_mirrors();
$mirror = $postgres->connect(database => 'mirror');
my $last = $postgres->value(q(SELECT epoch || '.' || xid || '.' || id FROM orders.event WHERE tenant_id = 1 ORDER BY epoch DESC, xid DESC, id DESC LIMIT 1));
ok(eval { wait_or_die('the mirror', 30, sub { $mirror->selectrow_array('SELECT position FROM mirror_position') eq $last }) }, 'the mirror reaches the end of the feed');
stop_process($_, 'KILL') for splice @mirrors;

# All orders as the operator API shows them.
sub orders_now {
    my (%orders, $cursor);
    do {
        my $path = '/api/v1/admin/orders?limit=500' . ($cursor ? "&cursor=$cursor" : '');
        my $page = $json->decode(Faults::Load->one_by_one($stand->{port}, {path => $path, token => secret('operator')})->{body});
        $orders{$_->{id}} = $_ for @{$page->{orders}};
        $cursor = $page->{next_cursor};
    } while ($cursor);
    return %orders;
}

my %orders = orders_now();
my %mirrored = map { $_->{id} => $_ } @{$mirror->selectall_arrayref('SELECT * FROM mirror_order', {Slice => {}})};
is(scalar keys %orders, $postgres->value('SELECT count(*) FROM orders.orders WHERE tenant_id = 1'), 'there are ' . keys(%orders) . ' orders');
is_deeply([sort keys %mirrored], [sort keys %orders], 'the mirror has all orders, and no others');
my @wrong;
for my $order (map { $orders{$_} } sort keys %orders) {
    my $copy = $mirrored{$order->{id}} or next;
    push @wrong, "$_ of order $order->{id}" for grep { $order->{$_} ne $copy->{$_} } qw(number version state payment_state total refunded);
    push @wrong, "document of order $order->{id}" if $json->encode($order) ne $json->encode($json->decode($copy->{document}));
}
none_of('each order of the mirror equals that of the operator API', @wrong);
none_of('all invariants hold', map { "$_->{name}: $_->{problem}" } $postgres->rows('SELECT name, problem FROM orders_check.all_violations'));
done_testing();
