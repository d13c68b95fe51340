-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:fulfilment from pg

BEGIN;

DROP FUNCTION orders.correct_address;
DROP FUNCTION orders.track;
DROP FUNCTION orders.follow;
DROP FUNCTION orders.withdraw_event;
DROP FUNCTION orders.put_event;
DROP FUNCTION orders.take_status;
DROP FUNCTION orders.was_said;
DROP FUNCTION orders.event_from;
DROP FUNCTION orders.ship;
DROP FUNCTION orders.correct_shipment;
DROP FUNCTION orders.shipment_changes;
DROP FUNCTION orders.note_correction;
DROP FUNCTION orders.send_shipment;
DROP FUNCTION orders.shipment_from;
DROP FUNCTION orders.advance;
DROP FUNCTION orders.deliver;
DROP FUNCTION orders.expect_shipment;
DROP FUNCTION orders.lock_goods;
DROP FUNCTION orders.check_advance;
DROP FUNCTION orders.all_pieces_cancelled;
DROP FUNCTION orders.was_paid;
DROP FUNCTION orders.may_leave;
DROP FUNCTION orders.refuse_advance;

COMMIT;
