-- SPDX-License-Identifier: Apache-2.0
-- Lists of the operator API, newest first. Each function has two steps. It collects the ids of at most list_window() rows below p_before from one
-- index, which the filters select, and then applies all filters to these rows. If it finds fewer rows than a page has, although there may be more,
-- the last row has only searched_to. The cost of a call does not grow with the tables, and all pages together have every row.
--
-- OFFSET 0 keeps the second step a look-up of each id, and a first step whose index has another order a read of this index: without it, the planner
-- could read the whole table in the order of the page. The lists of a user read all orders of the user.
--
-- A page begins below an id. Ids increase, so rows that are added while a client reads the pages are not on later pages, and no row is on two pages.

CREATE OR REPLACE FUNCTION orders_v1.list_window() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 10000 $$;

-- A day is that of the tenant's time zone.
CREATE OR REPLACE FUNCTION orders_v1.filter_from(p_tenant integer, p_filters jsonb) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_from text := p_filters ->> 'from';
BEGIN
    RETURN CASE WHEN v_from IS NULL THEN '-infinity'
                WHEN length(v_from) = 10 THEN orders_v1.span_start(p_tenant, NULL, v_from::date)
                ELSE v_from::timestamptz END;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.filter_to(p_tenant integer, p_filters jsonb) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_to text := p_filters ->> 'to';
BEGIN
    RETURN CASE WHEN v_to IS NULL THEN 'infinity'
                WHEN length(v_to) = 10 THEN orders_v1.span_end(p_tenant, NULL, v_to::date + 1)
                ELSE v_to::timestamptz END;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.filter_user(p_tenant integer, p_filters jsonb) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE WHEN p_filters ? 'user' THEN coalesce(orders_v1.user_id_of(p_tenant, p_filters ->> 'user'), 0) END;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.filter_order(p_tenant integer, p_filters jsonb) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE WHEN p_filters ? 'order' THEN coalesce(orders_v1.order_id_of(p_tenant, p_filters ->> 'order'), 0) END;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.filter_company(p_tenant integer, p_filters jsonb) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE WHEN p_filters ? 'company' THEN coalesce(
               (SELECT c.id FROM orders.company c WHERE c.tenant_id = p_tenant AND c.external_ref = p_filters ->> 'company'), 0) END;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.next_window(p_ids bigint[], p_found integer, p_limit integer) RETURNS orders_v1.document_row
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    r orders_v1.document_row;
BEGIN
    IF p_found < p_limit AND cardinality(p_ids) >= orders_v1.list_window() THEN
        r.searched_to := p_ids[cardinality(p_ids)];
    END IF;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.order_name(p_tenant integer, p_order bigint) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT json_build_object('id', o.id, 'number', o.number) FROM orders.orders o WHERE o.tenant_id = p_tenant AND o.id = p_order);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.user_name(p_tenant integer, p_user bigint) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT json_build_object('id', u.id, 'ref', u.external_ref, 'name', u.name, 'email', u.email) FROM orders.users u
            WHERE u.tenant_id = p_tenant AND u.id = p_user);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.company_name(p_tenant integer, p_company bigint) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT json_build_object('id', c.id, 'ref', c.external_ref, 'name', c.name) FROM orders.company c
            WHERE c.tenant_id = p_tenant AND c.id = p_company);
END
$$;

