-- SPDX-License-Identifier: Apache-2.0
-- One view per invariant: (tenant_id, order_id, problem). A view without rows means that the invariant holds. The views read
-- whole tables.

-- The views are dropped first: CREATE OR REPLACE cannot remove the columns of an existing view.
DO $$
DECLARE
    v_views text;
BEGIN
    SELECT string_agg(c.oid::regclass::text, ', ') INTO v_views FROM pg_class c
    WHERE c.relnamespace = 'orders_check'::regnamespace AND c.relkind = 'v';
    IF v_views IS NOT NULL THEN
        EXECUTE 'DROP VIEW ' || v_views;
    END IF;
END
$$;

CREATE VIEW orders_check.balances_equal_postings AS
WITH sides AS (
    SELECT p.tenant_id, p.debit_user_id AS user_id, p.currency, -p.amount AS amount FROM orders.posting p
    WHERE p.debit_user_id IS NOT NULL
    UNION ALL
    SELECT p.tenant_id, p.credit_user_id, p.currency, p.amount FROM orders.posting p
    WHERE p.credit_user_id IS NOT NULL
), sums AS (
    SELECT s.tenant_id, s.user_id, s.currency, sum(s.amount) AS amount FROM sides s GROUP BY 1, 2, 3
)
SELECT coalesce(a.tenant_id, s.tenant_id) AS tenant_id, NULL::bigint AS order_id,
       format('user %s has %s %s, the ledger has %s', coalesce(a.user_id, s.user_id), a.balance,
              coalesce(a.currency, s.currency), coalesce(s.amount, 0)) AS problem
FROM orders.account a
FULL JOIN sums s ON s.tenant_id = a.tenant_id AND s.user_id = a.user_id AND s.currency = a.currency
WHERE coalesce(a.balance, 0) <> coalesce(s.amount, 0)
UNION ALL
SELECT p.tenant_id, p.order_id, format('ledger entry %s has only one side', p.id)
FROM orders.posting p
WHERE num_nonnulls(p.debit_user_id, p.debit_house) <> 1 OR num_nonnulls(p.credit_user_id, p.credit_house) <> 1
UNION ALL
SELECT r.tenant_id, NULL, format('ledger entry %s leaves user %s with %s, the ledger has %s', r.id, r.user_id, r.after, r.amount)
FROM (
    SELECT p.tenant_id, p.id, u.user_id, u.after,
           sum(u.amount) OVER (PARTITION BY p.tenant_id, u.user_id, p.currency ORDER BY p.id) AS amount
    FROM orders.posting p
    CROSS JOIN LATERAL (VALUES (p.debit_user_id, -p.amount, p.debit_balance_after),
                               (p.credit_user_id, p.amount, p.credit_balance_after)) AS u (user_id, amount, after)
    WHERE u.user_id IS NOT NULL
) AS r
WHERE r.after <> r.amount;

CREATE VIEW orders_check.paid_is_captured AS
SELECT o.tenant_id, o.id AS order_id,
       format('%s with %s captured of %s', o.payment_state, coalesce(p.captured, 0), o.total) AS problem
FROM orders.orders o
LEFT JOIN (SELECT x.tenant_id, x.order_id, sum(x.captured) AS captured FROM orders.payment x WHERE NOT x.surplus GROUP BY 1, 2) AS p
    ON p.tenant_id = o.tenant_id AND p.order_id = o.id
WHERE (orders_v1.has_unrefunded_money(o.payment_state) AND coalesce(p.captured, 0) < o.total)
   OR o.captured <> coalesce(p.captured, 0)
UNION ALL
SELECT p.tenant_id, p.order_id, format('payment %s is surplus, but its order is not paid', p.id)
FROM orders.payment p
JOIN orders.orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id
WHERE p.surplus AND o.captured < o.total
UNION ALL
SELECT p.tenant_id, p.order_id, format('payment %s from a balance has ledger entries of %s', p.id, coalesce(t.amount, 0))
FROM orders.payment p
LEFT JOIN (SELECT x.tenant_id, x.payment_id, sum(x.amount) AS amount FROM orders.posting x
           WHERE x.entry_type = 'purchase' GROUP BY 1, 2) AS t
    ON t.tenant_id = p.tenant_id AND t.payment_id = p.id
WHERE p.provider = 'balance' AND p.captured <> coalesce(t.amount, 0)
UNION ALL
SELECT t.tenant_id, t.order_id, format('ledger entry %s debits user %s without a payment of this user', t.id, t.debit_user_id)
FROM orders.posting t
WHERE t.entry_type = 'purchase'
  AND NOT EXISTS (SELECT FROM orders.payment p
                  JOIN orders.orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id
                  WHERE p.tenant_id = t.tenant_id AND p.id = t.payment_id AND p.method = 'balance'
                    AND p.order_id = t.order_id AND p.currency = t.currency AND o.buyer_id = t.debit_user_id)
UNION ALL
SELECT p.tenant_id, p.order_id, format('payment %s has currency %s, its order has %s', p.id, p.currency,
                                       coalesce(o.currency, 'none, because it does not exist'))
FROM orders.payment p
LEFT JOIN orders.orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id
WHERE o.currency IS DISTINCT FROM p.currency;

CREATE VIEW orders_check.refunds_within_captured AS
WITH sums AS (
    SELECT r.tenant_id, r.order_id, r.payment_id,
           coalesce(sum(r.amount) FILTER (WHERE r.status = 'done'), 0) AS done,
           coalesce(sum(r.amount) FILTER (WHERE r.status = 'pending'), 0) AS pending
    FROM orders.refund r GROUP BY 1, 2, 3
)
SELECT p.tenant_id, p.order_id,
       format('payment %s: captured %s, refunded %s (rows %s), pending %s (rows %s)', p.id, p.captured, p.refunded,
              coalesce(s.done, 0), p.refunding, coalesce(s.pending, 0)) AS problem
FROM orders.payment p
LEFT JOIN sums s ON s.tenant_id = p.tenant_id AND s.payment_id = p.id
WHERE p.refunded + p.refunding > p.captured
   OR p.refunded <> coalesce(s.done, 0) OR p.refunding <> coalesce(s.pending, 0)
UNION ALL
SELECT o.tenant_id, o.id, format('order: captured %s, refunded %s (rows %s)', o.captured, o.refunded, coalesce(s.done, 0))
FROM orders.orders o
LEFT JOIN (SELECT x.tenant_id, x.order_id, sum(x.amount) AS done FROM orders.refund x
           WHERE x.status = 'done' AND NOT x.surplus GROUP BY 1, 2) AS s
    ON s.tenant_id = o.tenant_id AND s.order_id = o.id
WHERE o.refunded > o.captured OR o.refunded <> coalesce(s.done, 0)
UNION ALL
SELECT l.tenant_id, l.order_id, format('line %s has %s refunded items and amount %s, its refunds have %s and %s', l.id,
                                       l.refunded_quantity, l.refunded_amount, coalesce(f.quantity, 0), coalesce(f.amount, 0))
FROM orders.order_line l
JOIN orders.orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
LEFT JOIN (SELECT r.tenant_id, r.order_id, (x.line ->> 'id')::bigint AS id, sum((x.line ->> 'quantity')::integer) AS quantity,
                  sum((x.line ->> 'amount')::bigint) AS amount
           FROM orders.refund r
           CROSS JOIN LATERAL jsonb_array_elements(r.lines) AS x (line)
           WHERE r.status <> 'failed' GROUP BY 1, 2, 3) AS f
    ON f.tenant_id = l.tenant_id AND f.order_id = l.order_id AND f.id = l.id
WHERE l.refunded_amount <> coalesce(f.amount, 0) OR l.refunded_quantity > coalesce(f.quantity, 0)
   OR l.refunded_amount < orders_v1.amount_of_items(orders_v1.line_amount(l.subtotal, l.discount, l.tax, o.tax_inclusive), l.quantity,
                                                     l.refunded_quantity)
UNION ALL
SELECT r.tenant_id, r.order_id, format('refund %s has surplus = %s, its payment %s has %s', r.id, r.surplus, p.id, p.surplus)
FROM orders.refund r
JOIN orders.payment p ON p.tenant_id = r.tenant_id AND p.id = r.payment_id AND p.surplus <> r.surplus
UNION ALL
SELECT r.tenant_id, r.order_id, format('refund %s to a balance differs from its ledger entries', r.id)
FROM orders.refund r
JOIN orders.payment p ON p.tenant_id = r.tenant_id AND p.id = r.payment_id AND p.provider = 'balance'
WHERE r.status = 'done'
  AND r.amount <> (SELECT coalesce(sum(t.amount), 0) FROM orders.posting t
                   WHERE t.tenant_id = r.tenant_id AND t.order_id = r.order_id AND t.refund_id = r.id)
