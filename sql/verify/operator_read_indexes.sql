-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:operator_read_indexes on pg

SELECT 1 / (count(*) = 6)::integer
FROM pg_index i
WHERE i.indisvalid
  AND i.indexrelid IN ('orders.posting_by_debit_user'::regclass, 'orders.posting_by_credit_user'::regclass, 'orders.refund_pending_by_id'::regclass,
                       'orders.cart_by_owner'::regclass, 'orders.coupon_redemption_by_age'::regclass, 'orders.mail_dead'::regclass);
