#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bills of orders paid when placed: concurrent workers, first reads, confirmations and new orders.
. "$(dirname "$0")/../lib/race.sh"
shop
operator="$tenant, 'operator', 'operator', NULL, 'race', NULL, NULL"
q "SELECT count(*) FROM orders_v1.catalogue_upsert($operator, 'products', 'mug', '{\"name\": \"Mug\", \"variants\": [
       {\"ref\": \"one\", \"stock\": 100000, \"prices\": {\"USD\": 1}}]}')" >"$out/goods"
place() { echo "SELECT (\"order\").id FROM orders_v1.place_order($operator, ('{\"dialect\": \"shop\", \"user\": \"u' || 1 + @ % 40 || '\", \"payment_method\": \"balance\",
    \"lines\": [{\"product\": \"mug\"}]}')::jsonb, 900)"; }
sold() { q "$(place | sed "s/@/$1/")"; }
nth() { echo "(SELECT id FROM orders.orders WHERE tenant_id = $tenant AND fulfilment_state = 'pending' ORDER BY id LIMIT 1 OFFSET $1)"; }
sale() { echo "(SELECT id FROM orders.orders WHERE tenant_id = $tenant ORDER BY id LIMIT 1 OFFSET $1)"; }
numbers() { q "SELECT count(*) || ' ' || min(sequence) || ' ' || max(sequence) || ' ' || count(DISTINCT order_id) FROM orders.bill WHERE tenant_id = $tenant"; }
waiting() { q "SELECT count(*) FROM orders.due WHERE tenant_id = $tenant AND kind = 'bill'"; }

# Concurrent first reads.
one=$(sold 1)
at_once "SELECT 'number ' || (document ->> 'number') FROM orders_v1.read_bill($tenant, NULL, $one)"
is "$(answers 'number .*-0001$') $(numbers)" '48 1 1 1 1' 'concurrent first reads issue one bill'
is "$(q "SELECT count(*) FROM orders.bill_document WHERE tenant_id = $tenant")" 1 'they store one document'

# First reads, confirmations and workers.
for n in 1 2 3 4 5 6 7 8; do sold $n >"$out/sold"; done
at_once "DO \$\$ BEGIN
    CASE @ % 4 WHEN 0 THEN PERFORM orders_v1.issue_bills($tenant, 3);
               WHEN 1 THEN PERFORM orders_v1.advance($operator, $(sale '1 + @ % 8'), 'confirmed', NULL, NULL, NULL, NULL);
               ELSE PERFORM orders_v1.read_bill($tenant, NULL, $(sale '1 + @ % 8')); END CASE;
    RAISE WARNING 'through'; END \$\$"
is "$(answers through) $(answers ERROR)" '48 0' 'concurrent workers, reads and confirmations succeed'
q "SELECT orders_v1.issue_bills($tenant, 100)" >"$out/rest"
is "$(numbers) $(waiting)" '9 1 9 9 0' 'each order has one bill, and no number is missing'

# The work of a worker that is terminated before its commit is done by the next worker.
for n in 1 2 3 4 5; do sold $n >"$out/sold"; done
psql -XqAt -c BEGIN -c "SELECT 'issued ' || orders_v1.issue_bills($tenant, 3)" -c "SELECT pg_sleep(60)" >"$out/stopped" 2>&1 &
while ! grep -q issued "$out/stopped" 2>/dev/null; do sleep 0.1; done
is "$(q "SET statement_timeout = '1s'; SELECT orders_v1.issue_bills($tenant, 0)")" 0 'a worker does not wait for another'
q "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active' AND xact_start IS NOT NULL
     AND pid IN (SELECT pid FROM pg_locks WHERE relation = 'orders.number_series'::regclass)" >"$out/ended"
wait
is "$(q "SELECT orders_v1.issue_bills($tenant, 100)")" 5 'the next worker issues the bills of a terminated one'
is "$(numbers) $(waiting)" '14 1 14 14 0' 'the numbers have no gap'

# Locked orders are left to the next call.
two=$(sold 7)
three=$(sold 8)
psql -XqAt -c BEGIN -c "SELECT 'held ' || id FROM orders.orders WHERE tenant_id = $tenant AND id = $two FOR UPDATE" -c "SELECT pg_sleep(2)" -c COMMIT >"$out/held" 2>&1 &
while ! grep -q held "$out/held" 2>/dev/null; do sleep 0.1; done
is "$(q "SET statement_timeout = '1s'; SELECT orders_v1.issue_bills($tenant, 100)")" 1 'a worker does not wait for an order'
is "$(q "SELECT count(*) FROM orders.bill WHERE tenant_id = $tenant AND order_id = $three")" 1 'it issues the bills of later orders'
wait
is "$(q "SELECT orders_v1.issue_bills($tenant, 100)") $(waiting)" '1 0' 'the order that was locked is billed later'

# Buyers, two workers, readers, cancellations and manual payments; the series is the last lock of all of them.
q "SELECT count(*) FROM generate_series(1, 40) AS n, LATERAL orders_v1.post_balance($tenant, 'operator', 'system', NULL, 'race', NULL, NULL,
       orders_v1.user_id_of($tenant, 'u' || n), 5000, 'USD', 'race')" >"$out/money"
together 24 "DO \$\$
    DECLARE
        v_order bigint;
    BEGIN
        FOR i IN 1 .. 15 LOOP
            BEGIN
                CASE
                WHEN @ <= 2 THEN PERFORM orders_v1.issue_bills($tenant, 7);
                WHEN @ <= 16 THEN v_order := ($(place));
                    IF i % 3 = 0 THEN
                        PERFORM orders_v1.read_bill($tenant, NULL, v_order);
                    END IF;
                WHEN @ <= 18 THEN PERFORM orders_v1.cancel($operator, NULL, $(nth '(i * 7 + @) % 40'), 'race', NULL);
                WHEN @ <= 20 THEN PERFORM orders_v1.correct_address($operator, $(nth '(i * 5 + @) % 60'), '{\"shipping_address\": {\"city\": \"C@\"}}', NULL);
                ELSE
                    v_order := (SELECT (\"order\").id FROM orders_v1.place_order($operator, '{\"dialect\": \"shop\", \"user\": \"u1\", \"payment_method\": \"cash\",
                        \"lines\": [{\"product\": \"mug\"}]}', 900));
                    COMMIT;
                    PERFORM orders_v1.settle_payment($operator, v_order, NULL, NULL, NULL);
                END CASE;
                COMMIT;
            END;
        END LOOP;
        RAISE WARNING 'through';
    END \$\$"
is "$(answers deadlock)" 0 'no session gets a deadlock'
q "SELECT orders_v1.issue_bills($tenant, 1000)" >"$out/rest"
is "$(q "SELECT (SELECT count(*) FROM orders.bill WHERE tenant_id = $tenant) = count(*)
         FROM orders.orders WHERE tenant_id = $tenant AND paid_at IS NOT NULL AND fulfilment_state <> 'none'")" t 'every paid order has a bill'
is "$(q "SELECT count(*) > 250 AND count(*) = max(sequence) AND min(sequence) = 1 FROM orders.bill WHERE tenant_id = $tenant")" t 'the numbers of the bills have no gap'
finish
