-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:moves on pg

SELECT 'orders.system_context'::regproc;
SELECT 'orders.acting_as'::regproc;
SELECT 'orders.version_tag'::regproc;
SELECT 'orders.lock_order'::regproc;
SELECT 'orders.last_state'::regproc;
SELECT 'orders.is_sent'::regproc;
SELECT 'orders.awaits_shipping'::regproc;
SELECT 'orders.add_closing_step'::regproc;
SELECT 'orders.settle_stock'::regproc;
SELECT 'orders.move_order'::regproc;
SELECT 'orders.move_return'::regproc;
SELECT 'orders.is_due'::regproc;
SELECT 'orders.as_of_now'::regproc;
SELECT 'orders.close_payments'::regproc;
SELECT 'orders.is_capture_in_doubt'::regproc;
SELECT 'orders.as_confirming'::regproc;
SELECT 'orders.close_order'::regproc;
SELECT 'orders.close_expired'::regproc;
SELECT 'orders.expire_order'::regproc;
SELECT 'orders.note_transaction'::regproc;
SELECT 'orders.is_by_hand'::regproc;
SELECT 'orders.has_transactions'::regproc;
SELECT 'orders.states_of'::regproc;
