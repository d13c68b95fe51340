-- SPDX-License-Identifier: Apache-2.0
-- Random orders and random operations on them: \ir lib/life.sql after lib/shop.sql and lib/goods.sql, and after setseed(). The caller makes the company
-- acme with the salesperson bob, the coupon SOME and the products p1 to p4, and gives alice a balance.

CREATE FUNCTION pg_temp.any_of(VARIADIC p_words text[]) RETURNS text LANGUAGE sql AS $$
    SELECT p_words[1 + floor(random() * cardinality(p_words))::integer]
$$;

CREATE FUNCTION pg_temp.place_any() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_dialect text := pg_temp.any_of('shop', 'customer', 'commerce', 'user', 'company');
    v_method  text := pg_temp.any_of('balance', 'bank_transfer', 'external', 'cod', 'cash');
BEGIN
    PERFORM pg_temp.order_it(jsonb_strip_nulls(jsonb_build_object(
        'dialect', v_dialect, 'payment_method', v_method, 'payment_channel', CASE v_method WHEN 'external' THEN 'sim' END,
        'company', CASE v_dialect WHEN 'company' THEN 'acme' END, 'agent', CASE v_dialect WHEN 'company' THEN 'bob' END,
        'voucher', CASE WHEN random() < 0.4 THEN 'SOME' END, 'tax_inclusive', random() < 0.5,
        'shipping', CASE WHEN random() < 0.5 AND v_dialect <> 'company' THEN jsonb_build_object('courier', 'X', 'price', 150) END,
        'lines', (SELECT jsonb_agg(jsonb_build_object('product', 'p' || 1 + floor(random() * 4)::integer, 'quantity', 1 + floor(random() * 5)::integer))
                  FROM generate_series(1, 1 + floor(random() * 3)::integer)))));
END
$$;

-- A random refund of an order: the rest, an amount, or items of some lines.
CREATE FUNCTION pg_temp.refund_any(o orders.orders) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_actor text := pg_temp.any_of('operator', 'operator', 'seller');
BEGIN
    CASE pg_temp.any_of('all', 'amount', 'lines', 'lines')
        WHEN 'all' THEN
            RETURN pg_temp.create_refunds(o.id, p_actor => v_actor);
        WHEN 'amount' THEN
            RETURN pg_temp.create_refunds(o.id, 1 + floor(random() * (o.captured - o.refunded))::bigint, p_actor => v_actor);
        ELSE
            RETURN pg_temp.create_refunds(o.id, NULL, (
                SELECT jsonb_agg(jsonb_build_object('id', l.id, 'quantity', 1 + floor(random() * (l.quantity - l.refunded_quantity))::integer))
                FROM orders.order_line l
                WHERE l.tenant_id = 77 AND l.order_id = o.id AND l.kind IN ('product', 'shipping') AND l.refunded_quantity < l.quantity
                  AND random() < 0.7), p_actor => v_actor);
    END CASE;
END
$$;

