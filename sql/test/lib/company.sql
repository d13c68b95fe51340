-- SPDX-License-Identifier: Apache-2.0
-- Two companies and their products, for the tests: \ir lib/company.sql after lib/shop.sql.
-- acme (AAAA) has sally and sam (salespeople), mona (manager) and mel (member); bold (BB) has bert, and sally too.
-- carl and cora are consumers. A lamp has a red, a blue and a free variant; a taxed desk has one variant.

SELECT pg_temp.operator_put(k.kind, k.ref, k.document)
FROM (VALUES
    (1, 'companies', 'acme', '{"name": "Acme", "prefix": "AAAA", "email": "acme@example.com", "tax_number": "T-1",
        "address": {"street": "Main 1", "city": "Bern", "postal_code": "3000", "country": "CH"},
        "images": {"px240": "https://example.com/acme.png"}}'::jsonb),
    (2, 'companies', 'bold', '{"name": "Bold", "prefix": "BB"}'),
    (3, 'users', 'sally', '{"name": "Sally", "given_name": "Sally", "family_name": "Wang", "email": "sally@example.com",
        "current_company": "acme"}'),
    (4, 'users', 'sam', '{"name": "Sam", "current_company": "acme"}'),
    (5, 'users', 'mona', '{"name": "Mona", "current_company": "acme"}'),
    (6, 'users', 'mel', '{"name": "Mel", "current_company": "acme"}'),
    (7, 'users', 'bert', '{"name": "Bert", "current_company": "bold"}'),
    (8, 'users', 'carl', '{"name": "Carl", "given_name": "Carl", "family_name": "Lee", "title": 1, "phone": "0912",
        "email": "carl@example.com", "default_address": {"street": "ABC 1", "city": "Taichung", "code": "301"}}'),
    (9, 'users', 'cora', '{"name": "Cora"}'),
    (10, 'memberships', 'm1', '{"company": "acme", "user": "sally", "role": "salesperson"}'),
    (11, 'memberships', 'm2', '{"company": "acme", "user": "sam", "role": "salesperson"}'),
    (12, 'memberships', 'm3', '{"company": "acme", "user": "mona", "role": "manager"}'),
    (13, 'memberships', 'm4', '{"company": "acme", "user": "mel"}'),
    (14, 'memberships', 'm5', '{"company": "bold", "user": "bert", "role": "salesperson"}'),
    (15, 'memberships', 'm6', '{"company": "bold", "user": "sally", "role": "salesperson"}'),
    (16, 'products', 'lamp', '{"name": "Lamp", "number": "L", "company": "acme", "returnable": true,
        "images": {"px480": "https://example.com/lamp.png"}, "variants": [
        {"ref": "red", "number": "L-RED", "name": "Red", "options": [{"id": 1, "name": "red"}, {"id": 2, "name": "warm"}],
         "images": {"px240": "https://example.com/red.png"}, "status": "stock", "prices": {"USD": {"price": 1000, "list_price": 1200}, "EUR": 900}},
        {"ref": "blue", "number": "L-BLUE", "name": "Blue", "prices": {"USD": 500}},
        {"ref": "gift", "number": "L-GIFT", "name": "Gift", "prices": {"USD": 0}}]}'),
    (17, 'products', 'desk', '{"name": "Desk", "tax_class": "std", "variants": [
        {"ref": "desk", "number": "D-1", "prices": {"USD": 1000}}]}'),
    (18, 'products', 'gold', '{"name": "Gold", "variants": [
        {"ref": "gold", "number": "G-1", "prices": {"USD": 1000000000000000}}]}'),
    (19, 'payment-channels', 'paypal', '{"provider": "paypal"}')
) AS k (n, kind, ref, document) ORDER BY k.n \g (format=unaligned tuples_only=on) /dev/null

CREATE FUNCTION pg_temp.put(p_kind text, p_ref text, p_document text) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.catalogue_upsert(77, 'operator', 'operator', NULL, 'put', NULL, NULL, p_kind, p_ref, p_document::jsonb)
$$;

-- Sets the current company of a user.
CREATE FUNCTION pg_temp.work_for(p_who text, p_company text) RETURNS void LANGUAGE sql AS $$
    UPDATE orders.users SET current_company_id = (SELECT id FROM orders.company WHERE tenant_id = 77 AND external_ref = p_company)
    WHERE tenant_id = 77 AND id = pg_temp.uid(p_who)
$$;

CREATE FUNCTION pg_temp.cart(
    p_agent text, p_products jsonb DEFAULT '[{"number": "L-RED"}]', p_currency text DEFAULT 'USD', p_company text DEFAULT 'acme'
) RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM orders_v1.make_cart(77, 'operator', 'operator', pg_temp.uid('olga'), 'carts', NULL, NULL, jsonb_build_object(
        'company', p_company, 'agent', p_agent, 'currency', p_currency, 'products', p_products))