-- The members of a payment and a refund are those of canonical/order.c.
CREATE OR REPLACE FUNCTION orders_v1.payment_document(p_tenant integer, p_id bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT row_to_json(x)::text FROM (
        SELECT orders_v1.order_name(p_tenant, p.order_id) AS "order", orders_v1.user_name(p_tenant, o.buyer_id) AS "user",
               p.id, p.status, p.method, p.channel, p.provider, p.intent_id, p.reference, p.amount, p.refunded, p.surplus, p.currency,
               p.failure_code, p.failure_message, p.pay_url, p.metadata, orders_v1.utc_time(p.captured_at) AS paid_at,
               orders_v1.utc_time(p.expires_at) AS expires_at, orders_v1.utc_time(p.created_at) AS created_at,
               orders_v1.utc_time(p.updated_at) AS updated_at
        FROM orders.payment p
        JOIN orders.orders o ON o.tenant_id = p_tenant AND o.id = p.order_id
        WHERE p.tenant_id = p_tenant AND p.id = p_id) AS x);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.refund_document(p_tenant integer, p_id bigint, p_by_hand boolean) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT row_to_json(x)::text FROM (
        SELECT orders_v1.order_name(p_tenant, r.order_id) AS "order", orders_v1.user_name(p_tenant, o.buyer_id) AS "user",
               r.id, r.payment_id, r.status, p_by_hand AS by_hand, p.method, p.channel, r.return_id, r.amount, r.surplus, r.currency, r.reason,
               r.reference, r.failure_code, r.metadata, orders_v1.utc_time(r.settled_at) AS refunded_at,
               orders_v1.utc_time(r.created_at) AS created_at, orders_v1.utc_time(r.updated_at) AS updated_at
        FROM orders.refund r
        JOIN orders.orders o ON o.tenant_id = p_tenant AND o.id = r.order_id
        JOIN orders.payment p ON p.tenant_id = p_tenant AND p.id = r.payment_id
        WHERE r.tenant_id = p_tenant AND r.id = p_id) AS x);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.cart_lines(p_tenant integer, p_cart bigint) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT coalesce(json_agg(json_build_object(
                       'product', d.external_ref, 'variant', v.external_ref, 'number', v.number, 'title', d.name, 'quantity', l.quantity,
                       'discount', l.discount) ORDER BY l.id), '[]')
            FROM orders.cart_line l
            JOIN orders.variant v ON v.tenant_id = p_tenant AND v.id = l.variant_id
            JOIN orders.product d ON d.tenant_id = p_tenant AND d.id = v.product_id
            WHERE l.tenant_id = p_tenant AND l.cart_id = p_cart);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.cart_document(p_tenant integer, p_id bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT row_to_json(x)::text FROM (
        SELECT k.id, k.code, k.state, orders_v1.company_name(p_tenant, k.company_id) AS company, orders_v1.user_name(p_tenant, k.user_id) AS "user",
               k.currency, orders_v1.cart_lines(p_tenant, k.id) AS lines,
               (SELECT json_build_object('id', o.id, 'number', o.number) FROM orders.orders o
                WHERE o.tenant_id = p_tenant AND o.cart_id = k.id) AS "order",
               orders_v1.utc_time(k.created_at) AS created_at, orders_v1.utc_time(k.updated_at) AS updated_at
        FROM orders.cart k
        WHERE k.tenant_id = p_tenant AND k.id = p_id) AS x);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.invoice_entry(p_tenant integer, p_id bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT row_to_json(x)::text FROM (
        SELECT i.number, i.document -> 'issuer' ->> 'name' AS issuer, orders_v1.company_name(p_tenant, i.company_id) AS company,
               json_build_object('id', o.id, 'number', o.number) AS "order", orders_v1.user_name(p_tenant, o.buyer_id) AS "user",
               o.currency, o.total, orders_v1.utc_time(i.created_at) AS created_at
        FROM orders.invoice i
        JOIN orders.orders o ON o.tenant_id = p_tenant AND o.id = i.order_id
        WHERE i.tenant_id = p_tenant AND i.id = p_id) AS x);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.mail_document(p_tenant integer, p_id bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT row_to_json(x)::text FROM (
        SELECT m.id, m.template, m.recipient, CASE WHEN m.dead THEN 'failed' WHEN m.done_at IS NULL THEN 'pending' ELSE 'sent' END AS state,
               m.last_error AS error, orders_v1.order_name(p_tenant, m.order_id) AS "order", orders_v1.utc_time(m.created_at) AS created_at,
               orders_v1.utc_time(m.done_at) AS sent_at
        FROM orders.mail m
        WHERE m.tenant_id = p_tenant AND m.id = p_id) AS x);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.posting_document(p_tenant integer, p_id bigint, p_user bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT row_to_json(x)::text FROM (
        SELECT t.id, t.entry_type, CASE WHEN t.credit_user_id = p_user THEN t.amount ELSE -t.amount END AS amount, t.currency,
               CASE WHEN t.credit_user_id = p_user THEN t.credit_balance_after ELSE t.debit_balance_after END AS balance_after,
               t.reference, t.description, t.metadata, orders_v1.order_name(p_tenant, t.order_id) AS "order", t.payment_id, t.refund_id,
               orders_v1.utc_time(t.created_at) AS created_at
        FROM orders.posting t
        WHERE t.tenant_id = p_tenant AND t.id = p_id) AS x);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.coupon_use_document(p_tenant integer, p_coupon bigint, p_order bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT row_to_json(x)::text FROM (
        SELECT orders_v1.order_name(p_tenant, q.order_id) AS "order", orders_v1.user_name(p_tenant, q.user_id) AS "user", q.state, q.amount, q.currency,
               orders_v1.utc_time(q.created_at) AS created_at, orders_v1.utc_time(q.updated_at) AS updated_at
        FROM orders.coupon_redemption q
        WHERE q.tenant_id = p_tenant AND q.order_id = p_order AND q.coupon_id = p_coupon) AS x);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.list_payments(p_tenant integer, p_filters jsonb, p_limit integer, p_before bigint) RETURNS SETOF orders_v1.document_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    r        orders_v1.document_row;
    v_ids    bigint[];
    v_found  integer := 0;
    v_before bigint  := coalesce(p_before, 9223372036854775807);
    v_window integer := list_window();
    v_user   bigint  := filter_user(p_tenant, p_filters);
    v_order  bigint  := filter_order(p_tenant, p_filters);
    v_from   timestamptz := filter_from(p_tenant, p_filters);
    v_to     timestamptz := filter_to(p_tenant, p_filters);
    v_status text := p_filters ->> 'status';
    v_channel text := p_filters ->> 'channel';
    v_method text := p_filters ->> 'method';
