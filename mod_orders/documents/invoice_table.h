/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The lines of an invoice as a table, and its amounts as text. Private to documents/.
 */
#ifndef ORDERS_DOCUMENTS_INVOICE_TABLE_H
#define ORDERS_DOCUMENTS_INVOICE_TABLE_H

#include "documents/invoice_snapshot.h"
#include "documents/pdf_doc.h"

/** "JPY 24,414" */
const char *orders_invoice_money(apr_pool_t *pool, const orders_invoice_snapshot_t *invoice,
                                 int64_t amount);
/** The negated amount, for deductions: "JPY -15" */
const char *orders_invoice_money_off(apr_pool_t *pool, const orders_invoice_snapshot_t *invoice,
                                     int64_t amount);

/** Draws the table at the current `y`, with its header row on each page of the table. */
void orders_invoice_table(orders_pdf_doc_t *doc, const orders_invoice_snapshot_t *invoice);

#endif
