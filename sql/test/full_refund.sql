-- SPDX-License-Identifier: Apache-2.0
-- A full refund before shipping cancels the order, whatever the method of the refund.
BEGIN;
\ir lib/shop.sql
\ir lib/goods.sql
SELECT no_plan();
SELECT pg_temp.operator_put('coupons', 'one', '{"code": "ONE", "amount": 400, "currency": "USD", "max_uses": 1}') \g (format=unaligned) /dev/null

-- An immediate refund by the operator.
SELECT pg_temp.order_it('{"voucher": "ONE"}') AS a \gset
SELECT is(pg_temp.pay(:a), 'done', 'an order of four items is paid by bank transfer');
SELECT is(pg_temp.stock() || ' ' || pg_temp.redemption(:a), '10 4 applied', 'it holds four items and a coupon');
SELECT is(pg_temp.create_refunds(:a), 'done', 'the operator refunds it in full');
SELECT is(pg_temp.states(:a), 'cancelled refunded pending', 'it is cancelled');
SELECT is(pg_temp.stock() || ' ' || pg_temp.redemption(:a), '10 0 released', 'its stock and its coupon are released');
SELECT is((SELECT ROW(version, cancelled_at = now())::text FROM orders WHERE id = :a), '(3,t)', 'the cancellation shares the version of the refund');
SELECT results_eq(format('SELECT axis, to_state, actor FROM order_history WHERE order_id = %s AND version = 3 ORDER BY step', :a),
    $$VALUES ('payment', 'refund_pending', 'operator'), ('payment', 'refunded', 'operator'), ('order', 'cancelled', 'operator')$$, 'history has one entry for each step');
SELECT is((SELECT types FROM event WHERE subject_id = :a AND version = 3), '{refund.requested,order.refunded,order.cancelled}', 'one event has all types');
SELECT is(pg_temp.create_refunds(:a), 'unchanged', 'refunding it again changes nothing');
SELECT is(pg_temp.drop_it(NULL, :a, 'operator'), 'unchanged', 'cancelling it changes nothing');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.go(%s, %L)', :a, 'packed')), 'OR409 order_not_advanceable', 'it cannot be packed');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.pay(%s, p_reference => %L)', :a, 'again')), 'OR409 order_not_payable', 'it cannot be paid again');
SELECT pg_temp.order_it('{"voucher": "ONE"}') AS a2 \gset
SELECT is(pg_temp.drop_it(NULL, :a2, 'operator'), 'done', 'another order can use the coupon');

-- Refunds by lines and amounts until the order is refunded in full.
SELECT pg_temp.order_it() AS b \gset
SELECT pg_temp.pay(:b) \g (format=unaligned) /dev/null
SELECT is(pg_temp.create_refunds(:b, NULL, pg_temp.pieces(:b, 3)), 'done', 'three of four items are refunded');
SELECT is(pg_temp.states(:b), 'open partially_refunded pending', 'the order stays open');
SELECT is(pg_temp.create_refunds(:b, NULL, pg_temp.pieces(:b, 1)), 'done', 'the last item is refunded');
SELECT is(pg_temp.states(:b) || ' ' || pg_temp.stock(), 'cancelled refunded pending 10 0', 'the order is cancelled');
SELECT pg_temp.order_it() AS c \gset
SELECT pg_temp.pay(:c), pg_temp.go(:c, 'confirmed'), pg_temp.create_refunds(:c, 1500) \g (format=unaligned) /dev/null
SELECT is(pg_temp.go(:c, 'packed') || ' ' || pg_temp.states(:c), 'done open partially_refunded packed', 'a partially refunded order is packed');
SELECT is(pg_temp.create_refunds(:c, 2500), 'done', 'the rest of the amount is refunded');
SELECT is(pg_temp.states(:c) || ' ' || pg_temp.stock(), 'cancelled refunded packed 10 0', 'the packed order is cancelled');

