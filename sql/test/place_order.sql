-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

UPDATE tenant SET tax_inclusive = false, bill_series = 'MAJ' WHERE id = 77;
SELECT pg_temp.operator_put(k.kind, k.ref, k.document)
FROM (VALUES
    (1, 'products', 's24', '{"name": "Galaxy", "slug": "galaxy-s24", "tax_class": "ppn", "returnable": true,
        "translations": {"ar": {"name": "جالكسي"}}, "images": {"px480": "https://shop.example/big.jpg", "px240": "https://shop.example/s24.jpg"},
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
    SELECT ("order").id FROM orders_v1.place_order(77, 'operator', 'operator', pg_temp.uid('olga'), 'place', p_key, sha256(convert_to(p_document::text, 'UTF8')),
        '{"dialect": "shop", "user": "alice", "currency": "IDR", "payment_method": "bank_transfer"}'::jsonb || p_document, 900)
$$;
CREATE FUNCTION pg_temp.refused(p_document jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('SELECT pg_temp.order_it(%L)', p_document))
$$;
CREATE FUNCTION pg_temp.stock(p_product text, p_variant text) RETURNS text LANGUAGE sql AS $$
    SELECT s.on_hand || ' ' || s.reserved FROM orders.stock s JOIN orders.variant v ON v.tenant_id = 77 AND v.id = s.variant_id
    JOIN orders.product p ON p.tenant_id = 77 AND p.id = v.product_id
    WHERE s.tenant_id = 77 AND p.external_ref = p_product AND v.external_ref = p_variant
$$;

CREATE FUNCTION pg_temp.hinted(p_document jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_hint text;
BEGIN
    PERFORM pg_temp.order_it(p_document);
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_hint = PG_EXCEPTION_HINT;
    RETURN pg_temp.hint_member(SQLSTATE, v_hint, 'extras');
END
$$;
-- Another tenant, whose rows must not be visible.
INSERT INTO tenant (id, name, currency) VALUES (78, 'other', 'IDR');
SELECT catalogue_upsert(78, 'operator', 'operator', NULL, 'put', NULL, NULL, k.kind, k.ref, k.document)
FROM (VALUES (1, 'users', 'eve', '{"name": "Eve"}'::jsonb), (2, 'plans', 'theirs', '{"name": "Theirs", "price": 1, "currency": "IDR"}'),
             (3, 'products', 'theirs', '{"name": "Theirs", "variants": [{"ref": "x", "prices": {"IDR": 1}}]}'), (4, 'payment-channels', 'theirs', '{"provider": "simulator"}'),
             (5, 'tax-rates', 'theirs', '{"tax_class": "theirs", "key": "X", "rate_bp": 1}'),
             (6, 'products', 's24', '{"name": "Theirs too", "variants": [{"ref": "x", "prices": {"IDR": 1}}]}')) AS k (n, kind, ref, document) ORDER BY k.n \g (format=unaligned tuples_only=on) /dev/null
INSERT INTO cart (tenant_id, code, user_id, currency) VALUES (78, 'THEIRS', user_id_of(78, 'eve'), 'IDR') RETURNING id AS their_cart \gset

-- The amounts of the sample of the shop API.
SELECT pg_temp.order_it('{"lines": [{"product": "s24", "variant": "black", "quantity": 2}], "voucher": "disc20",
    "shipping": {"courier": "JNE", "service": "REG", "price": 15000, "estimated_delivery": "2-3 hari", "expected_at": "2025-12-09T00:00:00Z"},
    "shipping_address": {"receiverName": "John Doe", "city": "Jakarta Selatan"}, "notes": "Please call\nbefore", "metadata": {"a": 1}}') AS a \gset
SELECT is((SELECT ROW(subtotal, discount, tax, shipping, total, tax_inclusive, exponent)::text FROM orders WHERE id = :a),
    '(24000000,4800000,1920000,15000,21135000,f,0)', 'goods, voucher, tax and shipping add up');
SELECT is((SELECT ROW(notes, metadata - 'coupon_id')::text FROM orders WHERE id = :a), ROW(E'Please call\nbefore', '{"a": 1, "coupon_code": "DISC20", "discount_cents": 4800000}'::jsonb)::text,
    'the order has its notes and metadata');
SELECT is((SELECT ROW(title, variant, quantity, subtotal)::text FROM order_line WHERE order_id = :a AND kind = 'shipping'), '(JNE,REG,1,15000)', 'the shipping line names the courier');
SELECT is(pg_temp.states(:a), 'open unpaid pending', 'the order awaits payment and delivery');
SELECT matches((SELECT number FROM orders WHERE id = :a), '^ORD-\d{8}-\d{6,}$', 'the number has the format of the shop API');
SELECT is((SELECT ROW(kind, item_ref, slug, variant, quantity, unit_price, list_price, discount, tax, returnable, reserved)::text
           FROM order_line WHERE order_id = :a AND kind = 'product'),
    '(product,s24,galaxy-s24,"8GB - Black",2,12000000,13000000,4800000,1920000,t,0)', 'the line has the data of the catalogue');
SELECT is((SELECT snapshot -> 'translations' -> 'ar' ->> 'name' FROM order_line WHERE order_id = :a AND kind = 'product'), 'جالكسي', 'the line has the translations');
SELECT is((SELECT ROW(snapshot ->> 'company', image)::text FROM order_line WHERE order_id = :a AND kind = 'product'), '(,https://shop.example/s24.jpg)', 'the line has no company, and the smaller image');
SELECT is((SELECT l.attributes -> 0 ->> 'code' FROM order_view v, unnest(v.lines) AS l WHERE v.id = :a AND l.kind = 'product'), '#000000', 'the line has the attributes of the variant');
SELECT is((SELECT l.slug FROM order_view v, unnest(v.lines) AS l WHERE v.id = :a AND l.kind = 'product'), 'galaxy-s24', 'the line has the slug');
SELECT is((SELECT ROW((shipment).courier, (shipment).service, (shipment).estimate, (shipment).status, (shipment).late, (shipment).shipped_at, tracking)::text FROM order_view WHERE id = :a),
    '(JNE,REG,"2-3 hari",planned,t,,{})', 'the shipment is planned and late');
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "shipping": {"courier": "", "service": "", "estimated_delivery": ""}}') AS empty \gset
SELECT is((SELECT ROW(courier, service, estimated_delivery)::text FROM shipment WHERE order_id = :empty), '(,,)', 'empty texts of a planned shipment are stored as NULL');
SELECT is((SELECT document ->> 'receiverName' FROM order_address WHERE order_id = :a AND kind = 'shipping'), 'John Doe', 'the address is stored');
SELECT is((SELECT bill_no FROM orders WHERE id = :a), NULL, 'an unconfirmed unpaid order has no bill number');
SELECT is(pg_temp.refusal(format('SELECT * FROM read_bill(77, pg_temp.uid(''alice''), %s)', :a)), 'OR409 order_not_billed', 'its bill cannot be read');
SELECT pg_temp.pay(:a) \g (format=unaligned) /dev/null
SELECT is((SELECT bill_no FROM orders WHERE id = :a), 'MAJ-' || to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM') || '-0001', 'the payment issues the bill');
SELECT is((SELECT number FROM read_bill(77, pg_temp.uid('alice'), :a)), (SELECT bill_no FROM orders WHERE id = :a), 'the bill has the number of the order');
SELECT is((SELECT document ->> 'kind' FROM read_bill(77, NULL, :a)), 'bill', 'the kind of the document is bill');
SELECT is((SELECT document -> 'buyer' ->> 'name' || ': ' || (document -> 'buyer' -> 'address' ->> 0) FROM read_bill(77, NULL, :a)), 'Alice: Jakarta Selatan',
    'the bill has the buyer and the shipping address');
UPDATE users SET name = 'Alicia', email = 'x@example.com' WHERE id = pg_temp.uid('alice');
UPDATE tenant SET name = 'other' WHERE id = 77;
SELECT is((SELECT ROW(document -> 'buyer' ->> 'name', document -> 'issuer' ->> 'name', document -> 'payment' ->> 'method')::text FROM read_bill(77, NULL, :a)),
    '(Alice,test,bank_transfer)', 'the document has the data at the time of issue, and the current payment');
SELECT is(pg_temp.refusal(format('SELECT * FROM read_bill(77, pg_temp.uid(''bob''), %s)', :a)), 'OR404 not_found', 'the bill of another user is not found');

-- Manual payments, payments from a balance, through a channel, and with the name of a channel as the method.
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "currency": "USD", "payment_method": "cod", "dialect": "customer", "tax_inclusive": true}') AS c \gset
SELECT is((SELECT number::text FROM orders WHERE id = :c), to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD-') || digits(:c, 8) || 'C', 'the number of a cash-on-delivery order in the customer API');
SELECT is((SELECT count(*) FROM shipment WHERE order_id = :c), 1::bigint, 'a shipment is planned even without shipping data');
SELECT is((SELECT ROW(tax, total, expires_at)::text FROM orders WHERE id = :c), '(8182,90000,)', 'the order states that prices include tax, and it has no expiry');
SELECT pg_temp.top_up('alice', 1000000) \g (format=unaligned) /dev/null
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "currency": "USD", "payment_method": "balance", "dialect": "customer"}') AS b \gset
SELECT is(pg_temp.states(:b), 'open paid pending', 'an order paid from the balance awaits delivery');
SELECT matches((SELECT number FROM orders WHERE id = :b), 'O$', 'the number of an order that is paid online');
SELECT is((SELECT provider FROM payment WHERE order_id = :b), 'balance', 'the provider is balance');
SELECT pg_temp.order_it('{"lines": [{"plan": "basic"}, {"plan": "few"}], "currency": "USD", "payment_method": "balance"}') AS n \gset
SELECT is((SELECT ROW(bill_no, snapshot ->> 'name', shipping)::text FROM orders WHERE id = :n), '(,Basic,0)', 'an order of plans has no bill number, and the snapshot of its first plan');
SELECT pg_temp.order_it('{"lines": [{"product": "s24", "discount": 50000}, {"plan": "basic"}], "currency": "USD", "voucher": "DISC20", "shipping": {"price": 500}}') AS o \gset
SELECT is((SELECT ROW(subtotal, discount, tax, total)::text FROM orders WHERE id = :o), '(91000,58200,3200,36500)', 'a voucher applies to the amount after discounts');
SELECT is((SELECT string_agg(kind || discount, ' ' ORDER BY id) FROM order_line WHERE order_id = :o), 'product58000 plan200 shipping0 discount0', 'the voucher is split over all goods');
SELECT is((SELECT title FROM order_line WHERE order_id = :o AND kind = 'shipping'), 'Shipping', 'shipping without a courier has a default title');
UPDATE tenant SET tax_inclusive = true WHERE id = 77;
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "shipping": {"courier": "JNE"}, "payment_channel": "ewallet_gopay", "payment_return_url": "https://shop.example/back",
    "billing_address": {"city": "Bern"}, "shipping_address": {"city": "Basel"}, "company": "acme", "agent": "bob"}') AS q \gset
UPDATE tenant SET tax_inclusive = false WHERE id = 77;
SELECT is((SELECT ROW(tax, total, tax_inclusive)::text FROM orders WHERE id = :q), '(1090909,12000000,t)', 'the tenant states that prices include tax');
SELECT is((SELECT string_agg(kind, ' ') FROM order_line WHERE order_id = :q), 'product', 'free shipping has no line');
SELECT is((SELECT return_url FROM payment WHERE order_id = :q), 'https://shop.example/back', 'the payment has the return URL');
SELECT is((SELECT string_agg(kind || ' ' || (document ->> 'city'), ', ' ORDER BY kind) FROM order_address WHERE order_id = :q), 'billing Bern, shipping Basel', 'both addresses are stored');
SELECT matches((SELECT number FROM orders WHERE id = :q), '^ORD-', 'only orders of the company API have its prefix');
SELECT is((SELECT bill_no FROM orders WHERE id = :b), NULL, 'an order paid when placed has no bill yet');
SELECT is(issue_bills(77, 100), 1, 'the worker issues the bill');
SELECT is((SELECT right(bill_no, 4) FROM orders WHERE id = :b), '0002', 'the bill has the next number');
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "payment_method": "ewallet_gopay"}') AS g \gset
SELECT is((SELECT ROW(payment_method, payment_channel, expires_at > now())::text FROM orders WHERE id = :g), '(external,ewallet_gopay,t)', 'the name of a channel is accepted as the method');
SELECT is((SELECT status::text FROM payment WHERE order_id = :g), 'created', 'the intent has to be created');
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "payment_method": null, "payment_channel": "ewallet_gopay"}') AS h \gset
SELECT is((SELECT payment_channel FROM orders WHERE id = :h), 'ewallet_gopay', 'a channel without a method is accepted');
SELECT pg_temp.order_it('{"lines": [{"plan": "basic", "billing_option": "yearly"}], "dialect": "user", "currency": "USD"}') AS p \gset
SELECT is((SELECT ROW(fulfilment_state, total, snapshot ->> 'billing_option_name')::text FROM orders WHERE id = :p), '(none,9000,Yearly)', 'a plan has no delivery');
SELECT is((SELECT count(*) FROM shipment WHERE order_id = :p), 0::bigint, 'a plan order has no shipment');
SELECT is(pg_temp.refusal($$SELECT * FROM place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL,
    '{"dialect": "shop", "user": "alice", "currency": "IDR", "payment_channel": "ewallet_gopay", "lines": [{"product": "s24"}]}', 900, '{sim}')$$),
    'OR422 payment_channel_unknown payment_channel', 'a channel without a configured provider is unknown');
