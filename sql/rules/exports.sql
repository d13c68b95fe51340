-- SPDX-License-Identifier: Apache-2.0
-- Exports: an operator requests a file, a worker claims the export with a lease, writes the file from one snapshot, and records it.
--
-- `attempts` is the number of the last claim. A worker names its claim in each call: a worker that has lost its lease can neither renew
-- nor finish the export after another worker has claimed it.
-- Lock order: an export before its row of orders.due. A claim locks the row of orders.due first, and does not wait for the export.

CREATE OR REPLACE FUNCTION orders_v1.max_open_exports() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 5 $$;

CREATE OR REPLACE FUNCTION orders_v1.max_kept_exports() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 100 $$;

CREATE OR REPLACE FUNCTION orders_v1.export_view_of(x orders.export) RETURNS orders_v1.export_view LANGUAGE plpgsql STABLE AS $$
DECLARE
    v orders_v1.export_view;
BEGIN
    v := ROW(x.id, x.public_id, x.kind, x.format, x.state, x.from_at, x.to_at, x.requested_by, x.attempts, x.rows, x.bytes, x.sha256, x.error_code,
             x.error_message, x.created_at, x.started_at, x.snapshot_at, x.finished_at, x.expires_at);
    IF x.state = 'done' AND x.expires_at <= now() THEN
        v.state := 'expired';
    END IF;
    RETURN v;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.export_result(c orders_v1.context, p_outcome text, x orders.export) RETURNS orders_v1.written_export
LANGUAGE plpgsql AS $$
DECLARE
    w orders_v1.written_export;
BEGIN
    w.outcome := p_outcome;
    w.id := x.id;
    w.replayed := false;
    w.export := orders_v1.export_view_of(x);
    RETURN orders_v1.stored_result(c, w);
END
$$;

-- The lock of the tenant keeps concurrent calls from exceeding the limits.
CREATE OR REPLACE FUNCTION orders_v1.check_export_limits(p_tenant integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_open integer;
    v_kept integer;
BEGIN
    PERFORM FROM orders.tenant t WHERE t.id = p_tenant FOR NO KEY UPDATE;
    SELECT count(*) FILTER (WHERE x.state IN ('queued', 'running')), count(*) INTO v_open, v_kept
    FROM orders.export x
    WHERE x.tenant_id = p_tenant AND (x.state IN ('queued', 'running') OR (x.state = 'done' AND x.expires_at > now()));
    IF v_open >= orders_v1.max_open_exports() THEN
        PERFORM orders_v1.refuse('409', 'too_many_exports', format('At most %s exports can wait or run at a time. Try again later.',
                                                                   orders_v1.max_open_exports()));
    ELSIF v_kept >= orders_v1.max_kept_exports() THEN
        PERFORM orders_v1.refuse('409', 'too_many_exports', format('At most %s exports are kept. Delete some of them first.',
                                                                   orders_v1.max_kept_exports()));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.create_export(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_kind text, p_format text, p_from timestamptz, p_to timestamptz
) RETURNS SETOF orders_v1.written_export
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim   := claim_key(c);
    x       orders.export;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_export, v_claim.answer);
        RETURN;
    END IF;
    IF p_from >= p_to THEN
        PERFORM refuse('422', 'invalid_field', 'Must be after the start of the period.', 'to');
    END IF;
    PERFORM check_export_limits(p_tenant);
    INSERT INTO export (tenant_id, kind, format, from_at, to_at, requested_by)
    VALUES (p_tenant, p_kind, p_format, p_from, p_to, p_actor_id)
    RETURNING * INTO x;
    PERFORM put_due(p_tenant, 'export', x.id, NULL, now());
    RETURN NEXT export_result(c, 'created', x);
END
$$;

-- The file is deleted afterwards, by the module and by the worker. A worker that writes it stops at its next renewal.
CREATE OR REPLACE FUNCTION orders_v1.delete_export(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_export uuid
) RETURNS SETOF orders_v1.written_export
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim   := claim_key(c);
    x       orders.export;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_export, v_claim.answer);
        RETURN;
    END IF;
    SELECT * INTO x FROM export e WHERE e.tenant_id = p_tenant AND e.public_id = p_export AND e.state <> 'deleted' FOR NO KEY UPDATE;
    IF x.id IS NULL THEN
        PERFORM refuse('404', 'not_found', 'There is no such export.');
    END IF;
    UPDATE export e SET state = 'deleted', updated_at = now() WHERE e.tenant_id = p_tenant AND e.id = x.id;
    PERFORM end_due(p_tenant, 'export', x.id);
    x.state := 'deleted';
    RETURN NEXT export_result(c, 'deleted', x);
