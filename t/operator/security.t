# SPDX-License-Identifier: Apache-2.0
# Every route with every kind of credential: a request without the right credential gets no data and changes nothing.
use strict;
use warnings;
use ModOrders::Test;

my $plan  = make_plan(price => 10_00);
my $owner = make_user(balance => 1000_00);
my $other = make_user(balance => 1000_00);
my $staff = operator->{token};
my $both  = make_user(scopes => [qw(buyer operator)], balance => 1000_00);

my $expired = make_token($owner, scopes => ['buyer']);
db()->do(q(UPDATE orders.token SET created_at = now() - interval '2 hours', expires_at = now() - interval '1 hour'
    WHERE tenant_id = 1 AND hash = sha256(convert_to(?, 'UTF8'))), undef, $expired);
my $revoked = make_token($owner, scopes => ['buyer']);
db()->do(q(UPDATE orders.token SET revoked_at = now() WHERE tenant_id = 1 AND hash = sha256(convert_to(?, 'UTF8'))), undef, $revoked);
my $left = make_user();
db()->do('UPDATE orders.users SET active = false WHERE tenant_id = 1 AND id = ?', undef, $left->{id});

# A user of another tenant with the id of the owner.
db()->do(q(INSERT INTO orders.tenant (id, name, currency) VALUES (7, 'other', 'USD') ON CONFLICT DO NOTHING));
db()->do(q(INSERT INTO orders.users (tenant_id, id, external_ref, name) VALUES (7, ?, ?, 'Stranger')), undef, $owner->{id}, unique('stranger'));
my $foreign = unique('ord_7_foreign') . 'x' x 20;
db()->do(q(INSERT INTO orders.token (tenant_id, user_id, hash, hint, scopes)
    VALUES (7, ?, sha256(convert_to(?, 'UTF8')), 'x', '{buyer,operator}')), undef, $owner->{id}, $foreign);

my %nobody = (
    'no token'         => undef,
    'nonsense'         => 'nonsense',
    'an unknown token' => 'ord_1_' . 'A' x 43,
    'a very long one'  => 'x' x 5000,
    'an expired token' => $expired,
    'a revoked token'  => $revoked,
    'a gone user'      => $left->{token},
    'another tenant'   => $foreign,
);

sub unpaid
{
    return place($owner, $plan, payment_method => 'manual')->{order};
}

my @buyer_routes = (
    [ GET  => sub { '/api/v1/user/orders' } ],
    [ POST => sub { '/api/v1/user/orders' }, sub { { plan_id => $plan->{id} } } ],
    [ GET  => sub { "/api/v1/user/orders/$_[0]" } ],
    [ POST => sub { "/api/v1/user/orders/$_[0]/cancel" }, sub { {} } ],
    [ GET  => sub { "/api/v1/user/orders/$_[0]/payment-status" } ],
);
my @operator_routes = (
    [ GET    => sub { '/api/v1/admin/orders' } ],
    [ GET    => sub { "/api/v1/admin/orders/$_[0]" } ],
    [ POST   => sub { "/api/v1/admin/orders/$_[0]/pay" },    sub { {} } ],
    [ POST   => sub { "/api/v1/admin/orders/$_[0]/refund" }, sub { {} } ],
    [ POST   => sub { "/api/v1/admin/orders/$_[0]/cancel" }, sub { {} } ],
    [ PUT    => sub { '/api/v1/admin/catalogue/users/' . unique('user') }, sub { { name => 'x' } } ],
    [ POST   => sub { '/api/v1/admin/catalogue' }, sub { { kind => 'users', ref => unique('user'), name => 'x' } } ],
    [ POST   => sub { '/api/v1/admin/balances' }, sub { { user => $owner->{ref}, amount => 1, currency => 'USD' } } ],
    [ POST   => sub { '/api/v1/admin/tokens' }, sub { { user => $owner->{ref}, scopes => ['buyer'] } } ],
    [ GET    => sub { '/api/v1/admin/tokens' } ],
    [ DELETE => sub { '/api/v1/admin/tokens/9000000000' } ],
);

sub ask_for
{
    my ($route, $id, $token) = @_;
    my ($method, $path, $body) = @$route;
    return api($method => $path->($id), token => $token, ($body ? (json => $body->()) : ()), unchecked => 1);
}

