-- SPDX-License-Identifier: Apache-2.0
-- Amounts, taxes, payments and refunds of imported orders. imports.sql calls these functions.

-- The one-line unpaid payment or the paid payment of an order whose document lists none.
CREATE OR REPLACE FUNCTION orders_v1.default_payments(o orders.orders) RETURNS jsonb[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF o.total = 0 THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY[jsonb_build_object('method', o.payment_method, 'channel', o.payment_channel, 'amount', o.total, 'status', CASE
        WHEN orders_v1.has_received_money(o.payment_state) THEN 'paid'
        WHEN o.payment_state = 'unpaid' THEN 'pending'
        ELSE o.payment_state END)];
END
$$;

-- The sums of the lines, compared with those that the document states.
CREATE OR REPLACE FUNCTION orders_v1.import_sums(o orders.orders, d jsonb, p_lines jsonb[]) RETURNS orders.orders LANGUAGE plpgsql AS $$
DECLARE
    l          jsonb;
    v_field    text;
    v_kind     text;
    v_quantity bigint;
    v_price    bigint;
    v_discount bigint;
    v_shown    bigint := 0;
    s          orders_v1.order_sums := ROW(0, 0, 0, 0, 0);
    v_gross    numeric := 0;
    r          record;
BEGIN
    IF cardinality(p_lines) = 0 THEN
        PERFORM orders_v1.refuse_import('required_field', 'lines', 'An order has at least one line.');
    END IF;
    FOR n IN 1 .. cardinality(p_lines) LOOP
        l := p_lines[n];
        v_field := format('lines[%s].', n - 1);
        v_kind := coalesce(l ->> 'kind', 'product');
        v_quantity := orders_v1.import_number(l, 'quantity', v_field, 1, 1000000000, 1);
        v_discount := orders_v1.import_number(l, 'discount', v_field, 0, 1000000000000000, 0);
        v_price := CASE WHEN v_kind IN ('discount', 'voucher') THEN orders_v1.import_number(l, 'unit_price', v_field, -1000000000000000, 0)
                        ELSE orders_v1.import_number(l, 'unit_price', v_field, 0, 1000000000000000) END;
        PERFORM orders_v1.doc_integer(l, 'list_price', -1000000000000000, 1000000000000000, v_field);
        v_gross := v_gross + abs(v_quantity::numeric * v_price);
        s.tax := s.tax + orders_v1.import_number(l, 'tax', v_field, 0, 1000000000000000, 0);
        IF v_gross > 1000000000000000 OR s.tax > 1000000000000000 THEN
            PERFORM orders_v1.refuse_import('amount_out_of_range', v_field || 'unit_price', 'The total of the order must not exceed 10^15 minor units.');
        ELSIF v_discount > greatest(v_quantity * v_price, 0) THEN
            PERFORM orders_v1.refuse_import('amount_mismatch', v_field || 'discount', 'The discount exceeds the amount of the line.');
        ELSIF v_kind = 'shipping' THEN
            s.shipping := s.shipping + v_quantity * v_price;
        ELSIF v_kind IN ('discount', 'voucher') THEN
            v_shown := v_shown - v_quantity * v_price;
        ELSIF v_kind <> 'tax' THEN
            s.subtotal := s.subtotal + v_quantity * v_price;
        END IF;
        s.discount := s.discount + v_discount;
    END LOOP;
    s.total := s.subtotal - s.discount + s.shipping + CASE WHEN o.tax_inclusive THEN 0 ELSE s.tax END;
    IF v_shown > s.discount THEN
        PERFORM orders_v1.refuse_import('amount_mismatch', 'lines', 'The lines of kind discount and voucher exceed the discounts of the other lines.');
    ELSIF s.total < 0 THEN
        PERFORM orders_v1.refuse_import('amount_mismatch', 'total', 'The lines have a negative sum.');
    END IF;
    FOR r IN
        SELECT x.name, x.amount, orders_v1.doc_integer(d, x.name, 0, 1000000000000000) AS stated
        FROM (VALUES ('subtotal', s.subtotal), ('discount', s.discount), ('tax', s.tax), ('shipping', s.shipping), ('total', s.total)) AS x (name, amount)
    LOOP
        IF r.stated <> r.amount OR (r.name = 'total' AND r.stated IS NULL) THEN
            PERFORM orders_v1.refuse_import('amount_mismatch', r.name, format('The lines add up to %s.', r.amount));
        END IF;
    END LOOP;
    o.subtotal := s.subtotal;
    o.discount := s.discount;
    o.tax := s.tax;
    o.shipping := s.shipping;
    o.total := s.total;
    RETURN o;
END
$$;

-- What refunds take from lines and payments, by position. p_lines, p_payments: how many there are.
CREATE OR REPLACE FUNCTION orders_v1.import_shares(
    p_refunds jsonb[], p_lines integer, p_payments integer, p_returns integer
) RETURNS orders_v1.refund_shares LANGUAGE plpgsql STABLE AS $$
DECLARE
    s         orders_v1.refund_shares;
    d         jsonb;
    e         jsonb;
    v_field   text;
    v_line    integer;
    v_payment integer;
    v_items   bigint;
BEGIN
    s.line_amounts := array_fill(0::bigint, ARRAY[p_lines]);
    s.line_items := s.line_amounts;
    s.done_items := s.line_amounts;
    s.done := array_fill(0::bigint, ARRAY[p_payments]);
    s.pending := s.done;
    FOR n IN 1 .. cardinality(p_refunds) LOOP
        d := p_refunds[n];
        v_field := format('refunds[%s].', n - 1);
        IF p_payments = 0 THEN
            PERFORM orders_v1.refuse_import('state_mismatch', 'refunds', 'An order without payments has no refunds.');
        END IF;
        v_payment := orders_v1.import_number(d, 'payment', v_field, 1, p_payments, 1);
        PERFORM orders_v1.doc_integer(d, 'return', 1, p_returns, v_field);
        CASE d ->> 'status'
            WHEN 'done' THEN s.done[v_payment] := s.done[v_payment] + orders_v1.import_number(d, 'amount', v_field, 1, 1000000000000000);
            WHEN 'pending' THEN s.pending[v_payment] := s.pending[v_payment] + orders_v1.import_number(d, 'amount', v_field, 1, 1000000000000000);
            ELSE PERFORM orders_v1.import_number(d, 'amount', v_field, 1, 1000000000000000);
        END CASE;
        CONTINUE WHEN d ->> 'status' = 'failed';
        FOREACH e IN ARRAY orders_v1.import_array(d, 'lines') LOOP
            v_line := orders_v1.import_number(e, 'line', v_field || 'lines.', 1, p_lines);
            v_items := orders_v1.import_number(e, 'quantity', v_field || 'lines.', 0, 1000000000);
            s.line_amounts[v_line] := s.line_amounts[v_line] + orders_v1.import_number(e, 'amount', v_field || 'lines.', 0, 1000000000000000);
            s.line_items[v_line] := s.line_items[v_line] + v_items;
            IF d ->> 'status' = 'done' THEN
                s.done_items[v_line] := s.done_items[v_line] + v_items;
            END IF;
        END LOOP;
    END LOOP;
    RETURN s;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.import_taxes(o orders.orders, d jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_taxes jsonb[] := orders_v1.import_array(d, 'taxes');
    v_sum   numeric := 0;
BEGIN
    IF orders_v1.import_json(d, 'taxes') IS NULL AND o.tax > 0 THEN
        v_taxes := ARRAY[jsonb_build_object('key', 'tax', 'rate_bp', 0, 'amount', o.tax)];
    END IF;
    FOR n IN 1 .. cardinality(v_taxes) LOOP
        v_sum := v_sum + orders_v1.import_number(v_taxes[n], 'amount', format('taxes[%s].', n - 1), 0, 1000000000000000);
        INSERT INTO orders.order_tax (tenant_id, order_id, key, rate_bp, amount)
        VALUES (o.tenant_id, o.id, v_taxes[n] ->> 'key', orders_v1.import_number(v_taxes[n], 'rate_bp', format('taxes[%s].', n - 1), 0, 10000),
                (v_taxes[n] ->> 'amount')::numeric)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            PERFORM orders_v1.refuse_import('invalid_field', format('taxes[%s]', n - 1), 'Key and rate must be different in each element.');
        END IF;
    END LOOP;
    IF v_sum <> o.tax THEN
        PERFORM orders_v1.refuse_import('amount_mismatch', 'taxes', format('The taxes must add up to %s.', o.tax));
    END IF;
END
$$;

-- Returns the ids of the payments.
CREATE OR REPLACE FUNCTION orders_v1.import_payments(o orders.orders, p_payments jsonb[], p_shares orders_v1.refund_shares) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    d          jsonb;
    p          orders.payment;
    v_field    text;
    v_provider text;
    v_ids      bigint[] := '{}';
BEGIN
    FOR n IN 1 .. cardinality(p_payments) LOOP
        d := p_payments[n];
        v_field := format('payments[%s].', n - 1);
        p.id := nextval('orders.payment_id_seq');
        p.method := coalesce(d ->> 'method', o.payment_method);
        p.channel := d ->> 'channel';
        p.status := d ->> 'status';
        p.amount := orders_v1.import_number(d, 'amount', v_field, 1, 1000000000000000);
        p.captured := CASE p.status WHEN 'paid' THEN p.amount ELSE 0 END;
        p.refunded := p_shares.done[n];
        p.refunding := p_shares.pending[n];
        p.surplus := coalesce((d ->> 'surplus')::boolean, false);
        p.intent_id := d ->> 'intent_id';
        p.created_at := orders_v1.import_time(d, 'created_at', v_field, o.created_at);
        p.captured_at := orders_v1.import_time(d, 'paid_at', v_field, CASE p.status WHEN 'paid' THEN coalesce(o.paid_at, o.created_at) END);
        p.updated_at := orders_v1.import_time(d, 'updated_at', v_field, coalesce(p.captured_at, p.created_at));
        p.provider := 'manual';
        IF p.refunded + p.refunding > p.captured THEN
            PERFORM orders_v1.refuse_import('amount_mismatch', 'refunds', format('The refunds of payment %s exceed what it received.', n));
        ELSIF p.captured_at IS NOT NULL AND p.status <> 'paid' THEN
            PERFORM orders_v1.refuse_import('state_mismatch', v_field || 'paid_at', 'The payment is not paid.');
        ELSIF p.surplus AND (p.status <> 'paid' OR o.captured < o.total) THEN
            PERFORM orders_v1.refuse_import('state_mismatch', v_field || 'surplus', 'A surplus payment is paid, and so is its order.');
        ELSIF p.status IN ('pending', 'confirming') AND NOT orders_v1.awaits_payment(o.state, o.payment_state) THEN
            PERFORM orders_v1.refuse_import('state_mismatch', v_field || 'status', 'The order does not await a payment.');
        END IF;
        IF p.method = 'external' AND p.status <> 'paid' THEN
            SELECT x.provider INTO v_provider FROM orders.payment_channel x WHERE x.tenant_id = o.tenant_id AND x.external_ref = p.channel;
            p.provider := coalesce(v_provider, 'manual');
            IF v_provider IS NULL AND orders_v1.awaits_payment(o.state, o.payment_state) THEN
                PERFORM orders_v1.refuse_import('payment_channel_unknown', v_field || 'channel', 'There is no such payment channel.');
            END IF;
        END IF;
        IF p.intent_id IS NOT NULL AND EXISTS (SELECT FROM orders.payment x WHERE x.tenant_id = o.tenant_id AND x.provider = p.provider
                                                 AND x.intent_id = p.intent_id) THEN
            PERFORM orders_v1.refuse_import('invalid_field', v_field || 'intent_id', 'Another payment has this intent.');
        END IF;
        INSERT INTO orders.payment (tenant_id, id, order_id, method, channel, provider, status, amount, currency, captured, refunded, refunding,
                                    surplus, intent_id, reference, transaction_id, failure_code, failure_message, metadata, created_at, updated_at,
                                    captured_at)
        VALUES (o.tenant_id, p.id, o.id, p.method, p.channel, p.provider, p.status, p.amount, o.currency, p.captured, p.refunded, p.refunding,
                p.surplus, p.intent_id, d ->> 'reference', d ->> 'transaction_id', d ->> 'failure_code', d ->> 'failure_message',
                orders_v1.import_json(d, 'metadata', '{}'), p.created_at, p.updated_at, p.captured_at);
        v_ids := v_ids || p.id;
    END LOOP;
    RETURN v_ids;
END
$$;

-- Returns the ids of the refunds. A return is stored after its refund, which is then told its return.
CREATE OR REPLACE FUNCTION orders_v1.import_refunds(
    o orders.orders, p_refunds jsonb[], p_payments jsonb[], p_payment_ids bigint[], p_line_ids bigint[], p_prior text
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    d         jsonb;
    v_field   text;
    v_id      bigint;
    v_ids     bigint[] := '{}';
    v_payment integer;
    v_created timestamptz;
    v_settled timestamptz;
    v_lines   jsonb;
BEGIN
    FOR n IN 1 .. cardinality(p_refunds) LOOP
        d := p_refunds[n];
        v_field := format('refunds[%s].', n - 1);
        v_payment := coalesce((d ->> 'payment')::numeric, 1);
        v_created := orders_v1.import_time(d, 'created_at', v_field, coalesce(o.refunded_at, o.updated_at, o.paid_at));
        v_settled := orders_v1.import_time(d, 'settled_at', v_field, CASE WHEN d ->> 'status' <> 'pending' THEN v_created END);
        v_lines := NULL;
        IF d ->> 'status' = 'pending' AND v_settled IS NOT NULL THEN
            PERFORM orders_v1.refuse_import('state_mismatch', v_field || 'settled_at', 'The refund is pending.');
        ELSIF jsonb_typeof(d -> 'lines') = 'array' THEN
            v_lines := (SELECT coalesce(jsonb_agg(jsonb_build_object('id', p_line_ids[(e.line ->> 'line')::numeric::integer],
                            'quantity', (e.line ->> 'quantity')::numeric::integer, 'amount', (e.line ->> 'amount')::numeric::bigint) ORDER BY e.n), '[]')
                        FROM jsonb_array_elements(d -> 'lines') WITH ORDINALITY AS e (line, n));
        END IF;
        INSERT INTO orders.refund (tenant_id, order_id, payment_id, status, amount, currency, reason, lines, surplus, reference, failure_code,
                                   failure_message, prior_state, metadata, created_at, updated_at, settled_at)
        VALUES (o.tenant_id, o.id, p_payment_ids[v_payment], d ->> 'status', (d ->> 'amount')::numeric, o.currency, d ->> 'reason', v_lines,
                coalesce((p_payments[v_payment] ->> 'surplus')::boolean, false), d ->> 'reference', d ->> 'failure_code', d ->> 'failure_message',
                p_prior, orders_v1.import_json(d, 'metadata', '{}'), v_created,
                orders_v1.import_time(d, 'updated_at', v_field, coalesce(v_settled, v_created)), v_settled)
        RETURNING id INTO v_id;
        v_ids := v_ids || v_id;
    END LOOP;
    RETURN v_ids;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.import_default_refunds(o orders.orders, p_payments jsonb[]) RETURNS jsonb[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF o.payment_state <> 'refunded' THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT jsonb_build_object('payment', p.n, 'status', 'done', 'amount', p.value -> 'amount')
                 FROM unnest(p_payments) WITH ORDINALITY AS p (value, n)
                 WHERE p.value ->> 'status' = 'paid'
                 ORDER BY p.n);
END
$$;

COMMENT ON FUNCTION orders_v1.default_payments IS 'Internal: the payment of an imported order whose document lists none';
COMMENT ON FUNCTION orders_v1.import_sums IS
'Internal: an imported order with the sums of its lines. OR422 amount_mismatch when the document states other sums, amount_out_of_range, required_field, invalid_field';
COMMENT ON FUNCTION orders_v1.import_shares IS
'Internal: what the refunds of an imported order take from its lines and payments. p_lines, p_payments, p_returns: how many there are. OR422 invalid_field,
required_field, state_mismatch';
COMMENT ON FUNCTION orders_v1.import_taxes IS 'Internal: stores the taxes of an imported order. OR422 amount_mismatch, invalid_field, required_field';
COMMENT ON FUNCTION orders_v1.import_payments IS
'Internal: stores the payments of an imported order; returns their ids. OR422 amount_mismatch, state_mismatch, payment_channel_unknown, invalid_field';
COMMENT ON FUNCTION orders_v1.import_refunds IS 'Internal: stores the refunds of an imported order; returns their ids. OR422 state_mismatch, invalid_field';
COMMENT ON FUNCTION orders_v1.import_default_refunds IS 'Internal: the refunds of a refunded order whose document lists none';
