-- SPDX-License-Identifier: Apache-2.0
-- The portable order: everything that an order is, without the ids of this database. An import reads the same document (../rules/imports.sql).
--
-- Every member is always present, in this sequence; a member without a value is null. Amounts are in minor units, times in UTC to the
-- microsecond. Rows refer to each other by their position in the document, from 1. docs/import.md describes each member.
--
-- {"number", "public_id", "dialect", "created_at", "updated_at", "paid_at", "cancelled_at", "refunded_at",
--  "state", "payment_state", "fulfilment_state", "payment_method", "payment_channel", "payer",
--  "user": {"ref", "name", "email"}, "claimable", "company": {"ref", "name", "prefix"}, "agent": {"ref", "name", "email"},
--  "currency", "tax_inclusive", "subtotal", "discount", "tax", "shipping", "total",
--  "lines": [{"kind", "product", "variant", "number", "slug", "title", "attributes", "quantity", "unit_price", "list_price", "discount", "tax",
--             "refunded_quantity", "cancelled_quantity", "returnable", "image", "snapshot", "metadata"}],
--  "taxes": [{"key", "rate_bp", "amount"}], "addresses": {"billing", "shipping"},
--  "payments": [{"method", "channel", "status", "amount", "surplus", "intent_id", "reference", "transaction_id", "failure_code", "failure_message",
--                "metadata", "created_at", "updated_at", "paid_at"}],
--  "refunds": [{"payment", "status", "amount", "reason", "reference", "failure_code", "failure_message", "return",
--               "lines": [{"line", "quantity", "amount"}], "metadata", "created_at", "updated_at", "settled_at"}],
--  "shipments": [{"status", "courier", "service", "tracking_number", "tracking_url", "estimated_delivery", "expected_at", "shipped_at", "delivered_at",
--                 "updated_at", "tracking": [{"status", "location", "description", "at", "withdrawn_at"}]}],
--  "returns": [{"state", "reason", "refund", "lines": [{"line", "quantity", "refunded"}], "created_at", "updated_at"}],
--  "package": {"kind", "duration_unit", "duration_value", "term": {"starts_at", "ends_at", "anchor_day", "revoked_at"}},
--  "bill": {"number", "created_at", "parties"}, "invoice": {"number", "created_at", "document"},
--  "history": [{"at", "actor": {"kind", "ref", "name"}, "api", "return", "comment", "steps": [{"axis", "from", "to", "comment"}]}],
--  "notes", "snapshot", "metadata"}
--
-- Not part of it: the state of intents and pay links, the expiry of an unpaid order, reserved stock, uses of coupons, ledger entries, and
-- idempotency keys. They belong to the database in which the order is.

