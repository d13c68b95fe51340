#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Concurrent operators, couriers and buyers: each step of an order is taken once.
. "$(dirname "$0")/../lib/race.sh"
shop
operator="$tenant, 'operator', 'operator', NULL, 'race', NULL, NULL"
q "SELECT outcome FROM orders_v1.catalogue_upsert($operator, 'products', 'lamp', '{\"name\": \"Lamp\", \"variants\": [{\"ref\": \"x\", \"stock\": 100, \"prices\": {\"USD\": 10}}]}')" >"$out/lamp"

# sold METHOD: places an order of four lamps for u1; prints its id
sold() {
    q "SELECT (\"order\").id FROM orders_v1.place_order($operator, '{\"dialect\": \"customer\", \"user\": \"u1\", \"currency\": \"USD\",
        \"lines\": [{\"product\": \"lamp\", \"quantity\": 4}], \"payment_method\": \"$1\"}', NULL)"
}
# SQL of one call each: advance ORDER TO; ship ORDER NUMBER; track ORDER STATUS; cancel ORDER
advance() { echo "orders_v1.advance($operator, $1, '$2', NULL, true, 'race', NULL)"; }
ship() { echo "orders_v1.ship($operator, $1, jsonb_build_object('tracking_number', $2), NULL)"; }
track() { echo "orders_v1.track($operator, $1, '{\"status\": \"$2\", \"at\": \"2026-01-01T00:00:00Z\"}', NULL)"; }
cancel() { echo "orders_v1.cancel($operator, NULL, $1, 'race', NULL)"; }
# ask CALL: SQL that makes the call, repeats it after a lock timeout, and reports the result
ask() {
    echo "DO \$\$
        DECLARE
            v_code text;
        BEGIN
            FOR i IN 1 .. 20 LOOP
                BEGIN
                    SELECT outcome INTO v_code FROM $1;
                    RAISE WARNING 'says %', v_code;
                    EXIT;
                EXCEPTION WHEN lock_not_available THEN NULL;
                END;
            END LOOP;
        END \$\$"
}
states() { q "SELECT state || ' ' || payment_state || ' ' || fulfilment_state FROM orders.orders WHERE tenant_id = $tenant AND id = $1"; }
stock() { q "SELECT on_hand || ' ' || reserved FROM orders.stock WHERE tenant_id = $tenant"; }
counts() { echo "$(answers 'says done') $(answers 'says unchanged') $(answers order_not_advanceable)"; }

# The same call of 48 sessions takes one step.
order=$(sold cod)
at_once "$(ask "$(advance "$order" confirmed)")"
is "$(counts)" '1 47 0' 'the order is confirmed once'
is "$(q "SELECT count(DISTINCT bill_no) FROM orders.orders WHERE tenant_id = $tenant AND bill_no IS NOT NULL")" 1 'the order has one bill'
at_once "$(ask "$(advance "$order" packed)")"
is "$(counts)" '1 47 0' 'the order is packed once'
at_once "$(ask "$(ship "$order" "'JP'")")"
is "$(counts)" '1 47 0' 'the order is shipped once'
at_once "$(ask "$(ship "$order" "'JP' || @ % 4")")"
is "$(answers order_not_advanceable) $(answers deadlock) $(answers ERROR)" '0 0 0' 'every correction of the tracking number is accepted'
is "$(q "SELECT s.tracking_number = substring(h.comment FROM '-> (JP[0-3])') FROM orders.shipment s
         JOIN orders_v1.order_history h ON h.tenant_id = s.tenant_id AND h.order_id = s.order_id AND h.axis = 'details'
         WHERE s.tenant_id = $tenant AND s.order_id = $order ORDER BY h.step DESC LIMIT 1")" t 'the shipment has the tracking number that history names last'
