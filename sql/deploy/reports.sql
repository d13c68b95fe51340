-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:reports to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

CREATE TYPE orders_v1.sales_row AS (
    period    text,
    kind      text,
    product   text,
    title     text,
    channel   text,
    currency  text,
    orders    bigint,
    quantity  bigint,
    subtotal  bigint,
    discount  bigint,
    tax       bigint,
    shipping  bigint,
    total     bigint,
    refunded  bigint,
    net       bigint
);

CREATE TYPE orders_v1.tax_row AS (
    period    text,
    key       text,
    rate_bp   integer,
    currency  text,
    orders    bigint,
    tax       bigint,
    refunded  bigint,
    net       bigint
);

CREATE TYPE orders_v1.receivable_row AS (
    from_days integer,
    to_days   integer,
    currency  text,
    orders    bigint,
    amount    bigint,
    oldest_at timestamptz
);

COMMENT ON TYPE orders_v1.sales_row IS
'A row of the sales report, in minor units. Only the attributes of its grouping are set. Attributes are read by position: new ones go to the end';
COMMENT ON TYPE orders_v1.tax_row IS
'A row of the tax report, in minor units. Attributes are read by position: new ones go to the end';
COMMENT ON TYPE orders_v1.receivable_row IS
'Orders that await payment, by the days since they were placed (to_days NULL: no bound). Attributes are read by position: new ones go to the end';

COMMIT;
