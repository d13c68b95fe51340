-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:users from pg

BEGIN;

DROP TABLE orders.users;

COMMIT;
