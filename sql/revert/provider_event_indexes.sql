-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:provider_event_indexes from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP INDEX orders.provider_event_unresolved;
DROP INDEX orders.provider_event_refused;

COMMIT;
