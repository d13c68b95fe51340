-- SPDX-License-Identifier: Apache-2.0
-- Lines, returns, shipments and packages of imported orders. imports.sql calls these functions.

-- Returns the ids of the lines. p_returned: the items of returns that are not rejected, by line.
CREATE OR REPLACE FUNCTION orders_v1.import_lines(o orders.orders, p_lines jsonb[], p_shares orders_v1.refund_shares, p_returned bigint[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    l           jsonb;
    x           orders.order_line;
    v_item      record;
    v_field     text;
    v_ids       bigint[] := '{}';
    v_shippable boolean := orders_v1.awaits_shipping(o);
BEGIN
    x.tenant_id := o.tenant_id;
    x.order_id := o.id;
    x.currency := o.currency;
    x.created_at := o.created_at;
    FOR n IN 1 .. cardinality(p_lines) LOOP
        l := p_lines[n];
        v_field := format('lines[%s].', n - 1);
        x.id := nextval('orders.order_line_id_seq');
        x.kind := coalesce(l ->> 'kind', 'product');
        x.item_ref := l ->> 'product';
        x.product_number := l ->> 'number';
        x.slug := l ->> 'slug';
        x.title := l ->> 'title';
        x.variant := l ->> 'variant';
        x.attributes := orders_v1.import_json(l, 'attributes');
        x.quantity := coalesce((l ->> 'quantity')::numeric, 1);
        x.unit_price := (l ->> 'unit_price')::numeric;
        x.list_price := coalesce((l ->> 'list_price')::numeric, x.unit_price);
        x.subtotal := x.quantity * x.unit_price;
        x.discount := coalesce((l ->> 'discount')::numeric, 0);
        x.tax := coalesce((l ->> 'tax')::numeric, 0);
        x.image := l ->> 'image';
        x.returnable := coalesce((l ->> 'returnable')::boolean, false);
        SELECT i.item, i.product, i.company INTO v_item FROM orders_v1.import_item(o.tenant_id, x.kind, x.item_ref, x.variant) AS i;
        x.item_id := v_item.item;
        x.snapshot := CASE WHEN x.kind = 'plan' THEN orders_v1.plan_snapshot_with_ids(o.tenant_id, orders_v1.import_json(l, 'snapshot'), v_item.item)
            ELSE orders_v1.snapshot_with_ids(orders_v1.import_json(l, 'snapshot'), x.attributes, v_item.item, v_item.product, v_item.company) END;
        x.metadata := orders_v1.import_json(l, 'metadata', '{}');
        x.refunded_amount := p_shares.line_amounts[n];
        x.refunded_quantity := orders_v1.import_number(l, 'refunded_quantity', v_field, 0, least(x.quantity, p_shares.line_items[n]),
                                                       least(x.quantity, p_shares.line_items[n]));
        x.cancelled_quantity := orders_v1.import_number(l, 'cancelled_quantity', v_field, 0, x.refunded_quantity, CASE
            WHEN x.kind = 'product' AND v_shippable THEN least(p_shares.done_items[n], x.refunded_quantity) ELSE 0 END);
        x.returned_quantity := p_returned[n];
        IF (x.refunded_amount > 0 AND x.refunded_amount > x.subtotal - x.discount + x.tax)
           OR x.refunded_amount < orders_v1.amount_of_items(orders_v1.line_amount(x.subtotal, x.discount, x.tax, o.tax_inclusive), x.quantity,
                                                            x.refunded_quantity) THEN
            PERFORM orders_v1.refuse_import('amount_mismatch', v_field || 'refunded_quantity', 'The refunds of the line do not fit its items.');
        ELSIF x.kind = 'product' AND (x.cancelled_quantity > p_shares.done_items[n] OR (v_shippable AND x.cancelled_quantity <> p_shares.done_items[n])) THEN
            PERFORM orders_v1.refuse_import('state_mismatch', v_field || 'cancelled_quantity', 'Items that were refunded before shipping are cancelled.');
        ELSIF x.returned_quantity > 0 AND (x.kind <> 'product' OR x.returned_quantity > x.quantity) THEN
            PERFORM orders_v1.refuse_import('state_mismatch', v_field || 'quantity', 'The returns have more items than the line.');
        END IF;
        INSERT INTO orders.order_line (
            tenant_id, order_id, id, kind, item_id, item_ref, product_number, slug, title, variant, attributes, quantity, unit_price, list_price,
            subtotal, discount, tax, currency, image, returnable, refunded_quantity, refunded_amount, cancelled_quantity, returned_quantity,
            snapshot, metadata, created_at)
        VALUES (
            x.tenant_id, x.order_id, x.id, x.kind, x.item_id, x.item_ref, x.product_number, x.slug, x.title, x.variant, x.attributes, x.quantity,
            x.unit_price, x.list_price, x.subtotal, x.discount, x.tax, x.currency, x.image, x.returnable, x.refunded_quantity, x.refunded_amount,
            x.cancelled_quantity, x.returned_quantity, x.snapshot, x.metadata, x.created_at);
        v_ids := v_ids || x.id;
    END LOOP;
    RETURN v_ids;
END
$$;

-- The items of returns that are not rejected, by line.
CREATE OR REPLACE FUNCTION orders_v1.import_returned(o orders.orders, p_returns jsonb[], p_lines integer, p_refunds jsonb[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    d       jsonb;
    e       jsonb;
    v_field text;
    v_line  integer;
    v_seen  integer[];
    v_items bigint;
    v_sums  bigint[] := array_fill(0::bigint, ARRAY[p_lines]);
BEGIN
    IF cardinality(p_returns) > 0 AND o.fulfilment_state NOT IN ('delivered', 'returned') THEN
        PERFORM orders_v1.refuse_import('state_mismatch', 'returns', 'Only delivered goods can be returned.');
    END IF;
    FOR n IN 1 .. cardinality(p_returns) LOOP
        d := p_returns[n];
        v_field := format('returns[%s].', n - 1);
        v_seen := '{}';
        IF (d ->> 'state' = 'refunded') <> (d ->> 'refund' IS NOT NULL) THEN
            PERFORM orders_v1.refuse_import('state_mismatch', v_field || 'refund', 'Exactly the returns that are refunded have a refund.');
        ELSIF d ->> 'refund' IS NOT NULL THEN
            e := p_refunds[orders_v1.import_number(d, 'refund', v_field, 1, greatest(cardinality(p_refunds), 1))];
            IF (e ->> 'return')::numeric IS DISTINCT FROM n OR e ->> 'status' NOT IN ('pending', 'done') THEN
                PERFORM orders_v1.refuse_import('state_mismatch', v_field || 'refund', 'The refund must be one of this return, and not failed.');
            END IF;
        END IF;
        IF cardinality(orders_v1.import_array(d, 'lines')) = 0 THEN
            PERFORM orders_v1.refuse_import('required_field', v_field || 'lines', 'A return has at least one line.');
        END IF;
        FOREACH e IN ARRAY orders_v1.import_array(d, 'lines') LOOP
            v_line := orders_v1.import_number(e, 'line', v_field || 'lines.', 1, p_lines);
            v_items := orders_v1.import_number(e, 'quantity', v_field || 'lines.', 1, 1000000000);
            PERFORM orders_v1.doc_integer(e, 'refunded', 0, v_items, v_field || 'lines.');
            IF v_line = ANY (v_seen) THEN
                PERFORM orders_v1.refuse_import('invalid_field', v_field || 'lines', 'Each line must be named only once.');
            END IF;
            v_seen := v_seen || v_line;
            IF d ->> 'state' <> 'rejected' THEN
                v_sums[v_line] := v_sums[v_line] + v_items;
            END IF;
        END LOOP;
    END LOOP;
    RETURN v_sums;
END
$$;

-- Returns the ids of the returns.
CREATE OR REPLACE FUNCTION orders_v1.import_returns(
    o orders.orders, p_returns jsonb[], p_refunds jsonb[], p_refund_ids bigint[], p_line_ids bigint[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    d         jsonb;
    v_field   text;
    v_id      bigint;
    v_ids     bigint[] := '{}';
    v_created timestamptz;
BEGIN
    FOR n IN 1 .. cardinality(p_returns) LOOP
        d := p_returns[n];
        v_field := format('returns[%s].', n - 1);
        v_created := orders_v1.import_time(d, 'created_at', v_field, coalesce(o.updated_at, o.paid_at, o.created_at));
        INSERT INTO orders.order_return (tenant_id, order_id, state, reason, refund_id, created_at, updated_at)
        VALUES (o.tenant_id, o.id, d ->> 'state', coalesce(d ->> 'reason', 'returned'), p_refund_ids[(d ->> 'refund')::numeric::integer], v_created,
                orders_v1.import_time(d, 'updated_at', v_field, v_created))
        RETURNING id INTO v_id;
        INSERT INTO orders.return_line (tenant_id, return_id, order_id, line_id, quantity, refunded)
        SELECT o.tenant_id, v_id, o.id, p_line_ids[(e.value ->> 'line')::numeric::integer], (e.value ->> 'quantity')::numeric::integer,
               coalesce(e.value ->> 'refunded', CASE WHEN d ->> 'state' = 'refunded' THEN e.value ->> 'quantity' END, '0')::numeric::integer
        FROM jsonb_array_elements(d -> 'lines') AS e;
        v_ids := v_ids || v_id;
    END LOOP;
    FOR n IN 1 .. cardinality(p_refunds) LOOP
        IF p_refunds[n] ->> 'return' IS NOT NULL THEN
            UPDATE orders.refund r SET return_id = v_ids[(p_refunds[n] ->> 'return')::numeric::integer]
            WHERE r.tenant_id = o.tenant_id AND r.id = p_refund_ids[n];
        END IF;
    END LOOP;
    RETURN v_ids;
END
$$;

-- Goods that are to be delivered have a shipment, planned or made.
CREATE OR REPLACE FUNCTION orders_v1.import_shipment(o orders.orders, p_shipments jsonb[], OUT shipped timestamptz, OUT delivered timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
    d          jsonb   := coalesce(p_shipments[1], '{}');
    v_shipped  boolean := orders_v1.is_shipped(o);
    v_arrived  boolean := o.fulfilment_state IN ('delivered', 'returned');
    v_status   text;
    v_id       bigint;
    v_tracking jsonb[] := orders_v1.import_array(d, 'tracking');
    v_at       timestamptz;
BEGIN
    IF cardinality(p_shipments) = 0 AND o.fulfilment_state = 'none' THEN
        RETURN;
    ELSIF cardinality(p_shipments) > 1 THEN
        PERFORM orders_v1.refuse_import('invalid_field', 'shipments', 'An order has at most one shipment.');
    END IF;
    shipped := orders_v1.import_time(d, 'shipped_at', 'shipments[0].', CASE WHEN v_shipped THEN coalesce(o.paid_at, o.created_at) END);
    delivered := orders_v1.import_time(d, 'delivered_at', 'shipments[0].', CASE WHEN v_arrived THEN greatest(shipped, o.updated_at) END);
    v_status := coalesce(d ->> 'status', CASE WHEN v_arrived THEN 'delivered' WHEN v_shipped THEN 'picked_up' ELSE 'planned' END);
    IF (shipped IS NOT NULL) <> v_shipped THEN
        PERFORM orders_v1.refuse_import('state_mismatch', 'shipments[0].shipped_at', 'The goods are not shipped.');
    ELSIF (delivered IS NOT NULL) <> v_arrived THEN
        PERFORM orders_v1.refuse_import('state_mismatch', 'shipments[0].delivered_at', 'The goods are not delivered.');
    ELSIF (v_status = 'planned') = v_shipped THEN
        PERFORM orders_v1.refuse_import('state_mismatch', 'shipments[0].status', 'A shipment is planned until it is shipped.');
    END IF;
    INSERT INTO orders.shipment (tenant_id, order_id, status, courier, service, tracking_number, tracking_url, estimated_delivery, expected_at,
                                 shipped_at, delivered_at, created_at, updated_at)
    VALUES (o.tenant_id, o.id, v_status, d ->> 'courier', d ->> 'service', d ->> 'tracking_number', d ->> 'tracking_url', d ->> 'estimated_delivery',
            orders_v1.import_time(d, 'expected_at', 'shipments[0].', NULL, true), shipped, delivered, o.created_at,
            orders_v1.import_time(d, 'updated_at', 'shipments[0].', coalesce(delivered, shipped, o.created_at)))
    RETURNING id INTO v_id;
    FOR n IN 1 .. cardinality(v_tracking) LOOP
        v_at := orders_v1.import_time(v_tracking[n], 'at', format('shipments[0].tracking[%s].', n - 1), NULL, true);
        IF v_at > now() + interval '1 day' THEN
            PERFORM orders_v1.refuse_import('invalid_field', format('shipments[0].tracking[%s].at', n - 1), 'Must be from 1970 to one day from now.');
        END IF;
        INSERT INTO orders.shipment_event (tenant_id, order_id, shipment_id, status, location, description, at, withdrawn_at, created_at)
        VALUES (o.tenant_id, o.id, v_id, v_tracking[n] ->> 'status', v_tracking[n] ->> 'location', v_tracking[n] ->> 'description', v_at,
                orders_v1.import_time(v_tracking[n], 'withdrawn_at', format('shipments[0].tracking[%s].', n - 1)), least(v_at, now()));
    END LOOP;
END
$$;

-- The term belongs to the order. The current package of the member does not change: it is an entry of the catalogue (kind members).
CREATE OR REPLACE FUNCTION orders_v1.import_package(o orders.orders, d jsonb, p_lines jsonb[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    q       orders.package_order;
    t       jsonb   := orders_v1.import_json(d, 'term');
    v_count integer := 0;
    v_valid boolean;
BEGIN
    FOR n IN 1 .. cardinality(p_lines) LOOP
        v_count := v_count + coalesce(p_lines[n] ->> 'kind' = 'package', false)::integer;
    END LOOP;
    IF v_count = 0 AND d IS NULL THEN
        RETURN;
    ELSIF v_count <> 1 OR cardinality(p_lines) <> 1 OR (p_lines[1] ->> 'quantity')::numeric <> 1 OR o.buyer_id IS NULL THEN
        PERFORM orders_v1.refuse_import('invalid_field', 'package', 'The order of a package has a user and one line, the package, with the quantity 1.');
    END IF;
    SELECT l.item_id INTO q.package_id FROM orders.order_line l
    WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id AND l.kind = 'package';
    IF q.package_id IS NULL THEN
        PERFORM orders_v1.refuse_import('package_not_found', 'lines[0].product', 'There is no such package. Create it in the catalogue first.');
    ELSIF orders_v1.awaits_payment(o.state, o.payment_state) THEN
        PERFORM orders_v1.lock_member(o.tenant_id, o.buyer_id);
        IF EXISTS (SELECT FROM orders.package_order y
                   JOIN orders.orders x ON x.tenant_id = o.tenant_id AND x.id = y.order_id
                   WHERE y.tenant_id = o.tenant_id AND y.user_id = o.buyer_id AND orders_v1.is_payable(x.state, x.payment_state, x.expires_at)) THEN
            PERFORM orders_v1.refuse_import('state_mismatch', 'payment_state', 'The user has another unpaid order of a package.');
        END IF;
    END IF;
    INSERT INTO orders.package_order (tenant_id, order_id, user_id, kind, package_id, duration_unit, duration_value)
    VALUES (o.tenant_id, o.id, o.buyer_id, coalesce(d ->> 'kind', 'purchase'), q.package_id, d ->> 'duration_unit', (d ->> 'duration_value')::numeric);
    v_valid := o.state <> 'cancelled' AND o.payment_state IN ('paid', 'partially_refunded', 'refund_pending');
    IF t IS NULL AND o.state = 'completed' AND orders_v1.has_unrefunded_money(o.payment_state) THEN
        PERFORM orders_v1.refuse_import('required_field', 'package.term', 'A completed order of a package has the term that it granted.');
    ELSIF t IS NOT NULL AND v_valid <> (t ->> 'revoked_at' IS NULL) THEN
        PERFORM orders_v1.refuse_import('state_mismatch', 'package.term.revoked_at', 'A term is revoked exactly if its order is cancelled or not paid any more.');
    ELSIF t IS NOT NULL AND o.state <> 'completed' AND orders_v1.has_unrefunded_money(o.payment_state) AND o.state <> 'cancelled' THEN
        PERFORM orders_v1.refuse_import('state_mismatch', 'package.term', 'An order that granted its package is completed.');
    ELSIF t IS NOT NULL THEN
        INSERT INTO orders.package_term (tenant_id, user_id, package_id, starts_at, ends_at, anchor_day, duration_unit, duration_value, order_id,
                                         revoked_at, created_at)
        SELECT o.tenant_id, o.buyer_id, q.package_id, x.starts_at, orders_v1.import_time(t, 'ends_at', 'package.term.', NULL, true),
               coalesce((t ->> 'anchor_day')::numeric, extract(day FROM orders_v1.local_time(o.tenant_id, x.starts_at))), d ->> 'duration_unit',
               (d ->> 'duration_value')::numeric, o.id, orders_v1.import_time(t, 'revoked_at', 'package.term.'), coalesce(o.paid_at, o.created_at)
        FROM orders_v1.import_time(t, 'starts_at', 'package.term.', coalesce(o.paid_at, o.created_at), true) AS x (starts_at);
    END IF;
END
$$;

COMMENT ON FUNCTION orders_v1.import_lines IS 'Internal: stores the lines of an imported order; returns their ids. OR422 amount_mismatch, state_mismatch, invalid_field';
COMMENT ON FUNCTION orders_v1.import_returned IS
'Internal: checks the returns of an imported order; returns the returned items of each line. OR422 state_mismatch, required_field, invalid_field';
COMMENT ON FUNCTION orders_v1.import_returns IS 'Internal: stores the returns of an imported order; returns their ids. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.import_shipment IS
'Internal: stores the shipment of an imported order; returns when it was shipped and delivered. OR422 state_mismatch, invalid_field';
COMMENT ON FUNCTION orders_v1.import_package IS
'Internal: stores purpose and term of an imported order of a package. Locks the member if the order is unpaid. OR422 package_not_found, required_field,
state_mismatch, invalid_field';
