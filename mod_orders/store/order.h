/* SPDX-License-Identifier: Apache-2.0 */
/** Orders: placing, reading, listing, cancelling, refunding. One round trip each; amounts in minor units. */
#ifndef ORDERS_STORE_ORDER_H
#define ORDERS_STORE_ORDER_H

#include "store/operation.h"

/**
 * Names an order by id, or by a text from an operator: id, UUID or number. An API that accepts only one of the three in a text needs its
 * own statement. No statement reads an order by its number and its buyer.
 */
typedef struct orders_order_ref_t {
    int64_t id; /**< 0: `text` is used */
    const char *text;
} orders_order_ref_t;

typedef struct orders_place_plan_t {
    int64_t user_id, plan_id;
    int64_t billing_option_id; /**< 0: none */
    int64_t quantity;
    const char *method, *channel, *return_url, *coupon;
    int expires_in; /**< seconds until an external payment expires; 0: no limit */
} orders_place_plan_t;

/** The outcome is `intent` if the provider must still be called for the intent of payment `id` (orders_payment_flow_first). */
orders_problem_t *orders_order_place_plan(const orders_writer_t *writer,
                                          const orders_place_plan_t *place,
                                          orders_written_t **written) ORDERS_MUSTCHECK;

/**
 * Places an order from a JSON document (orders_v1.place_order). Outcomes as above. `expires_in`: seconds until an external payment
 * expires; 0: no limit. `channels`: of const char *, the configured payment channels.
 */
orders_problem_t *orders_order_place(const orders_writer_t *writer, const char *document,
                                     int expires_in, const apr_array_header_t *channels,
                                     orders_written_t **written) ORDERS_MUSTCHECK;

/**
 * The prices of an order as orders_order_place would place it now, as JSON text (orders_v1.quote_order). `channels`: as above. Reads
 * only.
 */
orders_problem_t *orders_order_quote(const orders_reader_t *reader, const char *document,
                                     const apr_array_header_t *channels,
                                     const char **quote) ORDERS_MUSTCHECK;

/** An order of the buyer, with the balance and the latest posting of the order. Errors: `not_found`. */
orders_problem_t *orders_order_read_own(const orders_reader_t *reader, int64_t user_id,
                                        int64_t order_id, orders_order_t **order) ORDERS_MUSTCHECK;
/** The same with states and payments only. */
orders_problem_t *orders_order_read_status(const orders_reader_t *reader, int64_t user_id,
                                           int64_t order_id,
                                           orders_order_t **order) ORDERS_MUSTCHECK;
/** Any order, as the operator API shows it. Errors: `not_found`. */
orders_problem_t *orders_order_find(const orders_reader_t *reader, const char *text,
                                    orders_order_t **order) ORDERS_MUSTCHECK;
/** The same for many orders. `ids`: of int64_t. `*orders`: of orders_order_t, by id; an order that does not exist is left out. */
orders_problem_t *orders_order_read_many(const orders_reader_t *reader,
                                         const apr_array_header_t *ids,
                                         apr_array_header_t **orders) ORDERS_MUSTCHECK;

typedef enum {
    ORDERS_SORT_CREATED,
    ORDERS_SORT_UPDATED,
    ORDERS_SORT_TOTAL,
    ORDERS_SORT__COUNT
} orders_sort_e;

/** A page of a buyer's orders, by offset or by cursor. */
typedef struct orders_own_list_t {
    int64_t user_id;
    int size;
    orders_sort_e sort;
    bool ascending;
    int64_t offset;    /**< for pages by offset */
    bool after;        /**< a cursor page: orders after … */
    int64_t after_key; /**< … this value of the sort (microseconds or minor units) */
    int64_t after_id;  /**< … and this order id */
    /* Filters; NULL: any. */
    const apr_array_header_t *states;  /**< of const char *, "order state/payment state" */
    const apr_array_header_t *methods; /**< of const char *: payment methods */
    bool but_methods;                  /**< all methods except these */
    const char *number;                /**< a part of the number, case-insensitive */
} orders_own_list_t;

/** `*page` has orders with lines, payments and refunds, total_count and `more`. */
orders_problem_t *orders_order_list_own(const orders_reader_t *reader,
                                        const orders_own_list_t *list,
                                        orders_order_list_t **page) ORDERS_MUSTCHECK;

/** A search of an operator, newest first. A filter of NULL or 0 does not apply. */
typedef struct orders_search_t {
    int size;
    int64_t before_id; /**< 0: from the newest order on */
    const char *state, *payment_state, *fulfilment_state, *api;
    const char *user;              /**< external reference */
    const char *number;            /**< a prefix of the number, case-insensitive */
    apr_time_t from, to;           /**< created: from ≤ t < to */
    const char *from_day, *to_day; /**< created: days in the tenant's time zone, both inclusive */
    const char *text;
} orders_search_t;

/** `*page` has orders as the operator API shows them, `more` and searched_to. */
orders_problem_t *orders_order_search(const orders_reader_t *reader, const orders_search_t *search,
                                      orders_order_list_t **page) ORDERS_MUSTCHECK;

typedef struct orders_cancel_t {
    orders_order_ref_t order;
    int64_t user_id; /**< the buyer that the order must have; 0: any */
    const char *reason;
    apr_array_header_t *match; /**< version tags (If-Match); NULL: any version */
    bool without_refund;       /**< `forbidden` if the cancellation refunds a payment */
} orders_cancel_t;

orders_problem_t *orders_order_cancel(const orders_writer_t *writer, const orders_cancel_t *cancel,
                                      orders_written_t **written) ORDERS_MUSTCHECK;

typedef struct orders_refund_order_t {
    orders_order_ref_t order;
    int64_t amount;    /**< minor units; 0: that of `lines`, or all that is left */
    const char *lines; /**< JSON: [{"id","quantity"}], or NULL */
    const char *reason;
    int window; /**< days after the payment within which a refund is allowed */
    apr_array_header_t *match;
} orders_refund_order_t;

orders_problem_t *orders_order_refund(const orders_writer_t *writer,
                                      const orders_refund_order_t *refund,
                                      orders_written_t **written) ORDERS_MUSTCHECK;

#endif
