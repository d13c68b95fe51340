-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:orders to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

-- Every operation looks steps up. The fillfactor spreads the rows over so many pages that the planner prefers the index to reading all of them.
CREATE TABLE orders.transition (
    axis       text NOT NULL,
    from_state text NOT NULL,
    to_state   text NOT NULL,
    actor      text NOT NULL,
    event      text NOT NULL,
    step       text NOT NULL GENERATED ALWAYS AS (axis || ':' || from_state || ':' || to_state) STORED,
    CONSTRAINT transition_pkey PRIMARY KEY (axis, from_state, to_state, actor),
    CONSTRAINT transition_step_unique UNIQUE (step, actor),
    CONSTRAINT transition_axis_known CHECK (axis IN ('order', 'payment', 'fulfilment', 'return', 'details')),
    CONSTRAINT transition_actor_known CHECK (actor IN ('buyer', 'seller', 'operator', 'provider', 'system'))
) WITH (fillfactor = 10);

INSERT INTO orders.transition (axis, from_state, to_state, actor, event)
SELECT s.axis, s.from_state, s.to_state, a.actor, s.event
FROM (VALUES
    ('order', 'new', 'open', 'buyer seller operator system', 'order.placed'),
    ('order', 'open', 'completed', 'buyer seller operator provider system', 'order.completed'),
    ('order', 'open', 'cancelled', 'buyer seller operator provider system', 'order.cancelled'),
    ('order', 'open', 'expired', 'system', 'order.expired'),
    ('order', 'open', 'error', 'seller operator provider system', 'order.failed'),
    ('order', 'expired', 'cancelled', 'buyer seller operator system', 'order.cancelled'),
    ('order', 'error', 'cancelled', 'buyer seller operator system', 'order.cancelled'),
    ('order', 'completed', 'cancelled', 'buyer seller operator system', 'order.cancelled'),
    ('payment', 'new', 'unpaid', 'buyer seller operator system', 'payment.opened'),
    ('payment', 'unpaid', 'confirming', 'seller operator provider system', 'payment.confirming'),
    ('payment', 'unpaid', 'paid', 'buyer seller operator provider system', 'order.paid'),
    ('payment', 'confirming', 'paid', 'seller operator provider system', 'order.paid'),
    ('payment', 'unpaid', 'failed', 'seller operator provider system', 'payment.failed'),
    ('payment', 'confirming', 'failed', 'seller operator provider system', 'payment.failed'),
    ('payment', 'failed', 'confirming', 'seller operator provider system', 'payment.confirming'),
    ('payment', 'failed', 'paid', 'buyer seller operator provider system', 'order.paid'),
    ('payment', 'unpaid', 'closed', 'buyer seller operator system', 'payment.closed'),
    ('payment', 'confirming', 'closed', 'buyer seller operator system', 'payment.closed'),
    ('payment', 'failed', 'closed', 'buyer seller operator system', 'payment.closed'),
    ('payment', 'paid', 'refund_pending', 'buyer seller operator provider system', 'refund.requested'),
    ('payment', 'partially_refunded', 'refund_pending', 'buyer seller operator provider system', 'refund.requested'),
    ('payment', 'closed', 'refund_pending', 'buyer seller operator provider system', 'refund.requested'),
    ('payment', 'failed', 'refund_pending', 'buyer seller operator provider system', 'refund.requested'),
    ('payment', 'refund_pending', 'partially_refunded', 'buyer seller operator provider system', 'order.partially_refunded'),
    ('payment', 'refund_pending', 'refunded', 'buyer seller operator provider system', 'order.refunded'),
    ('payment', 'refund_pending', 'paid', 'operator provider system', 'payment.reinstated'),
    ('payment', 'refund_pending', 'closed', 'operator provider system', 'payment.reinstated'),
    ('payment', 'refund_pending', 'failed', 'operator provider system', 'payment.reinstated'),
    ('payment', 'paid', 'partially_refunded', 'buyer seller operator provider system', 'order.partially_refunded'),
    ('payment', 'partially_refunded', 'partially_refunded', 'buyer seller operator provider system', 'order.partially_refunded'),
    ('payment', 'partially_refunded', 'refunded', 'buyer seller operator provider system', 'order.refunded'),
    ('fulfilment', 'new', 'none', 'buyer seller operator system', 'fulfilment.none'),
    ('fulfilment', 'new', 'pending', 'buyer seller operator system', 'fulfilment.pending'),
    ('fulfilment', 'pending', 'confirmed', 'seller operator system', 'order.confirmed'),
    ('fulfilment', 'pending', 'packed', 'seller operator system', 'order.packed'),
    ('fulfilment', 'confirmed', 'packed', 'seller operator system', 'order.packed'),
    ('fulfilment', 'packed', 'shipped', 'seller operator system', 'order.shipped'),
    ('fulfilment', 'shipped', 'out_for_delivery', 'seller operator provider system', 'order.out_for_delivery'),
    ('fulfilment', 'shipped', 'delivered', 'seller operator provider system', 'order.delivered'),
    ('fulfilment', 'out_for_delivery', 'delivered', 'seller operator provider system', 'order.delivered'),
    ('fulfilment', 'delivered', 'returned', 'seller operator system', 'order.returned'),
    ('details', 'new', 'corrected', 'seller operator system', 'order.corrected'),
    ('details', 'corrected', 'corrected', 'seller operator system', 'order.corrected'),
    ('return', 'new', 'requested', 'buyer seller operator', 'return.requested'),
    ('return', 'requested', 'approved', 'seller operator', 'return.approved'),
    ('return', 'requested', 'rejected', 'seller operator', 'return.rejected'),
    ('return', 'approved', 'received', 'seller operator', 'return.received'),
    ('return', 'approved', 'rejected', 'seller operator', 'return.rejected'),
    ('return', 'received', 'refunded', 'seller operator', 'return.refunded'),
    ('return', 'received', 'rejected', 'seller operator', 'return.rejected'),
    ('return', 'refunded', 'received', 'operator provider system', 'return.refund_failed')
) AS s (axis, from_state, to_state, actors, event)
CROSS JOIN LATERAL string_to_table(s.actors, ' ') AS a (actor);

