-- SPDX-License-Identifier: Apache-2.0

CREATE OR REPLACE FUNCTION orders_v1.system_context(p_tenant integer) RETURNS orders_v1.context LANGUAGE sql IMMUTABLE AS $$
    SELECT ROW(p_tenant, 'worker', 'system', NULL, NULL, NULL, NULL)::orders_v1.context
$$;

CREATE OR REPLACE FUNCTION orders_v1.acting_as(c orders_v1.context, p_actor text) RETURNS orders_v1.context LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    c.actor := p_actor;
    c.actor_id := NULL;
    RETURN c;
END
$$;

-- core/etag.c computes the same text: it is the part of every entity tag of the order before the dot.
CREATE OR REPLACE FUNCTION orders_v1.version_tag(p_order bigint, p_version integer) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN p_version || '-' || left(encode(sha256(convert_to(p_order || '-' || p_version, 'UTF8')), 'hex'), 12);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.lock_order(p_tenant integer, p_order bigint, p_user bigint, p_match text[])
RETURNS orders.orders LANGUAGE plpgsql AS $$
DECLARE
    o orders.orders;
BEGIN
    SELECT * INTO o FROM orders.orders x WHERE x.tenant_id = p_tenant AND x.id = p_order FOR UPDATE;
    IF o.id IS NULL OR (p_user IS NOT NULL AND o.buyer_id IS DISTINCT FROM p_user) THEN
        PERFORM orders_v1.refuse('404', 'not_found', 'There is no such order.');
    ELSIF p_match IS NOT NULL AND orders_v1.version_tag(o.id, o.version) <> ALL (p_match) THEN
        PERFORM orders_v1.refuse('412', 'version_mismatch', 'The order has changed since it was read.', NULL,
                              jsonb_build_object('version', o.version));
    END IF;
    PERFORM FROM orders.payment p WHERE p.tenant_id = p_tenant AND p.order_id = p_order ORDER BY p.id FOR UPDATE;
    RETURN o;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.last_state(p_steps orders_v1.step[], p_axis text, p_now text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    FOR i IN 1 .. coalesce(cardinality(p_steps), 0) LOOP
        IF p_steps[i].axis = p_axis THEN
            p_now := p_steps[i].to_state;
        END IF;
    END LOOP;
    RETURN p_now;
END
$$;

-- Each condition on states exists twice: on single columns, for queries, and on the row of an order, for functions.
CREATE OR REPLACE FUNCTION orders_v1.is_shipped_state(p_fulfilment_state text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_fulfilment_state IN ('shipped', 'out_for_delivery', 'delivered', 'returned')
$$;

CREATE OR REPLACE FUNCTION orders_v1.is_shipped(o orders.orders) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT orders_v1.is_shipped_state(o.fulfilment_state)
$$;

CREATE OR REPLACE FUNCTION orders_v1.is_shippable(p_state text, p_fulfilment_state text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_state = 'open' AND p_fulfilment_state IN ('pending', 'confirmed', 'packed')
$$;

CREATE OR REPLACE FUNCTION orders_v1.awaits_shipping(o orders.orders) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT orders_v1.is_shippable(o.state, o.fulfilment_state)
$$;

CREATE OR REPLACE FUNCTION orders_v1.add_closing_step(o orders.orders, p_steps orders_v1.step[]) RETURNS orders_v1.step[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_steps || CASE
        WHEN orders_v1.last_state(p_steps, 'order', o.state) = 'open'
             AND orders_v1.last_state(p_steps, 'payment', o.payment_state) = 'refunded' AND NOT orders_v1.is_shipped(o)
            THEN ARRAY[('order', 'open', 'cancelled')]::orders_v1.step[]
    END
$$;

-- Coupons are locked before stock.
CREATE OR REPLACE FUNCTION orders_v1.settle_stock(o orders.orders, p_cancelled boolean, p_completed boolean, p_refunded boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_cancelled THEN
        PERFORM orders_v1.release_coupons(o.tenant_id, o.id);
        PERFORM orders_v1.release_stock(o.tenant_id, ARRAY[o.id]);
    ELSIF p_completed AND o.fulfilment_state = 'none' THEN
        PERFORM orders_v1.ship_stock(o.tenant_id, o.id);
    ELSIF p_refunded AND orders_v1.awaits_shipping(o) THEN
        PERFORM orders_v1.cancel_refunded_items(o.tenant_id, o.id);
    END IF;
END
$$;

-- Every settled refund calls this function, so this is where its order is closed or its items are released. Stock is locked
-- before the member. now() may be earlier than updated_at, because the transaction may have started before it waited for the
-- lock. Steps of one operation share a version: a caller that moves an order twice passes the row with its first version again.
CREATE OR REPLACE FUNCTION orders_v1.move_order(
    c orders_v1.context, o orders.orders, p_steps orders_v1.step[], p_captured bigint, p_refunded bigint, p_comment text,
    p_return bigint DEFAULT NULL
) RETURNS orders.orders LANGUAGE plpgsql AS $$
DECLARE
    v_steps        orders_v1.step[] := orders_v1.add_closing_step(o, p_steps);
    v_state        text := orders_v1.last_state(v_steps, 'order', o.state);
    v_payment      text := orders_v1.last_state(v_steps, 'payment', o.payment_state);
    v_now          timestamptz := greatest(o.updated_at, now());
    v_could_expire boolean := orders_v1.can_expire(o);
    v_cancels      boolean := v_state = 'cancelled' AND v_state <> o.state;
    v_completes    boolean := v_state = 'completed' AND v_state <> o.state;
    v_package      boolean := v_cancels OR (orders_v1.has_received_money(v_payment) AND v_payment <> o.payment_state);
BEGIN
    UPDATE orders.orders x
    SET version = o.version + 1,
        updated_at = v_now,
        state = v_state,
        payment_state = v_payment,
        fulfilment_state = orders_v1.last_state(v_steps, 'fulfilment', x.fulfilment_state),
        captured = x.captured + p_captured,
        refunded = x.refunded + p_refunded,
        paid_at = CASE WHEN p_captured > 0 THEN coalesce(x.paid_at, v_now) ELSE x.paid_at END,
        refunded_at = CASE WHEN p_refunded > 0 THEN v_now ELSE x.refunded_at END,
        cancelled_at = CASE WHEN v_state = 'cancelled' THEN coalesce(x.cancelled_at, v_now) END
    WHERE x.tenant_id = o.tenant_id AND x.id = o.id
    RETURNING * INTO o;
    PERFORM orders_v1.record_event(c, 'order', o.id, o.version, o.updated_at, v_steps, p_comment, p_return);
    PERFORM orders_v1.settle_stock(o, v_cancels, v_completes, p_refunded > 0);
    IF v_package THEN
        o := orders_v1.update_package(c, o);
    END IF;
    IF v_could_expire AND NOT orders_v1.can_expire(o) THEN
        PERFORM orders_v1.end_due(o.tenant_id, 'expiry', o.id);
    END IF;
    RETURN o;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.set_return_state(r orders.order_return, p_to text, p_refund bigint) RETURNS orders_v1.step[]
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders.order_return x
    SET state = p_to, refund_id = p_refund, updated_at = greatest(x.updated_at, now())
    WHERE x.tenant_id = r.tenant_id AND x.id = r.id;
    RETURN ARRAY[('return', r.state, p_to)]::orders_v1.step[];
END
$$;

-- The order has been moved by the same operation, so the step shares its version and event.
CREATE OR REPLACE FUNCTION orders_v1.move_return(
    c orders_v1.context, o orders.orders, r orders.order_return, p_to text, p_refund bigint, p_comment text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_steps orders_v1.step[] := orders_v1.set_return_state(r, p_to, p_refund);
BEGIN
    PERFORM orders_v1.record_event(c, 'order', o.id, o.version, o.updated_at, v_steps, p_comment, r.id);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.has_received_money(p_payment_state text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_payment_state IN ('paid', 'refund_pending', 'partially_refunded', 'refunded')
$$;

CREATE OR REPLACE FUNCTION orders_v1.has_unrefunded_money(p_payment_state text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_payment_state IN ('paid', 'partially_refunded')
$$;

CREATE OR REPLACE FUNCTION orders_v1.is_closed(p_state text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_state NOT IN ('open', 'completed')
$$;

CREATE OR REPLACE FUNCTION orders_v1.is_unpaid(p_payment_state text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_payment_state IN ('unpaid', 'confirming', 'failed')
$$;

CREATE OR REPLACE FUNCTION orders_v1.awaits_payment(p_state text, p_payment_state text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_state = 'open' AND orders_v1.is_unpaid(p_payment_state)
$$;

CREATE OR REPLACE FUNCTION orders_v1.can_expire(o orders.orders) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT o.expires_at IS NOT NULL AND orders_v1.awaits_payment(o.state, o.payment_state)
$$;

CREATE OR REPLACE FUNCTION orders_v1.is_due(o orders.orders) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN orders_v1.awaits_payment(o.state, o.payment_state) AND coalesce(o.expires_at <= clock_timestamp(), false);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.can_be_paid(o orders.orders) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT orders_v1.is_payable(o.state, o.payment_state, o.expires_at)
$$;

CREATE OR REPLACE FUNCTION orders_v1.awaits_buyer(p_status text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_status IN ('created', 'pending')
$$;

CREATE OR REPLACE FUNCTION orders_v1.is_open_payment(p_status text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_status IN ('created', 'pending', 'confirming')
$$;

CREATE OR REPLACE FUNCTION orders_v1.can_be_captured(o orders.orders, p orders.payment) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN orders_v1.is_open_payment(p.status) AND orders_v1.can_be_paid(o);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.expire_at(o orders.orders, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF o.expires_at IS NOT NULL AND p_at <> o.expires_at THEN
        UPDATE orders.orders x SET expires_at = p_at WHERE x.tenant_id = o.tenant_id AND x.id = o.id;
        PERFORM orders_v1.put_due(o.tenant_id, 'expiry', o.id, NULL, p_at);
    END IF;
END
$$;

-- For functions that do not write. The worker may not have expired the order yet.
CREATE OR REPLACE FUNCTION orders_v1.as_of_now(o orders.orders) RETURNS orders.orders LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF orders_v1.is_due(o) THEN
        o.state := 'expired';
        o.payment_state := 'closed';
    END IF;
    RETURN o;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.close_payments(p_tenant integer, p_order bigint, p_except bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_id     bigint;
    v_method text;
BEGIN
    FOR v_id, v_method IN
        UPDATE orders.payment x SET status = 'closed', updated_at = now()
        WHERE x.tenant_id = p_tenant AND x.order_id = p_order AND x.id IS DISTINCT FROM p_except AND orders_v1.is_open_payment(x.status)
        RETURNING x.id, x.method
    LOOP
        IF v_method = 'external' THEN
            PERFORM orders_v1.end_due(p_tenant, 'intent', v_id);
        END IF;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.is_capture_outcome_unknown(o orders.orders) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN orders_v1.awaits_payment(o.state, o.payment_state)
           AND EXISTS (SELECT FROM orders.payment p
                       WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id AND p.capture_asked_at IS NOT NULL);
END
$$;

-- No step records the start of a capture, because most captures end within the request.
CREATE OR REPLACE FUNCTION orders_v1.as_confirming(o orders.orders) RETURNS orders.orders LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF orders_v1.is_capture_outcome_unknown(o) THEN
        o.payment_state := 'confirming';
    END IF;
    RETURN o;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.closing_steps(o orders.orders, p_state text) RETURNS orders_v1.step[] LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN orders_v1.is_unpaid(o.payment_state) THEN ARRAY[('payment', o.payment_state, 'closed')]::orders_v1.step[] END
           || ARRAY[('order', o.state, p_state)]::orders_v1.step[]
$$;

CREATE OR REPLACE FUNCTION orders_v1.close_expired(o orders.orders) RETURNS orders.orders LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.close_payments(o.tenant_id, o.id, NULL);
    o := orders_v1.move_order(orders_v1.system_context(o.tenant_id), o, orders_v1.closing_steps(o, 'expired'), 0, 0, 'not paid in time');
    PERFORM orders_v1.release_coupons(o.tenant_id, o.id);
    RETURN o;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.expire_order(o orders.orders) RETURNS orders.orders LANGUAGE plpgsql AS $$
BEGIN
    o := orders_v1.close_expired(o);
    PERFORM orders_v1.release_stock(o.tenant_id, ARRAY[o.id]);
    RETURN o;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.record_transaction(
    p orders.payment, p_transaction text, p_refund bigint, p_amount bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders.provider_transaction (tenant_id, provider, transaction_id, kind, payment_id, refund_id, amount,
                                             currency)
    VALUES (p.tenant_id, p.provider, p_transaction, CASE WHEN p_refund IS NULL THEN 'capture' ELSE 'refund' END,
            p.id, p_refund, p_amount, p.currency)
    ON CONFLICT ON CONSTRAINT provider_transaction_unique DO NOTHING;
    IF NOT FOUND THEN
        PERFORM orders_v1.refuse('409', 'transaction_id_taken', 'The transaction id is already in use.',
                              'transaction_id');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.is_manual(p orders.payment) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p.provider IN ('manual', 'terminal')
$$;

-- References of manual payments are free text; transaction ids of providers and terminals are unique.
CREATE OR REPLACE FUNCTION orders_v1.has_transactions(p orders.payment) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p.provider <> 'manual'
$$;

CREATE OR REPLACE FUNCTION orders_v1.states_of(o orders.orders) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN jsonb_build_object('state', o.state, 'payment_state', o.payment_state,
                              'fulfilment_state', o.fulfilment_state);
END
$$;

-- is_payable, which order_view calls, runs with the rights of the caller.
GRANT EXECUTE ON FUNCTION orders_v1.awaits_payment(text, text), orders_v1.is_unpaid(text) TO orders_api;

COMMENT ON FUNCTION orders_v1.system_context IS 'Internal: context of the worker';
COMMENT ON FUNCTION orders_v1.acting_as IS 'Internal: returns the context with another actor and no actor id';
COMMENT ON FUNCTION orders_v1.version_tag IS
'Internal: the part of an order''s entity tags that identifies the version: the version and a checksum of order id and version';
COMMENT ON FUNCTION orders_v1.lock_order IS
'Internal: locks an order, then its payments by id. p_user: the buyer; NULL: any. p_match: acceptable version tags; NULL: any
version. OR404 not_found (also for the order of another user), OR412 version_mismatch';
COMMENT ON FUNCTION orders_v1.last_state IS 'Internal: the state on an axis after some steps; p_now: the state before them';
COMMENT ON FUNCTION orders_v1.is_shipped_state IS 'Internal: whether goods in this fulfilment state were shipped';
COMMENT ON FUNCTION orders_v1.is_shipped IS 'Internal: whether the goods of an order were shipped';
COMMENT ON FUNCTION orders_v1.is_shippable IS 'Internal: whether the goods of an order in these states are still to be shipped';
COMMENT ON FUNCTION orders_v1.awaits_shipping IS 'Internal: whether the goods of an order are still to be shipped';
COMMENT ON FUNCTION orders_v1.add_closing_step IS
'Internal: the steps of an operation, and the cancellation of the order if they refund it in full before anything was shipped';
COMMENT ON FUNCTION orders_v1.settle_stock IS
'Internal: updates the reservations of an order after its steps. A cancelled order releases its coupons and stock. A completed order
without delivery deducts its items from stock. A refund before shipping releases the refunded items. Locks coupons, then stock by
variant';
COMMENT ON FUNCTION orders_v1.move_order IS
'Internal: applies steps (possibly none) to a locked order, increments its version and records the event. p_captured, p_refunded:
amounts to add, in minor units. p_return: the return that steps on the axis return belong to. A full refund before shipping cancels
the order and releases its coupons and stock; a partial refund releases the refunded items. When the order is paid, refunded or
cancelled, its package is updated. Locks coupons, stock by variant, the member. Returns the updated order';
COMMENT ON FUNCTION orders_v1.set_return_state IS
'Internal: sets the state and the refund of a return of a locked order; returns the step for the caller to record';
COMMENT ON FUNCTION orders_v1.move_return IS
'Internal: sets the state of a return of an order that this operation has moved, and records the step';
COMMENT ON FUNCTION orders_v1.has_received_money IS
'Internal: whether an order in this payment state has been paid, even if it was refunded later';
COMMENT ON FUNCTION orders_v1.has_unrefunded_money IS
'Internal: whether an order in this payment state is paid, is not fully refunded and has no pending refund';
COMMENT ON FUNCTION orders_v1.is_closed IS 'Internal: whether an order in this state is cancelled, expired or failed: it is neither open nor completed';
COMMENT ON FUNCTION orders_v1.awaits_buyer IS 'Internal: whether a payment with this status waits for the buyer, and not for its provider';
COMMENT ON FUNCTION orders_v1.is_unpaid IS 'Internal: whether an order in this payment state is unpaid and can still receive money';
COMMENT ON FUNCTION orders_v1.awaits_payment IS
'Internal: whether an order in these states still has to be paid, even if it is past its expiry';
COMMENT ON FUNCTION orders_v1.can_expire IS
'Whether an order will expire unless it is paid or cancelled first. Such an order has a row of kind expiry in orders.due';
COMMENT ON FUNCTION orders_v1.expire_at IS 'Internal: changes the expiry of an order; no effect on an order without one';
COMMENT ON FUNCTION orders_v1.is_due IS 'Whether an order awaits payment and is past its expiry';
COMMENT ON FUNCTION orders_v1.can_be_paid IS 'Whether an order may still be paid now';
COMMENT ON FUNCTION orders_v1.is_open_payment IS 'Internal: whether a payment with this status is neither paid, failed nor closed';
COMMENT ON FUNCTION orders_v1.can_be_captured IS 'Internal: whether this open payment of an order may still pay it now';
COMMENT ON FUNCTION orders_v1.as_of_now IS
'Internal: the order with its effective states: expired and closed when it is past its expiry. Does not write';
COMMENT ON FUNCTION orders_v1.close_payments IS
'Internal: closes the open payments of an order except p_except (NULL: all). A capture in progress stays in orders.due: the worker
polls the provider until the outcome is known';
COMMENT ON FUNCTION orders_v1.is_capture_outcome_unknown IS
'Whether an order awaits payment and a capture of one of its payments was requested whose outcome is unknown';
COMMENT ON FUNCTION orders_v1.as_confirming IS
'Internal: the order with payment state confirming while the outcome of a capture is unknown. Does not write';
COMMENT ON FUNCTION orders_v1.closing_steps IS 'Internal: the steps that cancel or expire an order';
COMMENT ON FUNCTION orders_v1.close_expired IS
'Internal: expires a locked order as the system: closes its open payments and its payment state, releases its coupons. The caller
must release its stock afterwards; a caller that expires several orders expires all of them first';
COMMENT ON FUNCTION orders_v1.expire_order IS 'Internal: expires a locked order as the system and releases its coupons and stock';
COMMENT ON FUNCTION orders_v1.record_transaction IS
'Internal: records the provider''s transaction id of a capture (p_refund NULL) or a refund. OR409 transaction_id_taken';
COMMENT ON FUNCTION orders_v1.is_manual IS
'Whether a payment is settled manually (cash, card terminal, bank transfer), not by a provider or from a balance';
COMMENT ON FUNCTION orders_v1.has_transactions IS 'Whether the references of a payment are transaction ids, which must be unique';
COMMENT ON FUNCTION orders_v1.states_of IS 'Internal: the states of an order, as the extra members of a refusal';
