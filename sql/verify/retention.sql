-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:retention on pg

SELECT 1 / (count(*) = 4)::integer
FROM pg_index i
WHERE i.indisvalid
  AND i.indexrelid IN ('orders.mail_by_age'::regclass, 'orders.provider_event_by_age'::regclass, 'orders.token_by_expiry'::regclass,
                       'orders.cart_by_age'::regclass);
