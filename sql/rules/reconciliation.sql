-- SPDX-License-Identifier: Apache-2.0
-- Compares the records of a provider with the order database. A reconciliation reads the pages of its provider (stage read), then compares
-- in batches: the entries with the recorded transactions, the recorded transactions with the entries, and the open differences
-- again. It records only differences; money is recorded when an operator applies a difference.
-- Lock order: a reconciliation before its differences; a difference before the order that it is applied to.

-- A provider may list a transaction this long after it was made.
CREATE OR REPLACE FUNCTION orders_v1.settling_time() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '3 hours' $$;

CREATE OR REPLACE FUNCTION orders_v1.longest_reconciliation() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '744 hours' $$;

CREATE OR REPLACE FUNCTION orders_v1.can_list_transactions(p_provider text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_provider = 'paypal'
$$;

-- NULL kinds: missing on that side.
CREATE OR REPLACE FUNCTION orders_v1.difference_kind(
    p_here_kind text, p_here_amount bigint, p_here_currency text, p_there_kind text, p_there_amount bigint, p_there_currency text
) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE
        WHEN p_here_kind IS NULL AND coalesce(p_there_kind, 'other') = 'other' THEN NULL
        WHEN p_here_kind IS NULL THEN 'missing_here'
        WHEN p_there_kind IS NULL THEN 'missing_there'
        WHEN p_here_kind <> p_there_kind THEN 'kind_mismatch'
        WHEN p_here_currency <> p_there_currency THEN 'currency_mismatch'
        WHEN p_here_amount <> p_there_amount THEN 'amount_mismatch' END;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.new_difference(r orders.reconciliation, p_transaction text) RETURNS orders.reconciliation_difference
LANGUAGE plpgsql STABLE AS $$
DECLARE
    d orders.reconciliation_difference;
    t orders.provider_transaction;
    e orders.reconciliation_entry;
BEGIN
    SELECT * INTO t FROM orders.provider_transaction x
    WHERE x.tenant_id = r.tenant_id AND x.provider = r.provider AND x.transaction_id = p_transaction;
    SELECT * INTO e FROM orders.reconciliation_entry x
    WHERE x.tenant_id = r.tenant_id AND x.channel = r.channel AND x.transaction_id = p_transaction;
    d.tenant_id := r.tenant_id;
    d.channel := r.channel;
    d.provider := r.provider;
    d.reconciliation_id := r.id;
    d.transaction_id := p_transaction;
    d.payment_id := t.payment_id;
    d.refund_id := t.refund_id;
    d.here_kind := t.kind;
    d.here_amount := t.amount;
    d.here_currency := t.currency;
    d.recorded_at := t.created_at;
    d.there_kind := e.kind;
    d.there_amount := e.amount;
    d.there_currency := e.currency;
    d.occurred_at := e.occurred_at;
    d.payment_key := e.payment_key;
    d.intent_id := e.intent_id;
    d.capture_id := e.capture_id;
    d.kind := orders_v1.difference_kind(t.kind, t.amount, t.currency, e.kind, e.amount, e.currency);
    RETURN d;
END
$$;

-- A provider names the payment of an entry by its payment key, by its intent, or, for a refund, by the refunded capture.
CREATE OR REPLACE FUNCTION orders_v1.payment_of_difference(d orders.reconciliation_difference) RETURNS orders.payment LANGUAGE plpgsql STABLE AS $$
DECLARE
    p orders.payment;
BEGIN
    IF d.payment_key IS NOT NULL OR d.intent_id IS NOT NULL THEN
        p := orders_v1.find_payment(d.tenant_id, d.channel, d.payment_key, d.intent_id);
    END IF;
    IF p.id IS NULL AND d.there_kind = 'refund' AND d.capture_id IS NOT NULL THEN
        SELECT x.* INTO p
        FROM orders.provider_transaction t
        JOIN orders.payment x ON x.tenant_id = d.tenant_id AND x.id = t.payment_id
        WHERE t.tenant_id = d.tenant_id AND t.provider = d.provider AND t.transaction_id = d.capture_id AND x.channel = d.channel;
    END IF;
    RETURN p;
END
$$;

-- A difference that is found again is opened again, unless an operator has closed it with the same amounts.
CREATE OR REPLACE FUNCTION orders_v1.put_difference(d orders.reconciliation_difference) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    p orders.payment;
BEGIN
    IF d.kind = 'missing_here' THEN
        p := orders_v1.payment_of_difference(d);
        d.payment_id := p.id;
    END IF;
    INSERT INTO orders.reconciliation_difference AS x (
        tenant_id, channel, provider, reconciliation_id, transaction_id, kind, payment_id, refund_id, there_kind, there_amount, there_currency,
        occurred_at, payment_key, intent_id, capture_id, here_kind, here_amount, here_currency, recorded_at)
    VALUES (d.tenant_id, d.channel, d.provider, d.reconciliation_id, d.transaction_id, d.kind, d.payment_id, d.refund_id, d.there_kind,
            d.there_amount, d.there_currency, d.occurred_at, d.payment_key, d.intent_id, d.capture_id, d.here_kind, d.here_amount,
            d.here_currency, d.recorded_at)
    ON CONFLICT (tenant_id, channel, transaction_id, kind) DO UPDATE SET
        provider = excluded.provider, reconciliation_id = excluded.reconciliation_id, payment_id = excluded.payment_id,
        refund_id = excluded.refund_id, there_kind = excluded.there_kind, there_amount = excluded.there_amount,
        there_currency = excluded.there_currency, occurred_at = excluded.occurred_at, payment_key = excluded.payment_key,
        intent_id = excluded.intent_id, capture_id = excluded.capture_id, here_kind = excluded.here_kind, here_amount = excluded.here_amount,
        here_currency = excluded.here_currency, recorded_at = excluded.recorded_at, state = 'open', resolution = NULL, resolved_at = NULL,
        resolved_by = NULL, comment = NULL, updated_at = excluded.updated_at
    WHERE x.resolution IS DISTINCT FROM 'commented'
       OR (x.there_kind, x.there_amount, x.there_currency, x.here_kind, x.here_amount, x.here_currency)
          IS DISTINCT FROM (excluded.there_kind, excluded.there_amount, excluded.there_currency, excluded.here_kind, excluded.here_amount,
                            excluded.here_currency);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_differences(r orders.reconciliation, p_transactions text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_transaction text;
    d             orders.reconciliation_difference;
BEGIN
    FOREACH v_transaction IN ARRAY p_transactions LOOP
        d := orders_v1.new_difference(r, v_transaction);
        IF d.kind IS NOT NULL THEN
            PERFORM orders_v1.put_difference(d);
        END IF;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.add_entry_sums(r orders.reconciliation, p_last text, p_matched text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders.reconciliation_sum AS s (tenant_id, reconciliation_id, currency, kind, there_count, there_amount)
    SELECT r.tenant_id, r.id, e.currency, e.kind, count(*), sum(e.amount)
    FROM orders.reconciliation_entry e
    WHERE e.tenant_id = r.tenant_id AND e.reconciliation_id = r.id AND e.transaction_id > r.after_key AND e.transaction_id <= p_last
    GROUP BY e.currency, e.kind
    ON CONFLICT (tenant_id, reconciliation_id, currency, kind) DO UPDATE
    SET there_count = s.there_count + excluded.there_count, there_amount = s.there_amount + excluded.there_amount;
    INSERT INTO orders.reconciliation_sum AS s (tenant_id, reconciliation_id, currency, kind, matched_count, matched_amount)
    SELECT r.tenant_id, r.id, e.currency, e.kind, count(*), sum(e.amount)
    FROM orders.reconciliation_entry e
    WHERE e.tenant_id = r.tenant_id AND e.channel = r.channel AND e.transaction_id = ANY (p_matched)
    GROUP BY e.currency, e.kind
    ON CONFLICT (tenant_id, reconciliation_id, currency, kind) DO UPDATE
    SET matched_count = s.matched_count + excluded.matched_count, matched_amount = s.matched_amount + excluded.matched_amount;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.next_stage(r orders.reconciliation, p_stage text) RETURNS orders.reconciliation LANGUAGE plpgsql AS $$
BEGIN
    r.stage := p_stage;
    r.after_key := '';
    RETURN r;
END
$$;

-- Reads both sides in one statement: money may be recorded in the meantime, and the counts must add up. A batch ends with its 200th
-- difference: each of them is an insert.
CREATE OR REPLACE FUNCTION orders_v1.compare_entries(r orders.reconciliation, p_limit integer) RETURNS orders.reconciliation LANGUAGE plpgsql AS $$
DECLARE
    v_entry   text;
    v_kind    text;
    v_at      timestamptz;
    v_equal   boolean;
    v_last    text;
    v_matched text[] := '{}';
    v_unlike  text[] := '{}';
BEGIN
    FOR v_entry, v_kind, v_at, v_equal IN
        SELECT e.transaction_id, e.kind, e.occurred_at,
               (SELECT (t.kind, t.amount, t.currency) = (e.kind, e.amount, e.currency) FROM orders.provider_transaction t
                WHERE t.tenant_id = r.tenant_id AND t.provider = r.provider AND t.transaction_id = e.transaction_id)
        FROM orders.reconciliation_entry e
        WHERE e.tenant_id = r.tenant_id AND e.reconciliation_id = r.id AND e.transaction_id > r.after_key
        ORDER BY e.transaction_id
        LIMIT p_limit
    LOOP
        v_last := v_entry;
        r.entries := r.entries + 1;
        IF v_equal THEN
            v_matched := v_matched || v_entry;
        ELSIF v_equal IS NULL AND v_kind = 'other' THEN
            r.ignored := r.ignored + 1;
        ELSIF v_equal IS NULL AND v_at > r.compared_at - orders_v1.settling_time() THEN
            r.unsettled := r.unsettled + 1;
        ELSE
            v_unlike := v_unlike || v_entry;
        END IF;
        EXIT WHEN cardinality(v_unlike) = 200;
    END LOOP;
    IF v_last IS NULL THEN
        RETURN orders_v1.next_stage(r, 'transactions');
    END IF;
    PERFORM orders_v1.add_entry_sums(r, v_last, v_matched);
    r.matched := r.matched + cardinality(v_matched);
    r.different := r.different + cardinality(v_unlike);
    PERFORM orders_v1.put_differences(r, v_unlike);
    r.after_key := v_last;
    RETURN r;
END
$$;

-- The time of a transaction at the provider is up to an hour before the time at which it is recorded here. The entry of a
-- transaction that is recorded in the first hour of the period may therefore be dated before the period. It is known only if an
-- earlier reconciliation has read the hour before the period, late enough for the provider to have listed that hour. Entries are
-- kept for 400 days.
CREATE OR REPLACE FUNCTION orders_v1.complete_from(r orders.reconciliation) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_delay interval := interval '1 hour';
BEGIN
    IF EXISTS (SELECT FROM orders.reconciliation x
               WHERE x.tenant_id = r.tenant_id AND x.channel = r.channel AND x.state = 'done'
                 AND x.from_at <= r.from_at - v_delay AND x.to_at >= r.from_at
                 AND x.created_at >= r.from_at + orders_v1.settling_time() AND x.created_at > r.created_at - interval '1 year') THEN
        RETURN r.from_at;
    END IF;
    RETURN r.from_at + v_delay;
END
$$;

-- Walks the primary key instead of an index by time, which every payment would have to maintain: a batch costs some milliseconds. It ends with
-- its 200th difference. A transaction that the provider lists after its page was read is on no page, so the settling time counts from the
-- start of the reconciliation.
CREATE OR REPLACE FUNCTION orders_v1.compare_transactions(r orders.reconciliation, p_limit integer) RETURNS orders.reconciliation LANGUAGE plpgsql AS $$
DECLARE
    v_last    text := (SELECT max(x.transaction_id)
                       FROM (SELECT t.transaction_id FROM orders.provider_transaction t
                             WHERE t.tenant_id = r.tenant_id AND t.provider = r.provider AND t.transaction_id > r.after_key
                             ORDER BY t.transaction_id
                             LIMIT p_limit) AS x);
    v_from    timestamptz := orders_v1.complete_from(r);
    v_to      timestamptz := least(r.to_at, r.created_at - orders_v1.settling_time());
    v_here    text[];
    v_missing text[];
BEGIN
    IF v_last IS NULL THEN
        RETURN orders_v1.next_stage(r, 'differences');
    END IF;
    v_missing := ARRAY(
        SELECT t.transaction_id
        FROM orders.provider_transaction t
        JOIN orders.payment p ON p.tenant_id = r.tenant_id AND p.id = t.payment_id
        WHERE t.tenant_id = r.tenant_id AND t.provider = r.provider AND t.transaction_id > r.after_key AND t.transaction_id <= v_last
          AND t.created_at >= v_from AND t.created_at < v_to AND p.channel = r.channel
          AND NOT EXISTS (SELECT FROM orders.reconciliation_entry e
                          WHERE e.tenant_id = r.tenant_id AND e.channel = r.channel AND e.transaction_id = t.transaction_id)
        ORDER BY t.transaction_id
        LIMIT 200);
    v_last := coalesce(v_missing[200], v_last);
    v_here := ARRAY(
        SELECT t.transaction_id
        FROM orders.provider_transaction t
        JOIN orders.payment p ON p.tenant_id = r.tenant_id AND p.id = t.payment_id
        WHERE t.tenant_id = r.tenant_id AND t.provider = r.provider AND t.transaction_id > r.after_key AND t.transaction_id <= v_last
          AND t.created_at >= r.from_at AND t.created_at < r.to_at AND p.channel = r.channel);
    INSERT INTO orders.reconciliation_sum AS s (tenant_id, reconciliation_id, currency, kind, here_count, here_amount)
    SELECT r.tenant_id, r.id, t.currency, t.kind, count(*), sum(t.amount)
    FROM orders.provider_transaction t
    WHERE t.tenant_id = r.tenant_id AND t.provider = r.provider AND t.transaction_id = ANY (v_here)
    GROUP BY t.currency, t.kind
    ON CONFLICT (tenant_id, reconciliation_id, currency, kind) DO UPDATE
    SET here_count = s.here_count + excluded.here_count, here_amount = s.here_amount + excluded.here_amount;
    r.transactions := r.transactions + cardinality(v_here);
    r.missing_there := r.missing_there + cardinality(v_missing);
    PERFORM orders_v1.put_differences(r, v_missing);
    r.after_key := v_last;
    RETURN r;
END
$$;

-- If the entry has been deleted in the meantime, the copy in the difference is used.
CREATE OR REPLACE FUNCTION orders_v1.compare_again(r orders.reconciliation, d orders.reconciliation_difference) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    n      orders.reconciliation_difference := orders_v1.new_difference(r, d.transaction_id);
    v_now  timestamptz := now();
BEGIN
    IF n.there_kind IS NULL AND d.there_kind IS NOT NULL THEN
        n.kind := orders_v1.difference_kind(n.here_kind, n.here_amount, n.here_currency, d.there_kind, d.there_amount, d.there_currency);
    ELSIF n.kind IS DISTINCT FROM d.kind AND n.kind IS NOT NULL THEN
        PERFORM orders_v1.put_difference(n);
    END IF;
    UPDATE orders.reconciliation_difference x
    SET state = 'resolved', resolution = 'reconciled', resolved_at = v_now, updated_at = v_now
    WHERE x.tenant_id = d.tenant_id AND x.id = d.id AND n.kind IS DISTINCT FROM d.kind;
END
$$;

-- A locked difference is being applied or resolved.
CREATE OR REPLACE FUNCTION orders_v1.compare_differences(r orders.reconciliation, p_limit integer) RETURNS orders.reconciliation LANGUAGE plpgsql AS $$
DECLARE
    d orders.reconciliation_difference;
BEGIN
    FOR d IN
        SELECT * FROM orders.reconciliation_difference x
        WHERE x.tenant_id = r.tenant_id AND x.channel = r.channel AND x.provider = r.provider AND x.state = 'open'
          AND x.id > coalesce(nullif(r.after_key, '')::bigint, 0)
        ORDER BY x.id
        LIMIT p_limit
        FOR UPDATE SKIP LOCKED
    LOOP
        PERFORM orders_v1.compare_again(r, d);
        r.after_key := d.id::text;
    END LOOP;
    IF d.id IS NULL THEN
        r.state := 'done';
        r.finished_at := now();
    END IF;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.store_progress(r orders.reconciliation) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_now timestamptz := now();
BEGIN
    UPDATE orders.reconciliation x
    SET state = r.state, stage = r.stage, page = r.page, pages = r.pages, after_key = r.after_key, compared_at = r.compared_at,
        entries = r.entries, matched = r.matched, different = r.different, unsettled = r.unsettled, ignored = r.ignored,
        transactions = r.transactions, missing_there = r.missing_there, error_code = r.error_code, error_message = r.error_message,
        finished_at = r.finished_at, updated_at = v_now
    WHERE x.tenant_id = r.tenant_id AND x.id = r.id;
END
$$;

-- Ends after a second, so that a large set does not reach a timeout. The worker continues.
CREATE OR REPLACE FUNCTION orders_v1.compare_some(r orders.reconciliation) RETURNS orders.reconciliation LANGUAGE plpgsql AS $$
DECLARE
    v_end timestamptz := clock_timestamp() + interval '1 second';
BEGIN
    WHILE r.state = 'running' AND clock_timestamp() < v_end LOOP
        r := CASE r.stage
            WHEN 'entries' THEN orders_v1.compare_entries(r, 1000)
            WHEN 'transactions' THEN orders_v1.compare_transactions(r, 5000)
            ELSE orders_v1.compare_differences(r, 200) END;
    END LOOP;
    PERFORM orders_v1.store_progress(r);
    -- A success ends the backoff: the new row has no attempts.
    PERFORM orders_v1.end_due(r.tenant_id, 'reconciliation', r.id);
    IF r.state = 'running' THEN
        PERFORM orders_v1.put_due(r.tenant_id, 'reconciliation', r.id, NULL, now());
    END IF;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.store_entries(r orders.reconciliation, p_entries jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_now timestamptz := now();
BEGIN
    INSERT INTO orders.reconciliation_entry (tenant_id, channel, transaction_id, reconciliation_id, kind, amount, currency, occurred_at,
                                             payment_key, intent_id, capture_id, reported_at)
    SELECT DISTINCT ON (e.transaction_id) r.tenant_id, r.channel, e.transaction_id, r.id, e.kind, e.amount, e.currency, e.occurred_at,
           e.payment_key, e.intent_id, e.capture_id, v_now
    FROM jsonb_populate_recordset(NULL::orders_v1.reconciliation_entry, p_entries) AS e
    ORDER BY e.transaction_id
    ON CONFLICT (tenant_id, channel, transaction_id) DO UPDATE SET
        reconciliation_id = excluded.reconciliation_id, kind = excluded.kind, amount = excluded.amount, currency = excluded.currency,
        occurred_at = excluded.occurred_at, payment_key = excluded.payment_key, intent_id = excluded.intent_id,
        capture_id = excluded.capture_id, reported_at = excluded.reported_at;
END
$$;

-- All pages are read. From now on the row of orders.due has no channel, because the comparison makes no calls.
CREATE OR REPLACE FUNCTION orders_v1.begin_comparison(r orders.reconciliation) RETURNS orders.reconciliation LANGUAGE plpgsql AS $$
BEGIN
    r := orders_v1.next_stage(r, 'entries');
    r.page := NULL;
    r.compared_at := now();
    r.error_code := NULL;
    r.error_message := NULL;
    PERFORM orders_v1.end_due(r.tenant_id, 'reconciliation', r.id);
    RETURN orders_v1.compare_some(r);
END
$$;

-- Entries are kept for longer than any period that is compared again.
CREATE OR REPLACE FUNCTION orders_v1.purge_entries(p_tenant integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH old AS MATERIALIZED (
        SELECT e.channel, e.transaction_id FROM orders.reconciliation_entry e
        WHERE e.tenant_id = p_tenant AND e.reported_at < now() - interval '400 days'
        ORDER BY e.reported_at
        LIMIT 20000
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM orders.reconciliation_entry x
    USING old
    WHERE x.tenant_id = p_tenant AND x.channel = old.channel AND x.transaction_id = old.transaction_id;
END
$$;

-- Continues where the last daily reconciliation ended, if that is longer ago than three days.
CREATE OR REPLACE FUNCTION orders_v1.plan_reconciliations(p_tenant integer, p_channel text, p_provider text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    v_now  timestamptz := now();
    v_to   timestamptz := v_now - settling_time();
    v_from timestamptz := v_now - interval '3 days';
    v_last timestamptz;
    v_id   bigint;
BEGIN
    PERFORM abort_abandoned_reconciliation(p_tenant, p_channel);
    IF NOT EXISTS (SELECT FROM payment_channel n
                   WHERE n.tenant_id = p_tenant AND n.external_ref = p_channel AND n.provider = p_provider)
       OR EXISTS (SELECT FROM reconciliation x
                  WHERE x.tenant_id = p_tenant AND x.channel = p_channel
                    AND (x.state = 'running' OR (x.scheduled AND x.created_at > v_now - interval '1 day'))) THEN
        RETURN 0;
    END IF;
    v_last := (SELECT max(x.to_at) FROM reconciliation x
               WHERE x.tenant_id = p_tenant AND x.channel = p_channel AND x.scheduled AND x.state = 'done');
    INSERT INTO reconciliation (tenant_id, channel, provider, source, scheduled, from_at, to_at)
    VALUES (p_tenant, p_channel, p_provider, 'provider', true,
            greatest(least(v_from, v_last), v_to - longest_reconciliation()), v_to)
    ON CONFLICT (tenant_id, channel) WHERE state = 'running' DO NOTHING
    RETURNING id INTO v_id;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    PERFORM put_due(p_tenant, 'reconciliation', v_id, p_channel, v_now);
    PERFORM purge_entries(p_tenant);
    RETURN 1;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.claim_reconciliations(p_tenant integer, p_channel text, p_limit integer, p_lease integer)
RETURNS SETOF orders_v1.reconciliation_task
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    d orders.due;
    r orders.reconciliation;
    t orders_v1.reconciliation_task;
BEGIN
    FOR d IN SELECT * FROM claim_due(p_tenant, 'reconciliation', p_channel, p_limit, p_lease) LOOP
        SELECT * INTO r FROM reconciliation x
        WHERE x.tenant_id = p_tenant AND x.id = d.id AND x.state = 'running' AND x.stage = 'read';
        IF FOUND THEN
            t := ROW(r.id, r.from_at, r.to_at, r.page, d.attempts);
            RETURN NEXT t;
        ELSE
            PERFORM end_due(p_tenant, 'reconciliation', d.id);
        END IF;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.lock_reconciliation(p_tenant integer, p_id bigint) RETURNS orders.reconciliation LANGUAGE plpgsql AS $$
DECLARE
    r orders.reconciliation;
BEGIN
    SELECT * INTO r FROM orders.reconciliation x
    WHERE x.tenant_id = p_tenant AND x.id = p_id AND x.state = 'running'
    FOR UPDATE;
    RETURN r;
END
$$;

-- A success ends the backoff: the new row of orders.due has no attempts.
CREATE OR REPLACE FUNCTION orders_v1.record_reconciliation_page(p_tenant integer, p_id bigint, p_page text, p_next text, p_entries jsonb)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    r orders.reconciliation := lock_reconciliation(p_tenant, p_id);
BEGIN
    IF r.id IS NULL OR r.stage <> 'read' OR r.page IS DISTINCT FROM p_page THEN
        RETURN false;
    END IF;
    PERFORM store_entries(r, p_entries);
    r.pages := r.pages + 1;
    IF p_next IS NULL THEN
        PERFORM begin_comparison(r);
    ELSE
        r.page := p_next;
        r.error_code := NULL;
        r.error_message := NULL;
        PERFORM store_progress(r);
        PERFORM end_due(p_tenant, 'reconciliation', p_id);
        PERFORM put_due(p_tenant, 'reconciliation', p_id, r.channel, now());
    END IF;
    RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.fail_reconciliation(p_tenant integer, p_id bigint, p_code text, p_message text, p_final boolean)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    r          orders.reconciliation := lock_reconciliation(p_tenant, p_id);
    v_attempts integer;
BEGIN
    IF r.id IS NULL OR r.stage <> 'read' THEN
        RETURN false;
    END IF;
    r.error_code := coalesce(left(p_code, 64), 'unknown');
    r.error_message := left(p_message, 500);
    v_attempts := postpone_due(p_tenant, 'reconciliation', p_id, interval '1 minute', interval '1 hour');
    IF p_final OR v_attempts IS NULL OR is_last_try(v_attempts) THEN
        r.state := 'failed';
        r.finished_at := now();
        PERFORM end_due(p_tenant, 'reconciliation', p_id);
    END IF;
    PERFORM store_progress(r);
    RETURN r.state = 'failed';
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.abort_reconciliation(p_tenant integer, p_id bigint, p_code text, p_message text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders.reconciliation x
    SET state = 'failed', error_code = p_code, error_message = p_message, finished_at = now(), updated_at = now()
    WHERE x.tenant_id = p_tenant AND x.id = p_id AND x.state = 'running';
    PERFORM orders_v1.end_due(p_tenant, 'reconciliation', p_id);
END
$$;

-- All attempts of a page or of the comparison end within a day. If there is no progress for longer, no worker serves the channel
-- any more. Exception: the row of orders.due is not due, because a worker that was started again has claimed the reconciliation.
CREATE OR REPLACE FUNCTION orders_v1.abort_abandoned_reconciliation(p_tenant integer, p_channel text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
BEGIN
    SELECT x.id INTO v_id FROM orders.reconciliation x
    WHERE x.tenant_id = p_tenant AND x.channel = p_channel AND x.state = 'running' AND x.updated_at < now() - interval '1 day'
      AND NOT EXISTS (SELECT FROM orders.due d
                      WHERE d.tenant_id = p_tenant AND d.kind = 'reconciliation' AND d.id = x.id AND d.due_at > now())
    FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        PERFORM orders_v1.abort_reconciliation(p_tenant, v_id, 'no_progress', 'No worker has continued the reconciliation for a day.');
    END IF;
END
$$;

-- The worker compares the rest of a large set. An error of one reconciliation delays no other. After the last attempt it has failed, so that
-- another one of the channel can start.
CREATE OR REPLACE FUNCTION orders_v1.continue_comparison(p_tenant integer, p_id bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r orders.reconciliation;
BEGIN
    SELECT * INTO r FROM orders.reconciliation x
    WHERE x.tenant_id = p_tenant AND x.id = p_id AND x.state = 'running' AND x.stage <> 'read'
    FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        PERFORM orders_v1.compare_some(r);
    ELSIF NOT EXISTS (SELECT FROM orders.reconciliation x
                      WHERE x.tenant_id = p_tenant AND x.id = p_id AND x.state = 'running' AND x.stage <> 'read') THEN
        PERFORM orders_v1.end_due(p_tenant, 'reconciliation', p_id);
    END IF;
EXCEPTION WHEN OTHERS THEN
    IF orders_v1.is_transient(SQLSTATE) THEN
        RAISE;
    END IF;
    RAISE LOG 'reconciliation % of tenant %: the comparison failed: % %', p_id, p_tenant, SQLSTATE, SQLERRM;
    IF orders_v1.is_last_try(orders_v1.postpone_due(p_tenant, 'reconciliation', p_id, interval '5 seconds', interval '1 hour')) THEN
        PERFORM orders_v1.abort_reconciliation(p_tenant, p_id, 'internal_error', 'The comparison failed. The log of PostgreSQL has the reason.');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.compare_reconciliations(p_tenant integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    d       orders.due;
    v_count integer := 0;
BEGIN
    FOR d IN SELECT * FROM claim_due(p_tenant, 'reconciliation', '', 1, 60) LOOP
        PERFORM continue_comparison(p_tenant, d.id);
        v_count := v_count + 1;
    END LOOP;
    RETURN v_count;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.as_amount(p_sum numeric) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT least(p_sum, 9223372036854775807)::bigint
$$;

CREATE OR REPLACE FUNCTION orders_v1.reconciliation_view_of(r orders.reconciliation) RETURNS orders_v1.reconciliation_view
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v      orders_v1.reconciliation_view;
    v_sum  orders_v1.reconciliation_sum_view;
    v_sums orders_v1.reconciliation_sum_view[] := '{}';
    s      orders.reconciliation_sum;
    v_open integer := (SELECT count(*) FROM orders.reconciliation_difference d
                       WHERE d.tenant_id = r.tenant_id AND d.reconciliation_id = r.id AND d.state = 'open');
BEGIN
    FOR s IN SELECT * FROM orders.reconciliation_sum x
             WHERE x.tenant_id = r.tenant_id AND x.reconciliation_id = r.id
             ORDER BY x.currency, x.kind
    LOOP
        v_sum := ROW(s.currency, s.kind, s.here_count, orders_v1.as_amount(s.here_amount), s.there_count, orders_v1.as_amount(s.there_amount),
                     s.matched_count, orders_v1.as_amount(s.matched_amount));
        v_sums := v_sums || v_sum;
    END LOOP;
    v := ROW(r.id, r.channel, r.provider, r.source, r.state, r.from_at, r.to_at, r.requested_by, r.entries, r.matched, r.different,
             r.unsettled, r.ignored, r.transactions, r.missing_there, v_open, r.error_code, r.error_message, r.created_at, r.finished_at, v_sums);
    RETURN v;
END
$$;

-- An entry can be applied when its payment exists.
CREATE OR REPLACE FUNCTION orders_v1.difference_view_of(d orders.reconciliation_difference) RETURNS orders_v1.difference_view
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v orders_v1.difference_view;
    p orders.payment;
    o orders.orders;
BEGIN
    SELECT * INTO p FROM orders.payment x WHERE x.tenant_id = d.tenant_id AND x.id = d.payment_id;
    IF p.id IS NULL AND d.kind = 'missing_here' AND d.state = 'open' THEN
        p := orders_v1.payment_of_difference(d);
    END IF;
    SELECT * INTO o FROM orders.orders x WHERE x.tenant_id = d.tenant_id AND x.id = p.order_id;
    v := ROW(d.id, d.reconciliation_id, d.channel, d.kind, d.transaction_id, o.id, o.number, p.id, d.refund_id, d.there_kind,
             d.there_amount, d.there_currency, d.occurred_at, d.payment_key::text, d.intent_id, d.capture_id, d.here_kind, d.here_amount,
             d.here_currency, d.recorded_at, d.kind = 'missing_here' AND d.state = 'open' AND p.id IS NOT NULL, d.state, d.resolution,
             d.resolved_at, d.resolved_by, d.comment, d.created_at);
    RETURN v;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_period(p_from timestamptz, p_to timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_from IS NULL OR p_to IS NULL OR NOT isfinite(p_from) OR NOT isfinite(p_to) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'The period needs a start and an end.', 'from');
    ELSIF p_to <= p_from THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be after the start of the period.', 'to');
    ELSIF p_to > p_from + orders_v1.longest_reconciliation() THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'The period must not be longer than 31 days.', 'to');
    ELSIF p_to > now() + interval '1 minute' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must not be in the future.', 'to');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.start_reconciliation(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_channel text, p_from timestamptz, p_to timestamptz, p_entries jsonb
) RETURNS SETOF orders_v1.written_reconciliation
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c          orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim    orders_v1.claim := claim_key(c);
    v_provider text;
    v_source   text := CASE WHEN p_entries IS NULL THEN 'provider' ELSE 'csv' END;
    r          orders.reconciliation;
    w          orders_v1.written_reconciliation;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_reconciliation, v_claim.answer);
        RETURN;
    END IF;
    v_provider := (SELECT n.provider FROM payment_channel n WHERE n.tenant_id = p_tenant AND n.external_ref = p_channel);
    IF v_provider IS NULL THEN
        PERFORM refuse('422', 'payment_channel_unknown', 'There is no such payment channel.', 'channel');
    ELSIF p_entries IS NULL AND NOT can_list_transactions(v_provider) THEN
        PERFORM refuse('422', 'reconciliation_not_supported', 'The provider of the channel cannot list transactions: send them as CSV.', 'channel');
    END IF;
    PERFORM check_period(p_from, p_to);
    PERFORM abort_abandoned_reconciliation(p_tenant, p_channel);
    INSERT INTO reconciliation (tenant_id, channel, provider, source, requested_by, from_at, to_at)
    VALUES (p_tenant, p_channel, v_provider, v_source, p_actor_id, p_from, p_to)
    ON CONFLICT (tenant_id, channel) WHERE state = 'running' DO NOTHING
    RETURNING * INTO r;
    IF r.id IS NULL THEN
        PERFORM refuse('409', 'reconciliation_running', 'A reconciliation of this channel is running.', 'channel',
                       (SELECT jsonb_build_object('reconciliation_id', x.id) FROM reconciliation x
                        WHERE x.tenant_id = p_tenant AND x.channel = p_channel AND x.state = 'running'));
    ELSIF p_entries IS NULL THEN
        PERFORM put_due(p_tenant, 'reconciliation', r.id, p_channel, now());
    ELSE
        PERFORM store_entries(r, p_entries);
        r.pages := 1;
        r := begin_comparison(r);
    END IF;
    w.outcome := 'created';
    w.id := r.id;
    w.replayed := false;
    w.reconciliation := reconciliation_view_of(r);
    RETURN NEXT stored_result(c, w);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.lock_difference(p_tenant integer, p_id bigint) RETURNS orders.reconciliation_difference LANGUAGE plpgsql AS $$
DECLARE
    d orders.reconciliation_difference;
BEGIN
    SELECT * INTO d FROM orders.reconciliation_difference x WHERE x.tenant_id = p_tenant AND x.id = p_id FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM orders_v1.refuse('404', 'not_found', 'There is no such difference.');
    END IF;
    RETURN d;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.close_difference(c orders_v1.context, d orders.reconciliation_difference, p_resolution text, p_comment text)
RETURNS orders.reconciliation_difference LANGUAGE plpgsql AS $$
DECLARE
    v_now timestamptz := now();
BEGIN
    UPDATE orders.reconciliation_difference x
    SET state = 'resolved', resolution = p_resolution, comment = p_comment, payment_id = d.payment_id, resolved_at = v_now,
        resolved_by = c.actor_id, updated_at = v_now
    WHERE x.tenant_id = d.tenant_id AND x.id = d.id
    RETURNING * INTO d;
    RETURN d;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.difference_result(c orders_v1.context, d orders.reconciliation_difference, p_outcome text)
RETURNS orders_v1.written_difference LANGUAGE plpgsql AS $$
DECLARE
    w orders_v1.written_difference;
BEGIN
    w.outcome := p_outcome;
    w.id := d.id;
    w.replayed := false;
    w.difference := orders_v1.difference_view_of(d);
    RETURN orders_v1.stored_result(c, w, (w.difference).order_id);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.event_of_difference(d orders.reconciliation_difference, p orders.payment) RETURNS orders.provider_event
LANGUAGE plpgsql STABLE AS $$
DECLARE
    e orders.provider_event;
BEGIN
    e.tenant_id := d.tenant_id;
    e.channel := d.channel;
    e.type := CASE d.there_kind WHEN 'capture' THEN 'paid' ELSE 'refunded' END;
    e.event_id := concat_ws(':', 'reconciliation', d.transaction_id, e.type);
    e.payment_key := p.provider_key;
    e.intent_id := d.intent_id;
    e.transaction_id := d.transaction_id;
    e.amount := d.there_amount;
    e.currency := d.there_currency;
    e.capture_id := d.capture_id;
    RETURN e;
END
$$;

-- An event may have recorded the transaction after the comparison, with another amount than the entry.
CREATE OR REPLACE FUNCTION orders_v1.check_recorded(d orders.reconciliation_difference) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t      orders.provider_transaction;
    v_kind text;
BEGIN
    SELECT * INTO t FROM orders.provider_transaction x
    WHERE x.tenant_id = d.tenant_id AND x.provider = d.provider AND x.transaction_id = d.transaction_id;
    v_kind := orders_v1.difference_kind(t.kind, t.amount, t.currency, d.there_kind, d.there_amount, d.there_currency);
    IF v_kind IS NOT NULL THEN
        PERFORM orders_v1.refuse('409', 'difference_not_applicable', 'The transaction is recorded with other values than the provider reports.', NULL,
                                 jsonb_build_object('reason', v_kind));
    END IF;
END
$$;

-- A refusal by the rules of events aborts the transaction, so that the event is not stored and the difference can be applied later.
CREATE OR REPLACE FUNCTION orders_v1.apply_entry(c orders_v1.context, d orders.reconciliation_difference) RETURNS orders.reconciliation_difference
LANGUAGE plpgsql AS $$
DECLARE
    p orders.payment := orders_v1.payment_of_difference(d);
    w orders_v1.written;
BEGIN
    IF p.id IS NULL THEN
        PERFORM orders_v1.refuse('409', 'difference_not_applicable', 'The order database has no such payment.', NULL,
                                 jsonb_build_object('reason', 'payment_not_found'));
    END IF;
    w := orders_v1.store_event(orders_v1.acting_as(orders_v1.system_context(d.tenant_id), 'provider'), orders_v1.event_of_difference(d, p));
    IF w.outcome = 'refused' OR w.refusal IS NOT NULL THEN
        PERFORM orders_v1.refuse('409', 'difference_not_applicable', w.detail, NULL, jsonb_build_object('reason', w.refusal));
    ELSIF w.outcome = 'waiting' THEN
        PERFORM orders_v1.refuse('409', 'difference_not_applicable',
                                 'The refund cannot be recorded yet: its capture is missing, or another refund is pending.', NULL,
                                 jsonb_build_object('reason', 'waiting'));
    END IF;
    PERFORM orders_v1.check_recorded(d);
    d.payment_id := p.id;
    RETURN orders_v1.close_difference(c, d, 'applied', NULL);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.apply_difference(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea, p_difference bigint
) RETURNS SETOF orders_v1.written_difference
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    d       orders.reconciliation_difference;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_difference, v_claim.answer);
        RETURN;
    END IF;
    d := lock_difference(p_tenant, p_difference);
    IF d.resolution IN ('applied', 'reconciled') THEN
        RETURN NEXT difference_result(c, d, 'unchanged');
        RETURN;
    ELSIF d.kind <> 'missing_here' THEN
        PERFORM refuse('409', 'difference_not_applicable', 'Only a transaction that is missing in the order database can be applied.', NULL,
                       jsonb_build_object('reason', d.kind));
    ELSIF d.state <> 'open' THEN
        PERFORM refuse('409', 'difference_not_applicable', 'The difference was resolved with a comment.', NULL,
                       jsonb_build_object('reason', d.resolution));
    END IF;
    RETURN NEXT difference_result(c, apply_entry(c, d), 'done');
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.resolve_difference(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea, p_difference bigint,
    p_comment text
) RETURNS SETOF orders_v1.written_difference
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c         orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim   orders_v1.claim := claim_key(c);
    v_comment text := btrim(p_comment, E' \t\r\n');
    d         orders.reconciliation_difference;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written_difference, v_claim.answer);
        RETURN;
    ELSIF coalesce(v_comment, '') = '' THEN
        PERFORM refuse('422', 'required_field', 'A comment is required to resolve a difference.', 'comment');
    ELSIF length(v_comment) > 1000 THEN
        PERFORM refuse('422', 'too_long', 'At most 1000 characters.', 'comment');
    END IF;
    d := lock_difference(p_tenant, p_difference);
    IF d.state <> 'open' THEN
        RETURN NEXT difference_result(c, d, 'unchanged');
        RETURN;
    END IF;
    RETURN NEXT difference_result(c, close_difference(c, d, 'commented', v_comment), 'done');
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.plan_reconciliations(integer, text, text),
    orders_v1.claim_reconciliations(integer, text, integer, integer),
    orders_v1.record_reconciliation_page(integer, bigint, text, text, jsonb),
    orders_v1.fail_reconciliation(integer, bigint, text, text, boolean),
    orders_v1.compare_reconciliations(integer),
    orders_v1.start_reconciliation(integer, text, text, bigint, text, text, bytea, text, timestamptz, timestamptz, jsonb),
    orders_v1.apply_difference(integer, text, text, bigint, text, text, bytea, bigint),
    orders_v1.resolve_difference(integer, text, text, bigint, text, text, bytea, bigint, text)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.settling_time IS
'How long a provider may take to list a transaction. Younger transactions are not yet differences';
COMMENT ON FUNCTION orders_v1.longest_reconciliation IS 'The longest period of a reconciliation';
COMMENT ON FUNCTION orders_v1.can_list_transactions IS 'Internal: whether the module can read the transactions of this provider';
COMMENT ON FUNCTION orders_v1.difference_kind IS
'Internal: how a transaction differs between the order database (here) and the provider (there); NULL: it does not. An unknown entry of
kind other is no difference';
COMMENT ON FUNCTION orders_v1.new_difference IS
'Internal: both sides of a transaction, with the kind of their difference (NULL: none). Not stored';
COMMENT ON FUNCTION orders_v1.payment_of_difference IS 'Internal: the payment that an entry refers to; NULL: none';
COMMENT ON FUNCTION orders_v1.put_difference IS 'Internal: stores a difference as open. One that an operator has closed stays closed';
COMMENT ON FUNCTION orders_v1.put_differences IS 'Internal: put_difference for each of these transactions, unless it was recorded in the meantime';
COMMENT ON FUNCTION orders_v1.add_entry_sums IS
'Internal: adds the entries after after_key, up to p_last, to the sums of the provider, and those of p_matched to the matched sums';
COMMENT ON FUNCTION orders_v1.next_stage IS 'Internal: the reconciliation at the start of a stage';
COMMENT ON FUNCTION orders_v1.compare_entries IS
'Internal: compares the next p_limit entries of a reconciliation with the recorded transactions; returns it with its new counts';
COMMENT ON FUNCTION orders_v1.complete_from IS
'Internal: the time from which a recorded transaction without an entry of the channel is missing at the provider';
COMMENT ON FUNCTION orders_v1.compare_transactions IS
'Internal: compares the next p_limit transactions of the provider with all entries of the channel';
COMMENT ON FUNCTION orders_v1.compare_again IS
'Internal: closes a locked difference that no longer exists. If it has become one of another kind, stores that';
COMMENT ON FUNCTION orders_v1.compare_differences IS
'Internal: compares the next p_limit open differences of the channel again. After the last one, the reconciliation is done';
COMMENT ON FUNCTION orders_v1.store_progress IS 'Internal: stores the state, progress and counts of a locked reconciliation';
COMMENT ON FUNCTION orders_v1.compare_some IS
'Internal: compares for a second; the worker continues with the rest. Returns the reconciliation';
COMMENT ON FUNCTION orders_v1.store_entries IS 'Internal: stores reported transactions; a known one is replaced';
COMMENT ON FUNCTION orders_v1.begin_comparison IS 'Internal: ends the reading of a locked reconciliation, and compares for a second';
COMMENT ON FUNCTION orders_v1.purge_entries IS 'Internal: deletes entries that were last reported 400 days ago, at most 20,000';
COMMENT ON FUNCTION orders_v1.plan_reconciliations IS
'Worker: starts the daily reconciliation of a channel with this provider if it is due and none of the channel runs. It covers the last three
days, or the time since the last one (at most 31 days), except for the last three hours. Returns the number started';
COMMENT ON FUNCTION orders_v1.claim_reconciliations IS
'Worker: claims reconciliations of a channel of which a page has to be read, with a lease of p_lease seconds. page: the page to read, NULL:
the first; attempts: failed attempts since the last page';
COMMENT ON FUNCTION orders_v1.lock_reconciliation IS 'Internal: locks a running reconciliation; NULL: there is none';
COMMENT ON FUNCTION orders_v1.record_reconciliation_page IS
'Worker: stores the transactions of a page and continues with page p_next (NULL: p_page was the last; the comparison begins). p_entries: a
JSON array of objects with the attributes of reconciliation_entry; times in ISO 8601, absent members are NULL. Returns whether the page was
awaited; otherwise nothing is stored, so that a page can be recorded again';
COMMENT ON FUNCTION orders_v1.fail_reconciliation IS
'Worker: records a failed attempt to read or store a page, which is tried again after a minute, doubled after each attempt, at most an hour.
p_final, or the sixteenth attempt: the reconciliation has failed. Returns whether it has failed';
COMMENT ON FUNCTION orders_v1.abort_reconciliation IS 'Internal: ends a running reconciliation as failed';
COMMENT ON FUNCTION orders_v1.abort_abandoned_reconciliation IS
'Internal: ends the running reconciliation of a channel as failed if it has made no progress for a day and no worker has claimed it';
COMMENT ON FUNCTION orders_v1.continue_comparison IS
'Internal: compares for a second, unless another session does. An unexpected error is logged, and the comparison is tried again later; after the
sixteenth error in a row the reconciliation has failed';
COMMENT ON FUNCTION orders_v1.compare_reconciliations IS
'Worker: continues the comparison of a reconciliation whose pages are read, for about a second. Returns 0 when there is none';
COMMENT ON FUNCTION orders_v1.as_amount IS 'Internal: a sum as bigint; the largest bigint if it is larger';
COMMENT ON FUNCTION orders_v1.reconciliation_view_of IS 'Internal: a reconciliation as the module reads it, with its sums by currency and kind';
COMMENT ON FUNCTION orders_v1.difference_view_of IS 'Internal: a difference as the module reads it, with the order of its payment';
COMMENT ON FUNCTION orders_v1.check_period IS 'Internal: OR422 invalid_field for a period that is empty, in the future or longer than 31 days';
COMMENT ON FUNCTION orders_v1.start_reconciliation IS
'Starts the reconciliation of a channel, after one without progress for a day has failed. p_entries NULL: the worker reads the transactions from
the provider; otherwise a JSON array as in record_reconciliation_page, which is compared at once, or by the worker if that takes longer than a
second. OR422 payment_channel_unknown, reconciliation_not_supported, invalid_field, OR409 reconciliation_running (with reconciliation_id)';
COMMENT ON FUNCTION orders_v1.lock_difference IS 'Internal: locks a difference. OR404 not_found';
COMMENT ON FUNCTION orders_v1.close_difference IS 'Internal: resolves a locked difference; returns it';
COMMENT ON FUNCTION orders_v1.difference_result IS 'Internal: the result for a difference, stored if the request has an idempotency key';
COMMENT ON FUNCTION orders_v1.event_of_difference IS 'Internal: the event that a provider would send about an entry';
COMMENT ON FUNCTION orders_v1.check_recorded IS
'Internal: OR409 difference_not_applicable, with the kind as reason, unless the transaction of a difference is recorded as the provider reports it';
COMMENT ON FUNCTION orders_v1.apply_entry IS
'Internal: records an entry that is missing as an event of its provider, and resolves the difference. OR409 difference_not_applicable, with
the refusal as reason';
COMMENT ON FUNCTION orders_v1.apply_difference IS
'Records money that the provider reports and the order database lacks, by the rules of events. Outcome unchanged when the money is
recorded already. OR404 not_found, OR409 difference_not_applicable (with a reason: payment_not_found, waiting, the refusal of the event, the
kind of the difference, or commented)';
COMMENT ON FUNCTION orders_v1.resolve_difference IS
'Closes a difference with a comment (required). Outcome unchanged when it is resolved already. OR404 not_found, OR422 required_field, too_long';
