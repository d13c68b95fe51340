-- SPDX-License-Identifier: Apache-2.0
-- Operations of operators on webhook endpoints and their deliveries. They lock the endpoint FOR UPDATE, and so wait for a running fan-out,
-- which locks it FOR KEY SHARE. Locks: the endpoint, its cursor, its deliveries, its row of orders.due.

-- The cursor moves to the horizon: the next fan-out begins with the events of the transactions that are running now.
CREATE OR REPLACE FUNCTION orders_v1.move_webhook_cursor_to_now(p_tenant integer, p_endpoint bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_epoch   integer := orders.event_epoch();
    v_horizon xid8    := orders_v1.event_horizon();
BEGIN
    INSERT INTO orders.webhook_cursor (tenant_id, endpoint_id, epoch, xid, event_id) VALUES (p_tenant, p_endpoint, v_epoch, v_horizon, 0)
    ON CONFLICT (tenant_id, endpoint_id) DO UPDATE SET epoch = excluded.epoch, xid = excluded.xid, event_id = 0;
END
$$;

-- A pattern that matches no type is a typing error, which would otherwise be noticed only when messages are missing. An event without steps has
-- the type <subject>.updated (event_types).
CREATE OR REPLACE FUNCTION orders_v1.check_patterns(p_patterns text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_types   text[] := ARRAY(SELECT DISTINCT t.event FROM orders.transition t) || '{order.updated,webhook_endpoint.updated}';
    v_pattern text;
BEGIN
    IF coalesce(cardinality(p_patterns), 0) NOT BETWEEN 1 AND 50
       OR EXISTS (SELECT FROM unnest(p_patterns) AS x (pattern)
                  WHERE pattern IS NULL OR length(pattern) > 100 OR pattern !~ '^(\*|[a-z_]+(\.[a-z_]+)*(\.\*)?)$') THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be 1 to 50 types of events, such as order.paid, order.* or *.', 'events');
    END IF;
    FOREACH v_pattern IN ARRAY p_patterns LOOP
        IF NOT orders_v1.matches_pattern(v_types, ARRAY[v_pattern]) THEN
            PERFORM orders_v1.refuse('422', 'invalid_field', format('No event has the type %s.', v_pattern), 'events');
        END IF;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.lock_webhook(p_tenant integer, p_webhook uuid, p_match text[]) RETURNS orders.webhook_endpoint
LANGUAGE plpgsql AS $$
DECLARE
    w orders.webhook_endpoint;
BEGIN
    SELECT * INTO w FROM orders.webhook_endpoint x
    WHERE x.tenant_id = p_tenant AND x.public_id = p_webhook AND x.state <> 'deleted'
    FOR UPDATE;
    IF w.id IS NULL THEN
        PERFORM orders_v1.refuse('404', 'not_found', 'There is no such webhook.');
    ELSIF p_match IS NOT NULL AND orders_v1.version_tag(w.id, w.version) <> ALL (p_match) THEN
        PERFORM orders_v1.refuse('412', 'version_mismatch', 'The webhook has changed since it was read.', NULL,
                                 jsonb_build_object('version', w.version));
    END IF;
    RETURN w;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.lock_enabled_webhook(p_tenant integer, p_webhook uuid) RETURNS orders.webhook_endpoint
LANGUAGE plpgsql AS $$
DECLARE
    w orders.webhook_endpoint := orders_v1.lock_webhook(p_tenant, p_webhook, NULL);
BEGIN
    IF w.state <> 'enabled' THEN
        PERFORM orders_v1.refuse('409', 'webhook_disabled', 'The webhook is disabled.');
    END IF;
    RETURN w;
END
$$;

-- Stores the endpoint w with the next version, and its event.
CREATE OR REPLACE FUNCTION orders_v1.store_webhook(c orders_v1.context, w orders.webhook_endpoint, p_steps orders_v1.step[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_now timestamptz := now();
BEGIN
    UPDATE orders.webhook_endpoint x
    SET url = w.url, patterns = w.patterns, description = w.description, payload = w.payload, state = w.state, disabled_reason = w.disabled_reason,
        version = w.version + 1, generation = w.generation, salt = w.salt, former_salt = w.former_salt, former_until = w.former_until,
        failing_since = w.failing_since, not_before = w.not_before, updated_at = v_now
    WHERE x.tenant_id = w.tenant_id AND x.id = w.id;
    PERFORM orders_v1.record_event(c, 'webhook_endpoint', w.id, w.version + 1, v_now, p_steps, NULL);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.written_webhook_of(c orders_v1.context, p_outcome text, p_endpoint bigint) RETURNS orders_v1.written_webhook
LANGUAGE plpgsql AS $$
DECLARE
    w orders.webhook_endpoint;
    r orders_v1.written_webhook;
BEGIN
    SELECT * INTO w FROM orders.webhook_endpoint x WHERE x.tenant_id = c.tenant_id AND x.id = p_endpoint;
    r.outcome := p_outcome;
    r.id := p_endpoint;
    r.replayed := false;
    r.endpoint := orders_v1.webhook_view_of(w);
    RETURN orders_v1.stored_result(c, r);
END
$$;

-- The lock of the tenant keeps concurrent calls from exceeding the limit. No other function locks this row.
CREATE OR REPLACE FUNCTION orders_v1.create_webhook(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_url text, p_patterns text[], p_description text, p_payload text, p_enabled boolean
) RETURNS SETOF orders_v1.written_webhook
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c         orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim   orders_v1.claim   := claim_key(c);
    v_enabled boolean           := coalesce(p_enabled, true);
    v_steps   orders_v1.step[]  := ARRAY[ROW('endpoint', 'new', 'enabled')::orders_v1.step];
    v_id      bigint;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_webhook, v_claim.answer);
        RETURN;
    END IF;
    PERFORM check_patterns(p_patterns);
    PERFORM FROM tenant t WHERE t.id = p_tenant FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM webhook_endpoint x WHERE x.tenant_id = p_tenant AND x.state <> 'deleted') >= 20 THEN
        PERFORM refuse('409', 'too_many_webhooks', 'At most 20 webhooks are allowed.');
    END IF;
    INSERT INTO webhook_endpoint (tenant_id, url, patterns, description, payload, state, disabled_reason)
    VALUES (p_tenant, p_url, p_patterns, p_description, coalesce(p_payload, 'full'), CASE WHEN v_enabled THEN 'enabled' ELSE 'disabled' END,
            CASE WHEN NOT v_enabled THEN 'operator' END)
    RETURNING id INTO v_id;
    PERFORM move_webhook_cursor_to_now(p_tenant, v_id);
    IF NOT v_enabled THEN
        v_steps := v_steps || ROW('endpoint', 'enabled', 'disabled')::orders_v1.step;
    END IF;
    PERFORM record_event(c, 'webhook_endpoint', v_id, 1, now(), v_steps, NULL);
    RETURN NEXT written_webhook_of(c, 'created', v_id);
END
$$;

-- Deletes the pending deliveries of an endpoint with their bodies.
CREATE OR REPLACE FUNCTION orders_v1.drop_pending_deliveries(p_tenant integer, p_endpoint bigint) RETURNS void LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_incremental_sort = off AS $$
DECLARE
    v_places tid[];
    v_ids    bigint[];
BEGIN
    SELECT array_agg(x.ctid), array_agg(x.id) INTO v_places, v_ids
    FROM ((SELECT d.ctid, d.id FROM orders.webhook_delivery d
           WHERE d.tenant_id = p_tenant AND d.endpoint_id = p_endpoint AND d.state = 'pending' AND d.attempts = 0
           ORDER BY d.event_epoch, d.event_xid, d.event_id, d.id)
          UNION ALL
          (SELECT d.ctid, d.id FROM orders.webhook_delivery d
           WHERE d.tenant_id = p_tenant AND d.endpoint_id = p_endpoint AND d.state = 'pending' AND d.attempts > 0
           ORDER BY d.next_at, d.id)) AS x;
    PERFORM orders_v1.delete_bodies(p_tenant, v_ids);
    PERFORM orders_v1.delete_at('webhook_delivery', p_tenant, v_places);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.change_webhook(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_webhook uuid, p_match text[], p_changes jsonb
) RETURNS SETOF orders_v1.written_webhook
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c         orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim   orders_v1.claim   := claim_key(c);
    b         orders.webhook_endpoint; -- before
    w         orders.webhook_endpoint;
    v_enabled boolean           := (p_changes ->> 'enabled')::boolean;
    v_skip    boolean           := coalesce((p_changes ->> 'skip_missed')::boolean, false);
    v_steps   orders_v1.step[]  := '{}';
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_webhook, v_claim.answer);
        RETURN;
    END IF;
    b := lock_webhook(p_tenant, p_webhook, p_match);
    w := b;
    w.url := coalesce(p_changes ->> 'url', w.url);
    w.payload := coalesce(p_changes ->> 'payload', w.payload);
    IF p_changes ? 'events' THEN
        w.patterns := ARRAY(SELECT x.pattern FROM jsonb_array_elements_text(p_changes -> 'events') AS x (pattern));
        PERFORM check_patterns(w.patterns);
    END IF;
    IF p_changes ? 'description' THEN
        w.description := p_changes ->> 'description';
    END IF;
    IF v_enabled AND w.state = 'disabled' THEN
        w.state := 'enabled';
        w.disabled_reason := NULL;
        w.failing_since := NULL;
        w.not_before := NULL;
        v_steps := ARRAY[ROW('endpoint', 'disabled', 'enabled')::orders_v1.step];
    ELSIF NOT v_enabled AND w.state = 'enabled' THEN
        w.state := 'disabled';
        w.disabled_reason := 'operator';
        v_steps := ARRAY[ROW('endpoint', 'enabled', 'disabled')::orders_v1.step];
    END IF;
    v_skip := v_skip AND v_enabled IS TRUE;
    IF NOT v_skip AND w IS NOT DISTINCT FROM b THEN
        RETURN NEXT written_webhook_of(c, 'unchanged', w.id);
        RETURN;
    END IF;
    PERFORM store_webhook(c, w, v_steps);
    IF v_skip THEN
        PERFORM move_webhook_cursor_to_now(p_tenant, w.id);
        PERFORM drop_pending_deliveries(p_tenant, w.id);
    END IF;
    PERFORM schedule_webhook(w);
    RETURN NEXT written_webhook_of(c, 'changed', w.id);
END
$$;

-- purge_webhooks deletes the deliveries.
CREATE OR REPLACE FUNCTION orders_v1.delete_webhook(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_webhook uuid, p_match text[]
) RETURNS SETOF orders_v1.written_webhook
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim   := claim_key(c);
    w       orders.webhook_endpoint;
    v_from  text;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_webhook, v_claim.answer);
        RETURN;
    END IF;
    w := lock_webhook(p_tenant, p_webhook, p_match);
    v_from := w.state;
    w.state := 'deleted';
    PERFORM store_webhook(c, w, ARRAY[ROW('endpoint', v_from, 'deleted')::orders_v1.step]);
    DELETE FROM webhook_cursor k WHERE k.tenant_id = p_tenant AND k.endpoint_id = w.id;
    PERFORM end_due(p_tenant, 'webhook', w.id);
    RETURN NEXT written_webhook_of(c, 'deleted', w.id);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.rotate_webhook(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_webhook uuid
) RETURNS SETOF orders_v1.written_webhook
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim   := claim_key(c);
    w       orders.webhook_endpoint;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_webhook, v_claim.answer);
        RETURN;
    END IF;
    w := lock_webhook(p_tenant, p_webhook, NULL);
    w.former_salt := w.salt;
    w.former_until := now() + interval '24 hours';
    w.salt := gen_random_uuid();
    w.generation := w.generation + 1;
    PERFORM store_webhook(c, w, '{}');
    RETURN NEXT written_webhook_of(c, 'rotated', w.id);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.written_delivery_of(
    c orders_v1.context, p_outcome text, p_webhook uuid, d orders.webhook_delivery
) RETURNS orders_v1.written_delivery LANGUAGE plpgsql AS $$
DECLARE
    r orders_v1.written_delivery;
