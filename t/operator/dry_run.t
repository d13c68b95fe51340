# SPDX-License-Identifier: Apache-2.0
# Dry runs of the operator API: a write with dry_run=true changes nothing, and its response is that of the write.
use strict;
use warnings;
use FindBin;
use JSON::PP ();
use ModOrders::Commerce ();
use ModOrders::Company ();
use ModOrders::Customer ();
use ModOrders::Goods qw(make_goods order_goods operator_does work);
use ModOrders::Test;
use YAML::XS ();

my $admin = '/api/v1/admin';
my @token = (token => operator->{token});
my $json  = JSON::PP->new->utf8->canonical->allow_nonref;

# --- what is compared ------------------------------------------------------------------------------------------------

# The contents of all tables, except those that the worker of the server changes on its own.
my @tables = map { $_->{name} } rows(q(
    SELECT c.oid::regclass::text AS name FROM pg_class c
    WHERE c.relnamespace = 'orders'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relname !~ '^(due|worker|webhook_(?!endpoint)|idempotency|tenant_)' ORDER BY 1));
my $contents = join ' UNION ALL ', map { "SELECT '$_' AS name, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text || ' ' || count(*) AS sum FROM $_ AS t" } @tables;

sub contents { return { map { $_->{name} => $_->{sum} } rows($contents) } }

sub changed
{
    my ($before, $after) = @_;
    return grep { $before->{$_} ne $after->{$_} } sort keys %$before;
}

# Values that a dry run can only predict.
my $predicted = qr/^(?:id|public_id|number|bill_no|code|hash|at|\w+_(?:at|id|until|cents_at)|pay_url|pay_link|intent_id|reference|dry_run|ref_id)$/;

sub comparable
{
    my ($value) = @_;
    return [ map { comparable($_) } @$value ] if ref $value eq 'ARRAY';
    return $value if ref $value ne 'HASH';
    return { map { $_ => $_ =~ $predicted && !ref $value->{$_} ? defined $value->{$_} : comparable($value->{$_}) } grep { !/^(?:dry_run|bill_no)$/ } keys %$value }; # the worker issues bills
}

sub dry { my ($method, $path, %with) = @_; return api($method => "$admin$path?dry_run=true", @token, %with) }
sub wet { my ($method, $path, %with) = @_; return api($method => "$admin$path", @token, %with) }

# A dry run three times, because the worker may change something at the same time; then the write.
my %predicted;

sub predicts
{
    my ($what, $method, $path, %with) = @_;
    my ($reply, @changed);
    push @{ $predicted{$method} }, $path;
    for (1 .. 3) {
        my $before = contents();
        $reply   = dry($method, $path, %with);
        @changed = changed($before, contents());
        last if !@changed;
    }
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is("@changed", '', "$what: a dry run changes no table");
    is($reply->code, 200, "$what: its status is 200") or diag($reply->as_string);
    like($reply->content, qr/^\{"dry_run":true[,}]/, "$what: its response is marked");
    is($reply->header($_), undef, "$what: it has no $_") for qw(ETag Location Link Idempotency-Replayed);
    my $written = wet($method, $path, %with);
    like($written->code, qr/^20[01]$/, "$what: the write succeeds") or diag($written->as_string);
    is($json->encode(comparable($reply->{json})), $json->encode(comparable($written->{json})), "$what: it shows what the write does");
    return $written->{json};
}

# --- orders ----------------------------------------------------------------------------------------------------------

my $buyer = make_user(balance => 1000_00);
my $goods = make_goods(stock => 10);

sub request
{
    my (%with) = @_;
    return { dialect => 'shop', user => $buyer->{ref}, currency => 'USD', lines => [ { product => $goods->{ref}, quantity => 2 } ], payment_method => 'balance', %with };
}

