-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:companies on pg

SELECT tenant_id, id, external_ref, name, prefix, email, tax_number, address, images, active, metadata,
       created_at, updated_at
FROM orders.company WHERE false;
SELECT tenant_id, id, external_ref, company_id, user_id, role, active, created_at, updated_at
FROM orders.membership WHERE false;
SELECT title, default_address, current_company_id FROM orders.users WHERE false;
