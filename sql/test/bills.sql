-- SPDX-License-Identifier: Apache-2.0
-- Bills of orders that are paid when they are placed, and their documents.
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

SELECT pg_temp.operator_put('products', 'mug', '{"name": "Mug", "tax_class": "std", "variants": [{"ref": "one", "prices": {"USD": 100}}]}'),
       pg_temp.top_up('alice', 100000) \g (format=unaligned) /dev/null
CREATE FUNCTION pg_temp.order_it(p_document jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT ("order").id FROM orders_v1.place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL,
        '{"dialect": "shop", "user": "alice", "payment_method": "balance", "currency": "USD", "lines": [{"product": "mug"}], "shipping_address": {"city": "Basel"}}'::jsonb || p_document, 900)
$$;
CREATE FUNCTION pg_temp.bill_no(p_order bigint) RETURNS text LANGUAGE sql AS $$ SELECT right(bill_no, 4) FROM orders.orders WHERE tenant_id = 77 AND id = p_order $$;
CREATE FUNCTION pg_temp.read(p_order bigint) RETURNS jsonb LANGUAGE sql AS $$ SELECT document FROM orders_v1.read_bill(77, NULL, p_order) $$;
CREATE FUNCTION pg_temp.due() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM orders.due WHERE tenant_id = 77 AND kind = 'bill' $$;
CREATE FUNCTION pg_temp.tenants() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(t::text, ' ') FROM orders_v1.tenants_to_bill() AS t WHERE t = 77 $$;

-- The worker.
SELECT is(pg_temp.tenants(), NULL, 'no order awaits a bill');
SELECT pg_temp.order_it() AS a, pg_temp.order_it() AS b, pg_temp.order_it() AS c, pg_temp.order_it('{"payment_method": "cod"}') AS d,
       pg_temp.order_it('{"lines": [{"plan": "basic"}], "shipping_address": null}') AS e,
       pg_temp.order_it('{"lines": [{"product": "mug", "discount": 100}]}') AS f \gset
SELECT is((SELECT string_agg(bill_no, '') FROM orders WHERE tenant_id = 77), NULL, 'no order that is placed has a bill number');
SELECT is(pg_temp.due(), 4::bigint, 'paid orders with goods are in the queue, including a free one');
SELECT is(pg_temp.tenants(), '77', 'the tenant has bills to issue');
SELECT is(issue_bills(77, 2), 2, 'a call issues at most its limit');
SELECT is(ARRAY[pg_temp.bill_no(:a), pg_temp.bill_no(:b), pg_temp.bill_no(:c)], '{0001,0002,NULL}', 'bills are numbered in the sequence of the orders');
SELECT is(issue_bills(77, 100), 2, 'the next call issues the rest');
SELECT is(ARRAY[pg_temp.bill_no(:c), pg_temp.bill_no(:f), pg_temp.bill_no(:d), pg_temp.bill_no(:e)], '{0003,0004,NULL,NULL}', 'other orders get no bill');
SELECT is(issue_bills(77, 100), 0, 'each order gets one bill');
SELECT is(pg_temp.due(), 0::bigint, 'the queue is empty');
SELECT is((SELECT count(*) FROM bill_document WHERE tenant_id = 77), 0::bigint, 'no document exists before a bill is read');
SELECT is((SELECT DISTINCT version FROM orders WHERE id = :a), 1, 'a bill does not increment the version of its order');

