-- SPDX-License-Identifier: Apache-2.0

-- Citus forwards these four parts of an error from another server and drops COLUMN.
CREATE OR REPLACE FUNCTION orders_v1.refuse(
    p_class text, p_code text, p_detail text, p_field text DEFAULT NULL, p_extras jsonb DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_hint jsonb := '{}';
BEGIN
    IF p_field <> '' THEN
        v_hint := jsonb_build_object('field', p_field);
    END IF;
    IF p_extras IS NOT NULL THEN
        v_hint := v_hint || jsonb_build_object('extras', p_extras);
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'OR' || p_class,
        MESSAGE = p_code,
        DETAIL  = coalesce(p_detail, ''),
        HINT    = CASE WHEN v_hint = '{}' THEN '' ELSE v_hint::text END;
END
$$;

-- Read only by statements that wait for durability afterwards: ORDERS_EARLY_RELEASE_SQL in store/database.h.
CREATE OR REPLACE FUNCTION orders_v1.allow_early_release() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('orders.early_release', 'on', true);
END
$$;

-- The classes: connection, deadlock, resources, lock, shutdown, disk.
CREATE OR REPLACE FUNCTION orders_v1.is_transient(p_sqlstate text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT left(p_sqlstate, 2) IN ('08', '25', '40', '53', '55', '57', '58')
$$;

CREATE OR REPLACE FUNCTION orders_v1.digits(p_number bigint, p_least integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT lpad(p_number::text, greatest(p_least, length(p_number::text)), '0')
$$;

CREATE OR REPLACE FUNCTION orders_v1.utc_time(p_time timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(p_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
$$;

CREATE OR REPLACE FUNCTION orders_v1.local_time(p_tenant integer, p_time timestamptz) RETURNS timestamp LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT p_time AT TIME ZONE t.time_zone FROM orders.tenant t WHERE t.id = p_tenant);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.local_text(p_tenant integer, p_time timestamptz) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT to_char(l.local, 'YYYY-MM-DD"T"HH24:MI:SS')
           || CASE WHEN l.ahead = interval '0' THEN 'Z'
                   ELSE CASE WHEN l.ahead < interval '0' THEN '-' ELSE '+' END
                        || to_char(greatest(l.ahead, -l.ahead), 'HH24:MI') END
    FROM (SELECT orders_v1.local_time(p_tenant, p_time) AS local,
                 orders_v1.local_time(p_tenant, p_time) - p_time AT TIME ZONE 'UTC' AS ahead) AS l);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.span_start(p_tenant integer, p_unit text, p_from date, p_now timestamptz DEFAULT now())
RETURNS timestamptz LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(date_trunc(p_unit, p_now AT TIME ZONE t.time_zone), p_from::timestamp, '-infinity') AT TIME ZONE t.time_zone
            FROM orders.tenant t WHERE t.id = p_tenant);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.span_end(p_tenant integer, p_unit text, p_to date, p_now timestamptz DEFAULT now())
RETURNS timestamptz LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(date_trunc(p_unit, p_now AT TIME ZONE t.time_zone) + ('1 ' || p_unit)::interval, p_to::timestamp, 'infinity')
                   AT TIME ZONE t.time_zone
            FROM orders.tenant t WHERE t.id = p_tenant);
END
$$;

-- The epoch is a time, so that two restores of the same backup have different epochs.
CREATE OR REPLACE FUNCTION orders_v1.skip_ids(p_count bigint DEFAULT 1000000) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_sequence regclass;
    v_count    integer := 0;
BEGIN
    FOR v_sequence IN
        SELECT s.oid FROM pg_class s WHERE s.relnamespace = 'orders'::regnamespace AND s.relkind = 'S' ORDER BY s.relname
    LOOP
        PERFORM setval(v_sequence, nextval(v_sequence) + p_count);
        v_count := v_count + 1;
    END LOOP;
    EXECUTE format('CREATE OR REPLACE FUNCTION orders.event_epoch() RETURNS integer LANGUAGE sql STABLE AS %L',
                   'SELECT ' || greatest(orders.event_epoch() + 1, extract(epoch FROM clock_timestamp() - '2026-01-01T00:00:00Z')::integer));
    RETURN v_count;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders.code_key(text),
    orders_v1.span_start(integer, text, date, timestamptz),
    orders_v1.span_end(integer, text, date, timestamptz)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.allow_early_release IS
'Internal: marks the transaction: it changed a row that other buyers wait for, so its statement may commit before the WAL is
flushed';
COMMENT ON FUNCTION orders_v1.is_transient IS
'Internal: whether a statement that failed with this SQLSTATE may succeed when repeated';
COMMENT ON FUNCTION orders_v1.refuse(text, text, text, text, jsonb) IS
'Aborts the transaction with a refusal: SQLSTATE OR + HTTP-like class, MESSAGE the stable code, DETAIL a sentence,
HINT the JSON object {"field", "extras"}: the field of the request and an object of extra members; NULL members are omitted.
All refusals are raised by this function';
COMMENT ON FUNCTION orders_v1.digits IS 'Internal: a number with leading zeros to at least p_least digits';
COMMENT ON FUNCTION orders_v1.utc_time IS 'Internal: ISO 8601 to the second, UTC';
COMMENT ON FUNCTION orders_v1.local_time IS 'Internal: a time in the time zone of a tenant';
COMMENT ON FUNCTION orders_v1.local_text IS
'Internal: ISO 8601 to the second with the tenant''s offset (Z when that is 0), so that the text begins with the tenant''s day';
COMMENT ON FUNCTION orders_v1.span_start IS
'Start of a period in the tenant''s time zone: the current day, week (from Monday), month or year (p_unit), otherwise the day
p_from; -infinity without either';
COMMENT ON FUNCTION orders_v1.span_end IS
'End (exclusive) of a period: that of p_unit, otherwise the start of the day p_to; infinity without either';
COMMENT ON FUNCTION orders_v1.skip_ids IS
'Advances every identity column of the schema by p_count, so that no id assigned by a lost transaction is assigned again, and raises
the epoch of events. Run it as orders_owner after a restore to an earlier time or an asynchronous failover, before httpd starts.
Returns the number of columns';
