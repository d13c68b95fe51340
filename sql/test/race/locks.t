#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Waits between sessions: one session holds its locks for a second while another session runs.
. "$(dirname "$0")/../lib/race.sh"
shop
operator="$tenant, 'operator', 'operator', NULL, 'race', NULL, NULL"
put() { echo "SELECT outcome FROM orders_v1.catalogue_upsert($operator, '$1', '$2', '$3')"; }
cancel() { echo "SELECT outcome FROM orders_v1.cancel($operator, NULL, $1, 'race', NULL)"; }
order() { q "$(buy "$1" "$2" "$3" NULL)" | cut -d' ' -f2; }
used() { q "SELECT used FROM orders.coupon WHERE tenant_id = $tenant AND external_ref = '$1'"; }

# slowly SQL: runs SQL in the background and holds its locks for a second
slowly() {
    psql -XqAt -c "BEGIN" -c "$1" -c "SELECT pg_sleep(1)" -c "COMMIT" >"$out/slow" 2>&1 &
    slow=$!
    sleep 0.4
}

# A limit is set while a use of the coupon is released, and the other way round.
one=$(order u1 manual "'FREE'")
slowly "$(cancel "$one")"
q "$(put coupons free '{"percent_bp": 1000, "max_uses": 9}')" >"$out/put"
wait "$slow"
is "$(used free)" 0 'setting a limit waits for the release of a use'
q "$(put coupons free '{"percent_bp": 1000}')" >"$out/put"
one=$(order u1 manual "'FREE'")
slowly "$(put coupons free '{"percent_bp": 1000, "max_uses": 9}')"
q "$(cancel "$one")" >"$out/cancel"
wait "$slow"
is "$(used free)" 0 'releasing a use waits for the setting of a limit'

# Two sessions write the same entry, or the same unique value: the later session finds the row of the first.
slowly "$(put users twin '{"name": "Twin", "login": "twin"}')"
is "$(q "$(put users twin '{"name": "Twin", "login": "twin"}')" | head -n 1)" unchanged 'an entry that two sessions create at once is one entry'
wait "$slow"
slowly "$(put users left '{"name": "Left", "login": "same"}')"
q "$(put users right '{"name": "Right", "login": "same"}')" >"$out/right" 2>&1 || :
is "$(grep -E '^(ERROR|HINT)' "$out/right")" "$(printf 'ERROR:  invalid_field\nHINT:  {"field": "login"}')" 'the later of two entries with one login is refused, with the field'
wait "$slow"

# A user can place orders while the catalogue entry of the user is changed.
slowly "$(put users u2 '{"name": "Changed"}')"
is "$(q "SET statement_timeout = '500ms'; $(buy u2 balance NULL NULL)" | cut -d' ' -f1)" order 'an order does not wait for a change of its buyer'
wait "$slow"

# Two coupons and two workers. The first worker has released one coupon and waits for its next order. The second worker skips
# these orders and then needs the first coupon too.
q "$(put coupons odd '{"percent_bp": 1000, "max_uses": 1000}')" >"$out/put"
q "$(put coupons even '{"percent_bp": 1000, "max_uses": 1000}')" >"$out/put"
n=0
for coupon in ODD EVEN EVEN ODD; do
    n=$((n + 1))
    one=$(order "u$n" external "'$coupon'")
    [ $n != 2 ] || second=$one
    let_expire "$one" "now() - interval '1 hour' + interval '1 minute' * $n"
done
slowly "SELECT count(*) FROM (SELECT FROM orders.payment WHERE tenant_id = $tenant AND order_id = $second FOR UPDATE) AS p"
together 2 "SELECT pg_sleep(0.2 * (@ - 1)); SELECT orders_v1.expire_due($tenant, 2 * @)"
wait "$slow"
is "$(answers deadlock)" 0 'two workers do not deadlock'
is "$(cat "$out/1")" "$(printf '\n2')" 'the first worker expires two orders'
is "$(cat "$out/2")" "$(printf '\n2')" 'the second worker expires the other two orders'

# Concurrent documents of a product: the second states the stock as it was when the document was sent, the third another stock.
bulb() { echo "SELECT outcome FROM orders_v1.catalogue_upsert($operator, 'products', 'bulb',
    format('{\"name\": \"Bulb\", \"variants\": [{\"ref\": \"x\", \"stock\": %s, \"prices\": {\"USD\": 10}}]}', $1)::jsonb)"; }
q "$(bulb 5)" >"$out/put"
slowly "$(bulb 6)"
together 2 "SELECT pg_sleep(0.2 * (@ - 1)); $(bulb '3 + 2 * @')"
wait "$slow"
is "$(answers deadlock)" 0 'concurrent documents of one product do not deadlock'
is "$(answers updated)" 2 'both documents of one product are applied'

# Documents of two products in opposite order.
pair() { echo "SELECT string_agg(outcome, ' ') FROM orders_v1.catalogue_bulk($operator, (
    SELECT array_agg(jsonb_build_object('kind', 'products', 'ref', r, 'name', 'Pair ' || $1, 'variants', '[{\"ref\": \"x\", \"prices\": {\"USD\": 10}}]'::jsonb)
                     ORDER BY r = CASE $1 WHEN 1 THEN 'jar' ELSE 'cup' END) FROM unnest('{cup,jar}'::text[]) AS r))"; }
q "$(pair 0)" >"$out/put"
slowly "$(put products cup '{"name": "Cup", "variants": [{"ref": "x", "prices": {"USD": 10}}]}')"
together 2 "SELECT pg_sleep(0.2 * (@ - 1)); $(pair @)"
wait "$slow"
is "$(answers deadlock)" 0 'concurrent documents of two products do not deadlock'
is "$(answers 'updated updated')" 2 'both documents of two products are applied'

# While a cart is being ordered, other sessions wait: another order of the cart gets the same order, and a reorder uses the next cart.
q "$(put products lamp '{"name": "Lamp", "variants": [{"ref": "x", "prices": {"USD": 10}}]}')" >"$out/put"
lamp() { echo "SELECT (\"order\").id FROM orders_v1.place_order($operator, '{\"dialect\": \"shop\", \"user\": \"u9\", \"payment_method\": \"cod\", $1}', 900)"; }
again() { echo "SELECT ref FROM orders_v1.reorder($operator, $(user u9), $1)"; }
one=$(q "$(lamp '"lines": [{"product": "lamp"}]')")
two=$(q "$(lamp '"lines": [{"product": "lamp"}]')")
code=$(q "$(again "$one")")
slowly "$(lamp "\"cart\": \"$code\"")"
together 1 "$(lamp "\"cart\": \"$code\"")"
is "$(answers cart_ordered)" 1 'a cart is ordered once'
wait "$slow"
code=$(q "$(again "$one")")
slowly "$(lamp "\"cart\": \"$code\"")"
next=$(q "$(again "$two")")
wait "$slow"
is "$(q "SELECT state FROM orders.cart WHERE tenant_id = $tenant AND code = '$next'")" open 'a reorder uses a new cart instead of the ordered one'
finish
