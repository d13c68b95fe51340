-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.invoice(p_order bigint) RETURNS orders.invoice LANGUAGE sql AS $$
    SELECT i FROM orders.invoice i WHERE i.tenant_id = 77 AND i.order_id = p_order
$$;
CREATE FUNCTION pg_temp.sold(p_transaction text, p_products jsonb DEFAULT '[{"number": "L-RED"}]', p_who text DEFAULT 'sally', p_company text DEFAULT 'acme') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_order bigint := pg_temp.sell('cash', true, p_products, 900, p_who, p_company);
BEGIN
    PERFORM pg_temp.settle(v_order, p_transaction, p_who);
    RETURN v_order;
END
$$;

-- What may be billed.
SELECT pg_temp.sell('cash') AS open, pg_temp.sell('external') AS slow, pg_temp.sell('cash') AS off, pg_temp.sell('external') AS late, pg_temp.sell(p_products => '[{"number": "L-GIFT"}]') AS free \gset
SELECT is(pg_temp.paypal('confirming', :slow), 'done', 'one is thought over');
SELECT pg_temp.call_off(:off) \g (format=unaligned) /dev/null
SELECT pg_temp.let_expire(:late) \g (format=unaligned) /dev/null
SELECT is(pg_temp.paypal('paid', :late, 'PP-1'), 'done', 'one was paid too late');
SELECT is(pg_temp.told(format('SELECT pg_temp.bill(%s)', o.id)), 'OR409 order_not_billable: ' || o.states, 'not billed: ' || o.states)
FROM (VALUES (:open, 'open unpaid'), (:slow, 'open confirming'), (:off, 'cancelled closed')) AS o (id, states);
SELECT is(pg_temp.told(format('SELECT pg_temp.bill(%s)', :late)), 'OR409 order_refunded: expired refund_pending', 'nor is money that goes back at once');
SELECT is(pg_temp.refusal('SELECT pg_temp.bill(0)'), 'OR404 not_found', 'a missing order is not found');
SELECT is((SELECT count(*) FROM number_series WHERE tenant_id = 77), 0::bigint, 'refusals take no number');

-- Numbers, by issuer.
SELECT pg_temp.sold('X1') AS a, pg_temp.sold('X2') AS b, pg_temp.sold('X3', p_who => 'bert', p_company => 'bold') AS c, pg_temp.buy('alice') AS d \gset
SELECT is(pg_temp.bill(o.id), 'done', o.what || ' is billed')
FROM (VALUES (:a, 'a paid order'), (:b, 'another one'), (:c, 'one of another company'), (:d, 'one of the tenant''s own'), (:free, 'one that was free')) AS o (id, what);
SELECT is((SELECT string_agg(replace(number, to_char(now() AT TIME ZONE 'UTC', 'YYMMDD'), '-'), ' ' ORDER BY id) FROM invoice WHERE tenant_id = 77), 'AAAA-000001IN AAAA-000002IN BB-000001IN INV-000001IN AAAA-000003IN',
          'numbers have prefix, day and a sequence of the issuer''s own');
SELECT is(pg_temp.bill(:a), 'unchanged', 'an order has one invoice');
SELECT is((SELECT count(*) FROM invoice WHERE tenant_id = 77 AND order_id = :a), 1::bigint, 'really');
SELECT is((SELECT string_agg(last_number::text, ' ' ORDER BY series) FROM number_series WHERE tenant_id = 77), (SELECT string_agg(n, ' ' ORDER BY s) FROM (SELECT 'invoice ' || id, CASE external_ref WHEN 'acme' THEN '3' ELSE '1' END
           FROM company WHERE tenant_id = 77 AND external_ref IN ('acme', 'bold') UNION ALL VALUES ('invoice tenant', '1')) AS x (s, n)), 'no number is lost');
SELECT is((SELECT version FROM orders WHERE id = :a), 3, 'the order has a new version');
SELECT is((SELECT company_id FROM invoice WHERE tenant_id = 77 AND order_id = :d), NULL, 'the tenant itself is no company');
SELECT is((SELECT ROW(i.id, i.number, i.company_id, i.issuer)::text FROM issue_invoice(77, 'operator', 'operator', 1, 'invoice', NULL, NULL, :a) AS r, unnest((r."order").invoices) AS i),
          (SELECT ROW(i.id, i.number, i.company_id, 'Acme')::text FROM pg_temp.invoice(:a) AS i), 'the answer shows it');

