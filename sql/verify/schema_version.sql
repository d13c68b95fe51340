-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:schema_version on pg

SELECT only_row, number, release, installed_at FROM orders.schema_version WHERE false;
SELECT 1 / (count(*) = 1)::integer FROM orders.schema_version;
