-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.refusal_of(p_event text) RETURNS text LANGUAGE sql AS $$
    SELECT refusal FROM orders.provider_event WHERE tenant_id = 77 AND channel = 'sim' AND event_id = p_event
$$;

-- Simulates a lock timeout.
CREATE FUNCTION pg_temp.lock_timeout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'lock_not_available';
END
$$;
CREATE FUNCTION pg_temp.fail_captures() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    CREATE TRIGGER fail_captures BEFORE UPDATE ON orders.payment FOR EACH ROW EXECUTE FUNCTION pg_temp.lock_timeout();
    RETURN true;
END
$$;

SELECT pg_temp.buy('bob', p_method => 'external') AS a \gset
SELECT is(pg_temp.hear('e1', 'confirming', :a, NULL, p_intent => 'in-a'), 'done', 'an event of type confirming is applied');
SELECT is(pg_temp.states(:a), 'open confirming none', 'the order is confirming');
SELECT is((SELECT intent_id FROM payment WHERE order_id = :a), 'in-a', 'the event supplies a missing intent');
SELECT is(pg_temp.hear('e2', 'paid', :a, 1000, 'tx-a'), 'done', 'an event of type paid is applied');
SELECT is(pg_temp.states(:a), 'completed paid none', 'the order is paid');
SELECT is((SELECT ROW(transaction_id, reference)::text FROM payment WHERE order_id = :a), '(tx-a,tx-a)', 'the payment has the transaction id');
SELECT is(pg_temp.hear('e2', 'paid', :a, 1000, 'tx-a'), 'unchanged', 'a repeated event changes nothing');
SELECT is(pg_temp.hear('e3', 'paid', :a, 1000, 'tx-a'), 'unchanged', 'another event with the same transaction changes nothing');
SELECT is(pg_temp.hear('e3b', 'paid', :a, 1000, 'tx-a2'), 'refused', 'a second capture is refused');
SELECT is(pg_temp.refusal_of('e3b'), 'payment_already_captured', 'its refusal is stored');
SELECT is(pg_temp.hear('e4', 'confirming', :a), 'unchanged', 'confirming after the capture changes nothing');
SELECT is(pg_temp.hear('e5', 'failed', :a), 'unchanged', 'failed after the capture changes nothing');
SELECT is((SELECT version FROM orders WHERE id = :a), 3, 'only applied events increment the version');

SELECT pg_temp.buy('bob', p_method => 'external') AS b \gset
SELECT is(pg_temp.hear('f1' || c.n, c.type, :b, c.amount, c.transaction, c.currency, c.intent) || ' ' || pg_temp.refusal_of('f1' || c.n),
          'refused ' || c.refusal, c.label)
FROM (VALUES (1, 'paid', 999, 'tx-b', 'USD', NULL, 'amount_mismatch', 'another amount is refused'),
             (2, 'paid', NULL, 'tx-b', 'USD', NULL, 'amount_mismatch', 'a missing amount is refused'),
             (3, 'paid', 1000, 'tx-b', 'EUR', NULL, 'currency_mismatch', 'another currency is refused'),
             (4, 'paid', 1000, 'tx-b', NULL, NULL, 'currency_mismatch', 'a missing currency is refused'),
             (5, 'paid', 1000, 'tx-a', 'USD', NULL, 'transaction_id_taken', 'a transaction id in use by another payment is refused'),
             (6, 'paid', 1000, NULL, 'USD', NULL, 'required_field', 'a missing transaction id is refused'),
             (7, 'paid', 1000, 'tx-b', 'USD', 'in-a', 'transaction_id_taken', 'the intent of another payment is refused'),
             (8, 'refunded', 0, 'rtx-b', 'USD', NULL, 'amount_mismatch', 'a refund of 0 is refused'),
             (9, 'gone', 1000, 'tx-b', 'USD', NULL, 'invalid_field', 'an unknown type is refused'))
    AS c (n, type, amount, transaction, currency, intent, refusal, label);
