-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:place_order on pg

SELECT 'orders.variant_of'::regproc;
SELECT 'orders.product_line'::regproc;
SELECT 'orders.ordered_plan_line'::regproc;
SELECT 'orders.described_lines'::regproc;
SELECT 'orders.shipping_lines'::regproc;
SELECT 'orders.plan_goods'::regproc;
SELECT 'orders.described_parties'::regproc;
SELECT 'orders.described_payment'::regproc;
SELECT 'orders.described_head'::regproc;
SELECT 'orders.put_addresses'::regproc;
SELECT 'orders.lines_or_cart'::regproc;
SELECT 'orders.put_described_order'::regproc;
SELECT 'orders.place_order'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.place_order(integer, text, text, bigint, text, text, bytea, jsonb, integer, text[])', 'EXECUTE')::integer;
