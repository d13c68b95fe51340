-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.operator_put(k.kind, k.ref, k.document)
FROM (VALUES
    (1, 'products', 'lamp', '{"name": "Lamp", "returnable": true, "tax_class": "std", "variants": [{"ref": "x", "prices": {"USD": 1000}}]}'::jsonb),
    (2, 'products', 'rug', '{"name": "Rug", "returnable": true, "variants": [{"ref": "x", "prices": {"USD": 700}}]}'),
    (3, 'products', 'cake', '{"name": "Cake", "variants": [{"ref": "x", "prices": {"USD": 300}}]}'),
    (4, 'products', 'gift', '{"name": "Gift", "returnable": true, "variants": [{"ref": "x", "prices": {"USD": 0}}]}')
) AS k (n, kind, ref, document) ORDER BY k.n \g (format=unaligned tuples_only=on) /dev/null

-- Places an order of goods: products separated by commas; lamp*3 is three lamps.
CREATE FUNCTION pg_temp.sell(p_lines text, p_more jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT ("order").id FROM orders_v1.place_order(77, 'operator', 'operator', pg_temp.uid('olga'), 'place', NULL, NULL,
        jsonb_build_object('dialect', 'customer', 'user', 'alice', 'currency', 'USD', 'payment_method', 'balance', 'tax_inclusive', false,
            'lines', (SELECT jsonb_agg(jsonb_build_object('product', split_part(w, '*', 1), 'quantity', coalesce(nullif(split_part(w, '*', 2), ''), '1')::integer) ORDER BY n)
                      FROM string_to_table(p_lines, ',') WITH ORDINALITY AS t (w, n))) || p_more, 900)
$$;
-- Delivers an order, p_days ago; the cash on delivery was not collected.
CREATE FUNCTION pg_temp.deliver(p_order bigint, p_days integer DEFAULT 0) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.advance(77, 'operator', 'operator', NULL, 'pack', NULL, NULL, p_order, 'packed', NULL, NULL, NULL, NULL);
    PERFORM orders_v1.ship(77, 'operator', 'operator', NULL, 'ship', NULL, NULL, p_order, '{}', NULL);
    PERFORM orders_v1.advance(77, 'operator', 'operator', NULL, 'deliver', NULL, NULL, p_order, 'delivered', NULL, false, NULL, NULL);
    UPDATE orders.shipment s SET delivered_at = now() - p_days * interval '24 hours' WHERE s.tenant_id = 77 AND s.order_id = p_order;
    RETURN p_order;
END
$$;
CREATE FUNCTION pg_temp.line(p_order bigint, p_title text) RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM orders.order_line WHERE tenant_id = 77 AND order_id = p_order AND title = p_title
$$;
CREATE FUNCTION pg_temp.pieces(p_order bigint, p_title text, p_quantity integer DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('id', pg_temp.line(p_order, p_title), 'quantity', p_quantity)))
$$;
CREATE FUNCTION pg_temp.ask(
    p_order bigint, p_lines jsonb, p_user text DEFAULT 'alice', p_window integer DEFAULT 30, p_reason text DEFAULT 'broken',
    p_version integer DEFAULT NULL, p_key text DEFAULT NULL, OUT code text, OUT id bigint
) LANGUAGE sql AS $$
    SELECT outcome, id FROM orders_v1.request_return(77, 'customer', 'buyer', pg_temp.uid('alice'), 'return', p_key, '\x01', pg_temp.uid(p_user),
                                               p_order, p_lines, p_reason, p_window, pg_temp.match(p_order, p_version))
$$;
CREATE FUNCTION pg_temp.refused(
    p_order bigint, p_lines jsonb, p_user text DEFAULT 'alice', p_window integer DEFAULT 30, p_reason text DEFAULT 'broken', p_version integer DEFAULT NULL
) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('SELECT pg_temp.ask(%L, %L, %L, %L, %L, %L)', p_order, p_lines, p_user, p_window, p_reason, p_version))
$$;
-- Takes steps separated by commas, such as 'approve,receive'; returns the outcome of the last one.
CREATE FUNCTION pg_temp.resolve(p_return bigint, p_actions text, p_version integer DEFAULT NULL, p_actor text DEFAULT 'operator', p_comment text DEFAULT 'agreed')
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_action text;
    v_code   text;
BEGIN
    FOREACH v_action IN ARRAY string_to_array(p_actions, ',') LOOP
        SELECT outcome INTO v_code FROM orders_v1.resolve_return(77, 'operator', p_actor, pg_temp.uid('olga'), 'return', NULL, NULL, p_return, v_action,
                                                           p_comment,
                                                           pg_temp.match((SELECT r.order_id FROM orders.order_return r WHERE r.id = p_return), p_version));
    END LOOP;
    RETURN v_code;
