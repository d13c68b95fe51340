-- SPDX-License-Identifier: Apache-2.0

CREATE OR REPLACE FUNCTION orders_v1.is_goods(l orders_v1.priced_line) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT l.kind IN ('plan', 'product', 'package')
$$;

CREATE OR REPLACE FUNCTION orders_v1.net_of(l orders_v1.priced_line) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT l.quantity * l.unit_price - coalesce(l.discount, 0)
$$;

CREATE OR REPLACE FUNCTION orders_v1.spread_discount(p_lines orders_v1.priced_line[], p_amount bigint)
RETURNS orders_v1.priced_line[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_shares bigint[];
BEGIN
    v_shares := orders_v1.split_amount(p_amount, ARRAY(
        SELECT CASE WHEN orders_v1.is_goods(p_lines[i]) THEN orders_v1.net_of(p_lines[i]) ELSE 0 END
        FROM generate_subscripts(p_lines, 1) AS i ORDER BY i));
    FOR i IN 1 .. cardinality(p_lines) LOOP
        p_lines[i].discount := coalesce(p_lines[i].discount, 0) + v_shares[i];
    END LOOP;
    RETURN p_lines;
END
$$;

-- An inclusive price p contains p - p / (1 + sum of rates). Halves are rounded up.
CREATE OR REPLACE FUNCTION orders_v1.tax_of(p_inclusive boolean, p_price bigint, p_rates_bp numeric) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE WHEN p_inclusive THEN p_price - round(p_price::numeric * 10000 / (10000 + p_rates_bp))::bigint
                ELSE round(p_price::numeric * p_rates_bp / 10000)::bigint END;
END
$$;

-- The tax of a line is computed from the sum of its rates, then split by rate with the largest-remainder method.
CREATE OR REPLACE FUNCTION orders_v1.tax_shares(p_tenant integer, p_inclusive boolean, p_lines orders_v1.priced_line[])
RETURNS orders_v1.tax_share[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_shares orders_v1.tax_share[] := '{}';
    v_keys   text[];
    v_rates  bigint[];
    v_parts  bigint[];
BEGIN
    FOR i IN 1 .. cardinality(p_lines) LOOP
        CONTINUE WHEN p_lines[i].tax_class IS NULL;
        SELECT array_agg(r.key ORDER BY r.key), array_agg(r.rate_bp::bigint ORDER BY r.key) INTO v_keys, v_rates
        FROM orders.tax_rate r
        WHERE r.tenant_id = p_tenant AND r.tax_class = p_lines[i].tax_class AND r.active;
        CONTINUE WHEN v_keys IS NULL;
        v_parts := orders_v1.split_amount(
            orders_v1.tax_of(p_inclusive, orders_v1.net_of(p_lines[i]), (SELECT sum(x) FROM unnest(v_rates) AS x)), v_rates);
        v_shares := v_shares || ARRAY(
            SELECT ROW(i, k, r, p)::orders_v1.tax_share FROM unnest(v_keys, v_rates, v_parts) AS u (k, r, p));
    END LOOP;
    RETURN v_shares;
END
$$;

-- Orders and quotes are priced by this function. Without a discount and without taxed lines it changes nothing.
CREATE OR REPLACE FUNCTION orders_v1.price_lines(
    p_tenant integer, p_inclusive boolean, p_discount bigint, p_taxed boolean, INOUT lines orders_v1.priced_line[], OUT taxes orders_v1.tax_share[]
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_discount IS NOT NULL THEN
        lines := orders_v1.spread_discount(lines, p_discount);
    END IF;
    IF p_taxed THEN
        taxes := orders_v1.tax_shares(p_tenant, p_inclusive, lines);
        FOR i IN 1 .. cardinality(lines) LOOP
            lines[i].tax := (SELECT sum(t.amount) FROM unnest(taxes) AS t WHERE t.line = i);
        END LOOP;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.sum_lines(p_inclusive boolean, p_lines orders_v1.priced_line[]) RETURNS orders_v1.order_sums
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    l       orders_v1.priced_line;
    v_gross numeric := 0;
    s       orders_v1.order_sums := ROW(0, 0, 0, 0, 0);
BEGIN
    FOREACH l IN ARRAY p_lines LOOP
        v_gross := v_gross + l.quantity::numeric * l.unit_price;
        IF v_gross > 1000000000000000 THEN
            PERFORM orders_v1.refuse('422', 'amount_out_of_range', 'The total of the order must not exceed 10^15 minor units.',
                                  'quantity');
        ELSIF l.kind = 'shipping' THEN
            s.shipping := s.shipping + l.quantity * l.unit_price;
        ELSE
            s.subtotal := s.subtotal + l.quantity * l.unit_price;
        END IF;
        s.discount := s.discount + coalesce(l.discount, 0);
        s.tax := s.tax + coalesce(l.tax, 0);
    END LOOP;
    s.total := s.subtotal - s.discount + s.shipping + CASE WHEN p_inclusive THEN 0 ELSE s.tax END;
    IF s.total > 1000000000000000 THEN
        PERFORM orders_v1.refuse('422', 'amount_out_of_range', 'The total of the order including tax must not exceed 10^15 minor units.',
                              'quantity');
    END IF;
    RETURN s;
END
$$;

-- Every number contains the id: numbers are unique without a shared counter. The number of a claimable order is the only secret
-- needed to claim it, so it is random instead: 60 random bits of a UUID, which the server draws from its cryptographic source.
CREATE OR REPLACE FUNCTION orders_v1.random_digits() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT lpad((('x0' || left(u.hex, 12) || right(u.hex, 3))::bit(64)::bigint % 1000000000000)::text, 12, '0')
    FROM (SELECT replace(gen_random_uuid()::text, '-', '')) AS u (hex)
$$;

CREATE OR REPLACE FUNCTION orders_v1.order_number(h orders_v1.order_head, p_id bigint, p_local timestamp) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN CASE
        WHEN h.api = 'customer' THEN to_char(p_local, 'YYYYMMDD') || '-' || orders_v1.digits(p_id, 8)
            || CASE h.method WHEN 'cod' THEN 'C' ELSE 'O' END
        WHEN h.api = 'commerce' THEN to_char(p_local, 'YYMMDD') || orders_v1.digits(p_id, 6)
        WHEN h.number_prefix IS NULL THEN 'ORD-' || to_char(p_local, 'YYYYMMDD') || '-' || orders_v1.digits(p_id, 6)
        ELSE h.number_prefix || to_char(p_local, 'YYMMDD')
            || CASE WHEN h.claimable THEN orders_v1.random_digits() ELSE orders_v1.digits(p_id, 6) END || 'OD' END;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.unused_order_number(p_tenant integer, h orders_v1.order_head, p_id bigint, p_local timestamp) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_number text;
BEGIN
    LOOP
        v_number := orders_v1.order_number(h, p_id, p_local);
        EXIT WHEN h.claimable IS NOT TRUE
            OR NOT EXISTS (SELECT FROM orders.orders o WHERE o.tenant_id = p_tenant AND o.number = v_number);
    END LOOP;
    RETURN v_number;
END
$$;

-- Uses now(), so that the order, its payment and its row in orders.due agree.
CREATE OR REPLACE FUNCTION orders_v1.expiry_of(h orders_v1.order_head) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN h.method = 'external' OR h.claimable THEN now() + make_interval(secs => h.expires_in) END
$$;

CREATE OR REPLACE FUNCTION orders_v1.placing_steps(p_fulfilment text, p_paid boolean) RETURNS orders_v1.step[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[('order', 'new', 'open'), ('payment', 'new', 'unpaid'), ('fulfilment', 'new', p_fulfilment)]::orders_v1.step[]
           || CASE WHEN p_paid THEN ARRAY[('payment', 'unpaid', 'paid')]::orders_v1.step[] END
           || CASE WHEN p_paid AND p_fulfilment = 'none' THEN ARRAY[('order', 'open', 'completed')]::orders_v1.step[] END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_taxes(p_tenant integer, p_order bigint, p_taxes orders_v1.tax_share[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders.order_tax (tenant_id, order_id, key, rate_bp, amount)
    SELECT p_tenant, p_order, t.key, t.rate_bp, sum(t.amount) FROM unnest(p_taxes) AS t GROUP BY t.key, t.rate_bp;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_payment_choice(p_tenant integer, h orders_v1.order_head, p_total bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_unit bigint;
BEGIN
    IF h.method IS NULL OR h.method NOT IN ('balance', 'external', 'manual', 'cod', 'cash', 'credit_card', 'bank_transfer',
                                                'virtual_account') THEN
        PERFORM orders_v1.refuse('422', 'payment_method_unknown', 'There is no such payment method.', 'payment_method');
    ELSIF h.method <> 'external' OR p_total = 0 THEN
        RETURN;
    ELSIF h.channel IS NULL THEN
        PERFORM orders_v1.refuse('422', 'payment_channel_required', 'An external payment needs a channel.',
                              'payment_channel');
    ELSIF h.channel_enabled IS NULL THEN
        PERFORM orders_v1.refuse('422', 'payment_channel_unknown', 'There is no such payment channel.',
                              'payment_channel');
    ELSIF NOT h.channel_enabled THEN
        PERFORM orders_v1.refuse('422', 'payment_channel_disabled', 'The payment channel is disabled.',
                              'payment_channel');
    END IF;
    v_unit := orders_v1.payable_unit(p_tenant, h.channel, h.currency, h.exponent);
    IF p_total % v_unit <> 0 THEN
        PERFORM orders_v1.refuse('422', 'amount_not_payable', 'The total of the order must be a multiple of the channel''s unit.', 'payment_channel',
                              jsonb_build_object('total', p_total, 'unit', v_unit, 'currency', h.currency));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_order(c orders_v1.context, h orders_v1.order_head, p_lines orders_v1.priced_line[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_id      bigint := nextval('orders.orders_id_seq');
    v_payment bigint;
    v_paid    boolean;
    v_goods   boolean := false;
    v_taxed   boolean := false;
    v_taxes   orders_v1.tax_share[];
    v_expires timestamptz;
    l         orders_v1.priced_line;
    k         orders_v1.reserved_coupon;
    s         orders_v1.order_sums;
    r         record;
BEGIN
    FOREACH l IN ARRAY p_lines LOOP
        v_goods := v_goods OR l.kind = 'product';
        v_taxed := v_taxed OR l.tax_class IS NOT NULL;
    END LOOP;
    s := orders_v1.sum_lines(h.tax_inclusive, p_lines);
    IF h.coupon IS NOT NULL THEN
        k := orders_v1.reserve_coupon(c.tenant_id, h.coupon, h.buyer_id, h.currency, s.subtotal - s.discount);
    END IF;
    IF k.coupon_id IS NOT NULL OR v_taxed THEN
        r := orders_v1.price_lines(c.tenant_id, h.tax_inclusive, k.amount, v_taxed, p_lines);
        p_lines := r.lines;
        v_taxes := r.taxes;
        s := orders_v1.sum_lines(h.tax_inclusive, p_lines);
    END IF;
    IF h.method IS DISTINCT FROM 'balance' THEN -- a balance needs no channel; the debit checks the amount
        PERFORM orders_v1.check_payment_choice(c.tenant_id, h, s.total);
    END IF;
    v_paid := s.total = 0 OR h.method = 'balance';

    h.local_time := coalesce(h.local_time, orders_v1.local_time(c.tenant_id, now()));
    v_expires := CASE WHEN NOT v_paid THEN orders_v1.expiry_of(h) END;
    INSERT INTO orders.orders (
        tenant_id, id, number, api, state, payment_state, fulfilment_state, buyer_id, claimable,
        retailer_id, agent_id, cart_id, payment_method, payment_channel, currency, exponent, tax_inclusive, subtotal, discount, tax,
        shipping, total, captured, notes, snapshot, metadata, paid_at, expires_at)
    VALUES (
        c.tenant_id, v_id, orders_v1.unused_order_number(c.tenant_id, h, v_id, h.local_time), h.api,
        CASE WHEN v_paid AND h.fulfilment = 'none' THEN 'completed' ELSE 'open' END,
        CASE WHEN v_paid THEN 'paid' ELSE 'unpaid' END, h.fulfilment, h.buyer_id,
        coalesce(h.claimable, false), h.retailer_id, h.agent_id, h.cart_id, h.method, h.channel, h.currency, h.exponent, h.tax_inclusive,
        s.subtotal, s.discount, s.tax, s.shipping, s.total, CASE WHEN v_paid THEN s.total ELSE 0 END, h.notes, h.snapshot,
        coalesce(h.metadata, '{}') || CASE WHEN k.coupon_id IS NULL THEN '{}' ELSE jsonb_build_object(
            'coupon_code', k.code, 'coupon_id', k.coupon_id, 'discount_cents', k.amount) END,
        CASE WHEN v_paid THEN now() END, v_expires);
    IF v_taxes IS NOT NULL THEN
        PERFORM orders_v1.put_taxes(c.tenant_id, v_id, v_taxes);
    END IF;
    IF h.addresses IS NOT NULL THEN
        INSERT INTO orders.order_address (tenant_id, order_id, kind, document)
        SELECT c.tenant_id, v_id, a.key, a.value FROM jsonb_each(h.addresses) AS a;
    END IF;
    IF h.fulfilment <> 'none' THEN
        INSERT INTO orders.shipment (tenant_id, order_id, courier, service, estimated_delivery, expected_at)
        VALUES (c.tenant_id, v_id, (h.shipment).courier, (h.shipment).service, (h.shipment).estimated_delivery, (h.shipment).expected_at);
    END IF;
    PERFORM orders_v1.record_event(c, 'order', v_id, 1, now(), orders_v1.placing_steps(h.fulfilment, v_paid), NULL);
    IF v_expires IS NOT NULL THEN
        PERFORM orders_v1.put_due(c.tenant_id, 'expiry', v_id, NULL, v_expires);
    ELSIF v_paid AND h.fulfilment <> 'none' THEN -- the worker issues the bill: placing does not lock the number series
        INSERT INTO orders.due (tenant_id, kind, id, due_at) VALUES (c.tenant_id, 'bill', v_id, now());
    END IF;
    IF s.total > 0 THEN
        v_payment := orders_v1.put_payment(c.tenant_id, v_id, h, s.total);
    END IF;
    IF v_goods THEN
        p_lines := orders_v1.reserve_stock(c.tenant_id, p_lines);
    END IF;
    INSERT INTO orders.order_line (tenant_id, order_id, kind, item_id, item_ref, product_number, slug, title, variant,
                                   attributes, quantity, unit_price, list_price, subtotal, discount, tax, currency,
                                   image, returnable, reserved, snapshot, metadata)
    SELECT c.tenant_id, v_id, x.kind, x.item_id, x.item_ref, x.product_number, x.slug, x.title, x.variant,
           x.attributes, x.quantity, x.unit_price, coalesce(x.list_price, x.unit_price), x.quantity * x.unit_price,
           coalesce(x.discount, 0), coalesce(x.tax, 0), h.currency,
           x.image, coalesce(x.returnable, false), coalesce(x.reserved, 0), x.snapshot, coalesce(x.metadata, '{}')
    FROM unnest(p_lines) AS x;
    IF k.coupon_id IS NOT NULL THEN
        PERFORM orders_v1.put_redemption(c.tenant_id, v_id, h, k, v_paid);
    END IF;
    IF v_paid AND h.fulfilment = 'none' AND v_goods THEN
        PERFORM orders_v1.ship_stock(c.tenant_id, v_id);
    END IF;
    IF h.package_kind IS NOT NULL THEN
        PERFORM orders_v1.put_package_order(c.tenant_id, v_id, h, p_lines[1].item_id, v_paid);
    END IF;
    IF s.total > 0 AND h.method = 'balance' THEN
        PERFORM orders_v1.debit_balance(c.tenant_id, h.buyer_id, h.currency, s.total, v_id, v_payment, p_lines[1].title);
    END IF;
    RETURN v_id;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_redemption(
    p_tenant integer, p_order bigint, h orders_v1.order_head, k orders_v1.reserved_coupon, p_paid boolean
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders.coupon_redemption (tenant_id, coupon_id, order_id, user_id, amount, currency, state)
    VALUES (p_tenant, k.coupon_id, p_order, h.buyer_id, k.amount, h.currency,
            CASE WHEN p_paid THEN 'applied' ELSE 'reserved' END);
    INSERT INTO orders.order_line (tenant_id, order_id, kind, item_id, item_ref, title, quantity, unit_price,
                                   list_price, subtotal, currency)
    VALUES (p_tenant, p_order, 'discount', k.coupon_id, k.code, k.code, 1, -k.amount, -k.amount, -k.amount, h.currency);
END
$$;

-- The request that places an external order creates the intent itself; the worker takes over after 30 seconds. With
-- intent_later the intent is created when the buyer follows the pay link.
CREATE OR REPLACE FUNCTION orders_v1.put_payment(p_tenant integer, p_order bigint, h orders_v1.order_head, p_amount bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_id      bigint;
    v_at_once boolean := h.method = 'external' AND h.intent_later IS NOT TRUE;
BEGIN
    INSERT INTO orders.payment (tenant_id, order_id, method, channel, provider, status, amount, currency, payable_unit,
                                captured, captured_at, return_url, expires_at)
    VALUES (p_tenant, p_order, h.method, h.channel, h.provider,
            CASE WHEN h.method = 'balance' THEN 'paid' WHEN v_at_once THEN 'created' ELSE 'pending' END,
            p_amount, h.currency, orders_v1.payable_unit(p_tenant, h.channel, h.currency, h.exponent),
            CASE WHEN h.method = 'balance' THEN p_amount ELSE 0 END, CASE WHEN h.method = 'balance' THEN now() END,
            h.return_url, orders_v1.expiry_of(h))
    RETURNING id INTO v_id;
    IF v_at_once THEN
        PERFORM orders_v1.put_due(p_tenant, 'intent', v_id, h.channel, now() + interval '30 seconds');
    END IF;
    RETURN v_id;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_plan_offer(
    f orders_v1.plan_offer, p_option bigint, p_quantity integer, p_fields text[] DEFAULT '{plan_id,billing_option_id,quantity}'
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF f.user_active IS NOT TRUE THEN
        PERFORM orders_v1.refuse('422', 'user_not_found', 'There is no such active user.', 'user');
    ELSIF (f.plan).id IS NULL THEN
        PERFORM orders_v1.refuse('422', 'plan_not_found', 'There is no such plan.', p_fields[1]);
    ELSIF (f.plan).status <> 'on_sale' THEN
        PERFORM orders_v1.refuse('422', 'plan_not_on_sale', 'The plan is not on sale.', p_fields[1]);
    ELSIF p_option IS NOT NULL AND ((f.option).id IS NULL OR NOT (f.option).active) THEN
        PERFORM orders_v1.refuse('422', 'billing_option_not_found', 'The plan has no such billing option.',
                              p_fields[2]);
    ELSIF p_quantity IS NULL OR p_quantity < 1 OR p_quantity > (f.plan).max_quantity THEN
        PERFORM orders_v1.refuse('422', 'quantity_out_of_range', 'The quantity must be from 1 to the plan''s maximum.', p_fields[3],
                              jsonb_build_object('maximum', (f.plan).max_quantity));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.plan_snapshot(p orders.plan, o orders.billing_option) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
               'id', p.id, 'name', p.name, 'slug', p.slug, 'description', p.description,
               'price_cents', coalesce(o.price, p.price), 'currency', p.currency,
               'duration_unit', coalesce(o.duration_unit, p.duration_unit),
               'duration_value', coalesce(o.duration_value, p.duration_value), 'features', p.features)
           || CASE WHEN o.id IS NULL THEN '{}'
                   ELSE jsonb_build_object('billing_option_id', o.id, 'billing_option_name', o.name) END
$$;

CREATE OR REPLACE FUNCTION orders_v1.plan_offer_of(
    p_tenant integer, p_user bigint, p_plan bigint, p_option bigint, p_channel text
) RETURNS orders_v1.plan_offer LANGUAGE plpgsql STABLE AS $$
DECLARE
    f orders_v1.plan_offer;
BEGIN
    SELECT p, o, u.active, t.tax_inclusive, y.exponent,
           n.enabled AND (n.currencies IS NULL OR p.currency = ANY (n.currencies)), n.provider
    INTO f.plan, f.option, f.user_active, f.tax_inclusive, f.exponent, f.channel_enabled, f.provider
    FROM orders.tenant t
    LEFT JOIN orders.users u ON u.tenant_id = p_tenant AND u.id = coalesce(p_user, 0)
    LEFT JOIN orders.plan p ON p.tenant_id = p_tenant AND p.id = coalesce(p_plan, 0)
    LEFT JOIN orders.currency y ON y.code = p.currency
    LEFT JOIN orders.billing_option o ON o.tenant_id = p_tenant AND o.id = coalesce(p_option, 0) AND o.plan_id = p.id
    LEFT JOIN orders.payment_channel n ON n.tenant_id = p_tenant AND n.external_ref = coalesce(p_channel, '')
    WHERE t.id = p_tenant;
    RETURN f;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.plan_head(
    c orders_v1.context, f orders_v1.plan_offer, p_user bigint, p_method text, p_channel text, p_return_url text
) RETURNS orders_v1.order_head LANGUAGE plpgsql STABLE AS $$
DECLARE
    h orders_v1.order_head;
BEGIN
    h.api := CASE c.api WHEN 'operator' THEN 'user' ELSE c.api END;
    h.buyer_id := p_user;
    h.currency := (f.plan).currency;
    h.exponent := f.exponent;
    h.tax_inclusive := f.tax_inclusive;
    h.fulfilment := 'none';
    h.method := p_method;
    h.channel := CASE p_method WHEN 'external' THEN p_channel END;
    h.channel_enabled := f.channel_enabled;
    h.provider := CASE p_method WHEN 'external' THEN f.provider WHEN 'balance' THEN 'balance' ELSE 'manual' END;
    h.return_url := p_return_url;
    h.snapshot := orders_v1.plan_snapshot(f.plan, f.option);
    RETURN h;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.plan_line(f orders_v1.plan_offer, p_quantity integer) RETURNS orders_v1.priced_line
LANGUAGE plpgsql STABLE AS $$
DECLARE
    l orders_v1.priced_line;
BEGIN
    l.kind := 'plan';
    l.item_id := (f.plan).id;
    l.item_ref := (f.plan).external_ref;
    l.slug := (f.plan).slug;
    l.title := (f.plan).name;
    l.variant := (f.option).name;
    l.quantity := p_quantity;
    l.unit_price := coalesce((f.option).price, (f.plan).price);
    l.list_price := l.unit_price;
    l.tax_class := (f.plan).tax_class;
    RETURN l;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.place_plan(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_user bigint, p_plan bigint, p_billing_option bigint, p_quantity integer, p_method text, p_channel text,
    p_return_url text, p_coupon text, p_expires_in integer
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    f       orders_v1.plan_offer;
    h       orders_v1.order_head;
    l       orders_v1.priced_line;
    v_order bigint;
BEGIN
    IF v_claim.verdict <> 'new' THEN
        RETURN NEXT repeated_placing_result(c, v_claim);
        RETURN;
    END IF;
    f := plan_offer_of(p_tenant, p_user, p_plan, p_billing_option, p_channel);
    PERFORM check_plan_offer(f, p_billing_option, p_quantity);
    l := plan_line(f, p_quantity);
    h := plan_head(c, f, p_user, p_method, p_channel, p_return_url);
    h.coupon := p_coupon;
    h.expires_in := p_expires_in;
    v_order := put_order(c, h, ARRAY[l]);
    RETURN NEXT placing_result(c, v_order);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.awaits_intent(p_status text, p_expires_at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p_status = 'created' AND NOT coalesce(p_expires_at <= now(), false)
$$;

CREATE OR REPLACE FUNCTION orders_v1.link_key_to_order(c orders_v1.context, p_order bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders.idempotency i SET order_id = p_order
    WHERE i.tenant_id = c.tenant_id AND i.actor_id = coalesce(c.actor_id, 0) AND i.route = c.route AND i.key = c.key;
END
$$;

-- A response with outcome intent is not final: record_intent or record_intent_failure completes the record of the key.
CREATE OR REPLACE FUNCTION orders_v1.placing_result(c orders_v1.context, p_order bigint) RETURNS orders_v1.written LANGUAGE plpgsql AS $$
DECLARE
    r orders_v1.order_view := orders_v1.written_order(c, p_order);
    p orders_v1.payment_view := r.payments[cardinality(r.payments)];
BEGIN
    IF orders_v1.awaits_intent(p.status, p.expires_at) IS NOT TRUE THEN
        RETURN orders_v1.finish_with(c, 'done', p_order, p_order, r);
    END IF;
    IF c.key IS NOT NULL THEN
        PERFORM orders_v1.link_key_to_order(c, p_order);
        c.key := NULL;
    END IF;
    RETURN orders_v1.finish_with(c, 'intent', p_order, p.id, r);
END
$$;

-- If the first request was interrupted, the response is the order in its current state.
CREATE OR REPLACE FUNCTION orders_v1.repeated_placing_result(c orders_v1.context, p_claim orders_v1.claim) RETURNS orders_v1.written
LANGUAGE plpgsql AS $$
BEGIN
    IF p_claim.verdict = 'replay' THEN
        RETURN orders_v1.replay(NULL::orders_v1.written, p_claim.answer);
    END IF;
    RETURN orders_v1.placing_result(c, p_claim.order_id);
END
$$;

GRANT EXECUTE ON FUNCTION orders_v1.place_plan(integer, text, text, bigint, text, text, bytea,
    bigint, bigint, bigint, integer, text, text, text, text, integer) TO orders_api;

COMMENT ON FUNCTION orders_v1.is_goods IS 'Internal: whether a line is sold: a product, plan or package (not shipping, discount, voucher, tax)';
COMMENT ON FUNCTION orders_v1.net_of IS 'Internal: the price of a line after its discount, in minor units';
COMMENT ON FUNCTION orders_v1.spread_discount IS
'Internal: lines with an order-wide discount split over the goods in proportion to their net price';
COMMENT ON FUNCTION orders_v1.tax_of IS
'Internal: the tax included in a price, or to be added to it, in minor units. p_rates_bp: sum of the rates in basis points';
COMMENT ON FUNCTION orders_v1.tax_shares IS
'Internal: tax by line and rate; nothing for a line without a tax class or active rates';
COMMENT ON FUNCTION orders_v1.price_lines IS
'Internal: lines with a discount (NULL: none) that is split over the goods, and with the tax on what remains; and this tax by rate, NULL
unless p_taxed. p_taxed: some lines have a tax class';
COMMENT ON FUNCTION orders_v1.sum_lines IS
'Internal: totals of goods and shipping lines. OR422 amount_out_of_range above 10^15 minor units';
COMMENT ON FUNCTION orders_v1.random_digits IS 'Internal: 12 unpredictable digits';
COMMENT ON FUNCTION orders_v1.unused_order_number IS 'Internal: order_number, repeated until a random number is not in use';
COMMENT ON FUNCTION orders_v1.order_number IS
'Internal: the number of a new order. p_local: the local time of the tenant. ORD-yyyymmdd-000001; with the prefix of the selling
company AAAAyymmdd000001OD, or AAAAyymmdd, 12 random digits and OD for a claimable order; in the customer API yyyymmdd-00000001O, or
C instead of O for cash on delivery; in the commerce API only digits, yymmdd000001';
COMMENT ON FUNCTION orders_v1.expiry_of IS 'Internal: the expiry of a new unpaid order; NULL: never';
COMMENT ON FUNCTION orders_v1.placing_steps IS
'Internal: the steps that place an order, and those that pay it if it is paid immediately';
COMMENT ON FUNCTION orders_v1.put_taxes IS 'Internal: stores the tax of an order by rate';
COMMENT ON FUNCTION orders_v1.check_payment_choice IS
'Internal: checks method and channel; a free order needs no channel. OR422 payment_method_unknown, payment_channel_required,
payment_channel_unknown, payment_channel_disabled, amount_not_payable (with the unit)';
COMMENT ON FUNCTION orders_v1.put_order IS
'Internal: creates an order from its header and priced lines; returns its id. Rows that no other transaction shares are written
before stock is locked. Locks the coupon, stock by variant, the member, the account';
COMMENT ON FUNCTION orders_v1.put_redemption IS 'Internal: stores the redemption of a coupon and its discount line';
COMMENT ON FUNCTION orders_v1.put_payment IS 'Internal: creates the first payment of an order; returns its id';
COMMENT ON FUNCTION orders_v1.check_plan_offer IS
'Internal: checks that a plan can be ordered. p_fields: the request''s names of plan, billing option and quantity. OR422
user_not_found, plan_not_found, plan_not_on_sale, billing_option_not_found, quantity_out_of_range';
COMMENT ON FUNCTION orders_v1.plan_snapshot IS 'Internal: the copy of a plan that the order stores';
COMMENT ON FUNCTION orders_v1.plan_offer_of IS 'Internal: reads everything that placing a plan order needs, in one statement';
COMMENT ON FUNCTION orders_v1.plan_head IS 'Internal: the header of a plan order';
COMMENT ON FUNCTION orders_v1.plan_line IS 'Internal: the line of a plan order';
COMMENT ON FUNCTION orders_v1.place_plan IS
'Places an order of a plan. Method balance debits immediately; external opens a payment of a channel; other methods await payment.
p_expires_in: seconds until an external order expires; NULL: never. Outcome done, or intent: the caller creates the intent of the
payment in id at the provider and reports it with record_intent and the same key. OR402 insufficient_balance, OR422 with the field';
COMMENT ON FUNCTION orders_v1.awaits_intent IS
'Internal: whether the intent of a payment still has to be created; false once the payment has expired';
COMMENT ON FUNCTION orders_v1.link_key_to_order IS
'Internal: stores the order in the record of the idempotency key, whose response is not final';
COMMENT ON FUNCTION orders_v1.placing_result IS
'Internal: the response to placing an order. Outcome done, or intent with the id of the payment whose intent has to be created';
COMMENT ON FUNCTION orders_v1.repeated_placing_result IS 'Internal: the response to placing an order when the key has been used before';
