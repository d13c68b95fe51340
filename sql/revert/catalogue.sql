-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:catalogue from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.payment_channel;
DROP TABLE orders.provider_currency;
DROP TABLE orders.coupon_user;
DROP TABLE orders.coupon;
DROP TABLE orders.tax_rate;
DROP TABLE orders.billing_option;
DROP TABLE orders.plan;

COMMIT;
