-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

SELECT pg_temp.buy('alice', p_key => 'k1') AS a \gset
CREATE TEMP TABLE first AS SELECT answer FROM idempotency WHERE key = 'k1';
SELECT is(pg_temp.buy('alice', p_key => 'k1'), :a::bigint, 'a repetition returns the same order');
SELECT is((SELECT count(*) FROM orders WHERE tenant_id = 77), 1::bigint, 'a repetition creates no order');
SELECT is(pg_temp.money('alice'), 9000::bigint, 'a repetition debits nothing');
CREATE FUNCTION pg_temp.again(p_fingerprint bytea) RETURNS SETOF orders_v1.written LANGUAGE sql AS $$
    SELECT * FROM orders_v1.place_plan(77, 'user', 'buyer', pg_temp.uid('alice'), 'create', 'k1', p_fingerprint, 1, 1, NULL, 1,
                                    'balance', NULL, NULL, NULL, NULL)
$$;
SELECT ok((SELECT replayed FROM pg_temp.again(sha256('basic'))), 'a repetition is marked as replayed');
SELECT is((SELECT to_jsonb(a) - 'replayed' FROM pg_temp.again(sha256('basic')) AS a), (SELECT answer - 'replayed' FROM first), 'a repetition returns the first response');
SELECT results_eq($$SELECT e.key, e.value FROM pg_temp.again(sha256('basic')) AS a, jsonb_each(to_jsonb(a."order")) AS e WHERE e.value <> 'null' ORDER BY e.key$$,
    format($$SELECT e.key, e.value FROM order_view v, jsonb_each(to_jsonb(v)) AS e, jsonb_each((SELECT answer -> 'order' FROM first)) AS f
             WHERE v.tenant_id = 77 AND v.id = %s AND f.key = e.key AND f.value <> 'null' AND e.value <> 'null' ORDER BY e.key$$, :a),
    'a repetition returns the order as order_view has it');
SELECT lives_ok(format('SELECT pg_temp.create_refunds(%s)', :a), 'the order is refunded');
SELECT is((SELECT ("order").payment_state FROM pg_temp.again(sha256('basic'))), 'paid', 'a repetition returns the state at the first request');
SELECT is(pg_temp.refusal($$SELECT pg_temp.again(sha256('other'))$$), 'OR422 idempotency_key_reused idempotency_key', 'a different request with the key is refused');
SELECT isnt(pg_temp.buy('bob', p_key => 'k1'), :a::bigint, 'the key of another user is independent');
SELECT is((SELECT outcome FROM cancel(77, 'user', 'buyer', pg_temp.uid('alice'), 'cancel', 'k1', '\x01', NULL, pg_temp.buy('alice', 'free'), NULL, NULL)), 'done', 'the key of another route is independent');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('poor', p_key => 'p1')$$), 'OR402 insufficient_balance', 'a request is refused');
SELECT is((SELECT count(*) FROM idempotency WHERE key = 'p1'), 0::bigint, 'a refused request stores no key');
SELECT is(pg_temp.broken($$INSERT INTO idempotency (tenant_id, actor_id, route, key, fingerprint) SELECT tenant_id, actor_id, route, key, fingerprint FROM idempotency LIMIT 1$$),
          'idempotency_pkey', 'a key has one record');

SELECT pg_temp.buy('alice', p_method => 'external', p_key => 'x1') AS x \gset
SELECT ok((SELECT completed_at IS NULL AND order_id = :x FROM idempotency WHERE key = 'x1'), 'the key of an external order is unfinished');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('alice', p_method => 'external', p_key => 'x1')$$), 'OR409 idempotency_in_flight idempotency_key', 'a concurrent request within 30 s is refused');
UPDATE idempotency SET started_at = started_at - interval '31 seconds' WHERE key = 'x1';
CREATE FUNCTION pg_temp.resume(p_key text) RETURNS SETOF orders_v1.written LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders.idempotency SET started_at = started_at - interval '31 seconds' WHERE tenant_id = 77 AND key = p_key;
    RETURN QUERY SELECT * FROM orders_v1.place_plan(77, 'user', 'buyer', pg_temp.uid('alice'), 'create', p_key, sha256('basic'), 1, 1, NULL, 1, 'external', 'sim', NULL, NULL, NULL);
