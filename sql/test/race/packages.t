#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Concurrent package orders of a member: one is pending at a time, each is granted once, and a refund revokes it.
. "$(dirname "$0")/../lib/race.sh"
shop
operator="$tenant, 'operator', 'operator', NULL, 'race', NULL, NULL"
soon=$(q "SELECT to_char(now() + interval '20 days', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
member="$tenant, 'commerce', 'buyer', NULL, 'race', NULL, NULL"
q "SELECT count(*) FROM orders_v1.catalogue_bulk($operator, ARRAY[
    '{\"kind\": \"products\", \"ref\": \"a\", \"name\": \"A\", \"variants\": [{\"ref\": \"x\", \"prices\": {\"USD\": 10}}]}',
    '{\"kind\": \"products\", \"ref\": \"b\", \"name\": \"B\", \"variants\": [{\"ref\": \"x\", \"prices\": {\"USD\": 30}}]}',
    '{\"kind\": \"packages\", \"ref\": \"a\", \"product\": \"a\", \"rank\": 1, \"duration_unit\": \"month\", \"duration_value\": 1}',
    '{\"kind\": \"packages\", \"ref\": \"b\", \"product\": \"b\", \"rank\": 2, \"duration_unit\": \"month\", \"duration_value\": 1}',
    '{\"kind\": \"members\", \"ref\": \"u1\", \"placed_at\": \"2020-01-01T00:00:00Z\", \"package\": \"a\"}',
    '{\"kind\": \"members\", \"ref\": \"u2\", \"placed_at\": \"2020-01-01T00:00:00Z\", \"package\": \"a\", \"ends_at\": \"$soon\"}']::jsonb[])" >"$out/packages"
package() { q "SELECT variant_id FROM orders.package WHERE tenant_id = $tenant AND external_ref = '$1'"; }
a=$(package a) b=$(package b)
address="{\"given_name\": \"A\", \"family_name\": \"B\", \"email\": \"a\\u0040example.com\", \"phone\": \"1\", \"house\": \"1\", \"street\": \"S\", \"city\": \"KL\",
    \"postal_code\": \"50450\", \"country\": \"MY\", \"state\": \"14\"}"

# step TYPE USER PACKAGE PRICE METHOD: SQL of one call
step() {
    echo "orders_v1.upgrade_or_renew($member, '{\"type\": \"$1\", \"user\": \"$2\", \"product\": $3, \"unit_price\": \"$4\", \"discount\": 0, \"total\": \"$4\",
        \"address\": $address, \"payment_method\": \"$5\"}', 900, NULL, 30)"
}
# first USER [MEMBERS]: SQL that orders a first package; MEMBERS are added to its document
first() {
    echo "orders_v1.member_place($member, '{${2:-} \"user\": \"$1\", \"total\": \"0.10\", \"address\": $address, \"lines\": [{\"product\": $a, \"quantity\": 1,
        \"unit_price\": \"0.10\", \"discount\": 0, \"total\": \"0.10\"}]}', 900, NULL)"
}
# ask CALL: SQL that makes the call, repeats it after a lock timeout, and reports the result
ask() {
    echo "DO \$\$
        DECLARE
            v_code text;
            v_hint text;
        BEGIN
            FOR i IN 1 .. 20 LOOP
                BEGIN
                    SELECT outcome INTO v_code FROM $1;
                    RAISE WARNING 'says %', v_code;
                    EXIT;
                EXCEPTION WHEN lock_not_available THEN NULL;
                WHEN OTHERS THEN
                    GET STACKED DIAGNOSTICS v_hint = PG_EXCEPTION_HINT;
                    RAISE WARNING '% % %', SQLSTATE, SQLERRM, v_hint;
                    EXIT;
                END;
            END LOOP;
        END \$\$"
}
open_orders() { q "SELECT count(*) FROM orders.package_order q JOIN orders.orders o USING (tenant_id) WHERE o.id = q.order_id AND tenant_id = $tenant AND o.state = 'open' AND q.user_id = $(user "$1")"; }
terms() { q "SELECT count(*) FROM orders.package_term WHERE tenant_id = $tenant AND user_id = $(user "$1") AND order_id IS NOT NULL AND revoked_at IS NULL"; }

