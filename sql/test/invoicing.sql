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

-- Orders that can be invoiced.
SELECT pg_temp.sell('cash') AS open, pg_temp.sell('external') AS slow, pg_temp.sell('cash') AS off, pg_temp.sell('external') AS late, pg_temp.sell(p_products => '[{"number": "L-GIFT"}]') AS free \gset
SELECT is(pg_temp.paypal('confirming', :slow), 'done', 'the payment of an order is being confirmed');
SELECT pg_temp.call_off(:off) \g (format=unaligned) /dev/null
SELECT pg_temp.let_expire(:late) \g (format=unaligned) /dev/null
SELECT is(pg_temp.paypal('paid', :late, 'PP-1'), 'done', 'a late payment is refunded');
SELECT is(pg_temp.told(format('SELECT pg_temp.bill(%s)', o.id)), 'OR409 order_not_billable: ' || o.states, 'an order is not invoiced: ' || o.states)
FROM (VALUES (:open, 'open unpaid'), (:slow, 'open confirming'), (:off, 'cancelled closed')) AS o (id, states);
SELECT is(pg_temp.told(format('SELECT pg_temp.bill(%s)', :late)), 'OR409 order_refunded: expired refund_pending', 'an order whose late payment is being refunded is refused');
SELECT is(pg_temp.refusal('SELECT pg_temp.bill(0)'), 'OR404 not_found', 'an unknown order is not found');
SELECT is((SELECT count(*) FROM number_series WHERE tenant_id = 77), 0::bigint, 'refusals take no number');

-- Numbers by issuer.
SELECT pg_temp.sold('X1') AS a, pg_temp.sold('X2') AS b, pg_temp.sold('X3', p_who => 'bert', p_company => 'bold') AS c, pg_temp.buy('alice') AS d \gset
SELECT is(pg_temp.bill(o.id), 'done', o.what || ' is invoiced')
FROM (VALUES (:a, 'a paid order'), (:b, 'another paid order'), (:c, 'an order of another company'), (:d, 'an order of the tenant'), (:free, 'a free order')) AS o (id, what);
SELECT is((SELECT string_agg(replace(number, to_char(now() AT TIME ZONE 'UTC', 'YYMMDD'), '-'), ' ' ORDER BY id) FROM invoice WHERE tenant_id = 77), 'AAAA-000001IN AAAA-000002IN BB-000001IN INV-000001IN AAAA-000003IN',
          'a number has the prefix, the day and a sequence of the issuer');
SELECT is(pg_temp.bill(:a), 'unchanged', 'invoicing again changes nothing');
SELECT is((SELECT count(*) FROM invoice WHERE tenant_id = 77 AND order_id = :a), 1::bigint, 'an order has one invoice');
SELECT is((SELECT string_agg(last_number::text, ' ' ORDER BY series) FROM number_series WHERE tenant_id = 77), (SELECT string_agg(n, ' ' ORDER BY s) FROM (SELECT 'invoice ' || id, CASE external_ref WHEN 'acme' THEN '3' ELSE '1' END
           FROM company WHERE tenant_id = 77 AND external_ref IN ('acme', 'bold') UNION ALL VALUES ('invoice tenant', '1')) AS x (s, n)), 'no number is skipped');
SELECT is((SELECT version FROM orders WHERE id = :a), 3, 'the invoice increments the version');
SELECT is((SELECT company_id FROM invoice WHERE tenant_id = 77 AND order_id = :d), NULL, 'an invoice of the tenant has no company');
SELECT is((SELECT ROW(i.id, i.number, i.company_id, i.issuer)::text FROM issue_invoice(77, 'operator', 'operator', 1, 'invoice', NULL, NULL, :a) AS r, unnest((r."order").invoices) AS i),
          (SELECT ROW(i.id, i.number, i.company_id, 'Acme')::text FROM pg_temp.invoice(:a) AS i), 'the response has the invoice');

-- Content of the document.
SELECT pg_temp.sell('credit_card', true, '[{"number": "L-RED", "quantity": 2, "discount": 300}, {"number": "D-1"}]') AS e \gset
SELECT is(pg_temp.bind(:e), 'done', 'a consumer claims an order');
SELECT lives_ok(format($$SELECT edit_billing_address(77, 'company', 'buyer', pg_temp.uid('carl'), 'edit', NULL, NULL, %L,
    '{"given_name": "Lee", "family_name": "CC", "email": "lee@example.com", "street": "ABC 1", "street2": "", "city": "Taichung", "state": "TW", "code": "30123", "country": "R.O.C."}')$$, pg_temp.number_of(:e)), 'the consumer sets the billing address');
SELECT is(pg_temp.settle(:e, 'X4'), 'done', 'the order is paid');
UPDATE orders SET notes = 'thanks' WHERE id = :e;
SELECT is(pg_temp.bill(:e), 'done', 'the order is invoiced');
SELECT is((SELECT document - '{issuer,buyer,lines,taxes,payment}'::text[] FROM pg_temp.invoice(:e)), jsonb_build_object('number', (pg_temp.invoice(:e)).number, 'order_number', pg_temp.number_of(:e),
          'issued_at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'currency', 'USD', 'exponent', 2, 'tax_inclusive', true, 'subtotal', 3000, 'discount', 300, 'tax', 138,
          'shipping', 0, 'total', 2700, 'notes', 'thanks'), 'the invoice has the totals of the order');
