-- SPDX-License-Identifier: Apache-2.0
-- Settings of a tenant. They apply to what is created after the change: no function copies them into rows that exist.

CREATE OR REPLACE FUNCTION orders_v1.settings_of(t orders.tenant) RETURNS orders_v1.settings_view LANGUAGE plpgsql STABLE AS $$
DECLARE
    r orders_v1.settings_view;
BEGIN
    r.id := t.id;
    r.version := t.version;
    r.name := t.name;
    r.address := t.address;
    r.tax_number := t.tax_number;
    r.email := t.email;
    r.phone := t.phone;
    r.currency := t.currency;
    r.tax_inclusive := t.tax_inclusive;
    r.bill_series := t.bill_series;
    r.invoice_series := t.invoice_series;
    r.time_zone := t.time_zone;
    r.metadata := t.metadata;
    r.created_at := t.created_at;
    r.updated_at := t.updated_at;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.read_settings(p_tenant integer) RETURNS SETOF orders_v1.settings_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    t orders.tenant;
BEGIN
    SELECT * INTO t FROM tenant x WHERE x.id = p_tenant;
    IF FOUND THEN
        RETURN NEXT settings_of(t);
    END IF;
END
$$;

-- The time zones of PostgreSQL include POSIX formulas such as UTC+2, which is two hours behind UTC: only names of the IANA database are accepted.
CREATE OR REPLACE FUNCTION orders_v1.known_time_zone(p_name text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_name text := (SELECT min(z.name) FROM pg_timezone_names z
                    WHERE lower(z.name) = lower(p_name) AND z.name !~ '^(posix|right)/|^(localtime|posixrules|Factory)$');
BEGIN
    IF v_name IS NULL THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be a name of the IANA time zone database, such as Europe/Paris.', 'time_zone');
    END IF;
    RETURN v_name;
END
$$;

-- The numbers of invoices are a prefix, a date and a count: another issuer with the same prefix could issue the same number. p_company NULL: the shop.
-- The index of the numbers is sorted by bytes, and ":" is the character after the digits.
CREATE OR REPLACE FUNCTION orders_v1.has_invoices_of_others(p_tenant integer, p_prefix text, p_company bigint) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM orders.invoice i
                   WHERE i.tenant_id = p_tenant AND i.number >= p_prefix || '0' AND i.number < p_prefix || ':'
                     AND i.company_id IS DISTINCT FROM p_company);
END
$$;

-- put_company locks the tenant too when a prefix changes, so that two concurrent changes do not give both the same prefix.
CREATE OR REPLACE FUNCTION orders_v1.check_invoice_series(p_tenant integer, p_series text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM orders.company c WHERE c.tenant_id = p_tenant AND c.prefix = p_series)
       OR orders_v1.has_invoices_of_others(p_tenant, p_series, NULL) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'A company has or had this prefix.', 'invoice_series');
    END IF;
END
$$;

-- The settings b after the changes d. A member that must have a value cannot be removed.
CREATE OR REPLACE FUNCTION orders_v1.changed_settings(b orders.tenant, d jsonb) RETURNS orders.tenant LANGUAGE plpgsql STABLE AS $$
DECLARE
    t       orders.tenant := b;
    v_field text;
