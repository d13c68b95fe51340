-- SPDX-License-Identifier: Apache-2.0
-- Items that are refunded before shipping are released and not shipped.
BEGIN;
\ir lib/shop.sql
\ir lib/goods.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.line_counts(p_order bigint, p_product text DEFAULT 'lamp') RETURNS text LANGUAGE sql AS $$
    SELECT ROW(quantity, refunded_quantity, cancelled_quantity, reserved)::text FROM orders.order_line
    WHERE tenant_id = 77 AND order_id = p_order AND item_ref = p_product
$$;
CREATE FUNCTION pg_temp.ask_return(p_order bigint, p_quantity integer) RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM orders_v1.request_return(77, 'operator', 'operator', NULL, 'return', NULL, NULL, NULL, p_order,
        CASE WHEN p_quantity IS NULL THEN (SELECT jsonb_agg(x - 'quantity') FROM jsonb_array_elements(pg_temp.pieces(p_order, 1)) AS x)
             ELSE pg_temp.pieces(p_order, p_quantity) END, 'broken', 30, NULL)
$$;
CREATE FUNCTION pg_temp.resolve(p_return bigint, VARIADIC p_actions text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_action text;
    v_code   text;
BEGIN
    FOREACH v_action IN ARRAY p_actions LOOP
        SELECT outcome INTO v_code FROM orders_v1.resolve_return(77, 'operator', 'operator', NULL, 'resolve', NULL, NULL, p_return, v_action, NULL, NULL);
    END LOOP;
    RETURN v_code;
END
$$;

-- A part of the items.
SELECT pg_temp.order_it('{"shipping": {"courier": "JNE", "price": 150}}') AS a \gset
SELECT pg_temp.pay(:a) \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock(), '10 4', 'an order reserves four of ten items');
SELECT is(pg_temp.create_refunds(:a, NULL, pg_temp.pieces(:a, 2)), 'done', 'two items are refunded before shipping');
SELECT is(pg_temp.stock() || ' ' || pg_temp.line_counts(:a), '10 2 (4,2,2,2)', 'refunded items are released immediately');
SELECT is(pg_temp.go(:a, 'packed') || ' ' || pg_temp.send(:a), 'done done', 'the other items are packed and shipped');
SELECT is(pg_temp.stock() || ' ' || pg_temp.line_counts(:a), '8 0 (4,2,2,0)', 'only shipped items leave the stock');
SELECT is(pg_temp.create_refunds(:a, NULL, pg_temp.pieces(:a, 1)) || ' ' || pg_temp.stock() || ' ' || pg_temp.line_counts(:a), 'done 8 0 (4,3,2,0)',
    'a refund after shipping restocks nothing');
SELECT is(pg_temp.states(:a), 'open partially_refunded shipped', 'the order is shipped');
SELECT is(pg_temp.go(:a, 'delivered'), 'done', 'the order is delivered');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.ask_return(%s, 2)', :a)), 'OR422 quantity_out_of_range lines', 'items that were not shipped cannot be returned');
SELECT is(pg_temp.resolve(pg_temp.ask_return(:a, NULL), 'approve', 'receive', 'refund'), 'done', 'the remaining shipped item is returned');
SELECT is((SELECT quantity FROM return_line WHERE order_id = :a), 1, 'only this item is in the return');

-- An order whose shipped items were all returned becomes returned.
SELECT pg_temp.order_it('{"shipping": {"courier": "JNE", "price": 150}}') AS b \gset
SELECT pg_temp.pay(:b), pg_temp.create_refunds(:b, NULL, pg_temp.pieces(:b, 1)), pg_temp.go(:b, 'packed'), pg_temp.send(:b), pg_temp.go(:b, 'delivered') \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock(), '5 0', 'three of four items are shipped');
SELECT is(pg_temp.resolve(pg_temp.ask_return(:b, NULL), 'approve', 'receive') || ' ' || pg_temp.states(:b), 'done completed partially_refunded returned',
    'an order whose shipped items were all returned is returned');

