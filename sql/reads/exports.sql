-- SPDX-License-Identifier: Apache-2.0
-- Exports as the operator API shows them, newest first, and the session in which a worker reads the rows of a file.

CREATE OR REPLACE FUNCTION orders_v1.read_export(p_tenant integer, p_export uuid) RETURNS SETOF orders_v1.export_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    x orders.export;
BEGIN
    SELECT * INTO x FROM export e WHERE e.tenant_id = p_tenant AND e.public_id = p_export AND e.state <> 'deleted';
    IF FOUND THEN
        RETURN NEXT export_view_of(x);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.list_exports(p_tenant integer, p_kind text, p_state text, p_limit integer, p_before bigint)
RETURNS SETOF orders_v1.export_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    x orders.export;
BEGIN
    FOR x IN
        SELECT * FROM export e
        WHERE e.tenant_id = p_tenant AND e.state <> 'deleted' AND e.id < coalesce(p_before, 9223372036854775807)
          AND (p_kind IS NULL OR e.kind = p_kind)
          AND (p_state IS NULL OR CASE WHEN e.state = 'done' AND e.expires_at <= now() THEN 'expired' ELSE e.state END = p_state)
        ORDER BY e.id DESC
        LIMIT p_limit
    LOOP
        RETURN NEXT export_view_of(x);
    END LOOP;
END
$$;

-- A file is needed while its claim writes it, and until its export expires. Exports that are not in the table may belong to another database.
CREATE OR REPLACE FUNCTION orders_v1.find_export_files(p_tenant integer, p_exports uuid[], p_attempts integer[])
RETURNS SETOF orders_v1.export_file
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT f.export, f.attempt, e.attempts = f.attempt AND e.state IN ('running', 'done')
    FROM unnest(p_exports, p_attempts) AS f (export, attempt)
    JOIN export e ON e.tenant_id = p_tenant AND e.public_id = f.export;
END
$$;

-- Rows must be streamed: without a sort, a hash or a bitmap of all rows, and in this process only. The server notices within a second that the
-- worker has closed its connection. An export may take long, so the timeouts of a request do not apply.
CREATE OR REPLACE FUNCTION orders_v1.begin_export() RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    PERFORM set_config(s.name, s.value, true)
    FROM (VALUES ('statement_timeout', '0'), ('lock_timeout', '2s'), ('idle_in_transaction_session_timeout', '1min'), ('client_connection_check_interval', '1s'),
                 ('enable_sort', 'off'), ('enable_seqscan', 'off'), ('enable_bitmapscan', 'off'), ('enable_hashjoin', 'off'),
                 ('enable_mergejoin', 'off'), ('enable_material', 'off'), ('jit', 'off'), ('max_parallel_workers_per_gather', '0'),
                 ('timezone', 'UTC'), ('datestyle', 'ISO, YMD'), ('client_encoding', 'UTF8')) AS s (name, value);
    RETURN now();
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.read_export(integer, uuid),
    orders_v1.list_exports(integer, text, text, integer, bigint),
    orders_v1.find_export_files(integer, uuid[], integer[]),
    orders_v1.begin_export()
    TO orders_api;

COMMENT ON FUNCTION orders_v1.read_export IS 'An export; no row: there is none with this id, or it is deleted';
COMMENT ON FUNCTION orders_v1.list_exports IS
'Lists at most p_limit exports, newest first, with ids below p_before (NULL: no bound). Filters: NULL for any';
COMMENT ON FUNCTION orders_v1.find_export_files IS
'Worker: those of these files whose export exists. A file is not needed if its export has expired, was deleted, has failed or waits, or if another
claim than the last one has written it';
COMMENT ON FUNCTION orders_v1.begin_export IS
'Worker: sets the options of the transaction that reads the rows of an export. Returns its time, which is that of the snapshot';
