-- SPDX-License-Identifier: Apache-2.0
-- Compares the view of orders with the tables, column by column, as the role of the module.
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

SELECT pg_temp.buy('alice') AS a \gset
SELECT pg_temp.buy('bob', p_method => 'manual') AS b \gset
SELECT is(order_id_of(77, c.text), :a::bigint, 'an order is found by ' || c.what)
FROM (SELECT 'id', id::text FROM orders WHERE id = :a UNION ALL SELECT 'UUID', public_id::text FROM orders WHERE id = :a
      UNION ALL SELECT 'UUID in capitals', upper(public_id::text) FROM orders WHERE id = :a
      UNION ALL SELECT 'number', number FROM orders WHERE id = :a
      UNION ALL SELECT 'number in small letters', lower(number) FROM orders WHERE id = :a) AS c (what, text);
SELECT is(order_id_of(c.tenant, c.text), NULL, 'no order is found by ' || c.text)
FROM (VALUES (77, ''), (77, '0'), (77, '99999999999999999999'), (77, 'x'), (77, '00000000-0000-0000-0000-000000000000'), (1, :'a')) AS c (tenant, text);
SELECT is(active_user_id(77, 'alice'), pg_temp.uid('alice'), 'a user is found by the external reference');
SELECT is(active_user_id(c.tenant, c.ref), NULL, format('no active user is found by %s of tenant %s', c.ref, c.tenant)) FROM (VALUES (77, 'off'), (77, 'nobody'), (78, 'alice')) AS c (tenant, ref);
SELECT results_eq('SELECT tenants()', 'SELECT id FROM tenant ORDER BY id', 'the worker reads all tenants');

-- --- Orders that use every column and child --------------------------------------------------------------------------------

-- An order of goods: taxed, sold by a company, delivered, invoiced, with returns and refunds.
SELECT ("order").id AS goods FROM place_order(77, 'operator', 'operator', pg_temp.uid('olga'), 'place', NULL, NULL, '{"dialect": "shop", "user": "alice", "company": "acme",
    "agent": "sally", "currency": "USD", "payment_method": "balance", "voucher": "TEN", "tax_inclusive": false, "lines": [{"product": "lamp", "variant": "red", "quantity": 3},
    {"product": "desk"}], "shipping": {"courier": "JNE", "service": "REG", "price": 150, "estimated_delivery": "2-3 days"}, "shipping_address": {"street": "Main 1"},
    "billing_address": {"street": "Main 2"}, "notes": "Please call", "metadata": {"a": null}}', 900) \gset
SELECT issue_invoice(77, 'operator', 'operator', pg_temp.uid('olga'), 'invoice', NULL, NULL, :goods) \g (format=unaligned) /dev/null
SELECT advance(77, 'operator', 'operator', pg_temp.uid('sally'), 'pack', NULL, NULL, :goods, 'packed', now() - interval '1 hour', NULL, 'packed well', NULL) \g (format=unaligned) /dev/null
SELECT ship(77, 'operator', 'operator', pg_temp.uid('olga'), 'ship', NULL, NULL, :goods, '{"tracking_number": "JP1", "tracking_url": "https://jne/JP1"}', NULL) \g (format=unaligned) /dev/null
UPDATE shipment SET shipped_at = now() - interval '3 hours' WHERE order_id = :goods;
SELECT track(77, 'operator', 'operator', NULL, 'track', NULL, NULL, :goods, e.document, NULL)
FROM (VALUES (1, jsonb_build_object('status', 'in_transit', 'location', 'Hub', 'at', now() - interval '1 hour')), (2, jsonb_build_object('status', 'picked_up', 'description', 'taken', 'at', now() - interval '2 hours')),
             (3, '{"status": "lost"}')) AS e (n, document) ORDER BY e.n \g (format=unaligned) /dev/null
