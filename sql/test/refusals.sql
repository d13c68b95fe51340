-- SPDX-License-Identifier: Apache-2.0
-- The parts of a refusal survive every hop between the function and the module. A distributed database forwards SQLSTATE, MESSAGE,
-- DETAIL and HINT and drops the rest; there, names of tables and constraints end in a number.
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.fields(p_sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_code   text;
    v_detail text;
    v_hint   text;
    v_column text;
BEGIN
    EXECUTE p_sql;
    RETURN 'no refusal';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_code = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT, v_column = COLUMN_NAME;
    RETURN concat_ws('|', SQLSTATE, v_code, v_detail, v_hint, v_column);
END
$$;
SELECT is(pg_temp.fields('SELECT refuse(' || c.arguments || ')'), 'OR422|a_code|A sentence.|' || c.hint || '|', c.what)
FROM (VALUES
    ($$'422', 'a_code', 'A sentence.'$$, '', 'a refusal of the whole request has no field'),
    ($$'422', 'a_code', 'A sentence.', ''$$, '', 'an empty field is omitted'),
    ($$'422', 'a_code', 'A sentence.', 'lines[1].qty'$$, '{"field": "lines[1].qty"}', 'a refusal has its field'),
    ($$'422', 'a_code', 'A sentence.', 'a"\é'$$, '{"field": "a\"\\é"}', 'special characters of a field are escaped'),
    ($$'422', 'a_code', 'A sentence.', NULL, '{"a": null}'$$, '{"extras": {"a": null}}', 'further members are in extras'),
    ($$'422', 'a_code', 'A sentence.', 'b', '{"field": 1}'$$, '{"field": "b", "extras": {"field": 1}}', 'a further member may have any name')
) AS c (arguments, hint, what);

SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p
                  WHERE p.pronamespace = 'orders_v1'::regnamespace AND p.prosrc ~* '\m(column|constraint|table)_name\M'$$,
                'no function reads the name of a column, a constraint or a table from an error');

-- The same documents get the same refusals, whatever the names of the constraints.
DO $$
DECLARE
    k record;
BEGIN
    FOR k IN
        SELECT c.conrelid::regclass AS "table", c.conname FROM pg_constraint c
        WHERE c.conrelid = ANY ('{orders.users,orders.company,orders.membership,orders.product,orders.variant,orders.plan,orders.billing_option,
                                  orders.coupon,orders.tax_rate,orders.tenant_label,orders.payment_channel,orders.package}'::regclass[])
          AND c.contype IN ('u', 'c')
    LOOP
        EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', k."table", k.conname, left(k.conname, 50) || '_102114');
    END LOOP;
END
$$;
SELECT pg_temp.operator_put(k.kind, k.ref, k.document)
FROM (VALUES
    (1, 'labels', 'one', '{"type": "order_status", "word": "one", "language": "en", "text": "One"}'::jsonb),
    (2, 'products', 'vip', '{"name": "VIP", "variants": [{"ref": "v", "number": "VIP", "prices": {"USD": 100}}]}'),
    (3, 'packages', 'vip', '{"product": "vip", "rank": 1}')
) AS k (n, kind, ref, document) ORDER BY k.n \g (format=unaligned tuples_only=on) /dev/null
SELECT is(pg_temp.fields(format('SELECT pg_temp.operator_put(%L, %L, %L)', c.kind, c.ref, c.document)),
          format('OR422|invalid_field|%s|%s|', c.detail, coalesce('{"field": "' || c.field || '"}', '')), concat(c.kind, ' ', c.document, ' is refused: ', c.detail))
