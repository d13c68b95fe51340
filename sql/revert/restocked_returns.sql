-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:restocked_returns from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

ALTER TABLE orders.return_line DROP COLUMN restocked;

COMMIT;
