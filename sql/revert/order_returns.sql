-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:order_returns from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

ALTER TABLE orders.refund DROP CONSTRAINT refund_return_exists;
DROP TABLE orders.return_line;
DROP TABLE orders.order_return;

COMMIT;