UNION ALL
SELECT t.tenant_id, t.order_id, format('ledger entry %s credits user %s without a refund of this user', t.id, t.credit_user_id)
FROM orders.posting t
WHERE t.entry_type = 'refund'
  AND NOT EXISTS (SELECT FROM orders.refund r
                  JOIN orders.orders o ON o.tenant_id = r.tenant_id AND o.id = r.order_id
                  WHERE r.tenant_id = t.tenant_id AND r.id = t.refund_id AND r.status = 'done'
                    AND r.order_id = t.order_id AND r.currency = t.currency AND o.buyer_id = t.credit_user_id)
UNION ALL
SELECT o.tenant_id, o.id, format('%s and %s with %s captured, %s refunded, %s refunds (%s pending)', o.state,
                                 o.payment_state, o.captured, o.refunded, coalesce(r.refunds, 0), coalesce(r.pending, 0))
FROM orders.orders o
LEFT JOIN (SELECT x.tenant_id, x.order_id, count(*) AS refunds, count(*) FILTER (WHERE x.status = 'pending') AS pending
           FROM orders.refund x WHERE NOT x.surplus GROUP BY 1, 2) AS r
    ON r.tenant_id = o.tenant_id AND r.order_id = o.id
WHERE CASE o.payment_state
          WHEN 'refunded' THEN o.refunded = 0 OR o.refunded < o.total
          WHEN 'partially_refunded' THEN o.refunded = 0 OR coalesce(r.pending, 0) > 0
          ELSE (o.payment_state = 'refund_pending') <> (coalesce(r.pending, 0) > 0) END
   OR (orders_v1.is_closed(o.state) AND o.captured > 0 AND r.refunds IS NULL);

CREATE VIEW orders_check.used_once AS
SELECT i.tenant_id, min(i.order_id) AS order_id, format('key %s of route %s is recorded %s times', i.key, i.route, count(*))
    AS problem
FROM orders.idempotency i
GROUP BY i.tenant_id, i.actor_id, i.route, i.key
HAVING count(*) > 1
UNION ALL
SELECT o.tenant_id, min(o.id), format('cart %s has %s orders', o.cart_id, count(*))
FROM orders.orders o
WHERE o.cart_id IS NOT NULL
GROUP BY o.tenant_id, o.cart_id
HAVING count(*) > 1
UNION ALL
SELECT k.tenant_id, o.id, format('cart %s is %s and has %s', k.code, k.state, CASE WHEN o.id IS NULL THEN 'no order' ELSE 'an order' END)
FROM orders.cart k
LEFT JOIN orders.orders o ON o.tenant_id = k.tenant_id AND o.cart_id = k.id
WHERE (k.state = 'ordered') <> (o.id IS NOT NULL)
UNION ALL
SELECT p.tenant_id, min(p.order_id), format('transaction %s of %s captured %s payments', p.transaction_id, p.provider,
                                            count(*))
FROM orders.payment p
WHERE p.transaction_id IS NOT NULL AND p.provider <> 'manual'
GROUP BY p.tenant_id, p.provider, p.transaction_id
HAVING count(*) > 1
UNION ALL
SELECT p.tenant_id, p.order_id, format('transaction %s of %s is not recorded', p.transaction_id, p.provider)
FROM orders.payment p
WHERE p.captured > 0 AND p.transaction_id IS NOT NULL AND p.provider NOT IN ('manual', 'balance')
  AND NOT EXISTS (SELECT FROM orders.provider_transaction t
                  WHERE t.tenant_id = p.tenant_id AND t.provider = p.provider AND t.transaction_id = p.transaction_id
                    AND t.payment_id = p.id AND t.kind = 'capture');

CREATE VIEW orders_check.stock_is_held AS
SELECT coalesce(s.tenant_id, l.tenant_id) AS tenant_id, NULL::bigint AS order_id,
       format('variant %s has %s reserved, orders hold %s', coalesce(s.variant_id, l.item_id), coalesce(s.reserved, 0),
              coalesce(l.reserved, 0)) AS problem
FROM orders.stock s
FULL JOIN (SELECT x.tenant_id, x.item_id, sum(x.reserved) AS reserved FROM orders.order_line x
           WHERE x.reserved > 0 GROUP BY 1, 2) AS l
    ON l.tenant_id = s.tenant_id AND l.item_id = s.variant_id
WHERE coalesce(s.reserved, 0) <> coalesce(l.reserved, 0)
UNION ALL
SELECT l.tenant_id, l.order_id, format('line %s holds stock of an order that is %s and %s', l.id, o.state, o.fulfilment_state)
FROM orders.order_line l
JOIN orders.orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
WHERE l.reserved > 0
  AND (o.state <> 'open' OR orders_v1.is_shipped_state(o.fulfilment_state) OR (o.captured > 0 AND o.refunded >= o.captured))
UNION ALL
SELECT l.tenant_id, l.order_id, format('line %s: %s items are excluded from shipping, %s are refunded', l.id, l.cancelled_quantity,
                                       coalesce(f.quantity, 0))
FROM orders.order_line l
JOIN orders.orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
LEFT JOIN (SELECT r.tenant_id, r.order_id, (x.line ->> 'id')::bigint AS line_id, sum((x.line ->> 'quantity')::integer) AS quantity
           FROM orders.refund r
           CROSS JOIN LATERAL jsonb_array_elements(r.lines) AS x (line)
           WHERE r.status = 'done'
           GROUP BY 1, 2, 3) AS f
    ON f.tenant_id = l.tenant_id AND f.order_id = l.order_id AND f.line_id = l.id
WHERE l.kind = 'product'
  AND (l.cancelled_quantity > coalesce(f.quantity, 0)
       OR (orders_v1.is_shippable(o.state, o.fulfilment_state) AND l.cancelled_quantity <> coalesce(f.quantity, 0)));

CREATE VIEW orders_check.refunded_is_closed AS
SELECT o.tenant_id, o.id AS order_id, format('open and %s with %s of %s refunded', o.fulfilment_state, o.refunded, o.captured)
    AS problem
FROM orders.orders o
WHERE o.state = 'open' AND o.captured > 0 AND o.refunded >= o.captured AND NOT orders_v1.is_shipped_state(o.fulfilment_state);

CREATE VIEW orders_check.stock_adds_up AS
SELECT s.tenant_id, NULL::bigint AS order_id,
       format('variant %s has %s on hand: %s were entered, %s shipped, %s of them by orders', s.variant_id, s.on_hand, s.entered,
              s.shipped, coalesce(l.shipped, 0)) AS problem
FROM orders.stock s
LEFT JOIN (SELECT x.tenant_id, x.item_id, sum(x.stock_shipped) AS shipped FROM orders.order_line x
           WHERE x.stock_shipped > 0 AND x.kind = 'product' GROUP BY 1, 2) AS l
    ON l.tenant_id = s.tenant_id AND l.item_id = s.variant_id
WHERE s.on_hand <> s.entered - s.shipped OR s.shipped <> coalesce(l.shipped, 0)
UNION ALL
SELECT l.tenant_id, l.order_id, format('line %s has %s items of stock shipped by an order that is %s', l.id, l.stock_shipped, o.fulfilment_state)
FROM orders.order_line l
JOIN orders.orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
WHERE l.stock_shipped > 0
  AND (l.kind <> 'product'
       OR NOT (orders_v1.is_shipped_state(o.fulfilment_state) OR (o.fulfilment_state = 'none' AND o.state IN ('completed', 'cancelled'))));

CREATE VIEW orders_check.stock_is_recorded AS
WITH chain AS (
    SELECT m.*, lag(m.on_hand, 1, 0) OVER variant AS before, lead(m.id) OVER variant IS NULL AS is_last
    FROM orders.stock_movement m
    WINDOW variant AS (PARTITION BY m.tenant_id, m.variant_id ORDER BY m.id)
)
SELECT c.tenant_id, c.order_id, format('movement %s of variant %s changes %s by %s to %s', c.id, c.variant_id, c.before, c.change, c.on_hand)
    AS problem
