-- SPDX-License-Identifier: Apache-2.0
-- Lists of returns.

-- Returns of one state and of any state use different indexes; a single condition for both would use neither in a generic plan.
CREATE OR REPLACE FUNCTION orders_v1.list_returns(p_tenant integer, p_state text, p_limit integer, p_before bigint)
RETURNS SETOF orders_v1.return_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    r        orders_v1.return_view;
    v_before bigint := coalesce(p_before, 9223372036854775807);
BEGIN
    FOR r IN
        SELECT (t).*
        FROM ((SELECT x.id, x.order_id FROM order_return x
               WHERE x.tenant_id = p_tenant AND x.id < v_before AND p_state IS NULL
               ORDER BY x.id DESC
               LIMIT p_limit)
              UNION ALL
              (SELECT x.id, x.order_id FROM order_return x
               WHERE x.tenant_id = p_tenant AND x.id < v_before AND x.state = p_state
               ORDER BY x.id DESC
               LIMIT p_limit)) AS w
        JOIN orders_v1.order_view v ON v.tenant_id = p_tenant AND v.id = w.order_id
        CROSS JOIN LATERAL unnest(v.returns) AS t
        WHERE t.id = w.id
        ORDER BY w.id DESC
    LOOP
        RETURN NEXT r;
    END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.list_returns(integer, text, integer, bigint)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.list_returns IS
'Lists at most p_limit returns, newest first, in a state (NULL: any), with ids below p_before (NULL: no bound)';
