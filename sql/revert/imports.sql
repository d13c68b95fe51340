-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:imports from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TYPE orders_v1.refund_shares;
ALTER TABLE orders.number_series DROP COLUMN skipped;
DROP TABLE orders.imported_order;

COMMIT;
