-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

-- The data
SELECT is((SELECT count(*) FROM country), 249::bigint, 'all countries of ISO 3166-1 exist');
SELECT cmp_ok((SELECT count(*) FROM subdivision), '>=', 4800::bigint, 'all subdivisions of ISO 3166-2 exist');
SELECT cmp_ok((SELECT count(*) FROM country c WHERE EXISTS (SELECT FROM subdivision s WHERE s.country = c.code)), '>=', 195::bigint,
              'at least 195 countries have subdivisions');
SELECT cmp_ok((SELECT count(postcode) FROM country), '>=', 120::bigint, 'most countries have a pattern for postal codes');
SELECT is((SELECT count(DISTINCT name) FROM country), (SELECT count(*) FROM country), 'names are unique');
SELECT is_empty($$SELECT code FROM country WHERE name <> btrim(name) OR name !~ '^[[:upper:]]' OR name ~ '[,(]'$$, 'names have no additions');
SELECT is((SELECT string_agg(name, ', ' ORDER BY code) FROM country WHERE code IN ('CI', 'KR', 'MY', 'TR', 'US')),
          'Côte d''Ivoire, South Korea, Malaysia, Türkiye, United States', 'countries have their names');
SELECT is((SELECT count(*) FROM subdivision WHERE country = c.country), c.count, c.country || ' has ' || c.count || ' subdivisions')
FROM (VALUES ('MY', 16::bigint), ('US', 57), ('CA', 13), ('DE', 16), ('AU', 8), ('BR', 27), ('JP', 47), ('IN', 40), ('CH', 26), ('GB', 225), ('SG', 5),
             ('HK', 0), ('PR', 0), ('VA', 0)) AS c (country, count);
SELECT is_empty($$SELECT s.* FROM (VALUES ('MY', '01'), ('MY', '16'), ('US', 'CA'), ('US', 'DC'), ('US', 'PR'), ('CA', 'QC'), ('AU', 'NSW'), ('DE', 'BY'),
    ('JP', '13'), ('IN', 'MH'), ('BR', 'SP'), ('AT', '9'), ('FR', '75'), ('FR', '75C'), ('IN', 'UT'), ('IN', 'UK'), ('KZ', 'ALA'), ('KZ', '75'), ('FR', 'IDF'), ('IT', '25'), ('GB', 'ENG'), ('GB', 'LND'), ('NL', 'NH'),
    ('ES', 'M'), ('CN', 'BJ'), ('ID', 'JK'), ('KR', '11'), ('MX', 'CMX'), ('PL', '14'), ('SG', '01'), ('TH', '10'), ('ZA', 'GP')) AS s
    EXCEPT SELECT country, code FROM subdivision$$, 'subdivisions of every kind exist');

-- Postal code patterns.
SELECT lives_ok($$SELECT '' ~ postcode FROM country$$, 'all patterns are regular expressions');
SELECT is_empty($$SELECT code FROM country WHERE '' ~ postcode$$, 'no pattern matches an empty text');
SELECT is_empty($$SELECT code FROM country WHERE postcode ~ '[a-z\\.*+]'$$, 'all patterns are in upper case and of limited length');
SELECT is_empty($$SELECT code FROM country WHERE regexp_replace(regexp_replace(postcode, '\([^()]*\)', '', 'g'), '\(.*\)', '') ~ '\|'$$,
                'alternatives are always in parentheses');

CREATE FUNCTION pg_temp.sample(p_country text, p_postcode text) RETURNS text LANGUAGE sql AS $$
    SELECT array_to_string(array_remove(invalid_address_codes(p_country, coalesce((SELECT min(code) FROM subdivision WHERE country = p_country), ''), p_postcode), NULL), ' ')
