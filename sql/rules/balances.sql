-- SPDX-License-Identifier: Apache-2.0

CREATE OR REPLACE FUNCTION orders_v1.move_balance(
    p_tenant integer, p_user bigint, p_amount bigint, p_currency text, p_reference text, p_type text
) RETURNS orders.posting LANGUAGE plpgsql AS $$
DECLARE
    v_after bigint;
    t       orders.posting;
BEGIN
    INSERT INTO orders.account (tenant_id, user_id, currency) VALUES (p_tenant, p_user, p_currency)
    ON CONFLICT ON CONSTRAINT account_pkey DO NOTHING;
    UPDATE orders.account a SET balance = a.balance + p_amount, updated_at = now()
    WHERE a.tenant_id = p_tenant AND a.user_id = p_user AND a.currency = p_currency
      AND a.balance + p_amount BETWEEN 0 AND 1000000000000000
    RETURNING a.balance INTO v_after;
    IF NOT FOUND AND p_amount > 0 THEN
        PERFORM orders_v1.refuse('422', 'amount_out_of_range', 'The balance must not exceed 10^15 minor units.', 'amount');
    ELSIF NOT FOUND THEN
        PERFORM orders_v1.refuse('402', 'insufficient_balance', 'The balance does not cover the amount.', 'amount',
            (SELECT jsonb_build_object('balance', a.balance, 'required', -p_amount, 'currency', p_currency)
             FROM orders.account a
             WHERE a.tenant_id = p_tenant AND a.user_id = p_user AND a.currency = p_currency));
    END IF;
    INSERT INTO orders.posting (tenant_id, entry_type, currency, amount, reference, description,
                                debit_user_id, debit_balance_after, debit_house,
                                credit_user_id, credit_balance_after, credit_house)
    SELECT p_tenant, p_type, p_currency, abs(p_amount), p_reference, p_type,
           CASE WHEN p_amount < 0 THEN p_user END, CASE WHEN p_amount < 0 THEN v_after END,
           CASE WHEN p_amount > 0 THEN 'funding' END,
           CASE WHEN p_amount > 0 THEN p_user END, CASE WHEN p_amount > 0 THEN v_after END,
           CASE WHEN p_amount < 0 THEN 'funding' END
    RETURNING * INTO t;
    RETURN t;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.posted_of(t orders.posting) RETURNS orders_v1.posted LANGUAGE plpgsql STABLE AS $$
DECLARE
    r       orders_v1.posted;
    b       orders_v1.balance_view;
    p       orders_v1.posting_view;
    v_user  bigint := coalesce(t.debit_user_id, t.credit_user_id);
    v_after bigint := coalesce(t.debit_balance_after, t.credit_balance_after);
BEGIN
    b := ROW(v_user, t.currency, v_after, t.created_at);
    p := ROW(t.id, v_user, t.entry_type, t.currency, CASE WHEN t.debit_user_id IS NULL THEN t.amount ELSE -t.amount END,
             v_after, t.reference, t.description, t.metadata, t.created_at);
    r.outcome := 'done';
    r.id := t.id;
    r.replayed := false;
    r.balance := b;
    r.posting := p;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.post_balance(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_user bigint, p_amount bigint, p_currency text, p_reference text
) RETURNS SETOF orders_v1.posted
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    t       orders.posting;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.posted, v_claim.answer);
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM currency y WHERE y.code = p_currency) THEN
        PERFORM refuse('422', 'currency_unknown', 'There is no such currency.', 'currency');
    ELSIF NOT EXISTS (SELECT FROM users u WHERE u.tenant_id = p_tenant AND u.id = p_user) THEN
        PERFORM refuse('422', 'user_not_found', 'There is no such user.', 'user');
    ELSIF p_amount IS NULL OR p_amount = 0
          OR p_amount NOT BETWEEN -1000000000000000 AND 1000000000000000 THEN
        PERFORM refuse('422', 'amount_out_of_range', 'Must not be 0 or exceed 10^15 minor units.',
                       'amount');
    END IF;
    t := move_balance(p_tenant, p_user, p_amount, p_currency, p_reference,
                      CASE WHEN p_amount > 0 THEN 'top_up' ELSE 'correction' END);
    RETURN NEXT stored_result(c, posted_of(t));
END
$$;

GRANT EXECUTE ON FUNCTION orders_v1.post_balance(integer, text, text, bigint, text, text, bytea,
    bigint, bigint, text, text) TO orders_api;

COMMENT ON FUNCTION orders_v1.move_balance IS
'Internal: changes a balance and adds the ledger entry. p_amount: minor units. Locks the account';
COMMENT ON FUNCTION orders_v1.posted_of IS 'Internal: the result of a ledger entry: the entry and the balance after it';
COMMENT ON FUNCTION orders_v1.post_balance IS
'Tops up a balance (p_amount above 0) or corrects it (below 0), in minor units. Returns the ledger entry and the balance after it.
Locks the account. OR402 insufficient_balance, OR422 currency_unknown, user_not_found, amount_out_of_range';