# The rows that a request could change. The worker may still process orders of earlier files, as the system.
sub traces
{
    return join ' ', map { (rows("SELECT count(*) AS n FROM orders.$_"))[0]{n} } "event WHERE actor <> 'system'",
        qw(orders posting token users refund);
}

for my $who (sort keys %nobody) {
    subtest $who => sub {
        my $id     = unpaid()->{id};
        my $before = traces();
        for my $route (@buyer_routes, @operator_routes) {
            my $reply = ask_for($route, $id, $nobody{$who});
            my $name  = "$route->[0] " . $reply->request->uri->path;
            is($reply->code, 401, "$name: 401");
            like($reply->header('WWW-Authenticate') // '', qr/^Bearer\b/, 'the response has a challenge');
            unlike($reply->content, qr/ORD-|example\.test|total|balance_cents/, 'the body has no data');
        }
        is(traces(), $before, 'nothing has changed');
        is(order_row($id)->{state}, 'open', 'the order is unchanged');
    };
}

subtest 'the wrong scope' => sub {
    my $id     = unpaid()->{id};
    my $before = traces();
    refused(ask_for($_, $id, $staff), 403, 'forbidden') for @buyer_routes;
    is(traces(), $before, 'a token with the scope operator changes nothing in the other APIs');
    my $buyer = $owner->{token};
    $before = traces();
    refused(ask_for($_, $id, $buyer), 403, 'forbidden') for @operator_routes;
    is(traces(), $before, 'a token with the scope buyer changes nothing in the operator API');
};

subtest 'another user' => sub {
    my $order = unpaid();
    my $none  = 9_000_000_000;
    for my $route (@buyer_routes[ 2, 3, 4 ]) {
        my ($foreign, $missing) = map { ask_for($route, $_, $other->{token}) } $order->{id}, $none;
        refused($_, 404, 'not_found') for $foreign, $missing;
        delete $_->{json}{request_id} for $foreign, $missing;
        is_deeply($foreign->{json}, $missing->{json}, 'the response equals that for an unknown order');
    }
    is(order_row($order->{id})->{state}, 'open', 'the order is unchanged');
    is_deeply([ grep { $_->{id} == $order->{id} } @{ api(GET => '/api/v1/user/orders?per_page=100', token => $other->{token})->{json}{orders} } ],
        [], 'the list of another user does not have the order');
    my $guessed = api(GET => "/api/v1/user/orders?number=$order->{number}", token => $other->{token})->{json};
    is($guessed->{pagination}{total_count}, 0, 'the list does not count it');
};

subtest 'permitted requests' => sub {
    my $order = unpaid();
    is(ask_for($_, $order->{id}, $owner->{token})->code, 200, "the owner: $_->[0] " . $_->[1]->(':id')) for @buyer_routes;
    for my $token ($staff, $both->{token}) {
        my $id = unpaid()->{id};
        for my $route (@operator_routes) {
            my $reply = ask_for($route, $id, $token);
            ok($reply->code =~ /^(?:200|201|409)$/ || $route->[0] eq 'DELETE' && $reply->code == 404,
                "an operator: $route->[0] " . $reply->request->uri->path . ' ' . $reply->code);
        }
    }
};

subtest 'identity in the request' => sub {
    local $ModOrders::Test::undescribed = 1;
    my $reply = api(POST => '/api/v1/user/orders', token => $other->{token}, json => {
        plan_id => $plan->{id}, user_id => $owner->{id}, total_cents => 1, status => 'refunded', tenant_id => 7, id => 1, number => 'X',
    });
    is_deeply([ @{ $reply->{json}{order} }{qw(user_id total_cents status)} ], [ $other->{id}, 10_00, 'paid' ], 'the user, total and status of a body are ignored');
};

subtest 'secrets and logs' => sub {
    my $mark  = log_mark();
    my $token = make_token($owner);
    api(GET => '/api/v1/user/orders', token => $token);
    api(GET => '/api/v1/user/orders', token => "${token}x");
    api(POST => '/api/v1/admin/balances', token => operator->{token}, json => { user => $owner->{ref}, amount => 0, currency => 'USD' });
    my $log = join '', log_since($mark);
    unlike($log, qr/\Q$token\E/, 'the logs have no token');
    unlike($log, qr/\Q$owner->{email}\E/, 'the logs have no mail address');
};

done;
