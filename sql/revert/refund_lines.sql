-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:refund_lines from pg

BEGIN;

DROP FUNCTION orders.refunded_pieces;
DROP FUNCTION orders.put_lines_back;
DROP FUNCTION orders.shares_of_lines;
DROP FUNCTION orders.split_lines;
DROP FUNCTION orders.take_lines;
DROP FUNCTION orders.amount_of_lines;
DROP FUNCTION orders.refund_unit;
DROP FUNCTION orders.take_line;
DROP FUNCTION orders.pieces_worth;
DROP FUNCTION orders.worth_of_pieces;
DROP FUNCTION orders.line_worth;
DROP TYPE orders.lines_taken;

COMMIT;
