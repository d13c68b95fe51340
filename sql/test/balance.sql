-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

CREATE TEMP TABLE posted AS SELECT * FROM pg_temp.top_up('alice', 500);
SELECT results_eq('SELECT outcome, id, replayed, balance, posting FROM pg_temp.posted',
    $$SELECT 'done', p.id, false, ROW(pg_temp.uid('alice'), 'USD', 10500, p.created_at)::balance_view,
             ROW(p.id, pg_temp.uid('alice'), 'top_up', 'USD', 500, 10500, 'test', p.description, p.metadata, p.created_at)::posting_view
      FROM posting p WHERE p.tenant_id = 77 AND p.amount = 500$$, 'a top-up returns the balance and the ledger entry');
SELECT results_eq($$SELECT (balance).amount, (posting).type, (posting).amount, (posting).balance_after FROM pg_temp.top_up('alice', -10500)$$,
    $$VALUES (0::bigint, 'correction', -10500::bigint, 0::bigint)$$, 'a correction may reduce the balance to 0');
SELECT is(pg_temp.refusal($$SELECT pg_temp.top_up('alice', -1)$$), 'OR402 insufficient_balance amount', 'a correction must not exceed the balance');
SELECT is(pg_temp.refusal($$SELECT pg_temp.top_up('alice', 0)$$), 'OR422 amount_out_of_range amount', 'an amount of 0 is refused');
SELECT is(pg_temp.refusal($$SELECT pg_temp.top_up('alice', 1000000000000001)$$), 'OR422 amount_out_of_range amount', 'an amount above the maximum is refused');
SELECT lives_ok($$SELECT pg_temp.top_up('alice', 1000000000000000)$$, 'the maximum balance is accepted');
SELECT is(pg_temp.refusal($$SELECT pg_temp.top_up('alice', 1)$$), 'OR422 amount_out_of_range amount', 'a balance above the maximum is refused');
SELECT is(pg_temp.refusal($$SELECT pg_temp.top_up('nobody', 1)$$), 'OR422 user_not_found user', 'an unknown user is refused');
SELECT is(pg_temp.refusal($$SELECT post_balance(77, NULL, NULL, 1, NULL, NULL, NULL, pg_temp.uid('bob'), 1, 'XXX', 'x')$$), 'OR422 currency_unknown currency', 'a missing currency is refused');
SELECT is((SELECT (posting).balance_after FROM post_balance(77, 'operator', 'operator', 1, 'b', 'k', '\x01', pg_temp.uid('bob'), 1, 'USD', 'x')), 1001::bigint, 'a posting with a key is accepted');
SELECT is((SELECT (posting).balance_after FROM post_balance(77, 'operator', 'operator', 1, 'b', 'k', '\x01', pg_temp.uid('bob'), 1, 'USD', 'x')), 1001::bigint, 'the key returns the first result');
SELECT is(pg_temp.money('bob'), 1001::bigint, 'the repetition posts nothing');
SELECT is(pg_temp.broken($$UPDATE account SET balance = -1 WHERE user_id = pg_temp.uid('bob')$$), 'account_balance_not_negative', 'a constraint prevents a negative balance');
SELECT is(pg_temp.broken(format($$INSERT INTO posting (tenant_id, entry_type, currency, amount, %s) VALUES (77, 'top_up', 'USD', 1, %s)$$, c.columns, c.row)), c.name, 'an entry with ' || c.columns || ' violates ' || c.name)
FROM (VALUES ('debit_house', $$'funding'$$, 'posting_has_one_credit_side'), ('credit_house', $$'funding'$$, 'posting_has_one_debit_side'),
             ('debit_house, credit_house', $$'sales', 'sales'$$, 'posting_sides_differ'),
             ('debit_house, credit_house', $$'attic', 'sales'$$, 'posting_house_known'),
             ('debit_house, credit_user_id', $$'sales', pg_temp.uid('bob')$$, 'posting_user_side_has_balance'))
    AS c (columns, row, name);

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
