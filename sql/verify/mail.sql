-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:mail on pg

SELECT tenant_id, id, order_id, template, recipient, done_at, dead, last_error, created_at,
       message_key
FROM orders.mail WHERE false;
