-- SPDX-License-Identifier: Apache-2.0
-- Every function locks stock in ascending order of variant ids; so does the catalogue (lock_entries).

CREATE OR REPLACE FUNCTION orders_v1.reserve_items(p_tenant integer, p_variant bigint, p_quantity bigint, p_line orders_v1.priced_line)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_left integer;
BEGIN
    UPDATE orders.stock s SET reserved = s.reserved + p_quantity, updated_at = now()
    WHERE s.tenant_id = p_tenant AND s.variant_id = p_variant AND s.counted AND s.on_hand - s.reserved >= p_quantity;
    IF FOUND THEN
        PERFORM orders_v1.allow_early_release();
        RETURN true;
    END IF;
    SELECT greatest(s.on_hand - s.reserved, 0) INTO v_left FROM orders.stock s
    WHERE s.tenant_id = p_tenant AND s.variant_id = p_variant AND s.counted;
    IF FOUND THEN
        PERFORM orders_v1.refuse('409', 'insufficient_stock', 'There is not enough stock.', 'lines', jsonb_build_object(
            'product', p_line.item_ref, 'variant', p_line.variant, 'available', v_left));
    END IF;
    RETURN false;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.reserve_stock(p_tenant integer, p_lines orders_v1.priced_line[]) RETURNS orders_v1.priced_line[]
LANGUAGE plpgsql AS $$
DECLARE
    r         record;
    v_counted boolean;
    v_line    integer;
    v_count   integer := 0;
