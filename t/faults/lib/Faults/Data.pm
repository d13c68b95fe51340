# SPDX-License-Identifier: Apache-2.0
#
# The users, plans and coupons of all scenarios. Tokens are derived from names, so that scenarios need no lookup: secret('buyer-7').
package Faults::Data;

use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Exporter qw(import);

our @EXPORT_OK = qw(secret);

our $buyers = 256;
our $funds = 1_000_000_00;

sub secret { return "ord_1_" . sha256_hex("faults $_[0]") }

# plan => [id, price]
our %plan = (
    hundred => [1, 100], ten => [2, 1000], odd => [3, 333], free => [4, 0], dear => [5, 400_000_00],
);

sub load {
    my ($db, $channel) = @_;
    $db->begin_work;
    $db->do(q(INSERT INTO orders.users (tenant_id, id, external_ref, login, name)
              SELECT 1, n, 'buyer-' || n, 'buyer-' || n, 'Buyer ' || n FROM generate_series(1, ?) n), undef, $buyers);
    $db->do(q(INSERT INTO orders.users (tenant_id, id, external_ref, login, name) VALUES (1, 900, 'operator', 'operator', 'Operator')));
    my $token = $db->prepare(q(INSERT INTO orders.token (tenant_id, user_id, hash, hint, scopes)
                               VALUES (1, ?, sha256(convert_to(?, 'UTF8')), 'faults', ?)));
    $token->execute($_, secret("buyer-$_"), ['buyer']) for 1 .. $buyers;
    $token->execute(900, secret('operator'), ['operator']);
    my $plan = $db->prepare(q(INSERT INTO orders.plan (tenant_id, id, external_ref, slug, name, price, currency,
                                                       duration_unit, duration_value)
                              VALUES (1, ?, ?, ?, ?, ?, 'USD', 'month', 1)));
    $plan->execute($plan{$_}[0], $_, $_, "Plan $_", $plan{$_}[1]) for sort keys %plan;
    $db->do(q(INSERT INTO orders.coupon (tenant_id, external_ref, code, kind, percent_bp, max_uses)
              VALUES (1, 'tenfold', 'TENFOLD', 'percent', 1000, 10), (1, 'many', 'MANY', 'percent', 1500, 5000)));
    $db->do(q(INSERT INTO orders.payment_channel (tenant_id, external_ref, name, provider)
              SELECT 1, name, initcap(name), 'http' FROM unnest(ARRAY['simulator', 'gone', 'half', 'removed']) name));
    my $fund = $db->prepare(q(SELECT count(*) FROM orders_v1.post_balance(1, 'operator', 'operator', 900, 'faults.fund', NULL, NULL,
                              ?::bigint, ?::bigint, 'USD', 'start')));
    $fund->execute($_, $funds) for 1 .. $buyers;
    for my $table (qw(users plan)) {
        $db->do("SELECT setval(pg_get_serial_sequence('orders.$table', 'id'), 1000)");
    }
    $db->commit;
    $db->do('VACUUM ANALYZE');
}

1;
