-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:report_indexes from pg

SET ROLE orders_owner;

DROP INDEX CONCURRENTLY IF EXISTS orders.refund_by_settlement;
DROP INDEX CONCURRENTLY IF EXISTS orders.event_paid;
