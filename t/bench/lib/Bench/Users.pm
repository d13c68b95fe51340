# SPDX-License-Identifier: Apache-2.0
#
# The users that send requests in a run, and their orders. In data.sql order n belongs to user (n * 7919) mod users. This is checked here,
# because pgbench chooses random orders by this formula.
package Bench::Users;

use strict;
use warnings;
use Exporter qw(import);
use ModOrders::Files qw(write_file);

our @EXPORT_OK = qw(prepare_users);

use constant ORDERS_EACH => 20;    # orders of each active user whose details are requested

sub token_of { return sprintf 'ord_1_bench-%08d-0123456789abcdef', $_[0] }

sub prepare_users {
    my ($stand) = @_;
    my ($u0, $users) = split /\|/, $stand->sql("SELECT min(id), count(*) FROM orders.users WHERE tenant_id = 1 AND login LIKE 'bench%'");
    my ($o0) = $stand->sql('SELECT min(id) - 1 FROM orders.orders WHERE tenant_id = 1');
    my ($plan0) = $stand->sql(q{SELECT min(id) - 1 FROM orders.plan WHERE tenant_id = 1 AND slug LIKE 'bench-plan-%'});
    my ($plan) = $stand->sql("SELECT max(id) FROM orders.plan WHERE tenant_id = 1 AND status = 'on_sale' AND price > 0");
    my $depth = int($stand->{orders} / $users);
    my ($strays) = $stand->sql("SELECT count(*) FROM orders.orders WHERE tenant_id = 1 AND id <= $o0 + $stand->{orders} "
          . "AND buyer_id IS DISTINCT FROM $u0 + (id - $o0) * 7919 % $users");
    die "t/bench/data.sql assigns orders to users by another formula: $strays orders belong to another user\n" if $strays;
    my $active = $stand->{active} < $users ? $stand->{active} : $users;
    my $stride = int($users / $active);
    my $each = $depth < ORDERS_EACH ? $depth : ORDERS_EACH;
    my $deep = int($depth / $each);
    my (@people, @views);
    for my $k (0 .. $active - 1) {
        my $n = 1 + $k * $stride;
        my $user = $u0 + $n * 7919 % $users;
        push @people, {user => $user, token => token_of($user), plan => $plan};
        push @views, map { {%{$people[-1]}, order => $o0 + $n + $users * $deep * $_} } 0 .. $each - 1;
    }
    give_tokens($stand, map { $_->{user} } @people);
    my $person = "\\set n 1 + random(0, " . ($active - 1) . ") * $stride\n\\set user $u0 + :n * 7919 % $users";
    return {
        probe => $views[int(@views / 2) + 1],
        first => {user => $u0, order => $o0, plan => $plan0},
        targets => {list => \@people, create => \@people, detail => \@views},
        draw => {
            list => $person,
            create => "$person\n\\set plan $plan",
            detail => "$person\n\\set order $o0 + :n + $users * $deep * random(0, " . ($each - 1) . ")",
        },
    };
}

# Creates a token with all scopes and a sufficient balance for each of them.
sub give_tokens {
    my ($stand, @users) = @_;
    my $values = join ",\n", map { "($_, '" . token_of($_) . "')" } @users;
    my $file = "$stand->{dir}/tokens.sql";
    write_file($file, "INSERT INTO orders.token (tenant_id, user_id, hash, scopes)\n"
      . "SELECT 1, v.id, sha256(v.secret::bytea), '{buyer,seller,operator}' FROM (VALUES\n$values) AS v (id, secret)\n"
      . "ON CONFLICT (tenant_id, hash) DO NOTHING;\nANALYZE orders.token;\n");
    $stand->run_step('tokens', $stand->psql_command('-f', $file));
}

1;
