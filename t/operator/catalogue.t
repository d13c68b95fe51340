# SPDX-License-Identifier: Apache-2.0
# PUT /api/v1/admin/catalogue/:kind/:ref and POST /api/v1/admin/catalogue (NDJSON).
use strict;
use warnings;
use utf8;
use JSON::PP ();
use ModOrders::Test;

my $path  = '/api/v1/admin/catalogue';
my @token = (token => operator->{token});
my $JSON  = JSON::PP->new->utf8->canonical;

sub put
{
    my ($kind, $ref, @with) = @_;
    return api(PUT => "$path/$kind/$ref", @token, @with);
}

sub bulk
{
    my (@lines) = @_;
    my $reply = api(POST => $path, @token, type => 'application/x-ndjson',
        body => join('', map { (ref $_ ? $JSON->encode($_) : $_) . "\n" } @lines));
    return ($reply, map { $JSON->decode($_) } grep { length } split /\n/, $reply->content);
}

subtest 'one entry of each kind' => sub {
    my $plan = unique('plan');
    for my $entry (
        [ users => unique('user'), { name => 'Alice', email => 'alice@example.test', login => unique('login') }, { name => 'Alicia' } ],
        [ plans => $plan, { name => 'Gold', price => 10_00, currency => 'USD' }, { name => 'Gold', price => 11_00, currency => 'USD' } ],
        [ 'billing-options' => unique('option'), { plan => $plan, name => 'Yearly', price => 99_00 }, { plan => $plan, name => 'Yearly', price => 90_00 } ],
        [ coupons => unique('coupon'), { code => uc unique('C'), percent_bp => 500 }, { max_uses => 5 } ],
        [ 'payment-channels' => lc unique('channel'), { provider => 'http', name => 'Card' }, { provider => 'http', name => 'Cards' } ],
        [ 'tax-rates' => unique('tax'), { tax_class => unique('class'), key => 'vat', rate_bp => 2000 }, { rate_bp => 1900 } ],
    ) {
        my ($kind, $ref, $document, $change) = @$entry;
        my $created = put($kind, $ref, json => $document);
        is($created->code, 201, "$kind: created");
        is_deeply([ @{ $created->{json} }{qw(kind ref result)} ], [ $kind, $ref, 'created' ], 'the response has kind, reference and result');
        like($created->{json}{id}, qr/^\d+$/, 'the response has the id');
        my $same = put($kind, $ref, json => $document);
        is_deeply([ $same->code, @{ $same->{json} }{qw(id result)} ], [ 200, $created->{json}{id}, 'unchanged' ], "$kind: the same again");
        my $other = put($kind, $ref, json => { %$document, %$change });
        is_deeply([ $other->code, @{ $other->{json} }{qw(id result)} ], [ 200, $created->{json}{id}, 'updated' ], "$kind: changed");
    }
};

subtest 'refusals' => sub {
    refused(put('nonsense', 'x', json => {}), 422, 'unknown_kind');
    refused(put('plans', unique('plan'), json => { name => 'x', currency => 'USD' }), 422, 'required_field', 'price');
    refused(put('plans', unique('plan'), json => { name => 'x', price => 'a', currency => 'USD' }), 422, 'invalid_field', 'price');
    refused(put('plans', unique('plan'), json => { name => 'x', price => 1, currency => 'XXX' }), 422, 'currency_unknown', 'currency');
    refused(put('plans', 'x', body => $_), 400, 'malformed_json') for '', '{', '[]', '{"a":1,"a":2}';
    refused(put('plans', 'x', form => [ name => 'x' ]), 415, 'unsupported_media_type');
};

