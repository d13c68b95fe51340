-- SPDX-License-Identifier: Apache-2.0

CREATE OR REPLACE FUNCTION orders_v1.cancel_effect(p_api text, o orders.orders) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT r.effect
            FROM orders.cancel_rule r
            WHERE r.api = p_api AND r.state = o.state
              AND r.payment_state IN ('*', o.payment_state)
              AND r.fulfilment_state IN ('*', o.fulfilment_state)
              AND r.method IN ('*', o.payment_method)
              AND (NOT r.only_free OR o.total = 0)
            ORDER BY r.effect DESC
            LIMIT 1);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.cancel_order(c orders_v1.context, o orders.orders, p_reason text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_left  bigint := orders_v1.unrefunded_of(o);
    v_steps orders_v1.step[] := orders_v1.closing_steps(o, 'cancelled');
BEGIN
    PERFORM orders_v1.close_payments(o.tenant_id, o.id, NULL);
    IF v_left > 0 THEN
        PERFORM orders_v1.create_refunds(c, o, v_left, p_reason, NULL, v_steps);
    ELSE
        PERFORM orders_v1.move_order(c, o, v_steps, 0, 0, p_reason);
    END IF;
END
$$;

-- The order is locked and may be past its expiry. The rule of the calling API determines the effect. Except for the operator API, the
-- API whose rules apply to the order must also have a rule for these states, whatever its effect.
CREATE OR REPLACE FUNCTION orders_v1.try_cancel(c orders_v1.context, o orders.orders, p_reason text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_effect text;
BEGIN
    IF orders_v1.is_due(o) THEN
        o := orders_v1.expire_order(o);
    END IF;
    v_effect := orders_v1.cancel_effect(c.api, o);
    IF v_effect = 'unchanged' THEN
        RETURN 'unchanged';
    ELSIF v_effect IS NULL
          OR (c.api <> 'operator' AND orders_v1.cancel_effect(o.api, o) IS NULL) THEN
        PERFORM orders_v1.refuse('409', 'order_not_cancellable', 'The order can no longer be cancelled.', NULL,
                              orders_v1.states_of(o));
    ELSIF c.api <> 'operator' AND orders_v1.is_capture_outcome_unknown(o) THEN
        PERFORM orders_v1.refuse('409', 'order_not_cancellable', 'The outcome of a capture is not known yet. Try again later.',
                              NULL, orders_v1.states_of(orders_v1.as_confirming(o)));
    END IF;
    PERFORM orders_v1.cancel_order(c, o, p_reason);
    RETURN 'done';
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.cancel(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_user bigint, p_order bigint, p_reason text, p_match text[]
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    RETURN NEXT finish(c, try_cancel(c, lock_order(p_tenant, p_order, p_user, p_match), p_reason), p_order, p_order);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.refuse_refund_by_cancelling(o orders.orders) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF orders_v1.unrefunded_of(o) > 0 OR orders_v1.is_capture_outcome_unknown(o) THEN
        PERFORM orders_v1.refuse('403', 'forbidden',
                              'Cancelling this order refunds a payment, which needs the scope operator.money too.', NULL,
                              orders_v1.states_of(o));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.cancel_as_permitted(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_user bigint, p_order bigint, p_reason text, p_match text[], p_may_refund boolean
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    o       orders.orders;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    o := lock_order(p_tenant, p_order, p_user, p_match);
    IF NOT p_may_refund THEN
        PERFORM refuse_refund_by_cancelling(o);
    END IF;
    RETURN NEXT finish(c, try_cancel(c, o, p_reason), p_order, p_order);
END
$$;

GRANT EXECUTE ON FUNCTION orders_v1.cancel_as_permitted(integer, text, text, bigint, text, text, bytea, bigint, bigint, text, text[], boolean)
    TO orders_api;
GRANT EXECUTE ON FUNCTION orders_v1.cancel(integer, text, text, bigint, text, text, bytea, bigint, bigint, text, text[])
    TO orders_api;

COMMENT ON FUNCTION orders_v1.cancel_effect IS
'The effect of cancelling an order through an API: cancel, unchanged, or NULL: not allowed';
COMMENT ON FUNCTION orders_v1.cancel_order IS
'Internal: cancels a locked order and refunds its unrefunded payments, in one version';
COMMENT ON FUNCTION orders_v1.try_cancel IS
'Internal: cancels a locked order if the rules of the calling API and of the API whose rules apply to it allow this; returns done or unchanged.
Expires the order first if it is past its expiry. While the outcome of a capture is unknown, only an operator may cancel. OR409
order_not_cancellable';
COMMENT ON FUNCTION orders_v1.refuse_refund_by_cancelling IS
'Internal: refuses to cancel a locked order if this refunds a payment, or may refund it because the outcome of its capture is unknown. OR403
forbidden';
COMMENT ON FUNCTION orders_v1.cancel_as_permitted IS
'As cancel. p_may_refund false: an order whose cancellation refunds a payment is refused. OR403 forbidden, and those of cancel';
COMMENT ON FUNCTION orders_v1.cancel IS
'Cancels an order of p_user (NULL: any user) and refunds what was paid, as refund does. Outcome unchanged when it is already
cancelled. OR404 not_found, OR409 order_not_cancellable, OR412 version_mismatch';
