-- SPDX-License-Identifier: Apache-2.0
-- Entries of the catalogue as documents: a document that is read and sent back changes nothing; lists; merge patches; conditions.
-- The seed is printed; the environment variable PROPERTY_SEED repeats a run.
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();
\getenv seed PROPERTY_SEED
\if :{?seed}
\else
    SELECT floor(random() * 1000000)::integer AS seed \gset
\endif
SELECT diag('PROPERTY_SEED=' || :seed);
SELECT setseed(:seed / 1000000.0) \g (format=unaligned) /dev/null

CREATE FUNCTION pg_temp.read(p_kind text, p_ref text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT document FROM orders_v1.read_entry(77, p_kind, p_ref)
$$;
CREATE FUNCTION pg_temp.tag(p_kind text, p_ref text) RETURNS text LANGUAGE sql AS $$
    SELECT tag FROM orders_v1.read_entry(77, p_kind, p_ref)
$$;
CREATE FUNCTION pg_temp.patch(p_kind text, p_ref text, p_patch text, p_match text[] DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.catalogue_patch(77, 'operator', 'operator', NULL, 'patch', NULL, NULL, p_kind, p_ref, p_patch::jsonb, p_match)
$$;

-- The examples of RFC 7396, appendix A.
SELECT is(merge_patch(e.target::jsonb, e.patch::jsonb), e.result::jsonb, concat(e.target, ' with the patch ', e.patch))
FROM (VALUES
    ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'), ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'), ('{"a":"b"}', '{"a":null}', '{}'),
    ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'), ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'), ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
    ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'), ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'), ('["a","b"]', '["c","d"]', '["c","d"]'),
    ('{"a":"b"}', '["c"]', '["c"]'), ('{"a":"foo"}', 'null', 'null'), ('{"a":"foo"}', '"bar"', '"bar"'), ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
    ('[1,2]', '{"a":"b","c":null}', '{"a":"b"}'), ('{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}')
) AS e (target, patch, result);

SELECT is(document_time(t.text::timestamptz), t.shown, t.text || ' is a time of a document')
FROM (VALUES ('2026-01-01T10:30:00Z', '2026-01-01T10:30:00Z'), ('2026-01-01T10:30:00.25+01:00', '2026-01-01T09:30:00.25Z'), ('2026-01-01T00:00:00.000010Z', '2026-01-01T00:00:00.00001Z'),
             ('0001-01-01T00:00:00+05:00', '0001-01-01T10:59:00+15:59'), ('9999-12-31T23:59:59-05:00', '9999-12-31T13:00:59-15:59'), (NULL, NULL)) AS t (text, shown);
SELECT is(document_time(document_time(t.text::timestamptz)::timestamptz), document_time(t.text::timestamptz), t.text || ' stays the same')
FROM unnest('{0001-01-01T00:00:00+05:00,9999-12-31T23:59:59-05:00,2026-10-25T02:30:00.123456+02:00}'::text[]) AS t (text);

-- Random documents. Each member is absent, null or one of its values.
CREATE FUNCTION pg_temp.any_of(VARIADIC p_values text[]) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT p_values[1 + floor(random() * cardinality(p_values))::integer]::jsonb
$$;
CREATE FUNCTION pg_temp.random_variant(p_ref text) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('ref', p_ref, 'name', pg_temp.any_of(NULL, '"Red"', '"Product"'), 'active', pg_temp.any_of(NULL, 'true', 'false'),
        'status', pg_temp.any_of(NULL, '"made"'), 'stock', pg_temp.any_of(NULL, '0', '7'), 'images', pg_temp.any_of(NULL, '{"px240": "https://example.com/a"}', '{}'),
        'options', pg_temp.any_of(NULL, '[{"id": 1, "name": "red"}]', '[{"id": 2.0, "name": "blue", "code": "#00f"}, {"id": 3, "name": "XL"}]'),
        'prices', pg_temp.any_of(NULL, '{"USD": 100}', '{"EUR": {"price": 5}, "USD": {"price": 100, "list_price": 150}}', '{"JPY": 0}')))
$$;
CREATE FUNCTION pg_temp.random_document(p_kind text, n integer) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_active   jsonb := pg_temp.any_of(NULL, 'true', 'false', 'null');
    v_metadata jsonb := pg_temp.any_of(NULL, 'null', '{}', '{"a": {"b": [1, null, "x"]}, "n": null}');
    v_timed    jsonb := pg_temp.any_of('{}', '{"duration_unit": "month", "duration_value": 3}', '{"duration_unit": null}');
