-- SPDX-License-Identifier: Apache-2.0
-- A small shop for the tests, created in their transaction: \ir lib/shop.sql after BEGIN.
-- Tenant 77: alice (10000 USD cents), bob (1000), poor (none), off (inactive), olga (operator).
-- The functions below call the documented functions with the context of a caller.

CREATE EXTENSION IF NOT EXISTS pgtap;
SET LOCAL search_path = orders, orders_v1, public;
SET LOCAL client_min_messages = warning;
-- The session has a time zone whose date differs from that of UTC.
SELECT set_config('timezone', CASE WHEN extract(hour FROM now() AT TIME ZONE 'UTC') < 12 THEN 'Etc/GMT+12' ELSE 'Etc/GMT-14' END, true)
    \g (format=unaligned) /dev/null

INSERT INTO tenant (id, name, currency) VALUES (77, 'test', 'USD');

CREATE FUNCTION pg_temp.operator_put(p_kind text, p_ref text, p_document jsonb) RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM orders_v1.catalogue_upsert(77, 'operator', 'operator', NULL, 'put', NULL, NULL, p_kind, p_ref, p_document)
$$;

SELECT pg_temp.operator_put('users', r.ref, jsonb_build_object('name', initcap(r.ref), 'login', r.ref,
                                                               'email', r.ref || '@example.com', 'active', r.ref <> 'off'))
FROM unnest(ARRAY['alice', 'bob', 'poor', 'off', 'olga']) AS r (ref) \g (format=unaligned tuples_only=on) /dev/null

SELECT pg_temp.operator_put(k.kind, k.ref, k.document)
FROM (VALUES
    (1, 'plans', 'basic', '{"name": "Basic", "price": 1000, "currency": "USD", "duration_unit": "month", "duration_value": 1,
                            "features": ["one"]}'::jsonb),
    (2, 'plans', 'hidden', '{"name": "Hidden", "price": 1000, "currency": "USD", "status": "hidden"}'),
    (3, 'plans', 'free', '{"name": "Free", "price": 0, "currency": "USD"}'),
    (4, 'plans', 'few', '{"name": "Few", "price": 10, "currency": "USD", "max_quantity": 3}'),
    (5, 'plans', 'dear', '{"name": "Dear", "price": 900000000000000, "currency": "USD"}'),
    (6, 'plans', 'taxed', '{"name": "Taxed", "price": 1000, "currency": "USD", "tax_class": "std"}'),
    (7, 'billing-options', 'yearly', '{"plan": "basic", "name": "Yearly", "price": 9000, "duration_unit": "year",
                                       "duration_value": 1}'),
    (8, 'billing-options', 'stopped', '{"plan": "basic", "name": "Stopped", "price": 1, "active": false}'),
    (9, 'coupons', 'ten', '{"code": "TEN", "percent_bp": 1000}'),
    (10, 'coupons', 'all', '{"code": "ALL", "percent_bp": 10000}'),
    (11, 'coupons', 'two', '{"code": "TWO", "amount": 200, "currency": "USD", "max_uses": 2}'),
    (12, 'coupons', 'once', '{"code": "ONCE", "percent_bp": 1000, "max_uses_per_user": 1}'),
    (13, 'coupons', 'past', '{"code": "PAST", "percent_bp": 1000, "ends_at": "2020-01-01T00:00:00Z"}'),
    (14, 'coupons', 'later', '{"code": "LATER", "percent_bp": 1000, "starts_at": "2100-01-01T00:00:00Z"}'),
    (15, 'coupons', 'euro', '{"code": "EURO", "amount": 100, "currency": "EUR"}'),
    (16, 'coupons', 'big', '{"code": "BIG", "amount": 100, "currency": "USD", "minimum": 5000}'),
    (17, 'coupons', 'dead', '{"code": "DEAD", "percent_bp": 1000, "active": false}'),
    (18, 'coupons', 'capped', '{"code": "CAPPED", "percent_bp": 5000, "max_discount": 150, "currency": "USD"}'),
    (19, 'tax-rates', 'cgst', '{"tax_class": "std", "key": "CGST", "rate_bp": 800}'),
    (20, 'tax-rates', 'sgst', '{"tax_class": "std", "key": "SGST", "rate_bp": 800}'),
    (21, 'payment-channels', 'sim', '{"provider": "simulator"}'),
    (22, 'payment-channels', 'euronly', '{"provider": "simulator", "currencies": ["EUR"]}'),
    (23, 'payment-channels', 'down', '{"provider": "simulator", "enabled": false}')
) AS k (n, kind, ref, document) ORDER BY k.n \g (format=unaligned tuples_only=on) /dev/null

