-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.buy('alice', p_key => 'k1') AS a \gset
CREATE TEMP TABLE first AS SELECT answer FROM idempotency WHERE key = 'k1';
SELECT is(pg_temp.buy('alice', p_key => 'k1'), :a::bigint, 'a repeat gives the same order');
SELECT is((SELECT count(*) FROM orders WHERE tenant_id = 77), 1::bigint, 'and makes no other');
SELECT is(pg_temp.money('alice'), 9000::bigint, 'nor takes money');
CREATE FUNCTION pg_temp.again(p_fingerprint bytea) RETURNS SETOF orders_v1.answer LANGUAGE sql AS $$
    SELECT * FROM orders_v1.place_plan(77, 'user', 'buyer', pg_temp.uid('alice'), 'create', 'k1', p_fingerprint, 1, 1, NULL, 1,
                                    'balance', NULL, NULL, NULL, NULL)
$$;
SELECT ok((SELECT flag FROM pg_temp.again(sha256('basic')) WHERE kind = 'result'), 'the repeat says that it is one');
SELECT results_eq($$SELECT * FROM pg_temp.again(sha256('basic')) WHERE kind <> 'result'$$,
    format($$SELECT * FROM rows_of(77, ARRAY[%s]::bigint[]) UNION ALL SELECT * FROM money_of(77, ARRAY[%s]::bigint[], NULL)$$, :a, :a),
    'its rows are those of the first answer');
SELECT lives_ok(format('SELECT pg_temp.give_back(%s)', :a), 'even after a refund');
SELECT is((SELECT payment_state FROM pg_temp.again(sha256('basic')) WHERE kind = 'order'), 'paid', 'a repeat tells what was');
SELECT is(pg_temp.refusal($$SELECT pg_temp.again(sha256('other'))$$), 'OR422 idempotency_key_reused idempotency_key', 'another request may not use the key');
SELECT isnt(pg_temp.buy('bob', p_key => 'k1'), :a::bigint, 'another user may');
SELECT is((SELECT code FROM cancel(77, 'user', 'buyer', pg_temp.uid('alice'), 'cancel', 'k1', '\x01', NULL, pg_temp.buy('alice', 'free'), NULL, NULL)
           WHERE kind = 'result'), 'done', 'another route may');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('poor', p_key => 'p1')$$), 'OR402 insufficient_balance', 'a refusal');
SELECT is((SELECT count(*) FROM idempotency WHERE key = 'p1'), 0::bigint, 'keeps no key');
SELECT is(pg_temp.broken($$INSERT INTO idempotency (tenant_id, actor_id, route, key, fingerprint) SELECT tenant_id, actor_id, route, key, fingerprint FROM idempotency LIMIT 1$$),
          'idempotency_pkey', 'one record a key');

UPDATE plan SET metadata = '{}' WHERE tenant_id = 77;
SELECT is(without_nulls('{"a": null, "b": {"c": null}}'), '{"b": {"c": null}}'::jsonb, 'nulls inside stay');

SELECT pg_temp.buy('alice', p_method => 'external', p_key => 'x1') AS x \gset
SELECT ok((SELECT completed_at IS NULL AND order_id = :x FROM idempotency WHERE key = 'x1'), 'an external order leaves its key open');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('alice', p_method => 'external', p_key => 'x1')$$), 'OR409 idempotency_in_flight idempotency_key', 'a twin within 30 s is told to wait');
UPDATE idempotency SET started_at = started_at - interval '31 seconds' WHERE key = 'x1';
SELECT is((SELECT code FROM place_plan(77, 'user', 'buyer', pg_temp.uid('alice'), 'create', 'x1', sha256('basic'), 1, 1, NULL, 1,
           'external', 'sim', NULL, NULL, NULL) WHERE kind = 'result'), 'resume', 'after that it resumes');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('alice', p_method => 'external', p_key => 'x1')$$), 'OR409 idempotency_in_flight idempotency_key', 'and holds the lease anew');
SELECT lives_ok(format($$SELECT record_intent(77, 'user', 'buyer', pg_temp.uid('alice'), 'create', 'x1', NULL, %s, 'in-o', 'https://pay', NULL)$$,
                       pg_temp.payment_of(pg_temp.buy('alice', p_method => 'external'))), 'the intent of another order');
SELECT is((SELECT completed_at FROM idempotency WHERE key = 'x1'), NULL, 'does not answer for this one');
SELECT lives_ok(format($$SELECT record_intent(77, 'user', 'buyer', pg_temp.uid('alice'), 'create', 'x1', NULL, %s, 'in-x', 'https://pay', NULL)$$,
                       pg_temp.payment_of(:x)), 'the intent');
SELECT is((SELECT intent_id FROM place_plan(77, 'user', 'buyer', pg_temp.uid('alice'), 'create', 'x1', sha256('basic'), 1, 1, NULL, 1,
           'external', 'sim', NULL, NULL, NULL) WHERE kind = 'payment'), 'in-x', 'completes the answer');
SELECT pg_temp.buy('alice', p_method => 'external', p_key => 'x2') AS y \gset
SELECT lives_ok(format($$SELECT record_intent_failure(77, 'user', 'buyer', pg_temp.uid('alice'), 'create', 'x2', NULL, %s, 'timeout', 'no reply', false)$$,
                       pg_temp.payment_of(:y)), 'so does a failure');
