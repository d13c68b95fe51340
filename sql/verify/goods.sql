-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:goods on pg

SELECT 'orders.variant_snapshot'::regproc;
SELECT 'orders.list_price_of'::regproc;
SELECT 'orders.variant_line'::regproc;
SELECT 'orders.lock_any_cart'::regproc;
SELECT 'orders.price_cart'::regproc;
