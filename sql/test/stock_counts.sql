-- SPDX-License-Identifier: Apache-2.0
-- Counts, adjustments, restocked returns, and the movements that they record.
BEGIN;
\ir lib/shop.sql
\ir lib/goods.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.vid(p_product text, p_variant text DEFAULT 'x') RETURNS bigint LANGUAGE sql AS $$
    SELECT v.id FROM orders.variant v JOIN orders.product p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    WHERE v.tenant_id = 77 AND p.external_ref = p_product AND v.external_ref = p_variant
$$;
CREATE FUNCTION pg_temp.count(
    p_on_hand bigint, p_product text DEFAULT 'lamp', p_key text DEFAULT NULL, p_match text[] DEFAULT NULL, p_comment text DEFAULT NULL
) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', w.outcome, (w.stock).on_hand, (w.stock).reserved, (w.stock).available, (w.movement).kind, (w.movement).change,
                     CASE WHEN w.replayed THEN 'replayed' END)
    FROM orders_v1.count_stock(77, 'operator', 'operator', pg_temp.uid('olga'), 'count', p_key, sha256(p_on_hand::text::bytea), pg_temp.vid(p_product), p_on_hand, p_comment, p_match) AS w
$$;
CREATE FUNCTION pg_temp.adjust(
    p_by bigint, p_reason text DEFAULT 'damaged', p_product text DEFAULT 'lamp', p_key text DEFAULT NULL, p_match text[] DEFAULT NULL, p_comment text DEFAULT NULL
) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', w.outcome, (w.stock).on_hand, (w.stock).reserved, (w.stock).available, (w.movement).kind, (w.movement).change, (w.movement).reason,
                     CASE WHEN w.replayed THEN 'replayed' END)
    FROM orders_v1.adjust_stock(77, 'operator', 'operator', pg_temp.uid('olga'), 'adjust', p_key, sha256(p_by::text::bytea), pg_temp.vid(p_product), p_by, p_reason, p_comment, p_match) AS w
$$;
CREATE FUNCTION pg_temp.tag(p_product text DEFAULT 'lamp') RETURNS text[] LANGUAGE sql AS $$
    SELECT ARRAY[orders_v1.version_tag(id, version)] FROM orders_v1.read_stock(77, pg_temp.vid(p_product))
$$;
-- The movements of a product, oldest first: 'catalogue+10=10 shipped-4=6'.
CREATE FUNCTION pg_temp.movements(p_product text DEFAULT 'lamp') RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(kind || to_char(change, 'SGFM999999999') || '=' || on_hand, ' ' ORDER BY id) FROM orders_v1.list_movements(77, pg_temp.vid(p_product), 500, NULL)
$$;
CREATE FUNCTION pg_temp.put_stock(p_product text, p_stock text) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.catalogue_upsert(77, 'operator', 'operator', pg_temp.uid('olga'), 'put', NULL, NULL, 'products', p_product,
        format('{"name": "%s", "returnable": true, "variants": [{"ref": "x", "prices": {"USD": %s}%s}]}', initcap(p_product), CASE p_product WHEN 'lamp' THEN 1000 ELSE 500 END, ', "stock": ' || p_stock)::jsonb)
$$;
CREATE FUNCTION pg_temp.sound(p_text text) RETURNS text LANGUAGE sql AS $$ SELECT is_empty('SELECT * FROM orders_check.all_violations WHERE tenant_id = 77', p_text) $$;
SELECT pg_temp.order_it() AS a \gset
SELECT pg_temp.pay(:a) \g (format=unaligned) /dev/null

