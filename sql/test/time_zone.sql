-- SPDX-License-Identifier: Apache-2.0
-- Days, months and years are those of the tenant's time zone, independent of UTC and the time zone of the session.
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.zone(p_zone text) RETURNS void LANGUAGE sql AS $$ UPDATE orders.tenant SET time_zone = p_zone WHERE id = 77 $$;

-- Sets the time zone of the tenant and returns a time as text with its UTC offset.
CREATE FUNCTION pg_temp.local(p_zone text, p_at text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.zone(p_zone);
    RETURN orders_v1.local_text(77, p_at::timestamptz);
END
$$;
SELECT is(pg_temp.local(z.zone, z.at), z.text, format('%s in %s is %s', z.at, z.zone, z.text))
FROM (VALUES
    ('UTC', '2026-11-30T23:59:59Z', '2026-11-30T23:59:59Z'),
    ('Europe/London', '2026-11-30T23:59:59Z', '2026-11-30T23:59:59Z'),
    ('Pacific/Auckland', '2026-11-30T10:59:59Z', '2026-11-30T23:59:59+13:00'),
    ('Pacific/Auckland', '2026-11-30T11:00:00Z', '2026-12-01T00:00:00+13:00'),
    ('Pacific/Auckland', '2026-06-30T12:00:00Z', '2026-07-01T00:00:00+12:00'),
    ('America/Los_Angeles', '2027-01-01T07:59:59Z', '2026-12-31T23:59:59-08:00'),
    ('Asia/Kathmandu', '2026-12-31T18:15:00Z', '2027-01-01T00:00:00+05:45'),
    ('America/St_Johns', '2026-11-30T00:00:00.9Z', '2026-11-29T20:30:00-03:30')) AS z (zone, at, text);

-- The numbers of orders, an invoice and a bill series at a time.
CREATE FUNCTION pg_temp.numbers(p_zone text, p_at timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    h orders_v1.order_head;
    v text := '';
BEGIN
    PERFORM pg_temp.zone(p_zone);
    FOREACH h.api IN ARRAY ARRAY['user', 'shop', 'customer', 'commerce', 'company'] LOOP
        h.number_prefix := CASE h.api WHEN 'company' THEN 'AAAA' END;
        h.method := 'cod';
        v := v || orders_v1.order_number(h, 7, orders_v1.local_time(77, p_at)) || ' ';
    END LOOP;
    RETURN v || orders_v1.invoice_number(77, 'INV', 7, p_at) || ' ' || orders_v1.bill_series_at(77, p_at);
END
$$;
SELECT is(pg_temp.numbers(z.zone, z.at::timestamptz), z.numbers, 'numbers have the day of ' || z.zone || ' at ' || z.at)
FROM (VALUES
    ('UTC', '2026-11-30T23:59:59Z',
     'ORD-20261130-000007 ORD-20261130-000007 20261130-00000007C 261130000007 AAAA261130000007OD INV261130000007IN BILL-2026-11'),
    ('Pacific/Auckland', '2026-11-30T10:59:59Z',
     'ORD-20261130-000007 ORD-20261130-000007 20261130-00000007C 261130000007 AAAA261130000007OD INV261130000007IN BILL-2026-11'),
    ('Pacific/Auckland', '2026-11-30T11:00:00Z',
     'ORD-20261201-000007 ORD-20261201-000007 20261201-00000007C 261201000007 AAAA261201000007OD INV261201000007IN BILL-2026-12'),
    ('America/Los_Angeles', '2027-01-01T07:59:59Z',
     'ORD-20261231-000007 ORD-20261231-000007 20261231-00000007C 261231000007 AAAA261231000007OD INV261231000007IN BILL-2026-12')) AS z (zone, at, numbers);

-- New orders, bills and invoices have these dates: in one of these zones the current day differs from UTC.
CREATE FUNCTION pg_temp.all_days(p_zone text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_order bigint;
    v_goods bigint;
    v_sale  bigint;
    v_day   text := to_char(now() AT TIME ZONE p_zone, 'YYYY-MM-DD');
    v_short text := to_char(now() AT TIME ZONE p_zone, 'YYMMDD');
    v_wrong text;
BEGIN
    PERFORM pg_temp.zone(p_zone);
    v_order := pg_temp.buy('alice');
    v_goods := pg_temp.goods('alice');
    v_sale := pg_temp.sell('cash');
    PERFORM pg_temp.settle(v_sale, 'X-' || p_zone);
    PERFORM pg_temp.bill(v_sale), pg_temp.bill(v_order);
    PERFORM orders_v1.advance(77, 'operator', 'operator', NULL, 'go', NULL, NULL, v_goods, 'confirmed', NULL, NULL, NULL, NULL);
    SELECT string_agg(x.what || ': ' || x.is, ', ') INTO v_wrong
    FROM (
        SELECT 'order' AS what, number AS is, replace(v_day, '-', '') AS day FROM orders.orders WHERE tenant_id = 77 AND id = v_order
        UNION ALL SELECT 'sale', number, v_short FROM orders.orders WHERE tenant_id = 77 AND id = v_sale
        UNION ALL SELECT 'bill', bill_no, left(v_day, 7) FROM orders.orders WHERE tenant_id = 77 AND id = v_goods
        UNION ALL SELECT 'bill day', snapshot ->> 'issued_at', v_day FROM orders.bill WHERE tenant_id = 77 AND order_id = v_goods
        UNION ALL SELECT 'bill of a plan', document ->> 'issued_at', v_day FROM orders_v1.read_bill(77, NULL, v_order)
        UNION ALL SELECT 'invoice', number, v_short FROM orders.invoice WHERE tenant_id = 77 AND order_id IN (v_sale, v_order)
        UNION ALL SELECT 'invoice day', document ->> 'issued_at', v_day FROM orders.invoice WHERE tenant_id = 77 AND order_id IN (v_sale, v_order)
        UNION ALL SELECT 'paid', document -> 'payment' ->> 'paid_at', v_day FROM orders.invoice WHERE tenant_id = 77 AND order_id IN (v_sale, v_order)) AS x
    WHERE strpos(x.is, x.day) = 0;
    RETURN v_wrong;
END
$$;
SELECT is(pg_temp.all_days(z.zone), NULL, 'all documents have the day of ' || z.zone) FROM unnest(ARRAY['Pacific/Kiritimati', 'Etc/GMT+12', 'UTC']) AS z (zone);

-- The start and the end of a period that a list covers, in UTC.
CREATE FUNCTION pg_temp.period(p_zone text, p_unit text, p_now timestamptz, p_from date DEFAULT NULL, p_to date DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.zone(p_zone);
    RETURN concat_ws(' ', to_char(orders_v1.span_start(77, p_unit, p_from, p_now) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI'),
                     to_char(orders_v1.span_end(77, p_unit, p_to, p_now) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI'));
END
$$;
SELECT is(pg_temp.period(p.zone, p.unit, p.now::timestamptz), p.period, format('the %s in %s at %s is %s', p.unit, p.zone, p.now, p.period))
FROM (VALUES
    ('UTC', 'day', '2026-11-26T00:00:00Z', '2026-11-26T00:00 2026-11-27T00:00'),
    ('UTC', 'day', '2026-11-26T23:59:59.999999Z', '2026-11-26T00:00 2026-11-27T00:00'),
    ('UTC', 'day', '2028-02-28T12:00:00Z', '2028-02-28T00:00 2028-02-29T00:00'),
    ('UTC', 'week', '2026-11-22T23:59:59.999999Z', '2026-11-16T00:00 2026-11-23T00:00'),
    ('UTC', 'week', '2026-11-23T00:00:00Z', '2026-11-23T00:00 2026-11-30T00:00'),
    ('UTC', 'week', '2027-01-01T10:00:00Z', '2026-12-28T00:00 2027-01-04T00:00'),
    ('UTC', 'month', '2028-02-29T00:00:00Z', '2028-02-01T00:00 2028-03-01T00:00'),
    ('UTC', 'year', '2028-12-31T23:59:59Z', '2028-01-01T00:00 2029-01-01T00:00'),
    ('Pacific/Auckland', 'day', '2026-11-30T10:59:59Z', '2026-11-29T11:00 2026-11-30T11:00'),
    ('Pacific/Auckland', 'day', '2026-11-30T11:00:00Z', '2026-11-30T11:00 2026-12-01T11:00'),
    ('Pacific/Auckland', 'week', '2026-11-29T11:00:00Z', '2026-11-29T11:00 2026-12-06T11:00'),
    ('Pacific/Auckland', 'month', '2026-11-30T11:00:00Z', '2026-11-30T11:00 2026-12-31T11:00'),
    ('Pacific/Auckland', 'year', '2026-12-31T10:59:59Z', '2025-12-31T11:00 2026-12-31T11:00'),
    ('America/New_York', 'day', '2026-11-01T12:00:00Z', '2026-11-01T04:00 2026-11-02T05:00'),
    ('America/New_York', 'week', '2026-03-08T12:00:00Z', '2026-03-02T05:00 2026-03-09T04:00')) AS p (zone, unit, now, period);
SELECT is(pg_temp.period('Pacific/Auckland', NULL, now(), '2026-11-01', '2026-12-01'), '2026-10-31T11:00 2026-11-30T11:00', 'given days start at midnight in the tenant''s time zone');
SELECT ok(span_start(77, NULL, NULL) = '-infinity' AND span_end(77, NULL, NULL) = 'infinity', 'without a unit and days the period is unlimited');
SELECT is(span_end(77, NULL, NULL), 'infinity'::timestamptz, 'the period is unlimited after the last year that can be represented');

SELECT is_empty('SELECT * FROM orders_check.all_violations WHERE tenant_id = 77', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
