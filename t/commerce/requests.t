# SPDX-License-Identifier: Apache-2.0
# Rules that all routes of the commerce API share: paths, methods, headers, and an unavailable database.
use strict;
use warnings;
use ModOrders::Commerce;
use ModOrders::Httpd;
use ModOrders::Test;

my $buyer  = make_user();
my $pen    = make_item(price => 1_50);
my $order  = commerce_order($buyer, [$pen]);
my @routes = ([ POST => 'create-order' ], [ POST => 'upgrade-renewal-package' ], [ GET => 'all-orders' ], [ POST => 'all-orders' ], [ GET => 'order-details' ], [ POST => 'order-details' ]);

subtest 'paths' => sub {
    for my $path ('nowhere', 'create-order/1', '', 'Create-Order', 'order-details/x/') {
        says(commerce(GET => $path, $buyer), 404, detail => 'Not found.');
    }
    is(commerce(GET => 'all-orders/', $buyer)->code, 200, 'a trailing slash is accepted');
    is(commerce(GET => 'order-details/', $buyer, query => "order_number=$order->{number}")->code, 200, 'a trailing slash before a query is accepted');
    done;
};

subtest 'methods' => sub {
    for my $case ([ 'create-order', 'POST' ], [ 'upgrade-renewal-package', 'POST' ], [ 'all-orders', 'GET, HEAD, POST' ], [ 'order-details', 'GET, HEAD, POST' ]) {
        my ($route, $allowed) = @$case;
        for my $method ('PUT', 'DELETE', 'PATCH', $allowed =~ /GET/ ? () : ('GET')) {
            my $reply = commerce($method => $route, $buyer);
            says($reply, 405, detail => 'The method is not allowed here.');
            is($reply->header('Allow'), "$allowed, OPTIONS", "Allow has $allowed");
        }
        is(commerce(OPTIONS => $route, undef, key => undef)->code, 204, 'OPTIONS succeeds');
    }
    my $count = (rows('SELECT count(*) AS n FROM orders.orders WHERE tenant_id = 1'))[0]{n};
    my $head = commerce(HEAD => 'all-orders', $buyer);
    is_deeply([ $head->code, $head->content ], [ 200, '' ], 'HEAD has the status of GET and no body');
    is((rows('SELECT count(*) AS n FROM orders.orders WHERE tenant_id = 1'))[0]{n}, $count, 'no order is placed');
    done;
};

subtest 'headers' => sub {
    for my $reply (commerce(GET => 'all-orders', $buyer), commerce(GET => 'order-details', $buyer), commerce(POST => 'create-order', $buyer, json => order_body($buyer, [$pen]))) {
        is($reply->header('Cache-Control'), 'private, no-store', 'the response is not stored by caches');
        is($reply->header('X-Content-Type-Options'), 'nosniff', 'X-Content-Type-Options is nosniff');
        like($reply->header('X-Request-Id'), qr/^[\w.-]+$/, 'the response has a request id');
        is($reply->content_type, 'application/json', 'the body is JSON');
    }
    done;
};

subtest 'the log' => sub {
    my $mark = log_mark();
    commerce(GET => 'order-details', $buyer);
    commerce(POST => 'create-order', $buyer, json => { uid => 'secret-user' });
    ok(wait_for_log($mark, qr/ORD0004 invalid_fields \S+ - commerce\.detail/), 'the log has the error and the route');
    ok(wait_for_log($mark, qr/ORD0004 invalid_fields \S+ OR422 commerce\.create/), 'refusals by the database are logged too');
    is(scalar grep({ /secret-user|\Q$buyer->{token}\E|\Q${\application()}\E/ } log_since($mark)), 0, 'the log has no request data and no token');
    done;
};

