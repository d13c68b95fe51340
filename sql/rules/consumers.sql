-- SPDX-License-Identifier: Apache-2.0
-- Consumers: a consumer scans the code of an order, claims it and adds a billing address. Every function checks in this order:
-- the order, its buyer, its state.

-- A claimable order is visible to any caller with its number; any other order only to its buyer.
CREATE OR REPLACE FUNCTION orders_v1.check_claim(o orders.orders, p_user bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF o.id IS NULL OR (NOT o.claimable AND o.buyer_id IS DISTINCT FROM p_user) THEN
        PERFORM orders_v1.refuse('404', 'not_found', 'There is no such order.');
    ELSIF o.buyer_id <> p_user THEN
        PERFORM orders_v1.refuse('409', 'order_bound', 'The order belongs to another user.');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.profile_of(p_tenant integer, p_user bigint) RETURNS orders_v1.profile_view LANGUAGE plpgsql STABLE AS $$
DECLARE
    r orders_v1.profile_view;
BEGIN
    SELECT u.id, u.given_name, u.family_name, u.title, u.phone, u.default_address INTO r
    FROM orders.users u WHERE u.tenant_id = p_tenant AND u.id = p_user;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.claim_order(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_number text
) RETURNS SETOF orders_v1.claim_result
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    o       orders.orders;
    r       orders_v1.claim_result;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.claim_result, v_claim.answer);
        RETURN;
    END IF;
    o := lock_order(p_tenant, order_by_number(p_tenant, p_number), NULL, NULL);
    PERFORM check_claim(o, p_actor_id);
    r.outcome := 'unchanged';
    IF o.buyer_id IS NULL THEN
        IF NOT can_be_paid(o) THEN
            PERFORM refuse('409', 'order_not_payable', 'The order can no longer be claimed.', NULL, states_of(o));
        END IF;
        UPDATE orders x SET buyer_id = p_actor_id WHERE x.tenant_id = p_tenant AND x.id = o.id;
        PERFORM move_order(c, o, '{}', 0, 0, NULL);
        r.outcome := 'done';
    END IF;
    r.id := o.id;
    r.replayed := false;
    r.profile := profile_of(p_tenant, p_actor_id);
    RETURN NEXT stored_result(c, r, o.id);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.edit_billing_address(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_number text, p_address jsonb
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    o       orders.orders;
    v_code  text := 'unchanged';
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    o := lock_order(p_tenant, order_by_number(p_tenant, p_number), NULL, NULL);
    PERFORM check_claim(o, p_actor_id);
    IF o.buyer_id IS NULL THEN
        PERFORM refuse('409', 'order_bound', 'The order is not claimed by the user.');
    ELSIF is_due(o) THEN
        o := expire_order(o);
    END IF;
    IF is_closed(o.state) THEN
        PERFORM refuse('409', 'order_not_payable', 'The order is closed.', NULL, states_of(o));
    ELSIF p_address IS NULL THEN
        PERFORM refuse('422', 'invalid_fields', 'Some members of the address are not valid.');
    END IF;
    INSERT INTO order_address AS a (tenant_id, order_id, kind, document)
    VALUES (p_tenant, o.id, 'billing', p_address)
    ON CONFLICT (tenant_id, order_id, kind) DO UPDATE SET document = excluded.document
        WHERE a.document <> excluded.document;
    IF FOUND THEN
        PERFORM move_order(c, o, '{}', 0, 0, NULL);
        v_code := 'done';
    END IF;
    RETURN NEXT finish(c, v_code, o.id, o.id);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.claim_order(integer, text, text, bigint, text, text, bytea, text),
    orders_v1.edit_billing_address(integer, text, text, bigint, text, text, bytea, text, jsonb)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.check_claim IS
'Internal: OR404 not_found for an order that the user may not see, OR409 order_bound for the order of another user';
COMMENT ON FUNCTION orders_v1.profile_of IS 'Internal: the profile of a user';
COMMENT ON FUNCTION orders_v1.claim_order IS
'Makes p_actor_id the buyer of a claimable order; the first claim wins. Returns the profile of the buyer; outcome unchanged when the
user has already claimed it. OR404 not_found, OR409 order_bound, order_not_payable when it can no longer be claimed';
COMMENT ON FUNCTION orders_v1.edit_billing_address IS
'Sets the billing address of the buyer''s own order. p_address NULL: the caller found it invalid, which is reported after all other
errors. OR404 not_found, OR409 order_bound, order_not_payable (with the states) when it is closed, OR422 invalid_fields';
