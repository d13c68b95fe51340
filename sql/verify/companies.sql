-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:companies on pg

SELECT tenant_id, id, external_ref, name, prefix, email, tax_number, address, images, active, metadata,
       created_at, updated_at
FROM orders.company WHERE false;
SELECT tenant_id, id, external_ref, company_id, user_id, role, active, created_at, updated_at
FROM orders.membership WHERE false;
SELECT NULL::orders.seat;
SELECT title, default_address, current_company_id FROM orders.users WHERE false;
SELECT 'orders.seat_of'::regproc;
SELECT 'orders.role_in'::regproc;
SELECT 'orders.role_sells'::regproc;
SELECT 'orders.may_sell'::regproc;
SELECT 'orders.sells_for'::regproc;
SELECT 1 / has_table_privilege('orders_api', 'orders.company', 'SELECT')::integer;
SELECT 1 / has_table_privilege('orders_api', 'orders.membership', 'SELECT')::integer;
