-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.seat(p_who text) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s %s', s.prefix, s.role) FROM orders_v1.seller_context(77, pg_temp.uid(p_who)) AS s
$$;
SELECT is(pg_temp.seat(s.who), s.seat, s.who || ' has a seat')
FROM (VALUES ('sally', 'AAAA salesperson'), ('mona', 'AAAA manager'), ('mel', 'AAAA member'), ('bert', 'BB salesperson')) AS s (who, seat);
SELECT is(may_sell(seller_context(77, pg_temp.uid(s.who))), s.sells, s.who || CASE WHEN s.sells THEN ' sells' ELSE ' only looks on' END)
FROM (VALUES ('sally', true), ('mona', true), ('mel', false)) AS s (who, sells);
SELECT is((seller_context(77, pg_temp.uid('sally'))).company_id, (SELECT id FROM company WHERE tenant_id = 77 AND external_ref = 'acme'), 'the seat is in the company that is current');
SELECT pg_temp.work_for('sally', 'bold');
SELECT is(pg_temp.seat('sally'), 'BB salesperson', 'and moves with it');
SELECT is(sells_for(77, pg_temp.uid('sally'), (SELECT id FROM company WHERE tenant_id = 77 AND external_ref = 'acme')), true, 'she sells for the other one still');

-- The three refusals, one behind the other: what is said first hides the rest.
SELECT is(pg_temp.put('companies', 'gone', '{"name": "Gone", "prefix": "GG", "active": false}'), 'created', 'a company that is no longer there');
SELECT is(pg_temp.refusal($$SELECT pg_temp.seat('alice')$$), 'OR403 company_not_chosen', 'a user who has chosen no company');
SELECT pg_temp.work_for('alice', 'gone');
SELECT is(pg_temp.refusal($$SELECT pg_temp.seat('alice')$$), 'OR403 company_not_found', 'or one that is no longer there');
SELECT pg_temp.work_for('alice', 'acme');
SELECT is(pg_temp.refusal($$SELECT pg_temp.seat('alice')$$), 'OR403 not_a_member', 'or one whose member they are not');
SELECT is(pg_temp.put('memberships', 'm9', '{"company": "acme", "user": "alice", "role": "manager", "active": false}'), 'created', 'a membership that is over');
SELECT is(pg_temp.refusal($$SELECT pg_temp.seat('alice')$$), 'OR403 not_a_member', 'is none');
SELECT is(pg_temp.put('memberships', 'm9', '{"company": "bold", "user": "alice", "role": "manager"}'), 'updated', 'one in another company');
SELECT is(pg_temp.refusal($$SELECT pg_temp.seat('alice')$$), 'OR403 not_a_member', 'does not help');
SELECT is(pg_temp.put('memberships', 'm9', '{"company": "acme", "user": "alice", "role": "manager"}'), 'updated', 'with one in this company');
SELECT is(pg_temp.seat('alice'), 'AAAA manager', 'the user has a seat');
UPDATE users SET active = false WHERE tenant_id = 77 AND external_ref = 'alice';
SELECT is(pg_temp.refusal($$SELECT pg_temp.seat('alice')$$), 'OR403 company_not_chosen', 'an inactive user has none');
SELECT is(pg_temp.refusal('SELECT seller_context(77, 999999999)'), 'OR403 company_not_chosen', 'nor a missing one');
SELECT is(pg_temp.refusal(format('SELECT seller_context(1, %s)', pg_temp.uid('sam'))), 'OR403 company_not_chosen', 'nor one of another tenant');

-- Every function of a salesperson says so before it looks at anything else.
CREATE FUNCTION pg_temp.everywhere(p_who text) RETURNS TABLE (name text, refusal text) LANGUAGE sql AS $$
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
SELECT is(e.refusal, 'OR403 company_not_chosen', e.name || ' has no company to work for') FROM pg_temp.everywhere('carl') AS e;
SELECT pg_temp.work_for('carl', 'gone');
SELECT is(e.refusal, 'OR403 company_not_found', e.name || ' does not find the company') FROM pg_temp.everywhere('carl') AS e;
SELECT pg_temp.work_for('carl', 'acme');
SELECT is(e.refusal, 'OR403 not_a_member', e.name || ' is for members') FROM pg_temp.everywhere('carl') AS e;
SELECT is(e.refusal, r.refusal, e.name || ' of a member who does not sell')
FROM pg_temp.everywhere('mel') AS e
JOIN (VALUES ('place_cart', 'OR403 not_a_seller'), ('settle_sale', 'OR404 not_found'), ('cancel_sale', 'OR404 not_found'), ('refund_sale', 'OR404 not_found'),
             ('sales_of', 'no refusal'), ('sale_id', 'OR403 not_a_seller'), ('check_sale_refund', 'OR404 not_found')) AS r (name, refusal) USING (name);

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'the checks find nothing');
SELECT * FROM finish();
ROLLBACK;
