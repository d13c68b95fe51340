-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:reorders on pg

SELECT 'orders.open_cart'::regproc;
SELECT 'orders.sold_again'::regproc;
SELECT 'orders.refill_cart'::regproc;
SELECT 'orders.reorder'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.reorder(integer, text, text, bigint, text, text, bytea, bigint, bigint)', 'EXECUTE')::integer;
