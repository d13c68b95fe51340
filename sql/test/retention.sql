-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

-- Sequential scans and rows read by an index, of a table in this transaction.
CREATE FUNCTION pg_temp.scans(p_table text) RETURNS bigint LANGUAGE sql AS $$
    SELECT seq_scan FROM pg_stat_xact_user_tables WHERE schemaname = 'orders' AND relname = p_table
$$;
-- Entries of all indexes of a table that a call reads, for each row that it deletes. Entries of deleted rows count, and those that the checks of
-- foreign keys read (two for a cart).
CREATE FUNCTION pg_temp.index_reads(p_table regclass) RETURNS bigint LANGUAGE sql AS $$
    SELECT sum(pg_stat_get_xact_tuples_returned(i.indexrelid)) FROM pg_index i WHERE i.indrelid = p_table
$$;
CREATE FUNCTION pg_temp.reads_of(p_table regclass, p_call text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    v_before bigint := pg_temp.index_reads(p_table);
    v_count  integer;
BEGIN
    EXECUTE p_call INTO v_count;
    RETURN round((pg_temp.index_reads(p_table) - v_before)::numeric / v_count, 2);
END
$$;
-- Calls a purge until it finds nothing.
CREATE FUNCTION pg_temp.all_of(p_call text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_count integer;
BEGIN
    LOOP
        EXECUTE p_call INTO v_count;
        EXIT WHEN coalesce(v_count, 0) = 0;
    END LOOP;
END
$$;

-- This session plans the statements of the purges while their tables are empty.
TRUNCATE idempotency, mail, token, cart, cart_line, cart_reorder, provider_event;
SELECT purge_idempotency(77, interval '1 day'), purge_mails(77, interval '10 days', 1000), purge_tokens(77, interval '10 days', 1000),
       purge_carts(77, interval '10 days', 1000), purge_provider_events(77, interval '10 days', 1000)
FROM generate_series(1, 10) \g (format=unaligned) /dev/null

SELECT pg_temp.buy('alice') AS a \gset
SELECT u.id AS bob FROM users u WHERE u.tenant_id = 77 AND u.external_ref = 'bob' \gset

-- Sent and dead mails.
INSERT INTO mail (tenant_id, order_id, template, recipient, created_at, done_at, dead)
SELECT 77, :a, 'pay_link', n || '@example.com', now() - make_interval(days => n), CASE WHEN n % 2 = 0 THEN now() END, n % 2 = 1
FROM generate_series(1, 20) AS n;
INSERT INTO mail (tenant_id, order_id, template, recipient, created_at) VALUES (77, :a, 'pay_link', 'waiting@example.com', now() - interval '1 year');
SELECT is(purge_mails(77, interval '10 days', 1000), 10, 'sent and dead mails older than the age are deleted');
SELECT is((SELECT count(*)::integer FROM mail WHERE tenant_id = 77), 11, 'younger mails and an unsent mail are kept');
SELECT is((SELECT recipient FROM mail WHERE tenant_id = 77 AND done_at IS NULL AND NOT dead), 'waiting@example.com', 'an unsent mail of any age is kept');
SELECT is(purge_mails(77, interval '10 days', 1000), 0, 'a second call deletes no mail');

-- The worker calls each purge once a minute for each tenant. Usually no row is old enough.
CREATE FUNCTION pg_temp.duration_of(p_call text) RETURNS interval LANGUAGE plpgsql AS $$
DECLARE
    v_from timestamptz := clock_timestamp();
BEGIN
    EXECUTE p_call;
    RETURN clock_timestamp() - v_from;
END
$$;
SELECT cmp_ok(pg_temp.duration_of('SELECT purge_mails(77, interval ''50 years'', 1000)'), '<', interval '0.8 s', 'a purge without old mails ends at once');
SELECT cmp_ok(pg_temp.duration_of('SELECT purge_tokens(77, interval ''50 years'', 1000)'), '<', interval '0.8 s', 'a purge without old tokens ends at once');
SELECT cmp_ok(pg_temp.duration_of('SELECT purge_carts(77, interval ''50 years'', 1000)'), '<', interval '0.8 s', 'a purge without old carts ends at once');
SELECT cmp_ok(pg_temp.duration_of('SELECT purge_provider_events(77, interval ''50 years'', 1000)'), '<', interval '0.8 s', 'a purge without old events of providers ends at once');

-- Expired tokens.
INSERT INTO token (tenant_id, user_id, hash, scopes, expires_at, revoked_at)
VALUES (77, :bob, sha256('t1'), '{buyer}', now() - interval '31 days', NULL), (77, :bob, sha256('t2'), '{buyer}', now() - interval '29 days', NULL),
       (77, :bob, sha256('t3'), '{buyer}', NULL, NULL), (77, :bob, sha256('t4'), '{buyer}', NULL, now() - interval '1 year'),
       (77, :bob, sha256('t5'), '{buyer}', now() - interval '31 days', now() - interval '1 year');
SELECT is(purge_tokens(77, interval '30 days', 1000), 1, 'a token is deleted some time after its expiry');
SELECT set_eq('SELECT hash FROM token WHERE tenant_id = 77 AND user_id = ' || :bob, ARRAY[sha256('t2'), sha256('t3'), sha256('t4'), sha256('t5')],
    'a token that expired lately, never expires or was revoked is kept');

-- A replay of a request whose token was deleted.
SELECT id AS token FROM issue_token(77, 'operator', 'operator', NULL, 'token', 'k1', sha256('f'), :bob, '{buyer}', 60, sha256('t6'), 'hint') \gset
UPDATE token SET expires_at = now() - interval '31 days' WHERE tenant_id = 77 AND id = :token;
SELECT is(purge_tokens(77, interval '30 days', 1000), 1, 'the token of a request with a key');
SELECT throws_ok(format($$SELECT issue_token(77, 'operator', 'operator', NULL, 'token', 'k1', sha256('f'), %s, '{buyer}', 60, sha256('t6'), 'hint')$$, :bob),
    'OR409', NULL, 'a replay of the request is refused');

-- Open carts without changes.
INSERT INTO cart (tenant_id, id, code, user_id, currency, state, updated_at)
SELECT 77, n, 'X' || n, :bob, 'USD', CASE WHEN n = 900004 THEN 'ordered' ELSE 'open' END, now() - make_interval(days => CASE n WHEN 900001 THEN 1 ELSE 200 END)
FROM generate_series(900001, 900004) AS n
WHERE n NOT IN (900002, 900003);
INSERT INTO company (tenant_id, external_ref, name, prefix) VALUES (77, 'seller', 'Seller', 'SEL') RETURNING id AS seller \gset
INSERT INTO cart (tenant_id, id, code, company_id, user_id, currency, updated_at)
SELECT 77, n, 'X' || n, :seller, :bob, 'USD', now() - interval '200 days' FROM generate_series(900002, 900003) AS n;
INSERT INTO cart_reorder (tenant_id, cart_id, order_id) VALUES (77, 900002, :a);
UPDATE orders SET cart_id = 900003 WHERE tenant_id = 77 AND id = :a;
SELECT is(purge_carts(77, interval '180 days', 1000), 1, 'an open cart that was not changed for the age is deleted');
SELECT bag_eq('SELECT id FROM cart WHERE tenant_id = 77', ARRAY[900001, 900003, 900004]::bigint[], 'a cart that was changed or became an order is kept');
SELECT is_empty('SELECT FROM cart_reorder WHERE tenant_id = 77 AND cart_id = 900002', 'the rows of the deleted cart are deleted');
UPDATE orders SET cart_id = NULL WHERE tenant_id = 77 AND id = :a;
DELETE FROM cart WHERE tenant_id = 77 AND id = 900003;

-- Applied events of providers.
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 900) AS b \gset
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 900) AS c \gset
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 900) AS d \gset
SELECT p.id AS b_payment FROM payment p WHERE p.tenant_id = 77 AND p.order_id = :b \gset
SELECT p.id AS c_payment FROM payment p WHERE p.tenant_id = 77 AND p.order_id = :c \gset
SELECT p.id AS d_payment FROM payment p WHERE p.tenant_id = 77 AND p.order_id = :d \gset
INSERT INTO provider_event (tenant_id, channel, event_id, type, payment_id, verdict, refusal, received_at, judged_at)
VALUES (77, 'sim', 'e1', 'confirming', :b_payment, 'done', NULL, now() - interval '500 days', now()),
       (77, 'sim', 'e2', 'paid', :b_payment, 'unchanged', NULL, now() - interval '401 days', now()),
       (77, 'sim', 'e3', 'paid', :c_payment, 'done', NULL, now() - interval '500 days', now()),
       (77, 'sim', 'e4', 'refunded', :c_payment, 'done', NULL, now() - interval '10 days', now()),
       (77, 'sim', 'e5', 'paid', :d_payment, 'done', NULL, now() - interval '500 days', now()),
       (77, 'sim', 'e6', 'paid', :d_payment, 'refused', 'amount_mismatch', now() - interval '500 days', now()),
       (77, 'sim', 'e7', 'paid', NULL, 'refused', 'not_found', now() - interval '500 days', now()),
       (77, 'sim', 'e8', 'paid', NULL, 'waiting', NULL, now() - interval '500 days', NULL),
       (77, 'sim', 'e9', 'ignored', NULL, 'unchanged', NULL, now() - interval '500 days', now());
