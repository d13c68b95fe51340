-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:invoices from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.invoice;
DROP FUNCTION orders.refuse_change;

COMMIT;