END
$$;
CREATE FUNCTION pg_temp.unresolved(p_return bigint, p_action text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('SELECT pg_temp.resolve(%L, %L)', p_return, p_action))
$$;
CREATE FUNCTION pg_temp.state(p_return bigint) RETURNS text LANGUAGE sql AS $$
    SELECT state::text FROM orders.order_return WHERE tenant_id = 77 AND id = p_return
$$;
CREATE FUNCTION pg_temp.counts(p_order bigint, p_title text) RETURNS text LANGUAGE sql AS $$
    SELECT returned_quantity || ' ' || refunded_quantity FROM orders.order_line WHERE tenant_id = 77 AND id = pg_temp.line(p_order, p_title)
$$;
CREATE FUNCTION pg_temp.version(p_order bigint) RETURNS integer LANGUAGE sql AS $$
    SELECT version FROM orders.orders WHERE tenant_id = 77 AND id = p_order
$$;
SELECT pg_temp.top_up('alice', 1000000) \g (format=unaligned) /dev/null

-- A complete return: 3 lamps at 1000 plus 16 % tax, and a rug.
SELECT pg_temp.sell('lamp*3,rug,cake') AS a \gset
SELECT is(pg_temp.refused(:a, pg_temp.pieces(:a, 'Lamp')), 'OR409 order_not_returnable', 'an undelivered order cannot be returned');
SELECT pg_temp.deliver(:a) \g (format=unaligned) /dev/null
SELECT pg_temp.version(:a) AS v \gset
SELECT code AS c1, id AS r1 FROM pg_temp.ask(:a, pg_temp.pieces(:a, 'Lamp', 2)) \gset
SELECT is(:'c1'::text, 'done', 'the return of two of three lamps is requested');
SELECT is(pg_temp.state(:r1), 'requested', 'the return is requested');
SELECT is(pg_temp.counts(:a, 'Lamp'), '2 0', 'the lines count the requested items');
SELECT is(pg_temp.version(:a), :v + 1, 'the request increments the version of the order');
SELECT results_eq(format('SELECT axis, from_state, to_state, actor, comment, return_id FROM order_history WHERE order_id = %s AND version = %s', :a, :v + 1),
    format($$VALUES ('return', 'new', 'requested', 'buyer', 'broken', %s::bigint)$$, :r1), 'history has the step and its actor');
SELECT is((SELECT types FROM event WHERE subject_id = :a ORDER BY version DESC LIMIT 1), '{return.requested}', 'the request has its event');
SELECT is((SELECT ROW(r.state, r.reason, r.lines, r.amount)::text FROM order_view v, unnest(v.returns) AS r WHERE v.id = :a),
    ROW('requested', 'broken', pg_temp.pieces(:a, 'Lamp', 2), NULL)::text, 'the order has the return');
SELECT is(pg_temp.ask(:a, pg_temp.pieces(:a, 'Lamp', 2))::text, format('(unchanged,%s)', :r1), 'the same request repeats the return');
SELECT is(pg_temp.ask(:a, pg_temp.pieces(:a, 'Lamp', 2), p_window => 0)::text, format('(unchanged,%s)', :r1), 'the repetition is accepted after the return window');
SELECT is(pg_temp.counts(:a, 'Lamp'), '2 0', 'the repetition does not count the items again');
SELECT is(pg_temp.refused(:a, pg_temp.pieces(:a, 'Lamp', 3)), 'OR422 quantity_out_of_range lines', 'three more lamps cannot be returned');
SELECT is(pg_temp.hint(format('SELECT pg_temp.ask(%s, %L)', :a, pg_temp.pieces(:a, 'Lamp', 3))), jsonb_build_object('id', pg_temp.line(:a, 'Lamp'), 'maximum', 1), 'the refusal has the maximum');
SELECT is(pg_temp.refused(:a, pg_temp.pieces(:a, 'Lamp', 0)), 'OR422 quantity_out_of_range lines', 'a quantity of 0 is refused');
SELECT id AS r2 FROM pg_temp.ask(:a, pg_temp.pieces(:a, 'Lamp')) \gset
SELECT is((SELECT quantity FROM return_line WHERE return_id = :r2), 1, 'a request without a quantity returns all remaining items');
SELECT is(pg_temp.ask(:a, pg_temp.pieces(:a, 'Lamp'))::text, format('(unchanged,%s)', :r2), 'it can be repeated');
SELECT is(pg_temp.refused(:a, pg_temp.pieces(:a, 'Lamp', 3)), 'OR409 line_already_returned lines', 'a line without remaining items is refused');

