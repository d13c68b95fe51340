# SPDX-License-Identifier: Apache-2.0
# Who asks: the key of an application, and its user's token or httpd's own user. And one key, one effect: Idempotency-Key.
use strict;
use warnings;
use IO::Handle;
use ModOrders::Commerce;
use ModOrders::Goods ();
use ModOrders::Test;
use Time::HiRes ();

my $buyer = make_user();
my $pen   = make_item(price => 1_50);
my $order = create($buyer, [$pen]);
my $body  = order_of($buyer, [$pen]);
my $none  = 'A valid credential is needed.';

my @routes = (
    [ GET => 'all-orders' ], [ POST => 'all-orders' ], [ GET => 'order-details', query => "order_number=$order->{number}" ],
    [ POST => 'order-details', json => { order_number => $order->{number} } ], [ POST => 'create-order', json => $body ],
    [ POST => 'upgrade-renewal-package', json => package_of($buyer, make_package()) ],
);

sub orders_of { my ($user) = @_; return (rows('SELECT count(*) AS n FROM orders.orders WHERE tenant_id = 1 AND buyer_id = ?', $user->{id}))[0]{n} }

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
    'an expired one' => $expired, 'a revoked one' => $revoked, 'one of somebody who left' => $left->{token}, "another tenant's" => $foreign,
    "a buyer's token" => $buyer->{token}, 'one that may act and is no application' => make_token($owner, scopes => [ 'act-as-user', 'buyer' ]),
    "an operator's" => operator->{token},
);

