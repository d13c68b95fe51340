# SPDX-License-Identifier: Apache-2.0
# Stock in the operator API: read, list, count, adjust, movements, and restocked returns.
use strict;
use warnings;
use ModOrders::Goods qw(make_goods order_goods work);
use ModOrders::Test;

my $admin = '/api/v1/admin';
my @token = (token => operator->{token});
my $buyer = make_user(balance => 100_000_00);

sub get { return api(GET => "$admin$_[0]", @token) }
sub count { my ($variant, $document, %headers) = @_; return api(PUT => "$admin/stock/$variant", @token, json => $document, headers => \%headers) }
sub adjust { my ($variant, $document, %headers) = @_; return api(POST => "$admin/stock/$variant/adjust", @token, json => $document, headers => \%headers) }
sub stock_of { my ($goods) = @_; return get("/stock?product=$goods->{ref}")->{json}{stock}[0] }
sub numbers { my ($stock) = @_; return join ' ', map { $_ // 'null' } @$stock{qw(on_hand reserved available)} }
sub movements { my ($variant) = @_; return join ' ', map { "$_->{kind}$_->{change}" } @{ get("/stock/$variant/movements")->{json}{movements} } }

sub sold
{
    my ($goods, $quantity, @steps) = @_;
    my $order = order_goods($buyer, payment_method => 'cod', lines => [ [ $goods, $quantity ] ]);
    work($order, $_) for @steps;
    return $order;
}

subtest 'reading' => sub {
    my $ref   = unique('tea');
    my $number = uc unique('tea-');
    upsert('products', $ref, name => 'Green tea', variants => [ { ref => '100g', name => '100 g', number => $number, prices => { USD => 9_50 }, stock => 40 }, { ref => 'loose', name => 'Loose', prices => { USD => 1 } } ]);
    my $reply = get("/stock/$number");
    is($reply->code, 200, 'the stock is found by the number');
    my %stock = %{ $reply->{json} };
    like($stock{updated_at}, qr/^\d{4}-\d\d-\d\dT[\d:]{8}Z$/, 'the time of the last change');
    is_deeply({ %stock, updated_at => undef }, { id => $stock{id}, product => $ref, product_name => 'Green tea', variant => '100g', number => $number, name => '100 g',
        active => JSON::PP::true, counted => JSON::PP::true, on_hand => 40, reserved => 0, available => 40, stock => 40, updated_at => undef }, 'the stock of a variant');
    is_deeply(get("/stock/$stock{id}")->{json}, \%stock, 'it is found by the id');
    is_deeply(get('/stock/' . lc $number)->{json}, \%stock, 'the case of the number does not matter');
    my ($loose) = grep { $_->{variant} eq 'loose' } @{ get("/stock?product=$ref")->{json}{stock} };
    is_deeply([ @$loose{qw(counted on_hand reserved available stock number)} ], [ JSON::PP::false, undef, undef, undef, undef, undef ], 'stock that is not counted');
    refused(get("/stock/$_"), 404, 'not_found') for '999999999', 'nothing', '0', '9' x 30, '%F0%9F%8D%B5';
    refused(api(GET => "$admin/stock/$number", token => make_user()->{token}), 403, 'forbidden');
    my $tag = $reply->header('ETag');
    is(api(GET => "$admin/stock/$number", @token, headers => { 'If-None-Match' => $tag })->code, 304, 'the ETag identifies the response');
    is(count($number, { on_hand => 39 })->code, 200, 'a count');
    is(api(GET => "$admin/stock/$number", @token, headers => { 'If-None-Match' => $tag })->code, 200, 'changes the ETag');
};

subtest 'lists' => sub {
    my ($one, $two) = map { unique($_) } 'list-a', 'list-b';
    upsert('products', $one, name => 'A', variants => [ map { { ref => "v$_", prices => { USD => 1 }, stock => $_ } } 1 .. 5 ]);
    upsert('products', $two, name => 'B', variants => [ { ref => 'x', number => uc $two, prices => { USD => 1 } } ]);
    my $refs = sub { my ($query) = @_; return join ' ', map { $_->{variant} } @{ get("/stock?$query")->{json}{stock} } };
    is($refs->("product=$one"), 'v5 v4 v3 v2 v1', 'the variants of a product, newest first');
    is($refs->("product=$one&low=3"), 'v3 v2 v1', 'those with few available items');
    is($refs->("product=$one&low=0"), '', 'or with none');
    is($refs->("product=$one&variant=v2"), 'v2', 'one of them');
    is($refs->("number=$two"), 'x', 'the variant with a number');
    is($refs->("number=$two&counted=true"), '', 'filters are combined');
    is($refs->("product=$two&counted=false"), 'x', 'variants that are not counted');
    is($refs->('product=nowhere'), '', 'an unknown reference matches nothing');
    my $page = get("/stock?product=$one&limit=2");
    is_deeply([ map { $_->{variant} } @{ $page->{json}{stock} } ], [ 'v5', 'v4' ], 'the first page');
    like($page->header('Link'), qr/rel="next"/, 'the next page is linked');
    $page = get("/stock?product=$one&limit=2&cursor=$page->{json}{next_cursor}");
    $page = get("/stock?product=$one&limit=2&cursor=$page->{json}{next_cursor}");
    is_deeply([ [ map { $_->{variant} } @{ $page->{json}{stock} } ], $page->{json}{next_cursor} ], [ ['v1'], undef ], 'the last page');
    refused(get("/stock?$_->[0]"), 422, 'invalid_fields', $_->[1]) for [ 'low=-1' => 'low' ], [ 'low=x' => 'low' ], [ 'low=1000000001' => 'low' ], [ 'counted=maybe' => 'counted' ], [ 'counter=true' => 'counter' ], [ 'product=' . 'x' x 201 => 'product' ];
    my $goods = make_goods(stock => 3);
    my $stock = stock_of($goods);
    sold($goods, 2);
    is(join(' ', map { numbers($_) } grep { $_->{id} == $stock->{id} } @{ get('/stock?low=1')->{json}{stock} }), '3 2 1', 'reserved items are not available');
};

subtest 'a search that ends before its page is full' => sub {
    my $ref = unique('many');
    upsert('products', $ref, name => 'Many', variants => [ { ref => 'first', stock => 1, prices => { USD => 1 } } ]);
    db()->do(q(INSERT INTO orders.variant (tenant_id, product_id, external_ref, name) SELECT 1, id, 'v' || n, 'V' FROM orders.product, generate_series(1, 10000) AS n WHERE tenant_id = 1 AND external_ref = ?), undef, $ref);
    my $page = get("/stock?product=$ref&counted=true");
    is_deeply($page->{json}{stock}, [], '10,000 variants are searched');
    like($page->header('Link'), qr/rel="next"/, 'and more are left');
    $page = get("/stock?product=$ref&counted=true&cursor=$page->{json}{next_cursor}");
    is_deeply([ map({ $_->{variant} } @{ $page->{json}{stock} }), $page->{json}{next_cursor} ], [ 'first', undef ], 'the next page has the rest');
    db()->do(q(DELETE FROM orders.variant WHERE tenant_id = 1 AND name = 'V' AND external_ref ~ '^v' AND product_id = (SELECT id FROM orders.product WHERE tenant_id = 1 AND external_ref = ?)), undef, $ref);
};

subtest 'counts' => sub {
    my $goods = make_goods(stock => 10);
    my $stock = stock_of($goods);
    sold($goods, 4);
    my $reply = count($stock->{id}, { on_hand => 9, comment => 'Annual stock-taking' });
    is($reply->code, 200, 'a count');
    is(numbers($reply->{json}), '9 4 5', 'includes reserved items');
    my %movement = %{ $reply->{json}{movement} };
    is_deeply({ %movement, created_at => undef }, { id => $movement{id}, kind => 'count', change => -1, on_hand => 9, reason => undef, comment => 'Annual stock-taking',
        actor => { kind => 'operator', id => operator->{id} }, order => undef, return => undef, created_at => undef }, 'the response has the movement');
    is(numbers(count($stock->{id}, { on_hand => 1 })->{json}), '1 4 0', 'fewer items than are reserved');
    refused(api(POST => "$admin/orders", @token, json => { dialect => 'shop', user => $buyer->{ref}, payment_method => 'cod', lines => [ { product => $goods->{ref} } ] }), 409, 'insufficient_stock');
    my %sent_back = %{ get("/stock/$stock->{id}")->{json} };
    is(numbers(api(PUT => "$admin/stock/$stock->{id}", @token, json => { %sent_back, on_hand => 12 }, unchecked => 1)->{json}), '12 4 8', 'a response can be sent back with another number');
    is(movements($stock->{id}), 'count11 count-8 count-1 catalogue10', 'all movements are listed, newest first');
    refused(count($stock->{id}, $_->[0]), 422, 'invalid_fields', $_->[1])
        for [ {} => 'on_hand' ], [ { on_hand => undef } => 'on_hand' ], [ { on_hand => -1 } => 'on_hand' ], [ { on_hand => 1_000_000_001 } => 'on_hand' ], [ { on_hand => 1.5 } => 'on_hand' ], [ { on_hand => '1' } => 'on_hand' ],
        [ { on_hand => 1, onhand => 1 } => 'onhand' ], [ { on_hand => 1, comment => 'x' x 256 } => 'comment' ], [ { on_hand => 1, comment => "a\nb" } => 'comment' ];
    refused(api(PUT => "$admin/stock/$stock->{id}", @token, body => '{"on_hand": 99999999999999999999}', headers => { 'Content-Type' => 'application/json' }), 400, 'malformed_json');
    refused(count(999_999_999, { on_hand => 1 }), 404, 'not_found');
    is(numbers(count($stock->{id}, { on_hand => 1_000_000_000 })->{json}), '1000000000 4 999999996', 'the largest number');
    is(numbers(count($stock->{id}, { on_hand => 0 })->{json}), '0 4 0', 'and none');
};

subtest 'conditions and keys' => sub {
    my $goods   = make_goods(stock => 10);
    my $variant = stock_of($goods)->{id};
    my $tag     = get("/stock/$variant")->header('ETag');
    my $order   = sold($goods, 2);
    isnt(get("/stock/$variant")->header('ETag'), $tag, 'a sale changes the ETag');
    my $reply = count($variant, { on_hand => 9 }, 'If-Match' => $tag, 'Idempotency-Key' => 'count-1');
    is($reply->code, 200, 'but not its part before the dot: a count is not refused because of a sale');
    refused(count($variant, { on_hand => 8 }, 'If-Match' => $tag), 412, 'version_mismatch');
    work($order, $_) for qw(pack ship);
    is(numbers(get("/stock/$variant")->{json}), '7 0 7', 'two items are shipped');
    refused(adjust($variant, { by => 1, reason => 'found' }, 'If-Match' => $reply->header('ETag')), 412, 'version_mismatch');
    refused(count($variant, { on_hand => 8 }, 'If-Match' => '"nonsense"'), 412, 'version_mismatch');
    is(count($variant, { on_hand => 7 }, 'If-Match' => join ', ', $tag, get("/stock/$variant")->header('ETag'))->code, 200, 'one of several tags matches');
    my $again = count($variant, { on_hand => 9 }, 'If-Match' => $tag, 'Idempotency-Key' => 'count-1');
    is($again->content, $reply->content, 'a repeated request gets the same response');
    is($again->header('Idempotency-Replayed'), 'true', 'it is marked');
    is(numbers(get("/stock/$variant")->{json}), '7 0 7', 'and changes nothing');
    refused(count($variant, { on_hand => 6 }, 'Idempotency-Key' => 'count-1'), 422, 'idempotency_key_reused');
    is(adjust($variant, { by => 3, reason => 'found' }, 'Idempotency-Key' => 'adjust-1')->{json}{on_hand}, 10, 'an adjustment') for 1 .. 3;
    is(numbers(get("/stock/$variant")->{json}), '10 0 10', 'is made once for a key');
    my $dry = api(PUT => "$admin/stock/$variant?dry_run=true", @token, json => { on_hand => 3 });
    is_deeply([ @{ $dry->{json} }{qw(dry_run on_hand)} ], [ JSON::PP::true, 3 ], 'a dry run shows the count');
    is(api(POST => "$admin/stock/$variant/adjust?dry_run=true", @token, json => { by => -1, reason => 'lost' })->{json}{movement}{on_hand}, 9, 'or the adjustment');
    refused(api(POST => "$admin/stock/$variant/adjust?dry_run=true", @token, json => { by => -11, reason => 'lost' }), 409, 'stock_below_zero');
    is(numbers(get("/stock/$variant")->{json}), '10 0 10', 'and changes nothing');
};

subtest 'adjustments' => sub {
    my $goods   = make_goods(stock => 10);
    my $variant = stock_of($goods)->{id};
    sold($goods, 4);
    my $reply = adjust($variant, { by => -2, reason => 'damaged', comment => 'Fell from the shelf.' });
    is($reply->code, 200, 'damaged items');
    is_deeply([ numbers($reply->{json}), @{ $reply->{json}{movement} }{qw(kind change on_hand reason comment)} ], [ '8 4 4', 'adjustment', -2, 8, 'damaged', 'Fell from the shelf.' ], 'leave the stock');
    is(numbers(adjust($variant, { by => -7, reason => 'stolen' })->{json}), '1 4 0', 'reserved items can be lost, for any reason');
    $reply = adjust($variant, { by => -2, reason => 'lost' });
    refused($reply, 409, 'stock_below_zero');
    is($reply->{json}{on_hand}, 1, 'the refusal has the items on hand');
    refused(adjust($variant, { by => 1_000_000_000, reason => 'found' }), 422, 'quantity_out_of_range');
    refused(adjust($variant, $_->[0]), 422, 'invalid_fields', $_->[1])
        for [ { reason => 'lost' } => 'by' ], [ { by => 1 } => 'reason' ], [ { by => 1.5, reason => 'lost' } => 'by' ], [ { by => 1_000_000_001, reason => 'lost' } => 'by' ],
        [ { by => 1, reason => '' } => 'reason' ], [ { by => 1, reason => 'x' x 41 } => 'reason' ], [ { by => 1, reason => 'lost', on_hand => 1 } => 'on_hand' ];
    refused(adjust($variant, $_->[0]), 422, 'invalid_field', $_->[1]) for [ { by => 0, reason => 'lost' } => 'by' ], [ { by => 1, reason => 'Two words' } => 'reason' ];
    refused(adjust(999_999_999, { by => 1, reason => 'found' }), 404, 'not_found');
    my $uncounted = stock_of(make_goods())->{id};
    refused(adjust($uncounted, { by => 1, reason => 'found' }), 409, 'stock_not_counted');
    is(numbers(count($uncounted, { on_hand => 5 })->{json}), '5 0 5', 'the first count begins counting');
    is(numbers(adjust($uncounted, { by => 1, reason => 'received' })->{json}), '6 0 6', 'then it can be adjusted');
};

subtest 'catalogue documents' => sub {
    my $goods    = make_goods(stock => 10);
    my $variant  = stock_of($goods)->{id};
    my %document = map { $_ => $goods->{$_} } qw(name slug returnable images);
    my $put      = sub { my (%stock) = @_; return api(PUT => "$admin/catalogue/products/$goods->{ref}", @token, json => { %document, variants => [ { ref => 'one', name => $goods->{variant}, prices => { USD => 1000 }, %stock } ] })->{json}{result} };
    is(count($variant, { on_hand => 7 })->{json}{stock}, 10, 'a count does not change the number that was sent last');
    is($put->(stock => 10), 'unchanged', 'so the nightly document does not undo it');
    is($put->(), 'unchanged', 'nor does a document without stock');
    is(numbers(stock_of($goods)), '7 0 7', 'the count stays');
    is($put->(stock => 12), 'updated', 'another number');
    is(numbers(stock_of($goods)), '12 0 12', 'is a count');
    is($put->(stock => undef), 'updated', 'null');
    is(stock_of($goods)->{counted}, JSON::PP::false, 'ends counting');
    sold($goods, 50, qw(pack ship));
    is($put->(), 'unchanged', 'a document without stock does not begin counting');
    is($put->(stock => 12), 'updated', 'a number does');
    is(movements($variant), 'catalogue0 uncounted0 catalogue5 count-3 catalogue10', 'all of it is recorded');
};

subtest 'restocked returns' => sub {
    my ($lamp, $rug, $vase) = (make_goods(stock => 10), make_goods(stock => 10), make_goods());
    my ($lamps, $rugs) = map { stock_of($_)->{id} } $lamp, $rug;
    my $returned = sub {
        my $order = order_goods($buyer, payment_method => 'cod', lines => [ [ $lamp, 3 ], [ $rug, 2 ], [ $vase, 1 ] ]);
        work($order, $_) for qw(pack ship deliver);
        my @lines = grep { $_->{kind} eq 'product' } @{ get("/orders/$order->{id}")->{json}{lines} };
        my $id = api(POST => "$admin/orders/$order->{id}/returns", @token, json => { reason => 'Too big.', lines => [ { id => $lines[0]{id}, quantity => 2 }, { id => $lines[1]{id} }, { id => $lines[2]{id} } ] })->{json}{return}{id};
        api(POST => "$admin/returns/$id/approve", @token, json => {});
        return ($id, @lines);
    };
    my $receive = sub { my ($id, $document, %headers) = @_; return api(POST => "$admin/returns/$id/receive", @token, json => $document, headers => \%headers) };
    my ($return, @lines) = $returned->();
    is(numbers(stock_of($_->[0])), "$_->[1] 0 $_->[1]", 'delivered items have left the stock') for [ $lamp => 7 ], [ $rug => 8 ];
    refused($receive->($return, { restock => JSON::PP::true, lines => [ { id => $lines[2]{id} } ] }), 409, 'stock_not_counted');
    refused($receive->($return, { restock => JSON::PP::true, lines => [ { id => 999_999_999 } ] }), 422, 'line_not_found');
    refused($receive->($return, { restock => JSON::PP::true, lines => [ { id => $lines[0]{id}, quantity => 3 } ] }), 422, 'quantity_out_of_range');
    refused($receive->($return, { lines => [ { id => $lines[0]{id} } ] }), 422, 'invalid_fields', 'lines');
    refused($receive->($return, { restock => 'yes' }), 422, 'invalid_fields', 'restock');
    my $reply = $receive->($return, { restock => JSON::PP::true, comment => 'Unopened.' }, 'Idempotency-Key' => "restock-$return");
    is_deeply([ $reply->code, $reply->{json}{return}{state} ], [ 200, 'received' ], 'all items are restocked');
    is(numbers(stock_of($_->[0])), "$_->[1] 0 $_->[1]", 'they are in the stock again') for [ $lamp => 9 ], [ $rug => 10 ];
    is($receive->($return, { restock => JSON::PP::true, comment => 'Unopened.' }, 'Idempotency-Key' => "restock-$return")->content, $reply->content, 'a repeated request gets the same response');
    is($receive->($return, { restock => JSON::PP::true })->code, 200, 'also without a key');
    is($receive->($return, {})->code, 200, 'or without restock');
    refused($receive->($return, { restock => JSON::PP::true, lines => [ { id => $lines[0]{id} } ] }), 409, 'return_not_resolvable');
    is(numbers(stock_of($lamp)), '9 0 9', 'items are added once');
    my ($movement) = @{ get("/stock/$lamps/movements?limit=1")->{json}{movements} };
    is_deeply([ @$movement{qw(kind change return comment)}, $movement->{order}{number} ], [ 'returned', 2, $return, 'Unopened.', $reply->{json}{order}{number} ], 'the movement has the return and the order');
    ($return, @lines) = $returned->();
    is($receive->($return, { restock => JSON::PP::true, lines => [ { id => $lines[0]{id}, quantity => 1 } ] })->code, 200, 'one item is restocked');
    is(numbers(stock_of($_->[0])), "$_->[1] 0 $_->[1]", 'and no others') for [ $lamp => 7 ], [ $rug => 8 ];
    ($return) = $returned->();
    is(api(POST => "$admin/returns/$return/receive", @token, form => [ comment => 'Broken.' ], unchecked => 1)->code, 200, 'nothing is restocked by default');
    is(numbers(stock_of($lamp)), '4 0 4', 'the stock does not change');
    refused($receive->($return, { restock => JSON::PP::true }), 409, 'return_not_resolvable');
    is(movements($rugs), 'shipped-2 shipped-2 returned2 shipped-2 catalogue10', 'shipments are movements');
    ($movement) = @{ get("/stock/$rugs/movements?limit=1")->{json}{movements} };
    is_deeply($movement->{actor}, { kind => 'operator', id => operator->{id} }, 'with the actor who shipped the order');
};

subtest 'movements' => sub {
    my $variant = stock_of(make_goods(stock => 1))->{id};
    count($variant, { on_hand => $_ }) for 2 .. 6;
    my $page = get("/stock/$variant/movements?limit=4");
    is_deeply([ map { $_->{on_hand} } @{ $page->{json}{movements} } ], [ 6, 5, 4, 3 ], 'the first page');
    $page = get("/stock/$variant/movements?limit=4&cursor=$page->{json}{next_cursor}");
    is_deeply([ [ map { $_->{on_hand} } @{ $page->{json}{movements} } ], $page->{json}{next_cursor} ], [ [ 2, 1 ], undef ], 'the last page');
    refused(get('/stock/999999999/movements'), 404, 'not_found');
    refused(get("/stock/$variant/movements?kind=count"), 422, 'invalid_fields', 'kind');
};

invariants_hold();
done;