SELECT is(pg_temp.refused('{"lines": [{"plan": "basic"}], "currency": "USD", "shipping": {"price": 5}}'), 'OR422 invalid_field shipping', 'plans have no shipping');
SELECT pg_temp.pay(:p) \g (format=unaligned) /dev/null
SELECT is((SELECT bill_no FROM orders WHERE id = :p), NULL, 'a plan order has no bill number');
SELECT is((SELECT number FROM read_bill(77, NULL, :p)), (SELECT number::text FROM orders WHERE id = :p), 'its bill has the order number');
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "dialect": "company", "company": "acme", "agent": "bob", "user": null, "payment_method": "cash"}') AS k \gset
SELECT matches((SELECT number FROM orders WHERE id = :k), '^ACME\d{12}OD$', 'the number of an order of a company');
SELECT is((SELECT ROW(fulfilment_state, buyer_id)::text FROM orders WHERE id = :k), '(none,)', 'an order of a company has no delivery');
SELECT is((SELECT provider FROM payment WHERE order_id = :k), 'terminal', 'it is paid at the terminal');

-- Refusals, each with its field.
SELECT is(pg_temp.refused(c.document::jsonb), c.says, concat(c.document, ' gives ', c.says))
FROM (VALUES
    ('{"lines": [{"product": "nix"}]}', 'OR422 product_not_found lines[0].product'),
    ('{"lines": [{"product": "off"}]}', 'OR422 product_not_found lines[0].product'),
    ('{"lines": [{"product": "s24", "variant": "gone"}]}', 'OR422 product_not_found lines[0].product'),
    ('{"lines": [{"product": "case"}]}', 'OR422 required_field lines[0].variant'),
    ('{"lines": [{"product": "s24"}, {"product": "s24"}], "currency": "EUR"}', 'OR422 product_not_found lines[0].product'),
    ('{"lines": [{"product": "s24", "quantity": 0}]}', 'OR422 invalid_field lines[0].quantity'),
    ('{"lines": [{"product": "s24", "discount": 12000001}]}', 'OR422 invalid_field lines[0].discount'),
    ('{"lines": [{"product": "s24", "quantity": 1000001}]}', 'OR422 invalid_field lines[0].quantity'),
    ('{"lines": [{"product": "s24", "quantity": 1000000}]}', 'no refusal'),
    ('{"lines": [{"product": "s24", "discount": -1}]}', 'OR422 invalid_field lines[0].discount'),
    ('{"lines": [{"product": "s24", "quantity": 2, "discount": 12000001}]}', 'no refusal'),
    ('{"lines": [{"product": "s24", "plan": "basic"}]}', 'OR422 invalid_field lines[0]'),
    ('{"lines": [{"plan": "few", "billing_option": "yearly"}], "currency": "USD"}', 'OR422 billing_option_not_found lines[0].billing_option'),
    ('{"lines": [{"plan": "basic", "billing_option": "nix"}], "currency": "USD"}', 'OR422 billing_option_not_found lines[0].billing_option'),
    ('{"lines": [{"product": "s24"}], "currency": "idr"}', 'OR422 currency_unknown currency'),
    ('{"lines": [{"product": "s24"}], "dialect": "company", "agent": "bob"}', 'OR422 required_field company'),
    ('{"lines": [{"product": "s24"}], "dialect": "company", "company": "acme", "agent": "bob", "user": null, "payment_method": "balance"}', 'OR422 required_field user'),
    ('{"lines": [{"product": "s24"}], "payment_channel": "euronly"}', 'OR422 payment_channel_disabled payment_channel'),
    ('{"lines": [{"product": "theirs"}]}', 'OR422 product_not_found lines[0].product'),
    ('{"lines": [{"plan": "theirs"}]}', 'OR422 plan_not_found lines[0].plan'),
    ('{"lines": [{"product": "s24"}], "payment_channel": "theirs"}', 'OR422 payment_channel_unknown payment_channel'),
    ('{"lines": [{"product": "s24"}], "user": "eve"}', 'OR422 user_not_found user'),
    ('{"lines": [{"product": "s24"}], "shipping": {"tax_class": "theirs"}}', 'OR422 invalid_field shipping.tax_class'),
    ('{"cart": "theirs"}', 'OR404 cart_not_found cart_id'),
    ('{"lines": [{"plan": "hidden"}], "currency": "USD"}', 'OR422 plan_not_on_sale lines[0].plan'),
    ('{"lines": [{"plan": "basic"}]}', 'OR422 currency_mismatch lines[0].plan'),
    ('{"lines": []}', 'OR422 invalid_field lines'),
    ('{"lines": [{"product": "s24", "billing_option": 5}]}', 'OR422 invalid_field lines[0]'),
    ('{"lines": [{"product": "s24"}], "shipping": {"price": 5, "tax_class": "nix"}}', 'OR422 invalid_field shipping.tax_class'),
    ('{"lines": [{"product": "s24"}], "shipping": {"tax_class": 5}}', 'OR422 invalid_field shipping.tax_class'),
    ('{}', 'OR422 invalid_field lines'),
    ('{"lines": [{"product": "s24"}], "user": "nobody"}', 'OR422 user_not_found user'),
    ('{"lines": [{"product": "s24"}], "user": "off"}', 'OR422 user_not_found user'),
    ('{"lines": [{"product": "s24"}], "user": null}', 'OR422 required_field user'),
    ('{"lines": [{"product": "s24"}], "dialect": "company"}', 'OR422 required_field agent'),
    ('{"lines": [{"product": "s24"}], "company": "acme", "agent": "alice"}', 'OR422 user_not_found agent'),
    ('{"lines": [{"product": "s24"}], "payment_method": "shells"}', 'OR422 payment_method_unknown payment_method'),
    ('{"lines": [{"product": "s24"}], "payment_method": null}', 'OR422 required_field payment_method'),
    ('{"lines": [{"product": "s24"}], "payment_method": "external"}', 'OR422 payment_channel_required payment_channel'),
    ('{"lines": [{"product": "s24"}], "payment_channel": "nix"}', 'OR422 payment_channel_unknown payment_channel'),
    ('{"lines": [{"product": "s24"}], "payment_channel": "down"}', 'OR422 payment_channel_disabled payment_channel'),
    ('{"lines": [{"product": "s24"}], "voucher": "NIX"}', 'OR422 coupon_unknown coupon_code'),
    ('{"lines": [{"product": "s24"}], "payment_method": "balance"}', 'OR402 insufficient_balance'),
    ('{"lines": [{"product": "s24"}, {"product": "s24", "quantity": 0}]}', 'OR422 invalid_field lines[1].quantity'),
    ('{"lines": [{"product": "s24"}, {}]}', 'OR422 required_field lines[1].product'),
    ('{"lines": [{"product": "s24"}], "shipping": {"price": -1}}', 'OR422 invalid_field shipping.price'),
    ('{"cart": "C99999"}', 'OR404 cart_not_found cart_id')
) AS c (document, says);
SELECT is(pg_temp.refused(format('{"cart": "%s"}', :their_cart)::jsonb), 'OR404 cart_not_found cart_id', 'a cart of another user is not found by its id');
SELECT is(pg_temp.refused(jsonb_build_object('lines', (SELECT jsonb_agg('{"product": "s24"}'::jsonb) FROM generate_series(1, c.n)), 'currency', 'TND')), c.says, c.n || ' lines are accepted')
FROM (VALUES (500, 'no refusal')) AS c (n, says);

