-- SPDX-License-Identifier: Apache-2.0
-- Lists of the operator API: pages, windows, and the rows that a page reads.
BEGIN;
\ir lib/shop.sql
\ir lib/goods.sql
SELECT no_plan();

SELECT pg_temp.top_up('alice', 1000000) \g (format=unaligned) /dev/null

CREATE FUNCTION pg_temp.ids(p_list text, p_filters jsonb DEFAULT '{}', p_limit integer DEFAULT 100, p_before bigint DEFAULT NULL) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    v bigint[];
BEGIN
    EXECUTE format('SELECT coalesce(array_agg(id), ''{}'') FROM orders_v1.%I(77, $1, $2, $3) WHERE document IS NOT NULL', p_list) INTO v USING p_filters, p_limit, p_before;
    RETURN v;
END
$$;
-- All ids, page by page, with p_limit rows a page. p_between runs between the pages.
CREATE FUNCTION pg_temp.pages(p_list text, p_filters jsonb, p_limit integer, p_between text DEFAULT NULL) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    v_all    bigint[] := '{}';
    v_page   orders_v1.document_row[];
    v_before bigint;
BEGIN
    LOOP
        EXECUTE format('SELECT array_agg(r) FROM orders_v1.%I(77, $1, $2, $3) AS r', p_list) INTO v_page USING p_filters, p_limit, v_before;
        EXIT WHEN v_page IS NULL;
        v_all := v_all || ARRAY(SELECT x.id FROM unnest(v_page) AS x WHERE x.document IS NOT NULL);
        v_before := coalesce((v_page)[cardinality(v_page)].searched_to, CASE WHEN cardinality(v_page) = p_limit THEN (v_page)[p_limit].id END);
        EXIT WHEN v_before IS NULL;
        IF p_between IS NOT NULL THEN
            EXECUTE p_between;
        END IF;
    END LOOP;
    RETURN v_all;
END
$$;

-- Pages.
SELECT count(pg_temp.buy('alice')) FROM generate_series(1, 7) \g (format=unaligned) /dev/null
SELECT is(pg_temp.pages('list_payments', '{}', 3, $$SELECT pg_temp.buy('alice')$$), x.ids, 'pages of payments neither skip nor repeat a row while rows are added')
FROM (SELECT array_agg(id ORDER BY id DESC) AS ids FROM payment WHERE tenant_id = 77) AS x;
SELECT is(pg_temp.pages('list_ledger', '{"ref": "alice"}', 2, $$SELECT pg_temp.top_up('alice', 1)$$), x.ids, 'nor do pages of the ledger')
FROM (SELECT array_agg(id ORDER BY id DESC) AS ids FROM posting WHERE tenant_id = 77 AND pg_temp.uid('alice') IN (debit_user_id, credit_user_id)) AS x;
SELECT is(pg_temp.refusal($$SELECT list_ledger(77, '{"ref": "nobody"}', 5, NULL)$$), 'OR404 not_found', 'the ledger of an unknown user');
SELECT is(pg_temp.refusal($$SELECT list_balances(77, '{"ref": "nobody"}', 5, NULL)$$), 'OR404 not_found', 'the balances of an unknown user');
SELECT is(pg_temp.refusal($$SELECT list_coupon_uses(77, '{"ref": "nothing"}', 5, NULL)$$), 'OR404 not_found', 'the uses of an unknown coupon');
SELECT is(pg_temp.ids(l, f), '{}', l || ' finds nothing for an unknown reference: ' || f)
FROM (VALUES ('list_payments', '{"user": "nobody"}'::jsonb), ('list_payments', '{"order": "nothing"}'), ('list_refunds', '{"user": "nobody"}'), ('list_invoices', '{"company": "nobody"}'),
             ('list_carts', '{"user": "nobody"}'), ('list_mails', '{"order": "nothing"}'), ('list_coupon_uses', '{"ref": "ten", "user": "nobody"}')) AS x (l, f);

