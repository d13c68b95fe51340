-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:catalogue_indexes to pg
-- No transaction: an index is created while requests write its table. A deployment that fails leaves an invalid index, which the next
-- one replaces.

SET ROLE orders_owner;

DROP INDEX CONCURRENTLY IF EXISTS orders.membership_by_company;
CREATE INDEX CONCURRENTLY membership_by_company ON orders.membership (tenant_id, company_id, id);

DROP INDEX CONCURRENTLY IF EXISTS orders.product_by_company;
CREATE INDEX CONCURRENTLY product_by_company ON orders.product (tenant_id, company_id, id) WHERE company_id IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS orders.billing_option_by_plan;
CREATE INDEX CONCURRENTLY billing_option_by_plan ON orders.billing_option (tenant_id, plan_id, id);