FROM chain c WHERE c.on_hand <> c.before + c.change
UNION ALL
SELECT m.tenant_id, m.order_id, format('movement %s of variant %s has kind %s, change %s, order %s, return %s and reason %s', m.id, m.variant_id,
                                       m.kind, m.change, m.order_id, m.return_id, m.reason)
FROM orders.stock_movement m
WHERE NOT CASE WHEN m.kind IN ('shipped', 'sold') THEN m.change < 0 WHEN m.kind IN ('returned', 'miscount') THEN m.change > 0
               WHEN m.kind = 'adjustment' THEN m.change <> 0 WHEN m.kind = 'uncounted' THEN m.change = 0 ELSE true END
   OR (m.order_id IS NOT NULL) <> (m.kind IN ('miscount', 'shipped', 'sold', 'returned'))
   OR (m.return_id IS NOT NULL) <> (m.kind = 'returned')
   OR (m.reason IS NOT NULL) <> (m.kind = 'adjustment')
   OR m.on_hand < 0
UNION ALL
SELECT s.tenant_id, NULL, format('variant %s has %s on hand, its last movement left %s, recorded are %s', s.variant_id, s.on_hand,
                                 coalesce(c.on_hand::text, 'nothing'), coalesce(s.recorded::text, 'none'))
FROM orders.stock s
LEFT JOIN chain c ON c.tenant_id = s.tenant_id AND c.variant_id = s.variant_id AND c.is_last
WHERE s.recorded IS DISTINCT FROM c.on_hand OR s.on_hand <> s.recorded
UNION ALL
SELECT m.tenant_id, m.order_id, format('movements of variant %s by the order are %s, its lines %s', m.variant_id, -m.change,
                                       coalesce(l.shipped, 0))
FROM (SELECT x.tenant_id, x.order_id, x.variant_id, sum(x.change) AS change FROM orders.stock_movement x
      WHERE x.kind IN ('shipped', 'sold') GROUP BY 1, 2, 3) AS m
LEFT JOIN (SELECT x.tenant_id, x.order_id, x.item_id, sum(x.stock_shipped) AS shipped FROM orders.order_line x
           WHERE x.stock_shipped > 0 AND x.kind = 'product' GROUP BY 1, 2, 3) AS l
    ON l.tenant_id = m.tenant_id AND l.order_id = m.order_id AND l.item_id = m.variant_id
WHERE -m.change <> coalesce(l.shipped, 0)
UNION ALL
SELECT coalesce(m.tenant_id, l.tenant_id), coalesce(m.order_id, l.order_id),
       format('return %s has %s restocked items of variant %s, its movements have %s', coalesce(m.return_id, l.return_id),
              coalesce(l.restocked, 0), coalesce(m.variant_id, l.item_id), coalesce(m.change, 0))
FROM (SELECT x.tenant_id, x.order_id, x.return_id, x.variant_id, sum(x.change) AS change FROM orders.stock_movement x
      WHERE x.kind = 'returned' GROUP BY 1, 2, 3, 4) AS m
FULL JOIN (SELECT x.tenant_id, x.order_id, x.return_id, y.item_id, sum(x.restocked) AS restocked FROM orders.return_line x
           JOIN orders.order_line y ON y.tenant_id = x.tenant_id AND y.order_id = x.order_id AND y.id = x.line_id
           WHERE x.restocked > 0 GROUP BY 1, 2, 3, 4) AS l
    ON l.tenant_id = m.tenant_id AND l.order_id = m.order_id AND l.return_id = m.return_id AND l.item_id = m.variant_id
WHERE coalesce(m.change, 0) <> coalesce(l.restocked, 0)
UNION ALL
SELECT x.tenant_id, x.order_id, format('line %s of return %s is restocked, the return is %s', x.line_id, x.return_id, r.state)
FROM orders.return_line x
JOIN orders.order_return r ON r.tenant_id = x.tenant_id AND r.id = x.return_id
WHERE x.restocked > 0 AND r.state NOT IN ('received', 'refunded');

CREATE VIEW orders_check.shipments_fit AS
SELECT o.tenant_id, o.id AS order_id,
       format('goods are %s, shipped %s, delivered %s', o.fulfilment_state, coalesce(s.shipped_at::text, 'never'),
              coalesce(s.delivered_at::text, 'never')) AS problem
FROM orders.orders o
LEFT JOIN orders.shipment s ON s.tenant_id = o.tenant_id AND s.order_id = o.id
WHERE (s.shipped_at IS NOT NULL) <> orders_v1.is_shipped_state(o.fulfilment_state)
   OR (s.delivered_at IS NOT NULL) <> (o.fulfilment_state IN ('delivered', 'returned'));

CREATE VIEW orders_check.history_is_a_path AS
WITH steps AS (
    SELECT h.*, lag(h.to_state, 1, 'new') OVER axis AS came_from, lead(h.step) OVER axis IS NULL AS is_last,
           row_number() OVER (PARTITION BY h.tenant_id, h.order_id ORDER BY h.step) AS expected_step
    FROM orders_v1.order_history h
    WINDOW axis AS (PARTITION BY h.tenant_id, h.order_id, h.axis, h.return_id ORDER BY h.step)
)
SELECT s.tenant_id, s.order_id, format('step %s of axis %s starts at %s after %s', s.step, s.axis, s.from_state,
                                       s.came_from) AS problem
FROM steps s WHERE s.from_state <> s.came_from
UNION ALL
SELECT s.tenant_id, s.order_id, format('history has step %s instead of step %s', s.step, s.expected_step)
FROM steps s WHERE s.step <> s.expected_step
UNION ALL
SELECT s.tenant_id, s.order_id, format('step %s is not allowed', s.step)
FROM steps s
WHERE NOT EXISTS (SELECT FROM orders.transition t
                  WHERE (t.axis, t.from_state, t.to_state, t.actor) = (s.axis, s.from_state, s.to_state, s.actor))
UNION ALL
SELECT o.tenant_id, o.id, format('axis %s is %s, its history ends at %s', x.axis, x.state, coalesce(s.to_state, 'nothing'))
FROM orders.orders o
CROSS JOIN LATERAL (VALUES ('order', o.state), ('payment', o.payment_state), ('fulfilment', o.fulfilment_state))
    AS x (axis, state)
LEFT JOIN steps s ON s.tenant_id = o.tenant_id AND s.order_id = o.id AND s.axis = x.axis AND s.is_last
WHERE s.to_state IS DISTINCT FROM x.state
UNION ALL
SELECT r.tenant_id, r.order_id, format('return %s is %s, its history ends at %s', r.id, r.state, coalesce(s.to_state, 'nothing'))
FROM orders.order_return r
LEFT JOIN steps s ON s.tenant_id = r.tenant_id AND s.order_id = r.order_id AND s.return_id = r.id AND s.is_last
WHERE s.to_state IS DISTINCT FROM r.state
UNION ALL
SELECT s.tenant_id, s.order_id, format('step %s has version %s, its order has %s', s.step, s.version,
                                   coalesce(o.version::text, 'none, because it does not exist'))
FROM steps s
LEFT JOIN orders.orders o ON o.tenant_id = s.tenant_id AND o.id = s.order_id
WHERE o.id IS NULL OR s.version > o.version;

CREATE VIEW orders_check.lines_add_up AS
WITH sums AS (
    SELECT l.tenant_id, l.order_id,
           coalesce(sum(l.subtotal) FILTER (WHERE l.kind IN ('plan', 'product', 'package')), 0) AS subtotal,
           coalesce(sum(l.discount), 0) AS discount,
           coalesce(sum(l.tax), 0) AS tax,
           coalesce(sum(l.subtotal) FILTER (WHERE l.kind = 'shipping'), 0) AS shipping,
           coalesce(-sum(l.subtotal) FILTER (WHERE l.kind IN ('discount', 'voucher')), 0) AS shown_discount
    FROM orders.order_line l GROUP BY 1, 2
)
SELECT o.tenant_id, o.id AS order_id,
       format('lines have %s - %s + %s + tax %s, the order has %s - %s + %s + tax %s = %s', s.subtotal, s.discount,
              s.shipping, s.tax, o.subtotal, o.discount, o.shipping, o.tax, o.total) AS problem
