-- SPDX-License-Identifier: Apache-2.0
-- Pay links: a buyer pays an order by a mailed or scanned link: the link is opened, the payment approved at the provider,
-- then captured. The link is derived from the order and a secret that is not in the database.

CREATE OR REPLACE FUNCTION orders_v1.refuse_mails(p_kind text, p_limit integer, p_since timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.refuse(
        '429', 'too_many_requests', format('At most %s mails per hour are sent for one %s.', p_limit, p_kind), NULL,
        jsonb_build_object('retry_after', greatest(1, ceil(extract(epoch FROM p_since + interval '1 hour' - now()))::integer)));
END
$$;

-- Counts the mails of the last hour instead of keeping a counter, which would have to be locked. The count per order is exact,
-- because the order is locked; concurrent requests of the same agent do not see each other.
CREATE OR REPLACE FUNCTION orders_v1.check_mail_limits(
    p_tenant integer, p_order bigint, p_actor bigint, p_per_order integer, p_per_actor integer
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_since timestamptz;
BEGIN
    IF p_per_order > 0 THEN
        SELECT m.created_at INTO v_since FROM orders.mail m
        WHERE m.tenant_id = p_tenant AND m.order_id = p_order AND m.created_at > now() - interval '1 hour'
        ORDER BY m.created_at DESC OFFSET p_per_order - 1 LIMIT 1;
        IF FOUND THEN
            PERFORM orders_v1.refuse_mails('order', p_per_order, v_since);
        END IF;
    END IF;
    IF p_per_actor > 0 THEN
        SELECT m.created_at INTO v_since FROM orders.mail m
        WHERE m.tenant_id = p_tenant AND m.actor_id = p_actor AND m.created_at > now() - interval '1 hour'
        ORDER BY m.created_at DESC OFFSET p_per_actor - 1 LIMIT 1;
        IF FOUND THEN
            PERFORM orders_v1.refuse_mails('agent', p_per_actor, v_since);
        END IF;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_paid_by_link(o orders.orders) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT orders_v1.is_paid_by_link(o.payment_method) THEN
        PERFORM orders_v1.refuse('409', 'payment_method_mismatch', 'The payment method of the order does not use a pay link.');
    END IF;
END
$$;

-- Takes no locks: start_payment checks again.
CREATE OR REPLACE FUNCTION orders_v1.pay_link_state(p_tenant integer, p_order bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    o orders.orders;
BEGIN
    SELECT * INTO o FROM orders x WHERE x.tenant_id = p_tenant AND x.id = p_order;
    IF o.id IS NULL THEN
        RETURN NULL;
    END IF;
    o := as_payable(o);
    RETURN CASE
        WHEN is_closed(o.state) THEN 'over'
        WHEN o.payment_state = 'refunded' THEN 'refunded'
        WHEN has_received_money(o.payment_state) THEN 'paid'
        WHEN o.payment_state = 'confirming' THEN 'confirming'
        WHEN awaits_new_payment(o, false) AND is_paid_by_link(o.payment_method) THEN o.payment_state
        ELSE 'over' END;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.was_declined(p_tenant integer, p_order bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
BEGIN
    RETURN (SELECT p.status = 'failed' FROM payment p
            WHERE p.tenant_id = p_tenant AND p.order_id = p_order AND NOT p.surplus
            ORDER BY p.id DESC LIMIT 1);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.send_pay_link(
    p_tenant integer, p_api text, p_actor text, p_actor_id bigint, p_route text, p_key text, p_fingerprint bytea,
    p_number text, p_email text, p_per_order integer DEFAULT 0, p_per_actor integer DEFAULT 0
) RETURNS SETOF orders_v1.written
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    c       orders_v1.context := ROW(p_tenant, p_api, p_actor, p_actor_id, p_route, p_key, p_fingerprint);
    v_claim orders_v1.claim := claim_key(c);
    o       orders.orders;
    v_mail  bigint;
    v_code  text := 'done';
BEGIN
    IF v_claim.verdict = 'replay' THEN
        RETURN NEXT replay(NULL::orders_v1.written, v_claim.answer);
        RETURN;
    END IF;
    o := lock_order(p_tenant, order_by_number(p_tenant, p_number), NULL, NULL);
    IF NOT sells_for(p_tenant, p_actor_id, o.retailer_id) THEN
        PERFORM refuse('404', 'not_found', 'There is no such order.');
    ELSIF p_email IS NULL THEN
        PERFORM refuse('422', 'invalid_field', 'Must be a mail address.', 'email');
    END IF;
    PERFORM check_paid_by_link(o);
    PERFORM check_payable(o, false);
    SELECT m.id INTO v_mail FROM mail m
    WHERE m.tenant_id = p_tenant AND m.order_id = o.id AND m.created_at > now() - interval '1 minute'
      AND m.template = 'pay_link' AND m.recipient = p_email AND NOT m.dead
    ORDER BY m.id DESC LIMIT 1;
    IF FOUND THEN
        v_code := 'unchanged';
    ELSE
        PERFORM check_mail_limits(p_tenant, o.id, p_actor_id, p_per_order, p_per_actor);
        INSERT INTO mail (tenant_id, order_id, actor_id, template, recipient)
        VALUES (p_tenant, o.id, p_actor_id, 'pay_link', p_email)
        RETURNING id INTO v_mail;
        PERFORM put_due(p_tenant, 'mail', v_mail, NULL, now());
    END IF;
    RETURN NEXT finish(c, v_code, o.id, v_mail);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.new_payment_like(p orders.payment) RETURNS orders.payment LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders.payment x SET status = 'closed', updated_at = now()
    WHERE x.tenant_id = p.tenant_id AND x.id = p.id AND orders_v1.awaits_buyer(x.status);
    PERFORM orders_v1.end_due(p.tenant_id, 'intent', p.id);
    INSERT INTO orders.payment (tenant_id, order_id, method, channel, provider, status, amount, currency, payable_unit,
                                return_url, metadata, expires_at)
    VALUES (p.tenant_id, p.order_id, p.method, p.channel, p.provider, 'pending', p.amount, p.currency, p.payable_unit,
            p.return_url, p.metadata, p.expires_at)
    RETURNING * INTO p;
    RETURN p;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.payment_task_of(p orders.payment) RETURNS orders_v1.payment_task LANGUAGE plpgsql STABLE AS $$
DECLARE
    r orders_v1.payment_task;
    v orders_v1.payment_view := ROW(p.id, p.status, p.method, p.channel, p.provider, p.reference, p.intent_id, p.provider_key,
                                    p.failure_code, p.failure_message, p.currency, p.amount, p.refunded, p.surplus,
                                    p.pay_url, p.metadata, p.created_at, p.updated_at, p.captured_at, p.expires_at);
BEGIN
    SELECT o.number INTO r.order_number FROM orders.orders o WHERE o.tenant_id = p.tenant_id AND o.id = p.order_id;
    r.order_id := p.order_id;
    r.return_url := p.return_url;
    r.payment := v;
    RETURN r;
END
$$;

-- A payment that failed, or whose intent the provider no longer knows, is replaced by a new one.
CREATE OR REPLACE FUNCTION orders_v1.start_payment(
    p_tenant integer, p_order bigint, p_payment bigint DEFAULT NULL, p_outcome text DEFAULT NULL
) RETURNS SETOF orders_v1.payment_task
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    o orders.orders := lock_order(p_tenant, p_order, NULL, NULL);
    p orders.payment;
BEGIN
    PERFORM check_payable(o, false);
    PERFORM check_paid_by_link(o);
    SELECT * INTO p FROM payment x
    WHERE x.tenant_id = p_tenant AND x.order_id = p_order AND x.method = 'external'
    ORDER BY x.id DESC LIMIT 1;
    IF (p.id = p_payment AND p_outcome = 'gone') OR NOT awaits_buyer(p.status) THEN
        p := new_payment_like(p);
    END IF;
    RETURN NEXT payment_task_of(p);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.mail_task_of(m orders.mail, p_attempts integer) RETURNS orders_v1.mail_task LANGUAGE plpgsql STABLE AS $$
DECLARE
    r orders_v1.mail_task;
BEGIN
    r.id := m.id;
    r.order_id := m.order_id;
    r.template := m.template;
    r.recipient := m.recipient;
    r.message_key := m.message_key;
    r.attempts := p_attempts;
    SELECT o.number, o.currency, o.exponent, o.total, o.expires_at, coalesce(k.name, t.name)
    INTO r.order_number, r.currency, r.exponent, r.total, r.order_expires_at, r.seller
    FROM orders.orders o
    JOIN orders.tenant t ON t.id = m.tenant_id
    LEFT JOIN orders.company k ON k.tenant_id = m.tenant_id AND k.id = o.retailer_id
    WHERE o.tenant_id = m.tenant_id AND o.id = m.order_id;
    RETURN r;
END
$$;

-- A mail with a pay link is not sent for an order that can no longer be paid. A mail that another transaction has locked is
-- skipped.
CREATE OR REPLACE FUNCTION orders_v1.discard_unpayable_mail(m orders.mail) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    o orders.orders;
BEGIN
    SELECT * INTO o FROM orders.orders x WHERE x.tenant_id = m.tenant_id AND x.id = m.order_id;
    IF orders_v1.can_be_paid(o) THEN
        RETURN false;
    END IF;
    PERFORM FROM orders.mail x WHERE x.tenant_id = m.tenant_id AND x.id = m.id FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        UPDATE orders.mail x SET dead = true, last_error = 'order_not_payable'
        WHERE x.tenant_id = m.tenant_id AND x.id = m.id AND x.done_at IS NULL;
        PERFORM orders_v1.end_due(m.tenant_id, 'mail', m.id);
    END IF;
    RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.claim_mail(p_tenant integer, p_limit integer, p_lease integer) RETURNS SETOF orders_v1.mail_task
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    d      orders.due;
    m      orders.mail;
    v_left integer := p_limit;
BEGIN
    FOR v_round IN 1 .. 100 LOOP
        FOR d IN SELECT * FROM claim_due(p_tenant, 'mail', '', v_left, p_lease) LOOP
            SELECT * INTO m FROM mail x WHERE x.tenant_id = p_tenant AND x.id = d.id AND x.done_at IS NULL AND NOT x.dead;
            IF NOT FOUND THEN
                PERFORM end_due(p_tenant, 'mail', d.id);
            ELSIF NOT discard_unpayable_mail(m) THEN
                v_left := v_left - 1;
                RETURN NEXT mail_task_of(m, d.attempts);
            END IF;
        END LOOP;
        EXIT WHEN v_left = 0 OR NOT FOUND;
    END LOOP;
END
$$;

-- The wait doubles after each failure, from 20 seconds to 6 hours. The sixteenth failure is final, and so is an error that a
-- retry cannot fix.
CREATE OR REPLACE FUNCTION orders_v1.mark_mail(p_tenant integer, p_id bigint, p_ok boolean, p_final boolean, p_error text)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    v_found    boolean;
    v_attempts integer;
    v_dead     boolean;
    v_now      timestamptz := now();
BEGIN
    PERFORM FROM mail x WHERE x.tenant_id = p_tenant AND x.id = p_id FOR UPDATE;
    SELECT d.attempts INTO v_attempts FROM due d WHERE d.tenant_id = p_tenant AND d.kind = 'mail' AND d.id = p_id;
    v_dead := coalesce(NOT p_ok AND (p_final OR is_last_try(v_attempts + 1)), false);
    UPDATE mail x
    SET done_at = CASE WHEN p_ok THEN v_now END, dead = v_dead, last_error = CASE WHEN p_ok THEN NULL ELSE p_error END
    WHERE x.tenant_id = p_tenant AND x.id = p_id AND x.done_at IS NULL AND NOT x.dead;
    v_found := FOUND;
    IF p_ok OR v_dead THEN
        PERFORM end_due(p_tenant, 'mail', p_id);
    ELSE
        PERFORM postpone_due(p_tenant, 'mail', p_id, interval '20 seconds', interval '6 hours');
    END IF;
    RETURN v_found::integer;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.send_pay_link(integer, text, text, bigint, text, text, bytea, text, text, integer, integer),
    orders_v1.pay_link_state(integer, bigint),
    orders_v1.was_declined(integer, bigint),
    orders_v1.start_payment(integer, bigint, bigint, text),
    orders_v1.claim_mail(integer, integer, integer),
    orders_v1.mark_mail(integer, bigint, boolean, boolean, text)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.refuse_mails IS 'Internal: OR429 too_many_requests with retry_after, in seconds';
COMMENT ON FUNCTION orders_v1.check_mail_limits IS
'Internal: checks the hourly limits of mails for this order and by this user; 0: no limit. OR429 too_many_requests';
COMMENT ON FUNCTION orders_v1.check_paid_by_link IS
'Internal: OR409 payment_method_mismatch when the payment method of an order does not use a pay link';
COMMENT ON FUNCTION orders_v1.pay_link_state IS
'The state that the holder of a pay link sees: unpaid or failed when start_payment would start a payment; confirming while a
payment is being confirmed or the outcome of a capture is unknown; paid, also with a partial or pending refund; refunded; over when
the order is closed, is past its expiry or has a payment method without pay links. NULL: no such order';
COMMENT ON FUNCTION orders_v1.was_declined IS
'Whether the provider declined the latest payment of an order, apart from surplus payments; NULL: there is no payment';
COMMENT ON FUNCTION orders_v1.send_pay_link IS
'Queues a mail with the pay link of an order. The user must sell for the company of the order. p_email NULL: the caller found it
invalid. The same address within a minute returns the queued mail: unchanged. At most p_per_order mails per order and p_per_actor
per user in an hour. OR404 not_found, OR422 invalid_field, OR409 payment_method_mismatch, order_not_payable (with the states), OR429
too_many_requests (with retry_after)';
COMMENT ON FUNCTION orders_v1.new_payment_like IS 'Internal: a new payment that replaces a closed one';
COMMENT ON FUNCTION orders_v1.payment_task_of IS 'Internal: a payment with the number of its order, for calls to its provider';
COMMENT ON FUNCTION orders_v1.start_payment IS
'The payment whose intent has to be created or used now: the open one, or a new one after a failure or when the provider no longer
knows the intent. p_outcome: the state that the provider reported for the intent of p_payment; NULL: the provider was not
called. OR404, OR409 order_not_payable (with the states), payment_method_mismatch';
COMMENT ON FUNCTION orders_v1.mail_task_of IS 'Internal: the data of a mail';
COMMENT ON FUNCTION orders_v1.discard_unpayable_mail IS
'Internal: whether a claimed mail must not be sent, because its order can no longer be paid; marks it as dead';
COMMENT ON FUNCTION orders_v1.claim_mail IS
'Worker: claims up to p_limit due mails, with a lease of p_lease seconds. Mails whose order can no longer be paid become dead and
are not claimed';
COMMENT ON FUNCTION orders_v1.mark_mail IS
'Worker: records the result of sending a mail: sent (p_ok), retried later, or dead after the sixteenth failure or when p_final.
Returns the number of updated rows';
