-- SPDX-License-Identifier: Apache-2.0
-- Looks up the user of a credential: a token or an httpd login.

CREATE OR REPLACE FUNCTION orders_v1.token_identity(p_tenant integer, p_hash bytea) RETURNS SETOF orders_v1.identity
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT u.tenant_id, u.id, k.id, u.login, u.external_ref, u.name, u.email, array_to_string(k.scopes, ' '), k.expires_at
    FROM token k
    JOIN users u ON u.tenant_id = p_tenant AND u.id = k.user_id AND u.active
    WHERE k.tenant_id = p_tenant AND k.hash = p_hash AND k.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp());
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.login_identity(p_tenant integer, p_login text) RETURNS SETOF orders_v1.identity
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT u.tenant_id, u.id, NULL::bigint, u.login, u.external_ref, u.name, u.email, NULL::text, NULL::timestamptz
    FROM users u
    WHERE u.tenant_id = p_tenant AND u.login = p_login AND u.active;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.token_of(t orders.token) RETURNS orders_v1.token_view LANGUAGE plpgsql STABLE AS $$
DECLARE
    r orders_v1.token_view;
BEGIN
    SELECT t.id, t.user_id, u.external_ref, u.name, t.hint, array_to_string(t.scopes, ' '), t.created_at, t.expires_at, t.revoked_at INTO r
    FROM orders.users u WHERE u.tenant_id = t.tenant_id AND u.id = t.user_id;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.list_tokens(p_tenant integer, p_before bigint, p_limit integer) RETURNS SETOF orders_v1.token_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    t        orders.token;
    v_before bigint := coalesce(p_before, 9223372036854775807);
BEGIN
    FOR t IN
        SELECT * FROM token k
        WHERE k.tenant_id = p_tenant AND k.id < v_before
        ORDER BY k.id DESC
        LIMIT p_limit
    LOOP
        RETURN NEXT token_of(t);
    END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.token_identity(integer, bytea),
    orders_v1.login_identity(integer, text),
    orders_v1.list_tokens(integer, bigint, integer)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.token_identity IS
'The user of a tenant''s token; no row: the token is unknown in that tenant, revoked or expired, or its user is inactive';
COMMENT ON FUNCTION orders_v1.login_identity IS 'The user of an httpd login name, without a token; no row: unknown or inactive';
COMMENT ON FUNCTION orders_v1.token_of IS 'Internal: a token with its user, without the hash';
COMMENT ON FUNCTION orders_v1.list_tokens IS 'Lists the tokens of a tenant, newest first, with ids below p_before';