SELECT track(77, 'operator', 'operator', NULL, 'track', NULL, NULL, :goods, jsonb_build_object('withdraws', (SELECT max(id) FROM shipment_event WHERE order_id = :goods)), NULL) \g (format=unaligned) /dev/null
SELECT track(77, 'operator', 'operator', NULL, 'track', NULL, NULL, :goods, '{"status": "delivered"}', NULL) \g (format=unaligned) /dev/null
SELECT request_return(77, 'customer', 'buyer', pg_temp.uid('alice'), 'return', NULL, NULL, pg_temp.uid('alice'), :goods, jsonb_build_array(jsonb_build_object('id',
    (SELECT id FROM order_line WHERE order_id = :goods AND item_ref = 'lamp'), 'quantity', n)), 'reason ' || n, 30, NULL) FROM generate_series(1, 2) AS n \g (format=unaligned) /dev/null
SELECT min(id) AS back FROM order_return WHERE order_id = :goods \gset
SELECT resolve_return(77, 'operator', 'operator', pg_temp.uid('olga'), 'return', NULL, NULL, :back, s.step, NULL, NULL) FROM (VALUES (1, 'approve'), (2, 'receive'), (3, 'refund')) AS s (n, step) ORDER BY s.n
    \g (format=unaligned) /dev/null