END
$$;
SELECT is((SELECT ROW(outcome, id, replayed, ("order").id)::text FROM pg_temp.resume('x1')), format('(intent,%s,f,%s)', pg_temp.payment_of(:x), :x), 'after 30 s a request resumes: the intent has to be created');
SELECT is(pg_temp.refusal($$SELECT pg_temp.buy('alice', p_method => 'external', p_key => 'x1')$$), 'OR409 idempotency_in_flight idempotency_key', 'the resumed request holds the lease');
SELECT lives_ok(format($$SELECT record_intent(77, 'user', 'buyer', pg_temp.uid('alice'), 'create', 'x1', NULL, %s, 'in-o', 'https://pay', NULL)$$,
                       pg_temp.payment_of(pg_temp.buy('alice', p_method => 'external'))), 'the intent of another order is recorded');
SELECT is((SELECT completed_at FROM idempotency WHERE key = 'x1'), NULL, 'the intent of another order does not complete the key');
SELECT lives_ok(format($$SELECT record_intent(77, 'user', 'buyer', pg_temp.uid('alice'), 'create', 'x1', NULL, %s, 'in-x', 'https://pay', NULL)$$,
                       pg_temp.payment_of(:x)), 'the intent of the order is recorded');
SELECT is((SELECT ((p."order").payments[1]).intent_id FROM place_plan(77, 'user', 'buyer', pg_temp.uid('alice'), 'create', 'x1', sha256('basic'), 1, 1, NULL, 1,
           'external', 'sim', NULL, NULL, NULL) AS p), 'in-x', 'the intent completes the key, and the stored response has it');
SELECT pg_temp.buy('alice', p_method => 'external', p_key => 'x2') AS y \gset
SELECT lives_ok(format($$SELECT record_intent_failure(77, 'user', 'buyer', pg_temp.uid('alice'), 'create', 'x2', NULL, %s, 'timeout', 'no reply', false)$$,
                       pg_temp.payment_of(:y)), 'a failure of an intent is recorded');
SELECT isnt((SELECT completed_at FROM idempotency WHERE key = 'x2'), NULL, 'a failure of the intent completes the key too');
-- The key of an interrupted request is completed as soon as no intent has to be created, also by the worker.
SELECT pg_temp.buy('alice', p_method => 'external', p_key => 'w' || n) FROM generate_series(1, 4) AS n \g (format=unaligned) /dev/null
CREATE TEMP TABLE cut AS SELECT i.key, i.order_id, p.id AS payment FROM idempotency i JOIN payment p ON p.tenant_id = 77 AND p.order_id = i.order_id WHERE i.tenant_id = 77 AND i.key LIKE 'w%';
SELECT count(*) FROM cut, record_intent(77, 'worker', 'system', NULL, 'worker', NULL, NULL, payment, 'in-' || key, 'https://pay/' || key, NULL) WHERE key = 'w1' \g (format=unaligned) /dev/null
SELECT count(*) FROM cut, record_intent_failure(77, 'worker', 'system', NULL, 'worker', NULL, NULL, payment, 'no', 'never', true) WHERE key = 'w2' \g (format=unaligned) /dev/null
UPDATE payment SET expires_at = now() FROM cut WHERE cut.key = 'w3' AND id = payment;
UPDATE payment SET intent_id = 'in-w4' FROM cut WHERE cut.key = 'w4' AND id = payment;
CREATE TEMP TABLE version AS SELECT key, order_id, version FROM cut JOIN orders o ON o.tenant_id = 77 AND o.id = order_id;
SELECT is(format('%s %s %s', r.outcome, r.replayed, ((r."order").payments[1]).status), w.answer, w.what)
FROM (VALUES ('w1', 'done f pending', 'a repetition is done when the worker created the intent'), ('w2', 'done f failed', 'a repetition is done when the provider refused the payment'), ('w3', 'done f created', 'a repetition is done when the payment expired'),
             ('w4', 'intent f created', 'a repetition creates the intent when an event named it but the payment has no URL')) AS w (key, answer, what), LATERAL pg_temp.resume(w.key) AS r;
