-- SPDX-License-Identifier: Apache-2.0

-- The keys of an address depend on the API that stored it.
-- An empty field counts as absent: it does not hide another field with the same meaning.
CREATE OR REPLACE FUNCTION orders_v1.address_lines(p_address jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_agg(l.line ORDER BY l.n) FILTER (WHERE l.line <> ''), '[]')
    FROM (VALUES
        (1, concat_ws(' ', coalesce(orders_v1.given_text(p_address, 'street'), orders_v1.given_text(p_address, 'addressLine1')),
                      orders_v1.given_text(p_address, 'house'))),
        (2, coalesce(orders_v1.given_text(p_address, 'street2'), orders_v1.given_text(p_address, 'addressLine2'))),
        (3, concat_ws(' ', orders_v1.given_text(p_address, 'city'),
                      coalesce(orders_v1.given_text(p_address, 'state'), orders_v1.given_text(p_address, 'province')),
                      coalesce(orders_v1.given_text(p_address, 'postal_code'), orders_v1.given_text(p_address, 'code'),
                               orders_v1.given_text(p_address, 'postalCode')))),
        (4, orders_v1.given_text(p_address, 'country'))) AS l (n, line));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.invoice_issuer(p_tenant integer, p_retailer bigint) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT CASE WHEN c.id IS NOT NULL
                        THEN jsonb_build_object('name', c.name, 'address', orders_v1.address_lines(c.address), 'tax_number', c.tax_number,
                                                'email', c.email)
                        ELSE jsonb_build_object('name', t.name, 'address', orders_v1.address_lines(t.address), 'tax_number', t.tax_number,
                                                'email', t.email) END
            FROM orders.tenant t
            LEFT JOIN orders.company c ON c.tenant_id = p_tenant AND c.id = coalesce(p_retailer, 0)
            WHERE t.id = p_tenant);
END
$$;

-- The customer is the name in the billing address. Without a billing address, it is the buyer, with the shipping address.
CREATE OR REPLACE FUNCTION orders_v1.invoice_buyer(p_tenant integer, p_order bigint, p_buyer bigint) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT CASE WHEN coalesce(b.name, u.name) IS NOT NULL THEN jsonb_build_object(
                       'name', coalesce(b.name, u.name),
                       'address', orders_v1.address_lines(coalesce(b.document, u.default_address, '{}')),
                       'email', coalesce(orders_v1.given_text(b.document, 'email'), u.email)) END
            FROM (SELECT 1) AS one
            LEFT JOIN orders.users u ON u.tenant_id = p_tenant AND u.id = coalesce(p_buyer, 0)
            LEFT JOIN LATERAL (
                SELECT a.document, CASE a.kind WHEN 'billing' THEN coalesce(
                           nullif(concat_ws(' ', orders_v1.given_text(a.document, 'given_name'), orders_v1.given_text(a.document, 'family_name')), ''),
                           orders_v1.given_text(a.document, 'receiverName'), orders_v1.given_text(a.document, 'name')) END AS name
                FROM orders.order_address a
                WHERE a.tenant_id = p_tenant AND a.order_id = p_order
                ORDER BY a.kind LIMIT 1) AS b ON true);
END
$$;

