-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:reconciliation to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

COMMIT;