SELECT is((SELECT ((r."order").payments[1]).pay_url FROM pg_temp.resume('w1') AS r WHERE r.replayed), 'https://pay/w1', 'the final response is returned and replayed');
SELECT is((SELECT string_agg(key, ' ' ORDER BY key) FROM idempotency WHERE tenant_id = 77 AND key LIKE 'w%' AND completed_at IS NULL), 'w4', 'only the key whose intent has to be created is unfinished');
SELECT results_eq('SELECT order_id, version FROM version ORDER BY key', 'SELECT v.order_id, o.version FROM version v JOIN orders o ON o.tenant_id = 77 AND o.id = v.order_id ORDER BY v.key', 'resuming changes no order');

UPDATE idempotency SET created_at = now() - interval '2 days' WHERE key LIKE 'x%';
SELECT is(purge_idempotency(77, interval '1 day'), 2, 'old keys are deleted');
SELECT is((SELECT count(*) FROM idempotency WHERE tenant_id = 77 AND key LIKE 'k%'), 3::bigint, 'recent keys are kept');
SELECT pg_temp.buy('alice', p_key => 'z0'), pg_temp.buy('bob', 'free', p_key => 'z1') \g (format=unaligned) /dev/null
SELECT outcome FROM cancel(77, 'user', 'buyer', pg_temp.uid('alice'), 'cancel', 'z1', '\x01', NULL, pg_temp.buy('alice', 'free'), NULL, NULL) \g (format=unaligned) /dev/null
SELECT pg_temp.buy('alice', p_method => 'external', p_key => 'z1') AS z \gset
SELECT results_eq(format('SELECT actor_id, route, key::text FROM idempotency WHERE order_id = %s', :z), $$VALUES (pg_temp.uid('alice'), 'create', 'z1')$$, 'an order is stored with its own key');
SELECT ("order").id AS s FROM place_plan(77, 'operator', 'system', NULL, 'create', 's1', sha256('basic'), pg_temp.uid('bob'), pg_temp.plan('basic'), NULL, 1, 'external', 'sim', NULL, NULL, NULL) \gset
SELECT is((SELECT order_id FROM idempotency WHERE key = 's1'), :s::bigint, 'an order of a caller that is not a user is stored with its own key too');

-- Every write with a key is sent twice. The second response equals the first and is marked as replayed.
\ir lib/company.sql
\ir lib/twice.sql
SELECT pg_temp.cart('sally') AS cart, pg_temp.sell() AS cash, pg_temp.sell() AS drop, pg_temp.sell('external') AS link, pg_temp.sell('credit_card', true) AS consumer,
       pg_temp.buy('alice', p_method => 'manual') AS off, pg_temp.buy('alice', p_method => 'manual') AS unpaid,
       pg_temp.buy('alice') AS paid, pg_temp.buy('bob', p_method => 'external') AS slow \gset
SELECT pg_temp.hear('paid', 'paid', :slow, 1000, 'tx'), pg_temp.create_refunds(:slow, 300) \g (format=unaligned) /dev/null
CREATE FUNCTION pg_temp.nulls() RETURNS text LANGUAGE sql AS $$
    SELECT '{"dialect": "shop", "user": "alice", "payment_method": "bank_transfer", "lines": [{"product": "lamp", "variant": "red", "quantity": 2}], "shipping": {"courier": "X", "price": 150},
             "shipping_address": {"street": "Main 1", "code": null}, "metadata": {"a": null, "b": {"c": null}, "d": [null]}}'
