-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:place from pg

BEGIN;

DROP FUNCTION orders.after_placing;
DROP FUNCTION orders.placed_before;
DROP FUNCTION orders.awaits_intent;
DROP FUNCTION orders.place_plan;
DROP FUNCTION orders.plan_line;
DROP FUNCTION orders.plan_head;
DROP FUNCTION orders.plan_offer_of;
DROP FUNCTION orders.plan_snapshot;
DROP FUNCTION orders.check_plan_offer;
DROP TYPE orders.plan_offer;
DROP FUNCTION orders.put_payment;
DROP FUNCTION orders.put_redemption;
DROP FUNCTION orders.put_order;
DROP FUNCTION orders.check_payment_choice;
DROP FUNCTION orders.put_taxes;
DROP FUNCTION orders.placing_steps;
DROP FUNCTION orders.put_header;
DROP FUNCTION orders.put_lines;
DROP FUNCTION orders.unused_order_number;
DROP FUNCTION orders.order_number;
DROP FUNCTION orders.random_digits;
DROP FUNCTION orders.sum_lines;
DROP FUNCTION orders.tax_shares;
DROP FUNCTION orders.tax_of;
DROP FUNCTION orders.spread_discount;
DROP FUNCTION orders.net_of;
DROP FUNCTION orders.is_goods;
DROP TYPE orders.order_sums;
DROP TYPE orders.tax_share;
DROP TYPE orders.priced_line;
DROP TYPE orders.order_head;

COMMIT;
