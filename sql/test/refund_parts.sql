-- SPDX-License-Identifier: Apache-2.0
-- A refund by lines that is split over several payments: each refund has its own share of the lines.
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.operator_put('products', 'jar', '{"name": "Jar", "returnable": true, "variants": [{"ref": "v", "stock": 100, "prices": {"USD": 1000}}]}'),
       pg_temp.operator_put('products', 'lid', '{"name": "Lid", "returnable": true, "variants": [{"ref": "v", "stock": 100, "prices": {"USD": 100}}]}') \g (format=unaligned) /dev/null

-- Three jars less a discount of 100, and a lid, for 3000: two payments through a provider, 1200 and 1800.
CREATE FUNCTION pg_temp.split_tender() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_order bigint := (SELECT ("order").id FROM orders_v1.place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL,
        '{"dialect": "shop", "user": "bob", "payment_channel": "sim",
          "lines": [{"product": "jar", "quantity": 3, "discount": 100}, {"product": "lid"}]}', 900));
BEGIN
    PERFORM pg_temp.hear('first' || v_order, 'paid', v_order, 3000, 'first' || v_order);
    UPDATE orders.payment SET amount = 1200, captured = 1200 WHERE tenant_id = 77 AND order_id = v_order;
    INSERT INTO orders.payment (tenant_id, order_id, method, channel, provider, status, amount, currency, captured, captured_at)
    VALUES (77, v_order, 'external', 'sim', 'simulator', 'paid', 1800, 'USD', 1800, now());
    RETURN v_order;
END
$$;
CREATE FUNCTION pg_temp.pieces(p_order bigint, p_jars integer, p_lids integer DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_object('id', l.id, 'quantity', w.quantity) ORDER BY l.id)
    FROM (VALUES ('Jar', p_jars), ('Lid', p_lids)) AS w (title, quantity)
    JOIN orders.order_line l ON l.tenant_id = 77 AND l.order_id = p_order AND l.title = w.title
    WHERE w.quantity IS NOT NULL
