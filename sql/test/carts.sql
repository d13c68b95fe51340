-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.make(p_document text) RETURNS SETOF orders_v1.stored LANGUAGE sql AS $$
    SELECT * FROM orders_v1.make_cart(77, 'operator', 'operator', pg_temp.uid('olga'), 'carts', NULL, NULL, p_document::jsonb)
$$;
SELECT id AS a, outcome AS a_code, ref AS a_ref
FROM pg_temp.make('{"company": "acme", "agent": "sally", "currency": "USD", "products": [{"number": "l-red", "quantity": 2, "discount": 15}, {"number": "L-BLUE"}]}') \gset
SELECT is(:'a_code'::text, 'created', 'a cart is created');
SELECT is(:'a_ref'::text, 'C' || lpad(:'a', greatest(5, length(:'a')), '0'), 'its code is its number with at least five digits');
SELECT is((SELECT ROW(k.code, c.external_ref, u.external_ref, k.currency, k.state)::text FROM cart k JOIN company c ON c.tenant_id = 77 AND c.id = k.company_id
           JOIN users u ON u.tenant_id = 77 AND u.id = k.user_id WHERE k.tenant_id = 77 AND k.id = :a), format('(%s,acme,sally,USD,open)', :'a_ref'), 'it has its company, salesperson and currency');
SELECT results_eq(format('SELECT v.number::text COLLATE "default", l.quantity, l.discount FROM cart_line l JOIN variant v ON v.tenant_id = 77 AND v.id = l.variant_id WHERE l.cart_id = %s ORDER BY l.id', :a),
    $$VALUES ('L-RED', 2, 15::bigint), ('L-BLUE', 1, 0)$$, 'it has its products in order, with a quantity of 1 by default');
SELECT is((SELECT count(*) FROM pg_temp.make('{"company": "acme", "agent": "mel", "currency": "EUR"}')), 1::bigint, 'a cart may be empty');
SELECT is((SELECT count(*) FROM pg_temp.make('{"company": "acme", "agent": "sally", "currency": "JPY", "products": [{"number": "L-RED"}]}')), 1::bigint, 'a cart may contain a product without a price');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.make(%L)', '{"company": "acme", "agent": "sally", "currency": "USD"}'::jsonb || c.change::jsonb)), 'OR422 ' || c.refusal, concat(c.change, ' is refused with ', c.refusal))
FROM (VALUES
    ('{"company": "nix"}', 'company_not_found company'),
    ('{"agent": "nix"}', 'user_not_found agent'), ('{"agent": "carl"}', 'user_not_found agent'), ('{"agent": "bert"}', 'user_not_found agent'),
    ('{"currency": "XXX"}', 'currency_unknown currency'),
    ('{"products": [{"number": "nix"}]}', 'product_not_found products[0].number'), ('{"products": [{"number": "L-RED"}, {"number": "l-red"}]}', 'invalid_field products[1].number'),
    ('{"products": [{"number": "L-RED", "quantity": 0}]}', 'invalid_field products[0].quantity'), ('{"products": [{"number": "L-RED", "quantity": 1000001}]}', 'invalid_field products[0].quantity'),
    ('{"products": [{"number": "L-RED", "quantity": "2"}]}', 'invalid_field products[0].quantity'), ('{"products": [{"number": "L-RED", "discount": -1}]}', 'invalid_field products[0].discount'),
    ('{"products": [{"number": "L-RED", "discount": 1.5}]}', 'invalid_field products[0].discount')
) AS c (change, refusal);
SELECT is(pg_temp.hint(format('SELECT pg_temp.make(%L)', '{"company": "acme", "agent": "sally", "currency": "USD", "products": [{"number": "nix"}]}')), '{"number": "nix"}', 'the refusal names an unknown product');
SELECT is((SELECT count(*) FROM cart WHERE tenant_id = 77), 3::bigint, 'a refused request creates no cart');
SELECT is(pg_temp.put('memberships', 'm1', '{"company": "acme", "user": "sally", "role": "salesperson", "active": false}'), 'updated', 'a salesperson leaves the company');
SELECT is(pg_temp.refusal($$SELECT pg_temp.cart('sally')$$), 'OR422 user_not_found agent', 'a former salesperson cannot have a cart');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