SELECT is((SELECT document -> m.member FROM pg_temp.invoice(:e)), m.value::jsonb, 'the invoice has its ' || m.member)
FROM (VALUES
    ('issuer', '{"name": "Acme", "address": ["Main 1", "Bern 3000", "CH"], "tax_number": "T-1", "email": "acme@example.com"}'),
    ('buyer', '{"name": "Lee CC", "address": ["ABC 1", "Taichung TW 30123", "R.O.C."], "email": "lee@example.com"}'),
    ('lines', '[{"number": "L-RED", "title": "Lamp", "variant": "Red", "quantity": 2, "unit_price": 1000, "discount": 300, "tax": 0, "amount": 1700},
                {"number": "D-1", "title": "Desk", "variant": "Desk", "quantity": 1, "unit_price": 1000, "discount": 0, "tax": 138, "amount": 1000}]'),
    ('taxes', '[{"key": "CGST", "rate_bp": 800, "amount": 69}, {"key": "SGST", "rate_bp": 800, "amount": 69}]'),
    ('payment', format('{"method": "credit_card", "reference": "X4", "paid_at": "%s"}', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))) AS m (member, value);
SELECT is((SELECT document -> 'buyer' FROM pg_temp.invoice(:a)), 'null', 'an order without a buyer has no billed customer');
SELECT is((SELECT document -> 'buyer' ->> 'name' FROM pg_temp.invoice(:d)), 'Alice', 'a buyer without an address is billed by name');
SELECT is((SELECT document -> 'payment' FROM pg_temp.invoice(:free)), 'null', 'the invoice of a free order has no payment');
SELECT is((SELECT document -> 'issuer' FROM pg_temp.invoice(:d)), '{"name": "test", "address": [], "tax_number": null, "email": null}', 'an invoice of the tenant has its name');
SELECT pg_temp.goods('alice', p_tax_class => 'std', p_inclusive => false, p_coupon => 'TEN') AS f \gset
SELECT is(pg_temp.bill(:f), 'done', 'goods with a coupon and excluded tax are invoiced');
SELECT is((SELECT string_agg(concat_ws(' ', l ->> 'title', l ->> 'discount', l ->> 'tax', l ->> 'amount'), ', ') FROM pg_temp.invoice(:f) AS i, jsonb_array_elements(i.document -> 'lines') AS l), 'Lamp 200 288 1800, Post 0 0 150', 'an invoice shows goods and shipping, and no line for the coupon');

-- The lines of an address, by the names that each API uses.
SELECT is(orders_v1.address_lines(a.given::jsonb), a.lines::jsonb, a.what)
FROM (VALUES
    ('{"house": "12", "street": "Jalan Ampang", "city": "Kuala Lumpur", "state": "14", "postal_code": "50450", "country": "MY"}',
     '["Jalan Ampang 12", "Kuala Lumpur 14 50450", "MY"]', 'the house is printed after the street'),
    ('{"house": 7, "addressLine1": "Jl. Sudirman", "addressLine2": "Apt 45B", "province": "DKI", "postalCode": 12190}', '["Jl. Sudirman 7", "Apt 45B", "DKI 12190"]',
     'and after addressLine1; a number is printed as text'),
    ('{"house": "Rose Cottage", "city": "Bern", "code": "3000"}', '["Rose Cottage", "Bern 3000"]', 'a house without a street has its own line'),
    ('{"house": " ", "street": "Main 1 ", "street2": "", "city": "", "state": "CA", "country": null}', '["Main 1", "CA"]', 'empty texts and outer spaces are not printed'),
    ('{"street": "", "addressLine1": "Main 1", "street2": "", "addressLine2": "Floor 2"}', '["Main 1", "Floor 2"]', 'an empty field does not hide another field with the same meaning'),
    ('{}', '[]', 'an empty address has no lines')) AS a (given, lines, what);

