-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:place on pg

SELECT NULL::orders.order_head;
SELECT NULL::orders.priced_line;
SELECT NULL::orders.tax_share;
SELECT NULL::orders.order_sums;
SELECT 'orders.is_goods'::regproc;
SELECT 'orders.net_of'::regproc;
SELECT 'orders.spread_discount'::regproc;
SELECT 'orders.tax_of'::regproc;
SELECT 'orders.tax_shares'::regproc;
SELECT 'orders.sum_lines'::regproc;
SELECT 'orders.random_digits'::regproc;
SELECT 'orders.order_number'::regproc;
SELECT 'orders.unused_order_number'::regproc;
SELECT 'orders.put_lines'::regproc;
SELECT 'orders.put_header'::regproc;
SELECT 'orders.placing_steps'::regproc;
SELECT 'orders.put_taxes'::regproc;
SELECT 'orders.check_payment_choice'::regproc;
SELECT 'orders.put_order'::regproc;
SELECT 'orders.put_redemption'::regproc;
SELECT 'orders.put_payment'::regproc;
SELECT NULL::orders.plan_offer;
SELECT 'orders.check_plan_offer'::regproc;
SELECT 'orders.plan_snapshot'::regproc;
SELECT 'orders.plan_offer_of'::regproc;
SELECT 'orders.plan_head'::regproc;
SELECT 'orders.plan_line'::regproc;
SELECT 'orders.place_plan'::regproc;
SELECT 'orders.awaits_intent'::regproc;
SELECT 'orders.placed_before'::regproc;
SELECT 'orders.after_placing'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.place_plan(integer, text, text, bigint, text, text, bytea, bigint, bigint, bigint, integer, text, text, text, text, integer)', 'EXECUTE')::integer;
