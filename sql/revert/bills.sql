-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:bills from pg

BEGIN;
SET LOCAL lock_timeout = '2s';

DROP TABLE orders.bill;

COMMIT;
