-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:event_reviews on pg

SELECT 'orders.end_waiting_event'::regproc;
SELECT 'orders.due_provider_events'::regproc;
SELECT 'orders.review_provider_event'::regproc;
SELECT 'orders.refused_provider_events'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders.due_provider_events(integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders.review_provider_event(integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders.refused_provider_events(integer, integer)', 'EXECUTE')::integer;
