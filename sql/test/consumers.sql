-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.look(p_order bigint, p_who text DEFAULT 'carl') RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', v.id, cardinality(v.lines), cardinality(v.payments), cardinality(v.refunds), (v.company).name, (v.agent).name)
    FROM orders_v1.order_view v WHERE v.tenant_id = 77 AND v.id = orders_v1.claimable_order_id(77, pg_temp.uid(p_who), pg_temp.number_of(p_order))
$$;
CREATE FUNCTION pg_temp.edit(p_order bigint, p_address jsonb DEFAULT '{"given_name": "Lee"}', p_who text DEFAULT 'carl') RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.edit_billing_address(77, 'company', 'buyer', pg_temp.uid(p_who), 'edit', NULL, NULL, pg_temp.number_of(p_order), p_address)
$$;
CREATE FUNCTION pg_temp.version(p_order bigint) RETURNS integer LANGUAGE sql AS $$ SELECT version FROM orders.orders WHERE tenant_id = 77 AND id = p_order $$;

-- The order number alone allows a claim, so it is random, and drawn again while it is in use.
SELECT matches(pg_temp.number_of(pg_temp.sell('cash', true)), '^AAAA\d{6}\d{12}OD$', 'a claimable order has twelve random digits');
SELECT is((SELECT count(DISTINCT d) FROM (SELECT random_digits() FROM generate_series(1, 1000)) AS x (d)), 1000::bigint, 'a thousand random numbers are distinct');
SELECT is((SELECT count(*) FROM generate_series(1, 12) AS i CROSS JOIN LATERAL (SELECT count(DISTINCT substr(d, i, 1)) FROM (SELECT random_digits() FROM generate_series(1, 500 + 0 * i)) AS x (d)) AS y (n) WHERE n = 10),
          12::bigint, 'each position has every digit');
SAVEPOINT drawn;
CREATE SEQUENCE pg_temp.draws;
GRANT USAGE ON SEQUENCE pg_temp.draws TO PUBLIC;
CREATE OR REPLACE FUNCTION orders_v1.random_digits() RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT lpad((nextval('pg_temp.draws') / 3)::text, 12, '0') $$;
SELECT is((SELECT string_agg(right(pg_temp.number_of(pg_temp.sell('cash', true)), 3), ' ') FROM generate_series(1, 3)), '0OD 1OD 2OD', 'a number in use is not assigned again');
ROLLBACK TO drawn;

-- The buyer of an order is checked before its state, in all three functions.
SELECT pg_temp.sell('cash', true) AS a, pg_temp.sell('cash', true) AS taken, pg_temp.sell() AS desk, pg_temp.sell('cash', true, p_expires => 0) AS late,
       pg_temp.sell('cash', true) AS paid, pg_temp.sell('cash', true) AS off, pg_temp.sell('cash', true) AS bad, pg_temp.sell('external', true) AS slow \gset
SELECT is(pg_temp.bind(o.id, o.who), 'done', o.who || ' claims an order') FROM (VALUES (:taken, 'cora'), (:paid, 'carl'), (:off, 'carl'), (:bad, 'carl'), (:slow, 'carl')) AS o (id, who);
SELECT is(pg_temp.settle(:paid, 'X1'), 'done', 'an order is paid');
SELECT pg_temp.call_off(:off) \g (format=unaligned) /dev/null
SELECT is(pg_temp.fail_finally(:bad), 'error failed none', 'an order is in error');
SELECT is(pg_temp.paypal('confirming', :slow), 'done', 'the payment of an order is being confirmed');
SELECT is(pg_temp.told(format('SELECT pg_temp.%s(%s)', f.name, o.id)), o.refusal, format('%s of %s: %s', f.name, o.what, o.refusal))
FROM (VALUES
    ('look bind edit', 'a missing order', 0, 'OR404 not_found'), ('look bind edit', 'an order of the desk', :desk, 'OR404 not_found'), ('look bind edit', 'an order of another buyer', :taken, 'OR409 order_bound'),
    ('edit', 'an unclaimed order', :a, 'OR409 order_bound'), ('edit', 'an unclaimed order past its expiry', :late, 'OR409 order_bound'),
    ('look', 'an order past its expiry', :late, 'OR409 order_not_payable: expired closed'), ('bind', 'an order past its expiry', :late, 'OR409 order_not_payable: open unpaid'),
    ('look', 'a paid order', :paid, 'OR409 order_not_payable: completed paid'), ('look', 'a cancelled order', :off, 'OR409 order_not_payable: cancelled closed'),
    ('look', 'an order in error', :bad, 'OR409 order_not_payable: error failed'), ('edit', 'a cancelled order', :off, 'OR409 order_not_payable: cancelled closed'),
    ('edit', 'an order in error', :bad, 'OR409 order_not_payable: error failed')) AS o (names, what, id, refusal),
     string_to_table(o.names, ' ') AS f (name);
SELECT is(pg_temp.refusal(format('SELECT pg_temp.edit(%s, NULL)', o.id)), o.refusal, 'an invalid address of ' || o.what || ' is checked last: ' || o.refusal)
FROM (VALUES (0, 'a missing order', 'OR404 not_found'), (:taken, 'an order of another buyer', 'OR409 order_bound'), (:off, 'a cancelled order', 'OR409 order_not_payable'), (:paid, 'a paid order', 'OR422 invalid_fields')) AS o (id, what, refusal);

