-- SPDX-License-Identifier: Apache-2.0
-- Imports of orders of foreign shops: defaults, refused lines, numbers.
BEGIN;
\ir lib/shop.sql
\ir lib/goods.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.order_with(p_members jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT '{"number": "OLD-1", "created_at": "2020-05-01T10:00:00Z", "state": "completed", "payment_state": "paid", "currency": "EUR", "total": 1500,
             "lines": [{"title": "Chair", "unit_price": 500, "quantity": 3}]}'::jsonb || p_members
$$;
CREATE FUNCTION pg_temp.import(VARIADIC p_lines jsonb[]) RETURNS SETOF orders_v1.stored LANGUAGE sql AS $$
    SELECT * FROM orders_v1.import_orders(77, 'operator', 'operator', pg_temp.uid('olga'), 'import', NULL, NULL, p_lines)
$$;
-- 'created', or the code with the field: 'amount_mismatch total'.
CREATE FUNCTION pg_temp.try(p_members jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', i.outcome, i.field) FROM pg_temp.import(pg_temp.order_with(p_members)) AS i
$$;
CREATE FUNCTION pg_temp.portable(p_number text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT orders_v1.portable_order(77, o.id)::jsonb FROM orders.orders o WHERE o.tenant_id = 77 AND o.number = p_number
$$;

-- What a foreign shop may leave out.
SELECT is(pg_temp.try('{}'), 'created', 'an order with a number, a time, states, a currency, a total and lines is imported');
SELECT is(pg_temp.portable('OLD-1') - '{public_id,history,lines,payments}'::text[], '{
    "number": "OLD-1", "dialect": "shop", "created_at": "2020-05-01T10:00:00.000000Z", "updated_at": "2020-05-01T10:00:00.000000Z",
    "paid_at": "2020-05-01T10:00:00.000000Z", "cancelled_at": null, "refunded_at": null, "state": "completed", "payment_state": "paid",
    "fulfilment_state": "none", "payment_method": "manual", "payment_channel": null, "payer": null, "user": null, "claimable": false, "company": null,
    "agent": null, "currency": "EUR", "tax_inclusive": true, "subtotal": 1500, "discount": 0, "tax": 0, "shipping": 0, "total": 1500, "taxes": [],
    "addresses": {"billing": null, "shipping": null}, "refunds": [], "shipments": [], "returns": [], "package": null, "bill": null, "invoice": null,
    "notes": null, "snapshot": null, "metadata": {}}'::jsonb, 'the other members have defaults');
SELECT is((SELECT array_agg(s ->> 'to') FROM jsonb_path_query(pg_temp.portable('OLD-1'), '$.history[*].steps[*]') AS s),
          '{open,unpaid,none,paid,completed}'::text[], 'the history is the shortest one that leads to the states');
SELECT is(pg_temp.portable('OLD-1') #>> '{history,0,actor,ref}', 'olga', 'its operator is the caller');
SELECT is(pg_temp.try('{}'), 'unchanged', 'the same line again changes nothing');
SELECT is(pg_temp.try('{"notes": "other"}'), 'order_exists number', 'another line with its number is refused');
SELECT is(pg_temp.try(jsonb_build_object('number', 'OLD-1B', 'public_id', pg_temp.portable('OLD-1') -> 'public_id')), 'invalid_field public_id', 'a public id is unique');

-- Every combination of states that is not refused violates nothing. A history is made for each.
CREATE TEMP TABLE combination AS
    SELECT row_number() OVER () AS n, s, p, f
    FROM unnest('{open,completed,cancelled,expired,error}'::text[]) AS s, unnest('{unpaid,confirming,paid,failed,closed,partially_refunded,refund_pending,refunded}'::text[]) AS p,
         unnest('{none,pending,confirmed,packed,shipped,out_for_delivery,delivered,returned}'::text[]) AS f;
CREATE TEMP TABLE tried AS
    SELECT c.*, pg_temp.try(jsonb_build_object('number', 'S-' || n, 'state', s, 'payment_state', p, 'fulfilment_state', f, 'refunds', CASE
        WHEN p = 'partially_refunded' THEN '[{"status": "done", "amount": 500}]'::jsonb WHEN p = 'refund_pending' THEN '[{"status": "pending", "amount": 500}]' END)) AS result
    FROM combination c;
SELECT is_empty($$SELECT * FROM tried WHERE result NOT IN ('created', 'state_mismatch state', 'state_mismatch payment_state')$$, 'a combination of states is imported or refused');
SELECT is((SELECT count(*) FROM tried WHERE result = 'created'), 184::bigint, 'the possible ones are imported');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');

-- References.
SELECT is(pg_temp.try('{"number": "R-1", "user": {"ref": "new", "name": "New", "email": "new@example.com"}, "agent": {"ref": "bob"}}'), 'created', 'a user is created');
SELECT is((SELECT name || ' ' || email FROM users WHERE tenant_id = 77 AND external_ref = 'new'), 'New new@example.com', 'with name and address');
SELECT is(pg_temp.try('{"number": "R-2", "user": {"ref": "alice", "name": "Other"}}'), 'created', 'an existing user is used');
SELECT is((SELECT name FROM users WHERE tenant_id = 77 AND external_ref = 'alice'), 'Alice', 'and not changed');
SELECT is(pg_temp.try('{"number": "R-3", "company": {"ref": "nobody"}}'), 'company_not_found company', 'an unknown company is refused');
SELECT is(pg_temp.try('{"number": "R-3", "company": {"ref": "acme", "name": "Acme", "prefix": "ACME"}}'), 'created', 'unless it can be created');
SELECT is(pg_temp.try('{"number": "R-4", "company": {"ref": "acme2", "name": "Acme", "prefix": "ACME"}}'), 'invalid_field company.prefix', 'a prefix belongs to one company');
SELECT is(pg_temp.try('{"number": "R-41", "company": {"ref": "acme3", "name": "Acme", "prefix": "INV"}}'), 'invalid_field company.prefix', 'and not to the shop, whose invoices have it');
SELECT is(pg_temp.try('{"number": "R-5", "currency": "XXX"}'), 'currency_unknown currency', 'an unknown currency is refused');
SELECT is(pg_temp.try('{"number": "R-6", "state": "open", "payment_state": "unpaid", "payment_method": "external", "payment_channel": "no"}'),
          'payment_channel_unknown payments[0].channel', 'an order cannot await a payment through an unknown channel');
SELECT is(pg_temp.try('{"number": "R-6", "payment_method": "external", "payment_channel": "no"}'), 'created', 'a past payment may have one');
SELECT is(pg_temp.try('{"number": "R-7", "lines": [{"kind": "package", "product": "none", "title": "P", "unit_price": 1500}], "user": {"ref": "alice"}, "package": {}}'),
          'package_not_found lines[0].product', 'a package must exist');
SELECT is(pg_temp.try('{"number": "R-8", "lines": [{"product": "lamp", "variant": "Lamp", "title": "Lamp", "unit_price": 1500}]}'), 'created', 'a line may name a product');
SELECT is(pg_temp.stock(), '10 0', 'an import takes no stock');
SELECT is_empty($$SELECT ref FROM unnest('{ghost}'::text[]) AS u (ref) WHERE EXISTS (SELECT FROM users WHERE tenant_id = 77 AND external_ref = u.ref)$$, 'no user yet');
SELECT is(pg_temp.try('{"number": "R-9", "user": {"ref": "ghost"}, "total": 1}'), 'amount_mismatch total', 'a refused line');
SELECT is_empty($$SELECT id FROM users WHERE tenant_id = 77 AND external_ref = 'ghost'$$, 'leaves nothing behind, not even its user');

-- Refused lines: their members, and the code with the field.
CREATE TEMP TABLE hostile (n serial, members jsonb, expected text);
INSERT INTO hostile (members, expected) VALUES
    ('{"number": " S-1"}', 'invalid_field number'),
    ('{"user": {"ref": "s "}}', 'invalid_field user.ref'),
    ('{"agent": {"ref": " "}}', 'invalid_field agent.ref'),
    ('{"company": {"ref": " s", "name": "S", "prefix": "SSS"}}', 'invalid_field company.ref'),
    ('{"total": 1501}', 'amount_mismatch total'),
    ('{"total": null}', 'amount_mismatch total'),
    ('{"subtotal": 1}', 'amount_mismatch subtotal'),
    ('{"tax": 100}', 'amount_mismatch tax'),
    ('{"shipping": 5}', 'amount_mismatch shipping'),
    ('{"discount": 5}', 'amount_mismatch discount'),
    ('{"total": 1e30}', 'invalid_field total'),
    ('{"lines": []}', 'required_field lines'),
    ('{"lines": null}', 'required_field lines'),
    ('{"lines": [{"title": "A"}]}', 'required_field lines[0].unit_price'),
    ('{"lines": [{"title": "A", "unit_price": 1, "quantity": 0}]}', 'invalid_field lines[0].quantity'),
    ('{"lines": [{"title": "A", "unit_price": -1}]}', 'invalid_field lines[0].unit_price'),
    ('{"lines": [{"title": "A", "unit_price": 1.5}]}', 'invalid_field lines[0].unit_price'),
    ('{"lines": [{"title": "A", "unit_price": 1000000000000000, "quantity": 1000000000}]}', 'amount_out_of_range lines[0].unit_price'),
    ('{"lines": [{"title": "A", "unit_price": 1000000000000000}, {"title": "A", "unit_price": 1}]}', 'amount_out_of_range lines[1].unit_price'),
    ('{"lines": [{"title": "A", "unit_price": 1500, "discount": 1501}]}', 'amount_mismatch lines[0].discount'),
    ('{"lines": [{"title": "A", "unit_price": 1500, "tax": 10}], "tax": 10, "taxes": [{"key": "VAT", "rate_bp": 100, "amount": 9}]}', 'amount_mismatch taxes'),
    ('{"lines": [{"title": "A", "unit_price": 1500}, {"kind": "voucher", "title": "V", "unit_price": -5}]}', 'amount_mismatch lines'),
    ('{"lines": [{"title": "A", "unit_price": 1500, "refunded_quantity": 1}]}', 'invalid_field lines[0].refunded_quantity'),
    ('{"created_at": "2999-01-01T00:00:00Z"}', 'invalid_field created_at'),
    ('{"created_at": "0001-01-01T00:00:00Z"}', 'invalid_field created_at'),
    ('{"paid_at": "2999-01-01T00:00:00Z"}', 'invalid_field paid_at'),
    ('{"created_at": "x"}', 'invalid_field'),
    ('{"cancelled_at": "2020-05-02T00:00:00Z"}', 'state_mismatch cancelled_at'),
    ('{"payments": []}', 'state_mismatch payment_state'),
    ('{"payments": [{"status": "paid", "amount": 1499}]}', 'state_mismatch payment_state'),
    ('{"payments": [{"status": "paid", "amount": 1500}, {"status": "paid", "amount": 1500}]}', 'state_mismatch payment_state'),
    ('{"payments": [{"status": "paid", "amount": 1500}, {"status": "pending", "amount": 1500}]}', 'state_mismatch payments[1].status'),
    ('{"payments": [{"status": "paid", "amount": 1500}, {"status": "failed", "amount": 1500, "paid_at": "2020-05-02T00:00:00Z"}]}', 'state_mismatch payments[1].paid_at'),
    ('{"payments": [{"status": "paid", "amount": 1500}, {"status": "failed", "amount": 10, "surplus": true}]}', 'state_mismatch payments[1].surplus'),
    ('{"payment_state": "unpaid", "state": "open", "payments": [{"status": "paid", "amount": 1500}]}', 'state_mismatch payment_state'),
    ('{"payment_state": "unpaid", "state": "open", "paid_at": "2020-05-02T00:00:00Z"}', 'state_mismatch paid_at'),
    ('{"payment_state": "refunded", "refunds": [{"status": "done", "amount": 1499}]}', 'state_mismatch payment_state'),
    ('{"payment_state": "refunded", "refunds": [{"status": "done", "amount": 1501}]}', 'amount_mismatch refunds'),
    ('{"payment_state": "partially_refunded", "refunds": [{"status": "done", "amount": 5, "payment": 2}]}', 'invalid_field refunds[0].payment'),
    ('{"payment_state": "partially_refunded", "refunds": [{"status": "done", "amount": 5, "lines": [{"line": 2, "quantity": 1, "amount": 5}]}]}', 'invalid_field refunds[0].lines.line'),
    ('{"payment_state": "partially_refunded", "refunds": [{"status": "done", "amount": 5, "lines": [{"line": 1, "quantity": 1, "amount": 5}]}]}', 'amount_mismatch lines[0].refunded_quantity'),
    ('{"payment_state": "refund_pending", "refunds": [{"status": "pending", "amount": 5, "settled_at": "2020-05-02T00:00:00Z"}]}', 'state_mismatch refunds[0].settled_at'),
    ('{"payment_state": "partially_refunded"}', 'state_mismatch payment_state'),
    ('{"refunds": [{"status": "done", "amount": 5}]}', 'state_mismatch payment_state'),
    ('{"shipments": [{"shipped_at": "2020-05-02T00:00:00Z"}]}', 'state_mismatch shipments[0].shipped_at'),
    ('{"fulfilment_state": "delivered", "shipments": [{"status": "planned"}]}', 'state_mismatch shipments[0].status'),
    ('{"fulfilment_state": "delivered", "shipments": [{"delivered_at": "2999-01-01T00:00:00Z"}]}', 'invalid_field shipments[0].delivered_at'),
    ('{"fulfilment_state": "delivered", "shipments": [{}, {}]}', 'invalid_field shipments'),
    ('{"returns": [{"state": "requested", "lines": [{"line": 1, "quantity": 1}]}]}', 'state_mismatch returns'),
    ('{"fulfilment_state": "delivered", "returns": [{"state": "requested", "lines": []}]}', 'required_field returns[0].lines'),
    ('{"fulfilment_state": "delivered", "returns": [{"state": "requested", "lines": [{"line": 1, "quantity": 4}]}]}', 'state_mismatch lines[0].quantity'),
    ('{"fulfilment_state": "delivered", "returns": [{"state": "requested", "lines": [{"line": 1, "quantity": 1}, {"line": 1, "quantity": 1}]}]}', 'invalid_field returns[0].lines'),
    ('{"fulfilment_state": "delivered", "returns": [{"state": "refunded", "lines": [{"line": 1, "quantity": 1}]}]}', 'state_mismatch returns[0].refund'),
    ('{"fulfilment_state": "delivered", "returns": [{"state": "refunded", "refund": 1, "lines": [{"line": 1, "quantity": 1}]}]}', 'state_mismatch returns[0].refund'),
    ('{"history": []}', 'required_field history'),
    ('{"history": [{"steps": [{"axis": "order", "from": "open", "to": "completed"}]}]}', 'state_mismatch history[0].steps'),
    ('{"history": [{"steps": [{"axis": "order", "from": "new", "to": "completed"}]}]}', 'state_mismatch history[0].steps'),
    ('{"history": [{"actor": {"kind": "provider"}, "steps": [{"axis": "order", "from": "new", "to": "open"}]}]}', 'state_mismatch history[0].steps'),
    ('{"history": [{"steps": [{"axis": "order", "from": "new", "to": "open"}]}]}', 'state_mismatch history'),
    ('{"history": [{"at": "2020-04-01T00:00:00Z", "steps": []}]}', 'invalid_field history[0].at'),
    ('{"history": [{"at": "2999-04-01T00:00:00Z", "steps": []}]}', 'invalid_field history[0].at'),
    ('{"history": [{"return": 1, "steps": []}]}', 'invalid_field history[0].return'),
    ('{"history": [{"steps": [{"axis": "return", "from": "new", "to": "requested"}]}]}', 'required_field history[0].return'),
    ('{"invoice": {"number": "X", "document": {"total": 1, "currency": "EUR", "number": "X"}}}', 'amount_mismatch invoice.document'),
    ('{"metadata": []}', 'invalid_field'),
    ('{"public_id": "x"}', 'invalid_field public_id'),
    ('{"addresses": {"billing": {"name": "a\u0007b"}}}', 'invalid_field addresses'),
    ('{"lines": [{"title": "A", "unit_price": 1500, "snapshot": {"item": {"name": "a\u202eb"}}}]}', 'invalid_field lines[0].snapshot'),
    ('{"dialect": "nothing"}', 'invalid_field'),
    ('{"state": "nothing"}', 'invalid_field'),
    ('{"state": null}', 'invalid_field'),
    ('{"payment_state": "nothing"}', 'invalid_field'),
    ('{"number": "lower"}', 'invalid_field number'),
    ('{"notes": 5, "lines": [{"unit_price": 1500}]}', 'invalid_field');
SELECT is(pg_temp.try('{"number": "H"}' || members), expected, 'refused: ' || left(members::text, 150)) FROM hostile ORDER BY n;
SELECT is((SELECT count(*) FROM orders WHERE tenant_id = 77 AND number = 'H'), 0::bigint, 'nothing of a refused line is stored');
SELECT is((SELECT array_agg(i.outcome) FROM pg_temp.import(pg_temp.order_with('{"number": "B-1"}'), pg_temp.order_with('{"number": "B-2", "total": 1}'),
                                                          pg_temp.order_with('{"number": "B-3"}'), pg_temp.order_with('{"number": "B-3"}')) AS i),
          '{created,amount_mismatch,created,unchanged}'::text[], 'a refused line leaves the others');
SELECT is((SELECT array_agg(o.number ORDER BY o.id) FROM orders o WHERE o.tenant_id = 77 AND o.number ~ '^B-')::text[], '{B-1,B-3}', 'ids ascend in the sequence of the lines');

-- Numbers: own series continue above imported numbers, others stay apart.
SELECT is(pg_temp.try(jsonb_build_object('number', 'N-1', 'bill', '{"number": "BILL-2020-05-0007"}'::jsonb, 'invoice', '{"number": "INV200501000003IN"}'::jsonb)), 'created', 'numbers of own series');
SELECT is(pg_temp.try(jsonb_build_object('number', 'N-2', 'bill', '{"number": "R 17/2020"}'::jsonb, 'invoice', '{"number": "RE-99"}'::jsonb)), 'created', 'numbers of another system');
SELECT is(pg_temp.try(jsonb_build_object('number', 'N-3', 'bill', '{"number": "R 17/2020"}'::jsonb)), 'invalid_field bill.number', 'a foreign bill number is unique');
SELECT is(pg_temp.try(jsonb_build_object('number', 'N-3', 'bill', '{"number": "BILL-2020-05-0007"}'::jsonb)), 'invalid_field bill.number', 'a bill number of a series too');
SELECT is(pg_temp.try(jsonb_build_object('number', 'N-3', 'invoice', '{"number": "RE-99"}'::jsonb)), 'invalid_field invoice.number', 'an invoice number is unique');
SELECT is(pg_temp.try(jsonb_build_object('number', 'N-4', 'bill', '{"number": "BILL-2020-05-0003"}'::jsonb)), 'created', 'a number below the highest is still free');
SELECT is(pg_temp.try(jsonb_build_object('number', 'N-5', 'bill', '{"number": "BILL-2020-05-0000"}'::jsonb)), 'created', 'zero is no number of a series');
SELECT is(pg_temp.try(jsonb_build_object('number', 'N-6', 'bill', '{"number": "BILL-2020-05-1234567890"}'::jsonb)), 'created', 'a number beyond the range is none either');
SELECT is(take_numbers(77, 'BILL-2020-05', 0), 7, 'the series continues above');
SELECT is((SELECT outcome FROM issue_invoice(77, 'operator', 'operator', NULL, NULL, NULL, NULL, (SELECT id FROM orders WHERE tenant_id = 77 AND number = 'B-1'))), 'done',
          'an invoice is issued');
SELECT matches((SELECT number FROM invoice WHERE tenant_id = 77 AND order_id = (SELECT id FROM orders WHERE tenant_id = 77 AND number = 'B-1')), '000004IN$', 'and its series continues too');
SELECT is((SELECT document ->> 'number' FROM read_bill(77, NULL, (SELECT id FROM orders WHERE tenant_id = 77 AND number = 'N-2'))), 'R 17/2020', 'a bill shows its own number');
SELECT is((SELECT o.bill_no FROM orders o WHERE o.tenant_id = 77 AND o.number = 'N-2'), 'R 17/2020', 'its order shows it too');

-- An order in progress goes on here. Money of a balance elsewhere is refunded by hand.
SELECT is(pg_temp.try('{"number": "L-1", "state": "open", "fulfilment_state": "packed", "payment_method": "balance", "user": {"ref": "alice"}}'), 'created', 'an order in progress');
SELECT is(pg_temp.send((SELECT id FROM orders WHERE tenant_id = 77 AND number = 'L-1')), 'done', 'is shipped');
SELECT is((SELECT outcome FROM orders_v1.refund(77, 'operator', 'operator', NULL, NULL, NULL, NULL, (SELECT id FROM orders WHERE tenant_id = 77 AND number = 'L-1'), 100, NULL, 'late', NULL, NULL)),
          'done', 'and refunded');
SELECT is_empty($$SELECT * FROM posting WHERE tenant_id = 77 AND order_id = (SELECT id FROM orders WHERE tenant_id = 77 AND number = 'L-1')$$, 'no balance of this database changes');
SELECT is((SELECT array_agg(e.epoch >= 0 ORDER BY e.version) FROM event e WHERE e.tenant_id = 77 AND e.subject_id = (SELECT id FROM orders WHERE tenant_id = 77 AND number = 'L-1')),
          '{f,f,f,t,t}', 'only the later events are in the feed');
SELECT is(pg_temp.try('{"number": "L-2", "state": "open", "payment_state": "unpaid", "payment_method": "external", "payment_channel": "sim"}'), 'created', 'an unpaid order');
SELECT is((SELECT (payment).provider FROM orders_v1.start_payment(77, (SELECT id FROM orders WHERE tenant_id = 77 AND number = 'L-2'))), 'simulator', 'is paid through its channel');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
