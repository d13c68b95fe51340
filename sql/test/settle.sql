-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.buy('bob', p_method => 'manual') AS a \gset
SELECT is(pg_temp.pay(:a), 'done', 'an order is paid manually');
SELECT is(pg_temp.states(:a), 'completed paid none', 'the order is completed');
SELECT is((SELECT version FROM orders WHERE id = :a), 2, 'the payment increments the version');
SELECT is((SELECT ROW(captured, paid_at)::text FROM orders WHERE id = :a), ROW(1000::bigint, now())::text, 'the order has the captured amount and the time');
SELECT is(pg_temp.pay(:a), 'unchanged', 'recording it again changes nothing');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.pay(%s, NULL, %L)', :a, 'another')), 'OR409 order_not_payable',
          'another payment of a paid order is refused');
SELECT is(pg_temp.refusal('SELECT pg_temp.pay(999999999)'), 'OR404 not_found', 'an unknown order is not found');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.pay(%s, %L)', :a, 'balance')), 'OR422 payment_method_unknown method',
          'a payment from the balance cannot be settled manually');
SELECT is(pg_temp.refusal(format($$SELECT settle_payment(77, 'operator', 'operator', 1, 'pay', NULL, NULL, %1$s, NULL, 'x', pg_temp.match(%1$s, 1))$$, :a)),
          'OR412 version_mismatch', 'an outdated version is refused');
SELECT is(pg_temp.refusal(format($$SELECT settle_payment(77, 'operator', 'operator', 1, 'pay', NULL, NULL, %s, NULL, 'x', %L)$$, :a, t.match)),
          'OR412 version_mismatch', t.what || ' is refused')
FROM (VALUES (ARRAY[(SELECT version FROM orders WHERE id = :a) || '-000000000000'], 'the current version with another checksum'),
             (pg_temp.match(:a + 1, (SELECT version FROM orders WHERE id = :a)), 'the same version of another order'),
             ('{}'::text[], 'an empty list of tags')) AS t (match, what);
SELECT is((SELECT outcome FROM settle_payment(77, 'operator', 'operator', 1, 'pay', NULL, NULL, :a, NULL, 'manual',
                                           pg_temp.match(:a, 9) || pg_temp.match(:a, (SELECT version FROM orders WHERE id = :a)) || pg_temp.match(:a, 1))), 'unchanged', 'one matching tag of a list is sufficient');

SELECT pg_temp.buy('bob', p_method => 'manual') AS b \gset
SELECT is(pg_temp.pay(:b), 'done', 'two manual payments may have the same reference');

SELECT pg_temp.buy('bob', p_method => 'external') AS c \gset
SELECT is(pg_temp.pay(:c, 'cash', 'drawer 1'), 'done', 'an external order is paid in cash');
SELECT results_eq(format('SELECT method, status::text, captured FROM payment WHERE order_id = %s ORDER BY id', :c),
    $$VALUES ('external', 'closed', 0::bigint), ('cash', 'paid', 1000)$$, 'the open payment is closed and a new one captured');
SELECT is((SELECT payment_method FROM orders WHERE id = :c), 'cash', 'the order has the payment method that was used');

SELECT pg_temp.buy('bob', p_method => 'external') AS d \gset
SELECT pg_temp.payment_of(:d) AS pd \gset
SELECT is((SELECT outcome FROM record_intent(77, 'user', 'buyer', NULL, 'create', NULL, NULL, :pd, 'in-d', 'https://pay/d', 'ref-d')), 'done', 'the intent is recorded');
SELECT is((SELECT ROW(status, intent_id, pay_url, reference, (SELECT count(*) FROM pg_temp.due_of('intent', :d)))::text FROM payment WHERE id = :pd),
          '(pending,in-d,https://pay/d,ref-d,0)', 'the intent has its URL and reference');
SELECT is((SELECT outcome FROM record_intent(77, 'user', 'buyer', NULL, 'create', NULL, NULL, :pd, 'in-x', 'https://pay/x', NULL)), 'unchanged', 'a second report of an intent changes nothing');
SELECT is((SELECT intent_id FROM payment WHERE id = :pd), 'in-d', 'the first intent is kept');
SELECT is(pg_temp.refusal($$SELECT record_intent(77, 'user', 'buyer', NULL, 'create', NULL, NULL, 999999999, 'i', 'u', 'r')$$),
          'OR404 not_found', 'an unknown payment is not found');
