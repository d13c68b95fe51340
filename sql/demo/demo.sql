-- SPDX-License-Identifier: Apache-2.0
-- Loads the demo shop into tenant 1 through the documented functions. It can be run again at any time:
--
--   psql -XqAt -v ON_ERROR_STOP=1 -v operator_hash=… -v user_hash=… -v user2_hash=… -v poor_hash=… \
--        -v agent_hash=… -v agent2_hash=… -v nocompany_hash=… -v consumer_hash=… -v consumer2_hash=… \
--        -v app_hash=… -v app_act_hash=… -v commerce_hash=… -f sql/demo/demo.sql
--
-- Each *_hash is the SHA-256 of a bearer token in hex (64 digits): printf %s "$TOKEN" | sha256sum. The secret
-- itself never reaches the database. No token is issued for a hash that is absent or already known. At the end the script
-- prints NAME='value' lines for the environment of a shell.

\set ON_ERROR_STOP 1
\if :{?operator_hash} \else \set operator_hash '' \endif
\if :{?user_hash} \else \set user_hash '' \endif
\if :{?user2_hash} \else \set user2_hash '' \endif
\if :{?poor_hash} \else \set poor_hash '' \endif
\if :{?agent_hash} \else \set agent_hash '' \endif
\if :{?agent2_hash} \else \set agent2_hash '' \endif
\if :{?nocompany_hash} \else \set nocompany_hash '' \endif
\if :{?consumer_hash} \else \set consumer_hash '' \endif
\if :{?consumer2_hash} \else \set consumer2_hash '' \endif
\if :{?app_hash} \else \set app_hash '' \endif
\if :{?app_act_hash} \else \set app_act_hash '' \endif
\if :{?commerce_hash} \else \set commerce_hash '' \endif

BEGIN;

SELECT set_config('search_path', 'orders, orders_v1', true) \gset ignored_

\o /dev/null

SELECT * FROM catalogue_bulk(1, 'operator', 'system', NULL, 'demo', NULL, NULL, ARRAY[
    '{"kind": "users", "ref": "demo-operator", "login": "operator", "name": "Olivia Operator",
      "email": "operator@example.com"}',
    '{"kind": "users", "ref": "demo-alice", "login": "alice", "name": "Alice Archer", "given_name": "Alice",
      "family_name": "Archer", "email": "alice@example.com", "phone": "+6281234567890", "locale": "en"}',
    '{"kind": "users", "ref": "demo-bob", "login": "bob", "name": "Bob Baker", "given_name": "Bob",
      "family_name": "Baker", "email": "bob@example.com", "locale": "en"}',
    '{"kind": "users", "ref": "demo-poor", "login": "poor", "name": "Paul Penniless", "given_name": "Paul",
      "family_name": "Penniless", "email": "paul@example.com", "locale": "en"}',
    '{"kind": "plans", "ref": "demo-pro", "slug": "pro", "name": "Pro", "price": 1900, "currency": "USD",
      "description": "Everything a small team needs", "duration_unit": "month", "duration_value": 1,
      "features": ["10 projects", "mail support"]}',
    '{"kind": "plans", "ref": "demo-hidden", "slug": "staff", "name": "Staff", "price": 100, "currency": "USD",
      "duration_unit": "month", "duration_value": 1, "status": "hidden"}',
    '{"kind": "plans", "ref": "demo-free", "slug": "free", "name": "Free", "price": 0, "currency": "USD",
      "duration_unit": "month", "duration_value": 1, "features": ["1 project"]}',
    '{"kind": "billing-options", "ref": "demo-pro-yearly", "plan": "demo-pro", "name": "Yearly", "price": 19000,
      "duration_unit": "year", "duration_value": 1}',
    '{"kind": "coupons", "ref": "demo-ten", "code": "DEMO10", "percent_bp": 1000}',
    '{"kind": "coupons", "ref": "demo-expired", "code": "EXPIRED10", "percent_bp": 1000,
      "ends_at": "2020-01-01T00:00:00Z"}',
    '{"kind": "coupons", "ref": "demo-once", "code": "ONCE10", "percent_bp": 1000, "max_uses_per_user": 1}',
    '{"kind": "payment-channels", "ref": "simulator", "name": "Local payment simulator", "provider": "simulator"}'
]::jsonb[]);

