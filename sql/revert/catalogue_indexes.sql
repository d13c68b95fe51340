-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:catalogue_indexes from pg

SET ROLE orders_owner;

DROP INDEX CONCURRENTLY IF EXISTS orders.billing_option_by_plan;
DROP INDEX CONCURRENTLY IF EXISTS orders.product_by_company;
DROP INDEX CONCURRENTLY IF EXISTS orders.membership_by_company;
