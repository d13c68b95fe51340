-- SPDX-License-Identifier: Apache-2.0
-- Webhook endpoints and their deliveries as the operator API shows them, newest first.

CREATE OR REPLACE FUNCTION orders_v1.webhook_view_of(w orders.webhook_endpoint) RETURNS orders_v1.webhook_view LANGUAGE plpgsql STABLE AS $$
DECLARE
    r orders_v1.webhook_view;
BEGIN
    r.pending := orders_v1.count_pending_deliveries(w.tenant_id, w.id, 1000);
    r.dead := orders_v1.count_dead_deliveries(w.tenant_id, w.id, 1000);
    r.id := w.id;
    r.public_id := w.public_id;
    r.url := w.url;
    r.patterns := to_jsonb(w.patterns);
    r.description := w.description;
    r.payload := w.payload;
    r.state := w.state;
    r.disabled_reason := w.disabled_reason;
    r.version := w.version;
    r.generation := w.generation;
    r.salt := w.salt;
    IF w.former_until > now() THEN
        r.former_salt := w.former_salt;
        r.former_until := w.former_until;
    END IF;
    r.failing_since := w.failing_since;
    r.last_success_at := w.last_success_at;
    r.last_failure_at := w.last_failure_at;
    r.created_at := w.created_at;
    r.updated_at := w.updated_at;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.delivery_view_of(d orders.webhook_delivery, p_webhook uuid) RETURNS orders_v1.delivery_view
LANGUAGE plpgsql STABLE AS $$
DECLARE
    r orders_v1.delivery_view;
BEGIN
    IF d.subject = 'order' THEN
        SELECT o.id, o.number INTO r.order_id, r.order_number FROM orders.orders o WHERE o.tenant_id = d.tenant_id AND o.id = d.subject_id;
    END IF;
    r.id := d.id;
    r.webhook_id := p_webhook;
    r.message_id := d.message_id;
    r.type := d.type;
    r.event_id := d.event_id;
    r.event_version := d.subject_version;
    r.state := d.state;
    r.attempts := d.attempts;
    r.next_at := CASE WHEN d.state = 'pending' THEN d.next_at END;
    r.last_at := d.last_at;
    r.last_status := d.last_status;
    r.last_error := d.last_error;
    r.last_ms := d.last_ms;
    r.created_at := d.created_at;
    r.done_at := d.done_at;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.read_webhook(p_tenant integer, p_webhook uuid) RETURNS SETOF orders_v1.webhook_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    w orders.webhook_endpoint;
BEGIN
    SELECT * INTO w FROM webhook_endpoint x WHERE x.tenant_id = p_tenant AND x.public_id = p_webhook AND x.state <> 'deleted';
    IF FOUND THEN
        RETURN NEXT webhook_view_of(w);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.list_webhooks(p_tenant integer, p_limit integer, p_before bigint) RETURNS SETOF orders_v1.webhook_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    w orders.webhook_endpoint;
BEGIN
    FOR w IN
        SELECT * FROM webhook_endpoint x
        WHERE x.tenant_id = p_tenant AND x.state <> 'deleted' AND x.id < coalesce(p_before, 9223372036854775807)
        ORDER BY x.id DESC
        LIMIT p_limit
    LOOP
        RETURN NEXT webhook_view_of(w);
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.read_delivery(p_tenant integer, p_webhook uuid, p_delivery bigint) RETURNS SETOF orders_v1.delivery_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    v_endpoint bigint := webhook_id_of(p_tenant, p_webhook);
    d          orders.webhook_delivery;
BEGIN
    SELECT * INTO d FROM webhook_delivery x WHERE x.tenant_id = p_tenant AND x.endpoint_id = v_endpoint AND x.id = p_delivery;
    IF FOUND THEN
        RETURN NEXT delivery_view_of(d, p_webhook);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.webhook_id_of(p_tenant integer, p_webhook uuid) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT x.id FROM orders.webhook_endpoint x WHERE x.tenant_id = p_tenant AND x.public_id = p_webhook AND x.state <> 'deleted');
END
$$;

