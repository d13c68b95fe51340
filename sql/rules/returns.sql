-- SPDX-License-Identifier: Apache-2.0

-- A missing value is refused like a malformed one.
CREATE OR REPLACE FUNCTION orders_v1.read_return_lines(p_lines jsonb) RETURNS orders_v1.return_item[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    e       jsonb;
    v_lines orders_v1.return_item[] := '{}';
BEGIN
    IF jsonb_typeof(p_lines) IS DISTINCT FROM 'array' OR p_lines = '[]' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be a JSON array of lines.', 'lines');
    END IF;
    FOR e IN SELECT * FROM jsonb_array_elements(p_lines) LOOP
        IF coalesce(e ->> 'id', '') !~ '^[0-9]{1,18}$' OR coalesce(e ->> 'quantity', '1') !~ '^[0-9]{1,9}$' THEN
            PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be objects with an id and an integer quantity.', 'lines');
        END IF;
        v_lines := v_lines || ROW((e ->> 'id')::bigint, (e ->> 'quantity')::integer)::orders_v1.return_item;
    END LOOP;
    IF (SELECT count(DISTINCT p.line_id) FROM unnest(v_lines) AS p) < cardinality(v_lines) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Each line must be named only once.', 'lines');
    END IF;
    RETURN v_lines;
END
$$;

-- Items refunded without a return cannot be returned any more; items returned and refunded count once.
CREATE OR REPLACE FUNCTION orders_v1.returnable_quantity(p_tenant integer, p_order bigint, p_line bigint) RETURNS integer
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT l.quantity - l.returned_quantity - l.refunded_quantity + coalesce((
                SELECT sum(x.refunded)
                FROM orders.return_line x
                JOIN orders.order_return r ON r.tenant_id = p_tenant AND r.id = x.return_id AND r.state <> 'rejected'
                WHERE x.tenant_id = p_tenant AND x.order_id = p_order AND x.line_id = p_line), 0)
            FROM orders.order_line l
            WHERE l.tenant_id = p_tenant AND l.order_id = p_order AND l.id = p_line);
END
$$;

-- A request without a quantity repeats a return if no items of the line are left.
CREATE OR REPLACE FUNCTION orders_v1.same_return(o orders.orders, p_lines orders_v1.return_item[]) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT r.id
            FROM orders.order_return r
            WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id AND r.state = 'requested'
              AND cardinality(p_lines) = (SELECT count(*) FROM orders.return_line x
                                          WHERE x.tenant_id = o.tenant_id AND x.return_id = r.id)
              AND NOT EXISTS (
                  SELECT FROM unnest(p_lines) AS p
                  LEFT JOIN orders.return_line x ON x.tenant_id = o.tenant_id AND x.return_id = r.id AND x.line_id = p.line_id
                  WHERE x.line_id IS NULL
                     OR coalesce(p.quantity <> x.quantity, orders_v1.returnable_quantity(o.tenant_id, o.id, p.line_id) > 0))
            ORDER BY r.id DESC
            LIMIT 1);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_returnable(o orders.orders, p_window integer) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_delivered timestamptz := (SELECT s.delivered_at FROM orders.shipment s
                                WHERE s.tenant_id = o.tenant_id AND s.order_id = o.id);
