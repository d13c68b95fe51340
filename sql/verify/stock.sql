-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:stock on pg

SELECT 'orders.reserve_pieces'::regproc;
SELECT 'orders.reserve_stock'::regproc;
SELECT 'orders.cancel_refunded_pieces'::regproc;
SELECT 'orders.end_reservations'::regproc;
SELECT 'orders.release_stock'::regproc;
SELECT 'orders.ship_stock'::regproc;
