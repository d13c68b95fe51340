-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
\ir lib/goods.sql
SELECT no_plan();

-- One operation writes one row.
SELECT pg_temp.buy('alice') AS a \gset
SELECT is((SELECT ROW(version, first_step, types, steps, actor, actor_id, api, comments, comments_digest, return_id)::text FROM event WHERE subject_id = :a),
    ROW(1, 1, '{order.placed,payment.opened,fulfilment.none,order.paid,order.completed}'::text[],
        '{order:new:open,payment:new:unpaid,fulfilment:new:none,payment:unpaid:paid,order:open:completed}'::text[], 'buyer',
        (SELECT buyer_id FROM orders WHERE id = :a), 'user', NULL, NULL, NULL)::text, 'placing and paying is one event');
SELECT is((SELECT ROW(xid = pg_current_xact_id(), epoch = event_epoch(), created_at = now(), id > 0, length(hash))::text FROM event WHERE subject_id = :a), '(t,t,t,t,32)',
    'with its transaction, epoch, time, number and hash');
SELECT pg_temp.create_refunds(:a, 300) \g (format=unaligned) /dev/null
SELECT is((SELECT ROW(first_step, types, steps, comments)::text FROM event WHERE subject_id = :a AND version = 2),
    ROW(6, '{order.partially_refunded}'::text[], '{payment:paid:partially_refunded}'::text[], (SELECT ARRAY[reason] FROM refund WHERE order_id = :a))::text, 'step numbers continue');
SELECT pg_temp.buy('bob', p_method => 'external') AS b \gset
SELECT pg_temp.payment_of(:b) AS pb \gset
SELECT outcome FROM record_intent(77, 'user', 'system', NULL, 'i', NULL, NULL, :pb, 'in-b', NULL, NULL) \g (format=unaligned) /dev/null
SELECT is((SELECT ROW(types, steps, actor, first_step)::text FROM event WHERE subject_id = :b AND version = 2), '({order.updated},{},system,4)', 'an operation without steps has an event');
SELECT is((SELECT count(*) FROM order_history WHERE order_id = :b), 3::bigint, 'it has no row in the history');
SELECT pg_temp.hear('e1', 'paid', :b, 1000, 'tx-b') \g (format=unaligned) /dev/null
SELECT is((SELECT string_agg(step || ' ' || version || ' ' || axis || ' ' || to_state, ', ' ORDER BY step) FROM order_history WHERE order_id = :b AND version > 1),
    '4 3 payment paid, 5 3 order completed', 'the step numbers of the next operation have no gap');

-- Two records of one operation, with their own comments.
SELECT pg_temp.order_it('{"payment_method": "cod"}') AS c \gset
SELECT pg_temp.go(:c, 'packed'), pg_temp.send(:c) \g (format=unaligned) /dev/null
SELECT version AS v FROM orders WHERE id = :c \gset
SELECT outcome FROM track(77, 'operator', 'operator', NULL, 't', NULL, NULL, :c, '{"status": "delivered", "description": "at the door"}', NULL) \g (format=unaligned) /dev/null
SELECT is((SELECT ROW(version, types, steps, comments)::text FROM event WHERE subject_id = :c ORDER BY version DESC LIMIT 1),
    ROW(:v + 1, '{order.delivered,order.paid,order.completed}'::text[], '{fulfilment:shipped:delivered,payment:unpaid:paid:2,order:open:completed:2}'::text[],
        '{"at the door","cash on delivery"}'::text[])::text, 'a second record extends the event');
SELECT is((SELECT string_agg(to_state || ': ' || comment, ', ' ORDER BY step) FROM order_history WHERE order_id = :c AND version = :v + 1),
    'delivered: at the door, paid: cash on delivery, completed: cash on delivery', 'each step keeps its comment');
