-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();
CREATE FUNCTION pg_temp.max_id(p_table text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
BEGIN
    EXECUTE format('SELECT max(id) FROM orders.%I WHERE tenant_id = 77', p_table) INTO v_id;
    RETURN v_id;
END
$$;

SELECT pg_temp.buy('alice') AS paid \gset
SELECT is(pg_temp.states(:paid), 'completed paid none', 'an order paid from the balance is completed immediately');
SELECT is(pg_temp.money('alice'), 9000::bigint, 'the balance is debited');
SELECT is((SELECT description FROM posting WHERE order_id = :paid), 'Basic', 'the ledger entry names the plan');
SELECT is((SELECT ROW(p.provider, p.channel, o.payment_channel, (SELECT count(*) FROM pg_temp.due_of('intent', o.id)))::text FROM payment p JOIN orders o ON o.tenant_id = 77 AND o.id = p.order_id WHERE o.id = :paid),
          '(balance,,,0)', 'a payment from the balance ignores the channel');
SELECT results_eq(
    format('SELECT axis, from_state, to_state FROM order_history WHERE order_id = %s ORDER BY step', :paid),
    $$VALUES ('order', 'new', 'open'), ('payment', 'new', 'unpaid'), ('fulfilment', 'new', 'none'),
             ('payment', 'unpaid', 'paid'), ('order', 'open', 'completed')$$,
    'its history has the five steps');
SELECT is((SELECT max(version) FROM order_history WHERE order_id = :paid), 1, 'all steps are in version 1');
SELECT is((SELECT array_to_string(types, ' ') FROM event WHERE subject_id = :paid),
          'order.placed payment.opened fulfilment.none order.paid order.completed', 'the event has a type for each step, in order');
SELECT matches((SELECT number FROM orders WHERE id = :paid),
               '^ORD-' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD') || '-\d{6,}$', 'the order number has the date and the id');
SELECT is((SELECT substring(public_id::text, 15, 1) FROM orders WHERE id = :paid), '7', 'the public id is a UUID version 7');
SELECT is((SELECT snapshot - 'id' FROM orders WHERE id = :paid),
    '{"name": "Basic", "slug": "basic", "description": null, "price_cents": 1000, "currency": "USD",
      "duration_unit": "month", "duration_value": 1, "features": ["one"]}'::jsonb, 'the order stores the plan as sold');

SELECT pg_temp.buy('alice', p_option => 'yearly') AS yearly \gset
SELECT is((SELECT total FROM orders WHERE id = :yearly), 9000::bigint, 'a billing option has its own price');
SELECT is((SELECT snapshot ->> 'billing_option_name' FROM orders WHERE id = :yearly), 'Yearly', 'the snapshot has the billing option');
SELECT is(pg_temp.money('alice'), 0::bigint, 'the whole balance can be spent');

SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('alice')$$), 'OR402 insufficient_balance', 'an empty balance is insufficient');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('poor')$$), 'OR402 insufficient_balance', 'a missing account counts as an empty balance');
SELECT is((SELECT count(*) FROM orders WHERE tenant_id = 77), 2::bigint, 'a refused order is not stored');
SELECT pg_temp.operator_put('billing-options', 'two', '{"plan": "basic", "name": "Two years", "price": 15000, "duration_unit": "year", "duration_value": 2}') AS two \gset
SELECT pg_temp.buy('bob', p_option => 'two', p_method => 'manual') AS years \gset
SELECT is((SELECT snapshot - '{id,name,slug,description,currency,features}'::text[] FROM orders WHERE id = :years),
    jsonb_build_object('price_cents', 15000, 'duration_unit', 'year', 'duration_value', 2, 'billing_option_id', :two, 'billing_option_name', 'Two years'),
    'the snapshot has the price and the duration of the billing option');

SELECT pg_temp.buy('bob', p_method => 'manual') AS manual \gset
SELECT is(pg_temp.states(:manual), 'open unpaid none', 'an order paid manually awaits payment');
SELECT is((SELECT expires_at FROM orders WHERE id = :manual), NULL, 'it has no expiry');

SELECT pg_temp.buy('bob', p_method => 'external') AS ext \gset
SELECT is((SELECT status::text || ' ' || provider FROM payment WHERE order_id = :ext), 'created simulator',
          'an external order opens a payment at the channel''s provider');
SELECT is((SELECT expires_at FROM orders WHERE id = :ext), now() + interval '900 seconds', 'an external order has an expiry');
SELECT is((SELECT due_at FROM pg_temp.due_of('intent', :ext)), now() + interval '30 seconds', 'its intent is due for the worker after 30 seconds');
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => NULL) AS ext2 \gset
SELECT is((SELECT expires_at FROM orders WHERE id = :ext2), NULL, 'without p_expires_in an external order has no expiry');

SELECT pg_temp.buy('poor', 'free', 'external', p_channel => NULL) AS free \gset
SELECT is(pg_temp.states(:free), 'completed paid none', 'a free order is paid immediately, without a channel');
SELECT is((SELECT count(*) FROM payment WHERE order_id = :free), 0::bigint, 'a free order has no payment');

SELECT is(pg_temp.refusal(format('SELECT pg_temp.buy(%L, %L, %L, %L, %L)', c.who, c.plan, c.method, NULL, c.quantity)),
          c.refusal, concat(c.quantity, ' of ', c.plan, ' for ', c.who, ' by ', c.method, ': ', c.refusal))
