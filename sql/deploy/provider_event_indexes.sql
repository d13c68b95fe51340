-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:provider_event_indexes to pg
-- Without a transaction: CONCURRENTLY does not block requests that write events. An interrupted attempt leaves an invalid index; the next one drops it.

SET ROLE orders_owner;

DROP INDEX CONCURRENTLY IF EXISTS orders.provider_event_unresolved;
CREATE INDEX CONCURRENTLY provider_event_unresolved ON orders.provider_event (tenant_id, channel, verdict, received_at)
    WHERE verdict IN ('refused', 'waiting') AND resolved_at IS NULL;

DROP INDEX CONCURRENTLY IF EXISTS orders.provider_event_refused;
CREATE INDEX CONCURRENTLY provider_event_refused ON orders.provider_event (tenant_id, id) WHERE verdict = 'refused';
