-- SPDX-License-Identifier: Apache-2.0
-- Orders of goods with counted stock, for the tests: \ir lib/goods.sql after lib/shop.sql.
-- Product lamp (1000, stock 10, returnable), product gift (0, stock 10).

SELECT pg_temp.operator_put('products', 'lamp', '{"name": "Lamp", "returnable": true, "variants": [{"ref": "x", "stock": 10, "prices": {"USD": 1000}}]}'),
       pg_temp.operator_put('products', 'gift', '{"name": "Gift", "variants": [{"ref": "x", "stock": 10, "prices": {"USD": 0}}]}') \g (format=unaligned) /dev/null

CREATE FUNCTION pg_temp.order_it(p_document jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT ("order").id FROM orders_v1.place_order(77, 'operator', 'operator', pg_temp.uid('olga'), 'place', NULL, NULL,
        '{"dialect": "shop", "user": "alice", "payment_method": "bank_transfer", "lines": [{"product": "lamp", "quantity": 4}]}'::jsonb || p_document, 900)
$$;

-- The stock on hand and reserved: '10 4'.
CREATE FUNCTION pg_temp.stock(p_product text DEFAULT 'lamp') RETURNS text LANGUAGE sql AS $$
    SELECT s.on_hand || ' ' || s.reserved FROM orders.stock s
    JOIN orders.variant v ON v.tenant_id = s.tenant_id AND v.id = s.variant_id
    JOIN orders.product p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    WHERE s.tenant_id = 77 AND p.external_ref = p_product
$$;

CREATE FUNCTION pg_temp.redemption(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT state FROM orders.coupon_redemption WHERE tenant_id = 77 AND order_id = p_order
$$;

CREATE FUNCTION pg_temp.go(p_order bigint, p_to text) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.advance(77, 'operator', 'operator', pg_temp.uid('olga'), p_to, NULL, NULL, p_order, p_to, NULL, true, NULL, NULL)
$$;

CREATE FUNCTION pg_temp.send(p_order bigint) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.ship(77, 'operator', 'operator', pg_temp.uid('olga'), 'ship', NULL, NULL, p_order, '{}', NULL)
$$;

-- The lines of a request for p_quantity items of the product.
CREATE FUNCTION pg_temp.pieces(p_order bigint, p_quantity integer, p_product text DEFAULT 'lamp') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_object('id', l.id, 'quantity', p_quantity)) FROM orders.order_line l
    WHERE l.tenant_id = 77 AND l.order_id = p_order AND l.item_ref = p_product
$$;

-- Settles the newest refund of an order.
CREATE FUNCTION pg_temp.settle_refund(p_order bigint, p_ok boolean DEFAULT true, p_actor text DEFAULT 'provider') RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.settle_refund(77, 'operator', p_actor, NULL, 'settle', NULL, NULL,
        (SELECT max(id) FROM orders.refund WHERE tenant_id = 77 AND order_id = p_order), NULL, p_ok,
        CASE WHEN NOT p_ok THEN 'declined' END, CASE WHEN NOT p_ok THEN 'The account is closed.' END)
$$;
