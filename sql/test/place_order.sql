-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

UPDATE tenant SET tax_inclusive = false, bill_series = 'MAJ' WHERE id = 77;
SELECT pg_temp.operator_put(k.kind, k.ref, k.document)
FROM (VALUES
    (1, 'products', 's24', '{"name": "Galaxy", "slug": "galaxy-s24", "tax_class": "ppn", "returnable": true,
        "translations": {"ar": {"name": "جالكسي"}}, "images": {"px240": "https://shop.example/s24.jpg"},
        "variants": [{"ref": "black", "number": "P1", "name": "8GB - Black", "prices": {"IDR": {"price": 12000000, "list_price": 13000000}, "USD": 90000, "TND": 1001},
                      "options": [{"id": 1, "name": "BLACK", "attribute": "Colour", "code": "#000000"}]},
                     {"ref": "gone", "name": "Gone", "active": false, "prices": {"IDR": 1}}]}'::jsonb),
    (2, 'products', 'case', '{"name": "Case", "variants": [{"ref": "s", "name": "S", "stock": 3, "prices": {"IDR": 1000}},
                                                         {"ref": "m", "name": "M", "stock": 1, "prices": {"IDR": 1000}}]}'),
    (3, 'products', 'off', '{"name": "Off", "active": false, "variants": [{"ref": "x", "prices": {"IDR": 1000}}]}'),
    (4, 'tax-rates', 'ppn', '{"tax_class": "ppn", "key": "PPN", "rate_bp": 1000}'),
    (5, 'coupons', 'disc', '{"code": "DISC20", "percent_bp": 2000}'),
    (6, 'payment-channels', 'ewallet_gopay', '{"provider": "simulator"}'),
    (7, 'companies', 'acme', '{"name": "Acme", "prefix": "ACME"}'),
    (8, 'memberships', 'b', '{"company": "acme", "user": "bob", "role": "salesperson"}')
) AS k (n, kind, ref, document) ORDER BY k.n \g (format=unaligned tuples_only=on) /dev/null

