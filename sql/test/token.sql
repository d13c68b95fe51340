-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT id AS t1 FROM issue_token(77, 'operator', 'operator', 1, 'tokens', NULL, NULL, pg_temp.uid('alice'), '{user,reader}', 3600,
                                 sha256('secret'), 'sec') \gset
SELECT is((SELECT i::text FROM token_identity(77, sha256('secret')) AS i),
          ROW(77, pg_temp.uid('alice'), :t1, 'alice', 'alice', 'Alice', 'alice@example.com', 'user reader', now() + interval '1 hour')::text,
          'a token identifies its user');
SELECT is_empty($$SELECT * FROM token_identity(77, sha256('other'))$$, 'an unknown token has no user');
INSERT INTO tenant (id, name, currency) VALUES (78, 'other', 'USD');
SELECT is_empty($$SELECT * FROM token_identity(78, sha256('secret'))$$, 'a token is not valid in another tenant');
SELECT catalogue_upsert(78, 'operator', 'operator', NULL, 'put', NULL, NULL, 'users', 'eve', '{"name": "Eve"}') \g /dev/null
SELECT issue_token(78, 'operator', 'operator', 1, 'tokens', NULL, NULL, user_id_of(78, 'eve'), '{user}', NULL, sha256('secret'), 'sec') \g /dev/null
SELECT is((SELECT string_agg(n || ' ' || i.external_ref, ', ' ORDER BY n) FROM generate_series(76, 78) AS n, token_identity(n, sha256('secret')) AS i),
          '77 alice, 78 eve', 'another tenant can have a token with the same hash');
DELETE FROM token WHERE tenant_id = 78;
SELECT is_empty($$SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'orders.token'::regclass
                  AND indkey[0] <> (SELECT attnum FROM pg_attribute WHERE attrelid = indrelid AND attname = 'tenant_id')$$, 'tenant_id is the first column of every index of tokens');
SELECT is((SELECT count(*) FROM token WHERE hash = convert_to('secret', 'UTF8')), 0::bigint, 'only the hash is stored');
SELECT is((SELECT ROW(outcome, hash)::text FROM revoke_token(77, 'operator', 'operator', 1, 'tokens', NULL, NULL, :t1)),
          format('(done,%s)', encode(sha256('secret'), 'hex')), 'revoking returns the hash');
SELECT is_empty($$SELECT * FROM token_identity(77, sha256('secret'))$$, 'a revoked token has no user');
SELECT is((SELECT outcome FROM revoke_token(77, 'operator', 'operator', 1, 'tokens', NULL, NULL, :t1)), 'unchanged', 'revoking again changes nothing');
SELECT is(pg_temp.refusal('SELECT revoke_token(77, NULL, NULL, 1, NULL, NULL, NULL, 999999999)'), 'OR404 token_not_found', 'an unknown token is not found');
SELECT is(pg_temp.refusal($$SELECT issue_token(77, NULL, NULL, 1, NULL, NULL, NULL, 999999999, '{user}', NULL, sha256('x'), 'x')$$), 'OR422 user_not_found user', 'a token for an unknown user is refused');
SELECT is(pg_temp.refusal($$SELECT issue_token(77, NULL, NULL, 1, NULL, NULL, NULL, pg_temp.uid('off'), '{user}', NULL, sha256('x'), 'x')$$), 'OR422 user_not_found user', 'a token for an inactive user is refused');
SELECT is(pg_temp.refusal($$SELECT issue_token(77, NULL, NULL, 1, NULL, NULL, NULL, pg_temp.uid('bob'), '{user}', 0, sha256('x'), 'x')$$), 'OR422 invalid_field expires_in', 'a lifetime of 0 is refused');
SELECT lives_ok($$SELECT issue_token(77, NULL, NULL, 1, NULL, NULL, NULL, pg_temp.uid('bob'), '{user}', NULL, sha256('bobs'), 'bob')$$, 'a token without a lifetime is issued');
SELECT is((SELECT expires_at FROM token_identity(77, sha256('bobs'))), NULL, 'it has no expiry');
SELECT is(pg_temp.refusal(format('SELECT issue_token(77, NULL, NULL, 1, %L, %L, %L, pg_temp.uid(%L), %L, NULL, sha256(%L), %L)',
                                 'tokens', 'key ' || t.secret, '\x01', 'bob', '{user}', t.secret, 'x')),
          'OR422 idempotency_key_reused idempotency_key', t.what)
