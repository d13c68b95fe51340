-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:invoices from pg

BEGIN;

DROP TABLE orders.invoice;
DROP FUNCTION orders.refuse_change;

COMMIT;
