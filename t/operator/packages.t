# SPDX-License-Identifier: Apache-2.0
# Packages and members in the operator API, and package orders that were not applied automatically.
use strict;
use warnings;
use JSON::PP ();
use ModOrders::Commerce;
use ModOrders::Test;

my $admin  = '/api/v1/admin';
my @token  = (token => operator->{token});
my $bronze = make_package(price => 10_00);
my $silver = make_package(price => 25_00, rank => 2);
my $gold   = make_package(price => 100_00, rank => 3, duration_unit => 'year');

sub put { my ($kind, $ref, %document) = @_; return api(PUT => "$admin/catalogue/$kind/$ref", @token, json => \%document) }

# The package of a member: its reference, start and end.
sub term
{
    my ($member) = @_;
    my ($row) = rows(q(SELECT k.external_ref, orders_v1.utc_time(t.starts_at) AS starts, orders_v1.utc_time(t.ends_at) AS ends
        FROM orders.users u JOIN orders.member m ON m.tenant_id = 1 AND m.user_id = u.id JOIN orders.package_term t ON t.tenant_id = 1 AND t.id = m.term_id
        JOIN orders.package k ON k.tenant_id = 1 AND k.variant_id = t.package_id WHERE u.tenant_id = 1 AND u.external_ref = ?), $member->{ref});
    return $row ? @$row{qw(external_ref starts ends)} : undef;
}

sub apply { my ($id, @with) = @_; return api(POST => "$admin/orders/$id/apply", @token, @with ? @with : (json => {})) }

subtest 'packages' => sub {
    my $item  = make_item(price => 5_00);
    my $reply = put(packages => "p-$item->{ref}", product => $item->{ref}, rank => 7, duration_unit => 'week', duration_value => 2);
    is($reply->code, 201, 'a variant becomes a package');
    is($reply->{json}{id}, $item->{variant_id}, 'the package has the id of its variant');
    is(put(packages => "p-$item->{ref}", product => $item->{ref}, rank => 8)->code, 200, 'the package is changed');
    refused(put(packages => "p-$item->{ref}", product => $bronze->{ref}, rank => 8), 422, 'invalid_field', 'variant');
    refused(put(packages => 'x', product => 'nothing', rank => 1), 422, 'product_not_found', 'product');
    refused(api(POST => "$admin/orders", @token, json => { dialect => 'shop', user => make_user()->{ref}, currency => 'USD', payment_method => 'cod',
        lines => [ { product => $bronze->{ref} } ] }), 422, 'product_not_found', 'lines[0].product');
};

subtest 'members' => sub {
    my $member = make_member(package => $bronze, starts_at => '2027-01-31T00:00:00Z');
    my $reply  = put(members => $member->{ref}, placed_at => '2021-01-01T00:00:00Z');
    is_deeply([ $reply->code, $reply->{json}{result}, term($member) ], [ 200, 'updated', $bronze->{ref}, '2027-01-31T00:00:00Z', '2027-02-28T00:00:00Z' ], 'a document without a package keeps it');
    is_deeply([ put(members => $member->{ref}, package => undef)->code, term($member) ], [ 200, undef ], 'a document with the package null removes it');
    refused(put(members => 'nobody-' . $member->{ref}, placed_at => undef), 422, 'user_not_found', 'ref');
    refused(put(members => $member->{ref}, package => 'nothing'), 422, 'package_not_found', 'package');
};

# An upgrade from bronze to silver, paid after the member has got gold.
sub stranded
{
    my $member = make_member(package => $bronze, ends_at => '2100-01-01T00:00:00Z');
    my $placed = commerce(POST => 'upgrade-renewal-package', $member, json => package_body($member, $silver, $bronze));
    my $id = data_of($placed)->{order_id};
    put(members => $member->{ref}, placed_at => '2020-01-01T00:00:00Z', package => $gold->{ref}, ends_at => '2100-01-01T00:00:00Z');
    refused(apply($id), 409, 'package_not_applicable');
    is(api(POST => "$admin/orders/$id/pay", @token, json => {})->code, 200, 'the upgrade is paid');
    is((term($member))[0], $gold->{ref}, 'the member keeps the other package');
    return ($member, $id);
}

subtest 'applying an order' => sub {
    my ($member, $id) = stranded();
    my $before = api(GET => "$admin/orders/$id", @token);
    refused(apply($id, json => {}, headers => { 'If-Match' => '"0"' }), 412, 'version_mismatch');
    my $reply = apply($id, json => {}, headers => { 'If-Match' => $before->header('ETag'), 'Idempotency-Key' => "apply-$id" });
    is($reply->code, 200, 'the order is applied');
    is($reply->{json}{version}, $before->{json}{version} + 1, 'the version is incremented');
    is((term($member))[0], $silver->{ref}, 'the member has the package');
    is_deeply(apply($id, json => {}, headers => { 'If-Match' => $before->header('ETag'), 'Idempotency-Key' => "apply-$id" })->{json}, $reply->{json}, 'a repeated key returns the first response');
    is_deeply(apply($id)->{json}, $reply->{json}, 'applying again changes nothing');
    is_deeply(apply($reply->{json}{number})->{json}, $reply->{json}, 'the order is found by its number');
};

subtest 'refusals' => sub {
    my ($member, $id) = stranded();
    is(api(POST => "$admin/orders/$id/refund", @token, json => {})->code, 201, 'the order is refunded');
    refused(apply($id), 409, 'package_not_applicable');
    refused(apply(place(make_user(balance => 100_00), make_plan(price => 1_00))->{order}{id}), 409, 'package_not_applicable');
    refused(apply('0'), 404, 'not_found');
    refused(apply($id, body => '[', type => 'application/json'), 400, 'malformed_json');
    refused(api(POST => "$admin/orders/$id/apply", token => $member->{token}, json => {}), 403, 'forbidden');
};

invariants_hold();
done;
