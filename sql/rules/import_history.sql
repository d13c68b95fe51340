-- SPDX-License-Identifier: Apache-2.0
-- The history and the states of imported orders. imports.sql calls these functions.

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

COMMENT ON FUNCTION orders_v1.import_operation IS 'Internal: an element of the history, from steps axis:from:to';
COMMENT ON FUNCTION orders_v1.default_history IS 'Internal: a history that leads to the states of an imported order whose document has none';
COMMENT ON FUNCTION orders_v1.import_history IS
'Internal: stores the events of an imported order. p_default: the history is not part of the document, and the caller is its operator. OR422 state_mismatch,
required_field, invalid_field';
COMMENT ON FUNCTION orders_v1.check_imported_states IS
'Internal: OR422 state_mismatch when the states of an imported order contradict its payments or refunds. p_refunds, p_pending: the number of refunds, and of
pending ones, without those of surplus payments';
COMMENT ON FUNCTION orders_v1.state_before_refund IS 'Internal: the payment state before the last refund of a history; paid when there was none';
