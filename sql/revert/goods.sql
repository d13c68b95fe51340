-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:goods from pg

BEGIN;

DROP FUNCTION orders.price_cart;
DROP FUNCTION orders.lock_any_cart;
DROP FUNCTION orders.variant_line;
DROP FUNCTION orders.list_price_of;
DROP FUNCTION orders.variant_snapshot;

COMMIT;