-- Company A and its members, as in the samples of the company API. Its carts contain products of Company Test.
SELECT * FROM catalogue_bulk(1, 'operator', 'system', NULL, 'demo', NULL, NULL, ARRAY[
    '{"kind": "companies", "ref": "demo-company-a", "name": "Company A", "prefix": "AAAA", "email": "shop@example.com",
      "address": {"street": "333 West San Carlos Street Suite 1500", "city": "San Jose", "state": "CA",
                  "postal_code": "95110", "country": "United States"},
      "images": {"px240": "https://shop.example/company_240p.jpeg", "px480": "https://shop.example/company_480p.jpeg",
                 "px720": "https://shop.example/company_720p.jpeg", "px1080": "https://shop.example/company_1080p.jpeg"}}',
    '{"kind": "companies", "ref": "demo-company-b", "name": "Company B", "prefix": "BBBB",
      "address": {"street": "1 Harbour Road", "city": "Hong Kong", "country": "Hong Kong"}}',
    '{"kind": "companies", "ref": "demo-company-test", "name": "Company Test", "prefix": "TEST"}',
    '{"kind": "users", "ref": "demo-agent", "login": "agent", "name": "QQ Wang", "given_name": "QQ", "family_name": "Wang",
      "email": "a@gmail.com", "current_company": "demo-company-a"}',
    '{"kind": "users", "ref": "demo-agent2", "login": "agent2", "name": "Bea Bell", "given_name": "Bea",
      "family_name": "Bell", "email": "b@example.com", "current_company": "demo-company-b"}',
    '{"kind": "users", "ref": "demo-nocompany", "login": "nocompany", "name": "Noah Nowhere", "given_name": "Noah",
      "family_name": "Nowhere", "email": "n@example.com"}',
    '{"kind": "users", "ref": "demo-consumer", "login": "consumer", "name": "CC Lee", "given_name": "CC",
      "family_name": "Lee", "title": 1, "phone": "0912345678", "email": "c@example.com",
      "default_address": {"street": "ABC st.", "city": "Taichung", "state": "Taiwan", "code": "30123",
                          "country": "R.O.C."}}',
    '{"kind": "users", "ref": "demo-consumer2", "login": "consumer2", "name": "Dora Dole", "given_name": "Dora",
      "family_name": "Dole", "title": 1, "phone": "0987654321", "email": "d@example.com",
      "default_address": {"street": "2 High Street", "city": "Oxford", "state": "Oxfordshire", "code": "OX1 1AA",
                          "country": "United Kingdom"}}',
    '{"kind": "memberships", "ref": "demo-agent-a", "company": "demo-company-a", "user": "demo-agent", "role": "salesperson"}',
    '{"kind": "memberships", "ref": "demo-agent2-b", "company": "demo-company-b", "user": "demo-agent2", "role": "salesperson"}',
    '{"kind": "products", "ref": "demo-item", "company": "demo-company-test", "number": "Test-Item-1", "name": "Test Item 1",
      "images": {"px240": "https://shop.example/item_240p.png", "px480": "https://shop.example/item_480p.png",
                 "px720": "https://shop.example/item_720p.png", "px1080": "https://shop.example/item_1080p.png"},
      "variants": [
          {"ref": "k", "number": "AAAA0000000004PD", "name": "mutiply", "prices": {"JPY": 100, "CHF": 10000},
           "options": [{"id": 1, "name": "mutiply k1"}, {"id": 2, "name": "mutiply k2"}]},
          {"ref": "test", "number": "AAAA0000000005PD", "name": "Variant Test", "prices": {"JPY": 25200, "CHF": 135885},
           "options": [{"id": 2, "name": "Variant Test"}]},
          {"ref": "lost", "number": "AAAA0000000009PD", "name": "No longer sold", "prices": {"JPY": 500}}]}',
    '{"kind": "payment-channels", "ref": "paypal", "name": "PayPal", "provider": "paypal"}'
]::jsonb[]);

