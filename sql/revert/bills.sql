-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:bills from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.bill_document;
DROP TABLE orders.bill;

COMMIT;
