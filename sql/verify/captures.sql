-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:captures on pg

SELECT 'orders.capture_row'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders.begin_capture(integer, bigint, boolean, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders.await_capture(integer, bigint, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders.capture_not_made(integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders.due_captures(integer, integer, integer, text[])', 'EXECUTE')::integer;
