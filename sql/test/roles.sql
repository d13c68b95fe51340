-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.buy('alice') AS a \gset
GRANT USAGE ON SCHEMA public TO orders_api;
SELECT table_privs_are('orders', c.relname, 'orders_api', CASE WHEN c.relname IN ('token', 'idempotency', 'provider_transaction',
           'provider_event', 'coupon_user', 'number_series', 'cancel_rule', 'mail', 'due', 'event') THEN '{}'::text[] ELSE '{SELECT}' END,
           'the module at most reads ' || c.relname)
FROM pg_class c WHERE c.relnamespace = 'orders'::regnamespace AND c.relkind = 'r' ORDER BY c.relname;
SELECT is(has_function_privilege('orders_api', p.oid, 'EXECUTE'),
          p.proname = ANY ('{place_plan,record_intent,record_intent_failure,due_intents,apply_provider_event,due_provider_events,review_provider_event,refused_provider_events,settle_payment,fail_payment,cancel,refund,
              due_refunds,settle_refund,expire_due,purge_idempotency,post_balance,issue_token,revoke_token,list_tokens,
              token_identity,login_identity,user_id_of,order_id_of,code_key,span_start,span_end,catalogue_upsert,catalogue_bulk,rows_of,money_of,more_of,
              parties_of,actors_of,cancel_reason,invoices_of,shipments_of,returns_of,labels_of,addresses_of,order_category,categories_of,member_place,upgrade_or_renew,apply_paid_package,place_order,reorder,read_bill,issue_bills,tenants_to_bill,advance,ship,track,correct_address,request_return,resolve_return,list_returns,place_cart,settle_sale,cancel_sale,refund_sale,list_sales,read_sale,check_sale_refund,
              read_bound,bind_buyer,edit_billing_address,send_pay_link,start_payment,read_link,payment_by_intent,begin_capture,await_capture,capture_not_made,due_captures,
              claim_mail,mark_mail,issue_invoice,read_invoice,read_own_invoice,make_cart,record_terminal_transaction}'),
          'who may run ' || p.proname)
FROM pg_proc p WHERE p.pronamespace IN ('orders'::regnamespace, 'orders_v1'::regnamespace) ORDER BY p.proname;
SELECT is(p.prosecdef, p.proname <> ALL ('{user_id_of,order_id_of,code_key,span_start,span_end,rows_of,money_of,more_of,parties_of,actors_of,cancel_reason,invoices_of,shipments_of,returns_of,labels_of,addresses_of,order_category,categories_of,list_returns,read_link}'), p.proname || ': rights of the owner, but for readers')
FROM pg_proc p WHERE p.pronamespace IN ('orders'::regnamespace, 'orders_v1'::regnamespace) AND has_function_privilege('orders_api', p.oid, 'EXECUTE') ORDER BY 1;
SELECT ok(p.proconfig @> '{"search_path=orders, orders_v1, pg_temp"}', p.proname || ' fixes its search path')
FROM pg_proc p WHERE p.pronamespace IN ('orders'::regnamespace, 'orders_v1'::regnamespace) AND p.prosecdef ORDER BY p.proname;
SELECT is(pg_get_userbyid(c.relowner), 'orders_owner', c.relname || ' is the owner''s')
FROM pg_class c WHERE c.relnamespace IN ('orders'::regnamespace, 'orders_v1'::regnamespace, 'orders_check'::regnamespace) AND c.relkind IN ('r', 'v') ORDER BY c.relname;
SELECT ok(NOT r.rolcanlogin AND NOT r.rolsuper, 'nobody logs in as the owner') FROM pg_roles r WHERE r.rolname = 'orders_owner';
SELECT ok(NOT r.rolsuper AND NOT r.rolcreaterole AND NOT r.rolcreatedb AND NOT r.rolbypassrls, 'the module has no rights of its own')
FROM pg_roles r WHERE r.rolname = 'orders_api';
SELECT ok(NOT pg_has_role('orders_api', 'orders_owner', 'MEMBER'), 'nor the owner''s');
SELECT ok(NOT has_schema_privilege('orders_api', 'orders', 'CREATE'), 'it makes nothing in the schema');

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
SELECT is(public.as_module(c.sql), '42501', c.sql)
FROM (VALUES ('UPDATE orders.orders SET total = 0'), ('DELETE FROM orders.event'), ('SELECT * FROM orders.event'), ('UPDATE orders.event SET version = 1'),
             ('UPDATE orders.account SET balance = 1000000'), ('SELECT * FROM orders.token'), ('SELECT * FROM orders.idempotency'),
             ('SELECT orders_v1.put_order(NULL, NULL, NULL)'), ('SELECT orders_v1.credit_balance(77, 1, ''USD'', 1, NULL, NULL, NULL, NULL)'),
             ('CREATE TABLE orders.mine ()'), ('TRUNCATE orders.payment')) AS c (sql);
SELECT is(public.as_module(format('SELECT orders_v1.cancel(77, ''user'', ''buyer'', 1, ''c'', NULL, NULL, NULL, %s, NULL, NULL)', :a)), 'OR409',
          'but it may ask the functions');
SELECT is(public.as_module('SELECT * FROM orders_v1.rows_of(77, ARRAY[1])'), '00000', 'and read');
SELECT * FROM finish();
ROLLBACK;
