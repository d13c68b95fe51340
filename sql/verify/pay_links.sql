-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:pay_links on pg

SELECT tenant_id, id, order_id, template, recipient, attempts, due_at, done_at, dead, last_error, created_at,
       message_key
FROM orders.mail WHERE false;
SELECT 'orders.refuse_mails'::regproc;
SELECT 'orders.check_mail_limits'::regproc;
SELECT 'orders.send_pay_link'::regproc;
SELECT 'orders.new_payment_like'::regproc;
SELECT 'orders.payment_row'::regproc;
SELECT 'orders.start_payment'::regproc;
SELECT 'orders.read_link'::regproc;
SELECT 'orders.payment_by_intent'::regproc;
SELECT 'orders.claim_mail'::regproc;
SELECT 'orders.mark_mail'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.send_pay_link(integer, text, text, bigint, text, text, bytea, text, text, integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.start_payment(integer, bigint, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.read_link(integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.payment_by_intent(integer, text, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.claim_mail(integer, integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.mark_mail(integer, bigint, boolean, boolean, text)', 'EXECUTE')::integer;
