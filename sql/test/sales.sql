-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

-- A cart is ordered once.
SELECT pg_temp.cart('sally', '[{"number": "L-RED", "quantity": 2, "discount": 150}, {"number": "L-BLUE", "discount": 9999}]') AS cart_a \gset
SELECT ("order").id AS a, outcome AS a_code FROM pg_temp.place('sally', :'cart_a') \gset
SELECT is(:'a_code'::text, 'done', 'a cart is ordered');
SELECT is((SELECT ROW(o.number, o.api, c.external_ref, u.external_ref, o.buyer_id, o.cart_id, o.payment_method, o.payment_channel, o.claimable, o.expires_at)::text
           FROM orders o JOIN company c ON c.tenant_id = 77 AND c.id = o.retailer_id JOIN users u ON u.tenant_id = 77 AND u.id = o.agent_id WHERE o.id = :a),
          ROW('AAAA' || to_char(now() AT TIME ZONE 'UTC', 'YYMMDD') || lpad(:'a', greatest(6, length(:'a')), '0') || 'OD', 'company', 'acme', 'sally', NULL::bigint, :cart_a, 'cash', NULL, false, NULL)::text,
          'a sale has a number of prefix, day and six digits, a retailer and an agent, but no buyer and no expiry');
SELECT is(pg_temp.states(:a), 'open unpaid none', 'the order awaits payment');
SELECT is((SELECT ROW(subtotal, discount, tax, shipping, total)::text FROM orders WHERE id = :a), '(2500,650,0,0,1850)', 'a discount is limited to the amount of its line');
SELECT results_eq(format('SELECT kind::text, product_number, title, variant, quantity, unit_price, list_price, discount, returnable, image FROM order_line WHERE order_id = %s ORDER BY id', :a),
    $$VALUES ('product', 'L-RED', 'Lamp', 'Red', 2, 1000::bigint, 1200::bigint, 150::bigint, true, 'https://example.com/red.png'),
             ('product', 'L-BLUE', 'Lamp', 'Blue', 1, 500, 500, 500, true, 'https://example.com/lamp.png')$$, 'the lines have the products of the cart at current prices');
SELECT is((SELECT snapshot::jsonb FROM order_line WHERE order_id = :a AND product_number = 'L-RED'), jsonb_build_object('company', jsonb_build_object('id', c.id, 'name', 'Acme'),
          'item', jsonb_build_object('id', p.id, 'number', 'L', 'name', 'Lamp'), 'variants', '[{"id": 1, "name": "red"}, {"id": 2, "name": "warm"}]'::jsonb,
          'images', '{"px240": "https://example.com/red.png"}'::jsonb, 'status', 'stock'), 'a line stores the product as sold')
FROM company c, product p WHERE c.tenant_id = 77 AND c.external_ref = 'acme' AND p.tenant_id = 77 AND p.external_ref = 'lamp';
SELECT is((SELECT jsonb_path_query_array(snapshot, '$.variants[*].name') FROM order_line WHERE order_id = :a AND product_number = 'L-BLUE'), '["Blue"]', 'without options the variant is the choice');
SELECT is((SELECT ROW(method, channel, provider, status, amount, expires_at)::text FROM payment WHERE order_id = :a), '(cash,,terminal,pending,1850,)', 'the order has an open payment in cash');
SELECT is((SELECT string_agg(DISTINCT actor || ' ' || api || ' ' || (actor_id = pg_temp.uid('sally')), ',') FROM order_history WHERE order_id = :a), 'seller company true', 'the salesperson did it');
SELECT is((SELECT state FROM cart WHERE tenant_id = 77 AND id = :cart_a), 'ordered', 'the cart is ordered');
SELECT is(pg_temp.put('products', 'lamp', '{"name": "Lamp", "company": "acme"}'), 'updated', 'the product of an ordered cart is no longer sold');
SELECT results_eq(format($$SELECT outcome, ("order").id FROM pg_temp.place('sally', %L, 'credit_card', true)$$, c.cart), format($$VALUES ('unchanged', %s::bigint)$$, :a), 'ordering the cart by ' || c.cart || ' again returns the first order')
FROM (SELECT code FROM cart WHERE tenant_id = 77 AND id = :cart_a UNION ALL SELECT lower(code) FROM cart WHERE tenant_id = 77 AND id = :cart_a UNION ALL SELECT :'cart_a') AS c (cart);
SELECT is((SELECT ROW(payment_method, claimable, version)::text FROM orders WHERE id = :a), '(cash,f,1)', 'ordering the cart again returns the same order');
SELECT is(pg_temp.put('products', 'lamp', '{"name": "Lamp", "number": "L", "company": "acme", "returnable": true, "images": {"px480": "https://example.com/lamp.png"}, "variants": [
    {"ref": "red", "number": "L-RED", "name": "Red", "prices": {"USD": 1000, "EUR": 900}}, {"ref": "blue", "number": "L-BLUE", "name": "Blue", "prices": {"USD": 500}},
    {"ref": "gift", "number": "L-GIFT", "prices": {"USD": 0}}, {"ref": "plain", "prices": {"EUR": 5}}]}'), 'updated', 'the products are sold again');

