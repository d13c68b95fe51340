-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:reconciliation from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

COMMIT;
