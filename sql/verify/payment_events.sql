-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:payment_events on pg

SELECT NULL::orders.provider_word;
SELECT 'orders.find_payment'::regproc;
SELECT 'orders.check_word'::regproc;
SELECT 'orders.hear_paid'::regproc;
SELECT 'orders.hear_confirming'::regproc;
SELECT 'orders.confirms_refund'::regproc;
SELECT 'orders.hear_refund'::regproc;
SELECT 'orders.hear_foreign_refund'::regproc;
SELECT 'orders.hear'::regproc;
SELECT 'orders.payment_event'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.payment_event(integer, text, text, text, uuid, text, text, bigint, text, text, text,'
    ' text)', 'EXECUTE')::integer;
