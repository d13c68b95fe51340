-- SPDX-License-Identifier: Apache-2.0

-- One gapless counter per series and month. It stays locked until the end of the transaction, so it is the last lock.
CREATE OR REPLACE FUNCTION orders_v1.bill_series_at(p_tenant integer, p_time timestamptz) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT t.bill_series || to_char(p_time AT TIME ZONE t.time_zone, '-YYYY-MM') FROM orders.tenant t WHERE t.id = p_tenant);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.bill_number(p_series text, p_sequence integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT p_series || '-' || orders_v1.digits(p_sequence, 4)
$$;

-- Called when an order is confirmed, packed or paid manually, or when its bill is read before the worker has issued it.
CREATE OR REPLACE FUNCTION orders_v1.bill_order(o orders.orders) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_snapshot jsonb;
    v_series   text;
    v_sequence integer;
    v_number   text;
BEGIN
    SELECT x.bill_no INTO v_number FROM orders.orders x WHERE x.tenant_id = o.tenant_id AND x.id = o.id;
    IF v_number IS NULL THEN
        v_snapshot := orders_v1.document_parties(o.tenant_id, o.id, o.buyer_id, o.retailer_id, now());
        PERFORM orders_v1.end_due(o.tenant_id, 'bill', o.id);
        v_series := orders_v1.bill_series_at(o.tenant_id, now());
        v_sequence := orders_v1.next_in_series(o.tenant_id, v_series);
        v_number := orders_v1.bill_number(v_series, v_sequence);
        INSERT INTO orders.bill (tenant_id, order_id, series, sequence, snapshot)
        VALUES (o.tenant_id, o.id, v_series, v_sequence, v_snapshot);
        UPDATE orders.orders x SET bill_no = v_number WHERE x.tenant_id = o.tenant_id AND x.id = o.id;
    END IF;
    RETURN v_number;
END
$$;

-- Does not wait for orders: locked rows are left for the next call. All bills of a call are numbered under one lock of the
-- series, in the order of their ids; everything else is computed before that lock. Work for orders that do not exist is
-- removed.
CREATE OR REPLACE FUNCTION orders_v1.bill_orders(p_tenant integer, p_ids bigint[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_locked    bigint[];
    v_ids       bigint[];
    v_snapshots jsonb[];
    v_series    text;
    v_before    integer; -- the last number that was taken before
BEGIN
    SELECT array_agg(x.id), array_agg(x.id ORDER BY x.id) FILTER (WHERE x.bill_no IS NULL) INTO v_locked, v_ids
    FROM (SELECT o.id, o.bill_no FROM orders.orders o
          WHERE o.tenant_id = p_tenant AND o.id = ANY (p_ids)
          ORDER BY o.id
          FOR NO KEY UPDATE SKIP LOCKED) AS x;
    DELETE FROM orders.due d
    WHERE d.tenant_id = p_tenant AND d.kind = 'bill' AND d.id = ANY (p_ids)
      AND (d.id = ANY (v_locked) OR NOT EXISTS (SELECT FROM orders.orders o WHERE o.tenant_id = p_tenant AND o.id = d.id));
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    v_snapshots := ARRAY(
        SELECT orders_v1.document_parties(p_tenant, o.id, o.buyer_id, o.retailer_id, now()) FROM orders.orders o
        WHERE o.tenant_id = p_tenant AND o.id = ANY (v_ids)
        ORDER BY o.id);
    v_series := orders_v1.bill_series_at(p_tenant, now());
    v_before := orders_v1.take_numbers(p_tenant, v_series, cardinality(v_ids)) - cardinality(v_ids);
    INSERT INTO orders.bill (tenant_id, order_id, series, sequence, snapshot)
    SELECT p_tenant, u.id, v_series, v_before + u.n, u.snapshot
    FROM unnest(v_ids, v_snapshots) WITH ORDINALITY AS u (id, snapshot, n);
    UPDATE orders.orders o SET bill_no = orders_v1.bill_number(v_series, v_before + u.n::integer)
    FROM unnest(v_ids) WITH ORDINALITY AS u (id, n)
    WHERE o.tenant_id = p_tenant AND o.id = u.id;
    RETURN cardinality(v_ids);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.issue_bills(p_tenant integer, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp SET lock_timeout = '1s' AS $$
BEGIN
    RETURN run_job_for_orders(p_tenant, 'bill', ARRAY(
        SELECT d.id FROM due d
        WHERE d.tenant_id = p_tenant AND d.kind = 'bill' AND d.channel = '' AND d.due_at <= now()
        ORDER BY d.due_at, d.id
        LIMIT p_limit));
END
$$;

-- Two concurrent first readers compose the same document.
CREATE OR REPLACE FUNCTION orders_v1.bill_document(o orders.orders) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_snapshot jsonb;
    v_document jsonb;
BEGIN
    SELECT d.document INTO v_document FROM orders.bill_document d WHERE d.tenant_id = o.tenant_id AND d.order_id = o.id;
    IF FOUND THEN
        RETURN v_document;
    END IF;
    SELECT b.snapshot INTO v_snapshot FROM orders.bill b WHERE b.tenant_id = o.tenant_id AND b.order_id = o.id;
    v_document := orders_v1.as_bill(orders_v1.invoice_document(o, o.bill_no, v_snapshot));
    INSERT INTO orders.bill_document (tenant_id, order_id, document) VALUES (o.tenant_id, o.id, v_document)
    ON CONFLICT ON CONSTRAINT bill_document_pkey DO NOTHING;
    SELECT d.document INTO v_document FROM orders.bill_document d WHERE d.tenant_id = o.tenant_id AND d.order_id = o.id;
    RETURN v_document;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.issue_bills(integer, integer)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.bill_series_at IS 'Internal: the bill series for a time: year and month in the tenant''s time zone';
COMMENT ON FUNCTION orders_v1.bill_number IS 'Internal: the bill number for a position in a series';
COMMENT ON FUNCTION orders_v1.bill_order IS
'Internal: the bill number of a locked order whose addresses are stored; takes the next gapless number of the month and stores the
bill unless it has one. The series is the last lock';
COMMENT ON FUNCTION orders_v1.bill_orders IS
'Internal: issues the bills of these orders except locked ones; returns the number of bills. Locks the orders, then the series';
COMMENT ON FUNCTION orders_v1.issue_bills IS
'Worker: issues at most p_limit bills of orders that were paid when placed; returns the number of bills. Skips locked orders, and
postpones an order whose bill fails. Locks the orders, then the series';
COMMENT ON FUNCTION orders_v1.bill_document IS
'Internal: the document of an order that has a bill, without the payment; composed and stored on the first read';
