-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.buy('alice') AS a \gset
GRANT USAGE ON SCHEMA public TO orders_api;
SELECT table_privs_are('orders', c.relname, 'orders_api', '{}', 'the module has no privilege on ' || c.relname)
FROM pg_class c WHERE c.relnamespace = 'orders'::regnamespace AND c.relkind = 'r' ORDER BY c.relname;
SELECT results_eq($$SELECT c.oid::regclass::text COLLATE "default", array_agg(x.privilege_type::text) FROM pg_class c, aclexplode(c.relacl) AS x
        WHERE c.relnamespace IN ('orders'::regnamespace, 'orders_v1'::regnamespace, 'orders_check'::regnamespace) AND x.grantee IN (0, 'orders_api'::regrole) GROUP BY 1 ORDER BY 1$$,
    $$VALUES ('export_line', '{SELECT}'::text[]), ('export_order', '{SELECT}'), ('export_posting', '{SELECT}'), ('order_text', '{SELECT}'),
             ('order_view', '{SELECT}'), ('pending_refund', '{SELECT}'), ('user_text', '{SELECT}')$$,
    'orders_api may read these views, and no other role has privileges');
SELECT is_empty($$SELECT a.attrelid::regclass, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace IN ('orders'::regnamespace, 'orders_v1'::regnamespace, 'orders_check'::regnamespace) AND a.attacl IS NOT NULL$$, 'no column has its own privileges');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'orders_v1'::regnamespace AND c.relkind = 'v'
    AND coalesce(c.reloptions::text, '') ~ 'security_invoker'$$, 'no view has security_invoker');
SELECT is(has_function_privilege('orders_api', p.oid, 'EXECUTE'),
          p.proname = ANY ('{schema_version,tenants,token_identity,login_identity,user_id_of,active_user_id,order_id_of,claimable_order_id,sale_id,sales_of,labels_of,cancel_reason,is_payable,awaits_payment,is_unpaid,is_paid_by_link,code_key,
              span_start,span_end,list_tokens,sales_report,tax_report,receivables_report,low_stock_report,list_returns,read_invoice,read_own_invoice,read_bill,issue_bills,tenants_to_bill,tenants_to_reconcile,tenants_with_due,
              place_plan,place_order,quote_order,member_place,upgrade_or_renew,apply_paid_package,place_cart,settle_sale,cancel_sale,refund_sale,check_sale_refund,send_pay_link,claim_order,
              edit_billing_address,reorder,make_cart,settle_payment,cancel,cancel_as_permitted,refund,settle_refund,advance,ship,track,correct_address,request_return,resolve_return,issue_invoice,
              post_balance,read_settings,change_settings,list_balances,list_carts,list_coupon_uses,list_invoices,list_ledger,list_mails,list_payments,list_refunds,read_caller,read_cart,read_payment,read_refund,read_summary,issue_token,revoke_token,catalogue_upsert,catalogue_bulk,catalogue_patch,catalogue_replace,read_entry,list_entries,record_terminal_transaction,
              pay_link_state,was_declined,start_payment,record_intent,record_intent_failure,begin_capture,record_capture,apply_provider_event,
              due_provider_events,review_provider_event,refused_provider_events,store_provider_notice,claim_notices,postpone_notice,finish_notice,refuse_stale_notices,
              store_unreadable_event,resolve_provider_event,retry_provider_event,list_provider_events,read_provider_event,list_events,verify_history,import_orders,claim_intents,claim_captures,claim_refunds,refunds_to_send,claim_mail,mark_mail,expire_due,job_backlog,metric_values,
              purge_idempotency,purge_mails,purge_provider_events,purge_tokens,purge_carts,
              plan_reconciliations,claim_reconciliations,record_reconciliation_page,fail_reconciliation,compare_reconciliations,
              start_reconciliation,apply_difference,resolve_difference,read_reconciliation,list_reconciliations,list_differences,
              create_webhook,change_webhook,delete_webhook,rotate_webhook,test_webhook,retry_delivery,replay_webhook,read_webhook,list_webhooks,read_delivery,
              list_deliveries,tenants_with_events,fan_out_events,claim_webhooks,renew_webhooks,release_webhook,take_deliveries,store_bodies,record_deliveries,
              purge_webhooks,count_stock,adjust_stock,restock_return,variant_id_of,read_stock,list_stock,list_movements,
              create_export,delete_export,claim_export,renew_export,finish_export,fail_export,expire_exports,read_export,list_exports,
              find_export_files,begin_export,portable_order}'),
          'orders_api may execute ' || p.proname || ' only if the module calls it')
