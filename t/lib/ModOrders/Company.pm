# SPDX-License-Identifier: Apache-2.0
package ModOrders::Company;

# Helpers for the suites of the company API: companies with members, products and carts, requests and refusals.
#
#     use ModOrders::Company;
#     use ModOrders::Test;
#
#     my $shop   = make_company(name => 'Company A');
#     my $seller = make_company_member($shop);
#     my $sold   = make_product($shop, prices => { JPY => 100 });
#     my $cart   = make_cart($seller, products => [ [ $sold, discount => 15 ] ]);
#     my $reply  = company('create', $seller, cart_id => $cart->{code}, type => 'cash');
#     named($reply, 'no products');
#
# Amounts are in minor units, as in the operator API.

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256);
use Exporter qw(import);
use File::Temp ();
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64url);
use Test::More import => [qw(diag fail is ok)];

use ModOrders::Files qw(slurp);
use ModOrders::Test ();

our @EXPORT = qw(
    make_company make_company_member make_consumer make_product make_cart change_product
    company company_path consumer named lacks bind_order
    sell sell_link paid_sale order_of states_of late age_payment confirming failed
    qr_texts pay_token report_terminal_transaction invoice_of
);

my $JSON = JSON::PP->new->utf8->canonical;

# --- companies, members, products ----------------------------------------------------------------------------------

# Creates a company. Its prefix is seven random capital letters, so that tests do not share codes.
sub make_company
{
    my (%with) = @_;
    my $ref = ModOrders::Test::unique('company');
    my %company = (name => "Company $ref", prefix => join('', map { chr 65 + int rand 26 } 1 .. 7), %with);
    return { %company, ref => $ref, id => ModOrders::Test::upsert('companies', $ref, %company) };
}