{
    my $paid = predicts('placing', POST => '/orders', json => request());
    predicts("order $_", POST => "/orders/$paid->{id}/$_", json => {}) for qw(confirm pack);
    predicts('shipping', POST => "/orders/$paid->{id}/ship", json => { courier => 'JNE', tracking_number => 'T1' });
    predicts('tracking', POST => "/orders/$paid->{id}/tracking", json => { status => 'in_transit', location => 'Hub' });
    predicts('delivering', POST => "/orders/$paid->{id}/deliver", json => {});
    my $line = $paid->{lines}[0]{id};
    my $return = predicts('a return', POST => "/orders/$paid->{id}/returns", json => { lines => [ { id => $line, quantity => 1 } ], reason => 'x' })->{return};
    predicts("return $_", POST => "/returns/$return->{id}/$_", json => {}) for qw(approve receive refund);
    predicts('an invoice', POST => '/orders/' . order_goods($buyer, payment_method => 'balance')->{id} . '/invoice', json => {});

    my $unpaid = order_goods($buyer);
    predicts('an address', POST => "/orders/$unpaid->{id}/address", json => { shipping_address => { city => 'Bonn' } });
    predicts('a payment', POST => "/orders/$unpaid->{id}/pay", json => { reference => 'S1' });
    my $refund = predicts('a refund', POST => "/orders/$unpaid->{id}/refund", json => { amount => 100 })->{refund};
    predicts('a settled refund', POST => "/refunds/$refund->{id}/settle", json => { reference => 'R1' });
    predicts('cancelling', POST => '/orders/' . order_goods($buyer)->{id} . '/cancel', json => { reason => 'x' });
    predicts('cancelling a paid order', POST => '/orders/' . order_goods($buyer, payment_method => 'balance')->{id} . '/cancel', json => { reason => 'x' });
    predicts('rejecting a return', POST => '/returns/' . do {
        my $order = ModOrders::Customer::delivered_order($buyer, lines => [ [ make_goods() ] ]);
        api(POST => "$admin/orders/$order->{id}/returns", @token, json => { lines => [ { id => (grep { $_->{kind} eq 'product' } @{ $order->{lines} })[0]{id} } ], reason => 'x' })->{json}{return}{id};
    } . '/reject', json => { comment => 'x' });
}

sub variant_of { my ($goods) = @_; return map { $_->{id} } rows('SELECT id FROM orders.variant WHERE tenant_id = 1 AND product_id = ?', $goods->{id}) }

# --- the catalogue and money -----------------------------------------------------------------------------------------

predicts('a new entry', PUT => '/catalogue/users/' . unique('user'), json => { name => 'New' });
predicts('a patched entry', PATCH => "/catalogue/users/$buyer->{ref}", json => { phone => '1', metadata => { a => 1 } });
predicts('a patched entry', PATCH => "/catalogue/users/$buyer->{ref}", json => { name => 'Patched' });
predicts('a changed entry', PUT => "/catalogue/users/$buyer->{ref}", json => { name => 'Changed', login => $buyer->{login} });
predicts('a top-up', POST => '/balances', json => { user => $buyer->{ref}, amount => 100, currency => 'USD', reference => unique('top-up') });
predicts('settings', PATCH => '/settings', json => { phone => unique('+') });
predicts('a terminal transaction', POST => '/terminal-transactions', json => { transaction_id => unique('tx'), kind => 'charge', amount => 100, currency => 'JPY', order_number => 'AAAA' });

{
    my $company = ModOrders::Company::make_company();
    my $agent   = ModOrders::Company::make_company_member($company);
    predicts('a cart', POST => '/carts', json => { company => $company->{ref}, agent => $agent->{ref}, currency => 'JPY' });
}