SELECT is(pg_temp.unresolved(:r1, 'receive'), 'OR409 return_not_resolvable', 'a requested return cannot be received');
SELECT is(pg_temp.unresolved(:r1, 'refund'), 'OR409 return_not_resolvable', 'a requested return cannot be refunded');
SELECT is(pg_temp.hint(format('SELECT pg_temp.resolve(%s, %L)', :r1, 'refund')), '{"state": "requested"}', 'the refusal has the state of the return');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.resolve(%s, %L, NULL, %L)', :r1, 'approve', 'buyer')), 'OR409 return_not_resolvable', 'a buyer cannot approve a return');
SELECT is(pg_temp.unresolved(:r1, 'eat'), 'OR422 unknown_word action', 'an unknown action is refused');
SELECT is(pg_temp.unresolved(999999999, 'approve'), 'OR404 return_not_found', 'an unknown return is not found');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.resolve(%s, %L, 1)', :r1, 'approve')), 'OR412 version_mismatch', 'an outdated version is refused');
SELECT is(pg_temp.resolve(:r1, 'approve', pg_temp.version(:a)), 'done', 'a return is approved');
SELECT is(pg_temp.resolve(:r1, 'approve'), 'unchanged', 'approving again changes nothing');
SELECT is((pg_temp.ask(:a, pg_temp.pieces(:a, 'Rug'))).code, 'done', 'another return of the order is requested');
SELECT is(pg_temp.resolve(:r1, 'receive'), 'done', 'an approved return is received');
SELECT is(pg_temp.resolve(:r1, 'receive'), 'unchanged', 'receiving again changes nothing');
SELECT is(pg_temp.unresolved(:r1, 'approve'), 'OR409 return_not_resolvable', 'a received return cannot be approved');
SELECT is(pg_temp.states(:a), 'completed paid delivered', 'a partial return leaves the order delivered');
SELECT pg_temp.money('alice') AS money, pg_temp.version(:a) AS v \gset
SELECT is(pg_temp.resolve(:r1, 'refund'), 'done', 'a received return is refunded');
SELECT is(pg_temp.resolve(:r1, 'refund'), 'unchanged', 'refunding again changes nothing');
SELECT is(pg_temp.money('alice') - :money, 2320::bigint, 'the refund includes the share of the tax');
SELECT is(pg_temp.states(:a), 'completed partially_refunded delivered', 'the order is partially refunded');
SELECT is(pg_temp.counts(:a, 'Lamp'), '3 2', 'the line counts the refunded items');
SELECT results_eq(format('SELECT axis, to_state, version FROM order_history WHERE order_id = %s AND version > %s ORDER BY step', :a, :v),
    format($$VALUES ('payment', 'partially_refunded', %1$s), ('return', 'refunded', %1$s)$$, :v + 1), 'the payment and the return change in one version');
SELECT is((SELECT ROW(r.state, r.amount, r.refund_id IS NOT NULL)::text FROM order_view v, unnest(v.returns) AS r WHERE v.id = :a AND r.id = :r1), '(refunded,2320,t)', 'the return shows its refund');
SELECT is((SELECT ROW(f.reason, f.lines)::text FROM refund f JOIN order_return r ON r.refund_id = f.id WHERE r.id = :r1), ROW('agreed', jsonb_build_array(jsonb_build_object('id', pg_temp.line(:a, 'Lamp'), 'quantity', 2, 'amount', 2320)))::text, 'the refund has the items of the return');
SELECT is(pg_temp.unresolved(:r1, 'receive'), 'OR409 return_not_resolvable', 'a refunded return cannot be received');
SELECT is(pg_temp.unresolved(:r1, 'reject'), 'OR409 return_not_resolvable', 'a refunded return cannot be rejected');

-- Rejected returns: their items can be returned again.
SELECT is(pg_temp.resolve(:r2, 'reject'), 'done', 'a requested return is rejected');
SELECT is(pg_temp.resolve(:r2, 'reject'), 'unchanged', 'rejecting again changes nothing');
SELECT is(pg_temp.counts(:a, 'Lamp'), '2 2', 'rejected items are not counted');
SELECT is(pg_temp.unresolved(:r2, 'approve'), 'OR409 return_not_resolvable', 'a rejected return cannot be approved');
SELECT code AS c3, id AS r3 FROM pg_temp.ask(:a, pg_temp.pieces(:a, 'Lamp')) \gset
SELECT is(:'c3' || ' ' || (:r3 <> :r2), 'done true', 'a rejected item can be returned again, although two items were refunded');
SELECT is((SELECT quantity FROM return_line WHERE return_id = :r3), 1, 'it is the only remaining item');
SELECT is(pg_temp.resolve(:r3, 'approve,reject'), 'done', 'an approved return is rejected');
SELECT id AS r4 FROM pg_temp.ask(:a, pg_temp.pieces(:a, 'Lamp')) \gset
SELECT is(pg_temp.resolve(:r4, 'approve,receive,reject'), 'done', 'a received return is rejected');
SELECT is(pg_temp.counts(:a, 'Lamp'), '2 2', 'items of rejected returns are not counted');

