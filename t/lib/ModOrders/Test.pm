# SPDX-License-Identifier: Apache-2.0
package ModOrders::Test;

# Helpers for all suites: requests and responses, users, plans and balances, the database and the error log.
#
#     use ModOrders::Test;
#
#     my $buyer = make_user(balance => 50_00);
#     my $plan  = make_plan(price => 20_00);
#     my $reply = api(POST => '/api/v1/user/orders', token => $buyer->{token}, json => { plan_id => $plan->{id} });
#     is($reply->code, 200);
#     is($reply->{json}{order}{status}, 'paid');
#     refused(api(GET => '/api/v1/user/orders/1', token => $buyer->{token}), 404, 'not_found');
#     done;
#
# Each test creates its own data with unique names, so that it depends neither on other tests nor on an empty database. api() validates
# responses, and successful requests, with docs/openapi. A mismatch is a failed test.

use strict;
use warnings;

use Apache::Test ();
use Cwd qw(abs_path);
use DBI ();
use Digest::SHA qw(sha256 sha256_hex);
use Exporter qw(import);
use File::Basename qw(dirname);
use HTTP::Request ();
use JSON::PP ();
use LWP::UserAgent ();
use ModOrders::Process qw(wait_for);
use ModOrders::Random qw(random_bytes unique);
use ModOrders::Simulator ();
use POSIX ();
use Test::More import => ['!done_testing'];
use Time::HiRes qw(sleep time);

our @EXPORT = (
    @Test::More::EXPORT, qw(
        api ask ask_at_once base_url member_names refused done unique
        make_user known_user make_token make_plan make_billing_option make_coupon make_channel top_up
        operator upsert place
        db api_db rows order_row order_count key_of make_due let_expire end_in_error due_row invariants_hold
        log_mark log_since wait_for wait_for_log
        start_simulator
    )
);

our $top = dirname(dirname(dirname(dirname(abs_path(__FILE__)))));

my $JSON = JSON::PP->new->utf8->canonical->allow_nonref;

# --- requests ------------------------------------------------------------------------------------------------------

sub base_url
{
    local $_; # the first call reads files, which changes $_
    return 'http://127.0.0.1:' . Apache::Test::vars('port');
}

my ($agent, $agent_of) = (undef, 0);

