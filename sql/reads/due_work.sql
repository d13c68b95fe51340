-- SPDX-License-Identifier: Apache-2.0
-- Work that the worker and requests find without claiming it.

CREATE OR REPLACE FUNCTION orders_v1.tenants() RETURNS SETOF integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT t.id FROM tenant t ORDER BY t.id;
END
$$;

-- One index probe for each tenant, whatever its backlog is.
CREATE OR REPLACE FUNCTION orders_v1.tenants_with_due(p_kind text, p_channel text) RETURNS SETOF integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT t.id FROM tenant t
    WHERE EXISTS (SELECT FROM due d
                  WHERE d.tenant_id = t.id AND d.kind = p_kind AND d.channel = p_channel AND d.due_at <= now())
    ORDER BY t.id;
END
$$;

-- For the module of release 0.1.
CREATE OR REPLACE FUNCTION orders_v1.tenants_to_bill() RETURNS SETOF integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT t.id FROM tenant t
    WHERE EXISTS (SELECT FROM due d
                  WHERE d.tenant_id = t.id AND d.kind = 'bill' AND d.channel = '' AND d.due_at <= now())
    ORDER BY t.id;
END
$$;

-- Also tenants with a reconciliation that no worker has continued for a day: plan_reconciliations aborts it.
CREATE OR REPLACE FUNCTION orders_v1.tenants_to_reconcile(p_channel text, p_provider text) RETURNS SETOF integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT t.id FROM tenant t
    WHERE EXISTS (SELECT FROM reconciliation x
                  WHERE x.tenant_id = t.id AND x.channel = p_channel AND x.state = 'running' AND x.updated_at < now() - interval '1 day')
       OR (EXISTS (SELECT FROM payment_channel n
                   WHERE n.tenant_id = t.id AND n.external_ref = p_channel AND n.provider = p_provider)
           AND NOT EXISTS (SELECT FROM reconciliation x
                           WHERE x.tenant_id = t.id AND x.channel = p_channel
                             AND (x.state = 'running' OR (x.scheduled AND x.created_at > now() - interval '1 day'))))
    ORDER BY t.id;
END
$$;

-- Takes no lease: a provider executes a refund once, even if it is sent twice. The worker sends the refunds that the request did not
-- send.
CREATE OR REPLACE FUNCTION orders_v1.refunds_to_send(p_tenant integer, p_order bigint) RETURNS SETOF orders_v1.refund_task
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    f          orders.refund;
    v_attempts integer;
BEGIN
    FOR f IN SELECT * FROM refund x WHERE x.tenant_id = p_tenant AND x.order_id = p_order AND x.status = 'pending' ORDER BY x.id LOOP
        SELECT d.attempts INTO v_attempts FROM due d
        WHERE d.tenant_id = p_tenant AND d.kind = 'refund' AND d.id = f.id AND d.due_at <= now();
        IF FOUND THEN
            RETURN NEXT refund_task_of(f, v_attempts);
        END IF;
    END LOOP;
END
$$;

-- Selects only events whose verdict can change: the payment is captured and has no pending refund, the intent has become known, an
-- attempt failed, or the event has waited for a day.
CREATE OR REPLACE FUNCTION orders_v1.due_provider_events(p_tenant integer, p_limit integer) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT w.id FROM provider_event w
    WHERE w.tenant_id = p_tenant AND w.verdict = 'waiting'
      AND (w.received_at < now() - interval '1 day' OR w.attempts > 0
           OR EXISTS (SELECT FROM payment p WHERE p.tenant_id = p_tenant AND p.id = w.payment_id AND can_take_waiting_events(p.captured, p.refunding))
           OR (w.payment_id IS NULL AND (find_payment(p_tenant, w.channel, NULL, w.intent_id)).id IS NOT NULL))
    ORDER BY w.attempts, w.id
    LIMIT p_limit;
END
$$;

-- Reads the index of the queue by its kinds and channels, and at most 1000 entries of each, so that its cost does not grow with the backlog.
-- A leased row is not due.
CREATE OR REPLACE FUNCTION orders_v1.job_backlog(p_tenant integer)
RETURNS TABLE (kind text, channel text, count integer, oldest timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
#variable_conflict use_column
BEGIN
    SELECT min(d.channel) INTO channel FROM due d WHERE d.tenant_id = p_tenant;
    WHILE channel IS NOT NULL LOOP
        SELECT min(d.kind) INTO kind FROM due d WHERE d.tenant_id = p_tenant AND d.channel = job_backlog.channel;
        WHILE kind IS NOT NULL LOOP
            SELECT count(*), min(x.due_at) INTO count, oldest
            FROM (SELECT d.due_at FROM due d
                  WHERE d.tenant_id = p_tenant AND d.channel = job_backlog.channel AND d.kind = job_backlog.kind AND d.due_at <= now()
                  ORDER BY d.due_at
                  LIMIT 1000) AS x;
            IF count > 0 THEN
                RETURN NEXT;
            END IF;
            SELECT min(d.kind) INTO kind FROM due d
            WHERE d.tenant_id = p_tenant AND d.channel = job_backlog.channel AND d.kind > job_backlog.kind;
        END LOOP;
        SELECT min(d.channel) INTO channel FROM due d WHERE d.tenant_id = p_tenant AND d.channel > job_backlog.channel;
    END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.tenants(),
    orders_v1.tenants_with_due(text, text),
    orders_v1.tenants_to_bill(),
    orders_v1.tenants_to_reconcile(text, text),
    orders_v1.job_backlog(integer),
    orders_v1.refunds_to_send(integer, bigint),
    orders_v1.due_provider_events(integer, integer)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.tenants IS 'Worker: the ids of all tenants, ascending';
COMMENT ON FUNCTION orders_v1.tenants_with_due IS
'Worker: the ids of the tenants with work of this kind and channel that is due, ascending. p_channel: empty for kinds without a channel';
COMMENT ON FUNCTION orders_v1.tenants_to_bill IS 'Worker: the tenants with orders that await a bill';
COMMENT ON FUNCTION orders_v1.tenants_to_reconcile IS
'Worker: the ids of the tenants that have this channel of this provider and whose daily reconciliation is due, ascending';
COMMENT ON FUNCTION orders_v1.job_backlog IS
'The due rows of the queue by kind and channel (empty: no channel): their number, at most 1000, and the due time of the oldest. A kind and
channel without due rows is not in the result';
COMMENT ON FUNCTION orders_v1.refunds_to_send IS
'The refunds of an order that claim_refunds would return now, for the request that created them. Returns tasks as refund_task_of does';
COMMENT ON FUNCTION orders_v1.due_provider_events IS
'Worker: ids of at most p_limit waiting events that may be applied now or have waited for a day, by failed attempts and then in order of
arrival';
