-- SPDX-License-Identifier: Apache-2.0
-- Reports equal sums that are written by hand, over random orders, payments and refunds.
BEGIN;
\ir lib/shop.sql
\ir lib/goods.sql
SELECT no_plan();

SELECT setseed(0.42) \g (format=unaligned tuples_only=on) /dev/null
SELECT pg_temp.operator_put('products', 'lamp', '{"name": "Lamp", "tax_class": "std", "variants": [{"ref": "lamp", "name": "Lamp", "prices": {"USD": 1050, "EUR": 990}}]}') \g (format=unaligned tuples_only=on) /dev/null
SELECT pg_temp.operator_put('products', 'shade', '{"name": "Shade", "variants": [{"ref": "shade", "name": "Shade", "prices": {"USD": 333, "EUR": 301}}]}') \g (format=unaligned tuples_only=on) /dev/null
UPDATE tenant SET time_zone = 'Pacific/Auckland' WHERE id = 77;

CREATE FUNCTION pg_temp.random_order(i integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_order  bigint;
    v_method text := (ARRAY['bank_transfer', 'cod', 'manual', 'cash'])[1 + floor(random() * 4)];
    v_lines  jsonb;
BEGIN
    IF random() < 0.15 THEN
        RETURN pg_temp.buy('bob', CASE WHEN random() < 0.5 THEN 'free' ELSE 'taxed' END, p_method => 'manual', p_coupon => CASE WHEN random() < 0.3 THEN 'TEN' END);
    END IF;
    v_lines := CASE WHEN random() < 0.5 THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_object('product', 'shade', 'quantity', 1 + floor(random() * 5)::integer)) END
               || jsonb_build_array(jsonb_build_object('product', 'lamp', 'quantity', 1 + floor(random() * 4)::integer));
    RETURN pg_temp.order_it(jsonb_build_object('dialect', CASE WHEN random() < 0.7 THEN 'shop' ELSE 'customer' END, 'lines', v_lines, 'payment_method', v_method,
                                               'currency', CASE WHEN random() < 0.8 THEN 'USD' ELSE 'EUR' END, 'tax_inclusive', random() < 0.4)
                            || CASE WHEN random() < 0.5 THEN '{"shipping": {"courier": "JNE", "service": "REG", "price": 150}}'::jsonb ELSE '{}' END
                            || CASE WHEN random() < 0.3 THEN '{"voucher": "TEN"}'::jsonb ELSE '{}' END);
END
$$;