BEGIN
    IF v_order IS NOT NULL THEN
        v_ids := ARRAY(
            SELECT x.id FROM payment x
            WHERE x.tenant_id = p_tenant AND x.order_id = v_order AND x.id < v_before
            ORDER BY x.id DESC
            LIMIT v_window);
    ELSIF v_user IS NOT NULL THEN
        v_ids := ARRAY(
            SELECT x.id FROM orders o
            CROSS JOIN LATERAL (SELECT y.id FROM payment y WHERE y.tenant_id = p_tenant AND y.order_id = o.id OFFSET 0) AS x
            WHERE o.tenant_id = p_tenant AND o.buyer_id = v_user AND x.id < v_before
            ORDER BY x.id DESC
            LIMIT v_window);
    ELSIF v_status = 'confirming' THEN -- the expiry of their orders is extended (apply_confirming), so it comes last
        v_ids := ARRAY(
            SELECT x.id FROM (
                SELECT d.id FROM due d
                WHERE d.tenant_id = p_tenant AND d.channel = '' AND d.kind = 'expiry'
                ORDER BY d.due_at DESC
                LIMIT v_window) AS w
            CROSS JOIN LATERAL (SELECT y.id, y.status FROM payment y WHERE y.tenant_id = p_tenant AND y.order_id = w.id OFFSET 0) AS x
            WHERE x.status = 'confirming' AND x.id < v_before
            ORDER BY x.id DESC);
    ELSE
        v_ids := ARRAY(
            SELECT x.id FROM payment x
            WHERE x.tenant_id = p_tenant AND x.id < v_before
            ORDER BY x.id DESC
            LIMIT CASE WHEN p_filters = '{}' THEN p_limit ELSE v_window END);
    END IF;
    FOR r.id IN
        SELECT x.id FROM unnest(v_ids) WITH ORDINALITY AS c (id, n)
        CROSS JOIN LATERAL (SELECT * FROM payment y WHERE y.tenant_id = p_tenant AND y.id = c.id OFFSET 0) AS x
        WHERE (v_status IS NULL OR x.status = v_status) AND (v_channel IS NULL OR x.channel = v_channel) AND (v_method IS NULL OR x.method = v_method)
          AND x.created_at >= v_from AND x.created_at < v_to
          AND (v_user IS NULL OR EXISTS (SELECT FROM orders o WHERE o.tenant_id = p_tenant AND o.id = x.order_id AND o.buyer_id = v_user))
        ORDER BY c.n
        LIMIT p_limit
    LOOP
        r.document := payment_document(p_tenant, r.id);
        RETURN NEXT r;
        v_found := v_found + 1;
    END LOOP;
    r := next_window(v_ids, v_found, p_limit);
    IF r.searched_to IS NOT NULL THEN
        RETURN NEXT r;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.list_refunds(p_tenant integer, p_filters jsonb, p_limit integer, p_before bigint) RETURNS SETOF orders_v1.document_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    r        orders_v1.document_row;
    v_ids    bigint[];
    v_found  integer := 0;
    v_before bigint  := coalesce(p_before, 9223372036854775807);
    v_window integer := list_window();
    v_user   bigint  := filter_user(p_tenant, p_filters);
    v_order  bigint  := filter_order(p_tenant, p_filters);
    v_from   timestamptz := filter_from(p_tenant, p_filters);
    v_to     timestamptz := filter_to(p_tenant, p_filters);
    v_status text := p_filters ->> 'status';
    v_channel text := p_filters ->> 'channel';
    v_by_hand boolean := (p_filters ->> 'by_hand')::boolean;
    v_hand   boolean;
    f        orders.refund;
