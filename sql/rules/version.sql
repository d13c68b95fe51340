-- SPDX-License-Identifier: Apache-2.0
-- Sets the version of the schema; no other file does. docs/upgrading.md states when the number changes. The module accepts a range of
-- numbers (mod_orders/store/schema_version.h).

INSERT INTO orders.schema_version (number, release) VALUES (101, '0.2.0')
ON CONFLICT (only_row) DO UPDATE
SET number = excluded.number, release = excluded.release, installed_at = excluded.installed_at;
