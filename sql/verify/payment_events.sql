-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:payment_events on pg

SELECT 'orders.find_payment'::regproc;
SELECT 'orders.check_event'::regproc;
SELECT 'orders.complete_capture'::regproc;
SELECT 'orders.apply_paid'::regproc;
SELECT 'orders.confirming_time'::regproc;
SELECT 'orders.apply_confirming'::regproc;
SELECT 'orders.apply_failed'::regproc;
SELECT 'orders.confirms_refund'::regproc;
SELECT 'orders.has_refused_capture'::regproc;
SELECT 'orders.check_capture'::regproc;
SELECT 'orders.apply_foreign_refund'::regproc;
SELECT 'orders.refuse_settled_refund'::regproc;
SELECT 'orders.check_outcome'::regproc;
SELECT 'orders.confirms_failure'::regproc;
SELECT 'orders.apply_unasked_failure'::regproc;
SELECT 'orders.apply_refund_event'::regproc;
SELECT 'orders.apply_event'::regproc;
SELECT 'orders.keep_failed_event'::regproc;
SELECT 'orders.judge_event'::regproc;
SELECT 'orders.claim_waiting_event'::regproc;
SELECT 'orders.try_waiting_event'::regproc;
SELECT 'orders.apply_waiting_events'::regproc;
SELECT 'orders.event_row'::regproc;
SELECT 'orders.take_event'::regproc;
SELECT 'orders.apply_provider_event'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.apply_provider_event(integer, text, text, text, uuid, text, text, bigint, text, text, text, text, text, text)',
    'EXECUTE')::integer;
