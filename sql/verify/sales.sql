-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:sales on pg

SELECT 'orders.order_by_number'::regproc;
SELECT 'orders.lock_sale'::regproc;
SELECT 'orders.lock_cart'::regproc;
SELECT 'orders.sale_head'::regproc;
SELECT 'orders.place_cart'::regproc;
SELECT 'orders.check_terminal_id'::regproc;
SELECT 'orders.settle_sale'::regproc;
SELECT 'orders.cancel_sale'::regproc;
SELECT 'orders.check_terminal_refund'::regproc;
SELECT 'orders.note_terminal_refund'::regproc;
SELECT 'orders.left_on_card'::regproc;
SELECT 'orders.check_refund_transaction'::regproc;
SELECT 'orders.refund_sale'::regproc;
SELECT 'orders.list_sales'::regproc;
SELECT 'orders.read_sale'::regproc;
SELECT 'orders.check_sale_refund'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.place_cart(integer, text, text, bigint, text, text, bytea, text, text, boolean, text, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.settle_sale(integer, text, text, bigint, text, text, bytea, text, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.cancel_sale(integer, text, text, bigint, text, text, bytea, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.refund_sale(integer, text, text, bigint, text, text, bytea, text, text, integer, boolean)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.list_sales(integer, bigint, integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.read_sale(integer, bigint, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.check_sale_refund(integer, bigint, text, integer)', 'EXECUTE')::integer;
