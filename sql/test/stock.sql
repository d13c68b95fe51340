-- SPDX-License-Identifier: Apache-2.0
-- A catalogue document states the result of a count of the stock. Sending the same quantity again is not a new count.
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.put_lamp(p_stock text) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.catalogue_upsert(77, 'operator', 'operator', NULL, 'put', NULL, NULL, 'products', 'lamp',
        format('{"name": "Lamp", "variants": [{"ref": "x", "prices": {"USD": 100}%s}, {"ref": "y", "prices": {"USD": 100}}]}', ', "stock": ' || p_stock)::jsonb)
$$;
CREATE FUNCTION pg_temp.stock() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', s.on_hand, s.reserved, CASE WHEN NOT s.counted THEN 'uncounted' END) FROM orders.stock s WHERE s.tenant_id = 77
$$;
CREATE FUNCTION pg_temp.order_of(p_pieces integer) RETURNS bigint LANGUAGE sql AS $$
    SELECT ("order").id FROM orders_v1.place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL, jsonb_build_object('dialect', 'shop', 'user', 'alice',
        'payment_method', 'cod', 'lines', jsonb_build_array(jsonb_build_object('product', 'lamp', 'variant', 'x', 'quantity', p_pieces))), 900)
$$;
CREATE FUNCTION pg_temp.send(p_order bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.advance(77, 'operator', 'operator', NULL, 'pack', NULL, NULL, p_order, 'packed', NULL, NULL, NULL, NULL);
    RETURN (SELECT outcome FROM orders_v1.ship(77, 'operator', 'operator', NULL, 'ship', NULL, NULL, p_order, '{}', NULL));
END
$$;

SELECT is(pg_temp.put_lamp('10'), 'created', 'a document states a stock of ten');
SELECT pg_temp.order_of(4) AS a, pg_temp.order_of(3) AS b \gset
SELECT is(pg_temp.send(:a), 'done', 'four items are shipped');
SELECT is(pg_temp.stock(), '6 3', 'six items are on hand, three of them reserved');
SELECT ("order").id AS s FROM orders_v1.place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL, '{"dialect": "shop", "user": "alice", "payment_method": "cod",
    "lines": [{"product": "lamp", "variant": "x", "quantity": 2}], "shipping": {"courier": "X", "price": 50}}', 900) \gset
SELECT is(pg_temp.stock(), '6 5', 'a shipping line after the goods does not change the stock');
SELECT orders_v1.cancel(77, 'operator', 'operator', NULL, 'cancel', NULL, NULL, NULL, :s, 'test', NULL) \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock(), '6 3', 'releasing the items restores the stock');
SELECT is(pg_temp.put_lamp('10'), 'unchanged', 'the same document changes nothing');
SELECT is(pg_temp.stock(), '6 3', 'shipped items stay deducted');
SELECT is(pg_temp.refusal('SELECT pg_temp.order_of(4)'), 'OR409 insufficient_stock lines', 'only items that are not reserved can be sold');
SELECT is(pg_temp.put_lamp('8'), 'updated', 'another quantity is a new count');
SELECT is(pg_temp.stock(), '8 3', 'the count includes reserved items');
SELECT is(pg_temp.put_lamp('8'), 'unchanged', 'the same count changes nothing');
SELECT is(pg_temp.put_lamp('6'), 'updated', 'a count can equal the quantity on hand');
SELECT is(pg_temp.send(:b), 'done', 'three more items are shipped');
SELECT is(pg_temp.put_lamp('3'), 'updated', 'the quantity on hand is a new count if the last document differs');
SELECT is(pg_temp.stock(), '3 0', 'the count sets the stock');
SELECT is(pg_temp.put_lamp('2'), 'updated', 'a count may be lower than the quantity on hand');
SELECT is(pg_temp.stock(), '2 0', 'the lower count sets the stock');
SELECT pg_temp.order_of(2) AS c \gset
SELECT is(pg_temp.put_lamp('0'), 'updated', 'a count may be lower than the reserved quantity');
SELECT is(pg_temp.stock(), '0 2', 'the reserved items stay reserved');
SELECT is(pg_temp.send(:c), 'done', 'reserved items are shipped after a count of 0');
SELECT is(pg_temp.stock(), '0 0', 'the quantity on hand does not become negative');
SELECT is_empty('SELECT * FROM orders_check.all_violations WHERE tenant_id = 77', 'the stock equals counts minus shipments');

