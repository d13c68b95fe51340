-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:reorders from pg

BEGIN;

DROP FUNCTION orders.reorder;
DROP FUNCTION orders.refill_cart;
DROP FUNCTION orders.sold_again;
DROP FUNCTION orders.open_cart;

COMMIT;
