-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:bills on pg

SELECT tenant_id, order_id, series, sequence, snapshot, created_at
FROM orders.bill WHERE false;
SELECT tenant_id, order_id, document, created_at
FROM orders.bill_document WHERE false;
