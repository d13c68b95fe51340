-- SPDX-License-Identifier: Apache-2.0
-- Documents: JSON of the operator API. The module checks names, types, lengths, formats and required members by field tables before it
-- calls the functions. The functions check amounts, references and all rules that depend on data, money or state.

-- Lists, mail headers and logs need texts of one line. CR LF is a line break like LF; a single CR is refused. Bidirectional
-- embeddings, overrides and isolates (U+202A-202E, U+2066-2069) make a text look like another one and are always refused. The marks
-- U+200E, U+200F and U+061C are normal in Arabic and Hebrew. U+2028 and U+2029 separate lines and paragraphs.
CREATE OR REPLACE FUNCTION orders_v1.has_controls(p_text text, p_lines boolean) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_text ~ CASE WHEN p_lines THEN '[\u0001-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]|\r(?!\n)'
                         ELSE '[\u0001-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069]' END
$$;

-- The syntax of RFC 5321 with the characters of RFC 6531, without quoted local parts, comments and address literals; the
-- limits are those of RFC 5321. core/mail_address.c has the same rule.
CREATE OR REPLACE FUNCTION orders_v1.is_mail_address(p_text text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT octet_length(p_text) <= 254 AND strpos(p_text, '@') <= 65 AND octet_length(split_part(p_text, '@', 1)) <= 64
       AND p_text ~ ('^[A-Za-z0-9!#$%&''*+/=?^_`{|}~\u0080-\U0010FFFF-]+(\.[A-Za-z0-9!#$%&''*+/=?^_`{|}~\u0080-\U0010FFFF-]+)*@'
                     '([A-Za-z0-9\u0080-\U0010FFFF]([A-Za-z0-9\u0080-\U0010FFFF-]{0,61}[A-Za-z0-9\u0080-\U0010FFFF])?\.)+'
                     '[A-Za-z0-9\u0080-\U0010FFFF]([A-Za-z0-9\u0080-\U0010FFFF-]{0,61}[A-Za-z0-9\u0080-\U0010FFFF])?$')
       AND p_text !~ '[\u0080-\u00A0\u1680\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\uFEFF]|\.[0-9]+$'
$$;

-- 1, 1.0 and 1e0 are the same integer, as a JSON number or as a text.
CREATE OR REPLACE FUNCTION orders_v1.whole_number(p_text text) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_number numeric;
BEGIN
    IF p_text ~ '^-?[0-9]{1,64}(\.[0-9]{1,64})?([eE][+-]?[0-9]{1,3})?$' THEN
        v_number := p_text;
        IF v_number = trunc(v_number) AND abs(v_number) < 1000000000000000000 THEN
            RETURN v_number;
        END IF;
    END IF;
    RETURN NULL;
END
$$;

-- The range of an amount or a quantity is checked here only. The type is checked too, for every caller: a cast would round 1.5 to 2.
CREATE OR REPLACE FUNCTION orders_v1.doc_integer(d jsonb, p_field text, p_least bigint, p_most bigint, p_path text DEFAULT '')
RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_value  jsonb := d -> p_field;
    v_number numeric := CASE jsonb_typeof(v_value) WHEN 'number' THEN v_value::numeric END;
BEGIN
    IF v_number BETWEEN p_least AND p_most AND v_number = trunc(v_number) THEN
        RETURN v_number;
    ELSIF v_value <> 'null' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', format('Must be an integer from %s to %s.', p_least, p_most), p_path || p_field);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.has_controls_within(p_json jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM (SELECT * FROM jsonb_path_query(p_json, '$.** ? (@.type() == "string")')
                     UNION ALL
                     SELECT * FROM jsonb_path_query(p_json, '$.** ? (@.type() == "object").keyvalue().key')) AS t (text)
        WHERE orders_v1.has_controls(t.text #>> '{}', true));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.doc_display(d jsonb, p_field text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_json jsonb := coalesce(nullif(d -> p_field, 'null'), '[]');
BEGIN
    IF jsonb_typeof(v_json) NOT IN ('array', 'object') THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be a JSON array or object.', p_field);
    ELSIF orders_v1.has_controls_within(v_json) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must not contain control characters.', p_field || coalesce((
            SELECT format('[%s]', min(e.n) - 1)
            FROM jsonb_array_elements(CASE jsonb_typeof(v_json) WHEN 'array' THEN v_json END) WITH ORDINALITY AS e (json, n)
            WHERE orders_v1.has_controls_within(e.json)
            HAVING count(*) > 0), ''));
    END IF;
    RETURN v_json;
END
$$;

