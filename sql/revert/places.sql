-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:places from pg

BEGIN;

DROP TABLE orders.subdivision;
DROP TABLE orders.country;

COMMIT;