subtest 'a bulk' => sub {
    my ($user, $plan) = (unique('user'), unique('plan'));
    my ($reply, @lines) = bulk(
        { kind => 'users', ref => $user, name => 'Bulk "quoted" \\ übel', email => "$user\@example.test" },
        { kind => 'plans', ref => $plan, name => 'Bulk', price => 1, currency => 'USD' },
        '{"kind":"plans",',
        { kind => 'plans', ref => unique('plan'), name => 'No price', currency => 'USD' },
        '',
        { kind => 'nonsense', ref => 'x' },
        { ref => 'x' },
        { kind => 'plans', ref => $plan, name => 'Bulk', price => 2, currency => 'USD' },
    );
    is($reply->code, 200, 'the response is 200');
    is($reply->header('Content-Type'), 'application/x-ndjson', 'the response is NDJSON');
    is_deeply([ map { [ @$_{qw(line result)} ] } @lines ],
        [ [ 1, 'created' ], [ 2, 'created' ], [ 3, 'refused' ], [ 4, 'refused' ], [ 6, 'refused' ], [ 7, 'refused' ], [ 8, 'updated' ] ],
        'each line has its own result');
    is_deeply([ map { $_->{code} } grep { $_->{result} eq 'refused' } @lines ],
        [qw(malformed_json required_field unknown_kind required_field)], 'each refused line has its code');
    like($lines[2]{detail}, qr/^Column \d+: /, 'a refused line is named by its number');
    is($lines[3]{field}, 'price', 'a refused line has the field');
    is($lines[1]{id}, $lines[6]{id}, 'lines see the lines before them');
    my ($row) = rows('SELECT name FROM orders.users WHERE tenant_id = 1 AND external_ref = ?', $user);
    is($row->{name}, 'Bulk "quoted" \\ übel', 'texts are stored unchanged');
    my (undef, @many) = bulk(map { { kind => 'users', ref => "$user-$_", name => "User $_" } } 1 .. 300);
    is(scalar grep({ $_->{result} eq 'created' } @many), 300, 'hundreds of lines');
    refused((bulk())[0], 400, 'malformed_json');
};

subtest 'idempotency keys' => sub {
    my $ref  = unique('plan');
    my @with = (type => 'application/x-ndjson', headers => { 'Idempotency-Key' => unique('key') },
        body => $JSON->encode({ kind => 'plans', ref => $ref, name => 'Key', price => 1, currency => 'USD' }) . "\n");
    my $first  = api(POST => $path, @token, @with);
    my $second = api(POST => $path, @token, @with);
    is($second->content, $first->content, 'a repetition returns the first response');
    is($second->header('Idempotency-Replayed'), 'true', 'a repetition is marked as replayed');
};

subtest 'the variants in the response' => sub {
    my $ref     = unique('lamp');
    my %product = (name => 'Lamp', variants => [ map { { ref => $_, name => $_, prices => { USD => 500 } } } qw(red blue) ]);
    my $path    = "/api/v1/admin/catalogue/products/$ref";
    my $made    = api(PUT => $path, token => operator()->{token}, json => \%product);
    is($made->code, 201, 'a product is created');
    my %id = map { $_->{external_ref} => $_->{id} } rows(
        'SELECT v.external_ref, v.id FROM orders.variant v JOIN orders.product p ON p.tenant_id = v.tenant_id AND p.id = v.product_id WHERE p.external_ref = ?', $ref);
    is_deeply($made->{json}{variants}, [ { ref => 'red', id => $id{red} }, { ref => 'blue', id => $id{blue} } ], 'the response has the id of each variant');
    my $again = api(PUT => $path, token => operator()->{token}, json => \%product);
    is_deeply([ @{ $again->{json} }{qw(result variants)} ], [ 'unchanged', $made->{json}{variants} ], 'the response of an unchanged entry has the ids');
    my $lines = api(POST => '/api/v1/admin/catalogue', token => operator()->{token}, type => 'application/x-ndjson',
        body => JSON::PP->new->canonical->encode({ kind => 'products', ref => $ref, %product }) . "\n");
    is_deeply(JSON::PP->new->decode($lines->content)->{variants}, $made->{json}{variants}, 'a line of a bulk response has the ids');
    my $user = api(PUT => '/api/v1/admin/catalogue/users/' . unique('user'), token => operator()->{token}, json => { name => 'A' });
    ok(!exists $user->{json}{variants}, 'other kinds have no variants');
};

subtest 'a duplicate variant' => sub {
    my $ref     = unique('product');
    my %product = (name => 'Lamp', variants => [ { ref => 'a', stock => 5 }, { ref => 'b' }, { ref => 'a', stock => 3 } ]);
    refused(put(products => $ref, json => \%product), 422, 'invalid_field', 'variants[2].ref');
    is_deeply([ rows('SELECT 1 FROM orders.product WHERE tenant_id = 1 AND external_ref = ?', $ref) ], [], 'nothing is stored');
    my ($reply, @lines) = bulk({ kind => 'products', ref => $ref, %product });
    is_deeply([ @{ $lines[0] }{qw(result code field)} ], [ 'refused', 'invalid_field', 'variants[2].ref' ], 'a bulk request refuses a duplicate variant');
    refused(put(products => $ref, json => { name => 'Lamp', variants => [ {}, {} ] }), 422, 'required_field', 'variants[0].ref');
};

done;
