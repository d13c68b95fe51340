-- SPDX-License-Identifier: Apache-2.0
-- Entries of the catalogue as documents. A document that is sent back to PUT changes nothing. One function for each kind renders the
-- document; its tag is computed from it in entry_view_of only.

-- Members that only responses have are in `details`.
CREATE OR REPLACE FUNCTION orders_v1.user_entry(u orders.users) RETURNS orders_v1.entry LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ROW(u.id, u.external_ref, jsonb_build_object(
        'name', u.name, 'login', u.login, 'given_name', u.given_name, 'family_name', u.family_name, 'email', u.email, 'phone', u.phone,
        'locale', u.locale, 'title', u.title, 'default_address', u.default_address, 'current_company', (
            SELECT c.external_ref FROM orders.company c WHERE c.tenant_id = u.tenant_id AND c.id = coalesce(u.current_company_id, 0)),
        'active', u.active, 'metadata', u.metadata), '{}'::jsonb, u.created_at, u.updated_at)::orders_v1.entry;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.company_entry(c orders.company) RETURNS orders_v1.entry LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ROW(c.id, c.external_ref, jsonb_build_object(
        'name', c.name, 'prefix', c.prefix, 'email', c.email, 'tax_number', c.tax_number, 'address', c.address, 'images', c.images,
        'active', c.active, 'metadata', c.metadata), '{}'::jsonb, c.created_at, c.updated_at)::orders_v1.entry;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.membership_entry(m orders.membership) RETURNS orders_v1.entry LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ROW(m.id, m.external_ref, jsonb_build_object(
        'company', (SELECT c.external_ref FROM orders.company c WHERE c.tenant_id = m.tenant_id AND c.id = m.company_id),
        'user', (SELECT u.external_ref FROM orders.users u WHERE u.tenant_id = m.tenant_id AND u.id = m.user_id),
        'role', m.role, 'active', m.active), '{}'::jsonb, m.created_at, m.updated_at)::orders_v1.entry;
END
$$;

-- A variant whose name is null has the name of its product. `stock` is the number that was sent last, so that a document that is sent back
-- does not undo sales and counts.
CREATE OR REPLACE FUNCTION orders_v1.product_entry(p orders.product) RETURNS orders_v1.entry LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_variants jsonb;
    v_detailed jsonb;
