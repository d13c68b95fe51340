-- SPDX-License-Identifier: Apache-2.0
-- A release may add an attribute at the end of a type that is read by position, and a column at the end of the view of orders. The
-- functions of the former release still work, in old and new sessions; the attribute is NULL.
BEGIN;
\ir lib/shop.sql
\ir lib/company.sql
SELECT no_plan();

SELECT pg_temp.buy('bob') AS paid, pg_temp.buy('bob', p_method => 'external') AS external, pg_temp.buy('bob', p_method => 'external') AS open \gset
SELECT pg_temp.hear('p', 'paid', :external, 1000, 'tx-1') \g (format=unaligned) /dev/null
SELECT pg_temp.create_refunds(:external, 300) \g (format=unaligned) /dev/null
SELECT issue_token(77, 'operator', 'operator', NULL, 'token', NULL, NULL, pg_temp.uid('alice'), '{buyer}', NULL, sha256('a'), 'ord_') \g (format=unaligned) /dev/null
SELECT record_intent(77, 'user', 'system', NULL, 'i', NULL, NULL, pg_temp.payment_of(:open), 'in-1', 'https://pay', NULL) \g (format=unaligned) /dev/null
SELECT ("order").id AS goods FROM place_order(77, 'operator', 'operator', NULL, 'place', NULL, NULL, '{"dialect": "customer", "user": "alice", "currency": "USD", "payment_method": "balance",
    "lines": [{"product": "lamp", "variant": "red", "quantity": 3}], "shipping_address": {"street": "Main 1"}}', 900) \gset
SELECT advance(77, 'operator', 'operator', NULL, 'advance', NULL, NULL, :goods, 'packed', NULL, NULL, NULL, NULL), ship(77, 'operator', 'operator', NULL, 'ship', NULL, NULL, :goods, '{"tracking_number": "JP1"}', NULL),
       track(77, 'operator', 'operator', NULL, 'track', NULL, NULL, :goods, '{"status": "delivered"}', NULL) \g (format=unaligned) /dev/null
SELECT request_return(77, 'customer', 'buyer', pg_temp.uid('alice'), 'return', NULL, NULL, pg_temp.uid('alice'), :goods,
    (SELECT jsonb_build_array(jsonb_build_object('id', id, 'quantity', 1)) FROM order_line WHERE order_id = :goods AND kind = 'product'), 'broken', 30, NULL) \g (format=unaligned) /dev/null

CREATE TEMP TABLE call AS
SELECT c.name, format(c.call, c.id) AS call, c.is_read
FROM (VALUES ('an order', 'SELECT * FROM order_view WHERE tenant_id = 77 AND id = %s', :goods, true),
             ('the labels', $$SELECT labels_of(77, '{en}') AS labels$$, NULL, true),
             ('the returns', 'SELECT * FROM list_returns(77, NULL, 20, NULL)', NULL, true),
             ('the tokens', 'SELECT * FROM list_tokens(77, NULL, 20)', NULL, true),
             ('refund tasks', 'SELECT * FROM claim_refunds(77, (SELECT payment_channel FROM orders WHERE tenant_id = 77 AND id = %s), 5, 0)', :external, false),
             ('a payment that starts', 'SELECT * FROM start_payment(77, %s)', :open, false),
             ('a posting', $$SELECT * FROM post_balance(77, 'operator', 'operator', NULL, 'top_up', NULL, NULL, pg_temp.uid('bob'), 5, 'USD', NULL)$$, NULL, false),
             ('a write', $$SELECT * FROM refund(77, 'operator', 'operator', NULL, 'refund', NULL, NULL, %s, 10, NULL, 'broken', 30, NULL)$$, :paid, false)) AS c (name, call, id, is_read);

-- The response without the added attributes.
CREATE FUNCTION pg_temp.without(p_value jsonb) RETURNS jsonb LANGUAGE sql AS $$
SELECT regexp_replace(p_value::text, '"added": null, |, "added": null', '', 'g')::jsonb
$$;
CREATE FUNCTION pg_temp.answer(p_call text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v jsonb;
BEGIN
    EXECUTE 'SELECT jsonb_agg(to_jsonb(a)) FROM (' || p_call || ') AS a' INTO v;
    RETURN v;
EXCEPTION WHEN OTHERS THEN
    RETURN to_jsonb(SQLSTATE || ' ' || SQLERRM);
END
$$;
CREATE TEMP TABLE before AS SELECT c.name, pg_temp.answer(c.call) AS answer FROM call c;
SELECT is(jsonb_typeof(b.answer), 'array', b.name || ' returns a response') FROM before b;

DO $$
DECLARE
    v_type regclass;
BEGIN
    FOR v_type IN SELECT c.oid FROM pg_class c WHERE c.relkind = 'c' AND obj_description(c.reltype, 'pg_type') LIKE '%are read by position%' LOOP
        EXECUTE format('ALTER TYPE %s ADD ATTRIBUTE added text', v_type);
    END LOOP;
END
$$;
SELECT cmp_ok((SELECT count(*) FROM pg_attribute WHERE attname = 'added' AND NOT attisdropped), '>', 15::bigint, 'each type has an added attribute');

CREATE FUNCTION pg_temp.same_answers(p_when text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT is(pg_temp.without(pg_temp.answer(c.call)), pg_temp.without(b.answer), c.name || ': as before, ' || p_when) FROM call c JOIN before b USING (name) WHERE c.is_read;
    RETURN QUERY SELECT is(jsonb_typeof(pg_temp.answer(c.call)), jsonb_typeof(b.answer), c.name || ' returns a response, ' || p_when) FROM call c JOIN before b USING (name) WHERE NOT c.is_read;
END
$$;
SELECT pg_temp.same_answers('with cached plans');
DISCARD PLANS;
SELECT pg_temp.same_answers('with new plans');
DO $$
BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW orders_v1.order_view AS '
        || regexp_replace(pg_get_viewdef('orders_v1.order_view'::regclass), '\s+FROM orders\.orders o;$', ', NULL::text AS added FROM orders.orders o');
END
$$;
SELECT pg_temp.same_answers('with another column of the view');

SELECT is_empty($$SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'orders_v1'::regnamespace AND p.prosrc ~ '\)::(orders_v1\.)?[a-z]+_view\M'$$,
    'no function casts a row to a type that may get attributes');

SELECT * FROM finish();
ROLLBACK;
