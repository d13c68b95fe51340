-- SPDX-License-Identifier: Apache-2.0
-- The feed of events, in the order (epoch, xid, id), up to the horizon, and the verification of histories.

-- Both comparisons of rows are conditions of the index event_feed, which is partial (epoch >= 0). The settings discourage plans that read
-- the table or sort it, which the planner may choose while statistics are missing. The function is STABLE, so that the events are those
-- of the horizon's snapshot.
CREATE OR REPLACE FUNCTION orders_v1.list_events(
    p_tenant integer, p_after_epoch integer, p_after_xid bigint, p_after_id bigint, p_patterns text[], p_limit integer
) RETURNS SETOF orders_v1.event_view
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
DECLARE
    e        orders.event;
    r        orders_v1.event_view;
    v_found  integer := 0;
    v_passed boolean := false; -- the last event that was read does not match
BEGIN
    FOR e IN
        SELECT * FROM event x
        WHERE x.tenant_id = p_tenant AND x.epoch >= 0 AND (x.epoch, x.xid, x.id) > (p_after_epoch, p_after_xid::text::xid8, p_after_id)
          AND (x.epoch, x.xid) < (event_epoch(), event_horizon())
        ORDER BY x.epoch, x.xid, x.id
        LIMIT 20000
    LOOP
        v_passed := p_patterns IS NOT NULL AND NOT matches_pattern(e.types, p_patterns);
        IF v_passed THEN
            r := NULL;
            r.id := e.id;
            r.epoch := e.epoch;
            r.xid := e.xid::text::bigint;
        ELSE
            r := event_view_of(e);
            RETURN NEXT r;
            v_found := v_found + 1;
        END IF;
        EXIT WHEN v_found >= p_limit OR clock_timestamp() > statement_timestamp() + interval '500 ms';
    END LOOP;
    IF v_passed THEN
        RETURN NEXT r;
    END IF;
END
$$;

-- STABLE, so that the version of the order and its events are those of one snapshot.
CREATE OR REPLACE FUNCTION orders_v1.verify_history(
    p_tenant integer, p_order bigint, OUT version integer, OUT events integer, OUT hash text, OUT broken_version integer, OUT reason text
) RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    e          orders.event;
    v_previous bytea;
BEGIN
    SELECT o.version INTO version FROM orders o WHERE o.tenant_id = p_tenant AND o.id = p_order;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    events := 0;
    FOR e IN
        SELECT * FROM event x
        WHERE x.tenant_id = p_tenant AND x.subject = 'order' AND x.subject_id = p_order
        ORDER BY x.version
    LOOP
        events := events + 1;
        hash := encode(e.hash, 'hex');
        CONTINUE WHEN reason IS NOT NULL;
        reason := CASE
            WHEN e.version > events AND events <= version THEN 'missing'
            WHEN e.version <> events OR e.version > version THEN 'unexpected'
            WHEN e.hash <> event_hash(v_previous, e.tenant_id, e.subject, e.subject_id, e.version, e.epoch, e.xid, e.id, e.created_at, e.first_step,
                                      e.types, e.steps, e.actor, e.actor_id, e.api, e.return_id, e.comments_digest) THEN 'changed'
            WHEN (e.comments IS NULL) <> (e.comments_salt IS NULL)
              OR (e.comments IS NOT NULL AND e.comments_digest IS DISTINCT FROM comments_digest(e.comments_salt, e.comments)) THEN 'comment_changed' END;
        broken_version := CASE WHEN reason = 'missing' THEN events WHEN reason IS NOT NULL THEN e.version END;
        v_previous := e.hash;
    END LOOP;
    IF reason IS NULL AND events < version THEN
        broken_version := events + 1;
        reason := 'missing';
    END IF;
    RETURN NEXT;
END
$$;

-- The events of finished transactions whose ids are not below that of a running one. The settings are those of list_events.
CREATE OR REPLACE FUNCTION orders_v1.feed_lag(p_tenant integer) RETURNS double precision
LANGUAGE plpgsql STABLE SET search_path = orders, orders_v1, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
DECLARE
    v_at timestamptz;
BEGIN
    SELECT e.created_at INTO v_at FROM event e
    WHERE e.tenant_id = p_tenant AND e.epoch >= 0 AND (e.epoch, e.xid) >= (event_epoch(), event_horizon())
    ORDER BY e.epoch, e.xid, e.id
    LIMIT 1;
    RETURN coalesce(greatest(extract(epoch FROM clock_timestamp() - v_at), 0), 0);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.list_events(integer, integer, bigint, bigint, text[], integer),
    orders_v1.verify_history(integer, bigint)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.list_events IS
'Lists at most p_limit events after a position, in the order (epoch, xid, id). p_patterns: of the types, NULL: all events. No event is listed before all
transactions that could add an earlier one have ended. A call reads at most 20,000 events and ends after half a second; if the last event that it has read does not
match, the last row is its position, without types';
COMMENT ON FUNCTION orders_v1.verify_history IS
'Recomputes the chain of the events of an order: its version, the number of its events and the hash of the last one, and the first version that is
broken, with the reason: missing (it has no event), changed (its event does not match its hash), comment_changed (a comment does not match its digest), or
unexpected (the order does not have this version). No row: there is no such order';
COMMENT ON FUNCTION orders_v1.feed_lag IS
'For how many seconds the feed and the webhooks have withheld the first event that waits for an older transaction; 0: no event waits';
