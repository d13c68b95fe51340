-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
\ir lib/webhooks.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.of(p_family text) RETURNS TABLE (label text, channel text, value bigint) LANGUAGE sql AS $$
    SELECT v.label, v.channel, v.value FROM tenant_metrics(77) AS v WHERE v.family = p_family
$$;
CREATE FUNCTION pg_temp.scans(p_table text) RETURNS bigint LANGUAGE sql AS $$
    SELECT seq_scan FROM pg_stat_xact_user_tables WHERE schemaname = 'orders' AND relname = p_table
$$;

SELECT is(microseconds_since(now() - interval '1.5 s'), 1500000::bigint, 'an age is in microseconds');
SELECT is(microseconds_since(now() + interval '1 s'), 0::bigint, 'a time in the future has the age 0');

-- The queue.
DELETE FROM due WHERE tenant_id = 77;
SELECT is_empty($$SELECT * FROM pg_temp.of('backlog')$$, 'an empty queue has no row');
INSERT INTO due (tenant_id, kind, id, channel, due_at)
VALUES (77, 'mail', 1, '', now() - interval '10 s'), (77, 'mail', 2, '', now() - interval '2 s'), (77, 'capture', 1, 'sim', now()),
       (77, 'expiry', 1, '', now() + interval '1 s');
SELECT set_eq($$SELECT * FROM pg_temp.of('backlog')$$, $$VALUES ('mail', '', 2::bigint), ('capture', 'sim', 1)$$, 'work that is due is counted by kind and channel');
SELECT set_eq($$SELECT * FROM pg_temp.of('lag')$$, $$VALUES ('mail', '', 10000000::bigint), ('capture', 'sim', 0)$$, 'the lag is the age of the oldest work');

-- Provider events and differences.
INSERT INTO provider_event (tenant_id, channel, event_id, type, verdict, refusal, received_at, judged_at, resolved_at, resolved_by)
SELECT 77, 'sim', 'm' || n, 'paid', 'refused', 'not_found', now() - make_interval(secs => n), now(), CASE WHEN n = 3 THEN now() END, CASE WHEN n = 3 THEN 1 END
FROM generate_series(1, 3) AS n;
SELECT set_eq($$SELECT * FROM pg_temp.of('events')$$, $$VALUES ('refused', 'sim', 2::bigint)$$, 'unresolved events are counted');
SELECT set_eq($$SELECT * FROM pg_temp.of('event_age')$$, $$VALUES ('refused', 'sim', 2000000::bigint)$$, 'the age is that of the oldest one');

-- Records that are deleted when they are old.
SELECT pg_temp.buy('alice') AS a \gset
SELECT u.id AS bob FROM users u WHERE u.tenant_id = 77 AND u.external_ref = 'bob' \gset
INSERT INTO mail (tenant_id, order_id, template, recipient, created_at, done_at)
VALUES (77, :a, 'pay_link', 'a@example.com', now() - interval '2 days', now()), (77, :a, 'pay_link', 'a@example.com', now() - interval '9 days', NULL);
INSERT INTO token (tenant_id, user_id, hash, scopes, expires_at)
VALUES (77, :bob, sha256('m1'), '{buyer}', now() - interval '3 days'), (77, :bob, sha256('m2'), '{buyer}', now() + interval '9 days');
SELECT is((SELECT value FROM pg_temp.of('oldest') WHERE label = 'mails'), 2 * 86400000000, 'the oldest mail that was sent or has failed');
SELECT is((SELECT value FROM pg_temp.of('oldest') WHERE label = 'tokens'), 3 * 86400000000, 'the oldest expired token');

-- Webhooks.
SELECT (pg_temp.hook()).id AS hook \gset
SELECT (pg_temp.hook('https://b.example', '{order.*}', false)).id AS idle \gset
SELECT pg_temp.hook('https://c.example') AS healthy \gset
SELECT public_id AS public FROM webhook_endpoint WHERE tenant_id = 77 AND id = :hook \gset
INSERT INTO webhook_delivery (tenant_id, endpoint_id, event_epoch, event_xid, event_id, subject_id, subject_version, attempts, next_at, created_at, done_at, state, subject, type, message_id)
SELECT 77, :hook, 1, '1'::xid8, n, 1, 1, n % 3, now(), now() - make_interval(secs => n), CASE WHEN n > 5 THEN now() - interval '9 days' END, CASE WHEN n > 5 THEN 'dead' ELSE 'pending' END,
       'order', 'order.paid', 'm' || n