BEGIN
    r.outcome := p_outcome;
    r.id := d.id;
    r.replayed := false;
    r.delivery := orders_v1.delivery_view_of(d, p_webhook);
    RETURN orders_v1.stored_result(c, r);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.test_webhook(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_webhook uuid
) RETURNS SETOF orders_v1.written_delivery
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim   := claim_key(c);
    v_id    text              := 'test-' || gen_random_uuid();
    v_now   timestamptz       := now();
    w       orders.webhook_endpoint;
    d       orders.webhook_delivery;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_delivery, v_claim.answer);
        RETURN;
    END IF;
    w := lock_enabled_webhook(p_tenant, p_webhook);
    INSERT INTO webhook_delivery (tenant_id, endpoint_id, message_id, type, event_epoch, event_xid, subject, subject_id, next_at)
    VALUES (p_tenant, w.id, v_id, 'webhook.test', 0, '0', 'webhook_endpoint', w.id, v_now)
    RETURNING * INTO d;
    PERFORM send_now(w);
    RETURN NEXT written_delivery_of(c, 'queued', p_webhook, d);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.retry_delivery(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_webhook uuid, p_delivery bigint
) RETURNS SETOF orders_v1.written_delivery
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim   := claim_key(c);
    v_now   timestamptz       := now();
    w       orders.webhook_endpoint;
    d       orders.webhook_delivery;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_delivery, v_claim.answer);
        RETURN;
    END IF;
    w := lock_enabled_webhook(p_tenant, p_webhook);
    UPDATE webhook_delivery x SET state = 'pending', attempts = 0, next_at = v_now, done_at = NULL
    WHERE x.tenant_id = p_tenant AND x.endpoint_id = w.id AND x.id = p_delivery
    RETURNING * INTO d;
    IF NOT FOUND THEN
        PERFORM refuse('404', 'not_found', 'There is no such delivery.');
    END IF;
    PERFORM send_now(w);
    RETURN NEXT written_delivery_of(c, 'queued', p_webhook, d);
