-- SPDX-License-Identifier: Apache-2.0
-- Converts products to order lines.

CREATE OR REPLACE FUNCTION orders_v1.variant_snapshot(v orders.variant, p orders.product, c orders.company) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN jsonb_build_object(
        'company', CASE WHEN c.id IS NOT NULL THEN jsonb_build_object('id', c.id, 'name', c.name) END,
        'item', jsonb_build_object('id', p.id, 'number', p.number, 'name', p.name),
        'variants', CASE WHEN v.options = '[]' THEN jsonb_build_array(jsonb_build_object('id', v.id, 'name', v.name))
                         ELSE v.options END,
        'images', CASE WHEN v.images = '{}' THEN p.images ELSE v.images END,
        'status', v.status)
        || CASE WHEN p.translations = '{}' THEN '{}' ELSE jsonb_build_object('translations', p.translations) END;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.list_price_of(x orders.variant_price) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(x.list_price, x.price)
$$;

CREATE OR REPLACE FUNCTION orders_v1.variant_line(
    v orders.variant, p orders.product, c orders.company, x orders.variant_price, p_quantity integer, p_discount bigint
) RETURNS orders_v1.priced_line LANGUAGE plpgsql STABLE AS $$
DECLARE
    l orders_v1.priced_line;
BEGIN
    l.kind := 'product';
    l.item_id := v.id;
    l.item_ref := p.external_ref;
    l.product_number := v.number;
    l.slug := p.slug;
    l.title := p.name;
    l.variant := v.name;
    l.attributes := v.options;
    l.quantity := p_quantity;
    l.unit_price := x.price;
    l.list_price := orders_v1.list_price_of(x);
    l.discount := p_discount;
    l.tax_class := p.tax_class;
    l.returnable := p.returnable;
    l.snapshot := orders_v1.variant_snapshot(v, p, c);
    l.image := coalesce(l.snapshot -> 'images' ->> 'px240', l.snapshot -> 'images' ->> 'px480');
    RETURN l;
END
$$;

-- A code begins with a letter, so a number is an id.
CREATE OR REPLACE FUNCTION orders_v1.cart_id_of(p_tenant integer, p_cart text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_cart ~ '^[1-9][0-9]{0,17}$' THEN
        RETURN p_cart::bigint;
    END IF;
    RETURN (SELECT x.id FROM orders.cart x WHERE x.tenant_id = p_tenant AND x.code = orders.code_key(p_cart));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.refuse_unknown_cart(k orders.cart) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF k.id IS NULL THEN
        PERFORM orders_v1.refuse('404', 'cart_not_found', 'There is no such cart.', 'cart_id');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.lock_any_cart(p_tenant integer, p_cart text) RETURNS orders.cart LANGUAGE plpgsql AS $$
DECLARE
    v_cart bigint := orders_v1.cart_id_of(p_tenant, p_cart);
    k      orders.cart;
BEGIN
    SELECT * INTO k FROM orders.cart x WHERE x.tenant_id = p_tenant AND x.id = v_cart FOR NO KEY UPDATE;
    PERFORM orders_v1.refuse_unknown_cart(k);
    RETURN k;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.find_any_cart(p_tenant integer, p_cart text) RETURNS orders.cart LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_cart bigint := orders_v1.cart_id_of(p_tenant, p_cart);
    k      orders.cart;
BEGIN
    SELECT * INTO k FROM orders.cart x WHERE x.tenant_id = p_tenant AND x.id = v_cart;
    PERFORM orders_v1.refuse_unknown_cart(k);
    RETURN k;
END
$$;

-- Uses current prices. A discount is limited to the current price.
CREATE OR REPLACE FUNCTION orders_v1.price_cart(k orders.cart) RETURNS orders_v1.priced_line[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_lines   orders_v1.priced_line[] := '{}';
    v_invalid jsonb := '[]';
    r         record;
BEGIN
    FOR r IN
        SELECT q.quantity, q.discount, v, p, c, x, v.active AND p.active AND x.price IS NOT NULL
               AND NOT orders_v1.is_package(k.tenant_id, v.id) AS sold
        FROM orders.cart_line q
        JOIN orders.variant v ON v.tenant_id = k.tenant_id AND v.id = q.variant_id
        JOIN orders.product p ON p.tenant_id = k.tenant_id AND p.id = v.product_id
        LEFT JOIN orders.company c ON c.tenant_id = k.tenant_id AND c.id = p.company_id
        LEFT JOIN orders.variant_price x
            ON x.tenant_id = k.tenant_id AND x.variant_id = v.id AND x.currency = k.currency
        WHERE q.tenant_id = k.tenant_id AND q.cart_id = k.id
        ORDER BY q.id
    LOOP
        IF NOT r.sold THEN
            v_invalid := v_invalid || to_jsonb(coalesce((r.v).number, (r.v).external_ref));
            CONTINUE;
        END IF;
        v_lines := v_lines || orders_v1.variant_line(r.v, r.p, r.c, r.x, r.quantity,
                                                  least(r.discount, r.quantity::numeric * (r.x).price)::bigint);
    END LOOP;
    IF v_invalid <> '[]' THEN
        PERFORM orders_v1.refuse('409', 'product_not_sold', 'Some products are no longer sold.', NULL,
                              jsonb_build_object('products', v_invalid));
    ELSIF v_lines = '{}' THEN
        PERFORM orders_v1.refuse('409', 'cart_empty', 'The cart is empty.');
    END IF;
    RETURN v_lines;
END
$$;

COMMENT ON FUNCTION orders_v1.variant_snapshot IS 'Internal: the copy of a product that the order stores';
COMMENT ON FUNCTION orders_v1.list_price_of IS 'Internal: a price before any reduction';
COMMENT ON FUNCTION orders_v1.variant_line IS 'Internal: the priced line of a quantity of a variant';
COMMENT ON FUNCTION orders_v1.cart_id_of IS 'Internal: the id of a cart, given by id or code; NULL: no cart has this code. The id may be unknown';
COMMENT ON FUNCTION orders_v1.refuse_unknown_cart IS 'Internal: refuses a cart that does not exist. OR404 cart_not_found';
COMMENT ON FUNCTION orders_v1.lock_any_cart IS
'Internal: locks a cart by id or code. It is the first lock of placing an order. OR404 cart_not_found';
COMMENT ON FUNCTION orders_v1.find_any_cart IS 'Internal: a cart by id or code, without a lock. OR404 cart_not_found';
COMMENT ON FUNCTION orders_v1.price_cart IS
'Internal: the priced lines of a cart. OR409 product_not_sold (with their numbers), cart_empty';
