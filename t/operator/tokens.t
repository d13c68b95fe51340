# SPDX-License-Identifier: Apache-2.0
# The operator API's tokens: issued once, listed without secrets, revoked at once.
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
    is($reply->code, 201, 'makes a token');
    my $token = $reply->{json};
    is(join(' ', sort keys %$token), join(' ', sort qw(id token hint user_id scopes created_at expires_at revoked_at)), 'with its members');
    like($token->{token}, qr/^ord_1_[A-Za-z0-9_-]{43}$/, 'of 256 bits');
    is_deeply([ @$token{qw(user_id scopes revoked_at)} ], [ $user->{id}, ['buyer'], undef ], 'for the user');
    is(index($token->{token}, $token->{hint}), 0, 'the hint is its beginning');
    is(length $token->{hint}, length('ord_1_') + 4, 'four characters of the secret');
    like($token->{expires_at}, qr/^\d{4}-.*Z$/, 'it ends');
    is(api(GET => $orders, token => $token->{token})->code, 200, 'it works');
    my ($row) = rows(q(SELECT encode(hash, 'hex') AS hash FROM orders.token WHERE tenant_id = 1 AND id = ?), $token->{id});
    is($row->{hash}, sha256_hex($token->{token}), 'only its hash is kept');
    is(issue({})->{json}{expires_at}, undef, 'without an end');
    is_deeply(issue({ scopes => [qw(buyer operator)] })->{json}{scopes}, [qw(buyer operator)], 'with two scopes');
};

subtest 'what is refused' => sub {
    refused(issue({ user => $_ }), 422, 'user_not_found', 'user') for 'nobody', "$user->{id}";
    refused(issue({ scopes => $_ }), 422, 'invalid_fields', 'scopes') for [], 'buyer', undef;
    refused(issue({ scopes => [ 'buyer', $_ ] }), 422, 'invalid_fields', 'scopes[1]') for 'root', 1, ['x'], undef;
    refused(issue({ scopes => [ ('buyer') x 17 ] }), 422, 'invalid_fields', 'scopes');
    is(issue({ scopes => ['root'] })->{json}{errors}[0]{message}, 'Must be one of: buyer, seller, operator, application, act-as-user.', 'names the scopes');
    refused(issue({ expires_in => $_ }), 422, 'invalid_fields', 'expires_in') for 0, -1, '5', 10**12;
    refused(api(POST => $path, @token, json => {}), 422, 'invalid_fields', qw(user scopes));
    my $left = make_user();
    db()->do('UPDATE orders.users SET active = false WHERE tenant_id = 1 AND id = ?', undef, $left->{id});
    refused(issue({ user => $left->{ref} }), 422, 'user_not_found', 'user');
};

subtest 'keys' => sub {
    my @with   = (headers => { 'Idempotency-Key' => unique('key') });
    my $first  = issue({}, @with);
    my $second = issue({}, @with);
    is($second->content, $first->content, 'a repeat shows the same secret');
    is_deeply([ $second->code, $second->header('Idempotency-Replayed') ], [ 201, 'true' ], 'and says so');
    is(api(GET => $orders, token => $second->{json}{token})->code, 200, 'it works');
};

subtest 'the list' => sub {
    my @issued = map { issue({})->{json} } 1 .. 3;
    my $reply  = api(GET => "$path?limit=2", @token);
    is($reply->code, 200, 'is read');
    is_deeply([ map { $_->{id} } @{ $reply->{json}{tokens} } ], [ $issued[2]{id}, $issued[1]{id} ], 'newest first');
    ok(!grep({ exists $_->{token} } @{ $reply->{json}{tokens} }), 'without secrets');
    unlike($reply->content, qr/\Q$issued[2]{token}\E/, 'anywhere');
    my ($next) = $reply->header('Link') =~ /^<([^>]+)>; rel="next"$/;
    is(api(GET => "$path$next", @token)->{json}{tokens}[0]{id}, $issued[0]{id}, 'page by page');
    refused(api(GET => "$path?limit=0", @token), 422, 'invalid_fields', 'limit');
};

subtest 'revoking' => sub {
    my $token = issue({})->{json};
    is(api(GET => $orders, token => $token->{token})->code, 200, 'a token in use');
    my $reply = api(DELETE => "$path/$token->{id}", @token);
    is($reply->code, 200, 'is revoked');
    ok($reply->{json}{revoked_at}, 'as it says');
    refused(api(GET => $orders, token => $token->{token}), 401, 'unauthenticated');
    is_deeply(api(DELETE => "$path/$token->{id}", @token)->{json}, $reply->{json}, 'again changes nothing');
    refused(api(DELETE => "$path/$_", @token), 404, 'token_not_found') for 9_000_000_000, 'x';
};

done;