FROM (VALUES ('bobs', 'a new key with the secret of another token is refused'), ('secret', 'a new key with the secret of a revoked token is refused')) AS t (secret, what);
SELECT is((SELECT count(*) FROM idempotency WHERE tenant_id = 77 AND key LIKE 'key %'), 0::bigint, 'a refused request stores no key');
SELECT id AS t2 FROM issue_token(77, 'operator', 'operator', 1, 'tokens', 'again', '\x01', pg_temp.uid('alice'), '{user}', NULL, sha256('again'), 'aga') \gset
SELECT is((SELECT id FROM issue_token(77, 'operator', 'operator', 1, 'tokens', 'again', '\x01', pg_temp.uid('alice'), '{user}', NULL, sha256('again'), 'aga')),
          :t2::bigint, 'a repetition with the same hash is replayed');
SELECT is(pg_temp.refusal($$SELECT issue_token(77, 'operator', 'operator', 1, 'tokens', 'again', '\x01', pg_temp.uid('alice'), '{user}', NULL, sha256('changed'), 'cha')$$),
          'OR409 token_secret_changed', 'a repetition with another hash is refused');
SELECT is_empty($$SELECT * FROM token_identity(77, sha256('changed'))$$, 'it issues no token');
DELETE FROM token WHERE id = :t2;

SELECT is((SELECT count(*) FROM token WHERE hash IN (sha256('bobs'), sha256('secret'))), 2::bigint, 'no other token exists');
SELECT is_empty($$SELECT * FROM token_identity(77, sha256('secret'))$$, 'the revoked token stays revoked');
UPDATE token SET expires_at = clock_timestamp() - interval '1 second' WHERE hash = sha256('bobs');
SELECT is_empty($$SELECT * FROM token_identity(77, sha256('bobs'))$$, 'an expired token has no user');
UPDATE token SET expires_at = NULL WHERE hash = sha256('bobs');
UPDATE users SET active = false WHERE id = pg_temp.uid('bob');
SELECT is_empty($$SELECT * FROM token_identity(77, sha256('bobs'))$$, 'a token of an inactive user has no user');
SELECT is_empty($$SELECT * FROM login_identity(77, 'bob')$$, 'an inactive user cannot log in');
SELECT is((SELECT i::text FROM login_identity(77, 'alice') AS i), ROW(77, pg_temp.uid('alice'), NULL, 'alice', 'alice', 'Alice', 'alice@example.com', NULL, NULL)::text, 'a login has its user');
SELECT is_empty($$SELECT * FROM login_identity(1, 'alice')$$, 'a login is valid only in its tenant');
SELECT results_eq('SELECT user_ref, user_name, hint, scopes, revoked_at IS NULL FROM list_tokens(77, NULL, 10)', $$VALUES ('bob', 'Bob', 'bob', 'user', true), ('alice', 'Alice', 'sec', 'user reader', false)$$, 'tokens are listed newest first');
SELECT is((SELECT count(*) FROM list_tokens(77, (SELECT max(id) FROM token), 10)), 1::bigint, 'a list starts below its cursor');
SELECT is((SELECT count(*) FROM list_tokens(77, NULL, 1)), 1::bigint, 'a list has at most its limit');
SELECT is(pg_temp.broken($$INSERT INTO token (tenant_id, user_id, hash, scopes) VALUES (77, pg_temp.uid('alice'), 'short', '{user}')$$), 'token_hash_is_sha256', 'a hash has 32 bytes');
SELECT lives_ok($$INSERT INTO token (tenant_id, user_id, hash, hint, scopes) VALUES (77, pg_temp.uid('alice'), sha256('long'), 'ord_2147483647_abcd', '{user}')$$, 'the hint of a tenant with the longest id is accepted');
SELECT is(pg_temp.broken($$INSERT INTO token (tenant_id, user_id, hash, scopes) VALUES (77, pg_temp.uid('alice'), sha256('bobs'), '{user}')$$), 'token_hash_unique', 'a hash is unique within the tenant');
SELECT is(pg_temp.broken($$INSERT INTO token (tenant_id, user_id, hash, scopes) VALUES (77, pg_temp.uid('alice'), sha256('z'), '{"a b\"c"}')$$), 'token_scopes_are_words', 'a scope with other characters is refused');
SELECT lives_ok($$INSERT INTO token (tenant_id, user_id, hash, scopes) VALUES (77, pg_temp.uid('alice'), sha256('dots'), '{operator.read,operator.fulfil}')$$, 'a scope may have a dot');
SELECT is((SELECT scopes FROM token_identity(77, sha256('dots'))), 'operator.read operator.fulfil', 'the scopes of a token are read with their dots');
SELECT is(pg_temp.broken(format('INSERT INTO token (tenant_id, user_id, hash, scopes) VALUES (77, pg_temp.uid(%L), sha256(%L), %L)', 'alice', 'bad' || s, ARRAY[s])), 'token_scopes_are_words', format('the scope %L is refused', s))
FROM unnest('{.read,"operator.read ",Operator.read,"operator/read","operator..read?"}'::text[]) AS s;

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
