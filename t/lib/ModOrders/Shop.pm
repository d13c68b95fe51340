# SPDX-License-Identifier: Apache-2.0
package ModOrders::Shop;

# What the suites of the shop API share: goods, orders of them, the work on these, and that API's requests.
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
use JSON::PP ();
use Test::More import => [qw(diag fail ok)];

use ModOrders::Test ();

our @EXPORT = qw(make_goods make_tax make_label remove_labels order_goods pay_order work shop shop_path says words of);

our $MOUNT = '/api/v1/orders';

# Goods with one variant. Options: prices (IDR => 1000), variant (its name), and any field of a product.
sub make_goods
{
    my (%with)   = @_;
    my $ref      = ModOrders::Test::unique('goods');
    my $variant  = delete $with{variant} // "Variant $ref";
    my $prices   = delete $with{prices} // { IDR => 1000 };
    my %document = (
        name => "Goods $ref", slug => $ref, returnable => JSON::PP::true, images => { px240 => "https://cdn.shop.example/$ref.jpg" },
        variants => [ { ref => 'one', name => $variant, prices => $prices } ], %with,
    );
    return { %document, ref => $ref, variant => $variant, image => $document{images}{px240}, id => ModOrders::Test::upsert('products', $ref, %document) };
}

# A tax class with one rate, in hundredths of a percent.
sub make_tax
{
    my ($rate) = @_;
    my $class = ModOrders::Test::unique('class');
    ModOrders::Test::upsert('tax-rates', ModOrders::Test::unique('rate'), tax_class => $class, key => 'vat', rate_bp => $rate);
    return $class;
}

# A label of the tenant's own; its reference. It is the whole tenant's: whoever makes one for a word of ours takes it away.
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

# An order of the buyer's: {id} is the operator's, {public_id} the shop's. Options: lines (a list of [goods, quantity]; one
# piece of something), and any field of the operator's document.
sub order_goods
{
    my ($buyer, %with) = @_;
    my $lines = delete $with{lines} // [ [ make_goods() ] ];
    my $reply = ModOrders::Test::api(
        POST  => '/api/v1/admin/orders',
        token => ModOrders::Test::operator()->{token},
        json  => {
            dialect => 'shop', user => $buyer->{ref}, currency => 'IDR', payment_method => 'bank_transfer', tax_inclusive => JSON::PP::false,
            lines => [ map { { product => $_->[0]{ref}, quantity => $_->[1] // 1 } } @$lines ], %with,
        },
    );
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $reply->code == 201 or fail('an order is placed') && diag($reply->as_string);
    return $reply->{json};
}

sub operator_does
{
    my ($order, $what, %with) = @_;
    my $reply = ModOrders::Test::api(
        POST => "/api/v1/admin/orders/$order->{id}/$what", token => ModOrders::Test::operator()->{token}, json => \%with);
    local $Test::Builder::Level = $Test::Builder::Level + 2;
    $reply->code =~ /^20[01]$/ or fail("$what") && diag($reply->as_string);
    return $reply->{json};
}

sub pay_order { return operator_does($_[0], 'pay') }

# An order takes steps, each an axis and the state that follows.
sub move
{
    my ($order, @steps) = @_;
    my $row   = ModOrders::Test::order_row($order->{id});
    my %state = (order => $row->{state}, fulfilment => $row->{fulfilment_state});
    my $steps = join ', ', map { "('$_->[0]', '$state{ $_->[0] }', '$_->[1]')" } @steps;
    return ModOrders::Test::rows(
        "SELECT orders.move_order(ROW(1, 'operator', 'operator', NULL, 'test', NULL, NULL)::orders.context, o, ARRAY[$steps]::orders.step[], 0, 0, NULL)
         FROM orders.orders o WHERE o.tenant_id = 1 AND o.id = ?", $order->{id});
}

sub change_shipment
{
    my ($order, $set, @values) = @_;
    return ModOrders::Test::db()->do(
        "UPDATE orders.shipment s SET updated_at = now(), $set WHERE s.tenant_id = 1 AND s.order_id = ?", undef, @values, $order->{id});
}

my %works = (
    confirm => sub { move($_[0], [ fulfilment => 'confirmed' ]) },
    pack    => sub { move($_[0], [ fulfilment => 'packed' ]) },
    ship    => sub {
        my ($order, %with) = @_;
        change_shipment($order, q(status = 'picked_up', shipped_at = now(), tracking_number = ?), $with{tracking_number});
        move($order, [ fulfilment => 'shipped' ]);
    },
    tracking => sub {
        my ($order, %with) = @_;
        ModOrders::Test::db()->do(
            'INSERT INTO orders.shipment_event (tenant_id, order_id, shipment_id, status, location, description, at)
             SELECT tenant_id, order_id, id, ?, ?, ?, coalesce(?, now()) FROM orders.shipment WHERE tenant_id = 1 AND order_id = ?',
            undef, @with{qw(status location description at)}, $order->{id});
        change_shipment($order, 'status = (SELECT e.status FROM orders.shipment_event e WHERE e.tenant_id = 1 AND e.order_id = s.order_id
                                           ORDER BY e.at DESC, e.id DESC LIMIT 1)');
        move($order, [ fulfilment => 'out_for_delivery' ]) if $with{status} eq 'on_delivery';
    },
    deliver => sub {
        my ($order) = @_;
        change_shipment($order, q(status = 'delivered', delivered_at = now()));
        move($order, [ fulfilment => 'delivered' ], [ order => 'completed' ]);
    },
    pay    => \&pay_order,
    cancel => sub { operator_does($_[0], 'cancel') },
);

# The shop works on an order: pay, confirm, pack, ship, tracking, deliver (what was paid), cancel; with what is to be known of it.
sub work
{
    my ($order, $what, %with) = @_;
    return $works{$what}->($order, %with);
}

# The path of an order, or of something of it.
sub shop_path
{
    my ($order, $rest) = @_;
    return join '/', $MOUNT, ref $order ? $order->{public_id} : $order, $rest // ();
}

# A request about an order by its buyer: GET (the order, or `of` => 'shipment') or POST (`of` => 'cancel'). Further options are api's.
sub shop
{
    my ($method, $order, $buyer, %with) = @_;
    my $of = delete $with{of};
    my $language = delete $with{language};
    $with{headers} = { %{ $with{headers} // {} }, 'Accept-Language' => $language } if defined $language;
    return ModOrders::Test::api($method => shop_path($order, $of), token => $buyer->{token}, %with);
}

# The reply is a refusal with this status and code, and with these details: names of fields, or the word.
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

# The words of an order's history, in their sequence.
sub words
{
    my ($reply) = @_;
    return join ' ', map { $_->{status} } @{ $reply->{json}{data}{statusHistory} };
}

# Members of an answer's data, as a list.
sub of
{
    my ($reply, @members) = @_;
    return @{ $reply->{json}{data} }{@members};
}

1;
