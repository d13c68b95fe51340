#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Events that commit late, several fan-outs and workers at once, and operators who change the endpoints meanwhile.
. "$(dirname "$0")/../lib/race.sh"
shop
operator="$tenant, 'operator', 'operator', NULL, 'race', NULL, NULL"
hook() { q "SELECT id FROM orders_v1.create_webhook($operator, 'https://example.com/$1', '$2', NULL, NULL, NULL)"; }
uuid() { q "SELECT public_id FROM orders.webhook_endpoint WHERE tenant_id = $tenant AND id = $1"; }
# Events behind the creation of an endpoint that it must receive, and does not receive exactly once.
wrong() {
    q "SELECT count(*) FROM (
           SELECT e.epoch, e.id, t.type FROM orders.event e CROSS JOIN LATERAL unnest(e.types) AS t (type)
           WHERE e.tenant_id = $tenant AND e.subject = 'order' AND e.id > (
               SELECT min(x.id) FROM orders.event x WHERE x.tenant_id = $tenant AND x.subject = 'webhook_endpoint' AND x.subject_id = $1)) AS e
       FULL JOIN (SELECT * FROM orders.webhook_delivery d WHERE d.tenant_id = $tenant AND d.endpoint_id = $1) AS d
           ON d.message_id = orders_v1.webhook_message_id(e.epoch, e.id, e.type)
       WHERE e.id IS NULL OR d.id IS NULL"
}
fan_out() { q "SELECT orders_v1.fan_out_events($tenant, 1000)" >"$out/fan_out"; }
# await_sleep SECONDS: until a session that has an xid sleeps for so long.
await_sleep() {
    q "DO \$\$ BEGIN
        FOR i IN 1 .. 200 LOOP
            EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep\($1' AND backend_xid IS NOT NULL);
            PERFORM pg_sleep(0.02), pg_stat_clear_snapshot();
        END LOOP; END \$\$"
}
# repeated CALL: PL/pgSQL that repeats a call whose lock timeout (100 ms) has passed, as the worker does
repeated() { echo "FOR n IN 1 .. 100 LOOP BEGIN PERFORM $1; EXIT; EXCEPTION WHEN lock_not_available THEN IF n = 100 THEN RAISE; END IF; END; END LOOP"; }
one=$(hook one '{order.*,payment.*,fulfilment.*}')
two=$(hook two '{order.*,payment.*,fulfilment.*}')

# A transaction that gets its id first and commits last.
psql -XqAt -c BEGIN -c "$(buy u1 balance NULL NULL)" -c "SELECT pg_sleep(3)" -c COMMIT >"$out/late" 2>&1 &
late=$!
await_sleep 3
q "$(buy u2 balance NULL NULL)" >"$out/early"
fan_out
is "$(q "SELECT count(*) FROM orders.webhook_delivery WHERE tenant_id = $tenant")" 0 'an event waits for the transactions that began before it'
wait $late
fan_out
is "$(wrong "$one") $(wrong "$two")" '0 0' 'each event is delivered once, whether it commits early or late'

# Two endpoints, claimed by eight workers.
together 8 "SELECT 'claimed ' || id FROM orders_v1.claim_webhooks($tenant, 5, 60, @)"
is "$(cat "$out"/* | sort | tr '\n' ' ')" "claimed $one claimed $two " 'each endpoint is claimed by one worker'
owner=$(q "SELECT attempts FROM orders.due WHERE tenant_id = $tenant AND kind = 'webhook' AND id = $one")
is "$(q "SELECT count(*) FROM orders_v1.renew_webhooks($tenant, ARRAY[$one], 60, $owner)") $(q "SELECT count(*) FROM orders_v1.renew_webhooks($tenant, ARRAY[$one], 60, 99)")" '1 0' \
    'only its owner can renew the lease'
q "SELECT orders_v1.release_webhook($tenant, id, NULL, attempts) FROM orders.due WHERE tenant_id = $tenant AND kind = 'webhook'" >"$out/release"
is "$(q "SELECT count(*) FROM orders.due WHERE tenant_id = $tenant AND kind = 'webhook' AND attempts = 0 AND due_at <= now()")" 2 'released endpoints with deliveries are due'

# Orders, fan-outs, and workers that send whatever they own, all at once.
q "CREATE TABLE IF NOT EXISTS public.sent (tenant_id integer, endpoint_id bigint, id bigint, subject_id bigint, version integer, n bigint GENERATED ALWAYS AS IDENTITY)"
work() {
    echo "DO \$\$
    DECLARE
        v_target orders_v1.webhook_target;
        m        orders_v1.webhook_message;
        v_ids    bigint[];
    BEGIN
        FOR i IN 1 .. $1 LOOP
            FOR v_target IN SELECT * FROM orders_v1.claim_webhooks($tenant, 5, 60, @) LOOP
                COMMIT;
                v_ids := '{}';
                FOR m IN SELECT * FROM orders_v1.take_deliveries($tenant, v_target.id, 7) LOOP
                    v_ids := v_ids || m.id;
                    INSERT INTO public.sent (tenant_id, endpoint_id, id, subject_id, version) VALUES ($tenant, v_target.id, m.id, m.subject_id, m.subject_version);
                END LOOP;
                PERFORM orders_v1.store_bodies($tenant, v_ids, array_fill('body'::text, ARRAY[cardinality(v_ids)]));
                COMMIT;
                $(repeated "orders_v1.record_deliveries($tenant, v_target.id, coalesce(
                    (SELECT jsonb_agg(jsonb_build_object('id', x, 'status', 200, 'ms', 1, 'outcome', 'delivered')) FROM unnest(v_ids) AS x), '[]'))");
                COMMIT;
                $(repeated "orders_v1.release_webhook($tenant, v_target.id, NULL, @)");
                COMMIT;
            END LOOP;
            COMMIT;
        END LOOP;
        RAISE WARNING 'through';
    END \$\$"
}
together 18 "DO \$\$ BEGIN
        FOR i IN 1 .. 20 LOOP
            IF @ % 2 = 0 THEN
                PERFORM orders_v1.fan_out_events($tenant, 3);
            ELSE
                PERFORM orders_v1.place_plan($tenant, 'user', 'buyer', $(user u3), 'create', NULL, NULL, $(user u3), (SELECT id FROM orders.plan WHERE tenant_id = $tenant), NULL, 1, 'external',
                                             'sim', NULL, NULL, 900);
                -- One order in each transaction, as in every operation: two in random order would deadlock.
                IF i % 2 = 0 THEN
                    PERFORM orders_v1.cancel($operator, NULL, id, 'race', NULL)
                    FROM (SELECT id FROM orders.orders WHERE tenant_id = $tenant AND state = 'open' ORDER BY random() LIMIT 1) AS o;
                END IF;
            END IF;
            COMMIT;
        END LOOP;
        RAISE WARNING 'through';
    END \$\$" &
