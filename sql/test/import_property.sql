-- SPDX-License-Identifier: Apache-2.0
-- Random orders of all APIs, after random payments, refunds, shipments and returns, are exported and imported by a shop that has only their packages and
-- channels. It exports the same text, and every invariant holds there. The seed is printed; PROPERTY_SEED repeats a run, PROPERTY_STEPS sets the number
-- of steps.
BEGIN;
\ir lib/shop.sql
\ir lib/goods.sql
SELECT no_plan();
\getenv seed PROPERTY_SEED
\if :{?seed}
\else
    SELECT floor(random() * 1000000)::integer AS seed \gset
\endif
\getenv steps PROPERTY_STEPS
\if :{?steps}
\else
    \set steps 900
\endif
SELECT diag('PROPERTY_SEED=' || :seed);
SELECT setseed(:seed / 1000000.0) \g (format=unaligned) /dev/null

SELECT pg_temp.operator_put('companies', 'acme', '{"name": "Acme", "prefix": "ACME"}'),
       pg_temp.operator_put('memberships', 'm', '{"company": "acme", "user": "bob", "role": "salesperson"}'),
       pg_temp.operator_put('coupons', 'some', '{"code": "SOME", "amount": 250, "currency": "USD", "max_uses": 40, "max_uses_per_user": 40}') \g (format=unaligned tuples_only=on) /dev/null
SELECT pg_temp.operator_put('products', 'p' || n, jsonb_build_object('name', 'P' || n, 'returnable', true, 'tax_class', CASE WHEN n = 3 THEN 'std' END,
           'variants', jsonb_build_array(jsonb_build_object('ref', 'x', 'stock', 2000, 'prices', jsonb_build_object('USD', (ARRAY[0, 333, 1000, 2599])[n])))))
FROM generate_series(1, 4) AS n \g (format=unaligned tuples_only=on) /dev/null
SELECT count(*) FROM pg_temp.top_up('alice', 100000000) \g (format=unaligned) /dev/null
\ir lib/life.sql

-- Orders of plans and packages, which the random operations then change too.
SELECT pg_temp.operator_put('products', 'k' || n, jsonb_build_object('name', 'K' || n, 'variants', jsonb_build_array(jsonb_build_object('ref', 'v', 'name', 'K' || n,
           'prices', jsonb_build_object('USD', 100 * n))))),
       pg_temp.operator_put('packages', 'k' || n, jsonb_build_object('product', 'k' || n, 'rank', n, 'duration_unit', 'month', 'duration_value', 1))
FROM generate_series(1, 3) AS n \g (format=unaligned tuples_only=on) /dev/null
CREATE FUNCTION pg_temp.place_package(p_user text, p_product text, p_price text, p_method text) RETURNS bigint LANGUAGE sql AS $$
    SELECT ("order").id FROM orders_v1.member_place(77, 'commerce', 'buyer', pg_temp.uid(p_user), 'place', NULL, NULL, jsonb_build_object(
        'user', p_user, 'address', '{"given_name": "Ann", "family_name": "Lee", "email": "ann@example.com", "phone": 60123456789, "house": "12",
            "street": "Jalan Ampang", "city": "Kuala Lumpur", "postal_code": "50450", "country": "my", "state": "my-10"}'::jsonb,
        'payment_method', p_method, 'total', p_price, 'lines', jsonb_build_array(jsonb_build_object('product', (
            SELECT v.id FROM orders.variant v JOIN orders.product p ON p.tenant_id = 77 AND p.id = v.product_id WHERE v.tenant_id = 77 AND p.external_ref = p_product),
            'quantity', 1, 'unit_price', p_price, 'total', p_price))), 900, NULL)
$$;
SELECT pg_temp.operator_put('users', 'm' || n, jsonb_build_object('name', 'Member ' || n, 'email', 'm' || n || '@example.com')),
       pg_temp.operator_put('members', 'm' || n, '{"placed_at": "2020-01-01T00:00:00Z"}')
FROM generate_series(1, 12) AS n \g (format=unaligned tuples_only=on) /dev/null
SELECT pg_temp.top_up('m' || n, 10000) FROM generate_series(1, 12) AS n \g (format=unaligned) /dev/null
SELECT pg_temp.place_package('m' || n, 'k' || 1 + n % 3, (1 + n % 3)::text, CASE WHEN n % 2 = 0 THEN 'balance' ELSE 'bank_transfer' END)
FROM generate_series(1, 12) AS n \g (format=unaligned) /dev/null
SELECT orders_v1.place_plan(77, 'user', 'buyer', pg_temp.uid('alice'), 'place', NULL, NULL, pg_temp.uid('alice'), pg_temp.plan(p.ref), pg_temp.option(p.option), 1,
           p.method, p.channel, NULL, p.coupon, 900)
