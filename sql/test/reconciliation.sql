-- SPDX-License-Identifier: Apache-2.0
-- The records of a provider are compared with the order database, in both directions and in steps that can be repeated.
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
SELECT is_empty('SELECT FROM tenants_to_reconcile($$sim$$, $$paypal$$) AS t WHERE t = 77', 'a tenant without a channel of the provider has nothing to plan');
SELECT results_eq('SELECT t FROM tenants_to_reconcile($$sim$$, $$simulator$$) AS t WHERE t = 77', ARRAY[77], 'a tenant whose channel was never reconciled has a reconciliation to plan');
SELECT is(plan_reconciliations(77, 'none', 'simulator'), 0, 'an unknown channel is not reconciled');
SELECT is(plan_reconciliations(77, 'sim', 'simulator'), 1, 'a channel is reconciled');
SELECT is((SELECT ROW(channel, provider, source, state, now() - from_at, now() - to_at)::text FROM reconciliation WHERE tenant_id = 77),
          ROW('sim', 'simulator', 'provider', 'running', interval '3 days', interval '3 hours')::text, 'it covers the last three days, except the last three hours');
SELECT is(plan_reconciliations(77, 'sim', 'simulator'), 0, 'a channel has one running reconciliation');
SELECT is_empty('SELECT FROM tenants_to_reconcile($$sim$$, $$simulator$$) AS t WHERE t = 77', 'a tenant with a running reconciliation has nothing to plan');
SAVEPOINT whole;
UPDATE reconciliation SET updated_at = now() - interval '25 hours' WHERE tenant_id = 77 AND state = 'running';
SELECT results_eq('SELECT t FROM tenants_to_reconcile($$sim$$, $$simulator$$) AS t WHERE t = 77', ARRAY[77], 'a tenant with an abandoned reconciliation is planned again');
ROLLBACK TO whole;
SELECT is_empty('SELECT FROM claim_reconciliations(77, $$down$$, 10, 60)', 'a claim returns only tasks of its channel');
SELECT is(pg_temp.task(), 'first 0', 'the worker claims the first page');
SELECT is(pg_temp.task(), NULL, 'a claimed page is not claimed again within its lease');

-- Pages.
SELECT pg_temp.paid('T1'), pg_temp.paid('T2') \g (format=unaligned) /dev/null
SELECT is(pg_temp.page('9', '2', pg_temp.entry('X')), false, 'a page that is not awaited is ignored');
SELECT is(pg_temp.page(NULL, '2', pg_temp.entry('T1')), true, 'the first page is stored');
SELECT is(pg_temp.page(NULL, '2', pg_temp.entry('T1')), false, 'a stored page is not stored again');
SELECT is(pg_temp.task(), '2 0', 'the second page is due at once');
SELECT is(fail_reconciliation(77, pg_temp.running(), 'provider_unreachable', 'no reply', false), false, 'an attempt fails');
SELECT is((SELECT due_at - now() FROM due WHERE tenant_id = 77 AND kind = 'reconciliation'), interval '1 minute', 'the page is tried again');
UPDATE due SET due_at = now() WHERE tenant_id = 77 AND kind = 'reconciliation';
SELECT is(pg_temp.task(), '2 1', 'the retry continues with the same page');
SELECT is((SELECT error_code FROM reconciliation WHERE tenant_id = 77), 'provider_unreachable', 'a failed attempt stores the reason');
SELECT is(pg_temp.page('2', '3', pg_temp.entry('T1')), true, 'the second page is stored');
SELECT is(pg_temp.task(), '3 0', 'a success ends the backoff');
SELECT is((SELECT error_code FROM reconciliation WHERE tenant_id = 77), NULL, 'a success clears the reason');
SELECT is(pg_temp.page('3', NULL, pg_temp.entry('T1'), pg_temp.entry('T2')), true, 'the last page is stored');
SELECT is((SELECT state FROM reconciliation WHERE tenant_id = 77), 'done', 'the reconciliation is done after its last page');
SELECT is(pg_temp.counts(), 'entries 2 = matched 2 + different 0 + unsettled 0 + ignored 0; transactions 2, missing 0', 'a transaction on two pages counts once');
SELECT is(pg_temp.sums(), 'USD capture: here 2/2000 there 2/2000 matched 2/2000', 'the sums of both sides are equal');
SELECT is_empty('SELECT FROM due WHERE tenant_id = 77 AND kind = $$reconciliation$$', 'a reconciliation that is done has no work left');
SELECT is(plan_reconciliations(77, 'sim', 'simulator'), 0, 'no other reconciliation starts on the same day');
SELECT pg_temp.tomorrow() \g (format=unaligned) /dev/null
SELECT is(plan_reconciliations(77, 'sim', 'simulator'), 1, 'the next one starts a day later');

-- Failures.
SELECT is(fail_reconciliation(77, pg_temp.running(), 'not_authorized', 'no permission', true), true, 'a permanent error ends the reconciliation');
SELECT is((SELECT ROW(state, error_code, error_message)::text FROM reconciliation WHERE tenant_id = 77 ORDER BY id DESC LIMIT 1),
          '(failed,not_authorized,"no permission")', 'a failed reconciliation has the reason');
