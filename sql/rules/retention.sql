-- SPDX-License-Identifier: Apache-2.0
-- Deletes records that are older than an age. The worker calls each function again while it deletes p_limit rows.
--
-- A call deletes in chunks, the oldest rows first, and ends after a second, so that it ends before statement_timeout however large its
-- rows are. A chunk begins where the last one ended, because an index scan would read the deleted rows again. Locked rows
-- are left for the next call. The rows of a chunk are locked and do not move, so most are deleted by ctid. The settings make
-- each plan read the index by age, whatever the statistics of the table are.

CREATE OR REPLACE FUNCTION orders_v1.may_purge_more(p_found integer, p_count integer, p_limit integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN coalesce(p_found, 0) = 1000 AND p_count < p_limit AND clock_timestamp() < statement_timestamp() + interval '1 second';
END
$$;

-- Called by the module of release 0.1 too.
CREATE OR REPLACE FUNCTION orders_v1.purge_idempotency(p_tenant integer, p_age interval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s'
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_from  timestamptz := '-infinity';
    v_found integer;
    v_count integer := 0;
BEGIN
    LOOP
        WITH old AS MATERIALIZED (
            SELECT d.actor_id, d.route, d.key, d.created_at FROM idempotency d
            WHERE d.tenant_id = p_tenant AND d.created_at < now() - p_age AND d.created_at >= v_from
            ORDER BY d.created_at
            LIMIT 1000
            FOR UPDATE SKIP LOCKED
        ), gone AS (
            DELETE FROM idempotency i
            USING old
            WHERE i.tenant_id = p_tenant AND i.actor_id = old.actor_id AND i.route = old.route AND i.key = old.key
            RETURNING i.created_at
        )
        SELECT count(*), max(gone.created_at) INTO v_found, v_from FROM gone;
        v_count := v_count + v_found;
        EXIT WHEN NOT may_purge_more(v_found, v_count, 10000);
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
        DELETE FROM mail m WHERE m.tenant_id = p_tenant AND m.ctid = ANY (v_rows);
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
    v_rows  tid[];
    v_from  timestamptz := '-infinity';
    v_count integer := 0;
BEGIN
    LOOP
        SELECT array_agg(o.ctid), max(o.received_at) INTO v_rows, v_from
        FROM (SELECT e.ctid, e.received_at FROM provider_event e
              WHERE e.tenant_id = p_tenant AND e.received_at < now() - p_age AND e.received_at >= v_from
                AND (e.verdict IN ('done', 'unchanged') OR e.resolved_at IS NOT NULL)
                AND NOT EXISTS (SELECT FROM provider_event y
                                WHERE y.tenant_id = p_tenant AND y.payment_id = e.payment_id
                                  AND (y.received_at >= now() - p_age OR y.verdict = 'waiting' OR (y.verdict = 'refused' AND y.resolved_at IS NULL)))
                AND NOT EXISTS (SELECT FROM payment p WHERE p.tenant_id = p_tenant AND p.id = e.payment_id AND p.refunding > 0)
              ORDER BY e.received_at
              LIMIT 1000
              FOR UPDATE OF e SKIP LOCKED) AS o;
        DELETE FROM provider_event e WHERE e.tenant_id = p_tenant AND e.ctid = ANY (v_rows);
        v_count := v_count + coalesce(cardinality(v_rows), 0);
        EXIT WHEN NOT may_purge_more(cardinality(v_rows), v_count, p_limit);
    END LOOP;
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
        DELETE FROM token t WHERE t.tenant_id = p_tenant AND t.ctid = ANY (v_rows);
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
    v_ids   bigint[];
    v_rows  tid[];
    v_from  timestamptz := '-infinity';
    v_count integer := 0;
BEGIN
    LOOP
        SELECT array_agg(o.id), array_agg(o.ctid), max(o.updated_at) INTO v_ids, v_rows, v_from
        FROM (SELECT k.id, k.ctid, k.updated_at FROM cart k
              WHERE k.tenant_id = p_tenant AND k.updated_at < now() - p_age AND k.updated_at >= v_from AND k.state = 'open'
                AND NOT EXISTS (SELECT FROM orders x WHERE x.tenant_id = p_tenant AND x.cart_id = k.id)
              ORDER BY k.updated_at
              LIMIT 1000
              FOR UPDATE OF k SKIP LOCKED) AS o;
        DELETE FROM cart_line q WHERE q.tenant_id = p_tenant AND q.cart_id = ANY (v_ids);
        DELETE FROM cart_reorder q WHERE q.tenant_id = p_tenant AND q.cart_id = ANY (v_ids);
        DELETE FROM cart k WHERE k.tenant_id = p_tenant AND k.ctid = ANY (v_rows);
        v_count := v_count + coalesce(cardinality(v_rows), 0);
        EXIT WHEN NOT may_purge_more(cardinality(v_rows), v_count, p_limit);
    END LOOP;
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
'Internal: whether a purge continues after a chunk of p_found rows (NULL: none): the chunk was full, p_limit is not reached, and the call has run
for less than a second';
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