FROM (VALUES ('basic', NULL, 'balance', NULL, 'TEN'), ('basic', 'yearly', 'balance', NULL, NULL), ('free', NULL, 'balance', NULL, NULL),
             ('taxed', NULL, 'external', 'sim', NULL), ('taxed', NULL, 'balance', NULL, NULL)) AS p (ref, option, method, channel, coupon)
    \g (format=unaligned) /dev/null

CREATE FUNCTION pg_temp.live(p_steps integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    o      orders.orders;
    v_what text;
BEGIN
    FOR n IN 1 .. p_steps LOOP
        IF n % 8 = 1 THEN
            PERFORM pg_temp.try_to_place();
        END IF;
        SELECT x.* INTO o FROM (SELECT * FROM orders.orders WHERE tenant_id = 77 ORDER BY state NOT IN ('open', 'completed'), id DESC LIMIT 20) AS x
        ORDER BY random() LIMIT 1;
        IF n % 4 = 0 THEN
            SELECT x.* INTO o FROM orders.orders AS x WHERE x.tenant_id = 77 ORDER BY random() LIMIT 1;
        END IF;
        v_what := pg_temp.any_step(o);
        PERFORM pg_temp.try_step(o, v_what, n);
        BEGIN
            IF n % 15 = 0 THEN
                PERFORM orders_v1.issue_invoice(77, 'operator', 'operator', NULL, NULL, NULL, NULL, o.id);
            ELSIF n % 5 = 0 AND o.fulfilment_state = 'shipped' THEN
                PERFORM orders_v1.track(77, 'operator', 'operator', pg_temp.uid('olga'), NULL, NULL, NULL, o.id,
                    jsonb_build_object('status', pg_temp.any_of('in_transit', 'on_delivery'), 'location', 'L' || n), NULL);
            END IF;
        EXCEPTION WHEN SQLSTATE 'OR409' THEN
            NULL;
        END;
    END LOOP;
    RETURN p_steps;
END
$$;
SELECT pg_temp.live(:steps) \g (format=unaligned) /dev/null
SELECT is_empty('SELECT * FROM orders_check.all_violations WHERE tenant_id = 77', 'the orders are consistent');
SELECT diag(format('%s orders in %s combinations of states', count(*), count(DISTINCT (api, state, payment_state, fulfilment_state)))) FROM orders WHERE tenant_id = 77;

-- The other shop.
INSERT INTO tenant (id, name, currency) VALUES (78, 'other', 'EUR');
SELECT orders_v1.catalogue_upsert(78, 'operator', 'operator', NULL, 'put', NULL, NULL, k.kind, k.ref, k.document)
FROM (SELECT 1 AS step, 'payment-channels' AS kind, 'sim' AS ref, '{"provider": "simulator"}'::jsonb AS document
      UNION ALL SELECT 2, 'products', 'k' || n, jsonb_build_object('name', 'K' || n, 'variants', jsonb_build_array(jsonb_build_object('ref', 'v', 'name', 'K' || n)))
                FROM generate_series(1, 3) AS n
      UNION ALL SELECT 3, 'packages', 'k' || n, jsonb_build_object('product', 'k' || n, 'rank', n, 'duration_unit', 'month', 'duration_value', 1)
                FROM generate_series(1, 3) AS n) AS k
ORDER BY k.step, k.ref \g (format=unaligned) /dev/null

CREATE FUNCTION pg_temp.export(p_tenant integer) RETURNS TABLE (n bigint, line text) LANGUAGE sql AS $$
    SELECT row_number() OVER (ORDER BY o.id), orders_v1.portable_order(p_tenant, o.id) FROM orders.orders o WHERE o.tenant_id = p_tenant
$$;
CREATE TEMP TABLE exported AS SELECT * FROM pg_temp.export(77);
CREATE FUNCTION pg_temp.import_chunks() RETURNS TABLE (outcome text, ref text, detail text, field text) LANGUAGE plpgsql AS $$
BEGIN
    FOR v_chunk IN 0 .. (SELECT max(n) / 30 FROM exported) LOOP
        RETURN QUERY SELECT s.outcome, s.ref, s.detail, s.field
                     FROM orders_v1.import_orders(78, 'operator', 'operator', NULL, 'import', NULL, NULL,
                                                  ARRAY(SELECT e.line::jsonb FROM exported e WHERE e.n / 30 = v_chunk ORDER BY e.n)) AS s;
    END LOOP;
END
$$;
SELECT is_empty($$SELECT line FROM exported WHERE line ~ '[\n\r]' OR line ~ '"(id|[a-z]+_id)":[0-9]'$$, 'a line has neither line breaks nor numeric ids');
CREATE TEMP TABLE outcome AS SELECT * FROM pg_temp.import_chunks();
SELECT is_empty($$SELECT * FROM outcome WHERE outcome <> 'created'$$, 'every line is imported');
CREATE TEMP TABLE again AS SELECT * FROM pg_temp.export(78);
SELECT is_empty($$
    SELECT a.n, x.key, left(x.value::text, 300) AS exported, left((b.line::jsonb -> x.key)::text, 300) AS again
    FROM exported a
    LEFT JOIN again b ON b.n = a.n
    CROSS JOIN LATERAL jsonb_each(a.line::jsonb) AS x
    WHERE x.value IS DISTINCT FROM b.line::jsonb -> x.key
    ORDER BY a.n LIMIT 5$$, 'the other shop exports the same members');
SELECT is((SELECT count(*) FROM exported a FULL JOIN again b ON b.n = a.n WHERE a.line IS DISTINCT FROM b.line), 0::bigint, 'the other shop exports the same text');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold after the import');
SELECT is((SELECT count(*) FROM pg_temp.import_chunks() AS i WHERE i.outcome = 'unchanged'), (SELECT count(*) FROM exported), 'a second import changes nothing');
SELECT is((SELECT count(*) FROM posting WHERE tenant_id = 78) + (SELECT count(*) FROM due WHERE tenant_id = 78) + (SELECT count(*) FROM mail WHERE tenant_id = 78)
          + (SELECT count(*) FROM coupon_redemption WHERE tenant_id = 78) + (SELECT count(*) FROM provider_transaction WHERE tenant_id = 78)
          + (SELECT count(*) FROM event WHERE tenant_id = 78 AND epoch >= 0), 0::bigint,
          'an import posts, queues, sends and redeems nothing, and no event is in the feed');
SELECT is_empty($$SELECT x.id FROM orders x CROSS JOIN LATERAL verify_history(78, x.id) AS v WHERE x.tenant_id = 78 AND v.reason IS NOT NULL$$, 'the histories are intact');

-- The imported orders live on.
CREATE FUNCTION pg_temp.go_on(p_steps integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
    v_done integer := 0;
BEGIN
    FOR v_id IN SELECT o.id FROM orders.orders o WHERE o.tenant_id = 78 ORDER BY random() LIMIT p_steps LOOP
        BEGIN
            CASE floor(random() * 6)::integer
                WHEN 0 THEN PERFORM orders_v1.refund(78, 'operator', 'operator', NULL, NULL, NULL, NULL, v_id, NULL, NULL, 'because', NULL, NULL);
                WHEN 1 THEN PERFORM orders_v1.advance(78, 'operator', 'operator', NULL, 'packed', NULL, NULL, v_id, 'packed', NULL, true, NULL, NULL);
                WHEN 2 THEN PERFORM orders_v1.ship(78, 'operator', 'operator', NULL, NULL, NULL, NULL, v_id, '{}', NULL);
                WHEN 3 THEN PERFORM orders_v1.settle_payment(78, 'operator', 'operator', NULL, NULL, NULL, NULL, v_id, NULL, 'R' || v_id, NULL);
                WHEN 4 THEN PERFORM orders_v1.issue_invoice(78, 'operator', 'operator', NULL, NULL, NULL, NULL, v_id);
                ELSE PERFORM orders_v1.cancel(78, 'operator', 'operator', NULL, NULL, NULL, NULL, NULL, v_id, 'no', NULL);
            END CASE;
            v_done := v_done + 1;
        EXCEPTION WHEN SQLSTATE 'OR409' OR SQLSTATE 'OR422' THEN
            NULL;
        END;
    END LOOP;
    RETURN v_done;
END
$$;
SELECT cmp_ok(pg_temp.go_on(400), '>', 5, 'imported orders can be paid, refunded, shipped and cancelled');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold afterwards');
SELECT is((SELECT count(*) FROM pg_temp.import_chunks() AS i WHERE i.outcome = 'unchanged'), (SELECT count(*) FROM exported),
          'a line that was imported before is unchanged even if its order has moved on');
SELECT * FROM finish();
ROLLBACK;
