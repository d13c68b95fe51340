-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:exports from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP VIEW orders_v1.export_posting;
DROP VIEW orders_v1.export_line;
DROP VIEW orders_v1.export_order;
DROP TYPE orders_v1.export_file;
DROP TYPE orders_v1.export_task;
DROP TYPE orders_v1.written_export;
DROP TYPE orders_v1.export_view;
DROP TABLE orders.export;
DELETE FROM orders.due WHERE kind = 'export';
ALTER DOMAIN orders.due_kind DROP CONSTRAINT due_kind_known;
ALTER DOMAIN orders.due_kind ADD CONSTRAINT due_kind_known CHECK (
    VALUE IN ('expiry', 'intent', 'capture', 'refund', 'mail', 'bill', 'provider_notice', 'reconciliation', 'webhook')) NOT VALID;

COMMIT;