SELECT is((SELECT count(*) FROM provider_event WHERE event_id LIKE 'f1_' AND verdict = 'refused' AND payment_id = pg_temp.payment_of(:b)
             AND judged_at IS NOT NULL AND reported_at IS NOT NULL AND detail <> ''), 9::bigint, 'all refused events are stored with payment and message');
SELECT is(pg_temp.states(:b) || (SELECT coalesce(intent_id, ' none') FROM payment WHERE order_id = :b), 'open unpaid none none', 'refused events do not change the order and its payment');
SELECT is((SELECT ROW(outcome, refusal, replayed)::text FROM apply_provider_event(77, 'sim', 'f11', 'paid', pg_temp.key_of(pg_temp.payment_of(:b)), NULL, 'tx-b', 999, 'USD', NULL, NULL)), '(refused,amount_mismatch,t)', 'a repeated refused event returns its refusal and is marked as replayed');
SELECT is((SELECT ROW(outcome, refusal, replayed)::text FROM apply_provider_event(77, 'down', 'x', 'paid', pg_temp.key_of(pg_temp.payment_of(:b)), NULL, 't', 1000, 'USD', NULL, NULL)),
          '(refused,not_found,f)', 'a channel does not find payments of another channel');
SELECT is((SELECT ROW(outcome, refusal)::text FROM apply_provider_event(77, 'sim', 'x', 'paid', '00000000-0000-4000-8000-000000000000', 'in-z', 't', 1000, 'USD', NULL, NULL)),
          '(refused,not_found)', 'an unknown payment is refused');
SELECT is((SELECT ROW(payment_key, payment_id)::text FROM provider_event WHERE channel = 'sim' AND event_id = 'x'),
          '(00000000-0000-4000-8000-000000000000,)', 'the event keeps the unknown payment key');
SELECT is((SELECT ROW(outcome, refusal)::text FROM apply_provider_event(77, 'sim', 'x2', 'paid', NULL, NULL, 't', 1000, 'USD', NULL, NULL)),
          '(refused,not_found)', 'an event with neither payment key nor intent is refused');
SELECT is((SELECT count(*) FROM unresolved_provider_events WHERE tenant_id = 77 AND order_id = :b AND verdict = 'refused'), 9::bigint,
          'operators find them with their order');
SELECT is(pg_temp.hear('f1', 'failed', :b), 'done', 'a declined payment is applied');
SELECT is(pg_temp.states(:b), 'open failed none', 'the order stays open');
SELECT is((SELECT ROW(status, failure_code)::text FROM payment WHERE order_id = :b), '(failed,declined)', 'the payment has the reason');
SELECT is(pg_temp.hear('f2', 'paid', :b, 1000, 'tx-b'), 'done', 'a second attempt is paid');
SELECT is(pg_temp.states(:b), 'completed paid none', 'the order is paid');

SELECT pg_temp.buy('bob', p_method => 'external') AS c \gset
SELECT is(pg_temp.drop_it('bob', :c), 'done', 'an order is cancelled');
SELECT is(pg_temp.hear('g1', 'paid', :c, 1000, 'tx-c'), 'done', 'a payment arrives after the cancellation');
SELECT is(pg_temp.states(:c), 'cancelled refund_pending none', 'the late payment has a pending refund');
SELECT is((SELECT ROW(status, amount)::text FROM refund WHERE order_id = :c), '(pending,1000)', 'the refund has the full amount');
SELECT is(pg_temp.hear('g2', 'refunded', :c, 1000, 'rtx-c'), 'done', 'the provider reports the refund');
SELECT is(pg_temp.states(:c), 'cancelled refunded none', 'the order is refunded');
SELECT is(pg_temp.hear('g3', 'refunded', :c, 1000, 'rtx-c'), 'unchanged', 'a repeated refund event changes nothing');

SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 0) AS d \gset
SELECT is(pg_temp.hear('h1', 'paid', :d, 1000, 'tx-d'), 'done', 'a payment arrives after the expiry');
SELECT is(pg_temp.states(:d), 'expired refund_pending none', 'the order expires and the payment is refunded');
SELECT is(pg_temp.hear('h2', 'refund_failed', :d), 'done', 'the provider refuses the refund');
SELECT is(pg_temp.states(:d), 'expired closed none', 'the payment state is restored');
SELECT is(pg_temp.create_refunds(:d), 'done', 'the operator repeats the refund');
SELECT is(pg_temp.states(:d), 'expired refund_pending none', 'the refund is pending');

SELECT is(pg_temp.hear('a1', 'refunded', :a, 400, 'rtx-a1', p_capture => 'tx-a'), 'done', 'a refund made at the provider is applied');
SELECT is(pg_temp.states(:a), 'completed partially_refunded none', 'the order is partially refunded');
SELECT is(pg_temp.hear('a2', 'refunded', :a, 700, 'rtx-a2', p_capture => 'tx-a') || ' ' || pg_temp.refusal_of('a2'), 'refused refund_exceeds_captured',
          'a refund above the captured amount is refused');
SELECT is(pg_temp.hear('a3', 'refunded', :a, 600, 'rtx-a3', p_capture => 'tx-a'), 'done', 'the rest is refunded at the provider');
SELECT is(pg_temp.states(:a), 'completed refunded none', 'the order is fully refunded');

SELECT pg_temp.buy('bob', p_method => 'external') AS e \gset
SELECT pg_temp.payment_of(:e) AS pe \gset
SELECT is(pg_temp.pay(:e, 'cash'), 'done', 'an order is paid in cash');
SELECT is((SELECT outcome FROM apply_provider_event(77, 'sim', 'i1', 'paid', pg_temp.key_of(:pe), NULL, 'tx-e', 1000, 'USD', NULL, NULL)),
          'done', 'its closed external payment is paid too');
SELECT is(pg_temp.states(:e), 'completed paid none', 'the order stays paid');
SELECT is((SELECT outcome FROM apply_provider_event(77, 'sim', 'i2', 'refunded', pg_temp.key_of(:pe), NULL, 'rtx-e', 1000, 'USD', NULL, NULL)),
          'done', 'the surplus payment is refunded');
SELECT is(pg_temp.states(:e), 'completed paid none', 'the order is still paid');

SELECT pg_temp.buy('bob', p_method => 'external') AS f \gset
SELECT pg_temp.hear('k1', 'paid', :f, 1000, 'tx-f'), pg_temp.create_refunds(:f, 300) \g (format=unaligned) /dev/null
SELECT (refund).id AS rf FROM claim_refunds(77, 'sim', 10, 60) WHERE order_id = :f \gset
SELECT lives_ok(format($$SELECT settle_refund(77, 'w', 'system', NULL, NULL, NULL, NULL, %s, NULL, true, NULL, NULL)$$, :rf),
                'a refund is settled without a transaction id');
SELECT is(pg_temp.hear('k2', 'refunded', :f, 300, 'rtx-f'), 'unchanged', 'an event for a settled refund changes nothing');
SELECT is((SELECT ROW(refunded, (SELECT reference FROM refund WHERE id = :rf))::text FROM orders WHERE id = :f), '(300,rtx-f)',
          'the event adds its transaction id to the refund');
SELECT is(pg_temp.hear('k3', 'refunded', :f, 300, 'rtx-f2'), 'done', 'an event with another transaction id is applied');
SELECT is((SELECT refunded FROM orders WHERE id = :f), 600::bigint, 'it is another refund');

-- Cancelling an order repeats the failed refund of a late payment.
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 0) AS g \gset
SELECT pg_temp.hear('l1', 'paid', :g, 1000, 'tx-g'), pg_temp.hear('l2', 'refund_failed', :g) \g (format=unaligned) /dev/null
UPDATE orders SET api = 'company' WHERE id = :g;
SELECT is(pg_temp.drop_it('bob', :g, 'company'), 'done', 'an expired order with a late payment is cancelled');
SELECT is(pg_temp.states(:g), 'cancelled refund_pending none', 'the late payment is refunded');

