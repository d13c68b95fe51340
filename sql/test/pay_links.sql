-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.send(p_order bigint, p_who text DEFAULT 'sally', p_email text DEFAULT 'a@example.com') RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.send_pay_link(77, 'company', 'seller', pg_temp.uid(p_who), 'send', NULL, NULL, pg_temp.number_of(p_order), p_email)
$$;
CREATE FUNCTION pg_temp.start(p_order bigint, p_gone bigint DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    SELECT (payment).id FROM orders_v1.start_payment(77, p_order, p_gone, 'gone')
$$;
CREATE FUNCTION pg_temp.intend(p_payment bigint, p_intent text) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.record_intent(77, 'company', 'buyer', NULL, 'pay', NULL, NULL, p_payment, p_intent, 'https://pay/' || p_intent, NULL)
$$;
CREATE FUNCTION pg_temp.wait_for(p_payment bigint) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.record_capture(77, p_payment, 'unknown')
$$;

-- Sending a mail: the order, the address, the payment method and the state are checked.
SELECT pg_temp.sell('external') AS a, pg_temp.sell() AS cash, pg_temp.sell('external', p_expires => 0) AS late, pg_temp.sell('external') AS paid, pg_temp.sell('external') AS off,
       pg_temp.sell('external') AS slow, pg_temp.sell('external') AS bad, pg_temp.sell('external', p_who => 'bert', p_company => 'bold') AS other \gset
SELECT is(pg_temp.paypal('paid', :paid, 'PP-1'), 'done', 'an order is paid');
SELECT pg_temp.call_off(:off) \g (format=unaligned) /dev/null
SELECT is(pg_temp.paypal('confirming', :slow), 'done', 'the payment of an order is being confirmed');
SELECT is(pg_temp.fail_finally(:bad), 'error failed none', 'an order is in error');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.send(%s, %L, %L)', o.id, o.who, o.email)), 'OR404 not_found', o.what)
FROM (VALUES (0, 'sally', NULL, 'a missing order is not found'), (:a, 'mel', 'a@example.com', 'an order is not found for a member who may not sell'), (:a, 'bert', 'a@example.com', 'an order is not found for a salesperson of another company'),
             (:a, 'carl', 'a@example.com', 'an order is not found for a user without a company'), (:other, 'mona', 'a@example.com', 'an order of another company is not found'), (pg_temp.buy('alice', p_method => 'external'), 'sally', 'a@example.com', 'an order of another API is not found')) AS o (id, who, email, what);
SELECT is(pg_temp.refusal(format('SELECT pg_temp.send(%s, p_email => NULL)', o.id)), 'OR422 invalid_field email', 'a missing address is reported before ' || o.what) FROM (VALUES (:cash, 'the method'), (:paid, 'the state')) AS o (id, what);
SELECT is(pg_temp.refusal(format('SELECT pg_temp.send(%s)', :cash)), 'OR409 payment_method_mismatch', 'an order paid in cash has no pay link');
SELECT is(pg_temp.told(format('SELECT pg_temp.send(%s)', o.id)), 'OR409 order_not_payable: ' || o.states, 'a link cannot be sent: ' || o.states)
FROM (VALUES (:paid, 'completed paid'), (:off, 'cancelled closed'), (:late, 'expired closed'), (:slow, 'open confirming'), (:bad, 'error failed')) AS o (id, states);
SELECT is((SELECT count(*) FROM mail WHERE tenant_id = 77), 0::bigint, 'a refused request queues no mail');
SELECT is(pg_temp.send(:a), 'done', 'a link is sent');
SELECT is(pg_temp.send(:a), 'unchanged', 'a repetition within a minute queues no second mail');
SELECT is(pg_temp.send(:a, 'mona', 'b@example.com'), 'done', 'a colleague sends the link to another address');
SELECT is(pg_temp.send(:other, 'sally', 'c@example.com'), 'done', 'a salesperson of the order''s company sends the link, whatever the current company');
SELECT is((SELECT version FROM orders WHERE id = :a), 1, 'sending a link does not change the order');

-- The worker claims mails with a lease and retries with backoff.
SELECT results_eq('SELECT * FROM claim_mail(77, 2, 60) ORDER BY id',
    format($$SELECT m.id, o.id, o.number::text COLLATE "default", 'pay_link', m.recipient, m.message_key::text, 'Acme', 'USD', 2::smallint, 1000::bigint, 0, o.expires_at
             FROM orders o JOIN mail m ON m.tenant_id = 77 AND m.order_id = o.id AND m.recipient IN ('a@example.com', 'b@example.com') WHERE o.id = %s ORDER BY m.id$$, :a), 'a mail has its template and the data of its order');
SELECT is((SELECT string_agg(recipient, ' ') FROM claim_mail(77, 10, 60)), 'c@example.com', 'claimed mails are skipped');
SELECT is_empty('SELECT * FROM claim_mail(77, 10, 60)', 'claimed mails are not claimed again');
SELECT is_empty('SELECT * FROM claim_mail(1, 10, 60)', 'another tenant has no mail');
SELECT id AS m1 FROM mail WHERE tenant_id = 77 AND recipient = 'a@example.com' \gset
SELECT id AS m2 FROM mail WHERE tenant_id = 77 AND recipient = 'b@example.com' \gset
SELECT id AS m3 FROM mail WHERE tenant_id = 77 AND recipient = 'c@example.com' \gset
SELECT is((SELECT due_at FROM due WHERE kind = 'mail' AND id = :m1), now() + interval '60 seconds', 'the mail is due again at the end of the lease');
SELECT is(mark_mail(77, :m1, true, false, NULL), 1, 'a sent mail is marked');
SELECT is((SELECT ROW(done_at, dead, last_error)::text FROM mail WHERE id = :m1), ROW(now(), false, NULL)::text, 'a sent mail is done');
SELECT is(mark_mail(77, :m1, c.ok, c.final, 'x'), 0, 'later results of a sent mail are ignored') FROM (VALUES (true, false), (false, true)) AS c (ok, final);
SELECT is(mark_mail(77, :m2, false, false, 'no reply'), 1, 'a failed mail is marked');
SELECT is((SELECT ROW(done_at, d.due_at, dead, last_error)::text FROM mail m JOIN due d ON d.kind = 'mail' AND d.id = m.id WHERE m.id = :m2), ROW(NULL, now() + interval '20 seconds', false, 'no reply')::text, 'a failed mail is due again');
SELECT is_empty('SELECT * FROM claim_mail(77, 10, 60)', 'a failed mail is not claimed before it is due');
CREATE TEMP TABLE wait (attempts integer, wait interval);
DO $$
BEGIN
    FOR v_try IN 2 .. 16 LOOP
        PERFORM orders_v1.mark_mail(77, id, false, false, 'no reply') FROM orders.mail WHERE tenant_id = 77 AND recipient = 'b@example.com';
        INSERT INTO wait SELECT d.attempts, d.due_at - now() FROM orders.mail m JOIN orders.due d ON d.tenant_id = 77 AND d.kind = 'mail' AND d.id = m.id
            WHERE m.tenant_id = 77 AND m.recipient = 'b@example.com';
    END LOOP;
END
$$;
SELECT is((SELECT string_agg(extract(epoch FROM wait)::integer::text, ' ' ORDER BY attempts) FROM wait),
          '40 80 160 320 640 1280 2560 5120 10240 20480 21600 21600 21600 21600', 'the wait doubles up to six hours');
SELECT ok((SELECT dead FROM mail WHERE id = :m2), 'the sixteenth failure is final');
SELECT is_empty(format('SELECT FROM due WHERE kind = $$mail$$ AND id = %s', :m2), 'a dead mail has no row in orders.due');
SELECT is_empty('SELECT * FROM claim_mail(77, 10, 60)', 'a dead mail is not claimed');
SELECT is(mark_mail(77, :m2, true, false, NULL), 0, 'results of a dead mail are ignored');
SELECT is(mark_mail(77, :m3, false, true, 'no such mailbox'), 1, 'a final failure is marked');
SELECT is((SELECT ROW(dead, last_error)::text FROM mail WHERE id = :m3), '(t,"no such mailbox")', 'a final failure makes the mail dead');
SELECT is(mark_mail(1, :m3, true, false, NULL), 0, 'a mail of another tenant is not found');

-- A mail for an order that can no longer be paid is not sent and does not delay the next mail.
SELECT pg_temp.sell('external') AS gone1, pg_temp.sell('external') AS gone2, pg_temp.sell('external') AS gone3, pg_temp.sell('external') AS open1 \gset
SELECT is(pg_temp.send(o.id, p_email => 'x' || o.id || '@example.com'), 'done', 'a link is sent') FROM (VALUES (:gone1), (:gone2), (:gone3), (:open1)) AS o (id);
SELECT pg_temp.let_expire(:gone1, now() - interval '1 s'), pg_temp.call_off(:gone2), pg_temp.paypal('paid', :gone3, 'PP-gone') \g (format=unaligned) /dev/null
SELECT pg_temp.make_due('mail', o.id, now() - o.age) FROM (VALUES (:gone1, interval '4 s'), (:gone2, interval '3 s'), (:gone3, interval '2 s'), (:open1, interval '1 s')) AS o (id, age) \g (format=unaligned) /dev/null
SELECT is((SELECT string_agg(order_id::text, ' ') FROM claim_mail(77, 1, 60)), :'open1', 'mails of expired, cancelled and paid orders are skipped');
SELECT is((SELECT string_agg(dead || ' ' || last_error, ', ') FROM mail WHERE order_id IN (:gone1, :gone2, :gone3)), 'true order_not_payable, true order_not_payable, true order_not_payable', 'mails of orders that can no longer be paid are dead');
SELECT is((SELECT count(*) FROM due WHERE tenant_id = 77 AND kind = 'mail' AND due_at <= now()), 0::bigint, 'dead mails have no due work');
SELECT pg_temp.call_off(:gone1) \g (format=unaligned) /dev/null

SELECT is((SELECT paid_by_link FROM order_view WHERE tenant_id = 77 AND id = o.id), o.by_link, o.what)
FROM (VALUES (:a, true, 'an external payment has a link'), (:cash, false, 'a cash payment has none')) AS o (id, by_link, what);

-- Opening a link returns the payment whose intent has to be created or used.
SELECT is(pg_temp.told(format('SELECT pg_temp.start(%s)', o.id)), 'OR409 order_not_payable: ' || o.states, 'a payment cannot be started: ' || o.states)
FROM (VALUES (:paid, 'completed paid'), (:off, 'cancelled closed'), (:late, 'expired closed'), (:slow, 'open confirming'), (:bad, 'error failed')) AS o (id, states);
SELECT is(pg_temp.refusal('SELECT pg_temp.start(0)'), 'OR404 not_found', 'an unknown order is not found');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.start(%s)', :cash)), 'OR409 payment_method_mismatch', 'an order paid in cash is refused');
SELECT is(pay_link_state(77, o.id), o.link_state, o.what)
FROM (VALUES (:a, 'unpaid', 'an open order can be paid'), (:cash, 'over', 'an order that is paid in cash cannot be paid by a link'), (:late, 'over', 'an order past its expiry cannot be paid'),
             (:paid, 'paid', 'a paid order is shown as paid'), (:off, 'over', 'a cancelled order cannot be paid'), (:slow, 'confirming', 'a payment that is being confirmed is shown as confirming'), (:bad, 'over', 'an order in error cannot be paid'),
             (0, NULL, 'a missing order has no state')) AS o (id, link_state, what);
SELECT is(pay_link_state(1, :a), NULL, 'an order of another tenant has no state');
SELECT pg_temp.payment_of(:a) AS p1 \gset
SELECT is(pg_temp.start(:a), :p1::bigint, 'the link opens the first payment');
SELECT is((SELECT ROW(order_id, (payment).status, (payment).channel, (payment).provider, (payment).amount, (payment).currency, (payment).intent_id, (payment).pay_url, order_number)::text FROM start_payment(77, :a)),
          format('(%s,pending,paypal,paypal,1000,USD,,,%s)', :a, pg_temp.number_of(:a)), 'the task has the data for the provider');
SELECT is(pg_temp.intend(:p1, 'I-1'), 'done', 'the intent is recorded');
SELECT is((SELECT ROW((payment).id, (payment).intent_id, (payment).pay_url)::text FROM start_payment(77, :a)), format('(%s,I-1,https://pay/I-1)', :p1), 'the link uses the recorded intent again');
SELECT is((SELECT ROW(id, cardinality(lines), cardinality(payments), (company).name, (agent).name)::text FROM order_view WHERE tenant_id = 77 AND id = :a), format('(%s,1,1,Acme,Sally)', :a), 'the page shows the order and its seller');
SELECT is((SELECT (payment).id FROM start_payment(77, :a, :p1, o.outcome)), :p1::bigint, format('the provider reports %s: the payment is kept', o.outcome))
FROM (VALUES ('waiting'), ('approved'), ('paid'), ('confirming'), ('failed'), (NULL)) AS o (outcome);
SELECT is(pg_temp.start(:a, :p1) > :p1, true, 'an intent that the provider no longer knows is replaced by a new payment');
SELECT pg_temp.payment_of(:a) AS p2 \gset
SELECT results_eq(format('SELECT id, status::text, intent_id, amount, expires_at FROM payment WHERE order_id = %s ORDER BY id', :a),
    format($$SELECT %s::bigint, 'closed', 'I-1', 1000::bigint, expires_at FROM orders WHERE id = %s UNION ALL SELECT %s, 'pending', NULL, 1000, expires_at FROM orders WHERE id = %2$s$$, :p1, :a, :p2), 'the replaced payment is closed');
SELECT is(pg_temp.start(:a, :p1), :p2::bigint, 'the same report creates no further payment');
SELECT is(pg_temp.intend(:p2, 'I-2'), 'done', 'the new payment gets an intent');
SELECT is(pg_temp.paypal('failed', :a), 'done', 'the provider declines the new payment');
SELECT is(pay_link_state(77, :a), 'failed', 'the buyer sees the failure and can retry');
SELECT is(was_declined(77, o.id), o.declined, o.what)
FROM (VALUES (:a, true, 'the provider declined the latest payment'), (:slow, false, 'a payment that is being confirmed is not declined'), (:off, false, 'the payment of a cancelled order is not declined'),
             (0, NULL, 'an order that does not exist has no payment')) AS o (id, declined, what);
SELECT is(was_declined(1, :a), NULL, 'a payment of another tenant is not found');
SELECT is(pg_temp.start(:a) > :p2, true, 'the retry is a new payment');
SELECT pg_temp.payment_of(:a) AS p3 \gset
SELECT is(pg_temp.start(:a), :p3::bigint, 'opening the link again returns the same payment');
SELECT is((SELECT status::text FROM payment WHERE id = :p2), 'failed', 'the failed payment stays failed');
SELECT is(pg_temp.paypal('paid', :a, 'PP-3'), 'done', 'the retry is paid');
SELECT is(pg_temp.states(:a), 'completed paid none', 'the order is completed');
SELECT is(pg_temp.paypal('paid', :a, 'PP-2', p_payment => :p1), 'done', 'the replaced payment is paid too');
SELECT is((SELECT ROW(payment_id, amount, reason)::text FROM refund WHERE order_id = :a), format('(%s,1000,"paid twice")', :p1), 'the second payment is refunded');

-- A capture with an unknown outcome.
SELECT pg_temp.sell('external') AS b \gset
SELECT pg_temp.payment_of(:b) AS pb \gset
SELECT pg_temp.let_expire(:b, now() + interval '1 hour') \g (format=unaligned) /dev/null
SELECT is(pg_temp.wait_for(:pb), 'done', 'an undecided capture is recorded');
SELECT is((SELECT o.expires_at FROM orders o JOIN payment p ON p.tenant_id = o.tenant_id AND p.order_id = o.id WHERE p.tenant_id = 77 AND p.id = :pb), now() + interval '7 days', 'the order does not expire for seven days');
SELECT is(pg_temp.states(:b), 'open confirming none', 'the order becomes confirming');
SELECT is((SELECT ROW(p.status, d.due_at, d.attempts)::text FROM payment p, pg_temp.due_of('capture', :b) AS d WHERE p.id = :pb), ROW('confirming', now() + interval '20 seconds', 1)::text, 'the capture is polled again');
SELECT is((SELECT string_agg(actor || ' ' || api, ',') FROM order_history WHERE order_id = :b AND to_state = 'confirming'), 'provider worker', 'the actor of the step is the provider');
SELECT is(pg_temp.wait_for(:pb), 'unchanged', 'an undecided capture is recorded again');
SELECT is((SELECT ROW(due_at, attempts)::text FROM pg_temp.due_of('capture', :b)), ROW(now() + interval '40 seconds', 2)::text, 'the next poll waits twice as long');
SELECT is((SELECT version FROM orders WHERE id = :b), 2, 'the repetition does not increment the version');
SELECT is_empty('SELECT * FROM claim_captures(77, $$paypal$$, 10, 60)', 'the capture is not polled before it is due');
SELECT pg_temp.make_due('capture', :b) \g (format=unaligned) /dev/null
SELECT is((SELECT ROW((payment).id, order_id, (payment).status, attempts)::text FROM claim_captures(77, 'paypal', 10, 60)), format('(%s,%s,confirming,2)', :pb, :b), 'the worker claims the capture when it is due');
SELECT is_empty('SELECT * FROM claim_captures(77, $$paypal$$, 10, 60)', 'a claimed capture is not claimed again');
SELECT is(pg_temp.told(format('SELECT pg_temp.start(%s)', :b)), 'OR409 order_not_payable: open confirming', 'the link opens no other payment while the outcome is unknown');
SELECT is(pg_temp.paypal('paid', :b, 'PP-4'), 'done', 'the provider reports the payment');
SELECT is(pg_temp.states(:b), 'completed paid none', 'the order is paid');
SELECT is_empty(format('SELECT FROM pg_temp.due_of(%L, %s)', 'capture', :b), 'the capture is not polled any more');
SELECT is(pg_temp.wait_for(:pb), 'unchanged', 'an undecided capture of a paid order changes nothing');
SELECT is(pg_temp.states(:b), 'completed paid none', 'the order stays paid');
SELECT is(pg_temp.refusal('SELECT pg_temp.wait_for(0)'), 'OR404 not_found', 'an unknown payment is not found');
SELECT is(pg_temp.wait_for(pg_temp.payment_of(:off)), 'unchanged', 'an undecided capture of a cancelled order changes nothing');
SELECT is_empty(format('SELECT FROM pg_temp.due_of(%L, %s)', 'capture', :off), 'its capture is not polled');

-- A payment that arrives after the expiry is refunded, whether or not the worker has expired the order.
SELECT pg_temp.sell('external') AS c, pg_temp.sell('external') AS d \gset
SELECT is(pg_temp.wait_for(pg_temp.payment_of(o.id)), 'done', 'an undecided capture is recorded') FROM (VALUES (:c), (:d)) AS o (id);
SELECT pg_temp.let_expire(o.id) FROM (VALUES (:c), (:d)) AS o (id) \g (format=unaligned) /dev/null
SELECT is(pg_temp.paypal('paid', :c, 'PP-5'), 'done', 'the payment arrives after the expiry');
SELECT is(pg_temp.states(:c), 'expired refund_pending none', 'the late payment expires the order and is refunded');
SELECT is(expire_due(77, 100), 2, 'the worker expires the other orders');
SELECT is(pg_temp.states(:d), 'expired closed none', 'the order is expired');
SELECT results_eq(format('SELECT p.order_id FROM payment p JOIN due d ON d.tenant_id = 77 AND d.id = p.id AND d.kind IN (%L, %L) WHERE p.order_id IN (%s, %s)', 'intent', 'capture', :c, :d), ARRAY[:d]::bigint[], 'its capture is polled until the outcome is known');
SELECT is(pg_temp.paypal('paid', :d, 'PP-6'), 'done', 'the payment of an expired order arrives');
SELECT is(pg_temp.states(:d), 'expired refund_pending none', 'it is refunded too');
SELECT results_eq('SELECT order_id, (refund).reference, (refund).amount FROM claim_refunds(77, $$paypal$$, 10, 60) WHERE (refund).reference > $$PP-4$$ ORDER BY order_id', format($$VALUES (%s::bigint, 'PP-5', 1000::bigint), (%s, 'PP-6', 1000)$$, :c, :d), 'the worker claims both refunds');
SELECT is(pg_temp.paypal('refunded', :c, 'PP-7'), 'done', 'the provider reports a refund');
SELECT is(pg_temp.states(:c), 'expired refunded none', 'the order is refunded');

-- pay_link_state agrees with start_payment: it is unpaid or failed exactly when start_payment would start a payment.
SELECT is(pay_link_state(77, o.id), o.link_state, o.what)
FROM (VALUES (:a, 'paid', 'a surplus payment changes nothing'), (:b, 'paid', 'an order whose payment is captured later is paid'), (:c, 'over', 'an order with a refunded late payment is over'), (:d, 'over', 'an order with a pending refund of a late payment is over')) AS o (id, link_state, what);
SELECT pg_temp.sell('external') AS r, pg_temp.sell('external') AS doubt, pg_temp.sell('external') AS doubt_late, pg_temp.sell('external') AS twice \gset
SELECT pg_temp.paypal('paid', :r, 'PP-8') \g (format=unaligned) /dev/null
SELECT is(pg_temp.create_refunds(:r, 300) || ' ' || pg_temp.states(:r) || ' ' || pay_link_state(77, :r), 'done completed refund_pending none paid', 'an order with a pending refund counts as paid');
SELECT pg_temp.paypal('refunded', :r, 'PP-9', 300) \g (format=unaligned) /dev/null
SELECT is(pg_temp.states(:r) || ' ' || pay_link_state(77, :r), 'completed partially_refunded none paid', 'a partially refunded order counts as paid');
SELECT pg_temp.create_refunds(:r), pg_temp.paypal('refunded', :r, 'PP-10', 700) \g (format=unaligned) /dev/null
SELECT is(pg_temp.states(:r) || ' ' || pay_link_state(77, :r), 'completed refunded none refunded', 'a fully refunded order counts as refunded');
SELECT is(pg_temp.intend(pg_temp.payment_of(o.id), 'I-doubt-' || o.id), 'done', 'an intent is recorded') FROM (VALUES (:doubt), (:doubt_late), (:twice)) AS o (id);
SELECT count(*) FROM (VALUES (:doubt), (:doubt_late), (:twice)) AS o (id), LATERAL begin_capture(77, pg_temp.payment_of(o.id), false, 60) \g (format=unaligned) /dev/null
SELECT is(pg_temp.states(:doubt) || ' ' || pay_link_state(77, :doubt), 'open unpaid none confirming', 'an order with an unknown outcome counts as confirming');
SELECT pg_temp.let_expire(:doubt_late, now() - interval '1 s') \g (format=unaligned) /dev/null
SELECT is(pay_link_state(77, :doubt_late), 'over', 'past its expiry an order cannot be paid, whatever the outcome of its capture');
INSERT INTO payment (tenant_id, order_id, method, channel, provider, status, amount, currency)
SELECT tenant_id, order_id, method, channel, provider, 'pending', amount, currency FROM payment WHERE id = pg_temp.payment_of(:twice);
SELECT is(pay_link_state(77, :twice), 'confirming', 'an unknown outcome of an older payment counts too');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.start(%s)', o.id)) = 'no refusal', pay_link_state(77, o.id) IN ('unpaid', 'failed'),
          format('order %s %s: the page offers a payment when start_payment makes one', o.state, o.payment_state)) FROM orders o WHERE o.tenant_id = 77;

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