for my $name (sort keys %nobody) {
    subtest "the application's key: $name" => sub {
        my $count = orders_of($buyer);
        for my $route (@routes) {
            my $reply = commerce(@$route[ 0, 1 ], $buyer, key => $nobody{$name}, @$route[ 2 .. $#$route ]);
            says($reply, 401, apikey => $none);
            is($reply->header('WWW-Authenticate'), 'ApiKey header="apikey"', 'and told how');
            says(commerce(@$route[ 0, 1 ], undef, key => $nobody{$name}, @$route[ 2 .. $#$route ]), 401, apikey => $none);
        }
        is(orders_of($buyer), $count, 'nothing was ordered');
        done;
    };
}

subtest 'a key that is revoked' => sub {
    my $token = make_token($owner, scopes => ['application']);
    my ($row) = rows(q(SELECT id FROM orders.token WHERE tenant_id = 1 AND hash = sha256(convert_to(?, 'UTF8'))), $token);
    is(commerce(GET => 'all-orders', $buyer, key => $token)->code, 200, 'is good, and remembered') for 1 .. 2;
    api(DELETE => "/api/v1/admin/tokens/$row->{id}", token => operator->{token});
    says(commerce(GET => 'all-orders', $buyer, key => $token), 401, apikey => $none);
    done;
};

is(commerce(GET => 'all-orders', $buyer, key => '  ' . application() . ' ')->code, 200, 'spaces around a key are nothing');
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
            like($reply->header('WWW-Authenticate'), qr/^Bearer realm="orders"/, 'and told how');
        }
        done;
    };
}

for my $name (grep { $_ ne 'none' } sort keys %no_user) {
    my $reply = commerce(GET => 'all-orders', undef, key => undef, query => "uid=$buyer->{ref}", headers => { apikey => actor(), Authorization => $no_user{$name} });
    says($reply, 401, Authorization => $none);
}
is(commerce(GET => 'all-orders', undef, key => undef, headers => { apikey => application(), Authorization => "bEARER $buyer->{token}" })->code, 200, 'in any spelling');
is(commerce(GET => 'all-orders', make_user(scopes => [qw(buyer application act-as-user)]))->code, 200, 'a token with more scopes');

subtest 'before anything is read' => sub {
    says(commerce(POST => 'create-order', $buyer, key => 'x', body => 'x' x 100_000, type => 'text/plain'), 401, apikey => $none);
    says(commerce(POST => 'create-order', undef, key => application(), body => '{', type => 'application/json'), 401, Authorization => $none);
    done;
};

# --- httpd's own user -----------------------------------------------------------------------------------------------

subtest 'remote-user' => sub {
    my $known = known_member();
    my $ask = sub { my ($method, $path, %with) = @_; return api($method => "/basic/commerce/$path", %with) };
    my @known = (basic => [ 'known', 'sesame' ]);
    is($ask->(GET => 'all-orders')->code, 401, 'httpd asks who it is');
    says($ask->(GET => 'all-orders', @known), 401, apikey => $none);
    is($ask->(GET => 'all-orders', @known)->header('WWW-Authenticate'), 'ApiKey header="apikey"', 'the application has to say who it is as well');
    my $placed = $ask->(POST => 'create-order', @known, headers => { apikey => application() }, json => order_of($known, [$pen]));
    is($placed->code, 200, 'an order') or diag($placed->as_string);
    is(order_row(data_of($placed)->{order_id})->{buyer_id}, $known->{id}, 'of the user whom httpd knows');
    my $list = $ask->(GET => 'all-orders?limit=1', @known, headers => { apikey => application() });
    is_deeply([ @{ data_of($list)->{orders}[0] }{qw(id uid)} ], [ data_of($placed)->{order_id}, $known->{ref} ], 'the list');
    says($ask->(GET => "all-orders?uid=$buyer->{ref}", @known, headers => { apikey => application() }), 400, uid => 'Invalid user id');
    is($ask->(GET => "all-orders?uid=$buyer->{ref}", @known, headers => { apikey => actor() })->code, 200, 'an application that may act');
    says($ask->(GET => 'all-orders', basic => [ 'unknown', 'sesame' ], headers => { apikey => application() }), 400, detail => 'The user is not known here.');
    says($ask->(POST => 'create-order', @known, headers => { apikey => application(), Origin => 'https://evil.example' }, json => order_of($known, [$pen])),
        400, detail => 'Pages of other sites may not send this request.');
    done;
};

subtest 'AuthType Orders' => sub {
    my $ask = sub { my ($user, $key, $query) = @_; return api(GET => "/small/commerce/all-orders?" . ($query // ''), ($user ? (token => $user->{token}) : ()), headers => { apikey => $key }) };
    is($ask->($buyer, application())->code, 200, 'a user');
    is($ask->(undef, actor(), "uid=$buyer->{ref}")->code, 200, 'an application by itself');
    says($ask->({ token => 'x' }, application()), 401, Authorization => $none);
    says($ask->($buyer, 'x'), 401, apikey => $none);
    says($ask->(undef, application()), 401, Authorization => $none);
    done;
};

# --- idempotency keys -----------------------------------------------------------------------------------------------

sub keyed { my ($user, $key, $what, %with) = @_; return commerce(POST => 'create-order', $user, json => $what // order_of($user, [$pen]), headers => { 'Idempotency-Key' => $key }, %with) }

subtest 'a repeat gets the first answer' => sub {
    my $user   = make_user();
    my $key    = unique('key');
    my $first  = keyed($user, $key);
    my $second = keyed($user, $key);
    is($first->code, 200, 'the first is an order') or diag($first->as_string);
    is($first->header('Idempotency-Replayed'), undef, 'of its own');
    is($second->header('Idempotency-Replayed'), 'true', 'the second says that it was answered before');
    is($second->content, $first->content, 'byte for byte');
    ModOrders::Goods::operator_does({ id => data_of($first)->{order_id} }, 'pay');
    is(keyed($user, $key)->content, $first->content, 'whatever happened to it since');
    is(orders_of($user), 1, 'there is one order');
    done;
};

subtest 'packages too' => sub {
    my $package = make_package(price => 10_00);
    my $member  = make_member(package => $package, starts_at => '2020-01-01T00:00:00Z', ends_at => '2020-02-01T00:00:00Z');
    my @ask     = (POST => 'upgrade-renewal-package', $member, json => package_of($member, $package), headers => { 'Idempotency-Key' => unique('key') });
    my $first   = commerce(@ask);
    is($first->code, 200, 'a renewal') or diag($first->as_string);
    my $second = commerce(@ask);
    is_deeply([ $second->content, $second->header('Idempotency-Replayed') ], [ $first->content, 'true' ], 'a repeat gets the first answer, and no refusal');
    done;
};

subtest 'another request with the same key' => sub {
    my $user = make_user();
    my $key  = unique('key');
    keyed($user, $key);
    says(keyed($user, $key, order_of($user, [ $pen, 2 ])), 422, detail => 'This key was used with another request.');
    is(orders_of($user), 1, 'has no effect');
    is(keyed(make_user(), $key)->header('Idempotency-Replayed'), undef, "another user's key is another key");
    done;
};

subtest 'what is refused is not kept' => sub {
    my $user = make_user();
    my $key  = unique('key');
    says(keyed($user, $key, order_of($user, [ $pen, 0, total_amount => 0 ], { total_amount => 0 })), 400, quantity => 'Invalid quantity. Quantity must be greater than 1.');
    is(keyed($user, $key)->code, 200, 'the same key succeeds with what is right');
    done;
};

subtest 'keys that are none' => sub {
    says(keyed($buyer, $_), 400, detail => 'An idempotency key has 1 to 255 visible ASCII characters.') for 'x' x 256, 'a b';
    done;
};

# So many creates at once; their answers.
sub at_once
{
    my ($count, $user, $key) = @_;
    my @pipes;
    for (1 .. $count) {
        pipe my $out, my $in or die "pipe: $!";
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            my $reply = ask(POST => commerce_path('create-order'), token => $user->{token}, json => order_of($user, [$pen]),
                headers => { apikey => application(), 'Idempotency-Key' => $key });
            print {$in} $reply->code, ' ', $reply->content;
            $in->flush;
            require POSIX;
            POSIX::_exit(0);
        }
        close $in;
        push @pipes, [ $pid, $out ];
    }
    return map { my ($pid, $out) = @$_; local $/; my $text = <$out>; waitpid $pid, 0; $text } @pipes;
}

subtest '12 at once' => sub {
    my $user      = make_user();
    application();
    my @answers   = at_once(12, $user, unique('key'));
    my %different = map { $_ => 1 } grep { /^200 / } @answers;
    is(scalar keys %different, 1, 'all answers are the same to the byte');
    is_deeply([ grep { !/^200 / && !/^409 / } @answers ], [], 'or say that a twin is under way');
    is(orders_of($user), 1, 'there is one order');
    done;
};

subtest 'a twin in flight' => sub {
    my $user = make_user();
    my $key  = unique('key');
    db()->begin_work;
    db()->do(q(INSERT INTO orders.idempotency (tenant_id, actor_id, route, key, fingerprint, started_at)
               VALUES (1, ?, 'commerce.create', ?, '\x00', now())), undef, $user->{id}, $key);
    my $from  = Time::HiRes::time();
    my $reply = keyed($user, $key);
    my $took  = Time::HiRes::time() - $from;
    db()->rollback;
    says($reply, 409, detail => 'A request with this key is still being worked on.');
    ok($reply->header('Retry-After'), 'with the time to wait');
    cmp_ok($took, '<', 4, 'after a bounded time');
    is(keyed($user, $key)->code, 200, 'later it goes through');
    done;
};

invariants_hold();
done;
