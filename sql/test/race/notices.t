#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One delivery of a provider many times at once, its verification by several workers, and operators who act on one refused event at once.
. "$(dirname "$0")/../lib/race.sh"
shop
operator="$tenant, 'operator', 'operator', NULL, 'race', NULL, NULL"

together 25 "SELECT outcome || ' ' || replayed FROM orders_v1.store_provider_notice($tenant, 'sim', sha256('race'), 'T', 'capture', 'R', NULL, NULL, NULL, NULL, NULL, 0)"
is "$(answers '^pending false') $(answers '^pending true')" '1 24' 'a delivery that comes 25 times at once is stored once'
is "$(q "SELECT count(*) FROM orders.due WHERE tenant_id = $tenant AND kind = 'provider_notice'")" 1 'and verified once'
together 8 "SELECT 'claimed' FROM orders_v1.claim_notices($tenant, 'sim', 5, 60)"
is "$(answers '^claimed')" 1 'by one worker'

notice=$(q "SELECT id FROM orders.provider_notice WHERE tenant_id = $tenant")
together 12 "SELECT CASE WHEN @ % 3 = 0 THEN orders_v1.finish_notice($tenant, $notice, 'webhook:R:paid')::text
                        WHEN @ % 3 = 1 THEN orders_v1.postpone_notice($tenant, $notice, 'no reply', false)::text
                        ELSE orders_v1.refuse_stale_notices($tenant, 5)::text END"
is "$(q "SELECT verdict FROM orders.provider_notice WHERE tenant_id = $tenant")" verified 'a request and workers that verify it at once agree'
is "$(q "SELECT count(*) FROM orders.due WHERE tenant_id = $tenant AND kind = 'provider_notice'")" 0 'and none is left to do'

q "SELECT outcome FROM orders_v1.store_provider_notice($tenant, 'sim', sha256('stale'), 'T', 'capture', 'R2', NULL, NULL, NULL, NULL, NULL, 0)" >"$out/stored"
q "UPDATE orders.provider_notice SET pending_since = now() - interval '4 days' WHERE tenant_id = $tenant AND verdict = 'pending'"
q "SELECT orders_v1.refuse_stale_notices($tenant, 5)" >"$out/stale"
event=$(q "SELECT id FROM orders.provider_event WHERE tenant_id = $tenant AND verdict = 'refused'")
together 16 "SELECT outcome FROM orders_v1.resolve_provider_event($operator, $event, 'by @')"
is "$(answers '^done') $(answers provider_event_settled)" '1 15' 'an event is resolved once'

order=$(q "$(buy u1 external NULL NULL)" | cut -d' ' -f2)
payment=$(q "SELECT provider_key FROM orders.payment WHERE tenant_id = $tenant AND order_id = $order")
q "SELECT outcome FROM orders_v1.apply_provider_event($tenant, 'sim', 'wrong', 'paid', '$payment', NULL, 'tx', 99, 'USD', NULL, NULL)" >"$out/wrong"
q "UPDATE orders.provider_event SET amount = 100 WHERE tenant_id = $tenant AND event_id = 'wrong'"
event=$(q "SELECT id FROM orders.provider_event WHERE tenant_id = $tenant AND event_id = 'wrong'")
together 16 "DO \$\$ BEGIN IF @ % 4 = 0 THEN PERFORM orders_v1.apply_provider_event($tenant, 'sim', 'wrong', 'paid', '$payment', NULL, 'tx', 100, 'USD', NULL, NULL);
             ELSE PERFORM orders_v1.retry_provider_event($operator, $event); END IF; END \$\$"
is "$(q "SELECT payment_state || ' ' || captured FROM orders.orders WHERE tenant_id = $tenant AND id = $order")" 'paid 100' 'an event that is retried and repeated at once is applied once'
is "$(cat "$out"/* | grep -c -i deadlock)" 0 'nothing deadlocks'
is "$(q 'SELECT count(*) FROM orders_check.all_violations')" 0 'and nothing is wrong'
finish