-- RFC 7396: null removes a member, an object is merged, and any other value replaces the former one.
CREATE OR REPLACE FUNCTION orders_v1.merge_patch(p_target jsonb, p_patch jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_target jsonb := CASE jsonb_typeof(p_target) WHEN 'object' THEN p_target ELSE '{}' END;
BEGIN
    IF jsonb_typeof(p_patch) IS DISTINCT FROM 'object' THEN
        RETURN p_patch;
    END IF;
    RETURN (SELECT coalesce(jsonb_object_agg(m.key, m.value), '{}')
            FROM (SELECT t.key, t.value FROM jsonb_each(v_target) AS t WHERE NOT p_patch ? t.key
                  UNION ALL
                  SELECT e.key, orders_v1.merge_patch(v_target -> e.key, e.value) FROM jsonb_each(p_patch) AS e WHERE e.value <> 'null') AS m);
END
$$;

-- A null member counts as absent, so that the variant is shown with the image of its product.
CREATE OR REPLACE FUNCTION orders_v1.doc_images(d jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(nullif(jsonb_strip_nulls(d -> 'images'), 'null'), '{}')
$$;

CREATE OR REPLACE FUNCTION orders_v1.known_currency(p_code text, p_field text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_code IS NOT NULL AND NOT EXISTS (SELECT FROM orders.currency y WHERE y.code = p_code) THEN
        PERFORM orders_v1.refuse('422', 'currency_unknown', 'There is no such currency.', p_field);
    END IF;
    RETURN p_code;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.upsert_outcome(p_old bigint, p_new bigint, p_before jsonb, p_after jsonb)
RETURNS orders_v1.upserted LANGUAGE sql IMMUTABLE AS $$
    SELECT ROW(CASE WHEN p_old IS NULL THEN 'created' WHEN p_before = p_after THEN 'unchanged' ELSE 'updated' END,
               p_new, p_after)::orders_v1.upserted
$$;

CREATE OR REPLACE FUNCTION orders_v1.refuse_taken(p_field text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.refuse('422', 'invalid_field', 'Another entry has this value already.', p_field);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.doc_duration_value(d jsonb, p_unit text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_value bigint := (d ->> 'duration_value')::numeric;
BEGIN
    IF v_value IS NULL AND p_unit IS NOT NULL THEN
        PERFORM orders_v1.refuse('422', 'required_field', 'This field is required.', 'duration_value');
    ELSIF v_value IS NOT NULL AND p_unit IS NULL THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Requires a duration_unit.', 'duration_value');
    END IF;
    RETURN v_value;
END
$$;

-- Decimals of a second are written only if they are not 0. A time that is outside of the years 1 to 9999 in UTC is written with an offset.
CREATE OR REPLACE FUNCTION orders_v1.document_time(p_time timestamptz) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_ahead interval := CASE WHEN p_time < '0001-01-01T00:00:00Z' THEN '15:59' WHEN p_time >= '10000-01-01T00:00:00Z' THEN '-15:59' ELSE '0' END;
BEGIN
    RETURN regexp_replace(to_char(p_time AT TIME ZONE 'UTC' + v_ahead, 'YYYY-MM-DD"T"HH24:MI:SS.US'), '\.?0+$', '')
           || CASE WHEN v_ahead = '0' THEN 'Z' WHEN v_ahead > '0' THEN '+15:59' ELSE '-15:59' END;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.document_tag(p_document jsonb) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN left(encode(sha256(convert_to(p_document::text, 'UTF8')), 'hex'), 24);
END
$$;

COMMENT ON FUNCTION orders_v1.merge_patch IS 'Internal: a JSON value after a merge patch (RFC 7396)';
COMMENT ON FUNCTION orders_v1.has_controls IS
'Internal: whether a text has control characters (C0, DEL, C1, bidirectional controls), apart from tabs and newlines where
p_lines allows them';
COMMENT ON FUNCTION orders_v1.document_time IS 'Internal: a time as a document states it, exactly, in UTC';
COMMENT ON FUNCTION orders_v1.document_tag IS 'Internal: the tag of a document, for If-Match: 24 hexadecimal digits';
COMMENT ON FUNCTION orders_v1.is_mail_address IS 'Internal: whether a text is a mail address';
COMMENT ON FUNCTION orders_v1.whole_number IS
'Internal: the value of an integer, given as number or text in any notation; NULL unless it is an integer of at most 18 digits';
COMMENT ON FUNCTION orders_v1.doc_integer IS
'Internal: an amount or a quantity of a document, NULL when it is absent. p_path is the path of the document. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.has_controls_within IS
'Internal: whether a text or the name of a member anywhere in JSON has control characters; line breaks and tabs are allowed';
COMMENT ON FUNCTION orders_v1.doc_display IS
'Internal: an array or an object whose texts are displayed, [] when it is absent. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.doc_images IS 'Internal: the image URLs of a document by size, {} when it has none';
COMMENT ON FUNCTION orders_v1.known_currency IS 'Internal: the currency code, or NULL for NULL. OR422 currency_unknown';
COMMENT ON FUNCTION orders_v1.upsert_outcome IS 'Internal: created, updated or unchanged';
COMMENT ON FUNCTION orders_v1.refuse_taken IS 'Internal: OR422 invalid_field for a value that another entry has';
COMMENT ON FUNCTION orders_v1.doc_duration_value IS 'Internal: the duration_value of a document, which must come with a duration_unit. OR422 required_field, invalid_field';
