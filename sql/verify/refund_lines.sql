-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:refund_lines on pg

SELECT NULL::orders.lines_taken;
SELECT 'orders.line_worth'::regproc;
SELECT 'orders.worth_of_pieces'::regproc;
SELECT 'orders.pieces_worth'::regproc;
SELECT 'orders.take_line'::regproc;
SELECT 'orders.refund_unit'::regproc;
SELECT 'orders.amount_of_lines'::regproc;
SELECT 'orders.take_lines'::regproc;
SELECT 'orders.split_lines'::regproc;
SELECT 'orders.shares_of_lines'::regproc;
SELECT 'orders.put_lines_back'::regproc;
SELECT 'orders.refunded_pieces'::regproc;