CREATE FUNCTION pg_temp.refund_some(p_order bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    o orders.orders;
    l orders.order_line;
BEGIN
    SELECT * INTO o FROM orders.orders WHERE tenant_id = 77 AND id = p_order;
    SELECT * INTO l FROM orders.order_line WHERE tenant_id = 77 AND order_id = p_order AND kind = 'product' AND refunded_quantity < quantity LIMIT 1;
    IF o.captured - o.refunded <= 1 THEN
        RETURN;
    ELSIF random() < 0.4 AND l.id IS NOT NULL THEN
        PERFORM orders_v1.refund(77, 'operator', 'operator', pg_temp.uid('olga'), 'refund', NULL, NULL, p_order, NULL,
                              jsonb_build_array(jsonb_build_object('id', l.id, 'quantity', 1)), NULL, NULL, NULL);
    ELSE
        PERFORM orders_v1.refund(77, 'operator', 'operator', pg_temp.uid('olga'), 'refund', NULL, NULL, p_order,
                              CASE WHEN random() < 0.6 THEN 1 + floor(random() * (o.captured - o.refunded - 1))::bigint END, NULL, 'x', NULL, NULL);
    END IF;
END
$$;

CREATE TEMPORARY TABLE made AS SELECT i, pg_temp.random_order(i) AS id FROM generate_series(1, 160) AS i;
SELECT pg_temp.pay(m.id) FROM made m JOIN orders o ON o.tenant_id = 77 AND o.id = m.id WHERE m.i % 4 <> 0 AND o.total > 0 \g (format=unaligned tuples_only=on) /dev/null
SELECT pg_temp.refund_some(m.id) FROM made m WHERE m.i % 3 = 0 \g (format=unaligned tuples_only=on) /dev/null
SELECT pg_temp.refund_some(m.id) FROM made m WHERE m.i % 6 = 0 \g (format=unaligned tuples_only=on) /dev/null
SELECT pg_temp.drop_it(NULL, m.id, 'operator') FROM made m JOIN orders o ON o.tenant_id = 77 AND o.id = m.id
WHERE m.i % 20 = 0 AND o.payment_state = 'unpaid' \g (format=unaligned tuples_only=on) /dev/null
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');

-- The same orders at random times of a year, some of them at the ends of the report and of a month in the time zone of the tenant.
SET LOCAL session_replication_role = replica;
CREATE FUNCTION pg_temp.some_time() RETURNS timestamptz LANGUAGE sql AS $$
    SELECT CASE WHEN random() < 0.3 THEN (ARRAY[timestamp '2026-03-01', '2026-04-01', '2026-04-16'])[1 + floor(random() * 3)] - (random() < 0.5)::integer * interval '1 microsecond'
                ELSE timestamp '2026-02-20' + random() * interval '80 days' END AT TIME ZONE 'Pacific/Auckland'
$$;
UPDATE orders o SET paid_at = pg_temp.some_time() WHERE o.tenant_id = 77 AND o.paid_at IS NOT NULL;
UPDATE event e SET created_at = o.paid_at FROM orders o WHERE e.tenant_id = 77 AND o.tenant_id = 77 AND o.id = e.subject_id AND e.types @> '{order.paid}';
UPDATE refund SET settled_at = pg_temp.some_time() WHERE tenant_id = 77 AND status = 'done';
SET LOCAL session_replication_role = origin;

CREATE FUNCTION pg_temp.local_day(p_at timestamptz) RETURNS date LANGUAGE sql AS $$ SELECT (p_at AT TIME ZONE 'Pacific/Auckland')::date $$;
CREATE FUNCTION pg_temp.within(p_at timestamptz) RETURNS boolean LANGUAGE sql AS $$ SELECT pg_temp.local_day(p_at) BETWEEN '2026-03-01' AND '2026-04-15' $$;
CREATE VIEW pg_temp.paid AS SELECT o.* FROM orders o WHERE o.tenant_id = 77 AND o.paid_at IS NOT NULL AND pg_temp.within(o.paid_at);
CREATE VIEW pg_temp.back AS SELECT f.*, o.api, coalesce(o.payment_channel, o.payment_method) AS channel FROM refund f JOIN orders o ON o.tenant_id = 77 AND o.id = f.order_id
WHERE f.tenant_id = 77 AND f.status = 'done' AND NOT f.surplus AND pg_temp.within(f.settled_at);
SELECT cmp_ok((SELECT count(*) FROM pg_temp.paid), '>', 30::bigint, 'many orders are paid in the period');
SELECT cmp_ok((SELECT count(*) FROM pg_temp.back), '>', 10::bigint, 'and many refunds are settled');
SELECT is((SELECT count(*) FROM orders WHERE tenant_id = 77 AND paid_at IS NOT NULL), (SELECT count(*) FROM event WHERE tenant_id = 77 AND types @> '{order.paid}'),
          'each paid order has one event of its payment');

-- Days, weeks and months.
SELECT results_eq(format($$
    SELECT period, currency, orders, subtotal, discount, tax, shipping, total, refunded, net FROM sales_report(77, '2026-03-01', '2026-04-15', %1$L, NULL, NULL, 10000)
    $$, u), format($$
    SELECT to_char(x.day, 'YYYY-MM-DD'), x.currency, sum(x.n)::bigint, sum(x.subtotal)::bigint, sum(x.discount)::bigint, sum(x.tax)::bigint, sum(x.shipping)::bigint, sum(x.total)::bigint,
           sum(x.refunded)::bigint, (sum(x.total) - sum(x.refunded))::bigint
    FROM (SELECT date_trunc(%1$L, pg_temp.local_day(paid_at)) AS day, currency::text, 1::bigint AS n, subtotal, discount, tax, shipping, total, 0 AS refunded FROM pg_temp.paid
          UNION ALL SELECT date_trunc(%1$L, pg_temp.local_day(settled_at)), currency, 0, 0, 0, 0, 0, 0, amount FROM pg_temp.back) AS x
    GROUP BY 1, 2 ORDER BY 1, 2$$, u), format('sales by %s equal the sums', u))
FROM unnest('{day,week,month}'::text[]) AS u;
SELECT results_eq($$SELECT channel, currency, orders, quantity, total, refunded FROM sales_report(77, '2026-03-01', '2026-04-15', 'channel', NULL, NULL, 10000)$$, $$
    SELECT x.channel, x.currency, sum(x.n)::bigint, sum(x.quantity)::bigint, sum(x.total)::bigint, sum(x.refunded)::bigint
    FROM (SELECT coalesce(payment_channel, payment_method) AS channel, currency::text, 1::bigint AS n, total, 0 AS refunded,
                 (SELECT coalesce(sum(quantity), 0) FROM order_line l WHERE l.tenant_id = 77 AND l.order_id = p.id AND l.kind IN ('product', 'plan')) AS quantity FROM pg_temp.paid p
          UNION ALL SELECT channel, currency, 0, 0, amount, 0 FROM pg_temp.back) AS x
    GROUP BY x.channel, x.currency ORDER BY x.channel COLLATE "C", x.currency COLLATE "C"$$, 'sales by channel equal the sums');
SELECT results_eq($$SELECT sum(total), sum(refunded), sum(orders) FROM sales_report(77, '2026-03-01', '2026-04-15', 'day', 'customer', 'EUR', 10000)$$,
    $$SELECT (SELECT sum(total) FROM pg_temp.paid WHERE api = 'customer' AND currency = 'EUR')::numeric,
             (SELECT coalesce(sum(amount), 0) FROM pg_temp.back WHERE api = 'customer' AND currency = 'EUR')::numeric,
             (SELECT count(*) FROM pg_temp.paid WHERE api = 'customer' AND currency = 'EUR')::numeric$$, 'api and currency are filters');

-- Products.
SELECT results_eq($$SELECT kind, product, currency, orders, quantity, subtotal, discount, tax FROM sales_report(77, '2026-03-01', '2026-04-15', 'product', NULL, NULL, 10000)
                    WHERE product IS NOT NULL AND orders > 0 ORDER BY product, currency$$, $$
    SELECT l.kind::text, l.item_ref, p.currency::text, count(DISTINCT p.id), sum(l.quantity)::bigint, sum(l.subtotal)::bigint, sum(l.discount)::bigint, sum(l.tax)::bigint
    FROM pg_temp.paid p JOIN order_line l ON l.tenant_id = 77 AND l.order_id = p.id AND l.kind IN ('product', 'plan', 'package')
    GROUP BY 1, 2, 3 ORDER BY 2, 3$$, 'sales by product equal the sums');
SELECT results_eq($$SELECT product, sum(refunded)::bigint FROM sales_report(77, '2026-03-01', '2026-04-15', 'product', NULL, NULL, 10000) WHERE product IS NOT NULL AND refunded > 0
                    GROUP BY 1 ORDER BY 1$$, $$
    SELECT l.item_ref, sum((e.line ->> 'amount')::bigint)::bigint FROM pg_temp.back b CROSS JOIN LATERAL jsonb_array_elements(b.lines) AS e (line)
    JOIN order_line l ON l.tenant_id = 77 AND l.order_id = b.order_id AND l.id = (e.line ->> 'id')::bigint GROUP BY 1 ORDER BY 1$$, 'refunds of lines belong to their products');
SELECT results_eq($$SELECT currency, sum(subtotal), sum(discount), sum(tax), sum(shipping), sum(total), sum(refunded), sum(net)
                    FROM sales_report(77, '2026-03-01', '2026-04-15', 'product', NULL, NULL, 10000) GROUP BY 1 ORDER BY 1$$,
                  $$SELECT currency, sum(subtotal), sum(discount), sum(tax), sum(shipping), sum(total), sum(refunded), sum(net)
                    FROM sales_report(77, '2026-03-01', '2026-04-15', 'month', NULL, NULL, 10000) GROUP BY 1 ORDER BY 1$$, 'products and months have the same sums');

-- Taxes.
SELECT results_eq($$SELECT period, key, rate_bp, currency, orders, tax FROM tax_report(77, '2026-03-01', '2026-04-15', 'month', NULL, 10000) WHERE orders > 0$$, $$
    SELECT to_char(date_trunc('month', pg_temp.local_day(p.paid_at)), 'YYYY-MM-DD'), t.key, t.rate_bp, p.currency::text, count(*), sum(t.amount)::bigint
    FROM pg_temp.paid p JOIN order_tax t ON t.tenant_id = 77 AND t.order_id = p.id GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4$$, 'taxes equal the sums');
SELECT results_eq($$SELECT sum(tax) FROM tax_report(77, '2026-03-01', '2026-04-15', 'day', NULL, 10000)$$,
                  $$SELECT sum(tax) FROM sales_report(77, '2026-03-01', '2026-04-15', 'day', NULL, NULL, 10000)$$, 'the taxes of all rates are the tax of the sales');
SELECT results_eq($$SELECT sum(refunded) FROM tax_report(77, '2026-01-01', '2026-12-31', 'month', NULL, 10000)$$, $$
    SELECT sum(floor(t.amount::numeric * least(f.amount, o.total) / o.total)) FROM (SELECT order_id, sum(amount) AS amount FROM refund
        WHERE tenant_id = 77 AND status = 'done' AND NOT surplus GROUP BY 1) AS f
    JOIN orders o ON o.tenant_id = 77 AND o.id = f.order_id JOIN order_tax t ON t.tenant_id = 77 AND t.order_id = o.id$$, 'refunded taxes add up to the share of the refunds');

-- Receivables.
SET LOCAL session_replication_role = replica;
UPDATE orders o SET created_at = now() - ((m.i - 1) * 2) * interval '1 day' - interval '1 minute' FROM made m WHERE o.tenant_id = 77 AND o.id = m.id;
SET LOCAL session_replication_role = origin;
SELECT results_eq($$SELECT from_days, currency, orders, amount, oldest_at FROM receivables_report(77, NULL, NULL)$$, $$
    SELECT CASE WHEN a < 8 THEN 0 WHEN a < 31 THEN 8 WHEN a < 61 THEN 31 WHEN a < 91 THEN 61 ELSE 91 END, currency::text, count(*), sum(total)::bigint, min(created_at)
    FROM (SELECT *, floor(extract(epoch FROM now() - created_at) / 86400) AS a FROM orders WHERE tenant_id = 77 AND state = 'open' AND payment_state IN ('unpaid', 'failed', 'confirming')
          AND total > 0 AND (expires_at IS NULL OR expires_at > now()) AND created_at >= now() - interval '400 days') AS x
    GROUP BY 1, 2 ORDER BY 1, 2$$, 'receivables by age equal the sums');
SELECT cmp_ok((SELECT count(DISTINCT from_days) FROM receivables_report(77, NULL, NULL)), '=', 5::bigint, 'every age has some');
SELECT cmp_ok((SELECT sum(orders) FROM receivables_report(77, (now() - interval '20 days')::date, NULL)), '<', (SELECT sum(orders) FROM receivables_report(77, NULL, NULL)), 'from is a filter');
SELECT is_empty($$SELECT * FROM receivables_report(77, NULL, 'GBP')$$, 'currency is a filter');

-- Bounds.
SELECT is(pg_temp.refusal($$SELECT sales_report(77, '2026-03-02', '2026-03-01', 'day', NULL, NULL, 10)$$), 'OR422 invalid_field to', 'the end is not before the start');
SELECT is(pg_temp.refusal($$SELECT tax_report(77, '2026-01-01', '2027-02-05', 'day', NULL, 10)$$), 'OR422 invalid_field to', '401 days are refused');
SELECT lives_ok($$SELECT sales_report(77, '2026-01-01', '2027-02-04', 'day', NULL, NULL, 10)$$, '400 days are accepted');
SELECT is((SELECT count(*) FROM sales_report(77, '2026-03-01', '2026-04-15', 'day', NULL, NULL, 3)), 3::bigint, 'the number of rows has a limit');
SELECT is_empty($$SELECT * FROM sales_report(1, '2026-03-01', '2026-04-15', 'day', NULL, NULL, 3) WHERE orders > 0 AND currency = 'USD' AND total = -1$$, 'another tenant has its own sales');

-- Low stock: the variants with counted stock.
SELECT results_eq($$SELECT id, available FROM low_stock_report(77, 6, 1000)$$, $$
    SELECT v.id, greatest(s.on_hand - s.reserved, 0) FROM stock s JOIN variant v ON v.tenant_id = 77 AND v.id = s.variant_id JOIN product p ON p.tenant_id = 77 AND p.id = v.product_id
    WHERE s.tenant_id = 77 AND s.counted AND v.active AND p.active AND s.on_hand - s.reserved <= 6 ORDER BY v.id DESC$$, 'variants with few available items');

SELECT * FROM finish();
ROLLBACK;
