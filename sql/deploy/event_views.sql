-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:event_views to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

CREATE TYPE orders_v1.event_step_view AS (
    axis       text,
    from_state text,
    to_state   text,
    comment    text
);

CREATE TYPE orders_v1.event_view AS (
    id           bigint,
    epoch        integer,
    xid          bigint,
    types        jsonb,
    subject      text,
    subject_id   bigint,
    public_id    uuid,
    order_number text,
    version      integer,
    actor        text,
    actor_id     bigint,
    api          text,
    return_id    bigint,
    steps        orders_v1.event_step_view[],
    created_at   timestamptz,
    hash         text
);

COMMENT ON COLUMN orders.event.xid IS
'Id of the transaction that wrote it, or the xid of the previous event of the subject if that is greater: (epoch, xid, id) has the order of the versions';
COMMENT ON TYPE orders_v1.event_step_view IS
'A step of an event: axis, states, and its comment. Attributes are read by position: new ones go to the end';
COMMENT ON TYPE orders_v1.event_view IS
'An event: its position (epoch, xid, id), its types as a JSON array, the UUID of its subject, the number of an order, and its hash in hexadecimal. Without
types, it is only a position. Attributes are read by position: new ones go to the end';

COMMIT;
