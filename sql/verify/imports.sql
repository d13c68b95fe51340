-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:imports on pg

SELECT tenant_id, order_id, imported_at, digest, bill_number FROM orders.imported_order WHERE false;
SELECT skipped FROM orders.number_series WHERE false;
SELECT NULL::orders_v1.refund_shares;
