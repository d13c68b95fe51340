-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:answer on pg

SELECT NULL::orders.answer;
SELECT 'orders.rows_of'::regproc;
SELECT 'orders.money_of'::regproc;
SELECT 'orders.more_of'::regproc;
SELECT 'orders.parties_of'::regproc;
SELECT 'orders.actors_of'::regproc;
SELECT 'orders.invoices_of'::regproc;
SELECT 'orders.shipments_of'::regproc;
SELECT 'orders.returns_of'::regproc;
SELECT 'orders.labels_of'::regproc;
SELECT 'orders.addresses_of'::regproc;
SELECT 'orders.order_category'::regproc;
SELECT 'orders.categories_of'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.rows_of(integer, bigint[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.money_of(integer, bigint[], bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.more_of(integer, bigint[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders.parties_of(integer, bigint[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders.actors_of(integer, bigint[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders.invoices_of(integer, bigint[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders.shipments_of(integer, bigint[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders.returns_of(integer, bigint[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders.labels_of(integer, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders.addresses_of(integer, bigint[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders.order_category(integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders.categories_of(integer, bigint[])', 'EXECUTE')::integer;