-- Refunds that wait for an operator.
SELECT pg_temp.order_it() AS manual, pg_temp.buy('bob', p_method => 'external') AS external \gset
SELECT pg_temp.pay(:manual), pg_temp.hear('p', 'paid', :external, 1000, 'tx-1') \g (format=unaligned) /dev/null
SELECT pg_temp.create_refunds(:external, 300), pg_temp.drop_it('alice', :manual, 'shop') \g (format=unaligned) /dev/null
SELECT is(pg_temp.ids('list_refunds', '{"by_hand": true}'), x.ids, 'a refund of a transfer waits for an operator; one of a provider does not')
FROM (SELECT array_agg(id) AS ids FROM refund WHERE tenant_id = 77 AND order_id = :manual) AS x;
SELECT is(pg_temp.ids('list_refunds', '{"status": "pending"}'), x.ids, 'both are pending') FROM (SELECT array_agg(id ORDER BY id DESC) AS ids FROM refund WHERE tenant_id = 77 AND status = 'pending') AS x;
SELECT is((SELECT document::jsonb - '{order,user}'::text[] ->> 'by_hand' FROM read_refund(77, (SELECT id FROM refund WHERE tenant_id = 77 AND order_id = :external))), 'false', 'a refund has the member by_hand');

-- Payments that are being confirmed are found by the expiry of their orders.
SELECT pg_temp.buy('bob', p_method => 'external') AS slow \gset
SELECT pg_temp.hear('slow', 'confirming', :slow, 1000, NULL) \g (format=unaligned) /dev/null
SELECT is(pg_temp.ids('list_payments', '{"status": "confirming"}'), x.ids, 'a payment that is being confirmed is listed')
FROM (SELECT array_agg(id ORDER BY id DESC) AS ids FROM payment WHERE tenant_id = 77 AND status = 'confirming') AS x;
SELECT is(x.ids, ARRAY[pg_temp.payment_of(:slow)], 'there is one') FROM (SELECT array_agg(id ORDER BY id DESC) AS ids FROM payment WHERE tenant_id = 77 AND status = 'confirming') AS x;

-- The queues of orders follow the rule that decides whether an order can be shipped.
CREATE FUNCTION pg_temp.queues() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', document::jsonb ->> 'orders_to_confirm', document::jsonb ->> 'orders_to_pack', document::jsonb ->> 'orders_to_ship') FROM read_summary(77)
$$;
SELECT pg_temp.order_it('{"payment_method": "cod"}') AS cod, pg_temp.order_it() AS unpaid \gset
SELECT is(pg_temp.queues(), '1 0 0', 'an order with cash on delivery can be confirmed, an unpaid one cannot');
SELECT is(pg_temp.go(:cod, 'confirmed') || pg_temp.queues(), 'done0 1 0', 'then it can be packed');
SELECT is(pg_temp.go(:cod, 'packed') || pg_temp.queues(), 'done0 0 1', 'then it can be shipped');
SELECT is(pg_temp.send(:cod) || pg_temp.queues(), 'done0 0 0', 'then it leaves the queues');
SELECT is(q ->> 'orders_since' IS NOT NULL, n < 5, format('a window of %s orders states its start if there may be older orders', n))
FROM (VALUES (3), (1000)) AS w (n), LATERAL order_queues(77, n) AS q;

-- Many rows: each page reads a bounded number of rows, by an index, with plans that were made while the tables were empty.
SELECT count(*) FROM (SELECT (list_payments(77, '{}', 1, NULL)).id) AS x \g (format=unaligned) /dev/null
SELECT max(id) AS last_order FROM orders WHERE tenant_id = 77 \gset
INSERT INTO payment (tenant_id, order_id, method, provider, status, amount, currency)
SELECT 77, :last_order, 'manual', 'manual', 'closed', 1000, 'USD' FROM generate_series(1, 25000);
ANALYZE payment;
SELECT is(cardinality(pg_temp.ids('list_payments', '{"status": "failed"}', 10)), 0, 'a filter without a match in the window finds nothing');
SELECT is((SELECT r.searched_to FROM list_payments(77, '{"status": "failed"}', 10, NULL) AS r), (SELECT id FROM payment WHERE tenant_id = 77 ORDER BY id DESC OFFSET 9999 LIMIT 1),
          'the page states where the next one begins');