FROM (VALUES
    ('bob', 'none', 'balance', 1, 'OR422 plan_not_found plan_id'),
    ('bob', 'hidden', 'balance', 1, 'OR422 plan_not_on_sale plan_id'),
    ('off', 'basic', 'balance', 1, 'OR422 user_not_found user'),
    ('bob', 'basic', 'balance', 0, 'OR422 quantity_out_of_range quantity'),
    ('bob', 'few', 'balance', 4, 'OR422 quantity_out_of_range quantity'),
    ('bob', 'few', 'balance', NULL, 'OR422 quantity_out_of_range quantity'),
    ('bob', 'few', 'manual', 3, 'no refusal'),
    ('bob', 'dear', 'balance', 2, 'OR422 amount_out_of_range quantity'),
    ('bob', 'basic', 'shells', 1, 'OR422 payment_method_unknown payment_method')
) AS c (who, plan, method, quantity, refusal);

SELECT is(pg_temp.refusal(format('SELECT pg_temp.buy(%L, p_method => %L, p_channel => %L)', 'bob', 'external', c.channel)),
          c.refusal, concat('the channel ', coalesce(c.channel, 'NULL'), ' gives ', c.refusal))
FROM (VALUES (NULL, 'OR422 payment_channel_required payment_channel'),
             ('nix', 'OR422 payment_channel_unknown payment_channel'),
             ('euronly', 'OR422 payment_channel_disabled payment_channel'),
             ('down', 'OR422 payment_channel_disabled payment_channel')) AS c (channel, refusal);

SELECT is(pg_temp.refusal(format('SELECT pg_temp.buy(%L, p_option => %L)', 'bob', 'stopped')),
          'OR422 billing_option_not_found billing_option_id', 'an inactive billing option is not found');
SELECT is(pg_temp.refusal($$SELECT place_plan(77, 'user', 'buyer', 1, 'create', NULL, NULL, pg_temp.uid('bob'),
              pg_temp.plan('few'), pg_temp.option('yearly'), 1, 'balance', NULL, NULL, NULL, NULL)$$),
          'OR422 billing_option_not_found billing_option_id', 'a billing option of another plan is not found');

-- Rows of another tenant are not visible.
INSERT INTO tenant (id, name, currency) VALUES (78, 'other', 'USD');
SELECT catalogue_upsert(78, 'operator', 'operator', NULL, 'put', NULL, NULL, k.kind, k.ref, k.document)
FROM (VALUES ('users', 'eve', '{"name": "Eve"}'::jsonb), ('plans', 'theirs', '{"name": "Theirs", "price": 1, "currency": "USD"}'),
             ('payment-channels', 'theirs', '{"provider": "simulator"}')) AS k (kind, ref, document) \g (format=unaligned tuples_only=on) /dev/null
SELECT is(pg_temp.refusal(format('SELECT place_plan(77, ''user'', ''buyer'', 1, ''create'', NULL, NULL, %s, %s, NULL, 1, ''external'', %L, NULL, NULL, NULL)',
                                 c.buyer, c.plan, c.channel)), c.refusal, 'an entry of another tenant is refused: ' || c.refusal)
FROM (VALUES (user_id_of(78, 'eve'), pg_temp.plan('basic'), 'sim', 'OR422 user_not_found user'),
             (pg_temp.uid('bob'), (SELECT id FROM plan WHERE tenant_id = 78), 'sim', 'OR422 plan_not_found plan_id'),
             (pg_temp.uid('bob'), pg_temp.plan('basic'), 'theirs', 'OR422 payment_channel_unknown payment_channel')) AS c (buyer, plan, channel, refusal);
SELECT is((SELECT ("order").api FROM place_plan(77, 'operator', 'operator', NULL, 'create', NULL, NULL, pg_temp.uid('bob'), pg_temp.plan('basic'), NULL, 1, 'manual',
           NULL, NULL, NULL, NULL)), 'user', 'an order placed by an operator belongs to the user API');

SELECT results_eq(
    $$SELECT p.outcome, p.id = (p."order").id, p.replayed, cardinality((p."order").lines), cardinality((p."order").payments), cardinality((p."order").refunds),
             ((p."order").balance).amount = pg_temp.money('bob'), ((p."order").posting).amount,
             num_nonnulls((p."order").taxes, (p."order").addresses, (p."order").history, (p."order").actors, (p."order").invoices, (p."order").tracking,
                          (p."order").returns)
      FROM place_plan(77, 'user', 'buyer', pg_temp.uid('bob'), 'create', NULL, NULL, pg_temp.uid('bob'),
          pg_temp.plan('basic'), NULL, 1, 'balance', NULL, NULL, NULL, NULL) AS p$$,
    $$VALUES ('done', true, false, 1, 1, 0, true, -1000::bigint, 0)$$, 'the result has the order with line, payment and balance, and no other children');

SELECT is((SELECT ROW(outcome, id, cardinality(("order").payments))::text FROM place_plan(77, 'user', 'buyer', pg_temp.uid('bob'), 'create', NULL, NULL, pg_temp.uid('bob'), pg_temp.plan(c.plan), NULL, 1, c.method,
               'sim', NULL, NULL, 900)), format(c.answer, pg_temp.max_id(c.of)), c.what)
FROM (VALUES ('basic', 'external', '(intent,%s,1)', 'payment', 'an external order returns its payment, whose intent has to be created'), ('basic', 'manual', '(done,%s,1)', 'orders', 'an order with another payment method is done'),
             ('free', 'external', '(done,%s,0)', 'orders', 'a free external order is done')) AS c (plan, method, answer, of, what);

SELECT is((SELECT array_agg(orders_v1.digits(n, 6) ORDER BY n) FROM unnest('{7,999999,1234567}'::bigint[]) AS n), '{000007,999999,1234567}'::text[], 'numbers above six digits keep all their digits');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