SELECT is((SELECT version FROM orders WHERE id = :d), 2, 'recording the intent increments the version');

SELECT pg_temp.buy('bob', p_method => 'external') AS e \gset
SELECT pg_temp.payment_of(:e) AS pe \gset
SELECT is((SELECT outcome FROM record_intent_failure(77, 'user', 'buyer', NULL, 'create', NULL, NULL, :pe, 'timeout', 'no reply', false)), 'done', 'a transient failure is recorded');
SELECT is(pg_temp.states(:e), 'open unpaid none', 'the order stays open');
SELECT is((SELECT ROW(p.status, p.failure_code, p.failure_message, d.attempts, d.due_at)::text FROM payment p, pg_temp.due_of('intent', :e) AS d WHERE p.id = :pe),
          ROW('created', 'timeout', 'no reply', 1, now() + interval '5 seconds')::text, 'the intent is retried after five seconds');
SELECT lives_ok(format($$SELECT record_intent_failure(77, 'w', 'system', NULL, NULL, NULL, NULL, %s, 'no', 'refused', true)$$, :pe),
                'a final failure is recorded');
SELECT is(pg_temp.states(:e), 'error failed none', 'a final failure sets the order to error');
SELECT is((SELECT string_agg(DISTINCT actor, ' ') FROM order_history WHERE order_id = :e AND version > 1), 'provider',
          'the actor of a final failure is the provider');

SELECT pg_temp.buy('bob', p_method => 'external', p_coupon => 'TWO') AS f \gset
SELECT is((SELECT outcome FROM record_intent_failure(77, 'w', 'system', NULL, NULL, NULL, NULL, pg_temp.payment_of(:f), 'no', 'refused', true)), 'done',
          'a final failure of an order with a coupon is recorded');
SELECT is((SELECT state FROM coupon_redemption WHERE order_id = :f), 'released', 'a final failure releases the coupon');
SELECT is((SELECT outcome FROM record_intent_failure(77, 'w', 'system', NULL, NULL, NULL, NULL, pg_temp.payment_of(:f), 'no', 'refused', true)), 'unchanged',
          'recording the final failure again changes nothing');

SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 0) AS g \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.pay(%s)', :g)), 'OR409 order_not_payable', 'an order past its expiry cannot be paid');

SELECT is(pg_temp.pay(:d, p_reference => NULL), 'done', 'a payment without a reference is recorded');
SELECT is(pg_temp.pay(:d, p_reference => NULL), 'unchanged', 'recording it again changes nothing');

SELECT pg_temp.buy('bob', p_method => 'external') AS h \gset
SELECT is(pg_temp.refusal(format($$SELECT record_intent(77, 'user', 'buyer', NULL, 'create', NULL, NULL, %s, 'in-d', 'u', NULL)$$,
                                 pg_temp.payment_of(:h))), 'OR409 transaction_id_taken intent_id', 'an intent cannot belong to two payments');
SELECT is(pg_temp.hear('x', 'paid', :h, 1000, 'tx', 'USD', 'in-d'), 'refused', 'an event with the intent of another payment is refused');
SELECT is((SELECT refusal FROM provider_event WHERE event_id = 'x'), 'transaction_id_taken', 'its refusal is that of the intent');

-- As if another session had written the order after this transaction began, and this transaction had waited for the lock.
SELECT pg_temp.buy('bob', p_method => 'manual') AS i \gset
UPDATE orders SET updated_at = now() + interval '1 second' WHERE id = :i;
SELECT is(pg_temp.pay(:i), 'done', 'an order is paid after a wait for its lock');
SELECT is((SELECT ROW(o.updated_at, o.paid_at, max(h.created_at))::text FROM orders o
           JOIN order_history h ON h.tenant_id = o.tenant_id AND h.order_id = o.id WHERE o.id = :i GROUP BY o.tenant_id, o.id),
          ROW(now() + interval '1 second', now() + interval '1 second', now() + interval '1 second')::text, 'the times of its steps do not go backwards');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
