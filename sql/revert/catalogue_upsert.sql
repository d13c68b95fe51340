-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:catalogue_upsert from pg

BEGIN;

DROP FUNCTION orders.catalogue_bulk;
DROP FUNCTION orders.bulk_row;
DROP FUNCTION orders.is_value_error;
DROP FUNCTION orders.catalogue_upsert;
DROP FUNCTION orders.upsert_row;
DROP FUNCTION orders.analyze_grown;
DROP FUNCTION orders.put_entry;
DROP FUNCTION orders.put_coupon;
DROP FUNCTION orders.count_uses;
DROP FUNCTION orders.coupon_from;
DROP FUNCTION orders.put_label;
DROP FUNCTION orders.put_payment_channel;
DROP FUNCTION orders.put_tax_rate;
DROP FUNCTION orders.put_billing_option;
DROP FUNCTION orders.put_plan;
DROP FUNCTION orders.put_user;

COMMIT;