-- What it says.
SELECT pg_temp.sell('credit_card', true, '[{"number": "L-RED", "quantity": 2, "discount": 300}, {"number": "D-1"}]') AS e \gset
SELECT is(pg_temp.bind(:e), 'done', 'a consumer comes');
SELECT lives_ok(format($$SELECT edit_billing_address(77, 'company', 'buyer', pg_temp.uid('carl'), 'edit', NULL, NULL, %L,
    '{"given_name": "Lee", "family_name": "CC", "email": "lee@example.com", "street": "ABC 1", "street2": "", "city": "Taichung", "state": "TW", "code": "30123", "country": "R.O.C."}')$$, pg_temp.number_of(:e)), 'says whom to bill');
SELECT is(pg_temp.settle(:e, 'X4'), 'done', 'and pays');
UPDATE orders SET notes = 'thanks' WHERE id = :e;
SELECT is(pg_temp.bill(:e), 'done', 'the invoice');
SELECT is((SELECT document - '{issuer,buyer,lines,taxes,payment}'::text[] FROM pg_temp.invoice(:e)), jsonb_build_object('number', (pg_temp.invoice(:e)).number, 'order_number', pg_temp.number_of(:e),
          'issued_at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'currency', 'USD', 'exponent', 2, 'tax_inclusive', true, 'subtotal', 3000, 'discount', 300, 'tax', 138,
          'shipping', 0, 'total', 2700, 'notes', 'thanks'), 'has the order''s totals');
SELECT is((SELECT document -> m.member FROM pg_temp.invoice(:e)), m.value::jsonb, 'and ' || m.member)
FROM (VALUES
    ('issuer', '{"name": "Acme", "address": ["Main 1", "Bern 3000", "CH"], "tax_number": "T-1", "email": "acme@example.com"}'),
    ('buyer', '{"name": "Lee CC", "address": ["ABC 1", "Taichung TW 30123", "R.O.C."], "email": "lee@example.com"}'),
    ('lines', '[{"number": "L-RED", "title": "Lamp", "variant": "Red", "quantity": 2, "unit_price": 1000, "discount": 300, "tax": 0, "amount": 1700},
                {"number": "D-1", "title": "Desk", "variant": "Desk", "quantity": 1, "unit_price": 1000, "discount": 0, "tax": 138, "amount": 1000}]'),
    ('taxes', '[{"key": "CGST", "rate_bp": 800, "amount": 69}, {"key": "SGST", "rate_bp": 800, "amount": 69}]'),
    ('payment', format('{"method": "credit_card", "reference": "X4", "paid_at": "%s"}', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))) AS m (member, value);
SELECT is((SELECT document -> 'buyer' FROM pg_temp.invoice(:a)), 'null', 'nobody known is billed by no name');
SELECT is((SELECT document -> 'buyer' ->> 'name' FROM pg_temp.invoice(:d)), 'Alice', 'a buyer without an address by theirs');
SELECT is((SELECT document -> 'payment' FROM pg_temp.invoice(:free)), 'null', 'a free order has no payment');
SELECT is((SELECT document -> 'issuer' FROM pg_temp.invoice(:d)), '{"name": "test", "address": [], "tax_number": null, "email": null}', 'the tenant issues by its name');
SELECT pg_temp.goods('alice', p_tax_class => 'std', p_inclusive => false, p_coupon => 'TEN') AS f \gset
SELECT is(pg_temp.bill(:f), 'done', 'goods with a coupon and a tax on top');
SELECT is((SELECT string_agg(concat_ws(' ', l ->> 'title', l ->> 'discount', l ->> 'tax', l ->> 'amount'), ', ') FROM pg_temp.invoice(:f) AS i, jsonb_array_elements(i.document -> 'lines') AS l), 'Lamp 200 288 1800, Post 0 0 150', 'show goods and shipping, no line for the coupon');

