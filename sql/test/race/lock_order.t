#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The lock order. A session locks a row and an operation waits for that row. Then the session locks every later row of the
# lock order. If the operation already holds one of these, it deadlocks with the session.
. "$(dirname "$0")/../lib/race.sh"
shop
operator="$tenant, 'operator', 'operator', NULL, 'race', NULL, NULL"
member="$tenant, 'commerce', 'buyer', NULL, 'race', NULL, NULL"
q "SELECT count(*) FROM orders_v1.catalogue_bulk($operator, ARRAY[
    '{\"kind\": \"products\", \"ref\": \"lamp\", \"name\": \"Lamp\", \"variants\": [{\"ref\": \"a\", \"name\": \"A\", \"stock\": 1000, \"prices\": {\"USD\": 10}},
        {\"ref\": \"b\", \"name\": \"B\", \"stock\": 1000, \"prices\": {\"USD\": 10}}]}',
    '{\"kind\": \"products\", \"ref\": \"club\", \"name\": \"Club\", \"variants\": [{\"ref\": \"x\", \"prices\": {\"USD\": 10}}]}',
    '{\"kind\": \"packages\", \"ref\": \"club\", \"product\": \"club\", \"rank\": 1, \"duration_unit\": \"month\", \"duration_value\": 1}',
    '{\"kind\": \"coupons\", \"ref\": \"some\", \"percent_bp\": 1000, \"max_uses\": 1000}']::jsonb[])" >"$out/catalogue"
club=$(q "SELECT variant_id FROM orders.package WHERE tenant_id = $tenant")
# Creates the series of this month, so that the session can lock its row.
lines='"lines": [{"product": "lamp", "variant": "b"}, {"product": "lamp", "variant": "a"}]'
goods() { echo "SELECT (\"order\").id FROM orders_v1.place_order($operator, '{\"dialect\": \"shop\", \"user\": \"u1\", \"payment_method\": \"$1\", $2 \"voucher\": \"SOME\"}', 900)"; }
pack() { echo "SELECT outcome FROM orders_v1.advance($operator, $1, 'packed', NULL, NULL, NULL, NULL)"; }
cancel() { echo "SELECT outcome FROM orders_v1.cancel($operator, NULL, $1, 'race', NULL)"; }
refund() { echo "SELECT outcome FROM orders_v1.refund($operator, $1, NULL, NULL, 'race', NULL, NULL)"; }
join_club() {
    echo "SELECT (\"order\").id FROM orders_v1.member_place($member, '{\"user\": \"u$1\", \"total\": \"0.10\", \"payment_method\": \"balance\", \"address\": {\"given_name\": \"A\",
        \"family_name\": \"B\", \"email\": \"a\\u0040example.com\", \"phone\": \"1\", \"house\": \"1\", \"street\": \"S\", \"city\": \"KL\", \"postal_code\": \"50450\",
        \"country\": \"MY\", \"state\": \"14\"}, \"lines\": [{\"product\": $club, \"quantity\": 1, \"unit_price\": \"0.10\", \"discount\": 0, \"total\": \"0.10\"}]}', 900, NULL)"
}
order() { q "$(goods "$1" "$lines,")"; }
order balance >"$out/series"
code=$(q "SELECT ref FROM orders_v1.reorder($operator, $(user u1), $(cat "$out/series"))")

# lock KIND: SQL that locks the row of this kind; $order is the order
lock() {
    case $1 in
    cart) echo "SELECT FROM orders.cart WHERE tenant_id = $tenant AND code = '$code' FOR UPDATE" ;;
    order) echo "SELECT FROM orders.orders WHERE tenant_id = $tenant AND id = $order FOR UPDATE" ;;
    payment) echo "SELECT FROM orders.payment WHERE tenant_id = $tenant AND order_id = $order FOR UPDATE" ;;
    coupon) echo "SELECT FROM orders.coupon WHERE tenant_id = $tenant FOR UPDATE" ;;
    use) echo "SELECT FROM orders.coupon_user WHERE tenant_id = $tenant AND user_id = $(user u1) FOR UPDATE" ;;
    product) echo "SELECT FROM orders.product WHERE tenant_id = $tenant AND external_ref = 'lamp' FOR UPDATE" ;;
    first_stock) echo "SELECT FROM orders.stock WHERE tenant_id = $tenant ORDER BY variant_id LIMIT 1 FOR UPDATE" ;;
    stock) echo "SELECT FROM orders.stock WHERE tenant_id = $tenant ORDER BY variant_id OFFSET 1 FOR UPDATE" ;;
    member) echo "SELECT FROM orders.member WHERE tenant_id = $tenant AND user_id = $(user "$buyer") FOR UPDATE" ;;
    account) echo "SELECT FROM orders.account WHERE tenant_id = $tenant AND user_id = $(user "$buyer") FOR UPDATE" ;;
    series) echo "SELECT FROM orders.number_series WHERE tenant_id = $tenant FOR UPDATE" ;;
    esac
}

