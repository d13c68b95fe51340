-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:tokens from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.token;

COMMIT;
