-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:bills to pg

BEGIN;
SET LOCAL ROLE orders_owner;

CREATE TABLE orders.bill (
    tenant_id  integer     NOT NULL,
    order_id   bigint      NOT NULL,
    document   jsonb       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT bill_pkey PRIMARY KEY (tenant_id, order_id),
    CONSTRAINT bill_order_exists FOREIGN KEY (tenant_id, order_id) REFERENCES orders.orders (tenant_id, id),
    CONSTRAINT bill_document_is_object CHECK (jsonb_typeof(document) = 'object')
);

GRANT SELECT ON orders.bill TO orders_api;

-- One counter a series and month, without gaps: it is locked to the end of the transaction, so that it comes last.
CREATE FUNCTION orders.bill_series_at(p_tenant integer, p_time timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT t.bill_series || to_char(p_time AT TIME ZONE t.time_zone, '-YYYY-MM') FROM orders.tenant t WHERE t.id = p_tenant
$$;

CREATE FUNCTION orders.bill_order(o orders.orders) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_series   text := orders.bill_series_at(o.tenant_id, now());
    v_sequence integer;
    v_number   text;
BEGIN
    SELECT x.bill_no INTO v_number FROM orders.orders x WHERE x.tenant_id = o.tenant_id AND x.id = o.id;
    IF v_number IS NULL THEN
        v_sequence := orders.next_in_series(o.tenant_id, v_series);
        v_number := v_series || '-' || orders.digits(v_sequence, 4);
        UPDATE orders.orders x SET bill_series = v_series, bill_sequence = v_sequence, bill_no = v_number
        WHERE x.tenant_id = o.tenant_id AND x.id = o.id;
        INSERT INTO orders.bill (tenant_id, order_id, document)
        VALUES (o.tenant_id, o.id, orders.bill_document(o, v_number));
    END IF;
    RETURN v_number;
END
$$;

-- What it all means

COMMENT ON TABLE orders.bill IS
'Bills of orders of goods, as they were when they got their number: later changes of people and companies alter none';
COMMENT ON COLUMN orders.bill.tenant_id IS 'The tenant';
COMMENT ON COLUMN orders.bill.order_id IS 'The order, which has the number';
COMMENT ON COLUMN orders.bill.document IS 'Issuer, buyer, lines, taxes and totals; the payment is told as it is read';
COMMENT ON COLUMN orders.bill.created_at IS 'When it was billed';
COMMENT ON FUNCTION orders.bill_series_at IS 'Internal: the series of a bill of that time: year and month by the tenant''s wall clock';
COMMENT ON FUNCTION orders.bill_order IS
'Internal: the bill number of a locked order whose addresses are written, taken now unless it has one: series of the tenant,
year, month and a number without gaps. The bill is written with it. The series is the last lock';

COMMIT;
