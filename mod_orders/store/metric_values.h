/* SPDX-License-Identifier: Apache-2.0 */
/** The values of the database for the metrics. */
#ifndef ORDERS_STORE_METRIC_VALUES_H
#define ORDERS_STORE_METRIC_VALUES_H

#include "store/operation.h"

/** A value of some tenants: their sum, and the largest of them. Ages are in microseconds. */
typedef struct orders_metric_value_t {
    const char *family, *label, *channel; /**< as in the comment of orders_v1.metric_values() */
    int64_t total, largest;
} orders_metric_value_t;

/**
 * Reads the values of the tenants after `*after`, for about a second. `*after`: 0 before the first call; set to the argument of the next
 * call, or to 0 if all tenants have been read. `reader->tenant` is ignored. `*values`: of orders_metric_value_t.
 */
orders_problem_t *orders_metric_values_read(const orders_reader_t *reader, int64_t *after,
                                            apr_array_header_t **values) ORDERS_MUSTCHECK;

#endif