-- Stock.
SELECT pg_temp.order_it('{"lines": [{"product": "case", "variant": "s", "quantity": 2}]}') AS s \gset
SELECT is(pg_temp.stock('case', 's'), '3 2', 'two of three items are reserved');
SELECT is(pg_temp.refused('{"lines": [{"product": "case", "variant": "m"}, {"product": "case", "variant": "s", "quantity": 2}]}'), 'OR409 insufficient_stock lines', 'more than the available items are refused');
SELECT is(pg_temp.hinted('{"lines": [{"product": "case", "variant": "s", "quantity": 2}]}'), '{"product": "case", "variant": "S", "available": 1}', 'the refusal has the available quantity');
SELECT is((SELECT returnable FROM order_line WHERE order_id = :s), false, 'the variant is not returnable');
SELECT is(pg_temp.stock('case', 'm'), '1 0', 'the refused order reserves nothing');
SELECT is(pg_temp.refused('{"lines": [{"product": "case", "variant": "m"}, {"product": "case", "variant": "m"}]}'), 'OR409 insufficient_stock lines', 'quantities of two lines with the same variant are added');
SELECT pg_temp.drop_it(NULL, :s, 'operator') \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock('case', 's'), '3 0', 'cancelling releases the items');
SELECT pg_temp.order_it('{"lines": [{"product": "case", "variant": "s"}, {"product": "case", "variant": "s", "quantity": 2}]}') AS two \gset
SELECT is((SELECT string_agg(reserved::text, ' ' ORDER BY id) FROM order_line WHERE order_id = :two), '1 2', 'two lines with the same variant each reserve their items');
SELECT pg_temp.drop_it(NULL, :two, 'operator') \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock('case', 's'), '3 0', 'both lines release their items');
SELECT pg_temp.order_it('{"lines": [{"product": "case", "variant": "s", "quantity": 3}], "payment_channel": "ewallet_gopay"}') AS t \gset
SELECT pg_temp.let_expire(:t, now() - interval '1 second') \g (format=unaligned) /dev/null
UPDATE payment SET expires_at = now() - interval '1 second' WHERE order_id = :t;
SELECT is(expire_due(77, 10), 1, 'an order expires');
SELECT is(pg_temp.stock('case', 's'), '3 0', 'the expiry releases its items');
SELECT pg_temp.order_it('{"lines": [{"product": "case", "variant": "s"}], "payment_channel": "ewallet_gopay"}') AS u \gset
SELECT count(*) FROM record_intent_failure(77, 'worker', 'system', NULL, 'x', NULL, NULL, pg_temp.payment_of(:u), 'no', 'never', true) \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock('case', 's'), '3 0', 'a final payment failure releases the items');
CREATE FUNCTION pg_temp.send(p_order bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.advance(77, 'operator', 'operator', NULL, 'pack', NULL, NULL, p_order, 'packed', NULL, NULL, NULL, NULL);
    PERFORM orders_v1.ship(77, 'operator', 'operator', NULL, 'ship', NULL, NULL, p_order, '{}', NULL);
END
$$;
SELECT pg_temp.order_it('{"payment_method": "cod", "lines": [{"product": "case", "variant": "s"}]}') AS v \gset
SELECT pg_temp.send(:v) \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock('case', 's'), '2 0', 'shipping deducts the items from stock');
SELECT pg_temp.order_it('{"payment_method": "cod", "lines": [{"product": "case", "variant": "s", "quantity": 2}]}') AS y \gset
SELECT count_stock(77, 'operator', 'operator', NULL, 'count', NULL, NULL, (SELECT item_id FROM order_line WHERE order_id = :y), 1, NULL, NULL) \g (format=unaligned tuples_only=on) /dev/null
SELECT pg_temp.send(:y) \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock('case', 's'), '0 0', 'after a lower count the quantity on hand does not become negative');
SELECT pg_temp.operator_put('products', 'case', '{"name": "Case", "variants": [{"ref": "s", "name": "S", "stock": 9, "prices": {"IDR": 1000}}, {"ref": "m", "name": "M", "stock": null, "prices": {"IDR": 1000}}]}') \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock('case', 's'), '9 0', 'a count sets the quantity on hand');
SELECT lives_ok($$SELECT pg_temp.order_it('{"lines": [{"product": "case", "variant": "m", "quantity": 50}]}')$$, 'a variant whose stock is no longer counted can always be ordered');
SELECT pg_temp.order_it('{"lines": [{"product": "case", "variant": "m"}]}') AS m \gset
SELECT is((SELECT reserved FROM order_line WHERE order_id = :m), 0, 'it is not reserved');
SELECT pg_temp.order_it('{"lines": [{"product": "case", "variant": "s", "quantity": 9}]}') AS i \gset
SELECT count_stock(77, 'operator', 'operator', NULL, 'count', NULL, NULL, variant_id, 8, NULL, NULL) FROM stock WHERE tenant_id = 77 AND counted ORDER BY variant_id \g (format=unaligned tuples_only=on) /dev/null
SELECT is(pg_temp.hinted('{"lines": [{"product": "case", "variant": "s"}]}') -> 'available', '0', 'the available quantity does not become negative');
SELECT pg_temp.drop_it(NULL, :i, 'operator') \g (format=unaligned) /dev/null
SELECT count_stock(77, 'operator', 'operator', NULL, 'count', NULL, NULL, variant_id, 9, NULL, NULL) FROM stock WHERE tenant_id = 77 AND counted ORDER BY variant_id \g (format=unaligned tuples_only=on) /dev/null
-- A plan with the id of a variant does not use its stock.
ALTER SEQUENCE variant_id_seq RESTART 900000001;
ALTER SEQUENCE plan_id_seq RESTART 900000001;
SELECT pg_temp.operator_put(k.kind, 'same', k.document) FROM (VALUES ('plans', '{"name": "Same", "price": 1, "currency": "IDR"}'::jsonb),
    ('products', '{"name": "Same", "variants": [{"ref": "x", "stock": 5, "prices": {"IDR": 1}}]}')) AS k (kind, document) \g (format=unaligned tuples_only=on) /dev/null
