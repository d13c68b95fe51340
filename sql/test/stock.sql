-- SPDX-License-Identifier: Apache-2.0
-- The stock that a catalogue document states is the result of a count; stating it again is no new count.
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

SELECT is(pg_temp.put_lamp('10'), 'created', 'ten lamps');
SELECT pg_temp.order_of(4) AS a, pg_temp.order_of(3) AS b \gset
SELECT is(pg_temp.send(:a), 'done', 'four are shipped');
SELECT is(pg_temp.stock(), '6 3', 'six are left, three of them reserved');
SELECT ("order").id AS s FROM orders_v1.place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL, '{"dialect": "shop", "user": "alice", "payment_method": "cod",
    "lines": [{"product": "lamp", "variant": "x", "quantity": 2}], "shipping": {"courier": "X", "price": 50}}', 900) \gset
SELECT is(pg_temp.stock(), '6 5', 'a line of shipping after them changes nothing');
SELECT orders_v1.cancel(77, 'operator', 'operator', NULL, 'cancel', NULL, NULL, NULL, :s, 'test', NULL) \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock(), '6 3', 'nor does it when they are released');
SELECT is(pg_temp.put_lamp('10'), 'unchanged', 'the same document changes nothing');
SELECT is(pg_temp.stock(), '6 3', 'what was shipped stays off the stock');
SELECT is(pg_temp.refusal('SELECT pg_temp.order_of(4)'), 'OR409 insufficient_stock lines', 'three can be sold, not four');
SELECT is(pg_temp.put_lamp('8'), 'updated', 'another number is a count');
SELECT is(pg_temp.stock(), '8 3', 'of the pieces in the shop, the reserved ones included');
SELECT is(pg_temp.put_lamp('8'), 'unchanged', 'stated once');
SELECT is(pg_temp.put_lamp('6'), 'updated', 'a count that has just been reached');
SELECT is(pg_temp.send(:b), 'done', 'three more are shipped');
SELECT is(pg_temp.put_lamp('3'), 'updated', 'the number that is on hand by now was not stated before');
SELECT is(pg_temp.stock(), '3 0', 'and is a count too');
SELECT is(pg_temp.put_lamp('2'), 'updated', 'fewer are found');
SELECT is(pg_temp.stock(), '2 0', 'than there should be');
SELECT pg_temp.order_of(2) AS c \gset
SELECT is(pg_temp.put_lamp('0'), 'updated', 'none are found, though two are sold');
SELECT is(pg_temp.stock(), '0 2', 'which stay reserved');
SELECT is(pg_temp.send(:c), 'done', 'and are shipped all the same');
SELECT is(pg_temp.stock(), '0 0', 'there are no less than none');
SELECT is_empty('SELECT * FROM orders_check.all_violations WHERE tenant_id = 77', 'every piece is accounted for');

-- No longer counted, and counted again.
SELECT is(pg_temp.put_lamp('5'), 'updated', 'five');
SELECT pg_temp.order_of(1) AS d \gset
SELECT is(pg_temp.put_lamp(NULL), 'updated', 'a document without a number stops the count');
SELECT is(pg_temp.put_lamp(NULL), 'unchanged', 'once');
SELECT pg_temp.order_of(9) AS e \gset
SELECT is(pg_temp.send(:d), 'done', 'what was reserved is shipped from the stock');
SELECT is(pg_temp.send(:e), 'done', 'what was not counted is not');
SELECT is(pg_temp.stock(), '4 0 uncounted', 'as the numbers say');
SELECT is(pg_temp.put_lamp('5'), 'updated', 'the same number after that is a new count');
SELECT is(pg_temp.stock(), '5 0', 'of five');
SELECT is((SELECT ROW(entered, shipped)::text FROM stock WHERE tenant_id = 77), '(15,10)', 'the totals of all movements');
SELECT is_empty('SELECT * FROM orders_check.all_violations WHERE tenant_id = 77', 'every piece is accounted for again');

-- Stock that changes without a movement is found.
SELECT is(pg_temp.violated(v.sql), 'stock_adds_up', v.sql) FROM unnest(ARRAY[
    'UPDATE orders.stock SET on_hand = on_hand + 1 WHERE tenant_id = 77', 'UPDATE orders.stock SET entered = entered + 1 WHERE tenant_id = 77',
    'UPDATE orders.stock SET shipped = shipped + 1, on_hand = on_hand - 1 WHERE tenant_id = 77',
    format('UPDATE orders.order_line SET stock_shipped = 0 WHERE tenant_id = 77 AND order_id = %s', :a),
    format('UPDATE orders.order_line SET stock_shipped = 9 WHERE tenant_id = 77 AND order_id = %s', :e)]) AS v (sql);
SELECT * FROM finish();
ROLLBACK;
