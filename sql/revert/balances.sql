-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:balances from pg

BEGIN;

DROP FUNCTION orders.post_balance;
DROP FUNCTION orders.balance_rows;
DROP FUNCTION orders.move_balance;

COMMIT;