predicts("a count of stock", PUT => "/stock/$_", json => { on_hand => 40, comment => 'x' }) for variant_of($goods);
predicts("an adjustment of stock", POST => "/stock/$_/adjust", json => { by => -3, reason => 'damaged' }) for variant_of($goods);
{
    my $order = ModOrders::Customer::delivered_order($buyer, lines => [ [ $goods, 2 ] ]);
    my $id    = api(POST => "$admin/orders/$order->{id}/returns", @token, json => { lines => [ { id => (grep { $_->{kind} eq 'product' } @{ $order->{lines} })[0]{id} } ], reason => 'x' })->{json}{return}{id};
    wet(POST => "/returns/$id/approve", json => {});
    predicts('a return that is restocked', POST => "/returns/$id/receive", json => { restock => JSON::PP::true });
}
{
    my $name = (rows('SELECT name FROM orders.tenant WHERE id = 1'))[0]{name};
    predicts('the settings', PATCH => '/settings', json => { name => "$name again" });
    predicts('the former settings', PATCH => '/settings', json => { name => $name });
}
{
    my $id = wet(POST => '/webhooks', json => { url => 'http://127.0.0.1:9/x', events => ['return.rejected'], enabled => JSON::PP::false })->{json}{id};
    predicts('a changed webhook', PATCH => "/webhooks/$id", json => { description => 'x' });
    predicts('a deleted webhook', DELETE => "/webhooks/$id");
}
{
    my ($bronze, $silver, $gold) = map { ModOrders::Commerce::make_package(price => $_ * 10_00, rank => $_) } 1 .. 3;
    my $member = ModOrders::Commerce::make_member(package => $bronze, ends_at => '2100-01-01T00:00:00Z');
    my $placed = ModOrders::Commerce::commerce(POST => 'upgrade-renewal-package', $member, json => ModOrders::Commerce::package_body($member, $silver, $bronze));
    my $id     = ModOrders::Commerce::data_of($placed)->{order_id};
    upsert('members', $member->{ref}, placed_at => '2020-01-01T00:00:00Z', package => $gold->{ref}, ends_at => '2100-01-01T00:00:00Z');
    predicts('a payment of a package', POST => "/orders/$id/pay", json => {});
    predicts('an applied package', POST => "/orders/$id/apply", json => {});
}
{
    my $provider = start_simulator();
    my $order    = place($buyer, make_plan(), payment_method => 'external', payment_channel => 'simulator')->{order};
    my ($at)     = rows(q(SELECT to_char(now() AT TIME ZONE 'UTC' - interval '4 hours', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS then, to_char(now() AT TIME ZONE 'UTC' - interval '48 hours', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS from,
        to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS to));
    my @entries  = map { unique('tx') } 1, 2;
    my $made = api(POST => "$admin/reconciliations?channel=simulator&from=$at->{from}&to=$at->{to}", @token, type => 'text/csv',
        body => join '', "transaction_id,kind,amount,currency,occurred_at,payment_key\n", "$entries[0],capture,1000,USD,$at->{then}," . key_of($order->{payments}[0]{id}) . "\n", "$entries[1],capture,1000,USD,$at->{then},\n");
    is($made->code, 201, 'a reconciliation') or diag($made->as_string);
    my %of = map { $_->{transaction_id} => $_->{id} } @{ api(GET => "$admin/reconciliation-differences?reconciliation=$made->{json}{id}&limit=500", @token)->{json}{differences} };
    predicts('an applied difference', POST => "/reconciliation-differences/$of{$entries[0]}/apply", json => {});
    predicts('a closed difference', POST => "/reconciliation-differences/$of{$entries[1]}/resolve", json => { comment => 'x' });
}

# NDJSON: each line is marked, and a refused line leaves the others.
{
    my @refs = map { unique('user') } 1 .. 2;
    my $body = join "\n", map { $json->encode($_) } { kind => 'users', ref => $refs[0], name => 'A' }, { kind => 'users', ref => $refs[1], name => 5 },
        { kind => 'coupons', ref => unique('coupon'), code => unique('C'), percent_bp => 99_999_999 };
    my $before = contents();
    my $reply  = dry(POST => '/catalogue', body => $body, type => 'application/x-ndjson');
    is(join(' ', changed($before, contents())), '', 'a bulk changes no table');
    my @lines = map { $json->decode($_) } split /\n/, $reply->content;
    is(join(' ', map { $_->{result} } @lines), 'created refused refused', 'a bulk shows the result of each line');
    is(scalar(grep { $_->{dry_run} } @lines), 3, 'each line is marked');
    refused(dry(POST => '/catalogue', body => join("\n", map { qq({"kind":"users","ref":"u$_","name":"x"}) } 1 .. 31), type => 'application/x-ndjson'),
        400, 'dry_run_not_supported');
    is(dry(POST => '/catalogue', body => join("\n", map { qq({"kind":"users","ref":"u$_","name":"x"}) } 1 .. 30), type => 'application/x-ndjson')->code,
        200, 'a bulk of 30 lines runs dry');
}

# Other tests send these: bulk, imports, quote and exports with files.
my %elsewhere = map { $_ => 1 } 'POST /catalogue', 'POST /imports', 'POST /quote', 'DELETE /exports/{id}';
{
    my $spec  = YAML::XS::LoadFile(glob "$FindBin::Bin/../../docs/openapi/operator.yaml");
    my %left;
    for my $path (keys %{ $spec->{paths} }) {
        my $short = $path =~ s/^\Q$admin\E//r;
        my $match = join '[^/]+', map { quotemeta } split /\{\w+\}/, $short, -1;
        for my $method (grep { ref $spec->{paths}{$path}{$_} eq 'HASH' } keys %{ $spec->{paths}{$path} }) {
            next if !grep { ($_->{'$ref'} // '') =~ /DryRun$/ } @{ $spec->{paths}{$path}{$method}{parameters} || [] };
            my $name = uc($method) . " $short";
            $left{$name} = 1 if !$elsewhere{$name} && !grep { m{^$match$} } @{ $predicted{ uc $method } || [] };
        }
    }
    is(join(', ', sort keys %left), '', 'each write that can run dry is predicted here');
}

# --- refusals, keys, conditions --------------------------------------------------------------------------------------

for my $case (
    [ 'an unknown order', POST => '/orders/999999999/pay', {} ],
    [ 'a wrong state', POST => '/orders/' . order_goods($buyer)->{id} . '/ship', {} ],
    [ 'a wrong field', POST => '/orders', request(payment_method => 'x') ],
    [ 'an unknown field', POST => '/orders', request(dry_run => JSON::PP::true) ],
    [ 'too little stock', POST => '/orders', request(lines => [ { product => $goods->{ref}, quantity => 999 } ]) ],
    [ 'too little money', POST => '/orders', request(user => make_user()->{ref}) ],
    [ 'an unknown entry', PUT => '/catalogue/nothing/x', {} ],
) {
    my ($what, $method, $path, $body) = @$case;
    local $ModOrders::Test::undescribed = 1;
    my ($dry, $wet) = (dry($method, $path, json => $body), wet($method, $path, json => $body));
    is($dry->code, $wet->code, "$what: the status is that of the write");
    delete $_->{json}{request_id} for $dry, $wet;
    is($json->encode($dry->{json}), $json->encode($wet->{json}), "$what: the problem is that of the write");
}

{
    my $order = order_goods($buyer);
    my $path  = "/orders/$order->{id}/pay";
    my $key   = unique('key');
    my @key   = (json => {}, headers => { 'Idempotency-Key' => $key });
    is(dry(POST => $path, @key)->code, 200, 'a key is ignored');
    is((rows('SELECT count(*) AS n FROM orders.idempotency WHERE key = ?', $key))[0]{n}, 0, 'a key is not stored');
    is(wet(POST => $path, @key)->{json}{payment_state}, 'paid', 'the write with the key is the first request');
    my $again = dry(POST => $path, @key);
    is($again->header('Idempotency-Replayed'), undef, 'a key is not replayed');
    refused(dry(POST => $path, json => {}, headers => { 'Idempotency-Key' => '' . 'x' x 256 }, unchecked => 1), 400, 'invalid_idempotency_key');
    is(wet(POST => $path, @key)->header('Idempotency-Replayed'), 'true', 'the write is replayed');
    is(api(POST => "$admin$path?dry_run=false", @token, @key)->header('Idempotency-Replayed'), 'true', 'dry_run=false is the same request as none');
    refused(dry(POST => $path, json => {}, headers => { 'If-Match' => '"1-000000000000"' }), 412, 'version_mismatch');
}

{
    my $order = order_goods($buyer);
    my $path  = "$admin/orders/$order->{id}/cancel";
    local $ModOrders::Test::undescribed = 1;
    for my $query ('dry_run=1', 'dry_run', 'dry_run=', 'dry_run=True', 'dryrun=true', 'dry-run=true', 'dry_run=true&x=1', 'dry_run%5B%5D=true') {
        my $reply = api(POST => "$path?$query", @token, json => {});
        is($reply->code, 422, "$query is refused") or diag($reply->as_string);
    }
    refused(api(POST => "$path?dry_run=true&dry_run=false", @token, json => {}), 400, 'malformed_request');
    is(order_row($order->{id})->{state}, 'open', 'a wrong parameter writes nothing');
    is(api(POST => "$path?dry_run=false", @token, json => {})->{json}{state}, 'cancelled', 'dry_run=false writes');
}

# --- requests that cannot run dry ------------------------------------------------------------------------------------

{
    local $ModOrders::Test::undescribed = 1;
    my $tokens = (rows('SELECT count(*) AS n, count(revoked_at) AS r FROM orders.token'))[0];
    my ($token) = rows('SELECT id FROM orders.token WHERE tenant_id = 1 AND revoked_at IS NULL ORDER BY id LIMIT 1');
    my $uuid = '019ac000-0000-7000-8000-000000000000';
    for my $case (
        [ POST => '/tokens', { user => $buyer->{ref}, scopes => ['buyer'] } ], [ DELETE => "/tokens/$token->{id}" ],
        [ POST => '/webhooks', { url => 'http://127.0.0.1:9/x', events => ['*'] } ],
        (map { [ POST => "/webhooks/$uuid/$_", {} ] } qw(rotate test replay deliveries/1/retry)),
        [ POST => '/payments/sim/events', {} ],
        (map { [ POST => "/provider-events/1/$_", { comment => 'x' } ] } qw(resolve retry)),
        [ POST => '/reconciliations', { channel => 'x', from => '2026-11-29T00:00:00Z', to => '2026-11-30T00:00:00Z' } ],
    ) {
        my ($method, $path, $body) = @$case;
        refused(dry($method, $path, $body ? (json => $body) : ()), 400, 'dry_run_not_supported');
    }
    my $after = (rows('SELECT count(*) AS n, count(revoked_at) AS r FROM orders.token'))[0];
    is_deeply($after, $tokens, 'no token was issued or revoked');
    is(api(GET => '/api/v1/user/orders?dry_run=true', token => $buyer->{token})->code, 200, 'other APIs do not read the parameter');
}

# --- access ----------------------------------------------------------------------------------------------------------

is(api(POST => "$admin/orders?dry_run=true", token => $buyer->{token}, json => request())->code, 403, 'a dry run needs the scope of the write');
is(api(POST => "$admin/orders?dry_run=true", json => request())->code, 401, 'a dry run needs a token');
invariants_hold();
done();
