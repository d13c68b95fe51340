-- SPDX-License-Identifier: Apache-2.0
-- Refund events that contradict recorded refunds, or refer to another capture, are stored and change nothing.
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.report(
    p_event text, p_type text, p_order bigint, p_amount bigint DEFAULT 1000, p_transaction text DEFAULT NULL, p_capture text DEFAULT NULL
) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', outcome, refusal) FROM orders_v1.apply_provider_event(77, 'sim', p_event, p_type, pg_temp.key_of(pg_temp.payment_of(p_order)), NULL,
        p_transaction, p_amount, 'USD', 'declined', 'the account is closed', NULL, NULL, p_capture)
$$;

CREATE FUNCTION pg_temp.paid_order(p_transaction text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_order bigint := pg_temp.buy('bob', p_method => 'external');
BEGIN
    PERFORM pg_temp.report('paid-' || p_transaction, 'paid', v_order, 1000, p_transaction);
    RETURN v_order;
END
$$;

-- Returns refunded and refunding of the newest payment and the states of its refunds, such as '1000 0 done done'.
CREATE FUNCTION pg_temp.refunds(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', p.refunded, p.refunding,
                     (SELECT string_agg(r.status, ' ' ORDER BY r.id) FROM orders.refund r WHERE r.tenant_id = 77 AND r.payment_id = p.id))
    FROM orders.payment p WHERE p.tenant_id = 77 AND p.id = pg_temp.payment_of(p_order)
$$;

CREATE FUNCTION pg_temp.settle(p_order bigint, p_transaction text, p_ok boolean DEFAULT true) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.settle_refund(77, 'operator', 'provider', NULL, 'settle', NULL, NULL,
        (SELECT max(id) FROM orders.refund WHERE tenant_id = 77 AND order_id = p_order), p_transaction, p_ok, NULL, NULL)
$$;

-- A failure event for a refund recorded as done.
SELECT pg_temp.paid_order('tx-a') AS a \gset
SELECT is(pg_temp.report('a1', 'refunded', :a, 400, 'rtx-a'), 'done', 'a refund event is applied');
SELECT is(pg_temp.report('a2', 'refund_failed', :a, 400, 'rtx-a'), 'refused refund_already_settled', 'a failure of the same refund is refused');
SELECT is(pg_temp.report('a3', 'refund_failed', :a, 400), 'refused refund_already_settled', 'a failure without a transaction id is refused');
SELECT is(pg_temp.report('a4', 'refund_failed', :a, NULL), 'refused refund_already_settled', 'a failure without an amount is refused');
SELECT is(pg_temp.report('a5', 'refund_failed', :a, 400, 'tx-a'), 'refused refund_already_settled', 'a failure that names the capture is refused');
SELECT is(pg_temp.states(:a) || ' ' || pg_temp.refunds(:a), 'completed partially_refunded none 400 0 done', 'the refused events change nothing');
SELECT is((SELECT string_agg(event_id, ' ' ORDER BY id) FROM unresolved_provider_events WHERE order_id = :a), 'a2 a3 a4 a5', 'operators see the refused events');
SELECT is(pg_temp.report('a6', 'refund_failed', :a, 400, 'rtx-other'), 'unchanged', 'a failure of a refund that was never recorded changes nothing');
SELECT is(pg_temp.report('a7', 'refund_failed', :a, 999), 'unchanged', 'a failure of an amount that was never refunded changes nothing');

-- Refunds that a reply of the provider settled, with and without a transaction id.
SELECT pg_temp.paid_order('tx-b') AS b \gset
SELECT pg_temp.create_refunds(:b, 300), pg_temp.settle(:b, 'rtx-b'), pg_temp.create_refunds(:b, 300), pg_temp.settle(:b, NULL) \g (format=unaligned) /dev/null
SELECT is(pg_temp.report('b1', 'refund_failed', :b, 300, 'rtx-b'), 'refused refund_already_settled', 'a failure of a refund settled with a transaction id is refused');
SELECT is(pg_temp.report('b2', 'refund_failed', :b, 300, 'rtx-b2'), 'refused refund_already_settled', 'a failure of a refund settled without a transaction id is refused');

-- A failure of a settled refund does not affect a pending one.
SELECT pg_temp.create_refunds(:b, 300) \g (format=unaligned) /dev/null
SELECT is(pg_temp.report('b3', 'refund_failed', :b, 300, 'rtx-b'), 'refused refund_already_settled', 'a failure of a settled refund is refused while another of its amount is pending');
SELECT is(pg_temp.refunds(:b), '600 300 done done pending', 'the pending refund stays pending');
SELECT is(pg_temp.report('b4', 'refund_failed', :b, 300, 'rtx-b4'), 'done', 'a failure of the pending refund is applied');
SELECT is(pg_temp.report('b5', 'refund_failed', :b, 300, 'rtx-b4'), 'unchanged', 'a repeated failure changes nothing');
SELECT is(pg_temp.report('b6', 'refunded', :b, 300, 'rtx-b4'), 'refused refund_already_settled', 'a refund event for a failed refund is refused');
SELECT is(pg_temp.states(:b) || ' ' || pg_temp.refunds(:b), 'completed partially_refunded none 600 0 done done failed', 'the refused event changes nothing');

-- A failure reported by a reply and by an event.
SELECT pg_temp.create_refunds(:b, 300), pg_temp.settle(:b, NULL, false) \g (format=unaligned) /dev/null
SELECT is(pg_temp.report('b7', 'refund_failed', :b, 300), 'unchanged', 'an event for a refund that failed by the reply changes nothing');
SELECT is(pg_temp.report('b8', 'refund_failed', :b, 300), 'refused refund_already_settled', 'a second failure event is refused');

-- A refund reported as failed and as done, in either order, is left to operators.
SELECT pg_temp.paid_order('tx-c') AS c \gset
SELECT is(pg_temp.report('c1', 'refund_failed', :c, 1000, 'rtx-c'), 'unchanged', 'a failure of an unknown refund changes nothing');
SELECT is(pg_temp.report('c2', 'refunded', :c, 1000, 'rtx-c'), 'refused refund_already_settled', 'a later refund event with its transaction id is refused');
SELECT is(pg_temp.states(:c), 'completed paid none', 'the order stays paid');
SELECT pg_temp.buy('bob', p_method => 'external') AS d \gset
SELECT is(pg_temp.report('d1', 'refunded', :d, 1000, 'rtx-d') || ' ' || pg_temp.report('d2', 'refund_failed', :d, 1000) || ' '
          || pg_temp.report('d3', 'paid', :d, 1000, 'tx-d'), 'waiting waiting done', 'a refund event and its failure wait for the capture');
SELECT is((SELECT string_agg(event_id || ' ' || verdict || coalesce(' ' || refusal, ''), ', ' ORDER BY id) FROM provider_event WHERE event_id LIKE 'd_'),
          'd1 done, d2 refused refund_already_settled, d3 done', 'they get the same verdicts as after the capture');

-- An event can name the refunded capture.
SELECT pg_temp.paid_order('tx-e') AS e \gset
SELECT is(pg_temp.report('e1', 'paid', :e, 1000, 'tx-e2'), 'refused payment_already_captured', 'a second capture is refused');
SELECT is(pg_temp.report('e2', 'refunded', :e, 1000, 'rtx-e2', 'tx-e2'), 'refused capture_mismatch', 'a refund of the refused capture is refused');
SELECT is(pg_temp.report('e3', 'refunded', :e, 1000, 'rtx-e2'), 'refused capture_mismatch', 'a refund that does not name the capture is refused');
SELECT is(pg_temp.report('e4', 'refunded', :e, 1000, 'rtx-e4', 'tx-of-nobody'), 'refused capture_mismatch', 'a refund of an unknown capture is refused');
SELECT is(pg_temp.report('e5', 'refund_failed', :e, 1000, NULL, 'tx-e2'), 'refused capture_mismatch', 'a failure that names the refused capture is refused');
SELECT is(pg_temp.states(:e) || ' ' || pg_temp.refunds(:e), 'completed paid none 0 0', 'the order is unchanged');
SELECT pg_temp.create_refunds(:e, 100) \g (format=unaligned) /dev/null
SELECT is(pg_temp.report('e6', 'refunded', :e, 100, 'rtx-e6', 'tx-e2'), 'refused capture_mismatch', 'a pending refund of the same amount is not settled by a refund of the refused capture');
SELECT is(pg_temp.report('e7', 'refunded', :e, 100, 'rtx-e7', 'tx-e'), 'done', 'a refund of the payment''s capture settles it');
SELECT is(pg_temp.report('e8', 'refunded', :e, 900, 'rtx-e8', 'tx-e'), 'done', 'a refund of the rest is applied');
SELECT is(pg_temp.states(:e), 'completed refunded none', 'the order is refunded');
SELECT is((SELECT string_agg(capture_id, ' ' ORDER BY id) FROM unresolved_provider_events WHERE order_id = :e AND type = 'refunded'),
          'tx-e2 tx-of-nobody tx-e2', 'operators see the capture that an event names');

-- Events before the capture.
SELECT pg_temp.buy('bob', p_method => 'external') AS f \gset
SELECT is(pg_temp.report('f1', 'paid', :f, 999, 'tx-f0'), 'refused amount_mismatch', 'a capture of another amount is refused');
SELECT is(pg_temp.report('f2', 'refunded', :f, 999, 'rtx-f0', 'tx-f0') || ' ' || pg_temp.report('f3', 'refunded', :f, 999, 'rtx-f0'),
          'refused capture_mismatch waiting', 'a refund of the refused capture is refused; one without a capture waits');
SELECT is(pg_temp.report('f4', 'refunded', :f, 400, 'rtx-f', 'tx-f'), 'waiting', 'a refund of an unknown capture waits');
SELECT is(pg_temp.report('f5', 'paid', :f, 1000, 'tx-f'), 'done', 'the capture is recorded');
SELECT is(pg_temp.states(:f) || ' ' || pg_temp.refunds(:f), 'completed partially_refunded none 400 0 done', 'only the refund of this capture is applied');

-- A payment that an operator settled without a transaction id.
SELECT pg_temp.buy('bob', p_method => 'external') AS g \gset
SELECT pg_temp.report('g1', 'paid', :g, 999, 'tx-g0'), pg_temp.pay(:g, p_reference => NULL) \g (format=unaligned) /dev/null
SELECT is(pg_temp.report('g2', 'refunded', :g, 999, 'rtx-g0', 'tx-g0'), 'refused capture_mismatch', 'a refund of a refused capture is refused');
SELECT is(pg_temp.report('g3', 'refunded', :g, 500, 'rtx-g', 'tx-g'), 'done', 'a refund of any other capture is applied');
SELECT is((SELECT transaction_id FROM payment WHERE tenant_id = 77 AND id = pg_temp.payment_of(:g)), 'tx-g', 'its capture becomes the transaction of the payment');
SELECT is(pg_temp.report('g4', 'paid', :g, 1000, 'tx-g2'), 'refused payment_already_captured', 'a further capture is refused');
SELECT is(pg_temp.states(:g) || ' ' || pg_temp.refunds(:g), 'completed partially_refunded none 500 0 done', 'the refused capture changes nothing');

-- A partial refund by the provider while a full refund is pending: its verdict depends on the outcome of the pending refund.
SELECT pg_temp.paid_order('tx-v') AS v \gset
SELECT pg_temp.create_refunds(:v) \g (format=unaligned) /dev/null
SELECT is(pg_temp.report('v1', 'refunded', :v, 54, 'rtx-v'), 'waiting', 'a refund event waits for the pending refund');
SELECT is_empty('SELECT * FROM due_provider_events(77, 100)', 'it is not due before that refund ends');
SELECT is_empty('SELECT * FROM orders_check.provider_events_fit WHERE tenant_id = 77', 'a waiting event is not a violation');
SELECT is(pg_temp.settle(:v, NULL, false), 'done', 'the pending refund fails');
SELECT is(pg_temp.states(:v) || ' ' || pg_temp.refunds(:v), 'completed partially_refunded none 54 0 failed done', 'the waiting refund is applied');
SELECT is(pg_temp.create_refunds(:v), 'done', 'the rest can be refunded');
SELECT is(pg_temp.refunds(:v), '54 946 failed done pending', 'the rest excludes the applied refund');
SELECT pg_temp.paid_order('tx-w') AS w \gset
SELECT pg_temp.create_refunds(:w, 700) \g (format=unaligned) /dev/null
SELECT is(pg_temp.report('w1', 'refunded', :w, 1001, 'rtx-w1'), 'refused refund_exceeds_captured', 'a refund above the captured amount is refused');
SELECT is(pg_temp.report('w2', 'refunded', :w, 300, 'rtx-w2'), 'done', 'a refund of an available amount is applied');
SELECT is(pg_temp.report('w3', 'refunded', :w, 400, 'rtx-w3'), 'waiting', 'a refund above the available amount waits');
SELECT is(pg_temp.report('w4', 'refunded', :w, 700, 'rtx-w4'), 'done', 'the pending refund is completed');
SELECT is((SELECT verdict || ' ' || refusal FROM provider_event WHERE tenant_id = 77 AND event_id = 'w3'), 'refused refund_exceeds_captured', 'then the waiting event is refused');
SELECT pg_temp.paid_order('tx-x') AS x \gset
SELECT pg_temp.create_refunds(:x), pg_temp.report('x1', 'refunded', :x, 54, 'rtx-x') \g (format=unaligned) /dev/null
UPDATE provider_event SET received_at = now() - interval '25 hours' WHERE tenant_id = 77 AND event_id = 'x1';
SELECT review_provider_event(77, id) FROM provider_event WHERE tenant_id = 77 AND event_id = 'x1' \g (format=unaligned) /dev/null
SELECT is((SELECT concat_ws(' ', verdict, refusal, detail) FROM provider_event WHERE tenant_id = 77 AND event_id = 'x1'),
    'refused refund_exceeds_captured Another refund of the payment was pending for a day.', 'an event that waits for a day is refused');

SELECT is_empty('SELECT * FROM orders_check.all_violations WHERE tenant_id = 77', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
