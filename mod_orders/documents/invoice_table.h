/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The lines of an invoice as a table, and its amounts as text. For documents/invoice.c, nobody else.
 */
#ifndef ORDERS_DOCUMENTS_INVOICE_TABLE_H
#define ORDERS_DOCUMENTS_INVOICE_TABLE_H

#include "documents/invoice_snapshot.h"
#include "documents/pdf_doc.h"

/** "JPY 24,414" */
const char *orders_invoice_money(apr_pool_t *pool, const orders_invoice_t *invoice, int64_t amount);
/** What is taken off, so with the other sign: "JPY -15" */
const char *orders_invoice_money_off(apr_pool_t *pool, const orders_invoice_t *invoice,
                                     int64_t amount);

/** Draws the table where the paper's `y` is, over as many pages as it needs, its head on each. */
void orders_invoice_table(orders_pdf_doc_t *paper, const orders_invoice_t *invoice);

#endif
