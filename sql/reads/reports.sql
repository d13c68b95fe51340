-- SPDX-License-Identifier: Apache-2.0
-- Reports. An order is a sale of the day on which it was paid: the time of the event order.paid, which an order has at most once. A refund
-- belongs to the day on which it was settled. Surplus payments and their refunds are not sales, nor is money of an order that was closed
-- before it was paid. Days are those of the tenant's time zone. docs/reports.md has the definitions.

CREATE OR REPLACE FUNCTION orders_v1.report_start(p_tenant integer, p_from date, p_to date) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_to < p_from THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must not be before from.', 'to');
    ELSIF p_to - p_from > 399 THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be less than 400 days after from.', 'to');
    END IF;
    RETURN orders_v1.span_start(p_tenant, NULL, p_from);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.sales_by_period(
    p_tenant integer, p_from timestamptz, p_to timestamptz, p_by text, p_api text, p_currency text, p_zone text, p_limit integer
) RETURNS SETOF orders_v1.sales_row LANGUAGE plpgsql STABLE AS $$
DECLARE
    r orders_v1.sales_row;
BEGIN
    FOR r IN
        SELECT x.period, NULL, NULL, NULL, x.channel, x.currency, sum(x.orders), sum(x.quantity), sum(x.subtotal), sum(x.discount), sum(x.tax),
               sum(x.shipping), sum(x.total), sum(x.refunded), sum(x.total) - sum(x.refunded)
        FROM (SELECT CASE WHEN p_by <> 'channel' THEN to_char(date_trunc(p_by, e.created_at AT TIME ZONE p_zone), 'YYYY-MM-DD') END AS period,
                     CASE WHEN p_by = 'channel' THEN coalesce(o.payment_channel, o.payment_method) END AS channel,
                     o.currency, 1 AS orders,
                     (SELECT coalesce(sum(l.quantity), 0) FROM orders.order_line l
                      WHERE l.tenant_id = p_tenant AND l.order_id = o.id AND l.kind IN ('plan', 'product', 'package')) AS quantity,
                     o.subtotal, o.discount, o.tax, o.shipping, o.total, 0 AS refunded
              FROM orders.event e
              JOIN orders.orders o ON o.tenant_id = p_tenant AND o.id = e.subject_id
              WHERE e.tenant_id = p_tenant AND e.types @> '{order.paid}' AND e.created_at >= p_from AND e.created_at < p_to
                AND (p_api IS NULL OR o.api = p_api) AND (p_currency IS NULL OR o.currency = p_currency)
              UNION ALL
              SELECT CASE WHEN p_by <> 'channel' THEN to_char(date_trunc(p_by, f.settled_at AT TIME ZONE p_zone), 'YYYY-MM-DD') END,
                     CASE WHEN p_by = 'channel' THEN coalesce(o.payment_channel, o.payment_method) END,
                     o.currency, 0, 0, 0, 0, 0, 0, 0, f.amount
              FROM orders.refund f
              JOIN orders.orders o ON o.tenant_id = p_tenant AND o.id = f.order_id
              WHERE f.tenant_id = p_tenant AND f.status = 'done' AND NOT f.surplus AND f.settled_at >= p_from AND f.settled_at < p_to
                AND (p_api IS NULL OR o.api = p_api) AND (p_currency IS NULL OR o.currency = p_currency)
                AND EXISTS (SELECT FROM orders.event e
                            WHERE e.tenant_id = p_tenant AND e.subject = 'order' AND e.subject_id = f.order_id
                              AND e.types @> '{order.paid}')) AS x
        GROUP BY x.period, x.channel, x.currency
        ORDER BY x.period COLLATE "C", x.channel COLLATE "C", x.currency COLLATE "C"
        LIMIT p_limit
    LOOP
        RETURN NEXT r;
    END LOOP;
END
$$;

-- The rows without a product have what lines do not have: shipping, and refunds of an amount without lines.
CREATE OR REPLACE FUNCTION orders_v1.sales_by_product(
    p_tenant integer, p_from timestamptz, p_to timestamptz, p_api text, p_currency text, p_limit integer
) RETURNS SETOF orders_v1.sales_row LANGUAGE plpgsql STABLE AS $$
DECLARE
    r orders_v1.sales_row;
