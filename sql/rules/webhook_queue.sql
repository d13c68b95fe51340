-- SPDX-License-Identifier: Apache-2.0
-- The worker's part of webhooks. Each endpoint has a cursor. The fan-out creates deliveries of the events after the cursor; the worker that owns
-- the endpoint sends them and records the results.
--
-- An endpoint with pending deliveries has a row in orders.due. The column `attempts` of this row has the number of the worker that owns the
-- endpoint until due_at; 0: none. A claim, a renewal and a release lock only this row. Results lock the endpoint FOR NO KEY UPDATE, if at
-- all, and so do not wait for a fan-out.
--
-- A session may plan its statements while the tables are empty, and then use these plans for a large table. Therefore
-- * reads of the queue are ordered by their index, and sorting is discouraged;
-- * rows are found by their ids one by one, in a LATERAL subquery, and then changed by ctid, in functions that discourage all other scans. The
--   caller has locked the rows, or their endpoint, so that they do not move.
-- The cost of a discouraged node that cannot be avoided is so high that PostgreSQL would start the JIT compiler. These functions therefore
-- turn it off.

CREATE OR REPLACE FUNCTION orders_v1.webhook_message_id(p_epoch integer, p_event bigint, p_type text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT p_epoch || '-' || p_event || '-' || p_type
$$;

-- The only definition of the schedule. The jitter of 20 % depends on the delivery, because random() is not allowed in an UPDATE.
CREATE OR REPLACE FUNCTION orders_v1.webhook_delay(p_attempts integer, p_delivery bigint, p_retry_after integer) RETURNS interval
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    c_delays constant integer[] := '{5,300,1800,7200,18000,36000,50400,72000,86400}'; -- seconds after the first, second … failed attempt
    v_jitter numeric := 0.8 + 0.4 * ((hashint8(p_delivery * 31 + p_attempts)::bigint & 1023) / 1023.0);
BEGIN
    RETURN make_interval(secs => greatest(c_delays[p_attempts] * v_jitter, least(coalesce(p_retry_after, 0), 86400))::double precision);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.is_last_webhook_attempt(p_attempts integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_attempts > 9
$$;

-- NULL: no delivery is pending.
CREATE OR REPLACE FUNCTION orders_v1.next_webhook_attempt(p_tenant integer, p_endpoint bigint) RETURNS timestamptz LANGUAGE plpgsql STABLE
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    v_at timestamptz;
BEGIN
    SELECT d.created_at INTO v_at FROM orders.webhook_delivery d
    WHERE d.tenant_id = p_tenant AND d.endpoint_id = p_endpoint AND d.state = 'pending' AND d.attempts = 0
    ORDER BY d.event_epoch, d.event_xid, d.event_id, d.id
    LIMIT 1;
    IF FOUND THEN
        RETURN now();
    END IF;
    SELECT d.next_at INTO v_at FROM orders.webhook_delivery d
    WHERE d.tenant_id = p_tenant AND d.endpoint_id = p_endpoint AND d.state = 'pending' AND d.attempts > 0
    ORDER BY d.next_at, d.id
    LIMIT 1;
    RETURN v_at;
END
$$;

-- Counts the entries of two indexes, p_most at most.
CREATE OR REPLACE FUNCTION orders_v1.count_pending_deliveries(p_tenant integer, p_endpoint bigint, p_most integer) RETURNS integer
LANGUAGE plpgsql STABLE SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_incremental_sort = off AS $$
DECLARE
    v_new   integer;
    v_retry integer;
BEGIN
    SELECT count(*) INTO v_new
    FROM (SELECT FROM orders.webhook_delivery d
          WHERE d.tenant_id = p_tenant AND d.endpoint_id = p_endpoint AND d.state = 'pending' AND d.attempts = 0
          ORDER BY d.event_epoch, d.event_xid, d.event_id, d.id
          LIMIT p_most) AS x;
    SELECT count(*) INTO v_retry
    FROM (SELECT FROM orders.webhook_delivery d
          WHERE d.tenant_id = p_tenant AND d.endpoint_id = p_endpoint AND d.state = 'pending' AND d.attempts > 0
          ORDER BY d.next_at, d.id
          LIMIT p_most - v_new) AS x;
    RETURN v_new + v_retry;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.count_dead_deliveries(p_tenant integer, p_endpoint bigint, p_most integer) RETURNS integer
LANGUAGE plpgsql STABLE SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_incremental_sort = off AS $$
BEGIN
    RETURN (SELECT count(*)
            FROM (SELECT FROM orders.webhook_delivery d
                  WHERE d.tenant_id = p_tenant AND d.endpoint_id = p_endpoint AND d.state = 'dead' AND d.state <> ''
                  ORDER BY d.state, d.id
                  LIMIT p_most) AS x);
END
$$;

-- Does not change the row of an endpoint that a worker owns, because the worker finds new deliveries itself. ON CONFLICT locks the row even
-- if it is not changed, so that a concurrent release sees the deliveries of this transaction.
CREATE OR REPLACE FUNCTION orders_v1.schedule_webhooks(p_tenant integer, p_endpoints bigint[], p_at timestamptz[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders.due AS d (tenant_id, kind, id, due_at)
    SELECT p_tenant, 'webhook', x.id, x.at FROM unnest(p_endpoints, p_at) AS x (id, at) ORDER BY x.id
    ON CONFLICT ON CONSTRAINT due_pkey DO UPDATE SET due_at = excluded.due_at
        WHERE d.attempts = 0 AND d.due_at > excluded.due_at;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.schedule_webhook(w orders.webhook_endpoint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_at timestamptz := orders_v1.next_webhook_attempt(w.tenant_id, w.id);
BEGIN
    IF w.state <> 'enabled' OR v_at IS NULL THEN
        PERFORM orders_v1.end_due(w.tenant_id, 'webhook', w.id);
    ELSE
        PERFORM orders_v1.schedule_webhooks(w.tenant_id, ARRAY[w.id], ARRAY[greatest(v_at, w.not_before)]);
    END IF;
END
$$;

-- For operations of operators, whose result should be visible at once.
CREATE OR REPLACE FUNCTION orders_v1.send_now(w orders.webhook_endpoint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders.webhook_endpoint x SET not_before = NULL WHERE x.tenant_id = w.tenant_id AND x.id = w.id AND x.not_before IS NOT NULL;
    w.not_before := NULL;
    PERFORM orders_v1.schedule_webhook(w);
END
$$;

-- One index probe for each endpoint. The subquery with LIMIT keeps the planner from joining the events.
CREATE OR REPLACE FUNCTION orders_v1.tenants_with_events() RETURNS SETOF integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    v_epoch   integer := orders.event_epoch();
    v_horizon xid8    := event_horizon();
BEGIN
    RETURN QUERY
    SELECT t.id FROM tenant t
    WHERE EXISTS (SELECT FROM webhook_endpoint w
                  JOIN webhook_cursor k ON k.tenant_id = t.id AND k.endpoint_id = w.id
                  WHERE w.tenant_id = t.id AND w.state = 'enabled'
                    AND (SELECT e.id FROM event e
                         WHERE e.tenant_id = t.id AND e.epoch >= 0 AND (e.epoch, e.xid, e.id) > (k.epoch, k.xid, k.event_id)
                           AND (e.epoch, e.xid) < (v_epoch, v_horizon)
                         ORDER BY e.epoch, e.xid, e.id
                         LIMIT 1) IS NOT NULL)
    ORDER BY t.id;
END
$$;

-- The last event is read first, so that both statements use a range of the index; below the horizon, no event is added in between.
CREATE OR REPLACE FUNCTION orders_v1.fan_out_to_webhook(
    w orders.webhook_endpoint, p_epoch integer, p_horizon xid8, p_limit integer, OUT passed integer, OUT made integer
) LANGUAGE plpgsql AS $$
DECLARE
    k      orders.webhook_cursor;
    v_last record;
    v_now  timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO k FROM orders.webhook_cursor x WHERE x.tenant_id = w.tenant_id AND x.endpoint_id = w.id;
    SELECT count(*) AS passed, max(e.epoch) AS epoch, (array_agg(e.xid))[count(*)] AS xid, (array_agg(e.id))[count(*)] AS id
    INTO v_last
    FROM (SELECT y.epoch, y.xid, y.id FROM orders.event y
          WHERE y.tenant_id = w.tenant_id AND y.epoch >= 0 AND (y.epoch, y.xid, y.id) > (k.epoch, k.xid, k.event_id)
            AND (y.epoch, y.xid) < (p_epoch, p_horizon)
          ORDER BY y.epoch, y.xid, y.id
          LIMIT p_limit) AS e;
    passed := v_last.passed;
    made := 0;
    IF passed = 0 THEN
        RETURN;
    END IF;
    INSERT INTO orders.webhook_delivery (tenant_id, endpoint_id, message_id, type, event_epoch, event_xid, event_id, subject, subject_id,
                                         subject_version, next_at)
    SELECT w.tenant_id, w.id, orders_v1.webhook_message_id(e.epoch, e.id, t.type), t.type, e.epoch, e.xid, e.id, e.subject, e.subject_id, e.version,
           v_now
    FROM orders.event e
    CROSS JOIN LATERAL unnest(e.types) WITH ORDINALITY AS t (type, n)
    WHERE e.tenant_id = w.tenant_id AND e.epoch >= 0 AND (e.epoch, e.xid, e.id) > (k.epoch, k.xid, k.event_id)
      AND (e.epoch, e.xid, e.id) <= (v_last.epoch, v_last.xid, v_last.id)
      AND orders_v1.matches_pattern(ARRAY[t.type], w.patterns)
    ORDER BY e.epoch, e.xid, e.id, t.n
    ON CONFLICT (tenant_id, endpoint_id, message_id) WHERE message_id <> '' DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    UPDATE orders.webhook_cursor x SET epoch = v_last.epoch, xid = v_last.xid, event_id = v_last.id, moved_at = v_now
    WHERE x.tenant_id = w.tenant_id AND x.endpoint_id = w.id;
END
$$;

-- A cursor that another worker moves now, and an endpoint that an operator changes now, are left for the next call. An endpoint with 10000 pending
-- deliveries waits, so that a receiver that is down does not fill the table.
CREATE OR REPLACE FUNCTION orders_v1.fan_out_events(p_tenant integer, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s'
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_epoch   integer       := orders.event_epoch();
    v_horizon xid8          := event_horizon();
    v_ids     bigint[]      := '{}';
    v_at      timestamptz[] := '{}';
    v_count   integer       := 0;
    v_left    integer;
    v_made    integer;
    v_id      bigint;
    w         orders.webhook_endpoint;
    f         record;
BEGIN
    FOR v_id IN
        SELECT k.endpoint_id FROM webhook_cursor k WHERE k.tenant_id = p_tenant ORDER BY k.moved_at, k.endpoint_id FOR UPDATE SKIP LOCKED
    LOOP
        SELECT * INTO w FROM webhook_endpoint x
        WHERE x.tenant_id = p_tenant AND x.id = v_id AND x.state = 'enabled'
        FOR KEY SHARE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        v_left := p_limit;
        v_made := 0;
        LOOP
            EXIT WHEN v_left <= 0 OR clock_timestamp() > statement_timestamp() + interval '1 second'
                OR count_pending_deliveries(p_tenant, v_id, 10000) >= 10000;
            SELECT x.passed, x.made INTO f FROM fan_out_to_webhook(w, v_epoch, v_horizon, least(v_left, 1000)) AS x;
            v_left := v_left - f.passed;
            v_made := v_made + f.made;
            v_count := v_count + f.passed;
            EXIT WHEN f.passed < 1000;
        END LOOP;
        IF v_made > 0 THEN
            v_ids := v_ids || v_id;
            v_at := v_at || greatest(now(), w.not_before);
        END IF;
    END LOOP;
    IF v_ids <> '{}' THEN
        PERFORM schedule_webhooks(p_tenant, v_ids, v_at);
    END IF;
    RETURN v_count;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.webhook_target_of(w orders.webhook_endpoint) RETURNS orders_v1.webhook_target LANGUAGE plpgsql STABLE AS $$
DECLARE
    r orders_v1.webhook_target;
BEGIN
    r.id := w.id;
    r.public_id := w.public_id;
    r.url := w.url;
    r.payload := w.payload;
    r.salt := w.salt;
    r.former_salt := CASE WHEN w.former_until > now() THEN w.former_salt END;
    r.failing_since := w.failing_since;
    RETURN r;
END
$$;

-- The functions that the worker calls for one of its endpoints wait for locks for 100 ms only: the thread that waits drives the transfers of all
-- other endpoints. The worker repeats the call.
--
-- A row of an endpoint that is not enabled is removed by the operation that has just disabled it.
CREATE OR REPLACE FUNCTION orders_v1.claim_webhooks(p_tenant integer, p_limit integer, p_lease integer, p_owner integer DEFAULT 1)
RETURNS SETOF orders_v1.webhook_target
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    v_id bigint;
    w    orders.webhook_endpoint;
BEGIN
    FOR v_id IN
        WITH next AS MATERIALIZED (
            SELECT d.id FROM due d
            WHERE d.tenant_id = p_tenant AND d.kind = 'webhook' AND d.channel = '' AND d.due_at <= now()
            ORDER BY d.due_at
            LIMIT p_limit
            FOR UPDATE SKIP LOCKED
        )
        UPDATE due x SET due_at = now() + make_interval(secs => p_lease), attempts = p_owner
        FROM next
        WHERE x.tenant_id = p_tenant AND x.kind = 'webhook' AND x.id = next.id
        RETURNING x.id
    LOOP
        SELECT * INTO w FROM webhook_endpoint x WHERE x.tenant_id = p_tenant AND x.id = v_id AND x.state = 'enabled';
        IF FOUND THEN
            RETURN NEXT webhook_target_of(w);
        END IF;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.renew_webhooks(p_tenant integer, p_endpoints bigint[], p_lease integer, p_owner integer DEFAULT 1)
RETURNS SETOF orders_v1.webhook_target
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
    v_id bigint;
    w    orders.webhook_endpoint;
BEGIN
    FOR v_id IN SELECT x.id FROM unnest(p_endpoints) AS x (id) ORDER BY x.id LOOP
        UPDATE due d SET due_at = now() + make_interval(secs => p_lease)
        WHERE d.tenant_id = p_tenant AND d.kind = 'webhook' AND d.id = v_id AND d.attempts = p_owner;
        CONTINUE WHEN NOT FOUND;
        SELECT * INTO w FROM webhook_endpoint x WHERE x.tenant_id = p_tenant AND x.id = v_id AND x.state = 'enabled';
        IF FOUND THEN
            RETURN NEXT webhook_target_of(w);
        END IF;
    END LOOP;
END
$$;

-- Locks the endpoint before its row of orders.due, as operations do. The lock of orders.due is taken before the pending deliveries are read:
-- a fan-out that adds some either has ended, or adds the row afterwards.
CREATE OR REPLACE FUNCTION orders_v1.release_webhook(p_tenant integer, p_endpoint bigint, p_not_before timestamptz, p_owner integer DEFAULT 1)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '100ms'
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    v_next timestamptz;
BEGIN
    PERFORM FROM webhook_endpoint x WHERE x.tenant_id = p_tenant AND x.id = p_endpoint FOR NO KEY UPDATE;
    PERFORM FROM due d
    WHERE d.tenant_id = p_tenant AND d.kind = 'webhook' AND d.id = p_endpoint AND d.attempts = p_owner
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE webhook_endpoint x SET not_before = p_not_before
    WHERE x.tenant_id = p_tenant AND x.id = p_endpoint AND x.not_before IS DISTINCT FROM p_not_before;
    v_next := next_webhook_attempt(p_tenant, p_endpoint);
    IF v_next IS NULL THEN
        PERFORM end_due(p_tenant, 'webhook', p_endpoint);
    ELSE
        UPDATE due d SET due_at = greatest(v_next, p_not_before), attempts = 0
        WHERE d.tenant_id = p_tenant AND d.kind = 'webhook' AND d.id = p_endpoint;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.webhook_message_of(d orders.webhook_delivery) RETURNS orders_v1.webhook_message LANGUAGE plpgsql STABLE AS $$
DECLARE
    e orders.event;
    w orders.webhook_endpoint;
    m orders_v1.webhook_message;
BEGIN
    m.id := d.id;
    m.message_id := d.message_id;
    m.type := d.type;
    m.attempts := d.attempts;
    m.created_at := d.created_at;
    m.subject := d.subject;
    m.subject_id := d.subject_id;
    m.subject_version := d.subject_version;
    SELECT b.body INTO m.body FROM orders.webhook_body b WHERE b.tenant_id = d.tenant_id AND b.delivery_id = d.id;
    IF d.subject = 'order' THEN
        SELECT o.number INTO m.order_number FROM orders.orders o WHERE o.tenant_id = d.tenant_id AND o.id = d.subject_id;
    ELSE
        SELECT * INTO w FROM orders.webhook_endpoint x WHERE x.tenant_id = d.tenant_id AND x.id = d.subject_id;
        m.endpoint := orders_v1.webhook_view_of(w);
    END IF;
    SELECT * INTO e FROM orders.event x
    WHERE x.tenant_id = d.tenant_id AND x.subject = d.subject AND x.subject_id = d.subject_id AND x.version = d.subject_version;
    IF FOUND THEN
        m.event := orders_v1.event_view_of(e);
    END IF;
    RETURN m;
END
$$;

-- New deliveries, and failed deliveries whose next attempt is due, each from the start of its index.
CREATE OR REPLACE FUNCTION orders_v1.take_deliveries(p_tenant integer, p_endpoint bigint, p_limit integer) RETURNS SETOF orders_v1.webhook_message
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_incremental_sort = off AS $$
DECLARE
    d orders.webhook_delivery;
BEGIN
    FOR d IN
        SELECT * FROM (
            (SELECT * FROM webhook_delivery x
             WHERE x.tenant_id = p_tenant AND x.endpoint_id = p_endpoint AND x.state = 'pending' AND x.attempts = 0
             ORDER BY x.event_epoch, x.event_xid, x.event_id, x.id
             LIMIT p_limit)
            UNION ALL
            (SELECT * FROM webhook_delivery x
             WHERE x.tenant_id = p_tenant AND x.endpoint_id = p_endpoint AND x.state = 'pending' AND x.attempts > 0 AND x.next_at <= now()
             ORDER BY x.next_at, x.id
             LIMIT p_limit)) AS y
        ORDER BY y.event_epoch, y.event_xid, y.event_id, y.id
        LIMIT p_limit
    LOOP
        RETURN NEXT webhook_message_of(d);
    END LOOP;
END
$$;

-- A body that is stored is never replaced.
CREATE OR REPLACE FUNCTION orders_v1.store_bodies(p_tenant integer, p_ids bigint[], p_bodies text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
BEGIN
    INSERT INTO webhook_body (tenant_id, delivery_id, body)
    SELECT p_tenant, x.id, x.body FROM unnest(p_ids, p_bodies) AS x (id, body) ORDER BY x.id
    ON CONFLICT ON CONSTRAINT webhook_body_pkey DO NOTHING;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.delete_bodies(p_tenant integer, p_deliveries bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.delete_at('webhook_body', p_tenant, ARRAY(
        SELECT b.place FROM unnest(p_deliveries) AS x (id)
        CROSS JOIN LATERAL (SELECT y.ctid AS place FROM orders.webhook_body y
                            WHERE y.tenant_id = p_tenant AND y.delivery_id = x.id
                            LIMIT 1) AS b));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.record_at(
    p_tenant integer, p_places tid[], p_states text[], p_next timestamptz[], p_now timestamptz, p_statuses integer[], p_errors text[], p_ms integer[]
) RETURNS void LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_indexscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    UPDATE orders.webhook_delivery d
    SET state = y.state, attempts = d.attempts + 1, next_at = coalesce(y.next, p_now), last_at = p_now, last_status = y.status, last_error = y.error,
        last_ms = y.ms, done_at = CASE WHEN y.state <> 'pending' THEN p_now END
    FROM unnest(p_places, p_states, p_next, p_statuses, p_errors, p_ms) AS y (place, state, next, status, error, ms)
    WHERE d.tenant_id = p_tenant AND d.ctid = y.place;
END
$$;

-- Disables an endpoint that this transaction has locked.
CREATE OR REPLACE FUNCTION orders_v1.disable_webhook(w orders.webhook_endpoint, p_reason text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    w.state := 'disabled';
    w.disabled_reason := p_reason;
    PERFORM orders_v1.store_webhook(orders_v1.system_context(w.tenant_id), w, ARRAY[ROW('endpoint', 'enabled', 'disabled')::orders_v1.step]);
    PERFORM orders_v1.end_due(w.tenant_id, 'webhook', w.id);
END
$$;

-- Locks the endpoint FOR UPDATE only if it may have to disable it. The results are in the order in which the attempts ended. Results of deliveries
-- that are no longer pending are ignored: another worker has recorded them, or an operator has dropped them. The times of the endpoint are updated
-- at most every 10 seconds.
CREATE OR REPLACE FUNCTION orders_v1.record_deliveries(p_tenant integer, p_endpoint bigint, p_results jsonb) RETURNS SETOF orders_v1.webhook_progress
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '100ms'
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_now      timestamptz := now();
    w          orders.webhook_endpoint;
    v_places   tid[];
    v_states   text[];
    v_at       timestamptz[];
    v_statuses integer[];
    v_errors   text[];
    v_ms       integer[];
    v_done     bigint[];
    v_success  integer; -- positions in p_results: of the last success, and of the last failure
    v_failure  integer;
    v_gone     boolean;
    v_failing  timestamptz;
    v_disable  boolean;
    r          orders_v1.webhook_progress;
BEGIN
    SELECT max(x.n) FILTER (WHERE x.result ->> 'outcome' = 'delivered'), max(x.n) FILTER (WHERE x.result ->> 'outcome' <> 'delivered'),
           coalesce(bool_or(x.result ->> 'outcome' = 'gone'), false)
    INTO v_success, v_failure, v_gone
    FROM jsonb_array_elements(p_results) WITH ORDINALITY AS x (result, n);
    SELECT * INTO w FROM webhook_endpoint x WHERE x.tenant_id = p_tenant AND x.id = p_endpoint;
    v_disable := w.state = 'enabled' AND (v_gone OR (v_success IS NULL AND w.failing_since < v_now - interval '5 days'));
    IF v_disable THEN
        SELECT * INTO w FROM webhook_endpoint x WHERE x.tenant_id = p_tenant AND x.id = p_endpoint FOR UPDATE;
    ELSE
        SELECT * INTO w FROM webhook_endpoint x WHERE x.tenant_id = p_tenant AND x.id = p_endpoint FOR NO KEY UPDATE;
    END IF;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT array_agg(y.place), array_agg(y.state), array_agg(y.at), array_agg(y.status), array_agg(y.error), array_agg(y.ms),
           count(*) FILTER (WHERE y.state = 'dead'), array_agg(y.id) FILTER (WHERE y.state = 'delivered')
    INTO v_places, v_states, v_at, v_statuses, v_errors, v_ms, r.dead, v_done
    FROM (SELECT d.place, d.id, x.status, x.error, x.ms, v_now + webhook_delay(d.attempts + 1, d.id, x.retry_after) AS at,
                 CASE WHEN x.outcome = 'delivered' THEN 'delivered' WHEN is_last_webhook_attempt(d.attempts + 1) THEN 'dead' ELSE 'pending' END AS state
          FROM jsonb_to_recordset(p_results) AS x (id bigint, status integer, error text, ms integer, retry_after integer, outcome text)
          CROSS JOIN LATERAL (SELECT z.ctid AS place, z.id, z.attempts FROM webhook_delivery z
                              WHERE z.tenant_id = p_tenant AND z.endpoint_id = p_endpoint AND z.id = x.id AND z.state = 'pending'
                              LIMIT 1) AS d) AS y;
    PERFORM record_at(p_tenant, v_places, v_states, v_at, v_now, v_statuses, v_errors, v_ms);
    PERFORM delete_bodies(p_tenant, v_done);
    v_failing := CASE WHEN coalesce(v_success, 0) > coalesce(v_failure, 0) THEN NULL
                      WHEN v_failure IS NULL THEN w.failing_since
                      WHEN v_success IS NOT NULL THEN v_now
                      ELSE coalesce(w.failing_since, v_now) END;
    r.began_failing := w.failing_since IS NULL AND v_failing IS NOT NULL;
    r.recovered := w.failing_since IS NOT NULL AND v_failing IS NULL;
    r.disabled := v_disable AND w.state = 'enabled' AND (v_gone OR v_failing < v_now - interval '5 days');
    UPDATE webhook_endpoint x
    SET failing_since = v_failing, last_success_at = CASE WHEN v_success IS NOT NULL THEN v_now ELSE x.last_success_at END,
        last_failure_at = CASE WHEN v_failure IS NOT NULL THEN v_now ELSE x.last_failure_at END
    WHERE x.tenant_id = p_tenant AND x.id = p_endpoint
      AND (x.failing_since IS DISTINCT FROM v_failing
           OR (v_success IS NOT NULL AND coalesce(x.last_success_at, '-infinity') < v_now - interval '10 seconds')
           OR (v_failure IS NOT NULL AND coalesce(x.last_failure_at, '-infinity') < v_now - interval '10 seconds'));
    w.failing_since := v_failing;
    IF r.disabled THEN
        PERFORM disable_webhook(w, CASE WHEN v_gone THEN 'gone' ELSE 'failing' END);
    END IF;
    SELECT x.state, x.disabled_reason INTO r.state, r.disabled_reason FROM webhook_endpoint x WHERE x.tenant_id = p_tenant AND x.id = p_endpoint;
    r.failing_since := v_failing;
    RETURN NEXT r;
END
$$;

-- The age counts from the end of the delivery. Deliveries of deleted endpoints are deleted in any state. The endpoint is
-- locked before its deliveries, in the same sequence as in record_deliveries. An endpoint that another transaction
-- has locked is left for the next call.
CREATE OR REPLACE FUNCTION orders_v1.purge_webhooks(p_tenant integer, p_age interval, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s'
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_from     timestamptz := '-infinity';
    v_rows     tid[];
    v_ids      bigint[];
    v_endpoint bigint;
    v_count    integer := 0;
BEGIN
    LOOP
        SELECT array_agg(o.ctid), array_agg(o.id), max(o.done_at) INTO v_rows, v_ids, v_from
        FROM (SELECT d.ctid, d.id, d.done_at FROM webhook_delivery d
              WHERE d.tenant_id = p_tenant AND d.done_at < now() - p_age AND d.done_at >= v_from
              ORDER BY d.done_at, d.id
              LIMIT 1000
              FOR UPDATE SKIP LOCKED) AS o;
        PERFORM delete_bodies(p_tenant, v_ids);
        PERFORM delete_at('webhook_delivery', p_tenant, v_rows);
        v_count := v_count + coalesce(cardinality(v_rows), 0);
        EXIT WHEN NOT may_purge_more(cardinality(v_rows), v_count, p_limit);
    END LOOP;
    FOR v_endpoint IN
        SELECT w.id FROM webhook_endpoint w WHERE w.tenant_id = p_tenant AND w.state = 'deleted' AND NOT w.purged ORDER BY w.id
        FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        LOOP
            EXIT WHEN v_count >= p_limit OR clock_timestamp() > statement_timestamp() + interval '1 second';
            SELECT array_agg(o.ctid), array_agg(o.id) INTO v_rows, v_ids
            FROM (SELECT d.ctid, d.id FROM webhook_delivery d
                  WHERE d.tenant_id = p_tenant AND d.endpoint_id = v_endpoint
                  ORDER BY d.id
                  LIMIT 1000
                  FOR UPDATE) AS o;
            IF v_rows IS NULL THEN
                UPDATE webhook_endpoint w SET purged = true WHERE w.tenant_id = p_tenant AND w.id = v_endpoint;
                EXIT;
            END IF;
            PERFORM delete_bodies(p_tenant, v_ids);
            PERFORM delete_at('webhook_delivery', p_tenant, v_rows);
            v_count := v_count + cardinality(v_rows);
        END LOOP;
    END LOOP;
    RETURN v_count;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.tenants_with_events(),
    orders_v1.fan_out_events(integer, integer),
    orders_v1.claim_webhooks(integer, integer, integer, integer),
    orders_v1.renew_webhooks(integer, bigint[], integer, integer),
    orders_v1.release_webhook(integer, bigint, timestamptz, integer),
    orders_v1.take_deliveries(integer, bigint, integer),
    orders_v1.store_bodies(integer, bigint[], text[]),
    orders_v1.record_deliveries(integer, bigint, jsonb),
    orders_v1.purge_webhooks(integer, interval, integer)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.webhook_message_id IS 'Internal: the id of the message about a type of an event';
COMMENT ON FUNCTION orders_v1.webhook_delay IS
'Internal: the wait after a number of failed attempts: 5 seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours, each 20 % more or less. p_retry_after:
seconds that the receiver requests at least, 24 hours at most; NULL: none';
COMMENT ON FUNCTION orders_v1.is_last_webhook_attempt IS 'Internal: whether no attempt follows after this number of failed attempts';
COMMENT ON FUNCTION orders_v1.next_webhook_attempt IS
'Internal: the earliest next attempt of the pending deliveries of an endpoint; NULL: no delivery is pending';
COMMENT ON FUNCTION orders_v1.count_pending_deliveries IS 'Internal: the number of pending deliveries of an endpoint, p_most at most';
COMMENT ON FUNCTION orders_v1.count_dead_deliveries IS 'Internal: the number of dead deliveries of an endpoint, p_most at most';
COMMENT ON FUNCTION orders_v1.schedule_webhooks IS
'Internal: puts endpoints with new deliveries into the queue, at these times or earlier. An endpoint that a worker owns stays with this worker';
COMMENT ON FUNCTION orders_v1.schedule_webhook IS
'Internal: puts a locked endpoint into the queue, or removes it if it is not enabled or has nothing to send';
COMMENT ON FUNCTION orders_v1.send_now IS 'Internal: puts a locked endpoint into the queue, and ends the wait that the worker has set';
COMMENT ON FUNCTION orders_v1.tenants_with_events IS
'Worker: the ids of the tenants with events that the fan-out has not passed for each of their enabled endpoints, ascending';
COMMENT ON FUNCTION orders_v1.fan_out_to_webhook IS
'Internal: creates the deliveries of the next events of an endpoint, p_limit events at most, and moves its cursor, which this transaction has locked. passed: the number
of events, made: of deliveries';
COMMENT ON FUNCTION orders_v1.fan_out_events IS
'Worker: creates the deliveries of at most p_limit events for each enabled endpoint, and ends after a second. Returns the number of events that the
cursors have passed';
COMMENT ON FUNCTION orders_v1.webhook_target_of IS 'Internal: an endpoint as the worker needs it';
COMMENT ON FUNCTION orders_v1.claim_webhooks IS
'Worker: claims at most p_limit endpoints with deliveries that are due. The worker p_owner, a positive number, owns them for p_lease seconds';
COMMENT ON FUNCTION orders_v1.renew_webhooks IS
'Worker: extends the leases of endpoints to p_lease seconds from now. Leaves out endpoints that are no longer enabled or that another worker has claimed:
the caller stops sending to them';
COMMENT ON FUNCTION orders_v1.release_webhook IS
'Worker: ends the lease of an endpoint. Its next claim is not before p_not_before (NULL: as soon as a delivery is due). Does nothing when another worker has
claimed it';
COMMENT ON FUNCTION orders_v1.webhook_message_of IS 'Internal: a delivery with its event';
COMMENT ON FUNCTION orders_v1.take_deliveries IS
'Worker: at most p_limit deliveries of an endpoint that are due, in the order of their events; test messages come first. Changes nothing: the next call returns
them again until they are recorded';
COMMENT ON FUNCTION orders_v1.store_bodies IS 'Worker: stores the bodies of deliveries before their first attempt. A stored body remains';
COMMENT ON FUNCTION orders_v1.delete_bodies IS 'Internal: deletes the bodies of these deliveries';
COMMENT ON FUNCTION orders_v1.record_at IS 'Internal: records the attempts of the deliveries of these rows, whose endpoint is locked';
COMMENT ON FUNCTION orders_v1.disable_webhook IS 'Internal: disables a locked endpoint as the system, with an event';
COMMENT ON FUNCTION orders_v1.record_deliveries IS
'Worker: records the results of attempts, [{id, status, error, ms, retry_after, outcome}], in the order in which they ended. outcome: delivered, failed (the next
attempt follows, or the delivery is dead) or gone (failed, and the endpoint is disabled). An endpoint to which nothing could be delivered
for 5 days is disabled too';
COMMENT ON FUNCTION orders_v1.purge_webhooks IS
'Worker: deletes deliveries that were delivered or became dead p_age ago, and those of deleted endpoints, in chunks of 1000 until p_limit; returns
their number';
