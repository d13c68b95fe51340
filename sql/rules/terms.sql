-- SPDX-License-Identifier: Apache-2.0
-- Package terms: a package order adds a term for a member, and a refund removes it.

-- Computed in local time: a period of months ends on the day of p_anchor, or on the last day of a shorter month.
CREATE OR REPLACE FUNCTION orders_v1.period_end(p_from timestamptz, p_zone text, p_unit text, p_value integer, p_anchor integer)
RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_local timestamp := p_from AT TIME ZONE p_zone;
    v_month timestamp;
BEGIN
    IF p_unit IN ('day', 'week') THEN
        RETURN (v_local + make_interval(days => p_value * CASE p_unit WHEN 'week' THEN 7 ELSE 1 END)) AT TIME ZONE p_zone;
    END IF;
    v_month := date_trunc('month', v_local) + make_interval(months => p_value * CASE p_unit WHEN 'year' THEN 12 ELSE 1 END);
    RETURN (v_month + make_interval(days => least(
                p_anchor, extract(day FROM v_month + interval '1 month' - interval '1 day')::integer) - 1)
            + v_local::time) AT TIME ZONE p_zone;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.is_active(t orders.package_term, p_now timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT t.id IS NOT NULL AND coalesce(t.ends_at > p_now, true)
$$;

CREATE OR REPLACE FUNCTION orders_v1.lock_member(p_tenant integer, p_user bigint) RETURNS orders.member LANGUAGE plpgsql AS $$
DECLARE
    m orders.member;
BEGIN
    INSERT INTO orders.member (tenant_id, user_id) VALUES (p_tenant, p_user) ON CONFLICT ON CONSTRAINT member_pkey DO NOTHING;
    SELECT * INTO m FROM orders.member x WHERE x.tenant_id = p_tenant AND x.user_id = p_user FOR NO KEY UPDATE;
    RETURN m;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.term_of(m orders.member) RETURNS orders.package_term LANGUAGE plpgsql STABLE AS $$
DECLARE
    t orders.package_term;
BEGIN
    SELECT * INTO t FROM orders.package_term x WHERE x.tenant_id = m.tenant_id AND x.id = m.term_id;
    RETURN t;
END
$$;

-- A renewal starts at the end of an active term. An upgrade applies to the rest of the active term and costs the price difference
-- of its period; if the periods differ, it buys a new period.
CREATE OR REPLACE FUNCTION orders_v1.next_term(t orders.package_term, q orders.package_order, p_zone text, p_now timestamptz)
RETURNS orders.package_term LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    n         orders.package_term;
    v_goes_on boolean := orders_v1.is_active(t, p_now) AND t.ends_at IS NOT NULL AND q.duration_unit IS NOT NULL
                         AND CASE q.kind WHEN 'renewal' THEN t.package_id = q.package_id
                                         WHEN 'upgrade' THEN (t.duration_unit, t.duration_value) = (q.duration_unit, q.duration_value)
                                         ELSE false END;
BEGIN
    n.package_id := q.package_id;
    n.duration_unit := q.duration_unit;
    n.duration_value := q.duration_value;
    n.former_id := t.id;
    n.starts_at := p_now;
    n.anchor_day := extract(day FROM p_now AT TIME ZONE p_zone);
    IF v_goes_on THEN
        n.anchor_day := t.anchor_day;
        n.ends_at := t.ends_at;
        IF q.kind = 'upgrade' THEN
            RETURN n;
        END IF;
        n.starts_at := t.starts_at;
    END IF;
    IF q.duration_unit IS NOT NULL THEN
        n.ends_at := orders_v1.period_end(coalesce(n.ends_at, p_now), p_zone, q.duration_unit, q.duration_value, n.anchor_day);
    END IF;
    IF v_goes_on AND q.duration_unit IN ('day', 'week') THEN
        n.anchor_day := extract(day FROM n.ends_at AT TIME ZONE p_zone);
    END IF;
    RETURN n;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.grant_term(m orders.member, n orders.package_term, p_order bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
BEGIN
    INSERT INTO orders.package_term (tenant_id, user_id, package_id, starts_at, ends_at, anchor_day, duration_unit,
                                     duration_value, order_id, former_id)
    VALUES (m.tenant_id, m.user_id, n.package_id, n.starts_at, n.ends_at, n.anchor_day, n.duration_unit,
            n.duration_value, p_order, n.former_id)
    RETURNING id INTO v_id;
    UPDATE orders.member x SET term_id = v_id, updated_at = now() WHERE x.tenant_id = m.tenant_id AND x.user_id = m.user_id;
END
$$;

-- If the member's package has changed since the order was placed, the order stays in processing until an operator decides.
CREATE OR REPLACE FUNCTION orders_v1.is_applicable(q orders.package_order, t orders.package_term, p_now timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE q.kind
        WHEN 'renewal' THEN coalesce(t.package_id = q.package_id, false)
        WHEN 'upgrade' THEN orders_v1.is_active(t, p_now) AND coalesce(t.id = q.former_id, false)
        ELSE NOT orders_v1.is_active(t, p_now) END
$$;

CREATE OR REPLACE FUNCTION orders_v1.cannot_grant_package(o orders.orders, p_now timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    q orders.package_order;
    m orders.member;
    t orders.package_term;
BEGIN
    SELECT * INTO q FROM orders.package_order x WHERE x.tenant_id = o.tenant_id AND x.order_id = o.id;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    m := orders_v1.lock_member(o.tenant_id, q.user_id);
    t := orders_v1.term_of(m); -- a separate statement, which sees the changes committed while the lock was waited for
    RETURN NOT orders_v1.is_applicable(q, t, p_now);
END
$$;

-- When an operator applies the order, a first purchase of a package that the member already has counts as a renewal.
CREATE OR REPLACE FUNCTION orders_v1.apply_package(p_tenant integer, p_order bigint, p_now timestamptz, p_force boolean)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    q orders.package_order;
    m orders.member;
    t orders.package_term;
BEGIN
    SELECT * INTO q FROM orders.package_order x WHERE x.tenant_id = p_tenant AND x.order_id = p_order;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    m := orders_v1.lock_member(p_tenant, q.user_id);
    t := orders_v1.term_of(m);
    IF EXISTS (SELECT FROM orders.package_term x WHERE x.tenant_id = p_tenant AND x.order_id = p_order)
       OR NOT (p_force OR orders_v1.is_applicable(q, t, p_now)) THEN
        RETURN false;
    END IF;
    q.kind := CASE WHEN q.kind = 'purchase' AND t.package_id = q.package_id THEN 'renewal' ELSE q.kind END;
    PERFORM orders_v1.grant_term(m, orders_v1.next_term(t, q, x.time_zone, p_now), p_order)
    FROM orders.tenant x WHERE x.id = p_tenant;
    RETURN true;
END
$$;

-- A later term that was based on this one stays valid. When it is revoked too, all revoked terms below it are skipped.
CREATE OR REPLACE FUNCTION orders_v1.revoke_package(p_tenant integer, p_order bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    m orders.member;
    t orders.package_term;
BEGIN
    SELECT * INTO t FROM orders.package_term x WHERE x.tenant_id = p_tenant AND x.order_id = p_order;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    m := orders_v1.lock_member(p_tenant, t.user_id);
    UPDATE orders.package_term x SET revoked_at = now()
    WHERE x.tenant_id = p_tenant AND x.id = t.id AND x.revoked_at IS NULL;
    t := orders_v1.term_of(m);
    WHILE t.revoked_at IS NOT NULL LOOP
        m.term_id := t.former_id;
        t := orders_v1.term_of(m);
    END LOOP;
    UPDATE orders.member x SET term_id = m.term_id, updated_at = now()
    WHERE x.tenant_id = p_tenant AND x.user_id = m.user_id AND x.term_id IS DISTINCT FROM m.term_id;
END
$$;

-- The member is locked first, even if nothing is applied or revoked: check_pending_package_orders reads the states of the member's orders
-- under this lock, so every order of the member must take it before its payment state changes. An order whose refund failed may be
-- applicable again, and is then completed here.
CREATE OR REPLACE FUNCTION orders_v1.update_package(c orders_v1.context, o orders.orders) RETURNS orders.orders LANGUAGE plpgsql AS $$
DECLARE
    v_applied boolean;
BEGIN
    PERFORM orders_v1.lock_member(q.tenant_id, q.user_id) FROM orders.package_order q
    WHERE q.tenant_id = o.tenant_id AND q.order_id = o.id;
    IF NOT FOUND THEN
        RETURN o;
    END IF;
    IF o.state = 'cancelled' OR o.payment_state = 'refunded' THEN
        PERFORM orders_v1.revoke_package(o.tenant_id, o.id);
    ELSIF o.payment_state = 'paid' THEN
        v_applied := orders_v1.apply_package(o.tenant_id, o.id, o.updated_at, false);
        IF v_applied AND o.state = 'open' THEN
            UPDATE orders.orders x SET state = 'completed' WHERE x.tenant_id = o.tenant_id AND x.id = o.id;
            PERFORM orders_v1.record_event(c, 'order', o.id, o.version, o.updated_at, ARRAY[('order', 'open', 'completed')]::orders_v1.step[],
                                           NULL);
            o.state := 'completed';
        END IF;
    END IF;
    RETURN o;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.put_package_order(p_tenant integer, p_order bigint, h orders_v1.order_head, p_package bigint, p_paid boolean)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders.package_order (tenant_id, order_id, user_id, kind, package_id, duration_unit, duration_value, former_id)
    SELECT p_tenant, p_order, h.buyer_id, h.package_kind, k.variant_id, k.duration_unit, k.duration_value, h.former_term
    FROM orders.package k
    WHERE k.tenant_id = p_tenant AND k.variant_id = p_package;
    IF p_paid THEN
        PERFORM orders_v1.apply_package(p_tenant, p_order, h.clock, false);
    END IF;
END
$$;

COMMENT ON FUNCTION orders_v1.period_end IS
'Internal: the end of a period that starts at p_from, in the local time of a time zone. p_anchor: day of the month for months and
years';
COMMENT ON FUNCTION orders_v1.is_active IS 'Internal: whether a term exists and has not ended';
COMMENT ON FUNCTION orders_v1.lock_member IS
'Internal: locks a user as a member, and creates the member row if needed. Lock order: after stock, before the account';
COMMENT ON FUNCTION orders_v1.term_of IS 'Internal: the current or last package term of a member';
COMMENT ON FUNCTION orders_v1.next_term IS 'Internal: the term that results from a purchase, renewal or upgrade';
COMMENT ON FUNCTION orders_v1.grant_term IS 'Internal: grants a term to a locked member, for an order, or (NULL) by an operator';
COMMENT ON FUNCTION orders_v1.is_applicable IS 'Internal: whether a package order can be applied as it was placed';
COMMENT ON FUNCTION orders_v1.cannot_grant_package IS
'Internal: whether a package order cannot be applied as sold, so that payment leaves it in processing. Locks the member';
COMMENT ON FUNCTION orders_v1.apply_package IS
'Internal: grants the package of a paid order to its member, once. p_force: even if the member''s package has changed since the
order was placed. Returns whether it was granted. Locks the member';
COMMENT ON FUNCTION orders_v1.revoke_package IS
'Internal: revokes the term of an order; the member keeps the term before it, or a later one based on it. Locks the member';
COMMENT ON FUNCTION orders_v1.update_package IS
'Internal: applies or revokes the package of an order that was paid, refunded or cancelled; completes the order if that fulfils it.
Locks the member. Returns the order';
COMMENT ON FUNCTION orders_v1.put_package_order IS 'Internal: stores the purpose of a new package order, and applies it if it is paid';
