-- SPDX-License-Identifier: Apache-2.0
-- Settings of a tenant: changes as merge patches, and what they affect.
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.set(p_changes jsonb, p_match text[] DEFAULT NULL, p_key text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT outcome || ' v' || (settings).version FROM orders_v1.change_settings(77, 'operator', 'operator', pg_temp.uid('olga'), 'settings', p_key,
        CASE WHEN p_key IS NOT NULL THEN sha256(p_changes::text::bytea) END, p_match, p_changes)
$$;
CREATE FUNCTION pg_temp.refused(p_changes text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('SELECT pg_temp.set(%L)', p_changes)) || coalesce(' ' || (pg_temp.hint(format('SELECT pg_temp.set(%L)', p_changes)) ->> 'field'), '')
$$;

-- Merge patches.
SELECT is(merge_patch(m.target::jsonb, m.patch::jsonb), m.result::jsonb, format('%s patched with %s', m.target, m.patch))
FROM (VALUES ('{"a": "b"}', '{"a": "c"}', '{"a": "c"}'), ('{"a": "b"}', '{"b": "c"}', '{"a": "b", "b": "c"}'), ('{"a": "b"}', '{"a": null}', '{}'),
             ('{"a": "b", "b": "c"}', '{"a": null}', '{"b": "c"}'), ('{"a": ["b"]}', '{"a": "c"}', '{"a": "c"}'), ('{"a": "c"}', '{"a": ["b"]}', '{"a": ["b"]}'),
             ('{"a": {"b": "c"}}', '{"a": {"b": "d", "c": null}}', '{"a": {"b": "d"}}'), ('{"a": [{"b": "c"}]}', '{"a": [1]}', '{"a": [1]}'),
             ('["a", "b"]', '["c", "d"]', '["c", "d"]'), ('{"a": "b"}', '["c"]', '["c"]'), ('{"e": null}', '{"a": 1}', '{"e": null, "a": 1}'),
             ('[1, 2]', '{"a": "b", "c": null}', '{"a": "b"}'), ('{}', '{"a": {"bb": {"ccc": null}}}', '{"a": {"bb": {}}}'),
             ('{"a": [null]}', '{"b": [null]}', '{"a": [null], "b": [null]}')) AS m (target, patch, result);

-- Reading and changing.
SELECT is((SELECT to_jsonb(s) - 'created_at' - 'updated_at' FROM read_settings(77) AS s),
          '{"id": 77, "version": 1, "name": "test", "address": {}, "tax_number": null, "email": null, "phone": null, "currency": "USD", "tax_inclusive": true,
            "bill_series": "BILL", "invoice_series": "INV", "time_zone": "UTC", "metadata": {}}', 'a tenant has default settings');
SELECT is_empty('SELECT * FROM read_settings(78)', 'an unknown tenant has no settings');
SELECT is(pg_temp.refusal($$SELECT change_settings(78, 'operator', 'operator', NULL, 's', NULL, NULL, NULL, '{}')$$), 'OR404 not_found', 'settings of an unknown tenant are not changed');
SELECT is(pg_temp.set('{"name": "Bright Lamps", "address": {"street": "Main Street", "house": "5", "city": "Springfield", "postal_code": "12345", "country": "US"},
                        "tax_number": "US-99", "email": "shop@example.com", "phone": "+1 555", "metadata": {"a": {"b": 1, "c": 2}}}'), 'changed v2', 'settings are changed');
SELECT is(pg_temp.set('{"name": "Bright Lamps", "address": {"city": "Springfield"}}'), 'unchanged v2', 'equal settings create no version');
SELECT is(pg_temp.set('{}'), 'unchanged v2', 'an empty change changes nothing');
SELECT is(pg_temp.set('{"address": {"house": "7", "country": null}, "metadata": {"a": {"b": null}}}'), 'changed v3', 'a nested object is merged');
SELECT is((SELECT address || metadata FROM read_settings(77)), '{"street": "Main Street", "house": "7", "city": "Springfield", "postal_code": "12345", "a": {"c": 2}}',
          'null removes a member of a nested object, and the other members remain');
SELECT is(pg_temp.set('{"phone": null, "metadata": null}'), 'changed v4', 'null removes a setting');
SELECT is((SELECT concat_ws(' ', phone, metadata) FROM read_settings(77)), '{}', 'a removed setting has its default');
SELECT is(pg_temp.set('{"phone": "+1 556"}', ARRAY[version_tag(77, 4)]), 'changed v5', 'a change with the tag of the version is made');
SELECT is(pg_temp.refusal($$SELECT pg_temp.set('{"phone": "+1 557"}', ARRAY[version_tag(77, 4)])$$), 'OR412 version_mismatch', 'a change with an older tag is refused');
SELECT is(pg_temp.set('{"phone": "+1 558"}', p_key => 'k') || ', ' || pg_temp.set('{"phone": "+1 558"}', p_key => 'k'), 'changed v6, changed v6', 'a repetition with the key returns the first response');
SELECT is((SELECT updated_at FROM read_settings(77)), now(), 'a change has its time');

SELECT is(pg_temp.refused(r.changes), r.refusal, 'refused: ' || r.changes)
FROM (VALUES ('{"name": null}', 'OR422 required_field name'), ('{"name": ""}', 'OR422 required_field name'), ('{"currency": null}', 'OR422 required_field currency'),
             ('{"time_zone": null}', 'OR422 required_field time_zone'), ('{"tax_inclusive": null}', 'OR422 required_field tax_inclusive'),
             ('{"bill_series": null}', 'OR422 required_field bill_series'), ('{"invoice_series": ""}', 'OR422 required_field invoice_series'),
             ('{"currency": "XXX"}', 'OR422 currency_unknown currency'), ('{"currency": "usd"}', 'OR422 currency_unknown currency'),
             ('{"time_zone": "Mars/Olympus"}', 'OR422 invalid_field time_zone'), ('{"time_zone": "UTC+2"}', 'OR422 invalid_field time_zone'),
             ('{"time_zone": "<x>-8"}', 'OR422 invalid_field time_zone'), ('{"time_zone": "posix/Europe/Paris"}', 'OR422 invalid_field time_zone'),
             ('{"time_zone": "+02:00"}', 'OR422 invalid_field time_zone'),
             ('{"bill_series": "b"}', 'OR422 invalid_field bill_series'), ('{"bill_series": "ABCDEFGHIJKLM"}', 'OR422 invalid_field bill_series'), ('{"bill_series": "A-B"}', 'OR422 invalid_field bill_series'),
             ('{"invoice_series": "É"}', 'OR422 invalid_field invoice_series'), ('{"invoice_series": "AAAA"}', 'OR422 invalid_field invoice_series')) AS r (changes, refusal);
SELECT is((SELECT version FROM read_settings(77)), 6, 'refused changes create no version');
SELECT is(pg_temp.set('{"time_zone": "europe/PARIS"}'), 'changed v7', 'the time zone is changed without regard to case');
SELECT is((SELECT time_zone FROM read_settings(77)), 'Europe/Paris', 'a time zone is stored as the IANA database spells it');
SELECT is(pg_temp.set('{"time_zone": "UTC"}'), 'changed v8', 'the time zone can be UTC');

-- Issuers with the same prefix could issue the same invoice number.
SELECT is(pg_temp.refusal($$SELECT pg_temp.put('companies', 'same', '{"name": "Same", "prefix": "SHOP"}')$$), 'no refusal', 'a company can have a prefix that the shop does not use');
SELECT is(pg_temp.refused('{"invoice_series": "SHOP"}'), 'OR422 invalid_field invoice_series', 'the shop cannot use the prefix of a company');
SELECT is(pg_temp.set('{"invoice_series": "WEB"}'), 'changed v9', 'the prefix of invoices is changed');
SELECT is(pg_temp.refusal($$SELECT pg_temp.put('companies', 'other', '{"name": "Other", "prefix": "WEB"}')$$), 'OR422 invalid_field prefix', 'a company cannot use the prefix of the shop');
SELECT is(pg_temp.put('companies', 'other', '{"name": "Other", "prefix": "OTHER"}') || pg_temp.put('companies', 'other', '{"name": "Other 2", "prefix": "OTHER"}'), 'createdupdated', 'other prefixes and changes are accepted');

-- Documents.
SELECT pg_temp.top_up('alice', 100000) \g (format=unaligned) /dev/null
SELECT pg_temp.buy('alice') AS own, pg_temp.sell('cash') AS sold \gset
SELECT pg_temp.settle(:sold, 'X-1'), pg_temp.bill(:own), pg_temp.bill(:sold) \g (format=unaligned) /dev/null
SELECT is((SELECT document -> 'issuer' FROM invoice WHERE tenant_id = 77 AND order_id = :own),
          '{"name": "Bright Lamps", "address": ["Main Street 7", "Springfield 12345"], "tax_number": "US-99", "email": "shop@example.com"}', 'an invoice of the shop has its name, address and tax number');
SELECT is((SELECT document -> 'issuer' ->> 'name' FROM invoice WHERE tenant_id = 77 AND order_id = :sold), (SELECT name FROM company WHERE tenant_id = 77 AND external_ref = 'acme'),
          'an invoice of a company has its own issuer');
SELECT is((SELECT document -> 'issuer' ->> 'tax_number' FROM invoice WHERE tenant_id = 77 AND order_id = :sold), (SELECT tax_number FROM company WHERE tenant_id = 77 AND external_ref = 'acme'),
          'an invoice of a company never has the tax number of the shop');
SELECT is((SELECT number FROM invoice WHERE tenant_id = 77 AND order_id = :own), 'WEB' || to_char(now() AT TIME ZONE 'UTC', 'YYMMDD') || '000001IN', 'the number of an invoice of the shop has the prefix');
SELECT is(pg_temp.refused('{"invoice_series": "AAAA"}'), 'OR422 invalid_field invoice_series', 'the prefix of a company is refused');
UPDATE company SET prefix = 'ZZZZ' WHERE tenant_id = 77 AND external_ref = 'acme';
SELECT is(pg_temp.refused('{"invoice_series": "AAAA"}'), 'OR422 invalid_field invoice_series', 'a prefix with which a company has issued invoices is refused');
SELECT is(pg_temp.refusal($$SELECT pg_temp.put('companies', 'other', '{"name": "Other", "prefix": "AAAA"}')$$), 'OR422 invalid_field prefix', 'a prefix with which another company has issued invoices is refused');
UPDATE company SET prefix = 'AAAA' WHERE tenant_id = 77 AND external_ref = 'acme';

SELECT pg_temp.goods('alice') AS g, pg_temp.goods('alice') AS h, pg_temp.goods('alice') AS i \gset
CREATE FUNCTION pg_temp.bill_of(p_order bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.advance(77, 'operator', 'operator', NULL, 'go', NULL, NULL, p_order, 'confirmed', NULL, NULL, NULL, NULL);
    RETURN (SELECT replace(bill_no, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'), 'M') FROM orders.orders WHERE tenant_id = 77 AND id = p_order);
END
$$;
SELECT is(pg_temp.bill_of(:g), 'BILL-M-0001', 'a bill has the series');
SELECT is(pg_temp.set('{"bill_series": "R1", "invoice_series": "W2", "name": "Brighter Lamps", "tax_number": null}'), 'changed v10', 'the series are changed');
SELECT is(pg_temp.bill_of(:h), 'R1-M-0001', 'a new series of bills begins with 1');
SELECT is(pg_temp.set('{"bill_series": "BILL"}'), 'changed v11', 'the series is changed back');
SELECT is(pg_temp.bill_of(:i), 'BILL-M-0002', 'a former series of bills continues');
SELECT is((SELECT snapshot -> 'issuer' ->> 'name' FROM bill WHERE tenant_id = 77 AND order_id = :g), 'Bright Lamps', 'a bill keeps the issuer of the time of issue');
SELECT is((SELECT snapshot -> 'issuer' FROM bill WHERE tenant_id = 77 AND order_id = :i),
          '{"name": "Brighter Lamps", "address": ["Main Street 7", "Springfield 12345"], "tax_number": null, "email": "shop@example.com"}', 'a later bill has the new issuer');
SELECT is((SELECT document -> 'issuer' ->> 'name' FROM invoice WHERE tenant_id = 77 AND order_id = :own), 'Bright Lamps', 'an invoice keeps its issuer');
SELECT pg_temp.buy('alice') AS later \gset
SELECT pg_temp.bill(:later) \g (format=unaligned) /dev/null
SELECT is((SELECT number FROM invoice WHERE tenant_id = 77 AND order_id = :later), 'W2' || to_char(now() AT TIME ZONE 'UTC', 'YYMMDD') || '000002IN', 'the count of the shop''s invoices continues with a new prefix');

-- The currency and the tax setting are copied to orders that are placed later. A document can state both itself.
CREATE FUNCTION pg_temp.head(p_more jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_order bigint := (SELECT (w."order").id FROM orders_v1.place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL,
        '{"dialect": "shop", "user": "alice", "payment_method": "bank_transfer", "lines": [{"product": "lamp", "variant": "red", "quantity": 1}]}'::jsonb || p_more, 900) AS w);
BEGIN
    RETURN (SELECT o.currency || ' ' || o.tax_inclusive || ' ' || o.total FROM orders.orders o WHERE o.tenant_id = 77 AND o.id = v_order);
END
$$;
SELECT pg_temp.put('products', 'taxed-lamp', '{"name": "Lamp", "tax_class": "std", "variants": [{"ref": "x", "prices": {"USD": 1000, "EUR": 900}}]}') \g (format=unaligned) /dev/null
CREATE FUNCTION pg_temp.taxed(p_more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.head('{"lines": [{"product": "taxed-lamp", "quantity": 1}]}'::jsonb || p_more)
$$;
SELECT is(pg_temp.taxed(), 'USD true 1000', 'an order has the currency and the tax setting of the tenant');
SELECT is(pg_temp.set('{"currency": "EUR", "tax_inclusive": false}'), 'changed v12', 'the currency and the tax setting are changed');
SELECT is(pg_temp.taxed(), 'EUR false 1044', 'a later order has the new currency and the new tax setting');
SELECT is(pg_temp.taxed('{"currency": "USD", "tax_inclusive": true}'), 'USD true 1000', 'an order can state both itself');
SELECT is((SELECT string_agg(currency || ' ' || tax_inclusive, ', ' ORDER BY id) FROM orders WHERE tenant_id = 77 AND id IN (:own, :later)), 'USD true, USD true', 'existing orders keep theirs');

-- Days and months are those of the new time zone, at once.
SELECT is(pg_temp.set(jsonb_build_object('time_zone', current_setting('timezone'))), 'changed v13', 'the time zone is changed');
SELECT pg_temp.goods('alice') AS away \gset
SELECT is((SELECT number FROM orders WHERE tenant_id = 77 AND id = :away) LIKE '%' || to_char(now(), 'YYYYMMDD') || '%', true, 'the number of a later order has the day of the new time zone');
SELECT is((SELECT number FROM invoice WHERE tenant_id = 77 AND order_id = :later), 'W2' || to_char(now() AT TIME ZONE 'UTC', 'YYMMDD') || '000002IN', 'existing numbers remain');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'no invariant is violated');
SELECT * FROM finish();
ROLLBACK;
