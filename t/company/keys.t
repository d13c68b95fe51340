# SPDX-License-Identifier: Apache-2.0
# Authentication by an api_key in the body or in Authorization, or by httpd. Every route with every kind of key; a refused request
# gets no data and changes nothing.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Test;

my $shop     = make_company;
my $seller   = make_company_member($shop);
my $consumer = make_consumer;

sub detail_with
{
    my ($number, $headers, %fields) = @_;
    return api(POST => company_path('detail'), json => { order_number => $number, %fields }, headers => $headers);
}

subtest 'places of the key' => sub {
    my $number = sell($seller);
    my $key    = $seller->{token};
    is(detail_with($number, { Authorization => $_ })->code, 200, 'Authorization: ' . s/\Q$key\E/…/r) for $key, "Bearer $key", "bearer $key", "BEARER $key";
    is(detail_with($number, {}, api_key => $key)->code, 200, 'the key in the body');
    is(detail_with($number, { Authorization => 'nonsense' }, api_key => $key)->code, 200, "the key in the body has precedence");
    is(detail_with($number, { Authorization => $key }, api_key => $_)->code, 200, "an empty key in the body is ignored") for '', undef;
    named(detail_with($number, { Authorization => $key }, api_key => 'nonsense'), 'does not signin');
    named(detail_with($number, { Authorization => $_ }), 'does not signin') for "Basic $key", "Bearer$key", "Bearer $key x", "x$key", $key . 'x', substr($key, 0, -1), 'Bearer';
    named(detail_with($number, { Authorization => $_ }), 'lack of parameters') for '', ' ';
    named(api(POST => company_path('detail') . "?api_key=$key", json => { order_number => $number }), 'lack of parameters');
    is(api(POST => company_path('detail'), form => [ order_number => $number ], headers => { Authorization => $key })->code, 200, 'a form with the key in Authorization');
};

subtest 'a key in the URL is ignored' => sub {
    my $number  = sell($seller, type => 'cash_consumer_app');
    my $sale    = paid_sale($seller);
    my $invoice = invoice_of($sale->{number});
    named(api(GET => "/order/$number/detail?api_key=$consumer->{token}"), 'not_sign_in');
    named(api(GET => "/order/$sale->{number}/invoice/$invoice/download?api_key=$seller->{token}"), 'does not signin');
};

# --- every route with every kind of key -----------------------------------------------------------------------------

my $expired = make_token($seller, scopes => [qw(seller buyer)]);
db()->do(q(UPDATE orders.token SET created_at = now() - interval '2 hours', expires_at = now() - interval '1 hour'
    WHERE tenant_id = 1 AND hash = sha256(convert_to(?, 'UTF8'))), undef, $expired);
my $revoked = make_token($seller, scopes => [qw(seller buyer)]);
db()->do(q(UPDATE orders.token SET revoked_at = now() WHERE tenant_id = 1 AND hash = sha256(convert_to(?, 'UTF8'))), undef, $revoked);
my $left = make_company_member($shop, scopes => [qw(seller buyer)]);
db()->do('UPDATE orders.users SET active = false WHERE tenant_id = 1 AND id = ?', undef, $left->{id});
db()->do(q(INSERT INTO orders.tenant (id, name, currency) VALUES (7, 'other', 'USD') ON CONFLICT DO NOTHING));
db()->do(q(INSERT INTO orders.users (tenant_id, id, external_ref, name) VALUES (7, ?, ?, 'Stranger') ON CONFLICT DO NOTHING), undef, $seller->{id}, unique('stranger'));
my $foreign = unique('ord_7_foreign') . 'x' x 20;
db()->do(q(INSERT INTO orders.token (tenant_id, user_id, hash, hint, scopes) VALUES (7, ?, sha256(convert_to(?, 'UTF8')), 'x', '{seller,buyer}')), undef, $seller->{id}, $foreign);

my %nobody = (
    'nonsense'         => 'nonsense',
    'an unknown key'   => 'ord_1_' . 'A' x 43,
    'a very long one'  => 'x' x 5000,
    'of no ASCII'      => "ord_\x{738b}",
    'an expired one'   => $expired,
    'a revoked one'    => $revoked,
    'of a gone user'   => $left->{token},
    'another tenant\'s' => $foreign,
);

# The rows that a request could change. The worker may still process orders of earlier files, as the system.
sub traces
{
    return join ' ', map { (rows("SELECT count(*) AS n FROM orders.$_"))[0]{n} } "event WHERE actor <> 'system'",
        qw(orders payment refund order_address mail cart_line);
}

my $cart  = make_cart($seller);
my $paid  = paid_sale($seller)->{number};
my $open  = sell($seller, type => 'cash_consumer_app');
my $bill  = invoice_of($paid);
my %address = (given_name => 'A', family_name => 'B', title => 0);
my @routes = (
    [ list         => 'seller', 'does not signin', {} ],
    [ create       => 'seller', 'does not signin', { cart_id => $cart->{id}, type => 'cash' } ],
    [ payment      => 'seller', 'does not signin', { order_number => $open, transaction_id => 'x' } ],
    [ cancel       => 'seller', 'does not signin', { order_number => $open } ],
    [ refund       => 'seller', 'does not signin', { order_number => $paid } ],
    [ refund_query => 'seller', 'does not signin', { order_number => $paid } ],
    [ detail       => 'seller', 'does not signin', { order_number => $paid } ],
    [ send         => 'seller', 'does not signin', { order_number => $open, email => 'a@example.test' } ],
    [ confirm      => 'buyer',  'not_sign_in',     { order_number => $open } ],
    [ edit         => 'buyer',  'not_sign_in',     { order_number => $open, billing_address => \%address } ],
);

