-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

-- An entry of each kind is created, found unchanged and replaced.
SELECT is(pg_temp.put(c.kind, 'new', t.document), t.code, c.kind || ': ' || t.what)
FROM (VALUES
    ('users', '{"name": "N", "title": 1, "current_company": "acme", "default_address": {"street": "S", "code": 1}}', '{"name": "N"}'),
    ('companies', '{"name": "New", "prefix": "NEW", "email": "n@example.com", "tax_number": "T", "address": {"city": "X"}, "images": {"px720": "https://example.com/x"}}',
                  '{"name": "New", "prefix": "NEW"}'),
    ('memberships', '{"company": "acme", "user": "carl"}', '{"company": "acme", "user": "carl", "role": "manager"}'),
    ('products', '{"name": "New", "company": "acme", "number": "N", "variants": [{"ref": "a", "number": "n-a", "prices": {"USD": 5}}]}',
                 '{"name": "New", "variants": [{"ref": "a", "number": "n-a", "prices": {"USD": 5}}]}')
) AS c (kind, first, second)
CROSS JOIN LATERAL (VALUES (c.first, 'created', 'a new document is created'), (c.first, 'unchanged', 'the same document changes nothing'), (c.second, 'updated', 'another document updates the entry'),
                           (c.second, 'unchanged', 'repeating it changes nothing')) AS t (document, code, what);
SELECT is((SELECT ROW(title, default_address, current_company_id)::text FROM users WHERE tenant_id = 77 AND external_ref = 'new'), '(,,)', 'missing members of a user are reset');
SELECT is((SELECT ROW(email, tax_number, address, images, active)::text FROM company WHERE tenant_id = 77 AND external_ref = 'new'), '(,,{},{},t)', 'missing members of a company are reset');
SELECT is((SELECT company_id FROM product WHERE tenant_id = 77 AND external_ref = 'new'), NULL, 'missing members of a product are reset');
SELECT is(pg_temp.put('users', 'carl', '{"name": "Carl", "title": 0, "default_address": {"street": "S", "title": null, "code": 30123}}'), 'updated', 'a title and an address are stored');
SELECT is((SELECT ROW(title, default_address ->> 'code')::text FROM users WHERE tenant_id = 77 AND external_ref = 'carl'), '(0,30123)', 'they are stored as given');
SELECT is((SELECT document ->> 'prefix' FROM catalogue_upsert(77, 'operator', 'operator', NULL, 'put', NULL, NULL, 'companies', 'acme', '{"name": "Acme", "prefix": "AAAA"}')), 'AAAA', 'the result has the stored entry');
SELECT ok(NOT (SELECT document ? 'tenant_id' FROM catalogue_upsert(77, 'operator', 'operator', NULL, 'put', NULL, NULL, 'products', 'lamp', '{"name": "Lamp"}')), 'the result has no tenant');
SELECT pg_temp.operator_put('products', 'lamp', '{"name": "Lamp", "number": "L", "variants": [{"ref": "red", "number": "l-red", "prices": {"USD": {"price": 1000, "list_price": 1200}, "EUR": 900}}]}')
    \g (format=unaligned) /dev/null