-- Each confirming event extends the expiry of the order; a failure ends the extension.
SELECT pg_temp.buy('bob', p_method => 'external') AS h \gset
SELECT is(pg_temp.hear('m1', 'confirming', :h), 'done', 'an event of type confirming is applied');
SELECT is((SELECT expires_at FROM orders WHERE id = :h), now() + confirming_time(), 'the expiry is extended');
SELECT is((SELECT expires_at FROM payment WHERE order_id = :h), now() + interval '900 s', 'the payment keeps the original expiry');
SELECT pg_temp.let_expire(:h, now() + interval '5 s') \g (format=unaligned) /dev/null
SELECT is(pg_temp.hear('m2', 'confirming', :h), 'unchanged', 'another confirming event changes no state');
SELECT is((SELECT expires_at FROM orders WHERE id = :h), now() + confirming_time(), 'it extends the expiry again');
SELECT is(pg_temp.hear('m3', 'failed', :h), 'done', 'the payment fails');
SELECT is((SELECT expires_at FROM orders WHERE id = :h), now() + interval '900 s', 'the expiry is one original payment period from now');
SELECT is(pg_temp.hear('m4', 'confirming', :h) || ' ' || pg_temp.hear('m5', 'paid', :h, 1000, 'tx-h'), 'done done', 'a second attempt is paid');
SELECT is(pg_temp.states(:h), 'completed paid none', 'the order is paid');
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => NULL) AS i \gset
SELECT is(pg_temp.hear('m6', 'confirming', :i), 'done', 'an order without an expiry is confirming');
SELECT is((SELECT expires_at FROM orders WHERE id = :i), NULL, 'it gets no expiry');

-- An operator settled the payment before the provider reported its transaction.
SELECT pg_temp.buy('bob', p_method => 'external') AS j \gset
SELECT pg_temp.pay(:j, p_reference => NULL) \g (format=unaligned) /dev/null
SELECT is(pg_temp.hear('n1', 'paid', :j, 999, 'tx-j') || ' ' || pg_temp.refusal_of('n1'), 'refused amount_mismatch', 'a capture of another amount is refused');
SELECT is(pg_temp.hear('n2', 'paid', :j, 1000, 'tx-a') || ' ' || pg_temp.refusal_of('n2'), 'refused transaction_id_taken', 'a transaction id in use is refused');
SELECT is(pg_temp.hear('n3', 'paid', :j, 1000, 'tx-j', p_intent => 'in-j'), 'done', 'the transaction id is stored');
SELECT is((SELECT ROW(captured, transaction_id, reference, intent_id)::text FROM payment WHERE order_id = :j), '(1000,tx-j,tx-j,in-j)',
          'the payment has the transaction id and the intent, which a refund requires');
SELECT is((SELECT ROW(version, captured)::text FROM orders WHERE id = :j), '(3,1000)', 'the order has a new version and the same captured amount');
SELECT is(pg_temp.hear('n4', 'paid', :j, 1000, 'tx-j'), 'unchanged', 'a repeated event changes nothing');
SELECT is(pg_temp.hear('n5', 'paid', :j, 1000, 'tx-j2') || ' ' || pg_temp.refusal_of('n5'), 'refused payment_already_captured', 'another transaction is refused');
SELECT pg_temp.buy('bob', p_method => 'external') AS k \gset
SELECT pg_temp.pay(:k, p_reference => 'slip 7') \g (format=unaligned) /dev/null
SELECT is(pg_temp.hear('n6', 'paid', :k, 1000, 'tx-k') || ' ' || pg_temp.refusal_of('n6'), 'refused payment_already_captured',
          'an event does not overwrite the reference of an operator: the buyer may have paid twice');
SELECT is((SELECT transaction_id FROM payment WHERE order_id = :k), 'slip 7', 'the transaction id entered by the operator is kept');