for my $who (sort keys %nobody) {
    subtest "a key that is $who" => sub {
        my $before = traces();
        named(company($_->[0], { token => $nobody{$who} }, %{ $_->[3] }), $_->[2]) for @routes;
        if ($nobody{$who} !~ /[^\x20-\x7e]/) {
            named(api(GET => "/order/$open/detail", headers => { Authorization => $nobody{$who} }), 'not_sign_in');
            named(api(GET => "/order/$paid/invoice/$bill/download", headers => { Authorization => $nobody{$who} }), 'does not signin');
        }
        is(traces(), $before, 'nothing has changed');
    };
}

subtest 'a missing key' => sub {
    my $before = traces();
    named(company($_->[0], undef, %{ $_->[3] }), $_->[0] eq 'send' || $_->[1] eq 'buyer' ? $_->[2] : 'lack of parameters') for @routes;
    named(api(GET => "/order/$open/detail"), 'not_sign_in');
    named(api(GET => "/order/$paid/invoice/$bill/download"), 'does not signin');
    is(traces(), $before, 'nothing has changed');
};

subtest 'a key with another scope' => sub {
    my $before = traces();
    my %as = map { $_ => { token => make_token($seller, scopes => [$_]) } } qw(seller buyer operator);
    for my $route (@routes) {
        my ($name, $scope, $word, $fields) = @$route;
        named(company($name, $as{$_}, %$fields), $word) for grep { $_ ne $scope } sort keys %as;
    }
    named(consumer($open, $as{$_}), 'not_sign_in') for qw(seller operator);
    named(api(GET => "/order/$paid/invoice/$bill/download", headers => { Authorization => $as{operator}{token} }), 'does not signin');
    is(traces(), $before, 'nothing has changed');
    my $both = { token => make_token($seller, scopes => [qw(seller buyer)]) };
    is(company('list', $both)->code, 200, 'a key with both scopes is accepted');
    is(consumer($open, $both)->code, 200, 'a key with both scopes is accepted for a buyer');
};

subtest 'keys in responses and logs' => sub {
    my $mark = log_mark();
    my $reply = company('detail', { token => $revoked }, order_number => $paid);
    unlike($reply->as_string, qr/\Q$revoked\E/, 'the response does not repeat the key');
    company('detail', $seller, order_number => $paid);
    unlike(join('', log_since($mark)), qr/\Q$seller->{token}\E|\Q$revoked\E|\Q$seller->{email}\E/, 'the log has no key');
};

# --- users of httpd's own authentication ----------------------------------------------------------------------------

# t/conf/basic.passwd has two users, the database has one of them; in this test the user is a salesperson.
subtest 'OrdersIdentity remote-user' => sub {
    make_user(ref => 'known', login => 'known') unless rows(q(SELECT 1 FROM orders.users WHERE tenant_id = 1 AND login = 'known'));
    my ($known) = rows(q(SELECT id, external_ref AS ref FROM orders.users WHERE tenant_id = 1 AND login = 'known'));
    my @basic   = (basic => [ 'known', 'sesame' ]);
    my $post    = sub { my ($route, %fields) = @_; ask(POST => '/basic/company' . company_path($route), @basic, json => \%fields) };
    my $choose  = sub { db()->do('UPDATE orders.users SET current_company_id = ? WHERE tenant_id = 1 AND id = ?', undef, $_[0], $known->{id}) };
    $choose->(undef);
    named($post->('list'), 'not select company yet');
    $choose->($shop->{id});
    named($post->('list'), 'not company member');
    upsert('memberships', my $membership = unique('membership'), company => $shop->{ref}, user => $known->{ref}, role => 'salesperson');
    is($post->('list')->code, 200, 'the request needs no key');
    named($post->('detail'), 'lack of parameters');
    is($post->('detail', api_key => 'nonsense', order_number => $paid)->{json}{number}, $paid, 'a key is ignored');
    my $made = $post->('create', cart_id => make_cart({ ref => $known->{ref}, company => $shop })->{id}, type => 'cash_consumer_app')->{json};
    is_deeply([ qr_texts($made->{qrcode}) ], [ base_url() . "/basic/company/order/$made->{order_number}/detail" ], 'the code has the URL of this mount');
    is(ask(GET => "/basic/company/order/$made->{order_number}/detail", @basic)->code, 200, 'the page of the order exists');
    is(ask(POST => '/basic/company' . company_path('list'), json => { api_key => $seller->{token} })->code, 401, 'httpd requires a login');
    named(ask(POST => '/basic/company' . company_path('list'), basic => [ 'unknown', 'sesame' ], json => {}), 'does not signin');
    my $strange = ask(POST => '/basic/company' . company_path('list'), @basic, json => {}, headers => { Origin => 'https://evil.example' });
    named($strange, 'does not signin');
    $choose->(undef);
    db()->do('DELETE FROM orders.membership WHERE tenant_id = 1 AND external_ref = ?', undef, $membership);
};

invariants_hold();
done;
