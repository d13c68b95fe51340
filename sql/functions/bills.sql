-- SPDX-License-Identifier: Apache-2.0

-- One counter a series and month, without gaps: it is locked to the end of the transaction, so that it comes last.
CREATE OR REPLACE FUNCTION orders_v1.bill_series_at(p_tenant integer, p_time timestamptz) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT t.bill_series || to_char(p_time AT TIME ZONE t.time_zone, '-YYYY-MM') FROM orders.tenant t WHERE t.id = p_tenant);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.bill_number(p_series text, p_sequence integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT p_series || '-' || orders_v1.digits(p_sequence, 4)
$$;

CREATE OR REPLACE FUNCTION orders_v1.bill_order(o orders.orders) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_series   text := orders_v1.bill_series_at(o.tenant_id, now());
    v_sequence integer;
    v_number   text;
BEGIN
    SELECT x.bill_no INTO v_number FROM orders.orders x WHERE x.tenant_id = o.tenant_id AND x.id = o.id;
    IF v_number IS NULL THEN
        v_sequence := orders_v1.next_in_series(o.tenant_id, v_series);
        v_number := orders_v1.bill_number(v_series, v_sequence);
        UPDATE orders.orders x SET bill_no = v_number WHERE x.tenant_id = o.tenant_id AND x.id = o.id;
        INSERT INTO orders.bill (tenant_id, order_id, series, sequence, document)
        VALUES (o.tenant_id, o.id, v_series, v_sequence, orders_v1.bill_document(o, v_number));
    END IF;
    RETURN v_number;
END
$$;

COMMENT ON FUNCTION orders_v1.bill_series_at IS 'Internal: the series of a bill of that time: year and month by the tenant''s wall clock';
COMMENT ON FUNCTION orders_v1.bill_number IS 'Internal: the bill number of a position in a series';
COMMENT ON FUNCTION orders_v1.bill_order IS
'Internal: the bill number of a locked order whose addresses are written, taken now unless it has one: series of the tenant,
year, month and a number without gaps. The bill is written with it. The series is the last lock';
