# SPDX-License-Identifier: Apache-2.0
# Errors of the shop API that do not depend on an order.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Shop;
use ModOrders::Test;

my $path   = '/api/v1/orders';
my $buyer  = make_user();
my $order  = order_goods($buyer);
my @routes = ([ GET => $path ], [ GET => shop_path($order) ], [ POST => shop_path($order, 'cancel') ], [ GET => shop_path($order, 'shipment') ]);

subtest 'authentication' => sub {
    my $seller  = make_user(scopes => ['seller']);
    my $revoked = make_token($buyer, expires_in => 1);
    db()->do(q(UPDATE orders.token SET expires_at = now() - interval '1 second' WHERE tenant_id = 1 AND user_id = ? AND expires_at IS NOT NULL), undef, $buyer->{id});
    for my $route (@routes) {
        my $reply = api(@$route);
        says($reply, 401, 'UNAUTHORIZED', 'unauthenticated');
        like($reply->header('WWW-Authenticate'), qr/^Bearer realm="orders"/, 'the response has a challenge');
        is($reply->content_type, 'application/json', 'the body is JSON');
        says(api(@$route, token => $_), 401, 'UNAUTHORIZED', 'unauthenticated') for 'nonsense', 'ord_1_' . 'x' x 43, 'x' x 5000, $revoked;
        says(api(@$route, token => $_->{token}), 403, 'FORBIDDEN', 'forbidden') for $seller, operator;
    }
    is(order_row($order->{id})->{state}, 'open', 'the order is unchanged');
};

subtest 'unsupported methods' => sub {
    for my $route (@routes) {
        my $other = $route->[0] eq 'GET' ? 'POST' : 'GET';
        my $reply = api($other => $route->[1], token => $buyer->{token});
        says($reply, 405, 'BAD_REQUEST', 'method_not_allowed');
        is($reply->header('Allow'), ($route->[0] eq 'GET' ? 'GET, HEAD, OPTIONS' : 'POST, OPTIONS'), 'Allow has the methods of the route');
        says(api(DELETE => $route->[1], token => $buyer->{token}), 405, 'BAD_REQUEST', 'method_not_allowed');
    }
};

subtest 'unknown paths' => sub {
    says(api(GET => "$path/$_", token => $buyer->{token}), 404, 'NOT_FOUND', 'not_found') for 'a/b', "$order->{public_id}/nonsense", "$order->{public_id}/cancel/x";
};

subtest 'errors of httpd' => sub {
    my $reply = api(GET => "$path?" . 'x' x 9000, token => $buyer->{token});
    is($reply->code, 414, 'a long request line');
    is($reply->{json}{error}{code}, 'BAD_REQUEST', 'the error has the format of the API');
};

subtest 'an outage of the database' => sub {
    my $httpd = ModOrders::Httpd->new(dbd => "DBDriver pgsql\nDBDParams \"host=127.0.0.1 port=1 connect_timeout=1\"",
        server => "OrdersSecretFile secret\nOrdersWorker Off", locations => "<Location $path>\nOrdersAPI shop\n</Location>")->start;
    for my $route (@routes) {
        my ($method, $at) = @$route;
        my $reply = ask($method => $httpd->url($at), token => $buyer->{token});
        says($reply, 503, 'UNAVAILABLE', 'database_unavailable');
        ok($reply->header('Retry-After'), 'the response has Retry-After');
    }
};

subtest 'a key in use' => sub {
    my $key     = unique('key');
    my $blocker = db()->clone;
    $blocker->begin_work;
    $blocker->do('SELECT 1 FROM orders.orders WHERE tenant_id = 1 AND id = ? FOR UPDATE', undef, $order->{id});
    my $reply = shop(POST => $order, $buyer, of => 'cancel', headers => { 'Idempotency-Key' => $key });
    $blocker->rollback;
    says($reply, 503, 'UNAVAILABLE', 'busy');
    is(order_row($order->{id})->{state}, 'open', 'the order is unchanged');
    is(shop(POST => $order, $buyer, of => 'cancel', headers => { 'Idempotency-Key' => $key })->code, 200, 'a later request succeeds');
};

done;