CREATE FUNCTION pg_temp.record(p_order bigint, p_version integer, p_steps text[], p_comment text DEFAULT NULL, p_return bigint DEFAULT NULL, p_actor text DEFAULT 'operator')
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.record_event(ROW(77, 'operator', p_actor, NULL, NULL, NULL, NULL), 'order', p_order, p_version, now(),
        ARRAY(SELECT ROW(split_part(s, ':', 1), split_part(s, ':', 2), split_part(s, ':', 3))::orders_v1.step FROM unnest(p_steps) AS s), p_comment, p_return);
    UPDATE orders.orders SET version = p_version WHERE tenant_id = 77 AND id = p_order;
    RETURN (SELECT ROW(e.types, e.steps, e.comments, e.return_id)::text FROM orders.event e WHERE e.tenant_id = 77 AND e.subject_id = p_order AND e.version = p_version);
END
$$;
SELECT pg_temp.buy('bob', p_method => 'manual') AS d \gset
SELECT is(pg_temp.record(:d, 2, '{}'), '({order.updated},{},,)', 'an event without steps is recorded');
SELECT is(pg_temp.record(:d, 2, '{details:new:corrected}'), '({order.corrected},{details:new:corrected},,)', 'the first step gives the event its types');
SELECT is(pg_temp.record(:d, 2, '{}', 'lost'), '({order.corrected},{details:new:corrected},,)', 'a record without a step adds nothing');
SELECT is(pg_temp.record(:d, 2, '{details:corrected:corrected}', 'x'), '({order.corrected},"{details:new:corrected,details:corrected:corrected:2}","{NULL,x}",)', 'each type is stored once');
SELECT is(pg_temp.record(:d, 2, '{return:new:requested}', 'y', 5), '("{order.corrected,return.requested}","{details:new:corrected,details:corrected:corrected:2,return:new:requested:3}","{NULL,x,y}",5)', 'a step of a return is added');
SELECT is(pg_temp.record(:d, 2, '{return:requested:approved}', 'x', 5),
    '("{order.corrected,return.requested,return.approved}","{details:new:corrected,details:corrected:corrected:2,return:new:requested:3,return:requested:approved:2}","{NULL,x,y}",5)', 'each comment is stored once');
SELECT results_eq(format('SELECT step, to_state, comment, return_id FROM order_history WHERE order_id = %s AND version = 2 ORDER BY step', :d),
    $$VALUES (4, 'corrected', NULL, NULL), (5, 'corrected', 'x', NULL), (6, 'requested', 'y', 5::bigint), (7, 'approved', 'x', 5)$$, 'the history has each step with its comment');
SELECT is_empty('SELECT * FROM orders_check.events_are_chained', 'the hash of an extended event matches its content');
SELECT is_empty('SELECT * FROM orders_check.one_event_a_version', 'its types match its steps');
SELECT is(pg_temp.broken(format('SELECT pg_temp.record(%s, 2, ''{return:approved:received}'', NULL, 6)', :d)), 'event_pkey', 'a step of another return is refused');
SELECT is(pg_temp.broken(format('SELECT pg_temp.record(%s, 2, ''{return:approved:received}'', NULL, 5, ''seller'')', :d)), 'event_pkey', 'a step of another actor is refused');
SELECT is(pg_temp.broken(format('UPDATE event SET xid = ''5'' WHERE subject_id = %s AND version = 2; SELECT pg_temp.record(%1$s, 2, ''{details:corrected:corrected}'')', :d)), 'event_pkey', 'a step of another transaction is refused');

-- Steps that are not allowed.
SELECT is(pg_temp.broken(format('SELECT pg_temp.record(%s, 3, ''{order:open:nowhere}'')', :d)), 'event_step_allowed', 'a step that does not exist is refused');
SELECT is(pg_temp.broken(format('SELECT pg_temp.record(%s, 3, ''{order:open:expired}'')', :d)), 'event_step_allowed', 'a step of another actor is refused');
SELECT is(pg_temp.broken(format('SELECT pg_temp.record(%s, 3, ''{order:open:completed,payment:unpaid:refunded}'')', :d)), 'event_step_allowed', 'one invalid step of two is refused');
SELECT is(pg_temp.broken(format('SELECT pg_temp.record(%s, 2, ''{order:open:expired}'', NULL, 5)', :d)), 'event_step_allowed', 'an added invalid step is refused');
SELECT matches(pg_temp.refusal(format('SELECT pg_temp.record(%s, 3, ''{order:open:expired}'')', :d)), '^23503', 'an invalid step is an internal error');