BEGIN
    SELECT coalesce(jsonb_agg(x.document ORDER BY x.id), '[]'), coalesce(jsonb_agg(x.document || x.details ORDER BY x.id), '[]')
    INTO v_variants, v_detailed
    FROM (SELECT v.id,
                 jsonb_build_object(
                     'ref', v.external_ref, 'number', v.number, 'name', nullif(v.name, p.name), 'options', v.options, 'images', v.images,
                     'status', v.status, 'active', v.active, 'stock', s.stated, 'prices', coalesce((
                         SELECT jsonb_object_agg(r.currency, CASE WHEN r.list_price IS NULL THEN to_jsonb(r.price)
                                                                  ELSE jsonb_build_object('price', r.price, 'list_price', r.list_price) END)
                         FROM orders.variant_price r
                         WHERE r.tenant_id = p.tenant_id AND r.variant_id = v.id), '{}')) AS document,
                 jsonb_build_object(
                     'id', v.id, 'on_hand', CASE WHEN s.counted THEN s.on_hand END, 'reserved', CASE WHEN s.counted THEN s.reserved END,
                     'available', CASE WHEN s.counted THEN greatest(s.on_hand - s.reserved, 0) END) AS details
          FROM orders.variant v
          LEFT JOIN orders.stock s ON s.tenant_id = p.tenant_id AND s.variant_id = v.id
          WHERE v.tenant_id = p.tenant_id AND v.product_id = p.id) AS x;
    RETURN ROW(p.id, p.external_ref, jsonb_build_object(
        'company', (SELECT c.external_ref FROM orders.company c WHERE c.tenant_id = p.tenant_id AND c.id = coalesce(p.company_id, 0)),
        'number', p.number, 'slug', p.slug, 'name', p.name, 'description', p.description, 'images', p.images, 'tax_class', p.tax_class,
        'returnable', p.returnable, 'translations', p.translations, 'variants', v_variants, 'active', p.active, 'metadata', p.metadata),
        jsonb_build_object('variants', v_detailed), p.created_at, p.updated_at)::orders_v1.entry;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.plan_entry(p orders.plan) RETURNS orders_v1.entry LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ROW(p.id, p.external_ref, jsonb_build_object(
        'name', p.name, 'slug', p.slug, 'description', p.description, 'price', p.price, 'currency', p.currency,
        'duration_unit', p.duration_unit, 'duration_value', p.duration_value, 'features', p.features, 'status', p.status,
        'max_quantity', p.max_quantity, 'tax_class', p.tax_class, 'metadata', p.metadata),
        '{}'::jsonb, p.created_at, p.updated_at)::orders_v1.entry;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.billing_option_entry(b orders.billing_option) RETURNS orders_v1.entry LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ROW(b.id, b.external_ref, jsonb_build_object(
        'plan', (SELECT p.external_ref FROM orders.plan p WHERE p.tenant_id = b.tenant_id AND p.id = b.plan_id),
        'name', b.name, 'price', b.price, 'duration_unit', b.duration_unit, 'duration_value', b.duration_value, 'active', b.active),
        '{}'::jsonb, b.created_at, b.updated_at)::orders_v1.entry;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.coupon_entry(k orders.coupon) RETURNS orders_v1.entry LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ROW(k.id, k.external_ref, jsonb_build_object(
        'code', k.code, 'percent_bp', k.percent_bp, 'amount', k.amount, 'currency', k.currency, 'minimum', k.minimum,
        'max_discount', k.max_discount, 'starts_at', orders_v1.document_time(k.starts_at), 'ends_at', orders_v1.document_time(k.ends_at),
        'max_uses', k.max_uses, 'max_uses_per_user', k.max_uses_per_user, 'active', k.active, 'metadata', k.metadata),
        jsonb_build_object('uses', CASE WHEN k.max_uses IS NOT NULL THEN k.used END), k.created_at, k.updated_at)::orders_v1.entry;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.tax_rate_entry(t orders.tax_rate) RETURNS orders_v1.entry LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ROW(t.id, t.external_ref, jsonb_build_object('tax_class', t.tax_class, 'key', t.key, 'rate_bp', t.rate_bp, 'active', t.active),
               '{}'::jsonb, t.created_at, t.updated_at)::orders_v1.entry;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.payment_channel_entry(n orders.payment_channel) RETURNS orders_v1.entry LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ROW(n.id, n.external_ref, jsonb_build_object(
        'name', n.name, 'provider', n.provider, 'enabled', n.enabled, 'currencies', coalesce(to_jsonb(n.currencies), '[]'),
        'payable_units', n.payable_units, 'metadata', n.metadata), '{}'::jsonb, n.created_at, n.updated_at)::orders_v1.entry;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.label_entry(l orders.tenant_label) RETURNS orders_v1.entry LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ROW(l.id, l.external_ref, jsonb_build_object('type', l.kind, 'word', l.word, 'language', l.language, 'text', l.text),
               '{}'::jsonb, l.created_at, l.updated_at)::orders_v1.entry;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.package_entry(k orders.package) RETURNS orders_v1.entry LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_product text;
    v_variant text;
BEGIN
    SELECT p.external_ref, v.external_ref INTO v_product, v_variant
    FROM orders.variant v
    JOIN orders.product p ON p.tenant_id = k.tenant_id AND p.id = v.product_id
    WHERE v.tenant_id = k.tenant_id AND v.id = k.variant_id;
    RETURN ROW(k.variant_id, k.external_ref, jsonb_build_object(
        'product', v_product, 'variant', v_variant, 'rank', k.rank, 'duration_unit', k.duration_unit, 'duration_value', k.duration_value,
        'active', k.active), '{}'::jsonb, k.created_at, k.updated_at)::orders_v1.entry;
END
$$;

