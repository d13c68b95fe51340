-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:event_feed on pg

SELECT 1 / (count(*) = 1)::integer FROM pg_index i WHERE i.indisvalid AND i.indexrelid = 'orders.event_feed'::regclass;
