-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.goods('alice', p_tax_class => 'std') AS a \gset
SELECT is((SELECT ROW(subtotal, tax, shipping, total)::text FROM orders WHERE id = :a), '(2000,276,150,2150)',
          'an inclusive tax is part of the price');
SELECT results_eq(format('SELECT key, rate_bp, amount FROM order_tax WHERE order_id = %s ORDER BY key', :a),
    $$VALUES ('CGST', 800, 138::bigint), ('SGST', 800, 138)$$, 'the tax is split by rate');
SELECT pg_temp.goods('alice', p_tax_class => 'std', p_inclusive => false) AS b \gset
SELECT is((SELECT ROW(subtotal, tax, shipping, total)::text FROM orders WHERE id = :b), '(2000,320,150,2470)',
          'an exclusive tax is added to the price');
SELECT pg_temp.goods('alice', p_tax_class => 'std', p_inclusive => false, p_coupon => 'TEN') AS c \gset
SELECT is((SELECT ROW(subtotal, discount, tax, total)::text FROM orders WHERE id = :c), '(2000,200,288,2238)',
          'the tax is that of the amount after the discount');
SELECT is((SELECT ROW(discount, tax)::text FROM order_line WHERE order_id = :c AND kind = 'shipping'), '(0,0)',
          'shipping has neither discount nor tax');
SELECT pg_temp.buy('alice', 'taxed') AS d \gset
SELECT is((SELECT tax FROM orders WHERE id = :d), 138::bigint, 'a plan with a tax class is taxed');
SELECT is((SELECT string_agg(t.key || t.rate_bp || ':' || t.amount, ' ' ORDER BY t.key) FROM order_view v, unnest(v.taxes) AS t WHERE v.id = :d), 'CGST800:69 SGST800:69', 'the operator API shows the tax by rate');

SELECT pg_temp.operator_put(k.kind, k.ref, k.document) FROM (VALUES
    ('plans', 'mint', '{"name": "Mint", "price": 7, "currency": "USD", "tax_class": "std"}'::jsonb), ('plans', 'old', '{"name": "Old", "price": 1, "currency": "USD", "tax_class": "old"}'),
    ('tax-rates', 'old', '{"tax_class": "old", "key": "OLD", "rate_bp": 5000, "active": false}')) AS k (kind, ref, document) \g (format=unaligned tuples_only=on) /dev/null
SELECT pg_temp.buy('alice', 'mint') AS e, pg_temp.buy('alice', 'old') AS f \gset
SELECT is((SELECT string_agg(key || amount, ' ' ORDER BY key) FROM order_tax WHERE order_id = :e), 'CGST1 SGST0', 'with two equal rates, the first gets the remainder');
SELECT is((SELECT ROW(tax, total)::text FROM orders WHERE id = :f), '(0,1)', 'an inactive rate is not applied');
SELECT is((SELECT count(*) FROM order_tax WHERE order_id = :f), 0::bigint, 'an inactive rate is not listed');
INSERT INTO tenant (id, name, currency) VALUES (78, 'other', 'USD');
SELECT outcome FROM catalogue_upsert(78, 'operator', 'operator', NULL, 'put', NULL, NULL, 'tax-rates', 'x', '{"tax_class": "std", "key": "X", "rate_bp": 5000}') \g (format=unaligned) /dev/null
SELECT pg_temp.buy('alice', 'taxed') AS g \gset
SELECT is((SELECT tax FROM orders WHERE id = :g), 138::bigint, 'a rate of another tenant is not applied');

SELECT pg_temp.operator_put('plans', 'dear', '{"name": "Dear", "price": 900000000000000, "currency": "USD", "tax_class": "std"}')
    \g (format=unaligned) /dev/null
UPDATE tenant SET tax_inclusive = false WHERE id = 77;
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('alice', 'dear', 'manual')$$), 'OR422 amount_out_of_range quantity',
          'a total above the maximum with its tax is refused');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
