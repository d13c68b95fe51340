-- SPDX-License-Identifier: Apache-2.0
-- Events in any order: early events wait, and every order of arrival has the same result.
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

-- An event that names only the intent, as a provider that does not know our ids sends it.
CREATE FUNCTION pg_temp.tell(
    p_event text, p_type text, p_intent text, p_amount bigint DEFAULT NULL, p_transaction text DEFAULT NULL
) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.apply_provider_event(77, 'sim', p_event, p_type, NULL, p_intent, p_transaction, p_amount,
                                                 CASE WHEN p_amount IS NOT NULL THEN 'USD' END, 'declined', 'the card was declined')
$$;

CREATE FUNCTION pg_temp.intend(p_order bigint, p_intent text) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.record_intent(77, 'user', 'buyer', NULL, 'create', NULL, NULL, pg_temp.payment_of(p_order), p_intent,
                                          'https://pay.example/', NULL)
$$;

CREATE FUNCTION pg_temp.verdicts(p_prefix text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(event_id || ':' || verdict || coalesce(':' || refusal, ''), ' ' ORDER BY id) FROM orders.provider_event
    WHERE tenant_id = 77 AND event_id LIKE p_prefix || '%'
$$;

-- The result that must not depend on the order of arrival: the states and all amounts.
CREATE FUNCTION pg_temp.books(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', o.state, o.payment_state, o.captured, o.refunded, p.status, p.captured, p.refunded, p.refunding,
                     p.transaction_id LIKE 'tx%', p.failure_code,
                     (SELECT string_agg(r.status || r.amount || (r.reference LIKE 'rtx%'), ',' ORDER BY r.id) FROM orders.refund r
                      WHERE r.tenant_id = 77 AND r.order_id = o.id))
    FROM orders.orders o
    JOIN orders.payment p ON p.tenant_id = o.tenant_id AND p.order_id = o.id
    WHERE o.tenant_id = 77 AND o.id = p_order
$$;

-- Reviews the events as the worker does in one run.
CREATE FUNCTION pg_temp.review() RETURNS TABLE (channel text, event_id text, type text, payment text, intent_id text, transaction_id text,
    amount bigint, currency text, refusal text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.review_provider_event(77, d.id) FROM orders_v1.due_provider_events(77, 10) AS d (id);
    RETURN QUERY SELECT * FROM orders_v1.refused_provider_events(77, 10);
END
$$;

SELECT pg_temp.buy('bob', p_method => 'external') AS a \gset
SELECT is(pg_temp.hear('a1', 'refunded', :a, 400, 'rtx-a'), 'waiting', 'a refund event before the capture waits');
SELECT is(pg_temp.states(:a), 'open unpaid none', 'a waiting event has no effect');
SELECT is(pg_temp.hear('a1', 'refunded', :a, 400, 'rtx-a'), 'waiting', 'a repeated event still waits');
SELECT is(pg_temp.hear('a2', 'refund_failed', :a, 400, 'rtx-a0'), 'unchanged', 'a failure of an unknown refund changes nothing');
SELECT is(pg_temp.hear('a3', 'paid', :a, 1000, 'tx-a'), 'done', 'the capture is recorded');
SELECT is(pg_temp.states(:a), 'completed partially_refunded none', 'the waiting refund is applied with it');
SELECT is(pg_temp.verdicts('a'), 'a1:done a2:unchanged a3:done', 'all events have their verdicts');
SELECT is(pg_temp.hear('a1', 'refunded', :a, 400, 'rtx-a'), 'unchanged', 'a repeated event changes nothing');

-- An event that names the intent before the reply to the request that creates it.
SELECT pg_temp.buy('bob', p_method => 'external') AS i \gset
SELECT is(pg_temp.hear('i1', 'refunded', :i, 400, 'rtx-i', p_intent => 'in-i'), 'waiting', 'a refund event with an unknown intent waits');
SELECT is(pg_temp.intend(:i, 'in-i'), 'done', 'the reply with the intent is recorded');
SELECT is((SELECT concat_ws(' ', p.status, p.intent_id, p.pay_url) FROM orders.payment p WHERE p.tenant_id = 77 AND p.order_id = :i),
          'pending in-i https://pay.example/', 'the payment has the URL of the reply');
SELECT is_empty(format($$SELECT FROM orders.due d WHERE d.tenant_id = 77 AND d.kind = 'intent' AND d.id = %s$$, pg_temp.payment_of(:i)),
                'the worker does not create the intent again');
SELECT pg_temp.buy('bob', p_method => 'external') AS j \gset
SELECT is(pg_temp.hear('j1', 'refunded', :j, 400, 'rtx-j', p_intent => 'in-j'), 'waiting', 'an event sets the intent');
SELECT is(pg_temp.intend(:j, 'in-other'), 'done', 'the reply has another intent');
SELECT is((SELECT concat_ws(' ', p.status, p.intent_id) FROM orders.payment p WHERE p.tenant_id = 77 AND p.order_id = :j), 'pending in-j', 'the first intent is kept');
SELECT is_empty(format($$SELECT FROM orders.due d WHERE d.tenant_id = 77 AND d.kind = 'intent' AND d.id = %s$$, pg_temp.payment_of(:j)), 'the worker creates no further intent');
SELECT is(pg_temp.hear('i2', 'paid', :i, 1000, 'tx-i', p_intent => 'in-i'), 'done', 'the capture is recorded');
SELECT is(pg_temp.states(:i), 'completed partially_refunded none', 'the waiting refund is applied');

SELECT pg_temp.buy('bob', p_method => 'external') AS b \gset
SELECT pg_temp.hear('b1', 'refunded', :b, 700, 'rtx-b1'), pg_temp.hear('b2', 'refunded', :b, 700, 'rtx-b2'),
       pg_temp.hear('b3', 'refunded', :b, 300, 'rtx-b3') \g (format=unaligned) /dev/null
SELECT is(pg_temp.pay(:b, p_reference => NULL), 'done', 'an order is settled manually');
SELECT is(pg_temp.states(:b), 'completed refunded none', 'the waiting refunds are applied');
SELECT is(pg_temp.verdicts('b'), 'b1:done b2:refused:refund_exceeds_captured b3:done', 'they are applied in order of arrival, up to the captured amount');
SELECT is((SELECT string_agg(event_id || ' ' || refusal || ' ' || amount, ',') FROM pg_temp.review()), 'b2 refund_exceeds_captured 700',
          'the worker reports the refused event');
SELECT is_empty('SELECT * FROM pg_temp.review()', 'each event is reviewed once');

SELECT pg_temp.buy('bob', p_method => 'external') AS c \gset
SELECT pg_temp.drop_it('bob', :c), pg_temp.hear('c1', 'refunded', :c, 1000, 'rtx-c') \g (format=unaligned) /dev/null
SELECT is(pg_temp.hear('c2', 'paid', :c, 1000, 'tx-c'), 'done', 'a late payment arrives');
SELECT is(pg_temp.states(:c) || ' ' || pg_temp.verdicts('c'), 'cancelled refunded none c1:done c2:done', 'a waiting refund is applied to it');
SELECT is((SELECT count(*) FROM refund WHERE order_id = :c), 1::bigint, 'the payment is refunded once');

-- Events before their intent.
SELECT pg_temp.buy('bob', p_method => 'external') AS d \gset
SELECT is(pg_temp.tell('d1', 'failed', 'in-d') || ' ' || pg_temp.tell('d2', 'confirming', 'in-d') || ' '
          || pg_temp.tell('d3', 'refunded', 'in-d', 1000, 'rtx-d') || ' ' || pg_temp.tell('d4', 'paid', 'in-d', 1000, 'tx-d') || ' '
          || pg_temp.tell('d4', 'paid', 'in-d', 1000, 'tx-d'), 'waiting waiting waiting waiting waiting', 'events with an unknown intent wait');
SELECT is(pg_temp.tell('d5', 'odd', 'in-d') || ' ' || pg_temp.tell('d6', 'paid', 'in-d', 1000) || ' ' || pg_temp.tell('d7', 'refunded', 'in-d', 0, 'r'),
          'refused refused refused', 'events that can never be applied are refused');
SELECT is((SELECT count(*) FROM unresolved_provider_events WHERE intent_id = 'in-d' AND verdict = 'waiting'), 4::bigint, 'operators see the waiting events');
SELECT is(pg_temp.intend(:d, 'in-d'), 'done', 'the intent is recorded');
SELECT is(pg_temp.states(:d), 'completed refunded none', 'the waiting events are applied');
SELECT is(pg_temp.verdicts('d'), 'd1:done d2:done d3:done d4:done d5:refused:invalid_field d6:refused:required_field d7:refused:amount_mismatch', 'all events have their verdicts');
SELECT is((SELECT count(*) FROM provider_event WHERE event_id IN ('d1', 'd2', 'd3', 'd4') AND payment_id = pg_temp.payment_of(:d)), 4::bigint, 'the events have their payment');

SELECT pg_temp.buy('bob', p_method => 'external') AS e \gset
SELECT is(pg_temp.tell('e1', 'paid', 'in-e', 999, 'tx-e') || ' ' || pg_temp.tell('e2', 'refunded', 'in-e', 200, 'rtx-e'), 'waiting waiting', 'two events wait');
SELECT is(pg_temp.hear('e3', 'paid', :e, 1000, 'tx-e', p_intent => 'in-e'), 'done', 'an event with payment key and intent sets the intent');
SELECT is((SELECT string_agg(event_id, ',') FROM pg_temp.review()), 'e1', 'the refused event is reported');
SELECT is(pg_temp.verdicts('e'), 'e1:refused:amount_mismatch e2:done e3:done', 'the waiting events have their verdicts');

-- The worker reviews waiting events and refuses them after a day.
SELECT pg_temp.buy('bob', p_method => 'external') AS f \gset
SELECT is(pg_temp.tell('f1', 'paid', 'in-f', 1000, 'tx-f') || ' ' || pg_temp.tell('f2', 'paid', 'in-f2', 1000, 'tx-f2') || ' '
          || pg_temp.hear('f3', 'refunded', :f, 5, 'rtx-f3'), 'waiting waiting waiting', 'events wait');
SELECT is_empty('SELECT * FROM pg_temp.review()', 'without a change no event is reviewed');
UPDATE payment SET intent_id = 'in-f' WHERE order_id = :f;
UPDATE provider_event SET received_at = now() - interval '25 hours' WHERE event_id = 'f2';
SELECT is((SELECT string_agg(e.event_id, ' ' ORDER BY e.id) FROM due_provider_events(77, 10) AS d JOIN provider_event e ON e.tenant_id = 77 AND e.id = d), 'f1 f2',
          'an event with a known intent and an event older than a day are due');
SELECT is((SELECT count(*) FROM due_provider_events(77, 1)), 1::bigint, 'the worker reviews a limited number');
SELECT is((SELECT string_agg(ROW(channel, event_id, type, payment, intent_id, transaction_id, amount, currency, refusal)::text, ',') FROM pg_temp.review()),
          '(sim,f2,paid,,in-f2,tx-f2,1000,USD,not_found)', 'an event is refused after a day');
SELECT is(pg_temp.states(:f) || ' ' || pg_temp.verdicts('f'), 'completed partially_refunded none f1:done f2:refused:not_found f3:done', 'the other events are applied');

-- Every order of arrival of the events of a payment with two refunds, one of which fails: by payment key (each event twice), by an intent recorded last, and samples of other mixes.
CREATE FUNCTION pg_temp.permutations() RETURNS TABLE (n bigint, events integer[]) LANGUAGE sql AS $$
    WITH RECURSIVE p (events) AS (
        SELECT ARRAY[]::integer[]
        UNION ALL
        SELECT p.events || e FROM p, generate_series(1, 5) AS e WHERE e <> ALL (p.events)
    )
    SELECT row_number() OVER (ORDER BY p.events), p.events FROM p WHERE cardinality(p.events) = 5
$$;

CREATE FUNCTION pg_temp.one_way(p_events integer[], p_name text, p_refund bigint, p_intent_after integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    o      bigint := pg_temp.buy('bob', p_method => 'external');
    v_type text;
BEGIN
    FOR i IN 1 .. 5 LOOP
        IF i = p_intent_after THEN
            PERFORM pg_temp.intend(o, 'in-' || p_name);
        END IF;
        v_type := (ARRAY['confirming', 'paid', 'refunded', 'refund_failed', 'failed'])[p_events[i]];
        FOR i IN 1 .. CASE WHEN p_intent_after IS NULL THEN 2 ELSE 1 END LOOP
            PERFORM orders_v1.apply_provider_event(77, 'sim', p_name || v_type, v_type,
                CASE WHEN p_intent_after IS NULL THEN pg_temp.key_of(pg_temp.payment_of(o)) END, CASE WHEN p_intent_after IS NOT NULL THEN 'in-' || p_name END,
                CASE v_type WHEN 'paid' THEN 'tx-' || p_name WHEN 'refunded' THEN 'rtx-' || p_name WHEN 'refund_failed' THEN 'rtx0-' || p_name END,
                CASE v_type WHEN 'paid' THEN 1000 WHEN 'refunded' THEN p_refund END, 'USD', 'declined', 'the card was declined');
        END LOOP;
    END LOOP;
    IF p_intent_after > 5 THEN
        PERFORM pg_temp.intend(o, 'in-' || p_name);
    END IF;
    RETURN pg_temp.books(o);
END
$$;

SELECT results_eq(format('SELECT DISTINCT pg_temp.one_way(events, ''%s-'' || n || ''-'', %s, %s) FROM pg_temp.permutations() WHERE n %% %s = 0', c.name, c.refund, c.intent, c.every),
                  format('VALUES (%L)', c.books), 'every sequence of five events gives the same result: ' || c.name)
FROM (VALUES
    ('part', 400, 'NULL', 1, 'completed partially_refunded 1000 400 paid 1000 400 0 t done400true'),
    ('all', 1000, 'NULL', 4, 'completed refunded 1000 1000 paid 1000 1000 0 t done1000true'),
    ('intent in between', 400, '3', 4, 'completed partially_refunded 1000 400 paid 1000 400 0 t done400true'),
    ('intent last', 400, '6', 1, 'completed partially_refunded 1000 400 paid 1000 400 0 t done400true')
) AS c (name, refund, intent, every, books);
SELECT is((SELECT count(*) FROM pg_temp.permutations()), 120::bigint, 'there are 120 orders of arrival');
SELECT is_empty($$SELECT event_id FROM provider_event WHERE event_id ~ '^(part|all|intent)' AND verdict IN ('waiting', 'refused')$$, 'no event waits or was refused');
SELECT is((SELECT count(*) FROM provider_event WHERE event_id ~ '^(part|all|intent)'), 1500::bigint, 'each event is stored once');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