-- Creates a cart for the salesperson of Company A, as the operator API does.
CREATE OR REPLACE FUNCTION pg_temp.demo_cart(p_products jsonb) RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM orders_v1.make_cart(1, 'operator', 'system', NULL, 'demo', NULL, NULL, jsonb_build_object(
        'company', 'demo-company-a', 'agent', 'demo-agent', 'currency', 'JPY', 'products', p_products))
$$;

-- The newest open cart with exactly these products, or a new one.
CREATE OR REPLACE FUNCTION pg_temp.open_cart(p_products jsonb) RETURNS bigint LANGUAGE sql AS $$
    SELECT coalesce((
        SELECT max(k.id) FROM orders.cart k
        WHERE k.tenant_id = 1 AND k.state = 'open' AND k.user_id = orders_v1.user_id_of(1, 'demo-agent')
          AND ARRAY(SELECT v.number::text FROM orders.cart_line l
                    JOIN orders.variant v ON v.tenant_id = l.tenant_id AND v.id = l.variant_id
                    WHERE l.tenant_id = 1 AND l.cart_id = k.id ORDER BY 1)
              = ARRAY(SELECT e ->> 'number' FROM jsonb_array_elements(p_products) AS e ORDER BY 1)),
        pg_temp.demo_cart(p_products))
$$;

SELECT pg_temp.open_cart('[{"number": "AAAA0000000004PD", "discount": 85}, {"number": "AAAA0000000005PD", "discount": 801}]')
    AS cart_id \gset
SELECT pg_temp.open_cart('[]') AS empty_cart_id \gset
SELECT pg_temp.open_cart('[{"number": "AAAA0000000009PD"}]') AS invalid_cart_id \gset

-- Makes the last cart invalid: its product has no price.
DELETE FROM variant_price x USING variant v
WHERE v.tenant_id = 1 AND v.number = 'AAAA0000000009PD' AND x.tenant_id = v.tenant_id AND x.variant_id = v.id;

-- An order that a consumer has claimed and paid, with its invoice; created once.
CREATE OR REPLACE FUNCTION pg_temp.demo_order() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_agent    bigint := orders_v1.user_id_of(1, 'demo-agent');
    v_consumer bigint := orders_v1.user_id_of(1, 'demo-consumer');
    v_order    bigint;
    v_number   text;
BEGIN
    SELECT o.number INTO v_number FROM orders.orders o
    JOIN orders.payment p ON p.tenant_id = 1 AND p.order_id = o.id AND p.transaction_id = 'UXI2KS784JOC9A0'
    WHERE o.tenant_id = 1;
    IF FOUND THEN
        RETURN v_number;
    END IF;
    SELECT (r."order").id INTO v_order FROM orders_v1.place_cart(1, 'company', 'seller', v_agent, 'demo', NULL, NULL,
        pg_temp.demo_cart('[{"number": "AAAA0000000004PD", "discount": 85}, {"number": "AAAA0000000005PD", "discount": 801}]')::text,
        'credit_card', true, NULL, 900) AS r;
    SELECT o.number INTO v_number FROM orders.orders o WHERE o.tenant_id = 1 AND o.id = v_order;
    PERFORM orders_v1.claim_order(1, 'company', 'buyer', v_consumer, 'demo', NULL, NULL, v_number);
    PERFORM orders_v1.edit_billing_address(1, 'company', 'buyer', v_consumer, 'demo', NULL, NULL, v_number,
        '{"given_name": "CC", "family_name": "Lee", "title": 1, "phone": "0912345678", "email": "c@example.com",
          "street": "ABC st.", "city": "Taichung", "state": "Taiwan", "code": "30123", "country": "R.O.C."}');
    INSERT INTO orders.order_address (tenant_id, order_id, kind, document)
    VALUES (1, v_order, 'shipping', '{"given_name": "CC", "family_name": "Lee", "title": 1, "phone": "0912345678",
        "email": "c@example.com", "street": "ABC st.", "city": "Taichung", "state": "Taiwan", "code": "30123",
        "country": "R.O.C."}');
    PERFORM orders_v1.settle_sale(1, 'company', 'seller', v_agent, 'demo', NULL, NULL, v_number, 'UXI2KS784JOC9A0');
    PERFORM orders_v1.issue_invoice(1, 'operator', 'system', NULL, 'demo', NULL, NULL, v_order);
    RETURN v_number;
