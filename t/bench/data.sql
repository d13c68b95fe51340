-- SPDX-License-Identifier: Apache-2.0
-- Loads users, balances and orders of tenant 1. The data pass the checks of orders_check.
--
--   psql -Xq -v orders=1000000 -v users=10000 -f t/bench/data.sql
--
-- Run as a superuser on a newly deployed database: foreign key triggers are disabled during the load. User n is 'bench-n' (login
-- 'benchn') with the bearer token 'ord_1_bench-token-n', scope buyer. Every third order has two lines. Of 20 orders, one is cancelled,
-- one waits for a bank transfer, two were paid through an external channel, and 16 from the balance.

\set ON_ERROR_STOP 1
\if :{?orders} \else \set orders 1000000 \endif
\if :{?users} \else \set users 10000 \endif

BEGIN;
SET LOCAL session_replication_role = replica;
SET LOCAL synchronous_commit = off;
SET LOCAL work_mem = '256MB';

SELECT coalesce(max(id), 0) AS user0 FROM orders.users \gset
SELECT coalesce(max(id), 0) AS order0 FROM orders.orders \gset
SELECT coalesce(max(id), 0) AS plan0 FROM orders.plan \gset

INSERT INTO orders.plan (tenant_id, id, external_ref, slug, name, price, currency, duration_unit, duration_value)
SELECT 1, :plan0 + k, 'bench-plan-' || k, 'bench-plan-' || k, 'Bench plan ' || k, 1000 * k, 'USD', 'month', 1
FROM generate_series(1, 5) AS k;

INSERT INTO orders.payment_channel (tenant_id, external_ref, name, provider)
VALUES (1, 'bench', 'Bench channel', 'bench');

INSERT INTO orders.users (tenant_id, id, external_ref, login, name, email)
SELECT 1, :user0 + u, 'bench-' || u, 'bench' || u, 'Bench User ' || u, 'bench' || u || '@example.com'
FROM generate_series(1, :users) AS u;

INSERT INTO orders.token (tenant_id, user_id, hash, hint, scopes)
SELECT 1, :user0 + u, sha256(convert_to('ord_1_bench-token-' || u, 'UTF8')), 'bench', '{buyer}'
FROM generate_series(1, :users) AS u;

CREATE TEMP TABLE bench ON COMMIT DROP AS
SELECT :order0 + n AS id,
       :user0 + 1 + (n * 7919) % :users AS user_id,
       n % 5 + 1 AS plan,
       1000 * (n % 5 + 1) AS price,
       n % 3 = 0 AS has_second,
       CASE n % 20 WHEN 0 THEN 'cancelled' WHEN 1 THEN 'waiting' WHEN 2 THEN 'external' WHEN 3 THEN 'external'
                   ELSE 'balance' END AS fate,
       (n % 5 + 1) * 1000 + CASE WHEN n % 3 = 0 THEN 500 ELSE 0 END AS total,
       now() - (:orders - n) * interval '30 seconds' AS at
FROM generate_series(1, :orders::bigint) AS n;

INSERT INTO orders.orders (tenant_id, id, number, api, version, state, payment_state, fulfilment_state, buyer_id,
                           payment_method, payment_channel, currency, exponent, tax_inclusive, subtotal, total,
                           captured, snapshot, created_at, updated_at, paid_at, cancelled_at)
