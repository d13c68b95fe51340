-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:functions to pg
-- All functions and the version of the schema. Every release runs this file as a whole (docs/upgrading.md), and it may be run again.

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

-- Two sessions must not replace a function at the same time. The module goes on reading.
LOCK TABLE orders.schema_version IN EXCLUSIVE MODE;

\ir ../functions/basics.sql
\ir ../functions/users.sql
\ir ../functions/companies.sql
\ir ../functions/catalogue.sql
\ir ../functions/events.sql
\ir ../functions/orders.sql
\ir ../functions/places.sql
\ir ../functions/packages.sql
\ir ../functions/readers.sql
\ir ../functions/idempotent_calls.sql
\ir ../functions/terminal.sql
\ir ../functions/identities.sql
\ir ../functions/money.sql
\ir ../functions/due.sql
\ir ../functions/bills.sql
\ir ../functions/place.sql
\ir ../functions/refund_lines.sql
\ir ../functions/stock.sql
\ir ../functions/terms.sql
\ir ../functions/moves.sql
\ir ../functions/refund.sql
\ir ../functions/returns.sql
\ir ../functions/settle.sql
\ir ../functions/payment_events.sql
\ir ../functions/event_reviews.sql
\ir ../functions/cancel.sql
\ir ../functions/worker.sql
\ir ../functions/balances.sql
\ir ../functions/documents.sql
\ir ../functions/company_upsert.sql
\ir ../functions/package_upsert.sql
\ir ../functions/catalogue_upsert.sql
\ir ../functions/goods.sql
\ir ../functions/place_order.sql
\ir ../functions/reorders.sql
\ir ../functions/sales.sql
\ir ../functions/consumers.sql
\ir ../functions/pay_links.sql
\ir ../functions/captures.sql
\ir ../functions/invoicing.sql
\ir ../functions/fulfilment.sql
\ir ../functions/member_orders.sql
\ir ../functions/checks.sql
\ir ../functions/plans.sql
\ir ../functions/version.sql

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA orders, orders_v1 FROM PUBLIC;

COMMIT;
