/* SPDX-License-Identifier: Apache-2.0 */
/** Returns of goods. One round trip each; amounts in minor units. */
#ifndef ORDERS_STORE_RETURNS_H
#define ORDERS_STORE_RETURNS_H

#include "store/order.h"

typedef struct orders_return_request_t {
    orders_order_ref_t order;
    int64_t user_id;   /**< the buyer that the order must have; 0: any */
    const char *lines; /**< JSON: [{"id","quantity"}]; without a quantity: all that is returnable */
    const char *reason;
    int window;                /**< days after the delivery within which a return is allowed */
    apr_array_header_t *match; /**< version tags of the order (If-Match); NULL: any version */
} orders_return_request_t;

/**
 * The result has the id of the return. The outcome is `unchanged` if the same return has been requested before. A refusal because of
 * lines names all of them, as member `lines` of the problem.
 */
orders_problem_t *orders_return_request(const orders_writer_t *writer,
                                        const orders_return_request_t *request,
                                        orders_written_t **written) ORDERS_MUSTCHECK;

typedef struct orders_return_step_t {
    int64_t return_id;
    const char *action; /**< approve, reject, receive, refund */
    const char *comment;
    apr_array_header_t *match; /**< version tags of the order; NULL: any version */
} orders_return_step_t;

/** Errors: `return_not_found`, `return_not_resolvable`, and for a refund those of orders_order_refund. */
orders_problem_t *orders_return_resolve(const orders_writer_t *writer,
                                        const orders_return_step_t *step,
                                        orders_written_t **written) ORDERS_MUSTCHECK;

/**
 * Receives a return and adds items of it to the stock; `step->action` is not used. `lines`: JSON [{"id","quantity"}]; NULL: all items whose
 * stock is counted. Errors: those of orders_return_resolve, `stock_not_counted`, `line_not_found`, `quantity_out_of_range`.
 */
orders_problem_t *orders_return_restock(const orders_writer_t *writer,
                                        const orders_return_step_t *step, const char *lines,
                                        orders_written_t **written) ORDERS_MUSTCHECK;

/** A page of the returns of all buyers. */
typedef struct orders_return_list_t {
    const char *state; /**< NULL: any */
    int size;
    int64_t before_id; /**< 0: from the newest return on */
} orders_return_list_t;

/** `*returns`: of orders_return_t, newest first. */
orders_problem_t *orders_return_list(const orders_reader_t *reader,
                                     const orders_return_list_t *list,
                                     apr_array_header_t **returns) ORDERS_MUSTCHECK;

#endif