END
$$;

-- A worker that crashes reports no failure, so the attempts are limited too.
CREATE OR REPLACE FUNCTION orders_v1.claim_export(p_tenant integer, p_lease integer) RETURNS SETOF orders_v1.export_task
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    d orders.due;
    x orders.export;
    t orders_v1.export_task;
BEGIN
    FOR d IN SELECT * FROM claim_due(p_tenant, 'export', '', 1, p_lease) LOOP
        SELECT * INTO x FROM export e
        WHERE e.tenant_id = p_tenant AND e.id = d.id AND e.state IN ('queued', 'running')
        FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN x.id IS NULL;
        IF x.attempts >= 50 THEN
            UPDATE export e
            SET state = 'failed', error_code = 'too_many_attempts', error_message = 'The export was interrupted too often.', finished_at = now(),
                updated_at = now()
            WHERE e.tenant_id = p_tenant AND e.id = x.id;
            PERFORM end_due(p_tenant, 'export', x.id);
            CONTINUE;
        END IF;
        UPDATE export e
        SET state = 'running', attempts = x.attempts + 1, rows = 0, bytes = 0, started_at = now(), updated_at = now()
        WHERE e.tenant_id = p_tenant AND e.id = x.id;
        t := ROW(x.id, x.public_id, x.kind, x.format, x.from_at, x.to_at, x.attempts + 1);
        RETURN NEXT t;
    END LOOP;
END
$$;

-- NULL: the claim is lost, because the export was deleted or claimed again.
CREATE OR REPLACE FUNCTION orders_v1.lock_claimed_export(p_tenant integer, p_id bigint, p_attempt integer) RETURNS orders.export LANGUAGE plpgsql AS $$
DECLARE
    x orders.export;
