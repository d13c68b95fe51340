-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:payments on pg

SELECT tenant_id, id, order_id, method, channel, provider, status, amount, currency, captured, refunded,
       refunding, surplus, payable_unit, intent_id, reference, transaction_id, failure_code, failure_message, pay_url, return_url,
       metadata, created_at, updated_at, captured_at, expires_at, provider_key,
       capture_asked_at
FROM orders.payment WHERE false;
SELECT tenant_id, id, order_id, payment_id, status, amount, currency, reason, lines, return_id, surplus, reference,
       failure_code, failure_message, prior_state, attempts, metadata, created_at, updated_at,
       settled_at, provider_key
FROM orders.refund WHERE false;
SELECT tenant_id, provider, transaction_id, kind, payment_id, refund_id, amount, currency, created_at
FROM orders.provider_transaction WHERE false;
SELECT tenant_id, id, channel, event_id, type, raw_type, payment_key, payment_id, intent_id, transaction_id, capture_id, amount, currency,
       code, message, payer, verdict, attempts, refusal, detail, received_at, judged_at, reported_at
FROM orders.provider_event WHERE false;
SELECT tenant_id, id, received_at, channel, event_id, type, raw_type, verdict, attempts, refusal, detail, payment_key, payment_id,
       order_id, order_number, intent_id, transaction_id, capture_id, amount, currency, code, message
FROM orders.unresolved_provider_events WHERE false;
