-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:ledger from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.posting;
DROP TABLE orders.account;

COMMIT;
