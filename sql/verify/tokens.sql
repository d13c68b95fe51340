-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:tokens on pg

SELECT tenant_id, id, user_id, hash, hint, scopes, created_at, expires_at, revoked_at
FROM orders.token WHERE false;