FROM (VALUES
    ('users', 'x', '{"name": "x", "login": "alice"}', 'Another entry has this value already.', 'login'),
    ('users', 'bob', '{"name": "x", "login": "alice"}', 'Another entry has this value already.', 'login'),
    ('companies', 'x', '{"name": "x", "prefix": "AAAA"}', 'Another entry has this value already.', 'prefix'),
    ('companies', 'x', '{"name": "x", "prefix": "x"}', 'Must be 2 to 8 capital letters, and not INV.', 'prefix'),
    ('companies', 'x', '{"name": "x", "prefix": "INV"}', 'Must be 2 to 8 capital letters, and not INV.', 'prefix'),
    ('memberships', 'x', '{"company": "acme", "user": "sally"}', 'Another entry has this value already.', 'user'),
    ('products', 'x', '{"name": "x", "slug": "vip"}', 'Another entry has this value already.', 'slug'),
    ('products', 'x', '{"name": "x", "variants": [{"ref": "v"}, {"ref": "w", "number": "VIP"}]}', 'Another entry has this value already.', 'variants[1].number'),
    ('plans', 'x', '{"name": "x", "price": 1, "currency": "USD", "slug": "basic"}', 'Another entry has this value already.', 'slug'),
    ('plans', 'x', '{"name": "x", "price": 1, "currency": "USD", "duration_value": 2}', 'Requires a duration_unit.', 'duration_value'),
    ('billing-options', 'x', '{"plan": "basic", "name": "x", "price": 1, "duration_value": 2}', 'Requires a duration_unit.', 'duration_value'),
    ('packages', 'vip', '{"product": "vip", "rank": 1, "duration_value": 2}', 'Requires a duration_unit.', 'duration_value'),
    ('coupons', 'x', '{"percent_bp": 1, "code": "ten"}', 'Another entry has this value already.', 'code'),
    ('coupons', 'x', '{"percent_bp": 1, "minimum": 5}', 'A minimum or max_discount requires a currency.', 'currency'),
    ('coupons', 'x', '{"percent_bp": 1, "max_discount": 5}', 'A minimum or max_discount requires a currency.', 'currency'),
    ('coupons', 'x', '{"percent_bp": 1, "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}', 'Must be before ends_at.', 'starts_at'),
    ('coupons', 'x', '{"percent_bp": 1, "code": "\u200b"}', 'Must have 1 to 64 visible characters.', 'code'),
    ('tax-rates', 'x', '{"tax_class": "std", "key": "CGST", "rate_bp": 1}', 'Another entry has this value already.', NULL),
    ('labels', 'x', '{"type": "order_status", "word": "one", "language": "en", "text": "x"}', 'Another entry has this value already.', 'word'),
    ('labels', 'x', '{"type": "order_status", "word": "paid", "language": "e", "text": "x"}', 'Must be a language tag, such as en or zh-hant.', 'language'),
    ('payment-channels', 'Not a word', '{"provider": "p"}', 'Must be 1 to 64 of a to z, 0 to 9, _ and -, and must start with a letter or digit.', 'ref'),
    ('payment-channels', 'x', '{"provider": "manual"}', 'Must not be balance, manual or terminal.', 'provider'),
    ('payment-channels', 'terminal', '{}', 'Must not be balance, manual or terminal.', 'provider')
) AS c (kind, ref, document, detail, field);
SELECT pg_temp.operator_put(k.kind, k.ref, k.document)
FROM (VALUES (1, 'users', 'alice', '{"name": "A", "login": "alice"}'::jsonb), (2, 'plans', 'basic', '{"name": "B", "price": 1, "currency": "USD", "slug": "basic"}'),
             (3, 'coupons', 'ten', '{"code": "TEN", "percent_bp": 900}'), (4, 'tax-rates', 'cgst', '{"tax_class": "std", "key": "CGST", "rate_bp": 700}'),
             (5, 'labels', 'one', '{"type": "order_status", "word": "one", "language": "en", "text": "Two"}'),
             (6, 'products', 'vip', '{"name": "V", "variants": [{"ref": "v", "number": "VIP", "prices": {"USD": 100}}]}')) AS k (n, kind, ref, document)
ORDER BY k.n \g (format=unaligned tuples_only=on) /dev/null
SELECT pass('an entry does not conflict with itself');

-- A rule that only a constraint of the table checks.
ALTER TABLE orders.users ADD CONSTRAINT a_new_rule_102114 CHECK (name <> 'odd');
SELECT is(pg_temp.fields($$SELECT pg_temp.operator_put('users', 'x', '{"name": "odd"}')$$), 'OR422|invalid_field|The values do not fit together.||',
          'the name of a constraint does not reach the caller');
CREATE UNIQUE INDEX one_name_102114 ON orders.users (tenant_id, name) WHERE name = 'twin';
SELECT pg_temp.operator_put('users', 'x', '{"name": "twin"}') \g /dev/null
SELECT is(pg_temp.fields($$SELECT pg_temp.operator_put('users', 'y', '{"name": "twin"}')$$), 'OR422|invalid_field|Another entry has this value already.||',
          'the name of a unique index does not reach the caller');
SELECT is((SELECT ROW((b.r).outcome, (b.r).field, (b.r).detail)::text FROM (SELECT r FROM catalogue_bulk(77, 'operator', 'operator', NULL, 'bulk', NULL, NULL,
              ARRAY['{"kind": "users", "ref": "y", "name": "Y", "login": "alice"}']::jsonb[]) AS r) AS b),
          '(invalid_field,login,"Another entry has this value already.")', 'a bulk returns the field of the refusal');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
