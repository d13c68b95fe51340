-- SPDX-License-Identifier: Apache-2.0
-- Values of the database for the metrics of the module (docs/monitoring.md): numbers of rows, and ages in microseconds. Every query reads an
-- index and few rows.

CREATE OR REPLACE FUNCTION orders_v1.microseconds_since(p_at timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT greatest(extract(epoch FROM now() - p_at) * 1000000, 0)::bigint
$$;

CREATE OR REPLACE FUNCTION orders_v1.webhook_metrics(p_tenant integer)
RETURNS TABLE (family text, label text, channel text, value bigint) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    w        orders.webhook_endpoint;
    v_oldest timestamptz;
BEGIN
    FOR w IN SELECT * FROM orders.webhook_endpoint x WHERE x.tenant_id = p_tenant AND x.state <> 'deleted' ORDER BY x.id LOOP
        SELECT min(x.created_at) INTO v_oldest
        FROM ((SELECT d.created_at FROM orders.webhook_delivery d
               WHERE d.tenant_id = p_tenant AND d.endpoint_id = w.id AND d.state = 'pending' AND d.attempts = 0
               ORDER BY d.event_epoch, d.event_xid, d.event_id, d.id
               LIMIT 1)
              UNION ALL
              (SELECT d.created_at FROM orders.webhook_delivery d
               WHERE d.tenant_id = p_tenant AND d.endpoint_id = w.id AND d.state = 'pending' AND d.attempts > 0
               ORDER BY d.next_at, d.id
               LIMIT 1000)) AS x;
        RETURN QUERY
        SELECT x.family, x.label, w.public_id::text, x.value
        FROM (VALUES ('deliveries', 'pending', count_pending_deliveries(p_tenant, w.id, 1000)::bigint),
                     ('deliveries', 'dead', count_dead_deliveries(p_tenant, w.id, 1000)::bigint),
                     ('delivery_age', '', coalesce(microseconds_since(v_oldest), 0)),
                     ('failing', '', CASE WHEN w.state = 'enabled' AND w.failing_since IS NOT NULL THEN microseconds_since(w.failing_since) END)) AS x (family, label, value)
        WHERE x.value IS NOT NULL;
        RETURN QUERY SELECT 'endpoints', w.state, '', 1::bigint;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.tenant_metrics(p_tenant integer)
RETURNS TABLE (family text, label text, channel text, value bigint) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT x.family, b.kind, b.channel, CASE x.family WHEN 'lag' THEN microseconds_since(b.oldest) ELSE b.count END
    FROM job_backlog(p_tenant) AS b
    CROSS JOIN (VALUES ('backlog'), ('lag')) AS x (family);

    RETURN QUERY
    SELECT x.family, e.verdict, e.channel, CASE x.family WHEN 'event_age' THEN microseconds_since(e.oldest) ELSE e.unresolved END
    FROM provider_event_counts(p_tenant) AS e
    CROSS JOIN (VALUES ('events'), ('event_age')) AS x (family);

    RETURN QUERY
    SELECT 'differences', '', d.channel, count(*) FROM orders.reconciliation_difference d
    WHERE d.tenant_id = p_tenant AND d.state = 'open'
    GROUP BY d.channel;

    RETURN QUERY
    SELECT 'oldest', x.records, '', microseconds_since(x.at)
    FROM (SELECT 'idempotency', min(i.created_at) FROM orders.idempotency i WHERE i.tenant_id = p_tenant
          UNION ALL
          SELECT 'mails', min(m.created_at) FROM orders.mail m WHERE m.tenant_id = p_tenant AND (m.done_at IS NOT NULL OR m.dead)
          UNION ALL
          SELECT 'provider_events', min(e.received_at) FROM orders.provider_event e
          WHERE e.tenant_id = p_tenant AND (e.verdict IN ('done', 'unchanged') OR e.resolved_at IS NOT NULL)
          UNION ALL
          SELECT 'tokens', min(t.expires_at) FROM orders.token t
          WHERE t.tenant_id = p_tenant AND t.expires_at < now() AND t.revoked_at IS NULL
          UNION ALL
          SELECT 'carts', min(k.updated_at) FROM orders.cart k WHERE k.tenant_id = p_tenant AND k.state = 'open'
          UNION ALL
          SELECT 'webhooks', min(d.done_at) FROM orders.webhook_delivery d WHERE d.tenant_id = p_tenant AND d.done_at IS NOT NULL) AS x (records, at)
    WHERE x.at IS NOT NULL;

    RETURN QUERY SELECT w.family, w.label, w.channel, w.value FROM webhook_metrics(p_tenant) AS w;
END
$$;

-- A server can have many tenants: after a second, a call ends with the current tenant. The settings discourage plans
-- that read whole tables, which the planner may choose while statistics are missing, and the JIT compiler, which their costs would start.
CREATE OR REPLACE FUNCTION orders_v1.metric_values(p_after integer)
RETURNS TABLE (family text, label text, channel text, value bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '1s'
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    v_tenant integer;
BEGIN
    IF p_after IS NULL THEN
        RETURN QUERY
        SELECT x.family, '', '', x.xid::text::bigint
        FROM (VALUES ('horizon_from', event_horizon()), ('horizon_to', pg_snapshot_xmax(pg_current_snapshot()))) AS x (family, xid);
    END IF;
    FOR v_tenant IN SELECT t.id FROM tenant t WHERE t.id > coalesce(p_after, 0) ORDER BY t.id LOOP
        IF clock_timestamp() > statement_timestamp() + interval '1 second' THEN
            RETURN QUERY SELECT 'next', '', '', v_tenant::bigint - 1;
            RETURN;
        END IF;
        RETURN QUERY SELECT v.family, v.label, v.channel, v.value FROM tenant_metrics(v_tenant) AS v;
    END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION orders_v1.metric_values(integer) TO orders_api;

COMMENT ON FUNCTION orders_v1.metric_values IS
'Worker: values for the metrics, of the tenants after p_after (NULL: of all tenants, and of the database). Each tenant has its own rows. A row `next`:
not all tenants were read; its value is p_after of the next call. Rows: backlog and lag by kind and channel of the queue; events and event_age by
verdict and channel of unresolved provider events; open differences by channel; the oldest record of each kind that a purge deletes;
deliveries by state, delivery_age and failing by endpoint; endpoints by state; horizon_from
and horizon_to: all transactions below the first have ended, all from the second on have not. If they differ, a running transaction is older than one
that has ended. Ages are in microseconds';
COMMENT ON FUNCTION orders_v1.webhook_metrics IS 'Internal: the rows of tenant_metrics for webhook endpoints';
COMMENT ON FUNCTION orders_v1.tenant_metrics IS 'Internal: the rows of metric_values for a tenant';
COMMENT ON FUNCTION orders_v1.microseconds_since IS 'Internal: the age of a time; 0 for a time in the future';