SELECT pg_temp.order_it('{"lines": [{"plan": "same", "quantity": 3}, {"product": "same", "quantity": 1}]}') \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock('same', 'x'), '5 1', 'the plan does not use the stock of the variant');

-- Tax in minor units; the rates of a line are split exactly.
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
SELECT is(pg_temp.sums(c.document::jsonb), c.says, concat(c.document, ' gives ', c.says))
FROM (VALUES
    ('{"currency": "TND", "lines": [{"product": "odd", "quantity": 3}]}', '(3,300,3303,"A100 B200")'),
    ('{"currency": "TND", "lines": [{"product": "odd", "quantity": 3}], "tax_inclusive": true}', '(3,273,3003,"A91 B182")'),
    ('{"currency": "JPY", "lines": [{"product": "odd", "quantity": 3}]}', '(0,2,23,"A1 B1")'),
    ('{"currency": "TND", "lines": [{"product": "odd", "quantity": 5}]}', '(3,501,5506,"A167 B334")'),
    ('{"currency": "USD", "lines": [{"product": "odd"}, {"product": "odd"}]}', '(2,66,732,"A22 B44")'),
    ('{"currency": "USD", "lines": [{"product": "odd"}], "tax_inclusive": true}', '(2,30,333,"A10 B20")')
) AS c (document, says);