is "$(stock)" '96 0' 'its items leave the stock once'
at_once "$(ask "$(track "$order" in_transit)")"
is "$(counts)" '1 47 0' 'a tracking event is applied once'
at_once "$(ask "(SELECT * FROM $(advance "$order" delivered) WHERE @ % 2 = 0 UNION ALL SELECT * FROM $(track "$order" delivered) WHERE @ % 2 = 1) AS x")"
is "$(states "$order") $(answers deadlock) $(answers ERROR)" 'completed paid delivered 0 0' 'the order is delivered, paid and completed'
is "$(q "SELECT count(*) || ' ' || sum(captured) FROM orders.payment WHERE tenant_id = $tenant AND order_id = $order")" '1 40' 'its cash is collected once'
is "$(q "SELECT count(*) FROM orders_v1.order_history WHERE tenant_id = $tenant AND order_id = $order AND to_state IN ('delivered', 'paid', 'completed')")" 3 'history has each step of the delivery once'

# An order is either shipped or cancelled. Only a shipped cash-on-delivery order can be cancelled afterwards, as a failed delivery.
for method in cod balance cod balance; do
    order=$(sold "$method")
    before=$(stock)
    q "SELECT outcome FROM $(advance "$order" packed)" >"$out/packed"
    at_once "$(ask "(SELECT * FROM $(ship "$order" "'JP'") WHERE @ % 2 = 0 UNION ALL SELECT * FROM $(cancel "$order") WHERE @ % 2 = 1) AS x")"
    now=$(states "$order")
    case "$now" in
        cancelled*shipped) want='cod 2 46 0 0' ;;
        *shipped) want='balance 1 23 0 24' ;;
        *) want="$method 1 23 24 0" ;;
    esac
    is "$method $(counts) $(answers order_not_cancellable)" "$want" "an order paid by $method is shipped or cancelled, not both ($now)"
    is "$(echo "$before $(stock)" | awk '{ print $4, $1 - $3 }')" "0 $(case "$now" in *shipped) echo 4 ;; *) echo 0 ;; esac)" 'its items are shipped or released'
done

# All operations concurrently on a few orders.
for round in 1 2 3; do
    a=$(sold cod) b=$(sold balance) c=$(sold cod)
    at_once "DO \$\$
        DECLARE
            v_order bigint;
        BEGIN
            FOR i IN 1 .. 9 LOOP
                v_order := (ARRAY[$a, $b, $c])[1 + (i + @) % 3];
                BEGIN
                    CASE (i + @) % 8
                        WHEN 0 THEN PERFORM $(advance v_order confirmed);
                        WHEN 1 THEN PERFORM $(advance v_order packed);
                        WHEN 2, 3 THEN PERFORM $(ship v_order "'JP' || @ % 2");
                        WHEN 4 THEN PERFORM $(track v_order on_delivery);
                        WHEN 5 THEN PERFORM $(track v_order delivered);
                        WHEN 6 THEN PERFORM $(advance v_order delivered);
                        ELSE IF @ > 45 THEN
                                 PERFORM $(cancel v_order);
                             ELSIF @ % 2 = 0 THEN
                                 PERFORM orders_v1.settle_payment($operator, v_order, NULL, NULL, NULL);
                             ELSE
                                 PERFORM orders_v1.refund($operator, v_order, 1, NULL, 'race', 30, NULL);
                             END IF;
                    END CASE;
                EXCEPTION WHEN lock_not_available THEN NULL;
                WHEN OTHERS THEN
                    IF SQLSTATE NOT LIKE 'OR%' THEN RAISE; END IF;
                END;
                COMMIT;
            END LOOP;
            RAISE WARNING 'through';
        END \$\$"
    is "$(answers through) $(answers ERROR)" '48 0' "48 sessions finish without an error ($round)"
    is "$(q "SELECT count(*) FROM (SELECT axis, to_state FROM orders_v1.order_history WHERE tenant_id = $tenant AND order_id IN ($a, $b, $c) AND axis = 'fulfilment'
              GROUP BY order_id, axis, to_state HAVING count(*) > 1) AS x")" 0 'no step is taken twice'
    is "$(q "SELECT count(*) FROM orders.orders o WHERE tenant_id = $tenant AND id IN ($a, $b, $c) AND state = 'open' AND fulfilment_state = 'delivered'")" 0 \
        'every delivered order is completed'
done
finish
