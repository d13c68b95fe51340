-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:views to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

-- Types of the children of an order. The module reads their attributes by position: new attributes go to the end.

CREATE TYPE orders_v1.line_view AS (
    id                 bigint,
    item_id            bigint,
    kind               text,
    product            text,
    product_number     text,
    variant            text,
    title              text,
    image              text,
    slug               text,
    currency           text,
    quantity           integer,
    refunded_quantity  integer,
    cancelled_quantity integer,
    unit_price         bigint,
    list_price         bigint,
    subtotal           bigint,
    discount           bigint,
    tax                bigint,
    returnable         boolean,
    snapshot           jsonb,
    attributes         jsonb,
    metadata           jsonb,
    created_at         timestamptz
);

CREATE TYPE orders_v1.payment_view AS (
    id              bigint,
    status          text,
    method          text,
    channel         text,
    provider        text,
    reference       text,
    intent_id       text,
    provider_key    text,
    failure_code    text,
    failure_message text,
    currency        text,
    amount          bigint,
    refunded        bigint,
    surplus         boolean,
    pay_url         text,
    metadata        jsonb,
    created_at      timestamptz,
    updated_at      timestamptz,
    captured_at     timestamptz,
    expires_at      timestamptz
);

CREATE TYPE orders_v1.refund_view AS (
    id           bigint,
    payment_id   bigint,
    status       text,
    method       text,
    channel      text,
    provider     text,
    reference    text,
    provider_key text,
    failure_code text,
    reason       text,
    currency     text,
    amount       bigint,
    surplus      boolean,
    metadata     jsonb,
    created_at   timestamptz,
    updated_at   timestamptz,
    settled_at   timestamptz
);

CREATE TYPE orders_v1.balance_view AS (user_id bigint, currency text, amount bigint, updated_at timestamptz);

CREATE TYPE orders_v1.posting_view AS (
    id            bigint,
    user_id       bigint,
    type          text,
    currency      text,
    amount        bigint,
    balance_after bigint,
    reference     text,
    description   text,
    metadata      jsonb,
    created_at    timestamptz
);

CREATE TYPE orders_v1.user_view AS (
    id           bigint,
    external_ref text,
    public_id    uuid,
    name         text,
    given_name   text,
    family_name  text,
    email        text
);

CREATE TYPE orders_v1.company_view AS (
    id           bigint,
    external_ref text,
    name         text,
    email        text,
    address      jsonb,
    images       jsonb
);

CREATE TYPE orders_v1.tax_view AS (key text, rate_bp integer, amount bigint);

CREATE TYPE orders_v1.address_view AS (id bigint, type text, document jsonb);

CREATE TYPE orders_v1.step_view AS (
    step       integer,
    version    integer,
    axis       text,
    from_state text,
    to_state   text,
    actor      text,
    actor_id   bigint,
    comment    text,
    created_at timestamptz,
    local_at   timestamptz
);

CREATE TYPE orders_v1.invoice_view AS (id bigint, company_id bigint, number text, issuer text, created_at timestamptz);

CREATE TYPE orders_v1.shipment_view AS (
    id              bigint,
    status          text,
    courier         text,
    service         text,
    tracking_number text,
    tracking_url    text,
    estimate        text,
    late            boolean,
    expected_at     timestamptz,
    shipped_at      timestamptz,
    delivered_at    timestamptz,
    updated_at      timestamptz,
    local_date      timestamptz
);

CREATE TYPE orders_v1.tracking_view AS (
    id          bigint,
    shipment_id bigint,
    status      text,
    location    text,
    description text,
    at          timestamptz
);

CREATE TYPE orders_v1.return_view AS (
    id           bigint,
    order_id     bigint,
    order_number text,
    refund_id    bigint,
    state        text,
    reason       text,
    currency     text,
    amount       bigint,
    lines        jsonb,
    created_at   timestamptz,
    updated_at   timestamptz
);

