-- SPDX-License-Identifier: Apache-2.0
-- Random sequences of payments, refunds, cancellations, shipments and returns of orders with counted stock. The invariants hold and
-- stock adds up after any sequence. The seed is printed; PROPERTY_SEED repeats a run, PROPERTY_STEPS sets the number of steps.
BEGIN;
\ir lib/shop.sql
\ir lib/goods.sql
SELECT no_plan();
\getenv seed PROPERTY_SEED
\if :{?seed}
\else
    SELECT floor(random() * 1000000)::integer AS seed \gset
\endif
\getenv steps PROPERTY_STEPS
\if :{?steps}
\else
    \set steps 1200
\endif
SELECT diag('PROPERTY_SEED=' || :seed);
SELECT setseed(:seed / 1000000.0) \g (format=unaligned) /dev/null

SELECT pg_temp.operator_put('companies', 'acme', '{"name": "Acme", "prefix": "ACME"}'),
       pg_temp.operator_put('memberships', 'm', '{"company": "acme", "user": "bob", "role": "salesperson"}'),
       pg_temp.operator_put('coupons', 'some', '{"code": "SOME", "amount": 250, "currency": "USD", "max_uses": 40, "max_uses_per_user": 40}') \g (format=unaligned tuples_only=on) /dev/null
SELECT pg_temp.operator_put('products', 'p' || n, jsonb_build_object('name', 'P' || n, 'returnable', true, 'tax_class', CASE WHEN n = 3 THEN 'std' END,
           'variants', jsonb_build_array(jsonb_build_object('ref', 'x', 'stock', 2000, 'prices', jsonb_build_object('USD', (ARRAY[0, 333, 1000, 2599])[n])))))
FROM generate_series(1, 4) AS n \g (format=unaligned tuples_only=on) /dev/null
SELECT count(*) FROM pg_temp.top_up('alice', 100000000) \g (format=unaligned) /dev/null

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

