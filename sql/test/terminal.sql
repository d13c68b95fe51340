-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.tell(p_transaction text, p_kind text, p_amount bigint, p_currency text, p_number text) RETURNS SETOF orders_v1.stored LANGUAGE sql AS $$
    SELECT * FROM orders_v1.record_terminal_transaction(77, 'operator', 'operator', pg_temp.uid('olga'), 'terminal', NULL, NULL,
                                                     p_transaction, p_kind, p_amount, p_currency, p_number)
$$;
SELECT id AS a, outcome AS a_code, document AS a_document FROM pg_temp.tell('T1', 'charge', 1000, 'USD', 'aaaa160401000001od') \gset
SELECT is(:'a_code'::text, 'created', 'a charge is stored');
SELECT is(:'a_document'::jsonb - 'created_at' - 'id', '{"transaction_id": "T1", "kind": "charge", "amount": 1000, "currency": "USD", "order_number": "AAAA160401000001OD"}', 'its order number is in upper case');
SELECT results_eq($$SELECT outcome, id FROM pg_temp.tell('T1', 'charge', 1000, 'USD', 'AAAA160401000001OD')$$, format($$VALUES ('unchanged', %s::bigint)$$, :a), 'the same transaction changes nothing');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.tell(%L, %L, %s, %L, %L)', 'T1', c.kind, c.amount, c.currency, c.number)), 'OR409 transaction_id_taken transaction_id', 'another ' || c.what || ' under the same id is refused')
FROM (VALUES ('kind', 'refund', 1000, 'USD', 'AAAA160401000001OD'), ('amount', 'charge', 1001, 'USD', 'AAAA160401000001OD'), ('currency', 'charge', 1000, 'EUR', 'AAAA160401000001OD'),
             ('order', 'charge', 1000, 'USD', 'AAAA160401000002OD'), ('order (NULL)', 'charge', 1000, 'USD', NULL)) AS c (what, kind, amount, currency, number);
SELECT is(pg_temp.refusal($$SELECT pg_temp.tell('T2', 'charge', 1000, 'XXX', NULL)$$), 'OR422 currency_unknown currency', 'an unknown currency is refused');
SELECT is((SELECT outcome FROM pg_temp.tell('t1', 'refund', 5, 'JPY', NULL)), 'created', 'ids are case-sensitive, and the order number is optional');
SELECT is((SELECT document ->> 'order_number' FROM pg_temp.tell('t1', 'refund', 5, 'JPY', NULL)), NULL, 'a missing order number stays missing');
SELECT is((SELECT count(*) FROM terminal_transaction WHERE tenant_id = 77), 2::bigint, 'refused transactions are not stored');

SET LOCAL timezone = 'Asia/Tokyo';
UPDATE terminal_transaction SET created_at = '2026-11-21T10:00:00.7Z' WHERE tenant_id = 77 AND transaction_id = 'T1';
SELECT is((SELECT document ->> 'created_at' FROM pg_temp.tell('T1', 'charge', 1000, 'USD', 'AAAA160401000001OD')), '2026-11-21T10:00:00Z', 'the time is in UTC, whatever the time zone of the session');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
