-- SPDX-License-Identifier: Apache-2.0
-- A capture request is committed before it is sent to the provider. After a failure the worker finds the payment and retries with
-- the same idempotency key until the provider reports the outcome.

-- A payment that is closed, or whose order no longer awaits payment, is polled but never captured.
CREATE OR REPLACE FUNCTION orders_v1.capture_task(p orders.payment, p_asked boolean) RETURNS orders_v1.payment_task LANGUAGE plpgsql STABLE AS $$
DECLARE
    r orders_v1.payment_task := orders_v1.payment_task_of(p);
    o orders.orders;
BEGIN
    SELECT * INTO o FROM orders.orders x WHERE x.tenant_id = p.tenant_id AND x.id = p.order_id;
    r.capture_step := CASE
        WHEN NOT orders_v1.can_be_captured(o, p) THEN 'read_only'
        WHEN p_asked THEN 'read_first'
        ELSE 'capture' END;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.begin_capture(p_tenant integer, p_payment bigint, p_ask boolean, p_lease integer)
RETURNS SETOF orders_v1.payment_task
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    o       orders.orders := lock_payment(p_tenant, p_payment);
    p       orders.payment;
    v_asked boolean;
BEGIN
    SELECT * INTO p FROM payment x WHERE x.tenant_id = p_tenant AND x.id = p_payment;
    IF p.intent_id IS NULL OR NOT can_be_captured(o, p) THEN
        RETURN;
    END IF;
    v_asked := p_ask OR p.status = 'confirming' OR p.capture_asked_at IS NOT NULL;
    UPDATE payment x SET capture_asked_at = now()
    WHERE x.tenant_id = p_tenant AND x.id = p_payment
    RETURNING * INTO p;
    -- The order must not expire during the call to the provider. The extension ends five minutes after the expiry of the payment.
    PERFORM expire_at(o, greatest(o.expires_at,
                                  least(now() + make_interval(secs => p_lease), p.expires_at + interval '5 minutes')));
    PERFORM put_due(p_tenant, 'capture', p_payment, p.channel, now() + make_interval(secs => p_lease));
    RETURN NEXT capture_task(p, v_asked);
END
$$;

-- The outcome of a request whose reply was lost is known soon; an undecided capture can take days.
CREATE OR REPLACE FUNCTION orders_v1.first_capture_retry(p_outcome text) RETURNS interval LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_outcome WHEN 'confirming' THEN interval '1 hour' ELSE interval '20 seconds' END
$$;