-- A pending refund releases nothing, and an order with one is not packed.
SELECT pg_temp.order_it('{"payment_method": "external", "payment_channel": "sim", "lines": [{"product": "lamp", "quantity": 3}]}') AS c \gset
SELECT pg_temp.hear('c1', 'paid', :c, 3000, 'tx-c') \g (format=unaligned) /dev/null
SELECT is(pg_temp.create_refunds(:c, NULL, pg_temp.pieces(:c, 1)), 'done', 'a refund through the provider is pending');
SELECT is(pg_temp.stock() || ' ' || pg_temp.line_counts(:c), '5 3 (3,1,0,3)', 'a pending refund releases no item');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.go(%s, %L)', :c, 'packed')), 'OR409 order_not_advanceable', 'an order with a pending refund is not packed');
SELECT is(pg_temp.settle_refund(:c, false) || ' ' || pg_temp.stock() || ' ' || pg_temp.line_counts(:c), 'done 5 3 (3,0,0,3)', 'a failed refund keeps all items to be shipped');
SELECT pg_temp.create_refunds(:c, NULL, pg_temp.pieces(:c, 1)) \g (format=unaligned) /dev/null
SELECT is(pg_temp.settle_refund(:c) || ' ' || pg_temp.stock() || ' ' || pg_temp.line_counts(:c), 'done 5 2 (3,1,1,2)', 'a completed refund releases its item');
SELECT is(pg_temp.create_refunds(:c, 100) || ' ' || pg_temp.settle_refund(:c) || ' ' || pg_temp.stock(), 'done done 5 2', 'a refund of an amount releases no item');
SELECT is(pg_temp.drop_it(NULL, :c, 'operator') || ' ' || pg_temp.stock(), 'done 5 0', 'cancelling the order releases the other items');

-- All items are refunded, but not the shipping fee.
SELECT pg_temp.order_it('{"shipping": {"courier": "JNE", "price": 150}, "voucher": "TWO"}') AS d \gset
SELECT pg_temp.pay(:d) \g (format=unaligned) /dev/null
SELECT is(pg_temp.create_refunds(:d, NULL, pg_temp.pieces(:d, 4)) || ' ' || pg_temp.states(:d) || ' ' || pg_temp.stock(), 'done open partially_refunded pending 5 0',
    'an order whose goods were all refunded holds no stock');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.go(%s, %L)', :d, w.to_state)), 'OR409 order_not_advanceable', 'an order whose goods were all refunded cannot be ' || w.to_state)
FROM unnest('{confirmed,packed}'::text[]) AS w (to_state);
SELECT is(pg_temp.create_refunds(:d) || ' ' || pg_temp.states(:d) || ' ' || pg_temp.redemption(:d), 'done cancelled refunded pending released', 'refunding the shipping fee closes the order');
SELECT pg_temp.order_it('{"shipping": {"courier": "JNE", "price": 150}}') AS e \gset
SELECT pg_temp.pay(:e), pg_temp.go(:e, 'packed'), pg_temp.create_refunds(:e, NULL, pg_temp.pieces(:e, 4)) \g (format=unaligned) /dev/null
SELECT is(pg_temp.refusal(format('SELECT pg_temp.send(%s)', :e)), 'OR409 order_not_advanceable', 'a packed order without items is not shipped');
SELECT is(pg_temp.drop_it(NULL, :e, 'operator') || ' ' || pg_temp.states(:e), 'done cancelled refunded packed', 'a packed order without items can be cancelled');

-- Two lines of one variant, and items whose stock is not counted.
SELECT pg_temp.operator_put('products', 'rug', '{"name": "Rug", "variants": [{"ref": "x", "prices": {"USD": 700}}]}') \g (format=unaligned) /dev/null
SELECT pg_temp.order_it('{"lines": [{"product": "lamp", "quantity": 2}, {"product": "rug", "quantity": 2}, {"product": "lamp", "quantity": 3}]}') AS f \gset
SELECT pg_temp.pay(:f) \g (format=unaligned) /dev/null
SELECT is(pg_temp.create_refunds(:f, NULL, pg_temp.pieces(:f, 1)) || ' ' || pg_temp.create_refunds(:f, NULL, pg_temp.pieces(:f, 1, 'rug')), 'done done', 'one item of each line is refunded');
SELECT results_eq(format('SELECT quantity, cancelled_quantity, reserved FROM order_line WHERE order_id = %s ORDER BY id', :f), 'VALUES (2, 1, 1), (2, 1, 0), (3, 1, 2)', 'each line keeps its other items');
SELECT is(pg_temp.stock(), '5 3', 'the stock keeps the other items reserved');
SELECT is(pg_temp.go(:f, 'packed') || ' ' || pg_temp.send(:f) || ' ' || pg_temp.stock(), 'done done 2 0', 'the other items are shipped');

