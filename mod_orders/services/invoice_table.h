/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The lines of an invoice as a table, and its amounts as text. For services/invoice.c, nobody else.
 */
#ifndef ORDERS_SERVICES_INVOICE_TABLE_H
#define ORDERS_SERVICES_INVOICE_TABLE_H

#include "services/invoice_snapshot.h"
#include "services/paper.h"

/** "JPY 24,414" */
const char *orders_invoice_money(apr_pool_t *pool, const orders_invoice_t *invoice, int64_t amount);
/** What is taken off, so with the other sign: "JPY -15" */
const char *orders_invoice_money_off(apr_pool_t *pool, const orders_invoice_t *invoice,
                                     int64_t amount);

/** Draws the table where the paper's `y` is, over as many pages as it needs, its head on each. */
void orders_invoice_table(orders_paper_t *paper, const orders_invoice_t *invoice);

#endif