SELECT is(plan_reconciliations(77, 'sim', 'simulator'), 0, 'after a failure no other starts on the same day');
SELECT pg_temp.tomorrow() \g (format=unaligned) /dev/null
SELECT is(plan_reconciliations(77, 'sim', 'simulator'), 1, 'the next one starts on the next day');
SELECT is((SELECT string_agg(fail_reconciliation(77, pg_temp.running(), 'x', NULL, false)::text, ' ') FROM generate_series(1, 16)),
          repeat('false ', 15) || 'true', 'the sixteenth failure ends the reconciliation');


-- Differences in both directions.
CREATE FUNCTION pg_temp.start(p_from timestamptz, p_to timestamptz, p_entries jsonb DEFAULT NULL, p_channel text DEFAULT 'sim', p_key text DEFAULT NULL)
RETURNS SETOF orders_v1.written_reconciliation LANGUAGE sql AS $$
    SELECT * FROM orders_v1.start_reconciliation(77, 'operator', 'operator', pg_temp.uid('olga'), 'r', p_key, sha256('r'), p_channel, p_from, p_to, p_entries)
$$;
CREATE FUNCTION pg_temp.number(p_transaction text, p_kind text DEFAULT 'missing_here') RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM orders.reconciliation_difference WHERE tenant_id = 77 AND transaction_id = p_transaction AND kind = p_kind
$$;
CREATE FUNCTION pg_temp.apply(p_transaction text, p_key text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', outcome, (difference).resolution)
    FROM orders_v1.apply_difference(77, 'operator', 'operator', pg_temp.uid('olga'), 'a', p_key, sha256('a'), pg_temp.number(p_transaction))
$$;
CREATE FUNCTION pg_temp.resolve(p_id bigint, p_comment text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', outcome, (difference).resolution, (difference).comment)
    FROM orders_v1.resolve_difference(77, 'operator', 'operator', pg_temp.uid('olga'), 'a', NULL, NULL, p_id, p_comment)
$$;
CREATE FUNCTION pg_temp.open_ones() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(transaction_id || ' ' || kind, ', ' ORDER BY transaction_id, kind) FROM orders.open_reconciliation_differences WHERE tenant_id = 77
$$;
CREATE FUNCTION pg_temp.reason(p_sql text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(p_sql) || coalesce(': ' || (pg_temp.hint(p_sql) ->> 'reason'), '')
$$;

SELECT pg_temp.paid('T3'), pg_temp.paid('T4'), pg_temp.paid('T5'), pg_temp.paid('T6'), pg_temp.paid('T7', '1 hour'), pg_temp.paid('T8', '5 days')
    \g (format=unaligned) /dev/null
SELECT is(pg_temp.reconcile(pg_temp.entry('T1'), pg_temp.entry('T3', '{"amount": 999}'), pg_temp.entry('T4', '{"currency": "EUR"}'),
                            pg_temp.entry('T5', '{"kind": "refund"}'), pg_temp.entry('N1'), pg_temp.entry('F1', '{"kind": "other", "amount": 30}'),
                            pg_temp.entry('N2', jsonb_build_object('occurred_at', now() - interval '2 hours 59 minutes'))), 'done', 'a reconciliation with differences is done');
SELECT is(pg_temp.open_ones(), 'N1 missing_here, T3 amount_mismatch, T4 currency_mismatch, T5 kind_mismatch, T6 missing_there', 'each kind of difference is found');
SELECT is(pg_temp.counts(), 'entries 7 = matched 1 + different 4 + unsettled 1 + ignored 1; transactions 6, missing 1',
          'new entries, fees, new transactions and transactions before the period are not counted as differences; T2 was reported before');
SELECT is(pg_temp.sums(), 'EUR capture: here 0/0 there 1/1000 matched 0/0, USD capture: here 6/6000 there 4/3999 matched 1/1000, '
          'USD other: here 0/0 there 1/30 matched 0/0, USD refund: here 0/0 there 1/1000 matched 0/0', 'sums are by currency and kind');
SELECT is((SELECT ROW(here_amount, there_amount, order_id = (SELECT order_id FROM payment p WHERE p.transaction_id = 'T3'))::text
           FROM open_reconciliation_differences WHERE transaction_id = 'T3'), '(1000,999,t)', 'a difference has both amounts and the order');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'a difference violates no invariant');

-- A later run records no difference twice, and closes differences that no longer exist.
SELECT is(pg_temp.reconcile(pg_temp.entry('T3', '{"amount": 999}'), pg_temp.entry('T4'), pg_temp.entry('T6')), 'done', 'a later run is done');
SELECT is(pg_temp.differences(), 'N1 missing_here, T3 amount_mismatch, T4 currency_mismatch reconciled, T5 kind_mismatch, T6 missing_there reconciled',
          'it records no difference twice and closes two');
SELECT is((SELECT count(*) FROM reconciliation_difference WHERE resolved_by IS NULL AND resolution = 'reconciled' AND resolved_at IS NOT NULL), 2::bigint, 'a reconciled difference has the time and no operator');
SELECT pg_temp.reconcile(pg_temp.entry('T3')), pg_temp.reconcile(pg_temp.entry('T3', '{"amount": 999}')) \g (format=unaligned) /dev/null
SELECT is((SELECT state || ' ' || there_amount FROM reconciliation_difference WHERE transaction_id = 'T3'), 'open 999', 'a difference that is found again is opened again');
SELECT pg_temp.reconcile(pg_temp.entry('T3', '{"amount": 998}')) \g (format=unaligned) /dev/null
SELECT is((SELECT state || ' ' || there_amount FROM reconciliation_difference WHERE transaction_id = 'T3'), 'open 998', 'an open difference has the amount that was reported last');
SELECT pg_temp.reconcile(pg_temp.entry('T3', '{"kind": "refund"}')) \g (format=unaligned) /dev/null
SELECT is((SELECT string_agg(kind || ' ' || state, ', ' ORDER BY kind) FROM reconciliation_difference WHERE transaction_id = 'T3'),
          'amount_mismatch resolved, kind_mismatch open', 'a difference that changes its kind is closed and recorded with the new kind');

-- Differences also depend on the order database, not only on the entries of a run.
SELECT pg_temp.reconcile(pg_temp.entry('O1'), pg_temp.entry('O2'), pg_temp.entry('O3')) \g (format=unaligned) /dev/null
INSERT INTO provider_transaction (tenant_id, provider, transaction_id, kind, payment_id, amount, currency)
SELECT 77, 'simulator', t.id, 'capture', p.id, t.amount, 'USD' FROM payment p, (VALUES ('O1', 1000), ('O2', 999)) AS t (id, amount) WHERE p.transaction_id = 'T1';
SELECT pg_temp.reconcile(pg_temp.entry('O3', '{"kind": "other"}')) \g (format=unaligned) /dev/null
SELECT is((SELECT string_agg(transaction_id || ' ' || kind || ' ' || state, ', ' ORDER BY transaction_id, kind) FROM reconciliation_difference WHERE transaction_id LIKE 'O%'),
          'O1 missing_here resolved, O2 amount_mismatch open, O2 missing_here resolved, O3 missing_here resolved',
          'a transaction that was recorded, and one that is a fee, are no longer missing');
DELETE FROM provider_transaction WHERE transaction_id IN ('O1', 'O2');
SELECT pg_temp.reconcile(VARIADIC '{}') \g (format=unaligned) /dev/null
SELECT is((SELECT string_agg(transaction_id || ' ' || kind || ' ' || state, ', ' ORDER BY transaction_id, kind) FROM reconciliation_difference WHERE transaction_id LIKE 'O%'),
          'O1 missing_here resolved, O2 amount_mismatch resolved, O2 missing_here open, O3 missing_here resolved',
          'after a restore removed transactions, their differences have the present kind');
SELECT is((pg_temp.resolve(pg_temp.number('O2'), 'x')), 'done commented x', 'an operator closes the difference');

-- A difference that was closed with a comment stays closed as long as its amounts do not change.
SELECT is(pg_temp.refusal(format('SELECT pg_temp.resolve(%s, $$ $$)', pg_temp.number('T3', 'kind_mismatch'))), 'OR422 required_field comment', 'an empty comment is refused');
SELECT is(pg_temp.resolve(pg_temp.number('T3', 'kind_mismatch'), ' booked elsewhere '), 'done commented booked elsewhere', 'a difference is closed with a comment, which is trimmed');
SELECT is(pg_temp.resolve(pg_temp.number('T3', 'kind_mismatch'), 'again'), 'unchanged commented booked elsewhere', 'a closed difference keeps its comment');
SELECT is((SELECT resolved_by FROM reconciliation_difference WHERE id = pg_temp.number('T3', 'kind_mismatch')), pg_temp.uid('olga'), 'a closed difference has the operator');
SELECT pg_temp.reconcile(pg_temp.entry('T3', '{"kind": "refund"}')) \g (format=unaligned) /dev/null
SELECT is((SELECT state FROM reconciliation_difference WHERE id = pg_temp.number('T3', 'kind_mismatch')), 'resolved', 'a later run with the same amounts leaves it closed');
SELECT pg_temp.reconcile(pg_temp.entry('T3', '{"kind": "refund", "amount": 1}')) \g (format=unaligned) /dev/null
SELECT is((SELECT ROW(state, comment)::text FROM reconciliation_difference WHERE id = pg_temp.number('T3', 'kind_mismatch')), '(open,)', 'a later run with another amount opens it');
SELECT is(pg_temp.refusal('SELECT pg_temp.resolve(999999999, $$x$$)'), 'OR404 not_found', 'an unknown difference is not found');

-- After a restore, lost transactions are recorded again.
SELECT pg_temp.buy('bob', p_method => 'external') AS a, pg_temp.buy('bob', p_method => 'external') AS b \gset
SELECT pg_temp.key_of(pg_temp.payment_of(:a)) AS ka, pg_temp.key_of(pg_temp.payment_of(:b)) AS kb \gset
SELECT record_intent(77, 'user', 'buyer', NULL, 'pay', NULL, NULL, pg_temp.payment_of(:b), 'I-b', 'https://pay/', NULL) \g (format=unaligned) /dev/null
SELECT is(pg_temp.reconcile(pg_temp.entry('R1', jsonb_build_object('payment_key', :'ka')),
                            pg_temp.entry('R2', jsonb_build_object('kind', 'refund', 'amount', 301, 'capture_id', 'R1')),
                            pg_temp.entry('R3', jsonb_build_object('intent_id', 'I-b')),
                            pg_temp.entry('R4', jsonb_build_object('intent_id', 'I-b')),
                            pg_temp.entry('R5', jsonb_build_object('payment_key', gen_random_uuid()))), 'done', 'the provider reports money of lost transactions');
SELECT is(pg_temp.states(:a) || ', ' || pg_temp.states(:b), 'open unpaid none, open unpaid none', 'a reconciliation records no money');
SELECT is((SELECT string_agg(d.transaction_id || ' ' || d.applicable, ', ' ORDER BY d.transaction_id) FROM list_differences(77, NULL, 'sim', 'open', 'missing_here', 100, NULL) AS d
           WHERE d.transaction_id LIKE 'R%'), 'R1 true, R2 false, R3 true, R4 true, R5 false', 'money of known payments can be applied');
SELECT is(pg_temp.reason($$SELECT pg_temp.apply('R2')$$), 'OR409 difference_not_applicable: payment_not_found', 'a refund without its capture is refused');
SELECT is(pg_temp.apply('R1'), 'done applied', 'a capture is applied');
SELECT is(pg_temp.states(:a), 'completed paid none', 'an applied capture pays its order');
SELECT is(pg_temp.apply('R1'), 'unchanged applied', 'an applied difference is not applied again');
SELECT is((SELECT d.applicable FROM list_differences(77, NULL, 'sim', 'open', 'missing_here', 100, NULL) AS d WHERE d.transaction_id = 'R2'), true, 'a refund can be applied after its capture');
SELECT is(pg_temp.apply('R2', 'key') || ', ' || pg_temp.apply('R2', 'key'), 'done applied, done applied', 'a replay of an applied difference returns its result');
SELECT is((SELECT ROW(payment_state, captured, refunded)::text FROM orders WHERE id = :a), '(partially_refunded,1000,301)', 'an order has the sums of applied differences');
SELECT is(pg_temp.apply('R3'), 'done applied', 'a payment is found by its intent too');
SELECT is(pg_temp.reason($$SELECT pg_temp.apply('R4')$$), 'OR409 difference_not_applicable: payment_already_captured', 'the rules of events refuse a second capture');
SELECT is_empty($$SELECT FROM provider_event WHERE transaction_id = 'R4'$$, 'a refused difference stores no event, so that it can be applied later');
SELECT is(pg_temp.reason($$SELECT pg_temp.apply('R5')$$), 'OR409 difference_not_applicable: payment_not_found', 'money of a lost order cannot be applied');
SELECT is(pg_temp.resolve(pg_temp.number('R5'), 'refunded at the provider'), 'done commented refunded at the provider', 'money of a lost order is resolved with a comment');
SELECT is(pg_temp.reason($$SELECT pg_temp.apply('R5')$$), 'OR409 difference_not_applicable: commented', 'a resolved difference cannot be applied');
SELECT is(pg_temp.reason(format('SELECT orders_v1.apply_difference(77, $$operator$$, $$operator$$, NULL, $$a$$, NULL, NULL, %s)', pg_temp.number('T5', 'kind_mismatch'))),
          'OR409 difference_not_applicable: kind_mismatch', 'a difference of another kind cannot be applied');
SELECT is((SELECT string_agg(actor || ' ' || api, ',') FROM order_history WHERE order_id = :a AND axis = 'payment' AND version = (SELECT max(version) FROM orders WHERE id = :a)),
          'provider operator', 'an applied difference is an event of the provider');
UPDATE provider_transaction SET created_at = now() - interval '4 hours' WHERE transaction_id LIKE 'R%';
SELECT is(pg_temp.reconcile(pg_temp.entry('R1'), pg_temp.entry('R2', '{"kind": "refund", "amount": 301}'), pg_temp.entry('R3')), 'done', 'the next run is done');
SELECT is(pg_temp.sums(), 'USD capture: here 8/8000 there 2/2000 matched 2/2000, USD refund: here 1/301 there 1/301 matched 1/301', 'both sides have the same sums');

-- A refund before its capture is refused, and applied later.
SELECT pg_temp.buy('bob', p_method => 'external') AS w \gset
SELECT pg_temp.reconcile(pg_temp.entry('W1', jsonb_build_object('kind', 'refund', 'payment_key', pg_temp.key_of(pg_temp.payment_of(:w))))) \g (format=unaligned) /dev/null
SELECT is(pg_temp.reason($$SELECT pg_temp.apply('W1')$$), 'OR409 difference_not_applicable: waiting', 'a refund waits for its capture');
SELECT is_empty($$SELECT FROM provider_event WHERE transaction_id = 'W1'$$, 'the refused refund stores no event');
SELECT pg_temp.hear('w', 'paid', :w, 1000, 'W0') \g (format=unaligned) /dev/null
SELECT is(pg_temp.apply('W1'), 'done applied', 'a refund is applied after its capture');
SELECT is(pg_temp.states(:w), 'completed refunded none', 'the order is refunded in full');

-- An event reports a refund with another amount than the entry, before an operator applies the difference.
SELECT pg_temp.buy('bob', p_method => 'external') AS x \gset
SELECT pg_temp.hear('x', 'paid', :x, 1000, 'X0') \g (format=unaligned) /dev/null
SELECT pg_temp.reconcile(pg_temp.entry('X1', '{"kind": "refund", "amount": 301, "capture_id": "X0"}')) \g (format=unaligned) /dev/null
SELECT pg_temp.hear('x1', 'refunded', :x, 300, 'X1') \g (format=unaligned) /dev/null
SELECT is(pg_temp.reason($$SELECT pg_temp.apply('X1')$$), 'OR409 difference_not_applicable: amount_mismatch', 'a refund that is recorded with another amount is not applied');
SELECT is((SELECT refunded FROM orders WHERE id = :x), 300::bigint, 'the recorded amount is unchanged');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT pg_temp.reconcile(pg_temp.entry('X1', '{"kind": "refund", "amount": 301}')) \g (format=unaligned) /dev/null
SELECT is((SELECT string_agg(kind || ' ' || state, ', ' ORDER BY kind) FROM reconciliation_difference WHERE transaction_id = 'X1'),
          'amount_mismatch open, missing_here resolved', 'the next run reports both amounts');
SELECT is(pg_temp.resolve(pg_temp.number('X1', 'amount_mismatch'), 'the event is right'), 'done commented the event is right', 'an operator resolves a difference of amounts');

-- Entries of an operator.
SELECT is(pg_temp.refusal(c.sql), c.refusal, c.name)
FROM (VALUES ($$SELECT pg_temp.start(now() - interval '1 day', now())$$, 'OR422 reconciliation_not_supported channel', 'a provider that cannot list transactions'),
             ($$SELECT pg_temp.start(now() - interval '1 day', now(), '[]', 'none')$$, 'OR422 payment_channel_unknown channel', 'an unknown channel'),
             ($$SELECT pg_temp.start(now(), now(), '[]')$$, 'OR422 invalid_field to', 'an empty period'),
             ($$SELECT pg_temp.start(now() - interval '744 hours 1 second', now(), '[]')$$, 'OR422 invalid_field to', 'a period of more than 31 days'),
             ($$SELECT pg_temp.start(now(), now() + interval '1 hour', '[]')$$, 'OR422 invalid_field to', 'a period in the future'),
             ($$SELECT pg_temp.start('-infinity', 'infinity', '[]')$$, 'OR422 invalid_field from', 'an infinite period'),
             ($$SELECT pg_temp.start(NULL, now(), '[]')$$, 'OR422 invalid_field from', 'no period')) AS c (sql, refusal, name);
SELECT is((SELECT ROW(outcome, replayed, (reconciliation).source, (reconciliation).state, (reconciliation).matched, (reconciliation).requested_by = pg_temp.uid('olga'))::text
           FROM pg_temp.start(now() - interval '5 days 1 hour', now() - interval '4 days', jsonb_build_array(pg_temp.entry('T8')), 'sim', 'k')), '(created,f,csv,done,1,t)', 'a CSV is compared at once');
SELECT is((SELECT ROW(outcome, replayed, (reconciliation).sums[1].there_amount)::text FROM pg_temp.start(now(), now(), '[]', 'sim', 'k')), '(created,t,1000)', 'a replay returns the stored reconciliation');
SELECT is((SELECT ROW(channel, source, state, matched, open, cardinality(sums))::text FROM read_reconciliation(77, (SELECT max(id) FROM reconciliation))), '(sim,csv,done,1,0,1)', 'the reconciliation can be read');
SELECT is_empty('SELECT FROM read_reconciliation(77, 999999999)', 'an unknown reconciliation is not found');
SELECT is((SELECT array_agg(id) FROM list_reconciliations(77, 'sim', 'done', 2, NULL)), (SELECT (array_agg(id ORDER BY id DESC))[1:2] FROM reconciliation WHERE state = 'done'), 'reconciliations of a channel are listed, newest first');
SELECT is((SELECT count(*) FROM list_reconciliations(77, NULL, 'failed', 100, NULL)), 2::bigint, 'reconciliations are listed by state');
SELECT is((SELECT count(*) FROM list_reconciliations(77, 'down', NULL, 100, NULL)), 0::bigint, 'no reconciliation of an unknown channel');
SELECT is((SELECT array_agg(d.transaction_id) FROM list_differences(77, (SELECT reconciliation_id FROM reconciliation_difference WHERE transaction_id = 'R5'), NULL, NULL, NULL, 100, NULL) AS d),
          '{R5,R4,R3,R2,R1}', 'the differences of a reconciliation are listed');
SELECT is((SELECT array_agg(d.transaction_id) FROM list_differences(77, NULL, NULL, 'open', 'missing_here', 2, pg_temp.number('R5')) AS d), '{R4,N1}', 'differences below an id are listed up to the limit');

SELECT is((SELECT ROW((reconciliation).transactions, (reconciliation).missing_there)::text FROM pg_temp.start(now() - interval '2 hours', now(), '[]')), '(1,0)',
          'a transaction that the provider may not list yet is not missing');

-- Sums beyond bigint do not fail.
SELECT is((SELECT (reconciliation).sums[2].there_amount FROM pg_temp.start(now() - interval '1 day', now(), (
    SELECT jsonb_agg(pg_temp.entry('big' || n, '{"kind": "other", "amount": 1000000000000000}')) FROM generate_series(1, 9300) AS n))), 9223372036854775807, 'a sum is capped');

-- More differences than a batch has.
INSERT INTO provider_transaction (tenant_id, provider, transaction_id, kind, payment_id, amount, currency, created_at)
SELECT 77, 'simulator', 'M' || n, 'capture', p.id, 1000, 'USD', now() - interval '9 days' FROM payment p, generate_series(1, 450) AS n WHERE p.transaction_id = 'T1';
SELECT (reconciliation).id AS many FROM pg_temp.start(now() - interval '10 days', now() - interval '8 days', (
    SELECT jsonb_agg(pg_temp.entry('B' || n, jsonb_build_object('occurred_at', now() - interval '9 days'))) FROM generate_series(1, 450) AS n)) \gset
SELECT compare_reconciliations(77) FROM generate_series(1, 20) \g (format=unaligned) /dev/null
SELECT is((SELECT ROW(state, entries, different, transactions, missing_there)::text FROM reconciliation WHERE id = :many), '(done,450,450,450,450)', 'many differences are found, each once');
SELECT is((SELECT string_agg(format('%s %s', here_count, there_count), ', ') FROM reconciliation_sum WHERE reconciliation_id = :many), '450 450', 'all transactions are counted');
SELECT is((SELECT count(*) FROM reconciliation_difference WHERE reconciliation_id = :many), 900::bigint, 'differences of both sides are found');
DELETE FROM provider_transaction WHERE transaction_id LIKE 'M%';
DELETE FROM reconciliation_difference WHERE reconciliation_id = :many;

-- An event is applied during the comparison: the counts add up, and there is no difference.
CREATE FUNCTION pg_temp.book() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders.provider_transaction (tenant_id, provider, transaction_id, kind, payment_id, amount, currency)
    SELECT 77, 'simulator', 'V1', 'capture', p.id, 1000, 'USD' FROM orders.payment p WHERE p.transaction_id = 'T1'
    ON CONFLICT DO NOTHING;
    RETURN NEW;
END
$$;
CREATE TRIGGER book BEFORE INSERT ON reconciliation_sum FOR EACH ROW EXECUTE FUNCTION pg_temp.book();
SELECT is((SELECT ROW((reconciliation).state, (reconciliation).entries, (reconciliation).matched, (reconciliation).different)::text
           FROM pg_temp.start(now() - interval '1 day', now() - interval '4 hours', jsonb_build_array(pg_temp.entry('V1', jsonb_build_object('occurred_at', now() - interval '5 hours'))))),
          '(done,1,0,1)', 'money that is recorded during the comparison was not matched');
SELECT is_empty('SELECT * FROM orders_check.reconciliations_fit', 'all counts add up');
SELECT is_empty($$SELECT FROM reconciliation_difference WHERE transaction_id = 'V1'$$, 'money recorded during the comparison is no difference');
DROP TRIGGER book ON reconciliation_sum;
DELETE FROM provider_transaction WHERE transaction_id = 'V1';

-- The worker reads the transactions of PayPal. A channel has one running reconciliation.
SELECT pg_temp.operator_put('payment-channels', 'pp', '{"provider": "paypal"}') \g (format=unaligned) /dev/null
SELECT is((SELECT ROW(outcome, (reconciliation).state, (reconciliation).source)::text FROM pg_temp.start(now() - interval '31 days', now(), NULL, 'pp')), '(created,running,provider)', 'a channel of PayPal can be reconciled');
SELECT is(pg_temp.refusal($$SELECT pg_temp.start(now() - interval '1 day', now(), NULL, 'pp')$$), 'OR409 reconciliation_running channel', 'a second reconciliation of a channel is refused');
SELECT is((pg_temp.hint($$SELECT pg_temp.start(now() - interval '1 day', now(), NULL, 'pp')$$) ->> 'reconciliation_id')::bigint, pg_temp.running('pp'), 'the refusal has the id of the running reconciliation');
SELECT is(pg_temp.task('pp'), 'first 0', 'the worker claims its first page');
SELECT is(plan_reconciliations(77, 'pp', 'paypal'), 0, 'the daily reconciliation does not start while it runs');
SELECT is(fail_reconciliation(77, pg_temp.running('pp'), 'x', 'x', true), true, 'it ends as failed');
SELECT is(plan_reconciliations(77, 'pp', 'paypal'), 1, 'then the daily reconciliation starts');
SELECT fail_reconciliation(77, pg_temp.running('pp'), 'x', 'x', true) \g (format=unaligned) /dev/null

-- After an outage, the daily reconciliation covers the time since the last one, at most 31 days.
UPDATE reconciliation SET state = 'done', to_at = now() - interval '10 days', from_at = now() - interval '11 days', created_at = now() - interval '10 days' WHERE channel = 'pp' AND scheduled;
SELECT plan_reconciliations(77, 'pp', 'paypal') \g (format=unaligned) /dev/null
SELECT is((SELECT now() - from_at FROM reconciliation WHERE id = pg_temp.running('pp')), interval '10 days', 'no time is left out');
DELETE FROM due WHERE kind = 'reconciliation' AND id = pg_temp.running('pp');
DELETE FROM reconciliation WHERE id = pg_temp.running('pp');
UPDATE reconciliation SET to_at = now() - interval '40 days', from_at = now() - interval '41 days' WHERE channel = 'pp' AND scheduled;
SELECT plan_reconciliations(77, 'pp', 'paypal') \g (format=unaligned) /dev/null
SELECT is((SELECT to_at - from_at FROM reconciliation WHERE id = pg_temp.running('pp')), interval '744 hours', 'a daily reconciliation covers at most 31 days');
SELECT fail_reconciliation(77, pg_temp.running('pp'), 'x', 'x', true) \g (format=unaligned) /dev/null

-- A large set is compared in steps, by the worker.
CREATE FUNCTION pg_temp.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1.1); RETURN NULL; END $$;
CREATE TRIGGER slow AFTER INSERT ON reconciliation_difference FOR EACH ROW EXECUTE FUNCTION pg_temp.slow();
SELECT is(pg_temp.reconcile(pg_temp.entry('S1')), 'running', 'a long comparison is not done at once');
SELECT is((SELECT ROW(kind, channel, due_at <= now())::text FROM due WHERE tenant_id = 77 AND kind = 'reconciliation'), '(reconciliation,"",t)', 'a long comparison is left to the worker');
SELECT is(pg_temp.task(), NULL, 'a comparison is not claimed as a page');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold during a comparison');
SELECT is(compare_reconciliations(77), 1, 'the worker continues the comparison');
SELECT is((SELECT state FROM reconciliation WHERE tenant_id = 77 ORDER BY id DESC LIMIT 1), 'done', 'the worker completes the comparison');
SELECT is(compare_reconciliations(77), 0, 'a complete comparison has no further step');
SELECT pg_temp.paid('S3', '5 hours'), pg_temp.reconcile(pg_temp.entry('S2')) \g (format=unaligned) /dev/null
UPDATE due SET attempts = 15 WHERE kind = 'reconciliation';
SELECT is(compare_reconciliations(77), 1, 'a step succeeds after fifteen errors');
SELECT is((SELECT ROW(x.state, x.stage, d.attempts)::text FROM reconciliation x JOIN due d ON d.kind = 'reconciliation' AND d.id = x.id), '(running,transactions,0)',
          'a successful step resets the attempts');
SELECT is(compare_reconciliations(77), 1, 'the worker compares the rest');
DROP TRIGGER slow ON reconciliation_difference;
CREATE FUNCTION pg_temp.broken_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$;
SELECT pg_temp.tomorrow(), plan_reconciliations(77, 'sim', 'simulator') \g (format=unaligned) /dev/null
UPDATE reconciliation SET stage = 'entries', compared_at = now() WHERE id = pg_temp.running();
UPDATE due SET channel = '' WHERE kind = 'reconciliation' AND id = pg_temp.running();
CREATE TRIGGER broken AFTER UPDATE ON reconciliation FOR EACH ROW EXECUTE FUNCTION pg_temp.broken_row();
SELECT is(compare_reconciliations(77), 1, 'an unexpected error ends the step');
SELECT is((SELECT ROW(attempts, due_at - now())::text FROM due WHERE kind = 'reconciliation' AND id = pg_temp.running()), '(1,00:00:05)', 'a failed step is repeated after 5 seconds');
DROP TRIGGER broken ON reconciliation;
UPDATE due SET due_at = now() WHERE kind = 'reconciliation';
SELECT is(compare_reconciliations(77), 1, 'a repeated step succeeds');
SELECT is_empty('SELECT FROM due WHERE kind = $$reconciliation$$', 'the repeated step completes the comparison');

-- A reconciliation that cannot be completed fails, so that it does not block its channel.
SELECT pg_temp.tomorrow(), plan_reconciliations(77, 'sim', 'simulator') \g (format=unaligned) /dev/null
SELECT pg_temp.running() AS stuck \gset
CREATE TRIGGER broken BEFORE INSERT ON reconciliation_difference FOR EACH ROW EXECUTE FUNCTION pg_temp.broken_row();
UPDATE reconciliation SET stage = 'entries', compared_at = now() WHERE id = :stuck;
INSERT INTO reconciliation_entry (tenant_id, channel, transaction_id, reconciliation_id, kind, amount, currency, occurred_at)
VALUES (77, 'sim', 'STUCK', :stuck, 'capture', 1000, 'USD', now() - interval '1 day');
UPDATE due SET channel = '', attempts = 14 WHERE kind = 'reconciliation' AND id = :stuck;
SELECT is(compare_reconciliations(77), 1, 'the fifteenth attempt of a comparison fails');
SELECT is((SELECT state FROM reconciliation WHERE id = :stuck), 'running', 'a reconciliation with a failed comparison is still running');
UPDATE due SET due_at = now() WHERE kind = 'reconciliation' AND id = :stuck;
SELECT is(compare_reconciliations(77), 1, 'the sixteenth attempt fails');
SELECT is((SELECT state || ' ' || error_code FROM reconciliation WHERE id = :stuck), 'failed internal_error', 'the reconciliation has failed');
SELECT is_empty('SELECT FROM due WHERE kind = $$reconciliation$$', 'it has no further attempt');
DROP TRIGGER broken ON reconciliation_difference;
DELETE FROM reconciliation_entry WHERE transaction_id = 'STUCK';
SELECT pg_temp.tomorrow(), plan_reconciliations(77, 'sim', 'simulator') \g (format=unaligned) /dev/null
SELECT pg_temp.running() AS abandoned \gset
UPDATE reconciliation SET updated_at = now() - interval '23 hours' WHERE id = :abandoned;
SELECT is(pg_temp.refusal($$SELECT pg_temp.start(now() - interval '1 day', now(), '[]')$$), 'OR409 reconciliation_running channel', 'a reconciliation with progress within a day blocks its channel');
UPDATE reconciliation SET updated_at = now() - interval '25 hours' WHERE id = :abandoned;
SELECT is(pg_temp.task(), 'first 0', 'a worker claims a page after a day without progress');
SELECT is(pg_temp.refusal($$SELECT pg_temp.start(now() - interval '1 day', now(), '[]')$$), 'OR409 reconciliation_running channel', 'a reconciliation with a claimed page blocks its channel');
UPDATE due SET due_at = now() WHERE kind = 'reconciliation' AND id = :abandoned;
SELECT is((SELECT outcome FROM pg_temp.start(now() - interval '1 day', now(), '[]')), 'created', 'a reconciliation without progress for a day does not block its channel');
SELECT is((SELECT state || ' ' || error_code FROM reconciliation WHERE id = :abandoned), 'failed no_progress', 'the abandoned reconciliation has failed');
SELECT is_empty('SELECT FROM due WHERE kind = $$reconciliation$$', 'it has no further attempt');

-- The settling time counts from the start of the reconciliation, when its pages were read.
SELECT pg_temp.paid('L1', '3 hours 30 minutes'), pg_temp.paid('L2', '6 hours'), pg_temp.tomorrow(), plan_reconciliations(77, 'sim', 'simulator')
    \g (format=unaligned) /dev/null
UPDATE reconciliation SET created_at = now() - interval '1 hour' WHERE id = pg_temp.running();
SELECT is(pg_temp.page(NULL, NULL, VARIADIC '{}'::jsonb[]), true, 'an empty page is read an hour after the start');
SELECT is((SELECT string_agg(transaction_id, ' ') FROM reconciliation_difference WHERE kind = 'missing_there' AND transaction_id LIKE 'L%'), 'L2',
          'only a transaction that was old enough at the start is missing');
SELECT is(pg_temp.reconcile(pg_temp.entry('L1'), pg_temp.entry('L2')), 'done', 'a later run finds both');

-- The provider dates a transaction before the period, and it is recorded in the first hour of the period.
SELECT pg_temp.paid('H1', '19 days 23 hours 50 minutes'), pg_temp.paid('H2', '19 days 22 hours') \g (format=unaligned) /dev/null
CREATE FUNCTION pg_temp.missing() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(transaction_id, ' ' ORDER BY transaction_id) FROM orders.open_reconciliation_differences
    WHERE tenant_id = 77 AND kind = 'missing_there' AND transaction_id LIKE 'H_'
$$;
CREATE FUNCTION pg_temp.compare_days(p_from interval, p_to interval, VARIADIC p_entries jsonb[] DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT (reconciliation).state FROM pg_temp.start(now() - p_from, now() - p_to, to_jsonb(p_entries))
$$;
SELECT is(pg_temp.compare_days('20 days', '19 days'), 'done', 'a period is compared');
SELECT is(pg_temp.missing(), 'H2', 'a transaction of the first hour is not missing if the hour before was never read');
SELECT is(pg_temp.compare_days('21 days', '20 days'), 'done', 'the period before is compared');
SELECT is(pg_temp.compare_days('20 days', '19 days'), 'done', 'the first period is compared again');
SELECT is(pg_temp.missing(), 'H1 H2', 'a transaction of the first hour is missing if the hour before was read');
SELECT is(pg_temp.compare_days('21 days', '19 days', pg_temp.entry('H1', jsonb_build_object('occurred_at', now() - interval '20 days 1 minute')),
                               pg_temp.entry('H2', jsonb_build_object('occurred_at', now() - interval '19 days 22 hours'))), 'done', 'a later run reads both');
SELECT is(pg_temp.missing(), NULL, 'differences that the provider lists later are closed');
DELETE FROM reconciliation_entry WHERE transaction_id IN ('H1', 'H2');
UPDATE reconciliation SET created_at = from_at WHERE to_at >= now() - interval '20 days' AND from_at <= now() - interval '20 days 1 hour' AND state = 'done';
SELECT pg_temp.compare_days('20 days', '19 days') \g (format=unaligned) /dev/null
SELECT is(pg_temp.missing(), 'H2', 'a run that began before the provider had listed the hour does not count');
DELETE FROM reconciliation_difference WHERE transaction_id IN ('H1', 'H2');

-- The daily reconciliation begins at the end of the last one or before, so transactions of its first hour are compared.
UPDATE provider_transaction SET created_at = now() - interval '9 days 23 hours 50 minutes' WHERE transaction_id = 'H1';
UPDATE reconciliation SET from_at = now() - interval '13 days', to_at = now() - interval '10 days', created_at = now() - interval '9 days 21 hours'
WHERE channel = 'sim' AND scheduled AND state = 'done';
SELECT plan_reconciliations(77, 'sim', 'simulator') \g (format=unaligned) /dev/null
SELECT pg_temp.page(NULL, NULL, VARIADIC '{}') \g (format=unaligned) /dev/null
SELECT is((SELECT now() - from_at FROM reconciliation WHERE scheduled AND channel = 'sim' ORDER BY id DESC LIMIT 1), interval '10 days', 'the daily run covers the time since the last one');
SELECT is(pg_temp.missing(), 'H1', 'it compares the transactions of its first hour');

-- Old entries are deleted.
UPDATE reconciliation_entry SET reported_at = now() - interval '401 days' WHERE transaction_id = 'T1';
SELECT pg_temp.tomorrow(), plan_reconciliations(77, 'sim', 'simulator') \g (format=unaligned) /dev/null
SELECT is_empty($$SELECT FROM reconciliation_entry WHERE transaction_id = 'T1'$$, 'entries are deleted after 400 days');
SELECT isnt_empty($$SELECT FROM reconciliation_entry WHERE transaction_id = 'T2'$$, 'younger entries are kept');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');

SELECT * FROM finish();
ROLLBACK;