CREATE FUNCTION pg_temp.live(p_steps integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    o       orders.orders;
    v_what  text;
    v_wrong text;
BEGIN
    FOR n IN 1 .. p_steps LOOP
        IF n % 12 = 1 THEN
            INSERT INTO done VALUES ('place', pg_temp.try_to_place());
        END IF;
        SELECT x.* INTO o FROM (SELECT * FROM orders.orders WHERE tenant_id = 77 ORDER BY state NOT IN ('open', 'completed'), id DESC LIMIT 12) AS x
        ORDER BY random() LIMIT 1;
        IF n % 10 = 0 THEN
            SELECT x.* INTO o FROM orders.orders AS x WHERE x.tenant_id = 77 ORDER BY random() LIMIT 1;
        END IF;
        v_what := pg_temp.any_step(o);
        INSERT INTO done VALUES (v_what, pg_temp.try_step(o, v_what, n));
        IF n % 100 = 0 OR n = p_steps THEN
            SELECT string_agg(format('%s: order %s, %s', v.name, v.order_id, v.problem), E'\n') INTO v_wrong
            FROM orders_check.all_violations v WHERE v.tenant_id = 77;
            EXIT WHEN v_wrong IS NOT NULL;
        END IF;
    END LOOP;
    RETURN v_wrong;
END
$$;
SELECT is(pg_temp.live(:steps), NULL, :steps || ' steps violate nothing');

-- Each paid order of goods has a bill, and a document composed earlier equals one composed now.
SELECT cmp_ok((SELECT count(*) FROM bill_document WHERE tenant_id = 77), '>', 0::bigint, 'documents were composed during the run');
SELECT issue_bills(77, 10000) \g (format=unaligned) /dev/null
SELECT is_empty($$
    SELECT o.id FROM orders o
    JOIN order_history h ON h.tenant_id = 77 AND h.order_id = o.id AND h.axis = 'payment' AND h.to_state = 'paid' AND h.from_state <> 'refund_pending'
    LEFT JOIN bill b ON b.tenant_id = 77 AND b.order_id = o.id
    WHERE o.tenant_id = 77 AND o.fulfilment_state <> 'none' AND b.order_id IS NULL$$, 'every paid order of goods has a bill');
SELECT is((SELECT count(*) FROM bill WHERE tenant_id = 77), (SELECT max(sequence)::bigint FROM bill WHERE tenant_id = 77), 'no bill number is missing');
SELECT is_empty($$
    SELECT o.id, d.document FROM bill_document d
    JOIN bill b ON b.tenant_id = 77 AND b.order_id = d.order_id
    JOIN orders o ON o.tenant_id = 77 AND o.id = d.order_id
    WHERE d.tenant_id = 77 AND d.document <> as_bill(invoice_document(o, o.bill_no, b.snapshot))$$, 'a document does not depend on the time of composition');

-- Computed from the lines, not from the counters.
CREATE TEMP VIEW piece AS
    SELECT l.item_id, l.quantity - l.cancelled_quantity AS pieces,
           o.fulfilment_state IN ('shipped', 'out_for_delivery', 'delivered', 'returned')
           OR (o.fulfilment_state = 'none' AND EXISTS (SELECT FROM order_history h WHERE h.order_id = o.id AND h.to_state = 'completed')) AS gone,
           o.state = 'open' AND o.fulfilment_state IN ('none', 'pending', 'confirmed', 'packed') AS held
    FROM order_line l
    JOIN orders o ON o.tenant_id = 77 AND o.id = l.order_id
    WHERE l.tenant_id = 77 AND l.kind = 'product';
SELECT is_empty($$
    SELECT s.variant_id, s.on_hand, s.reserved, x.gone, x.held
    FROM stock s
    JOIN (SELECT item_id, coalesce(sum(pieces) FILTER (WHERE gone), 0) AS gone, coalesce(sum(pieces) FILTER (WHERE held AND NOT gone), 0) AS held
          FROM piece GROUP BY 1) AS x ON x.item_id = s.variant_id
    WHERE s.tenant_id = 77 AND (s.on_hand, s.reserved) <> (2000 - x.gone, x.held)$$, 'reserved items are still to be shipped, and missing items were shipped');
SELECT is_empty($$
    SELECT o.id, o.state, r.state FROM coupon_redemption r
    JOIN orders o ON o.tenant_id = 77 AND o.id = r.order_id
    WHERE r.tenant_id = 77 AND (r.state = 'released') <> (o.state IN ('cancelled', 'expired', 'error'))$$, 'exactly the closed orders have released their coupons');
SELECT is_empty($$
    SELECT id FROM orders WHERE tenant_id = 77 AND state = 'open' AND payment_state = 'refunded' AND fulfilment_state NOT IN ('shipped', 'out_for_delivery', 'delivered', 'returned')$$,
    'no order is open after a full refund before shipping');
SELECT is_empty($$
    SELECT l.id FROM order_line l
    WHERE l.tenant_id = 77 AND l.returned_quantity > l.quantity - l.cancelled_quantity$$, 'only shipped items are returned');
SELECT diag(string_agg(w.line, E'\n' ORDER BY w.line))
FROM (SELECT format('%s: %s', d.what, string_agg(d.code || ' ' || d.times, ', ' ORDER BY d.times DESC)) AS line
      FROM (SELECT what, code, count(*) AS times FROM done GROUP BY 1, 2) AS d GROUP BY d.what) AS w;
SELECT is_empty($$
    SELECT w.what FROM unnest('{place,pay,event,dashboard,refund,settle,go,send,cancel,late,return,resolve}'::text[]) AS w (what)
    WHERE NOT EXISTS (SELECT FROM done d WHERE d.what = w.what AND d.code = 'done')$$, 'each step succeeded for some order');
SELECT * FROM finish();
ROLLBACK;
