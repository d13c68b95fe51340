-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:roles to pg
-- Roles belong to the cluster, so another database may have created them already. The deploying role must be a superuser or a member
-- of orders_owner.

BEGIN;
SET LOCAL lock_timeout = '500ms';

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'orders_owner') THEN
        CREATE ROLE orders_owner NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'orders_api') THEN
        CREATE ROLE orders_api LOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    RAISE NOTICE 'another session has created the roles';
END
$$;

COMMENT ON ROLE orders_owner IS 'Owner of every object of mod_orders; no login';
COMMENT ON ROLE orders_api IS 'Login role of the module: executes functions and reads views, has no privilege on any table';

COMMIT;
