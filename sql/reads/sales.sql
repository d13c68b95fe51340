-- SPDX-License-Identifier: Apache-2.0
-- Sales and orders that a consumer can claim.

CREATE OR REPLACE FUNCTION orders_v1.sales_of(p_tenant integer, p_user bigint, p_limit integer, p_offset bigint) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    s orders_v1.seller_context := seller_context(p_tenant, p_user);
BEGIN
    RETURN ARRAY(SELECT o.id FROM orders o WHERE o.tenant_id = p_tenant AND o.retailer_id = s.company_id
                 ORDER BY o.id DESC LIMIT p_limit OFFSET p_offset);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.sale_id(p_tenant integer, p_user bigint, p_number text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    s    orders_v1.seller_context := seller_context(p_tenant, p_user);
    v_id bigint;
BEGIN
    IF NOT may_sell(s) THEN
        PERFORM refuse('403', 'not_a_seller', 'The user may not sell for the company.');
    END IF;
    SELECT o.id INTO v_id FROM orders o
    WHERE o.tenant_id = p_tenant AND o.number = orders.code_key(p_number) AND o.retailer_id = s.company_id;
    IF v_id IS NULL THEN
        PERFORM refuse('404', 'not_found', 'There is no such order.');
    END IF;
    RETURN v_id;
END
$$;

-- Does not write: an order past its expiry counts as closed.
CREATE OR REPLACE FUNCTION orders_v1.check_sale_refund(p_tenant integer, p_user bigint, p_number text, p_window integer)
RETURNS SETOF orders_v1.written
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    s orders_v1.seller_context := seller_context(p_tenant, p_user);
    o orders.orders;
BEGIN
    SELECT * INTO o FROM orders x
    WHERE x.tenant_id = p_tenant AND x.number = orders.code_key(p_number) AND x.retailer_id = s.company_id;
    IF o.id IS NULL OR NOT may_sell(s) THEN
        PERFORM refuse('404', 'not_found', 'There is no such order.');
    END IF;
    o := as_of_now(o);
    IF o.payment_state = 'refunded' THEN
        PERFORM refuse('409', 'order_not_refundable', 'The order is already refunded.', NULL, states_of(o));
    END IF;
    PERFORM check_refundable(o, p_window);
    RETURN NEXT ROW('done', o.id, false, NULL, NULL, NULL, NULL, NULL)::orders_v1.written;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.claimable_order_id(p_tenant integer, p_user bigint, p_number text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    o orders.orders;
BEGIN
    SELECT * INTO o FROM orders x WHERE x.tenant_id = p_tenant AND x.number = orders.code_key(p_number);
    PERFORM check_claim(o, p_user);
    PERFORM check_payable(o, true);
    RETURN o.id;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.sales_of(integer, bigint, integer, bigint),
    orders_v1.sale_id(integer, bigint, text),
    orders_v1.check_sale_refund(integer, bigint, text, integer),
    orders_v1.claimable_order_id(integer, bigint, text)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.sales_of IS 'Ids of the orders of the user''s current company, newest first. OR403 as place_cart';
COMMENT ON FUNCTION orders_v1.sale_id IS 'Id of an order of the user''s current company. OR403 as place_cart, OR404 not_found';
COMMENT ON FUNCTION orders_v1.check_sale_refund IS
'Returns done if refund_sale would refund the order. OR403, OR404, OR409 as refund_sale; OR409 order_not_refundable (with the states) also when it
is already refunded';
COMMENT ON FUNCTION orders_v1.claimable_order_id IS
'Id of an order that awaits payment by a consumer: claimed by the user or not claimed yet. OR404, OR409 order_bound,
order_not_payable (with the states; expired once it is past its expiry)';