subtest 'round trips' => sub {
    my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorker Off\nOrdersSessions 1", locations => "<Location $MOUNT>\nOrdersAPI commerce\n</Location>")->start;
    my $package = make_package(price => 10_00);
    my $member  = make_member(package => $package, starts_at => '2020-01-01T00:00:00Z', ends_at => '2020-02-01T00:00:00Z');
    my $mine    = commerce_order($member, [$pen]);
    my $trips   = sub {
        my ($method, $path, $query, %with) = @_;
        my $reply = ask($method => $httpd->url(commerce_path($path)) . $query, token => $member->{token}, %with, headers => { apikey => application(), %{ $with{headers} // {} } });
        is($reply->code, 200, "$method $path") or diag($reply->as_string);
        return $httpd->last_access(commerce_path($path), $reply->header('X-Request-Id'))->{trips};
    };
    cmp_ok($trips->(GET => 'all-orders', ''), '>=', 3, 'the first request also looks up key and user');
    for my $warm ([ GET => 'all-orders' ], [ GET => 'all-orders', 'order_number=1' ], [ GET => 'order-details', 'order_number=1' ], [ POST => 'create-order' ], [ POST => 'upgrade-renewal-package' ]) {
        ask($warm->[0] => $httpd->url(commerce_path($warm->[1])) . '?' . ($warm->[2] // ''), token => $member->{token}, headers => { apikey => application() }); # statements are prepared once
    }
    is($trips->(@$_), 1, 'later requests have one statement') for (
        [ GET => 'all-orders', '' ], [ GET => 'all-orders', '?period=year&category=product&limit=5' ], [ GET => 'all-orders', "?order_number=$mine->{number}" ],
        [ GET => 'order-details', "?order_number=$mine->{number}" ], [ POST => 'upgrade-renewal-package', '', json => package_body($member, $package) ],
    );
    $trips->(POST => 'create-order', '', json => order_body($member, [$pen])); # prepares the statement
    is($trips->(@$_), 1, 'an order of goods that are not counted has one statement') for (
        [ POST => 'create-order', '', json => order_body($member, [$pen]) ],
        [ POST => 'create-order', '', json => order_body($member, [$pen]), headers => { 'Idempotency-Key' => unique('key') } ],
    );
    my @counted = (POST => 'create-order', '', json => order_body($member, [ make_item(price => 1_50, stock => 10) ]));
    $trips->(@counted); # prepares the second statement
    my @keyed = (@counted, headers => { 'Idempotency-Key' => unique('key') });
    is($trips->(@$_), 2, 'two round trips with counted stock: the lock of the stock is released before the order is durable') for (\@counted, \@keyed);
    is($trips->(@keyed), 1, 'one round trip for a replay');
    my $alone = sub { return ask(GET => $httpd->url(commerce_path('all-orders')) . "?uid=$member->{ref}", headers => { apikey => actor() }) };
    $alone->();
    is($httpd->last_access(commerce_path('all-orders'), $alone->()->header('X-Request-Id'))->{trips}, 1, 'a later request of an application alone has one statement');
    $httpd->stop;
    done;
};

subtest 'the database is unavailable' => sub {
    my $httpd = ModOrders::Httpd->new(
        server    => "OrdersWorker Off",
        dbd       => qq(DBDriver pgsql\nDBDParams "host=127.0.0.1 port=1 dbname=x user=x connect_timeout=1 tcp_user_timeout=1000"\nDBDMax 4),
        locations => "<Location $MOUNT>\nOrdersAPI commerce\n</Location>"
    )->start;
    for my $route (@routes) {
        my ($method, $path) = @$route;
        my $reply = ask($method => $httpd->url(commerce_path($path)), token => $buyer->{token}, headers => { apikey => application() });
        says($reply, 503, detail => 'The database cannot be reached.');
        ok($reply->header('Retry-After'), 'the response has Retry-After');
    }
    $httpd->stop;
    done;
};

subtest 'a statement timeout' => sub {
    my $key = application();
    commerce(GET => 'all-orders', $buyer); # both tokens are known from here on
    my $blocker = db()->clone;
    $blocker->begin_work;
    $blocker->do('LOCK TABLE orders.order_line IN ACCESS EXCLUSIVE MODE');
    my $reply = commerce(GET => 'order-details', $buyer, key => $key, query => "order_number=$order->{number}");
    $blocker->rollback;
    is($reply->code, 503, 'the response is 503') or diag($reply->as_string);
    is($reply->{json}{status_code}, 503, 'the body has the envelope');
    is(commerce(GET => 'order-details', $buyer, query => "order_number=$order->{number}")->code, 200, 'the next request succeeds');
    done;
};

invariants_hold();
done;
