-- SPDX-License-Identifier: Apache-2.0

CREATE OR REPLACE FUNCTION orders_v1.claim_key(c orders_v1.context) RETURNS orders_v1.claim LANGUAGE plpgsql AS $$
DECLARE
    v_found orders.idempotency;
    v_now   timestamptz;
BEGIN
    IF c.key IS NULL THEN
        RETURN ROW('new', NULL, NULL)::orders_v1.claim;
    END IF;
    LOOP
        INSERT INTO orders.idempotency (tenant_id, actor_id, route, key, fingerprint, started_at)
        VALUES (c.tenant_id, coalesce(c.actor_id, 0), c.route, c.key, c.fingerprint, clock_timestamp())
        ON CONFLICT ON CONSTRAINT idempotency_pkey DO NOTHING;
        IF FOUND THEN
            RETURN ROW('new', NULL, NULL)::orders_v1.claim;
        END IF;
        SELECT * INTO v_found FROM orders.idempotency i
        WHERE i.tenant_id = c.tenant_id AND i.actor_id = coalesce(c.actor_id, 0)
          AND i.route = c.route AND i.key = c.key
        FOR UPDATE;
        EXIT WHEN FOUND;
    END LOOP;
    v_now := clock_timestamp();
    IF v_found.fingerprint <> c.fingerprint THEN
        PERFORM orders_v1.refuse('422', 'idempotency_key_reused', 'This key was used with another request.',
                              'idempotency_key');
    ELSIF v_found.completed_at IS NOT NULL THEN
        RETURN ROW('replay', v_found.order_id, v_found.answer)::orders_v1.claim;
    ELSIF v_found.started_at > v_now - interval '30 seconds' THEN
        PERFORM orders_v1.refuse('409', 'idempotency_in_flight', 'A request with this key is still being worked on.',
                              'idempotency_key');
    END IF;
    UPDATE orders.idempotency i SET started_at = v_now
    WHERE i.tenant_id = c.tenant_id AND i.actor_id = coalesce(c.actor_id, 0)
      AND i.route = c.route AND i.key = c.key;
    RETURN ROW('resume', v_found.order_id, NULL)::orders_v1.claim;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.replay(p_answer jsonb) RETURNS SETOF orders_v1.answer LANGUAGE sql STABLE AS $$
    SELECT a.*
    FROM jsonb_array_elements(p_answer) WITH ORDINALITY AS e (row, n)
    CROSS JOIN LATERAL jsonb_populate_record(
        NULL::orders_v1.answer,
        CASE WHEN e.n = 1 THEN e.row || '{"flag": true}' ELSE e.row END) AS a
    ORDER BY e.n
$$;

-- Top-level nulls only: nulls inside metadata are the client's own.
CREATE OR REPLACE FUNCTION orders_v1.without_nulls(p_row jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(p_row) AS e WHERE e.value <> 'null');
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.result_row(p_code text, p_order bigint, p_id bigint) RETURNS orders_v1.answer
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    r orders_v1.answer;
BEGIN
    r.kind := 'result';
    r.code := p_code;
    r.order_id := p_order;
    r.id := p_id;
    r.flag := false;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.finish_rows(c orders_v1.context, p_rows orders_v1.answer[]) RETURNS SETOF orders_v1.answer
LANGUAGE plpgsql AS $$
DECLARE
    v_order  bigint := (p_rows[1]).order_id;
    v_now    timestamptz;
    v_answer jsonb;
BEGIN
    IF c.key IS NOT NULL THEN
        v_answer := (SELECT jsonb_agg(orders_v1.without_nulls(to_jsonb(p_rows[n])) ORDER BY n)
                     FROM generate_subscripts(p_rows, 1) AS n);
        v_now := clock_timestamp();
        UPDATE orders.idempotency i
        SET order_id = v_order, completed_at = v_now, answer = v_answer
        WHERE i.tenant_id = c.tenant_id AND i.actor_id = coalesce(c.actor_id, 0)
          AND i.route = c.route AND i.key = c.key AND i.completed_at IS NULL
          AND coalesce(i.order_id = v_order, true);
    END IF;
    RETURN QUERY SELECT * FROM unnest(p_rows);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.finish(c orders_v1.context, p_result orders_v1.answer, p_user bigint) RETURNS SETOF orders_v1.answer
LANGUAGE plpgsql AS $$
DECLARE
    v_ids  bigint[] := ARRAY[p_result.order_id];
    v_rows orders_v1.answer[];
BEGIN
    IF c.key IS NULL THEN
        RETURN NEXT p_result;
        RETURN QUERY
        SELECT * FROM orders_v1.rows_of(c.tenant_id, v_ids)
        UNION ALL
        SELECT * FROM orders_v1.money_of(c.tenant_id, v_ids, p_user);
        IF c.api = 'operator' THEN
            RETURN QUERY SELECT * FROM orders_v1.more_of(c.tenant_id, v_ids);
        END IF;
        RETURN;
    END IF;
    SELECT array_agg(a) INTO v_rows
    FROM (SELECT * FROM orders_v1.rows_of(c.tenant_id, v_ids)
          UNION ALL
          SELECT * FROM orders_v1.money_of(c.tenant_id, v_ids, p_user)) AS a;
    IF c.api = 'operator' THEN
        v_rows := v_rows || ARRAY(SELECT a FROM orders_v1.more_of(c.tenant_id, v_ids) AS a);
    END IF;
    RETURN QUERY SELECT * FROM orders_v1.finish_rows(c, p_result || v_rows);
END
$$;

COMMENT ON FUNCTION orders_v1.claim_key IS
'Internal: claims the request key. Waits for a twin up to lock_timeout. OR422 idempotency_key_reused, OR409
idempotency_in_flight';
COMMENT ON FUNCTION orders_v1.replay IS 'Internal: rows of a stored answer, the first flagged as replayed';
COMMENT ON FUNCTION orders_v1.without_nulls IS 'Internal: a JSON object without its top-level nulls';
COMMENT ON FUNCTION orders_v1.result_row IS 'Internal: the first row of every answer of a write';
COMMENT ON FUNCTION orders_v1.finish_rows IS
'Internal: stores rows as the answer of the request key, if there is one, and returns them';
COMMENT ON FUNCTION orders_v1.finish IS 'Internal: result row, rows_of and money_of (more_of for the operator API), stored as the answer of the request key';