CREATE OR REPLACE FUNCTION orders_v1.portable_time(p_time timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(p_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- The ids of plan, billing option, company, product and variant. Attributes are given by the catalogue and have no id of this database.
CREATE OR REPLACE FUNCTION orders_v1.snapshot_without_ids(p_snapshot jsonb, p_attributes jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    s jsonb := p_snapshot - '{id,billing_option_id}'::text[] #- '{company,id}' #- '{item,id}';
BEGIN
    RETURN CASE WHEN coalesce(p_attributes, '[]') = '[]' THEN s #- '{variants,0,id}' ELSE s END;
END
$$;

-- row_to_json keeps the sequence of the columns and writes no line break. A list without rows is [].
CREATE OR REPLACE FUNCTION orders_v1.portable_lines(p_tenant integer, p_order bigint) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN array_to_json(ARRAY(
        SELECT row_to_json(d) FROM (
            SELECT l.kind, l.item_ref AS product, l.variant, l.product_number AS number, l.slug, l.title, l.attributes, l.quantity, l.unit_price,
                   l.list_price, l.discount, l.tax, l.refunded_quantity, l.cancelled_quantity, l.returnable, l.image,
                   orders_v1.snapshot_without_ids(l.snapshot, l.attributes) AS snapshot, l.metadata
            FROM orders.order_line l
            WHERE l.tenant_id = p_tenant AND l.order_id = p_order
            ORDER BY l.id) AS d));
END
$$;

-- A payment without an intent yet is one that awaits the buyer.
CREATE OR REPLACE FUNCTION orders_v1.portable_payments(p_tenant integer, p_order bigint) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN array_to_json(ARRAY(
        SELECT row_to_json(d) FROM (
            SELECT p.method, p.channel, CASE p.status WHEN 'created' THEN 'pending' ELSE p.status END AS status, p.amount, p.surplus, p.intent_id,
                   p.reference, p.transaction_id, p.failure_code, p.failure_message, p.metadata, orders_v1.portable_time(p.created_at) AS created_at,
                   orders_v1.portable_time(p.updated_at) AS updated_at, orders_v1.portable_time(p.captured_at) AS paid_at
            FROM orders.payment p
            WHERE p.tenant_id = p_tenant AND p.order_id = p_order
            ORDER BY p.id) AS d));
END
$$;

-- p_ids: the ids of lines, payments, refunds or returns of an order, in the sequence of the document.
CREATE OR REPLACE FUNCTION orders_v1.portable_refunds(
    p_tenant integer, p_order bigint, p_refunds bigint[], p_lines bigint[], p_payments bigint[], p_returns bigint[]
) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_refunds = '{}' THEN
        RETURN '[]';
    END IF;
    RETURN array_to_json(ARRAY(
        SELECT row_to_json(d) FROM (
            SELECT array_position(p_payments, r.payment_id) AS payment, r.status, r.amount, r.reason, r.reference, r.failure_code, r.failure_message,
                   array_position(p_returns, r.return_id) AS return,
                   CASE WHEN r.lines IS NOT NULL THEN array_to_json(ARRAY(
                       SELECT row_to_json(x) FROM (
                           SELECT array_position(p_lines, (e.line ->> 'id')::bigint) AS line, (e.line ->> 'quantity')::integer AS quantity,
                                  (e.line ->> 'amount')::bigint AS amount
                           FROM jsonb_array_elements(r.lines) WITH ORDINALITY AS e (line, n)
                           ORDER BY e.n) AS x)) END AS lines,
                   r.metadata, orders_v1.portable_time(r.created_at) AS created_at, orders_v1.portable_time(r.updated_at) AS updated_at,
                   orders_v1.portable_time(r.settled_at) AS settled_at
            FROM orders.refund r
            WHERE r.tenant_id = p_tenant AND r.order_id = p_order
            ORDER BY r.id) AS d));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.portable_returns(
    p_tenant integer, p_order bigint, p_returns bigint[], p_lines bigint[], p_refunds bigint[]
) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_returns = '{}' THEN
        RETURN '[]';
    END IF;
    RETURN array_to_json(ARRAY(
        SELECT row_to_json(d) FROM (
            SELECT r.state, r.reason, array_position(p_refunds, r.refund_id) AS refund,
                   array_to_json(ARRAY(
                       SELECT row_to_json(x) FROM (
                           SELECT array_position(p_lines, l.line_id) AS line, l.quantity, l.refunded
                           FROM orders.return_line l
                           WHERE l.tenant_id = p_tenant AND l.return_id = r.id
                           ORDER BY l.line_id) AS x)) AS lines,
                   orders_v1.portable_time(r.created_at) AS created_at, orders_v1.portable_time(r.updated_at) AS updated_at
            FROM orders.order_return r
            WHERE r.tenant_id = p_tenant AND r.order_id = p_order
            ORDER BY r.id) AS d));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.portable_shipments(p_tenant integer, p_order bigint) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN array_to_json(ARRAY(
        SELECT row_to_json(d) FROM (
            SELECT s.status, s.courier, s.service, s.tracking_number, s.tracking_url, s.estimated_delivery,
                   orders_v1.portable_time(s.expected_at) AS expected_at, orders_v1.portable_time(s.shipped_at) AS shipped_at,
                   orders_v1.portable_time(s.delivered_at) AS delivered_at, orders_v1.portable_time(s.updated_at) AS updated_at,
                   array_to_json(ARRAY(
                       SELECT row_to_json(x) FROM (
                           SELECT e.status, e.location, e.description, orders_v1.portable_time(e.at) AS at,
                                  orders_v1.portable_time(e.withdrawn_at) AS withdrawn_at
                           FROM orders.shipment_event e
                           WHERE e.tenant_id = p_tenant AND e.order_id = p_order
                           ORDER BY e.id) AS x)) AS tracking
            FROM orders.shipment s
            WHERE s.tenant_id = p_tenant AND s.order_id = p_order
            ORDER BY s.id) AS d));
END
$$;

-- The subquery with LIMIT keeps a session that has planned with an empty table from reading all users for each order. An operation is one element. Its comment is the first one; a step has a comment of its own if it has another one.
CREATE OR REPLACE FUNCTION orders_v1.portable_history(p_tenant integer, p_order bigint, p_returns bigint[]) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN array_to_json(ARRAY(
        SELECT row_to_json(d) FROM (
            SELECT orders_v1.portable_time(e.created_at) AS at,
                   (SELECT row_to_json(a) FROM (SELECT e.actor AS kind, p.ref, p.name) AS a) AS actor,
                   e.api, array_position(p_returns, e.return_id) AS return, e.comments[1] AS comment,
                   array_to_json(ARRAY(
                       SELECT row_to_json(x) FROM (
                           SELECT split_part(s.step, ':', 1) AS axis, split_part(s.step, ':', 2) AS from, split_part(s.step, ':', 3) AS to,
                                  e.comments[nullif(split_part(s.step, ':', 4), '')::integer] AS comment
                           FROM unnest(e.steps) WITH ORDINALITY AS s (step, n)
                           ORDER BY s.n) AS x)) AS steps
            FROM orders.event e
            LEFT JOIN LATERAL (SELECT u.external_ref AS ref, u.name FROM orders.users u
                               WHERE u.tenant_id = p_tenant AND u.id = e.actor_id
                               LIMIT 1) AS p ON true
            WHERE e.tenant_id = p_tenant AND e.subject = 'order' AND e.subject_id = p_order
            ORDER BY e.version) AS d));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.portable_user(p_tenant integer, p_user bigint) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_user IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT row_to_json(d) FROM (
                SELECT u.external_ref AS ref, u.name, u.email FROM orders.users u WHERE u.tenant_id = p_tenant AND u.id = p_user) AS d);
END
$$;

-- A bill is found by its order, whose number of the bill is the printed one.
CREATE OR REPLACE FUNCTION orders_v1.portable_documents(o orders.orders, OUT package json, OUT bill json, OUT invoice json)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF o.api = 'commerce' THEN
        SELECT row_to_json(d) INTO package FROM (
            SELECT q.kind, q.duration_unit, q.duration_value,
                   (SELECT row_to_json(x) FROM (
                        SELECT orders_v1.portable_time(t.starts_at) AS starts_at, orders_v1.portable_time(t.ends_at) AS ends_at, t.anchor_day,
                               orders_v1.portable_time(t.revoked_at) AS revoked_at
                        FROM orders.package_term t
                        WHERE t.tenant_id = o.tenant_id AND t.order_id = o.id) AS x) AS term
            FROM orders.package_order q
            WHERE q.tenant_id = o.tenant_id AND q.order_id = o.id) AS d;
    END IF;
    IF o.bill_no IS NOT NULL THEN
        SELECT row_to_json(d) INTO bill FROM (
            SELECT o.bill_no AS number, orders_v1.portable_time(b.created_at) AS created_at, b.snapshot AS parties FROM orders.bill b
            WHERE b.tenant_id = o.tenant_id AND b.order_id = o.id) AS d;
    END IF;
    IF o.paid_at IS NOT NULL THEN
        SELECT row_to_json(d) INTO invoice FROM (
            SELECT i.number, orders_v1.portable_time(i.created_at) AS created_at, i.document FROM orders.invoice i
            WHERE i.tenant_id = o.tenant_id AND i.order_id = o.id) AS d;
    END IF;
END
$$;

-- The id of the coupon is an id of this database; code and discount stay in the metadata.
CREATE OR REPLACE FUNCTION orders_v1.metadata_without_ids(p_tenant integer, p_order bigint, p_metadata jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_metadata ? 'coupon_id' AND EXISTS (SELECT FROM orders.coupon_redemption r WHERE r.tenant_id = p_tenant AND r.order_id = p_order) THEN
        RETURN p_metadata - 'coupon_id';
    END IF;
    RETURN p_metadata;
END
$$;

-- STABLE, so that all parts are those of the snapshot of the calling statement.
CREATE OR REPLACE FUNCTION orders_v1.portable_order(p_tenant integer, p_order bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    o          orders.orders;
    d          record;
    v_lines    bigint[];
    v_payments bigint[];
    v_refunds  bigint[];
    v_returns  bigint[];
BEGIN
    SELECT * INTO o FROM orders x WHERE x.tenant_id = p_tenant AND x.id = p_order;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    v_returns := '{}';
    IF is_shipped(o) THEN
        v_returns := ARRAY(SELECT r.id FROM order_return r WHERE r.tenant_id = p_tenant AND r.order_id = p_order ORDER BY r.id);
    END IF;
    v_refunds := '{}';
    IF o.captured > 0 THEN
        v_refunds := ARRAY(SELECT r.id FROM refund r WHERE r.tenant_id = p_tenant AND r.order_id = p_order ORDER BY r.id);
    END IF;
    IF v_refunds <> '{}' OR v_returns <> '{}' THEN
        v_lines := ARRAY(SELECT l.id FROM order_line l WHERE l.tenant_id = p_tenant AND l.order_id = p_order ORDER BY l.id);
        v_payments := ARRAY(SELECT p.id FROM payment p WHERE p.tenant_id = p_tenant AND p.order_id = p_order ORDER BY p.id);
    END IF;
    SELECT x.package, x.bill, x.invoice INTO d FROM portable_documents(o) AS x;
    RETURN (
        SELECT row_to_json(j)::text FROM (
            SELECT o.number, o.public_id, o.api AS dialect, portable_time(o.created_at) AS created_at, portable_time(o.updated_at) AS updated_at,
                   portable_time(o.paid_at) AS paid_at, portable_time(o.cancelled_at) AS cancelled_at, portable_time(o.refunded_at) AS refunded_at,
                   o.state, o.payment_state, o.fulfilment_state, o.payment_method, o.payment_channel, o.payer,
                   portable_user(p_tenant, o.buyer_id) AS user, o.claimable,
                   (SELECT row_to_json(y) FROM (SELECT y.external_ref AS ref, y.name, y.prefix FROM company y
                                                WHERE y.tenant_id = p_tenant AND y.id = o.retailer_id) AS y) AS company,
                   portable_user(p_tenant, o.agent_id) AS agent,
                   o.currency, o.tax_inclusive, o.subtotal, o.discount, o.tax, o.shipping, o.total,
                   portable_lines(p_tenant, p_order) AS lines,
                   array_to_json(ARRAY(SELECT row_to_json(y) FROM (SELECT t.key, t.rate_bp, t.amount FROM order_tax t
                                                                   WHERE t.tenant_id = p_tenant AND t.order_id = p_order
                                                                   ORDER BY t.key COLLATE "C", t.rate_bp) AS y)) AS taxes,
                   (SELECT row_to_json(y) FROM (
                        SELECT (SELECT a.document FROM order_address a
                                WHERE a.tenant_id = p_tenant AND a.order_id = p_order AND a.kind = 'billing') AS billing,
                               (SELECT a.document FROM order_address a
                                WHERE a.tenant_id = p_tenant AND a.order_id = p_order AND a.kind = 'shipping') AS shipping) AS y) AS addresses,
                   portable_payments(p_tenant, p_order) AS payments,
                   portable_refunds(p_tenant, p_order, v_refunds, v_lines, v_payments, v_returns) AS refunds,
                   portable_shipments(p_tenant, p_order) AS shipments,
                   portable_returns(p_tenant, p_order, v_returns, v_lines, v_refunds) AS returns,
                   d.package, d.bill, d.invoice, portable_history(p_tenant, p_order, v_returns) AS history,
                   o.notes, snapshot_without_ids(o.snapshot, NULL) AS snapshot, metadata_without_ids(p_tenant, p_order, o.metadata) AS metadata) AS j);
END
$$;

GRANT EXECUTE ON FUNCTION orders_v1.portable_order(integer, bigint) TO orders_api;

COMMENT ON FUNCTION orders_v1.portable_time IS 'Internal: a time of a portable order: ISO 8601, UTC, to the microsecond';
COMMENT ON FUNCTION orders_v1.snapshot_without_ids IS 'Internal: a copy of a plan or a product as it was sold, without the ids of this database';
COMMENT ON FUNCTION orders_v1.portable_lines IS 'Internal: the lines of a portable order';
COMMENT ON FUNCTION orders_v1.portable_payments IS 'Internal: the payments of a portable order';
COMMENT ON FUNCTION orders_v1.portable_refunds IS
'Internal: the refunds of a portable order. The arrays have the ids of its refunds, lines, payments and returns in their sequence';
COMMENT ON FUNCTION orders_v1.portable_returns IS
'Internal: the returns of a portable order. The arrays have the ids of its returns, lines and refunds in their sequence';
COMMENT ON FUNCTION orders_v1.portable_shipments IS 'Internal: the shipments of a portable order';
COMMENT ON FUNCTION orders_v1.portable_history IS 'Internal: the operations of a portable order. p_returns: the ids of its returns in their sequence';
COMMENT ON FUNCTION orders_v1.portable_user IS 'Internal: a user of a portable order; NULL: none';
COMMENT ON FUNCTION orders_v1.portable_documents IS 'Internal: package, bill and invoice of a portable order; NULL: none';
COMMENT ON FUNCTION orders_v1.metadata_without_ids IS 'Internal: the metadata of an order without the id of its coupon';
COMMENT ON FUNCTION orders_v1.portable_order IS
'An order as a JSON document without the ids of this database: one line of text with all members in a fixed sequence, which import_orders reads. The text depends on
the order only, not on settings of the session. NULL: there is no such order';
