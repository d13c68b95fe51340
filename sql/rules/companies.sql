-- SPDX-License-Identifier: Apache-2.0

CREATE OR REPLACE FUNCTION orders_v1.seller_context(p_tenant integer, p_user bigint) RETURNS orders_v1.seller_context LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_chosen bigint;
    v_active boolean;
    s        orders_v1.seller_context;
BEGIN
    SELECT u.current_company_id, c.active, c.id, c.prefix, m.role
    INTO v_chosen, v_active, s.company_id, s.prefix, s.role
    FROM orders.users u
    LEFT JOIN orders.company c ON c.tenant_id = p_tenant AND c.id = u.current_company_id
    LEFT JOIN orders.membership m
        ON m.tenant_id = p_tenant AND m.user_id = u.id AND m.company_id = c.id AND m.active
    WHERE u.tenant_id = p_tenant AND u.id = p_user AND u.active;
    IF v_chosen IS NULL THEN
        PERFORM orders_v1.refuse('403', 'company_not_chosen', 'The user has no current company. Choose one first.');
    ELSIF v_active IS NOT TRUE THEN
        PERFORM orders_v1.refuse('403', 'company_not_found', 'The company of the user no longer exists.');
    ELSIF s.role IS NULL THEN
        PERFORM orders_v1.refuse('403', 'not_a_member', 'The user is not an active member of the current company. Choose another one.');
    END IF;
    RETURN s;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.role_in(p_tenant integer, p_user bigint, p_company bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT m.role FROM orders.membership m
            WHERE m.tenant_id = p_tenant AND m.user_id = p_user AND m.company_id = p_company AND m.active);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.role_sells(p_role text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_role IN ('salesperson', 'manager')
$$;

CREATE OR REPLACE FUNCTION orders_v1.may_sell(s orders_v1.seller_context) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT orders_v1.role_sells(s.role)
$$;

CREATE OR REPLACE FUNCTION orders_v1.sells_for(p_tenant integer, p_user bigint, p_company bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(orders_v1.role_sells(orders_v1.role_in(p_tenant, p_user, p_company)), false)
$$;

COMMENT ON FUNCTION orders_v1.seller_context IS
'Internal: the company and role in which a user sells now. OR403 company_not_chosen, company_not_found, not_a_member, in this order.
Takes no locks';
COMMENT ON FUNCTION orders_v1.role_in IS 'Internal: the role of a user in a company; NULL: not a member';
COMMENT ON FUNCTION orders_v1.role_sells IS 'Internal: whether a role allows selling';
COMMENT ON FUNCTION orders_v1.may_sell IS 'Internal: whether the user may sell for the company';
COMMENT ON FUNCTION orders_v1.sells_for IS 'Internal: whether a user sells for a company';