BEGIN
    IF v_order IS NOT NULL THEN
        v_ids := ARRAY(
            SELECT x.id FROM refund x
            WHERE x.tenant_id = p_tenant AND x.order_id = v_order AND x.id < v_before
            ORDER BY x.id DESC
            LIMIT v_window);
    ELSIF v_user IS NOT NULL THEN
        v_ids := ARRAY(
            SELECT x.id FROM orders o
            CROSS JOIN LATERAL (SELECT y.id FROM refund y WHERE y.tenant_id = p_tenant AND y.order_id = o.id OFFSET 0) AS x
            WHERE o.tenant_id = p_tenant AND o.buyer_id = v_user AND x.id < v_before
            ORDER BY x.id DESC
            LIMIT v_window);
    ELSIF v_status = 'pending' OR v_by_hand THEN
        v_ids := ARRAY(
            SELECT x.id FROM refund x
            WHERE x.tenant_id = p_tenant AND x.status = 'pending' AND x.id < v_before
            ORDER BY x.id DESC
            LIMIT v_window);
    ELSE
        v_ids := ARRAY(
            SELECT x.id FROM refund x
            WHERE x.tenant_id = p_tenant AND x.id < v_before
            ORDER BY x.id DESC
            LIMIT CASE WHEN p_filters = '{}' THEN p_limit ELSE v_window END);
    END IF;
    FOR f IN
        SELECT x.* FROM unnest(v_ids) WITH ORDINALITY AS c (id, n)
        CROSS JOIN LATERAL (SELECT * FROM refund y WHERE y.tenant_id = p_tenant AND y.id = c.id OFFSET 0) AS x
        CROSS JOIN LATERAL (SELECT z.channel FROM payment z WHERE z.tenant_id = p_tenant AND z.id = x.payment_id OFFSET 0) AS p
        WHERE (v_status IS NULL OR x.status = v_status) AND (v_channel IS NULL OR p.channel = v_channel)
          AND x.created_at >= v_from AND x.created_at < v_to
          AND (v_user IS NULL OR EXISTS (SELECT FROM orders o WHERE o.tenant_id = p_tenant AND o.id = x.order_id AND o.buyer_id = v_user))
        ORDER BY c.n
    LOOP
        v_hand := awaits_manual_settlement(f);
        CONTINUE WHEN v_hand <> v_by_hand;
        r.id := f.id;
        r.document := refund_document(p_tenant, f.id, v_hand);
        RETURN NEXT r;
        v_found := v_found + 1;
        EXIT WHEN v_found = p_limit;
    END LOOP;
    r := next_window(v_ids, v_found, p_limit);
    IF r.searched_to IS NOT NULL THEN
        RETURN NEXT r;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.list_invoices(p_tenant integer, p_filters jsonb, p_limit integer, p_before bigint) RETURNS SETOF orders_v1.document_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    r        orders_v1.document_row;
    v_ids    bigint[];
    v_found  integer := 0;
    v_before bigint  := coalesce(p_before, 9223372036854775807);
    v_window integer := list_window();
    v_user   bigint  := filter_user(p_tenant, p_filters);
    v_order  bigint  := filter_order(p_tenant, p_filters);
    v_from   timestamptz := filter_from(p_tenant, p_filters);
    v_to     timestamptz := filter_to(p_tenant, p_filters);
    v_company bigint := filter_company(p_tenant, p_filters);