-- A cart is ordered once, and an order can be added to a cart again.
SELECT outcome AS code, id AS cart, ref AS cart_code, document::text AS not_sold FROM reorder(77, 'customer', 'buyer', pg_temp.uid('alice'), 'reorder', NULL, NULL, pg_temp.uid('alice'), :a) \gset r_
SELECT is(:'r_code'::text, 'done', 'an order is added to the open cart');
SELECT is((SELECT ROW(quantity, discount)::text FROM cart_line WHERE cart_id = :r_cart), '(2,0)', 'the cart has its items');
SELECT is((SELECT ROW(outcome, id)::text FROM reorder(77, 'customer', 'buyer', pg_temp.uid('alice'), 'reorder', NULL, NULL, pg_temp.uid('alice'), :a)), format('(unchanged,%s)', :r_cart), 'the same order is added once');
SELECT is((SELECT ROW(outcome, id = :r_cart)::text FROM reorder(77, 'customer', 'buyer', pg_temp.uid('alice'), 'reorder', NULL, NULL, pg_temp.uid('alice'), :g)), '(done,t)', 'another order is added to the same cart');
SELECT is((SELECT quantity FROM cart_line WHERE cart_id = :r_cart), 3, 'the quantities are added');
SELECT is(pg_temp.refusal(format('SELECT * FROM reorder(77, ''customer'', ''buyer'', 1, ''r'', NULL, NULL, pg_temp.uid(''bob''), %s)', :a)), 'OR404 not_found', 'the order of another user is not found');
SELECT is(pg_temp.refused(format('{"cart": "%s", "lines": []}', :'r_cart_code')::jsonb), 'OR422 invalid_field lines', 'a document has either lines or a cart');
SELECT is(pg_temp.refused(format('{"cart": "%s", "currency": "USD"}', :'r_cart_code')::jsonb), 'OR422 currency_mismatch currency', 'the currency of the cart is required');
SELECT is(pg_temp.refused(format('{"cart": "%s", "user": "bob"}', :'r_cart_code')::jsonb), 'OR404 cart_not_found cart', 'the cart of another user is not found');
SELECT pg_temp.order_it(format('{"cart": "%s"}', :'r_cart_code')::jsonb) AS w \gset
SELECT is((SELECT total FROM orders WHERE id = :w), 39600000::bigint, 'the cart is ordered at current prices');
SELECT is(pg_temp.refused(format('{"cart": "%s"}', :'r_cart_code')::jsonb), 'OR409 cart_ordered cart', 'a cart is ordered once');
SELECT is(pg_temp.hinted(format('{"cart": "%s"}', :'r_cart_code')::jsonb), (SELECT jsonb_build_object('order', id, 'number', number) FROM orders WHERE id = :w), 'the refusal has the order of the cart');
SELECT id AS company_cart FROM make_cart(77, 'operator', 'operator', NULL, 'carts', NULL, NULL,
    '{"company": "acme", "agent": "bob", "currency": "IDR", "products": [{"number": "P1", "quantity": 2, "discount": 13000000}]}') \gset
