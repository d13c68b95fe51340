-- SPDX-License-Identifier: Apache-2.0

CREATE OR REPLACE FUNCTION orders_v1.is_package(p_tenant integer, p_variant bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM orders.package k WHERE k.tenant_id = p_tenant AND k.variant_id = p_variant);
END
$$;

COMMENT ON FUNCTION orders_v1.is_package IS 'Internal: whether a variant is a package';
