-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
\ir lib/goods.sql
SELECT no_plan();

-- An update is HOT when no index has a column that it changes, in its key, its INCLUDE list, an expression or its predicate. The
-- columns that placed orders never change:
CREATE TEMP VIEW indexed_column AS
SELECT DISTINCT c.relname::text AS relation, a.attname::text AS attname
FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'orders'::regnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE a.attnum = ANY (i.indkey::smallint[])
   OR EXISTS (SELECT FROM pg_depend d
              WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = c.oid AND d.refobjsubid = a.attnum);

SELECT is_empty($$SELECT attname FROM indexed_column WHERE relation = 'orders'
                  AND attname NOT IN ('tenant_id', 'id', 'public_id', 'number', 'buyer_id', 'retailer_id', 'cart_id', 'created_at')$$,
                'no index of orders has a column that changes: a buyer is bound once');
SELECT is_empty($$SELECT attname FROM indexed_column WHERE relation = 'payment'
                  AND attname NOT IN ('tenant_id', 'id', 'order_id', 'provider', 'intent_id', 'provider_key')$$,
                'nor has one of payments: an intent is made once');
SELECT is_empty($$SELECT attname FROM indexed_column WHERE relation = 'account' AND attname NOT IN ('tenant_id', 'user_id', 'currency')$$,
                'nor one of accounts');
SELECT is_empty($$SELECT relation, attname FROM indexed_column
                  WHERE relation IN ('stock', 'coupon_user', 'number_series', 'shipment', 'order_line', 'member')
                    AND attname NOT IN ('tenant_id', 'variant_id', 'coupon_id', 'user_id', 'series', 'order_id', 'id')$$,
                'nor one of what is locked for many orders');
SELECT is_empty($$SELECT attname FROM indexed_column WHERE relation = 'coupon_redemption'
                  AND attname NOT IN ('tenant_id', 'order_id', 'coupon_id', 'user_id')$$, 'nor one of redemptions');
SELECT is((SELECT string_agg(relname || ' ' || array_to_string(reloptions, ''), ', ' ORDER BY relname) FROM pg_class
           WHERE relnamespace = 'orders'::regnamespace AND relname IN ('orders', 'payment', 'account', 'stock')),
          'account fillfactor=80, orders fillfactor=85, payment fillfactor=85, stock fillfactor=50',
          'and there is room on a page for a new version of a row');

-- The updates of the operations themselves: relations with all of their updates HOT, with the numbers where some were not.
CREATE FUNCTION pg_temp.updates() RETURNS TABLE (relation text, updated bigint, hot bigint) LANGUAGE sql AS $$
    SELECT c.relname::text, pg_stat_get_xact_tuples_updated(c.oid), pg_stat_get_xact_tuples_hot_updated(c.oid)
    FROM pg_class c WHERE c.relnamespace = 'orders'::regnamespace AND c.relkind = 'r'
$$;
CREATE FUNCTION pg_temp.updated(p_sql text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS before;
    CREATE TEMP TABLE before ON COMMIT DROP AS SELECT * FROM pg_temp.updates();
    EXECUTE p_sql;
    RETURN (SELECT string_agg(u.relation || CASE WHEN u.updated - b.updated > u.hot - b.hot
                                                 THEN format(' (%s HOT of %s)', u.hot - b.hot, u.updated - b.updated) ELSE '' END,
                              ' ' ORDER BY u.relation)
            FROM pg_temp.updates() AS u JOIN before b USING (relation) WHERE u.updated > b.updated);
END
$$;
SELECT count(*) FROM pg_temp.top_up('bob', 5000) \g (format=unaligned) /dev/null
SELECT pg_temp.buy('alice', p_method => 'manual') AS a \gset
SELECT pg_temp.buy('bob', p_method => 'manual') AS b \gset
SELECT pg_temp.buy('bob') AS c \gset
SELECT pg_temp.order_it('{"payment_method": "cod"}') AS d \gset
SELECT is(pg_temp.updated(replace(replace(replace(replace(s.sql, '$a', :'a'), '$b', :'b'), '$c', :'c'), '$d', :'d')), s.relations, s.what)
FROM (VALUES
    (1, 'placing', 'SELECT pg_temp.buy(''bob'')', 'account'),
    (2, 'settling', 'SELECT pg_temp.pay($a)', 'orders payment'),
    (3, 'cancelling', 'SELECT pg_temp.drop_it(''bob'', $b)', 'orders payment'),
    (4, 'refunding', 'SELECT pg_temp.give_back($c, 100)', 'account orders payment'),
    (5, 'packing', 'SELECT pg_temp.go($d, ''packed'')', 'orders'),
    (6, 'shipping', 'SELECT pg_temp.send($d)', 'order_line orders shipment stock'),
    (7, 'delivering', 'SELECT pg_temp.go($d, ''delivered'')', 'orders payment shipment')) AS s (n, what, sql, relations)
ORDER BY s.n;
SELECT * FROM finish();
ROLLBACK;
