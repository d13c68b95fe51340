-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:worker on pg

SELECT 'orders.due_intents'::regproc;
SELECT 'orders.due_refunds'::regproc;
SELECT 'orders.expire_due'::regproc;
SELECT 'orders.purge_idempotency'::regproc;
SELECT 'orders.claim_outbox'::regproc;
SELECT 'orders.next_try'::regproc;
SELECT 'orders.is_last_try'::regproc;
SELECT 'orders.mark_outbox'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.due_intents(integer, integer, integer, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.due_refunds(integer, integer, integer, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.expire_due(integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.purge_idempotency(integer, interval)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.claim_outbox(integer, integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.mark_outbox(integer, bigint[], boolean, text)', 'EXECUTE')::integer;
