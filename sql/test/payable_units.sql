-- SPDX-License-Identifier: Apache-2.0
-- A channel that does not accept every minor unit of a currency: totals, refunds and shares of lines are multiples of its unit.
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.operator_put(k.kind, k.ref, k.document)
FROM (VALUES
    (1, 'payment-channels', 'paypal', '{"provider": "paypal"}'::jsonb),
    (2, 'payment-channels', 'rounds', '{"provider": "simulator", "payable_units": {"HUF": 500}}'),
    (3, 'payment-channels', 'cents', '{"provider": "paypal", "payable_units": {"HUF": 1}}'),
    (4, 'products', 'jar', '{"name": "Jar", "returnable": true, "variants": [{"ref": "v", "stock": 1000, "prices": {"HUF": 100000, "TWD": 10000, "JPY": 1000, "USD": 1001}}]}'),
    (5, 'products', 'pin', '{"name": "Pin", "returnable": true, "variants": [{"ref": "v", "prices": {"HUF": 30, "USD": 1}}]}'),
    (6, 'plans', 'forint', '{"name": "Forint", "price": 99950, "currency": "HUF"}'),
    (7, 'coupons', 'third', '{"code": "THIRD", "percent_bp": 3333}')
) AS k (n, kind, ref, document) ORDER BY k.n \g (format=unaligned tuples_only=on) /dev/null

CREATE FUNCTION pg_temp.buy_jars(p_more jsonb, p_currency text DEFAULT 'HUF', p_channel text DEFAULT 'paypal') RETURNS bigint LANGUAGE sql AS $$
    SELECT ("order").id FROM orders_v1.place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL, jsonb_build_object(
        'dialect', 'shop', 'user', 'bob', 'payment_channel', p_channel, 'currency', p_currency) || p_more, 900)
