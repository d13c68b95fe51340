-- SPDX-License-Identifier: Apache-2.0
-- The readers are plain SQL with the invoker's rights, so that the planner folds them into the statement that
-- calls them. Columns are read by position: new ones go to the end, in the type and in every branch.
-- A column of a domain is cast to the type of the answer: the planner merges only branches that have exactly the types of the result,
-- and adds a subquery scan to each of the others.

-- A function of its own: a subquery would be prepared for each order, cancelled or not.
CREATE OR REPLACE FUNCTION orders_v1.cancel_reason(p_tenant integer, p_order bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT h.comment FROM orders_v1.order_history h
            WHERE h.tenant_id = p_tenant AND h.order_id = p_order AND h.axis = 'order' AND h.to_state = 'cancelled'
            ORDER BY h.step DESC LIMIT 1);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.rows_of(p_tenant integer, p_ids bigint[]) RETURNS SETOF orders_v1.answer
LANGUAGE sql STABLE AS $$
    (SELECT 'order'::text, o.id, o.id, o.buyer_id, o.public_id, o.number::text, o.bill_no, o.dialect::text,
            o.version, o.state::text, o.payment_state::text, o.fulfilment_state::text, NULL::text,
            CASE WHEN o.buyer_binds THEN 'consumer' END, o.payment_method, o.payment_channel, NULL::text, NULL::text,
            NULL::text, NULL::text,
            CASE WHEN o.state = 'cancelled' THEN orders_v1.cancel_reason(o.tenant_id, o.id) END,
            o.notes::text, NULL::text, o.payer, o.currency::text, o.exponent, NULL::integer,
            NULL::bigint, NULL::bigint, o.subtotal,
            o.discount, o.tax, o.shipping, o.total, o.refunded, NULL::bigint, o.tax_inclusive, NULL::text,
            o.snapshot::jsonb, o.metadata::jsonb, o.created_at, o.updated_at, o.paid_at, o.cancelled_at, o.refunded_at,
            o.expires_at,
            NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
     FROM unnest(p_ids) WITH ORDINALITY AS w (id, n)
     JOIN orders.orders o ON o.tenant_id = p_tenant AND o.id = w.id
     ORDER BY w.n)
    UNION ALL
    (SELECT 'line'::text, l.order_id, l.id, l.item_id, NULL::uuid, l.product_number, NULL::text, NULL::text,
            NULL::integer, NULL::text, NULL::text, NULL::text, NULL::text, l.kind::text, NULL::text, NULL::text,
            NULL::text, l.item_ref, NULL::text, l.variant, l.title, NULL::text, NULL::text, NULL::text,
            l.currency, NULL::smallint, l.quantity, l.unit_price, l.list_price, l.subtotal, l.discount, l.tax,
            NULL::bigint, l.cancelled_quantity::bigint, l.refunded_quantity::bigint, NULL::bigint, l.returnable, l.image, l.snapshot::jsonb,
            l.metadata::jsonb, l.created_at, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
            NULL::timestamptz, NULL::timestamptz,
            l.slug, l.attributes::jsonb, NULL::timestamptz, NULL::timestamptz
     FROM orders.order_line l
     WHERE l.tenant_id = p_tenant AND l.order_id = ANY (p_ids)
     ORDER BY l.order_id, l.id)
    UNION ALL
    (SELECT 'payment'::text, p.order_id, p.id, NULL::bigint, NULL::uuid, NULL::text, NULL::text, NULL::text,
            NULL::integer, p.status::text, NULL::text, NULL::text, NULL::text,
            CASE WHEN p.capture_asked_at IS NOT NULL THEN 'asked' END, p.method, p.channel,
            p.provider, p.reference, p.intent_id, p.failure_code, p.provider_key::text, p.failure_message, NULL::text,
            NULL::text, p.currency, NULL::smallint, NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint,
            NULL::bigint, NULL::bigint, NULL::bigint, p.amount, p.refunded, NULL::bigint, p.surplus,
            p.pay_url, NULL::jsonb, p.metadata::jsonb, p.created_at, p.updated_at, p.captured_at, NULL::timestamptz,
            NULL::timestamptz, p.expires_at,
            NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
     FROM orders.payment p
     WHERE p.tenant_id = p_tenant AND p.order_id = ANY (p_ids)
     ORDER BY p.order_id, p.id)
    UNION ALL
    (SELECT 'refund'::text, r.order_id, r.id, r.payment_id, NULL::uuid, NULL::text, NULL::text, NULL::text,
            NULL::integer, r.status::text, NULL::text, NULL::text, NULL::text, NULL::text, p.method, p.channel,
            p.provider, r.reference, NULL::text, r.failure_code, r.provider_key::text, r.reason, NULL::text, NULL::text,
            r.currency, NULL::smallint, NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
            NULL::bigint, NULL::bigint, r.amount, NULL::bigint, NULL::bigint, r.surplus, NULL::text,
            NULL::jsonb, r.metadata::jsonb, r.created_at, r.updated_at, NULL::timestamptz, NULL::timestamptz,
            r.settled_at, NULL::timestamptz,
            NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
     FROM orders.refund r
     JOIN orders.payment p ON p.tenant_id = r.tenant_id AND p.id = r.payment_id
     WHERE r.tenant_id = p_tenant AND r.order_id = ANY (p_ids)
     ORDER BY r.order_id, r.id)
