-- SPDX-License-Identifier: Apache-2.0
-- A document replaces the whole row: an absent member gets its default. Rows are locked FOR NO KEY UPDATE, so that orders that refer
-- to them can be placed at the same time. Coupons are locked FOR UPDATE: orders with a coupon wait while its limits change.

CREATE OR REPLACE FUNCTION orders_v1.put_user(p_tenant integer, p_ref text, d jsonb) RETURNS orders_v1.upserted
LANGUAGE plpgsql AS $$
DECLARE
    x     orders.users;
    v_old orders.users;
BEGIN
    SELECT * INTO v_old FROM orders.users u WHERE u.tenant_id = p_tenant AND u.external_ref = p_ref FOR NO KEY UPDATE;
    x := v_old;
    x.login := d ->> 'login';
    x.name := d ->> 'name';
    x.given_name := d ->> 'given_name';
    x.family_name := d ->> 'family_name';
    x.email := d ->> 'email';
    x.phone := d ->> 'phone';
    x.locale := d ->> 'locale';
    x.title := (d ->> 'title')::numeric;
    x.default_address := nullif(d -> 'default_address', 'null');
    x.current_company_id := orders_v1.company_id_of(p_tenant, d ->> 'current_company', 'current_company');
    x.active := coalesce((d ->> 'active')::boolean, true);
    x.metadata := coalesce(nullif(d -> 'metadata', 'null'), '{}');
    IF EXISTS (SELECT FROM orders.users u WHERE u.tenant_id = p_tenant AND u.login = x.login AND u.external_ref <> p_ref) THEN
        PERFORM orders_v1.refuse_taken('login');
    ELSIF v_old.id IS NULL THEN
        INSERT INTO orders.users (tenant_id, external_ref, login, name, given_name, family_name, email, phone, locale,
                                  title, default_address, current_company_id, active, metadata)
        VALUES (p_tenant, p_ref, x.login, x.name, x.given_name, x.family_name, x.email, x.phone, x.locale,
                x.title, x.default_address, x.current_company_id, x.active, x.metadata)
        RETURNING * INTO x;
    ELSIF x IS DISTINCT FROM v_old THEN
        UPDATE orders.users u
        SET login = x.login, name = x.name, given_name = x.given_name, family_name = x.family_name, email = x.email,
            phone = x.phone, locale = x.locale, title = x.title, default_address = x.default_address,
            current_company_id = x.current_company_id, active = x.active, metadata = x.metadata, updated_at = now()
        WHERE u.tenant_id = p_tenant AND u.id = x.id
        RETURNING * INTO x;
    END IF;
    RETURN orders_v1.upsert_outcome(v_old.id, x.id, to_jsonb(v_old), to_jsonb(x));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_plan(p_tenant integer, p_ref text, d jsonb) RETURNS orders_v1.upserted
LANGUAGE plpgsql AS $$
DECLARE
    x     orders.plan;
    v_old orders.plan;
BEGIN
    SELECT * INTO v_old FROM orders.plan p WHERE p.tenant_id = p_tenant AND p.external_ref = p_ref FOR NO KEY UPDATE;
    x := v_old;
    x.name := d ->> 'name';
    x.slug := coalesce(d ->> 'slug', p_ref);
    x.description := d ->> 'description';
    x.price := orders_v1.doc_integer(d, 'price', 0, 1000000000000000);
    x.currency := orders_v1.known_currency(d ->> 'currency', 'currency');
    x.duration_unit := d ->> 'duration_unit';
    x.duration_value := orders_v1.doc_duration_value(d, x.duration_unit);
    x.features := orders_v1.doc_display(d, 'features');
    x.status := coalesce(d ->> 'status', 'on_sale');
    x.max_quantity := (d ->> 'max_quantity')::numeric;
    x.tax_class := d ->> 'tax_class';
    x.metadata := coalesce(nullif(d -> 'metadata', 'null'), '{}');
    IF EXISTS (SELECT FROM orders.plan p WHERE p.tenant_id = p_tenant AND p.slug = x.slug AND p.external_ref <> p_ref) THEN
        PERFORM orders_v1.refuse_taken('slug');
    ELSIF v_old.id IS NULL THEN
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
    RETURN orders_v1.upsert_outcome(v_old.id, x.id, to_jsonb(v_old), to_jsonb(x));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_billing_option(p_tenant integer, p_ref text, d jsonb) RETURNS orders_v1.upserted
