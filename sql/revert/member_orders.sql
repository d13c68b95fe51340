-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:member_orders from pg

BEGIN;

DROP FUNCTION orders.apply_paid_package;
DROP FUNCTION orders.upgrade_or_renew;
DROP FUNCTION orders.check_renewal_sums;
DROP FUNCTION orders.check_step;
DROP FUNCTION orders.renewal_line;
DROP FUNCTION orders.member_place;
DROP FUNCTION orders.put_member_order;
DROP FUNCTION orders.judge_lines;
DROP FUNCTION orders.judge_line;
DROP TYPE orders.judged_lines;
DROP FUNCTION orders.check_under_way;
DROP FUNCTION orders.check_price;
DROP FUNCTION orders.offer_line;
DROP FUNCTION orders.offer_of;
DROP TYPE orders.offer;
DROP FUNCTION orders.member_payment;
DROP FUNCTION orders.member_head;
DROP FUNCTION orders.given_address;
DROP FUNCTION orders.check_address;
DROP FUNCTION orders.major_text;
DROP FUNCTION orders.given_discount;
DROP FUNCTION orders.given_amount;
DROP FUNCTION orders.given_id;
DROP FUNCTION orders.given_text;
DROP FUNCTION orders.note_broken;
DROP FUNCTION orders.refuse_all;
DROP TYPE orders.broken_rule;

COMMIT;
