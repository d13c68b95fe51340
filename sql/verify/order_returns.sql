-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:order_returns on pg

SELECT tenant_id, id, order_id, state, reason, refund_id, created_at, updated_at FROM orders.order_return WHERE false;
SELECT tenant_id, return_id, order_id, line_id, quantity, refunded FROM orders.return_line WHERE false;
