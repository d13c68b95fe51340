-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:restocked_returns to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

-- NOT VALID: every existing row has the default.
ALTER TABLE orders.return_line
    ADD COLUMN restocked integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT return_line_restocked_within_quantity CHECK (restocked BETWEEN 0 AND quantity) NOT VALID;

COMMENT ON COLUMN orders.return_line.restocked IS 'Items that were added to the stock when the return was received';

COMMIT;
