-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:due from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.due;
DROP DOMAIN orders.due_kind;

COMMIT;
