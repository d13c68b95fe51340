-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:provider_notices from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TYPE orders_v1.written_provider_event;
DROP TYPE orders_v1.provider_event_view;
CREATE OR REPLACE VIEW orders.unresolved_provider_events AS
SELECT e.tenant_id, e.id, e.received_at, e.channel, e.event_id, e.type, e.raw_type, e.verdict, e.attempts, e.refusal, e.detail, e.payment_key,
       e.payment_id, o.id AS order_id, o.number AS order_number, e.intent_id, e.transaction_id, e.capture_id, e.amount, e.currency, e.code,
       e.message
FROM orders.provider_event e
LEFT JOIN orders.payment p ON p.tenant_id = e.tenant_id AND p.id = e.payment_id
LEFT JOIN orders.orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id
WHERE e.verdict IN ('refused', 'waiting');
ALTER TABLE orders.provider_event
    DROP COLUMN resolved_at,
    DROP COLUMN resolved_by,
    DROP COLUMN resolution;
DROP TABLE orders.provider_notice;
DELETE FROM orders.due WHERE kind = 'provider_notice';
ALTER DOMAIN orders.due_kind DROP CONSTRAINT due_kind_known;
ALTER DOMAIN orders.due_kind ADD CONSTRAINT due_kind_known CHECK (
    VALUE IN ('expiry', 'intent', 'capture', 'refund', 'mail', 'bill'));

COMMIT;
