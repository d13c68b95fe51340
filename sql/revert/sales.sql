-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:sales from pg

BEGIN;

DROP FUNCTION orders.check_sale_refund;
DROP FUNCTION orders.read_sale;
DROP FUNCTION orders.list_sales;
DROP FUNCTION orders.refund_sale;
DROP FUNCTION orders.check_refund_transaction;
DROP FUNCTION orders.left_on_card;
DROP FUNCTION orders.note_terminal_refund;
DROP FUNCTION orders.check_terminal_refund;
DROP FUNCTION orders.cancel_sale;
DROP FUNCTION orders.settle_sale;
DROP FUNCTION orders.check_terminal_id;
DROP FUNCTION orders.place_cart;
DROP FUNCTION orders.sale_head;
DROP FUNCTION orders.lock_cart;
DROP FUNCTION orders.lock_sale;
DROP FUNCTION orders.order_by_number;

COMMIT;