CREATE TABLE orders.orders (
    tenant_id         integer     NOT NULL,
    id                bigint      NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    public_id         uuid        NOT NULL DEFAULT orders.new_public_id(),
    number            orders.order_number     NOT NULL,
    bill_no           text,
    api               orders.api              NOT NULL,
    version           integer     NOT NULL DEFAULT 1,
    state             orders.order_state      NOT NULL,
    payment_state     orders.payment_state    NOT NULL,
    fulfilment_state  orders.fulfilment_state NOT NULL,
    buyer_id          bigint,
    claimable         boolean     NOT NULL DEFAULT false,
    retailer_id       bigint,
    agent_id          bigint,
    payer             text,
    cart_id           bigint,
    payment_method    text        NOT NULL,
    payment_channel   text,
    currency          orders.currency_code    NOT NULL,
    exponent          smallint    NOT NULL,
    tax_inclusive     boolean     NOT NULL,
    subtotal          bigint      NOT NULL,
    discount          bigint      NOT NULL DEFAULT 0,
    tax               bigint      NOT NULL DEFAULT 0,
    shipping          bigint      NOT NULL DEFAULT 0,
    total             bigint      NOT NULL,
    captured          bigint      NOT NULL DEFAULT 0,
    refunded          bigint      NOT NULL DEFAULT 0,
    notes             orders.order_notes,
    snapshot          orders.json_object,
    metadata          orders.json_object      NOT NULL DEFAULT '{}',
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    paid_at           timestamptz,
    cancelled_at      timestamptz,
    refunded_at       timestamptz,
    expires_at        timestamptz,
    CONSTRAINT orders_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT orders_public_id_unique UNIQUE (tenant_id, public_id),
    CONSTRAINT orders_number_unique UNIQUE (tenant_id, number),
    CONSTRAINT orders_buyer_exists FOREIGN KEY (tenant_id, buyer_id) REFERENCES orders.users (tenant_id, id),
    CONSTRAINT orders_version_positive CHECK (version > 0),
    CONSTRAINT orders_amounts_not_negative CHECK (subtotal >= 0 AND discount >= 0 AND tax >= 0 AND shipping >= 0),
    CONSTRAINT orders_total_in_range CHECK (total BETWEEN 0 AND 1000000000000000),
    CONSTRAINT orders_total_is_sum CHECK (
        total = subtotal - discount + shipping + CASE WHEN tax_inclusive THEN 0 ELSE tax END),
    CONSTRAINT orders_refunded_within_captured CHECK (refunded >= 0 AND refunded <= captured),
    CONSTRAINT orders_paid_has_time CHECK (payment_state NOT IN ('paid', 'partially_refunded') OR paid_at IS NOT NULL),
    CONSTRAINT orders_paid_is_captured CHECK (
        payment_state NOT IN ('paid', 'partially_refunded') OR captured >= total),
    CONSTRAINT orders_cancelled_has_time CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL))
) WITH (fillfactor = 85);

