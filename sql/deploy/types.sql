-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:types to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

CREATE SCHEMA orders_v1;
COMMENT ON SCHEMA orders_v1 IS
'Functions of mod_orders, and the composite types that they share: the interface between the module and the database. A release replaces all
functions in place; the module calls only functions that are granted to orders_api. An incompatible change makes a schema
orders_v2 beside this one, so that servers of both releases can run. Functions without SET search_path are internal: they run inside
the public functions, and no role may execute them directly.';
GRANT USAGE ON SCHEMA orders_v1 TO orders_api;

CREATE TYPE orders_v1.seller_context AS (company_id bigint, prefix text, role text);

CREATE TYPE orders_v1.step AS (axis text, from_state text, to_state text);

CREATE TYPE orders_v1.context AS (
    tenant_id   integer,
    api         text,
    actor       text,
    actor_id    bigint,
    route       text,
    key         text,
    fingerprint bytea
);

-- verdict: 'new' (execute), 'replay' (return the stored response) or 'resume' (the effect is committed, its response is not final).
CREATE TYPE orders_v1.claim AS (verdict text, order_id bigint, answer jsonb);

CREATE TYPE orders_v1.reserved_coupon AS (coupon_id bigint, code text, amount bigint);

CREATE TYPE orders_v1.order_head AS (
    api           text,
    buyer_id      bigint,
    claimable     boolean,
    number_prefix text,
    retailer_id   bigint,
    agent_id      bigint,
    cart_id       bigint,
    currency      text,
    exponent      smallint,
    tax_inclusive boolean,
    fulfilment    text,
    method        text,
    channel       text,
    provider      text,
    channel_enabled boolean,
    return_url    text,
    intent_later  boolean,
    expires_in    integer,
    coupon        text,
    notes         text,
    snapshot      jsonb,
    metadata      jsonb,
    package_kind  text,
    former_term   bigint,
    clock         timestamptz,
    local_time    timestamp,
    addresses     jsonb,
    shipment      orders.shipment
);

CREATE TYPE orders_v1.priced_line AS (
    kind           text,
    item_id        bigint,
    item_ref       text,
    product_number text,
    slug           text,
    title          text,
    variant        text,
    attributes     jsonb,
    quantity       integer,
    unit_price     bigint,
    list_price     bigint,
    discount       bigint,
    tax            bigint,
    tax_class      text,
    image          text,
    returnable     boolean,
    reserved       integer,
    snapshot       jsonb,
    metadata       jsonb
);

CREATE TYPE orders_v1.tax_share AS (line integer, key text, rate_bp integer, amount bigint);

CREATE TYPE orders_v1.order_sums AS (subtotal bigint, discount bigint, tax bigint, shipping bigint, total bigint);

CREATE TYPE orders_v1.plan_offer AS (
    plan            orders.plan,
    option          orders.billing_option,
    user_active     boolean,
    tax_inclusive   boolean,
    exponent        smallint,
    channel_enabled boolean,
    provider        text
);

CREATE TYPE orders_v1.reserved_lines AS (amount bigint, lines jsonb);

CREATE TYPE orders_v1.balance_credit AS (payment_id bigint, refund_id bigint, currency text, amount bigint);

CREATE TYPE orders_v1.return_item AS (line_id bigint, quantity integer);

CREATE TYPE orders_v1.upserted AS (code text, id bigint, document jsonb);

CREATE TYPE orders_v1.broken_rule AS (rule text, value text);

CREATE TYPE orders_v1.offer AS (
    variant orders.variant,
    product orders.product,
    company orders.company,
    price   orders.variant_price,
    package orders.package
);

CREATE TYPE orders_v1.checked_lines AS (lines orders_v1.priced_line[], broken orders_v1.broken_rule[], package bigint);

COMMENT ON TYPE orders_v1.seller_context IS 'The current company of a user: id, prefix, and the role of the user';
COMMENT ON TYPE orders_v1.step IS 'One step of one axis';
COMMENT ON TYPE orders_v1.context IS
'Context of a call: tenant, API, kind and id of the actor, idempotency key with route and fingerprint';
COMMENT ON TYPE orders_v1.claim IS
'The state of an idempotency key: new, replay (return the stored response, answer) or resume (the effect is committed, its response is not final)';
COMMENT ON TYPE orders_v1.reserved_coupon IS 'A reserved coupon and its discount';
COMMENT ON TYPE orders_v1.order_head IS 'Parameters of put_order besides the lines';
COMMENT ON TYPE orders_v1.priced_line IS 'A line with its price, as an operation resolved it from the catalogue';
COMMENT ON TYPE orders_v1.tax_share IS 'Tax of a line by key and rate';
COMMENT ON TYPE orders_v1.order_sums IS 'Totals of an order, minor units';
COMMENT ON TYPE orders_v1.plan_offer IS 'A plan with everything that placing an order of it needs';
COMMENT ON TYPE orders_v1.reserved_lines IS 'Lines reserved for a refund, [{"id","quantity","amount"}], and the amount to refund';
COMMENT ON TYPE orders_v1.balance_credit IS 'A refund of a payment from the balance that is still to be credited';
COMMENT ON TYPE orders_v1.return_item IS 'Items of a line to return; without a quantity all that are left';
COMMENT ON TYPE orders_v1.upserted IS 'Outcome of an upsert';
COMMENT ON TYPE orders_v1.broken_rule IS 'A violated rule of a document, with the offending value if there is one';
COMMENT ON TYPE orders_v1.offer IS 'A variant on sale with its price, and the package that it is';
COMMENT ON TYPE orders_v1.checked_lines IS 'The lines that could be priced, the rules that are broken, and the package among them';

-- Every step of every order, derived from the events. Reads of orders use this view, and replacing a view waits for them: like a type,
-- it is changed by a sqitch change of its own.
CREATE VIEW orders_v1.order_history AS
SELECT e.tenant_id, e.subject_id AS order_id, (e.first_step + s.n - 1)::integer AS step, e.version,
       split_part(s.step, ':', 1) AS axis, split_part(s.step, ':', 2) AS from_state, split_part(s.step, ':', 3) AS to_state,
       e.actor, e.actor_id, e.api, e.comments[coalesce(nullif(split_part(s.step, ':', 4), '')::integer, 1)] AS comment,
       CASE split_part(s.step, ':', 1) WHEN 'return' THEN e.return_id END AS return_id, e.created_at
FROM orders.event e
CROSS JOIN LATERAL unnest(e.steps) WITH ORDINALITY AS s (step, n)
WHERE e.subject = 'order';

-- The same by operation, for reads that do not need single steps.
CREATE VIEW orders_v1.order_operation AS
SELECT e.tenant_id, e.subject_id AS order_id, e.version, e.actor, e.actor_id, e.api, e.created_at
FROM orders.event e
WHERE e.subject = 'order' AND e.steps <> '{}';

COMMENT ON VIEW orders_v1.order_history IS
'The steps of orders, numbered 1, 2, 3 … within an order; steps of one operation share its version';
COMMENT ON VIEW orders_v1.order_operation IS 'Operations with at least one step, one row each, by order and version';

COMMIT;
