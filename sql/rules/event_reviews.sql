-- SPDX-License-Identifier: Apache-2.0

-- An event that could not be applied within a day is refused, so that an operator sees it.
CREATE OR REPLACE FUNCTION orders_v1.end_waiting_event(e orders.provider_event) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_captured boolean := EXISTS (SELECT FROM orders.payment p
                                  WHERE p.tenant_id = e.tenant_id AND p.id = e.payment_id AND p.captured > 0);
BEGIN
    UPDATE orders.provider_event x
    SET verdict = 'refused', judged_at = now(), refusal = CASE WHEN x.attempts > 0 THEN 'database_error' WHEN v_captured THEN 'refund_exceeds_captured'
                       ELSE 'not_found' END,
        detail = CASE WHEN x.attempts > 0 THEN x.detail
                      WHEN x.payment_id IS NULL THEN 'No payment with this intent appeared within a day.'
                      WHEN v_captured THEN 'Another refund of the payment was pending for a day.'
                      ELSE 'The payment was not captured within a day.' END
    WHERE x.tenant_id = e.tenant_id AND x.id = e.id AND x.verdict = 'waiting';
END
$$;

-- Reviews one event per transaction: several events would lock their orders in the order of arrival, which could deadlock.
CREATE OR REPLACE FUNCTION orders_v1.review_provider_event(p_tenant integer, p_event bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    e orders.provider_event;
    p orders.payment;
    o orders.orders;
BEGIN
    SELECT * INTO e FROM provider_event x WHERE x.tenant_id = p_tenant AND x.id = p_event;
    p := find_payment(p_tenant, e.channel, e.payment_key, e.intent_id);
    IF e.received_at < now() - interval '1 day' THEN
        PERFORM end_waiting_event(e);
    ELSIF p.id IS NOT NULL THEN
        PERFORM FROM orders x WHERE x.tenant_id = p_tenant AND x.id = p.order_id FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            o := lock_order(p_tenant, p.order_id, NULL, NULL);
            PERFORM apply_waiting_events(o, p.id);
        END IF;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.refused_provider_events(p_tenant integer, p_limit integer)
RETURNS TABLE (channel text, event_id text, type text, payment text, intent_id text, transaction_id text, amount bigint,
               currency text, refusal text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    UPDATE provider_event x SET reported_at = now()
    WHERE x.tenant_id = p_tenant
      AND x.id IN (SELECT d.id FROM provider_event d
                   WHERE d.tenant_id = p_tenant AND d.verdict = 'refused' AND d.reported_at IS NULL
                   ORDER BY d.id LIMIT p_limit FOR UPDATE SKIP LOCKED)
    RETURNING x.channel, x.event_id, x.type, coalesce(x.payment_id::text, x.payment_key::text), x.intent_id, x.transaction_id,
              x.amount, x.currency, x.refusal;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.review_provider_event(integer, bigint),
    orders_v1.refused_provider_events(integer, integer)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.end_waiting_event IS 'Internal: refuses an event that has waited for a day';
COMMENT ON FUNCTION orders_v1.review_provider_event IS
'Worker: applies a waiting event if its payment can take it now, or refuses it after a day. Skips an order that another transaction
has locked';
COMMENT ON FUNCTION orders_v1.refused_provider_events IS
'Worker: returns at most p_limit refused events that were not logged yet. Each event is returned once';
