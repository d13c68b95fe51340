-- SPDX-License-Identifier: Apache-2.0
-- Exports: requests, claims, results, expiry, and the rows of the files.
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

INSERT INTO orders.tenant (id, name, currency) VALUES (2, 'other', 'EUR') ON CONFLICT DO NOTHING;

CREATE FUNCTION pg_temp.request(p_kind text, p_format text, p_from timestamptz DEFAULT NULL, p_to timestamptz DEFAULT NULL, p_tenant integer DEFAULT 1,
                                p_key text DEFAULT NULL)
RETURNS orders_v1.export_view LANGUAGE sql AS $$
    SELECT (w.export).* FROM orders_v1.create_export(p_tenant, 'operator', 'operator', NULL, 'operator.create_export', p_key,
        CASE WHEN p_key IS NOT NULL THEN '\x00'::bytea END, p_kind, p_format, p_from, p_to) AS w
$$;
CREATE FUNCTION pg_temp.drop_export(p_export uuid, p_tenant integer DEFAULT 1) RETURNS text LANGUAGE sql AS $$
    SELECT w.outcome FROM orders_v1.delete_export(p_tenant, 'operator', 'operator', NULL, 'operator.delete_export', NULL, NULL, p_export) AS w
$$;
CREATE FUNCTION pg_temp.state(p_id bigint) RETURNS text LANGUAGE sql AS $$ SELECT e.state FROM orders.export e WHERE e.tenant_id = 1 AND e.id = p_id $$;
CREATE FUNCTION pg_temp.due_in(p_id bigint) RETURNS interval LANGUAGE sql AS $$
    SELECT d.due_at - now() FROM orders.due d WHERE d.tenant_id = 1 AND d.kind = 'export' AND d.id = p_id
$$;

-- A request.
SELECT id AS a, public_id AS a_uuid FROM pg_temp.request('orders', 'ndjson') \gset
SELECT is(pg_temp.state(:a), 'queued', 'a new export waits');
SELECT is(pg_temp.due_in(:a), interval '0', 'and is due at once');
SELECT results_eq(format('SELECT id, state, rows, bytes, sha256, expires_at FROM orders_v1.read_export(1, %L)', :'a_uuid'),
                  format('VALUES (%s::bigint, ''queued'', 0::bigint, 0::bigint, NULL::text, NULL::timestamptz)', :a), 'it is read by its UUID');
SELECT is_empty(format('SELECT FROM orders_v1.read_export(2, %L)', :'a_uuid'), 'another tenant does not see it');
SELECT is_empty('SELECT FROM orders_v1.list_exports(2, NULL, NULL, 10, NULL)', 'nor in its list');
SELECT throws_ok(format('SELECT pg_temp.drop_export(%L, 2)', :'a_uuid'), 'OR404', 'not_found', 'nor can it delete it');
SELECT throws_ok($$SELECT pg_temp.request('orders', 'csv', '2026-01-02Z', '2026-01-02Z')$$, 'OR422', 'invalid_field', 'an empty period is refused');

-- A claim.
SELECT is_empty('SELECT FROM orders_v1.claim_export(2, 30)', 'another tenant has nothing to claim');
SELECT results_eq('SELECT id, public_id, kind, format, from_at, to_at, attempt FROM orders_v1.claim_export(1, 30)',
                  format('VALUES (%s::bigint, %L::uuid, ''orders'', ''ndjson'', NULL::timestamptz, NULL::timestamptz, 1)', :a, :'a_uuid'), 'it is claimed');
SELECT is(pg_temp.state(:a), 'running', 'then it runs');
SELECT is(pg_temp.due_in(:a), interval '30 seconds', 'until the lease ends');
SELECT is_empty('SELECT FROM orders_v1.claim_export(1, 30)', 'nobody else can claim it');
SELECT ok(orders_v1.renew_export(1, :a, 1, 60, 5, 500), 'its worker renews the lease');
SELECT is(pg_temp.due_in(:a), interval '60 seconds', 'by the new time');
SELECT results_eq(format('SELECT rows, bytes FROM orders_v1.read_export(1, %L)', :'a_uuid'), 'VALUES (5::bigint, 500::bigint)', 'and reports its progress');
SELECT ok(NOT orders_v1.renew_export(1, :a, 2, 60, 5, 500), 'a worker with another claim cannot renew it');
SELECT ok(NOT orders_v1.renew_export(2, :a, 1, 60, 5, 500), 'nor one for another tenant');

