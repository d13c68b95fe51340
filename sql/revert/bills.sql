-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:bills from pg

BEGIN;

DROP TABLE orders.bill;

COMMIT;