-- The hash is the documented one, whatever the settings of the session.
SELECT is(encode(event_hash(decode(repeat('ab', 32), 'hex'), 77, 'order', 5, 2, 0, '1234', 9, '2026-01-01T00:00:00.123456Z', 6, '{order.paid}', '{payment:unpaid:paid}', 'operator',
        NULL, 'operator', NULL, decode(repeat('cd', 32), 'hex')), 'hex'), '0a85d6d1e26310924ec1c808522cbefd76ea521a8963375abaf7246b4567302f', 'the hash has a known value');
SELECT is(encode(comments_digest('\x000102030405060708090a0b0c0d0e0f', ARRAY['Zu spät', NULL]), 'hex'), '035b6d5a60589dbbe2a4d6d6031672588334c700486f7e89c0d16a4a6cb7adfe', 'the digest has a known value');
SET LOCAL TimeZone = 'Asia/Kathmandu';
SET LOCAL DateStyle = 'SQL, DMY';
SET LOCAL IntervalStyle = 'iso_8601';
SET LOCAL bytea_output = 'escape';
SET LOCAL extra_float_digits = -3;
SET LOCAL lc_numeric = 'C';
SET LOCAL standard_conforming_strings = off;
SET LOCAL client_encoding = 'LATIN1';
SELECT is_empty('SELECT * FROM orders_check.events_are_chained', 'hashes and digests do not depend on session settings');
RESET ALL;
SET LOCAL search_path = orders, orders_v1, public;
SET LOCAL client_min_messages = warning;

-- Each column is protected. The versions 1, 2 and 3 of the orders are with and without comments and steps.
SELECT is_empty('SELECT * FROM orders_check.all_violations WHERE name LIKE ''%event%''', 'the invariants of events hold at the start');
CREATE TEMP TABLE tampered (name text, sql text);
INSERT INTO tampered VALUES
    ('tenant_id', 'tenant_id = 78'), ('version', 'version = 33'), ('subject_id', 'subject_id = subject_id + 1000000'), ('id', 'id = id + 1'), ('xid', 'xid = ''7'''),
    ('created_at', 'created_at = created_at + interval ''1 microsecond'''), ('epoch', 'epoch = epoch + 1'), ('first_step', 'first_step = first_step + 1'),
    ('actor_id', 'actor_id = coalesce(actor_id, 0) + 1'), ('return_id', 'return_id = coalesce(return_id, 0) + 1'), ('subject', 'subject = ''parcel'''),
    ('types', 'types = types || ''{order.shipped}'''), ('steps', 'steps = steps || ''{order:open:completed}'''), ('actor', 'actor = ''nobody'''), ('api', 'api = NULL'),
    ('hash', 'hash = sha256(hash)'), ('comments_digest', 'comments_digest = sha256(''x'')'), ('comments_salt', 'comments_salt = ''x'''), ('comments', 'comments = ''{x!}''');
SELECT set_eq($$SELECT attname::text FROM pg_attribute WHERE attrelid = 'orders.event'::regclass AND attnum > 0 AND NOT attisdropped$$, 'SELECT name FROM tampered', 'every column is covered');
ALTER DOMAIN event_subject DROP CONSTRAINT event_subject_known;
CREATE FUNCTION pg_temp.seen(p_sql text, p_order bigint, p_view text DEFAULT 'events_are_chained') RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_seen boolean;
BEGIN
    EXECUTE p_sql;
    EXECUTE format('SELECT EXISTS (SELECT FROM orders_check.%I)', p_view) INTO v_seen;
    RAISE EXCEPTION USING ERRCODE = 'TT000';
EXCEPTION WHEN SQLSTATE 'TT000' THEN
    RETURN v_seen;
