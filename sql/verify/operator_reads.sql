-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:operator_reads on pg

SELECT NULL::orders_v1.document_row;
