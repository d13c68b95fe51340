-- SPDX-License-Identifier: Apache-2.0
-- Refunds by line. A line stores the quantity and amount of its refunds, including pending refunds. If several payments are
-- refunded, each refund stores its own share of the lines: quantity and amount. A failed refund releases only its own share, so
-- the shares always add up to the amount of the line, and no item is refunded twice.

CREATE OR REPLACE FUNCTION orders_v1.line_amount(p_subtotal bigint, p_discount bigint, p_tax bigint, p_inclusive boolean) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_subtotal - p_discount + CASE WHEN p_inclusive THEN 0 ELSE p_tax END
$$;

-- The amount of the first k of n items is floor(amount * k / n), so that the items add up to the line.
CREATE OR REPLACE FUNCTION orders_v1.amount_of_items(p_line_amount bigint, p_quantity integer, p_items integer) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT div(p_line_amount::numeric * p_items, p_quantity)::bigint
$$;

-- The inverse of amount_of_items. Items with an amount of 0 count as refunded.
CREATE OR REPLACE FUNCTION orders_v1.items_paid_by(p_line_amount bigint, p_quantity integer, p_amount bigint) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_line_amount = 0 THEN p_quantity
                ELSE least(p_quantity, div((p_amount::numeric + 1) * p_quantity - 1, p_line_amount))::integer END
$$;

CREATE OR REPLACE FUNCTION orders_v1.reserve_refund_line(o orders.orders, p_line bigint, p_count integer, p_field text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    l        orders.order_line;
    v_count  integer;
    v_amount bigint;
BEGIN
    SELECT * INTO l FROM orders.order_line x
    WHERE x.tenant_id = o.tenant_id AND x.order_id = o.id AND x.id = p_line
      AND x.kind NOT IN ('discount', 'voucher', 'tax');
    IF NOT FOUND THEN
        PERFORM orders_v1.refuse('422', 'line_not_found', 'The order has no such line.', p_field || '.id',
                              jsonb_build_object('id', p_line));
    END IF;
    v_count := coalesce(p_count, l.quantity - l.refunded_quantity);
    IF v_count < 1 OR v_count > l.quantity - l.refunded_quantity THEN
        PERFORM orders_v1.refuse('422', 'quantity_out_of_range', 'The quantity exceeds the items of the line that can still be refunded.', p_field || '.quantity',
            jsonb_build_object('id', l.id, 'maximum', l.quantity - l.refunded_quantity));
    END IF;
    v_amount := greatest(orders_v1.amount_of_items(orders_v1.line_amount(l.subtotal, l.discount, l.tax, o.tax_inclusive), l.quantity,
                                                  l.refunded_quantity + v_count) - l.refunded_amount, 0);
    UPDATE orders.order_line x
    SET refunded_quantity = x.refunded_quantity + v_count, refunded_amount = x.refunded_amount + v_amount
    WHERE x.tenant_id = o.tenant_id AND x.order_id = o.id AND x.id = l.id;
    RETURN jsonb_build_object('id', l.id, 'quantity', v_count, 'amount', v_amount);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.unrefunded(p_captured bigint, p_refunded bigint, p_refunding bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_captured - p_refunded - p_refunding
$$;

CREATE OR REPLACE FUNCTION orders_v1.unrefunded_of(o orders.orders) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT coalesce(sum(orders_v1.unrefunded(p.captured, p.refunded, p.refunding)), 0) FROM orders.payment p
            WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id AND NOT p.surplus);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.refund_unit(o orders.orders) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT coalesce(max(p.payable_unit), 1) FROM orders.payment p
            WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id AND orders_v1.unrefunded(p.captured, p.refunded, p.refunding) > 0
              AND NOT p.surplus);
END
$$;

