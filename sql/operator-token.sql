-- SPDX-License-Identifier: Apache-2.0
--
-- Creates an operator and prints a bearer token for it, once. Run it as a superuser or as a member of orders_owner:
--
--   psql -X -q -A -t -d shop -f operator-token.sql
--
-- Variables (psql -v name=value): tenant (default 1), ref, the operator's external reference (default staff), and name
-- (default Staff). The token is valid for this tenant. The database stores only its SHA-256. Each run issues one more token; list and revoke tokens
-- with the operator API.

\set ON_ERROR_STOP 1
\if :{?tenant}
\else
\set tenant 1
\endif
\if :{?ref}
\else
\set ref staff
\endif
\if :{?name}
\else
\set name Staff
\endif

-- 32 bytes of two random UUIDs, 244 bits of which are random, as base64url without padding.
SELECT 'ord_' || :tenant || '_' || translate(rtrim(encode(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'base64'), '='),
                           '+/', '-_') AS token
\gset

BEGIN;
SELECT outcome FROM orders_v1.catalogue_upsert(:tenant, 'operator', 'operator', NULL, 'setup', NULL, NULL,
                                         'users', :'ref', jsonb_build_object('name', :'name'))
\gset user_
SELECT outcome FROM orders_v1.issue_token(:tenant, 'operator', 'operator', NULL, 'setup', NULL, NULL,
                                    orders_v1.user_id_of(:tenant, :'ref'), '{operator}', NULL,
                                    sha256(convert_to(:'token', 'UTF8')), left(:'token', length('ord__') + length(:'tenant') + 4))
\gset token_
COMMIT;
\echo :token
