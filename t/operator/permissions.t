# SPDX-License-Identifier: Apache-2.0
# Scopes of the operator API: what a packer and an administrator cannot do. t/authorization.t has each route with each scope.
use strict;
use warnings;
use ModOrders::Goods qw(order_goods work);
use ModOrders::Test;

my $admin  = '/api/v1/admin';
my $buyer  = make_user(balance => 1000);
my %staff  = map { my ($name, @scopes) = @$_; $name => make_user(name => ucfirst $name, scopes => \@scopes) } (
    [ packer  => qw(operator.read operator.fulfil) ],
    [ cashier => qw(operator.read operator.fulfil operator.money) ],
    [ keeper  => qw(operator.admin) ],
    [ head    => qw(operator.read operator.fulfil operator.money operator.catalogue operator.admin) ],
);

sub as { my ($who, $method, $path, $json, %with) = @_; return api($method => "$admin$path", token => $staff{$who}{token}, $json ? (json => $json) : (), unchecked => 1, %with) }
sub order { my ($id) = @_; return api(GET => "$admin/orders/$id", token => operator->{token})->{json} }

subtest 'a packer works an order' => sub {
    my $order = order_goods($buyer, payment_method => 'cod');
    for my $step ([ confirm => {} ], [ pack => {} ], [ ship => { courier => 'JNE' } ], [ deliver => {} ]) {
        is(as('packer', POST => "/orders/$order->{id}/$step->[0]", $step->[1])->code, 200, $step->[0]);
    }
    my ($last) = grep { $_->{to} eq 'delivered' } @{ order($order->{id})->{history} };
    is_deeply($last->{actor}, { kind => 'operator', id => $staff{packer}{id} }, 'the history names the packer') or diag(explain($last));
};

subtest 'a packer attacks' => sub {
    my $order  = order_goods($buyer);
    my $before = order($order->{id});
    my ($tokens) = rows('SELECT count(*) AS n, max(id) AS last FROM orders.token');
    my ($balance) = rows('SELECT coalesce(sum(balance), 0) AS sum FROM orders.account');
    for my $attack (
        [ POST => '/tokens', { user => $staff{packer}{ref}, scopes => ['operator'] } ],
        [ POST => '/tokens', { user => $staff{packer}{ref}, scopes => ['operator.fulfil'] } ],
        [ GET => '/tokens' ],
        [ DELETE => "/tokens/$tokens->{last}" ],
        [ POST => '/balances', { user => $staff{packer}{ref}, amount => 100, currency => 'EUR', reference => 'x' } ],
        [ POST => "/orders/$order->{id}/pay", {} ],
        [ POST => "/orders/$order->{id}/refund", {} ],
        [ PUT => "/catalogue/users/$staff{packer}{ref}", { name => 'Packer', login => 'boss' } ],
        [ PUT => '/catalogue/coupons/mine', { code => 'FREE', percent_bp => 10000 } ],
        [ POST => '/webhooks', { url => 'https://evil.example/', events => ['*'] } ],
        [ GET => '/webhooks' ],
        [ POST => '/terminal-transactions', { transaction_id => 'x', kind => 'charge', amount => 1, currency => 'EUR', order_number => $order->{number} } ],
    ) {
        my ($method, $path, $json) = @$attack;
        refused(as('packer', $method => $path, $json), 403, 'forbidden');
        # neither a key, nor another spelling of the path, nor a method override helps
        refused(as('packer', $method => $path, $json, headers => { 'Idempotency-Key' => unique('key') }), 403, 'forbidden') if $method ne 'GET';
        refused(as('packer', $method => "$path/", $json), 403, 'forbidden');
        refused(as('packer', $method => $path =~ s{^/(\w)}{sprintf '/%%%02x', ord $1}er, $json), 403, 'forbidden');
    }
    refused(as('packer', POST => '/balances', { amount => 1 }, headers => { 'X-HTTP-Method-Override' => 'GET' }), 403, 'forbidden');
    is_deeply(order($order->{id}), $before, 'the order is unchanged');
    my ($after) = rows('SELECT count(*) AS n, max(id) AS last FROM orders.token');
    is_deeply($after, $tokens, 'no token was issued or revoked');
    is((rows('SELECT coalesce(sum(balance), 0) AS sum FROM orders.account'))[0]{sum}, $balance->{sum}, 'no balance was posted');
};

