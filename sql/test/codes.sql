-- SPDX-License-Identifier: Apache-2.0
-- Codes and numbers that users type or paste are compared in their normalised form.
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.put_coupon(p_ref text, p_code text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('SELECT pg_temp.put(''coupons'', %L, %L)', p_ref, jsonb_build_object('code', p_code, 'percent_bp', 1000)))
$$;
CREATE FUNCTION pg_temp.written(p_code text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_order bigint := pg_temp.buy('alice', p_coupon => p_code, p_method => 'manual');
BEGIN
    RETURN (SELECT metadata ->> 'coupon_code' FROM orders.orders WHERE tenant_id = 77 AND id = v_order);
END
$$;

SELECT is(pg_temp.put_coupon('sale', 'Sale20'), 'no refusal', 'a coupon is created');
SELECT is(pg_temp.put_coupon('cafe', E'Caf\u00E9 10'), 'no refusal', 'a coupon with an accent and a blank is created');
SELECT is(pg_temp.put_coupon('gross', E'Gro\u00DF'), 'no refusal', 'a coupon with a sharp s is created');
SELECT is(pg_temp.put_coupon('sigma', E'\u039F\u03B4\u03CC\u03C2'), 'no refusal', 'a coupon with a final sigma is created');
SELECT is(pg_temp.put_coupon('dotted', 'gift'), 'no refusal', 'a coupon with an i is created');

SELECT is(pg_temp.put_coupon('other', c.code), 'OR422 invalid_field code', format('the code %s is taken', to_json(c.code)))
FROM unnest(ARRAY['SALE20', 'sale20 ', E'\u00A0sale20', E'SALE20\u3000', E'\u200Bsale20', E'SA\u00ADLE20', E'CAFE\u0301 10', E'cafe\u0301\u00A010', 'GROSS', 'gross',
                  E'\u03BF\u03B4\u03CC\u03C3', 'GIFT']) AS c (code);
SELECT is(pg_temp.put_coupon('other', c.code), 'OR422 invalid_field code', format('%s is refused as a code', to_json(c.code)))
FROM unnest(ARRAY['', ' ', E'\u00A0', E'\u200B\u2060']) AS c (code);
SELECT is(pg_temp.put_coupon('other', c.code), 'no refusal', format('the code %s is not taken', to_json(c.code)))
FROM unnest(ARRAY['SALE 20', 'CAFE10', 'SALE2']) AS c (code);

SELECT is(pg_temp.written(c.code), c.written, format('the code %s applies the coupon %s', to_json(c.code), c.written))
FROM (VALUES ('sale20', 'Sale20'), (' SALE20', 'Sale20'), (E'Sale20\u00A0', 'Sale20'), (E'\u2003sale20\u2009', 'Sale20'), (E'sale20\u200E', 'Sale20'),
             (E'\uFEFFsale20', 'Sale20'), (E'CAFE\u0301 10', E'Caf\u00E9 10'), (E'caf\u00E9\u00A010', E'Caf\u00E9 10'), ('gross', E'Gro\u00DF'),
             (E'\u039F\u0394\u039F\u0301\u03A3', E'\u039F\u03B4\u03CC\u03C2'), ('Gift', 'gift')) AS c (code, written);
SELECT is(pg_temp.refusal(format('SELECT pg_temp.buy(''alice'', p_coupon => %L)', c.code)), 'OR422 coupon_unknown coupon_code', format('the code %s is unknown', to_json(c.code)))
FROM unnest(ARRAY[E'g\u0131fx', 'sale 20', '', ' ', E'\u200B']) AS c (code);
SELECT is((SELECT count(DISTINCT coupon_id) FROM coupon_redemption WHERE tenant_id = 77), 5::bigint, 'each of the five coupons was used');

-- The voucher of an order document.
SELECT ("order").id AS described FROM place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL,
    jsonb_build_object('dialect', 'shop', 'user', 'alice', 'payment_method', 'cod', 'voucher', E'\u00A0sale20 ', 'lines', '[{"plan": "basic"}]'::jsonb), 900) \gset
SELECT is((SELECT metadata ->> 'coupon_code' FROM orders WHERE id = :described), 'Sale20', 'a voucher is found by its normalised form');

-- Numbers of orders, invoices, carts and products.
SELECT pg_temp.cart('sally', jsonb_build_array(jsonb_build_object('number', E' l-red\u00A0', 'quantity', 1))) AS cart \gset
SELECT is((SELECT count(*) FROM cart_line WHERE cart_id = :cart), 1::bigint, 'a product is found by a lower-case number with white space');
SELECT ("order").id AS sold FROM pg_temp.place('sally', (SELECT E'\u00A0' || lower(code) || ' ' FROM cart WHERE tenant_id = 77 AND id = :cart)) \gset
SELECT isnt(:sold::bigint, NULL, 'a cart is found by a lower-case code with white space');
SELECT is(order_id_of(77, E'\u2003' || lower(number) || E'\u00A0'), id, 'an order is found by a lower-case number with white space') FROM orders WHERE id = :sold;
SELECT is(pg_temp.settle(:sold, 'T1'), 'done', 'the order is paid');
SELECT is(pg_temp.bill(:sold), 'done', 'the order is invoiced');
SELECT isnt_empty(format('SELECT * FROM read_invoice(77, %L)', ' ' || lower(number) || E'\u00A0'), 'an invoice is found by a lower-case number with white space') FROM invoice WHERE order_id = :sold;

-- In every locale: in Turkish, an upper-case i has a dot.
SELECT is(code_key('ord-in i'), 'ORD-IN I', 'the upper case of i has no dot');
SELECT is(code_key(NULL), NULL, 'the normalised form of NULL is NULL');

SELECT is_empty('SELECT * FROM orders_check.all_violations WHERE tenant_id = 77', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
