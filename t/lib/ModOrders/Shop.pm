# SPDX-License-Identifier: Apache-2.0
package ModOrders::Shop;

# Helpers for the suites of the shop API: goods, orders, labels, requests and refusals.
#
#     use ModOrders::Shop;
#     use ModOrders::Test;
#
#     my $buyer = make_user();
#     my $phone = make_goods(prices => { IDR => 12_000_000 }, tax_class => make_tax(1000));
#     my $order = order_goods($buyer, lines => [ [ $phone, 2 ] ], payment_method => 'bank_transfer');
#     my $reply = shop(GET => $order, $buyer);
#     is($reply->{json}{data}{status}, 'pending_payment');
#     says(shop(GET => $order, make_user()), 404, 'NOT_FOUND');
#
# Amounts are in minor units.

use strict;
use warnings;

use Exporter qw(import);
use Test::More import => [qw(diag ok)];

use ModOrders::Goods qw(make_tax operator_does work);
use ModOrders::Test ();

our @EXPORT = qw(make_goods make_tax order_goods operator_does work make_label remove_labels shop shop_path says words of);

our $MOUNT = '/api/v1/orders';

# As in ModOrders::Goods, in IDR.
sub make_goods
{
    return ModOrders::Goods::make_goods(prices => { IDR => 1000 }, @_);
}

sub order_goods
{
    my ($buyer, %with) = @_;
    $with{lines} //= [ [ make_goods() ] ];
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ModOrders::Goods::order_goods($buyer, currency => 'IDR', %with);
}

# Creates a label and returns its reference. It applies to the whole tenant: a test that labels a built-in value must remove
# the label.
sub make_label
{
    my ($kind, $word, $language, $text) = @_;
    my $ref = ModOrders::Test::unique('label');
    ModOrders::Test::upsert('labels', $ref, type => $kind, word => $word, language => $language, text => $text);
    return $ref;
}

sub remove_labels
{
    ModOrders::Test::db()->do('DELETE FROM orders.tenant_label WHERE tenant_id = 1 AND external_ref = ANY (?)', undef, [@_]);
    return;
}

# The path of an order or of its subresource.
sub shop_path
{
    my ($order, $rest) = @_;
    return join '/', $MOUNT, ref $order ? $order->{public_id} : $order, $rest // ();
}

# Sends a request for an order as its buyer: GET (the order, or `of` => 'shipment') or POST (`of` => 'cancel'). Further options: those of api.
sub shop
{
    my ($method, $order, $buyer, %with) = @_;
    my $of = delete $with{of};
    my $language = delete $with{language};
    $with{headers} = { %{ $with{headers} // {} }, 'Accept-Language' => $language } if defined $language;
    return ModOrders::Test::api($method => shop_path($order, $of), token => $buyer->{token}, %with);
}

# Tests that the response is a refusal with this status, code and details: names of fields, or the code of the error.
sub says
{
    my ($reply, $status, $code, @details) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $what    = join ' ', $reply->request->method, $reply->request->uri->path, "is refused with $status $code", @details;
    my $error   = ref $reply->{json} eq 'HASH' ? $reply->{json}{error} : undef;
    my $details = ref $error eq 'HASH' ? $error->{details} : undef;
    my @named   = ref $details eq 'ARRAY' ? sort(map { $_->{field} } @$details) : ref $details eq 'HASH' ? values %$details : ();
    my $same    = $reply->code == $status && ref $error eq 'HASH' && $error->{code} eq $code && length $error->{message};
    $same &&= join(' ', sort @details) eq join(' ', @named) if @details;
    return ok($same, $what) || diag($reply->as_string);
}

# The statuses of the history of an order, in sequence.
sub words
{
    my ($reply) = @_;
    return join ' ', map { $_->{status} } @{ $reply->{json}{data}{statusHistory} };
}

# The values of these members of the data of a response.
sub of
{
    my ($reply, @members) = @_;
    return @{ $reply->{json}{data} }{@members};
}

1;
