-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:tenant_settings on pg

SELECT address, tax_number, email, phone, invoice_series, version, updated_at FROM orders.tenant WHERE false;
SELECT NULL::orders_v1.settings_view, NULL::orders_v1.written_settings;
