-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.buy('bob', p_method => 'external') AS a \gset
SELECT is(pg_temp.hear('e1', 'confirming', :a, NULL, p_intent => 'in-a'), 'done', 'a provider confirms');
SELECT is(pg_temp.states(:a), 'open confirming none', 'the order is confirming');
SELECT is((SELECT intent_id FROM payment WHERE order_id = :a), 'in-a', 'a lost intent is learnt from the event');
SELECT is(pg_temp.hear('e2', 'paid', :a, 1000, 'tx-a'), 'done', 'it pays');
SELECT is(pg_temp.states(:a), 'completed paid none', 'the order is paid');
SELECT is((SELECT ROW(transaction_id, reference)::text FROM payment WHERE order_id = :a), '(tx-a,tx-a)', 'by its transaction');
SELECT is(pg_temp.hear('e2', 'paid', :a, 1000, 'tx-a'), 'unchanged', 'the same event changes nothing');
SELECT is(pg_temp.hear('e3', 'paid', :a, 1000, 'tx-a'), 'unchanged', 'nor the same news in another event');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.hear(%L, %L, %s, 1000, %L)', 'e3b', 'paid', :a, 'tx-a2')),
          'OR409 payment_already_captured transaction_id', 'a second capture is not taken for the first one');
SELECT is(pg_temp.hear('e4', 'confirming', :a), 'unchanged', 'nor confirming after it');
SELECT is(pg_temp.hear('e5', 'failed', :a), 'unchanged', 'nor failing after it');
SELECT is((SELECT version FROM orders WHERE id = :a), 3, 'the version counts what happened');

SELECT pg_temp.buy('bob', p_method => 'external') AS b \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.hear(%L, %L, %s, %s, %L, %L)', 'f1', c.type, :b, c.amount, c.transaction, c.currency)),
          c.refusal, c.label)
FROM (VALUES ('paid', '999', 'tx-b', 'USD', 'OR422 amount_mismatch amount', 'another amount is refused'),
             ('paid', 'NULL', 'tx-b', 'USD', 'OR422 amount_mismatch amount', 'and none'),
             ('paid', '1000', 'tx-b', 'EUR', 'OR422 currency_mismatch currency', 'another currency is refused'),
             ('paid', '1000', 'tx-a', 'USD', 'OR409 transaction_id_taken transaction_id', 'a transaction id that is taken'),
             ('gone', '1000', 'tx-b', 'USD', 'OR422 invalid_field type', 'an unknown type'))
    AS c (type, amount, transaction, currency, refusal, label);
SELECT is(pg_temp.refusal(format($$SELECT payment_event(77, 'down', 'x', 'paid', %L, NULL, 't', 1000, 'USD', NULL, NULL)$$,
                                 pg_temp.key_of(pg_temp.payment_of(:b)))), 'OR404 not_found', 'another channel does not see the payment');
SELECT is(pg_temp.refusal($$SELECT payment_event(77, 'sim', 'x', 'paid', NULL, 'in-z', 't', 1000, 'USD', NULL, NULL)$$),
          'OR404 not_found', 'nor is an unknown intent one');
SELECT is((SELECT count(*) FROM payment_event WHERE event_id = 'f1'), 0::bigint, 'a refused event may come again');
SELECT is(pg_temp.hear('f1', 'failed', :b), 'done', 'the card is declined');
SELECT is(pg_temp.states(:b), 'open failed none', 'the order stays open');
SELECT is((SELECT ROW(status, failure_code)::text FROM payment WHERE order_id = :b), '(failed,declined)', 'and says why');
SELECT is(pg_temp.hear('f2', 'paid', :b, 1000, 'tx-b'), 'done', 'a second try pays');
SELECT is(pg_temp.states(:b), 'completed paid none', 'it');

SELECT pg_temp.buy('bob', p_method => 'external') AS c \gset
SELECT is(pg_temp.drop_it('bob', :c), 'done', 'an order is cancelled');
SELECT is(pg_temp.hear('g1', 'paid', :c, 1000, 'tx-c'), 'done', 'and paid after all');
SELECT is(pg_temp.states(:c), 'cancelled refund_pending none', 'the late money is to go back');
SELECT is((SELECT ROW(status, amount)::text FROM refund WHERE order_id = :c), '(pending,1000)', 'by a refund');
SELECT is(pg_temp.hear('g2', 'refunded', :c, 1000, 'rtx-c'), 'done', 'which the provider reports');
SELECT is(pg_temp.states(:c), 'cancelled refunded none', 'done');
SELECT is(pg_temp.hear('g3', 'refunded', :c, 1000, 'rtx-c'), 'unchanged', 'once');

SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 0) AS d \gset
SELECT is(pg_temp.hear('h1', 'paid', :d, 1000, 'tx-d'), 'done', 'money for an order past its time');
SELECT is(pg_temp.states(:d), 'expired refund_pending none', 'expires it and goes back');
SELECT is(pg_temp.hear('h2', 'refund_failed', :d), 'done', 'the provider refuses the refund');
SELECT is(pg_temp.states(:d), 'expired closed none', 'the payment is where it was');
SELECT is(pg_temp.give_back(:d), 'done', 'the operator tries again');
SELECT is(pg_temp.states(:d), 'expired refund_pending none', 'pending');

SELECT is(pg_temp.hear('a1', 'refunded', :a, 400, 'rtx-a1'), 'done', 'a provider refunds by itself');
SELECT is(pg_temp.states(:a), 'completed partially_refunded none', 'a part');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.hear(%L, %L, %s, 700, %L)', 'a2', 'refunded', :a, 'rtx-a2')),
          'OR422 refund_exceeds_captured amount', 'but not more than was captured');
SELECT is(pg_temp.hear('a3', 'refunded', :a, 600, 'rtx-a3'), 'done', 'the rest');
SELECT is(pg_temp.states(:a), 'completed refunded none', 'is all');

SELECT pg_temp.buy('bob', p_method => 'external') AS e \gset
SELECT pg_temp.payment_of(:e) AS pe \gset
SELECT is(pg_temp.pay(:e, 'cash'), 'done', 'an order is paid in cash');
SELECT is((SELECT code FROM payment_event(77, 'sim', 'i1', 'paid', pg_temp.key_of(:pe), NULL, 'tx-e', 1000, 'USD', NULL, NULL) WHERE kind = 'result'),
          'done', 'and then online too');
SELECT is(pg_temp.states(:e), 'completed paid none', 'the order stays paid');
SELECT is((SELECT code FROM payment_event(77, 'sim', 'i2', 'refunded', pg_temp.key_of(:pe), NULL, 'rtx-e', 1000, 'USD', NULL, NULL) WHERE kind = 'result'),
          'done', 'the second money has gone back');
SELECT is(pg_temp.states(:e), 'completed paid none', 'and it is paid as before');

SELECT pg_temp.buy('bob', p_method => 'external') AS f \gset
SELECT pg_temp.hear('k1', 'paid', :f, 1000, 'tx-f'), pg_temp.give_back(:f, 300) \g (format=unaligned) /dev/null
SELECT id AS rf FROM due_refunds(77, 10, 60) WHERE order_id = :f \gset
SELECT lives_ok(format($$SELECT settle_refund(77, 'w', 'system', NULL, NULL, NULL, NULL, %s, NULL, true, NULL, NULL)$$, :rf),
                'a refund settled without a transaction id');
SELECT is(pg_temp.hear('k2', 'refunded', :f, 300, 'rtx-f'), 'unchanged', 'that the provider reports too');
SELECT is((SELECT ROW(refunded, (SELECT reference FROM refund WHERE id = :rf))::text FROM orders WHERE id = :f), '(300,rtx-f)',
          'is one refund, with its id');
SELECT is(pg_temp.hear('k3', 'refunded', :f, 300, 'rtx-f2'), 'done', 'another id');
SELECT is((SELECT refunded FROM orders WHERE id = :f), 600::bigint, 'is another one');

-- The refund of late money failed; the buyer's cancel sends it again.
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 0) AS g \gset
SELECT pg_temp.hear('l1', 'paid', :g, 1000, 'tx-g'), pg_temp.hear('l2', 'refund_failed', :g) \g (format=unaligned) /dev/null
UPDATE orders SET dialect = 'company' WHERE id = :g;
SELECT is(pg_temp.drop_it('bob', :g, 'company'), 'done', 'an expired order with late money is cancelled');
SELECT is(pg_temp.states(:g), 'cancelled refund_pending none', 'the money goes back');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'the checks find nothing');
SELECT * FROM finish();
ROLLBACK;
