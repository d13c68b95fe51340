-- SPDX-License-Identifier: Apache-2.0

CREATE OR REPLACE FUNCTION orders_v1.take_numbers(p_tenant integer, p_series text, p_count integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_last integer;
BEGIN
    INSERT INTO orders.number_series AS s (tenant_id, series, last_number)
    VALUES (p_tenant, p_series, p_count)
    ON CONFLICT (tenant_id, series) DO UPDATE SET last_number = s.last_number + excluded.last_number
    RETURNING s.last_number INTO v_last;
    RETURN v_last;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.next_in_series(p_tenant integer, p_series text) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    RETURN orders_v1.take_numbers(p_tenant, p_series, 1);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.order_id_of(p_tenant integer, p_text text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
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

COMMENT ON FUNCTION orders_v1.take_numbers IS
'Internal: takes so many consecutive numbers of a gapless series; returns the last one. Locks the series to the end of the transaction: call it late';
COMMENT ON FUNCTION orders_v1.next_in_series IS
'Internal: next number of a gapless series. Locks the series to the end of the transaction: call it late';
COMMENT ON FUNCTION orders_v1.order_id_of IS
'Id of the order with this id, UUID or number written as text; null when there is none. Takes no locks';
