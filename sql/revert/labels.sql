-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:labels from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.tenant_label;
DROP TABLE orders.label;

COMMIT;