# Creates a user with an API key ({token}) and a membership in the company. Options: role (default salesperson; none: not a member), chosen
# (0: not the current company of the user), active (0: membership ended), scopes, and any field of a user.
sub make_company_member
{
    my ($company, %with) = @_;
    my $ref    = ModOrders::Test::unique('member');
    my $role   = delete $with{role}   // 'salesperson';
    my $active = delete $with{active} // 1;
    my $scopes = delete $with{scopes} // ['seller'];
    my %user = (
        name => "Member $ref", given_name => 'QQ', family_name => 'Wang', email => "$ref\@example.test", login => $ref,
        ((delete $with{chosen} // 1) ? (current_company => $company->{ref}) : ()), %with,
    );
    my $member = { %user, ref => $ref, company => $company, id => ModOrders::Test::upsert('users', $ref, %user) };
    ModOrders::Test::upsert(
        'memberships', $ref, company => $company->{ref}, user => $ref, role => $role,
        active => $active ? JSON::PP::true : JSON::PP::false,
    ) if $role ne 'none';
    $member->{token} = ModOrders::Test::make_token($member, scopes => $scopes);
    return $member;
}

sub make_consumer
{
    my (%with) = @_;
    my $ref  = ModOrders::Test::unique('consumer');
    my %user = (name => "Consumer $ref", login => $ref, email => "$ref\@example.test", %with);
    my $consumer = { %user, ref => $ref, id => ModOrders::Test::upsert('users', $ref, %user) };
    $consumer->{token} = ModOrders::Test::make_token($consumer, scopes => ['buyer']);
    return $consumer;
}

# Creates a product with one variant. Options: prices ({ JPY => 100 }), number, item_number, name, options, images, active.
sub make_product
{
    my ($company, %with) = @_;
    my $ref = ModOrders::Test::unique('product');
    my $product = {
        ref => $ref, company => $company, name => "Product $ref", number => uc "$ref-PD", item_number => "item-$ref",
        variant => "Variant $ref", prices => { JPY => 100 }, options => [], images => {}, active => 1, %with,
    };
    return change_product($product);
}

# Creates or changes a product. Options: those of make_product.
sub change_product
{
    my ($product, %with) = @_;
    my %now = (%$product, %with);
    @$product{ keys %now } = values %now;
    my $active = $product->{active} ? JSON::PP::true : JSON::PP::false;
    $product->{id} = ModOrders::Test::upsert(
        'products', $product->{ref}, company => $product->{company}{ref}, number => $product->{item_number},
        name => $product->{name}, active => $active, ($product->{tax_class} ? (tax_class => $product->{tax_class}) : ()),
        variants => [ {
            ref => "$product->{ref}-v", number => $product->{number}, name => $product->{variant}, prices => $product->{prices},
            options => $product->{options}, images => $product->{images}, (defined $product->{stock} ? (stock => $product->{stock}) : ()),
        } ],
    );
    return $product;
}

# Creates a cart through the operator API: {id}, {code}. Options: currency (JPY), products (each a product or [product, discount => …,
# quantity => …]; default: a new product).
sub make_cart
{
    my ($member, %with) = @_;
    my $currency = $with{currency} // 'JPY';
    my $products = $with{products} // [ make_product($member->{company}, prices => { $currency => 100 }) ];
    my @lines    = map { my ($product, %line) = ref eq 'ARRAY' ? @$_ : $_; { number => $product->{number}, %line } } @$products;
    my $reply = ModOrders::Test::ask(
        POST => '/api/v1/admin/carts', token => ModOrders::Test::operator()->{token},
        json => { company => $member->{company}{ref}, agent => $member->{ref}, currency => $currency, products => \@lines },
    );
    $reply->code == 201 or die 'no cart: ' . $reply->as_string;
    return $reply->{json};
}

# --- requests ------------------------------------------------------------------------------------------------------

my %PATH = (
    (map { $_ => "/user/company/order/$_" } qw(list create payment cancel refund detail)),
    refund_query => '/user/company/order/refund/query',
    send         => '/user/company/order/paypal/send',
    confirm      => '/order/confirmpurchase',
    edit         => '/order/edit',
);

sub company_path
{
    my ($route) = @_;
    return $PATH{$route} // die "no route $route";
}

# Sends a POST to the route with this short name. The JSON contains the API key of the user (undef: no key).
sub company
{
    my ($route, $who, %fields) = @_;
    my $headers = delete $fields{-headers};
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ModOrders::Test::api(
        POST => company_path($route), json => { ($who ? (api_key => $who->{token}) : ()), %fields },
        ($headers ? (headers => $headers) : ()),
    );
}

# Sends a GET of an order as a consumer.
sub consumer
{
    my ($number, $who, @with) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ModOrders::Test::api(
        GET => "/order/$number/detail", ($who ? (headers => { Authorization => $who->{token} }) : ()), @with);
}

# Tests that the response is 403 with {"error_name": $word} and exactly the members %extra.
sub named
{
    my ($reply, $word, %extra) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return answers($reply, 403, $word, %extra);
}

# The same with another status.
sub lacks
{
    my ($reply, $status, $word) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return answers($reply, $status, $word);
}

sub answers
{
    my ($reply, $status, $word, %extra) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $what = $reply->request->method . ' ' . $reply->request->uri->path;
    my $said = eval { $JSON->encode($reply->{json}) } // '';
    my $same = $reply->code == $status && $reply->content_type eq 'application/json'
        && $said eq $JSON->encode({ error_name => $word, %extra });
    ok($same, "$what is refused with $status $word") or diag($reply->as_string);
    return $same;
}

# --- orders --------------------------------------------------------------------------------------------------------

# Places an order of a new cart and returns its number. Options: type (cash), and those of make_cart.
sub sell
{
    my ($seller, %with) = @_;
    my $type  = delete $with{type} // 'cash';
    my $reply = company('create', $seller, cart_id => make_cart($seller, %with)->{id}, type => $type);
    $reply->code == 200 or die 'no order: ' . $reply->as_string;
    return $reply->{json}{order_number};
}

# Places an order with a pay link by SQL: the API offers it only with a provider that captures. Option: expires_in (seconds).
sub sell_link
{
    my ($seller, %with) = @_;
    my $lifetime = exists $with{expires_in} ? delete $with{expires_in} : 86400;
    ModOrders::Test::make_channel('simulator');
    my ($row) = ModOrders::Test::rows(
        q(SELECT (w."order").number FROM orders_v1.place_cart(1, 'company', 'seller', ?, 'test', NULL, NULL, ?, 'external', false, 'simulator', ?) AS w), $seller->{id}, make_cart($seller, %with)->{id}, $lifetime,
    );
    return $row->{number};
}

# Places and pays an order: {number}, {transaction}.
sub paid_sale
{
    my ($seller, %with) = @_;
    my $sale  = { number => sell($seller, %with), transaction => ModOrders::Test::unique('tx') };
    my $reply = company('payment', $seller, order_number => $sale->{number}, transaction_id => $sale->{transaction});
    $reply->code == 200 or die 'not paid: ' . $reply->as_string;
    return $sale;
}

sub bind_order
{
    my ($consumer, $number) = @_;
    my $reply = company('confirm', $consumer, order_number => $number);
    $reply->code == 200 or die 'not bound: ' . $reply->as_string;
    return;
}

# The row of an order.
sub order_of
{
    my ($number) = @_;
    return (ModOrders::Test::rows('SELECT * FROM orders.orders WHERE tenant_id = 1 AND number = ?', $number))[0];
}

# "STATE PAYMENT_STATE" of an order.
sub states_of
{
    my ($number) = @_;
    return join ' ', @{ order_of($number) }{qw(state payment_state)};
}

# Makes an order expire by moving its times into the past.
sub late
{
    my ($number) = @_;
    ModOrders::Test::db()->do(
        q(UPDATE orders.orders SET created_at = created_at - interval '2 days', updated_at = updated_at - interval '2 days'
          WHERE tenant_id = 1 AND number = ?), undef, $number);
    ModOrders::Test::let_expire(order_of($number)->{id}, q(clock_timestamp() - interval '1 second'));
    return $number;
}

# Moves the payment of an order into the past by days (and seconds).
sub age_payment
{
    my ($number, $days, $seconds) = @_;
    ModOrders::Test::db()->do(
        q(UPDATE orders.orders SET created_at = created_at - d, paid_at = paid_at - d
          FROM (SELECT ? * interval '24 hours' + ? * interval '1 second') AS x (d) WHERE tenant_id = 1 AND number = ?),
        undef, $days, $seconds // 0, $number);
    return $number;
}

# confirming: sets the payment of a pay link to this state. failed: ends the order because the provider has refused the payment.
sub confirming
{
    my ($number) = @_;
    my ($row) = payment_of($number);
    ModOrders::Test::rows('SELECT * FROM orders_v1.record_capture(1, ?, \'confirming\')', $row->{id});
    return $number;
}

sub payment_of
{
    my ($number) = @_;
    return (ModOrders::Test::rows(
        q(SELECT p.* FROM orders.payment p JOIN orders.orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id
          WHERE o.tenant_id = 1 AND o.number = ? ORDER BY p.id DESC LIMIT 1), $number))[0];
}

sub failed
{
    my ($number, $code, $message) = @_;
    ModOrders::Test::rows(
        q(SELECT * FROM orders_v1.fail_order(orders_v1.system_context(1),
            (SELECT o FROM orders.orders o WHERE o.tenant_id = 1 AND o.number = ?), ?, ?, ?, false)),
        $number, payment_of($number)->{id}, $code, $message);
    return $number;
}

# Reports a terminal transaction through the operator API.
sub report_terminal_transaction
{
    my (%transaction) = @_;
    return ModOrders::Test::ask(
        POST => '/api/v1/admin/terminal-transactions', token => ModOrders::Test::operator()->{token}, json => \%transaction);
}

# Issues the invoice of an order and returns its number.
sub invoice_of
{
    my ($number) = @_;
    my $reply = ModOrders::Test::ask(
        POST => '/api/v1/admin/orders/' . order_of($number)->{id} . '/invoice', token => ModOrders::Test::operator()->{token},
        json => {},
    );
    $reply->code == 201 or die 'no invoice: ' . $reply->as_string;
    return $reply->{json}{number};
}

# --- codes and links -----------------------------------------------------------------------------------------------

# Decodes the QR code of a base64 PNG with zbarimg.
sub qr_texts
{
    my ($base64) = @_;
    my $file = File::Temp->new(SUFFIX => '.png');
    binmode $file;
    print {$file} decode_base64($base64);
    close $file;
    my @texts = split /\n/, `zbarimg --raw -q $file 2>/dev/null`;
    return @texts;
}

# The token of a pay link: order, expiry, and the first 128 bits of an HMAC over both. Options: secret, tenant.
sub pay_token
{
    my ($order_id, $ends, %with) = @_;
    my $secret = $with{secret};
    if (!defined $secret) {
        $secret = slurp(Apache::Test::vars('secret_file')) =~ s/\s+\z//r;
    }
    my $claim = pack 'q>q>', $order_id, $ends;
    return encode_base64url($claim . substr hmac_sha256("pay link\0" . pack('q>', $with{tenant} // 1) . $claim, $secret), 0, 16);
}

1;
