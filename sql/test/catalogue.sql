-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.put(p_kind text, p_ref text, p_document text) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.catalogue_upsert(77, 'operator', 'operator', NULL, 'put', NULL, NULL, p_kind, p_ref, p_document::jsonb)
$$;
SELECT is(pg_temp.put('users', 'new', '{"name": "N"}'), 'created', 'a user is created');
SELECT is(pg_temp.put('users', 'new', '{"name": "N"}'), 'unchanged', 'the same document changes nothing');
SELECT is(pg_temp.put('users', 'new', '{"name": "M", "phone": "1"}'), 'updated', 'a different document updates the user');
SELECT is(pg_temp.put('users', 'new', '{"name": "M"}'), 'updated', 'a document without a member is accepted');
SELECT is((SELECT phone FROM users WHERE tenant_id = 77 AND external_ref = 'new'), NULL, 'a missing member is reset');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.put(%L, %L, %L)', c.kind, c.ref, c.document)), 'OR422 ' || c.refusal, concat(c.kind, ' ', c.document, ' is refused with ', c.refusal))
FROM (VALUES
    ('shoes', 'x', '{}', 'unknown_kind kind'), ('users', '', '{"name": "x"}', 'invalid_field ref'), ('users', 'x', '[]', 'invalid_field'),
    ('users', 'x', '{"name": "x", "login": "alice"}', 'invalid_field login'),
    ('plans', 'x', '{"name": "x", "price": -1, "currency": "USD"}', 'invalid_field price'),
    ('plans', 'x', '{"name": "x", "price": 1.5, "currency": "USD"}', 'invalid_field price'), ('plans', 'x', '{"name": "x", "price": "1", "currency": "USD"}', 'invalid_field price'),
    ('plans', 'x', '{"name": "x", "price": 1e400, "currency": "USD"}', 'invalid_field price'),
    ('plans', 'x', '{"name": "x", "price": 1, "currency": "XXX"}', 'currency_unknown currency'),
    ('plans', 'x', '{"name": "x", "price": 1, "currency": "USD", "slug": "basic"}', 'invalid_field slug'),
    ('plans', 'x', '{"name": "x", "price": 1, "currency": "USD", "duration_unit": "month"}', 'required_field duration_value'),
    ('plans', 'x', '{"name": "x", "price": 1, "currency": "USD", "duration_value": 2}', 'invalid_field duration_value'),
    ('billing-options', 'x', '{"plan": "nix", "name": "x", "price": 1}', 'plan_not_found plan'),
    ('coupons', 'x', '{}', 'required_field percent_bp'), ('coupons', 'x', '{"percent_bp": 1, "amount": 1, "currency": "USD"}', 'invalid_field amount'),
    ('coupons', 'x', '{"amount": 5}', 'required_field currency'), ('coupons', 'x', '{"percent_bp": 10001}', 'invalid_field percent_bp'),
    ('coupons', 'x', '{"percent_bp": 1, "code": "ten"}', 'invalid_field code'), ('coupons', 'x', '{"percent_bp": 1, "minimum": 5}', 'invalid_field currency'),
    ('coupons', 'x', '{"percent_bp": 1, "starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}', 'invalid_field starts_at'),
    ('tax-rates', 'x', '{"tax_class": "std", "key": "CGST", "rate_bp": 1}', 'invalid_field'), ('tax-rates', 'x', '{"tax_class": "a", "key": "b", "rate_bp": 10001}', 'invalid_field rate_bp'),
    ('labels', 'x', '{"type": "order_status", "word": "paid", "language": "e", "text": "x"}', 'invalid_field language'),
    ('payment-channels', 'x', '{"provider": "manual"}', 'invalid_field provider'), ('payment-channels', 'Not a word', '{"provider": "p"}', 'invalid_field ref'),
    ('payment-channels', 'x', '{"currencies": ["XXX"]}', 'currency_unknown currencies[0]')
) AS c (kind, ref, document, refusal);

