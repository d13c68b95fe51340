/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What buyers see of their orders of goods, and what they do with them. One round trip each; amounts in minor units.
 * An order of somebody else's is no order: reads have none, writes say `not_found`.
 */
#ifndef ORDERS_STORE_BUYER_H
#define ORDERS_STORE_BUYER_H

#include "store/operation.h"

/** Which of an order's columns are read. */
typedef enum {
    ORDERS_BUYER_SHOP,             /**< as the shop API shows it, with labels */
    ORDERS_BUYER_SHOP_SHIPMENT,    /**< its shipment and tracking, with labels */
    ORDERS_BUYER_CUSTOMER,         /**< as the customer API lists it; one order: with its history */
    ORDERS_BUYER_CUSTOMER_SUMMARY, /**< its lines, prices and taxes */
} orders_buyer_view_e;

/** A page of a buyer's orders, newest first. */
typedef struct orders_buyer_list_t {
    orders_buyer_view_e view; /**< ORDERS_BUYER_SHOP or ORDERS_BUYER_CUSTOMER */
    int64_t user_id;
    int size;
    int64_t offset;
    const apr_array_header_t *languages; /**< of labels: of const char *, the best first */
} orders_buyer_list_t;

/** Orders with total_count, and labels. */
orders_problem_t *orders_buyer_list(const orders_reader_t *reader, const orders_buyer_list_t *list,
                                    orders_order_list_t **page) ORDERS_MUSTCHECK;

/** One order of a buyer's: of the shop's views by its UUID, of the customer's by its id. */
typedef struct orders_buyer_read_t {
    orders_buyer_view_e view;
    int64_t user_id;
    int64_t order_id;
    const char *public_id;               /**< a well-formed UUID */
    const apr_array_header_t *languages; /**< as above */
} orders_buyer_read_t;

/** `not_found`. `*labels`: of orders_label_t; empty where the view has none. */
orders_problem_t *orders_buyer_read(const orders_reader_t *reader, const orders_buyer_read_t *read,
                                    orders_order_t **order,
                                    apr_array_header_t **labels) ORDERS_MUSTCHECK;

/**
 * Puts the goods of an order into the buyer's open cart, once: the outcome is `done` or `unchanged`, `ref` the cart's code,
 * `document` an array of titles that are no longer sold. `product_not_sold` when nothing is left.
 */
orders_problem_t *orders_buyer_reorder(const orders_writer_t *writer, int64_t user_id,
                                       int64_t order_id, orders_stored_t **stored) ORDERS_MUSTCHECK;

/** The bill of an order, of `user_id` (0: of anybody): number and document. `not_found`, `order_not_billed`. */
orders_problem_t *orders_buyer_bill(const orders_reader_t *reader, int64_t user_id,
                                    int64_t order_id,
                                    const orders_invoice_t **bill) ORDERS_MUSTCHECK;

#endif
