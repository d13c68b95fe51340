-- SPDX-License-Identifier: Apache-2.0
-- Loads the demo shop into tenant 1 through the documented functions. Run it as often as you like:
--
--   psql -XqAt -v ON_ERROR_STOP=1 -v operator_hash=… -v user_hash=… -v user2_hash=… -v poor_hash=… \
--        -f sql/demo/demo.sql
--
-- Each *_hash is the SHA-256 of a bearer token in hex (64 digits): printf %s "$TOKEN" | sha256sum. The secret
-- itself never reaches the database. A hash that is not given issues no token; one that is known issues no second.
-- At the end the script prints NAME='value' lines, ready to be appended to a file for the shell.

\set ON_ERROR_STOP 1
\if :{?operator_hash} \else \set operator_hash '' \endif
\if :{?user_hash} \else \set user_hash '' \endif
\if :{?user2_hash} \else \set user2_hash '' \endif
\if :{?poor_hash} \else \set poor_hash '' \endif

BEGIN;

SELECT set_config('search_path', 'orders', true) \gset ignored_

\o /dev/null

SELECT * FROM catalogue_bulk(1, 'operator', 'system', NULL, 'demo', NULL, NULL, ARRAY[
    '{"kind": "users", "ref": "demo-operator", "login": "operator", "name": "Olivia Operator",
      "email": "operator@example.com"}',
    '{"kind": "users", "ref": "demo-alice", "login": "alice", "name": "Alice Archer", "given_name": "Alice",
      "family_name": "Archer", "email": "alice@example.com", "phone": "+6281234567890", "locale": "en"}',
    '{"kind": "users", "ref": "demo-bob", "login": "bob", "name": "Bob Baker", "given_name": "Bob",
      "family_name": "Baker", "email": "bob@example.com", "locale": "en"}',
    '{"kind": "users", "ref": "demo-poor", "login": "poor", "name": "Paul Penniless", "given_name": "Paul",
      "family_name": "Penniless", "email": "paul@example.com", "locale": "en"}',
    '{"kind": "plans", "ref": "demo-pro", "slug": "pro", "name": "Pro", "price": 1900, "currency": "USD",
      "description": "Everything a small team needs", "duration_unit": "month", "duration_value": 1,
      "features": ["10 projects", "mail support"]}',
    '{"kind": "plans", "ref": "demo-hidden", "slug": "staff", "name": "Staff", "price": 100, "currency": "USD",
      "duration_unit": "month", "duration_value": 1, "status": "hidden"}',
    '{"kind": "plans", "ref": "demo-free", "slug": "free", "name": "Free", "price": 0, "currency": "USD",
      "duration_unit": "month", "duration_value": 1, "features": ["1 project"]}',
    '{"kind": "billing-options", "ref": "demo-pro-yearly", "plan": "demo-pro", "name": "Yearly", "price": 19000,
      "duration_unit": "year", "duration_value": 1}',
    '{"kind": "coupons", "ref": "demo-ten", "code": "DEMO10", "percent_bp": 1000}',
    '{"kind": "coupons", "ref": "demo-expired", "code": "EXPIRED10", "percent_bp": 1000,
      "ends_at": "2020-01-01T00:00:00Z"}',
    '{"kind": "coupons", "ref": "demo-once", "code": "ONCE10", "percent_bp": 1000, "max_uses_per_user": 1}',
    '{"kind": "payment-channels", "ref": "simulator", "name": "Local payment simulator", "provider": "simulator"}'
]::jsonb[]);

-- Opening balances, once each: ample for days of orders.
SELECT p.*
FROM unnest(ARRAY['demo-alice', 'demo-bob']) AS u (ref)
CROSS JOIN LATERAL post_balance(1, 'operator', 'system', NULL, 'demo', NULL, NULL,
                                user_id_of(1, u.ref), 1000000000, 'USD', 'demo-opening-balance') AS p
WHERE NOT EXISTS (SELECT FROM posting t
                  WHERE t.tenant_id = 1 AND t.reference = 'demo-opening-balance'
                    AND t.credit_user_id = user_id_of(1, u.ref));

SELECT t.*
FROM (VALUES ('demo-operator', '{operator}'::text[], :'operator_hash'),
             ('demo-alice', '{buyer}', :'user_hash'),
             ('demo-bob', '{buyer}', :'user2_hash'),
             ('demo-poor', '{buyer}', :'poor_hash')) AS k (ref, scopes, hash)
CROSS JOIN LATERAL issue_token(1, 'operator', 'system', NULL, 'demo', NULL, NULL, user_id_of(1, k.ref), k.scopes,
                               NULL, decode(k.hash, 'hex'), 'demo') AS t
WHERE k.hash <> ''
  AND NOT EXISTS (SELECT FROM token x WHERE x.tenant_id = 1 AND x.hash = decode(k.hash, 'hex'));

\o

SELECT format('%s=%L', v.name, v.value)
FROM (VALUES
    ('USER_REF', 'demo-alice'),
    ('PLAN_ID', (SELECT id::text FROM plan WHERE tenant_id = 1 AND external_ref = 'demo-pro')),
    ('PLAN_PRICE_CENTS', (SELECT price::text FROM plan WHERE tenant_id = 1 AND external_ref = 'demo-pro')),
    ('BILLING_OPTION_ID', (SELECT id::text FROM billing_option
                           WHERE tenant_id = 1 AND external_ref = 'demo-pro-yearly')),
    ('HIDDEN_PLAN_ID', (SELECT id::text FROM plan WHERE tenant_id = 1 AND external_ref = 'demo-hidden')),
    ('FREE_PLAN_ID', (SELECT id::text FROM plan WHERE tenant_id = 1 AND external_ref = 'demo-free')),
    ('COUPON_CODE', 'DEMO10'),
    ('EXPIRED_COUPON_CODE', 'EXPIRED10'),
    ('ONCE_COUPON_CODE', 'ONCE10'),
    ('PAYMENT_CHANNEL', 'simulator')
) AS v (name, value);

COMMIT;
