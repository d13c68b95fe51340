-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
\ir lib/members.sql
SELECT no_plan();

-- --- Periods, with a clock of the test -----------------------------------------------------------------------------------

SELECT is(orders_v1.period_end(p.since::timestamptz, p.zone, p.unit, p.n, p.day)::text, (p.ends::timestamptz)::text, format('%s %s after %s in %s, anchor day %s: the end is %s', p.n, p.unit, p.since, p.zone, p.day, p.ends))
FROM (VALUES
    ('2027-01-15T10:00:00Z', 'UTC', 'month', 1, 15, '2027-02-15T10:00:00Z'),
    ('2027-01-31T10:00:00Z', 'UTC', 'month', 1, 31, '2027-02-28T10:00:00Z'),
    ('2027-02-28T10:00:00Z', 'UTC', 'month', 1, 31, '2027-03-31T10:00:00Z'),
    ('2027-03-31T10:00:00Z', 'UTC', 'month', 1, 31, '2027-04-30T10:00:00Z'),
    ('2028-01-30T10:00:00Z', 'UTC', 'month', 1, 30, '2028-02-29T10:00:00Z'),
    ('2027-12-31T23:59:59Z', 'UTC', 'month', 1, 31, '2028-01-31T23:59:59Z'),
    ('2027-11-30T00:00:00Z', 'UTC', 'month', 3, 30, '2028-02-29T00:00:00Z'),
    ('2028-02-29T12:00:00Z', 'UTC', 'year', 1, 29, '2029-02-28T12:00:00Z'),
    ('2031-02-28T12:00:00Z', 'UTC', 'year', 1, 29, '2032-02-29T12:00:00Z'),
    ('2028-02-29T12:00:00Z', 'UTC', 'year', 4, 29, '2032-02-29T12:00:00Z'),
    ('2099-02-28T12:00:00Z', 'UTC', 'year', 1, 29, '2100-02-28T12:00:00Z'),
    ('2028-02-28T12:00:00Z', 'UTC', 'day', 1, 28, '2028-02-29T12:00:00Z'),
    ('2027-12-28T12:00:00Z', 'UTC', 'week', 1, 28, '2028-01-04T12:00:00Z'),
    -- the last evening of a month in New York is in the next month of UTC
    ('2027-02-01T03:00:00Z', 'America/New_York', 'month', 1, 31, '2027-03-01T03:00:00Z'),
    ('2027-02-01T03:00:00Z', 'UTC', 'month', 1, 1, '2027-03-01T03:00:00Z'),
    -- a change to daylight saving time keeps the time of day
    ('2027-03-10T12:00:00Z', 'Europe/Berlin', 'month', 1, 10, '2027-04-10T11:00:00Z'),
    ('2027-10-30T12:00:00Z', 'Europe/Berlin', 'day', 1, 30, '2027-10-31T13:00:00Z'),
    ('2027-02-28T01:30:00Z', 'Europe/Berlin', 'month', 1, 28, '2027-03-28T01:30:00Z'),
    ('2027-06-30T22:00:00Z', 'Asia/Kolkata', 'month', 1, 1, '2027-07-31T22:00:00Z'),
    ('2027-01-30T11:00:00Z', 'Pacific/Auckland', 'month', 1, 31, '2027-02-27T11:00:00Z')
) AS p (since, zone, unit, n, day, ends);

