-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:money on pg

SELECT 'orders.split_amount'::regproc;
SELECT 'orders.debit_balance'::regproc;
SELECT 'orders.credit_balance'::regproc;
SELECT NULL::orders.coupon_taken;
SELECT 'orders.coupon_discount'::regproc;
SELECT 'orders.refuse_coupon'::regproc;
SELECT 'orders.take_coupon'::regproc;
SELECT 'orders.release_coupons'::regproc;
