-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:payments from pg

BEGIN;

DROP TABLE orders.payment_event;
DROP TABLE orders.provider_transaction;
DROP TABLE orders.refund;
DROP TABLE orders.payment;

COMMIT;