SELECT isnt((SELECT completed_at FROM idempotency WHERE key = 'x2'), NULL, 'of it');
UPDATE idempotency SET created_at = now() - interval '2 days' WHERE key LIKE 'x%';
SELECT is(purge_idempotency(77, interval '1 day'), 2, 'old keys are purged');
SELECT is((SELECT count(*) FROM idempotency WHERE tenant_id = 77 AND key LIKE 'k%'), 3::bigint, 'young ones stay');
SELECT pg_temp.buy('alice', p_key => 'z0'), pg_temp.buy('bob', 'free', p_key => 'z1') \g (format=unaligned) /dev/null
SELECT code FROM cancel(77, 'user', 'buyer', pg_temp.uid('alice'), 'cancel', 'z1', '\x01', NULL, pg_temp.buy('alice', 'free'), NULL, NULL) WHERE kind = 'result' \g (format=unaligned) /dev/null
SELECT pg_temp.buy('alice', p_method => 'external', p_key => 'z1') AS z \gset
SELECT results_eq(format('SELECT actor_id, route, key::text FROM idempotency WHERE order_id = %s', :z), $$VALUES (pg_temp.uid('alice'), 'create', 'z1')$$, 'an order is noted with its own key');
SELECT order_id AS s FROM place_plan(77, 'operator', 'system', NULL, 'create', 's1', sha256('basic'), pg_temp.uid('bob'), pg_temp.plan('basic'), NULL, 1, 'external', 'sim', NULL, NULL, NULL)
WHERE kind = 'result' \gset
SELECT is((SELECT order_id FROM idempotency WHERE key = 's1'), :s::bigint, 'also when nobody placed it');

-- Every write with a key, sent twice: the second time tells the rows of the first, and that it does so.
\ir lib/company.sql
SELECT pg_temp.cart('sally') AS cart, pg_temp.sell() AS cash, pg_temp.sell() AS drop, pg_temp.sell('external') AS link, pg_temp.sell('credit_card', true) AS consumer \gset
CREATE FUNCTION pg_temp.twice(p_call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_sql    text := 'SELECT array_agg(a) FROM ' || p_call || ' AS a';
    v_first  orders_v1.answer[];
    v_second orders_v1.answer[];
BEGIN
    EXECUTE v_sql INTO v_first;
    EXECUTE v_sql INTO v_second;
    IF v_first[1].flag OR NOT v_second[1].flag THEN
        RETURN 'the first is told as a repeat, or the second is not';
    END IF;
    v_second[1].flag := false;
    RETURN CASE WHEN v_first = v_second THEN v_first[1].code ELSE 'other rows' END;
END
$$;
SELECT is(pg_temp.twice(format('%s(77, %L, %L, %s, %L, %L, %L, %s)', w.name, 'company', 'seller', pg_temp.uid(w.who), 'twice', w.name, '\x01', w.arguments)), w.code, w.name || ' twice')
FROM (VALUES
    (1, 'make_cart', 'olga', '''{"company": "acme", "agent": "sally", "currency": "USD", "products": [{"number": "L-RED"}]}''', 'created'),
    (2, 'place_cart', 'sally', format('%L, %L, true, NULL, 900', :'cart', 'cash'), 'done'),
    (3, 'settle_sale', 'sally', format('%L, %L', pg_temp.number_of(:cash), 'X1'), 'done'),
    (4, 'cancel_sale', 'sally', format('%L', pg_temp.number_of(:drop)), 'done'),
    (5, 'send_pay_link', 'sally', format('%L, %L', pg_temp.number_of(:link), 'a@example.com'), 'done'),
    (6, 'bind_buyer', 'carl', format('%L', pg_temp.number_of(:consumer)), 'done'),
    (7, 'edit_billing_address', 'carl', format('%L, %L', pg_temp.number_of(:consumer), '{"street": null, "code": 1}'), 'done'),
    (8, 'issue_invoice', 'olga', format('%s', :cash), 'done'),
    (9, 'refund_sale', 'sally', format('%L, %L, 30, false', pg_temp.number_of(:cash), 'R1'), 'done'),
    (10, 'record_terminal_transaction', 'olga', '''T1'', ''charge'', 5, ''USD'', NULL', 'created'),
    (11, 'catalogue_upsert', 'olga', '''companies'', ''twice'', ''{"name": "Twice", "prefix": "TWICE"}''', 'created')
) AS w (n, name, who, arguments, code) ORDER BY w.n;
SELECT is((SELECT ROW(count(*) FILTER (WHERE cart_id = :cart), max(version) FILTER (WHERE id = :consumer))::text FROM orders WHERE tenant_id = 77), '(1,3)', 'each has its effect once');
SELECT is((SELECT count(*) FROM mail WHERE tenant_id = 77), 1::bigint, 'one mail');
SELECT is(pg_temp.refusal(format('SELECT settle_sale(77, %L, %L, %s, %L, %L, %L, %L, %L)', 'company', 'seller', pg_temp.uid('sally'), 'twice', 'settle_sale', '\x02', pg_temp.number_of(:cash), 'X2')),
          'OR422 idempotency_key_reused idempotency_key', 'another request may not use a key of theirs');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'the checks find nothing');
SELECT * FROM finish();
ROLLBACK;
