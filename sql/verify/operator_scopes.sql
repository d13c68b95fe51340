-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:operator_scopes on pg

SELECT 1 / count(*)
FROM pg_constraint c
WHERE c.conrelid = 'orders.token'::regclass AND c.conname = 'token_scopes_are_words'
  AND pg_get_constraintdef(c.oid) LIKE '%:.\_-%';
