-- SPDX-License-Identifier: Apache-2.0

-- A payment can expire before its order is closed. No intent is created for an expired payment.
CREATE OR REPLACE FUNCTION orders_v1.claim_intents(p_tenant integer, p_channel text, p_limit integer, p_lease integer)
RETURNS SETOF orders_v1.payment_task
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    d orders.due;
    p orders.payment;
    r orders_v1.payment_task;
BEGIN
    FOR d IN SELECT * FROM claim_due(p_tenant, 'intent', p_channel, p_limit, p_lease) LOOP
        SELECT * INTO p FROM payment x WHERE x.tenant_id = p_tenant AND x.id = d.id AND x.status = 'created';
        IF NOT FOUND THEN
            PERFORM end_due(p_tenant, 'intent', d.id);
            CONTINUE;
        END IF;
        CONTINUE WHEN NOT awaits_intent(p.status, p.expires_at);
        r := payment_task_of(p);
        r.attempts := d.attempts;
        RETURN NEXT r;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.refund_task_of(f orders.refund, p_attempts integer) RETURNS orders_v1.refund_task LANGUAGE plpgsql STABLE AS $$
DECLARE
    p orders.payment;
    r orders_v1.refund_task;
    v orders_v1.refund_view;
BEGIN
    SELECT o.number INTO r.order_number FROM orders.orders o WHERE o.tenant_id = f.tenant_id AND o.id = f.order_id;
    SELECT * INTO p FROM orders.payment x WHERE x.tenant_id = f.tenant_id AND x.id = f.payment_id;
    v := ROW(f.id, f.payment_id, f.status, p.method, p.channel, p.provider, p.transaction_id, f.provider_key, f.failure_code,
             f.reason, f.currency, f.amount, f.surplus, f.metadata, f.created_at, f.updated_at, f.settled_at);
    r.order_id := f.order_id;
    r.attempts := p_attempts;
    r.intent_id := p.intent_id;
    r.payment_key := p.provider_key;
    r.refund := v;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.claim_refunds(p_tenant integer, p_channel text, p_limit integer, p_lease integer)
RETURNS SETOF orders_v1.refund_task
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    d orders.due;
    f orders.refund;
BEGIN
    FOR d IN SELECT * FROM claim_due(p_tenant, 'refund', p_channel, p_limit, p_lease) LOOP
        SELECT * INTO f FROM refund x WHERE x.tenant_id = p_tenant AND x.id = d.id AND x.status = 'pending';
        IF FOUND THEN
            RETURN NEXT refund_task_of(f, d.attempts);
        ELSE
            PERFORM end_due(p_tenant, 'refund', d.id);
        END IF;
    END LOOP;
END
$$;