BEGIN
    FOR r IN
        WITH sale AS MATERIALIZED (
            SELECT o.id, o.currency, o.tax_inclusive, o.subtotal, o.discount, o.tax, o.shipping, o.total
            FROM orders.event e
            JOIN orders.orders o ON o.tenant_id = p_tenant AND o.id = e.subject_id
            WHERE e.tenant_id = p_tenant AND e.types @> '{order.paid}' AND e.created_at >= p_from AND e.created_at < p_to
              AND (p_api IS NULL OR o.api = p_api) AND (p_currency IS NULL OR o.currency = p_currency)
        ), sold AS MATERIALIZED (
            SELECT l.kind, l.item_ref, l.title, s.id, s.currency, l.quantity, l.subtotal, l.discount, l.tax,
                   l.subtotal - l.discount + CASE WHEN s.tax_inclusive THEN 0 ELSE l.tax END AS total
            FROM sale s
            JOIN orders.order_line l ON l.tenant_id = p_tenant AND l.order_id = s.id AND l.kind IN ('plan', 'product', 'package')
        ), refund AS MATERIALIZED (
            SELECT f.order_id, o.currency, f.amount, f.lines
            FROM orders.refund f
            JOIN orders.orders o ON o.tenant_id = p_tenant AND o.id = f.order_id
            WHERE f.tenant_id = p_tenant AND f.status = 'done' AND NOT f.surplus AND f.settled_at >= p_from AND f.settled_at < p_to
              AND (p_api IS NULL OR o.api = p_api) AND (p_currency IS NULL OR o.currency = p_currency)
              AND EXISTS (SELECT FROM orders.event e
                          WHERE e.tenant_id = p_tenant AND e.subject = 'order' AND e.subject_id = f.order_id AND e.types @> '{order.paid}')
        ), refunded AS MATERIALIZED (
            SELECT l.kind, l.item_ref, l.title, f.order_id AS id, f.currency, (e.line ->> 'amount')::bigint AS amount
            FROM refund f
            CROSS JOIN LATERAL jsonb_array_elements(f.lines) AS e (line)
            JOIN orders.order_line l ON l.tenant_id = p_tenant AND l.order_id = f.order_id AND l.id = (e.line ->> 'id')::bigint
        )
        SELECT NULL, x.kind, x.item_ref, (array_agg(x.title ORDER BY x.id DESC NULLS LAST))[1], NULL, x.currency, count(DISTINCT x.sale),
               sum(x.quantity), sum(x.subtotal), sum(x.discount), sum(x.tax), sum(x.shipping), sum(x.total), sum(x.refunded),
               sum(x.total) - sum(x.refunded)
        FROM (SELECT s.kind, s.item_ref, s.title, s.id, s.id AS sale, s.currency, s.quantity, s.subtotal, s.discount, s.tax, 0 AS shipping, s.total,
                     0 AS refunded
              FROM sold s
              UNION ALL
              SELECT f.kind, f.item_ref, f.title, f.id, NULL, f.currency, 0, 0, 0, 0, 0, 0, f.amount FROM refunded f
              UNION ALL
              SELECT NULL, NULL, NULL, NULL, NULL, w.currency, 0, sum(w.subtotal), sum(w.discount), sum(w.tax), sum(w.shipping), sum(w.total),
                     sum(w.refunded)
              FROM (SELECT s.currency, s.subtotal, s.discount, s.tax, s.shipping, s.total, 0 AS refunded FROM sale s
                    UNION ALL
                    SELECT s.currency, -s.subtotal, -s.discount, -s.tax, 0, -s.total, 0 FROM sold s
                    UNION ALL
                    SELECT f.currency, 0, 0, 0, 0, 0, f.amount FROM refund f
                    UNION ALL
                    SELECT f.currency, 0, 0, 0, 0, 0, -f.amount FROM refunded f) AS w
              GROUP BY w.currency
              HAVING sum(w.subtotal) <> 0 OR sum(w.discount) <> 0 OR sum(w.tax) <> 0 OR sum(w.shipping) <> 0 OR sum(w.total) <> 0
                     OR sum(w.refunded) <> 0) AS x
        GROUP BY x.kind, x.item_ref, x.currency
        ORDER BY sum(x.total) DESC, x.kind COLLATE "C", x.item_ref COLLATE "C", x.currency COLLATE "C"
        LIMIT p_limit
    LOOP
        RETURN NEXT r;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.sales_report(
    p_tenant integer, p_from date, p_to date, p_by text, p_api text, p_currency text, p_limit integer
) RETURNS SETOF orders_v1.sales_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET jit = off AS $$
DECLARE
    v_from timestamptz := report_start(p_tenant, p_from, p_to);
    v_to   timestamptz := span_end(p_tenant, NULL, p_to + 1);
    r      orders_v1.sales_row;
