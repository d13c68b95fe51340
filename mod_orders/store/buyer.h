/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The orders of a buyer, for APIs of goods: reads, reorder and bill. One round trip each; amounts in minor units.
 * An order of another buyer is treated as not found. Orders without goods (fulfilment state `none`) are included.
 */
#ifndef ORDERS_STORE_BUYER_H
#define ORDERS_STORE_BUYER_H

#include "store/operation.h"

/** Which of an order's columns are read. */
typedef enum {
    ORDERS_BUYER_SHOP,          /**< as the shop API shows it, with labels */
    ORDERS_BUYER_SHOP_SHIPMENT, /**< its shipment and tracking, with labels */
    ORDERS_BUYER_CUSTOMER, /**< as the customer API lists it; a single order includes its history */
    ORDERS_BUYER_CUSTOMER_SUMMARY, /**< lines, prices and taxes */
} orders_buyer_view_e;

/** A page of a buyer's orders, newest first. */
typedef struct orders_buyer_list_t {
    orders_buyer_view_e view; /**< ORDERS_BUYER_SHOP or ORDERS_BUYER_CUSTOMER */
    int64_t user_id;
    int size;
    int64_t offset;
    const apr_array_header_t *languages; /**< for labels: of const char *, in order of preference */
} orders_buyer_list_t;

/** `*page` has orders, total_count and labels. */
orders_problem_t *orders_buyer_list(const orders_reader_t *reader, const orders_buyer_list_t *list,
                                    orders_order_list_t **page) ORDERS_MUSTCHECK;

/** One order of a buyer: by UUID for the SHOP views, by id for the CUSTOMER views. */
typedef struct orders_buyer_read_t {
    orders_buyer_view_e view;
    int64_t user_id;
    int64_t order_id;
    const char *public_id;               /**< a well-formed UUID */
    const apr_array_header_t *languages; /**< as above */
} orders_buyer_read_t;

/** Errors: `not_found`. `*labels`: of orders_label_t; empty if the view has none. */
orders_problem_t *orders_buyer_read(const orders_reader_t *reader, const orders_buyer_read_t *read,
                                    orders_order_t **order,
                                    apr_array_header_t **labels) ORDERS_MUSTCHECK;

/**
 * Adds the goods of an order to the buyer's open cart, once. The outcome is `done` or `unchanged`; `ref` is the code of the cart,
 * `document` an array of the titles that are no longer sold. Errors: `product_not_sold` if no item is sold any more.
 */
orders_problem_t *orders_buyer_reorder(const orders_writer_t *writer, int64_t user_id,
                                       int64_t order_id, orders_stored_t **stored) ORDERS_MUSTCHECK;

/** The bill of an order of buyer `user_id` (0: of any buyer): number and document. Errors: `not_found`, `order_not_billed`. */
orders_problem_t *orders_buyer_bill(const orders_reader_t *reader, int64_t user_id,
                                    int64_t order_id,
                                    const orders_invoice_t **bill) ORDERS_MUSTCHECK;

#endif
