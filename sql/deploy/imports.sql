-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:imports to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

-- The digest makes an import resumable: a line that was imported before is recognised, whatever has happened to its order since.
CREATE TABLE orders.imported_order (
    tenant_id   integer     NOT NULL,
    order_id    bigint      NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT now(),
    digest      bytea       NOT NULL,
    bill_number text,
    CONSTRAINT imported_order_pkey PRIMARY KEY (tenant_id, order_id),
    CONSTRAINT imported_order_bill_number_unique UNIQUE (tenant_id, bill_number),
    CONSTRAINT imported_order_order_exists FOREIGN KEY (tenant_id, order_id) REFERENCES orders.orders (tenant_id, id)
);

ALTER TABLE orders.number_series
    ADD COLUMN skipped integer NOT NULL DEFAULT 0;

CREATE TYPE orders_v1.refund_shares AS (
    line_amounts bigint[],
    line_items   bigint[],
    done_items   bigint[],
    done         bigint[],
    pending      bigint[]
);

COMMENT ON TYPE orders_v1.refund_shares IS
'What the refunds of an imported order take, by the position of its lines (amounts and items that are refunded or being refunded, items that are refunded)
and of its payments (amounts that are refunded, and being refunded)';
COMMENT ON TABLE orders.imported_order IS
'Orders that an import created. Their payments, refunds and coupons have no effect in this database: no ledger entry, no stock, no use of a coupon.
Their events up to the import have epoch -1, so that they are in the history of the order but not in the feed and not sent to webhooks';
COMMENT ON COLUMN orders.imported_order.tenant_id IS 'The tenant';
COMMENT ON COLUMN orders.imported_order.order_id IS 'The order';
COMMENT ON COLUMN orders.imported_order.imported_at IS 'Time of the import';
COMMENT ON COLUMN orders.imported_order.digest IS 'SHA-256 of the imported line, as jsonb text';
COMMENT ON COLUMN orders.imported_order.bill_number IS
'Number of an imported bill that is not a number of a series of the schema; null: none. Its bill has a place in the series ''imported bill''';
COMMENT ON COLUMN orders.number_series.skipped IS
'Numbers up to last_number that no document of this database has: an imported document has raised last_number';

COMMIT;