LANGUAGE plpgsql AS $$
DECLARE
    x     orders.billing_option;
    v_old orders.billing_option;
BEGIN
    SELECT * INTO v_old FROM orders.billing_option b
    WHERE b.tenant_id = p_tenant AND b.external_ref = p_ref FOR NO KEY UPDATE;
    x := v_old;
    x.plan_id := (SELECT p.id FROM orders.plan p
                  WHERE p.tenant_id = p_tenant AND p.external_ref = d ->> 'plan');
    IF x.plan_id IS NULL THEN
        PERFORM orders_v1.refuse('422', 'plan_not_found', 'There is no such plan.', 'plan');
    END IF;
    x.name := d ->> 'name';
    x.price := orders_v1.doc_integer(d, 'price', 0, 1000000000000000);
    x.duration_unit := d ->> 'duration_unit';
    x.duration_value := orders_v1.doc_duration_value(d, x.duration_unit);
    x.active := coalesce((d ->> 'active')::boolean, true);
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
    RETURN orders_v1.upsert_outcome(v_old.id, x.id, to_jsonb(v_old), to_jsonb(x));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_tax_rate(p_tenant integer, p_ref text, d jsonb) RETURNS orders_v1.upserted
LANGUAGE plpgsql AS $$
DECLARE
    x     orders.tax_rate;
    v_old orders.tax_rate;
BEGIN
    SELECT * INTO v_old FROM orders.tax_rate t WHERE t.tenant_id = p_tenant AND t.external_ref = p_ref FOR NO KEY UPDATE;
    x := v_old;
    x.tax_class := d ->> 'tax_class';
    x.key := d ->> 'key';
    x.rate_bp := orders_v1.doc_integer(d, 'rate_bp', 0, 10000);
    x.active := coalesce((d ->> 'active')::boolean, true);
    IF EXISTS (SELECT FROM orders.tax_rate t
               WHERE t.tenant_id = p_tenant AND t.tax_class = x.tax_class AND t.key = x.key AND t.external_ref <> p_ref) THEN
        PERFORM orders_v1.refuse_taken(NULL);
    ELSIF v_old.id IS NULL THEN
        INSERT INTO orders.tax_rate (tenant_id, external_ref, tax_class, key, rate_bp, active)
        VALUES (p_tenant, p_ref, x.tax_class, x.key, x.rate_bp, x.active)
        RETURNING * INTO x;
    ELSIF x IS DISTINCT FROM v_old THEN
        UPDATE orders.tax_rate t
        SET tax_class = x.tax_class, key = x.key, rate_bp = x.rate_bp, active = x.active, updated_at = now()
        WHERE t.tenant_id = p_tenant AND t.id = x.id
        RETURNING * INTO x;
    END IF;
    RETURN orders_v1.upsert_outcome(v_old.id, x.id, to_jsonb(v_old), to_jsonb(x));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_payment_channel(p_tenant integer, p_ref text, d jsonb) RETURNS orders_v1.upserted
LANGUAGE plpgsql AS $$
DECLARE
    x     orders.payment_channel;
    v_old orders.payment_channel;
