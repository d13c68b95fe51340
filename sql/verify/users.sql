-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:users on pg

SELECT tenant_id, id, public_id, external_ref, login, name, given_name, family_name, email, phone, locale,
       active, metadata, created_at, updated_at
FROM orders.users WHERE false;
