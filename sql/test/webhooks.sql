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
          '{webhook_endpoint.created}', 'its creation is an event');
SELECT is((SELECT outcome || ' ' || (endpoint).state || ' ' || (endpoint).disabled_reason FROM pg_temp.hook('https://b.example', '{order.*}', false)),
          'created disabled operator', 'an endpoint can be created disabled');
SELECT results_eq($$SELECT outcome, replayed, (endpoint).salt FROM pg_temp.hook(p_key => 'k')$$,
                  $$SELECT outcome, NOT replayed, (endpoint).salt FROM pg_temp.hook(p_key => 'k')$$, 'a repeat with the key has the same salt');
SELECT throws_like(format('SELECT pg_temp.hook(p_patterns => %L)', x), 'invalid_field', 'no patterns: ' || x)
FROM unnest('{"{}","{order.}","{*.paid}","{order.p*}","{Order.paid}","{a b}","{order..paid}",NULL}'::text[]) AS x WHERE x IS NOT NULL;
SELECT throws_like(format('SELECT pg_temp.hook(p_patterns => %L)', array_fill('order.paid'::text, ARRAY[51])), 'invalid_field', 'at most 50 patterns');
SELECT throws_like(format('SELECT pg_temp.hook(p_patterns => %L)', ARRAY[repeat('a', 101)]), 'invalid_field', 'of at most 100 characters');
SELECT lives_ok(format('SELECT pg_temp.hook(p_patterns => %L)', array_fill(repeat('a', 98) || '.*', ARRAY[50])), 'so many are accepted');
SELECT count(pg_temp.hook()) AS n FROM generate_series(1, 16) \gset
SELECT throws_like('SELECT pg_temp.hook()', 'too_many_webhooks', 'a tenant has at most 20');

-- Changes
SELECT is(pg_temp.change(:a, '{"url": "https://a.example/new", "events": ["order.*", "return.requested"], "payload": "thin", "description": "d"}'), 'changed v2',
          'an endpoint can be changed');
SELECT is((SELECT format('%s %s %s %s', url, patterns, payload, description) FROM webhook_endpoint WHERE tenant_id = 77 AND id = :a),
          'https://a.example/new {order.*,return.requested} thin d', 'all of it');
SELECT is(pg_temp.change(:a, '{"url": "https://a.example/new"}'), 'unchanged v2', 'no change makes no version');
SELECT is(pg_temp.change(:a, '{"description": null}'), 'changed v3', 'the description can be removed');
SELECT throws_like(format($$SELECT pg_temp.change(%s, '{"events": []}')$$, :a), 'invalid_field', 'but not the patterns');
SELECT throws_like(format($$SELECT pg_temp.change(%s, '{"url": "x"}', '{1-0}')$$, :a), 'version_mismatch', 'a change may name the version');
SELECT is(pg_temp.change(:a, '{"enabled": false}', ARRAY[version_tag(:a, 3)]), 'changed v4', 'an endpoint can be disabled');
SELECT throws_like(format('SELECT pg_temp.test(%s)', :a), 'webhook_disabled', 'a disabled endpoint is not tested');
SELECT is(pg_temp.change(:a, '{"enabled": false}'), 'unchanged v4', 'a second time changes nothing');
SELECT is(pg_temp.change(:a, '{"enabled": true}'), 'changed v5', 'and enabled again');
SELECT is((SELECT string_agg(y, ' ' ORDER BY e.version) FROM event e, unnest(e.types) AS y WHERE e.tenant_id = 77 AND e.subject_id = :a AND e.subject = 'webhook_endpoint'),
          'webhook_endpoint.created webhook_endpoint.updated webhook_endpoint.updated webhook_endpoint.disabled webhook_endpoint.enabled', 'each is an event');
SELECT is(pg_temp.violations(), NULL, 'nothing is wrong');
SELECT * FROM finish();
ROLLBACK;
