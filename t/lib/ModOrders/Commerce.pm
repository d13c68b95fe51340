# SPDX-License-Identifier: Apache-2.0
package ModOrders::Commerce;

# Helpers for the suites of the commerce API: applications and their keys, members, packages, requests and refusals.
#
#     use ModOrders::Commerce;
#     use ModOrders::Test;
#
#     my $buyer = make_user();
#     my $lamp  = make_item(price => 20_00);
#     my $reply = commerce(POST => 'create-order', $buyer, json => order_body($buyer, [ $lamp, 2 ]));
#     is(data_of($reply)->{status}, 'pending');
#     says(commerce(GET => 'order-details', $buyer), 400, order_number => 'Order Number is required.');
#
# Prices are in minor units; amounts in requests are in major units.

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();
use Test::More import => [qw(diag fail is_deeply ok)];

use ModOrders::Goods ();
use ModOrders::Test ();

our @EXPORT = qw(
    application actor make_item make_package make_member
    address line_body order_body package_body major minor
    commerce commerce_path commerce_order data_of details_of says $MOUNT
);

our $MOUNT = '/api/v1/commerce';

# The key of an application, and the key of an application with the scope act-as-user. Created once per test file.
my %keys;

sub key_with { my (@scopes) = @_; return $keys{"@scopes"} ||= ModOrders::Test::make_user(scopes => \@scopes)->{token} }
sub application { return key_with('application') }
sub actor       { return key_with(qw(application act-as-user)) }

# Converts minor units to major units: 1950 to 19.5.
sub major { my ($minor) = @_; return 0 + sprintf '%.2f', $minor / 100 }

# Converts major units to minor units.
sub minor { my ($major) = @_; return sprintf '%.0f', $major * 100 }

# Creates a product with one variant and a price in USD. Options: price, list_price, and any field of make_goods. Adds {variant_id}.
sub make_item
{
    my (%with) = @_;
    my ($price, $list) = (delete $with{price} // 10_00, delete $with{list_price});
    my $goods = ModOrders::Goods::make_goods(prices => { USD => defined $list ? { price => $price, list_price => $list } : $price }, %with);
    my ($row) = ModOrders::Test::rows(
        q(SELECT v.id FROM orders.variant v JOIN orders.product p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
          WHERE p.tenant_id = 1 AND p.external_ref = ?), $goods->{ref});
    return { %$goods, price => $price, list_price => $list // $price, variant_id => $row->{id} };
}

# Creates a package. Options: price, list_price, rank, duration_unit and duration_value (default: one month), active.
sub make_package
{
    my (%with) = @_;
    my %package = (rank => 1, duration_unit => 'month', duration_value => 1);
    exists $with{$_} and $package{$_} = delete $with{$_} for qw(rank duration_unit duration_value active);
    delete @package{qw(duration_unit duration_value)} if !defined $package{duration_unit};
    my $item = make_item(%with);
    ModOrders::Test::upsert('packages', $item->{ref}, product => $item->{ref}, %package);
    return { %$item, %package };
}

# Creates a user with a membership. Options: package (of make_package), starts_at, ends_at, auto_upgrade_at, and any option of make_user.
sub make_member
{
    my (%with) = @_;
    my %member = (placed_at => '2020-01-01T00:00:00Z');
    exists $with{$_} and $member{$_} = delete $with{$_} for qw(placed_at package starts_at ends_at auto_upgrade_at);
    $member{package} = $member{package}{ref} if $member{package};
    my $user = ModOrders::Test::make_user(%with);
    ModOrders::Test::upsert('members', $user->{ref}, %member);
    return $user;
}

sub address
{
    my (%with) = @_;
    return {
        address_first_name => 'Ann', address_last_name => 'Lee', address_mail_id => 'ann@example.com', address_phone_number => '+1 555 0100',
        address_name_line => '12', address_premise => 'Main Street', address_locality => 'Springfield', address_postal_code => '90210',
        address_country_code => 'US', address_state_code => 'CA', %with,
    };
}

# A line item of a request for [item, quantity]; further members replace the correct values.
sub line_body
{
    my ($item, $quantity, %with) = @_;
    $quantity //= 1;
    return {
        product_id => $item->{variant_id}, quantity => $quantity, unit_price => major($item->{list_price}),
        discount     => major($quantity * ($item->{list_price} - $item->{price})),
        total_amount => major($quantity * $item->{price}), %with,
    };
}

# The body of an order of these items, each [item, quantity, members]. A hash has further members of the body.
sub order_body
{
    my ($user, @lines) = @_;
    my %with = @lines && ref $lines[-1] eq 'HASH' ? %{ pop @lines } : ();
    my $sum = 0;
    $sum += ($_->[1] // 1) * $_->[0]{price} for @lines;
    return { uid => $user->{ref}, total_amount => major($sum), address => address(), products => [ map { line_body(@$_) } @lines ], %with };
}

# The body of a renewal of a package or, with a third argument, of an upgrade from that package. Further arguments are members of the body.
sub package_body
{
    my ($user, $package, $from, %with) = @_;
    my $unit     = $package->{list_price} - ($from ? $from->{price} : 0);
    my $discount = $package->{list_price} - $package->{price};
    return {
        uid => $user->{ref}, order_type => $from ? 'upgrade' : 'renewal', product_id => $package->{variant_id}, unit_price => major($unit),
        discount => major($discount), order_total => major($unit - $discount), %{ address() }, %with,
    };
}

sub commerce_path
{
    my ($route) = @_;
    return "$MOUNT/$route";
}

# Sends a request of a user (undef: of the application alone). Options: key (of the application; undef: none), query, and those of api.
sub commerce
{
    my ($method, $route, $user, %with) = @_;
    my $query = delete $with{query};
    my $key   = exists $with{key} ? delete $with{key} : $user ? application() : actor();
    $with{headers} = { (defined $key ? (apikey => $key) : ()), %{ $with{headers} // {} } };
    $with{token} //= $user->{token} if $user;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ModOrders::Test::api($method => commerce_path($route) . (defined $query ? "?$query" : ''), %with);
}

# Places an order of these items (see order_body). Returns the data of the response, with {id} and {number}.
sub commerce_order
{
    my ($user, @lines) = @_;
    my $reply = commerce(POST => 'create-order', $user, json => order_body($user, @lines));
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $reply->code == 200 or do { fail('an order is placed'); diag($reply->as_string) };
    my $placed = data_of($reply);
    return { %$placed, id => $placed->{order_id}, number => $placed->{order_number} };
}

sub data_of { my ($reply) = @_; return $reply->{json}{data} }

# The line items of an order.
sub details_of
{
    my ($user, $order, %with) = @_;
    return data_of(commerce(GET => 'order-details', $user, query => "order_number=$order->{number}", %with));
}

# Tests that the response is a refusal with this status and these messages: field => message or a list of messages.
sub says
{
    my ($reply, $status, %errors) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %right = (
        status_code => $status, error_type => 'Validation Error', data => {},
        errors => { map { $_ => ref $errors{$_} ? $errors{$_} : [ $errors{$_} ] } keys %errors },
    );
    my $json = JSON::PP->new->canonical;
    my $same = $reply->code == $status && ref $reply->{json} eq 'HASH' && $json->encode($reply->{json}) eq $json->encode(\%right);
    my $what = join ' ', $reply->request->method, $reply->request->uri->path, "is refused with $status:", sort keys %errors;
    return ok($same, $what) || diag($reply->as_string, "\nand not ", $json->encode(\%right));
}

1;
