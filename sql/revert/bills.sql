-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:bills from pg

BEGIN;

DROP FUNCTION orders.bill_order;
DROP FUNCTION orders.bill_series_at;
DROP TABLE orders.bill;

COMMIT;
