-- SPDX-License-Identifier: Apache-2.0
-- Deletes records that are older than an age. The worker repeats the call as long as a call deletes p_limit rows.
--
-- A call deletes in chunks, the oldest rows first, and ends after a second, so that it ends before statement_timeout however large its
-- rows are. A chunk begins where the last one ended, because an index scan would read the deleted rows again. Locked rows
-- are left for the next call. The rows of a chunk are locked and do not move, so they are deleted by ctid. The settings
-- discourage plans that read the whole table, all rows of a tenant, or sort: the planner may choose them while statistics are missing, and a
-- session keeps a plan that it has made while the tables were small.
--
-- The index also contains events and carts that must be kept. A chunk therefore reads at most 1000 rows, including the kept rows. A call
-- that ends before the last old row stores its position in the session, so that the next call continues there. A new session starts with
-- the oldest row.

CREATE OR REPLACE FUNCTION orders_v1.may_purge_more(p_found integer, p_count integer, p_limit integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN coalesce(p_found, 0) = 1000 AND p_count < p_limit AND clock_timestamp() < statement_timestamp() + interval '1 second';
END
$$;

-- The costs leave only plans that find the rows by ctid, whatever the size of the table was when the session planned. Foreign keys that refer
-- to a table are checked with these costs too, and the session keeps the plans of their queries: therefore index scans are not disabled.
CREATE OR REPLACE FUNCTION orders_v1.delete_at(p_table text, p_tenant integer, p_places tid[]) RETURNS void LANGUAGE plpgsql VOLATILE
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET random_page_cost = 0 SET cpu_index_tuple_cost = 1000 AS $$
BEGIN
    CASE p_table
        WHEN 'cart' THEN DELETE FROM orders.cart x WHERE x.tenant_id = p_tenant AND x.ctid = ANY (p_places);
        WHEN 'idempotency' THEN DELETE FROM orders.idempotency x WHERE x.tenant_id = p_tenant AND x.ctid = ANY (p_places);
        WHEN 'mail' THEN DELETE FROM orders.mail x WHERE x.tenant_id = p_tenant AND x.ctid = ANY (p_places);
        WHEN 'provider_event' THEN DELETE FROM orders.provider_event x WHERE x.tenant_id = p_tenant AND x.ctid = ANY (p_places);
        WHEN 'token' THEN DELETE FROM orders.token x WHERE x.tenant_id = p_tenant AND x.ctid = ANY (p_places);
        WHEN 'webhook_body' THEN DELETE FROM orders.webhook_body x WHERE x.tenant_id = p_tenant AND x.ctid = ANY (p_places);
        WHEN 'webhook_delivery' THEN DELETE FROM orders.webhook_delivery x WHERE x.tenant_id = p_tenant AND x.ctid = ANY (p_places);
    END CASE;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.purge_position(p_kind text, p_tenant integer, OUT at timestamptz, OUT id bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_position jsonb := nullif(current_setting(format('orders.purged_%s_%s', p_kind, p_tenant), true), '')::jsonb;
BEGIN
    at := coalesce((v_position ->> 0)::timestamptz, '-infinity');
    id := coalesce((v_position ->> 1)::bigint, 0);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.set_purge_position(p_kind text, p_tenant integer, p_at timestamptz, p_id bigint, p_found integer)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_name text := format('orders.purged_%s_%s', p_kind, p_tenant);
BEGIN
    IF p_found = 1000 THEN
        PERFORM set_config(v_name, jsonb_build_array(p_at, p_id)::text, false);
    ELSIF current_setting(v_name, true) <> '' THEN
        PERFORM set_config(v_name, '', false);
    END IF;
END
$$;

-- Called by the module of release 0.1 too.
CREATE OR REPLACE FUNCTION orders_v1.purge_idempotency(p_tenant integer, p_age interval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s'
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    v_rows  tid[];
    v_from  timestamptz := '-infinity';
    v_count integer := 0;
BEGIN
    LOOP
        SELECT array_agg(o.ctid), max(o.created_at) INTO v_rows, v_from
        FROM (SELECT d.ctid, d.created_at FROM idempotency d
              WHERE d.tenant_id = p_tenant AND d.created_at < now() - p_age AND d.created_at >= v_from
              ORDER BY d.created_at
              LIMIT 1000
              FOR UPDATE SKIP LOCKED) AS o;
        PERFORM delete_at('idempotency', p_tenant, v_rows);
        v_count := v_count + coalesce(cardinality(v_rows), 0);
        EXIT WHEN NOT may_purge_more(cardinality(v_rows), v_count, 10000);
    END LOOP;
    RETURN v_count;
END
$$;

-- The age counts from the creation: a mail is sent or dead a few days later at most. Rows have the address of the recipient.
CREATE OR REPLACE FUNCTION orders_v1.purge_mails(p_tenant integer, p_age interval, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s'
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    v_rows  tid[];
    v_from  timestamptz := '-infinity';
    v_count integer := 0;
BEGIN
    LOOP
        SELECT array_agg(o.ctid), max(o.created_at) INTO v_rows, v_from
        FROM (SELECT m.ctid, m.created_at FROM mail m
              WHERE m.tenant_id = p_tenant AND m.created_at < now() - p_age AND m.created_at >= v_from
                AND (m.done_at IS NOT NULL OR m.dead)
              ORDER BY m.created_at
              LIMIT 1000
              FOR UPDATE SKIP LOCKED) AS o;
        PERFORM delete_at('mail', p_tenant, v_rows);
        v_count := v_count + coalesce(cardinality(v_rows), 0);
        EXIT WHEN NOT may_purge_more(cardinality(v_rows), v_count, p_limit);
    END LOOP;
    RETURN v_count;
END
$$;

-- Waiting events and unresolved refused events are kept: money may have moved that the orders do not show. Events of a payment are compared with
-- each other (a refund and its failure, for example), so they are kept while the payment has a younger event or a pending refund.
CREATE OR REPLACE FUNCTION orders_v1.purge_provider_events(p_tenant integer, p_age interval, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s'
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_at    timestamptz;
    v_id    bigint;
    v_rows  tid[];
    v_found integer;
    v_count integer := 0;
BEGIN
    SELECT x.at, x.id INTO v_at, v_id FROM purge_position('provider_events', p_tenant) AS x;
    LOOP
        WITH old AS MATERIALIZED (
            SELECT e.ctid AS place, e.id, e.received_at, e.payment_id FROM provider_event e
            WHERE e.tenant_id = p_tenant AND e.received_at < now() - p_age AND (e.received_at, e.id) > (v_at, v_id)
              AND (e.verdict IN ('done', 'unchanged') OR e.resolved_at IS NOT NULL)
            ORDER BY e.received_at, e.id
            LIMIT 1000
            FOR UPDATE SKIP LOCKED
        ), deletable AS (
            SELECT old.place FROM old
            WHERE (SELECT y.id FROM provider_event y
                   WHERE y.tenant_id = p_tenant AND y.payment_id = old.payment_id
                     AND (y.received_at >= now() - p_age OR y.verdict = 'waiting' OR (y.verdict = 'refused' AND y.resolved_at IS NULL))
                   LIMIT 1) IS NULL
              AND (SELECT p.id FROM payment p WHERE p.tenant_id = p_tenant AND p.id = old.payment_id AND p.refunding > 0 LIMIT 1) IS NULL
        )
        SELECT (SELECT array_agg(deletable.place) FROM deletable), count(*), max(old.received_at), (array_agg(old.id))[count(*)]
        INTO v_rows, v_found, v_at, v_id FROM old;
        PERFORM delete_at('provider_event', p_tenant, v_rows);
        v_count := v_count + coalesce(cardinality(v_rows), 0);
        EXIT WHEN NOT may_purge_more(v_found, v_count, p_limit);
    END LOOP;
    PERFORM set_purge_position('provider_events', p_tenant, v_at, v_id, v_found);
    IF v_count < p_limit THEN
        v_count := v_count + purge_provider_notices(p_tenant, p_age);
    END IF;
    RETURN v_count;
END
$$;

-- A token that was revoked before its expiry is kept: its secret is derived from an idempotency key, and must not become valid again when the
-- key is used again.
CREATE OR REPLACE FUNCTION orders_v1.purge_tokens(p_tenant integer, p_age interval, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s'
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    v_rows  tid[];
    v_from  timestamptz := '-infinity';
    v_count integer := 0;
BEGIN
    LOOP
        SELECT array_agg(o.ctid), max(o.expires_at) INTO v_rows, v_from
        FROM (SELECT t.ctid, t.expires_at FROM token t
              WHERE t.tenant_id = p_tenant AND t.expires_at < now() - p_age AND t.expires_at >= v_from AND t.revoked_at IS NULL
              ORDER BY t.expires_at
              LIMIT 1000
              FOR UPDATE SKIP LOCKED) AS o;
        PERFORM delete_at('token', p_tenant, v_rows);
        v_count := v_count + coalesce(cardinality(v_rows), 0);
        EXIT WHEN NOT may_purge_more(cardinality(v_rows), v_count, p_limit);
    END LOOP;
    RETURN v_count;
END
$$;

-- The lock of the cart keeps requests from adding to it or ordering it. They wait for this transaction, and then get cart_not_found.
CREATE OR REPLACE FUNCTION orders_v1.purge_carts(p_tenant integer, p_age interval, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s'
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_at    timestamptz;
    v_id    bigint;
    v_ids   bigint[];
    v_rows  tid[];
    v_found integer;
    v_count integer := 0;
BEGIN
    SELECT x.at, x.id INTO v_at, v_id FROM purge_position('carts', p_tenant) AS x;
    LOOP
        WITH old AS MATERIALIZED (
            SELECT k.ctid AS place, k.id, k.updated_at FROM cart k
            WHERE k.tenant_id = p_tenant AND k.updated_at < now() - p_age AND (k.updated_at, k.id) > (v_at, v_id) AND k.state = 'open'
            ORDER BY k.updated_at, k.id
            LIMIT 1000
            FOR UPDATE SKIP LOCKED
        ), deletable AS (
            SELECT old.place, old.id FROM old
            WHERE (SELECT x.id FROM orders x WHERE x.tenant_id = p_tenant AND x.cart_id = old.id LIMIT 1) IS NULL
        )
        SELECT (SELECT array_agg(deletable.id) FROM deletable), (SELECT array_agg(deletable.place) FROM deletable), count(*), max(old.updated_at),
               (array_agg(old.id))[count(*)]
        INTO v_ids, v_rows, v_found, v_at, v_id FROM old;
        DELETE FROM cart_line q WHERE q.tenant_id = p_tenant AND q.cart_id = ANY (v_ids);
        DELETE FROM cart_reorder q WHERE q.tenant_id = p_tenant AND q.cart_id = ANY (v_ids);
        PERFORM delete_at('cart', p_tenant, v_rows);
        v_count := v_count + coalesce(cardinality(v_rows), 0);
        EXIT WHEN NOT may_purge_more(v_found, v_count, p_limit);
    END LOOP;
    PERFORM set_purge_position('carts', p_tenant, v_at, v_id, v_found);
    RETURN v_count;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.purge_idempotency(integer, interval),
    orders_v1.purge_mails(integer, interval, integer),
    orders_v1.purge_provider_events(integer, interval, integer),
    orders_v1.purge_tokens(integer, interval, integer),
    orders_v1.purge_carts(integer, interval, integer)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.may_purge_more IS
'Internal: whether a purge continues after a chunk of p_found rows (NULL: none), kept ones included: the chunk was full, p_limit is not
reached, and the call has run for less than a second';
COMMENT ON FUNCTION orders_v1.delete_at IS
'Internal: deletes the rows of a table at these places, which this transaction has locked. p_places NULL: no rows';
COMMENT ON FUNCTION orders_v1.purge_position IS
'Internal: the row after which a purge of this session continues; -infinity: the oldest row';
COMMENT ON FUNCTION orders_v1.set_purge_position IS
'Internal: stores the position after the last chunk of a call, which read p_found rows. A chunk that is not full was the last one: the next call
starts with the oldest row';
COMMENT ON FUNCTION orders_v1.purge_idempotency IS
'Worker: deletes idempotency keys older than p_age, about 10000 per call at most; returns their number';
COMMENT ON FUNCTION orders_v1.purge_mails IS
'Worker: deletes mails older than p_age that are sent or dead, in chunks of 1000 until p_limit; returns their number';
COMMENT ON FUNCTION orders_v1.purge_provider_events IS
'Worker: deletes events of providers that were applied or resolved and are older than p_age, as are all events of their payment, in chunks of 1000 until
p_limit; returns their number. Waiting events and refused ones that are not resolved are kept, with all events of their payments. Deletes settled notices of that age too';
COMMENT ON FUNCTION orders_v1.purge_tokens IS
'Worker: deletes tokens that expired p_age ago and were not revoked, in chunks of 1000 until p_limit; returns their number';
COMMENT ON FUNCTION orders_v1.purge_carts IS
'Worker: deletes open carts that have not been changed for p_age, with their lines, in chunks of 1000 until p_limit; returns their number. A
cart that became an order is kept';