-- An interruption, and a lost lease.
SELECT is(orders_v1.fail_export(1, :a, 1, NULL, NULL), 'queued', 'an interrupted export waits again');
SELECT is(pg_temp.due_in(:a), interval '0', 'and is due at once');
SELECT results_eq(format('SELECT rows, bytes, error_code FROM orders_v1.read_export(1, %L)', :'a_uuid'), 'VALUES (0::bigint, 0::bigint, NULL::text)',
                  'without rows and without an error');
SELECT is(attempt, 2, 'the next claim has the next number') FROM orders_v1.claim_export(1, 30);
SELECT is(orders_v1.fail_export(1, :a, 1, 'disk_full', 'Full.'), NULL, 'the worker of the former claim cannot fail it');
SELECT ok(NOT orders_v1.finish_export(1, :a, 1, 7, 700, repeat('0', 64), now(), interval '7 days'), 'nor finish it');

-- Failures.
SELECT is(orders_v1.fail_export(1, :a, 2, 'disk_full', 'Full.'), 'queued', 'a failed attempt is repeated');
SELECT is(pg_temp.due_in(:a), interval '10 seconds', 'after 10 seconds');
SELECT results_eq(format('SELECT state, error_code, error_message FROM orders_v1.read_export(1, %L)', :'a_uuid'), $$VALUES ('queued', 'disk_full', 'Full.')$$,
                  'and shows its error');
