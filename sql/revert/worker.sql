-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:worker from pg

BEGIN;

DROP FUNCTION orders.mark_outbox;
DROP FUNCTION orders.is_last_try;
DROP FUNCTION orders.next_try;
DROP FUNCTION orders.claim_outbox;
DROP FUNCTION orders.purge_idempotency;
DROP FUNCTION orders.expire_due;
DROP FUNCTION orders.due_refunds;
DROP FUNCTION orders.due_intents;

COMMIT;