END
$$;
SELECT pg_temp.demo_order() AS company_order_number \gset

-- Goods of the shop and customer APIs, as in their samples: a phone in rupiah, priced without tax, and a jacket in rupees, priced
-- with tax.
SELECT * FROM catalogue_bulk(1, 'operator', 'system', NULL, 'demo', NULL, NULL, ARRAY[
    '{"kind": "tax-rates", "ref": "demo-ppn", "tax_class": "demo-ppn", "key": "PPN", "rate_bp": 1000}',
    '{"kind": "tax-rates", "ref": "demo-cgst", "tax_class": "demo-gst", "key": "CGST", "rate_bp": 800}',
    '{"kind": "tax-rates", "ref": "demo-sgst", "tax_class": "demo-gst", "key": "SGST", "rate_bp": 800}',
    '{"kind": "coupons", "ref": "demo-disc20", "code": "DISC20", "percent_bp": 2000}',
    '{"kind": "products", "ref": "samsung-galaxy-s24", "name": "Samsung Galaxy S24", "tax_class": "demo-ppn", "returnable": true,
      "images": {"px240": "https://cdn.toko.example/products/s24.jpg"}, "variants": [
          {"ref": "8gb-128gb-black", "name": "8GB/128GB - Black", "prices": {"IDR": 12000000}}]}',
    '{"kind": "products", "ref": "netplay-jacket", "name": "NETPLAY Zip-Front Puffer Jacket", "tax_class": "demo-gst", "returnable": true,
      "translations": {"hi": {"name": "नेटप्ले ज़िप-फ़्रंट पफ़र जैकेट"}, "ar": {"name": "سترة نتبلاي المنفوخة بسحّاب"}},
      "images": {"px240": "https://cdn.toko.example/products/jacket.jpg"}, "variants": [
          {"ref": "s-black", "name": "Small, black", "prices": {"INR": {"price": 9000, "list_price": 10000}},
           "options": [{"id": 1, "name": "SMALL", "attribute": "Size"}, {"id": 2, "name": "BLACK", "attribute": "Colour", "code": "#000000"}]}]}',
    '{"kind": "products", "ref": "netplay-scarf", "name": "NETPLAY Scarf", "tax_class": "demo-gst", "returnable": true,
      "images": {"px240": "https://cdn.toko.example/products/scarf.jpg"}, "variants": [
          {"ref": "one", "name": "One size", "prices": {"INR": 4500}}]}'
]::jsonb[]);
UPDATE tenant SET bill_series = 'MAJ' WHERE id = 1 AND bill_series = 'BILL';

-- The demo order of this name, if it is still in the expected states; otherwise a new one is placed.
CREATE OR REPLACE FUNCTION pg_temp.reusable_order(p_name text, p_states text, p_user text DEFAULT 'demo-alice') RETURNS bigint LANGUAGE sql AS $$
    SELECT max(o.id) FROM orders.orders o
    WHERE o.tenant_id = 1 AND o.buyer_id = orders_v1.user_id_of(1, p_user) AND o.metadata ->> 'demo' = p_name
      AND o.state IN ('open', 'completed') AND o.payment_state || ' ' || o.fulfilment_state = p_states
      AND NOT EXISTS (SELECT FROM orders.order_return r WHERE r.tenant_id = 1 AND r.order_id = o.id)
$$;