-- A series of renewals, each on the day before the end, paid from the balance.
CREATE FUNCTION pg_temp.life(p_who text, p_package text, p_price text, p_start timestamptz, p_count integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_ends text := '';
    v_now  timestamptz := p_start;
BEGIN
    PERFORM pg_temp.join_it(p_who, p_package, p_price, v_now);
    FOR i IN 1 .. p_count LOOP
        v_now := pg_temp.ends(p_who) - interval '1 day';
        v_ends := v_ends || ' ' || to_char(pg_temp.ends(p_who) AT TIME ZONE (SELECT time_zone FROM orders.tenant WHERE id = 77), 'MM-DD HH24:MI');
        PERFORM pg_temp.renew(p_who, p_package, p_price, v_now);
    END LOOP;
    RETURN trim(v_ends);
END
$$;
SELECT pg_temp.top_up('alice', 100000000), pg_temp.top_up('bob', 100000000) \g (format=unaligned) /dev/null
SELECT is(pg_temp.life('alice', 'bronze', '10.00', '2027-10-31T09:30:00Z', 6),
    '11-30 09:30 12-31 09:30 01-31 09:30 02-29 09:30 03-31 09:30 04-30 09:30', 'months end on the anchor day, or on the last day of a shorter month');
SELECT is((SELECT count(*)::integer FROM package_term WHERE tenant_id = 77 AND user_id = pg_temp.uid('alice') AND revoked_at IS NULL), 7, 'each renewal adds a term');
SELECT is((SELECT count(DISTINCT starts_at)::integer FROM package_term WHERE tenant_id = 77 AND user_id = pg_temp.uid('alice')), 1, 'renewals keep the start');
UPDATE tenant SET time_zone = 'America/New_York' WHERE id = 77;
SELECT is(pg_temp.life('bob', 'bronze', '10.00', '2028-02-01T04:30:00Z', 4),
    '02-29 23:30 03-31 23:30 04-30 23:30 05-31 23:30', 'periods use the time zone of the tenant');
UPDATE tenant SET time_zone = 'UTC' WHERE id = 77;
SELECT pg_temp.member('carol'), pg_temp.member('dave') \g (format=unaligned) /dev/null
SELECT is(pg_temp.life('carol', 'gold', '100.00', '2028-02-29T00:00:00Z', 5), '02-28 00:00 02-28 00:00 02-28 00:00 02-29 00:00 02-28 00:00', 'yearly periods from a leap day end on the last day of February');
SELECT is(pg_temp.life('dave', 'fortnight', '5.00', '2027-03-20T12:00:00Z', 3), '04-03 12:00 04-17 12:00 05-01 12:00', 'periods of two weeks');
SELECT is((SELECT anchor_day::integer FROM package_term WHERE tenant_id = 77 AND user_id = pg_temp.uid('dave') ORDER BY id DESC LIMIT 1), 15, 'the anchor day of weekly periods moves');

-- --- Purchase, renewal, upgrade -------------------------------------------------------------------------------------------

SELECT pg_temp.member('erin') \g (format=unaligned) /dev/null
SELECT pg_temp.join_it('erin', 'silver', '30.00', '2027-05-10T00:00:00Z', 'manual', '5.00') AS a \gset
SELECT is(pg_temp.states(:a), 'open unpaid none', 'a package order awaits payment');
SELECT is(pg_temp.has('erin'), NULL, 'an unpaid package is not granted');
SELECT is((SELECT ROW(subtotal, discount, total, api, payment_method)::text FROM orders WHERE id = :a), '(3000,500,2500,commerce,manual)', 'the total is the list price less the discount');
SELECT is((SELECT ROW(kind, quantity, unit_price, list_price, discount, snapshot -> 'package' ->> 'kind')::text FROM order_line WHERE order_id = :a),
    '(package,1,3000,3000,500,purchase)', 'the line has the discount and the purpose');
SELECT is((SELECT category FROM order_view WHERE id = :a), 'package', 'the category of the order is package');
SELECT matches((SELECT number FROM orders WHERE id = :a), '^\d{12,}$', 'the order number has only digits');
SELECT is(order_id_of(77, (SELECT number FROM orders WHERE id = :a)), :a::bigint, 'the order is found by its number');
SELECT is((SELECT string_agg(kind || ' ' || (document ->> 'house') || ' ' || (document ->> 'state') || (document ->> 'country'), ',') FROM order_address WHERE order_id = :a),
    'billing 12 10MY', 'both addresses have upper-case codes without the country prefix');
SELECT is(pg_temp.pay(:a), 'done', 'the order is paid');
SELECT is(pg_temp.has('erin') ~ '^silver ', true, 'the paid package is granted');
SELECT is(pg_temp.states(:a), 'completed paid none', 'the order is completed');
SELECT is(pg_temp.pay(:a), 'unchanged', 'paying again changes nothing');
SELECT is((SELECT count(*)::integer FROM package_term WHERE order_id = :a), 1, 'the package is granted once');

SELECT pg_temp.put_member('erin', '{"placed_at": "2027-01-01T00:00:00Z", "package": "silver", "starts_at": "2027-05-10T00:00:00Z", "ends_at": "2027-06-10T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT pg_temp.top_up('erin', 100000) \g (format=unaligned) /dev/null
SELECT pg_temp.upgrade('erin', 'gold', '75.00', '2027-05-20T00:00:00Z') AS b \gset
SELECT is(pg_temp.has('erin'), 'gold 2027-05-20 2028-05-20', 'an upgrade to a package with another period starts a new period');
SELECT is((SELECT ROW(l.unit_price, o.discount, o.total, o.payment_state, o.category)::text FROM order_view o JOIN order_line l ON l.order_id = o.id WHERE o.id = :b),
    '(7500,0,7500,paid,upgrade)', 'an upgrade costs the price difference');
SELECT pg_temp.renew('erin', 'gold', '100.00', '2028-05-19T00:00:00Z') AS c \gset
SELECT is(pg_temp.has('erin'), 'gold 2027-05-20 2029-05-20', 'a renewal adds a period');
SELECT is((SELECT category FROM order_view WHERE id = :c), 'renewal', 'the category of the order is renewal');
SELECT pg_temp.renew('erin', 'gold', '100.00', '2029-06-01T06:00:00Z') AS d \gset
SELECT is(pg_temp.has('erin'), 'gold 2029-06-01 2030-06-01', 'a renewal after the end starts a new period');
SELECT pg_temp.upgrade('erin', 'forever', '400.00', '2029-07-01T00:00:00Z') AS e \gset
SELECT is(pg_temp.has('erin'), 'forever 2029-07-01 ', 'a package without an end has none');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');

SELECT pg_temp.member('hal'), pg_temp.put_member('hal', '{"placed_at": "2027-01-01T00:00:00Z", "package": "lifetime", "starts_at": "2027-05-01T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT pg_temp.upgrade('hal', 'bronze', '9.00', '2027-05-31T00:00:00Z') \g (format=unaligned) /dev/null
SELECT is(pg_temp.has('hal'), 'bronze 2027-05-31 2027-06-30', 'an upgrade from a package without an end starts a new period');
SELECT pg_temp.member('hans'), pg_temp.put_member('hans', '{"placed_at": "2027-01-01T00:00:00Z", "package": "bronze", "starts_at": "2027-05-01T00:00:00Z", "ends_at": null}') \g (format=unaligned) /dev/null
SELECT pg_temp.upgrade('hans', 'silver', '20.00', '2027-05-31T00:00:00Z', 'balance', '5.00') \g (format=unaligned) /dev/null
SELECT is(pg_temp.has('hans'), 'silver 2027-05-31 2027-06-30', 'an upgrade from an unlimited term that an operator granted starts a new period');
SELECT pg_temp.member('ina') \g (format=unaligned) /dev/null
SELECT pg_temp.join_it('ina', 'free', '0', '2027-05-31T00:00:00Z', 'manual') AS x \gset
SELECT is(pg_temp.states(:x) || ' ' || pg_temp.has('ina'), 'completed paid none free 2027-05-31 2027-06-01', 'a free package is granted immediately');
SELECT is(pg_temp.drop_it(NULL, :x, 'operator') || coalesce(pg_temp.has('ina'), ' -'), 'done -', 'cancelling its order revokes the package');

-- The discount of an upgrade is that of the new package.
SELECT pg_temp.member('fay') \g (format=unaligned) /dev/null
SELECT pg_temp.put_member('fay', '{"placed_at": "2027-01-01T00:00:00Z", "package": "bronze", "starts_at": "2027-05-10T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT pg_temp.upgrade('fay', 'silver', '20.00', '2027-05-20T00:00:00Z', 'manual', '5.00') AS f \gset
SELECT is((SELECT total FROM orders WHERE id = :f), 1500::bigint, 'the total is 30.00 less the discount of 5.00 and the 10.00 of the active package');

-- --- Effects of payments and refunds --------------------------------------------------------------------------------------

SELECT is(pg_temp.drop_it(NULL, :f, 'operator'), 'done', 'an unpaid upgrade is cancelled');
SELECT is(pg_temp.has('fay'), 'bronze 2027-05-10 2027-06-10', 'the package of the member is unchanged');
SELECT pg_temp.top_up('fay', 100000) \g (format=unaligned) /dev/null
SELECT pg_temp.upgrade('fay', 'silver', '20.00', '2027-05-20T00:00:00Z', 'balance', '5.00') AS f \gset
SELECT is(pg_temp.has('fay'), 'silver 2027-05-20 2027-06-10', 'an upgrade paid from the balance is granted immediately');
SELECT is(pg_temp.create_refunds(:f, 500), 'done', 'the order is partially refunded');
SELECT is(pg_temp.has('fay'), 'silver 2027-05-20 2027-06-10', 'a partial refund keeps the package');
SELECT is(pg_temp.create_refunds(:f), 'done', 'the rest is refunded');
SELECT is(pg_temp.has('fay'), 'bronze 2027-05-10 2027-06-10', 'a full refund restores the previous package');
SELECT pg_temp.renew('fay', 'bronze', '10.00', '2027-06-01T00:00:00Z') AS g \gset
SELECT pg_temp.upgrade('fay', 'silver', '20.00', '2027-06-02T00:00:00Z', 'balance', '5.00') AS h \gset
SELECT is(pg_temp.create_refunds(:g), 'done', 'a renewal before the upgrade is refunded');
SELECT is(pg_temp.has('fay'), 'silver 2027-06-02 2027-07-10', 'the upgrade based on it stays valid');
SELECT is(pg_temp.create_refunds(:h), 'done', 'the upgrade is refunded too');
SELECT is(pg_temp.has('fay'), 'bronze 2027-05-10 2027-06-10', 'the package before both is restored');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');

-- A pending or failed refund keeps the package.
SELECT pg_temp.upgrade('fay', 'silver', '20.00', '2027-06-02T00:00:00Z', 'external', '5.00') AS i \gset
SELECT pg_temp.hear('e1', 'paid', :i, 1500, 'T1') \g (format=unaligned) /dev/null
SELECT is(left(pg_temp.has('fay'), 6), 'silver', 'an upgrade is paid through a provider');
SELECT is(pg_temp.create_refunds(:i), 'done', 'its refund is pending');
SELECT is(pg_temp.states(:i) || ' ' || left(pg_temp.has('fay'), 6), 'completed refund_pending none silver', 'a pending refund keeps the package');
SELECT is((SELECT outcome FROM settle_refund(77, 'worker', 'provider', NULL, 'settle', NULL, NULL, (SELECT id FROM refund WHERE order_id = :i), NULL, false, 'no', 'no')), 'done', 'the provider refuses the refund');
SELECT is(pg_temp.states(:i) || ' ' || left(pg_temp.has('fay'), 6), 'completed paid none silver', 'a failed refund keeps the package');
SELECT is((SELECT count(*)::integer FROM package_term WHERE order_id = :i), 1, 'the package is granted once');
SELECT is(pg_temp.create_refunds(:i), 'done', 'the refund is repeated');
SELECT outcome FROM settle_refund(77, 'worker', 'provider', NULL, 'settle', NULL, NULL, (SELECT max(id) FROM refund WHERE order_id = :i), 'R1', true, NULL, NULL) \g (format=unaligned) /dev/null
SELECT is(left(pg_temp.has('fay'), 6), 'bronze', 'a completed refund revokes the package');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');

-- --- Orders whose conditions have changed ---------------------------------------------------------------------------------

SELECT pg_temp.put_member('fay', '{"placed_at": "2027-01-01T00:00:00Z", "package": "bronze", "ends_at": "2100-01-01T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT pg_temp.upgrade('fay', 'silver', '20.00', now(), 'manual', '5.00') AS j \gset
SELECT pg_temp.put_member('fay', '{"placed_at": "2027-01-01T00:00:00Z", "package": "bronze", "starts_at": "2020-01-01T00:00:00Z", "ends_at": "2020-02-01T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT pg_temp.pay(:j) \g (format=unaligned) /dev/null
SELECT is(pg_temp.states(:j) || ' ' || pg_temp.has('fay'), 'open paid none bronze 2020-01-01 2020-02-01', 'an upgrade is not applied after the end of the package that its price is based on');
SELECT is(pg_temp.rules('upgrade', 'fay', 'silver', '20.00', '15.00', '5.00', now()), 'package_processing not_an_upgrade', 'the order is in processing');
SELECT version AS v FROM orders WHERE id = :j \gset
SELECT is(pg_temp.apply(:j), 'done', 'an operator applies the order');
SELECT is((SELECT version FROM orders WHERE id = :j), :v + 1, 'applying increments the version');
SELECT is(pg_temp.states(:j), 'completed paid none', 'applying completes the order');
SELECT is(pg_temp.has('fay') ~ ('^silver ' || to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD')), true, 'the package is granted');
SELECT is(pg_temp.apply(:j), 'unchanged', 'applying again changes nothing');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.apply(%s)', :h)), 'OR409 package_not_applicable', 'a refunded order cannot be applied');
SELECT is(pg_temp.refusal('SELECT pg_temp.apply(0)'), 'OR404 not_found', 'an unknown order is not found');
SELECT pg_temp.buy('alice') AS n \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.apply(%s)', :n)), 'OR409 package_not_applicable', 'an order without a package cannot be applied');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');

SELECT pg_temp.member('jan'), pg_temp.put_member('jan', '{"placed_at": "2020-01-01T00:00:00Z", "package": "bronze", "starts_at": "2020-01-01T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT pg_temp.upgrade('jan', 'silver', '20.00', '2020-01-15T00:00:00Z', 'manual', '5.00') AS k \gset
SELECT is(pg_temp.refusal(format('SELECT pg_temp.apply(%s)', :k)), 'OR409 package_not_applicable', 'an unpaid order cannot be applied');
SELECT pg_temp.pay(:k) \g (format=unaligned) /dev/null
SELECT is(pg_temp.has('jan'), 'bronze 2020-01-01 2020-02-01', 'a renewal paid after the end of the package is not applied');
SELECT pg_temp.create_refunds(:k, 500) \g (format=unaligned) /dev/null
SELECT is(pg_temp.rules('renewal', 'jan', 'bronze', '10.00', '10.00', '0', now()), 'package_processing', 'a partial refund keeps the order in processing');
SELECT pg_temp.create_refunds(:k) \g (format=unaligned) /dev/null
SELECT pg_temp.put_member('jan', jsonb_build_object('placed_at', '2020-01-01T00:00:00Z', 'package', 'bronze', 'ends_at', '2100-01-01T00:00:00Z')) \g (format=unaligned) /dev/null
SELECT pg_temp.upgrade('jan', 'silver', '20.00', now(), 'manual', '5.00') AS k \gset
SELECT pg_temp.put_member('jan', jsonb_build_object('placed_at', '2020-01-01T00:00:00Z', 'package', 'peer', 'ends_at', '2100-01-01T00:00:00Z')) \g (format=unaligned) /dev/null
SELECT pg_temp.pay(:k) \g (format=unaligned) /dev/null
SELECT is(pg_temp.has('jan') ~ '^peer', true, 'a renewal paid while another package is active is not applied');
SELECT pg_temp.create_refunds(:k) \g (format=unaligned) /dev/null
SELECT pg_temp.member('kim') \g (format=unaligned) /dev/null
SELECT pg_temp.join_it('kim', 'bronze', '10.00', now(), 'manual') AS k \gset
SELECT pg_temp.put_member('kim', '{"placed_at": "2020-01-01T00:00:00Z", "package": "gold", "ends_at": "2100-01-01T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT pg_temp.pay(:k) \g (format=unaligned) /dev/null
SELECT is(pg_temp.has('kim') ~ '^gold', true, 'a purchase paid while the member has a package is not applied');
SELECT is(pg_temp.apply(:k), 'done', 'an operator applies it');
SELECT is(pg_temp.has('kim') ~ '^bronze', true, 'the purchased package replaces the other one');
SELECT pg_temp.member('lea'), pg_temp.put_member('lea', jsonb_build_object('placed_at', '2020-01-01T00:00:00Z', 'package', 'bronze', 'starts_at', '2020-01-01T00:00:00Z', 'ends_at', to_char(now() + interval '5 days', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))) \g (format=unaligned) /dev/null
SELECT pg_temp.renew('lea', 'bronze', '10.00', now(), 'external') AS k \gset
SELECT pg_temp.hear('l1', 'paid', :k, 1000, 'L1'), pg_temp.create_refunds(:k) \g (format=unaligned) /dev/null
SELECT is((SELECT outcome FROM settle_refund(77, 'worker', 'provider', NULL, 'settle', NULL, NULL, (SELECT id FROM refund WHERE order_id = :k), NULL, false, 'no', 'no')), 'done', 'the refund of an applied renewal fails');
SELECT is((SELECT count(*)::integer FROM package_term WHERE order_id = :k AND revoked_at IS NULL), 1, 'the renewal is not granted a second time');
SELECT pg_temp.renew('lea', 'bronze', '10.00', now() + interval '30 days', 'manual') AS k \gset
SELECT pg_temp.put_member('lea', '{"placed_at": "2020-01-01T00:00:00Z", "package": "peer", "ends_at": "2100-01-01T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT pg_temp.pay(:k) \g (format=unaligned) /dev/null
SELECT is(pg_temp.has('lea') ~ '^peer', true, 'a renewal of a package that the member no longer has is not applied');
SELECT is(pg_temp.apply(:k), 'done', 'an operator applies it');
SELECT is(pg_temp.ends('lea') < now() + interval '32 days', true, 'the remaining time of the other package is not added');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');

-- A package is granted as it was sold, even if the catalogue has changed.
SELECT pg_temp.member('mia') \g (format=unaligned) /dev/null
SELECT pg_temp.join_it('mia', 'cheap', '10.00', now(), 'manual') AS k \gset
SELECT pg_temp.operator_put('packages', 'cheap', '{"product": "cheap", "rank": 4, "duration_unit": "day", "duration_value": 1}') \g (format=unaligned) /dev/null
SELECT pg_temp.pay(:k) \g (format=unaligned) /dev/null
SELECT is(pg_temp.ends('mia') > now() + interval '27 days', true, 'the period is that of the time of sale');
SELECT pg_temp.operator_put('packages', 'cheap', '{"product": "cheap", "rank": 4, "duration_unit": "month", "duration_value": 1}') \g (format=unaligned) /dev/null
-- A purchase of a package that the member already has, applied by an operator, adds its period.
SELECT pg_temp.member('ned') \g (format=unaligned) /dev/null
SELECT pg_temp.join_it('ned', 'bronze', '10.00', now(), 'manual') AS k \gset
SELECT pg_temp.put_member('ned', '{"placed_at": "2020-01-01T00:00:00Z", "package": "bronze", "ends_at": "2100-01-31T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT pg_temp.pay(:k), pg_temp.apply(:k) \g (format=unaligned) /dev/null
SELECT is(pg_temp.has('ned') ~ ' 2100-02-28$', true, 'the remaining time is kept');
-- An operator can cancel and refund an order in processing.
SELECT pg_temp.member('oda') \g (format=unaligned) /dev/null
SELECT pg_temp.join_it('oda', 'bronze', '10.00', now(), 'manual') AS k \gset
SELECT pg_temp.put_member('oda', '{"placed_at": "2020-01-01T00:00:00Z", "package": "gold"}') \g (format=unaligned) /dev/null
SELECT pg_temp.pay(:k) \g (format=unaligned) /dev/null
SELECT is(pg_temp.drop_it(NULL, :k, 'operator') || ' ' || pg_temp.states(:k) || ' ' || left(pg_temp.has('oda'), 4), 'done cancelled refunded none gold', 'an order in processing is cancelled and refunded');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');

-- A cancelled order whose refund failed is not applied and does not block other orders.
SELECT pg_temp.member('pam') \g (format=unaligned) /dev/null
SELECT pg_temp.join_it('pam', 'bronze', '10.00', now(), 'external') AS k \gset
SELECT pg_temp.put_member('pam', '{"placed_at": "2020-01-01T00:00:00Z", "package": "gold", "ends_at": "2100-01-01T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT pg_temp.hear('p1', 'paid', :k, 1000, 'P1') \g (format=unaligned) /dev/null
SELECT pg_temp.drop_it(NULL, :k, 'operator') \g (format=unaligned) /dev/null
SELECT outcome FROM settle_refund(77, 'worker', 'provider', NULL, 'settle', NULL, NULL, (SELECT id FROM refund WHERE order_id = :k), NULL, false, 'no', 'no') \g (format=unaligned) /dev/null
SELECT is(pg_temp.states(:k), 'cancelled paid none', 'a cancelled order whose refund failed stays paid');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.apply(%s)', :k)), 'OR409 package_not_applicable', 'it cannot be applied');
SELECT is(pg_temp.rules('renewal', 'pam', 'gold', '100.00', '100.00', '0', '2099-12-31T12:00:00Z'), 'no refusal', 'it does not block another order');
-- An order that becomes applicable while its refund fails is completed.
SELECT pg_temp.member('quin') \g (format=unaligned) /dev/null
SELECT pg_temp.join_it('quin', 'bronze', '10.00', now(), 'external') AS k \gset
SELECT pg_temp.put_member('quin', '{"placed_at": "2020-01-01T00:00:00Z", "package": "gold", "ends_at": "2100-01-01T00:00:00Z"}') \g (format=unaligned) /dev/null
SELECT pg_temp.hear('q1', 'paid', :k, 1000, 'Q1'), pg_temp.create_refunds(:k) \g (format=unaligned) /dev/null
SELECT pg_temp.put_member('quin', '{"placed_at": "2020-01-01T00:00:00Z", "package": null}') \g (format=unaligned) /dev/null
SELECT outcome FROM settle_refund(77, 'worker', 'provider', NULL, 'settle', NULL, NULL, (SELECT id FROM refund WHERE order_id = :k), NULL, false, 'no', 'no') \g (format=unaligned) /dev/null
SELECT is(pg_temp.states(:k) || ' ' || left(pg_temp.has('quin'), 6), 'completed paid none bronze', 'the package is granted and the order completed');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');

-- Packages are sold only to members: not in a cart, not as goods, not by a reorder.
SELECT is(pg_temp.refusal($$SELECT * FROM place_order(77, 'operator', 'operator', NULL, 'x', NULL, NULL, '{"dialect": "shop", "user": "alice", "payment_method": "cod",
    "lines": [{"product": "bronze"}]}', NULL)$$), 'OR422 product_not_found lines[0].product', 'an operator cannot place an order with a package as goods');
SELECT is(pg_temp.refusal($$SELECT * FROM place_order(77, 'operator', 'operator', NULL, 'x', NULL, NULL, '{"dialect": "shop", "user": "alice", "payment_method": "cod",
    "lines": [{"product": "retired"}]}', NULL)$$), 'OR422 product_not_found lines[0].product', 'a retired package cannot be ordered');
SELECT id AS cart FROM make_cart(77, 'operator', 'operator', NULL, 'x', NULL, NULL,
    '{"company": "acme", "agent": "bob", "currency": "USD", "products": [{"number": "BRONZE"}]}') \gset
SELECT is(pg_temp.refusal(format('SELECT orders_v1.price_cart(k) FROM orders.cart k WHERE k.id = %s', :cart)), 'OR409 product_not_sold', 'a package in a cart is refused');
SELECT is(orders_v1.is_still_sold(77, l), false, 'a package cannot be reordered') FROM (SELECT * FROM order_line WHERE tenant_id = 77 AND kind = 'package' LIMIT 1) AS l;

-- --- Members and packages as documents ------------------------------------------------------------------------------------

SELECT is(pg_temp.refusal(format('SELECT pg_temp.operator_put(%L, %L, %L)', c.kind, c.ref, c.document)), c.says, concat(c.kind, ' ', c.ref, ' ', c.document, ' is refused with ', c.says))
FROM (VALUES
    ('packages', 'x', '{"product": "nothing", "rank": 1}', 'OR422 product_not_found product'),
    ('packages', 'x', '{"product": "lamp", "variant": "nothing", "rank": 1}', 'OR422 product_not_found product'),
    ('packages', 'x', '{"product": "many", "rank": 1}', 'OR422 required_field variant'),
    ('packages', 'x', '{"product": "off", "rank": 1, "duration_unit": "month"}', 'OR422 required_field duration_value'),
    ('packages', 'x', '{"product": "off", "rank": 1, "duration_value": 1}', 'OR422 invalid_field duration_value'),
    ('packages', 'bronze', '{"product": "off", "rank": 1}', 'OR422 invalid_field variant'),
    ('packages', 'second', '{"product": "bronze", "rank": 1}', 'OR422 invalid_field variant'),
    ('packages', 'counted', '{"product": "lamp", "rank": 1}', 'OR422 invalid_field variant'),
    ('products', 'bronze', '{"name": "Bronze", "variants": [{"ref": "v", "number": "BRONZE", "name": "Bronze", "stock": 9, "prices": {"USD": 1000}}]}',
     'OR422 invalid_field variants[0].stock'),
    ('users', ' alice', '{"name": "A"}', 'OR422 invalid_field ref'),
    ('users', 'alice ', '{"name": "A"}', 'OR422 invalid_field ref'),
    ('members', 'nobody', '{}', 'OR422 user_not_found ref'),
    ('members', 'alice', '{"package": "nothing"}', 'OR422 package_not_found package'),
    ('members', 'alice', '{"package": "bronze", "starts_at": "2027-01-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"}', 'OR422 invalid_field ends_at')) AS c (kind, ref, document, says);
SELECT pg_temp.member('gus') \g (format=unaligned) /dev/null
-- A repeated document does not revert later changes.
SELECT pg_temp.member('uma') \g (format=unaligned) /dev/null
SELECT is(pg_temp.put_member('uma', '{"placed_at": "2020-01-01T00:00:00Z", "package": "bronze", "starts_at": "2020-01-01T00:00:00Z", "ends_at": "2100-01-01T00:00:00Z"}'), 'updated', 'a document grants a package');
SELECT grant_term(m, next_term(term_of(m), ROW(77, NULL, m.user_id, 'purchase', pg_temp.number_of_product('gold'), 'year', 1, NULL)::package_order, 'UTC', now()), NULL) FROM member m
WHERE m.tenant_id = 77 AND m.user_id = pg_temp.uid('uma') \g (format=unaligned) /dev/null
SELECT matches(pg_temp.has('uma'), '^gold', 'an order changes the package');
SELECT is(pg_temp.put_member('uma', '{"placed_at": "2020-01-01T00:00:00Z", "package": "bronze", "starts_at": "2020-01-01T00:00:00Z", "ends_at": "2100-01-01T00:00:00Z"}'), 'unchanged', 'the first document changes nothing');
SELECT matches(pg_temp.has('uma'), '^gold', 'it keeps the purchased package');
SELECT is(pg_temp.put_member('uma', '{"placed_at": "2020-01-01T00:00:00Z", "package": null}'), 'updated', 'a document with the package null is accepted');
SELECT is(pg_temp.has('uma'), NULL, 'it removes the package');
SELECT is(pg_temp.put_member('uma', '{"placed_at": "2020-01-01T00:00:00Z", "package": "bronze", "starts_at": "2020-01-01T00:00:00Z", "ends_at": "2100-01-01T00:00:00Z"}'), 'updated', 'then the first document grants its package again');

SELECT is(pg_temp.put_member('gus', c.document) || ' ' || coalesce(pg_temp.has('gus'), '-'), c.says, c.document::text || ' gives ' || c.says)
FROM (VALUES
    (1, '{"placed_at": "2027-01-01T00:00:00Z"}'::jsonb, 'unchanged -'),
    (2, '{"placed_at": "2027-01-01T00:00:00Z", "package": "bronze", "starts_at": "2027-01-31T00:00:00Z"}', 'updated bronze 2027-01-31 2027-02-28'),
    (3, '{"placed_at": "2027-01-01T00:00:00Z", "package": "bronze", "starts_at": "2027-01-31T00:00:00Z"}', 'unchanged bronze 2027-01-31 2027-02-28'),
    (4, '{"placed_at": "2027-01-01T00:00:00Z", "package": "bronze"}', 'unchanged bronze 2027-01-31 2027-02-28'),
    (5, '{"placed_at": null}', 'updated bronze 2027-01-31 2027-02-28'),
    (6, '{"package": "bronze", "ends_at": "2027-03-01T00:00:00Z"}', 'updated bronze 2027-01-31 2027-03-01'),
    (7, '{"package": "bronze"}', 'unchanged bronze 2027-01-31 2027-03-01'),
    (8, '{"package": "bronze", "ends_at": null}', 'updated bronze 2027-01-31 '),
    (9, '{"package": "silver", "starts_at": "2027-02-01T00:00:00Z"}', 'updated silver 2027-02-01 2027-03-01'),
    (10, '{"package": null}', 'updated -')) AS c (n, document, says)
ORDER BY c.n;
SELECT is((SELECT document - 'user_id' FROM catalogue_upsert(77, 'operator', 'operator', NULL, 'put', NULL, NULL, 'members', 'gus', '{"package": "gold", "starts_at": "2027-02-01T00:00:00Z"}')),
    jsonb_build_object('package', 'gold', 'placed_at', NULL, 'auto_upgrade_at', NULL, 'starts_at', timestamptz '2027-02-01T00:00:00Z', 'ends_at', timestamptz '2028-02-01T00:00:00Z'), 'the document of a member has package, times and placement');

-- One idempotency key has one result for all these operations.
\ir lib/twice.sql
SELECT pg_temp.member('val') \g (format=unaligned) /dev/null
SELECT is(pg_temp.twice(w.name, w.api, NULL, w.arguments), w.outcome, w.name || ' returns the same response to a repetition')
FROM (VALUES
    (1, 'member_place', 'commerce', format('%L, 900, NULL', jsonb_build_object('user', 'val', 'address', pg_temp.address(), 'total', '10.00', 'payment_method', 'balance',
        'lines', jsonb_build_array(jsonb_build_object('product', pg_temp.number_of_product('bronze'), 'quantity', 1, 'unit_price', '10.00', 'discount', '0', 'total', '10.00')))), 'done'),
    (2, 'upgrade_or_renew', 'commerce', format('%L, 900, NULL, 31', pg_temp.step_of('renewal', 'val', 'bronze', '10.00', '10.00', '0') || pg_temp.paying('balance')
        || jsonb_build_object('address', pg_temp.address())), 'done'),
    (3, 'apply_paid_package', 'operator', '(SELECT max(id) FROM orders.orders), NULL', 'unchanged')) AS w (n, name, api, arguments, outcome) ORDER BY w.n;

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');

-- Violations that the invariant reports.
SELECT is(pg_temp.violated(replace(replace(c.sql, '$c', :'c'), '$h', :'h')) ~ c.names, true, concat(c.sql, ' is reported by ', c.names))
FROM (VALUES
    ('UPDATE package_order SET package_id = pg_temp.number_of_product(''peer'') WHERE order_id = $c', 'packages_fit'),
    ('DELETE FROM package_order WHERE order_id = $c', 'packages_fit'),
    ('UPDATE package_order SET user_id = pg_temp.uid(''olga'') WHERE order_id = $c', 'packages_fit'),
    ('UPDATE package_term SET revoked_at = now() WHERE order_id = $c', '^packages_fit$'),
    ('UPDATE orders SET state = ''open'' WHERE id = $c', 'packages_fit'),
    ('UPDATE package_term SET revoked_at = NULL WHERE order_id = $h', '^packages_fit$'),
    ('UPDATE package_term SET user_id = pg_temp.uid(''olga'') WHERE order_id = $c', '^packages_fit$'),
    ('UPDATE member SET term_id = (SELECT id FROM package_term WHERE order_id = $h) WHERE user_id = pg_temp.uid(''fay'')', '^packages_fit$'),
    ('UPDATE member SET term_id = (SELECT id FROM package_term WHERE order_id = $c) WHERE user_id = pg_temp.uid(''fay'')', '^packages_fit$'),
    ('INSERT INTO order_line (tenant_id, order_id, kind, item_id, title, quantity, unit_price, list_price, subtotal, currency) SELECT tenant_id, order_id, kind, item_id, title, 1, 0, 0, 0, currency FROM order_line WHERE order_id = $c', '^packages_fit$')
) AS c (sql, names);
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
