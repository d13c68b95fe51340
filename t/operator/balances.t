# SPDX-License-Identifier: Apache-2.0
# POST /api/v1/admin/balances: top-ups and corrections.
use strict;
use warnings;
use ModOrders::Test;

my $path  = '/api/v1/admin/balances';
my @token = (token => operator->{token});
my $user  = make_user();

sub post
{
    my ($fields, %with) = @_;
    return api(POST => $path, @token, json => { user => $user->{ref}, currency => 'USD', %$fields }, %with);
}

subtest 'a top-up' => sub {
    my $reply = post({ amount => 50_00, reference => 'till-1' });
    is($reply->code, 201, 'a top-up creates a ledger entry');
    is(join(' ', sort keys %{ $reply->{json} }), join(' ', sort qw(id entry_type amount currency balance_after reference
        description metadata created_at user user_id)), 'the entry has its members');
    is_deeply([ @{ $reply->{json} }{qw(entry_type amount currency balance_after reference user user_id)} ],
        [ 'top_up', 50_00, 'USD', 50_00, 'till-1', $user->{ref}, $user->{id} ], 'the entry has the amount, the balance and the user');
    is(post({ amount => 1_00 })->{json}{balance_after}, 51_00, 'a second top-up is added');
    is(post({ amount => 5, currency => 'JPY' })->{json}{balance_after}, 5, 'each currency has its own balance');
};

subtest 'a correction' => sub {
    my $reply = post({ amount => -1_00 });
    is_deeply([ @{ $reply->{json} }{qw(entry_type amount balance_after)} ], [ 'correction', -1_00, 50_00 ], 'a correction can be negative');
    refused(post({ amount => -50_01 }), 402, 'insufficient_balance');
    is(post({ amount => -50_00 })->{json}{balance_after}, 0, 'a correction can reduce the balance to 0');
};

subtest 'refusals' => sub {
    refused(post({ amount => 0 }), 422, 'amount_out_of_range', 'amount');
    refused(post({ amount => 2_000_000_000_000_000 }), 422, 'amount_out_of_range', 'amount');
    refused(post({ amount => $_ }), 422, 'invalid_fields', 'amount') for '1', 1.5, [];
    refused(post({}), 422, 'invalid_fields', 'amount');
    refused(post({ amount => 1, user => $_ }), 422, 'user_not_found', 'user') for 'nobody', "$user->{id}";
    refused(post({ amount => 1, currency => 'XXX' }), 422, 'currency_unknown', 'currency');
    refused(post({ amount => 1, currency => 'DOLLARS' }), 422, 'invalid_fields', 'currency');
    refused(api(POST => $path, @token, json => {}), 422, 'invalid_fields', qw(user amount currency));
    refused(api(POST => $path, @token, body => ''), 400, 'malformed_json');
};

subtest 'idempotency keys' => sub {
    my @with   = (headers => { 'Idempotency-Key' => unique('key') });
    my $first  = post({ amount => 7 }, @with);
    my $second = post({ amount => 7 }, @with);
    is($second->content, $first->content, 'a repetition returns the first response');
    is_deeply([ $second->code, $second->header('Idempotency-Replayed') ], [ 201, 'true' ], 'a repetition is marked as replayed');
    refused(post({ amount => 8 }, @with), 422, 'idempotency_key_reused');
    is((rows(q(SELECT balance FROM orders.account WHERE tenant_id = 1 AND user_id = ? AND currency = 'USD'), $user->{id}))[0]{balance},
        7, 'the money moved once');
};

invariants_hold();
done;