$$;
CREATE TEMPORARY TABLE sample (country text, good text[], bad text[]) ON COMMIT DROP;
INSERT INTO sample VALUES
('AD', '{AD100,AD500,AD700}', '{AD800,AD5000}'),
('AR', '{1425,C1425CLA,B1640HFQ,X5000}', '{142,C142CLA,I1425CLA}'),
('AT', '{1010,5020,9900}', '{0999,10100}'),
('AU', '{2000,3141,0800,7250}', '{0100,200,20000}'),
('BA', '{71000,78000,88000}', '{11000,7100}'),
('BE', '{1000,2018,9992}', '{0999,B-1000,10000}'),
('BG', '{1000,9000,4000}', '{0100,10000}'),
('BH', '{317,1010,107,428}', '{1317,017,10100}'),
('BR', '{01310-100,01310100,70040 010,99990-000}', '{0131-0100,00310-100,01310-10}'),
('BY', '{220030,246000,210000}', '{120030,22003}'),
('CA', '{K1A 0B1,K1A0B1,M5V-3L9,V6B 1A1}', '{D1A 0B1,K1A 0O1,K1A 0B}'),
('CH', '{8001,1201,9490}', '{0801,80010}'),
('CL', '{8320000,832-0000,100 0000}', '{832000,8320-000}'),
('CN', '{100000,200040,510000}', '{10000,10000A}'),
('CO', '{110111,050001,910001}', '{010001,11011}'),
('CR', '{10101,20101,70101}', '{80101,1010}'),
('CY', '{1010,3036,8010}', '{0101,10100}'),
('CZ', '{110 00,11000,602 00,798 62}', '{010 00,1100,811 01}'),
('DE', '{10115,01067,80331,99998}', '{00115,1011,D-10115}'),
('DK', '{1050,8000,0800}', '{105,10500}'),
('DZ', '{16000,31000,09000}', '{1600,160000}'),
('EE', '{10111,50090,80010}', '{1011,EE10111}'),
('EG', '{11511,21500,4270001}', '{1151,115110}'),
('ES', '{28001,08001,52001,01001}', '{53001,00001,2800}'),
('FI', '{00100,33100,FI-00100,99999}', '{0010,001000}'),
('FR', '{75001,06000,97400,75 001,20000}', '{99001,7500,7500A}'),
('GB', '{SW1A 1AA,SW1A1AA,M1 1AE,B33 8TH,CR2 6XH,DN55 1PT,W1A 0AX,EC1A 1BB,GIR 0AA,N1C 4AB,BF1 2AA,BFPO 57}',
       '{SW1A 1A,Q1 1AA,SW1A 1CA,M1  1AE,12345,SW1I 1AA}'),
('GI', '{GX11 1AA,GX111AA}', '{GX11 1AB,GX12 1AA}'),
('GR', '{105 57,10557,546 24}', '{905 57,1055}'),
('HR', '{10000,21000,HR-51000}', '{60000,1000}'),
('HU', '{1051,9021,6720}', '{0051,10510}'),
('ID', '{10110,40115,80361}', '{01101,1011}'),
('IE', '{D02 AF30,D02AF30,D6W XY00,T12 X70A}', '{D02 AF3,B02 AF30,D02 AF3O}'),
('IL', '{9414109,6100000,94142}', '{941410,94141099}'),
('IN', '{110001,110 001,400001,744101}', '{010001,11000,1100 01}'),
('IR', '{11369-43471,1136943471,11369 43471}', '{11369-4347,113694347}'),
('IS', '{101,600,902}', '{001,1010}'),
('IT', '{00118,20121,98168}', '{0118,201210}'),
('JP', '{100-0001,1000001,530-0001}', '{100-001,1000-001}'),
('KR', '{03187,48058,63309}', '{73187,3187,110-061}'),
('KZ', '{010000,050000,A15E2T4}', '{01000,A1E52T4}'),
('LI', '{9485,9490,9498}', '{9484,9499}'),
('LT', '{01100,LT-01100,LT44280}', '{0110,LV-01100}'),
('LU', '{1009,L-1009,9999}', '{0009,10090}'),
('LV', '{LV-1050,1050,LV5401}', '{LV-6050,LV-105}'),
('MA', '{10000,20000,90000}', '{01000,1000}'),
('MC', '{98000,98099,98030}', '{98100,9800}'),
('MD', '{MD-2001,2001,MD3100}', '{MD-201,200100}'),
('MT', '{VLT 1117,VLT1117,MSD 9045}', '{VLT 04,VL 1117}'),
('MX', '{06600,64000,97133}', '{00600,6600}'),
('MY', '{50450,80000,05000}', '{5045,504500}'),
('NL', '{1012 JS,1012JS,9999 XX}', '{0012 JS,1012 SS,1012 J}'),
('NO', '{0150,5003,9991}', '{150,01500}'),
('NZ', '{6011,1010,0110}', '{601,60110}'),
('PE', '{15001,07001,25001}', '{26001,00001}'),
('PH', '{1000,6000,0700}', '{100,10000}'),
('PK', '{44000,74000,54000}', '{04000,4400}'),
('PL', '{00-950,00950,31-001,80 001}', '{0-0950,00-95}'),
('PR', '{00901,00601-1234,00795}', '{00501,10901}'),
('PT', '{1000-205,1000205,4050 253}', '{0000-205,1000-20,1000}'),
('RO', '{010011,400001,900001}', '{10011,0100111}'),
('RS', '{11000,21000,18000,110108}', '{41000,1100}'),
('RU', '{101000,190000,690001}', '{001000,701000,10100}'),
('SA', '{11564,12271-3456,122713456}', '{1156,11564-34}'),
('SE', '{111 22,11122,SE-111 22,984 99}', '{011 22,1112,1112 2}'),
('SG', '{018956,238859,819642}', '{18956,S018956}'),
('SI', '{1000,SI-1000,9265}', '{0100,10000}'),
('SK', '{811 01,81101,010 01,040 01}', '{110 00,8110}'),
('TH', '{10110,50000,83000}', '{01011,1011}'),
('TR', '{34000,06100,81000}', '{82000,00100}'),
('TW', '{100,10617,106-617,110 52}', '{010,10,1061}'),
('UA', '{01001,79000,65000}', '{0100,010010}'),
('US', '{10001,94105-1234,941051234,94105 1234}', '{1000,94105-123,9410A}'),
('UY', '{11000,20000,97000}', '{01100,1100}'),
('VA', '{00120}', '{00118,00121}'),
('VN', '{100000,70000,55000}', '{1000,1000000}'),
('ZA', '{0001,2000,8001}', '{001,20000}');
SELECT is_empty($$SELECT s.country, p FROM sample s, unnest(s.good) AS p WHERE pg_temp.sample(s.country, p) <> ''$$, 'real postal codes are accepted');
SELECT is_empty($$SELECT s.country, p FROM sample s, unnest(s.bad) AS p WHERE pg_temp.sample(s.country, p) <> 'postcode'$$, 'malformed postal codes are refused');
SELECT is_empty($$SELECT s.country, q FROM sample s, unnest(s.good) AS p, unnest(ARRAY[p || '#', '#' || p, p || E'\n', E'\n' || p, '٣' || p]) AS q
    WHERE pg_temp.sample(s.country, q) <> 'postcode'$$, 'additional characters are refused');
