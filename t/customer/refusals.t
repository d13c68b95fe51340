# SPDX-License-Identifier: Apache-2.0
# Errors that all routes of the customer API have in common.
use strict;
use warnings;
use ModOrders::Customer;
use ModOrders::Goods;
use ModOrders::Httpd;
use ModOrders::Test;

my $buyer = make_user();
my $order = customer_order($buyer);
my @routes = (
    [ GET => 'my-orders' ], [ GET => 'order-tracking', $order ], [ GET => 'e-bill', $order ], [ GET => 'order-summery', $order ], [ GET => 'order-summary', $order ],
    [ GET => 'order-cancel', $order ], [ POST => 'order-cancel', $order ], [ POST => 'order/return' ], [ GET => 'reorder', $order ], [ POST => 'reorder', $order ],
);

subtest 'authentication' => sub {
    my $seller = make_user(scopes => ['seller']);
    for my $route (@routes) {
        my ($method, $name, $of) = @$route;
        my $reply = api($method => customer_path($name, $of));
        says($reply, 401, 'Unauthenticated.');
        like($reply->header('WWW-Authenticate'), qr/^Bearer realm=/, 'the response has a challenge');
        says(api($method => customer_path($name, $of), token => 'ord_1_' . 'x' x 43), 401, 'Unauthenticated.');
        says(api($method => customer_path($name, $of), token => $seller->{token}), 403, 'The credential does not allow this.');
    }
    is(order_row($order->{id})->{version}, 1, 'the order is unchanged');
};

subtest 'paths and methods' => sub {
    says(api(GET => "$MOUNT/nowhere", token => $buyer->{token}), 404, 'Not found.');
    says(api(GET => "$MOUNT/order-tracking/$order->{id}/more", token => $buyer->{token}), 404, 'Not found.');
    for my $case ([ POST => 'my-orders', undef, 'GET, HEAD' ], [ DELETE => 'order-tracking', $order, 'GET, HEAD' ], [ GET => 'order/return', undef, 'POST' ]) {
        my ($method, $name, $of, $allowed) = @$case;
        my $reply = api($method => customer_path($name, $of), token => $buyer->{token});
        is($reply->code, 405, "$method $name") or diag($reply->as_string);
        is($reply->{json}{message}, 'The method is not allowed here.', 'the message reports the method');
        is($reply->header('Allow'), "$allowed, OPTIONS", "Allow has $allowed");
    }
    my $put = api(PUT => customer_path('order-cancel', $order), token => $buyer->{token});
    is_deeply([ $put->code, $put->header('Allow') ], [ 405, 'GET, HEAD, POST, OPTIONS' ], 'a path with two methods');
};

subtest 'the database is unavailable' => sub {
    my $httpd = ModOrders::Httpd->new(
        server    => "OrdersSecretFile secret\nOrdersPublicURL https://shop.example\nOrdersWorker Off",
        dbd       => qq(DBDriver pgsql\nDBDParams "host=127.0.0.1 port=1 dbname=x user=x connect_timeout=1 tcp_user_timeout=1000"\nDBDMax 4),
        locations => "<Location $MOUNT>\nOrdersAPI customer\n</Location>"
    )->start;
    for my $route (grep { $_->[0] eq 'GET' } @routes) {
        my $reply = ask(GET => $httpd->url(customer_path(@$route[ 1, 2 ])), token => $buyer->{token});
        says($reply, 503, 'The database cannot be reached.');
        ok($reply->header('Retry-After'), 'the response has Retry-After');
    }
    $httpd->stop;
};

subtest 'error numbers' => sub {
    my $mark = log_mark();
    says(customer(GET => 'order-cancel', $order, $buyer, headers => { Purpose => 'prefetch' }), 409, 'Nothing was changed, because the request is a prefetch.');
    ok(wait_for_log($mark, qr/ORD0037/), 'the log has the error number');
};

invariants_hold();
done;
