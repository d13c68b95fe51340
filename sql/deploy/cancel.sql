-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:cancel to pg

BEGIN;
SET LOCAL ROLE orders_owner;

CREATE TABLE orders.cancel_rule (
    api              text    NOT NULL,
    state            text    NOT NULL,
    payment_state    text    NOT NULL,
    fulfilment_state text    NOT NULL,
    method           text    NOT NULL DEFAULT '*',
    only_free        boolean NOT NULL DEFAULT false,
    effect           text    NOT NULL DEFAULT 'cancel',
    CONSTRAINT cancel_rule_pkey PRIMARY KEY (api, state, payment_state, fulfilment_state, method, only_free),
    CONSTRAINT cancel_rule_effect_known CHECK (effect IN ('cancel', 'unchanged'))
);

INSERT INTO orders.cancel_rule (api, state, payment_state, fulfilment_state, method, only_free, effect)
SELECT r.api, s.state, p.payment_state, f.fulfilment_state, r.method, r.only_free, r.effect
FROM (VALUES
    ('user', 'cancelled expired', '*', '*', '*', false, 'unchanged'),
    ('user', 'open', 'unpaid confirming failed', 'none pending confirmed', '*', false, 'cancel'),
    ('user', 'error', '*', '*', '*', false, 'cancel'),
    ('user', 'open completed', 'paid', 'none pending confirmed', '*', true, 'cancel'),
    ('company', 'cancelled', '*', '*', '*', false, 'unchanged'),
    ('company', 'open', 'unpaid failed', 'none pending confirmed packed', '*', false, 'cancel'),
    ('company', 'error expired', '*', '*', '*', false, 'cancel'),
    ('shop', 'cancelled expired error', '*', '*', '*', false, 'unchanged'),
    ('shop', 'open', 'unpaid confirming failed paid partially_refunded', 'none pending', '*', false, 'cancel'),
    ('shop', 'completed', 'paid', 'none', '*', true, 'cancel'),
    ('customer', 'cancelled expired error', '*', '*', '*', false, 'unchanged'),
    ('customer', 'open', 'unpaid confirming failed paid', 'none pending confirmed', 'cod', false, 'cancel'),
    ('commerce', 'cancelled expired', '*', '*', '*', false, 'unchanged'),
    ('commerce', 'open', 'unpaid confirming failed', 'none pending confirmed packed', '*', false, 'cancel'),
    ('commerce', 'error', '*', '*', '*', false, 'cancel'),
    ('operator', 'cancelled', '*', '*', '*', false, 'unchanged'),
    ('operator', 'open', 'unpaid confirming failed paid partially_refunded', 'none pending confirmed packed', '*',
     false, 'cancel'),
    ('operator', 'open', 'unpaid failed', 'shipped out_for_delivery', 'cod', false, 'cancel'),
    ('operator', 'error expired', '*', '*', '*', false, 'cancel'),
    ('operator', 'completed', 'paid', 'none', '*', true, 'cancel')
) AS r (api, states, payment_states, fulfilment_states, method, only_free, effect)
CROSS JOIN LATERAL string_to_table(r.states, ' ') AS s (state)
CROSS JOIN LATERAL string_to_table(r.payment_states, ' ') AS p (payment_state)
CROSS JOIN LATERAL string_to_table(r.fulfilment_states, ' ') AS f (fulfilment_state);

CREATE FUNCTION orders.cancel_effect(p_api text, o orders.orders) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT r.effect
    FROM orders.cancel_rule r
    WHERE r.api = p_api AND r.state = o.state
      AND r.payment_state IN ('*', o.payment_state)
      AND r.fulfilment_state IN ('*', o.fulfilment_state)
      AND r.method IN ('*', o.payment_method)
      AND (NOT r.only_free OR o.total = 0)
    ORDER BY r.effect DESC
    LIMIT 1
$$;

