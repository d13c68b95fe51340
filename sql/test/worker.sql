-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 0, p_coupon => 'TWO') AS a \gset
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 900) AS b \gset
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => NULL) AS c \gset
SELECT pg_temp.buy('bob', p_method => 'manual', p_expires => 0) AS d \gset
SELECT is(expire_due(77, 100), 1, 'one order is past its time');
SELECT is(pg_temp.states(:a), 'expired closed none', 'it expires');
SELECT is((SELECT used FROM coupon WHERE tenant_id = 77 AND code = 'TWO'), 0, 'and gives its coupon back');
SELECT is((SELECT string_agg(DISTINCT actor || ' ' || api, ', ') FROM order_history WHERE order_id = :a AND version = 2), 'system worker', 'in the name of the clock');
SELECT is(pg_temp.states(:d), 'open unpaid none', 'manual orders never do');
SELECT is(expire_due(77, 100), 0, 'once');

SELECT is_empty('SELECT * FROM due_intents(77, 10, 60)', 'the placing request has half a minute for the intent');
UPDATE payment SET due_at = now() WHERE order_id IN (:b, :c);
SELECT results_eq('SELECT order_id, parent_id, number, url, amount, currency, exponent, provider FROM due_intents(77, 10, 60) ORDER BY order_id',
    format($$SELECT id, buyer_id, number::text COLLATE "default", 'https://example.com/back', 1000::bigint, 'USD', 2::smallint, 'simulator' FROM orders WHERE id IN (%s, %s) ORDER BY id$$, :b, :c),
    'then the worker makes them');
SELECT is_empty('SELECT * FROM due_intents(77, 10, 60)', 'once within its lease');
UPDATE payment SET due_at = now() WHERE order_id = :b;
SELECT is((SELECT count(*) FROM due_intents(77, 1, 60)), 1::bigint, 'and again after it');
UPDATE payment SET due_at = now(), expires_at = now() WHERE order_id = :b;
SELECT is_empty('SELECT * FROM due_intents(77, 10, 60)', 'but not for an order past its time');

-- After a restore no id is given again that a lost transaction had given.
SELECT max(id) AS last FROM payment \gset
SELECT is(skip_ids(500), (SELECT count(*) FROM information_schema.columns WHERE table_schema = 'orders' AND is_identity = 'YES')::integer, 'all ids skip ahead');
SELECT cmp_ok(pg_temp.payment_of(pg_temp.buy('bob', p_method => 'external')), '>', (:last + 500)::bigint, 'those of payments too');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'the checks find nothing');
SELECT * FROM finish();
ROLLBACK;