END
$$;

-- A cursor of the feed: epoch, transaction and event.
CREATE OR REPLACE FUNCTION orders_v1.event_position(p_cursor text, p_field text, OUT epoch integer, OUT xid xid8, OUT id bigint)
LANGUAGE plpgsql AS $$
BEGIN
    IF p_cursor !~ '^\d{1,9}\.\d{1,18}\.\d{1,18}$' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be a cursor of the events.', p_field);
    END IF;
    epoch := split_part(p_cursor, '.', 1)::integer;
    xid := split_part(p_cursor, '.', 2)::xid8;
    id := split_part(p_cursor, '.', 3)::bigint;
END
$$;

-- The sequence of events is nearly that of their times: an operation lasts for seconds, and its event has the time of its start. Callers therefore
-- widen their range by an hour at each end.
CREATE OR REPLACE FUNCTION orders_v1.event_position_at(p_tenant integer, p_at timestamptz, OUT epoch integer, OUT xid xid8)
LANGUAGE plpgsql STABLE SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    e        record;
    v_first  bigint;
    v_last   bigint;
    v_middle bigint;
BEGIN
    epoch := -1;
    LOOP
        SELECT x.epoch, x.xid::text::bigint AS xid INTO e FROM orders.event x
        WHERE x.tenant_id = p_tenant AND x.epoch >= 0 AND x.epoch > event_position_at.epoch
        ORDER BY x.epoch, x.xid, x.id
        LIMIT 1;
        EXIT WHEN NOT FOUND;
        epoch := e.epoch;
        v_first := e.xid;
        SELECT x.xid::text::bigint AS xid, x.created_at INTO e FROM orders.event x
        WHERE x.tenant_id = p_tenant AND x.epoch >= 0 AND x.epoch = event_position_at.epoch
        ORDER BY x.xid DESC, x.id DESC
        LIMIT 1;
        v_last := e.xid + 1;
        CONTINUE WHEN e.created_at < p_at;
        WHILE v_first < v_last LOOP
            v_middle := (v_first + v_last) / 2;
            SELECT x.xid::text::bigint AS xid, x.created_at INTO e FROM orders.event x
            WHERE x.tenant_id = p_tenant AND x.epoch >= 0 AND x.epoch = event_position_at.epoch AND x.xid >= v_middle::text::xid8
            ORDER BY x.xid, x.id
            LIMIT 1;
            IF FOUND AND e.created_at < p_at THEN
                v_first := e.xid + 1;
            ELSE
                v_last := v_middle;
            END IF;
        END LOOP;
        xid := v_first::text::xid8;
        RETURN;
    END LOOP;
    epoch := NULL;