-- Refusals, in the order in which they are checked.
SELECT pg_temp.cart('sam') AS cart_sam, pg_temp.cart('sally', p_company => 'bold') AS cart_bold, pg_temp.cart('sally', '[]') AS cart_none \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.place(%L, %L)', 'sally', c.cart)), 'OR404 cart_not_found cart_id', 'the cart is not found: ' || c.cart)
FROM (VALUES ('nix'), (''), ('0'), ('C00000'), ('99999999999999999999'), ('-1'), (:'cart_sam'), (:'cart_bold')) AS c (cart);
SELECT is(pg_temp.refusal(format('SELECT pg_temp.place(%L, %L, %L)', 'sally', :'cart_none', 'nix')), 'OR409 cart_empty', 'an empty cart is refused');
UPDATE product SET active = false WHERE tenant_id = 77 AND external_ref = 'desk';
UPDATE variant SET active = false WHERE tenant_id = 77 AND number = 'L-BLUE';
SELECT pg_temp.cart('sally', '[{"number": "D-1"}, {"number": "L-RED"}, {"number": "L-BLUE"}, {"number": "G-1"}]') AS cart_b, pg_temp.cart('sally', '[{"number": "L-RED"}, {"number": "G-1"}]', 'EUR') AS cart_c \gset
DELETE FROM variant_price WHERE variant_id = (SELECT id FROM variant WHERE tenant_id = 77 AND number = 'G-1');
INSERT INTO cart_line (tenant_id, cart_id, variant_id) SELECT 77, :cart_b, id FROM variant WHERE tenant_id = 77 AND external_ref = 'plain';
SELECT is(pg_temp.refusal(format('SELECT pg_temp.place(%L, %L, %L)', 'sally', :'cart_b', 'nix')), 'OR409 product_not_sold', 'products that are no longer sold are refused');
SELECT is(pg_temp.hint(format('SELECT pg_temp.place(%L, %L)', 'sally', :'cart_b')), '{"products": ["D-1", "L-BLUE", "G-1", "plain"]}',
          'the refusal names all products that are inactive or have no price in the currency of the cart');
SELECT is(pg_temp.hint(format('SELECT pg_temp.place(%L, %L)', 'sally', :'cart_c')), '{"products": ["G-1"]}', 'the refusal names products without a price in the currency of the cart');
SELECT is((SELECT state FROM cart WHERE tenant_id = 77 AND id = :cart_b), 'open', 'a refusal leaves the cart open');
UPDATE product SET active = true WHERE tenant_id = 77 AND external_ref = 'desk';
UPDATE variant SET active = true WHERE tenant_id = 77 AND number = 'L-BLUE';
SELECT pg_temp.cart('sally') AS cart_d \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.place(%L, %L, %L, false, %L)', 'sally', :'cart_d', c.method, c.channel)), 'OR422 ' || c.refusal, format('the method %L with the channel %L is refused with %s', c.method, c.channel, c.refusal))
FROM (VALUES ('nix', 'paypal', 'payment_method_unknown payment_method'), (NULL, 'paypal', 'payment_method_unknown payment_method'), ('external', NULL, 'payment_channel_required payment_channel'),
             ('external', 'nix', 'payment_channel_unknown payment_channel'), ('external', 'down', 'payment_channel_disabled payment_channel'),
             ('external', 'euronly', 'payment_channel_disabled payment_channel')) AS c (method, channel, refusal);