-- No index here has a column that an operation on a placed order updates, in its key or its predicate, so that these updates
-- are HOT: they write no index entry. Lists of a buyer by other columns are sorted in memory.
CREATE INDEX orders_by_buyer_created ON orders.orders (tenant_id, buyer_id, created_at, id);

CREATE INDEX orders_by_created ON orders.orders (tenant_id, created_at, id);

CREATE UNIQUE INDEX orders_one_per_cart ON orders.orders (tenant_id, cart_id) WHERE cart_id IS NOT NULL;

CREATE INDEX orders_by_retailer ON orders.orders (tenant_id, retailer_id, id) WHERE retailer_id IS NOT NULL;

CREATE TABLE orders.order_line (
    tenant_id         integer     NOT NULL,
    order_id          bigint      NOT NULL,
    id                bigint      NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    kind              orders.line_kind NOT NULL,
    item_id           bigint,
    item_ref          text,
    product_number    text,
    slug              text,
    title             text        NOT NULL,
    variant           text,
    attributes        orders.json_array,
    quantity          integer     NOT NULL,
    unit_price        bigint      NOT NULL,
    list_price        bigint      NOT NULL,
    subtotal          bigint      NOT NULL,
    discount          bigint      NOT NULL DEFAULT 0,
    tax               bigint      NOT NULL DEFAULT 0,
    currency          text        NOT NULL,
    image             text,
    returnable        boolean     NOT NULL DEFAULT false,
    refunded_quantity integer     NOT NULL DEFAULT 0,
    refunded_amount   bigint      NOT NULL DEFAULT 0,
    cancelled_quantity integer    NOT NULL DEFAULT 0,
    returned_quantity integer     NOT NULL DEFAULT 0,
    reserved          integer     NOT NULL DEFAULT 0,
    stock_shipped     integer     NOT NULL DEFAULT 0,
    snapshot          orders.json_object,
    metadata          orders.json_object NOT NULL DEFAULT '{}',
    created_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT order_line_pkey PRIMARY KEY (tenant_id, order_id, id),
    CONSTRAINT order_line_order_exists FOREIGN KEY (tenant_id, order_id) REFERENCES orders.orders (tenant_id, id),
    CONSTRAINT order_line_quantity_positive CHECK (quantity > 0),
    CONSTRAINT order_line_subtotal_is_product CHECK (subtotal = quantity * unit_price),
    CONSTRAINT order_line_sign_fits_kind CHECK (
        CASE WHEN kind IN ('discount', 'voucher') THEN unit_price <= 0 ELSE unit_price >= 0 END),
    CONSTRAINT order_line_discount_within_subtotal CHECK (discount BETWEEN 0 AND greatest(subtotal, 0)),
    CONSTRAINT order_line_tax_not_negative CHECK (tax >= 0),
    CONSTRAINT order_line_refunded_within_quantity CHECK (refunded_quantity BETWEEN 0 AND quantity),
    CONSTRAINT order_line_refunded_within_worth CHECK (refunded_amount = 0 OR refunded_amount BETWEEN 0 AND subtotal - discount + tax),
    CONSTRAINT order_line_returned_within_quantity CHECK (returned_quantity BETWEEN 0 AND quantity),
    CONSTRAINT order_line_cancelled_is_refunded CHECK (cancelled_quantity BETWEEN 0 AND refunded_quantity),
    CONSTRAINT order_line_reserved_fits CHECK (reserved IN (0, quantity - cancelled_quantity)),
    CONSTRAINT order_line_stock_shipped_within_quantity CHECK (stock_shipped BETWEEN 0 AND quantity)
);

