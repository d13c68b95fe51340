-- SPDX-License-Identifier: Apache-2.0
-- Orders of any API that are placed from a document: POST /orders of the operator API.

-- The variant is optional in a line whose product has only one.
CREATE OR REPLACE FUNCTION orders_v1.only_variant(p_tenant integer, p_product text, p_field text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_found text[];
BEGIN
    v_found := ARRAY(
        SELECT v.external_ref FROM orders.product p
        JOIN orders.variant v ON v.tenant_id = p_tenant AND v.product_id = p.id
        WHERE p.tenant_id = p_tenant AND p.external_ref = p_product AND p.active AND v.active
          AND NOT EXISTS (SELECT FROM orders.package k WHERE k.tenant_id = p_tenant AND k.variant_id = v.id)
        LIMIT 2);
    IF cardinality(v_found) = 2 THEN
        PERFORM orders_v1.refuse('422', 'required_field', 'The product has several variants: name one.',
                              p_field || '.variant');
    END IF;
    RETURN v_found[1];
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.product_line(p_tenant integer, p_currency text, d jsonb, p_field text) RETURNS orders_v1.priced_line
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_product  text := d ->> 'product';
    v_variant  text := coalesce(d ->> 'variant', orders_v1.only_variant(p_tenant, v_product, p_field));
    v_quantity integer := coalesce(orders_v1.doc_integer(d, 'quantity', 1, 1000000, p_field || '.'), 1);
    v_discount bigint := coalesce(orders_v1.doc_integer(d, 'discount', 0, 1000000000000000, p_field || '.'), 0);
    r          record;
BEGIN
    IF v_product IS NULL THEN
        PERFORM orders_v1.refuse('422', 'required_field', 'A line needs a product or a plan.', p_field || '.product');
    END IF;
    SELECT a AS v, b AS p, e AS c, f AS x, f.price INTO r
    FROM orders.product b
    JOIN orders.variant a ON a.tenant_id = p_tenant AND a.product_id = b.id AND a.external_ref = v_variant AND a.active
    LEFT JOIN orders.company e ON e.tenant_id = p_tenant AND e.id = b.company_id
    LEFT JOIN orders.variant_price f ON f.tenant_id = p_tenant AND f.variant_id = a.id AND f.currency = coalesce(p_currency, '')
    WHERE b.tenant_id = p_tenant AND b.external_ref = v_product AND b.active
      AND NOT EXISTS (SELECT FROM orders.package k WHERE k.tenant_id = p_tenant AND k.variant_id = a.id);
    IF NOT FOUND THEN
        PERFORM orders_v1.refuse('422', 'product_not_found', 'No product on sale has this reference.', p_field || '.product');
    ELSIF r.price IS NULL THEN
        PERFORM orders_v1.refuse('422', 'product_not_found', 'The product is not sold in this currency.', p_field || '.product');
    ELSIF v_discount > v_quantity::numeric * r.price THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'The discount must not exceed the price of the line.', p_field || '.discount');
    END IF;
    RETURN orders_v1.variant_line(r.v, r.p, r.c, r.x, v_quantity, v_discount);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.ordered_plan_line(p_tenant integer, p_currency text, d jsonb, p_field text) RETURNS orders_v1.priced_line
LANGUAGE plpgsql STABLE AS $$
DECLARE
    f          orders_v1.plan_offer;
    v_option   text := d ->> 'billing_option';
    v_quantity integer := coalesce(orders_v1.doc_integer(d, 'quantity', 1, 1000000, p_field || '.'), 1);
    l          orders_v1.priced_line;
