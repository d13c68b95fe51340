-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();
SELECT pg_temp.operator_put('products', 'lamp', '{"name": "Lamp", "variants": [{"ref": "x", "stock": 10, "prices": {"USD": 1000}}]}') \g (format=unaligned) /dev/null

CREATE FUNCTION pg_temp.order_it(p_document jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT order_id FROM orders.place_order(77, 'operator', 'operator', pg_temp.uid('olga'), 'place', NULL, NULL,
        '{"dialect": "customer", "user": "alice", "payment_method": "cod", "lines": [{"product": "lamp", "quantity": 2}]}'::jsonb || p_document, 900)
    WHERE kind = 'result'
$$;
CREATE FUNCTION pg_temp.go(p_order bigint, p_to text, p_expected timestamptz DEFAULT NULL, p_collected boolean DEFAULT true, p_version integer DEFAULT NULL)
RETURNS text LANGUAGE sql AS $$
    SELECT code FROM orders.advance(77, 'operator', 'operator', pg_temp.uid('olga'), p_to, NULL, NULL, p_order, p_to, p_expected, p_collected, 'as told', p_version)
    WHERE kind = 'result'
$$;
CREATE FUNCTION pg_temp.send(p_order bigint, p_shipment jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT code FROM orders.ship(77, 'operator', 'operator', pg_temp.uid('olga'), 'ship', NULL, NULL, p_order, p_shipment, NULL) WHERE kind = 'result'
$$;
CREATE FUNCTION pg_temp.said(p_order bigint, p_event jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT code FROM orders.track(77, 'operator', 'operator', pg_temp.uid('olga'), 'track', NULL, NULL, p_order, p_event, NULL) WHERE kind = 'result'
$$;
CREATE FUNCTION pg_temp.no(p_sql text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.refusal('SELECT ' || p_sql) $$;

-- From placing to the door.
SELECT pg_temp.order_it('{"shipping": {"courier": "JNE", "service": "REG", "estimated_delivery": "2-3 days"}}') AS a \gset
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''delivered'')', :a)), 'OR409 order_not_advanceable', 'nothing is delivered before it left');
SELECT is(pg_temp.no(format('pg_temp.send(%s)', :a)), 'OR409 order_not_advanceable', 'nor sent before it is packed');
SELECT is(pg_temp.go(:a, 'confirmed', now() + interval '2 days'), 'done', 'it is confirmed');
SELECT isnt((SELECT bill_no FROM orders WHERE id = :a), NULL, 'and billed');
SELECT is((SELECT expected_at FROM shipment WHERE order_id = :a), now() + interval '2 days', 'expected then');
SELECT is((SELECT courier FROM shipment WHERE order_id = :a), 'JNE', 'as it was planned otherwise');
SELECT is(pg_temp.go(:a, 'confirmed'), 'unchanged', 'again changes nothing');
SELECT is((SELECT version FROM orders WHERE id = :a), 2, 'not even its version');
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''packed'', NULL, true, 1)', :a)), 'OR412 version_mismatch', 'an old version is told so');
SELECT is(pg_temp.go(:a, 'packed'), 'done', 'it is packed');
SELECT is((SELECT reserved FROM stock WHERE tenant_id = 77), 2, 'its pieces are held until');
SELECT is(pg_temp.no(format('pg_temp.said(%s, ''{"status": "in_transit"}'')', :a)), 'OR409 order_not_advanceable', 'nobody follows what has not left');
SELECT is(pg_temp.send(:a, '{"tracking_number": "JP1", "tracking_url": "https://track.example/JP1", "service": "YES"}'), 'done', 'it leaves');
SELECT is((SELECT ROW(status, courier, service, tracking_number, tracking_url, estimated_delivery, shipped_at = now())::text FROM shipment WHERE order_id = :a),
    '(picked_up,JNE,YES,JP1,https://track.example/JP1,"2-3 days",t)', 'as planned, but for what was said now');
SELECT is((SELECT ROW(on_hand, reserved)::text FROM stock WHERE tenant_id = 77), '(8,0)', 'its pieces with it');
SELECT is(pg_temp.send(:a, '{"tracking_number": "JP1"}'), 'unchanged', 'again changes nothing');
SELECT is(pg_temp.send(:a), 'unchanged', 'nor without a number');
SELECT is(pg_temp.no(format('pg_temp.send(%s, ''{"tracking_number": "JP2"}'')', :a)), 'OR409 order_not_advanceable', 'another shipment it is not');
SELECT is(pg_temp.no(format('pg_temp.drop_it(NULL, %s, ''operator'')', :a)), 'OR409 order_not_cancellable', 'nor is it cancelled any more');

-- What the courier says.
SELECT is(pg_temp.said(:a, '{"status": "in_transit", "location": "Hub", "description": "Sorted", "at": "2025-12-07T16:30:00Z"}'), 'done', 'the courier tells');
SELECT is(pg_temp.said(:a, '{"status": "in_transit", "location": "Hub", "description": "Sorted", "at": "2025-12-07T16:30:00Z"}'), 'unchanged', 'once');
SELECT is(pg_temp.said(:a, '{"status": "picked_up", "at": "2025-12-07T14:00:00Z"}'), 'done', 'what comes late');
SELECT is((SELECT status FROM shipment WHERE order_id = :a), 'in_transit', 'is not the newest');
SELECT is(pg_temp.states(:a), 'open unpaid shipped', 'nothing has moved');
SELECT is((SELECT string_agg(state || coalesce(' ' || title, ''), ', ') FROM shipments_of(77, ARRAY[:a]::bigint[]) WHERE kind = 'tracking'), 'picked_up, in_transit Hub', 'events come in order of time');
SELECT is(pg_temp.said(:a, '{"status": "on_delivery"}'), 'done', 'the courier is about to come');
SELECT is(pg_temp.states(:a), 'open unpaid out_for_delivery', 'and the order knows');
SELECT is((SELECT flag FROM shipments_of(77, ARRAY[:a]::bigint[]) WHERE kind = 'shipment'), false, 'it is in time');
UPDATE shipment SET expected_at = now() - interval '1 second' WHERE order_id = :a;
SELECT is((SELECT flag FROM shipments_of(77, ARRAY[:a]::bigint[]) WHERE kind = 'shipment'), true, 'until it is not');
SELECT version AS before FROM orders WHERE id = :a \gset
SELECT is(pg_temp.said(:a, '{"status": "delivered", "description": "at the door"}'), 'done', 'it came');
SELECT is(pg_temp.states(:a), 'completed paid delivered', 'with the cash, and is complete');
SELECT is((SELECT version FROM orders WHERE id = :a), :before + 1, 'in one version');
SELECT is((SELECT string_agg(axis || ':' || to_state, ' ' ORDER BY step) FROM order_history WHERE order_id = :a AND version = :before + 1),
    'fulfilment:delivered payment:paid order:completed', 'whose history says all of it');
SELECT is((SELECT ROW(p.status, p.provider, p.captured)::text FROM payment p WHERE p.order_id = :a), '(paid,manual,2000)', 'the cash is noted');
SELECT is((SELECT ROW(status, delivered_at = now())::text FROM shipment WHERE order_id = :a), '(delivered,t)', 'the shipment says when');
SELECT is(pg_temp.go(:a, 'delivered'), 'unchanged', 'delivered once');
SELECT is(pg_temp.said(:a, '{"status": "in_transit"}'), 'done', 'whatever the courier adds');
SELECT is((SELECT status FROM shipment WHERE order_id = :a), 'delivered', 'delivered it is');

-- Money and goods.
SELECT pg_temp.order_it('{"payment_method": "bank_transfer"}') AS b \gset
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''confirmed'')', :b)), 'OR409 order_not_advanceable', 'goods that are not paid stay');
SELECT pg_temp.pay(:b) \g (format=unaligned) /dev/null
SELECT is(pg_temp.go(:b, 'packed'), 'done', 'paid, they are packed without further words');
SELECT is(pg_temp.send(:b), 'done', 'and leave with nobody named');
SELECT is(pg_temp.go(:b, 'delivered'), 'done', 'and come');
SELECT is(pg_temp.states(:b), 'completed paid delivered', 'which completes them');
SELECT pg_temp.order_it() AS c \gset
SELECT pg_temp.go(:c, 'packed'), pg_temp.send(:c) \g (format=unaligned) /dev/null
SELECT is(pg_temp.go(:c, 'delivered', NULL, false), 'done', 'delivered without the cash');
SELECT is(pg_temp.states(:c), 'open unpaid delivered', 'it still waits for it');
SELECT is(pg_temp.pay(:c), 'done', 'which comes later');
SELECT is(pg_temp.states(:c), 'completed paid delivered', 'and completes it');
SELECT pg_temp.order_it('{"payment_method": "balance"}') AS d \gset
SELECT pg_temp.drop_it(NULL, :d, 'operator') \g (format=unaligned) /dev/null
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''confirmed'')', :d)), 'OR409 order_not_advanceable', 'what is cancelled stays');
SELECT pg_temp.order_it('{"payment_channel": "sim", "payment_method": "external"}') AS e \gset
UPDATE orders SET expires_at = now() - interval '1 second' WHERE id = :e;
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''confirmed'')', :e)), 'OR409 order_not_advanceable', 'so does what has expired');
SELECT pg_temp.order_it('{"lines": [{"plan": "basic"}], "payment_method": "balance"}') AS f \gset
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''confirmed'')', :f)), 'OR409 order_not_advanceable', 'nothing of a plan is delivered');
SELECT is(pg_temp.no('pg_temp.go(0, ''confirmed'')'), 'OR404 not_found', 'there is no such order');