SELECT is(pg_temp.put('products', 'gold', '{"name": "Gold", "variants": [{"ref": "gold", "number": "G-1", "prices": {"USD": 1000000000000000}}]}'), 'updated', 'the product has a price again');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.sell(p_products => %L)', '[{"number": "G-1", "quantity": 1000000}]')), 'OR422 amount_out_of_range quantity', 'a line above the maximum amount is refused');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.sell(p_products => %L)', '[{"number": "G-1"}, {"number": "L-RED"}]')), 'OR422 amount_out_of_range quantity', 'lines with a sum above the maximum amount are refused');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.sell(p_products => %L)', '[{"number": "G-1", "quantity": 2, "discount": 1000000000000000}]')), 'OR422 amount_out_of_range quantity',
          'a quantity above the maximum amount is refused, whatever the discount');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.sell(p_products => %L)', '[{"number": "G-1"}]')), 'no refusal', 'a line with the maximum amount is accepted');

-- Orders that are free, taxed, for a consumer, or paid by a link.
SELECT pg_temp.sell('external', true, '[{"number": "L-GIFT"}, {"number": "L-RED", "discount": 1000}]') AS b \gset
SELECT is(pg_temp.states(:b), 'completed paid none', 'an order with a total of 0 is paid immediately');
SELECT is((SELECT ROW(count(p.id), o.expires_at)::text FROM orders o LEFT JOIN payment p ON p.tenant_id = 77 AND p.order_id = o.id WHERE o.id = :b GROUP BY o.tenant_id, o.id), '(0,)', 'a free order has no payment and no expiry');
SELECT pg_temp.sell(p_products => '[{"number": "D-1", "quantity": 2, "discount": 100}, {"number": "L-BLUE"}]') AS c \gset
SELECT is((SELECT ROW(subtotal, discount, tax, total)::text FROM orders WHERE id = :c), '(2500,100,262,2400)', 'included tax is computed after the discount');
UPDATE tenant SET tax_inclusive = false WHERE id = 77;
SELECT pg_temp.sell(p_products => '[{"number": "D-1", "quantity": 2, "discount": 100}, {"number": "L-BLUE"}]') AS d \gset
SELECT is((SELECT ROW(subtotal, discount, tax, total)::text FROM orders WHERE id = :d), '(2500,100,304,2704)', 'excluded tax is added after the discount');
UPDATE tenant SET tax_inclusive = true WHERE id = 77;
CREATE TEMP TABLE sale AS
SELECT v.*, pg_temp.sell(v.method, v.consumer, p_expires => v.seconds) AS id FROM (VALUES
    ('cash', false, 900, NULL::integer, 'terminal'), ('credit_card', false, 900, NULL, 'terminal'), ('cash', true, 900, 900, 'terminal'), ('credit_card', true, 900, 900, 'terminal'),
    ('cash', true, NULL, NULL, 'terminal'), ('external', false, 600, 600, 'paypal'), ('external', false, NULL, NULL, 'paypal')) AS v (method, consumer, seconds, ends, provider);
SELECT is(ROW(o.expires_at, p.expires_at, p.method, p.provider, p.status, (SELECT count(*) FROM pg_temp.due_of('intent', o.id)), o.claimable)::text,
          ROW(now() + s.ends * interval '1 second', now() + s.ends * interval '1 second', s.method, s.provider, 'pending', 0, s.consumer)::text,
          format('%s%s is open %s', s.method, CASE WHEN s.consumer THEN ' of a consumer' END, coalesce('for ' || s.ends || ' s', 'for ever')))
FROM sale s JOIN orders o ON o.tenant_id = 77 AND o.id = s.id JOIN payment p ON p.tenant_id = 77 AND p.order_id = o.id;
SELECT is((SELECT ROW(outcome, (w."order").claimable, ((w."order").lines[1]).kind, cardinality((w."order").lines), cardinality((w."order").payments), (w."order").balance)::text
           FROM pg_temp.place('sally', pg_temp.cart('sally')::text, 'cash', true) AS w), '(done,t,product,1,1,)', 'the result is a claimable order');