BEGIN
    SELECT * INTO v_old FROM orders.payment_channel n
    WHERE n.tenant_id = p_tenant AND n.external_ref = p_ref FOR NO KEY UPDATE;
    x := v_old;
    x.name := coalesce(d ->> 'name', p_ref);
    x.provider := coalesce(d ->> 'provider', p_ref);
    x.enabled := coalesce((d ->> 'enabled')::boolean, true);
    x.currencies := (SELECT array_agg(e.value ORDER BY e.value)
                     FROM jsonb_array_elements_text(coalesce(nullif(d -> 'currencies', 'null'), '[]')) AS e);
    x.metadata := coalesce(nullif(d -> 'metadata', 'null'), '{}');
    x.payable_units := coalesce((SELECT jsonb_object_agg(u.key, orders_v1.whole_number(u.value))
                                 FROM jsonb_each_text(nullif(d -> 'payable_units', 'null')) AS u), '{}');
    PERFORM orders_v1.refuse('422', 'currency_unknown', 'There is no such currency.', format('currencies[%s]', e.n - 1))
    FROM jsonb_array_elements_text(coalesce(nullif(d -> 'currencies', 'null'), '[]')) WITH ORDINALITY AS e (value, n)
    WHERE e.value IS NULL OR NOT EXISTS (SELECT FROM orders.currency y WHERE y.code = e.value)
    ORDER BY e.n LIMIT 1;
    PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be an integer from 1 to 999999999, for a known currency.',
                          'payable_units.' || u.currency)
    FROM jsonb_each_text(x.payable_units) AS u (currency, unit)
    LEFT JOIN orders.currency y ON y.code = u.currency
    WHERE y.code IS NULL OR coalesce(u.unit::bigint, 0) NOT BETWEEN 1 AND 999999999
    ORDER BY u.currency LIMIT 1;
    IF p_ref !~ '^[a-z0-9][a-z0-9_-]{0,63}$' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field',
            'Must be 1 to 64 of a to z, 0 to 9, _ and -, and must start with a letter or digit.', 'ref');
    ELSIF x.provider IN ('balance', 'manual', 'terminal') THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must not be balance, manual or terminal.', 'provider');
    ELSIF v_old.id IS NULL THEN
        INSERT INTO orders.payment_channel (tenant_id, external_ref, name, provider, enabled, currencies, payable_units, metadata)
        VALUES (p_tenant, p_ref, x.name, x.provider, x.enabled, x.currencies, x.payable_units, x.metadata)
        RETURNING * INTO x;
    ELSIF x IS DISTINCT FROM v_old THEN
        UPDATE orders.payment_channel n
        SET name = x.name, provider = x.provider, enabled = x.enabled, currencies = x.currencies,
            payable_units = x.payable_units, metadata = x.metadata, updated_at = now()
        WHERE n.tenant_id = p_tenant AND n.id = x.id
        RETURNING * INTO x;
    END IF;
    RETURN orders_v1.upsert_outcome(v_old.id, x.id, to_jsonb(v_old), to_jsonb(x));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_label(p_tenant integer, p_ref text, d jsonb) RETURNS orders_v1.upserted
LANGUAGE plpgsql AS $$
DECLARE
    x     orders.tenant_label;
    v_old orders.tenant_label;
BEGIN
    SELECT * INTO v_old FROM orders.tenant_label l
    WHERE l.tenant_id = p_tenant AND l.external_ref = p_ref FOR NO KEY UPDATE;
    x := v_old;
    x.kind := d ->> 'type';
    x.word := d ->> 'word';
    x.language := lower(d ->> 'language');
    x.text := d ->> 'text';
    IF x.language !~ '^[a-z]{2,3}(-[a-z0-9]{1,8})*$' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be a language tag, such as en or zh-hant.', 'language');
    ELSIF EXISTS (SELECT FROM orders.tenant_label l
                  WHERE l.tenant_id = p_tenant AND l.kind = x.kind AND l.word = x.word AND l.language = x.language
                    AND l.external_ref <> p_ref) THEN
        PERFORM orders_v1.refuse_taken('word');
    ELSIF v_old.id IS NULL THEN
        INSERT INTO orders.tenant_label (tenant_id, external_ref, kind, word, language, text)
        VALUES (p_tenant, p_ref, x.kind, x.word, x.language, x.text)
        RETURNING * INTO x;
    ELSIF x IS DISTINCT FROM v_old THEN
        UPDATE orders.tenant_label l
        SET kind = x.kind, word = x.word, language = x.language, text = x.text, updated_at = now()
        WHERE l.tenant_id = p_tenant AND l.id = x.id
        RETURNING * INTO x;
    END IF;
    RETURN orders_v1.upsert_outcome(v_old.id, x.id, to_jsonb(v_old), to_jsonb(x));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.coupon_from(x orders.coupon, p_ref text, d jsonb) RETURNS orders.coupon
