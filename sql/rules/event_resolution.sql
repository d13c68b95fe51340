-- SPDX-License-Identifier: Apache-2.0
-- Operations of operators on events of providers that were refused or are waiting.

CREATE OR REPLACE FUNCTION orders_v1.provider_event_of(e orders.provider_event) RETURNS orders_v1.provider_event_view LANGUAGE plpgsql STABLE AS $$
DECLARE
    r orders_v1.provider_event_view;
BEGIN
    SELECT o.id, o.number INTO r.order_id, r.order_number
    FROM orders.payment p
    JOIN orders.orders o ON o.tenant_id = e.tenant_id AND o.id = p.order_id
    WHERE p.tenant_id = e.tenant_id AND p.id = e.payment_id;
    r.id := e.id;
    r.channel := e.channel;
    r.event_id := e.event_id;
    r.type := e.type;
    r.raw_type := e.raw_type;
    r.verdict := e.verdict;
    r.refusal := e.refusal;
    r.detail := e.detail;
    r.attempts := e.attempts;
    r.payment_id := e.payment_id;
    r.payment_key := e.payment_key;
    r.intent_id := e.intent_id;
    r.transaction_id := e.transaction_id;
    r.capture_id := e.capture_id;
    r.amount := e.amount;
    r.currency := e.currency;
    r.code := e.code;
    r.message := e.message;
    r.received_at := e.received_at;
    r.judged_at := e.judged_at;
    r.resolved_at := e.resolved_at;
    r.resolved_by := e.resolved_by;
    r.resolution := e.resolution;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.written_event(c orders_v1.context, p_outcome text, p_event bigint) RETURNS orders_v1.written_provider_event
LANGUAGE plpgsql AS $$
DECLARE
    e orders.provider_event;
    w orders_v1.written_provider_event;
BEGIN
    SELECT * INTO e FROM orders.provider_event x WHERE x.tenant_id = c.tenant_id AND x.id = p_event;
    w.outcome := p_outcome;
    w.id := e.id;
    w.replayed := false;
    w.event := orders_v1.provider_event_of(e);
    RETURN orders_v1.stored_result(c, w, (w.event).order_id);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_event_open(e orders.provider_event) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF e.id IS NULL THEN
        PERFORM orders_v1.refuse('404', 'not_found', 'There is no such event.');
    ELSIF e.verdict NOT IN ('refused', 'waiting') THEN
        PERFORM orders_v1.refuse('409', 'provider_event_settled', 'The event was applied.');
    ELSIF e.resolved_at IS NOT NULL THEN
        PERFORM orders_v1.refuse('409', 'provider_event_settled', 'The event is already resolved.');
    END IF;
END
$$;

-- The notice of a refused event is locked before the event, as in all functions.
CREATE OR REPLACE FUNCTION orders_v1.lock_notice_of(e orders.provider_event) RETURNS orders.provider_notice LANGUAGE plpgsql AS $$
DECLARE
    n orders.provider_notice;
BEGIN
    IF e.type = 'unverified' AND e.event_id ~ '^notice:[0-9a-f]{64}$' THEN
        SELECT * INTO n FROM orders.provider_notice x
        WHERE x.tenant_id = e.tenant_id AND x.channel = e.channel
          AND x.body_hash = decode(substr(e.event_id, length('notice:') + 1), 'hex')
        FOR UPDATE;
    END IF;
    RETURN n;
END
$$;

-- An event that is resolved while it waits stops waiting: it is not applied later.
CREATE OR REPLACE FUNCTION orders_v1.resolve_provider_event(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_event bigint, p_comment text
) RETURNS SETOF orders_v1.written_provider_event
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    e       orders.provider_event;
    n       orders.provider_notice;
    v_now   timestamptz := now();
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_provider_event, v_claim.answer);
        RETURN;
    END IF;
    SELECT * INTO e FROM provider_event x WHERE x.tenant_id = p_tenant AND x.id = p_event;
    n := lock_notice_of(e);
    SELECT * INTO e FROM provider_event x WHERE x.tenant_id = p_tenant AND x.id = p_event FOR UPDATE;
    PERFORM check_event_open(e);
    UPDATE provider_event x
    SET verdict = 'refused', refusal = coalesce(x.refusal, 'resolved'), judged_at = coalesce(x.judged_at, v_now),
        reported_at = coalesce(x.reported_at, v_now), resolved_at = v_now, resolved_by = p_actor_id, resolution = p_comment
    WHERE x.tenant_id = p_tenant AND x.id = p_event;
    IF n.verdict IN ('pending', 'rejected') THEN
        PERFORM settle_notice(n, 'ignored', n.event_id);
    END IF;
    RETURN NEXT written_event(c, 'done', p_event);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.retry_notice(n orders.provider_notice) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF n.resource_kind IS NULL THEN
        PERFORM orders_v1.refuse('409', 'provider_event_settled', 'The event names no capture, refund or order that can be read from the provider.');
    END IF;
    UPDATE orders.provider_notice x SET verdict = 'pending', judged_at = NULL, attempts = 0, pending_since = now()
    WHERE x.tenant_id = n.tenant_id AND x.id = n.id;
    PERFORM orders_v1.put_due(n.tenant_id, 'provider_notice', n.id, n.channel, now());
