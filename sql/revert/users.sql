-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:users from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.users;

COMMIT;
