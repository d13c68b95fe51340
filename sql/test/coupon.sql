-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.buy('alice', p_coupon => 'ten', p_quantity => 2) AS ten \gset
SELECT is((SELECT ROW(subtotal, discount, total)::text FROM orders WHERE id = :ten), '(2000,200,1800)', 'a percentage is deducted');
SELECT results_eq(format('SELECT kind::text, subtotal, discount FROM order_line WHERE order_id = %s ORDER BY id', :ten),
    $$VALUES ('plan', 2000::bigint, 200::bigint), ('discount', -200, 0)$$, 'a discount line shows the discount');
SELECT is((SELECT metadata - 'coupon_id' FROM orders WHERE id = :ten), '{"coupon_code": "TEN", "discount_cents": 200}'::jsonb,
          'the metadata shows the discount');
SELECT is((SELECT state FROM coupon_redemption WHERE order_id = :ten), 'applied', 'a paid order has applied the coupon');

SELECT pg_temp.buy('poor', p_coupon => 'ALL') AS free \gset
SELECT is(pg_temp.states(:free), 'completed paid none', 'an order with a discount of 100 % is free and paid');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('poor', p_method => 'external', p_channel => NULL, p_coupon => 'ALL')$$), 'no refusal', 'a free order needs no channel');
SELECT pg_temp.buy('alice', p_coupon => 'CAPPED') AS capped \gset
SELECT is((SELECT discount FROM orders WHERE id = :capped), 150::bigint, 'a discount is limited to the maximum of the coupon');
SELECT pg_temp.buy('alice', 'few', p_coupon => 'TWO') AS cheap \gset
SELECT is((SELECT total FROM orders WHERE id = :cheap), 0::bigint, 'a discount does not exceed the goods');

SELECT is(pg_temp.refusal(format('SELECT pg_temp.buy(%L, p_coupon => %L)', 'alice', c.code)),
          'OR422 ' || c.refusal || ' coupon_code', 'the coupon ' || c.code || ' is refused with ' || c.refusal)
FROM (VALUES ('NIX', 'coupon_unknown'), ('DEAD', 'coupon_unknown'), ('PAST', 'coupon_expired'),
             ('LATER', 'coupon_not_yet_valid'), ('EURO', 'coupon_currency_mismatch'), ('BIG', 'coupon_below_minimum'))
    AS c (code, refusal);

SELECT pg_temp.buy('poor', p_method => 'manual', p_coupon => 'TWO') AS two \gset
SELECT is((SELECT state FROM coupon_redemption WHERE order_id = :two), 'reserved', 'an unpaid order reserves the coupon');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('alice', p_coupon => 'TWO')$$), 'OR422 coupon_used_up coupon_code',
          'a third use of a coupon with two uses is refused');
SELECT is(pg_temp.drop_it('poor', :two), 'done', 'the order is cancelled');
SELECT is((SELECT state FROM coupon_redemption WHERE order_id = :two), 'released', 'cancelling releases the coupon');
SELECT is((SELECT used FROM coupon WHERE tenant_id = 77 AND code = 'TWO'), 1, 'the released use is not counted');
SELECT isnt(pg_temp.buy('alice', p_coupon => 'TWO'), NULL, 'another order can use it');

SELECT isnt(pg_temp.buy('alice', p_coupon => 'ONCE'), NULL, 'a user uses a coupon once');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('alice', p_coupon => 'ONCE')$$), 'OR422 coupon_used_by_user coupon_code',
          'a second use by the same user is refused');
SELECT pg_temp.buy('poor', p_method => 'manual', p_coupon => 'ONCE') AS once \gset
SELECT is(pg_temp.pay(:once), 'done', 'an unpaid order is paid later');
SELECT is((SELECT state FROM coupon_redemption WHERE order_id = :once), 'applied', 'the payment applies the coupon');

SELECT is(split_amount(100, ARRAY[1, 1, 1]), ARRAY[34, 33, 33]::bigint[], 'thirds add up, with the remainder in the first share');
SELECT is(split_amount(5, ARRAY[0, 10, 30]), ARRAY[0, 1, 4]::bigint[], 'the largest remainder gets the rest');
SELECT is(split_amount(7, ARRAY[0, 0]), ARRAY[0, 0]::bigint[], 'without weights all shares are 0');
SELECT is((SELECT sum(s) FROM unnest(split_amount(999999999999999, ARRAY[7, 11, 13, 999999999999999])) AS s),
          999999999999999::numeric, 'large amounts do not overflow and add up');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
