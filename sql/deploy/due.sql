-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:due to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

CREATE DOMAIN orders.due_kind AS text CONSTRAINT due_kind_known CHECK (
    VALUE IN ('expiry', 'intent', 'capture', 'refund', 'mail', 'bill'));

-- Most rows live for seconds. Autovacuum starts after a fixed number of dead rows and runs without a cost delay: every claim reads
-- past the dead index entries at the start of its queue. vacuum_truncate would lock the table and block new orders. The fillfactor
-- stays at 100: due_at is indexed, so no update could be HOT.
CREATE TABLE orders.due (
    tenant_id integer         NOT NULL,
    kind      orders.due_kind NOT NULL,
    id        bigint          NOT NULL,
    channel   text            NOT NULL DEFAULT '',
    due_at    timestamptz     NOT NULL,
    attempts  integer         NOT NULL DEFAULT 0,
    CONSTRAINT due_pkey PRIMARY KEY (tenant_id, kind, id),
    CONSTRAINT due_attempts_not_negative CHECK (attempts >= 0)
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000, vacuum_truncate = false);

-- The channel comes before the time, so that the claims of one channel do not read the backlog of another. It comes before the kind,
-- so that the planner does not use this index for lookups by kind and id while the table has no statistics.
CREATE INDEX due_next ON orders.due (tenant_id, channel, kind, due_at);

COMMENT ON DOMAIN orders.due_kind IS 'Kinds of due work';
COMMENT ON TABLE orders.due IS
'Work queue of the worker, so that orders, payments, refunds and mail need no index for it. A row is inserted in the transaction that makes the work necessary and deleted in the transaction that completes the work. Claims lock rows of this table and do not wait for locks';
COMMENT ON COLUMN orders.due.tenant_id IS 'The tenant';
COMMENT ON COLUMN orders.due.kind IS
'expiry (of an unpaid order), intent (to be created for a payment), capture (of a payment, with an unknown outcome), refund (to be sent),
mail (to be sent) or bill (to be issued for an order that was paid when it was placed)';
COMMENT ON COLUMN orders.due.id IS 'Id of the order, payment, refund or mail';
COMMENT ON COLUMN orders.due.channel IS 'Channel whose provider is called; empty: no provider';
COMMENT ON COLUMN orders.due.due_at IS 'Earliest time of the next attempt; while claimed, end of the lease';
COMMENT ON COLUMN orders.due.attempts IS 'Failed attempts. For refunds, the number of claims: the worker does not report a failed attempt of a refund';

COMMIT;
