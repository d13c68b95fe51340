-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:invoices on pg

SELECT tenant_id, id, order_id, company_id, series, sequence, number, document, created_at
FROM orders.invoice WHERE false;
SELECT 'orders.refuse_change'::regproc;
