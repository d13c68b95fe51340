-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:payment_events to pg

BEGIN;
SET LOCAL ROLE orders_owner;

CREATE TYPE orders.provider_word AS (
    type           text,
    transaction_id text,
    amount         bigint,
    currency       text,
    code           text,
    message        text,
    payer          text
);

CREATE FUNCTION orders.find_payment(p_tenant integer, p_channel text, p_key uuid, p_intent text)
RETURNS orders.payment LANGUAGE plpgsql STABLE AS $$
DECLARE
    p orders.payment;
BEGIN
    IF p_key IS NULL THEN
        SELECT x.* INTO p
        FROM orders.payment_channel n
        JOIN orders.payment x ON x.tenant_id = n.tenant_id AND x.provider = n.provider AND x.intent_id = p_intent
        WHERE n.tenant_id = p_tenant AND n.external_ref = p_channel AND x.channel = p_channel;
    ELSE
        SELECT * INTO p FROM orders.payment x
        WHERE x.tenant_id = p_tenant AND x.provider_key = p_key AND x.channel = p_channel
          AND (p_intent IS NULL OR coalesce(x.intent_id, p_intent) = p_intent);
    END IF;
    IF p.id IS NULL THEN
        PERFORM orders.refuse('404', 'not_found', 'There is no such payment.');
    END IF;
    RETURN p;
END
$$;

CREATE FUNCTION orders.check_word(p orders.payment, w orders.provider_word) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF w.type NOT IN ('paid', 'failed', 'confirming', 'refunded', 'refund_failed') THEN
        PERFORM orders.refuse('422', 'invalid_field', 'There is no such event type.', 'type');
    ELSIF w.currency <> p.currency OR (w.currency IS NULL AND w.type IN ('paid', 'refunded')) THEN
        PERFORM orders.refuse('422', 'currency_mismatch', 'The event is about another currency.', 'currency');
    ELSIF w.type = 'paid' AND w.amount IS DISTINCT FROM p.amount THEN
        PERFORM orders.refuse('422', 'amount_mismatch', 'The event is about another amount.', 'amount');
    ELSIF w.type = 'refunded' AND coalesce(w.amount, 0) <= 0 THEN
        PERFORM orders.refuse('422', 'amount_mismatch', 'The event lacks an amount.', 'amount');
    END IF;
END
$$;

CREATE FUNCTION orders.hear_paid(c orders.context, o orders.orders, p orders.payment, w orders.provider_word)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF p.captured > 0 AND w.transaction_id <> p.transaction_id THEN
        PERFORM orders.refuse('409', 'payment_already_captured',
            'The payment was captured by another transaction: this one would take the money twice.', 'transaction_id',
            jsonb_build_object('transaction_id', p.transaction_id));
    ELSIF p.captured > 0 THEN
        RETURN 'unchanged';
    END IF;
    IF orders.is_due(o) THEN
        o := orders.expire_order(o);
    END IF;
    IF orders.awaits_money(o) THEN
        PERFORM orders.capture(c, o, p.id, w.transaction_id, w.transaction_id);
    ELSE
        PERFORM orders.capture_late(c, o, p.id, w.transaction_id);
    END IF;
    RETURN 'done';
END
$$;

CREATE FUNCTION orders.hear_confirming(c orders.context, o orders.orders, p orders.payment) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT orders.awaits_money(o) OR p.status NOT IN ('created', 'pending', 'failed') THEN
        RETURN 'unchanged';
    END IF;
    UPDATE orders.payment x SET status = 'confirming', updated_at = now(),
        due_at = CASE WHEN x.capture_asked_at IS NOT NULL THEN x.due_at END
    WHERE x.tenant_id = p.tenant_id AND x.id = p.id;
    PERFORM orders.move_order(c, o, CASE o.payment_state
        WHEN 'confirming' THEN '{}'::orders.step[]
        ELSE ARRAY[('payment', o.payment_state, 'confirming')]::orders.step[] END, 0, 0, NULL);
    RETURN 'done';
END
$$;

-- A refund that we sent and that the provider settled in its reply, without a transaction id: this is the id.
CREATE FUNCTION orders.confirms_refund(p orders.payment, w orders.provider_word) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_refund bigint;
BEGIN
    UPDATE orders.refund x SET reference = w.transaction_id, updated_at = now()
    WHERE x.tenant_id = p.tenant_id
      AND x.id = (SELECT r.id FROM orders.refund r
                  WHERE r.tenant_id = p.tenant_id AND r.payment_id = p.id AND r.status = 'done' AND r.attempts > 0
                    AND r.reference IS NULL AND r.amount = w.amount
                  ORDER BY r.id LIMIT 1)
    RETURNING x.id INTO v_refund;
    IF FOUND AND w.transaction_id IS NOT NULL THEN
        PERFORM orders.note_transaction(p, w.transaction_id, v_refund, w.amount);
    END IF;
    RETURN v_refund IS NOT NULL;
END
$$;

CREATE FUNCTION orders.hear_refund(c orders.context, o orders.orders, p orders.payment, w orders.provider_word)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r orders.refund;
BEGIN
    IF EXISTS (SELECT FROM orders.provider_transaction t
               WHERE t.tenant_id = p.tenant_id AND t.provider = p.provider
                 AND t.transaction_id = w.transaction_id AND t.payment_id = p.id AND t.kind = 'refund') THEN
        RETURN 'unchanged';
    END IF;
    SELECT * INTO r FROM orders.refund x
    WHERE x.tenant_id = p.tenant_id AND x.payment_id = p.id AND x.status = 'pending'
      AND (w.amount IS NULL OR x.amount = w.amount)
    ORDER BY x.id LIMIT 1;
    IF NOT FOUND THEN
        RETURN CASE
            WHEN w.type <> 'refunded' OR orders.confirms_refund(p, w) THEN 'unchanged'
            ELSE orders.hear_foreign_refund(c, o, p, w) END;
    END IF;
    PERFORM orders.end_refund(c, o, r, w.transaction_id, w.type = 'refunded', w.code, w.message);
    RETURN 'done';