BEGIN
    IF v_order IS NOT NULL THEN
        v_ids := ARRAY(
            SELECT x.id FROM invoice x
            WHERE x.tenant_id = p_tenant AND x.order_id = v_order AND x.id < v_before
            ORDER BY x.id DESC
            LIMIT v_window);
    ELSIF v_user IS NOT NULL THEN
        v_ids := ARRAY(
            SELECT x.id FROM orders o
            CROSS JOIN LATERAL (SELECT y.id FROM invoice y WHERE y.tenant_id = p_tenant AND y.order_id = o.id OFFSET 0) AS x
            WHERE o.tenant_id = p_tenant AND o.buyer_id = v_user AND x.id < v_before
            ORDER BY x.id DESC
            LIMIT v_window);
    ELSE
        v_ids := ARRAY(
            SELECT x.id FROM invoice x
            WHERE x.tenant_id = p_tenant AND x.id < v_before
            ORDER BY x.id DESC
            LIMIT CASE WHEN p_filters = '{}' THEN p_limit ELSE v_window END);
    END IF;
    FOR r.id IN
        SELECT x.id FROM unnest(v_ids) WITH ORDINALITY AS c (id, n)
        CROSS JOIN LATERAL (SELECT * FROM invoice y WHERE y.tenant_id = p_tenant AND y.id = c.id OFFSET 0) AS x
        WHERE (v_company IS NULL OR x.company_id = v_company) AND x.created_at >= v_from AND x.created_at < v_to
          AND (v_user IS NULL OR EXISTS (SELECT FROM orders o WHERE o.tenant_id = p_tenant AND o.id = x.order_id AND o.buyer_id = v_user))
        ORDER BY c.n
        LIMIT p_limit
    LOOP
        r.document := invoice_entry(p_tenant, r.id);
        RETURN NEXT r;
        v_found := v_found + 1;
    END LOOP;
    r := next_window(v_ids, v_found, p_limit);
    IF r.searched_to IS NOT NULL THEN
        RETURN NEXT r;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.list_carts(p_tenant integer, p_filters jsonb, p_limit integer, p_before bigint) RETURNS SETOF orders_v1.document_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    r        orders_v1.document_row;
    v_ids    bigint[];
    v_found  integer := 0;
    v_before bigint  := coalesce(p_before, 9223372036854775807);
    v_window integer := list_window();
    v_user   bigint  := filter_user(p_tenant, p_filters);
    v_company bigint := filter_company(p_tenant, p_filters);
    v_state  text    := p_filters ->> 'state';
BEGIN
    IF v_user IS NOT NULL THEN
        v_ids := ARRAY(
            SELECT x.id FROM cart x
            WHERE x.tenant_id = p_tenant AND x.user_id = v_user AND x.user_id > 0 AND x.id < v_before
            ORDER BY x.id DESC
            LIMIT v_window);
    ELSE
        v_ids := ARRAY(
            SELECT x.id FROM cart x
            WHERE x.tenant_id = p_tenant AND x.id < v_before
            ORDER BY x.id DESC
            LIMIT CASE WHEN p_filters = '{}' THEN p_limit ELSE v_window END);
    END IF;
    FOR r.id IN
        SELECT x.id FROM unnest(v_ids) WITH ORDINALITY AS c (id, n)
        CROSS JOIN LATERAL (SELECT * FROM cart y WHERE y.tenant_id = p_tenant AND y.id = c.id OFFSET 0) AS x
        WHERE (v_company IS NULL OR x.company_id = v_company) AND (v_state IS NULL OR x.state = v_state)
        ORDER BY c.n
        LIMIT p_limit
    LOOP
        r.document := cart_document(p_tenant, r.id);
        RETURN NEXT r;
        v_found := v_found + 1;
    END LOOP;
    r := next_window(v_ids, v_found, p_limit);
    IF r.searched_to IS NOT NULL THEN
        RETURN NEXT r;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.list_mails(p_tenant integer, p_filters jsonb, p_limit integer, p_before bigint) RETURNS SETOF orders_v1.document_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    r        orders_v1.document_row;
    v_ids    bigint[];
    v_found  integer := 0;
    v_before bigint  := coalesce(p_before, 9223372036854775807);
    v_window integer := list_window();
    v_order  bigint  := filter_order(p_tenant, p_filters);
    v_state  text    := p_filters ->> 'state';
