-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:ledger from pg

BEGIN;

DROP TABLE orders.posting;
DROP TABLE orders.account;

COMMIT;
