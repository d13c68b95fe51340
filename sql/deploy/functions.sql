-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:functions to pg
-- All functions and the version of the schema. Every release runs this file as a whole (docs/upgrading.md), and it may be run again.

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

-- Two sessions must not replace a function at the same time. This lock does not block reads of the version by the module.
LOCK TABLE orders.schema_version IN EXCLUSIVE MODE;

\ir ../rules/basics.sql
\ir ../reads/ids.sql
\ir ../rules/companies.sql
\ir ../rules/catalogue.sql
\ir ../rules/events.sql
\ir ../rules/number_series.sql
\ir ../rules/addresses.sql
\ir ../rules/packages.sql
\ir ../reads/readers.sql
\ir ../rules/idempotent_calls.sql
\ir ../rules/terminal.sql
\ir ../reads/identities.sql
\ir ../rules/tokens.sql
\ir ../rules/money.sql
\ir ../rules/due.sql
\ir ../rules/bills.sql
\ir ../rules/place.sql
\ir ../rules/refund_lines.sql
\ir ../rules/stock.sql
\ir ../rules/terms.sql
\ir ../rules/moves.sql
\ir ../rules/refund.sql
\ir ../rules/returns.sql
\ir ../reads/stock.sql
\ir ../rules/stock_counts.sql
\ir ../rules/settle.sql
\ir ../rules/payment_events.sql
\ir ../rules/event_reviews.sql
\ir ../rules/provider_notices.sql
\ir ../rules/event_resolution.sql
\ir ../rules/cancel.sql
\ir ../rules/worker.sql
\ir ../rules/retention.sql
\ir ../rules/webhooks.sql
\ir ../rules/webhook_queue.sql
\ir ../rules/exports.sql
\ir ../rules/balances.sql
\ir ../rules/documents.sql
\ir ../rules/settings.sql
\ir ../rules/company_upsert.sql
\ir ../rules/package_upsert.sql
\ir ../rules/catalogue_upsert.sql
\ir ../reads/catalogue.sql
\ir ../rules/catalogue_patch.sql
\ir ../rules/goods.sql
\ir ../rules/place_order.sql
\ir ../rules/quote.sql
\ir ../rules/reorders.sql
\ir ../rules/sales.sql
\ir ../rules/consumers.sql
\ir ../rules/pay_links.sql
\ir ../rules/captures.sql
\ir ../rules/reconciliation.sql
\ir ../rules/invoicing.sql
\ir ../rules/fulfilment.sql
\ir ../rules/member_orders.sql
\ir ../reads/due_work.sql
\ir ../reads/invoices.sql
\ir ../reads/returns.sql
\ir ../reads/lists.sql
\ir ../reads/summary.sql
\ir ../reads/reconciliations.sql
\ir ../reads/sales.sql
\ir ../reads/provider_events.sql
\ir ../reads/webhooks.sql
\ir ../reads/exports.sql
\ir ../reads/metrics.sql
\ir ../reads/feed.sql
\ir ../reads/portable.sql
\ir ../rules/import_values.sql
\ir ../rules/import_history.sql
\ir ../rules/import_money.sql
\ir ../rules/import_goods.sql
\ir ../rules/imports.sql
\ir ../reads/reports.sql
\ir ../reads/checks.sql
\ir ../rules/plan_cache.sql
\ir ../rules/version.sql

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA orders, orders_v1 FROM PUBLIC;

COMMIT;
