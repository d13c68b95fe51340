-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:ledger on pg

SELECT tenant_id, user_id, currency, balance, created_at, updated_at
FROM orders.account WHERE false;
SELECT tenant_id, id, entry_type, currency, amount, debit_user_id, debit_house, debit_balance_after,
       credit_user_id, credit_house, credit_balance_after, order_id, payment_id, refund_id, reference,
       description, metadata, created_at
FROM orders.posting WHERE false;
