-- SPDX-License-Identifier: Apache-2.0
-- A capture request is recorded before it is sent, and polled until its outcome is known, whatever happens to the order in the
-- meantime.
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.intend(p_order bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM orders_v1.record_intent(77, 'company', 'buyer', NULL, 'pay', NULL, NULL, pg_temp.payment_of(p_order), 'I-' || p_order,
                                        'https://pay/', NULL)
$$;
-- The step requested from the provider; NULL: none.
CREATE FUNCTION pg_temp.begin_it(p_order bigint, p_ask boolean DEFAULT false) RETURNS text LANGUAGE sql AS $$
    SELECT max(capture_step) FROM orders_v1.begin_capture(77, pg_temp.payment_of(p_order), p_ask, 60)
$$;
CREATE FUNCTION pg_temp.wait_for(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.record_capture(77, pg_temp.payment_of(p_order), 'unknown')
$$;
CREATE FUNCTION pg_temp.not_made(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.record_capture(77, pg_temp.payment_of(p_order), 'waiting')
$$;
-- Records the reply of a provider to a capture request; returns the outcome, and the refusal if there is one.
CREATE FUNCTION pg_temp.capture(
    p_order bigint, p_outcome text, p_transaction text DEFAULT NULL, p_amount bigint DEFAULT 1000, p_currency text DEFAULT 'USD'
) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', outcome, refusal) FROM orders_v1.record_capture(77, pg_temp.payment_of(p_order), p_outcome, p_transaction, p_amount, p_currency, 'no', 'declined', 'p@example.com')
$$;
-- The wait before the next poll, and the attempts.
CREATE FUNCTION pg_temp.wait_of(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT d.due_at - now() || ' ' || d.attempts FROM pg_temp.due_of('capture', p_order) AS d
$$;
-- The tasks of the worker once they are due: their steps by order.
CREATE FUNCTION pg_temp.due(p_order bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_step text;
BEGIN
    PERFORM pg_temp.make_due('capture', p_order);
    SELECT capture_step INTO v_step FROM orders_v1.claim_captures(77, 'sim', 100, 60) WHERE order_id = p_order;
    RETURN v_step;
END
$$;
CREATE FUNCTION pg_temp.doubt(p_order bigint) RETURNS boolean LANGUAGE sql AS $$
    SELECT EXISTS (SELECT FROM orders.payment WHERE tenant_id = 77 AND order_id = p_order AND capture_asked_at IS NOT NULL)
           AND EXISTS (SELECT FROM pg_temp.due_of('capture', p_order))
$$;
CREATE FUNCTION pg_temp.order_it() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_order bigint := pg_temp.buy('bob', p_method => 'external', p_expires => 900);
BEGIN
    PERFORM pg_temp.intend(v_order);
    RETURN v_order;
END
$$;

-- The capture request, and recovery after a crash.
SELECT pg_temp.order_it() AS a \gset
SELECT is(pg_temp.begin_it(:a), 'capture', 'a capture begins');
SELECT is((SELECT ROW(status, capture_asked_at, (SELECT due_at FROM pg_temp.due_of('capture', :a)))::text FROM payment WHERE order_id = :a), ROW('pending', now(), now() + interval '60 s')::text, 'the capture request is recorded');
SELECT is(pg_temp.states(:a) || ' ' || (SELECT version FROM orders WHERE id = :a), 'open unpaid none 2', 'it does not change the states of the order');
SELECT is_empty('SELECT * FROM claim_captures(77, $$sim$$, 10, 60)', 'the worker does not claim it before its lease ends');
SELECT is(pg_temp.due(:a), 'read_first', 'then the worker reads the intent before it captures');
SELECT is_empty('SELECT * FROM claim_captures(77, $$sim$$, 10, 60)', 'a claimed capture is not claimed again');
SELECT pg_temp.make_due('capture', :a) \g (format=unaligned) /dev/null
SELECT is_empty($$SELECT * FROM claim_captures(77, 'other', 10, 60)$$, 'another channel does not claim it');
SELECT is(pg_temp.begin_it(:a), 'read_first', 'a second request reads the intent first');
SELECT is(pg_temp.hear('a', 'paid', :a, 1000, 'tx-a'), 'done', 'the payment was captured');
SELECT is(pg_temp.states(:a), 'completed paid none', 'the order is paid');
SELECT is(pg_temp.doubt(:a), false, 'the outcome is known');
SELECT is(pg_temp.begin_it(:a), NULL, 'a paid order is not captured again');
SELECT is(pg_temp.refusal('SELECT begin_capture(77, 0, false, 60)'), 'OR404 not_found', 'an unknown payment is not found');

-- Payments that are not captured.
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 900) AS no_intent, pg_temp.order_it() AS off, pg_temp.order_it() AS late \gset
SELECT pg_temp.drop_it('bob', :off) \g (format=unaligned) /dev/null
SELECT pg_temp.let_expire(:late, now() - interval '1 s') \g (format=unaligned) /dev/null
SELECT is(pg_temp.begin_it(o.id), NULL, o.what) FROM (VALUES (:no_intent, 'a payment without an intent is not captured'), (:off, 'the payment of a cancelled order is not captured'), (:late, 'the payment of an order past its expiry is not captured')) AS o (id, what);
SELECT is(pg_temp.doubt(o.id), false, 'no capture request is recorded') FROM (VALUES (:no_intent), (:off), (:late)) AS o (id);

-- An order that expires soon.
SELECT pg_temp.order_it() AS b \gset
SELECT pg_temp.let_expire(:b, now() + interval '30 s') \g (format=unaligned) /dev/null
UPDATE payment SET expires_at = now() + interval '30 s' WHERE order_id = :b;
SELECT is(pg_temp.begin_it(:b), 'capture', 'a capture begins shortly before the expiry');
SELECT is((SELECT expires_at FROM orders WHERE id = :b), now() + interval '60 s', 'the order does not expire during the call');
UPDATE payment SET expires_at = now() - interval '10 minutes' WHERE order_id = :b;
SELECT pg_temp.let_expire(:b, now() + interval '30 s') \g (format=unaligned) /dev/null
SELECT is(pg_temp.begin_it(:b), 'read_first', 'a further capture request begins');
SELECT is((SELECT expires_at FROM orders WHERE id = :b), now() + interval '30 s', 'repeated requests do not extend the expiry again');
SELECT is(pg_temp.not_made(:b), 'unchanged', 'the buyer has not approved the payment');
SELECT is(pg_temp.doubt(:b), false, 'the outcome is known');
SELECT is(pg_temp.drop_it('bob', :b), 'done', 'the buyer can cancel the order');

-- While the outcome is unknown, only an operator can cancel, and the order cannot be paid otherwise.
SELECT pg_temp.order_it() AS c, pg_temp.order_it() AS d \gset
SELECT is(pg_temp.begin_it(:c), 'capture', 'a capture begins');
SELECT is(pg_temp.begin_it(:d), 'capture', 'a capture of another order begins');
SELECT is(pg_temp.wait_for(:d), 'done', 'its reply is lost');
SELECT is(pg_temp.told(format('SELECT pg_temp.drop_it(%L, %s, %L)', 'bob', o.id, a.api)), 'OR409 order_not_cancellable: open confirming', format('%s cannot cancel an order whose capture is %s', a.api, o.what))
FROM (VALUES (:c, 'in progress'), (:d, 'undecided')) AS o (id, what), (VALUES ('user'), ('commerce'), ('shop')) AS a (api);
SELECT is(pg_temp.told(format('SELECT start_payment(77, %s)', o.id)), 'OR409 order_not_payable: open confirming', 'no second payment can be started') FROM (VALUES (:c), (:d)) AS o (id);
SELECT is(pg_temp.told(format('SELECT pg_temp.pay(%s, %s)', o.id, o.method)), 'OR409 order_not_payable: open confirming', 'the payment cannot be settled manually')
FROM (VALUES (:c, 'NULL'), (:d, '''external''')) AS o (id, method);

-- An order of a salesperson, in the company API.
SELECT pg_temp.sell('external') AS s \gset
SELECT pg_temp.intend(:s) AS ps \gset
SELECT is(pg_temp.begin_it(:s), 'capture', 'a capture of a sale begins');
SELECT is(pg_temp.told(format('SELECT pg_temp.call_off(%s)', :s)), 'OR409 order_not_cancellable: open confirming', 'the sale cannot be cancelled');
SELECT is(pg_temp.told(format('SELECT send_pay_link(77, %L, %L, %s, %L, NULL, NULL, %L, %L)', 'company', 'seller', pg_temp.uid('sally'), 'send', pg_temp.number_of(:s), 'a@example.com')),
          'OR409 order_not_payable: open confirming', 'its pay link cannot be sent again');
SELECT is(pay_link_state(77, :s), 'confirming', 'its payment page shows confirming');

-- An operator cancels, the order expires, or cash is paid: the worker still polls, never captures, and refunds a late
-- payment.
SELECT pg_temp.order_it() AS e, pg_temp.order_it() AS f, pg_temp.order_it() AS h \gset
SELECT is(pg_temp.begin_it(o.id), 'capture', 'a capture begins') FROM (VALUES (:e), (:f), (:h)) AS o (id);
SELECT is(pg_temp.drop_it(NULL, :e, 'operator'), 'done', 'the operator cancels one order');
SELECT pg_temp.let_expire(:f) \g (format=unaligned) /dev/null
SELECT is(expire_due(77, 100) > 0, true, 'one order expires');
SELECT is(pg_temp.pay(:h, 'cash'), 'done', 'one order is paid in cash');
SELECT is(pg_temp.states(o.id), o.states, 'the order is ' || o.states)
FROM (VALUES (:e, 'cancelled closed none'), (:f, 'expired closed none'), (:h, 'completed paid none')) AS o (id, states);
SELECT is(pg_temp.due(o.id), 'read_only', 'the worker only reads the intent') FROM (VALUES (:e), (:f), (:h)) AS o (id);
SELECT is(pg_temp.wait_for(:e), 'unchanged', 'the provider does not respond');
SELECT is((SELECT ROW(due_at, attempts)::text FROM pg_temp.due_of('capture', :e)), ROW(now() + interval '20 s', 1)::text, 'the provider is polled again');
SELECT is(pg_temp.wait_for(:e), 'unchanged', 'it does not respond again');
SELECT is((SELECT due_at FROM pg_temp.due_of('capture', :e)), now() + interval '40 s', 'the next poll waits twice as long');
SELECT is(pg_temp.hear('e' || o.id, 'confirming', o.id), 'unchanged', 'an event of a pending capture changes nothing') FROM (VALUES (:e), (:f)) AS o (id);
SELECT is(pg_temp.not_made(o.id), 'unchanged', 'the provider has not captured') FROM (VALUES (:e), (:f)) AS o (id);
SELECT is(pg_temp.due(o.id), 'read_only', 'the provider is polled again') FROM (VALUES (:e), (:f)) AS o (id);
UPDATE payment SET capture_asked_at = now() - interval '6 minutes' WHERE order_id = :e;
SELECT is(pg_temp.not_made(:e), 'unchanged', 'the provider has not captured after five minutes');
SELECT is(pg_temp.doubt(:e), false, 'the outcome is known: not captured');
SELECT is((SELECT outcome FROM apply_provider_event(77, 'sim', 'p' || o.id, 'paid', pg_temp.key_of(p.id), NULL, 'tx' || o.id, 1000, 'USD', NULL, NULL)), 'done', 'the event of the capture is applied')
FROM (VALUES (:f), (:h)) AS o (id) JOIN payment p ON p.tenant_id = 77 AND p.order_id = o.id AND p.method = 'external';
SELECT is(pg_temp.doubt(o.id), false, 'the outcome is known') FROM (VALUES (:f), (:h)) AS o (id);
SELECT is((SELECT ROW(status, amount, (SELECT due_at <= now() FROM pg_temp.due_of('refund', o.id)))::text FROM refund WHERE order_id = o.id), '(pending,1000,t)', 'the payment is refunded') FROM (VALUES (:f), (:h)) AS o (id);

-- A provider that refuses after the order was closed.
SELECT pg_temp.order_it() AS i \gset
SELECT is(pg_temp.begin_it(:i), 'capture', 'a capture begins');
SELECT pg_temp.drop_it(NULL, :i, 'operator') \g (format=unaligned) /dev/null
SELECT is(pg_temp.hear('i', 'failed', :i), 'unchanged', 'the provider refuses the capture');
SELECT is(pg_temp.doubt(:i), false, 'the outcome is known');

-- A confirming event does not end the polling.
SELECT pg_temp.order_it() AS j \gset
SELECT is(pg_temp.begin_it(:j), 'capture', 'a capture begins');
SELECT is(pg_temp.hear('j', 'confirming', :j), 'done', 'an event of the provider reports confirming');
SELECT is(pg_temp.due(:j), 'read_first', 'the worker polls the capture');
SELECT is(pg_temp.not_made(:j), 'unchanged', 'the provider has not captured a confirming payment');
SELECT is(pg_temp.states(:j), 'open confirming none', 'the order stays confirming at first');
UPDATE payment SET capture_asked_at = now() - interval '6 minutes' WHERE order_id = :j;
SELECT is(pg_temp.not_made(:j), 'done', 'later the payment fails');
SELECT is(pg_temp.states(:j), 'open failed none', 'the buyer can retry');
SELECT is(pg_temp.doubt(:j), false, 'the outcome is known');

-- The effect of each outcome.
SELECT pg_temp.order_it() AS o_paid, pg_temp.order_it() AS o_failed, pg_temp.order_it() AS o_gone, pg_temp.order_it() AS o_confirming, pg_temp.order_it() AS o_unknown,
       pg_temp.order_it() AS o_waiting, pg_temp.order_it() AS o_approved, pg_temp.order_it() AS o_less, pg_temp.order_it() AS o_euro, pg_temp.order_it() AS o_two \gset
SELECT is(pg_temp.begin_it(o.id), 'capture', 'a capture begins')
FROM (VALUES (:o_paid), (:o_failed), (:o_gone), (:o_confirming), (:o_unknown), (:o_waiting), (:o_approved), (:o_less), (:o_euro), (:o_two)) AS o (id);
SELECT is(pg_temp.capture(o.id, o.outcome, o.transaction, o.amount, o.currency) || ': ' || pg_temp.states(o.id) || ' ' || pg_temp.doubt(o.id), o.result, format('a capture with the outcome %s gives %s', o.outcome, o.result))
FROM (VALUES (:o_paid, 'paid', 'tx-o1', 1000, 'USD', 'done: completed paid none false'), (:o_failed, 'failed', NULL, NULL, NULL, 'done: open failed none false'),
             (:o_gone, 'gone', NULL, NULL, NULL, 'done: open failed none false'), (:o_confirming, 'confirming', 'tx-o2', 1000, 'USD', 'unchanged: open confirming none true'),
             (:o_unknown, 'unknown', NULL, NULL, NULL, 'done: open confirming none true'), (:o_waiting, 'waiting', NULL, NULL, NULL, 'unchanged: open unpaid none false'),
             (:o_approved, 'approved', NULL, NULL, NULL, 'unchanged: open unpaid none false'),
             (:o_less, 'paid', 'tx-o3', 999, 'USD', 'refused amount_mismatch: open unpaid none false'), (:o_euro, 'paid', 'tx-o4', 1000, 'EUR', 'refused currency_mismatch: open unpaid none false'),
             (:o_two, 'confirming', 'tx-o5', 1000, 'EUR', 'refused currency_mismatch: open unpaid none true')) AS o (id, outcome, transaction, amount, currency, result);
SELECT is((SELECT ROW(status, failure_code, failure_message)::text FROM payment WHERE order_id = o.id), o.failure, 'the payment has the reason of ' || o.what)
FROM (VALUES (:o_failed, '(failed,no,declined)', 'a failure'), (:o_gone, '(failed,intent_gone,"The payment can no longer be approved.")', 'an intent that is gone')) AS o (id, failure, what);
SELECT is((SELECT payer FROM orders WHERE id = :o_paid), 'p@example.com', 'the payer is stored');
SELECT is(pg_temp.wait_of(:o_unknown), '00:00:20 1', 'after a lost reply the capture is polled soon');
SELECT is(pg_temp.wait_of(:o_confirming), '01:00:00 1', 'an undecided capture is polled after an hour');
SELECT is(pg_temp.capture(:o_confirming, 'confirming', 'tx-o2') || ' ' || pg_temp.wait_of(:o_confirming), 'unchanged 01:00:00 2', 'a capture that is still undecided is polled every hour');
SELECT is(pg_temp.capture(:o_confirming, 'unknown') || ' ' || pg_temp.wait_of(:o_confirming), 'unchanged 00:01:20 3', 'a later lost reply continues the backoff');
DO $$ BEGIN FOR i IN 1 .. 9 LOOP PERFORM pg_temp.wait_for((SELECT max(id) FROM orders.orders WHERE tenant_id = 77 AND payment_state = 'confirming')); END LOOP; END $$;
SELECT is(pg_temp.wait_of(o.id), o.wait, o.what) FROM (SELECT max(id), '01:00:00 10', 'the wait doubles to an hour' FROM orders WHERE tenant_id = 77 AND payment_state = 'confirming') AS o (id, wait, what);
SELECT is((SELECT string_agg(type || ' ' || verdict, ', ' ORDER BY id) FROM provider_event WHERE tenant_id = 77 AND payment_id = pg_temp.payment_of(:o_confirming)), 'confirming done', 'repeated outcomes are one event');
SELECT is(pg_temp.capture(:o_confirming, 'paid', 'tx-o2') || ' ' || pg_temp.states(:o_confirming), 'done completed paid none', 'the capture is paid');
SELECT is(pg_temp.capture(:o_confirming, 'paid', 'tx-o2'), 'unchanged', 'recording it again changes nothing');
SELECT is(pg_temp.refusal('SELECT record_capture(77, 0, ''paid'')'), 'OR404 not_found', 'an unknown payment is not found');

-- An unknown outcome must not count as a capture that was not made: the buyer could pay twice.
SELECT pg_temp.order_it() AS v \gset
SELECT pg_temp.begin_it(:v), pg_temp.wait_for(:v) \g (format=unaligned) /dev/null
SELECT throws_ok(format('SELECT pg_temp.capture(%s, %s)', :v, o.outcome), 'P0001', 'unknown outcome of a capture: ' || o.shown, 'an outcome ' || o.shown || ' is an error')
FROM (VALUES ('NULL', '<NULL>'), ('''payed''', 'payed')) AS o (outcome, shown);
SELECT is(pg_temp.states(:v) || ' ' || pg_temp.doubt(:v), 'open confirming none true', 'the order is still confirming');

-- The intent is recorded while the outcome of a capture is unknown.
SELECT pg_temp.buy('bob', p_method => 'external') AS late \gset
SELECT pg_temp.hear('late', 'confirming', :late), pg_temp.wait_for(:late) \g (format=unaligned) /dev/null
SELECT isnt(pg_temp.intend(:late), NULL, 'the intent is recorded');
SELECT ok(pg_temp.doubt(:late), 'the worker still polls');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