BEGIN
    SELECT p INTO f.plan FROM orders.plan p
    WHERE p.tenant_id = p_tenant AND p.external_ref = d ->> 'plan';
    SELECT b INTO f.option FROM orders.billing_option b
    WHERE b.tenant_id = p_tenant AND b.external_ref = v_option AND b.plan_id = (f.plan).id;
    f.user_active := true;
    PERFORM orders_v1.check_plan_offer(f, CASE WHEN v_option IS NOT NULL THEN 0 END, v_quantity,
                                    ARRAY[p_field || '.plan', p_field || '.billing_option', p_field || '.quantity']);
    IF (f.plan).currency <> p_currency THEN
        PERFORM orders_v1.refuse('422', 'currency_mismatch', 'The plan is not sold in this currency.', p_field || '.plan');
    END IF;
    l := orders_v1.plan_line(f, v_quantity);
    l.snapshot := orders_v1.plan_snapshot(f.plan, f.option);
    RETURN l;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.described_line(p_tenant integer, p_currency text, d jsonb, p_field text) RETURNS orders_v1.priced_line
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF (d ->> 'plan' IS NOT NULL AND d ->> 'product' IS NOT NULL)
       OR (d ->> 'plan' IS NULL AND d ->> 'billing_option' IS NOT NULL) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'A line must name either a product or a plan.', p_field);
    END IF;
    RETURN CASE WHEN d ->> 'plan' IS NOT NULL THEN orders_v1.ordered_plan_line(p_tenant, p_currency, d, p_field)
                ELSE orders_v1.product_line(p_tenant, p_currency, d, p_field) END;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.described_lines(p_tenant integer, p_currency text, p_lines jsonb) RETURNS orders_v1.priced_line[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_lines orders_v1.priced_line[] := '{}';
    r       record;
BEGIN
    IF p_lines = '[]' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'An order needs lines or a cart.', 'lines');
    END IF;
    FOR r IN SELECT e.value AS d, e.n - 1 AS n FROM jsonb_array_elements(p_lines) WITH ORDINALITY AS e (value, n) LOOP
        v_lines := v_lines || orders_v1.described_line(p_tenant, p_currency, r.d, format('lines[%s]', r.n));
    END LOOP;
    RETURN v_lines;
END
$$;

-- Shipping that the buyer pays for is a line item; free shipping has none.
CREATE OR REPLACE FUNCTION orders_v1.shipping_lines(p_tenant integer, d jsonb) RETURNS orders_v1.priced_line[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    l orders_v1.priced_line;
BEGIN
    l.unit_price := coalesce(orders_v1.doc_integer(d, 'price', 0, 1000000000000000, 'shipping.'), 0);
    l.tax_class := d ->> 'tax_class';
    IF l.tax_class IS NOT NULL AND NOT EXISTS (SELECT FROM orders.tax_rate r
                                               WHERE r.tenant_id = p_tenant AND r.tax_class = l.tax_class) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'There is no such tax class.', 'shipping.tax_class');
    ELSIF l.unit_price = 0 THEN
        RETURN '{}';
    END IF;
    l.kind := 'shipping';
    l.title := coalesce(d ->> 'courier', 'Shipping');
    l.variant := d ->> 'service';
    l.quantity := 1;
    RETURN ARRAY[l];
END
$$;

-- The name of a channel as the method means an external payment through this channel.
CREATE OR REPLACE FUNCTION orders_v1.described_payment(p_tenant integer, h orders_v1.order_head, d jsonb, p_channels text[])
RETURNS orders_v1.order_head LANGUAGE plpgsql STABLE AS $$
DECLARE
    n orders.payment_channel;
BEGIN
    h.method := d ->> 'payment_method';
    h.channel := coalesce(d ->> 'payment_channel', h.method);
    IF h.channel IS NULL THEN
        PERFORM orders_v1.refuse('422', 'required_field', 'This field is required.', 'payment_method');
    END IF;
    SELECT * INTO n FROM orders.payment_channel x WHERE x.tenant_id = p_tenant AND x.external_ref = h.channel
      AND (p_channels IS NULL OR x.external_ref = ANY (p_channels));
    IF d ->> 'payment_channel' IS NOT NULL OR (n.id IS NOT NULL AND h.method <> 'external') THEN
        h.method := 'external';
    END IF;
    h.channel := CASE WHEN h.method = 'external' THEN nullif(h.channel, 'external') END;
    h.channel_enabled := n.enabled AND (n.currencies IS NULL OR h.currency = ANY (n.currencies));
    h.provider := CASE WHEN h.method = 'external' THEN n.provider WHEN h.method = 'balance' THEN 'balance'
                       WHEN h.api = 'company' THEN 'terminal' ELSE 'manual' END;
    h.return_url := d ->> 'payment_return_url';
    IF h.method = 'balance' AND h.buyer_id IS NULL THEN
        PERFORM orders_v1.refuse('422', 'required_field', 'Payment from a balance requires a user.', 'user');
    END IF;
    RETURN h;
