# SPDX-License-Identifier: Apache-2.0
package ModOrders::Company;

# What the suites of the company API share: companies with their people, products and carts, and its way to say no.
#
#     use ModOrders::Company;
#
#     my $shop  = make_shop();                        # {ref}, {prefix}, {agent} (a salesperson with {token})
#     my $cart  = make_cart($shop, [ $shop->{product}, discount => 15 ]);
#     my $reply = sell($shop->{agent}, create => cart_id => $cart->{code}, type => 'cash');
#     named(sell($shop->{agent}, cancel => order_number => 'X'), 'order not exist');

use strict;
use warnings;

use Exporter qw(import);
use ModOrders::Test;

our @EXPORT = qw(make_shop make_product make_cart make_member sell consumer named order_of new_order settle expire);

my $letters = 0;

sub make_product
{
    my (%with) = @_;
    my $number = uc(unique('P')) . 'PD';
    my $ref = unique('product');
    upsert('products', $ref, name => 'Test Item', number => 'Test-Item-1', variants => [
        { ref => 'one', number => $number, name => 'Variant Test', prices => { JPY => 100, CHF => 10_000 },
            options => [ { id => 1, name => 'k1' }, { id => 2, name => 'k2' } ], %with } ]);
    return { ref => $ref, number => $number };
}

# A user with a role (salesperson unless said otherwise; none: no membership) in the shop that is current for him.
sub make_member
{
    my ($shop, $role) = @_;
    my $user = make_user(scopes => [ 'seller', 'buyer' ]);
    upsert('users', $user->{ref}, name => 'QQ Wang', given_name => 'QQ', family_name => 'Wang', email => 'a@gmail.test',
        current_company => $shop->{ref});
    upsert('memberships', unique('member'), company => $shop->{ref}, user => $user->{ref}, role => $role // 'salesperson')
        unless ($role // '') eq 'none';
    return $user;
}

sub make_shop
{
    my (%with) = @_;
    my $prefix = join '', map { chr 65 + int rand 26 } 1 .. 8;
    my $shop = { ref => unique('shop'), prefix => $prefix, name => "Company $prefix" };
    $shop->{id} = upsert('companies', $shop->{ref}, name => $shop->{name}, prefix => $prefix, %with,
        address => { street => '333 West San Carlos Street', city => 'San Jose', state => 'CA', postal_code => '95110', country => 'United States' });
    $shop->{agent}   = make_member($shop);
    $shop->{product} = make_product();
    return $shop;
}

# Products: [product, discount => …, quantity => …]; the currency is JPY unless said otherwise.
sub make_cart
{
    my ($shop, @products) = @_;
    my $currency = @products && !ref $products[0] ? shift @products : 'JPY';
    my $reply = api(POST => '/api/v1/admin/carts', token => operator()->{token}, json => {
        company => $shop->{ref}, agent => $shop->{agent}{ref}, currency => $currency,
        products => [ map { my ($product, %with) = @$_; { number => $product->{number}, %with } } @products ] });
    $reply->code == 201 or die $reply->as_string;
    return $reply->{json};
}

# A POST of a salesperson, with the key in the body.
sub sell
{
    my ($user, $route, %fields) = @_;
    return api(POST => "/user/company/order/$route", json => { ($user ? (api_key => $user->{token}) : ()), %fields });
}

sub consumer
{
    my ($user, $route, %fields) = @_;
    return api(POST => "/order/$route", json => { ($user ? (api_key => $user->{token}) : ()), %fields });
}

# 403 with this word, and what else the specification puts beside it.
sub named
{
    my ($reply, $word, $name, %beside) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $same = $reply->code == 403 && ref $reply->{json} eq 'HASH' && ($reply->{json}{error_name} // '') eq $word;
    ok($same, $name ? "$name: $word" : $word) or diag($reply->as_string);
    return $same;
}

sub order_of
{
    my ($number) = @_;
    return (rows('SELECT * FROM orders.orders WHERE tenant_id = 1 AND number = ?', $number))[0];
}

# The number of a new order of this type.
sub new_order
{
    my ($shop, $type, @products) = @_;
    my $cart = make_cart($shop, @products ? @products : [ $shop->{product}, discount => 15 ]);
    my $reply = sell($shop->{agent}, create => cart_id => $cart->{code}, type => $type // 'cash');
    $reply->code == 200 or die $reply->as_string;
    return $reply->{json}{order_number};
}

sub settle
{
    my ($shop, $number) = @_;
    my $reply = sell($shop->{agent}, payment => order_number => $number, transaction_id => unique('TX'));
    $reply->code == 200 or die $reply->as_string;
    return $number;
}

sub expire
{
    my ($number) = @_;
    db()->do(q(UPDATE orders.orders SET expires_at = now() - interval '1 s' WHERE tenant_id = 1 AND number = ?), undef, $number);
    return $number;
}

1;
