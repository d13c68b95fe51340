-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:balances on pg

SELECT 'orders.move_balance'::regproc;
SELECT 'orders.balance_rows'::regproc;
SELECT 'orders.post_balance'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.post_balance(integer, text, text, bigint, text, text, bytea, bigint, bigint, text, text)', 'EXECUTE')::integer;
