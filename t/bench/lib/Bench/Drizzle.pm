# SPDX-License-Identifier: Apache-2.0
#
# The database of the Drizzle service, on the PostgreSQL of the stand, and the checks of its responses before the measurement.
package Bench::Drizzle;

use strict;
use warnings;
use Bench::Users ();
use Digest::SHA;
use Exporter qw(import);
use HTTP::Tiny;
use JSON::PP ();
use ModOrders::Files qw(write_file);

our @EXPORT_OK = qw(load_drizzle check_drizzle);

use constant DATABASE => 'drizzle';    # also the name of the role

# Loads the rows of data.sql, unless an earlier run has kept them, and creates a token for each active user.
sub load_drizzle {
    my ($stand, $data) = @_;
    my $file = "$ModOrders::Stand::root/t/bench/drizzle/tables.sql";
    my $stamp = Digest::SHA->new(256)->addfile($file)->hexdigest;
    my @have = $stand->sql("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '" . DATABASE . q{'});
    if (!@have || $have[0] ne $stamp) {
        Bench::Stand::say_what("making the same orders for the Drizzle service");
        my ($role) = $stand->sql(q{SELECT count(*) FROM pg_roles WHERE rolname = '} . DATABASE . q{'});
        $stand->sql('DROP DATABASE ' . DATABASE) if @have;
        $stand->sql('CREATE ROLE ' . DATABASE . ' LOGIN') if !$role;
        $stand->sql('CREATE DATABASE ' . DATABASE . ' OWNER ' . DATABASE);
        my %value = (orders => $stand->{orders}, users => $stand->{users}, map { ($_ . 0 => $data->{first}{$_}) } qw(user order plan));
        $stand->run_step('drizzle_data', $stand->psql_command('-d', DATABASE, '-U', DATABASE, (map { ('-v', "$_=$value{$_}") } sort keys %value),
                '-f', $file));
        $stand->sql('CHECKPOINT');
        $stand->sql('COMMENT ON DATABASE ' . DATABASE . " IS '$stamp'");
    }
    my $values = join ",\n", map { "($_->{user}, '$_->{token}')" } @{$data->{targets}{list}};
    my $tokens = "$stand->{dir}/drizzle_tokens.sql";
    write_file($tokens, "INSERT INTO tokens (user_id, hash, scopes)\n"
      . "SELECT v.id, sha256(v.secret::bytea), '{buyer,seller,operator}' FROM (VALUES\n$values) AS v (id, secret)\nON CONFLICT DO NOTHING;\nANALYZE tokens;\n");
    $stand->run_step('drizzle_tokens', $stand->psql_command('-d', DATABASE, '-U', DATABASE, '-f', $tokens));
    return;
}

# --- checks --------------------------------------------------------------------------------------------------------

# Dies if a response or a stored row of the service is wrong. $goods is the request for an order of one item, as in
# Bench::Operations.
sub check_drizzle {
    my ($stand, $data, $goods) = @_;
    my $self = bless {stand => $stand, url => $stand->service_url('drizzle'), token => $data->{probe}{token}, user => $data->{probe}{user}}, __PACKAGE__;
    $self->check_reads($data->{probe}{order});
    $self->check_plan($data->{probe}{plan});
    $self->check_goods($goods);
    $self->check_refusals($data->{probe}{plan}, $goods);
    $self->check_ledger;
    return;
}

sub request {
    my ($self, $method, $path, $body, $token) = @_;
    my %headers = (Authorization => 'Bearer ' . ($token // $self->{token}));
    $headers{'Content-Type'} = 'application/json' if defined $body;
    my $answer = HTTP::Tiny->new(timeout => 20)->request($method, $self->{url} . $path, {headers => \%headers, defined $body ? (content => $body) : ()});
    return ($answer->{status} + 0, eval { JSON::PP->new->utf8->decode($answer->{content}) } // $answer->{content});
}

sub expect {
    my ($what, $got, $expected) = @_;
    my $json = JSON::PP->new->canonical->allow_nonref;
    ($got, $expected) = map { $json->encode($_) } $got, $expected;
    die "the Drizzle service: $what is $got, not $expected\n" if $got ne $expected;
    return;
}

# Converts numbers of the database to JSON numbers.
sub figures {
    my ($self, $query) = @_;
    return map { $_ + 0 } split /\|/, $self->{stand}->sql($query, DATABASE);
}

sub balance {
    my ($self) = @_;
    return ($self->figures("SELECT amount FROM balances WHERE user_id = $self->{user} AND currency = 'USD'"))[0];
}

sub pieces {
    my ($self) = @_;
    return ($self->figures(q{SELECT s.available FROM stock s JOIN variants v ON v.id = s.variant_id WHERE v.ref = 'v1'}))[0];
}

sub check_reads {
    my ($self, $order) = @_;
    my ($status, $page) = $self->request(GET => '/api/v1/user/orders');
    expect('the status of a list', $status, 200);
    my ($total) = $self->figures("SELECT count(*) FROM orders WHERE user_id = $self->{user}");
    expect('the count of a list', $page->{pagination}{total_count}, $total);
    my @ids = $self->figures("SELECT string_agg(id::text, '|') FROM (SELECT id FROM orders WHERE user_id = $self->{user} "
          . 'ORDER BY created_at DESC, id DESC LIMIT 20) AS o');
    expect('the page', [map { $_->{id} } @{$page->{orders}}], \@ids);
    my ($found, $single) = $self->request(GET => "/api/v1/user/orders/$ids[0]");
    expect('the status of a detail', $found, 200);
    expect('the order of a detail', $single->{order}, $page->{orders}[0]);
    my ($lines, $sum, $total_of) = $self->figures('SELECT count(*), sum(l.subtotal), sum(l.subtotal) + o.shipping FROM order_lines l '
          . "JOIN orders o ON o.id = l.order_id WHERE o.id = $ids[0] GROUP BY o.id");
    my @items = @{$single->{order}{items}};
    expect('the line items of a detail', [scalar @items, sum(map { $_->{subtotal_cents} } @items)], [$lines, $sum]);
    expect('the total of a detail', $single->{order}{total_cents}, $total_of);
    expect('the balance of a detail', $single->{balance}{balance_cents}, $self->balance);
    expect('the status of the order of another user', ($self->request(GET => '/api/v1/user/orders/' . ($order + 1)))[0], 404);
    expect('the status without a valid token', ($self->request(GET => '/api/v1/user/orders', undef, 'ord_1_wrong'))[0], 401);
    return;
}

sub sum { my $sum = 0; $sum += $_ for @_; return $sum }

sub check_plan {
    my ($self, $plan) = @_;
    my $before = $self->balance;
    my ($price) = $self->figures("SELECT price FROM plans WHERE id = $plan");
    my ($status, $placed) = $self->request(POST => '/api/v1/user/orders', qq({"plan_id":$plan,"quantity":2,"payment_method":"balance"}));
    expect('the status of a create', $status, 200);
    my $order = $placed->{order};
    expect('the total of a create', $order->{total_cents}, 2 * $price);
    expect('the line items of a create', [map { [@$_{qw(item_id quantity unit_price_cents subtotal_cents)}] } @{$order->{items}}],
        [[$plan + 0, 2, $price, 2 * $price]]);
    expect('the payments of a create', [map { [@$_{qw(status amount_cents)}] } @{$order->{payments}}], [['succeeded', 2 * $price]]);
    expect('the balance of a create', [$placed->{balance}{balance_cents}, $self->balance], [($before - 2 * $price) x 2]);
    expect('the order in the response of a create', $placed, ($self->request(GET => "/api/v1/user/orders/$order->{id}"))[1]);
    return;
}

sub check_goods {
    my ($self, $goods) = @_;
    my ($before, $stock) = ($self->balance, $self->pieces);
    my ($status, $order) = $self->request(POST => $goods->{path}, $goods->{body});
    expect('the status of an order of goods', $status, 201);
    expect('the sums of an order of goods', [@$order{qw(subtotal_cents shipping_cents total_cents)}], [2500, 500, 3000]);
    expect('the city of an order of goods', $order->{shipping_address}{city}, 'Springfield');
    my ($found, $read) = $self->request(GET => "/api/v1/user/orders/$order->{id}");
    expect('the order of goods, read back', [$found, @{$read->{order}}{qw(id total_cents items payments)}], [200, @$order{qw(id total_cents items payments)}]);
    expect('the balance after an order of goods', $self->balance, $before - 3000);
    expect('the stock after an order of goods', $self->pieces, $stock - 1);
    return;
}

# A refused order must not change the database.
sub check_refusals {
    my ($self, $plan, $goods) = @_;
    my $state = sub { [$self->balance, $self->pieces, $self->figures('SELECT (SELECT count(*) FROM orders WHERE created_at > now() - interval \'1 day\' '
          . "AND user_id = $self->{user}), (SELECT max(id) FROM ledger)")] };
    my $before = $state->();
    my ($many) = $goods->{body} =~ s/"quantity":1\b/'"quantity":' . ($self->pieces + 1)/er;
    expect('the response to a quantity above the stock', [answer_code($self->request(POST => $goods->{path}, $many))], [409, 'insufficient_stock']);
    expect('the state after that', $state->(), $before);
    my $set = sub { $self->{stand}->sql("UPDATE balances SET amount = $_[0] WHERE user_id = $self->{user} AND currency = 'USD'", DATABASE) };
    $set->(2999);
    my @refused = map { [answer_code($self->request(POST => @$_))] }
      ['/api/v1/user/orders', qq({"plan_id":$plan,"quantity":10,"payment_method":"balance"})], [$goods->{path}, $goods->{body}];
    my $left = $self->balance;
    $set->($before->[0]);
    expect('the responses to orders beyond the balance', \@refused, [([402, 'insufficient_balance']) x 2]);
    expect('the balance after that', $left, 2999);
    expect('the state after that', $state->(), $before);
    return;
}

sub answer_code { my ($status, $answer) = @_; return ($status, ref $answer ? $answer->{code} : $answer) }

# The sum of the ledger entries must be the balance.
sub check_ledger {
    my ($self) = @_;
    my ($sum) = $self->figures("SELECT sum(CASE entry_type WHEN 'purchase' THEN -amount ELSE amount END) FROM ledger "
          . "WHERE user_id = $self->{user} AND currency = 'USD'");
    expect('the sum of the ledger', $sum, $self->balance);
    return;
}

1;
