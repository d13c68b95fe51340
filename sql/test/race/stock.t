#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Limited stock: no item is sold twice, and no session gets a deadlock.
. "$(dirname "$0")/../lib/race.sh"
shop
system="$tenant, 'operator', 'system', NULL, 'race', NULL, NULL"
q "SELECT count(*) FROM orders_v1.catalogue_bulk($system, ARRAY[
       '{\"kind\": \"products\", \"ref\": \"lamp\", \"name\": \"Lamp\", \"variants\": [
           {\"ref\": \"a\", \"name\": \"A\", \"stock\": 10, \"prices\": {\"USD\": 10}}, {\"ref\": \"b\", \"name\": \"B\", \"stock\": 100, \"prices\": {\"USD\": 10}},
           {\"ref\": \"c\", \"name\": \"C\", \"stock\": 100, \"prices\": {\"USD\": 10}}]}',
       '{\"kind\": \"coupons\", \"ref\": \"some\", \"percent_bp\": 1000, \"max_uses\": 40}']::jsonb[])" >"$out/goods"
# place USER LINES MORE: SQL that places an order of goods; MORE are further members
place() {
    echo "SELECT 'order ' || (\"order\").id FROM orders_v1.place_order($system, '{\"dialect\": \"shop\", \"user\": \"$1\", \"payment_method\": \"cod\", \"lines\": [$2]$3}', 900)"
}
line() { echo "{\"product\": \"lamp\", \"variant\": \"$1\", \"quantity\": $2}"; }
stock() { q "SELECT string_agg(v.external_ref || s.on_hand || '/' || s.reserved, ' ' ORDER BY v.external_ref) FROM orders.stock s
             JOIN orders.variant v ON v.tenant_id = s.tenant_id AND v.id = s.variant_id WHERE s.tenant_id = $tenant"; }

together 64 "$(place u1 "$(line a 1)")"
is "$(answers '^order')" 10 '10 of 64 buyers get the 10 items'
is "$(answers insufficient_stock)" 54 'the other 54 buyers are refused'
is "$(stock)" 'a10/10 b100/0 c100/0' '10 items are reserved'

# Catalogue documents are sent repeatedly, with the same and with other quantities, while 16 buyers order and the operator ships.
q "SELECT count(*) FROM orders_v1.catalogue_bulk($system, ARRAY['{\"kind\": \"products\", \"ref\": \"vase\", \"name\": \"Vase\", \"variants\": [
       {\"ref\": \"v\", \"name\": \"V\", \"stock\": 60, \"prices\": {\"USD\": 10}}]}']::jsonb[])" >"$out/vase"
vase() { echo "orders_v1.catalogue_upsert($system, 'products', 'vase', '{\"name\": \"Vase\", \"variants\": [{\"ref\": \"v\", \"name\": \"V\", \"stock\": 60, \"prices\": {\"USD\": 10}}]}')"; }
sale() { echo "orders_v1.place_order($system, '{\"dialect\": \"shop\", \"user\": \"u1\", \"payment_method\": \"cod\", \"lines\": [{\"product\": \"vase\"}]}', 900)"; }
together 20 "DO \$\$
    DECLARE
        v_order bigint;
    BEGIN
        FOR i IN 1 .. 12 LOOP
            IF @ > 16 THEN
                PERFORM $(vase);
            ELSE
                BEGIN
                    v_order := (SELECT (\"order\").id FROM $(sale));
                    PERFORM orders_v1.advance($system, v_order, 'packed', NULL, NULL, NULL, NULL);
                    PERFORM orders_v1.ship($system, v_order, '{}', NULL);
                EXCEPTION WHEN SQLSTATE 'OR409' THEN NULL;
                END;
            END IF;
            COMMIT;
        END LOOP;
        RAISE WARNING 'through';
    END \$\$"
is "$(answers through) $(answers deadlock) $(answers 'lock timeout')" '20 0 0' '48 documents and the orders of 16 buyers finish without a deadlock or timeout'
is "$(q "SELECT s.on_hand || ' ' || s.reserved || ' ' || s.shipped FROM orders.stock s JOIN orders.variant v ON v.tenant_id = s.tenant_id AND v.id = s.variant_id
         WHERE s.tenant_id = $tenant AND v.external_ref = 'v'")" '0 0 60' 'all 60 items are sold'

# All operations concurrently. PostgreSQL detects a deadlock after 1 s (deadlock_timeout), before a wait ends after 2 s (lock_timeout). On a busy machine a
# session may time out without a deadlock. Lines in any order, vouchers with a limit, balances, and orders that are cancelled, expired or shipped.
try() { echo "BEGIN PERFORM $1; EXCEPTION WHEN SQLSTATE 'OR402' OR SQLSTATE 'OR404' OR SQLSTATE 'OR409' OR SQLSTATE 'OR422' OR lock_not_available THEN NULL; END;"; }
some() { echo "(SELECT id FROM orders.orders WHERE tenant_id = $tenant AND id % 7 = $1 % 7 ORDER BY id DESC LIMIT 1)"; }
document() { echo "('{\"dialect\": \"shop\", \"user\": \"u' || 1 + @ % 20 || '\", \"lines\": [' || CASE (i + @) % 2 WHEN 0 THEN '$(line b 2), $(line c 1)' ELSE '$(line c 2), $(line b 1)' END
    || ']' || CASE i % 3 WHEN 0 THEN ', \"payment_method\": \"balance\"' WHEN 1 THEN ', \"payment_method\": \"cod\", \"voucher\": \"SOME\"' ELSE ', \"payment_channel\": \"sim\", \"voucher\": \"SOME\"' END || '}')::jsonb"; }
together 24 "DO \$\$
    BEGIN
        FOR i IN 1 .. 15 LOOP
            $(try "orders_v1.place_order($system, $(document), 0)")
            COMMIT;
            CASE (i + @) % 4
                WHEN 0 THEN $(try "orders_v1.cancel($system, NULL, $(some i), 'race', NULL)")
                WHEN 1 THEN $(try "orders_v1.expire_due($tenant, 5)")
                WHEN 2 THEN $(try "orders_v1.record_intent_failure($system, (SELECT max(p.id) FROM orders.payment p WHERE p.tenant_id = $tenant AND p.order_id = $(some '(i + @)')), 'no', 'never', true)")
                ELSE $(try "orders_v1.settle_payment($system, $(some i), NULL, NULL, NULL)")
            END CASE;
            COMMIT;
        END LOOP;
        RAISE WARNING 'through';
    END \$\$"
is "$(answers through) $(answers deadlock)" '24 0' '24 sessions finish without a deadlock'
is "$(q "SELECT count(*) > 100 FROM orders.orders WHERE tenant_id = $tenant")" t 'more than 100 orders are placed'
is "$(q "SELECT count(*) FROM orders.stock s WHERE s.tenant_id = $tenant AND s.reserved > s.on_hand")" 0 'no item is reserved twice'

# Full and partial refunds during shipments, cancellations and new orders. Refunds of cash by an operator are immediate.
operator="$tenant, 'operator', 'operator', NULL, 'race', NULL, NULL"
paid() { echo "orders_v1.place_order($system, ('{\"dialect\": \"shop\", \"user\": \"u' || 1 + @ % 20 || '\", \"payment_method\": \"cash\", \"lines\": ['
    || CASE (i + @) % 2 WHEN 0 THEN '$(line b 2), $(line c 1)' ELSE '$(line c 2), $(line b 1)' END || ']}')::jsonb, 0)"; }
one_piece="(SELECT jsonb_agg(jsonb_build_object('id', l.id, 'quantity', 1)) FROM orders.order_line l
            WHERE l.tenant_id = $tenant AND l.order_id = o.id AND l.kind = 'product' AND l.refunded_quantity < l.quantity)"
q "SELECT count(*) FROM (SELECT variant_id FROM orders.stock WHERE tenant_id = $tenant ORDER BY 1) AS s, orders_v1.adjust_stock($operator, s.variant_id, 500, 'received', NULL, NULL)" >"$out/received"
together 24 "DO \$\$
    BEGIN
        FOR i IN 1 .. 20 LOOP
            $(try "$(paid)")
            COMMIT;
            $(try "orders_v1.settle_payment($system, $(some i), NULL, 'r' || i || '-' || @, NULL)")
            COMMIT;
            CASE (i + @) % 5
                WHEN 0 THEN $(try "orders_v1.refund($operator, $(some '(i + 1)'), NULL, NULL, 'race', 30, NULL)")
                WHEN 1, 2 THEN $(try "orders_v1.refund($operator, o.id, NULL, $one_piece, 'race', 30, NULL) FROM $(some '(i + @)') AS o")
                WHEN 3 THEN $(try "orders_v1.advance($system, $(some i), 'packed', NULL, NULL, NULL, NULL)")
                            COMMIT;
                            $(try "orders_v1.ship($system, $(some i), '{}', NULL)")
                ELSE $(try "orders_v1.cancel($system, NULL, $(some i), 'race', NULL)")
            END CASE;
            COMMIT;
        END LOOP;
        RAISE WARNING 'through';
    END \$\$"
is "$(answers through) $(answers ERROR)" '24 0' 'concurrent refunds, shipments and cancellations finish without an error'
is "$(q "SELECT count(*) FILTER (WHERE l.cancelled_quantity > 0) > 0 AND count(*) FILTER (WHERE o.payment_state = 'refunded') > 0
                AND count(*) FILTER (WHERE o.fulfilment_state = 'shipped') > 0
         FROM orders.orders o JOIN orders.order_line l ON l.tenant_id = o.tenant_id AND l.order_id = o.id WHERE o.tenant_id = $tenant")" t 'items are refunded and shipped'
finish
