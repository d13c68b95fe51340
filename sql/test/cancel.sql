-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
\ir lib/goods.sql
SELECT no_plan();

SELECT pg_temp.buy('bob', p_method => 'manual') AS a \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.drop_it(%L, %s)', 'alice', :a)), 'OR404 not_found', 'the order of another user is not found');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.drop_it(%L, %s)', 'alice', 999999999)), 'OR404 not_found', 'an unknown order is not found');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.drop_it(%L, %s, %L, 7)', 'bob', :a, 'user')), 'OR412 version_mismatch', 'an outdated version is refused');
SELECT is(pg_temp.drop_it('bob', :a, 'user', 1), 'done', 'an unpaid order is cancelled');
SELECT is(pg_temp.states(:a), 'cancelled closed none', 'the payment state is closed');
SELECT is((SELECT status::text FROM payment WHERE order_id = :a), 'closed', 'the payment is closed');
SELECT is((SELECT ROW(cancelled_at, version)::text FROM orders WHERE id = :a), ROW(now(), 2)::text, 'cancelling increments the version');
SELECT is((SELECT string_agg(DISTINCT comment, ' ') FROM order_history WHERE order_id = :a AND version = 2), 'changed my mind', 'the reason is in the history');
SELECT is(pg_temp.drop_it('bob', :a), 'unchanged', 'cancelling again changes nothing');
SELECT is((SELECT version FROM orders WHERE id = :a), 2, 'the version is unchanged');

SELECT is((SELECT string_agg(n.api || ': ' || cardinality(w.lines) || ' ' || coalesce((w.buyer).name, '-') || ' ' || (w.history IS NOT NULL), ', ' ORDER BY n.api)
           FROM unnest('{user,commerce,operator}'::text[]) AS n (api), written_order(ROW(77, n.api, 'buyer', NULL, NULL, NULL, NULL)::context, :a) AS w),
          'commerce: 1 - false, operator: 1 Bob true, user: 1 - false', 'the result has details only for the operator API');

SELECT pg_temp.buy('bob') AS b \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.drop_it(%L, %s)', 'bob', :b)), 'OR409 order_not_cancellable', 'the user API does not cancel a paid order');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.drop_it(NULL, %s, %L)', :b, 'operator')), 'OR409 order_not_cancellable', 'the operator API does not cancel a completed order');

-- A caller without the right to refund.
CREATE FUNCTION pg_temp.drop_unpaid(p_order bigint, p_may_refund boolean DEFAULT false, p_version integer DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.cancel_as_permitted(77, 'operator', 'operator', pg_temp.uid('olga'), 'cancel', NULL, NULL, NULL, p_order,
                                                   'changed my mind', pg_temp.match(p_order, p_version), p_may_refund)
$$;
SELECT pg_temp.buy('bob', p_method => 'manual') AS unpaid \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.drop_unpaid(%s, false, 7)', :unpaid)), 'OR412 version_mismatch', 'the version is compared');
SELECT is(pg_temp.drop_unpaid(:unpaid), 'done', 'an unpaid order is cancelled without the right to refund');
SELECT is(pg_temp.drop_unpaid(:unpaid), 'unchanged', 'cancelling it again changes nothing');
SELECT pg_temp.order_it() AS paid \gset
SELECT is(pg_temp.pay(:paid), 'done', 'an order of goods is paid');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.drop_unpaid(%s)', :paid)), 'OR403 forbidden', 'a paid order is not cancelled without the right to refund');
SELECT is(pg_temp.states(:paid), 'open paid pending', 'the refused order is unchanged');
SELECT is(pg_temp.drop_unpaid(:paid, true), 'done', 'with the right to refund, it is cancelled');
SELECT is(pg_temp.drop_unpaid(:paid), 'unchanged', 'without the right, the cancelled order is unchanged: its refund exists already');
SELECT pg_temp.buy('bob', p_method => 'external') AS asked \gset
UPDATE payment SET capture_asked_at = now() WHERE order_id = :asked;
SELECT is(pg_temp.refusal(format('SELECT pg_temp.drop_unpaid(%s)', :asked)), 'OR403 forbidden', 'an order whose capture has an unknown outcome is not cancelled without the right to refund');
UPDATE payment SET capture_asked_at = NULL WHERE order_id = :asked;
SELECT is(pg_temp.drop_unpaid(:asked), 'done', 'before the capture is requested, it is cancelled');

SELECT pg_temp.buy('bob', 'free') AS c \gset
SELECT is(pg_temp.drop_it('bob', :c), 'done', 'a free order is cancelled');
SELECT is(pg_temp.states(:c), 'cancelled paid none', 'a cancelled free order stays paid');

SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 0) AS d \gset
SELECT is(pg_temp.drop_it('bob', :d), 'unchanged', 'cancelling an order past its expiry changes nothing');
SELECT is(pg_temp.states(:d), 'expired closed none', 'the order has expired');
SELECT is(pg_temp.drop_it(NULL, :d, 'operator'), 'done', 'the operator can cancel an expired order');
SELECT is(pg_temp.states(:d), 'cancelled closed none', 'the expired order is cancelled');

