-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:packages from pg

BEGIN;

DROP FUNCTION orders.is_package;
DROP TABLE orders.package_order;
DROP TABLE orders.member;
DROP TABLE orders.package_term;
DROP TABLE orders.package;

COMMIT;