-- Refusals, their precedence, and the lines that they name.
SELECT is(pg_temp.refused(:a, c.lines::jsonb), c.says, concat(coalesce(c.lines, 'NULL'), ' is refused with ', c.says))
FROM (VALUES
    (NULL, 'OR422 invalid_field lines'), ('{}', 'OR422 invalid_field lines'), ('[]', 'OR422 invalid_field lines'), ('[5]', 'OR422 invalid_field lines'),
    ('[{"quantity": 1}]', 'OR422 invalid_field lines'), ('[{"id": "x"}]', 'OR422 invalid_field lines'), ('[{"id": 1, "quantity": -1}]', 'OR422 invalid_field lines'),
    ('[{"id": 1, "quantity": 1.5}]', 'OR422 invalid_field lines'), ('[{"id": 1}, {"id": 1}]', 'OR422 invalid_field lines'), ('[{"id": 1, "quantity": 1}, {"id": "1", "quantity": 2}]', 'OR422 invalid_field lines'),
    ('[{"id": 999999999}]', 'OR422 line_not_found lines')
) AS c (lines, says);
SELECT is(pg_temp.refused(:a, pg_temp.pieces(:a, 'Lamp'), p_reason => c.reason), c.says, format('the reason %L is refused with %s', left(c.reason, 5), c.says)) FROM (VALUES (NULL, 'OR422 required_field reason'), ('', 'OR422 required_field reason'), (' ', 'OR422 required_field reason'), (repeat('x', 1001), 'OR422 too_long reason')) AS c (reason, says);
SELECT is(pg_temp.refused(:a, pg_temp.pieces(:a, 'Lamp'), p_version => 1), 'OR412 version_mismatch', 'another version is refused');
SELECT is(pg_temp.refused(:a, pg_temp.pieces(:a, 'Lamp'), 'bob'), 'OR404 not_found', 'the order of another user is not found');
SELECT is((SELECT outcome FROM request_return(77, 'operator', 'operator', NULL, 'r', NULL, NULL, NULL, :a, pg_temp.pieces(:a, 'Lamp'), 'said by phone', NULL, NULL)),
    'done', 'an operator requests a return for any buyer');
SELECT is(pg_temp.refused(:a, pg_temp.pieces(:a, 'Cake')), 'OR422 line_not_returnable lines', 'a line that is not returnable is refused');
SELECT is(pg_temp.hint(format('SELECT pg_temp.ask(%s, %L)', :a, pg_temp.pieces(:a, 'Cake') || pg_temp.pieces(:a, 'Lamp') || '[{"id": 8}, {"id": 9}]'::jsonb)), '{"lines": [8, 9]}', 'the refusal names all unknown lines');
SELECT is(pg_temp.hint(format('SELECT pg_temp.ask(%s, %L)', :a, pg_temp.pieces(:a, 'Lamp') || pg_temp.pieces(:a, 'Cake'))), jsonb_build_object('lines', jsonb_build_array(pg_temp.line(:a, 'Cake'))), 'the refusal names all lines that cannot be returned');
SELECT is(pg_temp.hint(format('SELECT pg_temp.ask(%s, %L)', :a, pg_temp.pieces(:a, 'Rug', 1) || pg_temp.pieces(:a, 'Lamp'))),
    jsonb_build_object('lines', jsonb_build_array(pg_temp.line(:a, 'Lamp'), pg_temp.line(:a, 'Rug'))), 'the refusal names all lines without remaining items');
SELECT pg_temp.deliver(pg_temp.sell('lamp,rug', '{"shipping": {"price": 50, "courier": "JNE"}}'), 29) AS b \gset
SELECT is(pg_temp.refused(:b, jsonb_build_array(jsonb_build_object('id', (SELECT id FROM order_line WHERE order_id = :b AND kind = 'shipping')))), 'OR422 line_not_returnable lines', 'a shipping line cannot be returned');
UPDATE order_line SET returnable = true WHERE order_id = :b AND kind = 'shipping';
SELECT is(pg_temp.refused(:b, jsonb_build_array(jsonb_build_object('id', (SELECT id FROM order_line WHERE order_id = :b AND kind = 'shipping')))), 'OR422 line_not_returnable lines', 'a shipping line marked as returnable cannot be returned');
UPDATE orders SET state = 'error' WHERE id = :b;
SELECT is(pg_temp.refused(:b, pg_temp.pieces(:b, 'Lamp')), 'OR409 order_not_returnable', 'an order in error cannot be returned');
UPDATE orders SET state = 'completed' WHERE id = :b;
SELECT is(pg_temp.refused(:b, pg_temp.pieces(:a, 'Lamp')), 'OR422 line_not_found lines', 'a line of another order is not found');

