#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# The section of mod_orders on the page of mod_status, as HTML and as text.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Test;

my $httpd = ModOrders::Httpd->new;
my $key   = $httpd->file('channel', 0600, "0123456789abcdef0123456789abcdef\n");
$httpd->{server} = "OrdersSecretFile secret\nOrdersPublicURL https://shop.example\nOrdersWorkerInterval 1\nOrdersSessions 3\n"
    . "OrdersPaymentChannel nowhere provider=http url=http://127.0.0.1:9 secret-file=$key\n";
$httpd->{locations} = ModOrders::Httpd->locations . "<Location /server-status>\nSetHandler server-status\n</Location>\n";
$httpd->write->start;
my $buyer = make_user();

sub values_of
{
    return { ask(GET => $httpd->url('/server-status?auto'))->content =~ /^Orders(\S+): (.*?)\r?$/mg };
}

my $before = values_of();
is($before->{Database}, 'reachable', 'state of the database');
like($before->{Version}, qr/^\d+\.\d+\.\d+/, 'version of the module');
is_deeply([ @$before{qw(SessionsLimit SessionsAllowed SessionsRefused[timeout] TokenCache[hit])} ], [ 3, 3, 0, 0 ], 'limits and counters');
like($before->{$_}, qr/^\d+$/, $_) for qw(SessionsInUse SessionsWaiting);

api(GET => $httpd->url('/api/v1/user/orders'), token => $buyer->{token}, unchecked => 1) for 1 .. 3;
my $after = values_of();
is_deeply([ @$after{qw(TokenCache[miss] TokenCache[hit])} ], [ 1, 2 ], 'lookups of the token');
my ($schema) = rows('SELECT number FROM orders.schema_version');
is($after->{SchemaVersion}, $schema->{number}, 'version of the schema');
is($after->{'Channel[nowhere]State'}, 'admitted', 'circuit breaker of a channel');

ok(wait_for(sub { my $now = values_of(); grep { /^Job\[\w+\]LastSuccess/ && $now->{$_} } keys %$now }, 10), 'a job has succeeded') or diag(explain(values_of()));
my $jobs = values_of();
my ($job) = grep { /^Job\[\w+\]LastSuccess/ && $jobs->{$_} } sort keys %$jobs;
cmp_ok(abs($jobs->{$job} - time), '<', 15, "$job is a time");
is($jobs->{ $job =~ s/LastSuccess/Failures/r }, 0, 'failures of a job');

my $page = ask(GET => $httpd->url('/server-status'))->content;
like($page, qr{<h2>mod_orders \S+</h2>\s*<dl>.*</dl>}s, 'HTML: a section');
like($page, qr{<dt>Channel nowhere: calls admitted, 0 answered, 0 failed, 0 cancelled, 0 suspended</dt>}, 'HTML: a channel');
like($page, qr{<dt>Job \S+: last success \d+ s ago, \d+ runs, \d+ items, 0 failures</dt>}, 'HTML: a job');
like($page, qr{<dt>Database sessions in use: \d+</dt>}, 'HTML: sessions');

# An order at a provider that cannot be reached makes failed calls.
make_channel('nowhere');
my $plan = make_plan(price => 500);
api(POST => $httpd->url('/api/v1/user/orders'), token => $buyer->{token}, unchecked => 1,
    json => { plan_id => $plan->{id}, payment_method => 'external', payment_channel => 'nowhere' }) for 1 .. 6;
my $broken = values_of();
cmp_ok($broken->{'Channel[nowhere]Calls[failed]'}, '>=', 5, 'failed calls of a channel');
like($broken->{'Channel[nowhere]State'}, qr/^(?:suspended|tested)$/, 'calls of the channel are suspended');

subtest 'an outage' => sub {
    $httpd->stop;
    $httpd->{dbd} = "DBDriver pgsql\nDBDParams \"host=127.0.0.1 port=1 dbname=none connect_timeout=2\"\nDBDMin 0\nDBDMax 4\n";
    $httpd->{server} .= "OrdersWorker Off\n";
    $httpd->write->start;
    is(values_of()->{Database}, 'reachable', 'before the first request');
    is(api(GET => $httpd->url('/api/v1/user/orders'), token => $buyer->{token}, unchecked => 1)->code, 503, 'a request fails');
    my $now = values_of();
    is_deeply([ @$now{qw(Database SchemaVersion)} ], [ 'unreachable', -1 ], 'the outage is shown');
};

done;
