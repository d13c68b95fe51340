-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:reports from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TYPE orders_v1.receivable_row;
DROP TYPE orders_v1.tax_row;
DROP TYPE orders_v1.sales_row;

COMMIT;