CREATE FUNCTION pg_temp.order_it(p_document jsonb, p_key text DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    SELECT order_id FROM orders.place_order(77, 'operator', 'operator', pg_temp.uid('olga'), 'place', p_key, sha256(convert_to(p_document::text, 'UTF8')),
        '{"dialect": "shop", "user": "alice", "currency": "IDR", "payment_method": "bank_transfer"}'::jsonb || p_document, 900)
    WHERE kind = 'result'
$$;
CREATE FUNCTION pg_temp.refused(p_document jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('SELECT pg_temp.order_it(%L)', p_document))
$$;
CREATE FUNCTION pg_temp.stock(p_product text, p_variant text) RETURNS text LANGUAGE sql AS $$
    SELECT s.on_hand || ' ' || s.reserved FROM orders.stock s JOIN orders.variant v ON v.tenant_id = 77 AND v.id = s.variant_id
    JOIN orders.product p ON p.tenant_id = 77 AND p.id = v.product_id
    WHERE s.tenant_id = 77 AND p.external_ref = p_product AND v.external_ref = p_variant
$$;

-- The sums of the shop API's own sample.
SELECT pg_temp.order_it('{"lines": [{"product": "s24", "variant": "black", "quantity": 2}], "voucher": "disc20",
    "shipping": {"courier": "JNE", "service": "REG", "price": 15000, "estimated_delivery": "2-3 hari", "expected_at": "2025-12-09T00:00:00Z"},
    "shipping_address": {"receiverName": "John Doe", "city": "Jakarta Selatan"}, "notes": "Please call\nbefore", "metadata": {"a": 1}}') AS a \gset
SELECT is((SELECT ROW(subtotal, discount, tax, shipping, total, tax_inclusive, exponent)::text FROM orders WHERE id = :a),
    '(24000000,4800000,1920000,15000,21135000,f,0)', 'goods, voucher, tax and shipping add up');
SELECT is(pg_temp.states(:a), 'open unpaid pending', 'it waits for its money and its goods');
SELECT matches((SELECT number FROM orders WHERE id = :a), '^ORD-\d{8}-\d{6,}$', 'the number of the shop API');
SELECT is((SELECT ROW(kind, item_ref, slug, variant, quantity, unit_price, list_price, discount, tax, returnable, reserved)::text
           FROM order_line WHERE order_id = :a AND kind = 'product'),
    '(product,s24,galaxy-s24,"8GB - Black",2,12000000,13000000,4800000,1920000,t,0)', 'the line is as the catalogue says');
SELECT is((SELECT snapshot -> 'translations' -> 'ar' ->> 'name' FROM order_line WHERE order_id = :a AND kind = 'product'), 'جالكسي', 'with its names');
SELECT is((SELECT attributes -> 0 ->> 'code' FROM rows_of(77, ARRAY[:a]::bigint[]) WHERE kind = 'line' AND type = 'product'), '#000000', 'and its attributes');
SELECT is((SELECT slug FROM rows_of(77, ARRAY[:a]::bigint[]) WHERE kind = 'line' AND type = 'product'), 'galaxy-s24', 'and its slug');
SELECT is((SELECT ROW(kind, title, detail, reference, state, flag, created_at)::text FROM shipments_of(77, ARRAY[:a]::bigint[])),
    '(shipment,JNE,REG,"2-3 hari",planned,t,)', 'the shipment is planned, and late by now');
SELECT is((SELECT document ->> 'receiverName' FROM order_address WHERE order_id = :a AND kind = 'shipping'), 'John Doe', 'the address is kept');
SELECT is((SELECT bill_no FROM orders WHERE id = :a), NULL, 'no bill before it is confirmed or paid');
SELECT is(pg_temp.refusal(format('SELECT * FROM read_bill(77, pg_temp.uid(''alice''), %s)', :a)), 'OR409 order_not_billed', 'and none to read');
SELECT pg_temp.pay(:a) \g (format=unaligned) /dev/null
SELECT is((SELECT bill_no FROM orders WHERE id = :a), 'MAJ-' || to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM') || '-0001', 'paid, it is billed');
SELECT is((SELECT number FROM read_bill(77, pg_temp.uid('alice'), :a)), (SELECT bill_no FROM orders WHERE id = :a), 'under that number');
SELECT is((SELECT snapshot ->> 'kind' FROM read_bill(77, NULL, :a)), 'bill', 'as a bill');
SELECT is((SELECT snapshot -> 'buyer' ->> 'name' || ': ' || (snapshot -> 'buyer' -> 'address' ->> 0) FROM read_bill(77, NULL, :a)), 'Alice: Jakarta Selatan',
    'of the buyer, where the goods go');
UPDATE users SET name = 'Alicia', email = 'x@example.com' WHERE id = pg_temp.uid('alice');
UPDATE tenant SET name = 'other' WHERE id = 77;
SELECT is((SELECT ROW(snapshot -> 'buyer' ->> 'name', snapshot -> 'issuer' ->> 'name', snapshot -> 'payment' ->> 'method')::text FROM read_bill(77, NULL, :a)),
    '(Alice,test,bank_transfer)', 'a bill stays as it was written; how it was paid is told');
SELECT is(pg_temp.refusal(format('SELECT * FROM read_bill(77, pg_temp.uid(''bob''), %s)', :a)), 'OR404 not_found', 'the bill of another is none');

-- Payment: by hand, by balance, through a channel, and a channel by its own name.
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "currency": "USD", "payment_method": "cod", "dialect": "customer", "tax_inclusive": true}') AS c \gset
SELECT matches((SELECT number FROM orders WHERE id = :c), '^\d{8}-\d{8}C$', 'cash on delivery in the customer API');
SELECT is((SELECT ROW(tax, total, expires_at)::text FROM orders WHERE id = :c), '(8182,90000,)', 'prices that include their tax, where the order says so; it does not expire');
SELECT pg_temp.top_up('alice', 1000000) \g (format=unaligned) /dev/null
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "currency": "USD", "payment_method": "balance", "dialect": "customer"}') AS b \gset
SELECT is(pg_temp.states(:b), 'open paid pending', 'a balance pays at once, the goods are still to come');
SELECT matches((SELECT number FROM orders WHERE id = :b), 'O$', 'online');
SELECT is((SELECT right(bill_no, 4) FROM orders WHERE id = :b), '0002', 'and it is billed');
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "payment_method": "ewallet_gopay"}') AS g \gset
SELECT is((SELECT ROW(payment_method, payment_channel, expires_at > now())::text FROM orders WHERE id = :g), '(external,ewallet_gopay,t)', 'a channel may be named as the method');
SELECT is((SELECT status::text FROM payment WHERE order_id = :g), 'created', 'its intent is to be made');
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "payment_method": null, "payment_channel": "ewallet_gopay"}') AS h \gset
SELECT is((SELECT payment_channel FROM orders WHERE id = :h), 'ewallet_gopay', 'or alone');
SELECT pg_temp.order_it('{"lines": [{"plan": "basic", "billing_option": "yearly"}], "dialect": "user", "currency": "USD"}') AS p \gset
SELECT is((SELECT ROW(fulfilment_state, total, snapshot ->> 'billing_option_name')::text FROM orders WHERE id = :p), '(none,9000,Yearly)', 'a plan, with nothing to deliver');
SELECT is((SELECT count(*) FROM shipment WHERE order_id = :p), 0::bigint, 'and no shipment');
SELECT is(pg_temp.refusal($$SELECT * FROM place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL,
    '{"dialect": "shop", "user": "alice", "currency": "IDR", "payment_channel": "ewallet_gopay", "lines": [{"product": "s24"}]}', 900, '{sim}')$$),
    'OR422 payment_channel_unknown payment_channel', 'a channel that nobody can ask is none');
