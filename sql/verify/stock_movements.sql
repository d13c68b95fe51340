-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:stock_movements on pg

SELECT version, recorded FROM orders.stock WHERE false;
SELECT tenant_id, change, variant_id, id, created_at, order_id, return_id, actor_id, on_hand, kind, actor, reason, comment
FROM orders.stock_movement WHERE false;
SELECT 'shipped'::orders.movement_kind;
SELECT NULL::orders_v1.stock_view, NULL::orders_v1.movement_view, NULL::orders_v1.written_stock, NULL::orders_v1.restocked_item;
