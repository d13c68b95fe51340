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

\ir lib/life.sql

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
