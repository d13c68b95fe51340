-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:labels on pg

SELECT kind, word, language, text FROM orders.label WHERE false;
SELECT tenant_id, id, external_ref, kind, word, language, text, created_at, updated_at FROM orders.tenant_label WHERE false;