SELECT is(pg_temp.refused('{"lines": [{"plan": "basic"}], "currency": "USD", "shipping": {"price": 5}}'), 'OR422 invalid_field shipping', 'plans are not shipped');
SELECT pg_temp.pay(:p) \g (format=unaligned) /dev/null
SELECT is((SELECT bill_no FROM orders WHERE id = :p), NULL, 'nor numbered as bills');
SELECT is((SELECT number FROM read_bill(77, NULL, :p)), (SELECT number FROM orders WHERE id = :p), 'their bill has the order''s number');
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "dialect": "company", "company": "acme", "agent": "bob", "user": null, "payment_method": "cash"}') AS k \gset
SELECT matches((SELECT number FROM orders WHERE id = :k), '^ACME\d{12}OD$', 'a company''s order');
SELECT is((SELECT ROW(fulfilment_state, buyer_id)::text FROM orders WHERE id = :k), '(none,)', 'is handed over at the desk');
SELECT is((SELECT provider FROM payment WHERE order_id = :k), 'terminal', 'and paid there');

-- Refusals, each with its field.
SELECT is(pg_temp.refused(c.document::jsonb), c.says, 'refused: ' || c.says)
FROM (VALUES
    ('{"lines": [{"product": "nix"}]}', 'OR422 product_not_found lines[0].product'),
    ('{"lines": [{"product": "off"}]}', 'OR422 product_not_found lines[0].product'),
    ('{"lines": [{"product": "s24", "variant": "gone"}]}', 'OR422 product_not_found lines[0].product'),
    ('{"lines": [{"product": "case"}]}', 'OR422 required_field lines[0].variant'),
    ('{"lines": [{"product": "s24"}, {"product": "s24"}], "currency": "EUR"}', 'OR422 product_not_found lines[0].product'),
    ('{"lines": [{"product": "s24", "quantity": 0}]}', 'OR422 invalid_field quantity'),
    ('{"lines": [{"product": "s24", "discount": 12000001}]}', 'OR422 invalid_field lines[0].discount'),
    ('{"lines": [{"plan": "hidden"}], "currency": "USD"}', 'OR422 plan_not_on_sale plan_id'),
    ('{"lines": [{"plan": "basic"}]}', 'OR422 currency_mismatch lines[0].plan'),
    ('{"lines": [5]}', 'OR422 invalid_field lines[0]'),
    ('{"lines": []}', 'OR422 invalid_field lines'),
    ('{"lines": [{"product": "s24", "billing_option": 5}]}', 'OR422 invalid_field lines[0]'),
    ('{"lines": [{"product": "s24"}], "shipping": {"price": 5, "tax_class": "nix"}}', 'OR422 invalid_field shipping.tax_class'),
    ('{"lines": [{"product": "s24"}], "shipping": {"tax_class": 5}}', 'OR422 invalid_field tax_class'),
    ('{"lines": [{"product": "s24"}], "shipping": {"expected_at": "9999-12-31T23:59:59-14:00"}}', 'OR422 invalid_field expected_at'),
    ('{}', 'OR422 invalid_field lines'),
    ('{"lines": [{"product": "s24"}], "user": "nobody"}', 'OR422 user_not_found user'),
    ('{"lines": [{"product": "s24"}], "user": "off"}', 'OR422 user_not_found user'),
    ('{"lines": [{"product": "s24"}], "user": null}', 'OR422 required_field user'),
    ('{"lines": [{"product": "s24"}], "dialect": "nix"}', 'OR422 invalid_field dialect'),
    ('{"lines": [{"product": "s24"}], "dialect": "company"}', 'OR422 required_field agent'),
    ('{"lines": [{"product": "s24"}], "company": "acme", "agent": "alice"}', 'OR422 user_not_found agent'),
    ('{"lines": [{"product": "s24"}], "payment_method": "shells"}', 'OR422 payment_method_unknown payment_method'),
    ('{"lines": [{"product": "s24"}], "payment_method": null}', 'OR422 required_field payment_method'),
    ('{"lines": [{"product": "s24"}], "payment_method": "external"}', 'OR422 payment_channel_required payment_channel'),
    ('{"lines": [{"product": "s24"}], "payment_channel": "nix"}', 'OR422 payment_channel_unknown payment_channel'),
    ('{"lines": [{"product": "s24"}], "payment_channel": "down"}', 'OR422 payment_channel_disabled payment_channel'),
    ('{"lines": [{"product": "s24"}], "voucher": "NIX"}', 'OR422 coupon_unknown coupon_code'),
    ('{"lines": [{"product": "s24"}], "payment_method": "balance"}', 'OR402 insufficient_balance'),
    ('{"lines": [{"product": "s24"}], "shipping": {"price": -1}}', 'OR422 invalid_field price'),
    ('{"lines": [{"product": "s24"}], "shipping_address": {"a": {"b": 1}}}', 'OR422 invalid_field shipping_address'),
    ('{"cart": "C99999"}', 'OR404 cart_not_found cart_id')
) AS c (document, says);

