-- SPDX-License-Identifier: Apache-2.0
-- Packages and their members, after shop.sql: bronze (10.00 a month), silver (25.00, listed at 30.00), gold (100.00 a year), forever
-- (500.00, without end), fortnight (5.00 for two weeks, of no rank), lifetime (1.00, without end, of no rank), free, peer (50.00, of bronze's rank),
-- odd (70.00, of no rank), cheap (10.00, of rank 4), retired; and goods. alice, bob are placed.

SELECT pg_temp.operator_put(k.kind, k.ref, k.document)
FROM (VALUES
    (1, 'companies', 'acme', '{"name": "Acme", "prefix": "ACME"}'::jsonb),
    (2, 'memberships', 'b', '{"company": "acme", "user": "bob", "role": "salesperson"}'),
    (3, 'products', 'bronze', '{"name": "Bronze", "variants": [{"ref": "v", "number": "BRONZE", "name": "Bronze", "prices": {"EUR": 1, "USD": 1000}}]}'),
    (4, 'products', 'silver', '{"name": "Silver", "variants": [{"ref": "v", "name": "Silver", "prices": {"USD": {"price": 2500, "list_price": 3000}}}]}'),
    (5, 'products', 'gold', '{"name": "Gold", "variants": [{"ref": "v", "name": "Gold", "prices": {"USD": 10000}}]}'),
    (6, 'products', 'forever', '{"name": "Forever", "variants": [{"ref": "v", "name": "Forever", "prices": {"USD": 50000}}]}'),
    (7, 'products', 'fortnight', '{"name": "Fortnight", "variants": [{"ref": "v", "name": "Fortnight", "prices": {"USD": 500}}]}'),
    (8, 'products', 'retired', '{"name": "Retired", "variants": [{"ref": "v", "name": "Retired", "prices": {"USD": 90000}}]}'),
    (9, 'products', 'cheap', '{"name": "Cheap", "variants": [{"ref": "v", "name": "Cheap", "prices": {"USD": 1000}}]}'),
    (10, 'products', 'lamp', '{"name": "Lamp", "variants": [{"ref": "v", "name": "Lamp", "stock": 9, "prices": {"USD": {"price": 1999, "list_price": 2250}}}]}'),
    (11, 'products', 'pen', '{"name": "Pen", "tax_class": "std", "variants": [{"ref": "v", "name": "Pen", "prices": {"USD": 150}}]}'),
    (12, 'products', 'many', '{"name": "Many", "variants": [{"ref": "a", "name": "A", "prices": {"USD": 1}}, {"ref": "b", "name": "B", "prices": {"EUR": 1}}]}'),
    (13, 'products', 'off', '{"name": "Off", "active": false, "variants": [{"ref": "v", "name": "Off", "prices": {"USD": 1}}]}'),
    (14, 'products', 'half', '{"name": "Half", "variants": [{"ref": "v", "name": "Half", "active": false, "prices": {"USD": 1}}]}'),
    (15, 'products', 'lifetime', '{"name": "Lifetime", "variants": [{"ref": "v", "name": "Lifetime", "prices": {"USD": 100}}]}'),
    (16, 'products', 'free', '{"name": "Free", "variants": [{"ref": "v", "name": "Free", "prices": {"USD": 0}}]}'),
    (17, 'products', 'peer', '{"name": "Peer", "variants": [{"ref": "v", "name": "Peer", "prices": {"USD": 5000}}]}'),
    (18, 'products', 'odd', '{"name": "Odd", "variants": [{"ref": "v", "name": "Odd", "prices": {"USD": 7000}}]}'),
    (21, 'packages', 'bronze', '{"product": "bronze", "rank": 1, "duration_unit": "month", "duration_value": 1}'),
    (22, 'packages', 'silver', '{"product": "silver", "variant": "v", "rank": 2, "duration_unit": "month", "duration_value": 1}'),
    (23, 'packages', 'gold', '{"product": "gold", "rank": 3, "duration_unit": "year", "duration_value": 1}'),
    (24, 'packages', 'forever', '{"product": "forever", "rank": 9}'),
    (25, 'packages', 'fortnight', '{"product": "fortnight", "rank": 0, "duration_unit": "week", "duration_value": 2}'),
    (26, 'packages', 'retired', '{"product": "retired", "rank": 5, "active": false}'),
    (27, 'packages', 'cheap', '{"product": "cheap", "rank": 4, "duration_unit": "month", "duration_value": 1}'),
    (28, 'packages', 'lifetime', '{"product": "lifetime", "rank": 0}'),
    (29, 'packages', 'free', '{"product": "free", "rank": 0, "duration_unit": "day", "duration_value": 1}'),
    (30, 'packages', 'peer', '{"product": "peer", "rank": 1, "duration_unit": "month", "duration_value": 1}'),
    (31, 'packages', 'odd', '{"product": "odd", "rank": 0, "duration_unit": "month", "duration_value": 1}'),
    (32, 'members', 'alice', '{"placed_at": "2020-01-01T00:00:00Z"}'),
    (33, 'members', 'bob', '{"placed_at": "2020-01-01T00:00:00Z"}')
) AS k (n, kind, ref, document) ORDER BY k.n \g (format=unaligned tuples_only=on) /dev/null

-- A placed member with a balance.
CREATE FUNCTION pg_temp.member(p_ref text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.operator_put('users', p_ref, jsonb_build_object('name', initcap(p_ref)));
    PERFORM pg_temp.operator_put('members', p_ref, '{"placed_at": "2027-01-01T00:00:00Z"}');
    PERFORM pg_temp.top_up(p_ref, 1000000);
END
$$;
CREATE FUNCTION pg_temp.put_member(p_ref text, p_document jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.catalogue_upsert(77, 'operator', 'operator', NULL, 'put', NULL, NULL, 'members', p_ref, p_document)
$$;
CREATE FUNCTION pg_temp.number_of_product(p_ref text) RETURNS bigint LANGUAGE sql AS $$
    SELECT min(v.id) FROM orders.variant v JOIN orders.product p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    WHERE p.tenant_id = 77 AND p.external_ref = p_ref
$$;
-- The current or last package of a member: 'silver 2027-05-20 2027-06-10'.
CREATE FUNCTION pg_temp.has(p_ref text) RETURNS text LANGUAGE sql AS $$
    SELECT k.external_ref || ' ' || to_char(t.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') || ' '
           || coalesce(to_char(t.ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), '')
    FROM orders.member m JOIN orders.package_term t ON t.tenant_id = 77 AND t.id = m.term_id
    JOIN orders.package k ON k.tenant_id = 77 AND k.variant_id = t.package_id
    WHERE m.tenant_id = 77 AND m.user_id = pg_temp.uid(p_ref)
$$;
CREATE FUNCTION pg_temp.ends(p_ref text) RETURNS timestamptz LANGUAGE sql AS $$
    SELECT t.ends_at FROM orders.member m JOIN orders.package_term t ON t.tenant_id = 77 AND t.id = m.term_id
    WHERE m.tenant_id = 77 AND m.user_id = pg_temp.uid(p_ref)
$$;

CREATE FUNCTION pg_temp.address() RETURNS jsonb LANGUAGE sql AS $$
    SELECT '{"given_name": "Ann", "family_name": "Lee", "email": "ann@example.com", "phone": 60123456789, "house": "12", "street": " Jalan Ampang ",
             "city": "Kuala Lumpur", "postal_code": "50450", "country": "my", "state": "my-10"}'::jsonb
$$;
CREATE FUNCTION pg_temp.place_it(p_document jsonb, p_now timestamptz DEFAULT now(), p_key text DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    SELECT ("order").id FROM orders_v1.member_place(77, 'commerce', 'buyer', NULL, 'place', p_key, sha256(convert_to(p_document::text, 'UTF8')),
        jsonb_build_object('user', 'alice', 'address', pg_temp.address()) || p_document, 900, NULL, p_now)
$$;
CREATE FUNCTION pg_temp.step_it(p_document jsonb, p_now timestamptz DEFAULT now(), p_window integer DEFAULT 30, p_key text DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    SELECT ("order").id FROM orders_v1.upgrade_or_renew(77, 'commerce', 'buyer', NULL, 'step', p_key, sha256(convert_to(p_document::text, 'UTF8')),
        jsonb_build_object('user', 'alice', 'address', pg_temp.address()) || p_document, 900, NULL, p_window, p_now)
$$;
CREATE FUNCTION pg_temp.paying(p_method text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('payment_method', p_method) || CASE p_method WHEN 'external' THEN '{"payment_channel": "sim"}' ELSE '{}' END::jsonb
$$;
CREATE FUNCTION pg_temp.join_it(p_who text, p_package text, p_price text, p_now timestamptz, p_method text DEFAULT 'balance', p_discount text DEFAULT '0')
RETURNS bigint LANGUAGE sql AS $$
    SELECT pg_temp.place_it(jsonb_build_object('user', p_who, 'total', p_price::numeric - p_discount::numeric, 'lines', jsonb_build_array(jsonb_build_object(
        'product', pg_temp.number_of_product(p_package), 'quantity', 1, 'unit_price', p_price, 'discount', p_discount, 'total', p_price::numeric - p_discount::numeric)))
        || pg_temp.paying(p_method), p_now)
$$;
CREATE FUNCTION pg_temp.step_of(p_type text, p_who text, p_package text, p_price text, p_total text, p_discount text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('type', p_type, 'user', p_who, 'product', pg_temp.number_of_product(p_package), 'unit_price', p_price, 'discount', p_discount, 'total', p_total)
$$;
CREATE FUNCTION pg_temp.renew(p_who text, p_package text, p_price text, p_now timestamptz, p_method text DEFAULT 'balance', p_discount text DEFAULT '0')
RETURNS bigint LANGUAGE sql AS $$
    SELECT pg_temp.step_it(pg_temp.step_of('renewal', p_who, p_package, p_price, (p_price::numeric - p_discount::numeric)::text, p_discount) || pg_temp.paying(p_method), p_now)
$$;
CREATE FUNCTION pg_temp.upgrade(p_who text, p_package text, p_price text, p_now timestamptz, p_method text DEFAULT 'balance', p_discount text DEFAULT '0')
RETURNS bigint LANGUAGE sql AS $$
    SELECT pg_temp.step_it(pg_temp.step_of('upgrade', p_who, p_package, p_price, (p_price::numeric - p_discount::numeric)::text, p_discount) || pg_temp.paying(p_method), p_now)
$$;
CREATE FUNCTION pg_temp.apply(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.apply_paid_package(77, 'operator', 'operator', NULL, 'apply', NULL, NULL, p_order, NULL)
$$;

-- The rules that a statement breaks: 'product_unknown=46363 city_invalid', or another refusal, or 'no refusal'.
CREATE FUNCTION pg_temp.broken_rules(p_sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_code text;
    v_hint text;
BEGIN
    EXECUTE p_sql;
    RETURN 'no refusal';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_code = MESSAGE_TEXT, v_hint = PG_EXCEPTION_HINT;
    RETURN CASE WHEN v_code = 'invalid_fields' THEN (
        SELECT string_agg(e ->> 'rule' || coalesce('=' || (e ->> 'value'), ''), ' ' ORDER BY n)
        FROM jsonb_array_elements(pg_temp.hint_member(SQLSTATE, v_hint, 'extras') -> 'refused') WITH ORDINALITY AS x (e, n)) ELSE SQLSTATE || ' ' || v_code END;
END
$$;
CREATE FUNCTION pg_temp.rules(p_type text, p_who text, p_package text, p_price text, p_total text, p_discount text, p_now timestamptz) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.broken_rules(format('SELECT pg_temp.step_it(%L, %L)', pg_temp.step_of(p_type, p_who, p_package, p_price, p_total, p_discount), p_now))
$$;
