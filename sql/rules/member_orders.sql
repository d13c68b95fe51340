-- SPDX-License-Identifier: Apache-2.0
-- Orders of members, described by a JSON document. The whole document is checked: the refusal lists every broken rule, and the
-- calling API has a message for each rule.

CREATE OR REPLACE FUNCTION orders_v1.refuse_all(p_broken orders_v1.broken_rule[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(p_broken) > 0 THEN
        PERFORM orders_v1.refuse('422', 'invalid_fields', 'Some fields are not valid.', NULL, jsonb_build_object('refused', (
            SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('rule', b.rule, 'value', left(b.value, 100))) ORDER BY b.n)
            FROM unnest(p_broken) WITH ORDINALITY AS b (rule, value, n))));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.add_broken_rule(p_broken orders_v1.broken_rule[], p_is boolean, p_rule text, p_value text DEFAULT NULL)
RETURNS orders_v1.broken_rule[] LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_is THEN p_broken || ROW(p_rule, p_value)::orders_v1.broken_rule ELSE p_broken END
$$;

-- Clients send numbers as numbers or strings; any other type counts as absent.
CREATE OR REPLACE FUNCTION orders_v1.given_text(d jsonb, p_field text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN jsonb_typeof(d -> p_field) IN ('string', 'number') THEN nullif(btrim(d ->> p_field, E' \t\r\n'), '') END
$$;

CREATE OR REPLACE FUNCTION orders_v1.given_id(d jsonb, p_field text) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_id bigint := orders_v1.whole_number(orders_v1.given_text(d, p_field));
BEGIN
    RETURN CASE WHEN v_id > 0 THEN v_id END;
END
$$;

-- The amount must be exact in major units: more digits than the currency has are refused.
CREATE OR REPLACE FUNCTION orders_v1.given_amount(d jsonb, p_field text, p_exponent integer) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_text   text := orders_v1.given_text(d, p_field);
    v_amount numeric;
BEGIN
    IF v_text ~ '^-?[0-9]{1,16}(\.[0-9]{1,16})?([eE][+-]?[0-9]{1,2})?$' THEN
        v_amount := v_text::numeric * (10::numeric ^ p_exponent);
    END IF;
    RETURN CASE WHEN v_amount = trunc(v_amount) AND abs(v_amount) <= 1000000000000000 THEN v_amount::bigint END;
END
$$;

-- An absent discount is 0.
CREATE OR REPLACE FUNCTION orders_v1.given_discount(d jsonb, p_exponent integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN d ->> 'discount' IS NULL THEN 0 ELSE orders_v1.given_amount(d, 'discount', p_exponent) END
$$;

CREATE OR REPLACE FUNCTION orders_v1.major_text(p_amount bigint, p_exponent integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT round(p_amount::numeric / (10::numeric ^ p_exponent), p_exponent)::text
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_address(a jsonb) RETURNS orders_v1.broken_rule[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_state    text := orders_v1.given_text(a, 'state');
    v_postcode text := orders_v1.given_text(a, 'postal_code');
    v_refused  text[] := orders_v1.invalid_address_codes(orders_v1.given_text(a, 'country'), v_state, v_postcode);
BEGIN
    RETURN ARRAY(
        SELECT ROW(m.member || '_invalid', NULL)::orders_v1.broken_rule
        FROM unnest('{given_name,family_name,email,phone,house,street,city}'::text[]) WITH ORDINALITY AS m (member, n)
        CROSS JOIN LATERAL orders_v1.given_text(a, m.member) AS v (text)
        WHERE v.text IS NULL OR length(v.text) > 200 OR orders_v1.has_controls(v.text, false)
           OR (m.member = 'email' AND NOT orders_v1.is_mail_address(v.text))
        ORDER BY m.n)
        || CASE WHEN 'postcode' = ANY (v_refused) OR length(v_postcode) > 200 OR orders_v1.has_controls(v_postcode, false)
                THEN ARRAY[ROW('postcode_invalid', NULL)]::orders_v1.broken_rule[] END
        || CASE WHEN 'country' = ANY (v_refused) THEN ARRAY[ROW('country_unknown', NULL)]::orders_v1.broken_rule[] END
        || CASE WHEN 'state' = ANY (v_refused) OR length(v_state) > 200 OR orders_v1.has_controls(v_state, false)
                THEN ARRAY[ROW('state_unknown', NULL)]::orders_v1.broken_rule[] END;
END
$$;

-- Trims spaces, upper-cases codes (ASCII only) and removes the country prefix of the state.
CREATE OR REPLACE FUNCTION orders_v1.given_address(a jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(m.member, CASE m.member
        WHEN 'country' THEN upper(v.text COLLATE "C")
        WHEN 'state' THEN regexp_replace(upper(v.text COLLATE "C"), '^' || upper(orders_v1.given_text(a, 'country') COLLATE "C") || '-', '')
        ELSE v.text END)
    FROM unnest('{given_name,family_name,email,phone,house,street,city,postal_code,country,state}'::text[]) AS m (member)
    CROSS JOIN LATERAL orders_v1.given_text(a, m.member) AS v (text)
    WHERE v.text IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION orders_v1.member_head(c orders_v1.context, d jsonb, p_expires_in integer, p_now timestamptz)
RETURNS orders_v1.order_head LANGUAGE plpgsql STABLE AS $$
DECLARE
    h orders_v1.order_head;
BEGIN
    h.api := CASE c.api WHEN 'operator' THEN 'commerce' ELSE c.api END;
    h.buyer_id := (SELECT u.id FROM orders.users u
                   WHERE u.tenant_id = c.tenant_id AND u.external_ref = d ->> 'user' AND u.active);
    SELECT t.currency, y.exponent, t.tax_inclusive INTO h.currency, h.exponent, h.tax_inclusive
    FROM orders.tenant t
    JOIN orders.currency y ON y.code = t.currency
    WHERE t.id = c.tenant_id;
    h.fulfilment := 'none';
    h.expires_in := p_expires_in;
    h.clock := p_now;
    RETURN h;
END
$$;

-- Checked after the rules: an invalid payment method is refused on its own. The default is a manual payment.
CREATE OR REPLACE FUNCTION orders_v1.member_payment(p_tenant integer, h orders_v1.order_head, d jsonb, p_channels text[])
RETURNS orders_v1.order_head LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF d ->> 'payment_channel' IS NOT NULL AND d ->> 'payment_method' <> 'external' THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Only an external payment has a channel.', 'payment_channel');
    END IF;
    RETURN orders_v1.described_payment(p_tenant, h, CASE WHEN num_nonnulls(d ->> 'payment_method', d ->> 'payment_channel') = 0
                                                      THEN d || '{"payment_method": "manual"}' ELSE d END, p_channels);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.offer_of(p_tenant integer, p_id bigint, p_currency text) RETURNS orders_v1.offer
LANGUAGE plpgsql STABLE AS $$
DECLARE
    f orders_v1.offer;
BEGIN
    SELECT v, p, c, x, k INTO f.variant, f.product, f.company, f.price, f.package
    FROM orders.variant v
    JOIN orders.product p ON p.tenant_id = p_tenant AND p.id = v.product_id AND p.active
    JOIN orders.variant_price x ON x.tenant_id = p_tenant AND x.variant_id = v.id AND x.currency = p_currency
    LEFT JOIN orders.company c ON c.tenant_id = p_tenant AND c.id = p.company_id
    LEFT JOIN orders.package k ON k.tenant_id = p_tenant AND k.variant_id = v.id
    WHERE v.tenant_id = p_tenant AND v.id = p_id AND v.active AND coalesce(k.active, true);
    RETURN f;
END
$$;

-- The discount is the difference between list price and price.
CREATE OR REPLACE FUNCTION orders_v1.offer_line(f orders_v1.offer, p_quantity integer, p_kind text) RETURNS orders_v1.priced_line
LANGUAGE plpgsql STABLE AS $$
DECLARE
    l orders_v1.priced_line := orders_v1.variant_line(f.variant, f.product, f.company, f.price, p_quantity, 0);
BEGIN
    l.unit_price := l.list_price;
    l.discount := p_quantity * (l.list_price - (f.price).price);
    IF (f.package).variant_id IS NOT NULL THEN
        l.kind := 'package';
        l.snapshot := l.snapshot || jsonb_build_object('package', jsonb_build_object(
            'kind', p_kind, 'rank', (f.package).rank, 'duration_unit', (f.package).duration_unit,
            'duration_value', (f.package).duration_value));
    END IF;
    RETURN l;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_price(e jsonb, l orders_v1.priced_line, p_exponent integer) RETURNS orders_v1.broken_rule[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_broken orders_v1.broken_rule[] := '{}';
BEGIN
    v_broken := orders_v1.add_broken_rule(v_broken, orders_v1.given_amount(e, 'unit_price', p_exponent) IS DISTINCT FROM l.unit_price,
                                   'unit_price_mismatch', orders_v1.major_text(l.unit_price, p_exponent));
    RETURN orders_v1.add_broken_rule(v_broken, orders_v1.given_discount(e, p_exponent) IS DISTINCT FROM l.discount,
                              'discount_mismatch', orders_v1.major_text(l.discount, p_exponent));
END
$$;

-- Pending package orders of a locked member, one broken rule for each reason that prevents another order.
CREATE OR REPLACE FUNCTION orders_v1.check_pending_package_orders(m orders.member, p_kind text) RETURNS orders_v1.broken_rule[] LANGUAGE plpgsql AS $$
DECLARE
    v_broken orders_v1.broken_rule[] := '{}';
    r        record;
BEGIN
    SELECT coalesce(bool_or(orders_v1.has_unrefunded_money(o.payment_state) AND o.state <> 'cancelled' AND t.id IS NULL), false) AS unapplied,
           coalesce(bool_or(orders_v1.is_payable(o.state, o.payment_state, o.expires_at) AND o.payment_state = 'confirming'), false) AS confirming,
           coalesce(bool_or(orders_v1.is_payable(o.state, o.payment_state, o.expires_at) AND o.payment_state <> 'confirming'), false) AS unpaid,
           coalesce(bool_or(o.payment_state = 'refund_pending' OR EXISTS (
               SELECT FROM orders.order_return x WHERE x.tenant_id = m.tenant_id AND x.order_id = o.id
                 AND x.state IN ('requested', 'approved', 'received'))), false) AS refunding
    INTO r
    FROM orders.package_order q
    JOIN orders.orders o ON o.tenant_id = m.tenant_id AND o.id = q.order_id
    LEFT JOIN orders.package_term t ON t.tenant_id = m.tenant_id AND t.order_id = q.order_id
    WHERE q.tenant_id = m.tenant_id AND q.user_id = m.user_id;
    v_broken := orders_v1.add_broken_rule(v_broken, r.unapplied, 'package_processing');
    v_broken := orders_v1.add_broken_rule(v_broken, p_kind IS DISTINCT FROM 'purchase' AND m.auto_upgrade_at IS NOT NULL, 'auto_upgrade_pending');
    v_broken := orders_v1.add_broken_rule(v_broken, r.unpaid, 'package_unpaid');
    v_broken := orders_v1.add_broken_rule(v_broken, r.confirming, 'package_confirming');
    RETURN orders_v1.add_broken_rule(v_broken, p_kind IS DISTINCT FROM 'purchase' AND r.refunding, 'refund_open');
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_line(j orders_v1.checked_lines, h orders_v1.order_head, p_tenant integer, e jsonb)
RETURNS orders_v1.checked_lines LANGUAGE plpgsql STABLE AS $$
DECLARE
    f          orders_v1.offer := orders_v1.offer_of(p_tenant, orders_v1.given_id(e, 'product'), h.currency);
    v_quantity bigint := orders_v1.given_id(e, 'quantity');
    v_package  boolean := (f.package).variant_id IS NOT NULL;
    l          orders_v1.priced_line;
    v_total    bigint;
BEGIN
    j.broken := orders_v1.add_broken_rule(j.broken, (f.variant).id IS NULL, 'product_unknown', coalesce(orders_v1.given_text(e, 'product'), ''));
    IF v_quantity IS NULL OR v_quantity > (CASE WHEN v_package THEN 1 ELSE 1000000 END)
       OR v_quantity::numeric * orders_v1.list_price_of(f.price) > 1000000000000000 THEN
        j.broken := j.broken || ROW('quantity_invalid', orders_v1.given_text(e, 'quantity'))::orders_v1.broken_rule;
    ELSIF (f.variant).id IS NOT NULL THEN
        l := orders_v1.offer_line(f, v_quantity::integer, 'purchase');
        v_total := orders_v1.net_of(l);
        j.broken := orders_v1.add_broken_rule(
            j.broken || orders_v1.check_price(e, l, h.exponent),
            orders_v1.given_amount(e, 'total', h.exponent) IS DISTINCT FROM v_total, 'line_total_mismatch', orders_v1.major_text(v_total, h.exponent));
        j.lines := j.lines || l;
        IF v_package THEN
            j.package := l.item_id;
        END IF;
    END IF;
    RETURN j;
END
$$;

-- The total is compared with the sum of the document's own lines; errors in the lines are reported by line.
CREATE OR REPLACE FUNCTION orders_v1.check_lines(h orders_v1.order_head, p_tenant integer, d jsonb) RETURNS orders_v1.checked_lines
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_lines jsonb := CASE WHEN jsonb_typeof(d -> 'lines') = 'array' THEN d -> 'lines' ELSE '[]' END;
    v_count integer := jsonb_array_length(v_lines);
    v_sum   numeric;
    j       orders_v1.checked_lines := ROW('{}', '{}', NULL);
    e       jsonb;
BEGIN
    j.broken := orders_v1.add_broken_rule(j.broken, v_count = 0, 'lines_required');
    IF v_count > 500 THEN
        j.broken := j.broken || ROW('lines_too_many', NULL)::orders_v1.broken_rule;
        RETURN j;
    END IF;
    FOR e IN SELECT x.value FROM jsonb_array_elements(v_lines) WITH ORDINALITY AS x (value, n) ORDER BY x.n LOOP
        j := orders_v1.check_line(j, h, p_tenant, e);
    END LOOP;
    j.broken := orders_v1.add_broken_rule(j.broken, j.package IS NOT NULL AND v_count > 1, 'package_not_alone', j.package::text);
    v_sum := (SELECT sum(orders_v1.given_amount(x.value, 'total', h.exponent)) FROM jsonb_array_elements(v_lines) AS x);
    j.broken := orders_v1.add_broken_rule(j.broken, coalesce(orders_v1.given_amount(d, 'total', h.exponent) <> v_sum, true), 'total_mismatch');
    RETURN j;
END
$$;

-- Goods are billed and shipped to the same address; a package is billed to it.
CREATE OR REPLACE FUNCTION orders_v1.put_member_order(c orders_v1.context, h orders_v1.order_head, p_lines orders_v1.priced_line[], a jsonb)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_address jsonb := orders_v1.given_address(a);
BEGIN
    h.addresses := jsonb_build_object('billing', v_address);
    IF h.fulfilment <> 'none' THEN
        h.addresses := h.addresses || jsonb_build_object('shipping', v_address);
    END IF;
    RETURN orders_v1.put_order(c, h, p_lines);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.member_place(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_document jsonb, p_expires_in integer, p_channels text[], p_now timestamptz DEFAULT now()
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c        orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim  orders_v1.claim := claim_key(c);
    h        orders_v1.order_head;
    j        orders_v1.checked_lines;
    m        orders.member;
    t        orders.package_term;
    v_order  bigint;
    v_broken orders_v1.broken_rule[] := '{}';
BEGIN
    IF v_claim.verdict <> 'new' THEN
        RETURN NEXT repeated_placing_result(c, v_claim);
        RETURN;
    END IF;
    h := member_head(c, p_document, p_expires_in, p_now);
    j := check_lines(h, p_tenant, p_document);
    v_broken := add_broken_rule(j.broken || check_address(p_document -> 'address'), h.buyer_id IS NULL, 'user_unknown');
    IF j.package IS NOT NULL AND h.buyer_id IS NOT NULL THEN
        m := lock_member(p_tenant, h.buyer_id);
        t := term_of(m);
        v_broken := add_broken_rule(v_broken || check_pending_package_orders(m, 'purchase'), is_active(t, p_now), 'package_active');
        h.package_kind := 'purchase';
        h.former_term := t.id;
    ELSIF j.package IS NULL THEN
        h.fulfilment := 'pending';
    END IF;
    PERFORM refuse_all(v_broken);
    h := member_payment(p_tenant, h, p_document, p_channels);
    v_order := put_member_order(c, h, j.lines, p_document -> 'address');
    RETURN NEXT placing_result(c, v_order);
END
$$;

-- A renewal costs the price of the package; an upgrade the difference to the price of the active one.
CREATE OR REPLACE FUNCTION orders_v1.renewal_line(f orders_v1.offer, t orders.package_term, p_kind text) RETURNS orders_v1.priced_line
LANGUAGE plpgsql STABLE AS $$
DECLARE
    l       orders_v1.priced_line := orders_v1.offer_line(f, 1, p_kind);
    v_price bigint;
BEGIN
    IF p_kind = 'upgrade' THEN
        SELECT x.price INTO v_price FROM orders.variant_price x
        WHERE x.tenant_id = t.tenant_id AND x.variant_id = t.package_id AND x.currency = (f.price).currency;
        l.unit_price := l.unit_price - v_price;
    END IF;
    RETURN l;
END
$$;

-- Checks whether the member may renew or upgrade to this package.
CREATE OR REPLACE FUNCTION orders_v1.check_step(f orders_v1.offer, t orders.package_term, p_kind text, p_window integer, p_now timestamptz)
RETURNS orders_v1.broken_rule[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_broken orders_v1.broken_rule[] := '{}';
    v_active boolean := orders_v1.is_active(t, p_now);
    v_same   boolean := coalesce((f.package).variant_id = t.package_id, false);
    v_zone   text := (SELECT x.time_zone FROM orders.tenant x WHERE x.id = t.tenant_id);
    v_rank   integer := (SELECT k.rank FROM orders.package k WHERE k.tenant_id = t.tenant_id AND k.variant_id = t.package_id);
BEGIN
    IF p_kind = 'renewal' THEN
        v_broken := orders_v1.add_broken_rule(v_broken, NOT v_same, 'renewal_of_another');
        RETURN orders_v1.add_broken_rule(v_broken, v_same AND coalesce(t.ends_at > least(
            p_now + p_window * interval '24 hours',
            orders_v1.period_end(p_now, v_zone, t.duration_unit, t.duration_value, extract(day FROM p_now AT TIME ZONE v_zone)::integer)), true),
            'package_active');
    END IF;
    v_broken := orders_v1.add_broken_rule(v_broken, v_active AND v_same, 'same_package');
    RETURN orders_v1.add_broken_rule(
        v_broken, NOT (v_active AND v_same)
                  AND NOT (v_active AND coalesce((f.package).rank > v_rank AND (orders_v1.renewal_line(f, t, p_kind)).unit_price
                                                 > (orders_v1.renewal_line(f, t, p_kind)).discount, false)), 'not_an_upgrade');
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_renewal_sums(d jsonb, p_exponent integer) RETURNS orders_v1.broken_rule[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_price    bigint := orders_v1.given_amount(d, 'unit_price', p_exponent);
    v_discount bigint := orders_v1.given_discount(d, p_exponent);
BEGIN
    RETURN orders_v1.add_broken_rule(
        orders_v1.add_broken_rule('{}', v_discount >= v_price, 'discount_not_below'),
        coalesce(orders_v1.given_amount(d, 'total', p_exponent) <> v_price - v_discount, true), 'order_total_mismatch');
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.upgrade_or_renew(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_document jsonb, p_expires_in integer, p_channels text[], p_window integer, p_now timestamptz DEFAULT now()
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c        orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim  orders_v1.claim := claim_key(c);
    h        orders_v1.order_head;
    f        orders_v1.offer;
    m        orders.member;
    t        orders.package_term;
    l        orders_v1.priced_line;
    v_order  bigint;
    v_kind   text := given_text(p_document, 'type');
    v_broken orders_v1.broken_rule[] := '{}';
BEGIN
    IF v_claim.verdict <> 'new' THEN
        RETURN NEXT repeated_placing_result(c, v_claim);
        RETURN;
    END IF;
    v_kind := CASE WHEN v_kind IN ('upgrade', 'renewal') THEN v_kind END;
    h := member_head(c, p_document, p_expires_in, p_now);
    f := offer_of(p_tenant, given_id(p_document, 'product'), h.currency);
    v_broken := add_broken_rule(v_broken, (f.variant).id IS NULL, 'product_unknown', coalesce(given_text(p_document, 'product'), ''));
    v_broken := v_broken || check_address(p_document -> 'address');
    v_broken := add_broken_rule(v_broken, h.buyer_id IS NULL, 'user_unknown');
    IF h.buyer_id IS NOT NULL THEN
        m := lock_member(p_tenant, h.buyer_id);
        t := term_of(m);
        v_broken := add_broken_rule(v_broken, m.placed_at IS NULL, 'member_not_placed') || check_pending_package_orders(m, v_kind);
    END IF;
    IF h.buyer_id IS NOT NULL AND (f.variant).id IS NOT NULL AND v_kind IS NOT NULL THEN
        v_broken := v_broken || check_step(f, t, v_kind, p_window, p_now);
        l := renewal_line(f, t, v_kind);
        IF l.unit_price > 0 THEN
            v_broken := v_broken || check_price(p_document, l, h.exponent);
        END IF;
    END IF;
    v_broken := add_broken_rule(v_broken || check_renewal_sums(p_document, h.exponent), v_kind IS NULL, 'type_unknown');
    PERFORM refuse_all(v_broken);
    h.package_kind := v_kind;
    h.former_term := t.id;
    h := member_payment(p_tenant, h, p_document, p_channels);
    v_order := put_member_order(c, h, ARRAY[l], p_document -> 'address');
    RETURN NEXT placing_result(c, v_order);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.apply_paid_package(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_order bigint, p_match text[], p_now timestamptz DEFAULT now()
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    o       orders.orders;
    v_code  text := 'done';
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    o := lock_order(p_tenant, p_order, NULL, p_match);
    IF EXISTS (SELECT FROM package_term t
               WHERE t.tenant_id = p_tenant AND t.order_id = p_order AND t.revoked_at IS NULL) THEN
        v_code := 'unchanged';
    ELSIF o.state = 'cancelled' OR NOT orders_v1.has_unrefunded_money(o.payment_state)
          OR NOT apply_package(p_tenant, p_order, p_now, true) THEN
        PERFORM refuse('409', 'package_not_applicable', 'The order has no package that can be applied. Read its state.', NULL, states_of(o));
    ELSE
        PERFORM move_order(c, o, CASE o.state WHEN 'open' THEN ARRAY[('order', 'open', 'completed')]::step[] ELSE '{}' END, 0, 0, NULL);
    END IF;
    RETURN NEXT finish(c, v_code, p_order, p_order);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.member_place(integer, text, text, bigint, text, text, bytea, jsonb, integer, text[], timestamptz),
    orders_v1.upgrade_or_renew(integer, text, text, bigint, text, text, bytea, jsonb, integer, text[], integer, timestamptz),
    orders_v1.apply_paid_package(integer, text, text, bigint, text, text, bytea, bigint, text[], timestamptz)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.refuse_all IS 'Internal: OR422 invalid_fields with {refused: [{rule, value}]}, if any rule is broken';
COMMENT ON FUNCTION orders_v1.add_broken_rule IS 'Internal: the list, with this rule added if it is broken';
COMMENT ON FUNCTION orders_v1.given_text IS
'Internal: a string or number member as text without surrounding spaces; NULL: absent or empty';
COMMENT ON FUNCTION orders_v1.given_id IS
'Internal: an integer of at least 1, given as number or string, possibly with zeros after the decimal point; NULL: invalid';
COMMENT ON FUNCTION orders_v1.given_amount IS
'Internal: an amount in major units, converted to minor units; NULL: invalid, or too many digits';
COMMENT ON FUNCTION orders_v1.given_discount IS 'Internal: the discount in minor units; NULL: invalid';
COMMENT ON FUNCTION orders_v1.major_text IS 'Internal: an amount in minor units as text in major units';
COMMENT ON FUNCTION orders_v1.check_address IS
'Internal: given_name_invalid, family_name_invalid, email_invalid, phone_invalid, house_invalid, street_invalid, city_invalid,
postcode_invalid, country_unknown, state_unknown';
COMMENT ON FUNCTION orders_v1.given_address IS 'Internal: an address in the form that orders store';
COMMENT ON FUNCTION orders_v1.member_head IS
'Internal: the header of a member''s order; buyer_id NULL: there is no such active user';
COMMENT ON FUNCTION orders_v1.member_payment IS
'Internal: the header with the payment: as the document describes it, otherwise manual. OR422 invalid_field, and those of
described_payment';
COMMENT ON FUNCTION orders_v1.offer_of IS
'Internal: the variant with this number and all data to price it, if members may order it';
COMMENT ON FUNCTION orders_v1.offer_line IS 'Internal: the line of a quantity of an offer; p_kind: the purpose of a package order';
COMMENT ON FUNCTION orders_v1.check_price IS 'Internal: unit_price_mismatch, discount_mismatch, each with the correct value';
COMMENT ON FUNCTION orders_v1.check_pending_package_orders IS
'Internal: package_processing (paid, not applied), auto_upgrade_pending, package_unpaid, package_confirming (its payment is being
confirmed), refund_open. The caller must hold the lock of the member';
COMMENT ON FUNCTION orders_v1.check_line IS
'Internal: product_unknown, quantity_invalid, line_total_mismatch, and those of check_price';
COMMENT ON FUNCTION orders_v1.check_lines IS
'Internal: all lines: lines_required, lines_too_many (more than 500), package_not_alone, total_mismatch';
COMMENT ON FUNCTION orders_v1.put_member_order IS 'Internal: creates the order with its address; returns its id';
COMMENT ON FUNCTION orders_v1.member_place IS
'Places a member''s order of goods, or of a first package: {user (external reference), lines: [{product (number of the variant),
quantity, unit_price, discount, total}], total, address: {given_name, family_name, email, phone, house, street, city, postal_code,
country (ISO 3166-1), state (ISO 3166-2)}, payment_method, payment_channel, payment_return_url}. Amounts are in major units of the
tenant''s currency; they are only compared with the catalogue. p_expires_in and p_channels as in place_order, outcomes as in
place_plan. p_now: the current time for the rules of packages. Locks the member for a package. OR422 invalid_fields with {refused:
[{rule, value}]}: every broken rule of check_lines, check_address, check_pending_package_orders, and user_unknown, package_active; OR402
insufficient_balance, OR409 insufficient_stock, OR422 of check_payment_choice';
COMMENT ON FUNCTION orders_v1.renewal_line IS 'Internal: the line of a renewal, or of an upgrade from the current term';
COMMENT ON FUNCTION orders_v1.check_step IS
'Internal: renewal_of_another, package_active (more than p_window days, or one period, are left); same_package, not_an_upgrade (no
higher rank, no active term, or no price difference)';
COMMENT ON FUNCTION orders_v1.check_renewal_sums IS 'Internal: discount_not_below, order_total_mismatch';
COMMENT ON FUNCTION orders_v1.upgrade_or_renew IS
'Places a package order of a member who has a package: {type (renewal, upgrade), user, product, unit_price, discount, total,
address, payment_method, payment_channel, payment_return_url} as in member_place. When it is paid, the package is renewed or
replaced. p_window: a package can be renewed from this many days before its end. Locks the member. OR422 invalid_fields with every
broken rule of check_address, check_pending_package_orders, check_step, check_price, check_renewal_sums, and product_unknown, user_unknown,
member_not_placed, type_unknown';
COMMENT ON FUNCTION orders_v1.apply_paid_package IS
'Grants the package of a paid order to its member even if the member''s package has changed since. Outcome unchanged when it is
already granted. Locks the member. OR404 not_found, OR409 package_not_applicable, OR412 version_mismatch';
