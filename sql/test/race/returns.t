#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Concurrent returns and refunds of delivered orders by buyers, operators and providers.
. "$(dirname "$0")/../lib/race.sh"
shop
operator="$tenant, 'operator', 'operator', NULL, 'race', NULL, NULL"
q "SELECT outcome FROM orders_v1.catalogue_upsert($operator, 'products', 'lamp', '{\"name\": \"Lamp\", \"returnable\": true, \"variants\": [{\"ref\": \"x\", \"prices\": {\"USD\": 10}}]}')" >"$out/lamp"

# sold METHOD: places an order of four lamps for u1, paid and delivered; prints its id
sold() {
    order=$(q "SELECT (\"order\").id FROM orders_v1.place_order($operator, '{\"dialect\": \"customer\", \"user\": \"u1\", \"currency\": \"USD\",
        \"lines\": [{\"product\": \"lamp\", \"quantity\": 4}], \"payment_method\": $1}', NULL)")
    q "SELECT count(*) FROM orders.payment p, LATERAL orders_v1.apply_provider_event($tenant, 'sim', 'paid' || p.id, 'paid', p.provider_key, NULL, 'tx' || p.id, p.amount, 'USD', NULL, NULL)
       WHERE p.tenant_id = $tenant AND p.order_id = $order AND p.status = 'created'" >"$out/paid"
    q "SELECT count(*) FROM orders_v1.advance($operator, $order, 'packed', NULL, NULL, NULL, NULL)" >"$out/packed"
    q "SELECT count(*) FROM orders_v1.ship($operator, $order, '{}', NULL)" >"$out/shipped"
    q "SELECT count(*) FROM orders_v1.advance($operator, $order, 'delivered', NULL, NULL, NULL, NULL)" >"$out/delivered"
    echo "$order"
}
line() { q "SELECT id FROM orders.order_line WHERE tenant_id = $tenant AND order_id = $1"; }

# request ORDER LINE QUANTITY: SQL that requests a return
request() {
    echo "SELECT outcome || ' ' || id FROM orders_v1.request_return($tenant, 'customer', 'buyer', $(user u1), 'return', NULL, NULL, $(user u1), $1,
          jsonb_build_array(jsonb_build_object('id', $2, 'quantity', $3)), 'race', 30, NULL)"
}
resolve() { echo "SELECT outcome FROM orders_v1.resolve_return($operator, $1, '$2', 'race', NULL)"; }
sums() {
    q "SELECT (SELECT coalesce(sum(quantity), 0) FROM orders.return_line x JOIN orders.order_return r ON r.tenant_id = x.tenant_id AND r.id = x.return_id
               WHERE r.tenant_id = $tenant AND r.order_id = $1 AND r.state <> 'rejected') || ' ' || l.returned_quantity
       FROM orders.order_line l WHERE l.tenant_id = $tenant AND l.order_id = $1"
}

order=$(sold '"balance"')
line=$(line "$order")
at_once "$(request "$order" "$line" 4)"
is "$(answers '^done') $(answers '^unchanged')" '1 47' '48 requests create one return'
is "$(cat "$out"/* | cut -d' ' -f2 | sort -u | wc -l | tr -d ' ')" 1 'all responses have its id'
return=$(cut -d' ' -f2 "$out/1")
for action in approve receive refund; do
    together 16 "$(resolve "$return" "$action")"
    is "$(answers '^done') $(answers '^unchanged')" '1 15' "$action is applied once"
done
is "$(q "SELECT count(*) || ' ' || sum(amount) FROM orders.refund WHERE tenant_id = $tenant AND order_id = $order")" '1 40' 'it is refunded once'

order=$(sold '"balance"')
line=$(line "$order")
at_once "$(request "$order" "$line" '(@ % 4 + 1)')"
is "$(answers deadlock) $(sums "$order" | awk '{print ($1 == $2 && $1 <= 4) ? "fits" : $0}')" '0 fits' 'different requests never return more items than were delivered'

# Concurrent approval and rejection: one of them is applied.
order=$(sold '"balance"')
return=$(q "$(request "$order" "$(line "$order")" 4)" | cut -d' ' -f2)
together 16 "SELECT outcome FROM orders_v1.resolve_return($operator, $return, CASE @ % 2 WHEN 0 THEN 'approve' ELSE 'reject' END, 'race', NULL)"
is "$(q "SELECT state FROM orders.order_return WHERE tenant_id = $tenant AND id = $return")" rejected 'the return is rejected in either sequence'
is "$(sums "$order")" '0 0' 'its items can be returned again'

# All operations concurrently, in rounds: refunds stay within the payments, and returned items within the order.
round=0
for method in '"balance"' '"external", "payment_channel": "sim"' '"balance"' '"external", "payment_channel": "sim"'; do
    round=$((round + 1))
    order=$(sold "$method")
    line=$(line "$order")
    for i in 1 2; do q "$(request "$order" "$line" "$i")"; done >"$out/asked"
    at_once "DO \$\$
        DECLARE
            v_return bigint := (SELECT id FROM orders.order_return WHERE tenant_id = $tenant AND order_id = $order ORDER BY (id * @) % 7, id LIMIT 1);
            v_action text := ('{approve,receive,refund,reject}'::text[])[1 + (@ / 8) % CASE WHEN @ < 36 THEN 3 ELSE 4 END];
        BEGIN
            FOR i IN 1 .. 4 LOOP
                BEGIN
                    CASE (@ + i) % 8
                        WHEN 0 THEN PERFORM orders_v1.request_return($tenant, 'customer', 'buyer', $(user u1), 'r', NULL, NULL, $(user u1), $order,
                                        jsonb_build_array(jsonb_build_object('id', $line, 'quantity', 1 + @ % 2)), 'race', 30, NULL);
                        WHEN 1 THEN PERFORM orders_v1.refund($operator, $order, 3, NULL, 'race', 30, NULL);
                        WHEN 2 THEN PERFORM orders_v1.refund($operator, $order, NULL, jsonb_build_array(jsonb_build_object('id', $line, 'quantity', 1)), 'race', 30, NULL);
                        WHEN 3 THEN PERFORM orders_v1.settle_refund($tenant, 'worker', 'provider', NULL, NULL, NULL, NULL, f.id,
                                        'r' || f.id, @ % 3 > 0, 'no', 'no') FROM orders.refund f
                                    WHERE f.tenant_id = $tenant AND f.order_id = $order AND f.status = 'pending';
                        ELSE PERFORM orders_v1.resolve_return($operator, v_return, v_action, 'race', NULL);
                    END CASE;
                EXCEPTION WHEN deadlock_detected OR integrity_constraint_violation OR lock_not_available THEN
                    RAISE;
                WHEN OTHERS THEN
                    IF SQLSTATE NOT LIKE 'OR%' THEN RAISE; END IF;
                END;
            END LOOP;
        END \$\$; SELECT 'fine'"
    is "$(answers '^fine')" 48 "48 sessions finish without an unexpected error ($round)"
    is "$(q "SELECT (refunded <= captured AND refunded > 0)::text || ' ' || (SELECT sum(amount) <= 40 FROM orders.refund r
              WHERE r.tenant_id = $tenant AND r.order_id = $order AND r.status <> 'failed') FROM orders.orders WHERE tenant_id = $tenant AND id = $order")" \
        'true true' 'refunds are positive and within the payments'
    is "$(sums "$order" | awk '{print ($1 == $2 && $1 <= 4) ? "fits" : $0}')" fits 'returned items are within the order'
done
finish
