-- SPDX-License-Identifier: Apache-2.0
-- Webhook endpoints, and the deliveries that operators cause.
BEGIN;
\ir lib/shop.sql
\ir lib/webhooks.sql
SELECT no_plan();

-- Creation
SELECT (pg_temp.hook()).id AS a \gset
SELECT is((SELECT format('%s %s %s %s v%s g%s', url, patterns, payload, state, version, generation) FROM webhook_endpoint WHERE tenant_id = 77 AND id = :a),
          'https://a.example/hook {*} full enabled v1 g1', 'an endpoint is created enabled, for full messages');
SELECT is((SELECT array_agg(y) FROM event e, unnest(e.types) AS y WHERE e.tenant_id = 77 AND e.subject = 'webhook_endpoint' AND e.subject_id = :a),
          '{webhook_endpoint.created}', 'the creation of an endpoint is an event');
SELECT is((SELECT outcome || ' ' || (endpoint).state || ' ' || (endpoint).disabled_reason FROM pg_temp.hook('https://b.example', '{order.*}', false)),
          'created disabled operator', 'an endpoint can be created disabled');
SELECT results_eq($$SELECT outcome, replayed, (endpoint).salt FROM pg_temp.hook(p_key => 'k')$$,
                  $$SELECT outcome, NOT replayed, (endpoint).salt FROM pg_temp.hook(p_key => 'k')$$, 'a repeat with the key has the same salt');
SELECT throws_like(format('SELECT pg_temp.hook(p_patterns => %L)', x), 'invalid_field', 'invalid patterns are refused: ' || x)
FROM unnest('{"{}","{order.}","{*.paid}","{order.p*}","{Order.paid}","{a b}","{order..paid}",NULL}'::text[]) AS x WHERE x IS NOT NULL;
SELECT throws_like(format('SELECT pg_temp.hook(p_patterns => %L)', array_fill('order.paid'::text, ARRAY[51])), 'invalid_field', 'more than 50 patterns are refused');
SELECT throws_like(format('SELECT pg_temp.hook(p_patterns => %L)', ARRAY[repeat('a', 101)]), 'invalid_field', 'a pattern of more than 100 characters is refused');
SELECT lives_ok(format('SELECT pg_temp.hook(p_patterns => %L)', array_fill('webhook_endpoint.*'::text, ARRAY[50])), '50 patterns are accepted');
SELECT throws_like(format('SELECT pg_temp.hook(p_patterns => %L)', ARRAY['order.*', x]), 'invalid_field', 'a pattern that matches no type of an event is refused: ' || x)
FROM unnest('{order.payed,orders.*,webhook.*,webhook.test,order.updated.*,paid}'::text[]) AS x;
SELECT is((SELECT array_agg((pg_temp.hook(p_patterns => ARRAY[x], p_key => 'type ' || x)).id IS NOT NULL) FROM unnest('{order.updated,webhook_endpoint.updated,return.rejected,*}'::text[]) AS x), '{t,t,t,t}',
          'all types that events have are accepted');
SELECT count(pg_temp.hook()) AS n FROM generate_series(1, 12) \gset
SELECT throws_like('SELECT pg_temp.hook()', 'too_many_webhooks', 'a tenant has at most 20 endpoints');

-- Changes
SELECT is(pg_temp.change(:a, '{"url": "https://a.example/new", "events": ["order.*", "return.requested"], "payload": "thin", "description": "d"}'), 'changed v2',
          'a change creates a version');
SELECT is((SELECT format('%s %s %s %s', url, patterns, payload, description) FROM webhook_endpoint WHERE tenant_id = 77 AND id = :a),
          'https://a.example/new {order.*,return.requested} thin d', 'all fields of an endpoint can be changed');
SELECT is(pg_temp.change(:a, '{"url": "https://a.example/new"}'), 'unchanged v2', 'a request without a change creates no version');
SELECT is(pg_temp.change(:a, '{"description": null}'), 'changed v3', 'the description can be removed');
SELECT throws_like(format($$SELECT pg_temp.change(%s, '{"events": []}')$$, :a), 'invalid_field', 'the patterns cannot be removed');
SELECT throws_like(format($$SELECT pg_temp.change(%s, '{"url": "x"}', '{1-0}')$$, :a), 'version_mismatch', 'a change of another version is refused');
SELECT is(pg_temp.change(:a, '{"enabled": false}', ARRAY[version_tag(:a, 3)]), 'changed v4', 'an endpoint can be disabled');
SELECT throws_like(format('SELECT pg_temp.test(%s)', :a), 'webhook_disabled', 'a disabled endpoint is not tested');
SELECT is(pg_temp.change(:a, '{"enabled": false}'), 'unchanged v4', 'disabling a disabled endpoint changes nothing');
SELECT is(pg_temp.change(:a, '{"enabled": true}'), 'changed v5', 'a disabled endpoint can be enabled');
SELECT is((SELECT string_agg(y, ' ' ORDER BY e.version) FROM event e, unnest(e.types) AS y WHERE e.tenant_id = 77 AND e.subject_id = :a AND e.subject = 'webhook_endpoint'),
          'webhook_endpoint.created webhook_endpoint.updated webhook_endpoint.updated webhook_endpoint.disabled webhook_endpoint.enabled', 'each change is an event');
