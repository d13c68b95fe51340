#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Counts, adjustments, documents and restocked returns of the same variants, concurrent with orders and shipments.
. "$(dirname "$0")/../lib/race.sh"
shop
operator="$tenant, 'operator', 'operator', NULL, 'race', NULL, NULL"
q "SELECT count(*) FROM orders_v1.catalogue_bulk($operator, ARRAY[
       '{\"kind\": \"products\", \"ref\": \"lamp\", \"name\": \"Lamp\", \"returnable\": true, \"variants\": [
           {\"ref\": \"a\", \"stock\": 100, \"prices\": {\"USD\": 10}}, {\"ref\": \"b\", \"stock\": 100, \"prices\": {\"USD\": 10}}, {\"ref\": \"c\", \"prices\": {\"USD\": 10}}]}']::jsonb[])" >"$out/goods"
variant() { echo "(SELECT v.id FROM orders.variant v WHERE v.tenant_id = $tenant AND v.external_ref = '$1')"; }
on_hand() { q "SELECT s.on_hand FROM orders.stock s WHERE s.tenant_id = $tenant AND s.variant_id = $(variant "$1")"; }
line() { echo "{\"product\": \"lamp\", \"variant\": \"$1\", \"quantity\": $2}"; }
order() { echo "orders_v1.place_order($operator, '{\"dialect\": \"shop\", \"user\": \"u1\", \"payment_method\": \"cod\", \"lines\": [$1]}', 900)"; }

# No adjustment is lost, and no two of them take the last item.
together 32 "SELECT 'adjusted ' || (stock).on_hand FROM orders_v1.adjust_stock($operator, $(variant a), -4, 'damaged', NULL, NULL)"
is "$(answers '^adjusted') $(answers stock_below_zero)" '25 7' '25 of 32 adjustments by 4 find 4 of 100 items'
is "$(on_hand a)" 0 'no item is left'

# One of several counts with the same tag is made.
together 16 "SELECT 'counted ' || (stock).on_hand FROM orders_v1.count_stock($operator, $(variant a), 10 + @, NULL, ARRAY['$(
    q "SELECT orders_v1.version_tag(id, version) FROM orders_v1.read_stock($tenant, $(variant a))")'])"
is "$(answers '^counted') $(answers version_mismatch)" '1 15' 'one of 16 counts that are based on the same state is made'

# One key, many requests.
together 16 "SELECT 'added ' || (stock).on_hand || replayed FROM orders_v1.adjust_stock($tenant, 'operator', 'operator', NULL, 'race', 'key', '\\x01', $(variant b), 5, 'found', NULL, NULL)"
is "$(answers '^added 105') $(answers 'added 105true') $(on_hand b)" '16 15 105' '16 requests with one key add 5 items once'

# The first counts of a variant, and documents that begin and end counting it.
together 16 "DO \$\$
    BEGIN
        FOR i IN 1 .. 10 LOOP
            IF @ % 2 = 0 THEN
                PERFORM orders_v1.count_stock($operator, $(variant c), i + @, NULL, NULL);
            ELSE
                PERFORM orders_v1.catalogue_upsert($operator, 'products', 'lamp', format('{\"name\": \"Lamp\", \"returnable\": true, \"variants\": [
                    {\"ref\": \"a\", \"prices\": {\"USD\": 10}}, {\"ref\": \"b\", \"prices\": {\"USD\": 10}}, {\"ref\": \"c\", \"stock\": %s, \"prices\": {\"USD\": 10}}]}',
                    CASE WHEN i % 3 = 0 THEN 'null' ELSE (@ * i)::text END)::jsonb);
            END IF;
            COMMIT;
        END LOOP;
        RAISE WARNING 'through';
    END \$\$"
is "$(answers through) $(answers deadlock) $(answers 'lock timeout')" '16 0 0' 'counts and documents finish without a deadlock or timeout'
is "$(q "SELECT count(*) FROM orders_check.all_violations WHERE tenant_id = $tenant")" 0 'all movements are recorded'

# Everything at once. Each session has its own orders to ship and return; the totals at the end are those of the sessions.
q "SELECT count(*) FROM (VALUES ($(variant a)), ($(variant b))) AS v (id), orders_v1.count_stock($operator, v.id, 1000, NULL, NULL)" >"$out/counted"
together 24 "DO \$\$
    DECLARE
        v_order  bigint;
        v_return bigint;
    BEGIN
        FOR i IN 1 .. 8 LOOP
            IF @ <= 16 THEN
                v_order := (SELECT (\"order\").id FROM $(order "$(line b 2), $(line a 1)"));
                COMMIT;
                PERFORM orders_v1.advance($operator, v_order, 'packed', NULL, NULL, NULL, NULL);
                PERFORM orders_v1.ship($operator, v_order, '{}', NULL);
                COMMIT;
                PERFORM orders_v1.advance($operator, v_order, 'delivered', NULL, true, NULL, NULL);
                v_return := (SELECT r.id FROM orders_v1.request_return($operator, NULL, v_order,
                    (SELECT jsonb_agg(jsonb_build_object('id', l.id, 'quantity', 1)) FROM orders.order_line l WHERE l.tenant_id = $tenant AND l.order_id = v_order), 'no', NULL, NULL) AS r);
                PERFORM orders_v1.resolve_return($operator, v_return, 'approve', NULL, NULL);
                COMMIT;
                PERFORM orders_v1.restock_return($operator, v_return, NULL, NULL, NULL);
            ELSIF @ <= 20 THEN
                PERFORM orders_v1.adjust_stock($operator, $(variant a), CASE WHEN i % 2 = 0 THEN 3 ELSE -2 END, 'correction', NULL, NULL);
                PERFORM orders_v1.adjust_stock($operator, $(variant b), CASE WHEN i % 2 = 0 THEN -3 ELSE 2 END, 'correction', NULL, NULL);
            ELSE
                PERFORM orders_v1.catalogue_upsert($operator, 'products', 'lamp', format('{\"name\": \"Lamp %s\", \"returnable\": true, \"variants\": [
                    {\"ref\": \"b\", \"prices\": {\"USD\": 10}}, {\"ref\": \"a\", \"prices\": {\"USD\": 10}}]}', i)::jsonb);
            END IF;
            COMMIT;
        END LOOP;
        RAISE WARNING 'through';
    END \$\$"
is "$(answers through) $(answers deadlock) $(answers 'lock timeout')" '24 0 0' 'orders, shipments, returns, adjustments and documents finish'
is "$(on_hand a) $(on_hand b)" '1016 856' 'no movement is lost: 16 adjustments by 3 and by -2 and all returns; 128 items of the other variant are kept'
finish
