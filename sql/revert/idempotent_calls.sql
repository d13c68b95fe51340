-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:idempotent_calls from pg

BEGIN;

DROP FUNCTION orders.finish;
DROP FUNCTION orders.finish_rows;
DROP FUNCTION orders.result_row;
DROP FUNCTION orders.without_nulls;
DROP FUNCTION orders.replay;
DROP FUNCTION orders.claim_key;
DROP TYPE orders.claim;
DROP TYPE orders.context;

COMMIT;