BEGIN
    IF v_order IS NOT NULL THEN
        v_ids := ARRAY(
            SELECT x.id FROM (SELECT y.id FROM mail y WHERE y.tenant_id = p_tenant AND y.order_id = v_order OFFSET 0) AS x
            WHERE x.id < v_before
            ORDER BY x.id DESC
            LIMIT v_window);
    ELSIF v_state = 'failed' THEN
        v_ids := ARRAY(
            SELECT x.id FROM mail x
            WHERE x.tenant_id = p_tenant AND x.dead AND x.id < v_before
            ORDER BY x.id DESC
            LIMIT p_limit);
    ELSE
        v_ids := ARRAY(
            SELECT x.id FROM mail x
            WHERE x.tenant_id = p_tenant AND x.id < v_before
            ORDER BY x.id DESC
            LIMIT CASE WHEN p_filters = '{}' THEN p_limit ELSE v_window END);
    END IF;
    FOR r.id IN
        SELECT x.id FROM unnest(v_ids) WITH ORDINALITY AS c (id, n)
        CROSS JOIN LATERAL (SELECT * FROM mail y WHERE y.tenant_id = p_tenant AND y.id = c.id OFFSET 0) AS x
        WHERE v_state IS NULL
           OR CASE v_state WHEN 'failed' THEN x.dead WHEN 'pending' THEN x.done_at IS NULL AND NOT x.dead ELSE x.done_at IS NOT NULL END
        ORDER BY c.n
        LIMIT p_limit
    LOOP
        r.document := mail_document(p_tenant, r.id);
        RETURN NEXT r;
        v_found := v_found + 1;
    END LOOP;
    r := next_window(v_ids, v_found, p_limit);
    IF r.searched_to IS NOT NULL THEN
        RETURN NEXT r;
    END IF;
END
$$;

-- A use is identified by its order.
CREATE OR REPLACE FUNCTION orders_v1.list_coupon_uses(p_tenant integer, p_filters jsonb, p_limit integer, p_before bigint) RETURNS SETOF orders_v1.document_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    r        orders_v1.document_row;
    v_ids    bigint[];
    v_found  integer := 0;
    v_before bigint  := coalesce(p_before, 9223372036854775807);
    v_window integer := list_window();
    v_user   bigint  := filter_user(p_tenant, p_filters);
    v_state  text    := p_filters ->> 'state';
    v_coupon bigint  := (SELECT c.id FROM coupon c WHERE c.tenant_id = p_tenant AND c.external_ref = p_filters ->> 'ref');
BEGIN
    IF v_coupon IS NULL THEN
        PERFORM refuse('404', 'not_found', 'There is no such coupon.');
    END IF;
    v_ids := ARRAY(
        SELECT x.order_id FROM coupon_redemption x
        WHERE x.tenant_id = p_tenant AND x.coupon_id = v_coupon AND x.order_id > 0 AND x.order_id < v_before
        ORDER BY x.order_id DESC
        LIMIT CASE WHEN v_user IS NULL AND v_state IS NULL THEN p_limit ELSE v_window END);
    FOR r.id IN
        SELECT x.order_id FROM unnest(v_ids) WITH ORDINALITY AS c (id, n)
        CROSS JOIN LATERAL (SELECT * FROM coupon_redemption y
                            WHERE y.tenant_id = p_tenant AND y.order_id = c.id AND y.coupon_id = v_coupon OFFSET 0) AS x
        WHERE (v_user IS NULL OR x.user_id = v_user) AND (v_state IS NULL OR x.state = v_state)
        ORDER BY c.n
        LIMIT p_limit
    LOOP
        r.document := coupon_use_document(p_tenant, v_coupon, r.id);
        RETURN NEXT r;
        v_found := v_found + 1;
    END LOOP;
    r := next_window(v_ids, v_found, p_limit);
    IF r.searched_to IS NOT NULL THEN
        RETURN NEXT r;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.known_user_id(p_tenant integer, p_filters jsonb) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_user bigint := orders_v1.user_id_of(p_tenant, p_filters ->> 'ref');
BEGIN
    IF v_user IS NULL THEN
        PERFORM orders_v1.refuse('404', 'not_found', 'There is no such user.');
    END IF;
    RETURN v_user;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.list_ledger(p_tenant integer, p_filters jsonb, p_limit integer, p_before bigint) RETURNS SETOF orders_v1.document_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    r        orders_v1.document_row;
    v_ids    bigint[];
    v_found  integer := 0;
    v_before bigint  := coalesce(p_before, 9223372036854775807);
    v_window integer := list_window();
    v_user   bigint  := known_user_id(p_tenant, p_filters);
    v_currency text  := p_filters ->> 'currency';