-- A refund that is settled later.
SELECT pg_temp.order_it() AS d \gset
SELECT pg_temp.pay(:d) \g (format=unaligned) /dev/null
SELECT is(pg_temp.create_refunds(:d, p_actor => 'seller'), 'done', 'a manual refund is pending');
SELECT is(pg_temp.states(:d) || ' ' || pg_temp.stock(), 'open refund_pending pending 10 4', 'the order stays open until the refund is settled');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.go(%s, %L)', :d, w.to_state)), 'OR409 order_not_advanceable', 'an order with a pending refund cannot be ' || w.to_state)
FROM unnest('{confirmed,packed}'::text[]) AS w (to_state);
SELECT is(pg_temp.settle_refund(:d, false, 'operator'), 'done', 'the refund fails');
SELECT is(pg_temp.states(:d) || ' ' || pg_temp.stock(), 'open paid pending 10 4', 'a failed refund leaves the order open');
SELECT is(pg_temp.go(:d, 'packed'), 'done', 'the order is packed');
SELECT is(pg_temp.create_refunds(:d, p_actor => 'seller'), 'done', 'another refund is created');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.send(%s)', :d)), 'OR409 order_not_advanceable', 'an order with a pending refund is not shipped');
SELECT is(pg_temp.settle_refund(:d, true, 'operator'), 'done', 'the refund is settled');
SELECT is(pg_temp.states(:d) || ' ' || pg_temp.stock(), 'cancelled refunded packed 10 0', 'the order is cancelled');

-- Refunds by the provider: in a reply, by an event, and in its dashboard.
SELECT pg_temp.order_it('{"payment_method": "external", "payment_channel": "sim"}') AS e \gset
SELECT pg_temp.hear('e1', 'paid', :e, 4000, 'tx-e'), pg_temp.create_refunds(:e) \g (format=unaligned) /dev/null
SELECT is(pg_temp.settle_refund(:e), 'done', 'the provider settles the refund in its reply');
SELECT is(pg_temp.states(:e) || ' ' || pg_temp.stock(), 'cancelled refunded pending 10 0', 'the order is cancelled');
SELECT is((SELECT actor FROM order_history WHERE order_id = :e AND to_state = 'cancelled'), 'provider', 'the actor is the provider');
SELECT pg_temp.order_it('{"payment_method": "external", "payment_channel": "sim"}') AS f \gset
SELECT pg_temp.hear('f1', 'paid', :f, 4000, 'tx-f'), pg_temp.create_refunds(:f) \g (format=unaligned) /dev/null
SELECT is(pg_temp.hear('f2', 'refunded', :f, 4000, 'rtx-f'), 'done', 'the provider settles the refund by an event');
SELECT is(pg_temp.states(:f) || ' ' || pg_temp.stock(), 'cancelled refunded pending 10 0', 'the order is cancelled');
SELECT pg_temp.order_it('{"payment_method": "external", "payment_channel": "sim", "voucher": "ONE"}') AS g \gset
SELECT pg_temp.hear('g1', 'paid', :g, 3600, 'tx-g') \g (format=unaligned) /dev/null
SELECT is(pg_temp.hear('g2', 'refunded', :g, 600, 'rtx-g1'), 'done', 'a part is refunded in the provider''s dashboard');
SELECT is(pg_temp.states(:g) || ' ' || pg_temp.stock(), 'open partially_refunded pending 10 4', 'the order stays open');
SELECT is(pg_temp.hear('g3', 'refunded', :g, 3000, 'rtx-g2'), 'done', 'the rest is refunded there');
SELECT is(pg_temp.states(:g) || ' ' || pg_temp.stock() || ' ' || pg_temp.redemption(:g), 'cancelled refunded pending 10 0 released', 'the order is cancelled');

