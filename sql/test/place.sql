-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.buy('alice') AS paid \gset
SELECT is(pg_temp.states(:paid), 'completed paid none', 'an order from the balance is paid and completed at once');
SELECT is(pg_temp.money('alice'), 9000::bigint, 'the balance is debited');
SELECT results_eq(
    format('SELECT axis, from_state, to_state FROM order_history WHERE order_id = %s ORDER BY step', :paid),
    $$VALUES ('order', 'new', 'open'), ('payment', 'new', 'unpaid'), ('fulfilment', 'new', 'none'),
             ('payment', 'unpaid', 'paid'), ('order', 'open', 'completed')$$,
    'its history has the five steps');
SELECT is((SELECT max(version) FROM order_history WHERE order_id = :paid), 1, 'all in version 1');
SELECT is((SELECT string_agg(event, ' ' ORDER BY id) FROM outbox WHERE order_id = :paid),
          'order.placed payment.opened fulfilment.none order.paid order.completed', 'one event a step, in order');
SELECT matches((SELECT number FROM orders WHERE id = :paid),
               '^ORD-' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD') || '-\d{6,}$', 'its number has the day and the id');
SELECT is((SELECT substring(public_id::text, 15, 1) FROM orders WHERE id = :paid), '7', 'its public id is a version 7 UUID');
SELECT is((SELECT snapshot - 'id' FROM orders WHERE id = :paid),
    '{"name": "Basic", "slug": "basic", "description": null, "price_cents": 1000, "currency": "USD",
      "duration_unit": "month", "duration_value": 1, "features": ["one"]}'::jsonb, 'it keeps the plan as sold');

SELECT pg_temp.buy('alice', p_option => 'yearly') AS yearly \gset
SELECT is((SELECT total FROM orders WHERE id = :yearly), 9000::bigint, 'a billing option has its own price');
SELECT is((SELECT snapshot ->> 'billing_option_name' FROM orders WHERE id = :yearly), 'Yearly', 'and is in the snapshot');
SELECT is(pg_temp.money('alice'), 0::bigint, 'the whole balance may be spent');

SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('alice')$$), 'OR402 insufficient_balance', 'an empty balance pays nothing');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('poor')$$), 'OR402 insufficient_balance', 'no account is an empty one');
SELECT is((SELECT count(*) FROM orders WHERE tenant_id = 77), 2::bigint, 'a refused order leaves nothing');

SELECT pg_temp.buy('bob', p_method => 'manual') AS manual \gset
SELECT is(pg_temp.states(:manual), 'open unpaid none', 'a manual order waits');
SELECT is((SELECT expires_at FROM orders WHERE id = :manual), NULL, 'and never expires by itself');

SELECT pg_temp.buy('bob', p_method => 'external') AS ext \gset
SELECT is((SELECT status::text || ' ' || provider FROM payment WHERE order_id = :ext), 'created simulator',
          'an external order opens a payment at the channel''s provider');
SELECT is((SELECT expires_at FROM orders WHERE id = :ext), now() + interval '900 seconds', 'and expires');
SELECT pg_temp.buy('bob', p_method => 'external', p_expires => NULL) AS ext2 \gset
SELECT is((SELECT expires_at FROM orders WHERE id = :ext2), NULL, 'unless it never shall');

SELECT pg_temp.buy('poor', 'free', 'external', p_channel => NULL) AS free \gset
SELECT is(pg_temp.states(:free), 'completed paid none', 'what costs nothing is paid at once, without a channel');
SELECT is((SELECT count(*) FROM payment WHERE order_id = :free), 0::bigint, 'and has no payment');

SELECT is(pg_temp.refusal(format('SELECT pg_temp.buy(%L, %L, %L, %L, %s)', c.who, c.plan, c.method, NULL, c.quantity)),
          c.refusal, c.refusal)
FROM (VALUES
    ('bob', 'none', 'balance', 1, 'OR422 plan_not_found plan_id'),
    ('bob', 'hidden', 'balance', 1, 'OR422 plan_not_on_sale plan_id'),
    ('off', 'basic', 'balance', 1, 'OR422 user_not_found user'),
    ('bob', 'basic', 'balance', 0, 'OR422 quantity_out_of_range quantity'),
    ('bob', 'few', 'balance', 4, 'OR422 quantity_out_of_range quantity'),
    ('bob', 'dear', 'balance', 2, 'OR422 amount_out_of_range quantity'),
    ('bob', 'basic', 'shells', 1, 'OR422 payment_method_unknown payment_method')
) AS c (who, plan, method, quantity, refusal);

SELECT is(pg_temp.refusal(format('SELECT pg_temp.buy(%L, p_method => %L, p_channel => %L)', 'bob', 'external', c.channel)),
          c.refusal, c.refusal)
FROM (VALUES (NULL, 'OR422 payment_channel_required payment_channel'),
             ('nix', 'OR422 payment_channel_unknown payment_channel'),
             ('euronly', 'OR422 payment_channel_disabled payment_channel'),
             ('down', 'OR422 payment_channel_disabled payment_channel')) AS c (channel, refusal);

SELECT is(pg_temp.refusal(format('SELECT pg_temp.buy(%L, p_option => %L)', 'bob', 'stopped')),
          'OR422 billing_option_not_found billing_option_id', 'an option off sale is not found');
SELECT is(pg_temp.refusal($$SELECT place_plan(77, 'user', 'buyer', 1, 'create', NULL, NULL, pg_temp.uid('bob'),
              pg_temp.plan('few'), pg_temp.option('yearly'), 1, 'balance', NULL, NULL, NULL, NULL)$$),
          'OR422 billing_option_not_found billing_option_id', 'nor is the option of another plan');

SELECT results_eq(
    $$SELECT kind FROM place_plan(77, 'user', 'buyer', pg_temp.uid('bob'), 'create', NULL, NULL, pg_temp.uid('bob'),
          pg_temp.plan('basic'), NULL, 1, 'balance', NULL, NULL, NULL, NULL)$$,
    $$VALUES ('result'), ('order'), ('line'), ('payment'), ('balance'), ('posting')$$, 'the answer has its rows in order');

SELECT is((SELECT array_agg(orders.digits(n, 6) ORDER BY n) FROM unnest('{7,999999,1234567}'::bigint[]) AS n), '{000007,999999,1234567}'::text[], 'numbers grow beyond their six digits, and lose none');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'the checks find nothing');
SELECT * FROM finish();
ROLLBACK;
