-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:idempotency to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

CREATE TABLE orders.idempotency (
    tenant_id    integer     NOT NULL,
    actor_id     bigint      NOT NULL,
    route        text        NOT NULL,
    key          orders.idempotency_key NOT NULL,
    fingerprint  bytea       NOT NULL,
    order_id     bigint,
    answer       orders.kept_answer,
    created_at   timestamptz NOT NULL DEFAULT now(),
    started_at   timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    CONSTRAINT idempotency_pkey PRIMARY KEY (tenant_id, actor_id, route, key),
    CONSTRAINT idempotency_order_exists FOREIGN KEY (tenant_id, order_id) REFERENCES orders.orders (tenant_id, id),
    CONSTRAINT idempotency_completed_has_answer CHECK ((completed_at IS NULL) = (answer IS NULL))
);

CREATE INDEX idempotency_by_age ON orders.idempotency (tenant_id, created_at);

COMMENT ON TABLE orders.idempotency IS 'Requests with an idempotency key, with their responses for replay';
COMMENT ON COLUMN orders.idempotency.tenant_id IS 'The tenant';
COMMENT ON COLUMN orders.idempotency.actor_id IS 'The user; 0: no user of this database';
COMMENT ON COLUMN orders.idempotency.route IS 'Route that the key belongs to';
COMMENT ON COLUMN orders.idempotency.key IS 'The client''s key';
COMMENT ON COLUMN orders.idempotency.fingerprint IS 'Fingerprint of the request: a request with another fingerprint must not use the key';
COMMENT ON COLUMN orders.idempotency.order_id IS 'The resulting order';
COMMENT ON COLUMN orders.idempotency.answer IS
'The response, as JSON of its type in orders_v1; null while the response is not final';
COMMENT ON COLUMN orders.idempotency.created_at IS 'Time of creation';
COMMENT ON COLUMN orders.idempotency.started_at IS 'Start of the lease of an unfinished request, which may be resumed 30 s later';
COMMENT ON COLUMN orders.idempotency.completed_at IS 'When the response became final';

COMMIT;
