/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Parses the stored snapshot of an invoice. Private to documents/ and its tests.
 */
#ifndef ORDERS_DOCUMENTS_INVOICE_SNAPSHOT_H
#define ORDERS_DOCUMENTS_INVOICE_SNAPSHOT_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/problem.h"

/** Limits of a snapshot. No order reaches them. */
#define ORDERS_INVOICE_MAX_BYTES (2 * 1024 * 1024)
#define ORDERS_INVOICE_MAX_LINES 5000

/** Seller or buyer. Absent members are NULL; an absent address is an empty array. */
typedef struct orders_invoice_party_t {
    const char *name;
    const char *tax_number;
    const char *email;
    apr_array_header_t *address; /**< of const char * */
} orders_invoice_party_t;

typedef struct orders_invoice_line_t {
    const char *number; /**< of the item, or NULL */
    const char *title;
    const char *variant; /**< or NULL */
    int64_t quantity;
    int64_t unit_price;
    int64_t discount;
    int64_t tax;
    int64_t amount;
} orders_invoice_line_t;

typedef struct orders_invoice_tax_t {
    const char *key;
    int64_t rate_bp; /**< hundredths of a percent */
    int64_t amount;
} orders_invoice_tax_t;

typedef struct orders_invoice_payment_t {
    const char *method;
    const char *reference; /**< or NULL */
    const char *paid_on;   /**< YYYY-MM-DD, or NULL */
} orders_invoice_payment_t;

/** Amounts are in minor units of `currency`, which has `exponent` decimals. */
typedef struct orders_invoice_snapshot_t {
    const char *kind; /**< "invoice" or "bill" */
    const char *number;
    const char *order_number;
    apr_time_t issued_at;
    const char *issued_on; /**< YYYY-MM-DD */
    const char *currency;
    int exponent;
    bool tax_inclusive;
    orders_invoice_party_t issuer;
    orders_invoice_party_t *buyer;     /**< or NULL */
    orders_invoice_payment_t *payment; /**< or NULL */
    const char *notes;                 /**< or NULL */
    apr_array_header_t *lines;         /**< of orders_invoice_line_t */
    apr_array_header_t *taxes;         /**< of orders_invoice_tax_t */
    int64_t subtotal;
    int64_t discount;
    int64_t tax;
    int64_t shipping;
    int64_t total;
} orders_invoice_snapshot_t;

/**
 * Parses a snapshot (JSON, see docs/invoices.md) into `pool`. `internal_error` when it is malformed; the log names members, never values.
 */
orders_problem_t *orders_invoice_read(orders_invoice_snapshot_t **invoice, apr_pool_t *pool,
                                      const char *text, apr_size_t length) ORDERS_MUSTCHECK;

#endif
