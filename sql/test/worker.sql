-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.plan_of(p_sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_line text;
    v_all  text := '';
BEGIN
    FOR v_line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || p_sql LOOP
        v_all := v_all || ' ' || v_line;
    END LOOP;
    RETURN v_all;
END
$$;
CREATE FUNCTION pg_temp.wait_down(p_count integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders.due (tenant_id, kind, id, channel, due_at)
    SELECT 77, 'mail', 1000000000 + n, 'down', now() FROM generate_series(1, p_count) AS n;
    RETURN p_count;
END
$$;

SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 0, p_coupon => 'TWO') AS a \gset
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 900) AS b \gset
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => NULL) AS c \gset
SELECT pg_temp.buy('bob', p_method => 'manual', p_expires => 0) AS d \gset
SELECT is(expire_due(77, 100), 1, 'one order is past its expiry');
SELECT is(pg_temp.states(:a), 'expired closed none', 'the order expires');
SELECT is((SELECT used FROM coupon WHERE tenant_id = 77 AND code = 'TWO'), 0, 'its coupon is released');
SELECT is((SELECT string_agg(DISTINCT actor || ' ' || api, ', ') FROM order_history WHERE order_id = :a AND version = 2), 'system worker', 'the actor of an expiry is the system');
SELECT is(pg_temp.states(:d), 'open unpaid none', 'an order paid manually does not expire');
SELECT is(expire_due(77, 100), 0, 'an order expires once');

SELECT is_empty('SELECT * FROM claim_intents(77, $$sim$$, 10, 60)', 'an intent is not due while the placing request creates it');
SELECT pg_temp.make_due('intent', o.id) FROM (VALUES (:b), (:c)) AS o (id) \g (format=unaligned) /dev/null
SELECT results_eq('SELECT order_id, order_number, return_url, attempts, (payment).amount, (payment).currency, (payment).provider, (payment).pay_url FROM claim_intents(77, $$sim$$, 10, 60) ORDER BY order_id',
    format($$SELECT id, number::text COLLATE "default", 'https://example.com/back', 0, 1000::bigint, 'USD', 'simulator', NULL FROM orders WHERE id IN (%s, %s) ORDER BY id$$, :b, :c),
    'due intents are claimed with the data of their orders');
SELECT is_empty('SELECT * FROM claim_intents(77, $$sim$$, 10, 60)', 'a claimed intent is not claimed again');
SELECT pg_temp.make_due('intent', :b) \g (format=unaligned) /dev/null
SELECT is((SELECT count(*) FROM claim_intents(77, 'sim', 1, 60)), 1::bigint, 'it is claimed again after the lease');
SELECT pg_temp.make_due('intent', :b) \g (format=unaligned) /dev/null
UPDATE payment SET expires_at = now() WHERE order_id = :b;
SELECT is_empty('SELECT * FROM claim_intents(77, $$sim$$, 10, 60)', 'an intent of an order past its expiry is not claimed');

SELECT put_due(77, 'intent', 1000000001, 'sim', now()), put_due(77, 'intent', 1000000002, 'other', now() + interval '1 s') \g (format=unaligned) /dev/null
SELECT results_eq('SELECT t FROM tenants_with_due($$intent$$, $$sim$$) AS t WHERE t = 77', ARRAY[77], 'a tenant has due work of this kind and channel');
SELECT is_empty('SELECT FROM tenants_with_due($$intent$$, $$other$$) AS t WHERE t = 77', 'work that is due later does not count');
SELECT is_empty('SELECT FROM tenants_with_due($$refund$$, $$sim$$) AS t WHERE t = 77', 'work of another kind does not count');
DELETE FROM due WHERE tenant_id = 77 AND id IN (1000000001, 1000000002);

-- Rows of the queue that do not match their orders are corrected.
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 900) AS e \gset
UPDATE due SET due_at = now() WHERE tenant_id = 77 AND kind = 'expiry' AND id = :e;
SELECT is(expire_due(77, 100), 0, 'an order before its expiry stays open');
SELECT is((SELECT d.due_at FROM due d WHERE d.tenant_id = 77 AND d.kind = 'expiry' AND d.id = :e),
          (SELECT o.expires_at FROM orders o WHERE o.tenant_id = 77 AND o.id = :e), 'the order is due at its expiry');
SELECT pg_temp.pay(:e) \g (format=unaligned) /dev/null
INSERT INTO due (tenant_id, kind, id, due_at) VALUES (77, 'expiry', :e, now());
SELECT is(expire_due(77, 100), 0, 'a paid order does not expire');
SELECT is_empty(format('SELECT FROM due WHERE tenant_id = 77 AND kind = $$expiry$$ AND id = %s', :e), 'its row is deleted');

INSERT INTO due (tenant_id, kind, id, due_at) VALUES (77, 'expiry', 999999999, now());
SELECT is(expire_due(77, 100), 0, 'an order that does not exist does not expire');
SELECT is_empty('SELECT FROM due WHERE tenant_id = 77 AND kind = $$expiry$$ AND id = 999999999', 'its row is deleted');