SELECT is(pg_temp.refused(format('{"cart": "%s", "user": "bob"}', :company_cart)::jsonb), 'OR404 cart_not_found cart', 'the cart of a company does not belong to its salesperson');
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "user": "bob"}') AS bobs \gset
SELECT id AS bobs_cart FROM reorder(77, 'customer', 'buyer', 1, 'r', NULL, NULL, pg_temp.uid('bob'), :bobs) \gset
SELECT is((SELECT ROW(k.company_id, k.user_id = pg_temp.uid('bob'), k.code)::text FROM cart k WHERE k.id = :bobs_cart), format('(,t,C%s)', digits(:bobs_cart, 5)), 'the cart of a company is not used for reorders');
SELECT pg_temp.order_it(format('{"cart": "%s", "dialect": "company", "company": "acme", "agent": "bob", "user": null}', :company_cart)::jsonb) AS cc \gset
SELECT is((SELECT discount FROM orders WHERE id = :cc), 13000000::bigint, 'the cart of a company is ordered with its discount');
SELECT is((SELECT ROW(outcome, id <> :r_cart)::text FROM reorder(77, 'customer', 'buyer', pg_temp.uid('alice'), 'reorder', NULL, NULL, pg_temp.uid('alice'), :a)), '(done,t)', 'an order can be added to the next cart');
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}, {"product": "case", "variant": "m"}]}') AS x \gset
SELECT pg_temp.operator_put('products', 'case', '{"name": "Case", "active": false}') \g (format=unaligned) /dev/null
SELECT is((SELECT document::text FROM reorder(77, 'customer', 'buyer', pg_temp.uid('alice'), 'reorder', NULL, NULL, pg_temp.uid('alice'), :x)), '["Case"]', 'the result names products that are no longer sold');
SELECT is(pg_temp.refusal(format('SELECT * FROM reorder(77, ''customer'', ''buyer'', 1, ''r'', NULL, NULL, pg_temp.uid(''alice''), %s)', :p)), 'OR409 product_not_sold', 'an order of plans cannot be reordered');
SELECT is(pg_temp.refusal(format('SELECT * FROM reorder(78, ''customer'', ''buyer'', 1, ''r'', NULL, NULL, pg_temp.uid(''alice''), %s)', :a)), 'OR404 not_found', 'an order of another tenant is not found');

