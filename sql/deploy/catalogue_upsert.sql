-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:catalogue_upsert to pg
-- A document replaces the row as a whole: what it leaves out takes its default.

BEGIN;
SET LOCAL ROLE orders_owner;

CREATE FUNCTION orders.doc_text(p_doc jsonb, p_field text, p_required boolean, p_max integer DEFAULT 200) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_text text := p_doc ->> p_field;
BEGIN
    IF v_text IS NULL THEN
        IF p_required THEN
            PERFORM orders.refuse('422', 'required_field', 'This field is required.', p_field);
        END IF;
    ELSIF jsonb_typeof(p_doc -> p_field) <> 'string' OR length(v_text) > p_max
          OR (p_required AND v_text = '') THEN
        PERFORM orders.refuse('422', 'invalid_field',
                              format('A text of at most %s characters is due here.', p_max), p_field);
    END IF;
    RETURN v_text;
END
$$;

CREATE FUNCTION orders.doc_number(p_doc jsonb, p_field text, p_required boolean, p_least bigint, p_most bigint)
RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_text text := p_doc ->> p_field;
BEGIN
    IF v_text IS NULL THEN
        IF p_required THEN
            PERFORM orders.refuse('422', 'required_field', 'This field is required.', p_field);
        END IF;
        RETURN NULL;
    ELSIF jsonb_typeof(p_doc -> p_field) <> 'number' OR v_text !~ '^-?[0-9]{1,18}$'
          OR v_text::bigint NOT BETWEEN p_least AND p_most THEN
        PERFORM orders.refuse('422', 'invalid_field',
                              format('A whole number from %s to %s is due here.', p_least, p_most), p_field);
    END IF;
    RETURN v_text::bigint;
END
$$;

CREATE FUNCTION orders.doc_boolean(p_doc jsonb, p_field text, p_default boolean) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF p_doc ->> p_field IS NULL THEN
        RETURN p_default;
    ELSIF jsonb_typeof(p_doc -> p_field) <> 'boolean' THEN
        PERFORM orders.refuse('422', 'invalid_field', 'true or false is due here.', p_field);
    END IF;
    RETURN (p_doc -> p_field)::boolean;
END
$$;

