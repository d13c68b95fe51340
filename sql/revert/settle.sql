-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:settle from pg

BEGIN;

DROP FUNCTION orders.fail_payment;
DROP FUNCTION orders.settle_payment;
DROP FUNCTION orders.settle_by_hand;
DROP FUNCTION orders.check_payable;
DROP FUNCTION orders.payment_of_hand;
DROP FUNCTION orders.record_intent_failure;
DROP FUNCTION orders.record_intent;
DROP FUNCTION orders.check_intent;
DROP FUNCTION orders.end_doubt;
DROP FUNCTION orders.lock_payment;
DROP FUNCTION orders.awaits_money;
DROP FUNCTION orders.fail_order;
DROP FUNCTION orders.return_surplus;
DROP FUNCTION orders.capture_late;
DROP FUNCTION orders.mark_captured;
DROP FUNCTION orders.capture;

COMMIT;