FROM orders.orders o
LEFT JOIN sums s ON s.tenant_id = o.tenant_id AND s.order_id = o.id
WHERE (o.subtotal, o.discount, o.tax, o.shipping) IS DISTINCT FROM (s.subtotal, s.discount, s.tax, s.shipping)
   OR o.total <> s.subtotal - s.discount + s.shipping + CASE WHEN o.tax_inclusive THEN 0 ELSE s.tax END
   OR s.shown_discount > o.discount
UNION ALL
SELECT o.tenant_id, o.id, format('the tax split adds up to %s of %s', coalesce(t.amount, 0), o.tax)
FROM orders.orders o
LEFT JOIN (SELECT x.tenant_id, x.order_id, sum(x.amount) AS amount FROM orders.order_tax x GROUP BY 1, 2) AS t
    ON t.tenant_id = o.tenant_id AND t.order_id = o.id
WHERE o.tax <> coalesce(t.amount, 0)
UNION ALL
SELECT l.tenant_id, l.order_id, format('line %s has currency %s, its order has %s', l.id, l.currency,
                                       coalesce(o.currency, 'none, because it does not exist'))
FROM orders.order_line l
LEFT JOIN orders.orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
WHERE o.currency IS DISTINCT FROM l.currency;

CREATE VIEW orders_check.series_without_gaps AS
WITH taken AS (
    SELECT b.tenant_id, b.series, b.sequence FROM orders.bill b
    UNION ALL
    SELECT i.tenant_id, i.series, i.sequence FROM orders.invoice i
)
SELECT coalesce(o.tenant_id, s.tenant_id) AS tenant_id, NULL::bigint AS order_id,
       format('series %s: %s numbers, highest %s, counter %s', coalesce(o.series, s.series), o.numbers, o.highest,
              s.last_number) AS problem
FROM (SELECT x.tenant_id, x.series, count(DISTINCT x.sequence) AS numbers, max(x.sequence) AS highest, count(*) AS taken
      FROM taken x GROUP BY 1, 2) AS o
FULL JOIN orders.number_series s ON s.tenant_id = o.tenant_id AND s.series = o.series
WHERE (o.numbers + s.skipped, o.highest, o.taken) IS DISTINCT FROM (s.last_number::bigint, s.last_number, o.numbers)
  AND NOT (o.numbers IS NULL AND s.last_number = 0)
UNION ALL
SELECT coalesce(o.tenant_id, b.tenant_id), coalesce(o.id, b.order_id),
       format('order has bill number %s, its bill is number %s of series %s', o.bill_no, b.sequence, b.series)
FROM (SELECT x.tenant_id, x.id, x.bill_no FROM orders.orders x WHERE x.bill_no IS NOT NULL) AS o
FULL JOIN orders.bill b ON b.tenant_id = o.tenant_id AND b.order_id = o.id
LEFT JOIN orders.imported_order i ON i.tenant_id = b.tenant_id AND i.order_id = b.order_id
WHERE o.bill_no IS DISTINCT FROM coalesce(i.bill_number, orders_v1.bill_number(b.series, b.sequence))
UNION ALL
SELECT d.tenant_id, d.order_id, format('bill %s has total %s, its order has %s', d.document ->> 'number', d.document ->> 'total', o.total)
FROM orders.bill_document d
JOIN orders.orders o ON o.tenant_id = d.tenant_id AND o.id = d.order_id
WHERE (d.document ->> 'total', d.document ->> 'currency', d.document ->> 'number')
      IS DISTINCT FROM (o.total::text, o.currency, o.bill_no)
UNION ALL
SELECT i.tenant_id, i.order_id, format('invoice %s has total %s, its order has %s', i.number, i.document ->> 'total', o.total)
FROM orders.invoice i
JOIN orders.orders o ON o.tenant_id = i.tenant_id AND o.id = i.order_id
WHERE (i.document ->> 'total', i.document ->> 'currency', i.document ->> 'number')
      IS DISTINCT FROM (o.total::text, o.currency, i.number);

CREATE VIEW orders_check.coupons_within_limits AS
WITH uses AS (
    SELECT r.tenant_id, r.coupon_id, r.user_id, count(*) AS used
    FROM orders.coupon_redemption r WHERE r.state <> 'released' GROUP BY 1, 2, 3
)
SELECT k.tenant_id, NULL::bigint AS order_id,
       format('coupon %s: %s uses, counted %s, limit %s', k.code, coalesce(u.used, 0), k.used, k.max_uses) AS problem
FROM orders.coupon k
LEFT JOIN (SELECT x.tenant_id, x.coupon_id, sum(x.used) AS used FROM uses x GROUP BY 1, 2) AS u
    ON u.tenant_id = k.tenant_id AND u.coupon_id = k.id
WHERE k.max_uses IS NOT NULL AND (coalesce(u.used, 0) > k.max_uses OR coalesce(u.used, 0) <> k.used)
UNION ALL
SELECT k.tenant_id, NULL, format('coupon %s: user %s has %s uses, counted %s, limit %s', k.code,
                                 coalesce(u.user_id, c.user_id), coalesce(u.used, 0), c.used, k.max_uses_per_user)
FROM uses u
FULL JOIN orders.coupon_user c
    ON c.tenant_id = u.tenant_id AND c.coupon_id = u.coupon_id AND c.user_id = u.user_id
JOIN orders.coupon k
    ON k.tenant_id = coalesce(u.tenant_id, c.tenant_id) AND k.id = coalesce(u.coupon_id, c.coupon_id)
WHERE u.used > k.max_uses_per_user OR coalesce(u.used, 0) <> coalesce(c.used, 0)
UNION ALL
SELECT r.tenant_id, r.order_id, format('coupon %s is %s on an order that is %s and %s', r.coupon_id, r.state, o.state,
                                       o.payment_state)
FROM orders.coupon_redemption r
JOIN orders.orders o ON o.tenant_id = r.tenant_id AND o.id = r.order_id
WHERE r.state <> CASE
          WHEN orders_v1.is_closed(o.state) THEN 'released'
          WHEN orders_v1.is_unpaid(o.payment_state) THEN 'reserved'
          ELSE 'applied' END
UNION ALL
SELECT l.tenant_id, l.order_id, format('line %s discounts %s with coupon %s, which has no redemption of this amount', l.id, -l.subtotal,
                                       l.item_id)
FROM orders.order_line l
LEFT JOIN orders.coupon_redemption r
    ON r.tenant_id = l.tenant_id AND r.order_id = l.order_id AND r.coupon_id = l.item_id
WHERE l.kind = 'discount' AND l.item_id IS NOT NULL AND r.amount IS DISTINCT FROM -l.subtotal;

CREATE VIEW orders_check.answers_have_effects AS
SELECT i.tenant_id, i.order_id, format('key %s of route %s refers to an order that does not exist', i.key, i.route) AS problem
FROM orders.idempotency i
WHERE i.order_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM orders.orders o WHERE o.tenant_id = i.tenant_id AND o.id = i.order_id)
UNION ALL
SELECT i.tenant_id, i.order_id, format('key %s of route %s has a response with a version that does not exist', i.key, i.route)
FROM orders.idempotency i
JOIN orders.orders o ON o.tenant_id = i.tenant_id AND o.id = i.order_id
WHERE o.version < (i.answer -> 'order' ->> 'version')::integer
UNION ALL
SELECT i.tenant_id, i.order_id, format('key %s of route %s has neither a response nor an order', i.key, i.route)
FROM orders.idempotency i
WHERE i.answer IS NULL AND i.order_id IS NULL;

CREATE VIEW orders_check.one_event_a_version AS
SELECT coalesce(o.tenant_id, e.tenant_id) AS tenant_id, coalesce(o.id, e.subject_id) AS order_id,
       format('order has version %s, its %s events end at version %s', coalesce(o.version::text, 'none, because it does not exist'),
              coalesce(e.events, 0), coalesce(e.last, 0)) AS problem
FROM orders.orders o
FULL JOIN (SELECT x.tenant_id, x.subject_id, count(*) AS events, max(x.version) AS last FROM orders.event x
           WHERE x.subject = 'order' GROUP BY 1, 2) AS e
    ON e.tenant_id = o.tenant_id AND e.subject_id = o.id
WHERE (o.version, o.version::bigint) IS DISTINCT FROM (e.last, e.events)
UNION ALL
SELECT coalesce(w.tenant_id, e.tenant_id), NULL,
       format('webhook endpoint %s has version %s, its %s events end at version %s', coalesce(w.id, e.subject_id),
              coalesce(w.version::text, 'none, because it does not exist'), coalesce(e.events, 0), coalesce(e.last, 0))
