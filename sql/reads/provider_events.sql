-- SPDX-License-Identifier: Apache-2.0
-- Events of payment providers, for operators and metrics.

-- Each branch uses another index; one condition for all would use none in a generic plan.
CREATE OR REPLACE FUNCTION orders_v1.list_provider_events(
    p_tenant integer, p_verdict text, p_channel text, p_resolved boolean, p_order bigint, p_limit integer, p_before bigint
) RETURNS SETOF orders_v1.provider_event_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    e        orders.provider_event;
    r        orders_v1.provider_event_view;
    v_before bigint := coalesce(p_before, 9223372036854775807);
    v_branch text := CASE WHEN p_order IS NOT NULL THEN 'order'
                          WHEN NOT p_resolved THEN 'unresolved'
                          WHEN p_resolved OR p_verdict = 'refused' THEN 'refused'
                          WHEN p_verdict = 'waiting' THEN 'waiting'
                          ELSE 'any' END;
BEGIN
    FOR e IN
        SELECT x.* FROM provider_event x
        JOIN ((SELECT y.id FROM payment p
               JOIN provider_event y ON y.tenant_id = p_tenant AND y.payment_id = p.id
               WHERE v_branch = 'order' AND p.tenant_id = p_tenant AND p.order_id = p_order AND y.id < v_before
                 AND (p_verdict IS NULL OR y.verdict = p_verdict) AND (p_channel IS NULL OR y.channel = p_channel)
                 AND (p_resolved IS NULL OR CASE WHEN p_resolved THEN y.resolved_at IS NOT NULL
                                                 ELSE y.verdict IN ('refused', 'waiting') AND y.resolved_at IS NULL END)
               ORDER BY y.id DESC
               LIMIT p_limit)
              UNION ALL
              (SELECT y.id FROM provider_event y
               WHERE v_branch = 'unresolved' AND y.tenant_id = p_tenant AND y.verdict IN ('refused', 'waiting') AND y.resolved_at IS NULL
                 AND y.id < v_before AND (p_verdict IS NULL OR y.verdict = p_verdict) AND (p_channel IS NULL OR y.channel = p_channel)
               ORDER BY y.id DESC
               LIMIT p_limit)
              UNION ALL
              (SELECT y.id FROM provider_event y
               WHERE v_branch = 'refused' AND y.tenant_id = p_tenant AND y.verdict = 'refused' AND y.id < v_before
                 AND (p_verdict IS NULL OR y.verdict = p_verdict) AND (p_channel IS NULL OR y.channel = p_channel)
                 AND (p_resolved IS NULL OR y.resolved_at IS NOT NULL)
               ORDER BY y.id DESC
               LIMIT p_limit)
              UNION ALL
              (SELECT y.id FROM provider_event y
               WHERE v_branch = 'waiting' AND y.tenant_id = p_tenant AND y.verdict = 'waiting' AND y.id < v_before
                 AND (p_channel IS NULL OR y.channel = p_channel)
               ORDER BY y.id DESC
               LIMIT p_limit)
              UNION ALL
              (SELECT y.id FROM provider_event y
               WHERE v_branch = 'any' AND y.tenant_id = p_tenant AND y.id < v_before
                 AND (p_verdict IS NULL OR y.verdict = p_verdict) AND (p_channel IS NULL OR y.channel = p_channel)
               ORDER BY y.id DESC
               LIMIT p_limit)) AS w ON w.id = x.id
        WHERE x.tenant_id = p_tenant
        ORDER BY x.id DESC
    LOOP
        r := provider_event_of(e);
        RETURN NEXT r;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.read_provider_event(p_tenant integer, p_event bigint) RETURNS SETOF orders_v1.provider_event_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    e orders.provider_event;
    r orders_v1.provider_event_view;
BEGIN
    SELECT * INTO e FROM provider_event x WHERE x.tenant_id = p_tenant AND x.id = p_event;
    IF FOUND THEN
        r := provider_event_of(e);
        RETURN NEXT r;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.provider_event_counts(p_tenant integer)
RETURNS TABLE (channel text, verdict text, unresolved bigint, oldest timestamptz) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT e.channel, e.verdict, count(*), min(e.received_at)
    FROM orders.provider_event e
    WHERE e.tenant_id = p_tenant AND e.verdict IN ('refused', 'waiting') AND e.resolved_at IS NULL
    GROUP BY e.channel, e.verdict
    UNION ALL
    SELECT n.channel, 'pending', count(*), min(n.pending_since)
    FROM orders.provider_notice n
    WHERE n.tenant_id = p_tenant AND n.verdict = 'pending'
    GROUP BY n.channel
    ORDER BY 1, 2;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.list_provider_events(integer, text, text, boolean, bigint, integer, bigint),
    orders_v1.read_provider_event(integer, bigint)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.list_provider_events IS
'Lists at most p_limit provider events, newest first, with ids below p_before (NULL: no bound). Filters, NULL: any. p_resolved true: resolved
events; false: refused and waiting events that nobody has resolved. p_order: id of an order';
COMMENT ON FUNCTION orders_v1.read_provider_event IS 'A provider event by its number; no row when there is none';
COMMENT ON FUNCTION orders_v1.provider_event_counts IS
'The number of unresolved provider events by channel and verdict (refused, waiting; pending: notices to be verified), and when the oldest of
them arrived';
