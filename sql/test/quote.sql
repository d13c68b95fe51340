-- SPDX-License-Identifier: Apache-2.0
-- A quote is the order that place_order would place: for examples, and for 1,500 random documents, of which most have problems.
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

UPDATE tenant SET tax_inclusive = false WHERE id = 77;
SELECT pg_temp.operator_put(k.kind, k.ref, k.document)
FROM (VALUES
    (1, 'tax-rates', 'a1', '{"tax_class": "a", "key": "A1", "rate_bp": 733}'::jsonb),
    (2, 'tax-rates', 'a2', '{"tax_class": "a", "key": "A2", "rate_bp": 1250}'),
    (3, 'tax-rates', 'b1', '{"tax_class": "b", "key": "B1", "rate_bp": 1900}'),
    (4, 'products', 'phone', '{"name": "Phone", "tax_class": "a", "variants": [{"ref": "black", "prices": {"USD": {"price": 9001, "list_price": 9999}, "EUR": 8000}}]}'),
    (5, 'products', 'case', '{"name": "Case", "tax_class": "b", "variants": [{"ref": "s", "stock": 900, "prices": {"USD": 333}}, {"ref": "m", "stock": 400, "prices": {"USD": 1}}]}'),
    (6, 'products', 'pen', '{"name": "Pen", "variants": [{"ref": "x", "stock": 4, "prices": {"USD": 199}}]}'),
    (7, 'products', 'off', '{"name": "Off", "active": false, "variants": [{"ref": "x", "prices": {"USD": 5}}]}'),
    (8, 'companies', 'acme', '{"name": "Acme", "prefix": "ACME"}'),
    (9, 'memberships', 'b', '{"company": "acme", "user": "bob", "role": "salesperson"}'),
    (10, 'coupons', 'few', '{"code": "FEW", "percent_bp": 1111, "max_uses": 5}'),
    (11, 'coupons', 'each', '{"code": "EACH", "amount": 77, "currency": "USD", "max_uses_per_user": 3}'),
    (12, 'users', 'carol', '{"name": "Carol"}')
) AS k (n, kind, ref, document) ORDER BY k.n \g (format=unaligned tuples_only=on) /dev/null

SELECT count(*) FROM pg_temp.top_up('alice', 3000000) AS a, pg_temp.top_up('bob', 100000) AS b \g (format=unaligned) /dev/null

