-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:identities from pg

BEGIN;

DROP FUNCTION orders.list_tokens;
DROP FUNCTION orders.revoke_token;
DROP FUNCTION orders.issue_token;
DROP FUNCTION orders.token_row;
DROP FUNCTION orders.login_identity;
DROP FUNCTION orders.token_identity;
DROP FUNCTION orders.identity_row;

COMMIT;
