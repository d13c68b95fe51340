-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:roles from pg
-- A role that another database of the cluster uses is kept.

BEGIN;
SET LOCAL lock_timeout = '500ms';

DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['orders_api', 'orders_owner'] LOOP
        BEGIN
            EXECUTE format('DROP ROLE IF EXISTS %I', v_role);
        EXCEPTION WHEN dependent_objects_still_exist THEN
            RAISE NOTICE 'role % is in use elsewhere and stays', v_role;
        END;
    END LOOP;
END
$$;

COMMIT;