END
$$;

-- Buyer, company and salesperson are named by external reference. One statement reads all of them.
CREATE OR REPLACE FUNCTION orders_v1.described_terms(p_tenant integer, d jsonb) RETURNS orders_v1.order_head LANGUAGE plpgsql STABLE AS $$
DECLARE
    h orders_v1.order_head;
BEGIN
    h.api := d ->> 'dialect';
    h.coupon := d ->> 'voucher';
    h.notes := d ->> 'notes';
    h.metadata := coalesce(nullif(d -> 'metadata', 'null'), '{}');

    SELECT y.code, y.exponent, t.tax_inclusive, now() AT TIME ZONE t.time_zone, u.id, s.id, s.prefix, a.id
    INTO h.currency, h.exponent, h.tax_inclusive, h.local_time, h.buyer_id, h.retailer_id, h.number_prefix, h.agent_id
    FROM orders.tenant t
    LEFT JOIN orders.currency y ON y.code = coalesce(d ->> 'currency', t.currency, '')
    LEFT JOIN orders.users u ON u.tenant_id = p_tenant AND u.external_ref = coalesce(d ->> 'user', '') AND u.active
    LEFT JOIN orders.company s ON s.tenant_id = p_tenant AND s.external_ref = coalesce(d ->> 'company', '')
    LEFT JOIN orders.users a ON a.tenant_id = p_tenant AND a.external_ref = coalesce(d ->> 'agent', '')
    WHERE t.id = p_tenant;

    h.tax_inclusive := coalesce((d ->> 'tax_inclusive')::boolean, h.tax_inclusive);
    IF h.currency IS NULL THEN
        PERFORM orders_v1.refuse('422', 'currency_unknown', 'There is no such currency.', 'currency');
    END IF;
    RETURN h;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.described_parties(p_tenant integer, d jsonb) RETURNS orders_v1.order_head LANGUAGE plpgsql STABLE AS $$
DECLARE
    h         orders_v1.order_head;
    v_api     text := d ->> 'dialect';
    v_user    text := d ->> 'user';
    v_company text := d ->> 'company';
    v_agent   text := d ->> 'agent';
    v_missing text;