LANGUAGE plpgsql STABLE AS $$
BEGIN
    x.code := normalize(btrim(coalesce(d ->> 'code', p_ref)), NFC);
    x.kind := CASE WHEN d ->> 'amount' IS NULL THEN 'percent' ELSE 'amount' END;
    x.percent_bp := orders_v1.doc_integer(d, 'percent_bp', 1, 10000);
    x.amount := orders_v1.doc_integer(d, 'amount', 1, 1000000000000000);
    x.currency := orders_v1.known_currency(d ->> 'currency', 'currency');
    IF x.percent_bp IS NULL AND x.amount IS NULL THEN
        PERFORM orders_v1.refuse('422', 'required_field', 'A coupon requires a percentage or an amount.', 'percent_bp');
    ELSIF x.amount IS NOT NULL AND x.currency IS NULL THEN
        PERFORM orders_v1.refuse('422', 'required_field', 'An amount requires a currency.', 'currency');
    END IF;
    x.minimum := coalesce(orders_v1.doc_integer(d, 'minimum', 0, 1000000000000000), 0);
    x.max_discount := orders_v1.doc_integer(d, 'max_discount', 1, 1000000000000000);
    x.starts_at := (d ->> 'starts_at')::timestamptz;
    x.ends_at := (d ->> 'ends_at')::timestamptz;
    x.max_uses := (d ->> 'max_uses')::numeric;
    x.max_uses_per_user := (d ->> 'max_uses_per_user')::numeric;
    x.active := coalesce((d ->> 'active')::boolean, true);
    x.metadata := coalesce(nullif(d -> 'metadata', 'null'), '{}');
    IF x.percent_bp IS NOT NULL AND x.amount IS NOT NULL THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'A coupon has either a percentage or an amount, not both.',
                              'amount');
    ELSIF coalesce(length(orders.code_key(x.code)), 0) NOT BETWEEN 1 AND 64 THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must have 1 to 64 visible characters.', 'code');
    ELSIF x.currency IS NULL AND (x.minimum > 0 OR x.max_discount IS NOT NULL) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'A minimum or max_discount requires a currency.', 'currency');
    ELSIF x.starts_at >= x.ends_at THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be before ends_at.', 'starts_at');
    END IF;
    RETURN x;
END
$$;

-- A coupon without a limit does not count its uses. When a limit is set, the uses are counted while the row is locked, so that no order
-- uses the coupon during the count. A limit below the current number of uses is refused.
CREATE OR REPLACE FUNCTION orders_v1.count_uses(x orders.coupon) RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_used integer := (SELECT count(*) FROM orders.coupon_redemption r
                       WHERE r.tenant_id = x.tenant_id AND r.coupon_id = x.id AND r.state <> 'released');
BEGIN
    IF v_used > x.max_uses THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', format('Must not be less than the number of uses, %s.', v_used), 'max_uses');
    ELSIF EXISTS (SELECT FROM orders.coupon_user u
                  WHERE u.tenant_id = x.tenant_id AND u.coupon_id = x.id AND u.used > x.max_uses_per_user) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must not be less than the number of uses by any user.', 'max_uses_per_user');
    END IF;
    RETURN CASE WHEN x.max_uses IS NULL THEN 0 ELSE v_used END;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_coupon(p_tenant integer, p_ref text, d jsonb) RETURNS orders_v1.upserted
