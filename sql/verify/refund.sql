-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:refund on pg

SELECT 'orders.state_after_refund'::regproc;
SELECT 'orders.refund_steps'::regproc;
SELECT 'orders.put_refund'::regproc;
SELECT 'orders.give_back'::regproc;
SELECT 'orders.credit_refunds'::regproc;
SELECT 'orders.check_refundable'::regproc;
SELECT 'orders.refund'::regproc;
SELECT 'orders.put_return_back'::regproc;
SELECT 'orders.hand_over_refund'::regproc;
SELECT 'orders.end_refund'::regproc;
SELECT 'orders.check_by_hand'::regproc;
SELECT 'orders.settle_refund'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.refund(integer, text, text, bigint, text, text, bytea, bigint, bigint, jsonb, text, integer, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.settle_refund(integer, text, text, bigint, text, text, bytea, bigint, text, boolean, text, text, text[])', 'EXECUTE')::integer;
