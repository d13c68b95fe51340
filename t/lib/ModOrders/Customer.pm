# SPDX-License-Identifier: Apache-2.0
package ModOrders::Customer;

# Helpers for the suites of the customer API: orders, requests and refusals.
#
#     use ModOrders::Customer;
#     use ModOrders::Goods;
#     use ModOrders::Test;
#
#     my $buyer = make_user();
#     my $order = customer_order($buyer, payment_method => 'cod');
#     is(tracked($order, $buyer)->{order_packed_status}, undef);
#     says(customer(GET => 'order-cancel', $order, make_user()), 404, 'Order not found.');
#
# Amounts are in minor units.

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();
use Test::More import => [qw(diag ok)];

use ModOrders::Goods ();
use ModOrders::Test ();

our @EXPORT = qw(customer_order delivered_order customer customer_path order_in tracked summed says $MOUNT);

our $MOUNT = '/api/v1/customer';

# As in ModOrders::Goods; prices include tax.
sub customer_order
{
    my ($buyer, %with) = @_;
    return ModOrders::Goods::order_goods($buyer, dialect => 'customer', payment_method => 'cod', tax_inclusive => JSON::PP::true, %with);
}

sub delivered_order
{
    my $order = customer_order(@_);
    ModOrders::Goods::work($order, $_) for qw(pack ship deliver);
    return $order;
}

# customer_path('my-orders'), customer_path('e-bill', $order), customer_path('e-bill', 57)
sub customer_path
{
    my ($route, $order) = @_;
    return join '/', $MOUNT, $route, ref $order ? $order->{id} : $order // ();
}

# Sends a request for an order as its buyer. Options: query, and those of api.
sub customer
{
    my ($method, $route, $order, $buyer, %with) = @_;
    my $query = delete $with{query};
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ModOrders::Test::api($method => customer_path($route, $order) . ($query ? "?$query" : ''), token => $buyer->{token}, %with);
}

# The order in a response.
sub order_in
{
    my ($reply) = @_;
    return $reply->{json}{data}{order}[0];
}

sub tracked { my ($order, $buyer) = @_; return order_in(customer(GET => 'order-tracking', $order, $buyer)) }
sub summed  { my ($order, $buyer, $query) = @_; return order_in(customer(GET => 'order-summery', $order, $buyer, query => $query)) }

# Tests that the response is a refusal with this status and message, in the format of its route.
sub says
{
    my ($reply, $status, $message) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $path  = $reply->request->uri->path;
    my $named = $path =~ m{/(?:order-cancel|reorder)/} ? 'status' : $path =~ m{/e-bill/[^/]+/?$} ? undef : 'status_code';
    my %right = (success => JSON::PP::false, message => $message, data => [], ($named ? ($named => $status) : ()));
    my $json  = JSON::PP->new->canonical;
    my $same  = $reply->code == $status && ref $reply->{json} eq 'HASH' && $json->encode($reply->{json}) eq $json->encode(\%right);
    return ok($same, join ' ', $reply->request->method, $path, "is refused with $status", $message) || diag($reply->as_string);
}

1;
