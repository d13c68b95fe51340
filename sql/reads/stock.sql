-- SPDX-License-Identifier: Apache-2.0
-- The stock of variants and its movements, as the operator API shows them, newest first.

CREATE OR REPLACE FUNCTION orders_v1.variant_id_of(p_tenant integer, p_text text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    v_id bigint;
BEGIN
    IF p_text ~ '^[1-9][0-9]{0,17}$' THEN
        SELECT v.id INTO v_id FROM variant v WHERE v.tenant_id = p_tenant AND v.id = p_text::bigint;
    END IF;
    IF v_id IS NULL THEN
        SELECT v.id INTO v_id FROM variant v WHERE v.tenant_id = p_tenant AND v.number = code_key(p_text);
    END IF;
    RETURN v_id;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.stock_view_of(p_tenant integer, p_variant bigint) RETURNS orders_v1.stock_view LANGUAGE plpgsql STABLE AS $$
DECLARE
    v orders.variant;
    p orders.product;
    s orders.stock;
    r orders_v1.stock_view;
BEGIN
    SELECT * INTO v FROM orders.variant x WHERE x.tenant_id = p_tenant AND x.id = p_variant;
    SELECT * INTO p FROM orders.product x WHERE x.tenant_id = p_tenant AND x.id = v.product_id;
    SELECT * INTO s FROM orders.stock x WHERE x.tenant_id = p_tenant AND x.variant_id = p_variant;
    r.id := v.id;
    r.product := p.external_ref;
    r.product_name := p.name;
    r.variant := v.external_ref;
    r.number := v.number;
    r.name := v.name;
    r.active := p.active AND v.active;
    r.counted := coalesce(s.counted, false);
    IF r.counted THEN
        r.on_hand := s.on_hand;
        r.reserved := s.reserved;
        r.available := greatest(s.on_hand - s.reserved, 0);
        r.stated := s.stated;
    END IF;
    r.version := coalesce(s.version, 1);
    r.updated_at := coalesce(s.updated_at, v.created_at);
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.read_stock(p_tenant integer, p_variant bigint) RETURNS SETOF orders_v1.stock_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    r orders_v1.stock_view := stock_view_of(p_tenant, p_variant);
BEGIN
    IF r.id IS NOT NULL THEN
        RETURN NEXT r;
    END IF;
END
$$;

-- Each filter with an index has a branch of its own; a single condition for all would use no index in a generic plan. No index has the
-- quantities, because each sale would then write index entries. The settings discourage plans that read whole tables.
CREATE OR REPLACE FUNCTION orders_v1.list_stock(
    p_tenant integer, p_product text, p_variant text, p_number text, p_low integer, p_counted boolean, p_limit integer, p_before bigint
) RETURNS SETOF orders_v1.stock_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
DECLARE
    v_before bigint  := coalesce(p_before, 9223372036854775807);
    v_read   integer := 0;
    v_found  integer := 0;
    x        record;
    r        orders_v1.stock_view;
BEGIN
    FOR x IN
        SELECT w.id, w.external_ref, p.active AND w.active AS active, s.counted, s.on_hand, s.reserved
        FROM ((SELECT v.id, v.product_id, v.external_ref, v.active FROM variant v
               WHERE v.tenant_id = p_tenant AND v.id < v_before AND p_number IS NULL AND p_product IS NULL
               ORDER BY v.id DESC
               LIMIT 10000)
              UNION ALL
              (SELECT v.id, v.product_id, v.external_ref, v.active FROM variant v
               WHERE v.tenant_id = p_tenant AND v.id < v_before AND p_number IS NULL
                 AND v.product_id = (SELECT p.id FROM product p WHERE p.tenant_id = p_tenant AND p.external_ref = p_product)
               ORDER BY v.id DESC
               LIMIT 10000)
              UNION ALL
              (SELECT v.id, v.product_id, v.external_ref, v.active FROM variant v
               WHERE v.tenant_id = p_tenant AND v.id < v_before AND v.number = code_key(p_number)
                 AND (p_product IS NULL
                      OR v.product_id = (SELECT p.id FROM product p WHERE p.tenant_id = p_tenant AND p.external_ref = p_product)))) AS w
        JOIN product p ON p.tenant_id = p_tenant AND p.id = w.product_id
        LEFT JOIN stock s ON s.tenant_id = p_tenant AND s.variant_id = w.id
        ORDER BY w.id DESC
    LOOP
        v_read := v_read + 1;
        IF (p_variant IS NULL OR x.external_ref = p_variant)
           AND (p_counted IS NULL OR coalesce(x.counted, false) = p_counted)
           AND (p_low IS NULL OR (x.counted AND x.active AND x.on_hand - x.reserved <= p_low)) THEN
            r := stock_view_of(p_tenant, x.id);
            RETURN NEXT r;
            v_found := v_found + 1;
            EXIT WHEN v_found >= p_limit;
        END IF;
    END LOOP;
    IF v_read >= 10000 AND v_found < p_limit THEN
        r := NULL;
        r.id := x.id;
        RETURN NEXT r;
    END IF;
END
$$;

-- The actor of a shipment or sale is that of the step in the history of the order.
CREATE OR REPLACE FUNCTION orders_v1.movement_view_from(m orders.stock_movement) RETURNS orders_v1.movement_view LANGUAGE plpgsql STABLE AS $$
DECLARE
    r          orders_v1.movement_view;
    v_actor    text   := m.actor;
    v_actor_id bigint := m.actor_id;
BEGIN
    r.id := m.id;
    r.kind := m.kind;
    r.change := m.change;
    r.on_hand := m.on_hand;
    r.reason := m.reason;
    r.comment := m.comment;
    IF m.actor IS NULL AND m.order_id IS NOT NULL THEN
        SELECT h.actor, h.actor_id INTO v_actor, v_actor_id FROM orders_v1.order_history h
        WHERE h.tenant_id = m.tenant_id AND h.order_id = m.order_id
          AND (h.axis, h.to_state) IN (('fulfilment', 'shipped'), ('order', 'completed'))
        ORDER BY h.step
        LIMIT 1;
    END IF;
    r.actor := coalesce(v_actor, 'system');
    r.actor_id := v_actor_id;
    r.order_id := m.order_id;
    r.order_number := (SELECT o.number FROM orders.orders o WHERE o.tenant_id = m.tenant_id AND o.id = m.order_id);
    r.return_id := m.return_id;
    r.created_at := m.created_at;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.movement_view_of(p_tenant integer, p_variant bigint, p_movement bigint) RETURNS orders_v1.movement_view
LANGUAGE plpgsql STABLE AS $$
DECLARE
    m orders.stock_movement;
BEGIN
    SELECT * INTO m FROM orders.stock_movement x
    WHERE x.tenant_id = p_tenant AND x.variant_id = p_variant AND x.id = p_movement;
    RETURN orders_v1.movement_view_from(m);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.list_movements(p_tenant integer, p_variant bigint, p_limit integer, p_before bigint)
RETURNS SETOF orders_v1.movement_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
DECLARE
    m orders.stock_movement;
    r orders_v1.movement_view;
BEGIN
    IF NOT EXISTS (SELECT FROM variant v WHERE v.tenant_id = p_tenant AND v.id = p_variant) THEN
        PERFORM refuse('404', 'not_found', 'There is no such variant.');
    END IF;
    FOR m IN
        SELECT * FROM stock_movement x
        WHERE x.tenant_id = p_tenant AND x.variant_id = p_variant AND x.id < coalesce(p_before, 9223372036854775807)
        ORDER BY x.id DESC
        LIMIT p_limit
    LOOP
        r := movement_view_from(m);
        RETURN NEXT r;
    END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.variant_id_of(integer, text),
    orders_v1.read_stock(integer, bigint),
    orders_v1.list_stock(integer, text, text, text, integer, boolean, integer, bigint),
    orders_v1.list_movements(integer, bigint, integer, bigint)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.variant_id_of IS 'Id of the variant with this id or number, given as text; NULL: none. Takes no locks';
COMMENT ON FUNCTION orders_v1.stock_view_of IS 'Internal: the stock of a variant; all NULL if there is no such variant';
COMMENT ON FUNCTION orders_v1.read_stock IS 'The stock of a variant; no row if there is no such variant';
COMMENT ON FUNCTION orders_v1.list_stock IS
'Lists at most p_limit variants with their stock, newest first, with ids below p_before (NULL: no bound). Filters, NULL for any: references of
product and variant, number, p_low (active, counted variants with at most so many items available), p_counted. Searches 10,000 variants; if
more are left, the last row has only the id of the last variant searched';
COMMENT ON FUNCTION orders_v1.movement_view_from IS 'Internal: a movement as a response shows it';
COMMENT ON FUNCTION orders_v1.movement_view_of IS 'Internal: a movement by its id, as a response shows it';
COMMENT ON FUNCTION orders_v1.list_movements IS
'Lists at most p_limit movements of the stock of a variant, newest first, with ids below p_before (NULL: no bound). OR404 not_found';