-- The document has the package that was stated last: a document with another one would change the member's package. `term` is the
-- current or last term, which orders and refunds change too.
CREATE OR REPLACE FUNCTION orders_v1.member_entry(m orders.member) RETURNS orders_v1.entry LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_ref  text := (SELECT u.external_ref FROM orders.users u WHERE u.tenant_id = m.tenant_id AND u.id = m.user_id);
    v_term jsonb := (SELECT jsonb_build_object('package', k.external_ref, 'starts_at', orders_v1.document_time(t.starts_at),
                                               'ends_at', orders_v1.document_time(t.ends_at))
                     FROM orders.package_term t
                     JOIN orders.package k ON k.tenant_id = m.tenant_id AND k.variant_id = t.package_id
                     WHERE t.tenant_id = m.tenant_id AND t.id = coalesce(m.term_id, 0));
BEGIN
    RETURN ROW(m.user_id, v_ref, jsonb_build_object(
        'placed_at', orders_v1.document_time(m.placed_at), 'auto_upgrade_at', orders_v1.document_time(m.auto_upgrade_at))
        || coalesce(orders_v1.package_statement(m.stated), '{}'),
        jsonb_build_object('term', v_term), NULL, m.updated_at)::orders_v1.entry;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.entry_of(p_tenant integer, p_kind text, p_id bigint) RETURNS orders_v1.entry LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_user       orders.users;
    v_company    orders.company;
    v_membership orders.membership;
    v_product    orders.product;
    v_plan       orders.plan;
    v_option     orders.billing_option;
    v_coupon     orders.coupon;
    v_rate       orders.tax_rate;
    v_channel    orders.payment_channel;
    v_label      orders.tenant_label;
    v_package    orders.package;
    v_member     orders.member;
BEGIN
    CASE p_kind
        WHEN 'users' THEN
            SELECT * INTO v_user FROM orders.users x WHERE x.tenant_id = p_tenant AND x.id = p_id;
            RETURN orders_v1.user_entry(v_user);
        WHEN 'products' THEN
            SELECT * INTO v_product FROM orders.product x WHERE x.tenant_id = p_tenant AND x.id = p_id;
            RETURN orders_v1.product_entry(v_product);
        WHEN 'companies' THEN
            SELECT * INTO v_company FROM orders.company x WHERE x.tenant_id = p_tenant AND x.id = p_id;
            RETURN orders_v1.company_entry(v_company);
        WHEN 'memberships' THEN
            SELECT * INTO v_membership FROM orders.membership x WHERE x.tenant_id = p_tenant AND x.id = p_id;
            RETURN orders_v1.membership_entry(v_membership);
        WHEN 'plans' THEN
            SELECT * INTO v_plan FROM orders.plan x WHERE x.tenant_id = p_tenant AND x.id = p_id;
            RETURN orders_v1.plan_entry(v_plan);
        WHEN 'billing-options' THEN
            SELECT * INTO v_option FROM orders.billing_option x WHERE x.tenant_id = p_tenant AND x.id = p_id;
            RETURN orders_v1.billing_option_entry(v_option);
        WHEN 'coupons' THEN
            SELECT * INTO v_coupon FROM orders.coupon x WHERE x.tenant_id = p_tenant AND x.id = p_id;
            RETURN orders_v1.coupon_entry(v_coupon);
        WHEN 'tax-rates' THEN
            SELECT * INTO v_rate FROM orders.tax_rate x WHERE x.tenant_id = p_tenant AND x.id = p_id;
            RETURN orders_v1.tax_rate_entry(v_rate);
        WHEN 'payment-channels' THEN
            SELECT * INTO v_channel FROM orders.payment_channel x WHERE x.tenant_id = p_tenant AND x.id = p_id;
            RETURN orders_v1.payment_channel_entry(v_channel);
        WHEN 'labels' THEN
            SELECT * INTO v_label FROM orders.tenant_label x WHERE x.tenant_id = p_tenant AND x.id = p_id;
            RETURN orders_v1.label_entry(v_label);
        WHEN 'packages' THEN
            SELECT * INTO v_package FROM orders.package x WHERE x.tenant_id = p_tenant AND x.variant_id = p_id;
            RETURN orders_v1.package_entry(v_package);
        WHEN 'members' THEN
            SELECT * INTO v_member FROM orders.member x WHERE x.tenant_id = p_tenant AND x.user_id = p_id;
            RETURN orders_v1.member_entry(v_member);
    END CASE;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.entry_view_of(p_kind text, e orders_v1.entry) RETURNS orders_v1.entry_view LANGUAGE plpgsql STABLE AS $$
