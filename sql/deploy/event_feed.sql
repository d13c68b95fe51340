-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:event_feed to pg
-- No transaction: an index is created while requests write its table. A deployment that fails leaves an invalid index, which the next
-- one replaces.
--
-- The condition holds for every row. Only the queries of the feed state it, so that the planner does not use this index to find an event by its
-- subject and version while the table has no statistics.

SET ROLE orders_owner;

DROP INDEX CONCURRENTLY IF EXISTS orders.event_feed;
CREATE INDEX CONCURRENTLY event_feed ON orders.event (tenant_id, epoch, xid, id) WHERE epoch >= 0;
