-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
\ir lib/members.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.goods_line(p_product text, p_quantity integer, p_price text, p_discount text, p_total text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('product', pg_temp.number_of_product(p_product), 'quantity', p_quantity, 'unit_price', p_price, 'discount', p_discount, 'total', p_total)
$$;
CREATE FUNCTION pg_temp.lamps(p_change jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT pg_temp.goods_line('lamp', 2, '22.50', '5.02', '39.98') || p_change
$$;
-- A valid document, with changes to the order, its line or its address.
CREATE FUNCTION pg_temp.of_lamps(p_change jsonb DEFAULT '{}', p_line jsonb DEFAULT '{}', p_address jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('lines', jsonb_build_array(pg_temp.lamps(p_line)), 'total', '39.98', 'address', pg_temp.address() || p_address) || p_change
$$;
CREATE FUNCTION pg_temp.says(p_document jsonb) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.broken_rules(format('SELECT pg_temp.place_it(%L)', p_document)) $$;

SELECT pg_temp.buy('alice', p_method => 'manual') AS o \gset
SELECT is((SELECT category FROM order_view WHERE id = :o), 'plan', 'the category of a plan order is plan');

-- --- goods ----------------------------------------------------------------------------------------------------------------

SELECT pg_temp.place_it(pg_temp.of_lamps()) AS a \gset
SELECT is(pg_temp.states(:a), 'open unpaid pending', 'an order of goods awaits payment and shipping');
SELECT is((SELECT ROW(subtotal, discount, total, api, buyer_id = pg_temp.uid('alice'), payment_method, expires_at)::text FROM orders WHERE id = :a),
    '(4500,502,3998,commerce,t,manual,)', 'the total is the list price less the discount; the payment is manual');
SELECT is((SELECT ROW(kind, quantity, unit_price, list_price, discount, reserved)::text FROM order_line WHERE order_id = :a), '(product,2,2250,2250,502,2)', 'the line reserves its items');
SELECT is((SELECT category FROM order_view WHERE id = :a), 'product', 'the category is product');
SELECT is((SELECT string_agg(kind, ' ' ORDER BY kind) FROM order_address WHERE order_id = :a), 'billing shipping', 'the billing address equals the shipping address');
SELECT is((SELECT document::jsonb FROM order_address WHERE order_id = :a AND kind = 'shipping'),
    '{"given_name": "Ann", "family_name": "Lee", "email": "ann@example.com", "phone": "60123456789", "house": "12", "street": "Jalan Ampang", "city": "Kuala Lumpur",
      "postal_code": "50450", "country": "MY", "state": "10"}'::jsonb, 'the address is stored without surrounding spaces and with upper-case codes');
SELECT is((SELECT status FROM shipment WHERE order_id = :a), 'planned', 'the shipment is planned');
SELECT is((SELECT ROW(category, currency, currency_symbol)::text FROM order_view WHERE id = :a), '(product,USD,$)', 'the order has category and currency symbol');
SELECT is((SELECT count(*)::integer FROM order_view v, unnest(v.addresses) AS x WHERE v.id = :a AND x.id > 0), 2, 'the view numbers the addresses');

-- Numbers in every accepted form.
SELECT is(pg_temp.says(pg_temp.of_lamps(c.change, c.line)), c.says, concat_ws(' ', c.line, c.change, 'is accepted'))
FROM (VALUES
    ('{"total": 39.98}'::jsonb, '{"quantity": "2", "unit_price": 22.5, "discount": 5.020, "total": 39.980000}'::jsonb, 'no refusal'),
    ('{"total": 39.98}', '{"quantity": 2.00}', 'no refusal'),
    ('{"total": " 39.98 "}', '{"unit_price": "22.50000", "total": "039.98"}', 'no refusal')) AS c (change, line, says);
SELECT is((SELECT ROW(on_hand, reserved)::text FROM stock WHERE variant_id = pg_temp.number_of_product('lamp')), '(9,8)', 'each order reserves its items');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.place_it(%L)', pg_temp.of_lamps())), 'OR409 insufficient_stock lines', 'an order above the available stock is refused');
SELECT count_stock(77, 'operator', 'operator', NULL, 'count', NULL, NULL, pg_temp.number_of_product('lamp'), 1000, NULL, NULL) \g (format=unaligned tuples_only=on) /dev/null

-- Tax as configured for the tenant: included in the compared prices, or added to them.
SELECT pg_temp.place_it(jsonb_build_object('lines', jsonb_build_array(pg_temp.goods_line('pen', 3, '1.50', '0', '4.50')), 'total', '4.50')) AS p \gset
SELECT is((SELECT ROW(total, tax)::text FROM orders WHERE id = :p), '(450,62)', 'prices include tax');
UPDATE tenant SET tax_inclusive = false WHERE id = 77;
SELECT pg_temp.place_it(jsonb_build_object('lines', jsonb_build_array(pg_temp.goods_line('pen', 3, '1.50', '0', '4.50')), 'total', '4.50')) AS p \gset
SELECT is((SELECT ROW(total, tax)::text FROM orders WHERE id = :p), '(522,72)', 'tax is added');
UPDATE tenant SET tax_inclusive = true WHERE id = 77;

INSERT INTO tenant (id, name, currency) VALUES (78, 'other', 'USD');
SELECT count(*) FROM catalogue_bulk(78, 'operator', 'operator', NULL, 'put', NULL, NULL, ARRAY['{"kind": "users", "ref": "elsewhere", "name": "E"}',
    '{"kind": "products", "ref": "x", "name": "X", "variants": [{"ref": "x", "prices": {"USD": 2250}}]}']::jsonb[]) \g (format=unaligned) /dev/null

-- --- Every rule for placing -----------------------------------------------------------------------------------------------

SELECT is(pg_temp.says(pg_temp.of_lamps(c.change, c.line, c.address)), c.says, concat_ws(' ', c.change, c.line, c.address, 'gives', c.says))
FROM (VALUES
    ('{"lines": []}'::jsonb, '{}'::jsonb, '{}'::jsonb, 'lines_required total_mismatch'),
    ('{"lines": null}', '{}', '{}', 'lines_required total_mismatch'),
    ('{"lines": {"0": 1}}', '{}', '{}', 'lines_required total_mismatch'),
    ('{"lines": [7], "total": 0}', '{}', '{}', 'product_unknown= quantity_invalid total_mismatch'),
    ('{}', '{"product": 46363}', '{}', 'product_unknown=46363'),
    ('{}', '{"product": "a lamp"}', '{}', 'product_unknown=a lamp'),
    ('{}', '{"product": "0"}', '{}', 'product_unknown=0'),
    ('{}', '{"product": 99999999999999999999}', '{}', 'product_unknown=99999999999999999999'),
    ('{}', '{"product": null}', '{}', 'product_unknown='),
    ('{}', '{"product": {"id": 1}}', '{}', 'product_unknown='),
    ('{}', '{"quantity": 0}', '{}', 'quantity_invalid=0'),
    ('{}', '{"quantity": -1}', '{}', 'quantity_invalid=-1'),
    ('{}', '{"quantity": 1.5}', '{}', 'quantity_invalid=1.5'),
    ('{}', '{"quantity": 1000001}', '{}', 'quantity_invalid=1000001'),
    ('{}', '{"quantity": true}', '{}', 'quantity_invalid'),
    ('{}', '{"quantity": "two"}', '{}', 'quantity_invalid=two'),
    ('{}', '{"unit_price": "22.49"}', '{}', 'unit_price_mismatch=22.50'),
    ('{}', '{"unit_price": "22.501"}', '{}', 'unit_price_mismatch=22.50'),
    ('{}', '{"unit_price": "19.99"}', '{}', 'unit_price_mismatch=22.50'),
    ('{}', '{"unit_price": "1e3"}', '{}', 'unit_price_mismatch=22.50'),
    ('{}', '{"unit_price": null}', '{}', 'unit_price_mismatch=22.50'),
    ('{}', '{"discount": "5.01"}', '{}', 'discount_mismatch=5.02'),
    ('{}', '{"discount": null}', '{}', 'discount_mismatch=5.02'),
    ('{}', '{"discount": "-5.02"}', '{}', 'discount_mismatch=5.02'),
    ('{"total": "45.00"}', '{"discount": 0, "total": "45.00"}', '{}', 'discount_mismatch=5.02 line_total_mismatch=39.98'),
    ('{"total": "39.99"}', '{"total": "39.99"}', '{}', 'line_total_mismatch=39.98'),
    ('{}', '{"total": "39.99"}', '{}', 'line_total_mismatch=39.98 total_mismatch'),
    ('{}', '{"total": "x"}', '{}', 'line_total_mismatch=39.98 total_mismatch'),
    ('{"total": "39.99"}', '{}', '{}', 'total_mismatch'),
    ('{"total": null}', '{}', '{}', 'total_mismatch'),
    ('{"total": [39.98]}', '{}', '{}', 'total_mismatch'),
    ('{"total": 99999999999999999999}', '{}', '{}', 'total_mismatch'),
    ('{"user": "elsewhere"}', '{}', '{}', 'user_unknown'),
    ('{}', '{}', '{"country": "AQ", "state": "", "postal_code": ""}', 'no refusal'),
    ('{}', '{}', '{"country": "AQ", "state": "a\u0007", "postal_code": "any"}', 'state_unknown'),
    ('{}', '{}', '{"country": "AQ", "state": "any", "postal_code": "a\u0007"}', 'postcode_invalid'),
    ('{"user": "nobody"}', '{}', '{}', 'user_unknown'),
    ('{"user": null}', '{}', '{}', 'user_unknown'),
    ('{"user": "off"}', '{}', '{}', 'user_unknown'),
    ('{"user": " alice"}', '{}', '{}', 'user_unknown'),
    ('{"user": "alice "}', '{}', '{}', 'user_unknown'),
    ('{"user": "ALICE"}', '{}', '{}', 'user_unknown'),
    ('{"user": ["alice"]}', '{}', '{}', 'user_unknown'),
    ('{}', '{}', '{"country": "XX"}', 'country_unknown'),
    ('{}', '{}', '{"country": null}', 'country_unknown'),
    ('{}', '{}', '{"state": "XX"}', 'state_unknown'),
    ('{}', '{}', '{"state": 7}', 'state_unknown'),
    ('{}', '{}', '{"postal_code": "504"}', 'postcode_invalid'),
    ('{}', '{}', '{"given_name": ""}', 'given_name_invalid'),
    ('{}', '{}', '{"given_name": "a\u0007"}', 'given_name_invalid'),
    ('{}', '{}', '{"given_name": ["Ann"]}', 'given_name_invalid'),
    ('{}', '{}', '{"family_name": null}', 'family_name_invalid'),
    ('{}', '{}', '{"email": "ann"}', 'email_invalid'),
    ('{}', '{}', '{"email": "a b@example.com"}', 'email_invalid'),
    ('{}', '{}', '{"phone": false}', 'phone_invalid'),
    ('{}', '{}', '{"house": " "}', 'house_invalid'),
    ('{}', '{}', '{"street": null}', 'street_invalid'),
    ('{}', '{}', '{"city": null}', 'city_invalid'),
    ('{"address": null}', '{}', '{}', 'given_name_invalid family_name_invalid email_invalid phone_invalid house_invalid street_invalid city_invalid postcode_invalid country_unknown state_unknown'),
    ('{"address": "here"}', '{}', '{}', 'given_name_invalid family_name_invalid email_invalid phone_invalid house_invalid street_invalid city_invalid postcode_invalid country_unknown state_unknown'),
    ('{"user": "x", "total": 1}', '{"quantity": 0}', '{"country": "XX", "state": ""}', 'quantity_invalid=0 total_mismatch country_unknown state_unknown user_unknown'),
    ('{"payment_method": "shells"}', '{}', '{}', 'OR422 payment_method_unknown'),
    ('{"payment_method": "external"}', '{}', '{}', 'OR422 payment_channel_required'),
    ('{"payment_method": "balance", "payment_channel": "sim"}', '{}', '{}', 'OR422 invalid_field'),
    ('{"payment_method": "manual", "payment_channel": "sim"}', '{}', '{}', 'OR422 invalid_field'),
    ('{"payment_channel": "nowhere"}', '{}', '{}', 'OR422 payment_channel_unknown'),
    ('{"payment_channel": "down"}', '{}', '{}', 'OR422 payment_channel_disabled'),
    ('{"user": "poor", "payment_method": "balance"}', '{}', '{}', 'OR402 insufficient_balance')) AS c (change, line, address, says);
SELECT is(pg_temp.says(pg_temp.of_lamps('{}', '{}', jsonb_build_object('country', 'AQ', 'state', repeat('x', 201), 'postal_code', repeat('x', 201)))), 'postcode_invalid state_unknown', 'the postal code is limited in length');
SELECT is(pg_temp.says(pg_temp.of_lamps('{}', jsonb_build_object('product', (SELECT max(id) FROM variant WHERE tenant_id = 78)))) ~ '^product_unknown=', true, 'a product of another tenant is unknown');
SELECT is(pg_temp.says(pg_temp.of_lamps('{}', jsonb_build_object('product', pg_temp.number_of_product('half')))) ~ '^product_unknown=', true, 'a variant that is not sold is unknown');
SELECT is(pg_temp.says(pg_temp.of_lamps('{}', '{}', jsonb_build_object('street', repeat('x', 201), 'state', '13'))), 'street_invalid', 'a street is limited to 200 characters');
SELECT is(pg_temp.says(pg_temp.of_lamps(jsonb_build_object('lines', (SELECT jsonb_agg(pg_temp.lamps()) FROM generate_series(1, 501))))), 'lines_too_many', 'an order is limited to 500 lines');
SELECT is(pg_temp.says(jsonb_build_object('total', '70.98', 'lines', jsonb_build_array(pg_temp.lamps(c.change), pg_temp.lamps('{"product": 900000000001}'), c.line))), c.says, 'the lines give ' || c.says)
FROM (VALUES ('{"product": 900000000002}'::jsonb, pg_temp.goods_line('off', 1, '0.01', '0', '0.01'), format('product_unknown=900000000002 product_unknown=900000000001 product_unknown=%s total_mismatch', pg_temp.number_of_product('off'))),
             ('{}', pg_temp.goods_line('bronze', 1, '10.00', '0', '10.00'), format('product_unknown=900000000001 package_not_alone=%s total_mismatch', pg_temp.number_of_product('bronze')))) AS c (change, line, says);
SELECT is(pg_temp.says(jsonb_build_object('total', 1, 'lines', jsonb_build_array(pg_temp.goods_line('many', 1, '0.01', '0', '0.01') || jsonb_build_object('product', (
    SELECT max(v.id) FROM variant v JOIN product p ON p.tenant_id = v.tenant_id AND p.id = v.product_id WHERE p.tenant_id = 77 AND p.external_ref = 'many'))))) ~ '^product_unknown=', true,
    'a product without a price in the currency of the tenant is not sold');
UPDATE variant_price SET price = 10000000000000, list_price = NULL WHERE variant_id = pg_temp.number_of_product('lamp') AND currency = 'USD';
SELECT is(pg_temp.says(pg_temp.of_lamps('{}', '{"quantity": 1000000}')), 'quantity_invalid=1000000', 'a quantity beyond the maximum amount is refused');
UPDATE variant_price SET price = 1999, list_price = 2250 WHERE variant_id = pg_temp.number_of_product('lamp') AND currency = 'USD';
SELECT is((SELECT count(*)::integer FROM orders WHERE tenant_id = 77 AND buyer_id = pg_temp.uid('poor')), 0, 'a refused order is not stored');

-- A currency without decimals, and one with three.
INSERT INTO variant_price (tenant_id, variant_id, currency, price) SELECT 77, pg_temp.number_of_product('pen'), c.currency, c.price FROM (VALUES ('JPY', 150), ('TND', 1250)) AS c (currency, price);
UPDATE tenant SET currency = 'JPY' WHERE id = 77;
SELECT is(pg_temp.says(jsonb_build_object('total', '150.0', 'lines', jsonb_build_array(pg_temp.goods_line('pen', 1, '150', '0', '150.00')))), 'no refusal', 'yen accept decimals that are 0');
SELECT is(pg_temp.says(jsonb_build_object('total', '150', 'lines', jsonb_build_array(pg_temp.goods_line('pen', 1, '150.5', '0', '150')))), 'unit_price_mismatch=150', 'yen have no decimals');
UPDATE tenant SET currency = 'TND' WHERE id = 77;
SELECT is(pg_temp.says(jsonb_build_object('total', '2.5', 'lines', jsonb_build_array(pg_temp.goods_line('pen', 2, '1.250', '0', '2.500')))), 'no refusal', 'dinars have three decimals');
SELECT is(pg_temp.says(jsonb_build_object('total', '2.5', 'lines', jsonb_build_array(pg_temp.goods_line('pen', 2, '1.25', '0', '2.499')))), 'line_total_mismatch=2.500 total_mismatch', 'sums in dinars have three decimals');
SELECT is(pg_temp.says(jsonb_build_object('total', '2.5', 'lines', jsonb_build_array(pg_temp.goods_line('pen', 2, '9999999999999999.5', '0', '2.500')))), 'unit_price_mismatch=1.250', 'a dinar price with a fourth decimal is refused');
UPDATE tenant SET currency = 'USD' WHERE id = 77;

-- --- Idempotency keys -----------------------------------------------------------------------------------------------------

SELECT pg_temp.place_it(pg_temp.of_lamps(), now(), 'k1') AS k \gset
SELECT is(pg_temp.place_it(pg_temp.of_lamps(), now(), 'k1'), :k::bigint, 'a key places one order');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.place_it(%L, now(), ''k1'')', pg_temp.of_lamps('{"a": 1}'))), 'OR422 idempotency_key_reused idempotency_key', 'a different request with the key is refused');
SELECT pg_temp.place_it(pg_temp.of_lamps('{"payment_channel": "sim"}'), now(), 'k2') AS k \gset
SELECT is((SELECT ROW(payment_method, payment_channel, expires_at > now())::text FROM orders WHERE id = :k), '(external,sim,t)', 'a channel without a method is sufficient');
SELECT is((SELECT answer IS NULL FROM idempotency WHERE key = 'k2'), true, 'its response is not final before the intent is created');

-- --- Every rule for renewals and upgrades ---------------------------------------------------------------------------------

SELECT pg_temp.put_member('alice', '{"placed_at": "2020-01-01T00:00:00Z", "package": "bronze", "starts_at": "2027-05-01T00:00:00Z", "ends_at": "2027-06-01T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT pg_temp.top_up('alice', 1000000) \g (format=unaligned) /dev/null
\set t '\'2027-05-15T00:00:00Z\''
-- The valid requests that the following tests change.
SELECT is(pg_temp.rules('renewal', 'alice', 'bronze', '10.00', '10.00', '0', :t), 'no refusal', 'a renewal is accepted');
SELECT pg_temp.drop_it(NULL, (SELECT max(id) FROM orders WHERE tenant_id = 77), 'operator') \g (format=unaligned) /dev/null
SELECT is(pg_temp.rules('upgrade', 'alice', 'silver', '20.00', '15.00', '5.00', :t), 'no refusal', 'an upgrade is accepted');
SELECT pg_temp.drop_it(NULL, (SELECT max(id) FROM orders WHERE tenant_id = 77), 'operator') \g (format=unaligned) /dev/null

SELECT is(pg_temp.rules(c.type, c.who, c.package, c.price, c.total, c.discount, c.at::timestamptz), c.says, concat_ws(' ', c.type, c.package, c.price, c.total, c.discount, 'gives', c.says))
FROM (VALUES
    ('renewal', 'alice', 'off', '0.01', '0.01', '0', :t, format('product_unknown=%s', pg_temp.number_of_product('off'))),
    ('upgrade', 'alice', 'retired', '890.00', '890.00', '0', :t, format('product_unknown=%s', pg_temp.number_of_product('retired'))),
    ('renewal', 'nobody', 'bronze', '10.00', '10.00', '0', :t, 'user_unknown'),
    ('renewal', 'alice', 'silver', '30.00', '25.00', '5.00', :t, 'renewal_of_another'),
    ('renewal', 'alice', 'pen', '1.50', '1.50', '0', :t, 'renewal_of_another'),
    ('upgrade', 'alice', 'bronze', '10.00', '10.00', '0', :t, 'same_package'),
    ('upgrade', 'alice', 'fortnight', '5.00', '5.00', '0', :t, 'not_an_upgrade'),
    ('upgrade', 'alice', 'pen', '1.50', '1.50', '0', :t, 'not_an_upgrade'),
    ('upgrade', 'alice', 'peer', '40.00', '40.00', '0', :t, 'not_an_upgrade'),
    ('upgrade', 'alice', 'odd', '60.00', '60.00', '0', :t, 'not_an_upgrade'),
    ('upgrade', 'alice', 'bronze', '10.00', '10.00', '0', '2027-06-02T00:00:00Z', 'not_an_upgrade'),
    ('upgrade', 'alice', 'cheap', '10.00', '10.00', '0', :t, 'not_an_upgrade'),
    ('upgrade', 'alice', 'silver', '20.00', '15.00', '5.00', '2027-06-01T00:00:00Z', 'not_an_upgrade'),
    ('renewal', 'alice', 'bronze', '10.00', '0.00', '10.00', :t, 'discount_mismatch=0.00 discount_not_below'),
    ('renewal', 'alice', 'bronze', '10.00', '-1.00', '11.00', :t, 'discount_mismatch=0.00 discount_not_below'),
    ('renewal', 'alice', 'bronze', '10.00', '9.99', '0', :t, 'order_total_mismatch'),
    ('renewal', 'alice', 'bronze', '10.00', 'ten', '0', :t, 'order_total_mismatch'),
    ('renewal', 'alice', 'bronze', '9.00', '9.00', '0', :t, 'unit_price_mismatch=10.00'),
    ('upgrade', 'alice', 'silver', '30.00', '25.00', '5.00', :t, 'unit_price_mismatch=20.00'),
    ('upgrade', 'alice', 'silver', '20.00', '20.00', '0', :t, 'discount_mismatch=5.00'),
    ('renewal', 'alice', 'bronze', '10.00', '10.00', '0', '2027-05-01T23:59:59Z', 'package_active'),
    ('downgrade', 'alice', 'bronze', '10.00', '10.00', '0', :t, 'type_unknown'),
    ('', 'alice', 'bronze', '10.00', '10.00', '0', :t, 'type_unknown')) AS c (type, who, package, price, total, discount, at, says);
SELECT is(pg_temp.broken_rules(format('SELECT pg_temp.step_it(%L, %s)', pg_temp.step_of('renewal', 'alice', 'bronze', '10.00', '10.00', '0') || jsonb_build_object('address', pg_temp.address() || c.change),
    quote_literal(:t))), c.says, concat('an address with ', c.change, ' gives ', c.says))
FROM (VALUES ('{"postal_code": "5045"}'::jsonb, 'postcode_invalid'), ('{"state": "XX"}', 'state_unknown'), ('{"given_name": ""}', 'given_name_invalid'), ('{"family_name": ""}', 'family_name_invalid'),
             ('{"country": "XX"}', 'country_unknown')) AS c (change, says);
SELECT is(pg_temp.broken_rules(format('SELECT pg_temp.step_it(%L, %s, 13)', pg_temp.step_of('renewal', 'alice', 'bronze', '10.00', '10.00', '0'), quote_literal(:t))), 'package_active', 'the renewal window is that of the call, 13 days');
SELECT is(pg_temp.broken_rules(format('SELECT pg_temp.step_it(%L, %s, 40)', pg_temp.step_of('renewal', 'alice', 'bronze', '10.00', '10.00', '0'), quote_literal('2027-04-28T00:00:00Z'))), 'package_active',
    'a renewal is accepted at most one period before the end, whatever the window');
SELECT is(pg_temp.broken_rules(format('SELECT pg_temp.step_it(%L, %s)', pg_temp.step_of('renewal', 'alice', 'bronze', '10.00', '10.00', '0') - 'discount' || '{"total": "9.00"}', quote_literal(:t))), 'order_total_mismatch',
    'a missing discount counts as 0');
SELECT is(pg_temp.broken_rules(format('SELECT pg_temp.step_it(%L)', '{"address": 1, "user": "x"}')),
    'product_unknown= given_name_invalid family_name_invalid email_invalid phone_invalid house_invalid street_invalid city_invalid postcode_invalid country_unknown state_unknown user_unknown order_total_mismatch type_unknown',
    'all errors are returned at once');
SELECT is(pg_temp.rules('upgrade', 'alice', 'forever', '490.00', '490.00', '0', :t), 'no refusal', 'an upgrade to the highest package is accepted');
SELECT pg_temp.drop_it(NULL, (SELECT max(id) FROM orders WHERE tenant_id = 77), 'operator') \g (format=unaligned) /dev/null

-- A member with the highest package.
SELECT pg_temp.member('high') \g (format=unaligned) /dev/null
SELECT pg_temp.put_member('high', '{"placed_at": "2020-01-01T00:00:00Z", "package": "forever", "starts_at": "2027-01-01T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT is(pg_temp.rules('upgrade', 'high', 'gold', '100.00', '100.00', '0', :t), 'not_an_upgrade', 'an upgrade to a package of lower rank is refused');
SELECT is(pg_temp.rules('renewal', 'high', 'forever', '500.00', '500.00', '0', :t), 'package_active', 'a package without an end is not renewed');

-- A member without a package, a member who is not placed, and a member with an automatic upgrade.
SELECT pg_temp.member('new') \g (format=unaligned) /dev/null
SELECT is(pg_temp.rules('upgrade', 'new', 'bronze', '10.00', '10.00', '0', :t), 'not_an_upgrade', 'a member without a package cannot upgrade');
SELECT is(pg_temp.rules('renewal', 'new', 'bronze', '10.00', '10.00', '0', :t), 'renewal_of_another', 'a member without a package cannot renew');
SELECT pg_temp.put_member('new', '{"package": "bronze", "starts_at": "2027-05-01T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT is(pg_temp.rules('renewal', 'new', 'bronze', '10.00', '10.00', '0', :t), 'member_not_placed', 'a member who is not placed cannot renew');
SELECT is(pg_temp.rules('upgrade', 'new', 'silver', '20.00', '15.00', '5.00', :t), 'member_not_placed', 'a member who is not placed cannot upgrade');
SELECT is(pg_temp.rules('renewal', 'poor', 'bronze', '10.00', '10.00', '0', :t), 'member_not_placed renewal_of_another', 'a user who is not a member counts as not placed');
SELECT pg_temp.put_member('new', '{"placed_at": "2020-01-01T00:00:00Z", "auto_upgrade_at": "2027-05-10T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT is(pg_temp.rules(c.type, 'new', c.package, c.price, c.total, c.discount, :t), 'auto_upgrade_pending', c.type || ' is refused while an automatic upgrade is pending')
FROM (VALUES ('renewal', 'bronze', '10.00', '10.00', '0'), ('upgrade', 'silver', '20.00', '15.00', '5.00')) AS c (type, package, price, total, discount);
SELECT pg_temp.put_member('new', '{"placed_at": "2020-01-01T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT is(pg_temp.rules('renewal', 'new', 'bronze', '10.00', '10.00', '0', :t), 'no refusal', 'a revoked automatic upgrade does not block a renewal');
SELECT max(id) AS u FROM orders WHERE tenant_id = 77 \gset

-- One pending package order per member: unpaid, confirming, in processing, or with an open refund.
SELECT is(pg_temp.rules('renewal', 'new', 'bronze', '10.00', '10.00', '0', :t), 'package_unpaid', 'an unpaid order blocks a renewal');
SELECT is(pg_temp.rules('upgrade', 'new', 'silver', '20.00', '15.00', '5.00', :t), 'package_unpaid', 'an unpaid order blocks an upgrade');
SELECT is(pg_temp.broken_rules(format('SELECT pg_temp.join_it(''new'', ''gold'', ''100.00'', %L)', '2028-01-01')), 'package_unpaid', 'an unpaid order blocks a purchase');
UPDATE orders SET payment_state = 'failed' WHERE id = :u;
SELECT is(pg_temp.rules('renewal', 'new', 'bronze', '10.00', '10.00', '0', :t), 'package_unpaid', 'an order with a failed payment blocks a renewal');
UPDATE orders SET payment_state = 'confirming' WHERE id = :u;
SELECT is(pg_temp.rules('renewal', 'new', 'bronze', '10.00', '10.00', '0', :t), 'package_confirming', 'an order whose payment is being confirmed blocks a renewal');
UPDATE orders SET payment_state = 'unpaid' WHERE id = :u;
SELECT pg_temp.let_expire(:u, now() - interval '1 second') \g (format=unaligned) /dev/null
SELECT is(pg_temp.rules('renewal', 'new', 'bronze', '10.00', '10.00', '0', :t), 'no refusal', 'an expired order does not block a renewal');
SELECT pg_temp.drop_it(NULL, (SELECT max(id) FROM orders WHERE tenant_id = 77), 'operator') \g (format=unaligned) /dev/null
SELECT pg_temp.let_expire(:u, NULL) \g (format=unaligned) /dev/null
SELECT pg_temp.put_member('new', '{"placed_at": "2020-01-01T00:00:00Z", "package": "gold", "starts_at": "2027-05-01T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT pg_temp.pay(:u) \g (format=unaligned) /dev/null
SELECT is(pg_temp.rules('renewal', 'new', 'gold', '100.00', '100.00', '0', '2028-04-15T00:00:00Z'), 'package_processing', 'a paid order in processing blocks a renewal');
SELECT is(pg_temp.rules('upgrade', 'new', 'forever', '400.00', '400.00', '0', :t), 'package_processing', 'a paid order in processing blocks an upgrade');
SELECT is(pg_temp.create_refunds(:u), 'done', 'the order in processing is refunded');
SELECT is(pg_temp.rules('renewal', 'new', 'gold', '100.00', '100.00', '0', '2028-04-15T00:00:00Z'), 'no refusal', 'a refunded order does not block a renewal');
SELECT max(id) AS u FROM orders WHERE tenant_id = 77 \gset
SELECT pg_temp.drop_it(NULL, :u, 'operator') \g (format=unaligned) /dev/null
SELECT pg_temp.renew('new', 'gold', '100.00', '2028-04-15T00:00:00Z', 'external') AS u \gset
SELECT pg_temp.hear('r1', 'paid', :u, 10000, 'T9') \g (format=unaligned) /dev/null
SELECT pg_temp.create_refunds(:u, 1000) \g (format=unaligned) /dev/null
SELECT is(pg_temp.states(:u), 'completed refund_pending none', 'a refund is pending');
SELECT is(pg_temp.rules('upgrade', 'new', 'forever', '400.00', '400.00', '0', '2028-04-20T00:00:00Z'), 'refund_open', 'a pending refund blocks an upgrade');
SELECT is(pg_temp.rules('renewal', 'new', 'gold', '100.00', '100.00', '0', '2029-04-20T00:00:00Z'), 'refund_open', 'a pending refund blocks a renewal');
SELECT outcome FROM settle_refund(77, 'worker', 'provider', NULL, 'settle', NULL, NULL, (SELECT max(id) FROM refund WHERE order_id = :u), 'R9', true, NULL, NULL) \g (format=unaligned) /dev/null
SELECT is(pg_temp.rules('upgrade', 'new', 'forever', '400.00', '400.00', '0', '2028-04-20T00:00:00Z'), 'no refusal', 'a completed partial refund does not block an upgrade');
SELECT pg_temp.drop_it(NULL, (SELECT max(id) FROM orders WHERE tenant_id = 77), 'operator') \g (format=unaligned) /dev/null
INSERT INTO order_return (tenant_id, order_id, reason) VALUES (77, :u, 'x');
SELECT is(pg_temp.rules('upgrade', 'new', 'forever', '400.00', '400.00', '0', '2028-04-20T00:00:00Z'), 'refund_open', 'a requested return blocks an upgrade');
UPDATE order_return SET state = 'rejected' WHERE order_id = :u;
SELECT is(pg_temp.rules('upgrade', 'new', 'forever', '400.00', '400.00', '0', '2028-04-20T00:00:00Z'), 'no refusal', 'a rejected return does not block an upgrade');
DELETE FROM order_return WHERE order_id = :u;

-- Purchases.
SELECT pg_temp.member('max'), pg_temp.put_member('max', '{"placed_at": "2020-01-01T00:00:00Z", "auto_upgrade_at": "2027-05-10T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT pg_temp.join_it('max', 'bronze', '10.00', now(), 'external') AS u \gset
SELECT pg_temp.hear('m1', 'paid', :u, 1000, 'M1'), pg_temp.create_refunds(:u) \g (format=unaligned) /dev/null
SELECT is(pg_temp.states(:u), 'completed refund_pending none', 'an order has a pending refund');
SELECT is(pg_temp.broken_rules(format('SELECT pg_temp.join_it(''max'', ''gold'', ''100.00'', %L, ''manual'')', now() + interval '1 year')), 'no refusal', 'a pending refund does not block a purchase');
SELECT is(pg_temp.broken_rules(format('SELECT pg_temp.join_it(''alice'', ''gold'', ''100.00'', %s)', quote_literal(:t))), 'package_active', 'an active package blocks a purchase');
SELECT is(pg_temp.broken_rules('SELECT pg_temp.join_it(''alice'', ''gold'', ''100.00'', ''2027-06-01T00:00:00Z'')'), 'no refusal', 'an ended package does not block a purchase');
SELECT is(pg_temp.says(jsonb_build_object('total', '20.00', 'lines', jsonb_build_array(pg_temp.goods_line('bronze', 2, '10.00', '0', '20.00')))), 'quantity_invalid=2', 'the quantity of a package is 1');
SELECT is(pg_temp.broken_rules('SELECT pg_temp.join_it(''poor'', ''bronze'', ''10.00'', now(), ''manual'')'), 'no refusal', 'a member who is not placed can buy a first package');
SELECT is(pg_temp.broken_rules('SELECT pg_temp.join_it(''poor'', ''bronze'', ''10.00'', now(), ''manual'')'), 'package_unpaid', 'an unpaid order blocks another purchase');

-- Idempotency keys of renewals and upgrades.
SELECT pg_temp.member('ken'), pg_temp.put_member('ken', '{"placed_at": "2020-01-01T00:00:00Z", "package": "bronze", "starts_at": "2027-05-01T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT pg_temp.step_it(pg_temp.step_of('renewal', 'ken', 'bronze', '10.00', '10.00', '0') || '{"payment_method": "balance"}', :t, 30, 's1') AS k \gset
SELECT is(pg_temp.step_it(pg_temp.step_of('renewal', 'ken', 'bronze', '10.00', '10.00', '0') || '{"payment_method": "balance"}', :t, 30, 's1'), :k::bigint, 'a key renews once');
SELECT is((SELECT count(*)::integer FROM package_term WHERE tenant_id = 77 AND user_id = pg_temp.uid('ken') AND order_id IS NOT NULL), 1, 'the renewal adds one term');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
