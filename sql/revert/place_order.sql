-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:place_order from pg

BEGIN;

DROP FUNCTION orders.place_order;
DROP FUNCTION orders.put_described_order;
DROP FUNCTION orders.lines_or_cart;
DROP FUNCTION orders.put_addresses;
DROP FUNCTION orders.described_head;
DROP FUNCTION orders.described_payment;
DROP FUNCTION orders.described_parties;
DROP FUNCTION orders.plan_goods;
DROP FUNCTION orders.shipping_lines;
DROP FUNCTION orders.described_lines;
DROP FUNCTION orders.ordered_plan_line;
DROP FUNCTION orders.product_line;
DROP FUNCTION orders.variant_of;

COMMIT;
