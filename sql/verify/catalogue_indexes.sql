-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:catalogue_indexes on pg

SELECT 1 / (count(*) = 3)::integer
FROM pg_index i
WHERE i.indisvalid
  AND i.indexrelid IN ('orders.membership_by_company'::regclass, 'orders.product_by_company'::regclass, 'orders.billing_option_by_plan'::regclass);
