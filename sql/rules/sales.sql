-- SPDX-License-Identifier: Apache-2.0
-- Sales: a salesperson orders a cart, records its payment and refunds it. Every function checks in this order: the user, the
-- order, the state of the order.

CREATE OR REPLACE FUNCTION orders_v1.order_by_number(p_tenant integer, p_number text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT o.id FROM orders.orders o WHERE o.tenant_id = p_tenant AND o.number = orders.code_key(p_number));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.lock_sale(p_tenant integer, s orders_v1.seller_context, p_user bigint, p_number text, p_own boolean)
RETURNS orders.orders LANGUAGE plpgsql AS $$
DECLARE
    o orders.orders := orders_v1.lock_order(p_tenant, orders_v1.order_by_number(p_tenant, p_number), NULL, NULL);
BEGIN
    IF NOT orders_v1.may_sell(s) OR (p_own AND o.agent_id IS DISTINCT FROM p_user) THEN
        PERFORM orders_v1.refuse('404', 'not_found', 'There is no such order.');
    ELSIF o.retailer_id IS DISTINCT FROM s.company_id THEN
        PERFORM orders_v1.refuse('403', 'not_the_retailer', 'The order was not sold by the user''s current company. Choose that company first.');
    END IF;
    IF orders_v1.is_due(o) THEN
        o := orders_v1.expire_order(o);
    END IF;
    RETURN o;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.lock_cart(p_tenant integer, s orders_v1.seller_context, p_user bigint, p_cart text) RETURNS orders.cart
LANGUAGE plpgsql AS $$
DECLARE
    k orders.cart := orders_v1.lock_any_cart(p_tenant, p_cart);
BEGIN
    IF k.company_id IS DISTINCT FROM s.company_id OR k.user_id <> p_user THEN
        PERFORM orders_v1.refuse('404', 'cart_not_found', 'There is no such cart.', 'cart_id');
    END IF;
    RETURN k;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.sale_head(
    c orders_v1.context, s orders_v1.seller_context, k orders.cart, p_method text, p_consumer boolean, p_channel text
) RETURNS orders_v1.order_head LANGUAGE plpgsql STABLE AS $$
DECLARE
    h orders_v1.order_head;