FROM orders.webhook_endpoint w
FULL JOIN (SELECT x.tenant_id, x.subject_id, count(*) AS events, max(x.version) AS last FROM orders.event x
           WHERE x.subject = 'webhook_endpoint' GROUP BY 1, 2) AS e
    ON e.tenant_id = w.tenant_id AND e.subject_id = w.id
WHERE (w.version, w.version::bigint) IS DISTINCT FROM (e.last, e.events)
UNION ALL
SELECT e.tenant_id, CASE e.subject WHEN 'order' THEN e.subject_id END,
       format('the types of event %s of version %s do not match its steps', e.id, e.version)
FROM orders.event e
WHERE e.types IS DISTINCT FROM orders_v1.event_types(e.subject, e.actor, e.steps);

CREATE VIEW orders_check.events_are_chained AS
SELECT e.tenant_id, CASE e.subject WHEN 'order' THEN e.subject_id END AS order_id,
       format('the hash of event %s of version %s does not match its content', e.id, e.version) AS problem
FROM (SELECT x.*, lag(x.hash) OVER (PARTITION BY x.tenant_id, x.subject, x.subject_id ORDER BY x.version) AS previous
      FROM orders.event x) AS e
WHERE e.hash <> orders_v1.event_hash(
    e.previous, e.tenant_id, e.subject, e.subject_id, e.version, e.epoch, e.xid, e.id, e.created_at, e.first_step, e.types, e.steps,
    e.actor, e.actor_id, e.api, e.return_id, e.comments_digest)
UNION ALL
SELECT e.tenant_id, CASE e.subject WHEN 'order' THEN e.subject_id END,
       format('the digest of event %s of version %s does not match its comments', e.id, e.version)
FROM orders.event e
WHERE (e.comments IS NULL) <> (e.comments_salt IS NULL)
   OR (e.comments IS NOT NULL AND e.comments_digest IS DISTINCT FROM orders_v1.comments_digest(e.comments_salt, e.comments));

CREATE VIEW orders_check.returns_fit AS
SELECT l.tenant_id, l.order_id, format('line %s of %s has %s returned items, its returns have %s', l.id, l.quantity,
                                       l.returned_quantity, coalesce(x.quantity, 0)) AS problem
FROM orders.order_line l
LEFT JOIN (SELECT y.tenant_id, y.order_id, y.line_id, sum(y.quantity) AS quantity
           FROM orders.return_line y
           JOIN orders.order_return r ON r.tenant_id = y.tenant_id AND r.id = y.return_id AND r.state <> 'rejected'
           GROUP BY 1, 2, 3) AS x
    ON x.tenant_id = l.tenant_id AND x.order_id = l.order_id AND x.line_id = l.id
WHERE l.returned_quantity <> coalesce(x.quantity, 0) OR coalesce(x.quantity, 0) > l.quantity
UNION ALL
SELECT r.tenant_id, r.order_id, format('return %s is refunded by refund %s, which is %s', r.id, r.refund_id,
                                       coalesce(f.status, 'missing'))
FROM orders.order_return r
LEFT JOIN orders.refund f ON f.tenant_id = r.tenant_id AND f.id = r.refund_id AND f.order_id = r.order_id
WHERE r.state = 'refunded' AND (coalesce(f.status, 'missing') NOT IN ('pending', 'done') OR f.return_id <> r.id)
UNION ALL
SELECT r.tenant_id, r.order_id, format('return %s has no lines of its order', r.id)
FROM orders.order_return r
WHERE NOT EXISTS (SELECT FROM orders.return_line x
                  WHERE x.tenant_id = r.tenant_id AND x.return_id = r.id AND x.order_id = r.order_id);

CREATE VIEW orders_check.packages_fit AS
SELECT l.tenant_id, l.order_id, 'the order has a package, but is not a package order' AS problem
FROM orders.order_line l
LEFT JOIN orders.package_order q ON q.tenant_id = l.tenant_id AND q.order_id = l.order_id AND q.package_id = l.item_id
WHERE l.kind = 'package' AND q.order_id IS NULL
UNION ALL
SELECT q.tenant_id, q.order_id, format('package order for user %s has buyer %s, %s packages and %s lines', q.user_id, o.buyer_id, x.packages,
                                       x.lines)
FROM orders.package_order q
JOIN orders.orders o ON o.tenant_id = q.tenant_id AND o.id = q.order_id
CROSS JOIN LATERAL (SELECT coalesce(sum(l.quantity) FILTER (WHERE l.kind = 'package'), 0) AS packages, count(*) AS lines
                    FROM orders.order_line l
                    WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id AND l.kind <> 'tax') AS x
WHERE o.buyer_id IS DISTINCT FROM q.user_id OR x.packages <> 1 OR x.lines <> 1
UNION ALL
SELECT t.tenant_id, t.order_id, format('term %s is %s, its order is %s and %s', t.id,
                                       CASE WHEN t.revoked_at IS NULL THEN 'valid' ELSE 'revoked' END, o.state, o.payment_state)
FROM orders.package_term t
JOIN orders.orders o ON o.tenant_id = t.tenant_id AND o.id = t.order_id
LEFT JOIN orders.package_order q ON q.tenant_id = t.tenant_id AND q.order_id = t.order_id
WHERE (t.revoked_at IS NULL) <> (o.state <> 'cancelled' AND o.payment_state IN ('paid', 'partially_refunded', 'refund_pending'))
   OR (q.user_id, q.package_id) IS DISTINCT FROM (t.user_id, t.package_id)
UNION ALL
SELECT q.tenant_id, q.order_id, format('the paid package order is %s, its package is %s', o.state,
                                       CASE WHEN t.id IS NULL THEN 'not granted' ELSE 'granted' END)
FROM orders.package_order q
JOIN orders.orders o ON o.tenant_id = q.tenant_id AND o.id = q.order_id AND orders_v1.has_unrefunded_money(o.payment_state)
LEFT JOIN orders.package_term t ON t.tenant_id = q.tenant_id AND t.order_id = q.order_id AND t.revoked_at IS NULL
WHERE (o.state = 'completed') <> (t.id IS NOT NULL) AND o.state <> 'cancelled'
UNION ALL
SELECT m.tenant_id, t.order_id, format('user %s has term %s of user %s%s', m.user_id, t.id, t.user_id,
                                       CASE WHEN t.revoked_at IS NOT NULL THEN ', revoked' END)
FROM orders.member m
JOIN orders.package_term t ON t.tenant_id = m.tenant_id AND t.id = m.term_id
WHERE t.user_id <> m.user_id OR t.revoked_at IS NOT NULL
UNION ALL
SELECT q.tenant_id, max(q.order_id), format('user %s has %s unpaid package orders', q.user_id, count(*))
FROM orders.package_order q
JOIN orders.orders o ON o.tenant_id = q.tenant_id AND o.id = q.order_id AND orders_v1.is_payable(o.state, o.payment_state, o.expires_at)
GROUP BY q.tenant_id, q.user_id
HAVING count(*) > 1;

CREATE VIEW orders_check.provider_events_fit AS
SELECT e.tenant_id, p.order_id, format('event %s of channel %s waits although it can be applied to payment %s', e.event_id, e.channel, p.id) AS problem
FROM orders.provider_event e
JOIN orders.payment p ON p.tenant_id = e.tenant_id AND p.channel = e.channel
    AND (p.id = e.payment_id OR (e.payment_id IS NULL AND p.intent_id = e.intent_id))
WHERE e.verdict = 'waiting'
  AND CASE WHEN e.payment_id IS NULL THEN e.received_at < now() - interval '1 hour' ELSE orders_v1.can_take_waiting_events(p.captured, p.refunding) END
UNION ALL
SELECT e.tenant_id, p.order_id, format('event %s of channel %s is %s, transaction %s is not recorded', e.event_id, e.channel,
                                       e.verdict, e.transaction_id)
FROM orders.provider_event e
LEFT JOIN orders.payment p ON p.tenant_id = e.tenant_id AND p.id = e.payment_id
WHERE e.type IN ('paid', 'refunded') AND e.verdict IN ('done', 'unchanged')
  AND NOT EXISTS (SELECT FROM orders.provider_transaction t
                  WHERE t.tenant_id = p.tenant_id AND t.provider = p.provider AND t.transaction_id = e.transaction_id
                    AND t.payment_id = p.id AND t.kind = CASE e.type WHEN 'paid' THEN 'capture' ELSE 'refund' END)