SELECT is(purge_provider_events(77, interval '400 days', 1000), 3, 'applied events are deleted');
SELECT bag_eq('SELECT event_id FROM provider_event WHERE tenant_id = 77', ARRAY['e3', 'e4', 'e5', 'e6', 'e7', 'e8'],
    'all events of a payment with a younger, waiting or refused event are kept');
UPDATE provider_event SET resolved_at = now() WHERE tenant_id = 77 AND event_id IN ('e6', 'e7');
SELECT is(purge_provider_events(77, interval '400 days', 1000), 3, 'all events are deleted after the refused event is resolved');
UPDATE provider_event SET received_at = now() - interval '500 days' WHERE tenant_id = 77 AND event_id = 'e4';
UPDATE payment SET refunding = 1, captured = 1000, captured_at = now() WHERE tenant_id = 77 AND id = :c_payment;
SELECT is(purge_provider_events(77, interval '400 days', 1000), 0, 'events of a payment with a pending refund are kept');

-- A call reads little more than the rows that it deletes, also with the plans of empty tables, which a
-- session keeps until the next ANALYZE.
INSERT INTO idempotency (tenant_id, actor_id, route, key, fingerprint, created_at)
SELECT 77, 1, 'r', 'key-' || n, '', now() - interval '2 days' + make_interval(secs => n / 1000.0) FROM generate_series(1, 12000) AS n;
INSERT INTO mail (tenant_id, order_id, template, recipient, created_at, done_at)
SELECT 77, :a, 'pay_link', n || '@example.com', now() - interval '1 year' + make_interval(secs => n / 1000.0), now() FROM generate_series(1, 12000) AS n;
INSERT INTO token (tenant_id, user_id, hash, scopes, expires_at)
SELECT 77, :bob, sha256(('m' || n)::bytea), '{buyer}', now() - interval '1 year' + make_interval(secs => n / 1000.0) FROM generate_series(1, 6000) AS n;
INSERT INTO cart (tenant_id, id, code, company_id, user_id, currency, updated_at)
SELECT 77, 1000000 + n, 'Y' || n, :seller, :bob, 'USD', now() - interval '1 year' + make_interval(secs => n / 1000.0) FROM generate_series(1, 6000) AS n;
INSERT INTO provider_event (tenant_id, channel, event_id, type, verdict, received_at, judged_at)
SELECT 77, 'sim', 'm' || n, 'ignored', 'unchanged', now() - interval '2 years' + make_interval(secs => n / 1000.0), now() FROM generate_series(1, 6000) AS n;

