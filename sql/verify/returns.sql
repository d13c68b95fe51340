-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:returns on pg

SELECT NULL::orders.return_piece;
SELECT 'orders.read_return_lines'::regproc;
SELECT 'orders.pieces_left'::regproc;
SELECT 'orders.same_return'::regproc;
SELECT 'orders.check_returnable'::regproc;
SELECT 'orders.refuse_lines'::regproc;
SELECT 'orders.check_return_lines'::regproc;
SELECT 'orders.count_returned'::regproc;
SELECT 'orders.put_return'::regproc;
SELECT 'orders.request_return'::regproc;
SELECT 'orders.all_is_back'::regproc;
SELECT 'orders.receive_return'::regproc;
SELECT 'orders.take_return'::regproc;
SELECT 'orders.refund_return'::regproc;
SELECT 'orders.state_after_action'::regproc;
SELECT 'orders.check_resolvable'::regproc;
SELECT 'orders.move_return_to'::regproc;
SELECT 'orders.resolve_return'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.request_return(integer, text, text, bigint, text, text, bytea, bigint, bigint, jsonb, text, integer, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.resolve_return(integer, text, text, bigint, text, text, bytea, bigint, text, text, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders.list_returns(integer, text, integer, bigint)', 'EXECUTE')::integer;
