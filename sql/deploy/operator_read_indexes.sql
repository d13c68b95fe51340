-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:operator_read_indexes to pg
-- No transaction: an index is created while requests write its table. A deployment that fails leaves an invalid index, which the next
-- one replaces.
--
-- Conditions such as user_id > 0 hold for every row. Only the lists of the operator API state them, so that the planner does not use these indexes
-- for look-ups while a table has no statistics.

SET ROLE orders_owner;

DROP INDEX CONCURRENTLY IF EXISTS orders.posting_by_debit_user;
CREATE INDEX CONCURRENTLY posting_by_debit_user ON orders.posting (tenant_id, debit_user_id, id) WHERE debit_user_id IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS orders.posting_by_credit_user;
CREATE INDEX CONCURRENTLY posting_by_credit_user ON orders.posting (tenant_id, credit_user_id, id) WHERE credit_user_id IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS orders.refund_pending_by_id;
CREATE INDEX CONCURRENTLY refund_pending_by_id ON orders.refund (tenant_id, id) WHERE status = 'pending';

DROP INDEX CONCURRENTLY IF EXISTS orders.cart_by_owner;
CREATE INDEX CONCURRENTLY cart_by_owner ON orders.cart (tenant_id, user_id, id) WHERE user_id > 0;

DROP INDEX CONCURRENTLY IF EXISTS orders.coupon_redemption_by_age;
CREATE INDEX CONCURRENTLY coupon_redemption_by_age ON orders.coupon_redemption (tenant_id, coupon_id, order_id) WHERE order_id > 0;

DROP INDEX CONCURRENTLY IF EXISTS orders.mail_dead;
CREATE INDEX CONCURRENTLY mail_dead ON orders.mail (tenant_id, id) WHERE dead;
