# SPDX-License-Identifier: Apache-2.0
# The operator API for companies: their catalogue, carts, terminal transactions and invoices.
use strict;
use warnings;
use utf8;
use ModOrders::Company;
use ModOrders::Test;

my $admin = '/api/v1/admin';
my @token = (token => operator->{token});

sub put
{
    my ($kind, $ref, %document) = @_;
    return ask(PUT => "$admin/catalogue/$kind/$ref", @token, json => \%document);
}

sub post
{
    my ($path, $document, %headers) = @_;
    return ask(POST => "$admin$path", @token, json => $document, headers => \%headers);
}

my $shop   = make_company;
my $seller = make_company_member($shop);

subtest 'companies' => sub {
    my $ref = unique('company');
    my $prefix = join '', map { chr 65 + int rand 26 } 1 .. 8;
    my %company = (name => 'Company A', prefix => $prefix, email => 'a@example.test', tax_number => '1', address => { street => '1 st.', city => 'Zürich' }, images => { px240 => 'https://a.example/1.png' });
    my $made = put('companies', $ref, %company);
    is($made->code, 201, 'a company is created');
    is_deeply([ @{ $made->{json} }{qw(kind ref result)} ], [ 'companies', $ref, 'created' ], 'the response has kind, reference and result');
    is(put('companies', $ref, %company)->{json}{result}, 'unchanged', 'the same document changes nothing');
    is(put('companies', $ref, %company, name => 'Company B')->{json}{result}, 'updated', 'another name updates the company');
    my $same = put('companies', unique('company'), %company);
    is($same->code, 422, 'the prefix of another company is refused') or diag($same->as_string);
    for my $bad ([ prefix => undef ], [ prefix => 'A' ], [ prefix => 'ABCDEFGHI' ], [ prefix => 'ab' ], [ prefix => 'A1' ], [ prefix => 'INV' ], [ name => '' ], [ name => 7 ], [ address => [] ],
        [ address => { street => "a\nb" } ], [ address => { street => { a => 1 } } ], [ images => { px1 => 'https://a.example/' } ], [ images => { px240 => 'javascript:alert(1)' } ], [ images => { px240 => 5 } ]) {
        my $reply = put('companies', unique('company'), %company, prefix => join('', map { chr 65 + int rand 26 } 1 .. 8), @$bad);
        is($reply->code, 422, "$bad->[0]: " . JSON::PP->new->allow_nonref->encode($bad->[1]) . ' is refused') or diag($reply->as_string);
    }
};

subtest 'memberships and users' => sub {
    my $user = unique('user');
    put('users', $user, name => 'QQ Wang', given_name => 'QQ', family_name => 'Wang', title => 0, current_company => $shop->{ref}, default_address => { city => 'Taichung' });
    my $ref = unique('membership');
    is(put('memberships', $ref, company => $shop->{ref}, user => $user, role => 'salesperson')->code, 201, 'a membership is created');
    is(put('memberships', $ref, company => $shop->{ref}, user => $user, role => 'manager')->{json}{result}, 'updated', 'another role updates the membership');
    refused(put('memberships', unique('membership'), company => 'nowhere', user => $user), 422, 'company_not_found', 'company');
    refused(put('memberships', unique('membership'), company => $shop->{ref}, user => $_), 422, 'user_not_found', 'user') for 'nobody', "$seller->{id}";
    is(put('memberships', unique('membership'), company => $shop->{ref}, user => $seller->{ref}, role => 'king')->code, 422, 'an unknown role is refused');
    refused(put('users', unique('user'), name => 'x', current_company => 'nowhere'), 422, 'company_not_found', 'current_company');
    is(put('users', unique('user'), name => 'x', title => 2)->code, 422, 'an unknown title is refused');
};

