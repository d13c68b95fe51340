/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What salespeople and consumers do with a company's orders. One round trip each; amounts in minor units.
 *
 * Writes act for `writer->actor_id`, whose current company and role the order book looks at: `company_not_chosen`,
 * `company_not_found`, `not_a_member` come first. Orders are named by their number, in any case. A refusal because of an
 * order's states says them in `extra`.
 */
#ifndef ORDERS_STORE_SALE_H
#define ORDERS_STORE_SALE_H

#include "store/operation.h"

typedef struct orders_place_cart_t {
    const char *cart;    /**< id or code */
    const char *method;  /**< cash, credit_card, external */
    const char *channel; /**< of an external payment, or NULL */
    bool consumer;       /**< a consumer is to bind the order */
    int expires_in;      /**< seconds for external and consumers' orders; 0: for ever */
} orders_place_cart_t;

/** The outcome is `unchanged`, with the first order, when the cart was ordered before. */
orders_problem_t *orders_sale_place(const orders_writer_t *writer, const orders_place_cart_t *place,
                                    orders_written_t **written) ORDERS_MUSTCHECK;
/** The agent has taken the money. */
orders_problem_t *orders_sale_settle(const orders_writer_t *writer, const char *number,
                                     const char *transaction_id,
                                     orders_written_t **written) ORDERS_MUSTCHECK;
orders_problem_t *orders_sale_cancel(const orders_writer_t *writer, const char *number,
                                     orders_written_t **written) ORDERS_MUSTCHECK;

typedef struct orders_refund_sale_t {
    const char *number;
    const char *transaction_id; /**< of the refund; NULL: none */
    int window;                 /**< days after the payment */
    bool terminal_feed;         /**< a card's refund must be one that the terminals told of */
} orders_refund_sale_t;

/** All that is left. The result's id is the refund's; one that is pending is still to be sent to its provider. */
orders_problem_t *orders_sale_refund(const orders_writer_t *writer,
                                     const orders_refund_sale_t *refund,
                                     orders_written_t **written) ORDERS_MUSTCHECK;

/** The current company's orders, newest first, with payments, retailer and agent: an array of orders_order_t. */
orders_problem_t *orders_sale_list(const orders_reader_t *reader, int64_t user_id, int limit,
                                   int64_t offset, apr_array_header_t **orders) ORDERS_MUSTCHECK;
/** One of them, also with lines, addresses, history, actors and invoices. `not_found`. */
orders_problem_t *orders_sale_read(const orders_reader_t *reader, int64_t user_id,
                                   const char *number, orders_order_t **order) ORDERS_MUSTCHECK;
/** Whether a refund would be made; the outcome is `unchanged` when it was before. */
orders_problem_t *orders_sale_check_refund(const orders_reader_t *reader, int64_t user_id,
                                           const char *number, int window,
                                           orders_written_t **written) ORDERS_MUSTCHECK;

/** The order that a consumer scanned, with its lines and retailer. `not_found`. */
orders_problem_t *orders_consumer_read(const orders_reader_t *reader, int64_t user_id,
                                       const char *number, orders_order_t **order) ORDERS_MUSTCHECK;
/** Makes the writer's user the buyer. */
orders_problem_t *orders_consumer_bind(const orders_writer_t *writer, const char *number,
                                       orders_bound_buyer_t **bound) ORDERS_MUSTCHECK;
/** `address`: JSON; NULL when it was found invalid, which the order book says last (`invalid_fields`). */
orders_problem_t *orders_consumer_edit(const orders_writer_t *writer, const char *number,
                                       const char *address,
                                       orders_written_t **written) ORDERS_MUSTCHECK;

#endif
