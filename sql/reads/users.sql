-- SPDX-License-Identifier: Apache-2.0

-- No fallback to the id: a reference may consist of digits, and would then name another user.
CREATE OR REPLACE FUNCTION orders_v1.user_id_of(p_tenant integer, p_ref text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN (SELECT u.id FROM orders.users u WHERE u.tenant_id = p_tenant AND u.external_ref = p_ref);
END
$$;

GRANT EXECUTE ON FUNCTION orders_v1.user_id_of(integer, text) TO orders_api;

COMMENT ON FUNCTION orders_v1.user_id_of(integer, text) IS
'Id of the user with this external reference; null when there is none. Takes no locks';