UNION ALL
SELECT n.tenant_id, NULL, format('notice %s of channel %s is rejected, event %s is missing', n.id, n.channel, n.event_id)
FROM orders.provider_notice n
WHERE n.verdict = 'rejected'
  AND NOT EXISTS (SELECT FROM orders.provider_event e
                  WHERE e.tenant_id = n.tenant_id AND e.channel = n.channel AND e.event_id = n.event_id)
UNION ALL
SELECT n.tenant_id, p.order_id, format('notice %s of channel %s is %s, event %s is unresolved', n.id, n.channel, n.verdict, e.event_id)
FROM orders.provider_notice n
JOIN orders.provider_event e ON e.tenant_id = n.tenant_id AND e.channel = n.channel AND e.event_id = orders_v1.notice_event_id(n.body_hash)
LEFT JOIN orders.payment p ON p.tenant_id = e.tenant_id AND p.id = e.payment_id
WHERE n.verdict IN ('verified', 'ignored') AND e.verdict = 'refused' AND e.resolved_at IS NULL;

-- References without a foreign key: a foreign key locks the referenced row, and many orders share these rows. Functions read a
-- row before they refer to it, and never delete it.
CREATE VIEW orders_check.references_exist AS
WITH reference AS (
    SELECT o.tenant_id, o.id AS order_id, 'order' AS source, o.id::text AS source_id, 'company' AS target, o.retailer_id::text AS target_id
    FROM orders.orders o
    LEFT JOIN orders.company y ON y.tenant_id = o.tenant_id AND y.id = o.retailer_id
    WHERE o.retailer_id IS NOT NULL AND y.id IS NULL
    UNION ALL
    SELECT o.tenant_id, o.id, 'order', o.id::text, 'agent', o.agent_id::text FROM orders.orders o
    LEFT JOIN orders.users y ON y.tenant_id = o.tenant_id AND y.id = o.agent_id
    WHERE o.agent_id IS NOT NULL AND y.id IS NULL
    UNION ALL
    SELECT o.tenant_id, o.id, 'order', o.id::text, 'cart', o.cart_id::text FROM orders.orders o
    LEFT JOIN orders.cart y ON y.tenant_id = o.tenant_id AND y.id = o.cart_id
    WHERE o.cart_id IS NOT NULL AND y.id IS NULL
    UNION ALL
    SELECT o.tenant_id, o.id, 'order', o.id::text, 'currency', o.currency FROM orders.orders o
    WHERE NOT EXISTS (SELECT FROM orders.currency y WHERE y.code = o.currency)
    UNION ALL
    SELECT a.tenant_id, NULL, 'account', a.user_id::text, 'currency', a.currency FROM orders.account a
    WHERE NOT EXISTS (SELECT FROM orders.currency y WHERE y.code = a.currency)
    UNION ALL
    SELECT p.tenant_id, p.order_id, 'posting', p.id::text, 'account', u.user_id || ' ' || p.currency
    FROM orders.posting p
    CROSS JOIN LATERAL (VALUES (p.debit_user_id), (p.credit_user_id)) AS u (user_id)
    LEFT JOIN orders.account y ON y.tenant_id = p.tenant_id AND y.user_id = u.user_id AND y.currency = p.currency
    WHERE u.user_id IS NOT NULL AND y.user_id IS NULL
    UNION ALL
    SELECT p.tenant_id, p.order_id, 'posting', p.id::text, 'payment', p.payment_id::text FROM orders.posting p
    LEFT JOIN orders.payment y ON y.tenant_id = p.tenant_id AND y.id = p.payment_id
    WHERE p.payment_id IS NOT NULL AND y.id IS NULL
    UNION ALL
    SELECT p.tenant_id, p.order_id, 'posting', p.id::text, 'refund', p.refund_id::text FROM orders.posting p
    LEFT JOIN orders.refund y ON y.tenant_id = p.tenant_id AND y.id = p.refund_id
    WHERE p.refund_id IS NOT NULL AND y.id IS NULL
    UNION ALL
    SELECT m.tenant_id, m.order_id, 'movement', m.id::text, 'stock', m.variant_id::text FROM orders.stock_movement m
    LEFT JOIN orders.stock y ON y.tenant_id = m.tenant_id AND y.variant_id = m.variant_id
    WHERE y.variant_id IS NULL
    UNION ALL
    SELECT m.tenant_id, m.order_id, 'movement', m.id::text, 'order', m.order_id::text FROM orders.stock_movement m
    LEFT JOIN orders.orders y ON y.tenant_id = m.tenant_id AND y.id = m.order_id
    WHERE m.order_id IS NOT NULL AND y.id IS NULL
    UNION ALL
    SELECT m.tenant_id, m.order_id, 'movement', m.id::text, 'return', m.return_id::text FROM orders.stock_movement m
    LEFT JOIN orders.order_return y ON y.tenant_id = m.tenant_id AND y.id = m.return_id AND y.order_id = m.order_id
    WHERE m.return_id IS NOT NULL AND y.id IS NULL
    UNION ALL
    SELECT r.tenant_id, r.order_id, 'redemption', r.order_id::text, 'coupon', r.coupon_id::text FROM orders.coupon_redemption r
    LEFT JOIN orders.coupon y ON y.tenant_id = r.tenant_id AND y.id = r.coupon_id
    WHERE y.id IS NULL
    UNION ALL
    SELECT r.tenant_id, NULL, 'uses of user', r.user_id::text, 'coupon', r.coupon_id::text FROM orders.coupon_user r
    LEFT JOIN orders.coupon y ON y.tenant_id = r.tenant_id AND y.id = r.coupon_id
    WHERE y.id IS NULL
    UNION ALL
    SELECT k.tenant_id, NULL, 'cart', k.id::text, 'company', k.company_id::text FROM orders.cart k
    LEFT JOIN orders.company y ON y.tenant_id = k.tenant_id AND y.id = k.company_id
    WHERE k.company_id IS NOT NULL AND y.id IS NULL
    UNION ALL
    SELECT k.tenant_id, NULL, 'cart', k.id::text, 'currency', k.currency FROM orders.cart k
    WHERE NOT EXISTS (SELECT FROM orders.currency y WHERE y.code = k.currency)
    UNION ALL
    SELECT i.tenant_id, i.order_id, 'invoice', i.id::text, 'company', i.company_id::text FROM orders.invoice i
    LEFT JOIN orders.company y ON y.tenant_id = i.tenant_id AND y.id = i.company_id
    WHERE i.company_id IS NOT NULL AND y.id IS NULL
    UNION ALL
    SELECT q.tenant_id, q.order_id, 'order of a package', q.order_id::text, 'user', q.user_id::text FROM orders.package_order q
    LEFT JOIN orders.users y ON y.tenant_id = q.tenant_id AND y.id = q.user_id
    WHERE y.id IS NULL
    UNION ALL
    SELECT q.tenant_id, q.order_id, 'order of a package', q.order_id::text, 'package', q.package_id::text FROM orders.package_order q
    LEFT JOIN orders.package y ON y.tenant_id = q.tenant_id AND y.variant_id = q.package_id
    WHERE y.variant_id IS NULL
    UNION ALL
    SELECT t.tenant_id, t.order_id, 'term', t.id::text, 'package', t.package_id::text FROM orders.package_term t
    LEFT JOIN orders.package y ON y.tenant_id = t.tenant_id AND y.variant_id = t.package_id
    WHERE y.variant_id IS NULL
    UNION ALL
    SELECT t.tenant_id, NULL, 'terminal transaction', t.transaction_id, 'currency', t.currency FROM orders.terminal_transaction t
    WHERE NOT EXISTS (SELECT FROM orders.currency y WHERE y.code = t.currency)
    UNION ALL
    SELECT t.tenant_id, NULL, 'terminal transaction', t.transaction_id, 'tenant', t.tenant_id::text FROM orders.terminal_transaction t
    WHERE NOT EXISTS (SELECT FROM orders.tenant y WHERE y.id = t.tenant_id)
    UNION ALL
    SELECT d.tenant_id, NULL, 'difference', d.id::text, 'payment', d.payment_id::text FROM orders.reconciliation_difference d
    LEFT JOIN orders.payment y ON y.tenant_id = d.tenant_id AND y.id = d.payment_id
    WHERE d.payment_id IS NOT NULL AND y.id IS NULL
    UNION ALL
    SELECT d.tenant_id, NULL, 'difference', d.id::text, 'refund', d.refund_id::text FROM orders.reconciliation_difference d
    LEFT JOIN orders.refund y ON y.tenant_id = d.tenant_id AND y.id = d.refund_id
    WHERE d.refund_id IS NOT NULL AND y.id IS NULL
)
SELECT r.tenant_id, r.order_id, format('%s %s refers to %s %s, which does not exist', r.source, r.source_id, r.target, r.target_id) AS problem
FROM reference r;

