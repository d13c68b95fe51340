-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:operator_reads from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TYPE orders_v1.document_row;

COMMIT;