$$;
SELECT ("order").id AS goods FROM place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL, pg_temp.nulls()::jsonb, 900) \gset
SELECT pg_temp.hear('odd', 'odd', :slow) \g (format=unaligned) /dev/null
SELECT pg_temp.key_of(pg_temp.payment_of(pg_temp.buy('bob', p_method => 'external'))) AS lost \gset
CREATE TEMP TABLE write AS
SELECT * FROM (VALUES
    (1, 'make_cart', 'company', 'olga', '''{"company": "acme", "agent": "sally", "currency": "USD", "products": [{"number": "L-RED"}]}''', 'created'),
    (2, 'place_cart', 'company', 'sally', format('%L, %L, true, NULL, 900', :'cart', 'cash'), 'done'),
    (3, 'settle_sale', 'company', 'sally', format('%L, %L', pg_temp.number_of(:cash), 'X1'), 'done'),
    (4, 'cancel_sale', 'company', 'sally', format('%L', pg_temp.number_of(:drop)), 'done'),
    (5, 'send_pay_link', 'company', 'sally', format('%L, %L', pg_temp.number_of(:link), 'a@example.com'), 'done'),
    (6, 'claim_order', 'company', 'carl', format('%L', pg_temp.number_of(:consumer)), 'done'),
    (7, 'edit_billing_address', 'company', 'carl', format('%L, %L', pg_temp.number_of(:consumer), '{"street": null, "code": 1}'), 'done'),
    (8, 'issue_invoice', 'operator', 'olga', format('%s', :cash), 'done'),
    (9, 'refund_sale', 'company', 'sally', format('%L, %L, 30, false', pg_temp.number_of(:cash), 'R1'), 'done'),
    (10, 'record_terminal_transaction', 'operator', 'olga', '''T1'', ''charge'', 5, ''USD'', NULL', 'created'),
    (11, 'catalogue_upsert', 'operator', 'olga', '''companies'', ''twice'', ''{"name": "Twice", "prefix": "TWICE"}''', 'created'),
    (12, 'catalogue_bulk', 'operator', 'olga', 'ARRAY[''{"kind": "users", "ref": "twice", "name": "T"}'', ''{"kind": "none", "ref": "none"}'', ''{"kind": "products", "ref": "twice", "name": "T", "variants": [{"ref": "a"}]}'']::jsonb[]', 'created unknown_kind created'),
    (12, 'import_orders', 'operator', 'olga', 'ARRAY[''{"number": "TWICE-1", "created_at": "2020-01-01T00:00:00Z", "state": "completed", "payment_state": "paid", "currency": "USD", "total": 1, "lines": [{"title": "T", "unit_price": 1}]}'', ''{"number": "TWICE-2", "currency": "XXX"}'']::jsonb[]', 'created currency_unknown'),
    (13, 'place_plan', 'user', 'alice', format('%s, %s, NULL, 1, ''balance'', NULL, NULL, ''TEN'', NULL', pg_temp.uid('alice'), pg_temp.plan('taxed')), 'done'),
    (14, 'place_order', 'operator', 'olga', format('%L, 900', pg_temp.nulls()), 'done'),
    (15, 'correct_address', 'operator', 'olga', format('%s, %L, NULL', :goods, '{"shipping_address": {"street": "Main 2", "code": null}}'), 'done'),
    (16, 'settle_payment', 'operator', 'olga', format('%s, NULL, ''T2'', NULL', :goods), 'done'),
    (17, 'advance', 'operator', 'olga', format('%s, ''packed'', now(), NULL, NULL, NULL', :goods), 'done'),
    (18, 'ship', 'operator', 'olga', format('%s, %L, NULL', :goods, '{"courier": "X", "tracking_number": "1", "expected_at": "2026-01-01T00:00:00.123456Z"}'), 'done'),
    (19, 'track', 'operator', 'olga', format('%s, %L, NULL', :goods, '{"status": "delivered", "description": "at the door"}'), 'done'),
    (20, 'request_return', 'customer', 'alice', format('%s, %s, %L, ''broken'', 30, NULL', pg_temp.uid('alice'), :goods,
        (SELECT jsonb_build_array(jsonb_build_object('id', id, 'quantity', 1)) FROM order_line WHERE order_id = :goods AND kind = 'product')), 'done'),
    (21, 'resolve_return', 'operator', 'olga', '(SELECT max(id) FROM orders.order_return), ''approve'', ''yes'', NULL', 'done'),
    (22, 'reorder', 'customer', 'alice', format('%s, %s', pg_temp.uid('alice'), :goods), 'done'),
    (23, 'refund', 'operator', 'olga', format('%s, 300, NULL, ''broken'', NULL, NULL', :paid), 'done'),
    (24, 'settle_refund', 'worker', 'olga', format('%s, ''rtx'', true, NULL, NULL', (SELECT max(id) FROM refund WHERE order_id = :slow)), 'done'),
    (25, 'cancel', 'operator', 'olga', format('NULL, %s, ''changed my mind'', NULL', :off), 'done'),
    (25, 'cancel_as_permitted', 'operator', 'olga', format('NULL, %s, ''changed my mind'', NULL, false', :unpaid), 'done'),
    (26, 'post_balance', 'operator', 'olga', format('%s, 5, ''USD'', ''x''', pg_temp.uid('bob')), 'done'),
    (27, 'issue_token', 'operator', 'olga', format('%s, ''{user}'', 60, sha256(''twice''), ''twi''', pg_temp.uid('bob')), 'done'),
    (28, 'revoke_token', 'operator', 'olga', '(SELECT max(id) FROM orders.token)', 'done'),
    (29, 'retry_provider_event', 'operator', 'olga', '(SELECT id FROM orders.provider_event WHERE event_id = ''odd'')', 'refused'),
    (30, 'resolve_provider_event', 'operator', 'olga', '(SELECT id FROM orders.provider_event WHERE event_id = ''odd''), ''paid manually''', 'done'),
    (31, 'start_reconciliation', 'operator', 'olga', format('''sim'', now() - interval ''1 day'', now(), jsonb_build_array(
        jsonb_build_object(''transaction_id'', ''RX'', ''kind'', ''capture'', ''amount'', 1000, ''currency'', ''USD'', ''occurred_at'', now() - interval ''4 hours'', ''payment_key'', %L),
        jsonb_build_object(''transaction_id'', ''RY'', ''kind'', ''capture'', ''amount'', 1000, ''currency'', ''USD'', ''occurred_at'', now() - interval ''4 hours''))', :'lost'), 'created'),
    (32, 'apply_difference', 'operator', 'olga', '(SELECT id FROM orders.reconciliation_difference WHERE transaction_id = ''RX'')', 'done'),
    (33, 'resolve_difference', 'operator', 'olga', '(SELECT id FROM orders.reconciliation_difference WHERE transaction_id = ''RY''), ''paid manually''', 'done'),
    (34, 'create_webhook', 'operator', 'olga', '''https://a.example'', ''{*}'', NULL, NULL, NULL', 'created'),
    (35, 'change_webhook', 'operator', 'olga', '(SELECT public_id FROM orders.webhook_endpoint WHERE tenant_id = 77), NULL, ''{"payload": "thin"}''', 'changed'),
    (36, 'rotate_webhook', 'operator', 'olga', '(SELECT public_id FROM orders.webhook_endpoint WHERE tenant_id = 77)', 'rotated'),
    (37, 'test_webhook', 'operator', 'olga', '(SELECT public_id FROM orders.webhook_endpoint WHERE tenant_id = 77)', 'queued'),
    (38, 'retry_delivery', 'operator', 'olga', '(SELECT public_id FROM orders.webhook_endpoint WHERE tenant_id = 77), (SELECT max(id) FROM orders.webhook_delivery)', 'queued'),
    (39, 'replay_webhook', 'operator', 'olga', '(SELECT public_id FROM orders.webhook_endpoint WHERE tenant_id = 77), NULL, NULL, NULL, NULL, NULL, NULL', 'queued'),
    (40, 'delete_webhook', 'operator', 'olga', '(SELECT public_id FROM orders.webhook_endpoint WHERE tenant_id = 77), NULL', 'deleted'),
    (41, 'change_settings', 'operator', 'olga', 'NULL, ''{"phone": "+1"}''', 'changed'),
    (42, 'count_stock', 'operator', 'olga', '(SELECT id FROM orders.variant WHERE tenant_id = 77 AND number = ''L-RED''), 8, NULL, NULL', 'done'),
    (43, 'adjust_stock', 'operator', 'olga', '(SELECT id FROM orders.variant WHERE tenant_id = 77 AND number = ''L-RED''), -1, ''damaged'', ''broken'', NULL', 'done'),
    (44, 'restock_return', 'operator', 'olga', '(SELECT max(id) FROM orders.order_return), NULL, ''unopened'', NULL', 'done'),
    (45, 'catalogue_patch', 'operator', 'olga', '''companies'', ''acme'', ''{"email": "x@example.com"}'', NULL', 'updated'),
    (46, 'catalogue_replace', 'operator', 'olga', '''companies'', ''twice'', ''{"name": "Twice again", "prefix": "TWICE"}'', NULL, true', 'updated'),
    (50, 'create_export', 'operator', 'olga', '''orders'', ''csv'', NULL, now()', 'created'),
    (51, 'delete_export', 'operator', 'olga', '(SELECT public_id FROM orders.export WHERE tenant_id = 77)', 'deleted')
) AS w (n, name, api, who, arguments, outcome);
SELECT is(pg_temp.twice(w.name, w.api, pg_temp.uid(w.who), w.arguments), w.outcome, w.name || ' is stored and replayed') FROM write AS w ORDER BY w.n;
SELECT is((SELECT string_agg(p.proname, ' ' ORDER BY p.proname) FROM pg_proc p
           WHERE p.pronamespace = 'orders_v1'::regnamespace AND 'p_key' = ANY (p.proargnames) AND p.prosrc ~ 'replay|repeated_placing_result'
             AND p.proname NOT IN (SELECT w.name FROM write AS w)), 'apply_paid_package member_place upgrade_or_renew', 'all functions with a key are covered, except those of packages');
SELECT is((SELECT string_agg(i.key, ' ' ORDER BY i.key) FROM idempotency i JOIN write w ON w.name = i.key WHERE i.tenant_id = 77 AND i.route = 'twice' AND i.order_id IS NULL),
          'adjust_stock catalogue_bulk catalogue_patch catalogue_replace catalogue_upsert change_settings change_webhook count_stock create_export create_webhook delete_export delete_webhook import_orders issue_token make_cart post_balance record_terminal_transaction reorder replay_webhook resolve_difference retry_delivery revoke_token rotate_webhook start_reconciliation test_webhook', 'the key stores the order of the response');
SELECT is((SELECT answer -> 'order' -> 'metadata' FROM idempotency WHERE tenant_id = 77 AND key = 'place_order'), '{"a": null, "b": {"c": null}, "d": [null]}', 'nulls in documents are kept');
SELECT is((SELECT ROW(count(*) FILTER (WHERE cart_id = :cart), max(version) FILTER (WHERE id = :consumer))::text FROM orders WHERE tenant_id = 77), '(1,3)', 'each effect occurs once');
SELECT is((SELECT count(*) FROM mail WHERE tenant_id = 77), 1::bigint, 'one mail is queued');
SELECT is(pg_temp.refusal(format('SELECT settle_sale(77, %L, %L, %s, %L, %L, %L, %L, %L)', 'company', 'seller', pg_temp.uid('sally'), 'twice', 'settle_sale', '\x02', pg_temp.number_of(:cash), 'X2')),
          'OR422 idempotency_key_reused idempotency_key', 'a different request with such a key is refused');

-- A write function has its own lock_timeout, which a dry run shortens.
CREATE FUNCTION pg_temp.lock_timeout_of(p_dry text) RETURNS text LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
BEGIN
    PERFORM set_config('orders.dry_run', p_dry, true), orders_v1.claim_key(ROW(77, 'user', 'buyer', 1, 'x', NULL, NULL));
    RETURN current_setting('lock_timeout');
END
$$;
SELECT is(pg_temp.lock_timeout_of('on'), '500ms', 'a dry run waits half a second for a lock');
SELECT is(pg_temp.lock_timeout_of(''), '2s', 'a write waits as long as its function states');
SELECT is(current_setting('lock_timeout'), '0', 'the time belongs to the function');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