SELECT pg_temp.scans('idempotency') AS i, pg_temp.scans('mail') AS m, pg_temp.scans('token') AS t, pg_temp.scans('cart') AS k, pg_temp.scans('cart_line') AS l,
       pg_temp.scans('cart_reorder') AS r, pg_temp.scans('provider_event') AS e, pg_temp.scans('orders') AS o, pg_temp.scans('payment') AS p \gset before_
CREATE FUNCTION pg_temp.purges_of(p_tables text) RETURNS SETOF text LANGUAGE sql AS $f$
    SELECT ok(pg_temp.reads_of(x.name::regclass, x.call) <@ numrange(1, x.most, '[]'),
              format('a purge reads each row of %s by its age, and once, with the plans of %s tables', x.name, p_tables))
    FROM (VALUES ('idempotency', 6, $$SELECT purge_idempotency(77, interval '1 day')$$),
                 ('mail', 5, $$SELECT purge_mails(77, interval '100 days', 10000)$$),
                 ('token', 2, $$SELECT purge_tokens(77, interval '100 days', 5000)$$),
                 ('cart', 4, $$SELECT purge_carts(77, interval '100 days', 5000)$$),
                 ('provider_event', 2, $$SELECT purge_provider_events(77, interval '600 days', 5000)$$)) AS x (name, most, call)