-- The billing address names the customer.
CREATE FUNCTION pg_temp.billed(p_address jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_order bigint := pg_temp.goods('alice', p_method => 'manual');
BEGIN
    INSERT INTO orders.order_address (tenant_id, order_id, kind, document) VALUES (77, v_order, 'billing', p_address);
    RETURN (SELECT concat_ws(', ', b ->> 'name', b ->> 'email') FROM orders_v1.invoice_buyer(77, v_order, pg_temp.uid('alice')) AS b);
END
$$;
SELECT is(pg_temp.billed(a.given::jsonb), a.buyer, 'the customer is ' || a.what)
FROM (VALUES
    ('{"name": "Bold Ltd", "email": "bold@example.com"}', 'Bold Ltd, bold@example.com', 'name'),
    ('{"receiverName": "Bea Bold", "name": ""}', 'Bea Bold, alice@example.com', 'receiverName'),
    ('{"given_name": "Bea", "family_name": "Bold", "name": "Bold Ltd"}', 'Bea Bold, alice@example.com', 'given_name and family_name'),
    ('{"given_name": "", "receiverName": " ", "name": "", "email": ""}', 'Alice, alice@example.com', 'the buyer if the address has only empty names')) AS a (given, buyer, what);

-- An invoice is immutable.
SELECT is(pg_temp.refusal(format('UPDATE invoice SET document = %L WHERE tenant_id = 77', '{}')), '23001 rows of invoice cannot be changed', 'an invoice cannot be changed');
SELECT is(pg_temp.refusal('DELETE FROM invoice WHERE tenant_id = 77'), '23001 rows of invoice cannot be changed', 'an invoice cannot be deleted');
CREATE TEMP TABLE was AS SELECT i.* FROM pg_temp.invoice(:e) AS i;
SELECT is(pg_temp.put('companies', 'acme', '{"name": "Other", "prefix": "OTHER"}'), 'updated', 'its issuer is changed');
SELECT is(pg_temp.refund(:e, 'R4'), 'done', 'its order is refunded');
SELECT is(pg_temp.bill(:e), 'unchanged', 'invoicing the refunded order again changes nothing');
SELECT results_eq(format('SELECT i.* FROM pg_temp.invoice(%s) AS i', :e), 'SELECT * FROM was', 'the invoice is unchanged');
SELECT is(pg_temp.bill(pg_temp.sold('X5')), 'done', 'the next invoice is issued');
SELECT is((SELECT substr(number, 1, 5) || sequence FROM invoice WHERE tenant_id = 77 ORDER BY id DESC LIMIT 1), 'OTHER5', 'it has the new prefix and the next number of the series');

-- A refunded order is not invoiced, because an invoice states the full total.
SELECT pg_temp.sold('X6') AS whole, pg_temp.buy('alice') AS part, pg_temp.buy('alice', p_method => 'external') AS pending \gset
SELECT is(pg_temp.refund(:whole), 'done', 'an order of a company is refunded');
SELECT is(pg_temp.create_refunds(:part, 1), 'done', 'an order is partially refunded');
SELECT is(pg_temp.hear('e1', 'paid', :pending, p_transaction => 'T1'), 'done', 'an order is paid through a provider');
SELECT is(pg_temp.create_refunds(:pending), 'done', 'its refund is pending');
SELECT is(pg_temp.told(format('SELECT pg_temp.bill(%s)', o.id)), 'OR409 order_refunded: ' || o.states, 'a refunded order is not invoiced: ' || o.states)
FROM (VALUES (:whole, 'completed refunded'), (:part, 'completed partially_refunded'), (:pending, 'completed refund_pending')) AS o (id, states);
SELECT is((SELECT last_number FROM number_series WHERE tenant_id = 77 AND series = 'invoice tenant'), 2, 'refusals take no number');

-- Readers of an invoice.
SELECT results_eq(format('SELECT * FROM read_invoice(77, lower(%L))', (pg_temp.invoice(:e)).number),
    format($$SELECT i.id, i.company_id, i.number::text COLLATE "default", 'Acme', i.document::jsonb, i.created_at FROM pg_temp.invoice(%s) AS i$$, :e), 'an invoice is found by its number');
SELECT is_empty(format('SELECT * FROM read_invoice(%s, %L)', c.tenant, c.number), 'no invoice has the number ' || c.number || ' in tenant ' || c.tenant) FROM (VALUES (77, 'nix'), (1, (pg_temp.invoice(:e)).number)) AS c (tenant, number);
CREATE FUNCTION pg_temp.readers(p_order bigint, p_number text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(w.who, ' ') FROM unnest('{alice,carl,cora,sally,sam,mona,mel,bert,olga}'::text[]) AS w (who)
    WHERE EXISTS (SELECT FROM orders_v1.read_own_invoice(77, pg_temp.uid(w.who), lower(pg_temp.number_of(p_order)), lower(p_number)))
$$;
SELECT is(pg_temp.readers(o.id, (pg_temp.invoice(o.id)).number), o.who, o.what)
FROM (VALUES (:e, 'carl sally sam mona mel', 'the buyer and all members of the company read the invoice'), (:a, 'sally sam mona mel', 'without a buyer only members read the invoice'),
             (:c, 'sally bert', 'members of the other company read its invoice'), (:d, 'alice', 'without a company only the buyer reads the invoice')) AS o (id, who, what);
SELECT is(pg_temp.readers(:a, (pg_temp.invoice(:e)).number), NULL, 'an invoice is not found by the number of another');
SELECT is(pg_temp.put('memberships', 'm4', '{"company": "acme", "user": "mel", "active": false}'), 'updated', 'a member leaves the company');
SELECT is(pg_temp.readers(:a, (pg_temp.invoice(:a)).number), 'sally sam mona', 'a former member cannot read it');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
