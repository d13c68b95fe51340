/* SPDX-License-Identifier: Apache-2.0 */
/** Goods that come back. One round trip each; amounts in minor units. */
#ifndef ORDERS_STORE_RETURNS_H
#define ORDERS_STORE_RETURNS_H

#include "store/order.h"

typedef struct orders_return_request_t {
    orders_order_ref_t order;
    int64_t user_id;   /**< whose order it must be; 0: anybody's */
    const char *lines; /**< JSON: [{"id","quantity"}]; without a quantity all that is left */
    const char *reason;
    int window;                /**< days after the delivery */
    apr_array_header_t *match; /**< version tags of the order (If-Match); NULL: any version */
} orders_return_request_t;

/**
 * The result has the return's id; its outcome is `unchanged` when the same return waits already. Refusals about lines name
 * them all, as a member `lines` of the problem.
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

/** `return_not_found`, `return_not_resolvable`; a refund also what refunds of orders are refused with. */
orders_problem_t *orders_return_resolve(const orders_writer_t *writer,
                                        const orders_return_step_t *step,
                                        orders_written_t **written) ORDERS_MUSTCHECK;

/** A page of everybody's returns. */
typedef struct orders_return_list_t {
    const char *state; /**< NULL: any */
    int size;
    int64_t before_id; /**< 0: from the newest */
} orders_return_list_t;

/** An array of orders_return_t, the newest first. */
orders_problem_t *orders_return_list(const orders_reader_t *reader,
                                     const orders_return_list_t *list,
                                     apr_array_header_t **returns) ORDERS_MUSTCHECK;

#endif
