# SPDX-License-Identifier: Apache-2.0
# Times in requests: searches accept days in the time zone of the tenant, all other fields times with an offset.
use strict;
use warnings;
use ModOrders::Goods;
use ModOrders::Test;

my $path  = '/api/v1/admin/orders';
my $plan  = make_plan(price => 10_00);
my @token = (token => operator->{token});

sub get { my ($query) = @_; return api(GET => "$path?$query", @token) }
sub ids { my ($reply) = @_; return [ map { $_->{id} } @{ $reply->{json}{orders} || [] } ] }

subtest 'days in searches' => sub {
    my $someone = make_user();
    my $id      = place($someone, $plan, payment_method => 'manual')->{order}{id};
    my $placed  = sub { db()->do('UPDATE orders.orders SET created_at = ? WHERE tenant_id = 1 AND id = ?', undef, $_[0], $id) };
    my $found   = sub { return scalar @{ ids(get("user=$someone->{ref}&$_[0]")) } };
    for my $case ([ 'UTC', '2026-11-28T23:59:59.999Z', '2026-11-29T00:00:00Z', '2026-11-29T23:59:59.999Z', '2026-11-30T00:00:00Z' ],
        [ 'Asia/Jakarta', '2026-11-28T16:59:59.999Z', '2026-11-28T17:00:00Z', '2026-11-29T16:59:59.999Z', '2026-11-29T17:00:00Z' ]) {
        my ($zone, $before, $first, $last, $after) = @$case;
        db()->do('UPDATE orders.tenant SET time_zone = ? WHERE id = 1', undef, $zone);
        for ([ $before, 0, 1 ], [ $first, 1, 1 ], [ $last, 1, 1 ], [ $after, 1, 0 ]) {
            my ($time, $from, $to) = @$_;
            $placed->($time);
            is($found->('from=2026-11-29'), $from, "$zone: from a day, placed at $time");
            is($found->('to=2026-11-29'), $to, "$zone: to a day, placed at $time");
            is($found->('from=2026-11-29&to=2026-11-29'), $from && $to, "$zone: that day");
        }
    }
    db()->do(q(UPDATE orders.tenant SET time_zone = 'UTC' WHERE id = 1));
    $placed->('2026-11-29T08:00:00Z');
    is($found->($_), 1, $_) for 'from=2026-11-29T08:00:00Z', 'from=2026-11-29&to=2026-11-29T08:00:01Z', 'from=2026-11-29T10:00%2B02:00';
    is($found->($_), 0, $_) for 'to=2026-11-29T08:00:00Z', 'from=2026-11-30&to=2026-11-29';
    for my $end (qw(from to)) {
        for my $text ('2026-11-29T08:00:00', '2026-11-31', '2026-11', 'today', '1795255200') {
            my $reply = get("$end=$text");
            refused($reply, 422, 'invalid_fields', $end);
            like($reply->{json}{errors}[0]{message}, qr/a day such as .* or an ISO 8601 time with an offset/, 'the message states the accepted formats');
        }
    }
};

subtest 'times with offsets' => sub {
    my $order  = order_goods(make_user());
    my $packed = order_goods(make_user(), payment_method => 'cod');
    work($packed, 'pack');
    for my $text ('2026-11-29', '2026-11-29T08:00:00') {
        my @wrong = (
            [ POST => "orders/$order->{id}/confirm", { expected_at => $text } ], [ POST => "orders/$order->{id}/pack", { expected_at => $text } ],
            [ POST => "orders/$packed->{id}/ship", { expected_at => $text } ], [ POST => "orders/$packed->{id}/tracking", { status => 'x', at => $text } ],
            [ PUT => 'catalogue/coupons/' . unique('coupon'), { percent_bp => 1, starts_at => $text } ],
            [ PUT => 'catalogue/coupons/' . unique('coupon'), { percent_bp => 1, ends_at => $text } ],
            [ PUT => 'catalogue/members/' . make_user()->{ref}, { placed_at => $text } ],
        );
        for (@wrong) {
            my ($method, $path, $json) = @$_;
            my $reply = api($method => "/api/v1/admin/$path", token => operator->{token}, json => $json);
            is($reply->code, 422, "$path refuses $text");
            like($reply->{json}{errors}[0]{message}, qr/^Must be an ISO 8601 time with an offset, such as /, 'the message states the accepted format');
        }
    }
};

done;
