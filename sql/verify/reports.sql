-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:reports on pg

SELECT NULL::orders_v1.sales_row, NULL::orders_v1.tax_row, NULL::orders_v1.receivable_row;
