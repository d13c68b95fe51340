-- SPDX-License-Identifier: Apache-2.0
-- Deliveries are created after the cursors of the endpoints, sent by the worker that owns the endpoint, and recorded.
BEGIN;
\ir lib/shop.sql
\ir lib/webhooks.sql
SELECT no_plan();

SELECT (pg_temp.hook(p_patterns => '{order.placed,order.paid}')).id AS a \gset
SELECT (pg_temp.hook(p_patterns => '{webhook_endpoint.*}')).id AS b \gset
SELECT pg_temp.buy('alice') AS o \gset
SELECT is(fan_out_events(77, 1000), 0, 'events of a running transaction are not fanned out');
SELECT cmp_ok(pg_temp.fan_out(), '>', 0, 'events of ended transactions are fanned out');
SELECT is((SELECT string_agg(type, ' ' ORDER BY id) FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :a), 'order.placed order.paid',
          'an event has a delivery for each of its types that matches');
SELECT is((SELECT string_agg(type, ' ' ORDER BY id) FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :b),
          'webhook_endpoint.created webhook_endpoint.created', 'events of endpoints are fanned out');
SELECT is(pg_temp.fan_out(), 0, 'each event is passed once');
SELECT is((SELECT string_agg(id::text, ' ' ORDER BY id) FROM due WHERE tenant_id = 77 AND kind = 'webhook'), :'a' || ' ' || :'b', 'endpoints are queued');
SELECT is(pg_temp.violations(), NULL, 'no invariant is violated');

SELECT is((SELECT string_agg(id::text, ' ' ORDER BY id) FROM claim_webhooks(77, 10, 60)), :'a' || ' ' || :'b', 'a worker claims the endpoints');
SELECT is_empty('SELECT * FROM claim_webhooks(77, 10, 60)', 'no other worker claims the endpoints');
SELECT pg_temp.buy('alice', 'few') AS leased \gset
SELECT pg_temp.fan_out() \g /dev/null
SELECT is((SELECT due_at - now() FROM due WHERE tenant_id = 77 AND kind = 'webhook' AND id = :a), interval '1 minute', 'new deliveries do not end its lease');
SELECT pg_temp.record(:a, array_agg(id), 'delivered') FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :a AND subject_id = :leased \g /dev/null
DELETE FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :a AND subject_id = :leased;
SELECT release_webhook(77, :a, now() + interval '1 hour', 2) \g /dev/null
SELECT is((SELECT due_at - now() FROM due WHERE tenant_id = 77 AND kind = 'webhook' AND id = :a), interval '1 minute', 'nor does a worker that does not own the endpoint');
SELECT is((SELECT not_before FROM webhook_endpoint WHERE tenant_id = 77 AND id = :a), NULL, 'such a worker cannot postpone the endpoint either');
SELECT is_empty(format('SELECT * FROM renew_webhooks(77, ARRAY[%s::bigint], 600, 2)', :a), 'which cannot renew it either');
SELECT is((SELECT string_agg(concat_ws(' ', type, attempts, subject, subject_id, (event).order_number = order_number, (event).actor, (event).types ->> 0,
                                   length((event).hash), body), ', ')
           FROM take_deliveries(77, :a, 10)),
          format('order.placed 0 order %s t buyer order.placed 64, order.paid 0 order %1$s t buyer order.placed 64', :o), 'a worker takes deliveries with their events');
SELECT is((SELECT (endpoint).public_id FROM take_deliveries(77, :b, 1)), pg_temp.uuid_of(:a), 'a delivery of an event of an endpoint has this endpoint');
SELECT is((SELECT (event).public_id FROM take_deliveries(77, :b, 1)), pg_temp.uuid_of(:a), 'an event of an endpoint has its UUID');
SELECT pg_temp.take(:a) AS ids \gset
SELECT store_bodies(77, :'ids', '{one,two}') \g /dev/null
SELECT store_bodies(77, :'ids', '{three,four}') \g /dev/null
SELECT is((SELECT string_agg(body, ' ') FROM take_deliveries(77, :a, 10)), 'one two', 'a body is stored once');
SELECT is((pg_temp.record(:a, :'ids', 'delivered')).state, 'enabled', 'recording results leaves the endpoint enabled');
SELECT is((SELECT string_agg(concat_ws(' ', state, attempts, last_status, last_ms), ', ') FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :a),
          'delivered 1 200 5, delivered 1 200 5', 'the deliveries are recorded as delivered');