$$;
-- An event of the provider about the newest payment of an order.
CREATE FUNCTION pg_temp.captured(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT x.outcome FROM orders.payment p, LATERAL orders_v1.apply_provider_event(77, p.channel, gen_random_uuid()::text, 'paid', p.provider_key, NULL,
        gen_random_uuid()::text, p.amount, p.currency, NULL, NULL) AS x
    WHERE p.tenant_id = 77 AND p.id = pg_temp.payment_of(p_order)
$$;
CREATE FUNCTION pg_temp.end_refund(p_order bigint, p_ok boolean DEFAULT true) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.settle_refund(77, 'worker', 'provider', NULL, NULL, NULL, NULL, (
        SELECT min(id) FROM orders.refund WHERE tenant_id = 77 AND order_id = p_order AND status = 'pending'),
        CASE WHEN p_ok THEN gen_random_uuid()::text END, p_ok, NULL, NULL)
$$;
CREATE FUNCTION pg_temp.jar(p_order bigint, p_quantity integer, p_title text DEFAULT 'Jar') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_array(jsonb_build_object('id', id, 'quantity', p_quantity)) FROM orders.order_line
    WHERE tenant_id = 77 AND order_id = p_order AND title = p_title ORDER BY id LIMIT 1
$$;
CREATE FUNCTION pg_temp.refunds(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(amount || ' ' || status, ', ' ORDER BY id) FROM orders.refund WHERE tenant_id = 77 AND order_id = p_order
$$;

-- Three jars at 1000.00 less 100.00; one is refunded.
SELECT pg_temp.buy_jars('{"lines": [{"product": "jar", "quantity": 3, "discount": 10000}]}') AS a \gset
SELECT is((SELECT payable_unit FROM payment WHERE order_id = :a), 100::bigint, 'PayPal accepts only whole forints');
SELECT pg_temp.captured(:a) \g (format=unaligned) /dev/null
SELECT is(pg_temp.create_refunds(:a, NULL, pg_temp.jar(:a, 1)), 'done', 'one of three items is refunded');
SELECT is(pg_temp.refunds(:a), '96600 pending', 'the refund is a whole number of forints');
SELECT pg_temp.end_refund(:a), pg_temp.create_refunds(:a, NULL, pg_temp.jar(:a, 1)) \g (format=unaligned) /dev/null
SELECT is(pg_temp.refunds(:a), '96600 done, 96700 pending', 'the remainder is added to the next refund');
SELECT pg_temp.end_refund(:a), pg_temp.create_refunds(:a, NULL, pg_temp.jar(:a, 1)), pg_temp.end_refund(:a) \g (format=unaligned) /dev/null
SELECT is(pg_temp.refunds(:a), '96600 done, 96700 done, 96700 done', 'the last item is refunded');
SELECT is((SELECT payment_state || ' ' || refunded FROM orders WHERE id = :a), 'refunded 290000', 'the refunds add up exactly');

-- A discount split over lines: the amounts of the lines are not whole forints, but their sum is.
SELECT pg_temp.buy_jars('{"lines": [{"product": "jar"}, {"product": "jar", "quantity": 2, "discount": 3333}, {"product": "jar", "discount": 6667}]}') AS b \gset
SELECT pg_temp.captured(:b) \g (format=unaligned) /dev/null
SELECT array_agg(id ORDER BY id) AS lines FROM order_line WHERE order_id = :b AND kind = 'product' \gset
SELECT is(pg_temp.create_refunds(:b, NULL, jsonb_build_array(jsonb_build_object('id', (:'lines'::bigint[])[3]))), 'done', 'a line of 933.33 is refunded');
SELECT pg_temp.end_refund(:b, false) \g (format=unaligned) /dev/null
SELECT is(pg_temp.refunds(:b), '93300 failed', 'the refund of 933 fails');
SELECT pg_temp.create_refunds(:b, NULL, jsonb_build_array(jsonb_build_object('id', (:'lines'::bigint[])[2]))), pg_temp.end_refund(:b),
       pg_temp.create_refunds(:b, NULL, jsonb_build_array(jsonb_build_object('id', (:'lines'::bigint[])[3]))), pg_temp.end_refund(:b),
       pg_temp.create_refunds(:b, NULL, jsonb_build_array(jsonb_build_object('id', (:'lines'::bigint[])[1]))), pg_temp.end_refund(:b) \g (format=unaligned) /dev/null
SELECT is(pg_temp.refunds(:b), '93300 failed, 196600 done, 93400 done, 100000 done', 'the other lines are refunded in any order');
SELECT is((SELECT payment_state || ' ' || refunded FROM orders WHERE id = :b), 'refunded 390000', 'the refunds add up exactly');

-- Refunds by amount.
SELECT pg_temp.buy_jars('{"lines": [{"product": "jar"}]}') AS c \gset
SELECT pg_temp.captured(:c) \g (format=unaligned) /dev/null
SELECT is(pg_temp.refusal(format('SELECT pg_temp.create_refunds(%s, 150)', :c)), 'OR422 amount_not_payable amount', 'an amount that is not a multiple of the unit is refused');
SELECT is(pg_temp.hint(format('SELECT pg_temp.create_refunds(%s, 150)', :c)), '{"unit": 100, "currency": "HUF"}', 'the refusal has the unit');
SELECT is(pg_temp.create_refunds(:c, 200), 'done', 'a multiple of the unit is accepted');
SELECT pg_temp.end_refund(:c) \g (format=unaligned) /dev/null
SELECT is(pg_temp.create_refunds(:c), 'done', 'a refund of the rest is accepted');

-- An item whose amount is less than the unit.
SELECT pg_temp.buy_jars('{"lines": [{"product": "pin", "quantity": 10}]}') AS d \gset
SELECT pg_temp.captured(:d) \g (format=unaligned) /dev/null
SELECT is(pg_temp.refusal(format('SELECT pg_temp.create_refunds(%s, NULL, %L)', :d, pg_temp.jar(:d, 3, 'Pin'))), 'OR422 amount_not_payable lines', 'an amount below the unit is refused');
SELECT is(pg_temp.create_refunds(:d, NULL, pg_temp.jar(:d, 4, 'Pin')), 'done', 'several such items together are refunded');
SELECT is(pg_temp.refunds(:d), '100 pending', 'the refund is a multiple of the unit');
SELECT pg_temp.end_refund(:d), pg_temp.create_refunds(:d, NULL, pg_temp.jar(:d, 6, 'Pin')) \g (format=unaligned) /dev/null
SELECT is(pg_temp.refunds(:d), '100 done, 200 pending', 'the refunds add up exactly');

-- A return.
SELECT pg_temp.buy_jars('{"lines": [{"product": "jar", "quantity": 3, "discount": 10000}]}') AS r \gset
SELECT pg_temp.captured(:r) \g (format=unaligned) /dev/null
SELECT count(*) FROM advance(77, 'operator', 'operator', NULL, 'advance', NULL, NULL, :r, 'packed', NULL, NULL, NULL, NULL) AS x,
    LATERAL ship(77, 'operator', 'operator', NULL, 'ship', NULL, NULL, x.id, '{}', NULL) AS y \g (format=unaligned) /dev/null
SELECT count(*) FROM advance(77, 'operator', 'operator', NULL, 'advance', NULL, NULL, :r, 'delivered', NULL, NULL, NULL, NULL) \g (format=unaligned) /dev/null
SELECT id AS ret FROM request_return(77, 'operator', 'operator', NULL, 'return', NULL, NULL, NULL, :r, pg_temp.jar(:r, 1), 'broken', 30, NULL) \gset
SELECT x.outcome FROM unnest('{approve,receive,refund}'::text[]) AS s, LATERAL resolve_return(77, 'operator', 'operator', NULL, 'return', NULL, NULL, :ret, s, NULL, NULL) AS x
    \g (format=unaligned) /dev/null
SELECT is((SELECT r.amount FROM order_view v, unnest(v.returns) AS r WHERE v.id = :r), 96600::bigint, 'a return is refunded by a multiple of the unit');
SELECT pg_temp.end_refund(:r) \g (format=unaligned) /dev/null
SELECT is((SELECT payment_state || ' ' || refunded FROM orders WHERE id = :r), 'partially_refunded 96600', 'the order is partially refunded');

-- The total of a new order must be a multiple of the unit.
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy_jars('{"lines": [{"product": "jar", "discount": 50}]}')$$), 'OR422 amount_not_payable payment_channel', 'a total that is not a multiple of the unit is refused');
SELECT is(pg_temp.hint($$SELECT pg_temp.buy_jars('{"lines": [{"product": "jar", "discount": 50}]}')$$), '{"unit": 100, "total": 99950, "currency": "HUF"}', 'the refusal has the unit');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy_jars('{"voucher": "THIRD", "lines": [{"product": "jar", "discount": 50}]}')$$), 'OR422 amount_not_payable payment_channel', 'the total after the discount counts');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('bob', 'forint', 'external', p_channel => 'paypal')$$), 'OR422 amount_not_payable payment_channel', 'the rule applies to every API');
SELECT isnt(pg_temp.buy('bob', 'forint', 'manual'), NULL, 'a manual payment has no unit');
SELECT isnt(pg_temp.buy_jars('{"lines": [{"product": "jar", "discount": 50}]}', p_channel => 'sim'), NULL, 'another provider accepts every minor unit');
SELECT isnt(pg_temp.buy_jars('{"lines": [{"product": "jar", "discount": 50}]}', p_channel => 'cents'), NULL, 'the unit of a channel overrides that of its provider');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy_jars('{"lines": [{"product": "jar", "discount": 100}]}', p_channel => 'rounds')$$), 'OR422 amount_not_payable payment_channel', 'a channel can have its own unit');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy_jars('{"lines": [{"product": "jar", "discount": 50}]}', 'TWD')$$), 'OR422 amount_not_payable payment_channel', 'PayPal accepts only whole Taiwan dollars');
SELECT isnt(pg_temp.buy_jars('{"lines": [{"product": "jar", "discount": 1}]}', 'JPY'), NULL, 'any amount in JPY is accepted, because the currency has no decimals');
SELECT isnt(pg_temp.buy_jars('{"lines": [{"product": "jar"}]}', 'USD'), NULL, 'PayPal accepts cents in USD');
UPDATE currency SET exponent = 3 WHERE code = 'HUF';
SELECT is(payable_unit(77, 'paypal', 'HUF', 3), 1000::bigint, 'the unit follows the exponent of the currency');
UPDATE currency SET exponent = 2 WHERE code = 'HUF';
SELECT is(pg_temp.refusal($$SELECT pg_temp.operator_put('payment-channels', 'bad', '{"payable_units": {"HUF": 0}}')$$), 'OR422 invalid_field payable_units.HUF', 'a unit of 0 is refused');
SELECT is(pg_temp.refusal($$SELECT pg_temp.operator_put('payment-channels', 'bad', '{"payable_units": {"HUF": 1.5}}')$$), 'OR422 invalid_field payable_units.HUF', 'a unit that is not an integer is refused');
SELECT pg_temp.operator_put('payment-channels', 'exact', '{"payable_units": {"HUF": 5e2, "USD": 1.0}}') \g (format=unaligned) /dev/null
SELECT is((SELECT payable_units FROM orders.payment_channel WHERE tenant_id = 77 AND external_ref = 'exact')::text, '{"HUF": 500, "USD": 1}', 'units in any notation of a number are stored as integers');
SELECT is(pg_temp.refusal($$SELECT pg_temp.operator_put('payment-channels', 'bad', '{"payable_units": {"XXX": 5}}')$$), 'OR422 invalid_field payable_units.XXX', 'a unit for an unknown currency is refused');

-- A second payment after a failure and a surplus payment have the unit of the first payment.
SELECT pg_temp.buy_jars('{"lines": [{"product": "jar"}]}') AS e \gset
SELECT pg_temp.payment_of(:e) AS e1 \gset
SELECT (payment).id AS e2 FROM start_payment(77, :e, :e1, 'gone') \gset
SELECT is((SELECT payable_unit FROM payment WHERE id = :e2), 100::bigint, 'a second payment has the same unit');
SELECT pg_temp.captured(:e) \g (format=unaligned) /dev/null
SELECT is(pg_temp.broken(format('UPDATE payment SET payable_unit = 700 WHERE id = %s', :e2)), 'payment_amount_is_payable', 'every payment is payable');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
