-- SPDX-License-Identifier: Apache-2.0
-- The row of an event is stored first; its effect runs in a subtransaction. A refusal rolls back the effect and keeps the row.

CREATE OR REPLACE FUNCTION orders_v1.find_payment(p_tenant integer, p_channel text, p_key uuid, p_intent text)
RETURNS orders.payment LANGUAGE plpgsql STABLE AS $$
DECLARE
    p orders.payment;
BEGIN
    IF p_key IS NULL THEN
        SELECT x.* INTO p
        FROM orders.payment_channel n
        JOIN orders.payment x ON x.tenant_id = p_tenant AND x.provider = n.provider AND x.intent_id = p_intent
        WHERE n.tenant_id = p_tenant AND n.external_ref = p_channel AND x.channel = p_channel;
    ELSE
        SELECT * INTO p FROM orders.payment x
        WHERE x.tenant_id = p_tenant AND x.provider_key = p_key AND x.channel = p_channel;
    END IF;
    RETURN p;
END
$$;

-- A payment is stored before its provider is called, so an unknown payment key never becomes known. The intent of a payment is
-- stored after the call, so an event with an unknown intent waits.
CREATE OR REPLACE FUNCTION orders_v1.check_event(e orders.provider_event, p orders.payment) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF e.type NOT IN ('paid', 'failed', 'confirming', 'refunded', 'refund_failed') THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Unknown event type.', 'type');
    ELSIF e.type IN ('paid', 'refunded') AND e.transaction_id IS NULL THEN
        PERFORM orders_v1.refuse('422', 'required_field', 'This event type requires a transaction id.', 'transaction_id');
    ELSIF p.id IS NULL AND (e.payment_key IS NOT NULL OR e.intent_id IS NULL) THEN
        PERFORM orders_v1.refuse('404', 'not_found', 'The channel has no such payment.', 'payment_key');
    ELSIF e.intent_id <> p.intent_id THEN
        PERFORM orders_v1.refuse('404', 'not_found', 'The payment has another intent.', 'intent_id');
    ELSIF e.currency <> p.currency OR (e.currency IS NULL AND e.type IN ('paid', 'refunded')) THEN
        PERFORM orders_v1.refuse('422', 'currency_mismatch', 'The currency differs from that of the payment.', 'currency');
    ELSIF e.type = 'paid' AND p.id IS NOT NULL AND e.amount IS DISTINCT FROM p.amount THEN
        PERFORM orders_v1.refuse('422', 'amount_mismatch', 'The amount differs from that of the payment.', 'amount');
    ELSIF e.type = 'refunded' AND coalesce(e.amount, 0) <= 0 THEN
        PERFORM orders_v1.refuse('422', 'amount_mismatch', 'The event has no amount.', 'amount');
    END IF;
END
$$;

-- Refunds need the provider's transaction id, which a payment settled by an operator may lack.
CREATE OR REPLACE FUNCTION orders_v1.complete_capture(c orders_v1.context, o orders.orders, p orders.payment, p_transaction text)
RETURNS orders.payment LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders.payment x
    SET transaction_id = p_transaction, reference = coalesce(x.reference, p_transaction), updated_at = now()
    WHERE x.tenant_id = p.tenant_id AND x.id = p.id
    RETURNING * INTO p;
    PERFORM orders_v1.record_transaction(p, p_transaction, NULL, p.amount);
    PERFORM orders_v1.move_order(c, o, '{}', 0, 0, NULL);
    RETURN p;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.apply_paid(c orders_v1.context, o orders.orders, p orders.payment, e orders.provider_event)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF p.captured > 0 AND p.transaction_id IS NULL THEN
        PERFORM orders_v1.complete_capture(c, o, p, e.transaction_id);
        RETURN 'done';
    ELSIF p.captured > 0 AND e.transaction_id <> p.transaction_id THEN
        PERFORM orders_v1.refuse('409', 'payment_already_captured',
            'The payment was captured by another transaction: this one would charge the buyer twice.', 'transaction_id',
            jsonb_build_object('transaction_id', p.transaction_id));
    ELSIF p.captured > 0 THEN
        RETURN 'unchanged';
    END IF;
    IF orders_v1.is_due(o) THEN
        o := orders_v1.expire_order(o);
    END IF;
    IF orders_v1.can_be_paid(o) THEN
        PERFORM orders_v1.capture(c, o, p.id, e.transaction_id, e.transaction_id);
    ELSE
        PERFORM orders_v1.capture_late(c, o, p.id, e.transaction_id);
    END IF;
    RETURN 'done';
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.confirming_time() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '7 days' $$;