LANGUAGE plpgsql AS $$
DECLARE
    x     orders.coupon;
    v_old orders.coupon;
BEGIN
    SELECT * INTO v_old FROM orders.coupon k WHERE k.tenant_id = p_tenant AND k.external_ref = p_ref FOR UPDATE;
    x := orders_v1.coupon_from(v_old, p_ref, d);
    IF EXISTS (SELECT FROM orders.coupon k
               WHERE k.tenant_id = p_tenant AND k.code_key = orders.code_key(x.code) AND k.external_ref <> p_ref) THEN
        PERFORM orders_v1.refuse_taken('code');
    ELSIF v_old.id IS NULL THEN
        INSERT INTO orders.coupon (tenant_id, external_ref, code, kind, percent_bp, amount, currency, minimum,
                                   max_discount, starts_at, ends_at, max_uses, max_uses_per_user, active, metadata)
        VALUES (p_tenant, p_ref, x.code, x.kind, x.percent_bp, x.amount, x.currency, x.minimum,
                x.max_discount, x.starts_at, x.ends_at, x.max_uses, x.max_uses_per_user, x.active, x.metadata)
        RETURNING * INTO x;
    ELSIF x IS DISTINCT FROM v_old THEN
        x.used := orders_v1.count_uses(x);
        UPDATE orders.coupon k
        SET code = x.code, kind = x.kind, percent_bp = x.percent_bp, amount = x.amount, currency = x.currency,
            minimum = x.minimum, max_discount = x.max_discount, starts_at = x.starts_at, ends_at = x.ends_at,
            max_uses = x.max_uses, max_uses_per_user = x.max_uses_per_user, used = x.used, active = x.active,
            metadata = x.metadata, updated_at = now()
        WHERE k.tenant_id = p_tenant AND k.id = x.id
        RETURNING * INTO x;
    END IF;
    RETURN orders_v1.upsert_outcome(v_old.id, x.id, to_jsonb(v_old), to_jsonb(x));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_entry(p_tenant integer, p_kind text, p_ref text, d jsonb) RETURNS orders_v1.upserted
LANGUAGE plpgsql AS $$
BEGIN
    IF p_ref IS NULL OR length(p_ref) NOT BETWEEN 1 AND 200 THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must have 1 to 200 characters.', 'ref');
    ELSIF p_ref <> btrim(p_ref) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must not start or end with a space.', 'ref');
    ELSIF orders_v1.has_controls(p_ref, false) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must not contain control characters.', 'ref');
    ELSIF jsonb_typeof(d) IS DISTINCT FROM 'object' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be a JSON object.', '');
    ELSIF d ->> 'kind' <> p_kind THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must equal the kind in the URL.', 'kind');
    ELSIF d ->> 'ref' <> p_ref THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must equal the reference in the URL.', 'ref');
    END IF;
    d := d - '{kind,ref,id,result}'::text[]; -- members of the response that clients may send back
    CASE p_kind
        WHEN 'users' THEN RETURN orders_v1.put_user(p_tenant, p_ref, d);
        WHEN 'companies' THEN RETURN orders_v1.put_company(p_tenant, p_ref, d);
        WHEN 'memberships' THEN RETURN orders_v1.put_membership(p_tenant, p_ref, d);
        WHEN 'products' THEN RETURN orders_v1.put_product(p_tenant, p_ref, d);
        WHEN 'plans' THEN RETURN orders_v1.put_plan(p_tenant, p_ref, d);
        WHEN 'billing-options' THEN RETURN orders_v1.put_billing_option(p_tenant, p_ref, d);
        WHEN 'coupons' THEN RETURN orders_v1.put_coupon(p_tenant, p_ref, d);
        WHEN 'tax-rates' THEN RETURN orders_v1.put_tax_rate(p_tenant, p_ref, d);
        WHEN 'payment-channels' THEN RETURN orders_v1.put_payment_channel(p_tenant, p_ref, d);
        WHEN 'labels' THEN RETURN orders_v1.put_label(p_tenant, p_ref, d);
        WHEN 'packages' THEN RETURN orders_v1.put_package(p_tenant, p_ref, d);
        WHEN 'members' THEN RETURN orders_v1.put_member(p_tenant, p_ref, d);
        ELSE PERFORM orders_v1.refuse('422', 'unknown_kind', 'There is no such kind of catalogue entry.', 'kind');
    END CASE;
