-- SPDX-License-Identifier: Apache-2.0
-- Changes of one entry that depend on its current document: a merge patch, and a document with a condition. The entry is locked before its
-- document is read, so that no other change is lost.

-- The same locks as those of the functions that write the entries, in the same order: the product of a package first (lock_entries).
CREATE OR REPLACE FUNCTION orders_v1.lock_entry(p_tenant integer, p_kind text, p_id bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CASE p_kind
        WHEN 'users' THEN PERFORM FROM orders.users x WHERE x.tenant_id = p_tenant AND x.id = p_id FOR NO KEY UPDATE;
        WHEN 'products' THEN PERFORM FROM orders.product x WHERE x.tenant_id = p_tenant AND x.id = p_id FOR NO KEY UPDATE;
        WHEN 'companies' THEN PERFORM FROM orders.company x WHERE x.tenant_id = p_tenant AND x.id = p_id FOR NO KEY UPDATE;
        WHEN 'memberships' THEN PERFORM FROM orders.membership x WHERE x.tenant_id = p_tenant AND x.id = p_id FOR NO KEY UPDATE;
        WHEN 'plans' THEN PERFORM FROM orders.plan x WHERE x.tenant_id = p_tenant AND x.id = p_id FOR NO KEY UPDATE;
        WHEN 'billing-options' THEN PERFORM FROM orders.billing_option x WHERE x.tenant_id = p_tenant AND x.id = p_id FOR NO KEY UPDATE;
        WHEN 'coupons' THEN PERFORM FROM orders.coupon x WHERE x.tenant_id = p_tenant AND x.id = p_id FOR UPDATE;
        WHEN 'tax-rates' THEN PERFORM FROM orders.tax_rate x WHERE x.tenant_id = p_tenant AND x.id = p_id FOR NO KEY UPDATE;
        WHEN 'payment-channels' THEN PERFORM FROM orders.payment_channel x WHERE x.tenant_id = p_tenant AND x.id = p_id FOR NO KEY UPDATE;
        WHEN 'labels' THEN PERFORM FROM orders.tenant_label x WHERE x.tenant_id = p_tenant AND x.id = p_id FOR NO KEY UPDATE;
        WHEN 'packages' THEN
            PERFORM FROM orders.product x
            WHERE x.tenant_id = p_tenant AND x.id = (SELECT v.product_id FROM orders.variant v WHERE v.tenant_id = p_tenant AND v.id = p_id)
            FOR NO KEY UPDATE;
            PERFORM FROM orders.package x WHERE x.tenant_id = p_tenant AND x.variant_id = p_id FOR NO KEY UPDATE;
        WHEN 'members' THEN PERFORM FROM orders.member x WHERE x.tenant_id = p_tenant AND x.user_id = p_id FOR UPDATE;
    END CASE;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.locked_entry(p_tenant integer, p_kind text, p_id bigint, p_match text[]) RETURNS orders_v1.entry
LANGUAGE plpgsql AS $$
DECLARE
    e orders_v1.entry;
BEGIN
    PERFORM orders_v1.lock_entry(p_tenant, p_kind, p_id);
    e := orders_v1.entry_of(p_tenant, p_kind, p_id);
    IF p_match IS NOT NULL AND orders_v1.document_tag(e.document) <> ALL (p_match) THEN
        PERFORM orders_v1.refuse('412', 'version_mismatch', 'The entry has changed since it was read.');
    END IF;
    RETURN e;
END
$$;

-- Null and an absent member are the same in a document, except for the members that change nothing when they are absent: the stock of a
-- variant, and the package of a member. Null remains, so that a patch can set them to null.
CREATE OR REPLACE FUNCTION orders_v1.merge_members(p_target jsonb, p_patch jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN p_target || (SELECT coalesce(jsonb_object_agg(p.key, orders_v1.merge_patch(p_target -> p.key, p.value)), '{}')
                        FROM jsonb_each(p_patch) AS p);
END
$$;

-- An array replaces all variants. An object changes the variants that it names by their references: null removes a variant. The stock that
-- is not in the patch is absent in the result, so that a patch does not repeat an outdated count.
CREATE OR REPLACE FUNCTION orders_v1.merge_variants(p_variants jsonb, p_patch jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    r record;
BEGIN
    IF jsonb_typeof(p_patch) = 'array' THEN
        RETURN p_patch;
    END IF;
    FOR r IN SELECT p.key, p.value FROM jsonb_each(coalesce(nullif(p_patch, 'null'), '{}')) AS p ORDER BY p.key LOOP
        IF jsonb_typeof(r.value) NOT IN ('object', 'null') THEN
            PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be an object.', 'variants.' || left(r.key, 200));
        ELSIF r.value ->> 'ref' <> r.key THEN
            PERFORM orders_v1.refuse('422', 'invalid_field', 'Must equal the name of the member.', format('variants.%s.ref', left(r.key, 200)));
        END IF;
    END LOOP;
    IF p_patch = 'null' THEN
        RETURN '[]';
    END IF;
    RETURN (SELECT coalesce(jsonb_agg(m.variant ORDER BY m.n, m.ref), '[]')
            FROM (SELECT v.n, v.value ->> 'ref' AS ref, orders_v1.merge_members(v.value - 'stock', coalesce(p_patch -> (v.value ->> 'ref'), '{}')) AS variant
                  FROM jsonb_array_elements(p_variants) WITH ORDINALITY AS v (value, n)
                  WHERE coalesce(p_patch -> (v.value ->> 'ref'), '{}') <> 'null'
                  UNION ALL
                  SELECT NULL, p.key, orders_v1.merge_members('{}', p.value || jsonb_build_object('ref', p.key))
                  FROM jsonb_each(coalesce(p_patch, '{}')) AS p
                  WHERE p.value <> 'null'
                    AND NOT EXISTS (SELECT FROM jsonb_array_elements(p_variants) AS v WHERE v.value ->> 'ref' = p.key)) AS m);
END
$$;

-- The module checks the members of the patch. Only the merged document shows whether it has the required members of nested objects.
CREATE OR REPLACE FUNCTION orders_v1.patched_document(p_kind text, e orders_v1.entry, p_patch jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_statement text[] := '{package,starts_at,ends_at}';
    v_members   text[] := ARRAY(SELECT m.name FROM jsonb_object_keys(e.document || '{"package": null, "starts_at": null, "ends_at": null}') AS m (name));
    v_patch     jsonb;
    d           jsonb;
    v_language  text;
BEGIN
    IF jsonb_typeof(p_patch) IS DISTINCT FROM 'object' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be a JSON object.', '');
    END IF;
    v_patch := (SELECT coalesce(jsonb_object_agg(p.key, p.value), '{}') FROM jsonb_each(p_patch) AS p WHERE p.key = ANY (v_members));
    d := orders_v1.merge_members(e.document, v_patch - 'variants');
    IF p_kind = 'products' THEN
        d := d || jsonb_build_object('variants', orders_v1.merge_variants(e.document -> 'variants', v_patch -> 'variants'));
        SELECT t.key INTO v_language FROM jsonb_each(nullif(d -> 'translations', 'null')) AS t WHERE t.value ->> 'name' IS NULL LIMIT 1;
        IF FOUND THEN
            PERFORM orders_v1.refuse('422', 'required_field', 'The field is required.', format('translations.%s.name', left(v_language, 200)));
        END IF;
    ELSIF p_kind = 'members' THEN
        IF NOT v_patch ?| v_statement THEN
            d := d - v_statement;
        ELSIF NOT d ? 'package' THEN
            PERFORM orders_v1.refuse('422', 'required_field', 'The field is required.', 'package');
        END IF;
    END IF;
    RETURN d || jsonb_strip_nulls(jsonb_build_object('kind', p_patch -> 'kind', 'ref', p_patch -> 'ref'));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.catalogue_patch(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_kind text, p_ref text, p_patch jsonb, p_match text[]
) RETURNS SETOF orders_v1.written_entry
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c          orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim    orders_v1.claim := claim_key(c);
    v_id       bigint;
    v_document jsonb;
    r          orders_v1.written_entry;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_entry, v_claim.answer);
        RETURN;
    END IF;
    v_id := entry_id(p_tenant, p_kind, p_ref);
    IF v_id IS NULL THEN
        PERFORM refuse('404', 'not_found', 'There is no such entry.');
    END IF;
    PERFORM remember_caller(c);
    v_document := patched_document(p_kind, locked_entry(p_tenant, p_kind, v_id, p_match), p_patch);
    PERFORM lock_entries(p_tenant, ARRAY[v_document || jsonb_build_object('kind', p_kind, 'ref', p_ref)]);
    r.outcome := (upsert_row(p_tenant, p_kind, p_ref, v_document)).outcome;
    r.id := v_id;
    r.replayed := false;
    r.entry := entry_view_of(p_kind, entry_of(p_tenant, p_kind, v_id));
    RETURN NEXT stored_result(c, r);
END
$$;

-- p_exists false: the entry must not exist; an entry that another session creates at the same time is found by the outcome.
CREATE OR REPLACE FUNCTION orders_v1.catalogue_replace(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_kind text, p_ref text, p_document jsonb, p_match text[], p_exists boolean
) RETURNS SETOF orders_v1.stored
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    v_id    bigint;
    r       orders_v1.stored;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.stored, v_claim.answer);
        RETURN;
    END IF;
    v_id := entry_id(p_tenant, p_kind, p_ref);
    IF v_id IS NULL AND p_exists THEN
        PERFORM refuse('412', 'version_mismatch', 'The entry does not exist.');
    ELSIF v_id IS NOT NULL AND NOT p_exists THEN
        PERFORM refuse('412', 'version_mismatch', 'The entry exists.');
    ELSIF p_exists THEN
        PERFORM locked_entry(p_tenant, p_kind, v_id, p_match);
    END IF;
    IF jsonb_typeof(p_document) = 'object' THEN
        PERFORM lock_entries(p_tenant, ARRAY[p_document || jsonb_build_object('kind', p_kind, 'ref', p_ref)]);
    END IF;
    PERFORM remember_caller(c);
    r := upsert_row(p_tenant, p_kind, p_ref, p_document);
    IF NOT p_exists AND r.outcome <> 'created' THEN
        PERFORM refuse('412', 'version_mismatch', 'The entry exists.');
    END IF;
    RETURN NEXT stored_result(c, r);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.catalogue_patch(integer, text, text, bigint, text, text, bytea, text, text, jsonb, text[]),
    orders_v1.catalogue_replace(integer, text, text, bigint, text, text, bytea, text, text, jsonb, text[], boolean)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.lock_entry IS 'Internal: locks an entry for a change of its document';
COMMENT ON FUNCTION orders_v1.locked_entry IS
'Internal: locks an entry and returns it. p_match: acceptable tags of its document; NULL: any. OR412 version_mismatch';
COMMENT ON FUNCTION orders_v1.merge_members IS 'Internal: applies a merge patch to the members of a document; a member that is null is set to null';
COMMENT ON FUNCTION orders_v1.merge_variants IS
'Internal: applies a patch to the variants of a product: an array replaces them, an object has changes by reference. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.patched_document IS 'Internal: the document of an entry after a merge patch. OR422 invalid_field, required_field';
COMMENT ON FUNCTION orders_v1.catalogue_patch IS
'Applies a merge patch (RFC 7396) to the document of an entry, and stores the result like catalogue_upsert. Members that only responses have are ignored. An
object in place of the variants of a product has changes by the references of the variants. p_match: acceptable tags; NULL: any. Outcome updated or unchanged.
OR404 not_found, OR412 version_mismatch, OR422 as catalogue_upsert';
COMMENT ON FUNCTION orders_v1.catalogue_replace IS
'catalogue_upsert with a condition. p_exists true: the entry exists and has one of the tags p_match (NULL: any tag); false: it does not exist. OR412
version_mismatch, OR422 as catalogue_upsert';
