-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();
SELECT pg_temp.operator_put('products', 'lamp', '{"name": "Lamp", "variants": [{"ref": "x", "stock": 10, "prices": {"USD": 1000}}]}') \g (format=unaligned) /dev/null

CREATE FUNCTION pg_temp.order_it(p_document jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT ("order").id FROM orders_v1.place_order(77, 'operator', 'operator', pg_temp.uid('olga'), 'place', NULL, NULL,
        '{"dialect": "customer", "user": "alice", "payment_method": "cod", "lines": [{"product": "lamp", "quantity": 2}]}'::jsonb || p_document, 900)
$$;
CREATE FUNCTION pg_temp.go(p_order bigint, p_to text, p_expected timestamptz DEFAULT NULL, p_collected boolean DEFAULT true, p_version integer DEFAULT NULL)
RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.advance(77, 'operator', 'operator', pg_temp.uid('olga'), p_to, NULL, NULL, p_order, p_to, p_expected, p_collected, 'as told', pg_temp.match(p_order, p_version))
$$;
CREATE FUNCTION pg_temp.send(p_order bigint, p_shipment jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.ship(77, 'operator', 'operator', pg_temp.uid('olga'), 'ship', NULL, NULL, p_order, p_shipment, NULL)
$$;
CREATE FUNCTION pg_temp.said(p_order bigint, p_event jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.track(77, 'operator', 'operator', pg_temp.uid('olga'), 'track', NULL, NULL, p_order, p_event, NULL)
$$;
-- The detail of a refusal.
CREATE FUNCTION pg_temp.sentence(p_sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_detail text;
BEGIN
    EXECUTE p_sql;
    RETURN 'no refusal';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
    RETURN v_detail;
END
$$;
CREATE FUNCTION pg_temp.no(p_sql text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.refusal('SELECT ' || p_sql) $$;

-- An order from placing to delivery.
SELECT pg_temp.order_it('{"shipping": {"courier": "JNE", "service": "REG", "estimated_delivery": "2-3 days"}}') AS a \gset
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''delivered'')', :a)), 'OR409 order_not_advanceable', 'an order that was not shipped is not delivered');
SELECT is(pg_temp.no(format('pg_temp.send(%s)', :a)), 'OR409 order_not_advanceable', 'an order that is not packed is not shipped');
SELECT is(pg_temp.go(:a, 'confirmed', now() + interval '2 days'), 'done', 'a placed order is confirmed');
SELECT isnt((SELECT bill_no FROM orders WHERE id = :a), NULL, 'a confirmed order is billed');
SELECT is((SELECT expected_at FROM shipment WHERE order_id = :a), now() + interval '2 days', 'confirming sets the expected delivery');
SELECT is((SELECT courier FROM shipment WHERE order_id = :a), 'JNE', 'the planned courier is kept');
SELECT is(pg_temp.go(:a, 'confirmed'), 'unchanged', 'confirming again changes nothing');
SELECT is((SELECT version FROM orders WHERE id = :a), 2, 'confirming again keeps the version');
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''packed'', NULL, true, 1)', :a)), 'OR412 version_mismatch', 'an outdated version is refused');
SELECT is(pg_temp.go(:a, 'packed'), 'done', 'a confirmed order is packed');
SELECT is((SELECT expected_at FROM shipment WHERE order_id = :a), now() + interval '2 days', 'packing without an expected time keeps it');
SELECT is((SELECT string_agg(comment, ', ') FROM order_history WHERE order_id = :a AND axis = 'fulfilment' AND from_state <> 'new'), 'as told, as told', 'each step has its comment');
SELECT is((SELECT reserved FROM stock WHERE tenant_id = 77), 2, 'the items are reserved until shipping');
SELECT is(pg_temp.no(format('pg_temp.said(%s, ''{"status": "in_transit"}'')', :a)), 'OR409 order_not_advanceable', 'an order that was not shipped is not tracked');
SELECT is(pg_temp.send(:a, '{"tracking_number": "JP1", "tracking_url": "https://track.example/JP1", "service": "YES"}'), 'done', 'a packed order is shipped');
SELECT is((SELECT ROW(status, courier, service, tracking_number, tracking_url, estimated_delivery, shipped_at = now())::text FROM shipment WHERE order_id = :a),
    '(picked_up,JNE,YES,JP1,https://track.example/JP1,"2-3 days",t)', 'the shipment has the given values and otherwise the planned ones');
SELECT is((SELECT ROW(on_hand, reserved)::text FROM stock WHERE tenant_id = 77), '(8,0)', 'the items leave the stock');
SELECT is(pg_temp.send(:a, '{"tracking_number": "JP1"}'), 'unchanged', 'shipping again with the same values changes nothing');
SELECT is(pg_temp.send(:a), 'unchanged', 'shipping again without values changes nothing');

-- The shipment can be corrected after shipping.
CREATE FUNCTION pg_temp.shown(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws('|', courier, service, coalesce(tracking_number, '-'), coalesce(tracking_url, '-'), estimated_delivery) FROM orders.shipment WHERE tenant_id = 77 AND order_id = p_order
$$;
CREATE FUNCTION pg_temp.corrections(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(h.from_state || ' ' || h.actor || ': ' || h.comment, '; ' ORDER BY h.step) FROM orders_v1.order_history h
    WHERE h.tenant_id = 77 AND h.order_id = p_order AND h.axis = 'details'
$$;
SELECT is(pg_temp.send(:a, '{"tracking_number": "JP2", "comment": "typo"}'), 'done', 'a wrong tracking number is corrected');
SELECT is(pg_temp.shown(:a), 'JNE|YES|JP2|-|2-3 days', 'a new tracking number removes the URL of the old one');
SELECT is(pg_temp.send(:a, '{"tracking_number": "JP2"}'), 'unchanged', 'the same correction changes nothing');
SELECT is(pg_temp.send(:a, '{"tracking_url": "https://track.example/JP2", "courier": "SiCepat", "service": "", "estimated_delivery": "1 day"}'), 'done', 'URL, courier and estimate are corrected');
SELECT is(pg_temp.shown(:a), 'SiCepat|YES|JP2|https://track.example/JP2|1 day', 'missing and empty members keep their values');
SELECT is(pg_temp.send(:a, '{"expected_at": "2026-12-01T10:00:00+02:00"}'), 'done', 'the expected delivery is corrected');
SELECT is(pg_temp.corrections(:a), 'new operator: typo. tracking_number: JP1 -> JP2, tracking_url: https://track.example/JP1 -> -; '
    || 'corrected operator: courier: JNE -> SiCepat, tracking_url: - -> https://track.example/JP2, estimated_delivery: 2-3 days -> 1 day; corrected operator: expected_at: '
    || utc_time(now() + interval '2 days') || ' -> 2026-12-01T08:00:00Z', 'history has the actor, the old and the new values');
SELECT is(pg_temp.states(:a), 'open unpaid shipped', 'a correction does not change the states');
SELECT is((SELECT version FROM orders WHERE id = :a), 7, 'each correction increments the version');
SELECT is((SELECT count(*) FROM event WHERE subject_id = :a AND types = '{order.corrected}'), 3::bigint, 'each correction has an event');
SELECT is((SELECT ROW(on_hand, reserved)::text FROM stock WHERE tenant_id = 77), '(8,0)', 'a correction does not change the stock');
UPDATE shipment SET expected_at = now() + interval '2 days', estimated_delivery = '2-3 days' WHERE order_id = :a;
SELECT is(pg_temp.no(format('pg_temp.drop_it(''alice'', %s, ''customer'')', :a)), 'OR409 order_not_cancellable', 'a shipped order is not cancelled by its buyer');

-- Tracking events.
SELECT is(pg_temp.said(:a, '{"status": "in_transit", "location": "Hub", "description": "Sorted", "at": "2025-12-07T16:30:00Z"}'), 'done', 'a tracking event is stored');
SELECT is(pg_temp.said(:a, '{"status": "in_transit", "location": "Hub", "description": "Sorted", "at": "2025-12-07T16:30:00Z"}'), 'unchanged', 'a repeated event changes nothing');
SELECT is(pg_temp.said(:a, '{"status": "picked_up", "at": "2025-12-07T14:00:00Z"}'), 'done', 'a late event is stored');
SELECT is((SELECT status FROM shipment WHERE order_id = :a), 'in_transit', 'the status is that of the latest event');
SELECT is(pg_temp.states(:a), 'open unpaid shipped', 'these events do not move the order');
SELECT is((SELECT string_agg(t.status || coalesce(' ' || t.location, ''), ', ' ORDER BY t.n) FROM order_view v, unnest(v.tracking) WITH ORDINALITY AS t (id, shipment_id, status, location, description, at, n) WHERE v.id = :a), 'picked_up, in_transit Hub', 'events are sorted by time');
SELECT is(pg_temp.said(:a, '{"status": "on_delivery"}'), 'done', 'an event on_delivery is stored');
SELECT is(pg_temp.states(:a), 'open unpaid out_for_delivery', 'the event on_delivery moves the order');
SELECT is((SELECT (shipment).late FROM order_view WHERE id = :a), false, 'a delivery in time is not late');
UPDATE shipment SET expected_at = now() - interval '1 second' WHERE order_id = :a;
SELECT is((SELECT (shipment).late FROM order_view WHERE id = :a), true, 'a delivery is late after the expected time');
SELECT version AS before FROM orders WHERE id = :a \gset
SELECT is(pg_temp.said(:a, '{"status": "delivered", "description": "at the door"}'), 'done', 'an event delivered is stored');
SELECT is(pg_temp.states(:a), 'completed paid delivered', 'the event delivered completes a cash-on-delivery order');
SELECT is((SELECT version FROM orders WHERE id = :a), :before + 1, 'all its steps share a version');
SELECT is((SELECT string_agg(axis || ':' || to_state, ' ' ORDER BY step) FROM order_history WHERE order_id = :a AND version = :before + 1),
    'fulfilment:delivered payment:paid order:completed', 'history has all its steps');
SELECT is((SELECT ROW(p.status, p.provider, p.captured)::text FROM payment p WHERE p.order_id = :a), '(paid,manual,2000)', 'the cash is recorded as a payment');
SELECT is((SELECT ROW(status, delivered_at = now())::text FROM shipment WHERE order_id = :a), '(delivered,t)', 'the shipment has the time of delivery');
SELECT is(pg_temp.go(:a, 'delivered'), 'unchanged', 'delivering again changes nothing');
SELECT is(pg_temp.said(:a, '{"status": "in_transit"}'), 'done', 'an event after the delivery is stored');
SELECT is((SELECT status FROM shipment WHERE order_id = :a), 'delivered', 'an event after the delivery does not change the status');

-- Payment and delivery.
SELECT pg_temp.order_it('{"payment_method": "bank_transfer"}') AS b \gset
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''confirmed'')', :b)), 'OR409 order_not_advanceable', 'an unpaid order is not confirmed');
SELECT pg_temp.pay(:b) \g (format=unaligned) /dev/null
SELECT is(pg_temp.go(:b, 'packed'), 'done', 'a paid order is packed without being confirmed');
SELECT is(pg_temp.send(:b), 'done', 'an order without a courier is shipped');
SELECT is(pg_temp.go(:b, 'delivered'), 'done', 'a shipped order is delivered');
SELECT is(pg_temp.states(:b), 'completed paid delivered', 'a paid and delivered order is completed');
SELECT pg_temp.order_it() AS c \gset
SELECT pg_temp.go(:c, 'packed'), pg_temp.send(:c) \g (format=unaligned) /dev/null
SELECT is(pg_temp.go(:c, 'delivered', NULL, false), 'done', 'an order is delivered without the cash');
SELECT is(pg_temp.states(:c), 'open unpaid delivered', 'an order delivered without the cash stays open');
SELECT is(pg_temp.pay(:c), 'done', 'the cash is recorded later');
SELECT is(pg_temp.states(:c), 'completed paid delivered', 'the later payment completes the order');
SELECT pg_temp.order_it('{"payment_method": "balance"}') AS d \gset
SELECT pg_temp.drop_it(NULL, :d, 'operator') \g (format=unaligned) /dev/null
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''confirmed'')', :d)), 'OR409 order_not_advanceable', 'a cancelled order is not confirmed');
SELECT pg_temp.order_it('{"payment_channel": "sim", "payment_method": "external"}') AS e \gset
SELECT pg_temp.let_expire(:e, now() - interval '1 second') \g (format=unaligned) /dev/null
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''confirmed'')', :e)), 'OR409 order_not_advanceable', 'an expired order is not confirmed');
SELECT pg_temp.order_it('{"lines": [{"plan": "basic"}], "payment_method": "balance"}') AS f \gset
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''confirmed'')', :f)), 'OR409 order_not_advanceable', 'an order of a plan is not confirmed');
SELECT is(pg_temp.no('pg_temp.go(0, ''confirmed'')'), 'OR404 not_found', 'an unknown order is not found');

SELECT pg_temp.order_it() AS g \gset
SELECT pg_temp.go(:g, 'packed') \g (format=unaligned) /dev/null
SELECT pg_temp.send(:g) \g (format=unaligned) /dev/null
SELECT is(pg_temp.no(format('pg_temp.said(%s, %L)', :g, c.document)), c.says, concat(c.document, ' is refused with ', c.says))
FROM (VALUES ('{}', 'OR422 required_field status'), ('{"status": "In Transit"}', 'OR422 invalid_field status'), ('{"status": "planned"}', 'OR422 invalid_field status'),
             ('{"status": "x", "at": "1999-01-01T00:00:00Z"}', 'OR422 invalid_field at'), ('{"status": "x", "at": "2999-01-01T00:00:00Z"}', 'OR422 invalid_field at')) AS c (document, says);

-- A shipped order is delivered even if it was refunded. An unshipped order with a pending or full refund is not shipped.
SELECT pg_temp.operator_put('products', 'rug', '{"name": "Rug", "variants": [{"ref": "x", "prices": {"USD": 1000}}]}') \g (format=unaligned) /dev/null
CREATE FUNCTION pg_temp.rug(p_method text, p_more jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT pg_temp.order_it(jsonb_build_object('payment_method', p_method, 'lines', '[{"product": "rug"}]'::jsonb) || p_more)
$$;
CREATE FUNCTION pg_temp.sent(p_order bigint, p_shipment jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.go(p_order, 'packed') || ' ' || pg_temp.send(p_order, p_shipment)
$$;
SELECT pg_temp.rug('balance') AS h \gset
SELECT pg_temp.sent(:h), pg_temp.create_refunds(:h) \g (format=unaligned) /dev/null
SELECT is(pg_temp.go(:h, 'delivered'), 'done', 'an order refunded in full after shipping is delivered');
SELECT is(pg_temp.states(:h), 'completed refunded delivered', 'an order refunded in full and delivered is completed');
SELECT pg_temp.rug('external', '{"payment_channel": "sim"}') AS i \gset
SELECT pg_temp.hear('i1', 'paid', :i, 1000, 'txi') \g (format=unaligned) /dev/null
SELECT pg_temp.sent(:i), pg_temp.create_refunds(:i, 100) \g (format=unaligned) /dev/null
SELECT is(pg_temp.said(:i, '{"status": "delivered"}'), 'done', 'a shipped order with a pending refund is delivered');
SELECT is(pg_temp.states(:i), 'completed refund_pending delivered', 'a pending refund does not keep a delivered order open');
SELECT pg_temp.hear('i2', 'refunded', :i, 100, 'txr') \g (format=unaligned) /dev/null
SELECT is(pg_temp.states(:i), 'completed partially_refunded delivered', 'the end of the refund does not reopen the order');
SELECT pg_temp.rug('balance') AS j \gset
SELECT pg_temp.create_refunds(:j, 100) \g (format=unaligned) /dev/null
SELECT is(pg_temp.sent(:j), 'done done', 'a partially refunded order is shipped');
SELECT is(pg_temp.go(:j, 'delivered') || ' ' || pg_temp.states(:j), 'done completed partially_refunded delivered', 'a partially refunded order is delivered and completed');
SELECT pg_temp.rug('external', '{"payment_channel": "sim"}') AS o \gset
SELECT pg_temp.hear('o1', 'paid', :o, 1000, 'txo'), pg_temp.go(:o, 'packed'), pg_temp.create_refunds(:o, 100) \g (format=unaligned) /dev/null
SELECT is(pg_temp.no(format('pg_temp.send(%s)', :o)), 'OR409 order_not_advanceable', 'an order with a pending refund is not shipped');
SELECT pg_temp.rug('cod') AS u \gset
SELECT pg_temp.pay(:u), pg_temp.sent(:u) \g (format=unaligned) /dev/null
SELECT is(pg_temp.go(:u, 'delivered') || ' ' || pg_temp.states(:u), 'done completed paid delivered', 'a cash-on-delivery order that was paid before the delivery is completed');
SELECT is((SELECT ROW(captured, (SELECT count(*) FROM payment WHERE order_id = :u))::text FROM orders WHERE id = :u), '(1000,1)', 'no cash is recorded for an order that was already paid');
SELECT pg_temp.rug('balance') AS k \gset
SELECT pg_temp.go(:k, 'packed'), pg_temp.create_refunds(:k) \g (format=unaligned) /dev/null
SELECT is(pg_temp.no(format('pg_temp.send(%s)', :k)), 'OR409 order_not_advanceable', 'a fully refunded order is not shipped');
SELECT pg_temp.rug('bank_transfer', '{"voucher": "ALL"}') AS l \gset
SELECT is(pg_temp.sent(:l), 'done done', 'an order with a total of 0 is shipped');
SELECT is(pg_temp.go(:l, 'delivered') || ' ' || pg_temp.states(:l), 'done completed paid delivered', 'an order with a total of 0 is completed on delivery');

-- An order that is closed after shipping.
SELECT pg_temp.rug('cod') AS m \gset
SELECT pg_temp.sent(:m) \g (format=unaligned) /dev/null
SELECT pg_temp.fail_finally(:m) \g (format=unaligned) /dev/null
SELECT is(pg_temp.said(:m, '{"status": "on_delivery", "at": "2025-12-07T14:00:00Z"}'), 'done', 'a tracking event of a closed order is stored');
SELECT is(pg_temp.said(:m, '{"status": "delivered", "at": "2025-12-07T15:00:00Z"}'), 'done', 'an event delivered of a closed order is stored');
SELECT is(pg_temp.states(:m), 'error failed shipped', 'events do not move a closed order');
SELECT is((SELECT count(*) FROM shipment_event WHERE order_id = :m), 2::bigint, 'the events of a closed order are kept');
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''delivered'')', :m)), 'OR409 order_not_advanceable', 'a closed order is not delivered by the operator');

-- Steps that other functions take.
SELECT pg_temp.rug('cod') AS n \gset
SELECT is(pg_temp.go(:n, 'confirmed') || ' ' || pg_temp.go(:n, 'packed', now() + interval '1 day'), 'done done', 'an order is confirmed, then packed');
SELECT is((SELECT expected_at FROM shipment WHERE order_id = :n), now() + interval '1 day', 'packing sets the expected delivery');
SELECT is(pg_temp.no(format('pg_temp.go(%s, %L)', :n, t.step)), 'OR409 order_not_advanceable', coalesce(t.step, 'null') || ' is not accepted as a step')
FROM unnest(ARRAY['pending', 'confirmed', 'shipped', 'out_for_delivery', 'returned', 'none', 'elsewhere', NULL]) AS t (step);
SELECT is(pg_temp.states(:n), 'open unpaid packed', 'none of the refused steps was taken');
SELECT is((SELECT shipped_at FROM shipment WHERE order_id = :n), NULL, 'the refused steps did not ship the order');
SELECT is(pg_temp.send(:n, '{"tracking_number": "", "courier": "", "tracking_url": ""}'), 'done', 'empty texts are accepted');
SELECT is((SELECT ROW(tracking_number, courier, tracking_url)::text FROM shipment WHERE order_id = :n), '(,,)', 'empty texts are stored as missing');
SELECT is(pg_temp.send(:n, '{"tracking_number": ""}'), 'unchanged', 'an empty tracking number changes nothing');
SELECT is(pg_temp.send(:n, '{"tracking_number": "JP9"}'), 'done', 'a tracking number can be added later');

-- The shipping address can be corrected until the goods are shipped.
CREATE FUNCTION pg_temp.goes(p_order bigint, p_document jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.correct_address(77, 'operator', 'operator', pg_temp.uid('olga'), 'address', NULL, NULL, p_order, p_document, NULL)
$$;
SELECT pg_temp.goods('alice', 'shop', 'cod') AS moved \gset
SELECT is(pg_temp.goes(:moved, '{"shipping_address": {"street": "Main 1", "city": "Bern"}}'), 'done', 'a missing address is added');
SELECT is(pg_temp.goes(:moved, '{"shipping_address": {"street": "Main 2", "city": "Bern", "code": "3000"}, "comment": "called"}'), 'done', 'an address is corrected');
SELECT is(pg_temp.goes(:moved, '{"shipping_address": {"street": "Main 2", "city": "Bern", "code": "3000"}}'), 'unchanged', 'the same address changes nothing');
SELECT is((SELECT document ->> 'street' FROM order_address WHERE order_id = :moved AND kind = 'shipping'), 'Main 2', 'the address is replaced as a whole');
SELECT is(pg_temp.corrections(:moved), 'new operator: shipping_address: city, street; corrected operator: called. shipping_address: code, street', 'history names the changed members');
SELECT is(pg_temp.no(format('pg_temp.goes(%s, ''{"shipping_address": {"street": "Main 3"}}'')', :a)), 'OR409 order_not_advanceable', 'the address of a shipped order is not corrected');

-- A wrong event can be withdrawn.
SELECT is(pg_temp.said(:n, '{"status": "in_transit", "location": "Hub"}'), 'done', 'an event is stored');
SELECT is(pg_temp.said(:n, '{"status": "lost", "location": "Moon"}'), 'done', 'a wrong event is stored');
SELECT max(id) AS wrong FROM shipment_event WHERE order_id = :n \gset
SELECT is(pg_temp.said(:n, format('{"withdraws": %s}', :wrong)::jsonb), 'done', 'the wrong event is withdrawn');
SELECT is(pg_temp.said(:n, format('{"withdraws": %s}', :wrong)::jsonb), 'unchanged', 'withdrawing again changes nothing');
SELECT is((SELECT (shipment).status || ' ' || array_to_string(ARRAY(SELECT t.status FROM unnest(v.tracking) AS t), ' ') FROM order_view v WHERE v.id = :n), 'in_transit in_transit', 'the shipment does not show the withdrawn event');
SELECT is((SELECT comment FROM order_history WHERE order_id = :n AND axis = 'details' ORDER BY step DESC LIMIT 1), format('tracking event %s withdrawn: lost, Moon', :wrong), 'history names the withdrawn event');
SELECT is(pg_temp.said(:n, '{"status": "lost", "location": "Moon", "withdraws": null}'), 'done', 'a withdrawn event can be added again; null is absent');
SELECT is(pg_temp.said(:n, format('{"withdraws": %s, "status": null}', :wrong)::jsonb), 'unchanged', 'members that are null are allowed beside withdraws');
SELECT is(pg_temp.sentence(format('SELECT pg_temp.said(%s, ''{"status": "lost", "at": "%s"}'')', :n, o.at)), 'Must be from 2000-01-01 to one day from now.', 'an event in ' || o.what || ' is refused')
FROM (VALUES ('1999-12-31T23:59:59Z', 'the last century'), ('2999-01-01T00:00:00Z', 'the future')) AS o (at, what);
SELECT is(pg_temp.refusal(format('SELECT pg_temp.said(%s, ''{"withdraws": %s}'')', o.id, o.event)), 'OR422 invalid_field withdraws', 'withdrawing the event ' || o.event || ' is refused')
FROM (VALUES (:n, '0'), (:a, :'wrong')) AS o (id, event);
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''shipped'')', :n)), 'OR409 order_not_advanceable', 'shipped is not accepted as a step of a shipped order');
SELECT is(pg_temp.said(:n, '{"status": "on_delivery", "at": "2025-12-07T14:00:00Z"}') || ' ' || pg_temp.said(:n, '{"status": "on_delivery", "at": "2025-12-08T14:00:00Z"}'),
    'done done', 'two events on_delivery are stored');
SELECT is((SELECT count(*) FROM order_history WHERE order_id = :n AND to_state = 'out_for_delivery'), 1::bigint, 'two events on_delivery are one step');
SELECT is(pg_temp.go(:n, 'delivered', NULL, NULL) || ' ' || pg_temp.states(:n), 'done completed paid delivered', 'a delivery that does not state the cash counts it as collected');
SELECT is((SELECT count(*) FROM shipment_event WHERE order_id = :n), 5::bigint, 'only tracking events are stored as events');
SELECT is((SELECT string_agg(comment, ', ') FROM order_history WHERE order_id = :n AND to_state = 'delivered'), 'as told', 'history has the comment of the delivery');
SELECT is((SELECT count(*) FROM orders WHERE tenant_id = 77 AND bill_no = (SELECT bill_no FROM orders WHERE id = :n)), 1::bigint, 'an order keeps its bill number');

-- Limits of event times, and versions.
SELECT pg_temp.rug('cod') AS p \gset
SELECT pg_temp.sent(:p) \g (format=unaligned) /dev/null
SELECT is(pg_temp.said(:p, jsonb_build_object('status', 'x', 'at', t.at)), 'done', 'an event at ' || t.at || ' is accepted')
FROM (VALUES ('2000-01-01T00:00:00Z'), (to_char((now() + interval '23 hours 59 minutes') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))) AS t (at);
SELECT is(pg_temp.no(format('pg_temp.said(%s, %L)', :p, jsonb_build_object('status', 'x', 'at', t.at))), 'OR422 invalid_field at', 'an event at ' || t.at || ' is refused')
FROM (VALUES ('1999-12-31T23:59:59Z'), (to_char((now() + interval '24 hours 1 minute') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))) AS t (at);
SELECT is(pg_temp.said(:p, '{"status": "y", "location": "A", "at": "2025-12-07T14:00:00Z"}'), 'done', 'an event with a time is stored');
SELECT is(pg_temp.said(:p, e.document), 'done', e.document::text || ' is another event')
FROM (VALUES ('{"status": "z", "location": "A", "at": "2025-12-07T14:00:00Z"}'::jsonb), ('{"status": "y", "at": "2025-12-07T14:00:00Z"}'),
             ('{"status": "y", "location": "A", "description": "D", "at": "2025-12-07T14:00:00Z"}'),
             ('{"status": "y", "location": "A", "at": "2025-12-07T14:00:01Z"}')) AS e (document);
SELECT is(pg_temp.said(:p, '{"status": "y", "location": "A", "description": "", "at": "2025-12-07T21:00:00+07:00"}'), 'unchanged', 'the same event with another time zone changes nothing');
SELECT is(pg_temp.no(format($$(SELECT count(*) FROM orders_v1.%1$s(77, 'operator', 'operator', pg_temp.uid('olga'), 'x', NULL, NULL, %2$s, '{"status": "x"}', ARRAY[orders_v1.version_tag(%2$s, 1)]))$$, f.name, :p)),
    'OR412 version_mismatch', f.name || ': an outdated version is refused') FROM unnest(ARRAY['ship', 'track']) AS f (name);
SELECT is(pg_temp.no(format($$(SELECT count(*) FROM orders_v1.%s(77, 'operator', 'operator', pg_temp.uid('olga'), 'x', NULL, NULL, 0, '{"status": "x"}', NULL))$$, f.name)),
    'OR404 not_found', f.name || ': an unknown order is not found') FROM unnest(ARRAY['ship', 'track']) AS f (name);
SELECT is(pg_temp.no(format($$(SELECT count(*) FROM orders_v1.%s(78, 'operator', 'operator', NULL, 'x', NULL, NULL, %s, '{"status": "x"}', NULL))$$, f.name, :p)),
    'OR404 not_found', f.name || ': an order of another tenant is not found') FROM unnest(ARRAY['ship', 'track']) AS f (name);
SELECT is(pg_temp.no(format($$(SELECT count(*) FROM orders_v1.advance(77, 'shop', 'buyer', pg_temp.uid('alice'), 'x', NULL, NULL, %s, 'delivered', NULL, true, NULL, NULL))$$, :p)),
    'OR409 order_not_advanceable', 'a buyer cannot mark an order as delivered');

-- Values given at shipping and by events are stored, and every event increments the version.
SELECT pg_temp.rug('cod', '{"shipping": {"courier": "JNE", "service": "REG"}}') AS r, pg_temp.rug('cod') AS s \gset
SELECT pg_temp.go(:r, 'packed') \g (format=unaligned) /dev/null
SELECT is(pg_temp.send(:r, jsonb_build_object('courier', 'TIKI', 'estimated_delivery', '1 day', 'expected_at', '2030-01-01T00:00:00Z', 'tracking_url', 'https://' || repeat('a', 1992))), 'done', 'another courier replaces the planned one');
SELECT is((SELECT ROW(courier, service, estimated_delivery, length(tracking_url), expected_at = '2030-01-01T00:00:00Z')::text FROM shipment WHERE order_id = :r), '(TIKI,REG,"1 day",2000,t)', 'the planned service is kept');
SELECT pg_temp.sent(:s) \g (format=unaligned) /dev/null
SELECT version AS before FROM orders WHERE id = :r \gset
SELECT is(string_agg(pg_temp.said(c.id, c.event), ' ' ORDER BY c.n), 'done done unchanged done unchanged done', 'an event equal to the last event of its order changes nothing')
FROM (VALUES (1, :r, '{"status": "x"}'::jsonb), (2, :s, '{"status": "y"}'), (3, :r, '{"status": "x"}'), (4, :r, '{"status": "z"}'), (5, :r, '{"status": "z"}'), (6, :r, '{"status": "x"}')) AS c (n, id, event);
SELECT is((SELECT version FROM orders WHERE id = :r), :before + 3, 'each event increments the version');
SELECT is((SELECT status FROM shipment WHERE order_id = :s), 'y', 'an event sets the status of its own order');
SELECT is(pg_temp.said(:s, jsonb_build_object('status', 'w', 'at', now() + interval '1 hour')) || ' ' || pg_temp.said(:r, '{"status": "v"}'), 'done done', 'an event with the latest time is stored');
SELECT is((SELECT status FROM shipment WHERE order_id = :r), 'v', 'an event affects only its order, and of two events with one time the later one counts');
SELECT is(pg_temp.said(:r, '{"status": "on_delivery", "description": "soon"}') || ' ' || pg_temp.said(:r, jsonb_build_object('status', 'delivered', 'description', 'there', 'at', now() + interval '1 hour')),
    'done done', 'the order is delivered');
SELECT is((SELECT string_agg(comment, ', ' ORDER BY version) FROM order_history WHERE order_id = :r AND to_state IN ('out_for_delivery', 'delivered')), 'soon, there', 'history has the descriptions of the events');
SELECT is((SELECT delivered_at FROM shipment WHERE order_id = :r), now(), 'the time of delivery is not in the future');
SELECT is(pg_temp.said(:s, jsonb_build_object('status', 'delivered', 'at', now() - interval '1 hour')), 'done', 'an event delivered with a time before shipping is stored');
SELECT is((SELECT delivered_at FROM shipment WHERE order_id = :s), now(), 'the time of delivery is not before shipping');
SELECT version AS before FROM orders WHERE id = :m \gset
SELECT is(pg_temp.said(:m, '{"status": "lost"}'), 'done', 'an event of a closed order is stored');
SELECT is((SELECT version FROM orders WHERE id = :m), :before + 1, 'an event of a closed order increments the version');

-- One idempotency key has one result for all these operations.
SELECT pg_temp.rug('cod') AS q \gset
CREATE FUNCTION pg_temp.keyed(p_call text, p_order bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_two text[];
BEGIN
    FOR i IN 1 .. 2 LOOP
        EXECUTE format('SELECT array_append($1, string_agg((to_jsonb(a) - ''replayed'')::text, '' '')) FROM orders_v1.%s AS a',
                       format(p_call, format('77, ''operator'', ''operator'', NULL, ''keyed'', %L, ''\x01'', %s', p_call, p_order))) INTO v_two USING v_two;
    END LOOP;
    RETURN CASE WHEN v_two[1] = v_two[2] THEN 'the same' ELSE array_to_string(v_two, E'\n') END || ' at '
           || (SELECT version FROM orders.orders WHERE tenant_id = 77 AND id = p_order);
END
$$;
SELECT is(pg_temp.keyed(k.call, :q), 'the same at ' || k.version, 'a repetition returns the first response: ' || k.call)
FROM (VALUES (1, 'advance(%s, ''packed'', NULL, true, NULL, NULL)', 2), (2, 'ship(%s, ''{"tracking_number": "JP1"}'', NULL)', 3),
             (3, 'track(%s, ''{"status": "on_delivery"}'', NULL)', 4), (4, 'advance(%s, ''delivered'', NULL, true, NULL, NULL)', 5)) AS k (n, call, version)
ORDER BY k.n;

-- The time of delivery is that of the event, between shipping and now. A repeated event without a time changes nothing.
SELECT pg_temp.operator_put('products', 'lamp', '{"name": "Lamp", "variants": [{"ref": "x", "stock": 50, "prices": {"USD": 1000}}]}') \g (format=unaligned) /dev/null
SELECT pg_temp.order_it() AS t \gset
SELECT pg_temp.go(:t, 'packed'), pg_temp.send(:t) \g (format=unaligned) /dev/null
UPDATE shipment SET shipped_at = now() - interval '2 days', expected_at = now() - interval '1 day' WHERE order_id = :t;
SELECT is(pg_temp.said(:t, '{"status": "in_transit"}'), 'done', 'an event without a time is stored');
SELECT is(pg_temp.said(:t, '{"status": "in_transit"}'), 'unchanged', 'a repeated event without a time changes nothing');
SELECT is(pg_temp.said(:t, '{"status": "in_transit", "location": "Hub"}'), 'done', 'a different event without a time is stored');
SELECT is(pg_temp.said(:t, jsonb_build_object('status', 'delivered', 'at', now() - interval '30 hours')), 'done', 'an event delivered with a time in the past is stored');
SELECT is((SELECT ROW(delivered_at = now() - interval '30 hours', (SELECT (shipment).late FROM order_view WHERE id = :t))::text
           FROM shipment WHERE order_id = :t), '(t,f)', 'the time of delivery is that of the event, so the delivery is not late');

-- Planned values are kept, an expired order is not packed, and cash is collected only for cash on delivery.
SELECT pg_temp.rug('cod') AS u \gset
SELECT pg_temp.go(:u, 'packed', now() + interval '3 days'), pg_temp.send(:u, '{"courier": "JNE"}') \g (format=unaligned) /dev/null
SELECT is((SELECT expected_at FROM shipment WHERE order_id = :u), now() + interval '3 days', 'the expected delivery set at packing is kept');
SELECT pg_temp.rug('cod') AS v \gset
SELECT pg_temp.let_expire(:v, now() - interval '1 second') \g (format=unaligned) /dev/null
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''packed'')', :v)), 'OR409 order_not_advanceable', 'an order past its expiry is not packed, whatever its payment method');
SELECT pg_temp.let_expire(:v, NULL) \g (format=unaligned) /dev/null
SELECT pg_temp.sent(:v) \g (format=unaligned) /dev/null
UPDATE orders SET payment_method = 'bank_transfer' WHERE id = :v;
SELECT is(pg_temp.go(:v, 'delivered') || ' ' || pg_temp.states(:v), 'done open unpaid delivered', 'a delivery collects no cash for a bank transfer');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
UPDATE shipment SET delivered_at = NULL WHERE order_id = :b;
UPDATE order_line SET reserved = quantity WHERE order_id = :c AND kind = 'product';
SELECT set_eq('SELECT name, order_id FROM orders_check.all_violations WHERE order_id IS NOT NULL', format($$VALUES ('shipments_fit', %s::bigint), ('stock_is_held', %s)$$, :b, :c),
    'a delivery without a time and reserved stock after shipping are reported');
SELECT * FROM finish();
ROLLBACK;
