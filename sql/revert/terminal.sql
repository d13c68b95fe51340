-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:terminal from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.terminal_transaction;

COMMIT;
