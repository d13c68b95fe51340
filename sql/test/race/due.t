#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Requests and workers on the same work: a claim waits for no lock, and no session gets a deadlock.
. "$(dirname "$0")/../lib/race.sh"
shop
operator="$tenant, 'operator', 'operator', NULL, 'race', NULL, NULL"
cancel() { echo "SELECT outcome FROM orders_v1.cancel($operator, NULL, $1, 'race', NULL)"; }
order() { q "$(buy "$1" external NULL NULL)" | cut -d' ' -f2; }
payment() { q "SELECT id FROM orders.payment WHERE tenant_id = $tenant AND order_id = $1"; }
due() { q "UPDATE orders.due SET due_at = now() - interval '1 second' WHERE tenant_id = $tenant AND kind IN ('intent', 'capture')"; }
rows() { q "SELECT count(*) FROM orders.due WHERE tenant_id = $tenant AND id = $1 AND kind = '$2'"; }
quickly() { q "SET statement_timeout = '2s'; $1"; }

# slowly SECONDS SQL: runs SQL in the background and holds its locks
slowly() {
    rm -f "$out/slow"
    psql -XqAt -c "BEGIN" -c "$2" -c "SELECT 'held'" -c "SELECT pg_sleep($1)" -c "COMMIT" >"$out/slow" 2>&1 &
    slow=$!
    while ! grep -q held "$out/slow" 2>/dev/null; do sleep 0.1; done
}

intents="SELECT (payment).id FROM orders_v1.claim_intents($tenant, 'sim', 10, 60)"
captures="SELECT (payment).id FROM orders_v1.claim_captures($tenant, 'sim', 10, 60)"

# A request locks the order, its payment and its row of orders.due.
one=$(order u1)
two=$(order u2)
due
slowly 3 "$(cancel "$one")"
is "$(quickly "$intents")" "$(payment "$two")" 'a claim skips work that a request is ending'
wait "$slow"
is "$(rows "$(payment "$one")" intent)$(rows "$one" expiry)" 00 'a cancelled order has no due work'

# A request locks only the payment, so the claim cannot store the time of the capture request.
two=$(payment "$two")
q "SELECT count(*) FROM orders_v1.record_intent($operator, $two, 'in-$two', NULL, NULL);
   SELECT count(*) FROM orders_v1.begin_capture($tenant, $two, false, 60)" >"$out/begun"
due
slowly 3 "SELECT id FROM orders.payment WHERE tenant_id = $tenant AND id = $two FOR UPDATE"
is "$(quickly "$captures")" '' 'a claim does not wait for a payment'
is "$(q "SELECT due_at <= now() + interval '1 second' FROM orders.due WHERE tenant_id = $tenant AND kind = 'capture' AND id = $two")" t 'the locked payment is due again soon'
wait "$slow"
due
is "$(quickly "$captures")" "$two" 'it is claimed once the lock is released'

# A worker locks the row of orders.due: the request waits for its commit, which follows immediately.
one=$(order u3)
due
slowly 1 "$intents"
is "$(q "$(cancel "$one")")" done 'a request waits briefly for a claim'
wait "$slow"
is "$(rows "$(payment "$one")" intent)" 0 'the request deletes the claimed row'

# A session locks two payments: their orders expire later and do not delay another order.
one=$(order u5)
two=$(order u6)
three=$(order u7)
for n in $one $two $three; do let_expire "$n" 'now()'; done
slowly 6 "SELECT id FROM orders.payment WHERE tenant_id = $tenant AND order_id IN ($one, $two) FOR UPDATE"
expire="SET statement_timeout = '4s'; SELECT orders_v1.expire_due($tenant, 100)"
is "$(q "$expire")$(q "$expire")$(q "$expire")" 001 'orders with locked payments do not delay another order'
is "$(q "SELECT string_agg(state, ' ' ORDER BY id) FROM orders.orders WHERE tenant_id = $tenant AND id IN ($one, $two, $three)")" 'open open expired' 'the other order expires'
wait "$slow"
q "UPDATE orders.due SET due_at = now() WHERE tenant_id = $tenant AND kind = 'expiry' AND id IN ($one, $two)"
is "$(q "$expire")" 2 'the locked orders expire once the lock is released'

# All operations concurrently, each call in a separate transaction.
round=0
while [ $round -lt 4 ]; do
    round=$((round + 1))
    for n in 1 2 3 4; do
        one=$(order "u$n")
        eval "o$n=$one p$n=$(payment "$one")"
    done
    q "SELECT count(*) FROM orders_v1.record_intent($operator, $p1, 'r$p1', NULL, NULL);
       SELECT count(*) FROM orders_v1.begin_capture($tenant, $p1, false, 60)" >"$out/begun"
    let_expire "$o2" 'now()'
    q "UPDATE orders.due SET due_at = now() WHERE tenant_id = $tenant"
    together 16 "DO \$\$ BEGIN FOR n IN 1 .. 5 LOOP CASE @ % 8
        WHEN 0 THEN PERFORM orders_v1.claim_intents($tenant, 'sim', 2, 0);
        WHEN 1 THEN PERFORM orders_v1.claim_captures($tenant, 'sim', 2, 0);
        WHEN 2 THEN PERFORM orders_v1.expire_due($tenant, 5);
        WHEN 3 THEN PERFORM orders_v1.record_capture($tenant, $p1, 'unknown');
        WHEN 4 THEN PERFORM orders_v1.record_intent_failure($operator, $p4, 'no', 'x', false);
        WHEN 5 THEN PERFORM orders_v1.record_intent($operator, $p3, 'r$p3', NULL, NULL);
        WHEN 6 THEN PERFORM orders_v1.cancel($operator, NULL, $o1, 'race', NULL);
        ELSE PERFORM orders_v1.cancel($operator, NULL, $o4, 'race', NULL); END CASE; COMMIT; END LOOP; END \$\$"
    is "$(answers deadlock)" 0 "concurrent requests and workers get no deadlock ($round)"
done
is "$(q "SELECT string_agg(problem, ', ') FROM orders_check.due_fits WHERE tenant_id = $tenant")" '' 'the rows of orders.due match the pending work'
finish
