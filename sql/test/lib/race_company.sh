# SPDX-License-Identifier: Apache-2.0
# A company with a salesperson, for the tests with several sessions: source it after lib/race.sh, call company after shop.

operator="$tenant, 'operator', 'operator', NULL, 'race', NULL, NULL"

company() {
    q "SELECT count(*) FROM orders_v1.catalogue_bulk($operator, ARRAY[
           '{\"kind\": \"companies\", \"ref\": \"acme\", \"name\": \"Acme\", \"prefix\": \"AAAA\"}',
           '{\"kind\": \"users\", \"ref\": \"sally\", \"name\": \"Sally\", \"current_company\": \"acme\"}',
           '{\"kind\": \"memberships\", \"ref\": \"m\", \"company\": \"acme\", \"user\": \"sally\", \"role\": \"salesperson\"}',
           '{\"kind\": \"products\", \"ref\": \"lamp\", \"name\": \"Lamp\", \"variants\": [{\"ref\": \"lamp\", \"number\": \"L\", \"prices\": {\"USD\": 100}}]}']::jsonb[])" >"$out/company"
}

seller() { echo "$tenant, 'company', 'seller', $(user sally), 'race', NULL, NULL"; }

cart() {
    q "SELECT id FROM orders_v1.make_cart($operator,
           '{\"company\": \"acme\", \"agent\": \"sally\", \"currency\": \"USD\", \"products\": [{\"number\": \"L\"}]}')"
}

# place CART METHOD CONSUMER SECONDS: SQL that orders a cart and returns the outcome and the order's id
place() {
    echo "SELECT outcome || ' ' || (\"order\").id FROM orders_v1.place_cart($(seller), '$1', '$2', $3, 'sim', $4)"
}

# sell METHOD CONSUMER SECONDS: orders a new cart; prints the order's id
sell() { q "$(place "$(cart)" "$1" "$2" "$3")" | cut -d' ' -f2; }

number() { q "SELECT number FROM orders.orders WHERE tenant_id = $tenant AND id = $1"; }

settle() { echo "SELECT outcome FROM orders_v1.settle_sale($(seller), '$1', '$2')"; }

states() { q "SELECT state || ' ' || payment_state FROM orders.orders WHERE tenant_id = $tenant AND id = $1"; }