BEGIN
    IF o.fulfilment_state NOT IN ('delivered', 'returned') OR orders_v1.is_closed(o.state) THEN
        PERFORM orders_v1.refuse('409', 'order_not_returnable', 'Only delivered goods can be returned.', NULL,
                              orders_v1.states_of(o));
    ELSIF v_delivered + p_window * interval '24 hours' < clock_timestamp() THEN
        PERFORM orders_v1.refuse('409', 'return_window_closed', 'The return period has ended.');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.refuse_lines(p_class text, p_code text, p_detail text, p_lines bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_lines IS NOT NULL THEN
        PERFORM orders_v1.refuse(p_class, p_code, p_detail, 'lines', jsonb_build_object('lines', to_jsonb(p_lines)));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_return_lines(o orders.orders, p_lines orders_v1.return_item[])
RETURNS orders_v1.return_item[] LANGUAGE plpgsql AS $$
DECLARE
    v_unknown bigint[];
    v_never   bigint[];
    v_none    bigint[];
    v_over    jsonb;
BEGIN
    SELECT array_agg(w.id ORDER BY w.id) FILTER (WHERE w.kind IS NULL),
           array_agg(w.id ORDER BY w.id) FILTER (WHERE w.kind <> 'product' OR NOT w.returnable),
           array_agg(w.id ORDER BY w.id) FILTER (WHERE w.have < 1),
           jsonb_agg(jsonb_build_object('id', w.id, 'maximum', w.have) ORDER BY w.id)
               FILTER (WHERE w.wanted NOT BETWEEN 1 AND w.have),
           array_agg(ROW(w.id, coalesce(w.wanted, w.have))::orders_v1.return_item ORDER BY w.id)
    INTO v_unknown, v_never, v_none, v_over, p_lines
    FROM (SELECT p.line_id AS id, p.quantity AS wanted, l.kind, l.returnable,
                 CASE WHEN o.fulfilment_state = 'returned' THEN 0 ELSE orders_v1.returnable_quantity(o.tenant_id, o.id, l.id) END AS have
          FROM unnest(p_lines) AS p
          LEFT JOIN orders.order_line l ON l.tenant_id = o.tenant_id AND l.order_id = o.id AND l.id = p.line_id) AS w;
    PERFORM orders_v1.refuse_lines('422', 'line_not_found', 'The order has no such lines.', v_unknown);
    PERFORM orders_v1.refuse_lines('422', 'line_not_returnable', 'These lines cannot be returned.', v_never);
    PERFORM orders_v1.refuse_lines('409', 'line_already_returned', 'No items of these lines are left to return.', v_none);
    IF v_over IS NOT NULL THEN
        PERFORM orders_v1.refuse('422', 'quantity_out_of_range', 'The quantity exceeds the items of the line that can still be returned.', 'lines', v_over -> 0);
    END IF;
    RETURN p_lines;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.count_returned(r orders.order_return, p_sign integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders.order_line l SET returned_quantity = l.returned_quantity + p_sign * x.quantity
    FROM orders.return_line x
    WHERE x.tenant_id = r.tenant_id AND x.return_id = r.id
      AND l.tenant_id = r.tenant_id AND l.order_id = x.order_id AND l.id = x.line_id;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_return(c orders_v1.context, o orders.orders, p_lines orders_v1.return_item[], p_reason text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    r orders.order_return;
BEGIN
    INSERT INTO orders.order_return (tenant_id, order_id, reason) VALUES (o.tenant_id, o.id, p_reason) RETURNING * INTO r;
    INSERT INTO orders.return_line (tenant_id, return_id, order_id, line_id, quantity)
    SELECT r.tenant_id, r.id, r.order_id, p.line_id, p.quantity FROM unnest(p_lines) AS p;
    PERFORM orders_v1.count_returned(r, 1);
    PERFORM orders_v1.move_order(c, o, ARRAY[('return', 'new', 'requested')]::orders_v1.step[], 0, 0, p_reason, r.id);
    RETURN r.id;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.request_return(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_user bigint, p_order bigint, p_lines jsonb, p_reason text, p_window integer, p_match text[]
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c        orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim  orders_v1.claim := claim_key(c);
    v_lines  orders_v1.return_item[];
    o        orders.orders;
    v_return bigint;
    v_code   text := 'unchanged';
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    v_lines := read_return_lines(p_lines);
    IF coalesce(p_reason, '') !~ '\S' THEN
        PERFORM refuse('422', 'required_field', 'A return requires a reason.', 'reason');
    ELSIF length(p_reason) > 1000 THEN
        PERFORM refuse('422', 'too_long', 'Must be at most 1000 characters.', 'reason');
    END IF;
    o := lock_order(p_tenant, p_order, p_user, p_match);
    v_return := same_return(o, v_lines);
    IF v_return IS NULL THEN
        PERFORM check_returnable(o, p_window);
        v_return := put_return(c, o, check_return_lines(o, v_lines), p_reason);
        v_code := 'done';
    END IF;
    RETURN NEXT finish(c, v_code, p_order, v_return);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.all_items_returned(r orders.order_return) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM orders.order_line l
        WHERE l.tenant_id = r.tenant_id AND l.order_id = r.order_id AND l.kind = 'product'
          AND l.quantity - l.cancelled_quantity > (
              SELECT coalesce(sum(x.quantity), 0)
              FROM orders.return_line x
              JOIN orders.order_return y ON y.tenant_id = r.tenant_id AND y.id = x.return_id
              WHERE x.tenant_id = r.tenant_id AND x.order_id = l.order_id AND x.line_id = l.id
                AND (y.state IN ('received', 'refunded') OR y.id = r.id)));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.receive_return(c orders_v1.context, o orders.orders, r orders.order_return, p_comment text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_back  boolean := o.fulfilment_state = 'delivered' AND orders_v1.all_items_returned(r);
    v_steps orders_v1.step[] := orders_v1.set_return_state(r, 'received', NULL);
BEGIN
    IF v_back THEN
        v_steps := ARRAY[('fulfilment', 'delivered', 'returned')]::orders_v1.step[] || v_steps;
    END IF;
    PERFORM orders_v1.move_order(c, o, v_steps, 0, 0, p_comment, r.id);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.reserve_return_refund(o orders.orders, r orders.order_return) RETURNS orders_v1.reserved_lines
LANGUAGE plpgsql AS $$
DECLARE
    v_lines jsonb;
    v_gone  bigint[];
BEGIN
    SELECT jsonb_agg(jsonb_build_object('id', l.id, 'quantity', x.quantity - x.refunded) ORDER BY l.id)
               FILTER (WHERE x.quantity > x.refunded),
           array_agg(l.id ORDER BY l.id) FILTER (WHERE l.refunded_quantity + x.quantity - x.refunded > l.quantity)
    INTO v_lines, v_gone
    FROM orders.return_line x
    JOIN orders.order_line l ON l.tenant_id = r.tenant_id AND l.order_id = x.order_id AND l.id = x.line_id
    WHERE x.tenant_id = r.tenant_id AND x.return_id = r.id;
    IF v_gone IS NOT NULL THEN
        PERFORM orders_v1.refuse('409', 'order_not_refundable', 'Items of this return were already refunded in another way.', NULL,
                              orders_v1.states_of(o) || jsonb_build_object('lines', to_jsonb(v_gone)));
    END IF;
    UPDATE orders.return_line x SET refunded = x.quantity WHERE x.tenant_id = r.tenant_id AND x.return_id = r.id;
    RETURN orders_v1.reserve_refund_lines(o, coalesce(v_lines, '[]'));
END
$$;

-- create_refunds moves the order. If several payments are refunded, the return has several refunds: when one of them fails, the
-- return is received again, and its next refund pays the missing amount.
CREATE OR REPLACE FUNCTION orders_v1.refund_return(c orders_v1.context, o orders.orders, r orders.order_return, p_comment text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_taken  orders_v1.reserved_lines;
    v_amount bigint;
    v_last   bigint := (SELECT max(f.id) FROM orders.refund f WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id);
    v_refund bigint;
BEGIN
    PERFORM orders_v1.check_refundable(o, NULL);
    v_taken := orders_v1.reserve_return_refund(o, r);
    v_amount := least(v_taken.amount, orders_v1.unrefunded_of(o));
    IF v_amount <= 0 THEN
        PERFORM orders_v1.refuse('409', 'order_not_refundable', 'No amount is left to refund for this return.', NULL,
                              orders_v1.states_of(o));
    END IF;
    PERFORM orders_v1.create_refunds(c, o, v_amount, coalesce(p_comment, r.reason), v_taken.lines);
    WITH parts AS (
        UPDATE orders.refund f SET return_id = r.id
        WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id AND f.id > coalesce(v_last, 0)
        RETURNING f.id)
    SELECT min(f.id) INTO v_refund FROM parts AS f;
    o.version := o.version + 1;
    PERFORM orders_v1.move_return(c, o, r, 'refunded', v_refund, p_comment);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.state_after_action(p_action text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT a.state
    FROM (VALUES ('approve', 'approved'), ('reject', 'rejected'), ('receive', 'received'), ('refund', 'refunded'))
        AS a (action, state)
    WHERE a.action = p_action
$$;

-- The condition on the event excludes the step back to received, which only a failed refund takes.
CREATE OR REPLACE FUNCTION orders_v1.check_resolvable(c orders_v1.context, r orders.order_return, p_to text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM orders.transition t
                   WHERE (t.axis, t.from_state, t.to_state, t.actor) = ('return', r.state::text, p_to, c.actor)
                     AND t.event = 'return.' || p_to) THEN
        PERFORM orders_v1.refuse('409', 'return_not_resolvable', 'The return cannot take this step in its present state.', NULL,
                              jsonb_build_object('state', r.state));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.move_return_to(c orders_v1.context, o orders.orders, r orders.order_return, p_to text, p_comment text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_steps orders_v1.step[];
BEGIN
    CASE p_to
        WHEN 'received' THEN
            PERFORM orders_v1.receive_return(c, o, r, p_comment);
        WHEN 'refunded' THEN
            PERFORM orders_v1.refund_return(c, o, r, p_comment);
        ELSE
            IF p_to = 'rejected' THEN
                PERFORM orders_v1.count_returned(r, -1);
            END IF;
            v_steps := orders_v1.set_return_state(r, p_to, NULL);
            PERFORM orders_v1.move_order(c, o, v_steps, 0, 0, p_comment, r.id);
    END CASE;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.resolve_return(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_return bigint, p_action text, p_comment text, p_match text[]
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    v_to    text := state_after_action(p_action);
    o       orders.orders;
    r       orders.order_return;
    v_code  text := 'unchanged';
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    ELSIF v_to IS NULL THEN
        PERFORM refuse('422', 'unknown_word', 'Must be approve, reject, receive or refund.', 'action');
    END IF;
    SELECT * INTO r FROM order_return x WHERE x.tenant_id = p_tenant AND x.id = p_return;
    IF NOT FOUND THEN
        PERFORM refuse('404', 'return_not_found', 'There is no such return.');
    END IF;
    o := lock_order(p_tenant, r.order_id, NULL, p_match);
    SELECT * INTO r FROM order_return x WHERE x.tenant_id = p_tenant AND x.id = p_return;
    IF r.state <> v_to THEN
        PERFORM check_resolvable(c, r, v_to);
        PERFORM move_return_to(c, o, r, v_to, p_comment);
        v_code := 'done';
    END IF;
    RETURN NEXT finish(c, v_code, r.order_id, r.id);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.request_return(integer, text, text, bigint, text, text, bytea, bigint, bigint, jsonb, text, integer, text[]),
    orders_v1.resolve_return(integer, text, text, bigint, text, text, bytea, bigint, text, text, text[])
    TO orders_api;

COMMENT ON FUNCTION orders_v1.read_return_lines IS
'Internal: parses the lines of a request. OR422 invalid_field, also for a line named twice';
COMMENT ON FUNCTION orders_v1.returnable_quantity IS
'Internal: how many items of a line are neither in a return (unless rejected) nor refunded without one; 0 or less: none';
COMMENT ON FUNCTION orders_v1.same_return IS 'Internal: the requested return that a request repeats; NULL: the request is new';
COMMENT ON FUNCTION orders_v1.check_returnable IS
'Internal: checks that an order can be returned now. p_window: days after delivery; NULL: no limit. OR409 order_not_returnable with
the states, return_window_closed';
COMMENT ON FUNCTION orders_v1.refuse_lines IS
'Internal: refuses the request if p_lines is not NULL, with the lines as an extra member';
COMMENT ON FUNCTION orders_v1.check_return_lines IS
'Internal: checks the lines of a return and fills in missing quantities. OR422 line_not_found, line_not_returnable,
quantity_out_of_range, OR409 line_already_returned';
COMMENT ON FUNCTION orders_v1.count_returned IS 'Internal: adds (p_sign 1) or subtracts (-1) the items of a return on their lines';
COMMENT ON FUNCTION orders_v1.put_return IS 'Internal: creates a requested return; returns its id';
COMMENT ON FUNCTION orders_v1.request_return IS
'Requests the return of lines ([{id, quantity}]; without quantity: all items left) of a delivered order of p_user (NULL: any user).
p_window: days after delivery; NULL: no limit. The result has the id of the return; outcome unchanged when the same return is
already requested. OR404 not_found, OR409 order_not_returnable, return_window_closed, line_already_returned, OR412 version_mismatch,
OR422 line_not_found, line_not_returnable, quantity_out_of_range, invalid_field, required_field, too_long';
COMMENT ON FUNCTION orders_v1.all_items_returned IS 'Internal: whether all shipped goods of an order are received, including this return';
COMMENT ON FUNCTION orders_v1.receive_return IS
'Internal: marks a return as received; when all goods of the order are received, the order becomes returned';
COMMENT ON FUNCTION orders_v1.reserve_return_refund IS
'Internal: reserves the unrefunded items of a return for its refund. OR409 order_not_refundable when some were refunded outside the
return';
COMMENT ON FUNCTION orders_v1.refund_return IS
'Internal: refunds the items of a return, at most the amount left in the order. OR409 order_not_refundable, refund_in_progress';
COMMENT ON FUNCTION orders_v1.state_after_action IS
'Internal: the state of a return after approve, reject, receive or refund; NULL: unknown action';
COMMENT ON FUNCTION orders_v1.check_resolvable IS
'Internal: checks that the actor may move a return to this state. OR409 return_not_resolvable with the state';
COMMENT ON FUNCTION orders_v1.move_return_to IS 'Internal: moves a return to a state, with the effects on its order';
COMMENT ON FUNCTION orders_v1.resolve_return IS
'Moves a return: approve, reject, receive or refund. A refund covers the items of the return, in the same version; if a pending
refund fails, the return is received again. Outcome unchanged when the return is already in that state. OR404 return_not_found,
OR409 return_not_resolvable, order_not_refundable, refund_in_progress, OR412 version_mismatch, OR422 unknown_word';
