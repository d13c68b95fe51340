-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:companies from pg

BEGIN;

DROP FUNCTION orders.sells_for;
DROP FUNCTION orders.may_sell;
DROP FUNCTION orders.role_sells;
DROP FUNCTION orders.role_in;
DROP FUNCTION orders.seat_of;
DROP TYPE orders.seat;
ALTER TABLE orders.users
    DROP COLUMN current_company_id,
    DROP COLUMN default_address,
    DROP COLUMN title;
DROP TABLE orders.membership;
DROP TABLE orders.company;

COMMIT;
