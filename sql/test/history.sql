-- SPDX-License-Identifier: Apache-2.0
-- Verification of the history of an order.
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.buy('alice') AS a \gset
SELECT pg_temp.create_refunds(:a, 300) \g (format=unaligned) /dev/null
SELECT pg_temp.create_refunds(:a, 300) \g (format=unaligned) /dev/null
SELECT pg_temp.create_refunds(:a, 300) \g (format=unaligned) /dev/null
SELECT pg_temp.buy('alice') AS b \gset

SELECT results_eq(format('SELECT * FROM verify_history(77, %s)', :a), format($$SELECT 4, 4, encode(hash, 'hex'), NULL::integer, NULL::text FROM event WHERE subject_id = %s AND version = 4$$, :a),
    'a history that nobody has changed is valid, with the hash of its last event');
SELECT is_empty('SELECT * FROM verify_history(77, 0)', 'no order, no row');
SELECT is_empty(format('SELECT * FROM verify_history(78, %s)', :a), 'an order of another tenant has no row');

-- What verify_history finds after a change: events, version and reason.
CREATE FUNCTION pg_temp.found(p_order bigint, p_sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_found text;
BEGIN
    EXECUTE p_sql;
    SELECT coalesce(events || ' ' || broken_version || ' ' || reason, 'valid') INTO v_found FROM orders_v1.verify_history(77, p_order);
    RAISE EXCEPTION USING ERRCODE = 'TT000';
EXCEPTION WHEN SQLSTATE 'TT000' THEN
    RETURN v_found;
END
$$;
SELECT is(pg_temp.found(:a, format(c.sql, :a, :b)), c.found, c.name)
FROM (VALUES
    ('UPDATE event SET steps = ''{payment:paid:refunded}'' WHERE subject_id = %1$s AND version = 2', '4 2 changed', 'a changed step is found'),
    ('UPDATE event SET steps = ''{payment:paid:refunded}'' WHERE subject_id = %1$s AND version IN (2, 3)', '4 2 changed', 'the first changed version is named'),
    ('UPDATE event SET actor_id = NULL WHERE subject_id = %1$s AND version = 4', '4 4 changed', 'a changed actor of the last event is found'),
    ('UPDATE event SET created_at = created_at - interval ''1 day'' WHERE subject_id = %1$s AND version = 1', '4 1 changed', 'a changed time of the first event is found'),
    ('UPDATE event SET hash = sha256(hash) WHERE subject_id = %1$s AND version = 3', '4 3 changed', 'a changed hash is found'),
    ('UPDATE event x SET actor_id = NULL, hash = event_hash((SELECT p.hash FROM event p WHERE p.tenant_id = 77 AND p.subject = ''order'' AND p.subject_id = x.subject_id AND p.version = 1),
          x.tenant_id, x.subject, x.subject_id, x.version, x.epoch, x.xid, x.id, x.created_at, x.first_step, x.types, x.steps, x.actor, NULL, x.api, x.return_id, x.comments_digest)
      WHERE subject_id = %1$s AND version = 2', '4 3 changed', 'a changed event with a computed hash breaks the next one'),
    ('DELETE FROM event WHERE subject_id = %1$s AND version = 1', '3 1 missing', 'a deleted first event is found'),
    ('DELETE FROM event WHERE subject_id = %1$s AND version = 2', '3 2 missing', 'a deleted event in the middle is found'),
    ('DELETE FROM event WHERE subject_id = %1$s AND version IN (2, 3)', '2 2 missing', 'two deleted events are found'),
    ('DELETE FROM event WHERE subject_id = %1$s AND version = 4', '3 4 missing', 'a deleted last event is found'),
    ('DELETE FROM event WHERE subject_id = %1$s', '0 1 missing', 'a deleted history is found'),
    ('DELETE FROM event WHERE subject_id = %1$s AND version = 2; UPDATE event SET version = version - 1 WHERE subject_id = %1$s AND version = 3;
      UPDATE event SET version = version - 1 WHERE subject_id = %1$s AND version = 4', '3 2 changed', 'moved events are found'),
    ('UPDATE orders SET version = 3 WHERE id = %1$s', '4 4 unexpected', 'an event that the order has no version for is found'),
    ('UPDATE event SET version = 6 WHERE subject_id = %1$s AND version = 4', '4 4 missing', 'an event of a later version does not fill a gap'),
    ('UPDATE event SET version = 0 WHERE subject_id = %1$s AND version = 1', '4 0 unexpected', 'an event of version 0 is found'),
    ('UPDATE event SET comments = ''{other}'' WHERE subject_id = %1$s AND version = 2', '4 2 comment_changed', 'a changed comment is found'),
    ('UPDATE event SET comments_salt = sha256(comments_salt) WHERE subject_id = %1$s AND version = 2', '4 2 comment_changed', 'a changed salt is found'),
    ('UPDATE event SET comments = NULL WHERE subject_id = %1$s AND version = 2', '4 2 comment_changed', 'a comment that was erased without its salt is found'),
    ('UPDATE event SET comments_salt = NULL WHERE subject_id = %1$s AND version = 2', '4 2 comment_changed', 'a salt that was erased without its comment is found'),
    ('UPDATE event SET comments_digest = NULL WHERE subject_id = %1$s AND version = 2', '4 2 changed', 'an erased digest is found'),
    ('UPDATE event SET comments = NULL, comments_salt = NULL WHERE subject_id = %1$s', 'valid', 'erased comments and salts leave the history valid'),
    ('UPDATE event SET actor_id = 0 WHERE subject_id = %2$s', 'valid', 'a change of another order does not matter')) AS c (sql, found, name);
SELECT skip_ids(1) \g (format=unaligned) /dev/null
SELECT pg_temp.create_refunds(:a, 50) \g (format=unaligned) /dev/null
SELECT results_eq(format('SELECT version, events, reason FROM verify_history(77, %s)', :a), 'VALUES (5, 5, NULL::text)', 'a chain continues in another epoch');
SELECT * FROM finish();
ROLLBACK;
