-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:event_feed to pg
-- No transaction: an index is created while requests write its table. A deployment that fails leaves an invalid index, which the next
-- one replaces.

SET ROLE orders_owner;

DROP INDEX CONCURRENTLY IF EXISTS orders.event_feed;
CREATE INDEX CONCURRENTLY event_feed ON orders.event (tenant_id, epoch, xid, id);