END
$$;

-- The provider gave money back that nobody here had asked for.
CREATE FUNCTION orders.hear_foreign_refund(c orders.context, o orders.orders, p orders.payment, w orders.provider_word)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_refund bigint;
BEGIN
    IF w.amount > p.captured - p.refunded - p.refunding THEN
        PERFORM orders.refuse('422', 'refund_exceeds_captured', 'More than what was captured and is left.', 'amount');
    END IF;
    v_refund := orders.put_refund(p, o, w.amount, coalesce(w.message, 'refunded by the provider'), NULL, true);
    UPDATE orders.refund r SET reference = w.transaction_id
    WHERE r.tenant_id = p.tenant_id AND r.id = v_refund;
    IF w.transaction_id IS NOT NULL THEN
        PERFORM orders.note_transaction(p, w.transaction_id, v_refund, w.amount);
    END IF;
    PERFORM orders.move_order(c, o, CASE
        WHEN p.surplus OR o.payment_state = 'refund_pending' THEN '{}'::orders.step[]
        ELSE orders.refund_steps(o.payment_state, orders.state_after_refund(o, w.amount, o.payment_state)) END,
        0, CASE WHEN p.surplus THEN 0 ELSE w.amount END, w.message);
    RETURN 'done';
END
$$;

CREATE FUNCTION orders.hear(c orders.context, o orders.orders, p orders.payment, w orders.provider_word)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF w.type = 'paid' THEN
        RETURN orders.hear_paid(c, o, p, w);
    ELSIF w.type = 'confirming' THEN
        RETURN orders.hear_confirming(c, o, p);
    ELSIF w.type IN ('refunded', 'refund_failed') THEN
        RETURN orders.hear_refund(c, o, p, w);
    ELSIF orders.awaits_money(o) AND p.status IN ('created', 'pending', 'confirming') THEN
        PERFORM orders.fail_order(c, o, p.id, w.code, w.message, false);
        RETURN 'done';
    ELSE
        PERFORM orders.end_doubt(p);
    END IF;
    RETURN 'unchanged';
END
$$;

CREATE FUNCTION orders.payment_event(
    p_tenant integer, p_channel text, p_event text, p_type text, p_key uuid, p_intent text, p_transaction text,
    p_amount bigint, p_currency text, p_code text, p_message text, p_payer text DEFAULT NULL
) RETURNS SETOF orders.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, pg_temp SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    c      orders.context := ROW(p_tenant, 'operator', 'provider', NULL, NULL, NULL, NULL);
    w      orders.provider_word := ROW(p_type, p_transaction, p_amount, p_currency, p_code, p_message, p_payer);
    p      orders.payment := find_payment(p_tenant, p_channel, p_key, p_intent);
    o      orders.orders := lock_order(p_tenant, p.order_id, NULL, NULL);
    v_code text := 'unchanged';
BEGIN
    PERFORM check_word(p, w);
    INSERT INTO payment_event (tenant_id, channel, event_id, type, payment_id)
    VALUES (p_tenant, p_channel, p_event, p_type, p.id)
    ON CONFLICT ON CONSTRAINT payment_event_unique DO NOTHING;
    IF FOUND THEN
        PERFORM check_intent(p, p_intent);
        UPDATE payment x SET intent_id = coalesce(x.intent_id, p_intent)
        WHERE x.tenant_id = p_tenant AND x.id = p.id
        RETURNING * INTO p;
        UPDATE orders x SET payer = w.payer
        WHERE x.tenant_id = p_tenant AND x.id = o.id AND w.type = 'paid' AND w.payer <> '' AND x.payer IS NULL;
        v_code := hear(c, o, p, w);
    END IF;
    RETURN QUERY SELECT * FROM finish(c, result_row(v_code, o.id, p.id), NULL);
END
$$;

GRANT EXECUTE ON FUNCTION orders.payment_event(integer, text, text, text, uuid, text, text, bigint, text, text, text,
    text) TO orders_api;

-- What it all means

COMMENT ON TYPE orders.provider_word IS 'What an event says';
COMMENT ON FUNCTION orders.find_payment IS
'Internal: the payment that an event is about, by provider key or intent, of its channel only. OR404 not_found';
COMMENT ON FUNCTION orders.check_word IS 'Internal: OR422 invalid_field, currency_mismatch, amount_mismatch';
COMMENT ON FUNCTION orders.hear_paid IS 'Internal: event paid';
COMMENT ON FUNCTION orders.hear_confirming IS 'Internal: event confirming';
COMMENT ON FUNCTION orders.confirms_refund IS
'Internal: whether the event is the confirmation of a refund that was settled without a transaction id';
COMMENT ON FUNCTION orders.hear_refund IS 'Internal: events refunded and refund_failed';
COMMENT ON FUNCTION orders.hear_foreign_refund IS 'Internal: a refund that the provider made by itself';
COMMENT ON FUNCTION orders.hear IS 'Internal: what an event does';
COMMENT ON FUNCTION orders.payment_event IS
'An event of a provider, whose signature the caller has checked. p_key: the payment''s provider key, or null. p_payer: mail address of who paid, or null.
Each event id once per channel, later ones unchanged; so are events that come too late to matter. Money for an order that no longer waits is refunded.
OR404 not_found, OR409 transaction_id_taken, payment_already_captured, OR422 amount_mismatch, currency_mismatch, refund_exceeds_captured';

COMMIT;
