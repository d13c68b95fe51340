#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Workers and operators at the same reconciliation: it is started once, each page is stored once, and each difference is applied once.
. "$(dirname "$0")/../lib/race.sh"
shop
operator="$tenant, 'operator', 'operator', NULL, 'race', NULL, NULL"
order=$(q "$(buy u1 external NULL NULL)" | cut -d' ' -f2)
key=$(q "SELECT provider_key FROM orders.payment WHERE tenant_id = $tenant AND order_id = $order")
entries="jsonb_build_array(jsonb_build_object('transaction_id', 'tx', 'kind', 'capture', 'amount', 100, 'currency', 'USD',
                           'occurred_at', now() - interval '4 hours', 'payment_key', '$key'))"

at_once "SELECT 'started ' || orders_v1.plan_reconciliations($tenant, 'sim', 'simulator')"
is "$(answers 'started 1')" 1 'one worker starts the daily reconciliation'
is "$(answers 'started 0')" 47 'the others find it'
id=$(q "SELECT id FROM orders.reconciliation WHERE tenant_id = $tenant")

at_once "SELECT 'claimed ' || id FROM orders_v1.claim_reconciliations($tenant, 'sim', 1, 60)"
is "$(answers claimed)" 1 'one worker claims it'

at_once "SELECT 'stored ' || orders_v1.record_reconciliation_page($tenant, $id, NULL, '2', $entries)"
is "$(answers 'stored true')" 1 'a page is stored once'
is "$(answers 'stored false')" 47 'the others are ignored'

at_once "SELECT 'stored ' || orders_v1.record_reconciliation_page($tenant, $id, '2', NULL, $entries)"
is "$(answers 'stored true')" 1 'the last page too'
is "$(q "SELECT format('%s %s %s %s', state, pages, entries, different) FROM orders.reconciliation WHERE tenant_id = $tenant")" 'done 2 1 1' 'which is compared once'

difference=$(q "SELECT id FROM orders.reconciliation_difference WHERE tenant_id = $tenant")
at_once "SELECT outcome FROM orders_v1.apply_difference($operator, $difference)"
is "$(answers '^done$')" 1 'a difference is applied once'
is "$(answers '^unchanged$')" 47 'the others find it applied'
is "$(q "SELECT captured FROM orders.orders WHERE tenant_id = $tenant AND id = $order")" 100 'the money is recorded once'

# Events arrive while operators apply the same money.
order=$(q "$(buy u2 external NULL NULL)" | cut -d' ' -f2)
key=$(q "SELECT provider_key FROM orders.payment WHERE tenant_id = $tenant AND order_id = $order")
q "SELECT id FROM orders_v1.start_reconciliation($operator, 'sim', now() - interval '1 day', now(), jsonb_build_array(jsonb_build_object(
       'transaction_id', 'ty', 'kind', 'capture', 'amount', 100, 'currency', 'USD', 'occurred_at', now() - interval '4 hours', 'payment_key', '$key')))" >"$out/csv"
difference=$(q "SELECT id FROM orders.reconciliation_difference WHERE tenant_id = $tenant AND transaction_id = 'ty'")
at_once "SELECT CASE WHEN @ % 2 = 0 THEN (SELECT 'applied ' || outcome FROM orders_v1.apply_difference($operator, $difference))
    ELSE (SELECT 'event ' || outcome FROM orders_v1.apply_provider_event($tenant, 'sim', 'e@', 'paid', '$key', NULL, 'ty', 100, 'USD', NULL, NULL)) END"
is "$(answers 'ERROR')" 0 'events and operators do not refuse each other'
is "$(q "SELECT captured FROM orders.orders WHERE tenant_id = $tenant AND id = $order")" 100 'the money is recorded once'
is "$(q "SELECT resolution FROM orders.reconciliation_difference WHERE tenant_id = $tenant AND id = $difference")" applied 'and the difference is resolved'

finish