-- It stays as it is.
SELECT is(pg_temp.refusal(format('UPDATE invoice SET document = %L WHERE tenant_id = 77', '{}')), '23001 rows of invoice are not changed', 'nobody changes an invoice');
SELECT is(pg_temp.refusal('DELETE FROM invoice WHERE tenant_id = 77'), '23001 rows of invoice are not changed', 'or takes it away');
CREATE TEMP TABLE was AS SELECT i.* FROM pg_temp.invoice(:e) AS i;
SELECT is(pg_temp.put('companies', 'acme', '{"name": "Other", "prefix": "OTHER"}'), 'updated', 'when its issuer changes');
SELECT is(pg_temp.refund(:e, 'R4'), 'done', 'or the order is refunded');
SELECT is(pg_temp.bill(:e), 'unchanged', 'and billed again');
SELECT results_eq(format('SELECT i.* FROM pg_temp.invoice(%s) AS i', :e), 'SELECT * FROM was', 'it is as it was');
SELECT is(pg_temp.bill(pg_temp.sold('X5')), 'done', 'the next one');
SELECT is((SELECT substr(number, 1, 5) || sequence FROM invoice WHERE tenant_id = 77 ORDER BY id DESC LIMIT 1), 'OTHER5', 'under the issuer''s new prefix, in its old series');

-- What was refunded before is not invoiced: an invoice states the full total.
SELECT pg_temp.sold('X6') AS whole, pg_temp.buy('alice') AS part, pg_temp.buy('alice', p_method => 'external') AS pending \gset
SELECT is(pg_temp.refund(:whole), 'done', 'a sale of a company is refunded');
SELECT is(pg_temp.create_refunds(:part, 1), 'done', 'of another order a cent');
SELECT is(pg_temp.hear('e1', 'paid', :pending, p_transaction => 'T1'), 'done', 'a third one was paid through a provider');
SELECT is(pg_temp.create_refunds(:pending), 'done', 'which has not given the money back yet');
SELECT is(pg_temp.told(format('SELECT pg_temp.bill(%s)', o.id)), 'OR409 order_refunded: ' || o.states, 'not invoiced: ' || o.states)
FROM (VALUES (:whole, 'completed refunded'), (:part, 'completed partially_refunded'), (:pending, 'completed refund_pending')) AS o (id, states);
SELECT is((SELECT last_number FROM number_series WHERE tenant_id = 77 AND series = 'invoice tenant'), 2, 'no number is taken');

-- Who reads it.
SELECT results_eq(format('SELECT * FROM read_invoice(77, lower(%L))', (pg_temp.invoice(:e)).number),
    format($$SELECT i.id, i.company_id, i.number::text COLLATE "default", 'Acme', i.document::jsonb, i.created_at FROM pg_temp.invoice(%s) AS i$$, :e), 'an invoice is read by its number');
SELECT is_empty(format('SELECT * FROM read_invoice(%s, %L)', c.tenant, c.number), 'not ' || c.number || ' of ' || c.tenant) FROM (VALUES (77, 'nix'), (1, (pg_temp.invoice(:e)).number)) AS c (tenant, number);
CREATE FUNCTION pg_temp.readers(p_order bigint, p_number text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(w.who, ' ') FROM unnest('{alice,carl,cora,sally,sam,mona,mel,bert,olga}'::text[]) AS w (who)
    WHERE EXISTS (SELECT FROM orders_v1.read_own_invoice(77, pg_temp.uid(w.who), lower(pg_temp.number_of(p_order)), lower(p_number)))
$$;
SELECT is(pg_temp.readers(o.id, (pg_temp.invoice(o.id)).number), o.who, o.what)
FROM (VALUES (:e, 'carl sally sam mona mel', 'the buyer and all members of the company'), (:a, 'sally sam mona mel', 'members only where nobody is bound'),
             (:c, 'sally bert', 'members of the other company'), (:d, 'alice', 'the buyer only where no company sells')) AS o (id, who, what);
SELECT is(pg_temp.readers(:a, (pg_temp.invoice(:e)).number), NULL, 'by the number of its own order');
SELECT is(pg_temp.put('memberships', 'm4', '{"company": "acme", "user": "mel", "active": false}'), 'updated', 'who has left');
SELECT is(pg_temp.readers(:a, (pg_temp.invoice(:a)).number), 'sally sam mona', 'reads it no longer');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'the checks find nothing');
SELECT * FROM finish();
ROLLBACK;