# Sends a request. Options: token, json (a structure), form (a list of pairs), body (bytes) and type, headers (a hash), basic ([user,
# password]), unchecked (do not validate with docs/openapi). Returns an HTTP::Response; its {json} is the decoded body, if that is JSON.
sub ask
{
    my ($method, $path, %with) = @_;
    # a forked process must not use the connections of its parent
    undef $agent if $agent_of != $$;
    $agent_of = $$;
    $agent ||= LWP::UserAgent->new(keep_alive => 4, timeout => 120, max_redirect => 0, no_proxy => ['127.0.0.1']);
    my $request = HTTP::Request->new($method => $path =~ m{^https?:} ? $path : base_url() . $path);
    $request->header(Authorization => "Bearer $with{token}") if defined $with{token};
    $request->authorization_basic(@{ $with{basic} }) if $with{basic};
    if (exists $with{json}) {
        $request->content_type('application/json');
        $request->content($JSON->encode($with{json}));
    } elsif ($with{form}) {
        my $uri = URI->new;
        $uri->query_form(@{ $with{form} });
        $request->content_type('application/x-www-form-urlencoded');
        $request->content($uri->query // '');
    } elsif (defined $with{body}) {
        $request->content_type($with{type} // 'application/json');
        $request->content($with{body});
    }
    $request->header('Content-Length' => length $request->content) if length $request->content || $method =~ /^P/;
    $request->header($_ => $with{headers}{$_}) for keys %{ $with{headers} || {} };
    my $reply = $agent->request($request);
    if (($reply->content_type // '') =~ m{^application/(?:[\w.-]+\+)?json$} && length $reply->content) {
        $reply->{json} = eval { $JSON->decode($reply->content) };
    }
    return $reply;
}

# Sends requests, each a list of arguments of ask, from separate processes at the same time. Returns {code}, {content}, {json} of the responses, in
# the order of the requests. {code} is 0 if there is no response.
sub ask_at_once
{
    my (@requests) = @_;
    pipe my $gate, my $opens or die "pipe: $!";
    my @children;
    for my $request (@requests) {
        pipe my $out, my $in or die "pipe: $!";
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            close $opens;
            sysread $gate, my $go, 1;
            my $reply = eval { ask(@$request) };
            print {$in} $reply ? $reply->code . ' ' . $reply->content : "0 $@";
            close $in;
            POSIX::_exit(0);
        }
        close $in;
        push @children, [ $pid, $out ];
    }
    close $gate;
    close $opens;
    return map {
        my ($pid, $out) = @$_;
        my $text = do { local $/; <$out> } // '';
        waitpid $pid, 0;
        my ($code, $content) = $text =~ /\A(\d+) (.*)\z/s;
        { code => $code // 0, content => $content, json => scalar eval { $JSON->decode($content) } };
    } @children;
}

my $openapi;

# Set while a test sends requests that are accepted but do not match docs/openapi: only responses are validated.
our $undescribed = 0;

sub api
{
    my ($method, $path, %with) = @_;
    my $reply = ask($method, $path, %with);
    return $reply if $with{unchecked};
    $openapi //= openapi();
    my $type = $reply->header('Content-Type');
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    fail("fits docs/openapi: $_") for $openapi->wrong(
        method => $method, path => $path, status => $reply->code,
        type => $type, body => $method eq 'HEAD' ? '' : $reply->content,
        headers => { map { lc $_ => scalar $reply->header($_) } $reply->headers->header_field_names },
        ($undescribed ? () : (request => $reply->request)),
    );
    return $reply;
}

sub openapi
{
    require ModOrders::OpenAPI;
    return ModOrders::OpenAPI->new(glob "$top/docs/openapi/*.yaml");
}

# Tests that the response is a problem with this status and code and, if given, errors of these fields, in any order.
sub refused
{
    my ($reply, $status, $code, @fields) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $what   = $reply->request->method . ' ' . $reply->request->uri->path;
    my $answer = $reply->{json};
    my @named  = ref $answer eq 'HASH' ? map { $_->{field} } @{ $answer->{errors} || [] } : ();
    my $same   = $reply->code == $status && ref $answer eq 'HASH' && ($answer->{code} // '') eq $code;
    $same &&= ($answer->{message} // '') eq $answer->{detail};
    $same &&= join(' ', sort @fields) eq join(' ', sort @named) if @fields;
    ok($same, "$what is refused with $status $code @fields") or diag($reply->as_string);
    return $same;
}

# The names of the members of an object, sorted.
sub member_names
{
    my ($object) = @_;
    return ref $object eq 'HASH' ? join ' ', sort keys %$object : '(no object)';
}

# To be called at the end of a test file.
sub done
{
    Test::More::done_testing();
}

# --- users, plans, balances ----------------------------------------------------------------------------------------

# Calls an SQL write function as an operator. Returns the rows of its result.
sub call_as_operator
{
    my ($function, @arguments) = @_;
    my $holes = join ', ', map { defined && /^p_/ ? () : '?' } @arguments;
    return rows("SELECT * FROM orders_v1.$function(1, 'operator', 'operator', 0, 'test', NULL, NULL, $holes)", @arguments);
}

# Creates or replaces a catalogue entry. Returns its id.
sub upsert
{
    my ($kind, $ref, %document) = @_;
    my ($row) = call_as_operator('catalogue_upsert', $kind, $ref, JSON::PP->new->canonical->encode(\%document));
    return $row->{id};
}

# Creates a user: {id}, {ref}, {login}, {token}. Options: login, name, email, ref, scopes, balance (minor units), currency, active.
sub make_user
{
    my (%with) = @_;
    my $ref   = $with{ref} // unique('user');
    my $login = exists $with{login} ? $with{login} : $ref;
    my %user  = (ref => $ref, login => $login, name => $with{name} // "User $ref", email => $with{email} // "$ref\@example.test");
    $user{id} = upsert(
        'users', $ref, login => $login, name => $user{name}, email => $user{email},
        (defined $with{active} ? (active => $with{active} ? JSON::PP::true : JSON::PP::false) : ()),
    );
    $user{token} = make_token(\%user, scopes => $with{scopes} // ['buyer']);
    top_up(\%user, $with{balance}, $with{currency} // 'USD') if $with{balance};
    return \%user;
}

# The user of mod_auth_basic at /basic, whose login is `known`. Suites share it.
sub known_user
{
    my ($there) = rows(q(SELECT external_ref AS ref FROM orders.users WHERE tenant_id = 1 AND login = 'known'));
    return make_user(login => 'known', ref => $there ? $there->{ref} : 'known');
}

# Issues a token and returns it. Options: scopes, expires_in (seconds).
sub make_token
{
    my ($user, %with) = @_;
    my $secret = 'ord_1_' . substr sha256_hex(random_bytes(32)), 0, 43;
    my $handle = db()->prepare(
        q(SELECT * FROM orders_v1.issue_token(1, 'operator', 'operator', 0, 'test', NULL, NULL, ?, ?, ?, ?, ?)));
    $handle->bind_param(1, $user->{id});
    $handle->bind_param(2, $with{scopes} // ['buyer']);
    $handle->bind_param(3, $with{expires_in});
    $handle->bind_param(4, sha256($secret), { pg_type => DBD::Pg::PG_BYTEA() });
    $handle->bind_param(5, substr($secret, 0, 10));
    $handle->execute;
    return $secret;
}

# A user with the scope operator. Created once per test file.
my $operator;

sub operator
{
    return $operator ||= make_user(scopes => ['operator'], name => 'Operator');
}

# Creates a plan. Options: price (minor units), currency, name, status (on_sale, hidden, retired), and any other field of a plan.
sub make_plan
{
    my (%with) = @_;
    my $ref = delete $with{ref} // unique('plan');
    my %plan = (
        name => "Plan $ref", price => 1000, currency => 'USD', duration_unit => 'month', duration_value => 1,
        features => ['one', 'two'], %with,
    );
    return { %plan, ref => $ref, id => upsert('plans', $ref, %plan) };
}

sub make_billing_option
{
    my ($plan, %with) = @_;
    my $ref = delete $with{ref} // unique('option');
    my %option = (plan => $plan->{ref}, name => "Option $ref", price => 9000, duration_unit => 'year', duration_value => 1, %with);
    return { %option, ref => $ref, id => upsert('billing-options', $ref, %option) };
}

# Creates a coupon, by default of 10 percent. Options: percent_bp, or amount and currency; minimum, starts_at, ends_at, max_uses,
# max_uses_per_user.
sub make_coupon
{
    my (%with) = @_;
    my $ref = delete $with{ref} // unique('coupon');
    my %coupon = (code => uc $ref, ($with{amount} ? (currency => 'USD') : (percent_bp => 1000)), %with);
    return { %coupon, ref => $ref, id => upsert('coupons', $ref, %coupon) };
}

# Creates the catalogue entry of a payment channel. Its OrdersPaymentChannel is in t/conf.
sub make_channel
{
    my ($name, %with) = @_;
    return upsert('payment-channels', $name, provider => 'http', %with);
}

sub top_up
{
    my ($user, $amount, $currency) = @_;
    return (call_as_operator('post_balance', $user->{id}, $amount, $currency // 'USD', unique('top-up')))[0];
}

# Places an order of a plan (of make_plan) through the user API. Options: the fields of the request. Returns the decoded response.
sub place
{
    my ($user, $plan, %fields) = @_;
    my $reply = api(POST => '/api/v1/user/orders', token => $user->{token}, json => { plan_id => $plan->{id}, %fields });
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $reply->code == 200 or do { fail('an order is placed'); diag($reply->as_string) };
    return $reply->{json};
}

# --- the database --------------------------------------------------------------------------------------------------

my ($db, $api_db);

sub connect_as
{
    my ($user) = @_;
    return DBI->connect(
        "dbi:Pg:dbname=$ENV{PGDATABASE};host=$ENV{PGHOST};port=$ENV{PGPORT}", $user,
        $user eq 'orders_api' ? $ENV{ORDERS_API_PASSWORD} : $ENV{PGPASSWORD},
        { RaiseError => 1, PrintError => 0, AutoCommit => 1, pg_enable_utf8 => 1, pg_server_prepare => 0 },
    );
}

# A database session of the superuser, and one of the role of the module.
sub db     { return $db     ||= connect_as($ENV{PGUSER}) }
sub api_db { return $api_db ||= connect_as('orders_api') }

# The rows of a query as hashes.
sub rows
{
    my ($sql, @values) = @_;
    return @{ db()->selectall_arrayref($sql, { Slice => {} }, @values) };
}

sub order_row
{
    my ($id) = @_;
    return (rows('SELECT * FROM orders.orders WHERE tenant_id = 1 AND id = ?', $id))[0];
}

# The number of orders of a user.
sub order_count
{
    my ($user) = @_;
    return (rows('SELECT count(*) AS n FROM orders.orders WHERE tenant_id = 1 AND buyer_id = ?', $user->{id}))[0]{n};
}

# The provider key of a payment, by which its provider identifies it.
sub key_of
{
    my ($payment) = @_;
    return (rows('SELECT provider_key FROM orders.payment WHERE tenant_id = 1 AND id = ?', $payment))[0]{provider_key};
}

# The row of orders.due with the work of a kind for an order.
my %OF_ORDER = (
    expiry => '?',
    refund => 'SELECT id FROM orders.refund WHERE tenant_id = 1 AND order_id = ?',
    map { $_ => 'SELECT id FROM orders.payment WHERE tenant_id = 1 AND order_id = ?' } qw(intent capture),
);

sub due_row
{
    my ($kind, $order) = @_;
    return (rows("SELECT * FROM orders.due WHERE tenant_id = 1 AND kind = ? AND id IN ($OF_ORDER{$kind})", $kind, $order))[0];
}

# Makes this work due now.
sub make_due
{
    my ($kind, $order) = @_;
    return 0 + db()->do("UPDATE orders.due SET due_at = now() WHERE tenant_id = 1 AND kind = ? AND id IN ($OF_ORDER{$kind})", undef, $kind, $order);
}

# Sets the state of the order whose column has this value to `error`, which no request can do.
sub end_in_error
{
    my ($column, $value) = @_;
    db()->do(qq(SELECT orders_v1.close_payments(o.tenant_id, o.id, NULL),
                       orders_v1.move_order(orders_v1.system_context(1), o, orders_v1.closing_steps(o, 'error'), 0, 0, 'x')
                FROM orders.orders o WHERE o.tenant_id = 1 AND o.$column = ?), undef, $value);
    return;
}

# Sets the expiry of an order to a time, given as SQL.
sub let_expire
{
    my ($order, $when) = @_;
    return db()->do(
        "WITH late AS (UPDATE orders.orders SET expires_at = $when WHERE tenant_id = 1 AND id = ? RETURNING *)
         INSERT INTO orders.due (tenant_id, kind, id, due_at)
         SELECT 1, 'expiry', id, expires_at FROM late WHERE state = 'open' AND payment_state IN ('unpaid', 'confirming', 'failed')
         ON CONFLICT (tenant_id, kind, id) DO UPDATE SET due_at = excluded.due_at", undef, $order);
}

# Tests that all views of orders_check are empty.
sub invariants_hold
{
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @views = map { $_->{viewname} } rows(q(SELECT viewname FROM pg_views WHERE schemaname = 'orders_check' ORDER BY 1));
    my @broken = grep { rows(qq(SELECT 1 FROM orders_check."$_" LIMIT 1)) } @views;
    is("@broken", '', $name // 'the database is consistent');
    return ok(scalar @views, 'orders_check has views');
}

# --- httpd ---------------------------------------------------------------------------------------------------------

sub error_log
{
    return Apache::Test::vars('t_logs') . '/error_log';
}

# The current end of the error log, and the lines after a position.
sub log_mark
{
    return -s error_log() // 0;
}

sub log_since
{
    my ($mark) = @_;
    open my $in, '<', error_log() or return;
    seek $in, $mark, 0;
    return <$in>;
}

sub wait_for_log
{
    my ($mark, $pattern) = @_;
    return wait_for(sub { scalar grep { $_ =~ $pattern } log_since($mark) });
}

# Starts the payment provider of the channel `simulator` in t/conf. The destructor of the object stops it. See ModOrders::Simulator.
sub start_simulator
{
    my (%with) = @_;
    make_channel('simulator');
    my $simulator = ModOrders::Simulator->start(
        port => Apache::Test::vars('simulator_port'), secret_file => Apache::Test::vars('channel_secret_file'), %with);
    sleep 3 if calls_are_suspended(); # until the circuit breaker allows a call
    return $simulator;
}

# Whether the circuit breaker of the shared server suspends calls, because the simulator was down in an earlier test.
sub calls_are_suspended
{
    open my $in, '<', error_log() or return 0;
    my $suspended = 0;
    while (<$in>) {
        $suspended = 1 if /channel simulator: \d+ consecutive calls failed/;
        $suspended = 0 if /channel simulator: the provider replies again/;
    }
    return $suspended;
}

1;