$$;
-- The refunded items and amount of each line, as 'Jar 1 966, Lid 0 0'.
CREATE FUNCTION pg_temp.given(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', title, refunded_quantity, refunded_amount), ', ' ORDER BY id) FROM orders.order_line
    WHERE tenant_id = 77 AND order_id = p_order
$$;
CREATE FUNCTION pg_temp.parts(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(amount || ' ' || status, ', ' ORDER BY id) FROM orders.refund WHERE tenant_id = 77 AND order_id = p_order
$$;
-- Ends the oldest pending refund.
CREATE FUNCTION pg_temp.end_part(p_order bigint, p_ok boolean) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.settle_refund(77, 'worker', 'provider', NULL, NULL, NULL, NULL, (
        SELECT min(id) FROM orders.refund WHERE tenant_id = 77 AND order_id = p_order AND status = 'pending'),
        CASE WHEN p_ok THEN gen_random_uuid()::text END, p_ok, CASE WHEN NOT p_ok THEN 'refused' END, NULL)
$$;
CREATE FUNCTION pg_temp.waiting(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT payment_state || ' ' || refunded FROM orders.orders WHERE tenant_id = 77 AND id = p_order
$$;

-- The first refund fails.
SELECT pg_temp.split_tender() AS a \gset
SELECT is(pg_temp.create_refunds(:a, NULL, pg_temp.pieces(:a, 2)), 'done', 'two jars are refunded');
SELECT is(pg_temp.parts(:a), '1200 pending, 733 pending', 'the refund is split over both payments');
SELECT is((SELECT string_agg(lines ->> 0, ' ' ORDER BY id) FROM refund WHERE order_id = :a),
    format('{"id": %1$s, "amount": 1200, "quantity": 1} {"id": %1$s, "amount": 733, "quantity": 1}', pg_temp.pieces(:a, 2) -> 0 ->> 'id'),
    'each refund has its share of the line');
SELECT pg_temp.end_part(:a, false) \g (format=unaligned) /dev/null
SELECT is(pg_temp.given(:a), 'Jar 0 733, Lid 0 0', 'after the failure, the share of the second refund is not refundable again');
SELECT pg_temp.end_part(:a, true) \g (format=unaligned) /dev/null
SELECT is(pg_temp.waiting(:a), 'partially_refunded 733', 'the second refund is done');
SELECT is((SELECT sum(cancelled_quantity) FROM order_line WHERE order_id = :a), 0::bigint, 'a partially refunded jar is still shipped');
SELECT is(pg_temp.create_refunds(:a, NULL, pg_temp.pieces(:a, 2)), 'done', 'the same jars are refunded again');
SELECT is((SELECT sum(amount) FROM refund WHERE order_id = :a AND status = 'pending'), 1200::numeric, 'the second attempt refunds the rest of their amount');
SELECT pg_temp.end_part(:a, true) \g (format=unaligned) /dev/null
SELECT is(pg_temp.waiting(:a) || ', ' || pg_temp.given(:a), 'partially_refunded 1933, Jar 2 1933, Lid 0 0', 'then the jars are refunded in full');
SELECT is((SELECT cancelled_quantity FROM order_line WHERE order_id = :a AND title = 'Jar'), 2, 'jars refunded in full are not shipped');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.create_refunds(%s, NULL, %L)', :a, pg_temp.pieces(:a, 2))), 'OR422 quantity_out_of_range lines[0].quantity', 'jars refunded in full are not refundable again');
SELECT is(pg_temp.create_refunds(:a, NULL, pg_temp.pieces(:a, 1, 1)), 'done', 'the last jar and the lid are refunded');
SELECT pg_temp.end_part(:a, true) \g (format=unaligned) /dev/null
SELECT is(pg_temp.waiting(:a) || ', ' || pg_temp.given(:a), 'refunded 3000, Jar 3 2900, Lid 1 100', 'the refunds add up to the captured amount');

-- The last refund fails, and the other way round; the refunds end in any order.
SELECT pg_temp.split_tender() AS b \gset
SELECT is(pg_temp.create_refunds(:b, NULL, pg_temp.pieces(:b, 3, 1)), 'done', 'all lines are refunded');
SELECT pg_temp.end_part(:b, true) \g (format=unaligned) /dev/null
SELECT is((SELECT cancelled_quantity FROM order_line WHERE order_id = :b AND title = 'Jar'), 1, 'the jar that the first refund covers is released immediately');
SELECT pg_temp.end_part(:b, false) \g (format=unaligned) /dev/null
SELECT is(pg_temp.given(:b), 'Jar 1 1200, Lid 0 0', 'after the second refund fails, one jar and a part of the next are refunded');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.create_refunds(%s, NULL, %L)', :b, pg_temp.pieces(:b, 3))), 'OR422 quantity_out_of_range lines[0].quantity', 'the refunded jar is not refundable again');
SELECT is(pg_temp.create_refunds(:b, NULL, pg_temp.pieces(:b, 1)), 'done', 'the next jar is refunded');
SELECT is((SELECT amount FROM refund WHERE order_id = :b AND status = 'pending'), 733::bigint, 'the refund is the rest of its amount');
SELECT pg_temp.end_part(:b, true) \g (format=unaligned) /dev/null
SELECT is(pg_temp.create_refunds(:b, NULL, pg_temp.pieces(:b, 1, 1)), 'done', 'the remaining jar and the lid are refunded');
SELECT pg_temp.end_part(:b, true) \g (format=unaligned) /dev/null
SELECT is(pg_temp.waiting(:b) || ', ' || pg_temp.given(:b), 'refunded 3000, Jar 3 2900, Lid 1 100', 'the refunds add up to the captured amount');

-- All refunds fail.
SELECT pg_temp.split_tender() AS c \gset
SELECT pg_temp.create_refunds(:c, NULL, pg_temp.pieces(:c, 2, 1)), pg_temp.end_part(:c, false), pg_temp.end_part(:c, false) \g (format=unaligned) /dev/null
SELECT is(pg_temp.waiting(:c) || ', ' || pg_temp.given(:c), 'paid 0, Jar 0 0, Lid 0 0', 'when all refunds fail, nothing is refunded');

-- A duplicate line, and a line with the amount 0.
SELECT pg_temp.operator_put('products', 'gift', '{"name": "Gift", "variants": [{"ref": "v", "prices": {"USD": 0}}]}') \g (format=unaligned) /dev/null
SELECT ("order").id AS d FROM place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL,
    '{"dialect": "shop", "user": "bob", "payment_channel": "sim", "lines": [{"product": "gift", "quantity": 2}, {"product": "jar", "quantity": 2}]}', 900) \gset
SELECT pg_temp.hear('d', 'paid', :d, 2000, 'd') \g (format=unaligned) /dev/null
SELECT (SELECT id FROM order_line WHERE order_id = :d AND title = 'Gift') AS gift, (SELECT id FROM order_line WHERE order_id = :d AND title = 'Jar') AS jar \gset
SELECT pg_temp.create_refunds(:d, NULL, format('[{"id": %1$s, "quantity": 1}, {"id": %2$s, "quantity": 1}, {"id": %1$s, "quantity": 1}]', :jar, :gift)::jsonb),
       pg_temp.end_part(:d, false) \g (format=unaligned) /dev/null
SELECT is(pg_temp.given(:d), 'Gift 0 0, Jar 0 0', 'duplicate lines and lines with the amount 0 are released too');

-- A return whose refund is split over two payments.
SELECT pg_temp.split_tender() AS r \gset
SELECT count(*) FROM (VALUES (1, 'packed'), (2, 'shipped'), (3, 'delivered')) AS s (n, state), LATERAL (
    SELECT CASE s.state WHEN 'shipped' THEN (SELECT outcome FROM ship(77, 'operator', 'operator', NULL, 'ship', NULL, NULL, :r, '{}', NULL))
        ELSE (SELECT outcome FROM advance(77, 'operator', 'operator', NULL, 'advance', NULL, NULL, :r, s.state, NULL, NULL, NULL, NULL)) END) AS x
    \g (format=unaligned) /dev/null
SELECT id AS ret FROM request_return(77, 'operator', 'operator', NULL, 'return', NULL, NULL, NULL, :r, pg_temp.pieces(:r, 2, 1), 'broken', 30, NULL) \gset
CREATE FUNCTION pg_temp.step_return(p_return bigint, p_action text) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.resolve_return(77, 'operator', 'operator', NULL, 'return', NULL, NULL, p_return, p_action, NULL, NULL)
$$;
CREATE FUNCTION pg_temp.return_of(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT r.state || ' ' || coalesce(r.amount::text, '-') FROM orders_v1.order_view v, unnest(v.returns) AS r WHERE v.tenant_id = 77 AND v.id = p_order
$$;
SELECT pg_temp.step_return(:ret, s) FROM unnest('{approve,receive,refund}'::text[]) AS s \g (format=unaligned) /dev/null
SELECT is(pg_temp.parts(:r), '1200 pending, 833 pending', 'the refund of a return is split over both payments');
SELECT is(pg_temp.return_of(:r), 'refunded 2033', 'the return shows the sum of its refunds');
SELECT pg_temp.end_part(:r, true) \g (format=unaligned) /dev/null
SELECT pg_temp.end_part(:r, false) \g (format=unaligned) /dev/null
SELECT is(pg_temp.return_of(:r) || ', ' || pg_temp.given(:r), 'received -, Jar 1 1200, Lid 0 0', 'a return with a failed refund is received again');
SELECT is(pg_temp.step_return(:ret, 'refund'), 'done', 'the return can be refunded again');
SELECT is(pg_temp.return_of(:r) || ', ' || pg_temp.parts(:r), 'refunded 2033, 1200 done, 833 failed, 833 pending', 'the next refund is the missing amount');
SELECT pg_temp.end_part(:r, true) \g (format=unaligned) /dev/null
SELECT is(pg_temp.waiting(:r) || ', ' || pg_temp.given(:r), 'partially_refunded 2033, Jar 2 1933, Lid 1 100', 'then the return is refunded in full');
SELECT is((SELECT returnable_quantity(tenant_id, order_id, id) FROM order_line WHERE order_id = :r AND title = 'Jar'), 1, 'one jar can still be returned');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT is(pg_temp.violated(format('UPDATE orders.order_line SET refunded_amount = refunded_amount - 1 WHERE order_id = %s AND title = ''Jar''', :a)),
          'refunds_within_captured', 'a line with less than its refunded amount is reported');
SELECT is(pg_temp.violated(format('UPDATE orders.order_line SET refunded_quantity = 3 WHERE order_id = %s AND title = ''Jar''', :r)),
          'refunds_within_captured', 'a line with more refunded items than its refunds is reported');
SELECT * FROM finish();
ROLLBACK;
