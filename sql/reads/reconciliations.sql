-- SPDX-License-Identifier: Apache-2.0
-- Lists of reconciliations and their differences, newest first.

CREATE OR REPLACE FUNCTION orders_v1.read_reconciliation(p_tenant integer, p_id bigint) RETURNS SETOF orders_v1.reconciliation_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    r orders.reconciliation;
BEGIN
    SELECT * INTO r FROM reconciliation x WHERE x.tenant_id = p_tenant AND x.id = p_id;
    IF FOUND THEN
        RETURN NEXT reconciliation_view_of(r);
    END IF;
END
$$;

-- Lists of a channel and of all channels use different indexes; a single condition for both would use neither in a generic plan.
CREATE OR REPLACE FUNCTION orders_v1.list_reconciliations(p_tenant integer, p_channel text, p_state text, p_limit integer, p_before bigint)
RETURNS SETOF orders_v1.reconciliation_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    r        orders.reconciliation;
    v_before bigint := coalesce(p_before, 9223372036854775807);
BEGIN
    FOR r IN
        (SELECT * FROM reconciliation x
         WHERE x.tenant_id = p_tenant AND x.id < v_before AND p_channel IS NULL AND x.state = coalesce(p_state, x.state)
         ORDER BY x.id DESC
         LIMIT p_limit)
        UNION ALL
        (SELECT * FROM reconciliation x
         WHERE x.tenant_id = p_tenant AND x.id < v_before AND x.channel = p_channel AND x.state = coalesce(p_state, x.state)
         ORDER BY x.id DESC
         LIMIT p_limit)
    LOOP
        RETURN NEXT reconciliation_view_of(r);
    END LOOP;
END
$$;

-- The same for differences of one reconciliation and of any.
CREATE OR REPLACE FUNCTION orders_v1.list_differences(
    p_tenant integer, p_reconciliation bigint, p_channel text, p_state text, p_kind text, p_limit integer, p_before bigint
) RETURNS SETOF orders_v1.difference_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    d        orders.reconciliation_difference;
    v_before bigint := coalesce(p_before, 9223372036854775807);
BEGIN
    FOR d IN
        (SELECT * FROM reconciliation_difference x
         WHERE x.tenant_id = p_tenant AND x.id < v_before AND p_reconciliation IS NULL AND x.channel = coalesce(p_channel, x.channel)
           AND x.state = coalesce(p_state, x.state) AND x.kind = coalesce(p_kind, x.kind)
         ORDER BY x.id DESC
         LIMIT p_limit)
        UNION ALL
        (SELECT * FROM reconciliation_difference x
         WHERE x.tenant_id = p_tenant AND x.id < v_before AND x.reconciliation_id = p_reconciliation AND x.channel = coalesce(p_channel, x.channel)
           AND x.state = coalesce(p_state, x.state) AND x.kind = coalesce(p_kind, x.kind)
         ORDER BY x.id DESC
         LIMIT p_limit)
    LOOP
        RETURN NEXT difference_view_of(d);
    END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.read_reconciliation(integer, bigint),
    orders_v1.list_reconciliations(integer, text, text, integer, bigint),
    orders_v1.list_differences(integer, bigint, text, text, text, integer, bigint)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.read_reconciliation IS 'A reconciliation with its counts and sums; no row: there is none with this id';
COMMENT ON FUNCTION orders_v1.list_reconciliations IS
'Lists at most p_limit reconciliations, newest first, of a channel and in a state (NULL: any), with ids below p_before (NULL: no bound)';
COMMENT ON FUNCTION orders_v1.list_differences IS
'Lists at most p_limit differences, newest first, that a reconciliation has found last, of a channel, in a state and of a kind (NULL: any),
with ids below p_before (NULL: no bound)';