-- The payment may still succeed: the order must not expire before the provider has decided.
CREATE OR REPLACE FUNCTION orders_v1.apply_confirming(c orders_v1.context, o orders.orders, p orders.payment) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT orders_v1.can_be_paid(o) OR NOT (orders_v1.is_open_payment(p.status) OR p.status = 'failed') THEN
        RETURN 'unchanged';
    END IF;
    PERFORM orders_v1.expire_at(o, greatest(o.expires_at, now() + orders_v1.confirming_time()));
    IF p.status = 'confirming' THEN
        RETURN 'unchanged';
    END IF;
    UPDATE orders.payment x SET status = 'confirming', updated_at = now()
    WHERE x.tenant_id = p.tenant_id AND x.id = p.id;
    PERFORM orders_v1.end_due(p.tenant_id, 'intent', p.id);
    PERFORM orders_v1.move_order(c, o, CASE o.payment_state
        WHEN 'confirming' THEN '{}'::orders_v1.step[]
        ELSE ARRAY[('payment', o.payment_state, 'confirming')]::orders_v1.step[] END, 0, 0, NULL);
    RETURN 'done';
END
$$;

-- A failure ends the extension by apply_confirming. From then on, the order has one more payment period of the original length, so
-- that the buyer can retry, but it does not expire later than before.
CREATE OR REPLACE FUNCTION orders_v1.apply_failed(c orders_v1.context, o orders.orders, p orders.payment, e orders.provider_event)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF NOT orders_v1.can_be_captured(o, p) THEN
        PERFORM orders_v1.clear_capture_request(p);
        RETURN 'unchanged';
    END IF;
    IF p.status = 'confirming' THEN
        PERFORM orders_v1.expire_at(o, least(o.expires_at, now() + (p.expires_at - p.created_at)));
    END IF;
    PERFORM orders_v1.fail_order(c, o, p.id, e.code, e.message, false);
    RETURN 'done';
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.can_take_waiting_events(p_captured bigint, p_refunding bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_captured > 0 AND p_refunding = 0
$$;

-- A reply of the provider settled the refund without a transaction id. This event has the id.
CREATE OR REPLACE FUNCTION orders_v1.match_refund_event(p orders.payment, e orders.provider_event) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_refund bigint;
BEGIN
    UPDATE orders.refund x SET reference = e.transaction_id, updated_at = now()
    WHERE x.tenant_id = p.tenant_id
      AND x.id = (SELECT r.id FROM orders.refund r
                  WHERE r.tenant_id = p.tenant_id AND r.payment_id = p.id AND r.status = 'done' AND r.attempts > 0
                    AND r.reference IS NULL AND r.amount = e.amount
                  ORDER BY r.id LIMIT 1)
    RETURNING x.id INTO v_refund;
    IF FOUND THEN
        PERFORM orders_v1.record_transaction(p, e.transaction_id, v_refund, e.amount);
    END IF;
    RETURN v_refund IS NOT NULL;
END
$$;

-- A refused capture may have charged the buyer twice, or a wrong amount.
CREATE OR REPLACE FUNCTION orders_v1.has_refused_capture(p orders.payment, p_transaction text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM orders.provider_event x
                   WHERE x.tenant_id = p.tenant_id AND x.payment_id = p.id AND x.type = 'paid' AND x.verdict = 'refused'
                     AND x.refusal <> 'transaction_id_taken' AND x.transaction_id IS DISTINCT FROM p.transaction_id
                     AND x.transaction_id = coalesce(p_transaction, x.transaction_id));
END
$$;

-- A manually settled payment may have no transaction id to compare with. A capture that was refused for the payment is never its
-- own capture.
CREATE OR REPLACE FUNCTION orders_v1.check_capture(p orders.payment, e orders.provider_event) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF e.capture_id <> p.transaction_id OR (e.capture_id IS NOT NULL AND orders_v1.has_refused_capture(p, e.capture_id)) THEN
        PERFORM orders_v1.refuse('409', 'capture_mismatch', 'The capture of the event is not that of the payment. Compare both with the provider.', 'capture_id',
                              jsonb_build_object('transaction_id', p.transaction_id));
    END IF;
END
$$;

-- An event that arrives before the capture waits for the capture. If its amount and that of a pending refund together exceed the
-- captured amount, the event waits for the outcome of the pending refund, which the provider may refuse: it has already made the
-- refund of the event.
CREATE OR REPLACE FUNCTION orders_v1.apply_provider_refund(c orders_v1.context, o orders.orders, p orders.payment, e orders.provider_event)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_refund bigint;
BEGIN
    IF p.captured = 0 THEN
        RETURN 'waiting';
    ELSIF e.capture_id IS NULL AND orders_v1.has_refused_capture(p, NULL) THEN
        PERFORM orders_v1.refuse('409', 'capture_mismatch',
            'Another capture of the payment was refused. The event must name the refunded capture.', 'capture_id',
            jsonb_build_object('transaction_id', p.transaction_id));
    ELSIF e.amount > orders_v1.unrefunded(p.captured, p.refunded, 0) THEN
        PERFORM orders_v1.refuse('422', 'refund_exceeds_captured', 'The amount exceeds what can still be refunded.', 'amount');
    ELSIF e.amount > orders_v1.unrefunded(p.captured, p.refunded, p.refunding) THEN
        RETURN 'waiting';
    END IF;
    v_refund := orders_v1.put_refund(p, o, e.amount, coalesce(e.message, 'refunded by the provider'), NULL, true);
    UPDATE orders.refund r SET reference = e.transaction_id
    WHERE r.tenant_id = p.tenant_id AND r.id = v_refund;
    PERFORM orders_v1.record_transaction(p, e.transaction_id, v_refund, e.amount);
    PERFORM orders_v1.move_order(c, o, CASE
        WHEN p.surplus OR o.payment_state = 'refund_pending' THEN '{}'::orders_v1.step[]
        ELSE orders_v1.refund_steps(o.payment_state, orders_v1.state_after_refund(o, e.amount, o.payment_state)) END,
        0, CASE WHEN p.surplus THEN 0 ELSE e.amount END, e.message);
    RETURN 'done';
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.refuse_settled_refund(p_why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.refuse('409', 'refund_already_settled', p_why, 'type');
END
$$;

-- A refund cannot be both done and failed. The provider may send the two events in any order.
CREATE OR REPLACE FUNCTION orders_v1.check_outcome(p orders.payment, r orders.refund, e orders.provider_event) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF e.type = 'refund_failed' AND r.status = 'done' THEN
        PERFORM orders_v1.refuse_settled_refund('The refund is recorded as done. The money may have been returned to the merchant.');
    ELSIF e.type = 'refunded' AND (r.status = 'failed' OR EXISTS (
              SELECT FROM orders.provider_event x
              WHERE x.tenant_id = p.tenant_id AND x.payment_id = p.id AND x.type = 'refund_failed' AND x.transaction_id = e.transaction_id
                AND x.verdict IN ('done', 'unchanged'))) THEN
        PERFORM orders_v1.refuse_settled_refund('The refund is recorded as failed. The money may have been paid to the buyer.');
    END IF;
END
$$;

-- A reply of the provider marked the refund as failed, and no event has reported it yet. This event does.
CREATE OR REPLACE FUNCTION orders_v1.match_refund_failure(p orders.payment, e orders.provider_event) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_failed   bigint[] := ARRAY(SELECT r.id FROM orders.refund r
                                 WHERE r.tenant_id = p.tenant_id AND r.payment_id = p.id AND r.status = 'failed' AND r.reference IS NULL
                                   AND r.amount = coalesce(e.amount, r.amount)
                                 ORDER BY r.id);
    v_reported bigint := (SELECT count(*) FROM orders.provider_event x
                          WHERE x.tenant_id = p.tenant_id AND x.payment_id = p.id AND x.type = 'refund_failed' AND x.id <> e.id
                            AND x.verdict IN ('done', 'unchanged') AND x.transaction_id IS NULL
                            AND coalesce(x.amount = e.amount, true));
BEGIN
    IF cardinality(v_failed) <= v_reported THEN
        RETURN false;
    END IF;
    UPDATE orders.refund x SET reference = e.transaction_id, updated_at = now()
    WHERE x.tenant_id = p.tenant_id AND x.id = v_failed[v_reported + 1] AND e.transaction_id IS NOT NULL;
    RETURN true;
END
$$;

-- The event matches no pending refund. If it may be about a refund recorded as done, it is refused, so that an operator reviews it.
CREATE OR REPLACE FUNCTION orders_v1.apply_unmatched_refund_failure(p orders.payment, e orders.provider_event) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF orders_v1.match_refund_failure(p, e) THEN
        RETURN 'unchanged';
    ELSIF EXISTS (SELECT FROM orders.refund r
                  WHERE r.tenant_id = p.tenant_id AND r.payment_id = p.id AND r.status = 'done'
                    AND r.amount >= coalesce(e.amount, r.amount) AND (e.transaction_id IS NULL OR r.reference IS NULL)) THEN
        PERFORM orders_v1.refuse_settled_refund('A matching refund is recorded as done. The money may have been returned to the merchant.');
    ELSIF p.captured = 0 AND e.transaction_id IS NULL
          AND EXISTS (SELECT FROM orders.provider_event x
                      WHERE x.tenant_id = p.tenant_id AND x.payment_id = p.id AND x.type = 'refunded'
                        AND x.verdict = 'waiting') THEN
        RETURN 'waiting';
    END IF;
    RETURN 'unchanged';
END
$$;

-- A refund is found by its transaction; otherwise the oldest pending refund of the same amount is used.
CREATE OR REPLACE FUNCTION orders_v1.apply_refund_event(c orders_v1.context, o orders.orders, p orders.payment, e orders.provider_event)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r orders.refund;
BEGIN
    IF e.type = 'refund_failed' AND e.transaction_id = p.transaction_id THEN
        e.transaction_id := NULL;
    END IF;
    SELECT * INTO r FROM orders.refund x
    WHERE x.tenant_id = p.tenant_id AND x.payment_id = p.id AND x.reference = e.transaction_id
    ORDER BY x.id LIMIT 1;
    PERFORM orders_v1.check_outcome(p, r, e);
    IF r.status IN ('done', 'failed') THEN
        RETURN 'unchanged';
    END IF;
    PERFORM orders_v1.check_capture(p, e);
    IF e.type = 'refunded' AND p.captured > 0 AND p.transaction_id IS NULL AND e.capture_id IS NOT NULL THEN
        p := orders_v1.complete_capture(c, o, p, e.capture_id); -- so that later events cannot name another capture
    END IF;
    SELECT * INTO r FROM orders.refund x
    WHERE x.tenant_id = p.tenant_id AND x.payment_id = p.id AND x.status = 'pending'
      AND (e.amount IS NULL OR x.amount = e.amount)
    ORDER BY x.id LIMIT 1;
    IF NOT FOUND THEN
        RETURN CASE
            WHEN e.type <> 'refunded' THEN orders_v1.apply_unmatched_refund_failure(p, e)
            WHEN orders_v1.match_refund_event(p, e) THEN 'unchanged'
            ELSE orders_v1.apply_provider_refund(c, o, p, e) END;
    END IF;
    PERFORM orders_v1.end_refund(c, o, r, e.transaction_id, e.type = 'refunded', e.code, e.message);
    RETURN 'done';
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.apply_event(e orders.provider_event, o orders.orders, p orders.payment) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    c orders_v1.context := ROW(e.tenant_id, 'operator', 'provider', NULL, NULL, NULL, NULL);
BEGIN
    PERFORM orders_v1.check_event(e, p);
    IF p.id IS NULL THEN
        RETURN 'waiting';
    END IF;
    PERFORM orders_v1.check_intent(p, e.intent_id);
    UPDATE orders.payment x SET intent_id = e.intent_id
    WHERE x.tenant_id = p.tenant_id AND x.id = p.id AND x.intent_id IS NULL AND e.intent_id IS NOT NULL;
    UPDATE orders.orders x SET payer = e.payer
    WHERE x.tenant_id = p.tenant_id AND x.id = o.id AND e.type = 'paid' AND e.payer <> '' AND x.payer IS NULL;
    RETURN CASE e.type
        WHEN 'paid' THEN orders_v1.apply_paid(c, o, p, e)
        WHEN 'confirming' THEN orders_v1.apply_confirming(c, o, p)
        WHEN 'failed' THEN orders_v1.apply_failed(c, o, p, e)
        ELSE orders_v1.apply_refund_event(c, o, p, e) END;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.keep_failed_event(e orders.provider_event, p_payment bigint, p_error text)
RETURNS orders.provider_event LANGUAGE plpgsql AS $$
BEGIN
    RAISE LOG 'provider event % of tenant % cannot be processed: %', e.id, e.tenant_id, p_error;
    UPDATE orders.provider_event x SET verdict = 'waiting', judged_at = NULL, payment_id = p_payment, attempts = x.attempts + 1, detail = p_error
    WHERE x.tenant_id = e.tenant_id AND x.id = e.id
    RETURNING * INTO e;
    RETURN e;
END
$$;

-- A refusal by a rule becomes the verdict. A transient error aborts the transaction, and the provider sends the event again. After
-- any other error the event waits and the worker retries it for a day: the provider stops sending it at some point.
CREATE OR REPLACE FUNCTION orders_v1.process_event(e orders.provider_event, o orders.orders, p orders.payment)
RETURNS orders.provider_event LANGUAGE plpgsql AS $$
DECLARE
    v_verdict text;
    v_refusal text;
    v_detail  text;
    v_now     timestamptz := now();
BEGIN
    BEGIN
        v_verdict := orders_v1.apply_event(e, o, p);
    EXCEPTION WHEN OTHERS THEN
        IF orders_v1.is_transient(SQLSTATE) THEN
            RAISE;
        ELSIF SQLSTATE NOT LIKE 'OR%' THEN
            RETURN orders_v1.keep_failed_event(e, p.id, SQLSTATE || ': ' || SQLERRM);
        END IF;
        GET STACKED DIAGNOSTICS v_refusal = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL;
        v_verdict := 'refused';
        -- The outcome of the capture is known; polling again would return the same event.
        IF e.type = 'paid' AND coalesce(e.intent_id = p.intent_id, true) THEN
            PERFORM orders_v1.clear_capture_request(p);
        END IF;
    END;
    UPDATE orders.provider_event x
    SET verdict = v_verdict, refusal = v_refusal, detail = v_detail, payment_id = p.id,
        judged_at = CASE WHEN v_verdict <> 'waiting' THEN v_now END
    WHERE x.tenant_id = e.tenant_id AND x.id = e.id
    RETURNING * INTO e;
    RETURN e;
END
$$;

-- The event leaves the waiting state before it is applied: if it causes a capture, the capture applies all waiting events.
CREATE OR REPLACE FUNCTION orders_v1.claim_waiting_event(p_tenant integer, p_event bigint) RETURNS orders.provider_event LANGUAGE plpgsql AS $$
DECLARE
    e orders.provider_event;
BEGIN
    UPDATE orders.provider_event x SET verdict = 'done', judged_at = now()
    WHERE x.tenant_id = p_tenant AND x.id = p_event AND x.verdict = 'waiting'
    RETURNING x.* INTO e;
    RETURN e;
END
$$;

-- An unexpected error rolls back only the effect of its event. The worker retries the event.
CREATE OR REPLACE FUNCTION orders_v1.try_waiting_event(o orders.orders, p_payment bigint, p_event bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    e orders.provider_event;
    p orders.payment;
BEGIN
    e := orders_v1.claim_waiting_event(o.tenant_id, p_event);
    IF e.id IS NOT NULL THEN
        SELECT * INTO o FROM orders.orders x WHERE x.tenant_id = o.tenant_id AND x.id = o.id;
        SELECT * INTO p FROM orders.payment x WHERE x.tenant_id = o.tenant_id AND x.id = p_payment;
        PERFORM orders_v1.process_event(e, o, p);
    END IF;
EXCEPTION WHEN OTHERS THEN
    SELECT * INTO e FROM orders.provider_event x
    WHERE x.tenant_id = o.tenant_id AND x.id = p_event AND x.verdict = 'waiting';
    IF FOUND THEN
        PERFORM orders_v1.keep_failed_event(e, e.payment_id, SQLSTATE || ': ' || SQLERRM);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.apply_waiting_events(o orders.orders, p_payment bigint) RETURNS orders.orders LANGUAGE plpgsql AS $$
DECLARE
    v_event bigint;
BEGIN
    FOR v_event IN
        SELECT w.id FROM orders.payment x
        JOIN orders.provider_event w ON w.tenant_id = o.tenant_id AND w.verdict = 'waiting' AND w.channel = x.channel
            AND (w.payment_id = x.id OR (w.payment_id IS NULL AND w.intent_id = x.intent_id))
        WHERE x.tenant_id = o.tenant_id AND x.id = p_payment
        ORDER BY w.id
    LOOP
        PERFORM orders_v1.try_waiting_event(o, p_payment, v_event);
        SELECT * INTO o FROM orders.orders x WHERE x.tenant_id = o.tenant_id AND x.id = o.id;
    END LOOP;
    RETURN o;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.event_result(c orders_v1.context, e orders.provider_event, p_order bigint, p_repeated boolean)
RETURNS orders_v1.written LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ROW(CASE WHEN p_repeated AND e.verdict = 'done' THEN 'unchanged' ELSE e.verdict END, e.payment_id, p_repeated,
               CASE WHEN e.verdict = 'waiting' AND e.attempts > 0 THEN 'database_error' ELSE e.refusal END, e.detail,
               e.event_id, e.type, orders_v1.written_order(c, p_order))::orders_v1.written;
END
$$;

-- The first delivery is applied. A repeat of a waiting event is applied again; any other repeat returns the first verdict.
CREATE OR REPLACE FUNCTION orders_v1.store_event(c orders_v1.context, e orders.provider_event) RETURNS orders_v1.written LANGUAGE plpgsql AS $$
DECLARE
    p          orders.payment := orders_v1.find_payment(e.tenant_id, e.channel, e.payment_key, e.intent_id);
    o          orders.orders;
    v_repeated boolean;
BEGIN
    IF p.id IS NOT NULL THEN
        o := orders_v1.lock_order(p.tenant_id, p.order_id, NULL, NULL);
        SELECT * INTO p FROM orders.payment x WHERE x.tenant_id = p.tenant_id AND x.id = p.id;
    END IF;
    INSERT INTO orders.provider_event (tenant_id, channel, event_id, type, raw_type, payment_key, intent_id, transaction_id,
                                       amount, currency, code, message, payer, capture_id, verdict, judged_at)
    VALUES (e.tenant_id, e.channel, e.event_id, e.type, e.raw_type, e.payment_key, e.intent_id, e.transaction_id, e.amount,
            e.currency, e.code, e.message, e.payer, e.capture_id, 'done', now())
    ON CONFLICT ON CONSTRAINT provider_event_unique DO NOTHING;
    v_repeated := NOT FOUND;
    SELECT * INTO e FROM orders.provider_event x
    WHERE x.tenant_id = e.tenant_id AND x.channel = e.channel AND x.event_id = e.event_id
    FOR UPDATE;
    IF e.verdict = 'waiting' THEN
        e := orders_v1.claim_waiting_event(e.tenant_id, e.id);
        v_repeated := false;
    END IF;
    IF NOT v_repeated THEN
        e := orders_v1.process_event(e, o, p);
    END IF;
    IF e.verdict = 'refused' AND e.reported_at IS NULL THEN
        UPDATE orders.provider_event x SET reported_at = now() WHERE x.tenant_id = e.tenant_id AND x.id = e.id;
    END IF;
    IF p.id IS NOT NULL THEN
        PERFORM orders_v1.apply_waiting_events(o, p.id);
    END IF;
    RETURN orders_v1.event_result(c, e, o.id, v_repeated);
END
$$;

-- An event of another tenant is skipped: the channel of that tenant receives it too.
CREATE OR REPLACE FUNCTION orders_v1.is_foreign_event(p_tenant integer, p_type text, p_for_tenant integer) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_type = 'ignored' OR coalesce(p_for_tenant <> p_tenant, false)
$$;

CREATE OR REPLACE FUNCTION orders_v1.unstored_event_result(p_outcome text, p_payment bigint) RETURNS orders_v1.written LANGUAGE sql IMMUTABLE AS $$
    SELECT ROW(p_outcome, p_payment, false, NULL, NULL, NULL, NULL, NULL)::orders_v1.written
$$;

-- The event may be outdated: begin_capture decides whether the payment can still be captured.
CREATE OR REPLACE FUNCTION orders_v1.approval_result(p orders.payment) RETURNS orders_v1.written LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN orders_v1.unstored_event_result(CASE WHEN p.id IS NULL THEN 'unchanged' ELSE 'capture' END, p.id);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.apply_provider_event(
    p_tenant integer, p_channel text, p_event text, p_type text, p_key uuid, p_intent text, p_transaction text,
    p_amount bigint, p_currency text, p_code text, p_message text, p_payer text DEFAULT NULL, p_raw_type text DEFAULT NULL,
    p_capture text DEFAULT NULL, p_for_tenant integer DEFAULT NULL
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c orders_v1.context := ROW(p_tenant, 'operator', 'provider', NULL, NULL, NULL, NULL);
    e orders.provider_event;
BEGIN
    IF is_foreign_event(p_tenant, p_type, p_for_tenant) THEN
        RETURN NEXT unstored_event_result('unchanged', NULL);
        RETURN;
    ELSIF p_type = 'approved' THEN
        RETURN NEXT approval_result(find_payment(p_tenant, p_channel, NULL, p_intent));
        RETURN;
    END IF;
    e.tenant_id := p_tenant;
    e.channel := p_channel;
    e.event_id := p_event;
    e.type := p_type;
    e.raw_type := p_raw_type;
    e.payment_key := p_key;
    e.intent_id := p_intent;
    e.transaction_id := p_transaction;
    e.amount := p_amount;
    e.currency := p_currency;
    e.code := p_code;
    e.message := p_message;
    e.payer := p_payer;
    e.capture_id := p_capture;
    RETURN NEXT store_event(c, e);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.apply_provider_event(integer, text, text, text, uuid, text, text, bigint, text, text, text, text, text, text, integer)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.find_payment IS
'Internal: finds the payment of an event in its channel by provider key or intent. Returns NULL when there is none';
COMMENT ON FUNCTION orders_v1.check_event IS
'Internal: refuses an event that can never be applied. OR404 not_found, OR422 invalid_field, required_field, currency_mismatch,
amount_mismatch';
COMMENT ON FUNCTION orders_v1.complete_capture IS
'Internal: adds the provider''s transaction to a payment that was settled manually without one; returns the updated payment. OR409
transaction_id_taken';
COMMENT ON FUNCTION orders_v1.apply_paid IS 'Internal: applies an event of type paid. OR409 payment_already_captured, transaction_id_taken';
COMMENT ON FUNCTION orders_v1.confirming_time IS
'Internal: how long an order does not expire after its provider has reported a payment in progress';
COMMENT ON FUNCTION orders_v1.apply_confirming IS
'Internal: applies an event of type confirming: the provider has received the payment but has not decided. Each of these events
extends the expiry of the order';
COMMENT ON FUNCTION orders_v1.apply_failed IS 'Internal: applies an event of type failed';
COMMENT ON FUNCTION orders_v1.match_refund_event IS
'Internal: whether an event confirms a refund that was settled without a transaction id; records the id';
COMMENT ON FUNCTION orders_v1.can_take_waiting_events IS
'Internal: whether waiting events can be applied to a payment: it is captured and has no pending refund';
COMMENT ON FUNCTION orders_v1.apply_refund_event IS
'Internal: applies an event of type refunded or refund_failed. OR409 capture_mismatch, refund_already_settled, OR422
refund_exceeds_captured';
COMMENT ON FUNCTION orders_v1.has_refused_capture IS
'Internal: whether a capture other than the payment''s own was refused for it. p_transaction: this capture; NULL: any';
COMMENT ON FUNCTION orders_v1.check_capture IS
'Internal: OR409 capture_mismatch when an event names a capture that is not that of the payment';
COMMENT ON FUNCTION orders_v1.refuse_settled_refund IS 'Internal: OR409 refund_already_settled';
COMMENT ON FUNCTION orders_v1.check_outcome IS
'Internal: OR409 refund_already_settled when the refund that an event names by its transaction has the opposite outcome. r: NULL
when unknown';
COMMENT ON FUNCTION orders_v1.match_refund_failure IS
'Internal: whether an event reports a refund that already failed by a reply without a transaction id; records the id';
COMMENT ON FUNCTION orders_v1.apply_unmatched_refund_failure IS
'Internal: applies an event of type refund_failed when no refund of its amount is pending. OR409 refund_already_settled when it may
be about a refund that is done';
COMMENT ON FUNCTION orders_v1.apply_provider_refund IS
'Internal: applies a refund that the provider made without a request. Returns waiting before the capture is known, or while a
pending refund decides whether it fits. OR409 capture_mismatch when it may be about another capture, OR422 refund_exceeds_captured';
COMMENT ON FUNCTION orders_v1.apply_event IS
'Internal: applies an event to its payment (NULL: unknown) and locked order; returns done, unchanged or waiting, or raises a
refusal';
COMMENT ON FUNCTION orders_v1.keep_failed_event IS
'Internal: keeps an event waiting after an unexpected error, and counts the attempt';
COMMENT ON FUNCTION orders_v1.process_event IS
'Internal: applies an event in a subtransaction and stores the verdict. A refusal rolls back the effect only. So does an error that
is not transient; then the event waits';
COMMENT ON FUNCTION orders_v1.claim_waiting_event IS
'Internal: clears the waiting state of an event that is about to be applied. Returns NULL when the event no longer waits';
COMMENT ON FUNCTION orders_v1.try_waiting_event IS
'Internal: applies a waiting event of a locked order in a subtransaction. An unexpected error is stored with the event, which keeps
waiting';
COMMENT ON FUNCTION orders_v1.apply_waiting_events IS
'Internal: applies the waiting events of a payment of a locked order, in order of arrival; returns the updated order';
COMMENT ON FUNCTION orders_v1.event_result IS
'Internal: the result for an event: outcome (the verdict), refusal (database_error when it waits because of an error), replayed (it
was delivered before), and its order, if any';
COMMENT ON FUNCTION orders_v1.store_event IS 'Internal: stores an event and applies it';
COMMENT ON FUNCTION orders_v1.is_foreign_event IS
'Internal: whether an event is about no payment (type ignored) or another tenant. p_for_tenant NULL: the event names no tenant';
COMMENT ON FUNCTION orders_v1.unstored_event_result IS 'Internal: the result for an event that is not stored';
COMMENT ON FUNCTION orders_v1.approval_result IS
'Internal: the result for an event of type approved: capture with the id of the payment, or unchanged when there is none';
COMMENT ON FUNCTION orders_v1.apply_provider_event IS
'Stores an event of a provider and applies it. The caller must have verified its signature. Two kinds of events are not stored: an
event of type ignored or of another tenant (p_for_tenant; NULL: not stated) has the outcome unchanged, and an event of type approved
has the outcome capture with the id of the payment to capture. p_key: provider key of the payment, or NULL. p_payer: email address of
the payer, or NULL. p_capture: transaction id of the capture that is refunded, or NULL. The outcome of a stored event is its verdict:
done, unchanged, waiting or refused, with the code and message of the refusal; replayed: the event was already applied. A payment of
an order that no longer awaits payment is refunded. An event waits while its intent is unknown; a refund event waits for the capture,
and for the outcome of a pending refund if the amounts of both exceed the captured amount. Refusals: not_found, invalid_field, required_field, amount_mismatch,
currency_mismatch, payment_already_captured, transaction_id_taken, refund_exceeds_captured, refund_already_settled,
capture_mismatch';
