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

-- This transaction holds the horizon. A restore ends it: all events of former epochs are shown.
SELECT is((SELECT pg_get_indexdef('event_feed'::regclass)), 'CREATE INDEX event_feed ON orders.event USING btree (tenant_id, epoch, xid, id) WHERE (epoch >= 0)', 'the index has the order of the feed');
SELECT pg_temp.buy('alice') AS a \gset
SELECT is(event_horizon() <= pg_current_xact_id(), true, 'a running transaction holds the horizon');
SELECT is(event_horizon(), pg_snapshot_xmin(pg_current_snapshot()), 'the horizon is that of the snapshot');
SELECT is_empty('SELECT * FROM list_events(77, 0, 0, 0, NULL, 10)', 'events of a running transaction are not shown');
SELECT is(feed_lag(77) < 60, true, 'the event of a running transaction waits for less than a minute');
UPDATE event SET created_at = now() - interval '100 s' WHERE subject_id = :a;
SELECT is(feed_lag(77) BETWEEN 100 AND 160, true, 'the lag is the age of the first event that waits');
SELECT is(feed_lag(78), 0::double precision, 'another tenant has no event that waits');
UPDATE event SET created_at = now() + interval '1 s' WHERE subject_id = :a;
SELECT is(feed_lag(77), 0::double precision, 'the lag is not negative');
UPDATE event SET created_at = now() WHERE subject_id = :a;
SELECT pg_temp.buy('bob', p_method => 'manual') AS b \gset
SELECT pg_temp.create_refunds(:a, 300) \g (format=unaligned) /dev/null
SELECT pg_temp.drop_it('bob', :b) \g (format=unaligned) /dev/null
SELECT skip_ids(1) \g (format=unaligned) /dev/null
CREATE FUNCTION pg_temp.feed(p_after bigint DEFAULT 0, p_patterns text[] DEFAULT NULL, p_limit integer DEFAULT 100, p_tenant integer DEFAULT 77) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(coalesce(f.order_number || '/' || f.version, 'position'), ' ')
    FROM (SELECT max(e.epoch) AS epoch, max(e.xid::text::bigint) AS xid FROM event e WHERE e.id = p_after) AS e,
         list_events(p_tenant, coalesce(e.epoch, 0), coalesce(e.xid, 0), p_after, p_patterns, p_limit) AS f
$$;
SELECT (SELECT number FROM orders WHERE id = :a) AS an, (SELECT number FROM orders WHERE id = :b) AS bn \gset
SELECT is(pg_temp.feed(), format('%s/1 %s/1 %1$s/2 %2$s/2', :'an', :'bn'), 'the events of the former epoch are shown in their order');
SELECT is(feed_lag(77), 0::double precision, 'no event of a former epoch waits');
SELECT is(pg_temp.feed(p_limit => 3), format('%s/1 %s/1 %1$s/2', :'an', :'bn'), 'at most p_limit events are shown');
SELECT id AS first FROM event WHERE subject_id = :a AND version = 1 \gset
SELECT id AS last FROM event WHERE subject_id = :b AND version = 2 \gset
SELECT is(pg_temp.feed(:first, p_limit => 2), format('%2$s/1 %1$s/2', :'an', :'bn'), 'a page begins behind its position');
SELECT is(pg_temp.feed(:last), NULL, 'there is nothing behind the last event');
SELECT is(pg_temp.feed(p_tenant => 78), NULL, 'another tenant has no events');
SELECT is(pg_temp.feed(p_patterns => '{order.placed}'), format('%s/1 %s/1 position', :'an', :'bn'), 'a filter is passed, and its position is the last event that was read');
SELECT is(pg_temp.feed(p_patterns => '{order.placed}', p_limit => 2), format('%s/1 %s/1', :'an', :'bn'), 'a full page ends with its last event');
SELECT is(pg_temp.feed(p_patterns => '{order.cancelled}'), format('%s/2', :'bn'), 'a page whose last event matches has no other position');
SELECT is((SELECT ROW(f.id, f.epoch, f.xid, f.types, f.subject, f.version)::text FROM list_events(77, 0, 0, 0, '{nothing.*}', 100) AS f),
    (SELECT ROW(e.id, e.epoch, e.xid::text::bigint, NULL, NULL, NULL)::text FROM event e WHERE e.id = :last), 'a page without a match has the position only');
SELECT is(pg_temp.feed(:last, '{nothing.*}'), NULL, 'no event read: no position');
SELECT is((SELECT ROW(f.*)::text FROM list_events(77, 0, 0, 0, NULL, 3) AS f WHERE f.subject_id = :a AND f.version = 2),
    (SELECT ROW(e.id, e.epoch, e.xid::text::bigint, to_jsonb(e.types), 'order', :a::bigint, o.public_id, o.number, 2, 'operator', pg_temp.uid('olga'), 'operator', NULL::bigint,
                ARRAY[ROW('payment', 'paid', 'partially_refunded', 'broken')::event_step_view], e.created_at, encode(e.hash, 'hex'))::text
     FROM event e JOIN orders o ON o.id = e.subject_id WHERE e.subject_id = :a AND e.version = 2), 'an event has all its members');
