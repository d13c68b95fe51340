# SPDX-License-Identifier: Apache-2.0
# Paths, methods and bodies: rules that all routes of the company API share, and paths outside of the API.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Httpd;
use ModOrders::Raw;
use ModOrders::Test;

my $shop     = make_company;
my $seller   = make_company_member($shop);
my $consumer = make_consumer;
my $number   = sell($seller, type => 'cash_consumer_app');
my %key      = (api_key => $seller->{token});

# [path, fields, the error name for an unreadable body]
my @posts = (
    (map { [ company_path($_), 'lack of parameters' ] } qw(list create payment cancel refund refund_query detail)),
    [ company_path('send'), 'does not signin' ], (map { [ company_path($_), 'not_sign_in' ] } qw(confirm edit)),
);

subtest 'paths outside of the API' => sub {
    for my $path ('/', '/index.html', '/elsewhere', '/users', '/user2', '/orders', '/order.html', '/transactions/x/result', '/User/company/order/list') {
        my $reply = ask(GET => $path);
        isnt($reply->content_type, 'application/json', "$path is not handled by the API");
        unlike($reply->content, qr/error_name/, 'the body is not that of the API');
    }
    my $file = Apache::Test::vars('documentroot') . '/a-page.html';
    open my $out, '>', $file or die "$file: $!";
    print {$out} 'a page';
    close $out;
    chmod 0644, $file;
    is(ask(GET => '/a-page.html')->content, 'a page', 'a file is served');
    unlink $file;
    like(ask(GET => '/api/v1/user/orders')->{json}{code}, qr/^unauthenticated$/, 'another API below the same path is served');
    like(ask(GET => '/api/v1/admin/orders')->{json}{code}, qr/^unauthenticated$/, 'the operator API is served');
};

subtest 'unknown routes' => sub {
    lacks(ask(GET => $_), 404, 'not found') for '/user', '/user/', '/user/company', '/user/company/order', '/user/company/order/list/all', '/user/company/order/LIST', '/order', '/order/', "/order/$number",
        "/order/$number/detail/x", '/order//detail', '/transaction', '/transaction/x', '/transaction/x/results', "/order/$number/invoice", "/order/$number/invoice/x", '/order/a%2Fb/detail/x', '/order/%00/detail', '/order/%FF/detail',
        '/user/' . 'x/' x 20;
    lacks(ask(POST => $_, json => {%key}), 404, 'not found') for '/user/company/order/none', '/order/confirm', '/order/edit/x';
    my $below = ask(POST => '/basic/company/nothing', json => {}, basic => [ 'known', 'sesame' ]);
    lacks($below, 404, 'not found');
};

subtest 'other methods' => sub {
    for my $path (map { $_->[0] } @posts) {
        for my $method (qw(GET PUT PATCH DELETE BREW)) {
            my $reply = ask($method => $path, ($method =~ /^P/ ? (json => {}) : ()));
            lacks($reply, 405, 'method not allowed');
            is($reply->header('Allow'), 'POST, OPTIONS', "$method $path: Allow");
        }
        my $head = ask(HEAD => $path);
        is_deeply([ $head->code, $head->content, $head->header('Allow') ], [ 405, '', 'POST, OPTIONS' ], "HEAD $path");
        my $options = ask(OPTIONS => $path);
        is_deeply([ $options->code, $options->header('Allow') ], [ 204, 'POST, OPTIONS' ], "OPTIONS $path");
    }
    for my $path ("/order/$number/detail", "/order/$number/invoice/x/download", '/transaction/x/result') {
        my $reply = ask(POST => $path, json => {%key});
        lacks($reply, 405, 'method not allowed');
        is($reply->header('Allow'), 'GET, HEAD, OPTIONS', "POST $path: Allow");
    }
    is(ask(PUT => '/transaction/x/pay', json => {})->header('Allow'), 'GET, HEAD, POST, OPTIONS', 'the payment page accepts GET and POST');
};

subtest 'slashes' => sub {
    is(ask(POST => company_path('detail') . '/', json => { %key, order_number => $number })->code, 200, 'a trailing slash');
    is(ask(POST => '//user/./company//x/../order/detail', json => { %key, order_number => $number })->code, 200, 'dots and double slashes are normalised by httpd');
};

