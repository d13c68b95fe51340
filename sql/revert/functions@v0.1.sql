-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:functions@v0.1 from pg
-- Empty: the change functions at the end of the plan installs all functions.

BEGIN;
SET LOCAL lock_timeout = '500ms';

COMMIT;
