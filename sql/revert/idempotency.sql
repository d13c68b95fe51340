-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:idempotency from pg

BEGIN;

DROP TABLE orders.idempotency;

COMMIT;