-- Payment to the salesperson.
SELECT is(pg_temp.refusal(format('SELECT pg_temp.settle(%s, %L)', :a, 'X1')), 'no refusal', 'a cash payment is recorded');
SELECT is(pg_temp.states(:a), 'completed paid none', 'the order is paid');
SELECT is((SELECT ROW(status, captured, transaction_id, reference)::text FROM payment WHERE order_id = :a), '(paid,1850,X1,X1)', 'the payment has the transaction of the terminal');
SELECT is((SELECT ROW(kind, amount, currency)::text FROM provider_transaction WHERE tenant_id = 77 AND provider = 'terminal' AND transaction_id = 'X1'), '(capture,1850,USD)', 'the transaction is recorded');
SELECT is((SELECT string_agg(from_state || '>' || to_state || ' ' || actor, ', ' ORDER BY step) FROM order_history WHERE order_id = :a AND version = 2), 'unpaid>paid seller, open>completed seller', 'the salesperson is the actor');
SELECT is(pg_temp.told(format('SELECT pg_temp.settle(%s, %L)', :a, 'X1')), 'OR409 transaction_id_taken transaction_id', 'a used transaction id is refused before the state of the order');
SELECT is(pg_temp.told(format('SELECT pg_temp.settle(%s, %L)', :c, 'X1')), 'OR409 transaction_id_taken transaction_id', 'a transaction id is unique across orders');
SELECT is(pg_temp.told(format('SELECT pg_temp.settle(%s, %L)', :a, 'X2')), 'OR409 order_not_payable: completed paid', 'a paid order is refused');
SELECT is(pg_temp.refusal(format('SELECT settle_sale(77, %L, %L, %s, %L, NULL, NULL, %L, %L)', 'company', 'seller', pg_temp.uid('sally'), 'payment', 'AAAA160401000001OD', 'X2')), 'OR404 not_found', 'an unknown order is not found');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.settle(%s, %L, %L)', :c, 'X2', w.who)), 'OR404 not_found', w.who || ' cannot settle the order of another salesperson') FROM unnest('{sam,mona,mel}'::text[]) AS w (who);
SELECT pg_temp.work_for('sally', 'bold');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.settle(%s, %L)', :c, 'X2')), 'OR403 not_the_retailer', 'a salesperson cannot settle an order of a company that is not the current one');
SELECT is(pg_temp.call_off(pg_temp.sell(p_company => 'bold')), 'done', 'the salesperson can order at the other company');
SELECT is(pg_temp.call_off(:c), 'done', 'cancelling does not depend on the current company');
SELECT pg_temp.work_for('sally', 'acme');
SELECT is(pg_temp.told(format('SELECT pg_temp.settle(%s, %L)', :c, 'X2')), 'OR409 order_not_payable: cancelled closed', 'a cancelled order cannot be settled');
SELECT pg_temp.sell('external') AS e, pg_temp.sell('cash', true, p_expires => 0) AS f, pg_temp.sell('external') AS g, pg_temp.sell('external') AS h \gset
SELECT is(pg_temp.paypal('confirming', :e), 'done', 'the provider confirms a payment');
SELECT is(pg_temp.told(format('SELECT pg_temp.settle(%s, %L)', :e, 'X2')), 'OR409 order_not_payable: open confirming', 'an order whose payment is being confirmed cannot be settled');
SELECT is(pg_temp.told(format('SELECT pg_temp.call_off(%s)', :e)), 'OR409 order_not_cancellable: open confirming', 'an order whose payment is being confirmed cannot be cancelled');
SELECT is(pg_temp.told(format('SELECT pg_temp.settle(%s, %L)', :f, 'X2')), 'OR409 order_not_payable: expired closed', 'an expired claimable order cannot be settled');
SELECT is((SELECT count(*) FROM provider_transaction WHERE tenant_id = 77 AND transaction_id = 'X2'), 0::bigint, 'refusals record no transaction');
SELECT payment_of AS pg FROM pg_temp.payment_of(:g) \gset
SELECT is(pg_temp.settle(:g, 'X3'), 'done', 'an order with a pay link can be paid by card');
SELECT results_eq(format('SELECT method, provider, channel, status::text, captured FROM payment WHERE order_id = %s ORDER BY id', :g),
    $$VALUES ('external', 'paypal', 'paypal', 'closed', 0::bigint), ('credit_card', 'terminal', NULL, 'paid', 1000)$$, 'the payment of the link is closed');