CREATE FUNCTION pg_temp.uid(p_ref text) RETURNS bigint LANGUAGE sql AS $$ SELECT orders_v1.user_id_of(77, p_ref) $$;

CREATE FUNCTION pg_temp.plan(p_ref text) RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM orders.plan WHERE tenant_id = 77 AND external_ref = p_ref
$$;

CREATE FUNCTION pg_temp.option(p_ref text) RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM orders.billing_option WHERE tenant_id = 77 AND external_ref = p_ref
$$;

CREATE FUNCTION pg_temp.top_up(p_ref text, p_amount bigint) RETURNS SETOF orders_v1.posted LANGUAGE sql AS $$
    SELECT * FROM orders_v1.post_balance(77, 'operator', 'operator', NULL, 'balances', NULL, NULL, pg_temp.uid(p_ref),
                                      p_amount, 'USD', 'test')
$$;

SELECT count(*) FROM pg_temp.top_up('alice', 10000) AS a, pg_temp.top_up('bob', 1000) AS b \g (format=unaligned) /dev/null

-- Places as a buyer of the user API; returns the order's id.
CREATE FUNCTION pg_temp.buy(
    p_who text, p_plan text DEFAULT 'basic', p_method text DEFAULT 'balance', p_coupon text DEFAULT NULL,
    p_quantity integer DEFAULT 1, p_key text DEFAULT NULL, p_expires integer DEFAULT 900, p_channel text DEFAULT 'sim',
    p_option text DEFAULT NULL
) RETURNS bigint LANGUAGE sql AS $$
    SELECT ("order").id FROM orders_v1.place_plan(
        77, 'user', 'buyer', pg_temp.uid(p_who), 'create', p_key, sha256(p_plan::bytea), pg_temp.uid(p_who),
        pg_temp.plan(p_plan), pg_temp.option(p_option), p_quantity, p_method, p_channel, 'https://example.com/back',
        p_coupon, p_expires)
$$;

-- The argument p_match for If-Match with a tag of this version; NULL: no condition.
CREATE FUNCTION pg_temp.match(p_order bigint, p_version integer) RETURNS text[] LANGUAGE sql AS $$
    SELECT CASE WHEN p_version IS NOT NULL THEN ARRAY[orders_v1.version_tag(p_order, p_version)] END
$$;

CREATE FUNCTION pg_temp.drop_it(p_who text, p_order bigint, p_api text DEFAULT 'user', p_version integer DEFAULT NULL)
RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.cancel(77, p_api, CASE p_api WHEN 'operator' THEN 'operator' ELSE 'buyer' END,
                                   pg_temp.uid(coalesce(p_who, 'olga')), 'cancel', NULL, NULL, pg_temp.uid(p_who), p_order,
                                   'changed my mind', pg_temp.match(p_order, p_version))
$$;

CREATE FUNCTION pg_temp.pay(p_order bigint, p_method text DEFAULT NULL, p_reference text DEFAULT 'manual') RETURNS text
LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.settle_payment(77, 'operator', 'operator', pg_temp.uid('olga'), 'pay', NULL, NULL, p_order,
                                           p_method, p_reference, NULL)
$$;

