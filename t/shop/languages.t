# SPDX-License-Identifier: Apache-2.0
# Labels: every status and payment method in both languages, and labels of a tenant.
use strict;
use warnings;
use utf8;
use ModOrders::Shop;
use ModOrders::Test;

my $buyer = make_user(balance => 10_000_000, currency => 'IDR');

my %status = (
    pending_payment => [ 'Menunggu Pembayaran', 'Awaiting payment' ], paid => [ 'Dibayar', 'Paid' ], processing => [ 'Diproses', 'Processing' ],
    shipped => [ 'Sedang Dikirim', 'Shipped' ], delivered => [ 'Selesai', 'Delivered' ], cancelled => [ 'Dibatalkan', 'Cancelled' ],
);
my %way = (
    pending_payment => [], paid => [qw(pay)], processing => [qw(pay confirm)], shipped => [qw(pay confirm pack ship)],
    delivered => [qw(pay confirm pack ship deliver)], cancelled => [qw(cancel)],
);

subtest 'statuses' => sub {
    for my $status (sort keys %status) {
        my $order = order_goods($buyer);
        work($order, $_) for @{ $way{$status} };
        for my $n (0, 1) {
            my $reply = shop(GET => $order, $buyer, language => qw(id en)[$n]);
            is_deeply([ of($reply, qw(status statusLabel)) ], [ $status, $status{$status}[$n] ], "$status is $status{$status}[$n]");
        }
    }
};

subtest 'payment methods' => sub {
    my %method = (
        bank_transfer => [ 'Transfer Bank', 'Bank transfer' ], virtual_account => [ 'Virtual Account', 'Virtual account' ],
        credit_card => [ 'Kartu Kredit', 'Credit card' ], cod => [ 'Bayar di Tempat', 'Cash on delivery' ], cash => [ 'Tunai', 'Cash' ],
        balance => [ 'Saldo', 'Balance' ], manual => [ 'Pembayaran Manual', 'Manual payment' ],
    );
    for my $method (sort keys %method) {
        my $order = order_goods($buyer, payment_method => $method);
        for my $n (0, 1) {
            my ($payment) = of(shop(GET => $order, $buyer, language => qw(id en)[$n]), 'payment');
            is_deeply([ @$payment{qw(method methodLabel)} ], [ $method, $method{$method}[$n] ], "$method is $method{$method}[$n]");
        }
    }
};

my $order = order_goods($buyer);

sub label
{
    my ($header) = @_;
    my $reply = shop(GET => $order, $buyer, language => $header);
    return join ' | ', of($reply, 'statusLabel'), $reply->header('Content-Language');
}

subtest 'Accept-Language' => sub {
    my ($indonesian, $english) = ('Menunggu Pembayaran | id', 'Awaiting payment | en');
    is(label($_), $english, "'$_' is English")
        for 'en', 'EN', 'en-GB', 'en-US,en;q=0.9', 'de, en;q=0.1', 'id;q=0.5, en', 'fr-CA, fr, en, *', 'nonsense!, en', 'id;q=0.2,en;q=0.3';
    is(label(undef), $indonesian, 'the default is Indonesian');
    is(label($_), $indonesian, "'$_' is Indonesian")
        for '', 'id', 'id-ID', 'de', '*', 'en;q=0', 'en;q=0.5, id', 'en;q=0, *', 'en_GB', 'x' x 500, 'de, *, en;q=0.5', 'id;q=0', "en;q=1.5";
    is(shop(GET => $order, $buyer, language => ',' x 5000)->code, 200, 'a malformed header is accepted');
};

subtest "labels of a tenant" => sub {
    my @labels = map { make_label(@$_) } [ 'order_status', 'pending_payment', 'jv', 'Ngenteni mbayar' ], [ 'order_status', 'pending_payment', 'en', 'Waiting for you' ];
    is(label('jv'), 'Ngenteni mbayar | jv, id', 'a tenant adds a language; missing words use the next language');
    is(label('en'), 'Waiting for you | en', 'a tenant replaces a label');
    is(label('id'), 'Menunggu Pembayaran | id', 'other labels are unchanged');
    remove_labels(@labels);
    is(label('en'), 'Awaiting payment | en', 'a removed label restores the default');
};

invariants_hold();
done;