SELECT 1, b.id,
       'ORD-' || to_char(b.at AT TIME ZONE 'UTC', 'YYYYMMDD') || '-' || lpad(b.id::text, greatest(6, length(b.id::text)), '0'),
       'user', CASE WHEN b.fate IN ('cancelled', 'external') THEN 2 ELSE 1 END,
       CASE b.fate WHEN 'cancelled' THEN 'cancelled' WHEN 'waiting' THEN 'open' ELSE 'completed' END,
       CASE b.fate WHEN 'cancelled' THEN 'closed' WHEN 'waiting' THEN 'unpaid' ELSE 'paid' END, 'none', b.user_id,
       CASE b.fate WHEN 'external' THEN 'external' WHEN 'balance' THEN 'balance' ELSE 'manual' END,
       CASE b.fate WHEN 'external' THEN 'bench' END, 'USD', 2, true, b.total, b.total,
       CASE WHEN b.fate IN ('external', 'balance') THEN b.total ELSE 0 END,
       jsonb_build_object('id', :plan0 + b.plan, 'name', 'Bench plan ' || b.plan, 'slug', 'bench-plan-' || b.plan,
                          'description', NULL, 'price_cents', b.price, 'currency', 'USD', 'duration_unit', 'month',
                          'duration_value', 1, 'features', '[]'::jsonb),
       b.at, b.at, CASE WHEN b.fate IN ('external', 'balance') THEN b.at END,
       CASE b.fate WHEN 'cancelled' THEN b.at END
FROM bench b ORDER BY b.id;

INSERT INTO orders.order_line (tenant_id, order_id, kind, item_id, item_ref, slug, title, quantity, unit_price,
                               list_price, subtotal, currency, created_at)
SELECT 1, b.id, 'plan', :plan0 + b.plan, 'bench-plan-' || b.plan, 'bench-plan-' || b.plan, 'Bench plan ' || b.plan, 1,
       l.price, l.price, l.price, 'USD', b.at
FROM bench b
CROSS JOIN LATERAL (SELECT b.price UNION ALL SELECT 500 WHERE b.has_second) AS l (price)
ORDER BY b.id;

INSERT INTO orders.payment (tenant_id, id, order_id, method, channel, provider, status, amount, currency, captured,
                            intent_id, reference, transaction_id, created_at, updated_at, captured_at)
SELECT 1, nextval('orders.payment_id_seq'), b.id,
       CASE b.fate WHEN 'external' THEN 'external' WHEN 'balance' THEN 'balance' ELSE 'manual' END,
       CASE b.fate WHEN 'external' THEN 'bench' END,
       CASE b.fate WHEN 'external' THEN 'bench' WHEN 'balance' THEN 'balance' ELSE 'manual' END,
       CASE b.fate WHEN 'cancelled' THEN 'closed' WHEN 'waiting' THEN 'pending' ELSE 'paid' END, b.total, 'USD',
       CASE WHEN b.fate IN ('external', 'balance') THEN b.total ELSE 0 END,
       CASE b.fate WHEN 'external' THEN 'bench-in-' || b.id END,
       CASE b.fate WHEN 'external' THEN 'bench-tx-' || b.id END,
       CASE b.fate WHEN 'external' THEN 'bench-tx-' || b.id END,
       b.at, b.at, CASE WHEN b.fate IN ('external', 'balance') THEN b.at END
FROM bench b ORDER BY b.id;

INSERT INTO orders.provider_transaction (tenant_id, provider, transaction_id, kind, payment_id, amount, currency, created_at)
SELECT 1, p.provider, p.transaction_id, 'capture', p.id, p.amount, p.currency, p.created_at
FROM orders.payment p WHERE p.tenant_id = 1 AND p.provider = 'bench';