SELECT is((SELECT ROW(payment_method, payment_channel)::text FROM orders WHERE id = :g), '(credit_card,)', 'the order has the payment method that was used');
SELECT is(pg_temp.paypal('failed', :h), 'done', 'the provider declines a payment');
SELECT is(pg_temp.states(:h), 'open failed none', 'the order stays open');
SELECT is(pg_temp.settle(:h, 'X4'), 'done', 'the order is paid by card');
SELECT is(pg_temp.states(:h), 'completed paid none', 'the order is completed');
SELECT is(pg_temp.settle(pg_temp.sell(p_who => 'mona'), 'X5', 'mona'), 'done', 'a manager can sell');

-- Cancelling.
SELECT pg_temp.sell() AS i \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.call_off(%s, %L)', :i, w.who)), 'OR404 not_found', w.who || ' cannot cancel the order of another salesperson') FROM unnest('{sam,mona,mel,bert}'::text[]) AS w (who);
SELECT is(pg_temp.call_off(:i), 'done', 'the salesperson cancels the order');
SELECT is(pg_temp.states(:i), 'cancelled closed none', 'the order is cancelled');
SELECT is((SELECT status::text FROM payment WHERE order_id = :i), 'closed', 'its payment is closed');
SELECT is(pg_temp.call_off(:i), 'unchanged', 'cancelling again changes nothing');
SELECT is(pg_temp.told(format('SELECT pg_temp.call_off(%s)', :a)), 'OR409 order_not_cancellable: completed paid', 'a paid order is not cancelled');
SELECT is(pg_temp.told(format('SELECT pg_temp.call_off(%s)', :b)), 'OR409 order_not_cancellable: completed paid', 'a free order is not cancelled');
SELECT is(pg_temp.call_off(:f), 'done', 'an expired order is cancelled');
SELECT is((SELECT string_agg(to_state || ' ' || actor, ', ' ORDER BY step) FROM order_history WHERE order_id = :f AND axis = 'order'), 'open seller, expired system, cancelled seller', 'history has its expiry and its cancellation');
SELECT pg_temp.sell('external') AS j, pg_temp.sell('external') AS j2 \gset
SELECT is(pg_temp.fail_finally(:j), 'error failed none', 'an order is in error');
SELECT is(pg_temp.call_off(:j), 'done', 'an order in error is cancelled');
SELECT is(pg_temp.paypal('failed', :j2), 'done', 'the payment of an order fails');
SELECT is(pg_temp.call_off(:j2), 'done', 'an order with a failed payment is cancelled');
SELECT is(pg_temp.put('memberships', 'm2', '{"company": "acme", "user": "sam", "role": "member"}'), 'updated', 'the role of a salesperson changes to member');
SELECT pg_temp.cart('sam') AS cart_sam \gset
UPDATE orders SET agent_id = pg_temp.uid('sam') WHERE id = :d;
SELECT is(pg_temp.refusal(format('SELECT pg_temp.call_off(%s, %L)', :d, 'sam')), 'OR404 not_found', 'a user who no longer sells for the company cannot cancel');
UPDATE orders SET agent_id = pg_temp.uid('sally') WHERE id = :d;
SELECT is(pg_temp.call_off(:d), 'done', 'another salesperson of the company can cancel');

-- Refunds of cash by a salesperson of the company.
SELECT pg_temp.sell() AS k, pg_temp.sell(p_who => 'bert', p_company => 'bold') AS x \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.%s(%s, p_who => %L)', f.name, :x, w.who)), w.refusal, f.name || ' of another company''s order by ' || w.who || ': ' || w.refusal)
FROM (VALUES ('refund', 'sally', 'OR403 not_the_retailer'), ('refund', 'mel', 'OR404 not_found'), ('may_refund', 'sally', 'OR404 not_found'), ('may_refund', 'mel', 'OR404 not_found')) AS w (f, who, refusal)
JOIN (VALUES ('refund'), ('may_refund')) AS f (name) ON f.name = w.f;
SELECT is(pg_temp.told(format('SELECT pg_temp.%s(%s)', f.name, o.id)), o.refusal, f.name || ': ' || o.refusal)
FROM (VALUES (:k, 'OR409 order_not_refundable: open unpaid'), (:e, 'OR409 order_not_refundable: open confirming'), (:i, 'OR409 order_not_refundable: cancelled closed'),
             (:b, 'OR409 order_not_refundable: completed paid'), (pg_temp.sell('cash', true, p_expires => 0), 'OR409 order_not_refundable: expired closed')) AS o (id, refusal),
     unnest('{refund,may_refund}'::text[]) AS f (name);
