# SPDX-License-Identifier: Apache-2.0
#
# Authorization: every route of every API with every kind of caller. The routes are those that `httpd -t -D DUMP_ORDERS` prints
# from the route tables, so a new route is tested without a change here. The test fails for a route whose path or credential this
# file cannot construct, and for an API of the registry that has no path in %mount.
use strict;
use warnings;
use Digest::SHA qw(sha1_base64);
use MIME::Base64 qw(encode_base64);
use ModOrders::Commerce ();
use ModOrders::Company  ();
use ModOrders::Goods    ();
use ModOrders::Httpd;
use ModOrders::Test;

# Routes without authentication: signed links and provider events. A new route without authentication must be added here.
my @open = sort qw(company.result company.pay_page company.pay company.return_page company.cancel_page customer.bill_pdf
    operator.payments.event provider_events.receive);

# --- a server with every API for two tenants ---------------------------------------------------------------------------

my %mount = (
    company => '', user => '/api/v1/user/orders', shop => '/api/v1/orders', customer => '/api/v1/customer',
    commerce => '/api/v1/commerce', operator => '/api/v1/admin',
    'provider-events' => '/api/v1/provider-events',
);
my (undef, $names) = ModOrders::Httpd->new(locations => "<Location /x>\nOrdersAPI nonsense\n</Location>\n")->check;
my ($registered) = $names =~ /use one of: ([\w, -]+)/;
is(join(' ', sort split /, /, $registered // ''), join(' ', sort keys %mount), 'every API of the registry has a path here') or diag($names);

my $locations = '';
for my $api (sort keys %mount) {
    my $auth = $api =~ /^(?:company|commerce)$/ ? '' : "AuthType Orders\nRequire valid-user\n";
    $locations .= '<Location ' . ($mount{$api} || '/') . ">\nOrdersAPI $api\nOrdersTokenCache 0\n$auth</Location>\n"
        . "<Location /two$mount{$api}>\nOrdersAPI $api\nOrdersTenant 2\nOrdersTokenCache 0\n$auth</Location>\n";
}
my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersPublicURL https://shop.example\nOrdersMail smtp://127.0.0.1:9 from=shop\@shop.example starttls=off\n", locations => $locations);
my ($fine, $said) = $httpd->command('-t -D DUMP_ORDERS');
ok($fine, 'the configuration is accepted') or diag($said);
my @routes;
while ($said =~ /^ +([A-Z]+) +(\S*) route=((\w+)\.\S+) auth=(\w+) scope=(\S+)$/mg) {
    my %route;
    @route{qw(method path name api auth scope)} = ($1, $2, $3, $4, $5, $6);
    $route{two} = $route{path} =~ m{^/two};
    push @routes, \%route;
}
cmp_ok(scalar @routes, '>=', 2 * 70, 'the server lists its routes');
my %none = map { $_->{name} => 1 } grep { $_->{auth} eq 'none' } @routes;
is_deeply([ sort keys %none ], \@open, 'no other route works without authentication');
$httpd->start;

# --- data of an owner --------------------------------------------------------------------------------------------------

db()->do(q(INSERT INTO orders.tenant (id, name, currency) VALUES (2, 'two', 'USD') ON CONFLICT DO NOTHING));
my $owner   = make_user(balance => 100_000);
my $plan    = make_plan(price => 100, currency => 'USD');
my $shop    = ModOrders::Company::make_company();
my $seller  = ModOrders::Company::make_company_member($shop);
my $cart    = ModOrders::Company::make_cart($seller);
my $sale    = ModOrders::Company::sell($seller, type => 'cash');
my $goods   = ModOrders::Goods::order_goods($owner);
my $planned = api(POST => '/api/v1/user/orders', token => $owner->{token}, json => { plan_id => $plan->{id}, payment_method => 'manual' })->{json}{order};
my $number  = ref $sale ? $sale->{order_number} : $sale;
my @victims = ($planned->{id}, $goods->{id}, map { $_->{id} } rows('SELECT id FROM orders.orders WHERE number = ?', $number));
is(scalar @victims, 3, 'three orders of the owner');
my $line = $goods->{lines}[0]{id};

my $webhook  = api(POST => '/api/v1/admin/webhooks', token => operator->{token}, json => { url => 'https://hooks.example/', events => ['*'] })->{json};
my $delivery = api(POST => "/api/v1/admin/webhooks/$webhook->{id}/test", token => operator->{token}, json => {})->{json};
my $export   = api(POST => '/api/v1/admin/exports', token => operator->{token}, json => { kind => 'ledger', format => 'csv' })->{json};

# Two values for each path parameter: that of the owner's data, and one of the same form that does not exist. Parameters of a group of routes, such
# as operator.webhooks, come before those of the API.
my %parameter = (
    'user:id' => [ $planned->{id}, 999_999_999 ], 'customer:id' => [ $goods->{id}, 999_999_999 ],
    'shop:id' => [ $goods->{public_id}, '019ac000-0000-7000-8000-000000000000' ],
    'company:number' => [ $number, 'ZZZZZZZ261101999999OD' ], 'company:invoice' => [ 'INV-1', 'INV-1' ],
    'operator:id' => [ $goods->{id}, 999_999_999 ], 'operator:number' => [ 'INV-1', 'INV-2' ],
    'operator:kind' => [ 'users', 'users' ], 'operator:ref' => [ $owner->{ref}, 'nobody' ],
    (map { ("operator.$_:id" => [ $webhook->{id}, '019ac000-0000-7000-8000-000000000000' ]) } qw(webhooks deliveries)),
    'operator.exports:id' => [ $export->{id}, '019ac000-0000-7000-8000-000000000000' ],
    'operator:variant' => [ (rows('SELECT item_id AS id FROM orders.order_line WHERE id = ?', $line))[0]{id}, 999_999_999 ],
    'operator:cart' => [ $cart->{code}, 'NOCART' ], 'operator:delivery' => [ $delivery->{id}, 999_999_999 ],
);

# The body of a request about data of the owner ([0]) or about unknown data ([1]).
sub body_of
{
    my ($route, $which) = @_;
    my ($order, $cart_id) = $which ? ('ZZZZZZZ261101999999OD', 999_999_999) : ($number, $cart->{id});
    return { order_number => $order, cart_id => $cart_id, type => 'cash', transaction_id => unique('T'), email => 'a@example.test',
        billing_address => { given_name => 'A', family_name => 'B', title => 0 } } if $route->{api} eq 'company';
    return { order_id => $which ? 999_999_999 : $goods->{id}, order_items_id => [$line], reason => 'x' } if $route->{api} eq 'customer';
    return { order_number => $which ? 'ZZZ-1' : $goods->{number}, uid => $which ? 'nobody' : $owner->{ref} } if $route->{api} eq 'commerce';
    return { plan_id => $plan->{id} } if $route->{name} eq 'user.create';
    return {};
}

sub path_of
{
    my ($route, $which) = @_;
    my $path = $route->{path};
    my ($group) = $route->{name} =~ /^(\w+\.\w+)\./;
    $path =~ s{:(\w+)}{my $known = ($group && $parameter{"$group:$1"}) || $parameter{"$route->{api}:$1"} or fail("$route->{name}: what is :$1?"); $known ? $known->[$which] : 'x'}ge;
    $path .= '?order_number=' . ($which ? 'ZZZ-1' : $goods->{number}) if $route->{name} eq 'commerce.detail' && $route->{method} eq 'GET';
    return $path;
}

sub send_as
{
    my ($route, $token, $which) = @_;
    my %headers = defined $token ? (Authorization => "Bearer $token") : ();
    $headers{apikey} = ModOrders::Commerce::application() if $route->{api} eq 'commerce';
    return ask($route->{method} => $httpd->url(path_of($route, $which)), headers => \%headers,
        ($route->{method} =~ /^P/ ? (json => body_of($route, $which)) : ()));
}

# Status and body of a response, without the request id.
sub said_by
{
    my ($reply) = @_;
    return $reply->code . ' ' . ($reply->content =~ s/"request_id":"[^"]*"/"request_id":"-"/r);
}

# --- callers ---------------------------------------------------------------------------------------------------------

my @all_scopes = qw(buyer seller operator application act-as-user);
my $other      = make_user(scopes => \@all_scopes, balance => 100_000);
my $rival      = ModOrders::Company::make_company_member(ModOrders::Company::make_company(), scopes => \@all_scopes);

sub token_of_tenant_two
{
    my ($token) = unique('ord_2_token');
    my ($ref)   = unique('two');
    db()->do(q(INSERT INTO orders.users (tenant_id, external_ref, login, name) VALUES (2, ?, ?, 'Two')), undef, $ref, $ref);
    db()->do(q(INSERT INTO orders.token (tenant_id, user_id, hash, scopes)
        SELECT 2, id, sha256(?::text::bytea), ? FROM orders.users WHERE tenant_id = 2 AND external_ref = ?), undef, $token, \@all_scopes, $ref);
    return $token;
}

sub revoked
{
    my $token = make_token($owner, scopes => \@all_scopes);
    db()->do('UPDATE orders.token SET revoked_at = now() WHERE hash = sha256(?::text::bytea)', undef, $token);
    return $token;
}

sub expired
{
    my $token = make_token($owner, scopes => \@all_scopes, expires_in => 60);
    db()->do(q(UPDATE orders.token SET expires_at = now() - interval '1 s' WHERE hash = sha256(?::text::bytea)), undef, $token);
    return $token;
}

my $two     = token_of_tenant_two();
my %nobody  = (none => undef, garbage => 'ord_1_' . 'x' x 43, revoked => revoked(), expired => expired(), 'another tenant' => $two);

sub without
{
    my ($scopes) = @_;
    my %needed = map { $_ => 1, /^operator\./ ? (operator => 1) : () } split /,/, $scopes;
    return make_token($owner, scopes => [ grep { !$needed{$_} } @all_scopes ]);
}

# Expects 401, or the corresponding error name of the company API, which treats a missing key as a missing parameter.
sub is_unknown
{
    my ($route, $reply, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $word = ref $reply->{json} eq 'HASH' ? $reply->{json}{error_name} // '' : '';
    my $fits = $route->{api} eq 'company' ? $reply->code == 403 && $word =~ /^(?:does not signin|not_sign_in|lack of parameters)$/ : $reply->code == 401;
    return ok($fits, "$name: is not known") || diag($reply->as_string);
}

# --- scopes of the operator API --------------------------------------------------------------------------------------

my @parts  = map { "operator.$_" } qw(read fulfil money catalogue admin);
my @rights = ((map { [$_, $_] } @parts, 'operator', 'buyer', 'application'), [ 'all parts of operator', @parts ], [ 'no scope' ],
    map { my $without = $_; [ "all parts but $without", grep { $_ ne $without } @parts ] } @parts);
my (%right_user, %right_token);
for my $case (@rights) {
    my ($name, @scopes) = @$case;
    $right_user{$name}  = make_user(login => unique('right'), scopes => \@scopes);
    $right_token{$name} = $right_user{$name}{token};
}

# The same rights for users of mod_auth_basic, by a group for each scope.
my $remote = ModOrders::Httpd->new(
    server    => "OrdersSecretFile secret\n",
    locations => "<Location $mount{operator}>\nOrdersAPI operator\nOrdersIdentity remote-user\nAuthType Basic\nAuthName staff\nAuthBasicProvider file\n"
        . "AuthUserFile passwords\nAuthGroupFile groups\nRequire valid-user\n"
        . join('', map { "OrdersRemoteGroupScopes group holders-of-$_ $_\n" } @parts, 'operator', 'buyer', 'application') . "</Location>\n",
);
$remote->file('passwords', 0644, join '', map { "$_->{login}:{SHA}" . sha1_base64('secret') . "=\n" } values %right_user);
my %members;
for my $case (@rights) {
    my ($name, @scopes) = @$case;
    push @{ $members{$_} }, $right_user{$name}{login} for @scopes;
}
$remote->file('groups', 0644, join '', map { "holders-of-$_: @{ $members{$_} }\n" } sort keys %members);
$remote->start;

sub is_permitted
{
    my ($permitted, $reply, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $code = ref $reply->{json} eq 'HASH' ? $reply->{json}{code} // '' : '';
    my $fits = $permitted ? $reply->code !~ /^(?:401|403|5\d\d)$/ : $reply->code == 403 && $code eq 'forbidden';
    return ok($fits, $name . ($permitted ? ' is permitted' : ' is refused')) || diag($reply->as_string);
}

my $versions = q(SELECT string_agg(id || ':' || version || state || payment_state || coalesce(buyer_id::text, ''), ' ' ORDER BY id) AS now FROM orders.orders WHERE id = ANY (?));
my ($before) = rows($versions, \@victims);
my ($count)  = rows('SELECT count(*) AS n FROM orders.orders WHERE buyer_id = ?', $owner->{id});

for my $route (grep { $_->{auth} ne 'none' && !$_->{two} } @routes) {
    subtest "$route->{method} $route->{path} ($route->{name})" => sub {
        is_unknown($route, send_as($route, $nobody{$_}, 0), $_) for sort keys %nobody;
        my $scopeless = send_as($route, without($route->{scope}), 0);
        if ($route->{api} eq 'company') {
            is_unknown($route, $scopeless, 'a token without the scope');
        } else {
            like($scopeless->code, qr/^40[13]$/, 'a token without the scope is refused') or diag($scopeless->as_string);
        }
        if ($route->{scope} =~ /operator/) { # an operator may read all data of the tenant
            is(send_as($route, make_token($owner, scopes => ['buyer']), 0)->code, 403, 'a token with the scope buyer is refused');
            like($route->{scope}, qr/^operator\.(?:read|fulfil|money|catalogue|admin)$/, 'the route needs exactly one scope of the operator API');
            # The requests are about unknown data, so those that are permitted change nothing.
            for my $case (@rights) {
                my ($name, @scopes) = @$case;
                my $permitted = grep { $_ eq $route->{scope} || $_ eq 'operator' } @scopes;
                is_permitted($permitted, send_as($route, $right_token{$name}, 1), "a token with $name");
                my $reply = ask($route->{method} => $remote->url(path_of($route, 1)), headers => { Authorization => 'Basic ' . encode_base64("$right_user{$name}{login}:secret", '') },
                    ($route->{method} =~ /^P/ ? (json => body_of($route, 1)) : ()));
                is_permitted($permitted, $reply, "a remote user with $name");
            }
            return;
        }
        for my $stranger ($other, $rival) {
            my ($theirs, $nothing) = map { send_as($route, $stranger->{token}, $_) } 0, 1;
            next if $route->{name} =~ /^(?:user\.create|company\.create)$/; # places an order of the caller
            unlike($theirs->content, qr/\Q$_\E/, "$stranger->{ref}: the response has no number of the other user's orders") for $number, $goods->{number}, $planned->{number};
            if ($route->{name} eq 'company.refund') {
                like($theirs->content, qr/not reatiler order|not select company yet/, "$stranger->{ref}: the response is that of the specification");
            } elsif ($route->{name} =~ /^company\.(?:partial|confirm|edit)$/) {
                like(said_by($theirs), qr/^403 .*order_not_exist/, "$stranger->{ref}: the order is unknown to a consumer");
            } else {
                is(said_by($theirs), said_by($nothing), "$stranger->{ref}: the response equals that for unknown data");
            }
            cmp_ok($theirs->code, '<', 500, "$stranger->{ref}: no server error");
        }
    };
}

subtest 'the same paths at another tenant' => sub {
    for my $route (grep { $_->{auth} ne 'none' && $_->{two} && $_->{api} ne 'commerce' } @routes) {
        my $name = "$route->{method} $route->{path}";
        my ($theirs, $nothing) = map { send_as($route, $two, $_) } 0, 1;
        next if $route->{name} =~ /catalogue|tokens|balances|carts|terminal|create|place$/; # creates data of the caller's tenant
        is(said_by($theirs), said_by($nothing), "$name: the response equals that for unknown data");
        unlike($theirs->content, qr/\Q$_\E/, "$name: the response has no order number of the other tenant") for $number, $goods->{number}, $planned->{number};
        is_unknown($route, send_as($route, $owner->{token}, 0), "$name: a token of the first tenant is unknown");
    }
};

my $unchanged = api(GET => "/api/v1/admin/webhooks/$webhook->{id}", token => operator->{token})->{json};
is($unchanged->{version}, $webhook->{version}, 'no request changed the webhook of another tenant');
my ($after) = rows($versions, \@victims);
is($after->{now}, $before->{now}, "no request changed the order of another user");
my ($now) = rows('SELECT count(*) AS n FROM orders.orders WHERE buyer_id = ?', $owner->{id});
is($now->{n}, $count->{n}, 'no request placed an order for another user');

# Permitted requests succeed, so the refusals above have the intended reason.
for my $route (grep { $_->{auth} ne 'none' && !$_->{two} } @routes) {
    my $token = $route->{scope} =~ /operator/ ? operator()->{token} : $route->{api} eq 'company' ? ModOrders::Test::make_token($seller, scopes => \@all_scopes) : $owner->{token};
    # these ids are not those of orders: a request about an order's id could revoke a token of another test
    my $reply = send_as($route, $token, $route->{name} =~ /^operator\.(?:tokens|refunds|returns|provider_events|differences)/ ? 1 : 0);
    my $word  = ref $reply->{json} eq 'HASH' ? $reply->{json}{error_name} // '' : '';
    ok($reply->code != 401 && $word !~ /sign/ && ($route->{api} eq 'company' || $reply->code != 403), "$route->{method} $route->{path}: the owner is authorized")
        or diag($reply->as_string);
    cmp_ok($reply->code, '<', 500, 'no server error');
}

invariants_hold();
undef $httpd;
done;