-- Names, addresses and the time zone can change later. Everything else in a document comes from rows of the order that never
-- change.
CREATE OR REPLACE FUNCTION orders_v1.document_parties(
    p_tenant integer, p_order bigint, p_buyer bigint, p_retailer bigint, p_time timestamptz
) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN jsonb_build_object(
        'issued_at', orders_v1.local_text(p_tenant, p_time), 'issuer', orders_v1.invoice_issuer(p_tenant, p_retailer),
        'buyer', orders_v1.invoice_buyer(p_tenant, p_order, p_buyer));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.invoice_lines(o orders.orders) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'number', l.product_number, 'title', l.title, 'variant', l.variant, 'quantity', l.quantity,
                       'unit_price', l.unit_price, 'discount', l.discount, 'tax', l.tax,
                       'amount', l.subtotal - l.discount) ORDER BY l.id), '[]')
            FROM orders.order_line l
            WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id AND l.kind IN ('plan', 'product', 'package', 'shipping'));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.invoice_payment(o orders.orders) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT jsonb_build_object(
                       'method', p.method, 'reference', p.reference,
                       'paid_at', orders_v1.local_text(o.tenant_id, p.captured_at))
            FROM orders.payment p
            WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id AND p.captured > 0 AND NOT p.surplus
            ORDER BY p.id LIMIT 1);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.invoice_document(o orders.orders, p_number text, p_parties jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN jsonb_build_object(
        'number', p_number, 'order_number', o.number,
        'currency', o.currency, 'exponent', o.exponent, 'tax_inclusive', o.tax_inclusive,
        'lines', orders_v1.invoice_lines(o),
        'taxes', (SELECT coalesce(jsonb_agg(jsonb_build_object('key', t.key, 'rate_bp', t.rate_bp, 'amount', t.amount)
                                            ORDER BY t.key, t.rate_bp), '[]')
                  FROM orders.order_tax t WHERE t.tenant_id = o.tenant_id AND t.order_id = o.id),
        'subtotal', o.subtotal, 'discount', o.discount, 'tax', o.tax, 'shipping', o.shipping, 'total', o.total,
        'payment', orders_v1.invoice_payment(o),
        'notes', o.notes) || p_parties;
END
$$;

-- An invoice states the full total, which is wrong once money was refunded or is being refunded: that requires a credit note,
-- which is not implemented.
CREATE OR REPLACE FUNCTION orders_v1.check_billable(o orders.orders) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF o.payment_state IN ('refund_pending', 'partially_refunded', 'refunded') THEN
        PERFORM orders_v1.refuse('409', 'order_refunded', 'The order has a refund and can no longer be invoiced.', NULL,
                              orders_v1.states_of(o));
    ELSIF orders_v1.is_closed(o.state) OR o.paid_at IS NULL OR o.captured < o.total THEN
        PERFORM orders_v1.refuse('409', 'order_not_billable', 'The order must be paid in full before it is invoiced.', NULL, orders_v1.states_of(o));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.invoice_number(p_tenant integer, p_prefix text, p_sequence integer, p_time timestamptz) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT p_prefix || to_char(orders_v1.local_time(p_tenant, p_time), 'YYMMDD') || orders_v1.digits(p_sequence, 6) || 'IN'
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_invoice(o orders.orders) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_prefix   text := coalesce((SELECT c.prefix FROM orders.company c
                                 WHERE c.tenant_id = o.tenant_id AND c.id = o.retailer_id),
                                (SELECT t.invoice_series FROM orders.tenant t WHERE t.id = o.tenant_id));
    v_series   text := 'invoice ' || coalesce(o.retailer_id::text, 'tenant');
    v_sequence integer := orders_v1.next_in_series(o.tenant_id, v_series);
    v_number   text := orders_v1.invoice_number(o.tenant_id, v_prefix, v_sequence, now());
    v_id       bigint;
BEGIN
    INSERT INTO orders.invoice (tenant_id, order_id, company_id, series, sequence, number, document)
    VALUES (o.tenant_id, o.id, o.retailer_id, v_series, v_sequence, v_number, orders_v1.invoice_document(
        o, v_number, orders_v1.document_parties(o.tenant_id, o.id, o.buyer_id, o.retailer_id, now())))
    RETURNING id INTO v_id;
    RETURN v_id;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.issue_invoice(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_order bigint, p_match text[] DEFAULT NULL
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c         orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim   orders_v1.claim := claim_key(c);
    o         orders.orders;
    v_invoice bigint;
    v_code    text := 'unchanged';
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    o := lock_order(p_tenant, p_order, NULL, p_match);
    SELECT i.id INTO v_invoice FROM invoice i WHERE i.tenant_id = p_tenant AND i.order_id = p_order;
    IF v_invoice IS NULL THEN
        PERFORM check_billable(o);
        PERFORM move_order(c, o, '{}', 0, 0, NULL);
        v_invoice := put_invoice(o);
        v_code := 'done';
    END IF;
    RETURN NEXT finish(c, v_code, p_order, v_invoice);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.invoice_row(i orders.invoice) RETURNS orders_v1.printable_invoice LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ROW(i.id, i.company_id, i.number, i.document -> 'issuer' ->> 'name', i.document, i.created_at)::orders_v1.printable_invoice;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.as_bill(p_document jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT p_document - 'payment' || '{"kind": "bill"}'
$$;

-- A bill that the worker has not issued yet is issued here. Its stored document is final; the payment is added to each response.
-- An order without goods to deliver has no bill number: once it is paid, its order number is used.
CREATE OR REPLACE FUNCTION orders_v1.read_bill(p_tenant integer, p_user bigint, p_order bigint) RETURNS SETOF orders_v1.printable_invoice
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    o orders.orders;
    r orders_v1.printable_invoice;
BEGIN
    SELECT * INTO o FROM orders x WHERE x.tenant_id = p_tenant AND x.id = p_order;
    IF o.id IS NULL OR (p_user IS NOT NULL AND o.buyer_id IS DISTINCT FROM p_user) THEN
        PERFORM refuse('404', 'not_found', 'There is no such order.');
    ELSIF o.bill_no IS NULL AND o.paid_at IS NULL THEN
        PERFORM refuse('409', 'order_not_billed', 'The order has no bill yet. It gets one when it is confirmed, packed or paid.', NULL, states_of(o));
    END IF;
    IF o.bill_no IS NULL AND EXISTS (SELECT FROM due d WHERE d.tenant_id = p_tenant AND d.kind = 'bill' AND d.id = p_order) THEN
        PERFORM bill_order(lock_order(p_tenant, p_order, NULL, NULL));
    END IF;
    r.id := o.id;
    r.company_id := o.retailer_id;
    r.number := o.number;
    SELECT b.created_at, coalesce(i.bill_number, bill_number(b.series, b.sequence)) INTO r.created_at, o.bill_no
    FROM bill b
    LEFT JOIN imported_order i ON i.tenant_id = p_tenant AND i.order_id = b.order_id
    WHERE b.tenant_id = p_tenant AND b.order_id = o.id;
    IF FOUND THEN
        r.number := o.bill_no; -- the worker may have issued it since the order was read
        r.document := bill_document(o);
    ELSE
        r.created_at := o.paid_at;
        r.document := as_bill(invoice_document(o, r.number, document_parties(o.tenant_id, o.id, o.buyer_id, o.retailer_id, o.paid_at)));
    END IF;
    r.document := r.document || jsonb_build_object('payment', invoice_payment(o));
    r.issuer := r.document -> 'issuer' ->> 'name';
    RETURN NEXT r;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.read_bill(integer, bigint, bigint),
    orders_v1.issue_invoice(integer, text, text, bigint, text, text, bytea, bigint, text[])
    TO orders_api;

COMMENT ON FUNCTION orders_v1.address_lines IS 'Internal: an address as a JSON array of lines';
COMMENT ON FUNCTION orders_v1.invoice_issuer IS 'Internal: the issuer: the selling company, or the tenant';
COMMENT ON FUNCTION orders_v1.invoice_buyer IS 'Internal: the customer that is billed; NULL: unknown';
COMMENT ON FUNCTION orders_v1.invoice_lines IS 'Internal: goods and shipping, net of discounts';
COMMENT ON FUNCTION orders_v1.invoice_payment IS 'Internal: how an order was paid; NULL: not paid';
COMMENT ON FUNCTION orders_v1.document_parties IS
'Internal: issued_at, issuer and buyer of a document issued at p_time: the parts that later changes would affect';
COMMENT ON FUNCTION orders_v1.as_bill IS 'Internal: an invoice document converted to a bill, without the payment';
COMMENT ON FUNCTION orders_v1.invoice_document IS 'Internal: the complete document of an invoice. p_parties: from document_parties';
COMMENT ON FUNCTION orders_v1.check_billable IS
'Internal: OR409 order_refunded when money was or is being refunded, order_not_billable unless the order is paid in full';
COMMENT ON FUNCTION orders_v1.invoice_number IS 'Internal: the invoice number for a time, with the date in the tenant''s time zone';
COMMENT ON FUNCTION orders_v1.put_invoice IS
'Internal: takes the next number of the issuer''s series and stores the invoice. The series is the last lock';
COMMENT ON FUNCTION orders_v1.issue_invoice IS
'Issues the invoice of a paid order without refunds. Outcome unchanged when it already has one, even after a refund. OR404
not_found, OR409 order_not_billable, order_refunded';
COMMENT ON FUNCTION orders_v1.invoice_row IS 'Internal: an invoice as the result type of its read functions';
COMMENT ON FUNCTION orders_v1.read_bill IS
'The bill of an order of p_user (NULL: any user) with its document, whose kind is bill. Issues the bill of a paid order that awaits
it, and stores the document on the first read. OR404 not_found, OR409 order_not_billed';
