-- SPDX-License-Identifier: Apache-2.0

CREATE OR REPLACE FUNCTION orders_v1.record_steps(
    p_tenant integer, p_order bigint, p_version integer,
    p_api text, p_actor text, p_actor_id bigint, p_comment text, p_steps orders_v1.step[], p_return bigint DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH recorded AS (
        INSERT INTO orders.order_history (tenant_id, order_id, step, version, axis, from_state, to_state,
                                          actor, actor_id, api, comment, return_id, created_at)
        SELECT p_tenant, p_order, s.n + coalesce(
                   (SELECT max(h.step) FROM orders.order_history h
                    WHERE h.tenant_id = p_tenant AND h.order_id = p_order), 0),
               p_version, s.axis, s.from_state, s.to_state, p_actor, p_actor_id, p_api, p_comment,
               CASE s.axis WHEN 'return' THEN p_return END,
               (SELECT o.updated_at FROM orders.orders o WHERE o.tenant_id = p_tenant AND o.id = p_order)
        FROM unnest(p_steps) WITH ORDINALITY AS s (axis, from_state, to_state, n)
        RETURNING step, axis, from_state, to_state
    )
    INSERT INTO orders.outbox (tenant_id, order_id, step, event)
    SELECT p_tenant, p_order, r.step, t.event
    FROM recorded r
    JOIN orders.transition t USING (axis, from_state, to_state)
    WHERE t.actor = p_actor
    ORDER BY r.step;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.next_in_series(p_tenant integer, p_series text) RETURNS integer
LANGUAGE sql AS $$
    INSERT INTO orders.number_series AS s (tenant_id, series, last_number)
    VALUES (p_tenant, p_series, 1)
    ON CONFLICT (tenant_id, series) DO UPDATE SET last_number = s.last_number + 1
    RETURNING last_number
$$;

CREATE OR REPLACE FUNCTION orders_v1.order_id_of(p_tenant integer, p_text text) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_id bigint;
BEGIN
    IF p_text ~ '^[1-9][0-9]{0,17}$' THEN
        SELECT o.id INTO v_id FROM orders.orders o WHERE o.tenant_id = p_tenant AND o.id = p_text::bigint;
    ELSIF p_text ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' THEN
        SELECT o.id INTO v_id FROM orders.orders o WHERE o.tenant_id = p_tenant AND o.public_id = p_text::uuid;
    END IF;
    IF v_id IS NULL THEN
        SELECT o.id INTO v_id FROM orders.orders o WHERE o.tenant_id = p_tenant AND o.number = orders.code_key(p_text);
    END IF;
    RETURN v_id;
END
$$;

GRANT EXECUTE ON FUNCTION orders_v1.order_id_of(integer, text) TO orders_api;

COMMENT ON FUNCTION orders_v1.record_steps IS
'Internal: writes history and outbox for the steps; p_return: whose steps those on axis return are. Needs the lock of the order, or an order of this
transaction';
COMMENT ON FUNCTION orders_v1.next_in_series IS
'Internal: next number of a gapless series. Locks the series to the end of the transaction: call it late';
COMMENT ON FUNCTION orders_v1.order_id_of IS
'Id of the order with this id, UUID or number written as text; null when there is none. Takes no locks';