END
$$;

-- A plan that was prepared while a table was empty may use any index that begins with tenant_id, and then reads the whole table for
-- each row. New statistics invalidate such plans. A large import may end before autovacuum analyzes the tables.
CREATE OR REPLACE FUNCTION orders_v1.analyze_grown() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_tables regclass[] := ARRAY(
        SELECT c.oid::regclass FROM pg_class c
        WHERE c.relnamespace = 'orders'::regnamespace
          AND c.relname = ANY ('{users,company,membership,product,variant,variant_price,stock,plan,billing_option,coupon,package,member}')
          AND pg_relation_size(c.oid) / current_setting('block_size')::integer > greatest(4, 2 * c.relpages)
        ORDER BY c.relname);
    v_table  regclass;
BEGIN
    FOREACH v_table IN ARRAY v_tables LOOP
        EXECUTE format('ANALYZE (SKIP_LOCKED) %s', v_table);
    END LOOP;
END
$$;

-- Two sessions may write the same unique value concurrently. The second session waits and fails with unique_violation. Its second attempt
-- finds the row of the first session: the same entry, or another entry with this value. Constraint names are not compared, because they
-- differ between the shards of a distributed table.
CREATE OR REPLACE FUNCTION orders_v1.upsert_row(p_tenant integer, p_kind text, p_ref text, d jsonb) RETURNS orders_v1.stored
LANGUAGE plpgsql AS $$
DECLARE
    u orders_v1.upserted;
    r orders_v1.stored;
BEGIN
    FOR v_try IN 1 .. 3 LOOP
        BEGIN
            u := orders_v1.put_entry(p_tenant, p_kind, p_ref, d);
            EXIT;
        EXCEPTION
            WHEN unique_violation THEN
                IF v_try = 3 THEN
                    PERFORM orders_v1.refuse_taken(NULL);
                END IF;
            WHEN check_violation THEN
                PERFORM orders_v1.refuse('422', 'invalid_field', 'The values do not fit together.');
        END;
    END LOOP;
    IF u.code = 'created' AND u.id % 100 = 0 THEN
        PERFORM orders_v1.analyze_grown();
    END IF;
    r.outcome := u.code;
    r.id := u.id;
    r.replayed := false;
    r.kind := p_kind;
    r.ref := p_ref;
    r.document := u.document - 'tenant_id';
    IF p_kind = 'products' THEN
        SELECT jsonb_agg(jsonb_build_object('ref', v.external_ref, 'id', v.id) ORDER BY v.id) INTO r.variants
        FROM orders.variant v
        WHERE v.tenant_id = p_tenant AND v.product_id = u.id;
    END IF;
    RETURN r;
END
$$;