-- Places a demo order; p_steps: confirmed, packed, ship, on_delivery, delivered, or paid, in this order.
CREATE OR REPLACE FUNCTION pg_temp.demo_goods(p_name text, p_document jsonb, p_steps text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_id   bigint;
    v_step text;
BEGIN
    SELECT (r."order").id INTO v_id FROM orders_v1.place_order(1, 'operator', 'system', NULL, 'demo', NULL, NULL,
        jsonb_build_object('user', 'demo-alice', 'metadata', jsonb_build_object('demo', p_name)) || p_document, NULL) AS r;
    FOREACH v_step IN ARRAY p_steps LOOP
        CASE v_step
            WHEN 'paid' THEN
                PERFORM orders_v1.settle_payment(1, 'operator', 'system', NULL, 'demo', NULL, NULL, v_id, NULL, NULL, NULL);
            WHEN 'ship' THEN
                PERFORM orders_v1.ship(1, 'operator', 'system', NULL, 'demo', NULL, NULL, v_id, '{"tracking_number": "JP1234567890",
                    "tracking_url": "https://track.example/JP1234567890"}', NULL);
                PERFORM orders_v1.track(1, 'operator', 'system', NULL, 'demo', NULL, NULL, v_id, '{"status": "picked_up",
                    "location": "Jakarta Warehouse", "description": "Paket telah diambil kurir"}', NULL);
            WHEN 'on_delivery' THEN
                PERFORM orders_v1.track(1, 'operator', 'system', NULL, 'demo', NULL, NULL, v_id, '{"status": "in_transit",
                    "location": "Jakarta Distribution Center", "description": "Paket dalam perjalanan"}', NULL);
                PERFORM orders_v1.track(1, 'operator', 'system', NULL, 'demo', NULL, NULL, v_id, '{"status": "on_delivery",
                    "location": "Jakarta Selatan", "description": "Paket sedang diantar ke alamat tujuan"}', NULL);
            ELSE
                PERFORM orders_v1.advance(1, 'operator', 'system', NULL, 'demo', NULL, NULL, v_id, v_step, now() + interval '3 days', true, NULL, NULL);
        END CASE;
    END LOOP;
    RETURN v_id;
END
$$;

\set shop_order '{"dialect": "shop", "currency": "IDR", "tax_inclusive": false, "payment_method": "bank_transfer", "voucher": "DISC20", "lines": [{"product": "samsung-galaxy-s24", "variant": "8gb-128gb-black", "quantity": 2}], "shipping": {"courier": "JNE", "service": "REG", "price": 15000, "estimated_delivery": "2-3 hari"}, "shipping_address": {"receiverName": "John Doe", "phone": "+6281234567890", "addressLine1": "Jl. Sudirman No. 123", "addressLine2": "Apt 45B", "city": "Jakarta Selatan", "province": "DKI Jakarta", "postalCode": "12190", "country": "Indonesia"}, "notes": "Please call before delivery"}'
\set customer_order '{"dialect": "customer", "currency": "INR", "tax_inclusive": true, "payment_method": "cod", "lines": [{"product": "netplay-jacket", "quantity": 3}, {"product": "netplay-scarf"}], "shipping": {"courier": "express", "price": 10000, "estimated_delivery": "3-5 days"}, "shipping_address": {"name": "Alice Archer", "street": "4 Marine Drive", "city": "Mumbai", "state": "Maharashtra", "postal_code": "400001", "country": "India"}}'

SELECT coalesce(pg_temp.reusable_order('shop-shipped', 'paid out_for_delivery'),
                pg_temp.demo_goods('shop-shipped', :'shop_order', '{paid,confirmed,packed,ship,on_delivery}')) AS shop_order_id,
       coalesce(pg_temp.reusable_order('shop-pending', 'unpaid pending'), pg_temp.demo_goods('shop-pending', :'shop_order', '{}')) AS shop_pending_id,
       coalesce(pg_temp.reusable_order('shop-processing', 'paid confirmed'),
                pg_temp.demo_goods('shop-processing', :'shop_order', '{paid,confirmed}')) AS shop_processing_id,
       coalesce(pg_temp.reusable_order('customer-cod', 'unpaid confirmed'), pg_temp.demo_goods('customer-cod', :'customer_order', '{confirmed}')) AS customer_order_id,
       coalesce(pg_temp.reusable_order('customer-online', 'paid pending'),
                pg_temp.demo_goods('customer-online', :'customer_order'::jsonb || '{"payment_method": "external", "payment_channel": "simulator"}', '{paid}')) AS customer_online_id,
       coalesce(pg_temp.reusable_order('customer-delivered', 'paid delivered'),
                pg_temp.demo_goods('customer-delivered', :'customer_order', '{confirmed,packed,ship,delivered}')) AS customer_delivered_id \gset

-- The commerce API: two applications, a member, a product, and packages of four ranks. Stock is not counted.
SELECT * FROM catalogue_bulk(1, 'operator', 'system', NULL, 'demo', NULL, NULL, ARRAY[
    '{"kind": "users", "ref": "demo-application", "login": "application", "name": "The members'' application"}',
    '{"kind": "users", "ref": "1042", "login": "member", "name": "Maya Moreno", "given_name": "Maya", "family_name": "Moreno",
      "email": "maya@example.com", "phone": "+1 555 0142", "locale": "en"}',
    '{"kind": "products", "ref": "demo-kettle", "number": "KETTLE-1", "name": "Kettle",
      "images": {"px240": "https://shop.example/kettle_240p.png"},
      "variants": [{"ref": "one", "number": "KETTLE-1-S", "name": "One litre", "prices": {"USD": 1950}}]}',
    '{"kind": "products", "ref": "demo-package", "number": "PACKAGE", "name": "Membership", "variants": [
          {"ref": "bronze", "number": "BRONZE", "name": "Bronze", "prices": {"USD": 1000}},
          {"ref": "silver", "number": "SILVER", "name": "Silver", "prices": {"USD": 2550}},
          {"ref": "gold", "number": "GOLD", "name": "Gold", "prices": {"USD": 6000}},
          {"ref": "platinum", "number": "PLATINUM", "name": "Platinum", "prices": {"USD": {"price": 13500, "list_price": 15000}}}]}',
    '{"kind": "packages", "ref": "demo-bronze", "product": "demo-package", "variant": "bronze", "rank": 1, "duration_unit": "month", "duration_value": 1}',
    '{"kind": "packages", "ref": "demo-silver", "product": "demo-package", "variant": "silver", "rank": 2, "duration_unit": "month", "duration_value": 1}',
    '{"kind": "packages", "ref": "demo-gold", "product": "demo-package", "variant": "gold", "rank": 3, "duration_unit": "month", "duration_value": 1}',
    '{"kind": "packages", "ref": "demo-platinum", "product": "demo-package", "variant": "platinum", "rank": 4, "duration_unit": "year", "duration_value": 1}'
]::jsonb[]);

