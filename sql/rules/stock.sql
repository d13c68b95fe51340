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

-- More items may be shipped than the last count found. The count was then too low, and the difference is added to `entered`.
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
        UPDATE orders.stock s
        SET reserved = s.reserved - r.quantity,
            shipped = CASE WHEN p_shipped THEN s.shipped + r.quantity ELSE s.shipped END,
            entered = CASE WHEN p_shipped THEN s.entered + greatest(r.quantity - s.on_hand, 0) ELSE s.entered END,
            on_hand = CASE WHEN p_shipped THEN greatest(s.on_hand - r.quantity, 0) ELSE s.on_hand END, updated_at = now()
        WHERE s.tenant_id = p_tenant AND s.variant_id = r.variant_id;
    END LOOP;
    UPDATE orders.order_line l SET reserved = 0, stock_shipped = CASE WHEN p_shipped THEN l.reserved ELSE l.stock_shipped END
    WHERE l.tenant_id = p_tenant AND l.order_id = ANY (p_orders) AND l.reserved > 0;
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
COMMENT ON FUNCTION orders_v1.end_reservations IS
'Internal: ends the reservations of orders. p_shipped: the items were shipped and leave the stock; otherwise they become available.
Locks stock by variant';
COMMENT ON FUNCTION orders_v1.release_stock IS
'Internal: releases the reserved stock of locked orders; a repeat has no effect. For several orders, call it once for all of them,
after their coupons are released. Locks stock by variant';
COMMENT ON FUNCTION orders_v1.ship_stock IS 'Internal: deducts the reserved stock of an order as shipped. Locks stock by variant';
