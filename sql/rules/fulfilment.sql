-- SPDX-License-Identifier: Apache-2.0
-- Fulfilment: confirm, pack, ship, track, deliver. Each operation locks its order.

CREATE OR REPLACE FUNCTION orders_v1.refuse_advance(o orders.orders, p_why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.refuse('409', 'order_not_advanceable', p_why, NULL, orders_v1.states_of(o));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.can_ship_by_states(p_payment_state text, p_method text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT orders_v1.has_unrefunded_money(p_payment_state)
           OR (p_method = 'cod' AND p_payment_state IN ('unpaid', 'failed'))
$$;

CREATE OR REPLACE FUNCTION orders_v1.can_ship(o orders.orders) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT orders_v1.can_ship_by_states(o.payment_state, o.payment_method)
$$;

CREATE OR REPLACE FUNCTION orders_v1.was_paid(o orders.orders) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT orders_v1.has_received_money(o.payment_state)
$$;

CREATE OR REPLACE FUNCTION orders_v1.all_items_cancelled(o orders.orders) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT coalesce(bool_and(l.cancelled_quantity = l.quantity), false) FROM orders.order_line l
            WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id AND l.kind = 'product');
END
$$;

-- A shipped order can be marked delivered even if it was refunded.
CREATE OR REPLACE FUNCTION orders_v1.check_advance(c orders_v1.context, o orders.orders, p_to text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF orders_v1.is_closed(o.state) OR NOT EXISTS (
        SELECT FROM orders.transition t
        WHERE t.axis = 'fulfilment' AND t.from_state = o.fulfilment_state AND t.to_state = p_to AND t.actor = c.actor) THEN
        PERFORM orders_v1.refuse_advance(o, 'The order cannot take this step in its present state.');
    ELSIF p_to <> 'delivered' AND NOT orders_v1.can_ship(o) THEN
        PERFORM orders_v1.refuse_advance(o, 'The order must be paid before its goods are shipped.');
    ELSIF p_to <> 'delivered' AND orders_v1.all_items_cancelled(o) THEN
        PERFORM orders_v1.refuse_advance(o, 'All goods of the order were refunded. Cancel it, or refund the rest.');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.lock_goods(p_tenant integer, p_order bigint, p_match text[]) RETURNS orders.orders
LANGUAGE plpgsql AS $$
DECLARE
    o orders.orders := orders_v1.lock_order(p_tenant, p_order, NULL, p_match);
BEGIN
    RETURN CASE WHEN orders_v1.is_due(o) THEN orders_v1.expire_order(o) ELSE o END;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.expect_shipment(o orders.orders, p_expected_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders.shipment AS s (tenant_id, order_id, expected_at)
    VALUES (o.tenant_id, o.id, p_expected_at)
    ON CONFLICT ON CONSTRAINT shipment_one_per_order DO UPDATE SET expected_at = excluded.expected_at, updated_at = excluded.updated_at
        WHERE s.expected_at IS DISTINCT FROM excluded.expected_at;
END
$$;

-- On delivery the courier collects the cash of a cash-on-delivery order. A paid and delivered order is complete even if part of
-- it is being refunded. Steps of one operation share a version.
CREATE OR REPLACE FUNCTION orders_v1.deliver(
    c orders_v1.context, o orders.orders, p_at timestamptz, p_collected boolean, p_comment text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_version integer := o.version;
    v_steps   orders_v1.step[] := ARRAY[('fulfilment', o.fulfilment_state, 'delivered')]::orders_v1.step[];
BEGIN
    UPDATE orders.shipment s SET status = 'delivered', delivered_at = least(greatest(p_at, s.shipped_at), now()), updated_at = now()
    WHERE s.tenant_id = o.tenant_id AND s.order_id = o.id;
    IF orders_v1.was_paid(o) AND o.state = 'open' THEN
        v_steps := v_steps || ARRAY[('order', 'open', 'completed')]::orders_v1.step[];
    END IF;
    o := orders_v1.move_order(c, o, v_steps, 0, 0, p_comment);
    IF p_collected IS NOT FALSE AND orders_v1.can_be_paid(o) AND o.payment_method = 'cod' THEN
        o.version := v_version;
        PERFORM orders_v1.settle_manually(c, o, NULL, 'manual', NULL, 'cash on delivery');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.advance(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_order bigint, p_to text, p_expected_at timestamptz, p_collected boolean, p_comment text, p_match text[]
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    o       orders.orders;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    o := lock_goods(p_tenant, p_order, p_match);
    IF p_to NOT IN ('confirmed', 'packed', 'delivered') THEN
        PERFORM refuse_advance(o, 'This state is set by shipping and tracking only.');
    ELSIF o.fulfilment_state = p_to THEN
        RETURN NEXT finish(c, 'unchanged', o.id, o.id);
        RETURN;
    END IF;
    PERFORM check_advance(c, o, p_to);
    IF p_to = 'delivered' THEN
        PERFORM deliver(c, o, now(), p_collected, p_comment);
    ELSE
        IF p_expected_at IS NOT NULL THEN
            PERFORM expect_shipment(o, p_expected_at);
        END IF;
        o := move_order(c, o, ARRAY[('fulfilment', o.fulfilment_state, p_to)]::orders_v1.step[], 0, 0, p_comment);
        PERFORM bill_order(o);
    END IF;
    RETURN NEXT finish(c, 'done', o.id, o.id);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.shipment_from(d jsonb) RETURNS orders.shipment LANGUAGE plpgsql STABLE AS $$
DECLARE
    x orders.shipment;
BEGIN
    x.courier := nullif(d ->> 'courier', '');
    x.service := nullif(d ->> 'service', '');
    x.tracking_number := nullif(d ->> 'tracking_number', '');
    x.tracking_url := nullif(d ->> 'tracking_url', '');
    x.estimated_delivery := nullif(d ->> 'estimated_delivery', '');
    x.expected_at := (d ->> 'expected_at')::timestamptz;
    RETURN x;
END
$$;

-- Missing members keep their planned values.
CREATE OR REPLACE FUNCTION orders_v1.send_shipment(o orders.orders, x orders.shipment) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders.shipment AS s (tenant_id, order_id, status, courier, service, tracking_number, tracking_url,
                                      estimated_delivery, expected_at, shipped_at)
    VALUES (o.tenant_id, o.id, 'picked_up', x.courier, x.service, x.tracking_number, x.tracking_url, x.estimated_delivery,
            x.expected_at, now())
    ON CONFLICT ON CONSTRAINT shipment_one_per_order DO UPDATE
        SET status = 'picked_up', courier = coalesce(x.courier, s.courier), service = coalesce(x.service, s.service),
            tracking_number = x.tracking_number, tracking_url = x.tracking_url,
            estimated_delivery = coalesce(x.estimated_delivery, s.estimated_delivery),
            expected_at = coalesce(x.expected_at, s.expected_at), shipped_at = excluded.shipped_at, updated_at = excluded.updated_at;
END
$$;

-- A correction has its own axis, so that history shows who made it, when, and the old values.
CREATE OR REPLACE FUNCTION orders_v1.record_correction(c orders_v1.context, o orders.orders, p_comment text, p_changes text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_from text := CASE WHEN EXISTS (SELECT FROM orders_v1.order_history h
                                     WHERE h.tenant_id = o.tenant_id AND h.order_id = o.id AND h.axis = 'details')
                        THEN 'corrected' ELSE 'new' END;
BEGIN
    PERFORM orders_v1.move_order(c, o, ARRAY[('details', v_from, 'corrected')]::orders_v1.step[], 0, 0, concat_ws('. ', p_comment, p_changes));
END
$$;

-- Example: "tracking_number: JP1 -> JP2, courier: - -> JNE".
CREATE OR REPLACE FUNCTION orders_v1.shipment_changes(s orders.shipment, n orders.shipment) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(format('%s: %s -> %s', f.name, coalesce(f.old, '-'), coalesce(f.new, '-')), ', ' ORDER BY f.n)
    FROM (VALUES
        (1, 'courier', s.courier, n.courier), (2, 'service', s.service, n.service),
        (3, 'tracking_number', s.tracking_number, n.tracking_number), (4, 'tracking_url', s.tracking_url, n.tracking_url),
        (5, 'estimated_delivery', s.estimated_delivery, n.estimated_delivery),
        (6, 'expected_at', orders_v1.utc_time(s.expected_at), orders_v1.utc_time(n.expected_at))) AS f (n, name, old, new)
    WHERE f.old IS DISTINCT FROM f.new
$$;

-- Missing members keep their values, except the URL of a replaced tracking number.
CREATE OR REPLACE FUNCTION orders_v1.correct_shipment(
    c orders_v1.context, o orders.orders, s orders.shipment, x orders.shipment, p_comment text
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    n         orders.shipment := s;
    v_changes text;
BEGIN
    n.courier := coalesce(x.courier, s.courier);
    n.service := coalesce(x.service, s.service);
    n.tracking_number := coalesce(x.tracking_number, s.tracking_number);
    n.tracking_url := coalesce(x.tracking_url, CASE WHEN n.tracking_number IS NOT DISTINCT FROM s.tracking_number THEN s.tracking_url END);
    n.estimated_delivery := coalesce(x.estimated_delivery, s.estimated_delivery);
    n.expected_at := coalesce(x.expected_at, s.expected_at);
    v_changes := orders_v1.shipment_changes(s, n);
    IF v_changes IS NULL THEN
        RETURN false;
    END IF;
    UPDATE orders.shipment y
    SET courier = n.courier, service = n.service, tracking_number = n.tracking_number, tracking_url = n.tracking_url,
        estimated_delivery = n.estimated_delivery, expected_at = n.expected_at, updated_at = now()
    WHERE y.tenant_id = s.tenant_id AND y.order_id = s.order_id AND y.id = s.id;
    PERFORM orders_v1.record_correction(c, o, p_comment, v_changes);
    RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.ship(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_order bigint, p_shipment jsonb, p_match text[]
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    v_code  text := 'done';
    o       orders.orders;
    s       orders.shipment;
    x       orders.shipment;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    o := lock_goods(p_tenant, p_order, p_match);
    x := shipment_from(p_shipment);
    SELECT * INTO s FROM shipment y WHERE y.tenant_id = p_tenant AND y.order_id = o.id AND y.shipped_at IS NOT NULL;
    IF FOUND THEN
        v_code := CASE WHEN correct_shipment(c, o, s, x, nullif(p_shipment ->> 'comment', '')) THEN 'done' ELSE 'unchanged' END;
    ELSE
        PERFORM check_advance(c, o, 'shipped');
        PERFORM send_shipment(o, x);
        PERFORM move_order(c, o, ARRAY[('fulfilment', 'packed', 'shipped')]::orders_v1.step[], 0, 0,
                           nullif(p_shipment ->> 'comment', ''));
        PERFORM ship_stock(o.tenant_id, o.id);
    END IF;
    RETURN NEXT finish(c, v_code, o.id, o.id);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.event_from(d jsonb) RETURNS orders.shipment_event LANGUAGE plpgsql STABLE AS $$
DECLARE
    e orders.shipment_event;
BEGIN
    e.status := d ->> 'status';
    e.location := nullif(d ->> 'location', '');
    e.description := nullif(d ->> 'description', '');
    e.at := (d ->> 'at')::timestamptz;
    IF e.status IS NULL THEN
        PERFORM orders_v1.refuse('422', 'required_field', 'This field is required.', 'status');
    ELSIF e.status !~ '^[a-z][a-z0-9_]{0,39}$' OR e.status = 'planned' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must consist of lower-case letters, digits and underscores.', 'status');
    ELSIF e.at NOT BETWEEN '2000-01-01T00:00:00Z' AND now() + interval '1 day' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be from 2000-01-01 to one day from now.', 'at');
    END IF;
    RETURN e;
END
$$;

-- Without a time, an event repeats only the latest event.
CREATE OR REPLACE FUNCTION orders_v1.is_repeated_event(s orders.shipment, e orders.shipment_event) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM orders.shipment_event x
        WHERE x.tenant_id = s.tenant_id AND x.order_id = s.order_id AND x.withdrawn_at IS NULL
          AND (x.status, x.location, x.description) IS NOT DISTINCT FROM (e.status, e.location, e.description)
          AND (x.at = e.at OR (e.at IS NULL AND x.id = (SELECT max(n.id) FROM orders.shipment_event n
                                                       WHERE n.tenant_id = s.tenant_id AND n.order_id = s.order_id
                                                         AND n.withdrawn_at IS NULL))));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.update_shipment_status(s orders.shipment) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders.shipment x
    SET updated_at = now(),
        status = coalesce((SELECT n.status FROM orders.shipment_event n
                           WHERE n.tenant_id = s.tenant_id AND n.order_id = s.order_id AND n.withdrawn_at IS NULL
                           ORDER BY n.at DESC, n.id DESC LIMIT 1), 'picked_up')
    WHERE x.tenant_id = s.tenant_id AND x.order_id = s.order_id AND x.id = s.id AND x.delivered_at IS NULL;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_event(s orders.shipment, e orders.shipment_event) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF orders_v1.is_repeated_event(s, e) THEN
        RETURN false;
    END IF;
    INSERT INTO orders.shipment_event (tenant_id, order_id, shipment_id, status, location, description, at)
    VALUES (s.tenant_id, s.order_id, s.id, e.status, e.location, e.description, coalesce(e.at, now()));
    PERFORM orders_v1.update_shipment_status(s);
    RETURN true;
END
$$;

-- A withdrawn event is hidden. Its effect on the order stays: fulfilment only moves forward.
CREATE OR REPLACE FUNCTION orders_v1.withdraw_event(c orders_v1.context, o orders.orders, s orders.shipment, p_event bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    e orders.shipment_event;
BEGIN
    SELECT * INTO e FROM orders.shipment_event x
    WHERE x.tenant_id = s.tenant_id AND x.order_id = s.order_id AND x.shipment_id = s.id AND x.id = p_event;
    IF NOT FOUND THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'The shipment has no such event.', 'withdraws');
    ELSIF e.withdrawn_at IS NOT NULL THEN
        RETURN false;
    END IF;
    UPDATE orders.shipment_event x SET withdrawn_at = now()
    WHERE x.tenant_id = e.tenant_id AND x.order_id = e.order_id AND x.id = e.id;
    PERFORM orders_v1.update_shipment_status(s);
    PERFORM orders_v1.record_correction(c, o, NULL, format('tracking event %s withdrawn: %s', e.id, concat_ws(', ', e.status, e.location,
                                                                                                         e.description)));
    RETURN true;
END
$$;

-- Only on_delivery and delivered move the order. Other events, late events and events of a closed order are stored but do not
-- change its state.
CREATE OR REPLACE FUNCTION orders_v1.apply_tracking_event(c orders_v1.context, o orders.orders, e orders.shipment_event) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF orders_v1.is_closed(o.state) THEN
        PERFORM orders_v1.move_order(c, o, '{}', 0, 0, NULL);
    ELSIF e.status = 'delivered' AND o.fulfilment_state IN ('shipped', 'out_for_delivery') THEN
        PERFORM orders_v1.deliver(c, o, e.at, true, e.description);
    ELSIF e.status = 'on_delivery' AND o.fulfilment_state = 'shipped' THEN
        PERFORM orders_v1.move_order(c, o, ARRAY[('fulfilment', 'shipped', 'out_for_delivery')]::orders_v1.step[], 0, 0, e.description);
    ELSE
        PERFORM orders_v1.move_order(c, o, '{}', 0, 0, NULL);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.track(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_order bigint, p_event jsonb, p_match text[]
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    o       orders.orders;
    s       orders.shipment;
    e       orders.shipment_event;
    v_code  text := 'unchanged';
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    p_event := jsonb_strip_nulls(p_event);
    IF p_event ? 'withdraws' AND p_event - '{id,withdraws}'::text[] <> '{}' THEN
        PERFORM refuse('422', 'unknown_field', 'Must not be sent together with withdraws.', (
            SELECT min(k.name) FROM jsonb_object_keys(p_event - '{id,withdraws}'::text[]) AS k (name)));
    END IF;
    o := lock_order(p_tenant, p_order, NULL, p_match);
    IF NOT p_event ? 'withdraws' THEN
        e := event_from(p_event);
    END IF;
    SELECT * INTO s FROM shipment x WHERE x.tenant_id = p_tenant AND x.order_id = o.id AND x.shipped_at IS NOT NULL;
    IF NOT FOUND THEN
        PERFORM refuse_advance(o, 'The goods have not been shipped yet.');
    ELSIF p_event ? 'withdraws' THEN
        v_code := CASE WHEN withdraw_event(c, o, s, (p_event ->> 'withdraws')::numeric::bigint) THEN 'done' ELSE v_code END;
    ELSIF put_event(s, e) THEN
        PERFORM apply_tracking_event(c, o, e);
        v_code := 'done';
    END IF;
    RETURN NEXT finish(c, v_code, o.id, s.id);
END
$$;

-- The address can be corrected until the goods are shipped. History names the changed members, not their values.
CREATE OR REPLACE FUNCTION orders_v1.correct_address(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_order bigint, p_document jsonb, p_match text[]
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c         orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim   orders_v1.claim := claim_key(c);
    o         orders.orders;
    v_old     jsonb;
    v_new     jsonb;
    v_changes text;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    o := lock_goods(p_tenant, p_order, p_match);
    v_new := p_document -> 'shipping_address';
    IF NOT awaits_shipping(o) THEN
        PERFORM refuse_advance(o, 'The address can be corrected only before the goods are shipped.');
    END IF;
    SELECT a.document INTO v_old FROM order_address a WHERE a.tenant_id = p_tenant AND a.order_id = o.id AND a.kind = 'shipping';
    SELECT string_agg(coalesce(x.key, y.key), ', ' ORDER BY coalesce(x.key, y.key)) INTO v_changes
    FROM jsonb_each(coalesce(v_old, '{}')) AS x FULL JOIN jsonb_each(v_new) AS y ON y.key = x.key
    WHERE x.value IS DISTINCT FROM y.value;
    IF v_changes IS NOT NULL THEN
        IF EXISTS (SELECT FROM due d WHERE d.tenant_id = p_tenant AND d.kind = 'bill' AND d.id = o.id) THEN
            PERFORM bill_order(o); -- the bill keeps the address at payment; the number series must be the last lock
        END IF;
        INSERT INTO order_address AS a (tenant_id, order_id, kind, document) VALUES (p_tenant, o.id, 'shipping', v_new)
        ON CONFLICT ON CONSTRAINT order_address_pkey DO UPDATE SET document = excluded.document;
        PERFORM record_correction(c, o, nullif(p_document ->> 'comment', ''), 'shipping_address: ' || v_changes);
    END IF;
    RETURN NEXT finish(c, CASE WHEN v_changes IS NULL THEN 'unchanged' ELSE 'done' END, o.id, o.id);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.correct_address(integer, text, text, bigint, text, text, bytea, bigint, jsonb, text[]),
    orders_v1.advance(integer, text, text, bigint, text, text, bytea, bigint, text, timestamptz, boolean, text, text[]),
    orders_v1.ship(integer, text, text, bigint, text, text, bytea, bigint, jsonb, text[]),
    orders_v1.track(integer, text, text, bigint, text, text, bytea, bigint, jsonb, text[])
    TO orders_api;

COMMENT ON FUNCTION orders_v1.can_ship_by_states IS 'Internal: whether the goods of an order in this payment state, with this method, may be shipped';
COMMENT ON FUNCTION orders_v1.refuse_advance IS 'Internal: OR409 order_not_advanceable with the sentence p_why and the states';
COMMENT ON FUNCTION orders_v1.can_ship IS
'Internal: whether the goods of an order may be shipped: it is paid, or cash on delivery';
COMMENT ON FUNCTION orders_v1.was_paid IS 'Internal: whether the order has been paid, even if it was refunded later';
COMMENT ON FUNCTION orders_v1.all_items_cancelled IS 'Internal: whether all goods of an order were refunded before they were shipped';
COMMENT ON FUNCTION orders_v1.check_advance IS 'Internal: OR409 order_not_advanceable unless the actor may take this step now';
COMMENT ON FUNCTION orders_v1.lock_goods IS
'Internal: locks an order, and expires it if it is past its expiry. OR404 not_found, OR412 version_mismatch';
COMMENT ON FUNCTION orders_v1.expect_shipment IS 'Internal: sets when the goods of a locked order are expected';
COMMENT ON FUNCTION orders_v1.deliver IS
'Internal: marks a locked order as delivered, at a time between shipping and now. p_collected: the cash of a cash-on-delivery order
was collected. A paid and delivered order is completed; all steps share a version';
COMMENT ON FUNCTION orders_v1.advance IS
'Moves the goods of an order to confirmed, packed or delivered (p_to). A confirmed or packed order gets its bill number;
p_expected_at: when it is expected (NULL: unchanged). Delivery also marks a cash-on-delivery order as paid, unless p_collected is
false. Outcome unchanged when it is already in that state. OR404 not_found, OR409 order_not_advanceable with the states (also for an
unpaid order, except cash on delivery and shipped orders), OR412 version_mismatch';
COMMENT ON FUNCTION orders_v1.shipment_from IS 'Internal: the shipment that a document describes. OR422 with the field';
COMMENT ON FUNCTION orders_v1.send_shipment IS 'Internal: marks the planned shipment of a locked order as shipped';
COMMENT ON FUNCTION orders_v1.record_correction IS 'Internal: records a correction of a locked order: a comment and the changes';
COMMENT ON FUNCTION orders_v1.shipment_changes IS
'Internal: the old and new values that a correction of a shipment changes; NULL: none';
COMMENT ON FUNCTION orders_v1.correct_shipment IS 'Internal: corrects a shipment that was shipped; false when nothing differs';
COMMENT ON FUNCTION orders_v1.ship IS
'Ships a packed order: {courier, service, tracking_number, tracking_url, estimated_delivery, expected_at, comment}; missing members
keep their planned values. Its reserved items leave the stock. If the order is already shipped, corrects the shipment: members that
differ are replaced, and history has the old and new values. Outcome unchanged when nothing differs. OR404 not_found, OR409
order_not_advanceable, OR412 version_mismatch, OR422 with the field';
COMMENT ON FUNCTION orders_v1.event_from IS 'Internal: the tracking event that a document describes. OR422 with the field';
COMMENT ON FUNCTION orders_v1.is_repeated_event IS
'Internal: whether the same event is already stored; without a time, whether it is the latest event';
COMMENT ON FUNCTION orders_v1.put_event IS 'Internal: appends an event and updates the status; false when it is already stored';
COMMENT ON FUNCTION orders_v1.correct_address IS
'Replaces the shipping address of an order whose goods are not shipped: {shipping_address, comment}. Outcome unchanged when it is
the same. OR404 not_found, OR409 order_not_advanceable, OR412 version_mismatch, OR422 with the field';
COMMENT ON FUNCTION orders_v1.update_shipment_status IS
'Internal: sets the status of a shipment to that of its latest event that was not withdrawn, until it is delivered';
COMMENT ON FUNCTION orders_v1.withdraw_event IS
'Internal: withdraws an event; false when it was already withdrawn. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.apply_tracking_event IS 'Internal: moves an order according to an event of its shipment';
COMMENT ON FUNCTION orders_v1.track IS
'Adds a tracking event: {status, location, description, at}, or withdraws one: {withdraws: id of the event}. on_delivery and
delivered also move the order (delivered: the cash of a cash-on-delivery order is collected); events may arrive late and out of
order. Outcome unchanged for a repeated event. OR404 not_found, OR409 order_not_advanceable before shipping, OR412 version_mismatch,
OR422 with the field';
