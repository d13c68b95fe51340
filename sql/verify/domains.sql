-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:domains on pg

SELECT NULL::orders.json_object;
SELECT NULL::orders.json_array;
SELECT NULL::orders.kept_answer;
SELECT NULL::orders.currency_code;
SELECT NULL::orders.order_number;
SELECT NULL::orders.order_notes;
SELECT NULL::orders.idempotency_key;
SELECT NULL::orders.api;
SELECT NULL::orders.order_state;
SELECT NULL::orders.payment_state;
SELECT NULL::orders.fulfilment_state;
SELECT NULL::orders.line_kind;
SELECT NULL::orders.payment_status;
SELECT NULL::orders.entry_type;
SELECT NULL::orders.refund_status;
SELECT NULL::orders.redemption_state;
SELECT NULL::orders.address_kind;
SELECT NULL::orders.event_subject;
SELECT NULL::orders.return_state;
