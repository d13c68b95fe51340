-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:returns from pg

BEGIN;

DROP FUNCTION orders.list_returns;
DROP FUNCTION orders.resolve_return;
DROP FUNCTION orders.move_return_to;
DROP FUNCTION orders.check_resolvable;
DROP FUNCTION orders.state_after_action;
DROP FUNCTION orders.refund_return;
DROP FUNCTION orders.take_return;
DROP FUNCTION orders.receive_return;
DROP FUNCTION orders.all_is_back;
DROP FUNCTION orders.request_return;
DROP FUNCTION orders.put_return;
DROP FUNCTION orders.count_returned;
DROP FUNCTION orders.check_return_lines;
DROP FUNCTION orders.refuse_lines;
DROP FUNCTION orders.check_returnable;
DROP FUNCTION orders.same_return;
DROP FUNCTION orders.pieces_left;
DROP FUNCTION orders.read_return_lines;
DROP TYPE orders.return_piece;

COMMIT;
