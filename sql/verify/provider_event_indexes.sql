-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:provider_event_indexes on pg

SELECT 1 / (count(*) = 2)::integer
FROM pg_index i
WHERE i.indexrelid IN ('orders.provider_event_unresolved'::regclass, 'orders.provider_event_refused'::regclass) AND i.indisvalid;
