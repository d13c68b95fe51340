-- SPDX-License-Identifier: Apache-2.0
-- Import of portable orders (../reads/portable.sql has their shape). An import only stores what the document states: it takes no stock, no coupon, no
-- balance, calls no provider and sends nothing. What a foreign shop does not have may be left out; the defaults keep every view of
-- orders_check empty.
--
-- Money of an imported payment was received elsewhere: its provider is `manual`, so that it is refunded by hand. A payment that still awaits
-- its buyer keeps the provider of its channel, so that it can be paid here.

-- The order with everything that is not a sum of its rows.
CREATE OR REPLACE FUNCTION orders_v1.import_head(c orders_v1.context, d jsonb, k orders.company) RETURNS orders.orders LANGUAGE plpgsql AS $$
DECLARE
    o orders.orders;
BEGIN
    o.tenant_id := c.tenant_id;
    o.id := nextval('orders.orders_id_seq');
    IF d ->> 'public_id' !~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN
        PERFORM orders_v1.refuse_import('invalid_field', 'public_id', 'Must be a UUID.');
    END IF;
    o.public_id := coalesce((d ->> 'public_id')::uuid, orders.new_public_id());
    o.number := d ->> 'number';
    o.api := coalesce(d ->> 'dialect', 'shop');
    o.state := d ->> 'state';
    o.payment_state := d ->> 'payment_state';
    o.fulfilment_state := coalesce(d ->> 'fulfilment_state', 'none');
    o.retailer_id := k.id;
    o.claimable := coalesce((d ->> 'claimable')::boolean, false);
    o.payer := d ->> 'payer';
    o.payment_method := coalesce(d ->> 'payment_method', d #>> '{payments,0,method}', 'manual');
    o.payment_channel := d ->> 'payment_channel';
    o.currency := orders_v1.known_currency(d ->> 'currency', 'currency');
    SELECT y.exponent, coalesce((d ->> 'tax_inclusive')::boolean, t.tax_inclusive) INTO o.exponent, o.tax_inclusive
    FROM orders.tenant t, orders.currency y
    WHERE t.id = c.tenant_id AND y.code = o.currency;
    o.notes := d ->> 'notes';
    o.metadata := orders_v1.import_json(d, 'metadata', '{}');
    o.created_at := orders_v1.import_time(d, 'created_at', '');
    o.paid_at := orders_v1.import_time(d, 'paid_at', '');
    o.cancelled_at := orders_v1.import_time(d, 'cancelled_at', '');
    o.refunded_at := orders_v1.import_time(d, 'refunded_at', '');
    o.updated_at := orders_v1.import_time(d, 'updated_at', '');
    IF EXISTS (SELECT FROM orders.orders x WHERE x.tenant_id = c.tenant_id AND x.public_id = o.public_id) THEN
        PERFORM orders_v1.refuse_taken('public_id');
    ELSIF o.state = 'cancelled' THEN
        o.cancelled_at := coalesce(o.cancelled_at, o.updated_at, o.created_at);
    ELSIF o.cancelled_at IS NOT NULL THEN
        PERFORM orders_v1.refuse_import('state_mismatch', 'cancelled_at', 'The order is not cancelled.');
    END IF;
    IF orders_v1.has_received_money(o.payment_state) THEN
        o.paid_at := coalesce(o.paid_at, orders_v1.import_time(d #> '{payments,0}', 'paid_at', 'payments[0].'), o.created_at);
    ELSIF o.paid_at IS NOT NULL AND o.payment_state IN ('unpaid', 'confirming') THEN
        PERFORM orders_v1.refuse_import('state_mismatch', 'paid_at', 'The order is not paid.');
    END IF;
    o.buyer_id := orders_v1.import_user(c.tenant_id, d -> 'user');
    o.agent_id := orders_v1.import_user(c.tenant_id, d -> 'agent');
    RETURN o;
END
$$;

-- An order that exists is unchanged if this line was imported as it, or if it is what the line states.
CREATE OR REPLACE FUNCTION orders_v1.imported_before(p_tenant integer, p_number text, d jsonb, p_digest bytea) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_id     bigint;
    v_digest bytea;
BEGIN
    SELECT o.id, i.digest INTO v_id, v_digest
    FROM orders.orders o
    LEFT JOIN orders.imported_order i ON i.tenant_id = p_tenant AND i.order_id = o.id
    WHERE o.tenant_id = p_tenant AND o.number = p_number;
    IF FOUND AND v_digest IS DISTINCT FROM p_digest AND orders_v1.portable_order(p_tenant, v_id)::jsonb <> d THEN
        PERFORM orders_v1.refuse_import('order_exists', 'number', 'Another order has this number.');
    END IF;
    RETURN v_id;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.import_order(c orders_v1.context, d jsonb) RETURNS orders_v1.stored LANGUAGE plpgsql AS $$
DECLARE
    r           orders_v1.stored;
    o           orders.orders;
    k           orders.company;
    s           orders_v1.refund_shares;
    v_text      text    := d::text;
    v_digest    bytea   := sha256(convert_to(v_text, 'UTF8'));
    v_lines     jsonb[] := orders_v1.import_array(d, 'lines');
    v_payments  jsonb[] := orders_v1.import_array(d, 'payments');
    v_refunds   jsonb[] := orders_v1.import_array(d, 'refunds');
    v_returns   jsonb[] := orders_v1.import_array(d, 'returns');
    v_history   jsonb[] := orders_v1.import_array(d, 'history');
    v_default   boolean := orders_v1.import_json(d, 'history') IS NULL;
    v_returned  bigint[];
    v_line_ids  bigint[];
    v_pay_ids   bigint[];
    v_ref_ids   bigint[];
    v_ret_ids   bigint[];
    v_bill      text;
    v_count     integer := 0;
    v_pending   integer := 0;
BEGIN
    r.kind := 'orders';
    r.ref := d ->> 'number';
    r.replayed := false;
    IF r.ref <> upper(r.ref) THEN
        PERFORM orders_v1.refuse_import('invalid_field', 'number', 'Must be in capitals.');
    END IF;
    r.id := orders_v1.imported_before(c.tenant_id, r.ref, d, v_digest);
    IF r.id IS NOT NULL THEN
        r.outcome := 'unchanged';
        RETURN r;
    END IF;
    PERFORM orders_v1.check_imported_keys(d);
    IF v_text ~ '[\u007F-\u009F\u202A-\u202E\u2066-\u2069]|\\(u00|b|f|r)' THEN
        PERFORM orders_v1.check_imported_texts(d);
    END IF;
    k := orders_v1.import_company(c.tenant_id, d -> 'company');
    o := orders_v1.import_sums(orders_v1.import_head(c, d, k), d, v_lines);
    IF orders_v1.import_json(d, 'payments') IS NULL THEN
        v_payments := orders_v1.default_payments(o);
    END IF;
    IF orders_v1.import_json(d, 'refunds') IS NULL THEN
        v_refunds := orders_v1.import_default_refunds(o, v_payments);
    END IF;
    s := orders_v1.import_shares(v_refunds, cardinality(v_lines), cardinality(v_payments), cardinality(v_returns));
    o.captured := 0;
    o.refunded := 0;
    FOR n IN 1 .. cardinality(v_payments) LOOP
        IF (v_payments[n] ->> 'surplus')::boolean IS NOT TRUE THEN
            o.captured := o.captured + CASE WHEN v_payments[n] ->> 'status' = 'paid' THEN (v_payments[n] ->> 'amount')::numeric ELSE 0 END;
            o.refunded := o.refunded + s.done[n];
        END IF;
    END LOOP;
    FOR n IN 1 .. cardinality(v_refunds) LOOP
        IF (v_payments[coalesce((v_refunds[n] ->> 'payment')::numeric::integer, 1)] ->> 'surplus')::boolean IS NOT TRUE THEN
            v_count := v_count + 1;
            v_pending := v_pending + (v_refunds[n] ->> 'status' = 'pending')::integer;
        END IF;
    END LOOP;
    IF o.refunded > o.captured THEN
        PERFORM orders_v1.refuse_import('amount_mismatch', 'refunds', 'The refunds exceed the payments.');
    END IF;
    PERFORM orders_v1.check_imported_states(o, v_count, v_pending);
    IF o.refunded > 0 THEN
        o.refunded_at := coalesce(o.refunded_at, o.updated_at, o.paid_at);
    END IF;
    v_returned := orders_v1.import_returned(o, v_returns, cardinality(v_lines), v_refunds);
    IF v_default THEN
        v_history := orders_v1.default_history(o, orders_v1.import_time(d #> '{shipments,0}', 'shipped_at', 'shipments[0].'),
                                               orders_v1.import_time(d #> '{shipments,0}', 'delivered_at', 'shipments[0].'), v_returns);
    ELSIF v_history = '{}' THEN
        PERFORM orders_v1.refuse_import('required_field', 'history', 'A history has at least one operation.');
    END IF;
    o.updated_at := coalesce(o.updated_at, (v_history[cardinality(v_history)] ->> 'at')::timestamptz, o.created_at);
    o.version := cardinality(v_history);
    o.snapshot := orders_v1.import_json(d, 'snapshot');
    IF o.snapshot IS NOT NULL THEN
        o.snapshot := orders_v1.plan_snapshot_with_ids(c.tenant_id, o.snapshot, (
            SELECT i.item FROM orders_v1.import_item(c.tenant_id, v_lines[1] ->> 'kind', v_lines[1] ->> 'product', v_lines[1] ->> 'variant') AS i
            WHERE v_lines[1] ->> 'kind' = 'plan'));
    END IF;
    INSERT INTO orders.orders (
        tenant_id, id, public_id, number, bill_no, api, version, state, payment_state, fulfilment_state, buyer_id, claimable, retailer_id, agent_id,
        payer, payment_method, payment_channel, currency, exponent, tax_inclusive, subtotal, discount, tax, shipping, total, captured, refunded, notes,
        snapshot, metadata, created_at, updated_at, paid_at, cancelled_at, refunded_at)
    VALUES (
        o.tenant_id, o.id, o.public_id, o.number, d #>> '{bill,number}', o.api, o.version, o.state, o.payment_state, o.fulfilment_state, o.buyer_id,
        o.claimable, o.retailer_id, o.agent_id, o.payer, o.payment_method, o.payment_channel, o.currency, o.exponent, o.tax_inclusive, o.subtotal,
        o.discount, o.tax, o.shipping, o.total, o.captured, o.refunded, o.notes, o.snapshot, o.metadata, o.created_at, o.updated_at, o.paid_at,
        o.cancelled_at, o.refunded_at);
    v_line_ids := orders_v1.import_lines(o, v_lines, s, v_returned);
    PERFORM orders_v1.import_taxes(o, d);
    IF jsonb_typeof(d -> 'addresses') = 'object' THEN
        INSERT INTO orders.order_address (tenant_id, order_id, kind, document)
        SELECT o.tenant_id, o.id, a.key, a.value FROM jsonb_each(d -> 'addresses') AS a WHERE a.value <> 'null';
    END IF;
    v_pay_ids := orders_v1.import_payments(o, v_payments, s);
    v_ret_ids := '{}';
    IF v_refunds <> '{}' THEN
        v_ref_ids := orders_v1.import_refunds(o, v_refunds, v_payments, v_pay_ids, v_line_ids, orders_v1.state_before_refund(v_history));
    END IF;
    IF v_returns <> '{}' THEN
        v_ret_ids := orders_v1.import_returns(o, v_returns, v_refunds, v_ref_ids, v_line_ids);
    END IF;
    PERFORM orders_v1.import_shipment(o, orders_v1.import_array(d, 'shipments'));
    PERFORM orders_v1.import_package(o, orders_v1.import_json(d, 'package'), v_lines);
    PERFORM orders_v1.import_history(c, o, v_history, v_returns, v_ret_ids, v_default);
    IF d #>> '{bill,number}' IS NOT NULL THEN
        v_bill := orders_v1.import_bill(o, d -> 'bill');
    END IF;
    IF d #>> '{invoice,number}' IS NOT NULL THEN
        PERFORM orders_v1.import_invoice(o, k.prefix, d -> 'invoice');
    END IF;
    INSERT INTO orders.imported_order (tenant_id, order_id, digest, bill_number) VALUES (o.tenant_id, o.id, v_digest, v_bill);
    r.id := o.id;
    r.outcome := 'created';
    RETURN r;
END
$$;

-- A refusal, or a value that cannot be stored, becomes the result of its line, of which nothing is stored. The constraints of the tables are the
-- last of all checks. Any other error aborts the call: after a deadlock or a timeout the client can retry.
CREATE OR REPLACE FUNCTION orders_v1.import_row(c orders_v1.context, p_line jsonb) RETURNS orders_v1.stored LANGUAGE plpgsql AS $$
DECLARE
    r        orders_v1.stored;
    v_state  text;
    v_code   text;
    v_detail text;
    v_hint   text;
BEGIN
    r.replayed := false;
    r.kind := 'orders';
    r.ref := p_line ->> 'number';
    RETURN orders_v1.import_order(c, p_line);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_code = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    IF v_state LIKE 'OR%' THEN
        r.field := nullif(v_hint, '')::jsonb ->> 'field';
    ELSIF v_state IN ('23502', '23505', '23514') OR orders_v1.is_value_error(v_state) THEN
        v_code := 'invalid_field';
        v_detail := CASE v_state WHEN '23505' THEN 'Another order has one of these values.' WHEN '23514' THEN 'The values do not fit together.'
                                 WHEN '23502' THEN 'A required value is missing.' ELSE 'This line has a value that cannot be stored.' END;
    ELSE
        RAISE;
    END IF;
    r.outcome := v_code;
    r.detail := v_detail;
    RETURN r;
END
$$;

-- Imports wait for each other: two of them could create the same users in another sequence. Nothing else locks this row.
CREATE OR REPLACE FUNCTION orders_v1.import_orders(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea, p_lines jsonb[]
) RETURNS SETOF orders_v1.stored
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    v_rows  orders_v1.stored[] := '{}';
    v_line  jsonb;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN QUERY
        SELECT s.outcome, s.id, true, s.kind, s.ref, s.document, s.variants, s.detail, s.field
        FROM jsonb_populate_recordset(NULL::orders_v1.stored, v_claim.answer) AS s;
        RETURN;
    END IF;
    INSERT INTO number_series AS s (tenant_id, series, last_number) VALUES (p_tenant, 'imports', 0)
    ON CONFLICT (tenant_id, series) DO UPDATE SET last_number = 0;
    FOREACH v_line IN ARRAY p_lines LOOP
        v_rows := v_rows || import_row(c, v_line);
    END LOOP;
    RETURN QUERY SELECT * FROM unnest(stored_result(c, v_rows));
END
$$;

GRANT EXECUTE ON FUNCTION orders_v1.import_orders(integer, text, text, bigint, text, text, bytea, jsonb[]) TO orders_api;

COMMENT ON FUNCTION orders_v1.import_head IS
'Internal: an imported order without its sums. Creates its users. OR422 currency_unknown, invalid_field, state_mismatch';
COMMENT ON FUNCTION orders_v1.imported_before IS
'Internal: the id of the order with this number, if it is the one that the line describes; NULL: there is none. OR409 order_exists';
COMMENT ON FUNCTION orders_v1.import_order IS
'Internal: imports one order. Outcome created, or unchanged when it was imported before. OR409 order_exists, OR422 with the field';
COMMENT ON FUNCTION orders_v1.import_row IS 'Internal: one line of an import in its own savepoint';
COMMENT ON FUNCTION orders_v1.import_orders IS
'Imports at most 30 portable orders; the caller splits longer lists, with a separate route for the key of each part. Each line has its own savepoint. Returns a row per
line: outcome created or unchanged with the id of the order, or the code of its refusal, with detail and field. Imports have no effect besides their rows: no stock,
coupon, balance, mail, webhook or call of a provider. Users and companies that do not exist are created. Imports of a tenant wait for each other';
