-- SPDX-License-Identifier: Apache-2.0

-- The first request may have committed early (allow_early_release), so that its response is visible before it is durable. FOR UPDATE
-- assigns a transaction id: the replay writes a commit record after that of the first request and waits until it is durable. Without the
-- lock, a replay would return an order that a crash of the primary can undo.
CREATE OR REPLACE FUNCTION orders_v1.claim_key(c orders_v1.context) RETURNS orders_v1.claim LANGUAGE plpgsql AS $$
DECLARE
    v_found orders.idempotency;
    v_now   timestamptz;
BEGIN
    IF current_setting('orders.dry_run', true) = 'on' THEN
        PERFORM set_config('lock_timeout', '500ms', true);
    END IF;
    IF c.key IS NULL THEN
        RETURN ROW('new', NULL, NULL)::orders_v1.claim;
    END IF;
    LOOP
        INSERT INTO orders.idempotency (tenant_id, actor_id, route, key, fingerprint, started_at)
        VALUES (c.tenant_id, coalesce(c.actor_id, 0), c.route, c.key, c.fingerprint, clock_timestamp())
        ON CONFLICT ON CONSTRAINT idempotency_pkey DO NOTHING;
        IF FOUND THEN
            RETURN ROW('new', NULL, NULL)::orders_v1.claim;
        END IF;
        SELECT * INTO v_found FROM orders.idempotency i
        WHERE i.tenant_id = c.tenant_id AND i.actor_id = coalesce(c.actor_id, 0)
          AND i.route = c.route AND i.key = c.key
        FOR UPDATE;
        EXIT WHEN FOUND;
    END LOOP;
    v_now := clock_timestamp();
    IF v_found.fingerprint <> c.fingerprint THEN
        PERFORM orders_v1.refuse('422', 'idempotency_key_reused', 'This key was used with another request.',
                              'idempotency_key');
    ELSIF v_found.completed_at IS NOT NULL THEN
        RETURN ROW('replay', v_found.order_id, v_found.answer)::orders_v1.claim;
    ELSIF v_found.started_at > v_now - interval '30 seconds' THEN
        PERFORM orders_v1.refuse('409', 'idempotency_in_flight', 'Another request with this key is still in progress. Try again later.',
                              'idempotency_key');
    END IF;
    UPDATE orders.idempotency i SET started_at = v_now
    WHERE i.tenant_id = c.tenant_id AND i.actor_id = coalesce(c.actor_id, 0)
      AND i.route = c.route AND i.key = c.key;
    RETURN ROW('resume', v_found.order_id, NULL)::orders_v1.claim;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.replay(p_type anyelement, p_answer jsonb) RETURNS anyelement LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN jsonb_populate_record(p_type, p_answer || '{"replayed": true}');
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.store_answer(c orders_v1.context, p_order bigint, p_answer jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
BEGIN
    UPDATE orders.idempotency i
    SET order_id = p_order, completed_at = v_now, answer = p_answer
    WHERE i.tenant_id = c.tenant_id AND i.actor_id = coalesce(c.actor_id, 0)
      AND i.route = c.route AND i.key = c.key AND i.completed_at IS NULL
      AND coalesce(i.order_id = p_order, true);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.stored_result(c orders_v1.context, p_answer anyelement, p_order bigint DEFAULT NULL) RETURNS anyelement LANGUAGE plpgsql AS $$
BEGIN
    IF c.key IS NOT NULL THEN
        PERFORM orders_v1.store_answer(c, p_order, to_jsonb(p_answer));
    END IF;
    RETURN p_answer;
END
$$;

-- An API without a row returns none of these parts after a write.
CREATE OR REPLACE FUNCTION orders_v1.written_parts(p_api text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE p_api
        WHEN 'operator' THEN '{details}'
        WHEN 'commerce' THEN '{pay_url}'
        ELSE '{}' END;
END
$$;

-- Returns the leading columns of the view; the other columns are NULL unless written_parts names them.
CREATE OR REPLACE FUNCTION orders_v1.written_order(c orders_v1.context, p_order bigint) RETURNS orders_v1.order_view LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_parts text[] := orders_v1.written_parts(c.api);
    r       orders_v1.order_view;
BEGIN
    SELECT v.tenant_id, v.id, v.buyer_id, v.public_id, v.number, v.bill_no, v.api, v.version, v.state, v.payment_state,
           v.fulfilment_state, v.claimable, v.payment_method, v.payment_channel, v.payer, v.cancel_reason, v.notes, v.currency,
           v.exponent, v.subtotal, v.discount, v.tax, v.shipping, v.total, v.refunded, v.tax_inclusive, v.snapshot, v.metadata,
           v.created_at, v.updated_at, v.paid_at, v.cancelled_at, v.refunded_at, v.expires_at, v.lines, v.payments, v.refunds,
           v.balance, v.posting
    INTO r
    FROM orders_v1.order_view v
    WHERE v.tenant_id = c.tenant_id AND v.id = p_order;
    IF 'details' = ANY (v_parts) THEN
        SELECT v.buyer, v.agent, v.company, v.taxes, v.addresses, v.history, v.invoices, v.shipment, v.tracking, v.returns,
               v.line_references
        INTO r.buyer, r.agent, r.company, r.taxes, r.addresses, r.history, r.invoices, r.shipment, r.tracking, r.returns,
             r.line_references
        FROM orders_v1.order_view v
        WHERE v.tenant_id = c.tenant_id AND v.id = p_order;
    END IF;
    IF 'pay_url' = ANY (v_parts) THEN
        SELECT v.pay_url INTO r.pay_url FROM orders_v1.order_view v WHERE v.tenant_id = c.tenant_id AND v.id = p_order;
    ELSIF c.api = 'company' THEN
        SELECT v.paid_by_link INTO r.paid_by_link FROM orders_v1.order_view v WHERE v.tenant_id = c.tenant_id AND v.id = p_order;
    END IF;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.finish_with(
    c orders_v1.context, p_outcome text, p_order bigint, p_id bigint, r orders_v1.order_view
) RETURNS orders_v1.written LANGUAGE plpgsql AS $$
DECLARE
    w orders_v1.written;
BEGIN
    w.outcome := p_outcome;
    w.id := p_id;
    w.replayed := false;
    w."order" := r;
    IF c.key IS NOT NULL THEN
        PERFORM orders_v1.store_answer(c, p_order, to_jsonb(w));
    END IF;
    RETURN w;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.finish(c orders_v1.context, p_outcome text, p_order bigint, p_id bigint) RETURNS orders_v1.written
LANGUAGE plpgsql AS $$
BEGIN
    RETURN orders_v1.finish_with(c, p_outcome, p_order, p_id, orders_v1.written_order(c, p_order));
END
$$;

COMMENT ON FUNCTION orders_v1.claim_key IS
'Internal: claims the idempotency key. Waits for a concurrent request with the same key up to lock_timeout. Every function that a
request calls to write begins with it: in a dry run, it shortens the waits of the calling function for locks. OR422
idempotency_key_reused, OR409 idempotency_in_flight';
COMMENT ON FUNCTION orders_v1.replay IS 'Internal: a stored response, converted to the type of p_type and marked as replayed';
COMMENT ON FUNCTION orders_v1.store_answer IS 'Internal: stores the response of an idempotency key';
COMMENT ON FUNCTION orders_v1.stored_result IS
'Internal: returns p_answer, and stores it if the request has an idempotency key. p_order: the order that it is about, or NULL';
COMMENT ON FUNCTION orders_v1.written_parts IS
'Internal: the parts of an order that an API shows after a write, in addition to lines, payments, refunds, balance and last ledger entry.
details: buyer, agent, company, taxes, addresses, history, invoices, shipment, tracking, returns and the references of the lines. pay_url: the payment URL';
COMMENT ON FUNCTION orders_v1.written_order IS
'Internal: an order as write operations return it: with lines, payments, refunds, balance, last ledger entry, and the parts that
written_parts names for the calling API. Other columns are NULL';
COMMENT ON FUNCTION orders_v1.finish_with IS 'Internal: finish with an order that written_order has returned';
COMMENT ON FUNCTION orders_v1.finish IS
'Internal: the result of a write operation on an order: outcome, id (of the written row) and order. Stored if the request has an
idempotency key';
