-- SPDX-License-Identifier: Apache-2.0
-- A notice is a delivery whose signature does not authenticate its body. It is stored, then verified by reading the resource that it names. A
-- rejected notice also has a refused event, so that operators have one list. Locks: the notice, then its refused event.

CREATE OR REPLACE FUNCTION orders_v1.notice_limit() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 10000 $$;

CREATE OR REPLACE FUNCTION orders_v1.settled_notice_limit() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 1000 $$;

CREATE OR REPLACE FUNCTION orders_v1.is_notice_full(p_tenant integer, p_channel text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM orders.provider_notice n
                   WHERE n.tenant_id = p_tenant AND n.channel = p_channel AND n.verdict IN ('pending', 'rejected')
                   OFFSET orders_v1.notice_limit() - 1 LIMIT 1);
END
$$;

-- A repeat of a deleted notice is verified again, and its event is applied once.
CREATE OR REPLACE FUNCTION orders_v1.trim_notices(p_tenant integer, p_channel text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM orders.provider_notice x
    WHERE x.tenant_id = p_tenant AND x.id IN (
        SELECT n.id FROM orders.provider_notice n
        WHERE n.tenant_id = p_tenant AND n.channel = p_channel AND n.verdict IN ('verified', 'ignored')
          AND n.id <= (SELECT l.id FROM orders.provider_notice l
                       WHERE l.tenant_id = p_tenant AND l.channel = p_channel AND l.verdict IN ('verified', 'ignored')
                       ORDER BY l.id DESC
                       OFFSET orders_v1.settled_notice_limit() LIMIT 1)
        ORDER BY n.id
        LIMIT 100
        FOR UPDATE SKIP LOCKED);
END
$$;

-- The ids are claims of the body. They never change money: events of type unverified are not applied.
CREATE OR REPLACE FUNCTION orders_v1.named_payment(p_tenant integer, p_channel text, p_key uuid, p_kind text, p_resource text, p_transaction text)
RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    p orders.payment;
BEGIN
    IF p_key IS NOT NULL THEN
        p := orders_v1.find_payment(p_tenant, p_channel, p_key, NULL);
    END IF;
    IF p.id IS NULL AND p_kind = 'order' THEN
        p := orders_v1.find_payment(p_tenant, p_channel, NULL, p_resource);
    END IF;
    RETURN coalesce(p.id, (SELECT t.payment_id
                           FROM orders.payment_channel n
                           JOIN orders.provider_transaction t ON t.tenant_id = p_tenant AND t.provider = n.provider
                           JOIN orders.payment x ON x.tenant_id = p_tenant AND x.id = t.payment_id AND x.channel = p_channel
                           WHERE n.tenant_id = p_tenant AND n.external_ref = p_channel
                             AND t.transaction_id IN (p_transaction, CASE WHEN p_kind <> 'order' THEN p_resource END)
                           LIMIT 1));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.notice_event_id(p_hash bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'notice:' || encode(p_hash, 'hex')
$$;

-- An event that was refused before and verified again without success stays refused.
CREATE OR REPLACE FUNCTION orders_v1.list_rejected_notice(
    n orders.provider_notice, p_key uuid, p_payment bigint, p_transaction text, p_refusal text, p_logged boolean
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders.provider_event (tenant_id, channel, event_id, type, raw_type, payment_key, payment_id, intent_id, transaction_id,
                                       verdict, attempts, refusal, detail, received_at, judged_at, reported_at)
    VALUES (n.tenant_id, n.channel, n.event_id, 'unverified', n.raw_type, p_key, p_payment,
            CASE WHEN n.resource_kind = 'order' THEN n.resource_id END,
            coalesce(p_transaction, CASE WHEN n.resource_kind <> 'order' THEN n.resource_id END), 'refused', n.attempts, p_refusal, n.detail,
            n.received_at, now(), CASE WHEN p_logged THEN now() END)
    ON CONFLICT ON CONSTRAINT provider_event_unique DO UPDATE
    SET attempts = excluded.attempts, refusal = excluded.refusal, detail = excluded.detail, judged_at = excluded.judged_at,
        reported_at = excluded.reported_at
    WHERE orders.provider_event.resolved_at IS NULL;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.reject_notice(
    n orders.provider_notice, p_key uuid, p_payment bigint, p_transaction text, p_refusal text, p_logged boolean
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders.provider_notice x
    SET verdict = 'rejected', event_id = orders_v1.notice_event_id(x.body_hash), detail = n.detail, judged_at = now()
    WHERE x.tenant_id = n.tenant_id AND x.id = n.id
    RETURNING * INTO n;
    PERFORM orders_v1.end_due(n.tenant_id, 'provider_notice', n.id);
    PERFORM orders_v1.list_rejected_notice(n, p_key, p_payment, p_transaction, p_refusal, p_logged);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.settle_notice(n orders.provider_notice, p_verdict text, p_event text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders.provider_notice x
    SET verdict = p_verdict, event_id = p_event, detail = NULL, judged_at = now()
    WHERE x.tenant_id = n.tenant_id AND x.id = n.id;
    PERFORM orders_v1.end_due(n.tenant_id, 'provider_notice', n.id);
    UPDATE orders.provider_event e
    SET resolved_at = now(), resolution = 'Verified later' || coalesce(': event ' || p_event, '') || '.'
    WHERE e.tenant_id = n.tenant_id AND e.channel = n.channel AND e.event_id = orders_v1.notice_event_id(n.body_hash)
      AND e.resolved_at IS NULL;
    PERFORM orders_v1.trim_notices(n.tenant_id, n.channel);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.store_provider_notice(
    p_tenant integer, p_channel text, p_hash bytea, p_raw_type text, p_kind text, p_resource text, p_key uuid, p_transaction text,
    p_for_tenant integer, p_refusal text, p_detail text, p_lease integer
) RETURNS TABLE (outcome text, notice bigint, replayed boolean, refusal text, detail text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
#variable_conflict use_column
DECLARE
    e          orders.provider_event;
    n          orders.provider_notice;
    v_payment  bigint := named_payment(p_tenant, p_channel, p_key, p_kind, p_resource, p_transaction);
    v_foreign  boolean := coalesce(p_for_tenant <> p_tenant, false);
    v_refusal  text := p_refusal;
    v_detail   text := p_detail;
    v_verdict  text;
BEGIN
    v_verdict := CASE
        WHEN v_foreign THEN 'ignored'
        WHEN v_refusal IS NOT NULL THEN 'rejected'
        WHEN p_kind IS NOT NULL THEN 'pending'
        WHEN v_payment IS NULL THEN 'ignored'
        ELSE 'rejected' END;
    IF v_verdict = 'rejected' AND v_refusal IS NULL THEN
        v_refusal := 'invalid_field';
        v_detail := 'Unknown event type.';
    END IF;
    SELECT * INTO n FROM provider_notice x WHERE x.tenant_id = p_tenant AND x.channel = p_channel AND x.body_hash = p_hash;
    IF n.id IS NULL THEN
        IF v_verdict IN ('pending', 'rejected') AND is_notice_full(p_tenant, p_channel) THEN
            RETURN QUERY VALUES ('full', NULL::bigint, false, v_refusal, v_detail);
            RETURN;
        END IF;
        INSERT INTO provider_notice (tenant_id, channel, body_hash, raw_type, resource_kind, resource_id, verdict, event_id, detail, judged_at)
        VALUES (p_tenant, p_channel, p_hash, p_raw_type, p_kind, CASE WHEN p_kind IS NOT NULL THEN p_resource END, v_verdict,
                CASE WHEN v_verdict = 'rejected' THEN notice_event_id(p_hash) END, v_detail, CASE WHEN v_verdict <> 'pending' THEN now() END)
        ON CONFLICT ON CONSTRAINT provider_notice_body_unique DO NOTHING
        RETURNING * INTO n;
        IF FOUND THEN
            IF v_verdict = 'pending' THEN
                PERFORM put_due(p_tenant, 'provider_notice', n.id, p_channel, now() + make_interval(secs => p_lease));
            ELSIF v_verdict = 'rejected' THEN
                PERFORM list_rejected_notice(n, p_key, v_payment, p_transaction, v_refusal, true);
            ELSE
                PERFORM trim_notices(p_tenant, p_channel);
            END IF;
            RETURN QUERY VALUES (CASE v_verdict WHEN 'rejected' THEN 'refused' WHEN 'ignored' THEN 'unchanged' ELSE v_verdict END, n.id, false,
                                 v_refusal, v_detail);
            RETURN;
        END IF;
        SELECT * INTO n FROM provider_notice x WHERE x.tenant_id = p_tenant AND x.channel = p_channel AND x.body_hash = p_hash;
    END IF;
    IF n.verdict = 'rejected' THEN
        -- Does not depend on the event: a reply without a row would be an error of the server.
        SELECT * INTO e FROM provider_event x WHERE x.tenant_id = p_tenant AND x.channel = p_channel AND x.event_id = n.event_id;
        RETURN QUERY VALUES ('refused', n.id, true, coalesce(e.refusal, v_refusal, 'provider_unreachable'), coalesce(e.detail, n.detail));
        RETURN;
    END IF;
    RETURN QUERY VALUES (CASE n.verdict WHEN 'pending' THEN 'pending' ELSE 'unchanged' END, n.id, true, NULL::text, NULL::text);
END
$$;

-- Does not count an attempt: a stopping worker may abandon the claim before the call.
CREATE OR REPLACE FUNCTION orders_v1.claim_notices(p_tenant integer, p_channel text, p_limit integer, p_lease integer)
RETURNS TABLE (id bigint, raw_type text, resource_kind text, resource_id text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
#variable_conflict use_column
DECLARE
    d orders.due;
BEGIN
    FOR d IN SELECT * FROM claim_due(p_tenant, 'provider_notice', p_channel, p_limit, p_lease) LOOP
        RETURN QUERY SELECT n.id, n.raw_type, n.resource_kind, n.resource_id FROM provider_notice n
                     WHERE n.tenant_id = p_tenant AND n.id = d.id AND n.verdict = 'pending';
        IF NOT FOUND THEN
            PERFORM end_due(p_tenant, 'provider_notice', d.id);
        END IF;
    END LOOP;
END
$$;

-- A resource that its provider reports as undecided is read again until it is decided, without a limit: money may move.
CREATE OR REPLACE FUNCTION orders_v1.postpone_notice(p_tenant integer, p_notice bigint, p_detail text, p_undecided boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    v_now timestamptz := now();
BEGIN
    UPDATE provider_notice n
    SET attempts = CASE WHEN p_undecided THEN 0 ELSE n.attempts + 1 END, detail = p_detail,
        pending_since = CASE WHEN p_undecided THEN v_now ELSE n.pending_since END
    WHERE n.tenant_id = p_tenant AND n.id = p_notice AND n.verdict = 'pending';
    IF FOUND THEN
        PERFORM postpone_due(p_tenant, 'provider_notice', p_notice, interval '10 seconds', interval '1 hour');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.finish_notice(p_tenant integer, p_notice bigint, p_event text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    n orders.provider_notice;
BEGIN
    SELECT * INTO n FROM provider_notice x
    WHERE x.tenant_id = p_tenant AND x.id = p_notice AND x.verdict = 'pending'
    FOR UPDATE;
    IF FOUND THEN
        PERFORM settle_notice(n, CASE WHEN p_event IS NULL THEN 'ignored' ELSE 'verified' END, p_event);
    END IF;
END
$$;

-- A worker reaches six attempts within minutes. The longer time is for channels that no worker serves, and for providers whose calls are
-- suspended most of the time.
CREATE OR REPLACE FUNCTION orders_v1.refuse_stale_notices(p_tenant integer, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    n       orders.provider_notice;
    v_count integer := 0;
BEGIN
    FOR n IN
        SELECT * FROM provider_notice x
        WHERE x.tenant_id = p_tenant AND x.verdict = 'pending' AND x.pending_since < now() - interval '1 day'
          AND (x.attempts >= 6 OR x.pending_since < now() - interval '3 days')
        ORDER BY x.pending_since
        LIMIT p_limit
        FOR UPDATE SKIP LOCKED
    LOOP
        n.detail := coalesce(n.detail, 'No attempt was made to verify it.');
        PERFORM reject_notice(n, NULL, named_payment(p_tenant, n.channel, NULL, n.resource_kind, n.resource_id, NULL), NULL,
                              'provider_unreachable', false);
        v_count := v_count + 1;
    END LOOP;
    RETURN v_count;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.purge_provider_notices(p_tenant integer, p_age interval) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_count integer;
BEGIN
    DELETE FROM orders.provider_notice x
    WHERE x.tenant_id = p_tenant AND x.id IN (
        SELECT n.id FROM orders.provider_notice n
        WHERE n.tenant_id = p_tenant AND n.verdict IN ('verified', 'ignored') AND n.judged_at < now() - p_age
        LIMIT 10000
        FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

-- The signature proves that the provider sent the body, but the body cannot be parsed.
CREATE OR REPLACE FUNCTION orders_v1.store_unreadable_event(p_tenant integer, p_channel text, p_hash bytea, p_refusal text, p_detail text)
RETURNS TABLE (outcome text, notice bigint, replayed boolean, refusal text, detail text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
#variable_conflict use_column
DECLARE
    v_new boolean;
BEGIN
    INSERT INTO provider_event (tenant_id, channel, event_id, type, verdict, refusal, detail, judged_at, reported_at)
    VALUES (p_tenant, p_channel, 'body:' || encode(p_hash, 'hex'), 'unreadable', 'refused', p_refusal, p_detail, now(), now())
    ON CONFLICT ON CONSTRAINT provider_event_unique DO NOTHING;
    v_new := FOUND;
    RETURN QUERY VALUES ('refused', NULL::bigint, NOT v_new, p_refusal, p_detail);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.store_provider_notice(integer, text, bytea, text, text, text, uuid, text, integer, text, text, integer),
    orders_v1.claim_notices(integer, text, integer, integer),
    orders_v1.postpone_notice(integer, bigint, text, boolean),
    orders_v1.finish_notice(integer, bigint, text),
    orders_v1.refuse_stale_notices(integer, integer),
    orders_v1.store_unreadable_event(integer, text, bytea, text, text)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.notice_limit IS
'Internal: the maximum number of pending and rejected notices of a channel, so that forged deliveries cannot fill the database';
COMMENT ON FUNCTION orders_v1.settled_notice_limit IS 'Internal: how many verified and ignored notices of a channel are kept, to recognize repeats';
COMMENT ON FUNCTION orders_v1.is_notice_full IS 'Internal: whether a channel has the maximum number of pending and rejected notices';
COMMENT ON FUNCTION orders_v1.trim_notices IS 'Internal: deletes the oldest verified and ignored notices of a channel beyond the limit';
COMMENT ON FUNCTION orders_v1.named_payment IS
'Internal: the payment that a notice claims to be about, by key, intent or transaction; NULL: none. For display only';
COMMENT ON FUNCTION orders_v1.notice_event_id IS 'Internal: the event_id of the refused event of a rejected notice';
COMMENT ON FUNCTION orders_v1.list_rejected_notice IS
'Internal: adds the refused event of a rejected notice. p_logged: the caller logs it; otherwise refused_provider_events returns it';
COMMENT ON FUNCTION orders_v1.reject_notice IS 'Internal: rejects a locked notice, with n.detail as the reason';
COMMENT ON FUNCTION orders_v1.settle_notice IS 'Internal: sets the final verdict of a locked notice, and resolves its refused event if it has one';
COMMENT ON FUNCTION orders_v1.store_provider_notice IS
'Stores a signed delivery whose body the signature does not authenticate. p_hash: SHA-256 of the body. p_kind and p_resource: the resource to
read; p_kind NULL: the type is unknown. p_key, p_transaction and p_for_tenant: what the body claims. p_refusal and p_detail: why it cannot be
verified at all. Outcomes: pending (the caller verifies it now; the worker does after p_lease seconds), unchanged (not about a payment of this
tenant, or a repeat of a verified delivery), refused, or full (not stored: the channel has too many). replayed: the same body was stored before';
COMMENT ON FUNCTION orders_v1.claim_notices IS
'Worker: claims pending notices of a channel, with a lease of p_lease seconds';
COMMENT ON FUNCTION orders_v1.postpone_notice IS
'Records that a notice could not be verified. The next attempt follows in 10 seconds, doubled after each attempt, at most an hour.
p_undecided: the provider has replied, but the outcome is still open; the time after which the notice is rejected starts again';
COMMENT ON FUNCTION orders_v1.finish_notice IS
'Records that a notice was verified and its event (p_event) applied, or, with NULL, that it is about no payment of this tenant';
COMMENT ON FUNCTION orders_v1.refuse_stale_notices IS
'Worker: rejects at most p_limit notices that could not be verified within a day and six attempts, or within three days; returns their number';
COMMENT ON FUNCTION orders_v1.purge_provider_notices IS
'Deletes verified and ignored notices older than p_age, at most 10000 per call; returns their number';
COMMENT ON FUNCTION orders_v1.store_unreadable_event IS
'Stores a delivery that the provider has signed and that cannot be parsed, as a refused event. p_hash: SHA-256 of the body. Result as of
store_provider_notice';
