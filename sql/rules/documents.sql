-- SPDX-License-Identifier: Apache-2.0

-- Lists, mail headers and logs take these texts as one line. CR LF is a line's end like LF; a CR alone is not. Bidirectional
-- embeddings, overrides and isolates (U+202A-202E, U+2066-2069) make a text look like another one, so no text may have them;
-- the marks U+200E, U+200F and U+061C are normal in Arabic and Hebrew. U+2028 and U+2029 end a line and a paragraph.
CREATE OR REPLACE FUNCTION orders_v1.has_controls(p_text text, p_lines boolean) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_text ~ CASE WHEN p_lines THEN '[\u0001-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]|\r(?!\n)'
                         ELSE '[\u0001-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069]' END
$$;

-- The syntax of RFC 5321 with the characters of RFC 6531, without quoted local parts, comments and address literals; the
-- limits are those of RFC 5321. core/mail_address.c has the same rule for what C reads.
CREATE OR REPLACE FUNCTION orders_v1.is_mail_address(p_text text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT octet_length(p_text) <= 254 AND strpos(p_text, '@') <= 65 AND octet_length(split_part(p_text, '@', 1)) <= 64
       AND p_text ~ ('^[A-Za-z0-9!#$%&''*+/=?^_`{|}~\u0080-\U0010FFFF-]+(\.[A-Za-z0-9!#$%&''*+/=?^_`{|}~\u0080-\U0010FFFF-]+)*@'
                     '([A-Za-z0-9\u0080-\U0010FFFF]([A-Za-z0-9\u0080-\U0010FFFF-]{0,61}[A-Za-z0-9\u0080-\U0010FFFF])?\.)+'
                     '[A-Za-z0-9\u0080-\U0010FFFF]([A-Za-z0-9\u0080-\U0010FFFF-]{0,61}[A-Za-z0-9\u0080-\U0010FFFF])?$')
       AND p_text !~ '[\u0080-\u00A0\u1680\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\uFEFF]|\.[0-9]+$'
$$;

-- Refusals name a member by its path. A nested document has the path in front of its members as its member ''.
CREATE OR REPLACE FUNCTION orders_v1.doc_path(d jsonb, p_field text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN concat(d ->> '', p_field);
END
$$;

-- A misspelled member would silently lose its value.
CREATE OR REPLACE FUNCTION orders_v1.check_members(d jsonb, p_path text, p_known text[]) RETURNS void LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF d - p_known <> '{}' THEN
        PERFORM orders_v1.refuse('422', 'unknown_field', 'Unknown member.', p_path || (
            SELECT left(min(k.name COLLATE "C"), 200) FROM jsonb_object_keys(d - p_known) AS k (name)));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.doc_nested(d jsonb, p_path text, p_known text[]) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF jsonb_typeof(d) <> 'object' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be a JSON object.', p_path);
    END IF;
    PERFORM orders_v1.check_members(d, p_path || '.', p_known);
    RETURN d || jsonb_build_object('', p_path || '.');
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.doc_text(
    p_doc jsonb, p_field text, p_required boolean, p_max integer DEFAULT 200, p_lines boolean DEFAULT false
) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_text text := p_doc ->> p_field;
BEGIN
    IF v_text IS NULL THEN
        IF p_required THEN
            PERFORM orders_v1.refuse('422', 'required_field', 'This field is required.', orders_v1.doc_path(p_doc, p_field));
        END IF;
    ELSIF jsonb_typeof(p_doc -> p_field) <> 'string' OR length(v_text) > p_max
          OR (p_required AND v_text = '') THEN
        PERFORM orders_v1.refuse('422', 'invalid_field',
                              format('Must be a string of at most %s characters.', p_max),
                              orders_v1.doc_path(p_doc, p_field));
    ELSIF orders_v1.has_controls(v_text, p_lines) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must not contain control characters.',
                              orders_v1.doc_path(p_doc, p_field));
    END IF;
    RETURN v_text;
END
$$;

-- An empty text says nothing.
CREATE OR REPLACE FUNCTION orders_v1.doc_said(d jsonb, p_field text, p_max integer DEFAULT 200) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT nullif(orders_v1.doc_text(d, p_field, false, p_max), '')
$$;

CREATE OR REPLACE FUNCTION orders_v1.doc_mail(d jsonb, p_field text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_text text := orders_v1.doc_text(d, p_field, false, 320);
BEGIN
    IF NOT orders_v1.is_mail_address(v_text) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be a mail address, like ada@example.com.', orders_v1.doc_path(d, p_field));
    END IF;
    RETURN v_text;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.is_url(p_text text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_text ~ '^https?://[^[:cntrl:][:space:]]+$'
$$;

CREATE OR REPLACE FUNCTION orders_v1.doc_url(d jsonb, p_field text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_url text := orders_v1.doc_said(d, p_field, 2000);
BEGIN
    IF NOT orders_v1.is_url(v_url) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be an http or https URL.', orders_v1.doc_path(d, p_field));
    END IF;
    RETURN v_url;
END
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

CREATE OR REPLACE FUNCTION orders_v1.doc_number(p_doc jsonb, p_field text, p_required boolean, p_least bigint, p_most bigint)
RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_number bigint := CASE jsonb_typeof(p_doc -> p_field) WHEN 'number' THEN orders_v1.whole_number(p_doc ->> p_field) END;
BEGIN
    IF p_doc ->> p_field IS NULL THEN
        IF p_required THEN
            PERFORM orders_v1.refuse('422', 'required_field', 'This field is required.', orders_v1.doc_path(p_doc, p_field));
        END IF;
    ELSIF v_number IS NULL OR v_number NOT BETWEEN p_least AND p_most THEN
        PERFORM orders_v1.refuse('422', 'invalid_field',
                              format('Must be an integer from %s to %s.', p_least, p_most),
                              orders_v1.doc_path(p_doc, p_field));
    END IF;
    RETURN v_number;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.doc_boolean(p_doc jsonb, p_field text, p_default boolean) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_doc ->> p_field IS NULL THEN
        RETURN p_default;
    ELSIF jsonb_typeof(p_doc -> p_field) <> 'boolean' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be true or false.', orders_v1.doc_path(p_doc, p_field));
    END IF;
    RETURN (p_doc -> p_field)::boolean;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.doc_json(p_doc jsonb, p_field text, p_types text[], p_default jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_doc ->> p_field IS NULL THEN
        RETURN p_default;
    ELSIF jsonb_typeof(p_doc -> p_field) <> ALL (p_types) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', format('Must be a JSON %s.',
                              array_to_string(p_types, ' or ')), orders_v1.doc_path(p_doc, p_field));
    END IF;
    RETURN p_doc -> p_field;
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

-- A list or an object of any form, whose texts are shown to people.
CREATE OR REPLACE FUNCTION orders_v1.doc_display(d jsonb, p_field text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_json jsonb := orders_v1.doc_json(d, p_field, '{array,object}', '[]');
BEGIN
    IF orders_v1.has_controls_within(v_json) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must not contain control characters.', orders_v1.doc_path(d, p_field) || coalesce((
            SELECT format('[%s]', min(e.n) - 1)
            FROM jsonb_array_elements(CASE jsonb_typeof(v_json) WHEN 'array' THEN v_json END) WITH ORDINALITY AS e (json, n)
            WHERE orders_v1.has_controls_within(e.json)
            HAVING count(*) > 0), ''));
    END IF;
    RETURN v_json;
END
$$;

-- Offsets go up to 15:59, which is what the server can read: those in use end at 14:00.
CREATE OR REPLACE FUNCTION orders_v1.doc_time(p_doc jsonb, p_field text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_text text := orders_v1.doc_text(p_doc, p_field, false, 40);
    v_time timestamptz;
BEGIN
    IF v_text !~ '^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be an ISO 8601 time with an offset, such as 2026-11-29T08:00:00Z.',
                              orders_v1.doc_path(p_doc, p_field));
    END IF;
    v_time := v_text::timestamptz;
    IF v_time NOT BETWEEN '0001-01-01T00:00:00Z' AND '9999-12-31T23:59:59Z' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'In UTC this is a time that cannot be written.',
                              orders_v1.doc_path(p_doc, p_field));
    END IF;
    RETURN v_time;