-- An order that cannot be closed does not delay other orders.
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 0, p_coupon => 'TWO') AS f,
       pg_temp.buy('bob', p_method => 'external', p_expires => 0, p_coupon => 'TWO') AS g \gset
CREATE TEMPORARY TABLE lost AS SELECT * FROM event WHERE tenant_id = 77 AND subject_id = :f;
DELETE FROM event WHERE tenant_id = 77 AND subject_id = :f;
SELECT is(expire_due(77, 100), 1, 'an order with a missing event cannot expire');
SELECT is(pg_temp.states(:f) || ', ' || pg_temp.states(:g), 'open unpaid none, expired closed none', 'the other order expires');
SELECT is((SELECT used FROM coupon WHERE tenant_id = 77 AND code = 'TWO'), 1, 'only the expired order releases its coupon');
SELECT is((SELECT ROW(attempts, due_at - now())::text FROM pg_temp.due_of('expiry', :f)), '(1,00:00:05)', 'the failed expiry is retried later');
INSERT INTO event OVERRIDING SYSTEM VALUE SELECT * FROM lost;
SELECT pg_temp.make_due('expiry', :f) \g (format=unaligned) /dev/null
SELECT is(expire_due(77, 100), 1, 'the retry succeeds');
SELECT is(pg_temp.states(:f), 'expired closed none', 'the order is expired');

-- A batch that takes long ends early.
CREATE FUNCTION pg_temp.take_time() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.6); RETURN NULL; END $$;
SELECT count(pg_temp.buy('bob', p_method => 'external', p_expires => 0)) FROM generate_series(1, 3) \g (format=unaligned) /dev/null
CREATE TRIGGER slow AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION pg_temp.take_time();
SELECT is(expire_due(77, 100), 2, 'a batch ends after a second');
SELECT is(expire_due(77, 100), 1, 'the next batch expires the rest');
DROP TRIGGER slow ON event;

INSERT INTO due (tenant_id, kind, id, channel, due_at)
SELECT 77, k.kind, 999999999, k.channel, now() FROM (VALUES ('intent', 'sim'), ('capture', 'sim'), ('refund', 'sim'), ('mail', '')) AS k (kind, channel);
SELECT is_empty('SELECT FROM claim_intents(77, $$sim$$, 10, 60) UNION ALL SELECT FROM claim_captures(77, $$sim$$, 10, 60)
    UNION ALL SELECT FROM claim_refunds(77, $$sim$$, 10, 60) UNION ALL SELECT FROM claim_mail(77, 10, 60)', 'rows without work return no task');
SELECT is_empty('SELECT FROM due WHERE tenant_id = 77 AND id = 999999999', 'these rows are deleted');

-- Work of a provider that is down waits, is not read by claims of other channels, and is claimed by due time.
SELECT pg_temp.wait_down(3000) \g (format=unaligned) /dev/null
ANALYZE due; -- as autovacuum does after 1000 changes
SELECT pg_temp.plan_of($$SELECT id FROM due WHERE tenant_id = 77 AND kind = 'intent' AND channel = 'sim' AND due_at <= now() ORDER BY due_at LIMIT 1$$) AS claim,
       pg_temp.plan_of('DELETE FROM due WHERE tenant_id = 77 AND kind = $$intent$$ AND id = 1') AS delete \gset
SELECT matches(:'claim'::text, 'Index Scan using due_next.*channel.*due_at', 'a claim reads the queue of its channel by index');
SELECT unalike(:'claim'::text, '%Sort%', 'a claim does not sort');
SELECT matches(:'delete'::text, 'Index Scan using due_pkey', 'ending work uses the primary key');
SELECT is((SELECT count(DISTINCT id) FROM claim_due(77, 'mail', 'down', 2000, 60)) + (SELECT count(DISTINCT id) FROM claim_due(77, 'mail', 'down', 2000, 60)),
          3000::bigint, 'each row is claimed once');
SELECT is((SELECT max(attempts) FROM due WHERE channel = 'down'), 0, 'a claim does not count as a failed attempt');
UPDATE due SET due_at = now() - interval '1 s' * (id % 1000) WHERE channel = 'down';
SELECT is((SELECT array_agg(d.id % 1000)::text FROM claim_due(77, 'mail', 'down', 3, 60) AS d), '{999,999,999}', 'the longest overdue rows are claimed first');
DELETE FROM due WHERE channel = 'down';

-- After a restore, ids of lost transactions are not assigned again.
SELECT max(id) AS last FROM payment \gset
SELECT is(skip_ids(500), (SELECT count(*) FROM information_schema.columns WHERE table_schema = 'orders' AND is_identity = 'YES')::integer, 'skip_ids advances all identity columns');
SELECT cmp_ok(pg_temp.payment_of(pg_temp.buy('bob', p_method => 'external')), '>', (:last + 500)::bigint, 'new payments have ids above the skipped ones');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
