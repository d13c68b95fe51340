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
-- The detail of the refusal.
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
SELECT is((SELECT expected_at FROM shipment WHERE order_id = :a), now() + interval '2 days', 'expected as before');
SELECT is((SELECT string_agg(comment, ', ') FROM order_history WHERE order_id = :a AND axis = 'fulfilment' AND from_state <> 'new'), 'as told, as told', 'each step with its remark');
SELECT is((SELECT reserved FROM stock WHERE tenant_id = 77), 2, 'its pieces are held until');
SELECT is(pg_temp.no(format('pg_temp.said(%s, ''{"status": "in_transit"}'')', :a)), 'OR409 order_not_advanceable', 'nobody follows what has not left');
SELECT is(pg_temp.send(:a, '{"tracking_number": "JP1", "tracking_url": "https://track.example/JP1", "service": "YES"}'), 'done', 'it leaves');
SELECT is((SELECT ROW(status, courier, service, tracking_number, tracking_url, estimated_delivery, shipped_at = now())::text FROM shipment WHERE order_id = :a),
    '(picked_up,JNE,YES,JP1,https://track.example/JP1,"2-3 days",t)', 'as planned, but for what was said now');
SELECT is((SELECT ROW(on_hand, reserved)::text FROM stock WHERE tenant_id = 77), '(8,0)', 'its pieces with it');
SELECT is(pg_temp.send(:a, '{"tracking_number": "JP1"}'), 'unchanged', 'again changes nothing');
SELECT is(pg_temp.send(:a), 'unchanged', 'nor without a number');

-- What was said of the shipment can be corrected.
CREATE FUNCTION pg_temp.shown(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws('|', courier, service, coalesce(tracking_number, '-'), coalesce(tracking_url, '-'), estimated_delivery) FROM orders.shipment WHERE tenant_id = 77 AND order_id = p_order
$$;
CREATE FUNCTION pg_temp.corrections(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(h.from_state || ' ' || h.actor || ': ' || h.comment, '; ' ORDER BY h.step) FROM orders_v1.order_history h
    WHERE h.tenant_id = 77 AND h.order_id = p_order AND h.axis = 'details'
$$;
SELECT is(pg_temp.send(:a, '{"tracking_number": "JP2", "comment": "typo"}'), 'done', 'a wrong tracking number is corrected');
SELECT is(pg_temp.shown(:a), 'JNE|YES|JP2|-|2-3 days', 'the address of the old number goes with it');
SELECT is(pg_temp.send(:a, '{"tracking_number": "JP2"}'), 'unchanged', 'once');
SELECT is(pg_temp.send(:a, '{"tracking_url": "https://track.example/JP2", "courier": "SiCepat", "service": "", "estimated_delivery": "1 day"}'), 'done', 'so is the rest');
SELECT is(pg_temp.shown(:a), 'SiCepat|YES|JP2|https://track.example/JP2|1 day', 'what is not said, or empty, stays');
SELECT is(pg_temp.send(:a, '{"expected_at": "2026-12-01T10:00:00+02:00"}'), 'done', 'and when it is expected');
SELECT is(pg_temp.corrections(:a), 'new operator: typo. tracking_number: JP1 -> JP2, tracking_url: https://track.example/JP1 -> -; '
    || 'corrected operator: courier: JNE -> SiCepat, tracking_url: - -> https://track.example/JP2, estimated_delivery: 2-3 days -> 1 day; corrected operator: expected_at: '
    || utc_time(now() + interval '2 days') || ' -> 2026-12-01T08:00:00Z', 'history has who, the old and the new');
SELECT is(pg_temp.states(:a), 'open unpaid shipped', 'the order stays where it is');
SELECT is((SELECT version FROM orders WHERE id = :a), 7, 'each correction is a version');
SELECT is((SELECT count(*) FROM event WHERE subject_id = :a AND types = '{order.corrected}'), 3::bigint, 'and an event');
SELECT is((SELECT ROW(on_hand, reserved)::text FROM stock WHERE tenant_id = 77), '(8,0)', 'no pieces leave again');
UPDATE shipment SET expected_at = now() + interval '2 days', estimated_delivery = '2-3 days' WHERE order_id = :a;
SELECT is(pg_temp.no(format('pg_temp.drop_it(''alice'', %s, ''customer'')', :a)), 'OR409 order_not_cancellable', 'nor does its buyer cancel it any more');

-- What the courier says.
SELECT is(pg_temp.said(:a, '{"status": "in_transit", "location": "Hub", "description": "Sorted", "at": "2025-12-07T16:30:00Z"}'), 'done', 'the courier tells');
SELECT is(pg_temp.said(:a, '{"status": "in_transit", "location": "Hub", "description": "Sorted", "at": "2025-12-07T16:30:00Z"}'), 'unchanged', 'once');
SELECT is(pg_temp.said(:a, '{"status": "picked_up", "at": "2025-12-07T14:00:00Z"}'), 'done', 'what comes late');
SELECT is((SELECT status FROM shipment WHERE order_id = :a), 'in_transit', 'is not the newest');
SELECT is(pg_temp.states(:a), 'open unpaid shipped', 'nothing has moved');
SELECT is((SELECT string_agg(t.status || coalesce(' ' || t.location, ''), ', ' ORDER BY t.n) FROM order_view v, unnest(v.tracking) WITH ORDINALITY AS t (id, shipment_id, status, location, description, at, n) WHERE v.id = :a), 'picked_up, in_transit Hub', 'events come in order of time');
SELECT is(pg_temp.said(:a, '{"status": "on_delivery"}'), 'done', 'the courier is about to come');
SELECT is(pg_temp.states(:a), 'open unpaid out_for_delivery', 'and the order knows');
SELECT is((SELECT (shipment).late FROM order_view WHERE id = :a), false, 'it is in time');
UPDATE shipment SET expected_at = now() - interval '1 second' WHERE order_id = :a;
SELECT is((SELECT (shipment).late FROM order_view WHERE id = :a), true, 'until it is not');
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
SELECT pg_temp.let_expire(:e, now() - interval '1 second') \g (format=unaligned) /dev/null
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''confirmed'')', :e)), 'OR409 order_not_advanceable', 'so does what has expired');
SELECT pg_temp.order_it('{"lines": [{"plan": "basic"}], "payment_method": "balance"}') AS f \gset
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''confirmed'')', :f)), 'OR409 order_not_advanceable', 'nothing of a plan is delivered');
SELECT is(pg_temp.no('pg_temp.go(0, ''confirmed'')'), 'OR404 not_found', 'there is no such order');

