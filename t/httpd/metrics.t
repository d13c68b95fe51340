# SPDX-License-Identifier: Apache-2.0
#
# SetHandler orders-metrics: the formats, and each metric of the server itself, which is asserted after requests that change it. The
# values of several processes add up, and counters survive graceful restarts and the end of a process. t/httpd/job_metrics.t tests
# the metrics of the worker.
use strict;
use warnings;
use HTTP::Tiny;
use ModOrders::Httpd;
use ModOrders::Metrics;
use ModOrders::Process qw(children_of);
use ModOrders::Test;
use Time::HiRes qw(sleep time);

my $list = '/api/v1/user/orders';
my $port = Apache::Test::vars('simulator_port');
my $with = {
    processes => 3,
    threads   => 8,
    global    => 'MinSpareThreads 24', # a process that has ended is replaced
    server    => <<"END",
OrdersSecretFile secret
OrdersSessions 2
OrdersQueueTimeout 300
OrdersWorker Off
OrdersPublicURL http://127.0.0.1
OrdersPaymentChannel metered provider=http url=http://127.0.0.1:$port secret-file=secret timeout=1 calls=1
END
    locations => ModOrders::Httpd->locations . "<Location /orders-metrics>\nSetHandler orders-metrics\nRequire local\n</Location>\n",
};
my $httpd = ModOrders::Httpd->new(%$with)->start;
my $user  = make_user(balance => 100);
my $url   = $httpd->url('/orders-metrics');

sub metrics { return ModOrders::Metrics->read($url, @_) }
sub get     { my ($path, @with) = @_; return api(GET => $httpd->url($path), token => $user->{token}, unchecked => 1, @with) }

sub request
{
    my ($method, %headers) = @_;
    return HTTP::Tiny->new->request($method, $url, { headers => \%headers });
}

sub graceful
{
    my @before = children_of($httpd->pid);
    my $marks  = () = $httpd->log =~ /AH00489/g;
    kill USR1 => $httpd->pid;
    return wait_for(sub { my $now = () = $httpd->log =~ /AH00489/g; my %old = map { $_ => 1 } @before; $now > $marks && !grep { $old{$_} } children_of($httpd->pid) }, 20);
}