$$;

CREATE OR REPLACE FUNCTION orders_v1.money_of(p_tenant integer, p_ids bigint[], p_user bigint) RETURNS SETOF orders_v1.answer
LANGUAGE sql STABLE AS $$
    SELECT 'balance'::text, o.id, u.id, u.id, NULL::uuid, NULL::text, NULL::text, NULL::text, NULL::integer,
           NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text,
           NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, o.currency::text,
           o.exponent, NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
           NULL::bigint, coalesce(a.balance, 0), NULL::bigint, NULL::bigint, NULL::boolean, NULL::text,
           NULL::jsonb, NULL::jsonb, NULL::timestamptz, coalesce(a.updated_at, u.created_at),
           NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
           NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
    FROM orders.orders o
    JOIN orders.users u ON u.tenant_id = o.tenant_id AND u.id = coalesce(p_user, o.buyer_id)
    LEFT JOIN orders.account a ON a.tenant_id = o.tenant_id AND a.user_id = u.id AND a.currency = o.currency
    WHERE o.tenant_id = p_tenant AND o.id = ANY (p_ids)
    UNION ALL
    SELECT 'posting'::text, o.id, t.id, w.user_id, NULL::uuid, NULL::text, NULL::text, NULL::text,
           NULL::integer, NULL::text, NULL::text, NULL::text, NULL::text, t.entry_type::text, NULL::text, NULL::text,
           NULL::text, t.reference, NULL::text, NULL::text, NULL::text, t.description, NULL::text, NULL::text,
           t.currency, o.exponent, NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
           NULL::bigint, NULL::bigint, CASE WHEN t.credit_user_id = w.user_id THEN t.amount ELSE -t.amount END,
           NULL::bigint,
           CASE WHEN t.credit_user_id = w.user_id THEN t.credit_balance_after ELSE t.debit_balance_after END,
           NULL::boolean, NULL::text, NULL::jsonb, t.metadata::jsonb, t.created_at, NULL::timestamptz,
           NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
           NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
    FROM orders.orders o
    CROSS JOIN LATERAL (SELECT coalesce(p_user, o.buyer_id) AS user_id) AS w
    CROSS JOIN LATERAL (
        SELECT t.*
        FROM orders.posting t
        WHERE t.tenant_id = o.tenant_id AND t.order_id = o.id AND w.user_id IN (t.debit_user_id, t.credit_user_id)
        ORDER BY t.id DESC
        LIMIT 1
    ) AS t
    WHERE o.tenant_id = p_tenant AND o.id = ANY (p_ids)
$$;