-- The total of all lines taken so far, rounded down to the unit, minus earlier refunds of lines: a remainder below the unit is
-- carried to the next refund, and the last refund makes the sum exact.
CREATE OR REPLACE FUNCTION orders_v1.amount_of_lines(o orders.orders) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_amount bigint := (SELECT coalesce(sum(l.refunded_amount), 0) FROM orders.order_line l
                       WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id);
    v_given bigint := (SELECT coalesce(sum(r.amount), 0) FROM orders.refund r
                       WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id AND r.lines IS NOT NULL AND r.status <> 'failed');
BEGIN
    RETURN v_amount - v_amount % orders_v1.refund_unit(o) - v_given;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.reserve_refund_lines(o orders.orders, p_lines jsonb) RETURNS orders_v1.reserved_lines LANGUAGE plpgsql AS $$
DECLARE
    e       jsonb;
    v_field text;
    v_lines jsonb := '[]';
BEGIN
    IF jsonb_typeof(p_lines) <> 'array' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be a JSON array of lines.', 'lines');
    END IF;
    FOR e, v_field IN
        SELECT x.line, format('lines[%s]', x.n - 1) FROM jsonb_array_elements(p_lines) WITH ORDINALITY AS x (line, n) ORDER BY x.n
    LOOP
        IF e ->> 'id' !~ '^[0-9]{1,18}$' OR e ->> 'quantity' !~ '^[0-9]{1,9}$' THEN
            PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be an object with an id and an integer quantity.', v_field);
        END IF;
        v_lines := v_lines || orders_v1.reserve_refund_line(o, (e ->> 'id')::bigint, (e ->> 'quantity')::integer, v_field);
    END LOOP;
    RETURN ROW(orders_v1.amount_of_lines(o), v_lines)::orders_v1.reserved_lines;
END
$$;

-- An item refunded from two payments is counted in the later refund.
CREATE OR REPLACE FUNCTION orders_v1.split_lines(p_lines jsonb, p_amount bigint, OUT part jsonb, OUT rest jsonb) LANGUAGE plpgsql STABLE AS $$
DECLARE
    e        jsonb;
    v_amount bigint;
    v_taken  bigint;
    v_items  integer;
BEGIN
    part := '[]';
    rest := '[]';
    FOR e IN SELECT * FROM jsonb_array_elements(p_lines) LOOP
        v_amount := (e ->> 'amount')::bigint;
        v_taken := least(v_amount, p_amount);
        v_items := CASE WHEN v_taken = v_amount THEN (e ->> 'quantity')::integer
                        ELSE div((e ->> 'quantity')::numeric * v_taken, v_amount)::integer END;
        IF v_taken > 0 OR v_amount = 0 THEN
            part := part || jsonb_build_object('id', e -> 'id', 'quantity', v_items, 'amount', v_taken);
        END IF;
        IF v_taken < v_amount THEN
            rest := rest || jsonb_build_object('id', e -> 'id', 'quantity', (e ->> 'quantity')::integer - v_items,
                                               'amount', v_amount - v_taken);
        END IF;
        p_amount := p_amount - v_taken;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.shares_of_lines(p_tenant integer, p_order bigint, p_states text[])
RETURNS TABLE (line_id bigint, quantity integer, amount bigint) LANGUAGE sql STABLE AS $$
    SELECT (x.line ->> 'id')::bigint, sum((x.line ->> 'quantity')::integer)::integer, sum((x.line ->> 'amount')::bigint)::bigint
    FROM orders.refund r
    CROSS JOIN LATERAL jsonb_array_elements(r.lines) AS x (line)
    WHERE r.tenant_id = p_tenant AND r.order_id = p_order AND r.status = ANY (p_states)
    GROUP BY 1
$$;

-- The refund is already marked as failed. Items that are no longer refunded in full can be refunded again, for the rest of
-- their amount. A refund may name a line more than once.
CREATE OR REPLACE FUNCTION orders_v1.restore_refundable_lines(o orders.orders, r orders.refund) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    e       record;
    l       orders.order_line;
    v_items integer;
