-- SPDX-License-Identifier: Apache-2.0

-- Largest remainder: each share is rounded down; the rest goes, one unit each, to the largest remainders, the earlier line on a
-- tie.
CREATE OR REPLACE FUNCTION orders_v1.split_amount(p_amount bigint, p_weights bigint[]) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_total  numeric := (SELECT sum(w::numeric) FROM unnest(p_weights) AS w);
    v_shares bigint[];
BEGIN
    IF cardinality(p_weights) = 1 THEN
        RETURN ARRAY[p_amount];
    ELSIF coalesce(v_total, 0) = 0 THEN
        RETURN array_fill(0::bigint, ARRAY[cardinality(p_weights)]);
    END IF;
    SELECT array_agg((d.floor + (d.rank <= p_amount - d.floors)::integer)::bigint ORDER BY d.n)
    INTO v_shares
    FROM (
        SELECT s.n, s.floor, sum(s.floor) OVER () AS floors,
               row_number() OVER (ORDER BY s.remainder DESC, s.n) AS rank
        FROM (
            SELECT w.n, div(p_amount * w.weight::numeric, v_total) AS floor,
                   mod(p_amount * w.weight::numeric, v_total) AS remainder
            FROM unnest(p_weights) WITH ORDINALITY AS w (weight, n)
        ) AS s
    ) AS d;
    RETURN v_shares;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.refuse_balance(p_have bigint, p_amount bigint, p_currency text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.refuse('402', 'insufficient_balance', 'The balance does not cover the amount.', NULL,
        jsonb_build_object('balance', p_have, 'required', p_amount, 'currency', p_currency));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.debit_balance(
    p_tenant integer, p_user bigint, p_currency text, p_amount bigint, p_order bigint, p_payment bigint, p_description text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_after bigint;
    v_have  bigint;
BEGIN
    UPDATE orders.account a SET balance = a.balance - p_amount, updated_at = now()
    WHERE a.tenant_id = p_tenant AND a.user_id = p_user AND a.currency = p_currency AND a.balance >= p_amount
    RETURNING a.balance INTO v_after;
    IF NOT FOUND THEN
        SELECT a.balance INTO v_have FROM orders.account a
        WHERE a.tenant_id = p_tenant AND a.user_id = p_user AND a.currency = p_currency;
        PERFORM orders_v1.refuse_balance(coalesce(v_have, 0), p_amount, p_currency);
    END IF;
    INSERT INTO orders.posting (tenant_id, entry_type, currency, amount, debit_user_id, debit_balance_after,
                                credit_house, order_id, payment_id, description)
    VALUES (p_tenant, 'purchase', p_currency, p_amount, p_user, v_after, 'sales', p_order, p_payment, p_description);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.credit_balance(
    p_tenant integer, p_user bigint, p_currency text, p_amount bigint,
    p_order bigint, p_payment bigint, p_refund bigint, p_description text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_after bigint;
BEGIN
    INSERT INTO orders.account AS a (tenant_id, user_id, currency, balance)
    VALUES (p_tenant, p_user, p_currency, p_amount)
    ON CONFLICT (tenant_id, user_id, currency)
        DO UPDATE SET balance = a.balance + p_amount, updated_at = excluded.updated_at
        WHERE a.balance + p_amount <= 1000000000000000
    RETURNING a.balance INTO v_after;
    IF NOT FOUND THEN
        PERFORM orders_v1.refuse('422', 'amount_out_of_range', 'The balance must not exceed 10^15 minor units.', 'amount');
    END IF;
    INSERT INTO orders.posting (tenant_id, entry_type, currency, amount, credit_user_id, credit_balance_after,
                                debit_house, order_id, payment_id, refund_id, description)
    VALUES (p_tenant, 'refund', p_currency, p_amount, p_user, v_after, 'sales', p_order, p_payment, p_refund,
            p_description);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.coupon_discount(k orders.coupon, p_base bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT least(
        p_base,
        k.max_discount,
        CASE k.kind WHEN 'percent' THEN round(p_base::numeric * k.percent_bp / 10000)::bigint ELSE k.amount END)
$$;

CREATE OR REPLACE FUNCTION orders_v1.refuse_coupon(k orders.coupon, p_currency text, p_base bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF k.id IS NULL OR NOT k.active THEN
        PERFORM orders_v1.refuse('422', 'coupon_unknown', 'There is no such coupon.', 'coupon_code');
    ELSIF k.starts_at > clock_timestamp() THEN
        PERFORM orders_v1.refuse('422', 'coupon_not_yet_valid', 'The coupon is not valid yet.', 'coupon_code');
    ELSIF k.ends_at <= clock_timestamp() THEN
        PERFORM orders_v1.refuse('422', 'coupon_expired', 'The coupon is no longer valid.', 'coupon_code');
    ELSIF k.currency <> p_currency THEN
        PERFORM orders_v1.refuse('422', 'coupon_currency_mismatch', 'The coupon is for another currency.', 'coupon_code');
    ELSIF p_base < k.minimum THEN
        PERFORM orders_v1.refuse('422', 'coupon_below_minimum', 'The order is below the coupon''s minimum.',
            'coupon_code', jsonb_build_object('minimum', k.minimum, 'currency', k.currency));
    END IF;
END
$$;

-- KEY SHARE blocks a change of the limits (which locks FOR UPDATE) but not other orders with the coupon.
CREATE OR REPLACE FUNCTION orders_v1.reserve_coupon(p_tenant integer, p_code text, p_user bigint, p_currency text, p_base bigint)
RETURNS orders_v1.reserved_coupon LANGUAGE plpgsql AS $$
DECLARE
    k orders.coupon;
BEGIN
    IF p_user IS NULL THEN
        PERFORM orders_v1.refuse('422', 'required_field', 'A coupon requires a user, because its uses are counted per user.', 'user');
    END IF;
    SELECT * INTO k FROM orders.coupon x
    WHERE x.tenant_id = p_tenant AND x.code_key = orders.code_key(p_code)
    FOR KEY SHARE;
    PERFORM orders_v1.refuse_coupon(k, p_currency, p_base);
    IF k.max_uses IS NOT NULL THEN
        UPDATE orders.coupon x SET used = x.used + 1
        WHERE x.tenant_id = p_tenant AND x.id = k.id AND x.used < x.max_uses;
        IF NOT FOUND THEN
            PERFORM orders_v1.refuse('422', 'coupon_used_up', 'The coupon has been used up.', 'coupon_code');
        END IF;
        PERFORM orders_v1.allow_early_release();
    END IF;
    INSERT INTO orders.coupon_user AS u (tenant_id, coupon_id, user_id, used)
    VALUES (p_tenant, k.id, p_user, 1)
    ON CONFLICT (tenant_id, coupon_id, user_id) DO UPDATE SET used = u.used + 1
        WHERE k.max_uses_per_user IS NULL OR u.used < k.max_uses_per_user;
    IF NOT FOUND THEN
        PERFORM orders_v1.refuse('422', 'coupon_used_by_user', 'The user has already used the coupon.', 'coupon_code');
    END IF;
    RETURN ROW(k.id, k.code, orders_v1.coupon_discount(k, p_base))::orders_v1.reserved_coupon;
END
$$;

-- The limits are those of reserve_coupon, which enforces them with conditional updates.
CREATE OR REPLACE FUNCTION orders_v1.usable_coupon(p_tenant integer, p_code text, p_user bigint, p_currency text, p_base bigint)
RETURNS orders_v1.reserved_coupon LANGUAGE plpgsql STABLE AS $$
DECLARE
    k orders.coupon;
BEGIN
    IF p_user IS NULL THEN
        PERFORM orders_v1.refuse('422', 'required_field', 'A coupon requires a user, because its uses are counted per user.', 'user');
    END IF;
    SELECT * INTO k FROM orders.coupon x WHERE x.tenant_id = p_tenant AND x.code_key = orders.code_key(p_code);
    PERFORM orders_v1.refuse_coupon(k, p_currency, p_base);
    IF k.used >= k.max_uses THEN
        PERFORM orders_v1.refuse('422', 'coupon_used_up', 'The coupon has been used up.', 'coupon_code');
    ELSIF (SELECT u.used >= k.max_uses_per_user FROM orders.coupon_user u
           WHERE u.tenant_id = p_tenant AND u.coupon_id = k.id AND u.user_id = p_user) THEN
        PERFORM orders_v1.refuse('422', 'coupon_used_by_user', 'The user has already used the coupon.', 'coupon_code');
    END IF;
    RETURN ROW(k.id, k.code, orders_v1.coupon_discount(k, p_base))::orders_v1.reserved_coupon;
END
$$;

-- The same KEY SHARE as in reserve_coupon: a concurrent change of the limits counts the uses either before or after this release.
CREATE OR REPLACE FUNCTION orders_v1.release_coupons(p_tenant integer, p_order bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_coupon bigint;
    v_user   bigint;
BEGIN
    PERFORM FROM orders.coupon k
    WHERE k.tenant_id = p_tenant
      AND k.id IN (SELECT x.coupon_id FROM orders.coupon_redemption x
                   WHERE x.tenant_id = p_tenant AND x.order_id = p_order AND x.state <> 'released')
    ORDER BY k.id
    FOR KEY SHARE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    FOR v_coupon, v_user IN
        UPDATE orders.coupon_redemption x SET state = 'released', updated_at = now()
        WHERE x.tenant_id = p_tenant AND x.order_id = p_order AND x.state <> 'released'
        RETURNING x.coupon_id, x.user_id
    LOOP
        UPDATE orders.coupon k SET used = k.used - 1
        WHERE k.tenant_id = p_tenant AND k.id = v_coupon AND k.max_uses IS NOT NULL AND k.used > 0;
        UPDATE orders.coupon_user u SET used = u.used - 1
        WHERE u.tenant_id = p_tenant AND u.coupon_id = v_coupon AND u.user_id = v_user AND u.used > 0;
    END LOOP;
END
$$;

COMMENT ON FUNCTION orders_v1.split_amount IS
'Splits an amount by weights with the largest-remainder method; the shares add up exactly';
COMMENT ON FUNCTION orders_v1.refuse_balance IS 'Internal: refuses an amount that is above the balance. OR402 insufficient_balance';
COMMENT ON FUNCTION orders_v1.debit_balance IS
'Internal: debits a balance and adds the ledger entry. p_amount: minor units. Locks the account: call it last. OR402
insufficient_balance';
COMMENT ON FUNCTION orders_v1.credit_balance IS
'Internal: credits a balance and adds the ledger entry; creates the account if needed. p_amount: minor units. Locks the account:
call it last. OR422 amount_out_of_range';
COMMENT ON FUNCTION orders_v1.coupon_discount IS
'Internal: the discount of a coupon on goods of this amount, in minor units; halves are rounded up, and it never exceeds the
amount';
COMMENT ON FUNCTION orders_v1.refuse_coupon IS
'Internal: refuses a coupon that is unknown, not valid now, in another currency or has a minimum above the amount of the goods.
OR422 coupon_unknown, coupon_not_yet_valid, coupon_expired, coupon_currency_mismatch, coupon_below_minimum';
COMMENT ON FUNCTION orders_v1.reserve_coupon IS
'Internal: reserves one use of a coupon, in total and for the user, with conditional updates. p_base: the amount of the goods. OR422
required_field without a user, coupon_used_up, coupon_used_by_user, and those of refuse_coupon';
COMMENT ON FUNCTION orders_v1.usable_coupon IS
'Internal: what reserve_coupon would return now, without a lock. The same refusals';
COMMENT ON FUNCTION orders_v1.release_coupons IS 'Internal: releases the coupon uses of an order; a repeat has no effect';