BEGIN
    v_window := CASE WHEN v_currency IS NULL THEN p_limit ELSE v_window END;
    v_ids := ARRAY(
        SELECT x.id
        FROM ((SELECT t.id FROM posting t
               WHERE t.tenant_id = p_tenant AND t.debit_user_id = v_user AND t.debit_user_id IS NOT NULL AND t.id < v_before
               ORDER BY t.id DESC
               LIMIT v_window)
              UNION ALL
              (SELECT t.id FROM posting t
               WHERE t.tenant_id = p_tenant AND t.credit_user_id = v_user AND t.credit_user_id IS NOT NULL AND t.id < v_before
               ORDER BY t.id DESC
               LIMIT v_window)) AS x
        ORDER BY x.id DESC
        LIMIT v_window);
    FOR r.id IN
        SELECT x.id FROM unnest(v_ids) WITH ORDINALITY AS c (id, n)
        CROSS JOIN LATERAL (SELECT * FROM posting y WHERE y.tenant_id = p_tenant AND y.id = c.id OFFSET 0) AS x
        WHERE v_currency IS NULL OR x.currency = v_currency
        ORDER BY c.n
        LIMIT p_limit
    LOOP
        r.document := posting_document(p_tenant, r.id, v_user);
        RETURN NEXT r;
        v_found := v_found + 1;
    END LOOP;
    r := next_window(v_ids, v_found, p_limit);
    IF r.searched_to IS NOT NULL THEN
        RETURN NEXT r;
    END IF;
END
$$;

-- A user has at most one balance in each currency, so the list has one page.
CREATE OR REPLACE FUNCTION orders_v1.list_balances(p_tenant integer, p_filters jsonb, p_limit integer, p_before bigint) RETURNS SETOF orders_v1.document_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    r orders_v1.document_row;
    v_user bigint := known_user_id(p_tenant, p_filters);
BEGIN
    FOR r.id, r.document IN
        SELECT row_number() OVER (ORDER BY a.currency),
               json_build_object('currency', a.currency, 'balance', a.balance, 'updated_at', utc_time(a.updated_at))::text
        FROM account a
        WHERE a.tenant_id = p_tenant AND a.user_id = v_user
        ORDER BY a.currency
    LOOP
        RETURN NEXT r;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.read_payment(p_tenant integer, p_id bigint) RETURNS SETOF orders_v1.document_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    r orders_v1.document_row;
BEGIN
    r.id := p_id;
    r.document := payment_document(p_tenant, p_id);
    IF r.document IS NOT NULL THEN
        RETURN NEXT r;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.read_refund(p_tenant integer, p_id bigint) RETURNS SETOF orders_v1.document_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    r orders_v1.document_row;
    f orders.refund;
BEGIN
    SELECT * INTO f FROM refund x WHERE x.tenant_id = p_tenant AND x.id = p_id;
    IF FOUND THEN
        r.id := p_id;
        r.document := refund_document(p_tenant, p_id, awaits_manual_settlement(f));
        RETURN NEXT r;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.read_cart(p_tenant integer, p_cart text) RETURNS SETOF orders_v1.document_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    r orders_v1.document_row;
BEGIN
    r.id := cart_id_of(p_tenant, p_cart);
    r.document := cart_document(p_tenant, r.id);
    IF r.document IS NOT NULL THEN
        RETURN NEXT r;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.read_caller(p_tenant integer, p_user bigint) RETURNS SETOF orders_v1.document_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    r orders_v1.document_row;
BEGIN
    r.id := p_user;
    r.document := user_name(p_tenant, p_user)::text;
    IF r.document IS NOT NULL THEN
        RETURN NEXT r;
    END IF;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.list_payments(integer, jsonb, integer, bigint),
    orders_v1.list_refunds(integer, jsonb, integer, bigint),
    orders_v1.list_invoices(integer, jsonb, integer, bigint),
    orders_v1.list_carts(integer, jsonb, integer, bigint),
    orders_v1.list_mails(integer, jsonb, integer, bigint),
    orders_v1.list_coupon_uses(integer, jsonb, integer, bigint),
    orders_v1.list_ledger(integer, jsonb, integer, bigint),
    orders_v1.list_balances(integer, jsonb, integer, bigint),
    orders_v1.read_payment(integer, bigint),
    orders_v1.read_refund(integer, bigint),
    orders_v1.read_cart(integer, text),
    orders_v1.read_caller(integer, bigint)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.list_window IS 'Internal: the number of rows that a page of a list reads at most';
