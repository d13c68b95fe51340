-- SPDX-License-Identifier: Apache-2.0
-- An order that is paid twice: the second payment is refunded without changing the states of the order.
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.operator_put('products', 'lamp', '{"name": "Lamp", "variants": [{"ref": "v", "stock": 100, "prices": {"USD": 1000}}]}') \g (format=unaligned) /dev/null

-- An order of two lamps with a first payment through a provider.
CREATE FUNCTION pg_temp.lamps(p_who text DEFAULT 'bob') RETURNS bigint LANGUAGE sql AS $$
    SELECT ("order").id FROM orders_v1.place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL, jsonb_build_object(
        'dialect', 'shop', 'user', p_who, 'payment_channel', 'sim', 'lines', '[{"product": "lamp", "quantity": 2}]'::jsonb), 900)
$$;
CREATE FUNCTION pg_temp.first_payment(p_order bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT min(id) FROM orders.payment WHERE tenant_id = 77 AND order_id = p_order
$$;
-- An event of the provider about the first payment of an order.
CREATE FUNCTION pg_temp.say(p_type text, p_order bigint, p_transaction text, p_amount bigint DEFAULT 2000, p_payment bigint DEFAULT NULL)
RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.apply_provider_event(77, 'sim', gen_random_uuid()::text, p_type,
        pg_temp.key_of(coalesce(p_payment, pg_temp.first_payment(p_order))), NULL, p_transaction, p_amount, 'USD', 'declined', 'the card was declined')
$$;
-- An order paid manually, then through the provider.
CREATE FUNCTION pg_temp.paid_twice(p_who text DEFAULT 'bob') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_order bigint := pg_temp.lamps(p_who);
BEGIN
    PERFORM pg_temp.pay(v_order, 'cash', 'till ' || v_order);
    PERFORM pg_temp.say('paid', v_order, 'second ' || v_order);
    RETURN v_order;
END
$$;
CREATE FUNCTION pg_temp.advance(p_order bigint, p_to text) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.advance(77, 'operator', 'operator', NULL, 'advance', NULL, NULL, p_order, p_to, NULL, NULL, NULL, NULL)
$$;
CREATE FUNCTION pg_temp.surplus_of(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', r.status, r.amount, CASE WHEN EXISTS (SELECT FROM orders.due d WHERE d.tenant_id = 77 AND d.kind = 'refund' AND d.id = r.id) THEN 'due' ELSE 'manual' END, r.failure_code), ', ' ORDER BY r.id)
    FROM orders.refund r WHERE r.tenant_id = 77 AND r.order_id = p_order AND r.surplus
$$;
CREATE FUNCTION pg_temp.own(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT captured || ' ' || refunded FROM orders.orders WHERE tenant_id = 77 AND id = p_order
$$;
-- Settles the newest surplus refund of an order as the worker or an operator.
CREATE FUNCTION pg_temp.settle_surplus(p_order bigint, p_ok boolean, p_transaction text DEFAULT NULL, p_actor text DEFAULT 'provider')
RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.settle_refund(77, 'operator', p_actor, NULL, 'settle', NULL, NULL,
        (SELECT max(id) FROM orders.refund WHERE tenant_id = 77 AND order_id = p_order AND surplus),
        p_transaction, p_ok, CASE WHEN NOT p_ok THEN 'refused' END, NULL)
$$;

SELECT pg_temp.paid_twice() AS a \gset
SELECT is(pg_temp.states(:a), 'open paid pending', 'a second payment does not change the states of a paid order');
SELECT is(pg_temp.surplus_of(:a), 'pending 2000 due', 'the second payment is refunded automatically');
SELECT is(pg_temp.own(:a), '2000 0', 'the surplus is not included in the captured amount');
SELECT is((SELECT (refund).reference FROM claim_refunds(77, 'sim', 10, 60) WHERE order_id = :a), 'second ' || :a, 'the worker claims the surplus refund');
SELECT is(pg_temp.advance(:a, 'packed'), 'done', 'an order with a surplus refund is packed');
SELECT is((SELECT outcome FROM ship(77, 'operator', 'operator', NULL, 'ship', NULL, NULL, :a, '{}', NULL)), 'done', 'it is shipped');
SELECT count(*) FROM issue_invoice(77, 'operator', 'operator', NULL, 'invoice', NULL, NULL, :a) \g (format=unaligned) /dev/null
SELECT is((SELECT document -> 'payment' ->> 'method' FROM invoice WHERE order_id = :a), 'cash', 'its invoice has the first payment');
SELECT is(pg_temp.settle_surplus(:a, true, 'back ' || :a), 'done', 'the provider completes the surplus refund');
SELECT is(pg_temp.states(:a), 'open paid shipped', 'the states of the order are unchanged');
SELECT is(pg_temp.own(:a), '2000 0', 'the amounts of the order are unchanged');
SELECT is((SELECT refunded_at FROM orders WHERE id = :a), NULL, 'the order has no refund time');
SELECT is(pg_temp.settle_surplus(:a, true, 'back ' || :a), 'unchanged', 'completing it again changes nothing');

SELECT pg_temp.paid_twice() AS b \gset
SELECT is(pg_temp.create_refunds(:b, 500), 'done', 'an order with a pending surplus refund is refunded');
SELECT is(pg_temp.states(:b), 'open partially_refunded pending', 'it is partially refunded');
SELECT is((SELECT p.method FROM refund r JOIN payment p ON p.tenant_id = 77 AND p.id = r.payment_id WHERE r.order_id = :b AND NOT r.surplus), 'cash',
          'the refund is from the payment of the order');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.create_refunds(%s, 1501)', :b)), 'OR422 refund_exceeds_captured amount', 'the surplus does not increase the refundable amount');
SELECT is(pg_temp.settle_surplus(:b, true, 'back ' || :b), 'done', 'the surplus refund is completed');
SELECT is(pg_temp.states(:b), 'open partially_refunded pending', 'the order stays partially refunded');

SELECT pg_temp.paid_twice() AS k \gset
SELECT id AS kline FROM order_line WHERE order_id = :k \gset
SELECT is(pg_temp.create_refunds(:k, NULL, format('[{"id": %s, "quantity": 1}]', :kline)::jsonb), 'done', 'one lamp of such an order is refunded');
SELECT is(pg_temp.own(:k) || ' ' || pg_temp.states(:k), '2000 1000 open partially_refunded pending', 'the order is partially refunded');

SELECT pg_temp.paid_twice() AS c \gset
SELECT is(pg_temp.settle_surplus(:c, false), 'done', 'the provider refuses the surplus refund');
SELECT is(pg_temp.surplus_of(:c), 'pending 2000 manual refused', 'the surplus refund stays pending for an operator');
SELECT is(pg_temp.settle_surplus(:c, false), 'done', 'the provider refuses it again');
SELECT is((SELECT version FROM orders WHERE id = :c), 4, 'the second refusal changes nothing');
SELECT is_empty(format('SELECT * FROM claim_refunds(77, $$sim$$, 100, 60) WHERE order_id = %s', :c), 'the worker does not claim it again');
SELECT is(pg_temp.states(:c), 'open paid pending', 'the order is paid');
SELECT is(pg_temp.settle_surplus(:c, true, 'transfer 7', 'operator'), 'done', 'an operator settles it');
SELECT is(pg_temp.surplus_of(:c), 'done 2000 manual', 'it is done');

SELECT pg_temp.paid_twice() AS d \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.settle_surplus(%s, true, NULL, ''operator'')', :d)), 'OR409 refund_not_by_hand',
          'a refund that is pending at the provider cannot be settled manually');
SELECT is(pg_temp.say('refund_failed', :d, NULL, 2000), 'done', 'an event reports the refusal');
SELECT is(pg_temp.surplus_of(:d), 'pending 2000 manual declined', 'the surplus refund stays pending for an operator');
SELECT is(pg_temp.settle_surplus(:d, false, NULL, 'operator'), 'done', 'an operator marks it as failed');
SELECT is(pg_temp.surplus_of(:d), 'failed 2000 manual refused', 'it has failed');
SELECT is(pg_temp.say('refunded', :d, 'board', 700), 'done', 'the provider refunds a part afterwards');
SELECT is(pg_temp.surplus_of(:d), 'failed 2000 manual refused, done 700 manual', 'this refund is surplus too');
SELECT is(pg_temp.own(:d) || ' ' || pg_temp.states(:d), '2000 0 open paid pending', 'it does not change the order');

SELECT pg_temp.paid_twice() AS e \gset
SELECT is(pg_temp.drop_it('bob', :e, 'shop'), 'done', 'an order that was paid twice is cancelled');
SELECT is(pg_temp.states(:e), 'cancelled refund_pending pending', 'its own refund is left to the operator');
SELECT is((SELECT string_agg(amount || ' ' || surplus, ', ' ORDER BY id) FROM refund WHERE order_id = :e), '2000 true, 2000 false', 'each payment is refunded once');
SELECT is(pg_temp.settle_surplus(:e, true, 'back ' || :e), 'done', 'the surplus refund is completed');
SELECT is(pg_temp.states(:e), 'cancelled refund_pending pending', 'the refund of the order is still pending');

SELECT pg_temp.lamps() AS f \gset
SELECT pg_temp.pay(:f, 'cash'), pg_temp.create_refunds(:f) \g (format=unaligned) /dev/null
SELECT pg_temp.states(:f) AS f_states \gset
SELECT is(pg_temp.say('paid', :f, 'late f'), 'done', 'a payment of a refunded order arrives');
SELECT is(pg_temp.states(:f), :'f_states', 'the order stays refunded');
SELECT is(pg_temp.surplus_of(:f), 'pending 2000 due', 'the payment is refunded as surplus');
SELECT is(pg_temp.create_refunds(:f), 'unchanged', 'the order has nothing left to refund');

SELECT pg_temp.lamps() AS g \gset
SELECT pg_temp.first_payment(:g) AS g1 \gset
SELECT (payment).id AS g2 FROM start_payment(77, :g, :g1, 'gone') \gset
SELECT pg_temp.drop_it(NULL, :g, 'operator') \g (format=unaligned) /dev/null
SELECT is(pg_temp.say('paid', :g, 'late g1'), 'done', 'a payment of an order that was closed unpaid arrives');
SELECT is(pg_temp.states(:g) || ' ' || pg_temp.own(:g), 'cancelled refund_pending pending 2000 0', 'it is captured for the order and refunded');
SELECT is(pg_temp.say('paid', :g, 'late g2', 2000, :g2), 'done', 'a second payment arrives');
SELECT is(pg_temp.own(:g) || ' ' || pg_temp.surplus_of(:g), '2000 0 pending 2000 due', 'the second payment is surplus');
SELECT is(pg_temp.say('refunded', :g, 'back g1'), 'done', 'the first refund is completed');
SELECT is(pg_temp.states(:g), 'cancelled refunded pending', 'the order is refunded, whatever the state of the surplus refund');

SELECT is((SELECT p.surplus FROM order_view v, unnest(v.payments) AS p WHERE v.id = :a AND p.id = pg_temp.first_payment(:a)), true, 'the payment is shown as surplus');
SELECT is((SELECT string_agg(r.surplus::text, ' ' ORDER BY r.id) FROM order_view v, unnest(v.refunds) AS r WHERE v.id = :b), 'true false', 'the refund is shown as surplus');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT is(pg_temp.violated(format('UPDATE orders.refund SET surplus = false WHERE order_id = %s AND surplus', :a)), 'refunds_within_captured',
          'a refund whose surplus flag differs from that of its payment is reported');
SELECT pg_temp.lamps() AS h \gset
SELECT is(pg_temp.broken(format('UPDATE orders.payment SET surplus = true WHERE order_id = %s', :h)), 'payment_surplus_is_captured', 'only a captured payment can be surplus');
SELECT * FROM finish();
ROLLBACK;
