-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:payment_events from pg

BEGIN;

DROP FUNCTION orders.payment_event;
DROP FUNCTION orders.hear;
DROP FUNCTION orders.hear_foreign_refund;
DROP FUNCTION orders.hear_refund;
DROP FUNCTION orders.confirms_refund;
DROP FUNCTION orders.hear_confirming;
DROP FUNCTION orders.hear_paid;
DROP FUNCTION orders.check_word;
DROP FUNCTION orders.find_payment;
DROP TYPE orders.provider_word;

COMMIT;
