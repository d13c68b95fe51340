-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:products from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.stock;
DROP TABLE orders.variant_price;
DROP TABLE orders.variant;
DROP TABLE orders.product;

COMMIT;
