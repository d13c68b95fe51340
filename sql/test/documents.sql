-- SPDX-License-Identifier: Apache-2.0
-- No document reaches a constraint or a cast: every document is stored, or refused with a code (SQLSTATE OR…).
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

SELECT pg_temp.operator_put(k.kind, k.ref, k.document)
FROM (VALUES
    (1, 'products', 'pen', '{"name": "Pen", "variants": [{"ref": "v", "number": "PEN", "stock": 1000, "prices": {"USD": 100}}]}'::jsonb),
    (2, 'products', 'vip', '{"name": "VIP", "variants": [{"ref": "v", "prices": {"USD": 100}}]}'),
    (3, 'packages', 'vip', '{"product": "vip", "rank": 1, "duration_unit": "month", "duration_value": 1}'),
    (4, 'members', 'alice', '{"placed_at": "2020-01-01T00:00:00Z"}')
) AS k (n, kind, ref, document) ORDER BY k.n \g (format=unaligned tuples_only=on) /dev/null

-- Returns 'done', or the SQLSTATE, code and field of a refusal. Stores nothing.
CREATE FUNCTION pg_temp.outcome(p_sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_code   text;
    v_detail text;
    v_hint   text;
BEGIN
    EXECUTE p_sql;
    SET CONSTRAINTS ALL IMMEDIATE;
    RAISE EXCEPTION USING ERRCODE = 'TT000', MESSAGE = 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_code = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    RETURN CASE WHEN SQLSTATE = 'TT000' THEN 'done'
                WHEN v_detail = 'The values do not fit together.' THEN 'a constraint'
                ELSE concat_ws(' ', SQLSTATE, v_code, pg_temp.hint_member(SQLSTATE, v_hint, 'field') #>> '{}') END;
END
$$;
CREATE FUNCTION pg_temp.order_of(p_document jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.outcome(format(
        'SELECT * FROM orders_v1.place_order(77, ''operator'', ''operator'', pg_temp.uid(''olga''), ''place'', NULL, NULL, %L, 900)', p_document))
$$;
CREATE FUNCTION pg_temp.entry_of(p_kind text, p_ref text, p_document jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.outcome(format('SELECT pg_temp.operator_put(%L, %L, %L)', p_kind, p_ref, p_document))
$$;
-- Outcomes that are neither done nor a refusal.
CREATE FUNCTION pg_temp.is_fault(p_outcome text) RETURNS boolean LANGUAGE sql AS $$ SELECT p_outcome <> 'done' AND p_outcome !~ '^OR' $$;

-- The uses of a voucher are counted by user, so a voucher requires a user.
SELECT is(pg_temp.order_of('{"dialect": "company", "company": "acme", "agent": "sally", "payment_method": "cash", "voucher": "TEN",
    "lines": [{"product": "pen"}]}'), 'OR422 required_field user', 'an order with a voucher requires a user');
SELECT is(pg_temp.order_of('{"dialect": "company", "company": "acme", "agent": "sally", "payment_method": "balance",
    "lines": [{"product": "pen"}]}'), 'OR422 required_field user', 'an order paid from a balance requires a user');
SELECT is(pg_temp.order_of('{"dialect": "company", "company": "acme", "agent": "sally", "payment_method": "cash", "voucher": "TEN", "user": "alice",
    "lines": [{"product": "pen"}]}'), 'done', 'with a user the order is placed');

-- Every combination of the members that determine the kind of order.
CREATE TEMP TABLE combined AS
SELECT p.document, pg_temp.order_of(p.document) AS outcome
FROM unnest(ARRAY['user', 'company', 'shop', 'customer', 'commerce']) AS dialect
CROSS JOIN unnest(ARRAY['{}', '{"user": "alice"}', '{"user": "poor"}']::jsonb[]) AS buyer
CROSS JOIN unnest(ARRAY['{}', '{"company": "acme"}', '{"company": "acme", "agent": "sally"}', '{"agent": "sally"}']::jsonb[]) AS seller
CROSS JOIN unnest(ARRAY['{}', '{"voucher": "TEN"}', '{"voucher": "ALL"}']::jsonb[]) AS voucher
CROSS JOIN unnest(ARRAY['balance', 'external', 'cod', 'cash', 'bank_transfer', 'sim']) AS method
CROSS JOIN unnest(ARRAY['[{"product": "pen", "quantity": 2}]', '[{"plan": "free"}]', '[{"product": "vip"}]', '[{"plan": "taxed"}, {"product": "pen"}]']::jsonb[]) AS lines
CROSS JOIN LATERAL (SELECT jsonb_build_object('dialect', dialect, 'payment_method', method, 'lines', lines)
                           || buyer || seller || voucher AS document) AS p;
SELECT is((SELECT count(*)::integer FROM combined), 5 * 3 * 4 * 3 * 6 * 4, 'all combinations are sent');
SELECT cmp_ok((SELECT count(*) FROM combined WHERE outcome = 'done'), '>', 500::bigint, 'many combinations are placed');
SELECT is_empty($$SELECT outcome, count(*), min(document::text) FROM combined WHERE pg_temp.is_fault(outcome) GROUP BY 1$$, 'all other combinations are refused with a code');

-- The module checks the types of values: t/operator/documents.t.
CREATE TEMP TABLE odd (value) AS
SELECT v::jsonb FROM unnest(ARRAY['[]', '[1]', '["USD"]', '[null]', '[[]]', '[{}]', '[{"id": 1e30}]', '[{"id": 1, "quantity": 1e30}]']) AS v;
SELECT pg_temp.goods('alice') AS o \gset
SELECT is_empty(format($f$
    SELECT outcome, value FROM (
        SELECT odd.value, pg_temp.outcome(format(
            'SELECT * FROM orders_v1.refund(77, ''operator'', ''operator'', NULL, ''refund'', NULL, NULL, %s, NULL, %%L, NULL, 30, NULL)', odd.value)) AS outcome
        FROM odd WHERE jsonb_typeof(odd.value) = 'array') AS x
    WHERE pg_temp.is_fault(outcome)$f$, :o), 'a refund of malformed lines is done, or refused with a code');

SELECT is_empty('SELECT name, problem FROM orders_check.all_violations WHERE tenant_id = 77', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