-- A variant whose stock is no longer counted, and is counted again.
SELECT is(pg_temp.put_lamp('5'), 'updated', 'a document states a stock of five');
SELECT pg_temp.order_of(1) AS d \gset
SELECT is(pg_temp.put_lamp(NULL), 'unchanged', 'a document without a quantity changes nothing');
SELECT is(pg_temp.stock(), '5 1', 'the stock stays counted');
SELECT is(pg_temp.put_lamp('null'), 'updated', 'after a document with null the stock is not counted');
SELECT is(pg_temp.put_lamp('null'), 'unchanged', 'the same document changes nothing');
SELECT is(pg_temp.put_lamp(NULL), 'unchanged', 'a document without a quantity does not start counting');
SELECT pg_temp.order_of(9) AS e \gset
SELECT is(pg_temp.send(:d), 'done', 'an item reserved before is shipped from the stock');
SELECT is(pg_temp.send(:e), 'done', 'items that were ordered while the stock was not counted are not deducted from it');
SELECT is(pg_temp.stock(), '4 0 uncounted', 'only the reserved item leaves the stock');
SELECT is(pg_temp.put_lamp('5'), 'updated', 'after sales without counted stock, the same quantity is a new count');
SELECT is(pg_temp.stock(), '5 0', 'the count sets the stock');
SELECT is((SELECT ROW(entered, shipped)::text FROM stock WHERE tenant_id = 77), '(15,10)', 'the totals include all movements');
SELECT is_empty('SELECT * FROM orders_check.all_violations WHERE tenant_id = 77', 'the stock equals counts minus shipments again');

-- The invariants report stock that changes without a movement.
SELECT is(pg_temp.violated(v.sql), v.names, v.sql || ' is reported') FROM (VALUES
    ('UPDATE orders.stock SET on_hand = on_hand + 1 WHERE tenant_id = 77', 'stock_adds_up stock_is_recorded'),
    ('UPDATE orders.stock SET on_hand = on_hand + 1, entered = entered + 1 WHERE tenant_id = 77', 'stock_is_recorded'),
    ('UPDATE orders.stock SET on_hand = on_hand + 1, entered = entered + 1, recorded = on_hand + 1 WHERE tenant_id = 77', 'stock_is_recorded'),
    ('UPDATE orders.stock SET recorded = NULL WHERE tenant_id = 77', 'stock_is_recorded'),
    ('DELETE FROM orders.stock_movement WHERE tenant_id = 77', 'stock_is_recorded'),
    ('UPDATE orders.stock_movement SET change = change + 1 WHERE tenant_id = 77 AND kind = ''catalogue''', 'stock_is_recorded'),
    ('UPDATE orders.stock_movement SET on_hand = on_hand + 1 WHERE tenant_id = 77', 'stock_is_recorded'),
    (format('UPDATE orders.stock_movement SET order_id = %s WHERE tenant_id = 77 AND order_id = %s', :b, :a), 'stock_is_recorded'),
    ('UPDATE orders.stock_movement SET order_id = 999999999 WHERE tenant_id = 77 AND kind = ''miscount''', 'references_exist'),
    ('UPDATE orders.stock_movement SET variant_id = 999999999 WHERE tenant_id = 77', 'references_exist stock_is_recorded'),
    ('UPDATE orders.stock_movement SET kind = ''sold'' WHERE tenant_id = 77 AND kind = ''miscount''', 'stock_is_recorded'),
    ('UPDATE orders.stock_movement SET order_id = NULL WHERE tenant_id = 77 AND kind = ''miscount''', 'stock_is_recorded'),
    ('UPDATE orders.stock_movement SET return_id = 1 WHERE tenant_id = 77 AND kind = ''uncounted''', 'references_exist stock_is_recorded'),
    ('UPDATE orders.stock_movement SET reason = ''lost'' WHERE tenant_id = 77 AND kind = ''uncounted''', 'stock_is_recorded'),
    ('UPDATE orders.stock SET entered = entered + 1 WHERE tenant_id = 77', 'stock_adds_up'),
    ('UPDATE orders.stock SET shipped = shipped + 1, on_hand = on_hand - 1 WHERE tenant_id = 77', 'stock_adds_up stock_is_recorded'),
    (format('UPDATE orders.order_line SET stock_shipped = 0 WHERE tenant_id = 77 AND order_id = %s', :a), 'stock_adds_up stock_is_recorded'),
    (format('UPDATE orders.order_line SET stock_shipped = 9 WHERE tenant_id = 77 AND order_id = %s', :e), 'stock_adds_up')) AS v (sql, names);
SELECT * FROM finish();
ROLLBACK;