BEGIN
    SELECT t.tax_inclusive, y.exponent, n.enabled AND (n.currencies IS NULL OR k.currency = ANY (n.currencies)), n.provider
    INTO h.tax_inclusive, h.exponent, h.channel_enabled, h.provider
    FROM orders.tenant t
    JOIN orders.currency y ON y.code = k.currency
    LEFT JOIN orders.payment_channel n ON n.tenant_id = c.tenant_id AND n.external_ref = coalesce(p_channel, '')
    WHERE t.id = c.tenant_id;
    h.api := c.api;
    h.claimable := p_consumer;
    h.number_prefix := s.prefix;
    h.retailer_id := s.company_id;
    h.agent_id := c.actor_id;
    h.cart_id := k.id;
    h.currency := k.currency;
    h.fulfilment := 'none';
    h.method := p_method;
    h.channel := CASE p_method WHEN 'external' THEN p_channel END;
    h.provider := CASE p_method WHEN 'external' THEN h.provider ELSE 'terminal' END;
    h.intent_later := true;
    RETURN h;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.place_cart(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_cart text, p_method text, p_consumer boolean, p_channel text, p_expires_in integer
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    s       orders_v1.seller_context;
    k       orders.cart;
    h       orders_v1.order_head;
    v_lines orders_v1.priced_line[];
    v_order bigint;
    v_code  text := 'unchanged';
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    s := seller_context(p_tenant, p_actor_id);
    IF NOT may_sell(s) THEN
        PERFORM refuse('403', 'not_a_seller', 'The user may not sell for the company.');
    END IF;
    k := lock_cart(p_tenant, s, p_actor_id, p_cart);
    SELECT o.id INTO v_order FROM orders o WHERE o.tenant_id = p_tenant AND o.cart_id = k.id;
    IF v_order IS NULL THEN
        v_lines := price_cart(k);
        h := sale_head(c, s, k, p_method, p_consumer, p_channel);
        h.expires_in := p_expires_in;
        v_order := put_order(c, h, v_lines);
        UPDATE cart x SET state = 'ordered', updated_at = now() WHERE x.tenant_id = p_tenant AND x.id = k.id;
        v_code := 'done';
    END IF;
    RETURN NEXT finish(c, v_code, v_order, v_order);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_terminal_id(p_tenant integer, p_transaction text) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF EXISTS (SELECT FROM orders.provider_transaction t
               WHERE t.tenant_id = p_tenant AND t.provider = 'terminal' AND t.transaction_id = p_transaction) THEN
        PERFORM orders_v1.refuse('409', 'transaction_id_taken', 'The transaction id is already in use.', 'transaction_id');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.settle_sale(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_number text, p_transaction text
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c         orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim   orders_v1.claim := claim_key(c);
    o         orders.orders;
    v_payment bigint;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    o := lock_sale(p_tenant, seller_context(p_tenant, p_actor_id), p_actor_id, p_number, true);
    PERFORM check_terminal_id(p_tenant, p_transaction);
    PERFORM check_payable(o, false);
    v_payment := settle_manually(c, o, CASE WHEN o.payment_method = 'external' THEN 'credit_card' END, 'terminal',
                                p_transaction, NULL);
    RETURN NEXT finish(c, 'done', o.id, v_payment);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.cancel_sale(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_number text
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    o       orders.orders;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    PERFORM seller_context(p_tenant, p_actor_id);
    o := lock_order(p_tenant, order_by_number(p_tenant, p_number), NULL, NULL);
    IF o.agent_id IS DISTINCT FROM p_actor_id OR NOT sells_for(p_tenant, p_actor_id, o.retailer_id) THEN
        PERFORM refuse('404', 'not_found', 'There is no such order.');
    END IF;
    RETURN NEXT finish(c, try_cancel(c, o, NULL), o.id, o.id);
END
$$;

-- Only checked when the terminal feed is used (p_terminal).
CREATE OR REPLACE FUNCTION orders_v1.check_terminal_refund(o orders.orders, p_transaction text, p_amount bigint) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    t orders.terminal_transaction;
BEGIN
    SELECT * INTO t FROM orders.terminal_transaction x
    WHERE x.tenant_id = o.tenant_id AND x.transaction_id = p_transaction;
    IF NOT FOUND OR t.kind <> 'refund' THEN
        PERFORM orders_v1.refuse('409', 'terminal_transaction_not_found', 'No terminal has reported a refund with this id. Check the id, or try again later.',
                              'transaction_id');
    ELSIF (t.order_number, t.currency, t.amount) IS DISTINCT FROM (o.number, o.currency, p_amount) THEN
        PERFORM orders_v1.refuse('409', 'terminal_transaction_mismatch', 'The refund reported by the terminal has another order, amount or currency. Check the id.',
                              'transaction_id');
    END IF;
END
$$;

-- The transaction belongs to the newest refund of a terminal payment.
CREATE OR REPLACE FUNCTION orders_v1.record_terminal_refund(o orders.orders, p_transaction text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r orders.refund;
    p orders.payment;
BEGIN
    SELECT x.* INTO r FROM orders.refund x
    JOIN orders.payment y ON y.tenant_id = o.tenant_id AND y.id = x.payment_id AND y.provider = 'terminal'
    WHERE x.tenant_id = o.tenant_id AND x.order_id = o.id AND x.status = 'done'
    ORDER BY x.id DESC LIMIT 1;
    IF FOUND THEN
        SELECT * INTO p FROM orders.payment y WHERE y.tenant_id = r.tenant_id AND y.id = r.payment_id;
        UPDATE orders.refund x SET reference = p_transaction WHERE x.tenant_id = r.tenant_id AND x.id = r.id;
        PERFORM orders_v1.record_transaction(p, p_transaction, r.id, r.amount);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.left_on_card(o orders.orders) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT coalesce(sum(orders_v1.unrefunded(p.captured, p.refunded, p.refunding)), 0)::bigint FROM orders.payment p
            WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id AND p.method = 'credit_card' AND p.provider = 'terminal' AND NOT p.surplus);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_refund_transaction(o orders.orders, p_transaction text, p_terminal boolean)
RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_left bigint := orders_v1.left_on_card(o);
BEGIN
    PERFORM orders_v1.check_terminal_id(o.tenant_id, p_transaction);
    IF v_left = 0 THEN
        RETURN;
    ELSIF p_transaction IS NULL THEN
        PERFORM orders_v1.refuse('422', 'required_field', 'The refund of a card payment requires a transaction id.',
                              'transaction_id');
    ELSIF p_terminal THEN
        PERFORM orders_v1.check_terminal_refund(o, p_transaction, v_left);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.refund_sale(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_number text, p_transaction text, p_window integer, p_terminal boolean
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c        orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim  orders_v1.claim := claim_key(c);
    o        orders.orders;
    v_refund bigint;
    v_code   text;
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    o := lock_sale(p_tenant, seller_context(p_tenant, p_actor_id), p_actor_id, p_number, false);
    IF o.payment_state = 'refunded' THEN
        RETURN NEXT finish(c, 'unchanged', o.id, NULL);
        RETURN;
    END IF;
    PERFORM check_refundable(o, p_window);
    IF o.captured = o.refunded THEN
        PERFORM refuse('409', 'order_not_refundable', 'No amount is left to refund.', NULL, states_of(o));
    END IF;
    PERFORM check_refund_transaction(o, p_transaction, p_terminal);
    v_refund := create_refunds(c, o, o.captured - o.refunded, NULL, NULL);
    IF p_transaction IS NOT NULL THEN
        PERFORM record_terminal_refund(o, p_transaction);
    END IF;
    v_code := CASE WHEN EXISTS (SELECT FROM refunds_to_send(p_tenant, o.id)) THEN 'refund' ELSE 'done' END;
    RETURN NEXT finish(c, v_code, o.id, v_refund);
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.place_cart(integer, text, text, bigint, text, text, bytea, text, text, boolean, text, integer),
    orders_v1.settle_sale(integer, text, text, bigint, text, text, bytea, text, text),
    orders_v1.cancel_sale(integer, text, text, bigint, text, text, bytea, text),
    orders_v1.refund_sale(integer, text, text, bigint, text, text, bytea, text, text, integer, boolean)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.order_by_number IS 'Internal: id of the order with this number (case-insensitive); NULL: none';
COMMENT ON FUNCTION orders_v1.lock_sale IS
'Internal: locks an order of the user''s company (p_own: that the user sold), and expires it if it is past its expiry. OR404
not_found, OR403 not_the_retailer';
COMMENT ON FUNCTION orders_v1.lock_cart IS 'Internal: locks a cart of this user and company. OR404 cart_not_found';
COMMENT ON FUNCTION orders_v1.sale_head IS 'Internal: the header of a sale';
COMMENT ON FUNCTION orders_v1.place_cart IS
'Orders a cart, by id or code, for the current company of p_actor_id. p_consumer: a consumer claims the order later. p_expires_in:
seconds until an external or claimable order expires; NULL: never. If the cart has already been ordered, outcome unchanged with that
order. OR403 company_not_chosen, company_not_found, not_a_member, not_a_seller, OR404 cart_not_found, OR409 product_not_sold,
cart_empty, OR422 payment_channel_required, payment_channel_unknown, payment_channel_disabled';
COMMENT ON FUNCTION orders_v1.check_terminal_id IS 'Internal: OR409 transaction_id_taken';
COMMENT ON FUNCTION orders_v1.settle_sale IS
'Records that the salesperson has received the payment. p_transaction: the transaction id of the terminal, which must be unused. OR403 as
place_cart, OR404 not_found (also for the order of another salesperson), OR403 not_the_retailer, OR409 transaction_id_taken,
order_not_payable (with the states; also while a provider confirms the payment)';
COMMENT ON FUNCTION orders_v1.cancel_sale IS
'Cancels an order that p_actor_id sold, by the rules of cancel. The current company does not matter, as long as the user sells for
the company of the order. OR403 as place_cart, OR404 not_found, OR409 order_not_cancellable';
COMMENT ON FUNCTION orders_v1.check_terminal_refund IS
'Internal: OR409 terminal_transaction_not_found, terminal_transaction_mismatch';
COMMENT ON FUNCTION orders_v1.record_terminal_refund IS 'Internal: stores the transaction id of a refund. OR409 transaction_id_taken';
COMMENT ON FUNCTION orders_v1.left_on_card IS
'Internal: the amount taken by a card terminal that can still be refunded, in minor units';
COMMENT ON FUNCTION orders_v1.check_refund_transaction IS
'Internal: OR409 transaction_id_taken, terminal_transaction_not_found, terminal_transaction_mismatch, OR422 required_field when a
card refund has no id';
COMMENT ON FUNCTION orders_v1.refund_sale IS
'Refunds everything that is left of an order of the company: cash and card immediately, other payments through their provider.
p_window: days after payment. p_terminal: the id of a card refund must be recorded by record_terminal_transaction. Outcome refund if
refunds_to_send returns a refund that the caller must send to its provider, otherwise done; unchanged when it is already refunded.
OR403 as place_cart, not_the_retailer, OR404 not_found, OR409 order_not_refundable (with the states),
refund_in_progress, refund_window_closed, transaction_id_taken, terminal_transaction_not_found, terminal_transaction_mismatch, OR422
required_field';
