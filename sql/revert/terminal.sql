-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:terminal from pg

BEGIN;

DROP TABLE orders.terminal_transaction;

COMMIT;
