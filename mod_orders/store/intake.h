/* SPDX-License-Identifier: Apache-2.0 */
/** What the host's own systems bring in for salespeople: carts, and what card readers tell. One round trip each. */
#ifndef ORDERS_STORE_INTAKE_H
#define ORDERS_STORE_INTAKE_H

#include "store/operation.h"

/** `document`: JSON {"company","agent","currency","products"}. The result has the id, and the code as reference. */
orders_problem_t *orders_intake_make_cart(const orders_writer_t *writer, const char *document,
                                          orders_stored_t **stored) ORDERS_MUSTCHECK;

typedef struct orders_terminal_transaction_t {
    const char *transaction_id, *kind; /**< charge or refund */
    int64_t amount;
    const char *currency, *order_number; /**< order_number: NULL when the terminal was not told */
} orders_terminal_transaction_t;

/** The outcome is `created`, or `unchanged` when it was told before; `document` has it as it is stored. */
orders_problem_t *orders_intake_record_terminal(const orders_writer_t *writer,
                                                const orders_terminal_transaction_t *transaction,
                                                orders_stored_t **stored) ORDERS_MUSTCHECK;

#endif