SELECT is(pg_temp.pages('list_payments', '{"status": "paid"}', 5), x.ids, 'all pages together have every row') FROM (SELECT array_agg(id ORDER BY id DESC) AS ids FROM payment WHERE tenant_id = 77 AND status = 'paid') AS x;
CREATE FUNCTION pg_temp.milliseconds(p_sql text) RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
    v_start timestamptz;
BEGIN
    EXECUTE p_sql;
    v_start := clock_timestamp();
    EXECUTE p_sql;
    RETURN 1000 * extract(epoch FROM clock_timestamp() - v_start);
END
$$;
-- The second step looks ids up. A plan that reads the table in the order of the page is fast only for the newest rows.
SELECT min(id) + 500 AS old FROM payment WHERE tenant_id = 77 \gset
SELECT cmp_ok(pg_temp.milliseconds(format($$SELECT list_payments(77, '{}', 400, %s)$$, :old)), '<', 500::double precision, 'a page of old rows takes less than half a second');
SELECT cmp_ok(pg_temp.milliseconds(l), '<', 500::double precision, 'in less than half a second: ' || l)
FROM unnest(ARRAY[$$SELECT list_payments(77, '{}', 51, NULL)$$, $$SELECT list_payments(77, '{"status": "failed"}', 51, NULL)$$, $$SELECT list_payments(77, '{"user": "alice"}', 51, NULL)$$,
                  $$SELECT list_payments(77, '{"status": "confirming"}', 51, NULL)$$, $$SELECT read_summary(77)$$]) AS l;