SELECT pg_temp.order_it() AS g \gset
SELECT pg_temp.go(:g, 'packed') \g (format=unaligned) /dev/null
SELECT is(pg_temp.no(format('pg_temp.send(%s, %L)', :g, c.document)), 'OR422 invalid_field ' || c.field, c.document)
FROM (VALUES ('{"tracking_url": "javascript:x"}', 'tracking_url'), ('{"courier": 5}', 'courier'), ('{"expected_at": "soon"}', 'expected_at'),
             ('{"comment": "a\u0007"}', 'comment')) AS c (document, field);
SELECT pg_temp.send(:g) \g (format=unaligned) /dev/null
SELECT is(pg_temp.no(format('pg_temp.said(%s, %L)', :g, c.document)), c.says, c.document)
FROM (VALUES ('{}', 'OR422 required_field status'), ('{"status": "In Transit"}', 'OR422 invalid_field status'), ('{"status": "planned"}', 'OR422 invalid_field status'),
             ('{"status": "x", "at": "1999-01-01T00:00:00Z"}', 'OR422 invalid_field at'), ('{"status": "x", "at": "2999-01-01T00:00:00Z"}', 'OR422 invalid_field at')) AS c (document, says);

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'the checks find nothing');
UPDATE shipment SET delivered_at = NULL WHERE order_id = :b;
UPDATE order_line SET reserved = quantity WHERE order_id = :c AND kind = 'product';
SELECT set_eq('SELECT name, order_id FROM orders_check.all_violations WHERE order_id IS NOT NULL', format($$VALUES ('shipments_fit', %s::bigint), ('stock_is_held', %s)$$, :b, :c),
    'a delivery without its time is found, and stock that was sent');
SELECT * FROM finish();
ROLLBACK;
