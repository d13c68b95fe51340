-- SPDX-License-Identifier: Apache-2.0
-- Rows are claimed with SKIP LOCKED and a lease, so that several servers may run the worker. The claiming
-- query is MATERIALIZED: inside a join it could run more than once and claim more than the limit.

CREATE OR REPLACE FUNCTION orders_v1.due_intents(
    p_tenant integer, p_limit integer, p_lease integer, p_channels text[] DEFAULT NULL
) RETURNS SETOF orders_v1.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    p orders.payment;
    r orders_v1.answer;
BEGIN
    FOR p IN
        WITH due AS MATERIALIZED (
            SELECT d.id FROM payment d
            WHERE d.tenant_id = p_tenant AND d.status = 'created' AND d.due_at <= now()
              AND (d.expires_at IS NULL OR d.expires_at > now())
              AND (p_channels IS NULL OR d.channel = ANY (p_channels))
            ORDER BY d.id
            LIMIT p_limit
            FOR UPDATE SKIP LOCKED
        )
        UPDATE payment x SET due_at = now() + make_interval(secs => p_lease)
        FROM due
        WHERE x.tenant_id = p_tenant AND x.id = due.id
        RETURNING x.*
    LOOP
        r := NULL;
        r.kind := 'payment';
        r.order_id := p.order_id;
        r.id := p.id;
        r.title := p.provider_key;
        r.state := p.status;
        r.method := p.method;
        r.channel := p.channel;
        r.provider := p.provider;
        r.currency := p.currency;
        r.amount := p.amount;
        r.quantity := p.attempts;
        r.url := p.return_url;
        r.metadata := p.metadata;
        r.created_at := p.created_at;
        r.expires_at := p.expires_at;
        SELECT o.number, o.exponent, o.buyer_id INTO r.number, r.exponent, r.parent_id FROM orders o
        WHERE o.tenant_id = p_tenant AND o.id = p.order_id;
        RETURN NEXT r;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.due_refunds(
    p_tenant integer, p_limit integer, p_lease integer, p_channels text[] DEFAULT NULL
) RETURNS SETOF orders_v1.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    f orders.refund;
    r orders_v1.answer;
BEGIN
    FOR f IN
        WITH due AS MATERIALIZED (
            SELECT d.id FROM refund d
            WHERE d.tenant_id = p_tenant AND d.status = 'pending' AND d.due_at <= now()
              AND (p_channels IS NULL
                   OR EXISTS (SELECT FROM payment p WHERE p.tenant_id = d.tenant_id AND p.id = d.payment_id
                                AND p.channel = ANY (p_channels)))
            ORDER BY d.id
            LIMIT p_limit
            FOR UPDATE SKIP LOCKED
        )
        UPDATE refund x SET due_at = now() + make_interval(secs => p_lease), attempts = x.attempts + 1
        FROM due
        WHERE x.tenant_id = p_tenant AND x.id = due.id
        RETURNING x.*
    LOOP
        r := NULL;
        r.kind := 'refund';
        r.order_id := f.order_id;
        r.id := f.id;
        r.parent_id := f.payment_id;
        r.title := f.provider_key;
        r.state := f.status;
        r.currency := f.currency;
        r.amount := f.amount;
        r.quantity := f.attempts;
        r.detail := f.reason;
        r.metadata := f.metadata;
        r.created_at := f.created_at;
        SELECT o.number, o.exponent, p.method, p.channel, p.provider, p.intent_id, p.transaction_id,
               p.provider_key
        INTO r.number, r.exponent, r.method, r.channel, r.provider, r.intent_id, r.reference, r.slug
        FROM payment p
        JOIN orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id
        WHERE p.tenant_id = p_tenant AND p.id = f.payment_id;
        RETURN NEXT r;
    END LOOP;
END
$$;

-- No order is waited for, coupons are: all workers come to them in the same order.
CREATE OR REPLACE FUNCTION orders_v1.expire_due(p_tenant integer, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    v_id    bigint;
    v_ids   bigint[];
    o       orders.orders;
    v_done  bigint[] := '{}';
BEGIN
    v_ids := ARRAY(
        SELECT d.id FROM (
            SELECT x.id FROM orders x
            WHERE x.tenant_id = p_tenant AND x.state = 'open' AND x.expires_at <= now()
              AND x.payment_state IN ('unpaid', 'confirming', 'failed')
            ORDER BY x.expires_at, x.id
            LIMIT p_limit) AS d
        LEFT JOIN coupon_redemption r ON r.tenant_id = p_tenant AND r.order_id = d.id AND r.state <> 'released'
        ORDER BY r.coupon_id, r.user_id, d.id);
    FOREACH v_id IN ARRAY v_ids LOOP
        PERFORM FROM orders x WHERE x.tenant_id = p_tenant AND x.id = v_id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        o := lock_order(p_tenant, v_id, NULL, NULL);
        IF is_due(o) THEN
            PERFORM close_expired(o);
            v_done := v_done || v_id;
        END IF;
    END LOOP;
    PERFORM release_stock(p_tenant, v_done);
    RETURN cardinality(v_done);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.purge_idempotency(p_tenant integer, p_age interval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    v_count integer;
BEGIN
    WITH old AS MATERIALIZED (
        SELECT d.actor_id, d.route, d.key FROM idempotency d
        WHERE d.tenant_id = p_tenant AND d.created_at < now() - p_age
        ORDER BY d.created_at
        LIMIT 10000
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM idempotency i
    USING old
    WHERE i.tenant_id = p_tenant AND i.actor_id = old.actor_id AND i.route = old.route AND i.key = old.key;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

-- After a failure the wait doubles from 10 seconds to at most 6 hours; the sixteenth failure is the last.
CREATE OR REPLACE FUNCTION orders_v1.next_try(p_attempts integer) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT now() + least(interval '6 hours', interval '10 seconds' * power(2, least(p_attempts, 20)))
$$;

CREATE OR REPLACE FUNCTION orders_v1.is_last_try(p_attempts integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_attempts >= 16
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.due_intents(integer, integer, integer, text[]),
    orders_v1.due_refunds(integer, integer, integer, text[]),
    orders_v1.expire_due(integer, integer),
    orders_v1.purge_idempotency(integer, interval)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.due_intents IS
'Worker: claims payments of these channels (null: of all) whose intent is to be made, for p_lease seconds. Rows payment with number (of the
order), title (provider key), parent_id (buyer), url (return URL), quantity (failed tries)';
COMMENT ON FUNCTION orders_v1.due_refunds IS
'Worker: claims pending refunds for the providers of these channels (null: of all), for p_lease seconds. Rows refund with number (of the order),
intent_id, reference (captured transaction), title (provider key), slug (provider key of the payment), quantity (tries)';
COMMENT ON FUNCTION orders_v1.expire_due IS
'Worker: expires unpaid orders past their time; returns how many. Skips orders that somebody else has locked';
COMMENT ON FUNCTION orders_v1.purge_idempotency IS
'Worker: removes keys older than p_age, at most 10000 a call; returns how many';
COMMENT ON FUNCTION orders_v1.next_try IS 'Internal: when what failed so many times is tried again';
COMMENT ON FUNCTION orders_v1.is_last_try IS 'Internal: whether so many failures are enough';
