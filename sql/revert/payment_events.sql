-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:payment_events from pg

BEGIN;

DROP FUNCTION orders.apply_provider_event;
DROP FUNCTION orders.take_event;
DROP FUNCTION orders.event_row;
DROP FUNCTION orders.apply_waiting_events;
DROP FUNCTION orders.try_waiting_event;
DROP FUNCTION orders.claim_waiting_event;
DROP FUNCTION orders.judge_event;
DROP FUNCTION orders.keep_failed_event;
DROP FUNCTION orders.apply_event;
DROP FUNCTION orders.apply_refund_event;
DROP FUNCTION orders.apply_unasked_failure;
DROP FUNCTION orders.confirms_failure;
DROP FUNCTION orders.check_outcome;
DROP FUNCTION orders.refuse_settled_refund;
DROP FUNCTION orders.apply_foreign_refund;
DROP FUNCTION orders.check_capture;
DROP FUNCTION orders.has_refused_capture;
DROP FUNCTION orders.confirms_refund;
DROP FUNCTION orders.apply_failed;
DROP FUNCTION orders.apply_confirming;
DROP FUNCTION orders.confirming_time;
DROP FUNCTION orders.apply_paid;
DROP FUNCTION orders.complete_capture;
DROP FUNCTION orders.check_event;
DROP FUNCTION orders.find_payment;

COMMIT;
