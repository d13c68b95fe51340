-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:idempotency to pg

BEGIN;
SET LOCAL ROLE orders_owner;

CREATE TABLE orders.idempotency (
    tenant_id    integer     NOT NULL,
    actor_id     bigint      NOT NULL,
    route        text        NOT NULL,
    key          text        NOT NULL,
    fingerprint  bytea       NOT NULL,
    order_id     bigint,
    answer       jsonb,
    created_at   timestamptz NOT NULL DEFAULT now(),
    started_at   timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    CONSTRAINT idempotency_pkey PRIMARY KEY (tenant_id, actor_id, route, key),
    CONSTRAINT idempotency_order_exists FOREIGN KEY (tenant_id, order_id) REFERENCES orders.orders (tenant_id, id),
    CONSTRAINT idempotency_key_length CHECK (length(key) BETWEEN 1 AND 255),
    CONSTRAINT idempotency_completed_has_answer CHECK ((completed_at IS NULL) = (answer IS NULL)),
    CONSTRAINT idempotency_answer_is_array CHECK (jsonb_typeof(answer) = 'array')
);

CREATE INDEX idempotency_by_age ON orders.idempotency (tenant_id, created_at);

COMMIT;
