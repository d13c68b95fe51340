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
    document   orders.json_object NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT bill_pkey PRIMARY KEY (tenant_id, order_id),
    CONSTRAINT bill_series_unique UNIQUE (tenant_id, series, sequence),
    CONSTRAINT bill_order_exists FOREIGN KEY (tenant_id, order_id) REFERENCES orders.orders (tenant_id, id),
    CONSTRAINT bill_sequence_positive CHECK (sequence > 0)
);

GRANT SELECT ON orders.bill TO orders_api;

COMMENT ON TABLE orders.bill IS
'Bills of orders of goods, as they were when they got their number: later changes of people and companies alter none';
COMMENT ON COLUMN orders.bill.tenant_id IS 'The tenant';
COMMENT ON COLUMN orders.bill.order_id IS 'The order, which has a copy of the number';
COMMENT ON COLUMN orders.bill.series IS 'Series of the number: prefix of the tenant, year and month';
COMMENT ON COLUMN orders.bill.sequence IS 'Position in the series';
COMMENT ON COLUMN orders.bill.document IS 'Issuer, buyer, lines, taxes and totals; the payment is told as it is read';
COMMENT ON COLUMN orders.bill.created_at IS 'When it was billed';

COMMIT;
