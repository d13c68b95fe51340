-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:schema_and_reference on pg

SELECT 1 / has_schema_privilege('orders_api', 'orders', 'USAGE')::integer;
SELECT code, exponent, symbol, name
FROM orders.currency WHERE false;
SELECT id, name, currency, tax_inclusive, bill_series, time_zone, metadata, created_at
FROM orders.tenant WHERE false;
SELECT 'orders.code_key'::regproc;
SELECT 'orders.new_public_id'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.code_key(text)', 'EXECUTE')::integer;