-- A refund to the balance.
SELECT pg_temp.order_it('{"payment_method": "balance"}') AS h \gset
SELECT is(pg_temp.create_refunds(:h) || ' ' || pg_temp.states(:h) || ' ' || pg_temp.stock(), 'done cancelled refunded pending 10 0', 'the balance is credited and the order cancelled');

-- A second payment: its refund does not change the order; the refund of the first payment cancels it.
SELECT pg_temp.order_it('{"payment_method": "external", "payment_channel": "sim"}') AS i \gset
SELECT pg_temp.payment_of(:i) AS pi \gset
SELECT pg_temp.pay(:i, 'cash') \g (format=unaligned) /dev/null
SELECT is((SELECT outcome FROM apply_provider_event(77, 'sim', 'i1', 'paid', pg_temp.key_of(:pi), NULL, 'tx-i', 4000, 'USD', NULL, NULL)), 'done', 'an order is paid twice');
SELECT is((SELECT outcome FROM apply_provider_event(77, 'sim', 'i2', 'refunded', pg_temp.key_of(:pi), NULL, 'rtx-i', 4000, 'USD', NULL, NULL)), 'done', 'the second payment is refunded');
SELECT is(pg_temp.states(:i) || ' ' || pg_temp.stock(), 'open paid pending 10 4', 'the order stays paid and open');
SELECT is(pg_temp.create_refunds(:i) || ' ' || pg_temp.states(:i) || ' ' || pg_temp.stock(), 'done cancelled refunded pending 10 0', 'the refund of the first payment cancels the order');

-- Shipped orders and orders without delivery are not cancelled.
SELECT pg_temp.order_it() AS j \gset
SELECT pg_temp.pay(:j), pg_temp.go(:j, 'packed'), pg_temp.send(:j) \g (format=unaligned) /dev/null
SELECT is(pg_temp.create_refunds(:j) || ' ' || pg_temp.states(:j) || ' ' || pg_temp.stock(), 'done open refunded shipped 6 0', 'a shipped order stays open');
SELECT is(pg_temp.go(:j, 'delivered') || ' ' || pg_temp.states(:j), 'done completed refunded delivered', 'it is completed on delivery');
SELECT pg_temp.buy('alice', p_coupon => 'ONCE') AS k \gset
SELECT is(pg_temp.create_refunds(:k) || ' ' || pg_temp.states(:k), 'done completed refunded none', 'an order without delivery stays completed');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');

-- The view reports each violation that direct SQL causes.
SELECT pg_temp.order_it('{"payment_method": "balance"}') AS m \gset
SELECT pg_temp.create_refunds(:m) \g (format=unaligned) /dev/null
SELECT pg_temp.order_it('{"voucher": "ONE"}') AS l \gset
SELECT pg_temp.pay(:l) \g (format=unaligned) /dev/null
SET LOCAL session_replication_role = replica;
SELECT is(pg_temp.violated(replace(replace(v.sql, '$l', :'l'), '$m', :'m')), v.names, v.what)
FROM (VALUES
    ('a fully refunded order that is open is reported',
     'UPDATE orders SET state = ''open'', cancelled_at = NULL WHERE id = $m; UPDATE event SET types = array_remove(types, ''order.cancelled''), steps = array_remove(steps, ''order:open:cancelled'') WHERE subject_id = $m',
     'events_are_chained refunded_is_closed'),
    ('a fully refunded order that reserves stock is reported',
     'UPDATE order_line SET reserved = quantity WHERE order_id = $m; UPDATE stock SET reserved = reserved + 4 WHERE variant_id = (SELECT item_id FROM order_line WHERE order_id = $m)',
     'stock_is_held'),
    ('a closed order that holds its coupon is reported',
     'UPDATE coupon_redemption SET order_id = $m WHERE order_id = $l; UPDATE order_line SET item_id = NULL WHERE order_id = $l AND kind = ''discount''',
     'coupons_within_limits')
) AS v (what, sql, names);
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold at the end');
SELECT * FROM finish();
ROLLBACK;