-- The document keeps the data at the time of issue.
SELECT pg_temp.order_it() AS g \gset
SELECT right(pg_temp.read(:g) ->> 'number', 4) AS number \gset
SELECT is(:'number'::text, '0005', 'the first read issues an unissued bill with the next number');
SELECT is(pg_temp.bill_no(:g), '0005', 'the order has the number');
SELECT is(pg_temp.due(), 0::bigint, 'the worker need not issue it');
SELECT pg_temp.order_it('{"company": "acme", "billing_address": {"given_name": "Al", "family_name": "Ice", "city": "Bern"}, "notes": "N"}') AS x \gset
SELECT pg_temp.order_it() AS y \gset
SELECT is(issue_bills(77, 100), 2, 'two more bills are issued');
SELECT pg_temp.put('companies', 'acme', '{"name": "Acme 2", "prefix": "AAAA", "email": "new@example.com", "tax_number": "T-2", "address": {"city": "Thun"}}'),
       pg_temp.put('users', 'alice', '{"name": "Alicia", "email": "alicia@example.com"}'),
       pg_temp.put('tax-rates', 'vat', '{"tax_class": "std", "key": "NEW", "rate_bp": 2000}'),
       pg_temp.put('products', 'mug', '{"name": "Cup", "tax_class": "std", "variants": [{"ref": "one", "prices": {"USD": 999}}]}') \g (format=unaligned) /dev/null
UPDATE tenant SET name = 'other', time_zone = 'Pacific/Kiritimati', currency = 'EUR', tax_inclusive = NOT tax_inclusive, bill_series = 'NEW' WHERE id = 77;
SELECT outcome FROM advance(77, 'operator', 'operator', NULL, 'go', NULL, NULL, :y, 'packed', NULL, NULL, NULL, NULL) \g (format=unaligned) /dev/null
SELECT outcome FROM correct_address(77, 'operator', 'operator', NULL, 'go', NULL, NULL, :y, '{"shipping_address": {"city": "Chur"}}', NULL) \g (format=unaligned) /dev/null
SELECT outcome FROM ship(77, 'operator', 'operator', NULL, 'go', NULL, NULL, :y, '{"courier": "C", "service": "S"}', NULL) \g (format=unaligned) /dev/null
SELECT pg_temp.create_refunds(:x, 50) \g (format=unaligned) /dev/null
SELECT is(pg_temp.read(:x) -> 'issuer', '{"name": "Acme", "email": "acme@example.com", "address": ["Main 1", "Bern 3000", "CH"], "tax_number": "T-1"}', 'the issuer is that of the time of issue');
SELECT is(pg_temp.read(:x) -> 'buyer' ->> 'name', 'Al Ice', 'the billing address names the buyer');
SELECT is(pg_temp.read(:y) -> 'issuer' ->> 'name', 'test', 'the issuing tenant is that of the time of issue');
SELECT is(pg_temp.read(:y) -> 'buyer', '{"name": "Alice", "email": "alice@example.com", "address": ["Basel"]}', 'the buyer and the shipping address are those of the time of issue');
SELECT is(pg_temp.read(:y) ->> 'issued_at', utc_time(now()), 'the time zone is that of the time of issue');
SELECT is((SELECT ROW(d ->> 'number', d ->> 'order_number', d ->> 'currency', d ->> 'exponent', d ->> 'tax_inclusive', d ->> 'subtotal', d ->> 'discount', d ->> 'shipping', d ->> 'total',
                      d ->> 'notes', d -> 'lines' -> 0 ->> 'title', d -> 'lines' -> 0 ->> 'amount', d -> 'payment' ->> 'method')::text FROM pg_temp.read(:x) AS d),
    (SELECT ROW(bill_no, number, 'USD', 2, tax_inclusive::text, 100, 0, 0, total, 'N', 'Mug', 100, 'balance')::text FROM orders WHERE id = :x), 'the other members of the bill are those of the order');
SELECT is((SELECT document FROM bill_document WHERE order_id = :x) || jsonb_build_object('payment', pg_temp.read(:x) -> 'payment'), pg_temp.read(:x), 'the first read stores the document');
SELECT is((SELECT count(*) FROM bill_document WHERE order_id = :x), 1::bigint, 'the document is stored once');

