-- SPDX-License-Identifier: Apache-2.0
-- Each operation has one event. The events of a subject are a chain: each hash includes the previous hash.

-- The only definition of an event's content. No value depends on a setting of the session.
CREATE OR REPLACE FUNCTION orders_v1.event_hash(
    p_previous bytea, p_tenant integer, p_subject text, p_subject_id bigint, p_version integer, p_epoch integer, p_xid xid8,
    p_id bigint, p_created_at timestamptz, p_first_step integer, p_types text[], p_steps text[], p_actor text, p_actor_id bigint,
    p_api text, p_return bigint, p_comments_digest bytea
) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(coalesce(p_previous, '') || convert_to(jsonb_build_array(
        p_tenant, p_subject, p_subject_id, p_version, p_epoch, p_xid::text, p_id,
        (extract(epoch FROM p_created_at) * 1000000)::bigint, p_first_step, p_types, p_steps, p_actor, p_actor_id, p_api, p_return,
        encode(p_comments_digest, 'hex'))::text, 'UTF8'))
$$;

-- When a comment and its salt are erased, the digest remains. Without the salt, even a short comment cannot be guessed from it.
CREATE OR REPLACE FUNCTION orders_v1.comments_digest(p_salt bytea, p_comments text[]) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(p_salt || convert_to(to_jsonb(p_comments)::text, 'UTF8'))
$$;

CREATE OR REPLACE FUNCTION orders_v1.comments_salt(p_comments text[]) RETURNS bytea LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN p_comments IS NOT NULL THEN uuid_send(gen_random_uuid()) END
$$;

-- The one place that decides whether a step is allowed.
CREATE OR REPLACE FUNCTION orders_v1.event_types(p_subject text, p_actor text, p_steps text[]) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_step  text;
    v_type  text;
    v_types text[] := '{}';
BEGIN
    IF p_steps = '{}' THEN
        RETURN ARRAY[p_subject || '.updated'];
    END IF;
    FOREACH v_step IN ARRAY p_steps LOOP
        v_step := substring(v_step FROM '^[^:]+:[^:]+:[^:]+'); -- without the number of a comment
        SELECT x.event INTO v_type FROM orders.transition x WHERE x.step = v_step AND x.actor = p_actor;
        IF NOT FOUND THEN
            RETURN NULL;
        ELSIF v_type <> ALL (v_types) THEN
            v_types := v_types || v_type;
        END IF;
    END LOOP;
    RETURN v_types;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.step_texts(p_steps orders_v1.step[], p_comment integer) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    s       orders_v1.step;
    v_texts text[] := '{}';