orders=$!
workers=$(mktemp -d)
(out=$workers && together 6 "$(work 60)")
wait $orders
is "$(answers through) $(cat "$workers"/* | grep -c through) $(cat "$out"/* "$workers"/* | grep -c ERROR)" '18 6 0' 'orders, fan-outs and workers run at once'
rm -rf "$workers"
i=0
while [ $i -lt 50 ] && [ "$(q "SELECT orders_v1.fan_out_events($tenant, 1000)")" != 0 ]; do i=$((i + 1)); done
together 2 "$(work 200)"
is "$(wrong "$one") $(wrong "$two")" '0 0' 'each event is delivered once'
is "$(q "SELECT count(*) FILTER (WHERE state <> 'delivered' OR attempts <> 1) FROM orders.webhook_delivery WHERE tenant_id = $tenant")" 0 'in one attempt'
is "$(q "SELECT count(*) - count(DISTINCT (endpoint_id, id)) FROM public.sent WHERE tenant_id = $tenant")" 0 'that one worker makes'
is "$(q "SELECT count(*) FROM (SELECT version < lag(version) OVER (PARTITION BY endpoint_id, subject_id ORDER BY n) AS late FROM public.sent WHERE tenant_id = $tenant) AS x WHERE late")" 0 \
    'and the messages of an order are sent in the order of its events'
is "$(q "SELECT count(*) FROM orders.due WHERE tenant_id = $tenant AND kind = 'webhook'")" 0 'nothing is left to do'
is "$(q "SELECT count(*) FROM orders_check.all_violations WHERE tenant_id = $tenant")" 0 'and nothing is wrong'
q "DROP TABLE public.sent"

# A fan-out while an operator disables an endpoint.
psql -XqAt -c BEGIN -c "SELECT outcome FROM orders_v1.change_webhook($operator, '$(uuid "$two")', NULL, '{\"enabled\": false}')" -c "SELECT pg_sleep(4)" -c COMMIT >"$out/disable" 2>&1 &
disable=$!
await_sleep 4
before=$(q "SELECT count(*) FROM orders.webhook_delivery WHERE tenant_id = $tenant AND endpoint_id = $two")
q "UPDATE orders.webhook_cursor SET xid = '3', epoch = 0 WHERE tenant_id = $tenant AND endpoint_id = $two;
   DELETE FROM orders.webhook_delivery WHERE tenant_id = $tenant AND endpoint_id = $two"
fan_out
wait $disable
is "$(q "SELECT count(*) FROM orders.webhook_delivery WHERE tenant_id = $tenant AND endpoint_id = $two") $(q "SELECT count(*) FROM orders.due WHERE tenant_id = $tenant AND id = $two AND kind = 'webhook'")" '0 0' \
    'a fan-out leaves out an endpoint that is being disabled'