BEGIN
    v_missing := CASE WHEN v_api <> 'company' AND v_user IS NULL THEN 'user'
                      WHEN v_api = 'company' AND v_agent IS NULL THEN 'agent'
                      WHEN v_api = 'company' AND v_company IS NULL THEN 'company' END;
    IF v_missing IS NOT NULL THEN
        PERFORM orders_v1.refuse('422', 'required_field', 'This field is required.', v_missing);
    END IF;
    h := orders_v1.described_terms(p_tenant, d);
    IF v_user IS NOT NULL AND h.buyer_id IS NULL THEN
        PERFORM orders_v1.refuse('422', 'user_not_found', 'There is no such active user.', 'user');
    ELSIF v_company IS NOT NULL AND h.retailer_id IS NULL THEN
        PERFORM orders_v1.refuse('422', 'company_not_found', 'There is no such company.', 'company');
    END IF;
    IF v_agent IS NOT NULL AND NOT orders_v1.sells_for(p_tenant, h.agent_id, h.retailer_id) THEN
        PERFORM orders_v1.refuse('422', 'user_not_found', 'The company has no such salesperson.', 'agent');
    END IF;
    IF v_api <> 'company' THEN
        h.number_prefix := NULL;
    END IF;
    RETURN h;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.described_head(c orders_v1.context, d jsonb, p_channels text[]) RETURNS orders_v1.order_head
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN orders_v1.described_payment(c.tenant_id, orders_v1.described_parties(c.tenant_id, d), d, p_channels);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.described_addresses(d jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_addresses jsonb := '{}';
BEGIN
    IF d ->> 'billing_address' IS NOT NULL THEN
        v_addresses := jsonb_build_object('billing', nullif(d -> 'billing_address', 'null'));
    END IF;
    IF d ->> 'shipping_address' IS NOT NULL THEN
        v_addresses := v_addresses || jsonb_build_object('shipping', nullif(d -> 'shipping_address', 'null'));
    END IF;
    RETURN nullif(v_addresses, '{}');
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_cart_open(k orders.cart) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF k.state <> 'open' THEN
        PERFORM orders_v1.refuse('409', 'cart_ordered', 'The cart has already been ordered. Use that order.', 'cart', (
            SELECT jsonb_build_object('order', o.id, 'number', o.number) FROM orders.orders o
            WHERE o.tenant_id = k.tenant_id AND o.cart_id = k.id));
    END IF;
END
$$;

-- The lines of the document, or the lines of its cart.
CREATE OR REPLACE FUNCTION orders_v1.lines_or_cart(c orders_v1.context, h orders_v1.order_head, d jsonb, k orders.cart)
RETURNS orders_v1.priced_line[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF k.id IS NULL THEN
        RETURN orders_v1.described_lines(c.tenant_id, h.currency, coalesce(nullif(d -> 'lines', 'null'), '[]'));
    ELSIF d ->> 'lines' IS NOT NULL THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Send either lines or a cart, not both.', 'lines');
    ELSIF k.currency <> h.currency THEN
        PERFORM orders_v1.refuse('422', 'currency_mismatch', 'The cart has another currency.', 'currency');
    ELSIF k.company_id IS DISTINCT FROM h.retailer_id OR (k.company_id IS NULL AND k.user_id IS DISTINCT FROM h.buyer_id) THEN
        PERFORM orders_v1.refuse('404', 'cart_not_found', 'There is no such cart.', 'cart');
    END IF;
    RETURN orders_v1.price_cart(k);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.described_fulfilment(h orders_v1.order_head, p_goods boolean, p_shipping jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF h.api <> 'company' AND p_goods THEN
        RETURN 'pending';
    ELSIF p_shipping IS NOT NULL THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'An order without goods to ship must not have shipping.', 'shipping');
    END IF;
    RETURN 'none';
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_described_order(
    c orders_v1.context, d jsonb, k orders.cart, p_expires_in integer, p_channels text[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    h          orders_v1.order_head := orders_v1.described_head(c, d, p_channels);
    v_lines    orders_v1.priced_line[] := orders_v1.lines_or_cart(c, h, d, k);
    v_shipping jsonb := nullif(d -> 'shipping', 'null');
    v_goods    boolean := false;
    v_order    bigint;
BEGIN
    h.cart_id := k.id;
    h.expires_in := p_expires_in;
    FOR i IN 1 .. cardinality(v_lines) LOOP
        v_goods := v_goods OR v_lines[i].kind = 'product';
        IF v_lines[i].kind = 'plan' AND h.snapshot IS NULL THEN
            h.snapshot := v_lines[i].snapshot;
        END IF;
    END LOOP;
    h.fulfilment := orders_v1.described_fulfilment(h, v_goods, v_shipping);
    h.addresses := orders_v1.described_addresses(d);
    IF v_shipping IS NOT NULL THEN
        h.shipment := orders_v1.shipment_from(v_shipping);
        v_lines := v_lines || orders_v1.shipping_lines(c.tenant_id, v_shipping);
    END IF;
    v_order := orders_v1.put_order(c, h, v_lines);
    IF k.id IS NOT NULL THEN
        UPDATE orders.cart x SET state = 'ordered', updated_at = now() WHERE x.tenant_id = c.tenant_id AND x.id = k.id;
    END IF;
    RETURN v_order;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.place_order(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_document jsonb, p_expires_in integer, p_channels text[] DEFAULT NULL
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    k       orders.cart;
    v_order bigint;
BEGIN
    IF v_claim.verdict <> 'new' THEN
        RETURN NEXT repeated_placing_result(c, v_claim);
        RETURN;
    END IF;
    IF p_document ->> 'cart' IS NOT NULL THEN
        k := lock_any_cart(p_tenant, p_document ->> 'cart');
        PERFORM check_cart_open(k);
    END IF;
    v_order := put_described_order(c, p_document, k, p_expires_in, p_channels);
    RETURN NEXT placing_result(c, v_order);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.place_order(integer, text, text, bigint, text, text, bytea, jsonb, integer, text[])
    TO orders_api;

COMMENT ON FUNCTION orders_v1.only_variant IS
'Internal: the reference of a product''s only variant on sale; NULL: it has none. OR422 required_field when it has several';
COMMENT ON FUNCTION orders_v1.product_line IS
'Internal: the priced line of {product, variant, quantity, discount}. OR422 with the field';
COMMENT ON FUNCTION orders_v1.ordered_plan_line IS
'Internal: the priced line of {plan, billing_option, quantity}. OR422 with the field';
COMMENT ON FUNCTION orders_v1.described_line IS 'Internal: the priced line of a product or a plan. OR422 with the field';
COMMENT ON FUNCTION orders_v1.described_lines IS 'Internal: the priced lines of a document. OR422 with the field';
COMMENT ON FUNCTION orders_v1.shipping_lines IS
'Internal: the line of {courier, service, price, tax_class}; none if shipping is free. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.described_payment IS
'Internal: the header with method, channel and provider; put_order checks whether they can be used. p_channels: the allowed
channels; NULL: all. OR422 required_field';
COMMENT ON FUNCTION orders_v1.described_terms IS
'Internal: the header with currency, tax mode and coupon, and with those of buyer, seller and salesperson that exist. OR422 currency_unknown';
COMMENT ON FUNCTION orders_v1.described_parties IS
'Internal: described_terms with buyer, seller and salesperson checked. OR422 with the field';
COMMENT ON FUNCTION orders_v1.described_head IS
'Internal: the header of a described order: buyer, seller, salesperson, currency and payment. put_order checks whether the payment
method can be used. OR422 with the field';
COMMENT ON FUNCTION orders_v1.described_addresses IS 'Internal: billing and shipping address; NULL: neither';
COMMENT ON FUNCTION orders_v1.described_fulfilment IS
'Internal: the first fulfilment state: pending if there are goods to ship. OR422 invalid_field for shipping without goods';
COMMENT ON FUNCTION orders_v1.check_cart_open IS 'Internal: refuses a cart that has been ordered. OR409 cart_ordered with the order';
COMMENT ON FUNCTION orders_v1.lines_or_cart IS
'Internal: the priced lines of a document or of its locked cart. OR404 cart_not_found, OR422 currency_mismatch, invalid_field';
COMMENT ON FUNCTION orders_v1.put_described_order IS
'Internal: creates a described order from its lines or a locked cart; returns its id';
COMMENT ON FUNCTION orders_v1.place_order IS
'Places an order of any API: {dialect, user, company, agent, currency, tax_inclusive, lines: [{product, variant, quantity, discount}
or {plan, billing_option, quantity}] or cart, payment_method, payment_channel, payment_return_url, voucher, shipping: {courier,
service, price, tax_class, estimated_delivery, expected_at}, shipping_address, billing_address, notes, metadata}. References are
external, amounts are in minor units, prices come from the catalogue. p_expires_in and outcomes as in place_plan. p_channels: the
channels that may be used; NULL: all. OR402 insufficient_balance, OR404 cart_not_found, OR409 insufficient_stock, cart_ordered,
cart_empty, product_not_sold, OR422 with the field';
