-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:users from pg

BEGIN;

DROP FUNCTION orders.user_id_of;
DROP TABLE orders.users;

COMMIT;