subtest 'headers' => sub {
    for my $reply (company('list', $seller), company('detail', $seller, order_number => 'none'), consumer($number, $consumer), ask(GET => '/order')) {
        my $what = $reply->request->uri->path . ' ' . $reply->code;
        is($reply->header('Cache-Control'), 'private, no-store', "$what: the response is not stored by caches");
        is($reply->header('X-Content-Type-Options'), 'nosniff', 'X-Content-Type-Options is nosniff');
        like($reply->header('X-Request-Id'), qr/^[A-Za-z0-9._-]{8,64}$/, 'the response has a request id');
        is($reply->header('Content-Length'), length $reply->content, 'Content-Length is that of the body');
    }
};

# --- bodies ---------------------------------------------------------------------------------------------------------

my $long = '9' x 4000;
my @unreadable = (
    '{', '[]', '"x"', 'null', '7', '{"api_key":"x","api_key":"x"}', '{"a":"\\u0000"}', "{\"a\":\"\xff\"}", '{"a":"\\ud800"}', '{"a":1e400}', "{\"cart_id\":$long}", "{\"order_number\":-$long}",
    '[' x 1000, '{"a":' x 200 . '1' . '}' x 200, '{"a":' . '[' x 100 . ']' x 100 . '}', '{} x', "{\"a\":\"\0\"}", "\xff\xfe{}", '{"api_key":9223372036854775808}', "{'a':1}", '{"a":NaN}',
);

subtest 'malformed JSON' => sub {
    for my $post (@posts) {
        my ($path, $word) = @$post;
        named(ask(POST => $path, body => $_, headers => { Authorization => $seller->{token} }), $word) for @unreadable;
    }
};

subtest 'an empty body has no fields' => sub {
    my @with = (headers => { Authorization => $seller->{token} });
    is(ask(POST => company_path('list'), @with)->code, 200, 'the list needs no field');
    is(ask(POST => company_path('list'), body => '--b--', type => 'multipart/form-data; boundary=b', @with)->code, 200, 'an empty multipart body is accepted');
    named(ask(POST => company_path($_), @with), 'lack of parameters') for qw(create payment cancel refund refund_query detail);
    named(ask(POST => company_path('send'), @with), 'order not exist');
    named(ask(POST => company_path($_), headers => { Authorization => $consumer->{token} }), 'order_not_exist') for qw(confirm edit);
};

subtest 'malformed forms' => sub {
    my $form = 'application/x-www-form-urlencoded';
    for my $post (@posts) {
        my ($path, $word) = @$post;
        named(ask(POST => $path, body => $_, type => $form, headers => { Authorization => $seller->{token} }), $word)
            for 'order_number=1&order_number=2', 'order_number=%00', 'order_number=%FF', 'order_number=%zz', 'a=%ed%a0%80';
        my $file = join "\r\n", '--b', 'Content-Disposition: form-data; name="order_number"; filename="x"', '', 'x', '--b--', '';
        named(ask(POST => $path, body => $_, type => 'multipart/form-data; boundary=b', headers => { Authorization => $seller->{token} }), $word)
            for $file, 'nothing', "--b\r\n";
    }
};

subtest 'unsupported and large bodies' => sub {
    for my $post (@posts) {
        my $path = $post->[0];
        lacks(ask(POST => $path, body => '{}', type => $_), 415, 'unsupported media type') for 'text/plain', 'application/xml';
        lacks(ask(POST => $path, body => '{"a":"' . 'x' x 70000 . '"}'), 413, 'body too large');
    }
};

