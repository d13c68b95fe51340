-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:catalogue_upsert on pg

SELECT 'orders.put_user'::regproc;
SELECT 'orders.put_plan'::regproc;
SELECT 'orders.put_billing_option'::regproc;
SELECT 'orders.put_tax_rate'::regproc;
SELECT 'orders.put_payment_channel'::regproc;
SELECT 'orders.put_label'::regproc;
SELECT 'orders.coupon_from'::regproc;
SELECT 'orders.count_uses'::regproc;
SELECT 'orders.put_coupon'::regproc;
SELECT 'orders.put_entry'::regproc;
SELECT 'orders.analyze_grown'::regproc;
SELECT 'orders.upsert_row'::regproc;
SELECT 'orders.catalogue_upsert'::regproc;
SELECT 'orders.is_value_error'::regproc;
SELECT 'orders.bulk_row'::regproc;
SELECT 'orders.catalogue_bulk'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.catalogue_upsert(integer, text, text, bigint, text, text, bytea, text, text, jsonb)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.catalogue_bulk(integer, text, text, bigint, text, text, bytea, jsonb[])', 'EXECUTE')::integer;