BEGIN
    FOR e IN
        SELECT f.line_id, coalesce(s.quantity, 0) AS quantity, coalesce(s.amount, 0) AS amount
        FROM (SELECT DISTINCT (x.line ->> 'id')::bigint AS line_id FROM jsonb_array_elements(r.lines) AS x (line)) AS f
        LEFT JOIN orders_v1.shares_of_lines(r.tenant_id, r.order_id, '{pending,done}') AS s ON s.line_id = f.line_id
    LOOP
        SELECT * INTO l FROM orders.order_line x
        WHERE x.tenant_id = r.tenant_id AND x.order_id = r.order_id AND x.id = e.line_id;
        v_items := least(e.quantity, orders_v1.items_paid_by(
            orders_v1.line_amount(l.subtotal, l.discount, l.tax, o.tax_inclusive), l.quantity, e.amount));
        UPDATE orders.order_line x SET refunded_quantity = v_items, refunded_amount = e.amount
        WHERE x.tenant_id = l.tenant_id AND x.order_id = l.order_id AND x.id = l.id;
        UPDATE orders.return_line x SET refunded = x.refunded - (l.refunded_quantity - v_items)
        WHERE x.tenant_id = r.tenant_id AND x.return_id = r.return_id AND x.line_id = l.id;
    END LOOP;
END
$$;

-- A pending refund may still fail: only refunds that are done count, and only items that they refund in full.
CREATE OR REPLACE FUNCTION orders_v1.refunded_quantities(p_tenant integer, p_order bigint) RETURNS TABLE (line_id bigint, quantity bigint)
LANGUAGE sql STABLE AS $$
    SELECT l.id, least(s.quantity, orders_v1.items_paid_by(orders_v1.line_amount(l.subtotal, l.discount, l.tax, o.tax_inclusive), l.quantity, s.amount))::bigint
    FROM orders_v1.shares_of_lines(p_tenant, p_order, '{done}') AS s
    JOIN orders.order_line l ON l.tenant_id = p_tenant AND l.order_id = p_order AND l.id = s.line_id
    JOIN orders.orders o ON o.tenant_id = p_tenant AND o.id = p_order
$$;

COMMENT ON FUNCTION orders_v1.line_amount IS 'Internal: the amount paid for a line: after discount, including tax, in minor units';
COMMENT ON FUNCTION orders_v1.amount_of_items IS 'Internal: the amount of the first p_items items of a line';
COMMENT ON FUNCTION orders_v1.items_paid_by IS 'Internal: how many items of a line an amount refunds in full';
COMMENT ON FUNCTION orders_v1.reserve_refund_line IS
'Internal: reserves items of a line for a refund; returns {"id","quantity","amount"}. p_count NULL: all that are left. OR422
line_not_found, quantity_out_of_range';
COMMENT ON FUNCTION orders_v1.unrefunded IS
'Internal: the part of a payment that is neither refunded nor reserved by a pending refund';
COMMENT ON FUNCTION orders_v1.unrefunded_of IS
'Internal: the unrefunded part of the payments of an order, without surplus payments, which are refunded separately';
COMMENT ON FUNCTION orders_v1.refund_unit IS
'Internal: the smallest amount, in minor units, that all payments of an order with an unrefunded amount can refund. Refunds are
multiples of this amount';
COMMENT ON FUNCTION orders_v1.amount_of_lines IS 'Internal: the amount still to be refunded for the reserved lines';
COMMENT ON FUNCTION orders_v1.reserve_refund_lines IS
'Internal: reserves a list of lines for a refund; returns the lines and their amount. OR422 invalid_field, and those of reserve_refund_line';
COMMENT ON FUNCTION orders_v1.split_lines IS 'Internal: splits lines into the share that an amount refunds and the rest';
COMMENT ON FUNCTION orders_v1.shares_of_lines IS 'Internal: quantity and amount by line of the refunds of an order in these states';
COMMENT ON FUNCTION orders_v1.restore_refundable_lines IS 'Internal: releases the share of a failed refund on its lines and its return';
COMMENT ON FUNCTION orders_v1.refunded_quantities IS 'The quantity of each line of an order whose refund is done';