SELECT is_empty('SELECT FROM webhook_body WHERE tenant_id = 77', 'the bodies of delivered messages are deleted');
SELECT is(pg_temp.violations(), NULL, 'no invariant is violated');
SELECT release_webhook(77, :a, NULL), release_webhook(77, :b, NULL) \g /dev/null
SELECT is((SELECT string_agg(id::text, ' ') FROM due WHERE tenant_id = 77 AND kind = 'webhook'), :'b', 'an endpoint without pending deliveries leaves the queue');
SELECT is((SELECT string_agg(id::text, ' ') FROM claim_webhooks(77, 10, 60)), :'b', 'an endpoint with pending deliveries can be claimed again');
SELECT is(pg_temp.violations(), NULL, 'no invariant is violated');

-- The check views find what is wrong.
CREATE FUNCTION pg_temp.found(p_sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_found text;
BEGIN
    BEGIN
        EXECUTE p_sql;
        v_found := (SELECT string_agg(DISTINCT name, ' ' ORDER BY name) FROM orders_check.all_violations WHERE tenant_id = 77);
        RAISE EXCEPTION USING ERRCODE = 'XX999';
    EXCEPTION WHEN SQLSTATE 'XX999' THEN
        RETURN v_found;
    END;
END
$$;
SELECT is(pg_temp.found(replace(replace(x.sql, '$a', :'a'), '$b', :'b')), x.names, x.sql)
FROM (VALUES
    ('UPDATE orders.webhook_endpoint SET state = ''disabled'', disabled_reason = ''gone'' WHERE id = $a', 'webhooks_fit'),
    ('UPDATE orders.webhook_endpoint SET version = 2 WHERE id = $a', 'one_event_a_version'),
    ('DELETE FROM orders.webhook_cursor WHERE endpoint_id = $a', 'webhooks_fit'),
    ('UPDATE orders.webhook_cursor SET xid = ''9000000000000000'' WHERE endpoint_id = $a', 'webhooks_fit'),
    ('UPDATE orders.webhook_cursor SET epoch = epoch + 1 WHERE endpoint_id = $a', 'webhooks_fit'),
    ('UPDATE orders.webhook_delivery SET endpoint_id = 999999999 WHERE endpoint_id = $b', 'webhooks_fit'),
    ('UPDATE orders.webhook_delivery SET subject_version = 99 WHERE endpoint_id = $a', 'webhooks_fit'),
    ('UPDATE orders.webhook_delivery SET type = ''order.shipped'' WHERE endpoint_id = $a', 'webhooks_fit'),
    ('INSERT INTO orders.webhook_body SELECT 77, id, ''x'' FROM orders.webhook_delivery WHERE endpoint_id = $a', 'webhooks_fit'),
    ('DELETE FROM orders.due WHERE kind = ''webhook'' AND id = $b', 'due_fits'),
    ('INSERT INTO orders.due (tenant_id, kind, id, due_at) VALUES (77, ''webhook'', $a, now())', 'webhooks_fit'),
    ('INSERT INTO orders.due (tenant_id, kind, id, due_at) VALUES (77, ''webhook'', 999999999, now())', 'due_fits webhooks_fit'),
    ('DELETE FROM orders.event WHERE subject = ''webhook_endpoint'' AND subject_id = $a', 'one_event_a_version webhooks_fit')
) AS x (sql, names);

-- The schedule
SELECT is((SELECT array_agg(extract(epoch FROM webhook_delay(n::integer, 1, NULL))::integer BETWEEN d * 0.8 - 1 AND d * 1.2 + 1 ORDER BY n)
           FROM unnest('{5,300,1800,7200,18000,36000,50400,72000,86400}'::integer[]) WITH ORDINALITY AS x (d, n)), array_fill(true, ARRAY[9]), 'there are nine waits');
SELECT is((SELECT format('%s %s', min(x) >= interval '4 s' AND max(x) <= interval '6 s', count(DISTINCT x) > 50)
           FROM generate_series(1, 200) AS n, webhook_delay(1, n, NULL) AS x), 't t', 'the waits have a jitter of 20 % that differs between deliveries');
SELECT is(webhook_delay(1, 1, 3600), interval '1 hour', 'the receiver may ask for a longer wait');
SELECT ok(webhook_delay(4, 1, 1) > interval '1 hour', 'the receiver may not ask for a shorter wait');
SELECT is(webhook_delay(1, 1, 1000000), interval '24 hours', 'the receiver may ask for at most 24 hours');
SELECT count(*) AS pending FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :b AND state = 'pending' \gset
SELECT ok(:pending > 0, 'there are pending deliveries');
SELECT matches(pg_temp.change(:b, '{"skip_missed": true}'), '^unchanged ', 'skip_missed without enabled changes nothing');
SELECT is((SELECT count(*) FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :b AND state = 'pending'), :pending::bigint, 'skip_missed without enabled keeps the pending deliveries');
SELECT pg_temp.change(:b, '{"events": ["order.placed"], "enabled": true, "skip_missed": true}') \g /dev/null
SELECT is((SELECT count(*) FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :b AND state = 'pending'), 0::bigint, 'skip_missed deletes the pending deliveries');
SELECT is((SELECT count(*) FROM due WHERE tenant_id = 77 AND kind = 'webhook' AND id = :b), 0::bigint, 'an endpoint with skip_missed leaves the queue');
SELECT pg_temp.buy('alice') AS p, pg_temp.buy('alice') AS q \gset
SELECT pg_temp.fan_out() \g /dev/null
SELECT claim_webhooks(77, 10, 60) \g /dev/null
SELECT pg_temp.record(:b, (pg_temp.take(:b))[3:], 'delivered') \g /dev/null
SELECT (pg_temp.take(:b))[1] AS x, (pg_temp.take(:b))[2] AS y \gset
SELECT store_bodies(77, ARRAY[:x, :y], '{x,y}') \g /dev/null
SELECT is((SELECT concat_ws(' ', began_failing, recovered, disabled, dead, failing_since = now()) FROM pg_temp.record(:b, ARRAY[:x], 'failed')), 't f f 0 t', 'an endpoint begins to fail');
SELECT is((SELECT concat_ws(' ', state, attempts, next_at > now(), done_at, last_status) FROM webhook_delivery WHERE tenant_id = 77 AND id = :x), 'pending 1 t 500',
          'the delivery is attempted again later');
SELECT is(pg_temp.take(:b), ARRAY[:y]::bigint[], 'a failed delivery does not delay the next delivery');
SELECT release_webhook(77, :b, now() + interval '1 minute') \g /dev/null
SELECT is((SELECT due_at - now() FROM due WHERE tenant_id = 77 AND kind = 'webhook' AND id = :b), interval '1 minute', 'the worker may postpone the endpoint');
SELECT pg_temp.buy('alice') AS r \gset
SELECT pg_temp.fan_out() \g /dev/null
SELECT is((SELECT due_at - now() FROM due WHERE tenant_id = 77 AND kind = 'webhook' AND id = :b), interval '1 minute', 'new events do not shorten the wait of a postponed endpoint');
SELECT is((pg_temp.test(:b)).outcome, 'queued', 'an operator can test the endpoint');
SELECT is((SELECT due_at - now() FROM due WHERE tenant_id = 77 AND kind = 'webhook' AND id = :b), interval '0', 'a test ends the wait of the endpoint');
SELECT is((SELECT string_agg(type || coalesce(' ' || body, ''), ', ') FROM take_deliveries(77, :b, 10)), 'webhook.test, order.placed y, order.placed', 'a test message comes before all other messages');
SELECT claim_webhooks(77, 10, 60) \g /dev/null
SELECT is((SELECT concat_ws(' ', began_failing, recovered, disabled, failing_since) FROM pg_temp.record(:b, ARRAY[:y], 'delivered')), 'f t f', 'an endpoint recovers');
SELECT is((SELECT concat_ws(' ', began_failing, recovered, failing_since = now()) FROM record_deliveries(77, :b, '[{"id": 0, "outcome": "delivered"}, {"id": 0, "outcome": "failed"}]')),
          't f t', 'the last result of a batch counts');
SELECT is((SELECT concat_ws(' ', began_failing, recovered, failing_since) FROM record_deliveries(77, :b, '[{"id": 0, "outcome": "failed"}, {"id": 0, "outcome": "delivered"}]')),
          'f t', 'the results of a batch count in the sequence of the attempts');
SELECT is((SELECT concat_ws(' ', began_failing, recovered, failing_since) FROM record_deliveries(77, :b, '[]')), 'f f', 'no result changes nothing');
UPDATE webhook_delivery SET next_at = now() WHERE tenant_id = 77 AND id = :x;
SELECT is((pg_temp.take(:b))[2], :x::bigint, 'a failed delivery is taken again when it is due, in the sequence of the events');
SELECT is((SELECT body FROM take_deliveries(77, :b, 10) WHERE id = :x), 'x', 'a failed delivery keeps its body');
UPDATE webhook_delivery SET attempts = 9 WHERE tenant_id = 77 AND id = :x;
SELECT is((SELECT dead FROM pg_temp.record(:b, ARRAY[:x], 'failed', '{"status": null, "error": "timeout", "retry_after": 5}')), 1, 'a delivery is dead after ten failed attempts');
SELECT is((SELECT concat_ws(' ', state, attempts, done_at = now(), last_error, next_at) FROM read_delivery(77, pg_temp.uuid_of(:b), :x)), 'dead 10 t timeout', 'a dead delivery has the last error');
SELECT is((pg_temp.record(:b, ARRAY[:x], 'delivered')).state, 'enabled', 'a late result is accepted');
SELECT is((SELECT state FROM read_delivery(77, pg_temp.uuid_of(:b), :x)), 'dead', 'a late result does not change a dead delivery');
SELECT is((pg_temp.retry(:b, :x)).outcome, 'queued', 'an operator can retry a dead delivery');
SELECT is((SELECT attempts || ' ' || body FROM take_deliveries(77, :b, 10) WHERE id = :x), '0 x', 'a retried delivery has no attempts and the same body');
SELECT throws_like(format('SELECT pg_temp.retry(%s, %s)', :a, :x), 'not_found', 'a delivery cannot be retried through another endpoint');
SELECT is(pg_temp.violations(), NULL, 'no invariant is violated');

-- Endpoints that are disabled by the worker
SELECT is((SELECT concat_ws(' ', state, disabled_reason, disabled) FROM pg_temp.record(:b, ARRAY[:x], 'gone')), 'disabled gone t', 'a 410 disables the endpoint');
SELECT is((SELECT array_agg(concat_ws(' ', y, e.actor, e.api)) FROM event e, unnest(e.types) AS y WHERE e.tenant_id = 77 AND e.subject = 'webhook_endpoint' AND e.subject_id = :b AND e.actor = 'system'),
          '{webhook_endpoint.disabled system worker}', 'disabling an endpoint is an event');
SELECT is_empty(format('SELECT * FROM renew_webhooks(77, ARRAY[%s::bigint], 60)', :b), 'the lease of a disabled endpoint is not renewed');
SELECT is((SELECT concat_ws(' ', state, disabled) FROM pg_temp.record(:b, ARRAY[:x], 'gone')), 'disabled f', 'a second 410 changes nothing');
SELECT pg_temp.buy('alice') AS s \gset
SELECT pg_temp.fan_out() \g /dev/null
SELECT is((SELECT count(*) FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :b AND subject_id = :s), 0::bigint, 'nothing is delivered to a disabled endpoint');
SELECT is(pg_temp.violations(), NULL, 'no invariant is violated');
SELECT pg_temp.change(:b, '{"enabled": true}') \g /dev/null
SELECT is((SELECT count(*) FROM due WHERE tenant_id = 77 AND kind = 'webhook' AND id = :b), 1::bigint, 'an enabled endpoint with pending deliveries is queued');
SELECT pg_temp.fan_out() \g /dev/null
SELECT is((SELECT count(*) FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :b AND subject_id = :s), 1::bigint, 'an enabled endpoint receives missed events');
UPDATE webhook_endpoint SET failing_since = now() - interval '4 days 23 hours' WHERE tenant_id = 77 AND id = :b;
SELECT is((SELECT concat_ws(' ', state, began_failing) FROM record_deliveries(77, :b, '[{"id": 0, "outcome": "failed"}]')), 'enabled f', 'an endpoint stays enabled when it has failed for less than five days');
UPDATE webhook_endpoint SET failing_since = now() - interval '5 days 1 s' WHERE tenant_id = 77 AND id = :b;
SELECT is((SELECT concat_ws(' ', state, recovered) FROM record_deliveries(77, :b, '[{"id": 0, "outcome": "delivered"}]')), 'enabled t', 'an endpoint can recover after five days');
UPDATE webhook_endpoint SET failing_since = now() - interval '5 days 1 s' WHERE tenant_id = 77 AND id = :b;
SELECT is((SELECT concat_ws(' ', state, disabled_reason, disabled) FROM record_deliveries(77, :b, '[{"id": 0, "outcome": "failed"}]')), 'disabled failing t', 'an endpoint that has failed for more than five days is disabled');
SELECT pg_temp.change(:b, '{"enabled": true, "skip_missed": true}') \g /dev/null
SELECT is((SELECT concat_ws(' ', state, failing_since, pending) FROM read_webhook(77, pg_temp.uuid_of(:b))), 'enabled 0', 'enabling an endpoint ends its failure');

-- A receiver that is down does not fill the table.
INSERT INTO webhook_delivery (tenant_id, endpoint_id, message_id, type, event_epoch, event_xid, subject, subject_id, next_at)
SELECT 77, :b, 'test-' || n, 'webhook.test', 0, '0', 'webhook_endpoint', :b, now() FROM generate_series(1, 10000) AS n;
SELECT pg_temp.buy('alice') AS t \gset
SELECT pg_temp.fan_out() \g /dev/null
SELECT is((SELECT string_agg(endpoint_id::text, ' ') FROM webhook_delivery WHERE tenant_id = 77 AND subject = 'order' AND subject_id = :t AND type = 'order.placed'), :'a',
          'an endpoint with 10000 pending deliveries waits');
SELECT is((SELECT pending FROM read_webhook(77, pg_temp.uuid_of(:b))), 1000, 'pending deliveries are counted up to 1000');
DELETE FROM webhook_delivery WHERE tenant_id = 77 AND message_id = 'test-1';
SELECT pg_temp.fan_out() \g /dev/null
SELECT is((SELECT count(*) FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :b AND subject = 'order' AND subject_id = :t), 1::bigint, 'the fan-out continues when there are fewer than 10000 pending deliveries');

-- Several tenants
INSERT INTO tenant (id, name, currency) VALUES (78, 'other', 'USD');
SELECT id AS c FROM create_webhook(78, 'operator', 'operator', NULL, 'webhooks', NULL, NULL, 'https://c.example', '{*}', NULL, NULL, NULL) \gset
SELECT pg_temp.move_horizon(true) \g /dev/null
SELECT is((SELECT string_agg(x::text, ' ') FROM tenants_with_events() AS x WHERE x IN (77, 78)), '78', 'a tenant with events to pass is found');
SELECT is(fan_out_events(78, 1000), 1, 'the fan-out of a tenant passes its own events only');
SELECT is((SELECT count(*) FROM tenants_with_events() AS x WHERE x IN (77, 78)), 0::bigint, 'a tenant without events to pass is not found');
SELECT pg_temp.move_horizon(false) \g /dev/null
SELECT is_empty(format('SELECT * FROM take_deliveries(77, %s, 10)', :c), 'another tenant does not see the deliveries');
SELECT is_empty($$SELECT * FROM read_webhook(77, (SELECT public_id FROM webhook_endpoint WHERE tenant_id = 78))$$, 'another tenant does not see the endpoint');

-- After a restore, the epoch is greater and transaction ids start again.
CREATE OR REPLACE FUNCTION orders.event_epoch() RETURNS integer LANGUAGE sql STABLE AS 'SELECT 7';
SELECT pg_temp.buy('alice') AS u \gset
SELECT pg_temp.fan_out() \g /dev/null
SELECT is((SELECT string_agg(message_id, ' ' ORDER BY id) FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :a AND subject = 'order' AND subject_id = :u),
          (SELECT format('7-%s-order.placed 7-%1$s-order.paid', id) FROM event WHERE tenant_id = 77 AND subject = 'order' AND subject_id = :u), 'the cursors continue after a restore');

-- Lists read few rows, whichever deliveries are the newest, also with the plans of an empty table.
SAVEPOINT lists;
CREATE FUNCTION pg_temp.entries() RETURNS bigint LANGUAGE sql AS $$
    SELECT sum(pg_stat_get_xact_tuples_returned(i.indexrelid)) FROM pg_index i WHERE i.indrelid = 'orders.webhook_delivery'::regclass
$$;
CREATE FUNCTION pg_temp.reads_of_list(p_webhook uuid, p_state text, p_type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_before bigint := pg_temp.entries();
    v_count  integer;
BEGIN
    SELECT count(*) INTO v_count FROM list_deliveries(77, p_webhook, p_state, p_type, NULL, 10, NULL);
    RETURN format('%s, few: %s', v_count, pg_temp.entries() - v_before < 100);
END
$$;
TRUNCATE webhook_delivery, webhook_body;
SELECT pg_temp.reads_of_list(pg_temp.uuid_of(:a), 'dead', NULL) \g /dev/null
INSERT INTO webhook_delivery (tenant_id, endpoint_id, message_id, type, event_epoch, event_xid, subject, subject_id, next_at, state, done_at)
SELECT 77, :a, 'list-' || n, CASE WHEN n % 10 = 0 AND n <= 600 THEN 'rare.type' ELSE 'webhook.test' END, 0, '0', 'webhook_endpoint', :a, now(), s.state,
       CASE WHEN s.state <> 'pending' THEN now() END
FROM generate_series(1, 6000) AS n
CROSS JOIN LATERAL (SELECT CASE WHEN n <= 200 THEN 'dead' WHEN n <= 400 THEN 'delivered' WHEN n <= 600 THEN 'pending'
                                ELSE (ARRAY['dead', 'delivered', 'pending'])[n / 2001 + 1] END AS state) AS s;
SELECT is(pg_temp.reads_of_list(pg_temp.uuid_of(:a), x.state, x.type), '10, few: t', format('a list of state %s and type %s', coalesce(x.state, 'any'), coalesce(x.type, 'any')))
FROM unnest(ARRAY['pending', 'delivered', 'dead', NULL]) AS s (state) CROSS JOIN unnest(ARRAY['rare.type', NULL]) AS t (type)
CROSS JOIN LATERAL (SELECT s.state, t.type) AS x;
SELECT is((SELECT string_agg(message_id, ' ') FROM list_deliveries(77, pg_temp.uuid_of(:a), NULL, 'rare.type', NULL, 3, (SELECT id FROM webhook_delivery WHERE message_id = 'list-601'))),
          'list-600 list-590 list-580', 'a list of a type continues before an id, in all states');
ROLLBACK TO lists;

-- Deletion and purge
SELECT set_config('test.before', (SELECT count(*) FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :a AND state = 'delivered')::text, true) \g /dev/null
SELECT is(purge_webhooks(77, interval '30 days', 1000), 0, 'young deliveries are kept');
UPDATE webhook_delivery SET done_at = now() - interval '31 days' WHERE tenant_id = 77 AND endpoint_id = :a AND state = 'delivered';
SELECT is(purge_webhooks(77, interval '30 days', 1000), current_setting('test.before')::integer, 'old deliveries are deleted');
SELECT is((SELECT count(*) FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :a AND state <> 'pending'), 0::bigint, 'only pending deliveries remain');
SELECT is(pg_temp.remove(:b), 'deleted', 'an endpoint can be deleted');
SELECT is_empty(format('SELECT * FROM read_webhook(77, %L)', pg_temp.uuid_of(:b)), 'a deleted endpoint is not shown');
SELECT is_empty(format('SELECT * FROM list_webhooks(77, 100, NULL) WHERE id = %s', :b), 'a deleted endpoint is not listed');
SELECT throws_like(format('SELECT * FROM list_deliveries(77, %L, NULL, NULL, NULL, 10, NULL)', pg_temp.uuid_of(:b)), 'not_found', 'the deliveries of a deleted endpoint are not listed');
SELECT throws_like(format('SELECT pg_temp.test(%s)', :b), 'not_found', 'a deleted endpoint cannot be tested');
SELECT is(pg_temp.violations(), NULL, 'no invariant is violated');
SELECT is(purge_webhooks(77, interval '30 days', 3000), 3000, 'deliveries of a deleted endpoint are purged in parts');
SELECT cmp_ok(purge_webhooks(77, interval '30 days', 20000), '>', 6000, 'the last call purges the rest');
SELECT is((SELECT purged FROM webhook_endpoint WHERE tenant_id = 77 AND id = :b), true, 'a deleted endpoint without deliveries is marked as purged');
SELECT is((SELECT count(*) FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :b), 0::bigint, 'a purged endpoint has no deliveries');
SELECT is(pg_temp.violations(), NULL, 'no invariant is violated');
SELECT * FROM finish();
ROLLBACK;
