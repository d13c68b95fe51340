# SPDX-License-Identifier: Apache-2.0
# Unknown members of a body: the operator API refuses each with its path, so that no value is lost by a misspelled name.
use strict;
use warnings;
use ModOrders::Company qw(make_company make_company_member make_product);
use ModOrders::Goods;
use ModOrders::Test;

my $admin = '/api/v1/admin';
my @token = (token => operator->{token});
my $buyer = make_user();
my $lamp  = make_goods();
my %order = (dialect => 'shop', user => $buyer->{ref}, currency => 'USD', payment_method => 'cod', lines => [ { product => $lamp->{ref} } ]);

sub post
{
    my ($path, $body, @with) = @_;
    return api(POST => "$admin$path", @token, json => $body, @with);
}

sub unknown
{
    my ($reply, @fields) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @codes = map { $_->{code} } @{ $reply->{json}{errors} || [] };
    refused($reply, 422, $reply->{json}{code} // '', @fields);
    return is_deeply(\@codes, [ map { 'unknown_field' } @fields ], 'the code of each field is unknown_field') || diag($reply->as_string);
}

subtest 'orders' => sub {
    unknown(post('/orders', { %order, @$_[ 0, 1 ] }), $_->[2]) for
        [ coupon_code => 'X', 'coupon_code' ],
        [ lines => [ { product => $lamp->{ref} }, { product => $lamp->{ref}, qty => 2 } ], 'lines[1].qty' ],
        [ shipping => { cost => 5 }, 'shipping.cost' ],
        [ shipping_address => { stret => 'x' }, 'shipping_address.stret' ],
        [ billing_address => { City => 'x' }, 'billing_address.City' ];
    is(post('/orders', { %order, metadata => { any => { thing => [ 1, { goes => 2 } ] } } })->code, 201, 'metadata may have any members');
    refused(post('/orders', { %order, lines => [ { product => $lamp->{ref} }, { product => $lamp->{ref}, quantity => 0 } ] }), 422, 'invalid_field', 'lines[1].quantity');
    refused(post('/orders', { %order, lines => undef, cart => 'C99999999' }), 404, 'cart_not_found', 'cart');
};

subtest 'operations on an order' => sub {
    my $id = order_goods($buyer)->{id};
    unknown(post("/orders/$id/$_", { commment => 'x' }), 'commment') for qw(confirm pack ship deliver pay cancel refund apply invoice);
    unknown(post("/orders/$id/confirm", { collected => JSON::PP::false }), 'collected');
    unknown(post("/orders/$id/deliver", { expected_at => '2030-01-01T00:00:00Z' }), 'expected_at');
    unknown(api(POST => "$admin/orders/$id/cancel", @token, form => [ reasn => 'x' ]), 'reasn');
    unknown(api(POST => "$admin/orders/$id/refund", @token, form => [ 'amount[]' => 5 ]), 'amount[]');
    unknown(api(POST => "$admin/orders/$id/refund", @token, form => [ 'lines[0][id]' => 1 ]), 'lines[0][id]');
    unknown(post("/orders/$id/refund", { lines => [ { id => 1, quantity => 1 }, { id => 2, quantity => 1, qty => 1 } ] }), 'lines[1].qty');
    refused(post("/orders/$id/refund", { lines => [ { id => 1, quantity => 1 }, { id => 2, quantity => 0 } ] }), 422, 'invalid_fields', 'lines[1].quantity');
    unknown(post("/orders/$id/returns", { reason => 'x', lines => [ { id => 1 } ], comment => 'y' }), 'comment');
    is_deeply([ @{ api(GET => "$admin/orders/$id", @token)->{json} }{qw(state fulfilment_state)} ], [ 'open', 'pending' ], 'the order is unchanged');
    my $sent = order_goods($buyer, payment_method => 'cod');
    work($sent, $_) for qw(confirm pack ship);
    unknown(post("/orders/$sent->{id}/tracking", { status => 'in_transit', place => 'x' }), 'place');
    unknown(post("/orders/$sent->{id}/ship", { tracking => 'x', trackin_url => 'x' }), 'trackin_url');
    unknown(post("/returns/1/$_", { coment => 'x' }), 'coment') for qw(approve reject receive refund);
    unknown(post('/refunds/1/settle', { refernce => 'x' }), 'refernce');
    unknown(api(POST => "$admin/refunds/1/settle", @token, form => [ 'failed[]' => 'true' ]), 'failed[]');
};

subtest 'other bodies' => sub {
    my $shop   = make_company;
    my $seller = make_company_member($shop);
    my $item   = make_product($shop);
    my %cart   = (company => $shop->{ref}, agent => $seller->{ref}, currency => 'JPY', products => [ { number => $item->{number} } ]);
    unknown(post('/carts', { %cart, discount => 1 }), 'discount');
    unknown(post('/carts', { %cart, products => [ { number => $item->{number}, qty => 1 } ] }), 'products[0].qty');
    unknown(post('/tokens', { user => $buyer->{ref}, scopes => ['buyer'], expires => 60 }), 'expires');
    unknown(post('/balances', { user => $buyer->{ref}, amount => 1, currency => 'USD', ref => 'x', comment => 'y' }), 'ref', 'comment');
    unknown(post('/terminal-transactions', { transaction_id => unique('t'), kind => 'charge', amount => 1, currency => 'USD', order => 'x' }), 'order');
    unknown(api(PUT => "$admin/catalogue/users/" . unique('u'), @token, json => { name => 'x', logn => 'y' }), 'logn');
    unknown(api(PUT => "$admin/catalogue/products/" . unique('p'), @token, json => { name => 'x', variants => [ { ref => 'a' }, { ref => 'b', stok => 1 } ] }), 'variants[1].stok');
    refused(api(PUT => "$admin/catalogue/products/" . unique('p'), @token, json => { name => 'x', variants => [ { ref => 'a', prices => { EURO => 1 } } ] }), 422, 'currency_unknown', 'variants[0].prices.EURO');
    my ($line) = split /\n/, api(POST => "$admin/catalogue", @token, type => 'application/x-ndjson', body => qq({"kind":"users","ref":"x","name":"y","logn":"z"}\n))->content;
    is_deeply([ @{ JSON::PP::decode_json($line) }{qw(result code field)} ], [ 'refused', 'unknown_field', 'logn' ], 'a line of a bulk');
    unknown(api(GET => "$admin/$_?stauts=open&limit=1", @token), 'stauts') for qw(orders returns tokens);
    unknown(api(GET => "$admin/orders?user[]=x&limit[]=1", @token), 'user[]', 'limit[]');
};

subtest 'members of responses are accepted in requests' => sub {
    local $ModOrders::Test::undescribed = 1;
    my $ref = unique('user');
    my $put = api(PUT => "$admin/catalogue/users/$ref", @token, json => { name => 'x' })->{json};
    is(api(PUT => "$admin/catalogue/users/$ref", @token, json => { %$put, name => 'x' })->{json}{result}, 'unchanged', 'an entry of the catalogue');
    my $token = post('/tokens', { user => $buyer->{ref}, scopes => ['buyer'] })->{json};
    is(post('/tokens', { %$token, user => $buyer->{ref} , expires_at => undef })->code, 201, 'a token');
    my $posted = post('/balances', { user => $buyer->{ref}, amount => 1, currency => 'USD' })->{json};
    is(post('/balances', $posted)->code, 201, 'a ledger entry');
    my $told = post('/terminal-transactions', { transaction_id => unique('t'), kind => 'charge', amount => 1, currency => 'USD' })->{json};
    is(post('/terminal-transactions', $told)->code, 200, 'a terminal\'s transaction');
    my $paid = order_goods($buyer);
    $paid = post("/orders/$paid->{id}/pay", {})->{json};
    my @lines = grep { $_->{kind} eq 'product' } @{ $paid->{lines} };
    is(post("/orders/$paid->{id}/refund", { lines => \@lines })->code, 201, 'lines of an order');
    my $sent = order_goods($buyer, payment_method => 'cod');
    work($sent, $_) for qw(confirm pack);
    my $shipment = api(GET => "$admin/orders/$sent->{id}", @token)->{json}{shipments}[0];
    $sent = post("/orders/$sent->{id}/ship", $shipment);
    is($sent->code, 200, 'a shipment') or diag($sent->as_string);
    my $tracked = post("/orders/$sent->{json}{id}/tracking", { status => 'in_transit' })->{json};
    is(post("/orders/$tracked->{id}/tracking", $tracked->{shipments}[0]{tracking}[-1])->code, 200, 'a tracking event');
};

done;