-- Ends the pending package orders of a member: unpaid orders are cancelled, paid orders that wait for an operator are applied, and
-- manual refunds are settled.
CREATE OR REPLACE FUNCTION pg_temp.end_package_orders(p_user bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    FOR r IN
        SELECT o.id, orders_v1.can_be_paid(o) AS unpaid, o.payment_state IN ('paid', 'partially_refunded') AND t.id IS NULL AS unapplied,
               ARRAY(SELECT x.id FROM orders.refund x
                     JOIN orders.payment p ON p.tenant_id = x.tenant_id AND p.id = x.payment_id AND orders_v1.is_manual(p)
                     WHERE x.tenant_id = 1 AND p.order_id = o.id AND x.status = 'pending') AS refunds
        FROM orders.package_order q
        JOIN orders.orders o ON o.tenant_id = q.tenant_id AND o.id = q.order_id
        LEFT JOIN orders.package_term t ON t.tenant_id = q.tenant_id AND t.order_id = q.order_id
        WHERE q.tenant_id = 1 AND q.user_id = p_user
        ORDER BY o.id
    LOOP
        IF r.unpaid THEN
            PERFORM orders_v1.cancel(1, 'operator', 'system', NULL, 'demo', NULL, NULL, NULL, r.id, 'Left unpaid', NULL);
        ELSIF r.unapplied THEN
            PERFORM orders_v1.apply_paid_package(1, 'operator', 'system', NULL, 'demo', NULL, NULL, r.id, NULL);
        END IF;
        PERFORM orders_v1.settle_refund(1, 'operator', 'system', NULL, 'demo', NULL, NULL, x.id, NULL, true, NULL, NULL)
        FROM unnest(r.refunds) AS x (id);
    END LOOP;
END
$$;
SELECT pg_temp.end_package_orders(user_id_of(1, '1042'));

-- Resets the member to Silver, with 28 days left: the package is active and can be renewed.
SELECT x.* FROM catalogue_upsert(1, 'operator', 'system', NULL, 'demo', NULL, NULL, 'members', '1042', jsonb_build_object(
    'placed_at', '2026-01-05T09:00:00Z', 'package', 'demo-silver',
    'starts_at', date_trunc('day', now()) - interval '60 days', 'ends_at', date_trunc('day', now()) + interval '28 days')) AS x
WHERE NOT EXISTS (
    SELECT FROM member m
    JOIN package_term t ON t.tenant_id = m.tenant_id AND t.id = m.term_id
    JOIN package k ON k.tenant_id = t.tenant_id AND k.variant_id = t.package_id AND k.external_ref = 'demo-silver'
    WHERE m.tenant_id = 1 AND m.user_id = user_id_of(1, '1042') AND m.placed_at <= now() AND m.auto_upgrade_at IS NULL
      AND t.ends_at BETWEEN now() + interval '14 days' AND now() + interval '29 days');

\set commerce_order '{"dialect": "commerce", "user": "1042", "currency": "USD", "payment_method": "manual", "lines": [{"product": "demo-kettle", "quantity": 2}], "shipping_address": {"given_name": "Maya", "family_name": "Moreno", "email": "maya@example.com", "phone": "+1 555 0142", "house": "12", "street": "Main Street", "city": "Springfield", "postal_code": "62701", "country": "US", "state": "IL"}, "billing_address": {"given_name": "Maya", "family_name": "Moreno", "email": "maya@example.com", "phone": "+1 555 0142", "house": "12", "street": "Main Street", "city": "Springfield", "postal_code": "62701", "country": "US", "state": "IL"}}'
SELECT coalesce(pg_temp.reusable_order('commerce', 'paid pending', '1042'), pg_temp.demo_goods('commerce', :'commerce_order', '{paid}')) AS commerce_order_id \gset

-- The list price of a variant in dollars.
CREATE OR REPLACE FUNCTION pg_temp.dollars(p_number text) RETURNS numeric LANGUAGE sql AS $$
    SELECT round(coalesce(x.list_price, x.price) / 100.0, 2)
    FROM orders.variant v
    JOIN orders.variant_price x ON x.tenant_id = v.tenant_id AND x.variant_id = v.id AND x.currency = 'USD'
    WHERE v.tenant_id = 1 AND v.number = p_number
$$;

-- Opening balances, posted once.
SELECT p.*
FROM unnest(ARRAY['demo-alice', 'demo-bob', '1042']) AS u (ref)
CROSS JOIN LATERAL post_balance(1, 'operator', 'system', NULL, 'demo', NULL, NULL,
                                user_id_of(1, u.ref), 1000000000, 'USD', 'demo-opening-balance') AS p
WHERE NOT EXISTS (SELECT FROM posting t
                  WHERE t.tenant_id = 1 AND t.reference = 'demo-opening-balance'
                    AND t.credit_user_id = user_id_of(1, u.ref));

SELECT t.*
FROM (VALUES ('demo-operator', '{operator}'::text[], :'operator_hash'),
             ('demo-alice', '{buyer}', :'user_hash'),
             ('demo-bob', '{buyer}', :'user2_hash'),
             ('demo-poor', '{buyer}', :'poor_hash'),
             ('demo-agent', '{seller,buyer}', :'agent_hash'),
             ('demo-agent2', '{seller,buyer}', :'agent2_hash'),
             ('demo-nocompany', '{seller}', :'nocompany_hash'),
             ('demo-consumer', '{buyer}', :'consumer_hash'),
             ('demo-consumer2', '{buyer}', :'consumer2_hash'),
             ('demo-application', '{application}', :'app_hash'),
             ('demo-application', '{application,act-as-user}', :'app_act_hash'),
             ('1042', '{buyer}', :'commerce_hash')) AS k (ref, scopes, hash)
CROSS JOIN LATERAL issue_token(1, 'operator', 'system', NULL, 'demo', NULL, NULL, user_id_of(1, k.ref), k.scopes,
                               NULL, decode(k.hash, 'hex'), 'demo') AS t
WHERE k.hash <> ''
  AND NOT EXISTS (SELECT FROM token x WHERE x.tenant_id = 1 AND x.hash = decode(k.hash, 'hex'));

\o

SELECT format('%s=%L', v.name, v.value)
FROM (VALUES
    ('USER_REF', 'demo-alice'),
    ('PLAN_ID', (SELECT id::text FROM plan WHERE tenant_id = 1 AND external_ref = 'demo-pro')),
    ('PLAN_PRICE_CENTS', (SELECT price::text FROM plan WHERE tenant_id = 1 AND external_ref = 'demo-pro')),
    ('BILLING_OPTION_ID', (SELECT id::text FROM billing_option
                           WHERE tenant_id = 1 AND external_ref = 'demo-pro-yearly')),
    ('HIDDEN_PLAN_ID', (SELECT id::text FROM plan WHERE tenant_id = 1 AND external_ref = 'demo-hidden')),
    ('FREE_PLAN_ID', (SELECT id::text FROM plan WHERE tenant_id = 1 AND external_ref = 'demo-free')),
    ('COUPON_CODE', 'DEMO10'),
    ('EXPIRED_COUPON_CODE', 'EXPIRED10'),
    ('ONCE_COUPON_CODE', 'ONCE10'),
    ('PAYMENT_CHANNEL', 'simulator'),
    ('COMPANY_REF', 'demo-company-a'),
    ('AGENT_REF', 'demo-agent'),
    ('CART_ID', :'cart_id'),
    ('CART_CODE', (SELECT code FROM cart WHERE tenant_id = 1 AND id = :'cart_id'::bigint)),
    ('EMPTY_CART_ID', :'empty_cart_id'),
    ('INVALID_CART_ID', :'invalid_cart_id'),
    ('COMPANY_ORDER_NUMBER', :'company_order_number'),
    ('SHOP_ORDER_ID', (SELECT public_id::text FROM orders WHERE tenant_id = 1 AND id = :'shop_order_id'::bigint)),
    ('SHOP_PENDING_ORDER_ID', (SELECT public_id::text FROM orders WHERE tenant_id = 1 AND id = :'shop_pending_id'::bigint)),
    ('SHOP_PROCESSING_ORDER_ID', (SELECT public_id::text FROM orders WHERE tenant_id = 1 AND id = :'shop_processing_id'::bigint)),
    ('CUSTOMER_ORDER_ID', :'customer_order_id'),
    ('CUSTOMER_ONLINE_ORDER_ID', :'customer_online_id'),
    ('CUSTOMER_DELIVERED_ORDER_ID', :'customer_delivered_id'),
    ('CUSTOMER_DELIVERED_ITEM_IDS', (SELECT string_agg(id::text, ',' ORDER BY id) FROM order_line
                                     WHERE tenant_id = 1 AND order_id = :'customer_delivered_id'::bigint AND kind = 'product')),
    ('COMMERCE_UID', '1042'),
    ('COMMERCE_PRODUCT_ID', (SELECT id::text FROM variant WHERE tenant_id = 1 AND number = 'KETTLE-1-S')),
    ('COMMERCE_PRODUCT_PRICE', pg_temp.dollars('KETTLE-1-S')::text),
    ('COMMERCE_UPGRADE_ID', (SELECT variant_id::text FROM package WHERE tenant_id = 1 AND external_ref = 'demo-gold')),
    ('COMMERCE_UPGRADE_PRICE', (pg_temp.dollars('GOLD') - pg_temp.dollars('SILVER'))::text),
    ('COMMERCE_ORDER_NUMBER', (SELECT number FROM orders WHERE tenant_id = 1 AND id = :'commerce_order_id'::bigint))
) AS v (name, value);

COMMIT;