-- A refused reply to a capture ends its polling.
SELECT pg_temp.buy('bob', p_method => 'external') AS l \gset
SELECT pg_temp.hear('o1', 'confirming', :l) \g (format=unaligned) /dev/null
UPDATE payment SET capture_asked_at = now() WHERE order_id = :l;
SELECT put_due(77, 'capture', pg_temp.payment_of(:l), 'sim', now()) \g (format=unaligned) /dev/null
SELECT pg_temp.hear('o1b', 'refunded', :l, 0, 'rtx-l') \g (format=unaligned) /dev/null
SELECT isnt((SELECT due_at FROM pg_temp.due_of('capture', :l)), NULL, 'a refused event about another intent does not end the polling');
SELECT is(pg_temp.hear('o2', 'paid', :l, 5, 'tx-l'), 'refused', 'a capture of another amount is refused');
SELECT is((SELECT ROW(status, (SELECT count(*) FROM pg_temp.due_of('capture', :l)))::text FROM payment WHERE order_id = :l), '(confirming,0)', 'a refused capture is not polled again');

SELECT throws_ok(format('SELECT apply_provider_event(77, ''sim'', ''p1'', ''paid'', %L, NULL, ''tx-p'', 1000, ''USD'', NULL, NULL)', pg_temp.key_of(pg_temp.payment_of(:l))),
    '55P03', NULL, 'a lock timeout is raised as an error')
FROM pg_temp.fail_captures();
SELECT is((SELECT count(*) FROM provider_event WHERE event_id = 'p1'), 0::bigint, 'the event is not stored, so that the provider sends it again');
DROP TRIGGER fail_captures ON payment;

-- An approval results in a capture. Events of another tenant or another type are ignored. None of these is stored.
SELECT pg_temp.buy('bob', p_method => 'external') AS ap \gset
SELECT pg_temp.payment_of(:ap) AS pap \gset
SELECT count(*) FROM record_intent(77, 'user', 'buyer', NULL, 'create', NULL, NULL, :pap, 'in-ap', 'u', NULL) \g (format=unaligned) /dev/null
SELECT is((SELECT ROW(outcome, id, replayed, refusal)::text FROM apply_provider_event(77, e.channel, 'ap', e.type, NULL, e.intent, e.transaction, 1000, 'USD', NULL, NULL, p_for_tenant => e.tenant)), e.answer, e.what)
FROM (VALUES ('sim', 'approved', 'in-ap', NULL, NULL, format('(capture,%s,f,)', :pap), 'an approved payment is to be captured'),
             ('sim', 'approved', 'in-ap', NULL, 77, format('(capture,%s,f,)', :pap), 'an approved payment is to be captured when the event names its tenant'),
             ('sim', 'approved', 'in-ap', NULL, 78, '(unchanged,,f,)', 'an event of another tenant changes nothing'),
             ('sim', 'approved', 'in-none', NULL, NULL, '(unchanged,,f,)', 'an event with an unknown intent changes nothing'),
             ('sim', 'approved', NULL, NULL, NULL, '(unchanged,,f,)', 'an event without an intent changes nothing'),
             ('down', 'approved', 'in-ap', NULL, NULL, '(unchanged,,f,)', 'an event with the intent of another channel changes nothing'),
             ('sim', 'ignored', 'in-ap', NULL, NULL, '(unchanged,,f,)', 'an event of another kind changes nothing'),
             ('sim', 'paid', 'in-ap', 'tx-ap', 78, '(unchanged,,f,)', 'a payment event of another tenant changes nothing')) AS e (channel, type, intent, transaction, tenant, answer, what);
SELECT is_empty($$SELECT FROM provider_event WHERE tenant_id = 77 AND event_id = 'ap'$$, 'none of these events is stored');
SELECT is(pg_temp.states(:ap), 'open unpaid none', 'none of these events has an effect');
SELECT is((SELECT outcome FROM apply_provider_event(77, 'sim', 'ap', 'paid', NULL, 'in-ap', 'tx-ap', 1000, 'USD', NULL, NULL, p_for_tenant => 77)), 'done', 'a payment of this tenant is applied');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
