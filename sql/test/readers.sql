-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.buy('alice') AS a \gset
SELECT pg_temp.buy('bob', p_method => 'manual') AS b \gset
SELECT is(order_id_of(77, c.text), :a::bigint, 'an order is found by ' || c.what)
FROM (SELECT 'id', id::text FROM orders WHERE id = :a UNION ALL SELECT 'UUID', public_id::text FROM orders WHERE id = :a
      UNION ALL SELECT 'UUID in capitals', upper(public_id::text) FROM orders WHERE id = :a
      UNION ALL SELECT 'number', number FROM orders WHERE id = :a
      UNION ALL SELECT 'number in small letters', lower(number) FROM orders WHERE id = :a) AS c (what, text);
SELECT is(order_id_of(c.tenant, c.text), NULL, 'and not by ' || c.text)
FROM (VALUES (77, ''), (77, '0'), (77, '99999999999999999999'), (77, 'x'), (77, '00000000-0000-0000-0000-000000000000'), (1, :'a')) AS c (tenant, text);

SELECT results_eq(format('SELECT kind, order_id FROM rows_of(77, ARRAY[%s, %s]::bigint[])', :b, :a),
    format($$VALUES ('order', %s::bigint), ('order', %s), ('line', %s), ('line', %s), ('payment', %s), ('payment', %s)$$, :b, :a, :a, :b, :a, :b),
    'orders come as asked, the rest by order');
SELECT is_empty(format('SELECT * FROM rows_of(1, ARRAY[%s]::bigint[])', :a), 'of the tenant only');
SELECT results_eq(format($$SELECT kind, id, amount FROM money_of(77, ARRAY[%s]::bigint[], NULL) WHERE kind = 'balance'$$, :a),
    $$SELECT 'balance', pg_temp.uid('alice'), 9000::bigint$$, 'the balance is the buyer''s');
SELECT results_eq(format('SELECT kind, id, amount FROM money_of(77, ARRAY[%s]::bigint[], pg_temp.uid(%L))', :a, 'poor'),
    $$SELECT 'balance', pg_temp.uid('poor'), 0::bigint$$, 'or of who asks: 0 without an account, and no posting of another');
SELECT is((SELECT string_agg(kind, ' ') FROM more_of(77, ARRAY[:a]::bigint[])), 'user history history history history history', 'the operator sees more');

SELECT pg_temp.buy('alice', p_option => 'yearly') AS y \gset
SELECT is((SELECT code FROM rows_of(77, ARRAY[:y]::bigint[]) WHERE kind = 'line'), 'Yearly', 'a line tells its variant');

-- The readers must fold into the statement that calls them, each branch an index scan. A branch whose columns have other types than the
-- answer, as a domain, is a subquery "*SELECT*"; one such branch has other reasons.
SET LOCAL enable_seqscan = off;
CREATE FUNCTION pg_temp.plan_of(p_sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_line text;
    v_plan text := '';
BEGIN
    FOR v_line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || p_sql LOOP
        v_plan := v_plan || v_line || E'\n';
    END LOOP;
    RETURN v_plan;
END
$$;
SELECT doesnt_match(pg_temp.plan_of(c.sql), '(Function Scan on (rows_of|money_of|more_of)|Seq Scan|"\*SELECT\*.*"\*SELECT\*)', c.name || ' folds into its caller')
FROM (VALUES ('rows_of', 'SELECT * FROM rows_of(77, ARRAY[1, 2]::bigint[])'), ('money_of', 'SELECT * FROM money_of(77, ARRAY[1]::bigint[], 5)'),
             ('more_of', 'SELECT * FROM more_of(77, ARRAY[1]::bigint[])'),
             ('rows_of on a list', 'SELECT r.* FROM (SELECT array_agg(id) AS ids FROM (SELECT id FROM orders WHERE tenant_id = 77 AND buyer_id = 1
               ORDER BY created_at DESC, id DESC LIMIT 20) AS x) AS p, LATERAL rows_of(77, p.ids) AS r')) AS c (name, sql);
SELECT is((SELECT count(*) FROM pg_attribute WHERE attrelid = 'answer'::regclass AND attnum > 0), 50::bigint, 'a row has 50 columns');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'the checks find nothing');
SELECT * FROM finish();
ROLLBACK;