-- The return window.
UPDATE shipment SET delivered_at = now() - interval '30 days 1 second', shipped_at = now() - interval '40 days' WHERE order_id = :b;
SELECT is(pg_temp.refused(:b, pg_temp.pieces(:b, 'Lamp')), 'OR409 return_window_closed', 'after 30 days a return is refused');
UPDATE shipment SET delivered_at = now() - interval '29 days 23 hours' WHERE order_id = :b;
SELECT is(pg_temp.refused(:b, pg_temp.pieces(:b, 'Lamp'), p_window => 0), 'OR409 return_window_closed', 'a window of 0 days refuses every return');
SELECT is((pg_temp.ask(:b, pg_temp.pieces(:b, 'Lamp'))).code, 'done', 'a return within the window is accepted');
UPDATE shipment SET delivered_at = now() - interval '30 days 1 second' WHERE order_id = :b;
SELECT is((pg_temp.ask(:b, pg_temp.pieces(:b, 'Rug'), p_window => NULL)).code, 'done', 'without a window a return is always accepted');

-- Return of all items.
SELECT pg_temp.deliver(pg_temp.sell('lamp*2,rug')) AS d \gset
SELECT id AS d1 FROM pg_temp.ask(:d, pg_temp.pieces(:d, 'Lamp') || pg_temp.pieces(:d, 'Rug')) \gset
SELECT is(pg_temp.ask(:d, pg_temp.pieces(:d, 'Rug') || pg_temp.pieces(:d, 'Lamp'))::text, format('(unchanged,%s)', :d1), 'the order of the lines does not matter');
SELECT is(pg_temp.refused(:d, pg_temp.pieces(:d, 'Rug')), 'OR409 line_already_returned lines', 'a part of a return is not a repetition');
SELECT pg_temp.version(:d) AS v \gset
SELECT is(pg_temp.resolve(:d1, 'approve,receive'), 'done', 'all items of an order are received');
SELECT is(pg_temp.states(:d), 'completed paid returned', 'the order is returned');
SELECT is((SELECT string_agg(axis || ' ' || to_state, ', ' ORDER BY step) FROM order_history WHERE order_id = :d AND version = :v + 2), 'fulfilment returned, return received', 'both steps share a version');
SELECT is(pg_temp.refused(:d, pg_temp.pieces(:d, 'Rug')), 'OR409 line_already_returned lines', 'an order whose items were all returned has none left to return');
SELECT is(pg_temp.resolve(:d1, 'refund'), 'done', 'the return of all items is refunded');
SELECT is(pg_temp.states(:d), 'completed refunded returned', 'the order is refunded in full');
SELECT pg_temp.deliver(pg_temp.sell('lamp*2', '{"shipping": {"price": 50}}')) AS e \gset
SELECT id AS e1 FROM pg_temp.ask(:e, pg_temp.pieces(:e, 'Lamp', 1)) \gset
SELECT pg_temp.resolve(:e1, 'approve') \g (format=unaligned) /dev/null
SELECT id AS e2 FROM pg_temp.ask(:e, pg_temp.pieces(:e, 'Lamp', 1)) \gset
SELECT pg_temp.resolve(:e1, 'receive,refund') \g (format=unaligned) /dev/null
SELECT is(pg_temp.states(:e), 'completed partially_refunded delivered', 'after one of two returns the order is still delivered');
SELECT pg_temp.resolve(:e2, 'approve,receive') \g (format=unaligned) /dev/null
SELECT is(pg_temp.states(:e), 'completed partially_refunded returned', 'after the second return the order is returned');
SELECT is(pg_temp.resolve(:e2, 'reject'), 'done', 'the second return is rejected after it was received');
SELECT is(pg_temp.states(:e), 'completed partially_refunded returned', 'the order stays returned');
SELECT is(pg_temp.refused(:e, pg_temp.pieces(:e, 'Lamp')), 'OR409 line_already_returned lines', 'received items of a rejected return cannot be returned again');