-- A correction of the order issues its unissued bill first.
SELECT pg_temp.order_it() AS z \gset
SELECT outcome FROM correct_address(77, 'operator', 'operator', NULL, 'go', NULL, NULL, :z, '{"shipping_address": {"city": "Chur"}}', NULL) \g (format=unaligned) /dev/null
SELECT is(pg_temp.read(:z) -> 'buyer' -> 'address', '["Basel"]', 'a corrected address does not change the bill of a paid order');
SELECT is(pg_temp.due(), 0::bigint, 'the correction issues the bill');
SELECT pg_temp.order_it() AS k \gset
SELECT outcome FROM advance(77, 'operator', 'operator', NULL, 'go', NULL, NULL, :k, 'confirmed', NULL, NULL, NULL, NULL) \g (format=unaligned) /dev/null
SELECT isnt((SELECT bill_no FROM orders WHERE id = :k), NULL, 'confirming an order issues its bill');
SELECT is(pg_temp.due(), 0::bigint, 'the order is no longer in the queue');
SELECT pg_temp.order_it() AS m \gset
SELECT pg_temp.drop_it('alice', :m, 'shop') \g (format=unaligned) /dev/null
SELECT is(pg_temp.due(), 1::bigint, 'a cancelled paid order still awaits its bill');
SELECT is(issue_bills(77, 100), 1, 'the worker issues it');
SELECT is(pg_temp.states(:m), 'cancelled refunded pending', 'the order is cancelled');

-- Bills are immutable.
SELECT throws_ok(format('UPDATE orders.bill SET sequence = 9 WHERE order_id = %s', :a), '23001', NULL, 'a bill cannot be changed');
SELECT throws_ok(format('DELETE FROM orders.bill WHERE order_id = %s', :a), '23001', NULL, 'a bill cannot be deleted');
SELECT throws_ok(format('UPDATE orders.bill_document SET document = ''{}'' WHERE order_id = %s', :x), '23001', NULL, 'its document cannot be changed');
SELECT throws_ok(format('DELETE FROM orders.bill_document WHERE order_id = %s', :x), '23001', NULL, 'its document cannot be deleted');
SELECT is((SELECT string_agg(series || ' ' || sequence, ', ' ORDER BY series, sequence) FROM bill WHERE tenant_id = 77 AND series ~ '^NEW'),
    (SELECT string_agg(bill_series_at(77, now()) || ' ' || n, ', ' ORDER BY n) FROM generate_series(1, 3) AS n), 'a new series starts with 1');

-- One order holds up no other.
SELECT pg_temp.order_it() AS bad, pg_temp.order_it() AS good \gset
INSERT INTO due (tenant_id, kind, id, channel, due_at) SELECT 77, 'bill', 900000000 + n, '', now() - interval '1 hour' FROM generate_series(1, 3) AS n;
SELECT is(issue_bills(77, 3), 0, 'the oldest work is for orders that do not exist');
SELECT is(pg_temp.due(), 2::bigint, 'work for orders that do not exist is removed');
ALTER TABLE bill ADD CONSTRAINT bill_of_another_order CHECK (order_id <> :bad) NOT VALID;
SELECT is(issue_bills(77, 100), 1, 'an order that cannot be billed does not hold up the next one');
SELECT is(ARRAY[pg_temp.bill_no(:bad), pg_temp.bill_no(:good)], '{NULL,0004}', 'an order that cannot be billed takes no number');
SELECT is((SELECT due_at - now() FROM due WHERE tenant_id = 77 AND kind = 'bill' AND id = :bad), interval '5 seconds', 'its bill is due again after 5 seconds');
ALTER TABLE bill DROP CONSTRAINT bill_of_another_order;
UPDATE due SET due_at = now() WHERE tenant_id = 77 AND kind = 'bill' AND id = :bad;
SELECT is(issue_bills(77, 100), 1, 'an order that can be billed again gets its bill');
SELECT is(pg_temp.bill_no(:bad), '0005', 'the bill has the next number');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
