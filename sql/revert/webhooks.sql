-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:webhooks from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TYPE orders_v1.webhook_progress;
DROP TYPE orders_v1.webhook_message;
DROP TYPE orders_v1.webhook_target;
DROP TYPE orders_v1.written_replay;
DROP TYPE orders_v1.written_delivery;
DROP TYPE orders_v1.written_webhook;
DROP TYPE orders_v1.delivery_view;
DROP TYPE orders_v1.webhook_view;
DROP TABLE orders.webhook_body;
DROP TABLE orders.webhook_delivery;
DROP TABLE orders.webhook_cursor;
DROP TABLE orders.webhook_endpoint;
DELETE FROM orders.due WHERE kind = 'webhook';
DELETE FROM orders.event WHERE subject = 'webhook_endpoint';
DELETE FROM orders.transition WHERE axis = 'endpoint';
ALTER TABLE orders.transition
    DROP CONSTRAINT transition_axis_known,
    ADD CONSTRAINT transition_axis_known CHECK (axis IN ('order', 'payment', 'fulfilment', 'return', 'details')) NOT VALID;
ALTER DOMAIN orders.event_subject DROP CONSTRAINT event_subject_known;
ALTER DOMAIN orders.event_subject ADD CONSTRAINT event_subject_known CHECK (VALUE IN ('order')) NOT VALID;
ALTER DOMAIN orders.due_kind DROP CONSTRAINT due_kind_known;
ALTER DOMAIN orders.due_kind ADD CONSTRAINT due_kind_known CHECK (
    VALUE IN ('expiry', 'intent', 'capture', 'refund', 'mail', 'bill', 'provider_notice', 'reconciliation')) NOT VALID;

COMMIT;