-- A buyer can cancel an order with a failed payment, whatever its expiry.
SELECT pg_temp.buy('bob', p_method => 'external', p_coupon => 'ONCE', p_expires => NULL) AS e \gset
SELECT is(pg_temp.hear('e', 'failed', :e, 900), 'done', 'the payment of an order without an expiry fails');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('bob', p_method => 'manual', p_coupon => 'ONCE')$$), 'OR422 coupon_used_by_user coupon_code', 'the order holds its coupon');
SELECT is(pg_temp.drop_it('bob', :e), 'done', 'the buyer cancels the order');
SELECT is(pg_temp.states(:e), 'cancelled closed none', 'its payment is closed');
SELECT isnt(pg_temp.buy('bob', p_method => 'manual', p_coupon => 'ONCE'), NULL, 'its coupon is released');
SELECT is(pg_temp.hear('e2', 'paid', :e, 900, 'tx-e') || ' ' || pg_temp.states(:e), 'done cancelled refund_pending none', 'a late payment is refunded');

-- The same for goods, in every API that lets a buyer cancel. 4 of 10 items are reserved.
CREATE FUNCTION pg_temp.drop_failed(p_dialect text, p_api text, p_final boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_order bigint := pg_temp.order_it(jsonb_build_object('dialect', p_dialect, 'payment_method', 'external', 'payment_channel', 'sim'));
    v_told  text;
BEGIN
    IF p_final THEN
        PERFORM orders_v1.record_intent_failure(77, 'operator', 'operator', NULL, NULL, NULL, NULL, pg_temp.payment_of(v_order), 'declined', 'no', true);
    ELSE
        PERFORM pg_temp.hear('failed-' || v_order, 'failed', v_order, 4000);
    END IF;
    v_told := pg_temp.refusal(format('SELECT pg_temp.drop_it(%L, %s, %L)', 'alice', v_order, p_api));
    v_told := v_told || ', ' || pg_temp.states(v_order) || ', ' || pg_temp.stock();
    PERFORM pg_temp.drop_it(NULL, v_order, 'operator');
    RETURN v_told;
END
$$;
SELECT is(pg_temp.drop_failed(r.dialect, r.api, r.final), r.outcome, format('cancelling an order of %s over %s after %s failure of its payment: %s', r.dialect, r.api, CASE WHEN r.final THEN 'the final' ELSE 'a' END, r.outcome))
FROM (VALUES ('user', 'user', false, 'no refusal, cancelled closed pending, 10 0'), ('shop', 'user', false, 'no refusal, cancelled closed pending, 10 0'),
             ('commerce', 'user', false, 'no refusal, cancelled closed pending, 10 0'), ('shop', 'shop', false, 'no refusal, cancelled closed pending, 10 0'),
             ('user', 'shop', false, 'no refusal, cancelled closed pending, 10 0'), ('customer', 'customer', false, 'OR409 order_not_cancellable, open failed pending, 10 4'),
             ('user', 'user', true, 'no refusal, cancelled closed pending, 10 0'), ('shop', 'user', true, 'no refusal, cancelled closed pending, 10 0'),
             ('commerce', 'user', true, 'no refusal, cancelled closed pending, 10 0'), ('shop', 'shop', true, 'no refusal, error failed pending, 10 0')) AS r (dialect, api, final, outcome);

-- Every order that holds stock or a coupon can be ended: a pending refund by settling it, any other order by the operator.
SELECT is_empty($$
    SELECT p.state, f.state
    FROM unnest('{unpaid,confirming,failed,paid,partially_refunded}'::text[]) AS p (state), unnest('{none,pending,confirmed,packed}'::text[]) AS f (state)
    WHERE NOT EXISTS (SELECT FROM cancel_rule r WHERE r.api = 'operator' AND r.effect = 'cancel' AND NOT r.only_free AND r.method = '*'
                      AND (r.state, r.payment_state, r.fulfilment_state) = ('open', p.state, f.state))$$, 'the operator can cancel every open order that was not shipped');

SELECT pg_temp.goods('alice') AS f \gset
SELECT is(pg_temp.states(:f), 'open paid pending', 'a paid order of goods stays open');
SELECT is(pg_temp.money('alice'), 7850::bigint, 'its total is debited');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.drop_it(%L, %s)', 'alice', :f)), 'OR409 order_not_cancellable', 'the user API does not cancel it');
SELECT pg_stat_get_xact_tuples_updated('orders.orders'::regclass) AS updates \gset
SELECT is(pg_temp.drop_it('alice', :f, 'shop'), 'done', 'the shop API cancels it');
SELECT is(pg_stat_get_xact_tuples_updated('orders.orders'::regclass) - :updates, 1::bigint, 'the order is updated once');
SELECT is(pg_temp.states(:f), 'cancelled refunded pending', 'the order is cancelled and refunded');
SELECT is(pg_temp.money('alice'), 10000::bigint, 'the refund is immediate');
SELECT is((SELECT version FROM orders WHERE id = :f), 2, 'all steps share a version');

SELECT pg_temp.goods('alice', 'customer') AS g \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.drop_it(%L, %s, %L)', 'alice', :g, 'shop')), 'OR409 order_not_cancellable', 'the API that placed the order must allow it too');
SELECT is(pg_temp.drop_it(NULL, :g, 'operator'), 'done', 'only its own rules apply to the operator API');

SELECT pg_temp.goods('alice', 'customer', 'cod') AS h \gset
SELECT is(pg_temp.drop_it('alice', :h, 'customer'), 'done', 'the customer API cancels a cash-on-delivery order');

SELECT pg_temp.goods('bob', 'shop', 'manual') AS i \gset
SELECT is(pg_temp.pay(:i), 'done', 'an order is paid by bank transfer');
SELECT is(pg_temp.states(:i), 'open paid pending', 'a paid order of goods is not completed before delivery');
SELECT is(pg_temp.drop_it('bob', :i, 'shop'), 'done', 'the buyer cancels it');
SELECT is(pg_temp.states(:i), 'cancelled refund_pending pending', 'its refund is left to the operator');
SELECT is((SELECT outcome FROM settle_refund(77, 'operator', 'operator', 1, 'r', NULL, NULL,
           (SELECT max(id) FROM refund WHERE order_id = :i), 'transfer 9', true, NULL, NULL)), 'done', 'the operator settles the refund');
SELECT is(pg_temp.states(:i), 'cancelled refunded pending', 'the order is cancelled and refunded');

SELECT pg_temp.buy('bob', p_method => 'external', p_expires => 0) AS j \gset
SELECT is(pg_temp.hear('j', 'paid', :j, 1000, 'tx-j'), 'done', 'a payment arrives after the expiry');
SELECT is(pg_temp.states(:j), 'expired refund_pending none', 'the late payment has a pending refund');
SELECT is(pg_temp.drop_it(NULL, :j, 'operator'), 'done', 'the operator cancels the order');
SELECT is(pg_temp.states(:j), 'cancelled refund_pending none', 'the order is cancelled');
SELECT is((SELECT ROW(count(*), sum(amount))::text FROM refund WHERE order_id = :j), '(1,1000)', 'the payment is refunded once');

-- Cancelling an order repeats the failed refund of a late payment.
SELECT pg_temp.buy('bob', p_method => 'external') AS l \gset
SELECT pg_temp.fail_finally(:l) \g (format=unaligned) /dev/null
SELECT is(pg_temp.hear('l', 'paid', :l, 1000, 'tx-l') || ' ' || pg_temp.states(:l), 'done error refund_pending none', 'a payment of an order in error is refunded');
SELECT count(*) FROM settle_refund(77, 'worker', 'provider', NULL, 'r', NULL, NULL, (SELECT max(id) FROM refund WHERE order_id = :l), NULL, false, 'no', 'no') \g (format=unaligned) /dev/null
SELECT is(pg_temp.states(:l), 'error failed none', 'the refund fails');
SELECT is(pg_temp.drop_it(NULL, :l, 'operator'), 'done', 'the operator cancels the order');
SELECT is(pg_temp.states(:l), 'cancelled refund_pending none', 'another refund is created');
SELECT is((SELECT string_agg(concat_ws(' ', h.axis, h.from_state, h.to_state), ', ' ORDER BY h.step) FROM orders_v1.order_history h WHERE h.order_id = :l AND h.version = 5),
          'payment failed closed, order error cancelled, payment closed refund_pending', 'each step starts at the state of the step before');
SELECT count(*) FROM settle_refund(77, 'worker', 'provider', NULL, 'r', NULL, NULL, (SELECT max(id) FROM refund WHERE order_id = :l), NULL, false, 'no', 'no') \g (format=unaligned) /dev/null
SELECT is(pg_temp.states(:l), 'cancelled closed none', 'after a second failure the payment state is closed');

-- A parcel that was not accepted: the operator closes the order. A new count in the catalogue restores the shipped items.
CREATE FUNCTION pg_temp.parcel(p_method text, p_coupon text DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_order bigint := pg_temp.order_it(jsonb_strip_nulls(jsonb_build_object('dialect', 'customer', 'payment_method', p_method, 'voucher', p_coupon)));
BEGIN
    IF p_method <> 'cod' THEN
        PERFORM pg_temp.pay(v_order);
    END IF;
    PERFORM pg_temp.go(v_order, 'packed'), pg_temp.send(v_order);
    RETURN v_order;
END
$$;
CREATE FUNCTION pg_temp.on_hand() RETURNS integer LANGUAGE sql AS $$ SELECT split_part(pg_temp.stock(), ' ', 1)::integer $$;
SELECT pg_temp.operator_put('products', 'lamp', '{"name": "Lamp", "returnable": true, "variants": [{"ref": "x", "stock": 100, "prices": {"USD": 1000}}]}') \g (format=unaligned) /dev/null
SELECT pg_temp.on_hand() AS left \gset
SELECT pg_temp.parcel('cod', 'TWO') AS p \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.drop_it(%L, %s, %L)', 'alice', :p, 'customer')), 'OR409 order_not_cancellable', 'a buyer cannot cancel a shipped order');
SELECT is(pg_temp.drop_it(NULL, :p, 'operator'), 'done', 'the operator can, if the cash was not collected');
SELECT is(pg_temp.states(:p) || ' ' || pg_temp.redemption(:p), 'cancelled closed shipped released', 'its coupon is released');
SELECT is(pg_temp.on_hand(), :left - 4, 'its items are not on hand');
SELECT is(pg_temp.drop_it(NULL, :p, 'operator'), 'unchanged', 'cancelling again changes nothing');
SELECT is((SELECT outcome FROM track(77, 'operator', 'operator', NULL, 'track', NULL, NULL, :p, '{"status": "delivered"}', NULL)), 'done',
          'a later tracking event is stored');
SELECT is(pg_temp.states(:p), 'cancelled closed shipped', 'tracking events do not change the cancelled order');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.pay(%s)', :p)), 'OR409 order_not_payable', 'the cancelled order cannot be paid');
SELECT pg_temp.parcel('cod') AS q \gset
SELECT outcome FROM track(77, 'operator', 'operator', NULL, 'track', NULL, NULL, :q, '{"status": "on_delivery"}', NULL) \g (format=unaligned) /dev/null
SELECT is(pg_temp.drop_it(NULL, :q, 'operator') || ' ' || pg_temp.states(:q), 'done cancelled closed out_for_delivery', 'an order out for delivery can be cancelled too');
SELECT pg_temp.parcel('cod') AS r \gset
SELECT pg_temp.go(:r, 'delivered') \g (format=unaligned) /dev/null
SELECT is(pg_temp.refusal(format('SELECT pg_temp.drop_it(NULL, %s, %L)', :r, 'operator')), 'OR409 order_not_cancellable', 'an order whose cash was collected cannot be cancelled');
SELECT pg_temp.parcel('bank_transfer') AS t \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.drop_it(NULL, %s, %L)', :t, 'operator')), 'OR409 order_not_cancellable', 'an order that was paid otherwise cannot be cancelled');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