COMMENT ON FUNCTION orders_v1.filter_from IS 'Internal: the filter from, a time or a day: the start of the period; -infinity without it';
COMMENT ON FUNCTION orders_v1.filter_to IS 'Internal: the filter to, a time or a day: the end of the period (exclusive); infinity without it';
COMMENT ON FUNCTION orders_v1.filter_user IS 'Internal: the id of the user of the filter user; 0: there is no such user, NULL: no filter';
COMMENT ON FUNCTION orders_v1.filter_order IS 'Internal: the id of the order of the filter order; 0: there is no such order, NULL: no filter';
COMMENT ON FUNCTION orders_v1.filter_company IS 'Internal: the id of the company of the filter company; 0: there is no such company, NULL: no filter';
COMMENT ON FUNCTION orders_v1.next_window IS 'Internal: the last row of a page that has found fewer rows than p_limit in a full window; searched_to NULL: the list ends';
COMMENT ON FUNCTION orders_v1.order_name IS 'Internal: id and number of an order; NULL: none';
COMMENT ON FUNCTION orders_v1.user_name IS 'Internal: id, reference, name and mail address of a user; NULL: none';
COMMENT ON FUNCTION orders_v1.company_name IS 'Internal: id, reference and name of a company; NULL: none';
COMMENT ON FUNCTION orders_v1.payment_document IS 'Internal: a payment with its order and buyer as JSON; NULL: none';
COMMENT ON FUNCTION orders_v1.refund_document IS 'Internal: a refund with its order and buyer as JSON; NULL: none';
COMMENT ON FUNCTION orders_v1.cart_lines IS 'Internal: the lines of a cart as JSON';
COMMENT ON FUNCTION orders_v1.cart_document IS 'Internal: a cart as JSON; NULL: none';
COMMENT ON FUNCTION orders_v1.invoice_entry IS 'Internal: an invoice in a list as JSON, without its document';
COMMENT ON FUNCTION orders_v1.mail_document IS 'Internal: a mail as JSON';
COMMENT ON FUNCTION orders_v1.posting_document IS 'Internal: a ledger entry of a user as JSON. amount is negative if the balance fell';
COMMENT ON FUNCTION orders_v1.coupon_use_document IS 'Internal: a use of a coupon as JSON';
COMMENT ON FUNCTION orders_v1.known_user_id IS 'Internal: the id of the user ref. OR404 not_found';
COMMENT ON FUNCTION orders_v1.list_payments IS 'Lists payments. Filters: status, channel, method, user, order, from, to';
COMMENT ON FUNCTION orders_v1.list_refunds IS
'Lists refunds. Filters: status, by_hand (whether they wait for settle_refund by an operator), channel, user, order, from, to';
COMMENT ON FUNCTION orders_v1.list_invoices IS 'Lists invoices. Filters: user, order, company, from, to';
COMMENT ON FUNCTION orders_v1.list_carts IS 'Lists carts. Filters: state, user (the owner), company';
COMMENT ON FUNCTION orders_v1.list_mails IS 'Lists mails. Filters: state (pending, sent, failed), order';
COMMENT ON FUNCTION orders_v1.list_coupon_uses IS 'Lists the uses of the coupon ref, by order. Filters: state, user. OR404 not_found';
COMMENT ON FUNCTION orders_v1.list_ledger IS 'Lists the ledger entries of the user ref. Filter: currency. OR404 not_found';
COMMENT ON FUNCTION orders_v1.list_balances IS 'Lists the balances of the user ref, by currency, on one page. OR404 not_found';
COMMENT ON FUNCTION orders_v1.read_payment IS 'A payment with its order and buyer; no row: none';
COMMENT ON FUNCTION orders_v1.read_refund IS 'A refund with its order and buyer; no row: none';
COMMENT ON FUNCTION orders_v1.read_cart IS 'A cart by its code or id; no row: none';
COMMENT ON FUNCTION orders_v1.read_caller IS 'The user of a caller; no row: none';
