-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:cancel_rules from pg

BEGIN;

DROP TABLE orders.cancel_rule;

COMMIT;
