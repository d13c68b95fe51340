-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:tokens from pg

BEGIN;

DROP TABLE orders.token;

COMMIT;