BEGIN
    SELECT x.name INTO v_field
    FROM unnest(ARRAY['name', 'currency', 'tax_inclusive', 'bill_series', 'invoice_series', 'time_zone']) WITH ORDINALITY AS x (name, n)
    WHERE d ? x.name AND coalesce(d ->> x.name, '') = ''
    ORDER BY x.n
    LIMIT 1;
    IF v_field IS NOT NULL THEN
        PERFORM orders_v1.refuse('422', 'required_field', 'This field is required.', v_field);
    END IF;
    t.name := coalesce(d ->> 'name', t.name);
    t.currency := coalesce(orders_v1.known_currency(d ->> 'currency', 'currency'), t.currency);
    t.tax_inclusive := coalesce((d ->> 'tax_inclusive')::boolean, t.tax_inclusive);
    t.bill_series := coalesce(d ->> 'bill_series', t.bill_series);
    t.invoice_series := coalesce(d ->> 'invoice_series', t.invoice_series);
    IF d ? 'time_zone' THEN
        t.time_zone := orders_v1.known_time_zone(d ->> 'time_zone');
    END IF;
    IF d ? 'tax_number' THEN
        t.tax_number := nullif(d ->> 'tax_number', '');
    END IF;
    IF d ? 'email' THEN
        t.email := nullif(d ->> 'email', '');
    END IF;
    IF d ? 'phone' THEN
        t.phone := nullif(d ->> 'phone', '');
    END IF;
    IF d ? 'address' THEN
        t.address := coalesce(nullif(orders_v1.merge_patch(t.address, d -> 'address'), 'null'), '{}');
    END IF;
    IF d ? 'metadata' THEN
        t.metadata := coalesce(nullif(orders_v1.merge_patch(t.metadata, d -> 'metadata'), 'null'), '{}');
    END IF;
    RETURN t;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.change_settings(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_match text[], p_changes jsonb
) RETURNS SETOF orders_v1.written_settings
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim   := claim_key(c);
    b       orders.tenant; -- before
    t       orders.tenant;
    r       orders_v1.written_settings;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_settings, v_claim.answer);
        RETURN;
    END IF;
    SELECT * INTO b FROM tenant x WHERE x.id = p_tenant FOR NO KEY UPDATE;
    IF b.id IS NULL THEN
        PERFORM refuse('404', 'not_found', 'There is no such tenant.');
    ELSIF p_match IS NOT NULL AND version_tag(b.id, b.version) <> ALL (p_match) THEN
        PERFORM refuse('412', 'version_mismatch', 'The settings have changed since they were read.', NULL, jsonb_build_object('version', b.version));
    END IF;
    t := changed_settings(b, p_changes);
    IF t.bill_series !~ '^[A-Z0-9]{1,12}$' THEN
        PERFORM refuse('422', 'invalid_field', 'Must be 1 to 12 capital letters and digits.', 'bill_series');
    ELSIF t.invoice_series !~ '^[A-Z0-9]{1,12}$' THEN
        PERFORM refuse('422', 'invalid_field', 'Must be 1 to 12 capital letters and digits.', 'invoice_series');
    ELSIF t.invoice_series <> b.invoice_series THEN
        PERFORM check_invoice_series(p_tenant, t.invoice_series);
    END IF;
    r.outcome := 'unchanged';
    IF t IS DISTINCT FROM b THEN
        r.outcome := 'changed';
        UPDATE tenant x
        SET name = t.name, address = t.address, tax_number = t.tax_number, email = t.email, phone = t.phone, currency = t.currency,
            tax_inclusive = t.tax_inclusive, bill_series = t.bill_series, invoice_series = t.invoice_series, time_zone = t.time_zone,
            metadata = t.metadata, version = b.version + 1, updated_at = now()
        WHERE x.id = p_tenant
        RETURNING * INTO t;
    END IF;
    r.id := p_tenant;
    r.replayed := false;
    r.settings := settings_of(t);
    RETURN NEXT stored_result(c, r);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.read_settings(integer),
    orders_v1.change_settings(integer, text, text, bigint, text, text, bytea, text[], jsonb)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.settings_of IS 'Internal: the settings of a tenant as the operator API shows them';
COMMENT ON FUNCTION orders_v1.read_settings IS 'The settings of a tenant; no row: there is no such tenant';
COMMENT ON FUNCTION orders_v1.known_time_zone IS 'Internal: the name of a time zone as the IANA database spells it. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.has_invoices_of_others IS
'Internal: whether another issuer than p_company (NULL: the shop) has issued invoices with this prefix';
COMMENT ON FUNCTION orders_v1.check_invoice_series IS
'Internal: checks that no company numbers or has numbered its invoices with this prefix. The tenant is locked. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.changed_settings IS 'Internal: the settings after a merge patch. OR422 with the field';
COMMENT ON FUNCTION orders_v1.change_settings IS
'Changes the settings by a merge patch (RFC 7396): null removes address, tax_number, email, phone and metadata. p_match: acceptable version tags;
NULL: any version. Outcome changed or unchanged. Locks the tenant. OR404 not_found, OR412 version_mismatch, OR422 with the field';