subtest 'products' => sub {
    my $ref = unique('product');
    my $number = uc unique('PD');
    my %product = (company => $shop->{ref}, number => 'Test-Item-1', name => 'Test Item 1', variants => [ { ref => 'v1', number => $number, name => 'one', prices => { JPY => 100, CHF => { price => 5, list_price => 6 } } } ]);
    is(put('products', $ref, %product)->code, 201, 'a product is created');
    is(put('products', $ref, %product)->{json}{result}, 'unchanged', 'the same document changes nothing');
    my @variants = @{ $product{variants} };
    is(put('products', $ref, %product, variants => [ { %{ $variants[0] }, prices => { JPY => 101 } } ])->{json}{result}, 'updated', 'another price updates the product');
    is(put('products', $ref, %product, variants => [])->{json}{result}, 'updated', 'a variant is omitted');
    my ($row) = rows('SELECT active FROM orders.variant WHERE tenant_id = 1 AND number = ?', $number);
    ok(!$row->{active}, 'the omitted variant is inactive');
    for my $bad ([ 7 ], [ { ref => 'v', prices => { XXX => 1 } } ], [ { ref => 'v', prices => { JPY => -1 } } ], [ { ref => 'v', prices => { JPY => 'x' } } ], [ { ref => 'v', prices => { JPY => { price => 5, list_price => 4 } } } ],
        [ { ref => 'v', options => [ { id => 'x', name => 'y' } ] } ], [ { ref => 'v', options => [ 1 ] } ], [ {} ]) {
        my $reply = put('products', unique('product'), %product, variants => $bad);
        is($reply->code, 422, JSON::PP->new->canonical->encode($bad) . ' is refused') or diag($reply->as_string);
    }
};

subtest 'carts' => sub {
    my $product = make_product($shop);
    my %cart = (company => $shop->{ref}, agent => $seller->{ref}, currency => 'JPY', products => [ { number => $product->{number}, discount => 15, quantity => 2 } ]);
    my $made = post('/carts', \%cart);
    is($made->code, 201, 'a cart is created');
    is(member_names($made->{json}), 'code id', 'the body has id and code');
    is($made->{json}{code}, sprintf('C%05d', $made->{json}{id}), 'the code is C and the id');
    is(company('create', $seller, cart_id => $made->{json}{code}, type => 'cash')->code, 200, 'the cart can be ordered by its code');
    is(post('/carts', { %cart, products => [ { number => lc $product->{number} } ] })->code, 201, 'the product number is case-insensitive');
    is(post('/carts', { %cart, products => undef })->code, 201, 'a cart may be empty');
    my @key = ('Idempotency-Key' => unique('key'));
    my $first = post('/carts', \%cart, @key);
    my $again = post('/carts', \%cart, @key);
    is($again->header('Idempotency-Replayed'), 'true', 'a repetition is marked as replayed');
    is($again->content, $first->content, 'a repetition returns the same cart');
    refused(post('/carts', { %cart, company => 'nowhere' }), 422, 'company_not_found', 'company');
    refused(post('/carts', { %cart, agent => $_ }), 422, 'user_not_found', 'agent') for 'nobody', "$seller->{id}";
    refused(post('/carts', { %cart, agent => make_company_member(make_company)->{ref} }), 422, 'user_not_found', 'agent');
    refused(post('/carts', { %cart, agent => undef }), 422, 'required_field', 'agent');
    refused(post('/carts', { %cart, currency => 'XXX' }), 422, 'currency_unknown', 'currency');
    refused(post('/carts', { %cart, products => [ { number => 'none' } ] }), 422, 'product_not_found', 'products[0].number');
    for my $bad ([ 7 ], [ {} ], [ { number => $product->{number}, quantity => 0 } ], [ { number => $product->{number}, quantity => 1.5 } ], [ { number => $product->{number}, discount => -1 } ],
        [ { number => $product->{number} }, { number => $product->{number} } ], { number => $product->{number} }, 'x') {
        my $reply = post('/carts', { %cart, products => $bad });
        is($reply->code, 422, JSON::PP->new->canonical->allow_nonref->encode($bad) . ' is refused') or diag($reply->as_string);
    }
    refused(ask(POST => "$admin/carts", @token, body => $_), 400, 'malformed_json') for '', '[]', '{"a":1,"a":2}', '{"currency":"\u0000"}';
    refused(ask(POST => "$admin/carts", @token, form => [ company => $shop->{ref} ]), 415, 'unsupported_media_type');
    refused(ask(POST => "$admin/carts", token => $seller->{token}, json => \%cart), 403, 'forbidden');
};