-- Stock.
SELECT pg_temp.order_it('{"lines": [{"product": "case", "variant": "s", "quantity": 2}]}') AS s \gset
SELECT is(pg_temp.stock('case', 's'), '3 2', 'two of three are reserved');
SELECT is(pg_temp.refused('{"lines": [{"product": "case", "variant": "m"}, {"product": "case", "variant": "s", "quantity": 2}]}'), 'OR409 insufficient_stock lines', 'two more are not there');
SELECT is(pg_temp.stock('case', 'm'), '1 0', 'and nothing else was taken');
SELECT is(pg_temp.refused('{"lines": [{"product": "case", "variant": "m"}, {"product": "case", "variant": "m"}]}'), 'OR409 insufficient_stock lines', 'two lines of one variant count together');
SELECT pg_temp.drop_it(NULL, :s, 'operator') \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock('case', 's'), '3 0', 'cancelled, they are given back');
SELECT pg_temp.order_it('{"lines": [{"product": "case", "variant": "s", "quantity": 3}], "payment_channel": "ewallet_gopay"}') AS t \gset
UPDATE orders SET expires_at = now() - interval '1 second' WHERE id = :t;
UPDATE payment SET expires_at = now() - interval '1 second' WHERE order_id = :t;
SELECT is(expire_due(77, 10), 1, 'an order expires');
SELECT is(pg_temp.stock('case', 's'), '3 0', 'and gives its pieces back');
SELECT pg_temp.order_it('{"lines": [{"product": "case", "variant": "s"}], "payment_channel": "ewallet_gopay"}') AS u \gset
SELECT code FROM fail_payment(77, 'operator', 'operator', NULL, 'x', NULL, NULL, :u, 'no', 'never') \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock('case', 's'), '3 0', 'so does one whose payment failed for good');
SELECT pg_temp.order_it('{"lines": [{"product": "case", "variant": "s"}]}') AS v \gset
SELECT ship_stock(77, :v) \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock('case', 's'), '2 0', 'what is sent has left');
SELECT pg_temp.operator_put('products', 'case', '{"name": "Case", "variants": [{"ref": "s", "name": "S", "stock": 9, "prices": {"IDR": 1000}}, {"ref": "m", "name": "M", "prices": {"IDR": 1000}}]}') \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock('case', 's'), '9 0', 'a count replaces what is on hand');
SELECT lives_ok($$SELECT pg_temp.order_it('{"lines": [{"product": "case", "variant": "m", "quantity": 50}]}')$$, 'what is no longer counted is always there');

