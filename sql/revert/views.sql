-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:views from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP VIEW orders_v1.pending_refund, orders_v1.user_text, orders_v1.order_text;
DROP TYPE orders_v1.mail_task, orders_v1.refund_task, orders_v1.payment_task, orders_v1.printable_invoice, orders_v1.label_view,
    orders_v1.identity, orders_v1.written_token, orders_v1.claim_result, orders_v1.posted, orders_v1.token_view, orders_v1.profile_view,
    orders_v1.stored, orders_v1.written;
DROP VIEW orders_v1.order_view;
DROP FUNCTION orders_v1.cancel_reason(integer, bigint), orders_v1.is_paid_by_link(text),
    orders_v1.is_payable(text, text, timestamptz);
DROP TYPE orders_v1.return_view, orders_v1.tracking_view, orders_v1.shipment_view, orders_v1.invoice_view, orders_v1.step_view,
    orders_v1.address_view, orders_v1.tax_view, orders_v1.company_view, orders_v1.user_view, orders_v1.posting_view,
    orders_v1.balance_view, orders_v1.refund_view, orders_v1.payment_view, orders_v1.line_view;

COMMIT;
