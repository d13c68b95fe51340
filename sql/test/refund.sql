-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.buy('alice', p_quantity => 3) AS a \gset
SELECT is(pg_temp.create_refunds(:a, 500), 'done', 'an order paid from a balance is partially refunded');
SELECT is(pg_temp.states(:a), 'completed partially_refunded none', 'the refund is immediate');
SELECT is(pg_temp.money('alice'), 7500::bigint, 'the refund is credited to the balance');
SELECT is((SELECT status FROM refund WHERE order_id = :a), 'done', 'the refund is done');
SELECT is(pg_temp.create_refunds(:a, 500), 'done', 'it is refunded a second time');
SELECT is((SELECT refunded FROM orders WHERE id = :a), 1000::bigint, 'the refunds add up');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.create_refunds(%s, 2001)', :a)), 'OR422 refund_exceeds_captured amount',
          'a refund above the captured amount is refused');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.create_refunds(%s, 0)', :a)), 'OR422 invalid_field amount', 'an amount of 0 is refused');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.create_refunds(%s, -5)', :a)), 'OR422 invalid_field amount', 'a negative amount is refused');
SELECT is(pg_temp.create_refunds(:a), 'done', 'a refund without an amount covers the rest');
SELECT is(pg_temp.states(:a), 'completed refunded none', 'the order is refunded');
SELECT is(pg_temp.money('alice'), 10000::bigint, 'the balance has the full amount again');
SELECT is(pg_temp.create_refunds(:a), 'unchanged', 'a further refund without an amount changes nothing');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.create_refunds(%s, 1)', :a)), 'OR422 refund_exceeds_captured amount', 'a further amount is refused');

SELECT pg_temp.buy('alice') AS b \gset
SELECT is(pg_temp.create_refunds(:b), 'done', 'an order is refunded in full');
SELECT results_eq(format($$SELECT from_state, to_state, version FROM order_history WHERE order_id = %s AND step > 5 ORDER BY step$$, :b),
    $$VALUES ('paid', 'refund_pending', 2), ('refund_pending', 'refunded', 2)$$, 'a full refund passes refund_pending in one version');

SELECT pg_temp.buy('alice', p_quantity => 3, p_coupon => 'TEN') AS c \gset
SELECT id AS line FROM order_line WHERE order_id = :c AND kind = 'plan' \gset
SELECT id AS coupon_line FROM order_line WHERE order_id = :c AND kind = 'discount' \gset
SELECT is(pg_temp.create_refunds(:c, NULL, jsonb_build_array(jsonb_build_object('id', :line, 'quantity', 1))), 'done', 'one of three items is refunded');
SELECT is((SELECT amount FROM refund WHERE order_id = :c), 900::bigint, 'its amount considers the discount');
SELECT is(pg_temp.refusal(format($$SELECT pg_temp.create_refunds(%s, NULL, '[{"id": %s, "quantity": 3}]')$$, :c, :line)),
          'OR422 quantity_out_of_range lines[0].quantity', 'a quantity above the remaining items is refused');
SELECT is(pg_temp.refusal(format($$SELECT pg_temp.create_refunds(%s, NULL, '[{"id": %s, "quantity": 1}]')$$, :c, :coupon_line)),
          'OR422 line_not_found lines[0].id', 'a discount line cannot be refunded');
SELECT is(pg_temp.refusal(format($$SELECT pg_temp.create_refunds(%s, NULL, '[{"id": %s, "quantity": 1}, {"id": %s, "quantity": 9}]')$$, :c, :line, :line)),
          'OR422 quantity_out_of_range lines[1].quantity', 'the refusal names the second line');
SELECT is(pg_temp.refusal(format($$SELECT pg_temp.create_refunds(%s, NULL, '[{"id": "x"}]')$$, :c)),
          'OR422 invalid_field lines[0]', 'a line id must be a number');
