-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:invoicing from pg

BEGIN;

DROP FUNCTION orders.read_bill;
DROP FUNCTION orders.read_own_invoice;
DROP FUNCTION orders.read_invoice;
DROP FUNCTION orders.invoice_row;
DROP FUNCTION orders.issue_invoice;
DROP FUNCTION orders.check_billable;
DROP FUNCTION orders.put_invoice;
DROP FUNCTION orders.invoice_number;
DROP FUNCTION orders.bill_document;
DROP FUNCTION orders.invoice_document;
DROP FUNCTION orders.invoice_payment;
DROP FUNCTION orders.invoice_lines;
DROP FUNCTION orders.invoice_buyer;
DROP FUNCTION orders.invoice_issuer;
DROP FUNCTION orders.address_lines;

COMMIT;
