-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.role_of(p_who text) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s %s', s.prefix, s.role) FROM orders_v1.seller_context(77, pg_temp.uid(p_who)) AS s
$$;
SELECT is(pg_temp.role_of(s.who), s.role, s.who || ' has the role in the current company')
FROM (VALUES ('sally', 'AAAA salesperson'), ('mona', 'AAAA manager'), ('mel', 'AAAA member'), ('bert', 'BB salesperson')) AS s (who, role);
SELECT is(may_sell(seller_context(77, pg_temp.uid(s.who))), s.sells, s.who || CASE WHEN s.sells THEN ' may sell' ELSE ' may not sell' END)
FROM (VALUES ('sally', true), ('mona', true), ('mel', false)) AS s (who, sells);
SELECT is((seller_context(77, pg_temp.uid('sally'))).company_id, (SELECT id FROM company WHERE tenant_id = 77 AND external_ref = 'acme'), 'the context has the id of the current company');
SELECT pg_temp.work_for('sally', 'bold');
SELECT is(pg_temp.role_of('sally'), 'BB salesperson', 'the context changes with the current company');
SELECT is(sells_for(77, pg_temp.uid('sally'), (SELECT id FROM company WHERE tenant_id = 77 AND external_ref = 'acme')), true, 'the user can still sell for the previous company');

-- The three refusals, in the order in which they are checked.
SELECT is(pg_temp.put('companies', 'gone', '{"name": "Gone", "prefix": "GG", "active": false}'), 'created', 'an inactive company is created');
SELECT is(pg_temp.refusal($$SELECT pg_temp.role_of('alice')$$), 'OR403 company_not_chosen', 'a user without a current company is refused');
SELECT pg_temp.work_for('alice', 'gone');
SELECT is(pg_temp.refusal($$SELECT pg_temp.role_of('alice')$$), 'OR403 company_not_found', 'a user of an inactive company is refused');
SELECT pg_temp.work_for('alice', 'acme');
SELECT is(pg_temp.refusal($$SELECT pg_temp.role_of('alice')$$), 'OR403 not_a_member', 'a user who is not a member of the current company is refused');
SELECT is(pg_temp.put('memberships', 'm9', '{"company": "acme", "user": "alice", "role": "manager", "active": false}'), 'created', 'an inactive membership is created');
SELECT is(pg_temp.refusal($$SELECT pg_temp.role_of('alice')$$), 'OR403 not_a_member', 'an inactive membership is not sufficient');
SELECT is(pg_temp.put('memberships', 'm9', '{"company": "bold", "user": "alice", "role": "manager"}'), 'updated', 'the membership is moved to another company');
SELECT is(pg_temp.refusal($$SELECT pg_temp.role_of('alice')$$), 'OR403 not_a_member', 'a membership in another company is not sufficient');
SELECT is(pg_temp.put('memberships', 'm9', '{"company": "acme", "user": "alice", "role": "manager"}'), 'updated', 'the membership is moved to the current company');
SELECT is(pg_temp.role_of('alice'), 'AAAA manager', 'an active membership in the current company gives the role');
UPDATE users SET active = false WHERE tenant_id = 77 AND external_ref = 'alice';
SELECT is(pg_temp.refusal($$SELECT pg_temp.role_of('alice')$$), 'OR403 company_not_chosen', 'an inactive user is refused');
SELECT is(pg_temp.refusal('SELECT seller_context(77, 999999999)'), 'OR403 company_not_chosen', 'an unknown user is refused');
SELECT is(pg_temp.refusal(format('SELECT seller_context(1, %s)', pg_temp.uid('sam'))), 'OR403 company_not_chosen', 'a user of another tenant is refused');

-- Every function for salespersons checks the user before the order.
CREATE FUNCTION pg_temp.refusals_of(p_who text) RETURNS TABLE (name text, refusal text) LANGUAGE sql AS $$
    SELECT f.name, pg_temp.refusal(format(f.sql, pg_temp.uid(p_who)))
    FROM (VALUES
        ('place_cart', 'SELECT place_cart(77, ''company'', ''seller'', %s, ''r'', NULL, NULL, ''nix'', ''cash'', false, NULL, NULL)'),
        ('settle_sale', 'SELECT settle_sale(77, ''company'', ''seller'', %s, ''r'', NULL, NULL, ''nix'', ''t'')'),
        ('cancel_sale', 'SELECT cancel_sale(77, ''company'', ''seller'', %s, ''r'', NULL, NULL, ''nix'')'),
        ('refund_sale', 'SELECT refund_sale(77, ''company'', ''seller'', %s, ''r'', NULL, NULL, ''nix'', NULL, 30, false)'),
        ('sales_of', 'SELECT sales_of(77, %s, 500, 0)'),
        ('sale_id', 'SELECT sale_id(77, %s, ''nix'')'),
        ('check_sale_refund', 'SELECT check_sale_refund(77, %s, ''nix'', 30)')) AS f (name, sql)
$$;
SELECT is(e.refusal, 'OR403 company_not_chosen', e.name || ' refuses a user without a current company') FROM pg_temp.refusals_of('carl') AS e;
SELECT pg_temp.work_for('carl', 'gone');
SELECT is(e.refusal, 'OR403 company_not_found', e.name || ' refuses a user of an inactive company') FROM pg_temp.refusals_of('carl') AS e;
SELECT pg_temp.work_for('carl', 'acme');
SELECT is(e.refusal, 'OR403 not_a_member', e.name || ' refuses a user who is not a member') FROM pg_temp.refusals_of('carl') AS e;
SELECT is(e.refusal, r.refusal, e.name || ' called by a member who may not sell: ' || r.refusal)
FROM pg_temp.refusals_of('mel') AS e
JOIN (VALUES ('place_cart', 'OR403 not_a_seller'), ('settle_sale', 'OR404 not_found'), ('cancel_sale', 'OR404 not_found'), ('refund_sale', 'OR404 not_found'),
             ('sales_of', 'no refusal'), ('sale_id', 'OR403 not_a_seller'), ('check_sale_refund', 'OR404 not_found')) AS r (name, refusal) USING (name);

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