SELECT pg_temp.buy('alice', p_quantity => 3) AS g \gset
SELECT id AS line FROM order_line WHERE order_id = :g AND kind = 'plan' \gset line_g_
SELECT pg_temp.create_refunds(:g, 2500);
SELECT is(pg_temp.refusal(format($$SELECT pg_temp.create_refunds(%s, NULL, '[{"id": %s, "quantity": 1}]')$$, :g, :line_g_line)),
          'OR422 refund_exceeds_captured lines', 'lines above the remaining amount are refused');
SELECT is(pg_temp.create_refunds(:c, NULL, jsonb_build_array(jsonb_build_object('id', :line))), 'done', 'the rest of a line is refunded');
SELECT is(pg_temp.states(:c), 'completed refunded none', 'the order is refunded');

SELECT pg_temp.buy('bob', p_method => 'manual') AS d \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.create_refunds(%s)', :d)), 'OR409 order_not_refundable', 'an unpaid order cannot be refunded');
SELECT is(pg_temp.pay(:d), 'done', 'an order is paid manually');
SELECT is(pg_temp.create_refunds(:d, 300), 'done', 'an operator refunds a manual payment');
SELECT is(pg_temp.states(:d), 'completed partially_refunded none', 'a manual refund by an operator is immediate');
SELECT is(pg_temp.create_refunds(:d, 300, p_actor => 'seller'), 'done', 'a seller refunds a manual payment');
SELECT is(pg_temp.states(:d), 'completed refund_pending none', 'a manual refund by a seller is pending');
SELECT is_empty(format('SELECT FROM pg_temp.due_of(%L, %s)', 'refund', :d), 'the worker does not process a manual refund');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.create_refunds(%s, 100)', :d)), 'OR409 refund_in_progress', 'a second refund is refused while one is pending');

UPDATE orders SET paid_at = now() - interval '31 days' WHERE id = :c;
UPDATE orders SET paid_at = now() - interval '31 days' WHERE id = :b;
SELECT pg_temp.buy('bob') AS e \gset
UPDATE orders SET paid_at = now() - interval '31 days' WHERE id = :e;
SELECT is(pg_temp.refusal(format('SELECT pg_temp.create_refunds(%s)', :e)), 'OR409 refund_window_closed', 'a refund after 30 days is refused');
SELECT is(pg_temp.create_refunds(:e, p_window => NULL), 'done', 'without a window it is accepted');

SELECT pg_temp.buy('bob', p_method => 'external') AS f \gset
SELECT is(pg_temp.hear('p', 'paid', :f, 1000, 'tx-f'), 'done', 'an external order is paid');
SELECT is(pg_temp.create_refunds(:f, 400), 'done', 'it is partially refunded');
SELECT is(pg_temp.states(:f), 'completed refund_pending none', 'the refund through the provider is pending');
SELECT is((SELECT ROW(refunded, refunding)::text FROM payment WHERE order_id = :f), '(0,400)', 'the amount is reserved');
SELECT max(id) AS rf FROM refund WHERE order_id = :f \gset
SELECT is((SELECT ROW((refund).id, (refund).amount, (refund).reference, order_number)::text FROM claim_refunds(77, 'sim', 10, 60)),
          format('(%s,400,tx-f,%s)', :rf, (SELECT number FROM orders WHERE id = :f)), 'the worker claims the refund');
SELECT is((SELECT count(*) FROM claim_refunds(77, 'sim', 10, 60)), 0::bigint, 'a claimed refund is not claimed again');
SELECT is((SELECT outcome FROM settle_refund(77, 'worker', 'provider', NULL, NULL, NULL, NULL, :rf, 'rtx-f', true, NULL, NULL)), 'done', 'the provider completes the refund');
SELECT is(pg_temp.states(:f), 'completed partially_refunded none', 'the order is partially refunded');
SELECT is((SELECT outcome FROM settle_refund(77, 'worker', 'provider', NULL, NULL, NULL, NULL, :rf, 'rtx-f', true, NULL, NULL)), 'unchanged', 'completing it again changes nothing');
SELECT id AS fline FROM order_line WHERE order_id = :f \gset
SELECT is(pg_temp.create_refunds(:f, 600), 'done', 'the rest is refunded');
SELECT max(id) AS rf FROM refund WHERE order_id = :f \gset
SELECT lives_ok(format($$SELECT settle_refund(77, 'worker', 'provider', NULL, NULL, NULL, NULL, %s, NULL, false, 'no', 'refused')$$, :rf),
                'the provider refuses the refund');