SELECT is(pg_temp.refusal(format('SELECT pg_temp.put(%L, %L, %L)', 'products', 'x', d.document)), 'OR422 ' || d.refusal, concat(d.document, ' is refused with ', d.refusal))
FROM (VALUES
    ('{"name": "x", "variants": [{"ref": "a", "prices": {"EURO": 1}}]}', 'currency_unknown variants[0].prices.EURO'),
    ('{"name": "x", "variants": [{"ref": "a", "prices": {"": 1}}]}', 'currency_unknown variants[0].prices.')
) AS d (document, refusal);
SELECT is(pg_temp.put('users', 'echo', '{"name": "x", "kind": "users", "ref": "echo", "id": 7, "result": "created", "metadata": {"anything": {"goes": 1}}}'), 'created', 'members of a response are accepted in a document');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.put(%L, %L, %L)', 'users', 'echo', '{"name": "x", "ref": "other"}')), 'OR422 invalid_field ref', 'a reference other than that of the request is refused');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.put(%L, %L, %L)', 'users', 'echo', '{"name": "x", "kind": "plans"}')), 'OR422 invalid_field kind', 'a kind other than that of the request is refused');

SELECT is((SELECT string_agg(coalesce(outcome, '-') || coalesce(' ' || field, ''), ', ' ORDER BY n)
    FROM catalogue_bulk(77, 'operator', 'operator', NULL, 'bulk', NULL, NULL, ARRAY[
        '{"kind": "users", "ref": "b1", "name": "B"}', '{"kind": "plans", "ref": "b2", "name": "B", "price": -1, "currency": "USD"}', '{"kind": "users", "ref": "b1", "name": "B"}',
        '{"ref": "b3"}', '5']::jsonb[]) WITH ORDINALITY AS r (outcome, id, replayed, kind, ref, document, variants, detail, field, n)),
    'created, invalid_field price, unchanged, unknown_kind kind, invalid_field ref', 'a refused line does not affect other lines');

SELECT is(pg_temp.put('users', 'signs', E'{"name": "\u00a0\u00c4\u4e2d \\u2026~"}'), 'created', 'printable characters of other scripts are accepted');
SELECT is(pg_temp.put('plans', 'lines', '{"name": "x", "price": 1, "currency": "USD", "description": "a\tb\nc\r\nd"}'), 'created', 'a description may have several lines');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.put(%L, %L, %L)', 'users', 'a' || x.sign || 'b', '{"name": "x"}')),
          'OR422 invalid_field ref', format('a reference with U+%s is refused', to_hex(ascii(x.sign))))
FROM unnest(ARRAY[E'\n', E'\r', E'\t', E'\u0001', E'\u001f', E'\u007f', E'\u0080', E'\u009f']) AS x (sign);
SELECT is((SELECT string_agg(concat_ws(' ', (b.r).outcome, (b.r).field), ', ')
    FROM (SELECT r FROM catalogue_bulk(77, 'operator', 'operator', NULL, 'bulk', NULL, NULL, ARRAY[
        '{"kind": "users", "ref": "c\r\n1", "name": "C"}', '{"kind": "users", "ref": "c1", "name": "C"}']::jsonb[]) AS r) AS b),
    'invalid_field ref, created', 'a bulk refuses references with control characters');

SELECT is(pg_temp.put('coupons', 'time', format('{"percent_bp": 1, "starts_at": "%s"}', t.text)), t.code, t.text || ' is accepted as a time')
FROM (VALUES ('2026-01-01T10:30Z', 'created'), ('2026-01-01T10:30:00.000Z', 'unchanged'), ('2026-01-01T16:15:00.000000000+05:45', 'unchanged'),
             ('2026-01-02T02:29+15:59', 'unchanged'), ('2026-01-01T10:30:00.25-00:00', 'updated')) AS t (text, code);
SELECT is((SELECT starts_at FROM coupon WHERE tenant_id = 77 AND external_ref = 'time'), '2026-01-01T10:30:00.25Z', 'a fraction of a second is kept');
SELECT is(pg_temp.put('coupons', 'time', '{"percent_bp": 1, "starts_at": "0001-01-01T00:00:00Z", "ends_at": "9999-12-31T23:59:59Z"}'), 'updated', 'the first and the last time are accepted');
SELECT is(pg_temp.put('users', 'long', jsonb_build_object('name', repeat('x', 200))::text), 'created', 'a text of 200 characters is accepted');
SELECT is(pg_temp.put('plans', 'object', '{"name": "x", "price": 1, "currency": "USD", "features": {"a": 1}}'), 'created', 'features may be an object');

