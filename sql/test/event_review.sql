-- SPDX-License-Identifier: Apache-2.0
-- A waiting event that fails with an unexpected error delays neither other events nor the payment of its order.
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

-- Refunds of 13, 14 and 15 fail with an unexpected error.
CREATE FUNCTION pg_temp.fail_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'broken' USING ERRCODE = CASE NEW.amount WHEN 14 THEN 'lock_not_available' ELSE 'check_violation' END;
END
$$;
CREATE TRIGGER fail_refund BEFORE INSERT ON orders.refund FOR EACH ROW
    WHEN (NEW.amount IN (13, 14) OR (NEW.amount = 15 AND current_setting('test.broken', true) = 'yes')) EXECUTE FUNCTION pg_temp.fail_refund();

CREATE FUNCTION pg_temp.verdicts(p_prefix text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(event_id || ':' || verdict || CASE WHEN attempts > 0 THEN ':tried' ELSE '' END, ' ' ORDER BY id) FROM orders.provider_event
    WHERE tenant_id = 77 AND event_id LIKE p_prefix || '%'
$$;

-- Reviews events as the worker does; returns the number of refused events.
CREATE FUNCTION pg_temp.review(p_limit integer) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.review_provider_event(77, d) FROM orders_v1.due_provider_events(77, p_limit) AS d;
    RETURN (SELECT count(*) FROM orders_v1.refused_provider_events(77, p_limit));
END
$$;

SELECT pg_temp.buy('bob', p_method => 'external') AS a \gset
SELECT is(pg_temp.hear('a1', 'refunded', :a, 13, 'rtx-a1') || ' ' || pg_temp.hear('a2', 'refunded', :a, 14, 'rtx-a2') || ' '
          || pg_temp.hear('a3', 'refunded', :a, 100, 'rtx-a3'), 'waiting waiting waiting', 'refund events before the capture wait');
SELECT is(pg_temp.hear('a4', 'paid', :a, 1000, 'tx-a'), 'done', 'the capture is recorded');
SELECT is(pg_temp.states(:a), 'completed partially_refunded none', 'the refund event that succeeds is applied with it');
SELECT is(pg_temp.verdicts('a'), 'a1:waiting:tried a2:waiting:tried a3:done a4:done', 'the failing events wait, and their attempts are counted');

-- A failing event does not delay a later event in the queue of the worker.
SELECT is(pg_temp.review(10), 0::bigint, 'a retry of the failing events refuses none');
SELECT set_config('test.broken', 'yes', true) \g (format=unaligned) /dev/null
SELECT pg_temp.buy('bob', p_method => 'external') AS b \gset
SELECT pg_temp.hear('b1', 'refunded', :b, 15, 'rtx-b'), pg_temp.hear('b2', 'paid', :b, 1000, 'tx-b') \g (format=unaligned) /dev/null
SELECT is(pg_temp.verdicts('b'), 'b1:waiting:tried b2:done', 'an event of another order fails too');
SELECT set_config('test.broken', 'no', true) \g (format=unaligned) /dev/null
SELECT is(pg_temp.review(1), 0::bigint, 'a review with limit 1 refuses none');
SELECT is(pg_temp.verdicts('b'), 'b1:done:tried b2:done', 'a review starts with the fewest attempts');
SELECT is(pg_temp.review(10), 0::bigint, 'a review with a higher limit refuses none');
SELECT is(pg_temp.verdicts('a'), 'a1:waiting:tried a2:waiting:tried a3:done a4:done', 'the other events were retried and still wait');
SELECT is((SELECT string_agg(event_id || ' ' || (attempts > 2) || ' ' || detail, ', ' ORDER BY id) FROM unresolved_provider_events WHERE order_id = :a),
          'a1 true 23514: broken, a2 true 55P03: broken', 'operators see the error of each event');
SELECT is(pg_temp.hear('a5', 'refunded', :a, 100, 'rtx-a5'), 'done', 'other events of the payment are applied');

-- An event that fails on arrival is stored and retried.
SELECT is((SELECT ROW(outcome, refusal)::text FROM apply_provider_event(77, 'sim', 'c1', 'refunded', pg_temp.key_of(pg_temp.payment_of(:b)), NULL, 'rtx-c', 13, 'USD', NULL, NULL)), '(waiting,database_error)', 'an event that fails with an unexpected error waits');
SELECT is((SELECT verdict || ' ' || detail FROM unresolved_provider_events WHERE event_id = 'c1'), 'waiting 23514: broken', 'operators see the waiting event');
SELECT is(pg_temp.refusal(format($$SELECT pg_temp.hear('c2', 'refunded', %s, 14, 'rtx-c2')$$, :b)), '55P03 broken', 'a transient error is returned to the provider, which sends the event again');
SELECT is_empty($$SELECT * FROM provider_event WHERE event_id = 'c2'$$, 'an event with a transient error is not stored');

DROP TRIGGER fail_refund ON orders.refund;
UPDATE provider_event SET received_at = now() - interval '25 hours' WHERE event_id = 'a1';
SELECT is(pg_temp.review(10), 1::bigint, 'after a day a failing event is refused');
SELECT is(pg_temp.verdicts('c'), 'c1:done:tried', 'an event whose error is gone is applied');
SELECT is((SELECT refusal FROM provider_event WHERE event_id = 'a1'), 'database_error', 'the refusal of a failing event has its own code');
SELECT is((SELECT detail FROM provider_event WHERE event_id = 'a1'), '23514: broken', 'the refusal of a failing event has the error as detail');
SELECT is((SELECT verdict || ' ' || coalesce(detail, '-') FROM provider_event WHERE event_id = 'a2'), 'done -', 'a retried event that succeeds has no detail');

SELECT * FROM finish();
ROLLBACK;
