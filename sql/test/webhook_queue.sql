-- SPDX-License-Identifier: Apache-2.0
-- Deliveries are made behind the cursors of the endpoints, sent by the worker that owns the endpoint, and recorded.
BEGIN;
\ir lib/shop.sql
\ir lib/webhooks.sql
SELECT no_plan();

SELECT (pg_temp.hook(p_patterns => '{order.placed,order.paid}')).id AS a \gset
SELECT (pg_temp.hook(p_patterns => '{webhook_endpoint.*}')).id AS b \gset
SELECT pg_temp.buy('alice') AS o \gset
SELECT is(fan_out_events(77, 1000), 0, 'events of a running transaction are not fanned out');
SELECT cmp_ok(pg_temp.fan_out(), '>', 0, 'but those of ended ones are');
SELECT is((SELECT string_agg(type, ' ' ORDER BY id) FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :a), 'order.placed order.paid',
          'an event has a delivery for each of its types that matches');
SELECT is((SELECT string_agg(type, ' ' ORDER BY id) FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :b),
          'webhook_endpoint.created webhook_endpoint.created', 'events of endpoints too');
SELECT is(pg_temp.fan_out(), 0, 'each event is passed once');
SELECT is((SELECT string_agg(id::text, ' ' ORDER BY id) FROM due WHERE tenant_id = 77 AND kind = 'webhook'), :'a' || ' ' || :'b', 'endpoints are queued');
SELECT is(pg_temp.violations(), NULL, 'nothing is wrong');

SELECT is((SELECT string_agg(id::text, ' ' ORDER BY id) FROM claim_webhooks(77, 10, 60)), :'a' || ' ' || :'b', 'a worker claims them');
SELECT is_empty('SELECT * FROM claim_webhooks(77, 10, 60)', 'and no other worker does');
SELECT is((SELECT string_agg(concat_ws(' ', type, attempts, subject, subject_id, (event).order_number = order_number, (event).actor, (event).types ->> 0,
                                   length((event).hash), body), ', ')
           FROM take_deliveries(77, :a, 10)),
          format('order.placed 0 order %s t buyer order.placed 64, order.paid 0 order %1$s t buyer order.placed 64', :o), 'it takes deliveries with their events');
SELECT is((SELECT (endpoint).public_id FROM take_deliveries(77, :b, 1)), pg_temp.uuid_of(:a), 'and with the endpoint that the event is about');
SELECT is((SELECT (event).public_id FROM take_deliveries(77, :b, 1)), pg_temp.uuid_of(:a), 'whose UUID is in the event');
SELECT pg_temp.take(:a) AS ids \gset
SELECT store_bodies(77, :'ids', '{one,two}') \g /dev/null
SELECT store_bodies(77, :'ids', '{three,four}') \g /dev/null
SELECT is((SELECT string_agg(body, ' ') FROM take_deliveries(77, :a, 10)), 'one two', 'a body is stored once');
SELECT is((pg_temp.record(:a, :'ids', 'delivered')).state, 'enabled', 'results are recorded');
SELECT is((SELECT string_agg(concat_ws(' ', state, attempts, last_status, last_ms), ', ') FROM webhook_delivery WHERE tenant_id = 77 AND endpoint_id = :a),
          'delivered 1 200 5, delivered 1 200 5', 'as delivered');
SELECT is_empty('SELECT FROM webhook_body WHERE tenant_id = 77', 'and the bodies are deleted');
SELECT is(pg_temp.violations(), NULL, 'nothing is wrong');
SELECT release_webhook(77, :a, NULL), release_webhook(77, :b, NULL) \g /dev/null
SELECT is((SELECT string_agg(id::text, ' ') FROM due WHERE tenant_id = 77 AND kind = 'webhook'), :'b', 'an endpoint without pending deliveries leaves the queue');
SELECT is((SELECT string_agg(id::text, ' ') FROM claim_webhooks(77, 10, 60)), :'b', 'the other can be claimed again');
SELECT is(pg_temp.violations(), NULL, 'nothing is wrong');
SELECT * FROM finish();
ROLLBACK;