$f$;
SAVEPOINT filled;
SELECT pg_temp.purges_of('empty');
ROLLBACK TO filled;
ANALYZE idempotency, mail, token, cart, provider_event;
SELECT pg_temp.purges_of('large');
SELECT pg_temp.all_of($$SELECT purge_idempotency(77, interval '1 day')$$), pg_temp.all_of($$SELECT purge_mails(77, interval '100 days', 10000)$$),
       pg_temp.all_of($$SELECT purge_tokens(77, interval '100 days', 5000)$$), pg_temp.all_of($$SELECT purge_carts(77, interval '100 days', 5000)$$),
       pg_temp.all_of($$SELECT purge_provider_events(77, interval '600 days', 5000)$$) \g (format=unaligned) /dev/null
SELECT results_eq($$SELECT pg_temp.scans('idempotency'), pg_temp.scans('mail'), pg_temp.scans('token'), pg_temp.scans('cart'), pg_temp.scans('cart_line'),
                           pg_temp.scans('cart_reorder'), pg_temp.scans('provider_event'), pg_temp.scans('orders'), pg_temp.scans('payment')$$,
    format('VALUES (%s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::bigint)', :before_i, :before_m, :before_t,
           :before_k, :before_l, :before_r, :before_e, :before_o, :before_p), 'no table is scanned');
SELECT is_empty($$SELECT FROM idempotency WHERE tenant_id = 77 AND route = 'r'$$, 'all old keys are deleted');
SELECT is_empty($$SELECT FROM mail WHERE tenant_id = 77 AND created_at < now() - interval '100 days' AND (done_at IS NOT NULL OR dead)$$, 'all old mails are deleted');
SELECT is_empty($$SELECT FROM token WHERE tenant_id = 77 AND expires_at < now() - interval '100 days' AND revoked_at IS NULL$$, 'all old tokens are deleted');
SELECT is_empty($$SELECT FROM cart WHERE tenant_id = 77 AND id > 1000000$$, 'all old carts are deleted');
SELECT is_empty($$SELECT FROM provider_event WHERE tenant_id = 77 AND verdict = 'unchanged' AND received_at < now() - interval '600 days'$$, 'all old events are deleted');

