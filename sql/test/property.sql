-- SPDX-License-Identifier: Apache-2.0
-- 10,000 random orders of goods: the amounts add up for any goods, currency, taxes and vouchers.
-- The seed is printed; the environment variable PROPERTY_SEED repeats a run.
BEGIN;
\ir lib/shop.sql
SELECT no_plan();
\getenv seed PROPERTY_SEED
\if :{?seed}
\else
    SELECT floor(random() * 1000000)::integer AS seed \gset
\endif
SELECT diag('PROPERTY_SEED=' || :seed);
SELECT setseed(:seed / 1000000.0) \g (format=unaligned) /dev/null

-- One to four rates per class, from 0 to 30 %; products with and without a class, from one minor unit to a billion.
SELECT pg_temp.operator_put('tax-rates', format('c%s-%s', c, r), jsonb_build_object('tax_class', 'c' || c, 'key', 'K' || r,
           'rate_bp', floor(random() * 3000)::integer))
FROM generate_series(1, 6) AS c, LATERAL generate_series(1, 1 + c % 4) AS r \g (format=unaligned tuples_only=on) /dev/null
SELECT pg_temp.operator_put('products', 'p' || n, jsonb_build_object('name', 'P' || n, 'tax_class', CASE WHEN n % 7 > 0 THEN 'c' || n % 7 END,
           'variants', jsonb_build_array(jsonb_build_object('ref', 'x', 'prices', jsonb_build_object(
               'IDR', floor(power(10, random() * 9))::bigint, 'USD', floor(power(10, random() * 6))::bigint, 'TND', floor(power(10, random() * 5))::bigint)))))
FROM generate_series(1, 40) AS n \g (format=unaligned tuples_only=on) /dev/null
SELECT pg_temp.operator_put('coupons', 'v' || n, CASE WHEN n % 2 = 0 THEN jsonb_build_object('code', 'V' || n, 'percent_bp', 1 + floor(random() * 9999)::integer)
           ELSE jsonb_build_object('code', 'V' || n, 'amount', 1 + floor(power(10, random() * 6))::bigint, 'currency', (ARRAY['IDR', 'USD', 'TND'])[1 + n % 3]) END)
FROM generate_series(1, 12) AS n \g (format=unaligned tuples_only=on) /dev/null

CREATE FUNCTION pg_temp.any_order(n integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_currency text := (ARRAY['IDR', 'USD', 'TND'])[1 + floor(random() * 3)::integer];
    v_coupon   integer := 1 + floor(random() * 36)::integer;
BEGIN
    RETURN jsonb_build_object(
        'dialect', (ARRAY['shop', 'customer', 'commerce'])[1 + n % 3], 'user', 'alice', 'currency', v_currency,
        'tax_inclusive', random() < 0.5, 'payment_method', 'cod',
        'voucher', (SELECT k.code FROM orders.coupon k WHERE k.tenant_id = 77 AND k.code_key = 'V' || v_coupon
                      AND coalesce(k.currency, v_currency) = v_currency),
        'shipping', CASE WHEN random() < 0.7 THEN jsonb_build_object('courier', 'X', 'price', floor(power(10, random() * 5))::bigint,
                             'tax_class', CASE WHEN random() < 0.5 THEN 'c' || 1 + floor(random() * 6)::integer END) END,
        'lines', (SELECT jsonb_agg(jsonb_build_object('product', 'p' || 1 + floor(random() * 40)::integer, 'quantity', 1 + floor(power(10, random() * 3))::integer))
                  FROM generate_series(1, 1 + floor(random() * 5)::integer)));
END
$$;

CREATE FUNCTION pg_temp.place_many(p_count integer) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN 1 .. p_count LOOP
        PERFORM FROM orders_v1.place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL, pg_temp.any_order(n), NULL);
    END LOOP;
    RETURN (SELECT count(*) FROM orders.orders WHERE tenant_id = 77);
END
$$;
-- Updates the statistics: plans made for empty tables would read whole tables.
SELECT pg_temp.place_many(200) \g (format=unaligned) /dev/null
ANALYZE orders, order_line, order_tax, event, payment, shipment, coupon_redemption, coupon_user;
SELECT is(pg_temp.place_many(9800), 10000::bigint, '10,000 orders are placed');
ANALYZE orders, order_line, order_tax, event, payment, shipment, coupon_redemption, coupon_user;

SELECT is_empty('SELECT * FROM orders_check.lines_add_up', 'lines and taxes add up to the sums of each order');
SELECT is_empty($$SELECT id FROM orders WHERE tenant_id = 77
    AND total <> subtotal - discount + shipping + CASE WHEN tax_inclusive THEN 0 ELSE tax END$$, 'the sums add up to the total');
-- Recomputed from the rates: the tax of a line is that of its price after discount, to half a unit, for each rate.
CREATE TEMP VIEW line_rate AS
    SELECT l.order_id, l.id, l.tax, o.tax_inclusive, (l.subtotal - l.discount)::numeric AS price, sum(r.rate_bp) AS rates
    FROM order_line l
    JOIN orders o ON o.tenant_id = 77 AND o.id = l.order_id
    LEFT JOIN product p ON p.tenant_id = 77 AND l.kind = 'product' AND p.external_ref = l.item_ref
    LEFT JOIN tax_rate r ON r.tenant_id = 77 AND r.tax_class = p.tax_class
    WHERE l.tenant_id = 77 AND l.kind = 'product'
    GROUP BY 1, 2, 3, 4, 5;
SELECT is_empty($$SELECT * FROM line_rate
    WHERE abs(tax - CASE WHEN tax_inclusive THEN price * coalesce(rates, 0) / (10000 + coalesce(rates, 0)) ELSE price * coalesce(rates, 0) / 10000 END) > 0.5$$,
    'the tax of a line is that of its rates');
SELECT is_empty($$SELECT o.id FROM orders o
    JOIN LATERAL (SELECT sum(l.discount) AS given, sum(l.subtotal) FILTER (WHERE l.kind = 'discount') AS shown FROM order_line l
                  WHERE l.tenant_id = 77 AND l.order_id = o.id) AS d ON true
    WHERE o.tenant_id = 77 AND o.discount <> coalesce(-d.shown, 0)$$, 'the discounts of the lines add up to the voucher');
SELECT is_empty($$SELECT id FROM order_line WHERE tenant_id = 77 AND kind = 'product' AND discount > subtotal$$, 'the discount of a line does not exceed its amount');
SELECT is((SELECT count(DISTINCT exponent) FROM orders WHERE tenant_id = 77), 3::bigint, 'currencies with 0, 2 and 3 decimals occur');
SELECT is((SELECT count(*) > 500 FROM orders WHERE tenant_id = 77 AND discount > 0), true, 'many orders have vouchers');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