FROM generate_series(1, 9) AS n;
UPDATE webhook_endpoint SET failing_since = now() - interval '7 s' WHERE tenant_id = 77 AND id IN (:hook, :idle);
SELECT set_eq($$SELECT label, sum(value)::bigint FROM pg_temp.of('endpoints') GROUP BY label$$, $$VALUES ('enabled', 2::bigint), ('disabled', 1)$$, 'endpoints are counted by state');
SELECT set_eq($$SELECT label, value FROM pg_temp.of('deliveries') WHERE channel = '$$ || :'public' || $$'$$, $$VALUES ('pending', 5::bigint), ('dead', 4)$$, 'deliveries by state');
SELECT is((SELECT value FROM pg_temp.of('delivery_age') WHERE channel = :'public'), 5000000::bigint, 'the age of the oldest pending delivery');
SELECT is((SELECT string_agg(channel || ' ' || value, ',') FROM pg_temp.of('failing')), :'public' || ' 7000000', 'an enabled endpoint that fails');
SELECT is((SELECT value FROM pg_temp.of('oldest') WHERE label = 'webhooks'), 9 * 86400000000, 'the oldest delivery that has ended');

-- All tenants.
SELECT is((SELECT count(*)::integer FROM metric_values(NULL) WHERE family IN ('horizon_from', 'horizon_to')), 2, 'the horizon is in the first call');
SELECT is((SELECT value FROM metric_values(NULL) WHERE family = 'horizon_from'), pg_snapshot_xmin(pg_current_snapshot())::text::bigint, 'the oldest running transaction');
SELECT cmp_ok((SELECT value FROM metric_values(NULL) WHERE family = 'horizon_to'), '>=', pg_current_xact_id()::text::bigint, 'the transactions that follow the last one that has ended');
SELECT is((SELECT value FROM metric_values(NULL) WHERE family = 'backlog' AND label = 'mail'), 2::bigint, 'the values of a tenant');
SELECT is_empty('SELECT * FROM metric_values(77)', 'no tenant follows the last one');
SELECT isnt_empty('SELECT * FROM metric_values(76)', 'p_after is not included');
SELECT is_empty($$SELECT * FROM metric_values(NULL) WHERE family = 'next'$$, 'a short call reads all tenants');

-- No query reads a whole table, without statistics too.
INSERT INTO idempotency (tenant_id, actor_id, route, key, fingerprint, created_at) SELECT 77, 1, 'r', 'm-' || n, '', now() FROM generate_series(1, 5000) AS n;
CREATE TEMPORARY TABLE before_call AS SELECT t, pg_temp.scans(t) AS scans FROM unnest('{idempotency,mail,provider_event,provider_notice,token,cart,due,reconciliation_difference,webhook_endpoint,webhook_delivery}'::text[]) AS t;
SELECT isnt_empty('SELECT * FROM metric_values(NULL)', 'a call');
SELECT is(pg_temp.scans(t), scans, t || ' is not read as a whole') FROM before_call;

-- A call that takes longer than a second ends, and the next one continues.
CREATE OR REPLACE FUNCTION orders_v1.provider_event_counts(p_tenant integer)
RETURNS TABLE (channel text, verdict text, unresolved bigint, oldest timestamptz) LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM pg_sleep(0.4);
END
$$;
INSERT INTO tenant (id, name, currency) SELECT n, 'metrics ' || n, 'USD' FROM generate_series(1000, 1009) AS n;
SELECT value AS next FROM metric_values(77) WHERE family = 'next' \gset
SELECT cmp_ok(:next, '>', 999, 'some tenants are left');
SELECT cmp_ok(:next, '<', 1006, 'after about a second');
SELECT finish();
ROLLBACK;