SELECT is_empty('SELECT FROM orders_v1.claim_export(1, 30)', 'it is not due before');
CREATE FUNCTION pg_temp.fail_again(p_id bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    t orders_v1.export_task;
BEGIN
    UPDATE orders.due d SET due_at = now() WHERE d.tenant_id = 1 AND d.kind = 'export' AND d.id = p_id;
    SELECT * INTO t FROM orders_v1.claim_export(1, 30);
    RETURN orders_v1.fail_export(1, p_id, t.attempt, 'disk_full', 'Full.');
END
$$;
SELECT is(pg_temp.fail_again(:a), 'queued', 'second failure');
SELECT is(pg_temp.due_in(:a), interval '20 seconds', 'the wait doubles');
SELECT is(array_agg(pg_temp.fail_again(:a)), '{queued,queued,queued,queued,queued,failed}', 'the eighth failure is the last') FROM generate_series(1, 6);
SELECT is(pg_temp.due_in(:a), NULL, 'a failed export is not due');
SELECT isnt(finished_at, NULL, 'and has ended') FROM orders_v1.read_export(1, :'a_uuid');

-- The end.
SELECT id AS b, public_id AS b_uuid FROM pg_temp.request('lines', 'csv', '2026-01-01Z', '2026-02-01Z') \gset
SELECT is(from_at, '2026-01-01Z'::timestamptz, 'a claim has the period') FROM orders_v1.claim_export(1, 30);
SELECT ok(orders_v1.finish_export(1, :b, 1, 7, 700, repeat('0', 64), now(), interval '7 days'), 'the worker records the file');
SELECT ok(orders_v1.finish_export(1, :b, 1, 7, 700, repeat('0', 64), now(), interval '7 days'), 'and may repeat that');
SELECT results_eq(format('SELECT state, rows, bytes, sha256, snapshot_at, finished_at, expires_at, attempt FROM orders_v1.read_export(1, %L)', :'b_uuid'),
                  $$VALUES ('done', 7::bigint, 700::bigint, repeat('0', 64), now(), now(), now() + interval '7 days', 1)$$, 'a file is kept for some days');
SELECT is(pg_temp.due_in(:b), NULL, 'it is not due any more');
SELECT is(orders_v1.expire_exports(1), 0, 'it does not expire before');
SELECT results_eq($$SELECT id FROM orders_v1.list_exports(1, NULL, NULL, 10, NULL)$$, format('VALUES (%s::bigint), (%s)', :b, :a), 'a list has the newest first');
SELECT results_eq($$SELECT id FROM orders_v1.list_exports(1, 'lines', 'done', 10, NULL)$$, format('VALUES (%s::bigint)', :b), 'and filters');
SELECT is_empty($$SELECT id FROM orders_v1.list_exports(1, NULL, 'expired', 10, NULL)$$, 'by state');
SELECT results_eq(format('SELECT id FROM orders_v1.list_exports(1, NULL, NULL, 10, %s)', :b), format('VALUES (%s::bigint)', :a), 'and continues after an id');

-- Files.
SELECT id AS r, public_id AS r_uuid FROM pg_temp.request('ledger', 'csv') \gset
SELECT attempt FROM orders_v1.claim_export(1, 30);
SELECT set_eq(format('SELECT attempt, export, needed FROM orders_v1.find_export_files(1, ARRAY[%L, %L, %L, %L, %L, gen_random_uuid()]::uuid[], ARRAY[8, 1, 2, 1, 0, 1])',
                     :'a_uuid', :'b_uuid', :'b_uuid', :'r_uuid', :'r_uuid'),
              format('VALUES (8, %L::uuid, false), (1, %L, true), (2, %L, false), (1, %L, true), (0, %L, false)', :'a_uuid', :'b_uuid', :'b_uuid', :'r_uuid', :'r_uuid'),
              'files of failed exports and of other claims are not needed; those of running and finished exports are, and unknown ones are left out');
UPDATE orders.export e SET expires_at = now() WHERE e.tenant_id = 1 AND e.id = :b;
SELECT is(state, 'expired', 'an export is shown as expired when its time has come') FROM orders_v1.read_export(1, :'b_uuid');
SELECT results_eq($$SELECT id FROM orders_v1.list_exports(1, NULL, 'expired', 10, NULL)$$, format('VALUES (%s::bigint)', :b), 'also in lists');
SELECT is(orders_v1.expire_exports(1), 1, 'then the worker expires it');
SELECT ok(NOT needed, 'and its file is not needed') FROM orders_v1.find_export_files(1, ARRAY[:'b_uuid']::uuid[], ARRAY[1]);
UPDATE orders.export e SET updated_at = now() - interval '401 days' WHERE e.tenant_id = 1 AND e.id = :b;
SELECT is(orders_v1.expire_exports(1), 0, 'an expired export is not counted again');
SELECT is_empty(format('SELECT FROM orders_v1.read_export(1, %L)', :'b_uuid'), 'after 400 days its row is deleted');

-- Deletion.
SELECT is(pg_temp.drop_export(:'r_uuid'), 'deleted', 'a running export can be deleted');
SELECT ok(NOT orders_v1.renew_export(1, :r, 1, 30, 1, 1), 'its worker learns that at the next renewal');
SELECT ok(NOT orders_v1.finish_export(1, :r, 1, 7, 700, repeat('0', 64), now(), interval '7 days'), 'and cannot finish it');
SELECT ok(NOT needed, 'its file is not needed') FROM orders_v1.find_export_files(1, ARRAY[:'r_uuid']::uuid[], ARRAY[1]);
SELECT is_empty(format('SELECT FROM orders_v1.read_export(1, %L)', :'r_uuid'), 'it is not found any more');
SELECT throws_ok(format('SELECT pg_temp.drop_export(%L)', :'r_uuid'), 'OR404', 'not_found', 'nor can it be deleted twice');

-- Too many claims.
SELECT id AS c, public_id AS c_uuid FROM pg_temp.request('orders', 'csv') \gset
UPDATE orders.export e SET attempts = 50 WHERE e.tenant_id = 1 AND e.id = :c;
SELECT is_empty('SELECT FROM orders_v1.claim_export(1, 30)', 'an export that was interrupted 50 times is not claimed again');
SELECT results_eq(format('SELECT state, error_code FROM orders_v1.read_export(1, %L)', :'c_uuid'), $$VALUES ('failed', 'too_many_attempts')$$, 'but has failed');

-- Limits, and repeated requests.
SELECT public_id AS k FROM pg_temp.request('orders', 'csv', p_key => 'k1') \gset
SELECT is(public_id, :'k', 'a repeated request returns the same export') FROM pg_temp.request('orders', 'csv', p_key => 'k1');
SELECT pg_temp.request('orders', 'csv') FROM generate_series(1, 4);
SELECT throws_ok($$SELECT pg_temp.request('orders', 'csv')$$, 'OR409', 'too_many_exports', 'a tenant has at most 5 open exports');
SELECT lives_ok($$SELECT pg_temp.request('orders', 'csv', p_tenant => 2)$$, 'another tenant has its own');
UPDATE orders.export e SET state = 'done', sha256 = 'x', snapshot_at = now(), finished_at = now(), expires_at = now() + interval '1 day'
WHERE e.tenant_id = 1 AND e.state = 'queued';
INSERT INTO orders.export (tenant_id, kind, format, state, sha256, snapshot_at, finished_at, expires_at)
SELECT 1, 'orders', 'csv', 'done', 'x', now(), now(), now() + interval '1 day' FROM generate_series(1, 95);
SELECT throws_ok($$SELECT pg_temp.request('orders', 'csv')$$, 'OR409', 'too_many_exports', 'and at most 100 that are kept');
UPDATE orders.export e SET expires_at = now() WHERE e.tenant_id = 1 AND e.public_id = :'k';
SELECT lives_ok($$SELECT pg_temp.request('orders', 'csv')$$, 'an expired one does not count');

-- Rows.
SELECT pg_temp.buy('alice') AS o \gset
SELECT set_eq($$SELECT number, total FROM orders_v1.export_order WHERE tenant_id = 1$$, $$SELECT number::text, total FROM orders.orders WHERE tenant_id = 1$$,
              'the view has each order');
SELECT is(sum(subtotal - discount), (SELECT sum(l.subtotal - l.discount) FROM orders.order_line l WHERE l.tenant_id = 1), 'and each line')
FROM orders_v1.export_line WHERE tenant_id = 1;
SELECT is(count(*), (SELECT count(*) FROM orders.posting p WHERE p.tenant_id = 1), 'and each ledger entry') FROM orders_v1.export_posting WHERE tenant_id = 1;

-- The session.
SELECT is(orders_v1.begin_export(), now(), 'the session of an export has the time of its snapshot');
SELECT is(current_setting('enable_sort') || current_setting('statement_timeout') || current_setting('client_connection_check_interval'), 'off01s',
          'and keeps its settings after the function');

CREATE FUNCTION pg_temp.plan_of(p_query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || p_query;
END
$$;
SELECT is_empty(format($$SELECT p FROM pg_temp.plan_of(%L) AS p WHERE p ~ '^\s*(->\s+)?(Sort$|Hash|Seq Scan|Bitmap|Materialize|Gather|Merge Join)'$$, q),
                'the rows are streamed: ' || q)
FROM unnest(ARRAY[
    'SELECT orders_v1.portable_order(v.tenant_id, v.id) FROM orders_v1.order_view AS v WHERE v.tenant_id = 1 AND v.created_at >= ''-infinity'' AND v.created_at < ''infinity'' ORDER BY v.created_at, v.id',
    'SELECT * FROM orders_v1.export_order WHERE tenant_id = 1 AND created_at >= ''-infinity'' AND created_at < ''infinity'' ORDER BY created_at, id',
    'SELECT * FROM orders_v1.export_line WHERE tenant_id = 1 AND created_at >= ''-infinity'' AND created_at < ''infinity'' ORDER BY created_at, order_id, line_id',
    'SELECT * FROM orders_v1.export_posting WHERE tenant_id = 1 AND created_at >= ''-infinity'' AND created_at < ''infinity'' ORDER BY id']) AS q;

SELECT * FROM finish();
ROLLBACK;
