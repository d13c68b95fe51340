-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:catalogue_entries from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TYPE orders_v1.written_entry;
DROP TYPE orders_v1.entry_view;
DROP TYPE orders_v1.entry;

COMMIT;
