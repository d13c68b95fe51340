/* SPDX-License-Identifier: Apache-2.0 */
/** Reports, for operators. One round trip each. Amounts are in minor units. */
#ifndef ORDERS_STORE_REPORT_H
#define ORDERS_STORE_REPORT_H

#include "store/operation.h"

/** What a report is about. Days are of the tenant's time zone, both inclusive. */
typedef struct orders_report_query_t {
    const char *from, *to; /**< YYYY-MM-DD; for receivables, `from` may be NULL */
    const char *by;        /**< day, week, month, product or channel */
    const char *api;       /**< NULL: all */
    const char *currency;  /**< NULL: all */
    int64_t at_most;       /**< available items, for low stock */
    int limit;             /**< maximum number of rows */
} orders_report_query_t;

typedef struct orders_sales_row_t {
    const char *period, *kind, *product, *title, *channel, *currency;
    int64_t orders, quantity, subtotal, discount, tax, shipping, total, refunded, net;
} orders_sales_row_t;

typedef struct orders_tax_row_t {
    const char *period, *key, *currency;
    int64_t rate_bp, orders, tax, refunded, net;
} orders_tax_row_t;

typedef struct orders_receivable_row_t {
    int64_t from_days, to_days; /**< to_days 0: no bound */
    const char *currency;
    int64_t orders, amount;
    apr_time_t oldest_at;
} orders_receivable_row_t;

typedef struct orders_low_stock_row_t {
    int64_t id;
    const char *product, *product_name, *variant, *number, *name;
    int64_t on_hand, reserved, available;
} orders_low_stock_row_t;

/** `*rows`: of the structs above. Errors: `invalid_fields` (a period of 400 days or more). */
orders_problem_t *orders_report_sales(const orders_reader_t *reader,
                                      const orders_report_query_t *query,
                                      apr_array_header_t **rows) ORDERS_MUSTCHECK;
orders_problem_t *orders_report_tax(const orders_reader_t *reader,
                                    const orders_report_query_t *query,
                                    apr_array_header_t **rows) ORDERS_MUSTCHECK;
orders_problem_t *orders_report_receivables(const orders_reader_t *reader,
                                            const orders_report_query_t *query,
                                            apr_array_header_t **rows) ORDERS_MUSTCHECK;
orders_problem_t *orders_report_low_stock(const orders_reader_t *reader,
                                          const orders_report_query_t *query,
                                          apr_array_header_t **rows) ORDERS_MUSTCHECK;

#endif