CREATE FUNCTION orders.doc_json(p_doc jsonb, p_field text, p_types text[], p_default jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF p_doc ->> p_field IS NULL THEN
        RETURN p_default;
    ELSIF jsonb_typeof(p_doc -> p_field) <> ALL (p_types) THEN
        PERFORM orders.refuse('422', 'invalid_field', format('JSON of type %s is due here.',
                              array_to_string(p_types, ' or ')), p_field);
    END IF;
    RETURN p_doc -> p_field;
END
$$;

CREATE FUNCTION orders.doc_time(p_doc jsonb, p_field text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_text text := orders.doc_text(p_doc, p_field, false, 40);
BEGIN
    IF v_text !~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$' THEN
        PERFORM orders.refuse('422', 'invalid_field', 'An ISO 8601 time with its zone is due here.', p_field);
    END IF;
    RETURN v_text::timestamptz;
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
    PERFORM orders.refuse('422', 'invalid_field', 'There is no such time.', p_field);
END
$$;

CREATE FUNCTION orders.doc_word(p_doc jsonb, p_field text, p_words text[], p_default text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_text text := coalesce(orders.doc_text(p_doc, p_field, p_default IS NULL), p_default);
BEGIN
    IF v_text <> ALL (p_words) THEN
        PERFORM orders.refuse('422', 'invalid_field', 'One of ' || array_to_string(p_words, ', ') || ' is due here.',
                              p_field);
    END IF;
    RETURN v_text;
END
$$;

CREATE FUNCTION orders.doc_currency(p_doc jsonb, p_field text, p_required boolean) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_text text := orders.doc_text(p_doc, p_field, p_required);
BEGIN
    IF v_text IS NOT NULL AND NOT EXISTS (SELECT FROM orders.currency y WHERE y.code = v_text) THEN
        PERFORM orders.refuse('422', 'currency_unknown', 'There is no such currency.', p_field);
    END IF;
    RETURN v_text;
END
$$;

-- The row that is, locked, or an empty one; each kind fills it and hands it to its put function.
CREATE FUNCTION orders.put_user(p_tenant integer, p_ref text, d jsonb) RETURNS orders.upserted
LANGUAGE plpgsql AS $$
DECLARE
    x     orders.users;
    v_old orders.users;
BEGIN
    SELECT * INTO v_old FROM orders.users u WHERE u.tenant_id = p_tenant AND u.external_ref = p_ref FOR UPDATE;
    x := v_old;
    x.login := orders.doc_text(d, 'login', false);
    x.name := orders.doc_text(d, 'name', true);
    x.given_name := orders.doc_text(d, 'given_name', false);
    x.family_name := orders.doc_text(d, 'family_name', false);
    x.email := orders.doc_text(d, 'email', false, 320);
    x.phone := orders.doc_text(d, 'phone', false, 40);
    x.locale := orders.doc_text(d, 'locale', false, 35);
    x.active := orders.doc_boolean(d, 'active', true);
    x.metadata := orders.doc_json(d, 'metadata', '{object}', '{}');
    IF v_old.id IS NULL THEN
        INSERT INTO orders.users (tenant_id, external_ref, login, name, given_name, family_name, email, phone, locale,
                                  active, metadata)
        VALUES (p_tenant, p_ref, x.login, x.name, x.given_name, x.family_name, x.email, x.phone, x.locale,
                x.active, x.metadata)
        RETURNING * INTO x;
    ELSIF x IS DISTINCT FROM v_old THEN
        UPDATE orders.users u
        SET login = x.login, name = x.name, given_name = x.given_name, family_name = x.family_name, email = x.email,
            phone = x.phone, locale = x.locale, active = x.active, metadata = x.metadata, updated_at = now()
        WHERE u.tenant_id = p_tenant AND u.id = x.id
        RETURNING * INTO x;
    END IF;
    RETURN orders.upsert_outcome(v_old.id, x.id, to_jsonb(v_old), to_jsonb(x));
END
$$;

CREATE FUNCTION orders.put_plan(p_tenant integer, p_ref text, d jsonb) RETURNS orders.upserted
LANGUAGE plpgsql AS $$
DECLARE
    x     orders.plan;
    v_old orders.plan;
BEGIN
    SELECT * INTO v_old FROM orders.plan p WHERE p.tenant_id = p_tenant AND p.external_ref = p_ref FOR UPDATE;
    x := v_old;
    x.name := orders.doc_text(d, 'name', true);
    x.slug := coalesce(orders.doc_text(d, 'slug', false), p_ref);
    x.description := orders.doc_text(d, 'description', false, 10000);
    x.price := orders.doc_number(d, 'price', true, 0, 1000000000000000);
    x.currency := orders.doc_currency(d, 'currency', true);
    x.duration_unit := CASE WHEN d ? 'duration_unit' AND d ->> 'duration_unit' IS NOT NULL
                            THEN orders.doc_word(d, 'duration_unit', '{day,week,month,year}', NULL) END;
    x.duration_value := orders.doc_number(d, 'duration_value', x.duration_unit IS NOT NULL, 1, 10000);
    x.features := orders.doc_json(d, 'features', '{array,object}', '[]');
    x.status := orders.doc_word(d, 'status', '{on_sale,hidden,retired}', 'on_sale');
    x.max_quantity := orders.doc_number(d, 'max_quantity', false, 1, 1000000);
    x.tax_class := orders.doc_text(d, 'tax_class', false);
    x.metadata := orders.doc_json(d, 'metadata', '{object}', '{}');
    IF v_old.id IS NULL THEN
        INSERT INTO orders.plan (tenant_id, external_ref, slug, name, description, price, currency, duration_unit,
                                 duration_value, features, status, max_quantity, tax_class, metadata)
        VALUES (p_tenant, p_ref, x.slug, x.name, x.description, x.price, x.currency, x.duration_unit,
                x.duration_value, x.features, x.status, x.max_quantity, x.tax_class, x.metadata)
        RETURNING * INTO x;
    ELSIF x IS DISTINCT FROM v_old THEN
        UPDATE orders.plan p
        SET slug = x.slug, name = x.name, description = x.description, price = x.price, currency = x.currency,
            duration_unit = x.duration_unit, duration_value = x.duration_value, features = x.features,
            status = x.status, max_quantity = x.max_quantity, tax_class = x.tax_class, metadata = x.metadata,
            updated_at = now()
        WHERE p.tenant_id = p_tenant AND p.id = x.id
        RETURNING * INTO x;
    END IF;
    RETURN orders.upsert_outcome(v_old.id, x.id, to_jsonb(v_old), to_jsonb(x));
END
$$;

CREATE FUNCTION orders.put_billing_option(p_tenant integer, p_ref text, d jsonb) RETURNS orders.upserted
LANGUAGE plpgsql AS $$
DECLARE
    x     orders.billing_option;
    v_old orders.billing_option;
BEGIN
    SELECT * INTO v_old FROM orders.billing_option b
    WHERE b.tenant_id = p_tenant AND b.external_ref = p_ref FOR UPDATE;
    x := v_old;
    x.plan_id := (SELECT p.id FROM orders.plan p
                  WHERE p.tenant_id = p_tenant AND p.external_ref = orders.doc_text(d, 'plan', true));
    IF x.plan_id IS NULL THEN
        PERFORM orders.refuse('422', 'plan_not_found', 'There is no such plan.', 'plan');
    END IF;
    x.name := orders.doc_text(d, 'name', true);
    x.price := orders.doc_number(d, 'price', true, 0, 1000000000000000);
    x.duration_unit := CASE WHEN d ->> 'duration_unit' IS NOT NULL
                            THEN orders.doc_word(d, 'duration_unit', '{day,week,month,year}', NULL) END;
    x.duration_value := orders.doc_number(d, 'duration_value', x.duration_unit IS NOT NULL, 1, 10000);
    x.active := orders.doc_boolean(d, 'active', true);
    IF v_old.id IS NULL THEN
        INSERT INTO orders.billing_option (tenant_id, external_ref, plan_id, name, price, duration_unit,
                                           duration_value, active)
        VALUES (p_tenant, p_ref, x.plan_id, x.name, x.price, x.duration_unit, x.duration_value, x.active)
        RETURNING * INTO x;
    ELSIF x IS DISTINCT FROM v_old THEN
        UPDATE orders.billing_option b
        SET plan_id = x.plan_id, name = x.name, price = x.price, duration_unit = x.duration_unit,
            duration_value = x.duration_value, active = x.active, updated_at = now()
        WHERE b.tenant_id = p_tenant AND b.id = x.id
        RETURNING * INTO x;
    END IF;
    RETURN orders.upsert_outcome(v_old.id, x.id, to_jsonb(v_old), to_jsonb(x));
END
$$;

COMMIT;
