# SPDX-License-Identifier: Apache-2.0
package ModOrders::Goods;

# Creates goods and orders, and processes orders, through the operator API.
#
#     use ModOrders::Goods;
#     use ModOrders::Test;
#
#     my $lamp  = make_goods(prices => { USD => 20_00 }, stock => 5);
#     my $order = order_goods(make_user(), lines => [ [ $lamp, 2 ] ], payment_method => 'cod');
#     work($order, ship => tracking_number => 'JP1');
#
# Amounts are in minor units.

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();
use Test::More import => [qw(diag fail)];

use ModOrders::Test ();

our @EXPORT = qw(make_goods make_tax order_goods operator_does work);

# Creates a product with one variant. Options: prices (USD => 1000), variant (its name), stock, options, and any field of a product.
sub make_goods
{
    my (%with)   = @_;
    my $ref      = ModOrders::Test::unique('goods');
    my %variant  = (ref => 'one', name => delete $with{variant} // "Variant $ref", prices => delete $with{prices} // { USD => 1000 });
    exists $with{$_} and $variant{$_} = delete $with{$_} for qw(stock options);
    my %document = (
        name => "Goods $ref", slug => $ref, returnable => JSON::PP::true, images => { px240 => "https://cdn.shop.example/$ref.jpg" },
        variants => [ \%variant ], %with,
    );
    return { %document, ref => $ref, variant => $variant{name}, image => $document{images}{px240}, id => ModOrders::Test::upsert('products', $ref, %document) };
}

# Creates a tax class with these rates, in hundredths of a percent: make_tax(1000), make_tax(cgst => 800, sgst => 800).
sub make_tax
{
    my %rates = @_ == 1 ? (vat => $_[0]) : @_;
    my $class = ModOrders::Test::unique('class');
    ModOrders::Test::upsert('tax-rates', ModOrders::Test::unique('rate'), tax_class => $class, key => $_, rate_bp => $rates{$_}) for sort keys %rates;
    return $class;
}

# Places an order for a buyer. Returns the response of the operator API. Options: lines (a list of [goods, quantity]; default: one new
# product), and any field of the request.
sub order_goods
{
    my ($buyer, %with) = @_;
    my $lines = delete $with{lines} // [ [ make_goods() ] ];
    my $reply = ModOrders::Test::api(
        POST  => '/api/v1/admin/orders',
        token => ModOrders::Test::operator()->{token},
        json  => {
            dialect => 'shop', user => $buyer->{ref}, currency => 'USD', payment_method => 'bank_transfer', tax_inclusive => JSON::PP::false,
            lines => [ map { { product => $_->[0]{ref}, quantity => $_->[1] // 1 } } @$lines ], %with,
        },
    );
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $reply->code == 201 or do { fail('an order is placed'); diag($reply->as_string) };
    return $reply->{json};
}

# Sends an operation on an order (pay, confirm, pack, ship, tracking, deliver, cancel) with its fields. Returns the changed order.
sub operator_does
{
    my ($order, $what, %with) = @_;
    my $reply = ModOrders::Test::api(
        POST => "/api/v1/admin/orders/$order->{id}/$what", token => ModOrders::Test::operator()->{token}, json => \%with);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $reply->code =~ /^20[01]$/ or do { fail($what); diag($reply->as_string) };
    return $reply->{json};
}

# Processes an order, with all steps in between, until it is packed, shipped or delivered.
my @way = (confirmed => 'confirm', packed => 'pack', shipped => 'ship', delivered => 'deliver');

sub work
{
    my ($order, $what, %with) = @_;
    my %place = map { $way[ 2 * $_ ] => $_ } 0 .. $#way / 2;
    my ($goal) = grep { $way[ 2 * $_ + 1 ] eq $what } 0 .. $#way / 2;
    my $now = ModOrders::Test::order_row($order->{id})->{fulfilment_state};
    my $at  = { %place, pending => -1, out_for_delivery => $place{shipped} }->{$now};
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    operator_does($order, $way[ 2 * $_ + 1 ]) for ($at + 1) .. ($goal // 0) - 1;
    return operator_does($order, $what, %with);
}

1;