-- Items can be reordered if their product, variant and a price in the currency still exist.
SELECT pg_temp.operator_put('products', t.ref, jsonb_build_object('name', upper(t.ref), 'variants', '[{"ref": "x", "prices": {"TND": 1, "USD": 1}}]'::jsonb))
FROM unnest('{t1,t2,t3}'::text[]) AS t (ref) \g (format=unaligned tuples_only=on) /dev/null
SELECT pg_temp.order_it('{"currency": "TND", "lines": [{"product": "t3"}, {"product": "t1"}, {"product": "t2"}, {"product": "s24", "quantity": 600000}], "shipping": {"price": 5}}') AS left,
       pg_temp.order_it('{"currency": "TND", "lines": [{"product": "s24", "quantity": 600000}]}') AS more, pg_temp.order_it('{"currency": "TND", "lines": [{"product": "t2"}]}') AS none \gset
UPDATE product SET active = false WHERE tenant_id = 77 AND external_ref = 't1';
UPDATE variant v SET active = false FROM product p WHERE p.tenant_id = 77 AND p.external_ref = 't2' AND v.tenant_id = 77 AND v.product_id = p.id;
DELETE FROM variant_price x USING variant v, product p WHERE p.tenant_id = 77 AND p.external_ref = 't3' AND v.tenant_id = 77 AND v.product_id = p.id AND x.tenant_id = 77 AND x.variant_id = v.id AND x.currency = 'TND';
CREATE FUNCTION pg_temp.again(p_order bigint, p_key text DEFAULT NULL) RETURNS SETOF stored LANGUAGE sql AS $$
    SELECT * FROM orders_v1.reorder(77, 'customer', 'buyer', pg_temp.uid('alice'), 'again', p_key, '\x01', pg_temp.uid('alice'), p_order)
$$;
SELECT results_eq(format('SELECT n, outcome, document FROM generate_series(1, 3) AS n, LATERAL pg_temp.again(%s, CASE WHEN n < 3 THEN ''again'' END) ORDER BY n', :left),
    $$VALUES (1, 'done', '["T3", "T1", "T2"]'::jsonb), (2, 'done', '["T3", "T1", "T2"]'), (3, 'unchanged', '["T3", "T1", "T2"]')$$, 'products no longer sold are listed in order, also on repetition');
