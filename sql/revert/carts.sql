-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:carts from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.cart_reorder;
DROP TABLE orders.cart_line;
DROP TABLE orders.cart;

COMMIT;
