-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:roles on pg

SELECT 1 / count(*) FROM pg_roles WHERE rolname = 'orders_owner' AND NOT rolcanlogin AND NOT rolsuper;
SELECT 1 / count(*) FROM pg_roles WHERE rolname = 'orders_api' AND NOT rolsuper;