CREATE FUNCTION pg_temp.create_refunds(
    p_order bigint, p_amount bigint DEFAULT NULL, p_lines jsonb DEFAULT NULL, p_window integer DEFAULT 30,
    p_actor text DEFAULT 'operator'
) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.refund(77, 'operator', p_actor, pg_temp.uid('olga'), 'refund', NULL, NULL, p_order,
                                   p_amount, p_lines, 'broken', p_window, NULL)
$$;

CREATE FUNCTION pg_temp.payment_of(p_order bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT max(id) FROM orders.payment WHERE tenant_id = 77 AND order_id = p_order
$$;

-- The rows of orders.due of a kind for an order, its payments, refunds or mail.
CREATE FUNCTION pg_temp.due_of(p_kind text, p_order bigint) RETURNS SETOF orders.due LANGUAGE sql AS $$
    SELECT d.* FROM orders.due d
    WHERE d.tenant_id = 77 AND d.kind = p_kind
      AND d.id IN (SELECT p_order WHERE p_kind = 'expiry'
                   UNION ALL SELECT p.id FROM orders.payment p WHERE p.tenant_id = 77 AND p.order_id = p_order AND p_kind IN ('intent', 'capture')
                   UNION ALL SELECT r.id FROM orders.refund r WHERE r.tenant_id = 77 AND r.order_id = p_order AND p_kind = 'refund'
                   UNION ALL SELECT m.id FROM orders.mail m WHERE m.tenant_id = 77 AND m.order_id = p_order AND p_kind = 'mail')
$$;

CREATE FUNCTION pg_temp.make_due(p_kind text, p_order bigint, p_at timestamptz DEFAULT now()) RETURNS void LANGUAGE sql AS $$
    UPDATE orders.due d SET due_at = p_at FROM pg_temp.due_of(p_kind, p_order) AS w
    WHERE d.tenant_id = 77 AND d.kind = w.kind AND d.id = w.id
$$;

-- Sets the expiry of an order; NULL: never.
CREATE FUNCTION pg_temp.let_expire(p_order bigint, p_at timestamptz DEFAULT now()) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    o orders.orders;
BEGIN
    UPDATE orders.orders SET expires_at = p_at WHERE tenant_id = 77 AND id = p_order RETURNING * INTO o;
    IF orders_v1.can_expire(o) THEN
        PERFORM orders_v1.put_due(77, 'expiry', p_order, NULL, p_at);
    ELSE
        PERFORM orders_v1.end_due(77, 'expiry', p_order);
    END IF;
END
$$;

-- Records a final failure of the newest payment of an order, which sets the order to error.
CREATE FUNCTION pg_temp.fail_finally(p_order bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.fail_order(orders_v1.acting_as(orders_v1.system_context(77), 'provider'), orders_v1.lock_order(77, p_order, NULL, NULL),
                                 pg_temp.payment_of(p_order), 'no', 'never', true);
    RETURN pg_temp.states(p_order);
END
$$;

CREATE FUNCTION pg_temp.key_of(p_payment bigint) RETURNS uuid LANGUAGE sql AS $$
    SELECT provider_key FROM orders.payment WHERE tenant_id = 77 AND id = p_payment
$$;

CREATE FUNCTION pg_temp.hear(
    p_event text, p_type text, p_order bigint, p_amount bigint DEFAULT 1000, p_transaction text DEFAULT NULL,
    p_currency text DEFAULT 'USD', p_intent text DEFAULT NULL, p_capture text DEFAULT NULL
) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.apply_provider_event(77, 'sim', p_event, p_type, pg_temp.key_of(pg_temp.payment_of(p_order)), p_intent,
                                          p_transaction, p_amount, p_currency, 'declined', 'the card was declined', NULL, NULL, p_capture)
$$;

-- The three states of an order: 'open unpaid none'.
CREATE FUNCTION pg_temp.states(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT state || ' ' || payment_state || ' ' || fulfilment_state FROM orders.orders
    WHERE tenant_id = 77 AND id = p_order
$$;

CREATE FUNCTION pg_temp.money(p_ref text) RETURNS bigint LANGUAGE sql AS $$
    SELECT balance FROM orders.account WHERE tenant_id = 77 AND user_id = pg_temp.uid(p_ref) AND currency = 'USD'
$$;

-- A member of a refusal's HINT; NULL for an error that is not a refusal.
CREATE FUNCTION pg_temp.hint_member(p_state text, p_hint text, p_member text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT CASE WHEN p_state LIKE 'OR%' THEN nullif(p_hint, '')::jsonb -> p_member END
$$;

-- The refusal of a statement, such as 'OR422 plan_not_found plan_id'; another error; or 'no refusal'.
CREATE FUNCTION pg_temp.refusal(p_sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_code text;
    v_hint text;
BEGIN
    EXECUTE p_sql;
    RETURN 'no refusal';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_code = MESSAGE_TEXT, v_hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' ', SQLSTATE, v_code, pg_temp.hint_member(SQLSTATE, v_hint, 'field') #>> '{}');
END
$$;

-- The extra members of a statement's refusal.
CREATE FUNCTION pg_temp.hint(p_sql text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_hint text;
BEGIN
    EXECUTE p_sql;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_hint = PG_EXCEPTION_HINT;
    RETURN pg_temp.hint_member(SQLSTATE, v_hint, 'extras');
END
$$;

-- The name of the constraint that rejects a statement.
CREATE FUNCTION pg_temp.broken(p_sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_name text;
BEGIN
    EXECUTE p_sql;
    SET CONSTRAINTS ALL IMMEDIATE;
    RETURN 'nothing broken';
EXCEPTION WHEN integrity_constraint_violation OR check_violation OR foreign_key_violation OR unique_violation THEN
    GET STACKED DIAGNOSTICS v_name = CONSTRAINT_NAME;
    RETURN v_name;
END
$$;

-- Places an order of goods for any API: 2 × 1000, and shipping of 150.
CREATE FUNCTION pg_temp.goods(
    p_who text, p_dialect text DEFAULT 'shop', p_method text DEFAULT 'balance', p_tax_class text DEFAULT NULL,
    p_inclusive boolean DEFAULT true, p_coupon text DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    c orders_v1.context := ROW(77, p_dialect, 'buyer', pg_temp.uid(p_who), 'goods', NULL, NULL);
    h orders_v1.order_head;
    l orders_v1.priced_line;
    s orders_v1.priced_line;
BEGIN
    h.api := p_dialect;
    h.buyer_id := pg_temp.uid(p_who);
    h.currency := 'USD';
    h.exponent := 2;
    h.tax_inclusive := p_inclusive;
    h.fulfilment := 'pending';
    h.method := p_method;
    h.provider := CASE p_method WHEN 'balance' THEN 'balance' ELSE 'manual' END;
    h.coupon := p_coupon;
    l.kind := 'product';
    l.title := 'Lamp';
    l.quantity := 2;
    l.unit_price := 1000;
    l.tax_class := p_tax_class;
    s.kind := 'shipping';
    s.title := 'Post';
    s.quantity := 1;
    s.unit_price := 150;
    RETURN orders_v1.put_order(c, h, ARRAY[l, s]);
END
$$;

-- Runs SQL, returns the names of the violated invariants, and rolls back.
CREATE FUNCTION pg_temp.violated(p_sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_names text;
BEGIN
    BEGIN
        EXECUTE p_sql;
        SELECT string_agg(DISTINCT name, ' ' ORDER BY name) INTO v_names FROM orders_check.all_violations
        WHERE tenant_id = 77;
        RAISE EXCEPTION USING ERRCODE = 'TT000';
    EXCEPTION WHEN SQLSTATE 'TT000' THEN
        RETURN v_names;
    END;
END
$$;
