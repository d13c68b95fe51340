-- SPDX-License-Identifier: Apache-2.0

CREATE OR REPLACE FUNCTION orders_v1.put_package(p_tenant integer, p_ref text, d jsonb) RETURNS orders_v1.upserted
LANGUAGE plpgsql AS $$
DECLARE
    x     orders.package;
    v_old orders.package;
    v_ids bigint[];
BEGIN
    SELECT * INTO v_old FROM orders.package k WHERE k.tenant_id = p_tenant AND k.external_ref = p_ref FOR NO KEY UPDATE;
    x := v_old;
    v_ids := ARRAY(
        SELECT v.id FROM orders.product p
        JOIN orders.variant v ON v.tenant_id = p_tenant AND v.product_id = p.id
        WHERE p.tenant_id = p_tenant AND p.external_ref = d ->> 'product'
          AND coalesce(v.external_ref = d ->> 'variant', true)
        ORDER BY v.id
        LIMIT 2);
    IF cardinality(v_ids) = 0 THEN
        PERFORM orders_v1.refuse('422', 'product_not_found', 'There is no such product.', 'product');
    ELSIF cardinality(v_ids) = 2 THEN
        PERFORM orders_v1.refuse('422', 'required_field', 'The product has several variants: name one.', 'variant');
    ELSIF EXISTS (SELECT FROM orders.package k
                  WHERE k.tenant_id = p_tenant AND k.variant_id = v_ids[1] AND k.external_ref <> p_ref) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'The variant already belongs to another package.', 'variant');
    ELSIF EXISTS (SELECT FROM orders.stock s WHERE s.tenant_id = p_tenant AND s.variant_id = v_ids[1] AND s.counted) THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'A package must not have stock.', 'variant');
    ELSIF v_old.variant_id <> v_ids[1] THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'The variant of a package cannot be changed.', 'variant');
    END IF;
    x.rank := (d ->> 'rank')::numeric;
    x.duration_unit := d ->> 'duration_unit';
    x.duration_value := orders_v1.doc_duration_value(d, x.duration_unit);
    x.active := coalesce((d ->> 'active')::boolean, true);
    IF v_old.variant_id IS NULL THEN
        INSERT INTO orders.package (tenant_id, variant_id, external_ref, rank, duration_unit, duration_value, active)
        VALUES (p_tenant, v_ids[1], p_ref, x.rank, x.duration_unit, x.duration_value, x.active)
        RETURNING * INTO x;
    ELSIF x IS DISTINCT FROM v_old THEN
        UPDATE orders.package k
        SET rank = x.rank, duration_unit = x.duration_unit, duration_value = x.duration_value, active = x.active,
            updated_at = now()
        WHERE k.tenant_id = p_tenant AND k.variant_id = x.variant_id
        RETURNING * INTO x;
    END IF;
    RETURN orders_v1.upsert_outcome(v_old.variant_id, x.variant_id, to_jsonb(v_old), to_jsonb(x));
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.member_document(m orders.member) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('user_id', m.user_id, 'placed_at', m.placed_at, 'auto_upgrade_at', m.auto_upgrade_at,
                                      'package', k.external_ref, 'starts_at', t.starts_at, 'ends_at', t.ends_at)
            FROM (SELECT) AS one
            LEFT JOIN orders.package_term t ON t.tenant_id = m.tenant_id AND t.id = coalesce(m.term_id, 0)
            LEFT JOIN orders.package k ON k.tenant_id = m.tenant_id AND k.variant_id = t.package_id);
END
$$;

-- Returns the term that a document describes: a package with its times. Absent times get the values of a purchase. When ends_at is
-- given, later months end on its day of the month.
CREATE OR REPLACE FUNCTION orders_v1.doc_term(t orders.package_term, p_tenant integer, d jsonb) RETURNS orders.package_term
LANGUAGE plpgsql STABLE AS $$
DECLARE
    n       orders.package_term;
    k       orders.package;
    q       orders.package_order;
    v_zone  text := (SELECT x.time_zone FROM orders.tenant x WHERE x.id = p_tenant);
    v_ref   text := d ->> 'package';
    v_start timestamptz := (d ->> 'starts_at')::timestamptz;
