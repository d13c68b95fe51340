-- SPDX-License-Identifier: Apache-2.0
-- Prices an order that has not been placed: POST /quote of the operator API. The rules are those of place_order; no row is locked or written.
-- A refusal becomes a problem of the quote, so that the other parts of an incomplete order can be priced.

CREATE OR REPLACE FUNCTION orders_v1.quote_problem(p_code text, p_detail text, p_hint text, p_field text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_hint  jsonb := coalesce(nullif(p_hint, ''), '{}');
    v_field text := coalesce(p_field, v_hint ->> 'field');
BEGIN
    RETURN coalesce(v_hint -> 'extras', '{}') || jsonb_build_object(
        'field', CASE v_field WHEN 'coupon_code' THEN 'voucher' WHEN 'cart_id' THEN 'cart' ELSE v_field END, 'code', p_code, 'detail', p_detail);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.quote_head(p_tenant integer, d jsonb, OUT head orders_v1.order_head, OUT problem jsonb)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_code   text;
    v_detail text;
    v_hint   text;
BEGIN
    head := orders_v1.described_parties(p_tenant, d);
EXCEPTION WHEN SQLSTATE 'OR422' THEN
    GET STACKED DIAGNOSTICS v_code = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    problem := orders_v1.quote_problem(v_code, v_detail, v_hint);
    head := orders_v1.described_terms(p_tenant, d); -- without a currency, nothing can be priced
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.quote_line(p_tenant integer, p_currency text, d jsonb, p_n integer, OUT line orders_v1.priced_line, OUT problem jsonb)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_code   text;
    v_detail text;
    v_hint   text;
BEGIN
    line := orders_v1.described_line(p_tenant, p_currency, d, format('lines[%s]', p_n));
EXCEPTION WHEN SQLSTATE 'OR422' THEN
    GET STACKED DIAGNOSTICS v_code = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    problem := orders_v1.quote_problem(v_code, v_detail, v_hint);
END
$$;

-- A line of the request that cannot be priced is left out. p_places: the positions of the lines in the request, from 0.
CREATE OR REPLACE FUNCTION orders_v1.quote_lines(
    p_tenant integer, h orders_v1.order_head, d jsonb, OUT lines orders_v1.priced_line[], OUT places integer[], OUT problems jsonb
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    c        orders_v1.context := ROW(p_tenant, NULL, NULL, NULL, NULL, NULL, NULL);
    k        orders.cart;
    r        record;
    q        record;
    v_code   text;
    v_detail text;
    v_hint   text;
BEGIN
    lines := '{}';
    places := '{}';
    problems := '[]';
    IF d ->> 'cart' IS NULL AND coalesce(nullif(d -> 'lines', 'null'), '[]') <> '[]' THEN
        FOR r IN SELECT e.value AS d, (e.n - 1)::integer AS n FROM jsonb_array_elements(d -> 'lines') WITH ORDINALITY AS e (value, n) LOOP
            q := orders_v1.quote_line(p_tenant, h.currency, r.d, r.n);
            IF q.problem IS NULL THEN
                lines := lines || q.line;
                places := places || r.n;
            ELSE
                problems := problems || q.problem;
            END IF;
        END LOOP;
        RETURN;
    END IF;
    IF d ->> 'cart' IS NOT NULL THEN
        k := orders_v1.find_any_cart(p_tenant, d ->> 'cart');
        PERFORM orders_v1.check_cart_open(k);
    END IF;
    lines := orders_v1.lines_or_cart(c, h, d, k);
    places := array_fill(NULL::integer, ARRAY[cardinality(lines)]);
EXCEPTION WHEN SQLSTATE 'OR404' OR SQLSTATE 'OR409' OR SQLSTATE 'OR422' THEN
    GET STACKED DIAGNOSTICS v_code = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    problems := jsonb_build_array(orders_v1.quote_problem(v_code, v_detail, v_hint));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.quote_shipping(
    p_tenant integer, h orders_v1.order_head, p_goods boolean, d jsonb, OUT lines orders_v1.priced_line[], OUT problem jsonb
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_shipping jsonb := nullif(d -> 'shipping', 'null');
    v_code     text;
    v_detail   text;
    v_hint     text;
BEGIN
    PERFORM orders_v1.described_fulfilment(h, p_goods, v_shipping);
    lines := CASE WHEN v_shipping IS NULL THEN '{}' ELSE orders_v1.shipping_lines(p_tenant, v_shipping) END;
EXCEPTION WHEN SQLSTATE 'OR422' THEN
    GET STACKED DIAGNOSTICS v_code = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    problem := orders_v1.quote_problem(v_code, v_detail, v_hint);
    lines := '{}';
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.quote_sums(p_inclusive boolean, p_lines orders_v1.priced_line[], OUT sums orders_v1.order_sums, OUT problem jsonb)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_code   text;
    v_detail text;
    v_hint   text;
BEGIN
    sums := orders_v1.sum_lines(p_inclusive, p_lines);
EXCEPTION WHEN SQLSTATE 'OR422' THEN
    GET STACKED DIAGNOSTICS v_code = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    problem := orders_v1.quote_problem(v_code, v_detail, v_hint, 'lines');
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.quote_coupon(
    p_tenant integer, h orders_v1.order_head, p_base bigint, OUT coupon orders_v1.reserved_coupon, OUT problem jsonb
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_code   text;
    v_detail text;
    v_hint   text;
BEGIN
    coupon := orders_v1.usable_coupon(p_tenant, h.coupon, h.buyer_id, h.currency, p_base);
EXCEPTION WHEN SQLSTATE 'OR422' THEN
    GET STACKED DIAGNOSTICS v_code = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    problem := orders_v1.quote_problem(v_code, v_detail, v_hint);
END
$$;

-- The balance is read, not debited: debit_balance has the same condition.
CREATE OR REPLACE FUNCTION orders_v1.quote_payment(p_tenant integer, h orders_v1.order_head, d jsonb, p_channels text[], p_total bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_have   bigint;
    v_code   text;
    v_detail text;
    v_hint   text;
BEGIN
    h := orders_v1.described_payment(p_tenant, h, d, p_channels);
    IF h.method <> 'balance' THEN
        PERFORM orders_v1.check_payment_choice(p_tenant, h, p_total);
    ELSIF p_total > 0 THEN
        v_have := coalesce((SELECT a.balance FROM orders.account a
                            WHERE a.tenant_id = p_tenant AND a.user_id = h.buyer_id AND a.currency = h.currency), 0);
        IF v_have < p_total THEN
            PERFORM orders_v1.refuse_balance(v_have, p_total, h.currency);
        END IF;
    END IF;
    RETURN NULL;
EXCEPTION WHEN SQLSTATE 'OR402' OR SQLSTATE 'OR422' THEN
    GET STACKED DIAGNOSTICS v_code = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    RETURN orders_v1.quote_problem(v_code, v_detail, v_hint, CASE WHEN v_code = 'insufficient_balance' THEN 'payment_method' END);
END
$$;

-- The stock of each product line; NULL: not counted.
CREATE OR REPLACE FUNCTION orders_v1.available_items(p_tenant integer, p_lines orders_v1.priced_line[]) RETURNS integer[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT (SELECT greatest(s.on_hand - s.reserved, 0) FROM orders.stock s
                WHERE s.tenant_id = p_tenant AND s.variant_id = l.item_id AND s.counted AND l.kind = 'product')
        FROM unnest(p_lines) WITH ORDINALITY AS l
        ORDER BY l.ordinality);
END
$$;

-- As in reserve_stock, the lines of a variant need their items together.
CREATE OR REPLACE FUNCTION orders_v1.quote_stock(p_lines orders_v1.priced_line[], p_available integer[], p_places integer[]) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'field', CASE WHEN p_places[x.first] IS NULL THEN 'cart' ELSE format('lines[%s].quantity', p_places[x.first]) END,
            'code', 'insufficient_stock', 'detail', 'There is not enough stock.', 'product', p_lines[x.first].item_ref,
            'variant', p_lines[x.first].variant, 'available', p_available[x.first]) ORDER BY x.first), '[]')
        FROM (
            SELECT min(n) AS first, sum(p_lines[n].quantity) AS quantity FROM generate_subscripts(p_lines, 1) AS n
            WHERE p_lines[n].kind = 'product' AND p_available[n] IS NOT NULL
            GROUP BY p_lines[n].item_id
        ) AS x
        WHERE x.quantity > p_available[x.first]);
END
$$;

-- The text has the members in this order; jsonb would sort them. References are those of order_view.
CREATE OR REPLACE FUNCTION orders_v1.quote_document(
    p_tenant integer, h orders_v1.order_head, p_lines orders_v1.priced_line[], p_places integer[], p_available integer[], p_taxes orders_v1.tax_share[],
    s orders_v1.order_sums, k orders_v1.reserved_coupon, p_problems jsonb
) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN json_build_object(
        'currency', h.currency,
        'tax_inclusive', h.tax_inclusive,
        'lines', (
            SELECT coalesce(json_agg(json_build_object(
                'line', p_places[l.ordinality], 'kind', l.kind, 'product', CASE WHEN l.kind <> 'plan' THEN l.item_ref END,
                'variant', CASE l.kind WHEN 'product' THEN (SELECT v.external_ref FROM orders.variant v WHERE v.tenant_id = p_tenant AND v.id = l.item_id) END,
                'variant_name', l.variant, 'plan', CASE l.kind WHEN 'plan' THEN l.item_ref END,
                'billing_option', CASE WHEN l.kind = 'plan' AND l.variant IS NOT NULL
                                       THEN (SELECT b.external_ref FROM orders.billing_option b
                                             WHERE b.tenant_id = p_tenant AND b.id = (l.snapshot ->> 'billing_option_id')::bigint) END,
                'title', l.title,
                'quantity', l.quantity, 'unit_price', l.unit_price, 'list_price', coalesce(l.list_price, l.unit_price),
                'discount', coalesce(l.discount, 0), 'tax', coalesce(l.tax, 0), 'subtotal', l.quantity * l.unit_price,
                'available', p_available[l.ordinality]) ORDER BY l.ordinality), '[]')
            FROM unnest(p_lines) WITH ORDINALITY AS l),
        'taxes', (
            SELECT coalesce(json_agg(json_build_object('key', x.key, 'rate_bp', x.rate_bp, 'amount', x.amount) ORDER BY x.key, x.rate_bp), '[]')
            FROM (SELECT t.key, t.rate_bp, sum(t.amount) AS amount FROM unnest(p_taxes) AS t GROUP BY t.key, t.rate_bp) AS x),
        'subtotal', s.subtotal, 'discount', s.discount, 'tax', s.tax, 'shipping', s.shipping, 'total', s.total,
        'voucher', CASE WHEN k.coupon_id IS NOT NULL THEN json_build_object('code', k.code, 'amount', k.amount) END,
        'problems', p_problems)::text;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.quote_order(p_tenant integer, p_document jsonb, p_channels text[] DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    h           orders_v1.order_head;
    k           orders_v1.reserved_coupon;
    s           orders_v1.order_sums;
    r           record;
    v_lines     orders_v1.priced_line[];
    v_places    integer[];
    v_available integer[];
    v_taxes     orders_v1.tax_share[];
    v_problems  jsonb := '[]';
    v_goods     boolean;
BEGIN
    r := quote_head(p_tenant, p_document);
    h := r.head;
    v_problems := v_problems || coalesce(r.problem, '[]');
    r := quote_lines(p_tenant, h, p_document);
    v_lines := r.lines;
    v_places := r.places;
    v_problems := v_problems || r.problems;
    v_goods := EXISTS (SELECT FROM unnest(v_lines) AS l WHERE l.kind = 'product');
    r := quote_shipping(p_tenant, h, v_goods, p_document);
    v_lines := v_lines || r.lines;
    v_problems := v_problems || coalesce(r.problem, '[]');

    r := quote_sums(h.tax_inclusive, v_lines);
    s := r.sums;
    IF r.problem IS NULL AND h.coupon IS NOT NULL AND v_lines <> '{}' THEN
        r := quote_coupon(p_tenant, h, s.subtotal - s.discount);
        k := r.coupon;
        v_problems := v_problems || coalesce(r.problem, '[]');
    END IF;
    IF s.total IS NOT NULL THEN
        r := price_lines(p_tenant, h.tax_inclusive, k.amount, true, v_lines);
        v_lines := r.lines;
        v_taxes := r.taxes;
        r := quote_sums(h.tax_inclusive, v_lines);
        s := r.sums;
    END IF;
    v_problems := v_problems || coalesce(r.problem, '[]');
    v_available := available_items(p_tenant, v_lines);
    v_problems := v_problems || quote_stock(v_lines, v_available, v_places);
    IF s.total IS NOT NULL AND (p_document ->> 'payment_method' IS NOT NULL OR p_document ->> 'payment_channel' IS NOT NULL) THEN
        v_problems := v_problems || coalesce(quote_payment(p_tenant, h, p_document, p_channels, s.total), '[]');
    END IF;
    RETURN quote_document(p_tenant, h, v_lines, v_places, v_available, v_taxes, s, k, v_problems);
END
$$;

GRANT EXECUTE ON FUNCTION orders_v1.quote_order(integer, jsonb, text[]) TO orders_api;

COMMENT ON FUNCTION orders_v1.quote_problem IS
'Internal: a refusal as a problem of a quote: {field, code, detail} and the extra members of the refusal. p_field replaces the field';
COMMENT ON FUNCTION orders_v1.quote_head IS
'Internal: described_parties; with a problem, described_terms. OR422 currency_unknown';
COMMENT ON FUNCTION orders_v1.quote_line IS 'Internal: described_line, or its problem';
COMMENT ON FUNCTION orders_v1.quote_lines IS
'Internal: the priced lines of a document or of its cart, their positions in the request from 0 (NULL: of a cart), and the problems of the
other lines';
COMMENT ON FUNCTION orders_v1.quote_shipping IS 'Internal: shipping_lines, or their problem';
COMMENT ON FUNCTION orders_v1.quote_sums IS 'Internal: sum_lines, or its problem';
COMMENT ON FUNCTION orders_v1.quote_coupon IS 'Internal: usable_coupon, or its problem';
COMMENT ON FUNCTION orders_v1.quote_payment IS
'Internal: the problem of paying p_total with the method of the document, such as a low balance; NULL: it can be paid';
COMMENT ON FUNCTION orders_v1.available_items IS 'Internal: the available items of the variant of each line; NULL: not counted';
COMMENT ON FUNCTION orders_v1.quote_stock IS 'Internal: a problem for each variant of which fewer items are available than the lines need';
COMMENT ON FUNCTION orders_v1.quote_document IS 'Internal: the quote as JSON text';
COMMENT ON FUNCTION orders_v1.quote_order IS
'The prices of an order as place_order would place it now, as JSON text: {currency, tax_inclusive, lines: [{line, kind, product, variant,
variant_name, plan, billing_option, title, quantity, unit_price, list_price, discount, tax, subtotal, available}], taxes: [{key, rate_bp, amount}], subtotal, discount, tax,
shipping, total, voucher: {code, amount}, problems: [{field, code, detail}]}. Without problems, place_order would accept the document. A
line with a problem is left out. The payment is only checked if the document names a method. Locks and writes nothing. p_channels as in
place_order. OR422 currency_unknown, invalid_field';
