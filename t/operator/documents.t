# SPDX-License-Identifier: Apache-2.0
# The shape of the documents of the operator API: each refusal has the path of its field, and no value causes a 500.
use strict;
use warnings;
use Encode qw(decode encode);
use ModOrders::Company qw(make_company make_company_member make_product);
use ModOrders::Goods;
use ModOrders::Test;

my $admin = '/api/v1/admin';
my @token = (token => operator->{token});
my $buyer = make_user();
my $lamp  = make_goods();
my $shop  = make_company;
my $agent = make_company_member($shop);
my $item  = make_product($shop);

# Sends a JSON text as it is written, which Perl would encode differently.
sub sent
{
    my ($method, $path, $text) = @_;
    local $ModOrders::Test::undescribed = 1;
    return api($method => "$admin$path", @token, type => 'application/json', body => $text);
}

sub is_refused
{
    my ($method, $path, $text, $refusal) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($code, $field) = split / /, $refusal, 2;
    return refused(sent($method, $path, $text), 422, $code, $field // '') || diag($text);
}

# {"a":1,"b":2} of these pairs of names and JSON texts.
sub object
{
    my (%members) = @_;
    return '{' . join(',', map { "\"$_\":$members{$_}" } sort keys %members) . '}';
}

my $long = 'y' x 201;

subtest 'entries of the catalogue' => sub {
    for my $case (
        [ 'users', '{"name": "x", "title": 2}', 'invalid_field title' ],
        [ 'users', '{"name": "x", "title": "1"}', 'invalid_field title' ],
        [ 'users', '{"name": "x", "title": -1}', 'invalid_field title' ],
        [ 'users', '{"name": "x", "default_address": []}', 'invalid_field default_address' ],
        [ 'users', '{"name": "x", "default_address": {"street": []}}', 'invalid_field default_address.street' ],
        [ 'users', '{"name": "x", "default_address": {"street": true}}', 'invalid_field default_address.street' ],
        [ 'users', '{"name": "x", "default_address": {"street": "LONG"}}', 'invalid_field default_address.street' ],
        [ 'users', '{"name": "x", "default_address": {"street": "a\\nb"}}', 'invalid_field default_address.street' ],
        [ 'users', '{"name": "x", "default_address": {"street": 1e200}}', 'invalid_field default_address.street' ],
        [ 'users', '{"name": "x", "default_address": {"street": 1e-199}}', 'invalid_field default_address.street' ],
        [ 'users', '{"name": "x", "current_company": 5}', 'invalid_field current_company' ],
        [ 'companies', '{"prefix": "XX"}', 'required_field name' ],
        [ 'companies', '{"name": "", "prefix": "XX"}', 'invalid_field name' ],
        [ 'companies', '{"name": "LONG", "prefix": "XX"}', 'invalid_field name' ],
        [ 'companies', '{"name": "x"}', 'required_field prefix' ],
        [ 'companies', '{"name": "x", "prefix": "XX", "email": "a"}', 'invalid_field email' ],
        [ 'companies', '{"name": "x", "prefix": "XX", "tax_number": 5}', 'invalid_field tax_number' ],
        [ 'companies', '{"name": "x", "prefix": "XX", "address": "x"}', 'invalid_field address' ],
        [ 'companies', '{"name": "x", "prefix": "XX", "address": {"city": "a\\u0001"}}', 'invalid_field address.city' ],
        [ 'companies', '{"name": "x", "prefix": "XX", "images": {"px1": "https://example.com"}}', 'unknown_field images.px1' ],
        [ 'companies', '{"name": "x", "prefix": "XX", "images": {"px240": 5}}', 'invalid_field images.px240' ],
        [ 'companies', '{"name": "x", "prefix": "XX", "images": {"px240": "ftp://example.com"}}', 'invalid_field images.px240' ],
        [ 'companies', '{"name": "x", "prefix": "XX", "images": {"px240": "https://a b"}}', 'invalid_field images.px240' ],
        [ 'companies', '{"name": "x", "prefix": "XX", "images": {"px240": "https://"}}', 'invalid_field images.px240' ],
        [ 'companies', '{"name": "x", "prefix": "XX", "active": 1}', 'invalid_field active' ],
        [ 'companies', '{"name": "x", "prefix": "XX", "metadata": 1}', 'invalid_field metadata' ],
        [ 'memberships', '{"user": "carl"}', 'required_field company' ],
        [ 'memberships', '{"company": "acme"}', 'required_field user' ],
        [ 'memberships', '{"company": "acme", "user": "cora", "role": "boss"}', 'invalid_field role' ],
        [ 'products', '{}', 'required_field name' ],
        [ 'products', '{"name": "x", "returnable": "no"}', 'invalid_field returnable' ],
        [ 'products', '{"name": "x", "images": []}', 'invalid_field images' ],
        [ 'products', '{"name": "x", "variants": {}}', 'invalid_field variants' ],
        [ 'products', '{"name": "x", "variants": [5]}', 'invalid_field variants[0]' ],
        [ 'products', '{"name": "x", "variants": [{}]}', 'required_field variants[0].ref' ],
        [ 'products', '{"name": "x", "variants": [{"ref": "a", "options": ["red"]}]}', 'invalid_field variants[0].options[0]' ],
        [ 'products', '{"name": "x", "variants": [{"ref": "a", "options": [{"id": "1", "name": "a"}]}]}', 'invalid_field variants[0].options[0].id' ],
        [ 'products', '{"name": "x", "variants": [{"ref": "a", "options": [{"id": 1}]}]}', 'required_field variants[0].options[0].name' ],
        [ 'products', '{"name": "x", "variants": [{"ref": "a", "images": {"x": "y"}}]}', 'unknown_field variants[0].images.x' ],
        [ 'products', '{"name": "x", "variants": [{"ref": "a", "status": 5}]}', 'invalid_field variants[0].status' ],
        [ 'products', '{"name": "x", "variants": [{"ref": "a", "prices": []}]}', 'invalid_field variants[0].prices' ],
        [ 'products', '{"name": "x", "variants": [{"ref": "a", "prices": {"USD": null}}]}', 'required_field variants[0].prices.USD' ],
        [ 'products', '{"name": "x", "variants": [{"ref": "a", "prices": {"USD": {}}}]}', 'required_field variants[0].prices.USD.price' ],
        [ 'users', '{}', 'required_field name' ],
        [ 'users', '{"name": 5}', 'invalid_field name' ],
        [ 'users', '{"name": "x", "active": "yes"}', 'invalid_field active' ],
        [ 'users', '{"name": "x", "email": "a"}', 'invalid_field email' ],
        [ 'users', '{"name": "x", "metadata": []}', 'invalid_field metadata' ],
        [ 'plans', '{"name": "x", "currency": "USD"}', 'required_field price' ],
        [ 'plans', '{"name": "x", "price": 1, "currency": "USD", "description": "a\\rb"}', 'invalid_field description' ],
        [ 'plans', '{"name": "x", "price": 1, "currency": "USD", "status": "odd"}', 'invalid_field status' ],
        [ 'coupons', '{"percent_bp": 1, "starts_at": "yesterday"}', 'invalid_field starts_at' ],
        [ 'coupons', '{"percent_bp": 1, "starts_at": "2026-02-30T00:00:00Z"}', 'invalid_field starts_at' ],
        [ 'labels', '{"type": "order_status", "word": "Paid", "language": "en", "text": "x"}', 'invalid_field word' ],
        [ 'packages', '{"rank": 1}', 'required_field product' ],
        [ 'packages', '{"product": "off"}', 'required_field rank' ],
        [ 'packages', '{"product": "off", "rank": -1}', 'invalid_field rank' ],
        [ 'members', '{"placed_at": "soon"}', 'invalid_field placed_at' ],
        [ 'products', '{"name": "x", "variants": [{"ref": "a"}, {"ref": "b", "stok": 1}]}', 'unknown_field variants[1].stok' ],
        [ 'products', '{"name": "x", "variants": [{"ref": "a", "prices": {"USD": {"price": 1, "was": 2}}}]}', 'unknown_field variants[0].prices.USD.was' ],
        [ 'products', '{"name": "x", "variants": [{"ref": "a", "options": [{"id": 1, "name": "x", "nam": "y"}]}]}', 'unknown_field variants[0].options[0].nam' ],
        [ 'products', '{"name": "x", "variants": [{"ref": "a"}, {"ref": "b", "": "x"}]}', 'unknown_field variants[1].' ],
        [ 'products', '{"name": "x", "translations": {"ar": {"name": "x", "text": "y"}}}', 'unknown_field translations.ar.text' ],
        [ 'products', '{"name": "x", "translations": {"AR": {"name": "x"}}}', 'invalid_field translations.AR' ],
        [ 'products', '{"name": "x", "": "y."}', 'unknown_field' ],
    ) {
        my ($kind, $document, $refusal) = @$case;
        $document =~ s/LONG/$long/g;
        is_refused(PUT => "/catalogue/$kind/" . unique('x'), $document, $refusal);
    }
    is_refused(PUT => "/catalogue/$_/" . unique('x'), '{"logn":"x"}', 'unknown_field logn')
        for qw(users companies memberships products plans billing-options coupons tax-rates payment-channels labels packages members);
    is_refused(PUT => '/catalogue/products/x', '{"name":"x","variants":[{"ref":"a","options":[' . join(',', ('{"id":1,"name":"x"}') x 101) . ']}]}',
        'invalid_field variants[0].options');
    my $url = 'https://example.com/' . 'x' x 2000;
    is_refused(PUT => '/catalogue/companies/x', qq({"name":"x","prefix":"XX","images":{"px240":"$url"}}), 'invalid_field images.px240');
    is_refused(PUT => '/catalogue/payment-channels/x', $_->[0], $_->[1]) for
        [ '{"currencies":[5]}', 'invalid_field currencies[0]' ], [ '{"payable_units":{"HUF":0}}', 'invalid_field payable_units.HUF' ],
        [ '{"payable_units":{"HUF":1.5}}', 'invalid_field payable_units.HUF' ], [ '{"provider":"No Slug"}', 'invalid_field provider' ];
    is_refused(PUT => '/catalogue/users/x', '{"name":"x","login":""}', 'invalid_field login');
    is_refused(PUT => '/catalogue/labels/x', '{"type":"order_status","word":"Paid","language":"en","text":"x"}', 'invalid_field word');
};

subtest 'control characters' => sub {
    for my $case (
        [ users => '"name":"x"', qw(name login given_name family_name email phone locale) ],
        [ plans => '"name":"x","price":1,"currency":"USD"', qw(name slug currency tax_class) ],
        [ 'billing-options' => '"plan":"basic","name":"x","price":1', qw(plan name) ],
        [ coupons => '"percent_bp":1', 'code' ],
        [ 'payment-channels' => '', qw(name provider) ],
        [ 'tax-rates' => '"tax_class":"a","key":"b","rate_bp":1', qw(tax_class key) ]) {
        my ($kind, $base, @fields) = @$case;
        my %base = $base =~ /"(\w+)":("\w*"|\d+)/g;
        for my $field (@fields) {
            is_refused(PUT => "/catalogue/$kind/" . unique('x'), object(%base, $field => qq("a\\u${_}b")), "invalid_field $field")
                for qw(0001 0009 000a 000d 001f 007f 0080 0085 009f 202a 202e 2066 2069);
        }
    }
    is_refused(PUT => '/catalogue/plans/x', qq({"name":"x","price":1,"currency":"USD","description":"a${_}b"}), 'invalid_field description')
        for qw(\u0001 \b \f \u000b \u000e \u001b \u001f \u007f \u0085 \u009b \r \r\r\n);
    my $lines = 'a\r\nb\n\tc';
    my $reply = sent(PUT => '/catalogue/plans/' . unique('lines'), qq({"name":"x","price":1,"currency":"USD","description":"$lines"}));
    is($reply->code, 201, 'CR LF, LF and TAB are accepted in a text of several lines') or diag($reply->as_string);
};

subtest 'times' => sub {
    for my $time ('2026-01-01T00:00:00+16:00', '2026-01-01T00:00:00-16:00', '2026-01-01T00:00:00+23:59', '2026-01-01T00:00:00+99:99', '2026-01-01T00:00:00+05:60',
        '2026-01-01T00:00:00+5', '2026-01-01T00:00:00', '2026-01-01T00:00', '2026-01-01', '2026-01-01T24:01Z', '2026-01-01T00:60Z', '2026-01-01T00:00:61Z', '2026-01-01T00:00.5Z',
        '2026-01-01T00:00:00.Z', '2026-13-01T00:00Z', '2026-02-30T00:00:00Z', '0000-01-01T00:00Z', '0001-01-01T00:00:00+00:01', '9999-12-31T23:59:60Z', '9999-12-31T23:59:59-12:00', 'infinity', 'yesterday', '',
        '2026-01-01T00:00Z\n') {
        is_refused(PUT => '/catalogue/coupons/time', qq({"percent_bp":1,"$_":"$time"}), "invalid_field $_") for qw(starts_at ends_at);
    }
};

my %order = (dialect => '"shop"', user => qq("$buyer->{ref}"), currency => '"USD"', payment_method => '"cod"', lines => qq([{"product":"$lamp->{ref}"}]));

subtest 'orders' => sub {
    my $line = qq({"product":"$lamp->{ref}"});
    is_refused(POST => '/orders', object(%order, $_->[0] => $_->[1]), $_->[2]) for
        [ dialect => 'null', 'required_field dialect' ], [ dialect => '"nix"', 'invalid_field dialect' ],
        [ lines => '[5]', 'invalid_field lines[0]' ], [ lines => '[]', 'invalid_field lines' ], [ lines => '{}', 'invalid_field lines' ],
        [ lines => qq([{"product":"x","billing_option":5}]), 'invalid_field lines[0].billing_option' ],
        [ lines => qq([$line,{"product":"x","quantity":"2"}]), 'invalid_field lines[1].quantity' ],
        [ lines => qq([$line,{"product":"x","quantity":1.5}]), 'invalid_field lines[1].quantity' ],
        [ lines => '[' . join(',', ($line) x 501) . ']', 'invalid_field lines' ],
        [ 'lines[0]' => '1', 'unknown_field lines[0]' ],
        [ coupon_code => '"TEN"', 'unknown_field coupon_code' ], [ '' => '"x"', 'unknown_field ' ],
        [ shipping => '{"tax_class":5}', 'invalid_field shipping.tax_class' ], [ shipping => '{"price":"5"}', 'invalid_field shipping.price' ],
        [ shipping => '{"expected_at":"9999-12-31T23:59:59-14:00"}', 'invalid_field shipping.expected_at' ],
        [ shipping_address => '{"city":{"b":1}}', 'invalid_field shipping_address.city' ], [ shipping_address => '{"email":"a"}', 'invalid_field shipping_address.email' ],
        [ billing_address => '[]', 'invalid_field billing_address' ], [ tax_inclusive => '1', 'invalid_field tax_inclusive' ],
        [ voucher => '"' . 'x' x 65 . '"', 'invalid_field voucher' ], [ notes => '"a\u0007"', 'invalid_field notes' ],
        [ notes => '"a\rb"', 'invalid_field notes' ], [ notes => '"a\r"', 'invalid_field notes' ], [ metadata => '[]', 'invalid_field metadata' ];
    my $placed = sent(POST => '/orders', object(%order, shipping_address => '{"postal_code":12345,"email":"","house":1.50,"city":null}', lines => '[{"product":"' . $lamp->{ref} . '","quantity":2.0,"discount":null}]'));
    is($placed->code, 201, 'numbers and empty texts in an address and a quantity of 2.0 are accepted') or diag($placed->as_string);
};

subtest 'carts' => sub {
    my %cart = (company => qq("$shop->{ref}"), agent => qq("$agent->{ref}"), currency => '"JPY"');
    is_refused(POST => '/carts', object(%cart, $_->[0] => $_->[1]), $_->[2]) for
        [ company => 'null', 'required_field company' ], [ company => '5', 'invalid_field company' ], [ agent => 'null', 'required_field agent' ],
        [ currency => 'null', 'required_field currency' ], [ products => '{}', 'invalid_field products' ], [ products => '["L-RED"]', 'invalid_field products[0]' ],
        [ products => '[{}]', 'required_field products[0].number' ], [ products => qq([{"number":"$item->{number}","quantity":"2"}]), 'invalid_field products[0].quantity' ];
};

subtest 'shipments, tracking events and addresses' => sub {
    my $id = order_goods($buyer)->{id};
    is_refused(POST => "/orders/$id/ship", $_->[0], $_->[1]) for
        [ '{"tracking_url":"ftp://track.example/x"}', 'invalid_field tracking_url' ], [ '{"tracking_url":"https://"}', 'invalid_field tracking_url' ],
        [ '{"tracking_url":"https://a b"}', 'invalid_field tracking_url' ], [ '{"tracking_url":"javascript:x//https://a"}', 'invalid_field tracking_url' ],
        [ '{"tracking_url":"https://' . 'a' x 1993 . '"}', 'invalid_field tracking_url' ], [ '{"courier":5}', 'invalid_field courier' ],
        [ '{"expected_at":"soon"}', 'invalid_field expected_at' ], [ '{"expected_at":""}', 'invalid_field expected_at' ], [ '{"comment":"a\u0007"}', 'invalid_field comment' ];
    is_refused(POST => "/orders/$id/tracking", $_->[0], $_->[1]) for
        [ '{"withdraws":"x"}', 'invalid_field withdraws' ], [ '{"withdraws":0}', 'invalid_field withdraws' ], [ '{"withdraws":1.5}', 'invalid_field withdraws' ],
        [ '{"status":"x","description":5}', 'invalid_field description' ], [ '{"status":5}', 'invalid_field status' ];
    is_refused(POST => "/orders/$id/address", $_->[0], $_->[1]) for
        [ '{}', 'required_field shipping_address' ], [ '{"shipping_address":{"stret":"x"}}', 'unknown_field shipping_address.stret' ];
};

# null removes the package of a member, an absent member keeps it: the documents differ.
subtest 'null is not absent in a document' => sub {
    my ($path, $key) = ("$admin/catalogue/members/" . make_user()->{ref}, unique('key'));
    local $ModOrders::Test::undescribed = 1;
    is(api(PUT => $path, @token, headers => { 'Idempotency-Key' => $key }, json => { package => undef })->code, 201, 'the first document is accepted');
    refused(api(PUT => $path, @token, headers => { 'Idempotency-Key' => $key }, json => {}), 422, 'idempotency_key_reused');
};

# Unexpected values in every member of every document.
no warnings 'qw';
my @odd = (qw(null "" "x" "USD" 0 -1 1 1.5 1e15 1000000000000001 2147483648 999999999999999999 1e30 -1e400 true false [] [1] ["USD"] [null] [[]] [{}] {} {"a":1} {"a":{"b":[null]}}
    {"USD":1} {"USD":{}} {"USD":1e30} {"px240":1} {"en":{}} [{"id":1e30,"name":"x"}] [{"ref":"x"}] [{"ref":""}] [{"ref":"x","stock":1e15}]
    [{"ref":"x","prices":{"USD":{"price":1,"list_price":1e30}}}] [{"ref":"x","options":[1]}] [{"product":null,"plan":null}] [{"product":{}}] {"price":1e15} {"price":1e30}
    {"expected_at":"infinity"} "2026-02-30T00:00:00Z" "9999-12-31T23:59:59-12:00" "2026-11-29T00:00:00Z" "day" "month" "\u202e" "\ud83d\ude00"),
    '" "', '"' . 'y' x 20000 . '"', '"' . encode('UTF-8', "\x{e9}" x 320) . '"');

subtest 'unexpected values in an order' => sub {
    my @wrong;
    for my $member (qw(dialect user company agent currency tax_inclusive voucher notes metadata payment_method payment_channel payment_return_url cart lines shipping
        billing_address shipping_address)) {
        for my $odd (@odd) {
            my $reply = sent(POST => '/orders', object(%order, $member => $odd));
            push @wrong, "$member " . substr($odd, 0, 60) . ' ' . $reply->code if $reply->code != 201 && $reply->code !~ /^4/;
        }
    }
    is_deeply(\@wrong, [], 'every order is placed or refused');
};

subtest 'unexpected values in the catalogue' => sub {
    my ($user, $plan, $ref) = ($buyer->{ref}, unique('plan'), unique('odd'));
    sent(PUT => "/catalogue/plans/$plan", '{"name":"P","price":1,"currency":"USD"}');
    my @lines;
    for my $entry (
        [ users => {}, qw(name login given_name family_name email phone locale title default_address current_company active metadata) ],
        [ companies => { prefix => '"QX"' }, qw(name prefix email tax_number address images active metadata) ],
        [ memberships => { company => qq("$shop->{ref}"), user => qq("$user") }, qw(company user role active) ],
        [ products => {}, qw(company number slug name description images tax_class returnable translations active metadata variants) ],
        [ plans => { price => 1, currency => '"USD"' }, qw(name slug description price currency duration_unit duration_value features status max_quantity tax_class metadata) ],
        [ plans => { price => 1, currency => '"USD"', duration_unit => '"day"', duration_value => 1 }, qw(duration_unit duration_value) ],
        [ 'billing-options' => { plan => qq("$plan"), price => 1 }, qw(plan name price duration_unit duration_value active) ],
        [ coupons => { percent_bp => 100 }, qw(code percent_bp amount currency minimum max_discount starts_at ends_at max_uses max_uses_per_user active metadata) ],
        [ coupons => { amount => 200, currency => '"USD"' }, qw(code percent_bp amount currency minimum max_discount max_uses) ],
        [ 'tax-rates' => { tax_class => qq("$ref"), key => '"K"', rate_bp => 1 }, qw(tax_class key rate_bp active) ],
        [ 'payment-channels' => {}, qw(name provider enabled currencies payable_units metadata) ],
        [ labels => { type => '"order_status"', word => qq("$ref"), language => '"en"', text => '"t"' }, qw(type word language text) ],
        [ packages => { product => qq("$item->{ref}"), rank => 1 }, qw(product variant rank duration_unit duration_value active) ],
        [ members => {}, qw(placed_at auto_upgrade_at package starts_at ends_at) ]) {
        my ($kind, $base, @members) = @$entry;
        my %base = (kind => qq("$kind"), ref => $kind eq 'members' ? qq("$user") : qq("$ref"), %$base);
        $base{name} = '"N"' if $kind !~ /^(?:memberships|coupons|tax-rates|payment-channels|labels|packages|members)$/;
        for my $member (@members) {
            push @lines, map { object(%base, $member => $_) } @odd;
        }
    }
    my $reply = api(POST => "$admin/catalogue", @token, type => 'application/x-ndjson', body => join("\n", @lines));
    is($reply->code, 200, scalar(@lines) . ' lines') or diag(substr($reply->as_string, 0, 2000));
    my %results;
    $results{ JSON::PP::decode_json($_)->{result} }++ for split /\n/, $reply->content;
    my $all = 0;
    $all += $_ for values %results;
    is($all, scalar(@lines), 'every line has a result');
    is_deeply([ sort keys %results ], [qw(created refused unchanged updated)], 'the results are the documented ones');
};

done;