# until_seen WHO CONDITION: SQL that waits for at most ten seconds until the session of this name meets the condition
until_seen() {
    echo "DO \$\$ BEGIN
        FOR i IN 1 .. 500 LOOP
            IF EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '$1_$tenant' AND $2) THEN
                RAISE WARNING 'seen';
                EXIT;
            END IF;
            PERFORM pg_sleep(0.02), pg_stat_clear_snapshot();
        END LOOP;
    END \$\$"
}

# in_sequence WHAT SQL KIND…: an operation, and the rows that it locks, in order. Each row except the last is locked once by the session. The operation is
# rolled back, so that it can be repeated.
in_sequence() {
    what=$1 sql=$2
    shift 2
    while [ $# -gt 1 ]; do
        held=$1
        shift
        later=
        for kind in "$@"; do later="$later$(lock "$kind"); "; done
        psql -XqAt -v VERBOSITY=terse -c BEGIN -c "$(lock "$held")" -c "SET application_name = 'holds_$tenant'" -c "$(until_seen operation "wait_event_type = 'Lock'")" \
            -c "$later" -c ROLLBACK >"$out/session" 2>&1 &
        session=$!
        q "$(until_seen holds true)" 2>"$out/holds"
        psql -XqAt -v VERBOSITY=terse -c BEGIN -c "SET application_name = 'operation_$tenant'" -c "$sql" -c ROLLBACK >"$out/operation" 2>&1 &
        wait $session $! || :
        waits=$(grep -c seen "$out/session")
        is "$waits$(grep -hE 'ERROR' "$out/session" "$out/operation")" 1 "$what waits for the $held and holds none of: $*"
    done
}

buyer=u1 order=0
in_sequence 'placing from a cart' "$(goods balance "\"cart\": \"$code\",")" cart coupon use first_stock stock account series
order=$(order balance)
in_sequence 'cancelling' "$(cancel "$order")" order payment coupon use first_stock stock account
in_sequence 'refunding' "$(refund "$order")" order payment coupon use first_stock stock account
order=$(order bank_transfer)
in_sequence 'settling' "SELECT outcome FROM orders_v1.settle_payment($operator, $order, NULL, 'x', NULL)" order payment series
order=$(order balance)
q "$(pack "$order")" >"$out/pack"
in_sequence 'shipping' "SELECT outcome FROM orders_v1.ship($operator, $order, '{}', NULL)" order payment first_stock stock
order=$(order balance)
in_sequence 'invoicing' "SELECT outcome FROM orders_v1.issue_invoice($operator, $order)" order payment series
order=$(q "$(join_club 2)") buyer=u2
in_sequence 'refunding a package' "$(refund "$order")" order payment member account
buyer=u3
q "SELECT FROM orders_v1.lock_member($tenant, $(user u3))"
in_sequence 'placing a package' "$(join_club 3)" member account
buyer=u1
order=$(q "$(goods manual "$lines,")")
q "UPDATE orders.orders SET expires_at = now() - interval '1 minute' WHERE tenant_id = $tenant AND id = $order"
q "INSERT INTO orders.due (tenant_id, kind, id, due_at) VALUES ($tenant, 'expiry', $order, now()) ON CONFLICT (tenant_id, kind, id) DO UPDATE SET due_at = excluded.due_at"
in_sequence 'expiring' "SELECT orders_v1.expire_due($tenant, 10)" payment coupon use first_stock stock
entries="ARRAY['{\"kind\": \"products\", \"ref\": \"lamp\", \"name\": \"Lamp\", \"variants\": [{\"ref\": \"b\", \"name\": \"B\", \"stock\": 900, \"prices\": {\"USD\": 10}},
    {\"ref\": \"a\", \"name\": \"A\", \"stock\": 900, \"prices\": {\"USD\": 10}}]}', '{\"kind\": \"coupons\", \"ref\": \"some\", \"percent_bp\": 900, \"max_uses\": 900}']::jsonb[]"
in_sequence 'a catalogue in another sequence' "SELECT count(*) FROM orders_v1.catalogue_bulk($operator, $entries)" coupon product first_stock stock
q "UPDATE orders.orders SET expires_at = NULL WHERE tenant_id = $tenant AND id = $order"
q "DELETE FROM orders.due WHERE tenant_id = $tenant AND kind = 'expiry' AND id = $order"
finish
