-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:views on pg

SELECT NULL::orders_v1.line_view, NULL::orders_v1.payment_view, NULL::orders_v1.refund_view, NULL::orders_v1.balance_view, NULL::orders_v1.posting_view;
SELECT NULL::orders_v1.user_view, NULL::orders_v1.company_view, NULL::orders_v1.tax_view, NULL::orders_v1.address_view, NULL::orders_v1.step_view;
SELECT NULL::orders_v1.invoice_view, NULL::orders_v1.shipment_view, NULL::orders_v1.tracking_view, NULL::orders_v1.return_view;
SELECT NULL::orders_v1.profile_view, NULL::orders_v1.token_view;
SELECT NULL::orders_v1.written, NULL::orders_v1.stored, NULL::orders_v1.posted, NULL::orders_v1.claim_result, NULL::orders_v1.written_token;
SELECT NULL::orders_v1.identity, NULL::orders_v1.label_view, NULL::orders_v1.printable_invoice;
SELECT NULL::orders_v1.payment_task, NULL::orders_v1.refund_task, NULL::orders_v1.mail_task;
SELECT 'orders_v1.cancel_reason'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.cancel_reason(integer, bigint)', 'EXECUTE')::integer;
SELECT 'orders_v1.is_payable'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.is_payable(text, text, timestamptz)', 'EXECUTE')::integer;
SELECT 'orders_v1.is_paid_by_link'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.is_paid_by_link(text)', 'EXECUTE')::integer;
SELECT * FROM orders_v1.order_view WHERE false;
SELECT tenant_id, order_id, text FROM orders_v1.order_text WHERE false;
SELECT tenant_id, user_id, text FROM orders_v1.user_text WHERE false;
SELECT tenant_id, order_id FROM orders_v1.pending_refund WHERE false;
SELECT 1 / has_table_privilege('orders_api', v.name, 'SELECT')::integer
FROM unnest('{orders_v1.order_view,orders_v1.order_text,orders_v1.user_text,orders_v1.pending_refund}'::text[]) AS v (name);
SELECT 1 / (count(*) = 0)::integer FROM pg_class r
WHERE r.relnamespace = 'orders'::regnamespace AND r.relkind IN ('r', 'p') AND has_table_privilege('orders_api', r.oid, 'SELECT, INSERT, UPDATE, DELETE');
