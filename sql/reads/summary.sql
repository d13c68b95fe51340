-- SPDX-License-Identifier: Apache-2.0
-- Sizes of the work queues, for a dashboard. Each count reads at most the newest rows of one index, so that the time of a call is bounded.

-- The states of orders have no index: the newest orders are examined.
CREATE OR REPLACE FUNCTION orders_v1.order_queues(p_tenant integer, p_window integer) RETURNS jsonb LANGUAGE plpgsql STABLE
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
            'orders_to_confirm', count(*) FILTER (WHERE o.can_ship AND o.fulfilment_state = 'pending'),
            'orders_to_pack', count(*) FILTER (WHERE o.can_ship AND o.fulfilment_state = 'confirmed'),
            'orders_to_ship', count(*) FILTER (WHERE o.can_ship AND o.fulfilment_state = 'packed'),
            'orders_since', CASE WHEN count(*) = p_window THEN orders_v1.utc_time(min(o.created_at)) END)
        FROM (SELECT x.fulfilment_state, x.created_at,
                     x.state = 'open' AND orders_v1.can_ship_by_states(x.payment_state, x.payment_method) AS can_ship
              FROM orders.orders x
              WHERE x.tenant_id = p_tenant
              ORDER BY x.id DESC
              LIMIT p_window) AS o);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.count_manual_refunds(p_tenant integer, p_most integer) RETURNS integer LANGUAGE plpgsql STABLE
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    f       orders.refund;
    v_count integer := 0;
BEGIN
    FOR f IN
        SELECT * FROM orders.refund r WHERE r.tenant_id = p_tenant AND r.status = 'pending' ORDER BY r.id DESC LIMIT 10 * p_most
    LOOP
        v_count := v_count + orders_v1.awaits_manual_settlement(f)::integer;
        EXIT WHEN v_count = p_most;
    END LOOP;
    RETURN v_count;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.read_summary(p_tenant integer) RETURNS SETOF orders_v1.document_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    r      orders_v1.document_row;
    q      jsonb   := order_queues(p_tenant, 20000);
    v_most integer := 1000;
BEGIN
    SELECT row_to_json(x)::text INTO r.document FROM (
        SELECT least((q ->> 'orders_to_confirm')::integer, v_most) AS orders_to_confirm,
               least((q ->> 'orders_to_pack')::integer, v_most) AS orders_to_pack,
               least((q ->> 'orders_to_ship')::integer, v_most) AS orders_to_ship,
               q ->> 'orders_since' AS orders_since,
               (SELECT count(*) FROM (SELECT FROM order_return t WHERE t.tenant_id = p_tenant AND t.state = 'requested' LIMIT v_most) AS n) AS returns_to_decide,
               (SELECT count(*) FROM (SELECT FROM order_return t WHERE t.tenant_id = p_tenant AND t.state = 'approved' LIMIT v_most) AS n) AS returns_to_receive,
               (SELECT count(*) FROM (SELECT FROM order_return t WHERE t.tenant_id = p_tenant AND t.state = 'received' LIMIT v_most) AS n) AS returns_to_refund,
               count_manual_refunds(p_tenant, v_most) AS refunds_by_hand,
               (SELECT count(*) FROM (
                    SELECT FROM (SELECT d.id FROM due d
                                 WHERE d.tenant_id = p_tenant AND d.channel = '' AND d.kind = 'expiry'
                                 ORDER BY d.due_at DESC
                                 LIMIT 10 * v_most) AS w
                    CROSS JOIN LATERAL (SELECT y.status FROM payment y WHERE y.tenant_id = p_tenant AND y.order_id = w.id OFFSET 0) AS p
                    WHERE p.status = 'confirming'
                    LIMIT v_most) AS n) AS payments_confirming,
               (SELECT count(*) FROM (SELECT FROM provider_event e
                                      WHERE e.tenant_id = p_tenant AND e.verdict IN ('refused', 'waiting') AND e.resolved_at IS NULL
                                      LIMIT v_most) AS n) AS provider_events_unresolved,
               (SELECT count(*) FROM (SELECT FROM reconciliation_difference d WHERE d.tenant_id = p_tenant AND d.state = 'open' LIMIT v_most) AS n)
                   AS differences_open,
               (SELECT least(coalesce(sum(count_dead_deliveries(p_tenant, w.id, v_most)), 0), v_most) FROM webhook_endpoint w
                WHERE w.tenant_id = p_tenant AND w.state <> 'deleted') AS webhook_deliveries_dead,
               (SELECT count(*) FROM webhook_endpoint w
                WHERE w.tenant_id = p_tenant AND w.state = 'disabled' AND w.disabled_reason <> 'operator') AS webhooks_disabled,
               (SELECT count(*) FROM (SELECT FROM mail m WHERE m.tenant_id = p_tenant AND m.dead LIMIT v_most) AS n) AS mails_failed,
               utc_time(now()) AS at) AS x;
    RETURN NEXT r;
END
$$;

GRANT EXECUTE ON FUNCTION orders_v1.read_summary(integer) TO orders_api;

COMMENT ON FUNCTION orders_v1.order_queues IS
'Internal: the numbers of orders to confirm, pack and ship among the newest p_window orders; orders_since: when the oldest of these was placed, NULL: all
orders were examined';
COMMENT ON FUNCTION orders_v1.count_manual_refunds IS 'Internal: the number of refunds that wait for settle_refund by an operator, p_most at most';
COMMENT ON FUNCTION orders_v1.read_summary IS 'The sizes of the work queues as JSON, each counted up to 1000';
