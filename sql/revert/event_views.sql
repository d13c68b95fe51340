-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:event_views from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TYPE orders_v1.event_view;
DROP TYPE orders_v1.event_step_view;

COMMIT;