BEGIN
    RETURN (CASE p_kind
        WHEN 'users' THEN jsonb_build_object('name', pg_temp.any_of('"Ada"', '"Ädä 中"'), 'login', pg_temp.any_of(NULL, to_jsonb('login-' || n)::text), 'email', pg_temp.any_of(NULL, '"a@example.com"'),
            'given_name', pg_temp.any_of(NULL, '"A"'), 'family_name', pg_temp.any_of(NULL, '""', '"B"'), 'phone', pg_temp.any_of(NULL, '"1"'), 'locale', pg_temp.any_of(NULL, '"de"'),
            'title', pg_temp.any_of(NULL, '0', '1', '1.0'), 'default_address', pg_temp.any_of(NULL, '{}', '{"city": "X", "code": 7, "street": null}'),
            'current_company', pg_temp.any_of(NULL, '"acme"'), 'active', v_active, 'metadata', v_metadata)
        WHEN 'companies' THEN jsonb_build_object('name', '"C"'::jsonb, 'prefix', to_jsonb('Q' || chr(65 + n / 26) || chr(65 + n % 26)), 'email', pg_temp.any_of(NULL, '"a@example.com"'),
            'tax_number', pg_temp.any_of(NULL, '"T"'), 'address', pg_temp.any_of(NULL, '{"city": "X"}'), 'images', pg_temp.any_of(NULL, '{"px240": null, "px480": "https://example.com/x"}'), 'active', v_active,
            'metadata', v_metadata)
        WHEN 'memberships' THEN jsonb_build_object('company', 'bold', 'user', 'u' || n, 'role', pg_temp.any_of(NULL, '"member"', '"manager"'), 'active', v_active)
        WHEN 'products' THEN jsonb_build_object('company', pg_temp.any_of(NULL, '"acme"'), 'number', pg_temp.any_of(NULL, '"n 1"'), 'slug', pg_temp.any_of(NULL, to_jsonb('slug-' || n)::text), 'name', '"Product"'::jsonb,
            'description', pg_temp.any_of(NULL, '"a\tb\nc"'), 'images', pg_temp.any_of(NULL, '{"px240": "https://example.com/p"}'), 'tax_class', pg_temp.any_of(NULL, '"std"'), 'returnable', pg_temp.any_of(NULL, 'true'),
            'translations', pg_temp.any_of(NULL, '{"de": {"name": "P"}}'), 'active', v_active, 'metadata', v_metadata,
            'variants', pg_temp.any_of(NULL, '[]', (SELECT jsonb_agg(pg_temp.random_variant('v' || i) || jsonb_build_object('number', CASE WHEN random() < 0.5 THEN format('x-%s-%s', n, i) END))::text
                                                    FROM generate_series(1, 1 + n % 3) AS i)))
        WHEN 'plans' THEN jsonb_build_object('name', '"P"'::jsonb, 'slug', pg_temp.any_of(NULL, to_jsonb('plan-' || n)::text), 'description', pg_temp.any_of(NULL, '"d"'), 'price', pg_temp.any_of('0', '1e3', '1000000000000000'),
            'currency', pg_temp.any_of('"USD"', '"JPY"'), 'features', pg_temp.any_of(NULL, '["a", {"b": 1}]', '{"a": null}'), 'status', pg_temp.any_of(NULL, '"hidden"', '"retired"'), 'max_quantity', pg_temp.any_of(NULL, '5'),
            'tax_class', pg_temp.any_of(NULL, '"std"'), 'metadata', v_metadata) || v_timed
        WHEN 'billing-options' THEN jsonb_build_object('plan', 'basic', 'name', '"O"'::jsonb, 'price', pg_temp.any_of('0', '7'), 'active', v_active) || v_timed
        WHEN 'coupons' THEN jsonb_build_object('code', pg_temp.any_of(NULL, to_jsonb(' code ' || n)::text), 'starts_at', pg_temp.any_of(NULL, '"2026-01-01T00:00:00.25+02:00"'), 'ends_at', pg_temp.any_of(NULL, '"2030-01-01T00:00Z"'),
            'max_uses', pg_temp.any_of(NULL, '0', '5'), 'max_uses_per_user', pg_temp.any_of(NULL, '1'), 'active', v_active, 'metadata', v_metadata)
            || pg_temp.any_of('{"percent_bp": 1000}', '{"amount": 500, "currency": "USD"}', '{"percent_bp": 1, "currency": "USD", "minimum": 5, "max_discount": 10}')
        WHEN 'tax-rates' THEN jsonb_build_object('tax_class', 'c' || n, 'key', '"K"'::jsonb, 'rate_bp', pg_temp.any_of('0', '10000'), 'active', v_active)
        WHEN 'payment-channels' THEN jsonb_build_object('name', pg_temp.any_of(NULL, '"N"'), 'provider', pg_temp.any_of(NULL, '"http"'), 'enabled', pg_temp.any_of(NULL, 'false'),
            'currencies', pg_temp.any_of(NULL, '[]', '["USD", "EUR"]'), 'payable_units', pg_temp.any_of(NULL, '{"JPY": 10, "USD": 1e2}'), 'metadata', v_metadata)
        WHEN 'labels' THEN jsonb_build_object('type', '"order_status"'::jsonb, 'word', 'w' || n, 'language', pg_temp.any_of('"DE"', '"zh-hant"'), 'text', '"T"'::jsonb)
        WHEN 'packages' THEN jsonb_build_object('product', 'k' || n, 'variant', pg_temp.any_of(NULL, '"v"'), 'rank', pg_temp.any_of('0', '5'), 'active', v_active) || v_timed
        WHEN 'members' THEN jsonb_build_object('placed_at', pg_temp.any_of(NULL, '"2020-01-01T00:00:00.5Z"'), 'auto_upgrade_at', pg_temp.any_of(NULL, 'null', '"2027-01-01T08:00:00+08:00"'))
            || pg_temp.any_of('{}', '{"package": "pack"}', '{"package": null}', '{"package": "pack", "starts_at": "2026-11-01T08:00:00+08:00"}', '{"package": "pack", "ends_at": null}',
                              '{"package": "pack", "starts_at": "2026-11-01T00:00:00Z", "ends_at": "2027-11-01T00:00:00Z"}')
        END);
