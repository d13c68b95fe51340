/* SPDX-License-Identifier: Apache-2.0 */
/** Data from other systems of the operator: carts for salespeople, and transactions of card terminals. One round trip each. */
#ifndef ORDERS_STORE_INTAKE_H
#define ORDERS_STORE_INTAKE_H

#include "store/operation.h"

/** `document`: JSON {"company","agent","currency","products"}. The result has the id of the cart, and its code as `ref`. */
orders_problem_t *orders_intake_make_cart(const orders_writer_t *writer, const char *document,
                                          orders_stored_t **stored) ORDERS_MUSTCHECK;

typedef struct orders_terminal_transaction_t {
    const char *transaction_id, *kind;   /**< charge or refund */
    int64_t amount;                      /**< minor units */
    const char *currency, *order_number; /**< order_number: NULL if the terminal does not know it */
} orders_terminal_transaction_t;

/** The outcome is `created`, or `unchanged` for a transaction that was recorded before. `document` is the stored transaction. */
orders_problem_t *orders_intake_record_terminal(const orders_writer_t *writer,
                                                const orders_terminal_transaction_t *transaction,
                                                orders_stored_t **stored) ORDERS_MUSTCHECK;

#endif