FROM pg_proc p WHERE p.pronamespace IN ('orders'::regnamespace, 'orders_v1'::regnamespace, 'orders_check'::regnamespace) ORDER BY p.proname;
SELECT is(p.prosecdef, p.proname NOT IN ('code_key', 'is_paid_by_link', 'is_payable', 'awaits_payment', 'is_unpaid'), p.proname || ' is SECURITY DEFINER unless it reads no table')
FROM pg_proc p WHERE p.pronamespace IN ('orders'::regnamespace, 'orders_v1'::regnamespace) AND has_function_privilege('orders_api', p.oid, 'EXECUTE') ORDER BY p.proname;
SELECT is_empty($$SELECT p.proname FROM pg_proc p WHERE p.pronamespace IN ('orders'::regnamespace, 'orders_v1'::regnamespace)
    AND p.prosecdef AND NOT has_function_privilege('orders_api', p.oid, 'EXECUTE')$$, 'no function that orders_api cannot execute is SECURITY DEFINER');
SELECT is_empty($$SELECT p.proname, x.grantee::regrole FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x
    WHERE p.pronamespace IN ('orders'::regnamespace, 'orders_v1'::regnamespace) AND x.grantee NOT IN ('orders_owner'::regrole, 'orders_api'::regrole)$$, 'functions are granted only to the owner and orders_api');
SELECT ok(p.proconfig @> '{"search_path=orders, orders_v1, pg_temp"}', p.proname || ' fixes its search path')
FROM pg_proc p WHERE p.pronamespace IN ('orders'::regnamespace, 'orders_v1'::regnamespace) AND p.prosecdef ORDER BY p.proname;
SELECT is(pg_get_userbyid(c.relowner), 'orders_owner', 'orders_owner owns ' || c.relname)
FROM pg_class c WHERE c.relnamespace IN ('orders'::regnamespace, 'orders_v1'::regnamespace, 'orders_check'::regnamespace) AND c.relkind IN ('r', 'v') ORDER BY c.relname;
SELECT ok(NOT r.rolcanlogin AND NOT r.rolsuper, 'the owner cannot log in and is no superuser') FROM pg_roles r WHERE r.rolname = 'orders_owner';
SELECT ok(NOT r.rolsuper AND NOT r.rolcreaterole AND NOT r.rolcreatedb AND NOT r.rolbypassrls, 'orders_api has no administrative attribute')
FROM pg_roles r WHERE r.rolname = 'orders_api';
SELECT ok(NOT pg_has_role('orders_api', 'orders_owner', 'MEMBER'), 'orders_api is not a member of the owner');
SELECT ok(NOT has_schema_privilege('orders_api', 'orders', 'CREATE'), 'orders_api cannot create objects in the schema');

CREATE FUNCTION public.as_module(p_sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_state text := '00000';
BEGIN
    SET LOCAL ROLE orders_api;
    BEGIN
        EXECUTE p_sql;
    EXCEPTION WHEN OTHERS THEN
        v_state := SQLSTATE;
    END;
    RESET ROLE;
    RETURN v_state;
END
$$;
SELECT is(public.as_module(c.sql), '42501', 'orders_api may not execute: ' || c.sql)
FROM (VALUES ('UPDATE orders.orders SET total = 0'), ('DELETE FROM orders.event'), ('SELECT * FROM orders.event'), ('SELECT id FROM orders.orders'), ('SELECT id FROM orders.tenant'), ('SELECT code FROM orders.currency'),
             ('SELECT number FROM orders.schema_version'), ('SELECT * FROM orders_v1.order_history'), ('SELECT * FROM orders_v1.order_operation'), ('DELETE FROM orders_v1.order_view'),
             ('DELETE FROM orders_v1.pending_refund'), ('UPDATE orders_v1.pending_refund SET order_id = 1'), ('SELECT orders_v1.written_order(NULL, 1)'), ('SELECT * FROM orders_check.all_violations'),
             ('UPDATE orders.event SET version = 1'),
             ('UPDATE orders.account SET balance = 1000000'), ('SELECT * FROM orders.token'), ('SELECT * FROM orders.idempotency'),
             ('SELECT orders_v1.put_order(NULL, NULL, NULL)'), ('SELECT orders_v1.credit_balance(77, 1, ''USD'', 1, NULL, NULL, NULL, NULL)'),
             ('CREATE TABLE orders.mine ()'), ('TRUNCATE orders.payment')) AS c (sql);
SELECT is(public.as_module(format('SELECT orders_v1.cancel(77, ''user'', ''buyer'', 1, ''c'', NULL, NULL, NULL, %s, NULL, NULL)', :a)), 'OR409',
          'orders_api may execute a granted function');
SELECT is(public.as_module(format('SELECT * FROM orders_v1.%I WHERE tenant_id = 77', v.name)), '00000', 'orders_api may read ' || v.name)
FROM unnest('{order_view,order_text,user_text,pending_refund}'::text[]) AS v (name);
SELECT * FROM finish();
ROLLBACK;
