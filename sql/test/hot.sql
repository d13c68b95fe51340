-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

-- An update is HOT when no index has a column that it changes, in its key, its INCLUDE list, an expression or its predicate.
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
                'no index of orders has a column that changes; buyer_id is set once');
SELECT is_empty($$SELECT attname FROM indexed_column WHERE relation = 'payment'
                  AND attname NOT IN ('tenant_id', 'id', 'order_id', 'provider', 'intent_id', 'provider_key')$$,
                'no index of payment has a column that changes; intent_id is set once');
SELECT is_empty($$SELECT attname FROM indexed_column WHERE relation = 'account' AND attname NOT IN ('tenant_id', 'user_id', 'currency')$$,
                'no index of account has a column that changes');
SELECT is_empty($$SELECT relation, attname FROM indexed_column
                  WHERE relation IN ('stock', 'coupon_user', 'number_series', 'shipment', 'order_line', 'member')
                    AND attname NOT IN ('tenant_id', 'variant_id', 'coupon_id', 'user_id', 'series', 'order_id', 'id')$$,
                'no index of a table whose rows many orders lock has a column that changes');
SELECT is_empty($$SELECT attname FROM indexed_column WHERE relation = 'coupon_redemption'
                  AND attname NOT IN ('tenant_id', 'order_id', 'coupon_id', 'user_id')$$, 'no index of coupon_redemption has a column that changes');
SELECT is((SELECT string_agg(relname || ' ' || array_to_string(reloptions, ''), ', ' ORDER BY relname) FROM pg_class
           WHERE relnamespace = 'orders'::regnamespace AND relname IN ('orders', 'payment', 'account', 'stock')),
          'account fillfactor=80, orders fillfactor=85, payment fillfactor=85, stock fillfactor=50',
          'pages have room for new versions of rows');

SELECT * FROM finish();
ROLLBACK;