-- A separate function: a subquery would be planned for each order, even if the order is not cancelled.
CREATE FUNCTION orders_v1.cancel_reason(p_tenant integer, p_order bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN (SELECT h.comment FROM order_history h
            WHERE h.tenant_id = p_tenant AND h.order_id = p_order AND h.axis = 'order' AND h.to_state = 'cancelled'
            ORDER BY h.step DESC LIMIT 1);
END
$$;

-- Defined here because the view uses it. awaits_payment is replaced by each release; this function and the view are not.
CREATE FUNCTION orders_v1.is_payable(p_state text, p_payment_state text, p_expires_at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN orders_v1.awaits_payment(p_state, p_payment_state) AND NOT coalesce(p_expires_at <= clock_timestamp(), false);
END
$$;

-- Defined here because the view uses it. It reads no table, so that it runs with the rights of the caller and is inlined.
CREATE FUNCTION orders_v1.is_paid_by_link(p_method text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_method = 'external'
$$;

-- A column that a statement does not name costs nothing. Columns of a domain are cast to the type of the domain, which is what callers see.
CREATE VIEW orders_v1.order_view AS
SELECT o.tenant_id, o.id, o.buyer_id, o.public_id, o.number::text AS number, o.bill_no, o.api::text AS api, o.version,
       o.state::text AS state, o.payment_state::text AS payment_state, o.fulfilment_state::text AS fulfilment_state,
       o.claimable, o.payment_method, o.payment_channel, o.payer,
       CASE WHEN o.state = 'cancelled' THEN orders_v1.cancel_reason(o.tenant_id, o.id) END AS cancel_reason,
       o.notes::text AS notes, o.currency::text AS currency, o.exponent, o.subtotal, o.discount, o.tax, o.shipping, o.total, o.refunded,
       o.tax_inclusive, o.snapshot::jsonb AS snapshot, o.metadata::jsonb AS metadata,
       o.created_at, o.updated_at, o.paid_at, o.cancelled_at, o.refunded_at, o.expires_at,
       ARRAY(SELECT ROW(l.id, l.item_id, l.kind::text, l.item_ref, l.product_number, l.variant, l.title, l.image, l.slug, l.currency,
                        l.quantity, l.refunded_quantity, l.cancelled_quantity, l.unit_price, l.list_price, l.subtotal, l.discount,
                        l.tax, l.returnable, l.snapshot::jsonb, l.attributes::jsonb, l.metadata::jsonb, l.created_at)::orders_v1.line_view
             FROM orders.order_line l
             WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id
             ORDER BY l.id) AS lines,
       ARRAY(SELECT ROW(p.id, p.status::text, p.method, p.channel, p.provider, p.reference, p.intent_id, p.provider_key::text,
                        p.failure_code, p.failure_message, p.currency, p.amount, p.refunded, p.surplus,
                        p.pay_url, p.metadata::jsonb, p.created_at, p.updated_at, p.captured_at, p.expires_at)::orders_v1.payment_view
             FROM orders.payment p
             WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id
             ORDER BY p.id) AS payments,
       ARRAY(SELECT ROW(r.id, r.payment_id, r.status::text, p.method, p.channel, p.provider, r.reference, r.provider_key::text,
                        r.failure_code, r.reason, r.currency, r.amount, r.surplus, r.metadata::jsonb, r.created_at, r.updated_at,
                        r.settled_at)::orders_v1.refund_view
             FROM orders.refund r
             JOIN orders.payment p ON p.tenant_id = r.tenant_id AND p.id = r.payment_id
             WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id
             ORDER BY r.id) AS refunds,
       (SELECT ROW(u.id, o.currency::text, coalesce(a.balance, 0), coalesce(a.updated_at, u.created_at))::orders_v1.balance_view
        FROM orders.users u
        LEFT JOIN orders.account a ON a.tenant_id = u.tenant_id AND a.user_id = u.id AND a.currency = o.currency
        WHERE u.tenant_id = o.tenant_id AND u.id = o.buyer_id) AS balance,
       (SELECT ROW(t.id, o.buyer_id, t.entry_type::text, t.currency,
                   CASE WHEN t.credit_user_id = o.buyer_id THEN t.amount ELSE -t.amount END,
                   CASE WHEN t.credit_user_id = o.buyer_id THEN t.credit_balance_after ELSE t.debit_balance_after END,
                   t.reference, t.description, t.metadata::jsonb, t.created_at)::orders_v1.posting_view
        FROM orders.posting t
        WHERE t.tenant_id = o.tenant_id AND t.order_id = o.id AND o.buyer_id IN (t.debit_user_id, t.credit_user_id)
        ORDER BY t.id DESC
        LIMIT 1) AS posting,
       (SELECT ROW(u.id, u.external_ref, u.public_id, u.name, NULL, NULL, u.email)::orders_v1.user_view
        FROM orders.users u
        WHERE u.tenant_id = o.tenant_id AND u.id = o.buyer_id) AS buyer,
       (SELECT ROW(u.id, u.external_ref, u.public_id, u.name, u.given_name, u.family_name, u.email)::orders_v1.user_view
        FROM orders.users u
        WHERE u.tenant_id = o.tenant_id AND u.id = o.agent_id) AS agent,
       (SELECT ROW(c.id, c.external_ref, c.name, c.email, c.address, c.images)::orders_v1.company_view
        FROM orders.company c
        WHERE c.tenant_id = o.tenant_id AND c.id = o.retailer_id) AS company,
       ARRAY(SELECT ROW(t.key, t.rate_bp, t.amount)::orders_v1.tax_view
             FROM orders.order_tax t
             WHERE t.tenant_id = o.tenant_id AND t.order_id = o.id
             ORDER BY t.key, t.rate_bp) AS taxes,
       ARRAY(SELECT ROW(a.id, a.kind::text, a.document::jsonb)::orders_v1.address_view
             FROM orders.order_address a
             WHERE a.tenant_id = o.tenant_id AND a.order_id = o.id
             ORDER BY a.kind::text) AS addresses,
       ARRAY(SELECT ROW(h.step, h.version, h.axis, h.from_state, h.to_state, h.actor, h.actor_id, h.comment, h.created_at,
                        h.created_at AT TIME ZONE z.time_zone AT TIME ZONE 'UTC')::orders_v1.step_view
             FROM orders_v1.order_history h
             JOIN orders.tenant z ON z.id = h.tenant_id
             WHERE h.tenant_id = o.tenant_id AND h.order_id = o.id
             ORDER BY h.step) AS history,
       ARRAY(SELECT ROW(u.id, u.external_ref, u.public_id, u.name, u.given_name, u.family_name, u.email)::orders_v1.user_view
             FROM (SELECT DISTINCT x.tenant_id, x.actor_id FROM orders_v1.order_operation x
                   WHERE x.tenant_id = o.tenant_id AND x.order_id = o.id AND x.actor_id IS NOT NULL) AS h
             JOIN orders.users u ON u.tenant_id = h.tenant_id AND u.id = h.actor_id
             WHERE u.tenant_id = o.tenant_id
             ORDER BY u.id) AS actors,
       ARRAY(SELECT ROW(i.id, i.company_id, i.number, i.document -> 'issuer' ->> 'name', i.created_at)::orders_v1.invoice_view
             FROM orders.invoice i
             WHERE i.tenant_id = o.tenant_id AND i.order_id = o.id
             ORDER BY i.id) AS invoices,
       (SELECT ROW(s.id, s.status, s.courier, s.service, s.tracking_number, s.tracking_url, s.estimated_delivery,
                   coalesce(coalesce(s.delivered_at, now()) > s.expected_at, false), s.expected_at, s.shipped_at, s.delivered_at,
                   s.updated_at,
                   coalesce(s.delivered_at, s.expected_at) AT TIME ZONE z.time_zone AT TIME ZONE 'UTC')::orders_v1.shipment_view
        FROM orders.shipment s
        JOIN orders.tenant z ON z.id = s.tenant_id
        WHERE s.tenant_id = o.tenant_id AND s.order_id = o.id) AS shipment,
       ARRAY(SELECT ROW(e.id, e.shipment_id, e.status, e.location, e.description, e.at)::orders_v1.tracking_view
             FROM orders.shipment_event e
             WHERE e.tenant_id = o.tenant_id AND e.order_id = o.id AND e.withdrawn_at IS NULL
             ORDER BY e.at, e.id) AS tracking,
       ARRAY(SELECT ROW(r.id, r.order_id, o.number::text, r.refund_id, r.state::text, r.reason, o.currency::text,
                        CASE WHEN r.refund_id IS NOT NULL THEN (
                            SELECT sum(f.amount) FROM orders.refund f
                            WHERE f.tenant_id = r.tenant_id AND f.order_id = r.order_id AND f.return_id = r.id
                              AND f.status <> 'failed')::bigint END,
                        (SELECT jsonb_agg(jsonb_build_object('id', l.line_id, 'quantity', l.quantity) ORDER BY l.line_id)
                         FROM orders.return_line l WHERE l.tenant_id = r.tenant_id AND l.return_id = r.id),
                        r.created_at, r.updated_at)::orders_v1.return_view
             FROM orders.order_return r
             WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id
             ORDER BY r.id) AS returns,
       coalesce((SELECT CASE q.kind WHEN 'purchase' THEN 'package' ELSE q.kind END
                 FROM orders.package_order q WHERE q.tenant_id = o.tenant_id AND q.order_id = o.id),
                (SELECT l.kind::text FROM orders.order_line l
                 WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id AND l.kind IN ('plan', 'product')
                 ORDER BY l.id LIMIT 1)) AS category,
       (SELECT y.symbol FROM orders.currency y WHERE y.code = o.currency) AS currency_symbol,
       CASE WHEN o.state = 'open' THEN
            (SELECT CASE WHEN p.status = 'pending' AND p.pay_url IS NOT NULL AND orders_v1.is_payable(o.state, o.payment_state, o.expires_at)
                         THEN p.pay_url END
             FROM orders.payment p
             WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id AND NOT p.surplus
             ORDER BY p.id DESC LIMIT 1) END AS pay_url,
       orders_v1.is_paid_by_link(o.payment_method) AS paid_by_link
FROM orders.orders o;

-- Results of writes.

CREATE TYPE orders_v1.written AS (
    outcome    text,
    id         bigint,
    replayed   boolean,
    refusal    text,
    detail     text,
    event_id   text,
    event_type text,
    "order"    orders_v1.order_view
);

CREATE TYPE orders_v1.stored AS (
    outcome  text,
    id       bigint,
    replayed boolean,
    kind     text,
    ref      text,
    document jsonb,
    variants jsonb,
    detail   text,
    field    text
);

CREATE TYPE orders_v1.profile_view AS (
    id          bigint,
    given_name  text,
    family_name text,
    title       text,
    phone       text,
    address     jsonb
);

CREATE TYPE orders_v1.token_view AS (
    id         bigint,
    user_id    bigint,
    user_ref   text,
    user_name  text,
    hint       text,
    scopes     text,
    created_at timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz
);

CREATE TYPE orders_v1.posted AS (
    outcome  text,
    id       bigint,
    replayed boolean,
    balance  orders_v1.balance_view,
    posting  orders_v1.posting_view
);

CREATE TYPE orders_v1.claim_result AS (outcome text, id bigint, replayed boolean, profile orders_v1.profile_view);

CREATE TYPE orders_v1.written_token AS (outcome text, id bigint, replayed boolean, hash text, token orders_v1.token_view);

-- Results of other reads.

CREATE TYPE orders_v1.identity AS (
    tenant_id    integer,
    user_id      bigint,
    token_id     bigint,
    login        text,
    external_ref text,
    name         text,
    email        text,
    scopes       text,
    expires_at   timestamptz
);

CREATE TYPE orders_v1.label_view AS (kind text, word text, text text, language text);

CREATE TYPE orders_v1.printable_invoice AS (
    id         bigint,
    company_id bigint,
    number     text,
    issuer     text,
    document   jsonb,
    created_at timestamptz
);

-- Tasks of the worker.

CREATE TYPE orders_v1.payment_task AS (
    order_id     bigint,
    order_number text,
    return_url   text,
    capture_step text,
    attempts     integer,
    payment      orders_v1.payment_view
);

CREATE TYPE orders_v1.refund_task AS (
    order_id     bigint,
    order_number text,
    intent_id    text,
    payment_key  text,
    attempts     integer,
    refund       orders_v1.refund_view
);

CREATE TYPE orders_v1.mail_task AS (
    id               bigint,
    order_id         bigint,
    order_number     text,
    template         text,
    recipient        text,
    message_key      text,
    seller           text,
    currency         text,
    exponent         smallint,
    total            bigint,
    attempts         integer,
    order_expires_at timestamptz
);

-- Texts and states for searches.

CREATE VIEW orders_v1.order_text AS
SELECT l.tenant_id, l.order_id, concat_ws(E'\n', l.title, l.item_ref) AS text
FROM orders.order_line l
UNION ALL
SELECT p.tenant_id, p.order_id, concat_ws(E'\n', p.reference, p.intent_id)
FROM orders.payment p;

CREATE VIEW orders_v1.user_text AS
SELECT u.tenant_id, u.id AS user_id, concat_ws(E'\n', u.external_ref, u.name, u.email) AS text
FROM orders.users u;

CREATE VIEW orders_v1.pending_refund AS
SELECT f.tenant_id, f.order_id FROM orders.refund f WHERE f.status = 'pending';

COMMENT ON FUNCTION orders_v1.is_paid_by_link IS 'Whether orders with this payment method are paid by a pay link';
COMMENT ON FUNCTION orders_v1.is_payable IS 'Whether an order with these states and this expiry may still be paid now';
COMMENT ON FUNCTION orders_v1.cancel_reason IS
'Comment of the last cancellation of an order; NULL: no comment, or not cancelled. Takes no locks';

COMMENT ON TYPE orders_v1.line_view IS
'A line of an order. Amounts are in minor units of its currency. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.line_view.item_id IS
'Id in the catalogue, or of the coupon of a discount; NULL: the line has no entry there';
COMMENT ON COLUMN orders_v1.line_view.kind IS 'plan, product, package, shipping, discount, tax or voucher';
COMMENT ON COLUMN orders_v1.line_view.product IS 'External reference of the item; the code of a coupon';
COMMENT ON COLUMN orders_v1.line_view.variant IS 'Name of the variant or the billing option';
COMMENT ON COLUMN orders_v1.line_view.refunded_quantity IS 'Items that are refunded or have a pending refund';
COMMENT ON COLUMN orders_v1.line_view.cancelled_quantity IS
'Items refunded before the order was shipped: they are not shipped';
COMMENT ON COLUMN orders_v1.line_view.unit_price IS 'Minor units, negative in discount lines';
COMMENT ON COLUMN orders_v1.line_view.list_price IS 'Price before any reduction, minor units';
COMMENT ON COLUMN orders_v1.line_view.subtotal IS 'quantity × unit_price, minor units';
COMMENT ON COLUMN orders_v1.line_view.discount IS 'Share of all discounts, minor units';
COMMENT ON COLUMN orders_v1.line_view.tax IS 'Share of the tax, minor units';
COMMENT ON COLUMN orders_v1.line_view.snapshot IS 'The item as it was sold; NULL: not stored';
COMMENT ON COLUMN orders_v1.line_view.attributes IS 'Array of attributes of the variant; NULL: none';

COMMENT ON TYPE orders_v1.payment_view IS
'A payment of an order. Amounts are in minor units of its currency. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.payment_view.channel IS 'Channel of an external payment; NULL for other methods';
COMMENT ON COLUMN orders_v1.payment_view.intent_id IS 'The provider''s id of the payment; NULL before the intent is created';
COMMENT ON COLUMN orders_v1.payment_view.provider_key IS 'UUID, the idempotency key of calls to the provider';
COMMENT ON COLUMN orders_v1.payment_view.refunded IS 'Refunded amount without pending refunds, minor units';
COMMENT ON COLUMN orders_v1.payment_view.surplus IS
'Whether the order was already paid: the payment does not count for the order and is refunded';
COMMENT ON COLUMN orders_v1.payment_view.pay_url IS 'URL at which the buyer pays; NULL before the intent is created';
COMMENT ON COLUMN orders_v1.payment_view.captured_at IS 'Time of the capture; NULL: not captured';
COMMENT ON COLUMN orders_v1.payment_view.expires_at IS 'No intent is created after this time; NULL: no expiry';

COMMENT ON TYPE orders_v1.refund_view IS
'A refund of an order. Amounts are in minor units of its currency. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.refund_view.method IS 'Method of the refunded payment';
COMMENT ON COLUMN orders_v1.refund_view.channel IS 'Channel of the refunded payment; NULL for methods without a provider';
COMMENT ON COLUMN orders_v1.refund_view.provider IS 'Provider of the refunded payment';
COMMENT ON COLUMN orders_v1.refund_view.reference IS
'The provider''s id of the refund, or a reference that was entered manually. In refund_task: the transaction that was captured';
COMMENT ON COLUMN orders_v1.refund_view.provider_key IS 'UUID, the idempotency key of calls to the provider';
COMMENT ON COLUMN orders_v1.refund_view.surplus IS
'Whether the payment is surplus: the refund is not in the refunded amount of the order';
COMMENT ON COLUMN orders_v1.refund_view.settled_at IS 'When the refund was done or failed; NULL: pending';

COMMENT ON TYPE orders_v1.balance_view IS
'Balance of a user in a currency, minor units. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.balance_view.amount IS 'Minor units; 0 when the user has no account in the currency';
COMMENT ON COLUMN orders_v1.balance_view.updated_at IS
'Time of the last ledger entry; without an account, of the creation of the user';

COMMENT ON TYPE orders_v1.posting_view IS
'A posting to the account of a user, as the user sees it. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.posting_view.type IS 'purchase, refund, top_up or correction';
COMMENT ON COLUMN orders_v1.posting_view.amount IS 'Minor units; negative when the balance was debited';
COMMENT ON COLUMN orders_v1.posting_view.balance_after IS 'Balance of the user after the ledger entry, minor units';

COMMENT ON TYPE orders_v1.user_view IS 'A user. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.user_view.external_ref IS 'External reference, the key of the user in an external system';
COMMENT ON COLUMN orders_v1.user_view.given_name IS 'Given name; always NULL for the buyer of an order';
COMMENT ON COLUMN orders_v1.user_view.family_name IS 'Family name; always NULL for the buyer of an order';

COMMENT ON TYPE orders_v1.company_view IS 'A company that sells. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.company_view.address IS 'JSON object';
COMMENT ON COLUMN orders_v1.company_view.images IS 'JSON object of image URLs by size';

COMMENT ON TYPE orders_v1.tax_view IS 'The tax of an order at one rate. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.tax_view.key IS 'Key of the rate, such as CGST';
COMMENT ON COLUMN orders_v1.tax_view.rate_bp IS 'Rate in basis points: 10000 is 100 %';
COMMENT ON COLUMN orders_v1.tax_view.amount IS 'Minor units of the order''s currency';

COMMENT ON TYPE orders_v1.address_view IS
'An address of an order. type: billing or shipping. Attributes are read by position: new ones go to the end';

COMMENT ON TYPE orders_v1.step_view IS 'A step of an order on one axis. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.step_view.step IS 'Number of the step within the order, from 1';
COMMENT ON COLUMN orders_v1.step_view.version IS 'Version of the order after the step; steps of one operation share it';
COMMENT ON COLUMN orders_v1.step_view.axis IS 'order, payment, fulfilment, return or details';
COMMENT ON COLUMN orders_v1.step_view.actor IS 'Kind of the actor, such as buyer, operator, provider or system';
COMMENT ON COLUMN orders_v1.step_view.actor_id IS 'The user who acted; NULL: the actor is not a user';
COMMENT ON COLUMN orders_v1.step_view.local_at IS 'created_at in the tenant''s time zone, written as if it were UTC';

COMMENT ON TYPE orders_v1.invoice_view IS
'An invoice without its document. company_id: null when the tenant itself is the issuer. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.invoice_view.issuer IS 'Name of the issuer, as printed';

COMMENT ON TYPE orders_v1.shipment_view IS 'The shipment of an order. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.shipment_view.status IS 'Status of the latest tracking event; planned before shipping';
COMMENT ON COLUMN orders_v1.shipment_view.estimate IS 'Estimated delivery as a text for the buyer: 2-3 days';
COMMENT ON COLUMN orders_v1.shipment_view.late IS
'Whether the delivery, or the current time before delivery, is after expected_at; false when no delivery time is expected';
COMMENT ON COLUMN orders_v1.shipment_view.expected_at IS 'When the delivery is expected; NULL: unknown';
COMMENT ON COLUMN orders_v1.shipment_view.shipped_at IS 'When the order was shipped; NULL: not shipped';
COMMENT ON COLUMN orders_v1.shipment_view.delivered_at IS 'When the order was delivered; NULL: not delivered';
COMMENT ON COLUMN orders_v1.shipment_view.local_date IS
'delivered_at, or expected_at before delivery, in the tenant''s time zone, written as if it were UTC; NULL: both are NULL';

COMMENT ON TYPE orders_v1.tracking_view IS
'A tracking event of a shipment that was not withdrawn. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.tracking_view.at IS 'Time of the event, as reported by the courier';

COMMENT ON TYPE orders_v1.return_view IS 'A return of an order. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.return_view.refund_id IS 'The first of its refunds; NULL: not refunded';
COMMENT ON COLUMN orders_v1.return_view.amount IS
'Sum of its refunds that have not failed, minor units; NULL: not refunded';
COMMENT ON COLUMN orders_v1.return_view.lines IS '[{"id", "quantity"}]: the returned items of each line, by line';

COMMENT ON VIEW orders_v1.order_view IS
'Orders as the module reads them: one row for each order, with its children as arrays and records of types. It runs with the rights of the owner. A
statement names the columns that it needs, and restricts tenant_id: a child that is not named is not read. NULL in a result: not read';
COMMENT ON COLUMN orders_v1.order_view.tenant_id IS 'The tenant';
COMMENT ON COLUMN orders_v1.order_view.id IS 'Id of the order';
COMMENT ON COLUMN orders_v1.order_view.buyer_id IS 'The buyer; NULL: not claimed';
COMMENT ON COLUMN orders_v1.order_view.public_id IS 'UUID of the order';
COMMENT ON COLUMN orders_v1.order_view.number IS 'Order number, in capitals';
COMMENT ON COLUMN orders_v1.order_view.bill_no IS 'Bill number; NULL: not billed';
COMMENT ON COLUMN orders_v1.order_view.api IS 'The API that the order was placed through';
COMMENT ON COLUMN orders_v1.order_view.version IS 'Version of the order, from 1; each operation adds 1';
COMMENT ON COLUMN orders_v1.order_view.state IS 'State of the order axis';
COMMENT ON COLUMN orders_v1.order_view.payment_state IS 'State of the payment axis';
COMMENT ON COLUMN orders_v1.order_view.fulfilment_state IS 'State of the fulfilment axis; none: no delivery';
COMMENT ON COLUMN orders_v1.order_view.claimable IS 'Whether a consumer can claim the order with its number';
COMMENT ON COLUMN orders_v1.order_view.payment_method IS 'Payment method as chosen, or as settled by an operator';
COMMENT ON COLUMN orders_v1.order_view.payment_channel IS 'Channel of an external payment; NULL for other methods';
COMMENT ON COLUMN orders_v1.order_view.payer IS 'Email address of the payer; NULL: not reported by a provider';
COMMENT ON COLUMN orders_v1.order_view.cancel_reason IS
'Comment of the cancellation; NULL: no comment, or not cancelled';
COMMENT ON COLUMN orders_v1.order_view.notes IS 'Notes of the buyer';
COMMENT ON COLUMN orders_v1.order_view.currency IS 'ISO 4217 code';
COMMENT ON COLUMN orders_v1.order_view.exponent IS 'Number of decimal digits of the currency when the order was placed';
COMMENT ON COLUMN orders_v1.order_view.subtotal IS 'Goods before discount, minor units';
COMMENT ON COLUMN orders_v1.order_view.discount IS 'Discount on the goods, minor units';
COMMENT ON COLUMN orders_v1.order_view.tax IS 'Tax of all lines, minor units';
COMMENT ON COLUMN orders_v1.order_view.shipping IS 'Shipping, minor units';
COMMENT ON COLUMN orders_v1.order_view.total IS 'Amount to pay, minor units';
COMMENT ON COLUMN orders_v1.order_view.refunded IS
'Refunded amount, minor units; without pending refunds and refunds of surplus payments';
COMMENT ON COLUMN orders_v1.order_view.tax_inclusive IS 'Whether prices include tax';
COMMENT ON COLUMN orders_v1.order_view.snapshot IS 'The plan as it was sold; NULL for other orders';
COMMENT ON COLUMN orders_v1.order_view.metadata IS 'JSON object of the application''s own data';
COMMENT ON COLUMN orders_v1.order_view.created_at IS 'When the order was placed';
COMMENT ON COLUMN orders_v1.order_view.updated_at IS 'When the order was last changed';
COMMENT ON COLUMN orders_v1.order_view.paid_at IS 'When the first payment was captured; NULL: not paid';
COMMENT ON COLUMN orders_v1.order_view.cancelled_at IS 'When the order was cancelled; NULL: not cancelled';
COMMENT ON COLUMN orders_v1.order_view.refunded_at IS 'When the order was last refunded; NULL: never';
COMMENT ON COLUMN orders_v1.order_view.expires_at IS 'The order expires if it is unpaid at this time; NULL: never';
COMMENT ON COLUMN orders_v1.order_view.lines IS 'Lines, by id';
COMMENT ON COLUMN orders_v1.order_view.payments IS 'Payments, by id';
COMMENT ON COLUMN orders_v1.order_view.refunds IS 'Refunds, by id';
COMMENT ON COLUMN orders_v1.order_view.balance IS 'Balance of the buyer in the order''s currency; NULL without a buyer';
COMMENT ON COLUMN orders_v1.order_view.posting IS 'The last ledger entry of the order in the account of the buyer; NULL: none';
COMMENT ON COLUMN orders_v1.order_view.buyer IS 'The buyer, without given and family name; NULL: not claimed';
COMMENT ON COLUMN orders_v1.order_view.agent IS 'The salesperson; NULL: none';
COMMENT ON COLUMN orders_v1.order_view.company IS 'The selling company; NULL: the tenant itself';
COMMENT ON COLUMN orders_v1.order_view.taxes IS 'Tax by key and rate, in this order';
COMMENT ON COLUMN orders_v1.order_view.addresses IS 'Addresses: billing, then shipping';
COMMENT ON COLUMN orders_v1.order_view.history IS 'Steps, by number';
COMMENT ON COLUMN orders_v1.order_view.actors IS 'The users who acted on the order, each once, by id';
COMMENT ON COLUMN orders_v1.order_view.invoices IS 'Invoices, by id';
COMMENT ON COLUMN orders_v1.order_view.shipment IS 'The shipment; NULL: no delivery';
COMMENT ON COLUMN orders_v1.order_view.tracking IS 'Tracking events that were not withdrawn, by their time';
COMMENT ON COLUMN orders_v1.order_view.returns IS 'Returns, by id';
COMMENT ON COLUMN orders_v1.order_view.category IS
'Kind of the first product or plan; for orders of packages: package, renewal or upgrade; NULL: none of these';
COMMENT ON COLUMN orders_v1.order_view.currency_symbol IS 'Symbol of the currency; NULL: none';
COMMENT ON COLUMN orders_v1.order_view.pay_url IS 'URL at which the order can be paid now; NULL: none';
COMMENT ON COLUMN orders_v1.order_view.paid_by_link IS 'Whether the payment method of the order uses a pay link';

COMMENT ON TYPE orders_v1.written IS
'The result of a write operation on an order. id: the written row, as the function states; NULL: none. order: the order afterwards; children that
the API does not show are NULL. refusal, detail, event_id and event_type: only for provider events';
COMMENT ON COLUMN orders_v1.written.outcome IS 'done, unchanged, intent, capture, refund, or the verdict on a provider event';
COMMENT ON COLUMN orders_v1.written.replayed IS 'Whether this is the stored response of an earlier request with the same key';
COMMENT ON COLUMN orders_v1.written.refusal IS 'Why a provider event was refused or is waiting; NULL: applied';
COMMENT ON COLUMN orders_v1.written.event_id IS 'event_id of the stored provider event; derived when the event is the reply to a capture';
COMMENT ON COLUMN orders_v1.written.event_type IS 'type of the stored provider event';

COMMENT ON TYPE orders_v1.stored IS
'The result of a write operation on an entry of the catalogue, a cart or a terminal transaction';
COMMENT ON COLUMN orders_v1.stored.outcome IS
'created, updated, unchanged or done; in a bulk also the code of the refusal of the entry';
COMMENT ON COLUMN orders_v1.stored.kind IS 'Kind of a catalogue entry; NULL otherwise';
COMMENT ON COLUMN orders_v1.stored.ref IS 'External reference of a catalogue entry, code of a cart';
COMMENT ON COLUMN orders_v1.stored.document IS
'The entry as it is stored; of reorder: the titles that are no longer sold; NULL: the entry was refused';
COMMENT ON COLUMN orders_v1.stored.variants IS '[{"ref", "id"}] of a product; NULL for other kinds';
COMMENT ON COLUMN orders_v1.stored.detail IS 'Why an entry of a bulk was refused; NULL: it was accepted';
COMMENT ON COLUMN orders_v1.stored.field IS 'The field for which an entry of a bulk was refused; NULL: not a single field';

COMMENT ON TYPE orders_v1.profile_view IS
'The profile that a consumer sees. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.profile_view.title IS 'Title, a number or a string, as the application sent it';
COMMENT ON COLUMN orders_v1.profile_view.address IS 'Default address, a JSON object; NULL: none';

COMMENT ON TYPE orders_v1.token_view IS
'A token with its user, without its hash. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.token_view.user_ref IS 'External reference of the user';
COMMENT ON COLUMN orders_v1.token_view.hint IS 'The first characters of the token';
COMMENT ON COLUMN orders_v1.token_view.scopes IS 'Scopes, separated by spaces';
COMMENT ON COLUMN orders_v1.token_view.expires_at IS 'When the token expires; NULL: never';
COMMENT ON COLUMN orders_v1.token_view.revoked_at IS 'When the token was revoked; NULL: not revoked';

COMMENT ON TYPE orders_v1.posted IS
'The result of post_balance. id: the posting. replayed: whether this is the stored response of an earlier request';
COMMENT ON COLUMN orders_v1.posted.balance IS 'The balance after the ledger entry';

COMMENT ON TYPE orders_v1.claim_result IS
'The result of claim_order. outcome: done or unchanged. id: the order. replayed: whether this is the stored response of an earlier request';
COMMENT ON COLUMN orders_v1.claim_result.profile IS 'The profile of the buyer';

COMMENT ON TYPE orders_v1.written_token IS
'The result of issue_token and revoke_token. id: the token. replayed: whether this is the stored response of an earlier request';
COMMENT ON COLUMN orders_v1.written_token.hash IS
'SHA-256 of the token in hexadecimal, for caches; NULL except in revoke_token';

COMMENT ON TYPE orders_v1.identity IS 'The user behind a token or a login';
COMMENT ON COLUMN orders_v1.identity.token_id IS 'The token; NULL for a login';
COMMENT ON COLUMN orders_v1.identity.login IS 'Login name; NULL: none';
COMMENT ON COLUMN orders_v1.identity.scopes IS 'Scopes of the token, separated by spaces; NULL for a login';
COMMENT ON COLUMN orders_v1.identity.expires_at IS 'When the token ends; null: never, or a login';

COMMENT ON TYPE orders_v1.label_view IS
'Text for a status or payment method (word), and the language of the text. Attributes are read by position: new ones go to the end';
COMMENT ON COLUMN orders_v1.label_view.kind IS 'order_status, shipment_status or payment_method';
COMMENT ON COLUMN orders_v1.label_view.language IS 'Language tag in lower case';

COMMENT ON TYPE orders_v1.printable_invoice IS
'An invoice or a bill with the document that its PDF shows. company_id: NULL when the tenant itself is the issuer';
COMMENT ON COLUMN orders_v1.printable_invoice.id IS 'Id of the invoice; of a bill: of the order';
COMMENT ON COLUMN orders_v1.printable_invoice.issuer IS 'Name of the issuer, as printed';

COMMENT ON TYPE orders_v1.payment_task IS 'A payment for which its provider has to be called';
COMMENT ON COLUMN orders_v1.payment_task.return_url IS 'URL to which the provider redirects the buyer afterwards; NULL: none';
COMMENT ON COLUMN orders_v1.payment_task.capture_step IS
'capture; read_first: read the intent, then capture; read_only: never capture. NULL: no capture is due';
COMMENT ON COLUMN orders_v1.payment_task.attempts IS 'Failed attempts so far; NULL: the task is not from the queue';

COMMENT ON TYPE orders_v1.refund_task IS
'A refund for its provider to execute. reference is the captured transaction';
COMMENT ON COLUMN orders_v1.refund_task.intent_id IS 'The provider''s id of the refunded payment';
COMMENT ON COLUMN orders_v1.refund_task.payment_key IS 'provider_key of the refunded payment';
COMMENT ON COLUMN orders_v1.refund_task.attempts IS 'Failed attempts so far';

COMMENT ON TYPE orders_v1.mail_task IS 'A mail to send. Amounts are in minor units';
COMMENT ON COLUMN orders_v1.mail_task.template IS 'Name of the template';
COMMENT ON COLUMN orders_v1.mail_task.message_key IS 'UUID of the mail, the same in each attempt';
COMMENT ON COLUMN orders_v1.mail_task.seller IS 'Name of the selling company, or of the tenant';
COMMENT ON COLUMN orders_v1.mail_task.exponent IS 'Number of decimal digits of the currency';
COMMENT ON COLUMN orders_v1.mail_task.total IS 'Amount to pay, minor units';
COMMENT ON COLUMN orders_v1.mail_task.attempts IS 'Failed attempts so far';
COMMENT ON COLUMN orders_v1.mail_task.order_expires_at IS 'When the order expires if it is unpaid; NULL: never';

COMMENT ON VIEW orders_v1.order_text IS
'Texts by which an order is found: title and reference of each of its lines, reference and intent of each of its payments. It runs with the rights of the owner';
COMMENT ON COLUMN orders_v1.order_text.text IS 'The texts of a line or payment, separated by line feeds, so that one comparison searches all of them';
COMMENT ON VIEW orders_v1.user_text IS
'Texts by which a user is found: external reference, name, email address. It runs with the rights of the owner';
COMMENT ON COLUMN orders_v1.user_text.text IS 'The texts of the user, separated by line feeds';
COMMENT ON VIEW orders_v1.pending_refund IS 'One row for each pending refund. It runs with the rights of the owner';

GRANT SELECT ON orders_v1.order_view, orders_v1.order_text, orders_v1.user_text, orders_v1.pending_refund TO orders_api;
GRANT EXECUTE ON FUNCTION orders_v1.cancel_reason(integer, bigint), orders_v1.is_paid_by_link(text),
    orders_v1.is_payable(text, text, timestamptz) TO orders_api;

COMMIT;
