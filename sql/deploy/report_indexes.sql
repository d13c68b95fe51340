-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:report_indexes to pg
-- No transaction: an index is created while requests write its table. A deployment that fails leaves an invalid index, which the next
-- one replaces.
--
-- Events are only inserted, so this index finds paid orders by time without an index on a column of orders that operations update.

SET ROLE orders_owner;

DROP INDEX CONCURRENTLY IF EXISTS orders.event_paid;
CREATE INDEX CONCURRENTLY event_paid ON orders.event (tenant_id, created_at) WHERE types @> '{order.paid}';

DROP INDEX CONCURRENTLY IF EXISTS orders.refund_by_settlement;
CREATE INDEX CONCURRENTLY refund_by_settlement ON orders.refund (tenant_id, settled_at) WHERE status = 'done';
