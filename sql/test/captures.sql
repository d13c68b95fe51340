-- SPDX-License-Identifier: Apache-2.0
-- A capture is written down before the provider is asked, and asked about until its outcome is known, whatever becomes of the
-- order meanwhile.
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.intend(p_order bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM orders_v1.record_intent(77, 'company', 'buyer', NULL, 'pay', NULL, NULL, pg_temp.payment_of(p_order), 'I-' || p_order,
                                        'https://pay/', NULL)
$$;
-- The step that the provider is asked for; null: none.
CREATE FUNCTION pg_temp.begin_it(p_order bigint, p_ask boolean DEFAULT false) RETURNS text LANGUAGE sql AS $$
    SELECT max(capture_step) FROM orders_v1.begin_capture(77, pg_temp.payment_of(p_order), p_ask, 60)
$$;
CREATE FUNCTION pg_temp.wait_for(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.record_capture(77, pg_temp.payment_of(p_order), 'unknown')
$$;
CREATE FUNCTION pg_temp.not_made(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.record_capture(77, pg_temp.payment_of(p_order), 'waiting')
$$;
-- What the provider answers to a capture: the outcome, and the refusal if there is one.
CREATE FUNCTION pg_temp.capture(
    p_order bigint, p_outcome text, p_transaction text DEFAULT NULL, p_amount bigint DEFAULT 1000, p_currency text DEFAULT 'USD'
) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', outcome, refusal) FROM orders_v1.record_capture(77, pg_temp.payment_of(p_order), p_outcome, p_transaction, p_amount, p_currency, 'no', 'declined', 'p@example.com')
$$;
-- The wait until the outcome is asked for, and the attempts.
CREATE FUNCTION pg_temp.wait_of(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT d.due_at - now() || ' ' || d.attempts FROM pg_temp.due_of('capture', p_order) AS d
$$;
-- What the worker is to do once time has passed: the steps by order.
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

-- The intention, and what a crash after it leaves behind.
SELECT pg_temp.order_it() AS a \gset
SELECT is(pg_temp.begin_it(:a), 'capture', 'a capture begins');
SELECT is((SELECT ROW(status, capture_asked_at, (SELECT due_at FROM pg_temp.due_of('capture', :a)))::text FROM payment WHERE order_id = :a), ROW('pending', now(), now() + interval '60 s')::text, 'and is written down');
SELECT is(pg_temp.states(:a) || ' ' || (SELECT version FROM orders WHERE id = :a), 'open unpaid none 2', 'without a step of the order');
SELECT is_empty('SELECT * FROM claim_captures(77, $$sim$$, 10, 60)', 'its request has time');
SELECT is(pg_temp.due(:a), 'read_first', 'then the worker reads the intent and captures');
SELECT is_empty('SELECT * FROM claim_captures(77, $$sim$$, 10, 60)', 'once within its lease');
SELECT pg_temp.make_due('capture', :a) \g (format=unaligned) /dev/null
SELECT is_empty($$SELECT * FROM claim_captures(77, 'other', 10, 60)$$, 'of its own channel');
SELECT is(pg_temp.begin_it(:a), 'read_first', 'a second request reads the intent first, too');
SELECT is(pg_temp.hear('a', 'paid', :a, 1000, 'tx-a'), 'done', 'it was captured');
SELECT is(pg_temp.states(:a), 'completed paid none', 'the order is paid');
SELECT is(pg_temp.doubt(:a), false, 'and nothing is in doubt');
SELECT is(pg_temp.begin_it(:a), NULL, 'a paid order is captured no more');
SELECT is(pg_temp.refusal('SELECT begin_capture(77, 0, false, 60)'), 'OR404 not_found', 'nor is a payment that is missing');

-- What is not captured at all.
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 900) AS no_intent, pg_temp.order_it() AS off, pg_temp.order_it() AS late \gset
SELECT pg_temp.drop_it('bob', :off) \g (format=unaligned) /dev/null
SELECT pg_temp.let_expire(:late, now() - interval '1 s') \g (format=unaligned) /dev/null
SELECT is(pg_temp.begin_it(o.id), NULL, o.what) FROM (VALUES (:no_intent, 'not without an intent'), (:off, 'not once it is cancelled'), (:late, 'nor past its time')) AS o (id, what);
SELECT is(pg_temp.doubt(o.id), false, 'so that nothing is in doubt') FROM (VALUES (:no_intent), (:off), (:late)) AS o (id);

-- The order's time is nearly over.
SELECT pg_temp.order_it() AS b \gset
SELECT pg_temp.let_expire(:b, now() + interval '30 s') \g (format=unaligned) /dev/null
UPDATE payment SET expires_at = now() + interval '30 s' WHERE order_id = :b;
SELECT is(pg_temp.begin_it(:b), 'capture', 'a capture shortly before');
SELECT is((SELECT expires_at FROM orders WHERE id = :b), now() + interval '60 s', 'keeps its order open for the answer');
UPDATE payment SET expires_at = now() - interval '10 minutes' WHERE order_id = :b;
SELECT pg_temp.let_expire(:b, now() + interval '30 s') \g (format=unaligned) /dev/null
SELECT is(pg_temp.begin_it(:b), 'read_first', 'a buyer who comes back again and again');
SELECT is((SELECT expires_at FROM orders WHERE id = :b), now() + interval '30 s', 'does not keep it for ever');
SELECT is(pg_temp.not_made(:b), 'unchanged', 'one who has not approved');
SELECT is(pg_temp.doubt(:b), false, 'leaves no doubt');
SELECT is(pg_temp.drop_it('bob', :b), 'done', 'and may cancel');

-- Nobody but an operator cancels, and nobody pays in another way, while the outcome is unknown.
SELECT pg_temp.order_it() AS c, pg_temp.order_it() AS d \gset
SELECT is(pg_temp.begin_it(:c), 'capture', 'one capture begins');
SELECT is(pg_temp.begin_it(:d), 'capture', 'so does another');
SELECT is(pg_temp.wait_for(:d), 'done', 'whose reply is lost');
SELECT is(pg_temp.told(format('SELECT pg_temp.drop_it(%L, %s, %L)', 'bob', o.id, a.api)), 'OR409 order_not_cancellable: open confirming', a.api || ' does not cancel: ' || o.what)
FROM (VALUES (:c, 'begun'), (:d, 'unknown')) AS o (id, what), (VALUES ('user'), ('commerce'), ('shop')) AS a (api);
SELECT is(pg_temp.told(format('SELECT start_payment(77, %s)', o.id)), 'OR409 order_not_payable: open confirming', 'no second payment') FROM (VALUES (:c), (:d)) AS o (id);
SELECT is(pg_temp.told(format('SELECT pg_temp.pay(%s, %s)', o.id, o.method)), 'OR409 order_not_payable: open confirming', 'nobody settles this payment by hand')
FROM (VALUES (:c, 'NULL'), (:d, '''external''')) AS o (id, method);

-- A salesperson's order: the company API's words follow from these states.
SELECT pg_temp.sell('external') AS s \gset
SELECT pg_temp.intend(:s) AS ps \gset
SELECT is(pg_temp.begin_it(:s), 'capture', 'a capture of a sale begins');
SELECT is(pg_temp.told(format('SELECT pg_temp.call_off(%s)', :s)), 'OR409 order_not_cancellable: open confirming', 'it is not called off');
SELECT is(pg_temp.told(format('SELECT send_pay_link(77, %L, %L, %s, %L, NULL, NULL, %L, %L)', 'company', 'seller', pg_temp.uid('sally'), 'send', pg_temp.number_of(:s), 'a@example.com')),
          'OR409 order_not_payable: open confirming', 'and its link is not sent again');
SELECT is(pay_link_state(77, :s), 'confirming', 'its page shows that a capture is under way');

-- An operator cancels, the time of the order ends, cash arrives: the worker asks on, never captures,
-- and money that arrived goes back.
SELECT pg_temp.order_it() AS e, pg_temp.order_it() AS f, pg_temp.order_it() AS h \gset
SELECT is(pg_temp.begin_it(o.id), 'capture', 'a capture begins') FROM (VALUES (:e), (:f), (:h)) AS o (id);
SELECT is(pg_temp.drop_it(NULL, :e, 'operator'), 'done', 'the operator cancels');
SELECT pg_temp.let_expire(:f) \g (format=unaligned) /dev/null
SELECT is(expire_due(77, 100) > 0, true, 'the time of one is over');
SELECT is(pg_temp.pay(:h, 'cash'), 'done', 'one is paid in cash');
SELECT is(pg_temp.states(o.id), o.states, 'as ' || o.states)
FROM (VALUES (:e, 'cancelled closed none'), (:f, 'expired closed none'), (:h, 'completed paid none')) AS o (id, states);
SELECT is(pg_temp.due(o.id), 'read_only', 'the worker only reads') FROM (VALUES (:e), (:f), (:h)) AS o (id);
SELECT is(pg_temp.wait_for(:e), 'unchanged', 'a provider that cannot be reached');
SELECT is((SELECT ROW(due_at, attempts)::text FROM pg_temp.due_of('capture', :e)), ROW(now() + interval '20 s', 1)::text, 'is asked again');
SELECT is(pg_temp.wait_for(:e), 'unchanged', 'and again');
SELECT is((SELECT due_at FROM pg_temp.due_of('capture', :e)), now() + interval '40 s', 'after twice the time');
SELECT is(pg_temp.hear('e' || o.id, 'confirming', o.id), 'unchanged', 'a provider that has not decided') FROM (VALUES (:e), (:f)) AS o (id);
SELECT is(pg_temp.not_made(o.id), 'unchanged', 'one that has not captured yet') FROM (VALUES (:e), (:f)) AS o (id);
SELECT is(pg_temp.due(o.id), 'read_only', 'is asked once more') FROM (VALUES (:e), (:f)) AS o (id);
UPDATE payment SET capture_asked_at = now() - interval '6 minutes' WHERE order_id = :e;
SELECT is(pg_temp.not_made(:e), 'unchanged', 'after five minutes');
SELECT is(pg_temp.doubt(:e), false, 'it is sure that it did not');
SELECT is((SELECT outcome FROM apply_provider_event(77, 'sim', 'p' || o.id, 'paid', pg_temp.key_of(p.id), NULL, 'tx' || o.id, 1000, 'USD', NULL, NULL)), 'done', 'money has arrived')
FROM (VALUES (:f), (:h)) AS o (id) JOIN payment p ON p.tenant_id = 77 AND p.order_id = o.id AND p.method = 'external';
SELECT is(pg_temp.doubt(o.id), false, 'nothing is in doubt') FROM (VALUES (:f), (:h)) AS o (id);
SELECT is((SELECT ROW(status, amount, (SELECT due_at <= now() FROM pg_temp.due_of('refund', o.id)))::text FROM refund WHERE order_id = o.id), '(pending,1000,t)', 'it goes back') FROM (VALUES (:f), (:h)) AS o (id);

-- A provider that refuses after the order was closed.
SELECT pg_temp.order_it() AS i \gset
SELECT is(pg_temp.begin_it(:i), 'capture', 'a capture begins');
SELECT pg_temp.drop_it(NULL, :i, 'operator') \g (format=unaligned) /dev/null
SELECT is(pg_temp.hear('i', 'failed', :i), 'unchanged', 'it is refused');
SELECT is(pg_temp.doubt(:i), false, 'which is an outcome');

-- An event that the provider has not decided takes no payment away from the worker.
SELECT pg_temp.order_it() AS j \gset
SELECT is(pg_temp.begin_it(:j), 'capture', 'a capture begins');
SELECT is(pg_temp.hear('j', 'confirming', :j), 'done', 'the provider''s event says that it is pending');
SELECT is(pg_temp.due(:j), 'read_first', 'the worker asks');
SELECT is(pg_temp.not_made(:j), 'unchanged', 'a confirming payment that is not captured');
SELECT is(pg_temp.states(:j), 'open confirming none', 'waits a little');
UPDATE payment SET capture_asked_at = now() - interval '6 minutes' WHERE order_id = :j;
SELECT is(pg_temp.not_made(:j), 'done', 'then it has failed');
SELECT is(pg_temp.states(:j), 'open failed none', 'so that the buyer can try again');
SELECT is(pg_temp.doubt(:j), false, 'with no doubt');

-- What each outcome does, on payments of which a capture was begun.
SELECT pg_temp.order_it() AS o_paid, pg_temp.order_it() AS o_failed, pg_temp.order_it() AS o_gone, pg_temp.order_it() AS o_confirming, pg_temp.order_it() AS o_unknown,
       pg_temp.order_it() AS o_waiting, pg_temp.order_it() AS o_approved, pg_temp.order_it() AS o_less, pg_temp.order_it() AS o_euro, pg_temp.order_it() AS o_two \gset
SELECT is(pg_temp.begin_it(o.id), 'capture', 'a capture begins')
FROM (VALUES (:o_paid), (:o_failed), (:o_gone), (:o_confirming), (:o_unknown), (:o_waiting), (:o_approved), (:o_less), (:o_euro), (:o_two)) AS o (id);
SELECT is(pg_temp.capture(o.id, o.outcome, o.transaction, o.amount, o.currency) || ': ' || pg_temp.states(o.id) || ' ' || pg_temp.doubt(o.id), o.result, 'the provider answers ' || o.outcome)
FROM (VALUES (:o_paid, 'paid', 'tx-o1', 1000, 'USD', 'done: completed paid none false'), (:o_failed, 'failed', NULL, NULL, NULL, 'done: open failed none false'),
             (:o_gone, 'gone', NULL, NULL, NULL, 'done: open failed none false'), (:o_confirming, 'confirming', 'tx-o2', 1000, 'USD', 'unchanged: open confirming none true'),
             (:o_unknown, 'unknown', NULL, NULL, NULL, 'done: open confirming none true'), (:o_waiting, 'waiting', NULL, NULL, NULL, 'unchanged: open unpaid none false'),
             (:o_approved, 'approved', NULL, NULL, NULL, 'unchanged: open unpaid none false'),
             (:o_less, 'paid', 'tx-o3', 999, 'USD', 'refused amount_mismatch: open unpaid none false'), (:o_euro, 'paid', 'tx-o4', 1000, 'EUR', 'refused currency_mismatch: open unpaid none false'),
             (:o_two, 'confirming', 'tx-o5', 1000, 'EUR', 'refused currency_mismatch: open unpaid none true')) AS o (id, outcome, transaction, amount, currency, result);
SELECT is((SELECT ROW(status, failure_code, failure_message)::text FROM payment WHERE order_id = o.id), o.failure, 'the reason of ' || o.what)
FROM (VALUES (:o_failed, '(failed,no,declined)', 'a failure'), (:o_gone, '(failed,intent_gone,"The payment can no longer be approved.")', 'an intent that is gone')) AS o (id, failure, what);
SELECT is((SELECT payer FROM orders WHERE id = :o_paid), 'p@example.com', 'the payer is noted');
SELECT is(pg_temp.wait_of(:o_unknown), '00:00:20 1', 'a reply that was lost: the outcome is asked for soon');
SELECT is(pg_temp.wait_of(:o_confirming), '01:00:00 1', 'a pending capture: later');
SELECT is(pg_temp.capture(:o_confirming, 'confirming', 'tx-o2') || ' ' || pg_temp.wait_of(:o_confirming), 'unchanged 01:00:00 2', 'still pending: every hour');
SELECT is(pg_temp.capture(:o_confirming, 'unknown') || ' ' || pg_temp.wait_of(:o_confirming), 'unchanged 00:01:20 3', 'a reply that was lost later');
DO $$ BEGIN FOR i IN 1 .. 9 LOOP PERFORM pg_temp.wait_for((SELECT max(id) FROM orders.orders WHERE tenant_id = 77 AND payment_state = 'confirming')); END LOOP; END $$;
SELECT is(pg_temp.wait_of(o.id), o.wait, o.what) FROM (SELECT max(id), '01:00:00 10', 'the wait doubles to an hour' FROM orders WHERE tenant_id = 77 AND payment_state = 'confirming') AS o (id, wait, what);
SELECT is((SELECT string_agg(type || ' ' || verdict, ', ' ORDER BY id) FROM provider_event WHERE tenant_id = 77 AND payment_id = pg_temp.payment_of(:o_confirming)), 'confirming done', 'an outcome is one event');
SELECT is(pg_temp.capture(:o_confirming, 'paid', 'tx-o2') || ' ' || pg_temp.states(:o_confirming), 'done completed paid none', 'the money is there');
SELECT is(pg_temp.capture(:o_confirming, 'paid', 'tx-o2'), 'unchanged', 'once');
SELECT is(pg_temp.refusal('SELECT record_capture(77, 0, ''paid'')'), 'OR404 not_found', 'a payment that does not exist');

-- An outcome that is not known is not taken for a capture that was not made: the buyer would pay twice.
SELECT pg_temp.order_it() AS v \gset
SELECT pg_temp.begin_it(:v), pg_temp.wait_for(:v) \g (format=unaligned) /dev/null
SELECT throws_ok(format('SELECT pg_temp.capture(%s, %s)', :v, o.outcome), 'P0001', 'unknown outcome of a capture: ' || o.shown, 'an outcome ' || o.shown || ' is an error')
FROM (VALUES ('NULL', '<NULL>'), ('''payed''', 'payed')) AS o (outcome, shown);
SELECT is(pg_temp.states(:v) || ' ' || pg_temp.doubt(:v), 'open confirming none true', 'the order is still confirming');

-- The outcome of a capture is unknown when the intent becomes known.
SELECT pg_temp.buy('bob', p_method => 'external') AS late \gset
SELECT pg_temp.hear('late', 'confirming', :late), pg_temp.wait_for(:late) \g (format=unaligned) /dev/null
SELECT isnt(pg_temp.intend(:late), NULL, 'an intent can be recorded while the outcome of a capture is unknown');
SELECT ok(pg_temp.doubt(:late), 'the worker goes on asking');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'the checks find nothing');
SELECT * FROM finish();
ROLLBACK;