EXCEPTION WHEN data_exception THEN
    PERFORM orders_v1.refuse('422', 'invalid_field', 'There is no such time.', orders_v1.doc_path(p_doc, p_field));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.doc_word(p_doc jsonb, p_field text, p_words text[], p_default text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_text text := coalesce(orders_v1.doc_text(p_doc, p_field, p_default IS NULL), p_default);
BEGIN
    IF v_text <> ALL (p_words) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be one of ' || array_to_string(p_words, ', ') || '.',
                              orders_v1.doc_path(p_doc, p_field));
    END IF;
    RETURN v_text;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.doc_currency(p_doc jsonb, p_field text, p_required boolean) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_text text := orders_v1.doc_text(p_doc, p_field, p_required);
BEGIN
    IF v_text IS NOT NULL AND NOT EXISTS (SELECT FROM orders.currency y WHERE y.code = v_text) THEN
        PERFORM orders_v1.refuse('422', 'currency_unknown', 'There is no such currency.', orders_v1.doc_path(p_doc, p_field));
    END IF;
    RETURN v_text;
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

-- A word that names something in URLs and settings.
CREATE OR REPLACE FUNCTION orders_v1.check_slug(p_text text, p_field text) RETURNS void LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF p_text !~ '^[a-z0-9][a-z0-9_-]{0,63}$' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field',
            'Must be 1 to 64 of a to z, 0 to 9, _ and -, and must start with a letter or digit.', p_field);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.doc_duration_value(d jsonb, p_unit text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_value bigint := orders_v1.doc_number(d, 'duration_value', p_unit IS NOT NULL, 1, 10000);
BEGIN
    IF v_value IS NOT NULL AND p_unit IS NULL THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Needs a duration_unit.', orders_v1.doc_path(d, 'duration_value'));
    END IF;
    RETURN v_value;
END
$$;

COMMENT ON FUNCTION orders_v1.has_controls IS
'Internal: whether a text has control characters (C0, DEL, C1, bidirectional controls), apart from tabs and newlines where
p_lines allows them';
COMMENT ON FUNCTION orders_v1.is_mail_address IS 'Internal: whether a text is a mail address';
COMMENT ON FUNCTION orders_v1.doc_path IS 'Internal: the path of a member, for the field of a refusal';
COMMENT ON FUNCTION orders_v1.check_members IS 'Internal: OR422 unknown_field for a member that is not among these';
COMMENT ON FUNCTION orders_v1.doc_nested IS
'Internal: an object inside a document, which then knows its path. OR422 invalid_field, unknown_field';
COMMENT ON FUNCTION orders_v1.doc_mail IS 'Internal: a mail address member. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.doc_text IS
'Internal: a text member without control characters; with p_lines, tabs and newlines may be in it. OR422
required_field, invalid_field';
COMMENT ON FUNCTION orders_v1.doc_said IS 'Internal: a text member, null when it is empty. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.is_url IS 'Internal: whether a text is an http or https address';
COMMENT ON FUNCTION orders_v1.doc_url IS 'Internal: an http or https member. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.whole_number IS
'Internal: the integer value of a number or of its text, in any spelling; NULL unless it is an integer of at most 18 digits';
COMMENT ON FUNCTION orders_v1.doc_number IS 'Internal: a whole number member. OR422 required_field, invalid_field';
COMMENT ON FUNCTION orders_v1.doc_boolean IS 'Internal: a boolean member. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.has_controls_within IS
'Internal: whether a text or a member''s name anywhere in JSON has control characters; lines are allowed';
COMMENT ON FUNCTION orders_v1.doc_display IS
'Internal: a list or an object whose texts are shown to people, [] when absent. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.doc_json IS 'Internal: a JSON member of these types. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.doc_time IS
'Internal: an ISO 8601 member; its seconds may be missing or have a fraction. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.doc_word IS
'Internal: one of these words. OR422 required_field (without default), invalid_field';
COMMENT ON FUNCTION orders_v1.doc_currency IS 'Internal: a currency code. OR422 required_field, currency_unknown';
COMMENT ON FUNCTION orders_v1.upsert_outcome IS 'Internal: created, updated or unchanged';
COMMENT ON FUNCTION orders_v1.refuse_taken IS 'Internal: OR422 invalid_field for a value that another entry has';
COMMENT ON FUNCTION orders_v1.check_slug IS 'Internal: OR422 invalid_field for a text that is not a word of lower-case letters, digits, _ and -';
COMMENT ON FUNCTION orders_v1.doc_duration_value IS 'Internal: the member duration_value, which has a unit. OR422 required_field, invalid_field';