BEGIN
    SELECT * INTO k FROM orders.package x WHERE x.tenant_id = p_tenant AND x.external_ref = v_ref;
    IF NOT FOUND THEN
        PERFORM orders_v1.refuse('422', 'package_not_found', 'There is no such package.', 'package');
    END IF;
    IF k.variant_id = t.package_id THEN
        v_start := coalesce(v_start, t.starts_at);
    END IF;
    q.kind := 'purchase';
    q.package_id := k.variant_id;
    q.duration_unit := k.duration_unit;
    q.duration_value := k.duration_value;
    n := orders_v1.next_term(t, q, v_zone, coalesce(v_start, now()));
    IF d ? 'ends_at' THEN
        n.ends_at := (d ->> 'ends_at')::timestamptz;
        n.anchor_day := coalesce(extract(day FROM n.ends_at AT TIME ZONE v_zone), n.anchor_day);
    ELSIF k.variant_id = t.package_id AND n.starts_at = t.starts_at THEN
        n.ends_at := t.ends_at;
    END IF;
    IF n.ends_at <= n.starts_at THEN
        PERFORM orders_v1.refuse('422', 'invalid_field', 'Must be after starts_at.', 'ends_at');
    END IF;
    RETURN n;
END
$$;

-- Times are compared as instants: a statement with the same times in another notation is the same statement. Null is the same as an absent
-- start; as an end, it means that the term does not end.
CREATE OR REPLACE FUNCTION orders_v1.package_statement(d jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT d ? 'package' THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT jsonb_object_agg(e.key, CASE WHEN e.key = 'package' THEN e.value
                                                ELSE coalesce(to_jsonb(orders_v1.document_time((e.value #>> '{}')::timestamptz)), 'null') END)
            FROM jsonb_each(d) AS e
            WHERE e.key IN ('package', 'ends_at') OR (e.key = 'starts_at' AND e.value <> 'null'));
END
$$;

-- A document without a package keeps the package. A document with the package of the last document does not revert later orders and
-- refunds.
CREATE OR REPLACE FUNCTION orders_v1.put_member(p_tenant integer, p_ref text, d jsonb) RETURNS orders_v1.upserted
LANGUAGE plpgsql AS $$
DECLARE
    v_user   bigint := (SELECT u.id FROM orders.users u WHERE u.tenant_id = p_tenant AND u.external_ref = p_ref);
    v_known  boolean;
    v_before jsonb;
    v_stated jsonb := orders_v1.package_statement(d);
    v_is_new boolean;
    m        orders.member;
    x        orders.member;
    t        orders.package_term;
    n        orders.package_term;
BEGIN
    IF v_user IS NULL THEN
        PERFORM orders_v1.refuse('422', 'user_not_found', 'There is no such user.', 'ref');
    END IF;
    v_known := EXISTS (SELECT FROM orders.member y WHERE y.tenant_id = p_tenant AND y.user_id = v_user);
    m := orders_v1.lock_member(p_tenant, v_user);
    t := orders_v1.term_of(m);
    v_before := orders_v1.member_document(m);
    v_is_new := v_stated IS DISTINCT FROM orders_v1.package_statement(m.stated) AND v_stated IS NOT NULL;
    x := m;
    x.placed_at := (d ->> 'placed_at')::timestamptz;
    x.auto_upgrade_at := (d ->> 'auto_upgrade_at')::timestamptz;
    IF v_is_new THEN
        x.stated := v_stated;
        x.term_id := CASE WHEN d -> 'package' <> 'null' THEN m.term_id END;
    END IF;
    IF x IS DISTINCT FROM m THEN
        UPDATE orders.member y
        SET placed_at = x.placed_at, auto_upgrade_at = x.auto_upgrade_at, term_id = x.term_id, stated = x.stated, updated_at = now()
        WHERE y.tenant_id = p_tenant AND y.user_id = v_user
        RETURNING * INTO m;
    END IF;
    IF v_is_new AND d ->> 'package' IS NOT NULL THEN
        n := orders_v1.doc_term(t, p_tenant, d);
        IF (n.package_id, n.starts_at) IS DISTINCT FROM (t.package_id, t.starts_at) OR n.ends_at IS DISTINCT FROM t.ends_at THEN
            PERFORM orders_v1.grant_term(m, n, NULL);
            m := orders_v1.lock_member(p_tenant, v_user);
        END IF;
    END IF;
    RETURN orders_v1.upsert_outcome(CASE WHEN v_known THEN v_user END, v_user, v_before, orders_v1.member_document(m));
END
$$;

COMMENT ON FUNCTION orders_v1.put_package IS 'Internal: upserts a package. OR422 product_not_found, required_field, invalid_field';
COMMENT ON FUNCTION orders_v1.member_document IS 'Internal: a member with the current or last package';
COMMENT ON FUNCTION orders_v1.doc_term IS 'Internal: {package, starts_at, ends_at} after the term t. OR422 package_not_found, invalid_field';
COMMENT ON FUNCTION orders_v1.package_statement IS
'Internal: the package and times that a member''s document states, {package, starts_at, ends_at}; absent times stay absent. NULL: it states none';
COMMENT ON FUNCTION orders_v1.put_member IS 'Internal: upserts a member by the reference of its user; the package is not changed when the last document had the same one. OR422 user_not_found, package_not_found';