UPDATE cart SET updated_at = now() - interval '1 hour' WHERE tenant_id = 77;
SELECT id AS tnd_cart FROM pg_temp.again(:more) \gset
SELECT is((SELECT ROW(k.currency, k.updated_at = now(), (SELECT string_agg(q.quantity::text, ' ') FROM cart_line q WHERE q.cart_id = k.id))::text FROM cart k WHERE k.id = :tnd_cart),
    '(TND,t,1000000)', 'the cart has the currency of the order and at most a million items');
CREATE FUNCTION pg_temp.none_left(p_order bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_hint text;
BEGIN
    PERFORM pg_temp.again(p_order);
    RETURN 'done';
EXCEPTION WHEN SQLSTATE 'OR409' THEN
    GET STACKED DIAGNOSTICS v_hint = PG_EXCEPTION_HINT;
    RETURN pg_temp.hint_member(SQLSTATE, v_hint, 'extras');
END
$$;
SELECT is(pg_temp.none_left(:none)::jsonb, '{"products": ["T2"]}', 'without any item that is sold, a reorder is refused');
SELECT nextval('cart_id_seq') + 1 AS next \gset
INSERT INTO cart (tenant_id, id, code, user_id, currency) VALUES (77, :next, 'C' || digits(:next, 5), pg_temp.uid('bob'), 'USD');
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "user": "poor"}') AS z \gset
SELECT is(pg_temp.refusal(format('SELECT * FROM reorder(77, ''customer'', ''buyer'', 1, ''r'', NULL, NULL, pg_temp.uid(''poor''), %s)', :z)), 'no refusal', 'a cart code in use is skipped');
SELECT is((SELECT count(*) FROM cart WHERE tenant_id = 77 AND user_id = pg_temp.uid('poor')), 1::bigint, 'the cart belongs to the buyer');

-- Idempotency keys.
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}]}', 'k1') AS k1 \gset
SELECT is(pg_temp.order_it('{"lines": [{"product": "s24"}]}', 'k1'), :k1::bigint, 'a key places one order');
SELECT pg_temp.order_it('{"lines": [{"product": "s24"}], "payment_channel": "ewallet_gopay"}', 'k2') AS k2 \gset
SELECT is((SELECT ROW(order_id, completed_at)::text FROM idempotency WHERE tenant_id = 77 AND key = 'k2'), format('(%s,)', :k2), 'the key of an external order is unfinished until the intent is known');
UPDATE idempotency SET started_at = started_at - interval '31 seconds' WHERE tenant_id = 77 AND key = 'k2';
SELECT is(pg_temp.order_it('{"lines": [{"product": "s24"}], "payment_channel": "ewallet_gopay"}', 'k2'), :k2::bigint, 'a repetition resumes the order');

-- Labels.
SELECT results_eq('SELECT kind, language, count(*) FROM label GROUP BY kind, language ORDER BY kind, language',
    $$VALUES ('order_status', 'en', 6::bigint), ('order_status', 'id', 6), ('payment_method', 'en', 11), ('payment_method', 'id', 11), ('shipment_status', 'en', 4), ('shipment_status', 'id', 4)$$,
    'every label exists in both languages');
SELECT is((SELECT string_agg(text, ',' ORDER BY text) FROM unnest(labels_of(77, '{en,id}')) WHERE word = 'shipped'), 'Shipped', 'a label has the first requested language that exists');
SELECT is((SELECT text FROM unnest(labels_of(77, '{fr,id}')) WHERE word = 'shipped'), 'Sedang Dikirim', 'otherwise it has the next requested language');
SELECT pg_temp.operator_put('labels', 'x', '{"type": "order_status", "word": "shipped", "language": "FR", "text": "Expédié"}') \g (format=unaligned) /dev/null
SELECT is((SELECT text FROM unnest(labels_of(77, '{fr,id}')) WHERE word = 'shipped'), 'Expédié', 'a tenant adds a language');
SELECT is((SELECT string_agg(language, ',' ORDER BY word) FROM unnest(labels_of(77, '{fr,id}')) WHERE word IN ('paid', 'shipped')), 'id,fr', 'a label states its language');
SELECT pg_temp.operator_put('labels', 'x', '{"type": "order_status", "word": "shipped", "language": "id", "text": "Dikirim"}') \g (format=unaligned) /dev/null
SELECT is((SELECT text FROM unnest(labels_of(77, '{fr,id}')) WHERE word = 'shipped'), 'Dikirim', 'a tenant replaces a label');
SELECT is((SELECT text FROM unnest(labels_of(1, '{id}')) WHERE word = 'shipped'), 'Sedang Dikirim', 'labels of a tenant do not affect other tenants');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
UPDATE stock SET reserved = reserved + 1 WHERE tenant_id = 77 AND counted;
SELECT isnt_empty('SELECT * FROM orders_check.stock_is_held', 'stock that no order holds is reported');
SELECT * FROM finish();
ROLLBACK;