-- Skips locked orders. Waits only for locks on coupons, which all workers take in the same order. A row of orders.due that is early
-- or obsolete is corrected, so that it does not stay at the head of the queue. A batch ends after a second, so that large orders do
-- not make it time out.
CREATE OR REPLACE FUNCTION orders_v1.expire_orders(p_tenant integer, p_ids bigint[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_id   bigint;
    o      orders.orders;
    v_done bigint[] := '{}';
BEGIN
    FOREACH v_id IN ARRAY p_ids LOOP
        EXIT WHEN v_done <> '{}' AND clock_timestamp() > statement_timestamp() + interval '1 second';
        PERFORM FROM orders.orders x WHERE x.tenant_id = p_tenant AND x.id = v_id FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            IF NOT EXISTS (SELECT FROM orders.orders x WHERE x.tenant_id = p_tenant AND x.id = v_id) THEN
                PERFORM orders_v1.end_due(p_tenant, 'expiry', v_id);
            END IF;
            CONTINUE;
        END IF;
        o := orders_v1.lock_order(p_tenant, v_id, NULL, NULL);
        IF orders_v1.is_due(o) THEN
            PERFORM orders_v1.close_expired(o);
            v_done := v_done || v_id;
        ELSIF orders_v1.can_expire(o) THEN
            PERFORM orders_v1.put_due(p_tenant, 'expiry', v_id, NULL, o.expires_at);
        ELSE
            PERFORM orders_v1.end_due(p_tenant, 'expiry', v_id);
        END IF;
    END LOOP;
    PERFORM orders_v1.release_stock(p_tenant, v_done);
    RETURN cardinality(v_done);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.may_concern_one_order(p_sqlstate text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_sqlstate = '55P03' OR NOT orders_v1.is_transient(p_sqlstate)
$$;

CREATE OR REPLACE FUNCTION orders_v1.run_job(p_tenant integer, p_kind text, p_ids bigint[]) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    IF p_kind = 'bill' THEN
        RETURN orders_v1.bill_orders(p_tenant, p_ids);
    END IF;
    RETURN orders_v1.expire_orders(p_tenant, p_ids);
END
$$;

-- An order that fails must not block the other orders.
CREATE OR REPLACE FUNCTION orders_v1.run_job_for_order(p_tenant integer, p_kind text, p_order bigint) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    RETURN orders_v1.run_job(p_tenant, p_kind, ARRAY[p_order]);
EXCEPTION WHEN OTHERS THEN
    IF NOT orders_v1.may_concern_one_order(SQLSTATE) THEN
        RAISE;
    END IF;
    RAISE LOG 'order % of tenant %: % failed: % %', p_order, p_tenant, p_kind, SQLSTATE, SQLERRM;
    PERFORM orders_v1.postpone_due(p_tenant, p_kind, p_order, interval '5 seconds', interval '1 hour');
    RETURN 0;
END
$$;

-- A batch needs a single subtransaction; only after a failure does each order run in its own. The callers set a short lock_timeout,
-- so that the second run ends before statement_timeout.
CREATE OR REPLACE FUNCTION orders_v1.run_job_for_orders(p_tenant integer, p_kind text, p_ids bigint[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_id    bigint;
    v_count integer := 0;
BEGIN
    BEGIN
        RETURN orders_v1.run_job(p_tenant, p_kind, p_ids);
    EXCEPTION WHEN OTHERS THEN
        IF NOT orders_v1.may_concern_one_order(SQLSTATE) THEN
            RAISE;
        END IF;
    END;
    FOREACH v_id IN ARRAY p_ids LOOP
        EXIT WHEN clock_timestamp() > statement_timestamp() + interval '2 seconds';
        v_count := v_count + orders_v1.run_job_for_order(p_tenant, p_kind, v_id);
    END LOOP;
    RETURN v_count;
END
$$;

-- No lease is taken: the transaction that reads an expiry also closes the order.
CREATE OR REPLACE FUNCTION orders_v1.expire_due(p_tenant integer, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '1s' AS $$
BEGIN
    RETURN run_job_for_orders(p_tenant, 'expiry', ARRAY(
        SELECT d.id FROM (
            SELECT x.id FROM due x
            WHERE x.tenant_id = p_tenant AND x.kind = 'expiry' AND x.channel = '' AND x.due_at <= now()
            ORDER BY x.due_at
            LIMIT p_limit) AS d
        LEFT JOIN coupon_redemption r ON r.tenant_id = p_tenant AND r.order_id = d.id AND r.state <> 'released'
        ORDER BY r.coupon_id, r.user_id, d.id));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.is_last_try(p_attempts integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_attempts >= 16
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.claim_intents(integer, text, integer, integer),
    orders_v1.claim_refunds(integer, text, integer, integer),
    orders_v1.expire_due(integer, integer)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.claim_intents IS
'Worker: claims payments of a channel whose intent has to be created, with a lease of p_lease seconds';
COMMENT ON FUNCTION orders_v1.refund_task_of IS
'Internal: the data of a refund for the call to its provider. reference is the captured transaction; intent_id and payment_key are
those of the payment';
COMMENT ON FUNCTION orders_v1.claim_refunds IS
'Worker: claims pending refunds of a channel, with a lease of p_lease seconds. Returns tasks as refund_task_of does';
COMMENT ON FUNCTION orders_v1.expire_orders IS
'Internal: expires the orders that are due, returns their number, and corrects the queue for the others. Skips orders that another
transaction has locked. Stops after a second and leaves the rest to the next call';
COMMENT ON FUNCTION orders_v1.may_concern_one_order IS
'Internal: whether an error in a batch may be caused by a single order, for example by a violated constraint or a long-held lock';
COMMENT ON FUNCTION orders_v1.run_job IS
'Internal: does the work of a kind (bill or expiry) for these orders; returns the number done';
COMMENT ON FUNCTION orders_v1.run_job_for_order IS
'Internal: run_job for one order. An error is logged and postpones the order: by 5 seconds, doubled after each attempt, at most an
hour';
COMMENT ON FUNCTION orders_v1.run_job_for_orders IS
'Internal: run_job for a batch, or order by order if the batch fails; returns the number done';
COMMENT ON FUNCTION orders_v1.expire_due IS
'Worker: expires unpaid orders past their expiry; returns their number. Skips orders that another transaction has locked, and
postpones an order that fails';
COMMENT ON FUNCTION orders_v1.is_last_try IS 'Internal: whether the number of failed attempts has reached the limit';
