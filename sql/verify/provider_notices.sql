-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:provider_notices on pg

SELECT tenant_id, id, channel, body_hash, raw_type, resource_kind, resource_id, received_at, pending_since, attempts, verdict, event_id,
       detail, judged_at
FROM orders.provider_notice WHERE false;
SELECT resolved_at, resolved_by, resolution FROM orders.provider_event WHERE false;
SELECT NULL::orders_v1.written_provider_event;
SELECT 'provider_notice'::orders.due_kind;
