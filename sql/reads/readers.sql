-- SPDX-License-Identifier: Apache-2.0
-- Read functions of the module, in addition to the view of orders.

-- A label is taken from the first requested language that has a text for the value. A text of the tenant takes precedence over the default text.
CREATE OR REPLACE FUNCTION orders_v1.labels_of(p_tenant integer, p_languages text[]) RETURNS orders_v1.label_view[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    r        orders_v1.label_view;
    v_labels orders_v1.label_view[] := '{}';
BEGIN
    FOR r IN
        SELECT DISTINCT ON (a.kind, a.word) a.kind, a.word, a.text, a.language
        FROM (
            SELECT l.kind, l.word, l.language, l.text, true AS built_in FROM label l
            WHERE l.language = ANY (p_languages)
            UNION ALL
            SELECT t.kind, t.word, t.language, t.text, false FROM tenant_label t
            WHERE t.tenant_id = p_tenant AND t.language = ANY (p_languages)
        ) AS a
        ORDER BY a.kind, a.word, array_position(p_languages, a.language), a.built_in
    LOOP
        v_labels := v_labels || r;
    END LOOP;
    RETURN v_labels;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.schema_version() RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN (SELECT v.number FROM schema_version v);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.labels_of(integer, text[]),
    orders_v1.schema_version()
    TO orders_api;

COMMENT ON FUNCTION orders_v1.labels_of IS
'Labels for values of the APIs, by kind and value (column word), each in the first of the requested languages that has it. Takes no locks';
COMMENT ON FUNCTION orders_v1.schema_version IS 'The version number of the schema (docs/upgrading.md)';
