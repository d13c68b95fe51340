-- SPDX-License-Identifier: Apache-2.0
-- Sends writes with an idempotency key twice: \ir lib/twice.sql after lib/shop.sql.

-- The outcomes of a write that is sent twice with its name as the key, or the difference of the second response. Responses are compared as JSON
-- and as text, which distinguishes NULL from a JSON null.
CREATE FUNCTION pg_temp.twice(p_name text, p_api text, p_actor bigint, p_arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_sql text := format($sql$
        SELECT jsonb_agg(to_jsonb(a) - 'replayed'), array_agg(regexp_replace(a::text, '^(\([^,]*,[^,]*),[ft],|,[ft]\)$', '\1,')),
               bool_and(NOT a.replayed), bool_and(a.replayed), string_agg(a.outcome, ' ')
        FROM orders_v1.%I(77, %L, %L, %L, 'twice', %L, '\x01', %s) AS a $sql$,
        p_name, p_api, CASE p_api WHEN 'operator' THEN 'operator' WHEN 'company' THEN 'seller' WHEN 'worker' THEN 'provider' ELSE 'buyer' END, p_actor, p_name, p_arguments);
    v_json     jsonb;
    v_other    jsonb;
    v_text     text;
    v_again    text;
    v_first    boolean;
    v_repeat   boolean;
    v_none     boolean;
    v_outcomes text;
BEGIN
    EXECUTE v_sql INTO v_json, v_text, v_first, v_none, v_outcomes;
    EXECUTE v_sql INTO v_other, v_again, v_none, v_repeat;
    RETURN CASE
        WHEN v_first IS NOT TRUE THEN 'the first answer says that it is a repeat'
        WHEN v_repeat IS NOT TRUE THEN 'the second answer does not say that it is a repeat'
        WHEN v_json IS DISTINCT FROM v_other THEN 'other JSON: ' || v_json::text || ' ' || v_other::text
        WHEN v_text IS DISTINCT FROM v_again THEN 'other values: ' || v_text || ' ' || v_again
        ELSE v_outcomes END;
END
$$;