SELECT is(pg_temp.refusal(format('SELECT pg_temp.put(%L, %L, %L)', c.kind, 'x', c.document::jsonb)), 'OR422 ' || c.refusal, concat(c.kind, ' ', c.document, ' is refused with ', c.refusal))
FROM (VALUES
    ('users', '{"name": "x", "current_company": "nix"}', 'company_not_found current_company'),
    ('companies', '{"name": "x", "prefix": "xx"}', 'invalid_field prefix'), ('companies', '{"name": "x", "prefix": "X"}', 'invalid_field prefix'),
    ('companies', '{"name": "x", "prefix": "X1"}', 'invalid_field prefix'), ('companies', '{"name": "x", "prefix": "XXXXXXXXX"}', 'invalid_field prefix'),
    ('companies', '{"name": "x", "prefix": "INV"}', 'invalid_field prefix'), ('companies', '{"name": "x", "prefix": "AAAA"}', 'invalid_field prefix'),
    ('memberships', '{"company": "nix", "user": "carl"}', 'company_not_found company'),
    ('memberships', '{"company": "acme", "user": "nix"}', 'user_not_found user'),
    ('memberships', '{"company": "acme", "user": "sally"}', 'invalid_field user'),
    ('products', '{"name": "x", "company": "nix"}', 'company_not_found company'), ('products', '{"name": "x", "slug": "lamp"}', 'invalid_field slug'),
    ('products', '{"name": "x", "variants": [{"ref": "a", "number": "d-1"}]}', 'invalid_field variants[0].number'),
    ('products', '{"name": "x", "variants": [{"ref": "a", "prices": {"XXX": 1}}]}', 'currency_unknown variants[0].prices.XXX'), ('products', '{"name": "x", "variants": [{"ref": "a", "prices": {"USD": -1}}]}', 'invalid_field variants[0].prices.USD'),
    ('products', '{"name": "x", "variants": [{"ref": "a", "prices": {"USD": 1.5}}]}', 'invalid_field variants[0].prices.USD'),
    ('products', '{"name": "x", "variants": [{"ref": "a", "prices": {"USD": {"price": 2, "list_price": 1}}}]}', 'invalid_field variants[0].prices.USD.list_price')
) AS c (kind, document, refusal);
SELECT is(pg_temp.put('companies', 'pictures', format('{"name": "x", "prefix": "PICS", "images": {"px240": "https://example.com/%s", "px1080": "http://example.com"}}', repeat('x', 1980))), 'created', 'a long image URL is accepted');
SELECT is(pg_temp.put('companies', 'pictures', '{"name": "x", "prefix": "PICS", "images": {"px240": null}}'), 'updated', 'an image that is null is accepted');
SELECT is((SELECT images FROM company WHERE tenant_id = 77 AND external_ref = 'pictures'), '{}', 'it counts as absent');
SELECT pg_temp.put('products', 'pictured', '{"name": "x", "images": {"px240": "https://example.com/1"},
    "variants": [{"ref": "a", "images": {"px240": null, "px480": null}}]}') \g (format=unaligned) /dev/null
SELECT is((SELECT variant_snapshot(v, p, NULL) -> 'images' FROM product p JOIN variant v ON v.tenant_id = 77 AND v.product_id = p.id
           WHERE p.tenant_id = 77 AND p.external_ref = 'pictured'), '{"px240": "https://example.com/1"}', 'a variant without images has those of its product');

-- Variants and their prices.
CREATE FUNCTION pg_temp.variants(p_ref text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', v.external_ref, v.number, v.name, v.status, CASE WHEN NOT v.active THEN 'off' END,
               (SELECT string_agg(x.currency || x.price || coalesce('/' || x.list_price, ''), ' ' ORDER BY x.currency) FROM orders.variant_price x
                WHERE x.tenant_id = 77 AND x.variant_id = v.id)), ', ' ORDER BY v.id)
    FROM orders.variant v JOIN orders.product p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    WHERE p.tenant_id = 77 AND p.external_ref = p_ref