BEGIN
    IF p_by = 'product' THEN
        FOR r IN SELECT s.* FROM sales_by_product(p_tenant, v_from, v_to, p_api, p_currency, p_limit) AS s LOOP
            RETURN NEXT r;
        END LOOP;
        RETURN;
    END IF;
    FOR r IN
        SELECT s.* FROM sales_by_period(p_tenant, v_from, v_to, p_by, p_api, p_currency, (SELECT t.time_zone FROM tenant t WHERE t.id = p_tenant),
                                        p_limit) AS s
    LOOP
        RETURN NEXT r;
    END LOOP;
END
$$;

-- The tax of a part of an order's total, rounded down: the parts of all refunds add up to the tax of what was refunded.
CREATE OR REPLACE FUNCTION orders_v1.tax_of_part(p_tax bigint, p_part bigint, p_total bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT div(p_tax::numeric * least(p_part, p_total), nullif(p_total, 0))::bigint
$$;

CREATE OR REPLACE FUNCTION orders_v1.tax_report(
    p_tenant integer, p_from date, p_to date, p_by text, p_currency text, p_limit integer
) RETURNS SETOF orders_v1.tax_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET jit = off AS $$
DECLARE
    v_from timestamptz := report_start(p_tenant, p_from, p_to);
    v_to   timestamptz := span_end(p_tenant, NULL, p_to + 1);
    v_zone text        := (SELECT t.time_zone FROM tenant t WHERE t.id = p_tenant);
    r      orders_v1.tax_row;
BEGIN
    FOR r IN
        WITH refunded AS MATERIALIZED (
            SELECT f.order_id, f.settled_at, o.total, f.amount, o.currency,
                   (SELECT coalesce(sum(b.amount), 0) FROM refund b
                    WHERE b.tenant_id = p_tenant AND b.order_id = f.order_id AND b.status = 'done' AND NOT b.surplus
                      AND (b.settled_at, b.id) < (f.settled_at, f.id))::bigint AS before
            FROM refund f
            JOIN orders o ON o.tenant_id = p_tenant AND o.id = f.order_id
            WHERE f.tenant_id = p_tenant AND f.status = 'done' AND NOT f.surplus AND f.settled_at >= v_from AND f.settled_at < v_to
              AND (p_currency IS NULL OR o.currency = p_currency)
              AND EXISTS (SELECT FROM event e
                          WHERE e.tenant_id = p_tenant AND e.subject = 'order' AND e.subject_id = f.order_id AND e.types @> '{order.paid}')
        )
        SELECT to_char(date_trunc(p_by, x.at AT TIME ZONE v_zone), 'YYYY-MM-DD') AS period, x.key, x.rate_bp, x.currency, sum(x.orders), sum(x.tax),
               sum(x.refunded), sum(x.tax) - sum(x.refunded)
        FROM (SELECT e.created_at AS at, w.key, w.rate_bp, o.currency, 1 AS orders, w.amount AS tax, 0 AS refunded
              FROM event e
              JOIN orders o ON o.tenant_id = p_tenant AND o.id = e.subject_id
              JOIN order_tax w ON w.tenant_id = p_tenant AND w.order_id = o.id
              WHERE e.tenant_id = p_tenant AND e.types @> '{order.paid}' AND e.created_at >= v_from AND e.created_at < v_to
                AND (p_currency IS NULL OR o.currency = p_currency)
              UNION ALL
              SELECT f.settled_at, w.key, w.rate_bp, f.currency, 0, 0,
                     coalesce(tax_of_part(w.amount, f.before + f.amount, f.total) - tax_of_part(w.amount, f.before, f.total), 0)
              FROM refunded f
              JOIN order_tax w ON w.tenant_id = p_tenant AND w.order_id = f.order_id) AS x
        GROUP BY 1, x.key, x.rate_bp, x.currency
        ORDER BY 1, x.key COLLATE "C", x.rate_bp, x.currency COLLATE "C"
        LIMIT p_limit
    LOOP
        RETURN NEXT r;
    END LOOP;
END
$$;

-- The times are bounds of a scan of orders_by_created: states of orders have no index.
CREATE OR REPLACE FUNCTION orders_v1.receivables_report(p_tenant integer, p_from date, p_currency text) RETURNS SETOF orders_v1.receivable_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET jit = off AS $$
DECLARE
    v_from timestamptz := coalesce(span_start(p_tenant, NULL, p_from), now() - interval '400 days');
    r      orders_v1.receivable_row;
BEGIN
    FOR r IN
        SELECT a.from_days, a.to_days, o.currency, count(*), sum(o.total - o.captured), min(o.created_at)
        FROM orders o
        JOIN (VALUES (0, 7), (8, 30), (31, 60), (61, 90), (91, NULL)) AS a (from_days, to_days)
            ON o.created_at <= now() - make_interval(hours => 24 * a.from_days)
               AND (a.to_days IS NULL OR o.created_at > now() - make_interval(hours => 24 * (a.to_days + 1)))
        WHERE o.tenant_id = p_tenant AND o.created_at >= v_from AND awaits_payment(o.state, o.payment_state)
          AND (o.expires_at IS NULL OR o.expires_at > now()) AND o.total > o.captured AND (p_currency IS NULL OR o.currency = p_currency)
        GROUP BY a.from_days, a.to_days, o.currency
        ORDER BY a.from_days, o.currency COLLATE "C"
    LOOP
        RETURN NEXT r;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.low_stock_report(p_tenant integer, p_at_most integer, p_limit integer) RETURNS SETOF orders_v1.stock_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET jit = off AS $$
DECLARE
    r        orders_v1.stock_view;
    v_found  integer := 0;
    v_before bigint;
BEGIN
    LOOP
        r := NULL;
        FOR r IN SELECT s.* FROM list_stock(p_tenant, NULL, NULL, NULL, p_at_most, true, p_limit - v_found, v_before) AS s LOOP
            v_before := r.id;
            IF r.product IS NOT NULL THEN
                v_found := v_found + 1;
                RETURN NEXT r;
            END IF;
        END LOOP;
        EXIT WHEN v_found >= p_limit OR r.id IS NULL OR r.product IS NOT NULL;
    END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.sales_report(integer, date, date, text, text, text, integer),
    orders_v1.tax_report(integer, date, date, text, text, integer),
    orders_v1.receivables_report(integer, date, text),
    orders_v1.low_stock_report(integer, integer, integer)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.report_start IS
'Internal: the start of a report of the days p_from to p_to, both inclusive. OR422 invalid_field (period of 400 days or more)';
COMMENT ON FUNCTION orders_v1.sales_by_period IS 'Internal: sales by day, week, month or channel';
COMMENT ON FUNCTION orders_v1.sales_by_product IS 'Internal: sales by product, plan or package, by total in descending order';
COMMENT ON FUNCTION orders_v1.sales_report IS
'Sales and refunds of the days p_from to p_to by day, week (from Monday), month, product or channel, and currency. p_api, p_currency: NULL
for all. At most p_limit rows. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.tax_of_part IS 'Internal: the tax in a part of an order''s total, rounded down; NULL for an order without a total';
COMMENT ON FUNCTION orders_v1.tax_report IS
'Taxes of the sales of the days p_from to p_to, and of their refunds, by period, key, rate and currency. At most p_limit rows. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.receivables_report IS
'Amounts of orders that await payment, by days since they were placed, and currency. p_from: the first day on which they were placed (NULL:
400 days ago)';
COMMENT ON FUNCTION orders_v1.low_stock_report IS
'Counted variants on sale with at most p_at_most available items, newest first; at most p_limit rows';
