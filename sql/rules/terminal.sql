-- SPDX-License-Identifier: Apache-2.0

CREATE OR REPLACE FUNCTION orders_v1.record_terminal_transaction(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_transaction text, p_kind text, p_amount bigint, p_currency text, p_order_number text
) RETURNS SETOF orders_v1.stored
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    t       orders.terminal_transaction;
    r       orders_v1.stored;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.stored, v_claim.answer);
        RETURN;
    ELSIF NOT EXISTS (SELECT FROM currency y WHERE y.code = p_currency) THEN
        PERFORM refuse('422', 'currency_unknown', 'There is no such currency.', 'currency');
    END IF;
    INSERT INTO terminal_transaction (tenant_id, transaction_id, kind, amount, currency, order_number)
    VALUES (p_tenant, p_transaction, p_kind, p_amount, p_currency, orders.code_key(p_order_number))
    ON CONFLICT ON CONSTRAINT terminal_transaction_pkey DO NOTHING
    RETURNING * INTO t;
    r.outcome := CASE WHEN FOUND THEN 'created' ELSE 'unchanged' END;
    r.replayed := false;
    IF t.id IS NULL THEN
        SELECT * INTO t FROM terminal_transaction x WHERE x.tenant_id = p_tenant AND x.transaction_id = p_transaction;
        IF (t.kind, t.amount, t.currency, t.order_number)
           IS DISTINCT FROM (p_kind, p_amount, p_currency, orders.code_key(p_order_number)) THEN
            PERFORM refuse('409', 'transaction_id_taken', 'The terminal reported another transaction with this id.',
                           'transaction_id');
        END IF;
    END IF;
    r.id := t.id;
    r.document := to_jsonb(t) - 'tenant_id' || jsonb_build_object('created_at', orders_v1.utc_time(t.created_at));
    RETURN NEXT stored_result(c, r);
END
$$;

GRANT EXECUTE ON FUNCTION orders_v1.record_terminal_transaction(integer, text, text, bigint, text, text, bytea,
    text, text, bigint, text, text) TO orders_api;

COMMENT ON FUNCTION orders_v1.record_terminal_transaction IS
'Stores a transaction that a card terminal reported. Outcome created, or unchanged when it was already reported. OR409
transaction_id_taken when another transaction has the id, OR422 currency_unknown';