SELECT is_empty($$SELECT s.country, p FROM sample s, unnest(s.good) AS p WHERE pg_temp.sample(s.country, '  ' || lower(p) || ' ') <> ''$$,
                'lower-case letters and surrounding spaces are accepted');
SELECT cmp_ok((SELECT count(*) FROM sample WHERE cardinality(good) >= 3 AND cardinality(bad) >= 2), '>=', 40::bigint, 'the samples cover many countries');

-- invalid_address_codes.
SELECT is(invalid_address_codes(c.country, c.state, c.postcode), c.refused::text[],
          format('the refused codes are %s for %L, %L, %L', c.refused, left(translate(c.country, E'\n', '~'), 20), left(translate(c.state, E'\n', '~'), 20), left(translate(c.postcode, E'\n', '~'), 20)))
FROM (VALUES
    ('MY', '14', '50450', '{}'), ('my', '14', '50450', '{}'), (' mY  ', ' 14 ', ' 50450 ', '{}'), ('MY', 'MY-14', '50450', '{}'), ('MY', ' my-14', '50450', '{}'),
    ('US', 'CA', '94105', '{}'), ('us', 'ca', '94105', '{}'), ('us', 'us-ca', '94105', '{}'), ('US', 'DC', '20001', '{}'),
    ('MY', NULL, '50450', '{state}'), ('MY', '', '50450', '{state}'), ('MY', '  ', '50450', '{state}'), ('MY', 'MY-', '50450', '{state}'), ('MY', 'MY', '50450', '{state}'),
    ('MY', 'CA', '50450', '{state}'), ('MY', 'SG-01', '50450', '{state}'), ('MY', 'SG-14', '50450', '{state}'), ('MY', 'MY-MY-14', '50450', '{state}'),
    ('MY', 'MY 14', '50450', '{state}'), ('MY', 'MY14', '50450', '{state}'), ('MY', 'MY- 14', '50450', '{state}'), ('MY', '-14', '50450', '{state}'),
    ('MY', '1', '50450', '{state}'), ('MY', '014', '50450', '{state}'), ('MY', '١٤', '50450', '{state}'), ('MY', 'Kuala Lumpur', '50450', '{state}'),
    ('MY', '.*', '50450', '{state}'), ('MY', '1[4]', '50450', '{state}'), ('MY', '%', '50450', '{state}'), ('MY', '__', '50450', '{state}'), ('MY', '(', '50450', '{state}'),
    ('MY', '14|', '50450', '{state}'), ('MY', '\', '50450', '{state}'), ('MY', '14''', '50450', '{state}'), ('MY', '^14$', '50450', '{state}'),
    ('MY', repeat('14', 500000), '50450', '{state}'), ('MY', 'MY-' || repeat('1', 100000), '50450', '{state}'), ('MY', repeat(' ', 100000) || '14', '50450', '{}'),
    ('MY', '14', repeat('5', 1000000), '{postcode}'), ('GB', 'ENG', repeat('SW1A 1AA', 100000), '{postcode}'), ('MY', '14', repeat(' ', 100000) || '50450', '{}'),
    ('MY', '14', NULL, '{postcode}'), ('MY', '14', '', '{postcode}'), ('MY', '14', '   ', '{postcode}'), ('MY', '14', '.....', '{postcode}'), ('MY', '14', '٥٠٤٥٠', '{postcode}'),
    ('MY', '14', '50 450', '{postcode}'), ('MY', '14', E'50450\n', '{postcode}'), ('MY', E'14\n', '50450', '{state}'), ('MY', '99', 'x', '{state,postcode}'), ('MY', NULL, NULL, '{state,postcode}'),
    -- A country without subdivisions accepts any state, or none; a country without a pattern any postal code, or none.
    ('HK', NULL, NULL, '{}'), ('HK', '', '', '{}'), ('HK', 'Kowloon', '999077', '{}'), ('HK', 'HK-', '(', '{}'), ('HK', repeat('x', 1000000), repeat('x', 1000000), '{}'),
    ('AE', 'DU', NULL, '{}'), ('AE', 'DU', 'PO Box 1', '{}'), ('AE', NULL, NULL, '{state}'), ('PR', NULL, '00901', '{}'), ('PR', 'San Juan', 'x', '{postcode}'),
    -- An unknown country.
    (NULL, '14', '50450', '{country}'), ('', '14', '50450', '{country}'), ('  ', '14', '50450', '{country}'), ('XX', '14', 'x', '{country}'), ('XX', 'XX-1', NULL, '{country,postcode}'),
    ('XX', NULL, '50450', '{country,state}'), ('XX', '', '50450', '{country,state}'), ('XX', '  ', NULL, '{country,state,postcode}'), (NULL, NULL, NULL, '{country,state,postcode}'),
    ('MYS', '14', '50450', '{country}'), ('458', '14', '50450', '{country}'), ('Malaysia', '14', '50450', '{country}'), ('M Y', '14', '50450', '{country}'),
    ('M', '14', '50450', '{country}'), ('..', '14', '50450', '{country}'), ('M_', '14', '50450', '{country}'), ('UK', 'ENG', 'SW1A 1AA', '{country}'),
    ('ＭＹ', '14', '50450', '{country}'), (E'MY\n', '14', '50450', '{country}'), ('ıt', '25', '00118', '{country}'), ('uſ', 'CA', '94105', '{country}'), (repeat('MY', 500000), '14', '50450', '{country}')
) AS c (country, state, postcode, refused);
SELECT is_empty($$SELECT s.* FROM subdivision s WHERE 'state' = ANY (invalid_address_codes(s.country, s.code, NULL)) OR 'state' = ANY (invalid_address_codes(s.country, s.country || '-' || s.code, NULL))
    OR 'state' = ANY (invalid_address_codes(lower(s.country), lower(s.code), NULL))$$, 'every subdivision is accepted in any case');

-- Constraints.
SELECT is(pg_temp.broken(c.sql), c.name, concat(c.name, ': ', c.sql))
FROM (VALUES
    ('INSERT INTO country VALUES (''MY'', ''x'')', 'country_pkey'), ('INSERT INTO country VALUES (''my'', ''x'')', 'country_code_is_two_capitals'),
    ('INSERT INTO country VALUES (''XX'', ''x'', ''[0-9]{5}'')', 'country_postcode_is_whole'), ('INSERT INTO subdivision VALUES (''MY'', ''14'')', 'subdivision_pkey'),
    ('INSERT INTO subdivision VALUES (''XX'', ''14'')', 'subdivision_country_exists'), ('INSERT INTO subdivision VALUES (''MY'', ''MY-14'')', 'subdivision_code_is_word'),
    ('DELETE FROM country WHERE code = ''MY''', 'subdivision_country_exists')
) AS c (sql, name);
SELECT * FROM finish();
ROLLBACK;