BEGIN
    SELECT * INTO x FROM orders.export e
    WHERE e.tenant_id = p_tenant AND e.id = p_id AND e.state = 'running' AND e.attempts = p_attempt
    FOR NO KEY UPDATE;
    RETURN x;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.renew_export(
    p_tenant integer, p_id bigint, p_attempt integer, p_lease integer, p_rows bigint, p_bytes bigint
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    x orders.export := lock_claimed_export(p_tenant, p_id, p_attempt);
BEGIN
    IF x.id IS NULL THEN
        RETURN false;
    END IF;
    UPDATE export e SET rows = p_rows, bytes = p_bytes, updated_at = now() WHERE e.tenant_id = p_tenant AND e.id = x.id;
    PERFORM put_due(p_tenant, 'export', x.id, NULL, now() + make_interval(secs => p_lease));
    RETURN true;
END
$$;

-- Idempotent, so that it can be repeated when the connection is lost.
CREATE OR REPLACE FUNCTION orders_v1.finish_export(
    p_tenant integer, p_id bigint, p_attempt integer, p_rows bigint, p_bytes bigint, p_sha256 text, p_snapshot timestamptz, p_kept interval
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    x orders.export := lock_claimed_export(p_tenant, p_id, p_attempt);
BEGIN
    IF x.id IS NULL THEN
        RETURN EXISTS (SELECT FROM export e
                       WHERE e.tenant_id = p_tenant AND e.id = p_id AND e.state = 'done' AND e.attempts = p_attempt);
    END IF;
    UPDATE export e
    SET state = 'done', rows = p_rows, bytes = p_bytes, sha256 = p_sha256, snapshot_at = p_snapshot, error_code = NULL, error_message = NULL,
        finished_at = now(), expires_at = now() + p_kept, updated_at = now()
    WHERE e.tenant_id = p_tenant AND e.id = x.id;
    PERFORM end_due(p_tenant, 'export', x.id);
    RETURN true;
END
$$;

-- An attempt that was interrupted, as by a restart of the server, counts no failure: p_code is NULL, and the export is due at once.
CREATE OR REPLACE FUNCTION orders_v1.fail_export(p_tenant integer, p_id bigint, p_attempt integer, p_code text, p_message text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    x          orders.export := lock_claimed_export(p_tenant, p_id, p_attempt);
    v_failures integer;
    v_state    text := 'queued';
    v_end      timestamptz;
BEGIN
    IF x.id IS NULL THEN
        RETURN NULL;
    END IF;
    v_failures := x.failures + (p_code IS NOT NULL)::integer;
    IF p_code IS NULL THEN
        PERFORM put_due(p_tenant, 'export', x.id, NULL, now());
    ELSIF v_failures >= 8 THEN
        v_state := 'failed';
        v_end := now();
        PERFORM end_due(p_tenant, 'export', x.id);
    ELSE
        PERFORM put_due(p_tenant, 'export', x.id, NULL, now() + least(interval '10 minutes', interval '10 seconds' * power(2, x.failures)));
    END IF;
    UPDATE export e
    SET state = v_state, failures = v_failures, rows = 0, bytes = 0, error_code = coalesce(p_code, x.error_code),
        error_message = coalesce(p_message, x.error_message), finished_at = v_end, updated_at = now()
    WHERE e.tenant_id = p_tenant AND e.id = x.id;
    RETURN v_state;
END
$$;

-- Rows whose file is deleted are kept for 400 days, so that their requests remain known.
CREATE OR REPLACE FUNCTION orders_v1.expire_exports(p_tenant integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    v_count integer;
BEGIN
    UPDATE export e SET state = 'expired', updated_at = now() WHERE e.tenant_id = p_tenant AND e.state = 'done' AND e.expires_at <= now();
    GET DIAGNOSTICS v_count = ROW_COUNT;
    DELETE FROM export e
    WHERE e.tenant_id = p_tenant AND e.state IN ('failed', 'expired', 'deleted') AND e.updated_at < now() - interval '400 days';
    RETURN v_count;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.create_export(integer, text, text, bigint, text, text, bytea, text, text, timestamptz, timestamptz),
    orders_v1.delete_export(integer, text, text, bigint, text, text, bytea, uuid),
    orders_v1.claim_export(integer, integer),
    orders_v1.renew_export(integer, bigint, integer, integer, bigint, bigint),
    orders_v1.finish_export(integer, bigint, integer, bigint, bigint, text, timestamptz, interval),
    orders_v1.fail_export(integer, bigint, integer, text, text),
    orders_v1.expire_exports(integer)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.max_open_exports IS 'How many exports of a tenant can be queued or running';
COMMENT ON FUNCTION orders_v1.max_kept_exports IS 'How many exports of a tenant can be queued, running or done and not expired';
COMMENT ON FUNCTION orders_v1.export_view_of IS 'Internal: an export as the module reads it. It is shown as expired from expires_at on';
COMMENT ON FUNCTION orders_v1.export_result IS 'Internal: the result for an export, stored if the request has an idempotency key';
COMMENT ON FUNCTION orders_v1.check_export_limits IS 'Internal: locks the tenant. OR409 too_many_exports';
COMMENT ON FUNCTION orders_v1.create_export IS
'Operator API: requests an export of a kind (orders, lines or ledger) in a format (ndjson or csv). p_from, p_to: the period, or NULL. OR422
invalid_field, OR409 too_many_exports';
COMMENT ON FUNCTION orders_v1.delete_export IS
'Operator API: deletes an export in any state; returns it. The caller deletes the file. OR404 not_found';
COMMENT ON FUNCTION orders_v1.claim_export IS 'Worker: claims the export that has been due for the longest time, for p_lease seconds. No row: none is due';
COMMENT ON FUNCTION orders_v1.lock_claimed_export IS 'Internal: locks an export that this claim still owns; NULL: the claim is lost';
COMMENT ON FUNCTION orders_v1.renew_export IS
'Worker: stores the progress of an export and owns it for p_lease more seconds. False: the export was deleted, or another worker has claimed it';
COMMENT ON FUNCTION orders_v1.finish_export IS
'Worker: records the file of an export, which is kept for p_kept. False: the export was deleted, or another worker has claimed it';
COMMENT ON FUNCTION orders_v1.fail_export IS
'Worker: ends an attempt. With an error code, the next attempt follows after 10 seconds, 20, 40 and so on, at most 10 minutes; the eighth failure is the last.
Without a code, the attempt was interrupted, and the export is due at once. Returns the state; NULL: the claim is lost';
COMMENT ON FUNCTION orders_v1.expire_exports IS
'Worker: marks the exports whose time has passed as expired; returns their number. Deletes exports without a file that have not changed for 400 days';