subtest 'formats' => sub {
    my $reply = request('GET');
    is($reply->{status}, 200, 'GET');
    is($reply->{headers}{'content-type'}, 'text/plain; version=0.0.4; charset=utf-8', 'the text format by default');
    is($reply->{headers}{'cache-control'}, 'no-store', 'the metrics are not cached');
    is($reply->{headers}{vary}, 'Accept', 'the format depends on Accept');
    like($reply->{content}, qr/^# HELP orders_http_requests_total .*\.\n# TYPE orders_http_requests_total counter\n/m, 'a counter');
    like($reply->{content}, qr/^orders_build_info\{version="[\d.]+",schema_oldest="\d+",schema_newest="\d+"\} 1$/m, 'the build');
    unlike($reply->{content}, qr/# EOF|# UNIT/, 'no OpenMetrics');
    my %types = %{ metrics()->types };
    is_deeply([ grep { !/^orders_/ } keys %types ], [], 'each name has the prefix orders_');

    my $open = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
    my $prometheus = 'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
    $reply = request('GET', Accept => $prometheus);
    is($reply->{headers}{'content-type'}, $open, 'OpenMetrics for Prometheus');
    like($reply->{content}, qr/^# TYPE orders_http_requests counter\n/m, 'the family of a counter has no _total');
    like($reply->{content}, qr/^orders_http_requests_total\{/m, 'the samples of a counter have _total');
    like($reply->{content}, qr/^# TYPE orders_build info\n/m, 'an info');
    like($reply->{content}, qr/^# UNIT orders_database_queue_seconds seconds\n/m, 'a unit');
    like($reply->{content}, qr/\n# EOF\n\z/, 'ends with EOF');

    my %accept = (
        'application/openmetrics-text' => 1, 'APPLICATION/OpenMetrics-Text ; version=1.0.0' => 1,
        'text/plain, application/openmetrics-text;q=0.5' => 0, 'application/openmetrics-text;q=0, */*' => 0, 'application/openmetrics-text-x' => 0,
        'application/json' => 0, '*/*' => 0, '' => 0, ';;;,,,q=' => 0, 'application/openmetrics-text;q=x' => 0, 'application/openmetrics-text;q=7' => 0,
        ',;q=1,application/openmetrics-text;q=0.1,' => 1, 'a' x 4000 => 0, '"unterminated;q="' => 0,
    );
    for my $accept (sort keys %accept) {
        $reply = request('GET', Accept => $accept);
        is($reply->{status}, 200, 'Accept: ' . substr $accept, 0, 60) or next;
        is($reply->{headers}{'content-type'} eq $open ? 1 : 0, $accept{$accept}, $accept{$accept} ? 'OpenMetrics' : 'the text format');
    }
};

subtest 'methods' => sub {
    my ($get, $head) = map { request($_) } qw(GET HEAD);
    is($head->{status}, 200, 'HEAD');
    is($head->{content} // '', '', 'HEAD has no body');
    cmp_ok(abs($head->{headers}{'content-length'} - length $get->{content}), '<', 200, 'HEAD has the length of the body');
    for my $method (qw(POST PUT DELETE)) {
        my $reply = request($method);
        is($reply->{status}, 405, $method);
        like($reply->{headers}{allow}, qr/\bGET\b/, 'Allow');
        unlike($reply->{headers}{allow}, qr/POST/, 'Allow has no other method');
    }
    is(request('OPTIONS')->{status}, 200, 'OPTIONS');
};

subtest 'requests by API, route and status' => sub {
    my $before = metrics();
    is(get($list)->code, 200, 'a list');
    is(get("$list/999999999")->code, 404, 'an unknown order');
    is(get("$list/nothing/of/the/kind")->code, 404, 'an unknown path');
    is(api(PUT => $httpd->url($list), token => $user->{token}, unchecked => 1, json => {})->code, 405, 'an unknown method');
    is(get($list, token => 'no-such-token')->code, 401, 'a refused token');
    my $after = metrics();
    my $count = sub { my %labels = @_; return $after->since($before, 'orders_http_requests_total', api => 'user', %labels) };
    is($count->(route => 'user.list', status => '2xx'), 1, 'a success of a route');
    is($count->(route => 'user.list', status => '4xx'), 1, 'a refusal of the same route');
    is($count->(route => 'user.detail', status => '4xx'), 1, 'a refusal of another route');
    is($count->(route => 'none', status => '4xx'), 2, 'requests without a route');
    is($count->(), 5, 'no other request is counted');
    is($after->value('orders_http_requests_total', api => 'operator', route => 'operator.orders.search', status => '5xx'), 0, 'a route without requests has zeros')
        or diag(join ' ', map { $_->{labels}{route} } $after->samples('orders_http_requests_total', api => 'operator'));
    is(scalar($after->samples('orders_http_requests_total', api => 'shop')), 0, 'an API that is not served has no rows');
    is($after->since($before, 'orders_http_request_duration_seconds_count', api => 'user', route => 'user.list'), 2, 'durations of the route');
    is($after->since($before, 'orders_http_request_duration_seconds_bucket', api => 'user', route => 'user.list', le => '+Inf'), 2, 'the last bucket has all');
    is($after->since($before, 'orders_database_duration_seconds_count', api => 'user') > 1 ? 1 : 0, 1, 'times with the database');
    is($after->since($before, 'orders_database_queue_seconds_count', api => 'user') > 1 ? 1 : 0, 1, 'times in the queue');
};

subtest 'the duration and the time with the database' => sub {
    my $before = metrics();
    my $busy   = ModOrders::Test::connect_as($ENV{PGUSER});
    $busy->do('BEGIN');
    $busy->do('LOCK TABLE orders.orders IN ACCESS EXCLUSIVE MODE');
    my $pid = fork // die "fork: $!";
    if (!$pid) { sleep 0.6; $busy->do('ROLLBACK'); require POSIX; POSIX::_exit(0) }
    $busy->{InactiveDestroy} = 1;
    my $from = time;
    is(get($list)->code, 200, 'a slow list');
    my $took = time - $from;
    waitpid $pid, 0;
    my $after = metrics();
    for my $family (qw(orders_http_request_duration_seconds orders_database_duration_seconds)) {
        my $sum = $after->since($before, "${family}_sum", api => 'user');
        cmp_ok($sum, '>', 0.3, "$family: $sum s") and cmp_ok($sum, '<=', $took + 0.01, "of $took s");
        is($after->since($before, "${family}_bucket", api => 'user', le => '0.25'), 0, 'not in the buckets below');
        is($after->since($before, "${family}_bucket", api => 'user', le => '5.0'), 1, 'in the buckets above');
    }
};

subtest 'the token cache' => sub {
    my $other  = make_user(balance => 1);
    my $before = metrics();
    get($list, token => $other->{token}) for 1 .. 3;
    get($list, token => $other->{token} =~ s/(.)\z/$1 eq 'A' ? 'B' : 'A'/er) for 1 .. 2;
    my $after = metrics();
    my $count = sub { return $after->since($before, 'orders_token_cache_lookups_total', result => $_[0]) };
    is($count->('miss'), 2, 'each credential is looked up once');
    is($count->('hit'), 2, 'a valid credential is found twice');
    is($count->('refused'), 1, 'a refused credential is found once');
};

subtest 'the limiter' => sub {
    my $before = metrics();
    is($before->value('orders_processes'), 3, 'three processes');
    is($before->value('orders_limiter_limit'), 6, 'OrdersSessions of each');
    is($before->value('orders_limiter_allowed'), 6, 'all sessions are allowed');
    is($before->value($_), 0, "$_ is 0") for qw(orders_limiter_in_use orders_limiter_waiting);
    my $busy = ModOrders::Test::connect_as($ENV{PGUSER});
    $busy->do('BEGIN');
    $busy->do('LOCK TABLE orders.orders IN ACCESS EXCLUSIVE MODE');
    my @clients = map {
        my $pid = fork // die "fork: $!";
        if (!$pid) { $busy->{InactiveDestroy} = 1; get($list); require POSIX; POSIX::_exit(0) }
        $pid;
    } 1 .. 18;
    ok(wait_for(sub { my $now = metrics(); $now->value('orders_limiter_in_use') >= 2 && $now->value('orders_limiter_waiting') > 0 }, 5), 'sessions in use, and waiting requests');
    ok(wait_for(sub { my $now = metrics(); $now->since($before, 'orders_limiter_refused_total') >= 3 }, 5), 'refused requests');
    $busy->do('ROLLBACK');
    waitpid $_, 0 for @clients;
    my $after = metrics();
    cmp_ok($after->since($before, 'orders_limiter_refused_total', reason => 'user_limit'), '>', 0, 'one user has half of the sessions: user_limit');
    is($after->since($before, 'orders_limiter_refused_total', reason => 'database_unavailable'), 0, 'the database is available');
    cmp_ok($after->since($before, 'orders_http_requests_total', api => 'user', status => '5xx'), '>=', 3, 'refused requests are counted as 5xx');
    is($after->value($_), 0, "$_ is 0 again") for qw(orders_limiter_in_use orders_limiter_waiting);
    cmp_ok($after->since($before, 'orders_database_queue_seconds_sum', api => 'user'), '>', 0.5, 'the time in the queue');
};

subtest 'an outage of the database' => sub {
    plan(skip_all => 'pgbouncer delays connections after a failed login') if $ENV{ORDERS_PG_BOUNCER};
    my $before = metrics();
    is($before->value('orders_database_up'), 1, 'up');
    db()->do('ALTER ROLE orders_api NOLOGIN');
    db()->do(q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'orders_api'));
    ok(wait_for(sub { get($list); metrics()->value('orders_database_up') == 0 }, 10), 'down');
    db()->do('ALTER ROLE orders_api LOGIN');
    cmp_ok(metrics()->since($before, 'orders_limiter_refused_total', reason => 'database_unavailable'), '>', 0, 'database_unavailable');
    ok(wait_for(sub { get($list); metrics()->value('orders_database_up') == 1 }, 20), 'up again');
    is(metrics()->value('orders_schema_version'), (rows('SELECT orders_v1.schema_version() AS v'))[0]{v}, 'the version of the schema');
};

subtest 'calls of a provider' => sub {
    my $provider = start_simulator();
    my $plan     = make_plan(price => 700);
    make_channel('metered');
    my $order = sub { api(POST => $httpd->url($list), token => $user->{token}, unchecked => 1, json => { plan_id => $plan->{id}, payment_method => 'external', payment_channel => 'metered' }) };
    my $before = metrics();
    is($before->value('orders_provider_calls_total', channel => 'metered', outcome => 'answered'), 0, 'a channel without calls has zeros');
    $order->();
    my $count = sub { my ($after, $outcome) = @_; return $after->since($before, 'orders_provider_calls_total', channel => 'metered', outcome => $outcome) };
    is($count->(metrics(), 'answered'), 1, 'a call that was answered') or diag(metrics()->text =~ /^(orders_provider_calls.*)$/mg);
    undef $provider;
    $order->();
    is($count->(metrics(), 'failed'), 1, 'a call that failed');
    ok(wait_for(sub { $order->(); $count->(metrics(), 'suspended') }, 20), 'calls are suspended');
    my $after = metrics();
    is($after->since($before, 'orders_provider_call_duration_seconds_count', channel => 'metered'), $count->($after, 'answered') + $count->($after, 'failed'),
        'the durations of the calls that were made');
};

subtest 'several processes add up' => sub {
    my %pids;
    my $before = metrics();
    get($list) for 1 .. 30;
    is(metrics()->since($before, 'orders_http_requests_total', api => 'user', route => 'user.list', status => '2xx'), 30, 'requests of all processes');
};

subtest 'a graceful restart keeps the counters' => sub {
    my $before = metrics();
    for (1 .. 3) {
        ok(graceful(), 'restarted');
        get($list);
    }
    my $after = metrics();
    is($after->since($before, 'orders_http_requests_total', api => 'user', route => 'user.list', status => '2xx'), 3, 'the counters continue');
    is($after->value('orders_metrics_start_timestamp_seconds'), $before->value('orders_metrics_start_timestamp_seconds'), 'the start of the counters is unchanged');
    ok(wait_for(sub { metrics()->value('orders_processes') == 3 }, 10), 'ended processes are not counted');
    is(metrics()->value('orders_limiter_limit'), 6, 'sessions of ended processes are not counted');
};

subtest 'a process is killed' => sub {
    my $before = metrics();
    my ($child) = children_of($httpd->pid);
    kill KILL => $child;
    ok(wait_for(sub { my @now = children_of($httpd->pid); @now == 3 && !grep { $_ == $child } @now }, 20), 'another process replaces the killed one');
    ok(wait_for(sub { metrics()->value('orders_limiter_limit') == 6 }, 10), 'sessions of the killed process are not counted');
    is(metrics()->value('orders_processes'), 3, 'three processes');
    cmp_ok(metrics()->since($before, 'orders_http_requests_total'), '>=', 0, 'the counters remain');
};

done;