SELECT is(pg_temp.settle(:k, 'X6'), 'done', 'a cash payment is recorded');
SELECT is(pg_temp.may_refund(:k, 'mona'), 'done', 'the check allows a refund');
SELECT is((SELECT ROW(version, refunded)::text FROM orders WHERE id = :k), '(2,0)', 'the check changes nothing');
SELECT is(pg_temp.refund(:k, p_who => 'mona'), 'done', 'a manager refunds the order without a transaction id');
SELECT is(pg_temp.states(:k), 'completed refunded none', 'the refund is immediate');
SELECT is((SELECT ROW(r.status, r.amount, r.reference, p.refunded)::text FROM refund r JOIN payment p ON p.tenant_id = 77 AND p.id = r.payment_id WHERE r.order_id = :k), '(done,1000,,1000)', 'the refund is complete');
SELECT is(pg_temp.refund(:k, 'R0'), 'unchanged', 'a repeated refund changes nothing');
SELECT is(pg_temp.told(format('SELECT pg_temp.may_refund(%s)', :k)), 'OR409 order_not_refundable: completed refunded', 'the check refuses a refunded order with its states');
SELECT is(pg_temp.told(format('SELECT pg_temp.settle(%s, %L)', :k, 'X7')), 'OR409 order_not_payable: completed refunded', 'a refunded order cannot be settled');
SELECT is(pg_temp.told(format('SELECT pg_temp.call_off(%s)', :k)), 'OR409 order_not_cancellable: completed refunded', 'a refunded order is not cancelled');
SELECT pg_temp.sell() AS l \gset
SELECT is(pg_temp.settle(:l, 'X7'), 'done', 'another cash payment is recorded');
SELECT is(pg_temp.refund(:l, 'R1'), 'done', 'a cash refund may have a transaction id');
SELECT is((SELECT ROW(r.reference, t.kind, t.amount)::text FROM refund r JOIN provider_transaction t ON t.tenant_id = 77 AND t.refund_id = r.id WHERE r.order_id = :l), '(R1,refund,1000)', 'the transaction id is recorded');

-- Refunds of cards: the refund of the terminal has an id, which the terminal feed may have to contain.
SELECT pg_temp.sell('credit_card') AS m, pg_temp.sell('credit_card') AS n \gset
SELECT is(pg_temp.settle(:m, 'X8'), 'done', 'a card payment is recorded');
SELECT is(pg_temp.settle(:n, 'X9'), 'done', 'another card payment is recorded');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.refund(%s)', :m)), 'OR422 required_field transaction_id', 'a card refund requires a transaction id');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.refund(%s, %L)', :m, t.id)), 'OR409 transaction_id_taken transaction_id', 'a transaction id in use is refused: ' || t.id) FROM unnest('{X8,X9,R1}'::text[]) AS t (id);
SELECT is(pg_temp.terminal(t.id, t.number, t.kind, t.amount, t.currency), 'created', 'the feed adds ' || t.id)
FROM (VALUES ('F1', :m, 'charge', 1000, 'USD'), ('F2', :n, 'refund', 1000, 'USD'), ('F3', :m, 'refund', 999, 'USD'), ('F4', :m, 'refund', 1000, 'EUR'), ('F5', NULL, 'refund', 1000, 'USD'),
             ('F6', :m, 'refund', 1000, 'USD'), ('R1', :m, 'refund', 1000, 'USD')) AS t (id, number, kind, amount, currency);
SELECT is(pg_temp.refusal(format('SELECT pg_temp.refund(%s, %L, p_terminal => true)', :m, t.id)), 'OR409 ' || t.refusal || ' transaction_id', t.id || ' is refused: ' || t.what)
FROM (VALUES ('F0', 'terminal_transaction_not_found', 'not in the feed'), ('F1', 'terminal_transaction_not_found', 'a charge'), ('F2', 'terminal_transaction_mismatch', 'of another order'),
             ('F3', 'terminal_transaction_mismatch', 'of another amount'), ('F4', 'terminal_transaction_mismatch', 'of another currency'), ('F5', 'terminal_transaction_mismatch', 'of no order'),
             ('R1', 'transaction_id_taken', 'used before')) AS t (id, refusal, what);
