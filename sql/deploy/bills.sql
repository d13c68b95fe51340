-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:bills to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

CREATE TABLE orders.bill (
    tenant_id  integer     NOT NULL,
    order_id   bigint      NOT NULL,
    series     text        NOT NULL,
    sequence   integer     NOT NULL,
    snapshot   orders.json_object NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT bill_pkey PRIMARY KEY (tenant_id, order_id),
    CONSTRAINT bill_series_unique UNIQUE (tenant_id, series, sequence),
    CONSTRAINT bill_order_exists FOREIGN KEY (tenant_id, order_id) REFERENCES orders.orders (tenant_id, id),
    CONSTRAINT bill_sequence_positive CHECK (sequence > 0)
);

CREATE TABLE orders.bill_document (
    tenant_id  integer     NOT NULL,
    order_id   bigint      NOT NULL,
    document   orders.json_object NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT bill_document_pkey PRIMARY KEY (tenant_id, order_id),
    CONSTRAINT bill_document_bill_exists FOREIGN KEY (tenant_id, order_id) REFERENCES orders.bill (tenant_id, order_id)
);

CREATE TRIGGER bill_is_immutable BEFORE UPDATE OR DELETE ON orders.bill
    FOR EACH ROW EXECUTE FUNCTION orders.refuse_change();

CREATE TRIGGER bill_document_is_immutable BEFORE UPDATE OR DELETE ON orders.bill_document
    FOR EACH ROW EXECUTE FUNCTION orders.refuse_change();

COMMENT ON TABLE orders.bill IS
'Bills of orders of goods: number, and the data that later edits could change. Rows never change';
COMMENT ON COLUMN orders.bill.tenant_id IS 'The tenant';
COMMENT ON COLUMN orders.bill.order_id IS 'The order, which has a copy of the number';
COMMENT ON COLUMN orders.bill.series IS 'Series of the number: prefix of the tenant, year and month';
COMMENT ON COLUMN orders.bill.sequence IS 'Position in the series';
COMMENT ON COLUMN orders.bill.snapshot IS
'issued_at, issuer and buyer at the time of issue. The rest of the document comes from rows of the order that never change';
COMMENT ON COLUMN orders.bill.created_at IS 'Time of issue';
COMMENT ON TABLE orders.bill_document IS 'Documents of bills, composed by the first read of the bill. Rows never change';
COMMENT ON COLUMN orders.bill_document.tenant_id IS 'The tenant';
COMMENT ON COLUMN orders.bill_document.order_id IS 'The order of the bill';
COMMENT ON COLUMN orders.bill_document.document IS 'Number, issuer, buyer, lines, taxes and totals. The payment is added to each response';
COMMENT ON COLUMN orders.bill_document.created_at IS 'Time of the first read of the bill';

COMMIT;