CREATE TABLE orders.order_tax (
    tenant_id integer NOT NULL,
    order_id  bigint  NOT NULL,
    key       text    NOT NULL,
    rate_bp   integer NOT NULL,
    amount    bigint  NOT NULL,
    CONSTRAINT order_tax_pkey PRIMARY KEY (tenant_id, order_id, key, rate_bp),
    CONSTRAINT order_tax_order_exists FOREIGN KEY (tenant_id, order_id) REFERENCES orders.orders (tenant_id, id),
    CONSTRAINT order_tax_rate_between_0_and_100_percent CHECK (rate_bp BETWEEN 0 AND 10000),
    CONSTRAINT order_tax_amount_not_negative CHECK (amount >= 0)
);

CREATE TABLE orders.order_address (
    tenant_id integer NOT NULL,
    order_id  bigint  NOT NULL,
    id        bigint  NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    kind      orders.address_kind NOT NULL,
    document  orders.json_object NOT NULL,
    CONSTRAINT order_address_pkey PRIMARY KEY (tenant_id, order_id, kind),
    CONSTRAINT order_address_order_exists FOREIGN KEY (tenant_id, order_id) REFERENCES orders.orders (tenant_id, id)
);

-- STABLE and inlined, so that replacing it invalidates the cached plans that contain its value.
CREATE FUNCTION orders.event_epoch() RETURNS integer LANGUAGE sql STABLE AS 'SELECT 0';

CREATE TABLE orders.event (
    tenant_id       integer              NOT NULL,
    version         integer              NOT NULL,
    subject_id      bigint               NOT NULL,
    id              bigint               NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    xid             xid8                 NOT NULL,
    created_at      timestamptz          NOT NULL,
    epoch           integer              NOT NULL,
    first_step      integer              NOT NULL,
    actor_id        bigint,
    return_id       bigint,
    subject         orders.event_subject NOT NULL,
    types           text[]               NOT NULL,
    steps           text[]               NOT NULL,
    actor           text                 NOT NULL,
    api             text,
    hash            bytea                NOT NULL,
    comments_digest bytea,
    comments_salt   bytea,
    comments        text[],
    CONSTRAINT event_pkey PRIMARY KEY (tenant_id, subject, subject_id, version)
);

CREATE TABLE orders.coupon_redemption (
    tenant_id  integer     NOT NULL,
    coupon_id  bigint      NOT NULL,
    order_id   bigint      NOT NULL,
    user_id    bigint,
    amount     bigint      NOT NULL,
    currency   text        NOT NULL,
    state      orders.redemption_state NOT NULL DEFAULT 'reserved',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT coupon_redemption_pkey PRIMARY KEY (tenant_id, order_id, coupon_id),
    CONSTRAINT coupon_redemption_order_exists FOREIGN KEY (tenant_id, order_id)
        REFERENCES orders.orders (tenant_id, id),
    CONSTRAINT coupon_redemption_amount_not_negative CHECK (amount >= 0)
);

CREATE INDEX coupon_redemption_by_coupon ON orders.coupon_redemption (tenant_id, coupon_id, user_id);

CREATE TABLE orders.number_series (
    tenant_id   integer NOT NULL,
    series      text    NOT NULL,
    last_number integer NOT NULL DEFAULT 0,
    CONSTRAINT number_series_pkey PRIMARY KEY (tenant_id, series),
    CONSTRAINT number_series_last_number_not_negative CHECK (last_number >= 0)
);