-- Tax in every minor unit; the rates of a line are split without loss.
SELECT pg_temp.operator_put(k.kind, k.ref, k.document) FROM (VALUES
    (1, 'tax-rates', 'a', '{"tax_class": "two", "key": "A", "rate_bp": 333}'::jsonb), (2, 'tax-rates', 'b', '{"tax_class": "two", "key": "B", "rate_bp": 667}'),
    (3, 'products', 'odd', '{"name": "Odd", "tax_class": "two", "variants": [{"ref": "x", "prices": {"TND": 1001, "JPY": 7, "USD": 333}}]}')) AS k (n, kind, ref, document) ORDER BY n \g (format=unaligned tuples_only=on) /dev/null
CREATE FUNCTION pg_temp.sums(p_document jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint := pg_temp.order_it(p_document);
BEGIN
    RETURN (SELECT ROW(o.exponent, o.tax, o.total, (SELECT string_agg(t.key || t.amount, ' ' ORDER BY t.key) FROM orders.order_tax t WHERE t.order_id = o.id))::text
            FROM orders.orders o WHERE o.id = v_id);
END
$$;
SELECT is(pg_temp.sums(c.document::jsonb), c.says, c.document)
FROM (VALUES
    ('{"currency": "TND", "lines": [{"product": "odd", "quantity": 3}]}', '(3,300,3303,"A100 B200")'),
    ('{"currency": "TND", "lines": [{"product": "odd", "quantity": 3}], "tax_inclusive": true}', '(3,273,3003,"A91 B182")'),
    ('{"currency": "JPY", "lines": [{"product": "odd", "quantity": 3}]}', '(0,2,23,"A1 B1")'),
    ('{"currency": "USD", "lines": [{"product": "odd"}], "tax_inclusive": true}', '(2,30,333,"A10 B20")')
) AS c (document, says);

-- A cart, ordered once; and an order put into one again.
SELECT code, id AS cart, reference AS cart_code, snapshot::text AS not_sold FROM reorder(77, 'customer', 'buyer', pg_temp.uid('alice'), 'reorder', NULL, NULL, pg_temp.uid('alice'), :a) \gset r_
SELECT is(:'r_code'::text, 'done', 'an order goes into the open cart');
SELECT is((SELECT ROW(quantity, discount)::text FROM cart_line WHERE cart_id = :r_cart), '(2,0)', 'with its pieces');
SELECT is((SELECT ROW(code, id)::text FROM reorder(77, 'customer', 'buyer', pg_temp.uid('alice'), 'reorder', NULL, NULL, pg_temp.uid('alice'), :a)), format('(unchanged,%s)', :r_cart), 'once');
SELECT is((SELECT ROW(code, id = :r_cart)::text FROM reorder(77, 'customer', 'buyer', pg_temp.uid('alice'), 'reorder', NULL, NULL, pg_temp.uid('alice'), :g)), '(done,t)', 'another order goes into the same cart');
SELECT is((SELECT quantity FROM cart_line WHERE cart_id = :r_cart), 3, 'its pieces on top');
SELECT is(pg_temp.refusal(format('SELECT * FROM reorder(77, ''customer'', ''buyer'', 1, ''r'', NULL, NULL, pg_temp.uid(''bob''), %s)', :a)), 'OR404 not_found', 'not another''s order');
SELECT is(pg_temp.refused(format('{"cart": "%s", "lines": []}', :'r_cart_code')::jsonb), 'OR422 invalid_field lines', 'lines or a cart');
SELECT is(pg_temp.refused(format('{"cart": "%s", "currency": "USD"}', :'r_cart_code')::jsonb), 'OR422 currency_mismatch currency', 'in its currency');
SELECT is(pg_temp.refused(format('{"cart": "%s", "user": "bob"}', :'r_cart_code')::jsonb), 'OR404 cart_not_found cart', 'of its owner');
SELECT pg_temp.order_it(format('{"cart": "%s"}', :'r_cart_code')::jsonb) AS w \gset
SELECT is((SELECT total FROM orders WHERE id = :w), 39600000::bigint, 'the cart is ordered, at today''s prices');
SELECT is(pg_temp.refused(format('{"cart": "%s"}', :'r_cart_code')::jsonb), 'OR409 cart_ordered cart', 'once');
SELECT is((SELECT ROW(code, id <> :r_cart)::text FROM reorder(77, 'customer', 'buyer', pg_temp.uid('alice'), 'reorder', NULL, NULL, pg_temp.uid('alice'), :a)), '(done,t)', 'the next cart may have the order again');
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}, {"product": "case", "variant": "m"}]}') AS x \gset
SELECT pg_temp.operator_put('products', 'case', '{"name": "Case", "active": false}') \g (format=unaligned) /dev/null
SELECT is((SELECT snapshot::text FROM reorder(77, 'customer', 'buyer', pg_temp.uid('alice'), 'reorder', NULL, NULL, pg_temp.uid('alice'), :x)), '["Case"]', 'what is no longer sold is named');
SELECT is(pg_temp.refusal(format('SELECT * FROM reorder(77, ''customer'', ''buyer'', 1, ''r'', NULL, NULL, pg_temp.uid(''alice''), %s)', :p)), 'OR409 product_not_sold', 'plans go into no cart: nothing is done');
SELECT nextval('cart_id_seq') + 1 AS next \gset
INSERT INTO cart (tenant_id, id, code, user_id, currency) VALUES (77, :next, 'C' || digits(:next, 5), pg_temp.uid('bob'), 'USD');
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "user": "poor"}') AS z \gset
SELECT is(pg_temp.refusal(format('SELECT * FROM reorder(77, ''customer'', ''buyer'', 1, ''r'', NULL, NULL, pg_temp.uid(''poor''), %s)', :z)), 'no refusal', 'a cart number that was taken from outside is passed over');