# Each field of every route with every invalid type: a refusal, or the response as if the field were absent.
subtest 'fields of invalid types' => sub {
    my @values = (undef, JSON::PP::true, JSON::PP::false, 0, -1, 1.5, 1e300, 9_223_372_036_854_775_807, '', ' ', "a\nb", "\x{1}", "\x{7f}", "\x{2028}", "\x{1f600}", 'x' x 256, 'x' x 20000, $long,
        [], [ [] ], {}, { a => 1 }, [ map { [] } 1 .. 100 ], "'; DROP TABLE orders.orders; --", '%s%n', '../../etc/passwd', '${jndi:x}', '\\u0000');
    my %field = (list => [qw(page limit)], create => [qw(cart_id type)], payment => [qw(order_number transaction_id)], cancel => ['order_number'], refund => [qw(order_number transaction_id)],
        refund_query => ['order_number'], detail => ['order_number'], send => [qw(order_number email)], confirm => ['order_number'], edit => [qw(order_number billing_address)]);
    my $consumers = { confirm => 1, edit => 1 };
    my $spare = sell($seller);
    local $ModOrders::Test::undescribed = 1;
    for my $route (sort keys %field) {
        my %rest = (order_number => $spare, transaction_id => unique('tx'), cart_id => 999_999_999, type => 'cash', email => 'a@example.test', billing_address => {});
        my $who  = $consumers->{$route} ? $consumer : $seller;
        for my $name ('api_key', @{ $field{$route} }) {
            my @bad;
            for my $value (@values) {
                my $reply = company($route, $who, (map { $_ => $rest{$_} } grep { $_ !~ /^(?:page|limit)$/ } @{ $field{$route} }), $name => $value);
                push @bad, JSON::PP->new->allow_nonref->encode($value) . ': ' . $reply->as_string
                    if $reply->code != 403 && !($route eq 'list' && $name ne 'api_key' && $reply->code == 200)
                    && !($route =~ /^(?:refund|payment)$/ && $name eq 'transaction_id' && $reply->code == 200) && !($route eq 'send' && $reply->code == 503);
            }
            is("@bad", '', "$route, $name: no server error");
        }
    }
};

subtest 'chunked and missing bodies' => sub {
    my $port = Apache::Test::vars('port');
    my $json = '{"api_key":"' . $seller->{token} . '","order_number":"' . $number . '"}';
    my $post = 'POST ' . company_path('detail') . " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    my $half = length($json) / 2;
    my @part = (substr($json, 0, $half), substr($json, $half));
    is(raw($port, $post . "Transfer-Encoding: chunked\r\n\r\n", map({ sprintf "%x\r\n%s\r\n", length, $_ } @part), "0\r\n\r\n")->{status}, 200, 'a chunked body is accepted');
    is_deeply(raw($port, "$post\r\n")->{json}, { error_name => 'lack of parameters' }, 'a missing body has no fields');
};

# --- the database is unavailable ------------------------------------------------------------------------------------

subtest 'an outage of the database' => sub {
    my $httpd = ModOrders::Httpd->new(dbd => "DBDriver pgsql\nDBDParams \"host=127.0.0.1 port=1 connect_timeout=1\"", server => "OrdersSecretFile secret\nOrdersWorker Off\nOrdersPublicURL https://shop.example",
        locations => "<Location />\nOrdersAPI company\n</Location>")->start;
    my $secret = 'the secret of a test, long enough to be accepted';
    my $token  = pay_token(1, 0, secret => $secret);
    my @asked  = (
        (map { [ POST => company_path($_), json => { %key, order_number => $number, transaction_id => 'x', cart_id => 1, type => 'cash', billing_address => {}, email => 'a@example.test' } ] }
            qw(list create payment cancel refund refund_query detail send confirm edit)),
        [ GET => "/order/$number/detail", headers => { Authorization => $consumer->{token} } ], [ GET => "/order/$number/invoice/x/download", headers => { Authorization => $seller->{token} } ],
        [ GET => "/transaction/$token/result" ],
    );
    for my $asked (@asked) {
        my ($method, $path, @with) = @$asked;
        my $reply = ask($method => $httpd->url($path), @with);
        lacks($reply, 503, 'service unavailable');
        ok($reply->header('Retry-After'), 'the response has Retry-After');
    }
    my $page = ask(GET => $httpd->url("/transaction/$token/pay"));
    is($page->code, 503, 'a page responds with 503');
    is($page->content_type, 'text/html', 'the response is a page');
    named(ask(POST => $httpd->url(company_path('detail')), json => {}), 'lack of parameters');
    is(ask(GET => $httpd->url('/index.html'))->code, 404, 'paths outside of the API need no database');
};

invariants_hold();
done;
