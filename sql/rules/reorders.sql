-- SPDX-License-Identifier: Apache-2.0

-- Two requests may create the cart concurrently: the later one uses the cart of the first. A cart code in use is skipped.
CREATE OR REPLACE FUNCTION orders_v1.open_cart(p_tenant integer, p_user bigint, p_currency text) RETURNS orders.cart LANGUAGE plpgsql AS $$
DECLARE
    k    orders.cart;
    v_id bigint;
BEGIN
    LOOP
        SELECT * INTO k FROM orders.cart x
        WHERE x.tenant_id = p_tenant AND x.user_id = p_user AND x.currency = p_currency AND x.state = 'open'
          AND x.company_id IS NULL
        FOR NO KEY UPDATE;
        EXIT WHEN FOUND;
        v_id := nextval('orders.cart_id_seq');
        INSERT INTO orders.cart (tenant_id, id, code, user_id, currency)
        VALUES (p_tenant, v_id, 'C' || orders_v1.digits(v_id, 5), p_user, p_currency)
        ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN k;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.is_still_sold(p_tenant integer, l orders.order_line) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM orders.variant v
        JOIN orders.product p ON p.tenant_id = p_tenant AND p.id = v.product_id
        JOIN orders.variant_price x ON x.tenant_id = p_tenant AND x.variant_id = v.id AND x.currency = l.currency
        WHERE v.tenant_id = p_tenant AND v.id = l.item_id AND v.active AND p.active
          AND NOT orders_v1.is_package(p_tenant, v.id));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.add_order_to_cart(k orders.cart, p_order bigint) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    l          orders.order_line;
    v_not_sold jsonb := '[]';
    v_any      boolean := false;
BEGIN
    FOR l IN
        SELECT * FROM orders.order_line x
        WHERE x.tenant_id = k.tenant_id AND x.order_id = p_order AND x.kind = 'product'
        ORDER BY x.id
    LOOP
        IF NOT orders_v1.is_still_sold(k.tenant_id, l) THEN
            v_not_sold := v_not_sold || to_jsonb(l.title);
            CONTINUE;
        END IF;
        v_any := true;
        INSERT INTO orders.cart_line AS q (tenant_id, cart_id, variant_id, quantity)
        VALUES (k.tenant_id, k.id, l.item_id, l.quantity)
        ON CONFLICT ON CONSTRAINT cart_line_one_per_variant
            DO UPDATE SET quantity = least(q.quantity + excluded.quantity, 1000000);
    END LOOP;
    IF NOT v_any THEN
        PERFORM orders_v1.refuse('409', 'product_not_sold', CASE v_not_sold
                              WHEN '[]' THEN 'The order has no goods that can be added to a cart.' ELSE 'No product of the order is sold any more.' END, NULL,
                              jsonb_build_object('products', v_not_sold));
    END IF;
    RETURN v_not_sold;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.reorder(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_user bigint, p_order bigint
) RETURNS SETOF orders_v1.stored
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c          orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim    orders_v1.claim := claim_key(c);
    v_currency text;
    v_not_sold jsonb;
    k          orders.cart;
    r          orders_v1.stored;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.stored, v_claim.answer);
        RETURN;
    END IF;
    SELECT o.currency INTO v_currency FROM orders o WHERE o.tenant_id = p_tenant AND o.id = p_order AND o.buyer_id = p_user;
    IF NOT FOUND THEN
        PERFORM refuse('404', 'not_found', 'There is no such order.');
    END IF;
    k := open_cart(p_tenant, p_user, v_currency);
    SELECT x.not_sold INTO v_not_sold FROM cart_reorder x
    WHERE x.tenant_id = p_tenant AND x.cart_id = k.id AND x.order_id = p_order;
    r.outcome := CASE WHEN FOUND THEN 'unchanged' ELSE 'done' END;
    r.id := k.id;
    r.replayed := false;
    IF r.outcome = 'done' THEN
        v_not_sold := add_order_to_cart(k, p_order);
        INSERT INTO cart_reorder (tenant_id, cart_id, order_id, not_sold) VALUES (p_tenant, k.id, p_order, v_not_sold);
        UPDATE cart x SET updated_at = now() WHERE x.tenant_id = p_tenant AND x.id = k.id;
    END IF;
    r.ref := k.code;
    r.document := v_not_sold;
    RETURN NEXT stored_result(c, r);
END
$$;

GRANT EXECUTE ON FUNCTION orders_v1.reorder(integer, text, text, bigint, text, text, bytea, bigint, bigint) TO orders_api;

COMMENT ON FUNCTION orders_v1.open_cart IS
'Internal: the open cart of a buyer in a currency, locked and not for a company; created if there is none';
COMMENT ON FUNCTION orders_v1.is_still_sold IS 'Internal: whether the item of a line is still sold in its currency';
COMMENT ON FUNCTION orders_v1.add_order_to_cart IS
'Internal: adds the goods of an order to a locked cart; returns the titles of those no longer sold. OR409 product_not_sold when no
item is sold';
COMMENT ON FUNCTION orders_v1.reorder IS
'Adds the goods of an order of p_user to the open cart of its currency, once per cart. Outcome done or unchanged; id and ref (the
code) of the cart; document: titles that are no longer sold. OR404 not_found, OR409 product_not_sold (with the titles) when no item
is sold';
