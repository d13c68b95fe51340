-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:places on pg

SELECT code, name, postcode FROM orders.country WHERE false;
SELECT country, code FROM orders.subdivision WHERE false;
SELECT 1 / has_table_privilege('orders_api', 'orders.country', 'SELECT')::integer;
SELECT 1 / has_table_privilege('orders_api', 'orders.subdivision', 'SELECT')::integer;
