-- SPDX-License-Identifier: Apache-2.0
-- The statements of a function are planned once a session. PostgreSQL would plan those with optional parameters again at every call, which costs
-- more than a better plan saves. This is no setting of the role: it would overrule the searches, which are planned for their filters
-- (store/order_search.c).

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
