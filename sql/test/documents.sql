-- SPDX-License-Identifier: Apache-2.0
-- No document reaches a constraint or a cast: whatever a caller sends is stored or refused with a word (SQLSTATE OR…).
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

-- 'done', or the SQLSTATE, word and field of a refusal. Nothing is kept.
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
-- What neither is done nor has a word.
CREATE FUNCTION pg_temp.is_fault(p_outcome text) RETURNS boolean LANGUAGE sql AS $$ SELECT p_outcome <> 'done' AND p_outcome !~ '^OR' $$;

-- A voucher counts its uses by user: it needs one.
SELECT is(pg_temp.order_of('{"dialect": "company", "company": "acme", "agent": "sally", "payment_method": "cash", "voucher": "TEN",
    "lines": [{"product": "pen"}]}'), 'OR422 required_field user', 'an order with a voucher and no user is refused');
SELECT is(pg_temp.order_of('{"dialect": "company", "company": "acme", "agent": "sally", "payment_method": "balance",
    "lines": [{"product": "pen"}]}'), 'OR422 required_field user', 'so is one from a balance');
SELECT is(pg_temp.order_of('{"dialect": "company", "company": "acme", "agent": "sally", "payment_method": "cash", "voucher": "TEN", "user": "alice",
    "lines": [{"product": "pen"}]}'), 'done', 'with a user it is placed');

-- Every combination of the members that decide what an order is.
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
SELECT is((SELECT count(*)::integer FROM combined), 5 * 3 * 4 * 3 * 6 * 4, 'all combinations were sent');
SELECT cmp_ok((SELECT count(*) FROM combined WHERE outcome = 'done'), '>', 500::bigint, 'many are placed');
SELECT is_empty($$SELECT outcome, count(*), min(document::text) FROM combined WHERE pg_temp.is_fault(outcome) GROUP BY 1$$, 'all others are refused with a word');

-- Every member of every document, with values that nobody expects.
CREATE TEMP TABLE odd (value) AS
SELECT v::jsonb FROM unnest(ARRAY['null', '""', '" "', '"x"', '"alice"', '"USD"', '0', '-1', '1', '1.5', '1e15', '1000000000000001', '2147483648',
    '999999999999999999', '1e30', '-1e400', 'true', 'false', '[]', '[1]', '["USD"]', '[null]', '[[]]', '[{}]', '{}', '{"a": 1}', '{"a": {"b": [null]}}',
    '{"USD": 1}', '{"USD": {}}', '{"USD": 1e30}', '{"px240": 1}', '{"en": {}}', '[{"id": 1e30, "name": "x"}]', '[{"ref": "x"}]', '[{"ref": ""}]',
    '[{"ref": "x", "stock": 1e15}]', '[{"ref": "x", "prices": {"USD": {"price": 1, "list_price": 1e30}}}]', '[{"ref": "x", "options": [1]}]',
    '[{"product": "pen", "quantity": 1e30}]', '[{"product": "pen", "quantity": 1000000, "discount": 1e15}]', '[{"plan": "dear", "quantity": 1000000}]',
    '[{"product": null, "plan": null}]', '[{"product": {}}]', '{"price": 1e15}', '{"price": 1e30}', '{"expected_at": "infinity"}',
    '{"expected_at": "2026-02-30T00:00:00Z"}', '"2026-02-30T00:00:00Z"', '"9999-12-31T23:59:59-12:00"', '"2026-11-29T00:00:00Z"', '"day"', '"month"',
    '"\u202e"', '"\ud83d\ude00"']) AS v
UNION ALL SELECT to_jsonb(repeat('y', 20000)) UNION ALL SELECT to_jsonb(repeat('é', 320));

SELECT is_empty(format($f$
    SELECT outcome, document FROM (
        SELECT d.document, pg_temp.order_of(d.document) AS outcome
        FROM unnest(ARRAY[
            '{"dialect": "shop", "user": "alice", "payment_method": "cod", "lines": [{"product": "pen"}]}',
            '{"dialect": "company", "company": "acme", "agent": "sally", "payment_method": "cash", "lines": [{"plan": "basic"}]}',
            '{"dialect": "user", "user": "alice", "payment_method": "sim", "lines": [{"plan": "basic"}]}']::jsonb[]) AS base
        CROSS JOIN unnest(ARRAY['dialect', 'user', 'company', 'agent', 'currency', 'tax_inclusive', 'voucher', 'notes', 'metadata', 'payment_method',
            'payment_channel', 'payment_return_url', 'cart', 'lines', 'shipping', 'billing_address', 'shipping_address']) AS m
        CROSS JOIN odd
        CROSS JOIN LATERAL (SELECT base || jsonb_build_object(m, odd.value) AS document) AS d) AS x
    WHERE pg_temp.is_fault(outcome)$f$), 'an order with an odd member is placed, or refused with a word');

SELECT is_empty(format($f$
    SELECT outcome, kind, left(document::text, 300) FROM (
        SELECT k.kind, d.document, pg_temp.entry_of(k.kind, k.ref, d.document) AS outcome
        FROM (VALUES
            ('users', 'alice', '{"name": "A"}'::jsonb, ARRAY['name', 'login', 'given_name', 'family_name', 'email', 'phone', 'locale', 'title',
                'default_address', 'current_company', 'active', 'metadata']),
            ('users', 'new', '{"name": "A"}', ARRAY['login', 'email', 'title']),
            ('companies', 'new', '{"name": "C", "prefix": "CC"}', ARRAY['name', 'prefix', 'email', 'tax_number', 'address', 'images', 'active', 'metadata']),
            ('memberships', 'new', '{"company": "acme", "user": "bob"}', ARRAY['company', 'user', 'role', 'active']),
            ('products', 'pen', '{"name": "Pen", "variants": [{"ref": "v", "number": "PEN", "stock": 1000, "prices": {"USD": 100}}]}', ARRAY['company', 'number',
                'slug', 'name', 'description', 'images', 'tax_class', 'returnable', 'translations', 'active', 'metadata', 'variants']),
            ('plans', 'new', '{"name": "P", "price": 1, "currency": "USD"}', ARRAY['name', 'slug', 'description', 'price', 'currency', 'duration_unit',
                'duration_value', 'features', 'status', 'max_quantity', 'tax_class', 'metadata']),
            ('plans', 'basic', '{"name": "P", "price": 1, "currency": "USD", "duration_unit": "day", "duration_value": 1}', ARRAY['duration_unit', 'duration_value', 'slug']),
            ('billing-options', 'new', '{"plan": "basic", "name": "O", "price": 1}', ARRAY['plan', 'name', 'price', 'duration_unit', 'duration_value', 'active']),
            ('coupons', 'new', '{"percent_bp": 100}', ARRAY['code', 'percent_bp', 'amount', 'currency', 'minimum', 'max_discount', 'starts_at', 'ends_at',
                'max_uses', 'max_uses_per_user', 'active', 'metadata']),
            ('coupons', 'two', '{"amount": 200, "currency": "USD"}', ARRAY['code', 'percent_bp', 'amount', 'currency', 'minimum', 'max_discount', 'max_uses']),
            ('tax-rates', 'new', '{"tax_class": "t", "key": "K", "rate_bp": 1}', ARRAY['tax_class', 'key', 'rate_bp', 'active']),
            ('payment-channels', 'new', '{}', ARRAY['name', 'provider', 'enabled', 'currencies', 'payable_units', 'metadata']),
            ('payment-channels', 'New Channel', '{}', ARRAY['name', 'provider']),
            ('labels', 'new', '{"type": "order_status", "word": "w", "language": "en", "text": "t"}', ARRAY['type', 'word', 'language', 'text']),
            ('packages', 'new', '{"product": "pen", "rank": 1}', ARRAY['product', 'variant', 'rank', 'duration_unit', 'duration_value', 'active']),
            ('packages', 'vip', '{"product": "vip", "rank": 1}', ARRAY['product', 'variant', 'rank', 'duration_unit', 'duration_value', 'active']),
            ('members', 'alice', '{"package": "vip"}', ARRAY['placed_at', 'auto_upgrade_at', 'package', 'starts_at', 'ends_at']),
            ('members', 'bob', '{}', ARRAY['placed_at', 'auto_upgrade_at', 'package', 'starts_at', 'ends_at'])
        ) AS k (kind, ref, base, members)
        CROSS JOIN unnest(k.members) AS m
        CROSS JOIN odd
        CROSS JOIN LATERAL (SELECT k.base || jsonb_build_object(m, odd.value) AS document) AS d) AS x
    WHERE pg_temp.is_fault(outcome)$f$), 'an entry of the catalogue with an odd member is stored, or refused with a word');

SELECT is_empty($f$
    SELECT outcome, document FROM (
        SELECT d.document, pg_temp.outcome(format(
            'SELECT * FROM orders_v1.make_cart(77, ''operator'', ''operator'', pg_temp.uid(''olga''), ''carts'', NULL, NULL, %L)', d.document)) AS outcome
        FROM unnest(ARRAY['company', 'agent', 'currency', 'products']) AS m
        CROSS JOIN odd
        CROSS JOIN LATERAL (SELECT '{"company": "acme", "agent": "sally", "currency": "USD", "products": [{"number": "PEN"}]}'::jsonb
                                   || jsonb_build_object(m, odd.value) AS document) AS d) AS x
    WHERE pg_temp.is_fault(outcome)$f$, 'a cart with an odd member is made, or refused with a word');

-- What is said of goods on their way.
SELECT pg_temp.goods('alice') AS o \gset
SELECT advance(77, 'operator', 'operator', NULL, 'packed', NULL, NULL, :o, 'packed', NULL, NULL, NULL, NULL) \g /dev/null
SELECT is_empty(format($f$
    SELECT outcome, document FROM (
        SELECT d.document, pg_temp.outcome(format(
            'SELECT * FROM orders_v1.ship(77, ''operator'', ''operator'', NULL, ''ship'', NULL, NULL, %s, %%L, NULL)', d.document)) AS outcome
        FROM unnest(ARRAY['courier', 'service', 'tracking_number', 'tracking_url', 'estimated_delivery', 'expected_at', 'comment']) AS m
        CROSS JOIN odd
        CROSS JOIN LATERAL (SELECT jsonb_build_object(m, odd.value) AS document) AS d) AS x
    WHERE pg_temp.is_fault(outcome)$f$, :o), 'a shipment with an odd member leaves, or is refused with a word');
SELECT ship(77, 'operator', 'operator', NULL, 'ship', NULL, NULL, :o, '{}', NULL) \g /dev/null
SELECT is_empty(format($f$
    SELECT outcome, document FROM (
        SELECT d.document, pg_temp.outcome(format(
            'SELECT * FROM orders_v1.track(77, ''operator'', ''operator'', NULL, ''track'', NULL, NULL, %s, %%L, NULL)', d.document)) AS outcome
        FROM unnest(ARRAY['status', 'location', 'description', 'at']) AS m
        CROSS JOIN odd
        CROSS JOIN LATERAL (SELECT '{"status": "in_transit"}'::jsonb || jsonb_build_object(m, odd.value) AS document) AS d) AS x
    WHERE pg_temp.is_fault(outcome)$f$, :o), 'a tracking event with an odd member is kept, or refused with a word');
SELECT is_empty(format($f$
    SELECT outcome, value FROM (
        SELECT odd.value, pg_temp.outcome(format(
            'SELECT * FROM orders_v1.refund(77, ''operator'', ''operator'', NULL, ''refund'', NULL, NULL, %s, NULL, %%L, NULL, 30, NULL)', odd.value)) AS outcome
        FROM odd WHERE jsonb_typeof(odd.value) = 'array') AS x
    WHERE pg_temp.is_fault(outcome)$f$, :o), 'a refund of odd lines is made, or refused with a word');

SELECT is_empty('SELECT name, problem FROM orders_check.all_violations WHERE tenant_id = 77', 'nothing is left that does not agree');
SELECT * FROM finish();
ROLLBACK;
