/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What buyers see of their orders of goods, and what they do with them. One round trip each; amounts in minor units.
 * An order of somebody else's is no order: reads have none, writes say `not_found`.
 */
#ifndef ORDERS_STORE_BUYER_H
#define ORDERS_STORE_BUYER_H

#include "store/operation.h"

/** A page of a buyer's orders, newest first. */
typedef struct orders_buyer_list_t {
    int64_t user_id;
    int size;
    int64_t offset;
    const apr_array_header_t
        *languages; /**< of const char *, the best first: with labels; or NULL */
    bool shipments; /**< with shipments */
} orders_buyer_list_t;

/** Orders with lines, payments and refunds; totals say how many there are in all. Labels or shipments, not both. */
orders_problem_t *orders_buyer_list(const orders_reader_t *reader, const orders_buyer_list_t *list,
                                    orders_answer_t **answer) ORDERS_MUSTCHECK;

/** One order of a buyer's, by its id or by its UUID. */
typedef struct orders_buyer_read_t {
    int64_t user_id;
    int64_t order_id;
    const char *public_id;               /**< a well-formed UUID, when order_id is 0 */
    const apr_array_header_t *languages; /**< as above */
} orders_buyer_read_t;

/** All that is known of it: addresses, taxes, history, shipment, returns. */
orders_problem_t *orders_buyer_read(const orders_reader_t *reader, const orders_buyer_read_t *read,
                                    orders_answer_t **answer) ORDERS_MUSTCHECK;

/**
 * Puts the goods of an order into the buyer's open cart, once: the outcome is `done` or `unchanged`, the reference the
 * cart's code, the snapshot an array of titles that are no longer sold. `product_not_sold` when nothing is left.
 */
orders_problem_t *orders_buyer_reorder(const orders_writer_t *writer, int64_t user_id,
                                       int64_t order_id, orders_answer_t **answer) ORDERS_MUSTCHECK;

/** The bill of an order, of `user_id` (0: of anybody): number and document. `not_found`, `order_not_billed`. */
orders_problem_t *orders_buyer_bill(const orders_reader_t *reader, int64_t user_id,
                                    int64_t order_id,
                                    const orders_invoice_t **bill) ORDERS_MUSTCHECK;

#endif
