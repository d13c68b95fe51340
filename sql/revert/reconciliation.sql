-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:reconciliation from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TYPE orders_v1.written_difference;
DROP TYPE orders_v1.written_reconciliation;
DROP TYPE orders_v1.difference_view;
DROP TYPE orders_v1.reconciliation_view;
DROP TYPE orders_v1.reconciliation_sum_view;
DROP TYPE orders_v1.reconciliation_entry;
DROP TYPE orders_v1.reconciliation_task;
DROP VIEW orders.open_reconciliation_differences;
DROP TABLE orders.reconciliation_difference;
DROP TABLE orders.reconciliation_entry;
DROP TABLE orders.reconciliation_sum;
DROP TABLE orders.reconciliation;
DELETE FROM orders.due WHERE kind = 'reconciliation';
ALTER DOMAIN orders.due_kind DROP CONSTRAINT due_kind_known;
ALTER DOMAIN orders.due_kind ADD CONSTRAINT due_kind_known CHECK (
    VALUE IN ('expiry', 'intent', 'capture', 'refund', 'mail', 'bill', 'provider_notice')) NOT VALID;

COMMIT;
