-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:bills on pg

SELECT tenant_id, order_id, series, sequence, document, created_at
FROM orders.bill WHERE false;
SELECT 1 / has_table_privilege('orders_api', 'orders.bill', 'SELECT')::integer;
