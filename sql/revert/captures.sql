-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:captures from pg

BEGIN;

DROP FUNCTION orders.due_captures;
DROP FUNCTION orders.capture_not_made;
DROP FUNCTION orders.await_capture;
DROP FUNCTION orders.begin_capture;
DROP FUNCTION orders.capture_row;

COMMIT;
