-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:consumers on pg

SELECT 'orders.check_bound'::regproc;
SELECT 'orders.read_bound'::regproc;
SELECT 'orders.profile_row'::regproc;
SELECT 'orders.bind_buyer'::regproc;
SELECT 'orders.edit_billing_address'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.read_bound(integer, bigint, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.bind_buyer(integer, text, text, bigint, text, text, bytea, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.edit_billing_address(integer, text, text, bigint, text, text, bytea, text, jsonb)', 'EXECUTE')::integer;