CREATE OR REPLACE FUNCTION orders_v1.parties_of(p_tenant integer, p_ids bigint[]) RETURNS SETOF orders_v1.answer
LANGUAGE sql STABLE AS $$
    SELECT 'company'::text, o.id, c.id, NULL::bigint, NULL::uuid, c.prefix, NULL::text, NULL::text,
           NULL::integer, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text,
           NULL::text, c.external_ref, NULL::text, NULL::text, c.name, NULL::text, NULL::text, c.email,
           NULL::text, NULL::smallint, NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
           NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, c.active, NULL::text,
           c.images, c.address, c.created_at, c.updated_at, NULL::timestamptz, NULL::timestamptz,
           NULL::timestamptz, NULL::timestamptz,
           NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
    FROM orders.orders o
    JOIN orders.company c ON c.tenant_id = o.tenant_id AND c.id = o.retailer_id
    WHERE o.tenant_id = p_tenant AND o.id = ANY (p_ids)
    UNION ALL
    SELECT 'agent'::text, o.id, u.id, NULL::bigint, NULL::uuid, NULL::text, NULL::text, NULL::text,
           NULL::integer, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text,
           NULL::text, u.external_ref, NULL::text, u.family_name, u.name, u.given_name, NULL::text, u.email,
           NULL::text, NULL::smallint, NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
           NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::boolean, NULL::text,
           NULL::jsonb, NULL::jsonb, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
           NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
           NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
    FROM orders.orders o
    JOIN orders.users u ON u.tenant_id = o.tenant_id AND u.id = o.agent_id
    WHERE o.tenant_id = p_tenant AND o.id = ANY (p_ids)
$$;

CREATE OR REPLACE FUNCTION orders_v1.actors_of(p_tenant integer, p_ids bigint[]) RETURNS SETOF orders_v1.answer
LANGUAGE sql STABLE AS $$
    SELECT 'person'::text, h.order_id, u.id, NULL::bigint, NULL::uuid, NULL::text, NULL::text, NULL::text,
           NULL::integer, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text,
           NULL::text, u.external_ref, NULL::text, u.family_name, u.name, u.given_name, NULL::text, u.email,
           NULL::text, NULL::smallint, NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
           NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::boolean, NULL::text,
           NULL::jsonb, NULL::jsonb, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
           NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
           NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
    FROM (SELECT DISTINCT x.tenant_id, x.order_id, x.actor_id FROM orders_v1.order_operation x
          WHERE x.tenant_id = p_tenant AND x.order_id = ANY (p_ids) AND x.actor_id IS NOT NULL) AS h
    JOIN orders.users u ON u.tenant_id = h.tenant_id AND u.id = h.actor_id
$$;

CREATE OR REPLACE FUNCTION orders_v1.invoices_of(p_tenant integer, p_ids bigint[]) RETURNS SETOF orders_v1.answer
LANGUAGE sql STABLE AS $$
    SELECT 'invoice'::text, i.order_id, i.id, i.company_id, NULL::uuid, i.number, NULL::text, NULL::text,
           NULL::integer, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text,
           NULL::text, NULL::text, NULL::text, NULL::text, i.document -> 'issuer' ->> 'name', NULL::text,
           NULL::text, NULL::text, NULL::text, NULL::smallint, NULL::integer, NULL::bigint, NULL::bigint,
           NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
           NULL::boolean, NULL::text, NULL::jsonb, NULL::jsonb, i.created_at, NULL::timestamptz,
           NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
           NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
    FROM orders.invoice i
    WHERE i.tenant_id = p_tenant AND i.order_id = ANY (p_ids)
$$;

CREATE OR REPLACE FUNCTION orders_v1.shipments_of(p_tenant integer, p_ids bigint[]) RETURNS SETOF orders_v1.answer
LANGUAGE sql STABLE AS $$
    (SELECT 'shipment'::text, s.order_id, s.id, NULL::bigint, NULL::uuid, s.tracking_number, NULL::text, NULL::text,
            NULL::integer, s.status, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text,
            NULL::text, s.estimated_delivery, NULL::text, NULL::text, s.courier, s.service, NULL::text, NULL::text,
            NULL::text, NULL::smallint, NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
            NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
            coalesce(coalesce(s.delivered_at, now()) > s.expected_at, false), s.tracking_url,
            NULL::jsonb, NULL::jsonb, s.shipped_at, s.updated_at,
            coalesce(s.delivered_at, s.expected_at) AT TIME ZONE (SELECT t.time_zone FROM orders.tenant t WHERE t.id = p_tenant) AT TIME ZONE 'UTC',
            NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
            NULL::text, NULL::jsonb, s.expected_at, s.delivered_at
     FROM orders.shipment s
     WHERE s.tenant_id = p_tenant AND s.order_id = ANY (p_ids)
     ORDER BY s.order_id, s.id)
    UNION ALL
    (SELECT 'tracking'::text, e.order_id, e.id, e.shipment_id, NULL::uuid, NULL::text, NULL::text, NULL::text,
            NULL::integer, e.status, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text,
            NULL::text, NULL::text, NULL::text, NULL::text, e.location, e.description, NULL::text, NULL::text,
            NULL::text, NULL::smallint, NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
            NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::boolean, NULL::text,
            NULL::jsonb, NULL::jsonb, e.at, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
            NULL::timestamptz, NULL::timestamptz,
            NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
     FROM orders.shipment_event e
     WHERE e.tenant_id = p_tenant AND e.order_id = ANY (p_ids) AND e.withdrawn_at IS NULL
     ORDER BY e.order_id, e.at, e.id)
