#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Concurrent operations that exclude each other, on one order.
. "$(dirname "$0")/../lib/race.sh"
shop
context="$tenant, 'operator', 'operator', NULL, 'race', NULL, NULL"
cancel() { echo "SELECT outcome FROM orders_v1.cancel($context, NULL, $1, 'race', NULL)"; }

round=0
while [ $round -lt 5 ]; do
    round=$((round + 1))
    order=$(q "$(buy u1 manual NULL NULL)" | cut -d' ' -f2)
    together 8 "DO \$\$ BEGIN IF @ % 2 = 0 THEN PERFORM orders_v1.settle_payment($context, $order, NULL, 'race', NULL);
                ELSE PERFORM orders_v1.cancel($context, NULL, $order, 'race', NULL); END IF; END \$\$; SELECT 'done'"
    is "$(q "SELECT count(*) FROM orders.orders WHERE tenant_id = $tenant AND id = $order AND version = 2
             AND (state, payment_state) IN (('completed', 'paid'), ('cancelled', 'closed'))")" 1 "the order is paid or cancelled, not both ($round)"
done

order=$(q "$(buy u2 external NULL NULL)" | cut -d' ' -f2)
payment=$(q "SELECT provider_key FROM orders.payment WHERE tenant_id = $tenant AND order_id = $order")
together 25 "SELECT outcome FROM orders_v1.apply_provider_event($tenant, 'sim', 'event', 'paid', '$payment', NULL, 'tx', 100, 'USD', NULL, NULL)"
is "$(answers '^done') $(answers '^unchanged')" '1 24' 'an event received 25 times at once is applied once'

# Events that name only the intent, while the intent is recorded; the worker applies an event that missed it.
order=$(q "$(buy u2 external NULL NULL)" | cut -d' ' -f2)
payment=$(q "SELECT id FROM orders.payment WHERE tenant_id = $tenant AND order_id = $order")
together 12 "DO \$\$ BEGIN IF @ = 6 THEN PERFORM orders_v1.record_intent($tenant, 'user', 'system', NULL, 'race', NULL, NULL, $payment, 'in-race', NULL, NULL);
             ELSE PERFORM orders_v1.apply_provider_event($tenant, 'sim', 'early' || @ % 4, CASE @ % 2 WHEN 0 THEN 'paid' ELSE 'refunded' END, NULL, 'in-race',
                 CASE @ % 2 WHEN 0 THEN 'txearly' ELSE 'rtx' || @ % 4 END, CASE @ % 2 WHEN 0 THEN 100 ELSE 10 END, 'USD', NULL, NULL); END IF; END \$\$"
q "SELECT orders_v1.review_provider_event($tenant, d) FROM orders_v1.due_provider_events($tenant, 100) AS d"
is "$(q "SELECT payment_state || ' ' || captured || ' ' || refunded FROM orders.orders WHERE tenant_id = $tenant AND id = $order")" 'partially_refunded 100 20' 'each event is applied once while its intent is recorded'
is "$(q "SELECT count(*) FROM orders.provider_event WHERE tenant_id = $tenant AND event_id LIKE 'early%' AND verdict IN ('waiting', 'refused')")" 0 'no event is left waiting or refused'

order=$(q "$(buy u3 external NULL NULL)" | cut -d' ' -f2)
payment=$(q "SELECT provider_key FROM orders.payment WHERE tenant_id = $tenant AND order_id = $order")
let_expire "$order" 'now()'
together 6 "DO \$\$ BEGIN IF @ % 2 = 0 THEN PERFORM orders_v1.expire_due($tenant, 10);
            ELSE PERFORM orders_v1.apply_provider_event($tenant, 'sim', 'late@', 'paid', '$payment', NULL, 'txlate', 100, 'USD', NULL, NULL); END IF; END \$\$"
is "$(q "SELECT state || ' ' || payment_state FROM orders.orders WHERE tenant_id = $tenant AND id = $order")" 'expired refund_pending' 'a late payment is refunded in either sequence'
is "$(q "SELECT count(*) FROM orders.refund WHERE tenant_id = $tenant AND order_id = $order")" 1 'the late payment is refunded once'

