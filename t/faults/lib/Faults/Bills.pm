# SPDX-License-Identifier: Apache-2.0
#
# Creates bills of the maximum size: 500 line items with long titles in several scripts.
package Faults::Bills;

use strict;
use warnings;
use utf8;
use Exporter qw(import);
use Faults::Data qw(secret);
use Faults::Load;
use Faults::Text qw(from_json);

our @EXPORT_OK = qw(make_bills);

my $LINES = 500;

sub ask
{
    my ($port, %request) = @_;
    my $reply = Faults::Load->one_by_one($port, { token => secret('operator'), %request });
    $reply->{status} =~ /^20/ or die "$request{path}: $reply->{status} $reply->{body}\n";
    return from_json($reply->{body});
}

# A title of 200 characters, in scripts of several fonts and in a script without an installed font.
sub title { return substr "$_[0] " . join(' ', ('Jacket', "\x{6771}\x{4EAC}", "\x{0643}\x{062A}\x{0627}\x{0628}", "\x{16A0}\x{16A1}") x 20), 0, 200 }

sub make_products
{
    my ($port) = @_;
    for my $n (1 .. 5) {
        ask(
            $port, method => 'PUT', path => "/api/v1/admin/catalogue/products/bill-$n",
            body => { name => title($n), variants => [ { ref => 'one', name => 'One', prices => { USD => 100 + $n } } ] },
        );
    }
}

# Confirms the order, so that it has a bill. Returns the path of the bill.
sub make_bill
{
    my ($port, $buyer, $lines) = @_;
    my $order = ask(
        $port, path => '/api/v1/admin/orders', key => "bill-$buyer",
        body => {
            dialect => 'customer', user => "buyer-$buyer", currency => 'USD', payment_method => 'cod',
            lines => [ map { { product => 'bill-' . (1 + $_ % 5), quantity => 1 } } 1 .. $lines ],
        },
    );
    ask($port, path => "/api/v1/admin/orders/$order->{id}/confirm", body => {});
    my $link = ask($port, path => "/api/v1/customer/e-bill/$order->{id}", token => secret("buyer-$buyer"));
    return $link->{pdf_url} =~ s{^http://[^/]+}{}r;
}

# Creates a bill for each of $count buyers. Returns their paths, which need no token.
sub make_bills
{
    my ($port, $count) = @_;
    make_products($port);
    return map { make_bill($port, $_, $LINES) } 1 .. $count;
}

1;
