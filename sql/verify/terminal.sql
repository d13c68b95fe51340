-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:terminal on pg

SELECT tenant_id, transaction_id, id, kind, amount, currency, order_number, created_at
FROM orders.terminal_transaction WHERE false;
SELECT 'orders.record_terminal_transaction'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.record_terminal_transaction(integer, text, text, bigint, text, text, bytea, text, text, bigint, '
    'text, text)', 'EXECUTE')::integer;
SELECT 1 / has_table_privilege('orders_api', 'orders.terminal_transaction', 'SELECT')::integer;