-- A random step of an order.
CREATE FUNCTION pg_temp.step(o orders.orders, p_what text, n integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    CASE p_what
        WHEN 'pay' THEN
            RETURN pg_temp.pay(o.id, CASE WHEN random() < 0.2 THEN 'cash' END, 'ref ' || n);
        WHEN 'event' THEN
            RETURN pg_temp.hear('e' || n, pg_temp.any_of('paid', 'paid', 'failed', 'confirming'), o.id, o.total, 'tx-' || n);
        WHEN 'dashboard' THEN
            RETURN pg_temp.hear('e' || n, 'refunded', o.id, 1 + floor(random() * o.captured)::bigint, 'tx-' || n);
        WHEN 'refund' THEN
            RETURN pg_temp.refund_any(o);
        WHEN 'settle' THEN
            RETURN (SELECT outcome FROM orders_v1.settle_refund(77, 'worker', 'provider', NULL, NULL, NULL, NULL,
                (SELECT id FROM orders.refund WHERE tenant_id = 77 AND order_id = o.id AND status = 'pending' ORDER BY random() LIMIT 1),
                'rtx-' || n, random() < 0.7, 'no', 'no'));
        WHEN 'go' THEN
            RETURN pg_temp.go(o.id, CASE o.fulfilment_state
                WHEN 'pending' THEN pg_temp.any_of('confirmed', 'packed') WHEN 'confirmed' THEN 'packed' ELSE 'delivered' END);
        WHEN 'send' THEN
            RETURN pg_temp.send(o.id);
        WHEN 'cancel' THEN
            RETURN pg_temp.drop_it(CASE WHEN random() < 0.9 THEN 'alice' END, o.id, pg_temp.any_of('user', 'shop', 'customer', 'operator'));
        WHEN 'late' THEN
            IF orders_v1.can_expire(o) THEN
                PERFORM pg_temp.let_expire(o.id, now() - interval '1 second');
            END IF;
            RETURN orders_v1.expire_due(77, 100);
        WHEN 'bill' THEN
            RETURN CASE orders_v1.issue_bills(77, 3) WHEN 0 THEN 'unchanged' ELSE 'done' END;
        WHEN 'read' THEN
            RETURN (SELECT 'done' FROM orders_v1.read_bill(77, NULL, o.id));
        WHEN 'address' THEN
            RETURN (SELECT outcome FROM orders_v1.correct_address(77, 'operator', 'operator', NULL, 'address', NULL, NULL, o.id,
                jsonb_build_object('shipping_address', jsonb_build_object('city', 'C' || n % 3)), NULL));
        WHEN 'return' THEN
            RETURN (SELECT outcome FROM orders_v1.request_return(77, 'operator', 'operator', NULL, NULL, NULL, NULL, NULL, o.id, (
                SELECT jsonb_agg(jsonb_build_object('id', l.id)) FROM orders.order_line l
                WHERE l.tenant_id = 77 AND l.order_id = o.id AND l.kind = 'product' AND random() < 0.8), 'broken', NULL, NULL));
        ELSE
            RETURN (SELECT outcome FROM orders_v1.resolve_return(77, 'operator', 'operator', NULL, NULL, NULL, NULL,
                (SELECT id FROM orders.order_return WHERE tenant_id = 77 AND order_id = o.id ORDER BY random() LIMIT 1),
                pg_temp.any_of('approve', 'approve', 'receive', 'receive', 'refund', 'reject'), NULL, NULL));
    END CASE;
END
$$;

-- Usually a step that the states of the order allow, sometimes any step.
CREATE FUNCTION pg_temp.any_step(o orders.orders) RETURNS text LANGUAGE sql AS $$
    SELECT CASE
        WHEN random() < 0.2
            THEN pg_temp.any_of('pay', 'event', 'dashboard', 'refund', 'settle', 'go', 'send', 'cancel', 'late', 'return', 'resolve', 'bill', 'read', 'address')
        WHEN o.payment_state = 'refund_pending' THEN pg_temp.any_of('settle', 'settle', 'event', 'go')
        WHEN o.payment_state IN ('unpaid', 'confirming', 'failed') AND o.payment_method = 'cod' THEN pg_temp.any_of('go', 'go', 'send', 'pay', 'cancel')
        WHEN o.payment_state IN ('unpaid', 'confirming', 'failed')
            THEN CASE o.payment_method WHEN 'external' THEN pg_temp.any_of('event', 'event', 'event', 'pay', 'cancel', 'late') ELSE pg_temp.any_of('pay', 'pay', 'cancel') END
        WHEN o.fulfilment_state IN ('pending', 'confirmed', 'packed') THEN pg_temp.any_of('go', 'go', 'go', 'send', 'send', 'send', 'refund', 'refund', 'dashboard')
        WHEN o.fulfilment_state IN ('shipped', 'out_for_delivery') THEN pg_temp.any_of('go', 'go', 'refund', 'dashboard')
        WHEN o.fulfilment_state IN ('delivered', 'returned') THEN pg_temp.any_of('return', 'resolve', 'resolve', 'resolve', 'resolve', 'refund')
        ELSE pg_temp.any_of('refund', 'dashboard', 'resolve', 'settle', 'event') END
$$;

CREATE TEMP TABLE done (what text, code text);

-- Refusals are expected; any other error ends the test.
CREATE FUNCTION pg_temp.try_step(o orders.orders, p_what text, n integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_code text;
BEGIN
    v_code := pg_temp.step(o, p_what, n);
    RETURN CASE v_code WHEN 'unchanged' THEN v_code ELSE 'done' END;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_code = MESSAGE_TEXT;
    IF SQLSTATE NOT LIKE 'OR%' THEN
        RAISE NOTICE '% of order %', p_what, to_jsonb(o);
        RAISE;
    END IF;
    RETURN v_code;
END
$$;

CREATE FUNCTION pg_temp.try_to_place() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.place_any();
    RETURN 'done';
EXCEPTION WHEN SQLSTATE 'OR422' THEN
    RETURN SQLERRM;
END
$$;
