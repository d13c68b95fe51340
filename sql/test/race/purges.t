#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Carts are purged while buyers reorder into them and salespersons order them.
. "$(dirname "$0")/../lib/race.sh"
. "$(dirname "$0")/../lib/race_company.sh"
shop
company
purge="SELECT orders_v1.purge_carts($tenant, interval '0 s', 1000)"
reorder() { echo "SELECT id FROM orders_v1.reorder($operator, $(user "$1"), $2)"; }
bought() {
    q "SELECT (\"order\").id FROM orders_v1.place_order($operator, '{\"dialect\": \"shop\", \"user\": \"$1\", \"payment_method\": \"balance\",
           \"lines\": [{\"product\": \"lamp\", \"variant\": \"lamp\"}]}', 900)"
}
one=$(bought u1)
two=$(bought u2)

# Each cart is old enough at once. The only refusal: the cart of a salesperson is gone.
together 12 "DO \$\$
    DECLARE
        v_cart bigint;
        v_gone integer := 0;
    BEGIN
        FOR i IN 1 .. 40 LOOP
            IF @ % 3 = 0 THEN
                PERFORM orders_v1.purge_carts($tenant, interval '0 s', 1000);
            ELSIF @ % 3 = 1 THEN
                PERFORM orders_v1.reorder($operator, $(user u1), $one), orders_v1.reorder($operator, $(user u2), $two);
            ELSE
                SELECT id INTO v_cart FROM orders_v1.make_cart($operator, '{\"company\": \"acme\", \"agent\": \"sally\", \"currency\": \"USD\", \"products\": [{\"number\": \"L\"}]}');
                COMMIT;
                BEGIN
                    PERFORM orders_v1.place_cart($(seller), v_cart::text, 'cash', true, NULL, 900);
                EXCEPTION WHEN SQLSTATE 'OR404' THEN
                    v_gone := v_gone + 1;
                END;
            END IF;
            COMMIT;
        END LOOP;
        RAISE WARNING 'through %', v_gone;
    END \$\$"
is "$(answers through) $(answers ERROR)" '12 0' 'no request and no purge fails' || cat "$out"/*
lost() {
    q "SELECT count(*) FROM orders.orders o LEFT JOIN orders.cart k ON k.tenant_id = o.tenant_id AND k.id = o.cart_id
       WHERE o.tenant_id = $tenant AND o.cart_id IS NOT NULL AND k.state IS DISTINCT FROM 'ordered'"
}
is "$(lost)" 0 'no order has lost its cart'
is "$(q "SELECT count(*) > 0 FROM orders.orders WHERE tenant_id = $tenant AND cart_id IS NOT NULL")" t 'carts are ordered'
is "$(q "SELECT count(*) FROM orders.cart k WHERE k.tenant_id = $tenant
         AND NOT EXISTS (SELECT FROM orders.cart_line q WHERE q.tenant_id = $tenant AND q.cart_id = k.id)")" 0 'no cart has lost its lines'

# held SQL: a session that sends SQL, and commits a second later
held() {
    psql -XqAt -c BEGIN -c "$1" -c 'SELECT pg_sleep(1)' -c COMMIT >"$out/held" 2>&1 &
    held=$!
    until [ "$(q "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(1)' AND state = 'active' AND datname = current_database()")" -gt 0 ]; do :; done
}
q "$purge" >"$out/purge"
cart=$(cart)
held "$(place "$cart" cash true 900)"
is "$(q "SET statement_timeout = '500ms'; $purge")" 0 'a purge skips a cart that is being ordered'
wait "$held"
is "$(q "$purge") $(lost)" '0 0' 'the cart of an order is not purged'

held "$(reorder u1 "$one")"
is "$(q "SET statement_timeout = '500ms'; $purge")" 0 'a purge skips a cart that a buyer adds to'
wait "$held"

cart=$(cart)
held "$purge"
is "$(psql -XqAt -v VERBOSITY=sqlstate -c "$(place "$cart" cash true 900)" 2>&1 | grep -o OR404)" OR404 'an order waits for the purge of its cart, and is refused'
wait "$held"
q "$(reorder u1 "$one")" >"$out/again"
held "$purge"
new=$(q "$(reorder u1 "$one")")
is "$(q "SELECT count(*) FROM orders.cart_line WHERE tenant_id = $tenant AND cart_id = $new")" 1 'a buyer who adds to a purged cart gets a new one'
wait "$held"
finish