$$;

CREATE OR REPLACE FUNCTION orders_v1.returns_of(p_tenant integer, p_ids bigint[]) RETURNS SETOF orders_v1.answer
LANGUAGE sql STABLE AS $$
    (SELECT 'return'::text, r.order_id, r.id, r.refund_id, NULL::uuid, o.number::text, NULL::text, NULL::text,
            NULL::integer, r.state::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text,
            NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, r.reason, NULL::text, NULL::text,
            o.currency::text, NULL::smallint, NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
            NULL::bigint, NULL::bigint,
            CASE WHEN r.refund_id IS NOT NULL THEN (
                SELECT sum(f.amount) FROM orders.refund f
                WHERE f.tenant_id = r.tenant_id AND f.order_id = r.order_id AND f.return_id = r.id AND f.status <> 'failed')::bigint END,
            NULL::bigint, NULL::bigint, NULL::boolean, NULL::text,
            (SELECT jsonb_agg(jsonb_build_object('id', l.line_id, 'quantity', l.quantity) ORDER BY l.line_id)
             FROM orders.return_line l WHERE l.tenant_id = r.tenant_id AND l.return_id = r.id),
            NULL::jsonb, r.created_at, r.updated_at, NULL::timestamptz, NULL::timestamptz,
            NULL::timestamptz, NULL::timestamptz,
            NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
     FROM orders.order_return r
     JOIN orders.orders o ON o.tenant_id = r.tenant_id AND o.id = r.order_id
     WHERE r.tenant_id = p_tenant AND r.order_id = ANY (p_ids)
     ORDER BY r.order_id, r.id)
$$;

-- The first of the languages that has a text for the word; the tenant's own text before ours.
CREATE OR REPLACE FUNCTION orders_v1.labels_of(p_tenant integer, p_languages text[]) RETURNS SETOF orders_v1.answer
LANGUAGE sql STABLE AS $$
    SELECT 'label'::text, NULL::bigint, NULL::bigint, NULL::bigint, NULL::uuid, NULL::text, NULL::text, NULL::text,
           NULL::integer, NULL::text, NULL::text, NULL::text, NULL::text, w.kind, NULL::text, NULL::text,
           NULL::text, w.language, NULL::text, w.word, w.text, NULL::text, NULL::text, NULL::text,
           NULL::text, NULL::smallint, NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
           NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::boolean, NULL::text,
           NULL::jsonb, NULL::jsonb, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
           NULL::timestamptz, NULL::timestamptz,
           NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
    FROM (
        SELECT DISTINCT ON (a.kind, a.word) a.kind, a.word, a.language, a.text
        FROM (
            SELECT l.kind, l.word, l.language, l.text, true AS built_in FROM orders.label l
            WHERE l.language = ANY (p_languages)
            UNION ALL
            SELECT t.kind, t.word, t.language, t.text, false FROM orders.tenant_label t
            WHERE t.tenant_id = p_tenant AND t.language = ANY (p_languages)
        ) AS a
        ORDER BY a.kind, a.word, array_position(p_languages, a.language), a.built_in
    ) AS w
$$;

