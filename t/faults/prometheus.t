#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# A Prometheus of Debian scrapes a server with several processes under load, over graceful restarts and killed processes: its values are
# those of the requests that were sent, and no counter decreases. promtool accepts both formats.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Client;
use Faults::Scenario qw(closing);
use Faults::Stand;
use Faults::Steady;
use File::Path qw(remove_tree);
use HTTP::Tiny;
use JSON::PP;
use ModOrders::Files qw(write_file);
use ModOrders::Metrics;
use ModOrders::Process qw(free_port listens wait_for);
use Test::More;
use Time::HiRes qw(sleep);

my ($prometheus, $promtool) = map { my $name = $_; (grep { -x } map { "$_/$name" } split /:/, $ENV{PATH})[0] } qw(prometheus promtool);
plan skip_all => 'prometheus is not installed' if !$prometheus || !$promtool;

my $stand = Faults::Stand->new->start_postgres->start_httpd(processes => 3, threads => 16);
my $log   = Faults::Client->new;
my $url   = "http://127.0.0.1:$stand->{port}/orders-metrics";
my $http  = HTTP::Tiny->new(timeout => 10);

# --- Prometheus ---------------------------------------------------------------------------------------------------------

my $port = free_port();
my $root = $ModOrders::Stand::root;
my $conf = write_file("$stand->{dir}/prometheus.yml", <<"END", 0644);
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ['$root/conf/prometheus/orders.rules.yml']
scrape_configs:
  - job_name: mod_orders
    metrics_path: /orders-metrics
    static_configs: [{targets: ['127.0.0.1:$stand->{port}']}]
END
remove_tree("$stand->{dir}/prometheus");    # of another program
my $pid = fork // die "fork: $!";
if (!$pid) {
    open STDOUT, '>', "$stand->{dir}/prometheus.log" and open STDERR, '>&', \*STDOUT or die $!;
    exec $prometheus, "--config.file=$conf", "--storage.tsdb.path=$stand->{dir}/prometheus", "--web.listen-address=127.0.0.1:$port" or die "prometheus: $!";
}
END { if ($pid) { local $?; kill TERM => $pid; waitpid $pid, 0 } }
wait_for(sub { listens($port) }, 20) or BAIL_OUT('prometheus does not listen');

# The values of an expression: a list of {metric, value}.
sub query
{
    my ($expression) = @_;
    my $reply = $http->get("http://127.0.0.1:$port/api/v1/query?" . $http->www_form_urlencode({ query => $expression }));
    return if $reply->{status} == 503;    # it is starting
    die "$expression: $reply->{content}\n" if !$reply->{success};
    return @{ decode_json($reply->{content})->{data}{result} };
}

sub value { my ($first) = query(@_); return $first && $first->{value}[1] }

ok(wait_for(sub { (value('up{job="mod_orders"}') // 0) == 1 }, 20), 'Prometheus scrapes the server') or diag(`tail -5 $stand->{dir}/prometheus.log`);

# --- load, restarts and kills -------------------------------------------------------------------------------------------

my $load = Faults::Steady->new(
    port => $stand->{port}, log => $log, clients => 8, keepalive => 1, seconds => 8,
    script => [ (map { [ 1 + $_, sub { $stand->graceful } ] } 0 .. 2), [ 5, sub { my ($child) = $stand->httpd_children; kill KILL => $child } ] ],
);
my $run = $load->run;
note($run->summary);

my $now  = ModOrders::Metrics->read($url);
my $sent = $now->value('orders_http_requests_total', api => 'user');
# A killed process may lose the responses of the requests that it handles, after it has counted them.
cmp_ok(abs($sent - $run->{requests}), '<=', 16, "$sent requests are counted of $run->{requests} that were sent");
ok(wait_for(sub { (value('sum(orders_http_requests_total{api="user"})') // 0) == $sent }, 10), 'Prometheus has this value')
    or diag(value('sum(orders_http_requests_total{api="user"})'));
is(value('max(resets(orders_http_requests_total[1m]))'), 0, 'no counter was reset');
is(value('count(orders_http_requests_total{api="user",route="user.create",status="2xx"})'), 1, 'a series for each route');
is(value('orders_build_info{job="mod_orders"} * 1'), 1, 'the build');
cmp_ok(value('histogram_quantile(0.99, sum by (le) (rate(orders_http_request_duration_seconds_bucket[1m])))') // 'NaN', '>', 0, 'a quantile of the duration');
ok(wait_for(sub { value('orders_processes') == 3 && value('orders_limiter_limit') == 12 }, 15), 'the killed process and those before the restarts are not counted');
is(scalar(query('{__name__=~"orders_.*",exported_job!=""}')), 0, 'no label conflicts with those of Prometheus');
ok(wait_for(sub { defined value('orders_job_backlog{name="expiry"}') }, 20), 'values of the database');

# --- formats ------------------------------------------------------------------------------------------------------------

for my $accept ('', 'application/openmetrics-text') {
    my $text = $http->get($url, { headers => { Accept => $accept || '*/*' } })->{content};
    my $file = write_file("$stand->{dir}/metrics.txt", $text, 0644);
    next if $accept;
    my $said = `$promtool check metrics <$file 2>&1`;
    is($?, 0, 'promtool check metrics') or diag($said);
    is($said, '', 'without remarks');
}
my ($target) = @{ decode_json($http->get("http://127.0.0.1:$port/api/v1/targets")->{content})->{data}{activeTargets} };
is($target->{lastError}, '', 'the last scrape, of OpenMetrics, had no error');

# --- an alert ------------------------------------------------------------------------------------------------------------

$stand->postgres->stop('immediate');
ok(wait_for(sub { $http->get("http://127.0.0.1:$stand->{port}/api/v1/user/orders", { headers => { Authorization => 'Bearer nobody' } }); (value('orders_database_up') // 1) == 0 }, 20), 'an outage of the database');
ok(wait_for(sub { grep { $_->{metric}{alertname} eq 'OrdersDatabaseDown' } query('ALERTS') }, 10), 'the alert is pending');
my $from = ModOrders::Metrics->read($url);
ok($from, 'the metrics can be read during the outage');
$stand->postgres->start;
closing(stand => $stand, log => $log);
done_testing();