CREATE FUNCTION pg_temp.quote(d jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT orders_v1.quote_order(77, '{"dialect": "shop", "user": "alice", "currency": "USD"}'::jsonb || d)::jsonb
$$;
CREATE FUNCTION pg_temp.problems(d jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', p ->> 'code', p ->> 'field'), ', ' ORDER BY n)
    FROM jsonb_array_elements(pg_temp.quote(d) -> 'problems') WITH ORDINALITY AS x (p, n)
$$;

-- Examples.
SELECT is(pg_temp.quote('{"lines": [{"product": "phone", "quantity": 2}, {"product": "case", "variant": "s", "discount": 33}], "voucher": "ten",
    "shipping": {"courier": "JNE", "price": 500, "tax_class": "b"}}') - 'lines',
    '{"currency": "USD", "tax_inclusive": false, "subtotal": 18335, "discount": 1863, "shipping": 500, "tax": 3359, "total": 20331, "problems": [],
      "taxes": [{"key": "A1", "rate_bp": 733, "amount": 1188}, {"key": "A2", "rate_bp": 1250, "amount": 2025}, {"key": "B1", "rate_bp": 1900, "amount": 146}],
      "voucher": {"code": "TEN", "amount": 1830}}', 'goods, voucher, shipping and tax add up');
SELECT is(pg_temp.quote('{"lines": [{"product": "case", "variant": "m", "quantity": 3}]}') -> 'lines',
    '[{"line": 0, "kind": "product", "product": "case", "variant": "m", "variant_name": "Case", "plan": null, "billing_option": null, "title": "Case", "quantity": 3, "unit_price": 1, "list_price": 1, "discount": 0, "tax": 1,
       "subtotal": 3, "available": 400}]', 'a line has its price and its stock');
SELECT is(pg_temp.quote('{"lines": [{"product": "phone"}]}') #> '{lines,0,available}', 'null', 'stock that is not counted is null');
SELECT is((pg_temp.quote('{"lines": [{"plan": "basic"}]}') ->> 'total')::bigint, 1000::bigint, 'a plan has a price');
SELECT is((pg_temp.quote('{"lines": [{"plan": "basic", "billing_option": "yearly"}]}') #> '{lines,0}') - '{line,kind,title,discount,tax,available,list_price,subtotal,quantity}'::text[],
    '{"product": null, "variant": null, "variant_name": "Yearly", "plan": "basic", "billing_option": "yearly", "unit_price": 9000}', 'and the references of the request');
SELECT is(left(orders_v1.quote_order(77, '{"dialect": "shop", "user": "alice", "lines": [{"plan": "basic"}]}'), 47),
    '{"currency" : "USD", "tax_inclusive" : false, "', 'the currency is that of the tenant, and the members have an order');

-- Each problem leaves the other parts.
SELECT is(pg_temp.problems('{"lines": [{"product": "none"}, {"product": "phone"}, {"product": "case"}, {"product": "pen", "quantity": 0}, {"plan": "none"}]}'),
    'product_not_found lines[0].product, required_field lines[2].variant, invalid_field lines[3].quantity, plan_not_found lines[4].plan', 'each line has its problem');
SELECT is(pg_temp.quote('{"lines": [{"product": "none"}, {"product": "phone"}]}') #>> '{lines,0,line}', '1', 'the other lines are priced');
SELECT is((pg_temp.quote('{"lines": [{"product": "none"}, {"product": "phone"}]}') ->> 'subtotal')::bigint, 9001::bigint, 'and summed');
SELECT is(pg_temp.problems('{"user": "nobody", "lines": [{"product": "phone"}]}'), 'user_not_found user', 'an unknown user is a problem');
SELECT is(pg_temp.problems('{"user": null, "lines": [{"product": "phone"}], "voucher": "TEN"}'), 'required_field user, required_field user', 'so is a missing user');
SELECT is((pg_temp.quote('{"user": null, "lines": [{"product": "phone"}]}') ->> 'subtotal')::bigint, 9001::bigint, 'the price does not depend on the user');
SELECT is(pg_temp.problems('{}'), 'invalid_field lines', 'an order without lines has a problem');
SELECT is(pg_temp.problems('{"lines": [{"product": "phone"}], "voucher": "PAST"}'), 'coupon_expired voucher', 'the voucher is checked');
SELECT is(pg_temp.problems('{"lines": [{"plan": "basic"}], "shipping": {"price": 5}}'), 'invalid_field shipping', 'the shipping is checked');
SELECT is(pg_temp.problems('{"lines": [{"product": "pen", "quantity": 3}, {"product": "phone"}, {"product": "pen", "quantity": 2}]}'), 'insufficient_stock lines[0].quantity',
    'the lines of a variant share its stock');
SELECT is(pg_temp.quote('{"lines": [{"product": "pen", "quantity": 5}]}') #> '{problems,0}',
    '{"code": "insufficient_stock", "field": "lines[0].quantity", "detail": "There is not enough stock.", "product": "pen", "variant": "Pen", "available": 4}', 'the problem has the available quantity');
SELECT is(pg_temp.problems('{"lines": [{"product": "phone", "quantity": 900000}, {"plan": "dear", "quantity": 9}]}'), 'amount_out_of_range lines', 'a total can be too large');
SELECT is(pg_temp.quote('{"lines": [{"plan": "dear", "quantity": 9}]}') -> 'total', 'null', 'it is then null');
SELECT is(pg_temp.problems('{"lines": [{"product": "phone"}], "payment_method": "balance", "user": "poor"}'), 'insufficient_balance payment_method', 'the balance is checked');
SELECT is(pg_temp.problems('{"lines": [{"product": "phone"}], "payment_method": "cheque"}'), 'payment_method_unknown payment_method', 'the method is checked');
SELECT is(pg_temp.problems('{"lines": [{"product": "phone"}], "payment_method": "down"}'), 'payment_channel_disabled payment_channel', 'the channel is checked');
SELECT is(pg_temp.problems('{"cart": "999", "lines": null}'), 'cart_not_found cart', 'the cart is checked');
SELECT is(pg_temp.refusal($$SELECT pg_temp.quote('{"currency": "XXX", "lines": [{"product": "phone"}]}')$$), 'OR422 currency_unknown currency', 'nothing can be priced without a currency');
SELECT is(pg_temp.problems('{"dialect": "company", "company": "acme", "agent": "alice", "lines": [{"product": "phone"}]}'), 'user_not_found agent', 'the salesperson is checked');

-- A cart.
INSERT INTO cart (tenant_id, code, user_id, currency) VALUES (77, 'QUOTED', pg_temp.uid('alice'), 'USD') RETURNING id AS cart \gset
INSERT INTO cart_line (tenant_id, cart_id, variant_id, quantity, discount) SELECT 77, :cart, v.id, 5, 3 FROM variant v JOIN product p ON p.tenant_id = 77 AND p.id = v.product_id
WHERE v.tenant_id = 77 AND p.external_ref = 'pen';
SELECT is(pg_temp.quote('{"cart": "quoted"}') #> '{lines,0}', '{"line": null, "kind": "product", "product": "pen", "variant": "x", "variant_name": "Pen", "plan": null, "billing_option": null, "title": "Pen", "quantity": 5, "unit_price": 199,
    "list_price": 199, "discount": 3, "tax": 0, "subtotal": 995, "available": 4}', 'a cart is priced');
SELECT is(pg_temp.problems('{"cart": "quoted"}'), 'insufficient_stock cart', 'the stock of its lines is checked');
UPDATE cart SET state = 'ordered' WHERE id = :cart;
SELECT is(pg_temp.problems('{"cart": "quoted"}'), 'cart_ordered cart', 'an ordered cart is a problem');
UPDATE cart SET state = 'open' WHERE id = :cart;

-- A quote locks and writes nothing: it runs in a read-only transaction.
SELECT is(p.provolatile, 's', 'a quote is a read') FROM pg_proc p WHERE p.proname = 'quote_order';
SELECT is_empty(format($$SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'orders_v1'::regnamespace
    AND p.proname ~ '^(quote_|usable_coupon|price_lines|described_|find_any_cart)' AND p.provolatile = 'v'$$), 'so are its parts');
SAVEPOINT before;
SET LOCAL transaction_read_only = on;
SELECT pg_temp.problems('{"lines": [{"product": "phone"}, {"product": "none"}], "voucher": "FEW", "payment_method": "balance", "shipping": {"price": 5}}') AS problems \gset
ROLLBACK TO before;
SELECT is(:'problems'::text, 'product_not_found lines[1].product', 'a read-only transaction can quote');

-- Random documents.
CREATE FUNCTION pg_temp.pick(VARIADIC p_values text[]) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT p_values[1 + floor(random() * cardinality(p_values))::integer] $$;
CREATE FUNCTION pg_temp.any_line() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_what text := pg_temp.pick('phone', 'phone', 'case', 'case', 'case', 'pen', 'plan', 'odd');
BEGIN
    RETURN CASE v_what
        WHEN 'plan' THEN jsonb_build_object('plan', pg_temp.pick('basic', 'taxed', 'free', 'few', 'hidden'), 'quantity', 1 + floor(random() * 4)::integer)
        WHEN 'odd' THEN CASE WHEN random() < 0.2 THEN jsonb_build_object('product', pg_temp.pick('off', 'none', 'case'), 'quantity', 1)
                             ELSE '{"product": "phone"}' END
        WHEN 'case' THEN jsonb_build_object('product', 'case', 'variant', pg_temp.pick('s', 'm'), 'quantity', 1 + floor(random() * 3)::integer, 'discount', floor(random() * 2)::integer)
        ELSE jsonb_build_object('product', v_what, 'quantity', 1 + floor(random() * 2)::integer, 'discount', floor(random() * 199)::integer) END;
END
$$;
CREATE FUNCTION pg_temp.any_document() RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    RETURN jsonb_strip_nulls(jsonb_build_object(
        'dialect', pg_temp.pick('shop', 'customer', 'user', 'commerce'), 'user', pg_temp.pick('alice', 'bob', 'carol', 'alice', 'nobody'), 'currency', pg_temp.pick('USD', 'USD', 'USD', 'USD', 'EUR'),
        'tax_inclusive', random() < 0.5, 'payment_method', pg_temp.pick('balance', 'cod', 'manual', 'sim', 'down', 'cod', 'cod', 'cheque'),
        'voucher', CASE WHEN random() < 0.4 THEN pg_temp.pick('TEN', 'ALL', 'TWO', 'ONCE', 'FEW', 'EACH', 'BIG', 'CAPPED', 'PAST', 'EURO') END,
        'shipping', CASE WHEN random() < 0.4 THEN jsonb_build_object('courier', 'X', 'price', floor(random() * 1000)::integer, 'tax_class', pg_temp.pick('a', 'b', 'b', 'none')) END,
        'lines', (SELECT jsonb_agg(pg_temp.any_line()) FROM generate_series(1, 1 + floor(random() * 3)::integer))));
END
$$;

-- The differences between quotes and what place_order did.
CREATE FUNCTION pg_temp.placed(p_order bigint) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('currency', v.currency, 'tax_inclusive', v.tax_inclusive, 'subtotal', v.subtotal, 'discount', v.discount, 'tax', v.tax, 'shipping', v.shipping, 'total', v.total,
        'taxes', (SELECT coalesce(jsonb_agg(jsonb_build_object('key', t.key, 'rate_bp', t.rate_bp, 'amount', t.amount) ORDER BY t.key, t.rate_bp), '[]') FROM orders.order_tax t
                  WHERE t.tenant_id = 77 AND t.order_id = v.id),
        'lines', (SELECT jsonb_agg(jsonb_build_object('kind', l.kind, 'title', l.title, 'quantity', l.quantity, 'unit_price', l.unit_price,
                      'list_price', l.list_price, 'discount', l.discount, 'tax', l.tax, 'subtotal', l.subtotal) ORDER BY l.id) FROM orders.order_line l
                  WHERE l.tenant_id = 77 AND l.order_id = v.id AND l.kind <> 'discount'))
    FROM orders.orders v WHERE v.tenant_id = 77 AND v.id = p_order
$$;
CREATE FUNCTION pg_temp.quoted(q jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT (q - 'problems' - 'voucher') || jsonb_build_object('lines', (SELECT jsonb_agg((l) - 'line' - 'available' - '{product,variant,variant_name,plan,billing_option}'::text[] ORDER BY n) FROM jsonb_array_elements(q -> 'lines') WITH ORDINALITY AS x (l, n)))
$$;
CREATE FUNCTION pg_temp.compare(p_count integer, OUT placed integer, OUT refused integer, OUT wrong text) LANGUAGE plpgsql AS $$
DECLARE
    d       jsonb;
    q       jsonb;
    v_order bigint;
    v_code  text;
BEGIN
    placed := 0;
    refused := 0;
    FOR n IN 1 .. p_count LOOP
        d := pg_temp.any_document();
        q := orders_v1.quote_order(77, d)::jsonb;
        v_code := NULL;
        BEGIN
            SELECT ("order").id INTO v_order FROM orders_v1.place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL, d, NULL);
            placed := placed + 1;
        EXCEPTION WHEN SQLSTATE 'OR402' OR SQLSTATE 'OR404' OR SQLSTATE 'OR409' OR SQLSTATE 'OR422' THEN
            v_code := SQLERRM;
            refused := refused + 1;
        END;
        IF v_code IS NULL AND (q -> 'problems' <> '[]' OR pg_temp.quoted(q) <> pg_temp.placed(v_order)) THEN
            wrong := format('%s is quoted as %s and placed as %s', d, q, pg_temp.placed(v_order));
        ELSIF v_code IS NOT NULL AND NOT EXISTS (SELECT FROM jsonb_array_elements(q -> 'problems') AS p WHERE p ->> 'code' = v_code) THEN
            wrong := format('%s is quoted as %s and refused with %s', d, q, v_code);
        END IF;
        EXIT WHEN wrong IS NOT NULL;
    END LOOP;
END
$$;
SELECT placed, refused, coalesce(wrong, '') AS wrong FROM pg_temp.compare(1500) \gset
SELECT is(:'wrong'::text, '', 'each quote is the order that is placed then, or has the problem for which it is refused');
SELECT ok(:placed > 200 AND :refused > 200, format('%s orders were placed, %s refused', :placed, :refused));

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
