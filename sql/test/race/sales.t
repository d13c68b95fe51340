#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Concurrent salespersons, consumers and operators on one cart or order.
. "$(dirname "$0")/../lib/race.sh"
. "$(dirname "$0")/../lib/race_company.sh"
shop
company

cart=$(cart)
together 25 "$(place "$cart" cash false NULL)"
order=$(q "SELECT id FROM orders.orders WHERE tenant_id = $tenant")
is "$(q "SELECT count(*) FROM orders.orders WHERE tenant_id = $tenant")" 1 'a cart that 25 sessions order becomes one order'
is "$(answers "^done $order$") $(answers "^unchanged $order$")" '1 24' 'all responses have its id'

cart=$(cart)
together 25 "SELECT (\"order\").id FROM orders_v1.place_cart($tenant, 'company', 'seller', $(user sally), 'create', 'k', '\\x01', '$cart', 'cash', true, NULL, 900)"
is "$(cat "$out"/* | sort -u | wc -l | tr -d ' ') $(q "SELECT count(*) FROM orders.orders WHERE tenant_id = $tenant AND cart_id = $cart")" '1 1' '25 requests with one key place one order'

order=$(sell cash true 900)
together 25 "SELECT outcome FROM orders_v1.claim_order($tenant, 'company', 'buyer', $(user u@), 'bind', NULL, NULL, '$(number "$order")')"
is "$(answers '^done') $(answers order_bound)" '1 24' 'of 25 consumers one claims the order, the others are refused'
winner=$(grep -l '^done' "$out"/* | sed 's,.*/,,')
is "$(q "SELECT buyer_id = $(user "u$winner") AND version = 2 FROM orders.orders WHERE tenant_id = $tenant AND id = $order")" t 'the consumer with the accepted claim is the buyer'

round=0
while [ $round -lt 5 ]; do
    round=$((round + 1))
    order=$(sell credit_card false NULL)
    number=$(number "$order")
    together 8 "DO \$\$ BEGIN IF @ % 2 = 0 THEN PERFORM orders_v1.settle_sale($(seller), '$number', 'pay$round-@');
                ELSE PERFORM orders_v1.cancel_sale($(seller), '$number'); END IF; END \$\$; SELECT 'fine'"
    is "$(q "SELECT count(*) FROM orders.orders WHERE tenant_id = $tenant AND id = $order AND version = 2
             AND (state, payment_state) IN (('completed', 'paid'), ('cancelled', 'closed'))")" 1 "the order is paid or cancelled, not both ($round)"
    is "$(q "SELECT count(*) FROM orders.provider_transaction t JOIN orders.payment p ON p.tenant_id = t.tenant_id AND p.id = t.payment_id
             WHERE p.tenant_id = $tenant AND p.order_id = $order")" "$(q "SELECT (payment_state = 'paid')::integer FROM orders.orders WHERE tenant_id = $tenant AND id = $order")" 'its transaction is stored if it was paid'
done

a=$(sell cash false NULL)
b=$(sell cash false NULL)
na=$(number "$a")
nb=$(number "$b")
together 12 "DO \$\$ BEGIN PERFORM orders_v1.settle_sale($(seller), CASE @ % 2 WHEN 0 THEN '$na' ELSE '$nb' END, 'one'); END \$\$; SELECT 'done'"
is "$(answers '^done') $(answers transaction_id_taken)" '1 11' 'a transaction pays one of two orders, once'
is "$(q "SELECT string_agg(payment_state::text, ' ' ORDER BY payment_state::text) FROM orders.orders WHERE tenant_id = $tenant AND id IN ($a, $b)")" 'paid unpaid' 'the other order stays unpaid'

round=0
while [ $round -lt 3 ]; do
    round=$((round + 1))
    order=$(sell cash false NULL)
    number=$(number "$order")
    q "$(settle "$number" "refund$round")" >"$out/settled"
    together 8 "DO \$\$ BEGIN IF @ % 2 = 0 THEN PERFORM orders_v1.refund_sale($(seller), '$number', 'back$round-@', 30, false);
                ELSE PERFORM orders_v1.refund($operator, $order, NULL, NULL, 'race', 30, NULL); END IF; END \$\$; SELECT 'done'"
    is "$(answers '^done') $(states "$order")" '8 completed refunded' "concurrent refunds by seller and operator all succeed ($round)"
    is "$(q "SELECT count(*) || ' ' || sum(amount) FROM orders.refund WHERE tenant_id = $tenant AND order_id = $order")" '1 100' 'it is refunded once'
done

order=$(sell credit_card false NULL)
number=$(number "$order")
q "$(settle "$number" card)" >"$out/settled"
together 10 "SELECT outcome FROM orders_v1.refund_sale($(seller), '$number', 'same', 30, false)"
is "$(answers '^done') $(answers '^unchanged')" '1 9' 'a refund that is sent 10 times is made once'

order=$(sell external false 900)
together 10 "SELECT (payment).id FROM orders_v1.start_payment($tenant, $order, $(q "SELECT id FROM orders.payment WHERE tenant_id = $tenant AND order_id = $order"), 'gone')"
is "$(cat "$out"/* | sort -u | wc -l | tr -d ' ') $(q "SELECT count(*) FROM orders.payment WHERE tenant_id = $tenant AND order_id = $order")" '1 2' 'opening a link 10 times after its intent is gone creates one new payment'

number=$(number "$order")
together 6 "SELECT outcome FROM orders_v1.send_pay_link($(seller), '$number', 'a@example.com')"
together 8 "SELECT id FROM orders_v1.claim_mail($tenant, 3, 60)"
is "$(cat "$out"/* | wc -l | tr -d ' ') $(cat "$out"/* | sort -u | wc -l | tr -d ' ')" '6 6' 'several workers claim all mail, each once'
finish
