# SPDX-License-Identifier: Apache-2.0
#
# Checks the invariants over a separate connection: once at the end, or repeatedly during a load.
package Faults::Checker;

use strict;
use warnings;
use DBI;
use Faults::Text qw(from_json to_json);
use ModOrders::Files qw(slurp write_file);
use POSIX ();
use Time::HiRes qw(sleep time);

# The views of orders_check, except the one that combines them. Each has a row for each violation.
sub views {
    my ($db) = @_;
    return @{$db->selectcol_arrayref(q(SELECT viewname FROM pg_views WHERE schemaname = 'orders_check'
                                      AND viewname <> 'all_violations' ORDER BY viewname))};
}

# "view: row" for each violation, limited per view.
sub violations {
    my ($db) = @_;
    my @found;
    for my $view (views($db)) {
        my $rows = $db->selectcol_arrayref("SELECT to_jsonb(v)::text FROM orders_check.$view v LIMIT 3");
        push @found, map { "$view: $_" } @$rows;
    }
    return @found;
}

# Further invariants, written independently of the views, to detect views that miss a violation.
my %own = (
    'a balance is what was posted to it' => q(
        SELECT user_id, currency FROM (
            SELECT credit_user_id AS user_id, currency, amount FROM orders.posting WHERE credit_user_id IS NOT NULL
            UNION ALL SELECT debit_user_id, currency, -amount FROM orders.posting WHERE debit_user_id IS NOT NULL) p
        FULL JOIN orders.account a USING (user_id, currency)
        GROUP BY user_id, currency, a.balance HAVING a.balance IS DISTINCT FROM coalesce(sum(p.amount), 0)),
    'a paid order of the balance was debited once, and credited what was refunded' => q(
        SELECT o.id FROM orders.orders o
        LEFT JOIN orders.posting p ON p.tenant_id = o.tenant_id AND p.order_id = o.id
        WHERE o.payment_method = 'balance'
        GROUP BY o.tenant_id, o.id
        HAVING coalesce(sum(p.amount) FILTER (WHERE p.debit_user_id = o.buyer_id), 0) <> o.captured
            OR coalesce(sum(p.amount) FILTER (WHERE p.credit_user_id = o.buyer_id), 0) <> o.refunded),
    'refunds done are what the order says' => q(
        SELECT o.id FROM orders.orders o
        LEFT JOIN orders.refund r ON r.tenant_id = o.tenant_id AND r.order_id = o.id AND r.status = 'done'
          AND NOT r.surplus
        GROUP BY o.tenant_id, o.id HAVING coalesce(sum(r.amount), 0) <> o.refunded),
    'an order that was refunded in full before it was shipped is closed and holds nothing' => q(
        SELECT o.id FROM orders.orders o
        WHERE o.payment_state = 'refunded' AND o.fulfilment_state IN ('pending', 'confirmed', 'packed')
          AND (o.state = 'open'
               OR EXISTS (SELECT FROM orders.order_line l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id AND l.reserved > 0)
               OR EXISTS (SELECT FROM orders.coupon_redemption k
                          WHERE k.tenant_id = o.tenant_id AND k.order_id = o.id AND k.state <> 'released'))),
    'lines sum up' => q(
        SELECT o.id FROM orders.orders o JOIN orders.order_line l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
        GROUP BY o.tenant_id, o.id
        HAVING sum(l.subtotal) FILTER (WHERE l.kind NOT IN ('discount', 'voucher', 'shipping', 'tax')) <> o.subtotal),
    'no order is without lines, history and payment' => q(
        SELECT o.id FROM orders.orders o
        WHERE NOT EXISTS (SELECT FROM orders.order_line l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id)
           OR NOT EXISTS (SELECT FROM orders_v1.order_history h WHERE h.tenant_id = o.tenant_id AND h.order_id = o.id)
           OR o.total > 0 AND NOT EXISTS (SELECT FROM orders.payment p WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id)),
    'a coupon is used no more than it says' => q(
        SELECT c.code FROM orders.coupon c
        LEFT JOIN orders.coupon_redemption r
          ON r.tenant_id = c.tenant_id AND r.coupon_id = c.id AND r.state <> 'released'
        GROUP BY c.tenant_id, c.id HAVING count(r.order_id) > c.max_uses OR count(r.order_id) <> c.used),
    'one event a version' => q(
        SELECT o.id, o.version FROM orders.orders o
        LEFT JOIN orders.event e ON e.tenant_id = o.tenant_id AND e.subject = 'order' AND e.subject_id = o.id
        WHERE o.updated_at > now() - interval '1 hour'
        GROUP BY o.tenant_id, o.id HAVING count(e.id) <> o.version OR max(e.version) <> o.version),
);

sub own_violations {
    my ($db) = @_;
    my @found;
    for my $rule (sort keys %own) {
        my $rows = $db->selectall_arrayref("$own{$rule} LIMIT 3");
        push @found, map { "not so: $rule (@$_)" } @$rows;
    }
    return @found;
}

# Starts a process that repeats the checks and pauses as long as each check took. It reconnects when the connection is lost.
sub start {
    my ($class, $postgres) = @_;
    my $self = bless {file => "$postgres->{dir}/checker.json"}, $class;
    unlink $self->{file};
    $self->{pid} = fork() // die "fork: $!\n";
    return $self if $self->{pid};
    my $over = 0;
    local $SIG{TERM} = sub { $over = 1 };
    my %report = (rounds => 0, lost => 0, violations => []);
    my ($db, $analyzed) = (undef, 0);
    while (!$over) {
        my $began = time;
        my @found = eval {
            $db //= $postgres->connect;
            ($analyzed = $began), $db->do('ANALYZE') if $began > $analyzed + 3;    # for good plans on tables that grow fast
            violations($db);
        };
        if ($@) {
            $report{lost}++;
            undef $db;
            sleep 0.1;
            next;
        }
        $report{rounds}++;
        push @{$report{violations}}, @found if @{$report{violations}} < 20;
        sleep 0.02 + (time - $began);
    }
    eval { write_file($self->{file}, to_json(\%report)) };
    POSIX::_exit(0);
}

# Stops the process. Returns {rounds, lost, violations}.
sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    kill TERM => $pid;
    waitpid $pid, 0;
    return {rounds => 0, lost => 0, violations => ['the checker left no report']} if !-e $self->{file};
    return from_json(slurp($self->{file}));
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $!);
    kill KILL => $self->{pid} if $self->{pid};
}

1;
