-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:companies from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

ALTER TABLE orders.users
    DROP COLUMN current_company_id,
    DROP COLUMN default_address,
    DROP COLUMN title;
DROP TABLE orders.membership;
DROP TABLE orders.company;

COMMIT;
