-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:domains from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP DOMAIN orders.return_state;
DROP DOMAIN orders.event_subject;
DROP DOMAIN orders.address_kind;
DROP DOMAIN orders.redemption_state;
DROP DOMAIN orders.refund_status;
DROP DOMAIN orders.entry_type;
DROP DOMAIN orders.payment_status;
DROP DOMAIN orders.line_kind;
DROP DOMAIN orders.fulfilment_state;
DROP DOMAIN orders.payment_state;
DROP DOMAIN orders.order_state;
DROP DOMAIN orders.api;
DROP DOMAIN orders.idempotency_key;
DROP DOMAIN orders.order_notes;
DROP DOMAIN orders.order_number;
DROP DOMAIN orders.currency_code;
DROP DOMAIN orders.kept_answer;
DROP DOMAIN orders.json_array;
DROP DOMAIN orders.json_object;

COMMIT;