-- A surplus refund that its provider refused stays pending, but has no row in orders.due. The worker that owns a webhook endpoint keeps the row
-- for a moment after the last delivery.
CREATE VIEW orders_check.due_fits AS
WITH work AS (
    SELECT o.tenant_id, 'expiry' AS kind, o.id, NULL AS channel, o.id AS order_id, true AS required FROM orders.orders o
    WHERE o.expires_at IS NOT NULL AND orders_v1.awaits_payment(o.state, o.payment_state)
    UNION ALL
    SELECT p.tenant_id, 'intent', p.id, p.channel, p.order_id, true FROM orders.payment p WHERE p.status = 'created'
    UNION ALL
    SELECT p.tenant_id, 'capture', p.id, p.channel, p.order_id, true FROM orders.payment p WHERE p.capture_asked_at IS NOT NULL
    UNION ALL
    SELECT r.tenant_id, 'refund', r.id, p.channel, r.order_id, NOT r.surplus FROM orders.refund r
    JOIN orders.payment p ON p.tenant_id = r.tenant_id AND p.id = r.payment_id AND p.provider NOT IN ('manual', 'terminal')
    WHERE r.status = 'pending'
    UNION ALL
    SELECT m.tenant_id, 'mail', m.id, NULL, m.order_id, true FROM orders.mail m WHERE m.done_at IS NULL AND NOT m.dead
    UNION ALL
    SELECT n.tenant_id, 'provider_notice', n.id, n.channel, NULL, true FROM orders.provider_notice n WHERE n.verdict = 'pending'
    UNION ALL
    SELECT o.tenant_id, 'bill', o.id, NULL, o.id, true FROM orders.orders o
    WHERE o.bill_no IS NULL AND o.paid_at IS NOT NULL AND o.fulfilment_state <> 'none'
      AND NOT EXISTS (SELECT FROM orders.imported_order i WHERE i.tenant_id = o.tenant_id AND i.order_id = o.id)
      AND EXISTS (SELECT FROM orders.event e
                  WHERE e.tenant_id = o.tenant_id AND e.subject = 'order' AND e.subject_id = o.id
                    AND e.steps && '{payment:unpaid:paid,payment:confirming:paid,payment:failed:paid}'::text[])
    UNION ALL
    SELECT r.tenant_id, 'reconciliation', r.id, CASE WHEN r.stage = 'read' THEN r.channel END, NULL, true FROM orders.reconciliation r
    WHERE r.state = 'running'
    UNION ALL
    SELECT w.tenant_id, 'webhook', w.id, NULL, NULL, EXISTS (SELECT FROM orders.webhook_delivery x
                                                             WHERE x.tenant_id = w.tenant_id AND x.endpoint_id = w.id AND x.state = 'pending')
    FROM orders.webhook_endpoint w
    WHERE w.state = 'enabled'
)
SELECT coalesce(w.tenant_id, d.tenant_id) AS tenant_id, w.order_id,
       CASE WHEN d.id IS NULL THEN format('%s %s has no row in orders.due', w.kind, w.id)
            WHEN w.id IS NULL THEN format('%s %s has a row in orders.due, but no pending work', d.kind, d.id)
            ELSE format('%s %s is in orders.due for channel %s instead of %s', d.kind, d.id, d.channel, w.channel) END AS problem
FROM work w
FULL JOIN orders.due d ON d.tenant_id = w.tenant_id AND d.kind = w.kind AND d.id = w.id
WHERE (d.id IS NULL AND w.required) OR w.id IS NULL OR d.channel <> coalesce(w.channel, '');

-- Paid orders without a row in orders.due are found by due_fits.
CREATE VIEW orders_check.bills_in_time AS
SELECT d.tenant_id, d.id AS order_id, format('order was paid at %s and has no bill yet', d.due_at) AS problem
FROM orders.due d
WHERE d.kind = 'bill' AND d.due_at < now() - interval '1 minute';

-- Open differences are not violations: orders.open_reconciliation_differences lists them.
CREATE VIEW orders_check.reconciliations_fit AS
SELECT r.tenant_id, NULL::bigint AS order_id, format('reconciliation %s has other counts than its entries and transactions', r.id) AS problem
FROM orders.reconciliation r
LEFT JOIN (SELECT s.tenant_id, s.reconciliation_id, sum(s.there_count) AS there, sum(s.matched_count) AS matched, sum(s.here_count) AS here,
                  bool_or(s.matched_count > s.there_count OR s.matched_amount > s.there_amount) AS exceeded
           FROM orders.reconciliation_sum s
           GROUP BY s.tenant_id, s.reconciliation_id) AS s ON s.tenant_id = r.tenant_id AND s.reconciliation_id = r.id
WHERE r.state = 'done'
  AND (r.entries <> r.matched + r.different + r.unsettled + r.ignored OR r.entries <> coalesce(s.there, 0) OR r.matched <> coalesce(s.matched, 0)
       OR r.transactions <> coalesce(s.here, 0) OR r.missing_there > r.transactions OR coalesce(s.exceeded, false))
UNION ALL
SELECT r.tenant_id, NULL, format('reconciliation %s has been running since %s', r.id, r.created_at)
FROM orders.reconciliation r
WHERE r.state = 'running' AND r.created_at < now() - interval '2 days'
UNION ALL
SELECT d.tenant_id, p.order_id, format('difference %s is applied, but transaction %s is not recorded', d.id, d.transaction_id)
FROM orders.reconciliation_difference d
LEFT JOIN orders.payment p ON p.tenant_id = d.tenant_id AND p.id = d.payment_id
WHERE d.resolution = 'applied'
  AND NOT EXISTS (SELECT FROM orders.provider_transaction t
                  WHERE t.tenant_id = d.tenant_id AND t.provider = d.provider AND t.transaction_id = d.transaction_id AND t.payment_id = d.payment_id
                    AND t.kind = d.there_kind AND t.amount = d.there_amount AND t.currency = d.there_currency);

CREATE VIEW orders_check.webhooks_fit AS
SELECT w.tenant_id, NULL::bigint AS order_id, format('endpoint %s is %s, its history ends at %s', w.id, w.state, coalesce(e.state, 'nothing')) AS problem
FROM orders.webhook_endpoint w
LEFT JOIN (SELECT DISTINCT ON (x.tenant_id, x.subject_id) x.tenant_id, x.subject_id, split_part(s.step, ':', 3) AS state
           FROM orders.event x
           CROSS JOIN LATERAL unnest(x.steps) WITH ORDINALITY AS s (step, n)
           WHERE x.subject = 'webhook_endpoint'
           ORDER BY x.tenant_id, x.subject_id, x.version DESC, s.n DESC) AS e ON e.tenant_id = w.tenant_id AND e.subject_id = w.id
WHERE e.state IS DISTINCT FROM w.state
UNION ALL
SELECT coalesce(w.tenant_id, k.tenant_id), NULL, format('endpoint %s is %s and has %s cursor', coalesce(w.id, k.endpoint_id), w.state,
                                                       CASE WHEN k.endpoint_id IS NULL THEN 'no' ELSE 'a' END)
