-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:money from pg

BEGIN;

DROP FUNCTION orders.release_coupons;
DROP FUNCTION orders.take_coupon;
DROP FUNCTION orders.refuse_coupon;
DROP FUNCTION orders.coupon_discount;
DROP TYPE orders.coupon_taken;
DROP FUNCTION orders.credit_balance;
DROP FUNCTION orders.debit_balance;
DROP FUNCTION orders.split_amount;

COMMIT;
