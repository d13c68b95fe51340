-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:invoicing on pg

SELECT 'orders.address_lines'::regproc;
SELECT 'orders.invoice_issuer'::regproc;
SELECT 'orders.invoice_buyer'::regproc;
SELECT 'orders.invoice_lines'::regproc;
SELECT 'orders.invoice_payment'::regproc;
SELECT 'orders.bill_document'::regproc;
SELECT 'orders.invoice_document'::regproc;
SELECT 'orders.put_invoice'::regproc;
SELECT 'orders.check_billable'::regproc;
SELECT 'orders.invoice_number'::regproc;
SELECT 'orders.issue_invoice'::regproc;
SELECT 'orders.invoice_row'::regproc;
SELECT 'orders.read_invoice'::regproc;
SELECT 'orders.read_own_invoice'::regproc;
SELECT 'orders.read_bill'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.issue_invoice(integer, text, text, bigint, text, text, bytea, bigint, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.read_invoice(integer, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.read_own_invoice(integer, bigint, text, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.read_bill(integer, bigint, bigint)', 'EXECUTE')::integer;