FROM orders.webhook_endpoint w
FULL JOIN orders.webhook_cursor k ON k.tenant_id = w.tenant_id AND k.endpoint_id = w.id
WHERE (coalesce(w.state, 'deleted') = 'deleted') = (k.endpoint_id IS NOT NULL)
UNION ALL
SELECT k.tenant_id, NULL, format('the cursor of endpoint %s is at %s.%s.%s, beyond the horizon', k.endpoint_id, k.epoch, k.xid, k.event_id)
FROM orders.webhook_cursor k
WHERE (k.epoch, k.xid) > (orders.event_epoch(), orders_v1.event_horizon())
UNION ALL
SELECT d.tenant_id, NULL, format('delivery %s refers to endpoint %s, which does not exist or has no deliveries any more', d.id, d.endpoint_id)
FROM orders.webhook_delivery d
LEFT JOIN orders.webhook_endpoint w ON w.tenant_id = d.tenant_id AND w.id = d.endpoint_id
WHERE w.id IS NULL OR w.purged
UNION ALL
SELECT d.tenant_id, CASE d.subject WHEN 'order' THEN d.subject_id END, format('delivery %s refers to an event that does not exist or has another type', d.id)
FROM orders.webhook_delivery d
LEFT JOIN orders.event e
    ON e.tenant_id = d.tenant_id AND e.subject = d.subject AND e.subject_id = d.subject_id AND e.version = d.subject_version
WHERE d.event_id IS NOT NULL
  AND ((e.epoch, e.xid, e.id) IS DISTINCT FROM (d.event_epoch, d.event_xid, d.event_id) OR d.type <> ALL (e.types)
       OR d.message_id <> orders_v1.webhook_message_id(e.epoch, e.id, d.type))
UNION ALL
SELECT b.tenant_id, NULL, format('delivery %s has a body, but is %s', b.delivery_id, coalesce(d.state, 'missing'))
FROM orders.webhook_body b
LEFT JOIN orders.webhook_delivery d ON d.tenant_id = b.tenant_id AND d.id = b.delivery_id
WHERE coalesce(d.state, 'missing') NOT IN ('pending', 'dead')
UNION ALL
SELECT u.tenant_id, NULL, format('endpoint %s is in orders.due and owned by no worker, but has no pending delivery', u.id)
FROM orders.due u
WHERE u.kind = 'webhook' AND u.attempts = 0
  AND NOT EXISTS (SELECT FROM orders.webhook_delivery d WHERE d.tenant_id = u.tenant_id AND d.endpoint_id = u.id AND d.state = 'pending');

CREATE VIEW orders_check.all_violations AS
SELECT 1 AS invariant, 'balances_equal_postings' AS name, v.* FROM orders_check.balances_equal_postings v
UNION ALL SELECT 2, 'paid_is_captured', v.* FROM orders_check.paid_is_captured v
UNION ALL SELECT 3, 'refunds_within_captured', v.* FROM orders_check.refunds_within_captured v
UNION ALL SELECT 4, 'used_once', v.* FROM orders_check.used_once v
UNION ALL SELECT 5, 'history_is_a_path', v.* FROM orders_check.history_is_a_path v
UNION ALL SELECT 6, 'lines_add_up', v.* FROM orders_check.lines_add_up v
UNION ALL SELECT 7, 'series_without_gaps', v.* FROM orders_check.series_without_gaps v
UNION ALL SELECT 8, 'coupons_within_limits', v.* FROM orders_check.coupons_within_limits v
UNION ALL SELECT 9, 'answers_have_effects', v.* FROM orders_check.answers_have_effects v
UNION ALL SELECT 10, 'one_event_a_version', v.* FROM orders_check.one_event_a_version v
UNION ALL SELECT 11, 'stock_is_held', v.* FROM orders_check.stock_is_held v
UNION ALL SELECT 12, 'shipments_fit', v.* FROM orders_check.shipments_fit v
UNION ALL SELECT 13, 'returns_fit', v.* FROM orders_check.returns_fit v
UNION ALL SELECT 14, 'packages_fit', v.* FROM orders_check.packages_fit v
UNION ALL SELECT 15, 'refunded_is_closed', v.* FROM orders_check.refunded_is_closed v
UNION ALL SELECT 16, 'stock_adds_up', v.* FROM orders_check.stock_adds_up v
UNION ALL SELECT 17, 'provider_events_fit', v.* FROM orders_check.provider_events_fit v
UNION ALL SELECT 18, 'references_exist', v.* FROM orders_check.references_exist v
UNION ALL SELECT 19, 'events_are_chained', v.* FROM orders_check.events_are_chained v
UNION ALL SELECT 20, 'due_fits', v.* FROM orders_check.due_fits v
UNION ALL SELECT 21, 'bills_in_time', v.* FROM orders_check.bills_in_time v
UNION ALL SELECT 22, 'reconciliations_fit', v.* FROM orders_check.reconciliations_fit v
UNION ALL SELECT 23, 'webhooks_fit', v.* FROM orders_check.webhooks_fit v
UNION ALL SELECT 24, 'stock_is_recorded', v.* FROM orders_check.stock_is_recorded v;

COMMENT ON VIEW orders_check.balances_equal_postings IS
'Invariant 1: balances equal the sums of their ledger entries, and ledger entries are balanced';
COMMENT ON VIEW orders_check.paid_is_captured IS 'Invariant 2: paid orders are captured in full, and balances are debited';
COMMENT ON VIEW orders_check.refunds_within_captured IS
'Invariant 3: refunds do not exceed the captured amount, per payment and order, and are in the ledger';
COMMENT ON VIEW orders_check.used_once IS 'Invariant 4: one order per cart, one record per idempotency key, transaction ids are unique';
COMMENT ON VIEW orders_check.history_is_a_path IS
'Invariant 5: history is a sequence of allowed steps that ends at the current states';
COMMENT ON VIEW orders_check.lines_add_up IS 'Invariant 6: lines and tax split add up to the order''s totals';
COMMENT ON VIEW orders_check.series_without_gaps IS 'Invariant 7: the numbers of bills and invoices have neither duplicates nor gaps, apart from those that an imported number has left';
COMMENT ON VIEW orders_check.coupons_within_limits IS
'Invariant 8: coupon uses do not exceed their limits, and closed orders release theirs';
COMMENT ON VIEW orders_check.answers_have_effects IS 'Invariant 9: the stored response of an idempotency key refers to an order and a version that exist';
COMMENT ON VIEW orders_check.one_event_a_version IS
'Invariant 10: each version of an order or a webhook endpoint has exactly one event, whose types are those of its steps';
COMMENT ON VIEW orders_check.stock_is_held IS
'Invariant 11: reserved stock is held by orders; an order that is closed, shipped or refunded in full holds none, and an order that is
to be shipped holds no refunded items';
COMMENT ON VIEW orders_check.shipments_fit IS 'Invariant 12: the times of a shipment agree with the fulfilment state of its order';
COMMENT ON VIEW orders_check.returns_fit IS
'Invariant 13: lines count the items of their returns that are not rejected, and a refunded return has a refund';
COMMENT ON VIEW orders_check.packages_fit IS
'Invariant 14: a package is granted once for its paid order and revoked with its refund; a member has at most one unpaid package order';
COMMENT ON VIEW orders_check.refunded_is_closed IS
'Invariant 15: an order that was refunded in full before anything was shipped is not open';
COMMENT ON VIEW orders_check.stock_adds_up IS
'Invariant 16: stock on hand equals the entered quantities minus shipped items: it never changes without a movement';
COMMENT ON VIEW orders_check.provider_events_fit IS
'Invariant 17: every accepted provider event has its effect, and no event waits without a reason.
A rejected notice has its refused event, and a settled one has no unresolved event';
COMMENT ON VIEW orders_check.references_exist IS
'Invariant 18: rows that are referenced without a foreign key exist';
COMMENT ON VIEW orders_check.events_are_chained IS
'Invariant 19: no event was changed, deleted or inserted afterwards, except for the erasure of comments with their salt';
COMMENT ON VIEW orders_check.due_fits IS
'Invariant 20: orders.due has a row for all pending work of the worker, and no other rows';
COMMENT ON VIEW orders_check.bills_in_time IS
'Invariant 21: an order of goods has its bill within a minute of its payment; the worker issues it within a second';
COMMENT ON VIEW orders_check.reconciliations_fit IS
'Invariant 22: the counts of a finished reconciliation add up, none runs for days, and every applied difference is recorded';
COMMENT ON VIEW orders_check.webhooks_fit IS
'Invariant 23: endpoints are in the state of their last event, their cursors are not beyond the horizon of events, and deliveries agree with their events';
COMMENT ON VIEW orders_check.stock_is_recorded IS
'Invariant 24: stock on hand is the sum of its movements, each shipment and restocked return has its movements, and no other change happened.
After functions of an earlier release have changed stock, it is reported until its next movement';
COMMENT ON VIEW orders_check.all_violations IS 'The rows of all views';