-- Counts.
SELECT is(pg_temp.movements(), 'catalogue+10=10', 'the first document is a movement');
SELECT is(pg_temp.count(9), 'done 9 4 5 count -1', 'a count sets the items on hand, including reserved items');
SELECT is(pg_temp.count(9), 'done 9 4 5 count 0', 'a count that finds the recorded quantity is recorded too');
SELECT is(pg_temp.put_stock('lamp', '10'), 'unchanged', 'the number of the last document does not undo the count');
SELECT is(pg_temp.count(2), 'done 2 4 0 count -7', 'a count may find fewer items than are reserved: none are available');
SELECT is(pg_temp.refusal('SELECT pg_temp.order_it(''{"lines": [{"product": "lamp", "quantity": 1}]}'')'), 'OR409 insufficient_stock lines', 'then no more items are sold');
SELECT is(pg_temp.go(:a, 'packed') || pg_temp.send(:a), 'donedone', 'the reserved items are shipped all the same');
SELECT is(pg_temp.stock(), '0 0', 'no item is left');
SELECT is(pg_temp.movements(), 'catalogue+10=10 count-1=9 count+0=9 count-7=2 miscount+2=4 shipped-4=0', 'the shipment shows that the count was too low');
SELECT is(pg_temp.count(0), 'done 0 0 0 count 0', 'a count may find nothing');
SELECT pg_temp.sound('the stock is sound after counts');

-- A count after a shipment is not repeated by a request with the same key, and is refused by a tag from before the shipment.
SELECT is(pg_temp.count(8, p_key => 'k1'), 'done 8 0 8 count 8', 'a count with a key');
SELECT pg_temp.order_it('{"payment_method": "cod", "lines": [{"product": "lamp", "quantity": 3}]}') AS b, pg_temp.tag() AS tag \gset
SELECT is(pg_temp.count(8, p_match => :'tag'), 'done 8 3 5 count 0', 'a reservation does not change the version of the stock');
SELECT is(pg_temp.go(:b, 'packed') || pg_temp.send(:b), 'donedone', 'three items are shipped');
SELECT is(pg_temp.count(8, p_key => 'k1'), 'done 8 0 8 count 8 replayed', 'a repeated request gets the same response');
SELECT is(pg_temp.stock(), '5 0', 'and does not undo the shipment');
SELECT is(pg_temp.refusal('SELECT pg_temp.count(7, p_key => ''k1'')'), 'OR422 idempotency_key_reused idempotency_key', 'a key is for one count');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.count(8, p_match => %L)', :'tag')), 'OR412 version_mismatch', 'a count that is based on a former state is refused');
SELECT is(pg_temp.hint(format('SELECT pg_temp.adjust(-1, p_match => %L)', :'tag')) ->> 'version', (SELECT version::text FROM stock WHERE variant_id = pg_temp.vid('lamp')), 'an adjustment too');
SELECT is(pg_temp.count(5, p_match => :'tag'::text[] || pg_temp.tag()), 'done 5 0 5 count 0', 'one of several tags is enough');
SELECT is(pg_temp.count(6), 'done 6 0 6 count 1', 'another count');

-- Values that are not accepted.
SELECT is(pg_temp.refusal(format('SELECT pg_temp.count(%s)', coalesce(v.n, 'NULL'))), 'OR422 invalid_field on_hand', concat('a count of ', v.n, ' is refused'))
FROM unnest('{-1,1000000001,9223372036854775807,NULL}'::text[]) AS v (n);
SELECT is(pg_temp.refusal(format('SELECT pg_temp.adjust(%s)', coalesce(v.n, 'NULL'))), 'OR422 invalid_field by', concat('an adjustment by ', v.n, ' is refused'))
FROM unnest('{0,-1000000001,1000000001,9223372036854775807,-9223372036854775808,NULL}'::text[]) AS v (n);
SELECT is(pg_temp.refusal(format('SELECT pg_temp.adjust(1, %L)', v.reason)), 'OR422 invalid_field reason', concat('the reason "', v.reason, '" is refused'))
FROM unnest(ARRAY['', 'Damaged', 'two words', repeat('x', 41), NULL]) AS v (reason);
SELECT is(pg_temp.refusal('SELECT pg_temp.count(1, p_comment => repeat(''x'', 256))'), 'OR422 too_long comment', 'a comment has a limit');
SELECT is(pg_temp.refusal('SELECT pg_temp.adjust(1, p_comment => repeat(''x'', 256))'), 'OR422 too_long comment', 'also that of an adjustment');
SELECT is(pg_temp.refusal('SELECT pg_temp.count(1, ''nothing'')'), 'OR404 not_found', 'an unknown variant cannot be counted');
SELECT is(pg_temp.refusal('SELECT pg_temp.adjust(1, p_product => ''nothing'')'), 'OR404 not_found', 'nor adjusted');
SELECT is(pg_temp.refusal('SELECT * FROM orders_v1.list_movements(77, 999999999, 5, NULL)'), 'OR404 not_found', 'nor has it movements');

