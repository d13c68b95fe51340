-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

-- Patterns of types.
SELECT is(matches_pattern(c.types, c.patterns), c.matches, format('%s %s %s', c.types, CASE WHEN c.matches THEN 'match' ELSE 'do not match' END, c.patterns))
FROM (VALUES ('{order.placed}'::text[], '{order.placed}'::text[], true), ('{order.placed,payment.opened}', '{payment.opened}', true),
             ('{order.placed}', '{payment.opened,order.placed}', true), ('{order.placed}', '{*}', true), ('{order.placed}', '{order.*}', true),
             ('{return.requested,order.placed}', '{order.*}', true), ('{webhook.delivery.failed}', '{webhook.*}', true), ('{webhook.delivery.failed}', '{webhook.delivery.*}', true),
             ('{order.placed}', '{payment.opened}', false), ('{order.placed}', '{order.place}', false), ('{order.placed}', '{order.placed.*}', false),
             ('{order.placed}', '{order}', false), ('{orders.placed}', '{order.*}', false), ('{order}', '{order.*}', false), ('{order.placed}', '{ORDER.*}', false),
             ('{order.placed}', '{order_placed}', false), ('{order.placed}', '{%}', false), ('{order.placed}', '{}', false), ('{}', '{order.*}', false)) AS c (types, patterns, matches);

-- The horizon of this transaction is not above its own id.
SELECT pg_temp.buy('alice') AS a \gset
SELECT is(event_horizon() <= pg_current_xact_id(), true, 'a running transaction holds the horizon');
SELECT is(event_horizon(), pg_snapshot_xmin(pg_current_snapshot()), 'the horizon is that of the snapshot');
SELECT is((SELECT pg_get_indexdef('event_feed'::regclass)), 'CREATE INDEX event_feed ON orders.event USING btree (tenant_id, epoch, xid, id) WHERE (epoch >= 0)', 'the index has the order of the feed');
SELECT * FROM finish();
ROLLBACK;
