#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Carts are ordered while orders are paid, cancelled, expired, claimed and billed: all follow the lock order.
. "$(dirname "$0")/../lib/race.sh"
. "$(dirname "$0")/../lib/race_company.sh"
shop
company
# Random operations on recent orders; refusals are expected.
some() { echo "(SELECT number FROM orders.orders WHERE tenant_id = $tenant AND id % 5 = $1 % 5 ORDER BY id DESC LIMIT 1)"; }
try() { echo "BEGIN PERFORM $1; EXCEPTION WHEN SQLSTATE 'OR404' OR SQLSTATE 'OR409' THEN NULL; END;"; }
together 12 "DO \$\$
    DECLARE v_cart bigint;
    BEGIN
        FOR i IN 1 .. 12 LOOP
            SELECT id INTO v_cart FROM orders_v1.make_cart($operator, '{\"company\": \"acme\", \"agent\": \"sally\", \"currency\": \"USD\", \"products\": [{\"number\": \"L\"}]}');
            COMMIT;
            IF i % 2 = 0 THEN
                SELECT min(id) INTO v_cart FROM orders.cart WHERE tenant_id = $tenant AND state = 'open';
            END IF;
            PERFORM orders_v1.place_cart($(seller), v_cart::text, 'cash', true, NULL, CASE i % 3 WHEN 0 THEN 0 ELSE 900 END);
            COMMIT;
            CASE (i + @) % 6
                WHEN 0 THEN $(try "orders_v1.cancel_sale($(seller), $(some i))")
                WHEN 1 THEN $(try "orders_v1.settle_sale($(seller), $(some i), '@-' || i)")
                WHEN 2 THEN PERFORM orders_v1.expire_due($tenant, 5);
                WHEN 3 THEN $(try "orders_v1.claim_order($tenant, 'company', 'buyer', $(user u@), 'bind', NULL, NULL, $(some i))")
                WHEN 4 THEN $(try "orders_v1.issue_invoice($operator, orders_v1.order_by_number($tenant, $(some i)))")
                ELSE $(try "orders_v1.cancel($operator, NULL, orders_v1.order_by_number($tenant, $(some i)), 'race', NULL)")
            END CASE;
            COMMIT;
        END LOOP;
        RAISE WARNING 'through';
    END \$\$"
is "$(answers through) $(answers deadlock) $(answers 'lock timeout')" '12 0 0' 'no session gets a deadlock or a lock timeout'
is "$(q "SELECT count(*) > 70 FROM orders.orders WHERE tenant_id = $tenant")" t 'many orders are placed'
is "$(q "SELECT count(*) FROM orders.cart k LEFT JOIN orders.orders o ON o.tenant_id = k.tenant_id AND o.cart_id = k.id
         WHERE k.tenant_id = $tenant AND (k.state = 'ordered') <> (o.id IS NOT NULL)")" 0 'exactly the carts with an order are ordered'

# An order is locked while its cart is ordered again and the worker runs.
cart=$(cart)
order=$(q "$(place "$cart" cash true 0)" | cut -d' ' -f2)
psql -XqAt -c "BEGIN" -c "SELECT count(*) FROM (SELECT FROM orders.orders WHERE tenant_id = $tenant AND id = $order FOR UPDATE) AS o" -c "SELECT pg_sleep(1)" -c "COMMIT" >"$out/held" 2>&1 &
held=$!
until [ "$(q "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(1)' AND state = 'active'")" -gt 0 ]; do :; done
is "$(q "SET statement_timeout = '500ms'; $(place "$cart" cash true 0)")" "unchanged $order" 'a repeated order of a cart does not wait for a lock'
is "$(q "SELECT orders_v1.expire_due($tenant, 1000) * 0")" 0 'the worker does not wait for the locked order'
wait "$held"
is "$(q "SELECT orders_v1.expire_due($tenant, 1000)")" 1 'the worker expires the order later'
finish
