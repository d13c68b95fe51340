-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:reconciliation on pg

SELECT 'provider_notice'::orders.due_kind, 'reconciliation'::orders.due_kind;
SELECT tenant_id, id, channel, provider, source, state, from_at, to_at, scheduled, requested_by, stage, page, pages, after_key, compared_at, entries,
       matched, different, unsettled, ignored, transactions, missing_there, error_code, error_message, created_at, updated_at, finished_at
FROM orders.reconciliation WHERE false;
SELECT tenant_id, reconciliation_id, currency, kind, here_count, here_amount, there_count, there_amount, matched_count, matched_amount
FROM orders.reconciliation_sum WHERE false;
SELECT tenant_id, channel, transaction_id, reconciliation_id, kind, amount, currency, occurred_at, payment_key, intent_id, capture_id, reported_at
FROM orders.reconciliation_entry WHERE false;
SELECT tenant_id, id, channel, provider, reconciliation_id, transaction_id, kind, payment_id, refund_id, there_kind, there_amount, there_currency,
       occurred_at, payment_key, intent_id, capture_id, here_kind, here_amount, here_currency, recorded_at, state, resolution, resolved_at,
       resolved_by, comment, created_at, updated_at
FROM orders.reconciliation_difference WHERE false;
SELECT tenant_id, id, created_at, channel, kind, transaction_id, payment_id, order_id, order_number, refund_id, there_kind, there_amount,
       there_currency, occurred_at, payment_key, intent_id, capture_id, here_kind, here_amount, here_currency, recorded_at, reconciliation_id
FROM orders.open_reconciliation_differences WHERE false;
SELECT NULL::orders_v1.reconciliation_task, NULL::orders_v1.reconciliation_entry, NULL::orders_v1.reconciliation_sum_view,
       NULL::orders_v1.reconciliation_view, NULL::orders_v1.difference_view, NULL::orders_v1.written_reconciliation,
       NULL::orders_v1.written_difference;