-- Reading.
SELECT is(pg_temp.look(:a), :a || ' 1 1 0 Acme Sally', 'an unclaimed order is shown with its seller');
SELECT is(pg_temp.look(:a, 'cora'), pg_temp.look(:a), 'every user with the number can read it');
SELECT is(claimable_order_id(77, pg_temp.uid('carl'), lower(pg_temp.number_of(:a))), :a::bigint, 'the number is case-insensitive');
SELECT is(pg_temp.look(:slow), :slow || ' 1 1 0 Acme Sally', 'its buyer can read an order whose payment is being confirmed');
SELECT is((SELECT (company).address ->> 'city' FROM order_view WHERE tenant_id = 77 AND id = claimable_order_id(77, pg_temp.uid('carl'), pg_temp.number_of(:a))), 'Bern', 'the order has the address of the company');
SELECT is(pg_temp.version(:a), 1, 'reading changes nothing');

-- Claiming.
SELECT is(pg_temp.bind(:a), 'done', 'the first claim is accepted');
SELECT is((SELECT buyer_id FROM orders WHERE id = :a), pg_temp.uid('carl'), 'the first user to claim an order is its buyer');
SELECT is(pg_temp.version(:a), 2, 'a claim increments the version');
SELECT is(pg_temp.bind(:a), 'unchanged', 'a repeated claim changes nothing');
SELECT is(pg_temp.version(:a), 2, 'a repeated claim keeps the version');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.bind(%s, %L)', :a, w.who)), 'OR409 order_bound', w.who || ' cannot claim the order of carl') FROM unnest('{cora,sally}'::text[]) AS w (who);
SELECT is(pg_temp.refusal(format('SELECT pg_temp.look(%s, %L)', :a, 'cora')), 'OR409 order_bound', 'the order of another buyer cannot be read');
SELECT is(pg_temp.bind(o.id), 'unchanged', 'repeating the claim of an order that is ' || o.what || ' changes nothing') FROM (VALUES (:paid, 'paid'), (:off, 'cancelled'), (:bad, 'in error')) AS o (id, what);
SELECT pg_temp.sell('cash', true) AS b, pg_temp.sell('cash', true) AS c \gset
SELECT is(pg_temp.settle(:b, 'X2'), 'done', 'an unclaimed order is paid');
SELECT pg_temp.call_off(:c) \g (format=unaligned) /dev/null
SELECT is(pg_temp.refusal(format('SELECT pg_temp.bind(%s)', o.id)), 'OR409 order_not_payable', o.what || ' order cannot be claimed') FROM (VALUES (:b, 'a paid'), (:c, 'a cancelled')) AS o (id, what);
SELECT is((SELECT ROW(b.id, (b.profile).id, (b.profile).given_name, (b.profile).family_name, (b.profile).phone, (b.profile).address ->> 'city')::text FROM claim_order(77, 'company', 'buyer', pg_temp.uid('carl'), 'bind', NULL, NULL, pg_temp.number_of(:a)) AS b),
          format('(%s,%s,Carl,Lee,0912,Taichung)', :a, pg_temp.uid('carl')), 'a claim returns the profile of the buyer');
SELECT is((SELECT (b.profile).title FROM claim_order(77, 'company', 'buyer', pg_temp.uid('carl'), 'bind', NULL, NULL, pg_temp.number_of(:a)) AS b), '1', 'the profile has the title');
SELECT is((SELECT (b.profile)::text FROM claim_order(77, 'company', 'buyer', pg_temp.uid('cora'), 'bind', NULL, NULL, pg_temp.number_of(:taken)) AS b), format('(%s,,,,,)', pg_temp.uid('cora')), 'members of the profile may be missing');
SELECT is(pg_temp.bind(pg_temp.buy('alice', p_method => 'manual'), 'alice'), 'unchanged', 'an order of another API already belongs to its buyer');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.bind(%s)', pg_temp.buy('alice', p_method => 'manual'))), 'OR404 not_found', 'an order of another API cannot be claimed by another user');

-- The billing address.
SELECT is(pg_temp.edit(:a), 'done', 'the buyer sets a billing address');
SELECT is((SELECT ROW(kind, document)::text FROM order_address WHERE order_id = :a), ROW('billing', '{"given_name": "Lee"}'::jsonb)::text, 'the order has the billing address');
SELECT is(pg_temp.version(:a), 3, 'a new address increments the version');
SELECT is(pg_temp.edit(:a), 'unchanged', 'the same address changes nothing');
SELECT is(pg_temp.version(:a), 3, 'the same address keeps the version');
SELECT is(pg_temp.edit(:a, '{"given_name": "Li", "title": 0}'), 'done', 'the buyer replaces the address');
SELECT is((SELECT document FROM order_address WHERE order_id = :a), '{"given_name": "Li", "title": 0}', 'the new address replaces the old one');
SELECT is(pg_temp.version(:a), 4, 'the replacement increments the version');
SELECT is(pg_temp.edit(:paid), 'done', 'the address of a paid order can be set');
SELECT is(pg_temp.edit(:slow), 'done', 'the address of an order whose payment is being confirmed can be set');
SELECT pg_temp.sell('cash', true, p_expires => 60) AS d \gset
SELECT is(pg_temp.bind(:d), 'done', 'another order is claimed');
SELECT pg_temp.let_expire(:d) \g (format=unaligned) /dev/null
SELECT is(pg_temp.told(format('SELECT pg_temp.%s(%s)', f.name, :d)), 'OR409 order_not_payable: expired closed', f.name || ' of an order past its expiry is refused') FROM unnest('{look,edit}'::text[]) AS f (name);
SELECT is(pg_temp.bind(:d), 'unchanged', 'a repeated claim of a closed order changes nothing');
SELECT is((SELECT count(*) FROM order_address WHERE order_id = :d), 0::bigint, 'a claim stores no address');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
