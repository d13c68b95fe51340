-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:catalogue on pg

SELECT tenant_id, id, external_ref, slug, name, description, price, currency, duration_unit,
       duration_value, features, status, max_quantity, tax_class, metadata, created_at, updated_at
FROM orders.plan WHERE false;
SELECT tenant_id, id, external_ref, plan_id, name, price, duration_unit, duration_value, active,
       created_at, updated_at
FROM orders.billing_option WHERE false;
SELECT tenant_id, id, external_ref, tax_class, key, rate_bp, active, created_at, updated_at
FROM orders.tax_rate WHERE false;
SELECT tenant_id, id, external_ref, code, code_key, kind, percent_bp, amount, currency, minimum, max_discount,
       starts_at, ends_at, max_uses, max_uses_per_user, used, active, metadata, created_at, updated_at
FROM orders.coupon WHERE false;
SELECT tenant_id, coupon_id, user_id, used
FROM orders.coupon_user WHERE false;
SELECT tenant_id, id, external_ref, name, provider, enabled, currencies, metadata, created_at, updated_at
FROM orders.payment_channel WHERE false;
SELECT payable_units FROM orders.payment_channel WHERE false;
SELECT provider, currency, decimals FROM orders.provider_currency WHERE false;
