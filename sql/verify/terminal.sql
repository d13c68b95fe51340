-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:terminal on pg

SELECT tenant_id, transaction_id, id, kind, amount, currency, order_number, created_at
FROM orders.terminal_transaction WHERE false;