-- Amounts: shares add up, never exceed the rest, and consider other refunds.
SELECT pg_temp.deliver(pg_temp.sell('rug*3', '{"voucher": "TWO"}')) AS f \gset
SELECT pg_temp.money('alice') AS money \gset
SELECT pg_temp.resolve((pg_temp.ask(:f, pg_temp.pieces(:f, 'Rug', 1))).id, 'approve,receive,refund') FROM generate_series(1, 3) \g (format=unaligned) /dev/null
SELECT results_eq(format('SELECT amount FROM refund WHERE order_id = %s ORDER BY id', :f), 'VALUES (633::bigint), (633), (634)', 'the refunds of single items add up to the line');
SELECT is(pg_temp.money('alice') - :money, 1900::bigint, 'the refunds consider the discount');

SELECT pg_temp.deliver(pg_temp.sell('rug*2')) AS g \gset
SELECT id AS g1 FROM pg_temp.ask(:g, pg_temp.pieces(:g, 'Rug')) \gset
SELECT pg_temp.create_refunds(:g, 1000), pg_temp.resolve(:g1, 'approve,receive') \g (format=unaligned) /dev/null
SELECT is(pg_temp.resolve(:g1, 'refund'), 'done', 'a return is refunded after a refund of an amount');
SELECT is((SELECT amount FROM refund WHERE id = (SELECT refund_id FROM order_return WHERE id = :g1)), 400::bigint, 'the refund is limited to the rest');
SELECT pg_temp.deliver(pg_temp.sell('rug*2')) AS h \gset
SELECT id AS h1 FROM pg_temp.ask(:h, pg_temp.pieces(:h, 'Rug')) \gset
SELECT pg_temp.create_refunds(:h), pg_temp.resolve(:h1, 'approve,receive') \g (format=unaligned) /dev/null
SELECT is(pg_temp.unresolved(:h1, 'refund'), 'OR409 order_not_refundable', 'after a full refund a return cannot be refunded');
SELECT is(pg_temp.counts(:h, 'Rug'), '2 0', 'the refused refund reserves nothing');
SELECT pg_temp.deliver(pg_temp.sell('rug*2,lamp')) AS i \gset
SELECT id AS i1 FROM pg_temp.ask(:i, pg_temp.pieces(:i, 'Rug', 1)) \gset
SELECT pg_temp.create_refunds(:i, NULL, pg_temp.pieces(:i, 'Rug', 1)) \g (format=unaligned) /dev/null
SELECT is(pg_temp.refused(:i, pg_temp.pieces(:i, 'Rug', 2)), 'OR409 line_already_returned lines', 'a refunded item cannot be returned, and the other item is in a return');
SELECT is(pg_temp.resolve(:i1, 'approve,receive,refund'), 'done', 'the other item is refunded with its return');
SELECT is(pg_temp.refused(:i, pg_temp.pieces(:i, 'Rug')), 'OR409 line_already_returned lines', 'after that no item can be returned');
SELECT id AS i2 FROM pg_temp.ask(:i, pg_temp.pieces(:i, 'Lamp')) \gset
SELECT pg_temp.create_refunds(:i, NULL, pg_temp.pieces(:i, 'Lamp', 1)), pg_temp.resolve(:i2, 'approve,receive') \g (format=unaligned) /dev/null
SELECT is(pg_temp.unresolved(:i2, 'refund'), 'OR409 order_not_refundable', 'an item is not refunded twice');
SELECT is(pg_temp.hint(format('SELECT pg_temp.resolve(%s, %L)', :i2, 'refund')) -> 'lines', jsonb_build_array(pg_temp.line(:i, 'Lamp')), 'the refusal names its line');
SELECT pg_temp.deliver(pg_temp.sell('rug', '{"payment_method": "cod"}')) AS j \gset
SELECT id AS j1 FROM pg_temp.ask(:j, pg_temp.pieces(:j, 'Rug')) \gset
SELECT is(pg_temp.resolve(:j1, 'approve,receive'), 'done', 'items of an unpaid order are returned');
SELECT is(pg_temp.states(:j), 'open unpaid returned', 'the unpaid order stays open');
SELECT is(pg_temp.unresolved(:j1, 'refund'), 'OR409 order_not_refundable', 'an unpaid return cannot be refunded');
SELECT pg_temp.deliver(pg_temp.sell('gift,rug')) AS k \gset
SELECT id AS k1 FROM pg_temp.ask(:k, pg_temp.pieces(:k, 'Gift')) \gset
SELECT pg_temp.resolve(:k1, 'approve,receive') \g (format=unaligned) /dev/null
SELECT is(pg_temp.unresolved(:k1, 'refund'), 'OR409 order_not_refundable', 'a line with the amount 0 cannot be refunded');

