-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:bills on pg

SELECT tenant_id, order_id, series, sequence, snapshot, created_at
FROM orders.bill WHERE false;
SELECT tenant_id, order_id, document, created_at
FROM orders.bill_document WHERE false;
SELECT 1 / has_table_privilege('orders_api', 'orders.bill', 'SELECT')::integer;
SELECT 1 / has_table_privilege('orders_api', 'orders.bill_document', 'SELECT')::integer;
