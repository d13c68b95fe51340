-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:operator_scopes to pg
-- The new rule accepts every value that the former one accepts, so no row needs to be checked: NOT VALID avoids reading all tokens under
-- the lock.

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

ALTER TABLE orders.token
    DROP CONSTRAINT token_scopes_are_words,
    ADD CONSTRAINT token_scopes_are_words
        CHECK (array_to_string(scopes, ' ', '?') ~ '^([a-z][a-z0-9:._-]*( [a-z][a-z0-9:._-]*)*)?$') NOT VALID;

COMMIT;
