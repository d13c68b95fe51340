-- SPDX-License-Identifier: Apache-2.0
-- A document replaces the whole row, as in catalogue_upsert.sql.

CREATE OR REPLACE FUNCTION orders_v1.company_id_of(p_tenant integer, p_ref text, p_field text) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_id bigint;
BEGIN
    SELECT c.id INTO v_id FROM orders.company c WHERE c.tenant_id = p_tenant AND c.external_ref = p_ref;
    IF p_ref IS NOT NULL AND v_id IS NULL THEN
        PERFORM orders_v1.refuse('422', 'company_not_found', 'There is no such company.', p_field);
    END IF;
    RETURN v_id;
END
$$;

-- Invoices of the shop and of its companies have numbers of the same form: their prefixes must differ. The lock waits for a change of the settings.
CREATE OR REPLACE FUNCTION orders_v1.check_company_prefix(p_tenant integer, p_prefix text, p_company bigint, p_field text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM orders.tenant t WHERE t.id = p_tenant FOR SHARE;
    IF EXISTS (SELECT FROM orders.tenant t WHERE t.id = p_tenant AND t.invoice_series = p_prefix)
       OR orders_v1.has_invoices_of_others(p_tenant, p_prefix, coalesce(p_company, 0)) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Another issuer has or had this prefix.', p_field);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_company(p_tenant integer, p_ref text, d jsonb) RETURNS orders_v1.upserted
LANGUAGE plpgsql AS $$
DECLARE
    x     orders.company;
    v_old orders.company;
BEGIN
    SELECT * INTO v_old FROM orders.company c WHERE c.tenant_id = p_tenant AND c.external_ref = p_ref FOR NO KEY UPDATE;
    x := v_old;
    x.name := d ->> 'name';
    x.prefix := d ->> 'prefix';
    x.email := d ->> 'email';
    x.tax_number := d ->> 'tax_number';
    x.address := coalesce(nullif(d -> 'address', 'null'), '{}');
    x.images := orders_v1.doc_images(d);
    x.active := coalesce((d ->> 'active')::boolean, true);
    x.metadata := coalesce(nullif(d -> 'metadata', 'null'), '{}');
    IF x.prefix !~ '^[A-Z]{2,8}$' OR x.prefix = 'INV' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be 2 to 8 capital letters, and not INV.', 'prefix');
    ELSIF EXISTS (SELECT FROM orders.company c
                  WHERE c.tenant_id = p_tenant AND c.prefix = x.prefix AND c.external_ref <> p_ref) THEN
        PERFORM orders_v1.refuse_taken('prefix');
    END IF;
    IF x.prefix IS DISTINCT FROM v_old.prefix THEN
        PERFORM orders_v1.check_company_prefix(p_tenant, x.prefix, v_old.id, 'prefix');
    END IF;
    IF v_old.id IS NULL THEN
        INSERT INTO orders.company (tenant_id, external_ref, name, prefix, email, tax_number, address, images, active,
                                    metadata)
        VALUES (p_tenant, p_ref, x.name, x.prefix, x.email, x.tax_number, x.address, x.images, x.active, x.metadata)
        RETURNING * INTO x;
    ELSIF x IS DISTINCT FROM v_old THEN
        UPDATE orders.company c
        SET name = x.name, prefix = x.prefix, email = x.email, tax_number = x.tax_number, address = x.address,
            images = x.images, active = x.active, metadata = x.metadata, updated_at = now()
        WHERE c.tenant_id = p_tenant AND c.id = x.id
        RETURNING * INTO x;
    END IF;
    RETURN orders_v1.upsert_outcome(v_old.id, x.id, to_jsonb(v_old), to_jsonb(x));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_membership(p_tenant integer, p_ref text, d jsonb) RETURNS orders_v1.upserted
LANGUAGE plpgsql AS $$
DECLARE
    x     orders.membership;
    v_old orders.membership;
BEGIN
    SELECT * INTO v_old FROM orders.membership m
    WHERE m.tenant_id = p_tenant AND m.external_ref = p_ref FOR NO KEY UPDATE;
    x := v_old;
    x.company_id := orders_v1.company_id_of(p_tenant, d ->> 'company', 'company');
    x.user_id := orders_v1.user_id_of(p_tenant, d ->> 'user');
    x.role := coalesce(d ->> 'role', 'member');
    x.active := coalesce((d ->> 'active')::boolean, true);
    IF x.user_id IS NULL THEN
        PERFORM orders_v1.refuse('422', 'user_not_found', 'There is no such user.', 'user');
    ELSIF EXISTS (SELECT FROM orders.membership m
                  WHERE m.tenant_id = p_tenant AND m.user_id = x.user_id AND m.company_id = x.company_id
                    AND m.external_ref <> p_ref) THEN
        PERFORM orders_v1.refuse_taken('user');
    ELSIF v_old.id IS NULL THEN
        INSERT INTO orders.membership (tenant_id, external_ref, company_id, user_id, role, active)
        VALUES (p_tenant, p_ref, x.company_id, x.user_id, x.role, x.active)
        RETURNING * INTO x;
    ELSIF x IS DISTINCT FROM v_old THEN
        UPDATE orders.membership m
        SET company_id = x.company_id, user_id = x.user_id, role = x.role, active = x.active, updated_at = now()
        WHERE m.tenant_id = p_tenant AND m.id = x.id
        RETURNING * INTO x;
    END IF;
    RETURN orders_v1.upsert_outcome(v_old.id, x.id, to_jsonb(v_old), to_jsonb(x));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_prices(v orders.variant, p_prices jsonb, p_path text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    e         record;
    v_price   bigint;
    v_list    bigint;
    v_changed boolean := false;
BEGIN
    DELETE FROM orders.variant_price x
    WHERE x.tenant_id = v.tenant_id AND x.variant_id = v.id AND NOT p_prices ? x.currency;
    v_changed := FOUND;
    FOR e IN SELECT p.key AS currency, p.value AS price FROM jsonb_each(p_prices) AS p ORDER BY p.key LOOP
        IF NOT EXISTS (SELECT FROM orders.currency y WHERE y.code = e.currency) THEN
            PERFORM orders_v1.refuse('422', 'currency_unknown', 'There is no such currency.', p_path || left(e.currency, 200));
        END IF;
        IF jsonb_typeof(e.price) = 'object' THEN
            v_price := orders_v1.doc_integer(e.price, 'price', 0, 1000000000000000, p_path || e.currency || '.');
            IF v_price IS NULL THEN
                PERFORM orders_v1.refuse('422', 'required_field', 'The field is required.', p_path || e.currency || '.price');
            END IF;
            v_list := orders_v1.doc_integer(e.price, 'list_price', v_price, 1000000000000000, p_path || e.currency || '.');
        ELSE
            v_price := orders_v1.doc_integer(p_prices, e.currency, 0, 1000000000000000, p_path);
            v_list := NULL;
        END IF;
        INSERT INTO orders.variant_price AS x (tenant_id, variant_id, currency, price, list_price)
        VALUES (v.tenant_id, v.id, e.currency, v_price, v_list)
        ON CONFLICT ON CONSTRAINT variant_price_pkey DO UPDATE SET price = excluded.price, list_price = excluded.list_price
            WHERE (x.price, x.list_price) IS DISTINCT FROM (excluded.price, excluded.list_price);
        v_changed := v_changed OR FOUND;
    END LOOP;
    RETURN v_changed;
END
$$;

-- p_stated is the quantity on hand; NULL: the stock of the variant is not counted. The value of the last document changes nothing when it
-- is sent again: quantities shipped, counted or adjusted in the meantime stay, and no lock delays buyers. The product is locked.
CREATE OR REPLACE FUNCTION orders_v1.put_stock(v orders.variant, p_stated integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    s orders.stock;
    m orders.stock_movement;
BEGIN
    SELECT * INTO s FROM orders.stock x WHERE x.tenant_id = v.tenant_id AND x.variant_id = v.id;
    IF p_stated IS NOT DISTINCT FROM s.stated THEN
        RETURN false;
    END IF;
    m := orders_v1.movement_by_caller(CASE WHEN p_stated IS NULL THEN 'uncounted' ELSE 'catalogue' END);
    IF p_stated IS NULL THEN
        SELECT * INTO s FROM orders.stock x WHERE x.tenant_id = v.tenant_id AND x.variant_id = v.id FOR NO KEY UPDATE;
        m.change := 0;
        PERFORM orders_v1.enter_stock(s, m, NULL);
    ELSE
        PERFORM orders_v1.count_items(v.tenant_id, v.id, m, p_stated, p_stated);
    END IF;
    RETURN true;
END
$$;

-- Responses show the options as they were sent, with integer ids: 1 for 1.0.
CREATE OR REPLACE FUNCTION orders_v1.variant_options(p_options jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT jsonb_agg(o.value || jsonb_build_object('id', trunc((o.value -> 'id')::numeric)) ORDER BY o.n)
                     FROM jsonb_array_elements(nullif(p_options, 'null')) WITH ORDINALITY AS o (value, n)), '[]');
END
$$;

-- Returns whether anything of the variant changed. Without the member stock, the stock does not change.
CREATE OR REPLACE FUNCTION orders_v1.put_variant(p orders.product, d jsonb, p_path text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_ref     text := d ->> 'ref';
    x         orders.variant;
    v_old     orders.variant;
    v_moved   boolean := false;
    v_priced  boolean;
    v_counted boolean := false;
BEGIN
    SELECT * INTO v_old FROM orders.variant v
    WHERE v.tenant_id = p.tenant_id AND v.product_id = p.id AND v.external_ref = v_ref FOR NO KEY UPDATE;
    x := v_old;
    x.number := orders.code_key(d ->> 'number');
    x.name := coalesce(d ->> 'name', p.name);
    x.options := orders_v1.variant_options(d -> 'options');
    x.images := orders_v1.doc_images(d);
    x.status := coalesce(d ->> 'status', 'initial');
    x.active := coalesce((d ->> 'active')::boolean, true);
    IF EXISTS (SELECT FROM orders.variant y
               WHERE y.tenant_id = p.tenant_id AND y.number = x.number AND y.id IS DISTINCT FROM v_old.id) THEN
        PERFORM orders_v1.refuse_taken(p_path || 'number');
    ELSIF d ->> 'stock' IS NOT NULL
          AND EXISTS (SELECT FROM orders.package k WHERE k.tenant_id = p.tenant_id AND k.variant_id = v_old.id) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'A package must not have stock.', p_path || 'stock');
    ELSIF v_old.id IS NULL THEN
        INSERT INTO orders.variant (tenant_id, product_id, external_ref, number, name, options, images, status, active)
        VALUES (p.tenant_id, p.id, v_ref, x.number, x.name, x.options, x.images, x.status, x.active)
        RETURNING * INTO x;
        v_moved := true;
    ELSIF x IS DISTINCT FROM v_old THEN
        UPDATE orders.variant v
        SET number = x.number, name = x.name, options = x.options, images = x.images, status = x.status,
            active = x.active, updated_at = now()
        WHERE v.tenant_id = p.tenant_id AND v.id = x.id
        RETURNING * INTO x;
        v_moved := true;
    END IF;
    v_priced := orders_v1.put_prices(x, coalesce(nullif(d -> 'prices', 'null'), '{}'), p_path || 'prices.');
    IF d ? 'stock' THEN
        v_counted := orders_v1.put_stock(x, orders_v1.doc_integer(d, 'stock', 0, 1000000000, p_path)::integer);
    END IF;
    RETURN v_moved OR v_priced OR v_counted;
END
$$;

-- Variants that are missing in the document are deactivated; orders and carts may still refer to them. A duplicate variant is refused: it
-- would have two stock quantities, and each repetition of the document would change the stock.
CREATE OR REPLACE FUNCTION orders_v1.put_variants(p orders.product, p_variants jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    e       record;
    v_moved boolean;
BEGIN
    UPDATE orders.variant v SET active = false, updated_at = now()
    WHERE v.tenant_id = p.tenant_id AND v.product_id = p.id AND v.active
      AND v.external_ref NOT IN (SELECT x ->> 'ref' FROM jsonb_array_elements(p_variants) AS x WHERE x ->> 'ref' IS NOT NULL);
    v_moved := FOUND;
    FOR e IN
        SELECT v.value, v.n - 1 AS n, count(v.value ->> 'ref') OVER (PARTITION BY v.value ->> 'ref' ORDER BY v.n) AS nth
        FROM jsonb_array_elements(p_variants) WITH ORDINALITY AS v (value, n)
        ORDER BY v.n
    LOOP
        IF e.nth > 1 THEN
            PERFORM orders_v1.refuse('422', 'invalid_field', 'Another variant of the product has this reference.', format('variants[%s].ref', e.n));
        END IF;
        v_moved := orders_v1.put_variant(p, e.value, format('variants[%s].', e.n)) OR v_moved;
    END LOOP;
    RETURN v_moved;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.product_document(p orders.product) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN to_jsonb(p) || jsonb_build_object('variants', coalesce((
        SELECT jsonb_agg(to_jsonb(v) - 'tenant_id' - 'product_id' || jsonb_build_object(
                   'stock', (SELECT s.on_hand FROM orders.stock s
                             WHERE s.tenant_id = p.tenant_id AND s.variant_id = v.id AND s.counted),
                   'prices', coalesce((
                   SELECT jsonb_object_agg(x.currency, CASE WHEN x.list_price IS NULL THEN to_jsonb(x.price)
                       ELSE jsonb_build_object('price', x.price, 'list_price', x.list_price) END)
                   FROM orders.variant_price x WHERE x.tenant_id = p.tenant_id AND x.variant_id = v.id), '{}')) ORDER BY v.id)
        FROM orders.variant v WHERE v.tenant_id = p.tenant_id AND v.product_id = p.id), '[]'));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_product(p_tenant integer, p_ref text, d jsonb) RETURNS orders_v1.upserted
LANGUAGE plpgsql AS $$
DECLARE
    x       orders.product;
    v_old   orders.product;
    v_moved boolean;
    u       orders_v1.upserted;
BEGIN
    SELECT * INTO v_old FROM orders.product p WHERE p.tenant_id = p_tenant AND p.external_ref = p_ref FOR NO KEY UPDATE;
    x := v_old;
    x.company_id := orders_v1.company_id_of(p_tenant, d ->> 'company', 'company');
    x.number := d ->> 'number';
    x.slug := coalesce(d ->> 'slug', p_ref);
    x.name := d ->> 'name';
    x.description := d ->> 'description';
    x.images := orders_v1.doc_images(d);
    x.tax_class := d ->> 'tax_class';
    x.returnable := coalesce((d ->> 'returnable')::boolean, false);
    x.translations := coalesce(nullif(d -> 'translations', 'null'), '{}');
    x.active := coalesce((d ->> 'active')::boolean, true);
    x.metadata := coalesce(nullif(d -> 'metadata', 'null'), '{}');
    IF EXISTS (SELECT FROM orders.product p
               WHERE p.tenant_id = p_tenant AND p.slug = x.slug AND p.external_ref <> p_ref) THEN
        PERFORM orders_v1.refuse_taken('slug');
    ELSIF v_old.id IS NULL THEN
        INSERT INTO orders.product (tenant_id, external_ref, company_id, number, slug, name, description, images,
                                    tax_class, returnable, translations, active, metadata)
        VALUES (p_tenant, p_ref, x.company_id, x.number, x.slug, x.name, x.description, x.images, x.tax_class,
                x.returnable, x.translations, x.active, x.metadata)
        RETURNING * INTO x;
    ELSIF x IS DISTINCT FROM v_old THEN
        UPDATE orders.product p
        SET company_id = x.company_id, number = x.number, slug = x.slug, name = x.name, description = x.description,
            images = x.images, tax_class = x.tax_class, returnable = x.returnable, translations = x.translations, active = x.active,
            metadata = x.metadata, updated_at = now()
        WHERE p.tenant_id = p_tenant AND p.id = x.id
        RETURNING * INTO x;
    END IF;
    v_moved := orders_v1.put_variants(x, coalesce(nullif(d -> 'variants', 'null'), '[]'));
    u := orders_v1.upsert_outcome(v_old.id, x.id, to_jsonb(v_old), to_jsonb(x));
    u.document := orders_v1.product_document(x);
    IF u.code = 'unchanged' AND v_moved THEN
        u.code := 'updated';
    END IF;
    RETURN u;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_cart_lines(k orders.cart, p_products jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    e         record;
    v_path    text;
    v_variant bigint;
BEGIN
    FOR e IN SELECT p.d, p.n - 1 AS n FROM jsonb_array_elements(p_products) WITH ORDINALITY AS p (d, n) LOOP
        v_path := format('products[%s].', e.n);
        SELECT v.id INTO v_variant FROM orders.variant v
        WHERE v.tenant_id = k.tenant_id AND v.number = orders.code_key(e.d ->> 'number');
        IF v_variant IS NULL THEN
            PERFORM orders_v1.refuse('422', 'product_not_found', 'There is no such product.', v_path || 'number',
                                  jsonb_build_object('number', e.d ->> 'number'));
        END IF;
        INSERT INTO orders.cart_line (tenant_id, cart_id, variant_id, quantity, discount)
        VALUES (k.tenant_id, k.id, v_variant, coalesce(orders_v1.doc_integer(e.d, 'quantity', 1, 1000000, v_path), 1),
                coalesce(orders_v1.doc_integer(e.d, 'discount', 0, 1000000000000000, v_path), 0))
        ON CONFLICT ON CONSTRAINT cart_line_one_per_variant DO NOTHING;
        IF NOT FOUND THEN
            PERFORM orders_v1.refuse('422', 'invalid_field', 'A product is in the cart twice; use its quantity.',
                                  v_path || 'number');
        END IF;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.make_cart(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_document jsonb
) RETURNS SETOF orders_v1.stored
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    k       orders.cart;
    r       orders_v1.stored;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.stored, v_claim.answer);
        RETURN;
    END IF;
    k.tenant_id := p_tenant;
    k.id := nextval('orders.cart_id_seq');
    k.code := 'C' || orders_v1.digits(k.id, 5);
    k.company_id := company_id_of(p_tenant, p_document ->> 'company', 'company');
    k.user_id := user_id_of(p_tenant, p_document ->> 'agent');
    k.currency := known_currency(p_document ->> 'currency', 'currency');
    IF role_in(p_tenant, k.user_id, k.company_id) IS NULL THEN
        PERFORM refuse('422', 'user_not_found', 'The company has no such member.', 'agent');
    END IF;
    INSERT INTO cart (tenant_id, id, code, company_id, user_id, currency)
    VALUES (k.tenant_id, k.id, k.code, k.company_id, k.user_id, k.currency);
    PERFORM put_cart_lines(k, coalesce(nullif(p_document -> 'products', 'null'), '[]'));
    r.outcome := 'created';
    r.id := k.id;
    r.replayed := false;
    r.ref := k.code;
    RETURN NEXT stored_result(c, r);
END
$$;

GRANT EXECUTE ON FUNCTION orders_v1.make_cart(integer, text, text, bigint, text, text, bytea, jsonb) TO orders_api;

COMMENT ON FUNCTION orders_v1.check_company_prefix IS
'Internal: checks that no other issuer numbers or has numbered its invoices with this prefix. Locks the tenant FOR SHARE. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.company_id_of IS 'Internal: the id of a company by its reference; NULL for NULL. OR422 company_not_found';
COMMENT ON FUNCTION orders_v1.put_company IS 'Internal: upserts a company';
COMMENT ON FUNCTION orders_v1.put_membership IS 'Internal: upserts a membership. OR422 company_not_found, user_not_found';
COMMENT ON FUNCTION orders_v1.put_prices IS
'Internal: replaces all prices of a variant: {"JPY": 100} or {"JPY": {"price", "list_price"}}. Returns whether any changed';
COMMENT ON FUNCTION orders_v1.put_stock IS
'Internal: sets the quantity on hand of a variant; NULL: its stock is not counted. Returns whether it differs from the last
document';
COMMENT ON FUNCTION orders_v1.variant_options IS 'Internal: the options of a variant as they are stored';
COMMENT ON FUNCTION orders_v1.put_variant IS 'Internal: upserts a variant of a locked product';
COMMENT ON FUNCTION orders_v1.put_variants IS 'Internal: upserts all variants of a product; variants that are missing in the document are deactivated';
COMMENT ON FUNCTION orders_v1.product_document IS 'Internal: a product with its variants and their prices';
COMMENT ON FUNCTION orders_v1.put_product IS 'Internal: upserts a product with its variants and prices';
COMMENT ON FUNCTION orders_v1.put_cart_lines IS 'Internal: adds products to a new cart. OR422 product_not_found';
COMMENT ON FUNCTION orders_v1.make_cart IS
'Creates a cart of a salesperson: {company, agent, currency, products: [{number, quantity, discount}]}; companies and agents by
external reference, amounts in minor units. Outcome created, with the id and ref (the code) of the cart. OR422 with the field';