q "SELECT outcome FROM orders_v1.change_webhook($operator, '$(uuid "$two")', NULL, '{\"enabled\": true}')" >"$out/enable"
fan_out
is "$(q "SELECT count(*) FROM orders.webhook_delivery WHERE tenant_id = $tenant AND endpoint_id = $two")" "$before" 'and makes its deliveries when it is enabled'

# Everything that operators do, while the worker records failures and successes. The endpoint three is deleted in the end.
three=$(hook three '{*}')
u1=$(uuid "$one") u3=$(uuid "$three")
ignore="EXCEPTION WHEN SQLSTATE 'OR404' OR SQLSTATE 'OR409' THEN NULL; END"
together 20 "DO \$\$
    DECLARE
        v_hook uuid := CASE WHEN @ % 2 = 0 THEN '$u1' ELSE '$u3' END;
        v_id   bigint := CASE WHEN @ % 2 = 0 THEN $one ELSE $three END;
    BEGIN
        FOR i IN 1 .. 15 LOOP
            CASE @ / 2 % 10
            WHEN 0 THEN PERFORM orders_v1.fan_out_events($tenant, 100);
            WHEN 1 THEN BEGIN PERFORM orders_v1.replay_webhook($operator, v_hook, NULL, NULL, NULL, NULL, NULL, 200); $ignore;
            WHEN 2 THEN BEGIN PERFORM orders_v1.rotate_webhook($operator, v_hook); $ignore;
            WHEN 3 THEN BEGIN PERFORM orders_v1.change_webhook($operator, v_hook, NULL, jsonb_build_object('enabled', i % 2 = 0, 'skip_missed', i % 4 = 0)); $ignore;
            WHEN 4 THEN BEGIN PERFORM orders_v1.test_webhook($operator, v_hook); $ignore;
            WHEN 5 THEN BEGIN PERFORM orders_v1.retry_delivery($operator, v_hook, (SELECT max(id) FROM orders.webhook_delivery WHERE tenant_id = $tenant AND endpoint_id = v_id)); $ignore;
            WHEN 6 THEN PERFORM orders_v1.purge_webhooks($tenant, interval '0 s', 50);
            WHEN 7 THEN
                $(repeated "orders_v1.record_deliveries($tenant, v_id, (
                    SELECT coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'outcome', CASE WHEN i % 7 = 0 THEN 'gone' WHEN t.id % 2 = 0 THEN 'failed' ELSE 'delivered' END)), '[]')
                    FROM orders_v1.take_deliveries($tenant, v_id, 20) AS t))");
            WHEN 8 THEN
                PERFORM orders_v1.claim_webhooks($tenant, 5, 60, @);
                COMMIT;
                $(repeated "orders_v1.renew_webhooks($tenant, ARRAY[$one, $three], 60, @)");
                COMMIT;
                $(repeated "orders_v1.release_webhook($tenant, $three, now(), @)");
                COMMIT;
                $(repeated "orders_v1.release_webhook($tenant, $one, NULL, @)");
            ELSE
                PERFORM orders_v1.place_plan($tenant, 'user', 'buyer', $(user u4), 'create', NULL, NULL, $(user u4), (SELECT id FROM orders.plan WHERE tenant_id = $tenant), NULL, 1, 'external',
                                             'sim', NULL, NULL, 900);
                IF i = 12 THEN
                    BEGIN PERFORM orders_v1.delete_webhook($operator, '$u3', NULL); $ignore;
                END IF;
            END CASE;
            COMMIT;
        END LOOP;
        RAISE WARNING 'through';
    END \$\$"
is "$(answers through)" 20 "operators and workers act on endpoints at once: $(cat "$out"/* | grep ERROR | sort | uniq -c | head -3)"
is "$(cat "$out"/* | grep -c -i deadlock)" 0 'nothing deadlocks'
is "$(q "SELECT string_agg(name || ': ' || problem, '; ') FROM (SELECT * FROM orders_check.all_violations WHERE tenant_id = $tenant LIMIT 3) AS v")" '' 'nothing is wrong'
is "$(q "SELECT state FROM orders.webhook_endpoint WHERE tenant_id = $tenant AND id = $three")" deleted 'an endpoint is deleted meanwhile'
psql -XqAt -c BEGIN -c "SELECT FROM orders.webhook_endpoint WHERE tenant_id = $tenant AND id = $three FOR NO KEY UPDATE" -c "SELECT pg_sleep(5)" -c COMMIT >"$out/last" 2>&1 &
last=$!
await_sleep 5
is "$(q "SELECT orders_v1.purge_webhooks($tenant, interval '30 days', 100000)" 2>&1)" 0 'a purge does not wait for a worker that records the last results of a deleted endpoint'
wait $last
q "SELECT orders_v1.purge_webhooks($tenant, interval '30 days', 100000)" >"$out/purge"
is "$(q "SELECT count(*) FROM orders.webhook_delivery WHERE tenant_id = $tenant AND endpoint_id = $three")" 0 'and its deliveries are purged'
finish