END
$$;

-- Reads p_limit events, including those that do not match, so that a call is bounded. p_from and p_to narrow the range first. If the fan-out has not
-- passed some of the events yet, it later finds their deliveries and creates no second ones.
CREATE OR REPLACE FUNCTION orders_v1.replay_webhook(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_webhook uuid, p_after text, p_until text, p_from timestamptz, p_to timestamptz, p_types text[], p_limit integer
) RETURNS SETOF orders_v1.written_replay
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s'
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    c         orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim   orders_v1.claim   := claim_key(c);
    v_now     timestamptz       := now();
    v_limit   integer           := least(coalesce(p_limit, 10000), 10000);
    v_epoch   integer           := orders.event_epoch();
    v_horizon xid8              := event_horizon();
    w         orders.webhook_endpoint;
    v_after   record;
    v_until   record;
    v_edge    record;
    v_last    record;
    r         orders_v1.written_replay;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_replay, v_claim.answer);
        RETURN;
    END IF;
    SELECT x.epoch, x.xid, x.id INTO v_after FROM event_position(coalesce(p_after, '0.0.0'), 'after') AS x;
    SELECT x.epoch, x.xid, x.id INTO v_until FROM event_position(coalesce(p_until, format('%s.%s.0', v_epoch, v_horizon)), 'until') AS x;
    w := lock_enabled_webhook(p_tenant, p_webhook);
    IF count_pending_deliveries(p_tenant, w.id, 100000) >= 100000 THEN
        PERFORM refuse('409', 'too_many_pending_messages', 'The webhook has 100000 pending messages.');
    END IF;
    IF p_from IS NOT NULL THEN
        SELECT x.epoch, x.xid, 0::bigint AS id INTO v_edge FROM event_position_at(p_tenant, p_from - interval '1 hour') AS x;
        IF v_edge.epoch IS NULL THEN
            v_after := v_until;
        ELSIF (v_edge.epoch, v_edge.xid) > (v_after.epoch, v_after.xid) THEN
            v_after := v_edge;
        END IF;
    END IF;
    IF p_to IS NOT NULL THEN
        SELECT x.epoch, x.xid, 0::bigint AS id INTO v_edge FROM event_position_at(p_tenant, p_to + interval '1 hour') AS x;
        IF (v_edge.epoch, v_edge.xid) < (v_until.epoch, v_until.xid) THEN
            v_until := v_edge;
        END IF;
    END IF;
    SELECT e.epoch, e.xid, e.id INTO v_last FROM event e
    WHERE e.tenant_id = p_tenant AND e.epoch >= 0 AND (e.epoch, e.xid, e.id) > (v_after.epoch, v_after.xid, v_after.id)
      AND (e.epoch, e.xid, e.id) <= (v_until.epoch, v_until.xid, v_until.id) AND (e.epoch, e.xid) < (v_epoch, v_horizon)
    ORDER BY e.epoch, e.xid, e.id
    OFFSET v_limit - 1 LIMIT 1;
    IF FOUND THEN
        v_until := v_last;
        r.next := format('%s.%s.%s', v_last.epoch, v_last.xid, v_last.id);
    END IF;
    INSERT INTO webhook_delivery AS d (tenant_id, endpoint_id, message_id, type, event_epoch, event_xid, event_id, subject, subject_id,
                                       subject_version, next_at)
    SELECT p_tenant, w.id, webhook_message_id(e.epoch, e.id, t.type), t.type, e.epoch, e.xid, e.id, e.subject, e.subject_id, e.version, v_now
    FROM event e
    CROSS JOIN LATERAL unnest(e.types) WITH ORDINALITY AS t (type, n)
    WHERE e.tenant_id = p_tenant AND e.epoch >= 0 AND (e.epoch, e.xid, e.id) > (v_after.epoch, v_after.xid, v_after.id)
      AND (e.epoch, e.xid, e.id) <= (v_until.epoch, v_until.xid, v_until.id) AND (e.epoch, e.xid) < (v_epoch, v_horizon)
      AND (p_from IS NULL OR e.created_at >= p_from) AND (p_to IS NULL OR e.created_at < p_to)
      AND matches_pattern(ARRAY[t.type], w.patterns) AND (p_types IS NULL OR matches_pattern(ARRAY[t.type], p_types))
    ORDER BY e.epoch, e.xid, e.id, t.n
    ON CONFLICT (tenant_id, endpoint_id, message_id) WHERE message_id <> ''
        DO UPDATE SET state = 'pending', attempts = 0, next_at = excluded.next_at, done_at = NULL
        WHERE d.state <> 'pending' OR d.attempts > 0;
    GET DIAGNOSTICS r.queued = ROW_COUNT;
    PERFORM send_now(w);
    r.outcome := 'queued';
    r.replayed := false;
    RETURN NEXT stored_result(c, r);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.create_webhook(integer, text, text, bigint, text, text, bytea, text, text[], text, text, boolean),
    orders_v1.change_webhook(integer, text, text, bigint, text, text, bytea, uuid, text[], jsonb),
    orders_v1.delete_webhook(integer, text, text, bigint, text, text, bytea, uuid, text[]),
    orders_v1.rotate_webhook(integer, text, text, bigint, text, text, bytea, uuid),
    orders_v1.test_webhook(integer, text, text, bigint, text, text, bytea, uuid),
    orders_v1.retry_delivery(integer, text, text, bigint, text, text, bytea, uuid, bigint),
    orders_v1.replay_webhook(integer, text, text, bigint, text, text, bytea, uuid, text, text, timestamptz, timestamptz, text[], integer)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.move_webhook_cursor_to_now IS
