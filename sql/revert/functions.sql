-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:functions from pg

BEGIN;

DO $$
BEGIN
    EXECUTE (SELECT 'DROP VIEW ' || string_agg(c.oid::regclass::text, ', ') FROM pg_class c
             WHERE c.relnamespace = 'orders_check'::regnamespace AND c.relkind = 'v');
    EXECUTE (SELECT 'DROP FUNCTION ' || string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc p
             WHERE p.pronamespace = 'orders_v1'::regnamespace);
END
$$;

COMMIT;