-- Goes back what was captured and is not on its way back already: money that came late is, on its own.
CREATE FUNCTION orders.cancel_order(c orders.context, o orders.orders, p_reason text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_left    bigint := (SELECT coalesce(sum(p.captured - p.refunded - p.refunding), 0)
                         FROM orders.payment p
                         WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id AND NOT p.surplus);
    v_version integer := o.version;
BEGIN
    o := orders.close_order(c, o, 'cancelled', p_reason);
    PERFORM orders.release_stock(o.tenant_id, ARRAY[o.id]);
    IF v_left > 0 THEN
        o.version := v_version;
        PERFORM orders.give_back(c, o, v_left, p_reason, NULL);
    END IF;
END
$$;

-- The order is locked and may be past its time. The calling API decides what cancelling does; the API that the order was
-- placed through must have a rule for its states too, be it that there is nothing left to do.
CREATE FUNCTION orders.try_cancel(c orders.context, o orders.orders, p_reason text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_effect text;
BEGIN
    IF orders.is_due(o) THEN
        o := orders.expire_order(o);
    END IF;
    v_effect := orders.cancel_effect(c.api, o);
    IF v_effect = 'unchanged' THEN
        RETURN 'unchanged';
    ELSIF v_effect IS NULL
          OR (c.api <> 'operator' AND orders.cancel_effect(o.dialect, o) IS NULL) THEN
        PERFORM orders.refuse('409', 'order_not_cancellable', 'The order can no longer be cancelled.', NULL,
                              orders.states_of(o));
    ELSIF c.api <> 'operator' AND orders.is_capture_in_doubt(o) THEN
        PERFORM orders.refuse('409', 'order_not_cancellable', 'The outcome of a capture by the provider is not known yet.',
                              NULL, orders.states_of(orders.as_confirming(o)));
    END IF;
    PERFORM orders.cancel_order(c, o, p_reason);
    RETURN 'done';
END
$$;

CREATE FUNCTION orders.cancel(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_user bigint, p_order bigint, p_reason text, p_match text[]
) RETURNS SETOF orders.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, pg_temp SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    c       orders.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders.claim := claim_key(c);
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN QUERY SELECT * FROM replay(v_claim.answer);
        RETURN;
    END IF;
    RETURN QUERY SELECT * FROM finish(
        c, result_row(try_cancel(c, lock_order(p_tenant, p_order, p_user, p_match), p_reason), p_order, p_order), p_user);
END
$$;

GRANT EXECUTE ON FUNCTION orders.cancel(integer, text, text, bigint, text, text, bytea, bigint, bigint, text, text[])
    TO orders_api;

-- What it all means

COMMENT ON TABLE orders.cancel_rule IS
'What may be cancelled, by API; an order needs a rule of the calling API and one of the API it was placed
through. * is any';
COMMENT ON COLUMN orders.cancel_rule.api IS 'The API, calling or placing';
COMMENT ON COLUMN orders.cancel_rule.state IS 'Order state';
COMMENT ON COLUMN orders.cancel_rule.payment_state IS 'Payment state or *';
COMMENT ON COLUMN orders.cancel_rule.fulfilment_state IS 'Fulfilment state or *';
COMMENT ON COLUMN orders.cancel_rule.method IS 'Payment method or *';
COMMENT ON COLUMN orders.cancel_rule.only_free IS 'true: only when the total is 0';
COMMENT ON COLUMN orders.cancel_rule.effect IS 'cancel, or unchanged when there is nothing left to do';
COMMENT ON FUNCTION orders.cancel_effect IS
'What cancelling through an API would do: cancel, unchanged or null for not allowed';
COMMENT ON FUNCTION orders.cancel_order IS
'Internal: cancels a locked order and gives its money back, in one version';
COMMENT ON FUNCTION orders.try_cancel IS
'Internal: cancels a locked order if the rules of the calling and of the placing API let it: done or unchanged. While the
outcome of a capture is unknown only an operator may cancel. OR409
order_not_cancellable';
COMMENT ON FUNCTION orders.cancel IS
'Cancels an order of p_user (null: anybodys). Paid money goes back as refund does it. unchanged when there is
nothing left to do. OR404 not_found, OR409 order_not_cancellable, OR412 version_mismatch';

COMMIT;