SELECT is(pg_temp.states(:f), 'completed partially_refunded none', 'a failed refund restores the state of the order');
SELECT is((SELECT ROW(refunded, refunding)::text FROM payment WHERE order_id = :f), '(400,0)', 'a failed refund releases its amount');

SELECT pg_temp.buy('bob', p_method => 'external') AS g \gset
SELECT is(pg_temp.hear('q', 'paid', :g, 1000, 'tx-g'), 'done', 'another order is paid');
SELECT id AS gline FROM order_line WHERE order_id = :g \gset
SELECT is(pg_temp.create_refunds(:g, NULL, jsonb_build_array(jsonb_build_object('id', :gline, 'quantity', 1))), 'done', 'it is refunded by line');
SELECT max(id) AS rg FROM refund WHERE order_id = :g \gset
SELECT lives_ok(format($$SELECT settle_refund(77, 'worker', 'provider', NULL, NULL, NULL, NULL, %s, NULL, false, 'no', 'refused')$$, :rg),
                'the provider refuses the refund by line');
SELECT is(pg_temp.states(:g), 'completed paid none', 'a failed refund restores the state');
SELECT is((SELECT refunded_quantity FROM order_line WHERE id = :gline), 0, 'its items can be refunded again');
SELECT is(pg_temp.refusal($$SELECT settle_refund(77, 'w', 'provider', NULL, NULL, NULL, NULL, 999999999, 'x', true, NULL, NULL)$$),
          'OR404 refund_not_found', 'an unknown refund is not found');
SELECT is(pg_temp.broken(format('UPDATE payment SET refunded = 1001 WHERE order_id = %s', :g)), 'payment_refunds_within_captured',
          'a constraint limits refunds to the captured amount');

SELECT pg_temp.goods('bob', p_method => 'manual') AS h \gset
SELECT pg_temp.pay(:h) \g (format=unaligned) /dev/null
SELECT id AS hline FROM order_line WHERE order_id = :h AND kind = 'product' \gset
SELECT is(pg_temp.refusal(format($$SELECT pg_temp.create_refunds(%s, 999, '[{"id": %s, "quantity": 1}]')$$, :h, :hline)),
          'OR422 amount_mismatch amount', 'an amount other than that of the lines is refused');
SELECT is(pg_temp.refusal(format($$SELECT pg_temp.create_refunds(%s, NULL, '{"id": 1}')$$, :h)), 'OR422 invalid_field lines', 'lines must be an array');
SELECT is(pg_temp.create_refunds(:h, 2000, format('[{"id": %1$s, "quantity": 1}, {"id": %1$s, "quantity": 1}]', :hline)::jsonb, 30, 'seller'),
          'done', 'a line may occur twice');
SELECT max(id) AS rh FROM refund WHERE order_id = :h \gset
SELECT lives_ok(format($$SELECT settle_refund(77, 'operator', 'operator', 1, 'r', NULL, NULL, %s, NULL, false, 'no', 'no')$$, :rh), 'the refund fails');
SELECT is((SELECT refunded_quantity FROM order_line WHERE id = :hline), 0, 'all its items can be refunded again');

SELECT pg_temp.buy('bob') AS i \gset
SELECT pg_temp.top_up('bob', 1000000000000000 - pg_temp.money('bob')) \g (format=unaligned) /dev/null
SELECT is(pg_temp.refusal(format('SELECT pg_temp.create_refunds(%s)', :i)), 'OR422 amount_out_of_range amount', 'a refund above the maximum balance is refused');
SELECT pg_temp.top_up('bob', -1000000) \g (format=unaligned) /dev/null

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