-- Pending, completed and failed refunds, through a provider and manually.
SELECT pg_temp.sell('rug*2', '{"payment_method": "external", "payment_channel": "sim"}') AS l \gset
SELECT pg_temp.hear('l', 'paid', :l, 1400, 'tx-l') \g (format=unaligned) /dev/null
SELECT pg_temp.deliver(:l) \g (format=unaligned) /dev/null
SELECT id AS l1 FROM pg_temp.ask(:l, pg_temp.pieces(:l, 'Rug', 1)) \gset
SELECT id AS l2 FROM pg_temp.ask(:l, pg_temp.pieces(:l, 'Rug')) \gset
SELECT pg_temp.resolve(:l2, 'approve,receive'), pg_temp.resolve(:l1, 'approve,receive,refund') \g (format=unaligned) /dev/null
SELECT is(pg_temp.states(:l) || ' ' || pg_temp.state(:l1), 'completed refund_pending returned refunded', 'a refund through a provider is pending');
SELECT is(pg_temp.unresolved(:l2, 'refund'), 'OR409 refund_in_progress', 'a second refund is refused while one is pending');
SELECT max(id) AS rl FROM refund WHERE order_id = :l \gset
SELECT is(pg_temp.refusal(format($$SELECT settle_refund(77, 'operator', 'operator', NULL, 'r', NULL, NULL, %s, 'x', true, NULL, NULL)$$, :rl)), 'OR409 refund_not_by_hand', 'an operator cannot settle a refund of a provider');
SELECT pg_temp.version(:l) AS v \gset
SELECT is((SELECT outcome FROM settle_refund(77, 'worker', 'provider', NULL, NULL, NULL, NULL, :rl, NULL, false, 'no', 'account closed')), 'done', 'the provider refuses the refund');
SELECT is(pg_temp.state(:l1), 'received', 'the return is received again');
SELECT is((SELECT refund_id FROM order_return WHERE id = :l1), NULL, 'the return has no refund');
SELECT is(pg_temp.counts(:l, 'Rug'), '2 0', 'the items can be refunded again');
SELECT results_eq(format('SELECT axis, from_state, to_state, actor, version, comment FROM order_history WHERE order_id = %s AND version > %s ORDER BY step', :l, :v),
    format($$VALUES ('payment', 'refund_pending', 'paid', 'provider', %1$s, 'account closed'), ('return', 'refunded', 'received', 'provider', %1$s, 'account closed')$$, :v + 1), 'the payment and the return change in one version, with the provider as actor');
SELECT is(pg_temp.resolve(:l1, 'refund'), 'done', 'the refund is repeated');
SELECT max(id) AS rl FROM refund WHERE order_id = :l \gset
SELECT is((SELECT outcome FROM settle_refund(77, 'worker', 'provider', NULL, NULL, NULL, NULL, :rl, 'rtx', true, NULL, NULL)), 'done', 'the provider completes the refund');
SELECT is(pg_temp.state(:l1) || ' ' || pg_temp.states(:l), 'refunded completed partially_refunded returned', 'the return and the order are refunded');
SELECT is(pg_temp.resolve(:l2, 'refund'), 'done', 'the other return is refunded');
SELECT is((SELECT outcome FROM settle_refund(77, 'worker', 'provider', NULL, NULL, NULL, NULL, (SELECT max(id) FROM refund WHERE order_id = :l), NULL, false, 'no', 'no')), 'done', 'its refund fails');
SELECT is(pg_temp.state(:l1) || ' ' || pg_temp.state(:l2), 'refunded received', 'a failed refund reopens only its own return');
SELECT pg_temp.sell('rug', '{"payment_method": "bank_transfer"}') AS m \gset
SELECT pg_temp.pay(:m), pg_temp.deliver(:m) \g (format=unaligned) /dev/null
SELECT id AS m1 FROM pg_temp.ask(:m, pg_temp.pieces(:m, 'Rug')) \gset
SELECT pg_temp.resolve(:m1, 'approve,receive'), pg_temp.resolve(:m1, 'refund', NULL, 'seller') \g (format=unaligned) /dev/null
SELECT max(id) AS rm FROM refund WHERE order_id = :m \gset
SELECT is((SELECT status FROM refund WHERE id = :rm), 'pending', 'a refund of a transfer by a seller is pending');
SELECT is((SELECT outcome FROM settle_refund(77, 'operator', 'operator', pg_temp.uid('olga'), 'r', NULL, NULL, :rm, NULL, false, 'iban', 'no such account')), 'done', 'the operator reports that it failed');
SELECT is(pg_temp.state(:m1) || ' ' || pg_temp.states(:m), 'received completed paid returned', 'the return is received again and nothing is refunded');
SELECT is((SELECT actor FROM order_history WHERE return_id = :m1 ORDER BY step DESC LIMIT 1), 'operator', 'history names the operator');
SELECT is((SELECT ROW(status, failure_code, failure_message)::text FROM refund WHERE id = :rm), '(failed,iban,"no such account")', 'the refund has the failure');
SELECT is((SELECT outcome FROM settle_refund(77, 'operator', 'operator', pg_temp.uid('olga'), 'r', NULL, NULL, :rm, 'T-1', true, NULL, NULL)), 'unchanged', 'a failed refund cannot be completed');
SELECT pg_temp.resolve(:m1, 'refund', NULL, 'seller') \g (format=unaligned) /dev/null
SELECT is((SELECT outcome FROM settle_refund(77, 'operator', 'operator', pg_temp.uid('olga'), 'r', NULL, NULL, (SELECT max(id) FROM refund WHERE order_id = :m), 'T-2', true, NULL, NULL)), 'done', 'the next refund is completed');
SELECT is(pg_temp.state(:m1) || ' ' || pg_temp.states(:m), 'refunded completed refunded returned', 'the return is refunded');

