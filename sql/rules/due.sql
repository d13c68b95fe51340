-- SPDX-License-Identifier: Apache-2.0
-- The queues of the worker. Operations insert, update and delete rows of orders.due while they hold the lock of the order, or of the
-- mail. A claim takes only unlocked rows, waits for no lock and commits immediately: it cannot deadlock with an operation, and an
-- operation waits for it only briefly.

CREATE OR REPLACE FUNCTION orders_v1.put_due(p_tenant integer, p_kind text, p_id bigint, p_channel text, p_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders.due (tenant_id, kind, id, channel, due_at)
    VALUES (p_tenant, p_kind, p_id, coalesce(p_channel, ''), p_at)
    ON CONFLICT ON CONSTRAINT due_pkey DO UPDATE SET due_at = excluded.due_at;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.end_due(p_tenant integer, p_kind text, p_id bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_attempts integer;
BEGIN
    DELETE FROM orders.due d WHERE d.tenant_id = p_tenant AND d.kind = p_kind AND d.id = p_id
    RETURNING d.attempts INTO v_attempts;
    RETURN v_attempts;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.postpone_due(p_tenant integer, p_kind text, p_id bigint, p_first interval, p_longest interval)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_attempts integer;
    v_due_at   timestamptz;
BEGIN
    SELECT d.attempts INTO v_attempts FROM orders.due d
    WHERE d.tenant_id = p_tenant AND d.kind = p_kind AND d.id = p_id
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    v_due_at := now() + least(p_longest, p_first * power(2, least(v_attempts, 20)));
    v_attempts := v_attempts + 1;
    UPDATE orders.due d SET attempts = v_attempts, due_at = v_due_at
    WHERE d.tenant_id = p_tenant AND d.kind = p_kind AND d.id = p_id;
    RETURN v_attempts;
END
$$;

-- The claiming query is MATERIALIZED: inside a join it could run more than once and claim more than the limit.
CREATE OR REPLACE FUNCTION orders_v1.claim_due(p_tenant integer, p_kind text, p_channel text, p_limit integer, p_lease integer)
RETURNS SETOF orders.due LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    WITH next AS MATERIALIZED (
        SELECT d.id FROM orders.due d
        WHERE d.tenant_id = p_tenant AND d.kind = p_kind AND d.channel = p_channel AND d.due_at <= now()
        ORDER BY d.due_at
        LIMIT p_limit
        FOR UPDATE SKIP LOCKED
    )
    UPDATE orders.due x
    SET due_at = now() + make_interval(secs => p_lease), attempts = x.attempts + (p_kind = 'refund')::integer
    FROM next
    WHERE x.tenant_id = p_tenant AND x.kind = p_kind AND x.id = next.id
    RETURNING x.*;
END
$$;

COMMENT ON FUNCTION orders_v1.put_due IS 'Internal: adds work that is due at p_at, or moves it to this time. p_channel NULL: no provider is called';
COMMENT ON FUNCTION orders_v1.end_due IS 'Internal: removes work that is done or no longer necessary. Returns its attempts, or NULL when it was not in the queue';
COMMENT ON FUNCTION orders_v1.postpone_due IS
'Internal: counts a failed attempt and sets the time of the next one. The wait is p_first, doubled after each attempt, at most p_longest. Returns
the attempts, or NULL when the work is not in the queue';
COMMENT ON FUNCTION orders_v1.claim_due IS
'Internal: claims at most p_limit rows of a kind and channel that are due, in the order of due_at, by setting due_at to p_lease seconds
from now. Concurrent claims return different rows. Counts each claim of a refund as an attempt';
