# SPDX-License-Identifier: Apache-2.0
# Authentication by the key of an application and the token or httpd login of a user; Idempotency-Key.
use strict;
use warnings;
use IO::Handle;
use ModOrders::Commerce;
use ModOrders::Goods ();
use ModOrders::Test;
use Time::HiRes ();

my $buyer = make_user();
my $pen   = make_item(price => 1_50);
my $order = commerce_order($buyer, [$pen]);
my $body  = order_body($buyer, [$pen]);
my $none  = 'A valid credential is needed.';

my @routes = (
    [ GET => 'all-orders' ], [ POST => 'all-orders' ], [ GET => 'order-details', query => "order_number=$order->{number}" ],
    [ POST => 'order-details', json => { order_number => $order->{number} } ], [ POST => 'create-order', json => $body ],
    [ POST => 'upgrade-renewal-package', json => package_body($buyer, make_package()) ],
);

# --- the application's key ------------------------------------------------------------------------------------------

my $owner   = make_user();
my $expired = make_token($owner, scopes => ['application']);
db()->do(q(UPDATE orders.token SET created_at = now() - interval '2 hours', expires_at = now() - interval '1 hour'
    WHERE tenant_id = 1 AND hash = sha256(convert_to(?, 'UTF8'))), undef, $expired);
my $revoked = make_token($owner, scopes => ['application']);
db()->do(q(UPDATE orders.token SET revoked_at = now() WHERE tenant_id = 1 AND hash = sha256(convert_to(?, 'UTF8'))), undef, $revoked);
my $left = make_user(scopes => ['application']);
db()->do('UPDATE orders.users SET active = false WHERE tenant_id = 1 AND id = ?', undef, $left->{id});
db()->do(q(INSERT INTO orders.tenant (id, name, currency) VALUES (7, 'other', 'USD') ON CONFLICT DO NOTHING));
db()->do(q(INSERT INTO orders.users (tenant_id, id, external_ref, name) VALUES (7, ?, ?, 'Stranger') ON CONFLICT DO NOTHING), undef, $owner->{id}, unique('stranger'));
my $foreign = unique('ord_7_foreign') . 'x' x 20;
db()->do(q(INSERT INTO orders.token (tenant_id, user_id, hash, hint, scopes) VALUES (7, ?, sha256(convert_to(?, 'UTF8')), 'x', '{application,act-as-user}')),
    undef, $owner->{id}, $foreign);

my %nobody = (
    none => undef, empty => '', nonsense => 'nonsense', 'an unknown one' => 'ord_1_' . 'A' x 43, 'a very long one' => 'x' x 5000, 'two of them' => application() . ' ' . application(),
    'an expired one' => $expired, 'a revoked one' => $revoked, 'one of an inactive user' => $left->{token}, "another tenant's" => $foreign,
    "a buyer's token" => $buyer->{token}, 'one with act-as-user but without application' => make_token($owner, scopes => [ 'act-as-user', 'buyer' ]),
    "an operator's" => operator->{token},
);