-- Adjustments.
SELECT is(pg_temp.adjust(-1, p_comment => 'fell down'), 'done 5 0 5 adjustment -1 damaged', 'damaged goods leave the stock');
SELECT is(pg_temp.adjust(3, 'received', p_key => 'k2'), 'done 8 0 8 adjustment 3 received', 'received goods are added');
SELECT is(pg_temp.adjust(3, 'received', p_key => 'k2'), 'done 8 0 8 adjustment 3 received replayed', 'once for each key');
SELECT is(pg_temp.stock(), '8 0', 'a repeated request changes nothing');
SELECT is(pg_temp.refusal('SELECT pg_temp.adjust(-9)'), 'OR409 stock_below_zero by', 'more than is there cannot be removed');
SELECT is(pg_temp.hint('SELECT pg_temp.adjust(-9)'), '{"on_hand": 8}', 'the refusal has the items on hand');
SELECT pg_temp.order_it('{"payment_method": "cod", "lines": [{"product": "lamp", "quantity": 5}]}') AS c \gset
SELECT is(pg_temp.adjust(-6, 'lost'), 'done 2 5 0 adjustment -6 lost', 'reserved items can be lost');
SELECT is(pg_temp.adjust(-2, 'stolen'), 'done 0 5 0 adjustment -2 stolen', 'all of them, for any reason');
SELECT is(pg_temp.adjust(7, 'found'), 'done 7 5 2 adjustment 7 found', 'and found again');
SELECT is(pg_temp.adjust(999999993, 'found'), 'done 1000000000 5 999999995 adjustment 999999993 found', 'the stock of a variant may be very large');
SELECT is(pg_temp.refusal('SELECT pg_temp.adjust(1)'), 'OR422 quantity_out_of_range by', 'up to its limit');
SELECT is(pg_temp.count(7), 'done 7 5 2 count -999999993', 'a count corrects it');
SELECT pg_temp.drop_it(NULL, :c, 'operator') \g (format=unaligned) /dev/null
SELECT is(pg_temp.stock(), '7 0', 'the items of a cancelled order are available again');
SELECT is((SELECT concat_ws(' ', m.reason, m.comment, m.actor, m.actor_id = pg_temp.uid('olga'), m.order_id) FROM orders_v1.list_movements(77, pg_temp.vid('lamp'), 500, NULL) AS m WHERE m.comment IS NOT NULL),
    'damaged fell down operator t', 'a movement has its reason, comment and actor');
SELECT is((SELECT concat_ws(' ', m.actor, m.actor_id = pg_temp.uid('olga'), m.order_id = :b, m.order_number = o.number) FROM orders_v1.list_movements(77, pg_temp.vid('lamp'), 500, NULL) AS m
    JOIN orders.orders o ON o.id = :b WHERE m.order_id = :b), 'operator t t t', 'a shipment has its order and the actor who shipped it');
SELECT is((SELECT concat_ws(' ', m.actor, m.actor_id = pg_temp.uid('olga')) FROM orders_v1.list_movements(77, pg_temp.vid('lamp'), 500, NULL) AS m ORDER BY m.id LIMIT 1), 'operator', 'a document has its actor');
SELECT pg_temp.sound('the stock is sound after adjustments');

-- A variant that is not counted, and a package.
SELECT pg_temp.operator_put('products', 'vase', '{"name": "Vase", "returnable": true, "variants": [{"ref": "x", "prices": {"USD": 500}}]}'),
       pg_temp.operator_put('products', 'club', '{"name": "Club", "variants": [{"ref": "x", "prices": {"USD": 500}}]}'),
       pg_temp.operator_put('packages', 'club', '{"product": "club", "rank": 1, "duration_unit": "month", "duration_value": 1}') \g (format=unaligned) /dev/null
SELECT is(pg_temp.refusal('SELECT pg_temp.adjust(1, ''found'', ''vase'')'), 'OR409 stock_not_counted', 'stock that is not counted cannot be adjusted');
SELECT is((SELECT concat_ws(' ', counted, coalesce(on_hand::text, 'null'), coalesce(reserved::text, 'null'), coalesce(available::text, 'null'), version) FROM orders_v1.read_stock(77, pg_temp.vid('vase'))),
    'f null null null 1', 'it has no quantities');