CREATE OR REPLACE FUNCTION orders_v1.await_capture(c orders_v1.context, o orders.orders, p_payment bigint, p_outcome text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    p      orders.payment;
    v_code text;
    v_now  timestamptz := now();
BEGIN
    SELECT * INTO p FROM orders.payment x WHERE x.tenant_id = o.tenant_id AND x.id = p_payment;
    v_code := orders_v1.apply_confirming(c, o, p);
    UPDATE orders.payment x SET capture_asked_at = coalesce(x.capture_asked_at, v_now)
    WHERE x.tenant_id = o.tenant_id AND x.id = p_payment AND (x.status = 'confirming' OR x.capture_asked_at IS NOT NULL);
    IF FOUND THEN
        PERFORM orders_v1.put_due(o.tenant_id, 'capture', p_payment, p.channel, v_now);
        PERFORM orders_v1.postpone_due(o.tenant_id, 'capture', p_payment, orders_v1.first_capture_retry(p_outcome), interval '1 hour');
    END IF;
    RETURN v_code;
END
$$;

-- A provider may still process a request whose reply was lost, for at most five minutes.
CREATE OR REPLACE FUNCTION orders_v1.capture_not_made(c orders_v1.context, o orders.orders, p_payment bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    p orders.payment;
    e orders.provider_event;
BEGIN
    SELECT * INTO p FROM orders.payment x WHERE x.tenant_id = o.tenant_id AND x.id = p_payment;
    IF (p.status <> 'pending' OR NOT orders_v1.can_be_paid(o)) AND p.capture_asked_at > now() - interval '5 minutes' THEN
        PERFORM orders_v1.put_due(o.tenant_id, 'capture', p_payment, p.channel, now() + interval '1 minute');
    ELSIF p.status = 'confirming' AND orders_v1.can_be_paid(o) AND p.capture_asked_at IS NOT NULL THEN
        e.code := 'capture_not_made';
        e.message := 'The provider did not capture the payment.';
        RETURN orders_v1.apply_failed(c, o, p, e);
    ELSE
        PERFORM orders_v1.clear_capture_request(p);
    END IF;
    RETURN 'unchanged';
END
$$;

-- A repeated outcome has the same event id, so it is applied once.
CREATE OR REPLACE FUNCTION orders_v1.capture_event(p orders.payment, p_outcome text, p_transaction text) RETURNS orders.provider_event
LANGUAGE plpgsql STABLE AS $$
DECLARE
    e orders.provider_event;
BEGIN
    e.tenant_id := p.tenant_id;
    e.channel := p.channel;
    e.event_id := concat_ws(':', 'capture', coalesce(p_transaction, p.intent_id), p_outcome);
    e.type := CASE p_outcome WHEN 'gone' THEN 'failed' ELSE p_outcome END;
    e.payment_key := p.provider_key;
    e.intent_id := p.intent_id;
    e.transaction_id := p_transaction;
    IF p_outcome = 'gone' THEN
        e.code := 'intent_gone';
        e.message := 'The payment can no longer be approved.';
    END IF;
    RETURN e;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.record_capture(
    p_tenant integer, p_payment bigint, p_outcome text, p_transaction text DEFAULT NULL, p_amount bigint DEFAULT NULL,
    p_currency text DEFAULT NULL, p_code text DEFAULT NULL, p_message text DEFAULT NULL, p_payer text DEFAULT NULL
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c orders_v1.context := acting_as(system_context(p_tenant), 'provider');
    o orders.orders := lock_payment(p_tenant, p_payment);
    p orders.payment;
    e orders.provider_event;
    w orders_v1.written;
BEGIN
    IF p_outcome IN ('paid', 'confirming', 'failed', 'gone') THEN
        SELECT * INTO p FROM payment x WHERE x.tenant_id = p_tenant AND x.id = p_payment;
        e := capture_event(p, p_outcome, p_transaction);
        e.amount := p_amount;
        e.currency := p_currency;
        e.code := coalesce(e.code, p_code);
        e.message := coalesce(e.message, p_message);
        e.payer := p_payer;
        w := store_event(c, e);
        IF w.refusal IS NOT NULL OR p_outcome <> 'confirming' THEN
            RETURN NEXT w;
            RETURN;
        END IF;
        SELECT * INTO o FROM orders x WHERE x.tenant_id = p_tenant AND x.id = o.id;
    END IF;
    IF p_outcome IN ('confirming', 'unknown') THEN
        RETURN NEXT finish(c, await_capture(c, o, p_payment, p_outcome), o.id, p_payment);
    ELSIF p_outcome IN ('waiting', 'approved') THEN
        RETURN NEXT finish(c, capture_not_made(c, o, p_payment), o.id, p_payment);
    ELSE -- the buyer may have paid, so nothing is changed
        RAISE EXCEPTION 'unknown outcome of a capture: %', p_outcome;
    END IF;
END
$$;

-- Stores the time of the capture request in the payment. A locked payment is skipped: the transaction that holds the lock may be
-- waiting for this row of orders.due.
CREATE OR REPLACE FUNCTION orders_v1.claim_captures(p_tenant integer, p_channel text, p_limit integer, p_lease integer)
RETURNS SETOF orders_v1.payment_task
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    d orders.due;
    p orders.payment;
    r orders_v1.payment_task;
BEGIN
    FOR d IN SELECT * FROM claim_due(p_tenant, 'capture', p_channel, p_limit, p_lease) LOOP
        SELECT * INTO p FROM payment x
        WHERE x.tenant_id = p_tenant AND x.id = d.id AND x.capture_asked_at IS NOT NULL
        FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            IF EXISTS (SELECT FROM payment x WHERE x.tenant_id = p_tenant AND x.id = d.id AND x.capture_asked_at IS NOT NULL) THEN
                PERFORM put_due(p_tenant, 'capture', d.id, p_channel, now() + interval '1 second');
            ELSE
                PERFORM end_due(p_tenant, 'capture', d.id);
            END IF;
            CONTINUE;
        END IF;
        r := capture_task(p, true);
        r.attempts := d.attempts;
        UPDATE payment x SET capture_asked_at = now()
        WHERE x.tenant_id = p_tenant AND x.id = p.id AND r.capture_step <> 'read_only';
        RETURN NEXT r;
    END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.begin_capture(integer, bigint, boolean, integer),
    orders_v1.record_capture(integer, bigint, text, text, bigint, text, text, text, text),
    orders_v1.claim_captures(integer, text, integer, integer)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.capture_task IS
'Internal: payment_task_of with capture_step: capture, read_first (then capture), or read_only (never capture)';
COMMENT ON FUNCTION orders_v1.begin_capture IS
'Records a capture request; the caller commits it before it calls the provider. Unless an outcome is recorded, claim_captures returns
the payment after p_lease seconds, which must exceed the duration of the call. p_ask: the provider may have captured already. Returns
a task as capture_task does, or no row when there is nothing to capture. OR404 not_found';
COMMENT ON FUNCTION orders_v1.first_capture_retry IS
'Internal: the wait before the first retry after this outcome (confirming or unknown). It doubles after each attempt, to at most an
hour';
COMMENT ON FUNCTION orders_v1.await_capture IS
'Internal: records that the provider has not decided a capture: the order becomes confirming and does not expire for
confirming_time, and claim_captures returns the payment. Outcome unchanged when the order does not await payment; the payment is still
polled';
COMMENT ON FUNCTION orders_v1.capture_not_made IS
'Internal: records that the provider has not captured. The outcome is no longer in doubt; a confirming payment fails, so that the
buyer can retry. Unless the payment is pending and its order awaits payment, it is polled until five minutes after the last capture
request';
COMMENT ON FUNCTION orders_v1.capture_event IS 'Internal: the outcome of a capture as an event of its provider';
COMMENT ON FUNCTION orders_v1.record_capture IS
'Records the reply of a provider to a capture request. p_outcome: paid, failed, gone (the intent is void or unknown) and confirming
(undecided) are applied as an event of the provider, with the outcome and refusal of apply_provider_event; after confirming, the
payment is polled. unknown: no reply was received, and the payment is polled soon. waiting and approved: nothing was captured.
p_amount: minor units; NULL: not stated. OR404 not_found';
COMMENT ON FUNCTION orders_v1.claim_captures IS
'Worker: claims payments of a channel whose capture has an unknown outcome, including closed payments, with a lease of p_lease
seconds. Returns tasks as capture_task does, with attempts (failed attempts)';
