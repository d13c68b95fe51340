-- SPDX-License-Identifier: Apache-2.0
-- Import of portable orders (../reads/portable.sql has their shape). An import only stores what the document states: it takes no stock, no coupon, no
-- balance, calls no provider and sends nothing. What a foreign shop does not have may be left out; the defaults keep every view of
-- orders_check empty.
--
-- Money of an imported payment was received elsewhere: its provider is `manual`, so that it is refunded by hand. A payment that still awaits
-- its buyer keeps the provider of its channel, so that it can be paid here.

CREATE OR REPLACE FUNCTION orders_v1.refuse_import(p_code text, p_field text, p_detail text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.refuse(CASE p_code WHEN 'order_exists' THEN '409' ELSE '422' END, p_code, p_detail, p_field);
END
$$;

-- The clocks of two servers may differ by a few seconds.
CREATE OR REPLACE FUNCTION orders_v1.import_time(d jsonb, p_field text, p_path text, p_default timestamptz DEFAULT NULL, p_future boolean DEFAULT false)
RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_time timestamptz := coalesce((d ->> p_field)::timestamptz, p_default);
BEGIN
    IF v_time < '1970-01-01T00:00:00Z' OR v_time > (CASE WHEN p_future THEN '9999-01-01T00:00:00Z' ELSE now() + interval '1 minute' END) THEN
        PERFORM orders_v1.refuse_import('invalid_field', p_path || p_field,
                                        CASE WHEN p_future THEN 'Must be from 1970 to 9998.' ELSE 'Must be from 1970 to now.' END);
    END IF;
    RETURN v_time;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.import_number(d jsonb, p_field text, p_path text, p_least bigint, p_most bigint, p_default bigint DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_number bigint := coalesce(orders_v1.doc_integer(d, p_field, p_least, p_most, p_path), p_default);
BEGIN
    IF v_number IS NULL THEN
        PERFORM orders_v1.refuse_import('required_field', p_path || p_field, 'This field is required.');
    END IF;
    RETURN v_number;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.import_array(d jsonb, p_field text) RETURNS jsonb[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF jsonb_typeof(d -> p_field) IS DISTINCT FROM 'array' THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT jsonb_array_elements(d -> p_field));
END
$$;

-- A user that exists is not changed.
CREATE OR REPLACE FUNCTION orders_v1.import_user(p_tenant integer, d jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_id  bigint;
    v_ref text := d ->> 'ref';
BEGIN
    IF v_ref IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT u.id INTO v_id FROM orders.users u WHERE u.tenant_id = p_tenant AND u.external_ref = v_ref;
    IF NOT FOUND THEN
        INSERT INTO orders.users (tenant_id, external_ref, name, email) VALUES (p_tenant, v_ref, coalesce(d ->> 'name', v_ref), d ->> 'email')
        ON CONFLICT DO NOTHING
        RETURNING id INTO v_id;
        IF NOT FOUND THEN -- a concurrent request has created it
            SELECT u.id INTO v_id FROM orders.users u WHERE u.tenant_id = p_tenant AND u.external_ref = v_ref;
        END IF;
    END IF;
    RETURN v_id;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.import_company(p_tenant integer, d jsonb) RETURNS orders.company LANGUAGE plpgsql AS $$
DECLARE
    k orders.company;
BEGIN
    IF d ->> 'ref' IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT * INTO k FROM orders.company x WHERE x.tenant_id = p_tenant AND x.external_ref = d ->> 'ref';
    IF NOT FOUND AND num_nulls(d ->> 'name', d ->> 'prefix') > 0 THEN
        PERFORM orders_v1.refuse_import('company_not_found', 'company', 'There is no such company. Name and prefix would create it.');
    ELSIF NOT FOUND THEN
        PERFORM orders_v1.check_company_prefix(p_tenant, d ->> 'prefix', NULL, 'company.prefix');
        INSERT INTO orders.company (tenant_id, external_ref, name, prefix) VALUES (p_tenant, d ->> 'ref', d ->> 'name', d ->> 'prefix')
        ON CONFLICT DO NOTHING
        RETURNING * INTO k;
        IF NOT FOUND THEN
            SELECT * INTO k FROM orders.company x WHERE x.tenant_id = p_tenant AND x.external_ref = d ->> 'ref';
            IF NOT FOUND THEN
                PERFORM orders_v1.refuse_import('invalid_field', 'company.prefix', 'Another company has this prefix.');
            END IF;
        END IF;
    END IF;
    RETURN k;
END
$$;

-- The entry of the catalogue that a line refers to, by product and name of the variant, or by plan. p_package: only a package.
CREATE OR REPLACE FUNCTION orders_v1.import_item(
    p_tenant integer, p_kind text, p_ref text, p_variant text, OUT item bigint, OUT product bigint, OUT company bigint
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_ref IS NULL THEN
        RETURN;
    ELSIF p_kind = 'plan' THEN
        SELECT p.id INTO item FROM orders.plan p WHERE p.tenant_id = p_tenant AND p.external_ref = p_ref;
    ELSIF p_kind IN ('product', 'package') THEN
        SELECT v.id, p.id, p.company_id INTO item, product, company
        FROM orders.product p
        JOIN orders.variant v ON v.tenant_id = p_tenant AND v.product_id = p.id AND v.name IS NOT DISTINCT FROM p_variant
        WHERE p.tenant_id = p_tenant AND p.external_ref = p_ref
          AND (p_kind = 'product' OR orders_v1.is_package(p_tenant, v.id))
        ORDER BY v.id LIMIT 1;
    END IF;
END
$$;

-- A copy of a product gets the ids of this database, if the product is in its catalogue.
CREATE OR REPLACE FUNCTION orders_v1.snapshot_with_ids(
    p_snapshot jsonb, p_attributes jsonb, p_item bigint, p_product bigint, p_company bigint
) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    s jsonb := orders_v1.snapshot_without_ids(p_snapshot, p_attributes);
BEGIN
    IF p_company IS NOT NULL AND jsonb_typeof(s -> 'company') = 'object' THEN
        s := jsonb_set(s, '{company,id}', to_jsonb(p_company));
    END IF;
    IF p_product IS NOT NULL AND jsonb_typeof(s -> 'item') = 'object' THEN
        s := jsonb_set(s, '{item,id}', to_jsonb(p_product));
    END IF;
    IF p_item IS NOT NULL AND coalesce(p_attributes, '[]') = '[]' AND jsonb_typeof(s #> '{variants,0}') = 'object' THEN
        s := jsonb_set(s, '{variants,0,id}', to_jsonb(p_item));
    END IF;
    RETURN s;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.plan_snapshot_with_ids(p_tenant integer, p_snapshot jsonb, p_plan bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    s        jsonb := orders_v1.snapshot_without_ids(p_snapshot, NULL);
    v_option bigint;
BEGIN
    IF p_plan IS NULL OR s IS NULL THEN
        RETURN s;
    END IF;
    SELECT b.id INTO v_option FROM orders.billing_option b
    WHERE b.tenant_id = p_tenant AND b.plan_id = p_plan AND b.name = s ->> 'billing_option_name'
    ORDER BY b.id LIMIT 1;
    RETURN s || jsonb_build_object('id', p_plan) || CASE WHEN v_option IS NULL THEN '{}' ELSE jsonb_build_object('billing_option_id', v_option) END;
END
$$;

-- A number of an own format stays in its series, which continues above it. The series is the last lock.
CREATE OR REPLACE FUNCTION orders_v1.take_imported_number(p_tenant integer, p_series text, p_sequence integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders.number_series AS s (tenant_id, series, last_number, skipped) VALUES (p_tenant, p_series, p_sequence, p_sequence - 1)
    ON CONFLICT (tenant_id, series) DO UPDATE
        SET last_number = greatest(s.last_number, p_sequence),
            skipped = s.skipped + CASE WHEN p_sequence > s.last_number THEN p_sequence - s.last_number - 1 ELSE -1 END;
END
$$;

-- A bill has a number of its own: SERIES-yyyy-mm-0001 is a number of that series, any other text a number of another system.
CREATE OR REPLACE FUNCTION orders_v1.import_bill(o orders.orders, d jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_parts    text[] := regexp_match(d ->> 'number', '^([A-Z0-9]{1,12}-[0-9]{4}-[0-9]{2})-([0-9]{4,9})$');
    v_series   text := v_parts[1];
    v_sequence integer := v_parts[2];
    v_at       timestamptz := orders_v1.import_time(d, 'created_at', 'bill.', o.paid_at);
    v_foreign  text;
BEGIN
    IF EXISTS (SELECT FROM orders.imported_order i WHERE i.tenant_id = o.tenant_id AND i.bill_number = d ->> 'number')
       OR EXISTS (SELECT FROM orders.bill b WHERE b.tenant_id = o.tenant_id AND b.series = v_series AND b.sequence = v_sequence) THEN
        PERFORM orders_v1.refuse_taken('bill.number');
    ELSIF v_sequence > 0 AND orders_v1.bill_number(v_series, v_sequence) = d ->> 'number' THEN
        PERFORM orders_v1.take_imported_number(o.tenant_id, v_series, v_sequence);
    ELSE
        v_foreign := d ->> 'number';
        v_series := 'imported bill';
        v_sequence := orders_v1.next_in_series(o.tenant_id, v_series);
    END IF;
    v_at := coalesce(v_at, o.created_at);
    INSERT INTO orders.bill (tenant_id, order_id, series, sequence, snapshot, created_at)
    VALUES (o.tenant_id, o.id, v_series, v_sequence,
            coalesce(nullif(d -> 'parties', 'null'), orders_v1.document_parties(o.tenant_id, o.id, o.buyer_id, o.retailer_id, v_at)), v_at);
    RETURN v_foreign;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.import_invoice(o orders.orders, p_prefix text, d jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_prefix   text   := coalesce(p_prefix, (SELECT t.invoice_series FROM orders.tenant t WHERE t.id = o.tenant_id));
    v_parts    text[] := regexp_match(d ->> 'number', '^' || v_prefix || '[0-9]{6}([0-9]{6,9})IN$');
    v_series   text := 'invoice ' || coalesce(o.retailer_id::text, 'tenant');
    v_sequence integer := v_parts[1];
    v_at       timestamptz := coalesce(orders_v1.import_time(d, 'created_at', 'invoice.', o.paid_at), o.created_at);
    v_document jsonb := nullif(d -> 'document', 'null');
BEGIN
    IF EXISTS (SELECT FROM orders.invoice i WHERE i.tenant_id = o.tenant_id AND i.number = d ->> 'number') THEN
        PERFORM orders_v1.refuse_taken('invoice.number');
    ELSIF v_document IS NULL THEN
        v_document := orders_v1.invoice_document(o, d ->> 'number', orders_v1.document_parties(o.tenant_id, o.id, o.buyer_id, o.retailer_id, v_at));
    ELSIF (v_document ->> 'total', v_document ->> 'currency', v_document ->> 'number') IS DISTINCT FROM (o.total::text, o.currency::text, d ->> 'number') THEN
        PERFORM orders_v1.refuse_import('amount_mismatch', 'invoice.document', 'Number, currency and total must be those of the invoice and the order.');
    END IF;
    IF v_sequence > 0 AND NOT EXISTS (SELECT FROM orders.invoice i
                                      WHERE i.tenant_id = o.tenant_id AND i.series = v_series AND i.sequence = v_sequence) THEN
        PERFORM orders_v1.take_imported_number(o.tenant_id, v_series, v_sequence);
    ELSE
        v_series := 'imported invoice';
        v_sequence := orders_v1.next_in_series(o.tenant_id, v_series);
    END IF;
    INSERT INTO orders.invoice (tenant_id, order_id, company_id, series, sequence, number, document, created_at)
    VALUES (o.tenant_id, o.id, o.retailer_id, v_series, v_sequence, d ->> 'number', v_document, v_at);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.import_operation(p_at timestamptz, p_actor text, p_steps text[], p_return integer DEFAULT NULL) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('at', p_at, 'actor', jsonb_build_object('kind', p_actor), 'return', p_return, 'steps', (
        SELECT jsonb_agg(jsonb_build_object('axis', split_part(s.step, ':', 1), 'from', split_part(s.step, ':', 2), 'to', split_part(s.step, ':', 3)) ORDER BY s.n)
        FROM unnest(p_steps) WITH ORDINALITY AS s (step, n)))
$$;

-- The shortest history that leads to the states of the order, for a shop that has none. The operator imports it; only the system lets orders expire.
CREATE OR REPLACE FUNCTION orders_v1.default_history(o orders.orders, p_shipped timestamptz, p_delivered timestamptz, p_returns jsonb[]) RETURNS jsonb[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_paid     boolean := orders_v1.has_received_money(o.payment_state);
    v_last     timestamptz := greatest(o.created_at, o.paid_at, p_shipped, p_delivered, o.refunded_at, o.cancelled_at);
    v_history  jsonb[];
    v_goods    text[] := CASE WHEN o.fulfilment_state = 'none' THEN '{none}'::text[]
                              WHEN orders_v1.is_shipped(o) THEN '{pending,packed,shipped}'::text[]
                              WHEN o.fulfilment_state = 'pending' THEN '{pending}'::text[]
                              ELSE ARRAY['pending', o.fulfilment_state] END;
    v_at       timestamptz := o.created_at;
BEGIN
    v_history := ARRAY[orders_v1.import_operation(v_at, 'operator', ARRAY['order:new:open', 'payment:new:unpaid', 'fulfilment:new:' || v_goods[1]])];
    IF v_paid THEN
        v_at := greatest(v_at, o.paid_at);
        v_history := v_history || orders_v1.import_operation(v_at, 'operator', '{payment:unpaid:paid}');
    ELSIF o.payment_state IN ('confirming', 'failed', 'closed') THEN
        v_history := v_history || orders_v1.import_operation(v_at, 'operator', ARRAY['payment:unpaid:' || o.payment_state]);
    END IF;
    FOR i IN 2 .. cardinality(v_goods) LOOP
        v_at := greatest(v_at, CASE WHEN i = 3 THEN p_shipped END);
        v_history := v_history || orders_v1.import_operation(v_at, 'operator', ARRAY['fulfilment:' || v_goods[i - 1] || ':' || v_goods[i]]);
    END LOOP;
    IF o.fulfilment_state IN ('out_for_delivery', 'delivered', 'returned') THEN
        v_at := greatest(v_at, p_delivered);
        v_history := v_history || orders_v1.import_operation(v_at, 'operator', ARRAY['fulfilment:shipped:'
            || CASE o.fulfilment_state WHEN 'out_for_delivery' THEN 'out_for_delivery' ELSE 'delivered' END]);
    END IF;
    FOR n IN 1 .. cardinality(p_returns) LOOP
        v_at := greatest(v_at, (p_returns[n] ->> 'created_at')::timestamptz);
        v_history := v_history || orders_v1.import_operation(v_at, 'operator', '{return:new:requested}', n);
        v_at := greatest(v_at, (p_returns[n] ->> 'updated_at')::timestamptz);
        IF p_returns[n] ->> 'state' = 'rejected' THEN
            v_history := v_history || orders_v1.import_operation(v_at, 'operator', '{return:requested:rejected}', n);
        ELSIF p_returns[n] ->> 'state' <> 'requested' THEN
            v_history := v_history || orders_v1.import_operation(v_at, 'operator', CASE p_returns[n] ->> 'state'
                WHEN 'approved' THEN '{return:requested:approved}'::text[]
                WHEN 'received' THEN '{return:requested:approved,return:approved:received}'::text[]
                ELSE '{return:requested:approved,return:approved:received,return:received:refunded}'::text[] END, n);
        END IF;
    END LOOP;
    IF o.fulfilment_state = 'returned' THEN
        v_history := v_history || orders_v1.import_operation(v_at, 'operator', '{fulfilment:delivered:returned}');
    END IF;
    IF o.payment_state IN ('refund_pending', 'partially_refunded', 'refunded') THEN
        v_at := greatest(v_at, o.refunded_at);
        v_history := v_history || orders_v1.import_operation(v_at, 'operator', CASE o.payment_state
            WHEN 'refunded' THEN '{payment:paid:refund_pending,payment:refund_pending:refunded}'::text[]
            ELSE ARRAY['payment:paid:' || o.payment_state] END);
    END IF;
    IF o.state <> 'open' THEN
        v_history := v_history || orders_v1.import_operation(greatest(v_at, v_last), CASE o.state WHEN 'expired' THEN 'system' ELSE 'operator' END,
                                                            ARRAY['order:open:' || o.state]);
    END IF;
    RETURN v_history;
END
$$;

-- The events before the import have epoch -1: they are neither in the feed nor sent to webhooks.
CREATE OR REPLACE FUNCTION orders_v1.import_history(
    c orders_v1.context, o orders.orders, p_history jsonb[], p_returns jsonb[], p_return_ids bigint[], p_default boolean
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    d          jsonb;
    s          jsonb;
    v_field    text;
    v_at       timestamptz := o.created_at;
    v_next     timestamptz;
    v_states   jsonb := '{}';
    v_axis     text;
    v_return   integer;
    v_steps    text[];
    v_comments text[];
    v_comment  integer;
    v_salt     bytea;
    v_types    text[];
    v_hash     bytea;
    v_actor    bigint;
    v_id       bigint;
    v_step     integer := 1;
    v_digest   bytea;
BEGIN
    FOR n IN 1 .. cardinality(p_history) LOOP
        d := p_history[n];
        v_field := format('history[%s].', n - 1);
        v_next := orders_v1.import_time(d, 'at', v_field, v_at);
        IF v_next < v_at THEN
            PERFORM orders_v1.refuse_import('invalid_field', v_field || 'at', 'Must not be before the order and its former operations.');
        END IF;
        v_at := v_next;
        v_return := orders_v1.doc_integer(d, 'return', 1, cardinality(p_return_ids), v_field);
        v_comments := CASE WHEN d ->> 'comment' IS NOT NULL THEN ARRAY[d ->> 'comment'] END;
        v_steps := '{}';
        FOREACH s IN ARRAY orders_v1.import_array(d, 'steps') LOOP
            v_axis := s ->> 'axis';
            IF v_axis = 'return' THEN
                IF v_return IS NULL THEN
                    PERFORM orders_v1.refuse_import('required_field', v_field || 'return', 'A step of a return needs the number of its return.');
                END IF;
                v_axis := 'return ' || v_return;
            END IF;
            IF s ->> 'from' IS DISTINCT FROM coalesce(v_states ->> v_axis, 'new') THEN
                PERFORM orders_v1.refuse_import('state_mismatch', v_field || 'steps', format('Axis %s is %s before this step.', v_axis, coalesce(v_states ->> v_axis, 'new')));
            END IF;
            v_states := v_states || jsonb_build_object(v_axis, s -> 'to');
            v_comment := 1;
            IF s ->> 'comment' IS NOT NULL THEN
                v_comments := coalesce(v_comments, ARRAY[NULL::text]);
                v_comment := array_position(v_comments, s ->> 'comment');
                IF v_comment IS NULL THEN
                    v_comments := array_append(v_comments, s ->> 'comment');
                    v_comment := cardinality(v_comments);
                END IF;
            END IF;
            v_steps := v_steps || concat_ws(':', s ->> 'axis', s ->> 'from', s ->> 'to', CASE WHEN v_comment > 1 THEN v_comment END);
        END LOOP;
        v_types := orders_v1.event_types('order', coalesce(d -> 'actor' ->> 'kind', 'operator'), v_steps);
        IF v_types IS NULL THEN
            PERFORM orders_v1.refuse_import('state_mismatch', v_field || 'steps', 'The actor cannot take one of these steps.');
        END IF;
        IF p_default AND d -> 'actor' ->> 'kind' = 'operator' THEN
            v_actor := c.actor_id;
        ELSIF n = 1 OR d -> 'actor' ->> 'ref' IS DISTINCT FROM p_history[n - 1] -> 'actor' ->> 'ref' THEN
            v_actor := orders_v1.import_user(o.tenant_id, d -> 'actor');
        END IF;
        v_salt := orders_v1.comments_salt(v_comments);
        v_digest := orders_v1.comments_digest(v_salt, v_comments);
        v_id := nextval('orders.event_id_seq');
        v_hash := orders_v1.event_hash(v_hash, o.tenant_id, 'order', o.id, n, -1, pg_current_xact_id(), v_id, v_at, v_step, v_types, v_steps,
                                       coalesce(d -> 'actor' ->> 'kind', 'operator'), v_actor, coalesce(d ->> 'api', 'import'), p_return_ids[v_return], v_digest);
        INSERT INTO orders.event (tenant_id, subject, subject_id, version, epoch, xid, id, created_at, first_step, types, steps, actor, actor_id,
                                  api, return_id, comments, comments_salt, comments_digest, hash)
        VALUES (o.tenant_id, 'order', o.id, n, -1, pg_current_xact_id(), v_id, v_at, v_step, v_types, v_steps,
                coalesce(d -> 'actor' ->> 'kind', 'operator'), v_actor, coalesce(d ->> 'api', 'import'), p_return_ids[v_return], v_comments, v_salt, v_digest,
                v_hash);
        v_step := v_step + cardinality(v_steps);
    END LOOP;
    IF (v_states ->> 'order', v_states ->> 'payment', v_states ->> 'fulfilment')
       IS DISTINCT FROM (o.state::text, o.payment_state::text, o.fulfilment_state::text) THEN
        PERFORM orders_v1.refuse_import('state_mismatch', 'history', 'The history must end at the states of the order.');
    END IF;
    FOR n IN 1 .. cardinality(p_returns) LOOP
        IF v_states ->> ('return ' || n) IS DISTINCT FROM p_returns[n] ->> 'state' THEN
            PERFORM orders_v1.refuse_import('state_mismatch', format('returns[%s].state', n - 1), 'The history must end at the state of the return.');
        END IF;
    END LOOP;
END
$$;

-- Contradictions between the states of an order and its money. p_refunds: the number of refunds, except those of surplus payments.
CREATE OR REPLACE FUNCTION orders_v1.check_imported_states(o orders.orders, p_refunds integer, p_pending integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_problem text;
    v_field   text := 'payment_state';
BEGIN
    v_problem := CASE
        WHEN o.captured NOT IN (0, o.total) THEN 'The paid payments must add up to the total, or to nothing.'
        WHEN orders_v1.has_received_money(o.payment_state) AND o.captured < o.total THEN 'The payments of a paid order must add up to its total.'
        WHEN orders_v1.has_received_money(o.payment_state) AND o.paid_at IS NULL THEN 'A paid order has the time of its payment.'
        WHEN o.payment_state IN ('unpaid', 'confirming') AND o.captured > 0 THEN 'An unpaid order has no paid payment.'
        WHEN o.payment_state IN ('failed', 'closed') AND o.captured > 0 AND (p_refunds = 0 OR NOT orders_v1.is_closed(o.state))
            THEN 'An order that was not paid in time must be refunded.'
        WHEN o.payment_state = 'refunded' AND (o.refunded = 0 OR o.refunded < o.total) THEN 'The refunds of a refunded order must add up to its total.'
        WHEN o.payment_state = 'partially_refunded' AND (o.refunded = 0 OR p_pending > 0) THEN 'A partially refunded order has refunds, and none is pending.'
        WHEN o.payment_state = 'refund_pending' AND p_pending = 0 THEN 'The order has no pending refund.'
        WHEN o.payment_state NOT IN ('refund_pending', 'refunded') AND p_pending > 0 THEN 'The order has a pending refund.'
        WHEN o.payment_state = 'refunded' AND p_pending > 0 THEN 'A refunded order has no pending refund.'
        WHEN NOT orders_v1.has_received_money(o.payment_state) AND o.refunded > 0 THEN 'Only a paid order can be refunded.'
        WHEN o.payment_state = 'paid' AND o.refunded > 0 THEN 'An order with refunds is partially_refunded or refunded.' END;
    IF v_problem IS NULL THEN
        v_field := 'state';
        v_problem := CASE
            WHEN o.state = 'completed' AND NOT orders_v1.has_received_money(o.payment_state) THEN 'A completed order is paid.'
            WHEN o.state = 'open' AND o.payment_state = 'closed' THEN 'The payment of an open order is not closed.'
            WHEN orders_v1.is_closed(o.state) AND o.payment_state IN ('unpaid', 'confirming') THEN 'The payment of a closed order is closed or failed.'
            WHEN orders_v1.is_closed(o.state) AND o.captured > 0 AND p_refunds = 0 THEN 'A closed order that was paid must be refunded.'
            WHEN o.state = 'open' AND o.captured > 0 AND o.refunded >= o.captured AND NOT orders_v1.is_shipped(o)
                THEN 'An order that was refunded before it was shipped is cancelled.'
            WHEN o.state = 'completed' AND o.fulfilment_state NOT IN ('none', 'delivered', 'returned') THEN 'A completed order is delivered.' END;
    END IF;
    IF v_problem IS NOT NULL THEN
        PERFORM orders_v1.refuse_import('state_mismatch', v_field, v_problem);
    END IF;
END
$$;

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

CREATE OR REPLACE FUNCTION orders_v1.import_json(d jsonb, p_field text, p_default jsonb DEFAULT NULL) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(nullif(d -> p_field, 'null'), p_default)
$$;

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

-- Returns the ids of the lines. p_returned: the items of returns that are not rejected, by line.
CREATE OR REPLACE FUNCTION orders_v1.import_lines(o orders.orders, p_lines jsonb[], p_shares orders_v1.refund_shares, p_returned bigint[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    l           jsonb;
    x           orders.order_line;
    v_item      record;
    v_field     text;
    v_ids       bigint[] := '{}';
    v_shippable boolean := orders_v1.awaits_shipping(o);
BEGIN
    x.tenant_id := o.tenant_id;
    x.order_id := o.id;
    x.currency := o.currency;
    x.created_at := o.created_at;
    FOR n IN 1 .. cardinality(p_lines) LOOP
        l := p_lines[n];
        v_field := format('lines[%s].', n - 1);
        x.id := nextval('orders.order_line_id_seq');
        x.kind := coalesce(l ->> 'kind', 'product');
        x.item_ref := l ->> 'product';
        x.product_number := l ->> 'number';
        x.slug := l ->> 'slug';
        x.title := l ->> 'title';
        x.variant := l ->> 'variant';
        x.attributes := orders_v1.import_json(l, 'attributes');
        x.quantity := coalesce((l ->> 'quantity')::numeric, 1);
        x.unit_price := (l ->> 'unit_price')::numeric;
        x.list_price := coalesce((l ->> 'list_price')::numeric, x.unit_price);
        x.subtotal := x.quantity * x.unit_price;
        x.discount := coalesce((l ->> 'discount')::numeric, 0);
        x.tax := coalesce((l ->> 'tax')::numeric, 0);
        x.image := l ->> 'image';
        x.returnable := coalesce((l ->> 'returnable')::boolean, false);
        SELECT i.item, i.product, i.company INTO v_item FROM orders_v1.import_item(o.tenant_id, x.kind, x.item_ref, x.variant) AS i;
        x.item_id := v_item.item;
        x.snapshot := CASE WHEN x.kind = 'plan' THEN orders_v1.plan_snapshot_with_ids(o.tenant_id, orders_v1.import_json(l, 'snapshot'), v_item.item)
            ELSE orders_v1.snapshot_with_ids(orders_v1.import_json(l, 'snapshot'), x.attributes, v_item.item, v_item.product, v_item.company) END;
        x.metadata := orders_v1.import_json(l, 'metadata', '{}');
        x.refunded_amount := p_shares.line_amounts[n];
        x.refunded_quantity := orders_v1.import_number(l, 'refunded_quantity', v_field, 0, least(x.quantity, p_shares.line_items[n]),
                                                       least(x.quantity, p_shares.line_items[n]));
        x.cancelled_quantity := orders_v1.import_number(l, 'cancelled_quantity', v_field, 0, x.refunded_quantity, CASE
            WHEN x.kind = 'product' AND v_shippable THEN least(p_shares.done_items[n], x.refunded_quantity) ELSE 0 END);
        x.returned_quantity := p_returned[n];
        IF (x.refunded_amount > 0 AND x.refunded_amount > x.subtotal - x.discount + x.tax)
           OR x.refunded_amount < orders_v1.amount_of_items(orders_v1.line_amount(x.subtotal, x.discount, x.tax, o.tax_inclusive), x.quantity,
                                                            x.refunded_quantity) THEN
            PERFORM orders_v1.refuse_import('amount_mismatch', v_field || 'refunded_quantity', 'The refunds of the line do not fit its items.');
        ELSIF x.kind = 'product' AND (x.cancelled_quantity > p_shares.done_items[n] OR (v_shippable AND x.cancelled_quantity <> p_shares.done_items[n])) THEN
            PERFORM orders_v1.refuse_import('state_mismatch', v_field || 'cancelled_quantity', 'Items that were refunded before shipping are cancelled.');
        ELSIF x.returned_quantity > 0 AND (x.kind <> 'product' OR x.returned_quantity > x.quantity) THEN
            PERFORM orders_v1.refuse_import('state_mismatch', v_field || 'quantity', 'The returns have more items than the line.');
        END IF;
        INSERT INTO orders.order_line (
            tenant_id, order_id, id, kind, item_id, item_ref, product_number, slug, title, variant, attributes, quantity, unit_price, list_price,
            subtotal, discount, tax, currency, image, returnable, refunded_quantity, refunded_amount, cancelled_quantity, returned_quantity,
            snapshot, metadata, created_at)
        VALUES (
            x.tenant_id, x.order_id, x.id, x.kind, x.item_id, x.item_ref, x.product_number, x.slug, x.title, x.variant, x.attributes, x.quantity,
            x.unit_price, x.list_price, x.subtotal, x.discount, x.tax, x.currency, x.image, x.returnable, x.refunded_quantity, x.refunded_amount,
            x.cancelled_quantity, x.returned_quantity, x.snapshot, x.metadata, x.created_at);
        v_ids := v_ids || x.id;
    END LOOP;
    RETURN v_ids;
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

-- The state that a failed refund restores is the one before the last request of a refund.
CREATE OR REPLACE FUNCTION orders_v1.state_before_refund(p_history jsonb[]) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN coalesce(
        (SELECT s.value ->> 'from'
         FROM unnest(p_history) WITH ORDINALITY AS h (value, n)
         CROSS JOIN LATERAL jsonb_array_elements(h.value -> 'steps') WITH ORDINALITY AS s (value, m)
         WHERE s.value ->> 'axis' = 'payment' AND s.value ->> 'to' = 'refund_pending'
         ORDER BY h.n DESC, s.m DESC LIMIT 1),
        'paid');
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

-- The items of returns that are not rejected, by line.
CREATE OR REPLACE FUNCTION orders_v1.import_returned(o orders.orders, p_returns jsonb[], p_lines integer, p_refunds jsonb[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    d       jsonb;
    e       jsonb;
    v_field text;
    v_line  integer;
    v_seen  integer[];
    v_items bigint;
    v_sums  bigint[] := array_fill(0::bigint, ARRAY[p_lines]);
BEGIN
    IF cardinality(p_returns) > 0 AND o.fulfilment_state NOT IN ('delivered', 'returned') THEN
        PERFORM orders_v1.refuse_import('state_mismatch', 'returns', 'Only delivered goods can be returned.');
    END IF;
    FOR n IN 1 .. cardinality(p_returns) LOOP
        d := p_returns[n];
        v_field := format('returns[%s].', n - 1);
        v_seen := '{}';
        IF (d ->> 'state' = 'refunded') <> (d ->> 'refund' IS NOT NULL) THEN
            PERFORM orders_v1.refuse_import('state_mismatch', v_field || 'refund', 'Exactly the returns that are refunded have a refund.');
        ELSIF d ->> 'refund' IS NOT NULL THEN
            e := p_refunds[orders_v1.import_number(d, 'refund', v_field, 1, greatest(cardinality(p_refunds), 1))];
            IF (e ->> 'return')::numeric IS DISTINCT FROM n OR e ->> 'status' NOT IN ('pending', 'done') THEN
                PERFORM orders_v1.refuse_import('state_mismatch', v_field || 'refund', 'The refund must be one of this return, and not failed.');
            END IF;
        END IF;
        IF cardinality(orders_v1.import_array(d, 'lines')) = 0 THEN
            PERFORM orders_v1.refuse_import('required_field', v_field || 'lines', 'A return has at least one line.');
        END IF;
        FOREACH e IN ARRAY orders_v1.import_array(d, 'lines') LOOP
            v_line := orders_v1.import_number(e, 'line', v_field || 'lines.', 1, p_lines);
            v_items := orders_v1.import_number(e, 'quantity', v_field || 'lines.', 1, 1000000000);
            PERFORM orders_v1.doc_integer(e, 'refunded', 0, v_items, v_field || 'lines.');
            IF v_line = ANY (v_seen) THEN
                PERFORM orders_v1.refuse_import('invalid_field', v_field || 'lines', 'Each line must be named only once.');
            END IF;
            v_seen := v_seen || v_line;
            IF d ->> 'state' <> 'rejected' THEN
                v_sums[v_line] := v_sums[v_line] + v_items;
            END IF;
        END LOOP;
    END LOOP;
    RETURN v_sums;
END
$$;

-- Returns the ids of the returns.
CREATE OR REPLACE FUNCTION orders_v1.import_returns(
    o orders.orders, p_returns jsonb[], p_refunds jsonb[], p_refund_ids bigint[], p_line_ids bigint[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    d         jsonb;
    v_field   text;
    v_id      bigint;
    v_ids     bigint[] := '{}';
    v_created timestamptz;
BEGIN
    FOR n IN 1 .. cardinality(p_returns) LOOP
        d := p_returns[n];
        v_field := format('returns[%s].', n - 1);
        v_created := orders_v1.import_time(d, 'created_at', v_field, coalesce(o.updated_at, o.paid_at, o.created_at));
        INSERT INTO orders.order_return (tenant_id, order_id, state, reason, refund_id, created_at, updated_at)
        VALUES (o.tenant_id, o.id, d ->> 'state', coalesce(d ->> 'reason', 'returned'), p_refund_ids[(d ->> 'refund')::numeric::integer], v_created,
                orders_v1.import_time(d, 'updated_at', v_field, v_created))
        RETURNING id INTO v_id;
        INSERT INTO orders.return_line (tenant_id, return_id, order_id, line_id, quantity, refunded)
        SELECT o.tenant_id, v_id, o.id, p_line_ids[(e.value ->> 'line')::numeric::integer], (e.value ->> 'quantity')::numeric::integer,
               coalesce(e.value ->> 'refunded', CASE WHEN d ->> 'state' = 'refunded' THEN e.value ->> 'quantity' END, '0')::numeric::integer
        FROM jsonb_array_elements(d -> 'lines') AS e;
        v_ids := v_ids || v_id;
    END LOOP;
    FOR n IN 1 .. cardinality(p_refunds) LOOP
        IF p_refunds[n] ->> 'return' IS NOT NULL THEN
            UPDATE orders.refund r SET return_id = v_ids[(p_refunds[n] ->> 'return')::numeric::integer]
            WHERE r.tenant_id = o.tenant_id AND r.id = p_refund_ids[n];
        END IF;
    END LOOP;
    RETURN v_ids;
END
$$;

-- Goods that are to be delivered have a shipment, planned or made.
CREATE OR REPLACE FUNCTION orders_v1.import_shipment(o orders.orders, p_shipments jsonb[], OUT shipped timestamptz, OUT delivered timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
    d          jsonb   := coalesce(p_shipments[1], '{}');
    v_shipped  boolean := orders_v1.is_shipped(o);
    v_arrived  boolean := o.fulfilment_state IN ('delivered', 'returned');
    v_status   text;
    v_id       bigint;
    v_tracking jsonb[] := orders_v1.import_array(d, 'tracking');
    v_at       timestamptz;
BEGIN
    IF cardinality(p_shipments) = 0 AND o.fulfilment_state = 'none' THEN
        RETURN;
    ELSIF cardinality(p_shipments) > 1 THEN
        PERFORM orders_v1.refuse_import('invalid_field', 'shipments', 'An order has at most one shipment.');
    END IF;
    shipped := orders_v1.import_time(d, 'shipped_at', 'shipments[0].', CASE WHEN v_shipped THEN coalesce(o.paid_at, o.created_at) END);
    delivered := orders_v1.import_time(d, 'delivered_at', 'shipments[0].', CASE WHEN v_arrived THEN greatest(shipped, o.updated_at) END);
    v_status := coalesce(d ->> 'status', CASE WHEN v_arrived THEN 'delivered' WHEN v_shipped THEN 'picked_up' ELSE 'planned' END);
    IF (shipped IS NOT NULL) <> v_shipped THEN
        PERFORM orders_v1.refuse_import('state_mismatch', 'shipments[0].shipped_at', 'The goods are not shipped.');
    ELSIF (delivered IS NOT NULL) <> v_arrived THEN
        PERFORM orders_v1.refuse_import('state_mismatch', 'shipments[0].delivered_at', 'The goods are not delivered.');
    ELSIF (v_status = 'planned') = v_shipped THEN
        PERFORM orders_v1.refuse_import('state_mismatch', 'shipments[0].status', 'A shipment is planned until it is shipped.');
    END IF;
    INSERT INTO orders.shipment (tenant_id, order_id, status, courier, service, tracking_number, tracking_url, estimated_delivery, expected_at,
                                 shipped_at, delivered_at, created_at, updated_at)
    VALUES (o.tenant_id, o.id, v_status, d ->> 'courier', d ->> 'service', d ->> 'tracking_number', d ->> 'tracking_url', d ->> 'estimated_delivery',
            orders_v1.import_time(d, 'expected_at', 'shipments[0].', NULL, true), shipped, delivered, o.created_at,
            orders_v1.import_time(d, 'updated_at', 'shipments[0].', coalesce(delivered, shipped, o.created_at)))
    RETURNING id INTO v_id;
    FOR n IN 1 .. cardinality(v_tracking) LOOP
        v_at := orders_v1.import_time(v_tracking[n], 'at', format('shipments[0].tracking[%s].', n - 1), NULL, true);
        IF v_at > now() + interval '1 day' THEN
            PERFORM orders_v1.refuse_import('invalid_field', format('shipments[0].tracking[%s].at', n - 1), 'Must be from 1970 to one day from now.');
        END IF;
        INSERT INTO orders.shipment_event (tenant_id, order_id, shipment_id, status, location, description, at, withdrawn_at, created_at)
        VALUES (o.tenant_id, o.id, v_id, v_tracking[n] ->> 'status', v_tracking[n] ->> 'location', v_tracking[n] ->> 'description', v_at,
                orders_v1.import_time(v_tracking[n], 'withdrawn_at', format('shipments[0].tracking[%s].', n - 1)), least(v_at, now()));
    END LOOP;
END
$$;

-- The term belongs to the order. The current package of the member does not change: it is an entry of the catalogue (kind members).
CREATE OR REPLACE FUNCTION orders_v1.import_package(o orders.orders, d jsonb, p_lines jsonb[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    q       orders.package_order;
    t       jsonb   := orders_v1.import_json(d, 'term');
    v_count integer := 0;
    v_valid boolean;
BEGIN
    FOR n IN 1 .. cardinality(p_lines) LOOP
        v_count := v_count + coalesce(p_lines[n] ->> 'kind' = 'package', false)::integer;
    END LOOP;
    IF v_count = 0 AND d IS NULL THEN
        RETURN;
    ELSIF v_count <> 1 OR cardinality(p_lines) <> 1 OR (p_lines[1] ->> 'quantity')::numeric <> 1 OR o.buyer_id IS NULL THEN
        PERFORM orders_v1.refuse_import('invalid_field', 'package', 'The order of a package has a user and one line, the package, with the quantity 1.');
    END IF;
    SELECT l.item_id INTO q.package_id FROM orders.order_line l
    WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id AND l.kind = 'package';
    IF q.package_id IS NULL THEN
        PERFORM orders_v1.refuse_import('package_not_found', 'lines[0].product', 'There is no such package. Create it in the catalogue first.');
    ELSIF orders_v1.awaits_payment(o.state, o.payment_state) THEN
        PERFORM orders_v1.lock_member(o.tenant_id, o.buyer_id);
        IF EXISTS (SELECT FROM orders.package_order y
                   JOIN orders.orders x ON x.tenant_id = o.tenant_id AND x.id = y.order_id
                   WHERE y.tenant_id = o.tenant_id AND y.user_id = o.buyer_id AND orders_v1.is_payable(x.state, x.payment_state, x.expires_at)) THEN
            PERFORM orders_v1.refuse_import('state_mismatch', 'payment_state', 'The user has another unpaid order of a package.');
        END IF;
    END IF;
    INSERT INTO orders.package_order (tenant_id, order_id, user_id, kind, package_id, duration_unit, duration_value)
    VALUES (o.tenant_id, o.id, o.buyer_id, coalesce(d ->> 'kind', 'purchase'), q.package_id, d ->> 'duration_unit', (d ->> 'duration_value')::numeric);
    v_valid := o.state <> 'cancelled' AND o.payment_state IN ('paid', 'partially_refunded', 'refund_pending');
    IF t IS NULL AND o.state = 'completed' AND orders_v1.has_unrefunded_money(o.payment_state) THEN
        PERFORM orders_v1.refuse_import('required_field', 'package.term', 'A completed order of a package has the term that it granted.');
    ELSIF t IS NOT NULL AND v_valid <> (t ->> 'revoked_at' IS NULL) THEN
        PERFORM orders_v1.refuse_import('state_mismatch', 'package.term.revoked_at', 'A term is revoked exactly if its order is cancelled or not paid any more.');
    ELSIF t IS NOT NULL AND o.state <> 'completed' AND orders_v1.has_unrefunded_money(o.payment_state) AND o.state <> 'cancelled' THEN
        PERFORM orders_v1.refuse_import('state_mismatch', 'package.term', 'An order that granted its package is completed.');
    ELSIF t IS NOT NULL THEN
        INSERT INTO orders.package_term (tenant_id, user_id, package_id, starts_at, ends_at, anchor_day, duration_unit, duration_value, order_id,
                                         revoked_at, created_at)
        SELECT o.tenant_id, o.buyer_id, q.package_id, x.starts_at, orders_v1.import_time(t, 'ends_at', 'package.term.', NULL, true),
               coalesce((t ->> 'anchor_day')::numeric, extract(day FROM orders_v1.local_time(o.tenant_id, x.starts_at))), d ->> 'duration_unit',
               (d ->> 'duration_value')::numeric, o.id, orders_v1.import_time(t, 'revoked_at', 'package.term.'), coalesce(o.paid_at, o.created_at)
        FROM orders_v1.import_time(t, 'starts_at', 'package.term.', coalesce(o.paid_at, o.created_at), true) AS x (starts_at);
    END IF;
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

-- The texts of members that have a fixed place are checked by the module.
CREATE OR REPLACE FUNCTION orders_v1.check_imported_texts(d jsonb) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_field text;
BEGIN
    SELECT x.field INTO v_field
    FROM (SELECT 'addresses' AS field, d -> 'addresses' AS json
          UNION ALL SELECT 'snapshot', d -> 'snapshot'
          UNION ALL SELECT 'bill.parties', d #> '{bill,parties}'
          UNION ALL SELECT 'invoice.document', d #> '{invoice,document}'
          UNION ALL SELECT format('lines[%s].%s', l.n - 1, m.name), l.value -> m.name
                    FROM jsonb_array_elements(CASE jsonb_typeof(d -> 'lines') WHEN 'array' THEN d -> 'lines' ELSE '[]' END) WITH ORDINALITY AS l (value, n)
                    CROSS JOIN unnest('{snapshot,attributes}'::text[]) AS m (name)) AS x
    WHERE orders_v1.has_controls_within(x.json)
    LIMIT 1;
    IF FOUND THEN
        PERFORM orders_v1.refuse_import('invalid_field', v_field, 'Must not contain control characters.');
    END IF;
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

COMMENT ON FUNCTION orders_v1.refuse_import IS 'Internal: refuses a line of an import. OR409 order_exists, otherwise OR422 with the code';
COMMENT ON FUNCTION orders_v1.import_time IS
'Internal: a time of an imported document, p_default when it is absent. p_future: whether it may be in the future. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.import_number IS
'Internal: a number of an imported document, p_default when it is absent. OR422 required_field without a default, invalid_field';
COMMENT ON FUNCTION orders_v1.import_array IS 'Internal: the elements of an array of an imported document; none when it is absent';
COMMENT ON FUNCTION orders_v1.import_json IS 'Internal: a member of an imported document, p_default when it is absent or null';
COMMENT ON FUNCTION orders_v1.import_user IS 'Internal: the id of the user {ref, name, email}, who is created if needed; NULL: none';
COMMENT ON FUNCTION orders_v1.import_company IS
'Internal: the company {ref, name, prefix}, which is created if needed; NULL: none. OR422 company_not_found, invalid_field';
COMMENT ON FUNCTION orders_v1.import_item IS
'Internal: the plan, or the variant with its product and company, that a line refers to; NULL: it is not in the catalogue';
COMMENT ON FUNCTION orders_v1.snapshot_with_ids IS 'Internal: the copy of a product as it was sold, with the ids of this database where they are known';
COMMENT ON FUNCTION orders_v1.plan_snapshot_with_ids IS 'Internal: the copy of a plan as it was sold, with the ids of this database where they are known';
COMMENT ON FUNCTION orders_v1.take_imported_number IS
'Internal: takes a number of a gapless series that an imported document has. A number above the counter raises it. Locks the series: call it late';
COMMENT ON FUNCTION orders_v1.import_bill IS
'Internal: stores the bill {number, created_at, parties} of an imported order; returns its number unless it is one of a series. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.import_invoice IS
'Internal: stores the invoice {number, created_at, document} of an imported order. p_prefix: of the company; NULL: the tenant''s. OR422 invalid_field, amount_mismatch';
COMMENT ON FUNCTION orders_v1.import_operation IS 'Internal: an element of the history, from steps axis:from:to';
COMMENT ON FUNCTION orders_v1.default_history IS 'Internal: a history that leads to the states of an imported order whose document has none';
COMMENT ON FUNCTION orders_v1.import_history IS
'Internal: stores the events of an imported order. p_default: the history is not part of the document, and the caller is its operator. OR422 state_mismatch,
required_field, invalid_field';
COMMENT ON FUNCTION orders_v1.check_imported_states IS
'Internal: OR422 state_mismatch when the states of an imported order contradict its payments or refunds. p_refunds, p_pending: the number of refunds, and of
pending ones, without those of surplus payments';
COMMENT ON FUNCTION orders_v1.default_payments IS 'Internal: the payment of an imported order whose document lists none';
COMMENT ON FUNCTION orders_v1.import_head IS
'Internal: an imported order without its sums. Creates its users. OR422 currency_unknown, invalid_field, state_mismatch';
COMMENT ON FUNCTION orders_v1.import_sums IS
'Internal: an imported order with the sums of its lines. OR422 amount_mismatch when the document states other sums, amount_out_of_range, required_field, invalid_field';
COMMENT ON FUNCTION orders_v1.import_shares IS
'Internal: what the refunds of an imported order take from its lines and payments. p_lines, p_payments, p_returns: how many there are. OR422 invalid_field,
required_field, state_mismatch';
COMMENT ON FUNCTION orders_v1.import_lines IS 'Internal: stores the lines of an imported order; returns their ids. OR422 amount_mismatch, state_mismatch, invalid_field';
COMMENT ON FUNCTION orders_v1.import_taxes IS 'Internal: stores the taxes of an imported order. OR422 amount_mismatch, invalid_field, required_field';
COMMENT ON FUNCTION orders_v1.import_payments IS
'Internal: stores the payments of an imported order; returns their ids. OR422 amount_mismatch, state_mismatch, payment_channel_unknown, invalid_field';
COMMENT ON FUNCTION orders_v1.state_before_refund IS 'Internal: the payment state before the last refund of a history; paid when there was none';
COMMENT ON FUNCTION orders_v1.import_refunds IS 'Internal: stores the refunds of an imported order; returns their ids. OR422 state_mismatch, invalid_field';
COMMENT ON FUNCTION orders_v1.import_returned IS
'Internal: checks the returns of an imported order; returns the returned items of each line. OR422 state_mismatch, required_field, invalid_field';
COMMENT ON FUNCTION orders_v1.import_returns IS 'Internal: stores the returns of an imported order; returns their ids. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.import_shipment IS
'Internal: stores the shipment of an imported order; returns when it was shipped and delivered. OR422 state_mismatch, invalid_field';
COMMENT ON FUNCTION orders_v1.import_package IS
'Internal: stores purpose and term of an imported order of a package. Locks the member if the order is unpaid. OR422 package_not_found, required_field,
state_mismatch, invalid_field';
COMMENT ON FUNCTION orders_v1.imported_before IS
'Internal: the id of the order with this number, if it is the one that the line describes; NULL: there is none. OR409 order_exists';
COMMENT ON FUNCTION orders_v1.import_default_refunds IS 'Internal: the refunds of a refunded order whose document lists none';
COMMENT ON FUNCTION orders_v1.check_imported_texts IS
'Internal: OR422 invalid_field when an address, a snapshot or a document of an imported order has control characters';
COMMENT ON FUNCTION orders_v1.import_order IS
'Internal: imports one order. Outcome created, or unchanged when it was imported before. OR409 order_exists, OR422 with the field';
COMMENT ON FUNCTION orders_v1.import_row IS 'Internal: one line of an import in its own savepoint';
COMMENT ON FUNCTION orders_v1.import_orders IS
'Imports at most 30 portable orders; the caller splits longer lists, with a separate route for the key of each part. Each line has its own savepoint. Returns a row per
line: outcome created or unchanged with the id of the order, or the code of its refusal, with detail and field. Imports have no effect besides their rows: no stock,
coupon, balance, mail, webhook or call of a provider. Users and companies that do not exist are created. Imports of a tenant wait for each other';
