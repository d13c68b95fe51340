-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:cancel_rules from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.cancel_rule;

COMMIT;
