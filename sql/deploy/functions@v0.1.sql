-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:functions@v0.1 to pg
-- Empty: the change functions at the end of the plan installs all functions.

BEGIN;
SET LOCAL lock_timeout = '500ms';

COMMIT;
