/* SPDX-License-Identifier: Apache-2.0 */
/** Orders: placing, reading, listing, cancelling, refunding. One round trip each; amounts in minor units. */
#ifndef ORDERS_STORE_ORDER_H
#define ORDERS_STORE_ORDER_H

#include "store/operation.h"

/** Which order: by id, or by whatever text an operator has: id, UUID or number. */
typedef struct orders_order_ref_t {
    int64_t id; /**< 0: see text */
    const char *text;
} orders_order_ref_t;

typedef struct orders_place_plan_t {
    int64_t user_id, plan_id;
    int64_t billing_option_id; /**< 0: none */
    int64_t quantity;
    const char *method, *channel, *return_url, *coupon;
    int expires_in; /**< seconds an external payment may take; 0: for ever */
} orders_place_plan_t;

/** The outcome is `intent` when the provider is to be asked for the intent of the payment `id`: orders_payment_flow_first. */
orders_problem_t *orders_order_place_plan(const orders_writer_t *writer,
                                          const orders_place_plan_t *place,
                                          orders_written_t **written) ORDERS_MUSTCHECK;

/**
 * An order as a JSON document describes it (see orders_v1.place_order); outcomes as above. `expires_in`: seconds an external
 * payment may take; 0: for ever. `channels`: of const char *, those that the configuration names.
 */
orders_problem_t *orders_order_place(const orders_writer_t *writer, const char *document,
                                     int expires_in, const apr_array_header_t *channels,
                                     orders_written_t **written) ORDERS_MUSTCHECK;

/** A buyer's own order with the balance and the order's latest posting. `not_found`. */
orders_problem_t *orders_order_read_own(const orders_reader_t *reader, int64_t user_id,
                                        int64_t order_id, orders_order_t **order) ORDERS_MUSTCHECK;
/** The same, only its states and payments. */
orders_problem_t *orders_order_read_status(const orders_reader_t *reader, int64_t user_id,
                                           int64_t order_id,
                                           orders_order_t **order) ORDERS_MUSTCHECK;
/** Any order, as the operator API shows it. `not_found`. */
orders_problem_t *orders_order_find(const orders_reader_t *reader, const char *text,
                                    orders_order_t **order) ORDERS_MUSTCHECK;

typedef enum {
    ORDERS_SORT_CREATED,
    ORDERS_SORT_UPDATED,
    ORDERS_SORT_TOTAL,
    ORDERS_SORT__COUNT
} orders_sort_e;

/** A page of a buyer's orders. */
typedef struct orders_own_list_t {
    int64_t user_id;
    int size;
    orders_sort_e sort;
    bool ascending;
    int64_t offset;    /**< pages by number */
    bool after;        /**< cursor pages: what follows … */
    int64_t after_key; /**< … this value of the sort (microseconds or minor units) */
    int64_t after_id;  /**< … and this id */
    /* Filters; NULL: any. */
    const apr_array_header_t *states;  /**< of const char *, "order state/payment state" */
    const apr_array_header_t *methods; /**< of const char *, payment methods … */
    bool but_methods;                  /**< … or every method but these */
    const char *number;                /**< any part, in any case */
} orders_own_list_t;

/** Orders in sequence with lines, payments and refunds; total_count and `more`. */
orders_problem_t *orders_order_list_own(const orders_reader_t *reader,
                                        const orders_own_list_t *list,
                                        orders_order_list_t **page) ORDERS_MUSTCHECK;

/** An operator's search: newest first. Filters: NULL or 0 for any. */
typedef struct orders_search_t {
    int size;
    int64_t before_id; /**< 0: from the newest */
    const char *state, *payment_state, *fulfilment_state, *api;
    const char *user;              /**< external reference */
    const char *number;            /**< prefix, in any case */
    apr_time_t from, to;           /**< created: from ≤ t < to */
    const char *from_day, *to_day; /**< created: days of the tenant's time zone, both included */
    const char *text;
} orders_search_t;

/** Orders as the operator API shows them; `more` and searched_to. */
orders_problem_t *orders_order_search(const orders_reader_t *reader, const orders_search_t *search,
                                      orders_order_list_t **page) ORDERS_MUSTCHECK;

typedef struct orders_cancel_t {
    orders_order_ref_t order;
    int64_t user_id; /**< whose it must be; 0: anybody's */
    const char *reason;
    apr_array_header_t *match; /**< version tags (If-Match); NULL: any version */
} orders_cancel_t;

orders_problem_t *orders_order_cancel(const orders_writer_t *writer, const orders_cancel_t *cancel,
                                      orders_written_t **written) ORDERS_MUSTCHECK;

typedef struct orders_refund_order_t {
    orders_order_ref_t order;
    int64_t amount;    /**< 0: lines, or all that is left */
    const char *lines; /**< JSON: [{"id","quantity"}], or NULL */
    const char *reason;
    int window; /**< days after the payment */
    apr_array_header_t *match;
} orders_refund_order_t;

orders_problem_t *orders_order_refund(const orders_writer_t *writer,
                                      const orders_refund_order_t *refund,
                                      orders_written_t **written) ORDERS_MUSTCHECK;

#endif
