-- SPDX-License-Identifier: Apache-2.0
-- The schema version is one row, read by the module through a function and written only by the owner.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

SELECT is(count(*), 1::bigint, 'the table has one row') FROM orders.schema_version;
SELECT ok(number BETWEEN 100 AND 199, 'the number belongs to orders_v1') FROM orders.schema_version;
SELECT throws_ok($$INSERT INTO orders.schema_version (number, release) VALUES (101, 'second')$$, '23505', NULL, 'a second row is refused');
SELECT throws_ok($$INSERT INTO orders.schema_version (only_row, number, release) VALUES (false, 101, 'second')$$, '23514', NULL,
                 'a second row with another key is refused');
SELECT throws_ok($$UPDATE orders.schema_version SET number = -1$$, '23514', NULL, 'a negative number is refused');
SELECT table_privs_are('orders', 'schema_version', 'orders_api', '{}', 'orders_api has no privilege on the table');
SELECT is(orders_v1.schema_version(), number, 'the function returns the number') FROM orders.schema_version;
SELECT table_owner_is('orders', 'schema_version', 'orders_owner', 'orders_owner owns the table');

UPDATE orders.schema_version SET number = 1, release = 'none';
\ir ../rules/version.sql
SELECT isnt(release, 'none', 'installing the functions writes the release') FROM orders.schema_version;
SELECT is(count(*), 1::bigint, 'it updates the same row') FROM orders.schema_version;

SELECT * FROM finish();
ROLLBACK;
