-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:fulfilment on pg

SELECT 'orders.refuse_advance'::regproc;
SELECT 'orders.may_leave'::regproc;
SELECT 'orders.was_paid'::regproc;
SELECT 'orders.all_pieces_cancelled'::regproc;
SELECT 'orders.check_advance'::regproc;
SELECT 'orders.lock_goods'::regproc;
SELECT 'orders.expect_shipment'::regproc;
SELECT 'orders.deliver'::regproc;
SELECT 'orders.advance'::regproc;
SELECT 'orders.send_shipment'::regproc;
SELECT 'orders.shipment_from'::regproc;
SELECT 'orders.note_correction'::regproc;
SELECT 'orders.shipment_changes'::regproc;
SELECT 'orders.correct_shipment'::regproc;
SELECT 'orders.correct_address'::regproc;
SELECT 'orders.ship'::regproc;
SELECT 'orders.event_from'::regproc;
SELECT 'orders.was_said'::regproc;
SELECT 'orders.take_status'::regproc;
SELECT 'orders.put_event'::regproc;
SELECT 'orders.withdraw_event'::regproc;
SELECT 'orders.follow'::regproc;
SELECT 'orders.track'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.advance(integer, text, text, bigint, text, text, bytea, bigint, text, timestamptz, boolean, text, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.ship(integer, text, text, bigint, text, text, bytea, bigint, jsonb, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.track(integer, text, text, bigint, text, text, bytea, bigint, jsonb, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.correct_address(integer, text, text, bigint, text, text, bytea, bigint, jsonb, text[])', 'EXECUTE')::integer;