SELECT pg_temp.order_it() AS g \gset
SELECT pg_temp.go(:g, 'packed') \g (format=unaligned) /dev/null
SELECT pg_temp.send(:g) \g (format=unaligned) /dev/null
SELECT is(pg_temp.no(format('pg_temp.said(%s, %L)', :g, c.document)), c.says, c.document)
FROM (VALUES ('{}', 'OR422 required_field status'), ('{"status": "In Transit"}', 'OR422 invalid_field status'), ('{"status": "planned"}', 'OR422 invalid_field status'),
             ('{"status": "x", "at": "1999-01-01T00:00:00Z"}', 'OR422 invalid_field at'), ('{"status": "x", "at": "2999-01-01T00:00:00Z"}', 'OR422 invalid_field at')) AS c (document, says);

-- What has left arrives, whatever became of the money; what has not, waits for it.
SELECT pg_temp.operator_put('products', 'rug', '{"name": "Rug", "variants": [{"ref": "x", "prices": {"USD": 1000}}]}') \g (format=unaligned) /dev/null
CREATE FUNCTION pg_temp.rug(p_method text, p_more jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT pg_temp.order_it(jsonb_build_object('payment_method', p_method, 'lines', '[{"product": "rug"}]'::jsonb) || p_more)
$$;
CREATE FUNCTION pg_temp.sent(p_order bigint, p_shipment jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.go(p_order, 'packed') || ' ' || pg_temp.send(p_order, p_shipment)
$$;
SELECT pg_temp.rug('balance') AS h \gset
SELECT pg_temp.sent(:h), pg_temp.create_refunds(:h) \g (format=unaligned) /dev/null
SELECT is(pg_temp.go(:h, 'delivered'), 'done', 'what left before all its money went back comes');
SELECT is(pg_temp.states(:h), 'completed refunded delivered', 'and there is nothing left to do');
SELECT pg_temp.rug('external', '{"payment_channel": "sim"}') AS i \gset
SELECT pg_temp.hear('i1', 'paid', :i, 1000, 'txi') \g (format=unaligned) /dev/null
SELECT pg_temp.sent(:i), pg_temp.create_refunds(:i, 100) \g (format=unaligned) /dev/null
SELECT is(pg_temp.said(:i, '{"status": "delivered"}'), 'done', 'so does what left before a refund that is under way');
SELECT is(pg_temp.states(:i), 'completed refund_pending delivered', 'which does not keep it open');
SELECT pg_temp.hear('i2', 'refunded', :i, 100, 'txr') \g (format=unaligned) /dev/null
SELECT is(pg_temp.states(:i), 'completed partially_refunded delivered', 'nor does its end');
SELECT pg_temp.rug('balance') AS j \gset
SELECT pg_temp.create_refunds(:j, 100) \g (format=unaligned) /dev/null
SELECT is(pg_temp.sent(:j), 'done done', 'what is refunded in part leaves');
SELECT is(pg_temp.go(:j, 'delivered') || ' ' || pg_temp.states(:j), 'done completed partially_refunded delivered', 'comes, and is complete');
SELECT pg_temp.rug('external', '{"payment_channel": "sim"}') AS o \gset
SELECT pg_temp.hear('o1', 'paid', :o, 1000, 'txo'), pg_temp.go(:o, 'packed'), pg_temp.create_refunds(:o, 100) \g (format=unaligned) /dev/null
SELECT is(pg_temp.no(format('pg_temp.send(%s)', :o)), 'OR409 order_not_advanceable', 'what is being refunded does not');
SELECT pg_temp.rug('cod') AS u \gset
SELECT pg_temp.pay(:u), pg_temp.sent(:u) \g (format=unaligned) /dev/null
SELECT is(pg_temp.go(:u, 'delivered') || ' ' || pg_temp.states(:u), 'done completed paid delivered', 'what was paid before it came');
SELECT is((SELECT ROW(captured, (SELECT count(*) FROM payment WHERE order_id = :u))::text FROM orders WHERE id = :u), '(1000,1)', 'is not paid at the door');
SELECT pg_temp.rug('balance') AS k \gset
SELECT pg_temp.go(:k, 'packed'), pg_temp.create_refunds(:k) \g (format=unaligned) /dev/null
SELECT is(pg_temp.no(format('pg_temp.send(%s)', :k)), 'OR409 order_not_advanceable', 'what is refunded in full does not');
SELECT pg_temp.rug('bank_transfer', '{"voucher": "ALL"}') AS l \gset
SELECT is(pg_temp.sent(:l), 'done done', 'what costs nothing leaves');
SELECT is(pg_temp.go(:l, 'delivered') || ' ' || pg_temp.states(:l), 'done completed paid delivered', 'and is complete');

-- An order that is closed after it was shipped.
SELECT pg_temp.rug('cod') AS m \gset
SELECT pg_temp.sent(:m) \g (format=unaligned) /dev/null
SELECT pg_temp.fail_for_good(:m) \g (format=unaligned) /dev/null
SELECT is(pg_temp.said(:m, '{"status": "on_delivery", "at": "2025-12-07T14:00:00Z"}'), 'done', 'of a closed order the courier may tell');
SELECT is(pg_temp.said(:m, '{"status": "delivered", "at": "2025-12-07T15:00:00Z"}'), 'done', 'all he likes');
SELECT is(pg_temp.states(:m), 'error failed shipped', 'it moves no more');
SELECT is((SELECT count(*) FROM shipment_event WHERE order_id = :m), 2::bigint, 'but it is kept');
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''delivered'')', :m)), 'OR409 order_not_advanceable', 'nobody else moves it either');

-- Steps that are other functions'.
SELECT pg_temp.rug('cod') AS n \gset
SELECT is(pg_temp.go(:n, 'confirmed') || ' ' || pg_temp.go(:n, 'packed', now() + interval '1 day'), 'done done', 'confirmed first, then packed');
SELECT is((SELECT expected_at FROM shipment WHERE order_id = :n), now() + interval '1 day', 'and expected then');
SELECT is(pg_temp.no(format('pg_temp.go(%s, %L)', :n, t.step)), 'OR409 order_not_advanceable', coalesce(t.step, 'null') || ' is no step to take')
FROM unnest(ARRAY['pending', 'confirmed', 'shipped', 'out_for_delivery', 'returned', 'none', 'elsewhere', NULL]) AS t (step);
SELECT is(pg_temp.states(:n), 'open unpaid packed', 'and none was taken');
SELECT is((SELECT shipped_at FROM shipment WHERE order_id = :n), NULL, 'nothing has left by that');
SELECT is(pg_temp.send(:n, '{"tracking_number": "", "courier": "", "tracking_url": ""}'), 'done', 'an empty text');
SELECT is((SELECT ROW(tracking_number, courier, tracking_url)::text FROM shipment WHERE order_id = :n), '(,,)', 'says nothing');
SELECT is(pg_temp.send(:n, '{"tracking_number": ""}'), 'unchanged', 'again neither');
SELECT is(pg_temp.send(:n, '{"tracking_number": "JP9"}'), 'done', 'a number may come later');

-- Where the goods go is corrected before they leave.
CREATE FUNCTION pg_temp.goes(p_order bigint, p_document jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.correct_address(77, 'operator', 'operator', pg_temp.uid('olga'), 'address', NULL, NULL, p_order, p_document, NULL)
$$;
SELECT pg_temp.goods('alice', 'shop', 'cod') AS moved \gset
SELECT is(pg_temp.goes(:moved, '{"shipping_address": {"street": "Main 1", "city": "Bern"}}'), 'done', 'an address may come later');
SELECT is(pg_temp.goes(:moved, '{"shipping_address": {"street": "Main 2", "city": "Bern", "code": "3000"}, "comment": "called"}'), 'done', 'an address is corrected');
SELECT is(pg_temp.goes(:moved, '{"shipping_address": {"street": "Main 2", "city": "Bern", "code": "3000"}}'), 'unchanged', 'once');
SELECT is((SELECT document ->> 'street' FROM order_address WHERE order_id = :moved AND kind = 'shipping'), 'Main 2', 'as a whole');
SELECT is(pg_temp.corrections(:moved), 'new operator: shipping_address: city, street; corrected operator: called. shipping_address: code, street', 'history names what changed');
SELECT is(pg_temp.no(format('pg_temp.goes(%s, ''{"shipping_address": {"street": "Main 3"}}'')', :a)), 'OR409 order_not_advanceable', 'what has left goes where it goes');

-- A wrong event is withdrawn.
SELECT is(pg_temp.said(:n, '{"status": "in_transit", "location": "Hub"}'), 'done', 'an event');
SELECT is(pg_temp.said(:n, '{"status": "lost", "location": "Moon"}'), 'done', 'and a wrong one');
SELECT max(id) AS wrong FROM shipment_event WHERE order_id = :n \gset
SELECT is(pg_temp.said(:n, format('{"withdraws": %s}', :wrong)::jsonb), 'done', 'is withdrawn');
SELECT is(pg_temp.said(:n, format('{"withdraws": %s}', :wrong)::jsonb), 'unchanged', 'once');
SELECT is((SELECT (shipment).status || ' ' || array_to_string(ARRAY(SELECT t.status FROM unnest(v.tracking) AS t), ' ') FROM order_view v WHERE v.id = :n), 'in_transit in_transit', 'the shipment no longer shows it');
SELECT is((SELECT comment FROM order_history WHERE order_id = :n AND axis = 'details' ORDER BY step DESC LIMIT 1), format('tracking event %s withdrawn: lost, Moon', :wrong), 'history does');
SELECT is(pg_temp.said(:n, '{"status": "lost", "location": "Moon", "withdraws": null}'), 'done', 'the event can be added again; null is absent');
SELECT is(pg_temp.said(:n, format('{"withdraws": %s, "status": null}', :wrong)::jsonb), 'unchanged', 'null is absent besides withdraws too');
SELECT is(pg_temp.sentence(format('SELECT pg_temp.said(%s, ''{"status": "lost", "at": "%s"}'')', :n, o.at)), 'Must be from 2000-01-01 to one day from now.', 'no event of ' || o.what)
FROM (VALUES ('1999-12-31T23:59:59Z', 'the last century'), ('2999-01-01T00:00:00Z', 'the future')) AS o (at, what);
SELECT is(pg_temp.refusal(format('SELECT pg_temp.said(%s, ''{"withdraws": %s}'')', o.id, o.event)), 'OR422 invalid_field withdraws', 'no event: ' || o.event)
FROM (VALUES (:n, '0'), (:a, :'wrong')) AS o (id, event);
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''shipped'')', :n)), 'OR409 order_not_advanceable', 'not even once it has left');
SELECT is(pg_temp.said(:n, '{"status": "on_delivery", "at": "2025-12-07T14:00:00Z"}') || ' ' || pg_temp.said(:n, '{"status": "on_delivery", "at": "2025-12-08T14:00:00Z"}'),
    'done done', 'the courier comes twice');
SELECT is((SELECT count(*) FROM order_history WHERE order_id = :n AND to_state = 'out_for_delivery'), 1::bigint, 'which is one step');
SELECT is(pg_temp.go(:n, 'delivered', NULL, NULL) || ' ' || pg_temp.states(:n), 'done completed paid delivered', 'who does not say whether cash was collected says that it was');
SELECT is((SELECT count(*) FROM shipment_event WHERE order_id = :n), 5::bigint, 'an event is only what the courier said');
SELECT is((SELECT string_agg(comment, ', ') FROM order_history WHERE order_id = :n AND to_state = 'delivered'), 'as told', 'history has the remark');
SELECT is((SELECT count(*) FROM orders WHERE tenant_id = 77 AND bill_no = (SELECT bill_no FROM orders WHERE id = :n)), 1::bigint, 'one bill number from confirmed to paid');

-- Times at the edges, and a version.
SELECT pg_temp.rug('cod') AS p \gset
SELECT pg_temp.sent(:p) \g (format=unaligned) /dev/null
SELECT is(pg_temp.said(:p, jsonb_build_object('status', 'x', 'at', t.at)), 'done', t.at)
FROM (VALUES ('2000-01-01T00:00:00Z'), (to_char((now() + interval '23 hours 59 minutes') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))) AS t (at);
SELECT is(pg_temp.no(format('pg_temp.said(%s, %L)', :p, jsonb_build_object('status', 'x', 'at', t.at))), 'OR422 invalid_field at', t.at)
FROM (VALUES ('1999-12-31T23:59:59Z'), (to_char((now() + interval '24 hours 1 minute') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))) AS t (at);
SELECT is(pg_temp.said(:p, '{"status": "y", "location": "A", "at": "2025-12-07T14:00:00Z"}'), 'done', 'an event');
SELECT is(pg_temp.said(:p, e.document), 'done', e.document::text || ' is another')
FROM (VALUES ('{"status": "z", "location": "A", "at": "2025-12-07T14:00:00Z"}'::jsonb), ('{"status": "y", "at": "2025-12-07T14:00:00Z"}'),
             ('{"status": "y", "location": "A", "description": "D", "at": "2025-12-07T14:00:00Z"}'),
             ('{"status": "y", "location": "A", "at": "2025-12-07T14:00:01Z"}')) AS e (document);
SELECT is(pg_temp.said(:p, '{"status": "y", "location": "A", "description": "", "at": "2025-12-07T21:00:00+07:00"}'), 'unchanged', 'the same in other words is not');
SELECT is(pg_temp.no(format($$(SELECT count(*) FROM orders_v1.%1$s(77, 'operator', 'operator', pg_temp.uid('olga'), 'x', NULL, NULL, %2$s, '{"status": "x"}', ARRAY[orders_v1.version_tag(%2$s, 1)]))$$, f.name, :p)),
    'OR412 version_mismatch', f.name || ': an old version is told so') FROM unnest(ARRAY['ship', 'track']) AS f (name);
SELECT is(pg_temp.no(format($$(SELECT count(*) FROM orders_v1.%s(77, 'operator', 'operator', pg_temp.uid('olga'), 'x', NULL, NULL, 0, '{"status": "x"}', NULL))$$, f.name)),
    'OR404 not_found', f.name || ': there is no such order') FROM unnest(ARRAY['ship', 'track']) AS f (name);
SELECT is(pg_temp.no(format($$(SELECT count(*) FROM orders_v1.%s(78, 'operator', 'operator', NULL, 'x', NULL, NULL, %s, '{"status": "x"}', NULL))$$, f.name, :p)),
    'OR404 not_found', f.name || ': nor one of another tenant') FROM unnest(ARRAY['ship', 'track']) AS f (name);
SELECT is(pg_temp.no(format($$(SELECT count(*) FROM orders_v1.advance(77, 'shop', 'buyer', pg_temp.uid('alice'), 'x', NULL, NULL, %s, 'delivered', NULL, true, NULL, NULL))$$, :p)),
    'OR409 order_not_advanceable', 'a buyer does not deliver');

-- What is said at sending and on the road is kept; every word of the courier makes a version.
SELECT pg_temp.rug('cod', '{"shipping": {"courier": "JNE", "service": "REG"}}') AS r, pg_temp.rug('cod') AS s \gset
SELECT pg_temp.go(:r, 'packed') \g (format=unaligned) /dev/null
SELECT is(pg_temp.send(:r, jsonb_build_object('courier', 'TIKI', 'estimated_delivery', '1 day', 'expected_at', '2030-01-01T00:00:00Z', 'tracking_url', 'https://' || repeat('a', 1992))), 'done', 'another courier takes it');
SELECT is((SELECT ROW(courier, service, estimated_delivery, length(tracking_url), expected_at = '2030-01-01T00:00:00Z')::text FROM shipment WHERE order_id = :r), '(TIKI,REG,"1 day",2000,t)', 'in the same manner');
SELECT pg_temp.sent(:s) \g (format=unaligned) /dev/null
SELECT version AS before FROM orders WHERE id = :r \gset
SELECT is(string_agg(pg_temp.said(c.id, c.event), ' ' ORDER BY c.n), 'done done unchanged done unchanged done', 'of each order the last word counts as said')
FROM (VALUES (1, :r, '{"status": "x"}'::jsonb), (2, :s, '{"status": "y"}'), (3, :r, '{"status": "x"}'), (4, :r, '{"status": "z"}'), (5, :r, '{"status": "z"}'), (6, :r, '{"status": "x"}')) AS c (n, id, event);
SELECT is((SELECT version FROM orders WHERE id = :r), :before + 3, 'each makes a version');
SELECT is((SELECT status FROM shipment WHERE order_id = :s), 'y', 'and is the status of its own order');
SELECT is(pg_temp.said(:s, jsonb_build_object('status', 'w', 'at', now() + interval '1 hour')) || ' ' || pg_temp.said(:r, '{"status": "v"}'), 'done done', 'the newest of one');
SELECT is((SELECT status FROM shipment WHERE order_id = :r), 'v', 'says nothing of another, and of two at one time the later counts');
SELECT is(pg_temp.said(:r, '{"status": "on_delivery", "description": "soon"}') || ' ' || pg_temp.said(:r, jsonb_build_object('status', 'delivered', 'description', 'there', 'at', now() + interval '1 hour')),
    'done done', 'it comes');
SELECT is((SELECT string_agg(comment, ', ' ORDER BY version) FROM order_history WHERE order_id = :r AND to_state IN ('out_for_delivery', 'delivered')), 'soon, there', 'with what the courier says');
SELECT is((SELECT delivered_at FROM shipment WHERE order_id = :r), now(), 'not in the time to come');
SELECT is(pg_temp.said(:s, jsonb_build_object('status', 'delivered', 'at', now() - interval '1 hour')), 'done', 'another');
SELECT is((SELECT delivered_at FROM shipment WHERE order_id = :s), now(), 'not before it left');
SELECT version AS before FROM orders WHERE id = :m \gset
SELECT is(pg_temp.said(:m, '{"status": "lost"}'), 'done', 'a word about an order that moves no more');
SELECT is((SELECT version FROM orders WHERE id = :m), :before + 1, 'makes a version too');

-- A key answers once for all.
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
SELECT is(pg_temp.keyed(k.call, :q), 'the same at ' || k.version, k.call)
FROM (VALUES (1, 'advance(%s, ''packed'', NULL, true, NULL, NULL)', 2), (2, 'ship(%s, ''{"tracking_number": "JP1"}'', NULL)', 3),
             (3, 'track(%s, ''{"status": "on_delivery"}'', NULL)', 4), (4, 'advance(%s, ''delivered'', NULL, true, NULL, NULL)', 5)) AS k (n, call, version)
ORDER BY k.n;

-- When it came is what the courier says, between when it left and now; without a time, saying it again says nothing new.
SELECT pg_temp.operator_put('products', 'lamp', '{"name": "Lamp", "variants": [{"ref": "x", "stock": 50, "prices": {"USD": 1000}}]}') \g (format=unaligned) /dev/null
SELECT pg_temp.order_it() AS t \gset
SELECT pg_temp.go(:t, 'packed'), pg_temp.send(:t) \g (format=unaligned) /dev/null
UPDATE shipment SET shipped_at = now() - interval '2 days', expected_at = now() - interval '1 day' WHERE order_id = :t;
SELECT is(pg_temp.said(:t, '{"status": "in_transit"}'), 'done', 'the courier tells, without a time');
SELECT is(pg_temp.said(:t, '{"status": "in_transit"}'), 'unchanged', 'and again');
SELECT is(pg_temp.said(:t, '{"status": "in_transit", "location": "Hub"}'), 'done', 'something else');
SELECT is(pg_temp.said(:t, jsonb_build_object('status', 'delivered', 'at', now() - interval '30 hours')), 'done', 'it came before it is told');
SELECT is((SELECT ROW(delivered_at = now() - interval '30 hours', (SELECT (shipment).late FROM order_view WHERE id = :t))::text
           FROM shipment WHERE order_id = :t), '(t,f)', 'in time, as the courier says');

-- What was planned stays, what is past its time goes nowhere, and only cash at the door is collected there.
SELECT pg_temp.rug('cod') AS u \gset
SELECT pg_temp.go(:u, 'packed', now() + interval '3 days'), pg_temp.send(:u, '{"courier": "JNE"}') \g (format=unaligned) /dev/null
SELECT is((SELECT expected_at FROM shipment WHERE order_id = :u), now() + interval '3 days', 'it is expected as it was when it was packed');
SELECT pg_temp.rug('cod') AS v \gset
SELECT pg_temp.let_expire(:v, now() - interval '1 second') \g (format=unaligned) /dev/null
SELECT is(pg_temp.no(format('pg_temp.go(%s, ''packed'')', :v)), 'OR409 order_not_advanceable', 'an order past its time is not packed, however it is paid');
SELECT pg_temp.let_expire(:v, NULL) \g (format=unaligned) /dev/null
SELECT pg_temp.sent(:v) \g (format=unaligned) /dev/null
UPDATE orders SET payment_method = 'bank_transfer' WHERE id = :v;
SELECT is(pg_temp.go(:v, 'delivered') || ' ' || pg_temp.states(:v), 'done open unpaid delivered', 'a courier collects nothing of what is transferred');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'the checks find nothing');
UPDATE shipment SET delivered_at = NULL WHERE order_id = :b;
UPDATE order_line SET reserved = quantity WHERE order_id = :c AND kind = 'product';
SELECT set_eq('SELECT name, order_id FROM orders_check.all_violations WHERE order_id IS NOT NULL', format($$VALUES ('shipments_fit', %s::bigint), ('stock_is_held', %s)$$, :b, :c),
    'a delivery without its time is found, and stock that was sent');
SELECT * FROM finish();
ROLLBACK;