BEGIN
    FOR i IN 1 .. cardinality(p_lines) LOOP
        IF p_lines[i].kind = 'product' THEN
            v_line := i;
            v_count := v_count + 1;
        END IF;
    END LOOP;
    IF v_count = 1 THEN -- almost always
        v_counted := orders_v1.reserve_items(p_tenant, p_lines[v_line].item_id, p_lines[v_line].quantity, p_lines[v_line]);
        p_lines[v_line].reserved := CASE WHEN v_counted THEN p_lines[v_line].quantity ELSE 0 END;
        RETURN p_lines;
    END IF;
    FOR r IN
        SELECT p_lines[n].item_id AS variant_id, sum(p_lines[n].quantity) AS quantity, array_agg(n) AS lines
        FROM generate_subscripts(p_lines, 1) AS n
        WHERE p_lines[n].kind = 'product'
        GROUP BY p_lines[n].item_id
        ORDER BY p_lines[n].item_id
    LOOP
        v_counted := orders_v1.reserve_items(p_tenant, r.variant_id, r.quantity, p_lines[r.lines[1]]);
        FOR i IN 1 .. cardinality(r.lines) LOOP
            p_lines[r.lines[i]].reserved := CASE WHEN v_counted THEN p_lines[r.lines[i]].quantity ELSE 0 END;
        END LOOP;
    END LOOP;
    RETURN p_lines;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.cancel_refunded_items(p_tenant integer, p_order bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    FOR r IN
        SELECT l.item_id AS variant_id, sum(f.quantity - l.cancelled_quantity) AS quantity
        FROM orders_v1.refunded_quantities(p_tenant, p_order) AS f
        JOIN orders.order_line l ON l.tenant_id = p_tenant AND l.order_id = p_order AND l.id = f.line_id AND l.reserved > 0
        GROUP BY l.item_id
        ORDER BY l.item_id
    LOOP
        UPDATE orders.stock s SET reserved = s.reserved - r.quantity, updated_at = now()
        WHERE s.tenant_id = p_tenant AND s.variant_id = r.variant_id AND r.quantity > 0;
    END LOOP;
    UPDATE orders.order_line l
    SET cancelled_quantity = f.quantity, reserved = CASE WHEN l.reserved > 0 THEN l.quantity - f.quantity ELSE 0 END
    FROM orders_v1.refunded_quantities(p_tenant, p_order) AS f
    WHERE l.tenant_id = p_tenant AND l.order_id = p_order AND l.id = f.line_id AND l.kind = 'product'
      AND l.cancelled_quantity <> f.quantity;
END
$$;

-- The movement of m has not been applied yet: p_before and p_recorded are orders.stock.on_hand and recorded before it. They differ before the
-- first movement of stock that an earlier release has entered, and after functions of an earlier release have changed the stock.
CREATE OR REPLACE FUNCTION orders_v1.record_movement(m orders.stock_movement, p_before integer, p_recorded integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
BEGIN
    IF p_before <> coalesce(p_recorded, 0) THEN
        INSERT INTO orders.stock_movement (tenant_id, variant_id, kind, change, on_hand)
        VALUES (m.tenant_id, m.variant_id, 'opening', p_before - coalesce(p_recorded, 0), p_before);
    END IF;
    INSERT INTO orders.stock_movement (tenant_id, variant_id, kind, change, on_hand, reason, comment, actor, actor_id, order_id, return_id)
    VALUES (m.tenant_id, m.variant_id, m.kind, m.change, p_before + m.change, m.reason, m.comment, m.actor, m.actor_id, m.order_id, m.return_id)
    RETURNING id INTO v_id;
    RETURN v_id;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.departure_kind(p_tenant integer, p_order bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT CASE o.fulfilment_state WHEN 'none' THEN 'sold' ELSE 'shipped' END FROM orders.orders o
            WHERE o.tenant_id = p_tenant AND o.id = p_order);
END
$$;

-- More items may be shipped than the last count found. The count was then too low, and the difference is added to `entered`.
CREATE OR REPLACE FUNCTION orders_v1.deduct_missing_items(p_tenant integer, p_order bigint, p_variant bigint, p_quantity bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_missing integer;
    s         orders.stock;
    m         orders.stock_movement;
BEGIN
    SELECT * INTO s FROM orders.stock x WHERE x.tenant_id = p_tenant AND x.variant_id = p_variant FOR NO KEY UPDATE;
    v_missing := greatest(p_quantity - s.on_hand, 0);
    UPDATE orders.stock x
    SET reserved = x.reserved - p_quantity, shipped = x.shipped + p_quantity, entered = x.entered + v_missing,
        on_hand = x.on_hand + v_missing - p_quantity, recorded = x.on_hand + v_missing - p_quantity, version = x.version + 1,
        updated_at = now()
    WHERE x.tenant_id = p_tenant AND x.variant_id = p_variant;
    m.tenant_id := p_tenant;
    m.variant_id := p_variant;
    m.order_id := p_order;
    IF v_missing > 0 THEN
        m.kind := 'miscount';
        m.change := v_missing;
        PERFORM orders_v1.record_movement(m, s.on_hand, s.recorded);
        s.on_hand := s.on_hand + v_missing;
        s.recorded := s.on_hand;
    END IF;
    m.kind := orders_v1.departure_kind(p_tenant, p_order);
    m.change := -p_quantity;
    PERFORM orders_v1.record_movement(m, s.on_hand, s.recorded);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.deduct_items(p_tenant integer, p_order bigint, p_variant bigint, p_quantity bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_on_hand integer;
BEGIN
    UPDATE orders.stock s
    SET reserved = s.reserved - p_quantity, shipped = s.shipped + p_quantity, on_hand = s.on_hand - p_quantity,
        recorded = s.on_hand - p_quantity, version = s.version + 1, updated_at = now()
    WHERE s.tenant_id = p_tenant AND s.variant_id = p_variant AND s.on_hand >= p_quantity AND s.recorded = s.on_hand
    RETURNING s.on_hand INTO v_on_hand;
    IF FOUND THEN -- almost always
        INSERT INTO orders.stock_movement (tenant_id, variant_id, kind, change, on_hand, order_id)
        VALUES (p_tenant, p_variant, orders_v1.departure_kind(p_tenant, p_order), -p_quantity, v_on_hand, p_order);
    ELSE
        PERFORM orders_v1.deduct_missing_items(p_tenant, p_order, p_variant, p_quantity);
    END IF;
END
$$;

-- Only one order at a time is shipped or sold.
CREATE OR REPLACE FUNCTION orders_v1.end_reservations(p_tenant integer, p_orders bigint[], p_shipped boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    PERFORM FROM orders.order_line l WHERE l.tenant_id = p_tenant AND l.order_id = ANY (p_orders) AND l.reserved > 0 LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    FOR r IN
        SELECT l.item_id AS variant_id, sum(l.reserved) AS quantity FROM orders.order_line l
        WHERE l.tenant_id = p_tenant AND l.order_id = ANY (p_orders) AND l.reserved > 0
        GROUP BY l.item_id
        ORDER BY l.item_id
    LOOP
        IF p_shipped THEN
            PERFORM orders_v1.deduct_items(p_tenant, p_orders[1], r.variant_id, r.quantity);
        ELSE
            UPDATE orders.stock s SET reserved = s.reserved - r.quantity, updated_at = now()
            WHERE s.tenant_id = p_tenant AND s.variant_id = r.variant_id;
        END IF;
    END LOOP;
    UPDATE orders.order_line l SET reserved = 0, stock_shipped = CASE WHEN p_shipped THEN l.reserved ELSE l.stock_shipped END
    WHERE l.tenant_id = p_tenant AND l.order_id = ANY (p_orders) AND l.reserved > 0;
END
$$;

-- The functions that write catalogue entries do not have the context of the request.
CREATE OR REPLACE FUNCTION orders_v1.remember_caller(c orders_v1.context) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('orders.caller', concat_ws(' ', c.actor, c.actor_id), true);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.movement_by_caller(p_kind text) RETURNS orders.stock_movement LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_caller text := coalesce(current_setting('orders.caller', true), '');
    m        orders.stock_movement;
BEGIN
    m.kind := p_kind;
    m.actor := nullif(split_part(v_caller, ' ', 1), '');
    m.actor_id := nullif(split_part(v_caller, ' ', 2), '')::bigint;
    RETURN m;
END
$$;

-- Applies a movement other than a shipment or sale. s is locked. p_stated: the quantity stated by the last document; NULL: no longer counted.
CREATE OR REPLACE FUNCTION orders_v1.enter_stock(s orders.stock, m orders.stock_movement, p_stated integer) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders.stock x
    SET stated = p_stated, counted = p_stated IS NOT NULL, entered = x.entered + m.change, on_hand = x.on_hand + m.change,
        recorded = x.on_hand + m.change, updated_at = now(),
        version = CASE WHEN m.change = 0 AND x.counted = (p_stated IS NOT NULL) THEN x.version ELSE x.version + 1 END
    WHERE x.tenant_id = s.tenant_id AND x.variant_id = s.variant_id;
    m.tenant_id := s.tenant_id;
    m.variant_id := s.variant_id;
    RETURN orders_v1.record_movement(m, s.on_hand, s.recorded);
END
$$;

-- Sets the quantity on hand, also of a variant that was not counted yet. p_stated as in enter_stock. A variant without stock has version 1.
CREATE OR REPLACE FUNCTION orders_v1.count_items(
    p_tenant integer, p_variant bigint, m orders.stock_movement, p_on_hand integer, p_stated integer
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    s orders.stock;
BEGIN
    INSERT INTO orders.stock (tenant_id, variant_id, stated, on_hand, version) VALUES (p_tenant, p_variant, p_stated, 0, 2)
    ON CONFLICT ON CONSTRAINT stock_pkey DO NOTHING;
    SELECT * INTO s FROM orders.stock x WHERE x.tenant_id = p_tenant AND x.variant_id = p_variant FOR NO KEY UPDATE;
    m.change := p_on_hand - s.on_hand;
    RETURN orders_v1.enter_stock(s, m, p_stated);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.release_stock(p_tenant integer, p_orders bigint[]) RETURNS void LANGUAGE sql AS $$
    SELECT orders_v1.end_reservations(p_tenant, p_orders, false)
$$;

CREATE OR REPLACE FUNCTION orders_v1.ship_stock(p_tenant integer, p_order bigint) RETURNS void LANGUAGE sql AS $$
    SELECT orders_v1.end_reservations(p_tenant, ARRAY[p_order], true)
$$;

COMMENT ON FUNCTION orders_v1.reserve_items IS
'Internal: reserves items of a variant; false when its stock is not counted. OR409 insufficient_stock with the available quantity';
COMMENT ON FUNCTION orders_v1.reserve_stock IS
'Internal: reserves stock for the lines of a new order and returns the lines with the reserved quantities. Locks stock by variant:
after the coupon, before the account. OR409 insufficient_stock';
COMMENT ON FUNCTION orders_v1.cancel_refunded_items IS
'Internal: releases the items of a locked, unshipped order whose refund is done; they will not be shipped. Locks stock by variant';
COMMENT ON FUNCTION orders_v1.record_movement IS
'Internal: records a movement of stock that is locked, and returns its id. m needs no on_hand. If p_before differs from p_recorded, a
movement of the difference is recorded first';
COMMENT ON FUNCTION orders_v1.departure_kind IS 'Internal: the kind of the movements of an order: shipped, or sold if it has nothing to deliver';
COMMENT ON FUNCTION orders_v1.deduct_missing_items IS
'Internal: deducts reserved items of an order from the stock of a variant that has fewer, or whose movements are not complete. Locks the stock';
COMMENT ON FUNCTION orders_v1.deduct_items IS
'Internal: deducts reserved items of an order from the stock of a variant, as shipped or sold. Locks the stock';
COMMENT ON FUNCTION orders_v1.end_reservations IS
'Internal: ends the reservations of orders. p_shipped: the items of a single order were shipped or sold and leave the stock; otherwise they
become available. Locks stock by variant';
COMMENT ON FUNCTION orders_v1.remember_caller IS 'Internal: stores the actor of a catalogue request for movement_by_caller, in this transaction';
COMMENT ON FUNCTION orders_v1.movement_by_caller IS 'Internal: a movement of the actor of the catalogue request';
COMMENT ON FUNCTION orders_v1.enter_stock IS
'Internal: changes the quantity on hand of locked stock by m.change and records the movement; returns its id';
COMMENT ON FUNCTION orders_v1.count_items IS
'Internal: sets the quantity on hand of a variant and records the movement, of the kind of m; returns its id. Locks the stock';
COMMENT ON FUNCTION orders_v1.release_stock IS
'Internal: releases the reserved stock of locked orders; a repeat has no effect. For several orders, call it once for all of them,
after their coupons are released. Locks stock by variant';
COMMENT ON FUNCTION orders_v1.ship_stock IS 'Internal: deducts the reserved stock of an order as shipped. Locks stock by variant';