$$;
CREATE FUNCTION pg_temp.put_shoe(p_variants text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.put('products', 'shoe', format('{"name": "Shoe", "variants": [%s]}', p_variants))
$$;
SELECT is(pg_temp.put_shoe('{"ref": "40", "number": "s-40", "prices": {"USD": 100, "EUR": {"price": 90, "list_price": 95}}}, {"ref": "41", "name": "Size 41", "status": "made"}'), 'created', 'a product with variants is created');
SELECT is(pg_temp.variants('shoe'), '40 S-40 Shoe initial EUR90/95 USD100, 41 Size 41 made', 'numbers are in upper case, and a variant has the name of its product by default');
SELECT is(pg_temp.put_shoe('{"ref": "41", "name": "Size 41", "status": "made"}, {"ref": "40", "number": "S-40", "prices": {"EUR": {"price": 90, "list_price": 95}, "USD": {"price": 100}}}'), 'unchanged', 'an equivalent document changes nothing');
SELECT is(pg_temp.put_shoe('{"ref": "40", "number": "s-40", "prices": {"USD": 100, "EUR": 90}}, {"ref": "41", "name": "Size 41", "status": "made"}'), 'updated', 'a list price is removed');
SELECT is(pg_temp.put_shoe('{"ref": "40", "number": "s-40", "prices": {"USD": 101, "EUR": 90}}, {"ref": "41", "name": "Size 41", "status": "made"}'), 'updated', 'a price is changed');
SELECT is(pg_temp.put_shoe('{"ref": "40", "number": "s-40", "prices": {"USD": 101}}, {"ref": "41", "name": "Size 41", "status": "made"}'), 'updated', 'a price is omitted');
SELECT is(pg_temp.variants('shoe'), '40 S-40 Shoe initial USD101, 41 Size 41 made', 'the omitted price is deleted');
SELECT is(pg_temp.put_shoe('{"ref": "40", "number": "s-40", "prices": {"USD": 101}}'), 'updated', 'a variant is omitted');
SELECT is(pg_temp.variants('shoe'), '40 S-40 Shoe initial USD101, 41 Size 41 made off', 'the omitted variant is deactivated');
SELECT is(pg_temp.put_shoe('{"ref": "40", "number": "s-40", "prices": {"USD": 101}}'), 'unchanged', 'omitting it again changes nothing');
SELECT is(pg_temp.put_shoe('{"ref": "40", "number": "s-40", "prices": {"USD": 101}}, {"ref": "41"}'), 'updated', 'the variant is included again');
SELECT is(pg_temp.variants('shoe'), '40 S-40 Shoe initial USD101, 41 Shoe initial', 'it is active with its new name');
SELECT is(pg_temp.put('products', 'shoe', '{"name": "Shoe"}'), 'updated', 'all variants are omitted');
SELECT is(pg_temp.variants('shoe'), '40 S-40 Shoe initial off USD101, 41 Shoe initial off', 'all variants are deactivated');
SELECT is((SELECT jsonb_path_query_array(document, '$.variants[*].prices') FROM catalogue_upsert(77, 'operator', 'operator', NULL, 'put', NULL, NULL, 'products', 'lamp',
           '{"name": "Lamp", "number": "L", "variants": [{"ref": "red", "number": "l-red", "prices": {"USD": {"price": 1000, "list_price": 1200}, "EUR": 900}}]}')
           WHERE outcome = 'unchanged'), '[{"EUR": 900, "USD": {"price": 1000, "list_price": 1200}}, {"USD": 500}, {"USD": 0}]', 'the result has variants and prices in the form of a document');
SELECT is(pg_temp.put('products', 'lamp2', '{"name": "Lamp", "variants": [{"ref": "red"}]}'), 'created', 'references of variants are unique per product');

SELECT is((SELECT string_agg(concat_ws(' ', (b.r).outcome, (b.r).field), ', ')
    FROM (SELECT r FROM catalogue_bulk(77, 'operator', 'operator', NULL, 'bulk', NULL, NULL, ARRAY[
        '{"kind": "companies", "ref": "b", "name": "B", "prefix": "BULK"}', '{"kind": "users", "ref": "b", "name": "B", "current_company": "b"}',
        '{"kind": "memberships", "ref": "b", "company": "b", "user": "b"}', '{"kind": "memberships", "ref": "b2", "company": "b", "user": "b"}',
        '{"kind": "companies", "ref": "b2", "name": "B", "prefix": "BULK"}',
        '{"kind": "products", "ref": "b", "name": "B", "variants": [{"ref": "a", "number": "B-A"}, {"ref": "b", "number": "D-1"}]}',
        '{"kind": "products", "ref": "b2", "name": "B", "variants": [{"ref": "a", "number": "B-A"}]}', '{"kind": "products", "ref": "b2", "name": "B"}']::jsonb[]) AS r) AS b),
    'created, created, created, invalid_field user, invalid_field prefix, invalid_field variants[1].number, created, updated', 'lines of a bulk see earlier lines, and each is stored as a whole or not at all');
SELECT is(pg_temp.variants('b'), NULL, 'a refused product stores nothing');
SELECT results_eq($$SELECT (b.r).detail FROM (SELECT r FROM catalogue_bulk(77, 'operator', 'operator', NULL, 'bulk', NULL, NULL, ARRAY[
        '{"kind": "memberships", "ref": "b3", "company": "b", "user": "b"}', '{"kind": "companies", "ref": "b3", "name": "B", "prefix": "BULK"}',
        '{"kind": "companies", "ref": "b3", "name": "B", "prefix": "bulk"}']::jsonb[]) AS r) AS b$$,
    $$VALUES ('Another entry has this value already.'), ('Another entry has this value already.'), ('Must be 2 to 8 capital letters, and not INV.')$$, 'the refusal explains the error');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
