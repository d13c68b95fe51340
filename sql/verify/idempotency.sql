-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:idempotency on pg

SELECT tenant_id, actor_id, route, key, fingerprint, order_id, answer, created_at, started_at, completed_at
FROM orders.idempotency WHERE false;