-- Each part reads at most p_limit rows of the index of its filters, for each state: the bounds are comparisons of rows, because conditions of
-- equality would make the orders of two indexes equal. Deliveries of an order are found by the events of the order, so that they need no index.
CREATE OR REPLACE FUNCTION orders_v1.list_deliveries(
    p_tenant integer, p_webhook uuid, p_state text, p_type text, p_order bigint, p_limit integer, p_before bigint
) RETURNS SETOF orders_v1.delivery_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_incremental_sort = off AS $$
DECLARE
    v_endpoint bigint := webhook_id_of(p_tenant, p_webhook);
    v_before   bigint := coalesce(p_before, 9223372036854775807);
    d          orders.webhook_delivery;
BEGIN
    IF v_endpoint IS NULL THEN
        PERFORM refuse('404', 'not_found', 'There is no such webhook.');
    END IF;
    FOR d IN
        SELECT y.* FROM (
            (SELECT x.* FROM event e
             CROSS JOIN LATERAL unnest(e.types) AS t (type)
             CROSS JOIN LATERAL (SELECT * FROM webhook_delivery z
                                 WHERE z.tenant_id = p_tenant AND z.endpoint_id = v_endpoint
                                   AND z.message_id = webhook_message_id(e.epoch, e.id, t.type) AND z.message_id <> ''
                                 LIMIT 1) AS x
             WHERE e.tenant_id = p_tenant AND e.subject = 'order' AND e.subject_id = p_order AND x.id < v_before
               AND x.state = coalesce(p_state, x.state) AND x.type = coalesce(p_type, x.type))
            UNION ALL
            (SELECT x.* FROM unnest(ARRAY['pending', 'delivered', 'dead']) AS s (state)
             CROSS JOIN LATERAL (SELECT * FROM webhook_delivery z
                                 WHERE z.tenant_id = p_tenant AND z.endpoint_id = v_endpoint AND z.type <> ''
                                   AND (z.type, z.state) >= (p_type, s.state) AND (z.type, z.state, z.id) < (p_type, s.state, v_before)
                                 ORDER BY z.type DESC, z.state DESC, z.id DESC
                                 LIMIT p_limit) AS x
             WHERE p_order IS NULL AND p_type IS NOT NULL AND s.state = coalesce(p_state, s.state))
            UNION ALL
            (SELECT * FROM webhook_delivery x
             WHERE x.tenant_id = p_tenant AND x.endpoint_id = v_endpoint AND x.state <> '' AND p_order IS NULL AND p_type IS NULL
               AND x.state >= p_state AND (x.state, x.id) < (p_state, v_before)
             ORDER BY x.state DESC, x.id DESC
             LIMIT p_limit)
            UNION ALL
            (SELECT * FROM webhook_delivery x
             WHERE x.tenant_id = p_tenant AND x.endpoint_id = v_endpoint AND x.id < v_before
               AND p_order IS NULL AND p_type IS NULL AND p_state IS NULL
             ORDER BY x.id DESC
             LIMIT p_limit)) AS y
        ORDER BY y.id DESC
        LIMIT p_limit
    LOOP
        RETURN NEXT delivery_view_of(d, p_webhook);
    END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.read_webhook(integer, uuid),
    orders_v1.list_webhooks(integer, integer, bigint),
    orders_v1.read_delivery(integer, uuid, bigint),
    orders_v1.list_deliveries(integer, uuid, text, text, bigint, integer, bigint)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.webhook_view_of IS 'Internal: an endpoint as the operator API shows it, with the salts of its secrets';
COMMENT ON FUNCTION orders_v1.delivery_view_of IS 'Internal: a delivery as the operator API shows it';
COMMENT ON FUNCTION orders_v1.webhook_id_of IS 'Internal: the id of an endpoint that is not deleted; NULL: there is none';
COMMENT ON FUNCTION orders_v1.read_webhook IS 'An endpoint; no row: there is none with this id, or it is deleted';
COMMENT ON FUNCTION orders_v1.list_webhooks IS 'Lists at most p_limit endpoints, newest first, with ids below p_before (NULL: no bound)';
COMMENT ON FUNCTION orders_v1.read_delivery IS 'A delivery of an endpoint; no row: there is none with this id';
COMMENT ON FUNCTION orders_v1.list_deliveries IS
'Lists at most p_limit deliveries of an endpoint, newest first, in a state, of a type and of an order (NULL: any), with ids below p_before (NULL: no
bound). OR404 not_found';
