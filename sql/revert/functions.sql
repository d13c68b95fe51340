-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:functions from pg
-- The module responds with 503 until the functions of a release are installed again (docs/upgrading.md).

BEGIN;
SET LOCAL lock_timeout = '500ms';

DO $$
BEGIN
    EXECUTE (SELECT 'DROP VIEW ' || string_agg(c.oid::regclass::text, ', ') FROM pg_class c
             WHERE c.relnamespace = 'orders_check'::regnamespace AND c.relkind = 'v');
    EXECUTE (SELECT 'DROP FUNCTION ' || string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc p
             WHERE p.pronamespace = 'orders_v1'::regnamespace
               AND p.proname NOT IN ('cancel_reason', 'is_payable', 'is_paid_by_link')); -- belong to their view
END
$$;

UPDATE orders.schema_version SET number = 0, release = 'none', installed_at = clock_timestamp();

COMMIT;