-- Idempotency keys.
SELECT pg_temp.deliver(pg_temp.sell('rug*2')) AS n \gset
SELECT id AS n1 FROM pg_temp.ask(:n, pg_temp.pieces(:n, 'Rug', 1), p_key => 'k') \gset
SELECT pg_temp.resolve(:n1, 'reject') \g (format=unaligned) /dev/null
SELECT is(pg_temp.ask(:n, pg_temp.pieces(:n, 'Rug', 1), p_key => 'k')::text, format('(done,%s)', :n1), 'a key returns its return, whatever its state');
SELECT is((SELECT count(*) FROM order_return WHERE order_id = :n), 1::bigint, 'the repetition creates no return');

-- Lists.
CREATE FUNCTION pg_temp.listed(p_state text, p_limit integer, p_before bigint) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(r.id::text, ' ' ORDER BY r.n)
    FROM orders_v1.list_returns(77, p_state, p_limit, p_before) WITH ORDINALITY
        AS r (id, order_id, order_number, refund_id, state, reason, currency, amount, lines, created_at, updated_at, n)
$$;
SELECT is(pg_temp.listed('rejected', 2, NULL), format('%s %s', :n1, :e2), 'returns in a state are listed newest first');
SELECT is(pg_temp.listed('rejected', 3, NULL), format('%s %s %s', :n1, :e2, :r4), 'a page has at most the limit');
SELECT is(pg_temp.listed('rejected', 2, :e2), format('%s %s', :r4, :r3), 'the next page starts below the last id');
SELECT is((SELECT count(*) FROM list_returns(77, 'rejected', 3, :r3)), 1::bigint, 'the last page has the rest');
SELECT is((SELECT count(*) FROM list_returns(77, NULL, 100, NULL)), (SELECT count(*) FROM order_return WHERE tenant_id = 77), 'without a state all returns are listed');
SELECT results_eq('SELECT r FROM list_returns(77, NULL, 100, NULL) AS r',
    'SELECT r FROM order_view v, unnest(v.returns) AS r WHERE v.tenant_id = 77 ORDER BY r.id DESC', 'returns are listed as their orders have them');
SELECT is_empty('SELECT * FROM list_returns(78, NULL, 100, NULL)', 'only returns of the tenant are listed');

-- The number of rows of order_return that a page reads when many newer returns exist.
SELECT max(id) + 1 AS middle FROM order_return WHERE tenant_id = 77 \gset
INSERT INTO order_return (tenant_id, order_id, state, reason) SELECT 77, :a, 'rejected', 'newer' FROM generate_series(1, 1000);
SET LOCAL enable_seqscan = off;
SET LOCAL plan_cache_mode = force_generic_plan;
CREATE FUNCTION pg_temp.rows_read(p_state text, p_before bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_before bigint := (SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relid = 'orders.order_return'::regclass);
BEGIN
    PERFORM list_returns(77, p_state, 2, p_before);
    RETURN (SELECT idx_tup_fetch - v_before FROM pg_stat_xact_user_tables WHERE relid = 'orders.order_return'::regclass);
END
$$;
SELECT cmp_ok(pg_temp.rows_read(c.state, c.before), '<', 100::bigint, 'a page of ' || c.what || ' reads few returns')
FROM (VALUES ('requested', NULL::bigint, 'a rare state'), (NULL, :middle, 'any state, far from the first'), ('requested', :middle, 'both')) AS c (state, before, what);
RESET enable_seqscan;
RESET plan_cache_mode;
DELETE FROM order_return WHERE tenant_id = 77 AND reason = 'newer';

SELECT is(pg_temp.broken(format('UPDATE order_line SET returned_quantity = 3 WHERE id = %s', pg_temp.line(:n, 'Rug'))), 'order_line_returned_within_quantity', 'a constraint limits returned items to the quantity');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
