/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Reads of the operator API whose entries SQL renders as JSON (sql/reads/lists.sql). One round trip each.
 */
#ifndef ORDERS_STORE_DOCUMENT_LIST_H
#define ORDERS_STORE_DOCUMENT_LIST_H

#include "store/operation.h"

typedef enum {
    ORDERS_LIST_PAYMENTS,
    ORDERS_LIST_REFUNDS,
    ORDERS_LIST_INVOICES,
    ORDERS_LIST_CARTS,
    ORDERS_LIST_MAILS,
    ORDERS_LIST_COUPON_USES,
    ORDERS_LIST_LEDGER,
    ORDERS_LIST_BALANCES,
    ORDERS_LIST__COUNT
} orders_document_list_e;

typedef struct orders_document_row_t {
    int64_t id;
    const char *document; /**< JSON */
    int64_t searched_to;  /**< 0; only a row without a document has it */
} orders_document_row_t;

typedef struct orders_document_list_t {
    const char *filters; /**< a JSON object */
    int size;
    int64_t before_id; /**< 0: the first page */
} orders_document_list_t;

/**
 * `*rows`: of orders_document_row_t, at most `size`, by descending id. `*searched_to`: if there are fewer rows, the id below which further
 * rows may be; 0: the list ends. `not_found`: there is no user or coupon `ref`.
 */
orders_problem_t *orders_documents_list(const orders_reader_t *reader, orders_document_list_e which,
                                        const orders_document_list_t *list,
                                        apr_array_header_t **rows,
                                        int64_t *searched_to) ORDERS_MUSTCHECK;

/** `not_found`. `*document`: JSON. */
orders_problem_t *orders_document_payment(const orders_reader_t *reader, int64_t id,
                                          const char **document) ORDERS_MUSTCHECK;
orders_problem_t *orders_document_refund(const orders_reader_t *reader, int64_t id,
                                         const char **document) ORDERS_MUSTCHECK;
/** `cart`: its code or id. */
orders_problem_t *orders_document_cart(const orders_reader_t *reader, const char *cart,
                                       const char **document) ORDERS_MUSTCHECK;
/** The user of a caller. */
orders_problem_t *orders_document_caller(const orders_reader_t *reader, int64_t user,
                                         const char **document) ORDERS_MUSTCHECK;
/** The sizes of the work queues. */
orders_problem_t *orders_document_summary(const orders_reader_t *reader,
                                          const char **document) ORDERS_MUSTCHECK;

extern const orders_row_type_t orders_document_row_type;

#endif