CREATE OR REPLACE FUNCTION orders_v1.addresses_of(p_tenant integer, p_ids bigint[]) RETURNS SETOF orders_v1.answer
LANGUAGE sql STABLE AS $$
    SELECT 'address'::text, a.order_id, a.id, NULL::bigint, NULL::uuid, NULL::text, NULL::text,
           NULL::text, NULL::integer, NULL::text, NULL::text, NULL::text, NULL::text, a.kind::text, NULL::text,
           NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text,
           NULL::text, NULL::text, NULL::smallint, NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint,
           NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::boolean,
           NULL::text, a.document::jsonb, NULL::jsonb, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
           NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
           NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
    FROM orders.order_address a
    WHERE a.tenant_id = p_tenant AND a.order_id = ANY (p_ids)
    ORDER BY a.order_id, a.kind::text
$$;

-- What an order is of: the first of its goods; for a package, what its order was for.
CREATE OR REPLACE FUNCTION orders_v1.order_category(p_tenant integer, p_order bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce(
        (SELECT CASE q.kind WHEN 'purchase' THEN 'package' ELSE q.kind END
         FROM orders.package_order q WHERE q.tenant_id = p_tenant AND q.order_id = p_order),
        (SELECT l.kind::text FROM orders.order_line l
         WHERE l.tenant_id = p_tenant AND l.order_id = p_order AND l.kind IN ('plan', 'product')
         ORDER BY l.id LIMIT 1));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.categories_of(p_tenant integer, p_ids bigint[]) RETURNS SETOF orders_v1.answer
LANGUAGE sql STABLE AS $$
    SELECT 'category'::text, o.id, NULL::bigint, NULL::bigint, NULL::uuid, NULL::text, NULL::text, NULL::text,
           NULL::integer, NULL::text, NULL::text, NULL::text, NULL::text, orders_v1.order_category(o.tenant_id, o.id), NULL::text,
           NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, y.symbol, NULL::text, NULL::text, NULL::text,
           o.currency::text, NULL::smallint, NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
           NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::boolean, NULL::text,
           NULL::jsonb, NULL::jsonb, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
           NULL::timestamptz, NULL::timestamptz,
           NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
    FROM orders.orders o
    LEFT JOIN orders.currency y ON y.code = o.currency
    WHERE o.tenant_id = p_tenant AND o.id = ANY (p_ids)
$$;

CREATE OR REPLACE FUNCTION orders_v1.more_of(p_tenant integer, p_ids bigint[]) RETURNS SETOF orders_v1.answer
LANGUAGE sql STABLE AS $$
    SELECT 'user'::text, o.id, u.id, u.id, u.public_id, u.login, NULL::text, NULL::text, NULL::integer,
           NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text,
           u.external_ref, NULL::text, NULL::text, u.name, NULL::text, NULL::text, u.email, NULL::text,
           NULL::smallint, NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
           NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, u.active, NULL::text, NULL::jsonb,
           u.metadata, u.created_at, u.updated_at, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
           NULL::timestamptz,
           NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
    FROM orders.orders o
    JOIN orders.users u ON u.tenant_id = o.tenant_id AND u.id = o.buyer_id
    WHERE o.tenant_id = p_tenant AND o.id = ANY (p_ids)
    UNION ALL
    (SELECT 'tax'::text, t.order_id, NULL::bigint, NULL::bigint, NULL::uuid, NULL::text, NULL::text,
            NULL::text, NULL::integer, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text,
            NULL::text, NULL::text, NULL::text, NULL::text, t.key, NULL::text, NULL::text, NULL::text,
            NULL::text, o.currency::text, NULL::smallint, t.rate_bp, NULL::bigint, NULL::bigint, NULL::bigint,
            NULL::bigint, NULL::bigint, NULL::bigint, t.amount, NULL::bigint, NULL::bigint, NULL::boolean,
            NULL::text, NULL::jsonb, NULL::jsonb, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
            NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
            NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
     FROM orders.order_tax t
     JOIN orders.orders o ON o.tenant_id = t.tenant_id AND o.id = t.order_id
     WHERE t.tenant_id = p_tenant AND t.order_id = ANY (p_ids)
     ORDER BY t.order_id, t.key, t.rate_bp)
    UNION ALL
    SELECT * FROM orders_v1.addresses_of(p_tenant, p_ids)
    UNION ALL
    (SELECT 'history'::text, h.order_id, h.step::bigint, h.actor_id, NULL::uuid, NULL::text, NULL::text, h.api,
            h.version, h.to_state, NULL::text, NULL::text, h.from_state, h.axis, NULL::text, NULL::text,
            NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, h.comment, h.actor, NULL::text,
            NULL::text, NULL::smallint, NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
            NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::boolean, NULL::text,
            NULL::jsonb, NULL::jsonb, h.created_at,
            h.created_at AT TIME ZONE (SELECT t.time_zone FROM orders.tenant t WHERE t.id = p_tenant) AT TIME ZONE 'UTC',
            NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
            NULL::text, NULL::jsonb, NULL::timestamptz, NULL::timestamptz
     FROM orders_v1.order_history h
     WHERE h.tenant_id = p_tenant AND h.order_id = ANY (p_ids)
     ORDER BY h.order_id, h.step)
    UNION ALL
    SELECT * FROM orders_v1.parties_of(p_tenant, p_ids)
    UNION ALL
    SELECT * FROM orders_v1.invoices_of(p_tenant, p_ids)
    UNION ALL
    SELECT * FROM orders_v1.shipments_of(p_tenant, p_ids)
    UNION ALL
    SELECT * FROM orders_v1.returns_of(p_tenant, p_ids)
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.rows_of(integer, bigint[]),
    orders_v1.money_of(integer, bigint[], bigint),
    orders_v1.more_of(integer, bigint[]),
    orders_v1.parties_of(integer, bigint[]),
    orders_v1.actors_of(integer, bigint[]),
    orders_v1.cancel_reason(integer, bigint),
    orders_v1.invoices_of(integer, bigint[]),
    orders_v1.shipments_of(integer, bigint[]),
    orders_v1.returns_of(integer, bigint[]),
    orders_v1.labels_of(integer, text[]),
    orders_v1.addresses_of(integer, bigint[]),
    orders_v1.order_category(integer, bigint),
    orders_v1.categories_of(integer, bigint[])
    TO orders_api;

COMMENT ON FUNCTION orders_v1.cancel_reason IS 'Why an order was cancelled last; NULL: nobody said, or it was not. Rights of the caller';
COMMENT ON FUNCTION orders_v1.rows_of IS
'Rows order (as ordered in p_ids; title why it was cancelled), line, payment and refund (by order and id; flag: surplus; type of a payment: asked while the outcome of a capture is unknown) of orders. Of a line,
refunded is the number of its refunded pieces, amount the number of those that are not shipped. Runs with the rights of
the caller and folds into its statement';
COMMENT ON FUNCTION orders_v1.money_of IS
'Rows balance (0 without account) and posting (the order''s latest) of p_user, or of each order''s buyer when
null';
COMMENT ON FUNCTION orders_v1.parties_of IS
'Rows company (the retailer, with its address as metadata and its images as snapshot) and agent, where an order has one';
COMMENT ON FUNCTION orders_v1.actors_of IS 'Rows person: the users who act in the history of an order, each once';
COMMENT ON FUNCTION orders_v1.invoices_of IS 'Rows invoice: number, issuer (parent_id, title) and time';
COMMENT ON FUNCTION orders_v1.shipments_of IS
'Rows shipment (title courier, detail service, number and url of the tracking, reference the estimate in words, created_at
when it left, flag: late, by the database clock) and tracking (title location; in order of time)';
COMMENT ON FUNCTION orders_v1.returns_of IS
'Rows return: number (of the order), parent_id (its first refund), amount (of its refunds), snapshot ([{id, quantity}] of its lines)';
COMMENT ON FUNCTION orders_v1.labels_of IS
'Rows label (type, code the word, title the text, reference its language): each word in the first of the languages that has it';
COMMENT ON FUNCTION orders_v1.addresses_of IS 'Rows address (type billing or shipping, the document as snapshot)';
COMMENT ON FUNCTION orders_v1.order_category IS
'What an order is of: product, plan, package, or renewal and upgrade of a package; null: none of these. Takes no locks';
COMMENT ON FUNCTION orders_v1.categories_of IS 'Rows category: type what the order is of, title the symbol of its currency';
COMMENT ON FUNCTION orders_v1.more_of IS
'Rows user, tax, address, history, company, agent, invoice, shipment, tracking and return: what the operator sees beyond rows_of and money_of';
