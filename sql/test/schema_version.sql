-- SPDX-License-Identifier: Apache-2.0
-- The version of the schema is one row, which the module reads by a function and only the owner writes.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

SELECT is(count(*), 1::bigint, 'one row') FROM orders.schema_version;
SELECT ok(number BETWEEN 100 AND 199, 'a version of orders_v1') FROM orders.schema_version;
SELECT throws_ok($$INSERT INTO orders.schema_version (number, release) VALUES (101, 'second')$$, '23505', NULL, 'no second row');
SELECT throws_ok($$INSERT INTO orders.schema_version (only_row, number, release) VALUES (false, 101, 'second')$$, '23514', NULL,
                 'nor under another key');
SELECT throws_ok($$UPDATE orders.schema_version SET number = -1$$, '23514', NULL, 'no negative number');
SELECT table_privs_are('orders', 'schema_version', 'orders_api', '{}', 'the module has no privilege on it');
SELECT is(orders_v1.schema_version(), number, 'a function returns it') FROM orders.schema_version;
SELECT table_owner_is('orders', 'schema_version', 'orders_owner', 'the owner writes it');

UPDATE orders.schema_version SET number = 1, release = 'none';
\ir ../rules/version.sql
SELECT isnt(release, 'none', 'installing the functions writes the version') FROM orders.schema_version;
SELECT is(count(*), 1::bigint, 'in the same row') FROM orders.schema_version;

SELECT * FROM finish();
ROLLBACK;