DECLARE
    r orders_v1.entry_view;
BEGIN
    r.id := e.id;
    r.kind := p_kind;
    r.ref := e.ref;
    r.document := e.document || e.details;
    r.tag := orders_v1.document_tag(e.document);
    r.created_at := e.created_at;
    r.updated_at := e.updated_at;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.refuse_kind() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.refuse('422', 'unknown_kind', 'There is no such kind of catalogue entry.', 'kind');
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.entry_id(p_tenant integer, p_kind text, p_ref text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    CASE p_kind
        WHEN 'users' THEN RETURN (SELECT x.id FROM orders.users x WHERE x.tenant_id = p_tenant AND x.external_ref = p_ref);
        WHEN 'products' THEN RETURN (SELECT x.id FROM orders.product x WHERE x.tenant_id = p_tenant AND x.external_ref = p_ref);
        WHEN 'companies' THEN RETURN (SELECT x.id FROM orders.company x WHERE x.tenant_id = p_tenant AND x.external_ref = p_ref);
        WHEN 'memberships' THEN RETURN (SELECT x.id FROM orders.membership x WHERE x.tenant_id = p_tenant AND x.external_ref = p_ref);
        WHEN 'plans' THEN RETURN (SELECT x.id FROM orders.plan x WHERE x.tenant_id = p_tenant AND x.external_ref = p_ref);
        WHEN 'billing-options' THEN RETURN (SELECT x.id FROM orders.billing_option x WHERE x.tenant_id = p_tenant AND x.external_ref = p_ref);
        WHEN 'coupons' THEN RETURN (SELECT x.id FROM orders.coupon x WHERE x.tenant_id = p_tenant AND x.external_ref = p_ref);
        WHEN 'tax-rates' THEN RETURN (SELECT x.id FROM orders.tax_rate x WHERE x.tenant_id = p_tenant AND x.external_ref = p_ref);
        WHEN 'payment-channels' THEN RETURN (SELECT x.id FROM orders.payment_channel x WHERE x.tenant_id = p_tenant AND x.external_ref = p_ref);
        WHEN 'labels' THEN RETURN (SELECT x.id FROM orders.tenant_label x WHERE x.tenant_id = p_tenant AND x.external_ref = p_ref);
        WHEN 'packages' THEN RETURN (SELECT x.variant_id FROM orders.package x WHERE x.tenant_id = p_tenant AND x.external_ref = p_ref);
        WHEN 'members' THEN
            RETURN (SELECT x.user_id FROM orders.users u
                    JOIN orders.member x ON x.tenant_id = p_tenant AND x.user_id = u.id
                    WHERE u.tenant_id = p_tenant AND u.external_ref = p_ref);
        ELSE PERFORM orders_v1.refuse_kind();
    END CASE;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.read_entry(p_tenant integer, p_kind text, p_ref text) RETURNS SETOF orders_v1.entry_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    v_id bigint := entry_id(p_tenant, p_kind, p_ref);
BEGIN
    IF v_id IS NOT NULL THEN
        RETURN NEXT entry_view_of(p_kind, entry_of(p_tenant, p_kind, v_id));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.text_has(p_part text, VARIADIC p_texts text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p_part IS NULL OR strpos(lower(array_to_string(p_texts, E'\n')), p_part) > 0
$$;

-- Opens a cursor over the ids of a kind, descending, with the result of the filters for each. A filter with an index selects the rows; other
-- filters are only evaluated. OFFSET 0 keeps the read of an index that has another order: without it, the planner would avoid the sort by reading
-- the whole table by its primary key. For the same reason, a company or plan whose entries have the order of an index is compared by a range, and
-- not for equality. The id 0 stands for an entry that does not exist.
CREATE OR REPLACE FUNCTION orders_v1.open_entries(p_tenant integer, p_kind text, f jsonb, p_before bigint) RETURNS refcursor
LANGUAGE plpgsql STABLE AS $$
DECLARE
    c         refcursor;
    q         text    := lower(f ->> 'q');
    v_active  boolean := (f ->> 'active')::boolean;
    v_status  text    := f ->> 'status';
    v_word    text    := coalesce(f ->> 'tax_class', f ->> 'type');
    v_lang    text    := lower(f ->> 'language');
    v_company bigint  := CASE WHEN f ->> 'company' IS NOT NULL THEN coalesce(orders_v1.entry_id(p_tenant, 'companies', f ->> 'company'), 0) END;
    v_user    bigint  := CASE WHEN f ->> 'user' IS NOT NULL THEN coalesce(orders_v1.entry_id(p_tenant, 'users', f ->> 'user'), 0) END;
    v_plan    bigint  := CASE WHEN f ->> 'plan' IS NOT NULL THEN coalesce(orders_v1.entry_id(p_tenant, 'plans', f ->> 'plan'), 0) END;
    v_product bigint  := CASE WHEN f ->> 'product' IS NOT NULL THEN coalesce(orders_v1.entry_id(p_tenant, 'products', f ->> 'product'), 0) END;
    v_package bigint  := CASE WHEN f ->> 'package' IS NOT NULL THEN coalesce(orders_v1.entry_id(p_tenant, 'packages', f ->> 'package'), 0) END;
BEGIN
    CASE p_kind
        WHEN 'users' THEN
            OPEN c FOR
            SELECT x.id, x.active = coalesce(v_active, x.active) AND (v_company IS NULL OR x.current_company_id = v_company)
                   AND orders_v1.text_has(q, x.external_ref, x.name, x.login, x.email, x.phone)
            FROM orders.users x WHERE x.tenant_id = p_tenant AND x.id < p_before ORDER BY x.id DESC;
        WHEN 'products' THEN
            IF v_company IS NULL THEN
                OPEN c FOR
                SELECT x.id, x.active = coalesce(v_active, x.active) AND orders_v1.text_has(q, x.external_ref, x.name, x.number, x.slug)
                FROM orders.product x WHERE x.tenant_id = p_tenant AND x.id < p_before ORDER BY x.id DESC;
            ELSE
                OPEN c FOR
                SELECT x.id, x.active = coalesce(v_active, x.active) AND orders_v1.text_has(q, x.external_ref, x.name, x.number, x.slug)
                FROM orders.product x
                WHERE x.tenant_id = p_tenant AND x.company_id >= v_company AND (x.company_id, x.id) < (v_company, p_before)
                ORDER BY x.company_id DESC, x.id DESC;
            END IF;
        WHEN 'companies' THEN
            OPEN c FOR
            SELECT x.id, x.active = coalesce(v_active, x.active) AND orders_v1.text_has(q, x.external_ref, x.name, x.prefix, x.email)
            FROM orders.company x WHERE x.tenant_id = p_tenant AND x.id < p_before ORDER BY x.id DESC;
        WHEN 'memberships' THEN
            IF v_user IS NOT NULL THEN
                OPEN c FOR
                SELECT x.id, x.active = coalesce(v_active, x.active) AND x.company_id = coalesce(v_company, x.company_id)
                       AND orders_v1.text_has(q, x.external_ref)
                FROM (SELECT * FROM orders.membership y WHERE y.tenant_id = p_tenant AND y.user_id = v_user OFFSET 0) AS x
                WHERE x.id < p_before ORDER BY x.id DESC;
            ELSIF v_company IS NOT NULL THEN
                OPEN c FOR
                SELECT x.id, x.active = coalesce(v_active, x.active) AND orders_v1.text_has(q, x.external_ref)
                FROM orders.membership x
                WHERE x.tenant_id = p_tenant AND x.company_id >= v_company AND (x.company_id, x.id) < (v_company, p_before)
                ORDER BY x.company_id DESC, x.id DESC;
            ELSE
                OPEN c FOR
                SELECT x.id, x.active = coalesce(v_active, x.active) AND orders_v1.text_has(q, x.external_ref)
                FROM orders.membership x WHERE x.tenant_id = p_tenant AND x.id < p_before ORDER BY x.id DESC;
            END IF;
        WHEN 'plans' THEN
            OPEN c FOR
            SELECT x.id, x.status = coalesce(v_status, x.status) AND orders_v1.text_has(q, x.external_ref, x.name, x.slug)
            FROM orders.plan x WHERE x.tenant_id = p_tenant AND x.id < p_before ORDER BY x.id DESC;
        WHEN 'billing-options' THEN
            IF v_plan IS NULL THEN
                OPEN c FOR
                SELECT x.id, x.active = coalesce(v_active, x.active) AND orders_v1.text_has(q, x.external_ref, x.name)
                FROM orders.billing_option x WHERE x.tenant_id = p_tenant AND x.id < p_before ORDER BY x.id DESC;
            ELSE
                OPEN c FOR
                SELECT x.id, x.active = coalesce(v_active, x.active) AND orders_v1.text_has(q, x.external_ref, x.name)
                FROM orders.billing_option x
                WHERE x.tenant_id = p_tenant AND x.plan_id >= v_plan AND (x.plan_id, x.id) < (v_plan, p_before)
                ORDER BY x.plan_id DESC, x.id DESC;
            END IF;
        WHEN 'coupons' THEN
            OPEN c FOR
            SELECT x.id, x.active = coalesce(v_active, x.active) AND orders_v1.text_has(q, x.external_ref, x.code)
            FROM orders.coupon x WHERE x.tenant_id = p_tenant AND x.id < p_before ORDER BY x.id DESC;
        WHEN 'tax-rates' THEN
            OPEN c FOR
            SELECT x.id, x.active = coalesce(v_active, x.active) AND x.tax_class = coalesce(v_word, x.tax_class)
                   AND orders_v1.text_has(q, x.external_ref, x.tax_class, x.key)
            FROM orders.tax_rate x WHERE x.tenant_id = p_tenant AND x.id < p_before ORDER BY x.id DESC;
        WHEN 'payment-channels' THEN
            OPEN c FOR
            SELECT x.id, x.enabled = coalesce(v_active, x.enabled) AND orders_v1.text_has(q, x.external_ref, x.name, x.provider)
            FROM orders.payment_channel x WHERE x.tenant_id = p_tenant AND x.id < p_before ORDER BY x.id DESC;
        WHEN 'labels' THEN
            OPEN c FOR
            SELECT x.id, x.kind = coalesce(v_word, x.kind) AND x.language = coalesce(v_lang, x.language)
                   AND orders_v1.text_has(q, x.external_ref, x.word, x.text)
            FROM orders.tenant_label x WHERE x.tenant_id = p_tenant AND x.id < p_before ORDER BY x.id DESC;
        WHEN 'packages' THEN
            IF v_product IS NULL THEN
                OPEN c FOR
                SELECT x.variant_id, x.active = coalesce(v_active, x.active) AND orders_v1.text_has(q, x.external_ref)
                FROM orders.package x WHERE x.tenant_id = p_tenant AND x.variant_id < p_before ORDER BY x.variant_id DESC;
            ELSE
                OPEN c FOR
                SELECT x.variant_id, x.active = coalesce(v_active, x.active) AND orders_v1.text_has(q, x.external_ref)
                FROM (SELECT y.id FROM orders.variant y WHERE y.tenant_id = p_tenant AND y.product_id = v_product OFFSET 0) AS v
                CROSS JOIN LATERAL (SELECT * FROM orders.package y WHERE y.tenant_id = p_tenant AND y.variant_id = v.id OFFSET 0) AS x
                WHERE v.id < p_before
                ORDER BY v.id DESC;
            END IF;
        WHEN 'members' THEN
            OPEN c FOR
            SELECT x.user_id, (v_package IS NULL OR (SELECT t.package_id FROM orders.package_term t
                                                     WHERE t.tenant_id = p_tenant AND t.id = coalesce(x.term_id, 0)) = v_package)
                   AND (q IS NULL OR (SELECT orders_v1.text_has(q, u.external_ref, u.name, u.login, u.email) FROM orders.users u
                                      WHERE u.tenant_id = p_tenant AND u.id = x.user_id))
            FROM orders.member x WHERE x.tenant_id = p_tenant AND x.user_id < p_before ORDER BY x.user_id DESC;
        ELSE PERFORM orders_v1.refuse_kind();
    END CASE;
    RETURN c;
END
$$;

-- The settings discourage plans that read the table or sort it, which the planner may choose while statistics are missing.
CREATE OR REPLACE FUNCTION orders_v1.list_entries(p_tenant integer, p_kind text, p_filters jsonb, p_limit integer, p_before bigint)
RETURNS SETOF orders_v1.entry_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
DECLARE
    c         refcursor := open_entries(p_tenant, p_kind, p_filters, coalesce(p_before, 9223372036854775807));
    r         orders_v1.entry_view;
    v_id      bigint;
    v_matches boolean;
    v_found   integer := 0;
    v_read    integer := 0;
    v_until   timestamptz := clock_timestamp() + interval '500 ms';
BEGIN
    LOOP
        FETCH c INTO v_id, v_matches;
        EXIT WHEN NOT FOUND;
        v_read := v_read + 1;
        IF v_matches THEN
            RETURN NEXT entry_view_of(p_kind, entry_of(p_tenant, p_kind, v_id));
            v_found := v_found + 1;
        END IF;
        EXIT WHEN v_found >= p_limit;
        IF v_read >= 20000 OR clock_timestamp() > v_until THEN
            r.id := v_id;
            RETURN NEXT r;
            EXIT;
        END IF;
    END LOOP;
    CLOSE c;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.read_entry(integer, text, text),
    orders_v1.list_entries(integer, text, jsonb, integer, bigint)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.user_entry IS 'Internal: a user as a document';
COMMENT ON FUNCTION orders_v1.company_entry IS 'Internal: a company as a document';
COMMENT ON FUNCTION orders_v1.membership_entry IS 'Internal: a membership as a document';
COMMENT ON FUNCTION orders_v1.product_entry IS 'Internal: a product as a document; details: its variants with ids and stock';
COMMENT ON FUNCTION orders_v1.plan_entry IS 'Internal: a plan as a document';
COMMENT ON FUNCTION orders_v1.billing_option_entry IS 'Internal: a billing option as a document';
COMMENT ON FUNCTION orders_v1.coupon_entry IS 'Internal: a coupon as a document; details: its uses, which are counted only with a limit';
COMMENT ON FUNCTION orders_v1.tax_rate_entry IS 'Internal: a tax rate as a document';
COMMENT ON FUNCTION orders_v1.payment_channel_entry IS 'Internal: a payment channel as a document';
COMMENT ON FUNCTION orders_v1.label_entry IS 'Internal: a label of the tenant as a document';
COMMENT ON FUNCTION orders_v1.package_entry IS 'Internal: a package as a document';
COMMENT ON FUNCTION orders_v1.member_entry IS 'Internal: a member as a document; details: the current or last term';
COMMENT ON FUNCTION orders_v1.entry_of IS 'Internal: the entry of a kind with this id, which exists';
COMMENT ON FUNCTION orders_v1.entry_view_of IS 'Internal: an entry as responses show it, with the tag of its document';
COMMENT ON FUNCTION orders_v1.refuse_kind IS 'Internal: OR422 unknown_kind';
COMMENT ON FUNCTION orders_v1.entry_id IS 'Internal: the id of the entry of a kind with this reference; NULL: it does not exist. OR422 unknown_kind';
COMMENT ON FUNCTION orders_v1.read_entry IS 'An entry of the catalogue; no row: it does not exist. OR422 unknown_kind';
COMMENT ON FUNCTION orders_v1.text_has IS 'Internal: whether one of the texts has this part, which is in lower case; NULL: any';
COMMENT ON FUNCTION orders_v1.open_entries IS
'Internal: a cursor over the ids of a kind below p_before, descending, and whether each entry matches the filters. OR422 unknown_kind';
COMMENT ON FUNCTION orders_v1.list_entries IS
'Lists at most p_limit entries of a kind, newest first, with ids below p_before (NULL: no bound). p_filters: q (a part of a reference, name or number in
any case), active (of channels: enabled), and by kind company, user, plan, product, package, status, tax_class, type, language. An unknown reference matches
nothing. A call passes at most 20,000 entries; then the last row is only the position after which the next call continues. OR422 unknown_kind';