UPDATE event SET comments = '{one,two}', steps = '{order:new:open,payment:new:unpaid:2,fulfilment:new:none}' WHERE subject_id = :a AND version = 1;
SELECT is((SELECT string_agg(s.axis || ' ' || s.comment, ', ') FROM list_events(77, 0, 0, 0, NULL, 1) AS f, unnest(f.steps) AS s), 'order one, payment two, fulfilment one', 'each step has its comment');
UPDATE event SET comments = NULL, steps = '{}' WHERE subject_id = :a AND version = 1;
SELECT is((SELECT f.steps FROM list_events(77, 0, 0, 0, NULL, 1) AS f), '{}', 'an event may have no steps');
SELECT is((SELECT count(*)::integer FROM list_events(77, 0, 0, 0, NULL, 2147483647) AS f), 4, 'the largest limit');
SELECT is_empty('SELECT * FROM list_events(77, 2147483647, 9223372036854775807, 9223372036854775807, NULL, 10)', 'the greatest position');

-- A rare type among many events: each call reads a bounded number of rows and makes progress.
INSERT INTO event (tenant_id, version, subject_id, xid, created_at, epoch, first_step, subject, types, steps, actor, hash)
SELECT 77, n, -1, '1000', now(), 0, 1, 'order', CASE WHEN n = 45000 THEN '{rare.one}' ELSE '{order.updated}' END::text[], '{}', 'system', '' FROM generate_series(1, 50000) AS n;
SELECT is((SELECT string_agg(f.id::text, ' ') FROM pg_sleep(0.6), LATERAL list_events(77, 0, 0, 0, '{nothing.*}', 100) AS f),
          (SELECT f.id::text FROM list_events(77, 0, 0, 0, NULL, 1) AS f), 'a statement of more than half a second returns the position of the event that it has read');
CREATE FUNCTION pg_temp.pages_to(p_pattern text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r orders_v1.event_view := ROW(0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    v_calls integer := 0;
    v_from  bigint := pg_stat_get_xact_tuples_returned('event_feed'::regclass);
BEGIN
    WHILE r.types IS NULL AND v_calls < 9 LOOP
        SELECT f.* INTO r FROM orders_v1.list_events(77, r.epoch, r.xid, r.id, ARRAY[p_pattern], 100) AS f LIMIT 1;
        v_calls := v_calls + 1;
    END LOOP;
    RETURN v_calls || ' ' || r.version || ' ' || (pg_stat_get_xact_tuples_returned('event_feed'::regclass) - v_from BETWEEN 45000 AND 60100);
END
$$;
SELECT is(pg_temp.pages_to('rare.*'), '3 45000 true', 'a rare event is found after 20,000 rows a call, each row read once');
DELETE FROM event WHERE subject_id = -1;

-- The events of an order are in the order of their versions, also when the earlier transaction has the greater id.
SELECT pg_temp.buy('alice') AS c \gset
UPDATE event SET xid = (pg_current_xact_id()::text::bigint + 1000)::text::xid8 WHERE subject_id = :c;
SELECT pg_temp.create_refunds(:c, 300) \g (format=unaligned) /dev/null
SELECT is((SELECT string_agg(e.version::text, ' ' ORDER BY e.epoch, e.xid, e.id) FROM event e WHERE e.subject_id = :c), '1 2', 'an event is not before the previous one of its order');
SELECT is((SELECT count(DISTINCT e.xid)::integer FROM event e WHERE e.subject_id = :c), 1, 'it has the xid of the previous event');
SELECT orders_v1.record_event(ROW(77, 'operator', 'operator', pg_temp.uid('olga'), NULL, NULL, NULL), 'order', :c, 2, now(), ARRAY[ROW('details', 'new', 'corrected')::step], 'more') \g (format=unaligned) /dev/null
SELECT is((SELECT e.types::text FROM event e WHERE e.subject_id = :c AND e.version = 2), '{order.partially_refunded,order.corrected}', 'its transaction can extend it');
SELECT is_empty($$SELECT * FROM orders_check.events_are_chained WHERE problem LIKE '%of version 2 %'$$, 'its hash has this xid');
UPDATE event SET xid = (xid::text::bigint - 1)::text::xid8 WHERE subject_id = :c AND version = 1;
SELECT throws_ok(format($$SELECT orders_v1.record_event(ROW(77, 'operator', 'operator', pg_temp.uid('olga'), NULL, NULL, NULL), 'order', %s, 2, now(), ARRAY[ROW('details', 'corrected', 'corrected')::step], 'more')$$, :c),
    '23505', NULL, 'an event with another greater xid is not one of this transaction');
SELECT skip_ids(1) \g (format=unaligned) /dev/null
SELECT pg_temp.create_refunds(:c, 300) \g (format=unaligned) /dev/null
SELECT is((SELECT e.xid FROM event e WHERE e.subject_id = :c AND e.version = 3), pg_current_xact_id(), 'an event of another epoch does not count');
SELECT * FROM finish();
ROLLBACK;