SELECT pg_temp.tag('vase') AS tag \gset
SELECT is(pg_temp.count(0, 'vase', p_match => :'tag'), 'done 0 0 0 count 0', 'a count begins counting, even with nothing');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.count(4, ''vase'', p_match => %L)', :'tag')), 'OR412 version_mismatch', 'and is a new version');
SELECT is(pg_temp.refusal('SELECT pg_temp.order_it(''{"lines": [{"product": "vase", "quantity": 1}]}'')'), 'OR409 insufficient_stock lines', 'nothing can be sold');
SELECT is(pg_temp.count(4, 'vase'), 'done 4 0 4 count 4', 'a second count');
SELECT is((SELECT stated FROM stock WHERE variant_id = pg_temp.vid('vase')), 0, 'documents are compared with the first count');
SELECT is(pg_temp.put_stock('vase', NULL), 'unchanged', 'a document without a quantity');
SELECT is(pg_temp.stock('vase'), '4 0', 'does not change the stock');
SELECT is(pg_temp.put_stock('vase', '0'), 'unchanged', 'a document with the quantity of the first count does not either');
SELECT is(pg_temp.put_stock('vase', '6'), 'updated', 'a document with another quantity');
SELECT is(pg_temp.stock('vase'), '6 0', 'sets the stock');
SELECT is(pg_temp.put_stock('vase', 'null'), 'updated', 'a document with null');
SELECT is(pg_temp.refusal('SELECT pg_temp.adjust(1, ''found'', ''vase'')'), 'OR409 stock_not_counted', 'ends counting');
SELECT is(pg_temp.count(5, 'vase'), 'done 5 0 5 count -1', 'until the next count');
SELECT is(pg_temp.movements('vase'), 'count+0=0 count+4=4 catalogue+2=6 uncounted+0=6 count-1=5', 'all movements are recorded');
SELECT is(pg_temp.refusal('SELECT pg_temp.count(1, ''club'')'), 'OR409 stock_not_counted', 'a package has no stock');
SELECT is(pg_temp.refusal('SELECT pg_temp.adjust(1, ''found'', ''club'')'), 'OR409 stock_not_counted', 'to adjust');
SELECT pg_temp.sound('the stock is sound after counting began and ended');

