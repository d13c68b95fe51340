-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:mail from pg

BEGIN;

DROP TABLE orders.mail;

COMMIT;