END
$$;

-- Applies the event like a new one. Overwrites its previous verdict; a repeat by the provider returns the new verdict.
CREATE OR REPLACE FUNCTION orders_v1.retry_event(e orders.provider_event) RETURNS orders.provider_event LANGUAGE plpgsql AS $$
DECLARE
    p orders.payment := orders_v1.find_payment(e.tenant_id, e.channel, e.payment_key, e.intent_id);
    o orders.orders;
BEGIN
    IF p.id IS NOT NULL THEN
        o := orders_v1.lock_order(p.tenant_id, p.order_id, NULL, NULL);
        SELECT * INTO p FROM orders.payment x WHERE x.tenant_id = p.tenant_id AND x.id = p.id;
    END IF;
    SELECT * INTO e FROM orders.provider_event x WHERE x.tenant_id = e.tenant_id AND x.id = e.id FOR UPDATE;
    PERFORM orders_v1.check_event_open(e);
    UPDATE orders.provider_event x SET verdict = 'done', judged_at = now(), refusal = NULL, detail = NULL, reported_at = NULL
    WHERE x.tenant_id = e.tenant_id AND x.id = e.id
    RETURNING * INTO e;
    e := orders_v1.process_event(e, o, p);
    UPDATE orders.provider_event x SET reported_at = now()
    WHERE x.tenant_id = e.tenant_id AND x.id = e.id AND x.verdict = 'refused';
    IF p.id IS NOT NULL THEN
        PERFORM orders_v1.apply_waiting_events(o, p.id);
    END IF;
    RETURN e;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.retry_provider_event(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_event bigint
) RETURNS SETOF orders_v1.written_provider_event
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c         orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim   orders_v1.claim := claim_key(c);
    e         orders.provider_event;
    n         orders.provider_notice;
    v_outcome text := 'pending';
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_provider_event, v_claim.answer);
        RETURN;
    END IF;
    SELECT * INTO e FROM provider_event x WHERE x.tenant_id = p_tenant AND x.id = p_event;
    PERFORM check_event_open(e);
    IF e.type = 'unreadable' THEN
        PERFORM refuse('409', 'provider_event_settled', 'The event cannot be parsed.');
    ELSIF e.type = 'unverified' THEN
        n := lock_notice_of(e);
        SELECT * INTO e FROM provider_event x WHERE x.tenant_id = p_tenant AND x.id = p_event FOR UPDATE;
        PERFORM check_event_open(e);
        PERFORM retry_notice(n);
    ELSE
        e := retry_event(e);
        v_outcome := e.verdict;
    END IF;
    RETURN NEXT written_event(c, v_outcome, p_event);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.resolve_provider_event(integer, text, text, bigint, text, text, bytea, bigint, text),
    orders_v1.retry_provider_event(integer, text, text, bigint, text, text, bytea, bigint)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.provider_event_of IS 'Internal: an event as the operator API shows it, without the address of the payer';
COMMENT ON FUNCTION orders_v1.written_event IS 'Internal: the result of an operation on an event';
COMMENT ON FUNCTION orders_v1.check_event_open IS
'Internal: OR404 not_found without an event, OR409 provider_event_settled unless it is refused or waiting, and not resolved';
COMMENT ON FUNCTION orders_v1.lock_notice_of IS 'Internal: locks the notice of the refused event of a notice; NULL: the event has none';
COMMENT ON FUNCTION orders_v1.resolve_provider_event IS
'Marks a refused or waiting event as resolved by the operator. A waiting event becomes refused, with the refusal resolved. OR404 not_found,
OR409 provider_event_settled';
COMMENT ON FUNCTION orders_v1.retry_notice IS
'Internal: puts a rejected notice back into the queue of the worker. OR409 provider_event_settled when it names no resource to read';
COMMENT ON FUNCTION orders_v1.retry_event IS 'Internal: applies a refused or waiting event again. Locks its order';
COMMENT ON FUNCTION orders_v1.retry_provider_event IS
'Applies a refused or waiting event again, by the same rules. Outcome: its new verdict, or pending for a notice, which the worker verifies.
OR404 not_found, OR409 provider_event_settled';