-- The caller chooses the sequence of the entries, but locks are taken in the common lock order: coupons, products, stock by variant. A
-- product is locked before its stock is compared, so that no other document and no count changes `stated` in between. The product of a
-- package is locked too, because a package must not have stock. Stock that does not change is not locked.
CREATE OR REPLACE FUNCTION orders_v1.lock_entries(p_tenant integer, p_lines jsonb[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_coupons  text[] := ARRAY(SELECT l ->> 'ref' FROM unnest(p_lines) AS l WHERE l ->> 'kind' = 'coupons');
    v_products text[] := ARRAY(SELECT l ->> CASE l ->> 'kind' WHEN 'products' THEN 'ref' ELSE 'product' END
                               FROM unnest(p_lines) AS l WHERE l ->> 'kind' IN ('products', 'packages'));
    v_variants bigint[];
BEGIN
    PERFORM FROM orders.coupon k
    WHERE k.tenant_id = p_tenant AND k.external_ref = ANY (v_coupons)
    ORDER BY k.id
    FOR UPDATE;
    PERFORM FROM orders.product p
    WHERE p.tenant_id = p_tenant AND p.external_ref = ANY (v_products)
    ORDER BY p.id
    FOR NO KEY UPDATE;
    v_variants := ARRAY(
        SELECT s.variant_id
        FROM unnest(p_lines) AS l
        CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(l -> 'variants') = 'array' THEN l -> 'variants' ELSE '[]' END) AS e
        JOIN orders.product p ON p.tenant_id = p_tenant AND p.external_ref = l ->> 'ref'
        JOIN orders.variant v ON v.tenant_id = p_tenant AND v.product_id = p.id AND v.external_ref = e ->> 'ref'
        JOIN orders.stock s ON s.tenant_id = p_tenant AND s.variant_id = v.id
        WHERE l ->> 'kind' = 'products' AND e ? 'stock' AND s.stated::text IS DISTINCT FROM e ->> 'stock');
    PERFORM FROM orders.stock s
    WHERE s.tenant_id = p_tenant AND s.variant_id = ANY (v_variants)
    ORDER BY s.variant_id
    FOR NO KEY UPDATE;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.catalogue_upsert(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_kind text, p_ref text, p_document jsonb
) RETURNS SETOF orders_v1.stored
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.stored, v_claim.answer);
        RETURN;
    END IF;
    PERFORM remember_caller(c);
    IF jsonb_typeof(p_document) = 'object' THEN
        PERFORM lock_entries(p_tenant, ARRAY[p_document || jsonb_build_object('kind', p_kind, 'ref', p_ref)]);
    END IF;
    RETURN NEXT stored_result(c, upsert_row(p_tenant, p_kind, p_ref, p_document));
END
$$;

