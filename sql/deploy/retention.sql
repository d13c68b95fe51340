-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:retention to pg
-- No transaction: an index is created while requests write its table. A deployment that fails leaves an invalid index, which the next
-- one replaces.

SET ROLE orders_owner;

DROP INDEX CONCURRENTLY IF EXISTS orders.mail_by_age;
CREATE INDEX CONCURRENTLY mail_by_age ON orders.mail (tenant_id, created_at);

DROP INDEX CONCURRENTLY IF EXISTS orders.provider_event_by_age;
CREATE INDEX CONCURRENTLY provider_event_by_age ON orders.provider_event (tenant_id, received_at, id)
    WHERE verdict IN ('done', 'unchanged') OR resolved_at IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS orders.token_by_expiry;
CREATE INDEX CONCURRENTLY token_by_expiry ON orders.token (tenant_id, expires_at) WHERE expires_at IS NOT NULL AND revoked_at IS NULL;

DROP INDEX CONCURRENTLY IF EXISTS orders.cart_by_age;
CREATE INDEX CONCURRENTLY cart_by_age ON orders.cart (tenant_id, updated_at, id) WHERE state = 'open';