SELECT is(pg_temp.violations(), NULL, 'no invariant is violated');

-- Rotation
SELECT (pg_temp.rotate(:a, 'one')).endpoint AS e1 \gset
SELECT is((SELECT format('v%s g%s %s %s', w.version, w.generation, (:'e1'::webhook_view).former_salt = w.former_salt, w.former_until - now()) FROM webhook_endpoint w WHERE w.tenant_id = 77 AND w.id = :a),
          'v6 g2 t 1 day', 'a rotation creates a new secret, and the former secret is valid for a day');
SELECT is((SELECT replayed || ' ' || ((endpoint).salt = (:'e1'::webhook_view).salt) FROM pg_temp.rotate(:a, 'one')), 'true true', 'a repeat returns the same secret');
SELECT is((SELECT (endpoint).former_salt FROM pg_temp.rotate(:a)), (:'e1'::webhook_view).salt, 'a second rotation replaces the former secret');
UPDATE webhook_endpoint SET former_until = now() WHERE tenant_id = 77 AND id = :a;
SELECT is((SELECT concat_ws(' ', former_salt, former_until) FROM read_webhook(77, pg_temp.uuid_of(:a))), '', 'after a day, there is no former secret');
SELECT results_eq(format($$SELECT outcome, (delivery).message_id FROM pg_temp.test(%s, 't')$$, :a), format($$SELECT outcome, (delivery).message_id FROM pg_temp.test(%s, 't')$$, :a),
                  'a repeated test sends one message');
SELECT is((SELECT concat_ws(' ', (delivery).type, (delivery).webhook_id = pg_temp.uuid_of(:a), (delivery).event_id, (delivery).order_id, left((delivery).message_id, 5)) FROM pg_temp.test(:a)),
          'webhook.test t test-', 'a test message has no event');

