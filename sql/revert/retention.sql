-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:retention from pg

SET ROLE orders_owner;

DROP INDEX CONCURRENTLY IF EXISTS orders.cart_by_age;
DROP INDEX CONCURRENTLY IF EXISTS orders.token_by_expiry;
DROP INDEX CONCURRENTLY IF EXISTS orders.provider_event_by_age;
DROP INDEX CONCURRENTLY IF EXISTS orders.mail_by_age;