CREATE FUNCTION pg_temp.raise_phone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'words of the server' USING ERRCODE = NEW.phone, DETAIL = 'more of them', HINT = 'a hint of the server';
END
$$;
CREATE TRIGGER raise_phone BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.phone IS NOT NULL) EXECUTE FUNCTION pg_temp.raise_phone();
CREATE FUNCTION pg_temp.bulk(p_state text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', (b.r).outcome, (b.r).field, (b.r).detail), ', ')
    FROM (SELECT r FROM orders_v1.catalogue_bulk(77, 'operator', 'operator', NULL, 'bulk', NULL, NULL, ARRAY[
        jsonb_build_object('kind', 'users', 'ref', p_state || ' 1', 'name', 'A'),
        jsonb_build_object('kind', 'users', 'ref', p_state || ' 2', 'name', 'B', 'phone', p_state),
        jsonb_build_object('kind', 'users', 'ref', p_state || ' 3', 'name', 'C')]) AS r) AS b
$$;
SELECT is(pg_temp.bulk(x.state), 'created, invalid_field This entry has a value that cannot be stored., created', 'the error ' || x.state || ' refuses only its line')
FROM unnest('{22001,22003,22007,22008,22009,22021,22P02,22P05}'::text[]) AS x (state);
SELECT is(pg_temp.refusal(format('SELECT pg_temp.bulk(%L)', x.state)), x.state || ' words of the server', 'the error ' || x.state || ' aborts the bulk')
FROM unnest('{22000,22004,22012,22023,23000,23502,23503,23P01,40001,40P01,55P03,53200,P0001,XX000}'::text[]) AS x (state);
CREATE FUNCTION pg_temp.cancelled() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN pg_temp.bulk('57014');
EXCEPTION WHEN query_canceled THEN
    RETURN SQLSTATE;
END
$$;
SELECT is(pg_temp.cancelled(), '57014', 'a cancelled statement ends the bulk');
DROP TRIGGER raise_phone ON users;
SELECT is((SELECT string_agg(concat_ws(' ', (b.r).outcome, (b.r).field), ', ')
    FROM (SELECT r FROM catalogue_bulk(77, 'operator', 'operator', NULL, 'bulk', NULL, NULL, ARRAY[
        '{"kind": "coupons", "ref": "t1", "percent_bp": 1}', '{"kind": "coupons", "ref": "t2", "percent_bp": 1, "ends_at": "2026-01-01T00:00:00+99:99"}',
        '{"kind": "coupons", "ref": "t3", "percent_bp": 1}']::jsonb[]) AS r) AS b),
    'created, invalid_field, created', 'an invalid time does not affect other lines');

SELECT isnt(pg_temp.buy('alice', p_coupon => 'TEN'), NULL, 'a coupon without a limit is used');
SELECT isnt(pg_temp.buy('alice', p_coupon => 'TEN'), NULL, 'it is used again');
SELECT is(pg_temp.refusal($$SELECT pg_temp.put('coupons', 'ten', '{"percent_bp": 1000, "max_uses": 1}')$$), 'OR422 invalid_field max_uses', 'a limit below the current uses is refused');
SELECT is(pg_temp.refusal($$SELECT pg_temp.put('coupons', 'ten', '{"percent_bp": 1000, "max_uses_per_user": 1}')$$), 'OR422 invalid_field max_uses_per_user', 'a limit per user below the current uses is refused');
SELECT is(pg_temp.put('coupons', 'ten', '{"percent_bp": 1000, "max_uses": 3}'), 'updated', 'a higher limit is accepted');
SELECT is((SELECT used FROM coupon WHERE tenant_id = 77 AND code_key = 'TEN'), 2, 'the limit counts earlier uses');
SELECT isnt(pg_temp.buy('bob', p_coupon => 'TEN'), NULL, 'the last use is accepted');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('bob', p_coupon => 'TEN')$$), 'OR422 coupon_used_up coupon_code', 'a use above the limit is refused');

SELECT is(user_id_of(77, 'alice'), pg_temp.uid('alice'), 'a user is found by reference');
SELECT is(user_id_of(77, pg_temp.uid('alice')::text), NULL, 'a user is not found by id');
SELECT is(user_id_of(1, pg_temp.uid('alice')::text), NULL, 'a user of another tenant is not found');
SELECT is(user_id_of(77, '99999999999999999999999'), NULL, 'a number out of range matches no user');
SELECT is(pg_temp.put('users', (pg_temp.uid('alice') + 1)::text, '{"name": "Digits"}'), 'created', 'a reference may consist of digits');
SELECT isnt(user_id_of(77, (pg_temp.uid('alice') + 1)::text), pg_temp.uid('alice') + 1, 'a reference of digits does not match an id');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