COMMENT ON TABLE orders.transition IS
'The allowed steps of the axes, by actor. record_event looks each step up here and records no other';
COMMENT ON COLUMN orders.transition.axis IS 'order, payment, fulfilment, details, or return: each return of an order has an axis of its own';
COMMENT ON COLUMN orders.transition.from_state IS 'State before; ''new'' for the first step';
COMMENT ON COLUMN orders.transition.to_state IS 'State after';
COMMENT ON COLUMN orders.transition.actor IS 'Kind of actor that may take the step';
COMMENT ON COLUMN orders.transition.step IS 'The step as events store it: axis:from_state:to_state';
COMMENT ON COLUMN orders.transition.event IS 'Type of the event that reports it';
COMMENT ON TABLE orders.orders IS
'Orders. Three state machines (order, payment, fulfilment), which each API maps to its own status values';
COMMENT ON COLUMN orders.orders.tenant_id IS 'The tenant';
COMMENT ON COLUMN orders.orders.id IS 'Numeric id';
COMMENT ON COLUMN orders.orders.public_id IS 'UUIDv7: the id in the shop API';
COMMENT ON COLUMN orders.orders.number IS 'Order number in the format of its API';
COMMENT ON COLUMN orders.orders.bill_no IS 'Bill number as printed, a copy of the number of its bill; null before it is billed';
COMMENT ON COLUMN orders.orders.api IS 'The API through which it was placed';
COMMENT ON COLUMN orders.orders.version IS 'Version, incremented by each operation; the basis of ETag and If-Match';
COMMENT ON COLUMN orders.orders.state IS 'Order axis';
COMMENT ON COLUMN orders.orders.payment_state IS 'Payment axis';
COMMENT ON COLUMN orders.orders.fulfilment_state IS 'Fulfilment axis; none: nothing is to be delivered';
COMMENT ON COLUMN orders.orders.buyer_id IS 'The buyer; null: not claimed yet';
COMMENT ON COLUMN orders.orders.claimable IS
'Whether a consumer becomes the buyer by the order number; such an order is placed without a buyer';
COMMENT ON COLUMN orders.orders.retailer_id IS 'Selling company; null: the tenant';
COMMENT ON COLUMN orders.orders.agent_id IS 'Salesperson; null: none';
COMMENT ON COLUMN orders.orders.payer IS 'Mail address of the payer, if the provider reports it';
COMMENT ON COLUMN orders.orders.cart_id IS 'The cart from which it was placed: at most one order per cart';
COMMENT ON COLUMN orders.orders.payment_method IS 'Payment method as chosen, or as recorded with a manual payment';
COMMENT ON COLUMN orders.orders.payment_channel IS 'Channel of an external payment';
COMMENT ON COLUMN orders.orders.currency IS 'ISO 4217';
COMMENT ON COLUMN orders.orders.exponent IS 'Exponent of the currency when the order was placed';
COMMENT ON COLUMN orders.orders.tax_inclusive IS 'Whether prices include tax; fixed when the order is placed';
COMMENT ON COLUMN orders.orders.subtotal IS 'Goods before discount, minor units';
COMMENT ON COLUMN orders.orders.discount IS 'Discount on the goods, minor units';
COMMENT ON COLUMN orders.orders.tax IS 'Tax of all lines, minor units';
COMMENT ON COLUMN orders.orders.shipping IS 'Shipping lines, minor units';
COMMENT ON COLUMN orders.orders.total IS 'Amount to pay, minor units';
COMMENT ON COLUMN orders.orders.captured IS 'Money received by all payments except surplus ones, minor units';
COMMENT ON COLUMN orders.orders.refunded IS 'Money refunded, minor units, without pending refunds and refunds of surplus payments';
COMMENT ON COLUMN orders.orders.notes IS 'Free text of the buyer';
COMMENT ON COLUMN orders.orders.snapshot IS 'The plan as it was sold';
COMMENT ON COLUMN orders.orders.metadata IS 'Data of an external system: a JSON object that the module does not read';
COMMENT ON COLUMN orders.orders.created_at IS 'Time of creation';
COMMENT ON COLUMN orders.orders.updated_at IS 'Time of the last change';
COMMENT ON COLUMN orders.orders.paid_at IS 'Time of the first capture';
COMMENT ON COLUMN orders.orders.cancelled_at IS 'Time of cancellation';
COMMENT ON COLUMN orders.orders.refunded_at IS 'Time of the last refund';
COMMENT ON COLUMN orders.orders.expires_at IS 'Expiry of the unpaid order, by the clock of the database; null: never';
COMMENT ON TABLE orders.order_line IS
'Order lines as placed. Lines of kind discount and voucher show the sum of the discounts of the goods lines and are not added to the total';
COMMENT ON COLUMN orders.order_line.tenant_id IS 'The tenant';
COMMENT ON COLUMN orders.order_line.order_id IS 'The order';
COMMENT ON COLUMN orders.order_line.id IS 'Id; lines are shown in this order';
COMMENT ON COLUMN orders.order_line.kind IS 'plan, product, package, shipping, discount, tax or voucher';
COMMENT ON COLUMN orders.order_line.item_id IS 'Id in the catalogue (of the coupon for a discount)';
COMMENT ON COLUMN orders.order_line.item_ref IS 'Key of the item in an external system; the code of a coupon';
COMMENT ON COLUMN orders.order_line.product_number IS 'Number that the company API shows';
COMMENT ON COLUMN orders.order_line.slug IS 'Name in URLs';
COMMENT ON COLUMN orders.order_line.title IS 'Name for display';
COMMENT ON COLUMN orders.order_line.variant IS 'Name of variant or billing option';
COMMENT ON COLUMN orders.order_line.attributes IS 'Array of variant attributes';
COMMENT ON COLUMN orders.order_line.quantity IS 'Quantity';
COMMENT ON COLUMN orders.order_line.unit_price IS 'Minor units, negative in discount lines';
COMMENT ON COLUMN orders.order_line.list_price IS 'Price before any reduction, minor units';
COMMENT ON COLUMN orders.order_line.subtotal IS 'quantity × unit_price';
COMMENT ON COLUMN orders.order_line.discount IS 'Share of all discounts, minor units';
COMMENT ON COLUMN orders.order_line.tax IS 'Share of the tax, minor units';
COMMENT ON COLUMN orders.order_line.currency IS 'ISO 4217';
COMMENT ON COLUMN orders.order_line.image IS 'URL of an image';
COMMENT ON COLUMN orders.order_line.returnable IS 'Whether it can be returned';
COMMENT ON COLUMN orders.order_line.refunded_quantity IS 'Items refunded or being refunded';
COMMENT ON COLUMN orders.order_line.refunded_amount IS 'Amount refunded or being refunded, minor units';
COMMENT ON COLUMN orders.order_line.returned_quantity IS 'Items in returns that are not rejected';
COMMENT ON COLUMN orders.order_line.cancelled_quantity IS 'Items refunded before the order was shipped; they are not shipped';
COMMENT ON COLUMN orders.order_line.reserved IS
'Stock reserved by this line: the items to be shipped; 0 if stock is not counted, was released, or was shipped';
COMMENT ON COLUMN orders.order_line.stock_shipped IS 'Items of counted stock that were shipped';
COMMENT ON COLUMN orders.order_line.snapshot IS
'The product as it was sold: {company: {id, name}, item: {id, number, name}, variants: [{id, name}], images, status,
translations: {language: {name}}}';
COMMENT ON COLUMN orders.order_line.metadata IS 'Data of an external system: a JSON object that the module does not read';
COMMENT ON COLUMN orders.order_line.created_at IS 'Time of creation';
COMMENT ON TABLE orders.order_tax IS 'Tax of an order by key and rate; the sum is the tax of the order';
COMMENT ON COLUMN orders.order_tax.tenant_id IS 'The tenant';
COMMENT ON COLUMN orders.order_tax.order_id IS 'The order';
COMMENT ON COLUMN orders.order_tax.key IS 'Name on bills';
COMMENT ON COLUMN orders.order_tax.rate_bp IS 'Basis points';
COMMENT ON COLUMN orders.order_tax.amount IS 'Minor units';
COMMENT ON TABLE orders.order_address IS 'Addresses as given when placed';
COMMENT ON COLUMN orders.order_address.tenant_id IS 'The tenant';
COMMENT ON COLUMN orders.order_address.order_id IS 'The order';
COMMENT ON COLUMN orders.order_address.id IS 'Id';
COMMENT ON COLUMN orders.order_address.kind IS 'billing or shipping';
COMMENT ON COLUMN orders.order_address.document IS 'JSON object with the fields that the API wrote';
COMMENT ON FUNCTION orders.event_epoch IS
'The epoch of new events. orders_v1.skip_ids replaces this function with one that returns a greater number. After a restore, ids and transaction ids are
assigned again; the epoch distinguishes them from the lost ones';
COMMENT ON TABLE orders.event IS
'One row for each operation that changed an order: row n describes version n. Append-only: only the transaction that wrote a row may add steps to it, and only
comments and comments_salt may be erased. orders_v1.order_history derives the history of an order from these rows';
COMMENT ON COLUMN orders.event.tenant_id IS 'The tenant';
COMMENT ON COLUMN orders.event.version IS 'Version of the subject after the operation: 1, 2, 3 … without gaps';
COMMENT ON COLUMN orders.event.subject_id IS 'Id of the subject, which is the order';
COMMENT ON COLUMN orders.event.id IS 'Number of the event, unique in the database';
COMMENT ON COLUMN orders.event.xid IS 'Id of the transaction that wrote it';
COMMENT ON COLUMN orders.event.created_at IS 'Time of the operation';
COMMENT ON COLUMN orders.event.epoch IS 'Grows with each restore: xid and id are unique within an epoch only';
COMMENT ON COLUMN orders.event.first_step IS 'Number of its first step among all steps of the subject';
COMMENT ON COLUMN orders.event.actor_id IS 'The user who acted; NULL: no user of this database';
COMMENT ON COLUMN orders.event.return_id IS 'The return that the steps on axis return belong to';
COMMENT ON COLUMN orders.event.subject IS 'Kind of the subject: order';
COMMENT ON COLUMN orders.event.types IS
'Names of the event, from the transitions of its steps, each once; order.updated for an operation without steps';
COMMENT ON COLUMN orders.event.steps IS
'axis:from:to, or axis:from:to:n for a step with comment n. Without n the step has the first comment';
COMMENT ON COLUMN orders.event.actor IS 'Kind of actor';
COMMENT ON COLUMN orders.event.api IS 'API that was called; worker for the background worker';
COMMENT ON COLUMN orders.event.hash IS
'SHA-256 of the hash of the previous version''s event and of the content of this row: orders_v1.event_hash';
COMMENT ON COLUMN orders.event.comments_digest IS
'SHA-256 of salt and comments: orders_v1.comments_digest. The hash contains it in place of the comments, so that they can be erased';
COMMENT ON COLUMN orders.event.comments_salt IS '16 random bytes; NULL: no comments, or erased with them';
COMMENT ON COLUMN orders.event.comments IS 'Reasons and remarks of the steps. Personal data: erase them together with comments_salt';
COMMENT ON TABLE orders.coupon_redemption IS
'Use of a coupon by an order: reserved; applied when the order is paid; released when it is cancelled, expires, fails or is refunded in full before shipping';
COMMENT ON COLUMN orders.coupon_redemption.tenant_id IS 'The tenant';
COMMENT ON COLUMN orders.coupon_redemption.coupon_id IS 'The coupon';
COMMENT ON COLUMN orders.coupon_redemption.order_id IS 'The order';
COMMENT ON COLUMN orders.coupon_redemption.user_id IS 'The buyer';
COMMENT ON COLUMN orders.coupon_redemption.amount IS 'Discount, minor units';
COMMENT ON COLUMN orders.coupon_redemption.currency IS 'ISO 4217';
COMMENT ON COLUMN orders.coupon_redemption.state IS 'reserved, applied or released';
COMMENT ON COLUMN orders.coupon_redemption.created_at IS 'Time of creation';
COMMENT ON COLUMN orders.coupon_redemption.updated_at IS 'Time of the last change';
COMMENT ON TABLE orders.number_series IS
'Counters of gapless numbers. A transaction locks the row last';
COMMENT ON COLUMN orders.number_series.tenant_id IS 'The tenant';
COMMENT ON COLUMN orders.number_series.series IS 'Name of the series';
COMMENT ON COLUMN orders.number_series.last_number IS 'Last assigned number; 0: none';

COMMIT;
