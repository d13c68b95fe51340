-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:orders from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.number_series;
DROP TABLE orders.coupon_redemption;
DROP TABLE orders.event;
DROP FUNCTION orders.event_epoch();
DROP TABLE orders.order_address;
DROP TABLE orders.order_tax;
DROP TABLE orders.order_line;
DROP TABLE orders.orders;
DROP TABLE orders.transition;

COMMIT;
