/* SPDX-License-Identifier: Apache-2.0 */
/** Invoices: issuing and reading. One round trip each. */
#ifndef ORDERS_STORE_INVOICE_H
#define ORDERS_STORE_INVOICE_H

#include "store/operation.h"

/**
 * Issues the invoice of an order. The outcome is `unchanged` if it has been issued before. `order`: id, UUID or number; `match`: version tags of the order
 * (If-Match), NULL: any version.
 */
orders_problem_t *orders_invoice_issue(const orders_writer_t *writer, const char *order,
                                       const apr_array_header_t *match,
                                       orders_written_t **written) ORDERS_MUSTCHECK;

/** Any invoice, with its document. NULL: not found. */
orders_problem_t *orders_invoice_find(const orders_reader_t *reader, const char *number,
                                      const orders_invoice_t **invoice) ORDERS_MUSTCHECK;

/** The same for the buyer, or for a member of the selling company. */
orders_problem_t *orders_invoice_find_own(const orders_reader_t *reader, int64_t user_id,
                                          const char *order_number, const char *number,
                                          const orders_invoice_t **invoice) ORDERS_MUSTCHECK;

#endif
