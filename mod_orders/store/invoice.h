/* SPDX-License-Identifier: Apache-2.0 */
/** Invoices: issuing and reading. One round trip each. */
#ifndef ORDERS_STORE_INVOICE_H
#define ORDERS_STORE_INVOICE_H

#include "store/operation.h"

/**
 * The outcome is `unchanged` when the order has its invoice. `order`: id, UUID or number; `match`: version tags of the order
 * (If-Match), NULL: any version.
 */
orders_problem_t *orders_invoice_issue(const orders_writer_t *writer, const char *order,
                                       const apr_array_header_t *match,
                                       orders_written_t **written) ORDERS_MUSTCHECK;

/** An invoice with its document; NULL when there is none. */
orders_problem_t *orders_invoice_find(const orders_reader_t *reader, const char *number,
                                      const orders_invoice_t **invoice) ORDERS_MUSTCHECK;

/** The same for a member of the company that sold, or the buyer. */
orders_problem_t *orders_invoice_find_own(const orders_reader_t *reader, int64_t user_id,
                                          const char *order_number, const char *number,
                                          const orders_invoice_t **invoice) ORDERS_MUSTCHECK;

#endif