BEGIN
    FOREACH s IN ARRAY p_steps LOOP
        v_texts := v_texts || (s.axis || ':' || s.from_state || ':' || s.to_state || CASE WHEN p_comment > 1 THEN ':' || p_comment ELSE '' END);
    END LOOP;
    RETURN v_texts;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_steps(p_types text[], p_actor text, p_steps text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_types IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'event_step_allowed',
            MESSAGE = format('a step of %s is not allowed to actor %s', p_steps, p_actor);
    END IF;
END
$$;

-- The event of a transaction whose id is less than the xid of the previous event: see record_event.
CREATE OR REPLACE FUNCTION orders_v1.has_previous_xid(e orders.event) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN e.epoch = orders.event_epoch() AND e.xid > pg_current_xact_id()
       AND EXISTS (SELECT FROM orders.event x
                   WHERE x.tenant_id = e.tenant_id AND x.subject = e.subject AND x.subject_id = e.subject_id
                     AND x.version = e.version - 1 AND x.epoch = e.epoch AND x.xid = e.xid);
END
$$;

-- Adds the steps of a second record of the same operation to its event. Only the transaction that inserted the event may do
-- this. A step whose comment is not the first one of the event has the number of its comment. p_previous: the hash of the
-- previous event.
CREATE OR REPLACE FUNCTION orders_v1.extend_event(
    c orders_v1.context, e orders.event, p_previous bytea, p_steps orders_v1.step[], p_comment text, p_return bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_comments text[]  := coalesce(e.comments, ARRAY[NULL::text]);
    v_comment  integer := coalesce(array_position(v_comments, p_comment), cardinality(v_comments) + 1);
BEGIN
    IF ((e.epoch, e.xid) IS DISTINCT FROM (orders.event_epoch(), pg_current_xact_id()) AND NOT orders_v1.has_previous_xid(e))
       OR e.return_id <> p_return
       OR (e.actor, e.actor_id, e.api) IS DISTINCT FROM (c.actor, c.actor_id, c.api) THEN
        RAISE EXCEPTION USING ERRCODE = 'unique_violation', CONSTRAINT = 'event_pkey',
            MESSAGE = format('version %s of %s %s has an event of another operation', e.version, e.subject, e.subject_id);
    ELSIF cardinality(p_steps) = 0 THEN
        RETURN;
    END IF;
    e.steps := e.steps || orders_v1.step_texts(p_steps, v_comment);
    e.types := orders_v1.event_types(e.subject, e.actor, e.steps);
    PERFORM orders_v1.check_steps(e.types, e.actor, e.steps);
    e.return_id := coalesce(e.return_id, p_return);
    IF v_comment > cardinality(v_comments) THEN
        e.comments := array_append(v_comments, p_comment);
        e.comments_salt := orders_v1.comments_salt(e.comments);
        e.comments_digest := orders_v1.comments_digest(e.comments_salt, e.comments);
    END IF;
    e.hash := orders_v1.event_hash(p_previous, e.tenant_id, e.subject, e.subject_id, e.version, e.epoch, e.xid, e.id, e.created_at,
                                   e.first_step, e.types, e.steps, e.actor, e.actor_id, e.api, e.return_id, e.comments_digest);
    UPDATE orders.event x
    SET types = e.types, steps = e.steps, return_id = e.return_id, comments = e.comments, comments_salt = e.comments_salt,
        comments_digest = e.comments_digest, hash = e.hash
    WHERE x.tenant_id = e.tenant_id AND x.subject = e.subject AND x.subject_id = e.subject_id AND x.version = e.version;
END
$$;

-- An operation may record more than once in one version: the first record inserts the event, the others extend it.
--
-- A transaction may get its id before another transaction and lock the subject after it. Its event then has the xid of the previous event, so
-- that the sequence (epoch, xid, id) is that of the versions. An event below the horizon still belongs to a transaction that has ended.
CREATE OR REPLACE FUNCTION orders_v1.record_event(
    c orders_v1.context, p_subject text, p_id bigint, p_version integer, p_at timestamptz, p_steps orders_v1.step[], p_comment text,
    p_return bigint DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    b          orders.event; -- the latest event, up to p_version
    v_id       bigint;
    v_steps    text[]  := orders_v1.step_texts(p_steps, 1);
    v_types    text[];
    v_epoch    integer := orders.event_epoch();
    v_xid      xid8    := pg_current_xact_id();
    v_step     integer := 1;
    v_comments text[]  := CASE WHEN p_comment IS NOT NULL THEN ARRAY[p_comment] END;
    v_salt     bytea   := orders_v1.comments_salt(v_comments);
    v_digest   bytea   := orders_v1.comments_digest(v_salt, v_comments);
BEGIN
    IF p_version > 1 THEN
        SELECT * INTO b FROM orders.event x
        WHERE x.tenant_id = c.tenant_id AND x.subject = p_subject AND x.subject_id = p_id AND x.version <= p_version
        ORDER BY x.version DESC LIMIT 1;
        v_step := b.first_step + cardinality(b.steps);
        IF b.version = p_version THEN
            PERFORM orders_v1.extend_event(c, b, (
                SELECT x.hash FROM orders.event x
                WHERE x.tenant_id = c.tenant_id AND x.subject = p_subject AND x.subject_id = p_id AND x.version = p_version - 1),
                p_steps, p_comment, p_return);
            RETURN;
        ELSIF b.epoch = v_epoch AND b.xid > v_xid THEN
            v_xid := b.xid;
        END IF;
    END IF;
    v_types := orders_v1.event_types(p_subject, c.actor, v_steps);
    PERFORM orders_v1.check_steps(v_types, c.actor, v_steps);
    v_id := nextval('orders.event_id_seq');
    INSERT INTO orders.event (tenant_id, subject, subject_id, version, epoch, xid, id, created_at, first_step, types, steps, actor,
                              actor_id, api, return_id, comments, comments_salt, comments_digest, hash)
    VALUES (c.tenant_id, p_subject, p_id, p_version, v_epoch, v_xid, v_id, p_at, v_step, v_types, v_steps, c.actor,
            c.actor_id, c.api, p_return, v_comments, v_salt, v_digest,
            orders_v1.event_hash(b.hash, c.tenant_id, p_subject, p_id, p_version, v_epoch, v_xid, v_id, p_at, v_step, v_types, v_steps,
                                 c.actor, c.actor_id, c.api, p_return, v_digest));
END
$$;

-- A transaction gets its id at its first write and may commit long after transactions with greater ids. Below the horizon, all transactions
-- have ended: their events are visible in the snapshot that the horizon was read from, and in later snapshots.
CREATE OR REPLACE FUNCTION orders_v1.event_horizon() RETURNS xid8 LANGUAGE sql STABLE AS $$
    SELECT pg_snapshot_xmin(pg_current_snapshot())
$$;

CREATE OR REPLACE FUNCTION orders_v1.matches_pattern(p_types text[], p_patterns text[]) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_pattern text;
    v_type    text;
BEGIN
    FOREACH v_pattern IN ARRAY p_patterns LOOP
        IF v_pattern = '*' OR v_pattern = ANY (p_types) THEN
            RETURN true;
        ELSIF right(v_pattern, 2) = '.*' THEN
            FOREACH v_type IN ARRAY p_types LOOP
                IF starts_with(v_type, left(v_pattern, -1)) THEN
                    RETURN true;
                END IF;
            END LOOP;
        END IF;
    END LOOP;
    RETURN false;
END
$$;

-- The number after the third colon of a step is that of its comment.
CREATE OR REPLACE FUNCTION orders_v1.event_view_of(e orders.event) RETURNS orders_v1.event_view LANGUAGE plpgsql STABLE AS $$
DECLARE
    r orders_v1.event_view;
    s text;
    t orders_v1.event_step_view;
BEGIN
    r.id := e.id;
    r.epoch := e.epoch;
    r.xid := e.xid::text::bigint;
    r.types := to_jsonb(e.types);
    r.subject := e.subject;
    r.subject_id := e.subject_id;
    IF e.subject = 'order' THEN
        SELECT o.public_id, o.number INTO r.public_id, r.order_number
        FROM orders.orders o
        WHERE o.tenant_id = e.tenant_id AND o.id = e.subject_id;
    ELSE
        SELECT w.public_id INTO r.public_id FROM orders.webhook_endpoint w WHERE w.tenant_id = e.tenant_id AND w.id = e.subject_id;
    END IF;
    r.version := e.version;
    r.actor := e.actor;
    r.actor_id := e.actor_id;
    r.api := e.api;
    r.return_id := e.return_id;
    r.steps := '{}';
    FOREACH s IN ARRAY e.steps LOOP
        t.axis := split_part(s, ':', 1);
        t.from_state := split_part(s, ':', 2);
        t.to_state := split_part(s, ':', 3);
        t.comment := e.comments[coalesce(nullif(split_part(s, ':', 4), '')::integer, 1)];
        r.steps := r.steps || t;
    END LOOP;
    r.created_at := e.created_at;
    r.hash := encode(e.hash, 'hex');
    RETURN r;
END
$$;

COMMENT ON FUNCTION orders_v1.event_hash IS
'Hash of an event: SHA-256 of the hash of the event before it (nothing, for version 1) and of the UTF-8 text of a JSON array of the other arguments in
their order: numbers, texts, arrays of texts, or null; xid as text, created_at as microseconds since 1970-01-01 UTC, comments_digest in hexadecimal';
COMMENT ON FUNCTION orders_v1.comments_digest IS
'Internal: SHA-256 of the salt and of the UTF-8 text of a JSON array of the comments; NULL: no comments';
COMMENT ON FUNCTION orders_v1.comments_salt IS 'Internal: a salt for comments; NULL: no comments';
COMMENT ON FUNCTION orders_v1.event_types IS
'Internal: the types of an event with these steps, from transition, each once; subject.updated without steps; NULL: the actor may not take one of the steps';
COMMENT ON FUNCTION orders_v1.step_texts IS 'Internal: steps as an event has them, with the number of their comment';
COMMENT ON FUNCTION orders_v1.check_steps IS 'Internal: foreign_key_violation when event_types found a step that is not allowed';
COMMENT ON FUNCTION orders_v1.has_previous_xid IS
'Internal: whether an event can be one of this transaction although it has a greater xid: that of the previous event';
COMMENT ON FUNCTION orders_v1.extend_event IS
'Internal: adds steps to an event of this transaction. unique_violation when the event belongs to another operation, actor or return';
COMMENT ON FUNCTION orders_v1.record_event IS
'Internal: records an operation on a subject that this transaction has locked or created. p_version: the version after the
operation. p_return: the return that steps on the axis return belong to. Steps of a second record for this version are added to its
event';
COMMENT ON FUNCTION orders_v1.event_horizon IS
'Internal: the oldest running transaction with an id, of all databases of the server; the next id if none is running. All events of the present epoch
with a smaller xid are visible, and none is added. Read it in the statement that reads the events, or before it, never after it';
COMMENT ON FUNCTION orders_v1.matches_pattern IS
'Internal: whether one of the types of an event matches one of the patterns: * (all types), a prefix up to a dot and * (order.*), or a type. No pattern: false';
COMMENT ON FUNCTION orders_v1.event_view_of IS 'Internal: an event as responses and webhooks show it';
