-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:cancel from pg

BEGIN;

DROP FUNCTION orders.cancel;
DROP FUNCTION orders.try_cancel;
DROP FUNCTION orders.cancel_order;
DROP FUNCTION orders.cancel_effect;
DROP TABLE orders.cancel_rule;

COMMIT;