-- Replay. The endpoint of the replay is created after the orders.
SELECT pg_temp.remove(:a), pg_temp.remove(min(id)) FROM webhook_endpoint WHERE tenant_id = 77 AND id > :a \g /dev/null
CREATE FUNCTION pg_temp.position_of(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s.%s.%s', epoch, xid, id) FROM orders.event WHERE tenant_id = 77 AND subject = 'order' AND subject_id = p_order AND version = 1
$$;
CREATE FUNCTION pg_temp.queue_of(p_id bigint) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(subject_id || ' ' || d.type, ', ' ORDER BY t.n)
    FROM unnest(pg_temp.take(p_id)) WITH ORDINALITY AS t (id, n)
    JOIN orders.webhook_delivery d ON d.tenant_id = 77 AND d.endpoint_id = p_id AND d.id = t.id
$$;
SELECT pg_temp.buy('alice', 'few') AS o1, pg_temp.buy('alice', 'few') AS o2, pg_temp.buy('alice', 'few') AS o3 \gset
SELECT (pg_temp.hook(p_patterns => '{order.placed,order.paid}')).id AS r \gset
SELECT is((pg_temp.replay(:r, p_types => '{order.paid}')).queued, 3, 'events that the fan-out has not passed can be replayed');
SELECT pg_temp.fan_out() \g /dev/null
SELECT is((SELECT array_agg(DISTINCT type) FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :r AND subject_id = :o3), '{order.paid,order.placed}', 'the fan-out creates the other deliveries');
SELECT is((SELECT bool_and(d.event_id >= before) FROM (SELECT d.event_id, lag(d.event_id) OVER (ORDER BY t.n) AS before FROM unnest(pg_temp.take(:r)) WITH ORDINALITY AS t (id, n)
           JOIN webhook_delivery d ON d.tenant_id = 77 AND d.endpoint_id = :r AND d.id = t.id) AS d), true, 'all deliveries are sent in the sequence of the events');
SELECT pg_temp.record(:r, pg_temp.take(:r), 'delivered') \g /dev/null
SELECT is((SELECT concat_ws(' ', queued, next) FROM pg_temp.replay(:r, pg_temp.position_of(:o1), pg_temp.position_of(:o2))), '2', 'a replay starts after a cursor and ends with a cursor');
SELECT is(pg_temp.queue_of(:r), format('%s order.paid, %1$s order.placed', :o2), 'a replay queues deliveries again, those of one event in the sequence of their creation');
SELECT is((SELECT count(*) - count(DISTINCT message_id) FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :r), 0::bigint, 'a replay creates no second delivery of a message');
SELECT is((SELECT concat_ws(' ', queued, next) FROM pg_temp.replay(:r, pg_temp.position_of(:o1), pg_temp.position_of(:o3), p_limit => 1)), '0 ' || pg_temp.position_of(:o2),
          'a replay reads p_limit events and returns the cursor of the last; it does not count deliveries that were already queued');
SELECT is((SELECT concat_ws(' ', queued, next) FROM pg_temp.replay(:r, pg_temp.position_of(:o2), pg_temp.position_of(:o3), p_limit => 2)), '2', 'the last call of a replay returns no cursor');
SELECT is((SELECT queued FROM pg_temp.replay(:r, p_from => now() + interval '1 s')), 0, 'a replay omits events before p_from');
SELECT is((SELECT queued FROM pg_temp.replay(:r, p_to => now())), 0, 'a replay omits events from p_to on');
SELECT is((SELECT queued FROM pg_temp.replay(:r, p_from => now(), p_to => now() + interval '1 s', p_types => '{order.placed}')), 1, 'a replay queues the events of a period and a type');
SELECT throws_like(format('SELECT pg_temp.replay(%s, %L)', :r, x), 'invalid_field', 'an invalid cursor is refused: ' || x)
FROM unnest('{"",1,1.2,1.2.3.4,-1.2.3,a.b.c,1.2.99999999999999999999}'::text[]) AS x;

-- Times are found by a search in the order of the events, in any epoch.
SAVEPOINT pending;
INSERT INTO webhook_delivery (tenant_id, endpoint_id, message_id, type, event_epoch, event_xid, event_id, subject, subject_id, subject_version, next_at)
SELECT d.tenant_id, d.endpoint_id, 'copy-' || n, d.type, d.event_epoch, d.event_xid, d.event_id, d.subject, d.subject_id, d.subject_version, d.next_at
FROM webhook_delivery d, generate_series(1, 99999 - (SELECT count(*) FROM webhook_delivery x WHERE x.endpoint_id = :r AND x.state = 'pending')) AS n
WHERE d.id = (SELECT min(x.id) FROM webhook_delivery x WHERE x.tenant_id = 77 AND x.endpoint_id = :r);
SELECT lives_ok(format('SELECT pg_temp.replay(%s)', :r), 'a webhook with 99,999 pending messages accepts a replay');
INSERT INTO webhook_delivery (tenant_id, endpoint_id, message_id, type, event_epoch, event_xid, event_id, subject, subject_id, subject_version, next_at)
SELECT d.tenant_id, d.endpoint_id, 'last', d.type, d.event_epoch, d.event_xid, d.event_id, d.subject, d.subject_id, d.subject_version, d.next_at
FROM webhook_delivery d WHERE d.id = (SELECT min(x.id) FROM webhook_delivery x WHERE x.tenant_id = 77 AND x.endpoint_id = :r);
SELECT throws_like(format('SELECT pg_temp.replay(%s)', :r), 'too_many_pending_messages', 'a webhook with 100,000 pending messages refuses a replay');
ROLLBACK TO pending;
CREATE FUNCTION pg_temp.old_event(p_epoch integer, p_xid bigint, p_at timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO orders.event (tenant_id, version, subject_id, id, xid, created_at, epoch, first_step, subject, types, steps, actor, hash)
    VALUES (78, 1, p_epoch * 1000000 + p_xid, p_epoch * 1000000 + p_xid, p_xid::text::xid8, p_at, p_epoch, 1, 'order', '{order.placed}', '{}', 'system', '')
$$;
INSERT INTO tenant (id, name, currency) VALUES (78, 'old', 'USD');
SELECT pg_temp.old_event(x.epoch, x.n * 7, timestamptz '2026-01-01' + (x.epoch * 10) * interval '1 day' + x.n * interval '1 minute')
FROM (SELECT epoch, n FROM generate_series(0, 4, 2) AS epoch, generate_series(1, 300) AS n) AS x \g /dev/null
SELECT is((SELECT count(*) FROM unnest(ARRAY['2025-12-31', '2026-01-01 00:01', '2026-01-01 02:30:30', '2026-01-01 05:00', '2026-01-05', '2026-01-21 00:00', '2026-01-21 03:00', '2026-02-10 04:59:59', '2026-02-10 05:00']::timestamptz[]) AS x (at)
           CROSS JOIN LATERAL event_position_at(78, x.at) AS p
           WHERE (SELECT count(*) FROM event e WHERE e.tenant_id = 78 AND (e.epoch, e.xid) < (p.epoch, p.xid)) <> (SELECT count(*) FROM event e WHERE e.tenant_id = 78 AND e.created_at < x.at)),
          0::bigint, 'the events before the position of a time are those before the time');
SELECT is((SELECT concat_ws(' ', p.epoch, p.xid) FROM event_position_at(78, '2026-03-01') AS p), '', 'a time after the last event has no position');
SELECT is(pg_temp.violations(), NULL, 'no invariant is violated');
SELECT * FROM finish();
ROLLBACK;