subtest 'a key of another caller' => sub {
    my %key  = ('Idempotency-Key' => unique('key'));
    my $body = { user => $buyer->{ref}, scopes => ['operator'] };
    my $reply = api(POST => "$admin/tokens", token => operator->{token}, json => $body, headers => \%key);
    is($reply->code, 201, 'the operator issues a token with a key');
    for my $who (qw(packer keeper)) {
        my $stolen = as($who, POST => '/tokens', $body, headers => \%key);
        refused($stolen, 403, 'forbidden');
        unlike($stolen->content, qr/\Q$reply->{json}{token}\E/, "$who: the repetition does not show the token");
    }
};

subtest 'issuing tokens' => sub {
    my @parts = map { "operator.$_" } qw(read fulfil money catalogue admin);
    my $issue = sub { my ($who, @scopes) = @_; return as($who, POST => '/tokens', { user => $buyer->{ref}, scopes => \@scopes }) };
    is($issue->('keeper', $_)->code, 201, "operator.admin grants $_") for 'buyer', 'seller', 'application', 'act-as-user', 'operator.admin';
    for my $scope ('operator', grep { $_ ne 'operator.admin' } @parts) {
        my $reply = $issue->('keeper', $scope);
        refused($reply, 403, 'forbidden');
        is($reply->{json}{detail}, "Only a caller with the scope $scope can issue a token with it.", "operator.admin does not grant $scope");
        refused($issue->('keeper', 'buyer', $scope), 403, 'forbidden');
    }
    is($issue->('head', @parts)->code, 201, 'a caller with all parts grants all parts');
    refused($issue->('head', 'operator'), 403, 'forbidden');
    my $all = api(POST => "$admin/tokens", token => operator->{token}, json => { user => $buyer->{ref}, scopes => [ 'operator', @parts ] }, unchecked => 1);
    is($all->code, 201, 'the scope operator grants itself and all parts');
    is_deeply($all->{json}{scopes}, [ 'operator', @parts ], 'the response has the scopes');
    my $token = $issue->('keeper', 'operator.admin')->{json}{token};
    is(api(GET => "$admin/tokens?limit=1", token => $token, unchecked => 1)->code, 200, 'a token with one part is valid');
    refused(api(GET => "$admin/orders", token => $token, unchecked => 1), 403, 'forbidden');
    refused($issue->('keeper', 'operator.everything'), 422, 'invalid_fields', 'scopes[0]');
};

subtest 'cancelling' => sub {
    my $unpaid = order_goods($buyer);
    is(as('packer', POST => "/orders/$unpaid->{id}/cancel", {})->code, 200, 'a packer cancels an unpaid order');
    my $paid = order_goods($buyer);
    is(as('cashier', POST => "/orders/$paid->{id}/pay", {})->code, 200, 'a cashier records a payment');
    my $before  = order($paid->{id});
    my $refusal = as('packer', POST => "/orders/$paid->{id}/cancel", { reason => 'x' });
    refused($refusal, 403, 'forbidden');
    is($refusal->{json}{detail}, 'Cancelling this order refunds a payment, which needs the scope operator.money too.', 'the refusal says what is missing');
    is_deeply(order($paid->{id}), $before, 'a packer does not cancel a paid order');
    my $money = make_user(scopes => [qw(operator.money)]);
    refused(api(POST => "$admin/orders/$paid->{id}/cancel", token => $money->{token}, json => {}, unchecked => 1), 403, 'forbidden');
    my $done = as('cashier', POST => "/orders/$paid->{id}/cancel", {});
    is($done->code, 200, 'a cashier cancels it');
    is($done->{json}{payment_state}, 'refunded', 'and its payment is refunded');
    is(as('packer', POST => "/orders/$paid->{id}/cancel", {})->code, 200, 'cancelling it again changes nothing and is permitted');
    is(api(POST => "$admin/orders/" . order_goods($buyer)->{id} . '/cancel', token => operator->{token}, json => {})->code, 200, 'the scope operator is sufficient');
};

invariants_hold();
done;