SELECT is(pg_temp.states(:m), 'completed paid none', 'the refusals change nothing');
SELECT is(pg_temp.refund(:m, 'F6', p_terminal => true), 'done', 'a refund with the id of the terminal''s refund is accepted');
SELECT is(pg_temp.states(:m), 'completed refunded none', 'the refund is immediate');
SELECT is((SELECT ROW(status, reference)::text FROM refund WHERE order_id = :m), '(done,F6)', 'the refund has the transaction id');
SELECT is(pg_temp.refund(:m, 'F6', p_terminal => true), 'unchanged', 'a repeated refund changes nothing');
SELECT is(pg_temp.refund(:n, 'F0'), 'done', 'without the terminal feed any unused id is accepted');
SELECT pg_temp.sell('credit_card') AS o \gset
SELECT is(pg_temp.settle(:o, 'X10'), 'done', 'a third card payment is recorded');
SELECT is(pg_temp.create_refunds(:o, 400), 'done', 'an operator refunds a part of it');
SELECT is(pg_temp.may_refund(:o), 'done', 'the check allows a refund of the rest');
SELECT is(pg_temp.terminal('F7', :o, 'refund', 600), 'created', 'the terminal reports a refund of the rest');
SELECT is(pg_temp.refund(:o, 'F7', p_terminal => true), 'done', 'the rest is refunded');
SELECT is((SELECT string_agg(amount || coalesce(' ' || reference, ''), ', ' ORDER BY id) FROM refund WHERE order_id = :o), '400, 600 F7', 'the refunds add up to the payment');
SELECT is(pg_temp.states(:o), 'completed refunded none', 'the order is fully refunded');

-- Refunds of PayPal, which the provider settles later.
SELECT pg_temp.sell('external') AS p \gset
SELECT is(pg_temp.paypal('paid', :p, 'PP-1'), 'done', 'the provider reports the payment');
SELECT is((SELECT payer FROM orders WHERE id = :p), 'payer@example.com', 'the event has the address of the payer');
SELECT is(pg_temp.refund(:p), 'refund', 'a refund needs no transaction id, and the caller must send it');
SELECT is(pg_temp.states(:p), 'completed refund_pending none', 'the refund is pending');
SELECT is_empty('SELECT * FROM refunds_to_send(1, ' || :p || ')', 'another tenant has no refund to send');
SELECT to_jsonb(r) - 'attempts' AS task FROM refunds_to_send(77, :p) AS r \gset
SELECT is(((:'task'::jsonb) -> 'refund' ->> 'reference') || ' ' || ((:'task'::jsonb) ->> 'payment_key'), 'PP-1 ' || pg_temp.key_of(pg_temp.payment_of(:p)), 'the task has the transaction and the payment key');
SELECT is((SELECT to_jsonb(r) - 'attempts' FROM claim_refunds(77, 'paypal', 10, 60) AS r WHERE r.order_id = :p), :'task'::jsonb, 'the worker claims the same task');
SELECT is_empty('SELECT * FROM refunds_to_send(77, ' || :p || ')', 'a claimed refund is not returned to the request');
SELECT pg_temp.make_due('refund', :p) \g (format=unaligned) /dev/null
SELECT is((SELECT ROW(order_id, (refund).amount, (refund).provider, (refund).reference)::text FROM claim_refunds(77, 'paypal', 10, 60)), format('(%s,1000,paypal,PP-1)', :p), 'the worker claims the refund again after its lease');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.%s(%s)', f.name, :p)), 'OR409 refund_in_progress', f.name || ' is refused while a refund is in progress') FROM unnest('{refund,may_refund}'::text[]) AS f (name);
SELECT is(pg_temp.paypal('refunded', :p, 'PP-2'), 'done', 'the provider reports the refund');
SELECT is_empty('SELECT * FROM refunds_to_send(77, ' || :p || ')', 'no refund is left to send');
SELECT is(pg_temp.refund(:p), 'unchanged', 'a repeated refund changes nothing');

