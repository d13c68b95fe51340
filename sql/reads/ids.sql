-- SPDX-License-Identifier: Apache-2.0
-- Looks up ids by the references that callers use.

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

-- No fallback to the id: a reference may consist of digits, and would then match another user.
CREATE OR REPLACE FUNCTION orders_v1.user_id_of(p_tenant integer, p_ref text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN (SELECT u.id FROM orders.users u WHERE u.tenant_id = p_tenant AND u.external_ref = p_ref);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.active_user_id(p_tenant integer, p_ref text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN (SELECT u.id FROM users u WHERE u.tenant_id = p_tenant AND u.external_ref = p_ref AND u.active);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.order_id_of(integer, text),
    orders_v1.user_id_of(integer, text),
    orders_v1.active_user_id(integer, text)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.order_id_of IS
'Id of the order with this id, UUID or number, given as text; NULL: none. Takes no locks';
COMMENT ON FUNCTION orders_v1.user_id_of(integer, text) IS
'Id of the user with this external reference; NULL: none. Takes no locks';
COMMENT ON FUNCTION orders_v1.active_user_id IS 'Id of the active user with this external reference; NULL: none. Takes no locks';