$$;

CREATE FUNCTION pg_temp.place(
    p_who text, p_cart text, p_method text DEFAULT 'cash', p_consumer boolean DEFAULT false, p_channel text DEFAULT 'paypal',
    p_expires integer DEFAULT 900
) RETURNS SETOF orders_v1.written LANGUAGE sql AS $$
    SELECT * FROM orders_v1.place_cart(77, 'company', 'seller', pg_temp.uid(p_who), 'create', NULL, NULL, p_cart, p_method,
                                    p_consumer, p_channel, p_expires)
$$;

-- Creates a cart and orders it; returns the order's id.
CREATE FUNCTION pg_temp.sell(
    p_method text DEFAULT 'cash', p_consumer boolean DEFAULT false, p_products jsonb DEFAULT '[{"number": "L-RED"}]',
    p_expires integer DEFAULT 900, p_who text DEFAULT 'sally', p_company text DEFAULT 'acme'
) RETURNS bigint LANGUAGE sql AS $$
    SELECT ("order").id FROM pg_temp.place(p_who, pg_temp.cart(p_who, p_products, 'USD', p_company)::text, p_method, p_consumer,
                                       'paypal', p_expires)
$$;

CREATE FUNCTION pg_temp.number_of(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT number FROM orders.orders WHERE tenant_id = 77 AND id = p_order
$$;

CREATE FUNCTION pg_temp.settle(p_order bigint, p_transaction text, p_who text DEFAULT 'sally') RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.settle_sale(77, 'company', 'seller', pg_temp.uid(p_who), 'payment', NULL, NULL,
                                        pg_temp.number_of(p_order), p_transaction)
$$;

CREATE FUNCTION pg_temp.call_off(p_order bigint, p_who text DEFAULT 'sally') RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.cancel_sale(77, 'company', 'seller', pg_temp.uid(p_who), 'cancel', NULL, NULL, pg_temp.number_of(p_order))
$$;

CREATE FUNCTION pg_temp.refund(
    p_order bigint, p_transaction text DEFAULT NULL, p_who text DEFAULT 'sally', p_window integer DEFAULT 30,
    p_terminal boolean DEFAULT false
) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.refund_sale(77, 'company', 'seller', pg_temp.uid(p_who), 'refund', NULL, NULL,
                                        pg_temp.number_of(p_order), p_transaction, p_window, p_terminal)
$$;

CREATE FUNCTION pg_temp.may_refund(p_order bigint, p_who text DEFAULT 'sally', p_window integer DEFAULT 30) RETURNS text
LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.check_sale_refund(77, pg_temp.uid(p_who), pg_temp.number_of(p_order), p_window)
$$;

CREATE FUNCTION pg_temp.terminal(
    p_transaction text, p_order bigint, p_kind text DEFAULT 'refund', p_amount bigint DEFAULT 1000, p_currency text DEFAULT 'USD'
) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.record_terminal_transaction(77, 'operator', 'operator', pg_temp.uid('olga'), 'terminal', NULL, NULL,
        p_transaction, p_kind, p_amount, p_currency, pg_temp.number_of(p_order))
$$;

CREATE FUNCTION pg_temp.bind(p_order bigint, p_who text DEFAULT 'carl') RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.claim_order(77, 'company', 'buyer', pg_temp.uid(p_who), 'bind', NULL, NULL, pg_temp.number_of(p_order))
$$;

CREATE FUNCTION pg_temp.bill(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.issue_invoice(77, 'operator', 'operator', pg_temp.uid('olga'), 'invoice', NULL, NULL, p_order)
$$;

-- Applies an event of PayPal for the newest payment of an order, or for p_payment.
CREATE FUNCTION pg_temp.paypal(
    p_type text, p_order bigint, p_transaction text DEFAULT NULL, p_amount bigint DEFAULT 1000, p_payment bigint DEFAULT NULL
) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.apply_provider_event(77, 'paypal', gen_random_uuid()::text, p_type,
        pg_temp.key_of(coalesce(p_payment, pg_temp.payment_of(p_order))), NULL, p_transaction, p_amount, 'USD', 'declined', 'the card was declined',
        'payer@example.com')
$$;

-- A refusal with its states: 'OR409 order_not_payable: open confirming'.
CREATE FUNCTION pg_temp.told(p_sql text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(p_sql) || coalesce(': ' || (h ->> 'state') || ' ' || (h ->> 'payment_state'), '')
    FROM pg_temp.hint(p_sql) AS h
$$;
