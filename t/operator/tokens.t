# SPDX-License-Identifier: Apache-2.0
# Tokens in the operator API: shown once when issued, listed without secrets, revoked immediately.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use ModOrders::Test;

my $path   = '/api/v1/admin/tokens';
my $orders = '/api/v1/user/orders';
my @token  = (token => operator->{token});
my $user   = make_user();

sub issue
{
    my ($fields, %with) = @_;
    return api(POST => $path, @token, json => { user => $user->{ref}, scopes => ['buyer'], %$fields }, %with);
}

subtest 'issuing' => sub {
    my $reply = issue({ expires_in => 3600 });
    is($reply->code, 201, 'a token is issued');
    my $token = $reply->{json};
    is(join(' ', sort keys %$token), join(' ', sort qw(id token hint user_id scopes created_at expires_at revoked_at)), 'the body has its members');
    like($token->{token}, qr/^ord_1_[A-Za-z0-9_-]{43}$/, 'the token has 256 random bits');
    is_deeply([ @$token{qw(user_id scopes revoked_at)} ], [ $user->{id}, ['buyer'], undef ], 'the token belongs to the user');
    is(index($token->{token}, $token->{hint}), 0, 'the hint is the beginning of the token');
    is(length $token->{hint}, length('ord_1_') + 4, 'the hint has four characters of the secret');
    like($token->{expires_at}, qr/^\d{4}-.*Z$/, 'the token has an expiry');
    is(api(GET => $orders, token => $token->{token})->code, 200, 'the token is valid');
    my ($row) = rows(q(SELECT encode(hash, 'hex') AS hash FROM orders.token WHERE tenant_id = 1 AND id = ?), $token->{id});
    is($row->{hash}, sha256_hex($token->{token}), 'only the hash is stored');
    is(issue({})->{json}{expires_at}, undef, 'a token without an expiry');
    is_deeply(issue({ scopes => [qw(buyer operator)] })->{json}{scopes}, [qw(buyer operator)], 'a token with two scopes');
};

subtest 'refusals' => sub {
    refused(issue({ user => $_ }), 422, 'user_not_found', 'user') for 'nobody', "$user->{id}";
    refused(issue({ scopes => $_ }), 422, 'invalid_fields', 'scopes') for [], 'buyer', undef;
    refused(issue({ scopes => [ 'buyer', $_ ] }), 422, 'invalid_fields', 'scopes[1]') for 'root', 1, ['x'], undef;
    refused(issue({ scopes => [ ('buyer') x 17 ] }), 422, 'invalid_fields', 'scopes');
    is(issue({ scopes => ['root'] })->{json}{errors}[0]{message}, 'Must be one of: buyer, seller, operator, application, act-as-user, operator.read, operator.fulfil, operator.money, operator.catalogue, operator.admin.', 'the message names the scopes');
    refused(issue({ expires_in => $_ }), 422, 'invalid_fields', 'expires_in') for 0, -1, '5', 10**12;
    refused(api(POST => $path, @token, json => {}), 422, 'invalid_fields', qw(user scopes));
    my $left = make_user();
    db()->do('UPDATE orders.users SET active = false WHERE tenant_id = 1 AND id = ?', undef, $left->{id});
    refused(issue({ user => $left->{ref} }), 422, 'user_not_found', 'user');
};

subtest 'idempotency keys' => sub {
    my @with   = (headers => { 'Idempotency-Key' => unique('key') });
    my $first  = issue({}, @with);
    my $second = issue({}, @with);
    is($second->content, $first->content, 'a repetition returns the same token');
    is_deeply([ $second->code, $second->header('Idempotency-Replayed') ], [ 201, 'true' ], 'the response is marked as replayed');
    is(api(GET => $orders, token => $second->{json}{token})->code, 200, 'the token is valid');
};

subtest 'the list' => sub {
    my @issued = map { issue({})->{json} } 1 .. 3;
    my $reply  = api(GET => "$path?limit=2", @token);
    is($reply->code, 200, 'the list is returned');
    is_deeply([ map { $_->{id} } @{ $reply->{json}{tokens} } ], [ $issued[2]{id}, $issued[1]{id} ], 'the newest token is first');
    ok(!grep({ exists $_->{token} } @{ $reply->{json}{tokens} }), 'the list has no secrets');
    unlike($reply->content, qr/\Q$issued[2]{token}\E/, 'the list has no token');
    my ($next) = $reply->header('Link') =~ /^<([^>]+)>; rel="next"$/;
    is(api(GET => "$path$next", @token)->{json}{tokens}[0]{id}, $issued[0]{id}, 'the next page has the next token');
    refused(api(GET => "$path?limit=0", @token), 422, 'invalid_fields', 'limit');
};

subtest 'revoking' => sub {
    my $token = issue({})->{json};
    is(api(GET => $orders, token => $token->{token})->code, 200, 'a valid token');
    my $reply = api(DELETE => "$path/$token->{id}", @token);
    is($reply->code, 200, 'the token is revoked');
    ok($reply->{json}{revoked_at}, 'the body has the time of revocation');
    refused(api(GET => $orders, token => $token->{token}), 401, 'unauthenticated');
    is_deeply(api(DELETE => "$path/$token->{id}", @token)->{json}, $reply->{json}, 'revoking again changes nothing');
    refused(api(DELETE => "$path/$_", @token), 404, 'token_not_found') for 9_000_000_000, 'x';
};

done;
