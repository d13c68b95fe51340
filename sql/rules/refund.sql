-- SPDX-License-Identifier: Apache-2.0

CREATE OR REPLACE FUNCTION orders_v1.state_after_refund(o orders.orders, p_refunded bigint, p_prior text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN o.refunded + p_refunded = 0 THEN p_prior
        WHEN o.refunded + p_refunded >= o.captured THEN 'refunded'
        ELSE 'partially_refunded'
    END
$$;

-- The payment state reaches refunded from paid only through refund_pending, even if the refund is immediate.
CREATE OR REPLACE FUNCTION orders_v1.refund_steps(p_from text, p_to text) RETURNS orders_v1.step[] LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_from = 'refunded' OR (p_from = p_to AND p_to <> 'partially_refunded') THEN '{}'::orders_v1.step[]
        WHEN p_to = 'refund_pending' OR p_from IN ('refund_pending', 'partially_refunded')
             OR (p_from, p_to) = ('paid', 'partially_refunded')
            THEN ARRAY[('payment', p_from, p_to)]::orders_v1.step[]
        ELSE ARRAY[('payment', p_from, 'refund_pending'), ('payment', 'refund_pending', p_to)]::orders_v1.step[]
    END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_refund(
    p orders.payment, o orders.orders, p_amount bigint, p_reason text, p_lines jsonb, p_done boolean
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_id    bigint;
    v_prior text := o.payment_state;
BEGIN
    IF v_prior = 'refund_pending' THEN
        v_prior := (SELECT max(r.prior_state) FROM orders.refund r
                    WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id AND r.status = 'pending' AND NOT r.surplus);
    END IF;
    UPDATE orders.payment x
    SET refunded = x.refunded + CASE WHEN p_done THEN p_amount ELSE 0 END,
        refunding = x.refunding + CASE WHEN p_done THEN 0 ELSE p_amount END,
        updated_at = now()
    WHERE x.tenant_id = p.tenant_id AND x.id = p.id;
    INSERT INTO orders.refund (tenant_id, order_id, payment_id, status, amount, currency, reason, lines, surplus, prior_state, settled_at)
    VALUES (o.tenant_id, o.id, p.id, CASE WHEN p_done THEN 'done' ELSE 'pending' END, p_amount, p.currency, p_reason,
            p_lines, p.surplus, v_prior, CASE WHEN p_done THEN now() END)
    RETURNING id INTO v_id;
    IF NOT p_done AND NOT orders_v1.is_manual(p) THEN
        PERFORM orders_v1.put_due(p.tenant_id, 'refund', v_id, p.channel, now());
    END IF;
    RETURN v_id;
END
$$;

-- Credits the account last, because accounts come last in the lock order.
CREATE OR REPLACE FUNCTION orders_v1.create_refunds(
    c orders_v1.context, o orders.orders, p_amount bigint, p_reason text, p_lines jsonb, p_steps orders_v1.step[] DEFAULT '{}'
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    p           orders.payment;
    v_remaining bigint := p_amount;
    v_part      bigint;
    v_done      bigint := 0;
    v_pending   boolean := false;
    v_immediate boolean;
    v_share     jsonb;
    v_refund    bigint;
    v_credits   orders_v1.balance_credit[] := '{}';
    v_after     orders.orders := o; -- after p_steps
    r           orders_v1.balance_credit;
BEGIN
    v_after.payment_state := orders_v1.last_state(p_steps, 'payment', o.payment_state);
    FOR p IN
        SELECT * FROM orders.payment x
        WHERE x.tenant_id = o.tenant_id AND x.order_id = o.id AND orders_v1.unrefunded(x.captured, x.refunded, x.refunding) > 0
          AND NOT x.surplus
        ORDER BY x.payable_unit DESC, x.id
    LOOP
        EXIT WHEN v_remaining = 0;
        v_part := least(v_remaining, orders_v1.unrefunded(p.captured, p.refunded, p.refunding));
        v_part := v_part - v_part % p.payable_unit;
        CONTINUE WHEN v_part = 0;
        v_share := p_lines;
        IF v_part < v_remaining THEN
            SELECT s.part, s.rest INTO v_share, p_lines FROM orders_v1.split_lines(p_lines, v_part) AS s WHERE p_lines IS NOT NULL;
        END IF;
        v_immediate := p.provider = 'balance' OR (orders_v1.is_manual(p) AND c.actor = 'operator')
                       OR (p.provider = 'terminal' AND c.actor = 'seller');
        v_refund := orders_v1.put_refund(p, v_after, v_part, p_reason, v_share, v_immediate);
        v_remaining := v_remaining - v_part;
        v_done := v_done + CASE WHEN v_immediate THEN v_part ELSE 0 END;
        v_pending := v_pending OR NOT v_immediate;
        IF p.provider = 'balance' THEN -- the payment of an imported order was debited elsewhere
            v_credits := v_credits || ROW(p.id, v_refund, p.currency, v_part)::orders_v1.balance_credit;
        END IF;
    END LOOP;
    IF v_remaining > 0 THEN
        PERFORM orders_v1.refuse('422', 'refund_exceeds_captured', 'The amount exceeds what can still be refunded.', 'amount');
    END IF;
    PERFORM orders_v1.move_order(c, o, p_steps || orders_v1.refund_steps(v_after.payment_state, CASE
        WHEN v_pending THEN 'refund_pending'
        ELSE orders_v1.state_after_refund(o, v_done, v_after.payment_state) END), 0, v_done, p_reason);
    FOREACH r IN ARRAY v_credits LOOP
        PERFORM orders_v1.credit_balance(o.tenant_id, o.buyer_id, r.currency, r.amount, o.id, r.payment_id, r.refund_id, p_reason);
    END LOOP;
    RETURN v_refund;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_refundable(o orders.orders, p_window integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF o.payment_state = 'refund_pending'
       OR EXISTS (SELECT FROM orders.refund r
                  WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id AND r.status = 'pending' AND NOT r.surplus) THEN
        PERFORM orders_v1.refuse('409', 'refund_in_progress', 'A refund of this order is in progress.');
    ELSIF o.captured = 0 THEN
        PERFORM orders_v1.refuse('409', 'order_not_refundable', 'Nothing was paid for this order.', NULL,
                              orders_v1.states_of(o));
    ELSIF o.paid_at + p_window * interval '24 hours' < clock_timestamp() THEN
        PERFORM orders_v1.refuse('409', 'refund_window_closed', 'The refund period of the payment has ended.');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.refund(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_order bigint, p_amount bigint, p_lines jsonb, p_reason text, p_window integer, p_match text[]
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c           orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim     orders_v1.claim := claim_key(c);
    o           orders.orders;
    v_reserved  orders_v1.reserved_lines;
    v_amount    bigint;
    v_remaining bigint;
    v_unit      bigint;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    o := lock_order(p_tenant, p_order, NULL, p_match);
    IF o.payment_state = 'refunded' AND o.refunded = o.captured AND p_amount IS NULL AND p_lines IS NULL THEN
        RETURN NEXT finish(c, 'unchanged', p_order, NULL);
        RETURN;
    END IF;
    PERFORM check_refundable(o, p_window);
    v_remaining := o.captured - o.refunded;
    IF p_lines IS NOT NULL THEN
        v_reserved := reserve_refund_lines(o, p_lines);
    END IF;
    v_amount := coalesce(v_reserved.amount, p_amount, v_remaining);
    IF p_amount <> v_amount THEN
        PERFORM refuse('422', 'amount_mismatch', 'The amount must equal the amount of the lines.', 'amount',
                       jsonb_build_object('lines', v_amount, 'currency', o.currency));
    END IF;
    v_unit := refund_unit(o);
    IF v_amount > v_remaining OR v_remaining = 0 THEN
        PERFORM refuse('422', 'refund_exceeds_captured', 'The amount exceeds what can still be refunded.',
                       CASE WHEN p_lines IS NULL THEN 'amount' ELSE 'lines' END,
                       jsonb_build_object('refundable', v_remaining, 'currency', o.currency));
    ELSIF v_amount <= 0 AND v_unit > 1 THEN
        PERFORM refuse('422', 'amount_not_payable', 'The amount of the lines is less than the unit of the payment channel.', 'lines',
                       jsonb_build_object('unit', v_unit, 'currency', o.currency));
    ELSIF v_amount <= 0 THEN
        PERFORM refuse('422', 'invalid_field', 'Must be greater than 0.', 'amount');
    ELSIF v_amount % v_unit <> 0 THEN
        PERFORM refuse('422', 'amount_not_payable', 'The amount must be a multiple of the payment channel''s unit.', 'amount',
                       jsonb_build_object('unit', v_unit, 'currency', o.currency));
    END IF;
    RETURN NEXT finish(c, 'done', p_order, create_refunds(c, o, v_amount, p_reason, v_reserved.lines));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.reopen_return(c orders_v1.context, o orders.orders, r orders.refund) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_return orders.order_return;
BEGIN
    SELECT * INTO v_return FROM orders.order_return x
    WHERE x.tenant_id = r.tenant_id AND x.id = r.return_id AND x.state = 'refunded';
    IF FOUND THEN
        PERFORM orders_v1.move_return(c, o, v_return, 'received', NULL, r.failure_message);
    END IF;
END
$$;

-- No request creates a surplus refund, so no request could repeat a failed one. A refused surplus refund stays pending until an
-- operator settles it, and the worker no longer claims it.
CREATE OR REPLACE FUNCTION orders_v1.leave_refund_to_operator(c orders_v1.context, o orders.orders, r orders.refund, p_code text, p_message text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_attempts integer := orders_v1.end_due(r.tenant_id, 'refund', r.id);
BEGIN
    IF v_attempts IS NOT NULL THEN
        UPDATE orders.refund x
        SET failure_code = p_code, failure_message = p_message, attempts = x.attempts + v_attempts, updated_at = now()
        WHERE x.tenant_id = r.tenant_id AND x.id = r.id;
        PERFORM orders_v1.move_order(c, o, '{}', 0, 0, NULL);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.end_refund(
    c orders_v1.context, o orders.orders, r orders.refund, p_transaction text, p_ok boolean, p_code text, p_message text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    p                orders.payment;
    v_done           bigint := CASE WHEN p_ok THEN r.amount ELSE 0 END;
    v_attempts       integer;
    v_others_pending boolean;
BEGIN
    IF r.surplus AND NOT p_ok AND c.actor <> 'operator' THEN
        PERFORM orders_v1.leave_refund_to_operator(c, o, r, p_code, p_message);
        RETURN;
    END IF;
    v_attempts := orders_v1.end_due(r.tenant_id, 'refund', r.id);
    UPDATE orders.refund x
    SET status = CASE WHEN p_ok THEN 'done' ELSE 'failed' END, settled_at = now(), updated_at = now(),
        attempts = x.attempts + coalesce(v_attempts, 0), reference = coalesce(p_transaction, x.reference), failure_code = p_code, failure_message = p_message
    WHERE x.tenant_id = r.tenant_id AND x.id = r.id
    RETURNING * INTO r;
    UPDATE orders.payment x
    SET refunding = x.refunding - r.amount, refunded = x.refunded + v_done, updated_at = now()
    WHERE x.tenant_id = r.tenant_id AND x.id = r.payment_id
    RETURNING * INTO p;
    IF NOT p_ok AND r.lines IS NOT NULL THEN
        PERFORM orders_v1.restore_refundable_lines(o, r);
    END IF;
    IF p_ok AND p_transaction IS NOT NULL AND orders_v1.has_transactions(p) THEN
        PERFORM orders_v1.record_transaction(p, p_transaction, r.id, r.amount);
    END IF;
    IF r.surplus THEN
        PERFORM orders_v1.move_order(c, o, '{}', 0, 0, NULL);
        RETURN;
    END IF;
    SELECT EXISTS (SELECT FROM orders.refund x
                   WHERE x.tenant_id = r.tenant_id AND x.order_id = r.order_id AND x.status = 'pending'
                     AND NOT x.surplus) INTO v_others_pending;
    o := orders_v1.move_order(c, o, CASE
        WHEN v_others_pending OR o.payment_state <> 'refund_pending' THEN '{}'::orders_v1.step[]
        ELSE ARRAY[('payment', 'refund_pending', orders_v1.state_after_refund(o, v_done, r.prior_state))]::orders_v1.step[]
        END, 0, v_done, coalesce(p_message, r.reason));
    IF NOT p_ok THEN
        PERFORM orders_v1.reopen_return(c, o, r);
    END IF;
END
$$;

-- Operators settle refunds of manual and terminal payments, and surplus refunds that their provider refused. Every other refund
-- ends when its provider reports the outcome.
CREATE OR REPLACE FUNCTION orders_v1.is_settled_by_hand(r orders.refund) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    p orders.payment;
BEGIN
    IF r.surplus AND NOT EXISTS (SELECT FROM orders.due d WHERE d.tenant_id = r.tenant_id AND d.kind = 'refund' AND d.id = r.id) THEN
        RETURN true;
    END IF;
    SELECT * INTO p FROM orders.payment x WHERE x.tenant_id = r.tenant_id AND x.id = r.payment_id;
    RETURN coalesce(orders_v1.is_manual(p), false);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.awaits_manual_settlement(r orders.refund) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF r.status <> 'pending' THEN
        RETURN false;
    END IF;
    RETURN orders_v1.is_settled_by_hand(r);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_manual_settlement(r orders.refund) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT orders_v1.is_settled_by_hand(r) THEN
        PERFORM orders_v1.refuse('409', 'refund_not_by_hand', 'The payment provider settles this refund.');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.settle_refund(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_refund bigint, p_transaction text, p_ok boolean, p_code text, p_message text, p_match text[] DEFAULT NULL
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    o       orders.orders;
    r       orders.refund;
    v_order bigint;
    v_code  text := 'unchanged';
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    SELECT x.order_id INTO v_order FROM refund x WHERE x.tenant_id = p_tenant AND x.id = p_refund;
    IF NOT FOUND THEN
        PERFORM refuse('404', 'refund_not_found', 'There is no such refund.');
    END IF;
    o := lock_order(p_tenant, v_order, NULL, p_match);
    SELECT * INTO r FROM refund x WHERE x.tenant_id = p_tenant AND x.id = p_refund FOR UPDATE;
    IF p_actor = 'operator' THEN
        PERFORM check_manual_settlement(r);
    END IF;
    IF r.status = 'pending' THEN
        PERFORM end_refund(c, o, r, p_transaction, p_ok, p_code, p_message);
        PERFORM apply_waiting_events(o, r.payment_id);
        v_code := 'done';
    END IF;
    RETURN NEXT finish(c, v_code, o.id, r.id);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.refund(integer, text, text, bigint, text, text, bytea, bigint, bigint, jsonb, text, integer, text[]),
    orders_v1.settle_refund(integer, text, text, bigint, text, text, bytea, bigint, text, boolean, text, text, text[])
    TO orders_api;

COMMENT ON FUNCTION orders_v1.state_after_refund IS
'Internal: the payment state of an order that has no pending refund. p_refunded: amount to add to its refunded amount; p_prior: the
state before the refund';
COMMENT ON FUNCTION orders_v1.refund_steps IS 'Internal: the steps of the payment axis from one state to another in a refund';
COMMENT ON FUNCTION orders_v1.put_refund IS
'Internal: creates a refund of a payment, done (p_done) or pending; returns its id. A pending refund by a provider is queued in
orders.due';
COMMENT ON FUNCTION orders_v1.create_refunds IS
'Internal: refunds an amount from the payments of a locked order: largest payable unit first, then oldest. Each refund stores its
share of the lines. p_steps: steps of the operation before those of the refund. Locks the account last. Returns the id of the last
refund. OR422 refund_exceeds_captured';
COMMENT ON FUNCTION orders_v1.check_refundable IS
'Internal: checks that an order can be refunded now. p_window: days after payment; NULL: no limit. OR409 refund_in_progress,
order_not_refundable, refund_window_closed';
COMMENT ON FUNCTION orders_v1.refund IS
'Refunds an order: an amount (minor units), lines, or (both NULL) everything that is left. Immediate for a balance, for a manual
payment refunded by an operator and for a terminal payment refunded by the seller; otherwise pending until settle_refund. p_window:
days after payment; NULL: no limit. Outcome unchanged when everything is already refunded. OR404, OR409, OR412, OR422
refund_exceeds_captured, amount_not_payable (with the unit)';
COMMENT ON FUNCTION orders_v1.reopen_return IS 'Internal: sets the return of a failed refund back to received';
COMMENT ON FUNCTION orders_v1.is_settled_by_hand IS 'Internal: whether an operator, and not a provider, settles this refund';
COMMENT ON FUNCTION orders_v1.awaits_manual_settlement IS 'Internal: whether this refund waits for settle_refund by an operator';
COMMENT ON FUNCTION orders_v1.check_manual_settlement IS 'Internal: checks that an operator may settle this refund. OR409 refund_not_by_hand';
COMMENT ON FUNCTION orders_v1.leave_refund_to_operator IS
'Internal: keeps a surplus refund that its provider refused pending, for an operator to settle';
COMMENT ON FUNCTION orders_v1.end_refund IS
'Internal: marks a pending refund as done or failed. The end of a surplus refund does not change the state of its order';
COMMENT ON FUNCTION orders_v1.settle_refund IS
'Reports the outcome of a pending refund: p_ok with the transaction id, or a final failure with code and message. An operator
may only report refunds that are settled manually. A surplus refund that its provider refused stays pending for an operator. Outcome
unchanged when the refund has already ended. OR404 refund_not_found, OR409 refund_not_by_hand, transaction_id_taken';