-- Keys.
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}]}', 'k1') AS k1 \gset
SELECT is(pg_temp.order_it('{"lines": [{"product": "s24"}]}', 'k1'), :k1::bigint, 'a key places one order');

-- Labels.
SELECT is((SELECT string_agg(title, ',' ORDER BY title) FROM labels_of(77, '{en,id}') WHERE code = 'shipped'), 'Shipped', 'the first language that has the word');
SELECT is((SELECT title FROM labels_of(77, '{fr,id}') WHERE code = 'shipped'), 'Sedang Dikirim', 'or the next');
SELECT pg_temp.operator_put('labels', 'x', '{"type": "order_status", "word": "shipped", "language": "FR", "text": "Expédié"}') \g (format=unaligned) /dev/null
SELECT is((SELECT title FROM labels_of(77, '{fr,id}') WHERE code = 'shipped'), 'Expédié', 'a tenant adds a language');
SELECT is((SELECT string_agg(reference, ',' ORDER BY code) FROM labels_of(77, '{fr,id}') WHERE code IN ('paid', 'shipped')), 'id,fr', 'a label says which one it is in');
SELECT pg_temp.operator_put('labels', 'x', '{"type": "order_status", "word": "shipped", "language": "id", "text": "Dikirim"}') \g (format=unaligned) /dev/null
SELECT is((SELECT title FROM labels_of(77, '{fr,id}') WHERE code = 'shipped'), 'Dikirim', 'or says it otherwise');
SELECT is((SELECT title FROM labels_of(1, '{id}') WHERE code = 'shipped'), 'Sedang Dikirim', 'for itself');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'the checks find nothing');
UPDATE stock SET reserved = reserved + 1 WHERE tenant_id = 77 AND counted;
SELECT isnt_empty('SELECT * FROM orders_check.stock_is_held', 'stock that no order holds is found');
SELECT * FROM finish();
ROLLBACK;
