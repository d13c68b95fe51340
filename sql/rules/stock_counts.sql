-- SPDX-License-Identifier: Apache-2.0
-- Counts and adjustments of stock by operators, and the restocking of received returns. None of them changes reservations: items on hand may
-- be fewer than the reserved items, and then no more items are sold.

CREATE OR REPLACE FUNCTION orders_v1.check_stock_match(p_variant bigint, s orders.stock, p_match text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF orders_v1.version_tag(p_variant, coalesce(s.version, 1)) <> ALL (p_match) THEN
        PERFORM orders_v1.refuse('412', 'version_mismatch', 'The stock has changed since it was read.', NULL,
                                 jsonb_build_object('version', coalesce(s.version, 1)));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_stock_limit(p_on_hand bigint, p_field text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_on_hand > 1000000000 THEN
        PERFORM orders_v1.refuse('422', 'quantity_out_of_range', 'The stock must not exceed 1000000000 items.', p_field);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_comment(p_comment text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF length(p_comment) > 255 THEN
        PERFORM orders_v1.refuse('422', 'too_long', 'Must be at most 255 characters.', 'comment');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.operator_movement(c orders_v1.context, p_kind text, p_reason text, p_comment text)
RETURNS orders.stock_movement LANGUAGE plpgsql STABLE AS $$
DECLARE
    m orders.stock_movement;
BEGIN
    m.kind := p_kind;
    m.reason := p_reason;
    m.comment := nullif(p_comment, '');
    m.actor := c.actor;
    m.actor_id := c.actor_id;
    RETURN m;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.written_stock_of(c orders_v1.context, p_variant bigint, p_movement bigint) RETURNS orders_v1.written_stock
LANGUAGE plpgsql AS $$
DECLARE
    r orders_v1.written_stock;
BEGIN
    r.outcome := 'done';
    r.id := p_movement;
    r.replayed := false;
    r.stock := orders_v1.stock_view_of(c.tenant_id, p_variant);
    r.movement := orders_v1.movement_view_of(c.tenant_id, p_variant, p_movement);
    RETURN orders_v1.stored_result(c, r);
END
$$;

-- The product is locked first, as by a catalogue document: the count may be the first one of the variant.
CREATE OR REPLACE FUNCTION orders_v1.count_stock(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_variant bigint, p_on_hand bigint, p_comment text, p_match text[]
) RETURNS SETOF orders_v1.written_stock
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c          orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim    orders_v1.claim := claim_key(c);
    s          orders.stock;
    v_movement bigint;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_stock, v_claim.answer);
        RETURN;
    END IF;
    PERFORM FROM product p
    WHERE p.tenant_id = p_tenant AND p.id = (SELECT v.product_id FROM variant v WHERE v.tenant_id = p_tenant AND v.id = p_variant)
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM refuse('404', 'not_found', 'There is no such variant.');
    ELSIF EXISTS (SELECT FROM package k WHERE k.tenant_id = p_tenant AND k.variant_id = p_variant) THEN
        PERFORM refuse('409', 'stock_not_counted', 'A package has no stock.');
    ELSIF coalesce(p_on_hand NOT BETWEEN 0 AND 1000000000, true) THEN
        PERFORM refuse('422', 'invalid_field', 'Must be an integer from 0 to 1000000000.', 'on_hand');
    END IF;
    PERFORM check_comment(p_comment);
    SELECT * INTO s FROM stock x WHERE x.tenant_id = p_tenant AND x.variant_id = p_variant FOR NO KEY UPDATE;
    PERFORM check_stock_match(p_variant, s, p_match);
    v_movement := count_items(p_tenant, p_variant, operator_movement(c, 'count', NULL, p_comment), p_on_hand::integer,
                              coalesce(s.stated, p_on_hand::integer));
    RETURN NEXT written_stock_of(c, p_variant, v_movement);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.adjust_stock(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_variant bigint, p_by bigint, p_reason text, p_comment text, p_match text[]
) RETURNS SETOF orders_v1.written_stock
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    s       orders.stock;
    m       orders.stock_movement := operator_movement(c, 'adjustment', p_reason, p_comment);
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_stock, v_claim.answer);
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM variant v WHERE v.tenant_id = p_tenant AND v.id = p_variant) THEN
        PERFORM refuse('404', 'not_found', 'There is no such variant.');
    ELSIF coalesce(p_by = 0 OR p_by NOT BETWEEN -1000000000 AND 1000000000, true) THEN
        PERFORM refuse('422', 'invalid_field', 'Must be an integer from -1000000000 to 1000000000, and not 0.', 'by');
    ELSIF coalesce(p_reason, '') !~ '^[a-z][a-z0-9_]{0,39}$' THEN
        PERFORM refuse('422', 'invalid_field', 'Must consist of lower-case letters, digits and underscores.', 'reason');
    END IF;
    PERFORM check_comment(p_comment);
    SELECT * INTO s FROM stock x WHERE x.tenant_id = p_tenant AND x.variant_id = p_variant FOR NO KEY UPDATE;
    PERFORM check_stock_match(p_variant, s, p_match);
    IF s.counted IS NOT TRUE THEN
        PERFORM refuse('409', 'stock_not_counted', 'The stock of this variant is not counted. Count it first.');
    ELSIF s.on_hand + p_by < 0 THEN
        PERFORM refuse('409', 'stock_below_zero', 'There are fewer items on hand.', 'by', jsonb_build_object('on_hand', s.on_hand));
    END IF;
    PERFORM check_stock_limit(s.on_hand + p_by, 'by');
    m.change := p_by;
    RETURN NEXT written_stock_of(c, p_variant, enter_stock(s, m, s.stated));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.returned_items(r orders.order_return) RETURNS orders_v1.return_item[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(SELECT ROW(x.line_id, x.quantity)::orders_v1.return_item FROM orders.return_line x
                 WHERE x.tenant_id = r.tenant_id AND x.return_id = r.id);
END
$$;

-- p_lines NULL: all items of the return whose variants are counted.
CREATE OR REPLACE FUNCTION orders_v1.items_to_restock(r orders.order_return, p_lines jsonb) RETURNS orders_v1.restocked_item[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_wanted    orders_v1.return_item[] := CASE WHEN p_lines IS NULL THEN orders_v1.returned_items(r) ELSE orders_v1.read_return_lines(p_lines) END;
    v_unknown   bigint[];
    v_over      bigint[];
    v_uncounted bigint[];
BEGIN
    SELECT array_agg(p.line_id ORDER BY p.line_id) FILTER (WHERE x.line_id IS NULL),
           array_agg(p.line_id ORDER BY p.line_id) FILTER (WHERE p.quantity NOT BETWEEN 1 AND x.quantity),
           array_agg(p.line_id ORDER BY p.line_id) FILTER (WHERE s.variant_id IS NULL AND p_lines IS NOT NULL)
    INTO v_unknown, v_over, v_uncounted
    FROM unnest(v_wanted) AS p
    LEFT JOIN orders.return_line x ON x.tenant_id = r.tenant_id AND x.return_id = r.id AND x.line_id = p.line_id
    LEFT JOIN orders.order_line l ON l.tenant_id = r.tenant_id AND l.order_id = r.order_id AND l.id = x.line_id
    LEFT JOIN orders.stock s ON s.tenant_id = r.tenant_id AND s.variant_id = l.item_id AND s.counted;
    PERFORM orders_v1.refuse_lines('422', 'line_not_found', 'The return has no such lines.', v_unknown);
    PERFORM orders_v1.refuse_lines('422', 'quantity_out_of_range', 'The quantity must be from 1 to the items of the line in this return.', v_over);
    PERFORM orders_v1.refuse_lines('409', 'stock_not_counted', 'The stock of these lines is not counted.', v_uncounted);
    RETURN ARRAY(
        SELECT ROW(x.line_id, s.variant_id, coalesce(p.quantity, x.quantity))::orders_v1.restocked_item
        FROM unnest(v_wanted) AS p
        JOIN orders.return_line x ON x.tenant_id = r.tenant_id AND x.return_id = r.id AND x.line_id = p.line_id
        JOIN orders.order_line l ON l.tenant_id = r.tenant_id AND l.order_id = r.order_id AND l.id = x.line_id
        JOIN orders.stock s ON s.tenant_id = r.tenant_id AND s.variant_id = l.item_id AND s.counted
        ORDER BY s.variant_id, x.line_id);
END
$$;

-- The order is locked. Locks stock by variant.
CREATE OR REPLACE FUNCTION orders_v1.restock_items(
    c orders_v1.context, r orders.order_return, p_items orders_v1.restocked_item[], p_comment text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    i orders_v1.restocked_item;
    s orders.stock;
    m orders.stock_movement := orders_v1.operator_movement(c, 'returned', NULL, p_comment);
BEGIN
    m.order_id := r.order_id;
    m.return_id := r.id;
    FOREACH i IN ARRAY p_items LOOP
        SELECT * INTO s FROM orders.stock x WHERE x.tenant_id = r.tenant_id AND x.variant_id = i.variant_id FOR NO KEY UPDATE;
        IF NOT s.counted THEN -- a document has ended counting in the meantime
            PERFORM orders_v1.refuse_lines('409', 'stock_not_counted', 'The stock of these lines is not counted.', ARRAY[i.line_id]);
        END IF;
        PERFORM orders_v1.check_stock_limit(s.on_hand::bigint + i.quantity, 'lines');
        m.change := i.quantity;
        PERFORM orders_v1.enter_stock(s, m, s.stated);
        UPDATE orders.return_line x SET restocked = i.quantity
        WHERE x.tenant_id = r.tenant_id AND x.return_id = r.id AND x.line_id = i.line_id;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.was_restocked(r orders.order_return, p_items orders_v1.restocked_item[]) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM orders.return_line x
        LEFT JOIN unnest(p_items) AS i ON i.line_id = x.line_id
        WHERE x.tenant_id = r.tenant_id AND x.return_id = r.id AND x.restocked <> coalesce(i.quantity, 0));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.restock_return(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_return bigint, p_lines jsonb, p_comment text, p_match text[]
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    o       orders.orders;
    r       orders.order_return;
    v_items orders_v1.restocked_item[];
    v_code  text := 'unchanged';
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    SELECT * INTO r FROM order_return x WHERE x.tenant_id = p_tenant AND x.id = p_return;
    IF NOT FOUND THEN
        PERFORM refuse('404', 'return_not_found', 'There is no such return.');
    END IF;
    o := lock_order(p_tenant, r.order_id, NULL, p_match);
    SELECT * INTO r FROM order_return x WHERE x.tenant_id = p_tenant AND x.id = p_return;
    v_items := items_to_restock(r, p_lines);
    IF r.state <> 'received' THEN
        PERFORM check_resolvable(c, r, 'received');
        PERFORM receive_return(c, o, r, p_comment);
        PERFORM restock_items(c, r, v_items, p_comment);
        v_code := 'done';
    ELSIF NOT was_restocked(r, v_items) THEN
        PERFORM refuse('409', 'return_not_resolvable', 'The return was received without restocking these items. Adjust their stock.', NULL,
                       jsonb_build_object('state', r.state));
    END IF;
    RETURN NEXT finish(c, v_code, r.order_id, r.id);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.count_stock(integer, text, text, bigint, text, text, bytea, bigint, bigint, text, text[]),
    orders_v1.adjust_stock(integer, text, text, bigint, text, text, bytea, bigint, bigint, text, text, text[]),
    orders_v1.restock_return(integer, text, text, bigint, text, text, bytea, bigint, jsonb, text, text[])
    TO orders_api;

COMMENT ON FUNCTION orders_v1.check_stock_match IS 'Internal: checks that the stock has one of these version tags; NULL: any version. OR412 version_mismatch';
COMMENT ON FUNCTION orders_v1.check_stock_limit IS 'Internal: checks the upper limit of the stock of a variant. OR422 quantity_out_of_range';
COMMENT ON FUNCTION orders_v1.check_comment IS 'Internal: checks the length of a comment. OR422 too_long';
COMMENT ON FUNCTION orders_v1.operator_movement IS 'Internal: a movement of the actor of the request';
COMMENT ON FUNCTION orders_v1.written_stock_of IS 'Internal: the result of a count or an adjustment: the stock and the movement';
COMMENT ON FUNCTION orders_v1.count_stock IS
'Sets the items on hand of a variant, including reserved items, to a counted quantity. If the stock was not counted, it is counted from now
on, and the quantity is also the one that a catalogue document must differ from. Locks the product, then the stock. OR404 not_found, OR409
stock_not_counted for a package, OR412 version_mismatch, OR422 invalid_field, too_long';
COMMENT ON FUNCTION orders_v1.adjust_stock IS
'Adds p_by items to the stock of a variant, or removes them if it is negative, for a reason. OR404 not_found, OR409 stock_not_counted,
stock_below_zero with the items on hand, OR412 version_mismatch, OR422 invalid_field, quantity_out_of_range, too_long';
COMMENT ON FUNCTION orders_v1.returned_items IS 'Internal: all items of a return';
COMMENT ON FUNCTION orders_v1.items_to_restock IS
'Internal: the items of a return to add to the stock, by variant. p_lines: [{id, quantity}]; NULL: all items of counted variants. OR409
stock_not_counted, OR422 line_not_found, quantity_out_of_range, invalid_field';
COMMENT ON FUNCTION orders_v1.restock_items IS 'Internal: adds items of a return to the stock. OR409 stock_not_counted, OR422 quantity_out_of_range';
COMMENT ON FUNCTION orders_v1.was_restocked IS 'Internal: whether exactly these items of a return were added to the stock';
COMMENT ON FUNCTION orders_v1.restock_return IS
'Marks an approved return as received and adds items of it to the stock. p_lines as in items_to_restock. Outcome unchanged if the return was
received with the same items. OR404 return_not_found, OR409 return_not_resolvable, stock_not_counted with the lines, OR412 version_mismatch,
OR422 line_not_found, quantity_out_of_range, invalid_field';
