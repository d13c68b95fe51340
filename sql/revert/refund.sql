-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:refund from pg

BEGIN;

DROP FUNCTION orders.settle_refund;
DROP FUNCTION orders.check_by_hand;
DROP FUNCTION orders.end_refund;
DROP FUNCTION orders.hand_over_refund;
DROP FUNCTION orders.put_return_back;
DROP FUNCTION orders.refund;
DROP FUNCTION orders.check_refundable;
DROP FUNCTION orders.credit_refunds;
DROP FUNCTION orders.give_back;
DROP FUNCTION orders.put_refund;
DROP FUNCTION orders.refund_steps;
DROP FUNCTION orders.state_after_refund;

COMMIT;
