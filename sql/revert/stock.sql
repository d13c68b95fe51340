-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:stock from pg

BEGIN;

DROP FUNCTION orders.ship_stock;
DROP FUNCTION orders.release_stock;
DROP FUNCTION orders.end_reservations;
DROP FUNCTION orders.cancel_refunded_pieces;
DROP FUNCTION orders.reserve_stock;
DROP FUNCTION orders.reserve_pieces;

COMMIT;