END
$$;
SELECT pg_temp.operator_put('users', 'u' || n, '{"name": "U"}'), pg_temp.operator_put('products', 'k' || n, '{"name": "K", "variants": [{"ref": "v"}]}')
FROM generate_series(1, 60) AS n \g (format=unaligned) /dev/null
SELECT pg_temp.operator_put('products', 'pack', '{"name": "Pack", "variants": [{"ref": "v"}]}'), pg_temp.operator_put('packages', 'pack', '{"product": "pack", "rank": 1, "duration_unit": "month", "duration_value": 1}')
    \g (format=unaligned) /dev/null
CREATE TEMP TABLE kind AS SELECT * FROM unnest('{users,companies,memberships,products,plans,billing-options,coupons,tax-rates,payment-channels,labels,packages,members}'::text[]) AS k (kind);

-- A written document, what is read, and the outcome of sending it back as it is, and as an empty patch.
CREATE FUNCTION pg_temp.round_trip(p_kind text, n integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_ref  text := CASE p_kind WHEN 'members' THEN 'u' ELSE 'r' END || n;
    v_sent jsonb := pg_temp.random_document(p_kind, n);
    v_put  text := pg_temp.put(p_kind, v_ref, v_sent::text);
    e      orders_v1.entry_view;
    x      orders_v1.entry_view;
    v_back text;
BEGIN
    SELECT * INTO e FROM orders_v1.read_entry(77, p_kind, v_ref);
    v_back := pg_temp.put(p_kind, v_ref, (e.document || jsonb_build_object('kind', e.kind, 'ref', e.ref, 'id', e.id))::text);
    SELECT * INTO x FROM orders_v1.read_entry(77, p_kind, v_ref);
    IF v_put = 'created' AND v_back = 'unchanged' AND pg_temp.patch(p_kind, v_ref, '{}') = 'unchanged' AND pg_temp.put(p_kind, v_ref, v_sent::text) = 'unchanged'
       AND e IS NOT DISTINCT FROM x THEN
        RETURN NULL;
    END IF;
    RETURN concat_ws(E'\n', v_put, v_back, v_sent, e.document, x.document, pg_temp.patch(p_kind, v_ref, '{}'), pg_temp.put(p_kind, v_ref, v_sent::text));
END
$$;
SELECT is(min(pg_temp.round_trip(k.kind, n)), NULL, k.kind || ': a document that is read and sent back changes nothing')
FROM kind k CROSS JOIN generate_series(1, 60) AS n GROUP BY k.kind ORDER BY k.kind;
SELECT is_empty('SELECT * FROM orders_check.all_violations WHERE tenant_id = 77', 'all invariants hold');

-- Reads.
SELECT is(pg_temp.refusal(format('SELECT pg_temp.read(%L, %L)', 'shoes', 'x')), 'OR422 unknown_kind kind', 'an unknown kind is refused');
SELECT is(pg_temp.read(k.kind, 'nix'), NULL, k.kind || ': an unknown reference has no row') FROM kind k;
SELECT is((SELECT count(*) FROM read_entry(1, 'products', 'lamp')), 0::bigint, 'an entry of another tenant is not read');
SELECT is(pg_temp.read('members', 'carl'), NULL, 'a user who is no member has no row');
SELECT is((pg_temp.read('products', 'lamp') #> '{variants,0}') - 'id'::text, '{"ref": "red", "number": "L-RED", "name": "Red", "options": [{"id": 1, "name": "red"}, {"id": 2, "name": "warm"}], "status": "stock",
    "images": {"px240": "https://example.com/red.png"}, "active": true, "prices": {"USD": {"price": 1000, "list_price": 1200}, "EUR": 900}, "stock": null, "on_hand": null, "reserved": null, "available": null}'::jsonb,
    'a variant without counted stock');
SELECT is(pg_temp.read('products', 'desk') #> '{variants,0,name}', 'null', 'the name of a variant that has that of its product is null');
SELECT is(pg_temp.patch('products', 'desk', '{"name": "Table"}'), 'updated', 'the product gets another name');
SELECT is((SELECT v.name FROM variant v WHERE v.tenant_id = 77 AND v.number = 'D-1'), 'Table', 'so does the variant');
SELECT is(pg_temp.read('coupons', 'two') -> 'uses', '0', 'a coupon with a limit has its uses');
SELECT isnt(pg_temp.buy('alice', p_coupon => 'TWO'), NULL, 'the coupon is used');
SELECT is(pg_temp.read('coupons', 'two') -> 'uses', '1', 'the use is counted');
SELECT is(pg_temp.read('coupons', 'ten') -> 'uses', 'null', 'the uses of a coupon without a limit are not counted');
SELECT is(pg_temp.put('coupons', 'two', pg_temp.read('coupons', 'two')::text), 'unchanged', 'a document with uses changes nothing');

-- Stock: the document has the number that was sent last.
SELECT is(pg_temp.put('products', 'pen', '{"name": "Pen", "variants": [{"ref": "a", "stock": 10, "prices": {"USD": 100}}, {"ref": "b", "prices": {"USD": 100}}]}'), 'created', 'a product with counted stock');
SELECT pg_temp.tag('products', 'pen') AS before \gset
SELECT ("order").id AS sold FROM place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL, '{"dialect": "shop", "user": "alice", "payment_method": "cod", "currency": "USD",
    "lines": [{"product": "pen", "variant": "a", "quantity": 4}]}', 900) \gset
SELECT is((pg_temp.read('products', 'pen') #> '{variants,0}') - '{id,name,images,number,options,prices,status,active}'::text[], '{"ref": "a", "stock": 10, "on_hand": 10, "reserved": 4, "available": 6}'::jsonb, 'reserved items');
SELECT advance(77, 'operator', 'operator', NULL, 'pack', NULL, NULL, :sold, 'packed', NULL, NULL, NULL, NULL), ship(77, 'operator', 'operator', NULL, 'ship', NULL, NULL, :sold, '{}', NULL) \g (format=unaligned) /dev/null
SELECT is((pg_temp.read('products', 'pen') #> '{variants,0}') - '{id,name,images,number,options,prices,status,active}'::text[], '{"ref": "a", "stock": 10, "on_hand": 6, "reserved": 0, "available": 6}'::jsonb, 'shipped items');
SELECT is(pg_temp.tag('products', 'pen'), :'before', 'sales do not change the tag of the document');
SELECT is(pg_temp.put('products', 'pen', pg_temp.read('products', 'pen')::text), 'unchanged', 'the document that is sent back undoes no sale');
SELECT is(pg_temp.patch('products', 'pen', '{"variants": {"a": {"prices": {"USD": 90}}}}'), 'updated', 'a patch of a price');
SELECT is((SELECT ROW(s.on_hand, s.stated, s.counted)::text FROM stock s JOIN variant v ON v.tenant_id = 77 AND v.id = s.variant_id JOIN product p ON p.tenant_id = 77 AND p.id = v.product_id
           WHERE s.tenant_id = 77 AND p.external_ref = 'pen'), '(6,10,t)', 'leaves the stock as it is');
SELECT is(pg_temp.patch('products', 'pen', '{"variants": {"a": {"stock": 8}}}'), 'updated', 'a patch of the stock');
SELECT is(pg_temp.read('products', 'pen') #> '{variants,0,on_hand}', '8', 'is a count');
SELECT is(pg_temp.patch('products', 'pen', '{"variants": {"a": {"stock": null}}}'), 'updated', 'null');
SELECT is(pg_temp.read('products', 'pen') #> '{variants,0,stock}', 'null', 'ends the counting');
SELECT is(pg_temp.patch('products', 'pen', '{"variants": [{"ref": "b", "stock": 3}]}'), 'updated', 'an array replaces the variants');
SELECT is((SELECT string_agg(concat_ws(' ', v.external_ref, v.active, s.on_hand), ', ' ORDER BY v.id) FROM variant v JOIN product p ON p.tenant_id = 77 AND p.id = v.product_id
           LEFT JOIN stock s ON s.tenant_id = 77 AND s.variant_id = v.id AND s.counted WHERE v.tenant_id = 77 AND p.external_ref = 'pen'), 'a f, b t 3', 'a variant that is missing is deactivated');
SELECT is((SELECT jsonb_agg(v.value -> 'prices') FROM jsonb_array_elements(pg_temp.read('products', 'pen') -> 'variants') AS v), '[{"USD": 90}, {}]', 'and prices that are missing are deleted');

-- Variants by reference.
SELECT is(pg_temp.patch('products', 'pen', '{"variants": {"b": {"name": "Blue"}, "c": {"number": "p-c", "prices": {"EUR": 5}}}}'), 'updated', 'a patch changes and adds variants');
SELECT is((SELECT string_agg(concat_ws(' ', v.value ->> 'ref', v.value ->> 'name', v.value ->> 'number', v.value ->> 'active', v.value -> 'prices', v.value ->> 'stock'), ', ') FROM jsonb_array_elements(pg_temp.read('products', 'pen') -> 'variants') AS v),
    'a false {"USD": 90}, b Blue true {} 3, c P-C true {"EUR": 5}', 'the others stay as they are');
SELECT is(pg_temp.patch('products', 'pen', '{"variants": {"b": null, "nix": null}}'), 'updated', 'null removes a variant');
SELECT is((SELECT string_agg(concat_ws(' ', v.value ->> 'ref', v.value ->> 'active'), ', ') FROM jsonb_array_elements(pg_temp.read('products', 'pen') -> 'variants') AS v), 'a false, b false, c true', 'it is deactivated');
SELECT is(pg_temp.patch('products', 'pen', '{"variants": {"c": {"prices": {"EUR": {"list_price": 9, "price": 5}, "USD": 7}}}}'), 'updated', 'an amount becomes an object');
SELECT is(pg_temp.patch('products', 'pen', '{"variants": {"c": {"prices": {"EUR": {"price": 6}, "USD": null}}}}'), 'updated', 'a member of a price');
SELECT is(pg_temp.read('products', 'pen') #> '{variants,2,prices}', '{"EUR": {"price": 6, "list_price": 9}}', 'the other member stays');
SELECT is(pg_temp.patch('products', 'pen', '{"variants": {"c": {"active": null, "options": [{"id": 1, "name": "x"}], "images": {"px240": "https://example.com/1"}}, "b": {"active": true}}}'), 'updated', 'more members');
SELECT is(pg_temp.patch('products', 'pen', '{"translations": {"de": {"name": "Stift"}, "fr": {"name": "Stylo"}}, "metadata": {"a": {"b": 1}}}'), 'updated', 'maps');
SELECT is(pg_temp.patch('products', 'pen', '{"translations": {"de": null}, "metadata": {"a": {"b": null, "c": 2}}, "slug": null}'), 'updated', 'are merged');
SELECT is(pg_temp.read('products', 'pen') - '{variants,images,number,company,tax_class,returnable,description,active,name}'::text[], '{"slug": "pen", "translations": {"fr": {"name": "Stylo"}}, "metadata": {"a": {"c": 2}}}'::jsonb,
    'null removes members of objects and sets a member to its default');
SELECT is(pg_temp.patch('products', 'pen', '{"variants": null}'), 'updated', 'null removes all variants');
SELECT is((SELECT count(*) FROM jsonb_array_elements(pg_temp.read('products', 'pen') -> 'variants') AS v WHERE (v.value ->> 'active')::boolean), 0::bigint, 'they are deactivated');

SELECT is(pg_temp.refusal(format('SELECT pg_temp.patch(%L, %L, %L)', p.kind, p.ref, p.patch)), 'OR' || p.refusal, concat(p.kind, ' ', p.patch, ' is refused with ', p.refusal))
FROM (VALUES
    ('shoes', 'x', '{}', '422 unknown_kind kind'), ('users', 'nix', '{}', '404 not_found'), ('members', 'carl', '{"placed_at": null}', '404 not_found'), ('users', 'alice', '[]', '422 invalid_field'), ('users', 'alice', 'null', '422 invalid_field'),
    ('users', 'alice', '{"ref": "bob"}', '422 invalid_field ref'), ('users', 'alice', '{"kind": "plans"}', '422 invalid_field kind'), ('users', 'alice', '{"login": "bob"}', '422 invalid_field login'),
    ('users', 'alice', '{"current_company": "nix"}', '422 company_not_found current_company'), ('coupons', 'ten', '{"amount": 5, "currency": "USD"}', '422 invalid_field amount'), ('coupons', 'ten', '{"percent_bp": null}', '422 required_field percent_bp'),
    ('coupons', 'two', '{"currency": null}', '422 required_field currency'), ('coupons', 'two', '{"max_uses": 0}', '422 invalid_field max_uses'),
    ('plans', 'basic', '{"duration_unit": null}', '422 invalid_field duration_value'), ('plans', 'basic', '{"price": -1}', '422 invalid_field price'),
    ('products', 'lamp', '{"variants": {"red": {"ref": "blue"}}}', '422 invalid_field variants.red.ref'), ('products', 'lamp', '{"variants": {"red": 5}}', '422 invalid_field variants.red'),
    ('products', 'lamp', '{"variants": {"red": {"prices": {"JPY": {"list_price": 5}}}}}', '422 required_field variants[0].prices.JPY.price'),
    ('products', 'lamp', '{"variants": {"red": {"prices": {"XXX": 5}}}}', '422 currency_unknown variants[0].prices.XXX'),
    ('products', 'lamp', '{"variants": {"red": {"prices": {"USD": {"list_price": 5}}}}}', '422 invalid_field variants[0].prices.USD.list_price'),
    ('products', 'lamp', '{"variants": {"new": {"number": "D-1"}}}', '422 invalid_field variants[3].number'), ('products', 'lamp', '{"variants": {"red": {"stock": -1}}}', '422 invalid_field variants[0].stock'),
    ('products', 'lamp', '{"translations": {"de": {}}}', '422 required_field translations.de.name'), ('packages', 'pack', '{"product": "desk"}', '422 product_not_found product'), ('packages', 'pack', '{"product": "desk", "variant": "desk"}', '422 invalid_field variant'),
    ('members', 'u1', '{"package": "nix"}', '422 package_not_found package')
) AS p (kind, ref, patch, refusal);
SELECT is(pg_temp.patch('coupons', 'ten', '{"percent_bp": null, "amount": 5, "currency": "USD"}'), 'updated', 'a coupon gets an amount in place of a percentage');
SELECT is(pg_temp.patch('users', 'alice', '{"ref": "alice", "kind": "users", "id": 1, "result": "updated", "created_at": "x", "name": "Alice A."}'), 'updated', 'members of a response are accepted');
SELECT is(pg_temp.patch('users', 'alice', '{"name": "Alice A."}'), 'unchanged', 'the same again');
SELECT is((SELECT ROW(u.name, u.login, u.email)::text FROM users u WHERE u.tenant_id = 77 AND u.external_ref = 'alice'), '("Alice A.",alice,alice@example.com)', 'the other members stay');

-- Members: a patch of other members does not repeat the package.
SELECT pg_temp.operator_put('users', 'zoe', '{"name": "Zoe"}'), pg_temp.operator_put('members', 'zoe', '{"package": "pack", "starts_at": "2026-11-01T08:00:00+08:00"}') \g (format=unaligned) /dev/null
SELECT is(pg_temp.read('members', 'zoe') - 'term'::text, '{"placed_at": null, "auto_upgrade_at": null, "package": "pack", "starts_at": "2026-11-01T00:00:00Z"}'::jsonb, 'a member has the package that was stated');
SELECT is(pg_temp.read('members', 'zoe') #> '{term,package}', '"pack"', 'and the current term');
UPDATE member SET term_id = NULL WHERE tenant_id = 77 AND user_id = pg_temp.uid('zoe');
SELECT is(pg_temp.put('members', 'zoe', pg_temp.read('members', 'zoe')::text), 'unchanged', 'the document that is sent back does not restore a package that was refunded');
SELECT is(pg_temp.put('members', 'zoe', '{"package": "pack", "starts_at": "2026-11-01T00:00:00.000Z"}'), 'unchanged', 'nor does the same time in another notation');
SELECT is(pg_temp.patch('members', 'zoe', '{"placed_at": "2026-01-01T00:00:00Z"}'), 'updated', 'a patch of another member');
SELECT is(pg_temp.read('members', 'zoe') -> 'term', 'null', 'does not restore it either');
SELECT is(pg_temp.patch('members', 'zoe', '{"starts_at": "2026-11-02T00:00:00Z"}'), 'updated', 'a patch of the start');
SELECT is(pg_temp.read('members', 'zoe') -> 'term', '{"package": "pack", "starts_at": "2026-11-02T00:00:00Z", "ends_at": "2026-12-02T00:00:00Z"}', 'states the package again');
SELECT is(pg_temp.patch('members', 'zoe', '{"package": null}'), 'updated', 'null');
SELECT is(pg_temp.read('members', 'zoe') -> 'term', 'null', 'removes the package');
SELECT pg_temp.operator_put('users', 'yan', '{"name": "Yan"}'), pg_temp.operator_put('members', 'yan', '{}') \g (format=unaligned) /dev/null
SELECT is(pg_temp.refusal($$SELECT pg_temp.patch('members', 'yan', '{"ends_at": "2027-01-01T00:00:00Z"}')$$), 'OR422 required_field package', 'a time requires a package');

-- Conditions.
CREATE FUNCTION pg_temp.replace(p_document text, p_match text[], p_exists boolean, p_ref text DEFAULT 'basic') RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.catalogue_replace(77, 'operator', 'operator', NULL, 'put', NULL, NULL, 'plans', p_ref, p_document::jsonb, p_match, p_exists)
$$;
SELECT pg_temp.tag('plans', 'basic') AS tag \gset
SELECT matches(:'tag'::text, '^[0-9a-f]{24}$', 'a tag');
SELECT is(pg_temp.patch('plans', 'basic', '{"price": 1100}', ARRAY['x', :'tag']), 'updated', 'one of the tags matches');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.patch(%L, %L, %L, %L)', 'plans', 'basic', '{"price": 1200}', ARRAY[:'tag'])), 'OR412 version_mismatch', 'the tag of the former document');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.replace(%L, %L, true)', '{"name": "B", "price": 1, "currency": "USD"}', ARRAY[:'tag'])), 'OR412 version_mismatch', 'also for a whole document');
SELECT is(pg_temp.patch('plans', 'basic', '{"price": 1000}'), 'updated', 'the former document again');
SELECT is(pg_temp.tag('plans', 'basic'), :'tag'::text, 'has its tag');
SELECT is(pg_temp.replace('{"name": "B", "price": 1, "currency": "USD"}', ARRAY[:'tag'], true), 'updated', 'a whole document with the tag');
SELECT is(pg_temp.replace('{"name": "B", "price": 1, "currency": "USD"}', NULL, true), 'unchanged', 'any tag');
SELECT is(pg_temp.refusal($$SELECT pg_temp.replace('{"name": "B", "price": 1, "currency": "USD"}', NULL, true, 'nix')$$), 'OR412 version_mismatch', 'an entry that does not exist has no tag');
SELECT is(pg_temp.refusal($$SELECT pg_temp.replace('{"name": "B", "price": 1, "currency": "USD"}', NULL, false)$$), 'OR412 version_mismatch', 'an entry that exists is not created');
SELECT is(pg_temp.replace('{"name": "B", "price": 1, "currency": "USD"}', NULL, false, 'created'), 'created', 'an entry that does not exist is');
SELECT is(pg_temp.refusal($$SELECT pg_temp.replace('[]', NULL, false, 'array')$$), 'OR422 invalid_field', 'an array is refused');

-- Repeated requests.
CREATE FUNCTION pg_temp.patch_by_key(p_patch text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', w.outcome, w.replayed, (w.entry).document ->> 'price', (w.entry).tag)
    FROM orders_v1.catalogue_patch(77, 'operator', 'operator', NULL, 'patch', 'key', sha256(p_patch::bytea), 'plans', 'few', p_patch::jsonb, NULL) AS w
$$;
SELECT pg_temp.patch_by_key('{"price": 11}') AS first \gset
SELECT is(pg_temp.patch('plans', 'few', '{"price": 12}'), 'updated', 'a later change');
SELECT is(pg_temp.patch_by_key('{"price": 11}'), regexp_replace(:'first', 'updated f', 'updated t'), 'a repeated patch has the response of the first');
SELECT is(pg_temp.read('plans', 'few') -> 'price', '12', 'and changes nothing');

-- Lists: by id, descending.
CREATE FUNCTION pg_temp.list(p_kind text, p_filters text DEFAULT '{}', p_limit integer DEFAULT 500, p_before bigint DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(coalesce(e.ref, '…'), ' ' ORDER BY e.id DESC) FROM orders_v1.list_entries(77, p_kind, p_filters::jsonb, p_limit, p_before) AS e
$$;
SELECT is((SELECT count(*) FROM list_entries(77, k.kind, '{}', 500, NULL) AS e JOIN read_entry(77, k.kind, e.ref) AS r ON r.* IS NOT DISTINCT FROM e.*), (SELECT count(*) FROM list_entries(77, k.kind, '{}', 500, NULL)),
          k.kind || ': a list has the entries as they are read') FROM kind k;
SELECT is((SELECT array_agg(id) FROM list_entries(77, k.kind, '{}', 500, NULL) WITH ORDINALITY), (SELECT array_agg(id ORDER BY id DESC) FROM list_entries(77, k.kind, '{}', 500, NULL)), k.kind || ': newest first') FROM kind k;
SELECT is((SELECT array_agg(id) FROM list_entries(77, k.kind, '{}', 3, (SELECT min(id) FROM list_entries(77, k.kind, '{}', 3, NULL)))), (SELECT array_agg(id) FROM (SELECT id FROM list_entries(77, k.kind, '{}', 6, NULL) OFFSET 3) AS l),
          k.kind || ': the second page') FROM kind k;
SELECT is(pg_temp.refusal($$SELECT pg_temp.list('shoes')$$), 'OR422 unknown_kind kind', 'an unknown kind is refused');
SELECT is(pg_temp.list(l.kind, l.filters), l.found, concat(l.kind, ' ', l.filters))
FROM (VALUES
    ('users', '{"q": "ALICE@"}', 'alice'), ('users', '{"active": false, "q": "off"}', 'off'), ('users', '{"company": "acme", "q": "MON"}', 'mona'), ('users', '{"q": "y\ncar"}', NULL), ('users', '{"q": "%"}', NULL), ('users', '{"company": "nix"}', NULL),
    ('memberships', '{"company": "acme"}', 'm4 m3 m2 m1'), ('memberships', '{"company": "acme", "user": "sally"}', 'm1'), ('memberships', '{"user": "sally"}', 'm6 m1'), ('memberships', '{"user": "nix"}', NULL), ('memberships', '{"company": "acme", "active": false}', NULL),
    ('products', '{"company": "acme", "q": "lamp"}', 'lamp'), ('products', '{"q": "LAM"}', 'lamp'), ('products', '{"company": "nix"}', NULL), ('products', '{"company": ""}', NULL), ('plans', '{"status": "hidden", "q": "Hid"}', 'hidden'),
    ('billing-options', '{"plan": "basic", "active": false, "q": "stopped"}', 'stopped'), ('billing-options', '{"plan": "hidden"}', NULL), ('coupons', '{"q": "TWO"}', 'two'), ('coupons', '{"active": false, "q": "dead"}', 'dead'),
    ('tax-rates', '{"tax_class": "std"}', 'sgst cgst'), ('payment-channels', '{"active": false, "q": "down"}', 'down'), ('labels', '{"type": "payment_method"}', NULL), ('labels', '{"type": "order_status", "language": "EN"}', NULL),
    ('packages', '{"product": "pack"}', 'pack'), ('packages', '{"product": "lamp"}', NULL), ('members', '{"q": "zoe"}', 'zoe'), ('companies', '{"q": "AAAA"}', 'acme')
) AS l (kind, filters, found);
SELECT cmp_ok((SELECT count(*) FROM list_entries(77, 'members', '{"package": "pack"}', 500, NULL)), '>', 5::bigint, 'members of a package');
SELECT is((SELECT count(*) FROM list_entries(77, 'members', '{"package": "nix"}', 500, NULL)), 0::bigint, 'members of an unknown package');

-- A call passes 20,000 entries.
INSERT INTO users (tenant_id, external_ref, name) SELECT 77, 'many' || n, 'Many ' || n FROM generate_series(1, 20000) AS n;
SELECT is(pg_temp.list('users', '{"q": "alice"}'), '…', 'after 20,000 entries without a match, the result is a position');
SELECT is(pg_temp.list('users', '{"q": "alice"}', 500, (SELECT id FROM list_entries(77, 'users', '{"q": "alice"}', 500, NULL))), 'alice', 'the next call continues there');
SELECT is(pg_temp.list('users', '{"q": "many 7"}', 2), 'many7999 many7998', 'a full page ends before');

-- A filter with an index reads the rows that it selects only.
INSERT INTO membership (tenant_id, external_ref, company_id, user_id, role)
SELECT 77, u.external_ref, (SELECT min(c.id) FROM company c WHERE c.tenant_id = 77), u.id, 'salesperson' FROM users u WHERE u.tenant_id = 77 AND u.external_ref LIKE 'many%';
ANALYZE membership;
SELECT idx_tup_fetch AS before FROM pg_stat_xact_user_tables WHERE schemaname = 'orders' AND relname = 'membership' \gset
SELECT is(pg_temp.list('memberships', '{"user": "many7"}'), 'many7', 'the memberships of a user');
SELECT cmp_ok((SELECT idx_tup_fetch - :before FROM pg_stat_xact_user_tables WHERE schemaname = 'orders' AND relname = 'membership'), '<', 100::bigint, 'read few rows');

SELECT is_empty('SELECT * FROM orders_check.all_violations WHERE tenant_id = 77', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