-- Kept rows do not starve the others: a call reads them in chunks, and the next call continues.
CREATE FUNCTION pg_temp.calls_until(p_call text, p_sum integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_count integer;
    v_sum   integer := 0;
BEGIN
    FOR v_calls IN 1..10 LOOP
        EXECUTE p_call INTO v_count;
        v_sum := v_sum + v_count;
        IF v_sum = p_sum THEN
            RETURN v_calls;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
-- Makes each chunk the last one of its call, as if it took a second.
SAVEPOINT whole;
CREATE OR REPLACE FUNCTION orders_v1.may_purge_more(p_found integer, p_count integer, p_limit integer) RETURNS boolean LANGUAGE sql AS 'SELECT false';
INSERT INTO provider_event (tenant_id, channel, event_id, type, payment_id, verdict, received_at, judged_at)
SELECT 77, 'sim', 'kept' || n, 'confirming', :c_payment, 'done', now() - interval '3 years', now() FROM generate_series(1, 2500) AS n;
INSERT INTO provider_event (tenant_id, channel, event_id, type, verdict, received_at, judged_at)
VALUES (77, 'sim', 'behind', 'ignored', 'unchanged', now() - interval '2 years', now());
INSERT INTO cart (tenant_id, id, code, company_id, user_id, currency, updated_at)
SELECT 77, 3000000 + n, 'K' || n, :seller, :bob, 'USD', now() - interval '3 years' FROM generate_series(1, 2501) AS n;
UPDATE cart SET updated_at = now() - interval '2 years' WHERE tenant_id = 77 AND id = 3002501;
INSERT INTO orders
SELECT (jsonb_populate_record(o, jsonb_build_object('id', 3000000 + n, 'public_id', gen_random_uuid(), 'number', 'K-' || n, 'cart_id', 3000000 + n))).*
FROM orders o, generate_series(1, 2500) AS n
WHERE o.tenant_id = 77 AND o.id = :a;
SELECT is(pg_temp.calls_until($$SELECT purge_provider_events(77, interval '600 days', 2000)$$, 1), 3, 'the third call deletes an event behind 2500 kept events');
SELECT is((SELECT count(*)::integer FROM provider_event WHERE tenant_id = 77 AND event_id LIKE 'kept%'), 2500, 'a purge keeps the events of a payment with a pending refund');
SELECT is(pg_temp.calls_until($$SELECT purge_carts(77, interval '600 days', 2000)$$, 1), 3, 'the third call deletes a cart behind 2500 kept carts');
SELECT is((SELECT count(*)::integer FROM cart WHERE tenant_id = 77 AND code LIKE 'K%'), 2500, 'a purge keeps carts that became orders');
SELECT is((SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid = 'token_by_expiry'::regclass),
    '((expires_at IS NOT NULL) AND (revoked_at IS NULL))', 'revoked tokens are not in the index of the purge');
ROLLBACK TO whole;

-- A call that takes long ends early.
CREATE FUNCTION pg_temp.take_time() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.6); RETURN NULL; END $$;
CREATE TRIGGER slow AFTER DELETE ON idempotency FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.take_time();
CREATE TRIGGER slow AFTER DELETE ON mail FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.take_time();
CREATE TRIGGER slow AFTER DELETE ON token FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.take_time();
CREATE TRIGGER slow AFTER DELETE ON cart FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.take_time();
CREATE TRIGGER slow AFTER DELETE ON provider_event FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.take_time();
INSERT INTO idempotency (tenant_id, actor_id, route, key, fingerprint, created_at)
SELECT 77, 1, 'r', 'slow-' || n, '', now() - interval '2 days' FROM generate_series(1, 3500) AS n;
INSERT INTO mail (tenant_id, order_id, template, recipient, created_at, done_at)
SELECT 77, :a, 'pay_link', n || '@example.com', now() - interval '1 year', now() FROM generate_series(1, 3500) AS n;
INSERT INTO token (tenant_id, user_id, hash, scopes, expires_at)
SELECT 77, :bob, sha256(('s' || n)::bytea), '{buyer}', now() - interval '1 year' FROM generate_series(1, 3500) AS n;
INSERT INTO cart (tenant_id, id, code, company_id, user_id, currency, updated_at)
SELECT 77, 2000000 + n, 'Z' || n, :seller, :bob, 'USD', now() - interval '1 year' FROM generate_series(1, 3500) AS n;
INSERT INTO provider_event (tenant_id, channel, event_id, type, verdict, received_at, judged_at)
SELECT 77, 'sim', 's' || n, 'ignored', 'unchanged', now() - interval '2 years', now() FROM generate_series(1, 3500) AS n;
SELECT cmp_ok(purge_idempotency(77, interval '1 day'), '<=', 2000, 'a call ends after a second: keys');
SELECT cmp_ok(purge_mails(77, interval '100 days', 10000), '<=', 2000, 'a call ends after a second: mails');
SELECT cmp_ok(purge_tokens(77, interval '100 days', 10000), '<=', 2000, 'a call ends after a second: tokens');
SELECT cmp_ok(purge_carts(77, interval '100 days', 10000), '<=', 2000, 'a call ends after a second: carts');
SELECT cmp_ok(purge_provider_events(77, interval '600 days', 10000), '<=', 2000, 'a call ends after a second: events');

-- The backlog by kind and channel.
DELETE FROM due WHERE tenant_id = 77;
INSERT INTO due (tenant_id, kind, id, channel, due_at)
SELECT 77, 'refund', n, 'sim', now() - make_interval(secs => n) FROM generate_series(1, 1500) AS n;
INSERT INTO due (tenant_id, kind, id, channel, due_at)
VALUES (77, 'mail', 1, '', now()), (77, 'mail', 2, '', now() - interval '1 hour'), (77, 'expiry', 1, '', now() + interval '1 s'),
       (77, 'capture', 1, 'other', now());
SELECT set_eq('SELECT kind, channel, count, now() - oldest FROM job_backlog(77)',
    $$VALUES ('mail', '', 2, interval '1 hour'), ('refund', 'sim', 1000, interval '1500 s'), ('capture', 'other', 1, interval '0')$$,
    'the backlog, and the longest wait');

-- Statements of the worker that wait for a lock fail before statement_timeout.
SELECT is_empty($$SELECT p.proname FROM pg_proc p JOIN pg_description d ON d.objoid = p.oid AND d.classoid = 'pg_proc'::regclass
    WHERE p.pronamespace = 'orders_v1'::regnamespace AND d.description LIKE 'Worker:%' AND p.provolatile = 'v'
      AND NOT coalesce(p.proconfig && ARRAY['lock_timeout=100ms', 'lock_timeout=1s', 'lock_timeout=2s'], false)
      AND p.prosrc !~ '''lock_timeout'', ''2s'''$$, 'each function of the worker that locks has a lock_timeout');
SELECT finish();
ROLLBACK;
