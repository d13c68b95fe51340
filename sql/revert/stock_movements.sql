-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:stock_movements from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TYPE orders_v1.restocked_item;
DROP TYPE orders_v1.written_stock;
DROP TYPE orders_v1.movement_view;
DROP TYPE orders_v1.stock_view;
DROP TABLE orders.stock_movement;
DROP DOMAIN orders.movement_kind;
ALTER TABLE orders.stock DROP COLUMN recorded, DROP COLUMN version;

COMMIT;
