#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Concurrent invoices of a company and of the tenant.
. "$(dirname "$0")/../lib/race.sh"
. "$(dirname "$0")/../lib/race_company.sh"
shop
company

q "SELECT pg_catalog.set_config('search_path', 'orders, orders_v1', false); DO \$\$ DECLARE v_cart bigint; v_number text; BEGIN FOR i IN 1 .. 25 LOOP
       SELECT id INTO v_cart FROM make_cart($operator, '{\"company\": \"acme\", \"agent\": \"sally\", \"currency\": \"USD\", \"products\": [{\"number\": \"L\"}]}');
       SELECT (\"order\").number INTO v_number FROM place_cart($(seller), v_cart::text, 'cash', false, NULL, NULL);
       PERFORM settle_sale($(seller), v_number, 'X' || i);
   END LOOP; END \$\$" >"$out/orders"
nth() { echo "(SELECT id FROM orders.orders WHERE tenant_id = $tenant AND retailer_id IS NOT NULL ORDER BY id LIMIT 1 OFFSET $1 - 1)"; }

together 25 "SELECT outcome FROM orders_v1.issue_invoice($operator, $(nth @))"
is "$(answers '^done')" 25 '25 sessions invoice 25 orders'
is "$(q "SELECT count(*) || ' ' || min(sequence) || ' ' || max(sequence) || ' ' || count(DISTINCT sequence) FROM orders.invoice WHERE tenant_id = $tenant")" '25 1 25 25' 'the invoice numbers have no gap'

# Half of the sessions roll back.
order=$(q "$(buy u1 balance NULL NULL)" | cut -d' ' -f2)
other=$(q "$(buy u2 balance NULL NULL)" | cut -d' ' -f2)
q "SELECT orders_v1.next_in_series($tenant, 'nothing')" >"$out/none"
q "DELETE FROM orders.number_series WHERE tenant_id = $tenant AND series = 'nothing'"
together 12 "DO \$\$ BEGIN PERFORM orders_v1.issue_invoice($operator, CASE @ % 3 WHEN 0 THEN $other ELSE $order END);
             IF @ % 2 = 1 THEN RAISE EXCEPTION 'changed my mind'; END IF; END \$\$; SELECT 'done'"
is "$(answers '^done') $(answers 'changed my mind')" '6 6' 'half of the sessions roll back'
is "$(q "SELECT string_agg(sequence::text, ' ' ORDER BY sequence) FROM orders.invoice WHERE tenant_id = $tenant AND company_id IS NULL")" '1 2' 'each order has one invoice and no number is skipped'
is "$(q "SELECT last_number FROM orders.number_series WHERE tenant_id = $tenant AND series = 'invoice tenant'")" 2 'the series of the tenant has the last number'
finish
