/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Orders of a company, for its salespeople and consumers. One round trip each; amounts in minor units.
 *
 * Writes check the current company and role of `writer->actor_id` first: `company_not_chosen`, `company_not_found`, `not_a_member`.
 * Orders are named by their number, case-insensitive. A refusal because of the states of an order has them in `extra`.
 */
#ifndef ORDERS_STORE_SALE_H
#define ORDERS_STORE_SALE_H

#include "store/operation.h"

typedef struct orders_place_cart_t {
    const char *cart;    /**< id or code */
    const char *method;  /**< cash, credit_card, external */
    const char *channel; /**< of an external payment, or NULL */
    bool consumer;       /**< a consumer will claim the order */
    int expires_in; /**< seconds until an unpaid external or consumer's order expires; 0: no limit */
} orders_place_cart_t;

/** The outcome is `unchanged`, with the earlier order, if the cart has been ordered before. */
orders_problem_t *orders_sale_place(const orders_writer_t *writer, const orders_place_cart_t *place,
                                    orders_written_t **written) ORDERS_MUSTCHECK;
/** Records that the agent has received the payment. */
orders_problem_t *orders_sale_settle(const orders_writer_t *writer, const char *number,
                                     const char *transaction_id,
                                     orders_written_t **written) ORDERS_MUSTCHECK;
orders_problem_t *orders_sale_cancel(const orders_writer_t *writer, const char *number,
                                     orders_written_t **written) ORDERS_MUSTCHECK;

typedef struct orders_refund_sale_t {
    const char *number;
    const char *transaction_id; /**< of the refund; NULL: none */
    int window;                 /**< days after the payment */
    bool terminal_feed;         /**< the card terminals must have reported a card refund */
} orders_refund_sale_t;

/**
 * Refunds all that is left. The outcome is `done`; `refund` if the caller has to send the refunds of the order to their providers
 * (orders_payment_refunds_to_send); or `unchanged` if the order has been refunded before.
 */
orders_problem_t *orders_sale_refund(const orders_writer_t *writer,
                                     const orders_refund_sale_t *refund,
                                     orders_written_t **written) ORDERS_MUSTCHECK;

/** The orders of the current company, newest first, with payments, retailer and agent. `*orders`: of orders_order_t. */
orders_problem_t *orders_sale_list(const orders_reader_t *reader, int64_t user_id, int limit,
                                   int64_t offset, apr_array_header_t **orders) ORDERS_MUSTCHECK;
/** One of them, with lines, addresses, history, actors and invoices too. Errors: `not_found`. */
orders_problem_t *orders_sale_read(const orders_reader_t *reader, int64_t user_id,
                                   const char *number, orders_order_t **order) ORDERS_MUSTCHECK;
/** Checks whether a refund is possible. Errors: as orders_sale_refund, and `order_not_refundable` if the order is already refunded. */
orders_problem_t *orders_sale_check_refund(const orders_reader_t *reader, int64_t user_id,
                                           const char *number, int window) ORDERS_MUSTCHECK;

/** The order that a consumer has scanned, with lines and retailer. Errors: `not_found`. */
orders_problem_t *orders_consumer_read(const orders_reader_t *reader, int64_t user_id,
                                       const char *number, orders_order_t **order) ORDERS_MUSTCHECK;
/** Makes the actor of `writer` the buyer of the order. */
orders_problem_t *orders_consumer_claim(const orders_writer_t *writer, const char *number,
                                        orders_claimed_order_t **claimed) ORDERS_MUSTCHECK;
/** `address`: JSON; NULL if it is invalid, which the database reports after all other errors (`invalid_fields`). */
orders_problem_t *orders_consumer_edit(const orders_writer_t *writer, const char *number,
                                       const char *address,
                                       orders_written_t **written) ORDERS_MUSTCHECK;

#endif
