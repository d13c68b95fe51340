-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:webhooks on pg

SELECT 'reconciliation'::orders.due_kind, 'webhook'::orders.due_kind, 'order'::orders.event_subject, 'webhook_endpoint'::orders.event_subject;
SELECT 1 / (count(*) = 6)::integer FROM orders.transition WHERE axis = 'endpoint';
SELECT tenant_id, id, public_id, url, patterns, description, payload, state, disabled_reason, version, generation, salt, former_salt, former_until,
       failing_since, last_success_at, last_failure_at, not_before, purged, created_at, updated_at
FROM orders.webhook_endpoint WHERE false;
SELECT tenant_id, endpoint_id, epoch, xid, event_id, moved_at FROM orders.webhook_cursor WHERE false;
SELECT tenant_id, id, endpoint_id, message_id, type, event_epoch, event_xid, event_id, subject, subject_id, subject_version, state, attempts, next_at,
       last_at, last_status, last_error, last_ms, created_at, done_at
FROM orders.webhook_delivery WHERE false;
SELECT tenant_id, delivery_id, body FROM orders.webhook_body WHERE false;
SELECT NULL::orders_v1.webhook_view, NULL::orders_v1.delivery_view, NULL::orders_v1.written_webhook, NULL::orders_v1.written_delivery,
       NULL::orders_v1.written_replay, NULL::orders_v1.webhook_target, NULL::orders_v1.webhook_message, NULL::orders_v1.webhook_progress;
