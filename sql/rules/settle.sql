-- SPDX-License-Identifier: Apache-2.0

CREATE OR REPLACE FUNCTION orders_v1.capture(
    c orders_v1.context, o orders.orders, p_payment bigint, p_transaction text, p_comment text
) RETURNS orders.orders LANGUAGE plpgsql AS $$
DECLARE
    p       orders.payment;
    v_steps orders_v1.step[] := ARRAY[('payment', o.payment_state, 'paid')]::orders_v1.step[];
BEGIN
    p := orders_v1.mark_captured(o.tenant_id, p_payment, p_transaction);
    PERFORM orders_v1.close_payments(o.tenant_id, o.id, p.id);
    IF o.fulfilment_state IN ('none', 'delivered', 'returned') AND NOT orders_v1.cannot_grant_package(o, greatest(o.updated_at, now())) THEN
        v_steps := v_steps || ARRAY[('order', 'open', 'completed')]::orders_v1.step[];
    END IF;
    o := orders_v1.move_order(c, o, v_steps, p.amount, 0, p_comment);
    UPDATE orders.coupon_redemption x SET state = 'applied', updated_at = now()
    WHERE x.tenant_id = o.tenant_id AND x.order_id = o.id AND x.state = 'reserved';
    IF p.channel IS NOT NULL THEN
        o := orders_v1.apply_waiting_events(o, p.id);
    END IF;
    IF o.fulfilment_state <> 'none' THEN
        PERFORM orders_v1.bill_order(o);
    END IF;
    RETURN o;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.mark_captured(p_tenant integer, p_payment bigint, p_transaction text)
RETURNS orders.payment LANGUAGE plpgsql AS $$
DECLARE
    p orders.payment;
BEGIN
    UPDATE orders.payment x
    SET status = 'paid', captured = x.amount, captured_at = now(), updated_at = now(), capture_asked_at = NULL,
        transaction_id = p_transaction, reference = coalesce(p_transaction, x.reference),
        failure_code = NULL, failure_message = NULL
    WHERE x.tenant_id = p_tenant AND x.id = p_payment
    RETURNING * INTO p;
    IF p_transaction IS NOT NULL AND orders_v1.has_transactions(p) THEN
        PERFORM orders_v1.record_transaction(p, p_transaction, NULL, p.amount);
    END IF;
    IF p.method = 'external' THEN
        PERFORM orders_v1.end_due(p_tenant, 'intent', p.id);
        PERFORM orders_v1.end_due(p_tenant, 'capture', p.id);
    END IF;
    RETURN p;
END
$$;

