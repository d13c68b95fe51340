-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:operator_read_indexes from pg

SET ROLE orders_owner;

DROP INDEX CONCURRENTLY IF EXISTS orders.mail_dead;
DROP INDEX CONCURRENTLY IF EXISTS orders.coupon_redemption_by_age;
DROP INDEX CONCURRENTLY IF EXISTS orders.cart_by_owner;
DROP INDEX CONCURRENTLY IF EXISTS orders.refund_pending_by_id;
DROP INDEX CONCURRENTLY IF EXISTS orders.posting_by_credit_user;
DROP INDEX CONCURRENTLY IF EXISTS orders.posting_by_debit_user;