END
$$;
SELECT ok(pg_temp.seen(format('UPDATE orders.event SET %s WHERE subject_id = %s AND version = %s', t.sql, v.id, v.version), v.id), t.name || ' of version ' || v.version || ', ' || v.what || ': a change is detected')
FROM tampered t
CROSS JOIN (VALUES (:a, 1, 'which has no comment'), (:a, 2, 'the last version'), (:b, 2, 'which has no steps'), (:d, 2, 'which was extended')) AS v (id, version, what)
ORDER BY t.name, v.what;
SELECT ok(pg_temp.seen(format('DELETE FROM orders.event WHERE subject_id = %s AND version = 1', :b), :b), 'deleting the first event is detected');
SELECT ok(pg_temp.seen(format('DELETE FROM orders.event WHERE subject_id = %s AND version = 2', :b), :b), 'deleting a middle event is detected');
SELECT ok(pg_temp.seen(format('DELETE FROM orders.event WHERE subject_id = %s AND version = 3', :b), :b, 'one_event_a_version'), 'deleting the last event is detected');
SELECT ok(pg_temp.seen(format('DELETE FROM orders.event WHERE subject_id = %s', :b), :b, 'one_event_a_version'), 'deleting all events is detected');
SELECT ok(pg_temp.seen(format('UPDATE orders.event SET subject_id = CASE subject_id WHEN %s THEN %s ELSE %1$s END WHERE subject_id IN (%1$s, %2$s) AND version = 1', :a, -1), :a), 'moving an event to another order is detected');
SELECT ok(NOT pg_temp.seen(format('UPDATE orders.event SET types = types WHERE subject_id = %s', :b), :b), 'an update without a change is no violation');

-- Comments can be erased together with their salt.
UPDATE event SET comments = NULL, comments_salt = NULL WHERE subject_id = :c;
SELECT is_empty('SELECT * FROM orders_check.events_are_chained', 'erasing comments and salt keeps the chain valid');
SELECT is((SELECT string_agg(to_state || ': ' || coalesce(comment, '-'), ', ' ORDER BY step) FROM order_history WHERE order_id = :c AND version = :v + 1),
    'delivered: -, paid: -, completed: -', 'the history keeps its steps');
SELECT ok(pg_temp.seen(format('UPDATE orders.event SET comments = ''{x}'', comments_salt = sha256(''x'') WHERE subject_id = %s AND version = %s', :c, :v + 1), :c), 'replacing erased comments is detected');
SELECT ok(pg_temp.seen(format('UPDATE orders.event SET comments_salt = NULL WHERE subject_id = %s AND version = 2', :d), :d), 'erasing only the salt is detected');
SELECT ok(pg_temp.seen(format('UPDATE orders.event SET comments = NULL WHERE subject_id = %s AND version = 2', :d), :d), 'erasing only the comments is detected');
SELECT is((SELECT count(DISTINCT comments_salt) = count(*) AND min(length(comments_salt)) = 16 FROM event WHERE comments_salt IS NOT NULL), true, 'every salt is distinct');

-- A restore starts an epoch, also for plans cached in this session.
SELECT event_epoch() AS epoch \gset
SELECT is((SELECT max(epoch) FROM event WHERE subject_id = :a), :epoch, 'events have the current epoch');
SELECT skip_ids(1) \g (format=unaligned) /dev/null
SELECT cmp_ok(event_epoch(), '>=', extract(epoch FROM now() - '2026-01-01T00:00:00Z')::integer, 'a new epoch is the time of the restore');
SELECT pg_temp.create_refunds(:a, 100) \g (format=unaligned) /dev/null
SELECT is((SELECT epoch FROM event WHERE subject_id = :a AND version = 3), event_epoch(), 'the next event has the new epoch');
SELECT event_epoch() AS epoch \gset
SELECT skip_ids(1) \g (format=unaligned) /dev/null
SELECT cmp_ok(event_epoch(), '>', :epoch, 'two restores within a second have different epochs');
SELECT pg_temp.create_refunds(:a, 100) \g (format=unaligned) /dev/null
SELECT is((SELECT epoch FROM event WHERE subject_id = :a AND version = 4), event_epoch(), 'every session uses the new epoch');
SELECT is_empty('SELECT * FROM orders_check.all_violations WHERE name LIKE ''%event%''', 'the chain continues through epochs');
SELECT * FROM finish();
ROLLBACK;
