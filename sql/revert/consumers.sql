-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:consumers from pg

BEGIN;

DROP FUNCTION orders.edit_billing_address;
DROP FUNCTION orders.bind_buyer;
DROP FUNCTION orders.profile_row;
DROP FUNCTION orders.read_bound;
DROP FUNCTION orders.check_bound;

COMMIT;