-- A list of a user or an order does not read the rows of others.
INSERT INTO mail (tenant_id, order_id, template, recipient)
SELECT 77, o.id, 'pay_link', 'a@example.com' FROM orders o, generate_series(1, 200) WHERE o.tenant_id = 77 AND o.id <> :slow;
INSERT INTO refund (tenant_id, order_id, payment_id, amount, currency, prior_state, status, settled_at)
SELECT 77, :last_order, pg_temp.payment_of(:last_order), 1, 'USD', 'paid', 'failed', now() FROM generate_series(1, 2000);
ANALYZE mail, refund;
CREATE FUNCTION pg_temp.rows_read(p_table text, p_sql text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_before bigint := (SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables WHERE schemaname = 'orders' AND relname = p_table);
BEGIN
    EXECUTE p_sql;
    RETURN (SELECT idx_tup_fetch + seq_tup_read - v_before FROM pg_stat_xact_user_tables WHERE schemaname = 'orders' AND relname = p_table);
END
$$;
SELECT cmp_ok(pg_temp.rows_read(x.t, x.l), '<', 100::bigint, 'reads few rows of ' || x.t || ': ' || x.l)
FROM (VALUES ('payment', $$SELECT list_payments(77, '{"user": "bob"}', 51, NULL)$$), ('payment', format($$SELECT list_payments(77, '{"order": "%s"}', 51, NULL)$$, :slow)),
             ('payment', $$SELECT list_payments(77, '{"status": "confirming"}', 51, NULL)$$), ('refund', $$SELECT list_refunds(77, '{"user": "bob"}', 51, NULL)$$),
             ('refund', $$SELECT list_refunds(77, '{"by_hand": true}', 51, NULL)$$), ('mail', format($$SELECT list_mails(77, '{"order": "%s"}', 51, NULL)$$, :slow))) AS x (t, l);

-- The plans of the first step: an index in the order of the page, and no sort.
CREATE FUNCTION pg_temp.plan_of(p_sql text) RETURNS text LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_line text;
    v_plan text := '';
BEGIN
    FOR v_line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || p_sql LOOP
        v_plan := concat_ws(' ', v_plan, substring(v_line FROM '(Sort|(?:Index(?: Only)? Scan(?: Backward)?|Seq Scan) (?:using \w+|on \w+))'));
    END LOOP;
    RETURN btrim(v_plan);
END
$$;
SELECT matches(pg_temp.plan_of(p.sql), '^Index (Only )?Scan Backward using ' || p.index || '$', p.index || ' sorts: ' || p.sql)
FROM (VALUES ('payment_pkey', 'SELECT x.id FROM payment x WHERE x.tenant_id = 77 AND x.id < 9000000000 ORDER BY x.id DESC LIMIT 51'),
             ('refund_pkey', 'SELECT x.id FROM refund x WHERE x.tenant_id = 77 AND x.id < 9000000000 ORDER BY x.id DESC LIMIT 51'),
             ('refund_pending_by_id', $$SELECT x.id FROM refund x WHERE x.tenant_id = 77 AND x.status = 'pending' AND x.id < 9000000000 ORDER BY x.id DESC LIMIT 51$$),
             ('invoice_pkey', 'SELECT x.id FROM invoice x WHERE x.tenant_id = 77 AND x.id < 9000000000 ORDER BY x.id DESC LIMIT 51'),
             ('cart_pkey', 'SELECT x.id FROM cart x WHERE x.tenant_id = 77 AND x.id < 9000000000 ORDER BY x.id DESC LIMIT 51'),
             ('cart_by_owner', 'SELECT x.id FROM cart x WHERE x.tenant_id = 77 AND x.user_id = 5 AND x.user_id > 0 AND x.id < 9000000000 ORDER BY x.id DESC LIMIT 51'),
             ('mail_pkey', 'SELECT x.id FROM mail x WHERE x.tenant_id = 77 AND x.id < 9000000000 ORDER BY x.id DESC LIMIT 51'),
             ('mail_dead', 'SELECT x.id FROM mail x WHERE x.tenant_id = 77 AND x.dead AND x.id < 9000000000 ORDER BY x.id DESC LIMIT 51'),
             ('coupon_redemption_by_age', 'SELECT x.order_id FROM coupon_redemption x WHERE x.tenant_id = 77 AND x.coupon_id = 5 AND x.order_id > 0 AND x.order_id < 9000000000 ORDER BY x.order_id DESC LIMIT 51'),
             ('posting_by_debit_user', 'SELECT t.id FROM posting t WHERE t.tenant_id = 77 AND t.debit_user_id = 5 AND t.debit_user_id IS NOT NULL AND t.id < 9000000000 ORDER BY t.id DESC LIMIT 51'),
             ('posting_by_credit_user', 'SELECT t.id FROM posting t WHERE t.tenant_id = 77 AND t.credit_user_id = 5 AND t.credit_user_id IS NOT NULL AND t.id < 9000000000 ORDER BY t.id DESC LIMIT 51'),
             ('due_next', $$SELECT d.id FROM due d WHERE d.tenant_id = 77 AND d.channel = '' AND d.kind = 'expiry' ORDER BY d.due_at DESC LIMIT 51$$)) AS p (index, sql);

-- No list and no summary shows rows of another tenant.
INSERT INTO tenant (id, name, currency) VALUES (78, 'other', 'USD');
SELECT is((SELECT count(*) FROM list_payments(78, '{}', 50, NULL)) + (SELECT count(*) FROM list_refunds(78, '{}', 50, NULL)) + (SELECT count(*) FROM list_carts(78, '{}', 50, NULL))
          + (SELECT count(*) FROM list_mails(78, '{}', 50, NULL)) + (SELECT count(*) FROM list_invoices(78, '{}', 50, NULL)) + (SELECT count(*) FROM read_payment(78, pg_temp.payment_of(:slow))), 0::bigint,
          'another tenant sees nothing');
SELECT is((SELECT (document::jsonb - '{at,orders_since}'::text[])::text ~ '[1-9]' FROM read_summary(78)), false, 'its queues are empty');
SELECT * FROM finish();
ROLLBACK;
