-- SPDX-License-Identifier: Apache-2.0
-- Issues and revokes tokens.

CREATE OR REPLACE FUNCTION orders_v1.issue_token(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_user bigint, p_scopes text[], p_expires_in integer, p_hash bytea, p_hint text
) RETURNS SETOF orders_v1.written_token
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    t       orders.token;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        -- The module derives the token from the server's secret; if that has changed, the hash differs from the issued one.
        SELECT * INTO t FROM token x WHERE x.tenant_id = p_tenant AND x.id = (v_claim.answer ->> 'id')::bigint;
        IF t.id IS NULL THEN
            PERFORM refuse('409', 'token_secret_changed', 'The token cannot be shown again, because it has expired and was deleted. Issue another token.');
        ELSIF t.hash IS DISTINCT FROM p_hash THEN
            PERFORM refuse('409', 'token_secret_changed', 'The token cannot be shown again, because the server''s secret has changed. Issue another token.');
        END IF;
        RETURN NEXT replay(NULL::orders_v1.written_token, v_claim.answer);
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM users u WHERE u.tenant_id = p_tenant AND u.id = p_user AND u.active) THEN
        PERFORM refuse('422', 'user_not_found', 'There is no such active user.', 'user');
    END IF;
    IF p_expires_in <= 0 THEN
        PERFORM refuse('422', 'invalid_field', 'Must be greater than 0.', 'expires_in');
    END IF;
    -- The token is derived from the idempotency key, whose record may be purged while the token still exists.
    INSERT INTO token (tenant_id, user_id, hash, hint, scopes, expires_at)
    VALUES (p_tenant, p_user, p_hash, p_hint, p_scopes, now() + make_interval(secs => p_expires_in))
    ON CONFLICT ON CONSTRAINT token_hash_unique DO NOTHING
    RETURNING * INTO t;
    IF NOT FOUND THEN
        PERFORM refuse('422', 'idempotency_key_reused', 'A token was already issued with this key.', 'idempotency_key');
    END IF;
    RETURN NEXT stored_result(c, ROW('done', t.id, false, NULL, token_of(t))::orders_v1.written_token);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.revoke_token(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_token bigint
) RETURNS SETOF orders_v1.written_token
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    t       orders.token;
    v_code  text := 'done';
    v_now   timestamptz;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_token, v_claim.answer);
        RETURN;
    END IF;
    v_now := clock_timestamp();
    UPDATE token k SET revoked_at = v_now
    WHERE k.tenant_id = p_tenant AND k.id = p_token AND k.revoked_at IS NULL
    RETURNING * INTO t;
    IF NOT FOUND THEN
        v_code := 'unchanged';
        SELECT * INTO t FROM token k WHERE k.tenant_id = p_tenant AND k.id = p_token;
        IF NOT FOUND THEN
            PERFORM refuse('404', 'token_not_found', 'There is no such token.');
        END IF;
    END IF;
    RETURN NEXT stored_result(c, ROW(v_code, p_token, false, encode(t.hash, 'hex'), token_of(t))::orders_v1.written_token);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.issue_token(integer, text, text, bigint, text, text, bytea, bigint, text[], integer, bytea, text),
    orders_v1.revoke_token(integer, text, text, bigint, text, text, bytea, bigint)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.issue_token IS
'Stores a token: its SHA-256, scopes and lifetime in seconds (NULL: unlimited). OR422 user_not_found, invalid_field,
idempotency_key_reused (a token with this hash exists, even if revoked), OR409 token_secret_changed (a replay with a hash other than
the stored one)';
COMMENT ON FUNCTION orders_v1.revoke_token IS
'Revokes a token; returns its hash in hexadecimal, for caches. Outcome unchanged when it is already revoked. OR404 token_not_found';
