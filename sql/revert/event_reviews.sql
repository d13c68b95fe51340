-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:event_reviews from pg

BEGIN;

DROP FUNCTION orders.refused_provider_events;
DROP FUNCTION orders.review_provider_event;
DROP FUNCTION orders.due_provider_events;
DROP FUNCTION orders.end_waiting_event;

COMMIT;
