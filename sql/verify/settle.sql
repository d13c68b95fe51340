-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:settle on pg

SELECT 'orders.capture'::regproc;
SELECT 'orders.mark_captured'::regproc;
SELECT 'orders.capture_late'::regproc;
SELECT 'orders.return_surplus'::regproc;
SELECT 'orders.fail_order'::regproc;
SELECT 'orders.awaits_money'::regproc;
SELECT 'orders.lock_payment'::regproc;
SELECT 'orders.end_doubt'::regproc;
SELECT 'orders.check_intent'::regproc;
SELECT 'orders.record_intent'::regproc;
SELECT 'orders.record_intent_failure'::regproc;
SELECT 'orders.payment_of_hand'::regproc;
SELECT 'orders.check_payable'::regproc;
SELECT 'orders.settle_by_hand'::regproc;
SELECT 'orders.settle_payment'::regproc;
SELECT 'orders.fail_payment'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.record_intent(integer, text, text, bigint, text, text, bytea, bigint, text, text, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.record_intent_failure(integer, text, text, bigint, text, text, bytea, bigint, text, text, boolean)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.settle_payment(integer, text, text, bigint, text, text, bytea, bigint, text, text, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.fail_payment(integer, text, text, bigint, text, text, bytea, bigint, text, text)', 'EXECUTE')::integer;
