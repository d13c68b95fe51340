-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:types on pg

SELECT NULL::orders_v1.seller_context;
SELECT NULL::orders_v1.step;
SELECT NULL::orders_v1.context;
SELECT NULL::orders_v1.claim;
SELECT NULL::orders_v1.reserved_coupon;
SELECT NULL::orders_v1.order_head;
SELECT NULL::orders_v1.priced_line;
SELECT NULL::orders_v1.tax_share;
SELECT NULL::orders_v1.order_sums;
SELECT NULL::orders_v1.plan_offer;
SELECT NULL::orders_v1.reserved_lines;
SELECT NULL::orders_v1.balance_credit;
SELECT NULL::orders_v1.return_item;
SELECT NULL::orders_v1.upserted;
SELECT NULL::orders_v1.broken_rule;
SELECT NULL::orders_v1.offer;
SELECT NULL::orders_v1.checked_lines;
SELECT tenant_id, order_id, step, version, axis, from_state, to_state, actor, actor_id, api, comment, return_id, created_at
FROM orders_v1.order_history WHERE false;
SELECT tenant_id, order_id, version, actor, actor_id, api, created_at FROM orders_v1.order_operation WHERE false;