-- An order that was closed unpaid moves to refund_pending. In an order that was already paid, the payment is surplus.
CREATE OR REPLACE FUNCTION orders_v1.capture_late(c orders_v1.context, o orders.orders, p_payment bigint, p_transaction text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    p orders.payment := orders_v1.mark_captured(o.tenant_id, p_payment, p_transaction);
BEGIN
    IF o.captured > 0 THEN
        PERFORM orders_v1.return_surplus(c, o, p);
    ELSE
        PERFORM orders_v1.put_refund(p, o, p.amount, 'paid too late', NULL, false);
        PERFORM orders_v1.move_order(c, o, ARRAY[('payment', o.payment_state, 'refund_pending')]::orders_v1.step[], p.amount, 0,
                                  'paid too late');
    END IF;
    PERFORM orders_v1.apply_waiting_events(o, p.id);
END
$$;

-- The order keeps its captured and refunded amounts and its states, so it can still be packed, shipped, cancelled and refunded.
CREATE OR REPLACE FUNCTION orders_v1.return_surplus(c orders_v1.context, o orders.orders, p orders.payment) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders.payment x SET surplus = true WHERE x.tenant_id = p.tenant_id AND x.id = p.id RETURNING * INTO p;
    PERFORM orders_v1.put_refund(p, o, p.amount, 'paid twice', NULL, false);
    PERFORM orders_v1.move_order(c, o, '{}', 0, 0, NULL);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.fail_order(
    c orders_v1.context, o orders.orders, p_payment bigint, p_code text, p_message text, p_final boolean
) RETURNS orders.orders LANGUAGE plpgsql AS $$
DECLARE
    v_steps orders_v1.step[] := '{}';
BEGIN
    UPDATE orders.payment x
    SET status = 'failed', failure_code = p_code, failure_message = p_message, updated_at = now(), capture_asked_at = NULL
    WHERE x.tenant_id = o.tenant_id AND x.id = p_payment AND (orders_v1.is_open_payment(x.status) OR x.status = 'failed');
    IF FOUND THEN
        PERFORM orders_v1.end_due(o.tenant_id, 'intent', p_payment);
        PERFORM orders_v1.end_due(o.tenant_id, 'capture', p_payment);
    END IF;
    IF o.payment_state <> 'failed' THEN
        v_steps := ARRAY[('payment', o.payment_state, 'failed')]::orders_v1.step[];
    END IF;
    IF p_final THEN
        v_steps := v_steps || ARRAY[('order', 'open', 'error')]::orders_v1.step[];
    END IF;
    o := orders_v1.move_order(c, o, v_steps, 0, 0, p_message);
    IF p_final THEN
        PERFORM orders_v1.release_coupons(o.tenant_id, o.id);
        PERFORM orders_v1.release_stock(o.tenant_id, ARRAY[o.id]);
    END IF;
    RETURN o;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.lock_payment(p_tenant integer, p_payment bigint) RETURNS orders.orders LANGUAGE plpgsql AS $$
BEGIN
    RETURN orders_v1.lock_order(p_tenant, (SELECT p.order_id FROM orders.payment p
                                        WHERE p.tenant_id = p_tenant AND p.id = p_payment), NULL, NULL);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.clear_capture_request(p orders.payment) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders.payment x SET capture_asked_at = NULL
    WHERE x.tenant_id = p.tenant_id AND x.id = p.id AND x.capture_asked_at IS NOT NULL;
    IF FOUND THEN
        PERFORM orders_v1.end_due(p.tenant_id, 'capture', p.id);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_intent(p orders.payment, p_intent text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM orders.payment x
               WHERE x.tenant_id = p.tenant_id AND x.provider = p.provider AND x.intent_id = p_intent
                 AND x.id <> p.id) THEN
        PERFORM orders_v1.refuse('409', 'transaction_id_taken', 'The intent id belongs to another payment.',
                              'intent_id');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.record_intent(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_payment bigint, p_intent text, p_url text, p_reference text
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c      orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    o      orders.orders := lock_payment(p_tenant, p_payment);
    p      orders.payment;
    v_code text := 'unchanged';
BEGIN
    SELECT * INTO p FROM payment x
    WHERE x.tenant_id = p_tenant AND x.id = p_payment
      AND (x.intent_id IS NULL OR x.status = 'created'); -- an event may have set the intent before the reply arrived
    IF FOUND THEN
        IF p.intent_id IS NULL THEN
            PERFORM check_intent(p, p_intent);
        END IF;
        UPDATE payment x
        SET intent_id = coalesce(x.intent_id, p_intent), pay_url = p_url, reference = coalesce(p_reference, x.reference),
            status = CASE x.status WHEN 'created' THEN 'pending' ELSE x.status END,
            failure_code = CASE x.status WHEN 'created' THEN NULL ELSE x.failure_code END,
            failure_message = CASE x.status WHEN 'created' THEN NULL ELSE x.failure_message END,
            updated_at = now()
        WHERE x.tenant_id = p_tenant AND x.id = p_payment;
        v_code := 'done';
        PERFORM end_due(p_tenant, 'intent', p_payment);
        PERFORM apply_waiting_events(move_order(c, o, '{}', 0, 0, NULL), p_payment);
    END IF;
    RETURN NEXT finish(c, v_code, o.id, p_payment);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.record_intent_failure(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_payment bigint, p_code text, p_message text, p_refused boolean
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c      orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    o      orders.orders := lock_payment(p_tenant, p_payment);
    p      orders.payment;
    v_code text := 'done';
BEGIN
    SELECT * INTO p FROM payment x WHERE x.tenant_id = p_tenant AND x.id = p_payment AND x.status = 'created';
    IF NOT FOUND THEN
        v_code := 'unchanged';
    ELSIF p_refused AND o.state = 'open' THEN
        PERFORM fail_order(acting_as(c, 'provider'), o, p_payment, p_code, p_message, true);
    ELSE
        UPDATE payment x
        SET failure_code = p_code, failure_message = p_message, updated_at = now()
        WHERE x.tenant_id = p_tenant AND x.id = p_payment;
        PERFORM move_order(c, o, '{}', 0, 0, NULL);
        PERFORM postpone_due(p_tenant, 'intent', p_payment, interval '5 seconds', interval '10 minutes');
    END IF;
    RETURN NEXT finish(c, v_code, o.id, p_payment);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.manual_payment(o orders.orders, p_method text, p_provider text) RETURNS orders.payment
LANGUAGE plpgsql AS $$
DECLARE
    p orders.payment;
BEGIN
    SELECT * INTO p FROM orders.payment x
    WHERE x.tenant_id = o.tenant_id AND x.order_id = o.id AND (orders_v1.is_open_payment(x.status) OR x.status = 'failed')
    ORDER BY x.id DESC LIMIT 1;
    IF p.id IS NOT NULL AND (p_method IS NULL OR p_method = p.method) THEN
        IF p.capture_asked_at IS NOT NULL THEN
            PERFORM orders_v1.refuse('409', 'order_not_payable', 'The outcome of a capture is not known yet. Try again later.',
                                  NULL, orders_v1.states_of(orders_v1.as_confirming(o)));
        END IF;
        RETURN p;
    END IF;
    INSERT INTO orders.payment (tenant_id, order_id, method, provider, status, amount, currency)
    VALUES (o.tenant_id, o.id, coalesce(p_method, 'manual'), p_provider, 'pending', o.total, o.currency)
    RETURNING * INTO p;
    RETURN p;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.refuse_payment(o orders.orders) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM orders_v1.refuse('409', 'order_not_payable', 'The order does not await payment.', NULL, orders_v1.states_of(o));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.as_payable(o orders.orders) RETURNS orders.orders LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN orders_v1.as_confirming(orders_v1.as_of_now(o));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.awaits_new_payment(o orders.orders, p_confirming boolean) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN orders_v1.can_be_paid(o) AND (p_confirming OR o.payment_state <> 'confirming');
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_payable(o orders.orders, p_confirming boolean) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    o := orders_v1.as_payable(o);
    IF NOT orders_v1.awaits_new_payment(o, p_confirming) THEN
        PERFORM orders_v1.refuse_payment(o);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.settle_manually(
    c orders_v1.context, o orders.orders, p_method text, p_provider text, p_transaction text, p_comment text
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    p orders.payment := orders_v1.manual_payment(o, p_method, p_provider);
BEGIN
    IF p.method <> o.payment_method THEN
        UPDATE orders.orders x SET payment_method = p.method, payment_channel = p.channel
        WHERE x.tenant_id = o.tenant_id AND x.id = o.id;
    END IF;
    PERFORM orders_v1.capture(c, o, p.id, p_transaction, p_comment);
    RETURN p.id;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.settle_payment(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_order bigint, p_method text, p_reference text, p_match text[]
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c         orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim   orders_v1.claim := claim_key(c);
    o         orders.orders;
    v_payment bigint;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    ELSIF p_method = 'balance' OR p_method !~ '^[a-z][a-z0-9_]{0,39}$' THEN
        PERFORM refuse('422', 'payment_method_unknown', 'There is no such payment method.', 'method');
    END IF;
    o := lock_order(p_tenant, p_order, NULL, p_match);
    SELECT p.id INTO v_payment FROM payment p
    WHERE p.tenant_id = p_tenant AND p.order_id = p_order AND p.status = 'paid'
      AND p.transaction_id IS NOT DISTINCT FROM p_reference AND (p_method IS NULL OR p.method = p_method);
    IF FOUND THEN
        RETURN NEXT finish(c, 'unchanged', p_order, v_payment);
        RETURN;
    ELSIF NOT can_be_paid(o) THEN
        PERFORM refuse_payment(o);
    END IF;
    v_payment := settle_manually(c, o, p_method, 'manual', p_reference, p_reference);
    RETURN NEXT finish(c, 'done', p_order, v_payment);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.record_intent(integer, text, text, bigint, text, text, bytea, bigint, text, text, text),
    orders_v1.record_intent_failure(integer, text, text, bigint, text, text, bytea, bigint, text, text, boolean),
    orders_v1.settle_payment(integer, text, text, bigint, text, text, bytea, bigint, text, text, text[])
    TO orders_api;

COMMENT ON FUNCTION orders_v1.capture IS
'Internal: captures a payment of an order that awaits payment. Completes an order that has nothing left to deliver, unless its package
cannot be granted as sold. Issues the bill of an order of goods, whose number series is the last lock';
COMMENT ON FUNCTION orders_v1.mark_captured IS 'Internal: marks a payment as paid and records its transaction';
COMMENT ON FUNCTION orders_v1.capture_late IS 'Internal: records money for an order that no longer awaits payment, and refunds it';
COMMENT ON FUNCTION orders_v1.return_surplus IS
'Internal: marks a payment of an order that was already paid as surplus, and refunds it without changing the states of the order';
COMMENT ON FUNCTION orders_v1.fail_order IS
'Internal: marks a payment of a locked order as failed. p_final: the order gets the state error, and its coupons and stock are
released';
COMMENT ON FUNCTION orders_v1.lock_payment IS 'Internal: locks the order of a payment and returns it. OR404 not_found';
COMMENT ON FUNCTION orders_v1.clear_capture_request IS 'Internal: records that the outcome of a capture is known';
COMMENT ON FUNCTION orders_v1.check_intent IS 'Internal: OR409 transaction_id_taken when another payment has this intent';
COMMENT ON FUNCTION orders_v1.record_intent IS
'Reports the intent that a provider created. A repeated report changes nothing. Applies events that arrived before it. Completes the
record of p_key. OR404 not_found, OR409 transaction_id_taken';
COMMENT ON FUNCTION orders_v1.record_intent_failure IS
'Reports that no intent could be created. p_refused: the refusal of the provider is final, so the payment fails and the order gets
the state error; otherwise the worker retries with backoff. Completes the record of p_key. OR404 not_found';
COMMENT ON FUNCTION orders_v1.manual_payment IS
'Internal: the open or failed payment to settle manually; a new payment when the method differs or there is none. OR409
order_not_payable while the outcome of its capture is unknown';
COMMENT ON FUNCTION orders_v1.refuse_payment IS 'Internal: OR409 order_not_payable with the states of the order';
COMMENT ON FUNCTION orders_v1.as_payable IS
'Internal: the order with the states that decide whether it can be paid: expired when past its expiry, confirming while the outcome
of a capture is unknown. Does not write';
COMMENT ON FUNCTION orders_v1.awaits_new_payment IS
'Internal: whether an order, as returned by as_payable, awaits payment. p_confirming: whether this includes an order with a payment
that is being confirmed';
COMMENT ON FUNCTION orders_v1.check_payable IS
'Internal: checks that an order awaits payment. p_confirming: whether this includes an order with a payment that is being confirmed.
OR409 order_not_payable with the states';
COMMENT ON FUNCTION orders_v1.settle_manually IS
'Internal: records a manual payment, or one at a terminal, for an order that awaits payment; returns the id of the payment';
COMMENT ON FUNCTION orders_v1.settle_payment IS
'Records a manual payment of an order. p_method NULL: the method of its open or failed payment, or manual when there is none.
p_reference NULL: no reference. Outcome unchanged when the same payment was already recorded. OR404, OR409 order_not_payable,
transaction_id_taken, OR412, OR422 payment_method_unknown';
