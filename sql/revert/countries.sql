-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:countries from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.subdivision;
DROP TABLE orders.country;

COMMIT;
