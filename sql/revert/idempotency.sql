-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:idempotency from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.idempotency;

COMMIT;