at_once "$(ask "$(step upgrade u1 "$b" 0.20 manual)")"
is "$(answers 'says done') $(answers package_unpaid) $(open_orders u1)" '1 47 1' 'one of 48 upgrades is placed'
order=$(q "SELECT max(order_id) FROM orders.package_order WHERE tenant_id = $tenant")
at_once "$(ask "orders_v1.settle_payment($operator, $order, NULL, 'T', NULL)")"
is "$(answers 'says done') $(answers 'says unchanged') $(terms u1)" '1 47 1' '48 settlements apply the package once'
at_once "$(ask "orders_v1.refund($operator, $order, NULL, NULL, 'race', 30, NULL)")"
is "$(answers 'says done') $(answers 'says unchanged') $(terms u1)" '1 47 0' '48 refunds revoke the package once'
is "$(q "SELECT package_id FROM orders.package_term t JOIN orders.member m USING (tenant_id) WHERE tenant_id = $tenant AND t.id = m.term_id AND m.user_id = $(user u1)")" "$a" \
    'the member has the previous package again'
at_once "$(ask "$(first u3)")"
is "$(answers 'says done') $(answers package_unpaid) $(open_orders u3)" '1 47 1' 'of 48 first packages of a user without a member row one is placed'

# Concurrent renewals from the balance: after the first, the end is outside the renewal window.
at_once "$(ask "$(step renewal u2 "$a" 0.10 balance)")"
is "$(answers 'says done') $(answers package_active) $(terms u2)" '1 47 1' 'one of 48 renewals is placed'
is "$(q "SELECT balance FROM orders.account WHERE tenant_id = $tenant AND user_id = $(user u2)")" 490 'the renewal is paid once'

# A session has changed the payment state of an order and has not committed: the next package order of the member waits.
# slowly SQL: runs SQL in the background and holds its locks for a second
slowly() {
    psql -XqAt -c "BEGIN" -c "$1" -c "SELECT pg_sleep(1)" -c "COMMIT" >"$out/slow" 2>&1 &
    slow=$!
    sleep 0.4
}
# external USER: places an external order of a first package
external() { q "SELECT (\"order\").id FROM $(first "$1" '"payment_method": "external", "payment_channel": "sim",')"; }
# paid ORDER: SQL that applies the paid event of the provider
paid() {
    echo "SELECT outcome FROM orders_v1.apply_provider_event($tenant, 'sim', 'paid$1', 'paid', (SELECT provider_key FROM orders.payment WHERE tenant_id = $tenant
        AND order_id = $1), NULL, 'tx$1', 10, 'USD', NULL, NULL)"
}
for who in u4 u5; do
    q "SELECT outcome FROM orders_v1.catalogue_upsert($operator, 'members', '$who', '{\"placed_at\": \"2020-01-01T00:00:00Z\"}')" >"$out/member"
done
order=$(external u4)
q "$(paid "$order")" >"$out/paid"
slowly "SELECT count(*) FROM orders_v1.refund($operator, $order, 4, NULL, 'race', 30, NULL)"
together 1 "$(ask "$(step upgrade u4 "$b" 0.20 manual)")"
wait "$slow"
is "$(answers refund_open) $(open_orders u4)" '1 0' 'an upgrade is refused after a concurrent refund'
order=$(external u5)
q "SELECT count(*) FROM orders_v1.cancel($operator, NULL, $order, 'race', NULL)" >"$out/cancel"
slowly "$(paid "$order")"
together 1 "$(ask "$(step renewal u5 "$a" 0.10 manual)")"
wait "$slow"
is "$(answers refund_open) $(open_orders u5)" '1 0' 'a renewal is refused after a concurrent late payment'

# All operations concurrently.
for round in 1 2; do
    at_once "DO \$\$
        DECLARE
            v_order bigint;
        BEGIN
            FOR i IN 1 .. 8 LOOP
                SELECT max(order_id) INTO v_order FROM orders.package_order WHERE tenant_id = $tenant AND user_id = CASE @ % 2 WHEN 0 THEN $(user u1) ELSE $(user u2) END;
                BEGIN
                    CASE (i + @) % 7
                        WHEN 0 THEN PERFORM $(step upgrade u1 "$b" 0.20 balance);
                        WHEN 1 THEN PERFORM $(step upgrade u2 "$b" 0.20 manual);
                        WHEN 2 THEN PERFORM orders_v1.settle_payment($operator, v_order, NULL, 'T', NULL);
                        WHEN 3 THEN PERFORM orders_v1.refund($operator, v_order, NULL, NULL, 'race', 30, NULL);
                        WHEN 4 THEN PERFORM orders_v1.cancel($operator, NULL, v_order, 'race', NULL);
                        WHEN 5 THEN PERFORM orders_v1.catalogue_upsert($operator, 'members', 'u' || 1 + @ % 2, '{\"placed_at\": \"2020-01-01T00:00:00Z\", \"package\": \"a\"}');
                        ELSE PERFORM orders_v1.apply_paid_package($operator, v_order, NULL);
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
    is "$(q "SELECT string_agg(problem, '; ') FROM orders_check.all_violations WHERE tenant_id = $tenant")" '' 'all invariants hold'
done
finish