'Internal: the next fan-out begins with the events of transactions that have not ended yet. Creates the cursor of a new endpoint';
COMMENT ON FUNCTION orders_v1.check_patterns IS 'Internal: OR422 invalid_field unless these are 1 to 50 patterns, and each matches a type of events';
COMMENT ON FUNCTION orders_v1.lock_webhook IS
'Internal: locks an endpoint. p_match: acceptable version tags; NULL: any version. OR404 not_found (also when it is deleted), OR412
version_mismatch';
COMMENT ON FUNCTION orders_v1.lock_enabled_webhook IS 'Internal: locks an endpoint. OR404 not_found, OR409 webhook_disabled';
COMMENT ON FUNCTION orders_v1.store_webhook IS 'Internal: stores a locked endpoint as its next version, with an event of these steps';
COMMENT ON FUNCTION orders_v1.written_webhook_of IS 'Internal: the result of an operation on an endpoint';
COMMENT ON FUNCTION orders_v1.drop_pending_deliveries IS 'Internal: deletes the pending deliveries of a locked endpoint';
COMMENT ON FUNCTION orders_v1.written_delivery_of IS 'Internal: the result of an operation on a delivery';
COMMENT ON FUNCTION orders_v1.event_position IS
'Internal: the parts of a cursor of the feed: <epoch>.<xid>.<id>. OR422 invalid_field with the field p_field';
COMMENT ON FUNCTION orders_v1.event_position_at IS
'Internal: a transaction before which all events are older than p_at, found by a binary search; NULL: all events are older';
COMMENT ON FUNCTION orders_v1.create_webhook IS
'Creates an endpoint, which receives the events of transactions that end from now on. p_payload NULL: full; p_enabled NULL: true. Outcome
created. OR409 too_many_webhooks when the tenant has 20, OR422 with the field';
COMMENT ON FUNCTION orders_v1.change_webhook IS
'Changes the members of p_changes: url, events, description (null: none), payload, enabled. Events of the time when it was disabled are delivered
when it is enabled again, unless skip_missed is true: then they and all pending deliveries are dropped. skip_missed has no effect unless enabled is
true. Outcome changed or unchanged. OR404 not_found, OR412 version_mismatch, OR422 with the field';
COMMENT ON FUNCTION orders_v1.delete_webhook IS 'Deletes an endpoint. Its deliveries are deleted later. Outcome deleted. OR404 not_found, OR412 version_mismatch';
COMMENT ON FUNCTION orders_v1.rotate_webhook IS
'Gives an endpoint a new secret. The previous secret signs for 24 more hours; an older secret becomes invalid. Outcome rotated. OR404 not_found';
COMMENT ON FUNCTION orders_v1.test_webhook IS
'Queues a message of type webhook.test, which is sent before all other messages. Outcome queued. OR404 not_found, OR409 webhook_disabled';
COMMENT ON FUNCTION orders_v1.retry_delivery IS
'Queues a delivery in any state for an attempt now, with all attempts left. Outcome queued. OR404 not_found, OR409 webhook_disabled';
COMMENT ON FUNCTION orders_v1.replay_webhook IS
'Queues the messages of the events after the cursor p_after, up to p_until, of the time from p_from to p_to (exclusive), whose types match p_types and
the patterns of the endpoint; NULL: no restriction. Deliveries that exist are queued again, with the same message id. Passes p_limit events, at
most 10000; next: the cursor to continue after. Outcome queued. OR404 not_found, OR409 webhook_disabled, too_many_pending_messages (100000),
OR422 with the field';