-- The hash of a second event contains that of the first one.
WITH steps (fate, version, actor, api, types, steps) AS (VALUES
    ('balance', 1, 'buyer', 'user', '{order.placed,payment.opened,fulfilment.none,order.paid,order.completed}'::text[],
     '{order:new:open,payment:new:unpaid,fulfilment:new:none,payment:unpaid:paid,order:open:completed}'::text[]),
    ('waiting', 1, 'buyer', 'user', '{order.placed,payment.opened,fulfilment.none}', '{order:new:open,payment:new:unpaid,fulfilment:new:none}'),
    ('cancelled', 1, 'buyer', 'user', '{order.placed,payment.opened,fulfilment.none}', '{order:new:open,payment:new:unpaid,fulfilment:new:none}'),
    ('cancelled', 2, 'buyer', 'user', '{payment.closed,order.cancelled}', '{payment:unpaid:closed,order:open:cancelled}'),
    ('external', 1, 'buyer', 'user', '{order.placed,payment.opened,fulfilment.none}', '{order:new:open,payment:new:unpaid,fulfilment:new:none}'),
    ('external', 2, 'provider', 'event', '{order.paid,order.completed}', '{payment:unpaid:paid,order:open:completed}')
), events AS MATERIALIZED (
    SELECT b.id AS order_id, s.version, s.types, s.steps, s.actor, CASE s.actor WHEN 'buyer' THEN b.user_id END AS actor_id, s.api, b.at,
           CASE s.version WHEN 1 THEN 1 ELSE 4 END AS first_step, nextval('orders.event_id_seq') AS id, orders.event_epoch() AS epoch,
           pg_current_xact_id() AS xid
    FROM bench b JOIN steps s USING (fate)
), placed AS MATERIALIZED (
    SELECT e.*, orders_v1.event_hash(NULL, 1, 'order', e.order_id, e.version, e.epoch, e.xid, e.id, e.at, e.first_step, e.types, e.steps,
                                     e.actor, e.actor_id, e.api, NULL, NULL) AS hash
    FROM events e WHERE e.version = 1
), all_events AS (
    SELECT p.* FROM placed p
    UNION ALL
    SELECT e.*, orders_v1.event_hash(p.hash, 1, 'order', e.order_id, e.version, e.epoch, e.xid, e.id, e.at, e.first_step, e.types, e.steps,
                                     e.actor, e.actor_id, e.api, NULL, NULL)
    FROM events e JOIN placed p USING (order_id) WHERE e.version = 2
)
INSERT INTO orders.event (tenant_id, subject, subject_id, version, epoch, xid, id, created_at, first_step, types, steps, actor, actor_id, api,
                          hash)
SELECT 1, 'order', e.order_id, e.version, e.epoch, e.xid, e.id, e.at, e.first_step, e.types, e.steps, e.actor, e.actor_id, e.api, e.hash
FROM all_events e
ORDER BY e.order_id, e.version;

INSERT INTO orders.posting (tenant_id, entry_type, currency, amount, debit_house, credit_user_id, credit_balance_after,
                            reference, description, created_at)
SELECT 1, 'top_up', 'USD', 1000000000000, 'funding', :user0 + u, 1000000000000, 'bench', 'top_up',
       now() - (:orders + 1) * interval '30 seconds'
FROM generate_series(1, :users) AS u;

INSERT INTO orders.posting (tenant_id, entry_type, currency, amount, debit_user_id, debit_balance_after, credit_house,
                            order_id, payment_id, description, created_at)
SELECT 1, 'purchase', 'USD', b.total, b.user_id,
       1000000000000 - sum(b.total) OVER (PARTITION BY b.user_id ORDER BY b.id), 'sales', b.id, p.id,
       'Bench plan ' || b.plan, b.at
FROM bench b
JOIN orders.payment p ON p.tenant_id = 1 AND p.order_id = b.id
WHERE b.fate = 'balance'
ORDER BY b.id;

INSERT INTO orders.account (tenant_id, user_id, currency, balance)
SELECT 1, :user0 + u, 'USD', 1000000000000 - coalesce(s.spent, 0)
FROM generate_series(1, :users) AS u
LEFT JOIN (SELECT b.user_id, sum(b.total) AS spent FROM bench b WHERE b.fate = 'balance' GROUP BY 1) AS s
    ON s.user_id = :user0 + u;

SELECT setval('orders.users_id_seq', (SELECT max(id) FROM orders.users)),
       setval('orders.plan_id_seq', (SELECT max(id) FROM orders.plan)),
       setval('orders.orders_id_seq', (SELECT max(id) FROM orders.orders)) \gset ignored_

COMMIT;

VACUUM ANALYZE;