SELECT pg_temp.create_refunds(:goods, 100) \g (format=unaligned) /dev/null
-- An external order: a failed and a captured payment, a failed and a pending refund.
SELECT pg_temp.buy('bob', p_method => 'external') AS outside \gset
SELECT pg_temp.hear('f', 'failed', :outside) \g (format=unaligned) /dev/null
SELECT start_payment(77, :outside) \g (format=unaligned) /dev/null
SELECT record_intent(77, 'user', 'system', NULL, 'i', NULL, NULL, pg_temp.payment_of(:outside), 'in-1', 'https://pay', 'ref 1') \g (format=unaligned) /dev/null
SELECT pg_temp.hear('p', 'paid', :outside, 1000, 'tx-1') \g (format=unaligned) /dev/null
SELECT pg_temp.create_refunds(:outside, 300), pg_temp.hear('n', 'refund_failed', :outside, 300), pg_temp.create_refunds(:outside, 200) \g (format=unaligned) /dev/null
-- Orders that are captured now, cancelled, without a balance of the buyer, unclaimed, and of a billing option.
SELECT pg_temp.buy('bob', p_method => 'external') AS asked \gset
SELECT record_intent(77, 'user', 'system', NULL, 'i', NULL, NULL, pg_temp.payment_of(:asked), 'in-2', 'https://pay', NULL), begin_capture(77, pg_temp.payment_of(:asked), false, 60) \g (format=unaligned) /dev/null
SELECT pg_temp.buy('alice', p_method => 'manual') AS gone, pg_temp.buy('poor', p_method => 'manual') AS unpaid, pg_temp.sell('cash', true) AS sale, pg_temp.buy('alice', p_option => 'yearly', p_method => 'manual') AS yearly \gset
SELECT pg_temp.drop_it('alice', :gone), pg_temp.top_up('alice', 5) \g (format=unaligned) /dev/null
-- Makes all times different.
UPDATE orders SET updated_at = created_at + interval '1 s', paid_at = paid_at + interval '2 s', cancelled_at = cancelled_at + interval '3 s', refunded_at = refunded_at + interval '4 s' WHERE tenant_id = 77;
UPDATE payment SET updated_at = created_at + interval '1 s', captured_at = captured_at + interval '2 s' WHERE tenant_id = 77;
UPDATE refund SET updated_at = created_at + interval '1 s', settled_at = settled_at + interval '2 s' WHERE tenant_id = 77;
UPDATE order_return SET updated_at = created_at + interval '1 s' WHERE tenant_id = 77;
UPDATE shipment SET updated_at = created_at + interval '1 s' WHERE tenant_id = 77;
-- Rewrites the tables in descending order, so that only an ORDER BY returns the first children first.
SET CONSTRAINTS ALL IMMEDIATE;
CREATE FUNCTION pg_temp.reverse(p_table text, p_columns text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE INDEX reversed ON orders.%I (%s); CLUSTER orders.%1$I USING reversed; DROP INDEX orders.reversed', p_table, p_columns);
END
$$;
SELECT pg_temp.reverse(r.name, r.columns)
FROM (VALUES ('order_line', 'id DESC'), ('payment', 'id DESC'), ('refund', 'id DESC'), ('order_return', 'id DESC'), ('order_tax', 'key DESC, rate_bp DESC'), ('order_address', 'kind DESC'),
             ('event', 'version DESC'), ('users', 'id DESC'), ('shipment_event', 'at DESC, id DESC')) AS r (name, columns) \g (format=unaligned) /dev/null
UPDATE tenant SET time_zone = 'Asia/Tokyo' WHERE id = 77;

CREATE FUNCTION public.shown_to_module() RETURNS SETOF order_view LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL ROLE orders_api;
    RETURN QUERY SELECT * FROM orders_v1.order_view WHERE tenant_id = 77;
    RESET ROLE;
END
$$;
GRANT USAGE ON SCHEMA public TO orders_api;
SET LOCAL jit = off; -- plans without indexes seem dear
SET LOCAL enable_indexscan = off;
SET LOCAL enable_indexonlyscan = off;
SET LOCAL enable_bitmapscan = off;
CREATE TEMP TABLE shown AS SELECT to_jsonb(v) AS j, v.* FROM public.shown_to_module() AS v;
SET LOCAL enable_indexscan = on;
SET LOCAL enable_indexonlyscan = on;
SET LOCAL enable_bitmapscan = on;

-- --- Columns of the order -----------------------------------------------------------------------------------------------------

SELECT set_eq('SELECT id FROM shown', 'SELECT id FROM orders WHERE tenant_id = 77', 'each order is one row');
SELECT is((SELECT string_agg(a.attname, ' ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = 'order_view'::regclass AND a.attnum > 0
             AND NOT EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = 'orders.orders'::regclass AND o.attname = a.attname)),
          'cancel_reason lines payments refunds balance posting buyer agent company taxes addresses history actors invoices shipment tracking returns category currency_symbol pay_url paid_by_link line_references',
          'the view has these columns beside those of the table');
SELECT is_empty(format($$SELECT s.id, s.j -> %L, to_jsonb(o) -> %L FROM shown s JOIN orders o ON o.tenant_id = 77 AND o.id = s.id WHERE (s.j -> %L) IS DISTINCT FROM (to_jsonb(o) -> %L)$$,
                       a.attname, a.attname, a.attname, a.attname), a.attname || ' is that of the table')
FROM pg_attribute a JOIN pg_attribute o ON o.attrelid = 'orders.orders'::regclass AND o.attname = a.attname
WHERE a.attrelid = 'order_view'::regclass AND a.attnum > 0 ORDER BY a.attnum;
SELECT is_empty($$SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = 'order_view'::regclass AND a.attnum > 0 AND t.typtype = 'd'$$,
                'no column has a domain as its type');
SELECT results_eq('SELECT id, cancel_reason FROM shown WHERE cancel_reason IS NOT NULL', format($$VALUES (%s::bigint, 'changed my mind')$$, :gone), 'only a cancelled order has a reason');
SELECT results_eq(format('SELECT category, currency_symbol, count(*) FROM shown WHERE id IN (%s, %s, %s) GROUP BY 1, 2 ORDER BY 1', :goods, :sale, :yearly), $$VALUES ('plan', '$', 1::bigint), ('product', '$', 2)$$,
                  'the view has the category and the currency symbol');

SELECT results_eq('SELECT id, pay_url FROM shown WHERE pay_url IS NOT NULL', format($$VALUES (%s::bigint, 'https://pay')$$, :asked), 'an open order with an intent has a payment URL');
SELECT is((SELECT (w."order").pay_url FROM finish(ROW(77, a.api, 'buyer', NULL, NULL, NULL, NULL)::context, 'done', :asked, :asked) AS w), a.url, 'the payment URL after a write of the ' || a.api || ' API is ' || coalesce(a.url, 'absent'))
FROM (VALUES ('commerce', 'https://pay'), ('user', NULL)) AS a (api, url);
UPDATE payment SET surplus = true WHERE id = (SELECT max(id) FROM payment WHERE order_id = :outside);
SELECT is((SELECT pay_url FROM order_view WHERE tenant_id = 77 AND id = :outside), NULL, 'a paid order has no payment URL');
SELECT pg_temp.let_expire(:asked, now()) \g (format=unaligned) /dev/null
SELECT is((SELECT pay_url FROM order_view WHERE tenant_id = 77 AND id = :asked), NULL, 'an order past its expiry has no payment URL');
UPDATE payment SET surplus = false WHERE id = (SELECT max(id) FROM payment WHERE order_id = :outside);

-- --- Children -----------------------------------------------------------------------------------------------------------------

-- Rows of a query as the array of a child; the columns are named like the attributes.
CREATE FUNCTION pg_temp.stored_as(p_query text, p_order bigint) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_rows jsonb;
BEGIN
    EXECUTE format('SELECT coalesce(jsonb_agg(to_jsonb(x)), %L) FROM (%s) AS x', '[]', replace(p_query, '$o', p_order::text)) INTO v_rows;
    RETURN v_rows;
END
$$;
CREATE TEMP TABLE child AS SELECT * FROM (VALUES
    ('lines', 'line_view', 'SELECT id, item_id, kind, item_ref AS product, product_number, variant, title, image, slug, currency, quantity, refunded_quantity, cancelled_quantity, unit_price,
        list_price, subtotal, discount, tax, returnable, snapshot, attributes, metadata, created_at FROM order_line WHERE tenant_id = 77 AND order_id = $o ORDER BY id', 4),
    ('payments', 'payment_view', 'SELECT id, status, method, channel, provider, reference, intent_id, provider_key::text AS provider_key, failure_code, failure_message, currency, amount, refunded, surplus,
        pay_url, metadata, created_at, updated_at, captured_at, expires_at FROM payment WHERE tenant_id = 77 AND order_id = $o ORDER BY id', 2),
    ('refunds', 'refund_view', 'SELECT r.id, r.payment_id, r.status, p.method, p.channel, p.provider, r.reference, r.provider_key::text AS provider_key, r.failure_code, r.reason, r.currency, r.amount,
        r.surplus, r.metadata, r.created_at, r.updated_at, r.settled_at FROM refund r JOIN payment p ON p.tenant_id = 77 AND p.id = r.payment_id WHERE r.tenant_id = 77 AND r.order_id = $o ORDER BY r.id', 2),
    ('taxes', 'tax_view', 'SELECT key, rate_bp, amount FROM order_tax WHERE tenant_id = 77 AND order_id = $o ORDER BY key, rate_bp', 2),
    ('addresses', 'address_view', 'SELECT id, kind AS type, document FROM order_address WHERE tenant_id = 77 AND order_id = $o ORDER BY kind::text', 2),
    ('history', 'step_view', 'SELECT step, version, axis, from_state, to_state, actor, actor_id, comment, created_at, created_at AT TIME ZONE ''Asia/Tokyo'' AT TIME ZONE ''UTC'' AS local_at
        FROM order_history WHERE tenant_id = 77 AND order_id = $o ORDER BY step', 10),
    ('actors', 'user_view', 'SELECT id, external_ref, public_id, name, given_name, family_name, email FROM users WHERE tenant_id = 77 AND id IN (SELECT actor_id FROM event
        WHERE tenant_id = 77 AND subject_id = $o AND steps <> ''{}'') ORDER BY id', 2),
    ('invoices', 'invoice_view', 'SELECT id, company_id, number, document -> ''issuer'' ->> ''name'' AS issuer, created_at FROM invoice WHERE tenant_id = 77 AND order_id = $o ORDER BY id', 1),
    ('tracking', 'tracking_view', 'SELECT id, shipment_id, status, location, description, at FROM shipment_event WHERE tenant_id = 77 AND order_id = $o AND withdrawn_at IS NULL ORDER BY at, id', 3),
    ('returns', 'return_view', 'SELECT r.id, r.order_id, o.number AS order_number, r.refund_id, r.state, r.reason, o.currency,
        (SELECT sum(f.amount) FROM refund f WHERE f.tenant_id = 77 AND f.return_id = r.id AND r.refund_id IS NOT NULL) AS amount,
        (SELECT jsonb_agg(jsonb_build_object(''id'', l.line_id, ''quantity'', l.quantity)) FROM return_line l WHERE l.tenant_id = 77 AND l.return_id = r.id) AS lines, r.created_at, r.updated_at
        FROM order_return r JOIN orders o ON o.tenant_id = 77 AND o.id = r.order_id WHERE r.tenant_id = 77 AND r.order_id = $o ORDER BY r.id', 2)
) AS c (name, type, query, most);
SELECT is(s.j -> c.name, pg_temp.stored_as(c.query, s.id), format('%s of order %s', c.name, s.id)) FROM child c, shown s ORDER BY c.name, s.id;
SELECT cmp_ok((SELECT max(jsonb_array_length(s.j -> c.name)) FROM shown s), '>=', c.most, format('an order has %s %s', c.most, c.name)) FROM child c;
SELECT is_empty($$SELECT c.name FROM child c, LATERAL (SELECT array_agg(k ORDER BY k) AS keys FROM shown s, jsonb_path_query_first(s.j -> c.name, '$[0]') AS e, jsonb_object_keys(e) AS k WHERE s.id = (
        SELECT min(z.id) FROM shown z WHERE jsonb_array_length(z.j -> c.name) > 0)) AS got
    WHERE got.keys <> (SELECT array_agg(a.attname::text ORDER BY a.attname::text) FROM pg_attribute a WHERE a.attrelid = c.type::regclass AND a.attnum > 0)$$, 'each child has the attributes of its type');

-- Single children.
CREATE TEMP TABLE single AS SELECT * FROM (VALUES
    ('balance', 'SELECT u.id AS user_id, ''USD'' AS currency, coalesce(a.balance, 0) AS amount, coalesce(a.updated_at, u.created_at) AS updated_at FROM orders o JOIN users u ON u.tenant_id = 77 AND u.id = o.buyer_id
        LEFT JOIN account a ON a.tenant_id = 77 AND a.user_id = u.id AND a.currency = ''USD'' WHERE o.tenant_id = 77 AND o.id = $o'),
    ('posting', 'SELECT t.id, o.buyer_id AS user_id, t.entry_type AS type, t.currency, CASE t.entry_type WHEN ''purchase'' THEN -t.amount ELSE t.amount END AS amount,
        coalesce(t.debit_balance_after, t.credit_balance_after) AS balance_after, t.reference, t.description, t.metadata, t.created_at
        FROM posting t JOIN orders o ON o.tenant_id = 77 AND o.id = t.order_id WHERE t.tenant_id = 77 AND t.order_id = $o ORDER BY t.id DESC LIMIT 1'),
    ('buyer', 'SELECT u.id, u.external_ref, u.public_id, u.name, NULL AS given_name, NULL AS family_name, u.email FROM orders o JOIN users u ON u.tenant_id = 77 AND u.id = o.buyer_id WHERE o.tenant_id = 77 AND o.id = $o'),
    ('agent', 'SELECT u.id, u.external_ref, u.public_id, u.name, u.given_name, u.family_name, u.email FROM orders o JOIN users u ON u.tenant_id = 77 AND u.id = o.agent_id WHERE o.tenant_id = 77 AND o.id = $o'),
    ('company', 'SELECT c.id, c.external_ref, c.name, c.email, c.address, c.images FROM orders o JOIN company c ON c.tenant_id = 77 AND c.id = o.retailer_id WHERE o.tenant_id = 77 AND o.id = $o'),
    ('shipment', 'SELECT id, status, courier, service, tracking_number, tracking_url, estimated_delivery AS estimate, coalesce(coalesce(delivered_at, now()) > expected_at, false) AS late, expected_at, shipped_at,
        delivered_at, updated_at, coalesce(delivered_at, expected_at) AT TIME ZONE ''Asia/Tokyo'' AT TIME ZONE ''UTC'' AS local_date FROM shipment WHERE tenant_id = 77 AND order_id = $o')
) AS c (name, query);
SELECT is(s.j -> c.name, coalesce(pg_temp.stored_as(c.query, s.id) -> 0, 'null'), format('%s of order %s', c.name, s.id)) FROM single c, shown s ORDER BY c.name, s.id;
SELECT set_eq($$SELECT c.name FROM single c WHERE EXISTS (SELECT FROM shown s WHERE s.j -> c.name <> 'null') AND EXISTS (SELECT FROM shown s WHERE s.j -> c.name = 'null')$$, $$VALUES ('posting'), ('balance'), ('buyer'), ('agent'),
    ('company'), ('shipment')$$, 'each child is present in some orders and absent in others');
SELECT is((SELECT ROW((balance).user_id, (balance).amount, posting)::text FROM shown WHERE id = :unpaid), ROW(pg_temp.uid('poor'), 0, NULL)::text, 'without an account the balance is 0');
SELECT is((SELECT ROW((posting).type, (posting).amount > 0, (balance).amount = (posting).balance_after)::text FROM shown WHERE id = :goods), '(refund,t,f)', 'the last posting of an order is that of its last refund');
SELECT is((SELECT (lines[1]).variant FROM shown WHERE id = :yearly), 'Yearly', 'a line has its variant');
SELECT is(line_references, '["yearly"]', 'and the reference of its billing option') FROM order_view WHERE id = :yearly;
SELECT is(v.line_references, (SELECT jsonb_agg(a.external_ref ORDER BY l.id) FROM order_line l LEFT JOIN variant a ON a.tenant_id = 77 AND a.id = l.item_id AND l.kind = 'product'
                              WHERE l.tenant_id = 77 AND l.order_id = v.id), 'and products those of their variants') FROM order_view v WHERE v.id = :goods;
SELECT is((SELECT string_agg(r.status || coalesce(' ' || r.failure_code, ''), ', ' ORDER BY r.n) FROM shown s, ROWS FROM (unnest(s.refunds)) WITH ORDINALITY
           AS r (id, payment_id, status, method, channel, provider, reference, provider_key, failure_code, reason, currency, amount, surplus, metadata, created_at, updated_at, settled_at, n)
           WHERE s.id = :outside), 'failed declined, pending', 'a failed refund has its reason');
SELECT is((SELECT ROW(t.local_at = t.created_at + interval '9 hours')::text FROM shown s, unnest(s.history) AS t WHERE s.id = :goods LIMIT 1), '(t)', 'local times use the time zone of the tenant');

-- The module reads these types by position.
SELECT is((SELECT string_agg(a.attname, ' ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = t.type::regclass AND a.attnum > 0 AND NOT a.attisdropped), t.attributes, t.type || ' has its attributes in order')
FROM (VALUES
    ('line_view', 'id item_id kind product product_number variant title image slug currency quantity refunded_quantity cancelled_quantity unit_price list_price subtotal discount tax returnable snapshot attributes metadata created_at'),
    ('payment_view', 'id status method channel provider reference intent_id provider_key failure_code failure_message currency amount refunded surplus pay_url metadata created_at updated_at captured_at expires_at'),
    ('refund_view', 'id payment_id status method channel provider reference provider_key failure_code reason currency amount surplus metadata created_at updated_at settled_at'),
    ('balance_view', 'user_id currency amount updated_at'),
    ('posting_view', 'id user_id type currency amount balance_after reference description metadata created_at'),
    ('user_view', 'id external_ref public_id name given_name family_name email'),
    ('company_view', 'id external_ref name email address images'),
    ('tax_view', 'key rate_bp amount'),
    ('address_view', 'id type document'),
    ('step_view', 'step version axis from_state to_state actor actor_id comment created_at local_at'),
    ('invoice_view', 'id company_id number issuer created_at'),
    ('shipment_view', 'id status courier service tracking_number tracking_url estimate late expected_at shipped_at delivered_at updated_at local_date'),
    ('tracking_view', 'id shipment_id status location description at'),
    ('return_view', 'id order_id order_number refund_id state reason currency amount lines created_at updated_at'),
    ('profile_view', 'id given_name family_name title phone address'),
    ('token_view', 'id user_id user_ref user_name hint scopes created_at expires_at revoked_at'),
    ('label_view', 'kind word text language')) AS t (type, attributes);

-- --- Searches -------------------------------------------------------------------------------------------------------------------

SELECT set_eq(format('SELECT text FROM order_text WHERE tenant_id = 77 AND order_id = %s', :outside), $$VALUES (E'Basic\nbasic'), (E'tx-1\nin-1'), ('')$$, 'the searchable texts of an order');
SELECT set_eq(format('SELECT text FROM user_text WHERE tenant_id = 77 AND user_id = %s', pg_temp.uid('alice')), $$VALUES (E'alice\nAlice\nalice@example.com')$$, 'the searchable texts of a user');
SELECT results_eq('SELECT order_id FROM pending_refund WHERE tenant_id = 77', format('VALUES (%s::bigint)', :outside), 'orders with a pending refund');
SELECT is_empty('SELECT FROM order_view WHERE tenant_id = 1 UNION ALL SELECT FROM order_text WHERE tenant_id = 1 UNION ALL SELECT FROM user_text WHERE tenant_id = 1 UNION ALL SELECT FROM pending_refund WHERE tenant_id = 1',
                'only rows of the tenant are visible');

-- --- Plans ----------------------------------------------------------------------------------------------------------------------

-- The view is inlined into the statement that reads it: each table is read by an index, and a child that is not named is not read.
SET LOCAL enable_seqscan = off;
CREATE FUNCTION pg_temp.plan_of(p_sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_line text;
    v_plan text := '';
BEGIN
    FOR v_line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || p_sql LOOP
        v_plan := v_plan || v_line || E'\n';
    END LOOP;
    RETURN v_plan;
END
$$;
SELECT doesnt_match(pg_temp.plan_of(c.sql), '(Seq Scan|Subquery Scan on (order_view|v)\M)', c.name || ' reads by indexes')
FROM (VALUES ('an order', 'SELECT * FROM order_view WHERE tenant_id = 77 AND id = 1'),
             ('a list', 'SELECT v.* FROM order_view v WHERE v.tenant_id = 77 AND v.buyer_id = 1 ORDER BY v.created_at DESC, v.id DESC LIMIT 20'),
             ('the text of an order', 'SELECT text FROM order_text WHERE tenant_id = 77 AND order_id = 1'),
             ('the text of a user', 'SELECT text FROM user_text WHERE tenant_id = 77 AND user_id = 1'),
             ('pending refunds', 'SELECT FROM pending_refund WHERE tenant_id = 77 AND order_id = 1')) AS c (name, sql);
SELECT is((SELECT count(*) FROM regexp_matches(pg_temp.plan_of(c.sql), 'Scan (using|on)', 'g')), c.scans, c.sql || ' reads only the tables of its columns')
FROM (VALUES ('SELECT id, state, total FROM order_view WHERE tenant_id = 77 AND id = 1', 1::bigint), ('SELECT id, lines FROM order_view WHERE tenant_id = 77 AND id = 1', 2),
             ('SELECT id, (balance).amount FROM order_view WHERE tenant_id = 77 AND id = 1', 3)) AS c (sql, scans);

-- A generic plan knows neither the member nor the period: an index scan by buyer and time looks as selective as one by number, and can read all orders.
SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE order_of_member (integer, text, text, date, bigint) AS
SELECT v.id
FROM (SELECT active_user_id($1, $2) AS member_id OFFSET 0) AS p
LEFT JOIN LATERAL (SELECT o.*
                   FROM (SELECT o.* FROM order_view o WHERE o.tenant_id = $1 AND o.buyer_id = p.member_id AND o.number = orders.code_key($3) OFFSET 0) AS o
                   WHERE o.created_at >= (SELECT span_start($1, NULL, $4)) AND o.created_at < (SELECT span_end($1, NULL, $4))
                   ORDER BY o.created_at DESC, o.id DESC LIMIT $5) AS v ON true;
SELECT doesnt_match(pg_temp.plan_of('EXECUTE order_of_member (77, ''alice'', ''ORD-1'', ''2026-01-01'', 20)'), 'Index Cond: [^\n]*created_at', 'an order of a member is not searched by time');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
