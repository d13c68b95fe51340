-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:schema_version from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.schema_version;

COMMIT;
