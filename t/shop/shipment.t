# SPDX-License-Identifier: Apache-2.0
# GET /api/v1/orders/:id/shipment
use strict;
use warnings;
use ModOrders::Shop;
use ModOrders::Test;

my $buyer = make_user(balance => 1_000_000, currency => 'IDR');

sub shipment
{
    my ($order, %with) = @_;
    return shop(GET => $order, $buyer, of => 'shipment', %with);
}

sub packed
{
    my (%with) = @_;
    my $order = order_goods($buyer, payment_method => 'balance', shipping => { courier => 'JNE', service => 'REG', estimated_delivery => '2-3 hari' }, %with);
    work($order, $_) for qw(confirm pack);
    return $order;
}

subtest 'before shipping' => sub {
    my $order = order_goods($buyer, payment_method => 'balance', shipping => { courier => 'JNE' });
    says(shipment($order), 404, 'NOT_FOUND', 'not_found');
    for my $step (qw(confirm pack)) {
        work($order, $step);
        says(shipment($order), 404, 'NOT_FOUND', 'not_found');
    }
};

my @events = (
    { status => 'picked_up', location => 'Jakarta Warehouse', description => 'Paket telah diambil kurir', at => '2025-12-07T14:00:00Z' },
    { status => 'in_transit', location => 'Jakarta Distribution Center', description => 'Paket dalam perjalanan', at => '2025-12-07T16:30:00Z' },
    { status => 'on_delivery', location => 'Jakarta Selatan', description => 'Paket sedang diantar ke alamat tujuan', at => '2025-12-08T08:00:00Z' },
);

subtest 'after shipping' => sub {
    my $order = packed();
    work($order, 'ship', tracking_number => 'JP1234567890');
    my $reply = shipment($order);
    is($reply->code, 200, 'the shipment is returned');
    my ($shipped_at) = of($reply, 'shippedAt');
    like($shipped_at, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'the shipment has the time of shipping');
    my %first = (
        orderId => $order->{public_id}, trackingNumber => 'JP1234567890', courier => 'JNE', service => 'REG', status => 'picked_up',
        statusLabel => 'Diambil Kurir', estimatedDelivery => '2-3 hari', shippedAt => $shipped_at, tracking => [],
    );
    is_deeply($reply->{json}, { data => \%first }, 'the body has every member');
    work($order, 'tracking', %$_) for @events[ 0, 2, 1 ];
    my $later = shipment($order);
    is_deeply($later->{json}{data}, {
        %first, status => 'on_delivery', statusLabel => 'Dalam Pengiriman',
        tracking => [ map { { timestamp => $_->{at}, map { $_->[0] => $_->[1] } map { my $event = $_; map { [ $_ => $event->{$_} ] } qw(status location description) } $_ } } @events ],
    }, 'the tracking events are sorted by time');
    is((of(shop(GET => $order, $buyer), 'status'))[0], 'shipped', 'the order is shipped');
    work($order, 'deliver');
    my $last = shipment($order);
    is_deeply([ of($last, qw(status statusLabel)) ], [ 'delivered', 'Terkirim' ], 'the shipment is delivered');
};

subtest 'a shipment with minimal data' => sub {
    my $order = packed(shipping => undef);
    my $word  = unique('held') =~ tr/-/_/r;
    work($order, 'ship');
    work($order, 'tracking', status => $word);
    my $reply = shipment($order);
    is_deeply([ of($reply, qw(trackingNumber courier service estimatedDelivery)) ], [ (undef) x 4 ], 'unknown members are null');
    is_deeply([ of($reply, qw(status statusLabel)) ], [ ($word) x 2 ], 'a status without a label is its own label');
    is($reply->header('Content-Language'), undef, 'Content-Language is missing');
    is_deeply([ @{ (of($reply, 'tracking'))[0][0] }{qw(status location description)} ], [ $word, undef, undef ], 'a tracking event with only a status');
    make_label('shipment_status', $word, 'en', 'Held by customs');
    is_deeply([ of(shipment($order, language => 'en'), 'statusLabel') ], ['Held by customs'], "a label of the tenant is used");
};

subtest 'languages and tags' => sub {
    my $order = packed();
    work($order, 'ship');
    my $reply = shipment($order, language => 'en');
    is_deeply([ of($reply, 'statusLabel') ], ['Picked up'], 'the label is in the requested language');
    is_deeply([ map { $reply->header($_) } qw(Content-Language Vary) ], [ 'en', 'Accept-Language' ], 'Content-Language and Vary are set');
    my $tag = $reply->header('ETag');
    is(shipment($order, language => 'en', headers => { 'If-None-Match' => $tag })->code, 304, 'If-None-Match with the tag: 304');
    is(shipment($order, headers => { 'If-None-Match' => $tag })->code, 200, 'another language: 200');
    work($order, 'tracking', status => 'in_transit');
    is(shipment($order, language => 'en', headers => { 'If-None-Match' => $tag })->code, 200, 'a new tracking event: 200');
    is(shop(HEAD => $order, $buyer, of => 'shipment')->code, 200, 'HEAD gets 200');
};

subtest 'unknown orders and orders of other users' => sub {
    my $other = make_user(balance => 10_000, currency => 'IDR');
    my $order = order_goods($other, payment_method => 'balance');
    work($order, $_) for qw(confirm pack ship);
    is(shop(GET => $order, $other, of => 'shipment')->code, 200, 'the buyer can read the shipment');
    says(shipment($order), 404, 'NOT_FOUND', 'not_found');
    says(shipment($_), 404, 'NOT_FOUND', 'not_found') for $order->{id}, 'x', '01234567-89ab-cdef-0123-456789abcdef';
};

invariants_hold();
done;
