-- SPDX-License-Identifier: Apache-2.0
-- Plans the statements of a function once per session. PostgreSQL would plan statements with optional parameters at every call,
-- which costs more than a better plan saves. This is not a setting of the role: it would also apply to the searches, which are
-- planned for their filters (store/order_search.c).

DO $$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = 'orders_v1'::regnamespace AND p.prosecdef AND has_function_privilege('orders_api', p.oid, 'EXECUTE')
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan', v_function);
    END LOOP;
END
$$;
