-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:answer from pg

BEGIN;

DROP FUNCTION orders.more_of;
DROP FUNCTION orders.categories_of;
DROP FUNCTION orders.order_category;
DROP FUNCTION orders.addresses_of;
DROP FUNCTION orders.labels_of;
DROP FUNCTION orders.returns_of;
DROP FUNCTION orders.shipments_of;
DROP FUNCTION orders.invoices_of;
DROP FUNCTION orders.actors_of;
DROP FUNCTION orders.parties_of;
DROP FUNCTION orders.money_of;
DROP FUNCTION orders.rows_of;
DROP TYPE orders.answer;

COMMIT;