for my $name (sort keys %nobody) {
    subtest "the application's key: $name" => sub {
        my $count = order_count($buyer);
        for my $route (@routes) {
            my $reply = commerce(@$route[ 0, 1 ], $buyer, key => $nobody{$name}, @$route[ 2 .. $#$route ]);
            says($reply, 401, apikey => $none);
            is($reply->header('WWW-Authenticate'), 'ApiKey header="apikey"', 'the response has a challenge');
            says(commerce(@$route[ 0, 1 ], undef, key => $nobody{$name}, @$route[ 2 .. $#$route ]), 401, apikey => $none);
        }
        is(order_count($buyer), $count, 'no order is placed');
        done;
    };
}

subtest 'a revoked key' => sub {
    my $token = make_token($owner, scopes => ['application']);
    my ($row) = rows(q(SELECT id FROM orders.token WHERE tenant_id = 1 AND hash = sha256(convert_to(?, 'UTF8'))), $token);
    is(commerce(GET => 'all-orders', $buyer, key => $token)->code, 200, 'the key is valid and cached') for 1 .. 2;
    api(DELETE => "/api/v1/admin/tokens/$row->{id}", token => operator->{token});
    says(commerce(GET => 'all-orders', $buyer, key => $token), 401, apikey => $none);
    done;
};

is(commerce(GET => 'all-orders', $buyer, key => '  ' . application() . ' ')->code, 200, 'spaces around a key are ignored');
says(commerce(GET => 'all-orders', $buyer, key => undef, query => 'apikey=' . application()), 401, apikey => $none);
says(commerce(POST => 'all-orders', $buyer, key => undef, json => { apikey => application() }), 401, apikey => $none);
says(commerce(GET => 'all-orders', $buyer, key => actor(), token => application()), 401, Authorization => $none);

# --- the user's token -----------------------------------------------------------------------------------------------

my %no_user = (
    'none'             => undef,
    'an unknown one'   => 'Bearer ord_1_' . 'x' x 43,
    'no Bearer'        => $buyer->{token},
    'Basic'            => 'Basic eDp4',
    'an empty one'     => 'Bearer ',
    "an operator's"    => 'Bearer ' . operator->{token},
    "the application's own" => 'Bearer ' . application(),
    "another tenant's" => "Bearer $foreign",
);

for my $name (sort keys %no_user) {
    subtest "the user's token: $name" => sub {
        for my $route (@routes) {
            my ($method, $path, %with) = @$route;
            my $headers = { apikey => application(), defined $no_user{$name} ? (Authorization => $no_user{$name}) : () };
            my $reply = commerce($method => $path, undef, key => undef, headers => $headers, %with);
            says($reply, 401, Authorization => $none);
            like($reply->header('WWW-Authenticate'), qr/^Bearer realm="orders"/, 'the response has a challenge');
        }
        done;
    };
}

for my $name (grep { $_ ne 'none' } sort keys %no_user) {
    my $reply = commerce(GET => 'all-orders', undef, key => undef, query => "uid=$buyer->{ref}", headers => { apikey => actor(), Authorization => $no_user{$name} });
    says($reply, 401, Authorization => $none);
}
is(commerce(GET => 'all-orders', undef, key => undef, headers => { apikey => application(), Authorization => "bEARER $buyer->{token}" })->code, 200, 'the header names are case-insensitive');
is(commerce(GET => 'all-orders', make_user(scopes => [qw(buyer application act-as-user)]))->code, 200, 'a token with more scopes is accepted');

subtest 'authentication precedes the body' => sub {
    says(commerce(POST => 'create-order', $buyer, key => 'x', body => 'x' x 100_000, type => 'text/plain'), 401, apikey => $none);
    says(commerce(POST => 'create-order', undef, key => application(), body => '{', type => 'application/json'), 401, Authorization => $none);
    done;
};

# --- users of httpd's authentication --------------------------------------------------------------------------------

subtest 'remote-user' => sub {
    my $known = known_user();
    my $ask = sub { my ($method, $path, %with) = @_; return api($method => "/basic/commerce/$path", %with) };
    my @known = (basic => [ 'known', 'sesame' ]);
    is($ask->(GET => 'all-orders')->code, 401, 'httpd requires a login');
    says($ask->(GET => 'all-orders', @known), 401, apikey => $none);
    is($ask->(GET => 'all-orders', @known)->header('WWW-Authenticate'), 'ApiKey header="apikey"', 'the key of the application is required too');
    my $placed = $ask->(POST => 'create-order', @known, headers => { apikey => application() }, json => order_body($known, [$pen]));
    is($placed->code, 200, 'an order is placed') or diag($placed->as_string);
    is(order_row(data_of($placed)->{order_id})->{buyer_id}, $known->{id}, 'the order belongs to the user of the login');
    my $list = $ask->(GET => 'all-orders?limit=1', @known, headers => { apikey => application() });
    is_deeply([ @{ data_of($list)->{orders}[0] }{qw(id uid)} ], [ data_of($placed)->{order_id}, $known->{ref} ], 'the list has the order');
    says($ask->(GET => "all-orders?uid=$buyer->{ref}", @known, headers => { apikey => application() }), 400, uid => 'Invalid user id');
    is($ask->(GET => "all-orders?uid=$buyer->{ref}", @known, headers => { apikey => actor() })->code, 200, 'an application with the scope act-as-user can name another user');
    says($ask->(GET => 'all-orders', basic => [ 'unknown', 'sesame' ], headers => { apikey => application() }), 400, detail => 'The user has no account in this API.');
    says($ask->(POST => 'create-order', @known, headers => { apikey => application(), Origin => 'https://evil.example' }, json => order_body($known, [$pen])),
        400, detail => 'This request must not be sent by a page of another site.');
    done;
};

subtest 'AuthType Orders' => sub {
    my $ask = sub { my ($user, $key, $query) = @_; return api(GET => "/small/commerce/all-orders?" . ($query // ''), ($user ? (token => $user->{token}) : ()), headers => { apikey => $key }) };
    is($ask->($buyer, application())->code, 200, 'the key and a token');
    is($ask->(undef, actor(), "uid=$buyer->{ref}")->code, 200, 'the key of an application with the scope act-as-user alone');
    says($ask->({ token => 'x' }, application()), 401, Authorization => $none);
    says($ask->($buyer, 'x'), 401, apikey => $none);
    says($ask->(undef, application()), 401, Authorization => $none);
    done;
};

# --- idempotency keys -----------------------------------------------------------------------------------------------

sub keyed { my ($user, $key, $what, %with) = @_; return commerce(POST => 'create-order', $user, json => $what // order_body($user, [$pen]), headers => { 'Idempotency-Key' => $key }, %with) }

subtest 'a repeated request' => sub {
    my $user   = make_user();
    my $key    = unique('key');
    my $first  = keyed($user, $key);
    my $second = keyed($user, $key);
    is($first->code, 200, 'the first request places an order') or diag($first->as_string);
    is($first->header('Idempotency-Replayed'), undef, 'the first response is not a replay');
    is($second->header('Idempotency-Replayed'), 'true', 'the second response is marked as replayed');
    is($second->content, $first->content, 'both bodies are identical');
    ModOrders::Goods::operator_does({ id => data_of($first)->{order_id} }, 'pay');
    is(keyed($user, $key)->content, $first->content, 'a later change of the order does not change the response');
    is(order_count($user), 1, 'one order is placed');
    done;
};

subtest 'packages' => sub {
    my $package = make_package(price => 10_00);
    my $member  = make_member(package => $package, starts_at => '2020-01-01T00:00:00Z', ends_at => '2020-02-01T00:00:00Z');
    my @ask     = (POST => 'upgrade-renewal-package', $member, json => package_body($member, $package), headers => { 'Idempotency-Key' => unique('key') });
    my $first   = commerce(@ask);
    is($first->code, 200, 'a renewal is placed') or diag($first->as_string);
    my $second = commerce(@ask);
    is_deeply([ $second->content, $second->header('Idempotency-Replayed') ], [ $first->content, 'true' ], 'a repetition is replayed and not refused');
    done;
};

subtest 'another request with the same key' => sub {
    my $user = make_user();
    my $key  = unique('key');
    keyed($user, $key);
    says(keyed($user, $key, order_body($user, [ $pen, 2 ])), 422, detail => 'This key was used with another request.');
    is(order_count($user), 1, 'no further order is placed');
    is(keyed(make_user(), $key)->header('Idempotency-Replayed'), undef, "keys are scoped per user");
    done;
};

subtest 'a refused request stores no key' => sub {
    my $user = make_user();
    my $key  = unique('key');
    says(keyed($user, $key, order_body($user, [ $pen, 0, total_amount => 0 ], { total_amount => 0 })), 400, quantity => 'Invalid quantity. Quantity must be greater than 1.');
    is(keyed($user, $key)->code, 200, 'the same key succeeds with a valid request');
    done;
};

subtest 'invalid keys' => sub {
    says(keyed($buyer, $_), 400, detail => 'The idempotency key must have 1 to 255 visible ASCII characters.') for 'x' x 256, 'a b';
    done;
};

subtest '12 concurrent requests' => sub {
    my $user      = make_user();
    my @request   = (POST => commerce_path('create-order'), token => $user->{token}, json => order_body($user, [$pen]),
        headers => { apikey => application(), 'Idempotency-Key' => unique('key') });
    my @answers   = map { "$_->{code} $_->{content}" } ask_at_once((\@request) x 12);
    my %different = map { $_ => 1 } grep { /^200 / } @answers;
    is(scalar keys %different, 1, 'all successful responses are identical');
    is_deeply([ grep { !/^200 / && !/^409 / } @answers ], [], 'every other response is 409');
    is(order_count($user), 1, 'one order is placed');
    done;
};

subtest 'a key in use' => sub {
    my $user = make_user();
    my $key  = unique('key');
    db()->begin_work;
    db()->do(q(INSERT INTO orders.idempotency (tenant_id, actor_id, route, key, fingerprint, started_at)
               VALUES (1, ?, 'commerce.create', ?, '\x00', now())), undef, $user->{id}, $key);
    my $from  = Time::HiRes::time();
    my $reply = keyed($user, $key);
    my $took  = Time::HiRes::time() - $from;
    db()->rollback;
    says($reply, 409, detail => 'Another request with this key is still in progress. Try again later.');
    ok($reply->header('Retry-After'), 'the refusal has Retry-After');
    cmp_ok($took, '<', 4, 'the refusal is sent within a limited time');
    is(keyed($user, $key)->code, 200, 'a later request succeeds');
    done;
};

invariants_hold();
done;