subtest 'terminal transactions' => sub {
    my %told = (transaction_id => unique('tx'), kind => 'refund', amount => 100, currency => 'JPY', order_number => 'aaaa1');
    my $made = post('/terminal-transactions', \%told);
    is($made->code, 201, 'a terminal transaction is recorded');
    is_deeply([ @{ $made->{json} }{qw(transaction_id kind amount currency order_number)} ], [ $told{transaction_id}, 'refund', 100, 'JPY', 'AAAA1' ], 'the response has the transaction, with the order number in upper case');
    like($made->{json}{created_at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'the response has the time');
    is(post('/terminal-transactions', \%told)->code, 200, 'the same transaction again is accepted');
    refused(post('/terminal-transactions', { %told, amount => 101 }), 409, 'transaction_id_taken');
    refused(post('/terminal-transactions', { %told, transaction_id => unique('tx'), currency => 'XXX' }), 422, 'currency_unknown', 'currency');
    refused(post('/terminal-transactions', { %told, @$_ }), 422, 'invalid_fields', $_->[0])
        for [ kind => 'void' ], [ kind => undef ], [ amount => 0 ], [ amount => '5' ], [ amount => 1.5 ], [ amount => 1e16 ], [ currency => 'JP' ], [ transaction_id => '' ], [ transaction_id => 'x' x 256 ], [ order_number => 'x' x 65 ],
        [ order_number => 5 ];
    refused(ask(POST => "$admin/terminal-transactions", token => $seller->{token}, json => \%told), 403, 'forbidden');
};

subtest 'an order of a company' => sub {
    my $sale  = paid_sale($seller, type => 'credit_card');
    my $order = ask(GET => "$admin/orders/$sale->{number}", @token)->{json};
    is_deeply([ @$order{qw(dialect state payment_state)} ], [ 'company', 'completed', 'paid' ], 'the order has its states');
    is_deeply([ $order->{retailer}{id}, $order->{agent}{id} ], [ $shop->{id}, $seller->{id} ], 'the order has retailer and agent') or diag(explain([ @$order{qw(retailer agent)} ]));
    my $found = ask(GET => "$admin/orders?dialect=company&number=$sale->{number}", @token)->{json}{orders};
    is_deeply([ map { $_->{number} } @$found ], [ $sale->{number} ], 'the order is found');
    my $invoice = ask(POST => "$admin/orders/$order->{id}/invoice", @token, json => {});
    is($invoice->code, 201, 'the invoice of the order is issued');
    my $pdf = ask(GET => "$admin/invoices/" . lc $invoice->{json}{number}, @token);
    is($pdf->content_type, 'application/pdf', 'the PDF is returned');
    my $known = ask(GET => "$admin/invoices/$invoice->{json}{number}", @token, headers => { 'If-None-Match' => $pdf->header('ETag') });
    is_deeply([ $known->code, $known->content ], [ 304, '' ], 'If-None-Match with the tag: 304');
    refused(ask(GET => "$admin/invoices/AAAA170329000006IN", @token), 404, 'not_found');
    refused(ask(GET => "$admin/invoices/$invoice->{json}{number}", token => $seller->{token}), 403, 'forbidden');
    refused(ask(GET => "$admin/invoices/$invoice->{json}{number}"), 401, 'unauthenticated');
    my $again = ask(GET => "$admin/orders/$order->{id}", @token)->{json};
    is_deeply([ map { $_->{number} } @{ $again->{invoices} } ], [ $invoice->{json}{number} ], 'the order has the invoice');
    my $paid = sell($seller);
    is(ask(POST => "$admin/orders/" . order_of($paid)->{id} . '/pay', @token, json => { reference => unique('slip'), method => 'cash' })->code, 200, 'the operator can record the payment');
    is(company('detail', $seller, order_number => $paid)->{json}{order_status}, 'Paid', 'the company sees the payment');
};

invariants_hold();
done;
