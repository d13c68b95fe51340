-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:packages from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.package_order;
DROP TABLE orders.member;
DROP TABLE orders.package_term;
DROP TABLE orders.package;

COMMIT;
