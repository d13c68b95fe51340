-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:event_feed from pg

SET ROLE orders_owner;

DROP INDEX CONCURRENTLY IF EXISTS orders.event_feed;
