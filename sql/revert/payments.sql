-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:payments from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP VIEW orders.unresolved_provider_events;
DROP TABLE orders.provider_event;
DROP TABLE orders.provider_transaction;
DROP TABLE orders.refund;
DROP TABLE orders.payment;

COMMIT;
