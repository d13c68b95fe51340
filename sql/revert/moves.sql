-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:moves from pg

BEGIN;

DROP FUNCTION orders.states_of;
DROP FUNCTION orders.has_transactions;
DROP FUNCTION orders.is_by_hand;
DROP FUNCTION orders.note_transaction;
DROP FUNCTION orders.expire_order;
DROP FUNCTION orders.close_expired;
DROP FUNCTION orders.close_order;
DROP FUNCTION orders.as_confirming;
DROP FUNCTION orders.is_capture_in_doubt;
DROP FUNCTION orders.close_payments;
DROP FUNCTION orders.as_of_now;
DROP FUNCTION orders.is_due;
DROP FUNCTION orders.move_return;
DROP FUNCTION orders.move_order;
DROP FUNCTION orders.settle_stock;
DROP FUNCTION orders.add_closing_step;
DROP FUNCTION orders.awaits_shipping;
DROP FUNCTION orders.is_sent;
DROP FUNCTION orders.last_state;
DROP FUNCTION orders.lock_order;
DROP FUNCTION orders.version_tag;
DROP FUNCTION orders.acting_as;
DROP FUNCTION orders.system_context;

COMMIT;
