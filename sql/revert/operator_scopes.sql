-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:operator_scopes from pg
-- Tokens lose the scopes that the former rule refuses.

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

UPDATE orders.token t
SET scopes = ARRAY(SELECT s.scope FROM unnest(t.scopes) WITH ORDINALITY AS s (scope, position)
                   WHERE strpos(s.scope, '.') = 0 ORDER BY s.position)
WHERE strpos(array_to_string(t.scopes, ' ', '?'), '.') > 0;
ALTER TABLE orders.token
    DROP CONSTRAINT token_scopes_are_words,
    ADD CONSTRAINT token_scopes_are_words
        CHECK (array_to_string(scopes, ' ', '?') ~ '^([a-z][a-z0-9:_-]*( [a-z][a-z0-9:_-]*)*)?$');

COMMIT;