-- An order paid by card and then by PayPal, whose refund fails: the surplus refund is left to an operator; the order is refunded to the card.
SELECT is(pg_temp.paypal('paid', :g, 'PP-3', p_payment => :pg), 'done', 'a closed payment is paid');
SELECT is(pg_temp.states(:g), 'completed paid none', 'the surplus payment does not change the order');
SELECT is(pg_temp.paypal('refund_failed', :g, NULL, 1000, :pg), 'done', 'the refund of the surplus payment fails');
SELECT is(pg_temp.terminal('F8', :g, 'refund', 1000), 'created', 'the terminal reports the refund of the card payment');
SELECT is(pg_temp.refund(:g, 'F8', p_terminal => true), 'done', 'the order is refunded in full');
SELECT results_eq(format('SELECT p.method, r.status::text, r.amount, r.reference FROM refund r JOIN payment p ON p.tenant_id = 77 AND p.id = r.payment_id WHERE r.order_id = %s ORDER BY p.id', :g),
    $$VALUES ('external', 'pending', 1000::bigint, NULL), ('credit_card', 'done', 1000, 'F8')$$, 'the card refund is done, and the surplus refund is pending');

-- The refund window starts at the payment, not at the order.
SELECT pg_temp.sell() AS q \gset
SELECT is(pg_temp.settle(:q, 'X11'), 'done', 'an order is paid');
UPDATE orders SET created_at = now() - interval '99 days', paid_at = now() - interval '29 days 23 hours' WHERE id = :q;
SELECT is(pg_temp.may_refund(:q), 'done', 'a refund at the end of the window is allowed');
UPDATE orders SET paid_at = now() - interval '30 days 1 second' WHERE id = :q;
SELECT is(pg_temp.refusal(format('SELECT pg_temp.%s(%s)', f.name, :q)), 'OR409 refund_window_closed', f.name || ' is refused after 30 days') FROM unnest('{refund,may_refund}'::text[]) AS f (name);
SELECT is(pg_temp.refusal(format('SELECT pg_temp.refund(%s, %L)', :q, 'X11')), 'OR409 refund_window_closed', 'the window is checked before the transaction id');
SELECT is(pg_temp.refund(:q, p_window => NULL), 'done', 'without a window a refund is always allowed');

-- A list has all orders of the current company.
SELECT results_eq($$SELECT unnest(sales_of(77, pg_temp.uid('mel'), 500, 0))$$, $$SELECT id FROM orders WHERE tenant_id = 77 AND retailer_id = (SELECT id FROM company WHERE tenant_id = 77 AND external_ref = 'acme') ORDER BY id DESC$$,
    'a member lists all orders of the company, newest first');
SELECT results_eq($$SELECT unnest(sales_of(77, pg_temp.uid('mel'), 2, 1))$$, $$SELECT id FROM orders WHERE tenant_id = 77 AND retailer_id = (SELECT id FROM company WHERE tenant_id = 77 AND external_ref = 'acme') ORDER BY id DESC LIMIT 2 OFFSET 1$$,
    'a list has a limit and an offset');
SELECT is((SELECT string_agg(DISTINCT p.party, ', ' ORDER BY p.party) FROM order_view v, LATERAL (VALUES ('company ' || (v.company).name), ('agent ' || (v.agent).name)) AS p (party)
          WHERE v.tenant_id = 77 AND v.id = ANY (sales_of(77, pg_temp.uid('bert'), 500, 0))), 'agent Bert, agent Sally, company Bold', 'the orders have company and salespersons');
SELECT is((SELECT ROW(v.id, cardinality(v.lines), cardinality(v.payments), cardinality(v.refunds), cardinality(v.history), (v.company).name, (v.agent).name, cardinality(v.actors))::text
          FROM order_view v WHERE v.tenant_id = 77 AND v.id = sale_id(77, pg_temp.uid('mona'), lower(pg_temp.number_of(:k)))), format('(%s,1,1,1,7,Acme,Sally,2)', :k), 'an order is read with its history and actors');
SELECT is((SELECT concat_ws(' ', (agent).given_name, (agent).family_name) FROM order_view WHERE tenant_id = 77 AND id = sale_id(77, pg_temp.uid('mona'), pg_temp.number_of(:k))), 'Sally Wang', 'salespersons have their names');
SELECT is(pg_temp.refusal(format('SELECT sale_id(77, %s, %L)', pg_temp.uid('mona'), n.number)), 'OR404 not_found', 'no order of the company has the number ' || n.number)
FROM (SELECT pg_temp.number_of(:x) UNION ALL VALUES ('nix'), ('')) AS n (number);

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
