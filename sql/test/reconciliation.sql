-- SPDX-License-Identifier: Apache-2.0
-- The records of a provider are compared with the order database, both ways and in steps that can be repeated.
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

-- An entry as a provider reports it: a capture of 10.00 USD four hours ago, unless p_more states otherwise.
CREATE FUNCTION pg_temp.entry(p_transaction text, p_more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('transaction_id', p_transaction, 'kind', 'capture', 'amount', 1000, 'currency', 'USD',
                              'occurred_at', now() - interval '4 hours') || p_more
$$;
-- A paid order, recorded p_age ago.
CREATE FUNCTION pg_temp.paid(p_transaction text, p_age interval DEFAULT '4 hours') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_order bigint := pg_temp.buy('bob', p_method => 'external');
BEGIN
    PERFORM pg_temp.hear('paid-' || p_transaction, 'paid', v_order, 1000, p_transaction);
    UPDATE orders.provider_transaction SET created_at = now() - p_age WHERE tenant_id = 77 AND transaction_id = p_transaction;
    RETURN v_order;
END
$$;
-- The worker's next task of the channel: id, page and attempts.
CREATE FUNCTION pg_temp.task(p_channel text DEFAULT 'sim') RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(t.page, 'first') || ' ' || t.attempts FROM orders_v1.claim_reconciliations(77, p_channel, 10, 60) AS t
$$;
CREATE FUNCTION pg_temp.running(p_channel text DEFAULT 'sim') RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM orders.reconciliation WHERE tenant_id = 77 AND channel = p_channel AND state = 'running'
$$;
CREATE FUNCTION pg_temp.page(p_page text, p_next text, VARIADIC p_entries jsonb[]) RETURNS boolean LANGUAGE sql AS $$
    SELECT orders_v1.record_reconciliation_page(77, pg_temp.running(), p_page, p_next, to_jsonb(p_entries))
$$;
CREATE FUNCTION pg_temp.tomorrow() RETURNS void LANGUAGE sql AS $$
    UPDATE orders.reconciliation SET created_at = created_at - interval '1 day' WHERE tenant_id = 77
$$;
-- A whole daily reconciliation of one page.
CREATE FUNCTION pg_temp.reconcile(VARIADIC p_entries jsonb[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.tomorrow();
    PERFORM orders_v1.plan_reconciliations(77, 'sim', 'simulator');
    PERFORM pg_temp.page(NULL, NULL, VARIADIC p_entries);
    RETURN (SELECT state FROM orders.reconciliation WHERE tenant_id = 77 ORDER BY id DESC LIMIT 1);
END
$$;
CREATE FUNCTION pg_temp.counts() RETURNS text LANGUAGE sql AS $$
    SELECT format('entries %s = matched %s + different %s + unsettled %s + ignored %s; transactions %s, missing %s', entries, matched, different,
                  unsettled, ignored, transactions, missing_there)
    FROM orders.reconciliation WHERE tenant_id = 77 ORDER BY id DESC LIMIT 1
$$;
CREATE FUNCTION pg_temp.sums() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s %s: here %s/%s there %s/%s matched %s/%s', currency, kind, here_count, here_amount, there_count, there_amount,
                             matched_count, matched_amount), ', ' ORDER BY currency, kind)
    FROM orders.reconciliation_sum WHERE tenant_id = 77 AND reconciliation_id = (SELECT max(id) FROM orders.reconciliation WHERE tenant_id = 77)
$$;
CREATE FUNCTION pg_temp.differences() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', transaction_id, kind, nullif(resolution, '')), ', ' ORDER BY transaction_id, kind)
    FROM orders.reconciliation_difference WHERE tenant_id = 77
$$;

-- The daily plan.
SELECT is(plan_reconciliations(77, 'sim', 'paypal'), 0, 'a channel of another provider is not reconciled');
SELECT is(plan_reconciliations(77, 'none', 'simulator'), 0, 'nor is one that does not exist');
SELECT is(plan_reconciliations(77, 'sim', 'simulator'), 1, 'a channel is reconciled');
SELECT is((SELECT ROW(channel, provider, source, state, now() - from_at, now() - to_at)::text FROM reconciliation WHERE tenant_id = 77),
          ROW('sim', 'simulator', 'provider', 'running', interval '3 days', interval '3 hours')::text, 'the last three days but the last three hours');
SELECT is(plan_reconciliations(77, 'sim', 'simulator'), 0, 'one runs at a time');
SELECT is_empty('SELECT FROM claim_reconciliations(77, $$down$$, 10, 60)', 'a channel gives its own tasks only');
SELECT is(pg_temp.task(), 'first 0', 'the worker claims it');
SELECT is(pg_temp.task(), NULL, 'once within its lease');

-- Pages.
SELECT pg_temp.paid('T1'), pg_temp.paid('T2') \g (format=unaligned) /dev/null
SELECT is(pg_temp.page('9', '2', pg_temp.entry('X')), false, 'a page that is not awaited is ignored');
SELECT is(pg_temp.page(NULL, '2', pg_temp.entry('T1')), true, 'the first page is stored');
SELECT is(pg_temp.page(NULL, '2', pg_temp.entry('T1')), false, 'once');
SELECT is(pg_temp.task(), '2 0', 'the second page is due at once');
SELECT is(fail_reconciliation(77, pg_temp.running(), 'provider_unreachable', 'no answer', false), false, 'an attempt fails');
SELECT is((SELECT due_at - now() FROM due WHERE tenant_id = 77 AND kind = 'reconciliation'), interval '1 minute', 'the page is tried again');
UPDATE due SET due_at = now() WHERE tenant_id = 77 AND kind = 'reconciliation';
SELECT is(pg_temp.task(), '2 1', 'from where it stopped');
SELECT is((SELECT error_code FROM reconciliation WHERE tenant_id = 77), 'provider_unreachable', 'with the reason');
SELECT is(pg_temp.page('2', NULL, pg_temp.entry('T1'), pg_temp.entry('T2')), true, 'the last page is stored');
SELECT is((SELECT state FROM reconciliation WHERE tenant_id = 77), 'done', 'and everything is compared');
SELECT is(pg_temp.counts(), 'entries 2 = matched 2 + different 0 + unsettled 0 + ignored 0; transactions 2, missing 0', 'a transaction on two pages counts once');
SELECT is(pg_temp.sums(), 'USD capture: here 2/2000 there 2/2000 matched 2/2000', 'to the cent');
SELECT is_empty('SELECT FROM due WHERE tenant_id = 77 AND kind = $$reconciliation$$', 'nothing is left to do');
SELECT is(plan_reconciliations(77, 'sim', 'simulator'), 0, 'the next one starts');
SELECT pg_temp.tomorrow() \g (format=unaligned) /dev/null
SELECT is(plan_reconciliations(77, 'sim', 'simulator'), 1, 'a day later');

-- Failures.
SELECT is(fail_reconciliation(77, pg_temp.running(), 'not_authorized', 'no permission', true), true, 'a permanent error ends it');
SELECT is((SELECT ROW(state, error_code, error_message)::text FROM reconciliation WHERE tenant_id = 77 ORDER BY id DESC LIMIT 1),
          '(failed,not_authorized,"no permission")', 'with the reason');
SELECT is(plan_reconciliations(77, 'sim', 'simulator'), 0, 'until the next day');
SELECT pg_temp.tomorrow() \g (format=unaligned) /dev/null
SELECT is(plan_reconciliations(77, 'sim', 'simulator'), 1, 'there is another one');
SELECT is((SELECT string_agg(fail_reconciliation(77, pg_temp.running(), 'x', NULL, false)::text, ' ') FROM generate_series(1, 16)),
          repeat('false ', 15) || 'true', 'the sixteenth failure ends it');

SELECT * FROM finish();
ROLLBACK;
