-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:catalogue_entries on pg

SELECT NULL::orders_v1.entry, NULL::orders_v1.entry_view, NULL::orders_v1.written_entry;
