# SPDX-License-Identifier: Apache-2.0
# GET /api/v1/admin/orders/{id}/history/verify, after somebody with access to the database has changed the history.
use strict;
use warnings;
use ModOrders::Test;

my $plan  = make_plan(price => 10_00);
my $buyer = make_user(balance => 100_00);
my @token = (token => operator->{token});

sub verify { my ($id, %with) = @_; return api(GET => "/api/v1/admin/orders/$id/history/verify", @token, %with) }

my $order = place($buyer, $plan)->{order};
api(POST => "/api/v1/admin/orders/$order->{id}/refund", @token, json => { amount => 100, reason => "part $_" }) for 1 .. 3;
$order = api(GET => "/api/v1/admin/orders/$order->{id}", @token)->{json};
my ($last) = map { $_->{hash} } rows(q(SELECT encode(hash, 'hex') AS hash FROM orders.event WHERE tenant_id = 1 AND subject = 'order' AND subject_id = ? ORDER BY version DESC LIMIT 1), $order->{id});
my $valid = { valid => JSON::PP::true, version => 4, events => 4, hash => $last, broken => undef };

is_deeply(verify($order->{id})->{json}, $valid, 'a history that nobody has changed is valid');
is_deeply(verify($order->{$_})->{json}, $valid, "the order is found by $_") for qw(public_id number);
is(verify($order->{id})->header('ETag'), undef, 'the response has no ETag');

# Changes the events of the order, verifies it, and restores them.
sub after
{
    my ($sql) = @_;
    my $id = $order->{id};
    db->do('CREATE TEMP TABLE saved AS SELECT * FROM orders.event WHERE tenant_id = 1 AND subject = \'order\' AND subject_id = ?', undef, $id);
    db->do($sql, undef, $id);
    my $found = verify($id)->{json};
    db->begin_work;
    db->do('DELETE FROM orders.event WHERE tenant_id = 1 AND subject = \'order\' AND subject_id = ?', undef, $id);
    db->do('INSERT INTO orders.event SELECT * FROM saved');
    db->do('DROP TABLE saved');
    db->commit;
    return $found;
}

sub broken
{
    my ($version, $reason, $sql, $label) = @_;
    my $found = after($sql);
    is_deeply([ !!$found->{valid}, $found->{broken} ], [ !!0, { version => $version, reason => $reason } ], $label);
    return $found;
}

broken(2, 'changed', q(UPDATE orders.event SET steps = '{payment:paid:refunded}' WHERE subject = 'order' AND subject_id = ? AND version = 2), 'a changed step is found');
my $found = broken(3, 'missing', q(DELETE FROM orders.event WHERE subject = 'order' AND subject_id = ? AND version = 3), 'a deleted event in the middle is found');
is_deeply([ @$found{qw(version events hash)} ], [ 4, 3, $last ], 'with the version of the order, the number of its events and the last hash');
broken(4, 'missing', q(DELETE FROM orders.event WHERE subject = 'order' AND subject_id = ? AND version = 4), 'a deleted last event is found');
$found = broken(1, 'missing', q(DELETE FROM orders.event WHERE subject = 'order' AND subject_id = ?), 'a deleted history is found');
is($found->{hash}, undef, 'it has no hash');
broken(2, 'comment_changed', q(UPDATE orders.event SET comments = '{other}' WHERE subject = 'order' AND subject_id = ? AND version = 2), 'a changed comment is found');
broken(5, 'unexpected', q(INSERT INTO orders.event SELECT (jsonb_populate_record(e, '{"version": 5}')).* FROM orders.event e WHERE subject = 'order' AND subject_id = ? AND version = 4), 'an added event is found');
is_deeply(after(q(UPDATE orders.event SET comments = NULL, comments_salt = NULL WHERE subject = 'order' AND subject_id = ? AND version = 2)), $valid, 'a comment that was erased with its salt leaves the history valid');
is_deeply(verify($order->{id})->{json}, $valid, 'the history is restored');

refused(verify($_), 404, 'not_found') for 9_000_000_000, 'nothing', '00000000-0000-7000-8000-000000000000';
refused(verify($order->{id}, token => $buyer->{token}), 403, 'forbidden');
refused(api(POST => "/api/v1/admin/orders/$order->{id}/history/verify", @token, unchecked => 1), 405, 'method_not_allowed');

invariants_hold();
done;