-- An order without delivery deducts its items from stock when it is paid.
SELECT pg_temp.operator_put('companies', 'acme', '{"name": "Acme", "prefix": "ACME"}'),
       pg_temp.operator_put('memberships', 'm', '{"company": "acme", "user": "bob", "role": "salesperson"}'),
       pg_temp.operator_put('products', 'pen', '{"name": "Pen", "company": "acme", "variants": [{"ref": "x", "stock": 10, "prices": {"USD": 100}}]}') \g (format=unaligned) /dev/null
SELECT pg_temp.order_it('{"dialect": "company", "company": "acme", "agent": "bob", "payment_method": "cash", "lines": [{"product": "pen", "quantity": 3}]}') AS g \gset
SELECT is(pg_temp.states(:g) || ' ' || pg_temp.stock('pen'), 'open unpaid none 10 3', 'an unpaid order without delivery reserves its items');
SELECT is(pg_temp.pay(:g) || ' ' || pg_temp.states(:g) || ' ' || pg_temp.stock('pen'), 'done completed paid none 7 0', 'its items leave the stock when it is paid');
SELECT is(pg_temp.create_refunds(:g) || ' ' || pg_temp.states(:g) || ' ' || pg_temp.stock('pen'), 'done completed refunded none 7 0', 'a refund does not restock items');
SELECT pg_temp.order_it('{"dialect": "company", "company": "acme", "agent": "bob", "payment_method": "balance", "lines": [{"product": "pen", "quantity": 3}]}') AS h \gset
SELECT is(pg_temp.states(:h) || ' ' || pg_temp.stock('pen'), 'completed paid none 4 0', 'items of an order paid when placed leave the stock immediately');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');

-- The view reports each violation that direct SQL causes.
SELECT pg_temp.operator_put('products', 'jar', '{"name": "Jar", "variants": [{"ref": "x", "stock": 10, "prices": {"USD": 100}}]}') \g (format=unaligned) /dev/null
SELECT pg_temp.order_it('{"lines": [{"product": "jar", "quantity": 4}]}') AS i \gset
SELECT pg_temp.pay(:i), pg_temp.create_refunds(:i, NULL, pg_temp.pieces(:i, 2, 'jar')) \g (format=unaligned) /dev/null
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SET LOCAL session_replication_role = replica;
SELECT alike(pg_temp.violated(format(v.sql, :'i')), '%stock_is_held', v.what)
FROM (VALUES
    ('refunded items that are still reserved are reported', 'UPDATE order_line SET cancelled_quantity = 0, reserved = 4 WHERE order_id = %1$s; UPDATE stock SET reserved = 4 WHERE variant_id = (SELECT item_id FROM order_line WHERE order_id = %1$s)'),
    ('missing reservations of items that were not refunded are reported', 'UPDATE order_line SET refunded_quantity = 3, cancelled_quantity = 3, reserved = 1 WHERE order_id = %1$s; UPDATE stock SET reserved = 1 WHERE variant_id = (SELECT item_id FROM order_line WHERE order_id = %1$s)'),
    ('a stock that differs from the reservations of orders is reported', 'UPDATE stock SET reserved = 1 WHERE variant_id = (SELECT item_id FROM order_line WHERE order_id = %1$s)')
) AS v (what, sql);
SET LOCAL session_replication_role = origin;
SELECT is(pg_temp.broken(format('UPDATE order_line SET reserved = 3 WHERE order_id = %s', :i)), 'order_line_reserved_fits', 'a line reserves all items to be shipped or none');
SELECT is(pg_temp.broken(format('UPDATE order_line SET cancelled_quantity = 3 WHERE order_id = %s', :i)), 'order_line_cancelled_is_refunded', 'only refunded items are cancelled');
SELECT * FROM finish();
ROLLBACK;
