-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:report_indexes on pg

SELECT 1 / (count(*) = 2)::integer
FROM pg_index i
WHERE i.indisvalid AND i.indexrelid IN ('orders.event_paid'::regclass, 'orders.refund_by_settlement'::regclass);