-- The same list as in store/sqlstate.c: a text is too long, a number or time is malformed or out of range, or the encoding lacks a
-- character.
CREATE OR REPLACE FUNCTION orders_v1.is_value_error(p_sqlstate text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_sqlstate IN ('22001', '22003', '22007', '22008', '22009', '22021', '22P02', '22P05')
$$;

-- A refusal, or a value that cannot be stored, becomes the result of its line. Any other error aborts the bulk: after a deadlock or a
-- timeout the client can retry, and a defect of these functions is logged.
CREATE OR REPLACE FUNCTION orders_v1.bulk_row(p_tenant integer, p_line jsonb) RETURNS orders_v1.stored LANGUAGE plpgsql AS $$
DECLARE
    r        orders_v1.stored;
    v_state  text;
    v_code   text;
    v_detail text;
    v_hint   text;
    v_field  text;
BEGIN
    r.replayed := false;
    r.kind := p_line ->> 'kind';
    r.ref := p_line ->> 'ref';
    RETURN orders_v1.upsert_row(p_tenant, r.kind, r.ref, p_line);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_code = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL,
                            v_hint = PG_EXCEPTION_HINT;
    IF orders_v1.is_value_error(v_state) THEN
        v_code := 'invalid_field';
        v_detail := 'This entry has a value that cannot be stored.';
    ELSIF v_state LIKE 'OR%' THEN
        v_field := nullif(v_hint, '')::jsonb ->> 'field';
    ELSE
        RAISE;
    END IF;
    r.outcome := v_code;
    r.detail := v_detail;
    r.field := v_field;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.catalogue_bulk(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_lines jsonb[]
) RETURNS SETOF orders_v1.stored
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    v_rows  orders_v1.stored[] := '{}';
    v_line  jsonb;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN QUERY
        SELECT s.outcome, s.id, true, s.kind, s.ref, s.document, s.variants, s.detail, s.field
        FROM jsonb_populate_recordset(NULL::orders_v1.stored, v_claim.answer) AS s;
        RETURN;
    END IF;
    PERFORM remember_caller(c);
    PERFORM lock_entries(p_tenant, p_lines);
    FOREACH v_line IN ARRAY p_lines LOOP
        v_rows := v_rows || bulk_row(p_tenant, v_line);
    END LOOP;
    RETURN QUERY SELECT * FROM unnest(stored_result(c, v_rows));
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.catalogue_upsert(integer, text, text, bigint, text, text, bytea, text, text, jsonb),
    orders_v1.catalogue_bulk(integer, text, text, bigint, text, text, bytea, jsonb[])
    TO orders_api;

COMMENT ON FUNCTION orders_v1.put_user IS 'Internal: upserts a user';
COMMENT ON FUNCTION orders_v1.put_plan IS 'Internal: upserts a plan';
COMMENT ON FUNCTION orders_v1.put_billing_option IS 'Internal: upserts a billing option';
COMMENT ON FUNCTION orders_v1.put_tax_rate IS 'Internal: upserts a tax rate';
COMMENT ON FUNCTION orders_v1.put_payment_channel IS 'Internal: upserts a payment channel';
COMMENT ON FUNCTION orders_v1.put_label IS 'Internal: upserts a label of the tenant';
COMMENT ON FUNCTION orders_v1.coupon_from IS 'Internal: the coupon that a document describes. OR422 required_field, invalid_field, currency_unknown';
COMMENT ON FUNCTION orders_v1.count_uses IS
'Internal: the uses of a coupon, counted under its lock. OR422 invalid_field when they exceed the new limit';
COMMENT ON FUNCTION orders_v1.put_coupon IS
'Internal: upserts a coupon; its row is locked FOR UPDATE, which waits for orders that use it';
COMMENT ON FUNCTION orders_v1.put_entry IS 'Internal: upserts an entry of any kind. OR422 unknown_kind, invalid_field';
COMMENT ON FUNCTION orders_v1.analyze_grown IS 'Internal: analyzes tables of the catalogue that have doubled in size since their last statistics';
COMMENT ON FUNCTION orders_v1.upsert_row IS
'Internal: put_entry with its result row; repeated once after a concurrent insert. A product''s attributes are [{ref, id}] of its variants';
COMMENT ON FUNCTION orders_v1.lock_entries IS
'Internal: locks the coupons and products of documents and the products of packages, then the stock that the documents change, by
variant';
COMMENT ON FUNCTION orders_v1.catalogue_upsert IS
'Creates or replaces the entry with this external reference, of kind users, companies, memberships, products, plans,
billing-options, coupons, tax-rates, payment-channels, labels, packages or members (by the reference of their user). Outcome
created, updated or unchanged, with the document as it is stored. OR422 unknown_kind, required_field, invalid_field,
currency_unknown, plan_not_found, company_not_found, user_not_found, product_not_found, package_not_found';
COMMENT ON FUNCTION orders_v1.is_value_error IS 'Internal: whether an SQLSTATE means that a value of the client cannot be stored';
COMMENT ON FUNCTION orders_v1.bulk_row IS 'Internal: one line of a bulk upsert in its own savepoint';
COMMENT ON FUNCTION orders_v1.catalogue_bulk IS
'catalogue_upsert for at most 30 lines {"kind","ref",…}. Each line uses two savepoints, so that their subtransactions fit into the
64 that a session caches. The caller splits longer lists, with a separate route for the key of each part. Returns a row per line;
the outcome of a refused line is the code of its refusal, with detail and field, or invalid_field for a value that the database
cannot store';