-- Returns.
CREATE FUNCTION pg_temp.returned(p_lines text, p_quantity integer DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_order  bigint := pg_temp.order_it(jsonb_build_object('payment_method', 'cod', 'lines', p_lines::jsonb));
    v_return bigint;
BEGIN
    PERFORM pg_temp.go(v_order, 'packed'), pg_temp.send(v_order), pg_temp.go(v_order, 'delivered');
    SELECT r.id INTO v_return FROM orders_v1.request_return(77, 'operator', 'operator', NULL, 'return', NULL, NULL, NULL, v_order,
        (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', l.id, 'quantity', p_quantity))) FROM orders.order_line l WHERE l.order_id = v_order), 'too big', NULL, NULL) AS r;
    PERFORM orders_v1.resolve_return(77, 'operator', 'operator', NULL, 'return', NULL, NULL, v_return, 'approve', NULL, NULL);
    RETURN v_return;
END
$$;
CREATE FUNCTION pg_temp.receive(p_return bigint, p_lines jsonb DEFAULT NULL, p_key text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', outcome, CASE WHEN replayed THEN 'replayed' END)
    FROM orders_v1.restock_return(77, 'operator', 'operator', pg_temp.uid('olga'), 'receive', p_key, '\x01', p_return, p_lines, 'unopened', NULL)
$$;
CREATE FUNCTION pg_temp.return_line(p_return bigint, p_product text DEFAULT 'lamp') RETURNS bigint LANGUAGE sql AS $$
    SELECT x.line_id FROM orders.return_line x JOIN orders.order_line l ON l.tenant_id = x.tenant_id AND l.order_id = x.order_id AND l.id = x.line_id
    WHERE x.tenant_id = 77 AND x.return_id = p_return AND l.item_ref = p_product
$$;
CREATE FUNCTION pg_temp.some(p_return bigint, p_quantity bigint, p_product text DEFAULT 'lamp') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_array(jsonb_build_object('id', pg_temp.return_line(p_return, p_product), 'quantity', p_quantity))
$$;
SELECT is(pg_temp.stock(), '7 0', 'seven lamps before the returns');
SELECT pg_temp.returned('[{"product": "lamp", "quantity": 3}]', 2) AS r \gset
SELECT is(pg_temp.stock(), '4 0', 'three are delivered');
SELECT is(pg_temp.receive(:r, p_key => 'k3'), 'done', 'two are received and restocked');
SELECT is(pg_temp.stock(), '6 0', 'and added to the stock');
SELECT is(pg_temp.receive(:r, p_key => 'k3'), 'done replayed', 'a repeated request with the same key');
SELECT is(pg_temp.receive(:r), 'unchanged', 'or without a key');
SELECT is(pg_temp.stock(), '6 0', 'adds nothing');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.receive(%s, %L)', :r, pg_temp.some(:r, 1))), 'OR409 return_not_resolvable', 'with other items it is refused');
SELECT is((SELECT concat_ws(' ', m.kind, m.change, m.on_hand, m.comment, m.actor, m.return_id = :r, m.order_number IS NOT NULL) FROM orders_v1.list_movements(77, pg_temp.vid('lamp'), 1, NULL) AS m),
    'returned 2 6 unopened operator t t', 'the movement names the return and its order');
SELECT is((SELECT outcome FROM orders_v1.resolve_return(77, 'operator', 'operator', NULL, 'return', NULL, NULL, :r, 'refund', NULL, NULL)), 'done', 'the return is refunded');
SELECT is(pg_temp.stock(), '6 0', 'a refund adds nothing');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.receive(%s)', :r)), 'OR409 return_not_resolvable', 'a refunded return cannot be received again');

SELECT pg_temp.returned('[{"product": "lamp", "quantity": 3}, {"product": "vase", "quantity": 1}]') AS r \gset
SELECT is(pg_temp.receive(:r, pg_temp.some(:r, 2)), 'done', 'two of three lamps are fit for sale');
SELECT is(pg_temp.stock() || ' ' || pg_temp.stock('vase'), '5 0 4 0', 'they are restocked, and the vase is not');
SELECT is(pg_temp.receive(:r, pg_temp.some(:r, 2)), 'unchanged', 'a repeated request adds nothing');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.receive(%s)', :r)), 'OR409 return_not_resolvable', 'all items are not the same as some');

SELECT pg_temp.returned('[{"product": "lamp", "quantity": 2}, {"product": "lamp", "quantity": 1}, {"product": "vase", "quantity": 2}]') AS r \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.receive(%s, %L)', :r, l.lines)), l.refusal, concat(l.lines, ' is refused')) FROM (VALUES
    ('[]'::jsonb, 'OR422 invalid_field lines'), ('{}', 'OR422 invalid_field lines'), ('[{"id": 1, "quantity": 1}]', 'OR422 line_not_found lines'),
    (pg_temp.some(:r, 3, 'vase'), 'OR422 quantity_out_of_range lines'), (pg_temp.some(:r, 0, 'vase'), 'OR422 quantity_out_of_range lines'), (pg_temp.some(:r, 99999999999, 'vase'), 'OR422 invalid_field lines'),
    (pg_temp.some(:r, 1, 'vase') || pg_temp.some(:r, 1, 'vase'), 'OR422 invalid_field lines')) AS l (lines, refusal);
SELECT is(pg_temp.put_stock('vase', 'null'), 'updated', 'vases are no longer counted');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.receive(%s, %L)', :r, pg_temp.some(:r, 1, 'vase'))), 'OR409 stock_not_counted lines', 'a line without counted stock cannot be restocked by name');
SELECT is(pg_temp.receive(:r), 'done', 'restocking all items');
SELECT is(pg_temp.stock() || ' ' || pg_temp.stock('vase'), '5 0 2 0', 'adds those that are counted, of both lines');
SELECT is(pg_temp.receive(:r), 'unchanged', 'a repeated request adds nothing');
SELECT is(pg_temp.refusal('SELECT pg_temp.receive(999999999)'), 'OR404 return_not_found', 'an unknown return');
SELECT pg_temp.returned('[{"product": "lamp", "quantity": 1}]') AS r \gset
SELECT is(pg_temp.count(1000000000), 'done 1000000000 0 1000000000 count 999999996', 'the stock is at its limit');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.receive(%s)', :r)), 'OR422 quantity_out_of_range lines', 'nothing can be restocked');
SELECT is((SELECT state::text FROM order_return WHERE id = :r), 'approved', 'and the return is not received');
SELECT is(pg_temp.count(4), 'done 4 0 4 count -999999996', 'the limit was a mistake');
SELECT is((SELECT outcome FROM orders_v1.resolve_return(77, 'operator', 'operator', NULL, 'return', NULL, NULL, :r, 'receive', NULL, NULL)), 'done', 'a return can be received without restocking');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.receive(%s)', :r)), 'OR409 return_not_resolvable', 'and is then adjusted, not restocked');
SELECT is(pg_temp.stock(), '4 0', 'the stock does not change');
SELECT pg_temp.returned('[{"product": "lamp", "quantity": 1}]') AS r \gset
SELECT pg_temp.sound('the stock is sound after returns');
SELECT is(pg_temp.violated(v.sql), v.names, v.sql || ' is reported') FROM (VALUES
    ('UPDATE orders.return_line SET restocked = 1 WHERE tenant_id = 77 AND restocked = 2', 'stock_is_recorded'),
    ('UPDATE orders.return_line SET restocked = 0 WHERE tenant_id = 77', 'stock_is_recorded'),
    ('UPDATE orders.return_line SET restocked = 1 WHERE tenant_id = 77 AND restocked = 0', 'stock_is_recorded'),
    ('UPDATE orders.order_return SET state = ''approved'' WHERE tenant_id = 77 AND state = ''received''', 'history_is_a_path stock_is_recorded'),
    ('UPDATE orders.stock_movement SET return_id = (SELECT max(return_id) FROM orders.stock_movement) WHERE tenant_id = 77 AND kind = ''returned''', 'references_exist stock_is_recorded')) AS v (sql, names);


-- Stock that functions of an earlier release have changed: the next movement records the difference.
UPDATE orders.stock SET on_hand = on_hand + 2, entered = entered + 2 WHERE variant_id = pg_temp.vid('lamp');
SELECT is((SELECT string_agg(name, ' ') FROM orders_check.all_violations WHERE tenant_id = 77), 'stock_is_recorded', 'a change without a movement is reported');
SELECT is(pg_temp.adjust(-1), 'done 4 0 4 adjustment -1 damaged', 'until the next movement');
SELECT is((SELECT string_agg(concat(kind, change), ' ' ORDER BY id DESC) FROM orders_v1.list_movements(77, pg_temp.vid('lamp'), 2, NULL)), 'adjustment-1 opening2', 'which records the difference');
DELETE FROM orders.stock_movement WHERE variant_id = pg_temp.vid('gift');
UPDATE orders.stock SET recorded = NULL WHERE variant_id = pg_temp.vid('gift');
SELECT pg_temp.sound('stock of an earlier release has no movements');
SELECT pg_temp.order_it('{"payment_method": "cod", "lines": [{"product": "gift", "quantity": 1}]}') AS d \gset
SELECT is(pg_temp.go(:d, 'packed') || pg_temp.send(:d), 'donedone', 'such stock is shipped');
SELECT is(pg_temp.movements('gift'), 'opening+10=10 shipped-1=9', 'its first movement is preceded by the opening');
SELECT pg_temp.sound('the stock is sound again');

-- Lists.
CREATE FUNCTION pg_temp.listed(
    p_product text DEFAULT NULL, p_variant text DEFAULT NULL, p_number text DEFAULT NULL, p_low integer DEFAULT NULL, p_counted boolean DEFAULT NULL, p_limit integer DEFAULT 50, p_before bigint DEFAULT NULL
) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(coalesce(product || '/' || variant, '...'), ' '), 'none')
    FROM orders_v1.list_stock(77, p_product, p_variant, p_number, p_low, p_counted, p_limit, p_before)
$$;
DELETE FROM orders.stock_movement WHERE tenant_id = 77;
DELETE FROM orders.stock WHERE tenant_id = 77;
SELECT pg_temp.operator_put('products', 'pen', '{"name": "Pen", "variants": [{"ref": "red", "number": "pen-r", "stock": 3, "prices": {}}, {"ref": "blue", "number": "pen-b", "stock": 8, "prices": {}}, {"ref": "old", "stock": 0, "active": false}]}'),
       pg_temp.operator_put('products', 'cup', '{"name": "Cup", "variants": [{"ref": "red", "stock": 5}, {"ref": "blue"}]}') \g (format=unaligned) /dev/null
SELECT is(pg_temp.listed(p_limit => 4), 'cup/blue cup/red pen/old pen/blue', 'variants are listed, newest first');
SELECT is(pg_temp.listed(p_limit => 2, p_before => pg_temp.vid('pen', 'old')), 'pen/blue pen/red', 'below an id');
SELECT is(pg_temp.listed('pen'), 'pen/old pen/blue pen/red', 'of a product');
SELECT is(pg_temp.listed('pen', p_before => pg_temp.vid('pen', 'blue')), 'pen/red', 'of a product, below an id');
SELECT is(pg_temp.listed(p_variant => 'red'), 'cup/red pen/red', 'with a reference');
SELECT is(pg_temp.listed('pen', 'red'), 'pen/red', 'of a product with a reference');
SELECT is(pg_temp.listed(p_number => 'PEN-B'), 'pen/blue', 'with a number');
SELECT is(pg_temp.listed(p_number => 'Pen-b'), 'pen/blue', 'in any case');
SELECT is(pg_temp.listed('cup', p_number => 'pen-b'), 'none', 'with a number, of another product');
SELECT is(pg_temp.listed(p_number => 'pen-b', p_before => pg_temp.vid('pen', 'blue')), 'none', 'with a number, below its id');
SELECT is(pg_temp.listed(p_counted => true), 'cup/red pen/old pen/blue pen/red', 'that are counted');
SELECT is(pg_temp.listed('cup', p_counted => false), 'cup/blue', 'that are not counted');
SELECT is(pg_temp.listed(p_low => 5), 'cup/red pen/red', 'with few items left, if they are on sale');
SELECT is(pg_temp.listed(p_low => 2), 'none', 'none with fewer');
SELECT is(pg_temp.listed(p_low => 5, p_counted => false), 'none', 'filters are combined');
SELECT is(pg_temp.listed(v.product, v.variant, v.number), 'none', concat('an unknown reference matches nothing: ', v.product, v.variant, v.number)) FROM (VALUES ('x', NULL, NULL), (NULL, 'nil', NULL), (NULL, NULL, 'nil')) AS v (product, variant, number);
SELECT is(orders_v1.variant_id_of(77, v.text), pg_temp.vid('pen', 'red'), v.text || ' is a variant') FROM unnest(ARRAY['pen-r', 'PEN-R', pg_temp.vid('pen', 'red')::text]) AS v (text);
SELECT is(orders_v1.variant_id_of(77, v.text), NULL, v.text || ' is none') FROM unnest('{red,0,999999999999999999,99999999999999999999,-1,01}'::text[]) AS v (text);
SELECT is((SELECT count(*) FROM orders_v1.list_stock(78, NULL, NULL, NULL, NULL, NULL, 50, NULL)), 0::bigint, 'another tenant has its own stock');

-- One call searches 10,000 variants.
INSERT INTO orders.variant (tenant_id, product_id, external_ref, name) SELECT 77, (SELECT id FROM orders.product WHERE tenant_id = 77 AND external_ref = 'cup'), 'v' || n, 'V' FROM generate_series(1, 10000) AS n;
SELECT id AS searched_to FROM orders_v1.list_stock(77, NULL, NULL, NULL, 5, NULL, 50, NULL) \gset
SELECT is(pg_temp.listed(p_low => 5), '...', 'the end of the search is returned');
SELECT is(:searched_to::bigint, pg_temp.vid('cup', 'v1'), 'with the id of the last variant');
SELECT is(pg_temp.listed(p_low => 5, p_before => :searched_to), 'cup/red pen/red', 'where the next call continues');
SELECT is(pg_temp.listed('cup', p_counted => true), '...', 'also in a product');
SELECT is(pg_temp.listed(p_low => 5, p_before => pg_temp.vid('cup', 'v2')), 'cup/red pen/red', 'the search ends with the last variant');
SELECT * FROM finish();
ROLLBACK;