round=0
while [ $round -lt 5 ]; do
    round=$((round + 1))
    order=$(q "$(buy "u1$round" external NULL NULL)" | cut -d' ' -f2)
    payment=$(q "SELECT id FROM orders.payment WHERE tenant_id = $tenant AND order_id = $order")
    q "SELECT count(*) FROM orders_v1.record_intent($context, $payment, 'in$order', NULL, NULL)" >"$out/intent"
    together 8 "DO \$\$ BEGIN IF @ % 2 = 0 THEN PERFORM orders_v1.begin_capture($tenant, $payment, false, 60);
                ELSE PERFORM orders_v1.cancel($tenant, 'user', 'buyer', NULL, 'race', NULL, NULL, NULL, $order, 'race', NULL); END IF; END \$\$; SELECT 'done'"
    is "$(q "SELECT count(*) FROM orders.orders o JOIN orders.payment p ON p.tenant_id = o.tenant_id AND p.order_id = o.id
             WHERE o.tenant_id = $tenant AND o.id = $order AND (o.state, o.payment_state, p.status, p.capture_asked_at IS NOT NULL)
                   IN (('cancelled', 'closed', 'closed', false), ('open', 'unpaid', 'pending', true))")" 1 "the order is cancelled or its capture begins, not both ($round)"
done

# Operations on one order are serialised, and their events are in the same order. Sessions with an odd number wait before their transaction writes.
order=$(q "$(buy u4 external NULL NULL)" | cut -d' ' -f2)
payment=$(q "SELECT id FROM orders.payment WHERE tenant_id = $tenant AND order_id = $order")
at_once "DO \$\$ BEGIN IF @ % 2 = 0 THEN PERFORM pg_current_xact_id(); END IF;
         PERFORM orders_v1.record_intent_failure($context, $payment, 'down', 'session @', false); END \$\$"
is "$(q "SELECT count(*) || ' ' || min(version) || ' ' || max(version) FROM orders.event
         WHERE tenant_id = $tenant AND subject = 'order' AND subject_id = $order")" '49 1 49' '48 concurrent operations on one order have one event each'
is "$(q "SELECT count(*) FROM (SELECT version - lag(version) OVER (ORDER BY epoch, xid, id) AS step FROM orders.event
         WHERE tenant_id = $tenant AND subject = 'order' AND subject_id = $order) AS e WHERE step <> 1")" 0 'the order of the feed is that of the versions'
is "$(q "SELECT count(*) FROM orders_check.events_are_chained WHERE tenant_id = $tenant")" 0 'the events form one chain'

# Random purchases, refunds and cancellations of a few users: all follow the lock order, so none deadlocks.
cat >"$out/mix.sql" <<SQL
\set u random(1, 4)
\set what random(1, 4)
SELECT count(*) FROM orders_v1.place_plan($tenant, 'user', 'buyer', NULL, 'create', NULL, NULL, orders_v1.user_id_of($tenant, 'u1' || :u),
    (SELECT id FROM orders.plan WHERE tenant_id = $tenant), NULL, 1, CASE :what WHEN 1 THEN 'manual' ELSE 'balance' END, NULL, NULL, 'FREE', NULL);
SELECT max(id) AS o FROM orders.orders WHERE tenant_id = $tenant AND buyer_id = orders_v1.user_id_of($tenant, 'u1' || :u) \gset
SELECT count(*) FROM orders_v1.refund($tenant, 'operator', 'operator', NULL, 'r', NULL, NULL, :o, NULL, NULL, 'race', 30, NULL) WHERE :what > 2;
SELECT count(*) FROM orders_v1.cancel($tenant, 'operator', 'operator', NULL, 'c', NULL, NULL, NULL, :o, 'race', NULL) WHERE :what <= 2;
SQL
pids=
for i in 1 2 3 4; do
    (for k in 1 2 3 4 5 6 7 8 9 10; do echo "\\set u $((k % 4 + 1))"; echo "\\set what $(((i + k) % 4 + 1))"; sed 1,2d "$out/mix.sql"; done) |
        psql -XqAt -v VERBOSITY=terse >"$out/mix.$i" 2>&1 &
    pids="$pids $!"
done
for pid in $pids; do wait "$pid" || :; done
is "$(cat "$out"/mix.[1-4] | grep -c -i deadlock)" 0 'no statement deadlocks'
is "$(grep -c '^[1-9]' "$out/mix.1" | awk '{print ($1 > 10) ? "many" : $1}')" many 'more than 10 statements succeed'
finish
