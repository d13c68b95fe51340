-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:types from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP SCHEMA orders_v1 CASCADE;

COMMIT;
